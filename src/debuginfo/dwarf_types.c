/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DWARF types → BTF records. */
#include <dwarf.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

static uint32_t info(uint32_t kind, uint32_t vlen, bool flag)
{
    return (flag ? 1u << 31 : 0) | kind << 24 | (vlen & 0xffff);
}

static const char *name_of(Dwarf_Die *die)
{
    return dwarf_diename(die);
}

static uint32_t size_of(Dwarf_Die *die)
{
    int n = dwarf_bytesize(die);
    return n > 0 ? (uint32_t)n : 0;
}

static bool number(Dwarf_Die *die, unsigned at, Dwarf_Word *out)
{
    Dwarf_Attribute a;
    return dwarf_attr_integrate(die, at, &a) && dwarf_formudata(&a, out) == 0;
}

uint32_t dw_type_attr(struct dw_module *m, Dwarf_Die *die)
{
    Dwarf_Attribute a;
    Dwarf_Die type;
    if (!dwarf_attr_integrate(die, DW_AT_type, &a) || !dwarf_formref_die(&a, &type))
        return 0;
    return dw_type_of(m, &type);
}

static const struct btf_type *simple(struct dw_module *m, Dwarf_Die *die, uint32_t kind)
{
    struct btf_type *t = arena_new_obj(m->arena, struct btf_type);
    int tag = dwarf_tag(die);
    const char *name = tag == DW_TAG_typedef                 ? name_of(die)
                       : tag == DW_TAG_reference_type        ? "&"
                       : tag == DW_TAG_rvalue_reference_type ? "&&"
                                                             : NULL;
    t->name_off = kbtf_add_name(m->types, name);
    t->info = info(kind, 0, false);
    t->type = dw_type_attr(m, die);
    return t;
}

static const struct btf_type *base(struct dw_module *m, Dwarf_Die *die)
{
    struct record {
        struct btf_type t;
        uint32_t encoding;
    } *r = arena_new_obj(m->arena, struct record);
    Dwarf_Word enc = 0;
    number(die, DW_AT_encoding, &enc);
    bool real = enc == DW_ATE_float || enc == DW_ATE_complex_float;
    bool sign = enc == DW_ATE_signed || enc == DW_ATE_signed_char;
    r->t.name_off = kbtf_add_name(m->types, name_of(die));
    r->t.info = info(real ? BTF_KIND_FLOAT : BTF_KIND_INT, 0, false);
    r->t.size = size_of(die);
    r->encoding = (uint32_t)(sign                    ? BTF_INT_SIGNED
                             : enc == DW_ATE_boolean ? BTF_INT_BOOL
                             : enc == DW_ATE_UTF     ? BTF_INT_CHAR
                                                     : 0)
                      << 24 |
                  r->t.size * 8;
    return &r->t;
}

static const struct btf_type *enumeration(struct dw_module *m, Dwarf_Die *die)
{
    struct btf_type *t = arena_new_obj(m->arena, struct btf_type);
    t->name_off = kbtf_add_name(m->types, name_of(die));
    bool negative = false;
    Dwarf_Die child;
    for (int ok = dwarf_child(die, &child); ok == 0 && !negative;
         ok = dwarf_siblingof(&child, &child)) {
        Dwarf_Attribute a;
        Dwarf_Sword v;
        negative = dwarf_attr(&child, DW_AT_const_value, &a) && dwarf_formsdata(&a, &v) == 0 &&
                   v < 0 && dwarf_whatform(&a) == DW_FORM_sdata;
    }
    t->info = info(BTF_KIND_ENUM, 0, negative);
    t->size = size_of(die);
    return t;
}

static Dwarf_Word count_of(Dwarf_Die *range)
{
    Dwarf_Word n = 0;
    if (number(range, DW_AT_count, &n))
        return n;
    return number(range, DW_AT_upper_bound, &n) && n < UINT32_MAX ? n + 1 : 0;
}

