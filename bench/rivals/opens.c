// SPDX-License-Identifier: GPL-2.0-or-later
/* Nanoseconds of a system call, best of ROUNDS times CALLS.
 *   opens open|call CALLS ROUNDS     openat of a file that is not there, or getppid
 * Between rounds it waits a little, for whoever reads what was traced. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    static char path[] = "/usr/share/doc/some-package/README.Debian.of.usual.length";
    bool opens = strcmp(argv[1], "open") == 0;
    long calls = atol(argv[2]);
    int rounds = atoi(argv[3]);
    double best = 0;
    for (int r = 0; r < rounds; r++) {
        double t = now();
        for (long i = 0; i < calls; i++)
            if (opens)
                syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
            else
                syscall(SYS_getppid);
        t = (now() - t) / (double)calls;
        if (r == 0 || t < best)
            best = t;
        usleep(20000);
    }
    printf("%.2f\n", best);
    return 0;
}
