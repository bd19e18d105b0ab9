/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash table from NUL-terminated strings to pointers, in an arena.  Keys are
 * not copied: they must live as long as the table.  Iteration is in insertion
 * order. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct hash_entry {
    const char *key;
    void *value;
};

struct hash {
    struct arena *arena;
    struct hash_entry *entries; /* insertion order */
    size_t n, cap;
    uint32_t *index; /* 0 = free, otherwise entry number + 1 */
    size_t nindex;   /* power of two */
};

void hash_init(struct hash *h, struct arena *arena);
/* NULL when absent. */
void *hash_get(const struct hash *h, const char *key);
/* Inserts or replaces; returns true when the key was new. */
bool hash_put(struct hash *h, const char *key, void *value);
