/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source lines of addresses, and the functions that are inlined there. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

/* NULL: no unit of the debug information has that address. */
static Dwarf_Die *cu_at(struct dw_module *m, uint64_t addr, Dwarf_Die *out)
{
    GElf_Addr shift = 0;
    Dwarf_Addr bias;
    if (!dw_debug(m) || !dwfl_module_getelf(m->mod, &shift))
        return NULL;
    Dwarf_Die *die = dwfl_module_addrdie(m->mod, addr + shift, &bias);
    if (!die)
        return NULL;
    *out = *die;
    dw_whole_unit(m, out);
    return out;
}

bool dw_line_at(struct dw_module *m, uint64_t addr, const char **file, int *line)
{
    Dwarf_Die unit, *cu = cu_at(m, addr, &unit);
    Dwarf_Line *l = cu ? dwarf_getsrc_die(cu, addr) : NULL;
    const char *src = l ? dwarf_linesrc(l, NULL, NULL) : NULL;
    if (!src || dwarf_lineno(l, line) != 0)
        return false;
    *file = dw_without_directory(src, dw_comp_dir(m, cu));
    return true;
}

static const char *file_by_number(struct dw_module *m, Dwarf_Die *cu, Dwarf_Word nr)
{
    const char *src = dw_file_name(m, cu, nr);
    return src ? dw_without_directory(src, dw_comp_dir(m, cu)) : NULL;
}

void dw_inlined_at(struct dw_module *m, uint64_t addr, dw_inlined_vec *out)
{
    Dwarf_Die unit, *cu = cu_at(m, addr, &unit), *found = NULL, *scopes = NULL;
    /* The first call goes over to where the innermost function is written; what counts is
     * where it has been put. */
    int n = cu ? dwarf_getscopes(cu, addr, &found) : 0;
    n = n > 0 ? dwarf_getscopes_die(&found[0], &scopes) : 0;
    for (int i = 0; i < n; i++) {
        Dwarf_Attribute a;
        Dwarf_Word nr = 0, line = 0;
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
            break;
        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
            continue;
        struct dw_inlined one = {.name = dwarf_diename(&scopes[i])};
        if (dwarf_attr(&scopes[i], DW_AT_call_file, &a) && dwarf_formudata(&a, &nr) == 0)
            one.file = file_by_number(m, cu, nr);
        if (dwarf_attr(&scopes[i], DW_AT_call_line, &a) && dwarf_formudata(&a, &line) == 0)
            one.line = (int)line;
        if (one.name)
            vec_push(m->arena, out, one);
    }
    free(found);
    free(scopes);
}

bool dw_function_at(struct dw_module *m, uint64_t addr, bool inlined, struct dw_function *out,
                    bool *statement)
{
    Dwarf_Addr line_addr;
    Dwarf_Die unit, *cu = cu_at(m, addr, &unit), *found = NULL, *scopes = NULL;
    Dwarf_Line *line = cu ? dwarf_getsrc_die(cu, addr) : NULL;
    *statement = !line || (dwarf_lineaddr(line, &line_addr) == 0 && line_addr == addr);
    int n = cu ? dwarf_getscopes(cu, addr, &found) : 0;
    n = n > 0 ? dwarf_getscopes_die(&found[0], &scopes) : 0;
    dw_function_vec fns = {0};
    for (int i = 0; i < n && !fns.n; i++)
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
            dw_add_function(m, &scopes[i], false, &fns);
        else if (inlined && dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine)
            dw_add_function(m, &scopes[i], true, &fns);
    free(found);
    free(scopes);
    if (fns.n) {
        *out = fns.v[0];
        return true;
    }
    uint64_t offset, size;
    const char *name;
    if (!dw_symbol_at(m, addr, &name, &offset, &size))
        return false;
    *out = (struct dw_function){
        .name = name, .entry = addr - offset, .body = addr - offset, .end = addr - offset + size};
    return true;
}

static void lines_of(struct dw_module *m, Dwarf_Die *cu, dw_line_fn *fn, void *arg)
{
    Dwarf_Lines *lines;
    size_t n;
    const char *dir = dw_comp_dir(m, cu), *last = NULL, *shown = NULL;
    if (dwarf_getsrclines(cu, &lines, &n) != 0)
        return;
    for (size_t i = 0; i < n; i++) {
        Dwarf_Line *l = dwarf_onesrcline(lines, i);
        Dwarf_Addr addr;
        bool end = false;
        int line = 0;
        if (!l || dwarf_lineaddr(l, &addr) != 0 || dwarf_lineendsequence(l, &end) != 0)
            continue;
        const char *src = end ? NULL : dwarf_linesrc(l, NULL, NULL);
        if (src && src != last)
            shown = dw_without_directory(src, dir);
        last = src;
        if (!end)
            dwarf_lineno(l, &line);
        fn(addr, src ? shown : NULL, line, arg);
    }
}

void dw_each_line(struct dw_module *m, dw_line_fn *fn, void *arg)
{
    Dwarf *d = dw_debug(m);
    Dwarf_CU *cu = NULL;
    Dwarf_Die die, sub;
    uint8_t type;
    while (d && dwarf_get_units(d, cu, &cu, NULL, &type, &die, &sub) == 0)
        if (type == DW_UT_compile || type == DW_UT_skeleton)
            lines_of(m, &die, fn, arg);
}
