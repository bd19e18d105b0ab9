/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions. */
#include <stddef.h>

#include "ir/build.h"
#include "probes/arch.h"

static struct ir_value long_value(ir_reg r)
{
    return (struct ir_value){.reg = r};
}

/* ---- variables ---- */

struct ir_value build_read_var(struct ir_builder *b, const struct variable *v)
{
    const struct var_loc *loc = v->codegen;
    if (loc->is_string)
        return (struct ir_value){.is_string = true, .mem = loc->mem, .bound = loc->bound};
    if (loc->reg) {
        ir_reg r = ir_new_reg(b);
        ir_mov(b, r, loc->reg);
        return long_value(r);
    }
    return long_value(ir_load(b, loc->mem, 8, true));
}

void build_assign_var(struct ir_builder *b, const struct variable *v, struct ir_value val)
{
    const struct var_loc *loc = v->codegen;
    if (loc->is_string)
        ir_str_copy(b, (struct ir_value){.is_string = true, .mem = loc->mem, .bound = loc->bound},
                    val);
    else if (loc->reg)
        ir_mov(b, loc->reg, val.reg);
    else
        ir_store(b, loc->mem, 8, val.reg);
}

/* ---- order of evaluation ---- */

static void find_effect(struct expr **ep, void *arg)
{
    if (build_impure(*ep))
        *(bool *)arg = true;
}

bool build_impure(const struct expr *e)
{
    switch (e->kind) {
    case EX_ASSIGN:
    case EX_PRE:
    case EX_POST:
        return true;
    case EX_CALL:
        vec_for (i, e->callees)
            if (!e->callees.v[i]->pure || !e->callees.v[i]->intrinsic)
                return true;
        break;
    default:
        break;
    }
    bool impure = false;
    expr_children((struct expr *)e, find_effect, &impure);
    return impure;
}

struct ir_value build_stable(struct ir_builder *b, const struct expr *e, struct expr *const *later,
                             size_t n)
{
    struct ir_value v = build_value(b, e);
    if (!v.is_string || v.mem.kind == IRM_RODATA)
        return v;
    /* A temporary is nobody else's. */
    if (e->kind != EX_SYMBOL && e->kind != EX_ASSIGN && e->kind != EX_TERNARY)
        return v;
    for (size_t i = 0; i < n; i++)
        if (later[i] && build_impure(later[i]))
            return build_copy_string(b, v);
    return v;
}

/* ---- arithmetic ---- */

static const struct {
    enum op op;
    enum ir_bin bin;
} arithmetic[] = {
    {OP_MUL, B_MUL},    {OP_DIV, B_SDIV},   {OP_MOD, B_SMOD}, {OP_ADD, B_ADD},
    {OP_SUB, B_SUB},    {OP_SHL, B_SHL},    {OP_SHR, B_SAR},  {OP_SHRU, B_SHR},
    {OP_BITAND, B_AND}, {OP_BITXOR, B_XOR}, {OP_BITOR, B_OR},
};

static bool find_bin(enum op op, enum ir_bin *bin)
{
    for (size_t i = 0; i < sizeof arithmetic / sizeof *arithmetic; i++)
        if (arithmetic[i].op == op) {
            *bin = arithmetic[i].bin;
            return true;
        }
    return false;
}

static bool compare_cc(enum op op, enum ir_cc *cc)
{
    switch (op) {
    case OP_LT:
        *cc = CC_SLT;
        return true;
    case OP_GT:
        *cc = CC_SGT;
        return true;
    case OP_LE:
        *cc = CC_SLE;
        return true;
    case OP_GE:
        *cc = CC_SGE;
        return true;
    case OP_EQ:
        *cc = CC_EQ;
        return true;
    case OP_NE:
        *cc = CC_NE;
        return true;
    default:
        return false;
    }
}

static bool small_number(const struct expr *e, int64_t *n)
{
    if (e->kind != EX_NUMBER || e->num != (int32_t)e->num)
        return false;
    *n = e->num;
    return true;
}

