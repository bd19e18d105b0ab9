/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pass 1: text → tokens → preprocessed tokens → AST. */
#pragma once
#include "base/diag.h"
#include "base/hash.h"
#include "lang/ast.h"

/* What the preprocessor may ask about, and macros of the library. */
struct parse_config {
    struct arena *arena;
    struct diag *diag;
    const char *kernel_v;    /* "6.18.44" */
    const char *kernel_vr;   /* uname -r */
    const char *arch;        /* "x86_64" */
    const char *runtime;     /* "bpf": see below */
    const char *systemtap_v; /* "5.6" */
    const char *privilege;   /* "stapdev" */
    bool guru;               /* -g */
    long target_pid;         /* -x / -c, 0 = none: `target` in %( %) */
    /* Script arguments: $1 is args[0]. */
    const char *const *args;
    size_t nargs;
    bool *args_used;                      /* nargs entries; set when an argument is used */
    const struct token *kernel_condition; /* the last of %( kernel_v … %) and the like */
    /* CONFIG_* of the running kernel: value ("y", "250", …) or NULL.  May be NULL. */
    const char *(*kernel_config)(void *user, const char *name);
    void *user;
    struct hash macros; /* name → library macro; filled by parse_macros() */
    bool allow_macro_only;
};

/* In %( runtime … %) the name answers as "kernel" and "bpf" both: scripts ask
 * `runtime != "dyninst"`, `runtime == "kernel"`, `runtime == "bpf"`. */

/* Reads a whole file.  NULL with errno set when it cannot be read. */
struct source *source_read(struct arena *a, const char *path, const char *shown_name);
struct source *source_from_string(struct arena *a, const char *name, const char *text, size_t len);

/* Parses one script or library file.  NULL when there was any parse error (all
 * of them are reported to cfg->diag, `*errors` counts them).  An empty script
 * gives a file without declarations. */
struct ast_file *parse_source(struct parse_config *cfg, const struct source *src, unsigned *errors);

/* Reads the @define library macros of one .stpm file into cfg->macros. */
bool parse_macros(struct parse_config *cfg, const struct source *src);

/* Parses a format string as printf would: error text or NULL.  */
const char *parse_format(struct arena *a, const char *fmt, fmt_vec *out);
/* Parses "a.b(1).c*?, d" as after the word probe. For listing. NULL on error. */
bool parse_probe_points(struct parse_config *cfg, const struct source *src, probe_point_vec *out);

/* Tokens only, cheap: calls fn for every token after comments are dropped and
 * before preprocessing; used by the tapset index.  Stops early when fn returns false. */
void lex_scan(struct arena *a, const struct source *src,
              bool (*fn)(const struct token *tok, void *arg), void *arg);
