/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that need not be kept in variables.
 *
 * Strings that the library gives a handler (argstr, filename, …) and that it uses at
 * one place go there as what they are made of: they are not evaluated where the handler
 * does not come to that place, and what is printed is not put together before.
 *
 * A global that nobody writes is its first value, and what depends on that is decided
 * here: an option of the script that is off costs nothing. */
#include <string.h>

#include "sema/sema.h"

enum { OFTEN = 1000 }; /* in a loop */

struct counting {
    const struct variable *var;
    unsigned uses; /* on the way that has most of them */
    unsigned writes;
};

static void count_expr(struct expr **ep, void *arg);
static void count_stmt(struct stmt **sp, void *arg);

static unsigned uses_of(struct counting *w, struct expr *e)
{
    unsigned before = w->uses, n;
    w->uses = 0;
    if (e)
        count_expr(&e, w);
    n = w->uses;
    w->uses = before;
    return n;
}

static unsigned uses_in(struct counting *w, struct stmt *s)
{
    unsigned before = w->uses, n;
    w->uses = 0;
    if (s)
        count_stmt(&s, w);
    n = w->uses;
    w->uses = before;
    return n;
}

static unsigned max_of(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static void count_expr(struct expr **ep, void *arg)
{
    struct counting *w = arg;
    struct expr *e = *ep;
    if (e->kind == EX_TERNARY) {
        w->uses += uses_of(w, e->a) + max_of(uses_of(w, e->b), uses_of(w, e->c));
        return;
    }
    if ((e->kind == EX_ASSIGN || e->kind == EX_PRE || e->kind == EX_POST) &&
        e->a->kind == EX_SYMBOL && e->a->var == w->var) {
        w->writes++;
        if (e->op != OP_ASSIGN || e->kind != EX_ASSIGN)
            w->uses++;
        if (e->b)
            count_expr(&e->b, w);
        return;
    }
    if (e->kind == EX_SYMBOL && e->var == w->var)
        w->uses++;
    expr_children(e, count_expr, w);
}

static void count_stmt(struct stmt **sp, void *arg)
{
    struct counting *w = arg;
    struct stmt *s = *sp;
    if (s->kind == SM_IF) {
        w->uses += uses_of(w, s->e) + max_of(uses_in(w, s->then), uses_in(w, s->els));
        return;
    }
    unsigned before = w->uses;
    stmt_children(s, count_expr, count_stmt, w);
    bool loop = s->kind == SM_WHILE || s->kind == SM_FOR || s->kind == SM_FOREACH;
    if (loop && w->uses != before)
        w->uses += OFTEN;
    if (s->catch_var && s->catch_var->var == w->var)
        w->writes++;
}

/* ---- whether it may be evaluated later ---- */

struct inputs {
    struct probe *p;
    bool stable;
};

/* Variables it reads must not be written again, and globals not at all. */
static void check_input(struct expr **ep, void *arg)
{
    struct inputs *in = arg;
    const struct expr *e = *ep;
    if (e->kind == EX_SYMBOL && e->var) {
        struct counting w = {.var = e->var};
        count_stmt(&in->p->body, &w);
        if (e->var->is_global || w.writes > 1)
            in->stable = false;
    }
    if (e->kind == EX_INDEX || e->kind == EX_IN || e->kind == EX_STAT)
        in->stable = false;
    expr_children(*ep, check_input, in);
}

/* ---- doing it ---- */

struct replacing {
    struct arena *arena;
    const struct variable *var;
    struct expr *by;
    bool used;
};

static struct expr *copy(struct arena *a, const struct expr *e);

static void copy_child(struct expr **ep, void *arg)
{
    *ep = copy(arg, *ep);
}

/* As it is, with what pass 2 has found out. */
static struct expr *copy(struct arena *a, const struct expr *e)
{
    struct expr *c = arena_new_obj(a, struct expr);
    *c = *e;
    if (e->args.n) {
        c->args.v = arena_new_array(a, struct expr *, e->args.n);
        memcpy(c->args.v, e->args.v, e->args.n * sizeof *e->args.v);
        c->args.cap = e->args.n;
    }
    expr_children(c, copy_child, a);
    return c;
}

static void replace_expr(struct expr **ep, void *arg)
{
    struct replacing *r = arg;
    struct expr *e = *ep;
    if (e->kind == EX_SYMBOL && e->var == r->var) {
        *ep = r->used ? copy(r->arena, r->by) : r->by;
        r->used = true;
        return;
    }
    expr_children(e, replace_expr, r);
}

static void replace_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, replace_expr, replace_stmt, arg);
}

