/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for unwinding, from .eh_frame (Linux Standard Base, "Exception Frames"; DWARF 5,
 * 6.4; psABI for x86-64: register 6 is rbp, 7 rsp, 16 the return address). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"

/* From this address on up to the next row's. */
struct unwind_row {
    uint32_t addr;
    uint8_t kind;  /* enum unwind_rule: as enum unwind_kind of ir/abi.h */
    int32_t cfa;   /* offset in bytes; UNWIND_RULE_PLT: 8 × the last byte before the push */
    int32_t saved; /* of rbp from the frame address; 0: not saved */
};
/* As `saved`: at the address in rbp. */
enum { UNWIND_SAVED_AT_RBP = 1 };
enum unwind_rule {
    UNWIND_RULE_NONE,
    UNWIND_RULE_RSP,
    UNWIND_RULE_RBP,
    UNWIND_RULE_PLT,
    UNWIND_RULE_AT_RBP,
    UNWIND_RULE_AT_RSP,
    UNWIND_RULE_SIGNAL,
};
typedef VEC(struct unwind_row) unwind_row_vec;

/* Appends the rows of an .eh_frame section that is at address `addr` of its file, in order
 * of addresses, one for an address.  Stops quietly at what is not well formed; functions
 * beyond 4 GiB and rules that are not understood have UNWIND_RULE_NONE. */
void unwind_read(struct arena *a, const void *section, size_t size, uint64_t addr,
                 unwind_row_vec *out);
