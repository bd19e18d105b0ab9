/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pass 4: all progs of a module → instructions, and the layout of contexts that
 * they share. */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "bpf/image.h"
#include "bpf/rtlib.h"

static uint32_t round_up(uint32_t n, uint32_t to)
{
    return (n + to - 1) / to * to;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Homes for all functions of a prog; the layout grows to what it needs. */
static struct func_alloc *allocate(struct generation *gen, const struct ir_prog *p)
{
    struct arena *a = gen->mod->arena;
    struct func_alloc *al = arena_new_array(a, struct func_alloc, p->funcs.n);
    bool machine = prog_is_machine(p);
    int nregs = p->funcs.n > 1 ? 2 : 3;
    int32_t stack = 16;
    vec_for (f, p->funcs) {
        /* Functions of a machine share one BPF stack frame: one behind the other. */
        alloc_function(a, p->funcs.v[f], machine, f > 0, nregs, stack, f ? CALL_HEADER : 0, &al[f]);
        stack = al[f].stack_used;
        if (f == 0)
            gen->layout.frame_size = max_u32(gen->layout.frame_size, al[f].frame_used);
        else
            gen->layout.call_frame = max_u32(gen->layout.call_frame, al[f].frame_used);
    }
    return al;
}

struct bpf_image *bpf_generate(struct session *s, struct ir_module *mod)
{
    struct arena *a = mod->arena;
    struct generation *gen = arena_new_obj(a, struct generation);
    gen->session = s;
    gen->mod = mod;
    gen->lib_rodata_off = round_up(sizeof(struct abi_const), 64);
    gen->script_rodata_off = round_up(gen->lib_rodata_off + rtlib_rodata_size, 64);

    struct func_alloc **allocs = arena_new_array(a, struct func_alloc *, mod->progs.n + 1);
    vec_for (i, mod->progs)
        allocs[i] = allocate(gen, mod->progs.v[i]);

    struct ctx_layout *l = &gen->layout;
    l->call_frame = round_up(l->call_frame, 8);
    l->out_off = sizeof(struct abi_ctx);
    l->out_size = mod->out_size;
    uint32_t end = round_up(l->out_off + mod->out_size + mod->out_slack, 16);
    if (mod->regex_captures) {
        l->regex_off = end;
        end += sizeof(struct abi_regex_area) + mod->maxstringlen;
    }
    l->frame_off = round_up(end, 16);
    l->stack_off = round_up(l->frame_off + l->frame_size, 16);
    l->stack_size = l->call_frame * (mod->maxnesting + 3);
    /* Library functions may write a whole string wherever one starts. */
    l->size = round_up(l->stack_off + l->stack_size + 2 * mod->maxstringlen + STRING_SLACK, 64);

    vec_for (i, mod->progs) {
        struct gen_prog *g = arena_new_obj(a, struct gen_prog);
        g->ir = mod->progs.v[i];
        if (!emit_prog(gen, g, allocs[i]) || !link_library(s, gen, g))
            return NULL;
        vec_push(a, &gen->progs, g);
    }
    return image_make(gen);
}

/* ---- --dump-bpf ---- */

static const char *alu_name(int op)
{
    switch (op) {
    case BPF_ADD:
        return "+=";
    case BPF_SUB:
        return "-=";
    case BPF_MUL:
        return "*=";
    case BPF_DIV:
        return "/=";
    case BPF_OR:
        return "|=";
    case BPF_AND:
        return "&=";
    case BPF_LSH:
        return "<<=";
    case BPF_RSH:
        return ">>=";
    case BPF_MOD:
        return "%=";
    case BPF_XOR:
        return "^=";
    case BPF_MOV:
        return "=";
    case BPF_ARSH:
        return "s>>=";
    default:
        return "?=";
    }
}

static const char *jump_name(int op)
{
    switch (op) {
    case BPF_JEQ:
        return "==";
    case BPF_JGT:
        return ">";
    case BPF_JGE:
        return ">=";
    case BPF_JSET:
        return "&";
    case BPF_JNE:
        return "!=";
    case BPF_JSGT:
        return "s>";
    case BPF_JSGE:
        return "s>=";
    case BPF_JLT:
        return "<";
    case BPF_JLE:
        return "<=";
    case BPF_JSLT:
        return "s<";
    case BPF_JSLE:
        return "s<=";
    default:
        return "?";
    }
}

static const char *size_name(int code)
{
    switch (BPF_SIZE(code)) {
    case BPF_B:
        return "u8";
    case BPF_H:
        return "u16";
    case BPF_W:
        return "u32";
    default:
        return "u64";
    }
}

static void dump_insn(struct strbuf *out, const struct bpf_insn *i, uint32_t at)
{
    int cls = BPF_CLASS(i->code), op = BPF_OP(i->code);
    strbuf_printf(out, "%5u: ", at);
    switch (cls) {
    case BPF_ALU:
    case BPF_ALU64:
        if (op == BPF_NEG)
            strbuf_printf(out, "r%d = -r%d", i->dst_reg, i->dst_reg);
        else if (op == BPF_END)
            strbuf_printf(out, "r%d = bswap%d r%d", i->dst_reg, i->imm, i->dst_reg);
        else if (BPF_SRC(i->code) == BPF_X)
            strbuf_printf(out, "%c%d %s %c%d", cls == BPF_ALU ? 'w' : 'r', i->dst_reg, alu_name(op),
                          cls == BPF_ALU ? 'w' : 'r', i->src_reg);
        else
            strbuf_printf(out, "%c%d %s %d", cls == BPF_ALU ? 'w' : 'r', i->dst_reg, alu_name(op),
                          i->imm);
        break;
    case BPF_LD:
        strbuf_printf(out, "r%d = imm64 (%d) %#llx", i->dst_reg, i->src_reg,
                      (unsigned long long)(uint32_t)i[0].imm |
                          (unsigned long long)(uint32_t)i[1].imm << 32);
        break;
    case BPF_LDX:
        strbuf_printf(out, "r%d = *(%s *)(r%d %+d)", i->dst_reg, size_name(i->code), i->src_reg,
                      i->off);
        break;
    case BPF_ST:
        strbuf_printf(out, "*(%s *)(r%d %+d) = %d", size_name(i->code), i->dst_reg, i->off, i->imm);
        break;
    case BPF_STX:
        if (BPF_MODE(i->code) == BPF_ATOMIC)
            strbuf_printf(out, "atomic(%#x) ", i->imm);
        strbuf_printf(out, "*(%s *)(r%d %+d) = r%d", size_name(i->code), i->dst_reg, i->off,
                      i->src_reg);
        break;
    default:
        if (op == BPF_CALL)
            strbuf_printf(out, i->src_reg ? "call %+d" : "call helper %d", i->imm);
        else if (op == BPF_EXIT)
            strbuf_puts(out, "exit");
        else if (op == BPF_JA)
            strbuf_printf(out, "goto %u", at + 1 + (uint32_t)i->off);
        else if (BPF_SRC(i->code) == BPF_X)
            strbuf_printf(out, "if r%d %s r%d goto %u", i->dst_reg, jump_name(op), i->src_reg,
                          at + 1 + (uint32_t)i->off);
        else
            strbuf_printf(out, "if r%d %s %d goto %u", i->dst_reg, jump_name(op), i->imm,
                          at + 1 + (uint32_t)i->off);
    }
    strbuf_putc(out, '\n');
}

void bpf_dump(struct strbuf *out, const struct bpf_image *img)
{
    vec_for (p, img->probes) {
        const struct image_probe *g = &img->probes.v[p];
        strbuf_printf(out, "probe %s: %zu instructions\n", g->pp, g->code.insns.n);
        for (uint32_t i = 0; i < g->code.insns.n; i++) {
            vec_for (s, g->code.subs)
                if (g->code.subs.v[s].start == i)
                    strbuf_printf(out, "%s:\n", g->code.subs.v[s].name);
            dump_insn(out, &g->code.insns.v[i], i);
            if (g->code.insns.v[i].code == (BPF_LD | BPF_IMM | BPF_DW))
                i++;
        }
    }
}
