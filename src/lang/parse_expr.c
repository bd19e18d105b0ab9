/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions, one function for each level of precedence. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lang/parser.h"

struct op_entry {
    const char *text;
    enum op op;
};

/* The operator of `table` that the next token is, or OP_NONE. */
static enum op match_op(struct parser *p, const struct op_entry *table, size_t n)
{
    const struct token *t = peek_tok(p);
    if (!t || t->type != TOK_OP)
        return OP_NONE;
    for (size_t i = 0; i < n; i++)
        if (strcmp(t->text, table[i].text) == 0)
            return table[i].op;
    return OP_NONE;
}
#define MATCH(p, table) match_op((p), (table), sizeof(table) / sizeof *(table))

static struct expr *parse_array_in(struct parser *p);
static struct expr *parse_unary(struct parser *p);
static struct expr *parse_value(struct parser *p);

static struct expr *binary_level(struct parser *p, struct expr *(*next)(struct parser *),
                                 const struct op_entry *table, size_t n)
{
    struct expr *l = next(p);
    for (enum op op; (op = match_op(p, table, n)) != OP_NONE;) {
        const struct token *t = take(p);
        l = expr_binary(p->arena, t, op, l, next(p));
    }
    return l;
}
#define LEVEL(p, next, ...)                                                                        \
    binary_level((p), (next), (const struct op_entry[]){__VA_ARGS__},                              \
                 sizeof((const struct op_entry[]){__VA_ARGS__}) / sizeof(struct op_entry))

static struct expr *parse_multiplicative(struct parser *p)
{
    return LEVEL(p, parse_unary, {"*", OP_MUL}, {"/", OP_DIV}, {"%", OP_MOD});
}

static struct expr *parse_additive(struct parser *p)
{
    return LEVEL(p, parse_multiplicative, {"+", OP_ADD}, {"-", OP_SUB});
}

static struct expr *parse_shift(struct parser *p)
{
    return LEVEL(p, parse_additive, {"<<", OP_SHL}, {">>", OP_SHR}, {">>>", OP_SHRU});
}

static struct expr *parse_concat(struct parser *p)
{
    return LEVEL(p, parse_shift, {".", OP_CONCAT});
}

static struct expr *parse_comparison(struct parser *p)
{
    static const struct op_entry table[] = {
        {">", OP_GT},  {"<", OP_LT},  {"==", OP_EQ},    {"!=", OP_NE},
        {"<=", OP_LE}, {">=", OP_GE}, {"=~", OP_MATCH}, {"!~", OP_NOMATCH},
    };
    struct expr *l = parse_concat(p);
    for (enum op op; (op = MATCH(p, table)) != OP_NONE;) {
        const struct token *t = take(p);
        if (op != OP_MATCH && op != OP_NOMATCH) {
            l = expr_binary(p->arena, t, op, l, parse_concat(p));
            continue;
        }
        const struct token *re = peek_tok(p);
        if (!re || re->type != TOK_STRING)
            parse_fail(p, "expected string literal as right-hand side of regex match");
        struct expr *m = expr_new(p->arena, EX_REGEX, t);
        m->op = op;
        m->a = l;
        m->pattern = re;
        m->str = parse_literal(p)->str;
        l = m;
    }
    return l;
}

static void index_list(struct parser *p, expr_vec *out, bool stars,
                       struct expr *(*element)(struct parser *))
{
    for (;;) {
        if (stars && accept_op(p, "*"))
            vec_push(p->arena, out, NULL);
        else
            vec_push(p->arena, out, element(p));
        if (accept_op(p, "]"))
            return;
        if (!accept_op(p, ","))
            parse_fail(p, "expected one of ', ]'");
    }
}

void parse_index_list(struct parser *p, expr_vec *out, bool stars)
{
    index_list(p, out, stars, parse_expr);
}

