/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts written to a record as the parts they are made of: user space puts them
 * together, so that a handler formats nothing itself.  All of it is pure: what is
 * written depends on when, but nothing on it. */
#include <string.h>

#include "ir/record.h"

enum { FLAGS = 1, ENUMERATION = 2 };

static const struct function *only_callee(const struct expr *e)
{
    return e->kind == EX_CALL && e->callees.n == 1 ? e->callees.v[0] : NULL;
}

/* FLAGS, ENUMERATION or 0. */
static int names_call(const struct function *f)
{
    const char *in = f && f->intrinsic ? f->intrinsic : "";
    return strcmp(in, "flags") == 0 ? FLAGS : strcmp(in, "names") == 0 ? ENUMERATION : 0;
}

static const struct name_table *table_of(struct ir_builder *b, const struct expr *e, int kind)
{
    struct build *bld = build_of(b);
    const struct expr *text = e->args.n == 2 ? e->args.v[1] : NULL;
    const char *wrong = "";
    if (!text || text->kind != EX_STRING) {
        build_unsupported(b, e->tok, "the table of names must be a literal");
        return NULL;
    }
    const char *key = arena_printf(b->arena, "%d %s", kind, text->str);
    struct name_table *t = hash_get(bld->names, key);
    if (t)
        return t;
    t = names_parse(b->arena, text->str, kind == FLAGS, &wrong);
    if (!t)
        build_unsupported(b, text->tok,
                          arena_printf(b->arena, "no name and number: '%.20s'", wrong));
    else
        hash_put(bld->names, key, t);
    return t;
}

/* The table in read-only data. */
static uint32_t table_data(struct ir_builder *b, const struct name_table *t)
{
    struct build *bld = build_of(b);
    const char *key = arena_printf(b->arena, "%p", (const void *)t);
    uintptr_t off = (uintptr_t)hash_get(bld->names, key);
    if (!off) {
        off = build_rodata(b->mod, (uint32_t)(t->entries.n * sizeof *t->entries.v)) + 1;
        memcpy((char *)b->mod->rodata + off - 1, t->entries.v, t->entries.n * sizeof *t->entries.v);
        hash_put(bld->names, key, (void *)off);
    }
    return (uint32_t)off - 1;
}

bool build_names(struct ir_builder *b, const struct expr *e, struct ir_value *out)
{
    int kind = names_call(only_callee(e));
    if (!kind)
        return false;
    const struct name_table *t = table_of(b, e, kind);
    uint32_t max = (uint32_t)b->session->maxstringlen;
    *out = ir_literal(b, "");
    if (!t)
        return true;
    ir_reg v = build_long(b, e->args.v[0]);
    *out = build_temp_string(b, max, "names");
    if (kind == ENUMERATION && NAME_SIZE < max)
        out->bound = NAME_SIZE;
    b->fn->slots.v[out->mem.id].frame = true;
    ir_lib(b, "rt_names", 5,
           IR_ARGS(IR_A_CTX, IR_A_OFF(out->mem), IR_A_REG(v), IR_A_IMM(table_data(b, t)),
                   IR_A_IMM((int64_t)(t->entries.n << 1) | t->flags)));
    return true;
}

/* ---- what can be written in place ---- */

static bool library_function(const struct function *f, const char *name)
{
    return f && f->src && f->src->tapset && strcmp(f->name, name) == 0;
}

static bool user_text_call(const struct expr *e, const struct function *f)
{
    return library_function(f, "user_string_quoted") ||
           (library_function(f, "user_string_n_quoted") && e->args.n == 2);
}

/* user_buffer_quoted(address, length, NUMBER) */
static bool user_buffer_call(const struct expr *e, const struct function *f)
{
    return f && f->intrinsic && strcmp(f->intrinsic, "user_buffer") == 0 && e->args.n == 3 &&
           e->args.v[2]->kind == EX_NUMBER && e->args.v[2]->num >= 5;
}

