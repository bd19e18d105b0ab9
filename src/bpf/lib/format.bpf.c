/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sprintf: numbers and padded strings appended to a string.
 * A specification: conversion | flags << 8 | width << 16 | precision << 32. */
#include "rt.h"

enum { FIELD = 72 }; /* digits of a number with sign, prefix and usual precision */

struct number {
    char text[FIELD];
};

/* Appends up to `n` times the character; the new length. */
struct fill {
    char *s;
    u64 pos, left, limit;
    char what;
};

static long fill_one(u32 i, struct fill *f)
{
    (void)i;
    u64 p = f->pos;
    if (!f->left || p >= f->limit || p >= 32767)
        return 1;
    f->s[p] = f->what;
    f->pos = p + 1;
    f->left--;
    return 0;
}

/* The state of one conversion is in ctx.scratch, so that the verifier does not
 * follow it from digit to digit. */
enum { S_VALUE, S_AT, S_BASE, S_UPPER };

static long digit(u32 i, struct ctxmem **pc)
{
    struct ctxmem *c = *pc;
    u64 *s = c->ctx.scratch;
    u64 v = s[S_VALUE], base = s[S_BASE], at = s[S_AT], d;
    (void)i;
    if (!v || at == 0 || at > 24)
        return 1;
    d = base == 10 ? v % 10 : base == 8 ? v & 7 : v & 15;
    v = base == 10 ? v / 10 : base == 8 ? v >> 3 : v >> 4;
    at--;
    OPAQUE(at);
    if (at > 23)
        return 1;
    char ch = d < 10 ? '0' + (char)d : (s[S_UPPER] ? 'A' : 'a') + (char)d - 10;
    ((char *)&s[8])[at] = ch;
    s[S_VALUE] = v;
    s[S_AT] = at;
    return 0;
}

/* Writes `n` copies of `what` at pos, never past the limit. */
INLINE u64 pad(char *s, u64 pos, u64 n, char what)
{
    struct fill f = {.s = s, .pos = pos, .left = n, .limit = consts.maxstringlen - 1, .what = what};
    if (n && n < 32768)
        bpf_loop((u32)n, fill_one, &f, 0);
    return f.pos;
}

/* Appends one byte. */
INLINE u64 put(char *s, u64 pos, char ch)
{
    if (pos < consts.maxstringlen - 1) {
        s[pos] = ch;
        pos++;
    }
    return pos;
}

GLOBAL u64 rt_pad(struct ctxmem *c, u64 dst, u64 pos, u64 n, u64 what)
{
    CTX_STR(s, c, dst);
    if (pos >= consts.maxstringlen)
        return 0;
    u64 end = pos;
    if (n && n < 32768) {
        struct fill f = {
            .s = s, .pos = pos, .left = n, .limit = consts.maxstringlen - 1, .what = (char)what};
        bpf_loop((u32)n, fill_one, &f, 0);
        end = pos + n;
    }
    if (end > consts.maxstringlen - 1)
        end = consts.maxstringlen - 1;
    s[end] = 0;
    return end;
}

/* Digits of v in ctx.scratch[8…11], right-aligned in 24 bytes; where they start. */
GLOBAL u64 rt_digits(struct ctxmem *c, u64 v, u64 base, u64 upper)
{
    if (!c)
        return 0;
    c->ctx.scratch[S_VALUE] = v;
    c->ctx.scratch[S_AT] = 24;
    c->ctx.scratch[S_BASE] = base;
    c->ctx.scratch[S_UPPER] = upper;
    c->ctx.scratch[11] = 0;
    bpf_loop(24, digit, &c, 0);
    return c->ctx.scratch[S_AT];
}

GLOBAL u64 rt_fmt_char(struct ctxmem *c, u64 dst, u64 pos, u64 v, u64 spec)
{
    CTX_STR(s, c, dst);
    u64 width = spec >> 16 & 0xffff, left = spec >> 8 & FLAG_MINUS;
    if (pos >= consts.maxstringlen)
        return 0;
    u64 space = width == NOT_GIVEN || width < 1 ? 0 : width - 1;
    if (space && !left)
        pos = rt_pad(c, dst, pos, space, ' ');
    if (pos < consts.maxstringlen - 1) {
        s[pos] = (char)v;
        pos = (v & 0xff) ? pos + 1 : pos;
        if (pos < consts.maxstringlen)
            s[pos] = 0;
    }
    if (space && left)
        pos = rt_pad(c, dst, pos, space, ' ');
    return pos;
}