static void fold_child(struct expr **ep, void *arg)
{
    fold_expr(arg, *ep);
}

static void fold_stmt(struct stmt **sp, void *arg)
{
    struct stmt *s = *sp;
    stmt_children(s, fold_child, fold_stmt, arg);
    if (s->kind == SM_IF && s->e->kind == EX_NUMBER) {
        struct stmt *live = s->e->num ? s->then : s->els;
        *sp = live ? live : stmt_new(arg, SM_EMPTY, s->tok);
    }
}

static bool may_forward(struct probe *p, const struct stmt *s)
{
    const struct expr *e = s->kind == SM_EXPR ? s->e : NULL;
    if (!e || e->kind != EX_ASSIGN || e->op != OP_ASSIGN || e->a->kind != EX_SYMBOL)
        return false;
    const struct variable *v = e->a->var;
    if (!v || v->to_reader || v->is_global || v->arity > 0 || v->type != TY_STRING ||
        !v->tok->src->tapset || !pure_expr(e->b))
        return false;
    struct counting w = {.var = v};
    count_stmt(&p->body, &w);
    /* A literal costs nothing wherever it stands. */
    if (w.writes != 1 || (w.uses > 1 && e->b->kind != EX_STRING))
        return false;
    struct inputs in = {p, true};
    struct expr *value = e->b;
    check_input(&value, &in);
    return in.stable;
}

/* The last one first: what it is made of moves with it. */
static void forward_block(struct arena *a, struct probe *p, struct stmt *block)
{
    for (size_t i = block->body.n; i-- > 0;) {
        struct stmt *s = block->body.v[i];
        if (s->kind == SM_BLOCK) {
            forward_block(a, p, s);
        } else if (may_forward(p, s)) {
            struct replacing r = {a, s->e->a->var, s->e->b, false};
            s->kind = SM_EMPTY;
            s->e = NULL;
            replace_stmt(&p->body, &r);
            if (r.by->kind == EX_STRING)
                fold_stmt(&p->body, a);
        }
    }
}

/* ---- constants ---- */

static void constant_expr(struct expr **ep, void *arg)
{
    const struct sema *m = arg;
    struct arena *a = m->arena;
    struct expr *e = *ep;
    const struct variable *v = e->kind == EX_SYMBOL ? e->var : NULL;
    /* What the script declares may be set when an image is run. */
    if (v && m->s->portable && v->is_global && !v->synthetic && !v->tok->src->tapset)
        return;
    if (v && v->is_global && !v->written && v->arity <= 0) {
        if (v->type == TY_LONG)
            *ep = expr_number(a, e->tok, v->init ? v->init->num : 0);
        else if (v->type == TY_STRING)
            *ep = expr_string(a, e->tok, v->init ? v->init->str : "");
        (*ep)->type = v->type;
        return;
    }
    expr_children(e, constant_expr, arg);
}

static void constant_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, constant_expr, constant_stmt, arg);
}

static void put_constants(struct sema *m)
{
    vec_for (i, m->p->probes) {
        struct probe *p = m->p->probes.v[i];
        if (p->condition) {
            constant_expr(&p->condition, m);
            fold_expr(m->arena, p->condition);
        }
        if (p->body) {
            constant_stmt(&p->body, m);
            fold_stmt(&p->body, m->arena);
        }
    }
    vec_for (i, m->p->functions)
        if (m->p->functions.v[i]->body) {
            constant_stmt(&m->p->functions.v[i]->body, m);
            fold_stmt(&m->p->functions.v[i]->body, m->arena);
        }
}

void forward_values(struct sema *m)
{
    put_constants(m);
    vec_for (i, m->p->probes) {
        struct probe *p = m->p->probes.v[i];
        if (p->body && p->body->kind == SM_BLOCK)
            forward_block(m->arena, p, p->body);
    }
    recount_variables(m);
}
