/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -l, -L: what a probe point pattern matches; --dump-…: what there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "sema/sema.h"

struct listing {
    struct session *s;
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

static void from_provider(const char *point, const char *vars, void *arg)
{
    struct listing *l = arg;
    add_line(l, vars && *vars ? arena_printf(l->s->arena, "%s %s", point, vars) : point);
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

static void list_by_providers(struct listing *l, const struct probe_point *pp)
{
    for (const struct probe_provider *const *pr = provider_table; *pr; pr++)
        for (const struct probe_pattern *pat = (*pr)->patterns; pat->spec; pat++)
            if ((*pr)->list && pattern_matches(pat->spec, pp))
                (*pr)->list(l->s, pat, pp, from_provider, l);
}

static const char *type_name(enum type t)
{
    return t == TY_STRING ? "string" : t == TY_STATS ? "stats" : t == TY_LONG ? "long" : "unknown";
}

/* Everything that elaboration finds for the pattern. */
static bool list_by_elaboration(struct listing *l, const char *pattern, bool variables)
{
    struct session *s = l->s;
    const char *text = arena_printf(s->arena, "probe %s { }", pattern);
    struct source *src = source_from_string(s->arena, "<input>", text, strlen(text));
    unsigned errors = 0;
    struct ast_file *f = parse_source(&s->parse, src, &errors);
    if (!f || errors)
        return false;
    s->unoptimized = true; /* the library's variables are not used here, but wanted */
    struct program *p = sema_elaborate(s, &f, 1);
    vec_for (i, p ? p->probes : (typeof(p->probes)){0}) {
        const struct probe *pr = p->probes.v[i];
        struct strbuf line = {0};
        const char *point = pr->alias_pp ? pr->alias_pp : pr->pp;
        /* An alias of several calls is one line. */
        if (pr->alias_pp && !hash_put(&l->seen, point, l))
            continue;
        strbuf_puts(&line, point);
        for (size_t k = 0; variables && k < pr->locals.n; k++)
            strbuf_printf(&line, " %s:%s", pr->locals.v[k]->name, type_name(pr->locals.v[k]->type));
        const char *text = arena_strndup(s->arena, line.p, line.n);
        if (pr->alias_pp)
            vec_push(s->arena, &l->lines, text);
        else
            add_line(l, text);
        strbuf_free(&line);
    }
    return true;
}

int list_points(struct session *s, const char *pattern, bool variables)
{
    struct listing l = {.s = s};
    hash_init(&l.seen, s->arena);
    probe_point_vec points = {0};
    struct source *src = source_from_string(s->arena, "<input>", pattern, strlen(pattern));
    if (!parse_probe_points(&s->parse, src, &points))
        return 1;
    if (variables)
        vec_for (i, points)
            list_by_providers(&l, points.v[i]);
    if (l.lines.n)
        return print_lines(&l);
    /* "No match" is said by the exit status. */
    FILE *quiet = s->verbose ? NULL : fopen("/dev/null", "we"), *out = s->diag.out;
    if (quiet)
        s->diag.out = quiet;
    list_by_elaboration(&l, pattern, variables);
    s->diag.out = out;
    if (quiet)
        fclose(quiet);
    return print_lines(&l);
}

int dump_types(void)
{
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
            puts(line.p ? line.p : "");
            strbuf_free(&line);
        }
    return 0;
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

int dump_functions(struct session *s)
{
    struct listing l = {.s = s};
    hash_init(&l.seen, s->arena);
    const struct tapset *t = tapset_open(s);
    tapset_load_macros(s);
    vec_for (i, t->files) {
        struct source *src = t->files.v[i]->is_table
                                 ? NULL /* of aliases */
                                 : source_read(s->arena, t->files.v[i]->path, t->files.v[i]->path);
        unsigned errors;
        if (!src)
            continue;
        src->tapset = src->privileged = true;
        const struct ast_file *f = parse_source(&s->parse, src, &errors);
        vec_for (k, f ? f->functions : (typeof(f->functions)){0}) {
            const struct function *fn = f->functions.v[k];
            if (!fn->is_private && fn->name[0] != '_')
                add_function(&l, fn);
        }
    }
    return print_lines(&l);
}

int dump_names(struct session *s, char kind)
{
    struct listing l = {.s = s};
    hash_init(&l.seen, s->arena);
    const struct tapset *t = tapset_open(s);
    vec_for (i, t->names)
        if (t->names.v[i].kind == kind && strncmp(t->names.v[i].name, "__", 2) != 0)
            add_line(&l, t->names.v[i].name);
    return print_lines(&l);
}
