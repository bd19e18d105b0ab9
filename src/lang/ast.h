/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The syntax tree of scripts and library files.  All nodes live in the session
 * arena.  The parser fills the syntactic fields; fields marked "sema:" are
 * NULL/0 until sema/ sets them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/source.h"
#include "base/vec.h"

/* Script types. */
enum type { TY_UNKNOWN, TY_LONG, TY_STRING, TY_STATS };

struct expr;
struct stmt;
struct variable;
struct function;

typedef VEC(struct expr *) expr_vec;
typedef VEC(struct stmt *) stmt_vec;

/* ---- expressions ---- */

enum expr_kind {
    EX_NUMBER,   /* num */
    EX_STRING,   /* str (adjacent literals already joined) */
    EX_EMBEDDED, /* %{ … %} as an expression: str */
    EX_SYMBOL,   /* str = name; sema: var */
    EX_INDEX,    /* base[args…]: base is EX_SYMBOL or EX_HIST; an arg NULL is `*` (slices) */
    EX_CALL,     /* str(args…); sema: callees */
    EX_UNARY,    /* op: OP_NEG OP_PLUS OP_NOT OP_BITNOT; a */
    EX_PRE,      /* op: OP_INC OP_DEC; a */
    EX_POST,     /* op: OP_INC OP_DEC; a */
    EX_BINARY,   /* arithmetic, bits, comparison, && ||, OP_CONCAT; a, b */
    EX_REGEX,    /* op: OP_MATCH OP_NOMATCH; a =~ str; sema: regex number */
    EX_IN,       /* [args…] in base; base is EX_SYMBOL; an arg NULL is `*` */
    EX_TERNARY,  /* a ? b : c */
    EX_ASSIGN,   /* op: OP_ASSIGN … OP_STATADD (<<<); a = lvalue, b */
    EX_TARGET,   /* $name, @var("…"): see `target` */
    EX_CAST,     /* @cast(a, "type" [, "module"]) + components: see `target` */
    EX_DEFINED,  /* @defined(a) */
    EX_CHOOSE_DEFINED, /* @choose_defined(a, b) */
    EX_ENTRY,          /* @entry(a); num 1: a as it is at the first instruction */
    EX_CONST,          /* @const("…"): str */
    EX_ENUMNAME,       /* @enumname("type", a): str, a */
    EX_PROBEWRITE,     /* @probewrite(var): a (EX_SYMBOL) */
    EX_STAT,           /* stat, a (the aggregate) [, num = first parameter] */
    EX_HIST,           /* stat = ST_HIST_LOG/LINEAR, a, hist parameters */
    EX_PRINT,          /* the print family: see `print` */
    EX_PERF,           /* @perf("counter"): str */
    EX_KDEREF,         /* @kderef(size, a): num, a */
    EX_UDEREF,         /* @uderef(size, a) */
    EX_KREGISTER,      /* @kregister(num) */
    EX_UREGISTER,      /* @uregister(num) */
    EX_ATOP,           /* any other @name(args…) operator with a literal name: str, args */

    /* Made only by sema/ and probes/, never by the parser; all TY_LONG unless noted. */
    EX_CTX,        /* load of deref.size bytes at num in the BPF program's context */
    EX_DEREF,      /* *(intN *)(a + num): see deref */
    EX_DEREF_STR,  /* TY_STRING: NUL-terminated string at address a: deref.user */
    EX_LIVE_CONST, /* part of a fact, known when the program is loaded; num: on this machine */
};

enum op {
    OP_NONE,
    OP_NEG,
    OP_PLUS,
    OP_NOT,
    OP_BITNOT,
    OP_INC,
    OP_DEC,
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_ADD,
    OP_SUB,
    OP_SHL,
    OP_SHR,
    OP_SHRU /* >>> */,
    OP_BITAND,
    OP_BITXOR,
    OP_BITOR,
    OP_ANDAND,
    OP_OROR,
    OP_CONCAT,
    OP_LT,
    OP_GT,
    OP_LE,
    OP_GE,
    OP_EQ,
    OP_NE,
    OP_MATCH,
    OP_NOMATCH,
    OP_ASSIGN,
    OP_MUL_EQ,
    OP_DIV_EQ,
    OP_MOD_EQ,
    OP_ADD_EQ,
    OP_SUB_EQ,
    OP_SHL_EQ,
    OP_SHR_EQ,
    OP_SHRU_EQ,
    OP_AND_EQ,
    OP_XOR_EQ,
    OP_OR_EQ,
    OP_CONCAT_EQ,
    OP_STATADD,
};
/* Spelling in the language: "+", "<<<=", …; OP_INC is "++". */
const char *op_text(enum op op);
/* The binary operator inside a compound assignment: OP_ADD for OP_ADD_EQ;
 * OP_NONE for OP_ASSIGN and OP_STATADD. */
