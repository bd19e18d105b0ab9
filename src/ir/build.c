/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Program → IR: the module, one prog per probe, and what leaves a handler
 * early (errors, MAXACTION). */
#include "ir/build.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

/* ---- tables of the module ---- */

static void chain_text(struct strbuf *out, const struct token *tok, const struct build *bld)
{
    char what[600], where[600];
    strbuf_printf(out, "near %s at %s", token_describe(tok, what, sizeof what),
                  token_position(tok, where, sizeof where));
    for (const struct fn_frame *f = bld->frame; f && f->call_tok; f = f->outer)
        strbuf_printf(out, " (called from %s at %s)",
                      token_describe(f->call_tok, what, sizeof what),
                      token_position(f->call_tok, where, sizeof where));
}

uint32_t build_pos(struct ir_builder *b, const struct token *tok)
{
    struct strbuf text = {0};
    chain_text(&text, tok, build_of(b));
    struct ir_module *m = b->mod;
    uint32_t found = UINT32_MAX;
    /* Errors of one statement come in a row: look at the last few only. */
    for (size_t i = m->positions.n; i-- > 0 && m->positions.n - i < 16;)
        if (strcmp(m->positions.v[i].text, text.p) == 0)
            found = (uint32_t)i;
    if (found == UINT32_MAX) {
        found = (uint32_t)m->positions.n;
        struct ir_pos pos = {arena_strndup(m->arena, text.p, text.n)};
        vec_push(m->arena, &m->positions, pos);
    }
    strbuf_free(&text);
    return found;
}

uint32_t build_message(struct ir_builder *b, const char *text)
{
    struct ir_module *m = b->mod;
    vec_for (i, m->messages)
        if (strcmp(m->messages.v[i], text) == 0)
            return (uint32_t)i;
    vec_push(m->arena, &m->messages, arena_strdup(m->arena, text));
    return (uint32_t)m->messages.n - 1;
}

uint32_t build_rodata(struct ir_module *m, uint32_t size)
{
    uint32_t off = m->rodata_size;
    size = round8(size);
    if (m->rodata_cap < off + size) {
        uint32_t cap = (off + size) * 2 + 256;
        char *data = arena_alloc(m->arena, cap);
        if (off)
            memcpy(data, m->rodata, off);
        m->rodata = data;
        m->rodata_cap = cap;
    }
    m->rodata_size = off + size;
    return off;
}

struct ir_value ir_literal(struct ir_builder *b, const char *text)
{
    struct ir_module *m = b->mod;
    struct hash *lits = build_of(b)->literals;
    size_t n = strlen(text);
    if (n >= m->maxstringlen)
        n = m->maxstringlen - 1;
    const char *key = arena_strndup(m->arena, text, n);
    uintptr_t at = (uintptr_t)hash_get(lits, key);
    if (!at) {
        /* Padded with zeros: literals are compared and copied by words. */
        uint32_t off = build_rodata(m, (uint32_t)n + 1);
        memcpy((char *)m->rodata + off, key, n);
        at = off + 1;
        hash_put(lits, key, (void *)at);
    }
    return (struct ir_value){.is_string = true,
                             .mem = ir_mem_at(IRM_RODATA, (int32_t)at - 1),
                             .bound = (uint32_t)n + 1,
                             .padded = true};
}

/* ---- leaving early ---- */

bool build_unsupported(struct ir_builder *b, const struct token *tok, const char *what)
{
    diag_semantic(&b->session->diag, tok, "%s", what);
    return false;
}

static void set_catch_var(struct ir_builder *b, const struct catch_frame *c, struct ir_value msg)
{
    if (c->var && c->var->var)
        build_assign_var(b, c->var->var, msg);
}

