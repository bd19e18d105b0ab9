/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of numbers: flags and enumerations.  A table is written as
 *   "O_RDONLY=0/3 O_WRONLY=1/3 O_CREAT=0x40 …"
 * NAME=VALUE, for flags also NAME=VALUE/MASK.  Without =VALUE it is the one before plus
 * 1, with flags the one before times 2.
 *
 * Flags: an entry matches when those bits of the mask (by default: of the value) that
 * no entry before it took are the value; one that is 0 without a mask, when no bit is
 * set at all.  The names are joined by |, other bits follow in hexadecimal. */
#pragma once
#include "base/strbuf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum { NAME_SIZE = 48 }; /* with the NUL */

/* As it stands in read-only data of the kernel, too. */
struct name_entry {
    uint64_t mask, value; /* flags with value 0 and no mask: ~0 */
    char name[NAME_SIZE];
};

struct name_table {
    bool flags;
    VEC(struct name_entry) entries;
};

/* NULL with *wrong at the word that is none. */
struct name_table *names_parse(struct arena *a, const char *text, bool flags, const char **wrong);
void names_print(struct strbuf *out, const struct name_table *t, uint64_t v);
