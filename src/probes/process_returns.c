/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where functions return.  The kernel's return probe puts its own address where the function
 * returns to: what unwinds the stack then, such as an exception, ends the program, and so does a
 * runtime that moves stacks.  Functions of such languages are probed at their return
 * instructions, where these can be found. */
#include <stdlib.h>
#include <string.h>

#include "probes/process.h"

struct code {
    struct dw_module *m;
    const struct dw_function *f;
    return_vec *out;
    bool calls, leaves; /* other functions: by calls, by jumps */
};

static bool inside(const struct code *c, uint64_t addr)
{
    uint64_t start, end;
    if (addr >= c->f->entry && addr < c->f->end)
        return true;
    for (size_t i = 0; c->f->priv && dw_covers(c->f, i, &start, &end); i++)
        if (addr >= start && addr < end)
            return true;
    return false;
}

/* False: it is not known what the code does. */
static bool look_at(struct session *s, struct code *c, uint64_t start, uint64_t end)
{
    size_t n;
    const uint8_t *code = dw_code(c->m, start, &n);
    if (!code || end - start > n)
        return false;
    /* Where instructions begin, and where jumps lead to: a probe inside of one would ruin it. */
    enum { BEGINS = 1, TARGET = 2 };
    uint8_t *seen = calloc(end - start, 1);
    struct arch_jump before = {0};
    uint64_t at = start;
    while (seen && at < end) {
        struct arch_jump j;
        unsigned length = arch_insn(code + (at - start), end - at, &j);
        if (!length)
            break;
        uint64_t to = at + (uint64_t)j.to;
        seen[at - start] |= BEGINS;
        if (j.relative && to >= start && to < end)
            seen[to - start] |= TARGET;
        if (j.returns)
            vec_push(s->arena, c->out, at);
        c->calls |= j.call;
        /* A table of a switch goes on inside, another pointer to a function does not. */
        c->leaves |= j.anywhere && !j.call && !j.table && !before.sums;
        /* Conditional jumps go to the rare parts of the function, which symbols do not tell. */
        c->leaves |= j.relative && !j.call && !j.conditional && !inside(c, to);
        before = j;
        at += length;
    }
    bool sound = seen && at == end;
    for (uint64_t i = 0; sound && i < end - start; i++)
        sound = seen[i] != TARGET;
    free(seen);
    return sound;
}

/* Names as C++ and Rust make them, and those of what throws and unwinds. */
static bool of_unwinding(const char *name)
{
    static const char *const begin[] = {"_Z", "_R", "__cxa_", "_Unwind_"};
    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
        if (strncmp(name, begin[i], strlen(begin[i])) == 0)
            return true;
    return false;
}

bool process_returns(struct session *s, struct user_point *u, return_vec *out)
{
    const struct dw_function *f = &u->function;
    struct code c = {.m = u->module, .f = f, .out = out};
    uint64_t start, end;
    out->n = 0;
    if (u->kernel || !u->is_return || !f->name || f->end <= f->entry || !dw_is_64(u->module))
        return false;
    enum dw_stacks stacks = f->priv ? dw_stacks(f) : DW_STACKS_STAY;
    if (stacks == DW_STACKS_STAY && of_unwinding(f->name))
        stacks = DW_STACKS_UNWIND;
    if (stacks == DW_STACKS_STAY)
        return false;
    bool known = look_at(s, &c, f->entry, f->end);
    for (size_t i = 0; known && f->priv && dw_covers(f, i, &start, &end); i++)
        if (start != f->entry && !(start > f->entry && start < f->end))
            known = look_at(s, &c, start, end);
    bool matters = c.calls || c.leaves || stacks == DW_STACKS_MOVE;
    u->unsafe = !known || (matters && (c.leaves || !out->n));
    return matters && !u->unsafe;
}
