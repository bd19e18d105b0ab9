/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw tokens → tokens: %( conditionals %) and @macros. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lang/lex.h"

typedef VEC(const struct token *) token_vec;

struct macro {
    const char *name;
    VEC(const char *) params;
    token_vec body;
    bool has_params;
    bool active; /* being expanded: it may not expand itself */
};

/* A macro body being read. */
struct frame {
    struct frame *outer;
    struct macro *macro;
    token_vec tokens;
    size_t next;
};

struct preprocessor {
    struct parse_config *cfg;
    struct arena *arena;
    struct lexer lx;
    struct frame *frames;
    struct hash macros;             /* of this file */
    VEC(const struct token *) open; /* "%(" whose chosen branch is being read */
    struct pp_error error;
    bool failed;
    unsigned expansions;
    size_t expanded;          /* tokens that macros have become */
    const struct token *last; /* the "%:" that ended a skipped branch */
};

enum { EXPANSIONS_MAX = 100000, EXPANDED_MAX = 500000, DEPTH_MAX = 200 };

struct preprocessor *pp_new(struct parse_config *cfg, const struct source *src)
{
    struct preprocessor *pp = arena_new_obj(cfg->arena, struct preprocessor);
    pp->cfg = cfg;
    pp->arena = cfg->arena;
    lexer_init(&pp->lx, cfg->arena, src, cfg);
    hash_init(&pp->macros, cfg->arena);
    return pp;
}

static const struct token *fail(struct preprocessor *pp, const struct token *at, bool saw,
                                const char *text)
{
    if (!pp->failed)
        pp->error = (struct pp_error){text, at, saw};
    pp->failed = true;
    return NULL;
}

const struct pp_error *pp_error(struct preprocessor *pp)
{
    if (!pp->failed)
        return NULL;
    pp->failed = false;
    return &pp->error;
}

/* The next token before preprocessing. */
static const struct token *raw(struct preprocessor *pp)
{
    while (pp->frames) {
        struct frame *f = pp->frames;
        if (f->next < f->tokens.n)
            return f->tokens.v[f->next++];
        f->macro->active = false;
        pp->frames = f->outer;
    }
    const struct token *t = lexer_next(&pp->lx);
    if (t && pp->lx.error)
        return fail(pp, t, false, pp->lx.error);
    return t;
}

static bool is_op(const struct token *t, const char *op)
{
    return t && t->type == TOK_OP && strcmp(t->text, op) == 0;
}

/* ---- conditions ---- */

/* Versions as package managers order them: runs of digits as numbers. */
static int compare_versions(const char *a, const char *b)
{
    while (*a || *b) {
        while (*a && !strchr("0123456789", *a) && *a == *b)
            a++, b++;
        bool da = *a >= '0' && *a <= '9', db = *b >= '0' && *b <= '9';
        if (!da || !db) {
            if (*a == *b) {
                if (!*a)
                    return 0;
                a++, b++;
                continue;
            }
            /* A longer version is newer, unless what follows is a suffix such as -rc1. */
            if (!*a)
                return *b == '.' || db ? -1 : (*b == '-' ? 1 : -1);
            if (!*b)
                return *a == '.' || da ? 1 : (*a == '-' ? -1 : 1);
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        }
        char *ea, *eb;
        unsigned long x = strtoul(a, &ea, 10), y = strtoul(b, &eb, 10);
        if (x != y)
            return x < y ? -1 : 1;
        a = ea;
        b = eb;
    }
    return 0;
}

enum cmp { C_EQ, C_NE, C_LT, C_GT, C_LE, C_GE, C_NONE };

static enum cmp comparison(const struct token *t)
{
    static const char *const ops[] = {"==", "!=", "<", ">", "<=", ">="};
    for (int i = 0; t && t->type == TOK_OP && i < 6; i++)
        if (strcmp(t->text, ops[i]) == 0)
            return (enum cmp)i;
    return C_NONE;
}

