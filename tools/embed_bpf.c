/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build tool: reads the BPF objects of the runtime library and writes them as C
 * tables (src/bpf/rtlib.h).  usage: embed_bpf OUT.c OBJECT… */
#include <bpf/btf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FUNCS = 512, MAX_RELOCS = 8192, MAX_OBJS = 64 };

struct func {
    char name[128];
    int obj;
    size_t sec;
    uint64_t off, size;
    bool global;
    int nargs;
    bool takes_ctx;
    const struct bpf_insn *insns;
};
struct rel {
    int func;
    uint32_t insn;
    const char *kind;
    int index;
    uint32_t addend;
    bool address;
};

static struct func funcs[MAX_FUNCS];
static int nfuncs;
static struct rel rels[MAX_RELOCS];
static int nrels;
static unsigned char rodata[1 << 20];
static size_t nrodata;

static void die(const char *what, const char *name)
{
    fprintf(stderr, "embed_bpf: %s: %s\n", what, name);
    exit(1);
}

struct object {
    Elf *elf;
    const char *path;
    size_t shstr;
    Elf_Data *symtab;
    size_t strtab, nsyms;
    size_t rodata_base[64]; /* by section: where its bytes went */
    bool is_rodata[64];
};

static const char *section_name(struct object *o, size_t i)
{
    GElf_Shdr sh;
    Elf_Scn *s = elf_getscn(o->elf, i);
    if (!s || !gelf_getshdr(s, &sh))
        return "";
    return elf_strptr(o->elf, o->shstr, sh.sh_name);
}

static int find_func(int obj, const char *name)
{
    for (int i = 0; i < nfuncs; i++)
        if (strcmp(funcs[i].name, name) == 0 && (funcs[i].global || funcs[i].obj == obj))
            return i;
    return -1;
}

static int func_at(int obj, size_t sec, uint64_t off)
{
    for (int i = 0; i < nfuncs; i++)
        if (funcs[i].obj == obj && funcs[i].sec == sec && funcs[i].off == off)
            return i;
    return -1;
}

static void read_symbols(struct object *o, int obj)
{
    for (size_t i = 0; i < o->nsyms; i++) {
        GElf_Sym sym;
        gelf_getsym(o->symtab, (int)i, &sym);
        if (GELF_ST_TYPE(sym.st_info) != STT_FUNC)
            continue;
        if (nfuncs == MAX_FUNCS)
            die("too many functions", o->path);
        struct func *f = &funcs[nfuncs++];
        snprintf(f->name, sizeof f->name, "%s", elf_strptr(o->elf, o->strtab, sym.st_name));
        f->obj = obj;
        f->sec = sym.st_shndx;
        f->off = sym.st_value;
        f->size = sym.st_size;
        f->global = GELF_ST_BIND(sym.st_info) == STB_GLOBAL;
        Elf_Data *d = elf_getdata(elf_getscn(o->elf, f->sec), NULL);
        f->insns = (const struct bpf_insn *)((const char *)d->d_buf + f->off);
    }
}

static void read_types(struct object *o, int obj)
{
    struct btf *btf = btf__parse_elf(o->path, NULL);
    if (!btf)
        die("no BTF in", o->path);
    for (int i = 0; i < nfuncs; i++) {
        if (funcs[i].obj != obj)
            continue;
        int id = btf__find_by_name_kind(btf, funcs[i].name, BTF_KIND_FUNC);
        if (id < 0) {
            funcs[i].nargs = 0;
            continue;
        }
        const struct btf_type *t = btf__type_by_id(btf, btf__type_by_id(btf, (unsigned)id)->type);
        funcs[i].nargs = btf_vlen(t);
        if (!btf_vlen(t))
            continue;
        const struct btf_type *p = btf__type_by_id(btf, btf_params(t)[0].type);
        if (p && btf_is_ptr(p)) {
            p = btf__type_by_id(btf, p->type);
            funcs[i].takes_ctx = p && strcmp(btf__name_by_offset(btf, p->name_off), "ctxmem") == 0;
        }
    }
    btf__free(btf);
}

static void add_rel(struct rel r)
{
    if (nrels == MAX_RELOCS)
        die("too many relocations", funcs[r.func].name);
    rels[nrels++] = r;
}

