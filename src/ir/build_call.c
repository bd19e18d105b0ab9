/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of script functions: intrinsics, inlined bodies, and calls through the
 * machine for what is recursive or large. */
#include <stddef.h>
#include <string.h>

#include "ir/record.h"

/* ---- cost: what to inline ---- */

struct cost_walk {
    uint32_t n;
};

static uint32_t cost_of(struct function *f);

static void cost_expr(struct expr **ep, void *arg)
{
    struct cost_walk *w = arg;
    w->n++;
    if ((*ep)->kind == EX_CALL)
        vec_for (i, (*ep)->callees) {
            struct function *f = (*ep)->callees.v[i];
            struct fn_info *fi = f->codegen;
            if (!fi)
                continue;
            uint32_t c = cost_of(f);
            w->n += fi->inlined ? c : 8;
        }
    expr_children(*ep, cost_expr, arg);
}

static void cost_stmt(struct stmt **sp, void *arg)
{
    ((struct cost_walk *)arg)->n++;
    stmt_children(*sp, cost_expr, cost_stmt, arg);
}

static uint32_t cost_of(struct function *f)
{
    struct fn_info *fi = f->codegen;
    if (fi->cost || fi->costing || !f->body)
        return fi->cost;
    fi->costing = true;
    struct cost_walk w = {1};
    cost_stmt(&f->body, &w);
    fi->cost = w.n;
    return w.n;
}

/* Small ones, and larger ones as long as all copies together stay small. */
static void decide(struct function *f)
{
    struct fn_info *fi = f->codegen;
    uint32_t copies = fi->callers ? fi->callers : 1;
    fi->inlined =
        !f->recursive && (fi->cost <= INLINE_COST || (uint64_t)fi->cost * copies <= INLINE_TOTAL);
}

static void count_expr(struct expr **ep, void *arg)
{
    if ((*ep)->kind == EX_CALL)
        vec_for (i, (*ep)->callees) {
            struct fn_info *fi = (*ep)->callees.v[i]->codegen;
            if (fi)
                fi->in_probe++;
        }
    expr_children(*ep, count_expr, arg);
}

static void count_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, count_expr, count_stmt, arg);
}

/* Each probe is a program of its own: only what is in one of them adds up. */
static void most_callers(const struct program *p, uint32_t *most)
{
    vec_for (i, p->functions) {
        struct fn_info *fi = p->functions.v[i]->codegen;
        if (fi->in_probe > most[i])
            most[i] = fi->in_probe;
        fi->in_probe = 0;
    }
}

void build_cost(const struct program *p, struct arena *arena)
{
    uint32_t *in_functions = arena_new_array(arena, uint32_t, p->functions.n + 1);
    uint32_t *in_probes = arena_new_array(arena, uint32_t, p->functions.n + 1);
    vec_for (i, p->functions)
        p->functions.v[i]->codegen = arena_new_obj(arena, struct fn_info);
    vec_for (i, p->functions)
        if (p->functions.v[i]->body)
            count_stmt(&p->functions.v[i]->body, NULL);
    most_callers(p, in_functions);
    vec_for (i, p->probes)
        if (p->probes.v[i]->body) {
            count_stmt(&p->probes.v[i]->body, NULL);
            most_callers(p, in_probes);
        }
    vec_for (i, p->functions) {
        struct fn_info *fi = p->functions.v[i]->codegen;
        fi->callers = in_functions[i] + in_probes[i];
    }
    /* Callees come before their callers: what is inlined into them is known. */
    vec_for (i, p->functions) {
        cost_of(p->functions.v[i]);
        decide(p->functions.v[i]);
    }
}

/* ---- intrinsics ---- */

