/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diag.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/plain.h"
#include "base/strbuf.h"

struct seen {
    struct arena *arena;
    struct hash texts;
};

void diag_init(struct diag *d, FILE *out)
{
    memset(d, 0, sizeof *d);
    d->out = out;
    struct seen *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->arena = arena_new();
    hash_init(&s->texts, s->arena);
    d->seen = s;
}

void diag_fini(struct diag *d)
{
    struct seen *s = d->seen;
    if (!s)
        return;
    diag_flush(d);
    arena_free(s->arena);
    free(s);
    d->seen = NULL;
}

const char *token_describe(const struct token *tok, char *buf, size_t n)
{
    static const char *const kinds[] = {
        [TOK_JUNK] = "junk",       [TOK_IDENT] = "identifier", [TOK_OP] = "operator",
        [TOK_STRING] = "string",   [TOK_NUMBER] = "number",    [TOK_EMBEDDED] = "embedded-code",
        [TOK_KEYWORD] = "keyword",
    };
    if (tok->type == TOK_EMBEDDED || tok->type == TOK_KEYWORD) {
        snprintf(buf, n, "%s", kinds[tok->type]);
        return buf;
    }
    struct strbuf text = {0};
    plain_add(&text, tok->text, strnlen(tok->text, n), PLAIN_ESCAPED);
    snprintf(buf, n, "%s '%s'", kinds[tok->type], text.p ? text.p : "");
    strbuf_free(&text);
    return buf;
}

/* A message, whose parts may come from anywhere. */
static void say(const struct diag *d, const char *text)
{
    if (d->raw) {
        fputs(text, d->out);
        return;
    }
    struct strbuf b = {0};
    plain_add(&b, text, strlen(text), PLAIN_LINES);
    if (b.p)
        fputs(b.p, d->out);
    strbuf_free(&b);
}

static void vsay(const struct diag *d, const char *fmt, va_list ap)
{
    struct strbuf b = {0};
    strbuf_vprintf(&b, fmt, ap);
    if (b.p)
        say(d, b.p);
    strbuf_free(&b);
}

const char *token_position(const struct token *tok, char *buf, size_t n)
{
    snprintf(buf, n, "%s:%u:%u", tok->src ? tok->src->name : "<unknown>", tok->line, tok->col);
    return buf;
}

void diag_flush(struct diag *d)
{
    if (d->gap)
        fputc('\n', d->out);
    d->gap = false;
}

static void colored(const struct diag *d, enum color_role role, const char *text, size_t n)
{
    color_write(d->out, color_wanted(d->color, d->out), role, text, n);
}

static void head(struct diag *d, const char *kind, bool error)
{
    diag_flush(d);
    d->muted = false;
    colored(d, error ? COLOR_ERROR : COLOR_WARNING, kind, strlen(kind));
    fputc(' ', d->out);
}

/* " at FILE:L:C", without the file's name when the last position was in it too. */
static void position(struct diag *d, const struct token *tok)
{
    bool same = d->last_src == tok->src;
    struct strbuf at = {0};
    if (!same && tok->src)
        plain_add(&at, tok->src->name, strlen(tok->src->name), PLAIN_LINE);
    strbuf_printf(&at, ":%u:%u", tok->line, tok->col);
    fputs(" at ", d->out);
    colored(d, COLOR_SOURCE, at.p, at.n);
    strbuf_free(&at);
    d->last_src = tok->src;
}

/* The source line with its token marked, and a caret under the token's column. */
static void source_line(const struct diag *d, const struct token *tok, const char *label)
{
    const struct source *src = tok->src;
    if (!src || !src->text)
        return;
    const char *p = src->text, *end = src->text + src->len;
    for (uint32_t l = 1; l < tok->line && p < end; l++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        p = nl ? nl + 1 : end;
    }
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((nl ? nl : end) - p), at = tok->col ? tok->col - 1 : 0;
    size_t len = tok->text ? strlen(tok->text) : 0;
    if (n && p[n - 1] == '\r')
        n--;
    at = at < n ? at : n;
    if (at + len > n || memcmp(p + at, tok->text, len) != 0)
        len = 0;
    struct strbuf before = {0}, marked = {0}, after = {0}, blank = {0};
    plain_add(&before, p, at, PLAIN_LINE);
    plain_add(&marked, p + at, len, PLAIN_LINE);
    plain_add(&after, p + at + len, n - at - len, PLAIN_LINE);
    plain_blank(&blank, p, at);
    fprintf(d->out, "%s%s", label, before.n ? before.p : "");
    if (marked.n)
        colored(d, COLOR_TOKEN, marked.p, marked.n);
    fprintf(d->out, "%s\n%*s%s", after.n ? after.p : "", (int)strlen(label), "",
            blank.n ? blank.p : "");
    colored(d, COLOR_CARET, "^", 1);
    fputc('\n', d->out);
    strbuf_free(&before);
    strbuf_free(&marked);
    strbuf_free(&after);
    strbuf_free(&blank);
}

