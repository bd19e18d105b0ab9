/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/kernel_data.h"

#include <string.h>

enum { PRETTY_MEMBERS = 200, PRETTY_DEPTH = 8, DEPTH_MAX = 12 };

static uint32_t kind_of(const struct btf_type *t)
{
    return t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
}

static bool is_struct(const struct btf_type *t)
{
    return kind_of(t) == BTF_KIND_STRUCT || kind_of(t) == BTF_KIND_UNION;
}

static struct expr *number(struct session *s, const struct token *tok, int64_t n)
{
    return expr_number(s->arena, tok, n);
}

static struct expr *binary(struct session *s, const struct token *tok, enum op op, struct expr *l,
                           struct expr *r)
{
    struct expr *e = expr_binary(s->arena, tok, op, l, r);
    e->type = TY_LONG;
    return e;
}

static struct expr *add(struct session *s, struct expr *e, int64_t n)
{
    return n ? binary(s, e->tok, OP_ADD, e, number(s, e->tok, n)) : e;
}

/* The low `bits` of e, extended by the type's sign. */
static struct expr *extend(struct session *s, struct expr *e, uint32_t bits, bool sign)
{
    if (bits >= 64)
        return e;
    if (!sign)
        return binary(s, e->tok, OP_BITAND, e, number(s, e->tok, (int64_t)((1ull << bits) - 1)));
    struct expr *up = binary(s, e->tok, OP_SHL, e, number(s, e->tok, 64 - bits));
    return binary(s, e->tok, OP_SHR, up, number(s, e->tok, 64 - bits));
}

struct expr *kdata_narrow(struct session *s, struct kernel_btf *b, struct expr *word, uint32_t type)
{
    uint32_t size = kbtf_size(b, type);
    return size && size < 8 ? extend(s, word, size * 8, kbtf_signed(b, type)) : word;
}

static struct expr *load(struct session *s, const struct token *tok, struct expr *address,
                         uint32_t size, bool sign, bool user)
{
    struct expr *e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = address;
    e->deref = (struct deref){.size = (uint8_t)size, .is_signed = sign, .user = user};
    return e;
}

struct kernel_value kdata_at(struct session *s, struct kernel_btf *b, const struct token *tok,
                             struct expr *address, uint32_t type, bool user)
{
    struct kernel_value v = {.e = address, .type = type, .user = user};
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    uint32_t size = kbtf_size(b, type);
    if (!is_struct(t) && kind_of(t) != BTF_KIND_ARRAY &&
        (size == 1 || size == 2 || size == 4 || size == 8))
        v.e = load(s, tok, address, size, kbtf_signed(b, type), user);
    return v;
}

static struct kernel_value bit_field(struct session *s, struct kernel_btf *b,
                                     const struct token *tok, struct expr *base,
                                     const struct kbtf_member *m, bool user)
{
    /* The aligned word of the declared type holds it, or the next larger one. */
    uint32_t size = kbtf_size(b, m->type);
    uint32_t at = m->bit_offset / (size * 8) * size, shift = m->bit_offset - at * 8;
    if (shift + m->bit_size > size * 8)
        size = 8;
    struct expr *word = load(s, tok, add(s, base, at), size, false, user);
    if (shift)
        word = binary(s, tok, OP_SHRU, word, number(s, tok, shift));
    return (struct kernel_value){
        .e = extend(s, word, m->bit_size, kbtf_signed(b, m->type)), .type = m->type, .user = user};
}

/* What is `bit` bits inside of v, which is a structure or an array or points to one: a bit field
 * when bit_size is not 0.  Its e is NULL when it was optimised away. */
static struct kernel_value inside(struct session *s, struct kernel_btf *b, const struct token *tok,
                                  const struct kernel_value *v, uint32_t bit, uint32_t bit_size,
                                  uint32_t type)
{
    if (!v->parts) {
        struct kbtf_member m = {.type = type, .bit_offset = bit, .bit_size = bit_size};
        return bit_size ? bit_field(s, b, tok, v->e, &m, v->user)
                        : kdata_at(s, b, tok, add(s, v->e, bit / 8), type, v->user);
    }
    struct kernel_value part = {.type = type, .user = v->user};
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    uint32_t bits = bit_size ? bit_size : kbtf_size(b, type) * 8;
    if (is_struct(t) || kind_of(t) == BTF_KIND_ARRAY) {
        part.parts = v->parts;
        part.at = v->at + bit;
        part.e = number(s, tok, 0);
    } else if (bits && bits <= 64) {
        part.e = kdata_bits(s, tok, v->parts, v->at + bit, bits);
        part.e = part.e ? extend(s, part.e, bits, kbtf_signed(b, type)) : NULL;
    }
    return part;
}

