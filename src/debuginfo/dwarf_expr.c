/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DWARF location expressions → struct dw_place. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

struct translation {
    struct dw_module *m;
    Dwarf_Attribute *attr; /* that the operations are of; NULL: of none */
    const struct dw_at *at;
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

/* How to compute the CFA at pc: n operations, which may lie in what has to be freed.  NULL: there
 * is no call frame information. */
static Dwarf_Frame *cfa_at(struct dw_module *m, uint64_t pc, Dwarf_Op **ops, size_t *n)
{
    Dwarf_Addr bias;
    Dwarf_CFI *both[] = {dwfl_module_eh_cfi(m->mod, &bias), dwfl_module_dwarf_cfi(m->mod, &bias)};
    for (int i = 0; i < 2; i++) {
        Dwarf_Frame *frame;
        if (!both[i] || dwarf_cfi_addrframe(both[i], pc, &frame) != 0)
            continue;
        if (dwarf_frame_cfa(frame, ops, n) == 0 && *n > 0)
            return frame;
        free(frame);
    }
    return NULL;
}

static bool frame_cfa(struct translation *t)
{
    Dwarf_Op *ops;
    size_t n;
    Dwarf_Frame *frame = cfa_at(t->m, t->at->pc, &ops, &n);
    bool ok = frame && translate(t, ops, n);
    free(frame);
    return frame ? ok : refuse(t, "there is no call frame information for this address");
}

/* The end of the function's prologue, as the table of lines tells it; 0: it does not. */
static uint64_t prologue_end(Dwarf_Die *function)
{
    Dwarf_Die cu;
    Dwarf_Addr entry, end;
    if (!dwarf_diecu(function, &cu, NULL, NULL) || dwarf_entrypc(function, &entry) != 0 ||
        dwarf_highpc(function, &end) != 0)
        return 0;
    return dw_row_with(&cu, entry, end, dwarf_lineprologueend);
}

/* A frame base that is a register by itself is there behind the prologue only.  Before that it is
 * so far from the CFA as it will be then: *below. */
static bool base_to_come(struct translation *t, const Dwarf_Op *base, int64_t *below)
{
    Dwarf_Op *ops;
    size_t n;
    if (base->atom < DW_OP_reg0 || base->atom > DW_OP_reg31)
        return false;
    uint64_t body = prologue_end(t->at->function);
    if (t->at->pc >= body)
        return false;
    Dwarf_Frame *frame = cfa_at(t->m, body, &ops, &n);
    bool same = frame && n == 1 &&
                ((ops->atom == DW_OP_bregx && ops->number == (Dwarf_Word)base->atom - DW_OP_reg0) ||
                 ops->atom == base->atom - DW_OP_reg0 + DW_OP_breg0);
    if (same)
        *below = ops->atom == DW_OP_bregx ? (int64_t)ops->number2 : (int64_t)ops->number;
    free(frame);
    return same;
}

static bool frame_base(struct translation *t, int64_t offset)
{
    Dwarf_Attribute a, *outer = t->attr;
    Dwarf_Op *ops;
    size_t n;
    if (!t->at->function || !dwarf_attr_integrate(t->at->function, DW_AT_frame_base, &a) ||
        dwarf_getlocation_addr(&a, t->at->pc, &ops, &n, 1) != 1)
        return refuse(t, "its function has no frame base here");
    bool value = t->value;
    int64_t below;
    t->attr = &a;
    if (n == 1 && base_to_come(t, ops, &below)) {
        if (!frame_cfa(t))
            return false;
        offset -= below;
    } else if (!translate(t, ops, n)) {
        return false;
    }
    t->attr = outer;
    t->value = value;
    push(t, DW_CONST, offset);
    push(t, DW_ADD, 0);
    return true;
}

/* The value a register had when the function was entered.  The inner expression: number2 points
 * to its length and its bytes. */
static bool entry_value(struct translation *t, const Dwarf_Op *op)
{
    const unsigned char *p = (const unsigned char *)(uintptr_t)op->number2;
    while (*p++ & 0x80)
        ;
    if (op->number != 1 || *p < DW_OP_reg0 || *p > DW_OP_reg31)
        return refuse(t, "its value at the entry was in memory");
    push(t, t->at->entry ? DW_REG : DW_ENTRY_REG, *p - DW_OP_reg0);
    return true;
}

/* Operations that are the same here, but for their names. */
static bool simple(struct translation *t, int atom)
{
    static const struct {
        int atom;
        enum dw_op_kind kind;
    } ops[] = {
        {DW_OP_plus, DW_ADD},  {DW_OP_minus, DW_SUB}, {DW_OP_mul, DW_MUL}, {DW_OP_and, DW_AND},
        {DW_OP_or, DW_OR},     {DW_OP_xor, DW_XOR},   {DW_OP_shl, DW_SHL}, {DW_OP_shr, DW_SHR},
        {DW_OP_shra, DW_SHRA}, {DW_OP_neg, DW_NEG},   {DW_OP_not, DW_NOT}, {DW_OP_div, DW_DIV},
        {DW_OP_mod, DW_MOD},   {DW_OP_eq, DW_EQ},     {DW_OP_ne, DW_NE},   {DW_OP_lt, DW_LT},
        {DW_OP_le, DW_LE},     {DW_OP_gt, DW_GT},     {DW_OP_ge, DW_GE},   {DW_OP_drop, DW_DROP},
        {DW_OP_swap, DW_SWAP}, {DW_OP_rot, DW_ROT},   {DW_OP_dup, DW_PICK}};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].atom == atom) {
            push(t, ops[i].kind, 0);
            return true;
        }
    return false;
}

