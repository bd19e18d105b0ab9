/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Target variables: what the provider of a probe knows by names and types. */
#include <string.h>

#include "sema/resolve.h"

static bool is_return(const struct probe *p)
{
    return p && (p->attach.kind == ATTACH_URETPROBE || p->attach.kind == ATTACH_KRETPROBE);
}

static bool try_target(struct scope *sc, struct expr **ep, bool lvalue, const char **why)
{
    const struct probe_provider *pr = sc->probe ? sc->probe->provider : NULL;
    struct expr *r = NULL;
    *why = NULL;
    if (pr && pr->target)
        r = pr->target(sc->m->s, sc->probe, *ep, lvalue, why);
    bool global = (*ep)->kind == EX_TARGET && (*ep)->target->at_name;
    if (!r && !*why && (global || ((*ep)->kind == EX_CAST && !(pr && pr->target))))
        r = function_target(sc->m->s, *ep, lvalue, why);
    if (!r && !lvalue && (*ep)->kind == EX_TARGET && (*ep)->target->name && is_return(sc->probe)) {
        /* What a return does not see is what it was at the entry. */
        bool result = strcmp((*ep)->target->name, "$return") == 0; /* there is none at the entry */
        struct probe *entry = result ? NULL : entry_probe(sc->m, sc->probe, (*ep)->tok, false);
        struct expr *copy = expr_clone(sc->m->arena, *ep);
        if (entry && pr->target(sc->m->s, entry, copy, false, why)) {
            r = expr_new(sc->m->arena, EX_ENTRY, (*ep)->tok);
            r->a = expr_clone(sc->m->arena, *ep);
        }
    }
    if (!r)
        return false;
    *ep = r;
    return true;
}

/* @entry(x): what x was when the function or system call was entered. */
void resolve_entry(struct scope *sc, struct expr **ep)
{
    struct expr *e = *ep;
    if (sc->probe && sc->probe->attach.kind == ATTACH_SYSCALL_EXIT) {
        /* The registers at exit still hold the arguments. */
        *ep = e->a;
        resolve_expr(ep, sc);
        return;
    }
    struct expr *r = sc->probe ? entry_value(sc->m, sc->probe, sc->fn, e) : NULL;
    if (!r) {
        diag_semantic(&sc->m->s->diag, e->tok, "@entry is only valid in .return probes");
        diag_hint(&sc->m->s->diag, "write .return behind the probe point");
        return;
    }
    *ep = r;
    resolve_expr(ep, sc);
}

static void bad_target(struct scope *sc, struct expr **ep)
{
    diag_warning(&sc->m->s->diag, (*ep)->tok,
                 "Bad $context variable being substituted with literal 0");
    *ep = expr_number(sc->m->arena, (*ep)->tok, 0);
}

/* At the component that is not there, or the variable. */
static void refuse(struct sema *m, const struct expr *e, const char *why)
{
    diag_semantic(&m->s->diag, m->s->why_at ? m->s->why_at : e->tok, "%s", why);
    m->s->why_at = NULL;
}

static bool is_autocast(const struct expr *e)
{
    return e->kind == EX_CAST && !e->target->type;
}

/* The calls in what has been put in the place of a target. */
static void resolve_made(struct scope *sc, struct expr **ep)
{
    if ((*ep)->kind == EX_CALL)
        resolve_expr(ep, sc);
    else
        expr_children(*ep, resolve_expr, sc);
}

/* VALUE->…: of the type that the value is found to be, now or when all is resolved. */
static void resolve_autocast(struct scope *sc, struct expr **ep)
{
    struct sema *m = sc->m;
    struct expr *e = *ep;
    const char *why;
    bool lvalue = sc->lvalue;
    sc->lvalue = false;
    expr_children(e, resolve_expr, sc);
    struct value_flow f = autocast_type(m, e->a);
    bool known = f.type && !f.other;
    if (!known && !m->last) {
        m->open++;
        return;
    }
    m->s->why_at = NULL;
    struct expr *r = known ? value_target(m->s, f.type, e, lvalue, &why) : NULL;
    if (r) {
        autocast_used(e->a, e->tok);
        *ep = r;
        resolve_made(sc, ep);
        return;
    }
    if (m->s->skip_badvars) {
        bad_target(sc, ep);
        return;
    }
    if (known)
        refuse(m, e, why);
    else
        autocast_unknown(m, e->tok, &f);
    *ep = expr_number(m->arena, e->tok, 0);
}

