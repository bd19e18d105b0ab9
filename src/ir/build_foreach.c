/* SPDX-License-Identifier: GPL-2.0-or-later */
/* foreach: the runtime library copies the keys of the array into an iteration
 * buffer and sorts them (rt_foreach); the loop then walks the buffer.  A loop
 * over a histogram walks bucket numbers.
 *
 * Buffers are array maps shared by all loops that cannot run at the same time:
 * one entry for handlers that user space runs one after the other, one entry
 * per context for all others; and one map per depth of nesting.  In a recursive function
 * each depth of calls has an entry. */
#include <stddef.h>
#include <string.h>

#include "ir/build.h"

/* ---- iteration buffers ---- */

static uint32_t entries_of(const struct ir_module *m, const struct var_loc *loc)
{
    return m->maps.v[loc->map - IR_MAP_FIRST].max_entries;
}

/* Calls of the function may each be in a loop of its own. */
static bool in_recursion(const struct build *bld)
{
    return bld->machine && bld->frame->fn && bld->frame->fn->recursive;
}

static uint32_t buffer_map(struct ir_builder *b, uint32_t size)
{
    struct build *bld = build_of(b);
    struct ir_module *m = b->mod;
    bool user = b->prog->probe->attach.prog == PROG_SYSCALL;
    const char *name =
        bld->machine ? arena_printf(b->arena, "%s_%s_%u", user ? "iter" : "citer", b->fn->name,
                                    bld->foreach_depth)
                     : arena_printf(b->arena, "%s_%u", user ? "iter" : "citer", bld->foreach_depth);
    vec_for (i, m->maps) {
        struct ir_map *have = &m->maps.v[i];
        if (!have->var && strcmp(have->name, name) == 0) {
            if (have->value_size < size)
                have->value_size = size;
            return IR_MAP_FIRST + (uint32_t)i;
        }
    }
    struct ir_map map = {.kind = IR_MAP_ARRAY,
                         .name = name,
                         .key_size = 4,
                         .value_size = size,
                         .max_entries = user ? 1 : IR_PER_CONTEXT,
                         .levels = in_recursion(bld) ? m->maxnesting + 1 : 0};
    vec_push(m->arena, &m->maps, map);
    return IR_MAP_FIRST + (uint32_t)m->maps.n - 1;
}

static ir_reg buffer_lookup(struct ir_builder *b, uint32_t map)
{
    struct ir_mem key = ir_slot_mem(ir_new_slot(b, 8, "buffer number"), 0);
    uint32_t levels = b->mod->maps.v[map - IR_MAP_FIRST].levels;
    bool user = b->prog->probe->attach.prog == PROG_SYSCALL;
    ir_reg number = user
                        ? ir_const(b, 0)
                        : ir_load(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, index)), 8, false);
    if (levels) {
        ir_reg depth = ir_load(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, nesting)), 8, false);
        number = ir_bin(b, B_ADD, ir_bini(b, B_MUL, number, levels), depth);
    }
    ir_store(b, key, 8, number);
    ir_reg p = ir_call(b, HELPER_MAP_LOOKUP, 2, IR_ARGS(IR_A_MAP(map), IR_A_MEM(key)));
    uint32_t none = ir_new_block(b, "no buffer"), have = ir_new_block(b, "buffer");
    ir_bri(b, CC_NE, p, 0, have, none);
    ir_at(b, none);
    build_raise_tok(b, b->tok, "no iteration buffer");
    ir_at(b, have);
    return p;
}

/* ---- what to sort by ---- */

static uint32_t stat_sort(const struct foreach *f)
{
    switch (f->sort_stat_given ? f->sort_stat : ST_COUNT) {
    case ST_SUM:
        return ABI_SORT_SUM;
    case ST_MIN:
        return ABI_SORT_MIN;
    case ST_MAX:
        return ABI_SORT_MAX;
    case ST_AVG:
        return ABI_SORT_AVG;
    default:
        return ABI_SORT_COUNT;
    }
}

