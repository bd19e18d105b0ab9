/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching to functions of the kernel: one by one as events of perf, or, where the
 * kernel has it (CONFIG_FPROBE), one link to all the functions of a pattern. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bpfcall.h"
#include "probes/kprobe.h"
#include "probes/multi.h"
#include "probes/pmu.h"

/* include/uapi/linux/bpf.h of kernels since 5.18 */
enum { LINK_TRACE_KPROBE_MULTI = 42, LINK_MULTI_RETURN = 1 };

/* ---- many at once ---- */

struct links {
    int prog;
    const char **names;
    __u64 *cookies;
};

static int link_range(struct multi *m, size_t from, size_t n)
{
    struct links *l = m->arg;
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.link_create.prog_fd = (uint32_t)l->prog;
    a.link_create.attach_type = LINK_TRACE_KPROBE_MULTI;
    a.link_create.kprobe_multi.cnt = (uint32_t)n;
    a.link_create.kprobe_multi.syms = (uint64_t)(uintptr_t)(l->names + from);
    a.link_create.kprobe_multi.cookies = (uint64_t)(uintptr_t)(l->cookies + from);
    a.link_create.kprobe_multi.flags = m->p->places[0].is_return ? LINK_MULTI_RETURN : 0;
    return bpfcall_link(&a);
}

static int attach_multi(struct session *s, const struct attach_points *p, int prog, fd_vec *fds,
                        struct attach_outcome *o)
{
    size_t n = p->n, before = fds->n;
    struct links l = {.prog = prog,
                      .names = arena_new_array(s->arena, const char *, n),
                      .cookies = arena_new_array(s->arena, __u64, n)};
    struct multi m = {.s = s, .p = p, .fds = fds, .outcome = o, .link = link_range, .arg = &l};
    for (size_t i = 0; i < n; i++) {
        l.names[i] = p->places[i].name;
        l.cookies[i] = i;
    }
    multi_attach(&m, 0, n);
    return fds->n > before ? 0 : m.last;
}

/* ---- one by one ---- */

static int attach_one(const struct attach_place *f, int prog, uint64_t cookie, int *fds, size_t *n)
{
    char name[512];
    snprintf(name, sizeof name, "%s%s%s", f->module ? f->module : "", f->module ? ":" : "",
             f->name);
    struct pmu_point at = {.pmu = "kprobe",
                           .is_return = f->is_return,
                           .config1 = f->addr ? NULL : name,
                           .config2 = f->addr ? f->addr : f->offset};
    return pmu_attach(&at, prog, cookie, fds, n);
}

/* Listed by the kernel as not to be probed. */
static bool is_blacklisted(const char *name)
{
    FILE *f = fopen("/sys/kernel/debug/kprobes/blacklist", "re");
    char line[512], have[300];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f))
        found = sscanf(line, "%*s %299s", have) == 1 && strcmp(have, name) == 0;
    if (f)
        fclose(f);
    return found;
}

static const char *explain(struct session *s, const struct attach_place *f, int err)
{
    if (is_blacklisted(f->name))
        return arena_printf(s->arena,
                            "the kernel does not let '%s' be probed: it is on its list "
                            "/sys/kernel/debug/kprobes/blacklist",
                            f->name);
    if (err == -ENOENT)
        return arena_printf(s->arena,
                            "the kernel has no symbol '%s': the compiler has inlined or "
                            "renamed that function",
                            f->name);
    if (err == -EADDRNOTAVAIL)
        return arena_printf(s->arena,
                            "the kernel has several functions '%s', and takes only a "
                            "name that is there once",
                            f->name);
    if ((err == -EILSEQ || err == -EINVAL) && f->offset)
        return arena_printf(s->arena, "no instruction of '%s' begins at +%#llx", f->name,
                            (unsigned long long)f->offset);
    if (err == -EINVAL && !f->addr)
        return arena_printf(s->arena,
                            "the kernel lets nobody trace '%s': its source has it inline, or "
                            "marks it so",
                            f->name);
    if (f->addr && multi_is_refusal(err))
        return arena_printf(s->arena,
                            "the kernel does not let the instruction of '%s' at %#llx be probed",
                            f->name, (unsigned long long)f->addr);
    return NULL;
}

static int attach_singly(struct session *s, const struct attach_points *p, int prog, fd_vec *fds,
                         struct attach_outcome *o)
{
    size_t before = fds->n;
    int last = 0;
    if ((o->why = multi_too_many(s, p->n, "was built without CONFIG_FPROBE")))
        return -EMFILE;
    for (size_t i = 0; i < p->n; i++) {
        const struct attach_place *f = &p->places[i];
        int fd[2];
        size_t n = 0;
        int err = attach_one(f, prog, i, fd, &n);
        for (size_t k = 0; k < n; k++)
            vec_push(s->arena, fds, fd[k]);
        if (!err)
            continue;
        last = err;
        if (!multi_is_refusal(err) || !f->one_of_many) {
            o->why = explain(s, f, err);
            return err;
        }
        multi_refuse(p, i, o);
    }
    /* Of a pattern's functions any may be refused; it says so when it was the only one. */
    return fds->n > before || p->places[0].one_of_many ? 0 : last;
}

int kprobe_attach(struct session *s, const struct attach_points *p, int prog_fd, fd_vec *fds,
                  struct attach_outcome *o)
{
    if (p->prog == PROG_FENTRY || p->prog == PROG_LSM) {
        int fd = bpfcall_raw_tracepoint(NULL, prog_fd);
        if (fd >= 0)
            vec_push(s->arena, fds, fd);
        return fd < 0 ? fd : 0;
    }
    return p->prog == PROG_KPROBE_MULTI ? attach_multi(s, p, prog_fd, fds, o)
                                        : attach_singly(s, p, prog_fd, fds, o);
}
