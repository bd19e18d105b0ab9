/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The intermediate representation between the program and eBPF.
 *
 * A module holds the maps and tables of the whole session and one ir_prog per
 * probe.  An ir_prog is a list of functions; function 0 is the handler, the
 * others are script functions that are too large or recursive to be inlined.
 * A function is a list of basic blocks over 64-bit virtual registers (vregs)
 * and memory slots.  Vregs may be assigned more than once (no SSA).
 *
 * The builder (ir/build*.c) has lowered all meaning of the language: what is
 * left is arithmetic, memory, calls of BPF helpers and of runtime library
 * functions, and control flow.
 *
 * Control flow.  All edges but IR_YIELD edges form a DAG.  A loop's back edge is
 * IR_YIELD: it leaves the current *segment* and enters the target block anew.
 * A prog with a yield or an IR_CALLFN is run as a *machine*: the blocks become
 * the body of a bpf_loop callback that dispatches on ctx.state; a yield stores
 * the target's state and returns from the callback.  So the verifier sees each
 * block once, with unknown values, and any nesting of loops and recursion costs
 * nothing to verify.  The backend keeps a vreg that is live into a resume point
 * in the frame (context memory); pointers must not be live across a yield. */
#pragma once
#include "ir/abi.h"
#include "sema/facts.h"
#include "sema/program.h"

typedef uint32_t ir_reg; /* 0 = none */

enum ir_bin {
    B_ADD,
    B_SUB,
    B_MUL,
    B_AND,
    B_OR,
    B_XOR,
    B_SHL,
    B_SHR /* logical */,
    B_SAR,
    B_SDIV,
    B_SMOD /* signed, truncating; divisor known not 0; MIN/-1 = MIN, MIN%-1 = 0 */,
    B_UDIV,
    B_UMOD
};
enum ir_cc { CC_EQ, CC_NE, CC_SLT, CC_SLE, CC_SGT, CC_SGE, CC_ULT, CC_ULE, CC_UGT, CC_UGE };

enum ir_mem_kind {
    IRM_SLOT,   /* id = slot of this function */
    IRM_CALLEE, /* id = slot of function `fn`, in the frame that the next IR_CALLFN will enter */
    IRM_GLOBAL, /* off bytes into the globals map value (struct abi_session at 0) */
    IRM_RODATA, /* off bytes into the script's part of the read-only data (literals) */
    IRM_CTX,    /* off bytes into the context (struct abi_ctx at 0) */
    IRM_OUT,    /* off bytes into the context's output buffer */
    IRM_PTR,    /* reg = pointer the verifier knows (map value, ring buffer record) */
    IRM_PROG,   /* off bytes into the BPF program's own context (pt_regs, tracepoint arguments) */
    IRM_BTF,    /* reg = BTF pointer (direct deref): plain load with fault handling */
};

/* A memory operand: base + off + idx.  When idx is set, the backend emits, at
 * the point of use, `if (idx > idx_max) goto internal error` on the register it
 * then adds, so that the verifier sees the bound. */
struct ir_mem {
    enum ir_mem_kind kind;
    uint32_t id;
    uint32_t fn;
    int32_t off;
    ir_reg reg;
    ir_reg idx;
    uint32_t idx_max;
};

enum ir_arg_kind {
    IRA_REG, /* a vreg; max != 0: size argument, bound checked at use as for idx (0 < …) */
    IRA_IMM,
    IRA_MEM,    /* address of mem */
    IRA_CTXOFF, /* mem's offset in the context, a scalar: how strings go to the runtime library.
                   The slot is then always placed in the frame. */
    IRA_MAP,    /* map number `id` */
    IRA_PROG,   /* the BPF program's context */
    IRA_CTX,    /* the runtime context pointer */
};
struct ir_arg {
    enum ir_arg_kind kind;
    ir_reg reg;
    uint32_t id;
    uint32_t max;
    int64_t imm;
    uint32_t fact; /* IRA_IMM: as of an instruction */
    uint8_t part;
    struct ir_mem mem;
};

