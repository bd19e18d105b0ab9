/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/pmu.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bpfcall.h"

static int read_number(const char *pmu, const char *file, const char *format)
{
    char path[128];
    int n = -1;
    snprintf(path, sizeof path, "/sys/bus/event_source/devices/%s/%s", pmu, file);
    FILE *f = fopen(path, "re");
    if (f) {
        if (fscanf(f, format, &n) != 1)
            n = -1;
        fclose(f);
    }
    return n;
}

bool pmu_exists(const char *pmu)
{
    return read_number(pmu, "type", "%d") >= 0;
}

int pmu_attach(const struct pmu_point *p, int prog_fd, uint64_t cookie, int *fds, size_t *nfds)
{
    int type = read_number(p->pmu, "type", "%d");
    int retprobe = read_number(p->pmu, "format/retprobe", "config:%d");
    if (type < 0 || retprobe < 0)
        return -EOPNOTSUPP;
    struct perf_event_attr attr = {
        .type = (uint32_t)type,
        .size = sizeof attr,
        .config = p->reference << 32 | (p->is_return ? 1ull << retprobe : 0),
        .config1 = (uint64_t)(uintptr_t)p->config1,
        .config2 = p->config2,
    };
    int fd = (int)syscall(SYS_perf_event_open, &attr, p->pid ? p->pid : -1, p->pid ? -1 : 0, -1,
                          PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        return -errno;
    fds[(*nfds)++] = fd;
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.link_create.prog_fd = (uint32_t)prog_fd;
    a.link_create.target_fd = (uint32_t)fd;
    a.link_create.attach_type = BPF_PERF_EVENT;
    a.link_create.perf_event.bpf_cookie = cookie;
    int link = bpfcall_link(&a);
    if (link < 0)
        return link;
    fds[(*nfds)++] = link;
    return ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) ? -errno : 0;
}
