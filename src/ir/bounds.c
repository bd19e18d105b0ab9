/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long each string can get: a fixed point over all assignments of the
 * program.  Keys and slots take only the room that can occur, which is most of
 * the cost of arrays with string keys. */
#include "ir/build.h"

#include <string.h>

struct bounds {
    struct session *s;
    struct function *fn; /* whose body is walked */
    bool changed;
    int round;
};

enum { ROUNDS_EXACT = 6 }; /* later growth comes from loops: take the maximum */

static uint32_t cap(const struct session *s, uint64_t n)
{
    return n > (uint64_t)s->maxstringlen ? (uint32_t)s->maxstringlen : (uint32_t)n;
}

static uint32_t print_bound(const struct session *s, const struct expr *e)
{
    fmt_vec parts = {0};
    fmt_of_print(s->arena, e, &parts);
    uint64_t sum = 1;
    size_t arg = 0;
    vec_for (i, parts) {
        const struct fmt_part *p = &parts.v[i];
        if (p->conv == FMT_LITERAL) {
            sum += p->len;
            continue;
        }
        if (p->width_arg || p->prec_arg)
            return (uint32_t)s->maxstringlen;
        uint64_t n =
            p->conv == FMT_STRING ? (arg < e->args.n ? bounds_expr(s, e->args.v[arg]) : 1) : 24;
        if (p->width > 0 && (uint64_t)p->width > n)
            n = (uint64_t)p->width;
        if (p->prec > 0 && p->conv != FMT_STRING && (uint64_t)p->prec + 3 > n)
            n = (uint64_t)p->prec + 3;
        sum += n;
        arg++;
    }
    return cap(s, sum);
}

static uint32_t intrinsic_bound(const struct session *s, const struct intrinsic *in)
{
    switch (in->bound) {
    case BOUND_PP:
        return s->pp_bound;
    case BOUND_FUNCTION:
        return s->probefunc_bound;
    case 0:
        return (uint32_t)s->maxstringlen;
    default:
        return in->bound;
    }
}

uint32_t bounds_expr(const struct session *s, const struct expr *e)
{
    uint32_t x = 1, y = 1;
    switch (e->kind) {
    case EX_STRING:
        return cap(s, strlen(e->str) + 1);
    case EX_SYMBOL:
        return e->var ? e->var->bound : 1;
    case EX_INDEX:
        return e->base && e->base->var ? e->base->var->bound : 1;
    case EX_CALL:
        vec_for (i, e->callees) {
            const struct function *f = e->callees.v[i];
            const struct intrinsic *in = f->intrinsic ? intrinsic_find(f->intrinsic) : NULL;
            y = in ? intrinsic_bound(s, in) : f->bound;
            x = y > x ? y : x;
        }
        return cap(s, x);
    case EX_BINARY:
        if (e->op == OP_CONCAT)
            return cap(s, (uint64_t)bounds_expr(s, e->a) + bounds_expr(s, e->b) - 1);
        return 1;
    case EX_TERNARY:
        x = bounds_expr(s, e->b);
        y = bounds_expr(s, e->c);
        return x > y ? x : y;
    case EX_ASSIGN:
        return bounds_expr(s, e->op == OP_ASSIGN ? e->b : e->a);
    case EX_PRINT:
        x = print_bound(s, e);
        y = e->print->or_else ? (uint32_t)strlen(e->print->or_else) + 1 : 0;
        return x > y ? x : y;
    default:
        return (uint32_t)s->maxstringlen;
    }
}

static void raise_to(struct bounds *w, uint32_t *at, uint32_t n)
{
    n = cap(w->s, n);
    if (n <= *at)
        return;
    *at = w->round > ROUNDS_EXACT ? (uint32_t)w->s->maxstringlen : n;
    w->changed = true;
}

static void note_keys(struct bounds *w, struct variable *v, struct expr *const *args, size_t n)
{
    for (size_t i = 0; v && v->key_bounds && i < n && i < (size_t)v->arity; i++)
        if (args[i] && v->key_types[i] == TY_STRING)
            raise_to(w, &v->key_bounds[i], bounds_expr(w->s, args[i]));
}

