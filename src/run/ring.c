/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reader of BPF_MAP_TYPE_RINGBUF.  Its memory is one page with the consumer's
 * position (ours), one with the producer's, and the data, mapped twice in a row
 * so that a sample never wraps.  Handlers do not wake us for every sample, so
 * this is called when something woke us and by the clock. */
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/private.h"

/* Room is given back to the handlers after this many bytes. */
enum { RELEASE_EVERY = 64 << 10 };

bool ring_open(struct ring *r, int fd, u64 size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    r->mask = size - 1;
    r->map_size = page + 2 * (size_t)size;
    r->consumer_map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    r->map = mmap(NULL, r->map_size, PROT_READ, MAP_SHARED, fd, (off_t)page);
    if (r->consumer_map == MAP_FAILED || r->map == MAP_FAILED)
        return false;
    r->consumer = r->consumer_map;
    r->producer = r->map;
    r->data = (const char *)r->map + page;
    return true;
}

void ring_close(struct ring *r)
{
    if (r->consumer_map && r->consumer_map != MAP_FAILED)
        munmap(r->consumer_map, (size_t)sysconf(_SC_PAGESIZE));
    if (r->map && r->map != MAP_FAILED)
        munmap(r->map, r->map_size);
    *r = (struct ring){0};
}

u64 ring_drain(struct ring *r, void (*fn)(void *arg, const void *sample, size_t len), void *arg)
{
    /* Only we move the consumer.  What is produced meanwhile waits for the next
     * call: signals and timers must have their turn. */
    u64 start = *r->consumer, pos = start, released = start;
    u64 end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
    while (pos < end) {
        const char *sample = r->data + (pos & r->mask);
        u32 head = __atomic_load_n((const u32 *)sample, __ATOMIC_ACQUIRE);
        if (head & BPF_RINGBUF_BUSY_BIT)
            break; /* reserved, not yet submitted: what follows must wait, too */
        u32 len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
        if (!(head & BPF_RINGBUF_DISCARD_BIT))
            fn(arg, sample + BPF_RINGBUF_HDR_SZ, len);
        pos += (len + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
        if (pos - released >= RELEASE_EVERY) {
            __atomic_store_n(r->consumer, pos, __ATOMIC_RELEASE);
            released = pos;
        }
    }
    if (pos != released)
        __atomic_store_n(r->consumer, pos, __ATOMIC_RELEASE);
    return pos - start;
}
