/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols: variables and calls.  Branches whose condition is known are dropped before they are
 * looked at, so that @defined() can guard what does not exist. */
#include <string.h>

#include "base/regex.h"
#include "sema/resolve.h"

static void resolve_stmt(struct stmt **sp, void *arg);

/* ---- variables ---- */

static struct variable *find_private(struct sema *m, const char *name, const struct source *src)
{
    vec_for (i, m->private_globals) {
        struct variable *v = m->private_globals.v[i];
        if (v->tok->src == src && strcmp(v->name, name) == 0)
            return v;
    }
    return NULL;
}

static struct variable *find_global(const struct scope *sc, const struct token *tok,
                                    const char *name)
{
    struct sema *m = sc->m;
    struct variable *v = find_private(m, name, tok->src);
    if (v)
        return v;
    /* Names in a library function are the library's own business; an alias of
     * the library sets the script's global when there is one of that name. */
    if (!(sc->fn && tok->src->tapset))
        v = hash_get(&m->globals, name);
    if (!v)
        v = hash_get(&m->library_globals, name);
    if (!v && tapset_load_global(m, name))
        v = hash_get(&m->library_globals, name);
    return v;
}

static struct variable *new_local(struct scope *sc, const struct expr *e)
{
    struct variable *v = arena_new_obj(sc->m->arena, struct variable);
    v->name = v->unique = e->str;
    v->tok = e->tok;
    v->arity = 0;
    v->arity_tok = e->tok;
    v->id = (int)sc->vars->n;
    /* Only a provider can make such a name. */
    v->to_reader = v->synthetic = strcmp(v->name, PROCFS_VALUE) == 0;
    if (v->to_reader)
        v->type = TY_STRING;
    vec_push(sc->m->arena, sc->vars, v);
    hash_put(&sc->locals, v->name, v);
    return v;
}

static const char *similar_globals(struct sema *m, const char *name)
{
    const char **names = arena_new_array(m->arena, const char *, m->globals.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < m->globals.n; i++) {
        struct variable *v = m->globals.entries[i].value;
        if (!v->tok->src->tapset)
            names[n++] = v->name;
    }
    return similar_hint(m, name, names, n);
}

void use_variable(struct scope *sc, struct expr *e, int arity)
{
    struct sema *m = sc->m;
    struct variable *v = hash_get(&sc->locals, e->str);
    if (!v)
        v = find_global(sc, e->tok, e->str);
    if (arity > 0 && (!v || v->is_param)) {
        diag_semantic(&m->s->diag, e->tok,
                      "unresolved arity-%d global array %s, missing global declaration?%s", arity,
                      e->str, similar_globals(m, e->str));
        diag_hint(&m->s->diag, "arrays are declared outside of probes and functions: global %s",
                  e->str);
        return;
    }
    if ((!v || v->is_param) && arity < 0) {
        diag_semantic(&m->s->diag, e->tok, "unresolved array in delete statement");
        diag_hint(&m->s->diag, "arrays are declared outside of probes and functions: global %s",
                  e->str);
        return;
    }
    if (!v)
        v = new_local(sc, e);
    e->var = v;
    if (!v->order)
        v->order = ++m->named;
    if (arity < 0)
        return;
    if (v->is_global && v->arity < 0) {
        v->arity = arity;
        v->arity_tok = e->tok;
        if (arity > 0) {
            v->key_types = arena_new_array(m->arena, enum type, arity);
            v->key_toks = arena_new_array(m->arena, const struct token *, arity);
            v->key_flows = arena_new_array(m->arena, struct value_flow, arity);
        }
    }
    if (v->arity != arity) {
        diag_semantic(&m->s->diag, e->tok, "inconsistent arity (%d vs %d)",
                      v->arity < 0 ? 0 : v->arity, arity);
        if (v->arity_tok)
            diag_semantic(&m->s->diag, v->arity_tok, "arity %d first inferred here", v->arity);
        e->var = NULL;
    }
}

void mark(struct expr *e, bool read, bool written)
{
    struct variable *v = expr_variable(e);
    if (!v)
        return;
    v->read |= read;
    v->written |= written;
}

/* ---- calls ---- */

