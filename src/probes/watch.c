/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.data and kernel.data: reads and writes of memory, by the processor's debug registers,
 * as breakpoint events of perf.  The handler runs behind the instruction. */
#include <dirent.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "debuginfo/ksyms.h"
#include "probes/process.h"

enum { W_KERNEL = 1, W_WRITE = 2 };

#define FAMILY(prefix, kernel)                                                                     \
    {prefix ".data(N).write", kernel | W_WRITE, "memory at an address is written"},                \
        {prefix ".data(N).rw", kernel, "… or read"},                                               \
        {prefix ".data(N).length(N).write", kernel | W_WRITE, "1, 2, 4 or 8 bytes of it"},         \
        {prefix ".data(N).length(N).rw", kernel, "the same, or read"},                             \
        {prefix ".data(S).write", kernel | W_WRITE, "a global variable is written"},               \
        {prefix ".data(S).rw", kernel, "… or read"},                                               \
        {prefix ".data(S).length(N).write", kernel | W_WRITE, "its first 1, 2, 4 or 8 bytes"},     \
    {                                                                                              \
        prefix ".data(S).length(N).rw", kernel, "the same, or read"                                \
    }

static const struct probe_pattern patterns[] = {
    FAMILY("kernel", W_KERNEL),
    FAMILY("process", 0),
    FAMILY("process(S)", 0),
    FAMILY("process(N)", 0),
    {0},
};

static const struct expr *argument(const struct probe_point *pp, const char *name)
{
    for (size_t i = 0; i < pp->comps.n; i++)
        if (strcmp(pp->comps.v[i].name, name) == 0)
            return pp->comps.v[i].arg;
    return NULL;
}

/* The longest stretch that the registers can watch at an address and that is within `size`. */
static uint64_t fitting(uint64_t addr, uint64_t size)
{
    uint64_t n = 8;
    while (n > 1 && (n > size || addr % n))
        n /= 2;
    return n;
}

static bool breakpoint_of(struct perf_event_attr *attr, const struct attach_place *w)
{
    *attr = (struct perf_event_attr){
        .type = PERF_TYPE_BREAKPOINT,
        .size = sizeof *attr,
        .bp_type = w->perf.config ? HW_BREAKPOINT_W : HW_BREAKPOINT_RW,
        .bp_addr = w->addr,
        .bp_len = w->offset,
        .sample_period = 1,
    };
    return w->offset != 0;
}

/* ---- resolving ---- */

/* The kernel may keep its own memory to itself. */
static const char *kernel_variable(struct session *s, const struct expr *data,
                                   struct attach_place *w)
{
    w->symbol = data->kind == EX_STRING ? data->str : NULL;
    w->addr = data->kind == EX_NUMBER ? (uint64_t)data->num : ksyms_address(data->str, NULL, NULL);
    if (!w->addr)
        return arena_printf(s->arena,
                            "the kernel tells no address of a variable '%s' (/proc/kallsyms)",
                            data->kind == EX_NUMBER ? "0" : data->str);
    if ((int64_t)w->addr > 0)
        return "that is no address of the kernel: those are negative as numbers";
    struct attach_place test = *w;
    struct perf_event_attr attr;
    test.offset = 1;
    breakpoint_of(&attr, &test);
    attr.disabled = 1;
    int fd = s->last_pass < 5
                 ? -1
                 : (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0)
        close(fd);
    else if (s->last_pass >= 5)
        return arena_printf(s->arena,
                            "this kernel does not let its own memory be watched (%s); "
                            "process.data watches that of programs",
                            strerror(errno));
    return NULL;
}

/* Where the symbol is, in the file; its size becomes the length. */
static const char *user_variable(struct session *s, const char *path, const struct expr *data,
                                 struct attach_place *w, bool *fixed)
{
    const char *why, *name;
    uint64_t offset, size = 0;
    struct dw_module *m = process_module(s, path, &why);
    if (!m)
        return why;
    *fixed = dw_is_fixed(m);
    if (!dw_symbol(m, data->str, &w->addr))
        return arena_printf(s->arena, "%s has no symbol '%s'", path, data->str);
    if (!*fixed)
        w->path = path;
    if (!w->offset && dw_symbol_at(m, w->addr, &name, &offset, &size))
        w->offset = fitting(w->addr, size);
    return NULL;
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    (void)hint;
    const struct expr *data = argument(pp, "data"), *length = argument(pp, "length");
    const struct expr *who = pp->comps.v[0].arg;
    struct attach_place *w = arena_new_obj(s->arena, struct attach_place);
    struct expr *condition = NULL;
    const char *why = NULL;
    w->perf.config = pat->id & W_WRITE;
    if (length && length->num != 1 && length->num != 2 && length->num != 4 && length->num != 8)
        return "a processor watches 1, 2, 4 or 8 bytes: length(N) is something else";
    w->offset = length ? (uint64_t)length->num : 0;
    if (pat->id & W_KERNEL) {
        why = kernel_variable(s, data, w);
    } else {
        process_paths paths = {0};
        bool fixed = false;
        pid_t pid = who && who->kind == EX_NUMBER ? (pid_t)who->num : 0;
        if (who && who->kind == EX_STRING)
            why = process_programs(s, who->str, false, &paths);
        else if (data->kind == EX_STRING || (!pid && !s->target_pid))
            why = process_of_target(s, pid, &paths);
        if (why)
            return why;
        if (paths.n > 1)
            return "data of one program is watched: this pattern fits several";
        if (data->kind == EX_NUMBER) { /* as it is in the process */
            fixed = true;
            w->addr = (uint64_t)data->num;
        } else {
            why = user_variable(s, paths.v[0], data, w, &fixed);
        }
        w->pid = pid;
        w->of_target = !pid && (s->command || s->target_pid);
        if (!why && !fixed && !pid && !w->of_target)
            return arena_printf(s->arena,
                                "%s is mapped at another address in every process: run it by -c, "
                                "or name the process by -x or process(PID)",
                                paths.v[0]);
        if (!why && !pid)
            why = process_condition(s, who, pp->comps.v[0].tok, &condition);
    }
    if (why)
        return why;
    if (!w->offset)
        w->offset = pat->id & W_KERNEL && data->kind == EX_STRING ? fitting(w->addr, 8) : 1;
    if (w->addr % w->offset)
        return arena_printf(s->arena,
                            "a processor watches %u bytes only where the address is a multiple "
                            "of that: %#llx is not",
                            (unsigned)w->offset, (unsigned long long)w->addr);
    struct probe *p = new_probe(s, ATTACH_WATCH, PROG_PERF_EVENT);
    p->attach.priv = w;
    p->condition = condition;
    vec_push(s->arena, out, p);
    return NULL;
}

