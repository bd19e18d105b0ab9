/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timer.*: intervals run by user space, and timer.profile by the software clock
 * of each CPU. */
#include <string.h>
#include <unistd.h>

#include "probes/kernel_data.h"

/* Intervals: 100 us to a day. */
#define NS_PER_S 1000000000ll
#define MIN_NS 100000ll
#define MAX_NS (86400 * NS_PER_S)

enum { T_HZ = -1, T_JIFFIES = -2, T_PROFILE = -3 };

/* id: nanoseconds of the unit, or one of the above. */
static const struct probe_pattern patterns[] = {
    {"timer.s(N)", 1000000000, "every N seconds"},
    {"timer.s(N).randomize(N)", 1000000000, "every N seconds, give or take the second N"},
    {"timer.sec(N)", 1000000000, "every N seconds"},
    {"timer.sec(N).randomize(N)", 1000000000, "every N seconds, give or take the second N"},
    {"timer.ms(N)", 1000000, "every N milliseconds"},
    {"timer.ms(N).randomize(N)", 1000000, "every N milliseconds, give or take the second N"},
    {"timer.msec(N)", 1000000, "every N milliseconds"},
    {"timer.msec(N).randomize(N)", 1000000, "every N milliseconds, give or take the second N"},
    {"timer.us(N)", 1000, "every N microseconds"},
    {"timer.us(N).randomize(N)", 1000, "every N microseconds, give or take the second N"},
    {"timer.usec(N)", 1000, "every N microseconds"},
    {"timer.usec(N).randomize(N)", 1000, "every N microseconds, give or take the second N"},
    {"timer.ns(N)", 1, "every N nanoseconds"},
    {"timer.ns(N).randomize(N)", 1, "every N nanoseconds, give or take the second N"},
    {"timer.nsec(N)", 1, "every N nanoseconds"},
    {"timer.nsec(N).randomize(N)", 1, "every N nanoseconds, give or take the second N"},
    {"timer.hz(N)", T_HZ, "N times a second"},
    {"timer.jiffies(N)", T_JIFFIES, "every N ticks of the kernel's clock"},
    {"timer.jiffies(N).randomize(N)", T_JIFFIES, "every N ticks, give or take the second N"},
    {"timer.profile", T_PROFILE, "on every CPU at each tick of its clock"},
    {"timer.profile.tick", T_PROFILE, "the same"},
    {0},
};

/* Ticks a second of kernels that do not say: what distributions set. */
enum { DEFAULT_HZ = 250 };

int64_t kernel_hz(const struct session *s)
{
    const char *v =
        s->parse.kernel_config ? s->parse.kernel_config(s->parse.user, "CONFIG_HZ") : NULL;
    int64_t hz = 0;
    for (; v && *v >= '0' && *v <= '9'; v++)
        hz = hz * 10 + (*v - '0');
    return hz > 0 ? hz : DEFAULT_HZ;
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    (void)hint;
    if (pat->id == T_PROFILE) {
        struct probe *p = new_probe(s, ATTACH_PROFILE, PROG_PERF_EVENT);
        p->attach.interval_ns = 1000000000 / (uint64_t)kernel_hz(s);
        p->attach.hz = (uint32_t)kernel_hz(s);
        vec_push(s->arena, out, p);
        return NULL;
    }
    int64_t n = pp->comps.v[1].arg->num;
    int64_t r = pp->comps.n > 2 ? pp->comps.v[2].arg->num : 0;
    int64_t unit = pat->id;
    const char *why = NULL;
    if (pat->id == T_HZ) {
        if (n < 1)
            return "frequency must be greater than 0";
        n = NS_PER_S / n;
        unit = 1;
    } else if (pat->id == T_JIFFIES) {
        unit = NS_PER_S / kernel_hz(s);
        if (n < 1 || n > MAX_NS / unit)
            why = "invalid interval for jiffies timer";
        else if (r < 0 || r > n)
            why = "invalid randomize for jiffies timer";
        if (why)
            return why;
    }
    int64_t least = pat->id == T_JIFFIES || unit >= MIN_NS ? 1 : MIN_NS / unit;
    if (n < least || n > MAX_NS / unit)
        return arena_printf(s->arena, "interval value out of range (%lld, %lld)", (long long)least,
                            (long long)(MAX_NS / unit));
    if (r < 0 || r > n)
        return "randomization value out of range";
    struct probe *p = new_probe(s, ATTACH_TIMER, PROG_SYSCALL);
    p->attach.interval_ns = (uint64_t)(n * unit);
    p->attach.random_ns = (uint64_t)(r * unit);
    p->attach.hz = pat->id == T_JIFFIES ? (uint32_t)kernel_hz(s) : 0;
    vec_push(s->arena, out, p);
    return NULL;
}

const struct probe_provider timer_provider = {
    .name = "timer",
    .patterns = patterns,
    .resolve = resolve,
    .target = kdata_only_cast,
};
