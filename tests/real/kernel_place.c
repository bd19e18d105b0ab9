/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for the debug information of the running kernel: linked to where its vfs_read() is,
 * with its build-id.  kernel-places.sh knows the lines. */
struct file;
long looked_at(struct file *file, long n);

static inline __attribute__((always_inline)) long clamped(long wanted)
{
    return wanted > 4096 ? 4096 : wanted;
}

long vfs_read(struct file *file, char *buf, unsigned long count, long long *pos)
{
    long got = clamped((long)count);
    if (!buf)
        goto out;
    got += looked_at(file, got);
    __asm__ volatile("" : "+r"(got) : "r"(pos));
out:
    return got;
}

__attribute__((noinline)) long looked_at(struct file *file, long n)
{
    __asm__ volatile("" ::"r"(file));
    return n;
}
