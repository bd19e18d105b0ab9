/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.trace and kernel.tracepoint: the kernel's tracepoints, with arguments
 * typed by the BTF of `typedef void (*btf_trace_NAME)(void *, …)`. */
#include <dirent.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/hash.h"
#include "probes/kernel_data.h"

#define PREFIX "btf_trace_"
#define ITERATOR "__traceiter_"
#define TRACEFS "/sys/kernel/tracing"

static const struct probe_pattern patterns[] = {
    {"kernel.trace(S)", 0, "a tracepoint of the kernel: \"NAME\" or \"SYSTEM:NAME\""},
    {"kernel.tracepoint(S)", 0, "the same"},
    {"module(S).tracepoint(S)", 1, "a tracepoint of a kernel module that is loaded"},
    {0},
};

/* Systems of events (sched, irq …) are known to tracefs only.  NULL: it is not there. */
static const char *events_dir(void)
{
    static const char *const dirs[] = {TRACEFS "/events", "/sys/kernel/debug/tracing/events"};
    for (int mounted = 0; mounted < 2; mounted++) {
        for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
            if (access(dirs[i], F_OK) == 0)
                return dirs[i];
        if (mounted || mount("tracefs", TRACEFS, "tracefs", 0, NULL) != 0)
            break;
    }
    return NULL;
}

struct search {
    struct session *s;
    const char *name; /* pattern */
    bool any_system;  /* none was named, or "*" */
    const char *events;
    VEC(const char *) systems;  /* folders of `events` that match */
    struct hash by_event;       /* name → system, when many are looked up */
    const char *point, *module; /* module NULL: the kernel's own */
    probe_vec *out;
    VEC(const char *) all;
};

static bool is_pattern(const char *s)
{
    return strpbrk(s, "*?[") != NULL;
}

/* Systems that match.  False: there is no tracefs. */
static bool find_systems(struct search *w, const char *pattern)
{
    w->events = events_dir();
    DIR *d = w->events ? opendir(w->events) : NULL;
    if (!d)
        return false;
    for (const struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && fnmatch(pattern, e->d_name, 0) == 0)
            vec_push(w->s->arena, &w->systems, arena_strdup(w->s->arena, e->d_name));
    closedir(d);
    return true;
}

static struct kernel_btf *types_of(struct session *s, const char *module, const char **why)
{
    return module ? session_module_btf(s, module, why) : session_btf(s, why);
}

static void index_events(struct search *w)
{
    hash_init(&w->by_event, w->s->arena);
    vec_for (i, w->systems) {
        DIR *d = opendir(arena_printf(w->s->arena, "%s/%s", w->events, w->systems.v[i]));
        for (const struct dirent *e; d && (e = readdir(d));)
            if (e->d_name[0] != '.')
                hash_put(&w->by_event, arena_strdup(w->s->arena, e->d_name),
                         (void *)w->systems.v[i]);
        if (d)
            closedir(d);
    }
}

/* NULL: of none of those that match, or none is known: some tracepoints have no event. */
static const char *system_of(struct search *w, const char *name)
{
    if (w->by_event.arena)
        return hash_get(&w->by_event, name);
    vec_for (i, w->systems)
        if (access(arena_printf(w->s->arena, "%s/%s/%s", w->events, w->systems.v[i], name), F_OK) ==
            0)
            return w->systems.v[i];
    return NULL;
}

static bool add_probe(struct search *w, const char *name, uint32_t id)
{
    const char *system = system_of(w, name);
    if (!system && !w->any_system)
        return false;
    struct probe *p = new_probe(w->s, ATTACH_TRACEPOINT, PROG_RAW_TP);
    p->attach.name = name;
    p->attach.btf_id = id;
    p->attach.module = w->module;
    p->pp = arena_printf(w->s->arena, "%s(\"%s%s%s\")", w->point, system ? system : "",
                         system ? ":" : "", name);
    vec_push(w->s->arena, w->out, p);
    return true;
}

