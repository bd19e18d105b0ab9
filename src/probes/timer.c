/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timer.*: intervals run by user space, and timer.profile by the software clock
 * of each CPU. */
#include <string.h>
#include <unistd.h>

#include "probes/families.h"

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

static int64_t kernel_hz(struct session *s)
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
        vec_push(s->arena, out, p);
        return NULL;
    }
    int64_t n = pp->comps.v[1].arg->num;
    int64_t r = pp->comps.n > 2 ? pp->comps.v[2].arg->num : 0;
    int64_t unit = pat->id == T_JIFFIES ? 1000000000 / kernel_hz(s) : pat->id;
    if (n < 1 || (pat->id > 0 && n > INT64_MAX / unit))
        return "invalid timer interval";
    if (r < 0 || r > n)
        return "invalid randomize for timer: it must be at most the interval";
    if (pat->id == T_HZ && n > 100000)
        return "invalid timer frequency: at most 100000 times a second";
    struct probe *p = new_probe(s, ATTACH_TIMER, PROG_SYSCALL);
    p->attach.interval_ns = pat->id == T_HZ ? (uint64_t)(1000000000 / n) : (uint64_t)(n * unit);
    p->attach.random_ns = (uint64_t)(r * (pat->id == T_HZ ? 0 : unit));
    vec_push(s->arena, out, p);
    return NULL;
}

const struct probe_provider timer_provider = {
    .name = "timer",
    .patterns = patterns,
    .resolve = resolve,
};
