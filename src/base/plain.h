/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of scripts in messages.  A terminal obeys control characters: none reaches it. */
#pragma once
#include <stddef.h>
#include <stdio.h>

#include "base/strbuf.h"

enum plain {
    PLAIN_LINES,   /* newlines and tabs stay */
    PLAIN_LINE,    /* tabs stay */
    PLAIN_ESCAPED, /* a newline is \n, a tab \t, ESC \033 */
};

/* Adds `n` bytes of text to `out`.  What is not UTF-8 or controls a terminal becomes "?", or
 * an escape sequence. */
void plain_add(struct strbuf *out, const char *text, size_t n, enum plain how);

/* Adds what is as wide as plain_add(…, PLAIN_LINE) of the text and shows nothing. */
void plain_blank(struct strbuf *out, const char *text, size_t n);

/* fprintf with PLAIN_LINES. */
void plain_print(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
