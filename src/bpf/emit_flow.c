/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IR → eBPF: one program.  Its entry and exits, the order of blocks, and the jumps between them;
 * with loops or calls it is a machine (ir/ir.h). */
#include <stddef.h>
#include <string.h>

#include "bpf/arch.h"
#include "bpf/emit.h"

enum { ISLAND_EVERY = 10000 };

bool prog_is_machine(const struct ir_prog *p)
{
    if (p->funcs.n > 1)
        return true;
    vec_for (b, p->funcs.v[0]->blocks) {
        const struct ir_block *blk = &p->funcs.v[0]->blocks.v[b];
        if (blk->insns.n && vec_last(blk->insns).op == IR_YIELD)
            return true;
    }
    return false;
}

static bool mem_needs_ctx(const struct ir_mem *m)
{
    return m->kind == IRM_CTX || m->kind == IRM_OUT || m->kind == IRM_CALLEE;
}

bool prog_needs_ctx(const struct ir_prog *p, const struct func_alloc *allocs)
{
    if (prog_is_machine(p))
        return true;
    const struct ir_func *f = p->funcs.v[0];
    if (allocs[0].uses_frame)
        return true;
    for (uint32_t k = 0; k < allocs[0].norder; k++)
        vec_for (i, f->blocks.v[allocs[0].order[k]].insns) {
            const struct ir_insn *in = &f->blocks.v[allocs[0].order[k]].insns.v[i];
            if (mem_needs_ctx(&in->mem) || (in->op == IR_COPY && mem_needs_ctx(&in->mem2)))
                return true;
            for (int n = 0; n < in->nargs; n++)
                if (in->args[n].kind == IRA_CTX || in->args[n].kind == IRA_CTXOFF ||
                    (in->args[n].kind == IRA_MEM && mem_needs_ctx(&in->args[n].mem)))
                    return true;
        }
    return false;
}

/* ---- control flow ---- */

static void jump_to(struct emitter *e, uint32_t insn, uint32_t block)
{
    struct jump j = {insn, e->fn, block};
    vec_push(e->c->arena, &e->jumps, j);
}

static void emit_ja(struct emitter *e, uint32_t block, uint32_t next)
{
    if (block != next)
        jump_to(e, code_put(e->c, BPF_JMP | BPF_JA, 0, 0, 0, 0), block);
}

static enum ir_cc invert(enum ir_cc cc)
{
    static const enum ir_cc inv[] = {
        [CC_EQ] = CC_NE,   [CC_NE] = CC_EQ,   [CC_SLT] = CC_SGE, [CC_SLE] = CC_SGT,
        [CC_SGT] = CC_SLE, [CC_SGE] = CC_SLT, [CC_ULT] = CC_UGE, [CC_ULE] = CC_UGT,
        [CC_UGT] = CC_ULE, [CC_UGE] = CC_ULT,
    };
    return inv[cc];
}

static void leave_segment(struct emitter *e, int64_t state)
{
    code_sti(e->c, 8, R_CTX, offsetof(struct abi_ctx, state), (int32_t)state);
    code_movi(e->c, 0, 0);
    code_exit(e->c);
}

static void emit_callfn(struct emitter *e, const struct ir_insn *i)
{
    struct code *c = e->c;
    const struct ctx_layout *l = &e->gen->layout;
    uint32_t back = e->state_of[e->fn][i->t];
    if (e->fn == 0) {
        code_mov(c, 1, R_CTX);
        code_alui(c, BPF_ADD, 1, (int32_t)l->stack_off);
        code_sti(c, 8, 1, 0, (int32_t)back);
        code_sti(c, 8, 1, 8, 0);
        code_sti(c, 8, R_CTX, offsetof(struct abi_ctx, fp), 0);
    } else {
        code_ldx(c, 8, 2, R_CTX, offsetof(struct abi_ctx, fp));
        code_mov(c, 1, R_FRAME);
        code_alui(c, BPF_ADD, 1, (int32_t)l->call_frame);
        code_sti(c, 8, 1, 0, (int32_t)back);
        code_stx(c, 8, 1, 8, 2);
        code_alui(c, BPF_ADD, 2, (int32_t)l->call_frame);
        code_stx(c, 8, R_CTX, offsetof(struct abi_ctx, fp), 2);
    }
    leave_segment(e, e->state_of[i->fn][0]);
}

