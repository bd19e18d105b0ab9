/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.function and kprobe.function: functions of the kernel by name, as
 * kprobes; their parameters and results typed by BTF. */
#include <string.h>

#include "probes/arch.h"
#include "probes/kprobe.h"
#include "probes/pmu.h"

static const struct probe_pattern patterns[] = {
    {"kernel.function(S)", KP_ENTRY, "the start of a kernel function"},
    {"kernel.function(S).call", KP_ENTRY, "the same"},
    {"kernel.function(S).exported", KP_EXPORTED, "the same, of those that modules may call"},
    {"kernel.function(S).return", KP_RETURN, "when a kernel function returns"},
    {"kernel.function(S).return.maxactive(N)", KP_RETURN, "the same"},
    {"kernel.function(N)", KP_ABSOLUTE, "the start of the kernel function at an address"},
    {"kernel.function(N).call", KP_ABSOLUTE, "the same"},
    {"kernel.function(N).exported", KP_EXPORTED, "the same, if modules may call it"},
    {"kernel.function(N).return", KP_RETURN, "when it returns"},
    {"kernel.function(N).return.maxactive(N)", KP_RETURN, "the same"},
    {"kernel.function(S).inline", KP_INLINE, "where a kernel function was inlined"},
    {"kernel.function(S).label(S)", KP_LABEL, "a label in a kernel function"},
    {"kernel.function(S).callee(S)", KP_CALLEE, "a function called by a kernel function"},
    {"kernel.function(S).callee(S).call", KP_CALLEE, "the same"},
    {"kernel.function(S).callee(S).return", KP_CALLEE_RETURN, "when that returns"},
    {"kernel.function(S).callees", KP_CALLEE, "all functions called by a kernel function"},
    {"kernel.function(S).callees(N)", KP_CALLEE, "the same, and those called by them"},
    {"kernel.statement(S)", KP_STATEMENT, "an instruction of the kernel: \"function+offset\""},
    {"kernel.statement(S).nearest", KP_NEAREST, "the line of source nearest to one"},
    {"kernel.statement(N)", KP_ABSOLUTE, "an instruction of the kernel by its address"},
    {"kernel.statement(N).absolute", KP_ABSOLUTE, "the same"},
    {"kernel.statement(N).nearest", KP_NEAREST_ADDRESS, "the line of source nearest to an address"},
    {"kprobe.function(S)", KP_ENTRY, "the start of a kernel function"},
    {"kprobe.function(S).call", KP_ENTRY, "the same"},
    {"kprobe.function(S).return", KP_RETURN, "when a kernel function returns"},
    {"kprobe.function(S).return.maxactive(N)", KP_RETURN, "the same"},
    {"kprobe.statement(N).absolute", KP_ABSOLUTE, "an instruction of the kernel by its address"},
    {"module(S).function(S)", KP_ENTRY, "the start of a function of a kernel module"},
    {"module(S).function(S).call", KP_ENTRY, "the same"},
    {"module(S).function(S).exported", KP_EXPORTED, "the same, of those other modules may call"},
    {"module(S).function(S).return", KP_RETURN, "when it returns"},
    {"module(S).function(S).return.maxactive(N)", KP_RETURN, "the same"},
    {"module(S).function(S).inline", KP_INLINE, "where a function of a module was inlined"},
    {"module(S).function(S).label(S)", KP_LABEL, "a label in a function of a module"},
    {"module(S).function(S).callee(S)", KP_CALLEE, "a function called by one of a module"},
    {"module(S).function(S).callee(S).call", KP_CALLEE, "the same"},
    {"module(S).function(S).callee(S).return", KP_CALLEE_RETURN, "when that returns"},
    {"module(S).function(S).callees", KP_CALLEE, "all functions called by one of a module"},
    {"module(S).function(S).callees(N)", KP_CALLEE, "the same, and those called by them"},
    {"module(S).function(N)", KP_ABSOLUTE, "the start of the function of a module at an address"},
    {"module(S).function(N).call", KP_ABSOLUTE, "the same"},
    {"module(S).function(N).exported", KP_EXPORTED, "the same, if other modules may call it"},
    {"module(S).function(N).return", KP_RETURN, "when it returns"},
    {"module(S).function(N).return.maxactive(N)", KP_RETURN, "the same"},
    {"module(S).statement(S)", KP_STATEMENT, "an instruction of a module: \"function+offset\""},
    {"module(S).statement(S).nearest", KP_NEAREST, "the line of source nearest to one"},
    {"module(S).statement(N)", KP_ABSOLUTE, "an instruction of a module by its address"},
    {"module(S).statement(N).nearest", KP_NEAREST_ADDRESS, "the line of source nearest to one"},
    {"module(S).statement(N).absolute", KP_ABSOLUTE, "the same"},
    {"kprobe.module(S).function(S)", KP_ENTRY, "the start of a function of a kernel module"},
    {"kprobe.module(S).function(S).call", KP_ENTRY, "the same"},
    {"kprobe.module(S).function(S).return", KP_RETURN, "when it returns"},
    {"kprobe.module(S).function(S).return.maxactive(N)", KP_RETURN, "the same"},
    {0},
};

