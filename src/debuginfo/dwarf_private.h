/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by dwarf*.c. */
#pragma once
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include "base/arena.h"
#include "base/hash.h"
#include "debuginfo/dwarf.h"

struct dw_module {
    struct arena *arena;
    const char *path;
    Dwfl *dwfl;
    Dwfl_Module *mod;
    Elf *elf;
    Dwarf *dwarf; /* by dw_debug: NULL: none */
    bool looked;  /* for it */
    struct kernel_btf *types;
    struct hash type_ids;  /* address of a type's DIE, as text → id + 1 */
    struct hash type_dies; /* "struct node" → Dwarf_Die *; filled when first needed */
    struct hash code;      /* offset of a file's DIE → its functions; dwarf_vars.c */
    bool indexed;
    struct dw_module *next; /* all that are open */
};

/* dwarf.c: the debug information, read when it is first asked for; NULL: none. */
Dwarf *dw_debug(struct dw_module *m);
/* dwarf.c: a file of the project itself is named as in its own folder. */
const char *dw_without_directory(const char *file, const char *dir);
/* dwarf.c: appends an inlined instance. */
void dw_add_inlined(struct dw_module *m, Dwarf_Die *die, dw_function_vec *out);

/* cache.c: finds a separate file of debug information (Dwfl_Callbacks.find_debuginfo). */
int dw_find_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
                      const char *file, const char *link, GElf_Word crc, char **found);

/* dwarf_scope.c: the function is in a namespace or class whose name the pattern matches. */
bool dw_in_scope(struct dw_module *m, Dwarf_Die *die, const char *pattern);
/* "a::b::c": "c", and *scope is "a::b"; NULL when there is none. */
const char *dw_split_scope(struct dw_module *m, const char *pattern, const char **scope);

/* dwarf_types.c: 0 for void. */
uint32_t dw_type_of(struct dw_module *m, Dwarf_Die *die);
/* The type that DW_AT_type of `die` (or of what it stands for) names. */
uint32_t dw_type_attr(struct dw_module *m, Dwarf_Die *die);

/* dwarf_expr.c: false with *why when it cannot be computed.  `pc`: where; `function`:
 * for the frame base; `*memory` as in struct dw_place. */
bool dw_translate(struct dw_module *m, const Dwarf_Op *ops, size_t n, Dwarf_Die *function,
                  uint64_t pc, bool at_entry, dw_op_vec *out, bool *memory, const char **why);