static struct abi_foreach describe(const struct ir_module *m, const struct variable *v,
                                   const struct foreach *f)
{
    const struct var_loc *loc = v->codegen;
    struct abi_foreach d;
    memset(&d, 0, sizeof d);
    d.max = entries_of(m, loc);
    d.key_size = loc->key_size;
    d.value_words = loc->value_size / 8;
    d.seq_off = loc->seq_off >= 0 ? (u32)loc->seq_off : 0;
    d.has_seq = loc->seq_off >= 0;
    d.percpu = v->type == TY_STATS;
    d.keys_off = (u32)sizeof(struct abi_iter) + 2 * d.max * (u32)sizeof(struct abi_iter_entry);
    d.sort = ABI_SORT_NONE;
    if (!f || !f->sort_dir)
        return d;
    if (v->type == TY_STATS && !f->sort_column && f->sort_stat_given && f->sort_stat == ST_VARIANCE)
        return d; /* accepted, but the original sorts by nothing then */
    d.descending = f->sort_dir < 0;
    if (f->sort_column > 0) {
        int k = f->sort_column - 1;
        d.by_off = loc->key_off[k];
        d.sort = v->key_types[k] == TY_STRING ? ABI_SORT_KEY_STRING : ABI_SORT_KEY_LONG;
        d.by_words = v->key_types[k] == TY_STRING ? round8(v->key_bounds[k]) / 8 : 1;
    } else if (v->type == TY_STATS) {
        d.sort = stat_sort(f);
    } else if (v->type == TY_STRING) {
        d.sort = ABI_SORT_VALUE_STRING;
        d.by_words = round8(v->bound) / 8;
    } else {
        d.sort = ABI_SORT_VALUE_LONG;
    }
    return d;
}

static uint32_t buffer_size(const struct abi_foreach *d)
{
    /* A string value sorted by is kept behind the keys. */
    uint32_t per = d->key_size + (d->sort == ABI_SORT_VALUE_STRING ? d->by_words * 8 : 0);
    return d->keys_off + d->max * per;
}

/* Fills the buffer; the number of keys.  limit: 0 where the loop has none. */
static ir_reg fill(struct ir_builder *b, uint32_t map, const struct var_loc *loc,
                   const struct abi_foreach *d, ir_reg limit)
{
    uint32_t off = build_rodata(b->mod, sizeof *d);
    memcpy((char *)b->mod->rodata + off, d, sizeof *d);
    ir_reg p = buffer_lookup(b, map);
    ir_reg n = ir_lib(b, "rt_foreach", 3,
                      IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(ir_ptr_mem(p, 0)),
                              IR_A_MEM(ir_mem_at(IRM_RODATA, (int32_t)off))));
    if (!loc->renumber || d->sort == ABI_SORT_NONE)
        return n;
    if (loc->sorts)
        ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_ADD,
                                    .has_imm = true,
                                    .imm = 1,
                                    .size = 8,
                                    .mem = ir_mem_at(IRM_GLOBAL, (int32_t)loc->sorts)});
    if (!limit) {
        ir_lib(b, "rt_renumber", 3,
               IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(ir_ptr_mem(p, 0)),
                       IR_A_MEM(ir_mem_at(IRM_RODATA, (int32_t)off))));
        return n;
    }
    ir_store(b, ir_ptr_mem(p, offsetof(struct abi_iter, limit)), 8, limit);
    ir_lib(b, "rt_renumber_top", 4,
           IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(ir_ptr_mem(p, 0)),
                   IR_A_MEM(ir_mem_at(IRM_RODATA, (int32_t)off)),
                   IR_A_MEM(ir_mem_at(IRM_GLOBAL, (int32_t)loc->seq_counter))));
    return n;
}

/* The i-th key in the buffer at p: a memory operand over the whole key; number: where it is
 * kept, or NULL. */
