/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of probe point names. */
#include "sema/match.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

bool is_wildcard(const char *name)
{
    return strpbrk(name, "*?[") != NULL;
}

/* ---- building ---- */

static struct match_node *new_node(struct arena *a, struct match_node *parent, const char *name,
                                   char param)
{
    struct match_node *n = arena_new_obj(a, struct match_node);
    n->name = name;
    n->param = param;
    n->parent = parent;
    n->path = "";
    hash_init(&n->by_name, a);
    if (parent) {
        const char *dot = *parent->path ? "." : "";
        n->path = param ? arena_printf(a, "%s%s%s(%c)", parent->path, dot, name, param)
                        : arena_printf(a, "%s%s%s", parent->path, dot, name);
    }
    return n;
}

/* The key of a kid: its name, and "(N" or "(S" behind it. */
static const char *kid_key(char *buf, size_t size, const char *name, size_t len, char param)
{
    if (len + 3 > size)
        return NULL;
    memcpy(buf, name, len);
    buf[len] = param ? '(' : 0;
    buf[len + 1] = param;
    buf[len + 2] = 0;
    return buf;
}

static struct match_node *find_kid(const struct match_node *n, const char *name, size_t len,
                                   char param)
{
    char buf[256];
    const char *key = kid_key(buf, sizeof buf, name, len, param);
    return key ? hash_get(&n->by_name, key) : NULL;
}

static struct match_node *add_kid(struct arena *a, struct match_node *n, const char *name,
                                  size_t len, char param)
{
    char buf[256];
    struct match_node *kid = find_kid(n, name, len, param);
    if (kid)
        return kid;
    kid = new_node(a, n, arena_strndup(a, name, len), param);
    vec_push(a, &n->kids, kid);
    const char *key = kid_key(buf, sizeof buf, name, len, param);
    if (key)
        hash_put(&n->by_name, arena_strdup(a, key), kid);
    return kid;
}

/* "timer.ms(N).randomize(N)" */
static struct match_node *add_path(struct arena *a, struct match_node *n, const char *spec)
{
    while (*spec) {
        size_t len = strcspn(spec, ".(");
        char param = 0;
        const char *name = spec;
        spec += len;
        if (*spec == '(') {
            param = spec[1];
            const char *close = strchr(spec, ')');
            spec = close ? close + 1 : spec + strlen(spec);
        }
        n = add_kid(a, n, name, len, param);
        spec += *spec == '.';
    }
    return n;
}

static void add_leaf(struct sema *m, struct match_node *n, struct match_leaf leaf)
{
    vec_push(m->arena, &n->leaves, leaf);
}

/* Aliases registered since the last time. */
static void add_aliases(struct sema *m)
{
    for (; m->aliases_in_tree < m->aliases.n; m->aliases_in_tree++) {
        const struct alias_decl *alias = m->aliases.v[m->aliases_in_tree];
        vec_for (k, alias->names) {
            struct match_node *n = m->names;
            const struct probe_point *pp = alias->names.v[k];
            vec_for (c, pp->comps) {
                const struct probe_component *pc = &pp->comps.v[c];
                char param = !pc->arg ? 0 : pc->arg->kind == EX_NUMBER ? 'N' : 'S';
                n = add_kid(m->arena, n, pc->name, strlen(pc->name), param);
            }
            add_leaf(m, n, (struct match_leaf){.alias = alias});
        }
    }
}

/* Library aliases whose first component is `first`; all when NULL.  Only these
 * are entered: most scripts use a few families. */
static void add_library(struct sema *m, const char *first)
{
    size_t len = first ? strlen(first) : 0;
    if (m->all_names_in_tree || (first && !hash_put(&m->firsts, first, m)))
        return;
    m->all_names_in_tree = !first;
    vec_for (i, m->tapset->names) {
        const struct lib_name *n = &m->tapset->names.v[i];
        if (n->kind != 'a' || n->file->loaded)
            continue;
        if (first && (strncmp(n->name, first, len) != 0 || strcspn(n->name, ".(") != len))
            continue;
        add_leaf(m, add_path(m->arena, m->names, n->name), (struct match_leaf){.file = n->file});
    }
}

static void start_tree(struct sema *m)
{
    m->names = new_node(m->arena, NULL, "", 0);
    hash_init(&m->firsts, m->arena);
    for (size_t i = 0; provider_table[i]; i++)
        for (const struct probe_pattern *p = provider_table[i]->patterns; p->spec; p++)
            add_leaf(m, add_path(m->arena, m->names, p->spec),
                     (struct match_leaf){.provider = provider_table[i], .pattern = p});
}

/* ---- searching ---- */

