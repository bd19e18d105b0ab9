/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/regex.h"

#include <ctype.h>
#include <string.h>

#include "base/hash.h"
#include "base/regex_table.h"
#include "base/vec.h"

/* ---- syntax tree → threaded program ---- */

enum op { OP_SET, OP_SPLIT, OP_JUMP, OP_SAVE, OP_BEGIN, OP_END, OP_MATCH };

struct insn {
    enum op op;
    uint16_t x, y;   /* OP_SPLIT: preferred, other; OP_JUMP: x; OP_SAVE: x = tag */
    uint8_t set[32]; /* OP_SET */
};

enum { INSNS_MAX = 2000, STATES_MAX = 1500, DEPTH_MAX = 100, REPEATS_MAX = 255 };

struct compiler {
    struct arena *a;
    const char *start, *p;
    const char *error; /* " (at position N): …" or ": …" */
    VEC(struct insn) prog;
    unsigned groups;
    unsigned depth;
    bool captures;
};

static void fail(struct compiler *c, const char *why)
{
    if (!c->error)
        c->error = arena_printf(c->a, ": %s", why);
}

/* … with the position in the pattern, counted from 0. */
static void fail_at(struct compiler *c, size_t at, const char *why)
{
    if (!c->error)
        c->error = arena_printf(c->a, " (at position %zu): %s", at, why);
}

static size_t position(const struct compiler *c)
{
    return (size_t)(c->p - c->start);
}

/* At the last character. */
static void fail_unclosed(struct compiler *c, const char *why)
{
    fail_at(c, strlen(c->start) - 1, why);
}

static void unexpected(struct compiler *c)
{
    fail_at(c, position(c), arena_printf(c->a, "unexpected '%c'", *c->p));
}

static uint16_t emit(struct compiler *c, struct insn i)
{
    if (c->prog.n >= INSNS_MAX) {
        fail(c, "regular expression is too large");
        return 0;
    }
    vec_push(c->a, &c->prog, i);
    return (uint16_t)(c->prog.n - 1);
}

static void add_char(uint8_t *set, unsigned ch)
{
    if (ch)
        set[ch / 8] |= (uint8_t)(1 << ch % 8);
}

static bool add_named_class(struct compiler *c, uint8_t *set)
{
    static const struct {
        const char *name;
        int (*test)(int);
    } classes[] = {
        {"[:alpha:]", isalpha}, {"[:digit:]", isdigit}, {"[:alnum:]", isalnum},
        {"[:upper:]", isupper}, {"[:lower:]", islower}, {"[:space:]", isspace},
        {"[:blank:]", isblank}, {"[:punct:]", ispunct}, {"[:print:]", isprint},
        {"[:graph:]", isgraph}, {"[:cntrl:]", iscntrl}, {"[:xdigit:]", isxdigit},
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t n = strlen(classes[i].name);
        if (strncmp(c->p, classes[i].name, n) != 0)
            continue;
        for (unsigned ch = 1; ch < 128; ch++)
            if (classes[i].test((int)ch))
                add_char(set, ch);
        c->p += n;
        return true;
    }
    return false;
}

static void bracket(struct compiler *c, uint8_t *set)
{
    bool negated = *c->p == '^';
    c->p += negated;
    for (bool first = true; *c->p && (*c->p != ']' || first); first = false) {
        if (*c->p == '[' && c->p[1] == ':') {
            if (!add_named_class(c, set))
                return fail(c, "unknown character class");
            continue;
        }
        if (*c->p == '\\' && c->p[1])
            c->p++;
        unsigned from = (unsigned char)*c->p++, to = from;
        if (*c->p == '-' && c->p[1] && c->p[1] != ']') {
            c->p++;
            if (*c->p == '\\' && c->p[1])
                c->p++;
            to = (unsigned char)*c->p++;
        }
        if (to < from)
            return fail_at(c, position(c),
                           arena_printf(c->a, "inverted character range %c-%c", from, to));
        for (unsigned ch = from; ch <= to; ch++)
            add_char(set, ch);
    }
    if (*c->p != ']')
        return fail_unclosed(c, "unclosed character class");
    c->p++;
    for (int i = 0; negated && i < 32; i++)
        set[i] = (uint8_t)~set[i];
    set[0] &= 0xfe;
}

static void alternatives(struct compiler *c);