static void consider(const char *typedef_name, uint32_t id, void *arg)
{
    struct search *w = arg;
    const char *name = typedef_name + strlen(PREFIX);
    vec_push(w->s->arena, &w->all, name);
    if (fnmatch(w->name, name, 0) == 0)
        add_probe(w, name, id);
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    const char *why, *spec = pp->comps.v[1].arg->str;
    const char *module = pat->id ? pp->comps.v[0].arg->str : NULL;
    struct kernel_btf *b = types_of(s, module, &why);
    if (!b)
        return why;
    struct search w = {.s = s, .out = out, .module = module};
    w.point = arena_printf(s->arena, module ? "module(\"%s\").%s" : "%s.%s",
                           module ? module : "kernel", pp->comps.v[1].name);
    const char *colon = strchr(spec, ':');
    const char *system = colon ? arena_strndup(s->arena, spec, (size_t)(colon - spec)) : "*";
    w.name = colon ? colon + 1 : spec;
    w.any_system = strcmp(system, "*") == 0;
    if (!find_systems(&w, system) && !w.any_system) {
        *hint = "mount it (mount -t tracefs tracefs " TRACEFS
                "), or name the tracepoint without its system";
        return "no tracefs: which system a tracepoint belongs to is not known";
    }
    if (!is_pattern(w.name)) {
        uint32_t id = kbtf_find(b, arena_printf(s->arena, PREFIX "%s", w.name), BTF_KIND_TYPEDEF);
        if (id && add_probe(&w, w.name, id))
            return NULL;
    } else {
        index_events(&w);
    }
    size_t before = out->n;
    kbtf_each(b, PREFIX, BTF_KIND_TYPEDEF, consider, &w);
    if (out->n > before)
        return NULL;
    const char *near = similar_names(s->arena, w.name, w.all.v, w.all.n, 5);
    return *near ? arena_printf(s->arena, "no match (similar tracepoints: %s)", near) : "no match";
}

static void note_prototype(const char *name, uint32_t id, void *arg)
{
    hash_put(arg, name, (void *)(uintptr_t)id);
}

/* The prototype with the names of the arguments: that of the function which calls the
 * tracepoint's handlers.  `known`: their ids by name, or NULL. */
static const struct btf_type *prototype(struct session *s, struct kernel_btf *b,
                                        struct attach_point *at, const struct hash *known)
{
    if (at->priv)
        return at->priv;
    const char *name = arena_printf(s->arena, ITERATOR "%s", at->name);
    uint32_t id =
        known ? (uint32_t)(uintptr_t)hash_get(known, name) : kbtf_find(b, name, BTF_KIND_FUNC);
    const struct btf_type *t = kbtf_type(b, id);
    if (!t) {
        /* The typedef is of a pointer to the same prototype; the names may be missing. */
        t = kbtf_type(b, at->btf_id);
        t = t ? kbtf_type(b, t->type) : NULL;
    }
    t = t ? kbtf_type(b, t->type) : NULL;
    if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_FUNC_PROTO)
        return NULL;
    at->priv = (void *)t;
    return t;
}

/* Arguments are numbered where the kernel does not say their names. */
static const char *argument_name(struct session *s, struct kernel_btf *b, const struct btf_param *p,
                                 uint32_t i)
{
    const char *name = kbtf_name(b, p->name_off);
    return *name ? name : arena_printf(s->arena, "arg%u", i);
}