/* The rest of a raise, once the message is known: `message` static, or `msg`. */
static void raise(struct ir_builder *b, const struct token *tok, const char *message,
                  struct ir_value msg)
{
    struct build *bld = build_of(b);
    if (bld->catches) {
        if (message)
            msg = ir_literal(b, message);
        set_catch_var(b, bld->catches, msg);
        ir_jmp(b, bld->catches->block);
        return;
    }
    uint32_t pos = build_pos(b, tok);
    if (!bld->machine) /* what was printed before the error comes before it */
        ir_lib(b, "rt_flush", 1, IR_ARGS(IR_A_CTX));
    if (!bld->machine && message) {
        ir_lib(b, "rt_error", 3,
               IR_ARGS(IR_A_IMM(pos), IR_A_IMM(build_message(b, message)),
                       IR_A_IMM(b->prog->probe->id)));
        ir_jmp(b, bld->exit_block);
        return;
    }
    if (message)
        msg = ir_literal(b, message);
    struct ir_value err = {.is_string = true,
                           .mem = ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, errmsg)),
                           .bound = ERRMSG_SIZE};
    ir_str_copy(b, err, msg);
    if (bld->machine) {
        ir_storei(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, err)), 8, ERR_DYNAMIC);
        ir_storei(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, err_pos)), 8, pos);
        ir_emit(b, (struct ir_insn){.op = IR_FRET});
        return;
    }
    ir_lib(b, "rt_error_dyn", 3, IR_ARGS(IR_A_CTX, IR_A_IMM(pos), IR_A_IMM(b->prog->probe->id)));
    ir_jmp(b, bld->exit_block);
}

void build_raise_final(struct ir_builder *b, const struct token *tok, const char *message)
{
    ir_lib(b, "rt_flush", 1, IR_ARGS(IR_A_CTX));
    ir_lib(b, "rt_error", 3,
           IR_ARGS(IR_A_IMM(build_pos(b, tok)), IR_A_IMM(build_message(b, message)),
                   IR_A_IMM(b->prog->probe->id)));
    ir_leave(b);
}

void build_raise_tok(struct ir_builder *b, const struct token *tok, const char *message)
{
    if (!ir_terminated(b))
        raise(b, tok, message, (struct ir_value){0});
}

void ir_raise(struct ir_builder *b, const struct expr *e, const char *message)
{
    build_raise_tok(b, e->tok, message);
}

void ir_raise_format(struct ir_builder *b, const struct expr *e, const char *fmt, int n,
                     const struct ir_value *v)
{
    if (ir_terminated(b))
        return;
    fmt_vec parts = {0};
    parse_format(b->arena, fmt, &parts);
    struct ir_value msg = n == 1 && strcmp(fmt, "%s") == 0
                              ? v[0]
                              : build_format_string(b, parts.v, parts.n, v, (size_t)n);
    raise(b, e->tok, NULL, msg);
}

void ir_raise_of_function(struct ir_builder *b, struct ir_value message)
{
    if (!ir_terminated(b))
        raise(b, build_of(b)->frame->fn->tok, NULL, message);
}

void ir_leave(struct ir_builder *b)
{
    struct build *bld = build_of(b);
    if (bld->machine) {
        /* Callers see an error without a message and pass it on. */
        ir_storei(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, err)), 8, ERR_LEAVE);
        ir_emit(b, (struct ir_insn){.op = IR_FRET});
        return;
    }
    ir_jmp(b, bld->exit_block);
}

/* ---- progs ---- */

static u32 state_for(const struct probe *p)
{
    switch (p->attach.kind) {
    case ATTACH_BEGIN:
        return STATE_STARTING;
    case ATTACH_END:
    case ATTACH_ERROR:
        return STATE_ENDING;
    default:
        return STATE_RUNNING;
    }
}

/* A handler that turned out to print nothing has nothing to send before an error. */
static void drop_flushes(const struct ir_func *fn)
{
    vec_for (b, fn->blocks) {
        struct ir_block *blk = &fn->blocks.v[b];
        size_t n = 0;
        vec_for (i, blk->insns)
            if (blk->insns.v[i].op != IR_LIB || strcmp(blk->insns.v[i].lib, "rt_flush") != 0)
                blk->insns.v[n++] = blk->insns.v[i];
        blk->insns.n = n;
    }
}

/* As many rounds as bpf_loop() allows. */
enum { ROUNDS_MAX = 1 << 23 };

static struct ir_prog *build_prog(struct session *s, struct ir_module *m, const struct probe *p,
                                  struct hash *literals, struct hash *names)
{
    struct ir_prog *prog = arena_new_obj(m->arena, struct ir_prog);
    prog->probe = p;
    prog->required_state = state_for(p);
    int64_t budget = s->maxaction_interruptible;

    struct build bld = {.literals = literals, .names = names};
    struct ir_builder b = {
        .arena = m->arena, .session = s, .mod = m, .prog = prog, .tok = p->tok, .priv = &bld};
    struct ir_func *fn = arena_new_obj(m->arena, struct ir_func);
    fn->name = p->pp;
    fn->ret_slot = UINT32_MAX;
    vec_push(m->arena, &prog->funcs, fn);
    b.fn = fn;
    bld.b = &b;

