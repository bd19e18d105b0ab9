/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Associative arrays: BPF hash maps.
 * Key: the index expressions in order, 8 bytes for a long, the string's bound
 * rounded up to 8 for a string, zero-padded.  Value: the long or the string,
 * then, in arrays whose order matters, the insertion number. */
#include <string.h>

#include "ir/build.h"

void build_array_layout(struct ir_module *m, struct session *s, struct variable *v, bool ordered,
                        bool renumber)
{
    struct var_loc *loc = arena_new_obj(m->arena, struct var_loc);
    loc->is_string = v->type == TY_STRING;
    loc->bound = v->bound;
    loc->key_off = arena_new_array(m->arena, uint32_t, v->arity);
    for (int i = 0; i < v->arity; i++) {
        loc->key_off[i] = loc->key_size;
        loc->key_size += v->key_types[i] == TY_STRING ? round8(v->key_bounds[i]) : 8;
    }
    loc->value_size = loc->is_string ? round8(v->bound) : 8;
    loc->seq_off = -1;
    loc->renumber = renumber && v->type != TY_STATS;
    if (ordered) {
        loc->seq_off = (int32_t)loc->value_size;
        loc->value_size += 8;
        loc->seq_counter = m->globals_size;
        m->globals_size += 8;
    }
    loc->map = IR_MAP_FIRST + (uint32_t)m->maps.n;
    int64_t entries = v->maxsize > 0 ? v->maxsize : s->maxmapentries;
    struct ir_map map = {.kind = v->synthetic ? IR_MAP_LRU_HASH : IR_MAP_HASH,
                         .name = v->name,
                         .key_size = loc->key_size,
                         .value_size = loc->value_size,
                         .max_entries = entries > UINT32_MAX ? UINT32_MAX : (uint32_t)entries,
                         .var = v};
    vec_push(m->arena, &m->maps, map);
    v->codegen = loc;
}

struct ir_mem build_key(struct ir_builder *b, const struct variable *v, struct expr *const *args,
                        size_t n)
{
    const struct var_loc *loc = v->codegen;
    struct ir_value *vals = arena_new_array(b->arena, struct ir_value, n + 1);
    const struct expr *outer = build_of(b)->key;
    build_of(b)->key = n == 1 ? args[0] : NULL;
    for (size_t i = 0; i < n; i++)
        vals[i] = build_stable(b, args[i], args + i + 1, n - i - 1);
    build_of(b)->key = outer;
    /* A lone string that is already as a key has to be is one. */
    if (n == 1 && vals[0].padded && vals[0].mem.kind == IRM_SLOT &&
        round8(vals[0].bound) == loc->key_size)
        return vals[0].mem;
    struct ir_mem key = ir_slot_mem(ir_new_slot(b, loc->key_size, "key"), 0);
    for (size_t i = 0; i < n; i++) {
        struct ir_mem m = key;
        m.off += (int32_t)loc->key_off[i];
        if (!vals[i].is_string) {
            ir_store(b, m, 8, vals[i].reg);
            continue;
        }
        uint32_t room = round8(v->key_bounds[i]), have = round8(vals[i].bound);
        if (vals[i].padded && have <= room && have <= COPY_MAX) {
            ir_emit(b, (struct ir_insn){.op = IR_COPY, .mem = m, .mem2 = vals[i].mem, .imm = have});
            m.off += (int32_t)have;
            if (have < room)
                ir_emit(b, (struct ir_insn){.op = IR_ZERO, .mem = m, .imm = room - have});
            continue;
        }
        ir_emit(b, (struct ir_insn){.op = IR_ZERO, .mem = m, .imm = room});
        ir_str_copy(b, (struct ir_value){.is_string = true, .mem = m, .bound = v->key_bounds[i]},
                    vals[i]);
    }
    return key;
}

static ir_reg lookup(struct ir_builder *b, const struct var_loc *loc, struct ir_mem key)
{
    return ir_call(b, HELPER_MAP_LOOKUP, 2, IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(key)));
}

