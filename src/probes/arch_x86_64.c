/* SPDX-License-Identifier: GPL-2.0-or-later */
#if defined(__x86_64__)
#include "probes/arch.h"

#include <stddef.h>
#include <string.h>

/* struct pt_regs (arch/x86/include/asm/ptrace.h): rdi rsi rdx r10 r8 r9. */
const int32_t arch_syscall_arg[6] = {112, 104, 96, 56, 72, 64};
const int32_t arch_call_arg[6] = {112, 104, 96, 88, 72, 64};
const int32_t arch_syscall_nr = 120;
const uint64_t arch_fixed_base = 0x555555554000;
const char arch_syscall_function[] = "__x64_sys_";
/* ebx ecx edx esi edi ebp; the code segment is __USER32_CS. */
const int32_t arch_syscall32_arg[6] = {40, 88, 96, 104, 112, 32};
const int32_t arch_regs_mode = 136, arch_mode_32 = 0x23;

/* rax rdx rcx rbx rsi rdi rbp rsp r8 … r15, return address (psABI, figure 3.36). */
const int32_t arch_dwarf_reg[ARCH_DWARF_REGS] = {80, 96, 88, 40, 104, 112, 32, 152, 72,
                                                 64, 56, 48, 24, 16,  8,   0,  128};
/* eax ecx edx ebx esp ebp esi edi, return address (psABI of the 386). */
const int32_t arch_dwarf_reg32[ARCH_DWARF_REGS32] = {80, 88, 96, 40, 152, 32, 104, 112, 128};
const int32_t arch_reg_ip = 128, arch_reg_sp = 152, arch_reg_return = 80;
const char *const arch_thread_pointer = "fsbase";

bool arch_reg_named(const char *name, size_t n, int32_t *offset, unsigned *size)
{
    static const struct {
        char names[4][5]; /* 8, 4, 2 and 1 bytes */
        int32_t offset;
    } regs[] = {
        {{"rax", "eax", "ax", "al"}, 80},      {{"rbx", "ebx", "bx", "bl"}, 40},
        {{"rcx", "ecx", "cx", "cl"}, 88},      {{"rdx", "edx", "dx", "dl"}, 96},
        {{"rsi", "esi", "si", "sil"}, 104},    {{"rdi", "edi", "di", "dil"}, 112},
        {{"rbp", "ebp", "bp", "bpl"}, 32},     {{"rsp", "esp", "sp", "spl"}, 152},
        {{"r8", "r8d", "r8w", "r8b"}, 72},     {{"r9", "r9d", "r9w", "r9b"}, 64},
        {{"r10", "r10d", "r10w", "r10b"}, 56}, {{"r11", "r11d", "r11w", "r11b"}, 48},
        {{"r12", "r12d", "r12w", "r12b"}, 24}, {{"r13", "r13d", "r13w", "r13b"}, 16},
        {{"r14", "r14d", "r14w", "r14b"}, 8},  {{"r15", "r15d", "r15w", "r15b"}, 0},
        {{"rip", "eip", "ip", ""}, 128},
    };
    for (size_t i = 0; i < sizeof regs / sizeof *regs; i++)
        for (unsigned k = 0; k < 4; k++)
            if (strlen(regs[i].names[k]) == n && memcmp(regs[i].names[k], name, n) == 0) {
                *offset = regs[i].offset;
                *size = 8u >> k;
                return true;
            }
    return false;
}