/* Makes of v, which is an object or points to one, the virtual base that the object `bit` bits
 * inside of it has; v->e is NULL when it is not in memory. */
static void go_to_base(struct session *s, const struct token *tok, struct kernel_value *v,
                       uint32_t bit, uint32_t before)
{
    struct expr *at =
        v->parts ? kdata_part_address(s, tok, v->parts, v->at + bit) : add(s, v->e, bit / 8);
    v->parts = NULL;
    v->pointer = true;
    v->e = at;
    if (!at)
        return;
    struct expr *table = load(s, tok, expr_clone(s->arena, at), 8, false, v->user);
    struct expr *distance =
        load(s, tok, binary(s, tok, OP_SUB, table, number(s, tok, before)), 8, true, v->user);
    v->e = binary(s, tok, OP_ADD, at, distance);
}

/* A number that does not fit into one of the language. */
static bool is_wide(struct kernel_btf *b, uint32_t type)
{
    uint32_t kind = kind_of(kbtf_type(b, kbtf_skip(b, type)));
    return (kind == BTF_KIND_INT || kind == BTF_KIND_FLOAT) && kbtf_size(b, type) > 8;
}

static bool is_float(struct kernel_btf *b, uint32_t type)
{
    return kind_of(kbtf_type(b, kbtf_skip(b, type))) == BTF_KIND_FLOAT;
}

/* Functions for floating-point numbers take 64 bits: of 32 such are made. */
static struct expr *readable_float(struct session *s, struct kernel_btf *b, struct expr *e,
                                   uint32_t type)
{
    if (!is_float(b, type) || kbtf_size(b, type) != 4)
        return e;
    struct expr *call = expr_call(s->arena, e->tok, "fp32_to_fp64");
    vec_push(s->arena, &call->args, e);
    return call;
}

static const char *type_text(struct session *s, struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    const char *name = t ? kbtf_name(b, t->name_off) : "void";
    switch (kind_of(t)) {
    case BTF_KIND_STRUCT:
        return arena_printf(s->arena, "struct %s", *name ? name : "(anonymous)");
    case BTF_KIND_UNION:
        return arena_printf(s->arena, "union %s", *name ? name : "(anonymous)");
    case BTF_KIND_PTR:
        return arena_printf(s->arena, "%s *", type_text(s, b, t->type));
    case BTF_KIND_ARRAY:
        return arena_printf(s->arena, "%s[]",
                            type_text(s, b, ((const struct btf_array *)(t + 1))->type));
    default:
        return name;
    }
}

/* The type, with what stands behind it: "char const" and "*[]".  An array has one pair of brackets,
 * however many dimensions it has.  Damaged types may contain themselves. */
static const char *c_type(struct session *s, struct kernel_btf *b, uint32_t id, const char *behind,
                          int depth);

static const char *function_type(struct session *s, struct kernel_btf *b, const struct btf_type *t,
                                 const char *behind, int depth)
{
    uint32_t n = BTF_INFO_VLEN(t->info);
    const struct btf_param *params = (const void *)(t + 1);
    enum { NESTED = 4, LIST_MAX = 1000 };
    const char *list = n ? "" : "void";
    for (uint32_t i = 0; i < n; i++) {
        bool any = strlen(list) > LIST_MAX || (i == n - 1 && !params[i].type);
        list = arena_printf(s->arena, "%s%s%s", list, i ? ", " : "",
                            any ? "..." : c_type(s, b, params[i].type, "", depth + NESTED));
        if (any)
            break;
    }
    return arena_printf(s->arena, "%s (%s) (%s)", c_type(s, b, t->type, "", depth + NESTED), behind,
                        list);
}