struct ir_value build_index(struct ir_builder *b, const struct expr *e)
{
    const struct variable *v = e->base->var;
    const struct var_loc *loc = v->codegen;
    struct ir_mem key = build_key(b, v, e->args.v, e->args.n);
    struct ir_value out = {0};
    if (loc->is_string)
        out = build_temp_string(b, loc->bound, "element");
    else
        out.reg = ir_new_reg(b);
    uint32_t hit = ir_new_block(b, "found"), miss = ir_new_block(b, "absent"),
             j = ir_new_block(b, "element");
    ir_reg p = lookup(b, loc, key);
    ir_bri(b, CC_NE, p, 0, hit, miss);
    ir_at(b, hit);
    if (loc->is_string)
        ir_str_copy(
            b, out,
            (struct ir_value){.is_string = true, .mem = ir_ptr_mem(p, 0), .bound = loc->bound});
    else
        ir_mov(b, out.reg, ir_load(b, ir_ptr_mem(p, 0), 8, true));
    ir_jmp(b, j);
    ir_at(b, miss);
    if (loc->is_string)
        ir_storei(b, out.mem, 1, 0);
    else
        ir_mov(b, out.reg, ir_const(b, 0));
    ir_jmp(b, j);
    ir_at(b, j);
    return out;
}

/* A column is `*`. */
static bool is_slice(const struct expr *e)
{
    vec_for (i, e->args)
        if (!e->args.v[i])
            return true;
    return false;
}

ir_reg build_in(struct ir_builder *b, const struct expr *e)
{
    const struct variable *v = e->base->var;
    if (e->base->kind == EX_HIST)
        return build_in_hist(b, e);
    if (is_slice(e))
        return build_in_slice(b, e);
    ir_reg p = lookup(b, v->codegen, build_key(b, v, e->args.v, e->args.n));
    return ir_seti(b, CC_NE, p, 0);
}

/* ---- storing ---- */

struct update {
    const struct expr *lv;
    const struct variable *v;
    const struct var_loc *loc;
    enum op op;          /* OP_NONE: plain store */
    struct ir_value rhs; /* long: reg; or imm when has_imm */
    bool has_imm;
    int64_t imm;
    bool post, want;
    ir_reg result;
};

static ir_reg apply(struct ir_builder *b, const struct update *u, ir_reg old)
{
    static const struct {
        enum op op;
        enum ir_bin bin;
    } ops[] = {
        {OP_MUL, B_MUL},    {OP_DIV, B_SDIV},   {OP_MOD, B_SMOD}, {OP_ADD, B_ADD},
        {OP_SUB, B_SUB},    {OP_SHL, B_SHL},    {OP_SHR, B_SAR},  {OP_SHRU, B_SHR},
        {OP_BITAND, B_AND}, {OP_BITXOR, B_XOR}, {OP_BITOR, B_OR},
    };
    if (u->op == OP_NONE)
        return u->has_imm ? ir_const(b, u->imm) : u->rhs.reg;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].op == u->op)
            return u->has_imm ? ir_bini(b, ops[i].bin, old, u->imm)
                              : ir_bin(b, ops[i].bin, old, u->rhs.reg);
    return old;
}

/* Existing element at p. */
static void update_found(struct ir_builder *b, struct update *u, ir_reg p)
{
    struct ir_mem m = ir_ptr_mem(p, 0);
    if (u->loc->is_string) {
        ir_str_copy(b, (struct ir_value){.is_string = true, .mem = m, .bound = u->loc->bound},
                    u->rhs);
        return;
    }
    if ((u->op == OP_ADD || u->op == OP_SUB)) {
        ir_reg old = u->want ? ir_new_reg(b) : 0;
        struct ir_insn add = {.op = IR_ATOMIC_ADD, .dst = old, .size = 8, .mem = m};
        ir_reg delta = u->rhs.reg;
        if (u->has_imm) {
            add.has_imm = true;
            add.imm = u->op == OP_SUB ? -u->imm : u->imm;
        } else {
            if (u->op == OP_SUB) {
                delta = ir_new_reg(b);
                ir_emit(b, (struct ir_insn){.op = IR_NEG, .dst = delta, .a = u->rhs.reg});
            }
            add.a = delta;
        }
        ir_emit(b, add);
        if (u->want)
            ir_mov(b, u->result,
                   u->post      ? old
                   : u->has_imm ? ir_bini(b, B_ADD, old, add.imm)
                                : ir_bin(b, B_ADD, old, delta));
        return;
    }
    ir_reg old = u->op == OP_NONE && !u->post ? 0 : ir_load(b, m, 8, true);
    ir_reg now = apply(b, u, old);
    ir_store(b, m, 8, now);
    if (u->want)
        ir_mov(b, u->result, u->post ? old : now);
}

