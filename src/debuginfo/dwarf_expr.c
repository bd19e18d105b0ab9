/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DWARF location expressions → struct dw_op. */
#include <dwarf.h>
#include <stdlib.h>

#include "debuginfo/dwarf_private.h"

struct translation {
    struct dw_module *m;
    Dwarf_Die *function;
    uint64_t pc;
    bool at_entry; /* registers still are as the caller left them */
    dw_op_vec *out;
    const char **why;
    bool value; /* DW_OP_stack_value, or a register by itself */
    int depth;
};

static void push(struct translation *t, enum dw_op_kind kind, int64_t num)
{
    struct dw_op op = {kind, num};
    vec_push(t->m->arena, t->out, op);
}

static bool refuse(struct translation *t, const char *why)
{
    *t->why = why;
    return false;
}

static bool translate(struct translation *t, const Dwarf_Op *ops, size_t n);

static bool frame_cfa(struct translation *t)
{
    Dwarf_Addr bias;
    Dwarf_CFI *both[] = {dwfl_module_eh_cfi(t->m->mod, &bias),
                         dwfl_module_dwarf_cfi(t->m->mod, &bias)};
    for (int i = 0; i < 2; i++) {
        Dwarf_Frame *frame;
        Dwarf_Op *ops;
        size_t n;
        if (!both[i] || dwarf_cfi_addrframe(both[i], t->pc, &frame) != 0)
            continue;
        bool found = dwarf_frame_cfa(frame, &ops, &n) == 0 && n > 0;
        bool ok = found && translate(t, ops, n); /* the operations may lie in the frame */
        free(frame);
        if (found)
            return ok;
    }
    return refuse(t, "there is no call frame information for this address");
}

static bool frame_base(struct translation *t, int64_t offset)
{
    Dwarf_Attribute a;
    Dwarf_Op *ops;
    size_t n;
    if (!t->function || !dwarf_attr_integrate(t->function, DW_AT_frame_base, &a) ||
        dwarf_getlocation_addr(&a, t->pc, &ops, &n, 1) != 1)
        return refuse(t, "its function has no frame base here");
    bool value = t->value;
    if (!translate(t, ops, n))
        return false;
    t->value = value;
    push(t, DW_CONST, offset);
    push(t, DW_ADD, 0);
    return true;
}

/* The value a register had when the function was entered. */
/* The inner expression: number2 points to its length and its bytes. */
static bool entry_value(struct translation *t, const Dwarf_Op *op)
{
    const unsigned char *p = (const unsigned char *)(uintptr_t)op->number2;
    while (*p++ & 0x80)
        ;
    if (op->number != 1 || *p < DW_OP_reg0 || *p > DW_OP_reg31)
        return refuse(t, "its value at the entry was in memory");
    push(t, t->at_entry ? DW_REG : DW_ENTRY_REG, *p - DW_OP_reg0);
    return true;
}

static bool binary(struct translation *t, int atom)
{
    static const struct {
        int atom;
        enum dw_op_kind kind;
    } ops[] = {{DW_OP_plus, DW_ADD}, {DW_OP_minus, DW_SUB}, {DW_OP_mul, DW_MUL},
               {DW_OP_and, DW_AND},  {DW_OP_or, DW_OR},     {DW_OP_xor, DW_XOR},
               {DW_OP_shl, DW_SHL},  {DW_OP_shr, DW_SHR},   {DW_OP_shra, DW_SHRA},
               {DW_OP_neg, DW_NEG},  {DW_OP_not, DW_NOT}};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].atom == atom) {
            push(t, ops[i].kind, 0);
            return true;
        }
    return false;
}

static bool one(struct translation *t, const Dwarf_Op *op)
{
    int atom = op->atom;
    if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31) {
        push(t, DW_CONST, atom - DW_OP_lit0);
        return true;
    }
    if (atom >= DW_OP_reg0 && atom <= DW_OP_reg31) {
        push(t, DW_REG, atom - DW_OP_reg0);
        t->value = true;
        return true;
    }
    if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31) {
        push(t, DW_REG, atom - DW_OP_breg0);
        push(t, DW_CONST, (int64_t)op->number);
        push(t, DW_ADD, 0);
        return true;
    }
    if (binary(t, atom))
        return true;
    switch (atom) {
    case DW_OP_regx:
        push(t, DW_REG, (int64_t)op->number);
        t->value = true;
        return true;
    case DW_OP_bregx:
        push(t, DW_REG, (int64_t)op->number);
        push(t, DW_CONST, (int64_t)op->number2);
        push(t, DW_ADD, 0);
        return true;
    case DW_OP_addr:
        push(t, DW_ADDR, (int64_t)op->number);
        return true;
    case DW_OP_const1u:
    case DW_OP_const1s:
    case DW_OP_const2u:
    case DW_OP_const2s:
    case DW_OP_const4u:
    case DW_OP_const4s:
    case DW_OP_const8u:
    case DW_OP_const8s:
    case DW_OP_constu:
    case DW_OP_consts:
        push(t, DW_CONST, (int64_t)op->number);
        return true;
    case DW_OP_plus_uconst:
        push(t, DW_CONST, (int64_t)op->number);
        push(t, DW_ADD, 0);
        return true;
    case DW_OP_deref:
        push(t, DW_DEREF, 8);
        return true;
    case DW_OP_deref_size:
        push(t, DW_DEREF, (int64_t)op->number);
        return true;
    case DW_OP_fbreg:
        return frame_base(t, (int64_t)op->number);
    case DW_OP_call_frame_cfa:
        return frame_cfa(t);
    case DW_OP_stack_value:
        t->value = true;
        return true;
    case DW_OP_entry_value:
    case DW_OP_GNU_entry_value:
        return entry_value(t, op);
    case DW_OP_nop:
        return true;
    case DW_OP_piece:
    case DW_OP_bit_piece:
        return refuse(t, "it is kept in several pieces");
    case DW_OP_implicit_pointer:
    case DW_OP_GNU_implicit_pointer:
        return refuse(t, "what it points to was optimised away");
    case DW_OP_form_tls_address:
    case DW_OP_GNU_push_tls_address:
        return refuse(t, "variables of a thread cannot be found");
    default:
        return refuse(t, "its location is of a kind that is not understood");
    }
}

static bool translate(struct translation *t, const Dwarf_Op *ops, size_t n)
{
    if (++t->depth > 8)
        return refuse(t, "its location refers to itself");
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++)
        ok = one(t, &ops[i]);
    t->depth--;
    return ok;
}

bool dw_translate(struct dw_module *m, const Dwarf_Op *ops, size_t n, Dwarf_Die *function,
                  uint64_t pc, bool at_entry, dw_op_vec *out, bool *memory, const char **why)
{
    struct translation t = {m, function, pc, at_entry, out, why, false, 0};
    if (n == 0)
        return refuse(&t, "it was optimised away here");
    if (!translate(&t, ops, n))
        return false;
    *memory = !t.value;
    return true;
}

bool dw_frame(struct dw_module *m, uint64_t pc, dw_op_vec *out)
{
    const char *why;
    struct translation t = {m, NULL, pc, false, out, &why, false, 0};
    out->n = 0;
    return frame_cfa(&t);
}
