/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The builder's primitives. */
#include "ir/ir.h"

#include <string.h>

ir_reg ir_new_reg(struct ir_builder *b)
{
    return ++b->fn->nregs;
}

uint32_t ir_new_slot(struct ir_builder *b, uint32_t size, const char *name)
{
    struct ir_slot s = {.size = (size + 7) & ~7u, .name = name};
    vec_push(b->arena, &b->fn->slots, s);
    return (uint32_t)b->fn->slots.n - 1;
}

uint32_t ir_new_block(struct ir_builder *b, const char *label)
{
    struct ir_block blk = {.label = label};
    vec_push(b->arena, &b->fn->blocks, blk);
    return (uint32_t)b->fn->blocks.n - 1;
}

static bool terminator(enum ir_op op)
{
    return op >= IR_JMP;
}

bool ir_terminated(const struct ir_builder *b)
{
    const struct ir_block *blk = &b->fn->blocks.v[b->block];
    return blk->insns.n && terminator(vec_last(blk->insns).op);
}

struct ir_insn *ir_emit(struct ir_builder *b, struct ir_insn insn)
{
    if (ir_terminated(b))
        return NULL;
    if (!insn.tok)
        insn.tok = b->tok;
    struct ir_block *blk = &b->fn->blocks.v[b->block];
    vec_push(b->arena, &blk->insns, insn);
    b->emitted++;
    return &vec_last(blk->insns);
}

ir_reg ir_const(struct ir_builder *b, int64_t v)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_CONST, .dst = r, .imm = v});
    return r;
}

void ir_mov(struct ir_builder *b, ir_reg dst, ir_reg a)
{
    ir_emit(b, (struct ir_insn){.op = IR_MOV, .dst = dst, .a = a});
}

ir_reg ir_bin(struct ir_builder *b, enum ir_bin op, ir_reg a, ir_reg c)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_BIN, .bin = op, .dst = r, .a = a, .b = c});
    return r;
}

ir_reg ir_bini(struct ir_builder *b, enum ir_bin op, ir_reg a, int64_t imm)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){
                   .op = IR_BIN, .bin = op, .dst = r, .a = a, .has_imm = true, .imm = imm});
    return r;
}

ir_reg ir_bin_fact(struct ir_builder *b, enum ir_bin op, ir_reg a, uint32_t fact,
                   enum fact_part part, int64_t here)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_BIN,
                                .bin = op,
                                .dst = r,
                                .a = a,
                                .has_imm = true,
                                .imm = here,
                                .fact = fact,
                                .part = (uint8_t)part});
    return r;
}

ir_reg ir_const_fact(struct ir_builder *b, uint32_t fact, enum fact_part part, int64_t here)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){
                   .op = IR_CONST, .dst = r, .imm = here, .fact = fact, .part = (uint8_t)part});
    return r;
}

ir_reg ir_set(struct ir_builder *b, enum ir_cc cc, ir_reg a, ir_reg c)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_SET, .cc = cc, .dst = r, .a = a, .b = c});
    return r;
}

ir_reg ir_seti(struct ir_builder *b, enum ir_cc cc, ir_reg a, int64_t imm)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(
        b, (struct ir_insn){.op = IR_SET, .cc = cc, .dst = r, .a = a, .has_imm = true, .imm = imm});
    return r;
}

ir_reg ir_load(struct ir_builder *b, struct ir_mem m, int size, bool is_signed)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b,
            (struct ir_insn){
                .op = IR_LOAD, .dst = r, .mem = m, .size = (uint8_t)size, .is_signed = is_signed});
    return r;
}

void ir_store(struct ir_builder *b, struct ir_mem m, int size, ir_reg v)
{
    ir_emit(b, (struct ir_insn){.op = IR_STORE, .mem = m, .size = (uint8_t)size, .a = v});
}

void ir_storei(struct ir_builder *b, struct ir_mem m, int size, int64_t v)
{
    ir_emit(b, (struct ir_insn){
                   .op = IR_STORE, .mem = m, .size = (uint8_t)size, .has_imm = true, .imm = v});
}

ir_reg ir_addr(struct ir_builder *b, struct ir_mem m)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_ADDR, .dst = r, .mem = m});
    return r;
}

void ir_jmp(struct ir_builder *b, uint32_t t)
{
    ir_emit(b, (struct ir_insn){.op = IR_JMP, .t = t});
}

void ir_br(struct ir_builder *b, enum ir_cc cc, ir_reg a, ir_reg c, uint32_t t, uint32_t f)
{
    ir_emit(b, (struct ir_insn){.op = IR_BR, .cc = cc, .a = a, .b = c, .t = t, .f = f});
}

void ir_bri(struct ir_builder *b, enum ir_cc cc, ir_reg a, int64_t imm, uint32_t t, uint32_t f)
{
    ir_emit(b, (struct ir_insn){
                   .op = IR_BR, .cc = cc, .a = a, .has_imm = true, .imm = imm, .t = t, .f = f});
}

void ir_yield(struct ir_builder *b, uint32_t t)
{
    ir_emit(b, (struct ir_insn){.op = IR_YIELD, .t = t});
}

void ir_at(struct ir_builder *b, uint32_t block)
{
    b->block = block;
}

static struct ir_arg *copy_args(struct ir_builder *b, int n, const struct ir_arg *args)
{
    struct ir_arg *a = arena_new_array(b->arena, struct ir_arg, n + 1);
    if (n)
        memcpy(a, args, sizeof *a * (size_t)n);
    return a;
}

ir_reg ir_call(struct ir_builder *b, int helper, int nargs, const struct ir_arg *args)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_CALL,
                                .dst = r,
                                .imm = helper,
                                .nargs = (uint8_t)nargs,
                                .args = copy_args(b, nargs, args)});
    return r;
}

ir_reg ir_lib(struct ir_builder *b, const char *fn, int nargs, const struct ir_arg *args)
{
    ir_reg r = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_LIB,
                                .dst = r,
                                .lib = fn,
                                .nargs = (uint8_t)nargs,
                                .args = copy_args(b, nargs, args)});
    return r;
}
