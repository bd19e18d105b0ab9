/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics: per-CPU aggregates.
 * A value is struct abi_stat, the buckets of its histograms (log first, then
 * linear), and the insertion number where order matters.  All-zero bytes are
 * an empty aggregate: minimum and maximum are stored with bits flipped so that
 * zero stands for the largest and the smallest long. */
#include <stddef.h>
#include <string.h>

#include "ir/build.h"

#define FLIP_MIN INT64_MAX
#define FLIP_MAX INT64_MIN

struct stat_layout {
    uint32_t log_off;    /* 0: none */
    uint32_t linear_off; /* 0: none */
    uint32_t nlinear;
    uint32_t words; /* of the value without the insertion number */
};

static uint32_t linear_buckets(const struct variable *v)
{
    return (uint32_t)((v->hist_high - v->hist_low) / v->hist_step) + 3;
}

static struct stat_layout layout_of(const struct variable *v)
{
    struct stat_layout l = {.words = sizeof(struct abi_stat) / 8};
    if (v->need_hist_log) {
        l.log_off = l.words * 8;
        l.words += HIST_LOG_BUCKETS;
    }
    if (v->need_hist_linear) {
        l.linear_off = l.words * 8;
        l.nlinear = linear_buckets(v);
        l.words += l.nlinear;
    }
    return l;
}

void build_stat_layout(struct ir_module *m, struct session *s, struct variable *v, bool ordered)
{
    struct stat_layout l = layout_of(v);
    build_array_layout(m, s, v, ordered, false);
    struct var_loc *loc = v->codegen;
    struct ir_map *map = &m->maps.v[loc->map - IR_MAP_FIRST];
    loc->is_string = false;
    loc->value_size = l.words * 8;
    if (ordered) {
        loc->seq_off = (int32_t)loc->value_size;
        loc->value_size += 8;
    }
    map->value_size = loc->value_size;
    if (v->arity > 0) {
        map->kind = IR_MAP_PERCPU_HASH;
    } else {
        map->kind = IR_MAP_PERCPU_ARRAY;
        map->key_size = loc->key_size = 4;
        map->max_entries = 1;
    }
}

static const struct variable *stat_var(const struct expr *e)
{
    return e->kind == EX_INDEX ? e->base->var : e->var;
}

static struct ir_mem stat_key(struct ir_builder *b, const struct expr *e)
{
    if (e->kind == EX_INDEX)
        return build_key(b, e->base->var, e->args.v, e->args.n);
    struct ir_mem key = ir_slot_mem(ir_new_slot(b, 8, "key"), 0);
    ir_storei(b, key, 8, 0);
    return key;
}

static ir_reg stat_lookup(struct ir_builder *b, const struct var_loc *loc, struct ir_mem key)
{
    return ir_call(b, HELPER_MAP_LOOKUP, 2, IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(key)));
}

/* Zeros in read-only data, for the first value of an element. */
static struct ir_mem zeros(struct ir_builder *b, uint32_t size)
{
    struct ir_module *m = b->mod;
    if (m->zeros_size < size) {
        m->zeros_off = build_rodata(m, size);
        m->zeros_size = size;
    }
    return ir_mem_at(IRM_RODATA, (int32_t)m->zeros_off);
}

/* ---- s <<< v ---- */

static void add_at(struct ir_builder *b, struct ir_mem m, ir_reg v)
{
    struct ir_insn i = {.op = IR_ATOMIC_ADD, .a = v, .size = 8, .mem = m};
    if (!v) {
        i.has_imm = true;
        i.imm = 1;
    }
    ir_emit(b, i);
}

static void keep_extreme(struct ir_builder *b, struct ir_mem m, ir_reg v, enum ir_cc better,
                         int64_t flip)
{
    ir_reg mask = ir_const(b, flip);
    ir_reg old = ir_bin(b, B_XOR, ir_load(b, m, 8, true), mask);
    uint32_t set = ir_new_block(b, "new extreme"), go = ir_new_block(b, "kept");
    ir_br(b, better, v, old, set, go);
    ir_at(b, set);
    ir_store(b, m, 8, ir_bin(b, B_XOR, v, mask));
    ir_jmp(b, go);
    ir_at(b, go);
}