/* ---- typed operations ---- */

/* What is on the stack becomes a value of a base type; they are all kept in 64 bits. */
static bool convert(struct translation *t, Dwarf_Die *type)
{
    Dwarf_Attribute a;
    Dwarf_Word encoding = 0;
    int size = dwarf_bytesize(type);
    if (dwarf_attr_integrate(type, DW_AT_encoding, &a))
        dwarf_formudata(&a, &encoding);
    if (encoding == DW_ATE_float || encoding == DW_ATE_complex_float || size < 1 || size > 8)
        return refuse(t, "it is computed from a floating-point number");
    if (size == 8)
        return true;
    bool sign = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
    if (!sign) {
        push(t, DW_CONST, (int64_t)((1ull << size * 8) - 1));
        push(t, DW_AND, 0);
        return true;
    }
    push(t, DW_CONST, 64 - size * 8);
    push(t, DW_SHL, 0);
    push(t, DW_CONST, 64 - size * 8);
    push(t, DW_SHRA, 0);
    return true;
}

static bool typed(struct translation *t, const Dwarf_Op *op)
{
    Dwarf_Die type;
    Dwarf_Block block;
    int64_t n = 0;
    /* Type 0: the generic one. */
    bool conversion = op->atom == DW_OP_convert || op->atom == DW_OP_GNU_convert ||
                      op->atom == DW_OP_reinterpret || op->atom == DW_OP_GNU_reinterpret;
    if (conversion && op->number == 0)
        return true;
    if (!t->attr || dwarf_getlocation_die(t->attr, op, &type) != 0)
        return refuse(t, "the type of its location is not understood");
    switch (op->atom) {
    case DW_OP_regval_type:
    case DW_OP_GNU_regval_type:
        push(t, DW_REG, (int64_t)op->number);
        break;
    case DW_OP_deref_type:
    case DW_OP_GNU_deref_type:
        push(t, DW_DEREF, (int64_t)op->number);
        break;
    case DW_OP_const_type:
    case DW_OP_GNU_const_type:
        if (dwarf_getlocation_implicit_value(t->attr, op, &block) != 0 || block.length > sizeof n)
            return refuse(t, "the constant in its location is not understood");
        memcpy(&n, block.data, block.length);
        push(t, DW_CONST, n);
        break;
    }
    return convert(t, &type);
}

/* ---- one operation ---- */