static struct ir_mem key_at(struct ir_builder *b, ir_reg p, const struct abi_foreach *d, ir_reg i,
                            ir_reg *number)
{
    struct ir_mem from = ir_ptr_mem(p, offsetof(struct abi_iter, first));
    ir_reg first = ir_load(b, from, 8, false);
    struct ir_mem ent =
        ir_ptr_mem(p, sizeof(struct abi_iter) + offsetof(struct abi_iter_entry, index));
    ent.idx = ir_bini(b, B_MUL, ir_bin(b, B_ADD, first, i), sizeof(struct abi_iter_entry));
    ent.idx_max = (2 * d->max - 1) * (u32)sizeof(struct abi_iter_entry);
    ir_reg index = ir_load(b, ent, 8, false);
    if (number)
        ir_mov(b, *number, index);
    struct ir_mem key = ir_ptr_mem(p, (int32_t)d->keys_off);
    key.idx = ir_bini(b, B_MUL, index, d->key_size);
    key.idx_max = (d->max - 1) * d->key_size;
    return key;
}

static struct ir_value key_column(struct ir_builder *b, const struct variable *a, struct ir_mem key,
                                  int k)
{
    const struct var_loc *loc = a->codegen;
    key.off += (int32_t)loc->key_off[k];
    if (a->key_types[k] == TY_STRING)
        return (struct ir_value){.is_string = true, .mem = key, .bound = a->key_bounds[k]};
    return (struct ir_value){.reg = ir_load(b, key, 8, true)};
}

/* ---- loops inside of loops over the same array ---- */

struct walk {
    uint32_t head, body, cont, end;
    ir_reg i;
};

struct search {
    const struct variable *array;
    struct hash seen;
    bool found;
};

static void search_stmt(struct stmt **sp, void *arg);

static void search_expr(struct expr **ep, void *arg)
{
    struct search *w = arg;
    if ((*ep)->kind == EX_CALL)
        vec_for (i, (*ep)->callees) {
            struct function *f = (*ep)->callees.v[i];
            if (f->body && !f->intrinsic && hash_put(&w->seen, f->unique ? f->unique : f->name, f))
                search_stmt(&f->body, w);
        }
    expr_children(*ep, search_expr, arg);
}

static void search_stmt(struct stmt **sp, void *arg)
{
    struct search *w = arg;
    const struct stmt *s = *sp;
    w->found |= s->kind == SM_FOREACH && s->foreach->sort_dir &&
                s->foreach->base->kind == EX_SYMBOL && s->foreach->base->var == w->array;
    stmt_children(*sp, search_expr, search_stmt, arg);
}

bool build_foreach_resorted(struct arena *a, const struct stmt *s)
{
    struct search w = {.array = s->foreach->base->var};
    struct stmt *body = s->then;
    hash_init(&w.seen, a);
    search_stmt(&body, &w);
    return w.found;
}

/* The loop goes on behind its element where that stands now, if another one has sorted the array
 * in its body: the original has one list for both. */
static void follow(struct ir_builder *b, const struct variable *a, uint32_t map,
                   const struct walk *w, ir_reg sorts, ir_reg index)
{
    const struct var_loc *loc = a->codegen;
    struct abi_foreach d = describe(b->mod, a, NULL);
    uint32_t off = build_rodata(b->mod, sizeof d);
    memcpy((char *)b->mod->rodata + off, &d, sizeof d);
    uint32_t other = ir_new_block(b, "sorted meanwhile"), go = ir_new_block(b, "next");
    ir_reg now = ir_load(b, ir_mem_at(IRM_GLOBAL, (int32_t)loc->sorts), 8, false);
    ir_br(b, CC_EQ, now, sorts, go, other);
    ir_at(b, other);
    ir_mov(b, sorts, now);
    ir_reg p = buffer_lookup(b, map);
    ir_mov(b, w->i,
           ir_lib(b, "rt_reorder", 4,
                  IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(ir_ptr_mem(p, 0)),
                          IR_A_MEM(ir_mem_at(IRM_RODATA, (int32_t)off)), IR_A_REG(index))));
    ir_jmp(b, go);
    ir_at(b, go);
}

/* ---- slices ---- */

/* Values of a slice's fixed columns, evaluated once before the loop. */
static struct ir_value *slice_values(struct ir_builder *b, struct expr *const *cols, size_t n)
{
    struct ir_value *v = arena_new_array(b->arena, struct ir_value, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (!cols[i])
            continue;
        v[i] = build_value(b, cols[i]);
        if (v[i].is_string)
            v[i] = build_copy_string(b, v[i]);
    }
    return v;
}

