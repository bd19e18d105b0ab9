/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units of compilation, also those that are in files of their own (gcc -gsplit-dwarf). */
#include <dwarf.h>
#include <stdio.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

static const char *text(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute a;
    return dwarf_attr_integrate(die, name, &a) ? dwarf_formstring(&a) : NULL;
}

static void key_of(const Dwarf_Die *cu, char *out, size_t n)
{
    snprintf(out, n, "%p", cu->addr);
}

void dw_whole_unit(struct dw_module *m, Dwarf_Die *cu)
{
    uint8_t type;
    char key[32];
    Dwarf_Die whole, unit;
    if (dwarf_cu_info(cu->cu, NULL, &type, &unit, &whole, NULL, NULL, NULL) != 0 ||
        type != DW_UT_skeleton)
        return;
    m->split = true;
    if (dwarf_tag(&whole) != DW_TAG_compile_unit) {
        const char *name = text(cu, DW_AT_dwo_name);
        m->missing_dwo = name ? name : text(cu, DW_AT_GNU_dwo_name);
        return;
    }
    key_of(&whole, key, sizeof key);
    if (!hash_get(&m->comp_dirs, key))
        hash_put(&m->comp_dirs, arena_printf(m->arena, "%s", key),
                 (void *)text(cu, DW_AT_comp_dir));
    *cu = whole;
}

const char *dw_comp_dir(struct dw_module *m, Dwarf_Die *cu)
{
    char key[32];
    const char *dir = text(cu, DW_AT_comp_dir);
    key_of(cu, key, sizeof key);
    return dir ? dir : hash_get(&m->comp_dirs, key);
}

bool dw_next_unit(struct dw_module *m, struct dw_units *u, Dwarf_Die *out)
{
    Dwarf_Die sub;
    uint8_t type;
    Dwarf *d = dw_debug(m);
    for (;;) {
        Dwarf *from = d && u->shared ? dwarf_getalt(d) : d;
        if (!from || dwarf_get_units(from, u->cu, &u->cu, NULL, &type, out, &sub) != 0) {
            if (u->shared)
                return false;
            *u = (struct dw_units){.shared = true};
            continue;
        }
        if (type != DW_UT_compile && type != DW_UT_skeleton && type != DW_UT_partial &&
            type != DW_UT_type)
            continue;
        dw_whole_unit(m, out);
        return true;
    }
}
