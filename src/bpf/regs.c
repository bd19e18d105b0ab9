/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where values live: dead code goes, constants are repeated where they are
 * used, what is live over a yield goes to the frame, and a linear scan gives
 * r6, r7 … to the rest; what is left over goes to the BPF stack. */
#include <stdlib.h>
#include <string.h>

#include "bpf/code.h"

/* The whole call chain has 512 bytes; library functions and callbacks need theirs.  A machine
 * is a callback itself. */
enum { STACK_MAX = 256, STACK_MAX_MACHINE = 192, SLOTS_MAX = 160, SLOT_MAX = 96 };

/* ---- operands ---- */

typedef void use_fn(ir_reg r, void *arg);

static void mem_uses(const struct ir_mem *m, use_fn *fn, void *arg)
{
    if ((m->kind == IRM_PTR || m->kind == IRM_BTF) && m->reg)
        fn(m->reg, arg);
    if (m->idx)
        fn(m->idx, arg);
}

static bool has_mem(enum ir_op op)
{
    switch (op) {
    case IR_LOAD:
    case IR_STORE:
    case IR_ADDR:
    case IR_ATOMIC_ADD:
    case IR_ATOMIC_XCHG:
    case IR_ATOMIC_CMPXCHG:
    case IR_ZERO:
    case IR_COPY:
        return true;
    default:
        return false;
    }
}

static void uses(const struct ir_insn *i, use_fn *fn, void *arg)
{
    if (i->a)
        fn(i->a, arg);
    if (i->b)
        fn(i->b, arg);
    if (has_mem(i->op))
        mem_uses(&i->mem, fn, arg);
    if (i->op == IR_COPY)
        mem_uses(&i->mem2, fn, arg);
    for (int k = 0; k < i->nargs; k++) {
        if (i->args[k].kind == IRA_REG)
            fn(i->args[k].reg, arg);
        if (i->args[k].kind == IRA_MEM || i->args[k].kind == IRA_CTXOFF)
            mem_uses(&i->args[k].mem, fn, arg);
    }
}

static bool pure(const struct ir_insn *i)
{
    switch (i->op) {
    case IR_CONST:
    case IR_MOV:
    case IR_BIN:
    case IR_NEG:
    case IR_NOT:
    case IR_SET:
    case IR_LOAD:
    case IR_ADDR:
        return true;
    default:
        return false;
    }
}

static int successors(const struct ir_insn *t, uint32_t out[2])
{
    switch (t->op) {
    case IR_JMP:
    case IR_YIELD:
    case IR_CALLFN:
        out[0] = t->t;
        return 1;
    case IR_BR:
        out[0] = t->t;
        out[1] = t->f;
        return 2;
    default:
        return 0;
    }
}

static const struct ir_insn *last_of(const struct ir_func *f, uint32_t b)
{
    return &vec_last(f->blocks.v[b].insns);
}

/* ---- order of blocks: reverse postorder over all but yield edges ---- */

struct order {
    const struct ir_func *f;
    uint8_t *seen;
    uint32_t *out;
    uint32_t n;
};

/* Depth first without recursion: handlers can have thousands of blocks. */
static void postorder(struct arena *a, struct order *o, uint32_t root)
{
    struct frame {
        uint32_t block;
        int next;
    } *stack = arena_new_array(a, struct frame, o->f->blocks.n + 1);
    size_t n = 0;
    if (o->seen[root])
        return;
    o->seen[root] = 1;
    stack[n++] = (struct frame){root, 0};
    while (n) {
        struct frame *fr = &stack[n - 1];
        const struct ir_insn *t = last_of(o->f, fr->block);
        uint32_t succ[2];
        int ns = t->op == IR_YIELD || t->op == IR_CALLFN ? 0 : successors(t, succ);
        /* The false branch first: then the true branch follows its test. */
        if (fr->next < ns) {
            uint32_t b = succ[ns - 1 - fr->next++];
            if (!o->seen[b]) {
                o->seen[b] = 1;
                stack[n++] = (struct frame){b, 0};
            }
            continue;
        }
        o->out[o->n++] = fr->block;
        n--;
    }
}

