/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types: a fixed point over all uses of each variable and function. */
#include <string.h>

#include "sema/sema.h"

/* Types are inferred until nothing changes; then the errors are told, those of the first kind
 * that there are: uses of one variable that differ, then other values that do not fit, then what
 * is still unknown. */
enum round { INFER, DIFFER, MISFIT, UNKNOWN };

struct infer {
    struct sema *m;
    struct function *fn;
    bool changed;
    enum round round;
    const struct expr *wanted; /* of this expression */
    bool declared; /* what is wanted is the declared type of a function or a parameter */
    struct hash reported;
};

static const char *type_name(enum type t)
{
    static const char *const names[] = {"unknown", "long", "string", "stats"};
    return names[t];
}

static enum type infer(struct infer *w, struct expr *e, enum type want);

static bool once_in(struct infer *w, enum round round, const void *what)
{
    return w->round >= round && hash_put(&w->reported, arena_printf(w->m->arena, "%p", what), w);
}

static bool once(struct infer *w, const void *what)
{
    return once_in(w, MISFIT, what);
}

static void mismatch(struct infer *w, const struct expr *e, enum type want, enum type have)
{
    if (!once_in(w, w->declared ? DIFFER : MISFIT, e))
        return;
    if (want == TY_STATS || have == TY_STATS)
        diag_semantic(&w->m->s->diag, e->tok, "type mismatch (%s)", type_name(want));
    else
        diag_semantic(&w->m->s->diag, e->tok, "type mismatch: expected %s but found %s",
                      type_name(want), type_name(have));
    if (want == TY_STRING && have == TY_LONG)
        diag_hint(&w->m->s->diag, "sprint(N) makes a string of a number");
    else if (want == TY_LONG && have == TY_STRING)
        diag_hint(&w->m->s->diag, "strtol(S, 10) makes a number of a string");
    else if (have == TY_STATS)
        diag_hint(&w->m->s->diag, "a statistic is read by @count, @sum, @min, @max, @avg");
}

/* Sets or checks the type at `t`. */
static void unify(struct infer *w, enum type *t, const struct token **where, const struct expr *e,
                  enum type want)
{
    if (want == TY_UNKNOWN || *t == want)
        return;
    if (*t == TY_UNKNOWN) {
        *t = want;
        if (where)
            *where = e->tok;
        w->changed = true;
        return;
    }
    if (!where || !*where) { /* declared */
        w->declared = true;
        mismatch(w, e, want, *t);
        w->declared = false;
        return;
    }
    if (!once_in(w, DIFFER, e))
        return;
    diag_semantic(&w->m->s->diag, e->tok, "type mismatch (%s)", type_name(want));
    diag_semantic(&w->m->s->diag, *where, "type was first inferred here (%s)", type_name(*t));
}

static void unresolved(struct infer *w, const struct expr *e)
{
    if (!once_in(w, UNKNOWN, e))
        return;
    diag_semantic(&w->m->s->diag, e->tok, "unresolved type ");
    if (e->kind == EX_SYMBOL || e->kind == EX_INDEX)
        diag_hint(&w->m->s->diag, "nothing gives it a value that would tell whether it is a "
                                  "number or a string");
}

static void unresolved_array(struct infer *w, const struct expr *e)
{
    if (e->kind == EX_SYMBOL && e->var && e->var->type == TY_UNKNOWN)
        unresolved(w, e);
}

/* A node whose type is known: checks it against what is wanted. */
static enum type known(struct infer *w, struct expr *e, enum type have, enum type want)
{
    w->declared = e == w->wanted;
    e->type = have;
    if (want != TY_UNKNOWN && have != TY_UNKNOWN && want != have)
        mismatch(w, e, want, have);
    w->declared = false;
    return have;
}

/* A use of a variable, an element or a function, whose type is at `t`, and what is wanted of
 * it.  As in the original a use takes its type from where it stands, hands it on in the next
 * round, and is held against what others have said by then: that decides which use is wrong. */