static struct ir_value call_intrinsic(struct ir_builder *b, const struct expr *e,
                                      const struct function *f, const struct ir_value *args)
{
    const struct intrinsic *in = intrinsic_find(f->intrinsic);
    struct intrinsic_call c = {.b = b, .e = e, .probe = b->prog->probe};
    if (!in) {
        build_unsupported(
            b, e->tok, arena_printf(b->arena, "function '%s' has no eBPF implementation", f->name));
        return f->type == TY_STRING ? ir_literal(b, "") : (struct ir_value){0};
    }
    c.nargs = (int)(f->params.n < 8 ? f->params.n : 8);
    for (int i = 0; i < c.nargs; i++) {
        c.args[i] = args[i];
        if (in->by_offset && c.args[i].is_string)
            c.args[i] = build_in_frame(b, c.args[i]);
    }
    if (in->ret == TY_STRING) {
        uint32_t max = (uint32_t)b->session->maxstringlen;
        uint32_t bound = in->bound && in->bound < max ? in->bound : max;
        c.result = build_temp_string(b, in->by_offset ? max : bound, in->name);
        c.result.bound = bound;
        if (in->by_offset)
            b->fn->slots.v[c.result.mem.id].frame = true;
    }
    in->emit(&c);
    return c.result;
}

/* ---- inlined bodies ---- */

/* Parameters and locals get storage of their own for this expansion; what an
 * enclosing expansion of the same function had is put back afterwards. */
static void save_vars(const variable_vec *v, void **saved)
{
    vec_for (i, *v)
        saved[i] = v->v[i]->codegen;
}

static void restore_vars(const variable_vec *v, void *const *saved)
{
    vec_for (i, *v)
        v->v[i]->codegen = saved[i];
}

static struct ir_value new_result(struct ir_builder *b, const struct function *f)
{
    struct ir_value r = {0};
    if (f->type == TY_STRING) {
        r = build_temp_string(b, f->bound, "result");
        ir_storei(b, r.mem, 1, 0);
    } else {
        r.reg = ir_new_reg(b);
        ir_mov(b, r.reg, ir_const(b, 0));
    }
    return r;
}

/* ---- MAXACTION ---- */

struct counting {
    uint32_t pending;
    bool uncounted;
};

static struct counting counting_begin(struct ir_builder *b, const struct function *f)
{
    struct build *bld = build_of(b);
    struct counting outer = {bld->pending, bld->uncounted};
    bld->pending = 0;
    if (build_function_finite(f)) {
        build_actions_needed(b, f);
        bld->uncounted = true;
    }
    return outer;
}

static void counting_end(struct ir_builder *b, const struct function *f, struct counting outer)
{
    struct build *bld = build_of(b);
    build_actions(b, 0, build_body_tok(f->body, f->tok), true);
    bld->pending = outer.pending;
    bld->uncounted = outer.uncounted;
}

/* Behind a call. */
static void count_call(struct ir_builder *b, const struct expr *e, const struct function *f)
{
    const struct fn_info *fi = f->codegen;
    if (!f->intrinsic && fi && build_function_finite(f))
        build_actions(b, fi->actions, e->tok, true);
}

static void inline_body(struct ir_builder *b, const struct expr *e, const struct function *f,
                        const struct ir_value *args, struct ir_value result, uint32_t return_to,
                        uint32_t next_to, struct text_return *text)
{
    struct build *bld = build_of(b);
    void **saved = arena_new_array(b->arena, void *, f->params.n + f->locals.n + 1);
    save_vars(&f->params, saved);
    save_vars(&f->locals, saved + f->params.n);
    struct fn_frame frame = {.outer = bld->frame,
                             .fn = f,
                             .call_tok = e->tok,
                             .return_to = return_to,
                             .next_to = next_to,
                             .result = result,
                             .text = text};
    build_locals(b, (const struct variable *const *)f->params.v, f->params.n);
    for (size_t i = 0; i < f->params.n; i++)
        build_assign_var(b, f->params.v[i], args[i]);
    build_locals(b, (const struct variable *const *)f->locals.v, f->locals.n);
    bld->frame = &frame;
    struct counting outer = counting_begin(b, f);
    build_stmt(b, f->body);
    counting_end(b, f, outer);
    bld->frame = frame.outer;
    if (text && !ir_terminated(b))
        text_return(b, text, NULL);
    ir_jmp(b, return_to);
    restore_vars(&f->params, saved);
    restore_vars(&f->locals, saved + f->params.n);
}