enum ir_op {
    IR_CONST, /* dst = imm */
    IR_MOV,   /* dst = a */
    IR_BIN,   /* dst = a bin (b or imm) */
    IR_NEG,
    IR_NOT,
    IR_SET,            /* dst = a cc (b or imm) ? 1 : 0 */
    IR_LOAD,           /* dst = mem, size bytes, sign- or zero-extended */
    IR_STORE,          /* mem = a or imm, size bytes */
    IR_ADDR,           /* dst = &mem, as pointer vreg */
    IR_ATOMIC_ADD,     /* mem += a or imm; size 4 or 8; dst != 0: the old value (fetch) */
    IR_ATOMIC_XCHG,    /* dst = exchange(mem, a) */
    IR_ATOMIC_CMPXCHG, /* dst = cmpxchg(mem, expect a, new b) */
    IR_CALL,           /* dst (or 0) = BPF helper number imm (args) */
    IR_LIB,            /* dst (or 0) = runtime library function `lib`(args); at most five */
    IR_ZERO,           /* mem: imm bytes of zeros (multiple of 8) */
    IR_COPY,           /* mem = mem2: imm bytes (multiple of 8), aligned */
    /* terminators */
    IR_JMP,    /* t */
    IR_BR,     /* a cc (b or imm) ? t : f */
    IR_YIELD,  /* t, as a new segment */
    IR_CALLFN, /* call function `fn` of this prog; continue at t as a new segment.
                  Arguments were stored to IRM_CALLEE slots; the result is in ctx.ret or
                  (strings) in the slot that fn's ret_slot names, reachable as IRM_CALLEE
                  in the block t until the next IR_CALLFN */
    IR_FRET,   /* return from a called function */
    IR_RET,    /* the handler ends: release the context */
};

struct ir_insn {
    enum ir_op op;
    ir_reg dst, a, b;
    bool has_imm; /* second operand (or stored value) is imm */
    enum ir_bin bin;
    enum ir_cc cc;
    uint8_t size; /* 1 2 4 8 */
    bool is_signed;
    int64_t imm;
    struct ir_mem mem, mem2;
    struct ir_arg *args;
    uint8_t nargs;
    /* Not 0: the immediate of IR_CONST and IR_BIN, or the offset that IR_LOAD reads at, is
     * that part of a fact (sema/facts.h); imm and mem.off are what it is on this machine. */
    uint32_t fact;
    uint8_t part;
    const char *lib;
    uint32_t fn;
    uint32_t t, f;           /* block numbers */
    const struct token *tok; /* source position, for dumps */
};

struct ir_block {
    VEC(struct ir_insn) insns; /* the last one is the terminator */
    const char *label;         /* for dumps */
};

/* A buffer of the function: string temporaries, keys, helper outputs. */
struct ir_slot {
    uint32_t size; /* multiple of 8 */
    bool frame;    /* must be in the context: handed to the library, or live over yields */
    bool zeroed;   /* the backend clears it when the function starts (size bytes) */
    const char *name;
};

struct ir_func {
    const char *name;
    VEC(struct ir_block) blocks; /* 0 = entry */
    VEC(struct ir_slot) slots;
    uint32_t nregs;    /* vregs are 1 … nregs */
    uint32_t ret_slot; /* callable functions: slot of a string result; UINT32_MAX none */
};

struct ir_prog {
    const struct probe *probe;
    VEC(struct ir_func *) funcs;
    u32 required_state; /* enum abi_state: otherwise the handler does nothing */
    bool waits;         /* for pages of the process: a sleepable program */
    bool prints;        /* has an output buffer to flush: the builder emits the flush */
    uint32_t max_steps; /* machine: bpf_loop rounds before the handler is cut off */
};

