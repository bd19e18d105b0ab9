/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements. */
#include <string.h>

#include "lang/parser.h"

struct stmt *parse_block(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (!accept_op(p, "{"))
        parse_fail(p, "expected '{'");
    struct stmt *s = stmt_new(p->arena, SM_BLOCK, t);
    enter_level(p);
    while (!accept_op(p, "}")) {
        if (!peek_tok(p))
            parse_fail(p, "expected statement");
        vec_push(p->arena, &s->body, parse_stmt(p));
    }
    leave_level(p);
    return s;
}

static struct stmt *parse_if(struct parser *p)
{
    struct stmt *s = stmt_new(p->arena, SM_IF, take(p));
    expect_op(p, "(");
    s->e = parse_expr(p);
    expect_op(p, ")");
    s->then = parse_stmt(p);
    const struct token *t = peek_tok(p);
    if (tok_is_kw(t, "else")) {
        take(p);
        s->els = parse_stmt(p);
    }
    return s;
}

static struct stmt *parse_for(struct parser *p)
{
    struct stmt *s = stmt_new(p->arena, SM_FOR, take(p));
    expect_op(p, "(");
    if (!accept_op(p, ";")) {
        s->init = parse_expr(p);
        expect_op(p, ";");
    }
    if (!accept_op(p, ";")) {
        s->e = parse_expr(p);
        expect_op(p, ";");
    }
    if (!accept_op(p, ")")) {
        s->step = parse_expr(p);
        expect_op(p, ")");
    }
    s->then = parse_stmt(p);
    return s;
}

static struct stmt *parse_while(struct parser *p)
{
    struct stmt *s = stmt_new(p->arena, SM_WHILE, take(p));
    expect_op(p, "(");
    s->e = parse_expr(p);
    expect_op(p, ")");
    s->then = parse_stmt(p);
    return s;
}

/* ---- foreach ---- */

/* A + or - behind a key or the array: what to sort by.  Only one is allowed. */
static void sort_mark(struct parser *p, struct foreach *f, int column)
{
    const struct token *t = peek_tok(p);
    int dir = tok_is_op(t, "+") || tok_is_op(t, "++")   ? 1
              : tok_is_op(t, "-") || tok_is_op(t, "--") ? -1
                                                        : 0;
    if (!dir)
        return;
    if (t->text[1])
        parse_fail(p, "expected '+' or '-'");
    if (f->sort_dir)
        parse_fail(p, "multiple sort directives");
    take(p);
    f->sort_dir = dir;
    f->sort_column = column;
}

static struct expr *loop_name(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (!t || t->type != TOK_IDENT || t->text[0] == '$')
        parse_fail(p, "expected identifier");
    take(p);
    return expr_symbol(p->arena, t, t->text);
}

static void loop_keys(struct parser *p, struct foreach *f)
{
    if (!accept_op(p, "[")) {
        vec_push(p->arena, &f->keys, loop_name(p));
        sort_mark(p, f, 1);
        return;
    }
    do {
        vec_push(p->arena, &f->keys, loop_name(p));
        sort_mark(p, f, (int)f->keys.n);
    } while (accept_op(p, ","));
    if (!accept_op(p, "]"))
        parse_fail(p, "expected one of ', ]'");
}

