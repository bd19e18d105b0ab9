/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to bpf/: what is in the kernel. */
#pragma once
#include "bpf/image.h"

/* A program: a copy of the image's, for this kernel. */
struct loaded {
    const struct image_probe *probe;
    struct attach_points points;
    struct bpf_insn *insns;
    uint32_t btf_id;
    void *btf; /* when it has subprograms */
    uint32_t btf_len;
    struct bpf_func_info *func_infos;
    int fd; /* -1: not loaded */
};

struct bpf_running {
    struct session *session;
    const struct bpf_image *img;
    uint32_t ncpus;
    uint32_t ring_size;
    int *maps; /* by map number */
    size_t nmaps;
    struct loaded *progs; /* by probe */
    struct abi_session *globals;
    uint32_t globals_size;
    fd_vec links;         /* closing one detaches */
    VEC(int) dispatchers; /* programs, closed with the links */
};

/* offsets.c: where the running kernel keeps what is mapped in a process; members that it does
 * not have stay 0. */
void kernel_offsets(struct session *s, struct abi_offsets *o);