/* $$vars and its like have no members. */
static bool not_a_structure(const struct expr *e, const struct token **at)
{
    const struct target *t = e->target;
    if (e->kind != EX_TARGET || !t->name || strncmp(t->name, "$$", 2) != 0 || !t->steps.n ||
        t->steps.v[0].kind == STEP_PRETTY)
        return false;
    *at = t->steps.v[0].tok;
    return true;
}

void resolve_target(struct scope *sc, struct expr **ep)
{
    struct expr *e = *ep;
    const char *why;
    if (is_autocast(e)) {
        resolve_autocast(sc, ep);
        return;
    }
    bool lvalue = sc->lvalue;
    sc->lvalue = false;
    expr_children(e, resolve_expr, sc); /* index expressions, the pointer of a cast */
    sc->m->s->why_at = NULL;
    if (not_a_structure(e, &sc->m->s->why_at)) {
        why = arena_printf(sc->m->arena, "'%s' is text and may not be used as a structure",
                           e->target->name);
    } else if (try_target(sc, ep, lvalue, &why)) {
        if ((*ep)->kind == EX_ENTRY) {
            resolve_entry(sc, ep);
        } else if ((*ep)->kind == EX_SYMBOL) {
            use_variable(sc, *ep, 0);
            mark(*ep, !lvalue, false);
        } else {
            resolve_made(sc, ep);
        }
        return;
    }
    if (sc->m->s->skip_badvars) {
        bad_target(sc, ep);
        return;
    }
    if (why)
        refuse(sc->m, e, why);
    diag_semantic(&sc->m->s->diag, e->tok,
                  e->target->at_name ? "unresolved @var() expression"
                  : e->target->name  ? "unresolved target-symbol expression"
                                     : "unresolved type cast");
    if (e->target->name && sc->probe && sc->probe->script_pp)
        diag_hint(&sc->m->s->diag, "stap -L '%s' lists the variables of this probe",
                  sc->probe->script_pp);
}

static void find_undefined(struct expr **ep, void *arg)
{
    void **a = arg;
    enum defined *all = a[1], one = *all == NO ? NO : all_defined(a[0], *ep);
    if (one != YES)
        *all = one;
}

static enum defined autocast_defined(struct scope *sc, const struct expr *e)
{
    struct sema *m = sc->m;
    const char *why;
    struct expr *copy = expr_clone(m->arena, e);
    enum defined operand = all_defined(sc, e->a);
    if (operand != YES)
        return operand;
    resolve_expr(&copy->a, sc);
    struct value_flow f = autocast_type(m, copy->a);
    if (!f.type || f.other)
        return m->decided ? NO : NOT_KNOWN_YET;
    return value_target(m->s, f.type, copy, false, &why) ? YES : NO;
}

enum defined all_defined(struct scope *sc, const struct expr *e)
{
    const char *why;
    if (is_autocast(e))
        return autocast_defined(sc, e);
    if (e->kind == EX_TARGET || e->kind == EX_CAST) {
        struct expr *copy = expr_clone(sc->m->arena, e);
        return try_target(sc, &copy, false, &why) ? YES : NO;
    }
    enum defined all = YES;
    expr_children((struct expr *)e, find_undefined, (void *[]){sc, &all});
    return all;
}

static void find_undecided(struct expr **ep, void *found)
{
    if ((*ep)->kind == EX_DEFINED || (*ep)->kind == EX_CHOOSE_DEFINED)
        *(bool *)found = true;
    expr_children(*ep, find_undecided, found);
}

bool undecided(struct expr *e)
{
    bool found = false;
    find_undecided(&e, &found);
    return found;
}
