/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bpfcall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static int call(enum bpf_cmd cmd, union bpf_attr *a)
{
    int r = (int)syscall(SYS_bpf, cmd, a, sizeof *a);
    return r < 0 ? -errno : r;
}

static int call_for_fd(enum bpf_cmd cmd, union bpf_attr *a)
{
    int fd = call(cmd, a);
    if (fd < 0 || fd > 2)
        return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3), err = errno;
    close(fd);
    errno = err;
    return higher < 0 ? -err : higher;
}

static void set_name(char *to, const char *name)
{
    memcpy(to, name, strnlen(name, BPF_OBJ_NAME_LEN - 1));
}

int bpfcall_map(uint32_t type, const char *name, uint32_t key, uint32_t value, uint32_t entries,
                uint32_t flags, int inner)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.map_type = type;
    a.key_size = key;
    a.value_size = value;
    a.max_entries = entries;
    a.map_flags = flags;
    a.inner_map_fd = (uint32_t)inner;
    set_name(a.map_name, name);
    return call_for_fd(BPF_MAP_CREATE, &a);
}

static int element(enum bpf_cmd cmd, int map, const void *key, const void *value)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.map_fd = (uint32_t)map;
    a.key = address(key);
    a.value = address(value);
    return call(cmd, &a);
}

int bpfcall_set(int map, const void *key, const void *value)
{
    return element(BPF_MAP_UPDATE_ELEM, map, key, value);
}

int bpfcall_get(int map, const void *key, void *value)
{
    return element(BPF_MAP_LOOKUP_ELEM, map, key, value);
}

int bpfcall_freeze(int map)
{
    return element(BPF_MAP_FREEZE, map, NULL, NULL);
}

int bpfcall_load(union bpf_attr *a, const char *name, const struct bpf_insn *insns, size_t n)
{
    a->insns = address(insns);
    a->insn_cnt = (uint32_t)n;
    a->license = address("GPL");
    set_name(a->prog_name, name);
    /* The kernel gives up when a signal comes: a timer of ours, say. */
    int fd = -EAGAIN;
    for (int tries = 0; tries < 5 && fd == -EAGAIN; tries++)
        fd = call_for_fd(BPF_PROG_LOAD, a);
    return fd;
}

int bpfcall_load_empty(uint32_t type, uint32_t attach_type, uint32_t btf_id)
{
    static const struct bpf_insn nothing[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K},
        {.code = BPF_JMP | BPF_EXIT},
    };
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.prog_type = type;
    a.expected_attach_type = attach_type;
    a.attach_btf_id = btf_id;
    return bpfcall_load(&a, "stap_try", nothing, sizeof nothing / sizeof *nothing);
}

int bpfcall_btf(const void *btf, uint32_t len)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.btf = address(btf);
    a.btf_size = len;
    return call_for_fd(BPF_BTF_LOAD, &a);
}

int bpfcall_link(union bpf_attr *a)
{
    return call_for_fd(BPF_LINK_CREATE, a);
}

int bpfcall_raw_tracepoint(const char *name, int prog)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.raw_tracepoint.name = address(name);
    a.raw_tracepoint.prog_fd = (uint32_t)prog;
    return call_for_fd(BPF_RAW_TRACEPOINT_OPEN, &a);
}

int bpfcall_run(int prog, void *context, uint32_t n)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.test.prog_fd = (uint32_t)prog;
    a.test.ctx_in = address(context);
    a.test.ctx_size_in = n;
    return call(BPF_PROG_TEST_RUN, &a);
}

int bpfcall_info(int fd, void *info, uint32_t len)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.info.bpf_fd = (uint32_t)fd;
    a.info.info_len = len;
    a.info.info = address(info);
    return call(BPF_OBJ_GET_INFO_BY_FD, &a);
}

int bpfcall_btf_by_id(uint32_t id)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.btf_id = id;
    return call_for_fd(BPF_BTF_GET_FD_BY_ID, &a);
}

int bpfcall_measure(void)
{
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.enable_stats.type = BPF_STATS_RUN_TIME;
    return call_for_fd(BPF_ENABLE_STATS, &a);
}

/* A list of ranges: "0-3,8-11". */
uint32_t possible_cpus(void)
{
    char text[512] = "";
    int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 1;
    uint32_t count = 0;
    for (char *p = text; *p >= '0' && *p <= '9';) {
        unsigned long from = strtoul(p, &p, 10), to = *p == '-' ? strtoul(p + 1, &p, 10) : from;
        count += (uint32_t)(to - from + 1);
        p += *p == ',';
    }
    return count ? count : 1;
}
