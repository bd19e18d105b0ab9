/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating point, by the runtime library. */
#include <stddef.h>

#include "ir/build.h"
#include "ir/intrinsics.h"

#define ONE(name)                                                                                  \
    static void emit_##name(struct intrinsic_call *c)                                              \
    {                                                                                              \
        c->result.reg = ir_lib(c->b, "rt_" #name, 1, IR_ARGS(IR_A_REG(c->args[0].reg)));           \
    }
#define TWO(name)                                                                                  \
    static void emit_##name(struct intrinsic_call *c)                                              \
    {                                                                                              \
        c->result.reg = ir_lib(c->b, "rt_" #name, 2,                                               \
                               IR_ARGS(IR_A_REG(c->args[0].reg), IR_A_REG(c->args[1].reg)));       \
    }
TWO(fp_add)
TWO(fp_mul)
TWO(fp_div)
TWO(fp_eq)
TWO(fp_to_long)
ONE(fp_sqrt)
ONE(fp_from_long)
ONE(fp_from_32)

static void emit_fp_rem(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(c->b, "rt_fp_rem", 3,
                           IR_ARGS(IR_A_CTX, IR_A_REG(c->args[0].reg), IR_A_REG(c->args[1].reg)));
}

static void emit_fp_less(struct intrinsic_call *c)
{
    c->result.reg = ir_lib(
        c->b, "rt_fp_less", 3,
        IR_ARGS(IR_A_REG(c->args[0].reg), IR_A_REG(c->args[1].reg), IR_A_REG(c->args[2].reg)));
}

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, TY_LONG, 0, emit_##name, false                                                      \
    }
const struct intrinsic intrinsics_float[] = {
    ROW(fp_add),     ROW(fp_mul),  ROW(fp_div), ROW(fp_eq),
    ROW(fp_to_long), ROW(fp_sqrt), ROW(fp_rem), ROW(fp_from_long),
    ROW(fp_from_32), ROW(fp_less), {0},
};