static void emit_fret(struct emitter *e)
{
    struct code *c = e->c;
    code_ldx(c, 8, 1, R_FRAME, 0);
    code_stx(c, 8, R_CTX, offsetof(struct abi_ctx, state), 1);
    code_ldx(c, 8, 1, R_FRAME, 8);
    code_stx(c, 8, R_CTX, offsetof(struct abi_ctx, fp), 1);
    code_movi(c, 0, 0);
    code_exit(c);
}

enum { NF_ACCEPT = 1 };

/* The result of most programs means nothing; a packet is let through where nothing else was said.
 */
static void leave_handler(struct emitter *e)
{
    code_movi(e->c, 0, e->p->probe->attach.prog == PROG_NETFILTER ? NF_ACCEPT : 0);
    code_exit(e->c);
}

/* The context is given back, and the handler left. */
static void emit_release(struct emitter *e)
{
    if (!e->needs_ctx) {
        leave_handler(e);
        return;
    }
    if (e->p->probe->attach.prog != PROG_NETFILTER) {
        code_sti(e->c, 8, R_CTX, offsetof(struct abi_ctx, busy), 0);
        leave_handler(e);
        return;
    }
    code_ldx(e->c, 8, 0, R_CTX, offsetof(struct abi_ctx, verdict));
    code_alui(e->c, BPF_AND, 0, NF_ACCEPT);
    code_sti(e->c, 8, R_CTX, offsetof(struct abi_ctx, busy), 0);
    code_exit(e->c);
}

static void emit_ret(struct emitter *e)
{
    if (e->machine) {
        code_sti(e->c, 8, R_CTX, offsetof(struct abi_ctx, state), STATE_DONE);
        code_movi(e->c, 0, 1);
        code_exit(e->c);
        return;
    }
    emit_release(e);
}

void emit_control(struct emitter *e, const struct ir_insn *i, uint32_t next)
{
    switch (i->op) {
    case IR_JMP:
        emit_ja(e, i->t, next);
        break;
    case IR_BR:
        if (i->t == next) {
            jump_to(e, emit_compare(e, i, invert(i->cc)), i->f);
        } else {
            jump_to(e, emit_compare(e, i, i->cc), i->t);
            emit_ja(e, i->f, next);
        }
        break;
    case IR_YIELD:
        leave_segment(e, e->state_of[e->fn][i->t]);
        break;
    case IR_CALLFN:
        emit_callfn(e, i);
        break;
    case IR_FRET:
        emit_fret(e);
        break;
    case IR_RET:
        emit_ret(e);
        break;
    default:
        break;
    }
}

