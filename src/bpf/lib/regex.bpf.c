/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the tables of ir/regex.h over a subject. */
#include "rt.h"

/* Words of ctx.scratch. */
enum { STATE, MATCHED, BANK, FROM, AT };

struct matcher {
    struct ctxmem *c;
    const char *s;
    struct abi_regex_area *area; /* NULL: nobody asks for the groups */
    u64 table;                   /* where it starts, in words of the read-only data */
    u64 trans, accept, at_end, classes;
};

#define HEADER(m, field) rodata_word((m)->table + __builtin_offsetof(struct abi_regex, field) / 2)

/* One copy of an operations list: from the current bank to the other one. */
static long copy_register(u32 i, struct matcher *m)
{
    u64 *t = m->c->ctx.scratch;
    u64 pair = m->table + t[FROM] + 1 + 2 * (u64)i;
    u64 to = rodata_word(pair), from = rodata_word(pair + 1), bank = t[BANK] & 1;
    if (to >= REGEX_REGISTERS || !m->area)
        return 1;
    u64 value = t[AT];
    if (from != REGEX_NOW) {
        if (from >= REGEX_REGISTERS)
            return 1;
        value = m->area->bank[bank][from];
    }
    m->area->bank[bank ^ 1][to] = (u16)value;
    return 0;
}

INLINE void operate(struct matcher *m, u64 ops, u64 at)
{
    u64 *t = m->c->ctx.scratch;
    t[FROM] = ops;
    t[AT] = at;
    bpf_loop((u32)rodata_word(m->table + ops), copy_register, m, 0);
}

/* The match so far is the best one: keep where its groups are. */
INLINE void keep(struct matcher *m, u64 ops, u64 at)
{
    u64 *t = m->c->ctx.scratch;
    t[MATCHED] = 1;
    if (!m->area)
        return;
    operate(m, ops, at);
    for (int i = 0; i < REGEX_TAGS; i++)
        m->area->pos[i] = m->area->bank[(t[BANK] & 1) ^ 1][i];
}

static long step(u32 i, struct matcher *m)
{
    u64 *t = m->c->ctx.scratch;
    if (i >= consts.maxstringlen)
        return 1;
    u64 state = t[STATE], ch = (u8)m->s[i];
    u64 done = rodata_word(m->table + (ch ? m->accept : m->at_end) + state);
    if (done) {
        keep(m, done, i);
        if (!m->area)
            return 1;
    }
    if (!ch)
        return 1;
    u64 class = rodata_word(m->table + __builtin_offsetof(struct abi_regex, class_of) / 2 + ch);
    u64 cell = m->table + m->trans + 2 * (state * m->classes + class);
    state = rodata_word(cell);
    t[STATE] = state;
    if (!state)
        return 1;
    u64 ops = rodata_word(cell + 1);
    if (m->area && ops) {
        operate(m, ops, (u64)i + 1);
        t[BANK] ^= 1;
    }
    return 0;
}

/* 1: the expression whose table is at `table` in the script's read-only data matches
 * somewhere in the subject.  With `captures` what matched stays for rt_matched. */
GLOBAL u64 rt_regex(struct ctxmem *c, u64 subject, u64 table, u64 captures)
{
    CTX_STR(s, c, subject);
    struct matcher m = {.c = c, .s = s, .table = (consts.script_rodata + table) / 2};
    m.trans = HEADER(&m, trans);
    m.accept = HEADER(&m, accept);
    m.at_end = HEADER(&m, at_end);
    m.classes = HEADER(&m, classes);
    u64 *t = c->ctx.scratch;
    t[STATE] = HEADER(&m, first);
    t[MATCHED] = t[BANK] = 0;
    if (captures && consts.regex) {
        m.area = (void *)((char *)c + consts.regex);
        for (int i = 0; i < REGEX_TAGS; i++)
            m.area->pos[i] = m.area->bank[0][i] = REGEX_NOW;
        u64 start = HEADER(&m, start);
        if (start) {
            operate(&m, start, 0);
            t[BANK] ^= 1;
        }
    }
    bpf_loop(consts.maxstringlen, step, &m, 0);
    u64 matched = t[MATCHED];
    if (captures && consts.regex) {
        struct abi_regex_area *area = (void *)((char *)c + consts.regex);
        area->matched = (u16)matched;
        area->groups = (u16)(HEADER(&m, tags) / 2);
        if (matched)
            copy_str((char *)(area + 1), s);
    }
    return matched;
}

/* The text of group n of the last =~: 0, or 1: it did not match, 2: no such group. */
GLOBAL u64 rt_matched(struct ctxmem *c, u64 dst, u64 n)
{
    CTX_STR(d, c, dst);
    d[0] = 0;
    if (!consts.regex)
        return 1;
    struct abi_regex_area *area = (void *)((char *)c + consts.regex);
    if (!area->matched)
        return 1;
    if (n >= area->groups || n >= REGEX_TAGS / 2)
        return 2;
    u64 from = area->pos[2 * n], to = area->pos[2 * n + 1];
    if (from == REGEX_NOW || to <= from || to >= consts.maxstringlen)
        return 0;
    u64 take = to - from + 1;
    if (from >= consts.maxstringlen || take > consts.maxstringlen)
        return 0;
    bpf_probe_read_kernel_str(d, (u32)take, (char *)(area + 1) + from);
    return 0;
}

/* How many groups the last =~ had, the whole match among them; 0: it did not match. */
GLOBAL u64 rt_ngroups(struct ctxmem *c)
{
    if (!c || !consts.regex)
        return 0;
    struct abi_regex_area *area = (void *)((char *)c + consts.regex);
    return area->matched ? area->groups : 0;
}