/* Goes to `no` unless the key at `key` is in the slice. */
static void check_slice(struct ir_builder *b, const struct variable *a, struct ir_mem key,
                        struct expr *const *cols, size_t n, const struct ir_value *want,
                        uint32_t no)
{
    for (size_t i = 0; i < n; i++) {
        if (!cols[i])
            continue;
        uint32_t same = ir_new_block(b, "same column");
        struct ir_value have = key_column(b, a, key, (int)i);
        if (have.is_string) {
            have = build_copy_string(b, have);
            ir_bri(b, CC_NE, build_string_compare(b, OP_EQ, have, want[i]), 0, same, no);
        } else {
            ir_br(b, CC_EQ, have.reg, want[i].reg, same, no);
        }
        ir_at(b, same);
    }
}

/* ---- loops ---- */

static struct walk walk_begin(struct ir_builder *b, ir_reg n)
{
    struct walk w = {.head = ir_new_block(b, "foreach"),
                     .body = ir_new_block(b, "body"),
                     .cont = ir_new_block(b, "continue"),
                     .end = ir_new_block(b, "end of foreach"),
                     .i = ir_new_reg(b)};
    ir_reg count = ir_new_reg(b);
    ir_mov(b, count, n);
    ir_mov(b, w.i, ir_const(b, 0));
    ir_jmp(b, w.head);
    ir_at(b, w.head);
    ir_br(b, CC_SLT, w.i, count, w.body, w.end);
    ir_at(b, w.body);
    return w;
}

static void walk_end(struct ir_builder *b, const struct walk *w)
{
    ir_jmp(b, w->cont);
    ir_at(b, w->cont);
    ir_mov(b, w->i, ir_bini(b, B_ADD, w->i, 1));
    ir_yield(b, w->head);
    ir_at(b, w->end);
}

static void loop_body(struct ir_builder *b, const struct stmt *s, const struct walk *w)
{
    struct build *bld = build_of(b);
    struct loop_frame loop = {
        .outer = bld->frame->loops, .break_to = w->end, .continue_to = w->cont};
    bld->frame->loops = &loop;
    bld->foreach_depth++;
    build_actions(b, 1, s->tok, false);
    build_stmt(b, s->then);
    build_actions(b, 0, build_body_tok(s->then, s->tok), true);
    bld->foreach_depth--;
    bld->frame->loops = loop.outer;
}

static void foreach_hist(struct ir_builder *b, const struct stmt *s)
{
    const struct foreach *f = s->foreach;
    uint32_t nbuckets;
    struct ir_mem buckets = build_hist_snapshot(b, f->base, &nbuckets);
    build_actions(b, 1, s->tok, true);
    ir_reg rounds = ir_const(b, nbuckets);
    if (f->limit) {
        ir_reg limit = build_long(b, f->limit);
        uint32_t less = ir_new_block(b, "limit"), go = ir_new_block(b, "buckets");
        ir_reg all = rounds;
        rounds = ir_new_reg(b);
        ir_mov(b, rounds, all);
        ir_bri(b, CC_SLT, limit, nbuckets, less, go);
        ir_at(b, less);
        ir_mov(b, rounds, limit);
        ir_jmp(b, go);
        ir_at(b, go);
    }
    struct walk w = walk_begin(b, rounds);
    if (f->keys.n) {
        ir_reg k = ir_new_reg(b);
        ir_mov(b, k, w.i);
        build_assign_var(b, f->keys.v[0]->var, (struct ir_value){.reg = k});
    }
    if (f->value) {
        buckets.idx = ir_bini(b, B_SHL, w.i, 3);
        buckets.idx_max = (nbuckets - 1) * 8;
        build_assign_var(b, f->value->var, (struct ir_value){.reg = ir_load(b, buckets, 8, false)});
    }
    loop_body(b, s, &w);
    walk_end(b, &w);
}

