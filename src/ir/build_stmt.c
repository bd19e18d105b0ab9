/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements. */
#include "ir/record.h"

void build_locals(struct ir_builder *b, const struct variable *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct var_loc *loc = arena_new_obj(b->arena, struct var_loc);
        loc->is_string = v[i]->type == TY_STRING;
        if (loc->is_string) {
            struct ir_value s = build_temp_string(b, v[i]->bound, v[i]->name);
            loc->mem = s.mem;
            loc->bound = s.bound;
            ir_storei(b, s.mem, 1, 0);
        } else {
            loc->reg = ir_new_reg(b);
            ir_mov(b, loc->reg, ir_const(b, 0));
        }
        ((struct variable *)v[i])->codegen = loc;
    }
}

static void build_loop(struct ir_builder *b, const struct stmt *s)
{
    struct build *bld = build_of(b);
    if (s->kind == SM_FOR && s->init) {
        build_effect(b, s->init);
        build_actions(b, 1, s->tok, false);
    }
    build_actions(b, 1, s->tok, true);
    uint32_t head = ir_new_block(b, "loop"), body = ir_new_block(b, "body"),
             cont = ir_new_block(b, "continue"), end = ir_new_block(b, "end of loop");
    ir_jmp(b, head);
    ir_at(b, head);
    if (s->e)
        build_branch(b, s->e, body, end);
    else
        ir_jmp(b, body);
    ir_at(b, body);
    struct loop_frame loop = {.outer = bld->frame->loops, .break_to = end, .continue_to = cont};
    bld->frame->loops = &loop;
    build_actions(b, 1, s->tok, false);
    build_stmt(b, s->then);
    build_actions(b, 0, build_body_tok(s->then, s->tok), true);
    bld->frame->loops = loop.outer;
    ir_jmp(b, cont);
    ir_at(b, cont);
    if (s->kind == SM_FOR && s->step) {
        build_effect(b, s->step);
        build_actions(b, 1, s->step->tok, false);
    }
    ir_yield(b, head);
    ir_at(b, end);
}

static void build_try(struct ir_builder *b, const struct stmt *s)
{
    struct build *bld = build_of(b);
    uint32_t handler = ir_new_block(b, "catch"), end = ir_new_block(b, "after try");
    struct catch_frame c = {.outer = bld->catches, .block = handler, .var = s->catch_var};
    build_actions(b, 0, s->tok, true);
    bld->catches = &c;
    build_stmt(b, s->then);
    build_actions(b, 0, build_body_tok(s->then, s->tok), true);
    bld->catches = c.outer;
    ir_jmp(b, end);
    ir_at(b, handler);
    build_actions(b, 1, s->tok, true);
    if (s->els) {
        build_stmt(b, s->els);
        build_actions(b, 0, build_body_tok(s->els, s->tok), true);
    }
    ir_jmp(b, end);
    ir_at(b, end);
}

static void build_return(struct ir_builder *b, const struct stmt *s)
{
    struct fn_frame *f = build_of(b)->frame;
    if (s->e && f->fn && f->fn->type == TY_UNKNOWN) {
        build_unsupported(b, s->e->tok, "return value type unsupported");
        return;
    }
    if (f->text) {
        text_return(b, f->text, s->e);
    } else if (s->e) {
        struct ir_value v = build_value(b, s->e);
        if (f->result.is_string)
            ir_str_copy(b, f->result, v);
        else if (f->result.reg && v.reg)
            ir_mov(b, f->result.reg, v.reg);
    }
    build_actions(b, 1, s->tok, true);
    ir_jmp(b, f->return_to);
}

static void build_if(struct ir_builder *b, const struct stmt *s)
{
    uint32_t t = ir_new_block(b, "then"), end = ir_new_block(b, "end if");
    uint32_t f = s->els ? ir_new_block(b, "else") : end;
    build_actions(b, 1, s->tok, true);
    build_branch(b, s->e, t, f);
    ir_at(b, t);
    build_stmt(b, s->then);
    build_actions(b, 0, build_body_tok(s->then, s->tok), true);
    ir_jmp(b, end);
    if (s->els) {
        ir_at(b, f);
        build_stmt(b, s->els);
        build_actions(b, 0, build_body_tok(s->els, s->tok), true);
        ir_jmp(b, end);
    }
    ir_at(b, end);
}

/* The verifier follows every path through straight code up to a limit: what is
 * longer goes on in a new segment. */
static void new_segment(struct ir_builder *b)
{
    if (ir_terminated(b))
        return;
    uint32_t next = ir_new_block(b, "go on");
    ir_yield(b, next);
    ir_at(b, next);
    build_of(b)->segment_start = b->emitted;
}

void build_stmt(struct ir_builder *b, const struct stmt *s)
{
    if (ir_terminated(b)) /* behind a break, next, return: never runs */
        return;
    struct build *bld = build_of(b);
    if (s->tok)
        b->tok = s->tok;
    switch (s->kind) {
    case SM_BLOCK:
        vec_for (i, s->body) {
            build_stmt(b, s->body.v[i]);
            if (b->emitted - bld->segment_start > SEGMENT_INSNS && i + 1 < s->body.n)
                new_segment(b);
        }
        break;
    case SM_EXPR:
        build_effect(b, s->e);
        build_actions(b, 1, s->tok, false);
        break;
    case SM_IF:
        build_if(b, s);
        break;
    case SM_WHILE:
    case SM_FOR:
        build_loop(b, s);
        break;
    case SM_FOREACH:
        build_foreach(b, s);
        break;
    case SM_BREAK:
        build_actions(b, 1, s->tok, true);
        ir_jmp(b, bld->frame->loops->break_to);
        break;
    case SM_CONTINUE:
        build_actions(b, 1, s->tok, true);
        ir_jmp(b, bld->frame->loops->continue_to);
        break;
    case SM_NEXT:
        build_actions(b, 1, s->tok, true);
        ir_jmp(b, bld->frame->next_to);
        break;
    case SM_RETURN:
        build_return(b, s);
        break;
    case SM_DELETE:
        build_delete(b, s->e);
        build_actions(b, 1, s->tok, false);
        break;
    case SM_TRY:
        build_try(b, s);
        break;
    case SM_EMPTY:
        break;
    case SM_EMBEDDED:
        build_unsupported(b, s->tok, "embedded C needs the kernel-module runtime, not eBPF");
        break;
    }
}
