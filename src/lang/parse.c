/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Declarations, and what all of the parser shares. */
#include <stdlib.h>
#include <string.h>

#include "lang/parser.h"

/* ---- tokens ---- */

const struct token *peek_at(struct parser *p, int k)
{
    while (p->nahead <= k) {
        const struct token *t = pp_next(p->pp);
        const struct pp_error *e = t ? NULL : pp_error(p->pp);
        if (e) {
            p->nahead = 0;
            parse_fail_at(p, e->at, e->saw, e->text);
        }
        p->ahead[p->nahead++] = t;
        if (!t)
            break;
    }
    return k < p->nahead ? p->ahead[k] : NULL;
}

const struct token *take(struct parser *p)
{
    const struct token *t = peek_at(p, 0);
    if (!t)
        return NULL;
    p->ahead[0] = p->ahead[1];
    p->ahead[1] = p->ahead[2];
    p->nahead--;
    p->last = t;
    return t;
}

bool tok_is_op(const struct token *t, const char *op)
{
    return t && t->type == TOK_OP && strcmp(t->text, op) == 0;
}

bool tok_is_kw(const struct token *t, const char *kw)
{
    return t && t->type == TOK_KEYWORD && strcmp(t->text, kw) == 0;
}

bool accept_op(struct parser *p, const char *op)
{
    if (!tok_is_op(peek_tok(p), op))
        return false;
    take(p);
    return true;
}

bool accept_kw(struct parser *p, const char *kw)
{
    if (!tok_is_kw(peek_tok(p), kw))
        return false;
    take(p);
    return true;
}

const struct token *expect_op(struct parser *p, const char *op)
{
    const struct token *t = peek_tok(p);
    if (!accept_op(p, op))
        parse_fail(p, arena_printf(p->arena, "expected '%s'", op));
    return t;
}

const struct token *expect_ident(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (!t || t->type != TOK_IDENT || t->text[0] == '$')
        parse_fail(p, "expected identifier");
    return take(p);
}

/* ---- errors ---- */

void parse_fail_at(struct parser *p, const struct token *t, bool saw, const char *msg)
{
    p->errors++;
    diag_parse(p->cfg->diag, t, saw, "%s", msg);
    longjmp(p->recover, 1);
}

void parse_fail(struct parser *p, const char *msg)
{
    const struct token *t = peek_tok(p);
    if (!t) {
        p->errors++;
        diag_parse_eof(p->cfg->diag, p->src, p->last, msg);
        longjmp(p->recover, 1);
    }
    parse_fail_at(p, t, true, msg);
}

void enter_level(struct parser *p)
{
    if (++p->depth > PARSE_DEPTH_MAX)
        parse_fail(p, "nested too deeply");
}

/* ---- declarations ---- */

static enum type parse_type(struct parser *p)
{
    if (accept_kw(p, "string"))
        return TY_STRING;
    if (accept_kw(p, "long"))
        return TY_LONG;
    const struct token *t = peek_tok(p);
    if (t && t->type == TOK_IDENT && strcmp(t->text, "unknown") == 0) {
        take(p);
        return TY_UNKNOWN;
    }
    parse_fail(p, "expected 'string' or 'long'");
}

static void order(struct parser *p, struct ast_file *f, char kind, size_t index)
{
    __typeof__(f->order.v[0]) o = {kind, (unsigned)index};
    vec_push(p->arena, &f->order, o);
}

static void check_new_global(struct parser *p, const struct ast_file *f, const struct token *t)
{
    vec_for (i, f->globals)
        if (strcmp(f->globals.v[i]->name, t->text) == 0)
            parse_fail_at(p, t, true, "duplicate global name");
}

