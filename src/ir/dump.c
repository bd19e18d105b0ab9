/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -p3: the IR as text, and checks of its structure. */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "ir/ir.h"

static void dump_mem(struct strbuf *out, const struct ir_mem *m)
{
    static const char *const kinds[] = {"slot",   "callee", "global",  "rodata", "context",
                                        "output", "ptr",    "program", "btf"};
    strbuf_printf(out, "%s", kinds[m->kind]);
    if (m->kind == IRM_SLOT || m->kind == IRM_CALLEE)
        strbuf_printf(out, "%u", m->id);
    if (m->kind == IRM_PTR || m->kind == IRM_BTF)
        strbuf_printf(out, " v%u", m->reg);
    strbuf_printf(out, "[%+d", m->off);
    if (m->idx)
        strbuf_printf(out, " + v%u (at most %u)", m->idx, m->idx_max);
    strbuf_putc(out, ']');
}

static void dump_args(struct strbuf *out, const struct ir_insn *i)
{
    for (int k = 0; k < i->nargs; k++) {
        const struct ir_arg *a = &i->args[k];
        strbuf_puts(out, k ? ", " : "");
        switch (a->kind) {
        case IRA_REG:
            strbuf_printf(out, "v%u", a->reg);
            break;
        case IRA_IMM:
            strbuf_printf(out, "%lld", (long long)a->imm);
            break;
        case IRA_MEM:
        case IRA_CTXOFF:
            strbuf_puts(out, a->kind == IRA_MEM ? "&" : "offset of ");
            dump_mem(out, &a->mem);
            break;
        case IRA_MAP:
            strbuf_printf(out, "map %u", a->id);
            break;
        case IRA_PROG:
            strbuf_puts(out, "program context");
            break;
        case IRA_CTX:
            strbuf_puts(out, "context");
            break;
        }
    }
}

static void dump_second(struct strbuf *out, const struct ir_insn *i)
{
    if (i->fact)
        strbuf_printf(out, "fact %u.%u (%lld)", i->fact, i->part, (long long)i->imm);
    else if (i->has_imm)
        strbuf_printf(out, "%lld", (long long)i->imm);
    else
        strbuf_printf(out, "v%u", i->b);
}

static void dump_insn(struct strbuf *out, const struct ir_insn *i)
{
    static const char *const bins[] = {"+",   "-",  "*", "&", "|",  "^", "<<",
                                       ">>>", ">>", "/", "%", "/u", "%u"};
    static const char *const ccs[] = {"==", "!=", "<", "<=", ">", ">=", "<u", "<=u", ">u", ">=u"};
    strbuf_puts(out, "    ");
    if (i->dst)
        strbuf_printf(out, "v%u = ", i->dst);
    switch (i->op) {
    case IR_CONST:
        strbuf_printf(out, "%lld", (long long)i->imm);
        break;
    case IR_MOV:
        strbuf_printf(out, "v%u", i->a);
        break;
    case IR_BIN:
        strbuf_printf(out, "v%u %s ", i->a, bins[i->bin]);
        dump_second(out, i);
        break;
    case IR_NEG:
    case IR_NOT:
        strbuf_printf(out, "%sv%u", i->op == IR_NEG ? "-" : "~", i->a);
        break;
    case IR_SET:
        strbuf_printf(out, "v%u %s ", i->a, ccs[i->cc]);
        dump_second(out, i);
        break;
    case IR_LOAD:
        strbuf_printf(out, "load%u%s ", i->size * 8, i->is_signed ? "s" : "");
        dump_mem(out, &i->mem);
        break;
    case IR_STORE:
        strbuf_printf(out, "store%u ", i->size * 8);
        dump_mem(out, &i->mem);
        if (i->has_imm)
            strbuf_printf(out, ", %lld", (long long)i->imm);
        else
            strbuf_printf(out, ", v%u", i->a);
        break;
    case IR_ADDR:
        strbuf_puts(out, "&");
        dump_mem(out, &i->mem);
        break;
    case IR_ATOMIC_ADD:
    case IR_ATOMIC_XCHG:
    case IR_ATOMIC_CMPXCHG:
        strbuf_puts(out, i->op == IR_ATOMIC_ADD    ? "atomic add "
                         : i->op == IR_ATOMIC_XCHG ? "exchange "
                                                   : "compare and exchange ");
        dump_mem(out, &i->mem);
        if (i->has_imm)
            strbuf_printf(out, ", %lld", (long long)i->imm);
        else
            strbuf_printf(out, ", v%u", i->a);
        if (i->b)
            strbuf_printf(out, ", v%u", i->b);
        break;
    case IR_CALL:
        strbuf_printf(out, "helper %lld(", (long long)i->imm);
        dump_args(out, i);
        strbuf_putc(out, ')');
        break;
    case IR_LIB:
        strbuf_printf(out, "%s(", i->lib);
        dump_args(out, i);
        strbuf_putc(out, ')');
        break;
    case IR_ZERO:
        strbuf_printf(out, "zero %lld bytes of ", (long long)i->imm);
        dump_mem(out, &i->mem);
        break;
    case IR_COPY:
        strbuf_printf(out, "copy %lld bytes to ", (long long)i->imm);
        dump_mem(out, &i->mem);
        strbuf_puts(out, " from ");
        dump_mem(out, &i->mem2);
        break;
    case IR_JMP:
        strbuf_printf(out, "goto b%u", i->t);
        break;
    case IR_BR:
        strbuf_printf(out, "if v%u %s ", i->a, ccs[i->cc]);
        dump_second(out, i);
        strbuf_printf(out, " goto b%u else b%u", i->t, i->f);
        break;
    case IR_YIELD:
        strbuf_printf(out, "yield to b%u", i->t);
        break;
    case IR_CALLFN:
        strbuf_printf(out, "call function %u, back to b%u", i->fn, i->t);
        break;
    case IR_FRET:
        strbuf_puts(out, "return");
        break;
    case IR_RET:
        strbuf_puts(out, "end");
        break;
    }
}

