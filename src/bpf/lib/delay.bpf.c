/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting in a handler. */
#include "rt.h"

static long delay_step(u32 i, struct ctxmem **c)
{
    (void)i;
    return bpf_ktime_get_ns() >= (*c)->ctx.scratch[0];
}

static long delay_more(u32 i, struct ctxmem **c)
{
    (void)i;
    bpf_loop(1 << 20, delay_step, c, 0);
    return bpf_ktime_get_ns() >= (*c)->ctx.scratch[0];
}

/* Keeps the processor busy for so many nanoseconds. */
GLOBAL u64 rt_delay(struct ctxmem *c, u64 ns)
{
    if (!c)
        return 0;
    c->ctx.scratch[0] = bpf_ktime_get_ns() + ns;
    bpf_loop(1 << 10, delay_more, &c, 0);
    return 0;
}
