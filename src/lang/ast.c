/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lang/ast.h"

#include <string.h>

static const char *const op_texts[] = {
    [OP_NONE] = "",      [OP_NEG] = "-",        [OP_PLUS] = "+",      [OP_NOT] = "!",
    [OP_BITNOT] = "~",   [OP_INC] = "++",       [OP_DEC] = "--",      [OP_MUL] = "*",
    [OP_DIV] = "/",      [OP_MOD] = "%",        [OP_ADD] = "+",       [OP_SUB] = "-",
    [OP_SHL] = "<<",     [OP_SHR] = ">>",       [OP_SHRU] = ">>>",    [OP_BITAND] = "&",
    [OP_BITXOR] = "^",   [OP_BITOR] = "|",      [OP_ANDAND] = "&&",   [OP_OROR] = "||",
    [OP_CONCAT] = ".",   [OP_LT] = "<",         [OP_GT] = ">",        [OP_LE] = "<=",
    [OP_GE] = ">=",      [OP_EQ] = "==",        [OP_NE] = "!=",       [OP_MATCH] = "=~",
    [OP_NOMATCH] = "!~", [OP_ASSIGN] = "=",     [OP_MUL_EQ] = "*=",   [OP_DIV_EQ] = "/=",
    [OP_MOD_EQ] = "%=",  [OP_ADD_EQ] = "+=",    [OP_SUB_EQ] = "-=",   [OP_SHL_EQ] = "<<=",
    [OP_SHR_EQ] = ">>=", [OP_SHRU_EQ] = ">>>=", [OP_AND_EQ] = "&=",   [OP_XOR_EQ] = "^=",
    [OP_OR_EQ] = "|=",   [OP_CONCAT_EQ] = ".=", [OP_STATADD] = "<<<",
};

const char *op_text(enum op op)
{
    return op_texts[op];
}

enum op op_of_assign(enum op op)
{
    switch (op) {
    case OP_MUL_EQ:
        return OP_MUL;
    case OP_DIV_EQ:
        return OP_DIV;
    case OP_MOD_EQ:
        return OP_MOD;
    case OP_ADD_EQ:
        return OP_ADD;
    case OP_SUB_EQ:
        return OP_SUB;
    case OP_SHL_EQ:
        return OP_SHL;
    case OP_SHR_EQ:
        return OP_SHR;
    case OP_SHRU_EQ:
        return OP_SHRU;
    case OP_AND_EQ:
        return OP_BITAND;
    case OP_XOR_EQ:
        return OP_BITXOR;
    case OP_OR_EQ:
        return OP_BITOR;
    case OP_CONCAT_EQ:
        return OP_CONCAT;
    default:
        return OP_NONE;
    }
}

struct expr *expr_new(struct arena *a, enum expr_kind kind, const struct token *tok)
{
    struct expr *e = arena_new_obj(a, struct expr);
    e->kind = kind;
    e->tok = tok;
    return e;
}

struct expr *expr_number(struct arena *a, const struct token *tok, int64_t num)
{
    struct expr *e = expr_new(a, EX_NUMBER, tok);
    e->num = num;
    e->type = TY_LONG;
    return e;
}

struct expr *expr_string(struct arena *a, const struct token *tok, const char *s)
{
    struct expr *e = expr_new(a, EX_STRING, tok);
    e->str = s;
    e->type = TY_STRING;
    return e;
}

struct expr *expr_symbol(struct arena *a, const struct token *tok, const char *name)
{
    struct expr *e = expr_new(a, EX_SYMBOL, tok);
    e->str = name;
    return e;
}

struct expr *expr_binary(struct arena *a, const struct token *tok, enum op op, struct expr *l,
                         struct expr *r)
{
    struct expr *e = expr_new(a, EX_BINARY, tok);
    e->op = op;
    e->a = l;
    e->b = r;
    return e;
}

struct expr *expr_call(struct arena *a, const struct token *tok, const char *name)
{
    struct expr *e = expr_new(a, EX_CALL, tok);
    e->str = name;
    return e;
}

struct stmt *stmt_new(struct arena *a, enum stmt_kind kind, const struct token *tok)
{
    struct stmt *s = arena_new_obj(a, struct stmt);
    s->kind = kind;
    s->tok = tok;
    return s;
}

/* ---- copies ---- */

static void clone_exprs(struct arena *a, expr_vec *to, const expr_vec *from)
{
    expr_vec v = {0};
    vec_for (i, *from)
        vec_push(a, &v, from->v[i] ? expr_clone(a, from->v[i]) : NULL);
    *to = v;
}

