/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mapped where in which process.  What happens during the session is told by mmaps.c;
 * processes that were there before are read from /proc, a few at a time or when an address is
 * asked for.  Of those that have ended the last ones are kept: their stacks may be printed later.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "run/private.h"

enum {
    BUCKETS = 1024,
    ENDED_KEPT = 4096,
    POLL_NS = 5000000, /* how long one call of processes_poll reads /proc */
};

struct process {
    struct process *next; /* in its bucket */
    pid_t pid;
    bool complete; /* nothing is missing in maps but what is still to be drained */
    bool ended;
    size_t n, cap;
    struct mapping *maps;
};

struct processes {
    struct arena *arena;
    struct hash paths; /* each path once */
    struct process *buckets[BUCKETS];
    pid_t ended[ENDED_KEPT]; /* a ring */
    size_t ended_at;
    pid_t *before;       /* processes that were there when the session began */
    size_t before_n;     /* … and are still to be read */
    struct mmaps *mmaps; /* NULL: not possible */
};

static struct process **place_of(struct processes *ps, pid_t pid)
{
    struct process **at = &ps->buckets[(unsigned)pid % BUCKETS];
    while (*at && (*at)->pid != pid)
        at = &(*at)->next;
    return at;
}

/* NULL: no memory. */
static struct process *process_of(struct processes *ps, pid_t pid)
{
    struct process **at = place_of(ps, pid);
    if (!*at && (*at = calloc(1, sizeof **at)))
        (*at)->pid = pid;
    return *at;
}

static void forget(struct processes *ps, pid_t pid)
{
    struct process **at = place_of(ps, pid), *p = *at;
    if (!p || !p->ended)
        return; /* the number belongs to another one by now */
    *at = p->next;
    free(p->maps);
    free(p);
}

static const char *path_once(struct processes *ps, const char *path)
{
    const char *known = hash_get(&ps->paths, path);
    if (!known) {
        known = arena_strdup(ps->arena, path);
        hash_put(&ps->paths, known, (void *)known);
    }
    return known;
}

static void add_mapping(struct process *p, const struct mapping *m)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) /* what it covers is gone */
        if (p->maps[i].end <= m->start || p->maps[i].start >= m->end)
            p->maps[n++] = p->maps[i];
    p->n = n;
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 8;
        struct mapping *more = realloc(p->maps, cap * sizeof *more);
        if (!more)
            return;
        p->maps = more;
        p->cap = cap;
    }
    p->maps[p->n++] = *m;
}

/* A file, or the part of the kernel that programs call. */
static bool has_symbols(const char *path)
{
    return *path == '/' || strcmp(path, VDSO_NAME) == 0;
}

static void read_maps(struct processes *ps, struct process *p)
{
    char line[4500];
    snprintf(line, sizeof line, "/proc/%d/maps", (int)p->pid);
    FILE *f = fopen(line, "re");
    p->complete = true;
    if (!f)
        return; /* it has ended: what was read before stays */
    p->n = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned long long start, end, offset;
        char perms[8];
        int at = 0;
        if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %n", &start, &end, perms, &offset, &at) < 4 ||
            !at || !strchr(perms, 'x'))
            continue;
        line[strcspn(line, "\n")] = 0;
        if (!has_symbols(line + at))
            continue;
        add_mapping(p, &(struct mapping){start, end, offset, path_once(ps, line + at)});
    }
    fclose(f);
}

/* ---- what happens ---- */

static void mapped(void *arg, pid_t pid, u64 addr, u64 len, u64 offset, const char *path)
{
    struct processes *ps = arg;
    struct process *p = process_of(ps, pid);
    if (p && has_symbols(path))
        add_mapping(p, &(struct mapping){addr, addr + len, offset, path_once(ps, path)});
}

