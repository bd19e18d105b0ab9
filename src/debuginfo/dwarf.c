/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules: their files, functions, statements and marks. */
#include <dwarf.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debuginfo/dwarf_private.h"
#include "debuginfo/mark_note.h"

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dw_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

static struct dw_module *open_modules;

void dw_close_all(void)
{
    for (struct dw_module *m = open_modules; m; m = m->next)
        dwfl_end(m->dwfl);
    open_modules = NULL;
}

struct dw_module *dw_open(struct arena *a, const char *path, const char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        *why = arena_printf(a, "cannot open %s: %m", path);
        return NULL;
    }
    struct dw_module *m = arena_new_obj(a, struct dw_module);
    m->arena = a;
    m->path = path;
    m->types = kbtf_new(a);
    hash_init(&m->type_dies, a);
    hash_init(&m->code, a);
    hash_init(&m->comp_dirs, a);
    hash_init(&m->code_lines, m->arena);
    hash_init(&m->files, a);
    m->dwfl = dwfl_begin(&callbacks);
    if (m->dwfl) {
        m->next = open_modules;
        open_modules = m;
        dwfl_report_begin(m->dwfl);
        m->mod = dwfl_report_offline(m->dwfl, path, path, fd);
        dwfl_report_end(m->dwfl, NULL, NULL);
    }
    if (!m->mod) {
        *why = arena_printf(a, "%s is not an ELF file that can be read: %s", path, dwfl_errmsg(-1));
        close(fd);
        return NULL;
    }
    Dwarf_Addr bias;
    m->elf = dwfl_module_getelf(m->mod, &bias);
    if (!m->elf) {
        *why = arena_printf(a, "%s: %s", path, dwfl_errmsg(-1));
        return NULL;
    }
    if (!dw_is_64(m))
        m->types->pointer_size = 4;
    return m;
}

const char *dw_path(const struct dw_module *m)
{
    return m->path;
}

size_t dw_build_id(const struct dw_module *m, uint8_t *id, size_t max)
{
    const unsigned char *bits;
    GElf_Addr at;
    int n = dwfl_module_build_id(m->mod, &bits, &at);
    if (n <= 0 || (size_t)n > max)
        return 0;
    memcpy(id, bits, (size_t)n);
    return (size_t)n;
}

bool dw_section_at(struct dw_module *m, uint64_t addr, const char **name, uint64_t *offset)
{
    Dwarf_Addr bias = 0;
    if (!dwfl_module_getdwarf(m->mod, &bias))
        return false;
    addr += bias;
    int i = dwfl_module_relocate_address(m->mod, &addr);
    *name = i >= 0 ? dwfl_module_relocation_info(m->mod, (unsigned)i, NULL) : NULL;
    *offset = addr;
    return *name && **name;
}

/* Debian compresses it: that is not undone for a symbol or two. */
Dwarf *dw_debug(struct dw_module *m)
{
    Dwarf_Addr bias;
    if (m->looked)
        return m->dwarf;
    m->looked = true;
    dw_fetch_begin(m->dwfl, m->path);
    m->dwarf = dwfl_module_getdwarf(m->mod, &bias);
    dw_fetch_end();
    return m->dwarf;
}

bool dw_has_dwarf(struct dw_module *m)
{
    return dw_debug(m) != NULL;
}

struct kernel_btf *dw_types(struct dw_module *m)
{
    return m->types;
}

bool dw_is_fixed(const struct dw_module *m)
{
    GElf_Ehdr eh;
    return gelf_getehdr(m->elf, &eh) && eh.e_type == ET_EXEC;
}

bool dw_symbol(const struct dw_module *m, const char *name, uint64_t *addr)
{
    int n = dwfl_module_getsymtab(m->mod);
    for (int i = 1; i < n; i++) {
        GElf_Sym sym;
        GElf_Addr at;
        const char *have = dwfl_module_getsym_info(m->mod, i, &sym, &at, NULL, NULL, NULL);
        if (have && sym.st_shndx != SHN_UNDEF && strcmp(have, name) == 0) {
            *addr = sym.st_value;
            return true;
        }
    }
    return false;
}

const char *dw_without_directory(const char *file, const char *dir)
{
    size_t n = dir && *dir == '/' ? strlen(dir) : 0;
    return file && n && strncmp(file, dir, n) == 0 && file[n] == '/' ? file + n + 1 : file;
}

