/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atomic handlers: which globals need a lock, and taking them.
 *
 * Only handlers that can run at the same time matter: begin, end and error
 * handlers run alone.  A global is left without a lock when
 *   - nobody writes it while probes run,
 *   - all its uses are counters (`n++`, `a[k] += x` as statements) or `<<<`,
 *     each of which is atomic by itself, and nobody reads it meanwhile, or
 *   - every handler that uses it does so exactly once and uses no other global
 *     that somebody writes: one access is atomic by itself.
 * Otherwise each handler takes the global's lock, in the order of globals:
 * shared for reading and for `<<<`, exclusive for writing. */
#include <stddef.h>
#include <string.h>

#include "ir/build.h"

enum { USE_READ = 1, USE_COUNT = 2, USE_WRITE = 4, USE_STAT = 8 };

struct use {
    unsigned kinds;
    unsigned times;
};

struct walk {
    struct use *uses; /* of the handler, by global number */
    const struct program *p;
    struct hash *visited; /* functions */
    bool in_loop;
};

static void note(struct walk *w, const struct variable *v, unsigned kind)
{
    if (!v || !v->is_global)
        return;
    vec_for (i, w->p->globals) {
        if (w->p->globals.v[i] != v)
            continue;
        w->uses[i].kinds |= kind;
        w->uses[i].times += w->in_loop ? 2 : 1;
    }
}

static void walk_expr(struct expr **ep, void *arg);
static void walk_stmt(struct stmt **sp, void *arg);

static void walk_args(struct expr *e, struct walk *w)
{
    if (e->kind == EX_INDEX)
        vec_for (i, e->args)
            if (e->args.v[i])
                walk_expr(&e->args.v[i], w);
}

/* An lvalue that is written in the way `kind` says. */
static void walk_lvalue(struct expr *e, unsigned kind, struct walk *w)
{
    note(w, expr_variable(e), kind);
    walk_args(e, w);
}

static void walk_callees(struct expr *e, struct walk *w)
{
    vec_for (i, e->callees) {
        struct function *f = e->callees.v[i];
        if (!f->body || !hash_put(w->visited, f->unique ? f->unique : f->name, f))
            continue;
        /* Called from more than one place, perhaps: count its uses as many. */
        bool loop = w->in_loop;
        w->in_loop = true;
        walk_stmt(&f->body, w);
        w->in_loop = loop;
    }
}

static bool is_count(enum op op)
{
    return op == OP_ADD_EQ || op == OP_SUB_EQ || op == OP_INC || op == OP_DEC;
}

static void walk_assign(struct expr *e, bool value_used, struct walk *w)
{
    unsigned kind = USE_WRITE;
    if (e->op == OP_STATADD)
        kind = USE_STAT;
    else if (is_count(e->op))
        kind = value_used ? USE_COUNT | USE_READ : USE_COUNT;
    else if (e->op != OP_ASSIGN)
        kind = USE_WRITE | USE_READ;
    walk_lvalue(e->a, kind, w);
    if (kind == (USE_WRITE | USE_READ)) /* two accesses */
        note(w, expr_variable(e->a), USE_READ);
    if (e->b)
        walk_expr(&e->b, w);
}

static void walk_expr(struct expr **ep, void *arg)
{
    struct walk *w = arg;
    struct expr *e = *ep;
    switch (e->kind) {
    case EX_ASSIGN:
    case EX_PRE:
    case EX_POST:
        walk_assign(e, true, w);
        return;
    case EX_SYMBOL:
        note(w, e->var, USE_READ);
        return;
    case EX_CALL:
        walk_callees(e, w);
        break;
    default:
        break;
    }
    expr_children(e, walk_expr, w);
}

static void walk_stmt(struct stmt **sp, void *arg)
{
    struct walk *w = arg;
    struct stmt *s = *sp;
    bool loop = w->in_loop;
    switch (s->kind) {
    case SM_EXPR:
        if (s->e->kind == EX_ASSIGN || s->e->kind == EX_PRE || s->e->kind == EX_POST) {
            walk_assign(s->e, false, w);
            return;
        }
        break;
    case SM_DELETE:
        walk_lvalue(s->e, USE_WRITE, w);
        return;
    case SM_WHILE:
    case SM_FOR:
    case SM_FOREACH:
        if (s->kind == SM_FOREACH && s->foreach->sort_dir && s->foreach->base->kind == EX_SYMBOL &&
            s->foreach->base->var && s->foreach->base->var->codegen &&
            ((const struct var_loc *)s->foreach->base->var->codegen)->renumber)
            note(w, s->foreach->base->var, USE_WRITE);
        w->in_loop = true;
        break;
    default:
        break;
    }
    stmt_children(s, walk_expr, walk_stmt, w);
    w->in_loop = loop;
}

static bool runs_with_others(const struct probe *p)
{
    switch (p->attach.kind) {
    case ATTACH_BEGIN:
    case ATTACH_END:
    case ATTACH_ERROR:
    case ATTACH_NEVER:
    case ATTACH_ASK:
        return false;
    default:
        return true;
    }
}

static struct use *uses_of(struct ir_module *m, const struct program *p, struct probe *pr)
{
    struct hash visited;
    hash_init(&visited, m->arena);
    struct walk w = {
        .uses = arena_new_array(m->arena, struct use, p->globals.n + 1),
        .p = p,
        .visited = &visited,
    };
    if (pr->condition)
        walk_expr(&pr->condition, &w);
    if (pr->body)
        walk_stmt(&pr->body, &w);
    return w.uses;
}