static void check_divisor(struct ir_builder *b, const struct token *tok, ir_reg divisor)
{
    uint32_t bad = ir_new_block(b, "division by 0"), good = ir_new_block(b, "divide");
    ir_bri(b, CC_EQ, divisor, 0, bad, good);
    ir_at(b, bad);
    build_raise_tok(b, tok, "division by 0");
    ir_at(b, good);
}

static ir_reg binary_regs(struct ir_builder *b, const struct token *tok, enum op op, ir_reg l,
                          ir_reg r)
{
    enum ir_bin bin;
    if (!find_bin(op, &bin))
        return l;
    if (op == OP_DIV || op == OP_MOD)
        check_divisor(b, tok, r);
    return ir_bin(b, bin, l, r);
}

static ir_reg build_arith(struct ir_builder *b, const struct expr *e)
{
    enum ir_bin bin;
    int64_t n;
    ir_reg l = build_long(b, e->a);
    if (e->b->kind == EX_LIVE_CONST && find_bin(e->op, &bin) && bin != B_SDIV && bin != B_SMOD)
        return ir_bin_fact(b, bin, l, e->b->fact, e->b->part, e->b->num);
    if (find_bin(e->op, &bin) && small_number(e->b, &n) &&
        !(n == 0 && (e->op == OP_DIV || e->op == OP_MOD)))
        return ir_bini(b, bin, l, n);
    return binary_regs(b, e->tok, e->op, l, build_long(b, e->b));
}

/* ---- truth ---- */

static ir_reg bool_of_branch(struct ir_builder *b, const struct expr *e)
{
    ir_reg r = ir_new_reg(b);
    uint32_t t = ir_new_block(b, "true"), f = ir_new_block(b, "false"), j = ir_new_block(b, "join");
    build_branch(b, e, t, f);
    ir_at(b, t);
    ir_mov(b, r, ir_const(b, 1));
    ir_jmp(b, j);
    ir_at(b, f);
    ir_mov(b, r, ir_const(b, 0));
    ir_jmp(b, j);
    ir_at(b, j);
    return r;
}

static ir_reg build_compare(struct ir_builder *b, const struct expr *e)
{
    enum ir_cc cc;
    compare_cc(e->op, &cc);
    if (e->a->type == TY_STRING || e->b->type == TY_STRING) {
        struct ir_value l = build_stable(b, e->a, &e->b, 1);
        return build_string_compare(b, e->op, l, build_string(b, e->b));
    }
    int64_t n;
    ir_reg l = build_long(b, e->a);
    if (small_number(e->b, &n))
        return ir_seti(b, cc, l, n);
    return ir_set(b, cc, l, build_long(b, e->b));
}

void build_branch(struct ir_builder *b, const struct expr *e, uint32_t t, uint32_t f)
{
    enum ir_cc cc;
    int64_t n;
    if (e->kind == EX_NUMBER) {
        ir_jmp(b, e->num ? t : f);
        return;
    }
    if (e->kind == EX_UNARY && e->op == OP_NOT) {
        build_branch(b, e->a, f, t);
        return;
    }
    if (e->kind == EX_BINARY && (e->op == OP_ANDAND || e->op == OP_OROR)) {
        uint32_t second = ir_new_block(b, e->op == OP_ANDAND ? "and" : "or");
        if (e->op == OP_ANDAND)
            build_branch(b, e->a, second, f);
        else
            build_branch(b, e->a, t, second);
        ir_at(b, second);
        build_branch(b, e->b, t, f);
        return;
    }
    if (e->kind == EX_BINARY && compare_cc(e->op, &cc) && e->a->type != TY_STRING &&
        e->b->type != TY_STRING) {
        ir_reg l = build_long(b, e->a);
        if (small_number(e->b, &n))
            ir_bri(b, cc, l, n, t, f);
        else
            ir_br(b, cc, l, build_long(b, e->b), t, f);
        return;
    }
    if (e->type == TY_STRING) {
        /* A string is true when it is not empty. */
        struct ir_value v = build_string(b, e);
        ir_bri(b, CC_NE, ir_load(b, v.mem, 1, false), 0, t, f);
        return;
    }
    ir_bri(b, CC_NE, build_long(b, e), 0, t, f);
}