bool dw_file_offset(const struct dw_module *m, uint64_t addr, uint64_t *offset)
{
    size_t n;
    if (elf_getphdrnum(m->elf, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(m->elf, (int)i, &ph) || ph.p_type != PT_LOAD || addr < ph.p_vaddr ||
            addr - ph.p_vaddr >= ph.p_filesz)
            continue;
        *offset = addr - ph.p_vaddr + ph.p_offset;
        return true;
    }
    return false;
}

const uint8_t *dw_code(const struct dw_module *m, uint64_t addr, size_t *n)
{
    uint64_t offset;
    size_t size;
    const char *image = elf_rawfile(m->elf, &size);
    if (!image || !dw_file_offset(m, addr, &offset) || offset >= size)
        return NULL;
    *n = size - offset;
    return (const uint8_t *)image + offset;
}

size_t dw_bytes(const struct dw_module *m, uint64_t addr, uint8_t *buf, size_t n)
{
    size_t have;
    const uint8_t *code = dw_code(m, addr, &have);
    if (!code)
        return 0;
    n = n < have ? n : have;
    memcpy(buf, code, n);
    return n;
}

bool dw_is_64(const struct dw_module *m)
{
    return gelf_getclass(m->elf) == ELFCLASS64;
}

bool dw_address(const struct dw_module *m, uint64_t file_offset, uint64_t *addr)
{
    size_t n;
    if (elf_getphdrnum(m->elf, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(m->elf, (int)i, &ph) || ph.p_type != PT_LOAD ||
            file_offset < ph.p_offset || file_offset - ph.p_offset >= ph.p_filesz)
            continue;
        *addr = file_offset - ph.p_offset + ph.p_vaddr;
        return true;
    }
    return false;
}

bool dw_symbol_at(const struct dw_module *m, uint64_t addr, const char **name, uint64_t *offset,
                  uint64_t *size)
{
    GElf_Addr bias;
    GElf_Off off;
    GElf_Sym sym;
    if (!dwfl_module_getelf(m->mod, &bias))
        return false;
    *name = dwfl_module_addrinfo(m->mod, addr + bias, &off, &sym, NULL, NULL, NULL);
    if (!*name)
        return false;
    *offset = off;
    *size = sym.st_size;
    return true;
}

bool dw_section(const struct dw_module *m, const char *name, const void **data, size_t *size,
                uint64_t *addr)
{
    size_t names;
    Elf_Scn *scn = NULL;
    if (elf_getshdrstrndx(m->elf, &names))
        return false;
    while ((scn = elf_nextscn(m->elf, scn))) {
        GElf_Shdr sh;
        if (!gelf_getshdr(scn, &sh) || sh.sh_type == SHT_NOBITS)
            continue;
        const char *have = elf_strptr(m->elf, names, sh.sh_name);
        Elf_Data *d = have && strcmp(have, name) == 0 ? elf_rawdata(scn, NULL) : NULL;
        if (!d || !d->d_buf)
            continue;
        *data = d->d_buf;
        *size = d->d_size;
        *addr = sh.sh_addr;
        return true;
    }
    return false;
}

bool dw_segment(const struct dw_module *m, size_t i, struct dw_segment *out)
{
    size_t n;
    if (elf_getphdrnum(m->elf, &n))
        return false;
    for (size_t k = 0; k < n; k++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(m->elf, (int)k, &ph) || ph.p_type != PT_LOAD || !ph.p_filesz || i--)
            continue;
        *out = (struct dw_segment){ph.p_offset, ph.p_filesz, ph.p_vaddr, ph.p_flags & PF_X};
        return true;
    }
    return false;
}

void dw_each_symbol(struct dw_module *m,
                    void (*fn)(const char *name, uint64_t addr, uint64_t size, bool global,
                               void *arg),
                    void *arg)
{
    int n = dwfl_module_getsymtab(m->mod);
    for (int i = 1; i < n; i++) {
        GElf_Sym sym;
        GElf_Addr addr;
        const char *name = dwfl_module_getsym_info(m->mod, i, &sym, &addr, NULL, NULL, NULL);
        int type = GELF_ST_TYPE(sym.st_info);
        if (!name || !*name || sym.st_shndx == SHN_UNDEF || !sym.st_value ||
            (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_OBJECT))
            continue;
        fn(name, sym.st_value, sym.st_size, GELF_ST_BIND(sym.st_info) == STB_GLOBAL, arg);
    }
}

/* ---- functions ---- */

