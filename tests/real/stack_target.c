/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks without frame pointers: through libc, a signal, recursion, an aligned frame. */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int n;
__attribute__((noinline)) void leaf(int i)
{
    n += i;
}
static void handler(int sig)
{
    leaf(sig);
    n++;
}
static int compare(const void *a, const void *b)
{
    if (n++ == 0) {
        raise(SIGUSR1);
        n++;
    }
    return *(const int *)a - *(const int *)b;
}
__attribute__((noinline)) int sorted(int k)
{
    int v[4] = {3, k, 2, 0};
    qsort(v, 4, sizeof *v, compare);
    return v[0] + n;
}
__attribute__((noinline)) int deep(int i)
{
    return i ? deep(i - 1) + n : (leaf(i), n);
}
__attribute__((noinline)) int aligned(int k)
{
    char room[k + 64] __attribute__((aligned(64)));
    memset(room, k, sizeof room);
    return sorted(k) + room[1] + deep(5);
}
int main(void)
{
    signal(SIGUSR1, handler);
    printf("%d\n", aligned(7));
    return 0;
}
