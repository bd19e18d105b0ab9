/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formatter of records. */
#include "base/strbuf.h"
#include "run/run.h"
#include "tests/check.h"
#include "tests/run/format_vectors.h"

struct args {
    char bytes[4096];
    size_t n;
};

static void add_long(struct args *a, s64 v)
{
    memcpy(a->bytes + a->n, &v, 8);
    a->n += 8;
}

/* With `spare` NULs behind the text, to a multiple of 8. */
static void add_string(struct args *a, const char *s, size_t spare)
{
    size_t len = strlen(s), cap = (len + spare + 7) & ~7ul;
    struct rec_str h = {.cap = (u32)cap};
    memcpy(a->bytes + a->n, &h, sizeof h);
    memset(a->bytes + a->n + sizeof h, 0, cap);
    memcpy(a->bytes + a->n + sizeof h, s, len);
    a->n += sizeof h + cap;
}

static struct strbuf format(struct arena *ar, const char *fmt, const struct args *a, bool *ok)
{
    struct ir_format f = {0};
    struct strbuf out = {0};
    const char *wrong = parse_format(ar, fmt, &f.parts);
    CHECK(!wrong);
    *ok = format_record(&out, &f, a->bytes, a->n);
    return out;
}

static void expect(struct arena *ar, const char *fmt, const struct args *a, const char *want,
                   size_t len)
{
    bool ok;
    struct strbuf out = format(ar, fmt, a, &ok);
    bool same = ok && out.n == len && (len == 0 || memcmp(out.p, want, len) == 0);
    if (!same)
        fprintf(stderr, "%s: got \"%.*s\", want \"%s\"\n", fmt, (int)out.n, out.p ? out.p : "",
                want);
    CHECK(same);
    strbuf_free(&out);
}

static void vectors(struct arena *ar)
{
    for (int i = 0; i < NFORMAT_VECTORS; i++) {
        const struct format_vector *v = &format_vectors[i];
        size_t len = v->out_len ? v->out_len : strlen(v->out);
        struct args a = {.n = 0};
        if (v->str)
            add_string(&a, v->str, 1);
        else
            add_long(&a, v->num);
        expect(ar, v->fmt, &a, v->out, len);
    }
}

static void several(struct arena *ar)
{
    struct args a = {.n = 0};
    add_long(&a, 6);
    add_long(&a, 42);
    add_long(&a, -6);
    add_long(&a, 42);
    add_long(&a, 2);
    add_string(&a, "abcdef", 40);
    add_long(&a, -1);
    add_string(&a, "x", 1);
    expect(ar, "[%*d] [%*d] [%.*s] [%.*s]\n", &a, "[    42] [42] [ab] []\n", 22);

    a.n = 0;
    add_string(&a, "exactly8", 0); /* fills its space: no NUL */
    add_long(&a, 1);
    expect(ar, "%s%d%%", &a, "exactly81%", 10);

    a.n = 0;
    expect(ar, "no arguments\n", &a, "no arguments\n", 13);

    /* Raw memory: NULs count, the bytes are those behind the header. */
    a.n = 0;
    struct rec_str h = {.cap = 8, .reserved = 5};
    memcpy(a.bytes, &h, sizeof h);
    memcpy(a.bytes + sizeof h, "A\0\x7f\xffZ\0\0", 8);
    a.n = sizeof h + 8;
    expect(ar, "%.4M", &a, "41007fff", 8);
    expect(ar, "%10.4M", &a, "  41007fff", 10);
    expect(ar, "%.5m", &a, "A\0\x7f\xffZ", 5);
    expect(ar, "%.9m", &a, "A\0\x7f\xffZ", 5);
    expect(ar, "%m", &a, "A", 1);
}

static void malformed(struct arena *ar)
{
    bool ok;
    struct args a = {.n = 0};
    struct strbuf out = format(ar, "%d", &a, &ok);
    CHECK(!ok);
    strbuf_free(&out);
    add_string(&a, "abcdefghijkl", 1);
    a.n -= 8;
    out = format(ar, "%s", &a, &ok);
    CHECK(!ok);
    strbuf_free(&out);
    a.n = 7;
    out = format(ar, "x%*d", &a, &ok);
    CHECK(!ok);
    strbuf_free(&out);
}

int main(void)
{
    struct arena *ar = arena_new();
    vectors(ar);
    several(ar);
    malformed(ar);
    arena_free(ar);
    return check_report();
}