static void order_blocks(struct arena *a, const struct ir_func *f, struct func_alloc *al)
{
    uint32_t nb = (uint32_t)f->blocks.n;
    struct order o = {
        .f = f, .seen = arena_new_array(a, uint8_t, nb), .out = arena_new_array(a, uint32_t, nb)};
    al->resume = arena_new_array(a, bool, nb);
    VEC(uint32_t) roots = {0};
    uint8_t *is_root = arena_new_array(a, uint8_t, nb);
    vec_push(a, &roots, 0);
    is_root[0] = 1;
    /* Roots are found on the way: blocks that reachable yields go to.  They are
     * laid out behind what leads to them. */
    uint8_t *reached = arena_new_array(a, uint8_t, nb);
    VEC(uint32_t) work = {0};
    vec_push(a, &work, 0);
    reached[0] = 1;
    while (work.n) {
        uint32_t b = work.v[--work.n], succ[2];
        const struct ir_insn *t = last_of(f, b);
        int ns = successors(t, succ);
        for (int k = 0; k < ns; k++) {
            if (t->op == IR_YIELD || t->op == IR_CALLFN) {
                al->resume[succ[k]] = true;
                if (!is_root[succ[k]]) {
                    is_root[succ[k]] = 1;
                    vec_push(a, &roots, succ[k]);
                }
            }
            if (!reached[succ[k]]) {
                reached[succ[k]] = 1;
                vec_push(a, &work, succ[k]);
            }
        }
    }
    for (size_t i = roots.n; i-- > 0;)
        postorder(a, &o, roots.v[i]);
    al->order = arena_new_array(a, uint32_t, o.n + 1);
    al->norder = o.n;
    for (uint32_t i = 0; i < o.n; i++)
        al->order[i] = o.out[o.n - 1 - i];
}

/* ---- liveness ---- */

struct live {
    uint32_t words;
    uint64_t *in, *out; /* by block */
    uint64_t *now;
};

static void set_use(ir_reg r, void *arg)
{
    uint64_t *bits = arg;
    bits[r / 64] |= 1ull << (r % 64);
}

static bool is_live(const uint64_t *bits, ir_reg r)
{
    return bits[r / 64] >> (r % 64) & 1;
}

/* One block backwards; with `drop`, dead pure instructions are removed. */
static bool scan_block(const struct ir_func *f, struct live *lv, uint32_t b, bool drop)
{
    struct ir_block *blk = &f->blocks.v[b];
    memcpy(lv->now, lv->out + (size_t)b * lv->words, lv->words * 8);
    bool dropped = false;
    for (size_t i = blk->insns.n; i-- > 0;) {
        struct ir_insn *in = &blk->insns.v[i];
        if (drop && in->dst && pure(in) && !is_live(lv->now, in->dst)) {
            memmove(in, in + 1, (blk->insns.n - i - 1) * sizeof *in);
            blk->insns.n--;
            dropped = true;
            continue;
        }
        if (in->dst)
            lv->now[in->dst / 64] &= ~(1ull << (in->dst % 64));
        uses(in, set_use, lv->now);
    }
    return dropped;
}

static void liveness(const struct ir_func *f, const struct func_alloc *al, struct live *lv)
{
    memset(lv->in, 0, f->blocks.n * lv->words * 8);
    memset(lv->out, 0, f->blocks.n * lv->words * 8);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = al->norder; k-- > 0;) {
            uint32_t b = al->order[k], succ[2];
            int ns = successors(last_of(f, b), succ);
            uint64_t *out = lv->out + (size_t)b * lv->words;
            for (int s = 0; s < ns; s++)
                for (uint32_t w = 0; w < lv->words; w++)
                    out[w] |= lv->in[(size_t)succ[s] * lv->words + w];
            scan_block(f, lv, b, false);
            uint64_t *in = lv->in + (size_t)b * lv->words;
            if (memcmp(in, lv->now, lv->words * 8) != 0) {
                memcpy(in, lv->now, lv->words * 8);
                changed = true;
            }
        }
    }
}

/* ---- constants ---- */

static void find_constants(const struct ir_func *f, const struct func_alloc *al)
{
    uint8_t *defs = calloc(f->nregs + 1, 1);
    if (!defs)
        abort();
    for (uint32_t k = 0; k < al->norder; k++) {
        const struct ir_block *blk = &f->blocks.v[al->order[k]];
        vec_for (i, blk->insns) {
            const struct ir_insn *in = &blk->insns.v[i];
            if (!in->dst)
                continue;
            if (defs[in->dst] < 2)
                defs[in->dst]++;
            if (in->op == IR_CONST && !in->fact && defs[in->dst] == 1)
                al->vregs[in->dst] = (struct home){.kind = HOME_CONST, .value = in->imm};
            else
                al->vregs[in->dst] = (struct home){.kind = HOME_NONE};
        }
    }
    free(defs);
}

/* ---- slots ---- */

struct slot_use {
    uint32_t block; /* the one block that touches it, or UINT32_MAX - 1 for several */
};

static void slot_mem(struct slot_use *u, const struct ir_mem *m, uint32_t block)
{
    if (m->kind != IRM_SLOT)
        return;
    if (u[m->id].block == UINT32_MAX)
        u[m->id].block = block;
    else if (u[m->id].block != block)
        u[m->id].block = UINT32_MAX - 1;
}

