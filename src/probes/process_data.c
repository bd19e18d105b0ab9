/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of user programs → typed accesses. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "probes/arch_return.h"
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
    if (u->kernel)
        return number(
            s, tok,
            (int64_t)kernel_image_address(s, u->kernel, u->is_return ? u->function.entry : u->pc));
    /* A return is not at an address of the function: its entry was. */
    return u->is_return ? at_entry(s, tok, arch_reg_ip) : process_register(s, tok, arch_reg_ip);
}

struct expr *process_address(struct session *s, const struct user_point *u, const struct token *tok,
                             uint64_t addr)
{
    if (u->kernel)
        return kernel_address(s, tok, u->kernel, addr);
    if (dw_is_fixed(u->module))
        return number(s, tok, (int64_t)addr);
    if (u->base)
        return binary(s, tok, OP_ADD, expr_clone(s->arena, u->base), number(s, tok, (int64_t)addr));
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

static struct expr *deref(struct session *s, const struct user_point *u, const struct token *tok,
                          struct expr *a, int64_t size)
{
    struct expr *e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = a;
    e->deref = (struct deref){.size = (uint8_t)size, .user = !u->kernel};
    return e;
}

/* Where the thread that is probed has its storage. */
static struct expr *thread_pointer(struct session *s, const struct token *tok, const char **why)
{
    struct kernel_btf *b = session_btf(s, why);
    struct kernel_value task = {.e = expr_call(s->arena, tok, "task_current"), .pointer = true};
    struct target steps = {0};
    const char *const members[] = {"thread", arch_thread_pointer};
    for (size_t i = 0; i < 2; i++) {
        struct target_step st = {.kind = STEP_MEMBER, .tok = tok, .name = members[i]};
        vec_push(s->arena, &steps.steps, st);
    }
    task.type = b ? kbtf_find(b, "task_struct", BTF_KIND_STRUCT) : 0;
    if (task.type)
        task.from = klive_origin(s, b, task.type, NULL, "");
    return task.type ? kdata_steps(s, b, task, &steps, tok, why) : NULL;
}

enum { DEPTH = 32 };
struct stack {
    struct expr *v[DEPTH];
    int n;
};

struct machine {
    struct session *s;
    const struct user_point *u;
    const struct token *tok;
    const dw_op_vec *ops;
    const char **why;
    int branches;
};

static int takes_of(enum dw_op_kind kind)
{
    if (kind >= DW_ADD && kind <= DW_GE)
        return 2;
    switch (kind) {
    case DW_SWAP:
        return 2;
    case DW_ROT:
        return 3;
    case DW_NEG:
    case DW_NOT:
    case DW_DEREF:
    case DW_DROP:
    case DW_IF:
        return 1;
    default:
        return 0;
    }
}

static struct expr *dwarf_register(struct machine *m, int64_t num, bool entry)
{
    bool wide = dw_is_64(m->u->module);
    if (num < 0 || num >= (wide ? ARCH_DWARF_REGS : ARCH_DWARF_REGS32)) {
        *m->why = entry ? "it was in a register that probes cannot see"
                        : "it is in a register that probes cannot see";
        return NULL;
    }
    int32_t reg = wide ? arch_dwarf_reg[num] : arch_dwarf_reg32[num];
    return entry ? at_entry(m->s, m->tok, reg) : process_register(m->s, m->tok, reg);
}

/* What an operation makes of those on top of the stack, at top[0] and below. */
static struct expr *made_by(struct machine *m, const struct dw_op *op, struct expr **top)
{
    static const enum op of[] = {
        [DW_ADD] = OP_ADD,  [DW_SUB] = OP_SUB, [DW_MUL] = OP_MUL,    [DW_AND] = OP_BITAND,
        [DW_OR] = OP_BITOR, [DW_SHL] = OP_SHL, [DW_XOR] = OP_BITXOR, [DW_SHR] = OP_SHRU,
        [DW_SHRA] = OP_SHR, [DW_DIV] = OP_DIV, [DW_MOD] = OP_MOD,    [DW_EQ] = OP_EQ,
        [DW_NE] = OP_NE,    [DW_LT] = OP_LT,   [DW_LE] = OP_LE,      [DW_GT] = OP_GT,
        [DW_GE] = OP_GE,
    };
    struct session *s = m->s;
    switch (op->kind) {
    case DW_CONST:
        return number(s, m->tok, op->num);
    case DW_REG:
    case DW_ENTRY_REG:
        return dwarf_register(m, op->num, op->kind == DW_ENTRY_REG);
    case DW_ADDR:
        return process_address(s, m->u, m->tok, (uint64_t)op->num);
    case DW_THREAD:
        return thread_pointer(s, m->tok, m->why);
    case DW_NEG:
        return unary(s, m->tok, OP_NEG, top[0]);
    case DW_NOT:
        return unary(s, m->tok, OP_BITNOT, top[0]);
    case DW_DEREF:
        return deref(s, m->u, m->tok, top[0], op->num);
    default:
        if (op->kind == DW_ADD && top[0]->kind == EX_NUMBER && !top[0]->num)
            return top[-1];
        return binary(s, m->tok, of[op->kind], top[-1], top[0]);
    }
}

/* Runs the program of a place from operation i on, on a stack of expressions.  A branch makes
 * a choice of what its two ways come to. */
static struct expr *run(struct machine *m, size_t i, struct stack st)
{
    for (; i < m->ops->n; i++) {
        const struct dw_op *op = &m->ops->v[i];
        struct expr **top = st.v + st.n - 1, *e;
        *m->why = "its location is not understood";
        if (st.n < takes_of(op->kind) || st.n >= DEPTH ||
            (op->kind == DW_PICK && (op->num < 0 || op->num >= st.n)))
            return NULL;
        switch (op->kind) {
        case DW_DROP:
            st.n--;
            continue;
        case DW_SWAP:
            e = top[0];
            top[0] = top[-1];
            top[-1] = e;
            continue;
        case DW_ROT:
            e = top[0];
            top[0] = top[-1];
            top[-1] = top[-2];
            top[-2] = e;
            continue;
        case DW_PICK:
            st.v[st.n++] = expr_clone(m->s->arena, top[-op->num]);
            continue;
        case DW_JUMP:
            i = (size_t)op->num - 1;
            continue;
        case DW_IF: {
            if (++m->branches > 8)
                return NULL;
            st.n--;
            struct expr *then = run(m, (size_t)op->num, st), * or = then ? run(m, i + 1, st) : NULL;
            if (! or)
                return NULL;
            e = expr_new(m->s->arena, EX_TERNARY, m->tok);
            e->type = TY_LONG;
            e->a = expr_clone(m->s->arena, top[0]);
            e->b = expr_clone(m->s->arena, then);
            e->c = expr_clone(m->s->arena, or);
            return e;
        }
        default:
            e = made_by(m, op, top);
            if (!e)
                return NULL;
            st.n -= takes_of(op->kind);
            st.v[st.n++] = e;
        }
    }
    *m->why = NULL;
    return st.n ? st.v[st.n - 1] : NULL;
}

static struct expr *compute(struct session *s, const struct user_point *u, const struct token *tok,
                            const dw_op_vec *ops, const char **why)
{
    struct machine m = {.s = s, .u = u, .tok = tok, .ops = ops, .why = why};
    return run(&m, 0, (struct stack){0});
}

static bool is_aggregate(struct kernel_btf *b, uint32_t type)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    uint32_t kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
    return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ARRAY;
}

