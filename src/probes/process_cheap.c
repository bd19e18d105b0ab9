/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel would single-step the first instruction of a function, and emulates one that
 * follows in the same straight line, the probe stands on that one.  What changes on the way is
 * undone for the handler (attach_point.moved); what cannot be undone it must not look at. */
#include <string.h>

#include "base/hash.h"
#include "probes/handler_use.h"
#include "probes/process.h"

/* ---- what else comes to an instruction ---- */

/* Addresses that code of other functions jumps to or calls, or that have a name of their own: a
 * bit for each byte of code. */
struct target_part {
    uint64_t addr, size;
    uint8_t *bits;
};
struct targets {
    VEC(struct target_part) parts;
};

static void mark(struct targets *t, uint64_t addr)
{
    vec_for (i, t->parts) {
        struct target_part *p = &t->parts.v[i];
        if (addr - p->addr < p->size)
            p->bits[(addr - p->addr) / 8] |= (uint8_t)(1u << (addr - p->addr) % 8);
    }
}

static bool marked(const struct targets *t, uint64_t addr)
{
    vec_for (i, t->parts) {
        const struct target_part *p = &t->parts.v[i];
        if (addr - p->addr < p->size)
            return p->bits[(addr - p->addr) / 8] >> (addr - p->addr) % 8 & 1;
    }
    return false;
}

static void mark_symbol(const char *name, uint64_t addr, uint64_t size, bool global, void *arg)
{
    (void)name, (void)size, (void)global;
    mark(arg, addr);
}

static struct targets *targets_of(struct session *s, struct dw_module *m)
{
    if (!s->jump_targets) {
        s->jump_targets = arena_new_obj(s->arena, struct hash);
        hash_init(s->jump_targets, s->arena);
    }
    struct targets *t = hash_get(s->jump_targets, dw_path(m));
    if (t)
        return t;
    t = arena_new_obj(s->arena, struct targets);
    hash_put(s->jump_targets, dw_path(m), t);
    struct dw_segment seg;
    size_t n;
    for (size_t i = 0; dw_segment(m, i, &seg); i++)
        if (seg.exec && dw_code(m, seg.addr, &n)) {
            struct target_part p = {.addr = seg.addr, .size = seg.size < n ? seg.size : n};
            p.bits = arena_new_array(s->arena, uint8_t, p.size / 8 + 1);
            vec_push(s->arena, &t->parts, p);
        }
    vec_for (i, t->parts) {
        const struct target_part *p = &t->parts.v[i];
        const uint8_t *code = dw_code(m, p->addr, &n);
        for (size_t at = 0, to; (at = arch_far_jump(code, p->size, at, &to)) < p->size; at++)
            mark(t, p->addr + to);
    }
    dw_each_symbol(m, mark_symbol, t);
    return t;
}

/* Nothing but its beginning leads to the instructions of a function behind the first, up to the
 * one at `entry + length`. */
static bool only_from_start(struct session *s, const struct user_point *u, unsigned length)
{
    uint64_t entry = u->function.entry, size = u->function.end - entry;
    size_t n;
    const uint8_t *code = dw_code(u->module, entry, &n);
    if (!code || size > n)
        return false;
    for (uint64_t at = 0; at < size;) {
        struct arch_jump j;
        unsigned step = arch_insn(code + at, size - at, &j);
        if (!step || (j.anywhere && !j.call))
            return false;
        int64_t to = (int64_t)at + j.to;
        if (j.relative && to > 0 && to <= (int64_t)length)
            return false;
        at += step;
    }
    const struct targets *t = targets_of(s, u->module);
    for (unsigned i = 1; i <= length; i++)
        if (marked(t, entry + i))
            return false;
    return true;
}

/* ---- where the probe stands ---- */

enum { RUN_MAX = 48 };

static bool moves_stack(const struct arch_run *run)
{
    for (unsigned i = 0; i < run->moved.n; i++)
        if (run->moved.v[i].reg == arch_reg_sp)
            return true;
    return false;
}