static enum type agree(struct infer *w, struct expr *e, enum type *t, const struct token **where,
                       enum type want)
{
    enum type had = e->type;
    if (had != TY_UNKNOWN && *t != TY_UNKNOWN && had != *t)
        unify(w, t, where, e, had);
    else if (want != TY_UNKNOWN && (had != TY_UNKNOWN ? had : *t) != TY_UNKNOWN &&
             (had != TY_UNKNOWN ? had : *t) != want)
        unify(w, t, where, e, want);
    else if (had == TY_UNKNOWN && (want != TY_UNKNOWN || *t != TY_UNKNOWN)) {
        e->type = want != TY_UNKNOWN ? want : *t;
        w->changed = true;
    } else if (had != TY_UNKNOWN && *t == TY_UNKNOWN)
        unify(w, t, where, e, had);
    return e->type != TY_UNKNOWN ? e->type : *t;
}

static enum type infer_variable(struct infer *w, struct expr *e, struct variable *v, enum type want)
{
    if (!v)
        return e->type = want;
    enum type t = agree(w, e, &v->type, &v->type_tok, want);
    if (t == TY_UNKNOWN)
        unresolved(w, e);
    return t;
}

/* The i-th key of an array or argument of a function: the type is that of its
 * first use. */
static void infer_nth(struct infer *w, struct expr *e, size_t i, enum type *t,
                      const struct token **where)
{
    bool down = e->kind == EX_SYMBOL || e->kind == EX_INDEX || e->kind == EX_TERNARY || !*where;
    w->wanted = *where ? NULL : e;
    enum type have = infer(w, e, down ? *t : TY_UNKNOWN);
    if (have == TY_UNKNOWN && *t != TY_UNKNOWN)
        have = infer(w, e, *t);
    if (have == TY_UNKNOWN || have == *t)
        return;
    if (*t == TY_UNKNOWN) {
        *t = have;
        *where = e->tok;
        w->changed = true;
    } else if (*where && once_in(w, DIFFER, e)) {
        diag_semantic(&w->m->s->diag, e->tok, "index %zu type mismatch (%s)", i, type_name(have));
        diag_semantic(&w->m->s->diag, *where, "type of index %zu was first inferred here (%s)", i,
                      type_name(*t));
    }
}

static void infer_keys(struct infer *w, struct variable *v, const expr_vec *args)
{
    vec_for (i, *args)
        if (args->v[i] && v && (int)i < v->arity) {
            infer_nth(w, args->v[i], i, &v->key_types[i], &v->key_toks[i]);
            if (v->key_types[i] == TY_UNKNOWN)
                unresolved(w, args->v[i]);
        }
}

static enum type infer_index(struct infer *w, struct expr *e, enum type want)
{
    if (e->base->kind == EX_HIST) {
        infer(w, e->base, TY_UNKNOWN);
        infer(w, e->args.v[0], TY_LONG);
        return known(w, e, TY_LONG, want);
    }
    if (want == TY_UNKNOWN)
        unresolved_array(w, e->base);
    enum type t = infer_variable(w, e, e->base->var, want); /* its error comes first */
    infer_keys(w, e->base->var, &e->args);
    return t;
}

/* Two operands of one type. */
static enum type infer_same(struct infer *w, struct expr *a, struct expr *b, enum type want)
{
    enum type t = infer(w, a, want);
    if (t == TY_UNKNOWN)
        t = infer(w, b, want);
    else
        infer(w, b, t);
    if (a->type == TY_UNKNOWN && t != TY_UNKNOWN)
        infer(w, a, t);
    return t;
}

static enum type type_so_far(const struct expr *e)
{
    if (e->kind == EX_PRINT)
        return e->print->to_string ? TY_STRING : TY_LONG;
    return e->kind == EX_NUMBER ? TY_LONG : e->kind == EX_STRING ? TY_STRING : e->type;
}