static const char *similar_functions(struct sema *m, const char *name)
{
    /* The print operators are called like functions. */
    static const char *const prints[] = {"print",  "println",  "printf",  "printd",  "printdln",
                                         "sprint", "sprintln", "sprintf", "sprintd", "sprintdln"};
    size_t nprints = sizeof prints / sizeof *prints;
    size_t cap = m->functions.n + m->tapset->names.n + nprints;
    const char **names = arena_new_array(m->arena, const char *, cap + 1);
    size_t n = 0;
    while (n < nprints) {
        names[n] = prints[n];
        n++;
    }
    for (size_t i = 0; i < m->functions.n; i++)
        names[n++] = m->functions.entries[i].key;
    vec_for (i, m->tapset->names)
        if (m->tapset->names.v[i].kind == 'f')
            names[n++] = m->tapset->names.v[i].name;
    return similar_hint(m, name, names, n);
}

static void parse_body_pragmas(struct sema *m, struct function *f)
{
    if (f->body->kind != SM_EMBEDDED || f->intrinsic || !f->src->tapset)
        return;
    const char *text = f->body->text, *at = strstr(text, "intrinsic ");
    f->pure = strstr(text, "/* pure */") != NULL;
    f->unprivileged = strstr(text, "/* unprivileged */") != NULL;
    f->guru = strstr(text, "/* guru */") != NULL;
    static const char gives[] = "/* struct ";
    const char *type = strstr(text, gives);
    if (type) {
        type += sizeof gives - 1;
        f->flow.type = value_type_kernel(m->s, arena_strndup(m->arena, type, strcspn(type, " *")));
    }
    if (!at)
        return;
    at += strlen("intrinsic ");
    f->intrinsic = arena_strndup(m->arena, at, strcspn(at, " \t\n;*"));
}

static void use_function(struct sema *m, struct function *f)
{
    if (f->used)
        return;
    f->used = true;
    parse_body_pragmas(m, f);
    vec_push(m->arena, &m->queue, f);
}

/* Functions `name` that take `nargs` arguments and may be called at `tok`. */
static void fitting(struct sema *m, const struct expr *e, function_vec *fit,
                    const struct function **other)
{
    const function_vec *all = hash_get(&m->functions, e->str);
    fit->n = 0;
    if (!all)
        return;
    vec_for (i, *all) {
        struct function *f = all->v[i];
        if (f->is_private && f->src != e->tok->src)
            continue;
        if (f->params.n == e->args.n)
            vec_push(m->arena, fit, f);
        else
            *other = f;
    }
}

static void resolve_call(struct scope *sc, struct expr *e)
{
    struct sema *m = sc->m;
    function_vec fit = {0};
    const struct function *other = NULL;
    fitting(m, e, &fit, &other);
    if (!fit.n && tapset_load_function(m, e->str))
        fitting(m, e, &fit, &other);
    bool user = false;
    vec_for (i, fit)
        user |= !fit.v[i]->src->tapset;
    /* A script's function hides the library's of the same name; otherwise by
     * priority, then as written. */
    memset(&e->callees, 0, sizeof e->callees);
    for (int64_t done = INT64_MIN;;) {
        int64_t next = INT64_MAX;
        vec_for (i, fit)
            if (fit.v[i]->priority > done && fit.v[i]->priority < next)
                next = fit.v[i]->priority;
        if (next == INT64_MAX)
            break;
        vec_for (i, fit)
            if (fit.v[i]->priority == next && !(user && fit.v[i]->src->tapset))
                vec_push(m->arena, &e->callees, fit.v[i]);
        done = next;
    }
    if (!e->callees.n && other)
        diag_semantic2(&m->s->diag, e->tok, other->tok,
                       "arity mismatch found (function '%s' takes %zu args)", e->str,
                       other->params.n);
    else if (!e->callees.n) {
        diag_semantic(&m->s->diag, e->tok, "unresolved function %s%s", e->str,
                      similar_functions(m, e->str));
        diag_hint(&m->s->diag, "stap --dump-functions lists the functions of the library");
    }
    vec_for (i, e->callees) {
        e->callees.v[i] = context_function(m, e->callees.v[i], sc->probe);
        use_function(m, e->callees.v[i]);
        if (e->callees.v[i]->guru && !m->s->guru && !(sc->fn && sc->fn->src->tapset))
            diag_semantic(&m->s->diag, e->tok, "function '%s' requires guru mode (-g)", e->str);
    }
}

