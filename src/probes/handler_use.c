/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/handler_use.h"

#include "base/hash.h"

static void walk_stmt(struct stmt **sp, void *arg);

static void walk_function(struct function *f, struct handler_walk *w)
{
    if (f->intrinsic && w->intrinsic)
        w->intrinsic(f->intrinsic, w->arg);
    if (f->body && hash_put(w->seen, f->unique ? f->unique : f->name, f))
        walk_stmt(&f->body, w);
}

static void walk_expr(struct expr **ep, void *arg)
{
    struct handler_walk *w = arg;
    w->expr(ep, w->arg);
    struct expr *e = *ep;
    if (e->kind == EX_CALL)
        vec_for (i, e->callees)
            if (w->intrinsic || e->callees.v[i]->context)
                walk_function(e->callees.v[i], w);
    expr_children(e, walk_expr, w);
}

static void walk_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, walk_expr, walk_stmt, arg);
}

void handler_walk(struct arena *a, struct probe *p, struct handler_walk *w)
{
    w->seen = arena_new_obj(a, struct hash);
    hash_init(w->seen, a);
    if (p->condition)
        walk_expr(&p->condition, w);
    if (p->body)
        walk_stmt(&p->body, w);
}
