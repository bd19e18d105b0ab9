/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sema/: state of pass 2. */
#pragma once
#include "base/hash.h"
#include "probes/provider.h"
#include "sema/session.h"

typedef VEC(struct function *) function_vec;
typedef VEC(const struct alias_decl *) alias_vec;

/* Names of one library file, before it is parsed. */
struct lib_file {
    const char *path;
    bool loaded;
    bool is_table;       /* NAME.table: its aliases are made one by one (sema/table.h) */
    struct table *table; /* once read */
    struct hash made;    /* names of its aliases that are registered */
};

struct lib_name {
    char kind; /* f function, g global, a alias ("syscall.open.return") */
    const char *name;
    struct lib_file *file;
    struct lib_name *next; /* of the same kind and name, in another file */
};

/* The library as a list of names; made once per session. */
struct tapset {
    VEC(struct lib_file *) files;
    VEC(struct lib_name) names;
    VEC(const char *) macro_files;
    bool macros_loaded;
    unsigned lookups;
    bool tables;           /* the two below are made */
    struct hash functions; /* name → struct lib_name * */
    struct hash globals;
};

struct match_node;

struct sema {
    struct session *s;
    struct arena *arena;
    struct program *p;
    struct tapset *tapset;
    struct hash functions; /* name → function_vec * */
    struct hash globals;   /* name → struct variable * of the script */
    struct hash library_globals;
    VEC(struct variable *) private_globals;
    alias_vec aliases;
    struct match_node *names; /* match.c: the tree of probe point names */
    size_t aliases_in_tree;
    bool all_names_in_tree;
    struct hash firsts; /* first components whose library aliases are in the tree */
    unsigned expansions;
    VEC(const struct ast_file *) files;
    VEC(struct variable *) saved; /* the arrays of @entry */
    VEC(struct probe *) reopened; /* entries that are to save more than before */
    function_vec queue;           /* used functions whose bodies are to be resolved */
    const struct function *swept; /* the last one taken from there */
    unsigned named;               /* variables that handlers have named so far */
    /* VALUE->…: */
    unsigned open; /* uses whose type was not known when they were looked at */
    bool flowed;   /* a variable or function has got a type */
    bool clashed;  /* one has got two */
    bool decided;  /* @defined() of what is not known is false */
    bool last;     /* what is not known is an error */
};

/* tapset.c */
struct tapset *tapset_open(struct session *s);
/* Parses library files that define `name` and registers them. */
bool tapset_load_function(struct sema *m, const char *name);
bool tapset_load_global(struct sema *m, const char *name);
void tapset_load_file(struct sema *m, struct lib_file *f);
/* The file's alias `name`: of a table only that one is made. */
void tapset_load_alias(struct sema *m, struct lib_file *f, const char *name);
/* The whole library, parsed: its files, then the aliases of tables, each as a file. */
void tapset_each_file(struct session *s, void (*fn)(const struct ast_file *f, void *arg),
                      void *arg);

/* Names with two underscores are the library's own: no list or advice shows them. */
static inline bool is_internal(const char *name)
{
    return name[0] == '_' && name[1] == '_';
}

/* elaborate.c */
/* "(similar: a, b)" with a space before it, or "": the nearest of `names`. */
const char *similar_hint(struct sema *m, const char *name, const char **names, size_t n);
void sema_register(struct sema *m, const struct ast_file *f);

/* points.c: expands the points of a declaration into probes of the program. */
void points_expand(struct sema *m, const struct probe_decl *d);

/* resolve.c: symbols, calls and target variables of a probe or function. */
void resolve_probe(struct sema *m, struct probe *p);
void resolve_function(struct sema *m, struct function *f);

/* Again, until all VALUE->… are known, or said to be unknown. */
void resolve_rest(struct sema *m);
/* elaborate.c: functions that came to be used. */
void resolve_queue(struct sema *m);

/* context.c: the function itself, or its copy for the probe, where it needs that. */
struct function *context_function(struct sema *m, struct function *f, struct probe *p);

/* autocast.c: C types of values; `other` is set when there are two. */
struct value_flow autocast_type(struct sema *m, const struct expr *e);
void autocast_flow(struct sema *m, struct value_flow *to, const struct expr *from);
void autocast_assign(struct sema *m, const struct expr *lvalue, const struct expr *from);
void autocast_keys(struct sema *m, struct variable *v, const expr_vec *keys);
void autocast_foreach(struct sema *m, const struct foreach *f);
void autocast_arguments(struct sema *m, const struct expr *call);
/* Use was made at `tok` of the type of e. */
void autocast_used(const struct expr *e, const struct token *tok);
/* The error that the type of a value is not known. */
void autocast_unknown(struct sema *m, const struct token *tok, const struct value_flow *f);

/* store.c: an assignment (or ++, --) to memory of a program, as an expression that does it and has
 * its value; the parts are resolved already. */
struct expr *stored_value(struct sema *m, const struct expr *e);

/* entry.c: @entry.  The expression that gives the saved value, to be resolved, in the handler or
 * in a function (fn); NULL: the probe has no entry to save it at. */
struct expr *entry_value(struct sema *m, struct probe *p, const struct function *fn,
                         struct expr *e);
/* The point where `p` saves; NULL: none. */
struct probe *entry_probe(struct sema *m, struct probe *p, const struct token *tok, bool start);
/* Fetches the saved values at the beginning of a return handler; NULL: there are none. */
struct stmt *entry_prologue(struct sema *m, struct probe *p);

/* optimize.c */
bool fold_expr(struct arena *a, struct expr *e);
void optimize(struct sema *m);
/* Counts anew how variables are used, and drops locals that are not. */
void recount_variables(struct sema *m);

/* forward.c; after types are known */
void forward_values(struct sema *m);

/* types.c */
void infer_types(struct sema *m);

/* check.c */
void check_program(struct sema *m);
void order_functions(struct sema *m);
void mark_recursion(struct sema *m);

/* autoprint.c */
struct probe_decl *autoprint_decl(struct sema *m);
