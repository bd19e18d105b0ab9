/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wildcard in a probe point makes many probes of one handler.  Where their
 * handlers came out equal, and the family can attach one program to many points,
 * the first stands for all: one program is built, loaded and verified. */
#include "base/hash.h"
#include "lang/print.h"
#include "sema/sema.h"

/* The bodies of functions that are copies for this probe. */
struct copies {
    struct strbuf *b;
    struct hash seen;
};

static void add_copy_stmt(struct stmt **sp, void *arg);

static void add_copy(struct expr **ep, void *arg)
{
    struct copies *c = arg;
    const struct expr *e = *ep;
    for (size_t i = 0; e->kind == EX_CALL && i < e->callees.n; i++) {
        struct function *f = e->callees.v[i];
        if (!f->context || !hash_put(&c->seen, f->unique, f))
            continue;
        strbuf_printf(c->b, "%s ", f->name);
        print_stmt(c->b, f->body, 0);
        add_copy_stmt(&f->body, c);
    }
    expr_children(*ep, add_copy, c);
}

static void add_copy_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, add_copy, add_copy_stmt, arg);
}

/* Everything that makes a handler what it is. */
static const char *identity(struct arena *a, struct probe *p)
{
    struct strbuf b = {0};
    struct copies c = {.b = &b};
    hash_init(&c.seen, a);
    strbuf_printf(&b, "%p %p %d %d %u %s ", (const void *)p->provider, (const void *)p->decl_tok,
                  p->attach.kind, p->attach.prog,
                  p->attach.shift + (p->attach.at_ret ? 1u << 16 : 0) +
                      (p->attach.is_32 ? 1u << 17 : 0),
                  p->attach.module ? p->attach.module : "");
    const struct moved_registers *moved = p->attach.moved;
    for (unsigned i = 0; moved && i < moved->n; i++)
        strbuf_printf(&b, "%d=%d+%d ", moved->v[i].reg, moved->v[i].now, moved->v[i].add);
    if (p->condition)
        print_expr(&b, p->condition);
    strbuf_putc(&b, '\n');
    if (p->body) {
        print_stmt(&b, p->body, 0);
        add_copy_stmt(&p->body, &c);
    }
    const char *s = arena_strndup(a, b.p, b.n);
    strbuf_free(&b);
    return s;
}

void sema_merge(struct session *s, struct program *p)
{
    struct hash same;
    size_t n = 0;
    hash_init(&same, p->arena);
    vec_for (i, p->probes) {
        struct probe *pr = p->probes.v[i], *first = NULL;
        if (attach_impossible(&pr->attach)) { /* it costs nothing; one is left to have any */
            if (n || i + 1 < p->probes.n)
                continue;
            pr->attach.kind = ATTACH_NEVER;
        }
        if (pr->provider && pr->provider->choose)
            pr->provider->choose(s, pr);
        if (pr->provider && pr->provider->shares_programs) {
            const char *id = identity(p->arena, pr);
            first = hash_get(&same, id);
            if (!first)
                hash_put(&same, id, pr);
        }
        if (first)
            vec_push(p->arena, &first->also, pr);
        else
            p->probes.v[n++] = pr;
    }
    p->probes.n = n;
    vec_for (i, p->probes) {
        struct probe *pr = p->probes.v[i];
        pr->id = (int)i;
        if (pr->provider && pr->provider->settle)
            pr->provider->settle(s, pr);
    }
}
