/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/names.h"

#include <inttypes.h>
#include <stdlib.h>

static bool parse_word(struct name_table *t, const char *word, size_t n, struct name_entry *e)
{
    const char *end = word + n;
    size_t len = strcspn(word, "= \n\t");
    if (!len || len >= NAME_SIZE || len > n)
        return false;
    memcpy(e->name, word, len);
    const struct name_entry *last = t->entries.n ? &vec_last(t->entries) : NULL;
    e->value = !last ? t->flags : t->flags ? last->value * 2 : last->value + 1;
    char *p = (char *)word + len;
    if (*p == '=')
        e->value = (uint64_t)strtoll(p + 1, &p, 0);
    e->mask = !t->flags || !e->value ? UINT64_MAX : e->value;
    if (p != end && *p == '/')
        e->mask = strtoull(p + 1, &p, 0);
    return p == end;
}

struct name_table *names_parse(struct arena *a, const char *text, bool flags, const char **wrong)
{
    struct name_table *t = arena_new_obj(a, struct name_table);
    t->flags = flags;
    for (const char *p = text + strspn(text, " \n\t"); *p; p += strspn(p, " \n\t")) {
        size_t n = strcspn(p, " \n\t");
        struct name_entry e = {0};
        if (!parse_word(t, p, n, &e)) {
            *wrong = p;
            return NULL;
        }
        vec_push(a, &t->entries, e);
        p += n;
    }
    return t;
}

void names_print(struct strbuf *out, const struct name_table *t, uint64_t v)
{
    uint64_t rest = v;
    bool any = false;
    vec_for (i, t->entries) {
        const struct name_entry *e = &t->entries.v[i];
        uint64_t seen = e->mask == UINT64_MAX ? v : rest & e->mask;
        if (seen != e->value)
            continue;
        if (any)
            strbuf_putc(out, '|');
        strbuf_puts(out, e->name);
        any = true;
        rest &= ~e->mask;
        if (!t->flags)
            return;
    }
    if (!t->flags)
        strbuf_printf(out, "%" PRId64, (int64_t)v);
    else if (rest || !any)
        strbuf_printf(out, "%s0x%" PRIx64, any ? "|" : "", rest);
}
