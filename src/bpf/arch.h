/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between architectures in bpf/. */
#pragma once

#if defined(__x86_64__)
/* struct pt_regs, orig_ax: the number of the system call (arch/x86/include/asm/ptrace.h). */
#define ARCH_REGS_SYSCALL_NR 120
/* cs, and its value in a 32-bit program: __USER32_CS. */
#define ARCH_REGS_MODE 136
#define ARCH_MODE_32 0x23
#else
#error "this architecture has no description in bpf/arch.h yet"
#endif
