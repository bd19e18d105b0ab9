/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of the points that one program serves. */
#include "rt.h"

/* dst = the text number `nr` of a table in the script's read-only data, whose texts are
 * `stride` bytes each. */
GLOBAL u64 rt_point_text(struct ctxmem *c, u64 dst, u64 table, u64 stride, u64 nr)
{
    CTX_STR(d, c, dst);
    u64 at = consts.script_rodata + table + nr * stride, end = 2 * (u64)consts.rodata_words;
    d[0] = 0;
    if (at >= end || at + stride > end)
        return 0;
    copy_str(d, (const char *)&consts + at);
    return 0;
}
