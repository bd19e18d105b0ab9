/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/unwind.h"

#include <dwarf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/reader.h"

enum { REG_RBP = 6, REG_RSP = 7, REG_RA = 16, STATES = 8 };

struct rules {
    uint8_t kind;
    uint64_t reg; /* of the frame address: REG_RSP, REG_RBP, other */
    int64_t cfa, saved;
    bool no_caller; /* the return address is undefined */
};

struct cie {
    size_t at;
    uint64_t code_align;
    int64_t data_align;
    uint64_t ra;
    uint8_t encoding;
    bool signal, has_length, ok;
    struct rules start;
};

struct frames {
    struct arena *arena;
    const uint8_t *data;
    size_t size;
    uint64_t addr;
    unwind_row_vec *out;
    VEC(struct cie) cies;
};

/* An encoded pointer; `is_length`: only its size counts. */
static uint64_t pointer(struct frames *f, struct reader *r, uint8_t enc, bool is_length)
{
    uint64_t base =
        (enc & 0x70) == DW_EH_PE_pcrel && !is_length ? f->addr + (uint64_t)(r->p - f->data) : 0;
    switch (enc & 0x0f) {
    case DW_EH_PE_absptr:
    case DW_EH_PE_udata8:
    case DW_EH_PE_sdata8:
        return base + read_fixed(r, 8);
    case DW_EH_PE_udata4:
        return base + read_fixed(r, 4);
    case DW_EH_PE_sdata4:
        return base + (uint64_t)(int64_t)(int32_t)read_fixed(r, 4);
    case DW_EH_PE_udata2:
        return base + read_fixed(r, 2);
    case DW_EH_PE_sdata2:
        return base + (uint64_t)(int64_t)(int16_t)read_fixed(r, 2);
    case DW_EH_PE_uleb128:
        return base + read_uleb(r);
    case DW_EH_PE_sleb128:
        return base + (uint64_t)read_sleb(r);
    default:
        r->bad = true;
        return 0;
    }
}

/* The few expressions for the frame address that compilers and linkers make. */
static void frame_expression(struct rules *s, struct reader *r)
{
    static const uint8_t plt_middle[] = {DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and};
    uint64_t n = read_uleb(r);
    struct reader e = {r->p, r->p, false};
    s->kind = UNWIND_RULE_NONE;
    if (r->bad || n > (uint64_t)(r->end - r->p)) {
        r->bad = true;
        return;
    }
    e.end = r->p += n;
    uint8_t first = (uint8_t)read_fixed(&e, 1);
    if (first != DW_OP_breg6 && first != DW_OP_breg7)
        return;
    int64_t off = read_sleb(&e);
    if (e.end - e.p == 1 && *e.p == DW_OP_deref) {
        s->kind = first == DW_OP_breg6 ? UNWIND_RULE_AT_RBP : UNWIND_RULE_AT_RSP;
        s->cfa = off;
    } else if (first == DW_OP_breg7 && off == 8 && e.end - e.p >= 6 &&
               memcmp(e.p, plt_middle, sizeof plt_middle) == 0 && e.p[4] >= DW_OP_lit0 &&
               e.p[4] <= DW_OP_lit31 && e.p[5] == DW_OP_ge) {
        s->kind = UNWIND_RULE_PLT;
        s->cfa = (e.p[4] - DW_OP_lit0) * 8;
    }
}

static void frame_register(struct rules *s)
{
    s->kind = s->reg == REG_RSP   ? UNWIND_RULE_RSP
              : s->reg == REG_RBP ? UNWIND_RULE_RBP
                                  : UNWIND_RULE_NONE;
}

static void add_row(struct frames *f, uint64_t addr, const struct rules *s)
{
    struct unwind_row row = {(uint32_t)addr, s->kind, (int32_t)s->cfa, (int32_t)s->saved};
    if (s->no_caller)
        row.kind = UNWIND_RULE_NONE;
    if (addr >> 32)
        return;
    if (f->out->n && vec_last(*f->out).addr == row.addr)
        f->out->n--; /* the later one counts */
    vec_push(f->arena, f->out, row);
}

/* By the unit that offsets are in; wraps around in damaged files. */
static int64_t scaled(const struct cie *c, uint64_t n)
{
    return (int64_t)(n * (uint64_t)c->data_align);
}

static void set_register(const struct cie *c, struct rules *s, uint64_t reg, int64_t off)
{
    if (reg == REG_RBP)
        s->saved = off;
    /* Everything else is where it always is, or of no interest. */
    if (reg == c->ra)
        s->no_caller = off != -8;
}

