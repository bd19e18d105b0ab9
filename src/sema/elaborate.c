/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pass 2, its order of work. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sema/sema.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *similar_hint(struct sema *m, const char *name, const char **names, size_t n)
{
    size_t shown = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_internal(names[i]) || is_internal(name))
            names[shown++] = names[i];
    n = shown;
    if (n)
        qsort(names, n, sizeof *names, by_text);
    const char *near = similar_names(m->arena, name, names, n, 5);
    return *near ? arena_printf(m->arena, " (similar: %s)", near) : "";
}

/* ---- symbol tables ---- */

static void register_function(struct sema *m, struct function *f)
{
    function_vec *v = hash_get(&m->functions, f->name);
    if (!v) {
        v = arena_new_obj(m->arena, function_vec);
        hash_put(&m->functions, f->name, v);
    }
    f->unique = v->n ? arena_printf(m->arena, "%s__overload_%zu", f->name, v->n) : f->name;
    vec_push(m->arena, v, f);
}

static void register_global(struct sema *m, struct variable *v)
{
    if (v->is_private) {
        v->unique = arena_printf(m->arena, "__private_%zu_%s", m->private_globals.n, v->name);
        vec_push(m->arena, &m->private_globals, v);
        hash_put(&m->globals, v->unique, v); /* for the report at the end */
        return;
    }
    struct hash *table = v->tok->src->tapset ? &m->library_globals : &m->globals;
    struct variable *o = hash_get(table, v->name);
    v->unique = v->name;
    if (table == &m->library_globals) {
        if (hash_get(&m->globals, v->name))
            v->unique = arena_printf(m->arena, "__library_%s", v->name);
        if (!o) /* the first file along the search path counts */
            hash_put(table, v->name, v);
    } else if (o) {
        diag_semantic2(&m->s->diag, v->tok, o->tok, "conflicting global variables: '%s'", v->name);
    } else {
        hash_put(table, v->name, v);
    }
}

static void check_alias_name(struct sema *m, const struct alias_decl *a)
{
    const struct probe_point *name = a->names.v[0];
    vec_for (k, name->comps) {
        const struct probe_component *c = &name->comps.v[k];
        if (!c->arg && !strchr(c->name, '*'))
            continue;
        diag_semantic(&m->s->diag, a->tok, "while registering probe alias");
        diag_semantic(&m->s->diag, c->tok, "alias component %s contains illegal %s", c->name,
                      c->arg ? "parameter" : "wildcard");
    }
}

void sema_register(struct sema *m, const struct ast_file *f)
{
    vec_push(m->arena, &m->files, f);
    vec_for (i, f->globals)
        register_global(m, f->globals.v[i]);
    vec_for (i, f->functions)
        register_function(m, f->functions.v[i]);
    vec_for (i, f->aliases) {
        check_alias_name(m, f->aliases.v[i]);
        vec_push(m->arena, &m->aliases, f->aliases.v[i]);
    }
}

/* ---- -G ---- */

static bool init_global(struct sema *m, const struct global_init *g)
{
    struct variable *v = hash_get(&m->globals, g->name);
    if (!v || v->tok->src->tapset) {
        const char **names = arena_new_array(m->arena, const char *, m->globals.n + 1);
        size_t n = 0;
        for (size_t i = 0; i < m->globals.n; i++)
            names[n++] = m->globals.entries[i].key;
        diag_error(&m->s->diag, "-G %s: the script has no such global%s", g->name,
                   similar_hint(m, g->name, names, n));
        return false;
    }
    char *end;
    errno = 0;
    long long n = strtoll(g->value, &end, 0);
    bool number = !errno && !*end && end != g->value;
    if (number && !(v->init && v->init->kind == EX_STRING))
        v->init = expr_number(m->arena, v->tok, n);
    else
        v->init = expr_string(m->arena, v->tok, g->value);
    return true;
}

/* ---- order ---- */