static struct ir_value build_ternary(struct ir_builder *b, const struct expr *e)
{
    uint32_t t = ir_new_block(b, "then"), f = ir_new_block(b, "else"), j = ir_new_block(b, "join");
    struct ir_value out = {0};
    if (e->type == TY_STRING)
        out = build_temp_string(b, bounds_expr(b->session, e), "?:");
    else
        out.reg = ir_new_reg(b);
    build_branch(b, e->a, t, f);
    for (int i = 0; i < 2; i++) {
        ir_at(b, i ? f : t);
        struct ir_value v = build_value(b, i ? e->c : e->b);
        if (out.is_string)
            ir_str_copy(b, out, v);
        else
            ir_mov(b, out.reg, v.reg);
        ir_jmp(b, j);
    }
    ir_at(b, j);
    return out;
}

/* ---- assignment ---- */

static void find_use(struct expr **ep, void *arg)
{
    const void **w = arg;
    if ((*ep)->kind == EX_SYMBOL && (*ep)->var == w[0])
        w[1] = w[0];
    expr_children(*ep, find_use, arg);
}

static bool mentions(const struct expr *e, const struct variable *v)
{
    const void *w[2] = {v, NULL};
    struct expr *root = (struct expr *)e;
    find_use(&root, w);
    return w[1];
}

/* s .= x for a local string: x is copied behind what s holds. */
static bool append_in_place(struct ir_builder *b, const struct expr *e)
{
    const struct var_loc *loc = e->a->var->codegen;
    uint32_t max = (uint32_t)b->session->maxstringlen;
    if (loc->mem.kind != IRM_SLOT || mentions(e->b, e->a->var))
        return false;
    struct ir_value x = build_string(b, e->b);
    /* Room for the longest string and all of x; what is too much is cut below. */
    struct ir_slot *slot = &b->fn->slots.v[loc->mem.id];
    uint32_t room = round8(loc->bound + x.bound);
    if (slot->size < room)
        slot->size = room;
    /* Read over itself: the length is what counts. */
    ir_reg n = ir_call(b, HELPER_PROBE_READ_KERNEL_STR, 3,
                       IR_ARGS(IR_A_MEM(loc->mem), IR_A_IMM(loc->bound), IR_A_MEM(loc->mem)));
    struct ir_mem end = loc->mem;
    end.idx = ir_bini(b, B_SUB, n, 1);
    end.idx_max = loc->bound - 1;
    ir_call(b, HELPER_PROBE_READ_KERNEL_STR, 3,
            IR_ARGS(IR_A_MEM(end), IR_A_IMM(x.bound), IR_A_MEM(x.mem)));
    if (loc->bound == max) {
        struct ir_mem last = loc->mem;
        last.off += (int32_t)max - 1;
        ir_storei(b, last, 1, 0);
    }
    return true;
}

static struct ir_value assign_symbol(struct ir_builder *b, const struct expr *e, bool want)
{
    const struct variable *v = e->a->var;
    const struct var_loc *loc = v->codegen;
    enum op op = op_of_assign(e->op);
    struct ir_value val;
    if (v->to_reader && !v->read && !want) {
        build_to_reader(b, e->b, e->op == OP_CONCAT_EQ);
        return (struct ir_value){0};
    }
    if (e->op == OP_CONCAT_EQ && append_in_place(b, e))
        return build_read_var(b, v);
    if (e->op == OP_CONCAT_EQ) {
        struct expr cat = {.kind = EX_BINARY,
                           .op = OP_CONCAT,
                           .type = TY_STRING,
                           .tok = e->tok,
                           .a = e->a,
                           .b = e->b};
        val = build_concat(b, &cat);
    } else if (op == OP_NONE) {
        val = build_value(b, e->b);
    } else if (!loc->reg && !want && (op == OP_ADD || op == OP_SUB)) {
        /* A scalar global: one atomic instruction. */
        ir_reg r = build_long(b, e->b);
        if (op == OP_SUB) {
            ir_reg neg = ir_new_reg(b);
            ir_emit(b, (struct ir_insn){.op = IR_NEG, .dst = neg, .a = r});
            r = neg;
        }
        ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_ADD, .a = r, .size = 8, .mem = loc->mem});
        return (struct ir_value){0};
    } else {
        ir_reg old = build_read_var(b, v).reg;
        val = long_value(binary_regs(b, e->tok, op, old, build_long(b, e->b)));
    }
    build_assign_var(b, v, val);
    if (!want || !val.is_string)
        return val;
    return build_read_var(b, v);
}

