/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source files and the tokens that point into them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One script or library file, whole in memory.  Owned by the session arena. */
struct source {
    const char *name; /* as shown in messages: path as given, "<input>" for -e and "-" */
    const char *text; /* NUL-terminated; may hold other NULs */
    size_t len;
    bool tapset;     /* a library file: never-used warnings are silent, intrinsics allowed */
    bool privileged; /* embedded C is accepted (-g, or a library file) */
};

enum token_type {
    TOK_JUNK,
    TOK_IDENT,    /* identifiers, $targets and @operators that are not keywords */
    TOK_OP,       /* operators and punctuation */
    TOK_STRING,   /* text = the value after escapes */
    TOK_NUMBER,   /* text = the spelling */
    TOK_EMBEDDED, /* text = what stands between %{ and %} */
    TOK_KEYWORD,
};

/* A token lives in the session arena as long as the program: AST nodes,
 * diagnostics and run-time error positions refer to it. */
struct token {
    enum token_type type;
    const char *text; /* NUL-terminated */
    const struct source *src;
    uint32_t line, col;        /* 1-based; col counts bytes */
    const struct token *macro; /* the @macro use this token came out of, or NULL */
};
