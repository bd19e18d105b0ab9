/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IR → eBPF instructions for one prog.
 *
 * Registers: r0–r5 within one IR instruction, r6 and r7 (and r8 where no called
 * function needs it) for values, r8 the frame of the running called function,
 * r9 the context.  [r10-8] keeps the program's own context. */
#include <stddef.h>
#include <string.h>

#include "bpf/arch.h"
#include "bpf/code.h"

enum {
    R_FRAME = 8,
    R_CTX = 9,
    PROG_CTX_OFF = -8,
    CTX_PTR_OFF = -16, /* main of a machine: what the callback is given */
    STATE_DONE = -1,
    SCRATCH0 = 0,
    SCRATCH1 = 1,
    SCRATCH2 = 2,
    SCRATCH3 = 3,
};

enum { ISLAND_EVERY = 10000 };

struct jump {
    uint32_t insn;
    uint32_t fn, block;
};

typedef VEC(struct jump) jump_vec;

struct emitter {
    struct generation *gen;
    struct gen_prog *g;
    struct code *c;
    const struct ir_prog *p;
    struct func_alloc *allocs;
    bool machine, needs_ctx;
    uint32_t fn;         /* function being emitted */
    uint32_t **block_at; /* by function and block: its first instruction */
    uint32_t **state_of; /* by function and block: number as a resume point */
    uint32_t nstates;
    jump_vec jumps;
    VEC(uint32_t) traps; /* jumps to the internal-error exit */
    uint32_t island;     /* where the last one is, or where code that may jump begins */
    const char *error;
};

bool prog_is_machine(const struct ir_prog *p)
{
    if (p->funcs.n > 1)
        return true;
    vec_for (b, p->funcs.v[0]->blocks) {
        const struct ir_block *blk = &p->funcs.v[0]->blocks.v[b];
        if (blk->insns.n && vec_last(blk->insns).op == IR_YIELD)
            return true;
    }
    return false;
}

static bool mem_needs_ctx(const struct ir_mem *m)
{
    return m->kind == IRM_CTX || m->kind == IRM_OUT || m->kind == IRM_CALLEE;
}

bool prog_needs_ctx(const struct ir_prog *p, const struct func_alloc *allocs)
{
    if (prog_is_machine(p))
        return true;
    const struct ir_func *f = p->funcs.v[0];
    if (allocs[0].uses_frame)
        return true;
    for (uint32_t k = 0; k < allocs[0].norder; k++)
        vec_for (i, f->blocks.v[allocs[0].order[k]].insns) {
            const struct ir_insn *in = &f->blocks.v[allocs[0].order[k]].insns.v[i];
            if (mem_needs_ctx(&in->mem) || (in->op == IR_COPY && mem_needs_ctx(&in->mem2)))
                return true;
            for (int n = 0; n < in->nargs; n++)
                if (in->args[n].kind == IRA_CTX || in->args[n].kind == IRA_CTXOFF ||
                    (in->args[n].kind == IRA_MEM && mem_needs_ctx(&in->args[n].mem)))
                    return true;
        }
    return false;
}

/* ---- values ---- */

static const struct home *home(const struct emitter *e, ir_reg r)
{
    return &e->allocs[e->fn].vregs[r];
}

