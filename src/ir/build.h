/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the builder (ir/build*.c): program → IR. */
#pragma once
#include "base/hash.h"
#include "base/names.h"
#include "ir/intrinsic.h"
#include "sema/session.h"

enum {
    OUT_SIZE = 8192,     /* output buffer of a context */
    STR_FIXED = 64,      /* strings up to this bound are shipped in a fixed space */
    COPY_MAX = 128,      /* strings up to this are copied word by word where that is possible */
    SEGMENT_INSNS = 600, /* of straight code, then a new segment */
    INLINE_COST = 160,   /* AST nodes of a function that is still copied into each caller */
    INLINE_TOTAL = 1600, /* … and of one that is, in all copies together */
    HELPER_MAP_LOOKUP = 1,
    HELPER_MAP_UPDATE = 2,
    HELPER_MAP_DELETE = 3,
    HELPER_PROBE_READ_USER = 112,
    HELPER_PROBE_READ_KERNEL = 113,
    HELPER_PROBE_READ_USER_STR = 114,
    HELPER_GET_FUNC_IP = 173,
    HELPER_GET_FUNC_ARG = 183,
    HELPER_GET_FUNC_RET = 184,
    HELPER_PROBE_READ_KERNEL_STR = 115,
    BPF_NOEXIST_FLAG = 1,
    BPF_EXIST_FLAG = 2,
    ERRNO_BUSY = 16,
    ERRNO_EXIST = 17,
};

/* Where a variable lives: variable->codegen. */
struct var_loc {
    bool is_string;
    ir_reg reg;        /* scalar long local */
    struct ir_mem mem; /* string local, or scalar global */
    uint32_t bound;
    /* arrays */
    uint32_t map; /* number for IRA_MAP */
    uint32_t key_size, value_size;
    uint32_t *key_off;    /* arity entries */
    int32_t seq_off;      /* insertion number within the value; -1: the array has none */
    uint32_t seq_counter; /* offset of its counter in the globals map */
    bool renumber;        /* a sorted foreach leaves the array in that order */
    uint32_t sorts;       /* offset of how often one did; 0: no loop that is under way asks */
};

/* What is known of a script function. */
struct fn_info {
    uint32_t cost;    /* AST nodes with everything inlined into it */
    uint32_t callers; /* in functions, and in the probe that has most */
    uint32_t in_probe;
    bool inlined;
    bool costing;
    /* build_actions.c */
    uint32_t actions; /* statements of a call, at most, where no loop is in it */
    bool endless;     /* there is one */
    bool tallied, tallying;
    uint32_t depth; /* of calls, this one included, where no recursion is met */
    bool walking;
};

/* An enclosing try block of the code being built. */
struct catch_frame {
    struct catch_frame *outer;
    uint32_t block;
    const struct expr *var; /* or NULL */
};

struct loop_frame {
    struct loop_frame *outer;
    uint32_t break_to, continue_to;
};

/* One function body being expanded, inlined or not. */
struct fn_frame {
    struct fn_frame *outer;       /* inlined into */
    const struct function *fn;    /* NULL: the handler */
    const struct token *call_tok; /* of the call, for the chain in messages */
    uint32_t return_to;           /* inlined: block behind the body */
    uint32_t next_to;             /* inlined: block that tries the next overload */
    struct ir_value result;
    struct loop_frame *loops;
    struct text_return *text; /* inlined: return writes to a record (build_text.c) */
};

/* build_timing.c: -t.  The handler begins; it runs, for its condition holds; it ends. */
struct build_timing {
    ir_reg start, ran;
};
void build_timing_map(struct ir_module *m, size_t nprobes);
void build_timing_entry(struct ir_builder *b, struct build_timing *t);
void build_timing_runs(struct ir_builder *b, struct build_timing *t);
void build_timing_exit(struct ir_builder *b, const struct build_timing *t);

/* Builder state of one prog: ir_builder.priv. */
struct build {
    struct ir_builder *b;
    struct fn_frame *frame;
    struct catch_frame *catches;
    uint32_t exit_block; /* handler: normal end */
    bool machine;        /* building a callable function, not the handler */
    bool counts_actions;
    bool uncounted;   /* building what build_finite() is true of */
    bool recurses;    /* a recursive function is called */
    uint32_t pending; /* statements that were built and not yet taken off the budget */
    bool uses_out;
    uint32_t foreach_depth;
    uint32_t segment_start; /* ir_builder.emitted where a segment was begun for its length */
    uint32_t extra_steps;   /* rounds of loops that cost no actions */
    const struct expr *key; /* the only key of the element that is being built; or NULL */
    struct hash *literals;  /* text → offset + 1; of the module */
    struct hash *names;     /* build_text.c: tables of names; of the module */
    VEC(const struct function *) fns; /* funcs[i + 1] is the body of fns.v[i] */
};