static struct stmt *parse_foreach(struct parser *p)
{
    struct stmt *s = stmt_new(p->arena, SM_FOREACH, take(p));
    struct foreach *f = arena_new_obj(p->arena, struct foreach);
    s->foreach = f;
    expect_op(p, "(");
    const struct token *mark = peek_at(p, 1);
    bool marked = tok_is_op(mark, "+") || tok_is_op(mark, "-");
    if (tok_is_op(peek_at(p, marked ? 2 : 1), "=")) {
        f->value = loop_name(p);
        sort_mark(p, f, 0);
        take(p);
    }
    loop_keys(p, f);
    if (!accept_kw(p, "in"))
        parse_fail(p, "expected 'in'");
    f->base = parse_indexable(p);
    if (f->base->kind == EX_SYMBOL && accept_op(p, "["))
        parse_index_list(p, &f->slice, true);
    const struct token *t = peek_tok(p);
    enum stat_kind stat;
    if (t && t->type == TOK_OP && stat_kind_of(t->text, &stat)) {
        take(p);
        f->sort_stat = stat;
        f->sort_stat_given = true;
        int before = f->sort_dir;
        sort_mark(p, f, 0);
        if (f->sort_dir == before)
            parse_fail(p, "expected sort directive");
    } else {
        sort_mark(p, f, 0);
    }
    if (accept_kw(p, "limit"))
        f->limit = parse_expr(p);
    expect_op(p, ")");
    s->then = parse_stmt(p);
    return s;
}

/* ---- the others ---- */

static struct stmt *parse_try(struct parser *p)
{
    struct stmt *s = stmt_new(p->arena, SM_TRY, take(p));
    s->then = parse_block(p);
    if (!accept_kw(p, "catch"))
        parse_fail(p, "expected 'catch'");
    if (accept_op(p, "(")) {
        s->catch_var = loop_name(p);
        expect_op(p, ")");
    }
    s->els = parse_block(p);
    return s;
}

static struct stmt *parse_return(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (!p->in_function)
        parse_fail(p, "found 'return' not in function context");
    take(p);
    struct stmt *s = stmt_new(p->arena, SM_RETURN, t);
    const struct token *n = peek_tok(p);
    if (!tok_is_op(n, ";") && !tok_is_op(n, "}"))
        s->e = parse_expr(p);
    return s;
}

static struct stmt *statement(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (!t)
        parse_fail(p, "expected statement");
    if (tok_is_op(t, ";"))
        return stmt_new(p->arena, SM_EMPTY, take(p));
    if (tok_is_op(t, "{"))
        return parse_block(p);
    if (t->type == TOK_EMBEDDED) {
        take(p);
        if (!p->src->privileged && !p->cfg->guru)
            parse_fail_at(p, t, true, "embedded code in unprivileged script; need stap -g");
        struct stmt *s = stmt_new(p->arena, SM_EMBEDDED, t);
        s->text = t->text;
        return s;
    }
    if (t->type == TOK_KEYWORD) {
        static const struct {
            const char *word;
            enum stmt_kind kind;
        } simple[] = {{"break", SM_BREAK}, {"continue", SM_CONTINUE}, {"next", SM_NEXT}};
        for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
            if (tok_is_kw(t, simple[i].word))
                return stmt_new(p->arena, simple[i].kind, take(p));
        if (tok_is_kw(t, "if"))
            return parse_if(p);
        if (tok_is_kw(t, "for"))
            return parse_for(p);
        if (tok_is_kw(t, "foreach"))
            return parse_foreach(p);
        if (tok_is_kw(t, "while"))
            return parse_while(p);
        if (tok_is_kw(t, "return"))
            return parse_return(p);
        if (tok_is_kw(t, "try"))
            return parse_try(p);
        if (tok_is_kw(t, "delete")) {
            take(p);
            struct stmt *s = stmt_new(p->arena, SM_DELETE, t);
            s->e = parse_expr(p);
            return s;
        }
        parse_fail(p, "expected statement");
    }
    struct stmt *s = stmt_new(p->arena, SM_EXPR, t);
    s->e = parse_expr(p);
    return s;
}

struct stmt *parse_stmt(struct parser *p)
{
    enter_level(p);
    struct stmt *s = statement(p);
    switch (s->kind) {
    case SM_EXPR:
    case SM_BREAK:
    case SM_CONTINUE:
    case SM_NEXT:
    case SM_RETURN:
    case SM_DELETE:
        accept_op(p, ";"); /* ends it; alone it would be an empty statement */
        break;
    default:
        break;
    }
    leave_level(p);
    return s;
}
