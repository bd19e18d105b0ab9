/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names with the namespaces and classes that they are in. */
#include <dwarf.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

/* Where a function is declared: what stands outside of its class, or is inlined, refers to it. */
static Dwarf_Die declaration(Dwarf_Die die)
{
    Dwarf_Attribute a;
    Dwarf_Die next;
    for (int i = 0; i < 8; i++) {
        if (!(dwarf_attr(&die, DW_AT_abstract_origin, &a) ||
              dwarf_attr(&die, DW_AT_specification, &a)) ||
            !dwarf_formref_die(&a, &next))
            break;
        die = next;
    }
    return die;
}

/* Not dwarf_decl_file(): it knows no file number 0 (DWARF 5), and ends the process over units
 * that are in files of their own. */
const char *dw_decl_file(struct dw_module *m, Dwarf_Die *die)
{
    Dwarf_Attribute a;
    Dwarf_Word number;
    Dwarf_Half version;
    Dwarf_Die cu;
    if (!dwarf_attr_integrate(die, DW_AT_decl_file, &a) || dwarf_formudata(&a, &number) != 0 ||
        dwarf_cu_info(a.cu, &version, NULL, &cu, NULL, NULL, NULL, NULL) != 0 ||
        (number == 0 && version < 5))
        return NULL;
    return dw_file_name(m, &cu, number);
}

static bool holds_names(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
           tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

/* What is around a DIE, from the outside in; `inlines`: with inline namespaces, which need not be
 * written. */
static const char *path_of(struct dw_module *m, Dwarf_Die *scopes, int n, bool inlines)
{
    Dwarf_Attribute a;
    const char *whole = "";
    for (int i = 1; i < n; i++) {
        if (!holds_names(dwarf_tag(&scopes[i])) ||
            (!inlines && dwarf_attr(&scopes[i], DW_AT_export_symbols, &a)))
            continue;
        const char *name = dwarf_diename(&scopes[i]);
        name = name ? name : "(anonymous namespace)";
        whole = *whole ? arena_printf(m->arena, "%s::%s", name, whole)
                       : arena_printf(m->arena, "%s", name);
    }
    return whole;
}

/* Behind the first "::" that is not in the arguments of a template; NULL: there is none. */
static const char *next_part(const char *path)
{
    int inside = 0;
    for (; *path; path++) {
        inside += (*path == '<') - (*path == '>');
        if (!inside && path[0] == ':' && path[1] == ':')
            return path + 2;
    }
    return NULL;
}

/* The outer ones may be left out: as few as the pattern needs. */
static const char *ends_with(const char *whole, const char *pattern)
{
    const char *found = NULL;
    for (const char *part = *whole ? whole : NULL; part; part = next_part(part))
        if (fnmatch(pattern, part, 0) == 0)
            found = part;
    return found;
}

const char *dw_in_scope(struct dw_module *m, Dwarf_Die *die, const char *pattern)
{
    Dwarf_Die at = declaration(*die), *scopes = NULL;
    int n = dwarf_getscopes_die(&at, &scopes);
    const char *in = ends_with(path_of(m, scopes, n, true), pattern);
    if (!in)
        in = ends_with(path_of(m, scopes, n, false), pattern);
    free(scopes);
    return in;
}

const char *dw_split_scope(struct dw_module *m, const char *pattern, const char **scope)
{
    const char *last = NULL;
    for (const char *part = pattern; (part = next_part(part));)
        last = part;
    *scope = last ? arena_strndup(m->arena, pattern, (size_t)(last - 2 - pattern)) : NULL;
    return last ? last : pattern;
}