    uint32_t entry = ir_new_block(&b, "entry"), start = ir_new_block(&b, "start");
    bld.exit_block = ir_new_block(&b, "exit");
    struct fn_frame frame = {.return_to = bld.exit_block, .next_to = bld.exit_block};
    bld.frame = &frame;

    uint32_t leave = build_has_locks(&b) ? ir_new_block(&b, "leave") : bld.exit_block;
    struct build_timing timing;
    ir_at(&b, start);
    if (m->timing_map)
        build_timing_entry(&b, &timing);
    build_locals(&b, (const struct variable *const *)p->locals.v, p->locals.n);
    bool asked = false;
    const struct stmt *body = p->body;
    if (leave != bld.exit_block)
        body = build_guards(&b, p, leave, &asked);
    build_lock(&b, leave);
    if (p->condition && !asked) {
        uint32_t yes = ir_new_block(&b, "condition holds");
        build_branch(&b, p->condition, yes, bld.exit_block);
        ir_at(&b, yes);
    }
    if (m->timing_map)
        build_timing_runs(&b, &timing);
    if (body) {
        uint32_t n;
        bld.uncounted = build_finite(p->body, &n);
        if (bld.uncounted && n > budget)
            build_too_many(&b, p->body->tok);
        else
            build_stmt(&b, body);
        build_actions(&b, 0, build_body_tok(p->body, p->tok), true);
    }
    ir_jmp(&b, bld.exit_block);

    /* Callable functions join the prog as they are found; each may find more. */
    for (size_t i = 0; i < bld.fns.n; i++)
        build_function_body(&b, (uint32_t)i + 1);

    b.fn = fn;
    bld.machine = false;
    ir_at(&b, bld.exit_block);
    build_unlock(&b);
    if (bld.uses_out)
        ir_lib(&b, "rt_flush", 1, IR_ARGS(IR_A_CTX));
    if (m->timing_map)
        build_timing_exit(&b, &timing);
    if (leave != bld.exit_block) {
        ir_jmp(&b, leave);
        ir_at(&b, leave);
    }
    ir_emit(&b, (struct ir_insn){.op = IR_RET});
    prog->prints = bld.uses_out;
    if (!bld.uses_out)
        vec_for (i, prog->funcs)
            drop_flushes(prog->funcs.v[i]);

    ir_at(&b, entry);
    if (bld.counts_actions)
        ir_storei(&b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, actions)), 8, budget);
    if (bld.recurses)
        ir_storei(&b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, calls)), 8, RECURSIONS_MAX);
    if (bld.fns.n) {
        ir_storei(&b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, err)), 8, 0);
        ir_storei(&b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, nesting)), 8, 0);
        ir_storei(&b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, next)), 8, 0);
    }
    if (p->attach.prog == PROG_NETFILTER)
        ir_storei(&b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, verdict)), 8, 1);
    if (bld.uses_out)
        ir_storei(&b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, out_len)), 8, 0);
    ir_jmp(&b, start);

    /* Each round but the first costs an action; a call is two rounds, a statement may
     * end a segment. */
    int64_t steps = bld.recurses ? ROUNDS_MAX : 3 * budget + 64 + bld.extra_steps;
    prog->max_steps = steps > ROUNDS_MAX ? ROUNDS_MAX : (uint32_t)steps;
    return prog;
}

/* ---- globals ---- */

/* The loops over an array. */
struct walked {
    int by; /* what the first one sorts by: a column, or UNSORTED */
    bool sorted, differ;
    bool nested; /* one begins while another is under way */
};
enum { UNSORTED = -1 };
struct walks {
    struct arena *arena;
    struct hash by_name;
};

static const char *var_name(const struct variable *v)
{
    return v->unique ? v->unique : v->name;
}

static void note_foreach(struct stmt **sp, void *arg);

static void note_foreach_expr(struct expr **e, void *arg)
{
    (void)e;
    (void)arg;
}

