/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables: which are in scope at an address, and where they are. */
#include <dwarf.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

bool dw_place_of(struct dw_module *m, Dwarf_Die *var, const struct dw_at *at, struct dw_place *out,
                 const char **why)
{
    Dwarf_Attribute a;
    Dwarf_Block block;
    out->ops.n = 0;
    out->pieces = (dw_piece_vec){0};
    out->target = NULL;
    out->told = false;
    out->type = dw_type_attr(m, var);
    if (dwarf_attr_integrate(var, DW_AT_location, &a)) {
        Dwarf_Op *ops;
        size_t n;
        int found = dwarf_getlocation_addr(&a, at->pc, &ops, &n, 1);
        if (found != 1) {
            *why = "it has no location at this address: it was optimised away here";
            return false;
        }
        out->told = n > 0;
        return dw_translate(m, &a, ops, n, at, out, why);
    }
    if (dwarf_attr_integrate(var, DW_AT_const_value, &a)) {
        Dwarf_Sword v;
        if (dwarf_formsdata(&a, &v) == 0)
            return dw_constant(m, &v, sizeof v, out);
        if (dwarf_formblock(&a, &block) == 0)
            return dw_constant(m, block.data, block.length, out);
    }
    *why = "it was optimised away";
    return false;
}

enum { SCOPES_MAX = 32 };

struct scopes {
    Dwarf_Die v[SCOPES_MAX]; /* the innermost first; the last is the file */
    int n;
    Dwarf_Die function; /* the subprogram with the frame */
    bool has_function;
};

/* The functions of a file that have code, in order of addresses: an inlined instance does not
 * say what it is part of. */
struct code_range {
    uint64_t start, end;
    Dwarf_Die die;
};
struct code_index {
    struct arena *arena;
    VEC(struct code_range) ranges;
};