/* Dimensions from the inside out: int a[2][3] is 2 of 3 of int. */
static const struct btf_type *array(struct dw_module *m, Dwarf_Die *die)
{
    Dwarf_Word counts[8];
    int n = 0;
    Dwarf_Die child;
    for (int ok = dwarf_child(die, &child); ok == 0 && n < 8; ok = dwarf_siblingof(&child, &child))
        if (dwarf_tag(&child) == DW_TAG_subrange_type)
            counts[n++] = count_of(&child);
    if (!n)
        counts[n++] = 0;
    uint32_t element = dw_type_attr(m, die);
    struct record {
        struct btf_type t;
        struct btf_array a;
    } *r = NULL;
    while (n-- > 0) {
        if (r) {
            uint32_t id = kbtf_reserve(m->types);
            kbtf_set(m->types, id, &r->t);
            element = id;
        }
        r = arena_new_obj(m->arena, struct record);
        r->t.info = info(BTF_KIND_ARRAY, 0, false);
        r->a.type = element;
        r->a.nelems = (uint32_t)counts[n];
    }
    return &r->t;
}

/* Where a member begins, in bytes: a number, or, in DWARF 2, what is to be added.  False: only the
 * object itself says it (virtual base classes). */
static bool member_offset(Dwarf_Die *die, Dwarf_Word *out)
{
    Dwarf_Attribute a;
    Dwarf_Op *ops;
    size_t n;
    *out = 0;
    if (!dwarf_attr(die, DW_AT_data_member_location, &a) || dwarf_formudata(&a, out) == 0)
        return true;
    if (dwarf_getlocation(&a, &ops, &n) != 0 || n != 1 || ops->atom != DW_OP_plus_uconst)
        return false;
    *out = ops->number;
    return true;
}

/* kbtf_note.before, when that is how a virtual base is found. */
static bool virtual_base(Dwarf_Die *die, uint32_t *before)
{
    static const int way[] = {DW_OP_dup, DW_OP_deref, 0, DW_OP_minus, DW_OP_deref, DW_OP_plus};
    enum { STEPS = sizeof way / sizeof *way, NUMBER = 2 };
    Dwarf_Attribute a;
    Dwarf_Op *ops;
    size_t n;
    if (dwarf_tag(die) != DW_TAG_inheritance || !dwarf_attr(die, DW_AT_data_member_location, &a) ||
        dwarf_getlocation(&a, &ops, &n) != 0 || n != STEPS)
        return false;
    for (size_t i = 0; i < STEPS; i++)
        if (i != NUMBER && ops[i].atom != way[i])
            return false;
    int atom = ops[NUMBER].atom;
    if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
        *before = (uint32_t)(atom - DW_OP_lit0);
    else if (atom >= DW_OP_const1u && atom <= DW_OP_consts)
        *before = (uint32_t)ops[NUMBER].number;
    else
        return false;
    return *before != 0;
}

static bool member(struct dw_module *m, Dwarf_Die *die, struct btf_member *out,
                   struct kbtf_note *note)
{
    int tag = dwarf_tag(die);
    if (tag != DW_TAG_member && tag != DW_TAG_inheritance)
        return false;
    Dwarf_Attribute a;
    if (dwarf_attr(die, DW_AT_external, &a)) /* static members of C++ classes */
        return false;
    Dwarf_Word at, bits = 0, bit = 0;
    if (!member_offset(die, &at) && !virtual_base(die, &note->before))
        return false;
    number(die, DW_AT_bit_size, &bits);
    out->name_off = tag == DW_TAG_member ? kbtf_add_name(m->types, name_of(die)) : 0;
    out->type = dw_type_attr(m, die);
    if (number(die, DW_AT_data_bit_offset, &bit)) {
        at = 0;
    } else if (number(die, DW_AT_bit_offset, &bit)) {
        /* DWARF 2 and 3 count from the most significant bit of the storage. */
        Dwarf_Word storage = 0;
        if (!number(die, DW_AT_byte_size, &storage))
            storage = kbtf_size(m->types, out->type);
        bit = storage * 8 - bit - bits;
    } else {
        bit = 0;
    }
    bit += at * 8;
    if (bit > UINT32_MAX)
        return false;
    note->bit_offset = bit >= KBTF_FAR ? (uint32_t)bit : 0;
    out->offset = (uint32_t)(bits & 0xff) << 24 | (uint32_t)(bit < KBTF_FAR ? bit : KBTF_FAR);
    return true;
}

