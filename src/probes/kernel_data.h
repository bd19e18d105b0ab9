/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/: target expressions over kernel data whose type is in BTF. */
#pragma once
#include "debuginfo/btf.h"
#include "probes/families.h"

/* A part of something that is not in one place: `e` is its value or its address, NULL when
 * it was optimised away.  In the order of their bits. */
struct value_part {
    uint32_t bit, bits;
    struct expr *e;
    bool memory;
};
typedef VEC(struct value_part) value_part_vec;

/* How the kernel's type is found in another kernel: as in struct kernel_fact.  root NULL: not
 * asked for. */
struct type_origin {
    const char *root, *module, *path;
};

/* A value of a known type: `e` is the value itself, or, for structures, unions
 * and arrays, its address. */
struct kernel_value {
    struct expr *e;
    uint32_t type; /* BTF id, as declared */
    bool pointer;  /* e points to the type: @cast, for which BTF may have no pointer type */
    bool user;     /* user memory */
    /* Instead of e, which is a number without meaning: the parts of a structure or an array,
     * from bit `at` on.  Of a pointer: those of what it points to; it has no value itself. */
    const value_part_vec *parts;
    uint32_t at;
    /* In an image for another machine: of `type`; and where e was loaded from, or NULL. */
    struct type_origin from;
    struct expr *address;
};

/* ---- kernel_live.c: for an image that is for another machine ---- */

/* It is, and the types are the kernel's. */
bool klive(const struct session *s, const struct kernel_btf *b);
/* Of the type `id`, which is behind `step` of one at `from` (may be NULL). */
struct type_origin klive_origin(struct session *s, struct kernel_btf *b, uint32_t id,
                                const struct type_origin *from, const char *step);
/* Of a parameter (kind p), of a tracepoint's argument (a), of a result (r; name NULL). */
struct type_origin klive_parameter(struct session *s, const char *module, char kind,
                                   const char *function, const char *name);
/* The fact where that is passed: in a word of the context, or so far behind the stack pointer. */
uint32_t klive_place(struct session *s, const struct type_origin *o, bool on_stack);
/* As kdata_narrow. */
struct expr *klive_narrow(struct session *s, struct kernel_btf *b, struct expr *word, uint32_t type,
                          const struct type_origin *from);
/* A member of v, or of what it points to, which has it; `optional`: 0 where there is none. */
struct kernel_value klive_member(struct session *s, struct kernel_btf *b, const struct token *tok,
                                 const struct kernel_value *v, const char *name, bool optional);
/* An element of v, which is an array or points to its first; `index` NULL: that one. */
struct kernel_value klive_element(struct session *s, struct kernel_btf *b, const struct token *tok,
                                  const struct kernel_value *v, uint32_t type, struct expr *index);

/* kernel_parts.c: the number that some bits (64 at most) of the parts are, not extended by its
 * sign; NULL when they are not all there. */
struct expr *kdata_bits(struct session *s, const struct token *tok, const value_part_vec *parts,
                        uint32_t at, uint32_t bits);
/* The address of what begins at that bit; NULL when it is not in memory. */
struct expr *kdata_part_address(struct session *s, const struct token *tok,
                                const value_part_vec *parts, uint32_t at);

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
/* The same of a variable that cannot be read: its parts have question marks. */
void kdata_format_unknown(struct session *s, struct kernel_btf *b, uint32_t type, int dollars,
                          const char **format);
/* @cast(…) to a type of the kernel, with its components; NULL with *why set. */
struct expr *kdata_cast(struct session *s, const struct expr *e, bool lvalue, const char **why);
/* kernel_global.c: @var("NAME"[, "kernel" or a module]); `home`: the module that is looked in
 * first where none is named, or NULL.  NULL with *why set, or, when a program is named, not. */
struct expr *kdata_global(struct session *s, const struct expr *e, const char *home, bool lvalue,
                          const char **why);
/* The same as kdata_cast for a type of a program or library (process_data.c). */
struct expr *udata_cast(struct session *s, const struct expr *e, const char *path, bool lvalue,
                        const char **why);
/* @var of a program or library that it names, in any context (process_global.c). */
struct expr *udata_global(struct session *s, const struct expr *e, bool lvalue, const char **why);
/* Whether memory of programs may be written; false: *why is set. */
bool udata_may_write(struct session *s, const char **why);
/* `e`, or NULL with *why when it is assigned to and is no number in memory. */
struct expr *udata_written(struct expr *e, bool lvalue, const char **why);
/* value_type.c: `e`, which is noted to be a number of the type of `v`. */
struct expr *kdata_typed(struct session *s, struct kernel_btf *b, struct expr *e,
                         const struct kernel_value *v);
/* $$vars, $$parms, $$locals, $$return */
bool target_is_group(const struct target *t);
/* sprintf(format, args…) */
struct expr *kdata_sprintf(struct session *s, const struct token *tok, const char *format,
                           const expr_vec *args);
/* For families without variables of their own: provider->target with @cast alone. */
struct expr *kdata_only_cast(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                             const char **why);
