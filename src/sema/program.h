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
};

/* BPF program type that runs the handler (values are ours). */
enum prog_kind {
    PROG_SYSCALL,
    PROG_TRACING, /* arguments are pointers that the verifier knows */
    PROG_RAW_TP,  /* arguments are numbers */
    PROG_PERF_EVENT,
    PROG_KPROBE, /* kprobes and uprobes: the context is struct pt_regs */
};

struct attach_point {
    enum attach_kind kind;
    enum prog_kind prog;
    int64_t sequence; /* begin(N), end(N), error(N) */
    uint64_t interval_ns, random_ns;
    const char *name; /* tracepoint or syscall name */
    uint32_t btf_id;  /* ATTACH_TRACEPOINT, _SYSCALL_*: id of the typedef in vmlinux BTF */
    int32_t nr;       /* system call number; -1 = every call */
    bool exit_after;  /* oneshot: the session ends when the handler has run */
    void *priv;       /* the provider's own */
};

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