/* ---- @probewrite ---- */

struct writes {
    const char *name;
    bool found;
};

static void find_write(struct expr **ep, void *arg)
{
    struct writes *w = arg;
    const struct expr *e = *ep;
    bool write = e->kind == EX_ASSIGN || e->kind == EX_PRE || e->kind == EX_POST;
    /* What the library's prologues set is not what the handler writes. */
    if (write && e->a->kind == EX_SYMBOL && !e->a->tok->src->tapset)
        w->found |= strcmp(e->a->str, w->name) == 0;
    expr_children(*ep, find_write, w);
}

static void find_write_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, find_write, find_write_stmt, arg);
}

static bool probe_writes(const struct scope *sc, const struct expr *e)
{
    struct writes w = {.name = e->kind == EX_SYMBOL ? e->str : ""};
    if (sc->probe)
        find_write_stmt(&sc->probe->body, &w);
    return w.found;
}

/* ---- expressions ---- */

static void replace_number(struct scope *sc, struct expr **ep, int64_t n)
{
    *ep = expr_number(sc->m->arena, (*ep)->tok, n);
}

/* Before the array, so that their errors come first. */
static void resolve_indexes(struct scope *sc, struct expr *e)
{
    vec_for (i, e->args)
        if (e->args.v[i])
            resolve_expr(&e->args.v[i], sc);
        else
            diag_semantic(&sc->m->s->diag, e->tok, "wildcard not allowed in array index");
}

static void resolve_lvalue(struct scope *sc, struct expr **ep, bool read)
{
    struct expr *e = *ep;
    switch (e->kind) {
    case EX_SYMBOL:
        use_variable(sc, e, 0);
        break;
    case EX_INDEX:
        if (e->base->kind == EX_SYMBOL) {
            resolve_indexes(sc, e);
            use_variable(sc, e->base, (int)e->args.n);
            if (e->base->var)
                autocast_keys(sc->m, e->base->var, &e->args);
            break;
        }
        diag_semantic(&sc->m->s->diag, e->tok, "Expecting lvalue for assignment");
        break;
    case EX_TARGET:
    case EX_CAST:
        sc->lvalue = true;
        resolve_target(sc, ep);
        break;
    default:
        resolve_expr(ep, sc);
        return;
    }
    mark(*ep, read, true);
}

static bool is_lvalue(const struct expr *e)
{
    return e->kind == EX_SYMBOL || e->kind == EX_INDEX || e->kind == EX_TARGET ||
           e->kind == EX_CAST || e->kind == EX_DEREF;
}

static bool is_local_stat(struct scope *sc, const struct variable *v, const struct token *tok)
{
    if (v->is_global)
        return false;
    diag_semantic(&sc->m->s->diag, tok, "stat locals not supported, missing global declaration? ");
    diag_hint(&sc->m->s->diag, "statistics are declared outside of probes and functions: global %s",
              v->name);
    return true;
}

static void resolve_assign(struct scope *sc, struct expr *e, bool value_used)
{
    if (!is_lvalue(e->a)) {
        diag_semantic2(&sc->m->s->diag, e->tok, e->a->tok, "Expecting lvalue for %s",
                       e->kind == EX_ASSIGN ? "assignment" : "increment");
        return;
    }
    if (e->op == OP_STATADD && e->a->kind == EX_SYMBOL) {
        use_variable(sc, e->a, 0);
        if (e->a->var && is_local_stat(sc, e->a->var, e->a->tok))
            return;
    }
    resolve_lvalue(sc, &e->a, value_used && e->op != OP_ASSIGN && e->op != OP_STATADD);
    if (e->b)
        resolve_expr(&e->b, sc);
    if (e->kind == EX_ASSIGN && e->op == OP_ASSIGN)
        autocast_assign(sc->m, e->a, e->b);
    if ((e->a->kind == EX_DEREF || e->a->kind == EX_CALL) &&
        (e->kind != EX_ASSIGN || e->op != OP_STATADD)) {
        *e = *stored_value(sc->m, e);
        struct expr *call = e->kind == EX_CALL ? e : e->a;
        resolve_call(sc, call);
        /* Copies have forgotten which variables their names stand for. */
        vec_for (i, call->args)
            resolve_expr(&call->args.v[i], sc);
    }
}

