/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching.  Nothing is pinned: when the last descriptor is closed, also by
 * SIGKILL, the kernel detaches.
 *
 * System calls: one program is attached to sys_enter or sys_exit itself.  When
 * there are several, a dispatcher takes their place, which jumps to the handler
 * of the call's number; the second handler of a number goes to a second
 * dispatcher, and so on. */
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bpfcall.h"
#include "bpf/arch.h"
#include "bpf/running.h"

static bool attach_failed(struct bpf_running *r, const struct image_probe *p, int err)
{
    diag_error(&r->session->diag, "cannot attach probe %s: %s", p->pp, strerror(err));
    return false;
}

static bool add_link(struct bpf_running *r, const struct image_probe *p, int fd)
{
    if (fd < 0)
        return attach_failed(r, p, -fd);
    vec_push(r->session->arena, &r->links, fd);
    return true;
}

static bool attach_tracepoint(struct bpf_running *r, const struct image_probe *p, int prog)
{
    /* A typed program knows its tracepoint; a raw one is told. */
    const char *name = p->points.prog == PROG_RAW_TP ? p->tracepoint : NULL;
    return add_link(r, p, bpfcall_raw_tracepoint(name, prog));
}

/* ---- timer.profile and perf ---- */

static bool attach_profile(struct bpf_running *r, const struct image_probe *p, int prog)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_SW_CPU_CLOCK,
        .sample_period = p->interval_ns,
    };
    const struct perf_sampling *perf = &p->points.places[0].perf;
    if (perf->period) {
        attr.type = perf->type;
        attr.config = perf->config;
        attr.sample_period = perf->period; /* sample_freq is the same word */
        attr.freq = perf->freq;
    }
    bool any = false;
    for (uint32_t cpu = 0; cpu < r->ncpus; cpu++) {
        int fd = (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
        if (fd < 0) {
            if (errno == ENODEV || errno == ENXIO) /* possible, but not there */
                continue;
            return attach_failed(r, p, errno);
        }
        vec_push(r->session->arena, &r->links, fd);
        if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
            return attach_failed(r, p, errno);
        any = true;
    }
    return any || attach_failed(r, p, ENODEV);
}

/* ---- system calls ---- */

static int load_dispatcher(struct bpf_running *r, const struct image_probe *p, int table)
{
    struct code c = {.arena = r->session->arena};
    bool enter = p->points.kind == ATTACH_SYSCALL_ENTER;
    code_syscall_slot(&c, enter);
    code_mov(&c, 3, 2);
    /* r1 is the program's context already. */
    code_put(&c, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_MAP_FD, 0, table);
    code_put(&c, 0, 0, 0, 0, 0);
    code_call(&c, BPF_FUNC_tail_call);
    code_movi(&c, 0, 0);
    code_exit(&c);
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.prog_type = BPF_PROG_TYPE_TRACING;
    a.expected_attach_type = BPF_TRACE_RAW_TP;
    a.attach_btf_id = r->progs[p - r->img->probes.v].btf_id;
    return bpfcall_load(&a, "stap_syscalls", c.insns.v, c.insns.n);
}

/* False, and nothing is done, when a call of `more` is in the set already. */
static bool add_calls(struct call_set *set, const struct call_set *more)
{
    for (size_t i = 0; i < CALLS_MAX / 64; i++)
        if (set->bits[i] & more->bits[i])
            return false;
    for (size_t i = 0; i < CALLS_MAX / 64; i++)
        set->bits[i] |= more->bits[i];
    return true;
}

/* Attaches the probes of one side that are still to do: each number once. */
static bool attach_round(struct bpf_running *r, enum attach_kind kind, bool *done, bool *any)
{
    const struct bpf_image *img = r->img;
    struct call_set taken = {{0}};
    int table = -1, dispatcher = -1;
    *any = false;
    const struct image_probe *first = NULL;
    vec_for (i, img->probes) {
        const struct image_probe *p = &img->probes.v[i];
        if (done[i] || p->points.kind != kind || p->nr == -1)
            continue;
        struct call_set calls = attach_calls(p->nr, p->nr32);
        if (!add_calls(&taken, &calls))
            continue;
        if (table < 0) {
            table = bpfcall_map(BPF_MAP_TYPE_PROG_ARRAY, "stap_syscalls", 4, 4, CALLS_MAX, 0, 0);
            if (table < 0)
                return attach_failed(r, p, -table);
            vec_push(r->session->arena, &r->links, table);
            first = p;
        }
        for (uint32_t slot = 0; slot < CALLS_MAX; slot++) {
            int err = call_in(&calls, slot) ? bpfcall_set(table, &slot, &r->progs[i].fd) : 0;
            if (err)
                return attach_failed(r, p, -err);
        }
        done[i] = *any = true;
    }
    if (!*any)
        return true;
    dispatcher = load_dispatcher(r, first, table);
    if (dispatcher < 0)
        return attach_failed(r, first, -dispatcher);
    vec_push(r->session->arena, &r->links, dispatcher);
    vec_push(r->session->arena, &r->dispatchers, dispatcher);
    return attach_tracepoint(r, first, dispatcher);
}