static uint32_t island_jump(struct emitter *e)
{
    return code_put(e->c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

/* Jumps reach 32,767 instructions.  In a program that is longer, those whose
 * target is still to come go through one jump each target has here. */
static void emit_island(struct emitter *e)
{
    struct arena *a = e->c->arena;
    int last = vec_last(e->c->insns).code;
    bool reached = last != (BPF_JMP | BPF_JA) && last != (BPF_JMP | BPF_EXIT);
    uint32_t over = reached ? island_jump(e) : 0;
    jump_vec pending = {0};
    vec_for (k, e->jumps) {
        struct jump *j = &e->jumps.v[k];
        if (e->block_at[j->fn][j->block])
            continue;
        size_t same = 0;
        while (same < pending.n &&
               (pending.v[same].fn != j->fn || pending.v[same].block != j->block))
            same++;
        if (same == pending.n) {
            struct jump via = {island_jump(e), j->fn, j->block};
            vec_push(a, &pending, via);
        }
        e->c->insns.v[j->insn].off = (int16_t)(pending.v[same].insn - j->insn - 1);
        *j = vec_last(e->jumps);
        e->jumps.n--;
        k--;
    }
    vec_for (k, pending)
        vec_push(a, &e->jumps, pending.v[k]);
    if (e->traps.n) {
        uint32_t via = island_jump(e);
        vec_for (k, e->traps)
            e->c->insns.v[e->traps.v[k]].off = (int16_t)(via - e->traps.v[k] - 1);
        e->traps.n = 0;
        vec_push(a, &e->traps, via);
    }
    if (reached)
        e->c->insns.v[over].off = (int16_t)(code_here(e->c) - over - 1);
    e->island = code_here(e->c);
}

static void emit_blocks(struct emitter *e)
{
    const struct ir_func *f = e->p->funcs.v[e->fn];
    const struct func_alloc *al = &e->allocs[e->fn];
    for (uint32_t k = 0; k < al->norder; k++) {
        uint32_t b = al->order[k];
        uint32_t next = k + 1 < al->norder ? al->order[k + 1] : UINT32_MAX;
        if (code_here(e->c) - e->island > ISLAND_EVERY)
            emit_island(e);
        e->block_at[e->fn][b] = code_here(e->c);
        vec_for (i, f->blocks.v[b].insns)
            emit_insn(e, &f->blocks.v[b].insns.v[i], next);
    }
}

/* ---- entry ---- */

void code_syscall_slot(struct code *c, bool enter)
{
    code_ldx(c, 8, 3, 1, 0);
    if (enter)
        code_ldx(c, 8, 2, 1, 8);
    else
        code_ldx(c, 8, 2, 3, ARCH_REGS_SYSCALL_NR);
    code_ldx(c, 2, 3, 3, ARCH_REGS_MODE);
    code_put(c, BPF_JMP | BPF_JNE | BPF_K, 3, 0, 1, ARCH_MODE_32);
    code_alui(c, BPF_ADD, 2, CALLS_32);
}

/* exit 0 when the probe should not run; jumps to patch in `out`. */
static void emit_checks(struct emitter *e, uint32_t *out, int *n)
{
    struct code *c = e->c;
    const struct probe *p = e->p->probe;
    code_map_value(c, 2, IR_MAP_FIXED_GLOBALS, offsetof(struct abi_session, state));
    code_ldx(c, 4, 2, 2, 0);
    if (p->attach.kind == ATTACH_ASK) { /* in any state */
        out[(*n)++] = code_put(c, BPF_JMP | BPF_JGT | BPF_K, 2, 0, 0, STATE_ENDING);
        return;
    }
    out[(*n)++] = code_put(c, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, (int32_t)e->p->required_state);
    if (p->attach.nr == -1 ||
        (p->attach.kind != ATTACH_SYSCALL_ENTER && p->attach.kind != ATTACH_SYSCALL_EXIT))
        return;
    /* r2 = the slot (sema/program.h) of the call. */
    code_syscall_slot(c, p->attach.kind == ATTACH_SYSCALL_ENTER);
    if (p->attach.nr >= 0 && p->attach.nr32 >= 0) {
        code_put(c, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1, p->attach.nr);
        out[(*n)++] = code_put(c, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, p->attach.nr32 + CALLS_32);
    } else {
        int32_t slot = p->attach.nr >= 0 ? p->attach.nr : p->attach.nr32 + CALLS_32;
        out[(*n)++] = code_put(c, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, slot);
    }
}

/* r9 = a context of this CPU; jumps in `none` when all are taken. */
static void emit_acquire(struct emitter *e)
{
    struct code *c = e->c;
    uint32_t got[CTX_POOL], next[2];
    code_call(c, BPF_FUNC_get_smp_processor_id);
    code_alui(c, BPF_MUL, 0, CTX_POOL);
    code_stx(c, 4, 10, CTX_PTR_OFF, 0);
    for (int k = 0; k < CTX_POOL; k++) {
        if (k) {
            code_ldx(c, 4, 0, 10, CTX_PTR_OFF);
            code_alui(c, BPF_ADD, 0, 1);
            code_stx(c, 4, 10, CTX_PTR_OFF, 0);
        }
        code_map(c, 1, IR_MAP_FIXED_CTX);
        code_mov(c, 2, 10);
        code_alui(c, BPF_ADD, 2, CTX_PTR_OFF);
        code_call(c, BPF_FUNC_map_lookup_elem);
        next[0] = code_put(c, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
        code_mov(c, R_CTX, 0);
        code_movi(c, 1, 1);
        code_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, R_CTX, 1, offsetof(struct abi_ctx, busy),
                 BPF_XCHG);
        got[k] = code_put(c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0);
        c->insns.v[next[0]].off = (int16_t)(code_here(c) - next[0] - 1);
    }
    code_map_value(c, 1, IR_MAP_FIXED_GLOBALS, offsetof(struct abi_session, skipped_context));
    code_movi(c, 2, 1);
    code_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD);
    leave_handler(e);
    for (int k = 0; k < CTX_POOL; k++)
        c->insns.v[got[k]].off = (int16_t)(code_here(c) - got[k] - 1);
}

static void patch_here(struct emitter *e, const uint32_t *insns, int n)
{
    for (int k = 0; k < n; k++)
        e->c->insns.v[insns[k]].off = (int16_t)(code_here(e->c) - insns[k] - 1);
}

/* The exit for bounds that should have held: counted, and the context given back. */
static void emit_traps(struct emitter *e)
{
    struct code *c = e->c;
    if (!e->traps.n)
        return;
    for (size_t k = 0; k < e->traps.n; k++) {
        int64_t d = (int64_t)code_here(c) - e->traps.v[k] - 1;
        if (!fits16(d))
            e->error = "too large";
        c->insns.v[e->traps.v[k]].off = (int16_t)d;
    }
    code_map_value(c, 1, IR_MAP_FIXED_GLOBALS, offsetof(struct abi_session, internal));
    code_movi(c, 2, 1);
    code_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD);
    emit_ret(e);
    e->traps.n = 0;
}

