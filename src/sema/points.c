/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probe points: aliases and wildcards → probes with an attach point. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "lang/print.h"
#include "sema/sema.h"

enum { ALIAS_DEPTH_MAX = 50, COMPONENTS_MAX = 24 };

/* ---- what a point can match ---- */

/* One name with its parameter, as providers' patterns and aliases spell it. */
struct step {
    const char *name;
    char param; /* 0 none, 'N' number, 'S' string */
};

struct entry {
    struct step steps[COMPONENTS_MAX];
    size_t n;
    const struct probe_provider *provider;
    const struct probe_pattern *pattern;
    const struct alias_decl *alias;
    struct lib_file *file; /* alias in a library file that may not be loaded */
};

typedef VEC(struct entry) entry_vec;

static void parse_spec(struct arena *a, const char *spec, struct entry *e)
{
    while (*spec && e->n < COMPONENTS_MAX) {
        size_t n = strcspn(spec, ".(");
        struct step *s = &e->steps[e->n++];
        s->name = arena_strndup(a, spec, n);
        spec += n;
        if (*spec == '(') {
            s->param = spec[1];
            spec = strchr(spec, ')') + 1;
        }
        if (*spec == '.')
            spec++;
    }
}

static bool step_matches(const struct step *s, const struct probe_component *c)
{
    char have = !c->arg ? 0 : c->arg->kind == EX_NUMBER ? 'N' : 'S';
    if (s->param != have)
        return false;
    return strpbrk(c->name, "*?[") ? fnmatch(c->name, s->name, 0) == 0
                                   : strcmp(c->name, s->name) == 0;
}

/* `**` stands for any number of components. */
static bool steps_match(const struct step *s, size_t n, const struct probe_component *c, size_t nc)
{
    if (!nc)
        return n == 0;
    if (strcmp(c->name, "**") == 0 && !c->arg) {
        for (size_t skip = 1; skip <= n; skip++)
            if (steps_match(s + skip, n - skip, c + 1, nc - 1))
                return true;
        return false;
    }
    return n && step_matches(s, c) && steps_match(s + 1, n - 1, c + 1, nc - 1);
}

static void all_entries(struct sema *m, entry_vec *out)
{
    for (size_t i = 0; provider_table[i]; i++)
        for (const struct probe_pattern *p = provider_table[i]->patterns; p->spec; p++) {
            struct entry e = {.provider = provider_table[i], .pattern = p};
            parse_spec(m->arena, p->spec, &e);
            vec_push(m->arena, out, e);
        }
    vec_for (i, m->aliases)
        vec_for (k, m->aliases.v[i]->names) {
            const struct probe_point *pp = m->aliases.v[i]->names.v[k];
            struct entry e = {.alias = m->aliases.v[i]};
            for (size_t c = 0; c < pp->comps.n && c < COMPONENTS_MAX; c++)
                e.steps[e.n++].name = pp->comps.v[c].name;
            vec_push(m->arena, out, e);
        }
    vec_for (i, m->tapset->names) {
        const struct lib_name *n = &m->tapset->names.v[i];
        if (n->kind != 'a' || n->file->loaded)
            continue;
        struct entry e = {.file = n->file};
        parse_spec(m->arena, n->name, &e);
        vec_push(m->arena, out, e);
    }
}

/* ---- a derivation: the way from a written point to attach points ---- */

/* Bodies collected on the way, outermost alias first. */
struct layer {
    const struct layer *outer;
    const struct alias_decl *alias; /* NULL: the probe's own body */
    struct expr *condition;
};

struct derivation {
    struct sema *m;
    const struct probe_decl *decl;
    const struct probe_point *written;
    const char *written_text;
    unsigned depth;
    size_t made;
};

static const char *point_text(struct arena *a, const struct probe_point *pp)
{
    struct probe_point bare = *pp;
    bare.optional = bare.sufficient = false;
    bare.condition = NULL;
    struct strbuf b = {0};
    print_probe_point(&b, &bare);
    const char *s = arena_strndup(a, b.p ? b.p : "", b.n);
    strbuf_free(&b);
    return s;
}

static void and_condition(struct sema *m, struct expr **c, const struct expr *more)
{
    if (!more)
        return;
    struct expr *copy = expr_clone(m->arena, more);
    *c = *c ? expr_binary(m->arena, more->tok, OP_ANDAND, *c, copy) : copy;
}