/* What is known of the parts of a place. */
static const value_part_vec *parts_of(struct session *s, const struct user_point *u,
                                      const struct token *tok, const struct dw_place *place,
                                      const char **why)
{
    value_part_vec *parts = arena_new_obj(s->arena, value_part_vec);
    vec_for (i, place->pieces) {
        const struct dw_piece *p = &place->pieces.v[i];
        struct value_part part = {
            .bit = p->offset * 8, .bits = p->size * 8, .memory = p->kind == DW_MEMORY};
        if (p->kind != DW_LOST)
            part.e = compute(s, u, tok, &p->ops, why);
        vec_push(s->arena, parts, part);
    }
    if (!place->pieces.n) {
        uint32_t size = kbtf_size(dw_types(u->module), place->type);
        struct value_part whole = {.bits = size * 8, .memory = place->memory};
        if (size > 1 << 20 || (!place->memory && size > 8))
            return NULL;
        whole.e = compute(s, u, tok, &place->ops, why);
        if (!whole.e)
            return NULL;
        vec_push(s->arena, parts, whole);
    }
    return parts;
}

bool process_value(struct session *s, const struct user_point *u, const struct token *tok,
                   const struct dw_place *place, struct kernel_value *out, const char **why)
{
    struct kernel_btf *b = dw_types(u->module);
    *out = (struct kernel_value){.type = place->type, .user = !u->kernel};
    if (place->target) {
        out->parts = place->target->target ? NULL : parts_of(s, u, tok, place->target, why);
        *why = out->parts ? NULL : "what it points to was optimised away";
        out->at = (uint32_t)place->target_offset * 8;
        out->e = number(s, tok, 0);
        return out->parts != NULL;
    }
    if (place->pieces.n || (!place->memory && is_aggregate(b, place->type))) {
        out->parts = parts_of(s, u, tok, place, why);
        if (!out->parts)
            return false;
        out->e = number(s, tok, 0);
        if (is_aggregate(b, place->type))
            return true;
        uint32_t bits = kbtf_size(b, place->type) * 8;
        out->e = bits && bits <= 64 ? kdata_bits(s, tok, out->parts, 0, bits) : NULL;
        out->parts = NULL;
        if (!out->e) {
            *why = "a part of it was optimised away here";
            return false;
        }
        out->e = kdata_narrow(s, b, out->e, place->type);
        *why = NULL;
        return true;
    }
    struct expr *e = compute(s, u, tok, &place->ops, why);
    if (!e)
        return false;
    if (place->memory)
        *out = kdata_at(s, b, tok, e, place->type, !u->kernel);
    else
        out->e = kdata_narrow(s, b, e, place->type);
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
        m = *path == '<' ? header_module(s, path, why) : dw_open(s->arena, path, why);
        if (m)
            hash_put(s->modules, path, m);
    }
    return m;
}

