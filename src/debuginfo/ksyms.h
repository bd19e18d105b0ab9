/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols of the running kernel and its modules, by /proc/kallsyms. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ksym {
    uint64_t addr; /* 0: hidden from this user */
    char type;     /* as nm shows it */
    const char *name;
    const char *module; /* "": the kernel itself */
};

/* Calls fn for each symbol until it returns true; name and module live during the call
 * only.  False: the table cannot be read. */
bool ksyms_each(bool (*fn)(const struct ksym *k, void *arg), void *arg);
/* Gives the memory of the table back; the next call of ksyms_each reads it anew. */
void ksyms_forget(void);
/* A function: fentry pads and the like are none. */
bool ksym_is_function(const struct ksym *k);

/* The function that holds an address; names are copied to the arena.  False: none. */
struct arena;
bool ksyms_at(struct arena *a, uint64_t addr, struct ksym *out);
/* The address of a symbol of the kernel (`module` NULL) or of a module; 0: there is none.
 * `*type` is set when it is not NULL. */
uint64_t ksyms_address(const char *name, const char *module, char *type);
/* That of _stext, without reading further than that; 0: it is not shown. */
uint64_t ksyms_text_start(void);
