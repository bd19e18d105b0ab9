/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of user programs → typed accesses. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "probes/process.h"

static struct expr *number(struct session *s, const struct token *tok, int64_t n)
{
    return expr_number(s->arena, tok, n);
}

static struct expr *binary(struct session *s, const struct token *tok, enum op op, struct expr *l,
                           struct expr *r)
{
    struct expr *e = expr_binary(s->arena, tok, op, l, r);
    e->type = TY_LONG;
    return e;
}

struct expr *process_register(struct session *s, const struct token *tok, int32_t offset)
{
    struct expr *e = expr_new(s->arena, EX_CTX, tok);
    e->type = TY_LONG;
    e->num = offset;
    e->deref = (struct deref){.size = 8, .is_signed = true};
    return e;
}

/* What a value was at the first instruction of the function. */
static struct expr *saved(struct session *s, const struct token *tok, struct expr *value)
{
    struct expr *e = expr_new(s->arena, EX_ENTRY, tok);
    e->type = TY_LONG;
    e->num = 1;
    e->a = value;
    return e;
}

static struct expr *at_entry(struct session *s, const struct token *tok, int32_t offset)
{
    return saved(s, tok, process_register(s, tok, offset));
}

/* The address that the point stands for, as it is in the process. */
static struct expr *here(struct session *s, const struct user_point *u, const struct token *tok)
{
    uint32_t shift =
        u->is_return ? process_shift(u->module, dw_outer_entry(u->module, &u->function)) : u->shift;
    /* A return is not at an address of the function: its entry was. */
    struct expr *ip =
        u->is_return ? at_entry(s, tok, arch_reg_ip) : process_register(s, tok, arch_reg_ip);
    return shift ? binary(s, tok, OP_SUB, ip, number(s, tok, shift)) : ip;
}

struct expr *process_address(struct session *s, const struct user_point *u, const struct token *tok,
                             uint64_t addr)
{
    if (dw_is_fixed(u->module))
        return number(s, tok, (int64_t)addr);
    uint64_t pc = u->is_return ? u->function.entry : u->pc;
    return binary(s, tok, OP_ADD, here(s, u, tok), number(s, tok, (int64_t)(addr - pc)));
}

static struct expr *unary(struct session *s, const struct token *tok, enum op op, struct expr *a)
{
    struct expr *e = expr_new(s->arena, EX_UNARY, tok);
    e->op = op;
    e->a = a;
    e->type = TY_LONG;
    return e;
}

static struct expr *deref(struct session *s, const struct token *tok, struct expr *a, int64_t size)
{
    struct expr *e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = a;
    e->deref = (struct deref){.size = (uint8_t)size, .user = true};
    return e;
}

