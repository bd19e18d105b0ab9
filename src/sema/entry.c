/* SPDX-License-Identifier: GPL-2.0-or-later */
/* @entry(): a probe at the entry of the function saves the value in an array by thread and
 * frame; the handler takes it from there. */
#include <string.h>

#include "base/strbuf.h"
#include "lang/print.h"
#include "sema/sema.h"

struct saved_value {
    const char *text; /* of the expression: one that is written twice is saved once */
    const char *array, *local;
    bool fetched; /* at the beginning of the return's handler */
    bool kept;    /* … and not deleted then: functions look at it */
    struct stmt *gone;
    const struct token *tok;
};

struct entry_saves {
    struct entry_point at;
    VEC(struct saved_value) values;
};

static struct entry_saves *saves_of(struct sema *m, struct probe *p, const struct token *tok,
                                    bool start)
{
    if (p->saves[start])
        return p->saves[start];
    struct entry_saves *s = arena_new_obj(m->arena, struct entry_saves);
    if (!p->provider || !p->provider->entry || !p->provider->entry(m->s, p, tok, start, &s->at))
        return NULL;
    struct probe *e = s->at.probe;
    e->provider = p->provider;
    e->tok = p->tok;
    e->decl_tok = p->decl_tok;
    e->script_pp = p->script_pp;
    e->alias_pp = e->pp;
    e->derivation = arena_printf(m->arena, "%s /* @entry of %s */", e->pp, p->pp);
    e->body = stmt_new(m->arena, SM_BLOCK, tok);
    return p->saves[start] = s;
}

struct probe *entry_probe(struct sema *m, struct probe *p, const struct token *tok, bool start)
{
    struct entry_saves *s = saves_of(m, p, tok, start);
    return s ? s->at.probe : NULL;
}

static struct expr *element(struct sema *m, const struct token *tok, const char *array,
                            const struct expr *frame)
{
    struct expr *e = expr_new(m->arena, EX_INDEX, tok);
    e->base = expr_symbol(m->arena, tok, array);
    vec_push(m->arena, &e->args, expr_call(m->arena, tok, "tid"));
    vec_push(m->arena, &e->args, expr_clone(m->arena, frame));
    return e;
}

static struct stmt *assign(struct sema *m, const struct token *tok, struct expr *to,
                           struct expr *from)
{
    struct stmt *st = stmt_new(m->arena, SM_EXPR, tok);
    st->e = expr_new(m->arena, EX_ASSIGN, tok);
    st->e->op = OP_ASSIGN;
    st->e->a = to;
    st->e->b = from;
    return st;
}

static const char *new_array(struct sema *m, const struct token *tok)
{
    struct variable *v = arena_new_obj(m->arena, struct variable);
    v->name = v->unique = arena_printf(m->arena, "__entry_%zu", m->saved.n);
    v->tok = tok;
    v->is_global = v->synthetic = true;
    v->arity = -1;
    vec_push(m->arena, &m->saved, v);
    hash_put(&m->globals, v->name, v);
    return v->name;
}

struct expr *entry_value(struct sema *m, struct probe *p, const struct function *fn, struct expr *e)
{
    bool is_return = p->attach.kind == ATTACH_URETPROBE || p->attach.kind == ATTACH_KRETPROBE;
    bool start = e->num != 0;
    struct entry_saves *s = is_return || start ? saves_of(m, p, e->tok, start) : NULL;
    if (!s)
        return NULL;
    struct strbuf text = {0};
    print_expr(&text, e->a);
    const char *written = arena_strndup(m->arena, text.p, text.n);
    strbuf_free(&text);
    struct saved_value *v = NULL;
    vec_for (i, s->values)
        if (strcmp(s->values.v[i].text, written) == 0)
            v = &s->values.v[i];
    if (!v) {
        struct saved_value n = {.text = written, .tok = e->tok, .array = new_array(m, e->tok)};
        n.local = arena_printf(m->arena, "%s_value", n.array);
        if (!s->values.n)
            vec_push(m->arena, &m->p->probes, s->at.probe);
        vec_push(m->arena, &s->values, n);
        v = &vec_last(s->values);
        vec_push(m->arena, &s->at.probe->body->body,
                 assign(m, e->tok, element(m, e->tok, v->array, s->at.frame), e->a));
        if (fn)
            vec_push(m->arena, &m->reopened, s->at.probe);
    }
    if (fn && is_return) {
        v->kept = true;
        if (v->gone)
            v->gone->kind = SM_EMPTY;
    }
    /* A call may pass here more than once; only its return is the last time. */
    return is_return && !fn ? expr_symbol(m->arena, e->tok, v->local)
                            : element(m, e->tok, v->array, s->at.frame_here);
}

struct stmt *entry_prologue(struct sema *m, struct probe *p)
{
    struct stmt *block = NULL;
    for (int k = 0; k < 2; k++) {
        struct entry_saves *s = p->saves[k];
        bool is_return = p->attach.kind == ATTACH_URETPROBE || p->attach.kind == ATTACH_KRETPROBE;
        for (size_t i = 0; s && is_return && i < s->values.n; i++) {
            struct saved_value *v = &s->values.v[i];
            if (v->fetched)
                continue;
            v->fetched = true;
            if (!block)
                block = stmt_new(m->arena, SM_BLOCK, v->tok);
            struct expr *from = element(m, v->tok, v->array, s->at.frame_here);
            vec_push(m->arena, &block->body,
                     assign(m, v->tok, expr_symbol(m->arena, v->tok, v->local), from));
            v->gone = stmt_new(m->arena, v->kept ? SM_EMPTY : SM_DELETE, v->tok);
            v->gone->e = element(m, v->tok, v->array, s->at.frame_here);
            vec_push(m->arena, &block->body, v->gone);
        }
    }
    return block;
}
