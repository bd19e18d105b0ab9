/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings.  A string is NUL-terminated bytes in a buffer of a known size; the
 * kernel's bpf_probe_read_kernel_str copies one and tells its length, by words,
 * so that no loop of ours is needed.  Every size handed to it is a constant:
 * buffers that are appended to have room for the longest string plus the
 * longest part, and the position is clamped in between. */
#include <string.h>

#include "base/regex.h"
#include "ir/build.h"

struct ir_value build_temp_string(struct ir_builder *b, uint32_t bound, const char *name)
{
    if (!bound)
        bound = 1;
    return (struct ir_value){.is_string = true,
                             .mem = ir_slot_mem(ir_new_slot(b, round8(bound), name), 0),
                             .bound = bound};
}

static struct ir_mem at(struct ir_mem m, int32_t off)
{
    m.off += off;
    return m;
}

static const char *literal_text(const struct ir_builder *b, struct ir_value v)
{
    return v.mem.kind == IRM_RODATA && !v.mem.idx ? (const char *)b->mod->rodata + v.mem.off : NULL;
}

enum { COPY_BY_WORDS = 64 };

ir_reg ir_str_copy(struct ir_builder *b, struct ir_value dst, struct ir_value src)
{
    const char *lit = literal_text(b, src);
    uint32_t n = src.bound < dst.bound ? src.bound : dst.bound;
    if (lit && n <= COPY_BY_WORDS) {
        char text[COPY_BY_WORDS] = {0};
        memcpy(text, lit, n);
        text[n - 1] = 0;
        if (n == 1) {
            ir_storei(b, dst.mem, 1, 0);
        } else {
            for (uint32_t i = 0; i < round8(n); i += 8) {
                int64_t word;
                memcpy(&word, text + i, 8);
                ir_storei(b, at(dst.mem, (int32_t)i), 8, word);
            }
        }
        return ir_const(b, n);
    }
    return ir_call(b, HELPER_PROBE_READ_KERNEL_STR, 3,
                   IR_ARGS(IR_A_MEM(dst.mem), IR_A_IMM(n), IR_A_MEM(src.mem)));
}

struct ir_value build_copy_string(struct ir_builder *b, struct ir_value v)
{
    struct ir_value t = build_temp_string(b, v.bound, "copy");
    ir_str_copy(b, t, v);
    return t;
}

struct ir_value build_in_frame(struct ir_builder *b, struct ir_value v)
{
    if (v.mem.kind != IRM_SLOT && v.mem.kind != IRM_CTX)
        v = build_copy_string(b, v);
    if (v.mem.kind == IRM_SLOT)
        b->fn->slots.v[v.mem.id].frame = true;
    return v;
}

/* ---- appending ---- */

/* A string under construction: `pos` is its length so far. */
struct builder {
    struct ir_value out;
    ir_reg pos; /* 0: nothing yet, length known to be `known` */
    uint32_t known;
    uint32_t max_len; /* the longest it can be now */
    uint32_t limit;   /* MAXSTRINGLEN - 1 */
};

static struct builder start(struct ir_builder *b, uint32_t bound, uint32_t longest_part)
{
    struct builder sb = {.limit = (uint32_t)b->session->maxstringlen - 1};
    uint32_t room = bound > sb.limit ? sb.limit + longest_part : bound;
    sb.out = build_temp_string(b, room > bound ? room : bound, "built");
    sb.out.bound = bound;
    return sb;
}

static struct ir_mem cursor(const struct builder *sb)
{
    struct ir_mem m = sb->out.mem;
    if (sb->pos) {
        m.idx = sb->pos;
        m.idx_max = sb->max_len;
    } else {
        m.off += (int32_t)sb->known;
    }
    return m;
}

/* Known to be at `r` now, at most `max_len`; keeps it at or below the limit. */
static void moved(struct ir_builder *b, struct builder *sb, ir_reg r, uint32_t max_len)
{
    sb->pos = r;
    sb->max_len = max_len;
    if (max_len <= sb->limit)
        return;
    ir_reg p = ir_new_reg(b);
    uint32_t cut = ir_new_block(b, "cut"), j = ir_new_block(b, "fits");
    ir_mov(b, p, r);
    ir_bri(b, CC_UGT, p, sb->limit, cut, j);
    ir_at(b, cut);
    ir_mov(b, p, ir_const(b, sb->limit));
    ir_jmp(b, j);
    ir_at(b, j);
    sb->pos = p;
    sb->max_len = sb->limit;
    struct ir_mem m = sb->out.mem;
    ir_storei(b, at(m, (int32_t)sb->limit), 1, 0);
}

