/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where values live: dead code goes, constants are repeated where they are
 * used, what is live over a yield goes to the frame, and a linear scan gives
 * r6, r7 … to the rest; what is left over goes to the BPF stack. */
#include <stdlib.h>
#include <string.h>

#include "bpf/code.h"

/* The whole call chain has 512 bytes; library functions and callbacks need theirs.  A machine
 * is a callback itself. */
enum { STACK_MAX = 256, STACK_MAX_MACHINE = 144, SLOTS_MAX = 160, SLOT_MAX = 96 };

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

/* ---- places for what is not in a register ----
 * Two values share a place when they are never alive at once: in the order of the
 * instructions, or in any block.  (In that order a value can seem to live through a long
 * stretch that only a way around it leads through, such as a catch block.) */

typedef VEC(const struct interval *) interval_vec;

struct place {
    struct home home;
    interval_vec taken_by;
    struct place *next;
};

struct spills {
    struct arena *a;
    const struct live *lv;
    const struct ir_func *f;
    struct func_alloc *al;
    uint64_t **blocks; /* by vreg: the blocks it occurs or is alive in; NULL: not spilled */
    uint32_t block;    /* being looked at */
    struct place *stack, *frame;
};

static void occurs(ir_reg v, void *arg)
{
    struct spills *s = arg;
    if (s->blocks[v])
        s->blocks[v][s->block / 64] |= 1ull << s->block % 64;
}

static void find_blocks(struct spills *s)
{
    for (uint32_t k = 0; k < s->al->norder; k++) {
        uint32_t b = s->block = s->al->order[k];
        for (uint32_t w = 0; w < s->lv->words; w++) {
            uint64_t bits =
                s->lv->in[(size_t)b * s->lv->words + w] | s->lv->out[(size_t)b * s->lv->words + w];
            for (; bits; bits &= bits - 1) {
                ir_reg v = w * 64 + (ir_reg)__builtin_ctzll(bits);
                if (v <= s->f->nregs)
                    occurs(v, s);
            }
        }
        vec_for (i, s->f->blocks.v[b].insns) {
            const struct ir_insn *in = &s->f->blocks.v[b].insns.v[i];
            uses(in, occurs, s);
            if (in->dst)
                occurs(in->dst, s);
        }
    }
}

static bool alive_together(const struct spills *s, const struct interval *x,
                           const struct interval *y)
{
    if (x->end < y->start || y->end < x->start)
        return false;
    const uint64_t *p = s->blocks[x->r], *q = s->blocks[y->r];
    for (size_t w = 0; w < (s->f->blocks.n + 63) / 64; w++)
        if (p[w] & q[w])
            return true;
    return false;
}

static bool share(struct spills *s, struct place *places, const struct interval *iv)
{
    for (struct place *p = places; p; p = p->next) {
        bool clash = false;
        for (size_t i = 0; i < p->taken_by.n && !clash; i++)
            clash = alive_together(s, p->taken_by.v[i], iv);
        if (clash)
            continue;
        vec_push(s->a, &p->taken_by, iv);
        s->al->vregs[iv->r] = p->home;
        return true;
    }
    return false;
}

static void find_place(struct spills *s, const struct interval *iv)
{
    struct func_alloc *al = s->al;
    if (share(s, s->stack, iv))
        return;
    bool on_stack = iv->pointer || al->stack_used + 8 <= al->stack_max;
    if (!on_stack && share(s, s->frame, iv))
        return;
    struct place *p = arena_new_obj(s->a, struct place), **list = on_stack ? &s->stack : &s->frame;
    if (on_stack) {
        al->stack_used += 8;
        p->home = (struct home){.kind = HOME_STACK, .off = -al->stack_used};
    } else {
        p->home = (struct home){.kind = HOME_FRAME, .off = (int32_t)al->frame_used};
        al->frame_used += 8;
        al->uses_frame = true;
    }
    vec_push(s->a, &p->taken_by, iv);
    p->next = *list;
    *list = p;
    al->vregs[iv->r] = p->home;
}

/* Pointers first: they have to be on the stack. */
static void place_spilled(struct arena *a, const struct ir_func *f, const struct live *lv,
                          const interval_vec *spilled, struct func_alloc *al)
{
    struct spills s = {.a = a, .lv = lv, .f = f, .al = al};
    if (!spilled->n)
        return;
    s.blocks = arena_new_array(a, uint64_t *, f->nregs + 1);
    vec_for (i, *spilled)
        s.blocks[spilled->v[i]->r] = arena_new_array(a, uint64_t, (f->blocks.n + 63) / 64);
    find_blocks(&s);
    for (int pointers = 1; pointers >= 0; pointers--)
        vec_for (i, *spilled)
            if (spilled->v[i]->pointer == pointers)
                find_place(&s, spilled->v[i]);
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
    interval_vec spilled = {0};
    for (size_t i = 0; i < n; i++) {
        struct interval *cur = &iv[i];
        int reg = -1, furthest = 0;
        for (int g = 0; g < nregs_free; g++) {
            if (active[g] && active[g]->end < cur->start)
                active[g] = NULL;
            if (!active[g] && reg < 0)
                reg = g;
            if (active[g] && active[furthest] && active[g]->end > active[furthest]->end)
                furthest = g;
        }
        if (reg < 0 && nregs_free && active[furthest]->end > cur->end) {
            vec_push(a, &spilled, active[furthest]); /* its whole life moves */
            reg = furthest;
        }
        if (reg >= 0) {
            active[reg] = cur;
            al->vregs[cur->r] = (struct home){.kind = HOME_REG, .reg = 6 + reg};
        } else {
            vec_push(a, &spilled, cur);
        }
    }
    place_spilled(a, f, lv, &spilled, al);
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
