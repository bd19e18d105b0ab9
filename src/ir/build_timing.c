/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -t: each handler counts its runs and how long they take, in a map with one value for each
 * handler and CPU. */
#include <stddef.h>

#include "ir/build.h"

enum { HELPER_KTIME = 5 };

void build_timing_map(struct ir_module *m, size_t nprobes)
{
    struct ir_map map = {.kind = IR_MAP_PERCPU_ARRAY,
                         .name = "stap_timing",
                         .key_size = 4,
                         .value_size = sizeof(struct abi_timing),
                         .max_entries = (uint32_t)nprobes};
    vec_push(m->arena, &m->maps, map);
    m->timing_map = IR_MAP_FIRST + (uint32_t)m->maps.n - 1;
}

void build_timing_entry(struct ir_builder *b, struct build_timing *t)
{
    t->start = ir_new_reg(b);
    t->ran = ir_new_reg(b);
    ir_mov(b, t->start, ir_call(b, HELPER_KTIME, 0, NULL));
    ir_mov(b, t->ran, ir_const(b, 0));
}

void build_timing_runs(struct ir_builder *b, struct build_timing *t)
{
    ir_mov(b, t->ran, ir_const(b, 1));
}

static struct ir_mem member(ir_reg value, size_t off)
{
    return ir_ptr_mem(value, (int32_t)off);
}

static void add(struct ir_builder *b, struct ir_mem m, ir_reg v)
{
    ir_store(b, m, 8, ir_bin(b, B_ADD, ir_load(b, m, 8, false), v));
}

/* m becomes v when `cc` holds between them, or nothing was counted yet. */
static void extreme(struct ir_builder *b, struct ir_mem m, ir_reg v, enum ir_cc cc, ir_reg hits)
{
    uint32_t look = ir_new_block(b, "look"), put = ir_new_block(b, "put"),
             on = ir_new_block(b, "on");
    ir_bri(b, CC_EQ, hits, 0, put, look);
    ir_at(b, look);
    ir_br(b, cc, v, ir_load(b, m, 8, false), put, on);
    ir_at(b, put);
    ir_store(b, m, 8, v);
    ir_jmp(b, on);
    ir_at(b, on);
}

void build_timing_exit(struct ir_builder *b, const struct build_timing *t)
{
    struct ir_mem key = ir_slot_mem(ir_new_slot(b, 8, "handler"), 0);
    uint32_t count = ir_new_block(b, "count"), found = ir_new_block(b, "found"),
             done = ir_new_block(b, "counted");
    ir_bri(b, CC_EQ, t->ran, 0, done, count);
    ir_at(b, count);
    ir_reg took = ir_bin(b, B_SUB, ir_call(b, HELPER_KTIME, 0, NULL), t->start);
    ir_storei(b, key, 8, b->prog->probe->id);
    ir_reg v =
        ir_call(b, HELPER_MAP_LOOKUP, 2, IR_ARGS(IR_A_MAP(b->mod->timing_map), IR_A_MEM(key)));
    ir_bri(b, CC_EQ, v, 0, done, found);
    ir_at(b, found);
    ir_reg hits = ir_load(b, member(v, offsetof(struct abi_timing, hits)), 8, false);
    extreme(b, member(v, offsetof(struct abi_timing, min)), took, CC_ULT, hits);
    extreme(b, member(v, offsetof(struct abi_timing, max)), took, CC_UGT, hits);
    ir_store(b, member(v, offsetof(struct abi_timing, hits)), 8, ir_bini(b, B_ADD, hits, 1));
    add(b, member(v, offsetof(struct abi_timing, sum)), took);
    add(b, member(v, offsetof(struct abi_timing, squares)), ir_bin(b, B_MUL, took, took));
    ir_jmp(b, done);
    ir_at(b, done);
}
