/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of source files, from the headers of the tables of lines (DWARF 5, 6.2.4): libdw reads
 * the whole tables for them. */
#include <dwarf.h>
#include <stdio.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"
#include "debuginfo/line_files.h"

/* Data of a section; false when there is none or it is compressed. */
static bool section(Elf *elf, const char *name, struct bytes *out)
{
    size_t strings;
    if (!elf || elf_getshdrstrndx(elf, &strings) != 0)
        return false;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s));) {
        GElf_Shdr sh;
        Elf_Data *d;
        const char *have = gelf_getshdr(s, &sh) ? elf_strptr(elf, strings, sh.sh_name) : NULL;
        if (!have || strcmp(have, name) != 0 || sh.sh_type == SHT_NOBITS ||
            (sh.sh_flags & SHF_COMPRESSED) || !(d = elf_rawdata(s, NULL)) || !d->d_buf)
            continue;
        *out = (struct bytes){d->d_buf, d->d_size};
        return true;
    }
    return false;
}

/* The names of a unit's files; NULL: they cannot be had so cheaply. */
static struct line_files *files_of(struct dw_module *m, Dwarf_Die *cu)
{
    char key[32];
    snprintf(key, sizeof key, "%p", cu->addr);
    struct line_files *f = hash_get(&m->files, key);
    if (f)
        return f;
    Dwarf_Attribute a;
    Dwarf_Word offset = 0;
    struct bytes lines, strings = {0}, line_strings = {0};
    Elf *elf = dwarf_getelf(dwarf_cu_getdwarf(cu->cu));
    f = arena_new_obj(m->arena, struct line_files);
    if (dwarf_attr(cu, DW_AT_stmt_list, &a) && dwarf_formudata(&a, &offset) == 0 &&
        section(elf, ".debug_line", &lines) && offset < lines.n) {
        section(elf, ".debug_str", &strings);
        section(elf, ".debug_line_str", &line_strings);
        line_files_read(m->arena, lines, offset, strings, line_strings, f);
    }
    hash_put(&m->files, arena_printf(m->arena, "%s", key), f);
    return f;
}

const char *dw_file_name(struct dw_module *m, Dwarf_Die *cu, uint64_t number)
{
    const struct line_files *f = files_of(m, cu);
    Dwarf_Files *slow;
    size_t n;
    if (!f->names.n)
        return dwarf_getsrcfiles(cu, &slow, &n) == 0 && number < n
                   ? dwarf_filesrc(slow, number, NULL, NULL)
                   : NULL;
    if (number >= f->names.n || !f->names.v[number].name)
        return NULL;
    struct line_file *one = &f->names.v[number];
    const char *dir = one->dir < f->dirs.n ? f->dirs.v[one->dir] : NULL;
    const char *whole = dw_comp_dir(m, cu);
    if (dir && !*dir)
        dir = whole;
    if (!one->path) {
        one->path = one->name;
        if (*one->path != '/' && dir)
            one->path = arena_printf(m->arena, "%s/%s", dir, one->path);
        if (*one->path != '/' && whole && *whole == '/')
            one->path = arena_printf(m->arena, "%s/%s", whole, one->path);
    }
    return one->path;
}