/* The function of the kernel that a point names. */
static const char *named(const struct probe_point *pp)
{
    vec_for (i, pp->comps) {
        const struct probe_component *c = &pp->comps.v[i];
        bool is_name = strcmp(c->name, "function") == 0 || strcmp(c->name, "statement") == 0;
        if (strcmp(c->name, "module") == 0)
            break;
        if (is_name && c->arg && c->arg->kind == EX_STRING)
            return c->arg->str;
    }
    return "";
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    size_t before = out->n;
    const char *why = kprobe_find(s, pat, pp, out, hint), *name = named(pp);
    bool none = !pmu_exists("kprobe") && s->last_pass >= 5, place = strchr(name, '@');
    if (!why && !none)
        return NULL;
    /* The name may be that of other kernels. */
    name = why ? arena_strndup(s->arena, name, strcspn(name, "@+")) : out->v[before]->attach.name;
    const char *instead = kprobe_instead(s, name);
    bool ret = instead && pat->id == KP_RETURN && strncmp(instead, "syscall", 7) == 0;
    none &= !why || place || pat->id >= KP_DWARF;
    if (none)
        *hint = "tracepoints (kernel.trace) and system calls (syscall.*) can be probed on this "
                "kernel; stap -l 'kernel.trace(\"*\")' lists them";
    if (instead && (none || !*hint))
        *hint =
            arena_printf(s->arena, "%s%s tells of the same event", instead, ret ? ".return" : "");
    if (none)
        return "this kernel was built without CONFIG_KPROBES: its functions cannot be probed";
    return why;
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

enum { PARAMS_MAX = 24 };

static uint32_t nparams(const struct kernel_function *f)
{
    uint32_t n = f->proto ? BTF_INFO_VLEN(f->proto->info) : 0;
    return n > PARAMS_MAX ? PARAMS_MAX : n;
}

static const struct btf_param *param(const struct kernel_function *f, uint32_t i)
{
    return (const struct btf_param *)(f->proto + 1) + i;
}

struct kprobe_place kprobe_place(struct kernel_btf *b, const struct btf_type *proto, uint32_t i)
{
    const struct btf_param *params = (const void *)(proto + 1);
    struct kprobe_place at = {0};
    uint32_t registers = 0, stack = 0;
    for (uint32_t k = 0; k <= i; k++) {
        uint32_t size = kbtf_size(b, params[k].type);
        at.words = size > 8 ? (size + 7) / 8 : 1;
        at.in_register = at.words <= 2 && registers + at.words <= 6;
        at.word = at.in_register ? registers : stack;
        registers += at.in_register ? at.words : 0;
        stack += at.in_register ? 0 : at.words;
    }
    return at;
}

/* In an image for another machine, where it may be passed elsewhere, and be of another size. */
static struct kernel_value live_parameter(struct session *s, struct kernel_btf *b,
                                          const struct kernel_function *f, uint32_t i,
                                          struct kprobe_place at, const struct token *tok)
{
    const struct btf_param *p = param(f, i);
    const char *name = kbtf_name(b, p->name_off);
    struct kernel_value v = {.type = p->type};
    v.from =
        klive_parameter(s, f->module, 'p', f->name, *name ? name : arena_printf(s->arena, "%u", i));
    if (at.in_register && at.words != 1)
        return v;
    uint32_t fact = klive_place(s, &v.from, !at.in_register);
    if (at.in_register) {
        v.e = reg(s, tok, arch_call_arg[at.word]);
        v.e->fact = fact;
        v.e = klive_narrow(s, b, v.e, p->type, &v.from);
        return v;
    }
    struct kernel_value stack = {.type = p->type, .pointer = true, .from = v.from};
    stack.e = expr_binary(s->arena, tok, OP_ADD, reg(s, tok, arch_reg_sp),
                          fact_number(s, tok, fact, PART_OFFSET, 8 * (at.word + 1)));
    stack.e->type = TY_LONG;
    return klive_element(s, b, tok, &stack, p->type, NULL);
}

static struct kernel_value parameter(struct session *s, struct kernel_btf *b,
                                     const struct kernel_function *f, uint32_t i,
                                     const struct token *tok)
{
    uint32_t type = param(f, i)->type;
    struct kprobe_place at = kprobe_place(b, f->proto, i);
    if (klive(s, b))
        return live_parameter(s, b, f, i, at, tok);
    if (at.in_register && at.words == 1)
        return (struct kernel_value){
            .e = kdata_narrow(s, b, reg(s, tok, arch_call_arg[at.word]), type), .type = type};
    if (at.in_register) /* a structure in two: it has no address */
        return (struct kernel_value){.e = NULL, .type = type};
    /* The stack begins with the return address. */
    struct expr *e = expr_binary(s->arena, tok, OP_ADD, reg(s, tok, arch_reg_sp),
                                 expr_number(s->arena, tok, 8 * (at.word + 1)));
    e->type = TY_LONG;
    return kdata_at(s, b, tok, e, type, false);
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
    if (type && klive(s, b)) {
        struct kernel_value v = {.type = type,
                                 .from = klive_parameter(s, f->module, 'r', f->name, NULL)};
        v.e = klive_narrow(s, b, e, type, &v.from);
        return v;
    }
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
            struct kernel_value v = parameter(s, b, f, i, e->tok);
            if (v.e)
                kdata_format(s, b, v, dollars, &format, &args);
            else
                format = arena_printf(s->arena, "%s?", format);
        }
    }
    return kdata_sprintf(s, e->tok, format, &args);
}