/* It has no effect, though it may fail. */
static void check_effect(struct expr **ep, void *arg)
{
    bool *effect = arg;
    const struct expr *e = *ep;
    const struct function *f = only_callee(e);
    if (e->kind == EX_ASSIGN || e->kind == EX_PRE || e->kind == EX_POST || e->kind == EX_REGEX ||
        (e->kind == EX_CALL && !user_text_call(e, f) && !pure_expr(e)))
        *effect = true;
    else
        expr_children(*ep, check_effect, arg);
}

bool text_in_place(struct ir_builder *b, const struct expr *e)
{
    (void)b;
    if (e->type != TY_STRING)
        return false;
    if (e->kind == EX_PRINT) {
        bool effect = !e->print->or_else;
        expr_children((struct expr *)e, check_effect, &effect);
        return !effect;
    }
    if (e->kind == EX_TERNARY)
        return pure_expr(e);
    const struct function *f = only_callee(e);
    if (!f)
        return false;
    if (names_call(f) || user_text_call(e, f) || user_buffer_call(e, f))
        return true;
    const struct fn_info *fi = f->codegen;
    return !f->intrinsic && f->src && f->src->tapset && fi && fi->inlined && !f->may_next &&
           pure_expr(e);
}

/* ---- writing ---- */

static void put_format(struct ir_builder *b, struct record *r, struct fmt_part p)
{
    fmt_vec parts = {0};
    p.width = -1;
    p.prec = p.prec ? p.prec : -1;
    vec_push(b->arena, &parts, p);
    ir_storei(b, record_at(r, 0), 8, build_format_number(b, &parts));
    r->off += 8;
}

/* ---- two ways that come together ---- */

void text_return_begin(struct ir_builder *b, struct text_return *t, const struct record *r)
{
    *t = (struct text_return){.start = *r, .pos = ir_new_reg(b)};
}

void text_return(struct ir_builder *b, struct text_return *t, const struct expr *e)
{
    struct record r = t->start;
    if (e)
        build_text(b, &r, e);
    else
        put_format(b, &r, (struct fmt_part){.conv = FMT_LITERAL, .text = ""});
    ir_mov(b, t->pos, ir_bini(b, B_ADD, r.pos, r.off));
    uint32_t end = r.max + r.off;
    t->max = end > t->max ? end : t->max;
}

static void text_return_end(const struct text_return *t, struct record *r)
{
    r->pos = t->pos;
    r->max = t->max;
    r->off = 0;
}

static void put_ternary(struct ir_builder *b, struct record *r, const struct expr *e)
{
    struct text_return arms;
    text_return_begin(b, &arms, r);
    uint32_t t = ir_new_block(b, "then"), f = ir_new_block(b, "else"),
             j = ir_new_block(b, "written");
    build_branch(b, e->a, t, f);
    ir_at(b, t);
    text_return(b, &arms, e->b);
    ir_jmp(b, j);
    ir_at(b, f);
    text_return(b, &arms, e->c);
    ir_jmp(b, j);
    ir_at(b, j);
    text_return_end(&arms, r);
}

