/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.trace and kernel.tracepoint: the kernel's tracepoints, with arguments
 * typed by the BTF of `typedef void (*btf_trace_NAME)(void *, …)`. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "probes/kernel_data.h"

#define PREFIX "btf_trace_"
#define TRACEFS "/sys/kernel/tracing"

static const struct probe_pattern patterns[] = {
    {"kernel.trace(S)", 0, "a tracepoint of the kernel: \"NAME\" or \"SYSTEM:NAME\""},
    {"kernel.tracepoint(S)", 0, "the same"},
    {0},
};

/* Systems of events (sched, irq …) are known to tracefs only. */
static bool in_system(struct session *s, const char *system, const char *name)
{
    static bool tried;
    if (access(TRACEFS "/events", F_OK) != 0 && !tried) {
        tried = true;
        mount("tracefs", TRACEFS, "tracefs", 0, NULL);
    }
    return access(arena_printf(s->arena, TRACEFS "/events/%s/%s", system, name), F_OK) == 0;
}

struct search {
    struct session *s;
    const char *system, *name; /* patterns; system may be NULL */
    const char *point;
    probe_vec *out;
    VEC(const char *) all;
};

static void add_probe(struct search *w, const char *name, uint32_t id)
{
    struct probe *p = new_probe(w->s, ATTACH_TRACEPOINT, PROG_RAW_TP);
    p->attach.name = name;
    p->attach.btf_id = id;
    p->pp = w->system && !strpbrk(w->system, "*?[")
                ? arena_printf(w->s->arena, "kernel.%s(\"%s:%s\")", w->point, w->system, name)
                : arena_printf(w->s->arena, "kernel.%s(\"%s\")", w->point, name);
    vec_push(w->s->arena, w->out, p);
}

static bool system_matches(struct search *w, const char *name)
{
    return !w->system || strcmp(w->system, "*") == 0 || in_system(w->s, w->system, name);
}

static void consider(const char *typedef_name, uint32_t id, void *arg)
{
    struct search *w = arg;
    const char *name = typedef_name + strlen(PREFIX);
    vec_push(w->s->arena, &w->all, name);
    if (fnmatch(w->name, name, 0) == 0 && system_matches(w, name))
        add_probe(w, name, id);
}

static const char *no_btf(struct session *s, const char *why, const char **hint)
{
    (void)s;
    *hint = "tracepoints with typed arguments need a kernel with CONFIG_DEBUG_INFO_BTF";
    return why;
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    const char *why, *spec = pp->comps.v[1].arg->str;
    struct kernel_btf *b = session_btf(s, &why);
    (void)pat;
    if (!b)
        return no_btf(s, why, hint);
    struct search w = {.s = s, .out = out, .point = pp->comps.v[1].name};
    const char *colon = strchr(spec, ':');
    w.name = colon ? colon + 1 : spec;
    w.system = colon ? arena_strndup(s->arena, spec, (size_t)(colon - spec)) : NULL;
    if (!strpbrk(w.name, "*?[")) {
        uint32_t id = kbtf_find(b, arena_printf(s->arena, PREFIX "%s", w.name), BTF_KIND_TYPEDEF);
        if (id && system_matches(&w, w.name)) {
            add_probe(&w, w.name, id);
            return NULL;
        }
    }
    size_t before = out->n;
    kbtf_each(b, PREFIX, BTF_KIND_TYPEDEF, consider, &w);
    if (out->n > before)
        return NULL;
    const char *near = similar_names(s->arena, w.name, w.all.v, w.all.n, 5);
    return *near ? arena_printf(s->arena, "no match (similar tracepoints: %s)", near) : "no match";
}

/* The prototype with the names of the arguments: that of the function which calls the
 * tracepoint's handlers. */