static void note_hist(struct scope *sc, struct expr *e)
{
    struct variable *v = expr_variable(e->a);
    if (!v)
        return;
    if (is_local_stat(sc, v, e->a->tok))
        return;
    if (e->stat == ST_HIST_LOG ? v->need_hist_linear : v->need_hist_log)
        diag_semantic(&sc->m->s->diag, e->tok, "multiple histogram types declared on '%s'",
                      v->name);
    if (e->stat == ST_HIST_LOG) {
        v->need_hist_log = true;
        return;
    }
    if (v->need_hist_linear && (v->hist_low != e->hist_low || v->hist_high != e->hist_high ||
                                v->hist_step != e->hist_step))
        diag_semantic(&sc->m->s->diag, e->tok,
                      "multiple histogram types declared on '%s': @hist_linear with %lld, %lld, "
                      "%lld was used before",
                      v->name, (long long)v->hist_low, (long long)v->hist_high,
                      (long long)v->hist_step);
    v->need_hist_linear = true;
    v->hist_low = e->hist_low;
    v->hist_high = e->hist_high;
    v->hist_step = e->hist_step;
}

static void note_stat(struct scope *sc, struct expr *e)
{
    struct variable *v = expr_variable(e->a);
    if (!v)
        return;
    if (is_local_stat(sc, v, e->a->tok))
        return;
    v->need_variance |= e->stat == ST_VARIANCE;
    if (e->stat == ST_VARIANCE && (e->num < 0 || e->num > 62))
        diag_semantic(&sc->m->s->diag, e->tok, "bit shift (%lld) out of range <0..62>",
                      (long long)e->num);
    if (e->stat == ST_VARIANCE && v->variance_shift && v->variance_shift != e->num)
        diag_semantic(&sc->m->s->diag, e->tok, "conflicting bit shifts declared (previously %lld)",
                      (long long)v->variance_shift);
    else if (e->stat == ST_VARIANCE)
        v->variance_shift = e->num;
    v->need_minmax |= e->stat == ST_MIN || e->stat == ST_MAX;
}

static void resolve_regex(struct sema *m, struct expr *e)
{
    vec_for (i, m->p->regexes)
        if (strcmp(m->p->regexes.v[i].pattern, e->str) == 0) {
            e->id = (int)i;
            return;
        }
    const char *wrong = regex_check(m->arena, e->str);
    if (wrong)
        diag_semantic(&m->s->diag, e->pattern, "regex compilation error%s", wrong);
    e->id = (int)m->p->regexes.n;
    struct regex r = {.pattern = e->str};
    vec_push(m->arena, &m->p->regexes, r);
}

static void find_question(struct expr **ep, void *found)
{
    const struct expr *e = *ep;
    *(bool *)found |= e->kind == EX_DEFINED || e->kind == EX_CHOOSE_DEFINED ||
                      e->kind == EX_PROBEWRITE || e->tok->src->tapset;
    expr_children(*ep, find_question, found);
}

/* Whether a condition asks what there is, and so guards what may not be there.  What is dropped
 * for another constant condition must still be right. */
static bool asks_defined(struct expr *e)
{
    bool found = false;
    find_question(&e, &found);
    return found;
}

static void resolve_hist_or_expr(struct expr **ep, void *arg)
{
    struct scope *sc = arg;
    sc->hist_allowed = true;
    resolve_expr(ep, sc);
}

/* Resolves a condition, down to a number where it is constant; whether it asks what there is. */
static bool resolve_condition(struct expr **ep, struct scope *sc)
{
    bool asks = asks_defined(*ep);
    resolve_expr(ep, sc);
    fold_expr(sc->m->arena, *ep);
    return asks;
}