static struct expr *parse_array_in(struct parser *p)
{
    const struct token *t = peek_tok(p);
    expr_vec keys = {0};
    if (accept_op(p, "[")) {
        index_list(p, &keys, true, parse_comparison);
        if (!tok_is_kw(peek_tok(p), "in") && keys.n == 1 && keys.v[0])
            return keys.v[0]; /* brackets for nothing */
        if (!tok_is_kw(peek_tok(p), "in"))
            parse_fail(p, "unexpected '[' without an 'in': expected 'in'");
    } else {
        struct expr *e = parse_comparison(p);
        if (!tok_is_kw(peek_tok(p), "in"))
            return e;
        vec_push(p->arena, &keys, e);
    }
    t = take(p);
    struct expr *in = expr_new(p->arena, EX_IN, t);
    in->args = keys;
    in->base = parse_indexable(p);
    return in;
}

static struct expr *parse_bit_and(struct parser *p)
{
    return LEVEL(p, parse_array_in, {"&", OP_BITAND});
}

static struct expr *parse_bit_xor(struct parser *p)
{
    return LEVEL(p, parse_bit_and, {"^", OP_BITXOR});
}

static struct expr *parse_bit_or(struct parser *p)
{
    return LEVEL(p, parse_bit_xor, {"|", OP_BITOR});
}

static struct expr *parse_and(struct parser *p)
{
    return LEVEL(p, parse_bit_or, {"&&", OP_ANDAND});
}

static struct expr *parse_or(struct parser *p)
{
    return LEVEL(p, parse_and, {"||", OP_OROR});
}

struct expr *parse_ternary(struct parser *p)
{
    enter_level(p);
    struct expr *c = parse_or(p);
    const struct token *t = peek_tok(p);
    if (accept_op(p, "?")) {
        struct expr *e = expr_new(p->arena, EX_TERNARY, t);
        e->a = c;
        e->b = parse_expr(p);
        expect_op(p, ":");
        e->c = parse_expr(p);
        c = e;
    }
    leave_level(p);
    return c;
}

struct expr *parse_expr(struct parser *p)
{
    static const struct op_entry table[] = {
        {"=", OP_ASSIGN},   {"<<<", OP_STATADD},  {"+=", OP_ADD_EQ}, {"-=", OP_SUB_EQ},
        {"*=", OP_MUL_EQ},  {"/=", OP_DIV_EQ},    {"%=", OP_MOD_EQ}, {"<<=", OP_SHL_EQ},
        {">>=", OP_SHR_EQ}, {">>>=", OP_SHRU_EQ}, {"&=", OP_AND_EQ}, {"^=", OP_XOR_EQ},
        {"|=", OP_OR_EQ},   {".=", OP_CONCAT_EQ},
    };
    enter_level(p);
    struct expr *l = parse_ternary(p);
    enum op op = MATCH(p, table);
    if (op != OP_NONE) {
        struct expr *e = expr_new(p->arena, EX_ASSIGN, take(p));
        e->op = op;
        e->a = l;
        e->b = parse_expr(p);
        l = e;
    }
    leave_level(p);
    return l;
}

/* ---- unary ---- */

static struct expr *parse_crement(struct parser *p)
{
    static const struct op_entry table[] = {{"++", OP_INC}, {"--", OP_DEC}};
    enum op op = MATCH(p, table);
    if (op != OP_NONE) {
        struct expr *e = expr_new(p->arena, EX_PRE, take(p));
        e->op = op;
        e->a = parse_value(p);
        return e;
    }
    struct expr *v = parse_value(p);
    op = MATCH(p, table);
    if (op == OP_NONE)
        return v;
    struct expr *e = expr_new(p->arena, EX_POST, take(p));
    e->op = op;
    e->a = v;
    return e;
}

static struct expr *parse_unary(struct parser *p)
{
    static const struct op_entry table[] = {
        {"+", OP_PLUS}, {"-", OP_NEG}, {"!", OP_NOT}, {"~", OP_BITNOT}};
    enum op op = MATCH(p, table);
    if (op == OP_NONE)
        return parse_crement(p);
    enter_level(p);
    struct expr *e = expr_new(p->arena, EX_UNARY, take(p));
    e->op = op;
    e->a = parse_unary(p);
    leave_level(p);
    return e;
}

