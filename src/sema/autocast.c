/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VALUE->member without @cast: variables and functions take over the C type of what is assigned
 * to them or returned.  Two types at once are none. */
#include "sema/sema.h"

/* Whether this says something new. */
static bool add(struct sema *m, struct value_flow *to, const struct value_type *t)
{
    if (!t || to->other)
        return false;
    if (!to->type)
        to->type = t;
    else if (!value_type_same(m->s, to->type, t))
        to->other = t;
    else
        return false;
    return true;
}

static bool join(struct sema *m, struct value_flow *to, const struct value_flow *from)
{
    bool first = add(m, to, from->type);
    return add(m, to, from->other) || first;
}

struct value_flow autocast_type(struct sema *m, const struct expr *e)
{
    struct value_flow f = {.type = e->of}, more;
    if (f.type)
        return f;
    const struct variable *v = expr_variable(e);
    if (v)
        join(m, &f, &v->flow);
    else if (e->kind == EX_CALL)
        vec_for (i, e->callees)
            join(m, &f, &e->callees.v[i]->flow);
    else if (e->kind == EX_ASSIGN && e->op == OP_ASSIGN)
        f = autocast_type(m, e->b);
    else if (e->kind == EX_TERNARY) {
        f = autocast_type(m, e->b);
        more = autocast_type(m, e->c);
        join(m, &f, &more);
    }
    return f;
}

static void flow(struct sema *m, struct value_flow *to, const struct value_flow *from)
{
    if (!join(m, to, from))
        return;
    m->flowed = true;
    m->clashed |= to->other != NULL;
    if (to->other && to->used)
        autocast_unknown(m, to->used, to);
}

void autocast_flow(struct sema *m, struct value_flow *to, const struct expr *from)
{
    struct value_flow f = autocast_type(m, from);
    flow(m, to, &f);
}

void autocast_assign(struct sema *m, const struct expr *lvalue, const struct expr *from)
{
    struct variable *v = expr_variable(lvalue);
    if (v)
        autocast_flow(m, &v->flow, from);
}

void autocast_keys(struct sema *m, struct variable *v, const expr_vec *keys)
{
    vec_for (i, *keys)
        if (keys->v[i] && (int)i < v->arity)
            autocast_flow(m, &v->key_flows[i], keys->v[i]);
}

void autocast_foreach(struct sema *m, const struct foreach *f)
{
    struct variable *v = expr_variable(f->base);
    vec_for (i, f->keys)
        if (v && (int)i < v->arity && f->keys.v[i]->var)
            flow(m, &f->keys.v[i]->var->flow, &v->key_flows[i]);
    if (v && f->value)
        autocast_assign(m, f->value, f->base);
}

void autocast_arguments(struct sema *m, const struct expr *call)
{
    vec_for (i, call->callees)
        vec_for (k, call->args)
            if (k < call->callees.v[i]->params.n)
                autocast_flow(m, &call->callees.v[i]->params.v[k]->flow, call->args.v[k]);
}

void autocast_used(const struct expr *e, const struct token *tok)
{
    struct variable *v = expr_variable(e);
    if (v)
        v->flow.used = tok;
    else if (e->kind == EX_CALL)
        vec_for (i, e->callees)
            e->callees.v[i]->flow.used = tok;
    else if (e->kind == EX_ASSIGN)
        autocast_used(e->b, tok);
    else if (e->kind == EX_TERNARY) {
        autocast_used(e->b, tok);
        autocast_used(e->c, tok);
    }
}

void autocast_unknown(struct sema *m, const struct token *tok, const struct value_flow *f)
{
    diag_semantic(&m->s->diag, tok, "unknown type in dereference");
    if (f->other)
        diag_hint(&m->s->diag, "it is both %s and %s: write @cast(VALUE, \"TYPE\")->…",
                  value_type_text(m->s, f->type), value_type_text(m->s, f->other));
    else
        diag_hint(&m->s->diag, "nothing tells what it points to: write @cast(VALUE, \"TYPE\")->…");
}