/* Appends a number at `pos`, the length of the string at dst so far. */
GLOBAL u64 rt_fmt_num(struct ctxmem *c, u64 dst, u64 pos, u64 value, u64 spec)
{
    CTX_STR(s, c, dst);
    u64 conv = spec & 0xff, flags = spec >> 8 & 0xff;
    u64 width = spec >> 16 & 0xffff, prec = spec >> 32 & 0xffff;
    u64 sign = 0, prefix = 0;
    if (pos >= consts.maxstringlen)
        return 0;
    if (conv == CONV_CHAR)
        return rt_fmt_char(c, dst, pos, value, spec);
    if (conv == CONV_POINTER)
        flags |= FLAG_ALT;
    if (conv == CONV_SIGNED) {
        if ((s64)value < 0) {
            sign = '-';
            value = -value;
        } else if (flags & FLAG_PLUS) {
            sign = '+';
        } else if (flags & FLAG_SPACE) {
            sign = ' ';
        }
    }
    u64 base = conv == CONV_OCTAL ? 8 : conv >= CONV_HEX && conv <= CONV_POINTER ? 16 : 10;
    u64 at = rt_digits(c, value, base, conv == CONV_HEX_UPPER);
    if (at > 24)
        return pos;
    u64 ndigits = 24 - at;
    u64 zeros = ndigits ? 0 : 1; /* "0" itself */
    if (prec != NOT_GIVEN && prec > ndigits + zeros)
        zeros = prec - ndigits;
    if (flags & FLAG_ALT) {
        if (base == 16)
            prefix = conv == CONV_HEX_UPPER ? 'X' : 'x';
        else if (base == 8 && !zeros)
            zeros = 1;
    }
    u64 total = (sign ? 1 : 0) + (prefix ? 2 : 0) + zeros + ndigits;
    u64 space = width == NOT_GIVEN || width <= total ? 0 : width - total;
    if (space && (flags & FLAG_ZERO) && !(flags & FLAG_MINUS) && prec == NOT_GIVEN) {
        zeros += space;
        space = 0;
    }
    if (space && !(flags & FLAG_MINUS))
        pos = rt_pad(c, dst, pos, space, ' ');
    if (sign)
        pos = rt_pad(c, dst, pos, 1, sign);
    if (prefix) {
        pos = rt_pad(c, dst, pos, 1, '0');
        pos = rt_pad(c, dst, pos, 1, prefix);
    }
    if (zeros)
        pos = rt_pad(c, dst, pos, zeros, '0');
    if (pos < consts.maxstringlen) {
        /* The digits end with the NUL of scratch[11]. */
        long n = bpf_probe_read_kernel_str(s + pos, 25, (char *)&c->ctx.scratch[8] + at);
        pos += n < 1 ? 0 : (u64)n - 1;
    }
    if (pos > consts.maxstringlen - 1) {
        pos = consts.maxstringlen - 1;
        s[pos] = 0;
    }
    if (space && (flags & FLAG_MINUS))
        pos = rt_pad(c, dst, pos, space, ' ');
    return pos;
}

/* The length of the string at `off`, at most `most`. */
GLOBAL u64 rt_strnlen(struct ctxmem *c, u64 off, u64 most)
{
    CTX_STR(s, c, off);
    /* Read over itself: the length is what counts. */
    long n = bpf_probe_read_kernel_str((char *)s, consts.maxstringlen, s);
    u64 len = n < 1 ? 0 : (u64)n - 1;
    return len < most ? len : most;
}

/* Appends the string at src, padded and cut as spec says. */
GLOBAL u64 rt_fmt_str(struct ctxmem *c, u64 dst, u64 pos, u64 src, u64 spec)
{
    CTX_STR(s, c, dst);
    CTX_STR(from, c, src);
    u64 flags = spec >> 8 & 0xff, width = spec >> 16 & 0xffff, prec = spec >> 32 & 0xffff;
    if (pos >= consts.maxstringlen)
        return 0;
    u64 n = rt_strnlen(c, src, prec == NOT_GIVEN ? 0xffffffff : prec);
    u64 space = width == NOT_GIVEN || width <= n ? 0 : width - n;
    if (space && !(flags & FLAG_MINUS))
        pos = rt_pad(c, dst, pos, space, ' ');
    if (pos >= consts.maxstringlen)
        return 0;
    u64 room = consts.maxstringlen - 1 - pos;
    if (n > room)
        n = room;
    OPAQUE(n);
    if (n >= consts.maxstringlen)
        return pos;
    bpf_probe_read_kernel(s + pos, (u32)n, from);
    pos += n;
    if (pos < consts.maxstringlen)
        s[pos] = 0;
    if (space && (flags & FLAG_MINUS))
        pos = rt_pad(c, dst, pos, space, ' ');
    return pos;
}