static void atom(struct compiler *c)
{
    struct insn i = {.op = OP_SET};
    switch (*c->p) {
    case '(': {
        c->p++;
        unsigned group = ++c->groups;
        if (c->captures && group >= REGEX_GROUPS_MAX)
            return fail(c, "too many groups in a regular expression: at most 9");
        emit(c, (struct insn){.op = OP_SAVE, .x = (uint16_t)(2 * group)});
        if (++c->depth > DEPTH_MAX)
            return fail(c, "groups are nested too deeply");
        alternatives(c);
        c->depth--;
        if (*c->p != ')')
            return fail_unclosed(c, "expected ), found end of regex");
        c->p++;
        emit(c, (struct insn){.op = OP_SAVE, .x = (uint16_t)(2 * group + 1)});
        return;
    }
    case '^':
        c->p++;
        emit(c, (struct insn){.op = OP_BEGIN});
        return;
    case '$':
        c->p++;
        emit(c, (struct insn){.op = OP_END});
        return;
    case '.':
        c->p++;
        memset(i.set, 0xff, sizeof i.set);
        i.set[0] &= 0xfe;
        emit(c, i);
        return;
    case '[':
        c->p++;
        bracket(c, i.set);
        emit(c, i);
        return;
    case '*':
    case '+':
    case '?':
    case '{':
        return unexpected(c);
    case '\\':
        if (!c->p[1])
            return fail_at(c, position(c) + 1, "unexpected end of regex behind '\\'");
        c->p++;
        /* fall through */
    default:
        add_char(i.set, (unsigned char)*c->p++);
        emit(c, i);
    }
}

/* Appends instructions [from, to) once more, their jumps moved along. */
static void repeat(struct compiler *c, size_t from, size_t to)
{
    uint16_t by = (uint16_t)(c->prog.n - from);
    for (size_t i = from; i < to && !c->error; i++) {
        struct insn n = c->prog.v[i];
        if (n.op == OP_SPLIT || n.op == OP_JUMP) {
            n.x = (uint16_t)(n.x + by);
            n.y = (uint16_t)(n.y + by);
        }
        emit(c, n);
    }
}

/* Makes room for one instruction at `at`. */
static void insert(struct compiler *c, size_t at, struct insn n)
{
    emit(c, n);
    if (c->error)
        return;
    memmove(c->prog.v + at + 1, c->prog.v + at, (c->prog.n - 1 - at) * sizeof n);
    for (size_t i = at + 1; i < c->prog.n; i++) {
        struct insn *m = &c->prog.v[i];
        if (m->op == OP_SPLIT || m->op == OP_JUMP) {
            m->x = (uint16_t)(m->x + (m->x >= at));
            m->y = (uint16_t)(m->y + (m->y >= at));
        }
    }
    c->prog.v[at] = n;
}

static void star(struct compiler *c, size_t at)
{
    insert(c, at, (struct insn){.op = OP_SPLIT});
    emit(c, (struct insn){.op = OP_JUMP, .x = (uint16_t)at});
    if (c->error)
        return;
    c->prog.v[at].x = (uint16_t)(at + 1);
    c->prog.v[at].y = (uint16_t)c->prog.n;
}

static void optional(struct compiler *c, size_t at)
{
    insert(c, at, (struct insn){.op = OP_SPLIT});
    if (c->error)
        return;
    c->prog.v[at].x = (uint16_t)(at + 1);
    c->prog.v[at].y = (uint16_t)c->prog.n;
}

static int count(struct compiler *c)
{
    int n = 0;
    if (!isdigit((unsigned char)*c->p))
        return -1;
    while (isdigit((unsigned char)*c->p) && n < 1000)
        n = n * 10 + (*c->p++ - '0');
    return n;
}

static void counted(struct compiler *c, size_t at)
{
    c->p++;
    int low = count(c), high = low;
    if (*c->p == ',') {
        c->p++;
        high = *c->p == '}' ? -1 : count(c);
    }
    if (!*c->p)
        return fail_at(c, position(c), "unexpected end of regex");
    if (low < 0 || *c->p != '}')
        return fail_at(c, position(c) + 1, "expected number");
    c->p++;
    if (low > REPEATS_MAX || high > REPEATS_MAX)
        return fail_at(c, position(c),
                       arena_printf(c->a, "%d is too large: at most %d repetitions",
                                    low > high ? low : high, REPEATS_MAX));
    if (high >= 0 && high < low)
        return fail_at(c, position(c),
                       arena_printf(c->a, "at least %d but at most %d repetitions", low, high));
    size_t end = c->prog.n;
    VEC(struct insn) unit = {0};
    for (size_t i = at; i < end; i++)
        vec_push(c->a, &unit, c->prog.v[i]);
    c->prog.n = at;
    for (int k = 0; k < (high < 0 ? low + 1 : high) && !c->error; k++) {
        size_t here = c->prog.n;
        for (size_t i = 0; i < unit.n; i++) {
            struct insn n = unit.v[i];
            if (n.op == OP_SPLIT || n.op == OP_JUMP) {
                n.x = (uint16_t)(n.x - at + here);
                n.y = (uint16_t)(n.y - at + here);
            }
            emit(c, n);
        }
        if (k >= low) {
            if (high < 0)
                star(c, here);
            else
                optional(c, here);
        }
    }
}