/* The left side is held against the right one when that is known. */
static void infer_compare(struct infer *w, struct expr *a, struct expr *b)
{
    enum type right = type_so_far(b);
    enum type left = infer(w, a, right);
    if (left == TY_STATS && once(w, a))
        diag_semantic(&w->m->s->diag, a->tok, "invalid type stats");
    if (left == right || right == TY_UNKNOWN)
        infer(w, b, left);
    else
        infer(w, b, TY_UNKNOWN);
}

static bool is_variable(const struct expr *e)
{
    return e->kind == EX_SYMBOL || e->kind == EX_INDEX || e->kind == EX_CALL;
}

static bool is_sprint(const struct expr *e)
{
    return e->kind == EX_PRINT && !e->print->of_target;
}

static enum type infer_binary(struct infer *w, struct expr *e, enum type want)
{
    switch (e->op) {
    case OP_CONCAT:
        if (e->a->kind == EX_STAT || e->b->kind == EX_STAT) {
            if (once(w, e))
                diag_semantic(&w->m->s->diag, e->tok, "expected string types");
            return known(w, e, TY_STRING, want);
        }
        infer(w, e->a, TY_STRING);
        infer(w, e->b, TY_STRING);
        return known(w, e, TY_STRING, want);
    case OP_LT:
    case OP_GT:
    case OP_LE:
    case OP_GE:
    case OP_EQ:
    case OP_NE:
        infer_compare(w, e->a, e->b);
        return known(w, e, TY_LONG, want);
    default: {
        enum type left = type_so_far(e->a), right = type_so_far(e->b);
        if (left != right && left != TY_UNKNOWN && right != TY_UNKNOWN && e->op != OP_ANDAND &&
            e->op != OP_OROR && (is_sprint(e->a) || is_sprint(e->b)) && once(w, e)) {
            diag_semantic(&w->m->s->diag, e->tok,
                          "type mismatch: left and right sides don't agree (%s vs %s)",
                          type_name(left), type_name(right));
            once(w, e->a);
            once(w, e->b);
        }
        enum type l = infer(w, e->a, TY_LONG), r = infer(w, e->b, TY_LONG);
        if (l != r && l != TY_UNKNOWN && r != TY_UNKNOWN && e->op != OP_ANDAND &&
            e->op != OP_OROR && !is_variable(e->a) && !is_variable(e->b) && once(w, e))
            diag_semantic(&w->m->s->diag, e->tok,
                          "type mismatch: left and right sides don't agree (%s vs %s)",
                          type_name(l), type_name(r));
        return known(w, e, TY_LONG, want);
    }
    }
}

static enum type infer_assign(struct infer *w, struct expr *e, enum type want)
{
    if (e->op == OP_STATADD) {
        infer(w, e->a, TY_STATS);
        infer(w, e->b, TY_LONG);
        return known(w, e, TY_LONG, want);
    }
    if (e->op == OP_CONCAT_EQ) {
        infer(w, e->a, TY_STRING);
        infer(w, e->b, TY_STRING);
        return known(w, e, TY_STRING, want);
    }
    if (e->op != OP_ASSIGN) {
        infer(w, e->a, TY_LONG);
        infer(w, e->b, TY_LONG);
        return known(w, e, TY_LONG, want);
    }
    /* The left side takes the type that the right one is known to have, or has
     * after the next round. */
    enum type right = type_so_far(e->b);
    enum type t = infer(w, e->a, right != TY_UNKNOWN ? right : want);
    right = infer(w, e->b, t == right || right == TY_UNKNOWN ? t : TY_UNKNOWN);
    if (t == TY_UNKNOWN && right != TY_UNKNOWN)
        w->changed = true;
    if (t == TY_UNKNOWN || right == TY_STATS)
        t = right;
    if (t == TY_STATS && once(w, e))
        diag_semantic(&w->m->s->diag, e->b->tok, "invalid type stats");
    return known(w, e, t, want);
}

