/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "probes/kernel_data.h"

struct value_type {
    const char *name; /* of a structure of the kernel; NULL: the two below */
    struct kernel_btf *types;
    struct kernel_value v; /* e is NULL */
};

const struct value_type *value_type_kernel(struct session *s, const char *name)
{
    struct value_type *t = arena_new_obj(s->arena, struct value_type);
    t->name = name;
    return t;
}

struct expr *kdata_typed(struct session *s, struct kernel_btf *b, struct expr *e,
                         const struct kernel_value *v)
{
    struct value_type *t = arena_new_obj(s->arena, struct value_type);
    t->types = b;
    t->v = *v;
    t->v.e = t->v.address = NULL;
    t->v.parts = NULL;
    e->of = t;
    return e;
}

/* What a pointer points to, however it is written. */
static uint32_t pointed(const struct value_type *t, bool *pointer)
{
    uint32_t id = kbtf_skip(t->types, t->v.type);
    const struct btf_type *d = kbtf_peek(t->types, id);
    *pointer = t->v.pointer;
    if (!*pointer && d && BTF_INFO_KIND(d->info) == BTF_KIND_PTR) {
        *pointer = true;
        id = kbtf_skip(t->types, d->type);
    }
    return id;
}

static const char *name_of(const struct value_type *t, uint32_t *kind)
{
    bool pointer;
    uint32_t id = pointed(t, &pointer);
    const struct btf_type *d = kbtf_peek(t->types, id);
    *kind = d ? BTF_INFO_KIND(d->info) : BTF_KIND_UNKN;
    return d ? kbtf_name(t->types, d->name_off) : "";
}

static bool is_named(struct session *s, const struct value_type *t, const char *name)
{
    const char *why;
    uint32_t kind;
    return t->types == session_btf(s, &why) && strcmp(name_of(t, &kind), name) == 0 &&
           kind == BTF_KIND_STRUCT;
}

bool value_type_same(struct session *s, const struct value_type *a, const struct value_type *b)
{
    if (a == b)
        return true;
    if (a->name && b->name)
        return strcmp(a->name, b->name) == 0;
    if (a->name || b->name)
        return a->name ? is_named(s, b, a->name) : is_named(s, a, b->name);
    bool pa, pb;
    uint32_t ia = pointed(a, &pa), ib = pointed(b, &pb), ka, kb;
    if (a->types != b->types || pa != pb || a->v.user != b->v.user)
        return false;
    /* Debug information describes a structure anew in each file of a program. */
    const char *na = name_of(a, &ka), *nb = name_of(b, &kb);
    return ia == ib || (*na && ka == kb && strcmp(na, nb) == 0 &&
                        kbtf_size(a->types, ia) == kbtf_size(b->types, ib));
}

const char *value_type_text(struct session *s, const struct value_type *t)
{
    if (t->name)
        return arena_printf(s->arena, "struct %s*", t->name);
    return arena_printf(s->arena, "%s%s", kdata_c_type(s, t->types, t->v.type),
                        t->v.pointer ? "*" : "");
}

struct expr *value_target(struct session *s, const struct value_type *t, const struct expr *e,
                          bool lvalue, const char **why)
{
    *why = NULL;
    if (t->name) {
        struct expr *cast = expr_new(s->arena, EX_CAST, e->tok);
        cast->a = e->a;
        cast->target = arena_new_obj(s->arena, struct target);
        *cast->target = *e->target;
        cast->target->type = t->name;
        cast->target->module = "kernel";
        return kdata_cast(s, cast, lvalue, why);
    }
    if (lvalue && !t->v.user) {
        *why = "write to memory of the kernel is not possible";
        return NULL;
    }
    if (lvalue && !udata_may_write(s, why))
        return NULL;
    struct kernel_value v = t->v;
    v.e = e->a;
    return udata_written(kdata_steps(s, t->types, v, e->target, e->tok, why), lvalue, why);
}
