/* SPDX-License-Identifier: GPL-2.0-or-later */
/* @var of the kernel: its variables by the table of symbols.  BTF has the types of those that
 * each CPU has its own of; the types of others are in the debug information, if that is
 * installed, and without it their first word is read as a number. */
#include <string.h>

#include "debuginfo/ksyms.h"
#include "probes/process.h"

static struct expr *plus(struct session *s, const struct token *tok, struct expr *a, struct expr *b)
{
    struct expr *e = expr_binary(s->arena, tok, OP_ADD, a, b);
    e->type = TY_LONG;
    return e;
}

static struct expr *load(struct session *s, const struct token *tok, struct expr *address,
                         uint32_t size)
{
    struct expr *e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = address;
    e->deref.size = (uint8_t)size;
    return e;
}

/* This CPU's own, of what is at `addr` in the pattern of all. */
static struct expr *of_this_cpu(struct session *s, const struct token *tok, uint64_t addr)
{
    uint64_t table = ksyms_address("__per_cpu_offset", NULL, NULL);
    struct expr *nr = expr_binary(s->arena, tok, OP_MUL, expr_call(s->arena, tok, "cpu"),
                                  expr_number(s->arena, tok, 8));
    nr->type = TY_LONG;
    struct expr *base =
        load(s, tok, plus(s, tok, expr_number(s->arena, tok, (int64_t)table), nr), 8);
    return plus(s, tok, base, expr_number(s->arena, tok, (int64_t)addr));
}

struct expr *kernel_address(struct session *s, const struct token *tok, struct kernel_image *k,
                            uint64_t addr)
{
    uint64_t at = kernel_image_address(s, k, addr);
    return kernel_image_percpu(k, addr) ? of_this_cpu(s, tok, at)
                                        : expr_number(s->arena, tok, (int64_t)at);
}

/* ---- the type ---- */

struct percpu {
    struct kernel_btf *b;
    uint32_t var;
    bool found;
};

static void look_section(const char *name, uint32_t id, void *arg)
{
    struct percpu *p = arg;
    const struct btf_type *t = kbtf_type(p->b, id);
    const struct btf_var_secinfo *v = (const void *)(t + 1);
    if (!strstr(name, "percpu"))
        return;
    for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++)
        p->found |= v[i].type == p->var;
}

static bool is_percpu(struct kernel_btf *b, uint32_t var)
{
    struct percpu p = {b, var, false};
    kbtf_each(b, "", BTF_KIND_DATASEC, look_section, &p);
    return p.found;
}

/* ---- variables that have no type ---- */

struct next {
    uint64_t addr, next;
    const char *module;
};

static bool look_next(const struct ksym *k, void *arg)
{
    struct next *n = arg;
    if (strcmp(k->module, n->module) == 0 && k->addr > n->addr && (!n->next || k->addr < n->next))
        n->next = k->addr;
    return false;
}

/* At most a word, and not into what follows. */
static uint32_t room(uint64_t addr, const char *module)
{
    struct next n = {.addr = addr, .module = module ? module : ""};
    ksyms_each(look_next, &n);
    uint64_t gap = n.next ? n.next - addr : 8;
    return gap >= 8 && addr % 8 == 0 ? 8 : gap >= 4 && addr % 4 == 0 ? 4 : gap >= 2 ? 2 : 1;
}

struct names {
    struct arena *a;
    const char *module;
    VEC(const char *) v;
};

static bool note_data(const struct ksym *k, void *arg)
{
    struct names *n = arg;
    if (strchr("bBdDrRaAvV", k->type) && strcmp(k->module, n->module) == 0 && k->name[0] != '.' &&
        strncmp(k->name, "__ksym", 6) != 0)
        vec_push(n->a, &n->v, arena_printf(n->a, "%s", k->name));
    return false;
}

static const char unlisted[] = "this kernel does not tell where its variables are: it was built "
                               "without CONFIG_KALLSYMS_ALL";

