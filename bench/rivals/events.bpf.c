// SPDX-License-Identifier: GPL-2.0-or-later
/* By hand, as a C programmer would: what bench/events compares with.  One
 * program for each script, on the raw tracepoint of system call entry. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;
#define SEC(n) __attribute__((section(n), used))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name

enum { HASH = 1, PERCPU_ARRAY = 6, PERCPU_HASH = 5, RINGBUF = 27 };
static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*update)(void *map, const void *key, const void *val, u64 flags) = (void *)2;
static u64 (*pid_tgid)(void) = (void *)14;
static long (*comm)(void *buf, u32 size) = (void *)16;
static long (*probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;
static long (*read_user_str)(void *dst, u32 size, const void *src) = (void *)114;
static void *(*reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*submit)(void *data, u64 flags) = (void *)132;

struct args {
    u64 regs, id;
};
enum { REGS_DI = 14 * 8 };

char license_text[] SEC("license") = "GPL";

u64 events;
SEC("raw_tp/sys_enter") int count(struct args *a)
{
    __sync_fetch_and_add(&events, 1);
    return 0;
}

struct name {
    char text[16];
};
struct {
    __uint(type, HASH);
    __uint(max_entries, 2048);
    __type(key, struct name);
    __type(value, u64);
} by_name SEC(".maps");
SEC("raw_tp/sys_enter") int execname(struct args *a)
{
    struct name k = {0};
    comm(&k, sizeof k);
    u64 *n = lookup(&by_name, &k), one = 1;
    if (n)
        __sync_fetch_and_add(n, 1);
    else
        update(&by_name, &k, &one, 1);
    return 0;
}

struct stat {
    u64 n;
    s64 sum, min, max;
    u64 bucket[128];
};
struct {
    __uint(type, PERCPU_HASH);
    __uint(max_entries, 2048);
    __type(key, struct name);
    __type(value, struct stat);
} stats SEC(".maps");
struct {
    __uint(type, PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct stat);
} empty SEC(".maps");
static inline u32 log_bucket(u64 v)
{
    u32 r = 0;
    for (int s = 32; s; s >>= 1)
        if (v >> s) {
            v >>= s;
            r += s;
        }
    return r + (v != 0);
}
SEC("raw_tp/sys_enter") int stat(struct args *a)
{
    struct name k = {0};
    u32 zero = 0;
    s64 v = (s64)a->id;
    comm(&k, sizeof k);
    struct stat *s = lookup(&stats, &k);
    if (!s) {
        struct stat *e = lookup(&empty, &zero);
        if (!e)
            return 0;
        update(&stats, &k, e, 1);
        s = lookup(&stats, &k);
        if (!s)
            return 0;
    }
    if (!s->n || v < s->min)
        s->min = v;
    if (!s->n || v > s->max)
        s->max = v;
    s->n++;
    s->sum += v;
    u32 b = v < 0 ? 64 - log_bucket((u64)-v) : 64 + log_bucket((u64)v);
    if (b < 128)
        s->bucket[b]++;
    return 0;
}

struct path {
    char text[512];
};
struct {
    __uint(type, HASH);
    __uint(max_entries, 2048);
    __type(key, struct path);
    __type(value, u64);
} by_path SEC(".maps");
struct {
    __uint(type, PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct path);
} buffer SEC(".maps");
SEC("raw_tp/sys_enter") int string(struct args *a)
{
    u32 zero = 0;
    u64 p, one = 1;
    struct path *k = lookup(&buffer, &zero);
    if (!k)
        return 0;
    __builtin_memset(k, 0, sizeof *k);
    probe_read_kernel(&p, sizeof p, (void *)(a->regs + REGS_DI));
    if (read_user_str(k, sizeof *k, (void *)p) < 0)
        return 0;
    u64 *n = lookup(&by_path, k);
    if (n)
        __sync_fetch_and_add(n, 1);
    else
        update(&by_path, k, &one, 1);
    return 0;
}

struct record {
    u64 pid, id;
    char name[16];
};
struct {
    __uint(type, RINGBUF);
    __uint(max_entries, 1 << 20);
} ring SEC(".maps");
u64 lost;
SEC("raw_tp/sys_enter") int print(struct args *a)
{
    struct record *r = reserve(&ring, sizeof *r, 0);
    if (!r) {
        __sync_fetch_and_add(&lost, 1);
        return 0;
    }
    r->pid = pid_tgid() >> 32;
    r->id = a->id;
    comm(r->name, sizeof r->name);
    submit(r, 0);
    return 0;
}