/* A quoted string of user memory: user space adds the quotes. */
static void put_user_text(struct ir_builder *b, struct record *r, const struct expr *e)
{
    uint32_t max = (uint32_t)b->session->maxstringlen;
    ir_reg addr = build_long(b, e->args.v[0]);
    put_format(b, r, (struct fmt_part){.conv = FMT_USER_TEXT, .data = b->mod});
    rec_put_long(b, r, addr);
    struct ir_arg size = IR_A_IMM(max);
    if (e->args.n > 1) {
        ir_reg n = ir_new_reg(b);
        uint32_t big = ir_new_block(b, "long"), fit = ir_new_block(b, "fits");
        ir_reg len = build_long(b, e->args.v[1]);
        ir_mov(b, n, ir_bini(b, B_ADD, len, 1));
        ir_bri(b, CC_UGT, n, max, big, fit);
        ir_at(b, big);
        ir_mov(b, n, ir_const(b, max));
        ir_jmp(b, fit);
        ir_at(b, fit);
        size = IR_A_SIZE(n, max);
    }
    ir_reg n =
        build_read(b, READ_USER | READ_STRING, record_at(r, sizeof(struct rec_str)), size, addr);
    ir_reg cap = ir_new_reg(b);
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "string"),
             j = ir_new_block(b, "read");
    ir_bri(b, CC_SLT, n, 0, bad, good);
    ir_at(b, bad);
    ir_mov(b, cap, ir_const(b, 0));
    ir_jmp(b, j);
    ir_at(b, good);
    ir_mov(b, cap, ir_bini(b, B_AND, ir_bini(b, B_ADD, n, 7), ~(int64_t)7));
    ir_jmp(b, j);
    ir_at(b, j);
    ir_store(b, record_at(r, 0), 8, cap);
    r->pos = ir_bini(b, B_ADD, ir_bin(b, B_ADD, r->pos, cap),
                     (int64_t)(r->off + sizeof(struct rec_str)));
    r->max += r->off + record_string_room(max);
    r->off = 0;
}

/* Bytes of user memory, NULs among them: `length`, or as many as there is room for. */
static void put_user_buffer(struct ir_builder *b, struct record *r, const struct expr *e)
{
    uint32_t max = (uint32_t)b->session->maxstringlen - 1;
    int64_t shown = e->args.v[2]->num < max ? e->args.v[2]->num : max;
    ir_reg addr = build_long(b, e->args.v[0]), length = ir_new_reg(b);
    ir_mov(b, length, build_long(b, e->args.v[1]));
    put_format(b, r, (struct fmt_part){.conv = FMT_USER_BUFFER, .prec = (int)shown});
    rec_put_long(b, r, addr);
    uint32_t all = ir_new_block(b, "as many"), fit = ir_new_block(b, "fits"),
             check = ir_new_block(b, "check"), bad = ir_new_block(b, "fault"),
             good = ir_new_block(b, "bytes"), j = ir_new_block(b, "read");
    ir_bri(b, CC_SLE, length, 0, all, check);
    ir_at(b, check);
    ir_bri(b, CC_SGT, length, max, all, fit);
    ir_at(b, all);
    ir_mov(b, length, ir_const(b, max));
    ir_jmp(b, fit);
    ir_at(b, fit);
    rec_put_long(b, r, length);
    ir_reg st = build_read(b, READ_USER, record_at(r, sizeof(struct rec_str)),
                           IR_A_SIZE(length, max), addr);
    ir_reg cap = ir_new_reg(b);
    ir_bri(b, CC_SLT, st, 0, bad, good);
    ir_at(b, bad);
    ir_mov(b, cap, ir_const(b, 0));
    ir_jmp(b, j);
    ir_at(b, good);
    ir_mov(b, cap, ir_bini(b, B_AND, ir_bini(b, B_ADD, length, 7), ~(int64_t)7));
    ir_jmp(b, j);
    ir_at(b, j);
    ir_store(b, record_at(r, 0), 8, cap);
    r->pos = ir_bini(b, B_ADD, ir_bin(b, B_ADD, r->pos, cap),
                     (int64_t)(r->off + sizeof(struct rec_str)));
    r->max += r->off + record_string_room(max + 1);
    r->off = 0;
}

static void put_call(struct ir_builder *b, struct record *r, const struct expr *e)
{
    const struct function *f = e->callees.v[0];
    int kind = names_call(f);
    if (kind) {
        const struct name_table *t = table_of(b, e, kind);
        ir_reg v = build_long(b, e->args.v[0]);
        put_format(b, r, (struct fmt_part){.conv = FMT_NAMES, .data = t});
        rec_put_long(b, r, v);
    } else if (user_text_call(e, f)) {
        put_user_text(b, r, e);
    } else if (user_buffer_call(e, f)) {
        put_user_buffer(b, r, e);
    } else {
        struct text_return returns;
        text_return_begin(b, &returns, r);
        build_call_text(b, e, &returns);
        text_return_end(&returns, r);
    }
}

