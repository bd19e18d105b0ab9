/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -l, -L: what a probe point pattern matches; --dump-…: what there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "lang/print.h"
#include "sema/sema.h"

struct listing {
    struct session *s;
    bool variables;
    struct hash seen;
    VEC(const char *) lines;
};

static void add_line(struct listing *l, const char *line)
{
    if (hash_put(&l->seen, line, l))
        vec_push(l->s->arena, &l->lines, line);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int print_lines(struct listing *l)
{
    if (l->lines.n)
        qsort(l->lines.v, l->lines.n, sizeof *l->lines.v, by_text);
    vec_for (i, l->lines)
        puts(l->lines.v[i]);
    return l->lines.n ? 0 : 1;
}

/* "kernel.trace(S)" against kernel.trace("sched:*"): names and argument kinds. */
static bool pattern_matches(const char *spec, const struct probe_point *pp)
{
    for (size_t i = 0; i < pp->comps.n; i++) {
        size_t n = strcspn(spec, ".(");
        const char *name = pp->comps.v[i].name;
        if (strlen(name) != n || strncmp(name, spec, n) != 0)
            return false;
        spec += n;
        const struct expr *arg = pp->comps.v[i].arg;
        bool takes = *spec == '(';
        if (takes != (arg != NULL) || (arg && (spec[1] == 'S') != (arg->kind == EX_STRING)))
            return false;
        spec += takes ? 3 : 0;
        if (*spec == '.')
            spec++;
        else if (i + 1 < pp->comps.n)
            return false;
    }
    return !*spec;
}

static void note_point(const char *point, const char *vars, void *arg)
{
    struct listing *l = arg;
    bool with = l->variables && vars && *vars;
    add_line(l, with ? arena_printf(l->s->arena, "%s %s", point, vars)
                     : arena_strdup(l->s->arena, point));
}

static const char *type_name(enum type t)
{
    return t == TY_STRING ? "string" : t == TY_STATS ? "stats" : t == TY_LONG ? "long" : "unknown";
}

static void keep_first(const char *point, const char *vars, void *arg)
{
    const char **first = arg;
    (void)point;
    if (!*first)
        *first = vars;
}

/* The $variables of the point that an alias stands for, which its users have too. */
static const char *point_vars(struct session *s, const struct probe *p)
{
    const char *first = NULL;
    probe_point_vec points = {0};
    struct source *src = source_from_string(s->arena, "<input>", p->pp, strlen(p->pp));
    if (!p->provider->list || !parse_probe_points(&s->parse, src, &points) || points.n != 1)
        return "";
    for (const struct probe_pattern *pat = p->provider->patterns; pat->spec; pat++)
        if (pattern_matches(pat->spec, points.v[0]))
            p->provider->list(s, pat, points.v[0], keep_first, &first);
    return first ? first : "";
}

/* Scripts may use it: SystemTap lists the number of a system call under this name. */
static bool is_hidden(const char *name)
{
    return is_internal(name) && strcmp(name, "__nr") != 0;
}

/* "NAME variable:type … $variable:type …", once for each alias. */
static void add_alias(struct listing *l, const struct probe *p)
{
    struct strbuf line = {0};
    if (!hash_put(&l->seen, p->alias_pp, l))
        return;
    strbuf_puts(&line, p->alias_pp);
    vec_for (k, p->locals)
        if (!is_hidden(p->locals.v[k]->name))
            strbuf_printf(&line, " %s:%s", p->locals.v[k]->name, type_name(p->locals.v[k]->type));
    const char *vars = point_vars(l->s, p);
    if (*vars)
        strbuf_printf(&line, " %s", vars);
    vec_push(l->s->arena, &l->lines, arena_strndup(l->s->arena, line.p, line.n));
    strbuf_free(&line);
}

static void list_pattern(struct listing *l, const char *pattern)
{
    struct session *s = l->s;
    const struct point_lister lister = {l->variables, note_point, l};
    const char *text = arena_printf(s->arena, "probe %s { }", pattern);
    unsigned errors = 0;
    struct ast_file *f = parse_source(
        &s->parse, source_from_string(s->arena, "<input>", text, strlen(text)), &errors);
    if (!f || errors)
        return;
    s->lister = &lister;
    s->last_pass = 2; /* what is there, whether it can be attached or not */
    struct program *p = sema_elaborate(s, &f, 1);
    s->lister = NULL;
    vec_for (i, p ? p->probes : (typeof(p->probes)){0})
        add_alias(l, p->probes.v[i]);
}

int list_points(struct session *s, const char *pattern, bool variables)
{
    struct listing l = {.s = s, .variables = variables};
    hash_init(&l.seen, s->arena);
    /* Alone first: with braces it could be more than a pattern. */
    probe_point_vec points = {0};
    struct source *src = source_from_string(s->arena, "<input>", pattern, strlen(pattern));
    if (!parse_probe_points(&s->parse, src, &points))
        return 1;
    /* "No match" is said by the exit status, and why with -v. */
    FILE *quiet = s->verbose ? NULL : fopen("/dev/null", "we"), *out = s->diag.out;
    if (quiet)
        s->diag.out = quiet;
    list_pattern(&l, pattern);
    diag_flush(&s->diag);
    s->diag.out = out;
    if (quiet)
        fclose(quiet);
    return print_lines(&l);
}

int dump_types(struct session *s)
{
    struct listing l = {.s = s};
    hash_init(&l.seen, s->arena);
    for (const struct probe_provider *const *pr = provider_table; *pr; pr++)
        for (const struct probe_pattern *pat = (*pr)->patterns; pat->spec; pat++) {
            /* (N) and (S) as users know them. */
            struct strbuf line = {0};
            for (const char *c = pat->spec; *c; c++) {
                if (strncmp(c, "(N)", 3) == 0 || strncmp(c, "(S)", 3) == 0) {
                    strbuf_puts(&line, c[1] == 'N' ? "(number)" : "(string)");
                    c += 2;
                } else {
                    strbuf_putc(&line, *c);
                }
            }
            if (!is_internal(pat->spec))
                add_line(&l, arena_strndup(s->arena, line.p, line.n));
            strbuf_free(&line);
        }
    return print_lines(&l);
}

/* "name:type (param:type, …) pragmas" of a library function. */
static void add_function(struct listing *l, const struct function *f)
{
    struct strbuf line = {0};
    strbuf_printf(&line, "%s:%s (", f->name, type_name(f->type));
    vec_for (i, f->params)
        strbuf_printf(&line, "%s%s:%s", i ? ", " : "", f->params.v[i]->name,
                      type_name(f->params.v[i]->type));
    strbuf_putc(&line, ')');
    static const char *const pragmas[] = {"/* unprivileged */", "/* myproc-unprivileged */",
                                          "/* guru */"};
    for (size_t i = 0; f->body->kind == SM_EMBEDDED && i < 3; i++)
        if (strstr(f->body->text, pragmas[i]))
            strbuf_printf(&line, " %s", pragmas[i]);
    add_line(l, arena_strndup(l->s->arena, line.p, line.n));
    strbuf_free(&line);
}

static void add_functions(const struct ast_file *f, void *arg)
{
    vec_for (i, f->functions)
        if (!f->functions.v[i]->is_private && f->functions.v[i]->name[0] != '_')
            add_function(arg, f->functions.v[i]);
}

int dump_functions(struct session *s)
{
    struct listing l = {.s = s};
    hash_init(&l.seen, s->arena);
    tapset_each_file(s, add_functions, &l);
    return print_lines(&l);
}

static void put_points(struct strbuf *out, const probe_point_vec *points)
{
    vec_for (i, *points) {
        if (i)
            strbuf_puts(out, ", ");
        print_probe_point(out, points->v[i]);
    }
}

/* "NAME = POINT, POINT" */
static void add_aliases(const struct ast_file *f, void *arg)
{
    struct listing *l = arg;
    vec_for (i, f->aliases) {
        const struct alias_decl *alias = f->aliases.v[i];
        if (alias->is_private || alias->names.v[0]->comps.v[0].name[0] == '_')
            continue;
        struct strbuf line = {0};
        put_points(&line, &alias->names);
        strbuf_puts(&line, alias->epilogue ? " += " : " = ");
        put_points(&line, &alias->points);
        add_line(l, arena_strndup(l->s->arena, line.p, line.n));
        strbuf_free(&line);
    }
}

int dump_aliases(struct session *s)
{
    struct listing l = {.s = s};
    hash_init(&l.seen, s->arena);
    tapset_each_file(s, add_aliases, &l);
    return print_lines(&l);
}
