/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends a session whose handlers take too much of the machine.  The kernel can
 * measure the time that programs run; that costs something at each event, so it
 * is switched on for a short window once a second only. */
#include <unistd.h>

#include "run/private.h"

enum { FIRST_MS = 200, EVERY_MS = 1000, WINDOW_MS = 20, NS_PER_MS = 1000000 };

void overload_init(struct overload *o, const struct session *s)
{
    *o = (struct overload){.fd = -1, .due = monotonic_ns() + (u64)FIRST_MS * NS_PER_MS};
    if (s->overload_off)
        o->due = UINT64_MAX;
}

u64 overload_due(const struct overload *o)
{
    return o->due;
}

void overload_close(struct overload *o)
{
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
}

bool overload_check(struct overload *o, struct session *s, struct bpf_running *bpf)
{
    u64 now = monotonic_ns();
    if (now < o->due)
        return false;
    if (o->fd < 0) {
        o->fd = bpf_measure();
        if (o->fd < 0) {
            o->due = UINT64_MAX;
            return false;
        }
        o->since = monotonic_ns();
        o->spent = bpf_time_spent(bpf);
        o->due = o->since + (u64)WINDOW_MS * NS_PER_MS;
        return false;
    }
    u64 spent = bpf_time_spent(bpf) - o->spent, window = monotonic_ns() - o->since;
    overload_close(o);
    o->due = now + (u64)EVERY_MS * NS_PER_MS;
    long ncpus = sysconf(_SC_NPROCESSORS_ONLN);
    double share = (double)spent / ((double)window * (double)(ncpus > 0 ? ncpus : 1));
    double limit = (double)s->overload_threshold / (double)s->overload_interval;
    if (share <= limit)
        return false;
    /* In the words and units that users know; the share is what was measured. */
    diag_error(&s->diag,
               "probe overhead (%lld cycles) exceeded threshold (%lld cycles) in last %lld cycles",
               (long long)(share * (double)s->overload_interval), (long long)s->overload_threshold,
               (long long)s->overload_interval);
    return true;
}
