/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading memory of the kernel and of user programs. */
#include <stddef.h>

#include "ir/build.h"
#include "ir/intrinsics.h"

/* What a reader of numbers does when the memory cannot be read. */
enum on_fault { RAISE, ZERO };

static void read_number(struct intrinsic_call *c, bool user, int size, bool is_signed,
                        enum on_fault on_fault, const char *message)
{
    struct ir_builder *b = c->b;
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "read"), 0);
    ir_reg addr = c->args[0].reg;
    ir_reg st = build_read(b, user ? READ_USER : READ_KERNEL, tmp, IR_A_IMM(size), addr);
    if (on_fault == ZERO) { /* the helper clears what it cannot read */
        c->result.reg = ir_load(b, tmp, size, is_signed);
        return;
    }
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "read");
    ir_bri(b, CC_SLT, st, 0, bad, good);
    ir_at(b, bad);
    struct ir_value v = {.reg = addr};
    ir_raise_format(b, c->e, message, 1, &v);
    ir_at(b, good);
    c->result.reg = ir_load(b, tmp, size, is_signed);
}

#define KERNEL(name, size, sign, what)                                                             \
    static void emit_kernel_##name(struct intrinsic_call *c)                                       \
    {                                                                                              \
        read_number(c, false, size, sign, RAISE,                                                   \
                    "kernel " what " copy fault at 0x%x [man error::fault]");                      \
    }
KERNEL(long, 8, true, "long")
KERNEL(int, 4, true, "int")
KERNEL(short, 2, true, "short")
KERNEL(char, 1, true, "char")
KERNEL(pointer, 8, false, "pointer")
KERNEL(uint64, 8, false, "uint64")
KERNEL(uint32, 4, false, "uint32")
KERNEL(uint16, 2, false, "uint16")
KERNEL(uint8, 1, false, "uint8")

/* user_NAME: 0 where it cannot be read; user_NAME_error: an error. */
#define USER(name, size, sign)                                                                     \
    static void emit_user_##name(struct intrinsic_call *c)                                         \
    {                                                                                              \
        read_number(c, true, size, sign, ZERO, NULL);                                              \
    }                                                                                              \
    static void emit_user_##name##_error(struct intrinsic_call *c)                                 \
    {                                                                                              \
        read_number(c, true, size, sign, RAISE, "read fault [man error::fault] at 0x%x");          \
    }
USER(int64, 8, true)
USER(int32, 4, true)
USER(int16, 2, true)
USER(int8, 1, true)
USER(uint64, 8, false)
USER(uint32, 4, false)
USER(uint16, 2, false)
USER(uint8, 1, false)

/* Two bytes in network order; 0 where they cannot be read. */
static void emit_user_be16(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    read_number(c, true, 2, false, ZERO, NULL);
    ir_reg high = ir_bini(b, B_AND, ir_bini(b, B_SHL, c->result.reg, 8), 0xff00);
    c->result.reg = ir_bin(b, B_OR, high, ir_bini(b, B_SHR, c->result.reg, 8));
}

/* args: address, and for the _n forms a length.  `fallback` 2: the last argument is the
 * value when memory cannot be read. */