static const char *c_type(struct session *s, struct kernel_btf *b, uint32_t id, const char *behind,
                          int depth)
{
    const struct btf_type *t = kbtf_peek(b, id);
    const char *name = t ? kbtf_name(b, t->name_off) : "";
    struct arena *a = s->arena;
    if (depth > DEPTH_MAX)
        return arena_printf(a, "{...}%s", behind);
    switch (kind_of(t)) {
    case BTF_KIND_UNKN:
        return arena_printf(a, "void%s", behind);
    case BTF_KIND_PTR:
        return c_type(s, b, t->type, arena_printf(a, "%s%s", *name ? name : "*", behind),
                      depth + 1);
    case BTF_KIND_CONST:
        return c_type(s, b, t->type, arena_printf(a, " const%s", behind), depth + 1);
    case BTF_KIND_VOLATILE:
        return c_type(s, b, t->type, arena_printf(a, " volatile%s", behind), depth + 1);
    case BTF_KIND_RESTRICT:
        return c_type(s, b, t->type, arena_printf(a, " restrict%s", behind), depth + 1);
    case BTF_KIND_TYPE_TAG:
        return c_type(s, b, t->type, behind, depth + 1);
    case BTF_KIND_STRUCT:
        return arena_printf(a, "%s %s%s", t->info & KBTF_CLASS ? "class" : "struct",
                            *name ? name : "{...}", behind);
    case BTF_KIND_UNION:
        return arena_printf(a, "union %s%s", *name ? name : "{...}", behind);
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
        return arena_printf(a, "enum %s%s", *name ? name : "{...}", behind);
    case BTF_KIND_ARRAY: {
        uint32_t element = ((const struct btf_array *)(t + 1))->type;
        bool inner = kind_of(kbtf_peek(b, element)) == BTF_KIND_ARRAY;
        return c_type(s, b, element, inner ? behind : arena_printf(a, "[]%s", behind), depth + 1);
    }
    case BTF_KIND_FUNC_PROTO:
        return function_type(s, b, t, behind, depth);
    default:
        return arena_printf(a, "%s%s", name, behind);
    }
}

const char *kdata_c_type(struct session *s, struct kernel_btf *b, uint32_t id)
{
    return c_type(s, b, id, "", 0);
}

static void member_names(struct session *s, struct kernel_btf *b, uint32_t id, const char **names,
                         size_t *n, size_t max)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    if (!is_struct(t))
        return;
    const struct btf_member *m = (const void *)(t + 1);
    for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info) && *n < max; i++) {
        const char *name = kbtf_name(b, m[i].name_off);
        if (*name)
            names[(*n)++] = name;
        else
            member_names(s, b, m[i].type, names, n, max);
    }
}

/* Of a cast to what is no structure, the value at that address: of any such type, or only of
 * one kind of it. */
static void settle_pointer(struct session *s, struct kernel_btf *b, const struct token *tok,
                           struct kernel_value *v, uint32_t only)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v->type));
    if (!v->pointer || is_struct(t) || kind_of(t) == BTF_KIND_ARRAY || (only && kind_of(t) != only))
        return;
    *v = klive(s, b) ? klive_element(s, b, tok, v, v->type, number(s, tok, 0))
                     : kdata_at(s, b, tok, v->e, v->type, v->user);
}

static bool step_member(struct session *s, struct kernel_btf *b, const struct token *tok,
                        struct kernel_value *v, const struct target_step *st, const char **why)
{
    settle_pointer(s, b, tok, v, BTF_KIND_PTR);
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v->type));
    uint32_t holder = v->type;
    if (kind_of(t) == BTF_KIND_PTR)
        holder = t->type;
    struct kbtf_member m;
    if (!is_struct(kbtf_type(b, kbtf_skip(b, holder)))) {
        *why = arena_printf(s->arena,
                            "invalid access '->%s': the value is of type %s, not a structure",
                            st->name, type_text(s, b, v->type));
        return false;
    }
    if (!kbtf_member(b, holder, st->name, &m)) {
        const char *names[512];
        size_t n = 0;
        member_names(s, b, holder, names, &n, 512);
        const char *near = similar_names(s->arena, st->name, names, n, 5);
        *why = arena_printf(s->arena, "unable to find member '%s' for %s%s%s%s", st->name,
                            type_text(s, b, holder), *near ? " (alternatives: " : "", near,
                            *near ? ")" : "");
        return false;
    }
    for (unsigned i = 0; i < m.nhops && v->e; i++)
        go_to_base(s, tok, v, m.hops[i].bit_offset, m.hops[i].before);
    if (v->e)
        *v = klive(s, b) ? klive_member(s, b, tok, v, st->name, false)
                         : inside(s, b, tok, v, m.bit_offset, m.bit_size, m.type);
    if (!v->e)
        *why = arena_printf(s->arena, "'%s' was optimised away here", st->name);
    return v->e != NULL;
}

