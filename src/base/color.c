/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CODE_MAX = 24 };

static const char *const role_names[COLOR_ROLES] = {"error", "warning", "source", "caret", "token"};
static char codes[COLOR_ROLES][CODE_MAX] = {"01;31", "00;33", "00;34", "01", "01"};

/* One "role=code" of the variable; what is not understood changes nothing. */
static void set_code(const char *item, size_t n)
{
    const char *eq = memchr(item, '=', n);
    size_t len = eq ? n - (size_t)(eq + 1 - item) : 0;
    if (!eq || !len || len >= CODE_MAX || strspn(eq + 1, "0123456789;") < len)
        return;
    for (int r = 0; r < COLOR_ROLES; r++)
        if (strlen(role_names[r]) == (size_t)(eq - item) &&
            strncmp(item, role_names[r], (size_t)(eq - item)) == 0) {
            memcpy(codes[r], eq + 1, len);
            codes[r][len] = 0;
        }
}

static void read_environment(void)
{
    static bool done;
    const char *p = getenv("SYSTEMTAP_COLORS");
    if (done || !p)
        return;
    done = true;
    while (*p) {
        size_t n = strcspn(p, ":");
        set_code(p, n);
        p += n + (p[n] == ':');
    }
}

bool color_wanted(enum diag_color c, FILE *out)
{
    if (c != DIAG_COLOR_AUTO)
        return c == DIAG_COLOR_ALWAYS;
    const char *term = getenv("TERM"), *own = getenv("SYSTEMTAP_COLORS");
    return isatty(fileno(out)) && !getenv("NO_COLOR") && !(own && !*own) &&
           !(term && strcmp(term, "dumb") == 0);
}

void color_write(FILE *out, bool color, enum color_role role, const char *text, size_t n)
{
    read_environment();
    if (color)
        fprintf(out, "\033[%sm\033[K", codes[role]);
    fwrite(text, 1, n, out);
    if (color)
        fputs("\033[m\033[K", out);
}
