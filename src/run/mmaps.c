/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What processes map, as it happens: an event of perf on each processor tells
 * (kernel/events/core.c: perf_event_mmap).  A process may have ended when its
 * addresses are looked up. */
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/private.h"

enum { DATA_PAGES = 64 }; /* a power of two */

struct cpu_ring {
    int fd;
    struct perf_event_mmap_page *page;
    u64 head; /* of what is being read */
};

struct mmaps {
    struct mmaps_events on;
    void *arg;
    size_t page, n;
    struct cpu_ring *cpus;
    char record[65536];
};

struct mmap2_record {
    struct perf_event_header h;
    uint32_t pid, tid;
    uint64_t addr, len, offset;
    uint32_t major, minor;
    uint64_t inode, generation;
    uint32_t prot, flags;
    char path[];
};
struct task_record {
    struct perf_event_header h;
    uint32_t pid, other; /* fork: the parent; comm: the thread */
    uint32_t tid;        /* fork and exit */
};

struct mmaps *mmaps_open(const struct mmaps_events *on, void *arg)
{
    struct mmaps *m = calloc(1, sizeof *m);
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    if (!m || cpus < 1 || !(m->cpus = calloc((size_t)cpus, sizeof *m->cpus))) {
        free(m);
        return NULL;
    }
    m->on = *on;
    m->arg = arg;
    m->page = (size_t)sysconf(_SC_PAGESIZE);
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_SW_DUMMY,
        .mmap = 1,
        .mmap2 = 1,
        .comm = 1,
        .comm_exec = 1,
        .task = 1,
        .sample_type = PERF_SAMPLE_TIME,
        .sample_id_all = 1,
    };
    for (int cpu = 0; cpu < cpus; cpu++) {
        struct cpu_ring *r = &m->cpus[m->n];
        r->fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
        if (r->fd < 0)
            continue;
        r->page =
            mmap(NULL, m->page * (DATA_PAGES + 1), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
        if (r->page == MAP_FAILED) {
            close(r->fd);
            continue;
        }
        m->n++;
    }
    return m;
}

void mmaps_close(struct mmaps *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++) {
        munmap(m->cpus[i].page, m->page * (DATA_PAGES + 1));
        close(m->cpus[i].fd);
    }
    free(m->cpus);
    free(m);
}

static void one(struct mmaps *m, const struct perf_event_header *h)
{
    const struct task_record *t = (const void *)h;
    const struct mmap2_record *p = (const void *)h;
    if (h->type == PERF_RECORD_MMAP2 && h->size > sizeof *p)
        m->on.mapped(m->arg, (pid_t)p->pid, p->addr, p->len, p->offset, p->path);
    else if (h->type == PERF_RECORD_FORK && t->pid != t->other)
        m->on.forked(m->arg, (pid_t)t->pid, (pid_t)t->other);
    else if (h->type == PERF_RECORD_EXIT && t->pid == t->tid)
        m->on.ended(m->arg, (pid_t)t->pid);
    else if (h->type == PERF_RECORD_LOST)
        m->on.lost(m->arg);
    else if (h->type == PERF_RECORD_COMM && h->misc & PERF_RECORD_MISC_COMM_EXEC)
        m->on.executed(m->arg, (pid_t)t->pid);
}

static void copy(const struct mmaps *m, const struct cpu_ring *r, u64 at, void *to, size_t n)
{
    size_t size = m->page * DATA_PAGES;
    const char *data = (const char *)r->page + m->page;
    for (size_t i = 0; i < n; i++) /* it may go around the end of the buffer */
        ((char *)to)[i] = data[(at + i) % size];
}

/* When the next record of a processor was written: its last word (PERF_SAMPLE_TIME of
 * sample_id_all); false: there is none. */
static bool next_time(const struct mmaps *m, struct cpu_ring *r, u64 *time)
{
    struct perf_event_header h;
    u64 tail = r->page->data_tail;
    if (tail + sizeof h > r->head)
        return false;
    copy(m, r, tail, &h, sizeof h);
    if (h.size < sizeof h + sizeof *time || tail + h.size > r->head)
        return false;
    copy(m, r, tail + h.size - sizeof *time, time, sizeof *time);
    return true;
}

static void take(struct mmaps *m, struct cpu_ring *r)
{
    struct perf_event_header h;
    u64 tail = r->page->data_tail;
    copy(m, r, tail, &h, sizeof h);
    copy(m, r, tail, m->record, h.size);
    memset(m->record + h.size - sizeof(u64), 0, sizeof(u64)); /* the time: ends a path */
    one(m, (const struct perf_event_header *)(const void *)m->record);
    __atomic_store_n(&r->page->data_tail, tail + h.size, __ATOMIC_RELEASE);
}

/* A process that moves between processors leaves its records on each: in order of time. */
void mmaps_drain(struct mmaps *m)
{
    for (size_t i = 0; m && i < m->n; i++)
        m->cpus[i].head = __atomic_load_n(&m->cpus[i].page->data_head, __ATOMIC_ACQUIRE);
    for (struct cpu_ring *first; m; take(m, first)) {
        u64 least = UINT64_MAX, time;
        first = NULL;
        for (size_t i = 0; i < m->n; i++)
            if (next_time(m, &m->cpus[i], &time) && time <= least) {
                least = time;
                first = &m->cpus[i];
            }
        if (!first)
            break;
    }
}