static void restore(const struct cie *c, struct rules *s, uint64_t reg)
{
    if (reg == REG_RBP)
        s->saved = c->start.saved;
    if (reg == c->ra)
        s->no_caller = c->start.no_caller;
}

/* Runs the instructions of a CIE (rows: NULL) or of an FDE. */
static void run(struct frames *f, const struct cie *c, struct reader *r, struct rules *s,
                uint64_t pc, uint64_t end, bool rows)
{
    struct rules stack[STATES];
    size_t depth = 0;
    while (r->p < r->end && !r->bad) {
        uint8_t op = (uint8_t)read_fixed(r, 1), low = op & 0x3f;
        uint64_t delta = 0, reg;
        switch (op & 0xc0 ? op & 0xc0 : op) {
        case DW_CFA_advance_loc:
            delta = low;
            break;
        case DW_CFA_advance_loc1:
            delta = read_fixed(r, 1);
            break;
        case DW_CFA_advance_loc2:
            delta = read_fixed(r, 2);
            break;
        case DW_CFA_advance_loc4:
            delta = read_fixed(r, 4);
            break;
        case DW_CFA_set_loc:
            if (rows)
                add_row(f, pc, s);
            pc = pointer(f, r, c->encoding, false);
            break;
        case DW_CFA_offset:
            set_register(c, s, low, scaled(c, read_uleb(r)));
            break;
        case DW_CFA_offset_extended:
            reg = read_uleb(r);
            set_register(c, s, reg, scaled(c, read_uleb(r)));
            break;
        case DW_CFA_offset_extended_sf:
            reg = read_uleb(r);
            set_register(c, s, reg, scaled(c, (uint64_t)read_sleb(r)));
            break;
        case DW_CFA_restore:
            restore(c, s, low);
            break;
        case DW_CFA_restore_extended:
            restore(c, s, read_uleb(r));
            break;
        case DW_CFA_undefined:
            reg = read_uleb(r);
            if (reg == c->ra)
                s->no_caller = true;
            break;
        case DW_CFA_same_value:
            reg = read_uleb(r);
            if (reg == REG_RBP)
                s->saved = 0;
            break;
        case DW_CFA_register:
            read_uleb(r);
            read_uleb(r);
            break;
        case DW_CFA_remember_state:
            if (depth < STATES)
                stack[depth] = *s;
            depth++;
            break;
        case DW_CFA_restore_state:
            if (depth == 0 || depth-- > STATES) {
                r->bad = true;
                break;
            }
            *s = stack[depth];
            break;
        case DW_CFA_def_cfa:
            s->reg = read_uleb(r);
            s->cfa = (int64_t)read_uleb(r);
            frame_register(s);
            break;
        case DW_CFA_def_cfa_sf:
            s->reg = read_uleb(r);
            s->cfa = scaled(c, (uint64_t)read_sleb(r));
            frame_register(s);
            break;
        case DW_CFA_def_cfa_register:
            s->reg = read_uleb(r);
            frame_register(s);
            break;
        case DW_CFA_def_cfa_offset:
            s->cfa = (int64_t)read_uleb(r);
            break;
        case DW_CFA_def_cfa_offset_sf:
            s->cfa = scaled(c, (uint64_t)read_sleb(r));
            break;
        case DW_CFA_def_cfa_expression:
            frame_expression(s, r);
            break;
        case DW_CFA_expression:
        case DW_CFA_val_expression: {
            reg = read_uleb(r);
            uint64_t n = read_uleb(r), left = (uint64_t)(r->end - r->p);
            const uint8_t *e = r->p;
            r->p += n < left ? n : left;
            /* How gcc describes functions that align their stack. */
            if (reg == REG_RBP && n == 2 && left >= 2 && e[0] == DW_OP_breg6 && e[1] == 0)
                s->saved = UNWIND_SAVED_AT_RBP;
            break;
        }
        case DW_CFA_val_offset:
        case DW_CFA_val_offset_sf:
            read_uleb(r);
            read_uleb(r);
            break;
        case DW_CFA_GNU_args_size:
            read_uleb(r);
            break;
        case DW_CFA_GNU_negative_offset_extended:
            read_uleb(r);
            read_uleb(r);
            break;
        case DW_CFA_nop:
            break;
        default:
            r->bad = true;
        }
        if (delta && !r->bad) {
            if (rows && pc < end)
                add_row(f, pc, s);
            pc += delta * c->code_align;
        }
    }
    if (rows && pc < end && !r->bad)
        add_row(f, pc, s);
}

