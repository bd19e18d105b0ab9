/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/: places that debug information tells of, in user programs (process*.c) and,
 * where its own is installed, in the kernel (kernel_place.c). */
#pragma once
#include "debuginfo/dwarf.h"
#include "probes/arch.h"
#include "probes/kernel_data.h"
#include "probes/kernel_image.h"

enum process_point {
    P_FUNCTION,
    P_CALL,
    P_RETURN,
    P_EXPORTED,
    P_INLINE,
    P_LABEL,
    P_CALLEE,
    P_CALLEE_RETURN,
    P_STATEMENT,
    P_NEAREST,
    P_ABSOLUTE,
    P_MARK,
    P_PLT,
    P_PLT_RETURN
};

/* attach_point.priv of a probe at such a place. */
struct user_point {
    struct dw_module *module;
    struct dw_function function; /* name NULL: a mark */
    uint64_t pc;
    uint32_t shift;                      /* the probe is so far behind pc, where it costs less */
    const struct moved_registers *moved; /* registers that change on the way; NULL: none */
    uint64_t offset;                     /* in the file, of the probe */
    uint64_t semaphore;                  /* in the file; 0: none */
    const struct dw_mark *mark;
    struct expr *base; /* where address 0 of the module is, when the probe is not in it; or NULL */
    const char *path;
    struct kernel_image *kernel; /* NULL: a program */
    uint64_t address;            /* of the kernel: in memory, of the probe */
    pid_t pid;                   /* 0: every process */
    bool is_return;
    bool at_ret;      /* is_return: pc is a return instruction */
    bool unsafe;      /* what unwinds the stack there would not get past the probe */
    unsigned doubt;   /* arch_uprobe_doubt() */
    bool one_of_many; /* of a pattern: the kernel may refuse it */
};

typedef VEC(const char *) process_paths;
/* process_path.c: appends the files that a path, a name or a pattern stands for.
 * NULL, or why there is none. */
const char *process_programs(struct session *s, const char *name, bool library, process_paths *out);
/* Whether two paths lead to one file. */
bool process_same_file(const char *a, const char *b);
/* process_build_id.c: whether a name is a build-id in hexadecimal; the files that have it, as
 * process_programs() does. */
bool process_is_build_id(const char *name);
const char *process_by_build_id(struct session *s, const char *name, process_paths *out);
/* The libraries, by a pattern of their names, that these programs and their libraries are
 * linked with. */
const char *process_libraries(struct session *s, const process_paths *programs, const char *pattern,
                              process_paths *out);
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
/* process_file.c: in an image for another machine: what is known of the file holds for this very
 * one. */
void process_need_same(struct session *s, const char *path);
bool process_is_same(struct session *s, const char *path, const char *is, const char **why);

/* header_types.c: a module with the types of headers, "<a.h><b.h>"; NULL with *why set. */
struct dw_module *header_module(struct session *s, const char *headers, const char **why);
/* The module of a program or library by its path, or of headers; opened once. */
struct dw_module *process_module(struct session *s, const char *path, const char **why);

/* process_cheap.c: completes a point whose pc is known; false: that address is not in the file. */
bool process_place(struct session *s, struct user_point *u);
/* process_returns.c: the return instructions that stand for a probe of returns; false: it has
 * to be the kernel's, and u->unsafe is set. */
typedef VEC(uint64_t) return_vec;
bool process_returns(struct session *s, struct user_point *u, return_vec *out);
/* provider->choose. */
void process_choose(struct session *s, struct probe *p);
/* Appends the places in the kernel or a module that `pp` names by function(…) or statement(…).
 * NULL, or why there is none. */
const char *process_in_kernel(struct session *s, enum process_point id,
                              const struct probe_point *pp, struct kernel_image *kernel,
                              probe_vec *out);
/* The statement of a function of the kernel that an address in memory is in. */
const char *process_nearest_in_kernel(struct session *s, const struct probe_point *pp,
                                      struct kernel_image *kernel, const char *function,
                                      uint64_t addr, probe_vec *out);
/* Where a function of another build of the file is probed when it has to be `shift` behind its
 * entry, as in the first; false: not there. */
bool process_same_place(struct session *s, struct dw_module *m, const struct dw_function *f,
                        uint32_t shift, uint64_t *offset);

/* The value of a place of the point's module; false with *why set. */
bool process_value(struct session *s, const struct user_point *u, const struct token *tok,
                   const struct dw_place *place, struct kernel_value *out, const char **why);

/* process_stepped.c: provider->settle. */
void process_report_stepped(struct session *s, struct probe *p);

/* process_global.c: @var in a probe of a program. */
struct expr *process_global(struct session *s, const struct user_point *u, const struct expr *e,
                            const char **why);

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
