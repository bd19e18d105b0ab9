/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.function and kprobe.function: functions of the kernel by name, as
 * kprobes; their parameters and results typed by BTF. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "probes/arch.h"
#include "probes/kernel_data.h"
#include "probes/pmu.h"

enum { P_ENTRY, P_RETURN, P_MODULE, P_MODULE_RETURN };

static const struct probe_pattern patterns[] = {
    {"kernel.function(S)", P_ENTRY, "the start of a kernel function"},
    {"kernel.function(S).call", P_ENTRY, "the same"},
    {"kernel.function(S).exported", P_ENTRY, "the same"},
    {"kernel.function(S).return", P_RETURN, "when a kernel function returns"},
    {"kernel.function(S).return.maxactive(N)", P_RETURN, "the same"},
    {"kprobe.function(S)", P_ENTRY, "the start of a kernel function"},
    {"kprobe.function(S).call", P_ENTRY, "the same"},
    {"kprobe.function(S).return", P_RETURN, "when a kernel function returns"},
    {"kprobe.function(S).return.maxactive(N)", P_RETURN, "the same"},
    {"module(S).function(S)", P_MODULE, "the start of a function of a kernel module"},
    {"module(S).function(S).call", P_MODULE, "the same"},
    {"module(S).function(S).return", P_MODULE_RETURN, "when it returns"},
    {"kprobe.module(S).function(S)", P_MODULE, "the start of a function of a kernel module"},
    {"kprobe.module(S).function(S).return", P_MODULE_RETURN, "when it returns"},
    {0},
};

/* attach_point.priv */
struct kernel_function {
    const char *name, *module;    /* module NULL: the kernel itself */
    const struct btf_type *proto; /* NULL: not in BTF */
    bool is_return, one_of_many;
};

struct walk {
    struct session *s;
    struct kernel_btf *b;
    const char *pattern, *module, *prefix, *suffix;
    bool is_return, wild;
    struct hash *traceable; /* NULL: not known */
    probe_vec *out;
    VEC(const char *) names; /* all there are, for suggestions */
};

static const struct btf_type *prototype(struct kernel_btf *b, const char *name)
{
    const struct btf_type *t = kbtf_type(b, kbtf_find(b, name, BTF_KIND_FUNC));
    t = t ? kbtf_type(b, t->type) : NULL;
    return t && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

static void add(struct walk *w, const char *name, const char *module, const struct btf_type *proto)
{
    struct session *s = w->s;
    struct probe *p = new_probe(s, w->is_return ? ATTACH_KRETPROBE : ATTACH_KPROBE, PROG_KPROBE);
    struct kernel_function *f = arena_new_obj(s->arena, struct kernel_function);
    *f = (struct kernel_function){name, module, proto, w->is_return, w->wild};
    p->attach.priv = f;
    p->attach.name = name;
    p->pp = arena_printf(s->arena, "%s(\"%s\")%s", w->prefix, name, w->suffix);
    vec_push(s->arena, w->out, p);
}

static void consider(const char *name, uint32_t id, void *arg)
{
    struct walk *w = arg;
    if (fnmatch(w->pattern, name, 0) != 0 || (w->traceable && !hash_get(w->traceable, name)))
        return;
    const struct btf_type *t = kbtf_type(w->b, id);
    t = t ? kbtf_type(w->b, t->type) : NULL;
    if (t && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC_PROTO)
        add(w, arena_printf(w->s->arena, "%s", name), NULL, t);
}

/* The functions that can be probed, where the kernel lists them. */
static struct hash *traceable(struct session *s)
{
    FILE *f = fopen("/sys/kernel/tracing/available_filter_functions", "re");
    if (!f)
        f = fopen("/sys/kernel/debug/tracing/available_filter_functions", "re");
    if (!f)
        return NULL;
    struct hash *h = arena_new_obj(s->arena, struct hash);
    hash_init(h, s->arena);
    char line[512];
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, " \t\n")] = 0;
        hash_put(h, arena_printf(s->arena, "%s", line), h);
    }
    fclose(f);
    return h->n ? h : NULL;
}

/* By the table of symbols: functions of modules, and those that BTF leaves out. */
static void by_symbols(struct walk *w)
{
    FILE *f = fopen("/proc/kallsyms", "re");
    char line[1024];
    while (f && fgets(line, sizeof line, f)) {
        char type, name[256], module[128] = "";
        if (sscanf(line, "%*s %c %255s [%127[^]]]", &type, name, module) < 2 ||
            !strchr("tTwW", type) || strncmp(name, "__pfx_", 6) == 0)
            continue;
        if (w->module ? !*module || fnmatch(w->module, module, 0) != 0 : *module != 0)
            continue;
        if (!w->wild || w->names.n < 100000)
            vec_push(w->s->arena, &w->names, arena_printf(w->s->arena, "%s", name));
        if (fnmatch(w->pattern, name, 0) == 0)
            add(w, arena_printf(w->s->arena, "%s", name),
                *module ? arena_printf(w->s->arena, "%s", module) : NULL, NULL);
    }
    if (f)
        fclose(f);
}