static void place_slots(struct arena *a, struct ir_func *f, bool machine, bool dynamic,
                        uint32_t frame_start, struct func_alloc *al)
{
    struct slot_use *u = arena_new_array(a, struct slot_use, f->slots.n + 1);
    vec_for (i, f->slots)
        u[i].block = UINT32_MAX;
    for (uint32_t k = 0; k < al->norder; k++) {
        uint32_t b = al->order[k];
        vec_for (i, f->blocks.v[b].insns) {
            const struct ir_insn *in = &f->blocks.v[b].insns.v[i];
            if (has_mem(in->op))
                slot_mem(u, &in->mem, b);
            if (in->op == IR_COPY)
                slot_mem(u, &in->mem2, b);
            for (int n = 0; n < in->nargs; n++) {
                const struct ir_arg *g = &in->args[n];
                if (g->kind == IRA_MEM || g->kind == IRA_CTXOFF)
                    slot_mem(u, &g->mem, b);
                if (g->kind == IRA_CTXOFF && g->mem.kind == IRM_SLOT)
                    f->slots.v[g->mem.id].frame = true;
            }
        }
    }
    int32_t slots_used = 0;
    al->frame_used = frame_start;
    vec_for (i, f->slots) {
        const struct ir_slot *s = &f->slots.v[i];
        bool callable_slot = dynamic && s->frame;
        if (u[i].block == UINT32_MAX && !callable_slot)
            continue; /* never touched */
        bool on_stack = !s->frame && !s->zeroed && s->size <= SLOT_MAX &&
                        slots_used + (int32_t)s->size <= SLOTS_MAX &&
                        al->stack_used + (int32_t)s->size <= al->stack_max &&
                        (!machine || u[i].block < UINT32_MAX - 1);
        if (on_stack) {
            slots_used += (int32_t)s->size;
            al->stack_used += (int32_t)s->size;
            al->slots[i] = (struct home){.kind = HOME_STACK, .off = -al->stack_used};
        } else {
            al->slots[i] = (struct home){.kind = HOME_FRAME, .off = (int32_t)al->frame_used};
            al->frame_used += s->size;
            al->uses_frame = true;
        }
    }
}

/* ---- linear scan ---- */

struct interval {
    ir_reg r;
    uint32_t start, end;
    bool pointer;
};

static int by_start(const void *x, const void *y)
{
    const struct interval *a = x, *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->r < b->r ? -1 : a->r > b->r;
}

struct ranges {
    uint32_t *start, *end;
    uint32_t at;
};

static void touch(struct ranges *r, ir_reg v, uint32_t at)
{
    if (at < r->start[v])
        r->start[v] = at;
    if (at > r->end[v])
        r->end[v] = at;
}

static void touch_use(ir_reg v, void *arg)
{
    struct ranges *r = arg;
    touch(r, v, r->at);
}

/* Vregs that hold pointers the verifier tracks: they must not go to the frame. */
static void find_pointers(const struct ir_func *f, const struct func_alloc *al, bool *ptr)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 0; k < al->norder; k++)
            vec_for (i, f->blocks.v[al->order[k]].insns) {
                const struct ir_insn *in = &f->blocks.v[al->order[k]].insns.v[i];
                bool p = in->op == IR_ADDR || (in->op == IR_MOV && ptr[in->a]) ||
                         (in->op == IR_LOAD && in->mem.kind == IRM_PROG) ||
                         (in->op == IR_CALL && (in->imm == BPF_FUNC_map_lookup_elem ||
                                                in->imm == BPF_FUNC_map_lookup_percpu_elem ||
                                                in->imm == BPF_FUNC_ringbuf_reserve));
                if (p && in->dst && !ptr[in->dst])
                    ptr[in->dst] = changed = true;
            }
    }
}

static struct home spill(struct func_alloc *al, bool pointer)
{
    if (pointer || al->stack_used + 8 <= al->stack_max) {
        al->stack_used += 8;
        return (struct home){.kind = HOME_STACK, .off = -al->stack_used};
    }
    struct home h = {.kind = HOME_FRAME, .off = (int32_t)al->frame_used};
    al->frame_used += 8;
    al->uses_frame = true;
    return h;
}

