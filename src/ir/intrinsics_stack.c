/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks of the kernel and of user programs. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ir/build.h"
#include "ir/intrinsics.h"

enum { H_GET_STACK = 67, USER_STACK = 1 << 8, FRAMES_DEFAULT = 20, FRAMES_MAX = 127 };
enum { FRAME_TEXT = 19 }; /* "0x", 16 digits and a blank */

/* -DMAXBACKTRACE, and no more than a string holds. */
static uint32_t frames_max(const struct session *s)
{
    long n = FRAMES_DEFAULT;
    vec_for (i, s->defines)
        if (strcmp(s->defines.v[i].name, "MAXBACKTRACE") == 0)
            n = strtol(s->defines.v[i].value, NULL, 0);
    long fit = s->maxstringlen / FRAME_TEXT;
    n = n > FRAMES_MAX ? FRAMES_MAX : n;
    n = n > fit ? fit : n;
    return n < 1 ? 1 : (uint32_t)n;
}

static void emit_stack(struct intrinsic_call *c, int64_t flags)
{
    struct ir_builder *b = c->b;
    if (c->probe->attach.prog == PROG_SYSCALL) {
        /* begin, end and timers interrupt nobody. */
        c->result = ir_literal(b, "");
        return;
    }
    uint32_t n = frames_max(b->session), bytes = n * 8;
    struct ir_mem frames = ir_slot_mem(ir_new_slot(b, bytes, "frames"), 0);
    b->fn->slots.v[frames.id].frame = true;
    ir_reg got = ir_call(b, H_GET_STACK, 4,
                         IR_ARGS(IR_A_PROG, IR_A_MEM(frames), IR_A_IMM(bytes), IR_A_IMM(flags)));
    uint32_t some = ir_new_block(b, "stack"), none = ir_new_block(b, "no stack"),
             end = ir_new_block(b, "stack text");
    ir_bri(b, CC_SGT, got, 0, some, none);
    ir_at(b, some);
    ir_lib(b, "rt_stack_text", 4,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_OFF(frames),
                   IR_A_REG(ir_bini(b, B_SHR, got, 3))));
    ir_jmp(b, end);
    ir_at(b, none);
    ir_storei(b, c->result.mem, 1, 0);
    ir_jmp(b, end);
    ir_at(b, end);
}

static void emit_backtrace(struct intrinsic_call *c)
{
    emit_stack(c, 0);
}

static void emit_ubacktrace(struct intrinsic_call *c)
{
    emit_stack(c, USER_STACK);
}

/* print_stack(text, form) */
static void emit_print_stack(struct intrinsic_call *c)
{
    build_stack_record(c->b, c->args[0], c->args[1].reg);
}

const struct intrinsic intrinsics_stack[] = {
    {"backtrace", TY_STRING, 0, emit_backtrace, true},
    {"ubacktrace", TY_STRING, 0, emit_ubacktrace, true},
    {"print_stack", TY_UNKNOWN, 0, emit_print_stack, false},
    {0},
};
