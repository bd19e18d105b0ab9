/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of threads.  ELF Handling For Thread-Local Storage, variant II: what the program
 * itself has lies before the thread pointer; where that of a library is the dynamic linker has
 * written into slots of the library. */
#include <string.h>

#include "debuginfo/dwarf_private.h"

/* psABI x86-64: relocations of these slots, and the table of a thread's modules. */
enum { DTV_AT = 8, DTV_ENTRY_SHIFT = 4 };

static void push(struct dw_module *m, dw_op_vec *out, enum dw_op_kind kind, int64_t num)
{
    struct dw_op op = {kind, num};
    vec_push(m->arena, out, op);
}

static bool program_header(const struct dw_module *m, unsigned type, GElf_Phdr *out)
{
    size_t n;
    for (size_t i = 0; elf_getphdrnum(m->elf, &n) == 0 && i < n; i++)
        if (gelf_getphdr(m->elf, (int)i, out) && out->p_type == type)
            return true;
    return false;
}

bool dw_is_program(const struct dw_module *m)
{
    GElf_Phdr interp;
    GElf_Dyn d;
    if (dw_is_fixed(m))
        return true;
    /* The dynamic linker says so; or, of old, programs have an interpreter, and libc with one is
     * a library by its own name. */
    bool named = false;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(m->elf, s));) {
        GElf_Shdr sh;
        Elf_Data *data;
        if (!gelf_getshdr(s, &sh) || sh.sh_type != SHT_DYNAMIC || !(data = elf_getdata(s, NULL)))
            continue;
        for (int i = 0; gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++) {
            if (d.d_tag == DT_FLAGS_1 && (d.d_un.d_val & DF_1_PIE))
                return true;
            named |= d.d_tag == DT_SONAME;
        }
    }
    return !named && program_header(m, PT_INTERP, &interp);
}

/* The first slot with a relocation of this type for a variable of the module itself; *at is
 * what the relocation stands for. */
static bool slot_of(struct dw_module *m, unsigned type, uint64_t *slot, int64_t *at)
{
    for (Elf_Scn *s = NULL; (s = elf_nextscn(m->elf, s));) {
        GElf_Shdr sh, syms;
        Elf_Data *d;
        if (!gelf_getshdr(s, &sh) || sh.sh_type != SHT_RELA || !sh.sh_entsize ||
            !(d = elf_getdata(s, NULL)))
            continue;
        Elf_Scn *sym_scn = elf_getscn(m->elf, sh.sh_link);
        Elf_Data *symbols = sym_scn ? elf_getdata(sym_scn, NULL) : NULL;
        for (size_t i = 0; i < sh.sh_size / sh.sh_entsize; i++) {
            GElf_Rela r;
            GElf_Sym sym = {0};
            if (!gelf_getrela(d, (int)i, &r) || GELF_R_TYPE(r.r_info) != type)
                continue;
            int n = (int)GELF_R_SYM(r.r_info);
            if (n && (!symbols || !gelf_getshdr(sym_scn, &syms) || !gelf_getsym(symbols, n, &sym) ||
                      sym.st_shndx == SHN_UNDEF))
                continue;
            *slot = r.r_offset;
            *at = (int64_t)sym.st_value + r.r_addend;
            return true;
        }
    }
    return false;
}

bool dw_thread_local(struct dw_module *m, dw_op_vec *out, const char **why)
{
    GElf_Phdr tls;
    GElf_Ehdr eh;
    uint64_t slot;
    int64_t at;
    if (!program_header(m, PT_TLS, &tls) || !gelf_getehdr(m->elf, &eh) ||
        eh.e_machine != EM_X86_64) {
        *why = "where variables of threads are kept in this program is not known";
        return false;
    }
    /* GCC's split units have the address of what the storage is initialised from. */
    struct dw_op *last = out->n ? &vec_last(*out) : NULL;
    if (last && last->kind == DW_CONST && (uint64_t)last->num >= tls.p_memsz &&
        (uint64_t)last->num - tls.p_vaddr < tls.p_memsz)
        last->num -= (int64_t)tls.p_vaddr;
    if (dw_is_program(m)) {
        uint64_t align = tls.p_align ? tls.p_align : 1;
        push(m, out, DW_CONST, -(int64_t)((tls.p_memsz + align - 1) / align * align));
        push(m, out, DW_ADD, 0);
        push(m, out, DW_THREAD, 0);
        push(m, out, DW_ADD, 0);
        return true;
    }
    if (slot_of(m, R_X86_64_TPOFF64, &slot, &at)) {
        push(m, out, DW_CONST, -at);
        push(m, out, DW_ADD, 0);
        push(m, out, DW_ADDR, (int64_t)slot);
        push(m, out, DW_DEREF, 8);
        push(m, out, DW_ADD, 0);
        push(m, out, DW_THREAD, 0);
        push(m, out, DW_ADD, 0);
        return true;
    }
    if (slot_of(m, R_X86_64_DTPMOD64, &slot, &at)) {
        push(m, out, DW_ADDR, (int64_t)slot);
        push(m, out, DW_DEREF, 8);
        push(m, out, DW_CONST, DTV_ENTRY_SHIFT);
        push(m, out, DW_SHL, 0);
        push(m, out, DW_THREAD, 0);
        push(m, out, DW_CONST, DTV_AT);
        push(m, out, DW_ADD, 0);
        push(m, out, DW_DEREF, 8);
        push(m, out, DW_ADD, 0);
        push(m, out, DW_DEREF, 8);
        push(m, out, DW_ADD, 0);
        return true;
    }
    *why = "where the variables of this library's threads are is not known";
    return false;
}