static void patch_jumps(struct emitter *e)
{
    vec_for (k, e->jumps) {
        const struct jump *j = &e->jumps.v[k];
        int64_t d = (int64_t)e->block_at[j->fn][j->block] - j->insn - 1;
        if (!fits16(d))
            e->error = "too large";
        e->c->insns.v[j->insn].off = (int16_t)d;
    }
    e->jumps.n = 0;
}

static void begin_sub(struct emitter *e, const char *name, uint8_t nargs)
{
    struct subprog s = {.start = code_here(e->c), .name = name, .nargs = nargs};
    vec_push(e->c->arena, &e->c->subs, s);
}

static void emit_straight(struct emitter *e)
{
    uint32_t out[3];
    int n = 0;
    begin_sub(e, "handler", 1);
    emit_checks(e, out, &n);
    code_stx(e->c, 8, 10, PROG_CTX_OFF, 1);
    if (e->needs_ctx)
        emit_acquire(e);
    emit_blocks(e);
    emit_traps(e);
    patch_here(e, out, n);
    leave_handler(e);
    patch_jumps(e);
}

/* ---- the machine ---- */

struct resume_point {
    uint32_t fn, block;
};

/* if (r1 == state) goto its block, by halves. */
static void emit_dispatch(struct emitter *e, const struct resume_point *pts, uint32_t lo,
                          uint32_t hi, jump_vec *entries)
{
    if (hi - lo == 1) {
        struct jump j = {code_put(e->c, BPF_JMP | BPF_JA, 0, 0, 0, 0), pts[lo].fn, lo};
        vec_push(e->c->arena, entries, j);
        return;
    }
    uint32_t mid = lo + (hi - lo) / 2;
    uint32_t right = code_put(e->c, BPF_JMP | BPF_JGE | BPF_K, 1, 0, 0, (int32_t)mid);
    emit_dispatch(e, pts, lo, mid, entries);
    e->c->insns.v[right].off = (int16_t)(code_here(e->c) - right - 1);
    emit_dispatch(e, pts, mid, hi, entries);
}

