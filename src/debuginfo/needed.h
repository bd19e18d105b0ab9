/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program or library is linked with. */
#pragma once
#include <stdbool.h>

/* Calls fn with the name of each library that the file asks for, as it is written there.
 * False: it is no ELF file with a dynamic section. */
bool elf_needed(const char *path, void (*fn)(const char *name, void *arg), void *arg);