static void piece(struct compiler *c)
{
    size_t at = c->prog.n;
    bool anchor = *c->p == '^' || *c->p == '$';
    atom(c);
    while (!c->error) {
        if (anchor && *c->p && strchr("*+?{", *c->p))
            return fail_at(
                c, position(c),
                arena_printf(c->a, "postfix closure '%c' applied to anchoring operator", *c->p));
        if (*c->p == '*') {
            c->p++;
            star(c, at);
        } else if (*c->p == '+') {
            c->p++;
            size_t end = c->prog.n;
            repeat(c, at, end);
            star(c, end);
        } else if (*c->p == '?') {
            c->p++;
            optional(c, at);
        } else if (*c->p == '{') {
            counted(c, at);
        } else {
            return;
        }
    }
}

static void alternatives(struct compiler *c)
{
    size_t at = c->prog.n;
    while (!c->error && *c->p && *c->p != '|' && *c->p != ')')
        piece(c);
    if (c->error || *c->p != '|')
        return;
    c->p++;
    insert(c, at, (struct insn){.op = OP_SPLIT});
    uint16_t over = emit(c, (struct insn){.op = OP_JUMP});
    if (c->error)
        return;
    c->prog.v[at].x = (uint16_t)(at + 1);
    c->prog.v[at].y = (uint16_t)c->prog.n;
    alternatives(c);
    if (!c->error)
        c->prog.v[over].x = (uint16_t)c->prog.n;
}

/* ---- states ---- */

/* A thread waits at an instruction; its tags come from the thread `from` of the state
 * before, except those in `now`, which are set to the position. */
struct thread {
    uint16_t pc;
    uint16_t from;
    uint32_t now;
};
typedef VEC(struct thread) thread_vec;

struct state {
    thread_vec threads;
    uint32_t accept, at_end; /* offsets of operations */
    uint32_t *next;          /* by class: state, operations */
};

struct builder {
    struct compiler *c;
    struct arena *a;
    VEC(struct state *) states; /* 0 is not used: no state */
    struct hash index;
    VEC(uint16_t) ops;
    uint8_t class_of[256];
    unsigned classes;
    unsigned tags;
    uint32_t *mark; /* by instruction: generation */
    uint32_t generation;
};

/* Adds the threads that pc leads to without reading, in order of preference.  False once
 * a match is among them: what comes later is not preferred. */
static bool follow(struct builder *b, thread_vec *out, uint16_t pc, uint16_t from, uint32_t now,
                   bool begin, bool end)
{
    if (b->mark[pc] == b->generation)
        return true;
    b->mark[pc] = b->generation;
    const struct insn *i = &b->c->prog.v[pc];
    switch (i->op) {
    case OP_JUMP:
        return follow(b, out, i->x, from, now, begin, end);
    case OP_SPLIT:
        return follow(b, out, i->x, from, now, begin, end) &&
               follow(b, out, i->y, from, now, begin, end);
    case OP_SAVE:
        return follow(b, out, (uint16_t)(pc + 1), from, now | 1u << i->x, begin, end);
    case OP_BEGIN:
        return !begin || follow(b, out, (uint16_t)(pc + 1), from, now, begin, end);
    case OP_END:
        if (end)
            return follow(b, out, (uint16_t)(pc + 1), from, now, begin, end);
        break;
    default:
        break;
    }
    struct thread t = {pc, from, now};
    vec_push(b->a, out, t);
    return i->op != OP_MATCH;
}

