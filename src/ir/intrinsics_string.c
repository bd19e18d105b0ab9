/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String functions, by the runtime library. */
#include <stddef.h>

#include "ir/build.h"
#include "ir/intrinsics.h"

static struct ir_arg arg(const struct intrinsic_call *c, int i)
{
    return c->args[i].is_string ? IR_A_OFF(c->args[i].mem) : IR_A_REG(c->args[i].reg);
}

static void emit_strlen(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(c->b, "rt_strlen", 2, IR_ARGS(IR_A_CTX, arg(c, 0)));
}

static void emit_substr(struct intrinsic_call *c)
{
    ir_lib(c->b, "rt_substr", 5,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), arg(c, 0), arg(c, 1), arg(c, 2)));
}

static void emit_stringat(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(c->b, "rt_stringat", 3, IR_ARGS(IR_A_CTX, arg(c, 0), arg(c, 1)));
}

static void emit_isinstr(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(c->b, "rt_isinstr", 3, IR_ARGS(IR_A_CTX, arg(c, 0), arg(c, 1)));
}

static void emit_strpos(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(c->b, "rt_strpos", 3, IR_ARGS(IR_A_CTX, arg(c, 0), arg(c, 1)));
}

static void emit_str_replace(struct intrinsic_call *c)
{
    ir_lib(c->b, "rt_str_replace", 5,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), arg(c, 0), arg(c, 1), arg(c, 2)));
}

static void emit_strtol(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(c->b, "rt_strtol", 3, IR_ARGS(IR_A_CTX, arg(c, 0), arg(c, 1)));
}

/* text(string, n, quoted) */
static void emit_text(struct intrinsic_call *c)
{
    ir_lib(c->b, "rt_text", 5,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), arg(c, 0), arg(c, 1), arg(c, 2)));
}

/* tokenize(string, delimiters, from): the token; where to go on is token_end(). */
static void emit_token(struct intrinsic_call *c)
{
    ir_reg end =
        ir_lib(c->b, "rt_tokenize", 5,
               IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), arg(c, 0), arg(c, 1), arg(c, 2)));
    ir_store(c->b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, token_end)), 8, end);
}

static void emit_token_end(struct intrinsic_call *c)
{
    c->result.reg =
        ir_load(c->b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, token_end)), 8, false);
}

static void emit_ctime(struct intrinsic_call *c)
{
    ir_lib(c->b, "rt_ctime", 3, IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), arg(c, 0)));
}

static void emit_matched(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    uint32_t no_group = ir_new_block(b, "no such group"), no_match = ir_new_block(b, "no match"),
             had = ir_new_block(b, "group"), which = ir_new_block(b, "why");
    ir_reg r = ir_lib(b, "rt_matched", 3, IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), arg(c, 0)));
    ir_bri(b, CC_EQ, r, 0, had, which);
    ir_at(b, which);
    ir_bri(b, CC_EQ, r, 1, no_match, no_group);
    ir_at(b, no_match);
    ir_raise_format(b, c->e, "Attempted to get subexpression %d from failed match", 1, c->args);
    ir_at(b, no_group);
    ir_raise_format(b, c->e, "Attempted to get nonexistent subexpression %d", 1, c->args);
    ir_at(b, had);
}

static void emit_ngroups(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    uint32_t no_match = ir_new_block(b, "no match"), had = ir_new_block(b, "groups");
    c->result.reg = ir_lib(b, "rt_ngroups", 1, IR_ARGS(IR_A_CTX));
    ir_bri(b, CC_NE, c->result.reg, 0, had, no_match);
    ir_at(b, no_match);
    ir_raise(b, c->e, "Attempted to get subexpression count from failed match");
    ir_at(b, had);
}

const struct intrinsic intrinsics_string[] = {
    {"strlen", TY_LONG, 0, emit_strlen, true},
    {"substr", TY_STRING, 0, emit_substr, true},
    {"stringat", TY_LONG, 0, emit_stringat, true},
    {"isinstr", TY_LONG, 0, emit_isinstr, true},
    {"strpos", TY_LONG, 0, emit_strpos, true},
    {"str_replace", TY_STRING, 0, emit_str_replace, true},
    {"strtol", TY_LONG, 0, emit_strtol, true},
    {"text", TY_STRING, 0, emit_text, true},
    {"token", TY_STRING, 0, emit_token, true},
    {"token_end", TY_LONG, 0, emit_token_end, false},
    {"matched", TY_STRING, 0, emit_matched, true},
    {"ngroups", TY_LONG, 0, emit_ngroups, true},
    {"flags", TY_STRING, 0, NULL, true}, /* these two: build_text.c */
    {"names", TY_STRING, NAME_SIZE, NULL, true},
    {"ctime", TY_STRING, 32, emit_ctime, true},
    {0},
};
