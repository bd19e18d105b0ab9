/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the parser (parse*.c).  An error jumps to the nearest recovery
 * point: the next declaration. */
#pragma once
#include <setjmp.h>

#include "lang/lex.h"

enum { PARSE_DEPTH_MAX = 400 };

struct parser {
    struct parse_config *cfg;
    struct arena *arena;
    const struct source *src;
    struct preprocessor *pp;
    const struct token *ahead[3]; /* tokens looked at and not yet taken */
    int nahead;
    const struct token *last; /* taken last */
    unsigned errors;
    unsigned depth;
    bool in_function;
    bool printing; /* reading the arguments of print() or println() */
    jmp_buf recover;
};

/* Looks at the next token (0) or the one behind it (1); NULL at the end. */
const struct token *peek_at(struct parser *p, int k);
static inline const struct token *peek_tok(struct parser *p)
{
    return peek_at(p, 0);
}
const struct token *take(struct parser *p);
bool tok_is_op(const struct token *t, const char *op);
bool tok_is_kw(const struct token *t, const char *kw);
/* Takes the next token when it is this operator. */
bool accept_op(struct parser *p, const char *op);
bool accept_kw(struct parser *p, const char *kw);
const struct token *expect_op(struct parser *p, const char *op);
/* An identifier, or a keyword where the grammar allows one as a name. */
const struct token *expect_ident(struct parser *p);
/* Reports "MSG" at the next token (or the last, at the end) and recovers. */
_Noreturn void parse_fail(struct parser *p, const char *msg);
_Noreturn void parse_fail_at(struct parser *p, const struct token *t, bool saw, const char *msg);
void enter_level(struct parser *p);
static inline void leave_level(struct parser *p)
{
    p->depth--;
}

/* parse_expr.c */
struct expr *parse_expr(struct parser *p);
struct expr *parse_ternary(struct parser *p);
/* An array or histogram: what `in` and foreach take. */
struct expr *parse_indexable(struct parser *p);
int64_t parse_number_token(struct parser *p, const struct token *t);
/* A literal: string, number, or negative number. */
struct expr *parse_literal(struct parser *p);
/* "[a, *, b" up to and including "]"; NULL elements for `*`. */
void parse_index_list(struct parser *p, expr_vec *out, bool stars);
bool stat_kind_of(const char *op, enum stat_kind *kind);

/* parse_stmt.c */
struct stmt *parse_stmt(struct parser *p);
struct stmt *parse_block(struct parser *p);

/* parse_probe.c */
void parse_points(struct parser *p, probe_point_vec *out);
