/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probe points: a.b("c").d*.{e,f(1)}.g ? ! if (…).  Braces multiply points. */
#include <string.h>

#include "lang/parser.h"

struct path {
    VEC(struct probe_component) comps;
    bool optional, sufficient;
};
typedef VEC(struct path) path_vec;

enum { POINTS_MAX = 10000 };

static bool adjacent(const struct token *a, const struct token *b)
{
    return b && a->src == b->src && a->line == b->line && a->col + strlen(a->text) == b->col;
}

static bool name_piece(const struct token *t)
{
    return t && (t->type == TOK_IDENT || t->type == TOK_KEYWORD || t->type == TOK_NUMBER ||
                 tok_is_op(t, "*") || tok_is_op(t, "?"));
}

/* A component's name: words and stars without space between. */
static const char *component_name(struct parser *p, const struct token *first)
{
    const char *name = first->text;
    const struct token *last = first;
    for (const struct token *t; (t = peek_tok(p)) && adjacent(last, t);) {
        /* A `?` here is the mark of an optional point, not a wildcard, unless a name goes on. */
        if (!name_piece(t) || tok_is_op(t, "?"))
            break;
        take(p);
        name = arena_printf(p->arena, "%s%s", name, t->text);
        last = t;
    }
    return name;
}

static void component_argument(struct parser *p, struct probe_component *c)
{
    if (!accept_op(p, "("))
        return;
    c->arg = parse_literal(p);
    expect_op(p, ")");
}

static void parse_paths(struct parser *p, path_vec *out);

/* out = every path of `heads` followed by every path of `tails`. */
static void multiply(struct parser *p, path_vec *out, const path_vec *heads, const path_vec *tails)
{
    if (heads->n * tails->n > POINTS_MAX)
        parse_fail(p, "too many probe points in braces");
    path_vec all = {0};
    vec_for (i, *heads)
        vec_for (k, *tails) {
            const struct path *h = &heads->v[i], *t = &tails->v[k];
            struct path path = {.optional = h->optional || t->optional,
                                .sufficient = h->sufficient || t->sufficient};
            vec_for (c, h->comps)
                vec_push(p->arena, &path.comps, h->comps.v[c]);
            vec_for (c, t->comps)
                vec_push(p->arena, &path.comps, t->comps.v[c]);
            vec_push(p->arena, &all, path);
        }
    *out = all;
}

/* One position of a path: a component, or a brace group. */
static void parse_position(struct parser *p, path_vec *out)
{
    const struct token *t = peek_tok(p);
    if (accept_op(p, "{")) {
        enter_level(p);
        path_vec group = {0};
        do {
            path_vec one = {0};
            parse_paths(p, &one);
            bool sufficient = accept_op(p, "!"), optional = sufficient || accept_op(p, "?");
            vec_for (i, one) {
                one.v[i].optional |= optional;
                one.v[i].sufficient |= sufficient;
                vec_push(p->arena, &group, one.v[i]);
            }
        } while (accept_op(p, ","));
        leave_level(p);
        if (!accept_op(p, "}"))
            parse_fail(p, "expected '}'");
        *out = group;
        return;
    }
    if (!t || (t->type != TOK_IDENT && t->type != TOK_KEYWORD && !tok_is_op(t, "*")))
        parse_fail(p, "expected identifier or '*' or '{'");
    take(p);
    struct probe_component c = {.tok = t};
    c.name = component_name(p, t);
    component_argument(p, &c);
    struct path path = {0};
    vec_push(p->arena, &path.comps, c);
    vec_push(p->arena, out, path);
}

static void parse_paths(struct parser *p, path_vec *out)
{
    parse_position(p, out);
    while (accept_op(p, ".")) {
        path_vec tail = {0}, all = {0};
        parse_position(p, &tail);
        multiply(p, &all, out, &tail);
        *out = all;
    }
}

void parse_points(struct parser *p, probe_point_vec *out)
{
    do {
        const struct token *t = peek_tok(p);
        path_vec paths = {0};
        parse_paths(p, &paths);
        bool optional = false, sufficient = false;
        struct expr *condition = NULL;
        if (accept_op(p, "!"))
            optional = sufficient = true;
        else if (accept_op(p, "?"))
            optional = true;
        if (accept_kw(p, "if")) {
            expect_op(p, "(");
            condition = parse_expr(p);
            expect_op(p, ")");
        }
        vec_for (i, paths) {
            struct probe_point *pp = arena_new_obj(p->arena, struct probe_point);
            const struct path *path = &paths.v[i];
            vec_for (k, path->comps)
                vec_push(p->arena, &pp->comps, path->comps.v[k]);
            pp->optional = optional || path->optional;
            pp->sufficient = sufficient || path->sufficient;
            pp->condition = i && condition ? expr_clone(p->arena, condition) : condition;
            pp->tok = pp->comps.n ? pp->comps.v[0].tok : t;
            vec_push(p->arena, out, pp);
        }
    } while (accept_op(p, ","));
}