/* ---- calls through the machine ---- */

static uint32_t callable(struct ir_builder *b, const struct function *f)
{
    struct build *bld = build_of(b);
    vec_for (i, bld->fns)
        if (bld->fns.v[i] == f)
            return (uint32_t)i + 1;
    struct ir_func *fn = arena_new_obj(b->arena, struct ir_func);
    fn->name = f->name;
    fn->ret_slot = UINT32_MAX;
    vec_push(b->arena, &b->prog->funcs, fn);
    vec_push(b->arena, &bld->fns, f);
    /* Parameters come first, one slot each, then the string result: callers
     * fill them before the body is built. */
    vec_for (i, f->params) {
        const struct variable *p = f->params.v[i];
        struct ir_slot s = {
            .size = p->type == TY_STRING ? round8(p->bound) : 8, .frame = true, .name = p->name};
        vec_push(b->arena, &fn->slots, s);
    }
    if (f->type == TY_STRING) {
        fn->ret_slot = (uint32_t)fn->slots.n;
        struct ir_slot s = {.size = round8(f->bound), .frame = true, .name = "result"};
        vec_push(b->arena, &fn->slots, s);
    }
    return (uint32_t)bld->fns.n;
}

static void reraise(struct ir_builder *b)
{
    struct build *bld = build_of(b);
    struct ir_mem err = ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, err));
    struct ir_value msg = {.is_string = true,
                           .mem = ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, errmsg)),
                           .bound = ERRMSG_SIZE};
    if (!bld->machine) {
        uint32_t leave = ir_new_block(b, "leave"), error = ir_new_block(b, "error");
        ir_bri(b, CC_EQ, ir_load(b, err, 8, false), ERR_LEAVE, leave, error);
        ir_at(b, leave);
        ir_jmp(b, bld->exit_block);
        ir_at(b, error);
    } else if (bld->catches) {
        uint32_t leave = ir_new_block(b, "leave"), error = ir_new_block(b, "error");
        ir_bri(b, CC_EQ, ir_load(b, err, 8, false), ERR_LEAVE, leave, error);
        ir_at(b, leave);
        ir_emit(b, (struct ir_insn){.op = IR_FRET});
        ir_at(b, error);
    }
    if (bld->catches) {
        ir_storei(b, err, 8, 0);
        const struct expr *v = bld->catches->var;
        if (v && v->var)
            build_assign_var(b, v->var, msg);
        ir_jmp(b, bld->catches->block);
    } else if (bld->machine) {
        ir_emit(b, (struct ir_insn){.op = IR_FRET});
    } else {
        ir_reg pos = ir_load(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, err_pos)), 8, false);
        ir_lib(b, "rt_flush", 1, IR_ARGS(IR_A_CTX));
        ir_lib(b, "rt_error_dyn", 3,
               IR_ARGS(IR_A_CTX, IR_A_REG(pos), IR_A_IMM(b->prog->probe->id)));
        ir_jmp(b, bld->exit_block);
    }
}

/* Calls that are under way where the code is, with the handler or a function of the machine
 * around them. */
static uint32_t inlined_calls(const struct ir_builder *b)
{
    uint32_t n = 0;
    for (const struct fn_frame *f = build_of((struct ir_builder *)b)->frame; f->outer; f = f->outer)
        n++;
    return n;
}