static const struct btf_type *structure(struct dw_module *m, Dwarf_Die *die, uint32_t kind)
{
    VEC(struct btf_member) members = {0};
    VEC(struct kbtf_note) notes = {0};
    Dwarf_Die child;
    for (int ok = dwarf_child(die, &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
        struct btf_member one;
        struct kbtf_note note = {0};
        if (!member(m, &child, &one, &note))
            continue;
        vec_push(m->arena, &members, one);
        vec_push(m->arena, &notes, note);
    }
    size_t bytes = members.n * sizeof(struct btf_member);
    struct btf_type *t = arena_alloc(m->arena, sizeof *t + bytes);
    t->name_off = kbtf_add_name(m->types, name_of(die));
    t->info = info(kind, (uint32_t)members.n, true);
    if (dwarf_tag(die) == DW_TAG_class_type)
        t->info |= KBTF_CLASS;
    t->size = size_of(die);
    if (bytes)
        memcpy(t + 1, members.v, bytes);
    vec_for (i, notes) {
        notes.v[i].member = (const struct btf_member *)(t + 1) + i;
        if (notes.v[i].before || notes.v[i].bit_offset)
            vec_push(m->arena, &m->types->made_notes, notes.v[i]);
    }
    return t;
}

/* "..." is a last parameter without a type. */
static const struct btf_type *prototype(struct dw_module *m, Dwarf_Die *die)
{
    VEC(struct btf_param) params = {0};
    Dwarf_Die child;
    for (int ok = dwarf_child(die, &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
        struct btf_param one = {0};
        if (dwarf_tag(&child) == DW_TAG_formal_parameter)
            one.type = dw_type_attr(m, &child);
        else if (dwarf_tag(&child) != DW_TAG_unspecified_parameters)
            continue;
        vec_push(m->arena, &params, one);
    }
    size_t bytes = params.n * sizeof(struct btf_param);
    struct btf_type *t = arena_alloc(m->arena, sizeof *t + bytes);
    *t = (struct btf_type){.info = info(BTF_KIND_FUNC_PROTO, (uint32_t)params.n, false),
                           .type = dw_type_attr(m, die)};
    if (bytes)
        memcpy(t + 1, params.v, bytes);
    return t;
}

static const struct btf_type *convert(struct dw_module *m, Dwarf_Die *die)
{
    switch (dwarf_tag(die)) {
    case DW_TAG_base_type:
        return base(m, die);
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
    case DW_TAG_ptr_to_member_type:
        return simple(m, die, BTF_KIND_PTR);
    case DW_TAG_typedef:
        return simple(m, die, BTF_KIND_TYPEDEF);
    case DW_TAG_const_type:
        return simple(m, die, BTF_KIND_CONST);
    case DW_TAG_volatile_type:
    case DW_TAG_atomic_type:
        return simple(m, die, BTF_KIND_VOLATILE);
    case DW_TAG_restrict_type:
        return simple(m, die, BTF_KIND_RESTRICT);
    case DW_TAG_enumeration_type:
        return enumeration(m, die);
    case DW_TAG_array_type:
        return array(m, die);
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
        return structure(m, die, BTF_KIND_STRUCT);
    case DW_TAG_union_type:
        return structure(m, die, BTF_KIND_UNION);
    case DW_TAG_subroutine_type:
        return prototype(m, die);
    default:
        return NULL;
    }
}

/* ---- types by name ---- */

static const char *tag_word(int tag)
{
    switch (tag) {
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
        return "struct ";
    case DW_TAG_union_type:
        return "union ";
    case DW_TAG_enumeration_type:
        return "enum ";
    default:
        return "";
    }
}

static void note_type(struct dw_module *m, Dwarf_Die *die)
{
    int tag = dwarf_tag(die);
    bool tagged = *tag_word(tag) != 0;
    if (!tagged && tag != DW_TAG_typedef && tag != DW_TAG_base_type)
        return;
    Dwarf_Attribute a;
    const char *name = dwarf_diename(die);
    if (!name || (tagged && dwarf_attr(die, DW_AT_declaration, &a)))
        return;
    const char *key = arena_printf(m->arena, "%s%s", tag_word(tag), kbtf_int_name(name));
    if (hash_get(&m->type_dies, key))
        return;
    Dwarf_Die *copy = arena_new_obj(m->arena, Dwarf_Die);
    *copy = *die;
    hash_put(&m->type_dies, key, copy);
}

static void note_types(struct dw_module *m, Dwarf_Die *parent, int depth)
{
    Dwarf_Die child;
    for (int ok = dwarf_child(parent, &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
        note_type(m, &child);
        int tag = dwarf_tag(&child);
        if (depth < 8 &&
            (tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type))
            note_types(m, &child, depth + 1);
    }
}

static void index_types(struct dw_module *m)
{
    if (m->indexed || !dw_debug(m))
        return;
    m->indexed = true;
    struct dw_units units = {0};
    Dwarf_Die unit;
    while (dw_next_unit(m, &units, &unit))
        note_types(m, &unit, 0);
}

/* The id + 1 that belongs to a DIE, by its address in memory; new ones are 0. */
static uint32_t *id_of(struct dw_module *m, const void *addr)
{
    struct type_ids *t = &m->type_ids;
    if (t->n * 2 >= t->cap) {
        struct type_ids bigger = {.cap = t->cap ? t->cap * 2 : 1024};
        bigger.v = arena_new_array(m->arena, struct type_id, bigger.cap);
        struct type_ids old = *t;
        *t = bigger;
        for (size_t i = 0; i < old.cap; i++)
            if (old.v[i].die)
                *id_of(m, old.v[i].die) = old.v[i].id;
    }
    size_t i = (size_t)(((uintptr_t)addr * 0x9e3779b97f4a7c15ull) >> 20) & (t->cap - 1);
    while (t->v[i].die && t->v[i].die != addr)
        i = (i + 1) & (t->cap - 1);
    if (!t->v[i].die) {
        t->v[i].die = addr;
        t->n++;
    }
    return &t->v[i].id;
}

/* The definition of what another unit only declares, or has in a unit of its own
 * (-fdebug-types-section); `room` is for the latter. */
static Dwarf_Die *definition(struct dw_module *m, Dwarf_Die *die, Dwarf_Die *room)
{
    Dwarf_Attribute a;
    const char *name = dwarf_diename(die);
    if (dwarf_attr(die, DW_AT_signature, &a) && dwarf_formref_die(&a, room))
        return room;
    if (!name || !dwarf_attr(die, DW_AT_declaration, &a))
        return die;
    index_types(m);
    Dwarf_Die *full =
        hash_get(&m->type_dies, arena_printf(m->arena, "%s%s", tag_word(dwarf_tag(die)), name));
    return full ? full : die;
}

static void make(void *arg, uint32_t id, const void *from)
{
    struct dw_module *m = arg;
    Dwarf_Die die = *(const Dwarf_Die *)from, room;
    kbtf_set(m->types, id, convert(m, definition(m, &die, &room)));
}

uint32_t dw_type_of(struct dw_module *m, Dwarf_Die *die)
{
    uint32_t *have = id_of(m, die->addr);
    if (*have)
        return *have - 1;
    int tag = dwarf_tag(die);
    if (tag == DW_TAG_unspecified_type)
        return 0;
    uint32_t id = kbtf_reserve(m->types);
    *have = id + 1;
    if (tag != DW_TAG_structure_type && tag != DW_TAG_class_type && tag != DW_TAG_union_type) {
        Dwarf_Die room;
        kbtf_set(m->types, id, convert(m, *tag_word(tag) ? definition(m, die, &room) : die));
        return id;
    }
    m->types->make = make;
    m->types->make_arg = m;
    struct btf_type *t = arena_new_obj(m->arena, struct btf_type);
    Dwarf_Die *copy = arena_new_obj(m->arena, Dwarf_Die);
    Dwarf_Attribute a;
    *copy = *die;
    if (dwarf_attr(die, DW_AT_signature, &a))
        dwarf_formref_die(&a, copy);
    t->name_off = kbtf_add_name(m->types, name_of(copy));
    t->info = info(tag == DW_TAG_union_type ? BTF_KIND_UNION : BTF_KIND_STRUCT, 0, false);
    if (tag == DW_TAG_class_type)
        t->info |= KBTF_CLASS;
    kbtf_set_later(m->types, id, t, copy);
    return id;
}

uint32_t dw_find_type(struct dw_module *m, const char *name)
{
    static const char *const tags[] = {"struct ", "", "union ", "enum "};
    index_types(m);
    name = kbtf_int_name(name);
    if (strncmp(name, "class ", 6) == 0)
        name = arena_printf(m->arena, "struct %s", name + 6);
    Dwarf_Die *die = hash_get(&m->type_dies, name);
    for (size_t i = 0; !die && i < sizeof tags / sizeof *tags; i++)
        die = hash_get(&m->type_dies, arena_printf(m->arena, "%s%s", tags[i], name));
    return die ? dw_type_of(m, die) : 0;
}
