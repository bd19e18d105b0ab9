/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/mark_note.h"

#include <string.h>

#include "base/arena.h"

/* Three addresses (the mark, the base section as linked, the semaphore), then provider, name and
 * arguments as strings. */
bool mark_note_read(struct arena *a, const char *desc, size_t n, uint64_t base, struct dw_mark *out)
{
    uint64_t addr[3];
    if (n < sizeof addr + 3 || desc[n - 1])
        return false;
    memcpy(addr, desc, sizeof addr);
    const char *end = desc + n, *s[3], *p = desc + sizeof addr;
    for (int i = 0; i < 3; i++) {
        if (p >= end)
            return false;
        s[i] = arena_printf(a, "%s", p);
        p += strlen(p) + 1;
    }
    /* What prelink or the linker moved after the note was made. */
    uint64_t moved = base ? base - addr[1] : 0;
    *out = (struct dw_mark){.provider = s[0],
                            .name = s[1],
                            .args = s[2],
                            .pc = addr[0] + moved,
                            .semaphore = addr[2] ? addr[2] + moved : 0};
    return true;
}
