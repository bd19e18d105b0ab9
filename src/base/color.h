/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours of messages: which escape sequence stands for what.  The variable
 * SYSTEMTAP_COLORS ("error=01;31:warning=00;33:…") changes them. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

enum color_role {
    COLOR_ERROR,
    COLOR_WARNING,
    COLOR_SOURCE, /* a position in a file */
    COLOR_CARET,
    COLOR_TOKEN,
    COLOR_ROLES,
};

enum diag_color { DIAG_COLOR_AUTO, DIAG_COLOR_ALWAYS, DIAG_COLOR_NEVER };

/* Whether what is written to `out` is coloured.  DIAG_COLOR_AUTO: if it is a terminal
 * that knows colours, and neither NO_COLOR nor an empty SYSTEMTAP_COLORS is against it. */
bool color_wanted(enum diag_color c, FILE *out);

/* Writes `n` bytes of text in the colour of its role. */
void color_write(FILE *out, bool color, enum color_role role, const char *text, size_t n);
