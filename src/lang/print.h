/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AST → script text.  Printing, parsing and printing again is a fixed point. */
#pragma once
#include "base/strbuf.h"
#include "lang/ast.h"

void print_file(struct strbuf *out, const struct ast_file *file);
void print_expr(struct strbuf *out, const struct expr *e);
void print_stmt(struct strbuf *out, const struct stmt *s, int indent);
void print_probe_point(struct strbuf *out, const struct probe_point *pp);
void print_function(struct strbuf *out, const struct function *f);
/* A string literal with quotes and escapes. */
void print_quoted(struct strbuf *out, const char *s);
