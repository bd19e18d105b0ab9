/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What probes know of the architecture: one file for each, arch_*.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sema/program.h"

struct arch_syscall {
    const char *name;
    int32_t nr;
};
/* Ends with a NULL name. */
extern const struct arch_syscall arch_syscalls[];
/* The same for 32-bit programs; empty where there are none. */
extern const struct arch_syscall arch_syscalls32[];
/* Where the registers of such a program have the arguments, and how to tell it: the
 * 16 bits at arch_regs_mode of struct pt_regs are arch_mode_32. */
extern const int32_t arch_syscall32_arg[6];
extern const int32_t arch_regs_mode, arch_mode_32;
/* Offsets in struct pt_regs of the six arguments and the number of a system call. */
extern const int32_t arch_syscall_arg[6];
/* … and of the arguments of a function (psABI). */
extern const int32_t arch_call_arg[6];
/* Where the kernel puts position-independent programs that have no random layout. */
extern const uint64_t arch_fixed_base;
extern const int32_t arch_syscall_nr;
/* What the kernel puts before the name of a system call's function. */
extern const char arch_syscall_function[];
/* Offsets in struct pt_regs by DWARF register number (psABI); -1: not there. */
enum { ARCH_DWARF_REGS = 17 };
extern const int32_t arch_dwarf_reg[ARCH_DWARF_REGS];
/* The same in a program of 32 bits. */
enum { ARCH_DWARF_REGS32 = 9 };
extern const int32_t arch_dwarf_reg32[ARCH_DWARF_REGS32];
extern const int32_t arch_reg_ip, arch_reg_sp, arch_reg_return;
/* What a return instruction takes off the stack. */
enum { ARCH_RETURN_SIZE = 8 };
/* The member of struct thread_struct with the thread pointer of a task. */
extern const char *const arch_thread_pointer;
/* Instructions at the start of a function that a uprobe can pass: the kernel emulates the one
 * behind them, and would single-step the first (arch/x86/kernel/uprobes.c).  They touch no memory
 * and go straight on. */
struct arch_run {
    unsigned length, whole; /* bytes; with the instruction that is probed then */
    bool prologue;          /* nothing but the start of a function looks like this */
    struct moved_registers moved;
};
/* False: there is nothing to gain. */
bool arch_uprobe_run(const uint8_t *code, size_t n, struct arch_run *out);
/* Where an instruction goes on: `relative`, `to` bytes from its start; `anywhere`: by a register
 * or memory. */
struct arch_jump {
    bool relative, anywhere, call, returns;
    bool conditional; /* relative: or straight on */
    bool table;       /* anywhere: it can only be the table of a switch */
    bool sums; /* none of them: it adds two registers, as is done before a jump to such a place */
    int64_t to;
};
/* The first byte from `from` on that may begin a jump or call to a distance of 32 bits, and where
 * it leads to from the first of the n bytes (perhaps out of them); n: there is none. */
size_t arch_far_jump(const uint8_t *code, size_t n, size_t from, size_t *to);
/* The length of an instruction; 0: it is not known, or longer than the n bytes. */
unsigned arch_insn(const uint8_t *code, size_t n, struct arch_jump *jump);
/* The kernel emulates this instruction; false: it single-steps, and *what may be its name. */
bool arch_uprobe_emulated(const uint8_t *code, size_t n, const char **what);
/* A number for the kind of an instruction that kernels refuse uprobes at; 0: none known. */
unsigned arch_uprobe_doubt(const uint8_t *code, size_t n);
/* What counts the cycles of a processor, at a steady rate. */
uint64_t arch_cycles(void);
/* Whether a function of the kernel begins with the call of ftrace, or with the room for it. */
bool arch_is_traced(const uint8_t code[16]);
/* A register by its name in assembly ("rdi", "eax", "al"): its offset and size in
 * bytes; false: no such register. */
bool arch_reg_named(const char *name, size_t n, int32_t *offset, unsigned *size);
