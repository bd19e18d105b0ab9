/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sprintf: numbers and padded strings appended to a string.
 * A specification: conversion | flags << 8 | width << 16 | precision << 32. */
#include "rt.h"

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
 * follow it from digit to digit, and parts of a number do not multiply its paths. */
enum { S_VALUE, S_AT, S_BASE, S_UPPER, S_SIGN, S_ZEROS, S_SPACE, S_LEFT, S_TEXT };
enum { DIGITS_END = 24 }; /* digits are right-aligned in front of it; a NUL follows */

static long digit(u32 i, struct ctxmem **pc)
{
    u64 *s = (*pc)->ctx.scratch;
    u64 v = s[S_VALUE], base = s[S_BASE], at = s[S_AT];
    if (!v && i) /* 0 has one digit */
        return 1;
    at--;
    OPAQUE(at);
    if (at >= DIGITS_END)
        return 1;
    u64 d = base == 10 ? v % 10 : v & (base - 1);
    s[S_VALUE] = base == 10 ? v / 10 : base == 8 ? v >> 3 : v >> 4;
    s[S_AT] = at;
    ((char *)&s[S_TEXT])[at] = d < 10 ? '0' + (char)d : (char)(s[S_UPPER] + d);
    return 0;
}

/* Digits of v, "0" for 0; where they start. */
GLOBAL u64 rt_digits(struct ctxmem *c, u64 v, u64 base, u64 upper)
{
    if (!c)
        return 0;
    u64 *s = c->ctx.scratch;
    s[S_VALUE] = v;
    s[S_AT] = DIGITS_END;
    s[S_BASE] = base;
    s[S_UPPER] = (upper ? 'A' : 'a') - 10;
    s[S_TEXT + DIGITS_END / 8] = 0;
    bpf_loop(DIGITS_END, digit, &c, 0);
    return s[S_AT];
}

GLOBAL u64 rt_pad(struct ctxmem *c, u64 dst, u64 pos, u64 n, u64 what)
{
    CTX_STR(s, c, dst);
    u64 most = consts.maxstringlen - 1;
    if (pos > most)
        return 0;
    if (n > most - pos)
        n = most - pos;
    struct fill f = {.s = s, .pos = pos, .left = n, .limit = most, .what = (char)what};
    if (n)
        bpf_loop((u32)n, fill_one, &f, 0);
    u64 end = pos + n;
    OPAQUE(end);
    if (end > most)
        return 0;
    s[end] = 0;
    return end;
}

/* The digits that rt_digits left, from `at` on; the new length. */
GLOBAL u64 rt_put_digits(struct ctxmem *c, u64 dst, u64 pos, u64 at)
{
    CTX_STR(s, c, dst);
    if (pos >= consts.maxstringlen || at > DIGITS_END)
        return 0;
    long n =
        bpf_probe_read_kernel_str(s + pos, DIGITS_END + 1, (char *)&c->ctx.scratch[S_TEXT] + at);
    u64 end = pos + (n > 0 ? (u64)n - 1 : 0);
    u64 most = consts.maxstringlen - 1;
    if (end > most) {
        end = most;
        s[end] = 0;
    }
    return end;
}

/* A number without width, precision and flags: `base` 8, 10, 16, + 32 signed, + 64 prefix,
 * + 128 upper case. */
GLOBAL u64 rt_fmt_plain(struct ctxmem *c, u64 dst, u64 pos, u64 value, u64 how)
{
    if ((how & 32) && (s64)value < 0) {
        pos = rt_pad(c, dst, pos, 1, '-');
        value = -value;
    }
    if (how & 64) {
        pos = rt_pad(c, dst, pos, 1, '0');
        pos = rt_pad(c, dst, pos, 1, how & 128 ? 'X' : 'x');
    }
    u64 at = rt_digits(c, value, how & 31, how & 128);
    return rt_put_digits(c, dst, pos, at);
}

/* What follows the backslash of an escaped character: a letter, 1: octal digits, 0: none. */
INLINE u64 escape_of(u64 ch)
{
    switch (ch) {
    case 7:
        return 'a';
    case 8:
        return 'b';
    case 9:
        return 't';
    case 10:
        return 'n';
    case 11:
        return 'v';
    case 12:
        return 'f';
    case 13:
        return 'r';
    case '\'':
    case '\\':
        return ch;
    }
    return ch < 0x20 || ch > 0x7e;
}

