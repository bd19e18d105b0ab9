/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of flags and of numbers, by a table in read-only data (base/names.h). */
#include "rt.h"

enum { NAME_SIZE = 48 };
struct name_entry {
    u64 mask, value;
    char name[NAME_SIZE];
};

GLOBAL u64 rt_fmt_plain(struct ctxmem *c, u64 dst, u64 pos, u64 value, u64 how);

/* Words of ctx.scratch. */
enum { N_VALUE, N_REST, N_OUT, N_FLAGS, N_TABLE };

struct naming {
    struct ctxmem *c;
    char *dst;
};

static long one_name(u32 i, struct naming *w)
{
    u64 *s = w->c->ctx.scratch;
    u64 at = s[N_TABLE] + (u64)i * sizeof(struct name_entry), out = s[N_OUT];
    struct name_entry e;
    if (at >= 1u << 28 || out + NAME_SIZE + 1 > consts.maxstringlen)
        return 1;
    /* Old verifiers need the bound of this very value. */
    OPAQUE(out);
    if (out >= consts.maxstringlen)
        return 1;
    if (bpf_probe_read_kernel(&e, sizeof e, (const char *)&consts + at))
        return 1;
    u64 rest = s[N_REST];
    u64 seen = e.mask == ~0ull ? s[N_VALUE] : rest & e.mask;
    if (seen != e.value)
        return 0;
    char *d = w->dst + out;
    if (out) {
        d[0] = '|';
        d++;
        out++;
    }
    long n = bpf_probe_read_kernel_str(d, NAME_SIZE, e.name);
    if (n < 1)
        return 1;
    s[N_OUT] = out + (u64)n - 1;
    s[N_REST] = rest & ~e.mask;
    return !s[N_FLAGS];
}

/* The names of value to the string at dst; `table` is an offset in the script's
 * read-only data, `how` 1 for flags | entries << 1. */
GLOBAL u64 rt_names(struct ctxmem *c, u64 dst, u64 value, u64 table, u64 how)
{
    CTX_STR(dst_, c, dst);
    struct naming w = {.c = c, .dst = dst_};
    u64 *s = c->ctx.scratch;
    s[N_VALUE] = s[N_REST] = value;
    s[N_OUT] = 0;
    s[N_FLAGS] = how & 1;
    s[N_TABLE] = consts.script_rodata + table;
    w.dst[0] = 0;
    bpf_loop((u32)(how >> 1), one_name, &w, 0);
    u64 out = s[N_OUT], rest = s[N_REST];
    if (how & 1) {
        if (!rest && out)
            return out;
        if (out + 2 >= consts.maxstringlen)
            return out;
        OPAQUE(out);
        if (out >= consts.maxstringlen)
            return 0;
        if (out) {
            w.dst[out] = '|';
            out++;
        }
        return rt_fmt_plain(c, dst, out, rest, 16 | 64);
    }
    return out ? out : rt_fmt_plain(c, dst, 0, value, 10 | 32);
}
