/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Appends the library functions that a program calls, and those they call. */
#include <stdlib.h>
#include <string.h>

#include "bpf/code.h"
#include "bpf/rtlib.h"

static int find_function(const char *name)
{
    for (uint32_t i = 0; i < rtlib_nfunctions; i++)
        if (strcmp(rtlib_functions[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* A library function in the program.  One that is given a map is there once for
 * each map: old verifiers refuse an instruction that meets two. */
struct placed {
    uint32_t fn, map; /* map + 1; 0: none */
    uint32_t sub;
};

struct linker {
    struct generation *gen;
    struct code *c;
    VEC(struct placed) placed; /* in order of their subprograms; placed one after the other */
};

static uint32_t want(struct linker *l, uint32_t fn, uint32_t map)
{
    const struct lib_function *f = &rtlib_functions[fn];
    vec_for (i, l->placed)
        if (l->placed.v[i].fn == fn && l->placed.v[i].map == map)
            return l->placed.v[i].sub;
    struct subprog s = {
        .name = f->name, .global = f->global, .takes_ctx = f->takes_ctx, .nargs = f->nargs};
    struct placed p = {fn, map, (uint32_t)l->c->subs.n};
    vec_push(l->c->arena, &l->c->subs, s);
    vec_push(l->c->arena, &l->placed, p);
    return p.sub;
}

static void place(struct linker *l, struct placed p)
{
    const struct lib_function *f = &rtlib_functions[p.fn];
    struct code *c = l->c;
    uint32_t start = code_here(c);
    c->subs.v[p.sub].start = start;
    for (uint32_t i = 0; i < f->ninsns; i++)
        vec_push(c->arena, &c->insns, f->insns[i]);
    for (uint32_t i = 0; i < f->nrelocs; i++) {
        const struct lib_reloc *r = &f->relocs[i];
        struct reloc out = {.insn = start + r->insn, .kind = RELOC_MAP_VALUE, .offset = r->addend};
        struct bpf_insn *in = &c->insns.v[out.insn];
        switch (r->kind) {
        case LIB_FUNC:
            out.kind = RELOC_FUNC;
            out.number = want(l, r->index, 0);
            in = &c->insns.v[out.insn];
            if (r->address)
                in->src_reg = BPF_PSEUDO_FUNC;
            vec_push(c->arena, &c->relocs, out);
            continue;
        case LIB_SESSION:
            out.number = IR_MAP_FIXED_GLOBALS;
            break;
        case LIB_CONSTS:
            out.number = IR_MAP_FIXED_RODATA;
            break;
        case LIB_RODATA:
            out.number = IR_MAP_FIXED_RODATA;
            out.offset += l->gen->lib_rodata_off;
            break;
        default:
            out.kind = RELOC_MAP;
            out.number = r->kind == LIB_RING      ? IR_MAP_FIXED_RING
                         : r->kind == LIB_CTX     ? IR_MAP_FIXED_CTX
                         : r->kind == LIB_MODULES ? IR_MAP_FIXED_MODULES
                         : r->kind == LIB_TABLES  ? IR_MAP_FIXED_TABLES
                                                  : IR_MAP_FIXED_GLOBALS;
        }
        in->src_reg = out.kind == RELOC_MAP ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
        in[0].imm = 0;
        in[1].imm = out.kind == RELOC_MAP ? 0 : (int32_t)out.offset;
        vec_push(c->arena, &c->relocs, out);
    }
}

bool link_library(struct session *s, struct generation *gen, struct gen_prog *g)
{
    struct code *c = &g->code;
    struct linker l = {.gen = gen, .c = c};
    size_t own = c->relocs.n;
    for (size_t i = 0; i < own; i++) {
        struct reloc *r = &c->relocs.v[i];
        if (r->kind != RELOC_LIB)
            continue;
        int fn = find_function(r->lib);
        if (fn < 0) {
            diag_error(&s->diag, "the runtime library has no function %s: this is a bug in stap",
                       r->lib);
            return false;
        }
        uint32_t sub = want(&l, (uint32_t)fn, r->number);
        c->relocs.v[i].kind = RELOC_FUNC;
        c->relocs.v[i].number = sub;
    }
    for (size_t i = 0; i < l.placed.n; i++)
        place(&l, l.placed.v[i]);
    /* All functions have their place: calls and callback addresses are relative. */
    vec_for (i, c->relocs) {
        const struct reloc *r = &c->relocs.v[i];
        if (r->kind == RELOC_FUNC)
            c->insns.v[r->insn].imm = (int32_t)(c->subs.v[r->number].start - r->insn - 1);
    }
    return true;
}