/* Maps the script needs, besides the fixed ones. */
enum ir_map_kind {
    IR_MAP_HASH,
    IR_MAP_LRU_HASH, /* the oldest make room */
    IR_MAP_PERCPU_HASH,
    IR_MAP_ARRAY,
    IR_MAP_PERCPU_ARRAY,
    IR_MAP_PERF, /* a counter of perf on each CPU */
};
struct ir_map {
    enum ir_map_kind kind;
    const char *name; /* for bpftool: at most 15 characters are shown */
    uint32_t key_size, value_size, max_entries;
    uint32_t levels;    /* times as many: one for each depth of calls; 0: one */
    uint32_t perf_type; /* IR_MAP_PERF: what is counted */
    uint64_t perf_config;
    bool of_target; /* … for the process of -c or -x */
    const struct variable *var;
};
/* max_entries: one entry for each context (ncpus × CTX_POOL). */
#define IR_PER_CONTEXT UINT32_MAX
#define IR_PER_CPU (UINT32_MAX - 1)
/* Fixed maps, by the number to use in IRA_MAP. */
enum {
    IR_MAP_FIXED_RING = 0,
    IR_MAP_FIXED_GLOBALS,
    IR_MAP_FIXED_RODATA,
    IR_MAP_FIXED_CTX,
    IR_MAP_FIXED_MODULES,
    IR_MAP_FIXED_TABLES, /* these two only where they are used */
    IR_MAP_FIRST         /* module.maps[0] */
};

/* How a format number prints: conversions and the type of each argument. */
struct ir_format {
    fmt_vec parts;
};
/* Where an error happened: "near identifier 'x' at f.stp:1:2 (called from …)". */
struct ir_pos {
    const char *text;
};
/* How a histogram number (REC_HIST) prints. */
struct ir_hist {
    bool linear;
    int64_t low, high, step;
    uint32_t nbuckets;
};

/* A scalar global that the script declares: VAR=VALUE of staprun may set it. */
struct ir_global {
    const char *name;
    bool is_string;
    uint32_t off, size; /* in the globals map; a string's with its NUL */
};

struct ir_module {
    struct arena *arena;
    const struct program *program;
    VEC(struct ir_prog *) progs; /* same order as program->probes */
    VEC(struct ir_map) maps;
    VEC(struct ir_format) formats;
    VEC(struct ir_pos) positions;
    VEC(const char *) messages; /* static error messages */
    VEC(struct ir_hist) hists;
    VEC(struct ir_global) globals;
    uint32_t globals_size; /* bytes of the globals map value in use, abi_session included */
    void *globals_init;    /* its initial contents; from abi_session's end on */
    uint32_t rodata_size;  /* script's literals */
    void *rodata;
    uint32_t *lock_off;             /* builder: by global, its lock in the globals map */
    uint8_t **lock_mode;            /* builder: by probe and global, enum abi_lock; NULL: none */
    uint32_t *regex_off;            /* builder: by regex, 1 + offset in rodata; 0: not made yet */
    uint32_t timing_map;            /* -t: number of the map; 0: none */
    bool uses_modules;              /* handlers look at what is mapped in processes */
    bool regex_captures;            /* contexts need a struct abi_regex_area */
    uint32_t rodata_cap;            /* builder: allocated */
    uint32_t zeros_off, zeros_size; /* builder: a stretch of zeros in rodata */
    uint32_t out_size;              /* output buffer capacity: flushed when more would be in it */
    uint32_t out_slack; /* bytes behind it that IRM_OUT may also touch: the largest record */
    uint32_t maxstringlen;
    uint32_t maxnesting;
};

/* ---- building ---- */

/* Cursor into the function being built; insns are appended to `block`. */
struct ir_builder {
    struct arena *arena;
    struct session *session;
    struct ir_module *mod;
    struct ir_prog *prog;
    struct ir_func *fn;
    uint32_t block;
    uint32_t emitted;        /* insns so far, in all functions */
    const struct token *tok; /* stamped on insns */
    void *priv;              /* ir/build*.c */
};

ir_reg ir_new_reg(struct ir_builder *b);
uint32_t ir_new_slot(struct ir_builder *b, uint32_t size, const char *name);
uint32_t ir_new_block(struct ir_builder *b, const char *label);
/* Appends to the current block; no-op after a terminator. */
struct ir_insn *ir_emit(struct ir_builder *b, struct ir_insn insn);
bool ir_terminated(const struct ir_builder *b);