struct find {
    struct dw_module *m;
    const char *pattern;
    const char *scope; /* pattern of what the function is in; NULL: anything */
    dw_function_vec *out;
    const char *comp_dir;
    bool inlined;           /* a function that matches is inlined somewhere in this file */
    struct dw_names *names; /* are noted there */
};

static const char *file_of(struct find *f, Dwarf_Die *die)
{
    return dw_without_directory(dw_decl_file(f->m, die), f->comp_dir);
}

static bool entry_of(Dwarf_Die *die, uint64_t *entry, uint64_t *end)
{
    Dwarf_Addr base, start, stop, pc;
    ptrdiff_t off = 0;
    /* A function in several parts begins where the first one does. */
    if (dwarf_entrypc(die, &pc) != 0 && dwarf_ranges(die, 0, &base, &pc, &stop) <= 0)
        return false;
    *entry = *end = pc;
    while ((off = dwarf_ranges(die, off, &base, &start, &stop)) > 0)
        if (pc >= start && pc < stop)
            *end = stop;
    return true;
}

Dwarf_Line *dw_row(Dwarf_Lines *lines, size_t n, size_t i, uint64_t *pc, int *line)
{
    Dwarf_Line *l = i < n ? dwarf_onesrcline(lines, i) : NULL;
    Dwarf_Addr a;
    if (!l || dwarf_lineaddr(l, &a) != 0 || dwarf_lineno(l, line) != 0)
        return NULL;
    *pc = a;
    return l;
}

size_t dw_first_row(Dwarf_Lines *lines, size_t n, uint64_t pc)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        uint64_t a = 0;
        int line;
        if (dw_row(lines, n, mid, &a, &line) && a >= pc)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* A parameter is all the time in the frame, and the frame is where a register points to that the
 * prologue sets: nothing of it holds at the entry. */
static bool in_frame_only(Dwarf_Die *function)
{
    Dwarf_Attribute a;
    Dwarf_Op *ops;
    size_t n;
    Dwarf_Die child;
    if (!dwarf_attr_integrate(function, DW_AT_frame_base, &a) ||
        dwarf_getlocation(&a, &ops, &n) != 0 || n != 1 ||
        !((ops->atom >= DW_OP_reg0 && ops->atom <= DW_OP_reg31) ||
          (ops->atom >= DW_OP_breg0 && ops->atom <= DW_OP_breg31)))
        return false;
    for (int ok = dwarf_child(function, &child); ok == 0; ok = dwarf_siblingof(&child, &child))
        if (dwarf_tag(&child) == DW_TAG_formal_parameter)
            return dwarf_attr_integrate(&child, DW_AT_location, &a) &&
                   dwarf_getlocation(&a, &ops, &n) == 0 && n == 1 && ops->atom == DW_OP_fbreg;
    return false;
}

static bool optimised(Dwarf_Die *cu, Dwarf_Die *function)
{
    Dwarf_Attribute a;
    const char *by = dwarf_attr(cu, DW_AT_producer, &a) ? dwarf_formstring(&a) : NULL;
    if (dwarf_srclang(cu) == DW_LANG_Mips_Assembler)
        return true; /* as it is written: there is no prologue to pass */
    for (const char *o = by; o && (o = strstr(o, " -O")); o++)
        if (o[3] != '0')
            return true;
    /* Other compilers than GCC do not say. */
    return (!by || !strstr(by, "GNU")) && !in_frame_only(function);
}

uint64_t dw_row_with(Dwarf_Die *cu, uint64_t from, uint64_t end, int (*mark)(Dwarf_Line *, bool *))
{
    Dwarf_Lines *lines;
    size_t n;
    if (dwarf_getsrclines(cu, &lines, &n) != 0)
        return 0;
    for (size_t i = dw_first_row(lines, n, from); i < n; i++) {
        uint64_t pc;
        int line;
        bool marked;
        Dwarf_Line *l = dw_row(lines, n, i, &pc, &line);
        if (!l || pc >= end)
            break;
        if (mark(l, &marked) == 0 && marked)
            return pc;
    }
    return 0;
}

/* Without optimisation arguments are in their places only behind the prologue: at
 * the second statement of the function. */
static uint64_t body_of(Dwarf_Die *die, uint64_t entry, uint64_t end)
{
    Dwarf_Die cu;
    if (!dwarf_diecu(die, &cu, NULL, NULL) || optimised(&cu, die))
        return entry;
    uint64_t body = dw_row_with(&cu, entry + 1, end, dwarf_linebeginstatement);
    return body ? body : entry;
}

