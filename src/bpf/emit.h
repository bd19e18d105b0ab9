/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by emit.c (single instructions) and emit_flow.c (their order, entry and exits).
 *
 * Registers: r0–r5 within one IR instruction, r6 and r7 (and r8 where no called
 * function needs it) for values, r8 the frame of the running called function,
 * r9 the context.  [r10-8] keeps the program's own context. */
#pragma once
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

static inline bool fits16(int64_t v)
{
    return v == (int16_t)v;
}

/* emit.c: one IR instruction; `next` is the block that follows this one. */
void emit_insn(struct emitter *e, const struct ir_insn *i, uint32_t next);
/* The jump that is taken when cc holds between the instruction's operands: its place, to be
 * patched. */
uint32_t emit_compare(struct emitter *e, const struct ir_insn *i, enum ir_cc cc);

/* emit_flow.c: an instruction that leaves its block. */
void emit_control(struct emitter *e, const struct ir_insn *i, uint32_t next);
