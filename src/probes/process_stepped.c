/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -v: which probes the kernel single-steps the program for, and why. */
#include <stdio.h>

#include "base/diag.h"
#include "probes/process.h"

enum { CODE = 8 };

static bool is_stepped(const struct user_point *u, uint8_t *code, const char **what)
{
    size_t n = dw_bytes(u->module, u->pc + u->shift, code, CODE);
    return n && !arch_uprobe_emulated(code, n, what);
}

static void warn_unsafe(struct session *s, const struct probe *p)
{
    const char *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i <= p->also.n; i++) {
        const struct user_point *u = (i ? p->also.v[i - 1] : p)->attach.priv;
        if (!u || !u->unsafe)
            continue;
        first = first ? first : u->function.name;
        n++;
    }
    if (first)
        diag_warning(&s->diag, p->tok,
                     "an exception that passes through %s%s ends the program: its calls at the end "
                     "leave only the kernel's return probe, which hides the caller",
                     first, n > 1 ? arena_printf(s->arena, " or %zu more", n - 1) : "");
}

void process_report_stepped(struct session *s, struct probe *p)
{
    if (p->attach.kind == ATTACH_URETPROBE)
        warn_unsafe(s, p);
    size_t stepped = 0, all = p->also.n + 1;
    const struct user_point *first = NULL;
    const char *what = NULL, *where = NULL;
    uint8_t code[CODE];
    if (s->verbose + s->pass_verbose[1] <= 0)
        return;
    for (size_t i = 0; i < all; i++) {
        const struct probe *one = i ? p->also.v[i - 1] : p;
        const struct user_point *u = one->attach.priv;
        const char *is = NULL;
        uint8_t bytes[CODE] = {0};
        if (!u || u->kernel || !u->module || !is_stepped(u, bytes, &is))
            continue;
        if (!stepped++) {
            first = u;
            what = is;
            where = one->pp;
            for (size_t k = 0; k < CODE; k++)
                code[k] = bytes[k];
        }
    }
    if (!first)
        return;
    fprintf(stderr, "Single-stepped: %s", where);
    if (stepped > 1)
        fprintf(stderr, " and %zu more of %zu points", stepped - 1, all);
    else if (all > 1)
        fprintf(stderr, " of %zu points", all);
    fprintf(stderr,
            ": the kernel does not emulate the instruction there (%02x %02x %02x %02x%s%s)\n",
            code[0], code[1], code[2], code[3], what ? ", " : "", what ? what : "");
}