static void read_string(struct intrinsic_call *c, bool user, bool with_n, bool fallback)
{
    struct ir_builder *b = c->b;
    uint32_t max = (uint32_t)b->session->maxstringlen;
    ir_reg addr = c->args[0].reg;
    ir_reg n = 0;
    enum read_kind kind = (user ? READ_USER : READ_KERNEL) | READ_STRING;
    if (with_n) {
        /* n characters and a NUL, within MAXSTRINGLEN. */
        n = build_clamped(b, ir_bini(b, B_ADD, c->args[1].reg, 1), 1, max);
    }
    /* What is read into zeros is a key as it stands. */
    if (build_of(b)->key == c->e) {
        ir_emit(b, (struct ir_insn){.op = IR_ZERO, .mem = c->result.mem, .imm = (max + 7) & ~7u});
        c->result.padded = true;
    }
    struct ir_arg size = IR_A_IMM(max);
    if (with_n)
        size = IR_A_SIZE(n, max);
    ir_reg st = build_read(b, kind, c->result.mem, size, addr);
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "string");
    ir_bri(b, CC_SLT, st, 0, bad, good);
    ir_at(b, bad);
    if (fallback) {
        ir_str_copy(b, c->result, c->args[with_n ? 2 : 1]);
        ir_jmp(b, good);
    } else {
        struct ir_value v = {.reg = addr};
        /* In the original, user_string() is user_string_n() of a whole string. */
        struct expr at = *c->e;
        struct token name = *c->e->tok;
        name.text = user ? "user_string_n" : name.text;
        at.tok = &name;
        ir_raise_format(b, &at,
                        user ? "user string copy fault -14 at 0x%x [man error::fault]"
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

/* 1 when a byte at the address can be read. */
static void readable(struct intrinsic_call *c, bool user)
{
    struct ir_builder *b = c->b;
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "read"), 0);
    ir_reg st = build_read(b, user ? READ_USER : READ_KERNEL, tmp, IR_A_IMM(1), c->args[0].reg);
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

/* buffer(address, length, room): `length` bytes in quotes, at most `room` characters.
 * Memory that cannot be read: an error when `raise`, or else the address. */
static void buffer_quoted(struct intrinsic_call *c, bool user, bool raise)
{
    struct ir_builder *b = c->b;
    uint32_t max = (uint32_t)b->session->maxstringlen;
    ir_reg addr = c->args[0].reg;
    struct ir_mem bytes = ir_slot_mem(ir_new_slot(b, round8(max), "bytes"), 0);
    b->fn->slots.v[bytes.id].frame = true;
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "bytes"),
             end = ir_new_block(b, "quoted"), some = ir_new_block(b, "room"),
             none = ir_new_block(b, "no room");
    ir_reg room = build_clamped(b, c->args[2].reg, 0, max - 1);
    ir_storei(b, c->result.mem, 1, 0);
    ir_bri(b, CC_EQ, room, 0, none, some);
    ir_at(b, none);
    struct ir_value v = {.reg = addr};
    const char *message = user ? "Unable to access user space data at 0x%x"
                               : "Unable to access kernel space data at 0x%x";
    if (raise)
        ir_raise_format(b, c->e, message, 1, &v);
    else
        ir_jmp(b, end);
    ir_at(b, some);
    /* A length of 0 or less means as much as there is room for. */
    ir_reg length = ir_new_reg(b);
    uint32_t given = ir_new_block(b, "length"), all = ir_new_block(b, "any length");
    ir_mov(b, length, c->args[1].reg);
    ir_bri(b, CC_SGT, length, 0, given, all);
    ir_at(b, all);
    ir_mov(b, length, ir_const(b, max - 1));
    ir_jmp(b, given);
    ir_at(b, given);
    length = build_clamped(b, length, 1, max - 1);
    ir_reg st =
        build_read(b, user ? READ_USER : READ_KERNEL, bytes, IR_A_SIZE(length, max - 1), addr);
    ir_bri(b, CC_SLT, st, 0, bad, good);
    ir_at(b, bad);
    if (raise) {
        ir_raise_format(b, c->e, message, 1, &v);
    } else {
        fmt_vec parts = {0};
        parse_format(b->arena, "0x%x", &parts);
        ir_str_copy(b, c->result, build_format_string(b, parts.v, parts.n, &v, 1));
        ir_jmp(b, end);
    }
    ir_at(b, good);
    ir_reg how = ir_bini(b, B_SHL, length, TEXT_LENGTH);
    ir_lib(b, "rt_text", 5,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_OFF(bytes), IR_A_REG(room),
                   IR_A_REG(ir_bini(b, B_OR, how, TEXT_QUOTED | TEXT_BUFFER))));
    ir_jmp(b, end);
    ir_at(b, end);
}