/* ---- literals ---- */

int64_t parse_number_token(struct parser *p, const struct token *t)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(t->text, &end, 0);
    if (errno || *end || end == t->text)
        parse_fail_at(p, t, true, "number invalid or out of range");
    return (int64_t)v;
}

struct expr *parse_literal(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (t && t->type == TOK_STRING) {
        take(p);
        const char *s = t->text;
        for (const struct token *more; (more = peek_tok(p)) && more->type == TOK_STRING; take(p))
            s = arena_printf(p->arena, "%s%s", s, more->text);
        return expr_string(p->arena, t, s);
    }
    bool minus = accept_op(p, "-");
    const struct token *n = peek_tok(p);
    if (n && n->type == TOK_NUMBER) {
        take(p);
        int64_t v = parse_number_token(p, n);
        return expr_number(p->arena, n, minus ? (int64_t)(0 - (uint64_t)v) : v);
    }
    parse_fail(p, "expected literal string or number");
}

static const char *expect_string(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (!t || t->type != TOK_STRING)
        parse_fail(p, "expected literal string");
    return parse_literal(p)->str;
}

/* ---- target variables ---- */

/* Splits trailing '$'s off a name: x$ and x$$ ask for pretty printing. */
static const char *split_pretty(struct parser *p, const char *name, const char **pretty)
{
    size_t n = strlen(name), d = 0;
    while (d < n && name[n - 1 - d] == '$')
        d++;
    *pretty = NULL;
    if (!d || d == n)
        return name;
    *pretty = d == 1 ? "$" : "$$";
    return arena_strndup(p->arena, name, n - d);
}

static void add_pretty(struct parser *p, struct target *t, const struct token *tok,
                       const char *pretty)
{
    if (!pretty)
        return;
    struct target_step s = {.kind = STEP_PRETTY, .tok = tok, .name = pretty};
    vec_push(p->arena, &t->steps, s);
}

static bool is_pretty(const struct token *t)
{
    return t && t->type == TOK_IDENT && strspn(t->text, "$") == strlen(t->text);
}

static void parse_steps(struct parser *p, struct target *t)
{
    for (;;) {
        const struct token *tok = peek_tok(p);
        if (t->steps.n && vec_last(t->steps).kind == STEP_PRETTY) {
            if (tok_is_op(tok, "->") || tok_is_op(tok, "["))
                parse_fail_at(p, tok, true,
                              "-> and [ are not accepted for a pretty-printing variable");
            return;
        }
        if (accept_op(p, "->")) {
            const struct token *m = peek_tok(p);
            const char *pretty;
            if (!m || (m->type != TOK_IDENT && m->type != TOK_KEYWORD))
                parse_fail(p, "expected identifier");
            take(p);
            if (is_pretty(m)) {
                add_pretty(p, t, m, m->text[1] ? "$$" : "$");
                continue;
            }
            struct target_step s = {.kind = STEP_MEMBER, .tok = tok};
            s.name = split_pretty(p, m->text, &pretty);
            vec_push(p->arena, &t->steps, s);
            add_pretty(p, t, m, pretty);
        } else if (accept_op(p, "[")) {
            struct target_step s = {.tok = tok};
            struct expr *i = parse_expr(p);
            expect_op(p, "]");
            if (i->kind == EX_NUMBER) {
                s.kind = STEP_INDEX;
                s.index = i->num;
            } else {
                s.kind = STEP_INDEX_EXPR;
                s.expr = i;
            }
            vec_push(p->arena, &t->steps, s);
        } else if (is_pretty(tok)) {
            take(p); /* x[0]$, @var("x")$ */
            add_pretty(p, t, tok, tok->text[1] ? "$$" : "$");
        } else {
            return;
        }
    }
}

