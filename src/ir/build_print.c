/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing: records for user space (ir/abi.h), collected in the context's
 * output buffer and sent when the handler ends, so that the output of one
 * handler stays together. */
#include <stddef.h>
#include <string.h>

#include "ir/record.h"

enum { MEMORY_MAX = 1024 }; /* bytes of one %m */

/* 0: the conversion does not print memory. */
static uint32_t memory_size(const struct fmt_part *p)
{
    if (p->conv != FMT_MEMORY_M && p->conv != FMT_MEMORY_HEX)
        return 0;
    if (p->prec_arg || p->prec > MEMORY_MAX)
        return MEMORY_MAX;
    return p->prec > 0 ? (uint32_t)p->prec : 1;
}

struct ir_mem record_at(const struct record *r, int32_t off)
{
    struct ir_mem m = ir_mem_at(IRM_OUT, (int32_t)r->off + off);
    m.idx = r->pos;
    m.idx_max = r->max;
    return m;
}

uint32_t record_string_room(uint32_t bound)
{
    return (uint32_t)sizeof(struct rec_str) + round8(bound);
}

static struct record record_begin(struct ir_builder *b, uint32_t largest)
{
    build_of(b)->uses_out = true;
    if (largest > b->mod->out_slack)
        b->mod->out_slack = largest;
    struct record r = {.max = OUT_SIZE, .room_fn = b->fn, .room_block = b->block};
    r.room_insn = (uint32_t)b->fn->blocks.v[b->block].insns.n;
    r.start = r.pos = ir_lib(b, "rt_out_room", 2, IR_ARGS(IR_A_CTX, IR_A_IMM(largest)));
    r.off = sizeof(struct rec);
    return r;
}

void rec_put_string(struct ir_builder *b, struct record *r, struct ir_value v)
{
    uint32_t room = round8(v.bound);
    ir_reg n = ir_call(b, HELPER_PROBE_READ_KERNEL_STR, 3,
                       IR_ARGS(IR_A_MEM(record_at(r, sizeof(struct rec_str))), IR_A_IMM(v.bound),
                               IR_A_MEM(v.mem)));
    if (v.bound <= STR_FIXED) {
        ir_storei(b, record_at(r, 0), 8, room);
        r->off += record_string_room(v.bound);
        return;
    }
    ir_reg cap = ir_bini(b, B_AND, ir_bini(b, B_ADD, n, 7), ~(int64_t)7);
    ir_store(b, record_at(r, 0), 8, cap);
    r->pos = ir_bini(b, B_ADD, ir_bin(b, B_ADD, r->pos, cap),
                     (int64_t)(r->off + sizeof(struct rec_str)));
    r->max += r->off + record_string_room(v.bound);
    r->off = 0;
}

/* %m and %M: `size` bytes, or as many as the long `n` says, at address v. */
static void record_memory(struct ir_builder *b, struct record *r, const struct expr *print,
                          const struct fmt_part *p, ir_reg n, struct ir_value v)
{
    bool user = p->flags & FMTF_ALT;
    uint32_t size = memory_size(p);
    struct ir_arg count = IR_A_IMM(size);
    if (n) {
        /* As the formatter does: 1 where it is not positive, cut at the most. */
        count = IR_A_SIZE(build_clamped(b, n, 1, size), size);
    }
    ir_storei(b, record_at(r, 0), 8, round8(size));
    ir_reg st = build_read(b, user ? READ_USER : READ_KERNEL, record_at(r, sizeof(struct rec_str)),
                           count, v.reg);
    uint32_t bad = ir_new_block(b, "fault"), good = ir_new_block(b, "read");
    ir_bri(b, CC_EQ, ir_bini(b, B_SHL, st, 32), 0, good, bad);
    ir_at(b, bad);
    ir_raise_format(b, print, "read fault [man error::fault] at 0x%x", 1, &v);
    ir_at(b, good);
    r->off += record_string_room(size);
}

void rec_put_long(struct ir_builder *b, struct record *r, ir_reg v)
{
    ir_store(b, record_at(r, 0), 8, v);
    r->off += 8;
}

static void record_end(struct ir_builder *b, struct record *r, int kind, uint32_t id)
{
    ir_reg end = ir_bini(b, B_ADD, r->pos, r->off);
    struct ir_mem head = ir_mem_at(IRM_OUT, 0);
    head.idx = r->start;
    head.idx_max = OUT_SIZE;
    if (r->pos == r->start) {
        struct rec h = {.kind = (u16)kind, .id = (u16)id, .size = r->off};
        int64_t word;
        memcpy(&word, &h, 8);
        ir_storei(b, head, 8, word);
    } else {
        ir_reg size = ir_bin(b, B_SUB, end, r->start);
        ir_storei(b, head, 4, (int64_t)(kind | id << 16));
        head.off = offsetof(struct rec, size);
        ir_store(b, head, 4, size);
    }
    ir_store(b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, out_len)), 8, end);
}