/* Some kernels call the map's function directly: of its int the upper half of the
 * register says nothing. */
ir_reg build_insert(struct ir_builder *b, uint32_t map, struct ir_mem key, struct ir_mem val)
{
    ir_reg st =
        ir_call(b, HELPER_MAP_UPDATE, 4,
                IR_ARGS(IR_A_MAP(map), IR_A_MEM(key), IR_A_MEM(val), IR_A_IMM(BPF_NOEXIST_FLAG)));
    return ir_bini(b, B_SAR, ir_bini(b, B_SHL, st, 32), 32);
}

/* The kernel may also refuse because the handler interrupts another one that is
 * changing the array: that is a skipped probe. */
void build_insert_failed(struct ir_builder *b, ir_reg st, const struct token *tok,
                         const struct variable *v)
{
    uint32_t busy = ir_new_block(b, "busy"), full = ir_new_block(b, "full");
    ir_bri(b, CC_EQ, st, -ERRNO_BUSY, busy, full);
    ir_at(b, busy);
    ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_ADD,
                                .has_imm = true,
                                .imm = 1,
                                .size = 8,
                                .mem = ir_mem_at(IRM_GLOBAL, (int32_t)offsetof(struct abi_session,
                                                                               skipped_nested))});
    ir_leave(b);
    ir_at(b, full);
    build_raise_tok(b, tok,
                    v->maxsize > 0
                        ? arena_printf(b->arena, "Array overflow, check size limit (%lld)",
                                       (long long)v->maxsize)
                        : "Array overflow, check MAXMAPENTRIES");
}

void build_evict_oldest(struct ir_builder *b, const struct var_loc *loc, bool stat)
{
    struct ir_mem room = ir_slot_mem(ir_new_slot(b, 8 + loc->key_size, "oldest"), 0);
    b->fn->slots.v[room.id].frame = true;
    ir_lib(b, stat ? "rt_evict_oldest_stat" : "rt_evict_oldest", 4,
           IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(room), IR_A_IMM(loc->seq_off),
                   IR_A_IMM(loc->key_size)));
}

/* No such element: insert it.  Somebody else may have been quicker: then the
 * element exists and is updated. */
static void update_absent(struct ir_builder *b, struct update *u, struct ir_mem key, uint32_t done)
{
    const struct var_loc *loc = u->loc;
    struct ir_mem val = ir_slot_mem(ir_new_slot(b, loc->value_size, "new element"), 0);
    if (loc->is_string) {
        ir_emit(b, (struct ir_insn){.op = IR_ZERO, .mem = val, .imm = round8(loc->bound)});
        ir_str_copy(b, (struct ir_value){.is_string = true, .mem = val, .bound = loc->bound},
                    u->rhs);
    } else {
        ir_reg zero = ir_const(b, 0), now = apply(b, u, zero);
        ir_store(b, val, 8, now);
        if (u->want)
            ir_mov(b, u->result, u->post ? zero : now);
    }
    if (loc->seq_off >= 0) {
        ir_reg seq = ir_new_reg(b);
        ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_ADD,
                                    .dst = seq,
                                    .has_imm = true,
                                    .imm = 1,
                                    .size = 8,
                                    .mem = ir_mem_at(IRM_GLOBAL, (int32_t)loc->seq_counter)});
        struct ir_mem m = val;
        m.off += loc->seq_off;
        ir_store(b, m, 8, seq);
    }
    uint32_t failed = ir_new_block(b, "not inserted"), full = ir_new_block(b, "full"),
             raced = ir_new_block(b, "raced");
    ir_reg st = build_insert(b, loc->map, key, val);
    ir_bri(b, CC_EQ, st, 0, done, failed);
    ir_at(b, failed);
    ir_bri(b, CC_EQ, st, -ERRNO_EXIST, raced, full);

    ir_at(b, raced);
    ir_reg p = lookup(b, loc, key);
    uint32_t again = ir_new_block(b, "update");
    ir_bri(b, CC_NE, p, 0, again, full);
    ir_at(b, again);
    update_found(b, u, p);
    ir_jmp(b, done);

    ir_at(b, full);
    if (u->v->wrap) {
        build_evict_oldest(b, loc, false);
        uint32_t still = ir_new_block(b, "still full");
        ir_bri(b, CC_EQ, build_insert(b, loc->map, key, val), 0, done, still);
        ir_at(b, still);
    }
    build_insert_failed(b, st, u->lv->tok, u->v);
}

