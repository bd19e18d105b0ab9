/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wildcard in a probe point makes many probes of one handler.  Where their
 * handlers came out equal, and the family can attach one program to many points,
 * the first stands for all: one program is built, loaded and verified. */
#include "base/hash.h"
#include "lang/print.h"
#include "sema/sema.h"

/* Everything that makes a handler what it is. */
static const char *identity(struct arena *a, const struct probe *p)
{
    struct strbuf b = {0};
    strbuf_printf(&b, "%p %p %d %d %u %s ", (const void *)p->provider, (const void *)p->decl_tok,
                  p->attach.kind, p->attach.prog, p->attach.shift,
                  p->attach.module ? p->attach.module : "");
    if (p->condition)
        print_expr(&b, p->condition);
    strbuf_putc(&b, '\n');
    if (p->body)
        print_stmt(&b, p->body, 0);
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