static void parse_global(struct parser *p, struct ast_file *f, bool is_private)
{
    do {
        const struct token *t = peek_tok(p);
        if (!t || t->type != TOK_IDENT || t->text[0] == '$')
            parse_fail(p, "expected identifier");
        check_new_global(p, f, t);
        take(p);
        struct variable *v = arena_new_obj(p->arena, struct variable);
        v->name = t->text;
        v->tok = t;
        v->is_global = true;
        v->is_private = is_private;
        v->arity = -1;
        if (accept_op(p, "%"))
            v->wrap = true;
        if (accept_op(p, "[")) {
            const struct token *n = peek_tok(p);
            if (!n || n->type != TOK_NUMBER)
                parse_fail(p, "expected literal number");
            take(p);
            v->maxsize = parse_number_token(p, n);
            if (v->maxsize <= 0 || v->maxsize > 1000000)
                parse_fail_at(p, n, true, "array size out of range");
            expect_op(p, "]");
        }
        const struct token *is = peek_tok(p);
        if (accept_op(p, "=")) {
            if (v->maxsize)
                parse_fail(p, "only scalar globals can be initialized");
            v->init = parse_literal(p);
            v->arity = 0;
            v->arity_tok = is;
        }
        vec_push(p->arena, &f->globals, v);
        order(p, f, 'g', f->globals.n - 1);
    } while (accept_op(p, ","));
    accept_op(p, ";");
}

static struct variable *parse_param(struct parser *p)
{
    const struct token *t = expect_ident(p);
    struct variable *v = arena_new_obj(p->arena, struct variable);
    v->name = v->unique = t->text;
    v->tok = t;
    v->is_param = true;
    if (accept_op(p, ":"))
        v->type = parse_type(p);
    return v;
}

static void parse_function(struct parser *p, struct ast_file *f, bool is_private)
{
    take(p);
    const struct token *t = peek_tok(p);
    struct function *fn = arena_new_obj(p->arena, struct function);
    fn->tok = expect_ident(p);
    fn->name = fn->tok->text;
    fn->src = p->src;
    fn->is_private = is_private;
    fn->priority = 1;
    if (accept_op(p, ":")) {
        fn->type = parse_type(p);
        fn->type_declared = true;
    }
    expect_op(p, "(");
    if (!accept_op(p, ")")) {
        while (!accept_op(p, ")")) { /* the last one may have a comma behind it */
            struct variable *v = parse_param(p);
            vec_for (i, fn->params)
                if (strcmp(fn->params.v[i]->name, v->name) == 0)
                    parse_fail_at(p, v->tok, true, "duplicate parameter name");
            vec_push(p->arena, &fn->params, v);
            if (!accept_op(p, ",") && !tok_is_op(peek_tok(p), ")"))
                parse_fail(p, "expected one of ', )'");
        }
    }
    if (accept_op(p, ":")) {
        const struct expr *n = parse_literal(p);
        if (n->kind != EX_NUMBER)
            parse_fail_at(p, n->tok, true, "expected literal number");
        fn->priority = n->num;
        if (fn->priority < 1)
            parse_fail_at(p, n->tok, true, "specified priority must be > 0");
        fn->priority_given = true;
    }
    t = peek_tok(p);
    p->in_function = true;
    if (t && t->type == TOK_EMBEDDED)
        fn->body = parse_stmt(p);
    else
        fn->body = parse_block(p);
    p->in_function = false;
    vec_push(p->arena, &f->functions, fn);
    order(p, f, 'f', f->functions.n - 1);
}

static void parse_probe(struct parser *p, struct ast_file *f, bool is_private)
{
    const struct token *t = take(p);
    probe_point_vec points = {0};
    parse_points(p, &points);
    bool prologue = tok_is_op(peek_tok(p), "="), epilogue = tok_is_op(peek_tok(p), "+=");
    if (!prologue && !epilogue) {
        struct probe_decl *d = arena_new_obj(p->arena, struct probe_decl);
        d->tok = t;
        d->points = points;
        d->is_private = is_private;
        d->body = parse_block(p);
        vec_push(p->arena, &f->probes, d);
        order(p, f, 'p', f->probes.n - 1);
        return;
    }
    struct alias_decl *a = arena_new_obj(p->arena, struct alias_decl);
    a->tok = t;
    a->is_private = is_private;
    while (prologue || epilogue) { /* a = b = begin: two names */
        if (points.n != 1)
            parse_fail(p, "expected probe point specifier");
        if (points.v[0]->optional)
            parse_fail_at(p, points.v[0]->tok, false,
                          "probe point alias name cannot be optional nor sufficient");
        take(p);
        vec_push(p->arena, &a->names, points.v[0]);
        a->epilogue |= epilogue;
        points = (probe_point_vec){0};
        parse_points(p, &points);
        prologue = tok_is_op(peek_tok(p), "=");
        epilogue = tok_is_op(peek_tok(p), "+=");
    }
    a->points = points;
    a->body = parse_block(p);
    vec_push(p->arena, &f->aliases, a);
    order(p, f, 'a', f->aliases.n - 1);
}