static struct kernel_value argument(struct session *s, struct kernel_btf *b, const struct probe *pr,
                                    const struct btf_param *p, uint32_t i, const struct token *tok)
{
    struct expr *word = expr_new(s->arena, EX_CTX, tok);
    word->type = TY_LONG;
    word->num = i * 8;
    word->deref.size = 8;
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, p->type));
    word->deref.nullable = t && BTF_INFO_KIND(t->info) == BTF_KIND_PTR;
    if (!klive(s, b))
        return (struct kernel_value){.e = kdata_narrow(s, b, word, p->type), .type = p->type};
    const char *name = kbtf_name(b, p->name_off);
    struct kernel_value v = {.type = p->type};
    v.from = klive_parameter(s, pr->attach.module, 'a',
                             arena_printf(s->arena, ITERATOR "%s", pr->attach.name),
                             *name ? name : arena_printf(s->arena, "%u", i));
    word->fact = klive_place(s, &v.from, false);
    v.e = klive_narrow(s, b, word, p->type, &v.from);
    return v;
}

/* Whether `size` bytes at `off` of a structure are one number that is a member, of it or of a
 * structure in it: the verifier finds no others. */
static bool is_plain_member(struct kernel_btf *b, uint32_t id, uint32_t off, uint32_t size)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_STRUCT)
        return false;
    const struct btf_member *m = (const void *)(t + 1);
    for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
        bool flagged = BTF_INFO_KFLAG(t->info);
        uint32_t bits = flagged ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset;
        uint32_t at = bits / 8, n = kbtf_size(b, m[i].type);
        if (off < at || off >= at + n)
            continue;
        const struct btf_type *type = kbtf_type(b, kbtf_skip(b, m[i].type));
        if (!type || (flagged && BTF_MEMBER_BITFIELD_SIZE(m[i].offset)))
            return false;
        if (BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT)
            return is_plain_member(b, m[i].type, off - at, size);
        return off == at && size == n && BTF_INFO_KIND(type->info) == BTF_KIND_INT;
    }
    return false;
}

/* ---- typed programs ----
 * A program whose arguments are typed loads members of what they point to itself, where others
 * call a helper; but the verifier does not let it do anything else with them. */

/* Notes that this is one member of what an argument points to. */
static void note_member(struct kernel_btf *b, const struct probe *pr, uint32_t type, struct expr *e)
{
    if (!e || e->kind != EX_DEREF || e->num || pr->attach.module)
        return;
    struct expr *base = e->a;
    int64_t off = 0;
    if (base->kind == EX_BINARY && base->op == OP_ADD && base->b->kind == EX_NUMBER) {
        off = base->b->num;
        base = base->a;
    }
    const struct btf_type *p = kbtf_type(b, kbtf_skip(b, type));
    if (base->kind != EX_CTX || off < 0 || off > INT16_MAX ||
        BTF_INFO_KIND(p->info) != BTF_KIND_PTR ||
        !is_plain_member(b, p->type, (uint32_t)off, e->deref.size))
        return;
    e->a = base;
    e->num = off;
    e->deref.nullable = true;
}

struct look {
    size_t members;
    bool computes; /* with an argument */
    bool typed;    /* they are to be loaded */
};

static void look_expr(struct expr **ep, void *arg)
{
    struct look *l = arg;
    struct expr *e = *ep;
    if (e->kind == EX_DEREF && e->deref.nullable) {
        l->members++;
        e->deref.direct = l->typed;
        return;
    }
    l->computes |= e->kind == EX_CTX && e->deref.nullable;
    /* Functions that look at arguments may do anything. */
    for (size_t i = 0; e->kind == EX_CALL && i < e->callees.n; i++)
        l->computes |= e->callees.v[i]->context != NULL;
    expr_children(e, look_expr, l);
}

static void look_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, look_expr, look_stmt, arg);
}

static void look(struct probe *p, struct look *l)
{
    if (p->condition)
        look_expr(&p->condition, l);
    if (p->body)
        look_stmt(&p->body, l);
}

static void settle(struct session *s, struct probe *p)
{
    struct look l = {0};
    if (s->portable)
        return;
    if (p->attach.prog != PROG_RAW_TP || p->attach.module || !p->attach.btf_id)
        return;
    look(p, &l);
    if (!l.members || l.computes)
        return;
    p->attach.prog = PROG_TRACING;
    l.typed = true;
    look(p, &l);
}

