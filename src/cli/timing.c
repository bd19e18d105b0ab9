/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pass cost, in the words that users of -v know. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

static long milliseconds(struct timeval t)
{
    return (long)t.tv_sec * 1000 + (long)t.tv_usec / 1000;
}

static double wall_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

void pass_begin(struct pass_clock *c)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    c->start.user_ms = milliseconds(u.ru_utime);
    c->start.sys_ms = milliseconds(u.ru_stime);
    c->start.real_ms = wall_ms();
}

const char *pass_times(struct arena *a, const struct pass_clock *c)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return arena_printf(a, "%ldusr/%ldsys/%ldreal ms.", milliseconds(u.ru_utime) - c->start.user_ms,
                        milliseconds(u.ru_stime) - c->start.sys_ms,
                        (long)(wall_ms() - c->start.real_ms));
}

const char *pass_usage(struct arena *a, const struct pass_clock *c)
{
    long pages[6] = {0}, kb = sysconf(_SC_PAGESIZE) / 1024;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%ld %ld %ld %ld %ld %ld", &pages[0], &pages[1], &pages[2], &pages[3],
                   &pages[4], &pages[5]) != 6)
            pages[0] = 0;
        fclose(f);
    }
    return arena_printf(a, "%ldvirt/%ldres/%ldshr/%lddata kb, in %s", pages[0] * kb, pages[1] * kb,
                        pages[2] * kb, pages[5] * kb, pass_times(a, c));
}