/* Runs the program of a place on a stack of expressions. */
static struct expr *compute(struct session *s, const struct user_point *u, const struct token *tok,
                            const dw_op_vec *ops, const char **why)
{
    enum { DEPTH = 32 };
    static const enum op of[] = {
        [DW_ADD] = OP_ADD,    [DW_SUB] = OP_SUB,  [DW_MUL] = OP_MUL,
        [DW_AND] = OP_BITAND, [DW_OR] = OP_BITOR, [DW_XOR] = OP_BITXOR,
        [DW_SHL] = OP_SHL,    [DW_SHR] = OP_SHRU, [DW_SHRA] = OP_SHR,
    };
    struct expr *stack[DEPTH];
    int n = 0;
    vec_for (i, *ops) {
        const struct dw_op *op = &ops->v[i];
        int takes = op->kind >= DW_ADD && op->kind <= DW_SHRA ? 2 : op->kind >= DW_NEG ? 1 : 0;
        *why = "its location is not understood";
        if (n < takes || n >= DEPTH)
            return NULL;
        struct expr *e;
        switch (op->kind) {
        case DW_CONST:
            e = number(s, tok, op->num);
            break;
        case DW_REG:
            if (op->num < 0 || op->num >= ARCH_DWARF_REGS) {
                *why = "it is in a register that probes cannot see";
                return NULL;
            }
            e = process_register(s, tok, arch_dwarf_reg[op->num]);
            break;
        case DW_ENTRY_REG:
            if (op->num < 0 || op->num >= ARCH_DWARF_REGS) {
                *why = "it was in a register that probes cannot see";
                return NULL;
            }
            e = at_entry(s, tok, arch_dwarf_reg[op->num]);
            break;
        case DW_ADDR:
            e = process_address(s, u, tok, (uint64_t)op->num);
            break;
        case DW_NEG:
            e = unary(s, tok, OP_NEG, stack[n - 1]);
            break;
        case DW_NOT:
            e = unary(s, tok, OP_BITNOT, stack[n - 1]);
            break;
        case DW_DEREF:
            e = deref(s, tok, stack[n - 1], op->num);
            break;
        default:
            e = op->kind == DW_ADD && stack[n - 1]->kind == EX_NUMBER && !stack[n - 1]->num
                    ? stack[n - 2]
                    : binary(s, tok, of[op->kind], stack[n - 2], stack[n - 1]);
        }
        n -= takes;
        stack[n++] = e;
    }
    *why = NULL;
    return n ? stack[n - 1] : NULL;
}

static bool value_of(struct session *s, const struct user_point *u, const struct token *tok,
                     const struct dw_place *place, struct kernel_value *out, const char **why)
{
    struct kernel_btf *b = dw_types(u->module);
    struct expr *e = compute(s, u, tok, &place->ops, why);
    if (!e)
        return false;
    if (place->memory) {
        *out = kdata_at(s, b, tok, e, place->type, true);
        return true;
    }
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, place->type));
    uint32_t kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
    if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ARRAY) {
        *why = "it is a structure in registers, which has no address";
        return false;
    }
    *out = (struct kernel_value){
        .e = kdata_narrow(s, b, e, place->type), .type = place->type, .user = true};
    return true;
}

/* ---- modules ---- */

struct dw_module *process_module(struct session *s, const char *path, const char **why)
{
    if (!s->modules) {
        s->modules = arena_new_obj(s->arena, struct hash);
        hash_init(s->modules, s->arena);
    }
    struct dw_module *m = hash_get(s->modules, path);
    if (!m) {
        m = dw_open(s->arena, path, why);
        if (m)
            hash_put(s->modules, path, m);
    }
    return m;
}

struct expr *udata_cast(struct session *s, const struct expr *e, const char *path, bool lvalue,
                        const char **why)
{
    struct dw_module *m = process_module(s, path, why);
    if (!m)
        return NULL;
    *why = NULL;
    if (lvalue) {
        *why = "write to memory of a program needs another runtime";
        return NULL;
    }
    const char *text = e->target->type ? e->target->type + strspn(e->target->type, " ") : "";
    size_t n = strlen(text);
    while (n && (text[n - 1] == '*' || text[n - 1] == ' '))
        n--;
    uint32_t id = n ? dw_find_type(m, arena_strndup(s->arena, text, n)) : 0;
    if (!id) {
        *why = dw_has_dwarf(m)
                   ? arena_printf(s->arena, "unable to find type '%s' in %s", text, path)
                   : arena_printf(s->arena,
                                  "%s has no debug information: types are not known (build it "
                                  "with -g, or install its -dbgsym or -dbg package)",
                                  path);
        return NULL;
    }
    struct kernel_value v = {.e = e->a, .type = id, .pointer = true, .user = true};
    return kdata_steps(s, dw_types(m), v, e->target, e->tok, why);
}

/* ---- $$vars and its kin ---- */

struct collect {
    struct session *s;
    const struct user_point *u;
    const struct token *tok;
    bool parameters, locals;
    int dollars;
    const char *format;
    expr_vec args;
    struct strbuf list; /* -L */
    bool only_parameters;
    const char *names[64];
    size_t nnames;
};