/* sprintf(…); false: it has conversions that only a string takes. */
static bool put_sprintf(struct ir_builder *b, struct record *r, const struct expr *e)
{
    fmt_vec parts = {0};
    expr_vec args = {0};
    VEC(bool) nested = {0};
    build_flatten(b, e, &parts, &args);
    vec_for (i, parts) {
        const struct fmt_part *p = &parts.v[i];
        if (p->conv == FMT_LITERAL)
            continue;
        if (p->conv == FMT_MEMORY_M || p->conv == FMT_MEMORY_HEX || p->width_arg || p->prec_arg)
            return false;
        vec_push(b->arena, &nested, p->conv == FMT_NESTED);
    }
    ir_storei(b, record_at(r, 0), 8, build_format_number(b, &parts));
    r->off += 8;
    for (size_t i = 0; i < args.n && i < nested.n; i++) {
        if (nested.v[i])
            build_text(b, r, args.v[i]);
        else if (args.v[i]->type == TY_STRING)
            rec_put_string(b, r, build_string(b, args.v[i]));
        else
            rec_put_long(b, r, build_long(b, args.v[i]));
    }
    return true;
}

static struct expr *without_else(struct ir_builder *b, const struct expr *e)
{
    struct expr *copy = arena_new_obj(b->arena, struct expr);
    *copy = *e;
    copy->print = arena_new_obj(b->arena, struct print);
    *copy->print = *e->print;
    copy->print->or_else = NULL;
    return copy;
}

struct ir_value build_sprint_or_else(struct ir_builder *b, const struct expr *e)
{
    struct build *bld = build_of(b);
    struct ir_value v = build_temp_string(b, bounds_expr(b->session, e), "text");
    uint32_t failed = ir_new_block(b, "failed"), j = ir_new_block(b, "text");
    struct catch_frame c = {.outer = bld->catches, .block = failed};
    bld->catches = &c;
    ir_str_copy(b, v, build_sprint(b, without_else(b, e)));
    bld->catches = c.outer;
    ir_jmp(b, j);
    ir_at(b, failed);
    ir_str_copy(b, v, ir_literal(b, e->print->or_else));
    ir_jmp(b, j);
    ir_at(b, j);
    return v;
}

static void put_or_else(struct ir_builder *b, struct record *r, const struct expr *e)
{
    struct build *bld = build_of(b);
    struct text_return ways;
    text_return_begin(b, &ways, r);
    uint32_t failed = ir_new_block(b, "failed"), j = ir_new_block(b, "written");
    struct catch_frame c = {.outer = bld->catches, .block = failed};
    bld->catches = &c;
    text_return(b, &ways, without_else(b, e));
    bld->catches = c.outer;
    ir_jmp(b, j);
    ir_at(b, failed);
    text_return(b, &ways, expr_string(b->arena, e->tok, e->print->or_else));
    ir_jmp(b, j);
    ir_at(b, j);
    text_return_end(&ways, r);
}

void build_text(struct ir_builder *b, struct record *r, const struct expr *e)
{
    if (e->kind == EX_PRINT && e->print->or_else) {
        put_or_else(b, r, e);
    } else if (e->kind == EX_TERNARY) {
        put_ternary(b, r, e);
    } else if (e->kind == EX_STRING) {
        put_format(b, r,
                   (struct fmt_part){.conv = FMT_LITERAL, .text = e->str, .len = strlen(e->str)});
    } else if (e->kind == EX_CALL && text_in_place(b, e)) {
        put_call(b, r, e);
    } else if (e->kind != EX_PRINT || !e->print->to_string || !put_sprintf(b, r, e)) {
        struct ir_value v = build_string(b, e);
        put_format(b, r, (struct fmt_part){.conv = FMT_STRING});
        rec_put_string(b, r, v);
    }
}
