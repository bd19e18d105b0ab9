/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timer probes: one timerfd for all of them. */
#include <sys/timerfd.h>
#include <unistd.h>

#include "run/private.h"

u64 monotonic_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static u64 random_below(u64 *seed, u64 n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return n ? *seed % n : 0;
}

/* The time to the next run: the interval, up to `random` shorter or longer. */
static u64 distance(struct timers *t, const struct timer *x)
{
    if (!x->random)
        return x->interval;
    u64 d = x->interval + random_below(&t->seed, 2 * x->random + 1);
    return d > x->random ? d - x->random : 1;
}

static void arm(struct timers *t)
{
    u64 first = UINT64_MAX;
    vec_for (i, t->list)
        if (t->list.v[i].due < first)
            first = t->list.v[i].due;
    if (first == UINT64_MAX)
        return;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(first / 1000000000),
                                           .tv_nsec = (long)(first % 1000000000)}};
    timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

bool timers_open(struct timers *t, struct session *s, const struct bpf_image *img)
{
    u64 now = monotonic_ns();
    t->fd = -1;
    t->seed = now | 1;
    vec_for (i, img->probes) {
        const struct image_probe *at = &img->probes.v[i];
        if (at->points.kind != ATTACH_TIMER)
            continue;
        struct timer x = {.probe = (int)i, .interval = at->interval_ns, .random = at->random_ns};
        if (!x.interval)
            x.interval = 1;
        x.due = now + distance(t, &x);
        vec_push(s->arena, &t->list, x);
    }
    if (!t->list.n)
        return true;
    t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (t->fd < 0)
        return false;
    arm(t);
    return true;
}

void timers_run(struct timers *t, bool (*fn)(void *arg, int probe), void *arg)
{
    u64 now = monotonic_ns(), expirations;
    if (read(t->fd, &expirations, sizeof expirations) < 0)
        expirations = 0; /* woken early: nothing is due */
    /* In the order in which they were due; each once: afterwards it is due later. */
    for (;;) {
        struct timer *next = NULL;
        vec_for (i, t->list) {
            struct timer *x = &t->list.v[i];
            if (x->due <= now && (!next || x->due < next->due))
                next = x;
        }
        if (!next)
            break;
        next->due += distance(t, next);
        if (next->due <= now) /* runs that were missed are not made up for */
            next->due = now + (next->random ? distance(t, next)
                                            : next->interval - (now - next->due) % next->interval);
        if (!fn(arg, next->probe))
            return;
    }
    arm(t);
}

void timers_close(struct timers *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}
