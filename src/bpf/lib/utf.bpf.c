/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings of 16-bit and 32-bit characters in memory, as UTF-8. */
#include "rt.h"

/* Words of ctx.scratch. */
enum { ADDRESS, OUT, STATUS, CODE };

struct utf {
    struct ctxmem *c;
    char *dst;
    u64 how;
};

INLINE long read_unit(struct utf *u, u64 address, u32 *code)
{
    u16 half = 0;
    long st;
    *code = 0;
    if (u->how & UTF_32) {
        st = u->how & UTF_USER ? bpf_probe_read_user(code, 4, (void *)address)
                               : bpf_probe_read_kernel(code, 4, (void *)address);
    } else {
        st = u->how & UTF_USER ? bpf_probe_read_user(&half, 2, (void *)address)
                               : bpf_probe_read_kernel(&half, 2, (void *)address);
        *code = half;
    }
    return st;
}

/* One character from memory to the string. */
static long utf_step(u32 i, struct utf *u)
{
    u64 *s = u->c->ctx.scratch;
    u64 at = s[ADDRESS], out = s[OUT];
    u32 code, low;
    (void)i;
    if (out >= consts.maxstringlen - 1)
        return 1;
    if (read_unit(u, at, &code)) {
        s[STATUS] = UTF_FAULT;
        return 1;
    }
    if (!code)
        return 1;
    u64 size = u->how & UTF_32 ? 4 : 2;
    if (!(u->how & UTF_32) && code >= 0xd800 && code <= 0xdbff) {
        if (read_unit(u, at + 2, &low)) {
            s[ADDRESS] = at + 2;
            s[STATUS] = UTF_FAULT;
            return 1;
        }
        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
            size = 4;
        }
    }
    u64 n = code <= 0x7f ? 1 : code <= 0x7ff ? 2 : code <= 0xffff ? 3 : 4;
    if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
        s[CODE] = code;
        s[STATUS] = UTF_INVALID;
        return 1;
    }
    if (out + n > consts.maxstringlen - 1)
        return 1;
    OPAQUE(out);
    if (out > consts.maxstringlen - 5) {
        /* The last three bytes are left to the ends of longer characters. */
        return 1;
    }
    char *d = u->dst + out;
    if (n == 1) {
        d[0] = (char)code;
    } else if (n == 2) {
        d[0] = (char)(0xc0 | code >> 6);
        d[1] = (char)(0x80 | (code & 0x3f));
    } else if (n == 3) {
        d[0] = (char)(0xe0 | code >> 12);
        d[1] = (char)(0x80 | (code >> 6 & 0x3f));
        d[2] = (char)(0x80 | (code & 0x3f));
    } else {
        d[0] = (char)(0xf0 | code >> 18);
        d[1] = (char)(0x80 | (code >> 12 & 0x3f));
        d[2] = (char)(0x80 | (code >> 6 & 0x3f));
        d[3] = (char)(0x80 | (code & 0x3f));
    }
    s[OUT] = out + n;
    s[ADDRESS] = at + size;
    return 0;
}

/* Reads the string at `address`; UTF_DONE, or what is wrong with the character that
 * ctx.scratch tells: [0] its address, [3] its code. */
GLOBAL u64 rt_utf(struct ctxmem *c, u64 dst, u64 address, u64 how)
{
    CTX_STR(d, c, dst);
    struct utf u = {.c = c, .dst = d, .how = how};
    u64 *s = c->ctx.scratch;
    s[ADDRESS] = address;
    s[OUT] = s[STATUS] = s[CODE] = 0;
    bpf_loop(consts.maxstringlen, utf_step, &u, 0);
    u64 out = s[OUT];
    if (out < consts.maxstringlen)
        u.dst[out] = 0;
    return s[STATUS];
}
