/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IR → eBPF: single instructions, and the values that they work on. */
#include <stddef.h>
#include <string.h>

#include "bpf/arch.h"
#include "bpf/emit.h"

/* ---- values ---- */

static const struct home *home(const struct emitter *e, ir_reg r)
{
    return &e->allocs[e->fn].vregs[r];
}

/* The frame area of the running function: register and offset. */
static void frame_base(const struct emitter *e, int *reg, int64_t *off)
{
    if (e->fn == 0) {
        *reg = R_CTX;
        *off += e->gen->layout.frame_off;
    } else {
        *reg = R_FRAME;
    }
}

static void load_far(struct emitter *e, int size, int dst, int base, int64_t off)
{
    if (fits16(off)) {
        code_ldx(e->c, size, dst, base, (int)off);
        return;
    }
    code_mov(e->c, dst, base);
    code_alui(e->c, BPF_ADD, dst, (int32_t)off);
    code_ldx(e->c, size, dst, dst, 0);
}

static void store_far(struct emitter *e, int size, int base, int64_t off, int src)
{
    if (fits16(off)) {
        code_stx(e->c, size, base, (int)off, src);
        return;
    }
    int t = src == 5 ? 4 : 5;
    code_mov(e->c, t, base);
    code_alui(e->c, BPF_ADD, t, (int32_t)off);
    code_stx(e->c, size, t, 0, src);
}

/* The value of `r` in register `into`. */
static void load_into(struct emitter *e, int into, ir_reg r)
{
    const struct home *h = home(e, r);
    int base;
    int64_t off;
    switch (h->kind) {
    case HOME_REG:
        code_mov(e->c, into, h->reg);
        break;
    case HOME_STACK:
        code_ldx(e->c, 8, into, 10, h->off);
        break;
    case HOME_FRAME:
        off = h->off;
        frame_base(e, &base, &off);
        load_far(e, 8, into, base, off);
        break;
    case HOME_CONST:
        code_movi(e->c, into, h->value);
        break;
    case HOME_NONE: /* never defined on any path */
        code_movi(e->c, into, 0);
        break;
    }
}

/* The register that holds `r`; `scratch` when it has to be loaded. */
static int value(struct emitter *e, ir_reg r, int scratch)
{
    const struct home *h = home(e, r);
    if (h->kind == HOME_REG)
        return h->reg;
    load_into(e, scratch, r);
    return scratch;
}

/* Where a result is computed: its own register, or `scratch` before store_dst. */
static int dst_reg(const struct emitter *e, ir_reg r, int scratch)
{
    const struct home *h = home(e, r);
    return h->kind == HOME_REG ? h->reg : scratch;
}

static void store_dst(struct emitter *e, ir_reg r, int from)
{
    const struct home *h = home(e, r);
    int base;
    int64_t off;
    switch (h->kind) {
    case HOME_REG:
        code_mov(e->c, h->reg, from);
        break;
    case HOME_STACK:
        code_stx(e->c, 8, 10, h->off, from);
        break;
    case HOME_FRAME:
        off = h->off;
        frame_base(e, &base, &off);
        store_far(e, 8, base, off, from);
        break;
    default:
        break;
    }
}

static bool const_of(const struct emitter *e, const struct ir_insn *i, int64_t *v)
{
    if (i->has_imm) {
        *v = i->imm;
        return true;
    }
    if (i->b && home(e, i->b)->kind == HOME_CONST) {
        *v = home(e, i->b)->value;
        return true;
    }
    return false;
}

/* ---- memory operands ---- */

static void trap_if_above(struct emitter *e, int reg, uint32_t max)
{
    vec_push(e->c->arena, &e->traps, code_here(e->c));
    code_put(e->c, BPF_JMP | BPF_JGT | BPF_K, reg, 0, 0, (int32_t)max);
}

/* Base register and offset of a memory operand without its index; `scratch` may
 * be used to hold the base. */
