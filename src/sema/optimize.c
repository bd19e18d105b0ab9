/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Constant folding, and removing what nobody can notice. */
#include <string.h>

#include "sema/sema.h"

/* ---- folding ---- */

static bool fold_long(enum op op, int64_t x, int64_t y, int64_t *out)
{
    uint64_t a = (uint64_t)x, b = (uint64_t)y;
    switch (op) {
    case OP_ADD:
        *out = (int64_t)(a + b);
        return true;
    case OP_SUB:
        *out = (int64_t)(a - b);
        return true;
    case OP_MUL:
        *out = (int64_t)(a * b);
        return true;
    case OP_DIV:
    case OP_MOD:
        if (y == 0) /* an error when it runs */
            return false;
        if (y == -1)
            *out = op == OP_DIV ? (int64_t)(0 - a) : 0;
        else
            *out = op == OP_DIV ? x / y : x % y;
        return true;
    case OP_SHL:
        *out = (int64_t)(a << (b & 63));
        return true;
    case OP_SHR:
        *out = x >> (b & 63);
        return true;
    case OP_SHRU:
        *out = (int64_t)(a >> (b & 63));
        return true;
    case OP_BITAND:
        *out = (int64_t)(a & b);
        return true;
    case OP_BITOR:
        *out = (int64_t)(a | b);
        return true;
    case OP_BITXOR:
        *out = (int64_t)(a ^ b);
        return true;
    case OP_ANDAND:
        *out = x && y;
        return true;
    case OP_OROR:
        *out = x || y;
        return true;
    case OP_LT:
        *out = x < y;
        return true;
    case OP_GT:
        *out = x > y;
        return true;
    case OP_LE:
        *out = x <= y;
        return true;
    case OP_GE:
        *out = x >= y;
        return true;
    case OP_EQ:
        *out = x == y;
        return true;
    case OP_NE:
        *out = x != y;
        return true;
    default:
        return false;
    }
}

static void to_number(struct expr *e, int64_t n)
{
    e->kind = EX_NUMBER;
    e->num = n;
    e->type = TY_LONG;
    e->a = e->b = e->c = NULL;
}

static void fold_binary(struct arena *a, struct expr *e)
{
    int64_t n;
    if (e->a->kind == EX_NUMBER && e->b->kind == EX_NUMBER) {
        if (fold_long(e->op, e->a->num, e->b->num, &n))
            to_number(e, n);
        return;
    }
    if (e->a->kind != EX_STRING || e->b->kind != EX_STRING)
        return;
    int order = strcmp(e->a->str, e->b->str);
    if (e->op == OP_CONCAT) {
        e->str = arena_printf(a, "%s%s", e->a->str, e->b->str);
        e->kind = EX_STRING;
        e->type = TY_STRING;
        e->a = e->b = NULL;
    } else if (e->op >= OP_LT && e->op <= OP_NE && fold_long(e->op, order, 0, &n)) {
        to_number(e, n);
    }
}

static void fold_child(struct expr **ep, void *arg)
{
    fold_expr(arg, *ep);
}

bool fold_expr(struct arena *a, struct expr *e)
{
    expr_children(e, fold_child, a);
    switch (e->kind) {
    case EX_BINARY:
        fold_binary(a, e);
        break;
    case EX_UNARY:
        if (e->a->kind != EX_NUMBER)
            break;
        to_number(e, e->op == OP_NEG      ? (int64_t)(0 - (uint64_t)e->a->num)
                     : e->op == OP_NOT    ? !e->a->num
                     : e->op == OP_BITNOT ? ~e->a->num
                                          : e->a->num);
        break;
    case EX_TERNARY:
        if (e->a->kind == EX_NUMBER)
            *e = *(e->a->num ? e->b : e->c);
        break;
    default:
        break;
    }
    return e->kind == EX_NUMBER || e->kind == EX_STRING;
}

/* ---- what has no effect ---- */

static bool pure_stmt(const struct stmt *s);

struct purity {
    bool pure;
};

static bool pure_function(const struct function *f)
{
    if (f->intrinsic)
        return f->pure;
    struct function *w = (struct function *)f;
    if (w->costing_purity)
        return false; /* recursive: it may not end */
    w->costing_purity = true;
    bool pure = pure_stmt(f->body);
    w->costing_purity = false;
    return pure;
}

static void check_pure(struct expr **ep, void *arg)
{
    if (!pure_expr(*ep))
        ((struct purity *)arg)->pure = false;
}