static void collect_one(const char *name, bool parameter, const struct dw_place *place, void *arg)
{
    struct collect *c = arg;
    struct kernel_value v;
    const char *why;
    if (parameter ? !c->parameters : !c->locals)
        return;
    struct dw_place copy = *place;
    copy.ops.v = arena_alloc(c->s->arena, (place->ops.n + 1) * sizeof *copy.ops.v);
    memcpy(copy.ops.v, place->ops.v, place->ops.n * sizeof *copy.ops.v);
    if (!value_of(c->s, c->u, c->tok, &copy, &v, &why))
        return;
    c->format = arena_printf(c->s->arena, "%s%s%s=", c->format, *c->format ? " " : "", name);
    kdata_format(c->s, dw_types(c->u->module), v, c->dollars, &c->format, &c->args);
}

static void collect_name(const char *name, bool parameter, const struct dw_place *place, void *arg)
{
    struct collect *c = arg;
    if (c->only_parameters && !parameter)
        return;
    strbuf_printf(&c->list, " $%s:%s", name,
                  kdata_c_type(c->s, dw_types(c->u->module), place->type));
    if (c->nnames < sizeof c->names / sizeof *c->names)
        c->names[c->nnames++] = arena_printf(c->s->arena, "$%s", name);
}

static struct expr *returned(struct session *s, const struct user_point *u, const struct token *tok,
                             struct kernel_value *v, const char **why)
{
    struct kernel_btf *b = dw_types(u->module);
    uint32_t type = dw_return_type(u->module, &u->function);
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    struct expr *e = process_register(s, tok, arch_reg_return);
    if (u->function.priv && !t) {
        *why = arena_printf(s->arena, "function '%s' returns nothing", u->function.name);
        return NULL;
    }
    if (t &&
        (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(t->info) == BTF_KIND_UNION ||
         BTF_INFO_KIND(t->info) == BTF_KIND_FLOAT)) {
        *why = "the returned value is not in an integer register";
        return NULL;
    }
    *v = (struct kernel_value){
        .e = type ? kdata_narrow(s, b, e, type) : e, .type = type, .user = true};
    return v->e;
}

static struct expr *group(struct session *s, const struct user_point *u, const struct expr *e)
{
    const struct target *t = e->target;
    struct collect c = {.s = s, .u = u, .tok = e->tok, .format = ""};
    bool vars = strcmp(t->name, "$$vars") == 0;
    if (t->steps.n && vec_last(t->steps).kind == STEP_PRETTY)
        c.dollars = (int)strlen(vec_last(t->steps).name);
    if (strcmp(t->name, "$$return") == 0) {
        struct kernel_value v;
        const char *why;
        if (u->is_return && returned(s, u, e->tok, &v, &why)) {
            c.format = "return=";
            kdata_format(s, dw_types(u->module), v, c.dollars, &c.format, &c.args);
        }
    } else if (u->mark) {
        for (unsigned i = 1; i <= mark_arguments(u->mark); i++) {
            const char *why;
            struct expr *a = mark_argument(s, u, e->tok, i, &why);
            if (!a)
                continue;
            c.format = arena_printf(s->arena, "%s%s$arg%u=%%#x", c.format, *c.format ? " " : "", i);
            vec_push(s->arena, &c.args, a);
        }
    } else if (u->is_return) {
        return NULL; /* as they were at the entry */
    } else {
        c.parameters = vars || strcmp(t->name, "$$parms") == 0;
        c.locals = vars || strcmp(t->name, "$$locals") == 0;
        dw_each_variable(u->module, &u->function, u->pc, collect_one, &c);
    }
    return kdata_sprintf(s, e->tok, c.format, &c.args);
}