enum op op_of_assign(enum op op);

enum stat_kind {
    ST_COUNT,
    ST_SUM,
    ST_MIN,
    ST_MAX,
    ST_AVG,
    ST_VARIANCE,
    ST_HIST_LOG,
    ST_HIST_LINEAR,
};

/* One step behind $var / @cast / @var. */
enum target_step_kind {
    STEP_MEMBER,     /* ->name */
    STEP_INDEX,      /* [number] */
    STEP_INDEX_EXPR, /* [expr] */
    STEP_PRETTY,     /* a trailing $ or $$: always last */
};
struct target_step {
    enum target_step_kind kind;
    const struct token *tok; /* the operator: "->" or "[" */
    const char *name;        /* STEP_MEMBER; "$" or "$$" for STEP_PRETTY */
    int64_t index;
    struct expr *expr;
};

struct target {
    const char
        *name;       /* with its '$' ("$x", "$$vars", "$return"); "@var" for @var; NULL for @cast */
    bool address_of; /* &$x */
    const char *at_name; /* @var("NAME"[, "MODULE"]): "x@file.c" */
    const char *type;    /* @cast type name; NULL: VALUE->…, of the type that a is found to be */
    const char *module;  /* third argument of @cast, second of @var, or NULL */
    VEC(struct target_step) steps;
};

/* printf conversions; `print`, `println`, … have none and are lowered by
 * fmt_of_print(). */
enum fmt_conv {
    FMT_LITERAL,  /* text (escapes resolved, %% folded) */
    FMT_SIGNED,   /* d i */
    FMT_UNSIGNED, /* u */
    FMT_OCTAL,
    FMT_HEX,
    FMT_HEX_UPPER,
    FMT_POINTER /* p: 0x%x */,
    FMT_CHAR,
    FMT_STRING,
    FMT_BINARY, /* b: raw bytes, width 1 2 4 8 */
    FMT_MEMORY_M /* m: raw memory */,
    FMT_MEMORY_HEX /* M */,
    /* Made by the builder: */
    FMT_NESTED,      /* the number of a format and its arguments; data: struct ir_module */
    FMT_NAMES,       /* a number by the names of data, a struct name_table */
    FMT_USER_BUFFER, /* an address, a length, and that many bytes; prec: characters shown */
    FMT_USER_TEXT,   /* an address, and the string there */
};
enum { FMTF_ZERO = 1, FMTF_MINUS = 2, FMTF_PLUS = 4, FMTF_SPACE = 8, FMTF_ALT = 16 };
/* Marks of pass 3, an empty FMT_LITERAL each: what is between them is one string of the script,
 * of at most `width` (of the second one) bytes.  They nest up to STRINGS_MAX deep. */
enum { FMTF_BEGIN = 32, FMTF_END = 64, STRINGS_MAX = 32 };
struct fmt_part {
    enum fmt_conv conv;
    uint8_t flags;
    bool width_arg, prec_arg; /* `*`: taken from the argument before */
    int width, prec;          /* -1 = not given */
    const char *text;         /* FMT_LITERAL */
    const void *data;
    size_t len;
};
typedef VEC(struct fmt_part) fmt_vec;

struct print {
    bool to_string; /* sprint family: the value is a string; otherwise printed, no value */
    bool format;    /* printf/sprintf: parts from the script */
    bool newline;   /* …ln */
    bool delimited; /* printd family */
    bool is_char;   /* print_char-like: none yet */
    bool of_target; /* made by a provider: the text of a target variable */
    const char *delimiter;
    const char
        *or_else;     /* of a string: what it is when an argument fails; NULL: that is an error */
    fmt_vec parts;    /* printf family only */
    const char *name; /* spelling: "printf", "sprintdln", … */
};

struct value_type; /* probes/provider.h */

/* What the values of a variable or function are in C, as far as it is known. */
struct value_flow {
    const struct value_type *type;
    const struct value_type *other; /* another one: no use can be made of them */
    const struct token *used;       /* where use was made of it, or NULL */
};

struct deref {
    uint8_t size;   /* 1 2 4 8 */
    bool is_signed; /* sign-extend */
    bool user;      /* user memory; otherwise kernel */
    bool direct;    /* address is a BTF pointer the verifier trusts: a plain load will do */
    bool nullable;  /* … which may be NULL; EX_CTX: is such a pointer */
};