static void machine_call(struct ir_builder *b, const struct expr *e, const struct function *f,
                         const struct ir_value *args, struct ir_value result, uint32_t return_to,
                         uint32_t next_to)
{
    uint32_t id = callable(b, f);
    struct ir_func *fn = b->prog->funcs.v[id];
    struct ir_mem nesting = ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, nesting));
    uint32_t inlined = inlined_calls(b);
    ir_reg depth = ir_load(b, nesting, 8, false);
    uint32_t deep = ir_new_block(b, "too deep"), go = ir_new_block(b, "call");
    int64_t room = (int64_t)b->mod->maxnesting - inlined;
    ir_bri(b, CC_SGE, depth, room > 0 ? room : 0, deep, go);
    ir_at(b, deep);
    build_raise_tok(b, e->tok, "MAXNESTING exceeded");
    ir_at(b, go);
    ir_store(b, nesting, 8, ir_bini(b, B_ADD, depth, 1 + inlined));
    if (f->recursive) {
        struct ir_mem calls = ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, calls));
        uint32_t over = ir_new_block(b, "many calls"), some = ir_new_block(b, "call");
        build_of(b)->recurses = true;
        ir_reg r = ir_bini(b, B_SUB, ir_load(b, calls, 8, true), 1);
        ir_store(b, calls, 8, r);
        ir_bri(b, CC_SLT, r, 0, over, some);
        ir_at(b, over);
        build_too_many(b, e->tok);
        ir_at(b, some);
    }
    for (uint32_t i = 0; i < f->params.n; i++) {
        struct ir_mem m = {.kind = IRM_CALLEE, .fn = id, .id = i};
        if (args[i].is_string)
            ir_str_copy(
                b, (struct ir_value){.is_string = true, .mem = m, .bound = f->params.v[i]->bound},
                args[i]);
        else
            ir_store(b, m, 8, args[i].reg);
    }
    uint32_t back = ir_new_block(b, "back");
    ir_emit(b, (struct ir_insn){.op = IR_CALLFN, .fn = id, .t = back});
    ir_at(b, back);
    depth = ir_load(b, nesting, 8, false);
    ir_store(b, nesting, 8, ir_bini(b, B_SUB, depth, 1 + inlined));
    uint32_t failed = ir_new_block(b, "error below"), fine = ir_new_block(b, "returned");
    ir_bri(b, CC_NE, ir_load(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, err)), 8, false), 0,
           failed, fine);
    ir_at(b, failed);
    reraise(b);
    ir_at(b, fine);
    if (f->may_next) {
        struct ir_mem next = ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, next));
        uint32_t skip = ir_new_block(b, "next overload"), take = ir_new_block(b, "value");
        ir_bri(b, CC_NE, ir_load(b, next, 8, false), 0, skip, take);
        ir_at(b, skip);
        ir_storei(b, next, 8, 0);
        ir_jmp(b, next_to);
        ir_at(b, take);
    }
    if (result.is_string)
        ir_str_copy(b, result,
                    (struct ir_value){.is_string = true,
                                      .mem = {.kind = IRM_CALLEE, .fn = id, .id = fn->ret_slot},
                                      .bound = f->bound});
    else
        ir_mov(b, result.reg,
               ir_load(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, ret)), 8, true));
    ir_jmp(b, return_to);
}

