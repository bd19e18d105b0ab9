/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where functions return their values (psABI, 3.2.3): each half of up to 16 bytes has a class. */
#if defined(__x86_64__)
#include <string.h>

#include "base/arena.h"
#include "probes/arch_return.h"

enum { RAX = 0, RDX = 1, RDX32 = 2, WORD = 8, HALVES = 2 };
enum class { NOTHING, VECTOR, INTEGER, MEMORY };

static void classify(struct kernel_btf *b, uint32_t type, uint32_t at, enum class half[HALVES])
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    uint32_t size = kbtf_size(b, type), kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
    if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION) {
        const struct btf_member *m = (const void *)(t + 1);
        for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
            uint32_t bit = BTF_MEMBER_BIT_OFFSET(m[i].offset);
            if (!BTF_MEMBER_BITFIELD_SIZE(m[i].offset))
                classify(b, m[i].type, at + bit / 8, half);
            else if ((at + bit / 8) / WORD < HALVES)
                half[(at + bit / 8) / WORD] = INTEGER;
        }
        return;
    }
    if (kind == BTF_KIND_ARRAY) {
        const struct btf_array *a = (const void *)(t + 1);
        uint32_t one = kbtf_size(b, a->type);
        for (uint32_t i = 0; i < a->nelems && one && at + i * one < HALVES * WORD; i++)
            classify(b, a->type, at + i * one, half);
        return;
    }
    enum class c = kind == BTF_KIND_FLOAT ? VECTOR : INTEGER;
    bool whole = size && (size & (size - 1)) == 0;
    if (whole && at % size && c == INTEGER)
        half[0] = MEMORY; /* a packed structure */
    for (uint32_t k = at / WORD; k < HALVES && k * WORD < at + size; k++)
        if (c > half[k])
            half[k] = c;
}

static void push(struct arena *a, dw_op_vec *to, int64_t reg)
{
    struct dw_op op = {DW_REG, reg};
    vec_push(a, to, op);
}

bool arch_returned(struct arena *a, struct kernel_btf *b, uint32_t type, bool in_memory,
                   struct dw_place *out)
{
    enum class half[HALVES] = {NOTHING, NOTHING};
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    uint32_t size = kbtf_size(b, type), kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
    bool group = kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
    *out = (struct dw_place){.type = type};
    classify(b, type, 0, half);
    /* A vector is like an array here; arrays are not returned. */
    if (kind == BTF_KIND_FLOAT || kind == BTF_KIND_ARRAY)
        return false;
    if (b->pointer_size == 4 && !group) {
        for (uint32_t at = 0; at < size && at < 8; at += 4) {
            struct dw_piece p = {.offset = at, .size = size < 4 ? size : 4, .kind = DW_VALUE};
            push(a, &p.ops, at ? RDX32 : RAX);
            vec_push(a, &out->pieces, p);
        }
        return size <= 8;
    }
    if (group && (b->pointer_size == 4 || in_memory || size > HALVES * WORD || half[0] == MEMORY)) {
        out->memory = true;
        push(a, &out->ops, RAX);
        return true;
    }
    if (size <= WORD && half[0] == INTEGER) {
        push(a, &out->ops, RAX);
        return true;
    }
    unsigned used = 0;
    for (uint32_t i = 0; i < HALVES && i * WORD < size; i++) {
        struct dw_piece p = {.offset = i * WORD,
                             .size = size - i * WORD < WORD ? size - i * WORD : WORD,
                             .kind = half[i] == INTEGER ? DW_VALUE : DW_LOST};
        if (half[i] == INTEGER)
            push(a, &p.ops, used++ ? RDX : RAX);
        vec_push(a, &out->pieces, p);
    }
    return out->pieces.n > 0;
}
#endif
