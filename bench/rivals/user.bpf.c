// SPDX-License-Identifier: GPL-2.0-or-later
/* By hand: what bench/user compares with.  HITS is the path of the program. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(n) __attribute__((section(n), used))
#define __uint(name, val) int(*name)[val]

enum { RINGBUF = 27 };
static long (*read_user_str)(void *dst, u32 size, const void *src) = (void *)114;
static void *(*reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*submit)(void *data, u64 flags) = (void *)132;

struct regs {
    u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig, ip, cs, flags, sp;
};

char license_text[] SEC("license") = "GPL";
u64 events;
SEC("uprobe/" HITS ":plain") int count(struct regs *r)
{
    __sync_fetch_and_add(&events, 1);
    return 0;
}
SEC("uprobe/" HITS ":cet") int count_cet(struct regs *r)
{
    __sync_fetch_and_add(&events, 1);
    return 0;
}

struct record {
    u64 a, b;
    char text[512];
};
struct {
    __uint(type, RINGBUF);
    __uint(max_entries, 1 << 20);
} ring SEC(".maps");
SEC("uprobe/" HITS ":plain") int print(struct regs *r)
{
    struct record *e = reserve(&ring, sizeof *e, 0);
    if (!e)
        return 0;
    e->a = (u32)r->di;
    e->b = r->si;
    read_user_str(e->text, sizeof e->text, (const void *)r->dx);
    submit(e, 0);
    return 0;
}