static void add_function(struct find *f, Dwarf_Die *die, const char *scope, bool inlined)
{
    struct dw_function fn = {.name = dwarf_diename(die), .scope = scope, .inlined = inlined};
    if (!fn.name || !entry_of(die, &fn.entry, &fn.end) || !fn.entry)
        return;
    Dwarf_Attribute a;
    Dwarf_Die *copy = arena_new_obj(f->m->arena, Dwarf_Die);
    *copy = *die;
    fn.priv = copy;
    fn.file = file_of(f, die);
    dwarf_decl_line(die, &fn.line);
    fn.body = inlined ? fn.entry : body_of(die, fn.entry, fn.end);
    bool external = false;
    if (dwarf_attr_integrate(die, DW_AT_external, &a))
        dwarf_formflag(&a, &external);
    fn.exported = external && !inlined;
    vec_push(f->m->arena, f->out, fn);
}

void dw_add_function(struct dw_module *m, Dwarf_Die *die, bool inlined, dw_function_vec *out)
{
    struct find f = {.m = m, .pattern = "*", .out = out};
    Dwarf_Die cu;
    f.comp_dir = dwarf_diecu(die, &cu, NULL, NULL) ? dw_comp_dir(m, &cu) : NULL;
    add_function(&f, die, NULL, inlined);
}

static int function(Dwarf_Die *die, void *arg)
{
    struct find *f = arg;
    const char *name = dwarf_diename(die);
    if (name && f->names)
        dw_names_add(f->names, name);
    const char *scope = NULL;
    if (!name || fnmatch(f->pattern, name, 0) != 0 ||
        (f->scope && !(scope = dw_in_scope(f->m, die, f->scope))))
        return DWARF_CB_OK;
    if (dwarf_func_inline(die))
        f->inlined = true;
    else
        add_function(f, die, scope, false);
    return DWARF_CB_OK;
}

/* What the functions of a file have inlined, in one pass over it. */
static void inline_instances(struct find *f, Dwarf_Die *die, int depth)
{
    Dwarf_Die child;
    for (int ok = dwarf_child(die, &child); ok == 0 && depth < 256;
         ok = dwarf_siblingof(&child, &child)) {
        switch (dwarf_tag(&child)) {
        case DW_TAG_inlined_subroutine: {
            const char *name = dwarf_diename(&child), *scope = NULL;
            if (name && fnmatch(f->pattern, name, 0) == 0 &&
                (!f->scope || (scope = dw_in_scope(f->m, &child, f->scope))))
                add_function(f, &child, scope, true);
            inline_instances(f, &child, depth + 1);
            break;
        }
        case DW_TAG_subprogram:
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
        case DW_TAG_namespace:
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
            inline_instances(f, &child, depth + 1);
            break;
        default:
            break;
        }
    }
}

