/* SPDX-License-Identifier: GPL-2.0-or-later */
#if defined(__x86_64__)
#include "probes/arch.h"

#include <stddef.h>

/* struct pt_regs (arch/x86/include/asm/ptrace.h): rdi rsi rdx r10 r8 r9. */
const int32_t arch_syscall_arg[6] = {112, 104, 96, 56, 72, 64};
const int32_t arch_syscall_nr = 120;

/* The build takes the numbers from <asm/unistd_64.h>. */
const struct arch_syscall arch_syscalls[] = {
#include "syscalls.inc"
    {NULL, 0},
};
#endif
