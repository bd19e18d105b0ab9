/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading memory of the kernel and of user programs. */
#include "ir/build.h"
#include "ir/intrinsics.h"

/* Kernel and user variants of one read. */
static void read_number(struct intrinsic_call *c, bool user, int size, bool is_signed,
                        const char *what)
{
    struct ir_builder *b = c->b;
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "read"), 0);
    ir_reg addr = c->args[0].reg;
    ir_reg st = ir_call(b, user ? HELPER_PROBE_READ_USER : HELPER_PROBE_READ_KERNEL, 3,
                        IR_ARGS(IR_A_MEM(tmp), IR_A_IMM(size), IR_A_REG(addr)));
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "read");
    ir_bri(b, CC_SLT, st, 0, bad, good);
    ir_at(b, bad);
    struct ir_value v = {.reg = addr};
    ir_raise_format(b, c->e,
                    arena_printf(b->arena, "%s %s copy fault at 0x%%x [man error::fault]",
                                 user ? "user" : "kernel", what),
                    1, &v);
    ir_at(b, good);
    c->result.reg = ir_load(b, tmp, size, is_signed);
}

#define READER(name, user, size, sign, what)                                                       \
    static void emit_##name(struct intrinsic_call *c)                                              \
    {                                                                                              \
        read_number(c, user, size, sign, what);                                                    \
    }
READER(kernel_long, false, 8, true, "long")
READER(kernel_int, false, 4, true, "int")
READER(kernel_short, false, 2, true, "short")
READER(kernel_char, false, 1, true, "char")
READER(kernel_pointer, false, 8, false, "pointer")
READER(kernel_uint64, false, 8, false, "uint64")
READER(kernel_uint32, false, 4, false, "uint32")
READER(kernel_uint16, false, 2, false, "uint16")
READER(kernel_uint8, false, 1, false, "uint8")
READER(user_long, true, 8, true, "long")
READER(user_int, true, 4, true, "int")
READER(user_short, true, 2, true, "short")
READER(user_char, true, 1, true, "char")
READER(user_uint64, true, 8, false, "uint64")
READER(user_uint32, true, 4, false, "uint32")
READER(user_uint16, true, 2, false, "uint16")
READER(user_uint8, true, 1, false, "uint8")

/* args: address, and for the _n forms a length.  `fallback` 2: the last argument is the
 * value when memory cannot be read. */
static void read_string(struct intrinsic_call *c, bool user, bool with_n, bool fallback)
{
    struct ir_builder *b = c->b;
    uint32_t max = (uint32_t)b->session->maxstringlen;
    ir_reg addr = c->args[0].reg;
    ir_reg n = 0;
    int helper = user ? HELPER_PROBE_READ_USER_STR : HELPER_PROBE_READ_KERNEL_STR;
    if (with_n) {
        /* n characters and a NUL, within MAXSTRINGLEN. */
        n = ir_new_reg(b);
        uint32_t big = ir_new_block(b, "long"), fit = ir_new_block(b, "fits");
        ir_mov(b, n, ir_bini(b, B_ADD, c->args[1].reg, 1));
        ir_bri(b, CC_UGT, n, max, big, fit);
        ir_at(b, big);
        ir_mov(b, n, ir_const(b, max));
        ir_jmp(b, fit);
        ir_at(b, fit);
    }
    struct ir_arg size = IR_A_IMM(max);
    if (with_n)
        size = IR_A_SIZE(n, max);
    ir_reg st = ir_call(b, helper, 3, IR_ARGS(IR_A_MEM(c->result.mem), size, IR_A_REG(addr)));
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "string");
    ir_bri(b, CC_SLT, st, 0, bad, good);
    ir_at(b, bad);
    if (fallback) {
        ir_str_copy(b, c->result, c->args[with_n ? 2 : 1]);
        ir_jmp(b, good);
    } else {
        struct ir_value v = {.reg = addr};
        ir_raise_format(b, c->e,
                        user ? "user string copy fault at 0x%x [man error::fault]"
                             : "kernel string copy fault at 0x%x [man error::fault]",
                        1, &v);
    }
    ir_at(b, good);
}

