/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that need the whole program: arrays changed while they are walked,
 * recursion, the order of functions, break and continue. */
#include <string.h>

#include "sema/sema.h"

/* ---- arrays modified during foreach ---- */

struct walked {
    struct walked *outer;
    const struct variable *array;
};

struct modify {
    struct sema *m;
    struct walked *walked;
    struct hash visited;      /* functions, for one call site */
    const struct token *call; /* outermost call in a loop */
};

static void modify_expr(struct expr **ep, void *arg);
static void modify_stmt(struct stmt **sp, void *arg);

static void modified(struct modify *w, const struct variable *v, const struct token *tok)
{
    for (const struct walked *k = w->walked; v && k; k = k->outer)
        if (k->array == v) {
            diag_semantic(&w->m->s->diag, w->call ? w->call : tok,
                          w->call ? "function call modifies var '%s' during 'foreach' iteration"
                                  : "variable '%s' modified during 'foreach' iteration",
                          v->name);
            return;
        }
}

static void modify_lvalue(struct modify *w, const struct expr *lv)
{
    if (lv->kind == EX_INDEX && lv->base->kind == EX_SYMBOL)
        modified(w, lv->base->var, lv->base->tok);
    else if (lv->kind == EX_SYMBOL)
        modified(w, lv->var, lv->tok);
}

static void modify_expr(struct expr **ep, void *arg)
{
    struct modify *w = arg;
    struct expr *e = *ep;
    if (e->kind == EX_ASSIGN || e->kind == EX_PRE || e->kind == EX_POST)
        modify_lvalue(w, e->a);
    if (e->kind == EX_CALL && w->walked)
        vec_for (i, e->callees) {
            struct function *f = e->callees.v[i];
            bool outermost = !w->call;
            if (outermost) {
                hash_init(&w->visited, w->m->arena);
                w->call = e->tok;
            }
            if (hash_put(&w->visited, f->unique, f))
                modify_stmt(&f->body, w);
            if (outermost)
                w->call = NULL;
        }
    expr_children(e, modify_expr, arg);
}

static void modify_stmt(struct stmt **sp, void *arg)
{
    struct modify *w = arg;
    struct stmt *s = *sp;
    if (s->kind == SM_DELETE && s->e->kind == EX_INDEX) /* deleting it whole is allowed */
        modify_lvalue(w, s->e);
    if (s->kind != SM_FOREACH) {
        stmt_children(s, modify_expr, modify_stmt, w);
        return;
    }
    struct walked k = {.outer = w->walked,
                       .array = s->foreach->base->kind == EX_SYMBOL ? s->foreach->base->var : NULL};
    w->walked = &k;
    stmt_children(s, modify_expr, modify_stmt, w);
    w->walked = k.outer;
}

void check_program(struct sema *m)
{
    struct modify w = {.m = m};
    vec_for (i, m->p->probes)
        modify_stmt(&m->p->probes.v[i]->body, &w);
    vec_for (i, m->p->functions)
        modify_stmt(&m->p->functions.v[i]->body, &w);
}

/* ---- recursion and order ---- */

struct visit {
    struct sema *m;
    function_vec *out;
    function_vec stack;
    struct hash done, active;
};

static void visit_stmt(struct stmt **sp, void *arg);

static void visit_function(struct visit *w, struct function *f)
{
    if (hash_get(&w->active, f->unique)) {
        /* All on the stack from f on are in the cycle. */
        bool in = false;
        vec_for (i, w->stack) {
            in |= w->stack.v[i] == f;
            if (in)
                w->stack.v[i]->recursive = true;
        }
        return;
    }
    if (!hash_put(&w->done, f->unique, f))
        return;
    hash_put(&w->active, f->unique, f);
    vec_push(w->m->arena, &w->stack, f);
    visit_stmt(&f->body, w);
    w->stack.n--;
    hash_put(&w->active, f->unique, NULL);
    vec_push(w->m->arena, w->out, f);
}

static void visit_expr(struct expr **ep, void *arg)
{
    if ((*ep)->kind == EX_CALL)
        vec_for (i, (*ep)->callees)
            visit_function(arg, (*ep)->callees.v[i]);
    expr_children(*ep, visit_expr, arg);
}

static void visit_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, visit_expr, visit_stmt, arg);
}

void mark_recursion(struct sema *m)
{
    function_vec sorted = {0};
    struct visit w = {.m = m, .out = &sorted};
    hash_init(&w.done, m->arena);
    hash_init(&w.active, m->arena);
    vec_for (i, m->p->functions)
        visit_function(&w, m->p->functions.v[i]);
    size_t n = 0;
    vec_for (i, sorted)
        if (sorted.v[i]->used)
            m->p->functions.v[n++] = sorted.v[i];
    m->p->functions.n = n;
}

void order_functions(struct sema *m)
{
    vec_for (i, m->p->functions)
        m->p->functions.v[i]->id = (int)i;
}

/* ---- break and continue ---- */

struct loops {
    struct session *s;
    unsigned depth;
};

static void no_expr(struct expr **e, void *arg)
{
    (void)e;
    (void)arg;
}

static void loop_stmt(struct stmt **sp, void *arg)
{
    struct loops *w = arg;
    struct stmt *s = *sp;
    if ((s->kind == SM_BREAK || s->kind == SM_CONTINUE) && !w->depth) {
        diag_semantic(&w->s->diag, s->tok, "cannot '%s' outside loop",
                      s->kind == SM_BREAK ? "break" : "continue");
        diag_hint(&w->s->diag, "next leaves a handler, return leaves a function");
    }
    bool loop = s->kind == SM_WHILE || s->kind == SM_FOR || s->kind == SM_FOREACH;
    w->depth += loop;
    stmt_children(s, no_expr, loop_stmt, w);
    w->depth -= loop;
}

bool sema_check_loops(struct session *s, const struct program *p)
{
    struct loops w = {.s = s};
    unsigned errors = s->diag.errors;
    vec_for (i, p->probes)
        loop_stmt(&p->probes.v[i]->body, &w);
    vec_for (i, p->functions)
        loop_stmt(&p->functions.v[i]->body, &w);
    return s->diag.errors == errors;
}