static const char *find(struct session *s, const struct probe_pattern *pat,
                        const struct probe_point *pp, probe_vec *out)
{
    const char *why, *colon;
    struct walk w = {.s = s, .out = out, .prefix = "", .suffix = ""};
    w.b = session_btf(s, &why);
    if (!w.b)
        return why;
    vec_for (i, pp->comps) {
        const char *name = pp->comps.v[i].name;
        const struct expr *arg = pp->comps.v[i].arg;
        bool function = strcmp(name, "function") == 0, module = strcmp(name, "module") == 0;
        if (w.pattern) {
            w.suffix = arena_printf(s->arena, "%s.%s", w.suffix, name);
            continue;
        }
        if (function)
            w.pattern = arg->str;
        if (module)
            w.module = arg->str;
        w.prefix = arena_printf(s->arena, "%s%s%s", w.prefix, i ? "." : "", name);
        if (module)
            w.prefix = arena_printf(s->arena, "%s(\"%s\")", w.prefix, w.module);
    }
    w.is_return = pat->id == P_RETURN || pat->id == P_MODULE_RETURN;
    if ((colon = strchr(w.pattern, '@')) && strcmp(colon, "@*") != 0)
        return arena_printf(s->arena,
                            "'%s' names a source file: those of the kernel are known only with its "
                            "debug information; leave out '%s'",
                            w.pattern, colon);
    if (colon)
        w.pattern = arena_strndup(s->arena, w.pattern, (size_t)(colon - w.pattern));
    w.wild = strpbrk(w.pattern, "*?[") != NULL;
    size_t before = out->n;
    if (!w.module && !w.wild) {
        const struct btf_type *proto = prototype(w.b, w.pattern);
        if (proto) {
            add(&w, w.pattern, NULL, proto);
            return NULL;
        }
    } else if (!w.module) {
        w.traceable = traceable(s);
        kbtf_each(w.b, "", BTF_KIND_FUNC, consider, &w);
        if (out->n > before)
            return NULL;
    }
    by_symbols(&w);
    if (out->n > before)
        return NULL;
    const char *near = similar_names(s->arena, w.pattern, w.names.v, w.names.n, 5);
    return arena_printf(s->arena, "no match%s%s%s", *near ? " (similar functions: " : "", near,
                        *near ? ")" : "");
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    const char *why = find(s, pat, pp, out);
    if (why || pmu_exists("kprobe") || s->last_pass < 5)
        return why;
    *hint = "tracepoints (kernel.trace) and system calls (syscall.*) can be probed on this kernel; "
            "stap -l 'kernel.trace(\"*\")' lists them";
    return "this kernel was built without CONFIG_KPROBES: its functions cannot be probed";
}

/* ---- variables ---- */

static struct expr *reg(struct session *s, const struct token *tok, int32_t offset)
{
    struct expr *e = expr_new(s->arena, EX_CTX, tok);
    e->type = TY_LONG;
    e->num = offset;
    e->deref = (struct deref){.size = 8, .is_signed = true};
    return e;
}

static uint32_t nparams(const struct kernel_function *f)
{
    uint32_t n = f->proto ? BTF_INFO_VLEN(f->proto->info) : 0;
    return n > 6 ? 6 : n; /* the others are on the stack */
}

static const struct btf_param *param(const struct kernel_function *f, uint32_t i)
{
    return (const struct btf_param *)(f->proto + 1) + i;
}

static struct kernel_value parameter(struct session *s, struct kernel_btf *b,
                                     const struct kernel_function *f, uint32_t i,
                                     const struct token *tok)
{
    uint32_t type = param(f, i)->type;
    return (struct kernel_value){.e = kdata_narrow(s, b, reg(s, tok, arch_call_arg[i]), type),
                                 .type = type};
}

static bool returns(struct kernel_btf *b, const struct kernel_function *f)
{
    return f->is_return && (!f->proto || kbtf_type(b, kbtf_skip(b, f->proto->type)));
}

static struct kernel_value result(struct session *s, struct kernel_btf *b,
                                  const struct kernel_function *f, const struct token *tok)
{
    uint32_t type = f->proto ? f->proto->type : 0;
    struct expr *e = reg(s, tok, arch_reg_return);
    return (struct kernel_value){.e = type ? kdata_narrow(s, b, e, type) : e, .type = type};
}

static struct expr *group(struct session *s, struct kernel_btf *b, const struct kernel_function *f,
                          const struct expr *e)
{
    const struct target *t = e->target;
    int dollars = t->steps.n && vec_last(t->steps).kind == STEP_PRETTY
                      ? (int)strlen(vec_last(t->steps).name)
                      : 0;
    const char *format = "";
    expr_vec args = {0};
    if (strcmp(t->name, "$$return") == 0) {
        if (returns(b, f)) {
            format = "return=";
            kdata_format(s, b, result(s, b, f, e->tok), dollars, &format, &args);
        }
    } else if (f->is_return) {
        return NULL; /* as they were at the entry */
    } else if (strcmp(t->name, "$$locals") != 0) {
        for (uint32_t i = 0; i < nparams(f); i++) {
            format = arena_printf(s->arena, "%s%s%s=", format, i ? " " : "",
                                  kbtf_name(b, param(f, i)->name_off));
            kdata_format(s, b, parameter(s, b, f, i, e->tok), dollars, &format, &args);
        }
    }
    return kdata_sprintf(s, e->tok, format, &args);
}