struct expr *kprobe_target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why)
{
    const struct kernel_function *f = p->attach.priv;
    const struct target *t = e->target;
    if (e->kind == EX_CAST)
        return kdata_cast(s, e, lvalue, why);
    struct kernel_btf *b = f->btf;
    *why = NULL;
    if (t->at_name)
        return kdata_global(s, e, f->module, lvalue, why);
    if (!t->name)
        return NULL;
    if (lvalue) {
        *why = "write to memory of the kernel is not possible";
        return NULL;
    }
    if (strcmp(t->name, "$$name") == 0)
        return expr_string(s->arena, e->tok, f->name);
    if (target_is_group(t))
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
    const char *names[PARAMS_MAX];
    for (uint32_t i = 0; i < nparams(f); i++) {
        const char *name = kbtf_name(b, param(f, i)->name_off);
        names[i] = arena_printf(s->arena, "$%s", name);
        if (strcmp(name, t->name + 1) != 0)
            continue;
        if (f->is_return)
            return NULL; /* as it was at the entry */
        struct kernel_value v = parameter(s, b, f, i, e->tok);
        if (!v.e) {
            *why = arena_printf(s->arena,
                                "'%s' is a structure that is passed in two registers: its "
                                "members cannot be reached",
                                t->name);
            return NULL;
        }
        return kdata_steps(s, b, v, t, e->tok, why);
    }
    const char *near = similar_names(s->arena, t->name, names, nparams(f), 6);
    *why = arena_printf(s->arena, "unable to find '%s' in %s%s%s%s", t->name, f->name,
                        *near ? " (alternatives: " : "", near, *near ? ")" : "");
    return NULL;
}

static bool entry(struct session *s, const struct probe *p, const struct token *tok, bool start,
                  struct entry_point *out)
{
    struct kernel_function *here = p->attach.priv;
    (void)start;
    struct kernel_function *f = arena_new_obj(s->arena, struct kernel_function);
    *f = *here;
    f->is_return = false;
    f->pair = (struct probe *)p;
    /* The return address is gone when the function has returned. */
    out->frame =
        expr_binary(s->arena, tok, OP_ADD, reg(s, tok, arch_reg_sp), expr_number(s->arena, tok, 8));
    out->frame->type = TY_LONG;
    out->frame_here = reg(s, tok, arch_reg_sp);
    out->probe = new_probe(s, ATTACH_KPROBE, PROG_KPROBE);
    out->probe->attach.priv = f;
    here->pair = out->probe;
    out->probe->attach.name = f->name;
    out->probe->pp = arena_printf(s->arena, "kernel.function(\"%s\").call", f->name);
    return true;
}

const char *kprobe_variables(struct session *s, const struct probe *p)
{
    const struct kernel_function *f = p->attach.priv;
    struct kernel_btf *b = f->btf;
    const char *vars = "";
    if (f->is_return && f->proto && returns(b, f))
        vars = arena_printf(s->arena, "$return:%s", kdata_c_type(s, b, f->proto->type));
    for (uint32_t k = 0; k < nparams(f); k++)
        vars = arena_printf(s->arena, "%s%s$%s:%s", vars, *vars ? " " : "",
                            kbtf_name(b, param(f, k)->name_off),
                            kdata_c_type(s, b, param(f, k)->type));
    return vars;
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    probe_vec found = {0};
    const char *hint;
    if (kprobe_find(s, pat, pp, &found, &hint))
        return;
    vec_for (i, found) {
        if (found.v[i]->provider == &kernel_place_provider) {
            const char *there = process_variables(s, found.v[i]->attach.priv);
            fn(found.v[i]->pp, *there ? there + 1 : "", arg);
            continue;
        }
        fn(found.v[i]->pp, kprobe_variables(s, found.v[i]), arg);
    }
}

static void place(const struct probe *p, struct attach_place *out)
{
    const struct kernel_function *f = p->attach.priv;
    out->name = f->name;
    out->module = f->module;
    out->addr = f->addr;
    out->offset = f->offset;
    out->is_return = f->is_return;
    out->one_of_many = f->one_of_many || f->optional;
}

const struct probe_provider kprobe_provider = {
    .name = "kprobe",
    .patterns = patterns,
    .resolve = resolve,
    .target = kprobe_target,
    .entry = entry,
    .settle = kprobe_settle,
    .place = place,
    .shares_programs = true,
    .list = list,
};
