/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables: which are in scope at an address, and where they are. */
#include <dwarf.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

static bool place_of(struct dw_module *m, Dwarf_Die *var, Dwarf_Die *function, uint64_t pc,
                     bool at_entry, struct dw_place *out, const char **why)
{
    Dwarf_Attribute a;
    out->ops.n = 0;
    out->type = dw_type_attr(m, var);
    if (dwarf_attr_integrate(var, DW_AT_location, &a)) {
        Dwarf_Op *ops;
        size_t n;
        int found = dwarf_getlocation_addr(&a, pc, &ops, &n, 1);
        if (found != 1) {
            *why = "it has no location at this address: it was optimised away here";
            return false;
        }
        return dw_translate(m, ops, n, function, pc, at_entry, &out->ops, &out->memory, why);
    }
    if (dwarf_attr_integrate(var, DW_AT_const_value, &a)) {
        Dwarf_Sword v;
        if (dwarf_formsdata(&a, &v) == 0) {
            struct dw_op op = {DW_CONST, v};
            vec_push(m->arena, &out->ops, op);
            out->memory = false;
            return true;
        }
    }
    *why = "it was optimised away";
    return false;
}

struct scopes {
    Dwarf_Die *v;
    int n;
    int first;          /* the innermost that counts */
    Dwarf_Die function; /* the subprogram with the frame */
    bool has_function;
};

/* A probe at the start of a function sees the function, not an inlined call that
 * happens to start at the same address. */
static bool scopes_at(struct dw_module *m, const struct dw_function *f, uint64_t pc,
                      struct scopes *s)
{
    memset(s, 0, sizeof *s);
    if (!f->priv || !dw_debug(m))
        return false;
    Dwarf_Die die = *(const Dwarf_Die *)f->priv, cu;
    if (!dwarf_diecu(&die, &cu, NULL, NULL))
        return false;
    s->n = dwarf_getscopes(&cu, pc, &s->v);
    if (s->n <= 0) {
        /* Prologues of some compilers are outside: the function itself. */
        s->n = dwarf_getscopes_die(&die, &s->v);
        if (s->n <= 0)
            return false;
    }
    /* Not among these scopes when they are those of an inlined function. */
    Dwarf_Die *outer;
    int nouter = dwarf_getscopes_die(&die, &outer);
    for (int i = 0; i < nouter && !s->has_function; i++)
        if (dwarf_tag(&outer[i]) == DW_TAG_subprogram) {
            s->function = outer[i];
            s->has_function = true;
        }
    if (nouter > 0)
        free(outer);
    if (pc == f->entry || pc == f->body)
        for (int i = 0; i < s->n; i++)
            if (s->v[i].addr == die.addr)
                s->first = i;
    return true;
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
    free(s.v);
    return known ? pc : 0;
}

bool dw_variable(struct dw_module *m, const struct dw_function *f, uint64_t pc, const char *name,
                 struct dw_place *out, const char **why)
{
    struct scopes s;
    *why = NULL;
    if (!scopes_at(m, f, pc, &s))
        return false;
    bool found = false;
    for (int i = s.first; i < s.n && !found && !*why; i++) {
        Dwarf_Die child;
        for (int ok = dwarf_child(&s.v[i], &child); ok == 0; ok = dwarf_siblingof(&child, &child)) {
            const char *have = is_variable(&child) ? dwarf_diename(&child) : NULL;
            if (!have || strcmp(have, name) != 0)
                continue;
            Dwarf_Attribute a;
            if (dwarf_attr(&child, DW_AT_declaration, &a))
                continue; /* defined elsewhere */
            found = place_of(m, &child, s.has_function ? &s.function : NULL, pc, pc == f->entry,
                             out, why);
            break;
        }
    }
    free(s.v);
    return found;
}

void dw_each_variable(struct dw_module *m, const struct dw_function *f, uint64_t pc,
                      void (*fn)(const char *name, bool parameter, const struct dw_place *place,
                                 void *arg),
                      void *arg)
{
    struct scopes s;
    if (!scopes_at(m, f, pc, &s))
        return;
    for (int i = s.first; i < s.n; i++) {
        int tag = dwarf_tag(&s.v[i]);
        if (tag == DW_TAG_compile_unit || tag == DW_TAG_namespace)
            break;
        for (int parameters = 1; parameters >= 0; parameters--) {
            Dwarf_Die child;
            for (int ok = dwarf_child(&s.v[i], &child); ok == 0;
                 ok = dwarf_siblingof(&child, &child)) {
                const char *name = is_variable(&child) ? dwarf_diename(&child) : NULL;
                struct dw_place place = {0};
                const char *why;
                if (name && (dwarf_tag(&child) == DW_TAG_formal_parameter) == parameters &&
                    place_of(m, &child, s.has_function ? &s.function : NULL, pc, pc == f->entry,
                             &place, &why))
                    fn(name, parameters, &place, arg);
            }
        }
        if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
            break;
    }
    free(s.v);
}

static bool file_matches(Dwarf_Die *var, const char *file)
{
    const char *have = dwarf_decl_file(var);
    if (!file)
        return true;
    if (!have)
        return false;
    size_t n = strlen(have), k = strlen(file);
    return fnmatch(file, have, 0) == 0 ||
           (n > k && have[n - k - 1] == '/' && fnmatch(file, have + n - k, 0) == 0);
}

bool dw_global(struct dw_module *m, const char *name, const char *file, struct dw_place *out,
               const char **why)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Half version;
    uint8_t unit;
    Dwarf_Die die, sub;
    *why = NULL;
    while (dw_debug(m) && dwarf_get_units(m->dwarf, cu, &cu, &version, &unit, &die, &sub) == 0) {
        Dwarf_Die child;
        for (int ok = dwarf_child(unit == DW_UT_skeleton ? &sub : &die, &child); ok == 0;
             ok = dwarf_siblingof(&child, &child)) {
            const char *have = dwarf_tag(&child) == DW_TAG_variable ? dwarf_diename(&child) : NULL;
            Dwarf_Attribute a;
            if (have && strcmp(have, name) == 0 && !dwarf_attr(&child, DW_AT_declaration, &a) &&
                file_matches(&child, file))
                return place_of(m, &child, NULL, 0, false, out, why);
        }
    }
    return false;
}

uint32_t dw_return_type(struct dw_module *m, const struct dw_function *f)
{
    if (!f->priv)
        return 0;
    Dwarf_Die die = *(const Dwarf_Die *)f->priv;
    return dw_type_attr(m, &die);
}
