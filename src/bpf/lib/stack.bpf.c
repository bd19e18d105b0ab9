/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks as text: addresses in hexadecimal, with blanks between them. */
#include "rt.h"

enum { POS, DIGITS = 16 }; /* word of ctx.scratch; hexadecimal digits of an address */

struct stack_walk {
    struct ctxmem *c;
    char *dst;
    const u64 *frames;
};

INLINE void put(struct stack_walk *w, char ch)
{
    u64 at = w->c->ctx.scratch[POS];
    if (at + 1 >= consts.maxstringlen)
        return;
    OPAQUE(at);
    if (at >= consts.maxstringlen)
        return;
    w->dst[at] = ch;
    w->c->ctx.scratch[POS] = at + 1;
}

static long put_frame(u32 i, struct stack_walk *w)
{
    /* The slot of the frames has as much room behind it as a string. */
    if (i >= consts.maxstringlen / 8)
        return 1;
    u64 addr = w->frames[i];
    if (!addr)
        return 1;
    if (i)
        put(w, ' ');
    put(w, '0');
    put(w, 'x');
    int leading = 1;
    for (int k = DIGITS - 1; k >= 0; k--) {
        u64 d = addr >> k * 4 & 15;
        if (leading && !d && k)
            continue;
        leading = 0;
        put(w, (char)(d < 10 ? '0' + d : 'a' + d - 10));
    }
    return 0;
}

GLOBAL u64 rt_stack_text(struct ctxmem *c, u64 dst, u64 frames, u64 n)
{
    CTX_STR(d, c, dst);
    CTX_STR(f, c, frames);
    struct stack_walk w = {.c = c, .dst = d, .frames = (const u64 *)f};
    c->ctx.scratch[POS] = 0;
    if (n > 1024)
        n = 1024;
    bpf_loop((u32)n, put_frame, &w, 0);
    u64 end = c->ctx.scratch[POS];
    if (end < consts.maxstringlen)
        d[end] = 0;
    return 0;
}
