/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that may be made anew at any time, in $XDG_CACHE_HOME/stap or ~/.cache/stap. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The folder, which is made when it is not there.  False: none can be written to, or this is a
 * program that runs with more rights than the one who started it has. */
bool cache_dir(char *out, size_t n);

/* "HEX" and the suffix. */
void cache_name(char *out, size_t n, const uint8_t *id, size_t id_len, const char *suffix);

/* A file of the folder mapped, until cache_unmap() or the process ends.  NULL: there is none, or
 * somebody else may have written it. */
const void *cache_map(const char *name, size_t *len);
void cache_unmap(const void *p, size_t len);

/* Makes a file of its parts, whole or not at all.  Others with the same suffix that nobody has
 * made anew for a month go: what they are about is most likely gone. */
struct cache_part {
    const void *p;
    size_t n;
};
bool cache_keep(const char *name, const struct cache_part *parts, size_t n);
