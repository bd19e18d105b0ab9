/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that the header of a table of lines names. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"

struct bytes {
    const void *p;
    size_t n;
};

struct line_file {
    const char *name, *path; /* name NULL: there is no file of that number; path: for the user */
    uint64_t dir;            /* index in dirs */
};

/* By the numbers that debug information has for them. */
struct line_files {
    VEC(struct line_file) names;
    VEC(const char *) dirs; /* 0: where the unit was compiled; may be "" */
};

/* Reads the header at an offset of .debug_line.  The strings are those of the sections.  What is
 * not well formed leaves no names. */
void line_files_read(struct arena *a, struct bytes lines, uint64_t offset, struct bytes strings,
                     struct bytes line_strings, struct line_files *out);
