/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions at the start of functions: how long they are, and which a probe may pass. */
#include "probes/arch.h"

#include "tests/check.h"

#define CODE(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

enum { RAX = 80, RDX = 96, RSI = 104, RDI = 112, RSP = 152 };

static unsigned length(const uint8_t *code, size_t n)
{
    struct arch_jump j;
    return arch_insn(code, n, &j);
}

static unsigned passed(const uint8_t *code, size_t n)
{
    struct arch_run run;
    return arch_uprobe_run(code, n, &run) ? run.length : 0;
}

/* What became of a register: 0 nothing, -1 it is lost, otherwise `now`; *add is what is missing. */
static int moved(const uint8_t *code, size_t n, int32_t reg, int32_t *add)
{
    struct arch_run run;
    *add = 0;
    if (!arch_uprobe_run(code, n, &run))
        return -2;
    for (unsigned i = 0; i < run.moved.n; i++)
        if (run.moved.v[i].reg == reg) {
            *add = run.moved.v[i].add;
            return run.moved.v[i].now;
        }
    return 0;
}

int main(void)
{
#if defined(__x86_64__)
    int32_t add;
    struct arch_jump j;

    CHECK(length(CODE(0xf3, 0x0f, 0x1e, 0xfa)) == 4);                           /* endbr64 */
    CHECK(length(CODE(0x48, 0x8b, 0x84, 0x24, 8, 0, 0, 0)) == 8);               /* mov 8(%rsp) */
    CHECK(length(CODE(0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0)) == 9);      /* mov %fs:0x28 */
    CHECK(length(CODE(0x66, 0xc7, 0x45, 0xf0, 1, 0)) == 6);                     /* movw $1 */
    CHECK(length(CODE(0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8)) == 10);              /* movabs */
    CHECK(length(CODE(0xf6, 0x05, 0, 0, 0, 0, 1)) == 7);                        /* testb $1 */
    CHECK(length(CODE(0xf7, 0xd8)) == 2);                                       /* neg %eax */
    CHECK(length(CODE(0xc5, 0xf8, 0x77)) == 3);                                 /* vzeroupper */
    CHECK(length(CODE(0x62, 0xf1, 0x7c, 0x48, 0x10, 0x07)) == 6);               /* vmovups zmm */
    CHECK(length(CODE(0xc4, 0xe3, 0x7d, 0x39, 0xc1, 1)) == 6);                  /* vextracti128 */
    CHECK(length(CODE(0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8)) == 6);                  /* palignr */
    CHECK(length(CODE(0x06)) == 0);                                             /* not in 64 bits */
    CHECK(length(CODE(0xe8, 1, 2)) == 0);                                       /* cut off */
    CHECK(length(CODE(0x8f, 0xe8, 0x78, 0xcc, 0xc1, 0)) == 0);                  /* XOP */
    CHECK(length(CODE(0x8f, 0xc0)) == 2);                                       /* pop %rax */
    CHECK(arch_insn(CODE(0x75, 0xf0), &j) == 2 && j.relative && j.to == -14);   /* jne */
    CHECK(arch_insn(CODE(0x0f, 0x84, 0, 1, 0, 0), &j) == 6 && j.to == 6 + 256); /* je */
    CHECK(arch_insn(CODE(0x3e, 0xff, 0xe0), &j) == 3 && j.anywhere);            /* jmp *%rax */
    CHECK(arch_insn(CODE(0xff, 0xd0), &j) == 2 && j.anywhere && j.call);        /* call *%rax */
    CHECK(arch_insn(CODE(0x3e, 0xff, 0xe0), &j) == 3 && j.table && !j.call);    /* notrack */
    CHECK(arch_insn(CODE(0xff, 0xe0), &j) == 2 && !j.table);
    CHECK(arch_insn(CODE(0xff, 0x24, 0xc5, 0, 0, 0, 0), &j) == 7 && j.table); /* jmp *0(,%rax,8) */
    CHECK(arch_insn(CODE(0xff, 0x60, 8), &j) == 3 && j.anywhere && !j.table); /* jmp *8(%rax) */
    CHECK(arch_insn(CODE(0x48, 0x01, 0xd0), &j) == 3 && j.sums && !j.anywhere); /* add */
    CHECK(arch_insn(CODE(0xf3, 0xc3), &j) == 2 && j.returns);                   /* rep ret */
    CHECK(arch_insn(CODE(0x0f, 0xc3, 0x07), &j) == 3 && !j.returns);            /* movnti */
    size_t to;
    CHECK(arch_far_jump(CODE(0x90, 0xe9, 0xf6, 0xff, 0xff, 0xff, 0x90, 0x90), 0, &to) == 1 &&
          to == (size_t)-4);

    /* sub $24,%rsp; call */
    CHECK(passed(CODE(0x48, 0x83, 0xec, 24, 0xe8, 0, 0, 0, 0)) == 4);
    CHECK(moved(CODE(0x48, 0x83, 0xec, 24, 0xe8, 0, 0, 0, 0), RSP, &add) == RSP && add == 24);
    CHECK(moved(CODE(0x48, 0x81, 0xec, 0, 1, 0, 0, 0xe8, 0, 0, 0, 0), RSP, &add) == RSP &&
          add == 256);
    /* test %rdi,%rdi; je */
    CHECK(passed(CODE(0x48, 0x85, 0xff, 0x74, 1)) == 3);
    CHECK(moved(CODE(0x48, 0x85, 0xff, 0x74, 1), RDI, &add) == 0);
    /* mov %rdi,%rsi; lea 3(%rdi),%rdi; jmp: rsi is lost, rdi in two places */
    CHECK(moved(CODE(0x48, 0x89, 0xfe, 0x48, 0x8d, 0x7f, 3, 0xeb, 0), RSI, &add) == -1);
    CHECK(moved(CODE(0x48, 0x89, 0xfe, 0x48, 0x8d, 0x7f, 3, 0xeb, 0), RDI, &add) == RDI &&
          add == -3);
    /* mov %rdi,%rsi; xor %edi,%edi; jmp */
    CHECK(moved(CODE(0x48, 0x89, 0xfe, 0x31, 0xff, 0xeb, 0), RDI, &add) == RSI && add == 0);
    /* mov %edi,%esi is no copy of rdi */
    CHECK(moved(CODE(0x89, 0xfe, 0x31, 0xff, 0xeb, 0), RDI, &add) == -1);
    /* mov $1,%dh: a byte of rdx, not of rsi */
    CHECK(moved(CODE(0x80, 0xe6, 1, 0xeb, 0), RDX, &add) == -1);
    CHECK(moved(CODE(0x80, 0xe6, 1, 0xeb, 0), RSI, &add) == 0);
    CHECK(moved(CODE(0x40, 0x80, 0xe6, 1, 0xeb, 0), RSI, &add) == -1);
    /* cltq */
    CHECK(moved(CODE(0x48, 0x98, 0xeb, 0), RAX, &add) == -1);
    /* Memory may not be there; a cheap first instruction needs nothing; a jump of 16 bits. */
    CHECK(passed(CODE(0x48, 0x8b, 0x07, 0xeb, 0)) == 0);
    CHECK(passed(CODE(0x31, 0x07, 0xeb, 0)) == 0);
    CHECK(passed(CODE(0x55, 0x48, 0x89, 0xe5)) == 0);
    CHECK(passed(CODE(0x31, 0xc0, 0x66, 0xe8, 0, 0, 0, 0)) == 0);
    CHECK(passed(CODE(0x31, 0xc0, 0xc3)) == 0);
#endif
    return check_report();
}