static inline struct build *build_of(struct ir_builder *b)
{
    return b->priv;
}

static inline uint32_t round8(uint32_t n)
{
    return (n + 7) & ~7u;
}

/* bounds.c: fills variable.bound, key_bounds and function.bound. */
void bounds_infer(struct session *s, const struct program *p);
uint32_t bounds_expr(const struct session *s, const struct expr *e);

/* build.c */
uint32_t build_pos(struct ir_builder *b, const struct token *tok);
uint32_t build_message(struct ir_builder *b, const char *text);
/* Offset of `size` new zero bytes of read-only data. */
uint32_t build_rodata(struct ir_module *m, uint32_t size);
bool build_unsupported(struct ir_builder *b, const struct token *tok, const char *what);
/* An error that no try block catches. */
void build_raise_final(struct ir_builder *b, const struct token *tok, const char *message);
void build_raise_tok(struct ir_builder *b, const struct token *tok, const char *message);

/* build_actions.c: MAXACTION */
enum { ACTIONS_MAX = 1 << 24, RECURSIONS_MAX = 1 << 20 };
/* Takes `n` statements off the handler's budget, with `now` or when enough have come
 * together; past it: MAXACTION exceeded. */
void build_actions(struct ir_builder *b, uint32_t n, const struct token *tok, bool now);
void build_too_many(struct ir_builder *b, const struct token *tok);
/* At the start of a function without loops: the budget must do for it. */
void build_actions_needed(struct ir_builder *b, const struct function *f);
/* No loop is in it; n: its statements. */
bool build_finite(const struct stmt *s, uint32_t *n);
bool build_function_finite(const struct function *f);
/* The token of a body: of the only statement, or the brace; `empty` when there is none. */
const struct token *build_body_tok(const struct stmt *s, const struct token *empty);

/* MAXNESTING where it is not given. */
uint32_t build_nesting(const struct program *p);

/* build_lock.c */
void build_lock_plan(struct ir_module *m);
bool build_has_locks(const struct ir_builder *b);
/* Takes the handler's locks; goes to `skipped` when one was not had. */
void build_lock(struct ir_builder *b, uint32_t skipped);
void build_unlock(struct ir_builder *b);

/* build_guard.c: builds what the handler asks before it touches a global; what it rejects goes
 * to `leave`.  The rest of the body. */
const struct stmt *build_guards(struct ir_builder *b, const struct probe *p, uint32_t leave,
                                bool *condition_done);

/* build_call.c */
struct ir_value build_call(struct ir_builder *b, const struct expr *e);
void build_function_body(struct ir_builder *b, uint32_t fn_index);
bool build_impure(const struct expr *e);
void build_cost(const struct program *p, struct arena *arena);

/* build_expr.c: a long's value is in a vreg that no variable shares. */
ir_reg build_long(struct ir_builder *b, const struct expr *e);
/* `v`, or the nearer of the two (signed) when it is not between them. */
ir_reg build_clamped(struct ir_builder *b, ir_reg v, int64_t low, int64_t high);
/* Where the string is; valid until a variable it may live in is assigned. */
struct ir_value build_string(struct ir_builder *b, const struct expr *e);
/* Either, by e->type. */
struct ir_value build_value(struct ir_builder *b, const struct expr *e);
/* Like build_value, but stays valid when `later` (n expressions) is evaluated. */
struct ir_value build_stable(struct ir_builder *b, const struct expr *e, struct expr *const *later,
                             size_t n);
/* Evaluates for its effect. */
void build_effect(struct ir_builder *b, const struct expr *e);
void build_branch(struct ir_builder *b, const struct expr *e, uint32_t t, uint32_t f);
/* variable = value */
void build_assign_var(struct ir_builder *b, const struct variable *v, struct ir_value val);
struct ir_value build_read_var(struct ir_builder *b, const struct variable *v);

/* The register at `offset` in struct pt_regs, as it was at the address that the probe stands for.
 */
ir_reg build_register(struct ir_builder *b, int32_t offset);
/* At a return instruction: where it returns to. */
ir_reg build_return_address(struct ir_builder *b);

