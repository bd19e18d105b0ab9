/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intrinsics: what a library function with the body `%{ intrinsic NAME %}` does.
 * One table, ir/intrinsics.c. */
#pragma once
#include "ir/ir.h"

/* A string argument or result is a memory operand: NUL-terminated text at
 * `mem`, at most `bound` bytes with the NUL.  A long is a vreg. */
struct ir_value {
    bool is_string;
    ir_reg reg;
    struct ir_mem mem;
    uint32_t bound;
    bool padded; /* zeros from the NUL on, up to the bound rounded up to 8 */
};

struct intrinsic_call {
    struct ir_builder *b;
    const struct expr *e;      /* the call, for positions */
    const struct probe *probe; /* pp(), probefunc() … are resolved when compiling */
    int nargs;
    struct ir_value args[8];
    struct ir_value result; /* strings: mem/bound of a slot that is already made */
};

struct intrinsic {
    const char *name;
    /* TY_UNKNOWN: no value. */
    enum type ret;
    /* Upper bound of a string result with its NUL; 0 = MAXSTRINGLEN. */
    uint32_t bound;
    /* Emits code.  A long result is put in call->result.reg.  A string result is
     * written to call->result.mem (or call->result.mem is redirected to where
     * the string already is: a literal, an argument).  */
    void (*emit)(struct intrinsic_call *call);
    /* String arguments and results are handed to a runtime library function by
     * context offset: the builder copies arguments that are elsewhere into frame
     * slots, so that IR_A_OFF(args[i].mem) is valid, and args' slots hold
     * MAXSTRINGLEN bytes. */
    bool by_offset;
};
/* Bounds that the script decides: of pp() and of probefunc(). */
#define BOUND_PP UINT32_MAX
#define BOUND_FUNCTION (UINT32_MAX - 1)
const struct intrinsic *intrinsic_find(const char *name);

/* Services of the builder for emitters (ir/build.c). */

/* Leaves the handler (or goes to the enclosing catch) with an error at `e`. */
void ir_raise(struct ir_builder *b, const struct expr *e, const char *message);
/* The same with a message made at run time: `fmt` with %d / %x / %s parts over
 * `v` (at most 3 values). */
void ir_raise_format(struct ir_builder *b, const struct expr *e, const char *fmt, int n,
                     const struct ir_value *v);
/* The same at the library function that the code being built is of, as if that failed itself. */
void ir_raise_of_function(struct ir_builder *b, struct ir_value message);
/* A literal in read-only data: mem and bound filled. */
struct ir_value ir_literal(struct ir_builder *b, const char *text);
/* dst = src for strings; returns the vreg with the length including the NUL.
 * Cuts at dst's bound. */
ir_reg ir_str_copy(struct ir_builder *b, struct ir_value dst, struct ir_value src);
/* Ends the handler without an error, past any catch. */
void ir_leave(struct ir_builder *b);
/* A record with a text: REC_WARN, a warning for standard error; REC_SYSTEM, a command. */
void ir_text_record(struct ir_builder *b, int kind, struct ir_value text);
/* A record about speculation `id`: REC_SPECULATE with text, REC_COMMIT, REC_DISCARD. */
void ir_speculate(struct ir_builder *b, int kind, ir_reg id, const struct ir_value *text);