static bool has_target(const struct expr *e)
{
    return e->kind == EX_TARGET || e->kind == EX_CAST;
}

static struct target *clone_target(struct arena *a, const struct target *t)
{
    struct target *n = arena_new_obj(a, struct target);
    *n = *t;
    memset(&n->steps, 0, sizeof n->steps);
    vec_for (i, t->steps) {
        struct target_step s = t->steps.v[i];
        if (s.expr)
            s.expr = expr_clone(a, s.expr);
        vec_push(a, &n->steps, s);
    }
    return n;
}

struct variable *expr_variable(const struct expr *e)
{
    return e->kind == EX_INDEX && e->base->kind == EX_SYMBOL ? e->base->var : e->var;
}

struct expr *expr_clone(struct arena *a, const struct expr *e)
{
    if (!e)
        return NULL;
    struct expr *n = arena_new_obj(a, struct expr);
    *n = *e;
    n->a = expr_clone(a, e->a);
    n->b = expr_clone(a, e->b);
    n->c = expr_clone(a, e->c);
    n->base = expr_clone(a, e->base);
    clone_exprs(a, &n->args, &e->args);
    n->var = NULL;
    memset(&n->callees, 0, sizeof n->callees);
    if (has_target(e) && e->target)
        n->target = clone_target(a, e->target);
    switch (e->kind) {
    case EX_CTX:
    case EX_DEREF:
    case EX_DEREF_STR:
    case EX_LIVE_CONST:
    case EX_NUMBER:
    case EX_STRING:
        break;
    default:
        n->type = TY_UNKNOWN;
    }
    return n;
}

struct stmt *stmt_clone(struct arena *a, const struct stmt *s)
{
    if (!s)
        return NULL;
    struct stmt *n = arena_new_obj(a, struct stmt);
    *n = *s;
    n->e = expr_clone(a, s->e);
    n->init = expr_clone(a, s->init);
    n->step = expr_clone(a, s->step);
    n->then = stmt_clone(a, s->then);
    n->els = stmt_clone(a, s->els);
    n->catch_var = expr_clone(a, s->catch_var);
    memset(&n->body, 0, sizeof n->body);
    vec_for (i, s->body)
        vec_push(a, &n->body, stmt_clone(a, s->body.v[i]));
    if (s->foreach) {
        n->foreach = arena_new_obj(a, struct foreach);
        *n->foreach = *s->foreach;
        n->foreach->base = expr_clone(a, s->foreach->base);
        n->foreach->value = expr_clone(a, s->foreach->value);
        n->foreach->limit = expr_clone(a, s->foreach->limit);
        clone_exprs(a, &n->foreach->keys, &s->foreach->keys);
        clone_exprs(a, &n->foreach->slice, &s->foreach->slice);
    }
    return n;
}

/* ---- walking ---- */

static void visit(struct expr **e, expr_fn *fn, void *arg)
{
    if (*e)
        fn(e, arg);
}

void expr_children(struct expr *e, expr_fn *fn, void *arg)
{
    visit(&e->base, fn, arg);
    visit(&e->a, fn, arg);
    visit(&e->b, fn, arg);
    visit(&e->c, fn, arg);
    vec_for (i, e->args)
        visit(&e->args.v[i], fn, arg);
    if (has_target(e) && e->target)
        vec_for (i, e->target->steps)
            visit(&e->target->steps.v[i].expr, fn, arg);
}

void stmt_children(struct stmt *s, expr_fn *on_expr, stmt_fn *on_stmt, void *arg)
{
    visit(&s->init, on_expr, arg);
    if (s->foreach) {
        struct foreach *f = s->foreach;
        visit(&f->base, on_expr, arg);
        vec_for (i, f->slice)
            visit(&f->slice.v[i], on_expr, arg);
        visit(&f->limit, on_expr, arg);
        vec_for (i, f->keys)
            visit(&f->keys.v[i], on_expr, arg);
        visit(&f->value, on_expr, arg);
    }
    visit(&s->e, on_expr, arg);
    visit(&s->catch_var, on_expr, arg);
    if (s->then)
        on_stmt(&s->then, arg);
    if (s->els)
        on_stmt(&s->els, arg);
    visit(&s->step, on_expr, arg);
    vec_for (i, s->body)
        on_stmt(&s->body.v[i], arg);
}
