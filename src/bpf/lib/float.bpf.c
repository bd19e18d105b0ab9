/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IEEE 754 double precision in integers: eBPF has no floating point.
 *
 * A number that is neither zero, infinite nor NaN is worked on as sig / 2^62 × 2^(exp - 1023)
 * with 1 ≤ sig / 2^62 < 2.  Bits lost on the right are or-ed into the last one, so that
 * rounding to nearest, ties to even, is right. */
#include "rt.h"

#define SIGN (1ull << 63)
#define FRACTION ((1ull << 52) - 1)
#define LEADING (1ull << 62)
#define INFINITE (0x7ffull << 52)
#define NOT_A_NUMBER (0xfff8ull << 48)

struct number {
    u64 sign, sig;
    s64 exp;
};

INLINE int is_nan(u64 x)
{
    return (x & ~SIGN) > INFINITE;
}

INLINE int is_infinite(u64 x)
{
    return (x & ~SIGN) == INFINITE;
}

INLINE int is_zero(u64 x)
{
    return (x & ~SIGN) == 0;
}

/* What has several ways through it is a global function: the verifier does not multiply them
 * with those of its callers. */

/* By how much x (not 0) is shifted left for its leading bit to be bit 62. */
GLOBAL u64 rt_fp_shift(u64 x)
{
    u64 n = 0;
    for (u32 by = 32; by; by >>= 1)
        if (!(x >> (63 - by))) {
            x <<= by;
            n += by;
        }
    return n;
}

INLINE void normalize(struct number *n)
{
    u64 by = rt_fp_shift(n->sig) & 63;
    n->sig <<= by;
    n->exp -= (s64)by;
}

GLOBAL u64 rt_fp_shift_right(u64 x, u64 by)
{
    if (by == 0)
        return x;
    if (by > 63)
        return x != 0;
    return x >> by | ((x << (64 - by)) != 0);
}

INLINE struct number unpack(u64 x)
{
    struct number n = {x & SIGN, (x & FRACTION) << 10, (s64)(x >> 52 & 0x7ff)};
    if (n.exp) {
        n.sig |= LEADING;
    } else {
        n.exp = 1;
        normalize(&n);
    }
    return n;
}

/* Rounds; sig is 0 or has bit 62 as its leading one. */
GLOBAL u64 rt_fp_pack(u64 sign, u64 exp_, u64 sig)
{
    s64 exp = (s64)exp_;
    if (!sig)
        return sign;
    if (exp >= 0x7ff)
        return sign | INFINITE;
    if (exp <= 0) {
        sig = rt_fp_shift_right(sig, (u64)(1 - exp));
        exp = 0;
    }
    u64 rest = sig & 0x3ff;
    sig >>= 10;
    sig += rest > 0x200 || (rest == 0x200 && (sig & 1));
    /* A carry goes into the exponent by itself. */
    return sign | (exp ? ((u64)exp << 52) + sig - (1ull << 52) : sig);
}

INLINE u64 pack(struct number n)
{
    return rt_fp_pack(n.sign, (u64)n.exp, n.sig);
}

GLOBAL u64 rt_fp_add(u64 x, u64 y)
{
    if (is_nan(x) || is_nan(y) || (is_infinite(x) && y == (x ^ SIGN)))
        return NOT_A_NUMBER;
    if (is_infinite(x) || (is_zero(y) && !is_zero(x)))
        return x;
    if (is_infinite(y) || (is_zero(x) && !is_zero(y)))
        return y;
    if (is_zero(x))
        return x & y; /* -0 only if both are */
    struct number a = unpack(x), b = unpack(y);
    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        struct number t = a;
        a = b;
        b = t;
    }
    b.sig = rt_fp_shift_right(b.sig, (u64)(a.exp - b.exp));
    if (a.sign == b.sign) {
        a.sig += b.sig;
        if (a.sig & SIGN) {
            a.sig = rt_fp_shift_right(a.sig, 1);
            a.exp++;
        }
        return pack(a);
    }
    a.sig -= b.sig;
    if (!a.sig)
        return 0;
    normalize(&a);
    return pack(a);
}