static void append(struct ir_builder *b, struct builder *sb, struct ir_value part)
{
    if (part.bound <= 1)
        return;
    struct ir_value dst = sb->out;
    dst.mem = cursor(sb);
    dst.bound = part.bound;
    const char *lit = literal_text(b, part);
    if (lit && !sb->pos && sb->known % 8 == 0 && sb->known + part.bound - 1 <= sb->limit) {
        ir_str_copy(b, dst, part);
        sb->known += part.bound - 1;
        return;
    }
    /* Words written for a literal may touch at most 7 bytes behind its end;
     * behind a moving cursor use the exact copy. */
    ir_reg n = ir_call(b, HELPER_PROBE_READ_KERNEL_STR, 3,
                       IR_ARGS(IR_A_MEM(dst.mem), IR_A_IMM(part.bound), IR_A_MEM(part.mem)));
    ir_reg base = sb->pos;
    ir_reg end = base ? ir_bini(b, B_SUB, ir_bin(b, B_ADD, base, n), 1)
                      : ir_bini(b, B_ADD, n, (int64_t)sb->known - 1);
    uint32_t max = (base ? sb->max_len : sb->known) + part.bound - 1;
    moved(b, sb, end, max);
}

static ir_reg position(struct ir_builder *b, struct builder *sb)
{
    return sb->pos ? sb->pos : ir_const(b, sb->known);
}