static struct expr *parse_target(struct parser *p)
{
    const struct token *t = take(p);
    struct expr *e = expr_new(p->arena, EX_TARGET, t);
    const char *pretty = NULL;
    e->target = arena_new_obj(p->arena, struct target);
    if (strcmp(t->text, "@var") == 0) {
        e->target->name = "@var";
        expect_op(p, "(");
        e->target->at_name = expect_string(p);
        if (accept_op(p, ","))
            e->target->module = expect_string(p);
        expect_op(p, ")");
    } else {
        if (strspn(t->text, "$") == strlen(t->text))
            parse_fail_at(p, t, true, "expected a variable name after '$'");
        e->target->name = split_pretty(p, t->text, &pretty);
    }
    add_pretty(p, e->target, t, pretty);
    parse_steps(p, e->target);
    return e;
}

static bool is_target_token(const struct token *t)
{
    return t && ((t->type == TOK_IDENT && t->text[0] == '$') || tok_is_op(t, "@var"));
}

/* ---- @operators ---- */

bool stat_kind_of(const char *op, enum stat_kind *kind)
{
    static const char *const names[] = {"@count", "@sum", "@min", "@max", "@avg", "@variance"};
    for (int i = 0; i < 6; i++)
        if (strcmp(op, names[i]) == 0) {
            *kind = (enum stat_kind)i;
            return true;
        }
    return false;
}

static int64_t signed_number(struct parser *p)
{
    bool minus = accept_op(p, "-");
    const struct token *t = peek_tok(p);
    if (!t || t->type != TOK_NUMBER)
        parse_fail(p, "expected number");
    take(p);
    int64_t v = parse_number_token(p, t);
    return minus ? -v : v;
}

static struct expr *parse_hist(struct parser *p)
{
    const struct token *t = take(p);
    struct expr *e = expr_new(p->arena, EX_HIST, t);
    e->stat = strcmp(t->text, "@hist_log") == 0 ? ST_HIST_LOG : ST_HIST_LINEAR;
    expect_op(p, "(");
    e->a = parse_expr(p);
    if (e->stat == ST_HIST_LINEAR) {
        expect_op(p, ",");
        e->hist_low = signed_number(p);
        expect_op(p, ",");
        e->hist_high = signed_number(p);
        expect_op(p, ",");
        e->hist_step = signed_number(p);
        if (e->hist_step <= 0 || e->hist_high < e->hist_low)
            parse_fail_at(p, t, true, "histogram bounds must grow by a positive step");
        if ((e->hist_high - e->hist_low) / e->hist_step > 10000)
            parse_fail_at(p, t, true, "histogram has too many buckets");
    }
    expect_op(p, ")");
    return e;
}

static bool needs_guru(enum expr_kind k)
{
    return k == EX_CONST || k == EX_KDEREF || k == EX_UDEREF || k == EX_KREGISTER ||
           k == EX_UREGISTER;
}