GLOBAL u64 rt_fp_mul(u64 x, u64 y)
{
    u64 sign = (x ^ y) & SIGN;
    if (is_nan(x) || is_nan(y) || (is_infinite(x) && is_zero(y)) || (is_zero(x) && is_infinite(y)))
        return NOT_A_NUMBER;
    if (is_infinite(x) || is_infinite(y))
        return sign | INFINITE;
    if (is_zero(x) || is_zero(y))
        return sign;
    struct number a = unpack(x), b = unpack(y);
    /* 128 bits by halves; the low 10 bits of both are zeros. */
    u64 ah = a.sig >> 32, al = a.sig & 0xffffffff, bh = b.sig >> 32, bl = b.sig & 0xffffffff;
    u64 low = al * bl, mid = ah * bl + (low >> 32), mid2 = al * bh + (mid & 0xffffffff);
    u64 high = ah * bh + (mid >> 32) + (mid2 >> 32);
    low = (mid2 << 32) | (low & 0xffffffff);
    struct number r = {sign, high << 2 | low >> 62 | ((low << 2) != 0), a.exp + b.exp - 1023};
    if (high >> 61) {
        r.sig = high << 1 | low >> 63 | ((low << 1) != 0);
        r.exp++;
    }
    return pack(r);
}

/* One bit of a quotient without a branch, whose ways the verifier would multiply. */
#define DIVIDE_STEP(q, r, d)                                                                       \
    do {                                                                                           \
        u64 t_ = (r) - (d), less_ = t_ >> 63;                                                      \
        asm volatile("" : "+r"(less_));                                                            \
        (q) = (q) << 1 | (less_ ^ 1);                                                              \
        (r) = t_ + ((d) & (0 - less_));                                                            \
    } while (0)

GLOBAL u64 rt_fp_div(u64 x, u64 y)
{
    u64 sign = (x ^ y) & SIGN;
    if (is_nan(x) || is_nan(y) || (is_infinite(x) && is_infinite(y)) || (is_zero(x) && is_zero(y)))
        return NOT_A_NUMBER;
    if (is_infinite(x) || is_zero(y))
        return sign | INFINITE;
    if (is_zero(x) || is_infinite(y))
        return sign;
    struct number a = unpack(x), b = unpack(y);
    struct number r = {sign, 0, a.exp - b.exp + 1023};
    u64 rest = a.sig >> 10, by = b.sig >> 10, q = 0;
    if (rest < by) {
        rest <<= 1;
        r.exp--;
    }
    for (int i = 0; i < 63; i++) {
        DIVIDE_STEP(q, rest, by);
        rest <<= 1;
    }
    r.sig = q | (rest != 0);
    return pack(r);
}

GLOBAL u64 rt_fp_sqrt(u64 x)
{
    if (is_zero(x) || x == INFINITE)
        return x;
    if (is_nan(x) || x & SIGN)
        return NOT_A_NUMBER;
    struct number a = unpack(x), r = {0, 0, 0};
    s64 e = a.exp - 1023;
    u64 sig = a.sig;
    if (e & 1) {
        sig <<= 1;
        e--;
    }
    r.exp = (e >> 1) + 1023;
    /* Two bits of the number give one of the root; behind its end there are zeros.  The number
     * stands at bits 63 and 62 first: 01, 10 or 11 in units of its leading place. */
    u64 root = 0, rest = 0;
    for (int i = 0; i < 57; i++) {
        rest = rest << 2 | sig >> 62;
        sig <<= 2;
        u64 try = root << 2 | 1, t = rest - try, less = t >> 63;
        asm volatile("" : "+r"(less));
        root = root << 1 | (less ^ 1);
        rest = t + (try & (0 - less));
    }
    r.sig = root << 6 | (rest != 0);
    return pack(r);
}

/* State of rt_fp_rem in ctx.scratch. */
enum { REST, BY, QUOTIENT, LEFT };

static long remainder_step(u32 i, struct ctxmem **c)
{
    u64 *s = (*c)->ctx.scratch;
    u64 rest = s[REST], by = s[BY], q = s[QUOTIENT];
    (void)i;
    if (!s[LEFT])
        return 1;
    rest <<= 1;
    q <<= 1;
    if (rest >= by) {
        rest -= by;
        q |= 1;
    }
    s[REST] = rest;
    s[QUOTIENT] = q & 3;
    s[LEFT]--;
    return 0;
}

