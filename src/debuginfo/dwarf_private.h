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
    struct type_ids {
        struct type_id {
            const void *die; /* its address in memory; NULL: free */
            uint32_t id;     /* + 1 */
        } * v;
        size_t n, cap; /* cap: a power of two */
    } type_ids;
    struct hash type_dies; /* "struct node" → Dwarf_Die *; filled when first needed */
    struct hash code;      /* offset of a file's DIE → its functions; dwarf_vars.c */
    bool indexed;
    struct hash code_lines; /* unit and file, as text → struct code_lines *; dwarf_statements.c */
    struct hash files;      /* address of a unit's DIE, as text → struct line_files * */
    struct hash comp_dirs;  /* address of a split unit's DIE, as text → its folder */
    bool split;             /* a unit is in a file of its own */
    const char *missing_dwo; /* a file with debug information that was not found */
    const char *advice;      /* dw_advice(), once it was asked for */
    struct dw_module *next;  /* all that are open */
};

/* dwarf.c: the debug information, read when it is first asked for; NULL: none. */
Dwarf *dw_debug(struct dw_module *m);
/* dwarf_units.c: the next unit, also of the file that several programs share (dwz); {0}: the first
 * one.  Of a unit that only says which file it is in (.dwo) that one, where it is found.
 * False: no more. */
struct dw_units {
    Dwarf_CU *cu;
    bool shared;
};
bool dw_next_unit(struct dw_module *m, struct dw_units *u, Dwarf_Die *out);
/* dwarf_names.c: the units of a large file that have functions of a name.  NULL: not known. */
struct dw_names *dw_names_open(struct dw_module *m);
/* The next one, in their order in the file; *i begins with 0.  It may have none after all. */
bool dw_names_unit(const struct dw_names *x, const char *name, size_t *i, Dwarf_Die *out);
/* To make what dw_names_open() finds the next time: all units, each followed by the names of its
 * functions.  NULL: there is no need, or no place to keep it. */
struct dw_names *dw_names_new(struct dw_module *m);
void dw_names_add_unit(struct dw_names *x, Dwarf_Die *unit);
void dw_names_add(struct dw_names *x, const char *name);
void dw_names_keep(struct dw_names *x);

/* The unit's own DIE, or the one in the other file. */
void dw_whole_unit(struct dw_module *m, Dwarf_Die *cu);
/* The folder that a unit was compiled in; may be NULL. */
const char *dw_comp_dir(struct dw_module *m, Dwarf_Die *cu);
/* dwarf.c: a file of the project itself is named as in its own folder. */
const char *dw_without_directory(const char *file, const char *dir);
/* dwarf.c: appends a function, or an inlined instance. */
void dw_add_function(struct dw_module *m, Dwarf_Die *die, bool inlined, dw_function_vec *out);

/* dwarf.c: a row of a table of lines; NULL: there is none that can be read. */
Dwarf_Line *dw_row(Dwarf_Lines *lines, size_t n, size_t i, uint64_t *pc, int *line);
/* The first row at or behind an address; rows are in order of addresses. */
size_t dw_first_row(Dwarf_Lines *lines, size_t n, uint64_t pc);
/* The first address from `from` on and before `end` whose row libdw says to be marked so; 0: there
 * is none. */
uint64_t dw_row_with(Dwarf_Die *cu, uint64_t from, uint64_t end, int (*mark)(Dwarf_Line *, bool *));

/* cache.c: finds a separate file of debug information (Dwfl_Callbacks.find_debuginfo). */
int dw_find_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
                      const char *file, const char *link, GElf_Word crc, char **found);

/* fetch.c: around what may fetch debug information for the file `name`: progress is shown on a
 * terminal. */
void dw_fetch_begin(Dwfl *session, const char *name);
void dw_fetch_end(void);

/* dwarf_scope.c: the namespaces and classes that a function is in, if the pattern matches them,
 * or as many of the inner ones as it does; otherwise NULL. */
const char *dw_in_scope(struct dw_module *m, Dwarf_Die *die, const char *pattern);
/* "a::b::c": "c", and *scope is "a::b"; NULL when there is none. */
const char *dw_split_scope(struct dw_module *m, const char *pattern, const char **scope);

/* dwarf_types.c: 0 for void. */
uint32_t dw_type_of(struct dw_module *m, Dwarf_Die *die);
/* The type that DW_AT_type of `die` (or of what it stands for) names. */
uint32_t dw_type_attr(struct dw_module *m, Dwarf_Die *die);

/* What a location is computed for. */
struct dw_at {
    Dwarf_Die *function; /* for the frame base; NULL: none */
    uint64_t pc;
    bool entry;   /* at the first instruction: registers are as the caller left them */
    int pointers; /* that were followed to get here */
};
/* dwarf_expr.c: fills all of `out` but its type from a location that `attr` (NULL: none) has;
 * false with *why when it cannot be computed. */
bool dw_translate(struct dw_module *m, Dwarf_Attribute *attr, const Dwarf_Op *ops, size_t n,
                  const struct dw_at *at, struct dw_place *out, const char **why);
/* A constant as a place. */
bool dw_constant(struct dw_module *m, const void *bytes, size_t n, struct dw_place *out);

/* dwarf_vars.c: the place of a variable's DIE. */
bool dw_place_of(struct dw_module *m, Dwarf_Die *var, const struct dw_at *at, struct dw_place *out,
                 const char **why);

/* dwarf_tls.c: appends to `out` what makes the address of a thread's variable out of its
 * offset in the module's thread-local storage, which is on the stack. */
bool dw_thread_local(struct dw_module *m, dw_op_vec *out, const char **why);
/* dwarf_scope.c: the file that a DIE says it is declared in. */
const char *dw_decl_file(struct dw_module *m, Dwarf_Die *die);
/* dwarf_files.c: the path of a file by its number in a unit; NULL: there is none. */
const char *dw_file_name(struct dw_module *m, Dwarf_Die *cu, uint64_t number);