static enum type infer_call(struct infer *w, struct expr *e, enum type want)
{
    enum type t = want;
    vec_for (i, e->callees) {
        struct function *f = e->callees.v[i];
        if (f->type != TY_UNKNOWN || !f->intrinsic) {
            if (i == 0)
                agree(w, e, &f->type, &f->type_tok, want);
            else
                unify(w, &f->type, &f->type_tok, e, want);
        }
        vec_for (k, e->args) {
            if (k >= f->params.n)
                break;
            struct variable *p = f->params.v[k];
            infer_nth(w, e->args.v[k], k, &p->type, &p->type_tok);
        }
        if (f->type != TY_UNKNOWN && t != TY_UNKNOWN && f->type != t && i > 0)
            mismatch(w, e, t, f->type);
        if (f->type != TY_UNKNOWN)
            t = f->type;
    }
    /* An overload that only passes the call on has the type of the others. */
    vec_for (i, e->callees)
        if (e->callees.v[i]->type == TY_UNKNOWN && e->callees.v[i]->may_next)
            unify(w, &e->callees.v[i]->type, &e->callees.v[i]->type_tok, e, t);
    return e->type = t;
}

static void infer_print(struct infer *w, struct expr *e)
{
    struct print *p = e->print;
    if (!p->format) {
        vec_for (i, e->args) {
            if (e->args.v[i]->kind == EX_HIST) {
                infer(w, e->args.v[i], TY_UNKNOWN);
                continue;
            }
            enum type t = infer(w, e->args.v[i], TY_UNKNOWN);
            if (t == TY_STATS && once(w, e->args.v[i]))
                diag_semantic(&w->m->s->diag, e->args.v[i]->tok,
                              "a statistic cannot be printed whole: use @count, @sum, …");
            if (t == TY_UNKNOWN)
                unresolved(w, e->args.v[i]);
        }
        return;
    }
    size_t a = 0, need = 0;
    vec_for (i, p->parts)
        if (p->parts.v[i].conv != FMT_LITERAL)
            need += 1 + (size_t)p->parts.v[i].width_arg + (size_t)p->parts.v[i].prec_arg;
    if (need != e->args.n) {
        if (once(w, e))
            diag_semantic(&w->m->s->diag, e->tok,
                          "Wrong number of args to formatted print operator");
        return;
    }
    vec_for (i, p->parts) {
        const struct fmt_part *part = &p->parts.v[i];
        if (part->conv == FMT_LITERAL)
            continue;
        for (int star = part->width_arg + part->prec_arg; star > 0; star--)
            infer(w, e->args.v[a++], TY_LONG);
        infer(w, e->args.v[a++], part->conv == FMT_STRING ? TY_STRING : TY_LONG);
    }
}