/* Operators of the form @name(arguments). */
static struct expr *parse_at(struct parser *p)
{
    const struct token *t = peek_tok(p);
    const char *name = t->text;
    enum stat_kind stat;
    if (strcmp(name, "@hist_log") == 0 || strcmp(name, "@hist_linear") == 0) {
        struct expr *h = parse_hist(p);
        const struct token *br = peek_tok(p);
        if (!accept_op(p, "[")) {
            if (!p->printing)
                parse_fail_at(p, t, false, "base histogram operator where expression expected");
            return h;
        }
        struct expr *e = expr_new(p->arena, EX_INDEX, br);
        e->base = h;
        vec_push(p->arena, &e->args, parse_expr(p));
        expect_op(p, "]");
        return e;
    }
    static const struct {
        const char *name;
        enum expr_kind kind;
    } ops[] = {
        {"@cast", EX_CAST},
        {"@defined", EX_DEFINED},
        {"@choose_defined", EX_CHOOSE_DEFINED},
        {"@entry", EX_ENTRY},
        {"@const", EX_CONST},
        {"@enumname", EX_ENUMNAME},
        {"@probewrite", EX_PROBEWRITE},
        {"@perf", EX_PERF},
        {"@kderef", EX_KDEREF},
        {"@uderef", EX_UDEREF},
        {"@kregister", EX_KREGISTER},
        {"@uregister", EX_UREGISTER},
    };
    struct expr *e = NULL;
    if (stat_kind_of(name, &stat)) {
        e = expr_new(p->arena, EX_STAT, t);
        e->stat = stat;
    }
    for (size_t i = 0; !e && i < sizeof ops / sizeof *ops; i++)
        if (strcmp(name, ops[i].name) == 0)
            e = expr_new(p->arena, ops[i].kind, t);
    if (!e)
        parse_fail_at(p, t, true, arena_printf(p->arena, "unknown operator or macro '%s'", name));
    if (needs_guru(e->kind) && !p->src->privileged && !p->cfg->guru)
        parse_fail_at(
            p, t, true,
            arena_printf(p->arena, "using %s operator not permitted; need stap -g", name));
    take(p);
    expect_op(p, "(");
    switch (e->kind) {
    case EX_STAT:
        e->a = parse_expr(p);
        if (e->stat != ST_VARIANCE && tok_is_op(peek_tok(p), ","))
            parse_fail(p, "not more than 1 parameter allowed");
        if (accept_op(p, ","))
            e->num = signed_number(p);
        break;
    case EX_CAST:
        e->target = arena_new_obj(p->arena, struct target);
        e->a = parse_expr(p);
        expect_op(p, ",");
        e->target->type = expect_string(p);
        if (accept_op(p, ","))
            e->target->module = expect_string(p);
        expect_op(p, ")");
        parse_steps(p, e->target);
        return e;
    case EX_CHOOSE_DEFINED:
        e->a = parse_expr(p);
        expect_op(p, ",");
        e->b = parse_expr(p);
        break;
    case EX_CONST:
    case EX_PERF:
        e->str = expect_string(p);
        break;
    case EX_ENUMNAME:
        e->str = expect_string(p);
        expect_op(p, ",");
        e->a = parse_expr(p);
        break;
    case EX_KDEREF:
    case EX_UDEREF:
        e->num = signed_number(p);
        expect_op(p, ",");
        e->a = parse_expr(p);
        break;
    case EX_KREGISTER:
    case EX_UREGISTER:
        e->num = signed_number(p);
        break;
    default:
        e->a = parse_expr(p);
    }
    expect_op(p, ")");
    return e;
}

/* ---- print family, calls, arrays ---- */

static bool print_name(const char *name, struct print *out)
{
    static const struct {
        const char *name;
        bool format, newline, delimited;
    } family[] = {
        {"print", false, false, false},  {"println", false, true, false},
        {"printf", true, false, false},  {"printd", false, false, true},
        {"printdln", false, true, true},
    };
    bool s = name[0] == 's';
    for (size_t i = 0; i < sizeof family / sizeof *family; i++)
        if (strcmp(name + s, family[i].name) == 0) {
            *out = (struct print){.to_string = s,
                                  .format = family[i].format,
                                  .newline = family[i].newline,
                                  .delimited = family[i].delimited,
                                  .name = name};
            return true;
        }
    return false;
}

/* Up to the ")"; `some`: one at least. */
static void call_arguments(struct parser *p, expr_vec *out, bool some)
{
    if (!some && accept_op(p, ")"))
        return;
    for (;;) {
        vec_push(p->arena, out, parse_expr(p));
        if (accept_op(p, ")"))
            return;
        if (!accept_op(p, ","))
            parse_fail(p, "expected one of ', )'");
    }
}

