/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C types in the form of BTF: those of the running kernel, read when first asked
 * for, and tables that other debug information is converted to (debuginfo/dwarf.h).
 * Format: Documentation/bpf/btf.rst. */
#pragma once
#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/vec.h"
#include "debuginfo/btf_index.h"

struct arena;

/* What the format of a member has no room for. */
struct kbtf_note {
    const struct btf_member *member;
    /* A virtual base class of C++: where it is in an object says the object.  So many bytes before
     * what its first word points to stands the distance from there.  0: it is none. */
    uint32_t before;
    uint32_t bit_offset; /* of one that is further than 2 MB behind the start: KBTF_FAR */
};
enum {
    KBTF_FAR = 0xffffff,
    KBTF_CLASS = 1 << 16, /* in `info` of a structure that C++ calls a class; unused in BTF */
};

/* The kernel's types.  Owned by the arena, except the mapping of the file, which
 * lives until the process ends. */
struct kernel_btf {
    const char *strings;
    uint32_t strings_len;
    const char *types;
    uint32_t types_len;
    struct arena *arena;
    const uint32_t *offset; /* by type id, into types; made when a type is first asked for by id */
    uint32_t n;             /* ids are 1 … n - 1; 0 until then */
    struct btf_index index; /* slots 0: there is none */
    /* A module's types refer to those of the kernel, which have the lower ids and name
     * offsets.  NULL, and `first` 1, in the kernel's own table. */
    struct kernel_btf *base;
    const char *module;
    uint32_t first;
    struct hash found;     /* "kind name" → id of what kbtf_find was asked for */
    uint32_t pointer_size; /* 0: 8 bytes */
    /* A table that is being made: types by id, names by name_off; offset is NULL. */
    bool made;
    VEC(const struct btf_type *) made_types;
    VEC(const char *) made_names;
    VEC(const void *) made_later; /* by id: what the members are made from when they are wanted */
    void (*make)(void *arg, uint32_t id, const void *from);
    void *make_arg;
    VEC(struct kbtf_note) made_notes;
};

/* An empty table to add to. */
struct kernel_btf *kbtf_new(struct arena *a);
/* A name_off for `name`, which must live as long as the table; 0 for NULL and "". */
uint32_t kbtf_add_name(struct kernel_btf *b, const char *name);
/* Reserves an id, for types that refer to themselves; kbtf_set gives it its type. */
uint32_t kbtf_reserve(struct kernel_btf *b);
/* `t` and what follows it in the format live as long as the table. */
void kbtf_set(struct kernel_btf *b, uint32_t id, const struct btf_type *t);

/* A structure whose members nobody has asked for yet: `t` is it without them.  kbtf_type() has
 * `make` replace it (kbtf_set) when it is looked at. */
void kbtf_set_later(struct kernel_btf *b, uint32_t id, const struct btf_type *t, const void *from);
/* As kbtf_type(), for those who want the name only. */
const struct btf_type *kbtf_peek(struct kernel_btf *b, uint32_t id);

/* NULL when the kernel has no BTF (CONFIG_DEBUG_INFO_BTF) or it cannot be read;
 * *why says which. */
struct kernel_btf *kernel_btf_open(struct arena *a, const char **why);

/* The types of a module that is loaded; NULL with *why set. */
struct kernel_btf *module_btf_open(struct arena *a, struct kernel_btf *base, const char *module,
                                   const char **why);

const struct btf_type *kbtf_type(struct kernel_btf *b, uint32_t id);
const char *kbtf_name(struct kernel_btf *b, uint32_t name_off);
/* "long" and the like as gcc writes them ("long int"), other names as they are. */
const char *kbtf_int_name(const char *name);
/* The id of the type of this kind and name; 0 when there is none.  A scan of all names where
 * there is no index. */
uint32_t kbtf_find(struct kernel_btf *b, const char *name, uint32_t kind);
/* Calls fn for every type of the kind whose name begins with `prefix`; of a module's
 * table only for its own. */
void kbtf_each(struct kernel_btf *b, const char *prefix, uint32_t kind,
               void (*fn)(const char *name, uint32_t id, void *arg), void *arg);
/* Past typedefs, const, volatile, restrict, type tags. */
uint32_t kbtf_skip(struct kernel_btf *b, uint32_t id);
/* A number with a sign. */
bool kbtf_signed(struct kernel_btf *b, uint32_t id);
/* In bytes; 0 when it has none. */
uint32_t kbtf_size(struct kernel_btf *b, uint32_t id);

struct kbtf_member {
    uint32_t type;       /* id, as declared */
    uint32_t bit_offset; /* from the start of the structure, or of the last virtual base */
    uint32_t bit_size;   /* 0: not a bit field */
    /* The virtual bases on the way to it: where the object that has one begins, from the start of
     * the structure or of the base before; and kbtf_note.before. */
    struct kbtf_hop {
        uint32_t bit_offset, before;
    } hops[4];
    unsigned nhops;
};
/* How many bits of a structure's members are before this one. */
uint32_t kbtf_bit_offset(const struct kernel_btf *b, const struct btf_type *t,
                         const struct btf_member *m);
/* kbtf_note.before of a member; 0: it is not virtual. */
uint32_t kbtf_virtual_base(const struct kernel_btf *b, const struct btf_member *m);
/* A member of a struct or union (after kbtf_skip), also of anonymous ones inside. */
bool kbtf_member(struct kernel_btf *b, uint32_t id, const char *name, struct kbtf_member *out);

/* Offset and size (may be NULL) of a member of a structure by its name: ("task_struct", "tgid"). */
bool kbtf_field(struct kernel_btf *b, const char *type, const char *member, uint32_t *offset,
                uint32_t *size);