static const struct btf_type *prototype(struct session *s, struct kernel_btf *b,
                                        const char *name)
{
    uint32_t id = kbtf_find(b, arena_printf(s->arena, "__traceiter_%s", name), BTF_KIND_FUNC);
    const struct btf_type *t = kbtf_type(b, id);
    t = t ? kbtf_type(b, t->type) : NULL;
    return t && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

static struct kernel_value argument(struct session *s, struct kernel_btf *b,
                                    const struct btf_param *p, uint32_t i, const struct token *tok)
{
    struct expr *word = expr_new(s->arena, EX_CTX, tok);
    word->type = TY_LONG;
    word->num = i * 8;
    word->deref.size = 8;
    return (struct kernel_value){.e = kdata_narrow(s, b, word, p->type), .type = p->type};
}

static struct expr *all_arguments(struct session *s, struct kernel_btf *b,
                                  const struct btf_type *proto, const struct expr *e)
{
    const struct btf_param *p = (const void *)(proto + 1);
    const char *format = "";
    expr_vec args = {0};
    for (uint32_t i = 1; i < BTF_INFO_VLEN(proto->info); i++) {
        format = arena_printf(s->arena, "%s%s%s=", format, i > 1 ? " " : "",
                              kbtf_name(b, p[i].name_off));
        kdata_format_scalar(s, b, argument(s, b, &p[i], i - 1, e->tok), &format, &args);
    }
    return kdata_sprintf(s, e->tok, format, &args);
}

static struct expr *target(struct session *s, struct probe *pr, const struct expr *e, bool lvalue,
                           const char **why)
{
    struct kernel_btf *b = session_btf(s, why);
    const struct target *t = e->target;
    const struct btf_type *proto = b ? prototype(s, b, pr->attach.name) : NULL;
    if (!proto)
        return NULL;
    *why = NULL;
    if (e->kind == EX_CAST) {
        const char *name = t->type ? t->type : "";
        for (const char *const *p = (const char *const[]){"struct ", "union ", NULL}; *p; p++)
            if (strncmp(name, *p, strlen(*p)) == 0)
                name += strlen(*p);
        uint32_t id = kbtf_find(b, name, BTF_KIND_STRUCT);
        id = id ? id : kbtf_find(b, name, BTF_KIND_UNION);
        id = id ? id : kbtf_find(b, name, BTF_KIND_TYPEDEF);
        if (!id) {
            *why = arena_printf(s->arena, "type '%s' is not known to this kernel", name);
            return NULL;
        }
        /* The address is the value: the structure it points to. */
        return kdata_steps(s, b, (struct kernel_value){.e = e->a, .type = id}, t, e->tok, why);
    }
    if (!t->name || t->at_name)
        return NULL;
    if (lvalue) {
        *why = "write to a tracepoint's argument is not possible";
        return NULL;
    }
    if (strcmp(t->name, "$$name") == 0)
        return expr_string(s->arena, e->tok, pr->attach.name);
    if (strcmp(t->name, "$$vars") == 0 || strcmp(t->name, "$$parms") == 0)
        return all_arguments(s, b, proto, e);
    const struct btf_param *p = (const void *)(proto + 1);
    const char *names[32];
    size_t n = 0;
    for (uint32_t i = 1; i < BTF_INFO_VLEN(proto->info); i++) {
        const char *name = kbtf_name(b, p[i].name_off);
        if (strcmp(name, t->name + 1) == 0)
            return kdata_steps(s, b, argument(s, b, &p[i], i - 1, e->tok), t, e->tok, why);
        if (n < 32)
            names[n++] = arena_printf(s->arena, "$%s", name);
    }
    const char *near = similar_names(s->arena, t->name, names, n, 8);
    *why = arena_printf(s->arena, "unable to find tracepoint variable '%s'%s%s%s", t->name,
                        *near ? " (alternatives: " : "", near,
                        *near ? ", $$name, $$parms, $$vars)" : "");
    return NULL;
}

static const char *type_name(struct session *s, struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, id);
    if (!t)
        return "void";
    const char *name = kbtf_name(b, t->name_off);
    switch (BTF_INFO_KIND(t->info)) {
    case BTF_KIND_PTR:
        return arena_printf(s->arena, "%s*", type_name(s, b, t->type));
    case BTF_KIND_CONST:
        return arena_printf(s->arena, "const %s", type_name(s, b, t->type));
    case BTF_KIND_STRUCT:
        return arena_printf(s->arena, "struct %s", name);
    case BTF_KIND_UNION:
        return arena_printf(s->arena, "union %s", name);
    case BTF_KIND_ENUM:
        return arena_printf(s->arena, "enum %s", name);
    case BTF_KIND_VOLATILE:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG:
        return type_name(s, b, t->type);
    default:
        return name;
    }
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    probe_vec found = {0};
    const char *hint, *why;
    struct kernel_btf *b = session_btf(s, &why);
    if (!b || resolve(s, pat, pp, &found, &hint))
        return;
    vec_for (i, found) {
        const struct btf_type *proto = prototype(s, b, found.v[i]->attach.name);
        const struct btf_param *p = proto ? (const void *)(proto + 1) : NULL;
        const char *vars = "$$name:string $$parms:string $$vars:string";
        for (uint32_t k = 1; proto && k < BTF_INFO_VLEN(proto->info); k++)
            vars = arena_printf(s->arena, "%s $%s:%s", vars, kbtf_name(b, p[k].name_off),
                                type_name(s, b, p[k].type));
        fn(found.v[i]->pp, vars, arg);
    }
}

const struct probe_provider tracepoint_provider = {
    .name = "kernel",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
    .list = list,
};