static void emit_kernel_buffer(struct intrinsic_call *c)
{
    buffer_quoted(c, false, false);
}

static void emit_kernel_buffer_error(struct intrinsic_call *c)
{
    buffer_quoted(c, false, true);
}

static void emit_user_buffer(struct intrinsic_call *c)
{
    buffer_quoted(c, true, false);
}

static void emit_user_buffer_error(struct intrinsic_call *c)
{
    buffer_quoted(c, true, true);
}

static void read_utf(struct intrinsic_call *c, int how)
{
    struct ir_builder *b = c->b;
    ir_reg st =
        ir_lib(b, "rt_utf", 4,
               IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_REG(c->args[0].reg), IR_A_IMM(how)));
    uint32_t fault = ir_new_block(b, "fault"), invalid = ir_new_block(b, "invalid"),
             bad = ir_new_block(b, "bad"), good = ir_new_block(b, "string");
    ir_bri(b, CC_EQ, st, UTF_DONE, good, bad);
    ir_at(b, bad);
    int32_t scratch = offsetof(struct abi_ctx, scratch);
    struct ir_value v[2] = {{.reg = ir_load(b, ir_mem_at(IRM_CTX, scratch + 3 * 8), 8, false)},
                            {.reg = ir_load(b, ir_mem_at(IRM_CTX, scratch), 8, false)}};
    ir_bri(b, CC_EQ, st, UTF_INVALID, invalid, fault);
    ir_at(b, invalid);
    ir_raise_format(b, c->e,
                    how & UTF_32 ? "invalid UTF-32 character U+%X at 0x%x"
                                 : "invalid UTF-16 character U+%X at 0x%x",
                    2, v);
    ir_at(b, fault);
    ir_raise_format(b, c->e,
                    how & UTF_USER ? "user string copy fault at 0x%x [man error::fault]"
                                   : "kernel string copy fault at 0x%x [man error::fault]",
                    1, &v[1]);
    ir_at(b, good);
}

static void emit_kernel_utf16(struct intrinsic_call *c)
{
    read_utf(c, 0);
}

static void emit_kernel_utf32(struct intrinsic_call *c)
{
    read_utf(c, UTF_32);
}

static void emit_user_utf16(struct intrinsic_call *c)
{
    read_utf(c, UTF_USER);
}

static void emit_user_utf32(struct intrinsic_call *c)
{
    read_utf(c, UTF_USER | UTF_32);
}

/* ---- writing, for guru mode ---- */

enum { H_PROBE_WRITE_USER = 36 };

static void raise_unless_written(struct intrinsic_call *c, ir_reg st, const char *what)
{
    struct ir_builder *b = c->b;
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "written");
    ir_bri(b, CC_SLT, st, 0, bad, good);
    ir_at(b, bad);
    ir_raise_format(b, c->e,
                    arena_printf(b->arena, "user %s copy fault at 0x%%x [man error::fault]", what),
                    1, c->args);
    ir_at(b, good);
}