static int index_function(Dwarf_Die *die, void *arg)
{
    struct code_index *x = arg;
    Dwarf_Addr base, start, end;
    ptrdiff_t off = 0;
    while ((off = dwarf_ranges(die, off, &base, &start, &end)) > 0) {
        struct code_range r = {start, end, *die};
        vec_push(x->arena, &x->ranges, r);
    }
    return DWARF_CB_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct code_range *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static bool function_around(struct dw_module *m, Dwarf_Die *cu, uint64_t pc, Dwarf_Die *out)
{
    char key[32];
    snprintf(key, sizeof key, "%llx", (unsigned long long)dwarf_dieoffset(cu));
    struct code_index *x = hash_get(&m->code, key);
    if (!x) {
        x = arena_new_obj(m->arena, struct code_index);
        x->arena = m->arena;
        dwarf_getfuncs(cu, index_function, x, 0);
        if (x->ranges.n)
            qsort(x->ranges.v, x->ranges.n, sizeof *x->ranges.v, by_start);
        hash_put(&m->code, arena_printf(m->arena, "%s", key), x);
    }
    size_t lo = 0, hi = x->ranges.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (x->ranges.v[mid].start <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo || pc >= x->ranges.v[lo - 1].end)
        return false;
    *out = x->ranges.v[lo - 1].die;
    return true;
}

static void push(struct scopes *s, Dwarf_Die die)
{
    if (s->n == SCOPES_MAX)
        return;
    memmove(s->v + 1, s->v, (size_t)s->n * sizeof *s->v);
    s->v[0] = die;
    s->n++;
}

/* The blocks of a function that are around pc.  What is inlined in it is another function. */
static void descend(struct scopes *s, Dwarf_Die die, uint64_t pc)
{
    Dwarf_Die child;
    int ok = dwarf_child(&die, &child);
    while (ok == 0 && s->n < SCOPES_MAX) {
        int tag = dwarf_tag(&child);
        bool scope =
            tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
        if (scope && dwarf_haspc(&child, pc) > 0) {
            push(s, child);
            die = child;
            ok = dwarf_child(&die, &child);
        } else {
            ok = dwarf_siblingof(&child, &child);
        }
    }
}

/* A probe at the start of a function sees the function, not a block that happens to start at the
 * same address; one at a line sees both. */
static bool scopes_at(struct dw_module *m, const struct dw_function *f, uint64_t pc,
                      struct scopes *s)
{
    memset(s, 0, sizeof *s);
    if (!f->priv || !dw_debug(m))
        return false;
    Dwarf_Die die = *(const Dwarf_Die *)f->priv, cu;
    if (!dwarf_diecu(&die, &cu, NULL, NULL))
        return false;
    push(s, cu);
    push(s, die);
    s->function = die;
    s->has_function = !f->inlined || function_around(m, &cu, f->entry, &s->function);
    if (f->by_line || (pc != f->entry && pc != f->body))
        descend(s, die, pc);
    return true;
}

static struct dw_at at_of(struct scopes *s, const struct dw_function *f, uint64_t pc)
{
    return (struct dw_at){
        .function = s->has_function ? &s->function : NULL, .pc = pc, .entry = pc == f->entry};
}

static bool is_variable(Dwarf_Die *die)
{
    int tag = dwarf_tag(die);
    return tag == DW_TAG_formal_parameter || tag == DW_TAG_variable;
}

uint64_t dw_outer_entry(struct dw_module *m, const struct dw_function *f)
{
    struct scopes s;
    Dwarf_Addr pc;
    if (!f->inlined)
        return f->entry;
    if (!scopes_at(m, f, f->entry, &s))
        return 0;
    bool known = s.has_function && dwarf_entrypc(&s.function, &pc) == 0;
    return known ? pc : 0;
}

/* What is written in the source has a variable of that name, and what became of it has not. */
static bool was_dropped(Dwarf_Die *scope, const char *name)
{
    Dwarf_Attribute a;
    Dwarf_Die origin, child;
    if (!dwarf_attr(scope, DW_AT_abstract_origin, &a) || !dwarf_formref_die(&a, &origin))
        return false;
    for (int ok = dwarf_child(&origin, &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
        const char *have = is_variable(&child) ? dwarf_diename(&child) : NULL;
        if (have && strcmp(have, name) == 0)
            return true;
    }
    return false;
}

bool dw_variable(struct dw_module *m, const struct dw_function *f, uint64_t pc, const char *name,
                 struct dw_place *out, const char **why)
{
    struct scopes s;
    *why = NULL;
    if (!scopes_at(m, f, pc, &s))
        return false;
    bool found = false;
    for (int i = 0; i < s.n && !found && !*why; i++) {
        Dwarf_Die child;
        for (int ok = dwarf_child(&s.v[i], &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
            const char *have = is_variable(&child) ? dwarf_diename(&child) : NULL;
            if (!have || strcmp(have, name) != 0)
                continue;
            Dwarf_Attribute a;
            if (dwarf_attr(&child, DW_AT_declaration, &a))
                continue; /* defined elsewhere */
            const struct dw_at at = at_of(&s, f, pc);
            found = dw_place_of(m, &child, &at, out, why);
            break;
        }
    }
    for (int i = 0; i < s.n && !found && !*why; i++)
        if (was_dropped(&s.v[i], name))
            *why = "it was optimised away";
    return found;
}

void dw_each_variable(struct dw_module *m, const struct dw_function *f, uint64_t pc,
                      dw_variable_fn *fn, void *arg)
{
    struct scopes s;
    struct dw_place place = {0};
    if (!scopes_at(m, f, pc, &s))
        return;
    const struct dw_at at = at_of(&s, f, pc);
    for (int i = 0; i < s.n; i++) {
        int tag = dwarf_tag(&s.v[i]);
        if (tag == DW_TAG_compile_unit || tag == DW_TAG_namespace)
            break;
        Dwarf_Die child;
        for (int ok = dwarf_child(&s.v[i], &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
            const char *name = is_variable(&child) ? dwarf_diename(&child) : NULL, *why;
            Dwarf_Attribute a;
            if (!name || dwarf_attr(&child, DW_AT_declaration, &a))
                continue;
            bool known = dw_place_of(m, &child, &at, &place, &why);
            fn(name, dwarf_tag(&child) == DW_TAG_formal_parameter, &place, known, arg);
        }
        if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
            break;
    }
}

static bool file_matches(struct dw_module *m, Dwarf_Die *var, const char *file)
{
    const char *have = dw_decl_file(m, var);
    if (!file)
        return true;
    if (!have)
        return false;
    size_t n = strlen(have), k = strlen(file);
    return fnmatch(file, have, 0) == 0 ||
           (n > k && have[n - k - 1] == '/' && fnmatch(file, have + n - k, 0) == 0);
}

struct global {
    const char *name, *scope, *file; /* the last two may be NULL: any */
    Dwarf_Die found;
};

/* In a unit, or in a namespace of it. */
static bool find_global(struct dw_module *m, Dwarf_Die *parent, struct global *g, int depth)
{
    enum { DEPTH = 16 };
    Dwarf_Die child;
    for (int ok = dwarf_child(parent, &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
        Dwarf_Attribute a;
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_namespace && depth < DEPTH && find_global(m, &child, g, depth + 1))
            return true;
        const char *have = tag == DW_TAG_variable ? dwarf_diename(&child) : NULL;
        if (have && strcmp(have, g->name) == 0 && !dwarf_attr(&child, DW_AT_declaration, &a) &&
            file_matches(m, &child, g->file) && (!g->scope || dw_in_scope(m, &child, g->scope))) {
            g->found = child;
            return true;
        }
    }
    return false;
}

bool dw_global(struct dw_module *m, const struct dw_function *near, const char *name,
               const char *file, struct dw_place *out, const char **why)
{
    struct dw_units units = {0};
    struct global g = {.file = file};
    Dwarf_Die unit;
    const struct dw_at nowhere = {0};
    g.name = dw_split_scope(m, name, &g.scope);
    *why = NULL;
    Dwarf_Die own = near && near->priv ? *(const Dwarf_Die *)near->priv : (Dwarf_Die){0};
    if (!file && own.addr && dwarf_diecu(&own, &unit, NULL, NULL) && find_global(m, &unit, &g, 0))
        return dw_place_of(m, &g.found, &nowhere, out, why);
    while (dw_next_unit(m, &units, &unit))
        if (find_global(m, &unit, &g, 0))
            return dw_place_of(m, &g.found, &nowhere, out, why);
    return false;
}

uint32_t dw_return_type(struct dw_module *m, const struct dw_function *f)
{
    if (!f->priv)
        return 0;
    Dwarf_Die die = *(const Dwarf_Die *)f->priv;
    return dw_type_attr(m, &die);
}

/* The type that a DIE names, past typedefs and const; false: it has none. */
static bool plain_type(Dwarf_Die *die, Dwarf_Die *out)
{
    Dwarf_Attribute a;
    Dwarf_Die type;
    return dwarf_attr_integrate(die, DW_AT_type, &a) && dwarf_formref_die(&a, &type) &&
           dwarf_peel_type(&type, out) == 0;
}

/* A destructor, or a constructor from another object, that is written in the source. */
static bool written_copy(Dwarf_Die *type, Dwarf_Die *method)
{
    Dwarf_Attribute a;
    Dwarf_Die child, of, target;
    const char *name = dwarf_diename(method), *own = dwarf_diename(type);
    if (!name || !own || dwarf_attr(method, DW_AT_artificial, &a) ||
        dwarf_attr(method, DW_AT_defaulted, &a) || dwarf_attr(method, DW_AT_deleted, &a))
        return false;
    if (*name == '~')
        return true;
    size_t n = strcspn(own, "<"), parameters = 0;
    if (strlen(name) != n || strncmp(name, own, n) != 0)
        return false;
    bool same = false;
    for (int ok = dwarf_child(method, &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
        if (dwarf_tag(&child) != DW_TAG_formal_parameter ||
            dwarf_attr(&child, DW_AT_artificial, &a))
            continue;
        int tag = plain_type(&child, &of) ? dwarf_tag(&of) : 0;
        same = (tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type) &&
               plain_type(&of, &target) && target.addr == type->addr;
        parameters++;
    }
    return same && parameters == 1;
}

/* A class with a destructor or a copy constructor of its own or a table of virtual functions, or
 * with such a base or member.  Older compilers do not say more. */
static bool copies_itself(Dwarf_Die *type, int depth)
{
    enum { PASS_BY_REFERENCE = 4, PASS_BY_VALUE = 5, DEPTH = 16 };
    Dwarf_Attribute a;
    Dwarf_Word how;
    Dwarf_Die child, of;
    int tag = dwarf_tag(type);
    if ((tag != DW_TAG_structure_type && tag != DW_TAG_class_type && tag != DW_TAG_union_type) ||
        depth > DEPTH)
        return false;
    if (dwarf_attr(type, DW_AT_calling_convention, &a) && dwarf_formudata(&a, &how) == 0 &&
        (how == PASS_BY_REFERENCE || how == PASS_BY_VALUE))
        return how == PASS_BY_REFERENCE;
    for (int ok = dwarf_child(type, &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
        const char *name = dwarf_diename(&child);
        tag = dwarf_tag(&child);
        if (tag == DW_TAG_subprogram && written_copy(type, &child))
            return true;
        if (tag == DW_TAG_member && name && strncmp(name, "_vptr", 5) == 0)
            return true;
        if ((tag == DW_TAG_member || tag == DW_TAG_inheritance) &&
            !dwarf_attr(&child, DW_AT_external, &a) && plain_type(&child, &of) &&
            copies_itself(&of, depth + 1))
            return true;
    }
    return false;
}

bool dw_returns_in_memory(const struct dw_function *f)
{
    Dwarf_Die type, die = *(const Dwarf_Die *)f->priv;
    return plain_type(&die, &type) && copies_itself(&type, 0);
}

enum dw_stacks dw_stacks(const struct dw_function *f)
{
    Dwarf_Die cu, die = *(const Dwarf_Die *)f->priv;
    switch (dwarf_diecu(&die, &cu, NULL, NULL) ? dwarf_srclang(&cu) : -1) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case 0x2b: /* C++17 and C++20 */
    case 0x2c:
    case DW_LANG_ObjC:
    case DW_LANG_ObjC_plus_plus:
    case DW_LANG_Ada83:
    case DW_LANG_Ada95:
    case DW_LANG_D:
    case DW_LANG_Rust:
        return DW_STACKS_UNWIND;
    case DW_LANG_Go:
        return DW_STACKS_MOVE;
    default:
        return DW_STACKS_STAY;
    }
}
