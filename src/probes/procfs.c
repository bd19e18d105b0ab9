/* SPDX-License-Identifier: GPL-2.0-or-later */
/* procfs("PATH").read and .write: files that are made up when they are read, and whose
 * handlers get what is written; standard input as one of them.  The session runs the handlers
 * (run/procfs.c, run/input.c). */
#include <string.h>

#include "probes/kernel_data.h"

enum { P_READ, P_WRITE, P_CHAR, P_LINE };

#define READS(name)                                                                                \
    {name ".read", P_READ, "a file is read: the handler sets $value"},                             \
        {name ".read.maxsize(N)", P_READ, "the same; $value may be N bytes long"},                 \
        {name ".umask(N).read", P_READ, "the same, without the permissions in N"},                 \
    {                                                                                              \
        name ".umask(N).read.maxsize(N)", P_READ, "both"                                           \
    }
#define WRITES(name)                                                                               \
    {name ".write", P_WRITE, "a file is written: $value is what"},                                 \
    {                                                                                              \
        name ".umask(N).write", P_WRITE, "the same, without the permissions in N"                  \
    }

static const struct probe_pattern patterns[] = {
    READS("procfs"),
    READS("procfs(S)"),
    WRITES("procfs"),
    WRITES("procfs(S)"),
    {"__stdin.char", P_CHAR, "a character comes in on standard input: $value"},
    {"__stdin.line", P_LINE, "a line comes in on standard input: $value"},
    {0},
};

/* NULL, or what is wrong with a path below the folder of the files. */
static const char *check_path(struct session *s, const char *path)
{
    for (const char *p = path;;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return arena_printf(s->arena,
                                "'%s' is no path of a file: names with / between, none of them "
                                "empty, . or ..",
                                path);
        if (n > 255)
            return "the name of a file has at most 255 bytes";
        if (!p[n])
            return NULL;
        p += n + 1;
    }
}

static const struct probe_component *component(const struct probe_point *pp, const char *name)
{
    for (size_t i = 0; i < pp->comps.n; i++)
        if (strcmp(pp->comps.v[i].name, name) == 0)
            return &pp->comps.v[i];
    return NULL;
}

/* What is typed on a terminal as one file more. */
static const char *standard_input(struct session *s, enum attach_kind kind, bool by_char,
                                  probe_vec *out)
{
    if (s->recorder)
        return "standard input is not read in the background (-F)";
    struct probe *p = new_probe(s, kind, PROG_SYSCALL);
    p->attach.sequence = by_char;
    vec_push(s->arena, out, p);
    return NULL;
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    (void)hint;
    if (pat->id == P_CHAR || pat->id == P_LINE)
        return standard_input(s, ATTACH_INPUT, pat->id == P_CHAR, out);
    const struct expr *arg = pp->comps.v[0].arg;
    const struct probe_component *umask = component(pp, "umask"), *size = component(pp, "maxsize");
    const char *path = arg ? arg->str : "command";
    const char *why = check_path(s, path);
    if (why)
        return why;
    if (pat->id == P_WRITE && strcmp(path, "__stdin") == 0)
        return standard_input(s, ATTACH_INPUT, false, out);
    if (umask && (umask->arg->num < 0 || umask->arg->num > 0777))
        return "umask must be from 0 to 0777";
    if (size && (size->arg->num < 1 || size->arg->num > PROCFS_SIZE_MAX))
        return arena_printf(s->arena, "maxsize must be from 1 to %d", PROCFS_SIZE_MAX);
    struct probe *p =
        new_probe(s, pat->id == P_READ ? ATTACH_PROCFS_READ : ATTACH_PROCFS_WRITE, PROG_SYSCALL);
    for (size_t i = 0; i < s->procfs_probes.n; i++) {
        const struct probe *q = s->procfs_probes.v[i];
        const struct procfs_point *other = q->attach.priv;
        if (q->attach.kind == p->attach.kind && strcmp(other->path, path) == 0)
            return arena_printf(s->arena, "only one %s probe can exist for procfs path \"%s\"",
                                pat->id == P_READ ? "read" : "write", path);
    }
    vec_push(s->arena, &s->procfs_probes, p);
    struct procfs_point *f = arena_new_obj(s->arena, struct procfs_point);
    f->path = path;
    f->umask = umask ? (uint32_t)umask->arg->num : PROCFS_UMASK;
    f->maxsize = (uint64_t)(size ? size->arg->num : s->maxstringlen - 1);
    p->attach.priv = f;
    vec_push(s->arena, out, p);
    return NULL;
}

static struct expr *target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why)
{
    if (e->kind == EX_CAST)
        return kdata_cast(s, e, lvalue, why);
    const struct target *t = e->target;
    if (t->at_name || strcmp(t->name, PROCFS_VALUE) != 0) {
        *why = arena_printf(s->arena, "unable to find procfs variable '%s' (alternatives: $value)",
                            t->at_name ? t->at_name : t->name);
        return NULL;
    }
    if (t->address_of || t->steps.n) {
        *why = "$value is a string: it has no members and no address";
        return NULL;
    }
    if (p->attach.kind == ATTACH_PROCFS_READ)
        return expr_symbol(s->arena, e->tok, PROCFS_VALUE);
    if (lvalue) {
        *why = "procfs $value variable is read-only in a procfs write probe";
        return NULL;
    }
    /* The session hands the text to the program as its context. */
    struct expr *v = expr_new(s->arena, EX_CTX, e->tok);
    v->type = TY_STRING;
    return v;
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    (void)pat;
    const char *text = "";
    for (size_t i = 0; i < pp->comps.n; i++) {
        const struct probe_component *c = &pp->comps.v[i];
        const char *dot = i ? "." : "";
        if (!c->arg)
            text = arena_printf(s->arena, "%s%s%s", text, dot, c->name);
        else if (c->arg->kind == EX_NUMBER)
            text =
                arena_printf(s->arena, "%s%s%s(%lld)", text, dot, c->name, (long long)c->arg->num);
        else
            text = arena_printf(s->arena, "%s%s%s(\"%s\")", text, dot, c->name, c->arg->str);
    }
    fn(text, "$value:string", arg);
}

static void place(const struct probe *p, struct attach_place *out)
{
    const struct procfs_point *f = p->attach.priv;
    out->by_char = p->attach.sequence != 0;
    if (f) {
        out->path = f->path;
        out->umask = f->umask;
        out->maxsize = f->maxsize;
    }
}

const struct probe_provider procfs_provider = {
    .name = "procfs",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
    .place = place,
    .list = list,
};