static struct ir_value build_assign(struct ir_builder *b, const struct expr *e, bool want)
{
    if (e->op == OP_STATADD) {
        build_stat_add(b, e->a, e->b);
        return long_value(0);
    }
    if (e->a->kind == EX_INDEX)
        return build_index_assign(b, e->a, e->op, e->b, false, want);
    if (e->a->kind == EX_SYMBOL) {
        struct ir_value v = assign_symbol(b, e, want);
        /* A handler that looks at it has it as a variable, too. */
        if (e->a->var->to_reader && (e->a->var->read || want))
            build_to_reader(b, e->a, false);
        return v;
    }
    build_unsupported(b, e->a->tok, "assignment to this kind of target is not possible with eBPF");
    return long_value(ir_const(b, 0));
}

static struct ir_value build_incdec(struct ir_builder *b, const struct expr *e, bool want)
{
    bool post = e->kind == EX_POST;
    enum op op = e->op == OP_INC ? OP_ADD_EQ : OP_SUB_EQ;
    if (e->a->kind == EX_INDEX)
        return build_index_assign(b, e->a, op, NULL, post, want);
    if (e->a->kind != EX_SYMBOL) {
        build_unsupported(b, e->a->tok,
                          "assignment to this kind of target is not possible with eBPF");
        return long_value(ir_const(b, 0));
    }
    const struct var_loc *loc = e->a->var->codegen;
    int64_t delta = e->op == OP_INC ? 1 : -1;
    if (loc->reg) {
        ir_reg old = build_read_var(b, e->a->var).reg;
        ir_reg now = ir_bini(b, B_ADD, old, delta);
        ir_mov(b, loc->reg, now);
        return long_value(post ? old : now);
    }
    ir_reg old = want ? ir_new_reg(b) : 0;
    ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_ADD,
                                .dst = old,
                                .has_imm = true,
                                .imm = delta,
                                .size = 8,
                                .mem = loc->mem});
    return long_value(!want || post ? old : ir_bini(b, B_ADD, old, delta));
}

/* ---- memory of the traced system ---- */

static const char *fault_text(const struct expr *e)
{
    if (e->kind != EX_DEREF_STR)
        return "read fault [man error::fault] at 0x%x";
    return e->deref.user ? "user string copy fault at 0x%x [man error::fault]"
                         : "kernel string copy fault at 0x%x [man error::fault]";
}

static void check_read(struct ir_builder *b, const struct expr *e, ir_reg status, ir_reg addr)
{
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "read");
    ir_bri(b, CC_SLT, status, 0, bad, good);
    ir_at(b, bad);
    struct ir_value v = long_value(addr);
    ir_raise_format(b, e, fault_text(e), 1, &v);
    ir_at(b, good);
}

