/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of names in the read-only data (ir/intrinsics_names.c). */
#include "rt.h"

enum { ROW, AT, FOUND }; /* words of ctx.scratch */

struct names {
    struct ctxmem *c;
    const char *name;
    u64 table, width, rows; /* the table and its rows in 16-bit words */
};

/* Two characters of one row against the name. */
static long name_step(u32 i, struct names *n)
{
    u64 *s = n->c->ctx.scratch;
    u64 row = s[ROW], at = s[AT];
    (void)i;
    u64 pos = at * 2;
    OPAQUE(pos);
    if (row >= n->rows || pos >= consts.maxstringlen - 1)
        return 1;
    u64 have = rodata_word(n->table + row * n->width + at);
    u64 want = (u8)n->name[pos];
    /* Behind the end of the name there may be anything. */
    if (want)
        want |= (u64)(u8)n->name[pos + 1] << 8;
    if (want != have || at >= n->width) {
        s[ROW] = row + 1;
        s[AT] = 0;
        return 0;
    }
    if (!(want & 0xff) || !(want >> 8)) {
        s[FOUND] = row;
        return 1;
    }
    s[AT] = at + 1;
    return 0;
}

/* The number of the row that holds this name, or -1.  Rows are `width` bytes, an
 * even number, padded with zeros. */
GLOBAL u64 rt_name_index(struct ctxmem *c, u64 name, u64 table, u64 width, u64 rows)
{
    CTX_STR(s, c, name);
    if (!s[0]) /* gaps have no name */
        return -1ull;
    struct names n = {.c = c,
                      .name = s,
                      .table = (consts.script_rodata + table) / 2,
                      .width = width / 2,
                      .rows = rows};
    u64 *t = c->ctx.scratch;
    t[ROW] = t[AT] = 0;
    t[FOUND] = -1ull;
    bpf_loop(1 << 16, name_step, &n, 0);
    return t[FOUND];
}