void resolve_expr(struct expr **ep, void *arg)
{
    struct scope *sc = arg;
    bool hist_allowed = sc->hist_allowed;
    sc->hist_allowed = false;
    struct sema *m = sc->m;
    struct expr *e = *ep;
    switch (e->kind) {
    case EX_SYMBOL:
        use_variable(sc, e, 0);
        mark(e, true, false);
        return;
    case EX_INDEX:
        resolve_indexes(sc, e);
        if (e->base->kind == EX_HIST) {
            resolve_hist_or_expr(&e->base, sc);
        } else {
            use_variable(sc, e->base, (int)e->args.n);
            mark(e, true, false);
        }
        return;
    case EX_IN:
        vec_for (i, e->args)
            if (e->args.v[i])
                resolve_expr(&e->args.v[i], sc);
        if (e->base->kind == EX_SYMBOL) {
            use_variable(sc, e->base, (int)e->args.n);
            mark(e->base, true, false);
        } else {
            resolve_hist_or_expr(&e->base, sc);
            if (e->args.n != 1 || !e->args.v[0])
                diag_semantic(&m->s->diag, e->base->tok, "a bucket is named by one number");
        }
        return;
    case EX_ASSIGN:
    case EX_PRE:
    case EX_POST:
        resolve_assign(sc, e, true);
        return;
    case EX_CALL:
        expr_children(e, resolve_expr, sc);
        resolve_call(sc, e);
        autocast_arguments(m, e);
        return;
    case EX_TARGET:
    case EX_CAST:
        resolve_target(sc, ep);
        return;
    case EX_DEFINED:
    case EX_CHOOSE_DEFINED: {
        enum defined d = all_defined(sc, e->a);
        if (d == NOT_KNOWN_YET) {
            m->open++;
        } else if (e->kind == EX_DEFINED) {
            replace_number(sc, ep, d == YES);
        } else {
            *ep = d == YES ? e->a : e->b;
            resolve_expr(ep, sc);
        }
        return;
    }
    case EX_ENTRY:
        resolve_entry(sc, ep);
        return;
    case EX_PROBEWRITE:
        replace_number(sc, ep, probe_writes(sc, e->a));
        return;
    case EX_TERNARY: {
        bool asks = resolve_condition(&e->a, sc);
        if (e->a->kind == EX_NUMBER && asks) {
            *ep = e->a->num ? e->b : e->c;
            resolve_expr(ep, sc);
            return;
        }
        if (undecided(e->a))
            return;
        resolve_expr(&e->b, sc);
        resolve_expr(&e->c, sc);
        return;
    }
    case EX_BINARY:
        if (e->op == OP_ANDAND || e->op == OP_OROR) {
            bool asks = resolve_condition(&e->a, sc);
            if (e->a->kind == EX_NUMBER && !e->a->num == (e->op == OP_ANDAND)) {
                if (!asks)
                    resolve_expr(&e->b, sc);
                replace_number(sc, ep, e->op == OP_OROR);
                return;
            }
            if (!undecided(e->a))
                resolve_expr(&e->b, sc);
            return;
        }
        break;
    case EX_KDEREF:
    case EX_UDEREF: {
        int64_t n = e->num;
        bool user = e->kind == EX_UDEREF;
        if (n != 1 && n != 2 && n != 4 && n != 8) {
            diag_semantic(&m->s->diag, e->tok, "the size must be 1, 2, 4 or 8");
            return;
        }
        e->kind = EX_DEREF;
        e->num = 0;
        e->type = TY_LONG;
        e->deref = (struct deref){.size = (uint8_t)n, .user = user};
        break;
    }
    case EX_REGEX:
        resolve_regex(m, e);
        break;
    case EX_PRINT:
        expr_children(e, e->print->format ? resolve_expr : resolve_hist_or_expr, sc);
        return;
    case EX_HIST:
        if (!hist_allowed)
            diag_semantic(&m->s->diag, e->tok, "base histogram operator where expression expected");
        break;
    case EX_PERF:
        e->num = -1;
        for (size_t i = 0; i < m->s->perf_counters.n; i++)
            if (strcmp(m->s->perf_counters.v[i].name, e->str) == 0)
                e->num = (int64_t)i;
        if (e->num < 0)
            diag_semantic(&m->s->diag, e->tok, "there is no perf counter '%s'", e->str);
        break;
    case EX_CONST:
    case EX_ENUMNAME:
    case EX_KREGISTER:
    case EX_UREGISTER:
    case EX_ATOP:
        diag_semantic(&m->s->diag, e->tok, "operator '%s' is not available in this probe",
                      e->tok->text);
        return;
    case EX_EMBEDDED:
        diag_semantic(&m->s->diag, e->tok,
                      "embedded C needs the kernel-module runtime; this build runs eBPF only");
        return;
    default:
        break;
    }
    expr_children(e, resolve_expr, sc);
    if (e->kind == EX_HIST)
        note_hist(sc, e);
    if (e->kind == EX_STAT)
        note_stat(sc, e);
}

