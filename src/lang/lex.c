/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text → raw tokens. */
#include "lang/lex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lexer_init(struct lexer *lx, struct arena *arena, const struct source *src,
                const struct parse_config *cfg)
{
    memset(lx, 0, sizeof *lx);
    lx->arena = arena;
    lx->src = src;
    lx->p = lx->line_start = src->text;
    lx->end = src->text + src->len;
    lx->line = 1;
    lx->cfg = cfg;
}

static int peek(const struct lexer *lx, size_t k)
{
    return (size_t)(lx->end - lx->p) > k ? (unsigned char)lx->p[k] : -1;
}

static void newline(struct lexer *lx, const char *after)
{
    lx->line++;
    lx->line_start = after;
}

static void skip_space(struct lexer *lx)
{
    for (;;) {
        int c = peek(lx, 0);
        if (c == '\n') {
            lx->p++;
            newline(lx, lx->p);
        } else if (c >= 0 && isspace(c)) {
            lx->p++;
        } else if (c == '#' || (c == '/' && peek(lx, 1) == '/')) {
            while (lx->p < lx->end && *lx->p != '\n')
                lx->p++;
        } else if (c == '/' && peek(lx, 1) == '*') {
            lx->p += 2;
            while (lx->p < lx->end && !(*lx->p == '*' && peek(lx, 1) == '/')) {
                if (*lx->p == '\n')
                    newline(lx, lx->p + 1);
                lx->p++;
            }
            lx->p = lx->end - lx->p >= 2 ? lx->p + 2 : lx->end;
        } else {
            return;
        }
    }
}

static struct token *make(struct lexer *lx, enum token_type type, const char *start)
{
    struct token *t = arena_new_obj(lx->arena, struct token);
    t->type = type;
    t->src = lx->src;
    t->line = lx->line;
    t->col = (uint32_t)(start - lx->line_start) + 1;
    if (lx->paste_at) {
        t->src = lx->paste_at->src;
        t->line = lx->paste_at->line;
        t->col = lx->paste_at->col;
    }
    return t;
}

static const struct token *junk(struct lexer *lx, struct token *t, const char *text,
                                const char *error)
{
    t->type = TOK_JUNK;
    t->text = text;
    lx->error = lx->quiet ? NULL : error;
    return t;
}

/* ---- strings ---- */

static int escape(struct lexer *lx)
{
    int c = peek(lx, 0);
    lx->p++;
    switch (c) {
    case 'a':
        return '\a';
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'v':
        return '\v';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    case 'x': {
        int v = 0, n = 0;
        while (n < 2 && isxdigit(peek(lx, 0))) {
            int d = *lx->p++;
            v = v * 16 + (isdigit(d) ? d - '0' : tolower(d) - 'a' + 10);
            n++;
        }
        return n ? v : 'x';
    }
    default:
        if (c >= '0' && c <= '7') {
            int v = c - '0';
            for (int n = 1; n < 3 && peek(lx, 0) >= '0' && peek(lx, 0) <= '7'; n++)
                v = v * 8 + (*lx->p++ - '0');
            return v & 0xff;
        }
        if (c == '\n')
            newline(lx, lx->p);
        return c;
    }
}

static const struct token *lex_string(struct lexer *lx, const char *start)
{
    struct token *t = make(lx, TOK_STRING, start);
    uint32_t line = lx->line;
    const char *line_start = lx->line_start;
    lx->p++;
    /* The value is never longer than its spelling. */
    const char *close = lx->p;
    while (close < lx->end && *close != '"') {
        if (*close == '\\' && close + 1 < lx->end)
            close++;
        else if (*close == '\n')
            break;
        close++;
    }
    if (close >= lx->end || *close != '"') {
        const char *eol = memchr(start, '\n', (size_t)(lx->end - start));
        size_t n = (size_t)((eol ? eol : lx->end) - start);
        lx->line = line;
        lx->line_start = line_start;
        lx->p = lx->quiet ? start + 1 : start + n;
        return junk(lx, t, arena_strndup(lx->arena, start, n),
                    "Could not find matching closing quote");
    }
    char *out = arena_alloc(lx->arena, (size_t)(close - lx->p) + 1);
    size_t n = 0;
    while (lx->p < close) {
        int c = (unsigned char)*lx->p++;
        if (c == '\n')
            newline(lx, lx->p);
        if (c == '\\')
            c = escape(lx);
        if (c) /* a string ends at its first NUL */
            out[n++] = (char)c;
        else
            break;
    }
    while (lx->p < close) {
        if (*lx->p == '\n')
            newline(lx, lx->p + 1);
        lx->p++;
    }
    lx->p = close + 1;
    out[n] = 0;
    t->text = out;
    return t;
}

/* ---- words ---- */

static bool keyword(const char *s, size_t n)
{
    static const char *const words[] = {
        "probe",    "global", "private", "function", "if",     "else",  "for",
        "foreach",  "in",     "limit",   "return",   "delete", "while", "break",
        "continue", "next",   "string",  "long",     "try",    "catch",
    };
    if (n < 2 || n > 8 || s[0] < 'b' || s[0] > 'w')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i][0] == s[0] && words[i][1] == s[1] && strncmp(words[i], s, n) == 0 &&
            !words[i][n])
            return true;
    return false;
}

static bool word_char(int c)
{
    return c >= 0 && (isalnum(c) || c == '_' || c == '$');
}

static const struct token *paste(struct lexer *lx, const struct token *at, const char *text)
{
    struct lexer *sub = arena_new_obj(lx->arena, struct lexer);
    struct source *src = source_from_string(lx->arena, lx->src->name, text, strlen(text));
    lexer_init(sub, lx->arena, src, NULL);
    sub->paste_at = at;
    lx->pasted = sub;
    return lexer_next(lx);
}