static bool step_index(struct session *s, struct kernel_btf *b, const struct token *tok,
                       struct kernel_value *v, const struct target_step *st, const char **why)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v->type));
    uint32_t elem = 0;
    if (v->pointer)
        elem = v->type;
    else if (kind_of(t) == BTF_KIND_PTR)
        elem = t->type;
    else if (kind_of(t) == BTF_KIND_ARRAY)
        elem = ((const struct btf_array *)(t + 1))->type;
    uint32_t size = elem ? kbtf_size(b, elem) : 0;
    if (!size) {
        *why = arena_printf(s->arena, "invalid access '[]': the value is of type %s",
                            type_text(s, b, v->type));
        return false;
    }
    struct expr *at = v->e;
    if (v->parts) {
        if (st->kind != STEP_INDEX || st->index < 0 || st->index > 1 << 20) {
            *why = "it is not in memory: only a number can be its index";
            return false;
        }
        *v = inside(s, b, tok, v, (uint32_t)(st->index * size * 8), 0, elem);
        if (!v->e)
            *why = "this element was optimised away here";
        return v->e != NULL;
    }
    if (klive(s, b)) {
        struct expr *index = st->kind == STEP_INDEX ? number(s, tok, st->index) : st->expr;
        *v = klive_element(s, b, tok, v, elem, index);
        return true;
    }
    if (st->kind == STEP_INDEX)
        at = add(s, at, st->index * size);
    else
        at = binary(s, tok, OP_ADD, at, binary(s, tok, OP_MUL, st->expr, number(s, tok, size)));
    *v = kdata_at(s, b, tok, at, elem, v->user);
    return true;
}

/* ---- pretty printing ---- */

bool target_is_group(const struct target *t)
{
    static const char *const names[] = {"$$vars", "$$parms", "$$locals", "$$return"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(t->name, names[i]) == 0)
            return true;
    return false;
}

struct expr *kdata_sprintf(struct session *s, const struct token *tok, const char *format,
                           const expr_vec *args)
{
    struct expr *e = expr_new(s->arena, EX_PRINT, tok);
    e->print = arena_new_obj(s->arena, struct print);
    e->print->to_string = e->print->format = e->print->of_target = true;
    e->print->name = "sprintf";
    e->type = TY_STRING;
    parse_format(s->arena, format, &e->print->parts);
    vec_for (i, *args)
        vec_push(s->arena, &e->args, args->v[i]);
    return e;
}

/* Kernels since 6.2 have unsigned chars: the sign says nothing. */
static bool is_char(struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    return kind_of(t) == BTF_KIND_INT && t->size == 1 &&
           !(BTF_INT_ENCODING(*(const uint32_t *)(t + 1)) & BTF_INT_BOOL);
}

/* A character of C++ or of <uchar.h>. */
static bool is_wide_char(struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    return kind_of(t) == BTF_KIND_INT &&
           BTF_INT_ENCODING(*(const uint32_t *)(t + 1)) & BTF_INT_CHAR;
}

/* In quotes and with escapes; at most n characters: not every array has a NUL. */
static struct expr *string_at(struct session *s, const struct kernel_value *v, uint32_t n)
{
    const char *name = v->user ? n ? "user_string_n_quoted" : "user_string_quoted"
                       : n     ? "kernel_string_n"
                               : "__pointed_quoted";
    struct expr *e = expr_call(s->arena, v->e->tok, name);
    vec_push(s->arena, &e->args, v->e);
    if (n)
        vec_push(s->arena, &e->args, number(s, v->e->tok, n));
    if (!n) { /* no string at all */
        struct expr *either = expr_new(s->arena, EX_TERNARY, v->e->tok);
        either->a = expr_clone(s->arena, v->e);
        either->b = e;
        either->c = expr_string(s->arena, v->e->tok, "0x0");
        return either;
    }
    if (v->user)
        return e;
    struct expr *quoted = expr_call(s->arena, v->e->tok, "string_quoted");
    vec_push(s->arena, &quoted->args, e);
    return quoted;
}