static int by_entry(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The addresses where functions that are known already begin, in order. */
static uint64_t *entries_of(struct find *f, size_t *n)
{
    uint64_t *v = arena_new_array(f->m->arena, uint64_t, f->out->n + 1);
    *n = 0;
    vec_for (i, *f->out)
        if (!f->out->v[i].inlined)
            v[(*n)++] = f->out->v[i].entry;
    if (*n)
        qsort(v, *n, sizeof *v, by_entry);
    return v;
}

/* Functions in assembly have several names and no line of a declaration: that of their first
 * instruction is taken. */
static void assembly(struct dw_module *m, struct dw_function *fn)
{
    Dwarf_Die die = *(const Dwarf_Die *)fn->priv, cu;
    Dwarf_Line *line = dwarf_diecu(&die, &cu, NULL, NULL) ? dwarf_getsrc_die(&cu, fn->entry) : NULL;
    if (!line || dwarf_lineno(line, &fn->line) != 0)
        return;
    fn->file = dw_without_directory(dwarf_linesrc(line, NULL, NULL), dw_comp_dir(m, &cu));
}

static size_t underscores(const char *name)
{
    return strspn(name, "_");
}

static int by_address(const void *a, const void *b)
{
    const struct dw_function *x = a, *y = b;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    size_t n = underscores(x->name), k = underscores(y->name);
    return n != k ? (n < k ? -1 : 1) : strcmp(x->name, y->name);
}

/* Of the names of a function in assembly a pattern finds one. */
static void one_name_each(struct find *f)
{
    dw_function_vec *out = f->out, asms = {0};
    size_t n = 0;
    vec_for (i, *out) {
        struct dw_function *fn = &out->v[i];
        if (fn->priv && !fn->inlined && !fn->file) {
            assembly(f->m, fn);
            vec_push(f->m->arena, &asms, *fn);
        } else {
            out->v[n++] = *fn;
        }
    }
    out->n = n;
    if (asms.n)
        qsort(asms.v, asms.n, sizeof *asms.v, by_address);
    vec_for (i, asms)
        if (!i || asms.v[i].entry != asms.v[i - 1].entry || !strpbrk(f->pattern, "*?["))
            vec_push(f->m->arena, out, asms.v[i]);
}

/* The function that begins at an address, by another name than its symbol's: malloc() is
 * __libc_malloc() to the compiler. */
static void alias_of(struct find *f, struct dw_function *fn)
{
    Dwarf_Addr bias = 0, entry;
    dwfl_module_getelf(f->m->mod, &bias);
    Dwarf_Die *at = dw_debug(f->m) ? dwfl_module_addrdie(f->m->mod, fn->entry + bias, &bias) : NULL;
    Dwarf_Die *scopes, cu;
    if (!at)
        return;
    cu = *at;
    dw_whole_unit(f->m, &cu);
    int n = dwarf_getscopes(&cu, fn->entry, &scopes);
    for (int i = 0; i < n; i++) {
        if (dwarf_tag(&scopes[i]) != DW_TAG_subprogram || dwarf_entrypc(&scopes[i], &entry) != 0 ||
            entry != fn->entry)
            continue;
        dw_function_vec one = {0};
        struct find g = {
            .m = f->m, .pattern = "*", .out = &one, .comp_dir = dw_comp_dir(f->m, &cu)};
        add_function(&g, &scopes[i], NULL, false);
        if (one.n) {
            const char *name = fn->name;
            bool exported = fn->exported;
            *fn = one.v[0];
            fn->name = name;
            fn->exported = exported;
        }
    }
    if (n > 0)
        free(scopes);
}

/* The same of functions that only the symbol table knows, from number `from` on. */
static void one_symbol_each(struct find *f, size_t from)
{
    dw_function_vec *out = f->out;
    if (out->n == from)
        return;
    qsort(out->v + from, out->n - from, sizeof *out->v, by_address);
    size_t n = from + 1;
    for (size_t i = from + 1; i < out->n; i++)
        if (out->v[i].entry != out->v[n - 1].entry)
            out->v[n++] = out->v[i];
    out->n = n;
}

static void add_symbols(struct find *f)
{
    bool one = !strpbrk(f->pattern, "*?[");
    size_t nknown, before = f->out->n;
    uint64_t *known = entries_of(f, &nknown);
    int n = dwfl_module_getsymtab(f->m->mod);
    for (int i = 1; i < n; i++) {
        GElf_Sym sym;
        GElf_Addr addr;
        const char *name = dwfl_module_getsym_info(f->m->mod, i, &sym, &addr, NULL, NULL, NULL);
        int type = GELF_ST_TYPE(sym.st_info);
        if (!name || !*name || sym.st_shndx == SHN_UNDEF || !sym.st_value ||
            (type != STT_FUNC && type != STT_GNU_IFUNC) || fnmatch(f->pattern, name, 0) != 0)
            continue;
        struct dw_function fn = {.name = arena_printf(f->m->arena, "%s", name),
                                 .entry = sym.st_value,
                                 .body = sym.st_value,
                                 .end = sym.st_value + sym.st_size,
                                 .exported = GELF_ST_BIND(sym.st_info) != STB_LOCAL};
        char *version = strchr(fn.name, '@');
        if (version)
            *version = 0;
        if (bsearch(&fn.entry, known, nknown, sizeof *known, by_entry))
            continue;
        alias_of(f, &fn);
        bool listed = false; /* by another of its names */
        for (size_t k = before; one && k < f->out->n && !listed; k++)
            listed = f->out->v[k].entry == fn.entry;
        if (!listed)
            vec_push(f->m->arena, f->out, fn);
    }
    if (!one)
        one_symbol_each(f, before);
}

static void look_in(struct find *f, Dwarf_Die *unit)
{
    if (dwarf_tag(unit) != DW_TAG_compile_unit)
        return;
    if (f->names)
        dw_names_add_unit(f->names, unit);
    f->comp_dir = dw_comp_dir(f->m, unit);
    f->inlined = false;
    dwarf_getfuncs(unit, function, f, 0);
    if (f->inlined)
        inline_instances(f, unit, 0);
}

void dw_functions(struct dw_module *m, const char *pattern, dw_function_vec *out)
{
    struct find f = {.m = m, .out = out};
    f.pattern = dw_split_scope(m, pattern, &f.scope);
    struct dw_units units = {0};
    const struct dw_names *known = strpbrk(f.pattern, "*?[\\") ? NULL : dw_names_open(m);
    size_t i = 0;
    Dwarf_Die unit;
    if (known) {
        while (dw_names_unit(known, f.pattern, &i, &unit))
            look_in(&f, &unit);
    } else {
        f.names = dw_names_new(m);
        while (dw_next_unit(m, &units, &unit))
            look_in(&f, &unit);
        if (f.names && !m->split)
            dw_names_keep(f.names);
    }
    one_name_each(&f);
    /* The names in a symbol table tell no scopes. */
    if (!f.scope)
        add_symbols(&f);
}

/* ---- sections ---- */

static bool section(struct dw_module *m, const char *name, GElf_Shdr *sh, Elf_Scn **scn)
{
    size_t strings;
    if (elf_getshdrstrndx(m->elf, &strings))
        return false;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(m->elf, s));) {
        const char *have = gelf_getshdr(s, sh) ? elf_strptr(m->elf, strings, sh->sh_name) : NULL;
        if (have && strcmp(have, name) == 0) {
            *scn = s;
            return true;
        }
    }
    return false;
}

