/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks as text: addresses in hexadecimal, with blanks between them. */
#include "rt.h"

/* Old verifiers look at the function of bpf_loop() once, with what its variables on the
 * stack are at first, and drop branches that are not taken then: what a branch depends on
 * is kept in the context. */

enum { POS, DIGITS = 16 }; /* word of ctx.scratch; hexadecimal digits of an address */

struct stack_walk {
    struct ctxmem *c;
    char *dst;
    const u64 *frames;
    u64 skip;
};

INLINE void put(struct stack_walk *w, char ch)
{
    u64 at = w->c->ctx.scratch[POS];
    if (at + 1 >= consts.maxstringlen)
        return;
    OPAQUE(at);
    if (at >= consts.maxstringlen)
        return;
    w->dst[at] = ch;
    w->c->ctx.scratch[POS] = at + 1;
}

static long put_frame(u32 i, struct stack_walk *w)
{
    /* The slot of the frames has as much room behind it as a string. */
    if (i >= consts.maxstringlen / 8)
        return 1;
    u64 addr = w->frames[i];
    if (!addr)
        return 1;
    if (i < w->skip)
        return 0;
    if (i > w->skip)
        put(w, ' ');
    put(w, '0');
    put(w, 'x');
    int leading = 1;
    for (int k = DIGITS - 1; k >= 0; k--) {
        u64 d = addr >> k * 4 & 15;
        if (leading && !d && k)
            continue;
        leading = 0;
        put(w, (char)(d < 10 ? '0' + d : 'a' + d - 10));
    }
    return 0;
}

GLOBAL u64 rt_stack_text(struct ctxmem *c, u64 dst, u64 frames, u64 n, u64 skip)
{
    CTX_STR(d, c, dst);
    CTX_STR(f, c, frames);
    struct stack_walk w = {.c = c, .dst = d, .frames = (const u64 *)f, .skip = skip};
    c->ctx.scratch[POS] = 0;
    if (n > 1024)
        n = 1024;
    bpf_loop((u32)n, put_frame, &w, 0);
    u64 end = c->ctx.scratch[POS];
    if (end < consts.maxstringlen)
        d[end] = 0;
    return 0;
}

/* ---- what stands between a tracepoint and its handler ---- */

