/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/btf_index.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache_file.h"
#include "debuginfo/btf.h"
#include "debuginfo/build_id.h"

/* The file: this, the offsets, the slots, the copy. */
struct file_header {
    char magic[8];
    uint8_t id[BUILD_ID_MAX]; /* the kernel's */
    struct btf_header btf;
    uint32_t size, raw, n, slots;
};
static const char magic[8] = "stapbtf1";

enum { NAME_SIZE = 2 * BUILD_ID_MAX + 8 };

/* False: the kernel has no build-id. */
static bool describe(struct file_header *f, char *name, uint32_t size, const struct btf_header *h)
{
    struct build_id id;
    if (!build_id_read(KERNEL_NOTES, &id))
        return false;
    *f = (struct file_header){.btf = *h, .size = size};
    memcpy(f->magic, magic, sizeof magic);
    memcpy(f->id, id.id, id.n);
    cache_name(name, NAME_SIZE, id.id, id.n, ".btf");
    return true;
}

static size_t file_size(const struct file_header *f)
{
    return sizeof *f + ((size_t)f->n + f->slots) * sizeof(uint32_t) + f->raw;
}

static bool whole(const struct file_header *f, const struct file_header *want, size_t len)
{
    return len > sizeof *f && memcmp(f, want, offsetof(struct file_header, raw)) == 0 && f->n &&
           f->slots && !(f->slots & (f->slots - 1)) && (!f->raw || f->raw == f->size) &&
           file_size(f) == len;
}

bool btf_index_open(struct btf_index *x, uint32_t size, const struct btf_header *h)
{
    struct file_header want;
    char name[NAME_SIZE];
    size_t len;
    const struct file_header *f = describe(&want, name, size, h) ? cache_map(name, &len) : NULL;
    if (!f)
        return false;
    if (!whole(f, &want, len)) {
        cache_unmap(f, len);
        return false;
    }
    x->offset = (const void *)(f + 1);
    x->n = f->n;
    x->slot = x->offset + f->n;
    x->slots = f->slots;
    x->raw = f->raw ? (const char *)(x->slot + f->slots) : NULL;
    return true;
}

static uint32_t hash_of(const char *name, uint32_t kind)
{
    uint32_t h = 2166136261u ^ kind * 0x9e3779b1u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h ^ h >> 15;
}

uint32_t btf_index_find(struct kernel_btf *b, const char *name, uint32_t kind)
{
    const struct btf_index *x = &b->index;
    uint32_t mask = x->slots - 1, at = hash_of(name, kind) & mask;
    for (uint32_t tries = 0; tries < x->slots && x->slot[at]; tries++, at = (at + 1) & mask) {
        const struct btf_type *t = kbtf_type(b, x->slot[at]);
        if (t && BTF_INFO_KIND(t->info) == kind && strcmp(kbtf_name(b, t->name_off), name) == 0)
            return x->slot[at];
    }
    return 0;
}

/* ---- making ---- */

/* What has no name nobody looks for. */
static void fill(struct kernel_btf *b, uint32_t *slot, uint32_t slots)
{
    for (uint32_t id = 1; id < b->n; id++) {
        const struct btf_type *t = kbtf_type(b, id);
        if (!t->name_off)
            continue;
        uint32_t at = hash_of(kbtf_name(b, t->name_off), BTF_INFO_KIND(t->info)) & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = id;
    }
}

bool btf_index_make(struct kernel_btf *b, uint32_t size, const struct btf_header *h,
                    const char *raw)
{
    struct file_header f;
    char name[NAME_SIZE], dir[4096];
    if (!describe(&f, name, size, h) || !cache_dir(dir, sizeof dir))
        return false;
    kbtf_type(b, 1); /* counts the types */
    for (f.slots = 1024; f.slots < b->n * 3 / 2;)
        f.slots *= 2;
    uint32_t *slot = calloc(f.slots, sizeof *slot);
    if (!slot)
        return false;
    f.n = b->n;
    f.raw = raw ? size : 0;
    fill(b, slot, f.slots);
    const struct cache_part parts[] = {{&f, sizeof f},
                                       {b->offset, f.n * sizeof *slot},
                                       {slot, f.slots * sizeof *slot},
                                       {raw, f.raw}};
    bool ok = cache_keep(name, parts, sizeof parts / sizeof *parts);
    free(slot);
    return ok;
}
