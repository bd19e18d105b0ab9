/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a handler asks before it touches a global: `if (pid() != target()) next`.  It is
 * built in front of the handler's locks, so that events that are of no interest neither
 * wait for a lock nor hold one. */
#include "ir/build.h"

struct guards {
    struct ir_builder *b;
    uint32_t leave;    /* block for the events that are of no interest */
    struct stmt *rest; /* a block: what is left of the body */
};

enum { DEPTH_MAX = 8 };
struct looking {
    bool found; /* a global, or something that may be one */
    int depth;
};

static void look_stmt(struct stmt **sp, void *arg);

static void look_expr(struct expr **ep, void *arg)
{
    struct looking *w = arg;
    const struct expr *e = *ep;
    if (e->kind == EX_SYMBOL && e->var && e->var->is_global)
        w->found = true;
    if (e->kind == EX_CALL)
        vec_for (i, e->callees) {
            struct function *f = e->callees.v[i];
            if (f->intrinsic || w->found)
                continue;
            if (w->depth >= DEPTH_MAX || !f->body) {
                w->found = true;
                continue;
            }
            w->depth++;
            look_stmt(&f->body, w);
            w->depth--;
        }
    expr_children(*ep, look_expr, w);
}

static void look_stmt(struct stmt **sp, void *arg)
{
    struct looking *w = arg;
    if (!w->found)
        stmt_children(*sp, look_expr, look_stmt, w);
}

static bool may_go_first(const struct expr *e)
{
    struct looking w = {0};
    struct expr *x = (struct expr *)e;
    if (!pure_expr(e))
        return false;
    look_expr(&x, &w);
    return !w.found;
}

static bool is_next(const struct stmt *s)
{
    while (s && s->kind == SM_BLOCK && s->body.n == 1)
        s = s->body.v[0];
    return s && s->kind == SM_NEXT;
}

/* pid = …, of the handler's own */
static bool is_plain_assignment(const struct stmt *s)
{
    return s->kind == SM_EXPR && s->e->kind == EX_ASSIGN && s->e->op == OP_ASSIGN &&
           s->e->a->kind == EX_SYMBOL && s->e->a->var && !s->e->a->var->is_global &&
           s->e->a->var->arity <= 0 && may_go_first(s->e->b);
}

/* False: from here on the rest has it.  `last`: nothing follows in the handler. */
static bool guard(struct guards *g, struct stmt *s, bool last)
{
    struct ir_builder *b = g->b;
    if (s->kind == SM_EMPTY)
        return true;
    if (s->kind == SM_BLOCK) {
        bool going = true;
        vec_for (i, s->body)
            if (!going)
                vec_push(b->arena, &g->rest->body, s->body.v[i]);
            else
                going = guard(g, s->body.v[i], last && i + 1 == s->body.n);
        return going;
    }
    if (is_plain_assignment(s)) {
        build_stmt(b, s);
        return true;
    }
    if (s->kind == SM_IF && !s->els && may_go_first(s->e)) {
        uint32_t on = ir_new_block(b, "of interest");
        if (s->tok)
            b->tok = s->tok;
        if (is_next(s->then)) {
            build_branch(b, s->e, g->leave, on);
            ir_at(b, on);
            return true;
        }
        if (last) {
            build_branch(b, s->e, on, g->leave);
            ir_at(b, on);
            return guard(g, s->then, true);
        }
    }
    vec_push(b->arena, &g->rest->body, s);
    return false;
}

const struct stmt *build_guards(struct ir_builder *b, const struct probe *p, uint32_t leave,
                                bool *condition_done)
{
    struct guards g = {b, leave, NULL};
    *condition_done = false;
    if (p->condition) {
        if (!may_go_first(p->condition))
            return p->body;
        uint32_t yes = ir_new_block(b, "condition holds");
        build_branch(b, p->condition, yes, leave);
        ir_at(b, yes);
        *condition_done = true;
    }
    if (!p->body || p->body->kind != SM_BLOCK)
        return p->body;
    g.rest = stmt_new(b->arena, SM_BLOCK, p->body->tok);
    guard(&g, p->body, true);
    return g.rest;
}