/* { prologues (innermost alias first … ) body epilogues } */
static void compose(struct derivation *d, struct probe *p, const struct layer *layers)
{
    struct arena *a = d->m->arena;
    struct stmt *block = stmt_new(a, SM_BLOCK, d->decl->body->tok);
    for (const struct layer *l = layers; l; l = l->outer) {
        and_condition(d->m, &p->condition, l->condition);
        if (l->alias && !l->alias->epilogue)
            vec_push(a, &block->body, stmt_clone(a, l->alias->body));
    }
    vec_push(a, &block->body, stmt_clone(a, d->decl->body));
    VEC(const struct layer *) epilogues = {0};
    for (const struct layer *l = layers; l; l = l->outer)
        if (l->alias && l->alias->epilogue)
            vec_push(a, &epilogues, l);
    for (size_t i = epilogues.n; i-- > 0;)
        vec_push(a, &block->body, stmt_clone(a, epilogues.v[i]->alias->body));
    p->body = block;
}

static bool expand_point(struct derivation *d, const struct probe_point *pp,
                         const struct layer *layers, bool report);

static bool derive_builtin(struct derivation *d, const struct entry *e,
                           const struct probe_point *pp, const struct layer *layers, bool report)
{
    struct sema *m = d->m;
    probe_vec probes = {0};
    const char *hint = NULL;
    /* A wildcard component stands for the pattern's name here. */
    struct probe_point concrete = *pp;
    memset(&concrete.comps, 0, sizeof concrete.comps);
    for (size_t i = 0; i < e->n; i++) {
        struct probe_component c = i < pp->comps.n ? pp->comps.v[i] : pp->comps.v[pp->comps.n - 1];
        c.name = e->steps[i].name;
        vec_push(m->arena, &concrete.comps, c);
    }
    const char *why = e->provider->resolve(m->s, e->pattern, &concrete, &probes, &hint);
    if (why) {
        if (report && !pp->optional) {
            diag_semantic(&m->s->diag, d->written->tok, "while resolving probe point");
            diag_semantic(&m->s->diag, NULL, "%s", why);
            if (hint)
                diag_hint(&m->s->diag, "%s", hint);
        }
        return false;
    }
    vec_for (i, probes) {
        struct probe *p = probes.v[i];
        p->provider = e->provider;
        p->tok = d->written->tok;
        if (!p->pp)
            p->pp = point_text(m->arena, &concrete);
        p->script_pp = d->written_text;
        p->alias_pp = d->written_text;
        if (layers && layers->alias)
            p->alias_pp = layers->alias->names.n ? point_text(m->arena, layers->alias->names.v[0])
                                                 : p->alias_pp;
        compose(d, p, layers);
        vec_push(m->arena, &m->p->probes, p);
        d->made++;
    }
    return true;
}

/* `suffix` components of pp behind the alias' own go behind each of its points. */
static bool derive_alias(struct derivation *d, const struct alias_decl *alias,
                         const struct probe_point *pp, size_t used, const struct layer *layers,
                         bool report)
{
    struct sema *m = d->m;
    struct layer layer = {.outer = layers, .alias = alias};
    bool any = false;
    if (d->depth >= ALIAS_DEPTH_MAX) {
        diag_semantic(&m->s->diag, alias->tok, "recursive alias");
        return false;
    }
    d->depth++;
    vec_for (i, alias->points) {
        struct probe_point inner = *alias->points.v[i];
        memset(&inner.comps, 0, sizeof inner.comps);
        vec_for (c, alias->points.v[i]->comps)
            vec_push(m->arena, &inner.comps, alias->points.v[i]->comps.v[c]);
        for (size_t c = used; c < pp->comps.n; c++)
            vec_push(m->arena, &inner.comps, pp->comps.v[c]);
        inner.optional |= pp->optional;
        layer.condition = inner.condition;
        bool ok = expand_point(d, &inner, &layer, report);
        any |= ok;
        if (ok && inner.sufficient)
            break;
    }
    d->depth--;
    return any;
}

/* The names that could have stood at component `k`, given those before it. */
static void suggest(struct sema *m, const entry_vec *all, const struct probe_point *pp, size_t k,
                    const char **out)
{
    VEC(const char *) names = {0};
    vec_for (i, *all) {
        const struct entry *e = &all->v[i];
        bool prefix = e->n > k;
        for (size_t c = 0; prefix && c < k; c++)
            prefix = step_matches(&e->steps[c], &pp->comps.v[c]);
        if (prefix)
            vec_push(m->arena, &names, e->steps[k].name);
    }
    *out = similar_names(m->arena, pp->comps.v[k].name, names.v, names.n, 5);
}

