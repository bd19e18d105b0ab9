/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics in the original's shape:
 *
 *   semantic error: <message>: identifier 'x' at file.stp:1:42
 *           source: <the line>
 *                         ^
 *
 * One sink per session.  Messages go to stderr when they are reported, similar
 * ones (same kind and text up to the first quote) are counted and suppressed
 * unless verbose.  Not thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "base/color.h"
#include "base/source.h"

struct diag {
    FILE *out;                /* stderr */
    int verbose;              /* -v count: > 0 shows suppressed messages too */
    bool suppress_warnings;   /* -w */
    bool warnings_are_errors; /* -W */
    enum diag_color color;
    unsigned errors;     /* reported or suppressed */
    unsigned suppressed; /* errors */
    unsigned suppressed_warnings;
    const struct source *last_src; /* the original leaves the file name out when it repeats */
    void *seen;                    /* private */
    bool gap;                      /* private: an empty line follows what was said last */
    bool muted;                    /* private: the last message was suppressed */
    bool raw;                      /* messages that a running script makes up go out as they are */
};

void diag_init(struct diag *d, FILE *out);
void diag_fini(struct diag *d);

/* "semantic error: MSG: TOKEN at FILE:L:C" + source line + caret.  `tok` may be
 * NULL.  `tok2`, when not NULL, is shown as a second position of the same
 * message (used by errors about two operands). */
void diag_semantic(struct diag *d, const struct token *tok, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void diag_semantic2(struct diag *d, const struct token *tok, const struct token *tok2,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* "parse error: MSG" + "saw: TOKEN at …" (or "at: …" when `saw` is false). */
void diag_parse(struct diag *d, const struct token *tok, bool saw, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* "parse error: MSG" + "saw: FILE EOF", and the line of the token in front of the end. */
void diag_parse_eof(struct diag *d, const struct source *src, const struct token *last,
                    const char *msg);
/* "WARNING: MSG: TOKEN at …" + source line + caret; tok may be NULL.  With a token, the
 * same text again is counted and suppressed unless verbose: one per name is enough. */
void diag_warning(struct diag *d, const struct token *tok, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* One extra line under the last message that says what to do: "hint: …".  Nothing when
 * that message was suppressed. */
void diag_hint(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A plain error without a position: "ERROR: …" (options, files, the system). */
void diag_error(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "Number of similar error (warning) messages suppressed: N." when there are any. */
void diag_summary(struct diag *d);
/* Writes the empty line that ends an error with a position, after which anyone may write
 * to d->out. */
void diag_flush(struct diag *d);

/* "identifier 'x'", "operator '+'", "keyword", "embedded-code", … and the
 * position "file:line:col"; both into buf, returned for convenience. */
const char *token_describe(const struct token *tok, char *buf, size_t n);
const char *token_position(const struct token *tok, char *buf, size_t n);

/* Up to `max` names of `names` nearest to `name` by edit distance (nearest
 * first, ties in the given order), joined by ", " into an arena string; ""
 * when none is near. */
struct arena;
const char *similar_names(struct arena *a, const char *name, const char *const *names, size_t n,
                          size_t max);