bool udata_may_write(struct session *s, const char **why)
{
    if (!s->guru)
        *why = "write to target variable not permitted; need stap -g";
    return s->guru;
}

struct expr *udata_written(struct expr *e, bool lvalue, const char **why)
{
    if (!e || !lvalue || (e->kind == EX_DEREF && e->deref.user))
        return e;
    if (e->kind == EX_CALL) {
        *why = "cannot assign yet to 32-bit float";
        return NULL;
    }
    *why = "only a number in memory can be written, not what is in a register, a part of a word "
           "(bit field) or text";
    return NULL;
}

struct expr *udata_cast(struct session *s, const struct expr *e, const char *path, bool lvalue,
                        const char **why)
{
    struct dw_module *m = process_module(s, path, why);
    if (!m)
        return NULL;
    *why = NULL;
    if (lvalue && !udata_may_write(s, why))
        return NULL;
    const char *text = e->target->type ? e->target->type + strspn(e->target->type, " ") : "";
    size_t n = strlen(text);
    bool star = false;
    for (; n && (text[n - 1] == '*' || text[n - 1] == ' '); n--)
        star |= text[n - 1] == '*';
    uint32_t id = n ? dw_find_type(m, arena_strndup(s->arena, text, n)) : 0;
    if (!id) {
        *why = dw_has_dwarf(m)
                   ? arena_printf(s->arena, "unable to find type '%s' in %s", text, path)
                   : arena_printf(s->arena, "%s has no debug information: types are not known (%s)",
                                  path, dw_advice(m));
        return NULL;
    }
    process_need_same(s, path);
    struct kernel_value v = {.e = e->a, .type = id, .pointer = true, .user = true};
    if (star && !e->target->steps.n) /* the pointer itself */
        return kdata_typed(s, dw_types(m), e->a, &v);
    return udata_written(kdata_steps(s, dw_types(m), v, e->target, e->tok, why), lvalue, why);
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

static void collect_one(const char *name, bool parameter, const struct dw_place *place, bool known,
                        void *arg)
{
    struct collect *c = arg;
    struct kernel_value v;
    const char *why;
    if (parameter ? !c->parameters : !c->locals)
        return;
    c->format = arena_printf(c->s->arena, "%s%s%s=", c->format, *c->format ? " " : "", name);
    struct dw_place copy = {0};
    if (known) {
        copy = *place;
        copy.ops.v = arena_alloc(c->s->arena, (place->ops.n + 1) * sizeof *copy.ops.v);
        memcpy(copy.ops.v, place->ops.v, place->ops.n * sizeof *copy.ops.v);
    }
    if (!known || !process_value(c->s, c->u, c->tok, &copy, &v, &why)) {
        kdata_format_unknown(c->s, dw_types(c->u->module), place->type, c->dollars, &c->format);
        return;
    }
    kdata_format(c->s, dw_types(c->u->module), v, c->dollars, &c->format, &c->args);
}

static void collect_name(const char *name, bool parameter, const struct dw_place *place, bool known,
                         void *arg)
{
    struct collect *c = arg;
    if (!(known || place->told) || (c->only_parameters && !parameter))
        return;
    strbuf_printf(&c->list, " $%s:%s", name,
                  kdata_c_type(c->s, dw_types(c->u->module), place->type));
    if (c->nnames < sizeof c->names / sizeof *c->names)
        c->names[c->nnames++] = arena_printf(c->s->arena, "$%s", name);
}

static struct expr *returned(struct session *s, const struct user_point *u, const struct token *tok,
                             struct kernel_value *v, const char **why)
{
    struct dw_place place;
    uint32_t type;
    if (!u->function.priv) { /* of what type is not known */
        *v = (struct kernel_value){.e = process_register(s, tok, arch_reg_return),
                                   .user = !u->kernel};
        return v->e;
    }
    type = dw_return_type(u->module, &u->function);
    if (!type) {
        *why = arena_printf(s->arena, "function '%s' returns nothing", u->function.name);
        return NULL;
    }
    *why = "it is in a register that probes cannot see";
    if (!arch_returned(s->arena, dw_types(u->module), type, dw_returns_in_memory(&u->function),
                       &place) ||
        !process_value(s, u, tok, &place, v, why)) {
        *why = arena_printf(s->arena, "the returned value cannot be read: %s", *why);
        return NULL;
    }
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
            c.format = arena_printf(s->arena, "%s%s$arg%u=%s", c.format, *c.format ? " " : "", i,
                                    a ? "%#x" : "?");
            if (a)
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

static const char *not_found(struct session *s, const struct user_point *u, const char *name,
                             const char *reason)
{
    if (!dw_has_dwarf(u->module) || (!u->mark && !u->function.priv))
        return arena_printf(s->arena, "unable to find '%s': %s has no debug information%s (%s)",
                            name, u->path, dw_has_dwarf(u->module) ? " for this function" : "",
                            dw_advice(u->module));
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
    if (u->kernel && lvalue) {
        *why = "write to memory of the kernel is not possible";
        return NULL;
    }
    if (e->kind == EX_CAST) {
        if (u->kernel || (t->module && *t->module))
            return kdata_cast(s, e, lvalue, why);
        const char *here;
        struct expr *r = udata_cast(s, e, u->path, lvalue, &here);
        if (!r)
            r = kdata_cast(s, e, lvalue, why);
        if (!r && here)
            *why = here;
        return r;
    }
    if (lvalue && (t->address_of || !udata_may_write(s, why)))
        return NULL;
    if (t->at_name)
        return udata_written(process_global(s, u, e, why), lvalue, why);
    if (!t->name)
        return NULL;
    if (lvalue && (t->name[1] == '$' || u->is_return)) {
        *why = u->is_return ? "at a return nothing is written" : "this is no variable";
        return NULL;
    }
    if (strcmp(t->name, "$$name") == 0)
        return expr_string(s->arena, e->tok, u->mark ? u->mark->name : u->function.name);
    if (strcmp(t->name, "$$provider") == 0 && u->mark)
        return expr_string(s->arena, e->tok, u->mark->provider);
    if (target_is_group(t))
        return group(s, u, e);
    struct kernel_value v = {.user = !u->kernel};
    if (u->mark) {
        if (strncmp(t->name, "$arg", 4) != 0) {
            *why = not_found(s, u, t->name, NULL);
            return NULL;
        }
        return udata_written(mark_argument(s, u, e->tok, (unsigned)atoi(t->name + 4), why), lvalue,
                             why);
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
        !process_value(s, u, e->tok, &place, &v, why)) {
        *why = not_found(s, u, t->name, *why);
        return NULL;
    }
    return udata_written(kdata_steps(s, dw_types(u->module), v, t, e->tok, why), lvalue, why);
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
               ? binary(s, tok, OP_ADD, process_register(s, tok, arch_reg_sp),
                        number(s, tok, dw_is_64(u->module) ? 8 : 4))
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
    u->is_return = u->at_ret = false;
    u->pc = start ? dw_outer_entry(u->module, &u->function) : u->function.body;
    u->shift = 0;
    u->moved = NULL;
    if (!u->pc || !process_place(s, u))
        return false;
    out->frame = frame_of(s, u, tok);
    out->frame_here = frame_of(s, from, tok);
    if (!out->frame || !out->frame_here)
        return false;
    out->probe = new_probe(s, u->kernel ? ATTACH_KPROBE : ATTACH_UPROBE, PROG_KPROBE);
    out->probe->attach.priv = u;
    out->probe->attach.shift = u->shift;
    out->probe->attach.moved = u->moved;
    out->probe->attach.is_32 = !dw_is_64(u->module);
    out->probe->attach.name = u->function.name;
    out->probe->attach.module = p->attach.module;
    out->probe->pp = u->kernel
                         ? arena_printf(s->arena, "kernel.function(\"%s\").call", u->function.name)
                         : arena_printf(s->arena, "process(\"%s\").function(\"%s\").call", u->path,
                                        u->function.name);
    return true;
}

struct expr *process_called_by(struct session *s, const struct user_point *u,
                               const struct token *tok, const struct dw_function *caller)
{
    struct expr *back, *ip, *frame;
    int64_t word = dw_is_64(u->module) ? 8 : 4;
    if (u->is_return) {
        back = saved(s, tok, deref(s, u, tok, process_register(s, tok, arch_reg_sp), word));
    } else {
        frame = frame_of(s, u, tok);
        if (!frame)
            return NULL;
        back = deref(s, u, tok, binary(s, tok, OP_SUB, frame, number(s, tok, word)), word);
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