/* Operations that fill `n` registers of each thread from those of the state before. */
static uint16_t operations(struct builder *b, const thread_vec *threads)
{
    if (!b->c->captures)
        return 0;
    size_t at = b->ops.n;
    vec_push(b->a, &b->ops, 0);
    for (size_t t = 0; t < threads->n; t++)
        for (unsigned g = 0; g < b->tags; g++) {
            uint16_t dst = (uint16_t)(t * b->tags + g);
            uint16_t src = threads->v[t].now >> g & 1
                               ? REGEX_NOW
                               : (uint16_t)(threads->v[t].from * b->tags + g);
            vec_push(b->a, &b->ops, dst);
            vec_push(b->a, &b->ops, src);
        }
    b->ops.v[at] = (uint16_t)((b->ops.n - at - 1) / 2);
    return (uint16_t)(at + 1);
}

static bool wide(const struct builder *b, const thread_vec *v)
{
    return b->c->captures && v->n * b->tags > REGEX_REGISTERS;
}

static uint32_t state_of(struct builder *b, const thread_vec *v)
{
    if (!v->n)
        return 0;
    char *key = arena_alloc(b->a, v->n * 3 + 1);
    for (size_t i = 0; i < v->n; i++) {
        key[3 * i] = (char)(1 + v->v[i].pc % 100);
        key[3 * i + 1] = (char)(1 + v->v[i].pc / 100);
        key[3 * i + 2] = ',';
    }
    uintptr_t have = (uintptr_t)hash_get(&b->index, key);
    if (have)
        return (uint32_t)have;
    if (b->states.n >= STATES_MAX || wide(b, v)) {
        fail(b->c, "regular expression is too complex");
        return 0;
    }
    struct state *s = arena_new_obj(b->a, struct state);
    s->threads = *v;
    have = b->states.n;
    vec_push(b->a, &b->states, s);
    hash_put(&b->index, key, (void *)have);
    return (uint32_t)have;
}

/* When a thread of `s` has matched: operations that copy its tags to the result. */
static uint32_t accept_ops(struct builder *b, const struct state *s, bool end)
{
    thread_vec one = {0};
    for (size_t t = 0; t < s->threads.n && !one.n; t++) {
        const struct thread *th = &s->threads.v[t];
        const struct insn *i = &b->c->prog.v[th->pc];
        thread_vec reached = {0};
        if (i->op == OP_MATCH) {
            struct thread m = {th->pc, (uint16_t)t, 0};
            vec_push(b->a, &one, m);
        } else if (i->op == OP_END && end) {
            b->generation++;
            follow(b, &reached, (uint16_t)(th->pc + 1), (uint16_t)t, 0, false, true);
            for (size_t k = 0; k < reached.n; k++)
                if (b->c->prog.v[reached.v[k].pc].op == OP_MATCH)
                    vec_push(b->a, &one, reached.v[k]);
        }
    }
    if (!one.n)
        return 0;
    one.n = 1;
    return b->c->captures ? operations(b, &one) : 1;
}

static void split_classes(struct builder *b)
{
    b->classes = 1; /* class 0: all characters, until a set tells some apart */
    for (size_t i = 0; i < b->c->prog.n; i++) {
        const struct insn *in = &b->c->prog.v[i];
        if (in->op != OP_SET)
            continue;
        int16_t inside[256];
        memset(inside, -1, sizeof inside);
        unsigned before = b->classes;
        bool out[256] = {0};
        for (unsigned ch = 1; ch < 256; ch++)
            if (!(in->set[ch / 8] >> ch % 8 & 1))
                out[b->class_of[ch]] = true;
        for (unsigned ch = 1; ch < 256; ch++) {
            unsigned k = b->class_of[ch];
            if (!(in->set[ch / 8] >> ch % 8 & 1) || !out[k] || k >= before)
                continue;
            if (inside[k] < 0)
                inside[k] = (int16_t)b->classes++;
            b->class_of[ch] = (uint8_t)inside[k];
        }
    }
}