static ir_reg build_deref(struct ir_builder *b, const struct expr *e)
{
    if (e->deref.direct) {
        ir_reg base = build_long(b, e->a);
        if (e->deref.nullable) {
            uint32_t null = ir_new_block(b, "null"), there = ir_new_block(b, "there");
            ir_bri(b, CC_EQ, base, 0, null, there);
            ir_at(b, null);
            struct ir_value v = long_value(ir_const(b, e->num));
            ir_raise_format(b, e, fault_text(e), 1, &v);
            ir_at(b, there);
        }
        struct ir_mem m = {.kind = IRM_BTF, .reg = base, .off = (int32_t)e->num};
        return ir_load(b, m, e->deref.size, e->deref.is_signed);
    }
    ir_reg addr = build_long(b, e->a);
    if (e->num)
        addr = ir_bini(b, B_ADD, addr, e->num);
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "deref"), 0);
    if (e->fact) {
        /* Into a word of zeros: how much is read is not known yet. */
        ir_storei(b, tmp, 8, 0);
        ir_reg got = build_read(b, e->deref.user ? READ_USER : READ_KERNEL, tmp,
                                IR_A_FACT(e->fact, PART_SIZE, e->deref.size), addr);
        check_read(b, e, got, addr);
        return ir_load(b, tmp, 8, true);
    }
    ir_reg st =
        build_read(b, e->deref.user ? READ_USER : READ_KERNEL, tmp, IR_A_IMM(e->deref.size), addr);
    check_read(b, e, st, addr);
    return ir_load(b, tmp, e->deref.size, e->deref.is_signed);
}

static struct ir_value build_deref_string(struct ir_builder *b, const struct expr *e)
{
    ir_reg addr = build_long(b, e->a);
    if (e->num)
        addr = ir_bini(b, B_ADD, addr, e->num);
    uint32_t max = (uint32_t)b->session->maxstringlen;
    struct ir_value out = build_temp_string(b, max, "string");
    ir_reg n = build_read(b, (e->deref.user ? READ_USER : READ_KERNEL) | READ_STRING, out.mem,
                          IR_A_IMM(max), addr);
    check_read(b, e, n, addr);
    return out;
}

/* The verifier does not reckon with pointers.  One that was in memory is a number. */
static ir_reg as_number(struct ir_builder *b, ir_reg pointer)
{
    struct ir_mem word = ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, scratch));
    ir_store(b, word, 8, pointer);
    return ir_load(b, word, 8, true);
}

/* A word of what the kernel hands to the program. */
ir_reg build_register(struct ir_builder *b, int32_t offset)
{
    const struct attach_point *at = &b->prog->probe->attach;
    int32_t from = offset, add = offset == arch_reg_ip ? -(int32_t)at->shift : 0;
    for (unsigned i = 0; at->moved && i < at->moved->n; i++)
        if (at->moved->v[i].reg == offset && at->moved->v[i].now >= 0) {
            from = at->moved->v[i].now;
            add = at->moved->v[i].add;
        }
    ir_reg r = ir_load(b, ir_mem_at(IRM_PROG, from), 8, false);
    return add ? ir_bini(b, B_ADD, r, add) : r;
}

ir_reg build_return_address(struct ir_builder *b)
{
    struct ir_mem word = ir_slot_mem(ir_new_slot(b, 8, "return address"), 0);
    ir_reg sp = ir_load(b, ir_mem_at(IRM_PROG, arch_reg_sp), 8, false);
    build_read(b, READ_USER, word, IR_A_IMM(8), sp);
    return ir_load(b, word, 8, false);
}

static ir_reg build_context(struct ir_builder *b, const struct expr *e)
{
    if (b->prog->probe->attach.prog == PROG_NETFILTER)
        return as_number(b, ir_load(b, ir_mem_at(IRM_PROG, (int32_t)e->num), 8, false));
    if (e->fact) {
        ir_reg r = ir_new_reg(b);
        ir_emit(b, (struct ir_insn){.op = IR_LOAD,
                                    .dst = r,
                                    .mem = ir_mem_at(IRM_PROG, (int32_t)e->num),
                                    .size = 8,
                                    .fact = e->fact,
                                    .part = PART_OFFSET});
        return r;
    }
    enum prog_kind kind = b->prog->probe->attach.prog;
    if ((b->prog->probe->attach.kind == ATTACH_UPROBE || b->prog->probe->attach.moved) &&
        e->deref.size == 8)
        return build_register(b, (int32_t)e->num);
    if (kind != PROG_FENTRY && kind != PROG_LSM)
        return ir_load(b, ir_mem_at(IRM_PROG, (int32_t)e->num), e->deref.size, e->deref.is_signed);
    /* As numbers: the words of the context itself are pointers that cannot be reckoned with. */
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "argument"), 0);
    if (e->num == CTX_FRAME) /* where the arguments lie */
        return as_number(b, ir_addr(b, ir_mem_at(IRM_PROG, 0)));
    if (e->num == CTX_RESULT)
        ir_call(b, HELPER_GET_FUNC_RET, 2, IR_ARGS(IR_A_PROG, IR_A_MEM(tmp)));
    else
        ir_call(b, HELPER_GET_FUNC_ARG, 3, IR_ARGS(IR_A_PROG, IR_A_IMM(e->num), IR_A_MEM(tmp)));
    return ir_load(b, tmp, 8, true);
}

