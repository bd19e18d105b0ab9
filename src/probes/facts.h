/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up facts (sema/facts.h) on the machine that runs an image. */
#pragma once
#include "sema/session.h"

struct fact_value {
    bool known; /* false: an optional member that is not there; the parts are 0 */
    bool sign;
    uint64_t part[PART_KINDS];
};

/* False with *why: what this kernel, or this machine, does not have, a clause. */
bool fact_look_up(struct session *s, const struct kernel_fact *f, struct fact_value *out,
                  const char **why);