static void on_expr(struct expr **ep, void *arg)
{
    struct bounds *w = arg;
    struct expr *e = *ep;
    expr_children(e, on_expr, w);
    switch (e->kind) {
    case EX_ASSIGN:
        if (e->type != TY_STRING)
            break;
        {
            struct expr *lv = e->a;
            struct variable *v = lv->kind == EX_INDEX ? lv->base->var : lv->var;
            uint32_t n = bounds_expr(w->s, e->b);
            if (e->op == OP_CONCAT_EQ && v)
                n += v->bound - 1;
            if (v)
                raise_to(w, &v->bound, n);
        }
        break;
    case EX_CALL:
        vec_for (i, e->callees) {
            struct function *f = e->callees.v[i];
            for (size_t k = 0; k < f->params.n && k < e->args.n; k++)
                if (f->params.v[k]->type == TY_STRING)
                    raise_to(w, &f->params.v[k]->bound, bounds_expr(w->s, e->args.v[k]));
        }
        break;
    case EX_INDEX:
    case EX_IN:
        if (e->base && e->base->kind == EX_SYMBOL)
            note_keys(w, e->base->var, e->args.v, e->args.n);
        break;
    default:
        break;
    }
}

static void on_stmt(struct stmt **sp, void *arg)
{
    struct bounds *w = arg;
    struct stmt *s = *sp;
    stmt_children(s, on_expr, on_stmt, w);
    if (s->kind == SM_RETURN && s->e && w->fn && w->fn->type == TY_STRING)
        raise_to(w, &w->fn->bound, bounds_expr(w->s, s->e));
    if (s->kind == SM_TRY && s->catch_var && s->catch_var->var)
        raise_to(w, &s->catch_var->var->bound, ERRMSG_SIZE);
    if (s->kind == SM_FOREACH && s->foreach->base->kind == EX_SYMBOL) {
        struct variable *a = s->foreach->base->var;
        vec_for (i, s->foreach->keys) {
            struct variable *k = s->foreach->keys.v[i]->var;
            if (a && k && a->key_bounds && i < (size_t)a->arity && a->key_types[i] == TY_STRING)
                raise_to(w, &k->bound, a->key_bounds[i]);
        }
        if (a && s->foreach->value && s->foreach->value->var && a->type == TY_STRING)
            raise_to(w, &s->foreach->value->var->bound, a->bound);
        if (a)
            note_keys(w, a, s->foreach->slice.v, s->foreach->slice.n);
    }
}

static void start_var(struct bounds *w, struct variable *v)
{
    v->bound = 1;
    if (v->arity > 0) {
        v->key_bounds = arena_new_array(w->s->arena, uint32_t, v->arity);
        for (int i = 0; i < v->arity; i++)
            v->key_bounds[i] = 1;
    }
    if (v->init && v->init->kind == EX_STRING)
        v->bound = cap(w->s, strlen(v->init->str) + 1);
    /* staprun may set it to anything. */
    if (w->s->portable && v->is_global && v->arity <= 0 && !v->synthetic && !v->tok->src->tapset)
        v->bound = (uint32_t)w->s->maxstringlen;
}

static void longest(const struct session *s, const struct probe *p, uint32_t *pp, uint32_t *name)
{
    size_t alias = p->alias_pp ? strlen(p->alias_pp) : 0, own = strlen(p->pp);
    uint32_t n = cap(s, (alias > own ? alias : own) + 1);
    *pp = n > *pp ? n : *pp;
    n = cap(s, (p->attach.name ? strlen(p->attach.name) : 0) + 1);
    *name = n > *name ? n : *name;
}

/* What pp() and probefunc() may be. */
static void point_bounds(struct session *s, const struct program *p)
{
    vec_for (i, p->probes) {
        longest(s, p->probes.v[i], &s->pp_bound, &s->probefunc_bound);
        vec_for (k, p->probes.v[i]->also)
            longest(s, p->probes.v[i]->also.v[k], &s->pp_bound, &s->probefunc_bound);
    }
}

void bounds_infer(struct session *s, const struct program *p)
{
    struct bounds w = {.s = s};
    point_bounds(s, p);
    vec_for (i, p->globals)
        start_var(&w, p->globals.v[i]);
    vec_for (i, p->probes)
        vec_for (k, p->probes.v[i]->locals)
            start_var(&w, p->probes.v[i]->locals.v[k]);
    vec_for (i, p->functions) {
        struct function *f = p->functions.v[i];
        f->bound = 1;
        vec_for (k, f->params)
            start_var(&w, f->params.v[k]);
        vec_for (k, f->locals)
            start_var(&w, f->locals.v[k]);
    }
    do {
        w.changed = false;
        w.round++;
        vec_for (i, p->functions) {
            w.fn = p->functions.v[i];
            if (w.fn->body)
                on_stmt(&p->functions.v[i]->body, &w);
        }
        w.fn = NULL;
        vec_for (i, p->probes) {
            struct probe *pr = p->probes.v[i];
            if (pr->condition)
                on_expr(&pr->condition, &w);
            if (pr->body)
                on_stmt(&pr->body, &w);
        }
    } while (w.changed);
}