static void expansion(struct diag *d, const struct token *tok, const char *label)
{
    char what[300];
    for (const struct token *m = tok->macro; m; m = m->macro) {
        fprintf(d->out, "%*sin expansion of macro: %s",
                (int)strlen(label) - 8 > 0 ? (int)strlen(label) - 8 : 0, "",
                token_describe(m, what, sizeof what));
        position(d, m);
        fputc('\n', d->out);
        source_line(d, m, label);
    }
}

/* False when a message with the same first `n` bytes was shown already and is to be
 * suppressed. */
static bool fresh(struct diag *d, const char *kind, const char *text, size_t n)
{
    if (d->verbose > 0 || !d->seen)
        return true;
    struct seen *s = d->seen;
    const char *key = arena_printf(s->arena, "%s %.*s", kind, (int)n, text);
    return hash_put(&s->texts, key, s);
}

static void vsemantic(struct diag *d, const struct token *tok, const struct token *tok2,
                      const char *fmt, va_list ap)
{
    static const char label[] = "        source: ";
    struct strbuf text = {0};
    char what[300];
    strbuf_vprintf(&text, fmt, ap);
    const char *msg = text.p ? text.p : "";
    d->errors++;
    /* Messages of one place in the source of this program are similar. */
    bool passed_on = strcmp(fmt, "%s") == 0;
    if (!fresh(d, "semantic", passed_on ? msg : fmt, strcspn(passed_on ? msg : fmt, "'("))) {
        d->suppressed++;
        d->muted = true;
        strbuf_free(&text);
        return;
    }
    head(d, "semantic error:", true);
    say(d, msg);
    if (tok) {
        fprintf(d->out, ": %s", token_describe(tok, what, sizeof what));
        position(d, tok);
        fputc('\n', d->out);
        source_line(d, tok, label);
        expansion(d, tok, label);
        if (tok2) {
            fputs(token_describe(tok2, what, sizeof what), d->out);
            position(d, tok2);
            fputc('\n', d->out);
            source_line(d, tok2, label);
        }
    } else {
        fputc('\n', d->out);
    }
    d->gap = true;
    strbuf_free(&text);
}

void diag_semantic(struct diag *d, const struct token *tok, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsemantic(d, tok, NULL, fmt, ap);
    va_end(ap);
}

void diag_semantic2(struct diag *d, const struct token *tok, const struct token *tok2,
                    const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsemantic(d, tok, tok2, fmt, ap);
    va_end(ap);
}

void diag_parse(struct diag *d, const struct token *tok, bool saw, const char *fmt, ...)
{
    static const char label[] = "     source: ";
    char what[300];
    va_list ap;
    d->errors++;
    head(d, "parse error:", true);
    va_start(ap, fmt);
    vsay(d, fmt, ap);
    va_end(ap);
    fputc('\n', d->out);
    if (!tok)
        return;
    fprintf(d->out, saw ? "        saw: %s" : "         at: %s",
            token_describe(tok, what, sizeof what));
    position(d, tok);
    fputc('\n', d->out);
    source_line(d, tok, label);
    expansion(d, tok, label);
    d->gap = true;
}

void diag_parse_eof(struct diag *d, const struct source *src, const struct token *last,
                    const char *msg)
{
    d->errors++;
    head(d, "parse error:", true);
    say(d, msg);
    fputs("\n        saw: ", d->out);
    say(d, src->name);
    fputs(" EOF\n", d->out);
    if (last) {
        fprintf(d->out, "     behind line %u:\n", last->line);
        source_line(d, last, "     source: ");
        expansion(d, last, "     source: ");
    }
    fputc('\n', d->out);
}

