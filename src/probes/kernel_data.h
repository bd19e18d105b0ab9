/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/: target expressions over kernel data whose type is in BTF. */
#pragma once
#include "debuginfo/btf.h"
#include "probes/families.h"

/* A value of a known type: `e` is the value itself, or, for structures, unions
 * and arrays, its address. */
struct kernel_value {
    struct expr *e;
    uint32_t type; /* BTF id, as declared */
    bool pointer;  /* e points to the type: @cast, for which BTF may have no pointer type */
    bool user;     /* user memory */
};

/* The value of an argument passed in a 64-bit word. */
struct expr *kdata_narrow(struct session *s, struct kernel_btf *b, struct expr *word,
                          uint32_t type);
/* The value at an address: loaded when it is a scalar. */
struct kernel_value kdata_at(struct session *s, struct kernel_btf *b, const struct token *tok,
                             struct expr *address, uint32_t type, bool user);
/* A type as C writes it, the way that -L shows it: "char const*", "struct node*". */
const char *kdata_c_type(struct session *s, struct kernel_btf *b, uint32_t id);
/* Applies ->, [ ], & and trailing $ of `t` to v.  NULL with *why set. */
struct expr *kdata_steps(struct session *s, struct kernel_btf *b, struct kernel_value v,
                         const struct target *t, const struct token *tok, const char **why);
/* A value as $$vars shows it, or, with `dollars` 1 or 2, as $var$ and $var$$ do: format
 * text and its arguments are appended. */
void kdata_format(struct session *s, struct kernel_btf *b, struct kernel_value v, int dollars,
                  const char **format, expr_vec *args);
/* @cast(…) to a type of the kernel, with its components; NULL with *why set. */
struct expr *kdata_cast(struct session *s, const struct expr *e, bool lvalue, const char **why);
/* The same for a type of a program or library (process_data.c). */
struct expr *udata_cast(struct session *s, const struct expr *e, const char *path, bool lvalue,
                        const char **why);
/* sprintf(format, args…) */
struct expr *kdata_sprintf(struct session *s, const struct token *tok, const char *format,
                           const expr_vec *args);
/* For families without variables of their own: provider->target with @cast alone. */
struct expr *kdata_only_cast(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                             const char **why);
