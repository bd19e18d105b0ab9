/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading memory of the kernel and of programs. */
#include "ir/build.h"

enum { H_COPY_FROM_USER = 148, PAGE = 4096 };

/* A program that stands in code of the process itself may wait for the page. */
static bool may_wait(const struct probe *p)
{
    return p && (p->attach.kind == ATTACH_UPROBE || p->attach.kind == ATTACH_URETPROBE);
}

static void fetch_page(struct ir_builder *b, ir_reg addr)
{
    struct ir_mem byte = ir_slot_mem(ir_new_slot(b, 8, "byte"), 0);
    ir_call(b, H_COPY_FROM_USER, 3, IR_ARGS(IR_A_MEM(byte), IR_A_IMM(1), IR_A_REG(addr)));
}

ir_reg build_read(struct ir_builder *b, enum read_kind kind, struct ir_mem to, struct ir_arg size,
                  ir_reg addr)
{
    static const int helpers[] = {
        [READ_KERNEL] = HELPER_PROBE_READ_KERNEL,
        [READ_KERNEL | READ_STRING] = HELPER_PROBE_READ_KERNEL_STR,
        [READ_USER] = HELPER_PROBE_READ_USER,
        [READ_USER | READ_STRING] = HELPER_PROBE_READ_USER_STR,
    };
    ir_reg got = ir_call(b, helpers[kind], 3, IR_ARGS(IR_A_MEM(to), size, IR_A_REG(addr)));
    if (!(kind & READ_USER) || !may_wait(b->prog->probe))
        return got;
    /* Not in memory yet, perhaps: what is looked at lies in two pages at most. */
    b->prog->waits = true;
    ir_reg result = ir_new_reg(b);
    uint32_t missing = ir_new_block(b, "not in memory"), done = ir_new_block(b, "looked at");
    ir_mov(b, result, got);
    ir_bri(b, CC_SLT, got, 0, missing, done);
    ir_at(b, missing);
    fetch_page(b, addr);
    fetch_page(b, ir_bini(b, B_ADD, ir_bini(b, B_OR, addr, PAGE - 1), 1));
    ir_mov(b, result, ir_call(b, helpers[kind], 3, IR_ARGS(IR_A_MEM(to), size, IR_A_REG(addr))));
    ir_jmp(b, done);
    ir_at(b, done);
    return result;
}