static int rank(const struct probe *p)
{
    switch (p->attach.kind) {
    case ATTACH_BEGIN:
        return 0;
    case ATTACH_END:
        return 2;
    case ATTACH_ERROR:
        return 3;
    default:
        return 1;
    }
}

/* begin first, end and error last, each by sequence number; otherwise as written. */
static int by_sequence(const void *a, const void *b)
{
    const struct probe *x = *(const struct probe *const *)a, *y = *(const struct probe *const *)b;
    if (rank(x) != rank(y))
        return rank(x) - rank(y);
    if (rank(x) != 1 && x->attach.sequence != y->attach.sequence)
        return x->attach.sequence < y->attach.sequence ? -1 : 1;
    return x->id - y->id;
}

static void sort_probes(struct program *p)
{
    vec_for (i, p->probes)
        p->probes.v[i]->id = (int)i;
    if (p->probes.n)
        qsort(p->probes.v, p->probes.n, sizeof *p->probes.v, by_sequence);
    vec_for (i, p->probes)
        p->probes.v[i]->id = (int)i;
}

/* ---- the globals that are left ---- */

static void keep_globals(struct sema *m)
{
    vec_for (i, m->files)
        vec_for (k, m->files.v[i]->globals) {
            struct variable *v = m->files.v[i]->globals.v[k];
            if (!v->read && !v->written) {
                if (!v->tok->src->tapset)
                    diag_warning(&m->s->diag, v->tok, "Eliding unused variable '%s'", v->name);
                continue;
            }
            v->id = (int)m->p->globals.n;
            vec_push(m->arena, &m->p->globals, v);
        }
}

static void keep_saved(struct sema *m)
{
    vec_for (i, m->saved) {
        m->saved.v[i]->id = (int)m->p->globals.n;
        vec_push(m->arena, &m->p->globals, m->saved.v[i]);
    }
}

/* matched() and ngroups() look at what a regular expression captured. */
static void note_captures(struct sema *m)
{
    bool used = false;
    vec_for (i, m->p->functions) {
        const char *name = m->p->functions.v[i]->intrinsic;
        used |= name && (strcmp(name, "matched") == 0 || strcmp(name, "ngroups") == 0);
    }
    vec_for (i, m->p->regexes)
        m->p->regexes.v[i].captures = used;
}

/* The original keeps functions by name, the private ones behind the others, and goes through
 * them again and again until none is new.  What is named first and which error comes first
 * depends on that. */
static int by_table(const struct function *a, const struct function *b)
{
    return a->is_private != b->is_private ? a->is_private - b->is_private
                                          : strcmp(a->unique, b->unique);
}

static struct function *next_queued(struct sema *m)
{
    size_t best = 0;
    bool best_passed = false;
    vec_for (i, m->queue) {
        const struct function *f = m->queue.v[i];
        bool passed = m->swept && by_table(f, m->swept) < 0;
        if (i && (passed != best_passed ? passed : by_table(f, m->queue.v[best]) >= 0))
            continue;
        best = i;
        best_passed = passed;
    }
    struct function *f = m->queue.v[best];
    m->queue.v[best] = m->queue.v[--m->queue.n];
    m->swept = f;
    return f;
}

void resolve_queue(struct sema *m)
{
    while (m->queue.n || m->reopened.n) {
        if (m->reopened.n) {
            resolve_probe(m, m->reopened.v[--m->reopened.n]);
            continue;
        }
        struct function *f = next_queued(m);
        resolve_function(m, f);
        vec_push(m->arena, &m->p->functions, f);
    }
}

/* Stacks and symbols of programs need a probe through which the session asks the kernel
 * what it has mapped itself. */