void build_function_body(struct ir_builder *b, uint32_t fn_index)
{
    struct build *bld = build_of(b);
    const struct function *f = bld->fns.v[fn_index - 1];
    b->fn = b->prog->funcs.v[fn_index];
    bld->machine = true;
    struct fn_frame frame = {.fn = f};
    struct fn_frame *saved_frame = bld->frame;
    bld->frame = &frame;
    struct catch_frame *saved_catches = bld->catches;
    bld->catches = NULL;
    bld->uncounted = false;

    ir_at(b, ir_new_block(b, f->name));
    void **saved = arena_new_array(b->arena, void *, f->params.n + f->locals.n + 1);
    save_vars(&f->params, saved);
    save_vars(&f->locals, saved + f->params.n);
    vec_for (i, f->params) {
        const struct variable *p = f->params.v[i];
        struct var_loc *loc = arena_new_obj(b->arena, struct var_loc);
        loc->is_string = p->type == TY_STRING;
        loc->bound = p->bound;
        loc->mem = ir_slot_mem((uint32_t)i, 0);
        f->params.v[i]->codegen = loc;
    }
    build_locals(b, (const struct variable *const *)f->locals.v, f->locals.n);
    frame.return_to = ir_new_block(b, "return");
    frame.next_to = f->may_next ? ir_new_block(b, "next") : frame.return_to;
    if (f->type == TY_STRING) {
        frame.result = (struct ir_value){
            .is_string = true, .mem = ir_slot_mem(b->fn->ret_slot, 0), .bound = f->bound};
        ir_storei(b, frame.result.mem, 1, 0);
    } else {
        frame.result.reg = ir_new_reg(b);
        ir_mov(b, frame.result.reg, ir_const(b, 0));
    }
    struct counting outer = counting_begin(b, f);
    build_stmt(b, f->body);
    counting_end(b, f, outer);
    ir_jmp(b, frame.return_to);
    if (f->may_next) {
        ir_at(b, frame.next_to);
        ir_storei(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, next)), 8, 1);
        ir_emit(b, (struct ir_insn){.op = IR_FRET});
    }
    ir_at(b, frame.return_to);
    if (!frame.result.is_string)
        ir_store(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, ret)), 8, frame.result.reg);
    ir_emit(b, (struct ir_insn){.op = IR_FRET});

    restore_vars(&f->params, saved);
    restore_vars(&f->locals, saved + f->params.n);
    bld->frame = saved_frame;
    bld->catches = saved_catches;
    bld->machine = false;
}

/* ---- calls ---- */

static struct ir_value *call_args(struct ir_builder *b, const struct expr *e)
{
    size_t n = e->args.n;
    struct ir_value *args = arena_new_array(b->arena, struct ir_value, n + 1);
    for (size_t i = 0; i < n; i++)
        args[i] = build_stable(b, e->args.v[i], e->args.v + i + 1, n - i - 1);
    return args;
}

void build_call_text(struct ir_builder *b, const struct expr *e, struct text_return *text)
{
    uint32_t end = ir_new_block(b, "after call");
    inline_body(b, e, e->callees.v[0], call_args(b, e), (struct ir_value){0}, end, end, text);
    ir_at(b, end);
}

struct ir_value build_call(struct ir_builder *b, const struct expr *e)
{
    struct ir_value names;
    if (!e->callees.n)
        return (struct ir_value){0};
    if (build_names(b, e, &names))
        return names;
    struct ir_value *args = call_args(b, e);
    const struct function *first = e->callees.v[0];
    if (e->callees.n == 1 && first->intrinsic)
        return call_intrinsic(b, e, first, args);

    struct ir_value result = new_result(b, first);
    if (result.is_string && bounds_expr(b->session, e) > result.bound) {
        result = build_temp_string(b, bounds_expr(b->session, e), "result");
        ir_storei(b, result.mem, 1, 0);
    }
    uint32_t end = ir_new_block(b, "after call");
    vec_for (i, e->callees) {
        const struct function *f = e->callees.v[i];
        const struct fn_info *fi = f->codegen;
        bool last = i + 1 == e->callees.n;
        uint32_t next = f->may_next ? ir_new_block(b, "next overload") : end;
        if (f->intrinsic) {
            struct ir_value v = call_intrinsic(b, e, f, args);
            if (v.is_string)
                ir_str_copy(b, result, v);
            else if (v.reg)
                ir_mov(b, result.reg, v.reg);
            ir_jmp(b, end);
        } else if (fi && fi->inlined) {
            inline_body(b, e, f, args, result, end, next, NULL);
        } else {
            machine_call(b, e, f, args, result, end, next);
        }
        if (!f->may_next)
            break;
        ir_at(b, next);
        if (last)
            build_raise_tok(b, e->tok, "all functions exhausted");
    }
    ir_at(b, end);
    count_call(b, e, first);
    return result;
}
