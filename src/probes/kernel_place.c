/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in the kernel that its debug information tells of: source lines, inlined functions,
 * labels, callees.  The same as those of programs, but attached by their addresses in memory. */
#include "probes/process.h"

static void place(const struct probe *p, struct attach_place *out)
{
    const struct user_point *u = p->attach.priv;
    out->name = u->function.name;
    out->module = p->attach.module;
    out->addr = u->address;
    out->is_return = u->is_return;
    out->one_of_many = u->one_of_many;
}

static const struct probe_pattern none[] = {{0}};

const struct probe_provider kernel_place_provider = {
    .name = "kernel-place",
    .patterns = none,
    .target = process_target,
    .entry = process_entry,
    .place = place,
    .shares_programs = true,
};