static int mem_base(struct emitter *e, const struct ir_mem *m, int64_t *off, int scratch)
{
    const struct ctx_layout *l = &e->gen->layout;
    int base = R_CTX;
    *off = m->off;
    switch (m->kind) {
    case IRM_SLOT: {
        const struct home *h = &e->allocs[e->fn].slots[m->id];
        *off += h->off;
        if (h->kind == HOME_STACK)
            return 10;
        frame_base(e, &base, off);
        return base;
    }
    case IRM_CALLEE:
        *off += e->allocs[m->fn].slots[m->id].off;
        if (e->fn == 0) {
            *off += l->stack_off;
            return R_CTX;
        }
        *off += l->call_frame;
        return R_FRAME;
    case IRM_GLOBAL:
        code_map_value(e->c, scratch, IR_MAP_FIXED_GLOBALS, (uint32_t)*off);
        *off = 0;
        return scratch;
    case IRM_RODATA:
        code_map_value(e->c, scratch, IR_MAP_FIXED_RODATA,
                       e->gen->script_rodata_off + (uint32_t)*off);
        *off = 0;
        return scratch;
    case IRM_CTX:
        return R_CTX;
    case IRM_OUT:
        *off += l->out_off;
        return R_CTX;
    case IRM_PTR:
    case IRM_BTF:
        return value(e, m->reg, scratch);
    case IRM_PROG:
        code_ldx(e->c, 8, scratch, 10, PROG_CTX_OFF);
        return scratch;
    }
    return base;
}

/* The address of m in `into`; `tmp` is another register that may be used. */
static void mem_address(struct emitter *e, const struct ir_mem *m, int into, int tmp)
{
    int64_t off;
    if (m->idx) {
        load_into(e, into, m->idx);
        trap_if_above(e, into, m->idx_max);
        int base = mem_base(e, m, &off, tmp);
        code_alu(e->c, BPF_ADD, into, base);
    } else {
        int base = mem_base(e, m, &off, into);
        code_mov(e->c, into, base);
    }
    if (off)
        code_alui(e->c, BPF_ADD, into, (int32_t)off);
}

/* A register and 16-bit offset for a load or store. */
static int mem_access(struct emitter *e, const struct ir_mem *m, int64_t *off, int scratch, int tmp)
{
    if (!m->idx) {
        int base = mem_base(e, m, off, scratch);
        if (fits16(*off))
            return base;
        code_mov(e->c, scratch, base);
        code_alui(e->c, BPF_ADD, scratch, (int32_t)*off);
        *off = 0;
        return scratch;
    }
    mem_address(e, m, scratch, tmp);
    *off = 0;
    return scratch;
}

/* ---- arithmetic ---- */

static void emit_signed_divide(struct emitter *e, const struct ir_insn *i)
{
    struct code *c = e->c;
    bool mod = i->bin == B_SMOD;
    load_into(e, 1, i->a);
    if (i->has_imm)
        code_movi(c, 2, i->imm);
    else
        load_into(e, 2, i->b);
    code_mov(c, 3, 1);
    if (!mod)
        code_alu(c, BPF_XOR, 3, 2);
    for (int r = 1; r <= 2; r++) {
        code_put(c, BPF_JMP | BPF_JSGE | BPF_K, r, 0, 1, 0);
        code_put(c, BPF_ALU64 | BPF_NEG, r, 0, 0, 0);
    }
    code_alu(c, mod ? BPF_MOD : BPF_DIV, 1, 2);
    code_put(c, BPF_JMP | BPF_JSGE | BPF_K, 3, 0, 1, 0);
    code_put(c, BPF_ALU64 | BPF_NEG, 1, 0, 0, 0);
    store_dst(e, i->dst, 1);
}

/* The next instruction has a part of a fact in it. */
static void next_is_fact(struct emitter *e, uint32_t fact, uint8_t part)
{
    if (fact)
        code_reloc(e->c, (struct reloc){.kind = RELOC_FACT, .number = fact - 1, .offset = part});
}

