/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which units of a large file have functions of a name, kept in the cache by build-id.  To go over
 * all units of the kernel takes half a second and brings 200 MB into memory. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache_file.h"
#include "debuginfo/build_id.h"
#include "debuginfo/dwarf_private.h"

/* Of smaller files all is read as fast. */
enum { LARGE = 4 << 20 }; /* bytes of .debug_info */

/* The file: this, the units' places in .debug_info, the names in the order of their hashes. */
struct file_header {
    char magic[8];
    uint8_t id[BUILD_ID_MAX];
    uint64_t size; /* of .debug_info */
    uint64_t units, names;
};
static const char magic[8] = "stapfun1";

struct name {
    uint32_t hash, unit; /* the number of the unit */
};

struct dw_names {
    const uint64_t *unit;
    const struct name *name;
    size_t units, names;
    /* While it is made. */
    struct dw_module *m;
    VEC(uint64_t) made_units;
    VEC(struct name) made_names;
};

enum { NAME_SIZE = 2 * BUILD_ID_MAX + 8 };

static uint64_t debug_info_size(Dwarf *d)
{
    Elf *elf = dwarf_getelf(d);
    Elf_Scn *scn = NULL;
    size_t names;
    GElf_Shdr sh;
    if (!elf || elf_getshdrstrndx(elf, &names) != 0)
        return 0;
    while ((scn = elf_nextscn(elf, scn))) {
        const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;
        if (name && strcmp(name, ".debug_info") == 0)
            return sh.sh_size;
    }
    return 0;
}

/* False: it is small, has no build-id, or shares parts with other files. */
static bool describe(struct dw_module *m, struct file_header *f, char *name)
{
    Dwarf *d = dw_debug(m);
    *f = (struct file_header){.size = d ? debug_info_size(d) : 0};
    size_t n = f->size >= LARGE && !dwarf_getalt(d) ? dw_build_id(m, f->id, BUILD_ID_MAX) : 0;
    memcpy(f->magic, magic, sizeof magic);
    cache_name(name, NAME_SIZE, f->id, n, ".functions");
    return n >= 8;
}

static uint32_t hash_of(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

struct dw_names *dw_names_open(struct dw_module *m)
{
    struct file_header want;
    char name[NAME_SIZE];
    size_t len;
    const struct file_header *f = describe(m, &want, name) ? cache_map(name, &len) : NULL;
    if (!f)
        return NULL;
    const uint64_t *unit = (const void *)(f + 1);
    if (len < sizeof *f || memcmp(f, &want, offsetof(struct file_header, units)) != 0 ||
        f->units > len / sizeof *unit || f->names > len / sizeof(struct name) ||
        sizeof *f + f->units * sizeof *unit + f->names * sizeof(struct name) != len) {
        cache_unmap(f, len);
        return NULL;
    }
    struct dw_names *x = arena_new_obj(m->arena, struct dw_names);
    x->m = m;
    x->unit = unit;
    x->units = f->units;
    x->name = (const void *)(unit + f->units);
    x->names = f->names;
    return x;
}

/* The first entry of a hash, or where it would be. */
static size_t first_of(const struct dw_names *x, uint32_t hash)
{
    size_t lo = 0, hi = x->names;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (x->name[mid].hash < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool dw_names_unit(const struct dw_names *x, const char *name, size_t *i, Dwarf_Die *out)
{
    uint32_t hash = hash_of(name);
    size_t at = first_of(x, hash) + (*i)++;
    return at < x->names && x->name[at].hash == hash && x->name[at].unit < x->units &&
           dwarf_offdie(dw_debug(x->m), x->unit[x->name[at].unit], out);
}

/* ---- making ---- */

struct dw_names *dw_names_new(struct dw_module *m)
{
    struct file_header f;
    char name[NAME_SIZE], dir[4096];
    if (!describe(m, &f, name) || !cache_dir(dir, sizeof dir))
        return NULL;
    struct dw_names *x = arena_new_obj(m->arena, struct dw_names);
    x->m = m;
    return x;
}

void dw_names_add_unit(struct dw_names *x, Dwarf_Die *unit)
{
    vec_push(x->m->arena, &x->made_units, dwarf_dieoffset(unit));
}

void dw_names_add(struct dw_names *x, const char *name)
{
    vec_push(x->m->arena, &x->made_names,
             ((struct name){hash_of(name), (uint32_t)x->made_units.n - 1}));
}

static int by_hash(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    return x->hash != y->hash  ? (x->hash < y->hash ? -1 : 1)
           : x->unit < y->unit ? -1
                               : x->unit > y->unit;
}

void dw_names_keep(struct dw_names *x)
{
    struct file_header f;
    struct name *v = x->made_names.v;
    char name[NAME_SIZE];
    size_t n = 0;
    if (!x->made_names.n || !describe(x->m, &f, name))
        return;
    qsort(v, x->made_names.n, sizeof *v, by_hash);
    for (size_t i = 0; i < x->made_names.n; i++)
        if (!n || by_hash(&v[n - 1], &v[i]) != 0)
            v[n++] = v[i];
    f.units = x->made_units.n;
    f.names = n;
    const struct cache_part parts[] = {
        {&f, sizeof f}, {x->made_units.v, f.units * sizeof *x->made_units.v}, {v, n * sizeof *v}};
    cache_keep(name, parts, sizeof parts / sizeof *parts);
}