static void scan(struct arena *a, const struct ir_func *f, const struct live *lv, int nregs_free,
                 struct func_alloc *al)
{
    struct ranges r = {.start = arena_new_array(a, uint32_t, f->nregs + 1),
                       .end = arena_new_array(a, uint32_t, f->nregs + 1)};
    bool *ptr = arena_new_array(a, bool, f->nregs + 1);
    memset(r.start, 0xff, (f->nregs + 1) * sizeof *r.start);
    find_pointers(f, al, ptr);
    uint32_t pos = 0;
    for (uint32_t k = 0; k < al->norder; k++) {
        uint32_t b = al->order[k], first = pos + 1;
        const uint64_t *in_bits = lv->in + (size_t)b * lv->words;
        const uint64_t *out_bits = lv->out + (size_t)b * lv->words;
        vec_for (i, f->blocks.v[b].insns) {
            const struct ir_insn *in = &f->blocks.v[b].insns.v[i];
            r.at = ++pos;
            uses(in, touch_use, &r);
            if (in->dst)
                touch(&r, in->dst, pos);
        }
        for (ir_reg v = 1; v <= f->nregs; v++) {
            if (is_live(in_bits, v))
                touch(&r, v, first);
            if (is_live(out_bits, v))
                touch(&r, v, pos);
        }
    }
    struct interval *iv = arena_new_array(a, struct interval, f->nregs + 1);
    size_t n = 0;
    for (ir_reg v = 1; v <= f->nregs; v++)
        if (r.end[v] && al->vregs[v].kind == HOME_NONE)
            iv[n++] = (struct interval){v, r.start[v], r.end[v], ptr[v]};
    qsort(iv, n, sizeof *iv, by_start);

    struct interval *active[4] = {0};
    VEC(struct home) free_stack = {0};
    struct {
        struct interval *iv;
        struct home home;
    } *spilled = arena_alloc(a, sizeof *spilled * (n + 1));
    size_t nspilled = 0;
    for (size_t i = 0; i < n; i++) {
        struct interval *cur = &iv[i];
        int reg = -1, furthest = 0;
        /* Stack places of values that are gone are used again. */
        for (size_t k = 0; k < nspilled;) {
            if (spilled[k].iv->end < cur->start) {
                if (spilled[k].home.kind == HOME_STACK)
                    vec_push(a, &free_stack, spilled[k].home);
                spilled[k] = spilled[--nspilled];
            } else {
                k++;
            }
        }
        for (int g = 0; g < nregs_free; g++) {
            if (active[g] && active[g]->end < cur->start)
                active[g] = NULL;
            if (!active[g] && reg < 0)
                reg = g;
            if (active[g] && active[furthest] && active[g]->end > active[furthest]->end)
                furthest = g;
        }
        if (reg < 0 && nregs_free && active[furthest]->end > cur->end) {
            struct interval *victim = active[furthest];
            reg = furthest;
            struct home h =
                free_stack.n ? free_stack.v[--free_stack.n] : spill(al, victim->pointer);
            /* Its whole life moves: a freed place may be in use at its start. */
            if (victim->start < cur->start && h.kind == HOME_STACK)
                h = spill(al, victim->pointer);
            al->vregs[victim->r] = h;
            spilled[nspilled].iv = victim;
            spilled[nspilled++].home = h;
        }
        if (reg >= 0) {
            active[reg] = cur;
            al->vregs[cur->r] = (struct home){.kind = HOME_REG, .reg = 6 + reg};
        } else {
            struct home h = free_stack.n ? free_stack.v[--free_stack.n] : spill(al, cur->pointer);
            al->vregs[cur->r] = h;
            spilled[nspilled].iv = cur;
            spilled[nspilled++].home = h;
        }
    }
}

void alloc_function(struct arena *a, struct ir_func *f, bool machine, bool dynamic, int nregs_free,
                    int32_t reserved, uint32_t frame_start, struct func_alloc *al)
{
    memset(al, 0, sizeof *al);
    al->vregs = arena_new_array(a, struct home, f->nregs + 1);
    al->slots = arena_new_array(a, struct home, f->slots.n + 1);
    al->stack_used = reserved;
    al->stack_max = machine ? STACK_MAX_MACHINE : STACK_MAX;
    order_blocks(a, f, al);

    struct live lv = {.words = (f->nregs + 64) / 64};
    lv.in = arena_new_array(a, uint64_t, f->blocks.n * lv.words);
    lv.out = arena_new_array(a, uint64_t, f->blocks.n * lv.words);
    lv.now = arena_new_array(a, uint64_t, lv.words);
    bool dropped;
    do {
        liveness(f, al, &lv);
        dropped = false;
        for (uint32_t k = 0; k < al->norder; k++)
            dropped |= scan_block(f, &lv, al->order[k], true);
    } while (dropped);
    find_constants(f, al);
    place_slots(a, f, machine, dynamic, frame_start, al);
    for (uint32_t b = 0; b < f->blocks.n; b++) {
        if (!al->resume[b])
            continue;
        for (ir_reg v = 1; v <= f->nregs; v++) {
            if (!is_live(lv.in + (size_t)b * lv.words, v) || al->vregs[v].kind != HOME_NONE)
                continue;
            al->vregs[v] = (struct home){.kind = HOME_FRAME, .off = (int32_t)al->frame_used};
            al->frame_used += 8;
            al->uses_frame = true;
        }
    }
    scan(a, f, &lv, nregs_free, al);
}