static void dump_func(struct strbuf *out, const struct ir_func *f)
{
    vec_for (s, f->slots)
        strbuf_printf(out, "  slot%zu: %u bytes%s  # %s\n", s, f->slots.v[s].size,
                      f->slots.v[s].frame ? " in the frame" : "", f->slots.v[s].name);
    const struct token *last = NULL;
    vec_for (b, f->blocks) {
        const struct ir_block *blk = &f->blocks.v[b];
        strbuf_printf(out, "  b%zu:  # %s\n", b, blk->label ? blk->label : "");
        vec_for (i, blk->insns) {
            const struct token *t = blk->insns.v[i].tok;
            dump_insn(out, &blk->insns.v[i]);
            if (t && t->src && (!last || t->line != last->line || t->src != last->src)) {
                strbuf_printf(out, "  # %s:%u", t->src->name, t->line);
                last = t;
            }
            strbuf_putc(out, '\n');
        }
    }
}

void ir_dump(struct strbuf *out, const struct ir_module *m)
{
    vec_for (i, m->maps) {
        const struct ir_map *map = &m->maps.v[i];
        static const char *const kinds[] = {"hash",  "LRU-hash",      "per-CPU hash",
                                            "array", "per-CPU array", "counter"};
        strbuf_printf(out, "map %zu: %s %s, key %u, value %u bytes", i + IR_MAP_FIRST,
                      kinds[map->kind], map->name, map->key_size, map->value_size);
        if (map->max_entries == IR_PER_CONTEXT)
            strbuf_puts(out, ", one entry for each context\n");
        else
            strbuf_printf(out, ", %u entries\n", map->max_entries);
    }
    vec_for (p, m->progs) {
        const struct ir_prog *prog = m->progs.v[p];
        strbuf_printf(out, "probe %s\n", prog->probe->pp);
        vec_for (f, prog->funcs) {
            if (f)
                strbuf_printf(out, " function %zu: %s\n", f, prog->funcs.v[f]->name);
            dump_func(out, prog->funcs.v[f]);
        }
    }
}

const char *ir_check(const struct ir_module *m)
{
    vec_for (p, m->progs)
        vec_for (f, m->progs.v[p]->funcs) {
            const struct ir_func *fn = m->progs.v[p]->funcs.v[f];
            vec_for (b, fn->blocks) {
                const struct ir_block *blk = &fn->blocks.v[b];
                if (!blk->insns.n)
                    continue; /* never reached */
                vec_for (i, blk->insns) {
                    const struct ir_insn *in = &blk->insns.v[i];
                    bool last = i + 1 == blk->insns.n;
                    if ((in->op >= IR_JMP) != last)
                        return "a block does not end with its terminator";
                    if (in->dst > fn->nregs || in->a > fn->nregs || in->b > fn->nregs)
                        return "a register that was never made";
                    if (last && in->op <= IR_CALLFN &&
                        (in->t >= fn->blocks.n || (in->op == IR_BR && in->f >= fn->blocks.n)))
                        return "a jump to no block";
                }
            }
        }
    return NULL;
}
