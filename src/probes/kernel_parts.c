/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that are in several places: registers, constants, memory. */
#include "probes/kernel_data.h"

static struct expr *binary(struct session *s, const struct token *tok, enum op op, struct expr *l,
                           int64_t r)
{
    struct expr *e = expr_binary(s->arena, tok, op, l, expr_number(s->arena, tok, r));
    e->type = TY_LONG;
    return e;
}

/* Bits of one part: [from, from + bits) of it. */
static struct expr *of_part(struct session *s, const struct token *tok, const struct value_part *p,
                            uint32_t from, uint32_t bits)
{
    struct expr *e = p->e ? expr_clone(s->arena, p->e) : NULL;
    if (!e)
        return NULL;
    if (p->memory) {
        uint32_t size = 1;
        while (size * 8 < from % 8 + bits)
            size *= 2;
        if (size > 8)
            return NULL;
        struct expr *load = expr_new(s->arena, EX_DEREF, tok);
        load->type = TY_LONG;
        load->a = from / 8 ? binary(s, tok, OP_ADD, e, from / 8) : e;
        load->deref = (struct deref){.size = (uint8_t)size, .user = true};
        e = load;
        from %= 8;
    }
    if (from)
        e = binary(s, tok, OP_SHRU, e, from);
    return bits < 64 ? binary(s, tok, OP_BITAND, e, (int64_t)((1ull << bits) - 1)) : e;
}

struct expr *kdata_bits(struct session *s, const struct token *tok, const value_part_vec *parts,
                        uint32_t at, uint32_t bits)
{
    struct expr *all = NULL;
    uint32_t have = 0;
    vec_for (i, *parts) {
        const struct value_part *p = &parts->v[i];
        uint32_t from = at > p->bit ? at : p->bit;
        uint32_t to = at + bits < p->bit + p->bits ? at + bits : p->bit + p->bits;
        if (from >= to)
            continue;
        struct expr *e = of_part(s, tok, p, from - p->bit, to - from);
        if (!e)
            return NULL;
        if (from > at)
            e = binary(s, tok, OP_SHL, e, from - at);
        if (all) {
            all = expr_binary(s->arena, tok, OP_BITOR, all, e);
            all->type = TY_LONG;
        } else {
            all = e;
        }
        have += to - from;
    }
    return have == bits ? all : NULL;
}

struct expr *kdata_part_address(struct session *s, const struct token *tok,
                                const value_part_vec *parts, uint32_t at)
{
    vec_for (i, *parts) {
        const struct value_part *p = &parts->v[i];
        if (at < p->bit || at >= p->bit + p->bits)
            continue;
        if (!p->e || !p->memory || (at - p->bit) % 8)
            return NULL;
        struct expr *e = expr_clone(s->arena, p->e);
        return at > p->bit ? binary(s, tok, OP_ADD, e, (at - p->bit) / 8) : e;
    }
    return NULL;
}
