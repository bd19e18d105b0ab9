/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/: the providers, one file each. */
#pragma once
#include "probes/attach.h"
#include "probes/provider.h"
#include "sema/session.h"

extern const struct probe_provider begin_provider;        /* begin_end.c */
extern const struct probe_provider timer_provider;        /* timer.c */
extern const struct probe_provider tracepoint_provider;   /* tracepoint.c */
extern const struct probe_provider syscall_provider;      /* syscall.c */
extern const struct probe_provider kprobe_provider;       /* kprobe.c */
extern const struct probe_provider kernel_place_provider; /* kernel_place.c; not in the table */
extern const struct probe_provider lsm_provider;          /* lsm.c */
extern const struct probe_provider netfilter_provider;    /* netfilter.c */
extern const struct probe_provider task_provider;         /* process_task.c */
extern const struct probe_provider process_provider;      /* process.c */
extern const struct probe_provider perf_provider;         /* perf.c */
extern const struct probe_provider procfs_provider;       /* procfs.c */
extern const struct probe_provider watch_provider;        /* watch.c */

/* attach.h, of each family; -errno. */
void process_settle(struct attach_points *a);
void process_identify(struct session *s, struct attach_place *p);
bool process_verify(struct session *s, struct attach_place *p, const char **why);
int process_attach(struct session *s, const struct attach_points *a, int prog_fd, fd_vec *fds,
                   struct attach_outcome *o);
int kprobe_attach(struct session *s, const struct attach_points *a, int prog_fd, fd_vec *fds,
                  struct attach_outcome *o);
int watch_attach(struct session *s, const struct attach_points *a, int prog_fd, fd_vec *fds,
                 struct attach_outcome *outcome);
int netfilter_attach(struct session *s, const struct attach_points *a, int prog_fd, fd_vec *fds);

static inline struct probe *new_probe(struct session *s, enum attach_kind kind, enum prog_kind prog)
{
    struct probe *p = arena_new_obj(s->arena, struct probe);
    p->attach.kind = kind;
    p->attach.prog = prog;
    return p;
}