/* An address or a constant that stands in a table of the unit. */
static bool indexed(struct translation *t, const Dwarf_Op *op)
{
    Dwarf_Attribute a;
    Dwarf_Addr addr;
    Dwarf_Word n;
    if (!t->attr || dwarf_getlocation_attr(t->attr, op, &a) != 0)
        return refuse(t, "the table that its location is in is missing");
    if (op->atom == DW_OP_addrx || op->atom == DW_OP_GNU_addr_index) {
        if (dwarf_formaddr(&a, &addr) != 0)
            return refuse(t, "the table that its location is in is missing");
        push(t, DW_ADDR, (int64_t)addr);
        return true;
    }
    /* An offset in thread-local storage stands there like an address. */
    if (dwarf_formaddr(&a, &addr) == 0)
        n = addr;
    else if (dwarf_formudata(&a, &n) != 0)
        return refuse(t, "the table that its location is in is missing");
    push(t, DW_CONST, (int64_t)n);
    return true;
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
    if (simple(t, atom))
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
    case DW_OP_addrx:
    case DW_OP_constx:
    case DW_OP_GNU_addr_index:
    case DW_OP_GNU_const_index:
        return indexed(t, op);
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
    case DW_OP_over:
        push(t, DW_PICK, 1);
        return true;
    case DW_OP_pick:
        push(t, DW_PICK, (int64_t)op->number);
        return true;
    case DW_OP_deref:
        push(t, DW_DEREF, dw_is_64(t->m) ? 8 : 4);
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
    case DW_OP_GNU_uninit:
        return true;
    case DW_OP_convert:
    case DW_OP_GNU_convert:
    case DW_OP_reinterpret:
    case DW_OP_GNU_reinterpret:
    case DW_OP_regval_type:
    case DW_OP_GNU_regval_type:
    case DW_OP_deref_type:
    case DW_OP_GNU_deref_type:
    case DW_OP_const_type:
    case DW_OP_GNU_const_type:
        return typed(t, op);
    case DW_OP_form_tls_address:
    case DW_OP_GNU_push_tls_address:
        return dw_thread_local(t->m, t->out, t->why);
    case DW_OP_bit_piece:
        return refuse(t, "it is kept in pieces that are no whole bytes");
    case DW_OP_implicit_pointer:
    case DW_OP_GNU_implicit_pointer:
        return refuse(t, "what it points to was optimised away");
    case DW_OP_GNU_parameter_ref:
        return refuse(t, "it depends on a parameter that was optimised away");
    default:
        return refuse(t, "its location is of a kind that is not understood");
    }
}

/* The operation that a branch goes to, counted from ops; n: none. */
static size_t goes_to(const Dwarf_Op *ops, size_t n, size_t from)
{
    enum { LENGTH = 3 }; /* bytes of a branch */
    int64_t to = (int64_t)ops[from].offset + LENGTH + (int16_t)ops[from].number;
    for (size_t i = from + 1; i < n; i++)
        if ((int64_t)ops[i].offset == to)
            return i;
    return n;
}

static bool translate(struct translation *t, const Dwarf_Op *ops, size_t n)
{
    enum { MAX = 256 };
    size_t begins[MAX + 1]; /* where in out an operation's translation begins */
    size_t branches = 0;
    if (++t->depth > 8 || n > MAX)
        return refuse(t, "its location refers to itself");
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        bool skip = ops[i].atom == DW_OP_skip, branch = ops[i].atom == DW_OP_bra;
        begins[i] = t->out->n;
        if (!skip && !branch) {
            ok = one(t, &ops[i]);
            continue;
        }
        size_t to = goes_to(ops, n, i);
        const Dwarf_Op *last = &ops[n - 1];
        bool end =
            to == n && (int64_t)last->offset < (int64_t)ops[i].offset + 3 + (int16_t)ops[i].number;
        if (to == n && !end)
            return refuse(t, "its location is a loop");
        push(t, skip ? DW_JUMP : DW_IF, (int64_t)to);
        branches++;
    }
    begins[n] = t->out->n;
    for (size_t i = 0; ok && branches && i < n; i++)
        if (ops[i].atom == DW_OP_skip || ops[i].atom == DW_OP_bra) {
            struct dw_op *op = &t->out->v[begins[i]];
            op->num = (int64_t)begins[op->num];
        }
    t->depth--;
    return ok;
}

/* ---- whole locations ---- */

/* Before DWARF 4 there was no way to say that a constant is a value.  No variable has an address
 * that is known so early, as there is DW_OP_addr for that. */
static bool is_constant(const dw_op_vec *ops)
{
    vec_for (i, *ops) {
        enum dw_op_kind kind = ops->v[i].kind;
        if (kind == DW_REG || kind == DW_ENTRY_REG || kind == DW_ADDR || kind == DW_THREAD ||
            kind == DW_DEREF)
            return false;
    }
    return true;
}

static void add_piece(struct dw_module *m, struct dw_place *out, struct dw_piece p)
{
    if (out->pieces.n) {
        const struct dw_piece *last = &vec_last(out->pieces);
        p.offset = last->offset + last->size;
    }
    vec_push(m->arena, &out->pieces, p);
}