ir_reg ir_const(struct ir_builder *b, int64_t v);
void ir_mov(struct ir_builder *b, ir_reg dst, ir_reg a);
ir_reg ir_bin(struct ir_builder *b, enum ir_bin op, ir_reg a, ir_reg c);
ir_reg ir_bini(struct ir_builder *b, enum ir_bin op, ir_reg a, int64_t imm);
/* By a number that is known when the program is loaded; `here`: on this machine. */
ir_reg ir_bin_fact(struct ir_builder *b, enum ir_bin op, ir_reg a, uint32_t fact,
                   enum fact_part part, int64_t here);
ir_reg ir_const_fact(struct ir_builder *b, uint32_t fact, enum fact_part part, int64_t here);
ir_reg ir_set(struct ir_builder *b, enum ir_cc cc, ir_reg a, ir_reg c);
ir_reg ir_seti(struct ir_builder *b, enum ir_cc cc, ir_reg a, int64_t imm);
ir_reg ir_load(struct ir_builder *b, struct ir_mem m, int size, bool is_signed);
void ir_store(struct ir_builder *b, struct ir_mem m, int size, ir_reg v);
void ir_storei(struct ir_builder *b, struct ir_mem m, int size, int64_t v);
ir_reg ir_addr(struct ir_builder *b, struct ir_mem m);
void ir_jmp(struct ir_builder *b, uint32_t t);
void ir_br(struct ir_builder *b, enum ir_cc cc, ir_reg a, ir_reg c, uint32_t t, uint32_t f);
void ir_bri(struct ir_builder *b, enum ir_cc cc, ir_reg a, int64_t imm, uint32_t t, uint32_t f);
void ir_yield(struct ir_builder *b, uint32_t t);
void ir_at(struct ir_builder *b, uint32_t block);
/* args: a compound literal array of struct ir_arg. */
ir_reg ir_call(struct ir_builder *b, int helper, int nargs, const struct ir_arg *args);
ir_reg ir_lib(struct ir_builder *b, const char *fn, int nargs, const struct ir_arg *args);

static inline struct ir_mem ir_slot_mem(uint32_t slot, int32_t off)
{
    return (struct ir_mem){.kind = IRM_SLOT, .id = slot, .off = off};
}
static inline struct ir_mem ir_ptr_mem(ir_reg p, int32_t off)
{
    return (struct ir_mem){.kind = IRM_PTR, .reg = p, .off = off};
}
static inline struct ir_mem ir_mem_at(enum ir_mem_kind kind, int32_t off)
{
    return (struct ir_mem){.kind = kind, .off = off};
}
#define IR_A_REG(r) ((struct ir_arg){.kind = IRA_REG, .reg = (r)})
#define IR_A_SIZE(r, mx) ((struct ir_arg){.kind = IRA_REG, .reg = (r), .max = (mx)})
#define IR_A_IMM(v) ((struct ir_arg){.kind = IRA_IMM, .imm = (v)})
#define IR_A_MEM(m) ((struct ir_arg){.kind = IRA_MEM, .mem = (m)})
#define IR_A_OFF(m) ((struct ir_arg){.kind = IRA_CTXOFF, .mem = (m)})
#define IR_A_FACT(f, p, v) ((struct ir_arg){.kind = IRA_IMM, .imm = (v), .fact = (f), .part = (p)})
#define IR_A_MAP(n) ((struct ir_arg){.kind = IRA_MAP, .id = (n)})
#define IR_A_CTX ((struct ir_arg){.kind = IRA_CTX})
#define IR_A_PROG ((struct ir_arg){.kind = IRA_PROG})
#define IR_ARGS(...)                                                                               \
    (const struct ir_arg[])                                                                        \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* Program → IR for every probe.  NULL after reporting errors ("cannot …" with
 * positions) for what the eBPF runtime cannot do. */
struct ir_module *ir_build(struct session *s, const struct program *p);

/* -p3: text of the module, with source lines beside. */
struct strbuf;
void ir_dump(struct strbuf *out, const struct ir_module *m);
/* Structural checks (terminators, block numbers, DAG of non-yield edges);
 * returns what is wrong, or NULL. */
const char *ir_check(const struct ir_module *m);