void diag_warning(struct diag *d, const struct token *tok, const char *fmt, ...)
{
    static const char label[] = " source: ";
    char what[300];
    va_list ap;
    if (d->suppress_warnings) {
        d->muted = true;
        return;
    }
    if (d->warnings_are_errors)
        d->errors++;
    struct strbuf text = {0};
    va_start(ap, fmt);
    strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    const char *msg = text.p ? text.p : "";
    if (tok && !fresh(d, "warning", msg, strlen(msg))) {
        d->suppressed_warnings++;
        d->muted = true;
        strbuf_free(&text);
        return;
    }
    head(d, "WARNING:", d->warnings_are_errors);
    say(d, msg);
    strbuf_free(&text);
    if (!tok) {
        fputc('\n', d->out);
        return;
    }
    fprintf(d->out, ": %s", token_describe(tok, what, sizeof what));
    position(d, tok);
    fputc('\n', d->out);
    source_line(d, tok, label);
    expansion(d, tok, label);
}

void diag_hint(struct diag *d, const char *fmt, ...)
{
    va_list ap;
    if (d->muted)
        return;
    fputs("   hint: ", d->out);
    va_start(ap, fmt);
    vsay(d, fmt, ap);
    va_end(ap);
    fputc('\n', d->out);
}

void diag_error(struct diag *d, const char *fmt, ...)
{
    va_list ap;
    d->errors++;
    head(d, "ERROR:", true);
    va_start(ap, fmt);
    vsay(d, fmt, ap);
    va_end(ap);
    fputc('\n', d->out);
}

void diag_summary(struct diag *d)
{
    diag_flush(d);
    static const char text[] =
        "Number of similar %s messages suppressed: %u.\nRerun with -v to see them.\n";
    if (d->suppressed)
        fprintf(d->out, text, "error", d->suppressed);
    if (d->suppressed_warnings)
        fprintf(d->out, text, "warning", d->suppressed_warnings);
    d->suppressed = d->suppressed_warnings = 0;
}

/* ---- similar names ---- */

enum { NAME_MAX_LEN = 63 };

/* How far two names are from each other, as the original has it so that the same
 * ones come first: a letter more at the edges costs 1, or in the other case, all else 2.
 * UINT_MAX when a name is too long to compare. */
static unsigned distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    if (na > NAME_MAX_LEN || nb > NAME_MAX_LEN)
        return UINT_MAX;
    unsigned row[NAME_MAX_LEN + 1];
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diag = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned least = diag < row[j] ? diag : row[j];
            if (row[j - 1] < least)
                least = row[j - 1];
            if (a[i - 1] == b[j - 1])
                least = diag;
            else if (tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]))
                least = diag + 1;
            else
                least += 2;
            diag = row[j];
            row[j] = least;
        }
    }
    return row[nb];
}

const char *similar_names(struct arena *a, const char *name, const char *const *names, size_t n,
                          size_t max)
{
    enum { LIMIT = 16 };
    const char *best[LIMIT];
    unsigned dist[LIMIT];
    size_t found = 0;
    if (max > LIMIT)
        max = LIMIT;
    for (size_t i = 0; i < n; i++) {
        unsigned d = distance(name, names[i]);
        if (d == UINT_MAX)
            continue;
        bool dup = false;
        for (size_t k = 0; k < found; k++)
            dup |= strcmp(best[k], names[i]) == 0;
        if (dup)
            continue;
        size_t at = found;
        while (at > 0 && dist[at - 1] > d)
            at--;
        if (at >= max)
            continue;
        size_t last = found < max ? found : max - 1;
        memmove(best + at + 1, best + at, (last - at) * sizeof *best);
        memmove(dist + at + 1, dist + at, (last - at) * sizeof *dist);
        best[at] = names[i];
        dist[at] = d;
        if (found < max)
            found++;
    }
    const char *out = "";
    for (size_t k = 0; k < found; k++)
        out = k ? arena_printf(a, "%s, %s", out, best[k]) : arena_strdup(a, best[k]);
    return out;
}