bool pure_expr(const struct expr *e)
{
    switch (e->kind) {
    case EX_ASSIGN:
    case EX_PRE:
    case EX_POST: {
        const struct expr *lv = e->a;
        if (lv->kind != EX_SYMBOL || !lv->var || lv->var->is_global)
            return false;
        return !e->b || pure_expr(e->b);
    }
    case EX_PRINT:
        if (!e->print->to_string)
            return false;
        break;
    case EX_CALL:
        vec_for (i, e->callees)
            if (!pure_function(e->callees.v[i]))
                return false;
        break;
    case EX_DEREF: /* may fault, which is an error that is seen */
    case EX_DEREF_STR:
        return false;
    case EX_STAT:
        return false;
    case EX_BINARY:
        if ((e->op == OP_DIV || e->op == OP_MOD) && (e->b->kind != EX_NUMBER || !e->b->num))
            return false;
        break;
    case EX_EMBEDDED:
        return false;
    default:
        break;
    }
    struct purity p = {true};
    expr_children((struct expr *)e, check_pure, &p);
    return p.pure;
}

static void check_pure_stmt(struct stmt **sp, void *arg)
{
    if (!pure_stmt(*sp))
        ((struct purity *)arg)->pure = false;
}

static bool pure_stmt(const struct stmt *s)
{
    switch (s->kind) {
    case SM_WHILE:
    case SM_FOR:
    case SM_NEXT:
    case SM_EMBEDDED:
    case SM_DELETE:
        return false;
    default:
        break;
    }
    struct purity p = {true};
    stmt_children((struct stmt *)s, check_pure, check_pure_stmt, &p);
    return p.pure;
}

/* ---- removing it ---- */

struct elide {
    struct sema *m;
    bool changed;
};

static bool dead_local(const struct expr *lv)
{
    return lv->kind == EX_SYMBOL && lv->var && !lv->var->is_global && !lv->var->read;
}

static void elide_expr(struct expr **ep, void *arg)
{
    struct elide *w = arg;
    expr_children(*ep, elide_expr, w);
    fold_expr(w->m->arena, *ep);
    /* y = (x = f()) with x unread is y = f(). */
    if ((*ep)->kind == EX_ASSIGN && (*ep)->op == OP_ASSIGN && dead_local((*ep)->a))
        *ep = (*ep)->b;
}

static void warn_elided(const struct elide *w, const struct token *tok, const char *fmt,
                        const char *name)
{
    if (tok->src && !tok->src->tapset && w->m->s->verbose > 0)
        diag_warning(&w->m->s->diag, tok, fmt, name);
}

static void elide_stmt(struct stmt **sp, void *arg)
{
    struct elide *w = arg;
    struct stmt *s = *sp;
    stmt_children(s, elide_expr, elide_stmt, w);
    if (s->kind == SM_EXPR) {
        struct expr *e = s->e;
        bool assign = e->kind == EX_ASSIGN && e->op != OP_STATADD;
        if ((assign || e->kind == EX_PRE || e->kind == EX_POST) && dead_local(e->a)) {
            warn_elided(w, e->tok, "Eliding assignment to '%s'", e->a->str);
            s->e = e->b ? e->b : e->a;
            w->changed = true;
        }
        if (pure_expr(s->e) &&
            !(s->e->kind == EX_ASSIGN || s->e->kind == EX_PRE || s->e->kind == EX_POST)) {
            warn_elided(w, s->e->tok, "Eliding side-effect-free expression %s", "");
            *sp = stmt_new(w->m->arena, SM_EMPTY, s->tok);
            w->changed = true;
        }
    }
    if (s->kind == SM_IF && s->e->kind == EX_NUMBER) {
        struct stmt *live = s->e->num ? s->then : s->els;
        *sp = live ? live : stmt_new(w->m->arena, SM_EMPTY, s->tok);
        w->changed = true;
    }
}

/* ---- reads are counted anew after each round ---- */

static void count_expr(struct expr **ep, void *arg);

static void count_lvalue(struct expr *lv, bool also_read, void *arg)
{
    if (lv->kind == EX_SYMBOL) {
        if (lv->var) {
            lv->var->written = true;
            lv->var->read |= also_read;
        }
    } else if (lv->kind == EX_INDEX && lv->base->kind == EX_SYMBOL) {
        if (lv->base->var) {
            lv->base->var->written = true;
            lv->base->var->read |= also_read;
        }
        vec_for (i, lv->args)
            if (lv->args.v[i])
                count_expr(&lv->args.v[i], arg);
    } else {
        count_expr(&lv, arg);
    }
}

static void count_expr(struct expr **ep, void *arg)
{
    struct expr *e = *ep;
    switch (e->kind) {
    case EX_ASSIGN:
    case EX_PRE:
    case EX_POST:
        count_lvalue(e->a, e->op != OP_ASSIGN && e->op != OP_STATADD, arg);
        if (e->b)
            count_expr(&e->b, arg);
        return;
    case EX_SYMBOL:
        if (e->var)
            e->var->read = true;
        return;
    default:
        expr_children(e, count_expr, arg);
    }
}

