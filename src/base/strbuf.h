/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String builder.  `p` is always NUL-terminated once something was added and
 * may hold NUL bytes of its own.  Zero-initialise; strbuf_free releases. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct strbuf {
    char *p;
    size_t n, cap;
};

void strbuf_add(struct strbuf *b, const void *s, size_t n);
void strbuf_puts(struct strbuf *b, const char *s);
void strbuf_putc(struct strbuf *b, char c);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap);
/* Room for `n` more bytes at b->p + b->n: write there, then add to b->n. */
char *strbuf_room(struct strbuf *b, size_t n);
void strbuf_free(struct strbuf *b);