static void append(struct session *s, const char **format, const char *text)
{
    *format = arena_printf(s->arena, "%s%s", *format, text);
}

static void pretty(struct session *s, struct kernel_btf *b, struct kernel_value v, bool bits,
                   int depth, const char **format, expr_vec *args);

static bool is_base(struct kernel_btf *b, const struct btf_member *m)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, m->type));
    return !*kbtf_name(b, m->name_off) && t && *kbtf_name(b, t->name_off);
}

/* A member, or a base class.  Of an object that is not known neither is. */
static struct kernel_value part_of(struct session *s, struct kernel_btf *b,
                                   const struct kernel_value *v, const struct btf_type *t,
                                   const struct btf_member *m)
{
    const char *name = kbtf_name(b, m->name_off);
    uint32_t before = kbtf_virtual_base(b, m);
    struct kernel_value part = *v;
    if (before && v->e)
        go_to_base(s, v->e->tok, &part, 0, before);
    else if (v->e && !klive(s, b))
        return inside(s, b, v->e->tok, v, kbtf_bit_offset(b, t, m),
                      BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0, m->type);
    else if (v->e && *name)
        return klive_member(s, b, v->e->tok, v, name, true);
    /* Those of an unnamed member are found as members of the one around it. */
    part.type = m->type;
    return part;
}

/* Objects whose members are still to be shown: a class, then what it is derived from. */
typedef VEC(struct kernel_value) shown_vec;

static void add_base(struct session *s, struct kernel_btf *b, struct kernel_value part,
                     shown_vec *shown)
{
    vec_for (i, *shown)
        if (kbtf_skip(b, shown->v[i].type) == kbtf_skip(b, part.type))
            return; /* once, however many classes are derived from it */
    vec_push(s->arena, shown, part);
}

/* The members of a class, then those of its base classes, the nearest first; not the pointer to
 * its functions. */
static void pretty_members(struct session *s, struct kernel_btf *b, struct kernel_value whole,
                           int depth, const char **format, expr_vec *args)
{
    shown_vec shown = {0};
    bool first = true;
    vec_push(s->arena, &shown, whole);
    vec_for (k, shown) {
        struct kernel_value v = shown.v[k];
        const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v.type));
        if (!is_struct(t))
            continue;
        const struct btf_member *m = (const void *)(t + 1);
        for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
            const char *name = kbtf_name(b, m[i].name_off);
            if (strncmp(name, "_vptr", 5) == 0)
                continue;
            struct kernel_value part = part_of(s, b, &v, t, &m[i]);
            if (is_base(b, &m[i])) {
                add_base(s, b, part, &shown);
                continue;
            }
            append(s, format, first ? "" : ", ");
            first = false;
            if (args->n >= PRETTY_MEMBERS) {
                append(s, format, "...");
                return;
            }
            bool either = kind_of(kbtf_type(b, kbtf_skip(b, m[i].type))) == BTF_KIND_UNION;
            bool bits = BTF_INFO_KFLAG(t->info) && BTF_MEMBER_BITFIELD_SIZE(m[i].offset);
            const char *unnamed = either ? "<union>=" : "<class>=";
            append(s, format, *name ? arena_printf(s->arena, ".%s=", name) : unnamed);
            pretty(s, b, part, bits, depth, format, args);
        }
    }
}