static bool attach_syscalls(struct bpf_running *r, enum attach_kind kind)
{
    const struct bpf_image *img = r->img;
    bool *done = arena_new_array(r->session->arena, bool, img->probes.n + 1);
    size_t n = 0, last = 0;
    vec_for (i, img->probes) {
        const struct image_probe *p = &img->probes.v[i];
        if (p->points.kind != kind)
            continue;
        if (p->nr == -1 && !attach_tracepoint(r, p, r->progs[i].fd))
            return false;
        if (p->nr != -1) {
            n++;
            last = i;
        }
    }
    if (n == 1)
        return attach_tracepoint(r, &img->probes.v[last], r->progs[last].fd);
    for (bool any = n > 0; any;)
        if (!attach_round(r, kind, done, &any))
            return false;
    return true;
}

/* ---- all ---- */

static bool attach_points(struct bpf_running *r, const struct loaded *g)
{
    struct attach_outcome o = {0};
    const struct image_probe *p = g->probe;
    int err = attach_points_to(r->session, &g->points, g->fd, &r->links, &o);
    if (err && o.why) {
        diag_error(&r->session->diag, "cannot attach probe %s: %s", p->pp, o.why);
        return false;
    }
    if (err)
        return attach_failed(r, p, -err);
    if (o.refused == 1 && g->points.n == 1)
        diag_warning(&r->session->diag, NULL, "%s cannot be probed on this kernel: left out",
                     p->pp);
    else if (o.refused)
        diag_warning(&r->session->diag, NULL,
                     "%zu of the %zu points of %s cannot be probed on this kernel and are left "
                     "out (such as %s)",
                     o.refused, g->points.n, p->script_pp, o.example);
    return true;
}

/* What @perf() reads: one event on each CPU, or one that goes with the process. */
static bool open_counter(struct bpf_running *r, const struct ir_map *m, int map)
{
    struct session *s = r->session;
    bool own = m->of_target && s->target_pid > 0;
    struct perf_event_attr attr = {.type = m->perf_type,
                                   .size = sizeof attr,
                                   .config = m->perf_config,
                                   .disabled = own && s->command,
                                   .enable_on_exec = own && s->command};
    int fd = -1;
    bool any = false;
    for (uint32_t cpu = 0; cpu < r->ncpus; cpu++) {
        if (!own || fd < 0)
            fd = (int)syscall(SYS_perf_event_open, &attr, own ? s->target_pid : -1,
                              own ? -1 : (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
        if (fd < 0 && (errno == ENODEV || errno == ENXIO) && !own)
            continue;
        if (fd >= 0 && (!own || cpu == 0))
            vec_push(s->arena, &r->links, fd);
        if (fd < 0 || bpfcall_set(map, &cpu, &fd) != 0) {
            diag_error(&s->diag, "cannot open a counter of perf: %s", strerror(errno));
            return false;
        }
        any = true;
    }
    return any;
}

bool bpf_attach(struct bpf_running *r)
{
    const struct bpf_image *img = r->img;
    vec_for (i, img->maps)
        if (img->maps.v[i].kind == IR_MAP_PERF &&
            !open_counter(r, &img->maps.v[i], r->maps[IR_MAP_FIRST + i]))
            return false;
    vec_for (i, img->probes) {
        const struct image_probe *p = &img->probes.v[i];
        bool ok = true;
        if (attach_by_family(p->points.kind))
            ok = attach_points(r, &r->progs[i]);
        else if (p->points.kind == ATTACH_TRACEPOINT)
            ok = attach_tracepoint(r, p, r->progs[i].fd);
        else if (p->points.kind == ATTACH_PROFILE)
            ok = attach_profile(r, p, r->progs[i].fd);
        if (!ok)
            return false;
    }
    return attach_syscalls(r, ATTACH_SYSCALL_EXIT) && attach_syscalls(r, ATTACH_SYSCALL_ENTER);
}

/* Each close may wait until no processor runs the program any more: those that are done at the
 * same time wait together. */
enum { CLOSERS = 16 };

struct closing {
    const struct bpf_running *r;
    size_t from;
};

static void *close_some(void *arg)
{
    const struct closing *c = arg;
    for (size_t i = c->from; i < c->r->links.n; i += CLOSERS)
        close(c->r->links.v[i]);
    return NULL;
}

void bpf_detach(struct bpf_running *r)
{
    struct closing parts[CLOSERS];
    pthread_t threads[CLOSERS];
    bool runs[CLOSERS];
    for (size_t i = 0; i < CLOSERS; i++) {
        parts[i] = (struct closing){r, i};
        runs[i] =
            r->links.n > CLOSERS && pthread_create(&threads[i], NULL, close_some, &parts[i]) == 0;
        if (!runs[i])
            close_some(&parts[i]);
    }
    for (size_t i = 0; i < CLOSERS; i++)
        if (runs[i])
            pthread_join(threads[i], NULL);
    r->links.n = 0;
}