void build_lock_plan(struct ir_module *m)
{
    const struct program *p = m->program;
    size_t ng = p->globals.n, np = p->probes.n;
    if (!ng)
        return;
    struct use **uses = arena_new_array(m->arena, struct use *, np + 1);
    unsigned *kinds = arena_new_array(m->arena, unsigned, ng);
    for (size_t i = 0; i < np; i++) {
        if (!runs_with_others(p->probes.v[i]))
            continue;
        uses[i] = uses_of(m, p, p->probes.v[i]);
        for (size_t g = 0; g < ng; g++)
            kinds[g] |= uses[i][g].kinds;
    }
    bool *written = arena_new_array(m->arena, bool, ng);
    bool *locked = arena_new_array(m->arena, bool, ng);
    for (size_t g = 0; g < ng; g++) {
        written[g] = (kinds[g] & ~USE_READ) != 0;
        bool counters_only = (kinds[g] & (USE_READ | USE_WRITE)) == 0;
        /* Each element of what @entry saves belongs to one thread. */
        locked[g] = written[g] && !counters_only && !p->globals.v[g]->synthetic;
    }
    /* One access each, and nothing else that must agree with it. */
    for (size_t g = 0; g < ng; g++) {
        bool alone = true;
        for (size_t i = 0; i < np && alone; i++) {
            if (!uses[i] || !uses[i][g].times)
                continue;
            alone = uses[i][g].times == 1;
            for (size_t o = 0; o < ng && alone; o++)
                alone = o == g || !uses[i][o].times || !locked[o];
        }
        if (alone)
            locked[g] = false;
    }
    m->lock_off = arena_new_array(m->arena, uint32_t, ng);
    m->lock_mode = arena_new_array(m->arena, uint8_t *, np + 1);
    for (size_t g = 0; g < ng; g++) {
        if (!locked[g])
            continue;
        m->lock_off[g] = m->globals_size;
        m->globals_size += 8;
    }
    for (size_t i = 0; i < np; i++) {
        if (!uses[i])
            continue;
        m->lock_mode[i] = arena_new_array(m->arena, uint8_t, ng);
        for (size_t g = 0; g < ng; g++) {
            if (!locked[g] || !uses[i][g].times)
                continue;
            m->lock_mode[i][g] =
                uses[i][g].kinds & (USE_WRITE | USE_COUNT) ? LOCK_EXCLUSIVE : LOCK_SHARED;
        }
    }
}

static struct ir_mem lock_word(const struct ir_module *m, size_t g)
{
    return ir_mem_at(IRM_GLOBAL, (int32_t)m->lock_off[g]);
}

static void release(struct ir_builder *b, size_t g, int mode)
{
    ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_ADD,
                                .has_imm = true,
                                .imm = mode == LOCK_EXCLUSIVE ? -LOCK_WRITER : -1,
                                .size = 8,
                                .mem = lock_word(b->mod, g)});
}

static const uint8_t *modes(const struct ir_builder *b)
{
    return b->mod->lock_mode ? b->mod->lock_mode[b->prog->probe->id] : NULL;
}

bool build_has_locks(const struct ir_builder *b)
{
    const uint8_t *mode = modes(b);
    for (size_t g = 0; mode && g < b->mod->program->globals.n; g++)
        if (mode[g])
            return true;
    return false;
}

void build_lock(struct ir_builder *b, uint32_t skipped)
{
    const uint8_t *mode = modes(b);
    size_t ng = b->mod->program->globals.n;
    for (size_t g = 0; mode && g < ng; g++) {
        if (!mode[g])
            continue;
        uint32_t slow = ir_new_block(b, "contended"), give_up = ir_new_block(b, "no lock"),
                 have = ir_new_block(b, "locked");
        ir_reg old = ir_new_reg(b);
        ir_emit(b, (struct ir_insn){.op = IR_ATOMIC_CMPXCHG,
                                    .dst = old,
                                    .a = ir_const(b, 0),
                                    .b = ir_const(b, mode[g] == LOCK_EXCLUSIVE ? LOCK_WRITER : 1),
                                    .size = 8,
                                    .mem = lock_word(b->mod, g)});
        ir_bri(b, CC_EQ, old, 0, have, slow);
        ir_at(b, slow);
        ir_reg ok = ir_lib(b, "rt_lock", 3,
                           IR_ARGS(IR_A_MEM(lock_word(b->mod, g)), IR_A_IMM(mode[g]),
                                   IR_A_IMM(b->session->maxtrylock)));
        ir_bri(b, CC_NE, ok, 0, have, give_up);
        ir_at(b, give_up);
        for (size_t k = 0; k < g; k++)
            if (mode[k])
                release(b, k, mode[k]);
        struct ir_mem count =
            ir_mem_at(IRM_GLOBAL, (int32_t)offsetof(struct abi_session, skipped_lock));
        ir_emit(b, (struct ir_insn){
                       .op = IR_ATOMIC_ADD, .has_imm = true, .imm = 1, .size = 8, .mem = count});
        ir_jmp(b, skipped);
        ir_at(b, have);
    }
}

void build_unlock(struct ir_builder *b)
{
    const uint8_t *mode = modes(b);
    for (size_t g = b->mod->program->globals.n; mode && g-- > 0;)
        if (mode[g])
            release(b, g, mode[g]);
}
