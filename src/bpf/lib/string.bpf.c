/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String functions.  Loops over characters are bpf_loop callbacks whose state is
 * in ctx.scratch: the verifier does not follow it from round to round. */
#include "rt.h"

enum { RESULT = 15 }; /* scratch word of results */

/* A loop over one or two strings; `c` keeps the counters. */
struct walk {
    struct ctxmem *c;
    char *a, *b;
    char *dst;
};

INLINE u64 *scratch(struct walk *w)
{
    return w->c->ctx.scratch;
}

/* ---- compare ---- */

static long compare_word(u32 i, struct walk *w)
{
    u64 at = (u64)i * 8;
    if (at >= consts.maxstringlen)
        return 1;
    u64 x = *(u64 *)(w->a + at), y = *(u64 *)(w->b + at);
    for (int k = 0; k < 8; k++) {
        u64 p = x & 0xff, q = y & 0xff;
        if (p != q) {
            scratch(w)[RESULT] = p < q ? -1ull : 1;
            return 1;
        }
        if (!p)
            return 1;
        x >>= 8;
        y >>= 8;
    }
    return 0;
}

/* < 0, 0, > 0 as the strings' bytes compare. */
GLOBAL u64 rt_strcmp(struct ctxmem *c, u64 a, u64 b)
{
    CTX_STR(a_, c, a);
    CTX_STR(b_, c, b);
    struct walk w = {.c = c, .a = a_, .b = b_};
    c->ctx.scratch[RESULT] = 0;
    bpf_loop(consts.maxstringlen / 8 + 1, compare_word, &w, 0);
    return c->ctx.scratch[RESULT];
}

/* ---- pieces ---- */

GLOBAL u64 rt_strlen(struct ctxmem *c, u64 a)
{
    CTX_STR(s, c, a);
    /* Read over itself: the length is what counts. */
    long n = bpf_probe_read_kernel_str((char *)s, consts.maxstringlen, s);
    return n < 1 ? 0 : (u64)n - 1;
}

GLOBAL u64 rt_substr(struct ctxmem *c, u64 dst, u64 src, u64 start, u64 length)
{
    CTX_STR(d, c, dst);
    CTX_STR(s, c, src);
    d[0] = 0;
    u64 n = rt_strlen(c, src);
    /* The most that a number can be is nothing, as in the original. */
    if ((s64)(length + 1) <= 1 || start >= n || start >= consts.maxstringlen)
        return 0;
    u64 most = consts.maxstringlen - start;
    u64 take = length + 1 < most ? length + 1 : most;
    if (take == 0 || take > consts.maxstringlen)
        return 0;
    bpf_probe_read_kernel_str(d, (u32)take, s + start);
    return 0;
}

GLOBAL u64 rt_stringat(struct ctxmem *c, u64 src, u64 at)
{
    CTX_STR(s, c, src);
    if (at >= consts.maxstringlen || at >= rt_strlen(c, src))
        return 0;
    return (u64)(s64)(signed char)s[at]; /* a char has a sign */
}

/* ---- searching ---- */

enum { F_AT, F_MATCHED, F_START, F_OUT, F_LEN, F_BASE, F_VALUE, F_STATE };

/* One character of a against b[matched]; on a mismatch the next start is tried. */
static long find_step(u32 i, struct walk *w)
{
    u64 *s = scratch(w);
    u64 start = s[F_START], matched = s[F_MATCHED];
    u64 at = start + matched;
    (void)i;
    if (at >= consts.maxstringlen || matched >= consts.maxstringlen)
        return 1;
    u8 want = (u8)w->b[matched], have = (u8)w->a[at];
    if (!want) {
        s[RESULT] = 1;
        return 1;
    }
    if (!have)
        return 1;
    if (want == have) {
        s[F_MATCHED] = matched + 1;
    } else {
        s[F_START] = start + 1;
        s[F_MATCHED] = 0;
    }
    return 0;
}