#define FIRST8(a, b, c, d, e, f, g, h)                                                             \
    ((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 |                 \
     (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)

static const char frame_format[] = "%ps";

/* By its name: bpf_prog_*, bpf_trace_run*, __bpf_trace_*, __traceiter_*, bpf_trampoline_*. */
INLINE int named_as_own(struct ctxmem *c, u64 addr)
{
    u64 *name = c->ctx.walk.node;
    name[0] = 0;
    bpf_snprintf((char *)name, sizeof c->ctx.walk.node, frame_format, &addr, sizeof addr);
    u64 n = name[0];
    return n == FIRST8('b', 'p', 'f', '_', 'p', 'r', 'o', 'g') ||
           n == FIRST8('b', 'p', 'f', '_', 't', 'r', 'a', 'c') ||
           n == FIRST8('_', '_', 'b', 'p', 'f', '_', 't', 'r') ||
           n == FIRST8('_', '_', 't', 'r', 'a', 'c', 'e', 'i') ||
           n == FIRST8('b', 'p', 'f', '_', 't', 'r', 'a', 'm');
}

INLINE int is_known(u64 addr)
{
    for (int k = 0; k < OWN_FRAMES; k++)
        if (session.own_frames[k] == addr)
            return 1;
    return 0;
}

/* Names are looked up once for each address: the first frame is always one of ours. */
static long learn(u32 i, struct stack_walk *w)
{
    if (i >= OWN_FRAMES || i >= consts.maxstringlen / 8)
        return 1;
    u64 addr = w->frames[i];
    if (is_known(addr))
        return 0;
    if (!named_as_own(w->c, addr))
        return 1;
    for (int k = 0; k < OWN_FRAMES; k++)
        if (!session.own_frames[k]) {
            session.own_frames[k] = addr;
            break;
        }
    return 0;
}

static long count_own(u32 i, struct stack_walk *w)
{
    if (i >= consts.maxstringlen / 8)
        return 1;
    u64 addr = w->frames[i];
    if (!is_known(addr))
        return 1;
    w->skip++;
    return 0;
}

/* How many of the first addresses are not of the code that was interrupted. */
GLOBAL u64 rt_own_frames(struct ctxmem *c, u64 frames)
{
    CTX_STR(f, c, frames);
    struct stack_walk w = {.c = c, .frames = (const u64 *)f};
    bpf_loop(OWN_FRAMES, count_own, &w, 0);
    if (!w.skip) {
        bpf_loop(OWN_FRAMES, learn, &w, 0);
        bpf_loop(OWN_FRAMES, count_own, &w, 0);
    }
    return w.skip;
}

/* ---- reading them again ---- */

enum { SKIP, VALUE, SOME }; /* words of ctx.scratch */

struct word_search {
    struct ctxmem *c;
    const char *text;
};

static long next_char(u32 i, struct word_search *s)
{
    u64 *state = s->c->ctx.scratch;
    if (i >= consts.maxstringlen)
        return 1;
    u32 ch = (unsigned char)s->text[i];
    u32 digit = ch - '0' < 10 ? ch - '0' : (ch | 32) - 'a' < 6 ? (ch | 32) - 'a' + 10 : 16;
    if (!ch)
        return 1;
    if (ch == ' ' || ch == '\n') {
        if (state[SOME] && !state[SKIP])
            return 1;
        if (state[SOME])
            state[SKIP]--;
        state[SOME] = state[VALUE] = 0;
        return 0;
    }
    if (digit == 16) {
        state[VALUE] = 0;
        return 0;
    }
    state[VALUE] = state[VALUE] << 4 | digit;
    state[SOME] = 1;
    return 0;
}

/* Address number n of such a text; 0: it has no more. */
GLOBAL u64 rt_stack_word(struct ctxmem *c, u64 text, u64 n)
{
    CTX_STR(t, c, text);
    struct word_search s = {c, t};
    c->ctx.scratch[SKIP] = n;
    c->ctx.scratch[VALUE] = c->ctx.scratch[SOME] = 0;
    bpf_loop(consts.maxstringlen, next_char, &s, 0);
    return c->ctx.scratch[SOME] && !c->ctx.scratch[SKIP] ? c->ctx.scratch[VALUE] : 0;
}

/* ---- symbols of the kernel ---- */

static const char name_format[] = "%ps", data_format[] = "%pS";
enum { SYMBOL_MAX = 320 };

enum { BLANK, OPEN, END }; /* where the first blank, the bracket, the NUL are */

struct scan {
    struct ctxmem *c;
    char *text;
    u32 from;
};

static long scan_char(u32 i, struct scan *s)
{
    if (i >= consts.maxstringlen || i + 16 >= consts.maxstringlen)
        return 1;
    u64 *at = s->c->ctx.scratch;
    char ch = s->text[i];
    at[END] = i;
    if (ch == ' ' && !at[BLANK])
        at[BLANK] = i;
    if (ch == '[')
        at[OPEN] = i;
    return !ch;
}

/* Moves the name of the module to the beginning. */
static long move_char(u32 i, struct scan *s)
{
    u32 from = s->from + i;
    if (i >= consts.maxstringlen || from >= consts.maxstringlen)
        return 1;
    char ch = s->text[from];
    s->text[i] = ch == ']' ? 0 : ch;
    return !ch || ch == ']';
}

INLINE void put_at(char *d, u64 at, const char *text, u32 n)
{
    if (at + 16 >= consts.maxstringlen)
        return;
    OPAQUE(at);
    if (at >= consts.maxstringlen)
        return;
    for (u32 i = 0; i < n; i++)
        d[at + i] = text[i];
}

/* The text of enum symbol_form for an address of the kernel, as the kernel writes it:
 * "NAME+0xOFFSET/0xSIZE [MODULE]", without the last part for itself. */
GLOBAL u64 rt_kernel_symbol(struct ctxmem *c, u64 dst, u64 addr, u64 form)
{
    CTX_STR(d, c, dst);
    u32 size = consts.maxstringlen < SYMBOL_MAX ? consts.maxstringlen : SYMBOL_MAX;
    if (form == SYMBOL_NAME)
        bpf_snprintf(d, size, name_format, &addr, sizeof addr);
    else
        bpf_snprintf(d, size, data_format, &addr, sizeof addr);
    int known = d[0] != '0' || d[1] != 'x';
    struct scan s = {.c = c, .text = d};
    u64 *found = c->ctx.scratch;
    found[BLANK] = found[OPEN] = found[END] = 0;
    bpf_loop(SYMBOL_MAX, scan_char, &s, 0);
    if (form == SYMBOL_NAME) {
        u64 at = found[BLANK];
        if (at && at < consts.maxstringlen)
            d[at] = 0;
    } else if (form == SYMBOL_DATA) {
        if (known && !found[OPEN])
            put_at(d, found[END], " [kernel]", 10);
    } else if (!known) {
        d[0] = 0;
    } else if (!found[OPEN]) {
        put_at(d, 0, "kernel", 7);
    } else {
        s.from = (u32)found[OPEN] + 1;
        bpf_loop(SYMBOL_MAX, move_char, &s, 0);
    }
    return 0;
}