static void build_states(struct builder *b, uint32_t *start, uint16_t *start_ops)
{
    thread_vec first = {0};
    uint8_t example[256] = {0};
    vec_push(b->a, &b->states, NULL);
    vec_push(b->a, &b->ops, 0); /* offsets 0 and 1 mean something else */
    vec_push(b->a, &b->ops, 0);
    split_classes(b);
    for (unsigned ch = 255; ch > 0; ch--)
        example[b->class_of[ch]] = (uint8_t)ch;
    b->generation++;
    follow(b, &first, 0, 0, 0, true, false);
    *start = state_of(b, &first);
    *start_ops = operations(b, &first);
    for (size_t s = 1; s < b->states.n && !b->c->error; s++) {
        struct state *st = b->states.v[s];
        st->accept = accept_ops(b, st, false);
        st->at_end = accept_ops(b, st, true);
        st->next = arena_new_array(b->a, uint32_t, b->classes * 2);
        for (unsigned k = 0; k < b->classes && !b->c->error; k++) {
            unsigned ch = example[k];
            thread_vec next = {0};
            bool more = true;
            b->generation++;
            for (size_t t = 0; t < st->threads.n && more && ch; t++) {
                const struct insn *i = &b->c->prog.v[st->threads.v[t].pc];
                if (i->op == OP_SET && i->set[ch / 8] >> ch % 8 & 1)
                    more = follow(b, &next, (uint16_t)(st->threads.v[t].pc + 1), (uint16_t)t, 0,
                                  false, false);
            }
            st->next[2 * k] = state_of(b, &next);
            st->next[2 * k + 1] = next.n ? operations(b, &next) : 0;
        }
    }
}

/* Pattern → threaded program; what is wrong goes to c->error. */
static void parse(struct compiler *c)
{
    /* Anywhere in the subject: any characters first, as few as possible. */
    struct insn any = {.op = OP_SET};
    memset(any.set, 0xff, sizeof any.set);
    any.set[0] &= 0xfe;
    emit(c, (struct insn){.op = OP_SPLIT, .x = 3, .y = 1});
    emit(c, any);
    emit(c, (struct insn){.op = OP_JUMP, .x = 0});
    emit(c, (struct insn){.op = OP_SAVE, .x = 0});
    alternatives(c);
    /* The original overlooks one too many at the very end. */
    if (!c->error && *c->p == ')' && c->p[1])
        fail_at(c, position(c) + 1, "unbalanced ')'");
    emit(c, (struct insn){.op = OP_SAVE, .x = 1});
    emit(c, (struct insn){.op = OP_MATCH});
}

const char *regex_check(struct arena *a, const char *pattern)
{
    struct compiler c = {.a = a, .start = pattern, .p = pattern, .captures = true};
    parse(&c);
    return c.error;
}

const char *regex_compile(struct arena *a, const char *pattern, bool captures,
                          struct regex_table *out)
{
    struct compiler c = {.a = a, .start = pattern, .p = pattern, .captures = captures};
    parse(&c);
    if (c.error)
        return c.error;

    struct builder b = {.c = &c, .a = a, .tags = captures ? 2 * (c.groups + 1) : 0};
    hash_init(&b.index, a);
    b.mark = arena_new_array(a, uint32_t, c.prog.n);
    uint32_t start;
    uint16_t start_ops;
    build_states(&b, &start, &start_ops);
    if (c.error)
        return c.error;

    size_t head = sizeof(struct abi_regex) / 2, n = b.states.n;
    size_t trans = head, accept = trans + n * b.classes * 2, at_end = accept + n, ops = at_end + n,
           len = ops + b.ops.n;
    if (len > 0xf000)
        return "regular expression is too complex";
    out->words = arena_new_array(a, uint16_t, len);
    struct abi_regex *h = (void *)out->words;
    *h = (struct abi_regex){.len = (uint16_t)len,
                            .classes = (uint16_t)b.classes,
                            .trans = (uint16_t)trans,
                            .accept = (uint16_t)accept,
                            .at_end = (uint16_t)at_end,
                            .start = start_ops ? (uint16_t)(start_ops - 1 + ops) : 0,
                            .tags = (uint16_t)b.tags,
                            .first = (uint16_t)start};
    for (unsigned ch = 0; ch < 256; ch++)
        h->class_of[ch] = b.class_of[ch];
        /* An operations list is named by where its count stands. */
#define AT(o) ((uint16_t)(captures && (o) ? (o)-1 + ops : (o)))
    for (size_t s = 1; s < n; s++) {
        for (unsigned k = 0; k < b.classes; k++) {
            out->words[trans + (s * b.classes + k) * 2] = (uint16_t)b.states.v[s]->next[2 * k];
            out->words[trans + (s * b.classes + k) * 2 + 1] = AT(b.states.v[s]->next[2 * k + 1]);
        }
        out->words[accept + s] = AT(b.states.v[s]->accept);
        out->words[at_end + s] = AT(b.states.v[s]->at_end);
    }
    if (b.ops.n)
        memcpy(out->words + ops, b.ops.v, b.ops.n * 2);
    out->n = len;
    out->ngroups = c.groups + 1;
    return NULL;
}
