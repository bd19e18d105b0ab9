/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads numbers of DWARF one after the other.  What is asked for behind the end reads as 0 and
 * makes the reader bad; so does a LEB128 number (DWARF 5, 7.6) of more than 64 bits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct reader {
    const uint8_t *p, *end;
    bool bad;
};

/* An unsigned number of n bytes, at most 8, in the order of this machine. */
static inline uint64_t read_fixed(struct reader *r, size_t n)
{
    uint64_t v = 0;
    if (r->bad || n > sizeof v || (size_t)(r->end - r->p) < n) {
        r->bad = true;
        r->p = r->end;
        return 0;
    }
    memcpy(&v, r->p, n);
    r->p += n;
    return v;
}

/* The bits of a LEB128 number, and how many they are. */
static inline uint64_t read_leb(struct reader *r, unsigned *bits)
{
    uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = (uint8_t)read_fixed(r, 1);
        if (r->bad || shift > 63) {
            r->bad = true;
            *bits = 64;
            return 0;
        }
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *bits = shift + 7;
            return v;
        }
    }
}

static inline uint64_t read_uleb(struct reader *r)
{
    unsigned bits;
    return read_leb(r, &bits);
}

static inline int64_t read_sleb(struct reader *r)
{
    unsigned bits;
    uint64_t v = read_leb(r, &bits);
    if (bits < 64 && v >> (bits - 1))
        v |= ~(uint64_t)0 << bits;
    return (int64_t)v;
}
