/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probe points: aliases and wildcards → probes with an attach point. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "lang/print.h"
#include "sema/match.h"

/* Aliases of aliases multiply: a script of a few lines could ask for billions. */
enum { EXPANSIONS_MAX = 200000 };

/* ---- a derivation: the way from a written point to attach points ---- */

/* Bodies collected on the way; `outer` leads back to the probe. */
struct layer {
    const struct layer *outer;
    const struct alias_decl *alias; /* NULL: the probe's own condition */
    const char *name;               /* of the alias, with its suffix */
    struct expr *condition;
};

struct derivation {
    struct sema *m;
    const struct probe_decl *decl;
    const struct probe_point *written;
    const char *written_text;
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

/* { prologues (innermost alias first) body epilogues (outermost first) } */
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

/* The component as one token, whatever tokens it was written with. */
static const struct token *component_token(struct sema *m, const struct probe_component *c)
{
    if (strcmp(c->tok->text, c->name) == 0 && c->tok->type != TOK_KEYWORD)
        return c->tok;
    struct token *t = arena_new_obj(m->arena, struct token);
    *t = *c->tok;
    t->type = TOK_IDENT;
    t->text = c->name;
    return t;
}

static void while_resolving(struct derivation *d, const struct probe_point *pp)
{
    diag_semantic(&d->m->s->diag, component_token(d->m, &pp->comps.v[0]),
                  "while resolving probe point");
}

static const char *outermost_name(const struct layer *layers)
{
    const char *name = NULL;
    for (const struct layer *l = layers; l; l = l->outer)
        if (l->alias)
            name = l->name;
    return name;
}

static void print_points(struct strbuf *b, const probe_point_vec *points, const char *separator)
{
    vec_for (i, *points) {
        if (i)
            strbuf_puts(b, separator);
        print_probe_point(b, points->v[i]);
    }
}

/* "inner alias = its points <- outer alias = its points <- points of the script" */
static const char *derivation_text(const struct derivation *d, const struct layer *layers)
{
    struct strbuf b = {0};
    for (const struct layer *l = layers; l; l = l->outer)
        if (l->alias) {
            strbuf_printf(&b, "%s = ", l->name);
            print_points(&b, &l->alias->points, ", ");
            strbuf_puts(&b, " <- ");
        }
    print_points(&b, &d->decl->points, ",");
    const char *s = arena_strndup(d->m->arena, b.p ? b.p : "", b.n);
    strbuf_free(&b);
    return s;
}

/* Which component of `pp` stands for the i-th of `depth` names: those behind a `**` are
 * counted from the end.  pp->comps.n: none, the `**` stands for it. */
static size_t written_component(const struct probe_point *pp, size_t i, size_t depth)
{
    size_t n = pp->comps.n, deep = 0;
    while (deep < n && !strstr(pp->comps.v[deep].name, "**"))
        deep++;
    if (i < deep || deep == n)
        return i < n ? i : n - 1;
    return i + (n - 1 - deep) >= depth ? n - (depth - i) : n;
}

/* `pp` with the names on the way to `node` for its wildcards.  False: a number is missing. */
static bool make_concrete(struct sema *m, const struct match_node *node,
                          const struct probe_point *pp, struct probe_point *out)
{
    size_t depth = 0;
    for (const struct match_node *n = node; n->parent; n = n->parent)
        depth++;
    *out = *pp;
    memset(&out->comps, 0, sizeof out->comps);
    for (size_t i = 0; i < depth; i++) {
        size_t w = written_component(pp, i, depth);
        struct probe_component c = pp->comps.v[w < pp->comps.n ? w : pp->comps.n - 1];
        if (w == pp->comps.n)
            c.arg = NULL;
        vec_push(m->arena, &out->comps, c);
    }
    for (const struct match_node *n = node; n->parent; n = n->parent) {
        struct probe_component *c = &out->comps.v[--depth];
        c->name = n->name;
        if (!n->param) {
            c->arg = NULL;
        } else if (!c->arg && n->param == 'S') {
            c->arg = expr_new(m->arena, EX_STRING, c->tok);
            c->arg->str = "*";
        } else if (!c->arg) {
            return false;
        }
    }
    return true;
}

/* A point that is no alias: what the family lists for it. */
static bool list_builtin(struct derivation *d, const struct match_leaf *leaf,
                         const struct probe_point *concrete)
{
    struct session *s = d->m->s;
    probe_vec probes = {0};
    const char *hint = NULL;
    if (leaf->provider->list) {
        leaf->provider->list(s, leaf->pattern, concrete, s->lister->point, s->lister->arg);
        return true;
    }
    if (leaf->provider->resolve(s, leaf->pattern, concrete, &probes, &hint))
        return false;
    vec_for (i, probes) {
        const char *pp = probes.v[i]->pp ? probes.v[i]->pp : point_text(d->m->arena, concrete);
        s->lister->point(pp, "", s->lister->arg);
    }
    return true;
}

static bool derive_builtin(struct derivation *d, const struct match_node *node,
                           const struct match_leaf *leaf, const struct probe_point *pp,
                           const struct layer *layers, bool report)
{
    struct sema *m = d->m;
    probe_vec probes = {0};
    const char *hint = NULL;
    struct probe_point concrete;
    if (!make_concrete(m, node, pp, &concrete))
        return false;
    if (m->s->lister && !outermost_name(layers))
        return list_builtin(d, leaf, &concrete);
    m->s->reasons_unheard = !report || pp->optional;
    const char *why = leaf->provider->resolve(m->s, leaf->pattern, &concrete, &probes, &hint);
    m->s->reasons_unheard = false;
    if (why) {
        if (report && !pp->optional) {
            while_resolving(d, pp);
            diag_semantic(&m->s->diag, NULL, "%s", why);
            if (hint)
                diag_hint(&m->s->diag, "%s", hint);
        }
        return false;
    }
    const char *alias_name = outermost_name(layers), *from = derivation_text(d, layers);
    if (m->s->lister && !m->s->lister->variables) {
        m->s->lister->point(alias_name, "", m->s->lister->arg);
        return true;
    }
    if (m->s->lister && probes.n > 1)
        probes.n = 1;
    vec_for (i, probes) {
        struct probe *p = probes.v[i];
        if (!p->provider)
            p->provider = leaf->provider;
        p->tok = d->written->tok;
        p->decl_tok = d->decl->tok;
        if (!p->pp)
            p->pp = is_internal(concrete.comps.v[0].name) && layers && layers->alias
                        ? layers->name
                        : point_text(m->arena, &concrete);
        p->script_pp = d->written_text;
        p->derivation = from;
        p->alias_pp = alias_name ? alias_name : p->pp;
        compose(d, p, layers);
        vec_push(m->arena, &m->p->probes, p);
    }
    return probes.n > 0;
}

static bool recursive_alias(const struct layer *layers, const struct alias_decl *alias)
{
    for (const struct layer *l = layers; l && l->outer; l = l->outer)
        if (l->alias == alias)
            return true;
    return false;
}

/* " (similar: …)" of the names that may follow `at`; the name itself first when
 * only its parameter is wrong. */
static const char *similar_kids(struct sema *m, const struct match_node *at, const char *name)
{
    const char **names = arena_new_array(m->arena, const char *, at->kids.n + 1);
    size_t n = 0;
    vec_for (i, at->kids)
        names[n++] = at->kids.v[i]->name;
    return similar_hint(m, name, names, n);
}

/* A suffix that fits none of the alias' points. */
static void report_suffix(struct derivation *d, const struct match *match,
                          const struct probe_point *pp)
{
    const struct probe_component *c = &pp->comps.v[match->used];
    const struct token *tok = component_token(d->m, c);
    while_resolving(d, pp);
    if (match->node->kids.n)
        diag_semantic(&d->m->s->diag, tok, "probe point mismatch%s",
                      similar_kids(d->m, match->node, c->name));
    else
        diag_semantic(&d->m->s->diag, tok, "invalid suffix for probe");
}

/* Components behind the alias' own name go behind each of its points. */
/* The i-th point of an alias, with the suffix that the alias was written with. */
static struct probe_point with_suffix(struct sema *m, const struct alias_decl *alias, size_t i,
                                      const struct match *match, const struct probe_point *pp)
{
    struct probe_point inner = *alias->points.v[i];
    memset(&inner.comps, 0, sizeof inner.comps);
    vec_for (c, alias->points.v[i]->comps)
        vec_push(m->arena, &inner.comps, alias->points.v[i]->comps.v[c]);
    for (size_t c = match->used; c < pp->comps.n; c++)
        vec_push(m->arena, &inner.comps, pp->comps.v[c]);
    inner.optional |= pp->optional;
    return inner;
}

/* Nothing was found: a suffix that is none of the points', or one that could not be had. */
static void report_suffixed(struct derivation *d, const struct match *match, struct layer *layer,
                            const struct probe_point *pp)
{
    struct diag *diag = &d->m->s->diag;
    unsigned errors = diag->errors;
    vec_for (i, layer->alias->points) {
        struct probe_point inner = with_suffix(d->m, layer->alias, i, match, pp);
        struct match_result r;
        match_point(d->m, &inner, &r);
        layer->condition = inner.condition;
        if (r.found.n && expand_point(d, &inner, layer, true))
            return;
    }
    if (diag->errors == errors)
        report_suffix(d, match, pp);
}

static const char *component_text(struct sema *m, const struct probe_component *c)
{
    if (!c->arg)
        return c->name;
    return c->arg->kind == EX_STRING
               ? arena_printf(m->arena, "%s(\"%s\")", c->name, c->arg->str)
               : arena_printf(m->arena, "%s(%lld)", c->name, (long long)c->arg->num);
}

static bool derive_alias(struct derivation *d, const struct match *match,
                         const struct alias_decl *alias, const struct probe_point *pp,
                         const struct layer *layers, bool report)
{
    struct sema *m = d->m;
    struct layer layer = {.outer = layers, .alias = alias, .name = match->node->path};
    bool any = false;
    if (recursive_alias(layers, alias)) {
        char at[300];
        while_resolving(d, pp);
        diag_semantic(&m->s->diag, NULL, "recursive loop in alias expansion of %s at %s",
                      match->node->path, token_position(alias->names.v[0]->tok, at, sizeof at));
        return false;
    }
    for (size_t c = match->used; c < pp->comps.n; c++)
        if (m->s->lister && is_wildcard(pp->comps.v[c].name))
            return false; /* it would list the points of which the alias is made */
    for (size_t c = match->used; c < pp->comps.n; c++)
        layer.name =
            arena_printf(m->arena, "%s.%s", layer.name, component_text(m, &pp->comps.v[c]));
    vec_for (i, alias->points) {
        struct probe_point inner = with_suffix(m, alias, i, match, pp);
        layer.condition = inner.condition;
        bool ok = expand_point(d, &inner, &layer, report && match->used == pp->comps.n);
        any |= ok;
        if (ok && (inner.sufficient || m->s->lister))
            break;
    }
    if (!any && report && !pp->optional && match->used < pp->comps.n)
        report_suffixed(d, match, &layer, pp);
    return any;
}

/* ---- what to say when nothing matches ---- */

static void report_mismatch(struct derivation *d, const struct match_result *r,
                            const struct probe_point *pp)
{
    struct sema *m = d->m;
    struct diag *diag = &m->s->diag;
    const struct match_node *at = r->stuck ? r->stuck : m->names;
    while_resolving(d, pp);
    if (r->stuck_at >= pp->comps.n) {
        struct strbuf follow = {0};
        vec_for (i, at->kids) {
            const struct match_node *kid = at->kids.v[i];
            strbuf_printf(&follow, "%s %s%s", i ? "," : "", kid->name,
                          kid->param == 'N'   ? "(number)"
                          : kid->param == 'S' ? "(string)"
                                              : "");
        }
        diag_semantic(diag, component_token(m, &vec_last(pp->comps)),
                      "probe point truncated (follow:%s)", follow.p ? follow.p : "");
        strbuf_free(&follow);
        return;
    }
    const struct probe_component *c = &pp->comps.v[r->stuck_at];
    bool other_params = false;
    vec_for (i, at->kids)
        other_params |= strcmp(at->kids.v[i]->name, c->name) == 0;
    const char *near = similar_kids(m, at, c->name);
    const struct token *tok = component_token(m, c);
    if (!at->kids.n)
        diag_semantic(diag, tok, "invalid suffix for probe");
    else if (is_wildcard(c->name))
        diag_semantic(diag, tok, "probe point mismatch: didn't find any wildcard matches%s", near);
    else
        diag_semantic(diag, tok, "probe point mismatch%s", near);
    if (other_params)
        vec_for (i, at->kids)
            if (strcmp(at->kids.v[i]->name, c->name) == 0)
                diag_hint(diag, "it is written %s%s", c->name,
                          at->kids.v[i]->param == 'N'   ? "(NUMBER)"
                          : at->kids.v[i]->param == 'S' ? "(\"STRING\")"
                                                        : " without a parameter");
    if (at == m->names)
        diag_hint(diag, "stap --dump-probe-types and stap --dump-probe-aliases list what there is");
}

static bool has_wildcard(const struct probe_point *pp)
{
    vec_for (i, pp->comps)
        if (is_wildcard(pp->comps.v[i].name))
            return true;
    return false;
}

static bool expand_point(struct derivation *d, const struct probe_point *pp,
                         const struct layer *layers, bool report)
{
    struct sema *m = d->m;
    struct diag *diag = &m->s->diag;
    if (!pp->comps.n)
        return false;
    if (m->expansions++ >= EXPANSIONS_MAX) {
        if (m->expansions == EXPANSIONS_MAX + 1)
            diag_semantic(diag, d->written->tok, "too many probe points: more than %d",
                          EXPANSIONS_MAX);
        return false;
    }
    struct match_result r;
    match_point(m, pp, &r);
    unsigned errors = diag->errors;
    bool wild = has_wildcard(pp), any = false;
    vec_for (i, r.found) {
        const struct match *match = &r.found.v[i];
        for (size_t k = 0; k < match->node->leaves.n; k++) {
            const struct match_leaf *leaf = &match->node->leaves.v[k];
            if (leaf->alias)
                any |= derive_alias(d, match, leaf->alias, pp, layers, report && !wild);
            else if (leaf->provider && match->used == pp->comps.n)
                any |= derive_builtin(d, match->node, leaf, pp, layers, report && !wild);
        }
    }
    if (any || !report || pp->optional || diag->errors != errors)
        return any;
    if (r.found.n && !wild) {
        while_resolving(d, pp);
        diag_semantic(diag, NULL, "no match");
    } else {
        report_mismatch(d, &r, pp);
    }
    return false;
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