GLOBAL u64 rt_isinstr(struct ctxmem *c, u64 a, u64 b)
{
    CTX_STR(a_, c, a);
    CTX_STR(b_, c, b);
    struct walk w = {.c = c, .a = a_, .b = b_};
    c->ctx.scratch[RESULT] = c->ctx.scratch[F_START] = c->ctx.scratch[F_MATCHED] = 0;
    bpf_loop(1 << 20, find_step, &w, 0);
    return c->ctx.scratch[RESULT];
}

/* Where b begins in a, or -1. */
GLOBAL u64 rt_strpos(struct ctxmem *c, u64 a, u64 b)
{
    if (!c || !rt_isinstr(c, a, b))
        return -1ull;
    return c->ctx.scratch[F_START];
}

struct replace {
    struct ctxmem *c;
    char *src, *old, *new, *dst;
};

/* Like find_step; on a mismatch the character at start is copied, on a match the
 * replacement is. */
static long replace_step(u32 i, struct replace *w)
{
    u64 *s = w->c->ctx.scratch;
    u64 start = s[F_START], matched = s[F_MATCHED], out = s[F_OUT], at = start + matched;
    (void)i;
    if (at >= consts.maxstringlen || matched >= consts.maxstringlen ||
        start >= consts.maxstringlen || out >= consts.maxstringlen - 1)
        return 1;
    u8 want = (u8)w->old[matched], have = (u8)w->src[at];
    if (!want && matched) {
        u32 room = consts.maxstringlen - (u32)out;
        if (!room || room > consts.maxstringlen)
            return 1;
        long n = bpf_probe_read_kernel_str(w->dst + out, room, w->new);
        s[F_OUT] = out + (n > 0 ? (u64)n - 1 : 0);
        s[F_START] = at;
        s[F_MATCHED] = 0;
        return 0;
    }
    if (want && want == have) {
        s[F_MATCHED] = matched + 1;
        return 0;
    }
    u8 first = (u8)w->src[start];
    if (!first)
        return 1;
    w->dst[out] = (char)first;
    s[F_OUT] = out + 1;
    s[F_START] = start + 1;
    s[F_MATCHED] = 0;
    return 0;
}

GLOBAL u64 rt_str_replace(struct ctxmem *c, u64 dst, u64 src, u64 old, u64 new)
{
    CTX_STR(dst_, c, dst);
    CTX_STR(src_, c, src);
    CTX_STR(old_, c, old);
    CTX_STR(new_, c, new);
    struct replace w = {.c = c, .dst = dst_, .src = src_, .old = old_, .new = new_};
    u64 *s = c->ctx.scratch;
    s[F_START] = s[F_MATCHED] = s[F_OUT] = 0;
    bpf_loop(1 << 20, replace_step, &w, 0);
    u64 out = s[F_OUT];
    if (out < consts.maxstringlen)
        w.dst[out] = 0;
    return 0;
}

/* ---- numbers ---- */

static long strtol_step(u32 i, struct walk *w)
{
    u64 *s = scratch(w);
    u64 at = s[F_AT];
    (void)i;
    if (at >= consts.maxstringlen)
        return 1;
    u8 ch = (u8)w->a[at];
    /* The kernel's own parser knows no digits beyond f, whatever the base. */
    u64 d = ch >= '0' && ch <= '9'   ? ch - '0'
            : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
            : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                     : 99;
    if (d >= s[F_BASE])
        return 1;
    s[F_VALUE] = s[F_VALUE] * s[F_BASE] + d;
    s[F_AT] = at + 1;
    return 0;
}