/* The first element, of an array with several dimensions the very first. */
static void pretty_array(struct session *s, struct kernel_btf *b, struct kernel_value v, int depth,
                         const char **format, expr_vec *args)
{
    const struct btf_array *arr = (const void *)(kbtf_type(b, kbtf_skip(b, v.type)) + 1);
    struct expr *e = v.e;
    for (int dimensions = 1;; dimensions++) {
        bool inner = dimensions < DEPTH_MAX && kind_of(kbtf_type(b, arr->type)) == BTF_KIND_ARRAY;
        if (depth <= 0 || (!inner && is_char(b, arr->type)))
            break;
        if (!e)
            v.type = arr->type;
        else if (klive(s, b))
            v = klive_element(s, b, e->tok, &v, arr->type, NULL);
        else
            v = inside(s, b, e->tok, &v, 0, 0, arr->type);
        if (!inner) {
            append(s, format, "[");
            pretty(s, b, v, false, depth - 1, format, args);
            append(s, format, ", ...]");
            return;
        }
        arr = (const void *)(kbtf_type(b, arr->type) + 1);
    }
    if (depth > 0 && e && !v.parts)
        vec_push(s->arena, args, string_at(s, &v, arr->nelems));
    append(s, format, depth <= 0 ? "[...]" : !e || v.parts ? "?" : "%s");
}

/* `bits`: a bit field of a structure is a number, even if it has the type of a character. */
static void pretty(struct session *s, struct kernel_btf *b, struct kernel_value v, bool bits,
                   int depth, const char **format, expr_vec *args)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v.type));
    uint32_t kind = kind_of(t);
    v.e = v.e ? expr_clone(s->arena, v.e) : NULL;
    if (is_struct(t)) {
        append(s, format, depth <= 0 ? "{..." : "{");
        if (depth > 0)
            pretty_members(s, b, v, depth - 1, format, args);
        append(s, format, "}");
        return;
    }
    if (kind == BTF_KIND_ARRAY) {
        pretty_array(s, b, v, depth, format, args);
        return;
    }
    if (!v.e || (v.parts && kind == BTF_KIND_PTR) || is_float(b, v.type) || is_wide(b, v.type)) {
        append(s, format, "?"); /* optimised away, or no number */
        return;
    }
    bool text = kind == BTF_KIND_PTR && is_char(b, t->type);
    append(s, format,
           text                                                       ? "%s"
           : kind == BTF_KIND_PTR                                     ? "%p"
           : !bits && (is_char(b, v.type) || is_wide_char(b, v.type)) ? "'%#c'"
           : kbtf_signed(b, v.type)                                   ? "%i"
                                                                      : "%u");
    vec_push(s->arena, args, text ? string_at(s, &v, 0) : v.e);
}

static void check_fault(struct expr **ep, void *arg)
{
    const struct expr *e = *ep;
    bool direct = e->kind == EX_DEREF && e->deref.direct;
    if ((e->kind == EX_DEREF && !direct) || e->kind == EX_DEREF_STR ||
        (e->kind == EX_CALL && strcmp(e->str, "kernel_string_n") == 0))
        *(bool *)arg = true;
    else
        expr_children(*ep, check_fault, arg);
}

/* Memory that cannot be read spoils the text of one variable, not the handler. */
static void add_text(struct session *s, const struct expr *of, const char *text,
                     const expr_vec *values, const char **format, expr_vec *args)
{
    bool may_fault = false;
    vec_for (i, *values)
        check_fault(&values->v[i], &may_fault);
    if (may_fault) {
        struct expr *e = kdata_sprintf(s, of->tok, text, values);
        e->print->or_else = "ERROR";
        text = "%s";
        vec_push(s->arena, args, e);
    } else {
        vec_for (i, *values)
            vec_push(s->arena, args, values->v[i]);
    }
    append(s, format, text);
}

void kdata_format_unknown(struct session *s, struct kernel_btf *b, uint32_t type, int dollars,
                          const char **format)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    expr_vec none = {0};
    if (t)
        pretty(s, b, (struct kernel_value){.type = type}, false,
               dollars > 1 ? PRETTY_DEPTH : dollars, format, &none);
    else
        append(s, format, "?");
}

/* Points to a function, in however many steps. */
static bool is_function(struct kernel_btf *b, const struct btf_type *t)
{
    bool pointer = kind_of(t) == BTF_KIND_PTR;
    for (int i = 0; i < DEPTH_MAX && kind_of(t) == BTF_KIND_PTR; i++)
        t = kbtf_type(b, kbtf_skip(b, t->type));
    return pointer && kind_of(t) == BTF_KIND_FUNC_PROTO;
}

