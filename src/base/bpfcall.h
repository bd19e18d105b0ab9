/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls of eBPF.  Each returns 0 or a file descriptor, which is never one of the three
 * standard ones, or -errno; errno is set too.  libbpf is not used: it loads programs of its own
 * first, to find out what the kernel can do. */
#pragma once
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* `name` is cut to what the kernel takes.  `inner`: the map that those in a map of maps are like.
 */
int bpfcall_map(uint32_t type, const char *name, uint32_t key, uint32_t value, uint32_t entries,
                uint32_t flags, int inner);
int bpfcall_set(int map, const void *key, const void *value);
int bpfcall_get(int map, const void *key, void *value);
int bpfcall_freeze(int map);

/* `a` says all but the instructions and the name, and is zero otherwise. */
int bpfcall_load(union bpf_attr *a, const char *name, const struct bpf_insn *insns, size_t n);
/* A program that does nothing, to see whether the kernel takes such a one. */
int bpfcall_load_empty(uint32_t type, uint32_t attach_type, uint32_t btf_id);
int bpfcall_btf(const void *btf, uint32_t len);

int bpfcall_link(union bpf_attr *a);
int bpfcall_raw_tracepoint(const char *name, int prog); /* name NULL: the program knows */

/* Runs a program of type SYSCALL with `n` bytes of context; NULL, 0: none. */
int bpfcall_run(int prog, void *context, uint32_t n);
int bpfcall_info(int fd, void *info, uint32_t len);
int bpfcall_btf_by_id(uint32_t id);
/* The kernel measures how long programs run, until the descriptor is closed. */
int bpfcall_measure(void);

/* How many CPUs there may ever be; 1 when the kernel does not say. */
uint32_t possible_cpus(void);