/* ---- counters of perf ---- */

static ir_reg build_perf(struct ir_builder *b, const struct expr *e)
{
    enum { HELPER_PERF_EVENT_READ = 22, ERRNO_MAX = 4095 };
    const int64_t this_cpu = 0xffffffff;
    struct perf_counter *c = &b->session->perf_counters.v[e->num];
    if (b->prog->probe->attach.prog == PROG_SYSCALL) {
        build_unsupported(b, e->tok,
                          "counters of perf are read where something happens on a processor, not "
                          "in begin, end, timers and procfs probes");
        return 0;
    }
    if (!c->map) {
        struct ir_map map = {.kind = IR_MAP_PERF,
                             .name = "stap_counter",
                             .key_size = 4,
                             .value_size = 4,
                             .max_entries = IR_PER_CPU,
                             .perf_type = c->type,
                             .perf_config = c->config,
                             .of_target = c->of_target};
        c->map = IR_MAP_FIRST + (uint32_t)b->mod->maps.n;
        vec_push(b->mod->arena, &b->mod->maps, map);
    }
    ir_reg n = ir_call(b, HELPER_PERF_EVENT_READ, 2,
                       IR_ARGS(IR_A_MAP(c->map), IR_A_REG(ir_const(b, this_cpu))));
    uint32_t bad = ir_new_block(b, "no counter"), good = ir_new_block(b, "counted");
    ir_br(b, CC_UGT, n, ir_const(b, -ERRNO_MAX - 1), bad, good);
    ir_at(b, bad);
    build_raise_tok(b, e->tok,
                    "the perf counter cannot be read here: it counts for the process "
                    "of -c or -x, in its first thread");
    ir_at(b, good);
    return n;
}

/* ---- all of them ---- */

ir_reg build_clamped(struct ir_builder *b, ir_reg v, int64_t low, int64_t high)
{
    ir_reg r = ir_new_reg(b);
    uint32_t below = ir_new_block(b, "too small"), check = ir_new_block(b, "check"),
             above = ir_new_block(b, "too large"), j = ir_new_block(b, "clamped");
    ir_mov(b, r, v);
    ir_bri(b, CC_SLT, r, low, below, check);
    ir_at(b, below);
    ir_mov(b, r, ir_const(b, low));
    ir_jmp(b, j);
    ir_at(b, check);
    ir_bri(b, CC_SGT, r, high, above, j);
    ir_at(b, above);
    ir_mov(b, r, ir_const(b, high));
    ir_jmp(b, j);
    ir_at(b, j);
    return r;
}

