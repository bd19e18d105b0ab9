/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The *program*: what pass 2 makes and pass 3 reads.  Every probe is resolved
 * to one attach point, every symbol to a variable, every expression has its
 * type, target variables have become EX_CTX / EX_DEREF / EX_DEREF_STR trees. */
#pragma once
#include "lang/ast.h"

/* What a handler waits for. */
enum attach_kind {
    ATTACH_BEGIN,      /* run once at start, in order of `sequence` */
    ATTACH_END,        /* run once at the end */
    ATTACH_ERROR,      /* instead of end when the session ends with an error */
    ATTACH_NEVER,      /* compiled, never attached */
    ATTACH_ASK,        /* run by the session in any state when it wants to know something */
    ATTACH_TIMER,      /* run by user space every interval_ns (+ random up to random_ns) */
    ATTACH_PROFILE,    /* perf event on every CPU: priv is its struct perf_event_attr, or NULL for
                          the software clock with the period `interval_ns` */
    ATTACH_TRACEPOINT, /* tp_btf: name, btf_id of the btf_trace_NAME typedef */
    ATTACH_SYSCALL_ENTER, /* tp_btf sys_enter when the number is `nr` */
    ATTACH_SYSCALL_EXIT,
    ATTACH_UPROBE, /* by the provider */
    ATTACH_URETPROBE,
    ATTACH_KPROBE,
    ATTACH_KRETPROBE,
    ATTACH_NETFILTER,
    ATTACH_PROCFS_READ, /* by the session, when a file is read: priv is its struct procfs_point */
    ATTACH_PROCFS_WRITE,
    ATTACH_INPUT, /* by the session, for each line of standard input, or (sequence) character */
    ATTACH_WATCH, /* by the provider */
};

/* A file that procfs probes make. */
#define PROCFS_VALUE "$value" /* the variable whose assignments a reader gets */
enum { PROCFS_SIZE_MAX = 16 << 20 };
#define PROCFS_UMASK UINT32_MAX /* none was given */
struct procfs_point {
    const char *path; /* below the session's folder */
    uint32_t umask;
    uint64_t maxsize; /* bytes of $value that a reader gets */
};

/* BPF program type that runs the handler (values are ours). */
enum prog_kind {
    PROG_SYSCALL,
    PROG_TRACING, /* arguments are pointers that the verifier knows */
    PROG_RAW_TP,  /* arguments are numbers */
    PROG_PERF_EVENT,
    PROG_KPROBE, /* kprobes and uprobes: the context is struct pt_regs */
    PROG_FENTRY, /* the context is arguments by number, and the result (CTX_RESULT): kernel function
                  */
    PROG_LSM,    /* the same, without a result */
    PROG_NETFILTER,    /* two pointers, struct bpf_nf_ctx; few helpers, and its result counts */
    PROG_KPROBE_MULTI, /* the same, for a link to many functions */
    PROG_UPROBE_MULTI, /* the same, for a link to many places of a program */
};

/* System calls by slot: a number, or CALLS_32 + the number that a 32-bit program uses. */
enum { CALL_NONE = -2, CALLS_32 = 512, CALLS_MAX = 1024 };
struct call_set {
    uint64_t bits[CALLS_MAX / 64];
};
static inline void call_add(struct call_set *c, uint32_t slot)
{
    c->bits[slot / 64] |= 1ull << slot % 64;
}
static inline bool call_in(const struct call_set *c, uint32_t slot)
{
    return slot < CALLS_MAX && c->bits[slot / 64] >> slot % 64 & 1;
}
/* EX_CTX.num in a PROG_FENTRY: of the result, and of a number that is the same at the entry
 * and at the return of one call, and no other's meanwhile. */
enum { CTX_RESULT = 100, CTX_FRAME };

/* Registers, by their offsets in struct pt_regs, that are not at the place of a probe what they
 * were at the address that it stands for: what is in `now` there, and `add` more; now < 0: lost. */
struct moved_registers {
    struct moved_register {
        int32_t reg, now, add;
    } v[16];
    unsigned n;
};

struct attach_point {
    enum attach_kind kind;
    enum prog_kind prog;
    int64_t sequence; /* begin(N), end(N), error(N) */
    uint64_t interval_ns, random_ns;
    uint32_t hz;        /* the intervals are so many ticks a second here; 0: no ticks */
    const char *name;   /* tracepoint or syscall name */
    const char *module; /* of a tracepoint or kernel function; NULL: the kernel's own */
    uint32_t btf_id;    /* PROG_FENTRY: of the function; ATTACH_TRACEPOINT, _SYSCALL_*: id of the
                           typedef in vmlinux BTF */
    int32_t nr;         /* system call number; -1 = every call, or CALL_NONE */
    int32_t nr32;       /* … of a 32-bit program, or CALL_NONE */
    uint32_t shift;     /* the place is so far behind the address that it stands for */
    const struct moved_registers *moved; /* … and these have changed on the way; or NULL */
    bool is_32;                          /* in a program of 32 bits */
    bool at_ret;                         /* of returns: at the instruction that returns */
    bool exit_after;                     /* oneshot: the session ends when the handler has run */
    void *priv;                          /* the provider's own */
};

/* The calls that a probe with these numbers is for; nr is not -1. */
static inline struct call_set attach_calls(int32_t nr, int32_t nr32)
{
    struct call_set c = {{0}};
    if (nr >= 0 && nr < CALLS_32)
        call_add(&c, (uint32_t)nr);
    if (nr32 >= 0 && nr32 < CALLS_32)
        call_add(&c, (uint32_t)nr32 + CALLS_32);
    return c;
}

/* A system call that no program can make here: its handler never runs. */
static inline bool attach_impossible(const struct attach_point *a)
{
    return (a->kind == ATTACH_SYSCALL_ENTER || a->kind == ATTACH_SYSCALL_EXIT) &&
           a->nr == CALL_NONE && a->nr32 == CALL_NONE;
}

struct probe_provider;

struct probe {
    const char
        *pp; /* what pp() says: the final probe point, "kernel.trace(\"sched:sched_switch\")" */
    const char *alias_pp; /* the most specific name a user wrote or matched: shown by -l, ppfunc */
    const char *derivation; /* -p2: "alias = its points <- the points of the script" */
    const char *script_pp;  /* as in the script, for "in probe …" of messages */
    const struct token *tok;
    const struct token *decl_tok; /* the word `probe` */
    const struct probe_provider *provider;
    struct attach_point attach;
    struct expr *condition; /* TY_LONG or NULL */
    struct stmt *body;
    variable_vec locals;
    int id; /* index in program.probes */
    struct entry_saves
        *saves[2]; /* sema: values kept from the entry; [1]: from its first instruction */
    /* Others with the same handler, which this one's program serves too (sema/merge.c).
     * Their numbers are 1 …, this one's is 0. */
    VEC(struct probe *) also;
};

struct regex {
    const char *pattern;
    bool captures; /* matched()/ngroups() are used */
};

struct program {
    struct arena *arena;
    VEC(struct variable *) globals;
    VEC(struct function *) functions; /* used ones, callees before callers where no cycle */
    VEC(struct probe *) probes;       /* begin probes in order of sequence */
    VEC(struct regex) regexes;
};
