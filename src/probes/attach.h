/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a loaded program is attached to, as plain data: all that pass 5 knows of a probe
 * point.  A family fills it in (probe_provider.place) when pass 2 is over. */
#pragma once
#include "base/vec.h"
#include "sema/program.h"

struct session;

typedef VEC(int) fd_vec;

/* Events of perf between two samples. */
struct perf_sampling {
    uint32_t type;
    uint64_t config;
    uint64_t period; /* or, with `freq`, samples a second; 0: none of perf's events */
    bool freq;
};

/* One point of the running system. */
struct attach_place {
    const char *pp;            /* the probe point in full */
    const char *name, *module; /* kernel function; module NULL: the kernel itself */
    const char *path;          /* of a program or library */
    const char *identity;      /* … its build-id or checksum; NULL: not known */
    const char *symbol;        /* … the function, where nothing but its name was made use of */
    uint32_t shift;            /* … attach_point.shift */
    uint64_t addr;             /* of a kernel function; 0: by name */
    uint64_t offset;           /* in the kernel function, or in the file */
    uint64_t semaphore;        /* in the file; 0: none */
    int32_t pid;               /* 0: every process; -1: that of staprun -x, if there is one */
    unsigned doubt;            /* arch_uprobe_doubt() */
    bool is_return;
    bool one_of_many; /* of a pattern: the kernel may refuse it */
    struct perf_sampling perf;
    uint32_t pf, hook; /* netfilter */
    int32_t priority;
    uint32_t umask;   /* procfs: of the file `path` below the session's folder */
    uint64_t maxsize; /* … bytes of $value that a reader gets */
    bool of_target;   /* of the process of -c or -x */
    bool by_char;     /* of standard input, not by line */
};

/* The points that one program serves; each has its index as cookie. */
struct attach_points {
    enum attach_kind kind;
    enum prog_kind prog;
    struct attach_place *places;
    size_t n; /* at least 1 */
};

/* What attach_points_to left out. */
struct attach_outcome {
    size_t refused;
    const char *example; /* the name of one of them */
    const char *why;     /* of a failure: more than its number says; or NULL */
};

/* Ticks a second of this kernel's clock. */
int64_t kernel_hz(const struct session *s);
/* Whether a family attaches these itself; otherwise bpf/attach.c does. */
bool attach_by_family(enum attach_kind kind);
/* Chooses the kind of program by what the running kernel has.  Before it is loaded. */
void attach_settle(struct attach_points *a);
/* In an image for a file: what a point's program is known by. */
void attach_identify(struct session *s, enum attach_kind kind, struct attach_place *p);
/* In one from a file: it is the same here, or the place was found again.  False with *why. */
bool attach_verify(struct session *s, enum attach_kind kind, struct attach_place *p,
                   const char **why);
/* Attaches a loaded program to all points that the kernel does not refuse, if there is any
 * such.  0 or -errno; descriptors to close are appended. */
int attach_points_to(struct session *s, const struct attach_points *a, int prog_fd, fd_vec *fds,
                     struct attach_outcome *outcome);
