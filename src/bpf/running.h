/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to bpf/: what is in the kernel. */
#pragma once
#include "bpf/code.h"
#include "probes/provider.h"

struct bpf_running {
    struct session *session;
    struct bpf_image *img;
    uint32_t ncpus;
    int *maps; /* by map number */
    size_t nmaps;
    int *prog_fds; /* by probe */
    struct abi_session *globals;
    uint32_t globals_size;
    fd_vec links;         /* closing one detaches */
    VEC(int) dispatchers; /* programs, closed with the links */
};

/* offsets.c: where the running kernel keeps what is mapped in a process; members that it does
 * not have stay 0. */
void kernel_offsets(struct session *s, struct abi_offsets *o);
