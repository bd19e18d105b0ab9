/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of names, from number to name and back.  A table is rows of equal width in the
 * read-only data; the last row is empty and stands for every number without a name. */
#include <string.h>

#include "ir/build.h"
#include "ir/intrinsics.h"
#include "probes/arch.h"

enum { NAME_MAX = 48 }; /* the longest name with its NUL */

struct names {
    VEC(const char *) v;
    size_t longest;
};

static void add_name(struct ir_builder *b, struct names *n, size_t at, const char *name, size_t len)
{
    while (n->v.n <= at)
        vec_push(b->arena, &n->v, "");
    n->v.v[at] = arena_strndup(b->arena, name, len);
    n->longest = len > n->longest ? len : n->longest;
}

/* "FIRST SECOND - FOURTH": the first argument of the call, a literal; "-" is a gap. */
static struct names literal_names(struct intrinsic_call *c)
{
    struct names n = {0};
    const char *text = c->e->args.v[0]->kind == EX_STRING ? c->e->args.v[0]->str : "";
    for (size_t at = 0; *text; at++) {
        size_t len = strcspn(text, " ");
        bool gap = len == 1 && *text == '-';
        add_name(c->b, &n, at, text, gap ? 0 : len);
        text += len;
        text += strspn(text, " ");
    }
    return n;
}

static struct names syscall_names(struct intrinsic_call *c)
{
    struct names n = {0};
    for (const struct arch_syscall *s = arch_syscalls; s->name; s++)
        if (s->nr >= 0)
            add_name(c->b, &n, (size_t)s->nr, s->name, strlen(s->name));
    return n;
}

struct word_table {
    uint32_t off, width, rows;
};

/* Once for each table: the cache is by its text. */
static struct word_table place(struct ir_builder *b, const struct names *n)
{
    struct word_table t = {.width = round8((uint32_t)n->longest + 1), .rows = (uint32_t)n->v.n};
    const uint32_t size = (t.rows + 1) * t.width;
    char *rows = arena_alloc(b->arena, size);
    memset(rows, 0, size);
    vec_for (i, n->v)
        memcpy(rows + i * t.width, n->v.v[i], strlen(n->v.v[i]));
    const char *old = b->mod->rodata_size >= size
                          ? memmem(b->mod->rodata, b->mod->rodata_size, rows, size)
                          : NULL;
    size_t at = old ? (size_t)(old - (const char *)b->mod->rodata) : 1;
    if (at % 8 == 0) {
        t.off = (uint32_t)at;
        return t;
    }
    t.off = build_rodata(b->mod, size);
    memcpy((char *)b->mod->rodata + t.off, rows, size);
    return t;
}

static void emit_name(struct intrinsic_call *c, const struct names *n, ir_reg number)
{
    struct ir_builder *b = c->b;
    struct word_table t = place(b, n);
    ir_reg row = ir_new_reg(b);
    uint32_t none = ir_new_block(b, "no name"), some = ir_new_block(b, "name");
    ir_mov(b, row, number);
    ir_bri(b, CC_ULT, row, t.rows, some, none);
    ir_at(b, none);
    ir_mov(b, row, ir_const(b, t.rows));
    ir_jmp(b, some);
    ir_at(b, some);
    struct ir_value v = {.is_string = true,
                         .mem = ir_mem_at(IRM_RODATA, (int32_t)t.off),
                         .bound = t.width,
                         .padded = true};
    v.mem.idx = ir_bini(b, B_MUL, row, t.width);
    v.mem.idx_max = t.rows * t.width;
    c->result = v;
}

static void emit_index(struct intrinsic_call *c, const struct names *n, struct ir_value name)
{
    struct word_table t = place(c->b, n);
    c->result.reg = ir_lib(c->b, "rt_name_index", 5,
                           IR_ARGS(IR_A_CTX, IR_A_OFF(name.mem), IR_A_IMM(t.off), IR_A_IMM(t.width),
                                   IR_A_IMM(t.rows)));
}

static void emit_word(struct intrinsic_call *c)
{
    struct names n = literal_names(c);
    emit_name(c, &n, c->args[1].reg);
}

static void emit_word_index(struct intrinsic_call *c)
{
    struct names n = literal_names(c);
    emit_index(c, &n, c->args[1]);
}

static void emit_syscall_name(struct intrinsic_call *c)
{
    struct names n = syscall_names(c);
    emit_name(c, &n, c->args[0].reg);
}

static void emit_syscall_num(struct intrinsic_call *c)
{
    struct names n = syscall_names(c);
    emit_index(c, &n, c->args[0]);
}

const struct intrinsic intrinsics_names[] = {
    {"word", TY_STRING, NAME_MAX, emit_word, false},
    {"word_index", TY_LONG, 0, emit_word_index, true},
    {"syscall_name", TY_STRING, NAME_MAX, emit_syscall_name, false},
    {"syscall_num", TY_LONG, 0, emit_syscall_num, true},
    {0},
};
