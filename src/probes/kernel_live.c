/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of the kernel in an image for another machine: where they are, how long and whether
 * signed are facts that are looked up there (sema/facts.h). */
#include <string.h>

#include "probes/kernel_data.h"

bool klive(const struct session *s, const struct kernel_btf *b)
{
    return s->portable && !b->made;
}

static const char *named(struct session *s, const struct kernel_btf *b, char kind, const char *name)
{
    (void)b;
    return arena_printf(s->arena, "%c %s", kind, name);
}

/* A name that leads to the type by itself, or NULL. */
static const char *root_of(struct session *s, struct kernel_btf *b, uint32_t id)
{
    static const char letters[] = {
        [BTF_KIND_INT] = 'i',  [BTF_KIND_STRUCT] = 's', [BTF_KIND_UNION] = 'u',
        [BTF_KIND_ENUM] = 'e', [BTF_KIND_ENUM64] = 'e', [BTF_KIND_TYPEDEF] = 't'};
    const char *alias = NULL;
    for (const struct btf_type *t = kbtf_type(b, id); t; t = kbtf_type(b, t->type)) {
        uint32_t kind = BTF_INFO_KIND(t->info);
        const char *name = kbtf_name(b, t->name_off);
        if (kind == BTF_KIND_TYPEDEF) {
            alias = alias ? alias : named(s, b, 't', name);
        } else if (kind != BTF_KIND_CONST && kind != BTF_KIND_VOLATILE &&
                   kind != BTF_KIND_RESTRICT && kind != BTF_KIND_TYPE_TAG) {
            char letter = kind < sizeof letters ? letters[kind] : 0;
            return letter && *name ? named(s, b, letter, name) : alias;
        }
    }
    return alias;
}

struct type_origin klive_origin(struct session *s, struct kernel_btf *b, uint32_t id,
                                const struct type_origin *from, const char *step)
{
    struct type_origin o = {.module = b->base ? b->module : NULL};
    if (!klive(s, b))
        return o;
    o.root = root_of(s, b, id);
    if (o.root || !from || !from->root)
        return o;
    o.root = from->root;
    o.path = from->path && *from->path ? arena_printf(s->arena, "%s.%s", from->path, step) : step;
    return o;
}

static bool is_aggregate(struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    uint32_t kind = t ? BTF_INFO_KIND(t->info) : 0;
    return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ARRAY;
}

static struct expr *binary(struct session *s, const struct token *tok, enum op op, struct expr *l,
                           struct expr *r)
{
    struct expr *e = expr_binary(s->arena, tok, op, l, r);
    e->type = TY_LONG;
    return e;
}

static uint32_t fact_of(struct session *s, enum fact_kind kind, const struct type_origin *o,
                        const char *name, bool scalar, bool optional)
{
    return fact_add(s, (struct kernel_fact){.kind = kind,
                                            .root = o->root ? o->root : "?",
                                            .module = o->module,
                                            .path = o->path,
                                            .name = name,
                                            .scalar = scalar,
                                            .optional = optional});
}

/* The number in a word, by a fact about its type. */
static struct expr *extract(struct session *s, const struct token *tok, struct expr *word,
                            uint32_t fact, uint32_t bits, bool sign)
{
    struct expr *up = binary(s, tok, OP_SHL, word, fact_number(s, tok, fact, PART_LEFT, 64 - bits));
    return binary(s, tok, sign ? OP_SHR : OP_SHRU, up,
                  fact_number(s, tok, fact, PART_RIGHT, 64 - bits));
}

struct expr *klive_narrow(struct session *s, struct kernel_btf *b, struct expr *word, uint32_t type,
                          const struct type_origin *from)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    uint32_t size = kbtf_size(b, type);
    /* Pointers are as long everywhere. */
    if (!t || BTF_INFO_KIND(t->info) == BTF_KIND_PTR || !size || size > 8)
        return word;
    uint32_t fact = fact_of(s, FACT_TYPE, from, NULL, true, false);
    return extract(s, word->tok, word, fact, size * 8, kbtf_signed(b, type));
}

static struct expr *load(struct session *s, struct kernel_btf *b, const struct token *tok,
                         struct expr *address, uint32_t fact, uint32_t type, uint32_t bits,
                         bool user)
{
    uint32_t size = kbtf_size(b, type);
    struct expr *e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = address;
    e->deref = (struct deref){.size = (uint8_t)(size && size <= 8 ? size : 8), .user = user};
    e->fact = fact;
    e->part = PART_SIZE;
    return extract(s, tok, e, fact, bits ? bits : e->deref.size * 8u, kbtf_signed(b, type));
}

struct kernel_value klive_member(struct session *s, struct kernel_btf *b, const struct token *tok,
                                 const struct kernel_value *v, const char *name, bool optional)
{
    struct kernel_value out = {.user = v->user};
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, v->type));
    struct type_origin holder = v->from;
    uint32_t id = v->type;
    struct kbtf_member m;
    if (t && BTF_INFO_KIND(t->info) == BTF_KIND_PTR && !v->pointer) {
        id = t->type;
        holder = klive_origin(s, b, id, &v->from, "*");
    }
    if (!kbtf_member(b, id, name, &m))
        return out;
    bool scalar = !is_aggregate(b, m.type);
    uint32_t fact = fact_of(s, FACT_MEMBER, &holder, name, scalar, optional);
    out.type = m.type;
    out.from = klive_origin(s, b, m.type, &holder, name);
    out.address =
        binary(s, tok, OP_ADD, v->e, fact_number(s, tok, fact, PART_OFFSET, m.bit_offset / 8));
    out.e = scalar ? load(s, b, tok, out.address, fact, m.type, m.bit_size, v->user) : out.address;
    return out;
}

struct kernel_value klive_element(struct session *s, struct kernel_btf *b, const struct token *tok,
                                  const struct kernel_value *v, uint32_t type, struct expr *index)
{
    struct kernel_value out = {.type = type, .user = v->user, .address = v->e};
    out.from = v->pointer ? v->from : klive_origin(s, b, type, &v->from, "*");
    bool scalar = !is_aggregate(b, type);
    uint32_t fact = fact_of(s, FACT_TYPE, &out.from, NULL, scalar, false);
    if (index && (index->kind != EX_NUMBER || index->num))
        out.address = binary(s, tok, OP_ADD, v->e,
                             binary(s, tok, OP_MUL, index,
                                    fact_number(s, tok, fact, PART_SIZE, kbtf_size(b, type))));
    out.e = scalar ? load(s, b, tok, out.address, fact, type, 0, v->user) : out.address;
    return out;
}

/* The letter of a fact's root, then the function and the parameter. */
struct type_origin klive_parameter(struct session *s, const char *module, char kind,
                                   const char *function, const char *name)
{
    return (struct type_origin){.root = arena_printf(s->arena, "%c %s%s%s", kind, function,
                                                     name ? " " : "", name ? name : ""),
                                .module = module};
}

uint32_t klive_place(struct session *s, const struct type_origin *o, bool on_stack)
{
    return fact_of(s, FACT_PLACE, o, on_stack ? "stack" : NULL, false, false);
}