static void emit_machine(struct emitter *e)
{
    struct code *c = e->c;
    struct arena *a = c->arena;
    const struct ctx_layout *l = &e->gen->layout;
    uint32_t out[3];
    int n = 0;

    VEC(struct resume_point) pts = {0};
    for (uint32_t f = 0; f < e->p->funcs.n; f++)
        for (uint32_t b = 0; b < e->p->funcs.v[f]->blocks.n; b++)
            if (b == 0 || e->allocs[f].resume[b]) {
                e->state_of[f][b] = (uint32_t)pts.n;
                struct resume_point rp = {f, b};
                vec_push(a, &pts, rp);
            }

    begin_sub(e, "handler", 1);
    emit_checks(e, out, &n);
    code_stx(c, 8, 10, PROG_CTX_OFF, 1);
    emit_acquire(e);
    code_stx(c, 8, 10, CTX_PTR_OFF, R_CTX);
    code_sti(c, 8, R_CTX, offsetof(struct abi_ctx, state), 0);
    code_movi(c, 1, e->p->max_steps);
    code_reloc(c, (struct reloc){.kind = RELOC_FUNC, .number = 1});
    code_put(c, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 0);
    code_put(c, 0, 0, 0, 0, 0);
    code_mov(c, 3, 10);
    code_alui(c, BPF_ADD, 3, CTX_PTR_OFF);
    code_movi(c, 4, 0);
    code_call(c, BPF_FUNC_loop);
    emit_release(e);
    patch_here(e, out, n);
    leave_handler(e);

    begin_sub(e, "segments", 2);
    e->island = code_here(c);
    code_ldx(c, 8, R_CTX, 2, 0);
    code_ldx(c, 8, 1, 2, 8);
    code_stx(c, 8, 10, PROG_CTX_OFF, 1);
    code_ldx(c, 8, 1, R_CTX, offsetof(struct abi_ctx, state));
    jump_vec entries = {0};
    emit_dispatch(e, pts.v, 0, (uint32_t)pts.n, &entries);
    /* A function's resume points find their frame first. */
    jump_vec direct = {0};
    vec_for (k, entries) {
        const struct resume_point *rp = &pts.v[entries.v[k].block];
        if (rp->fn == 0) {
            struct jump j = {entries.v[k].insn, 0, rp->block};
            vec_push(a, &direct, j);
            continue;
        }
        c->insns.v[entries.v[k].insn].off = (int16_t)(code_here(c) - entries.v[k].insn - 1);
        code_ldx(c, 8, R_FRAME, R_CTX, offsetof(struct abi_ctx, fp));
        vec_push(a, &e->traps, code_here(c));
        code_put(c, BPF_JMP | BPF_JGT | BPF_K, R_FRAME, 0, 0,
                 (int32_t)(l->stack_size - 2 * l->call_frame));
        code_alu(c, BPF_ADD, R_FRAME, R_CTX);
        code_alui(c, BPF_ADD, R_FRAME, (int32_t)l->stack_off);
        struct jump j = {code_put(c, BPF_JMP | BPF_JA, 0, 0, 0, 0), rp->fn, rp->block};
        vec_push(a, &direct, j);
    }
    vec_for (k, direct)
        vec_push(a, &e->jumps, direct.v[k]);
    for (e->fn = 0; e->fn < e->p->funcs.n; e->fn++)
        emit_blocks(e);
    e->fn = 0;
    emit_traps(e);
    patch_jumps(e);
}

bool emit_prog(struct generation *gen, struct gen_prog *g, struct func_alloc *allocs)
{
    struct arena *a = gen->mod->arena;
    struct emitter e = {.gen = gen, .g = g, .c = &g->code, .p = g->ir, .allocs = allocs};
    memset(&g->code, 0, sizeof g->code);
    g->code.arena = a;
    e.machine = prog_is_machine(g->ir);
    e.needs_ctx = prog_needs_ctx(g->ir, allocs);
    e.block_at = arena_new_array(a, uint32_t *, g->ir->funcs.n);
    e.state_of = arena_new_array(a, uint32_t *, g->ir->funcs.n);
    vec_for (f, g->ir->funcs) {
        e.block_at[f] = arena_new_array(a, uint32_t, g->ir->funcs.v[f]->blocks.n + 1);
        e.state_of[f] = arena_new_array(a, uint32_t, g->ir->funcs.v[f]->blocks.n + 1);
    }
    if (e.machine)
        emit_machine(&e);
    else
        emit_straight(&e);
    if (e.error) {
        diag_semantic(&gen->session->diag, g->ir->probe->tok,
                      "the handler of probe %s is too large for one eBPF program: split it into "
                      "several probes or functions",
                      g->ir->probe->pp);
        return false;
    }
    return true;
}