void ir_text_record(struct ir_builder *b, int kind, struct ir_value text)
{
    struct record r =
        record_begin(b, (uint32_t)sizeof(struct rec) + record_string_room(text.bound));
    rec_put_string(b, &r, text);
    record_end(b, &r, kind, 0);
}

void ir_speculate(struct ir_builder *b, int kind, ir_reg id, const struct ir_value *text)
{
    uint32_t size = (uint32_t)sizeof(struct rec) + 8 + (text ? record_string_room(text->bound) : 0);
    struct record r = record_begin(b, size);
    rec_put_long(b, &r, id);
    if (text)
        rec_put_string(b, &r, *text);
    record_end(b, &r, kind, 0);
}

void build_stack_record(struct ir_builder *b, struct ir_value text, ir_reg form)
{
    enum { GET_CURRENT_PID_TGID = 14 };
    ir_reg pid = ir_bini(b, B_SHR, ir_call(b, GET_CURRENT_PID_TGID, 0, NULL), 32);
    struct record r =
        record_begin(b, (uint32_t)sizeof(struct rec) + 16 + record_string_room(text.bound));
    rec_put_long(b, &r, form);
    rec_put_long(b, &r, pid);
    rec_put_string(b, &r, text);
    record_end(b, &r, REC_STACK, 0);
}

void build_hist_record(struct ir_builder *b, struct ir_mem all, uint32_t off, uint32_t nbuckets,
                       uint32_t id)
{
    struct record r =
        record_begin(b, (uint32_t)(sizeof(struct rec) + sizeof(struct abi_stat)) + nbuckets * 8);
    struct ir_mem part = all;
    ir_call(b, HELPER_PROBE_READ_KERNEL, 3,
            IR_ARGS(IR_A_MEM(record_at(&r, 0)), IR_A_IMM(sizeof(struct abi_stat)), IR_A_MEM(part)));
    r.off += sizeof(struct abi_stat);
    part.off += (int32_t)off;
    ir_call(b, HELPER_PROBE_READ_KERNEL, 3,
            IR_ARGS(IR_A_MEM(record_at(&r, 0)), IR_A_IMM(nbuckets * 8), IR_A_MEM(part)));
    r.off += nbuckets * 8;
    record_end(b, &r, REC_HIST, id);
}

/* ---- formats ---- */

static bool same_part(const struct fmt_part *a, const struct fmt_part *b)
{
    return a->conv == b->conv && a->flags == b->flags && a->width_arg == b->width_arg &&
           a->prec_arg == b->prec_arg && a->width == b->width && a->prec == b->prec &&
           a->len == b->len && a->data == b->data &&
           (a->conv != FMT_LITERAL || memcmp(a->text, b->text, a->len) == 0);
}

uint32_t build_format_number(struct ir_builder *b, const fmt_vec *parts)
{
    struct ir_module *m = b->mod;
    vec_for (i, m->formats) {
        const fmt_vec *have = &m->formats.v[i].parts;
        bool same = have->n == parts->n;
        for (size_t k = 0; same && k < parts->n; k++)
            same = same_part(&have->v[k], &parts->v[k]);
        if (same)
            return (uint32_t)i;
    }
    struct ir_format f = {.parts = *parts};
    vec_push(m->arena, &m->formats, f);
    return (uint32_t)m->formats.n - 1;
}

static bool plain_string(const struct fmt_part *p)
{
    return p->conv == FMT_STRING && p->width < 0 && p->prec < 0 && !p->width_arg && !p->prec_arg &&
           !(p->flags & FMTF_ZERO);
}

/* May this sprintf come out longer than a string can be, or have a NUL in it? */
static bool may_be_cut(const struct ir_builder *b, const struct expr *e)
{
    if (bounds_expr(b->session, e) >= (uint32_t)b->session->maxstringlen)
        return true;
    vec_for (i, e->print->parts)
        if (e->print->parts.v[i].conv == FMT_CHAR || e->print->parts.v[i].conv == FMT_BINARY ||
            (e->print->parts.v[i].conv == FMT_STRING && e->print->parts.v[i].flags & FMTF_ZERO))
            return true;
    return false;
}

static void put_mark(struct ir_builder *b, fmt_vec *parts, uint8_t which)
{
    struct fmt_part mark = {.conv = FMT_LITERAL,
                            .flags = which,
                            .width = b->session->maxstringlen - 1,
                            .prec = -1,
                            .text = ""};
    vec_push(b->arena, parts, mark);
}

/* Widths and precisions from arguments mean something else in a sprintf when they are negative. */
static bool has_stars(const struct expr *e)
{
    vec_for (i, e->print->parts)
        if (e->print->parts.v[i].width_arg || e->print->parts.v[i].prec_arg)
            return true;
    return false;
}

/* Appends the conversions and arguments of a print; a %s of a sprintf is
 * replaced by that sprintf's own conversions, so that it is formatted once, in
 * user space. */
