/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf.type(N).config(N): every so many events that perf counts, on every CPU. */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/kernel_data.h"
#include "probes/process.h"

/* Events between two samples where the point does not say. */
enum { DEFAULT_PERIOD = 1000000 };

#define EVENT "perf.type(N).config(N)"

static const struct probe_pattern patterns[] = {
    {EVENT, 0, "every million events of perf's type N and number N"},
    {EVENT ".sample(N)", 0, "every N events"},
    {EVENT ".hz(N)", 0, "so often that it is N times a second"},
    {EVENT ".process", 0, "events of the process of -c or -x"},
    {EVENT ".process(S)", 0, "events of the processes that run a program"},
    {EVENT ".sample(N).process", 0, "every N events, of the process of -c or -x"},
    {EVENT ".sample(N).process(S)", 0, "every N events, of the processes that run a program"},
    {EVENT ".process.sample(N)", 0, "the same"},
    {EVENT ".process(S).sample(N)", 0, "the same"},
    {EVENT ".hz(N).process", 0, "N times a second, in the process of -c or -x"},
    {EVENT ".hz(N).process(S)", 0, "N times a second, in the processes that run a program"},
    {EVENT ".process.hz(N)", 0, "the same"},
    {EVENT ".process(S).hz(N)", 0, "the same"},
    {EVENT ".counter(S)", 0, "a counter that @perf(S) reads"},
    {EVENT ".process.counter(S)", 0, "the same, of the process of -c or -x"},
    {EVENT ".process(S).counter(S)", 0, "the same, where that runs the program"},
    {0},
};

/* Whether the kernel counts such events: asked of one that never fires. */
static const char *check(struct session *s, const struct perf_event_attr *attr, const char **hint)
{
    struct perf_event_attr a = *attr;
    a.disabled = 1;
    int fd = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        return NULL;
    }
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
        if (a.type != PERF_TYPE_HARDWARE && a.type != PERF_TYPE_HW_CACHE && a.type != PERF_TYPE_RAW)
            break;
        *hint =
            "virtual machines often have none; perf.sw.* events are counted by the kernel itself";
        return "this machine has no hardware counter for that event";
    case EACCES:
    case EPERM:
        return "the kernel does not allow this event (/proc/sys/kernel/perf_event_paranoid)";
    case EINVAL:
        if (a.freq)
            return arena_printf(s->arena,
                                "the kernel refuses the event or the frequency of %llu Hz (its "
                                "highest is in /proc/sys/kernel/perf_event_max_sample_rate)",
                                (unsigned long long)a.sample_freq);
        break;
    }
    return arena_printf(s->arena, "the kernel has no perf event of type %u and number %#llx: %s",
                        a.type, (unsigned long long)a.config, strerror(errno));
}

static const char *point_text(struct session *s, const struct probe_point *pp)
{
    const char *text = "perf";
    for (size_t i = 1; i < pp->comps.n; i++) {
        const struct expr *arg = pp->comps.v[i].arg;
        text = arena_printf(s->arena, "%s.%s", text, pp->comps.v[i].name);
        if (arg && arg->kind == EX_NUMBER)
            text = arena_printf(s->arena, "%s(%lld)", text, (long long)arg->num);
        else if (arg)
            text = arena_printf(s->arena, "%s(\"%s\")", text, arg->str);
    }
    return text;
}

/* Nothing runs: the handler is never called, and @perf() finds the counter by its name. */
static const char *counter(struct session *s, const char *name, const struct perf_event_attr *attr,
                           bool of_target, probe_vec *out)
{
    vec_for (i, s->perf_counters)
        if (strcmp(s->perf_counters.v[i].name, name) == 0)
            return arena_printf(s->arena, "there is a perf counter '%s' already", name);
    struct perf_counter c = {
        .name = name, .type = attr->type, .config = attr->config, .of_target = of_target};
    vec_push(s->arena, &s->perf_counters, c);
    vec_push(s->arena, out, new_probe(s, ATTACH_NEVER, PROG_SYSCALL));
    return NULL;
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    (void)pat;
    struct perf_event_attr *attr = arena_new_obj(s->arena, struct perf_event_attr);
    struct expr *tasks = NULL;
    const char *counts = NULL;
    bool of_target = false;
    attr->size = sizeof *attr;
    attr->type = (uint32_t)pp->comps.v[1].arg->num;
    attr->config = (uint64_t)pp->comps.v[2].arg->num;
    attr->sample_period = DEFAULT_PERIOD;
    for (size_t i = 3; i < pp->comps.n; i++) {
        const struct probe_component *c = &pp->comps.v[i];
        if (strcmp(c->name, "process") == 0) {
            if (!c->arg && !s->command && !s->target_pid)
                return "process without a name is the program of -c or -x, and neither is given";
            const char *why = process_condition(s, c->arg, c->tok, &tasks);
            if (why)
                return why;
            of_target = s->command || s->target_pid;
            continue;
        }
        if (strcmp(c->name, "counter") == 0) {
            counts = c->arg->str;
            continue;
        }
        if (c->arg->num < 1)
            return arena_printf(s->arena, "%s must be greater than 0", c->name);
        attr->freq = strcmp(c->name, "hz") == 0;
        attr->sample_period = (uint64_t)c->arg->num; /* sample_freq is the same word */
    }
    const char *why = s->last_pass < 5 ? NULL : check(s, attr, hint);
    if (why)
        return why;
    if (counts)
        return counter(s, counts, attr, of_target, out);
    struct probe *p = new_probe(s, ATTACH_PROFILE, PROG_PERF_EVENT);
    p->attach.priv = attr;
    p->pp = point_text(s, pp);
    p->condition = tasks;
    vec_push(s->arena, out, p);
    return NULL;
}

static void place(const struct probe *p, struct attach_place *out)
{
    const struct perf_event_attr *a = p->attach.priv;
    out->perf = (struct perf_sampling){
        .type = a->type, .config = a->config, .period = a->sample_period, .freq = a->freq};
}

const struct probe_provider perf_provider = {
    .name = "perf",
    .patterns = patterns,
    .resolve = resolve,
    .target = kdata_only_cast,
    .place = place,
};
