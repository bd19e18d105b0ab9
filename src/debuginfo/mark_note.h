/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of static marks (sys/sdt.h). */
#pragma once
#include "debuginfo/dwarf.h"

/* Reads the description of a note.  `base`: where the section .stapsdt.base is, 0: there is none.
 * False: it is not well formed. */
bool mark_note_read(struct arena *a, const char *desc, size_t n, uint64_t base,
                    struct dw_mark *out);