/* ---- statements ---- */

static void resolve_foreach(struct scope *sc, struct stmt *s)
{
    struct foreach *f = s->foreach;
    int arity = (int)f->keys.n;
    vec_for (i, f->keys)
        resolve_lvalue(sc, &f->keys.v[i], true);
    if (f->value)
        resolve_lvalue(sc, &f->value, true);
    vec_for (i, f->slice)
        if (f->slice.v[i])
            resolve_expr(&f->slice.v[i], sc);
    if (f->base->kind == EX_SYMBOL) {
        use_variable(sc, f->base, arity);
        mark(f->base, true, false);
    } else {
        resolve_hist_or_expr(&f->base, sc);
        if (arity != 1)
            diag_semantic(&sc->m->s->diag, s->tok, "a histogram has one index");
    }
    if (f->slice.n && (int)f->slice.n != arity)
        diag_semantic(&sc->m->s->diag, f->base->tok,
                      "unexpected number of slice columns: %zu, "
                      "the array has %d",
                      f->slice.n, arity);
    if (f->limit)
        resolve_expr(&f->limit, sc);
    autocast_foreach(sc->m, f);
    resolve_stmt(&s->then, sc);
}

static void resolve_delete(struct scope *sc, struct expr *e)
{
    if (e->kind == EX_SYMBOL) {
        use_variable(sc, e, -1);
        mark(e, false, true);
    } else if (e->kind == EX_INDEX && e->base->kind == EX_SYMBOL) {
        vec_for (i, e->args)
            if (e->args.v[i])
                resolve_expr(&e->args.v[i], sc);
        use_variable(sc, e->base, (int)e->args.n);
        mark(e, false, true);
    } else {
        diag_semantic(&sc->m->s->diag, e->tok,
                      "expecting a variable or an array element to delete");
    }
}

static void resolve_stmt(struct stmt **sp, void *arg)
{
    struct scope *sc = arg;
    struct stmt *s = *sp;
    switch (s->kind) {
    case SM_EXPR:
        if (s->e->kind == EX_ASSIGN || s->e->kind == EX_PRE || s->e->kind == EX_POST)
            resolve_assign(sc, s->e, false);
        else
            resolve_expr(&s->e, sc);
        return;
    case SM_IF: {
        bool asks = resolve_condition(&s->e, sc);
        if (s->e->kind == EX_NUMBER) {
            struct stmt *live = s->e->num ? s->then : s->els;
            struct stmt *dead = s->e->num ? s->els : s->then;
            if (!asks && dead)
                resolve_stmt(&dead, sc);
            *sp = live ? live : stmt_new(sc->m->arena, SM_EMPTY, s->tok);
            resolve_stmt(sp, sc);
            return;
        }
        if (undecided(s->e))
            return;
        resolve_stmt(&s->then, sc);
        if (s->els)
            resolve_stmt(&s->els, sc);
        return;
    }
    case SM_FOREACH:
        resolve_foreach(sc, s);
        return;
    case SM_DELETE:
        resolve_delete(sc, s->e);
        return;
    case SM_TRY:
        resolve_stmt(&s->then, sc);
        if (s->catch_var)
            resolve_lvalue(sc, &s->catch_var, false);
        resolve_stmt(&s->els, sc);
        return;
    case SM_WHILE:
    case SM_FOR:
        if (s->init)
            resolve_expr(&s->init, sc);
        if (s->e) {
            bool asks = resolve_condition(&s->e, sc);
            if (asks && s->e->kind == EX_NUMBER && !s->e->num) {
                *sp = stmt_new(sc->m->arena, s->init ? SM_EXPR : SM_EMPTY, s->tok);
                (*sp)->e = s->init;
                return;
            }
            if (undecided(s->e))
                return;
        }
        if (s->step)
            resolve_expr(&s->step, sc);
        resolve_stmt(&s->then, sc);
        return;
    case SM_NEXT:
        if (sc->fn)
            sc->fn->may_next = true;
        return;
    case SM_RETURN:
        if (s->e)
            resolve_expr(&s->e, sc);
        if (s->e && sc->fn)
            autocast_flow(sc->m, &sc->fn->flow, s->e);
        return;
    case SM_EMBEDDED:
        if (!sc->fn || !sc->fn->intrinsic)
            diag_semantic(&sc->m->s->diag, s->tok,
                          "embedded C needs the kernel-module runtime; this build runs eBPF only");
        return;
    default:
        stmt_children(s, resolve_expr, resolve_stmt, sc);
    }
}