static bool holds(int order, enum cmp op)
{
    switch (op) {
    case C_EQ:
        return order == 0;
    case C_NE:
        return order != 0;
    case C_LT:
        return order < 0;
    case C_GT:
        return order > 0;
    case C_LE:
        return order <= 0;
    default:
        return order >= 0;
    }
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static bool match_string(const char *value, const char *pattern, enum cmp op)
{
    if (op == C_EQ || op == C_NE)
        return (fnmatch(pattern, value, 0) == 0) == (op == C_EQ);
    return holds(sign(strcmp(value, pattern)), op);
}

static bool to_number(const struct token *t, long long *n)
{
    char *end;
    if (t->type != TOK_NUMBER)
        return false;
    *n = strtoll(t->text, &end, 0);
    return !*end;
}

static const char *fact(const struct preprocessor *pp, const char *name)
{
    const struct parse_config *c = pp->cfg;
    const struct {
        const char *name, *value;
    } facts[] = {
        {"kernel_vr", c->kernel_vr},
        {"arch", c->arch},
        {"systemtap_privilege", c->privilege},
        {"runtime", c->runtime},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (strcmp(facts[i].name, name) == 0)
            return facts[i].value ? facts[i].value : "";
    return NULL;
}

static bool test(struct preprocessor *pp, const struct token *l, enum cmp op, const struct token *r)
{
    struct parse_config *c = pp->cfg;
    long long x, y;
    if (l->type == TOK_IDENT &&
        (strncmp(l->text, "kernel_v", 8) == 0 || strncmp(l->text, "CONFIG_", 7) == 0))
        c->kernel_condition = l;
    if (l->type == TOK_IDENT) {
        bool kv = strcmp(l->text, "kernel_v") == 0, sv = strcmp(l->text, "systemtap_v") == 0;
        if (kv || sv) {
            if (r->type != TOK_STRING)
                return fail(pp, r, true, "expected string literal"), false;
            const char *v = kv ? c->kernel_v : c->systemtap_v;
            if ((op == C_EQ || op == C_NE) && strpbrk(r->text, "*?["))
                return match_string(v ? v : "", r->text, op);
            return holds(compare_versions(v ? v : "", r->text), op);
        }
        if (strcmp(l->text, "guru_mode") == 0 || strcmp(l->text, "target") == 0) {
            if (!to_number(r, &y))
                return fail(pp, r, true, "expected number"), false;
            x = *l->text == 'g' ? c->guru : c->target_pid;
            return holds((x > y) - (x < y), op);
        }
        if (strncmp(l->text, "CONFIG_", 7) == 0) {
            if (r->type != TOK_STRING)
                return fail(pp, r, true, "expected string literal"), false;
            const char *v = c->kernel_config ? c->kernel_config(c->user, l->text) : NULL;
            return match_string(v ? v : "", r->text, op);
        }
        const char *v = fact(pp, l->text);
        if (r->type != TOK_STRING)
            return fail(pp, r, true, "expected string literal"), false;
        if (strcmp(l->text, "runtime") == 0 && strcmp(r->text, "kernel") == 0)
            return op == C_EQ; /* scripts mean "not dyninst" */
        return match_string(v, r->text, op);
    }
    if (l->type == TOK_STRING) {
        if (r->type != TOK_STRING)
            return fail(pp, r, false, "expected string literal as right value"), false;
        return holds(sign(strcmp(l->text, r->text)), op);
    }
    if (!to_number(l, &x))
        return fail(pp, l, true, "number invalid or out of range"), false;
    if (!to_number(r, &y))
        return fail(pp, r, false, "expected number literal as right value"), false;
    return holds((x > y) - (x < y), op);
}

/* May a condition begin with this token? */
static bool testable(const struct preprocessor *pp, const struct token *t)
{
    static const char *const names[] = {"kernel_v", "systemtap_v", "guru_mode", "target"};
    if (t->type != TOK_IDENT)
        return t->type == TOK_STRING || t->type == TOK_NUMBER;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(t->text, names[i]) == 0)
            return true;
    return strncmp(t->text, "CONFIG_", 7) == 0 || fact(pp, t->text);
}

/* Of these only equality can be asked. */
static bool only_equal(const struct token *t)
{
    return t->type == TOK_IDENT &&
           (strcmp(t->text, "arch") == 0 || strcmp(t->text, "runtime") == 0 ||
            strcmp(t->text, "guru_mode") == 0 || strcmp(t->text, "systemtap_privilege") == 0 ||
            strncmp(t->text, "CONFIG_", 7) == 0);
}

/* cond { && || cond } up to and including "%?". && binds tighter. */
static bool condition(struct preprocessor *pp, const struct token *start)
{
    bool any = false, all = true;
    for (;;) {
        const struct token *l = raw(pp);
        if (l && !testable(pp, l)) {
            fail(pp, l, false,
                 "expected 'arch', 'kernel_v', 'kernel_vr', 'systemtap_v', 'runtime', "
                 "'systemtap_privilege', 'guru_mode', 'target', 'CONFIG_...', or comparison "
                 "between strings or integers");
            return false;
        }
        const struct token *o = l ? raw(pp) : NULL, *r = NULL;
        enum cmp op = comparison(o);
        if (op == C_NONE) {
            fail(pp, o ? o : l ? l : start, true, "expected comparison operator");
            return false;
        }
        if (only_equal(l) && op != C_EQ && op != C_NE) {
            fail(pp, o, false, "expected '==' or '!='");
            return false;
        }
        r = raw(pp);
        if (!r) {
            fail(pp, o, true, "expected a value to compare with");
            return false;
        }
        all = test(pp, l, op, r) && all;
        const struct token *t = raw(pp);
        if (pp->failed)
            return false;
        if (is_op(t, "&&"))
            continue;
        any |= all;
        all = true;
        if (is_op(t, "||"))
            continue;
        if (is_op(t, "%?"))
            return any;
        fail(pp, start, false, "expected '%?' marker for conditional");
        return false;
    }
}

/* Skips a branch; true when it ended at "%:", false at "%)". */
static bool skip_branch(struct preprocessor *pp, const struct token *start)
{
    unsigned depth = 0;
    pp->lx.quiet = true;
    bool middle = false;
    for (;;) {
        const struct token *t = raw(pp);
        if (!t) {
            pp->lx.quiet = false;
            fail(pp, start, false, "incomplete conditional - missing '%)'");
            return false;
        }
        if (is_op(t, "%("))
            depth++;
        else if (is_op(t, "%)") && depth-- == 0)
            break;
        else if (is_op(t, "%:") && depth == 0) {
            middle = true;
            pp->last = t;
            break;
        }
    }
    pp->lx.quiet = false;
    return middle;
}

/* ---- macros ---- */

static const struct token *next_of(struct preprocessor *pp, const struct token *near,
                                   const char *what)
{
    const struct token *t = raw(pp);
    if (!t)
        fail(pp, near, true, what);
    return t;
}

static void define(struct preprocessor *pp, const struct token *at, struct hash *into)
{
    struct macro *m = arena_new_obj(pp->arena, struct macro);
    const struct token *t = next_of(pp, at, "expected name after '@define'");
    if (!t)
        return;
    if (t->type != TOK_IDENT) {
        fail(pp, t, true, "expected identifier");
        return;
    }
    const struct token *name = t;
    m->name = t->text;
    if (into == &pp->macros && hash_get(into, m->name)) {
        fail(pp, name, false,
             arena_printf(pp->arena, "attempt to redefine macro '@%s' in the same file", m->name));
        return;
    }
    if (strcmp(m->name, "define") == 0) {
        fail(pp, name, false, "attempt to redefine '@define'");
        return;
    }
    t = next_of(pp, t, "expected '%(' or '('");
    if (is_op(t, "(")) {
        m->has_params = true;
        do {
            t = next_of(pp, t, "expected identifier");
            if (t && t->type != TOK_IDENT)
                fail(pp, t, false, "expected identifier");
            if (pp->failed)
                return;
            vec_push(pp->arena, &m->params, t->text);
            t = next_of(pp, t, "expected ',' or ')'");
        } while (is_op(t, ","));
        if (t && !is_op(t, ")"))
            fail(pp, t, false, "expected ',' or ')'");
        if (pp->failed)
            return;
        t = next_of(pp, at, "expected '%('");
    }
    if (!is_op(t, "%(")) {
        if (t)
            fail(pp, t, true, m->has_params ? "expected '%('" : "expected '%(' or '('");
        return;
    }
    for (unsigned depth = 0;;) {
        const struct token *b = raw(pp);
        if (!b) {
            fail(pp, name, false, "incomplete macro definition - missing '%)'");
            return;
        }
        if (is_op(b, "@define")) {
            fail(pp, b, false, "'@define' forbidden inside macro body");
            return;
        }
        if (is_op(b, "%("))
            depth++;
        if (is_op(b, "%)") && depth-- == 0)
            break;
        vec_push(pp->arena, &m->body, b);
    }
    hash_put(into, m->name, m);
}

static const struct token *expanded(struct preprocessor *pp, const struct token *t,
                                    const struct token *use)
{
    struct token *n = arena_new_obj(pp->arena, struct token);
    *n = *t;
    n->macro = use;
    return n;
}

/* Reads "(a, b, …)" of a macro use into args. */
static bool arguments(struct preprocessor *pp, const struct token *use, token_vec *args, size_t n)
{
    const struct token *t = raw(pp);
    if (!is_op(t, "(")) {
        fail(pp, t ? t : use, true,
             arena_printf(pp->arena, "expected '(' in invocation of macro '%s' taking %zu %s",
                          use->text, n, n == 1 ? "parameter" : "parameters"));
        return false;
    }
    size_t i = 0;
    for (unsigned depth = 0;;) {
        t = pp_next(pp); /* expanded: an argument may use the same macro */
        if (!t) {
            fail(pp, use, true, "could not find ')' of macro invocation");
            return false;
        }
        if (depth == 0 && is_op(t, ")"))
            break;
        if (depth == 0 && is_op(t, ",")) {
            if (++i >= n)
                break;
            continue;
        }
        if (is_op(t, "(") || is_op(t, "["))
            depth++;
        else if ((is_op(t, ")") || is_op(t, "]")) && depth)
            depth--;
        vec_push(pp->arena, &args[i], t);
    }
    if (i + 1 != n) {
        fail(pp, t, true,
             arena_printf(pp->arena, "too %s parameters for macro '%s' (expected %zu)",
                          i + 1 < n ? "few" : "many", use->text, n));
        return false;
    }
    return true;
}

static void expand(struct preprocessor *pp, struct macro *m, const struct token *use)
{
    size_t depth = 0;
    for (struct frame *f = pp->frames; f; f = f->outer)
        depth++;
    if (m->active || depth > DEPTH_MAX || ++pp->expansions > EXPANSIONS_MAX) {
        fail(pp, use, true,
             arena_printf(pp->arena, "attempt to expand macro '@%s' recursively", m->name));
        return;
    }
    token_vec *args = arena_new_array(pp->arena, token_vec, m->params.n + 1);
    if (m->has_params && m->params.n && !arguments(pp, use, args, m->params.n))
        return;
    struct frame *f = arena_new_obj(pp->arena, struct frame);
    f->macro = m;
    vec_for (i, m->body) {
        if (pp->expanded + f->tokens.n > EXPANDED_MAX) {
            fail(pp, use, true,
                 arena_printf(pp->arena, "macros expand to more than %d tokens", EXPANDED_MAX));
            return;
        }
        const struct token *t = m->body.v[i];
        size_t p = m->params.n;
        if (t->type == TOK_OP && t->text[0] == '@')
            for (p = 0; p < m->params.n && strcmp(m->params.v[p], t->text + 1) != 0; p++)
                ;
        if (p < m->params.n)
            vec_for (k, args[p])
                vec_push(pp->arena, &f->tokens, args[p].v[k]);
        else
            vec_push(pp->arena, &f->tokens, expanded(pp, t, use));
    }
    pp->expanded += f->tokens.n;
    m->active = true;
    f->outer = pp->frames;
    pp->frames = f;
}

static struct macro *find_macro(struct preprocessor *pp, const char *name)
{
    struct macro *m = hash_get(&pp->macros, name);
    return m ? m : hash_get(&pp->cfg->macros, name);
}

bool parse_macros(struct parse_config *cfg, const struct source *src)
{
    struct preprocessor *pp = pp_new(cfg, src);
    pp->lx.cfg = NULL;
    for (const struct token *t; (t = raw(pp));) {
        if (!is_op(t, "@define"))
            fail(pp, t, true, "expected '@define' in a macro library file");
        else
            define(pp, t, &cfg->macros);
        if (pp->failed)
            break;
    }
    const struct pp_error *e = pp_error(pp);
    if (e)
        diag_parse(cfg->diag, e->at, e->saw, "%s", e->text);
    return !e;
}

/* ---- the stream ---- */

const struct token *pp_next(struct preprocessor *pp)
{
    while (!pp->failed) {
        const struct token *t = raw(pp);
        if (!t) {
            if (pp->open.n && !pp->failed)
                return fail(pp, pp->open.v[--pp->open.n], false,
                            "incomplete conditional - missing '%)'");
            return NULL;
        }
        if (t->type != TOK_OP)
            return t;
        if (strcmp(t->text, "%(") == 0) {
            bool taken = condition(pp, t);
            if (pp->failed)
                return NULL;
            if (taken || skip_branch(pp, t))
                vec_push(pp->arena, &pp->open, t);
        } else if (strcmp(t->text, "%:") == 0) {
            if (!pp->open.n)
                return fail(pp, t, false, "incomplete conditional - missing '%('");
            if (skip_branch(pp, pp->open.v[--pp->open.n]))
                return fail(pp, pp->last, false, "invalid conditional - duplicate '%:'");
        } else if (strcmp(t->text, "%)") == 0) {
            if (!pp->open.n)
                return fail(pp, t, false, "incomplete conditional - missing '%('");
            pp->open.n--;
        } else if (t->text[0] == '@' && t->text[1]) {
            if (strcmp(t->text, "@define") == 0) {
                define(pp, t, &pp->macros);
                continue;
            }
            struct macro *m = find_macro(pp, t->text + 1);
            if (!m)
                return t;
            expand(pp, m, t);
        } else {
            return t;
        }
    }
    return NULL;
}
