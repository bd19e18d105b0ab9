// SPDX-License-Identifier: GPL-2.0-or-later
/* hits CALLS ROUNDS FUNCTION: the best time of a call, in ns.  `plain` begins with a push, `cet`
 * with endbr64 and a push, `passed` with two instructions that the kernel has to step and a jump,
 * `single` with one that leaves it no choice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

long sink;
long plain(int a, long b, const char *text);
long cet(int a, long b, const char *text);
long passed(int a, long b, const char *text);
long single(int a, long b, const char *text);
__asm__(
    ".text\n"
    ".globl plain\n.type plain, @function\n"
    "plain: push %rbp\n mov %rdi, sink(%rip)\n pop %rbp\n ret\n"
    ".size plain, . - plain\n"
    ".globl cet\n.type cet, @function\n"
    "cet: endbr64\n push %rbp\n mov %rdi, sink(%rip)\n pop %rbp\n ret\n"
    ".size cet, . - cet\n"
    ".globl passed\n.type passed, @function\n"
    "passed: sub $8, %rsp\n xor %eax, %eax\n jmp 1f\n1: mov %rdi, sink(%rip)\n add $8, %rsp\n ret\n"
    ".size passed, . - passed\n"
    ".globl single\n.type single, @function\nsingle: mov %rdi, sink(%rip)\n ret\n"
    ".size single, . - single\n");

int main(int argc, char **argv)
{
    long (*f)(int, long, const char *) = argc > 3 && strcmp(argv[3], "cet") == 0      ? cet
                                         : argc > 3 && strcmp(argv[3], "passed") == 0 ? passed
                                         : argc > 3 && strcmp(argv[3], "single") == 0 ? single
                                                                                      : plain;
    long calls = argc > 1 ? atol(argv[1]) : 100000;
    double best = 1e18;
    for (int r = argc > 2 ? atoi(argv[2]) : 3; r > 0; r--) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (long i = 0; i < calls; i++)
            f((int)i, i * 2, "some text");
        clock_gettime(CLOCK_MONOTONIC, &to);
        double ns = ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / calls;
        best = ns < best ? ns : best;
    }
    printf("%.1f\n", best);
    return 0;
}