const char *process_variables(struct session *s, const struct user_point *u)
{
    struct collect c = {.s = s, .u = u};
    for (unsigned i = 1; u->mark && i <= mark_arguments(u->mark); i++)
        strbuf_printf(&c.list, " $arg%u:long", i);
    if (u->is_return) {
        uint32_t type = dw_return_type(u->module, &u->function);
        if (type)
            strbuf_printf(&c.list, " $return:%s", kdata_c_type(s, dw_types(u->module), type));
        c.only_parameters = true; /* as they were at the entry */
    }
    if (!u->mark)
        dw_each_variable(u->module, &u->function, u->is_return ? u->function.body : u->pc,
                         collect_name, &c);
    const char *text = arena_strndup(s->arena, c.list.n ? c.list.p : "", c.list.n);
    strbuf_free(&c.list);
    return text;
}

/* ---- all of them ---- */

static struct expr *global(struct session *s, const struct user_point *u, const struct expr *e,
                           const char **why)
{
    const struct target *t = e->target;
    struct user_point at = *u;
    const char *sign = strchr(t->at_name, '@');
    const char *name = arena_strndup(s->arena, t->at_name,
                                     sign ? (size_t)(sign - t->at_name) : strlen(t->at_name));
    if (t->module && *t->module) {
        at.module = process_module(s, t->module, why);
        if (!at.module)
            return NULL;
        if (at.module != u->module && !dw_is_fixed(at.module)) {
            *why = arena_printf(s->arena,
                                "where %s is loaded is not known in a probe of another program",
                                t->module);
            return NULL;
        }
    }
    struct dw_place place = {0};
    struct kernel_value v;
    if (!dw_global(at.module, name, sign ? sign + 1 : NULL, &place, why)) {
        *why = *why ? arena_printf(s->arena, "variable '%s' cannot be read: %s", name, *why)
                    : arena_printf(s->arena, "unable to find global '%s' in %s", t->at_name,
                                   dw_path(at.module));
        return NULL;
    }
    if (!value_of(s, &at, e->tok, &place, &v, why))
        return NULL;
    return kdata_steps(s, dw_types(at.module), v, t, e->tok, why);
}

static const char *not_found(struct session *s, const struct user_point *u, const char *name,
                             const char *reason)
{
    if (!dw_has_dwarf(u->module) || (!u->mark && !u->function.priv))
        return arena_printf(s->arena,
                            "unable to find '%s': %s has no debug information%s (build it with -g, "
                            "or install its -dbgsym or -dbg package)",
                            name, u->path, dw_has_dwarf(u->module) ? " for this function" : "");
    if (reason)
        return arena_printf(s->arena, "variable '%s' cannot be read here: %s", name, reason);
    struct collect c = {.s = s, .u = u};
    dw_each_variable(u->module, &u->function, u->is_return ? u->function.body : u->pc, collect_name,
                     &c);
    strbuf_free(&c.list);
    const char *near = similar_names(s->arena, name, c.names, c.nnames, 8);
    return arena_printf(s->arena, "unable to find local '%s' in %s%s%s%s", name,
                        u->function.name ? u->function.name : "this mark",
                        *near ? " (alternatives: " : "", near, *near ? ")" : "");
}

struct expr *process_target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                            const char **why)
{
    const struct user_point *u = p->attach.priv;
    const struct target *t = e->target;
    if (e->kind == EX_CAST) {
        if (t->module && *t->module)
            return kdata_cast(s, e, lvalue, why);
        struct expr *r = udata_cast(s, e, u->path, lvalue, why);
        return r ? r : kdata_cast(s, e, lvalue, why);
    }
    if (lvalue) {
        *why = "write to memory of a program needs another runtime";
        return NULL;
    }
    if (t->at_name)
        return global(s, u, e, why);
    if (!t->name)
        return NULL;
    if (strcmp(t->name, "$$name") == 0)
        return expr_string(s->arena, e->tok, u->mark ? u->mark->name : u->function.name);
    if (strcmp(t->name, "$$provider") == 0 && u->mark)
        return expr_string(s->arena, e->tok, u->mark->provider);
    if (strncmp(t->name, "$$", 2) == 0)
        return group(s, u, e);
    struct kernel_value v = {.user = true};
    if (u->mark) {
        if (strncmp(t->name, "$arg", 4) != 0) {
            *why = not_found(s, u, t->name, NULL);
            return NULL;
        }
        return mark_argument(s, u, e->tok, (unsigned)atoi(t->name + 4), why);
    }
    if (u->is_return) {
        if (strcmp(t->name, "$return") != 0)
            return NULL; /* as it was at the entry */
        return returned(s, u, e->tok, &v, why)
                   ? kdata_steps(s, dw_types(u->module), v, t, e->tok, why)
                   : NULL;
    }
    struct dw_place place = {0};
    if (!dw_variable(u->module, &u->function, u->pc, t->name + 1, &place, why) ||
        !value_of(s, u, e->tok, &place, &v, why)) {
        *why = not_found(s, u, t->name, *why);
        return NULL;
    }
    return kdata_steps(s, dw_types(u->module), v, t, e->tok, why);
}