static struct expr *target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why)
{
    const struct kernel_function *f = p->attach.priv;
    const struct target *t = e->target;
    if (e->kind == EX_CAST)
        return kdata_cast(s, e, lvalue, why);
    struct kernel_btf *b = session_btf(s, why);
    if (!b)
        return NULL;
    *why = NULL;
    if (!t->name || t->at_name)
        return NULL;
    if (lvalue) {
        *why = "write to memory of the kernel is not possible";
        return NULL;
    }
    if (strcmp(t->name, "$$name") == 0)
        return expr_string(s->arena, e->tok, f->name);
    if (strncmp(t->name, "$$", 2) == 0)
        return group(s, b, f, e);
    if (strcmp(t->name, "$return") == 0 && f->is_return) {
        if (!returns(b, f)) {
            *why = arena_printf(s->arena, "function '%s' returns nothing", f->name);
            return NULL;
        }
        return kdata_steps(s, b, result(s, b, f, e->tok), t, e->tok, why);
    }
    if (!f->proto) {
        *why = arena_printf(s->arena,
                            "the kernel's BTF does not describe '%s': its variables are "
                            "not known",
                            f->name);
        return NULL;
    }
    const char *names[6];
    for (uint32_t i = 0; i < nparams(f); i++) {
        const char *name = kbtf_name(b, param(f, i)->name_off);
        names[i] = arena_printf(s->arena, "$%s", name);
        if (strcmp(name, t->name + 1) != 0)
            continue;
        if (f->is_return)
            return NULL; /* as it was at the entry */
        return kdata_steps(s, b, parameter(s, b, f, i, e->tok), t, e->tok, why);
    }
    const char *near = similar_names(s->arena, t->name, names, nparams(f), 6);
    *why = arena_printf(s->arena, "unable to find '%s' in %s%s%s%s", t->name, f->name,
                        *near ? " (alternatives: " : "", near, *near ? ")" : "");
    return NULL;
}

static bool entry(struct session *s, const struct probe *p, const struct token *tok, bool start,
                  struct entry_point *out)
{
    const struct kernel_function *here = p->attach.priv;
    (void)start;
    struct kernel_function *f = arena_new_obj(s->arena, struct kernel_function);
    *f = *here;
    f->is_return = false;
    /* The return address is gone when the function has returned. */
    out->frame =
        expr_binary(s->arena, tok, OP_ADD, reg(s, tok, arch_reg_sp), expr_number(s->arena, tok, 8));
    out->frame->type = TY_LONG;
    out->frame_here = reg(s, tok, arch_reg_sp);
    out->probe = new_probe(s, ATTACH_KPROBE, PROG_KPROBE);
    out->probe->attach.priv = f;
    out->probe->attach.name = f->name;
    out->probe->pp = arena_printf(s->arena, "kernel.function(\"%s\").call", f->name);
    return true;
}

static int attach(const struct attach_point *at, int prog_fd, int *fds, size_t *nfds,
                  size_t max_fds)
{
    const struct kernel_function *f = at->priv;
    char name[512];
    size_t before = *nfds;
    (void)max_fds;
    snprintf(name, sizeof name, "%s%s%s", f->module ? f->module : "", f->module ? ":" : "",
             f->name);
    int err = pmu_attach("kprobe", f->is_return, name, 0, 0, 0, prog_fd, fds, nfds);
    /* Of many that a pattern matched some may not be probed: they are left out. */
    return err && f->one_of_many && *nfds == before ? 0 : err;
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    probe_vec found = {0};
    const char *why;
    struct kernel_btf *b = session_btf(s, &why);
    if (!b || find(s, pat, pp, &found))
        return;
    vec_for (i, found) {
        const struct kernel_function *f = found.v[i]->attach.priv;
        const char *vars = "";
        if (f->is_return && f->proto && returns(b, f))
            vars = arena_printf(s->arena, "$return:%s", kdata_c_type(s, b, f->proto->type));
        for (uint32_t k = 0; !f->is_return && k < nparams(f); k++)
            vars = arena_printf(s->arena, "%s%s$%s:%s", vars, k ? " " : "",
                                kbtf_name(b, param(f, k)->name_off),
                                kdata_c_type(s, b, param(f, k)->type));
        fn(found.v[i]->pp, vars, arg);
    }
}

const struct probe_provider kprobe_provider = {
    .name = "kprobe",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
    .entry = entry,
    .attach = attach,
    .list = list,
};