#define SET_USER(name, size)                                                                       \
    static void emit_set_user_##name(struct intrinsic_call *c)                                     \
    {                                                                                              \
        struct ir_mem tmp = ir_slot_mem(ir_new_slot(c->b, 8, "value"), 0);                         \
        ir_store(c->b, tmp, 8, c->args[1].reg);                                                    \
        ir_reg st = ir_call(c->b, H_PROBE_WRITE_USER, 3,                                           \
                            IR_ARGS(IR_A_REG(c->args[0].reg), IR_A_MEM(tmp), IR_A_IMM(size)));     \
        raise_unless_written(c, st, #name);                                                        \
    }
SET_USER(long, 8)
SET_USER(int, 4)
SET_USER(short, 2)
SET_USER(char, 1)
SET_USER(pointer, 8)

/* The same, and the number is the result. */
#define STORE_USER(bits, name)                                                                     \
    static void emit_store_user##bits(struct intrinsic_call *c)                                    \
    {                                                                                              \
        emit_set_user_##name(c);                                                                   \
        c->result.reg = c->args[1].reg;                                                            \
    }
STORE_USER(64, long)
STORE_USER(32, int)
STORE_USER(16, short)
STORE_USER(8, char)

/* set_user_string(address, n, text): at most n characters of the text and a NUL. */
static void emit_set_user_string(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    uint32_t max = (uint32_t)b->session->maxstringlen;
    struct ir_value copy = build_temp_string(b, max, "text");
    b->fn->slots.v[copy.mem.id].frame = true;
    ir_reg size = build_clamped(b, ir_bini(b, B_ADD, c->args[1].reg, 1), 1, max);
    ir_reg got =
        ir_call(b, HELPER_PROBE_READ_KERNEL_STR, 3,
                IR_ARGS(IR_A_MEM(copy.mem), IR_A_SIZE(size, max), IR_A_MEM(c->args[2].mem)));
    ir_reg n = build_clamped(b, got, 1, max);
    ir_reg st = ir_call(b, H_PROBE_WRITE_USER, 3,
                        IR_ARGS(IR_A_REG(c->args[0].reg), IR_A_MEM(copy.mem), IR_A_SIZE(n, max)));
    raise_unless_written(c, st, "string");
}

#define ROW(name, type)                                                                            \
    {                                                                                              \
#name, type, 0, emit_##name, false                                                         \
    }
#define OFFSET_ROW(name)                                                                           \
    {                                                                                              \
#name, TY_STRING, 0, emit_##name, true                                                     \
    }
#define USER_ROWS(name) ROW(user_##name, TY_LONG), ROW(user_##name##_error, TY_LONG)
const struct intrinsic intrinsics_memory[] = {
    ROW(kernel_long, TY_LONG),
    ROW(kernel_int, TY_LONG),
    ROW(kernel_short, TY_LONG),
    ROW(kernel_char, TY_LONG),
    ROW(kernel_pointer, TY_LONG),
    ROW(kernel_uint64, TY_LONG),
    ROW(kernel_uint32, TY_LONG),
    ROW(kernel_uint16, TY_LONG),
    ROW(kernel_uint8, TY_LONG),
    USER_ROWS(int64),
    USER_ROWS(int32),
    USER_ROWS(int16),
    USER_ROWS(int8),
    USER_ROWS(uint64),
    USER_ROWS(uint32),
    USER_ROWS(uint16),
    USER_ROWS(uint8),
    ROW(kernel_string, TY_STRING),
    ROW(kernel_string2, TY_STRING),
    ROW(kernel_string_n, TY_STRING),
    ROW(user_string, TY_STRING),
    ROW(user_string2, TY_STRING),
    ROW(user_string_n, TY_STRING),
    ROW(user_string_n2, TY_STRING),
    ROW(user_readable, TY_LONG),
    ROW(kernel_readable, TY_LONG),
    OFFSET_ROW(kernel_buffer),
    OFFSET_ROW(kernel_buffer_error),
    OFFSET_ROW(user_buffer),
    OFFSET_ROW(user_buffer_error),
    OFFSET_ROW(kernel_utf16),
    OFFSET_ROW(kernel_utf32),
    OFFSET_ROW(user_utf16),
    OFFSET_ROW(user_utf32),
    ROW(set_user_long, TY_UNKNOWN),
    ROW(set_user_int, TY_UNKNOWN),
    ROW(set_user_short, TY_UNKNOWN),
    ROW(set_user_char, TY_UNKNOWN),
    ROW(set_user_pointer, TY_UNKNOWN),
    ROW(store_user64, TY_LONG),
    ROW(store_user32, TY_LONG),
    ROW(store_user16, TY_LONG),
    ROW(store_user8, TY_LONG),
    {"set_user_string", TY_UNKNOWN, 0, emit_set_user_string, true},
    ROW(user_be16, TY_LONG),
    {0},
};
