/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sema/facts.h"

#include "base/hash.h"
#include "sema/session.h"

uint32_t fact_add(struct session *s, struct kernel_fact f)
{
    const char *key = arena_printf(s->arena, "%d %s|%s|%s|%s|%d%d", f.kind, f.root ? f.root : "",
                                   f.module ? f.module : "", f.path ? f.path : "",
                                   f.name ? f.name : "", f.scalar, f.optional);
    if (!s->fact_numbers.arena)
        hash_init(&s->fact_numbers, s->arena);
    uintptr_t n = (uintptr_t)hash_get(&s->fact_numbers, key);
    if (!n) {
        vec_push(s->arena, &s->facts, f);
        n = s->facts.n;
        hash_put(&s->fact_numbers, key, (void *)n);
    }
    return (uint32_t)n;
}

void fact_need(struct session *s, uint32_t fact, const char *why)
{
    vec_for (i, s->fact_needs)
        if (s->fact_needs.v[i].fact == fact)
            return;
    vec_push(s->arena, &s->fact_needs, (struct fact_need){fact, why});
}

struct expr *fact_number(struct session *s, const struct token *tok, uint32_t fact,
                         enum fact_part part, int64_t here)
{
    struct expr *e = expr_new(s->arena, EX_LIVE_CONST, tok);
    e->type = TY_LONG;
    e->num = here;
    e->fact = fact;
    e->part = (uint8_t)part;
    return e;
}
