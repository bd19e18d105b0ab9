/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What probes know of the architecture: one file for each, arch_*.c. */
#pragma once
#include <stdint.h>

struct arch_syscall {
    const char *name;
    int32_t nr;
};
/* Ends with a NULL name. */
extern const struct arch_syscall arch_syscalls[];
/* Offsets in struct pt_regs of the six arguments and the number of a system call. */
extern const int32_t arch_syscall_arg[6];
extern const int32_t arch_syscall_nr;