#define STRING_READER(name, user, with_n, fallback)                                                \
    static void emit_##name(struct intrinsic_call *c)                                              \
    {                                                                                              \
        read_string(c, user, with_n, fallback);                                                    \
    }
STRING_READER(kernel_string, false, false, false)
STRING_READER(kernel_string2, false, false, true)
STRING_READER(kernel_string_n, false, true, false)
STRING_READER(user_string, true, false, false)
STRING_READER(user_string2, true, false, true)
STRING_READER(user_string_n, true, true, false)
STRING_READER(user_string_n2, true, true, true)

/* … and 0 where it cannot be read, without an error. */
static void peek(struct intrinsic_call *c, int size, bool is_signed)
{
    struct ir_builder *b = c->b;
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "read"), 0);
    /* The kernel clears the destination when it fails. */
    ir_call(b, HELPER_PROBE_READ_USER, 3,
            IR_ARGS(IR_A_MEM(tmp), IR_A_IMM(size), IR_A_REG(c->args[0].reg)));
    c->result.reg = ir_load(b, tmp, size, is_signed);
}
#define PEEK(name, size, sign)                                                                     \
    static void emit_##name(struct intrinsic_call *c)                                              \
    {                                                                                              \
        peek(c, size, sign);                                                                       \
    }
PEEK(peek_long, 8, true)
PEEK(peek_int, 4, true)
PEEK(peek_uint32, 4, false)
PEEK(peek_uint16, 2, false)
PEEK(peek_uint8, 1, false)

/* 1 when a byte at the address can be read. */
static void readable(struct intrinsic_call *c, bool user)
{
    struct ir_builder *b = c->b;
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "read"), 0);
    ir_reg st = ir_call(b, user ? HELPER_PROBE_READ_USER : HELPER_PROBE_READ_KERNEL, 3,
                        IR_ARGS(IR_A_MEM(tmp), IR_A_IMM(1), IR_A_REG(c->args[0].reg)));
    c->result.reg = ir_seti(b, CC_EQ, st, 0);
}

static void emit_user_readable(struct intrinsic_call *c)
{
    readable(c, true);
}

static void emit_kernel_readable(struct intrinsic_call *c)
{
    readable(c, false);
}

#define ROW(name, type)                                                                            \
    {                                                                                              \
#name, type, 0, emit_##name, false                                                         \
    }
const struct intrinsic intrinsics_memory[] = {
    ROW(kernel_long, TY_LONG),      ROW(kernel_int, TY_LONG),
    ROW(kernel_short, TY_LONG),     ROW(kernel_char, TY_LONG),
    ROW(kernel_pointer, TY_LONG),   ROW(kernel_uint64, TY_LONG),
    ROW(kernel_uint32, TY_LONG),    ROW(kernel_uint16, TY_LONG),
    ROW(kernel_uint8, TY_LONG),     ROW(user_long, TY_LONG),
    ROW(user_int, TY_LONG),         ROW(user_short, TY_LONG),
    ROW(user_char, TY_LONG),        ROW(user_uint64, TY_LONG),
    ROW(user_uint32, TY_LONG),      ROW(user_uint16, TY_LONG),
    ROW(user_uint8, TY_LONG),       ROW(kernel_string, TY_STRING),
    ROW(kernel_string2, TY_STRING), ROW(kernel_string_n, TY_STRING),
    ROW(user_string, TY_STRING),    ROW(user_string2, TY_STRING),
    ROW(user_string_n, TY_STRING),  ROW(user_string_n2, TY_STRING),
    ROW(user_readable, TY_LONG),    ROW(kernel_readable, TY_LONG),
    ROW(peek_long, TY_LONG),        ROW(peek_int, TY_LONG),
    ROW(peek_uint32, TY_LONG),      ROW(peek_uint16, TY_LONG),
    ROW(peek_uint8, TY_LONG),       {0},
};
