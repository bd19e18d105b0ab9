/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the intrinsics: their tables, each ends with a NULL name. */
#pragma once
#include "ir/intrinsic.h"
#include "sema/session.h"

extern const struct intrinsic intrinsics_float[]; /* intrinsics_float.c */
/* The result is a text of the probe, at most `bound` bytes.  The intrinsic is by_offset. */
void intrinsic_point_text(struct intrinsic_call *c, const char *(*text)(const struct probe *p),
                          uint32_t bound);

extern const struct intrinsic intrinsics_memory[]; /* intrinsics_memory.c */
extern const struct intrinsic intrinsics_names[];  /* intrinsics_names.c */
extern const struct intrinsic intrinsics_regs[];   /* intrinsics_regs.c */
extern const struct intrinsic intrinsics_stack[];  /* intrinsics_stack.c */
extern const struct intrinsic intrinsics_string[]; /* intrinsics_string.c */