static void relocate_section(struct object *o, int obj, size_t sec, Elf_Data *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        GElf_Rel r;
        GElf_Sym sym;
        gelf_getrel(data, (int)i, &r);
        gelf_getsym(o->symtab, (int)GELF_R_SYM(r.r_info), &sym);
        const char *name = elf_strptr(o->elf, o->strtab, sym.st_name);
        int f = -1;
        for (int k = 0; k < nfuncs; k++)
            if (funcs[k].obj == obj && funcs[k].sec == sec && r.r_offset >= funcs[k].off &&
                r.r_offset < funcs[k].off + funcs[k].size)
                f = k;
        if (f < 0)
            die("relocation outside of functions", o->path);
        uint32_t at = (uint32_t)((r.r_offset - funcs[f].off) / 8);
        const struct bpf_insn *in = &funcs[f].insns[at];
        struct rel out = {.func = f, .insn = at};
        bool call = in->code == (BPF_JMP | BPF_CALL);
        if (strcmp(name, "session") == 0) {
            out.kind = "LIB_SESSION";
            out.addend = (uint32_t)in->imm;
        } else if (strcmp(name, "consts") == 0) {
            out.kind = "LIB_CONSTS";
            out.addend = (uint32_t)in->imm;
        } else if (strcmp(name, "ring_map") == 0) {
            out.kind = "LIB_RING";
        } else if (strcmp(name, "ctx_map") == 0) {
            out.kind = "LIB_CTX";
        } else if (strcmp(name, "globals_map") == 0) {
            out.kind = "LIB_GLOBALS";
        } else if (strcmp(name, "modules_map") == 0) {
            out.kind = "LIB_MODULES";
        } else if (strcmp(name, "tables_map") == 0) {
            out.kind = "LIB_TABLES";
        } else if (sym.st_shndx != SHN_UNDEF && sym.st_shndx < 64 && o->is_rodata[sym.st_shndx]) {
            out.kind = "LIB_RODATA";
            out.addend =
                (uint32_t)(o->rodata_base[sym.st_shndx] + sym.st_value + (uint32_t)in->imm);
        } else {
            out.kind = "LIB_FUNC";
            out.address = !call;
            if (GELF_ST_TYPE(sym.st_info) == STT_SECTION) {
                uint64_t off = call ? ((uint64_t)(int64_t)in->imm + 1) * 8 : (uint64_t)in->imm;
                out.index = func_at(obj, sym.st_shndx, off);
            } else {
                out.index = find_func(obj, name);
            }
            if (out.index < 0)
                die("undefined symbol", name);
        }
        add_rel(out);
    }
}

/* Calls inside one section have no relocation: they are relative. */
static void local_calls(int obj)
{
    for (int f = 0; f < nfuncs; f++) {
        if (funcs[f].obj != obj)
            continue;
        for (uint32_t i = 0; i < funcs[f].size / 8; i++) {
            const struct bpf_insn *in = &funcs[f].insns[i];
            if (in->code != (BPF_JMP | BPF_CALL) || in->src_reg != BPF_PSEUDO_CALL)
                continue;
            bool have = false;
            for (int r = 0; r < nrels; r++)
                have |= rels[r].func == f && rels[r].insn == i;
            if (have)
                continue;
            uint64_t off = funcs[f].off + (uint64_t)((int64_t)i + 1 + in->imm) * 8;
            int to = func_at(obj, funcs[f].sec, off);
            if (to < 0)
                die("call to nowhere in", funcs[f].name);
            add_rel((struct rel){.func = f, .insn = i, .kind = "LIB_FUNC", .index = to});
        }
    }
}