/* $1 @1 $# @# */
static const struct token *lex_argument(struct lexer *lx, const char *start)
{
    const struct parse_config *cfg = lx->cfg;
    bool quoted = *start == '@';
    struct token *t = make(lx, quoted ? TOK_STRING : TOK_NUMBER, start);
    lx->p++;
    if (*lx->p == '#') {
        lx->p++;
        t->text = arena_printf(lx->arena, "%zu", cfg->nargs);
        return t;
    }
    size_t n = 0;
    while (isdigit(peek(lx, 0)))
        if (n < 1000000)
            n = n * 10 + (size_t)(*lx->p++ - '0');
        else
            lx->p++;
    if (n == 0 || n > cfg->nargs)
        return junk(
            lx, t, "",
            arena_printf(lx->arena, "command line argument out of range [1-%zu]", cfg->nargs));
    if (cfg->args_used)
        cfg->args_used[n - 1] = true;
    if (quoted) {
        t->text = cfg->args[n - 1];
        return t;
    }
    return paste(lx, t, cfg->args[n - 1]);
}

static const struct token *lex_word(struct lexer *lx, const char *start)
{
    lx->p++;
    while (word_char(peek(lx, 0)))
        lx->p++;
    size_t n = (size_t)(lx->p - start);
    struct token *t = make(lx, TOK_IDENT, start);
    if (*start == '@')
        t->type = TOK_OP;
    else if (keyword(start, n))
        t->type = TOK_KEYWORD;
    t->text = arena_strndup(lx->arena, start, n);
    return t;
}

static const struct token *lex_number(struct lexer *lx, const char *start)
{
    while (isalnum(peek(lx, 0)))
        lx->p++;
    struct token *t = make(lx, TOK_NUMBER, start);
    t->text = arena_strndup(lx->arena, start, (size_t)(lx->p - start));
    return t;
}

static const struct token *lex_embedded(struct lexer *lx, const char *start)
{
    struct token *t = make(lx, TOK_EMBEDDED, start);
    lx->p += 2;
    const char *body = lx->p;
    while (lx->p < lx->end && !(*lx->p == '%' && peek(lx, 1) == '}')) {
        if (*lx->p == '\n')
            newline(lx, lx->p + 1);
        lx->p++;
    }
    t->text = arena_strndup(lx->arena, body, (size_t)(lx->p - body));
    if (lx->p >= lx->end)
        return junk(lx, t, "%{", "Could not find matching '%}' to close embedded function block");
    lx->p += 2;
    return t;
}

static const struct token *lex_operator(struct lexer *lx, const char *start)
{
    /* Longest first. */
    static const char *const ops[] = {
        ">>>=", "<<<", ">>>", "<<=", ">>=", "<<", ">>", "->", "++", "--", "&&",
        "||",   "==",  "!=",  "<=",  ">=",  "=~", "!~", "+=", "-=", "*=", "/=",
        "%=",   "&=",  "|=",  "^=",  ".=",  "%(", "%?", "%:", "%)",
    };
    struct token *t = make(lx, TOK_OP, start);
    size_t left = (size_t)(lx->end - start);
    /* Only these go on with a second character. */
    bool longer = left > 1 && strchr("><-+&|=!*/%^.", *start) && strchr("><-+&|=~(?:)", start[1]);
    for (size_t i = 0; longer && i < sizeof ops / sizeof *ops; i++) {
        if (ops[i][0] != start[0] || ops[i][1] != start[1])
            continue;
        size_t n = strlen(ops[i]);
        if (n <= left && memcmp(start, ops[i], n) == 0) {
            lx->p += n;
            t->text = ops[i];
            return t;
        }
    }
    /* One character: the common ones need no copy. */
    static const char singles[] =
        "(\0)\0{\0}\0[\0]\0,\0;\0.\0=\0+\0-\0*\0/\0%\0<\0>\0!\0?\0:\0&\0|\0^\0~";
    for (size_t i = 0; i < sizeof singles; i += 2)
        if (singles[i] == *start) {
            lx->p++;
            t->text = singles + i;
            return t;
        }
    lx->p++;
    /* A whole UTF-8 character, so that messages show it. */
    while (lx->p < lx->end && ((unsigned char)*start & 0x80) &&
           ((unsigned char)*lx->p & 0xc0) == 0x80)
        lx->p++;
    t->text = arena_strndup(lx->arena, start, (size_t)(lx->p - start));
    return t;
}

const struct token *lexer_next(struct lexer *lx)
{
    lx->error = NULL;
    if (lx->pasted) {
        const struct token *t = lexer_next(lx->pasted);
        lx->error = lx->pasted->error;
        if (t)
            return t;
        lx->pasted = NULL;
    }
    skip_space(lx);
    const char *start = lx->p;
    int c = peek(lx, 0), d = peek(lx, 1);
    if (c < 0)
        return NULL;
    if (c == '"')
        return lex_string(lx, start);
    if ((c == '$' || c == '@') && lx->cfg && (isdigit(d) || d == '#'))
        return lex_argument(lx, start);
    if (isalpha(c) || c == '_' || c == '$' || (c == '@' && (isalpha(d) || d == '_')))
        return lex_word(lx, start);
    if (isdigit(c))
        return lex_number(lx, start);
    if (c == '%' && d == '{')
        return lex_embedded(lx, start);
    return lex_operator(lx, start);
}

void lex_scan(struct arena *a, const struct source *src,
              bool (*fn)(const struct token *tok, void *arg), void *arg)
{
    struct lexer lx;
    lexer_init(&lx, a, src, NULL);
    lx.quiet = true;
    for (const struct token *t; (t = lexer_next(&lx));)
        if (!fn(t, arg))
            return;
}