static void place(const struct probe *p, struct attach_place *out)
{
    const char *pp = out->pp;
    *out = *(const struct attach_place *)p->attach.priv;
    out->pp = pp;
}

/* ---- attaching ---- */

/* Where a position-independent program begins in a process that runs it. */
static bool base_in(struct session *s, pid_t pid, const char *path, uint64_t *base)
{
    const char *why;
    struct dw_module *m = process_module(s, path, &why);
    FILE *f = fopen(arena_printf(s->arena, "/proc/%d/maps", (int)pid), "r");
    const char *file = strstr(path, "/root/") && strncmp(path, "/proc/", 6) == 0
                           ? strstr(path, "/root/") + strlen("/root")
                           : path;
    char line[4096 + 128];
    bool found = false;
    while (m && f && !found && fgets(line, sizeof line, f)) {
        unsigned long long start, offset;
        int at = 0;
        uint64_t addr;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%llx-%*x %*s %llx %*s %*s %n", &start, &offset, &at) == 2 && at &&
            strcmp(line + at, file) == 0 && dw_address(m, offset, &addr)) {
            *base = start - addr;
            found = true;
        }
    }
    if (f)
        fclose(f);
    return found;
}

/* Of a program that the session starts without a random layout. */
static uint64_t base_to_be(struct session *s, const char *path)
{
    const char *why;
    struct dw_module *m = process_module(s, path, &why);
    struct dw_segment seg;
    uint64_t least = m && dw_segment(m, 0, &seg) ? seg.addr : 0;
    return arch_fixed_base - (least & ~(uint64_t)4095);
}

static int open_event(struct perf_event_attr *attr, pid_t pid, int cpu, int prog_fd,
                      struct session *s, fd_vec *fds, struct attach_outcome *outcome)
{
    int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    int err = fd < 0 ? errno : 0;
    if (fd >= 0) {
        vec_push(s->arena, fds, fd);
        if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) ||
            (!attr->enable_on_exec && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)))
            err = errno;
    }
    if (err == ENOSPC)
        outcome->why = "the processor has no debug register left: it watches 4 places";
    return -err;
}

static int watch_process(struct session *s, const struct attach_place *w, int prog_fd, fd_vec *fds,
                         struct attach_outcome *outcome)
{
    struct perf_event_attr attr;
    bool starts = w->of_target && s->command;
    pid_t pid = w->of_target ? s->target_pid : w->pid;
    uint64_t base = 0;
    breakpoint_of(&attr, w);
    if (w->path && starts) {
        base = base_to_be(s, w->path);
    } else if (w->path && !base_in(s, pid, w->path, &base)) {
        outcome->why = "the process does not run that program";
        return -ESRCH;
    }
    attr.bp_addr += base;
    attr.inherit = 1; /* its threads and children */
    attr.disabled = 1;
    attr.enable_on_exec = starts;
    if (starts)
        return open_event(&attr, pid, -1, prog_fd, s, fds, outcome);
    DIR *d = opendir(arena_printf(s->arena, "/proc/%d/task", (int)pid));
    const struct dirent *e;
    int rc = d ? 0 : -ESRCH;
    while (d && rc == 0 && (e = readdir(d)))
        if (e->d_name[0] != '.')
            rc =
                open_event(&attr, (pid_t)strtol(e->d_name, NULL, 10), -1, prog_fd, s, fds, outcome);
    if (d)
        closedir(d);
    return rc;
}

int watch_attach(struct session *s, const struct attach_points *a, int prog_fd, fd_vec *fds,
                 struct attach_outcome *outcome)
{
    const struct attach_place *w = &a->places[0];
    if (w->of_target || w->pid)
        return watch_process(s, w, prog_fd, fds, outcome);
    struct perf_event_attr attr;
    breakpoint_of(&attr, w);
    attr.disabled = 1;
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    int any = -ENODEV;
    for (int cpu = 0; cpu < cpus; cpu++) {
        int rc = open_event(&attr, -1, cpu, prog_fd, s, fds, outcome);
        if (rc == -ENODEV || rc == -ENXIO)
            continue;
        if (rc)
            return rc;
        any = 0;
    }
    return any;
}

const struct probe_provider watch_provider = {
    .name = "data",
    .patterns = patterns,
    .resolve = resolve,
    .target = kdata_only_cast,
    .place = place,
};