static void open_object(struct object *o, const char *path)
{
    int fd = open(path, O_RDONLY);
    memset(o, 0, sizeof *o);
    o->path = path;
    o->elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
    if (!o->elf || elf_getshdrstrndx(o->elf, &o->shstr))
        die("cannot read", path);
    size_t n;
    elf_getshdrnum(o->elf, &n);
    for (size_t i = 1; i < n; i++) {
        GElf_Shdr sh;
        Elf_Scn *s = elf_getscn(o->elf, i);
        gelf_getshdr(s, &sh);
        if (sh.sh_type == SHT_SYMTAB) {
            o->symtab = elf_getdata(s, NULL);
            o->strtab = sh.sh_link;
            o->nsyms = sh.sh_size / sh.sh_entsize;
        }
        if (i < 64 && strncmp(section_name(o, i), ".rodata", 7) == 0) {
            Elf_Data *d = elf_getdata(s, NULL);
            nrodata = (nrodata + 15) & ~(size_t)15;
            if (nrodata + d->d_size > sizeof rodata)
                die("too much read-only data", path);
            o->is_rodata[i] = true;
            o->rodata_base[i] = nrodata;
            memcpy(rodata + nrodata, d->d_buf, d->d_size);
            nrodata += d->d_size;
        }
    }
}

static void write_tables(FILE *out)
{
    fprintf(out, "/* Made by tools/embed_bpf.c. */\n#include \"bpf/rtlib.h\"\n\n");
    for (int f = 0; f < nfuncs; f++) {
        fprintf(out, "static const struct bpf_insn insns_%d[] = {\n", f);
        for (uint32_t i = 0; i < funcs[f].size / 8; i++) {
            const struct bpf_insn *in = &funcs[f].insns[i];
            fprintf(out, "{0x%02x,%d,%d,%d,%d},\n", in->code, in->dst_reg, in->src_reg, in->off,
                    in->imm);
        }
        fprintf(out, "};\nstatic const struct lib_reloc relocs_%d[] = {\n", f);
        int n = 0;
        for (int r = 0; r < nrels; r++)
            if (rels[r].func == f) {
                fprintf(out, "{%u,%s,%d,%u,%d},\n", rels[r].insn, rels[r].kind, rels[r].index,
                        rels[r].addend, rels[r].address);
                n++;
            }
        fprintf(out, "{0}};\nenum { nrelocs_%d = %d };\n", f, n);
    }
    fprintf(out, "const struct lib_function rtlib_functions[] = {\n");
    for (int f = 0; f < nfuncs; f++)
        fprintf(out, "{\"%s\",insns_%d,%u,relocs_%d,nrelocs_%d,%d,%d,%d},\n", funcs[f].name, f,
                (unsigned)(funcs[f].size / 8), f, f, funcs[f].global, funcs[f].nargs,
                funcs[f].takes_ctx);
    fprintf(out, "};\nconst uint32_t rtlib_nfunctions = %d;\n", nfuncs);
    fprintf(out, "const unsigned char rtlib_rodata[] = {");
    for (size_t i = 0; i < nrodata; i++)
        fprintf(out, "%s%u,", i % 20 ? "" : "\n", rodata[i]);
    fprintf(out, "0};\nconst uint32_t rtlib_rodata_size = %zu;\n", nrodata);
}

int main(int argc, char **argv)
{
    static struct object objs[MAX_OBJS];
    if (argc < 3 || argc - 2 > MAX_OBJS) {
        fprintf(stderr, "usage: embed_bpf OUT.c OBJECT…\n");
        return 2;
    }
    elf_version(EV_CURRENT);
    for (int i = 2; i < argc; i++) {
        open_object(&objs[i - 2], argv[i]);
        read_symbols(&objs[i - 2], i - 2);
        read_types(&objs[i - 2], i - 2);
    }
    for (int k = 0; k < argc - 2; k++) {
        struct object *o = &objs[k];
        size_t n;
        elf_getshdrnum(o->elf, &n);
        for (size_t i = 1; i < n; i++) {
            GElf_Shdr sh;
            Elf_Scn *s = elf_getscn(o->elf, i);
            gelf_getshdr(s, &sh);
            const char *name = section_name(o, sh.sh_info);
            if (sh.sh_type == SHT_REL && strncmp(name, ".text", 5) == 0)
                relocate_section(o, k, sh.sh_info, elf_getdata(s, NULL),
                                 sh.sh_size / sh.sh_entsize);
        }
        local_calls(k);
    }
    FILE *out = fopen(argv[1], "w");
    if (!out)
        die("cannot write", argv[1]);
    write_tables(out);
    if (fclose(out) != 0)
        die("cannot write", argv[1]);
    return 0;
}