static void forked(void *arg, pid_t child, pid_t parent)
{
    struct processes *ps = arg;
    struct process *from = process_of(ps, parent), *to = process_of(ps, child);
    if (!from || !to)
        return;
    if (!from->complete)
        read_maps(ps, from); /* a parent that was there before: read while it is there */
    to->n = 0;
    to->ended = false;
    to->complete = from->complete;
    for (size_t i = 0; i < from->n; i++)
        add_mapping(to, &from->maps[i]);
}

static void executed(void *arg, pid_t pid)
{
    struct process *p = process_of(arg, pid);
    if (p) {
        p->n = 0;
        p->complete = true;
    }
}

static void ended(void *arg, pid_t pid)
{
    struct processes *ps = arg;
    struct process *p = *place_of(ps, pid);
    if (!p || p->ended)
        return;
    p->ended = true;
    forget(ps, ps->ended[ps->ended_at]);
    ps->ended[ps->ended_at] = pid;
    ps->ended_at = (ps->ended_at + 1) % ENDED_KEPT;
}

static void lost(void *arg)
{
    struct processes *ps = arg;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct process *p = ps->buckets[i]; p; p = p->next)
            p->complete = p->ended;
}

/* ---- those that were there before ---- */

static void list_processes(struct processes *ps)
{
    DIR *d = opendir("/proc");
    size_t cap = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!isdigit((unsigned char)*e->d_name))
            continue;
        if (ps->before_n == cap) {
            cap = cap ? cap * 2 : 256;
            pid_t *more = realloc(ps->before, cap * sizeof *more);
            if (!more)
                break;
            ps->before = more;
        }
        ps->before[ps->before_n++] = (pid_t)atol(e->d_name);
    }
    if (d)
        closedir(d);
}

static void read_before(struct processes *ps, u64 budget_ns)
{
    u64 until = budget_ns == UINT64_MAX ? UINT64_MAX : monotonic_ns() + budget_ns;
    /* The newest first: the oldest are threads of the kernel. */
    while (ps->before_n > 0 && monotonic_ns() < until) {
        struct process *p = process_of(ps, ps->before[--ps->before_n]);
        if (p && !p->complete)
            read_maps(ps, p);
    }
}

struct processes *processes_open(struct arena *a)
{
    static const struct mmaps_events events = {mapped, forked, executed, ended, lost};
    struct processes *ps = calloc(1, sizeof *ps);
    if (!ps)
        return NULL;
    ps->arena = a;
    hash_init(&ps->paths, a);
    ps->mmaps = mmaps_open(&events, ps);
    list_processes(ps);
    return ps;
}

void processes_close(struct processes *ps)
{
    if (!ps)
        return;
    mmaps_close(ps->mmaps);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct process *p = ps->buckets[i], *next; p; p = next) {
            next = p->next;
            free(p->maps);
            free(p);
        }
    free(ps->before);
    free(ps);
}

bool processes_poll(struct processes *ps)
{
    mmaps_drain(ps->mmaps);
    read_before(ps, POLL_NS);
    return ps->before_n > 0;
}

static const struct mapping *find(const struct process *p, u64 addr)
{
    for (size_t i = 0; p && i < p->n; i++)
        if (addr >= p->maps[i].start && addr < p->maps[i].end)
            return &p->maps[i];
    return NULL;
}

/* In the process itself, read now if that was not done. */
static const struct mapping *find_in(struct processes *ps, pid_t pid, u64 addr)
{
    struct process *p = pid > 0 ? process_of(ps, pid) : NULL;
    if (p && !p->complete)
        read_maps(ps, p);
    return find(p, addr);
}

const struct mapping *processes_find(struct processes *ps, pid_t *pid, pid_t target, u64 addr)
{
    const struct mapping *m = find_in(ps, *pid, addr);
    if (m)
        return m;
    if ((m = find_in(ps, target, addr))) {
        *pid = target;
        return m;
    }
    read_before(ps, UINT64_MAX);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct process *p = ps->buckets[i]; p; p = p->next)
            if ((m = find(p, addr))) {
                *pid = p->pid;
                return m;
            }
    return NULL;
}