bool arch_is_traced(const uint8_t code[16])
{
    static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, sealed[] = {0x66, 0x0f, 0x1f, 0x00},
                         room[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    if (memcmp(code, endbr64, sizeof endbr64) == 0 || memcmp(code, sealed, sizeof sealed) == 0)
        code += sizeof endbr64;
    return code[0] == 0xe8 || memcmp(code, room, sizeof room) == 0;
}

/* Calls that may be younger than the headers; both ABIs have the same numbers. */
#define YOUNG_CALLS                                                                                \
    {"cachestat", 451}, {"fchmodat2", 452}, {"map_shadow_stack", 453}, {"futex_wake", 454},        \
        {"futex_wait", 455}, {"futex_requeue", 456}, {"statmount", 457}, {"listmount", 458},       \
        {"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461},         \
        {"mseal", 462}, {"setxattrat", 463}, {"getxattrat", 464}, {"listxattrat", 465},            \
        {"removexattrat", 466}, {"open_tree_attr", 467}, {"file_getattr", 468},                    \
        {"file_setattr", 469},                                                                     \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/* The build takes the numbers from <asm/unistd_64.h> and <asm/unistd_32.h>. */
const struct arch_syscall arch_syscalls[] = {
#include "syscalls.inc"
    YOUNG_CALLS};
const struct arch_syscall arch_syscalls32[] = {
#include "syscalls32.inc"
    YOUNG_CALLS};
#endif

/* arch/x86/kernel/uprobes.c, branch_setup_xol_ops() and push_setup_xol_ops(). */
bool arch_uprobe_emulated(const uint8_t *code, size_t n, const char **what)
{
    static const struct {
        uint8_t code[4], mask[4];
        const char *name;
    } names[] = {
        {{0xf3, 0x0f, 0x1e, 0xfa}, {0xff, 0xff, 0xff, 0xff}, "endbr64"},
        {{0x48, 0x83, 0xec, 0}, {0xff, 0xff, 0xff, 0}, "sub from rsp"},
        {{0x48, 0x81, 0xec, 0}, {0xff, 0xff, 0xff, 0}, "sub from rsp"},
        {{0x48, 0x8d, 0, 0}, {0xf8, 0xff, 0, 0}, "lea"},
        {{0x48, 0x89, 0, 0}, {0xf8, 0xfd, 0, 0}, "mov"},
        {{0x89, 0, 0, 0}, {0xfd, 0, 0, 0}, "mov"},
        {{0xb8, 0, 0, 0}, {0xf8, 0, 0, 0}, "mov"},
        {{0x31, 0, 0, 0}, {0xff, 0, 0, 0}, "xor"},
        {{0xc3, 0, 0, 0}, {0xff, 0, 0, 0}, "ret"},
    };
    enum { NOP = 0x90, PUSH = 0x50, CALL = 0xe8, JMP = 0xe9, JMP_SHORT = 0xeb, JCC = 0x70 };
    *what = NULL;
    size_t i = 0;
    while (i < n && (code[i] == 0x66 || code[i] == 0xf2 || code[i] == 0xf3))
        i++;
    if (i < n && (code[i] & 0xf0) == 0x40) /* REX */
        i++;
    if (i < n && (code[i] == NOP || (code[i] & 0xf8) == PUSH || code[i] == CALL || code[i] == JMP ||
                  code[i] == JMP_SHORT || (code[i] & 0xf0) == JCC))
        return true;
    if (i + 1 < n && code[i] == 0x0f && (code[i + 1] & 0xf0) == 0x80)
        return true;
    for (size_t k = 0; n >= 4 && k < sizeof names / sizeof *names; k++) {
        bool same = true;
        for (size_t j = 0; j < 4; j++)
            same &= (code[j] & names[k].mask[j]) == names[k].code[j];
        if (same) {
            *what = names[k].name;
            break;
        }
    }
    return false;
}

/* arch/x86/kernel/uprobes.c, uprobe_init_insn(): some prefixes and opcodes are refused.  It
 * looks at the opcode of a vector instruction as if it were that of a plain one. */
unsigned arch_uprobe_doubt(const uint8_t *code, size_t n)
{
    static const uint8_t segment_or_lock[] = {0x26, 0x2e, 0x36, 0x3e, 0xf0};
    static const uint8_t refused[] = {
        0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x26, 0x27, 0x2e, 0x2f, 0x36,
        0x37, 0x3e, 0x3f, 0x60, 0x61, 0x62, 0x66, 0x67, 0x6c, 0x6d, 0x6e, 0x6f,
        0x82, 0x9a, 0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd5, 0xd6, 0xe4, 0xe5, 0xe6,
        0xe7, 0xea, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xfa, 0xfb,
    };
    enum { VEX3 = 0xc4, VEX2 = 0xc5, EVEX = 0x62, VECTOR = 0x100 };
    size_t i = 0;
    for (; i < n && (code[i] == 0x66 || code[i] == 0xf2 || code[i] == 0xf3); i++)
        ;
    if (i < n && memchr(segment_or_lock, code[i], sizeof segment_or_lock))
        return code[i];
    size_t at = i;
    if (i < n)
        at += code[i] == VEX2 ? 2 : code[i] == VEX3 ? 3 : code[i] == EVEX ? 4 : 0;
    if (at >= n || !memchr(refused, code[at], sizeof refused))
        return 0;
    return at > i ? VECTOR | code[at] : code[at];
}

uint64_t arch_cycles(void)
{
    return __builtin_ia32_rdtsc();
}