void build_foreach(struct ir_builder *b, const struct stmt *s)
{
    const struct foreach *f = s->foreach;
    if (f->base->kind == EX_HIST) {
        foreach_hist(b, s);
        return;
    }
    const struct variable *a = f->base->var;
    const struct var_loc *loc = a->codegen;
    struct ir_value limit = {0};
    if (f->limit)
        limit.reg = build_long(b, f->limit);
    struct ir_value *want = slice_values(b, f->slice.v, f->slice.n);

    struct abi_foreach d = describe(b->mod, a, f);
    uint32_t map = buffer_map(b, buffer_size(&d));
    ir_reg n = fill(b, map, loc, &d, limit.reg);
    build_actions(b, 1, s->tok, true);
    ir_reg left = 0;
    if (f->limit) {
        left = ir_new_reg(b);
        ir_mov(b, left, limit.reg);
    }
    bool follows = loc->sorts && build_foreach_resorted(b->arena, s);
    ir_reg sorts = 0, number = 0;
    if (follows) {
        sorts = ir_new_reg(b);
        number = ir_new_reg(b);
        ir_mov(b, sorts, ir_load(b, ir_mem_at(IRM_GLOBAL, (int32_t)loc->sorts), 8, false));
        ir_mov(b, number, ir_const(b, 0));
    }
    struct walk w = walk_begin(b, n);
    if (left) {
        uint32_t more = ir_new_block(b, "within limit");
        ir_bri(b, CC_SGT, left, 0, more, w.end);
        ir_at(b, more);
    }
    if (left) /* elements outside of the slice count too */
        ir_mov(b, left, ir_bini(b, B_SUB, left, 1));
    struct ir_mem key = key_at(b, buffer_lookup(b, map), &d, w.i, follows ? &number : NULL);
    check_slice(b, a, key, f->slice.v, f->slice.n, want, w.cont);
    vec_for (i, f->keys)
        build_assign_var(b, f->keys.v[i]->var, key_column(b, a, key, (int)i));
    if (f->value) {
        struct expr elem = {.kind = EX_INDEX,
                            .type = a->type,
                            .tok = f->value->tok,
                            .base = f->base,
                            .args = f->keys};
        build_assign_var(b, f->value->var, build_index(b, &elem));
    }
    loop_body(b, s, &w);
    if (follows) {
        ir_jmp(b, w.cont);
        ir_at(b, w.cont);
        follow(b, a, map, &w, sorts, number);
        w.cont = ir_new_block(b, "step");
    }
    walk_end(b, &w);
}

void build_delete_slice(struct ir_builder *b, const struct expr *e)
{
    const struct variable *a = e->base->var;
    const struct var_loc *loc = a->codegen;
    struct ir_value *want = slice_values(b, e->args.v, e->args.n);
    struct abi_foreach d = describe(b->mod, a, NULL);
    uint32_t map = buffer_map(b, buffer_size(&d));
    build_of(b)->extra_steps += d.max;
    struct walk w = walk_begin(b, fill(b, map, loc, &d, 0));
    struct ir_mem key = key_at(b, buffer_lookup(b, map), &d, w.i, NULL);
    check_slice(b, a, key, e->args.v, e->args.n, want, w.cont);
    ir_call(b, HELPER_MAP_DELETE, 2, IR_ARGS(IR_A_MAP(loc->map), IR_A_MEM(key)));
    walk_end(b, &w);
}

ir_reg build_in_slice(struct ir_builder *b, const struct expr *e)
{
    const struct variable *a = e->base->var;
    struct ir_value *want = slice_values(b, e->args.v, e->args.n);
    struct abi_foreach d = describe(b->mod, a, NULL);
    uint32_t map = buffer_map(b, buffer_size(&d));
    build_of(b)->extra_steps += d.max;
    ir_reg found = ir_new_reg(b);
    ir_mov(b, found, ir_const(b, 0));
    struct walk w = walk_begin(b, fill(b, map, a->codegen, &d, 0));
    struct ir_mem key = key_at(b, buffer_lookup(b, map), &d, w.i, NULL);
    check_slice(b, a, key, e->args.v, e->args.n, want, w.cont);
    ir_mov(b, found, ir_const(b, 1));
    ir_jmp(b, w.end);
    ir_at(b, ir_new_block(b, "not reached"));
    walk_end(b, &w);
    return found;
}