static void report_mismatch(struct derivation *d, const entry_vec *all,
                            const struct probe_point *pp)
{
    struct sema *m = d->m;
    size_t deepest = 0;
    vec_for (i, *all) {
        const struct entry *e = &all->v[i];
        size_t k = 0;
        while (k < e->n && k < pp->comps.n && step_matches(&e->steps[k], &pp->comps.v[k]))
            k++;
        if (k > deepest)
            deepest = k;
    }
    if (deepest >= pp->comps.n)
        deepest = pp->comps.n - 1;
    const char *near;
    suggest(m, all, pp, deepest, &near);
    bool wild = strpbrk(pp->comps.v[deepest].name, "*?[") != NULL;
    const char *what =
        wild ? "probe point mismatch: didn't find any wildcard matches" : "probe point mismatch";
    diag_semantic(&m->s->diag, d->written->tok, "while resolving probe point");
    diag_semantic(&m->s->diag, pp->comps.v[deepest].tok, *near ? "%s (similar: %s)" : "%s", what,
                  near);
}

static bool has_wildcard(const struct probe_point *pp)
{
    vec_for (i, pp->comps)
        if (strpbrk(pp->comps.v[i].name, "*?["))
            return true;
    return false;
}

/* Collects entries that match; library files of matching aliases are loaded
 * first, so that aliases are all in m->aliases. */
static void load_matching(struct sema *m, const struct probe_point *pp)
{
    for (bool again = true; again;) {
        again = false;
        vec_for (i, m->tapset->names) {
            const struct lib_name *n = &m->tapset->names.v[i];
            if (n->kind != 'a' || n->file->loaded)
                continue;
            struct entry e = {0};
            parse_spec(m->arena, n->name, &e);
            bool prefix = e.n <= pp->comps.n;
            for (size_t c = 0; prefix && c < e.n; c++)
                prefix = step_matches(&e.steps[c], &pp->comps.v[c]);
            if (prefix || steps_match(e.steps, e.n, pp->comps.v, pp->comps.n)) {
                tapset_load_file(m, n->file);
                again = true;
            }
        }
    }
}

static bool expand_point(struct derivation *d, const struct probe_point *pp,
                         const struct layer *layers, bool report)
{
    struct sema *m = d->m;
    if (!pp->comps.n)
        return false;
    load_matching(m, pp);
    entry_vec all = {0};
    all_entries(m, &all);
    bool wild = has_wildcard(pp), any = false, matched = false;
    vec_for (i, all) {
        const struct entry *e = &all.v[i];
        if (e->file || !steps_match(e->steps, e->n, pp->comps.v, pp->comps.n))
            continue;
        if (wild && e->steps[0].name[0] == '_' && pp->comps.v[0].name[0] != '_')
            continue; /* internal names are not meant by a wildcard */
        matched = true;
        if (e->alias)
            any |= derive_alias(d, e->alias, pp, pp->comps.n, layers, report && !wild);
        else
            any |= derive_builtin(d, e, pp, layers, report && !wild);
    }
    /* alias.suffix: the suffix belongs to the points behind the alias. */
    if (!matched)
        vec_for (i, all) {
            const struct entry *e = &all.v[i];
            bool prefix = e->alias && e->n < pp->comps.n;
            for (size_t c = 0; prefix && c < e->n; c++)
                prefix = step_matches(&e->steps[c], &pp->comps.v[c]);
            if (!prefix)
                continue;
            matched = true;
            any |= derive_alias(d, e->alias, pp, e->n, layers, report && !wild);
        }
    if ((!matched || (wild && !any)) && report && !pp->optional)
        report_mismatch(d, &all, pp);
    return any;
}

void points_expand(struct sema *m, const struct probe_decl *decl)
{
    vec_for (i, decl->points) {
        const struct probe_point *pp = decl->points.v[i];
        struct derivation d = {.m = m, .decl = decl, .written = pp};
        d.written_text = point_text(m->arena, pp);
        struct layer own = {.condition = pp->condition};
        bool ok = expand_point(&d, pp, pp->condition ? &own : NULL, !pp->optional);
        if (ok && pp->sufficient)
            break;
    }
}
