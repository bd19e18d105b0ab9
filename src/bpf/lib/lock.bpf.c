/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks of globals when the first try failed: a bounded number of tries. */
#include "rt.h"

struct attempt {
    u64 *word;
    u64 mode;
    u64 taken;
};

static long try_lock(u32 round, struct attempt *a)
{
    (void)round;
    u64 now = *(volatile u64 *)a->word;
    u64 want = a->mode == LOCK_EXCLUSIVE ? LOCK_WRITER : now + 1;
    if (a->mode == LOCK_EXCLUSIVE ? now != 0 : now >= (u64)LOCK_WRITER)
        return 0;
    if (__sync_val_compare_and_swap(a->word, now, want) != now)
        return 0;
    a->taken = 1;
    return 1;
}

/* What one try stands for: the thousand of them that are usual take about a millisecond.  A
 * handler that has the lock may be taken off its processor meanwhile, and goes on when another
 * one has waited for a while. */
enum { ROUNDS = 256, ROUNDS_MAX = 1 << 23 };

/* 1 when the lock was taken within `tries`. */
STATIC u64 rt_lock(u64 *word, u64 mode, u64 tries)
{
    struct attempt a = {.word = word, .mode = mode};
    u64 rounds = tries * ROUNDS;
    bpf_loop((u32)(rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX), try_lock, &a, 0);
    return a.taken;
}