/* As the kernel's simple_strtol: no white space, a minus sign, prefix 0x or 0 by base. */
GLOBAL u64 rt_strtol(struct ctxmem *c, u64 src, u64 base)
{
    CTX_STR(a_, c, src);
    struct walk w = {.c = c, .a = a_};
    u64 at = 0, minus = 0;
    base = (u32)base;
    if (w.a[0] == '-') {
        minus = 1;
        at = 1;
    }
    char x = w.a[at], y = w.a[at + 1];
    char z = y ? w.a[at + 2] : 0;
    if (x == '0' && (y == 'x' || y == 'X') && (base == 0 || base == 16) &&
        ((z >= '0' && z <= '9') || (z >= 'a' && z <= 'f') || (z >= 'A' && z <= 'F'))) {
        base = 16;
        at += 2;
    } else if (base == 0) {
        base = x == '0' ? 8 : 10;
    }
    c->ctx.scratch[F_AT] = at;
    c->ctx.scratch[F_BASE] = base;
    c->ctx.scratch[F_VALUE] = 0;
    bpf_loop(80, strtol_step, &w, 0);
    u64 v = c->ctx.scratch[F_VALUE];
    return minus ? -v : v;
}

/* ---- tokens ---- */

struct token_walk {
    struct ctxmem *c;
    char *src, *delim, *dst;
};

/* scratch: F_AT in the source, F_OUT in the token, F_MATCHED in the delimiters,
 * F_STATE 0 before the token, 1 in it. */
static long token_step(u32 i, struct token_walk *w)
{
    u64 *s = w->c->ctx.scratch;
    u64 at = s[F_AT], k = s[F_MATCHED], out = s[F_OUT];
    (void)i;
    if (at >= consts.maxstringlen || k >= consts.maxstringlen || out >= consts.maxstringlen - 1)
        return 1;
    u8 ch = (u8)w->src[at], d = (u8)w->delim[k];
    if (!ch) {
        return 1;
    }
    if (d == ch) { /* a delimiter */
        s[F_AT] = at + 1;
        s[F_MATCHED] = 0;
        return s[F_STATE] == 1;
    }
    if (d) {
        s[F_MATCHED] = k + 1;
        return 0;
    }
    w->dst[out] = (char)ch;
    s[F_OUT] = out + 1;
    s[F_AT] = at + 1;
    s[F_MATCHED] = 0;
    s[F_STATE] = 1;
    return 0;
}

/* The next token of the string at src, from position `at`, to dst; where to go on. */
GLOBAL u64 rt_tokenize(struct ctxmem *c, u64 dst, u64 src, u64 delim, u64 at)
{
    CTX_STR(dst_, c, dst);
    CTX_STR(src_, c, src);
    CTX_STR(delim_, c, delim);
    struct token_walk w = {.c = c, .dst = dst_, .src = src_, .delim = delim_};
    u64 *s = c->ctx.scratch;
    s[F_AT] = at;
    s[F_OUT] = s[F_MATCHED] = s[F_STATE] = 0;
    bpf_loop(1 << 20, token_step, &w, 0);
    u64 out = s[F_OUT];
    if (out < consts.maxstringlen)
        w.dst[out] = 0;
    return s[F_AT];
}

/* ---- quoting ---- */

/* scratch: F_AT, F_OUT, F_LEN room, F_STATE 1 when it was too long, F_VALUE where it is then cut,
 * F_BASE the last place to cut at, F_MATCHED where the source ends. */

struct utf8 {
    u64 code, bytes; /* one byte as it is where it begins no valid sequence */
};

/* The character at `at` of a string that ends at `end` or before. */
INLINE struct utf8 utf8_at(const char *s, u64 at, u64 end)
{
    struct utf8 one = {(u8)s[at], 1};
    u64 b = one.code, n = (b & 0xe0) == 0xc0   ? 2
                          : (b & 0xf0) == 0xe0 ? 3
                          : (b & 0xf8) == 0xf0 ? 4
                                               : 1;
    if (n == 1 || at + n > end || at + 3 >= consts.maxstringlen)
        return one;
    u64 code = b & (0x7f >> n);
    for (u64 i = 1; i < 4; i++) {
        u64 next = (u8)s[at + i];
        if (i < n) {
            if ((next & 0xc0) != 0x80)
                return one;
            code = code << 6 | (next & 0x3f);
        }
    }
    u64 least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return one;
    return (struct utf8){code, n};
}

INLINE char hex_digit(u64 n)
{
    return (char)(n < 10 ? '0' + n : 'A' + n - 10);
}

