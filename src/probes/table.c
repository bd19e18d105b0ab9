/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All probe families. */
#include "probes/families.h"

const struct probe_provider *const provider_table[] = {
    &begin_provider,
    &timer_provider,
    &tracepoint_provider,
    &syscall_provider,
    &process_provider,
    &kprobe_provider,
    &netfilter_provider,
    &task_provider,
    &perf_provider,
    &procfs_provider,
    &watch_provider,
    &lsm_provider,
    NULL,
};