static struct expr *all_arguments(struct session *s, struct kernel_btf *b, const struct probe *pr,
                                  const struct btf_type *proto, const struct expr *e)
{
    const struct btf_param *p = (const void *)(proto + 1);
    const struct target *t = e->target;
    int dollars = t->steps.n && vec_last(t->steps).kind == STEP_PRETTY
                      ? (int)strlen(vec_last(t->steps).name)
                      : 0;
    const char *format = "";
    expr_vec args = {0};
    for (uint32_t i = 1; i < BTF_INFO_VLEN(proto->info); i++) {
        format = arena_printf(s->arena, "%s%s%s=", format, i > 1 ? " " : "",
                              argument_name(s, b, &p[i], i - 1));
        kdata_format(s, b, argument(s, b, pr, &p[i], i - 1, e->tok), dollars, &format, &args);
    }
    return kdata_sprintf(s, e->tok, format, &args);
}

static struct expr *target(struct session *s, struct probe *pr, const struct expr *e, bool lvalue,
                           const char **why)
{
    const struct target *t = e->target;
    if (e->kind == EX_CAST)
        return kdata_cast(s, e, lvalue, why);
    struct kernel_btf *b = types_of(s, pr->attach.module, why);
    const struct btf_type *proto = b ? prototype(s, b, &pr->attach, NULL) : NULL;
    if (!proto)
        return NULL;
    *why = NULL;
    if (!t->name || t->at_name)
        return NULL;
    if (lvalue) {
        *why = "write to a tracepoint's argument is not possible";
        return NULL;
    }
    if (strcmp(t->name, "$$name") == 0)
        return expr_string(s->arena, e->tok, pr->attach.name);
    if (strcmp(t->name, "$$vars") == 0 || strcmp(t->name, "$$parms") == 0)
        return all_arguments(s, b, pr, proto, e);
    const struct btf_param *p = (const void *)(proto + 1);
    const char *names[32];
    size_t n = 0;
    for (uint32_t i = 1; i < BTF_INFO_VLEN(proto->info); i++) {
        const char *name = argument_name(s, b, &p[i], i - 1);
        if (strcmp(name, t->name + 1) == 0) {
            struct expr *r =
                kdata_steps(s, b, argument(s, b, pr, &p[i], i - 1, e->tok), t, e->tok, why);
            note_member(b, pr, p[i].type, r);
            return r;
        }
        if (n < sizeof names / sizeof *names)
            names[n++] = arena_printf(s->arena, "$%s", name);
    }
    const char *near = similar_names(s->arena, t->name, names, n, 8);
    *why = arena_printf(s->arena,
                        "unable to find tracepoint variable '%s' (alternatives: %s%s$$name, "
                        "$$parms, $$vars)",
                        t->name, near, *near ? ", " : "");
    return NULL;
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    probe_vec found = {0};
    const char *hint, *why;
    struct kernel_btf *b = types_of(s, pat->id ? pp->comps.v[0].arg->str : NULL, &why);
    if (!b || resolve(s, pat, pp, &found, &hint))
        return;
    struct hash known;
    hash_init(&known, s->arena);
    kbtf_each(b, ITERATOR, BTF_KIND_FUNC, note_prototype, &known);
    vec_for (i, found) {
        const struct btf_type *proto = prototype(s, b, &found.v[i]->attach, &known);
        const struct btf_param *p = proto ? (const void *)(proto + 1) : NULL;
        const char *vars = "";
        for (uint32_t k = 1; proto && k < BTF_INFO_VLEN(proto->info); k++)
            vars = arena_printf(s->arena, "%s%s$%s:%s", vars, *vars ? " " : "",
                                argument_name(s, b, &p[k], k - 1), kdata_c_type(s, b, p[k].type));
        fn(found.v[i]->pp, vars, arg);
    }
}

const struct probe_provider tracepoint_provider = {
    .name = "kernel",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
    .settle = settle,
    .list = list,
};
