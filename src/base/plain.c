/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/plain.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* The character at p: bytes it has, 0 where no valid sequence of UTF-8 begins. */
static size_t character(const char *p, size_t n, uint32_t *c)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t more = s[0] < 0x80 ? 0 : s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : 1;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || more >= n)
        return 0;
    *c = more ? s[0] & (0x3f >> more) : s[0];
    for (size_t i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (s[i] & 0x3f);
    }
    if (*c < least[more] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
        return 0;
    return more + 1;
}

/* Also those that change the direction of the text behind them. */
static bool controls(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static unsigned width(uint32_t c)
{
    static const struct {
        uint32_t from, to;
        unsigned width;
    } ranges[] = {
        {0x300, 0x36f, 0},     {0x200b, 0x200d, 0},   {0xfe00, 0xfe0f, 0}, {0x1100, 0x115f, 2},
        {0x2e80, 0x303e, 2},   {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2},
        {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2}, {0x1f300, 0x1f64f, 2},
        {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return ranges[i].width;
    return 1;
}

static void escaped(struct strbuf *out, unsigned char c)
{
    static const char letters[] = "abtnvfr"; /* from 7 on */
    if (c >= 7 && c < 14)
        strbuf_printf(out, "\\%c", letters[c - 7]);
    else
        strbuf_printf(out, "\\%03o", c);
}

void plain_add(struct strbuf *out, const char *text, size_t n, enum plain how)
{
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t bytes = character(text + i, n - i, &c);
        if (bytes && (!controls(c) || (c == '\t' && how != PLAIN_ESCAPED) ||
                      (c == '\n' && how == PLAIN_LINES)))
            strbuf_add(out, text + i, bytes);
        else if (how == PLAIN_ESCAPED && bytes <= 1)
            escaped(out, (unsigned char)text[i]);
        else
            strbuf_putc(out, '?');
        i += bytes ? bytes : 1;
    }
}

void plain_blank(struct strbuf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t bytes = character(text + i, n - i, &c);
        if (c == '\t')
            strbuf_putc(out, '\t');
        else
            for (unsigned w = bytes && !controls(c) ? width(c) : 1; w; w--)
                strbuf_putc(out, ' ');
        i += bytes ? bytes : 1;
    }
}

void plain_print(FILE *out, const char *fmt, ...)
{
    struct strbuf text = {0}, plain = {0};
    va_list ap;
    va_start(ap, fmt);
    strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    plain_add(&plain, text.p ? text.p : "", text.n, PLAIN_LINES);
    fwrite(plain.p ? plain.p : "", 1, plain.n, out);
    strbuf_free(&text);
    strbuf_free(&plain);
}