static struct expr *parse_print(struct parser *p, const struct token *t, struct print proto)
{
    struct expr *e = expr_new(p->arena, EX_PRINT, t);
    e->print = arena_new_obj(p->arena, struct print);
    *e->print = proto;
    expect_op(p, "(");
    if (proto.format) {
        const char *fmt = expect_string(p);
        const char *bad = parse_format(p->arena, fmt, &e->print->parts);
        if (bad)
            parse_fail(p, bad);
        if (accept_op(p, ","))
            call_arguments(p, &e->args, true);
        else if (!accept_op(p, ")"))
            parse_fail(p, "expected one of ', )'");
        return e;
    }
    if (proto.delimited) {
        e->print->delimiter = expect_string(p);
        if (accept_op(p, ","))
            call_arguments(p, &e->args, true);
        else
            expect_op(p, ")");
        if (e->args.n < 2)
            parse_fail(p, "expected two or more values to print with a delimiter between them");
        return e;
    }
    if (!proto.newline && tok_is_op(peek_tok(p), ")"))
        parse_fail(p, "expected literal string or number");
    p->printing = true; /* a histogram may be the argument */
    const struct token *first = peek_tok(p);
    if (tok_is_op(first, "@hist_log") || tok_is_op(first, "@hist_linear")) {
        vec_push(p->arena, &e->args, parse_expr(p));
        p->printing = false;
        if (e->args.v[0]->kind == EX_HIST || !accept_op(p, ",")) {
            expect_op(p, ")");
            return e;
        }
    }
    p->printing = false;
    call_arguments(p, &e->args, e->args.n > 0);
    return e;
}

static struct expr *parse_name(struct parser *p)
{
    const struct token *t = take(p);
    const struct token *n = peek_tok(p);
    struct print proto;
    if (print_name(t->text, &proto))
        return parse_print(p, t, proto);
    if (tok_is_op(n, "(")) {
        struct expr *e = expr_call(p->arena, t, t->text);
        take(p);
        call_arguments(p, &e->args, false);
        return e;
    }
    struct expr *s = expr_symbol(p->arena, t, t->text);
    if (!accept_op(p, "["))
        return s;
    struct expr *e = expr_new(p->arena, EX_INDEX, t);
    e->base = s;
    parse_index_list(p, &e->args, true);
    return e;
}

struct expr *parse_indexable(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (tok_is_op(t, "@hist_log") || tok_is_op(t, "@hist_linear"))
        return parse_hist(p);
    if (!t || t->type != TOK_IDENT)
        parse_fail(p, "expected identifier");
    take(p);
    return expr_symbol(p->arena, t, t->text);
}

static struct expr *parse_primary(struct parser *p)
{
    const struct token *t = peek_tok(p);
    if (!t)
        parse_fail(p, "expected statement or expression");
    if (is_target_token(t))
        return parse_target(p);
    if (t->type == TOK_OP && t->text[0] == '@')
        return parse_at(p);
    if (t->type == TOK_EMBEDDED) {
        take(p);
        if (!p->src->privileged && !p->cfg->guru)
            parse_fail_at(p, t, true,
                          "embedded expression code in unprivileged script; need stap -g");
        struct expr *e = expr_new(p->arena, EX_EMBEDDED, t);
        e->str = t->text;
        return e;
    }
    if (accept_op(p, "(")) {
        struct expr *e = parse_expr(p);
        if (!accept_op(p, ")"))
            parse_fail(p, "expected ')'");
        e->parens = true;
        return e;
    }
    if (t->type == TOK_IDENT)
        return parse_name(p);
    if (t->type == TOK_NUMBER || t->type == TOK_STRING)
        return parse_literal(p);
    parse_fail(p, "expected literal string or number");
}

/* VALUE->…, VALUE[…]: of what type VALUE is comes out in pass 2. */
static struct expr *parse_autocast(struct parser *p, struct expr *e, const struct token *tok)
{
    struct expr *c = expr_new(p->arena, EX_CAST, tok);
    c->a = e;
    c->target = arena_new_obj(p->arena, struct target);
    parse_steps(p, c->target);
    return c;
}

static struct expr *parse_value(struct parser *p)
{
    const struct token *amp = peek_tok(p);
    bool address_of = accept_op(p, "&");
    enter_level(p);
    struct expr *e = parse_primary(p);
    leave_level(p);
    const struct token *t = peek_tok(p);
    bool whole = (e->kind == EX_TARGET || e->kind == EX_CAST) && !e->parens;
    bool steps = tok_is_op(t, "->") || tok_is_op(t, "[") || is_pretty(t);
    if (!whole && (steps || address_of))
        e = parse_autocast(p, e, address_of ? amp : t);
    if (address_of)
        e->target->address_of = true;
    return e;
}
