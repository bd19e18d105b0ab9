/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assignments to variables of programs (-g): x = v becomes a call that stores v where x is. */
#include "sema/sema.h"

static struct expr *binary(struct sema *m, const struct token *tok, enum op op, struct expr *a,
                           struct expr *b)
{
    struct expr *e = expr_binary(m->arena, tok, op, a, b);
    e->type = TY_LONG;
    return e;
}

struct expr *stored_value(struct sema *m, const struct expr *e)
{
    const struct expr *to = e->a;
    struct expr *old = expr_clone(m->arena, to), *one = expr_number(m->arena, e->tok, 1);
    struct expr *where = to->kind == EX_CALL ? NULL : expr_clone(m->arena, to->a);
    struct expr *value;
    bool step = e->kind == EX_PRE || e->kind == EX_POST;
    if (where && to->num)
        where = binary(m, e->tok, OP_ADD, where, expr_number(m->arena, e->tok, to->num));
    if (step)
        value = binary(m, e->tok, e->op == OP_INC ? OP_ADD : OP_SUB, old, one);
    else if (op_of_assign(e->op) != OP_NONE)
        value = binary(m, e->tok, op_of_assign(e->op), old, expr_clone(m->arena, e->b));
    else
        value = expr_clone(m->arena, e->b);
    if (to->kind == EX_CALL) { /* a number that has functions of its own */
        struct expr *set = expr_call(m->arena, e->tok, arena_printf(m->arena, "%s_set", to->str));
        vec_push(m->arena, &set->args, value);
        return e->kind != EX_POST ? set
                                  : binary(m, e->tok, e->op == OP_INC ? OP_SUB : OP_ADD, set, one);
    }
    struct expr *call =
        expr_call(m->arena, e->tok, arena_printf(m->arena, "__store_user%u", to->deref.size * 8u));
    vec_push(m->arena, &call->args, where);
    vec_push(m->arena, &call->args, value);
    if (e->kind != EX_POST)
        return call;
    /* What it was before. */
    return binary(m, e->tok, e->op == OP_INC ? OP_SUB : OP_ADD, call,
                  expr_number(m->arena, e->tok, 1));
}