struct ir_value build_index_assign(struct ir_builder *b, const struct expr *lv, enum op op,
                                   const struct expr *rhs, bool post, bool want)
{
    const struct variable *v = lv->base->var;
    const struct var_loc *loc = v->codegen;
    struct update u = {.lv = lv, .v = v, .loc = loc, .post = post, .want = want};
    u.op = op_of_assign(op);
    struct ir_mem key = build_key(b, v, lv->args.v, lv->args.n);
    if (op == OP_CONCAT_EQ) {
        struct expr cat = {.kind = EX_BINARY,
                           .op = OP_CONCAT,
                           .type = TY_STRING,
                           .tok = lv->tok,
                           .a = (struct expr *)lv,
                           .b = (struct expr *)rhs};
        u.op = OP_NONE;
        u.rhs = build_concat(b, &cat);
    } else if (!rhs) {
        u.has_imm = true;
        u.imm = 1;
    } else if (rhs->kind == EX_NUMBER && rhs->num == (int32_t)rhs->num &&
               (rhs->num || (u.op != OP_DIV && u.op != OP_MOD))) {
        u.has_imm = true;
        u.imm = rhs->num;
    } else {
        u.rhs = build_value(b, rhs);
        if (u.op == OP_DIV || u.op == OP_MOD) {
            uint32_t bad = ir_new_block(b, "division by 0"), good = ir_new_block(b, "divide");
            ir_bri(b, CC_EQ, u.rhs.reg, 0, bad, good);
            ir_at(b, bad);
            build_raise_tok(b, b->tok, "division by 0");
            ir_at(b, good);
        }
    }
    if (want && !loc->is_string)
        u.result = ir_new_reg(b);
    uint32_t hit = ir_new_block(b, "found"), miss = ir_new_block(b, "absent"),
             done = ir_new_block(b, "stored");
    ir_reg p = lookup(b, loc, key);
    ir_bri(b, CC_NE, p, 0, hit, miss);
    ir_at(b, hit);
    update_found(b, &u, p);
    ir_jmp(b, done);
    ir_at(b, miss);
    update_absent(b, &u, key, done);
    ir_at(b, done);
    return loc->is_string ? u.rhs : (struct ir_value){.reg = u.result};
}

/* ---- deleting ---- */

void build_delete(struct ir_builder *b, const struct expr *e)
{
    const struct variable *v = e->kind == EX_INDEX ? e->base->var : e->var;
    const struct var_loc *loc = v->codegen;
    if (e->kind == EX_INDEX) {
        if (is_slice(e)) {
            build_delete_slice(b, e);
            return;
        }
        struct ir_mem key = build_key(b, v, e->args.v, e->args.n);
        ir_call(b, HELPER_MAP_DELETE, 2, IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(key)));
        return;
    }
    if (v->arity > 0) {
        ir_lib(b, "rt_clear", 1, IR_ARGS(IR_A_MAP(loc->map)));
        return;
    }
    if (v->type == TY_STATS) {
        build_stat_reset(b, v);
        return;
    }
    struct ir_value zero = {0};
    if (loc->is_string)
        zero = ir_literal(b, "");
    else
        zero.reg = ir_const(b, 0);
    build_assign_var(b, v, zero);
}
