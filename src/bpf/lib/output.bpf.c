/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending records: the output buffer, errors, exit. */
#include "rt.h"

/* A reader that has caught up sleeps and is woken by the next record; one that is at
 * work comes by itself soon, unless the ring fills up. */
INLINE u64 wakeup(void)
{
    if (session.reader_waits) {
        session.reader_waits = 0;
        return RB_FORCE_WAKEUP;
    }
    u64 full = bpf_ringbuf_query(&ring_map, RB_AVAIL_DATA);
    return full > bpf_ringbuf_query(&ring_map, RB_RING_SIZE) / 4 ? RB_FORCE_WAKEUP : RB_NO_WAKEUP;
}

/* Sends what the output buffer holds. */
GLOBAL u64 rt_flush(struct ctxmem *c)
{
    if (!c)
        return 0;
    u64 n = c->ctx.out_len;
    /* The last record may go over the nominal size by the slack. */
    u64 most = consts.str_limit - sizeof(struct abi_ctx);
    if (n == 0)
        return 0;
    c->ctx.out_len = 0;
    if (n > most)
        return 0;
    if (bpf_ringbuf_output(&ring_map, (char *)c + sizeof(struct abi_ctx), n, wakeup())) {
        count_up(&session.lost_records);
        __sync_fetch_and_add(&session.lost_bytes, n);
    }
    return 0;
}

/* Where to write a record of `need` bytes in the output buffer, after making room. */
GLOBAL u64 rt_out_room(struct ctxmem *c, u64 need)
{
    if (!c)
        return 0;
    u64 n = c->ctx.out_len;
    if (n && n + need > consts.out_size) {
        rt_flush(c);
        return 0;
    }
    return n > consts.out_size ? 0 : n;
}

INLINE void count_error(void)
{
    u64 n = __sync_fetch_and_add(&session.errors, 1) + 1;
    if (n > session.maxerrors && session.state <= STATE_RUNNING)
        session.state = STATE_ERROR;
}

/* An error left a handler: message number `msg`. */
GLOBAL u64 rt_error(u64 pos, u64 msg, u64 probe)
{
    struct rec_error *r = bpf_ringbuf_reserve(&ring_map, sizeof *r, 0);
    count_error();
    if (!r) {
        count_up(&session.lost_records);
        return 0;
    }
    r->rec.kind = REC_ERROR;
    r->rec.id = 0;
    r->rec.size = sizeof *r;
    r->probe = (u32)probe;
    r->pos = (u32)pos;
    r->msg = (u32)msg;
    r->reserved = 0;
    bpf_ringbuf_submit(r, RB_FORCE_WAKEUP);
    return 0;
}

struct dynamic_error {
    struct rec_error e;
    struct rec_str s;
    char text[ERRMSG_SIZE];
};

/* The same with the message in the context. */
GLOBAL u64 rt_error_dyn(struct ctxmem *c, u64 pos, u64 probe)
{
    if (!c)
        return 0;
    struct dynamic_error *r = bpf_ringbuf_reserve(&ring_map, sizeof *r, 0);
    count_error();
    if (!r) {
        count_up(&session.lost_records);
        return 0;
    }
    r->e.rec.kind = REC_ERROR;
    r->e.rec.id = 0;
    r->e.rec.size = sizeof *r;
    r->e.probe = (u32)probe;
    r->e.pos = (u32)pos;
    r->e.msg = ERR_DYNAMIC;
    r->e.reserved = 0;
    r->s.cap = ERRMSG_SIZE;
    r->s.reserved = 0;
    bpf_probe_read_kernel(r->text, ERRMSG_SIZE, c->ctx.errmsg);
    bpf_ringbuf_submit(r, RB_FORCE_WAKEUP);
    return 0;
}

/* exit(): no handler but end probes runs from now on. */
GLOBAL u64 rt_exit(u64 unused)
{
    (void)unused;
    if (session.state > STATE_RUNNING)
        return 0;
    session.state = STATE_STOPPING;
    struct rec *r = bpf_ringbuf_reserve(&ring_map, sizeof *r, 0);
    if (r) {
        r->kind = REC_EXIT;
        r->id = 0;
        r->size = sizeof *r;
        bpf_ringbuf_submit(r, RB_FORCE_WAKEUP);
    }
    return 0;
}