#define EACH_BYTE(n) ((n)*0x0101010101010101ull)

/* Not 0 when a byte of x is below n, at most 128. */
INLINE u64 any_below(u64 x, u64 n)
{
    return (x - EACH_BYTE(n)) & ~x & EACH_BYTE(0x80);
}

/* Whether all eight characters of x stand for themselves. */
INLINE int all_plain(u64 x)
{
    u64 del = (x + EACH_BYTE(1)) | x;
    return !((del & EACH_BYTE(0x80)) | any_below(x, 0x20) | any_below(x ^ EACH_BYTE('"'), 1) |
             any_below(x ^ EACH_BYTE('\\'), 1));
}

static long quote_step(u32 i, struct walk *w)
{
    u64 *s = scratch(w);
    u64 at = s[F_AT], out = s[F_OUT], room = s[F_LEN], end = s[F_MATCHED];
    (void)i;
    if (at >= consts.maxstringlen || out >= consts.maxstringlen || at >= end)
        return 1;
    if (at + 8 <= end && out + 8 <= s[F_BASE] && at + 8 <= consts.maxstringlen &&
        out + 8 <= consts.maxstringlen) {
        u64 x = *(u64 *)(w->a + at);
        if (all_plain(x)) {
            *(u64 *)(w->dst + out) = x;
            s[F_OUT] = s[F_VALUE] = out + 8;
            s[F_AT] = at + 8;
            return 0;
        }
    }
    struct utf8 c = utf8_at(w->a, at, end);
    u64 ch = c.code;
    u8 e = ch == '\a'   ? 'a'
           : ch == '\b' ? 'b'
           : ch == '\f' ? 'f'
           : ch == '\n' ? 'n'
           : ch == '\r' ? 'r'
           : ch == '\t' ? 't'
           : ch == '\v' ? 'v'
           : ch == '"'  ? '"'
           : ch == '\\' ? '\\'
                        : 0;
    u64 n = c.bytes > 1 ? (ch > 0xffff ? 10 : 6) : e ? 2 : ch >= 32 && ch < 127 ? 1 : 4;
    if (out + n > room || out + 11 > consts.maxstringlen) {
        s[F_STATE] = 1;
        return 1;
    }
    char *d = w->dst + out;
    if (n == 1) {
        d[0] = (char)ch;
    } else if (n == 2) {
        d[0] = '\\';
        d[1] = (char)e;
    } else if (n == 4) {
        d[0] = '\\';
        d[1] = (char)('0' + (ch >> 6));
        d[2] = (char)('0' + (ch >> 3 & 7));
        d[3] = (char)('0' + (ch & 7));
    } else {
        d[0] = '\\';
        d[1] = 'u';
        if (n == 10) {
            d[1] = 'U';
            for (int k = 0; k < 4; k++)
                d[2 + k] = hex_digit(ch >> (28 - 4 * k) & 15);
            d += 4;
        }
        for (int k = 0; k < 4; k++)
            d[2 + k] = hex_digit(ch >> (12 - 4 * k) & 15);
    }
    s[F_OUT] = out + n;
    s[F_AT] = at + c.bytes;
    if (out + n <= s[F_BASE])
        s[F_VALUE] = out + n;
    return 0;
}

/* Printable form of src in at most `n` characters (0: as many as a string holds): escapes as
 * in C; with TEXT_QUOTED in quotes, with … as three dots behind them when it was cut.  With
 * TEXT_BUFFER the source is as long as the other bits of `how` say, and NUL is a character. */