/* The CIE at an offset of the section. */
static const struct cie *cie_at(struct frames *f, size_t at)
{
    vec_for (i, f->cies)
        if (f->cies.v[i].at == at)
            return &f->cies.v[i];
    struct cie c = {.at = at, .encoding = DW_EH_PE_absptr};
    struct reader r = {f->data + at, f->data + f->size, false};
    uint64_t len = read_fixed(&r, 4);
    if (len && len < (uint64_t)(r.end - r.p) && len != UINT32_MAX) {
        r.end = r.p + len;
        uint64_t id = read_fixed(&r, 4);
        uint8_t version = (uint8_t)read_fixed(&r, 1);
        const uint8_t *aug = r.p;
        while (r.p < r.end && *r.p)
            r.p++;
        bool closed = r.p < r.end;
        read_fixed(&r, 1);
        c.code_align = read_uleb(&r);
        c.data_align = read_sleb(&r);
        c.ra = version == 1 ? read_fixed(&r, 1) : read_uleb(&r);
        c.ok = closed && id == 0 && (version == 1 || version == 3);
        if (c.ok && *aug == 'z') {
            c.has_length = true;
            uint64_t n = read_uleb(&r);
            const uint8_t *code = n <= (uint64_t)(r.end - r.p) ? r.p + n : r.end;
            for (const uint8_t *a = aug + 1; *a && !r.bad; a++) {
                if (*a == 'R')
                    c.encoding = (uint8_t)read_fixed(&r, 1);
                else if (*a == 'L')
                    read_fixed(&r, 1);
                else if (*a == 'P')
                    pointer(f, &r, (uint8_t)read_fixed(&r, 1), true);
                else if (*a == 'S')
                    c.signal = true;
                else if (*a != 'B')
                    break;
            }
            r.p = code;
        } else if (*aug) {
            c.ok = false;
        }
        if (c.ok)
            run(f, &c, &r, &c.start, 0, 0, false);
        c.ok &= !r.bad;
    }
    vec_push(f->arena, &f->cies, c);
    return &vec_last(f->cies);
}

static void fde(struct frames *f, size_t cie, struct reader r)
{
    const struct cie *c = cie_at(f, cie);
    if (!c->ok)
        return;
    uint64_t start = pointer(f, &r, c->encoding, false);
    uint64_t end = start + pointer(f, &r, c->encoding & 0x0f, true);
    if (c->has_length) {
        uint64_t n = read_uleb(&r);
        if (n > (uint64_t)(r.end - r.p))
            return;
        r.p += n;
    }
    if (r.bad || end <= start || end >> 32)
        return;
    struct rules s = c->start;
    if (c->signal) {
        s.kind = UNWIND_RULE_SIGNAL;
        add_row(f, start, &s);
    } else {
        run(f, c, &r, &s, start, end, true);
    }
    struct unwind_row stop = {(uint32_t)end, UNWIND_RULE_NONE, 0, 0};
    vec_push(f->arena, f->out, stop);
}

/* Where one function ends another may begin: the beginning counts. */
static int by_address(const void *a, const void *b)
{
    const struct unwind_row *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return (x->kind == UNWIND_RULE_NONE) - (y->kind == UNWIND_RULE_NONE);
}

static bool same_rule(const struct unwind_row *a, const struct unwind_row *b)
{
    return a->kind == b->kind && a->cfa == b->cfa && a->saved == b->saved;
}

void unwind_read(struct arena *a, const void *section, size_t size, uint64_t addr,
                 unwind_row_vec *out)
{
    struct frames f = {a, section, size, addr, out, {0}};
    for (size_t at = 0; at + 8 <= size;) {
        struct reader r = {f.data + at, f.data + size, false};
        uint64_t len = read_fixed(&r, 4);
        if (len == 0 || len == UINT32_MAX || len > (uint64_t)(r.end - r.p) || len < 4)
            break; /* the end, or entries of more than 4 GiB */
        r.end = r.p + len;
        size_t here = at + 4;
        uint64_t back = read_fixed(&r, 4);
        at += 4 + len;
        if (back && back <= here)
            fde(&f, here - back, r);
    }
    if (!out->n)
        return;
    qsort(out->v, out->n, sizeof *out->v, by_address);
    size_t n = 0;
    vec_for (i, *out) {
        if (n && (out->v[n - 1].addr == out->v[i].addr || same_rule(&out->v[n - 1], &out->v[i])))
            continue;
        out->v[n++] = out->v[i];
    }
    out->n = n;
}