ir_reg build_long(struct ir_builder *b, const struct expr *e)
{
    const struct token *saved = b->tok;
    if (e->tok)
        b->tok = e->tok;
    ir_reg r = 0, a;
    switch (e->kind) {
    case EX_NUMBER:
        r = ir_const(b, e->num);
        break;
    case EX_SYMBOL:
        r = build_read_var(b, e->var).reg;
        break;
    case EX_UNARY:
        if (e->op == OP_NOT) {
            r = ir_seti(b, CC_EQ, build_long(b, e->a), 0);
        } else if (e->op == OP_PLUS) {
            r = build_long(b, e->a);
        } else {
            a = build_long(b, e->a);
            r = ir_new_reg(b);
            ir_emit(b, (struct ir_insn){.op = e->op == OP_NEG ? IR_NEG : IR_NOT, .dst = r, .a = a});
        }
        break;
    case EX_BINARY:
        switch (e->op) {
        case OP_ANDAND:
        case OP_OROR:
            r = bool_of_branch(b, e);
            break;
        case OP_LT:
        case OP_GT:
        case OP_LE:
        case OP_GE:
        case OP_EQ:
        case OP_NE:
            r = build_compare(b, e);
            break;
        default:
            r = build_arith(b, e);
        }
        break;
    case EX_TERNARY:
        r = build_ternary(b, e).reg;
        break;
    case EX_ASSIGN:
        r = build_assign(b, e, true).reg;
        break;
    case EX_PRE:
    case EX_POST:
        r = build_incdec(b, e, true).reg;
        break;
    case EX_INDEX:
        r = e->base->kind == EX_HIST ? build_hist_bucket(b, e) : build_index(b, e).reg;
        break;
    case EX_REGEX:
        r = build_regex(b, e);
        break;
    case EX_IN:
        r = build_in(b, e);
        break;
    case EX_CALL:
        r = build_call(b, e).reg;
        break;
    case EX_PERF:
        r = build_perf(b, e);
        break;
    case EX_CTX:
        r = build_context(b, e);
        break;
    case EX_LIVE_CONST:
        r = ir_const_fact(b, e->fact, e->part, e->num);
        break;
    case EX_DEREF:
        r = build_deref(b, e);
        break;
    case EX_STAT:
        r = build_stat(b, e);
        break;
    case EX_PRINT:
        build_print(b, e);
        break;
    default:
        build_unsupported(b, e->tok, "this operator needs a runtime other than eBPF");
        break;
    }
    b->tok = saved;
    return r ? r : ir_const(b, 0);
}

struct ir_value build_string(struct ir_builder *b, const struct expr *e)
{
    const struct token *saved = b->tok;
    if (e->tok)
        b->tok = e->tok;
    struct ir_value v = {0};
    switch (e->kind) {
    case EX_STRING:
        v = ir_literal(b, e->str);
        break;
    case EX_SYMBOL:
        v = build_read_var(b, e->var);
        break;
    case EX_BINARY:
        v = build_concat(b, e);
        break;
    case EX_TERNARY:
        v = build_ternary(b, e);
        break;
    case EX_ASSIGN:
        v = build_assign(b, e, true);
        break;
    case EX_INDEX:
        v = build_index(b, e);
        break;
    case EX_CALL:
        v = build_call(b, e);
        break;
    case EX_PRINT:
        v = e->print->or_else ? build_sprint_or_else(b, e) : build_sprint(b, e);
        break;
    case EX_DEREF_STR:
        v = build_deref_string(b, e);
        break;
    case EX_CTX: /* text that the session handed over */
        v = build_temp_string(b, (uint32_t)b->session->maxstringlen, "$value");
        ir_call(b, HELPER_PROBE_READ_KERNEL_STR, 3,
                IR_ARGS(IR_A_MEM(v.mem), IR_A_IMM(v.bound), IR_A_PROG));
        break;
    default:
        build_unsupported(b, e->tok, "this operator needs a runtime other than eBPF");
        break;
    }
    b->tok = saved;
    return v.is_string ? v : ir_literal(b, "");
}

struct ir_value build_value(struct ir_builder *b, const struct expr *e)
{
    return e->type == TY_STRING ? build_string(b, e) : long_value(build_long(b, e));
}

void build_effect(struct ir_builder *b, const struct expr *e)
{
    const struct token *saved = b->tok;
    if (e->tok)
        b->tok = e->tok;
    switch (e->kind) {
    case EX_ASSIGN:
        build_assign(b, e, false);
        break;
    case EX_PRE:
    case EX_POST:
        build_incdec(b, e, false);
        break;
    case EX_PRINT:
        if (e->print->to_string)
            build_string(b, e);
        else
            build_print(b, e);
        break;
    case EX_CALL:
        build_call(b, e);
        break;
    case EX_NUMBER:
    case EX_STRING:
    case EX_SYMBOL:
        break;
    default:
        build_value(b, e);
    }
    b->tok = saved;
}