static enum type infer(struct infer *w, struct expr *e, enum type want)
{
    switch (e->kind) {
    case EX_NUMBER:
    case EX_LIVE_CONST:
        return known(w, e, TY_LONG, want);
    case EX_STRING:
        return known(w, e, TY_STRING, want);
    case EX_SYMBOL:
        return infer_variable(w, e, e->var, want);
    case EX_INDEX:
        return infer_index(w, e, want);
    case EX_UNARY:
    case EX_PRE:
    case EX_POST:
        infer(w, e->a, TY_LONG);
        return known(w, e, TY_LONG, want);
    case EX_BINARY:
        return infer_binary(w, e, want);
    case EX_REGEX:
        infer(w, e->a, TY_STRING);
        return known(w, e, TY_LONG, want);
    case EX_IN:
        if (e->base->kind != EX_SYMBOL)
            infer(w, e->base, TY_UNKNOWN);
        else if (e->base->var)
            infer_keys(w, e->base->var, &e->args);
        unresolved_array(w, e->base);
        return known(w, e, TY_LONG, want);
    case EX_TERNARY:
        infer(w, e->a, TY_LONG);
        return known(w, e, infer_same(w, e->b, e->c, want), want);
    case EX_ASSIGN:
        return infer_assign(w, e, want);
    case EX_CALL:
        return infer_call(w, e, want);
    case EX_STAT:
    case EX_HIST:
        infer(w, e->a, TY_STATS);
        return known(w, e, TY_LONG, want);
    case EX_PRINT:
        infer_print(w, e);
        return known(w, e, e->print->to_string ? TY_STRING : TY_LONG, want);
    case EX_DEREF:
        infer(w, e->a, TY_LONG);
        return known(w, e, TY_LONG, want);
    case EX_DEREF_STR:
        infer(w, e->a, TY_LONG);
        return known(w, e, TY_STRING, want);
    case EX_PERF:
        return known(w, e, TY_LONG, want);
    case EX_CTX:
        return known(w, e, e->type == TY_STRING ? TY_STRING : TY_LONG, want);
    default:
        return e->type;
    }
}

static void infer_stmt(struct stmt **sp, void *arg);

static void infer_foreach(struct infer *w, struct foreach *f)
{
    if (f->base->kind == EX_HIST) {
        infer(w, f->base, TY_UNKNOWN);
        vec_for (i, f->keys)
            infer(w, f->keys.v[i], TY_LONG);
        if (f->value)
            infer(w, f->value, TY_LONG);
        return;
    }
    struct variable *a = f->base->var;
    if (!a)
        return;
    f->base->type = a->type;
    infer_keys(w, a, &f->keys);
    infer_keys(w, a, &f->slice);
    unresolved_array(w, f->base);
    if (f->value && a->type == TY_STATS && once(w, f->value))
        diag_semantic(&w->m->s->diag, f->value->tok, "invalid type stats");
    if (f->sort_stat_given && a->type == TY_UNKNOWN)
        unify(w, &a->type, &a->type_tok, f->base, w->round != INFER ? TY_STATS : TY_UNKNOWN);
    else if (f->sort_stat_given && a->type != TY_STATS && once(w, f->base))
        diag_semantic(&w->m->s->diag, f->base->tok, "invalid type %s", type_name(a->type));
}

/* After the body: what that does with the variable counts first. */
static void infer_foreach_value(struct infer *w, struct foreach *f)
{
    struct variable *a = f->base->kind == EX_SYMBOL ? f->base->var : NULL;
    if (!a || !f->value)
        return;
    if (a->type != TY_STATS)
        infer(w, f->value, a->type);
}