static bool fits16(int64_t v)
{
    return v == (int16_t)v;
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
static uint32_t emit_compare(struct emitter *e, const struct ir_insn *i, enum ir_cc cc)
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

enum { WORDS_INLINE = 8 };

static void emit_zero(struct emitter *e, const struct ir_insn *i)
{
    if (i->imm / 8 <= WORDS_INLINE) {
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

/* ---- control flow ---- */

static void jump_to(struct emitter *e, uint32_t insn, uint32_t block)
{
    struct jump j = {insn, e->fn, block};
    vec_push(e->c->arena, &e->jumps, j);
}

static void emit_ja(struct emitter *e, uint32_t block, uint32_t next)
{
    if (block != next)
        jump_to(e, code_put(e->c, BPF_JMP | BPF_JA, 0, 0, 0, 0), block);
}

static enum ir_cc invert(enum ir_cc cc)
{
    static const enum ir_cc inv[] = {
        [CC_EQ] = CC_NE,   [CC_NE] = CC_EQ,   [CC_SLT] = CC_SGE, [CC_SLE] = CC_SGT,
        [CC_SGT] = CC_SLE, [CC_SGE] = CC_SLT, [CC_ULT] = CC_UGE, [CC_ULE] = CC_UGT,
        [CC_UGT] = CC_ULE, [CC_UGE] = CC_ULT,
    };
    return inv[cc];
}

static void leave_segment(struct emitter *e, int64_t state)
{
    code_sti(e->c, 8, R_CTX, offsetof(struct abi_ctx, state), (int32_t)state);
    code_movi(e->c, 0, 0);
    code_exit(e->c);
}

static void emit_callfn(struct emitter *e, const struct ir_insn *i)
{
    struct code *c = e->c;
    const struct ctx_layout *l = &e->gen->layout;
    uint32_t back = e->state_of[e->fn][i->t];
    if (e->fn == 0) {
        code_mov(c, 1, R_CTX);
        code_alui(c, BPF_ADD, 1, (int32_t)l->stack_off);
        code_sti(c, 8, 1, 0, (int32_t)back);
        code_sti(c, 8, 1, 8, 0);
        code_sti(c, 8, R_CTX, offsetof(struct abi_ctx, fp), 0);
    } else {
        code_ldx(c, 8, 2, R_CTX, offsetof(struct abi_ctx, fp));
        code_mov(c, 1, R_FRAME);
        code_alui(c, BPF_ADD, 1, (int32_t)l->call_frame);
        code_sti(c, 8, 1, 0, (int32_t)back);
        code_stx(c, 8, 1, 8, 2);
        code_alui(c, BPF_ADD, 2, (int32_t)l->call_frame);
        code_stx(c, 8, R_CTX, offsetof(struct abi_ctx, fp), 2);
    }
    leave_segment(e, e->state_of[i->fn][0]);
}

static void emit_fret(struct emitter *e)
{
    struct code *c = e->c;
    code_ldx(c, 8, 1, R_FRAME, 0);
    code_stx(c, 8, R_CTX, offsetof(struct abi_ctx, state), 1);
    code_ldx(c, 8, 1, R_FRAME, 8);
    code_stx(c, 8, R_CTX, offsetof(struct abi_ctx, fp), 1);
    code_movi(c, 0, 0);
    code_exit(c);
}

static void emit_release(struct emitter *e)
{
    if (e->needs_ctx)
        code_sti(e->c, 8, R_CTX, offsetof(struct abi_ctx, busy), 0);
}

enum { NF_ACCEPT = 1 };

/* The result of most programs means nothing; a packet is let through. */
static void leave_handler(struct emitter *e)
{
    code_movi(e->c, 0, e->p->probe->attach.prog == PROG_NETFILTER ? NF_ACCEPT : 0);
    code_exit(e->c);
}

static void emit_ret(struct emitter *e)
{
    if (e->machine) {
        code_sti(e->c, 8, R_CTX, offsetof(struct abi_ctx, state), STATE_DONE);
        code_movi(e->c, 0, 1);
        code_exit(e->c);
        return;
    }
    emit_release(e);
    leave_handler(e);
}

static void emit_insn(struct emitter *e, const struct ir_insn *i, uint32_t next)
{
    int d;
    switch (i->op) {
    case IR_CONST:
        if (home(e, i->dst)->kind == HOME_CONST || home(e, i->dst)->kind == HOME_NONE)
            break;
        d = dst_reg(e, i->dst, 0);
        code_movi(e->c, d, i->imm);
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
    case IR_JMP:
        emit_ja(e, i->t, next);
        break;
    case IR_BR:
        if (i->t == next) {
            jump_to(e, emit_compare(e, i, invert(i->cc)), i->f);
        } else {
            jump_to(e, emit_compare(e, i, i->cc), i->t);
            emit_ja(e, i->f, next);
        }
        break;
    case IR_YIELD:
        leave_segment(e, e->state_of[e->fn][i->t]);
        break;
    case IR_CALLFN:
        emit_callfn(e, i);
        break;
    case IR_FRET:
        emit_fret(e);
        break;
    case IR_RET:
        emit_ret(e);
        break;
    }
}

static uint32_t island_jump(struct emitter *e)
{
    return code_put(e->c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

/* Jumps reach 32,767 instructions.  In a program that is longer, those whose
 * target is still to come go through one jump each target has here. */
static void emit_island(struct emitter *e)
{
    struct arena *a = e->c->arena;
    int last = vec_last(e->c->insns).code;
    bool reached = last != (BPF_JMP | BPF_JA) && last != (BPF_JMP | BPF_EXIT);
    uint32_t over = reached ? island_jump(e) : 0;
    jump_vec pending = {0};
    vec_for (k, e->jumps) {
        struct jump *j = &e->jumps.v[k];
        if (e->block_at[j->fn][j->block])
            continue;
        size_t same = 0;
        while (same < pending.n &&
               (pending.v[same].fn != j->fn || pending.v[same].block != j->block))
            same++;
        if (same == pending.n) {
            struct jump via = {island_jump(e), j->fn, j->block};
            vec_push(a, &pending, via);
        }
        e->c->insns.v[j->insn].off = (int16_t)(pending.v[same].insn - j->insn - 1);
        *j = vec_last(e->jumps);
        e->jumps.n--;
        k--;
    }
    vec_for (k, pending)
        vec_push(a, &e->jumps, pending.v[k]);
    if (e->traps.n) {
        uint32_t via = island_jump(e);
        vec_for (k, e->traps)
            e->c->insns.v[e->traps.v[k]].off = (int16_t)(via - e->traps.v[k] - 1);
        e->traps.n = 0;
        vec_push(a, &e->traps, via);
    }
    if (reached)
        e->c->insns.v[over].off = (int16_t)(code_here(e->c) - over - 1);
    e->island = code_here(e->c);
}

static void emit_blocks(struct emitter *e)
{
    const struct ir_func *f = e->p->funcs.v[e->fn];
    const struct func_alloc *al = &e->allocs[e->fn];
    for (uint32_t k = 0; k < al->norder; k++) {
        uint32_t b = al->order[k];
        uint32_t next = k + 1 < al->norder ? al->order[k + 1] : UINT32_MAX;
        if (code_here(e->c) - e->island > ISLAND_EVERY)
            emit_island(e);
        e->block_at[e->fn][b] = code_here(e->c);
        vec_for (i, f->blocks.v[b].insns)
            emit_insn(e, &f->blocks.v[b].insns.v[i], next);
    }
}

/* ---- entry ---- */

void code_syscall_slot(struct code *c, bool enter)
{
    code_ldx(c, 8, 3, 1, 0);
    if (enter)
        code_ldx(c, 8, 2, 1, 8);
    else
        code_ldx(c, 8, 2, 3, ARCH_REGS_SYSCALL_NR);
    code_ldx(c, 2, 3, 3, ARCH_REGS_MODE);
    code_put(c, BPF_JMP | BPF_JNE | BPF_K, 3, 0, 1, ARCH_MODE_32);
    code_alui(c, BPF_ADD, 2, CALLS_32);
}

/* exit 0 when the probe should not run; jumps to patch in `out`. */
static void emit_checks(struct emitter *e, uint32_t *out, int *n)
{
    struct code *c = e->c;
    const struct probe *p = e->p->probe;
    code_map_value(c, 2, IR_MAP_FIXED_GLOBALS, offsetof(struct abi_session, state));
    code_ldx(c, 4, 2, 2, 0);
    if (p->attach.kind == ATTACH_ASK) { /* in any state */
        out[(*n)++] = code_put(c, BPF_JMP | BPF_JGT | BPF_K, 2, 0, 0, STATE_ENDING);
        return;
    }
    out[(*n)++] = code_put(c, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, (int32_t)e->p->required_state);
    if (p->attach.nr == -1 ||
        (p->attach.kind != ATTACH_SYSCALL_ENTER && p->attach.kind != ATTACH_SYSCALL_EXIT))
        return;
    /* r2 = the slot (sema/program.h) of the call. */
    code_syscall_slot(c, p->attach.kind == ATTACH_SYSCALL_ENTER);
    if (p->attach.nr >= 0 && p->attach.nr32 >= 0) {
        code_put(c, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1, p->attach.nr);
        out[(*n)++] = code_put(c, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, p->attach.nr32 + CALLS_32);
    } else {
        int32_t slot = p->attach.nr >= 0 ? p->attach.nr : p->attach.nr32 + CALLS_32;
        out[(*n)++] = code_put(c, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, slot);
    }
}

/* r9 = a context of this CPU; jumps in `none` when all are taken. */
static void emit_acquire(struct emitter *e)
{
    struct code *c = e->c;
    uint32_t got[CTX_POOL], next[2];
    code_call(c, BPF_FUNC_get_smp_processor_id);
    code_alui(c, BPF_MUL, 0, CTX_POOL);
    code_stx(c, 4, 10, CTX_PTR_OFF, 0);
    for (int k = 0; k < CTX_POOL; k++) {
        if (k) {
            code_ldx(c, 4, 0, 10, CTX_PTR_OFF);
            code_alui(c, BPF_ADD, 0, 1);
            code_stx(c, 4, 10, CTX_PTR_OFF, 0);
        }
        code_map(c, 1, IR_MAP_FIXED_CTX);
        code_mov(c, 2, 10);
        code_alui(c, BPF_ADD, 2, CTX_PTR_OFF);
        code_call(c, BPF_FUNC_map_lookup_elem);
        next[0] = code_put(c, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
        code_mov(c, R_CTX, 0);
        code_movi(c, 1, 1);
        code_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, R_CTX, 1, offsetof(struct abi_ctx, busy),
                 BPF_XCHG);
        got[k] = code_put(c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0);
        c->insns.v[next[0]].off = (int16_t)(code_here(c) - next[0] - 1);
    }
    code_map_value(c, 1, IR_MAP_FIXED_GLOBALS, offsetof(struct abi_session, skipped_context));
    code_movi(c, 2, 1);
    code_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD);
    leave_handler(e);
    for (int k = 0; k < CTX_POOL; k++)
        c->insns.v[got[k]].off = (int16_t)(code_here(c) - got[k] - 1);
}

static void patch_here(struct emitter *e, const uint32_t *insns, int n)
{
    for (int k = 0; k < n; k++)
        e->c->insns.v[insns[k]].off = (int16_t)(code_here(e->c) - insns[k] - 1);
}

/* The exit for bounds that should have held: counted, and the context given back. */
static void emit_traps(struct emitter *e)
{
    struct code *c = e->c;
    if (!e->traps.n)
        return;
    for (size_t k = 0; k < e->traps.n; k++) {
        int64_t d = (int64_t)code_here(c) - e->traps.v[k] - 1;
        if (!fits16(d))
            e->error = "too large";
        c->insns.v[e->traps.v[k]].off = (int16_t)d;
    }
    code_map_value(c, 1, IR_MAP_FIXED_GLOBALS, offsetof(struct abi_session, internal));
    code_movi(c, 2, 1);
    code_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD);
    emit_ret(e);
    e->traps.n = 0;
}

static void patch_jumps(struct emitter *e)
{
    vec_for (k, e->jumps) {
        const struct jump *j = &e->jumps.v[k];
        int64_t d = (int64_t)e->block_at[j->fn][j->block] - j->insn - 1;
        if (!fits16(d))
            e->error = "too large";
        e->c->insns.v[j->insn].off = (int16_t)d;
    }
    e->jumps.n = 0;
}

static void begin_sub(struct emitter *e, const char *name, uint8_t nargs)
{
    struct subprog s = {.start = code_here(e->c), .name = name, .nargs = nargs};
    vec_push(e->c->arena, &e->c->subs, s);
}

static void emit_straight(struct emitter *e)
{
    uint32_t out[3];
    int n = 0;
    begin_sub(e, "handler", 1);
    emit_checks(e, out, &n);
    code_stx(e->c, 8, 10, PROG_CTX_OFF, 1);
    if (e->needs_ctx)
        emit_acquire(e);
    emit_blocks(e);
    emit_traps(e);
    patch_here(e, out, n);
    leave_handler(e);
    patch_jumps(e);
}

/* ---- the machine ---- */

struct resume_point {
    uint32_t fn, block;
};

/* if (r1 == state) goto its block, by halves. */
static void emit_dispatch(struct emitter *e, const struct resume_point *pts, uint32_t lo,
                          uint32_t hi, jump_vec *entries)
{
    if (hi - lo == 1) {
        struct jump j = {code_put(e->c, BPF_JMP | BPF_JA, 0, 0, 0, 0), pts[lo].fn, lo};
        vec_push(e->c->arena, entries, j);
        return;
    }
    uint32_t mid = lo + (hi - lo) / 2;
    uint32_t right = code_put(e->c, BPF_JMP | BPF_JGE | BPF_K, 1, 0, 0, (int32_t)mid);
    emit_dispatch(e, pts, lo, mid, entries);
    e->c->insns.v[right].off = (int16_t)(code_here(e->c) - right - 1);
    emit_dispatch(e, pts, mid, hi, entries);
}

static void emit_machine(struct emitter *e)
{
    struct code *c = e->c;
    struct arena *a = c->arena;
    const struct ctx_layout *l = &e->gen->layout;
    uint32_t out[3];
    int n = 0;

    VEC(struct resume_point) pts = {0};
    for (uint32_t f = 0; f < e->p->funcs.n; f++)
        for (uint32_t b = 0; b < e->p->funcs.v[f]->blocks.n; b++)
            if (b == 0 || e->allocs[f].resume[b]) {
                e->state_of[f][b] = (uint32_t)pts.n;
                struct resume_point rp = {f, b};
                vec_push(a, &pts, rp);
            }

    begin_sub(e, "handler", 1);
    emit_checks(e, out, &n);
    code_stx(c, 8, 10, PROG_CTX_OFF, 1);
    emit_acquire(e);
    code_stx(c, 8, 10, CTX_PTR_OFF, R_CTX);
    code_sti(c, 8, R_CTX, offsetof(struct abi_ctx, state), 0);
    code_movi(c, 1, e->p->max_steps);
    code_reloc(c, (struct reloc){.kind = RELOC_FUNC, .number = 1});
    code_put(c, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 0);
    code_put(c, 0, 0, 0, 0, 0);
    code_mov(c, 3, 10);
    code_alui(c, BPF_ADD, 3, CTX_PTR_OFF);
    code_movi(c, 4, 0);
    code_call(c, BPF_FUNC_loop);
    emit_release(e);
    patch_here(e, out, n);
    leave_handler(e);

    begin_sub(e, "segments", 2);
    e->island = code_here(c);
    code_ldx(c, 8, R_CTX, 2, 0);
    code_ldx(c, 8, 1, 2, 8);
    code_stx(c, 8, 10, PROG_CTX_OFF, 1);
    code_ldx(c, 8, 1, R_CTX, offsetof(struct abi_ctx, state));
    jump_vec entries = {0};
    emit_dispatch(e, pts.v, 0, (uint32_t)pts.n, &entries);
    /* A function's resume points find their frame first. */
    jump_vec direct = {0};
    vec_for (k, entries) {
        const struct resume_point *rp = &pts.v[entries.v[k].block];
        if (rp->fn == 0) {
            struct jump j = {entries.v[k].insn, 0, rp->block};
            vec_push(a, &direct, j);
            continue;
        }
        c->insns.v[entries.v[k].insn].off = (int16_t)(code_here(c) - entries.v[k].insn - 1);
        code_ldx(c, 8, R_FRAME, R_CTX, offsetof(struct abi_ctx, fp));
        vec_push(a, &e->traps, code_here(c));
        code_put(c, BPF_JMP | BPF_JGT | BPF_K, R_FRAME, 0, 0,
                 (int32_t)(l->stack_size - 2 * l->call_frame));
        code_alu(c, BPF_ADD, R_FRAME, R_CTX);
        code_alui(c, BPF_ADD, R_FRAME, (int32_t)l->stack_off);
        struct jump j = {code_put(c, BPF_JMP | BPF_JA, 0, 0, 0, 0), rp->fn, rp->block};
        vec_push(a, &direct, j);
    }
    vec_for (k, direct)
        vec_push(a, &e->jumps, direct.v[k]);
    for (e->fn = 0; e->fn < e->p->funcs.n; e->fn++)
        emit_blocks(e);
    e->fn = 0;
    emit_traps(e);
    patch_jumps(e);
}

bool emit_prog(struct generation *gen, struct gen_prog *g, struct func_alloc *allocs)
{
    struct arena *a = gen->mod->arena;
    struct emitter e = {.gen = gen, .g = g, .c = &g->code, .p = g->ir, .allocs = allocs};
    memset(&g->code, 0, sizeof g->code);
    g->code.arena = a;
    e.machine = prog_is_machine(g->ir);
    e.needs_ctx = prog_needs_ctx(g->ir, allocs);
    e.block_at = arena_new_array(a, uint32_t *, g->ir->funcs.n);
    e.state_of = arena_new_array(a, uint32_t *, g->ir->funcs.n);
    vec_for (f, g->ir->funcs) {
        e.block_at[f] = arena_new_array(a, uint32_t, g->ir->funcs.v[f]->blocks.n + 1);
        e.state_of[f] = arena_new_array(a, uint32_t, g->ir->funcs.v[f]->blocks.n + 1);
    }
    if (e.machine)
        emit_machine(&e);
    else
        emit_straight(&e);
    if (e.error) {
        diag_semantic(&gen->session->diag, g->ir->probe->tok,
                      "the handler of probe %s is too large for one eBPF program: split it into "
                      "several probes or functions",
                      g->ir->probe->pp);
        return false;
    }
    return true;
}