static void flatten_concat(const struct expr *e, struct expr **parts, size_t *n, size_t max)
{
    if (e->kind == EX_BINARY && e->op == OP_CONCAT && *n + 2 <= max) {
        flatten_concat(e->a, parts, n, max - 1);
        flatten_concat(e->b, parts, n, max);
        return;
    }
    parts[(*n)++] = (struct expr *)e;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

struct ir_value build_concat(struct ir_builder *b, const struct expr *e)
{
    struct expr *parts[64];
    struct ir_value vals[64];
    size_t n = 0;
    flatten_concat(e, parts, &n, 64);
    uint64_t total = 1;
    uint32_t longest = 0;
    for (size_t i = 0; i < n; i++) {
        vals[i] = build_stable(b, parts[i], parts + i + 1, n - i - 1);
        total += vals[i].bound - 1;
        longest = max_u32(longest, vals[i].bound);
    }
    uint32_t max = (uint32_t)b->session->maxstringlen;
    struct builder sb = start(b, total > max ? max : (uint32_t)total, longest + 8);
    if (total > max) /* parts are appended before the position is clamped */
        b->fn->slots.v[sb.out.mem.id].size = round8(max + longest + 8);
    for (size_t i = 0; i < n; i++)
        append(b, &sb, vals[i]);
    if (!sb.pos && !sb.known)
        ir_storei(b, sb.out.mem, 1, 0);
    return sb.out;
}

/* ---- comparing ---- */

/* The bytes of text[i…i+8) that count when the text has n bytes with its NUL. */
static bool word_of(const char *text, uint32_t n, uint32_t i, int64_t *word, int64_t *mask)
{
    char w[8] = {0}, m[8] = {0};
    for (uint32_t k = 0; k < 8 && i + k < n; k++) {
        w[k] = text[i + k];
        m[k] = (char)0xff;
    }
    memcpy(word, w, 8);
    memcpy(mask, m, 8);
    return *mask != -1;
}

/* v == literal, by words: 1 or 0. */
static ir_reg equals_literal(struct ir_builder *b, struct ir_value v, const char *text)
{
    uint32_t n = (uint32_t)strlen(text) + 1;
    ir_reg r = ir_new_reg(b);
    uint32_t yes = ir_new_block(b, "equal"), no = ir_new_block(b, "different"),
             j = ir_new_block(b, "compared");
    for (uint32_t i = 0; i < n; i += 8) {
        int64_t word, mask;
        uint32_t left = n - i;
        ir_reg x;
        if (left == 1) {
            x = ir_load(b, at(v.mem, (int32_t)i), 1, false);
            word = 0;
        } else if (word_of(text, n, i, &word, &mask)) {
            x = ir_bin(b, B_AND, ir_load(b, at(v.mem, (int32_t)i), 8, false), ir_const(b, mask));
        } else {
            x = ir_load(b, at(v.mem, (int32_t)i), 8, false);
        }
        uint32_t more = i + 8 < n ? ir_new_block(b, "next word") : yes;
        if (word == (int32_t)word)
            ir_bri(b, CC_EQ, x, word, more, no);
        else
            ir_br(b, CC_EQ, x, ir_const(b, word), more, no);
        ir_at(b, more);
    }
    ir_mov(b, r, ir_const(b, 1));
    ir_jmp(b, j);
    ir_at(b, no);
    ir_mov(b, r, ir_const(b, 0));
    ir_jmp(b, j);
    ir_at(b, j);
    return r;
}

enum { COMPARE_BY_WORDS = 64 };

ir_reg build_string_compare(struct ir_builder *b, enum op op, struct ir_value l, struct ir_value r)
{
    if (op == OP_EQ || op == OP_NE) {
        if (literal_text(b, l)) {
            struct ir_value t = l;
            l = r;
            r = t;
        }
        const char *text = literal_text(b, r);
        if (text && literal_text(b, l))
            return ir_const(b, (strcmp(text, literal_text(b, l)) == 0) == (op == OP_EQ));
        if (text && r.bound > l.bound)
            return ir_const(b, op == OP_NE);
        if (text && r.bound <= COMPARE_BY_WORDS) {
            ir_reg eq = equals_literal(b, l, text);
            return op == OP_EQ ? eq : ir_seti(b, CC_EQ, eq, 0);
        }
    }
    l = build_in_frame(b, l);
    r = build_in_frame(b, r);
    ir_reg c = ir_lib(b, "rt_strcmp", 3, IR_ARGS(IR_A_CTX, IR_A_OFF(l.mem), IR_A_OFF(r.mem)));
    static const enum ir_cc cc[] = {[OP_LT] = CC_SLT, [OP_GT] = CC_SGT, [OP_LE] = CC_SLE,
                                    [OP_GE] = CC_SGE, [OP_EQ] = CC_EQ,  [OP_NE] = CC_NE};
    return ir_seti(b, cc[op], c, 0);
}

/* ---- sprintf ---- */

enum { SPEC_MOST = 0x7fff }; /* what a specification has room for */

static ir_reg spec_of(struct ir_builder *b, const struct fmt_part *p, ir_reg width, ir_reg prec)
{
    int64_t w = p->width >= 0 ? p->width : 0xffff, pr = p->prec >= 0 ? p->prec : 0xffff;
    int64_t spec = (int64_t)p->conv | (int64_t)p->flags << 8;
    if (!p->width_arg)
        spec |= (w & 0xffff) << 16;
    if (!p->prec_arg)
        spec |= (pr & 0xffff) << 32;
    ir_reg r = ir_const(b, spec);
    if (p->width_arg) {
        /* A negative one means `-` and its size. */
        ir_reg sign = ir_bini(b, B_SAR, width, 63);
        ir_reg size = ir_bin(b, B_SUB, ir_bin(b, B_XOR, width, sign), sign);
        size = ir_bini(b, B_SHL, build_clamped(b, size, 0, SPEC_MOST), 16);
        r = ir_bin(b, B_OR, r, size);
        r = ir_bin(b, B_OR, r, ir_bini(b, B_AND, sign, FMTF_MINUS << 8));
    }
    if (p->prec_arg)
        r = ir_bin(b, B_OR, r, ir_bini(b, B_SHL, build_clamped(b, prec, 0, SPEC_MOST), 32));
    return r;
}

/* What rt_fmt_plain is to do, for a number without width, precision and rare flags; or 0. */
static int plain_number(const struct fmt_part *p)
{
    enum { SIGNED = 32, PREFIX = 64, UPPER = 128 };
    if (p->width >= 0 || p->prec >= 0 || p->width_arg || p->prec_arg || (p->flags & ~FMTF_ALT))
        return 0;
    int prefix = p->flags & FMTF_ALT ? PREFIX : 0;
    switch (p->conv) {
    case FMT_SIGNED:
        return 10 | SIGNED;
    case FMT_UNSIGNED:
        return 10;
    case FMT_OCTAL:
        return prefix ? 0 : 8;
    case FMT_HEX:
        return 16 | prefix;
    case FMT_HEX_UPPER:
        return 16 | prefix | UPPER;
    case FMT_POINTER:
        return 16 | PREFIX;
    default:
        return 0;
    }
}

static uint32_t longest_of(const struct ir_builder *b, const struct fmt_part *parts, size_t nparts,
                           const struct ir_value *args, size_t nargs)
{
    uint32_t longest = 24;
    for (size_t i = 0; i < nparts; i++)
        if (parts[i].conv == FMT_LITERAL)
            longest = max_u32(longest, (uint32_t)parts[i].len + 1);
    for (size_t i = 0; i < nargs; i++)
        if (args[i].is_string)
            longest = max_u32(longest, args[i].bound);
    uint32_t max = (uint32_t)b->session->maxstringlen;
    return longest > max ? max : longest;
}

struct ir_value build_format_string(struct ir_builder *b, const struct fmt_part *parts,
                                    size_t nparts, const struct ir_value *args, size_t nargs)
{
    uint32_t max = (uint32_t)b->session->maxstringlen;
    uint32_t longest = longest_of(b, parts, nparts, args, nargs);
    struct builder sb = start(b, max, longest + 8);
    b->fn->slots.v[sb.out.mem.id].size = round8(max + longest + 8);
    size_t a = 0;
    for (size_t i = 0; i < nparts; i++) {
        const struct fmt_part *p = &parts[i];
        if (p->conv == FMT_LITERAL) {
            append(b, &sb, ir_literal(b, arena_strndup(b->arena, p->text, p->len)));
            continue;
        }
        ir_reg width = p->width_arg && a < nargs ? args[a++].reg : 0;
        ir_reg prec = p->prec_arg && a < nargs ? args[a++].reg : 0;
        if (a >= nargs)
            break;
        struct ir_value v = args[a++];
        if (v.is_string && p->width < 0 && p->prec < 0 && !width && !prec) {
            append(b, &sb, v);
            continue;
        }
        b->fn->slots.v[sb.out.mem.id].frame = true;
        ir_reg end, pos = position(b, &sb);
        int plain = v.is_string ? 0 : plain_number(p);
        if (v.is_string) {
            struct ir_value f = build_in_frame(b, v);
            end = ir_lib(b, "rt_fmt_str", 5,
                         IR_ARGS(IR_A_CTX, IR_A_OFF(sb.out.mem), IR_A_REG(pos), IR_A_OFF(f.mem),
                                 IR_A_REG(spec_of(b, p, width, prec))));
        } else if (plain) {
            end = ir_lib(b, "rt_fmt_plain", 5,
                         IR_ARGS(IR_A_CTX, IR_A_OFF(sb.out.mem), IR_A_REG(pos), IR_A_REG(v.reg),
                                 IR_A_IMM(plain)));
        } else {
            end = ir_lib(b, "rt_fmt_num", 5,
                         IR_ARGS(IR_A_CTX, IR_A_OFF(sb.out.mem), IR_A_REG(pos), IR_A_REG(v.reg),
                                 IR_A_REG(spec_of(b, p, width, prec))));
        }
        /* The library keeps it within the limit. */
        sb.pos = end;
        sb.max_len = sb.limit;
    }
    if (!sb.pos && !sb.known)
        ir_storei(b, sb.out.mem, 1, 0);
    return sb.out;
}

struct ir_value build_sprint(struct ir_builder *b, const struct expr *e)
{
    fmt_vec parts = {0};
    fmt_of_print(b->arena, e, &parts);
    size_t n = e->args.n;
    struct ir_value *args = arena_new_array(b->arena, struct ir_value, n + 1);
    for (size_t i = 0; i < n; i++)
        args[i] = build_stable(b, e->args.v[i], e->args.v + i + 1, n - i - 1);
    return build_format_string(b, parts.v, parts.n, args, n);
}

/* ---- regular expressions ---- */

static uint32_t regex_table(struct ir_builder *b, const struct expr *e)
{
    const struct regex *re = &b->mod->program->regexes.v[e->id];
    uint32_t *at = &b->mod->regex_off[e->id];
    if (*at)
        return *at - 1;
    struct regex_table table;
    const char *wrong = regex_compile(b->arena, re->pattern, re->captures, &table);
    if (wrong) {
        build_unsupported(b, e->tok, arena_printf(b->arena, "regex compilation error%s", wrong));
        return 0;
    }
    b->mod->regex_captures |= re->captures;
    uint32_t off = build_rodata(b->mod, (uint32_t)table.n * 2);
    memcpy((char *)b->mod->rodata + off, table.words, table.n * 2);
    *at = off + 1;
    return off;
}

ir_reg build_regex(struct ir_builder *b, const struct expr *e)
{
    struct ir_value subject = build_in_frame(b, build_string(b, e->a));
    bool captures = b->mod->program->regexes.v[e->id].captures;
    ir_reg r = ir_lib(
        b, "rt_regex", 4,
        IR_ARGS(IR_A_CTX, IR_A_OFF(subject.mem), IR_A_IMM(regex_table(b, e)), IR_A_IMM(captures)));
    return e->op == OP_MATCH ? r : ir_seti(b, CC_EQ, r, 0);
}
