/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/process*.c: points in user programs. */
#pragma once
#include "debuginfo/dwarf.h"
#include "probes/arch.h"
#include "probes/kernel_data.h"

/* attach_point.priv of a probe in a program. */
struct user_point {
    struct dw_module *module;
    struct dw_function function; /* name NULL: a mark */
    uint64_t pc;
    uint32_t shift;     /* the probe is so far behind pc, where it costs less */
    uint64_t offset;    /* in the file, of the probe */
    uint64_t semaphore; /* in the file; 0: none */
    const struct dw_mark *mark;
    const char *path;
    pid_t pid; /* 0: every process */
    bool is_return;
    unsigned doubt;   /* arch_uprobe_doubt() */
    bool one_of_many; /* of a pattern: the kernel may refuse it */
};

typedef VEC(const char *) process_paths;
/* process_path.c: appends the files that a path, a name or a pattern stands for.
 * NULL, or why there is none. */
const char *process_programs(struct session *s, const char *name, bool library, process_paths *out);
/* The same for process(PID), and, pid 0, for what -c runs or -x names. */
const char *process_of_target(struct session *s, pid_t pid, process_paths *out);

/* The file that a process has mapped at an address, and the position in it; NULL with *why set. */
const char *process_mapping(struct session *s, pid_t pid, uint64_t addr, uint64_t *offset,
                            const char **why);

/* process_data.c: provider->target. */
struct expr *process_target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                            const char **why);
/* provider->entry. */
bool process_entry(struct session *s, const struct probe *p, const struct token *tok, bool start,
                   struct entry_point *out);
/* Whether the function of a point was called by `caller`, as a condition of the probe; NULL:
 * not known. */
struct expr *process_called_by(struct session *s, const struct user_point *u,
                               const struct token *tok, const struct dw_function *caller);
/* The variables of a point for -L, "" or beginning with a blank. */
const char *process_variables(struct session *s, const struct user_point *u);
/* The module of a program or library by its path; opened once. */
struct dw_module *process_module(struct session *s, const char *path, const char **why);

/* Completes a point whose pc is known; false: that address is not in the file. */
bool process_place(struct user_point *u);
/* How far behind the entry of a function it is probed. */
uint32_t process_shift(const struct dw_module *m, uint64_t entry);

/* process_mark.c: the n-th argument of a mark (from 1); NULL with *why. */
struct expr *mark_argument(struct session *s, const struct user_point *u, const struct token *tok,
                           unsigned n, const char **why);
unsigned mark_arguments(const struct dw_mark *m);
/* A register of the interrupted program, and an address in its file as it is there. */
struct expr *process_register(struct session *s, const struct token *tok, int32_t offset);
struct expr *process_address(struct session *s, const struct user_point *u, const struct token *tok,
                             uint64_t addr);

/* The tasks that are meant by the argument of process(…): a program's path, a number, or none for
 * the process of -c and -x; *out is NULL when they are all.  A reason when there is no such. */
const char *process_condition(struct session *s, const struct expr *arg, const struct token *tok,
                              struct expr **out);
