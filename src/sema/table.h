/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sema/: library files of the kind NAME.table, in which a line stands
 * for the aliases of a system call.  The top of tapset/syscalls.table tells how
 * they are written. */
#pragma once
#include "sema/sema.h"

/* Names of the aliases of a table's text, in the order of its lines. */
void table_names(struct arena *a, const char *text, void (*fn)(const char *name, void *arg),
                 void *arg);
/* The script text of the alias `name` (of all lines that define it); NULL: there
 * is none, or with *wrong set a line that cannot be read. */
const char *table_alias(struct arena *a, struct lib_file *f, const char *name, const char **wrong);