/* A probe's condition is looked at whenever a global changes: it is made of globals only, and
 * changes nothing. */
static void check_condition(struct expr **ep, void *arg)
{
    struct scope *sc = arg;
    struct expr *e = *ep;
    if (e->kind == EX_ASSIGN || e->kind == EX_PRE || e->kind == EX_POST)
        diag_semantic(&sc->m->s->diag, e->tok, "probe condition must not modify any variables");
    else if (e->kind == EX_SYMBOL && !find_global(sc, e->tok, e->str))
        diag_semantic(&sc->m->s->diag, e->tok,
                      "probe condition must not reference undeclared global");
    else
        expr_children(e, check_condition, sc);
}

/* Names that are known already are the ones of `vars`. */
static struct scope scope_of(struct sema *m, struct probe *p, struct function *f)
{
    struct scope sc = {.m = m, .probe = p, .fn = f, .vars = f ? &f->locals : &p->locals};
    hash_init(&sc.locals, m->arena);
    vec_for (i, *sc.vars)
        hash_put(&sc.locals, sc.vars->v[i]->name, sc.vars->v[i]);
    return sc;
}

void resolve_probe(struct sema *m, struct probe *p)
{
    struct scope sc = scope_of(m, p, NULL);
    resolve_stmt(&p->body, &sc);
    if (p->condition) {
        unsigned errors = m->s->diag.errors;
        check_condition(&p->condition, &sc);
        if (m->s->diag.errors == errors)
            resolve_expr(&p->condition, &sc);
    }
    struct stmt *prologue = entry_prologue(m, p);
    if (prologue) {
        resolve_stmt(&prologue, &sc);
        struct stmt *both = stmt_new(m->arena, SM_BLOCK, p->body->tok);
        vec_push(m->arena, &both->body, prologue);
        if (p->condition) { /* it may ask for saved values too */
            struct stmt *when = stmt_new(m->arena, SM_IF, p->condition->tok);
            when->e = p->condition;
            when->then = p->body;
            p->body = when;
            p->condition = NULL;
        }
        vec_push(m->arena, &both->body, p->body);
        p->body = both;
    }
}

void resolve_function(struct sema *m, struct function *f)
{
    struct scope sc = scope_of(m, f->context, f);
    vec_for (i, f->params) {
        struct variable *v = f->params.v[i];
        v->arity = 0;
        v->written = true;
        hash_put(&sc.locals, v->name, v);
    }
    resolve_stmt(&f->body, &sc);
}

void resolve_rest(struct sema *m)
{
    unsigned errors = m->s->diag.errors;
    /* One that got a second type may have handed on the first one before. */
    for (bool again = m->open || m->clashed; again && m->s->diag.errors == errors;) {
        unsigned before = m->open;
        m->open = 0;
        m->flowed = false;
        vec_for (i, m->p->probes)
            resolve_probe(m, m->p->probes.v[i]);
        for (size_t i = 0, n = m->p->functions.n; i < n; i++)
            resolve_function(m, m->p->functions.v[i]);
        resolve_queue(m);
        again = m->flowed || (m->open && !m->last);
        if (m->flowed || m->open < before)
            continue;
        m->last = m->decided;
        m->decided = true;
    }
}
