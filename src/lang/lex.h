/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to lang/: raw tokens. */
#pragma once
#include "lang/parse.h"

struct lexer {
    struct arena *arena;
    const struct source *src;
    const char *p, *end;
    uint32_t line;
    const char *line_start;
    /* Script arguments, for $1 @1 $# @#; NULL: not replaced. */
    const struct parse_config *cfg;
    struct lexer *pasted;         /* text of $N being read */
    const struct token *paste_at; /* in a pasted lexer: every token stands here */
    bool quiet;                   /* skipping: malformed tokens are junk, not errors */
    const char *error;            /* of the last token (TOK_JUNK), or NULL */
};

void lexer_init(struct lexer *lx, struct arena *arena, const struct source *src,
                const struct parse_config *cfg);
/* The next token; NULL at the end.  A malformed one is TOK_JUNK with lx->error set. */
const struct token *lexer_next(struct lexer *lx);

/* ---- preprocessed tokens ---- */

struct preprocessor;
struct preprocessor *pp_new(struct parse_config *cfg, const struct source *src);
/* The next token after conditionals and macros; NULL at the end or after an
 * error, which *error tells with *at (may be NULL) and *saw as for diag_parse. */
const struct token *pp_next(struct preprocessor *pp);
struct pp_error {
    const char *text;
    const struct token *at;
    bool saw;
};
/* The error that ended the tokens, or NULL; clears it, so that reading can go on. */
const struct pp_error *pp_error(struct preprocessor *pp);
/* Only collects @define; false with an error. */