static void count_stmt(struct stmt **sp, void *arg)
{
    struct stmt *s = *sp;
    if (s->kind == SM_EXPR &&
        (s->e->kind == EX_ASSIGN || s->e->kind == EX_PRE || s->e->kind == EX_POST)) {
        count_lvalue(s->e->a, false, arg);
        if (s->e->b)
            count_expr(&s->e->b, arg);
        return;
    }
    if (s->kind == SM_DELETE) {
        count_lvalue(s->e, false, arg);
        return;
    }
    if (s->kind == SM_FOREACH) {
        /* Loop variables are assigned; being unread does not remove them. */
        vec_for (i, s->foreach->keys)
            count_lvalue(s->foreach->keys.v[i], true, arg);
        if (s->foreach->value)
            count_lvalue(s->foreach->value, true, arg);
    }
    if (s->kind == SM_TRY && s->catch_var)
        count_lvalue(s->catch_var, true, arg);
    stmt_children(s, count_expr, count_stmt, arg);
}

static void recount(struct sema *m)
{
    vec_for (i, m->files)
        vec_for (k, m->files.v[i]->globals)
            m->files.v[i]->globals.v[k]->read = m->files.v[i]->globals.v[k]->written = false;
    vec_for (i, m->p->probes) {
        struct probe *p = m->p->probes.v[i];
        vec_for (k, p->locals)
            p->locals.v[k]->read = p->locals.v[k]->written = false;
    }
    vec_for (i, m->p->functions) {
        struct function *f = m->p->functions.v[i];
        vec_for (k, f->locals)
            f->locals.v[k]->read = f->locals.v[k]->written = false;
    }
    vec_for (i, m->p->probes) {
        struct probe *p = m->p->probes.v[i];
        if (p->condition)
            count_expr(&p->condition, NULL);
        count_stmt(&p->body, NULL);
    }
    vec_for (i, m->p->functions)
        count_stmt(&m->p->functions.v[i]->body, NULL);
}

/* ---- functions that are still called ---- */

static void reach_expr(struct expr **ep, void *arg);

static void reach_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, reach_expr, reach_stmt, arg);
}

static void reach_expr(struct expr **ep, void *arg)
{
    struct sema *m = arg;
    if ((*ep)->kind == EX_CALL)
        vec_for (i, (*ep)->callees) {
            struct function *f = (*ep)->callees.v[i];
            if (f->used)
                continue;
            f->used = true;
            reach_stmt(&f->body, m);
        }
    expr_children(*ep, reach_expr, arg);
}

static void drop_unused_functions(struct sema *m)
{
    vec_for (i, m->p->functions)
        m->p->functions.v[i]->used = false;
    vec_for (i, m->p->probes) {
        struct probe *p = m->p->probes.v[i];
        if (p->condition)
            reach_expr(&p->condition, m);
        reach_stmt(&p->body, m);
    }
    size_t n = 0;
    vec_for (i, m->p->functions)
        if (m->p->functions.v[i]->used)
            m->p->functions.v[n++] = m->p->functions.v[i];
    m->p->functions.n = n;
}

/* ---- warnings ---- */

static void warn_never_assigned(struct sema *m, const variable_vec *vars)
{
    vec_for (i, *vars) {
        const struct variable *v = vars->v[i];
        if (v->written || !v->read || v->is_param || !v->tok->src || v->tok->src->tapset)
            continue;
        const char **names = arena_new_array(m->arena, const char *, vars->n + m->globals.n + 1);
        size_t n = 0;
        vec_for (k, *vars)
            if (k != i)
                names[n++] = vars->v[k]->name;
        for (size_t k = 0; k < m->globals.n; k++)
            names[n++] = m->globals.entries[k].key;
        const char *near = similar_names(m->arena, v->name, names, n, 5);
        diag_warning(&m->s->diag, v->tok, "never-assigned local variable '%s'%s%s%s", v->name,
                     *near ? " (similar: " : "", near, *near ? ")" : "");
    }
}

void optimize(struct sema *m)
{
    recount(m);
    vec_for (i, m->p->probes)
        warn_never_assigned(m, &m->p->probes.v[i]->locals);
    vec_for (i, m->p->functions)
        warn_never_assigned(m, &m->p->functions.v[i]->locals);
    struct elide w = {.m = m, .changed = true};
    for (int round = 0; w.changed && round < 16; round++) {
        w.changed = false;
        vec_for (i, m->p->probes) {
            struct probe *p = m->p->probes.v[i];
            if (p->condition)
                elide_expr(&p->condition, &w);
            elide_stmt(&p->body, &w);
        }
        vec_for (i, m->p->functions)
            elide_stmt(&m->p->functions.v[i]->body, &w);
        recount(m);
    }
    drop_unused_functions(m);
    recount(m);
}
