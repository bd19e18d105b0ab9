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
/* Opens the event and hands it the program.  `config1`: path or function; `config2`:
 * offset; `reference`: file offset of a semaphore, 0: none; `pid` 0: every process.
 * 0 or -errno; descriptors to close are appended. */
int pmu_attach(const char *pmu, bool is_return, const char *config1, uint64_t config2,
               uint64_t reference, pid_t pid, int prog_fd, int *fds, size_t *nfds);
/* The same for every process by a link, which tells the program `cookie`: two descriptors. */
int pmu_attach_cookie(const char *pmu, bool is_return, const char *config1, uint64_t config2,
                      int prog_fd, uint64_t cookie, int *fds, size_t *nfds);
