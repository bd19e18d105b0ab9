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
    /* Of constants: the original keeps the count between 0 and 64, and 64 shifts nothing. */
    case OP_SHL:
        *out = (int64_t)(y > 0 && y < 64 ? a << y : a);
        return true;
    case OP_SHR:
        *out = y > 0 && y < 64 ? x >> y : x;
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

static bool pure(const struct expr *e, bool in_function, bool unused);

/* Whether n decides the result of an operation, whatever the other side is. */
static bool decides(enum op op, int64_t n)
{
    return op == OP_OROR ? n != 0 : n == 0 && (op == OP_ANDAND || op == OP_MUL || op == OP_BITAND);
}

static void fold_binary(struct arena *a, struct expr *e)
{
    int64_t n;
    /* What decides alone; the other side would not have been looked at. */
    if (e->a->kind == EX_NUMBER && (e->op == OP_ANDAND || e->op == OP_OROR) &&
        !e->a->num == (e->op == OP_ANDAND)) {
        to_number(e, e->op == OP_OROR);
        return;
    }
    if (e->a->kind == EX_NUMBER && e->b->kind == EX_NUMBER) {
        if (fold_long(e->op, e->a->num, e->b->num, &n))
            to_number(e, n);
        return;
    }
    /* So `pid() == target() && @defined($x) && $x` is one where there is no $x. */
    const struct expr *number = e->b->kind == EX_NUMBER ? e->b : e->a;
    if (number->kind == EX_NUMBER && decides(e->op, number->num) &&
        pure(number == e->b ? e->a : e->b, false, true)) {
        to_number(e, e->op == OP_OROR);
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

/* Their types are to be seen to differ, whichever would be dropped. */
static bool literals_differ(const struct expr *b, const struct expr *c)
{
    return (b->kind == EX_NUMBER && c->kind == EX_STRING) ||
           (b->kind == EX_STRING && c->kind == EX_NUMBER);
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
        if (e->a->kind == EX_NUMBER && !literals_differ(e->b, e->c))
            *e = *(e->a->num ? e->b : e->c);
        break;
    default:
        break;
    }
    return e->kind == EX_NUMBER || e->kind == EX_STRING;
}

/* ---- what has no effect ---- */

struct purity {
    bool pure;
    bool in_function; /* its locals are gone when it returns: writing them is no effect */
    bool unused;      /* to be left out, so that failing or not ending are no effects either */
};

static bool pure_stmt(const struct stmt *s, bool unused);

static bool pure_function(const struct function *f, bool unused)
{
    if (f->intrinsic)
        return f->pure;
    struct function *w = (struct function *)f;
    if (w->costing_purity)
        return unused; /* recursive: it may not end */
    w->costing_purity = true;
    bool ok = pure_stmt(f->body, unused);
    w->costing_purity = false;
    return ok;
}

static void check_pure(struct expr **ep, void *arg)
{
    struct purity *p = arg;
    p->pure = p->pure && pure(*ep, p->in_function, p->unused);
}

static bool pure(const struct expr *e, bool in_function, bool unused)
{
    switch (e->kind) {
    case EX_ASSIGN:
    case EX_PRE:
    case EX_POST: {
        const struct expr *lv = e->a;
        if (!in_function || lv->kind != EX_SYMBOL || !lv->var || lv->var->is_global)
            return false;
        return !e->b || pure(e->b, in_function, unused);
    }
    case EX_PRINT:
        if (!e->print->to_string)
            return false;
        break;
    case EX_CALL:
        if (!e->callees.n) /* it is not known yet what is called */
            return false;
        vec_for (i, e->callees)
            if (!pure_function(e->callees.v[i], unused))
                return false;
        break;
    case EX_STAT: /* the others may fail */
        if (!unused && e->stat != ST_COUNT && e->stat != ST_SUM)
            return false;
        break;
    case EX_BINARY:
        if (!unused && (e->op == OP_DIV || e->op == OP_MOD) &&
            (e->b->kind != EX_NUMBER || !e->b->num))
            return false;
        break;
    case EX_DEREF: /* may fault, which is an error that is seen */
        if (unused || (e->deref.direct && e->a->kind == EX_CTX))
            break; /* what the tracepoint was given */
        return false;
    case EX_DEREF_STR:
    case EX_REGEX: /* matched() looks at its result, but never at one that is left out */
        if (unused)
            break;
        return false;
    case EX_EMBEDDED:
        return false;
    default:
        break;
    }
    struct purity p = {true, in_function, unused};
    expr_children((struct expr *)e, check_pure, &p);
    return p.pure;
}

bool pure_expr(const struct expr *e)
{
    return pure(e, false, false);
}

static void check_pure_stmt(struct stmt **sp, void *arg)
{
    struct purity *p = arg;
    p->pure = p->pure && pure_stmt(*sp, p->unused);
}

/* In a function. */
static bool pure_stmt(const struct stmt *s, bool unused)
{
    switch (s->kind) {
    case SM_WHILE:
    case SM_FOR:
    case SM_NEXT:
        if (unused)
            break;
        return false;
    case SM_EMBEDDED:
    case SM_DELETE:
        return false;
    default:
        break;
    }
    struct purity p = {true, true, unused};
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
    return lv->kind == EX_SYMBOL && lv->var && !lv->var->is_global && !lv->var->read &&
           !lv->var->to_reader;
}

static void warn_elided(const struct elide *w, const struct token *tok, const char *fmt,
                        const char *name)
{
    if (tok->src && !tok->src->tapset)
        diag_warning(&w->m->s->diag, tok, fmt, name);
}

static void elide_expr(struct expr **ep, void *arg)
{
    struct elide *w = arg;
    expr_children(*ep, elide_expr, w);
    fold_expr(w->m->arena, *ep);
    /* y = (x = f()) with x unread is y = f(). */
    if ((*ep)->kind == EX_ASSIGN && (*ep)->op == OP_ASSIGN && dead_local((*ep)->a)) {
        warn_elided(w, (*ep)->tok, "Eliding assignment to '%s'", (*ep)->a->str);
        *ep = (*ep)->b;
        w->changed = true;
    }
}

/* First the assignments that nobody looks at, then what has no effect any more. */
static void elide_assignments(struct stmt **sp, void *arg)
{
    stmt_children(*sp, elide_expr, elide_assignments, arg);
}

static bool empty_stmt(const struct stmt *s)
{
    if (!s || s->kind == SM_EMPTY)
        return true;
    if (s->kind != SM_BLOCK)
        return false;
    vec_for (i, s->body)
        if (!empty_stmt(s->body.v[i]))
            return false;
    return true;
}

static bool dead_foreach(const struct foreach *f)
{
    vec_for (i, f->keys)
        if (!dead_local(f->keys.v[i]))
            return false;
    vec_for (i, f->slice)
        if (f->slice.v[i] && !pure(f->slice.v[i], false, true))
            return false;
    return (!f->value || dead_local(f->value)) && (!f->limit || pure(f->limit, false, true));
}

static void replace_stmt(struct elide *w, struct stmt **sp, struct stmt *by)
{
    *sp = by ? by : stmt_new(w->m->arena, SM_EMPTY, (*sp)->tok);
    w->changed = true;
}

static bool idle(const struct expr *e)
{
    return !e || pure(e, false, true);
}

/* It always goes somewhere else. */
static bool leaves(const struct stmt *s)
{
    bool jump =
        s->kind == SM_NEXT || s->kind == SM_RETURN || s->kind == SM_BREAK || s->kind == SM_CONTINUE;
    return jump || (s->kind == SM_BLOCK && s->body.n && leaves(vec_last(s->body)));
}

static void drop_unreached(struct elide *w, struct stmt *block)
{
    size_t n = 0;
    while (n < block->body.n && !leaves(block->body.v[n]))
        n++;
    if (n + 1 >= block->body.n)
        return;
    for (size_t i = n + 1; i < block->body.n; i++)
        if (block->body.v[i]->kind == SM_RETURN && block->body.v[i]->e)
            return; /* it may be what tells the function's type */
    if (w->m->s->verbose > 0)
        warn_elided(w, block->body.v[n + 1]->tok, "statement will never be reached%s", "");
    block->body.n = n + 1;
    w->changed = true;
}

/* What a statement without its empty parts comes to. */
static void elide_compound(struct elide *w, struct stmt **sp)
{
    struct stmt *s = *sp;
    switch (s->kind) {
    case SM_BLOCK:
        drop_unreached(w, s);
        if (s->body.n && empty_stmt(s))
            replace_stmt(w, sp, NULL);
        return;
    case SM_IF:
        if (s->e->kind == EX_NUMBER) {
            replace_stmt(w, sp, s->e->num ? s->then : s->els);
        } else if (empty_stmt(s->then) && empty_stmt(s->els) && idle(s->e)) {
            replace_stmt(w, sp, NULL);
        } else if (empty_stmt(s->then) && empty_stmt(s->els)) {
            struct stmt *e = stmt_new(w->m->arena, SM_EXPR, s->tok);
            e->e = s->e;
            replace_stmt(w, sp, e);
        }
        return;
    case SM_WHILE:
        if ((s->e->kind == EX_NUMBER && !s->e->num) ||
            (empty_stmt(s->then) && pure(s->e, false, true)))
            replace_stmt(w, sp, NULL);
        return;
    case SM_FOR:
        if (empty_stmt(s->then) && idle(s->init) && idle(s->e) && idle(s->step))
            replace_stmt(w, sp, NULL);
        else if (s->e && s->e->kind == EX_NUMBER && !s->e->num) {
            struct stmt *e = s->init ? stmt_new(w->m->arena, SM_EXPR, s->tok) : NULL;
            if (e)
                e->e = s->init;
            replace_stmt(w, sp, e);
        }
        return;
    case SM_FOREACH:
        if (empty_stmt(s->then) && dead_foreach(s->foreach))
            replace_stmt(w, sp, NULL);
        return;
    case SM_TRY:
        if (empty_stmt(s->then))
            replace_stmt(w, sp, NULL);
        return;
    default:
        return;
    }
}

static void keep_expr(struct expr **ep, void *arg)
{
    (void)ep;
    (void)arg;
}

static struct stmt *as_stmt(struct elide *w, struct expr *e)
{
    struct stmt *s = stmt_new(w->m->arena, SM_EXPR, e->tok);
    s->e = e;
    return s;
}

struct effects {
    struct elide *w;
    struct stmt *block;
};

static void add_effect(struct expr **ep, void *arg)
{
    struct effects *f = arg;
    if (!idle(*ep))
        vec_push(f->w->m->arena, &f->block->body, as_stmt(f->w, *ep));
}

static struct stmt *if_stmt(struct elide *w, struct expr *e, struct expr *yes, struct expr *no)
{
    struct stmt *s = stmt_new(w->m->arena, SM_IF, e->tok);
    s->e = e;
    s->then = as_stmt(w, yes);
    s->els = no ? as_stmt(w, no) : NULL;
    return s;
}

/* A statement whose value nobody uses comes to what its operands do. */
static void elide_value(struct elide *w, struct stmt **sp)
{
    struct expr *e = (*sp)->e;
    bool both = e->kind == EX_BINARY && e->op == OP_ANDAND;
    bool either = e->kind == EX_BINARY && e->op == OP_OROR;
    if (e->kind == EX_TERNARY) {
        replace_stmt(w, sp, if_stmt(w, e->a, e->b, e->c));
    } else if (both) {
        replace_stmt(w, sp, if_stmt(w, e->a, e->b, NULL));
    } else if (either) {
        struct expr *not = expr_new(w->m->arena, EX_UNARY, e->tok);
        not ->op = OP_NOT;
        not ->a = e->a;
        replace_stmt(w, sp, if_stmt(w, not, e->b, NULL));
    } else if (e->kind == EX_BINARY || e->kind == EX_UNARY || e->kind == EX_REGEX ||
               (e->kind == EX_PRINT && e->print->to_string) || e->kind == EX_CALL) {
        if (e->kind == EX_CALL)
            vec_for (i, e->callees)
                if (!pure_function(e->callees.v[i], true))
                    return;
        struct effects f = {w, stmt_new(w->m->arena, SM_BLOCK, e->tok)};
        expr_children(e, add_effect, &f);
        replace_stmt(w, sp, f.block);
    }
}

static void elide_stmt(struct stmt **sp, void *arg)
{
    struct elide *w = arg;
    struct stmt *s = *sp;
    stmt_children(s, keep_expr, elide_stmt, w);
    if (s->kind == SM_EXPR && idle(s->e)) {
        warn_elided(w, s->tok, "Eliding side-effect-free expression %s", "");
        replace_stmt(w, sp, NULL);
    } else if (s->kind == SM_EXPR) {
        elide_value(w, sp);
    }
    elide_compound(w, sp);
}

static void elide_function(struct function *f, struct elide *w)
{
    bool had = !f->intrinsic && !f->told_empty;
    elide_stmt(&f->body, w);
    if (had && w->m->s->verbose > 0 && empty_stmt(f->body)) {
        f->told_empty = true;
        warn_elided(w, f->tok, "side-effect-free function '%s'", f->name);
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
        /* A local variable is read by i++, as the original counts. */
        bool local = s->e->a->kind == EX_SYMBOL && s->e->a->var && !s->e->a->var->is_global &&
                     !s->e->a->var->to_reader;
        count_lvalue(s->e->a, local && s->e->op != OP_ASSIGN && s->e->op != OP_STATADD, arg);
        if (s->e->b)
            count_expr(&s->e->b, arg);
        return;
    }
    if (s->kind == SM_DELETE) {
        count_lvalue(s->e, true, arg); /* the original takes it for a use */
        return;
    }
    if (s->kind == SM_FOR) {
        /* Like statements of their own: their values are not used. */
        struct stmt init = {.kind = SM_EXPR, .e = s->init}, step = {.kind = SM_EXPR, .e = s->step};
        struct stmt *parts[] = {s->init ? &init : NULL, s->step ? &step : NULL};
        for (size_t i = 0; i < 2; i++)
            if (parts[i])
                count_stmt(&parts[i], arg);
        if (s->e)
            count_expr(&s->e, arg);
        count_stmt(&s->then, arg);
        return;
    }
    if (s->kind == SM_FOREACH) {
        const struct foreach *f = s->foreach;
        vec_for (i, f->keys)
            count_lvalue(f->keys.v[i], false, arg);
        if (f->value)
            count_lvalue(f->value, false, arg);
        count_expr(&s->foreach->base, arg);
        vec_for (i, f->slice)
            if (f->slice.v[i])
                count_expr(&f->slice.v[i], arg);
        if (f->limit)
            count_expr(&s->foreach->limit, arg);
        count_stmt(&s->then, arg);
        return;
    }
    if (s->kind == SM_TRY) {
        if (s->catch_var)
            count_lvalue(s->catch_var, false, arg);
        count_stmt(&s->then, arg);
        count_stmt(&s->els, arg);
        return;
    }
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
            if (!f->may_next)
                (*ep)->callees.n = i + 1; /* those behind it are never tried */
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

/* The script's globals that something names, behind the n names that there are already. */
static size_t named_globals(struct sema *m, const char **names, size_t n)
{
    vec_for (i, m->files)
        vec_for (k, m->files.v[i]->globals) {
            const struct variable *v = m->files.v[i]->globals.v[k];
            if (v->order && !v->tok->src->tapset)
                names[n++] = v->name;
        }
    return n;
}

static size_t count_globals(const struct sema *m)
{
    size_t n = 0;
    vec_for (i, m->files)
        n += m->files.v[i]->globals.n;
    return n;
}

static void warn_never_assigned(struct sema *m, const variable_vec *vars)
{
    vec_for (i, *vars) {
        const struct variable *v = vars->v[i];
        if (v->written || !v->read || v->is_param || !v->tok->src || v->tok->src->tapset)
            continue;
        const char **names =
            arena_new_array(m->arena, const char *, vars->n + count_globals(m) + 1);
        size_t n = 0;
        vec_for (k, *vars)
            if (k != i)
                names[n++] = vars->v[k]->name;
        n = named_globals(m, names, n);
        diag_warning(&m->s->diag, v->tok, "never-assigned local variable '%s'%s", v->name,
                     similar_hint(m, v->name, names, n));
    }
}

static void warn_globals(struct sema *m)
{
    vec_for (i, m->files)
        vec_for (k, m->files.v[i]->globals) {
            const struct variable *v = m->files.v[i]->globals.v[k];
            if (v->written || !v->read || v->init || v->tok->src->tapset)
                continue;
            /* Its own name is among them: globals have another one inside the original. */
            const char **names = arena_new_array(m->arena, const char *, count_globals(m) + 1);
            size_t n = named_globals(m, names, 0);
            const char *inside = arena_printf(m->arena, "__global_%s", v->name);
            diag_warning(&m->s->diag, v->tok, "never-assigned global variable '%s'%s", v->name,
                         similar_hint(m, inside, names, n));
        }
}

/* ---- what is left ---- */

static void keep_locals(variable_vec *vars)
{
    size_t n = 0;
    vec_for (i, *vars) {
        struct variable *v = vars->v[i];
        if (!v->read && !v->written)
            continue;
        v->id = (int)n;
        vars->v[n++] = v;
    }
    vars->n = n;
}

static void warn_dropped(struct sema *m, const struct probe *p)
{
    diag_warning(&m->s->diag, p->decl_tok, "Probe '%s' has been elided", p->tok->text);
}

static void drop_empty_probes(struct sema *m)
{
    size_t n = 0;
    vec_for (i, m->p->probes) {
        struct probe *p = m->p->probes.v[i];
        if (!empty_stmt(p->body))
            m->p->probes.v[n++] = p;
        else if (m->s->verbose > 0)
            warn_dropped(m, p);
    }
    if (!n && m->p->probes.n) {
        for (size_t i = 0; i < m->p->probes.n && m->s->verbose <= 0; i++)
            warn_dropped(m, m->p->probes.v[i]);
        diag_semantic(&m->s->diag, NULL, "no probes found");
    }
    m->p->probes.n = n;
}

void recount_variables(struct sema *m)
{
    recount(m);
    vec_for (i, m->p->probes)
        keep_locals(&m->p->probes.v[i]->locals);
    vec_for (i, m->p->functions)
        keep_locals(&m->p->functions.v[i]->locals);
}

void optimize(struct sema *m)
{
    recount(m);
    vec_for (i, m->p->probes)
        warn_never_assigned(m, &m->p->probes.v[i]->locals);
    vec_for (i, m->p->functions)
        warn_never_assigned(m, &m->p->functions.v[i]->locals);
    warn_globals(m);
    struct elide w = {.m = m, .changed = !m->s->unoptimized};
    for (int round = 0; w.changed && round < 16; round++) {
        w.changed = false;
        vec_for (i, m->p->probes) {
            struct probe *p = m->p->probes.v[i];
            if (p->condition)
                elide_expr(&p->condition, &w);
            elide_assignments(&p->body, &w);
        }
        vec_for (i, m->p->functions)
            elide_assignments(&m->p->functions.v[i]->body, &w);
        vec_for (i, m->p->probes)
            elide_stmt(&m->p->probes.v[i]->body, &w);
        vec_for (i, m->p->functions)
            elide_function(m->p->functions.v[i], &w);
        recount(m);
    }
    if (!m->s->unoptimized)
        drop_empty_probes(m);
    drop_unused_functions(m);
    recount_variables(m);
}
