/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/: kprobes and uprobes as events of perf (kernel/events/core.c:
 * perf_kprobe, perf_uprobe). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* "kprobe" or "uprobe": the kernel has it. */
bool pmu_exists(const char *pmu);
struct pmu_point {
    const char *pmu;
    bool is_return;
    const char *config1; /* path or function */
    uint64_t config2;    /* offset */
    uint64_t reference;  /* file offset of a semaphore; 0: none */
    pid_t pid;           /* 0: every process */
};

/* Opens the event and links the program to it, which `cookie` tells the point by.  0 or
 * -errno; descriptors to close, at most two, are appended. */
int pmu_attach(const struct pmu_point *p, int prog_fd, uint64_t cookie, int *fds, size_t *nfds);
