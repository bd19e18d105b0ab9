/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"

#include <string.h>

static uint64_t fnv1a(const char *s)
{
    uint64_t x = 14695981039346656037u;
    for (; *s; s++)
        x = (x ^ (unsigned char)*s) * 1099511628211u;
    return x ^ (x >> 29);
}

void hash_init(struct hash *h, struct arena *arena)
{
    memset(h, 0, sizeof *h);
    h->arena = arena;
}

/* The index cell that holds `key`, or the free cell where it belongs. */
static uint32_t *cell(const struct hash *h, const char *key)
{
    size_t i = fnv1a(key) & (h->nindex - 1);
    while (h->index[i] && strcmp(h->entries[h->index[i] - 1].key, key) != 0)
        i = (i + 1) & (h->nindex - 1);
    return &h->index[i];
}

void *hash_get(const struct hash *h, const char *key)
{
    if (!h->n)
        return NULL;
    uint32_t at = *cell(h, key);
    return at ? h->entries[at - 1].value : NULL;
}

static void grow(struct hash *h)
{
    size_t cap = h->cap ? h->cap * 2 : 16;
    struct hash_entry *e = arena_new_array(h->arena, struct hash_entry, cap);
    if (h->n)
        memcpy(e, h->entries, h->n * sizeof *e);
    h->entries = e;
    h->cap = cap;
    h->nindex = cap * 2;
    h->index = arena_new_array(h->arena, uint32_t, h->nindex);
    for (size_t i = 0; i < h->n; i++)
        *cell(h, e[i].key) = (uint32_t)i + 1;
}

bool hash_put(struct hash *h, const char *key, void *value)
{
    if (h->n == h->cap)
        grow(h);
    uint32_t *at = cell(h, key);
    if (*at) {
        h->entries[*at - 1].value = value;
        return false;
    }
    h->entries[h->n] = (struct hash_entry){key, value};
    *at = (uint32_t)++h->n;
    return true;
}
