/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching to places in programs: one link to all places of a file where the kernel has
 * that (since 6.6), otherwise an event of perf for each. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/bpfcall.h"
#include "probes/multi.h"
#include "probes/pmu.h"
#include "probes/process.h"

/* include/uapi/linux/bpf.h: union bpf_attr for BPF_LINK_CREATE, newer than this system's
 * headers may be. */
struct link_create {
    uint32_t prog_fd, target_fd, attach_type, flags;
    uint64_t path, offsets, ref_ctr_offsets, cookies;
    uint32_t cnt, multi_flags, pid, zero;
};
enum { ATTACH_TYPE_UPROBE_MULTI = 48, MULTI_RETURN = 1 };

static const struct attach_place *place(const struct attach_points *p, size_t i)
{
    return &p->places[i];
}

static int create_link(struct link_create *a)
{
    int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, a, sizeof *a);
    return fd < 0 ? -errno : fd;
}

/* A folder is no file to probe: kernels that know the kind of link say so (EBADF). */
static bool kernel_links_many(void)
{
    static int known;
    if (known)
        return known > 0;
    int prog = bpfcall_load_empty(BPF_PROG_TYPE_KPROBE, ATTACH_TYPE_UPROBE_MULTI, 0);
    uint64_t offset = 0;
    struct link_create a = {
        .prog_fd = (uint32_t)prog,
        .attach_type = ATTACH_TYPE_UPROBE_MULTI,
        .path = (uint64_t)(uintptr_t) "/",
        .offsets = (uint64_t)(uintptr_t)&offset,
        .cnt = 1,
    };
    int err = prog < 0 ? prog : create_link(&a);
    if (prog >= 0)
        close(prog);
    known = err == -EBADF ? 1 : -1;
    return known > 0;
}

/* Before 6.11 such a link to one process is a link to its first thread. */
static bool links_to_processes(void)
{
    struct utsname u;
    unsigned major = 0, minor = 0;
    return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 11));
}

void process_settle(struct attach_points *a)
{
    if (kernel_links_many() && (!a->places[0].pid || links_to_processes()))
        a->prog = PROG_UPROBE_MULTI;
}

/* The kernel looks at an instruction when a process has it in memory, and a refusal then is
 * lost.  So this process maps the file while probes are attached. */
struct mapping {
    void *at;
    size_t size;
};

static struct mapping map_file(const char *path)
{
    struct mapping m = {.at = MAP_FAILED};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        m.size = (size_t)st.st_size;
        m.at = mmap(NULL, m.size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    return m;
}

static void unmap_file(const struct mapping *m)
{
    if (m->at != MAP_FAILED)
        munmap(m->at, m->size);
}

/* ---- many at once ---- */

struct links {
    int prog;
    uint64_t *offsets, *semaphores, *cookies;
};

static int link_range(struct multi *m, size_t from, size_t n)
{
    const struct links *l = m->arg;
    const struct attach_place *u = place(m->p, m->order[from]);
    struct link_create a = {
        .prog_fd = (uint32_t)l->prog,
        .attach_type = ATTACH_TYPE_UPROBE_MULTI,
        .path = (uint64_t)(uintptr_t)u->path,
        .offsets = (uint64_t)(uintptr_t)(l->offsets + from),
        .ref_ctr_offsets = (uint64_t)(uintptr_t)(l->semaphores + from),
        .cookies = (uint64_t)(uintptr_t)(l->cookies + from),
        .cnt = (uint32_t)n,
        .multi_flags = u->is_return ? MULTI_RETURN : 0,
        .pid = (uint32_t)u->pid,
    };
    return create_link(&a);
}

static int by_link(const void *a, const void *b, void *arg)
{
    const struct attach_points *p = arg;
    const struct attach_place *x = place(p, *(const size_t *)a), *y = place(p, *(const size_t *)b);
    int order = strcmp(x->path, y->path);
    order = order ? order : (x->pid > y->pid) - (x->pid < y->pid);
    order = order ? order : (x->doubt > y->doubt) - (x->doubt < y->doubt);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static bool same_link(const struct attach_place *x, const struct attach_place *y)
{
    return strcmp(x->path, y->path) == 0 && x->pid == y->pid && x->doubt == y->doubt;
}

static int attach_multi(struct session *s, const struct attach_points *p, int prog, fd_vec *fds,
                        struct attach_outcome *o)
{
    size_t n = p->n, before = fds->n;
    size_t *order = arena_new_array(s->arena, size_t, n);
    struct links l = {.prog = prog,
                      .offsets = arena_new_array(s->arena, uint64_t, n),
                      .semaphores = arena_new_array(s->arena, uint64_t, n),
                      .cookies = arena_new_array(s->arena, uint64_t, n)};
    struct multi m = {
        .s = s, .p = p, .fds = fds, .outcome = o, .link = link_range, .order = order, .arg = &l};
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof *order, by_link, (void *)p);
    for (size_t i = 0; i < n; i++) {
        l.offsets[i] = place(p, order[i])->offset;
        l.semaphores[i] = place(p, order[i])->semaphore;
        l.cookies[i] = order[i];
    }
    for (size_t from = 0, to; from < n; from = to) {
        const struct attach_place *u = place(p, order[from]);
        for (to = from + 1; to < n && same_link(u, place(p, order[to])); to++)
            ;
        struct mapping map = map_file(u->path);
        m.attempts = 0;
        if (u->doubt) {
            /* Each refusal takes the kernel some time: one stands for all of its kind. */
            size_t had = fds->n;
            multi_attach(&m, from, 1);
            for (size_t i = from + 1; fds->n == had && i < to; i++)
                multi_refuse(p, order[i], o);
            from = fds->n == had ? to : from + 1;
        }
        if (from < to)
            multi_attach(&m, from, to - from);
        unmap_file(&map);
    }
    return fds->n > before ? 0 : m.last;
}

/* ---- one by one ---- */

static int attach_singly(struct session *s, const struct attach_points *p, int prog, fd_vec *fds,
                         struct attach_outcome *o)
{
    size_t before = fds->n;
    int last = 0;
    if ((o->why = multi_too_many(s, p->n, "is older than Linux 6.6")))
        return -EMFILE;
    for (size_t i = 0; i < p->n; i++) {
        const struct attach_place *u = place(p, i);
        struct pmu_point at = {.pmu = "uprobe",
                               .is_return = u->is_return,
                               .config1 = u->path,
                               .config2 = u->offset,
                               .reference = u->semaphore,
                               .pid = u->pid};
        int fd[2];
        size_t n = 0;
        struct mapping map = map_file(u->path);
        int err = pmu_attach(&at, prog, i, fd, &n);
        unmap_file(&map);
        for (size_t k = 0; k < n; k++)
            vec_push(s->arena, fds, fd[k]);
        if (!err)
            continue;
        last = err;
        if (!multi_is_refusal(err))
            return err;
        multi_refuse(p, i, o);
    }
    return fds->n > before ? 0 : last;
}

int process_attach(struct session *s, const struct attach_points *p, int prog_fd, fd_vec *fds,
                   struct attach_outcome *o)
{
    int err = p->prog == PROG_UPROBE_MULTI ? attach_multi(s, p, prog_fd, fds, o)
                                           : attach_singly(s, p, prog_fd, fds, o);
    if (!multi_is_refusal(err))
        return err;
    /* Of a pattern's places any may be refused. */
    if (place(p, 0)->one_of_many)
        return 0;
    o->why = "the kernel takes no probe at the instruction that stands there; a line further on, "
             "with .statement(\"FUNCTION@FILE:LINE\"), may do";
    return err;
}