struct search {
    struct sema *m;
    struct match_result *out;
    unsigned steps; /* `**` could otherwise search for ever */
    unsigned wild;  /* behind how many wildcards */
};

enum { SEARCH_STEPS_MAX = 1000000 };

static void search(struct search *w, struct match_node *n, const struct probe_component *c,
                   size_t nc, size_t used);

static char param_of(const struct probe_component *c)
{
    return !c->arg ? 0 : c->arg->kind == EX_NUMBER ? 'N' : 'S';
}

static bool has_alias(const struct match_node *n)
{
    vec_for (i, n->leaves)
        if (n->leaves.v[i].alias || n->leaves.v[i].file)
            return true;
    return false;
}

static void found(struct search *w, struct match_node *n, size_t used)
{
    vec_for (i, w->out->found)
        if (w->out->found.v[i].node == n && w->out->found.v[i].used == used)
            return;
    vec_push(w->m->arena, &w->out->found, (struct match){n, used});
}

/* "a**b" is "a*b", or "a*" and then "**b". */
static void search_deep(struct search *w, struct match_node *n, const struct probe_component *c,
                        size_t nc, size_t used, const char *stars)
{
    struct arena *a = w->m->arena;
    struct probe_component *two = arena_new_array(a, struct probe_component, nc + 1);
    memcpy(two + 1, c, nc * sizeof *c);
    two[1].name = arena_printf(a, "%.*s%s", (int)(stars - c->name), c->name, stars + 1);
    search(w, n, two + 1, nc, used);
    two[0] = *c;
    two[0].name = arena_printf(a, "%.*s*", (int)(stars - c->name), c->name);
    two[0].arg = NULL;
    two[1].name = stars;
    /* Any parameter may stand in the components that are skipped. */
    if (w->steps++ > SEARCH_STEPS_MAX)
        return;
    vec_for (i, n->kids) {
        struct match_node *kid = n->kids.v[i];
        if ((kid->name[0] != '_' || c->name[0] == '_') && fnmatch(two[0].name, kid->name, 0) == 0)
            search(w, kid, two + 1, nc, used);
    }
}

static void search(struct search *w, struct match_node *n, const struct probe_component *c,
                   size_t nc, size_t used)
{
    if (w->steps++ > SEARCH_STEPS_MAX)
        return;
    if (!w->out->stuck || (!w->wild && used > w->out->stuck_at)) {
        w->out->stuck = n;
        w->out->stuck_at = used;
    }
    if (!nc) {
        if (n->leaves.n)
            found(w, n, used);
        return;
    }
    const char *stars = strstr(c->name, "**");
    if (stars) {
        search_deep(w, n, c, nc, used, stars);
        return;
    }
    char param = param_of(c);
    bool any = false;
    if (!is_wildcard(c->name)) {
        struct match_node *kid = find_kid(n, c->name, strlen(c->name), param);
        any = kid != NULL;
        if (kid)
            search(w, kid, c + 1, nc - 1, used + 1);
    } else {
        vec_for (i, n->kids) {
            struct match_node *kid = n->kids.v[i];
            /* Internal names are not meant by a wildcard. */
            if (kid->param != param || (kid->name[0] == '_' && c->name[0] != '_') ||
                fnmatch(c->name, kid->name, 0) != 0)
                continue;
            any = true;
            w->wild++;
            search(w, kid, c + 1, nc - 1, used + 1);
            w->wild--;
        }
    }
    if (!any && has_alias(n))
        found(w, n, used);
}

static int by_path(const void *a, const void *b)
{
    const struct match *x = a, *y = b;
    return strcmp(x->node->path, y->node->path);
}

void match_point(struct sema *m, const struct probe_point *pp, struct match_result *out)
{
    memset(out, 0, sizeof *out);
    if (!m->names)
        start_tree(m);
    add_aliases(m);
    add_library(m, is_wildcard(pp->comps.v[0].name) ? NULL : pp->comps.v[0].name);
    struct search w = {.m = m, .out = out};
    search(&w, m->names, pp->comps.v, pp->comps.n, 0);
    if (!out->found.n && out->stuck == m->names)
        add_library(m, NULL); /* all names are candidates for a suggestion */
    vec_for (i, out->found) {
        const struct match_node *n = out->found.v[i].node;
        for (size_t k = 0; k < n->leaves.n; k++)
            if (n->leaves.v[k].file) {
                tapset_load_alias(m, n->leaves.v[k].file, n->path);
                add_aliases(m);
            }
    }
    if (out->found.n > 1)
        qsort(out->found.v, out->found.n, sizeof *out->found.v, by_path);
}