static const char *no_such(struct session *s, const char *name, const char *module)
{
    struct names n = {.a = s->arena, .module = module ? module : ""};
    ksyms_each(note_data, &n);
    /* Some lines of a linker script are there always. */
    if (!module && !ksyms_address("init_task", NULL, NULL))
        return unlisted;
    const char *near = similar_names(s->arena, name, n.v.v, n.v.n, 5);
    near = *near ? arena_printf(s->arena, " (alternatives: %s)", near) : "";
    if (module)
        return arena_printf(s->arena, "module '%s' has no variable '%s'%s", module, name, near);
    return arena_printf(s->arena, "the kernel has no variable '%s'%s", name, near);
}

static struct expr *untyped(struct session *s, const struct expr *e, const char *name,
                            uint64_t addr, const char *module, const char **why)
{
    const struct target *t = e->target;
    struct expr *at = expr_number(s->arena, e->tok, (int64_t)addr);
    if (t->steps.n) {
        *why = arena_printf(s->arena,
                            "the kernel's BTF does not tell the type of '%s': write @cast(&@var("
                            "\"%s\"), \"TYPE\", \"kernel\"), or install the kernel's debug "
                            "information",
                            name, t->at_name);
        return NULL;
    }
    return t->address_of ? at : load(s, e->tok, at, room(addr, module));
}

/* ---- @var ---- */

static struct expr *by_dwarf(struct session *s, const struct expr *e, const char *name,
                             const char *file, const char *module, const char **why)
{
    const char *hint;
    struct dw_place place = {0};
    struct kernel_image *k = kernel_image(s, module, why, &hint);
    *why = NULL;
    if (!k || !dw_global(k->m, NULL, name, file, &place, why) || !place.memory ||
        place.ops.n != 1 || place.ops.v[0].kind != DW_ADDR)
        return NULL;
    struct expr *at = kernel_address(s, e->tok, k, (uint64_t)place.ops.v[0].num);
    struct kernel_value v = kdata_at(s, dw_types(k->m), e->tok, at, place.type, false);
    return kdata_steps(s, dw_types(k->m), v, e->target, e->tok, why);
}

struct expr *kdata_global(struct session *s, const struct expr *e, const char *home, bool lvalue,
                          const char **why)
{
    const struct target *t = e->target;
    const char *module = t->module && *t->module && strcmp(t->module, "kernel") ? t->module : NULL;
    const char *sign = strchr(t->at_name, '@');
    const char *name = arena_strndup(s->arena, t->at_name,
                                     sign ? (size_t)(sign - t->at_name) : strlen(t->at_name));
    if (module && strchr(module, '/')) /* a program's */
        return NULL;
    if (s->portable) {
        *why = "a file of -p4 may be run on another kernel, where the kernel's variables are at "
               "other places";
        return NULL;
    }
    if (home && (!t->module || !*t->module) && ksyms_address(name, home, NULL))
        module = home;
    if (lvalue) {
        *why = "write to memory of the kernel is not possible";
        return NULL;
    }
    struct kernel_btf *b = module ? session_module_btf(s, module, why) : session_btf(s, why);
    uint32_t var = b ? kbtf_find(b, name, BTF_KIND_VAR) : 0;
    uint64_t addr = ksyms_address(name, module, NULL);
    bool percpu = var && is_percpu(b, var);
    *why = percpu && !ksyms_address("__per_cpu_offset", NULL, NULL) ? unlisted : NULL;
    if (*why)
        return NULL;
    if (var && (addr || percpu) && !(sign && sign[1])) {
        struct expr *at =
            percpu ? of_this_cpu(s, e->tok, addr) : expr_number(s->arena, e->tok, (int64_t)addr);
        struct kernel_value v = kdata_at(s, b, e->tok, at, kbtf_type(b, var)->type, false);
        return kdata_steps(s, b, v, t, e->tok, why);
    }
    struct expr *r = by_dwarf(s, e, name, sign && sign[1] ? sign + 1 : NULL, module, why);
    if (r || *why)
        return r;
    if (addr)
        return untyped(s, e, name, addr, module, why);
    *why = no_such(s, name, module);
    return NULL;
}