void kdata_format(struct session *s, struct kernel_btf *b, struct kernel_value v, int dollars,
                  const char **format, expr_vec *args)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v.type));
    if (dollars) {
        const char *text = "";
        expr_vec values = {0};
        /* A pointer to a structure shows what it points to. */
        if (!v.pointer && kind_of(t) == BTF_KIND_PTR &&
            is_struct(kbtf_type(b, kbtf_skip(b, t->type)))) {
            v.from = klive_origin(s, b, t->type, &v.from, "*");
            v.type = t->type;
        } else if (!v.pointer && is_function(b, t)) {
            append(s, &text, "<function>:");
        }
        pretty(s, b, v, false, dollars > 1 ? PRETTY_DEPTH : 1, &text, &values);
        add_text(s, v.e, text, &values, format, args);
        return;
    }
    if (!v.pointer &&
        (is_struct(t) || kind_of(t) == BTF_KIND_ARRAY || v.parts || is_wide(b, v.type))) {
        append(s, format, is_struct(t) ? "{...}" : kind_of(t) == BTF_KIND_ARRAY ? "[...]" : "?");
        return;
    }
    append(s, format, "%#x");
    vec_push(s->arena, args, v.pointer ? v.e : readable_float(s, b, v.e, v.type));
}

/* The address of a value; NULL: it has none. */
static struct expr *address_of(struct session *s, struct kernel_btf *b,
                               const struct kernel_value *v)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v->type));
    if (is_struct(t) || kind_of(t) == BTF_KIND_ARRAY)
        return v->e;
    return v->e->kind == EX_DEREF ? add(s, v->e->a, v->e->num) : NULL;
}

/* " such as '->NAME'", or "". */
static const char *a_member(struct session *s, struct kernel_btf *b, uint32_t id)
{
    const char *name;
    size_t n = 0;
    member_names(s, b, id, &name, &n, 1);
    return n ? arena_printf(s->arena, " such as '->%s'", name) : "";
}

struct expr *kdata_steps(struct session *s, struct kernel_btf *b, struct kernel_value v,
                         const struct target *t, const struct token *tok, const char **why)
{
    vec_for (i, t->steps) {
        const struct target_step *st = &t->steps.v[i];
        bool ok = true;
        switch (st->kind) {
        case STEP_MEMBER:
            ok = step_member(s, b, tok, &v, st, why);
            break;
        case STEP_INDEX:
        case STEP_INDEX_EXPR:
            ok = step_index(s, b, tok, &v, st, why);
            break;
        case STEP_PRETTY: {
            const char *format = "";
            expr_vec args = {0};
            settle_pointer(s, b, tok, &v, 0);
            kdata_format(s, b, v, st->name[1] ? 2 : 1, &format, &args);
            return kdata_sprintf(s, tok, format, &args);
        }
        }
        if (!ok) {
            s->why_at = st->tok;
            return NULL;
        }
    }
    if (t->address_of && v.parts) {
        struct expr *at = kdata_part_address(s, tok, v.parts, v.at);
        if (!at)
            *why = "it is not in memory: it has no address";
        return at;
    }
    if (t->address_of) {
        struct expr *at = v.pointer ? v.e : v.address ? v.address : address_of(s, b, &v);
        if (!at) {
            *why = "this value has no address";
            return NULL;
        }
        v.pointer = true;
        return kdata_typed(s, b, at, &v);
    }
    settle_pointer(s, b, tok, &v, 0);
    if (is_struct(kbtf_type(b, kbtf_skip(b, v.type)))) {
        s->why_at = t->steps.n ? vec_last(t->steps).tok : NULL;
        *why = arena_printf(s->arena, "'%s' is being accessed instead of a member%s",
                            type_text(s, b, v.type), a_member(s, b, v.type));
        return NULL;
    }
    if (v.parts) {
        *why = "the pointer was optimised away; what it points to is known";
        return NULL;
    }
    if (is_wide(b, v.type)) {
        *why = arena_printf(s->arena, "cannot process >64-bit values: it is of type %s",
                            type_text(s, b, v.type));
        return NULL;
    }
    struct expr *e = readable_float(s, b, v.e, v.type);
    return e == v.e ? kdata_typed(s, b, e, &v) : e;
}

/* ---- @cast ---- */