static void flatten(struct ir_builder *b, const struct expr *e, fmt_vec *parts, expr_vec *args,
                    unsigned depth)
{
    fmt_vec own = {0};
    fmt_of_print(b->arena, e, &own);
    size_t a = 0;
    vec_for (i, own) {
        const struct fmt_part *p = &own.v[i];
        if (p->conv != FMT_LITERAL) {
            size_t stars = (size_t)p->width_arg + (size_t)p->prec_arg;
            for (size_t k = 0; k < stars && a < e->args.n; k++)
                vec_push(b->arena, args, e->args.v[a++]);
            if (a >= e->args.n)
                break;
            struct expr *arg = e->args.v[a++];
            if (plain_string(p) && arg->kind == EX_PRINT && arg->print->to_string &&
                !arg->print->or_else && !has_stars(arg) && depth < STRINGS_MAX) {
                bool cut = may_be_cut(b, arg);
                if (cut)
                    put_mark(b, parts, FMTF_BEGIN);
                flatten(b, arg, parts, args, depth + 1);
                if (cut)
                    put_mark(b, parts, FMTF_END);
                continue;
            }
            if (plain_string(p) && arg->kind == EX_STRING) {
                struct fmt_part lit = {.conv = FMT_LITERAL,
                                       .width = -1,
                                       .prec = -1,
                                       .text = arg->str,
                                       .len = strlen(arg->str)};
                vec_push(b->arena, parts, lit);
                continue;
            }
            vec_push(b->arena, args, arg);
            if (plain_string(p) && text_in_place(b, arg)) {
                struct fmt_part nested = {.conv = FMT_NESTED,
                                          .width = b->session->maxstringlen - 1,
                                          .prec = -1,
                                          .data = b->mod};
                vec_push(b->arena, parts, nested);
                continue;
            }
        }
        vec_push(b->arena, parts, *p);
    }
}

void build_flatten(struct ir_builder *b, const struct expr *e, fmt_vec *parts, expr_vec *args)
{
    flatten(b, e, parts, args, 0);
}

/* Longest records the output buffer takes: larger ones are an error of the script. */
enum { RECORD_MAX = 60000 };
static const char TOO_LONG[] = "the strings of one print may take more than 60,000 bytes: "
                               "print them in several statements or lower MAXSTRINGLEN";

static void print_record(struct ir_builder *b, const struct expr *e, int kind)
{
    if (e->args.n == 1 && e->args.v[0]->kind == EX_HIST) {
        build_hist(b, e);
        return;
    }
    fmt_vec parts = {0};
    expr_vec args = {0};
    build_flatten(b, e, &parts, &args);
    struct ir_value *vals = arena_new_array(b->arena, struct ir_value, args.n + 1);
    /* By argument: the conversion it belongs to when that is %m, %M or FMT_NESTED. */
    const struct fmt_part **memory = arena_new_array(b->arena, const struct fmt_part *, args.n + 1);
    size_t nth = 0;
    vec_for (i, parts) {
        const struct fmt_part *p = &parts.v[i];
        if (p->conv == FMT_LITERAL)
            continue;
        nth += (size_t)p->width_arg + (size_t)p->prec_arg;
        if (nth < args.n && (memory_size(p) || p->conv == FMT_NESTED))
            memory[nth] = p;
        nth++;
    }
    uint32_t size = sizeof(struct rec);
    vec_for (i, args) {
        if (memory[i] && memory[i]->conv == FMT_NESTED)
            continue; /* evaluated when it is written: it is pure */
        vals[i] = build_stable(b, args.v[i], args.v + i + 1, args.n - i - 1);
        size += vals[i].is_string ? record_string_room(vals[i].bound)
                : memory[i]       ? record_string_room(memory_size(memory[i]))
                                  : 8;
    }
    if (size > RECORD_MAX) {
        build_unsupported(b, e->tok, TOO_LONG);
        return;
    }
    struct record r = record_begin(b, size);
    vec_for (i, args) {
        if (memory[i] && memory[i]->conv == FMT_NESTED)
            build_text(b, &r, args.v[i]);
        else if (vals[i].is_string)
            rec_put_string(b, &r, vals[i]);
        else if (memory[i])
            record_memory(b, &r, e, memory[i], memory[i]->prec_arg && i ? vals[i - 1].reg : 0,
                          vals[i]);
        else
            rec_put_long(b, &r, vals[i].reg);
    }
    size = r.max - OUT_SIZE + r.off;
    if (size > RECORD_MAX) {
        build_unsupported(b, e->tok, TOO_LONG);
        return;
    }
    if (size > b->mod->out_slack)
        b->mod->out_slack = size;
    struct ir_insn *room = &r.room_fn->blocks.v[r.room_block].insns.v[r.room_insn];
    room->args[1].imm = size;
    record_end(b, &r, kind, build_format_number(b, &parts));
}

void build_print(struct ir_builder *b, const struct expr *e)
{
    print_record(b, e, REC_PRINT);
}

void build_to_reader(struct ir_builder *b, struct expr *text, bool more)
{
    static struct print print = {.name = "print"};
    struct expr e = {.kind = EX_PRINT, .tok = text->tok, .print = &print};
    vec_push(b->arena, &e.args, text);
    print_record(b, &e, more ? REC_VALUE_MORE : REC_VALUE);
}