/* floor(log2(v)) + 1 for v > 0, unsigned; 0 for 0. */
static ir_reg bit_length(struct ir_builder *b, ir_reg v)
{
    ir_reg x = ir_new_reg(b), n = ir_new_reg(b);
    ir_mov(b, x, v);
    ir_mov(b, n, ir_const(b, 0));
    for (int s = 32; s >= 1; s /= 2) {
        uint32_t hi = ir_new_block(b, "high half"), go = ir_new_block(b, "halved");
        ir_reg top = ir_bini(b, B_SHR, x, s);
        ir_bri(b, CC_NE, top, 0, hi, go);
        ir_at(b, hi);
        ir_mov(b, x, top);
        ir_mov(b, n, ir_bini(b, B_ADD, n, s));
        ir_jmp(b, go);
        ir_at(b, go);
    }
    return ir_bin(b, B_ADD, n, x);
}

/* 64 for 0, 64 + n for n-bit positive values, 64 - n for negative ones. */
static ir_reg log_bucket(struct ir_builder *b, ir_reg v)
{
    ir_reg idx = ir_new_reg(b);
    uint32_t neg = ir_new_block(b, "negative"), pos = ir_new_block(b, "not negative"),
             j = ir_new_block(b, "bucket");
    ir_bri(b, CC_SLT, v, 0, neg, pos);
    ir_at(b, neg);
    ir_reg m = ir_new_reg(b);
    ir_emit(b, (struct ir_insn){.op = IR_NEG, .dst = m, .a = v});
    ir_mov(b, idx, ir_bin(b, B_SUB, ir_const(b, 64), bit_length(b, m)));
    ir_jmp(b, j);
    ir_at(b, pos);
    ir_mov(b, idx, ir_bini(b, B_ADD, bit_length(b, v), 64));
    ir_jmp(b, j);
    ir_at(b, j);
    return idx;
}

static ir_reg linear_bucket(struct ir_builder *b, const struct variable *sv, ir_reg v)
{
    ir_reg idx = ir_new_reg(b);
    int64_t last = linear_buckets(sv) - 1;
    uint32_t under = ir_new_block(b, "underflow"), in = ir_new_block(b, "in range"),
             over = ir_new_block(b, "overflow"), j = ir_new_block(b, "bucket");
    ir_br(b, CC_SLT, v, ir_const(b, sv->hist_low), under, in);
    ir_at(b, under);
    ir_mov(b, idx, ir_const(b, 0));
    ir_jmp(b, j);
    ir_at(b, in);
    ir_reg off = ir_bin(b, B_SUB, v, ir_const(b, sv->hist_low));
    ir_mov(b, idx, ir_bini(b, B_ADD, ir_bin(b, B_UDIV, off, ir_const(b, sv->hist_step)), 1));
    ir_bri(b, CC_UGT, idx, last, over, j);
    ir_at(b, over);
    ir_mov(b, idx, ir_const(b, last));
    ir_jmp(b, j);
    ir_at(b, j);
    return idx;
}

enum { EVICTIONS = 6 };