/* ---- marks ---- */

static void add_mark(struct dw_module *m, const char *desc, size_t n, uint64_t base,
                     dw_mark_vec *out)
{
    struct dw_mark mark;
    if (mark_note_read(m->arena, desc, n, base, &mark))
        vec_push(m->arena, out, mark);
}

void dw_marks(struct dw_module *m, dw_mark_vec *out)
{
    GElf_Shdr at;
    Elf_Scn *scn;
    uint64_t base = section(m, ".stapsdt.base", &at, &scn) ? at.sh_addr : 0;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(m->elf, s));) {
        GElf_Shdr sh;
        Elf_Data *d;
        if (!gelf_getshdr(s, &sh) || sh.sh_type != SHT_NOTE || !(d = elf_getdata(s, NULL)))
            continue;
        GElf_Nhdr note;
        size_t name, desc;
        for (size_t at = 0; (at = gelf_getnote(d, at, &note, &name, &desc)) > 0;)
            if (note.n_namesz == sizeof "stapsdt" &&
                memcmp((const char *)d->d_buf + name, "stapsdt", sizeof "stapsdt") == 0)
                add_mark(m, (const char *)d->d_buf + desc, note.n_descsz, base, out);
    }
}

/* ---- the procedure linkage table ---- */

/* The n-th relocation belongs to the n-th entry; with .plt.sec calls go there, without
 * it to .plt, whose first entry is the resolver (psABI, x86_64). */
void dw_plt(struct dw_module *m, dw_function_vec *out)
{
    enum { ENTRY = 16 };
    GElf_Shdr rel, table, syms;
    Elf_Scn *rel_scn, *scn;
    if (!section(m, ".rela.plt", &rel, &rel_scn) || !rel.sh_entsize)
        return;
    uint64_t first;
    if (section(m, ".plt.sec", &table, &scn))
        first = table.sh_addr;
    else if (section(m, ".plt", &table, &scn))
        first = table.sh_addr + ENTRY;
    else
        return;
    Elf_Data *data = elf_getdata(rel_scn, NULL);
    Elf_Scn *sym_scn = elf_getscn(m->elf, rel.sh_link);
    Elf_Data *symbols = sym_scn ? elf_getdata(sym_scn, NULL) : NULL;
    if (!data || !symbols || !gelf_getshdr(sym_scn, &syms))
        return;
    for (size_t i = 0; i < rel.sh_size / rel.sh_entsize; i++) {
        GElf_Rela r;
        GElf_Sym sym;
        if (!gelf_getrela(data, (int)i, &r) ||
            !gelf_getsym(symbols, (int)GELF_R_SYM(r.r_info), &sym))
            continue;
        const char *name = elf_strptr(m->elf, syms.sh_link, sym.st_name);
        uint64_t at = first + i * ENTRY;
        if (!name || !*name || at >= table.sh_addr + table.sh_size)
            continue;
        struct dw_function fn = {.name = name, .entry = at, .body = at, .end = at + ENTRY};
        vec_push(m->arena, out, fn);
    }
}