static void add_asking(struct sema *m)
{
    static const char text[] = "probe never { __ask_mapping() }";
    bool used = false;
    vec_for (i, m->p->functions) {
        const char *name = m->p->functions.v[i]->intrinsic;
        used |= name && (strcmp(name, "ubacktrace") == 0 || strcmp(name, "user_symbol") == 0 ||
                         strcmp(name, "user_place") == 0 || strcmp(name, "uaddr") == 0);
    }
    if (!used)
        return;
    unsigned errors;
    struct source *src = source_from_string(m->arena, "<mappings>", text, sizeof text - 1);
    struct ast_file *f = parse_source(&m->s->parse, src, &errors);
    size_t first = m->p->probes.n;
    points_expand(m, f->probes.v[0]);
    m->p->probes.v[first]->attach.kind = ATTACH_ASK;
    resolve_probe(m, m->p->probes.v[first]);
    resolve_queue(m);
}

/* A library file's own probes keep what its functions and aliases look at: they come with it. */
static void add_library_probes(struct sema *m, size_t nfiles)
{
    for (size_t i = nfiles; i < m->files.n; i++)
        vec_for (k, m->files.v[i]->probes) {
            size_t first = m->p->probes.n;
            points_expand(m, m->files.v[i]->probes.v[k]);
            for (size_t j = first; j < m->p->probes.n; j++)
                resolve_probe(m, m->p->probes.v[j]);
            resolve_queue(m);
        }
}

/* The aliases of -L: those with errors are none. */
static struct program *list_aliases(struct sema *m)
{
    probe_vec good = {0};
    size_t n = m->p->probes.n; /* behind them come those that @entry needs */
    for (size_t i = 0; i < n; i++) {
        unsigned errors = m->s->diag.errors;
        resolve_probe(m, m->p->probes.v[i]);
        if (m->s->diag.errors == errors)
            vec_push(m->arena, &good, m->p->probes.v[i]);
    }
    resolve_queue(m);
    resolve_rest(m);
    recount_variables(m);
    infer_types(m);
    m->p->probes.n = 0;
    vec_for (i, good)
        vec_push(m->arena, &m->p->probes, good.v[i]);
    return m->p;
}

struct program *sema_elaborate(struct session *s, struct ast_file *const *files, size_t nfiles)
{
    struct sema *m = arena_new_obj(s->arena, struct sema);
    m->s = s;
    m->arena = s->arena;
    m->tapset = tapset_open(s);
    m->p = arena_new_obj(s->arena, struct program);
    m->p->arena = s->arena;
    hash_init(&m->functions, s->arena);
    hash_init(&m->globals, s->arena);
    hash_init(&m->library_globals, s->arena);
    unsigned errors = s->diag.errors;

    for (size_t i = 0; i < nfiles; i++)
        sema_register(m, files[i]);
    vec_for (i, s->inits)
        if (!init_global(m, &s->inits.v[i]))
            return NULL;

    size_t resolved = 0;
    for (size_t i = 0; i < nfiles; i++)
        vec_for (k, files[i]->probes) {
            points_expand(m, files[i]->probes.v[k]);
            while (!s->lister && resolved < m->p->probes.n)
                resolve_probe(m, m->p->probes.v[resolved++]);
        }
    if (s->lister)
        return list_aliases(m);
    if (s->diag.errors == errors && !m->p->probes.n)
        diag_semantic(&s->diag, NULL, "no probes found");
    resolve_queue(m);
    if (s->diag.errors == errors)
        resolve_rest(m);
    add_library_probes(m, nfiles);
    if (s->diag.errors != errors)
        return NULL;
    add_asking(m);

    optimize(m);
    note_captures(m);
    keep_globals(m);
    keep_saved(m);
    mark_recursion(m);
    infer_types(m);
    if (s->diag.errors != errors)
        return NULL;
    struct probe_decl *report = autoprint_decl(m);
    if (report) {
        size_t first = m->p->probes.n;
        points_expand(m, report);
        for (size_t i = first; i < m->p->probes.n; i++) {
            struct probe *p = m->p->probes.v[i];
            p->pp = p->script_pp = p->derivation = "end";
            resolve_probe(m, m->p->probes.v[i]);
        }
        infer_types(m);
    }
    check_program(m);
    if (s->diag.errors != errors)
        return NULL;
    if (!s->unoptimized)
        forward_values(m);
    order_functions(m);
    sort_probes(m->p);
    return m->p;
}
