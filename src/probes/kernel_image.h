/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/: the debug information of the running kernel and of its modules, where it
 * is installed, and where what it describes is in memory. */
#pragma once
#include "debuginfo/dwarf.h"
#include "sema/session.h"

struct kernel_image {
    const char *name; /* of the module; NULL: the kernel itself */
    struct dw_module *m;
    uint64_t slide;                      /* of the kernel: memory is so far behind the file */
    uint64_t init_start, init_end;       /* what the kernel has thrown away since it started */
    VEC(struct kernel_section) sections; /* of a module, those that were asked for */
    uint64_t percpu_size; /* of the kernel: such variables are at 0 … in the file */
};

struct kernel_section {
    const char *name;
    uint64_t addr;
};

/* The file is found by build-id; looked for once.  NULL: *why says in words what is missing,
 * *hint (if there is one) which package brings it. */
struct kernel_image *kernel_image(struct session *s, const char *module, const char **why,
                                  const char **hint);
/* Where an address of the file is in memory; 0: nowhere. */
uint64_t kernel_image_address(struct session *s, struct kernel_image *k, uint64_t addr);
/* The same as an expression: of a variable that each CPU has its own of, this CPU's. */
struct expr *kernel_address(struct session *s, const struct token *tok, struct kernel_image *k,
                            uint64_t addr);
/* It is a variable that each CPU has its own of: the address is the first one's. */
bool kernel_image_percpu(const struct kernel_image *k, uint64_t addr);