static void infer_stmt(struct stmt **sp, void *arg)
{
    struct infer *w = arg;
    struct stmt *s = *sp;
    switch (s->kind) {
    case SM_IF:
    case SM_WHILE:
        infer(w, s->e, TY_LONG);
        break;
    case SM_FOR:
        if (s->init)
            infer(w, s->init, TY_UNKNOWN);
        if (s->e)
            infer(w, s->e, TY_LONG);
        if (s->step)
            infer(w, s->step, TY_UNKNOWN);
        break;
    case SM_FOREACH:
        infer_foreach(w, s->foreach);
        if (s->foreach->limit)
            infer(w, s->foreach->limit, TY_LONG);
        break;
    case SM_RETURN:
        if (s->e && w->fn) {
            bool open = w->fn->type_tok || w->fn->type == TY_UNKNOWN;
            w->wanted = open ? NULL : s->e;
            enum type t = infer(w, s->e, open ? TY_UNKNOWN : w->fn->type);
            if (t == TY_UNKNOWN)
                t = infer(w, s->e, w->fn->type);
            if (t == TY_STATS) {
                if (once(w, s->e))
                    diag_semantic(&w->m->s->diag, s->e->tok, "invalid type stats");
                return;
            }
            unify(w, &w->fn->type, &w->fn->type_tok, s->e, t);
        } else if (w->fn && w->fn->type != TY_UNKNOWN && once(w, s)) {
            struct diag *d = &w->m->s->diag;
            diag_semantic(d, s->tok, "type mismatch (unknown)");
            if (w->fn->type_tok)
                diag_semantic(d, w->fn->type_tok, "type was first inferred here (%s)",
                              type_name(w->fn->type));
        }
        return;
    case SM_TRY:
        infer_stmt(&s->then, w);
        if (s->catch_var)
            infer(w, s->catch_var, TY_STRING);
        infer_stmt(&s->els, w);
        return;
    case SM_DELETE:
        if (s->e->kind == EX_INDEX && s->e->base->kind == EX_SYMBOL)
            infer_keys(w, s->e->base->var, &s->e->args);
        unresolved_array(w, s->e->kind == EX_INDEX ? s->e->base : s->e);
        return;
    case SM_EXPR:
        infer(w, s->e, TY_UNKNOWN);
        return;
    default:
        break;
    }
    if (s->then)
        infer_stmt(&s->then, w);
    if (s->els)
        infer_stmt(&s->els, w);
    vec_for (i, s->body)
        infer_stmt(&s->body.v[i], w);
    if (s->kind == SM_FOREACH)
        infer_foreach_value(w, s->foreach);
}

static void start_globals(struct infer *w)
{
    vec_for (i, w->m->p->globals) {
        struct variable *v = w->m->p->globals.v[i];
        if (v->arity < 0)
            v->arity = 0;
        if (v->arity == 0 && (v->maxsize > 0 || v->wrap))
            diag_semantic(&w->m->s->diag, v->tok, "inconsistent arity");
        if (v->init)
            v->type = v->init->kind == EX_STRING ? TY_STRING : TY_LONG;
    }
}

static void check_globals(struct infer *w)
{
    vec_for (i, w->m->p->globals) {
        struct variable *v = w->m->p->globals.v[i];
        if (v->type == TY_UNKNOWN) {
            /* Only deleted, tested with `in`, or counted: a long will do. */
            v->type = TY_LONG;
        }
        for (int k = 0; k < v->arity; k++)
            if (v->key_types[k] == TY_UNKNOWN)
                v->key_types[k] = TY_LONG;
    }
}

static void default_variables(variable_vec *vars)
{
    vec_for (i, *vars)
        if (vars->v[i]->type == TY_UNKNOWN)
            vars->v[i]->type = TY_LONG;
}

static void infer_functions(struct infer *w)
{
    struct program *p = w->m->p;
    vec_for (i, p->functions) {
        w->fn = p->functions.v[i];
        if (!w->fn->intrinsic)
            infer_stmt(&p->functions.v[i]->body, w);
    }
}

static void infer_probes(struct infer *w)
{
    struct program *p = w->m->p;
    w->fn = NULL;
    vec_for (i, p->probes) {
        if (p->probes.v[i]->condition)
            infer(w, p->probes.v[i]->condition, TY_LONG);
        infer_stmt(&p->probes.v[i]->body, w);
    }
}

static void infer_round(struct infer *w)
{
    infer_functions(w);
    infer_probes(w);
}

void infer_types(struct sema *m)
{
    struct infer w = {.m = m};
    hash_init(&w.reported, m->arena);
    start_globals(&w);
    do {
        w.changed = false;
        infer_round(&w);
    } while (w.changed);
    unsigned errors = m->s->diag.errors;
    for (w.round = DIFFER; w.round <= UNKNOWN && m->s->diag.errors == errors; w.round++)
        infer_round(&w);
    check_globals(&w);
    vec_for (i, m->p->probes)
        default_variables(&m->p->probes.v[i]->locals);
    vec_for (i, m->p->functions) {
        default_variables(&m->p->functions.v[i]->params);
        default_variables(&m->p->functions.v[i]->locals);
    }
}