static void emit_bin(struct emitter *e, const struct ir_insn *i)
{
    static const int ops[] = {
        [B_ADD] = BPF_ADD,  [B_SUB] = BPF_SUB,  [B_MUL] = BPF_MUL,  [B_AND] = BPF_AND,
        [B_OR] = BPF_OR,    [B_XOR] = BPF_XOR,  [B_SHL] = BPF_LSH,  [B_SHR] = BPF_RSH,
        [B_SAR] = BPF_ARSH, [B_UDIV] = BPF_DIV, [B_UMOD] = BPF_MOD,
    };
    int64_t imm;
    if (i->bin == B_SDIV || i->bin == B_SMOD) {
        emit_signed_divide(e, i);
        return;
    }
    bool shift = i->bin == B_SHL || i->bin == B_SHR || i->bin == B_SAR;
    bool is_const = const_of(e, i, &imm);
    if (is_const && shift)
        imm &= 63;
    if (is_const && imm == (int32_t)imm) {
        int d = dst_reg(e, i->dst, 1);
        load_into(e, d, i->a);
        next_is_fact(e, i->fact, i->part);
        code_alui(e->c, ops[i->bin], d, (int32_t)imm);
        store_dst(e, i->dst, d);
        return;
    }
    int b;
    if (i->has_imm) {
        code_movi(e->c, 2, i->imm);
        b = 2;
    } else {
        b = value(e, i->b, 2);
    }
    int d = dst_reg(e, i->dst, 1);
    if (d == b)
        d = 1;
    load_into(e, d, i->a);
    if (shift) { /* the verifier refuses counts it cannot bound on old kernels */
        code_mov(e->c, 2, b);
        code_alui(e->c, BPF_AND, 2, 63);
        b = 2;
    }
    code_alu(e->c, ops[i->bin], d, b);
    store_dst(e, i->dst, d);
}

static int jump_op(enum ir_cc cc)
{
    static const int ops[] = {
        [CC_EQ] = BPF_JEQ,   [CC_NE] = BPF_JNE,   [CC_SLT] = BPF_JSLT, [CC_SLE] = BPF_JSLE,
        [CC_SGT] = BPF_JSGT, [CC_SGE] = BPF_JSGE, [CC_ULT] = BPF_JLT,  [CC_ULE] = BPF_JLE,
        [CC_UGT] = BPF_JGT,  [CC_UGE] = BPF_JGE,
    };
    return ops[cc];
}

/* A conditional jump over operands a and (b or imm); returns its instruction. */
uint32_t emit_compare(struct emitter *e, const struct ir_insn *i, enum ir_cc cc)
{
    int64_t imm;
    int a = value(e, i->a, 1);
    if (const_of(e, i, &imm) && imm == (int32_t)imm)
        return code_put(e->c, (uint8_t)(BPF_JMP | jump_op(cc) | BPF_K), a, 0, 0, (int32_t)imm);
    int b = 2;
    if (i->has_imm)
        code_movi(e->c, 2, i->imm);
    else
        b = value(e, i->b, 2);
    return code_put(e->c, (uint8_t)(BPF_JMP | jump_op(cc) | BPF_X), a, b, 0, 0);
}