/* build_string.c */
struct ir_value build_temp_string(struct ir_builder *b, uint32_t bound, const char *name);
/* The same string in a slot of the context, for IR_A_OFF. */
struct ir_value build_in_frame(struct ir_builder *b, struct ir_value v);
/* A reference that survives assignments: copied unless it is a literal. */
struct ir_value build_copy_string(struct ir_builder *b, struct ir_value v);
struct ir_value build_concat(struct ir_builder *b, const struct expr *e);
ir_reg build_string_compare(struct ir_builder *b, enum op op, struct ir_value l, struct ir_value r);
/* =~ and !~ */
ir_reg build_regex(struct ir_builder *b, const struct expr *e);
struct ir_value build_sprint(struct ir_builder *b, const struct expr *e);
/* build_text.c: one that has print.or_else. */
struct ir_value build_sprint_or_else(struct ir_builder *b, const struct expr *e);
struct ir_value build_format_string(struct ir_builder *b, const struct fmt_part *parts,
                                    size_t nparts, const struct ir_value *args, size_t nargs);

/* build_text.c: the calls that name numbers; false: e is none. */
bool build_names(struct ir_builder *b, const struct expr *e, struct ir_value *out);

/* build_memory.c: reads from an address; the helper's result: below 0 for a fault, for a string
 * its length with the NUL. */
enum read_kind { READ_KERNEL = 0, READ_USER = 1, READ_STRING = 2 };
ir_reg build_read(struct ir_builder *b, enum read_kind kind, struct ir_mem to, struct ir_arg size,
                  ir_reg addr);
/* build_array.c */
void build_array_layout(struct ir_module *m, struct session *s, struct variable *v, bool ordered,
                        bool renumber);
struct ir_value build_index(struct ir_builder *b, const struct expr *e);
ir_reg build_in(struct ir_builder *b, const struct expr *e);
/* a[…] op= value; returns the value of the expression: the new one, or the old
 * one when `post`.  `rhs` NULL for ++ and --. */
struct ir_value build_index_assign(struct ir_builder *b, const struct expr *lv, enum op op,
                                   const struct expr *rhs, bool post, bool want_value);
void build_delete(struct ir_builder *b, const struct expr *e);
/* Writes the key of a[args] to a new slot. */
struct ir_mem build_key(struct ir_builder *b, const struct variable *v, struct expr *const *args,
                        size_t n);

/* Adds an element that is not there: 0 or a negative errno. */
ir_reg build_insert(struct ir_builder *b, uint32_t map, struct ir_mem key, struct ir_mem val);
/* Makes room in a wrapping array: the oldest element goes. */
void build_evict_oldest(struct ir_builder *b, const struct var_loc *loc, bool stat);
/* What an insertion into an array of `max` elements that failed ends in. */
void build_insert_failed(struct ir_builder *b, ir_reg st, const struct token *tok,
                         const struct variable *v);

/* build_print.c */
void build_print(struct ir_builder *b, const struct expr *e);
/* REC_VALUE or REC_VALUE_MORE: for the reader of a procfs file. */
void build_to_reader(struct ir_builder *b, struct expr *text, bool more);
/* REC_HIST: the aggregate at `all` with nbuckets buckets at off. */
void build_hist_record(struct ir_builder *b, struct ir_mem all, uint32_t off, uint32_t nbuckets,
                       uint32_t id);

/* REC_STACK: the addresses in `text`, with their symbols. */
void build_stack_record(struct ir_builder *b, struct ir_value text, ir_reg form);

/* build_stmt.c */
void build_stmt(struct ir_builder *b, const struct stmt *s);
/* Declares and clears the locals of a body. */
void build_locals(struct ir_builder *b, const struct variable *const *v, size_t n);

/* build_foreach.c */
void build_delete_slice(struct ir_builder *b, const struct expr *e);
/* In the body of the foreach s, or in a function called there, its array is sorted. */
bool build_foreach_resorted(struct arena *a, const struct stmt *s);
/* Whether an element is in the slice that e, an EX_IN with a `*`, names. */
ir_reg build_in_slice(struct ir_builder *b, const struct expr *e);
void build_foreach(struct ir_builder *b, const struct stmt *s);

/* build_stat.c */
void build_stat_add(struct ir_builder *b, const struct expr *lv, const struct expr *rhs);
void build_stat_reset(struct ir_builder *b, const struct variable *v);
/* The buckets of @hist_*(s), added up over the CPUs; nbuckets longs. */
struct ir_mem build_hist_snapshot(struct ir_builder *b, const struct expr *h, uint32_t *nbuckets);
/* @hist_log(s)[n] */
ir_reg build_hist_bucket(struct ir_builder *b, const struct expr *e);
/* Whether there is a bucket of that number: e is an EX_IN. */
ir_reg build_in_hist(struct ir_builder *b, const struct expr *e);
/* print(@hist_log(s)) */
void build_hist(struct ir_builder *b, const struct expr *print);
ir_reg build_stat(struct ir_builder *b, const struct expr *e);
void build_stat_layout(struct ir_module *m, struct session *s, struct variable *v, bool ordered);
