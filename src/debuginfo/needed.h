/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program or library is linked with, and its build-id: without its debug information. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls fn with the name of each library that the file asks for, as it is written there.
 * False: it is no ELF file with a dynamic section. */
bool elf_needed(const char *path, void (*fn)(const char *name, void *arg), void *arg);
/* The build-id (NT_GNU_BUILD_ID): how many bytes it has; 0: none, or more than max. */
size_t elf_build_id(const char *path, uint8_t *id, size_t max);