/* `plain`: only what changes no register. */
static void pass_dear(struct session *s, struct user_point *u, bool plain)
{
    const struct dw_function *f = &u->function;
    struct arch_run run;
    size_t n;
    const uint8_t *code = dw_code(u->module, u->pc, &n);
    if (u->mark || !f->name || f->inlined || u->pc != f->entry || !code || !dw_is_64(u->module) ||
        !arch_uprobe_run(code, n < RUN_MAX ? n : RUN_MAX, &run))
        return;
    if (plain && run.moved.n)
        return;
    /* The kernel looks at the stack for where the function returns to. */
    if (u->is_return && moves_stack(&run))
        return;
    if (!run.prologue && (f->end < f->entry + run.whole || !only_from_start(s, u, run.length)))
        return;
    u->shift = run.length;
    if (run.moved.n) {
        struct moved_registers *moved = arena_new_obj(s->arena, struct moved_registers);
        *moved = run.moved;
        u->moved = moved;
    }
}

static bool complete(struct user_point *u)
{
    uint8_t code[8];
    u->doubt = arch_uprobe_doubt(code, dw_bytes(u->module, u->pc + u->shift, code, sizeof code));
    return dw_file_offset(u->module, u->pc + u->shift, &u->offset);
}

bool process_place(struct session *s, struct user_point *u)
{
    if (u->kernel)
        return (u->address = kernel_image_address(s, u->kernel, u->pc)) != 0;
    /* A function of the same name in another build of the file may change others. */
    pass_dear(s, u, s->portable && !dw_has_dwarf(u->module));
    return complete(u);
}

bool process_same_place(struct session *s, struct dw_module *m, const struct dw_function *f,
                        uint32_t shift, uint64_t *offset)
{
    struct user_point u = {.module = m, .function = *f, .pc = f->entry};
    pass_dear(s, &u, true);
    bool found = complete(&u);
    *offset = u.offset;
    return found && u.shift == shift;
}

/* ---- what the handler looks at ---- */

struct use {
    const struct moved_registers *moved;
    bool changed, lost; /* a register that has moved; one that cannot be had again */
    bool address;       /* where the probe is */
};

static void use_register(struct use *u, int64_t offset)
{
    u->address |= offset == arch_reg_ip;
    for (unsigned i = 0; i < u->moved->n; i++)
        if (u->moved->v[i].reg == offset) {
            u->changed = true;
            u->lost |= u->moved->v[i].now < 0;
        }
}

static void use_any(struct use *u)
{
    u->address = u->changed = true;
    for (unsigned i = 0; i < u->moved->n; i++)
        u->lost |= u->moved->v[i].now < 0;
}

static void use_expr(struct expr **e, void *arg)
{
    if ((*e)->kind == EX_CTX)
        use_register(arg, (*e)->num);
}

static void use_intrinsic(const char *name, void *arg)
{
    static const char *const all[] = {"register", "u_register", "pt_regs"},
                             *const of_call[] = {"arg_s32", "arg_u32", "arg_64"},
                             *const of_address[] = {"addr", "uaddr", "ubacktrace"};
    struct use *u = arg;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, all[i]) == 0)
            use_any(u);
        for (size_t k = 0; k < 6 && strcmp(name, of_call[i]) == 0; k++)
            use_register(u, arch_call_arg[k]);
        if (strcmp(name, of_call[i]) == 0)
            use_register(u, arch_reg_sp);
        u->address |= strcmp(name, of_address[i]) == 0;
    }
    if (strcmp(name, "returnval") == 0)
        use_register(u, arch_reg_return);
}

void process_choose(struct session *s, struct probe *p)
{
    static const struct moved_registers none;
    struct user_point *point = p->attach.priv;
    if (p->attach.kind != ATTACH_UPROBE || !point || point->kernel || !point->shift)
        return;
    struct use u = {.moved = point->moved ? point->moved : &none};
    struct handler_walk w = {.expr = use_expr, .intrinsic = use_intrinsic, .arg = &u};
    handler_walk(s->arena, p, &w);
    if (u.lost) {
        point->shift = 0;
        point->moved = NULL;
        complete(point);
    }
    /* Handlers that see no difference may be one. */
    p->attach.shift = u.address ? point->shift : 0;
    p->attach.moved = u.changed ? point->moved : NULL;
}
