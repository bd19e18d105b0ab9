/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions, lines, variables and types of programs and libraries: ELF symbols
 * and DWARF, by libelf and libdw.  Addresses are those of the file (before it is
 * loaded anywhere). */
#pragma once
#include "debuginfo/btf.h"

struct arena;
struct dw_module; /* an executable or a shared library */

/* How to compute something: a program for a stack machine.  DW_ADDR pushes an
 * address in the file, to which the load bias of the process is to be added. */
enum dw_op_kind {
    DW_CONST,
    DW_REG,       /* num: DWARF register number */
    DW_ENTRY_REG, /* the same, as it was at the first instruction of the function */
    DW_ADDR,
    DW_ADD,
    DW_SUB,
    DW_MUL,
    DW_AND,
    DW_OR,
    DW_XOR,
    DW_SHL,
    DW_SHR,
    DW_SHRA,
    DW_DIV,
    DW_MOD,
    DW_EQ,
    DW_NE,
    DW_LT,
    DW_LE,
    DW_GT,
    DW_GE,
    DW_NEG,
    DW_NOT,
    DW_DEREF,  /* num: bytes; user memory */
    DW_THREAD, /* where the storage of the current thread is: the thread pointer */
    DW_PICK,   /* num: a copy of what is so deep in the stack; 0: on top */
    DW_DROP,
    DW_SWAP, /* the two on top */
    DW_ROT,  /* the one on top goes below the next two */
    DW_JUMP, /* num: the number of the operation to go on with, further on */
    DW_IF,   /* the same, when what is taken from the stack is not 0 */
};
struct dw_op {
    enum dw_op_kind kind;
    int64_t num;
};
typedef VEC(struct dw_op) dw_op_vec;

/* A part of a variable that is not in one place. */
struct dw_piece {
    uint32_t offset, size; /* bytes, in the variable */
    enum { DW_LOST, DW_VALUE, DW_MEMORY } kind;
    dw_op_vec ops; /* compute the value or the address; none of what is lost */
};
typedef VEC(struct dw_piece) dw_piece_vec;

/* Where a variable is. */
struct dw_place {
    dw_op_vec ops;
    bool memory;         /* the result is its address, not its value */
    bool told;           /* the debug information says where it is, whether that can be computed */
    uint32_t type;       /* in the module's types; 0: not known */
    dw_piece_vec pieces; /* when there are any, instead of ops */
    /* The variable is a pointer that was optimised away; what it points to, or something
     * `target_offset` bytes inside of that, is known.  NULL: it is none. */
    const struct dw_place *target;
    int64_t target_offset;
};

struct dw_function {
    const char *name;
    const char *file; /* as the compiler named it; NULL: known from the symbol table only */
    int line;         /* of its declaration */
    uint64_t entry;
    uint64_t body; /* behind the prologue where the compiler did not optimise, else entry */
    uint64_t end;
    bool inlined;      /* an instance that is part of another function */
    const char *scope; /* namespaces and classes that the pattern has matched; may be NULL */
    bool by_line;      /* a statement of it is meant, not itself */
    bool exported;     /* in the dynamic symbol table */
    const void *priv;  /* the DIE, or NULL */
};
typedef VEC(struct dw_function) dw_function_vec;

/* A static mark (sys/sdt.h): .note.stapsdt. */
struct dw_mark {
    const char *provider, *name, *args; /* args: "8@%rdi -4@$5" */
    uint64_t pc;
    uint64_t semaphore; /* address; 0: none */
};
typedef VEC(struct dw_mark) dw_mark_vec;

struct dw_line {
    uint64_t pc;
    int line;
    bool own; /* reached from the line of the function's entry, line by line: FUNCTION@FILE:* */
};
typedef VEC(struct dw_line) dw_line_vec;

/* NULL with *why set: no such file, not ELF.  Lives until dw_close_all. */
struct dw_module *dw_open(struct arena *a, const char *path, const char **why);
/* A section of the file as it is mapped: its address there.  False: there is none. */
bool dw_section(const struct dw_module *m, const char *name, const void **data, size_t *size,
                uint64_t *addr);
/* The i-th part of the file that is mapped (PT_LOAD); false: no more. */
struct dw_segment {
    uint64_t offset, size, addr;
    bool exec;
};
bool dw_segment(const struct dw_module *m, size_t i, struct dw_segment *out);
/* Calls fn for each function and variable of the symbol tables. */
void dw_each_symbol(struct dw_module *m,
                    void (*fn)(const char *name, uint64_t addr, uint64_t size, bool global,
                               void *arg),
                    void *arg);
/* Gives back what libdw holds for all modules, before the arena goes. */
void dw_close_all(void);
const char *dw_path(const struct dw_module *m);
/* The build-id: how many bytes it has, 0 when there is none or it is longer than max. */
size_t dw_build_id(const struct dw_module *m, uint8_t *id, size_t max);
/* Of a file that is not linked yet, such as a module of the kernel: the section that an
 * address stands for.  False: it is not in one that is loaded. */
bool dw_section_at(struct dw_module *m, uint64_t addr, const char **name, uint64_t *offset);
bool dw_has_dwarf(struct dw_module *m);
/* How to get the debug information that is missing: "install the package …". */
const char *dw_advice(struct dw_module *m);
/* Loaded where it was linked for: addresses of the file are those of processes. */
bool dw_is_fixed(const struct dw_module *m);
/* It is run by itself: an executable, not a library. */
bool dw_is_program(const struct dw_module *m);
/* The address of a symbol; false: there is none. */
bool dw_symbol(const struct dw_module *m, const char *name, uint64_t *addr);
/* The symbol that an address of the file belongs to; false: none.  *name lives as long
 * as the module. */