void build_stat_add(struct ir_builder *b, const struct expr *lv, const struct expr *rhs)
{
    const struct variable *sv = stat_var(lv);
    const struct var_loc *loc = sv->codegen;
    struct stat_layout l = layout_of(sv);
    ir_reg v = build_long(b, rhs);
    struct ir_mem key = stat_key(b, lv);
    ir_reg p = ir_new_reg(b);
    uint32_t add = ir_new_block(b, "add"), miss = ir_new_block(b, "absent"),
             full = ir_new_block(b, "full");
    ir_mov(b, p, stat_lookup(b, loc, key));
    ir_bri(b, CC_NE, p, 0, add, miss);

    ir_at(b, miss);
    if (sv->arity > 0) {
        ir_reg st = build_insert(b, loc->map, key, zeros(b, loc->value_size));
        ir_mov(b, p, stat_lookup(b, loc, key));
        uint32_t fresh = ir_new_block(b, "inserted");
        if (sv->wrap) {
            /* Others, who may be many where handlers are taken off their
             * processors, may take the room that was made. */
            for (int i = 0; i < EVICTIONS; i++) {
                uint32_t evict = ir_new_block(b, "make room");
                ir_bri(b, CC_NE, p, 0, fresh, evict);
                ir_at(b, evict);
                build_evict_oldest(b, loc, true);
                build_insert(b, loc->map, key, zeros(b, loc->value_size));
                ir_mov(b, p, stat_lookup(b, loc, key));
            }
        }
        ir_bri(b, CC_NE, p, 0, fresh, full);
        ir_at(b, fresh);
        if (loc->seq_off >= 0) {
            ir_reg seq = ir_new_reg(b);
            ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_ADD,
                                        .dst = seq,
                                        .has_imm = true,
                                        .imm = 1,
                                        .size = 8,
                                        .mem = ir_mem_at(IRM_GLOBAL, (int32_t)loc->seq_counter)});
            /* From 1 on: 0 is a CPU that has not inserted. */
            ir_store(b, ir_ptr_mem(p, loc->seq_off), 8, ir_bini(b, B_ADD, seq, 1));
        }
        ir_jmp(b, add);
        ir_at(b, full);
        build_insert_failed(b, st, lv->tok, sv);
    } else {
        ir_jmp(b, full);
        ir_at(b, full);
        build_raise_tok(b, lv->tok, "the aggregate is not there (please report)");
    }

    ir_at(b, add);
    add_at(b, ir_ptr_mem(p, offsetof(struct abi_stat, count)), 0);
    add_at(b, ir_ptr_mem(p, offsetof(struct abi_stat, sum)), v);
    keep_extreme(b, ir_ptr_mem(p, offsetof(struct abi_stat, min)), v, CC_SLT, FLIP_MIN);
    keep_extreme(b, ir_ptr_mem(p, offsetof(struct abi_stat, max)), v, CC_SGT, FLIP_MAX);
    if (sv->need_variance) {
        ir_lib(b, "rt_stat_deviation", 3,
               IR_ARGS(IR_A_MEM(ir_ptr_mem(p, 0)), IR_A_REG(v), IR_A_IMM(sv->variance_shift)));
    }
    if (l.log_off) {
        struct ir_mem m = ir_ptr_mem(p, (int32_t)l.log_off);
        m.idx = ir_bini(b, B_SHL, log_bucket(b, v), 3);
        m.idx_max = (HIST_LOG_BUCKETS - 1) * 8;
        add_at(b, m, 0);
    }
    if (l.linear_off) {
        struct ir_mem m = ir_ptr_mem(p, (int32_t)l.linear_off);
        m.idx = ir_bini(b, B_SHL, linear_bucket(b, sv, v), 3);
        m.idx_max = (l.nlinear - 1) * 8;
        add_at(b, m, 0);
    }
}

/* ---- reading ---- */

/* Adds up the CPUs' values into `dst`; the count. */
static ir_reg collect(struct ir_builder *b, const struct expr *e, struct ir_mem dst, uint32_t words)
{
    const struct var_loc *loc = stat_var(e)->codegen;
    struct ir_mem key = stat_key(b, e);
    ir_emit(b, (struct ir_insn){.op = IR_ZERO, .mem = dst, .imm = words * 8});
    ir_lib(b, "rt_stat_read", 4,
           IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(key), IR_A_MEM(dst), IR_A_IMM(words)));
    return ir_load(b, dst, 8, false);
}

static void check_not_empty(struct ir_builder *b, const struct token *tok, ir_reg count)
{
    uint32_t empty = ir_new_block(b, "empty"), some = ir_new_block(b, "not empty");
    ir_bri(b, CC_EQ, count, 0, empty, some);
    ir_at(b, empty);
    build_raise_tok(b, tok, "empty aggregate");
    ir_at(b, some);
}

static struct ir_mem field(struct ir_mem m, size_t off)
{
    m.off += (int32_t)off;
    return m;
}

ir_reg build_stat(struct ir_builder *b, const struct expr *e)
{
    struct ir_mem s = ir_slot_mem(ir_new_slot(b, sizeof(struct abi_stat), "statistic"), 0);
    ir_reg count = collect(b, e->a, s, sizeof(struct abi_stat) / 8);
    ir_reg sum;
    switch (e->stat) {
    case ST_COUNT:
        return count;
    case ST_SUM:
        return ir_load(b, field(s, offsetof(struct abi_stat, sum)), 8, true);
    case ST_MIN:
        check_not_empty(b, e->tok, count);
        return ir_bin(b, B_XOR, ir_load(b, field(s, offsetof(struct abi_stat, min)), 8, true),
                      ir_const(b, FLIP_MIN));
    case ST_MAX:
        check_not_empty(b, e->tok, count);
        return ir_bin(b, B_XOR, ir_load(b, field(s, offsetof(struct abi_stat, max)), 8, true),
                      ir_const(b, FLIP_MAX));
    case ST_AVG:
        check_not_empty(b, e->tok, count);
        sum = ir_load(b, field(s, offsetof(struct abi_stat, sum)), 8, true);
        return ir_bin(b, B_SDIV, sum, count);
    case ST_VARIANCE:
        check_not_empty(b, e->tok, count);
        return ir_lib(b, "rt_stat_variance", 2,
                      IR_ARGS(IR_A_MEM(s), IR_A_IMM(stat_var(e->a)->variance_shift)));
    default:
        build_unsupported(b, e->tok, "a histogram is not a number: print it or index a bucket");
        return count;
    }
}

