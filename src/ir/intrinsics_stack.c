/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks of the kernel and of user programs. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ir/build.h"
#include "ir/intrinsics.h"

enum { H_GET_STACK = 67, OWN_MAX = 4, FRAMES_DEFAULT = 20, FRAMES_MAX = 127 };
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

/* The text of `got` (> 0) addresses. */
static void emit_text(struct intrinsic_call *c, struct ir_mem frames, ir_reg got, bool own)
{
    struct ir_builder *b = c->b;
    uint32_t some = ir_new_block(b, "stack"), none = ir_new_block(b, "no stack"),
             end = ir_new_block(b, "stack text");
    ir_bri(b, CC_SGT, got, 0, some, none);
    ir_at(b, some);
    struct ir_arg skip = IR_A_IMM(0);
    if (own)
        skip = IR_A_REG(ir_lib(b, "rt_own_frames", 2, IR_ARGS(IR_A_CTX, IR_A_OFF(frames))));
    ir_lib(b, "rt_stack_text", 5,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_OFF(frames), IR_A_REG(got), skip));
    ir_jmp(b, end);
    ir_at(b, none);
    ir_storei(b, c->result.mem, 1, 0);
    ir_jmp(b, end);
    ir_at(b, end);
}

static void emit_backtrace(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    if (c->probe->attach.prog == PROG_SYSCALL) {
        /* begin, end and timers interrupt nobody. */
        c->result = ir_literal(b, "");
        return;
    }
    /* Those of the handler itself come on top. */
    uint32_t n = frames_max(b->session) + OWN_MAX, bytes = n * 8;
    struct ir_mem frames = ir_slot_mem(ir_new_slot(b, bytes, "frames"), 0);
    b->fn->slots.v[frames.id].frame = true;
    ir_reg got = ir_call(b, H_GET_STACK, 4,
                         IR_ARGS(IR_A_PROG, IR_A_MEM(frames), IR_A_IMM(bytes), IR_A_IMM(0)));
    enum prog_kind kind = c->probe->attach.prog;
    /* A breakpoint at the start of a function is shown as behind its first byte. */
    if (c->probe->attach.kind == ATTACH_KPROBE && kind == PROG_KPROBE)
        ir_store(b, frames, 8, ir_bini(b, B_SUB, ir_load(b, frames, 8, false), 1));
    else if (c->probe->attach.kind == ATTACH_KPROBE && kind == PROG_KPROBE_MULTI)
        ir_store(b, frames, 8, ir_call(b, HELPER_GET_FUNC_IP, 1, IR_ARGS(IR_A_PROG)));
    emit_text(c, frames, ir_bini(b, B_SAR, got, 3), kind == PROG_TRACING || kind == PROG_RAW_TP);
}

/* The function of the kernel that returns; 0: none does. */
static void emit_returned_from(struct intrinsic_call *c)
{
    enum prog_kind kind = c->probe->attach.prog;
    bool from = c->probe->attach.kind == ATTACH_KRETPROBE &&
                (kind == PROG_KPROBE || kind == PROG_KPROBE_MULTI);
    c->result.reg =
        from ? ir_call(c->b, HELPER_GET_FUNC_IP, 1, IR_ARGS(IR_A_PROG)) : ir_const(c->b, 0);
}

static void emit_ubacktrace(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    if (c->probe->attach.prog == PROG_SYSCALL) {
        c->result = ir_literal(b, "");
        return;
    }
    uint32_t n = frames_max(b->session);
    struct ir_mem frames = ir_slot_mem(ir_new_slot(b, n * 8, "frames"), 0);
    b->fn->slots.v[frames.id].frame = true;
    b->mod->uses_modules = true;
    ir_reg got =
        ir_lib(b, "rt_user_stack", 4,
               IR_ARGS(IR_A_CTX, IR_A_OFF(frames), IR_A_IMM(n), IR_A_IMM(c->probe->attach.at_ret)));
    /* The innermost frame is where the probe stands for. */
    if (c->probe->attach.shift)
        ir_store(b, frames, 8,
                 ir_bini(b, B_SUB, ir_load(b, frames, 8, false), (int32_t)c->probe->attach.shift));
    emit_text(c, frames, got, false);
}

/* user_symbol(address, enum symbol_form) */
static void emit_user_symbol(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    b->mod->uses_modules = true;
    ir_lib(b, "rt_user_symbol", 4,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_REG(c->args[0].reg),
                   IR_A_REG(c->args[1].reg)));
}

/* user_line(address, enum line_form) */
static void emit_user_line(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    b->mod->uses_modules = true;
    ir_lib(b, "rt_user_line", 4,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_REG(c->args[0].reg),
                   IR_A_REG(c->args[1].reg)));
}

/* kernel_symbol(address, enum symbol_form) */
static void emit_kernel_symbol(struct intrinsic_call *c)
{
    ir_lib(c->b, "rt_kernel_symbol", 4,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_REG(c->args[0].reg),
                   IR_A_REG(c->args[1].reg)));
}

/* stack_word(text, n) */
static void emit_stack_word(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(c->b, "rt_stack_word", 3,
                           IR_ARGS(IR_A_CTX, IR_A_OFF(c->args[0].mem), IR_A_REG(c->args[1].reg)));
}

static void emit_uaddr(struct intrinsic_call *c)
{
    c->b->mod->uses_modules = true;
    if (c->probe->attach.at_ret) {
        c->result.reg = build_return_address(c->b);
        return;
    }
    ir_reg at = ir_lib(c->b, "rt_user_address", 1, IR_ARGS(IR_A_CTX));
    c->result.reg =
        c->probe->attach.shift ? ir_bini(c->b, B_SUB, at, (int32_t)c->probe->attach.shift) : at;
}

/* user_place(address) */
static void emit_user_place(struct intrinsic_call *c)
{
    c->b->mod->uses_modules = true;
    c->result.reg = ir_lib(c->b, "rt_user_place", 2, IR_ARGS(IR_A_CTX, IR_A_REG(c->args[0].reg)));
}

static void emit_ask_mapping(struct intrinsic_call *c)
{
    c->b->mod->uses_modules = true;
    ir_lib(c->b, "rt_ask_mapping", 1, IR_ARGS(IR_A_CTX));
}

/* print_stack(text, form) */
static void emit_print_stack(struct intrinsic_call *c)
{
    build_stack_record(c->b, c->args[0], c->args[1].reg);
}

const struct intrinsic intrinsics_stack[] = {
    {"backtrace", TY_STRING, 0, emit_backtrace, true},
    {"returned_from", TY_LONG, 0, emit_returned_from, false},
    {"ubacktrace", TY_STRING, 0, emit_ubacktrace, true},
    {"user_symbol", TY_STRING, 0, emit_user_symbol, true},
    {"user_line", TY_STRING, 0, emit_user_line, true},
    {"kernel_symbol", TY_STRING, 0, emit_kernel_symbol, true},
    {"stack_word", TY_LONG, 0, emit_stack_word, true},
    {"user_place", TY_LONG, 0, emit_user_place, true},
    {"uaddr", TY_LONG, 0, emit_uaddr, false},
    {"ask_mapping", TY_UNKNOWN, 0, emit_ask_mapping, false},
    {"print_stack", TY_UNKNOWN, 0, emit_print_stack, false},
    {0},
};