bool dw_constant(struct dw_module *m, const void *bytes, size_t n, struct dw_place *out)
{
    enum { WORD = 8 };
    const char *p = bytes;
    out->memory = false;
    for (size_t i = 0; i < n; i += WORD) {
        size_t k = n - i < WORD ? n - i : WORD;
        struct dw_op op = {.kind = DW_CONST};
        struct dw_piece piece = {.size = (uint32_t)k, .kind = DW_VALUE};
        memcpy(&op.num, p + i, k);
        if (n <= WORD) {
            vec_push(m->arena, &out->ops, op);
            return true;
        }
        vec_push(m->arena, &piece.ops, op);
        add_piece(m, out, piece);
    }
    return n > 0;
}

/* A pointer to a variable that exists no more. */
static bool implicit_pointer(struct translation *t, const Dwarf_Op *op, struct dw_place *out)
{
    Dwarf_Die die;
    struct dw_place *to = arena_new_obj(t->m->arena, struct dw_place);
    struct dw_at at = *t->at;
    /* They may point to each other. */
    if (++at.pointers > 4 || !t->attr || dwarf_getlocation_die(t->attr, op, &die) != 0 ||
        !dw_place_of(t->m, &die, &at, to, t->why))
        return refuse(t, "what it points to was optimised away");
    out->target = to;
    out->target_offset = (int64_t)op->number2;
    return true;
}

static bool is_pointer(const Dwarf_Op *op)
{
    return op->atom == DW_OP_implicit_pointer || op->atom == DW_OP_GNU_implicit_pointer;
}

/* `ops` is what stands before a DW_OP_piece: of a part that cannot be had nothing is known. */
static void piece(struct translation *t, const Dwarf_Op *ops, size_t n, uint64_t size,
                  struct dw_place *out)
{
    struct dw_piece p = {.size = (uint32_t)size, .kind = DW_LOST};
    Dwarf_Block block;
    if (n == 1 && ops[0].atom == DW_OP_implicit_value && t->attr &&
        dwarf_getlocation_implicit_value(t->attr, ops, &block) == 0 && block.length == size) {
        struct dw_place constant = {0};
        dw_constant(t->m, block.data, block.length, &constant);
        if (constant.ops.n) {
            p.kind = DW_VALUE;
            p.ops = constant.ops;
            add_piece(t->m, out, p);
        }
        vec_for (i, constant.pieces)
            add_piece(t->m, out, constant.pieces.v[i]);
        return;
    }
    t->out = &p.ops;
    t->value = false;
    t->depth = 0;
    if (n && translate(t, ops, n))
        p.kind = t->value || is_constant(&p.ops) ? DW_VALUE : DW_MEMORY;
    else
        p.ops.n = 0;
    add_piece(t->m, out, p);
}

bool dw_translate(struct dw_module *m, Dwarf_Attribute *attr, const Dwarf_Op *ops, size_t n,
                  const struct dw_at *at, struct dw_place *out, const char **why)
{
    enum { LARGEST = 1 << 20 };
    struct translation t = {.m = m, .attr = attr, .at = at, .out = &out->ops, .why = why};
    Dwarf_Block block;
    if (n == 0)
        return refuse(&t, "it was optimised away here");
    if (n == 1 && is_pointer(ops))
        return implicit_pointer(&t, ops, out);
    if (n == 1 && ops->atom == DW_OP_implicit_value)
        return (attr && dwarf_getlocation_implicit_value(attr, ops, &block) == 0 &&
                dw_constant(m, block.data, block.length, out)) ||
               refuse(&t, "its location is of a kind that is not understood");
    size_t begin = 0;
    for (size_t i = 0; i < n; i++)
        if (ops[i].atom == DW_OP_piece) {
            if (ops[i].number == 0 || ops[i].number > LARGEST)
                return refuse(&t, "its location is of a kind that is not understood");
            piece(&t, ops + begin, i - begin, ops[i].number, out);
            begin = i + 1;
        }
    if (begin) {
        out->memory = false;
        vec_for (i, out->pieces)
            if (out->pieces.v[i].kind != DW_LOST)
                return true;
        return refuse(&t, "it was optimised away here");
    }
    if (!translate(&t, ops, n))
        return false;
    out->memory = !t.value && !is_constant(&out->ops);
    return true;
}

bool dw_frame(struct dw_module *m, uint64_t pc, dw_op_vec *out)
{
    const char *why;
    const struct dw_at at = {.pc = pc};
    struct translation t = {.m = m, .at = &at, .out = out, .why = &why};
    out->n = 0;
    return frame_cfa(&t);
}
