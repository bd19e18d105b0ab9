/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/plain.h"

#include <string.h>

#include "tests/check.h"

static const char *added(const char *text, size_t n, enum plain how)
{
    static struct strbuf b;
    b.n = 0;
    plain_add(&b, text, n, how);
    strbuf_putc(&b, 0);
    return b.p;
}

static const char *blank(const char *text)
{
    static struct strbuf b;
    b.n = 0;
    plain_blank(&b, text, strlen(text));
    strbuf_putc(&b, 0);
    return b.p;
}

int main(void)
{
    CHECK_STR(added("a\tb\n", 4, PLAIN_LINES), "a\tb\n");
    CHECK_STR(added("a\tb\n", 4, PLAIN_LINE), "a\tb?");
    CHECK_STR(added("a\tb\n\033[1m\377", 9, PLAIN_ESCAPED), "a\\tb\\n\\033[1m\\377");
    CHECK_STR(added("\033[31m\177\r\a\0x", 10, PLAIN_LINE), "?[31m????x");
    CHECK_STR(added("é漢😀", 9, PLAIN_LINE), "é漢😀");
    /* Cut off, too long, a surrogate, C1 controls, right to left. */
    CHECK_STR(added("\303", 1, PLAIN_LINE), "?");
    CHECK_STR(added("\300\257\340\200\257", 5, PLAIN_LINE), "?????");
    CHECK_STR(added("\355\240\200", 3, PLAIN_LINE), "???");
    CHECK_STR(added("\302\233x\342\200\256y", 7, PLAIN_LINE), "?x?y");
    CHECK_STR(added("\302\233", 2, PLAIN_ESCAPED), "?");

    CHECK_STR(blank("ab"), "  ");
    CHECK_STR(blank("\tx\033\377"), "\t   ");
    CHECK_STR(blank("é漢"), "   ");
    CHECK_STR(blank("e\314\201"), " ");
    return check_report();
}