bool dw_symbol_at(const struct dw_module *m, uint64_t addr, const char **name, uint64_t *offset,
                  uint64_t *size);
/* The address of what stands at a position of the file; false: it is not loaded. */
bool dw_address(const struct dw_module *m, uint64_t file_offset, uint64_t *addr);
/* dwarf_lines.c: the source line of an address; false: not known. */
bool dw_line_at(struct dw_module *m, uint64_t addr, const char **file, int *line);
/* A function that is inlined at an address, and where it is called. */
struct dw_inlined {
    const char *name, *file; /* file may be NULL */
    int line;
};
typedef VEC(struct dw_inlined) dw_inlined_vec;
/* Appends what is inlined at an address, the innermost first. */
void dw_inlined_at(struct dw_module *m, uint64_t addr, dw_inlined_vec *out);
/* Every row of the tables of lines, those of one file in the order of addresses.  `file` NULL:
 * what is known ends before `addr`. */
typedef void dw_line_fn(uint64_t addr, const char *file, int line, void *arg);
void dw_each_line(struct dw_module *m, dw_line_fn *fn, void *arg);
/* Position in the file of what is loaded at an address; false: nothing is. */
bool dw_file_offset(const struct dw_module *m, uint64_t addr, uint64_t *offset);
/* The bytes of the file that are loaded from an address on: how many of n there are. */
size_t dw_bytes(const struct dw_module *m, uint64_t addr, uint8_t *buf, size_t n);
/* The same in place: those of the file from there on, *n of them; NULL: nothing is loaded. */
const uint8_t *dw_code(const struct dw_module *m, uint64_t addr, size_t *n);
/* It is a program or library of 64 bits. */
bool dw_is_64(const struct dw_module *m);

/* All functions whose name matches the pattern (fnmatch): with DWARF those it
 * describes and their inlined instances; others of the symbol table. */
void dw_functions(struct dw_module *m, const char *pattern, dw_function_vec *out);
/* The lines of a function's own file that it has code of, in order, each with its lowest address.
 * What is inlined in it is a part of it. */
void dw_lines(struct dw_module *m, const struct dw_function *f, dw_line_vec *out);
/* The function that an address is in, as compiled, or with `inlined` the innermost one.
 * *statement: a row of the table of lines begins there, or there is none.  False: no such function.
 */
bool dw_function_at(struct dw_module *m, uint64_t addr, bool inlined, struct dw_function *out,
                    bool *statement);
void dw_marks(struct dw_module *m, dw_mark_vec *out);
/* Entries of the procedure linkage table: functions of other modules it calls. */
void dw_plt(struct dw_module *m, dw_function_vec *out);

/* The module's types. */
struct kernel_btf *dw_types(struct dw_module *m);
/* A type by its name in C ("struct node", "node", "unsigned int"), looked for in
 * all of the program; 0: none. */
uint32_t dw_find_type(struct dw_module *m, const char *name);
/* A variable as seen at `pc` inside f: false with *why set when there is none or
 * it is not there at that place. */
bool dw_variable(struct dw_module *m, const struct dw_function *f, uint64_t pc, const char *name,
                 struct dw_place *out, const char **why);
/* Labels of a function that are in its code, whose names match. */
struct dw_label {
    const char *name;
    int line;
    uint64_t pc;
};
typedef VEC(struct dw_label) dw_label_vec;
void dw_labels(struct dw_module *m, const struct dw_function *f, const char *pattern,
               dw_label_vec *out);
/* Functions of the module that f calls as far as the compiler says (DW_TAG_call_site), and
 * those inlined into it, whose names match. */
void dw_callees(struct dw_module *m, const struct dw_function *f, const char *pattern,
                dw_function_vec *out);
/* The i-th range of addresses of a function with debug information; false: no more. */
bool dw_covers(const struct dw_function *f, size_t i, uint64_t *start, uint64_t *end);
/* Where the frame of the function ends (the canonical frame address) at pc. */
bool dw_frame(struct dw_module *m, uint64_t pc, dw_op_vec *out);
/* The function that f, perhaps an inlined instance, is compiled into: its first
 * instruction; 0: not known. */
uint64_t dw_outer_entry(struct dw_module *m, const struct dw_function *f);
/* A variable with static storage, of the unit whose file matches (NULL: any, but first that of the
 * function `near`, which may be NULL). */
bool dw_global(struct dw_module *m, const struct dw_function *near, const char *name,
               const char *file, struct dw_place *out, const char **why);
/* Type of the value a function returns; 0: none or not known. */
uint32_t dw_return_type(struct dw_module *m, const struct dw_function *f);
/* It is of a language whose runtime unwinds stacks; or moves them, also from one thread to
 * another. */
enum dw_stacks { DW_STACKS_STAY, DW_STACKS_UNWIND, DW_STACKS_MOVE };
enum dw_stacks dw_stacks(const struct dw_function *f);
/* It is a class that is not copied bit by bit. */
bool dw_returns_in_memory(const struct dw_function *f);
/* Calls fn for each variable in scope at pc, the innermost scope first; when it is not `known`
 * where it is, `place` has its type only. */
typedef void dw_variable_fn(const char *name, bool parameter, const struct dw_place *place,
                            bool known, void *arg);
void dw_each_variable(struct dw_module *m, const struct dw_function *f, uint64_t pc,
                      dw_variable_fn *fn, void *arg);