struct expr {
    enum expr_kind kind;
    enum op op;
    enum type type;              /* sema: */
    const struct value_type *of; /* sema: what it is in C, where a provider knows; may be NULL */
    const struct token *tok;     /* the token errors point at (operator, name, literal) */
    struct expr *a, *b, *c;
    struct expr *base; /* EX_INDEX, EX_IN */
    expr_vec args;
    const char *str;
    int64_t num;
    union {
        struct target *target; /* EX_TARGET, EX_CAST */
        struct print *print;   /* EX_PRINT */
        struct deref deref;    /* EX_CTX (size, is_signed), EX_DEREF, EX_DEREF_STR */
        struct {
            enum stat_kind stat; /* EX_STAT, EX_HIST */
            int64_t hist_low, hist_high, hist_step;
        };
    };
    struct variable *var;           /* sema: EX_SYMBOL */
    VEC(struct function *) callees; /* sema: EX_CALL: overloads in the order they are tried */
    uint32_t fact;                  /* sema/facts.h: 0, or 1 + its number: of EX_LIVE_CONST, of
                                       the size of EX_DEREF, of the offset of EX_CTX */
    uint8_t part;                   /* enum fact_part */
    bool parens;                    /* written in parentheses (printing, some warnings) */
    int id;                         /* sema: EX_REGEX number */
    const struct token *pattern;    /* EX_REGEX: of str */
};

/* ---- statements ---- */

enum stmt_kind {
    SM_BLOCK,   /* body */
    SM_EXPR,    /* e */
    SM_IF,      /* e, then, els (may be NULL) */
    SM_WHILE,   /* e, then */
    SM_FOR,     /* init (may be NULL), e (may be NULL), step (may be NULL), then */
    SM_FOREACH, /* foreach, then */
    SM_BREAK,
    SM_CONTINUE,
    SM_NEXT,
    SM_RETURN, /* e (may be NULL) */
    SM_DELETE, /* e: symbol, element or slice */
    SM_TRY,    /* then, els = catch block, catch_var (may be NULL) */
    SM_EMPTY,
    SM_EMBEDDED, /* text: %{ %} as a statement (function bodies, -g) */
};

struct foreach {
    struct expr *base;        /* EX_SYMBOL (array), EX_HIST, or EX_INDEX over a hist */
    expr_vec keys;            /* EX_SYMBOL each */
    struct expr *value;       /* `v = k in a`: EX_SYMBOL or NULL */
    int sort_dir;             /* 0 none, 1 ascending, -1 descending */
    int sort_column;          /* 0 = value, 1… = that key; meaningful when sort_dir != 0 */
    enum stat_kind sort_stat; /* which statistic when values are aggregates (default ST_COUNT) */
    bool sort_stat_given;
    expr_vec slice;     /* a[*, x]: empty = no slice; NULL element = `*` */
    struct expr *limit; /* or NULL */
};

struct stmt {
    enum stmt_kind kind;
    const struct token *tok;
    struct expr *e;
    struct expr *init, *step;
    struct stmt *then, *els;
    stmt_vec body;
    struct foreach *foreach;
    struct expr *catch_var; /* EX_SYMBOL */
    const char *text;
};

/* ---- probe points ---- */

struct probe_component {
    const char *name; /* may hold wildcards * and ** */
    const struct token *tok;
    struct expr *arg; /* EX_STRING or EX_NUMBER literal, or NULL */
};

struct probe_point {
    VEC(struct probe_component) comps;
    bool optional;           /* ? */
    bool sufficient;         /* ! (implies optional) */
    struct expr *condition;  /* if (expr) or NULL */
    const struct token *tok; /* of the first component */
};
typedef VEC(struct probe_point *) probe_point_vec;

/* ---- declarations ---- */

/* A variable: global, local, or parameter. */
struct variable {
    const char *name;             /* as written */
    const char *unique;           /* sema: distinct in the whole program (private globals) */
    const struct token *tok;      /* declaration, or first use of a local */
    enum type type;               /* sema: for arrays, the type of the value */
    const struct token *type_tok; /* sema: where the type was inferred */
    bool is_global, is_param, is_private;
    int arity;                     /* sema: -1 unknown, 0 scalar, n keys */
    const struct token *arity_tok; /* sema: where the arity was inferred */
    enum type *key_types;          /* sema: arity entries */
    const struct token **key_toks; /* sema: where those were inferred */
    int64_t maxsize;               /* [N]; 0 = not given */
    bool wrap;                     /* % */
    struct expr *init;             /* literal or NULL */
    bool read, written;            /* sema */
    unsigned order;                /* sema: when a handler first named it, 0 = never */
    bool synthetic;                /* sema: made by @entry and the like: never printed */
    bool to_reader;                /* sema: what is assigned goes to the reader of a procfs file */
    struct value_flow flow;        /* sema: of its values */
    struct value_flow *key_flows;  /* sema: of its keys, arity entries */
    /* sema: statistics that the script asks of it */
    bool need_hist_log, need_minmax, need_variance;
    int64_t variance_shift;
    bool need_hist_linear;
    int64_t hist_low, hist_high, hist_step;
    int id;               /* index in program.globals or function/probe locals */
    uint32_t bound;       /* ir/: a string value has at most this many bytes, NUL included */
    uint32_t *key_bounds; /* ir/: the same for each key */
    void *codegen;        /* ir/: private */
};
typedef VEC(struct variable *) variable_vec;

