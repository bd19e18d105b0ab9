/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calling convention for what functions return: one file for each architecture. */
#pragma once
#include "debuginfo/dwarf.h"

/* Where a value of this type is when a function has returned; `in_memory`: a class that is not
 * copied bit by bit.  False: in a register that probes cannot see. */
bool arch_returned(struct arena *a, struct kernel_btf *b, uint32_t type, bool in_memory,
                   struct dw_place *out);