static void emit_set(struct emitter *e, const struct ir_insn *i)
{
    uint32_t j = emit_compare(e, i, i->cc);
    int d = dst_reg(e, i->dst, 0);
    /* The condition is known only after the jump: 0 falls through. */
    code_movi(e->c, d, 0);
    uint32_t over = code_put(e->c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
    e->c->insns.v[j].off = (int16_t)(code_here(e->c) - j - 1);
    code_movi(e->c, d, 1);
    e->c->insns.v[over].off = (int16_t)(code_here(e->c) - over - 1);
    store_dst(e, i->dst, d);
}

/* ---- memory ---- */

static void emit_load(struct emitter *e, const struct ir_insn *i)
{
    int64_t off;
    int base = mem_access(e, &i->mem, &off, 1, 2);
    int d = dst_reg(e, i->dst, 0);
    next_is_fact(e, i->fact, i->part);
    code_ldx(e->c, i->size, d, base, (int)off);
    if (i->is_signed && i->size < 8) {
        code_alui(e->c, BPF_LSH, d, 64 - 8 * i->size);
        code_alui(e->c, BPF_ARSH, d, 64 - 8 * i->size);
    }
    store_dst(e, i->dst, d);
}

static void emit_store(struct emitter *e, const struct ir_insn *i)
{
    int64_t off;
    int base = mem_access(e, &i->mem, &off, 1, 2);
    int64_t imm = i->imm;
    bool is_const = i->has_imm;
    if (!is_const && home(e, i->a)->kind == HOME_CONST) {
        is_const = true;
        imm = home(e, i->a)->value;
    }
    if (is_const && (imm == (int32_t)imm || i->size <= 4)) {
        code_sti(e->c, i->size, base, (int)off, (int32_t)imm);
        return;
    }
    int v = 3;
    if (is_const)
        code_movi(e->c, 3, imm);
    else
        v = value(e, i->a, 3);
    code_stx(e->c, i->size, base, (int)off, v);
}

static void emit_atomic(struct emitter *e, const struct ir_insn *i)
{
    struct code *c = e->c;
    int64_t off;
    int base = mem_access(e, &i->mem, &off, 1, 2);
    int op = 0;
    if (i->op == IR_ATOMIC_CMPXCHG) {
        load_into(e, 0, i->a);
        load_into(e, 3, i->b);
        op = BPF_CMPXCHG;
    } else {
        if (i->has_imm)
            code_movi(c, 3, i->imm);
        else
            load_into(e, 3, i->a);
        op = i->op == IR_ATOMIC_XCHG ? BPF_XCHG : i->dst ? BPF_ADD | BPF_FETCH : BPF_ADD;
    }
    code_put(c, (uint8_t)(BPF_STX | BPF_ATOMIC | (i->size == 4 ? BPF_W : BPF_DW)), base, 3,
             (int)off, op);
    if (i->dst)
        store_dst(e, i->dst, i->op == IR_ATOMIC_CMPXCHG ? 0 : 3);
}

/* Stores are several times as fast as a helper and the memset behind it, up to some hundred
 * bytes; a program that is long already does without so many of them. */
enum { WORDS_INLINE = 8, WORDS_INLINE_SHORT = 64, SHORT_PROGRAM = 4000 };

static void emit_zero(struct emitter *e, const struct ir_insn *i)
{
    int64_t most = code_here(e->c) < SHORT_PROGRAM ? WORDS_INLINE_SHORT : WORDS_INLINE;
    if (i->imm / 8 <= most) {
        int64_t off;
        struct ir_mem m = i->mem;
        int base = mem_access(e, &m, &off, 1, 2);
        if (fits16(off + i->imm)) {
            for (int64_t k = 0; k < i->imm; k += 8)
                code_sti(e->c, 8, base, (int)(off + k), 0);
            return;
        }
    }
    /* A kernel read that fails clears its destination. */
    mem_address(e, &i->mem, 1, 2);
    code_movi(e->c, 2, i->imm);
    code_movi(e->c, 3, 0);
    code_call(e->c, BPF_FUNC_probe_read_kernel);
}

static void emit_copy(struct emitter *e, const struct ir_insn *i)
{
    mem_address(e, &i->mem2, 3, 2);
    mem_address(e, &i->mem, 1, 2);
    code_movi(e->c, 2, i->imm);
    code_call(e->c, BPF_FUNC_probe_read_kernel);
}

/* ---- calls ---- */

static void emit_arg(struct emitter *e, const struct ir_arg *a, int reg)
{
    int64_t off;
    int base;
    switch (a->kind) {
    case IRA_REG:
        load_into(e, reg, a->reg);
        if (a->max)
            trap_if_above(e, reg, a->max);
        break;
    case IRA_IMM:
        next_is_fact(e, a->fact, a->part);
        code_movi(e->c, reg, a->imm);
        break;
    case IRA_MEM:
        mem_address(e, &a->mem, reg, 0);
        break;
    case IRA_CTXOFF:
        base = mem_base(e, &a->mem, &off, 0);
        if (base == R_FRAME) { /* the frame's place in the context is known at run time */
            code_ldx(e->c, 8, reg, R_CTX, offsetof(struct abi_ctx, fp));
            code_alui(e->c, BPF_ADD, reg, (int32_t)(off + e->gen->layout.stack_off));
        } else {
            code_movi(e->c, reg, off);
        }
        if (a->mem.idx) {
            load_into(e, 0, a->mem.idx);
            code_alu(e->c, BPF_ADD, reg, 0);
        }
        break;
    case IRA_MAP:
        code_map(e->c, reg, a->id);
        break;
    case IRA_PROG:
        code_ldx(e->c, 8, reg, 10, PROG_CTX_OFF);
        break;
    case IRA_CTX:
        code_mov(e->c, reg, R_CTX);
        break;
    }
}

static void emit_call(struct emitter *e, const struct ir_insn *i)
{
    for (int k = 0; k < i->nargs; k++)
        emit_arg(e, &i->args[k], k + 1);
    if (i->op == IR_LIB) {
        bool map = i->nargs && i->args[0].kind == IRA_MAP;
        code_reloc(e->c, (struct reloc){.kind = RELOC_LIB,
                                        .lib = i->lib,
                                        .number = map ? i->args[0].id + 1 : 0});
        code_put(e->c, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, -1);
    } else {
        code_call(e->c, (int)i->imm);
    }
    if (i->dst && home(e, i->dst)->kind != HOME_NONE)
        store_dst(e, i->dst, 0);
}

void emit_insn(struct emitter *e, const struct ir_insn *i, uint32_t next)
{
    int d;
    switch (i->op) {
    case IR_CONST:
        if (home(e, i->dst)->kind == HOME_CONST || home(e, i->dst)->kind == HOME_NONE)
            break;
        d = dst_reg(e, i->dst, 0);
        if (i->fact) {
            next_is_fact(e, i->fact, i->part);
            code_put(e->c, BPF_LD | BPF_IMM | BPF_DW, d, 0, 0, (int32_t)i->imm);
            code_put(e->c, 0, 0, 0, 0, (int32_t)(i->imm >> 32));
        } else {
            code_movi(e->c, d, i->imm);
        }
        store_dst(e, i->dst, d);
        break;
    case IR_MOV:
        d = dst_reg(e, i->dst, 0);
        load_into(e, d, i->a);
        store_dst(e, i->dst, d);
        break;
    case IR_BIN:
        emit_bin(e, i);
        break;
    case IR_NEG:
    case IR_NOT:
        d = dst_reg(e, i->dst, 0);
        load_into(e, d, i->a);
        if (i->op == IR_NEG)
            code_put(e->c, BPF_ALU64 | BPF_NEG, d, 0, 0, 0);
        else
            code_alui(e->c, BPF_XOR, d, -1);
        store_dst(e, i->dst, d);
        break;
    case IR_SET:
        emit_set(e, i);
        break;
    case IR_LOAD:
        emit_load(e, i);
        break;
    case IR_STORE:
        emit_store(e, i);
        break;
    case IR_ADDR:
        d = dst_reg(e, i->dst, 1);
        mem_address(e, &i->mem, d, 2);
        store_dst(e, i->dst, d);
        break;
    case IR_ATOMIC_ADD:
    case IR_ATOMIC_XCHG:
    case IR_ATOMIC_CMPXCHG:
        emit_atomic(e, i);
        break;
    case IR_CALL:
    case IR_LIB:
        emit_call(e, i);
        break;
    case IR_ZERO:
        emit_zero(e, i);
        break;
    case IR_COPY:
        emit_copy(e, i);
        break;
    default:
        emit_control(e, i, next);
        break;
    }
}