static void parse_declaration(struct parser *p, struct ast_file *f)
{
    const struct token *t = peek_tok(p);
    bool is_private = false;
    if (tok_is_kw(t, "private")) {
        take(p);
        is_private = true;
        t = peek_tok(p);
        if (tok_is_kw(t, "probe"))
            parse_fail(p, "expected 'global' or 'function'");
    }
    if (tok_is_kw(t, "probe")) {
        parse_probe(p, f, is_private);
    } else if (tok_is_kw(t, "global")) {
        take(p);
        parse_global(p, f, is_private);
    } else if (tok_is_kw(t, "function")) {
        parse_function(p, f, is_private);
    } else if (is_private && t && t->type == TOK_IDENT) {
        parse_global(p, f, true);
    } else if (is_private) {
        parse_fail(p, "expected 'global' or 'function'");
    } else if (t && t->type == TOK_EMBEDDED) {
        take(p);
        if (!p->src->privileged && !p->cfg->guru)
            parse_fail_at(p, t, true, "embedded code in unprivileged script; need stap -g");
        vec_push(p->arena, &f->embedded, t);
        order(p, f, 'e', f->embedded.n - 1);
    } else {
        parse_fail(p, "expected 'probe', 'global', 'private', 'function', or '%{'");
    }
}

/* Skips to what looks like the next declaration.  Errors on the way are not shown. */
static void synchronize(struct parser *p)
{
    p->depth = 0;
    p->in_function = false;
    p->printing = false;
    for (;;) {
        if (p->nahead) {
            const struct token *t = p->ahead[0];
            if (!t || tok_is_kw(t, "probe") || tok_is_kw(t, "global") || tok_is_kw(t, "function") ||
                tok_is_kw(t, "private"))
                return;
            p->ahead[0] = p->ahead[1];
            p->ahead[1] = p->ahead[2];
            p->nahead--;
            continue;
        }
        const struct token *t = pp_next(p->pp);
        if (!t && pp_error(p->pp))
            continue;
        p->ahead[p->nahead++] = t;
    }
}

enum { ERRORS_SHOWN = 20 };

struct ast_file *parse_source(struct parse_config *cfg, const struct source *src, unsigned *errors)
{
    struct parser p = {.cfg = cfg, .arena = cfg->arena, .src = src, .pp = pp_new(cfg, src)};
    struct ast_file *f = arena_new_obj(cfg->arena, struct ast_file);
    f->src = src;
    if (setjmp(p.recover)) {
        if (p.errors < ERRORS_SHOWN)
            synchronize(&p);
        else
            p.ahead[0] = NULL, p.nahead = 1;
    }
    while (peek_tok(&p))
        parse_declaration(&p, f);
    if (errors)
        *errors = p.errors;
    return p.errors ? NULL : f;
}

bool parse_probe_points(struct parse_config *cfg, const struct source *src, probe_point_vec *out)
{
    struct parser p = {.cfg = cfg, .arena = cfg->arena, .src = src, .pp = pp_new(cfg, src)};
    if (setjmp(p.recover))
        return false;
    parse_points(&p, out);
    if (peek_tok(&p))
        parse_fail(&p, "expected ',' or the end of the probe point");
    return true;
}
