/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that look at variables of the traced code ($x, @var, @entry, and @cast to its types)
 * are copied for each probe that calls them, and so are functions that call such ones. */
#include <string.h>

#include "base/hash.h"
#include "sema/sema.h"

enum {
    NEEDS_TARGET = 1,
    NEEDS_TYPES = 2, /* a cast that does not say whose types: in a program its own come first */
    NEEDS_KNOWN = 4,
};

struct reach {
    struct sema *m;
    const struct function *fn;
    struct hash seen;
    uint8_t needs;
};

static void look_stmt(struct stmt **sp, void *arg);

static void look_function(struct reach *r, const struct function *f)
{
    if (!f->body || !hash_put(&r->seen, arena_printf(r->m->arena, "%p", (const void *)f), r))
        return;
    const struct function *from = r->fn;
    struct stmt *body = (struct stmt *)(f->as_written ? f->as_written : f->body);
    r->fn = f;
    look_stmt(&body, r);
    r->fn = from;
}

static void look_expr(struct expr **ep, void *arg)
{
    struct reach *r = arg;
    struct expr *e = *ep;
    if ((e->kind == EX_TARGET && !e->target->module) || e->kind == EX_ENTRY)
        r->needs |= NEEDS_TARGET;
    if (e->kind == EX_CAST && e->target->type && !e->target->module && !r->fn->src->tapset)
        r->needs |= NEEDS_TYPES;
    const function_vec *all = e->kind == EX_CALL ? hash_get(&r->m->functions, e->str) : NULL;
    for (size_t i = 0; all && i < all->n; i++)
        if (all->v[i]->params.n == e->args.n)
            look_function(r, all->v[i]);
    expr_children(e, look_expr, r);
}

static void look_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, look_expr, look_stmt, arg);
}

static uint8_t needs_of(struct sema *m, struct function *f)
{
    if (f->needs)
        return f->needs;
    struct reach r = {.m = m};
    hash_init(&r.seen, m->arena);
    look_function(&r, f);
    f->needs = r.needs | NEEDS_KNOWN;
    if (r.needs)
        f->as_written = stmt_clone(m->arena, f->body);
    return f->needs;
}

static bool of_program(const struct probe *p)
{
    return p->attach.kind == ATTACH_UPROBE || p->attach.kind == ATTACH_URETPROBE;
}

struct function *context_function(struct sema *m, struct function *f, struct probe *p)
{
    uint8_t needs = p ? needs_of(m, f) : 0;
    if (!(needs & NEEDS_TARGET) && !((needs & NEEDS_TYPES) && of_program(p)))
        return f;
    for (size_t i = f->copies.n; i-- > 0;)
        if (f->copies.v[i]->context == p)
            return f->copies.v[i];
    struct function *c = arena_new_obj(m->arena, struct function);
    *c = *f;
    c->unique = arena_printf(m->arena, "%s__probe_%zu", f->unique, f->copies.n);
    c->body = stmt_clone(m->arena, f->as_written);
    c->context = p;
    c->used = false;
    c->flow = (struct value_flow){0};
    memset(&c->copies, 0, sizeof c->copies);
    memset(&c->locals, 0, sizeof c->locals);
    memset(&c->params, 0, sizeof c->params);
    vec_for (i, f->params) {
        struct variable *v = arena_new_obj(m->arena, struct variable);
        *v = *f->params.v[i];
        v->flow = (struct value_flow){0};
        /* What was inferred for others does not hold here. */
        if (v->type_tok) {
            v->type = TY_UNKNOWN;
            v->type_tok = NULL;
        }
        vec_push(m->arena, &c->params, v);
    }
    vec_push(m->arena, &f->copies, c);
    return c;
}