/* The IEEE remainder: x - y × the integer nearest to x / y, ties to the even one. */
GLOBAL u64 rt_fp_rem(struct ctxmem *c, u64 x, u64 y)
{
    if (!c || is_nan(x) || is_nan(y) || is_infinite(x) || is_zero(y))
        return NOT_A_NUMBER;
    if (is_zero(x) || is_infinite(y))
        return x;
    struct number a = unpack(x), b = unpack(y);
    if (a.exp < b.exp - 1)
        return x;
    u64 *s = c->ctx.scratch;
    u64 rest = a.sig >> 10, by = b.sig >> 10, q = 0;
    if (a.exp < b.exp) {
        /* |x| < |y|: the quotient is 0 or, beyond a half, 1. */
        by <<= 1;
        a.exp = b.exp - 1;
    } else {
        if (rest >= by) {
            rest -= by;
            q = 1;
        }
        s[REST] = rest;
        s[BY] = by;
        s[QUOTIENT] = q;
        s[LEFT] = (u64)(a.exp - b.exp);
        bpf_loop(2100, remainder_step, &c, 0);
        rest = s[REST];
        q = s[QUOTIENT];
        a.exp = b.exp;
    }
    u64 other = by - rest;
    if (other < rest || (other == rest && (q & 1))) {
        rest = other;
        a.sign ^= SIGN;
    }
    if (!rest)
        return x & SIGN;
    struct number r = {a.sign, rest << 10, a.exp};
    if (r.sig & SIGN) { /* a multiple of 2^10: nothing is lost */
        r.sig >>= 1;
        r.exp++;
    }
    normalize(&r);
    return pack(r);
}

/* 1 when x < y; with `equal` also when they are equal.  Never for NaN. */
GLOBAL u64 rt_fp_less(u64 x, u64 y, u64 equal)
{
    if (is_nan(x) || is_nan(y))
        return 0;
    if (x == y || (is_zero(x) && is_zero(y)))
        return equal != 0;
    if ((x ^ y) & SIGN)
        return x >> 63;
    return (x < y) == !(x >> 63);
}

GLOBAL u64 rt_fp_eq(u64 x, u64 y)
{
    return !is_nan(x) && !is_nan(y) && (x == y || (is_zero(x) && is_zero(y)));
}

GLOBAL u64 rt_fp_from_long(u64 x)
{
    struct number n = {x & SIGN, x & SIGN ? 0 - x : x, 1023 + 62};
    if (!x)
        return 0;
    if (n.sig & SIGN) {
        n.sig >>= 1;
        n.exp++;
    }
    normalize(&n);
    return pack(n);
}

/* Modes: 0 to the nearest, ties to even; 1 to zero; 2 down; 3 up; 4 to the nearest, ties away
 * from zero. */
GLOBAL u64 rt_fp_to_long(u64 x, u64 mode)
{
    if (is_nan(x) || is_zero(x))
        return 0;
    struct number n = unpack(x);
    s64 by = 1023 + 62 - n.exp;
    if (by < -1 || (by == -1 && x != (SIGN | (1023ull + 63) << 52)))
        return n.sign ? SIGN : ~SIGN;
    if (by < 0)
        return SIGN;
    u64 whole = by > 63 ? 0 : n.sig >> by;
    /* The fraction in halves: its top bit, and whether there is more. */
    u64 half = by > 0 && by <= 63 ? n.sig >> (by - 1) & 1 : 0;
    u64 more = by > 63 ? 1 : by > 1 ? (n.sig & ((1ull << (by - 1)) - 1)) != 0 : 0;
    u64 up = mode == 0   ? half && (more || (whole & 1))
             : mode == 4 ? half
             : mode == 2 ? n.sign && (half || more)
             : mode == 3 ? !n.sign && (half || more)
                         : 0;
    whole += up;
    if (whole & SIGN)
        return n.sign ? SIGN : ~SIGN;
    return n.sign ? 0 - whole : whole;
}

GLOBAL u64 rt_fp_from_32(u64 x)
{
    u64 sign = (x & 0x80000000) << 32, exp = x >> 23 & 0xff, fraction = x & 0x7fffff;
    if (exp == 0xff)
        return fraction ? NOT_A_NUMBER : sign | INFINITE;
    if (exp)
        return sign | (exp + 1023 - 127) << 52 | fraction << 29;
    if (!fraction)
        return sign;
    struct number n = {sign, fraction << 39, 1023 - 126};
    normalize(&n);
    return pack(n);
}