static struct expr *frame_of(struct session *s, const struct user_point *u, const struct token *tok)
{
    dw_op_vec ops = {0};
    const char *why;
    if (u->is_return)
        return process_register(s, tok, arch_reg_sp);
    if (dw_frame(u->module, u->pc, &ops))
        return compute(s, u, tok, &ops, &why);
    /* Before the first instruction only the return address is on the stack. */
    return u->pc == u->function.entry
               ? binary(s, tok, OP_ADD, process_register(s, tok, arch_reg_sp), number(s, tok, 8))
               : NULL;
}

bool process_entry(struct session *s, const struct probe *p, const struct token *tok, bool start,
                   struct entry_point *out)
{
    const struct user_point *from = p->attach.priv;
    if (from->mark || !from->function.name)
        return false;
    struct user_point *u = arena_new_obj(s->arena, struct user_point);
    *u = *from;
    u->is_return = false;
    u->pc = start ? dw_outer_entry(u->module, &u->function) : u->function.body;
    u->shift = 0;
    if (!u->pc || !process_place(u))
        return false;
    out->frame = frame_of(s, u, tok);
    out->frame_here = frame_of(s, from, tok);
    if (!out->frame || !out->frame_here)
        return false;
    out->probe = new_probe(s, ATTACH_UPROBE, PROG_KPROBE);
    out->probe->attach.priv = u;
    out->probe->attach.shift = u->shift;
    out->probe->attach.name = u->function.name;
    out->probe->pp =
        arena_printf(s->arena, "process(\"%s\").function(\"%s\").call", u->path, u->function.name);
    return true;
}

struct expr *process_called_by(struct session *s, const struct user_point *u,
                               const struct token *tok, const struct dw_function *caller)
{
    struct expr *back, *ip, *frame;
    if (u->is_return) {
        back = saved(s, tok, deref(s, tok, process_register(s, tok, arch_reg_sp), 8));
    } else {
        frame = frame_of(s, u, tok);
        if (!frame)
            return NULL;
        back = deref(s, tok, binary(s, tok, OP_SUB, frame, number(s, tok, 8)), 8);
    }
    ip = here(s, u, tok);
    uint64_t pc = u->is_return ? u->function.entry : u->pc, start, end;
    struct expr *in = NULL;
    for (size_t i = 0; dw_covers(caller, i, &start, &end); i++) {
        struct expr *off =
            binary(s, tok, OP_SUB, expr_clone(s->arena, back), expr_clone(s->arena, ip));
        off = binary(s, tok, OP_ADD, off, number(s, tok, (int64_t)(pc - start)));
        struct expr *above = binary(s, tok, OP_GE, off, number(s, tok, 0));
        struct expr *below = binary(s, tok, OP_LE, expr_clone(s->arena, off),
                                    number(s, tok, (int64_t)(end - start)));
        struct expr *both = binary(s, tok, OP_ANDAND, above, below);
        in = in ? binary(s, tok, OP_OROR, in, both) : both;
    }
    return in;
}
