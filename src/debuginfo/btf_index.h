/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each type of the kernel is, by id and by name, kept in the cache from session to session
 * under the kernel's build-id.  Without it each start goes over all types and names, and copies
 * them all where sysfs cannot map them (before Linux 6.17). */
#pragma once
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>

struct kernel_btf;

/* Both arrays live until the process ends, as does `raw`. */
struct btf_index {
    const uint32_t *offset; /* by type id, n of them */
    uint32_t n;
    const uint32_t *slot; /* ids by the hash of kind and name; 0: none */
    uint32_t slots;       /* a power of two */
    const char *raw;      /* a copy of the kernel's BTF, if it has one */
};

/* The index of the running kernel, whose BTF has this size and header. */
bool btf_index_open(struct btf_index *x, uint32_t size, const struct btf_header *h);

/* Makes the index of `b`, which has none, and keeps it; of `raw` a copy too, unless it is NULL. */
bool btf_index_make(struct kernel_btf *b, uint32_t size, const struct btf_header *h,
                    const char *raw);

/* The id of the first type of this kind and name; 0: none. */
uint32_t btf_index_find(struct kernel_btf *b, const char *name, uint32_t kind);
