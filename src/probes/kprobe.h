/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the probes of kernel functions: kprobe.c (their patterns and variables),
 * kprobe_find.c (which functions a pattern names), kprobe_attach.c. */
#pragma once
#include "base/hash.h"
#include "probes/kernel_data.h"
#include "probes/process.h"

/* probe_pattern.id of these families */
enum kprobe_point {
    KP_ENTRY,
    KP_RETURN,
    KP_EXPORTED,
    KP_STATEMENT, /* "function+offset" */
    KP_ABSOLUTE,  /* an address */
    KP_NEAREST_ADDRESS,
    KP_DWARF, /* and above: what needs the kernel's debug information, an enum process_point */
    KP_INLINE = KP_DWARF + P_INLINE,
    KP_LABEL = KP_DWARF + P_LABEL,
    KP_CALLEE = KP_DWARF + P_CALLEE,
    KP_CALLEE_RETURN = KP_DWARF + P_CALLEE_RETURN,
    KP_NEAREST = KP_DWARF + P_NEAREST,
};

/* attach_point.priv */
struct kernel_function {
    const char *name, *module;    /* module NULL: the kernel itself */
    struct kernel_btf *btf;       /* where proto is from */
    const struct btf_type *proto; /* NULL: not in BTF */
    uint64_t addr;                /* 0: by name */
    uint64_t offset;              /* from the start of the function */
    bool is_return, one_of_many;
    bool optional; /* the script can do without it */
    bool settled;
    struct probe *pair; /* of a return: what saves values for it at the entry; and back */
};

/* Appends a probe for each function that the point names; NULL, or why there is none. */
const char *kprobe_find(struct session *s, const struct probe_pattern *pat,
                        const struct probe_point *pp, probe_vec *out, const char **hint);

/* Where the calling convention puts a parameter: a word of the registers, or of the stack
 * behind the return address. */
struct kprobe_place {
    uint32_t word, words;
    bool in_register;
};
struct kprobe_place kprobe_place(struct kernel_btf *b, const struct btf_type *proto, uint32_t i);

/* provider->target, by the prototype of the function. */
struct expr *kprobe_target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why);
/* The variables of a probe for -L. */
const char *kprobe_variables(struct session *s, const struct probe *p);
/* instead.c: a probe that tells of the same event as a function (or as the functions of a
 * pattern), for kernels that cannot probe it; NULL: none is known. */
const char *kprobe_instead(struct session *s, const char *function);
/* probe_provider.settle */
void kprobe_settle(struct session *s, struct probe *p);
/* … of a probe that is called with arguments by number (PROG_LSM). */
void kprobe_settle_hook(struct session *s, struct probe *p);
