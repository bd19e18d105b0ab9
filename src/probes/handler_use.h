/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a handler looks at: its condition, its body, and the functions that it calls. */
#pragma once
#include "lang/ast.h"
#include "sema/program.h"

struct handler_walk {
    /* Called for each expression, before those in it; may put another in its place. */
    void (*expr)(struct expr **e, void *arg);
    /* … each intrinsic, by its name; NULL: functions are looked into only where they are copies
     * for this probe (function.context). */
    void (*intrinsic)(const char *name, void *arg);
    void *arg;
    struct hash *seen; /* private: functions */
};
void handler_walk(struct arena *a, struct probe *p, struct handler_walk *w);