struct probe; /* sema/program.h */

struct function {
    const char *name;
    const char *unique; /* sema: distinct among overloads */
    const struct token *tok;
    const struct source *src;
    enum type type; /* declared or sema: TY_UNKNOWN = no value */
    const struct token *type_tok;
    bool type_declared;
    variable_vec params; /* type TY_UNKNOWN when not declared */
    variable_vec locals; /* sema: does not include params */
    struct stmt *body;   /* SM_EMBEDDED for embedded C and intrinsics */
    bool is_private;
    int64_t priority; /* :N, default 1; 0 = library default order */
    bool priority_given;
    const char *intrinsic; /* sema: name from a library body %{ intrinsic NAME %}, or NULL */
    bool pure, unprivileged, guru; /* embedded pragmas */
    bool may_next;                 /* sema: executes `next` (overload fall-through) */
    bool recursive;                /* sema: part of a call cycle */
    bool used;                     /* sema */
    bool costing_purity;           /* sema: being looked at */
    bool told_empty;               /* sema: a warning was given that it does nothing */
    uint8_t needs;                 /* sema: of the probe that calls it (sema/context.c) */
    const struct stmt *as_written; /* sema: the body, where it may be copied */
    VEC(struct function *) copies; /* sema: one for each probe that calls it, where it needs that */
    struct probe *context;         /* sema: of a copy: its probe */
    struct value_flow flow;        /* sema: of its results */
    int id;
    uint32_t bound; /* ir/: of a string result, NUL included */
    void *codegen;  /* ir/: private */
};

struct probe_decl {
    const struct token *tok; /* `probe` */
    probe_point_vec points;
    struct stmt *body;
    bool is_private;
};

/* probe NAME = POINTS { body }  (epilogue: +=) */
struct alias_decl {
    const struct token *tok;
    probe_point_vec names; /* usually one */
    probe_point_vec points;
    struct stmt *body;
    bool epilogue;
    bool is_private;
};

/* One parsed file. */
struct ast_file {
    const struct source *src;
    VEC(struct variable *) globals;
    VEC(struct function *) functions;
    VEC(struct probe_decl *) probes;
    VEC(struct alias_decl *) aliases;
    VEC(const struct token *) embedded; /* top-level %{ %} */
    /* Declarations in source order, for printing: kind and index. */
    VEC(struct {
        char kind; /* 'g' 'f' 'p' 'a' 'e' */
        unsigned index;
    })
    order;
};

/* ---- constructing and copying ---- */

struct expr *expr_new(struct arena *a, enum expr_kind kind, const struct token *tok);
struct expr *expr_number(struct arena *a, const struct token *tok, int64_t num);
struct expr *expr_string(struct arena *a, const struct token *tok, const char *s);
struct expr *expr_symbol(struct arena *a, const struct token *tok, const char *name);
struct expr *expr_binary(struct arena *a, const struct token *tok, enum op op, struct expr *l,
                         struct expr *r);
struct expr *expr_call(struct arena *a, const struct token *tok, const char *name);
/* The variable that e names or has an element of; NULL: it does neither, or is not resolved. */
struct variable *expr_variable(const struct expr *e);
/* Deep copies; sema fields are reset (var = NULL, type = TY_UNKNOWN) except in
 * EX_CTX/EX_DEREF nodes, whose type stays. */
struct expr *expr_clone(struct arena *a, const struct expr *e);
struct stmt *stmt_clone(struct arena *a, const struct stmt *s);
struct stmt *stmt_new(struct arena *a, enum stmt_kind kind, const struct token *tok);

/* Calls `fn` on the address of every direct child expression of `e` (so that
 * the callback may replace it) / on every expression and statement below `s`.
 * NULL children are skipped.  A callback that wants depth calls these again. */
typedef void expr_fn(struct expr **e, void *arg);
typedef void stmt_fn(struct stmt **s, void *arg);
void expr_children(struct expr *e, expr_fn *fn, void *arg);
void stmt_children(struct stmt *s, expr_fn *on_expr, stmt_fn *on_stmt, void *arg);

/* The conversion list of any print-family call: user formats as they are;
 * print/println/printd… by the types of their arguments (sema done).  Each
 * conversion other than a literal consumes (width_arg) + (prec_arg) + 1
 * arguments. */
void fmt_of_print(struct arena *a, const struct expr *print, fmt_vec *out);