static uint32_t find_type(struct kernel_btf *b, const char *name)
{
    static const struct {
        const char *prefix;
        uint32_t kind;
    } tags[] = {{"struct ", BTF_KIND_STRUCT},
                {"class ", BTF_KIND_STRUCT},
                {"union ", BTF_KIND_UNION},
                {"enum ", BTF_KIND_ENUM}};
    static const uint32_t kinds[] = {BTF_KIND_STRUCT, BTF_KIND_TYPEDEF, BTF_KIND_UNION,
                                     BTF_KIND_INT, BTF_KIND_ENUM};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        size_t n = strlen(tags[i].prefix);
        if (strncmp(name, tags[i].prefix, n) == 0)
            return kbtf_find(b, name + n + strspn(name + n, " "), tags[i].kind);
    }
    name = kbtf_int_name(name);
    uint32_t id = 0;
    for (size_t i = 0; !id && i < sizeof kinds / sizeof *kinds; i++)
        id = kbtf_find(b, name, kinds[i]);
    return id;
}

static struct expr *cast_to(struct session *s, const struct expr *e, const char *module,
                            bool lvalue, const char **why)
{
    const struct target *t = e->target;
    bool kernel = !module || !*module || strncmp(module, "kernel", 6) == 0;
    /* A name without a slash is first a kernel module's, then a program's; what is a module
     * on most systems may be a part of this kernel. */
    struct kernel_btf *b = NULL;
    if (!kernel && !strchr(module, '/') && *module != '<')
        b = session_module_btf(s, module, why);
    if (!kernel && !b) {
        struct expr *r = udata_cast(s, e, module, lvalue, why);
        if (r || strchr(module, '/') || *module == '<')
            return r;
    }
    if (lvalue) {
        *why = "write to memory of the kernel is not possible";
        return NULL;
    }
    if (!b)
        b = session_btf(s, why);
    if (!b)
        return NULL;
    *why = NULL;
    const char *text = t->type ? t->type + strspn(t->type, " ") : "";
    size_t n = strlen(text);
    int stars = 0;
    for (; n && (text[n - 1] == '*' || text[n - 1] == ' '); n--)
        stars += text[n - 1] == '*';
    uint32_t id = stars < 2 && n ? find_type(b, arena_strndup(s->arena, text, n)) : 0;
    if (!id) {
        *why = arena_printf(s->arena, "unable to find type '%s' in this kernel", text);
        return NULL;
    }
    /* The number is an address, whether the type is written as a pointer or not. */
    struct kernel_value v = {
        .e = e->a, .type = id, .pointer = true, .from = klive_origin(s, b, id, NULL, "")};
    if (stars && !t->steps.n) /* the pointer itself */
        return kdata_typed(s, b, e->a, &v);
    return kdata_steps(s, b, v, t, e->tok, why);
}

struct expr *kdata_cast(struct session *s, const struct expr *e, bool lvalue, const char **why)
{
    const char *p = e->target->module, *first = NULL;
    if (!p || !strchr(p, ':'))
        return cast_to(s, e, p, lvalue, why);
    /* Several modules, one after the other. */
    for (struct expr *r; *p;) {
        size_t n = strcspn(p, ":");
        r = cast_to(s, e, arena_strndup(s->arena, p, n), lvalue, why);
        if (r)
            return r;
        first = first ? first : *why;
        p += n + (p[n] == ':');
    }
    *why = first;
    return NULL;
}

struct expr *kdata_only_cast(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                             const char **why)
{
    (void)p;
    return e->kind == EX_CAST ? kdata_cast(s, e, lvalue, why) : NULL;
}

struct expr *function_target(struct session *s, const struct expr *e, bool lvalue, const char **why)
{
    if (e->kind == EX_CAST)
        return kdata_cast(s, e, lvalue, why);
    const char *module = e->target->module;
    struct expr *r = kdata_global(s, e, NULL, lvalue, why);
    if (r || !module || !*module || strcmp(module, "kernel") == 0)
        return r;
    /* Not a module of the kernel: a program. */
    const char *of_kernel = *why;
    r = udata_global(s, e, lvalue, why);
    if (!r && of_kernel && !strchr(module, '/'))
        *why = of_kernel;
    return r;
}