void build_stat_reset(struct ir_builder *b, const struct variable *v)
{
    const struct var_loc *loc = v->codegen;
    struct ir_mem key = ir_slot_mem(ir_new_slot(b, 8, "key"), 0);
    ir_storei(b, key, 8, 0);
    ir_lib(b, "rt_stat_clear", 3,
           IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(key), IR_A_IMM(loc->value_size / 8)));
}

/* ---- histograms ---- */

static uint32_t hist_number(struct ir_builder *b, const struct ir_hist *h)
{
    struct ir_module *m = b->mod;
    vec_for (i, m->hists)
        if (memcmp(&m->hists.v[i], h, sizeof *h) == 0)
            return (uint32_t)i;
    vec_push(m->arena, &m->hists, *h);
    return (uint32_t)m->hists.n - 1;
}

/* Where a histogram's buckets stand in its aggregate, and how they are cut. */
struct hist_place {
    uint32_t off, n;
    struct ir_hist desc;
};

static struct hist_place hist_place(const struct expr *h)
{
    const struct variable *v = stat_var(h->a);
    struct stat_layout l = layout_of(v);
    struct hist_place p;
    memset(&p, 0, sizeof p);
    if (h->stat == ST_HIST_LINEAR) {
        p.off = l.linear_off;
        p.n = l.nlinear;
        p.desc.linear = true;
        p.desc.low = v->hist_low;
        p.desc.high = v->hist_high;
        p.desc.step = v->hist_step;
    } else {
        p.off = l.log_off;
        p.n = HIST_LOG_BUCKETS;
    }
    p.desc.nbuckets = p.n;
    return p;
}

struct ir_mem build_hist_snapshot(struct ir_builder *b, const struct expr *h, uint32_t *nbuckets)
{
    struct stat_layout l = layout_of(stat_var(h->a));
    struct hist_place p = hist_place(h);
    struct ir_mem all = ir_slot_mem(ir_new_slot(b, l.words * 8, "histogram"), 0);
    ir_reg count = collect(b, h->a, all, l.words);
    check_not_empty(b, h->tok, count);
    *nbuckets = p.n;
    return field(all, p.off);
}

ir_reg build_hist_bucket(struct ir_builder *b, const struct expr *e)
{
    ir_reg index = build_long(b, e->args.v[0]), r = ir_new_reg(b);
    uint32_t n;
    struct ir_mem buckets = build_hist_snapshot(b, e->base, &n);
    uint32_t in = ir_new_block(b, "bucket"), out = ir_new_block(b, "no such bucket");
    ir_bri(b, CC_ULT, index, n, in, out);
    ir_at(b, out);
    build_raise_tok(b, e->tok, "histogram index out of range");
    ir_at(b, in);
    buckets.idx = ir_bini(b, B_SHL, index, 3);
    buckets.idx_max = (n - 1) * 8;
    ir_mov(b, r, ir_load(b, buckets, 8, false));
    return r;
}

ir_reg build_in_hist(struct ir_builder *b, const struct expr *e)
{
    ir_reg index = build_long(b, e->args.v[0]);
    uint32_t n;
    build_hist_snapshot(b, e->base, &n);
    return ir_seti(b, CC_ULT, index, n);
}

void build_hist(struct ir_builder *b, const struct expr *print)
{
    const struct expr *h = print->args.v[0];
    struct stat_layout l = layout_of(stat_var(h->a));
    struct hist_place p = hist_place(h);
    struct ir_mem all = ir_slot_mem(ir_new_slot(b, l.words * 8, "histogram"), 0);
    ir_reg count = collect(b, h->a, all, l.words);
    check_not_empty(b, print->tok, count);
    build_hist_record(b, all, p.off, p.n, hist_number(b, &p.desc));
}