GLOBAL u64 rt_fmt_char(struct ctxmem *c, u64 dst, u64 pos, u64 v, u64 spec)
{
    u64 width = spec >> 16 & 0xffff, left = spec >> 8 & FLAG_MINUS, ch = v & 0xff;
    u64 escape = spec >> 8 & FLAG_ALT ? escape_of(ch) : 0;
    u64 len = escape == 1 ? 4 : escape ? 2 : 1;
    u64 space = width == NOT_GIVEN || width < len ? 0 : width - len;
    pos = rt_pad(c, dst, pos, left ? 0 : space, ' ');
    pos = rt_pad(c, dst, pos, escape ? 1 : 0, '\\');
    if (escape == 1) {
        pos = rt_pad(c, dst, pos, 1, '0' + (ch >> 6));
        pos = rt_pad(c, dst, pos, 1, '0' + (ch >> 3 & 7));
        pos = rt_pad(c, dst, pos, 1, '0' + (ch & 7));
    } else {
        pos = rt_pad(c, dst, pos, 1, escape ? escape : ch); /* a NUL ends the string */
    }
    return rt_pad(c, dst, pos, left ? space : 0, ' ');
}

INLINE u64 binary_size(u64 n)
{
    return n == 1 || n == 2 || n == 4 || n == 8 ? n : 0;
}

/* %b: the bytes as they are in memory; a NUL among them ends the string. */
GLOBAL u64 rt_fmt_binary(struct ctxmem *c, u64 dst, u64 pos, u64 v, u64 spec)
{
    u64 width = spec >> 16 & 0xffff, size = binary_size(spec >> 32 & 0xffff);
    if (!size)
        size = binary_size(width);
    if (!size)
        size = 8;
    if (width != NOT_GIVEN && width > size && !(spec >> 8 & FLAG_MINUS))
        pos = rt_pad(c, dst, pos, 1, 0);
    for (u32 i = 0; i < 8; i++)
        if (i < size)
            pos = rt_pad(c, dst, pos, 1, v >> i * 8 & 0xff);
    return rt_pad(c, dst, pos, width != NOT_GIVEN && width > size ? 1 : 0, 0);
}

/* Sign, prefix, zeros and blanks around a number: to ctx.scratch.  Its digits; the first. */
GLOBAL u64 rt_plan_number(struct ctxmem *c, u64 value, u64 spec)
{
    if (!c)
        return 0;
    u64 *s = c->ctx.scratch;
    u64 conv = spec & 0xff, flags = spec >> 8 & 0xff;
    u64 width = spec >> 16 & 0xffff, prec = spec >> 32 & 0xffff;
    u64 base = conv == CONV_OCTAL ? 8 : conv >= CONV_HEX && conv <= CONV_POINTER ? 16 : 10;
    s[S_SIGN] = 0;
    if (conv == CONV_SIGNED) {
        s[S_SIGN] = flags & FLAG_PLUS ? '+' : flags & FLAG_SPACE ? ' ' : 0;
        if ((s64)value < 0) {
            s[S_SIGN] = '-';
            value = -value;
        }
    }
    u64 at = rt_digits(c, value, base, conv == CONV_HEX_UPPER);
    u64 n = DIGITS_END - at;
    u64 zeros = prec != NOT_GIVEN && prec > n ? prec - n : 0;
    s[S_ZEROS] = zeros;
    if (base == 8 && (flags & FLAG_ALT))
        s[S_ZEROS]++;
    u64 total = n + s[S_ZEROS] + (s[S_SIGN] ? 1 : 0);
    if (base == 16 && (flags & FLAG_ALT || conv == CONV_POINTER))
        total += 2;
    u64 space = width != NOT_GIVEN && width > total ? width - total : 0;
    s[S_SPACE] = s[S_LEFT] = 0;
    if (flags & FLAG_MINUS)
        s[S_LEFT] = space;
    else if (flags & FLAG_ZERO)
        s[S_ZEROS] += space;
    else
        s[S_SPACE] = space;
    return at;
}

/* Appends a number at `pos`, the length of the string at dst so far. */
GLOBAL u64 rt_fmt_num(struct ctxmem *c, u64 dst, u64 pos, u64 value, u64 spec)
{
    u64 conv = spec & 0xff, flags = spec >> 8 & 0xff;
    if (!c)
        return 0;
    u64 *s = c->ctx.scratch;
    if (conv == CONV_CHAR)
        return rt_fmt_char(c, dst, pos, value, spec);
    if (conv == CONV_BINARY)
        return rt_fmt_binary(c, dst, pos, value, spec);
    u64 at = rt_plan_number(c, value, spec);
    pos = rt_pad(c, dst, pos, s[S_SPACE], ' ');
    pos = rt_pad(c, dst, pos, s[S_SIGN] ? 1 : 0, s[S_SIGN]);
    if (((flags & FLAG_ALT) && (conv == CONV_HEX || conv == CONV_HEX_UPPER)) ||
        conv == CONV_POINTER) {
        pos = rt_pad(c, dst, pos, 1, '0');
        pos = rt_pad(c, dst, pos, 1, conv == CONV_HEX_UPPER ? 'X' : 'x');
    }
    pos = rt_pad(c, dst, pos, s[S_ZEROS], '0');
    pos = rt_put_digits(c, dst, pos, at);
    return rt_pad(c, dst, pos, s[S_LEFT], ' ');
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