GLOBAL u64 rt_text(struct ctxmem *c, u64 dst, u64 src, u64 n, u64 how)
{
    CTX_STR(a_, c, src);
    CTX_STR(dst_, c, dst);
    struct walk w = {.c = c, .a = a_, .dst = dst_};
    u64 *s = c->ctx.scratch;
    u64 most = consts.maxstringlen - 1, quoted = how & TEXT_QUOTED;
    if (n == 0 || n > most)
        n = most;
    if (quoted && n < 5)
        n = 5;
    s[F_MATCHED] = how & TEXT_BUFFER ? how >> TEXT_LENGTH : rt_strlen(c, src);
    s[F_AT] = 0;
    s[F_OUT] = quoted ? 1 : 0;
    s[F_STATE] = 0;
    /* What does not fit is cut so that the quote and three dots do. */
    s[F_LEN] = quoted ? n - 1 : n;
    s[F_BASE] = quoted ? n - 4 : n;
    s[F_VALUE] = s[F_OUT];
    if (quoted)
        w.dst[0] = '"';
    bpf_loop((u32)n + 1, quote_step, &w, 0);
    u64 out = s[F_STATE] ? s[F_VALUE] : s[F_OUT];
    if (out >= consts.maxstringlen - 4)
        out = consts.maxstringlen - 5;
    if (quoted) {
        w.dst[out] = '"';
        out++;
        if (s[F_STATE] && out < consts.maxstringlen - 3) {
            w.dst[out] = '.';
            w.dst[out + 1] = '.';
            w.dst[out + 2] = '.';
            out += 3;
        }
    }
    if (out < consts.maxstringlen)
        w.dst[out] = 0;
    return 0;
}

/* ---- dates ---- */

struct date {
    u64 days, year, month, day, wday, secs;
};

/* Seconds since 1970 → "Thu Jan  1 00:00:00 1970". */
GLOBAL u64 rt_ctime(struct ctxmem *c, u64 dst, u64 t)
{
    static const char names[80] = "ThuFriSatSunMonTueWedJanFebMarAprMayJunJulAugSepOctNovDec";
    CTX_STR(d, c, dst);
    s64 days = (s64)t / 86400, secs = (s64)t % 86400;
    /* Division is unsigned here: negative times go through an offset of 400-year cycles. */
    s64 shifted = (s64)t + 12622780800ll * 100; /* 40,000 years of 146,097 / 400 days */
    u64 ud = (u64)shifted / 86400;
    secs = (s64)((u64)shifted % 86400);
    days = (s64)ud;
    u64 wday = (ud + 0) % 7;
    /* Days since 0000-03-01 of a shifted era (civil calendar by cycles of 400 years). */
    u64 z = (u64)days + 719468 - 0;
    u64 era = z / 146097, doe = z % 146097;
    u64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    u64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    u64 mp = (5 * doy + 2) / 153;
    u64 day = doy - (153 * mp + 2) / 5 + 1;
    u64 month = mp < 10 ? mp + 2 : mp - 10; /* 0 = January */
    s64 year = (s64)(yoe + era * 400) - 40000 + (month <= 1);
    u64 h = (u64)secs / 3600, m = (u64)secs / 60 % 60, s = (u64)secs % 60;
    /* The verifier forgets the range of a remainder: it is shown again. */
    asm volatile("" : "+r"(wday), "+r"(month));
    if (wday > 6 || month > 11)
        return 0;
    u64 wo = wday * 3, mo = 21 + month * 3;
    for (int i = 0; i < 3; i++) {
        d[i] = names[wo + i];
        d[4 + i] = names[mo + i];
    }
    d[3] = d[7] = d[10] = d[19] = ' ';
    d[8] = day >= 10 ? '0' + (char)(day / 10) : ' ';
    d[9] = '0' + (char)(day % 10);
    d[11] = '0' + (char)(h / 10);
    d[12] = '0' + (char)(h % 10);
    d[13] = d[16] = ':';
    d[14] = '0' + (char)(m / 10);
    d[15] = '0' + (char)(m % 10);
    d[17] = '0' + (char)(s / 10);
    d[18] = '0' + (char)(s % 10);
    u64 y = year < 0 ? 0 : (u64)year;
    d[20] = '0' + (char)(y / 1000 % 10);
    d[21] = '0' + (char)(y / 100 % 10);
    d[22] = '0' + (char)(y / 10 % 10);
    d[23] = '0' + (char)(y % 10);
    d[24] = 0;
    return 0;
}