static void note_foreach(struct stmt **sp, void *arg)
{
    struct walks *w = arg;
    const struct stmt *s = *sp;
    if (s->kind == SM_FOREACH && s->foreach->base->kind == EX_SYMBOL && s->foreach->base->var) {
        const struct foreach *f = s->foreach;
        int by = f->sort_dir ? f->sort_column : UNSORTED;
        struct walked *have = hash_get(&w->by_name, var_name(f->base->var));
        if (!have) {
            have = arena_new_obj(w->arena, struct walked);
            have->by = by;
            hash_put(&w->by_name, var_name(f->base->var), have);
        }
        have->sorted |= by != UNSORTED;
        have->differ |= by != have->by;
        have->nested |= build_foreach_resorted(w->arena, s);
    }
    stmt_children(*sp, note_foreach_expr, note_foreach, arg);
}

static void layout_scalar(struct ir_module *m, struct variable *v)
{
    struct var_loc *loc = arena_new_obj(m->arena, struct var_loc);
    loc->is_string = v->type == TY_STRING;
    loc->bound = v->bound;
    loc->mem = ir_mem_at(IRM_GLOBAL, (int32_t)m->globals_size);
    uint32_t size = loc->is_string ? round8(v->bound) : 8;
    if (!v->synthetic && !v->tok->src->tapset && v->type != TY_UNKNOWN) {
        struct ir_global g = {v->name, loc->is_string, m->globals_size,
                              loc->is_string ? v->bound : size};
        vec_push(m->arena, &m->globals, g);
    }
    m->globals_size += size;
    v->codegen = loc;
}

static void init_globals(struct session *s, struct ir_module *m)
{
    char *init = arena_alloc(m->arena, m->globals_size);
    vec_for (i, m->program->globals) {
        const struct variable *v = m->program->globals.v[i];
        const struct var_loc *loc = v->codegen;
        if (!v->init || v->arity > 0 || v->type == TY_STATS)
            continue;
        if (v->init->kind == EX_STRING)
            snprintf(init + loc->mem.off, loc->bound, "%s", v->init->str);
        else
            memcpy(init + loc->mem.off, &v->init->num, 8);
    }
    m->globals_init = init;
    (void)s;
}

static void layout_globals(struct session *s, struct ir_module *m)
{
    const struct program *p = m->program;
    struct walks walks = {.arena = m->arena};
    hash_init(&walks.by_name, m->arena);
    vec_for (i, p->probes)
        if (p->probes.v[i]->body)
            note_foreach(&p->probes.v[i]->body, &walks);
    vec_for (i, p->functions)
        if (p->functions.v[i]->body)
            note_foreach(&p->functions.v[i]->body, &walks);

    m->globals_size = sizeof(struct abi_session);
    vec_for (i, p->globals) {
        struct variable *v = p->globals.v[i];
        const struct walked *walk = hash_get(&walks.by_name, var_name(v));
        /* Whether a sorted loop leaves its order behind matters where another one sees it. */
        bool renumber = walk && walk->sorted && (walk->differ || walk->nested || v->wrap);
        if (v->type == TY_STATS)
            build_stat_layout(m, s, v, walk || v->wrap);
        else if (v->arity > 0)
            build_array_layout(m, s, v, walk || v->wrap, renumber);
        else
            layout_scalar(m, v);
        if (walk && walk->nested && v->arity > 0 && v->type != TY_STATS) {
            ((struct var_loc *)v->codegen)->sorts = m->globals_size;
            m->globals_size += 8;
        }
    }
    build_lock_plan(m);
    init_globals(s, m);
}

struct ir_module *ir_build(struct session *s, const struct program *p)
{
    struct ir_module *m = arena_new_obj(s->arena, struct ir_module);
    m->arena = s->arena;
    m->program = p;
    m->maxstringlen = (uint32_t)s->maxstringlen;
    m->out_size = OUT_SIZE;
    m->regex_off = arena_new_array(m->arena, uint32_t, p->regexes.n + 1);
    struct hash literals, names;
    hash_init(&literals, m->arena);
    hash_init(&names, m->arena);

    bounds_infer(s, p);
    build_cost(p, m->arena);
    m->maxnesting = s->maxnesting ? (uint32_t)s->maxnesting : build_nesting(p);
    layout_globals(s, m);
    if (s->timing)
        build_timing_map(m, p->probes.n);
    unsigned errors = s->diag.errors;
    vec_for (i, p->probes)
        vec_push(m->arena, &m->progs, build_prog(s, m, p->probes.v[i], &literals, &names));
    return s->diag.errors == errors ? m : NULL;
}
