/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to bpf/: instructions under construction, and what a generated
 * program consists of. */
#pragma once
#include <linux/bpf.h>

#include "bpf/bpf.h"

/* A place that is filled in when maps exist and functions have addresses. */
enum reloc_kind {
    RELOC_MAP,       /* ld_imm64 of a map: number */
    RELOC_MAP_VALUE, /* ld_imm64 of a map's value: number, offset */
    RELOC_FUNC,      /* ld_imm64 or call of subprogram `number` of the program */
    RELOC_FACT,      /* the immediate or the offset of an instruction is a part (offset) of fact
                        `number` (sema/facts.h) */
    RELOC_KINDS,     /* of those above an image is made */
    RELOC_LIB,       /* call of library function `lib`: becomes RELOC_FUNC when linked;
                        number: the map it is given + 1, or 0 */
};
struct reloc {
    uint32_t insn;
    enum reloc_kind kind;
    uint32_t number;
    uint32_t offset;
    const char *lib;
};

struct subprog {
    uint32_t start; /* first instruction */
    const char *name;
    bool global;    /* verified on its own */
    bool takes_ctx; /* first parameter: pointer to a context */
    uint8_t nargs;
};

struct code {
    struct arena *arena;
    VEC(struct bpf_insn) insns;
    VEC(struct reloc) relocs;
    VEC(struct subprog) subs;
};

static inline uint32_t code_here(const struct code *c)
{
    return (uint32_t)c->insns.n;
}

static inline uint32_t code_put(struct code *c, uint8_t op, int dst, int src, int off, int32_t imm)
{
    struct bpf_insn i = {.code = op,
                         .dst_reg = (uint8_t)(dst & 15),
                         .src_reg = (uint8_t)(src & 15),
                         .off = (int16_t)off,
                         .imm = imm};
    vec_push(c->arena, &c->insns, i);
    return code_here(c) - 1;
}

static inline void code_mov(struct code *c, int dst, int src)
{
    if (dst != src)
        code_put(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static inline void code_movi(struct code *c, int dst, int64_t imm)
{
    if (imm == (int32_t)imm) {
        code_put(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, (int32_t)imm);
        return;
    }
    code_put(c, BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, (int32_t)imm);
    code_put(c, 0, 0, 0, 0, (int32_t)(imm >> 32));
}

static inline void code_alui(struct code *c, int op, int dst, int32_t imm)
{
    code_put(c, (uint8_t)(BPF_ALU64 | op | BPF_K), dst, 0, 0, imm);
}

static inline void code_alu(struct code *c, int op, int dst, int src)
{
    code_put(c, (uint8_t)(BPF_ALU64 | op | BPF_X), dst, src, 0, 0);
}

static inline int size_bits(int size)
{
    return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

static inline void code_ldx(struct code *c, int size, int dst, int src, int off)
{
    code_put(c, (uint8_t)(BPF_LDX | BPF_MEM | size_bits(size)), dst, src, off, 0);
}

static inline void code_stx(struct code *c, int size, int dst, int off, int src)
{
    code_put(c, (uint8_t)(BPF_STX | BPF_MEM | size_bits(size)), dst, src, off, 0);
}

static inline void code_sti(struct code *c, int size, int dst, int off, int32_t imm)
{
    code_put(c, (uint8_t)(BPF_ST | BPF_MEM | size_bits(size)), dst, 0, off, imm);
}

static inline void code_call(struct code *c, int helper)
{
    code_put(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static inline void code_exit(struct code *c)
{
    code_put(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static inline void code_reloc(struct code *c, struct reloc r)
{
    r.insn = code_here(c);
    vec_push(c->arena, &c->relocs, r);
}

static inline void code_map(struct code *c, int dst, uint32_t map)
{
    code_reloc(c, (struct reloc){.kind = RELOC_MAP, .number = map});
    code_put(c, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_FD, 0, 0);
    code_put(c, 0, 0, 0, 0, 0);
}

static inline void code_map_value(struct code *c, int dst, uint32_t map, uint32_t off)
{
    code_reloc(c, (struct reloc){.kind = RELOC_MAP_VALUE, .number = map, .offset = off});
    code_put(c, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_VALUE, 0, 0);
    code_put(c, 0, 0, 0, 0, (int32_t)off);
}

/* emit.c: r2 = the slot of the system call; r1 is the context of a program at sys_enter
 * or sys_exit.  Uses r3. */
void code_syscall_slot(struct code *c, bool enter);

/* ---- contexts ---- */

/* Offsets in a context, for the whole image. */
struct ctx_layout {
    uint32_t out_off, out_size;
    uint32_t regex_off;             /* struct abi_regex_area; 0: none */
    uint32_t frame_off, frame_size; /* handlers' slots */
    uint32_t stack_off;             /* frames of called functions */
    uint32_t call_frame;            /* size of each */
    uint32_t stack_size;
    uint32_t size;
};

/* Behind the last place where a string may start there are two strings of room (a position in one
 * and a copy from there) and this. */
enum { STRING_SLACK = 64 };
enum { CALL_HEADER = 16 }; /* of a called function's frame: return state, saved fp */

/* ---- generated programs ---- */

struct gen_prog {
    const struct ir_prog *ir;
    struct code code;
};

/* Pass 4 at work. */
struct generation {
    struct session *session;
    struct ir_module *mod;
    VEC(struct gen_prog *) progs;
    struct ctx_layout layout;
    uint32_t lib_rodata_off;    /* of the library's read-only data in its map */
    uint32_t script_rodata_off; /* of the script's */
};

/* regs.c: where each vreg and slot of a function lives. */
enum home_kind { HOME_NONE, HOME_REG, HOME_STACK, HOME_FRAME, HOME_CONST };
struct home {
    enum home_kind kind;
    int reg;
    int32_t off;   /* HOME_STACK: from r10; HOME_FRAME: from the frame */
    int64_t value; /* HOME_CONST */
};
struct func_alloc {
    struct home *vregs; /* 1 … nregs */
    struct home *slots; /* HOME_STACK or HOME_FRAME */
    uint32_t *order;    /* reachable blocks, all but yield edges forward */
    uint32_t norder;
    bool *resume;       /* by block: entered by a yield or behind a call */
    int32_t stack_used; /* bytes below r10 */
    int32_t stack_max;  /* … that may be */
    uint32_t frame_used;
    bool uses_frame;
};
/* machine: the prog runs as a machine; `reserved` bytes below r10 are taken. */
void alloc_function(struct arena *a, struct ir_func *f, bool machine, bool dynamic, int nregs_free,
                    int32_t reserved, uint32_t frame_start, struct func_alloc *out);

/* emit.c */
bool emit_prog(struct generation *gen, struct gen_prog *g, struct func_alloc *allocs);
bool prog_is_machine(const struct ir_prog *p);
bool prog_needs_ctx(const struct ir_prog *p, const struct func_alloc *allocs);

/* link.c */
bool link_library(struct session *s, struct generation *gen, struct gen_prog *g);

/* btfgen.c: BTF for the subprograms of one program; arena memory. */
void *btf_for_prog(struct arena *a, const struct code *c, uint32_t ctx_size, uint32_t *len,
                   struct bpf_func_info **infos);
