/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of handlers → output, messages, and the end of the session. */
#include <stdlib.h>
#include <string.h>

#include "run/private.h"

/* The output is written when this much is formatted, at the latest. */
enum { FLUSH_AT = 256 << 10 };

static long define_number(const struct session *s, const char *name, long value, long low,
                          long high)
{
    vec_for (i, s->defines) {
        if (strcmp(s->defines.v[i].name, name) != 0)
            continue;
        char *end;
        long v = strtol(s->defines.v[i].value, &end, 0);
        if (!*end && end != s->defines.v[i].value && v >= low && v <= high)
            value = v;
    }
    return value;
}

void sink_init(struct sink *k, struct session *s, const struct bpf_image *img, struct output *out)
{
    *k = (struct sink){.s = s, .img = img, .out = out};
    hash_init(&k->warned, s->arena);
    k->hist.width = (int)define_number(s, "HIST_WIDTH", 50, 1, 1000);
    k->hist.elision = define_number(s, "HIST_ELISION", 2, -1, 1000);
    if (img->uses & USE_STACKS)
        k->symbols = symbols_open(s->arena, true);
}

/* ---- speculation ---- */

static struct speculation *find_speculation(struct sink *k, u64 id, bool make)
{
    for (struct speculation *x = k->speculations; x; x = x->next)
        if (x->id == id)
            return x;
    if (!make)
        return NULL;
    struct speculation *x = calloc(1, sizeof *x);
    if (x) {
        x->id = id;
        x->next = k->speculations;
        k->speculations = x;
    }
    return x;
}

static void drop_speculation(struct sink *k, u64 id)
{
    for (struct speculation **at = &k->speculations; *at; at = &(*at)->next) {
        struct speculation *x = *at;
        if (x->id != id)
            continue;
        *at = x->next;
        strbuf_free(&x->text);
        free(x);
        return;
    }
}

void sink_free(struct sink *k)
{
    symbols_close(k->symbols);
    modules_close(k->modules);
    while (k->speculations)
        drop_speculation(k, k->speculations->id);
}

static bool speculate(struct sink *k, int kind, struct cursor *c)
{
    s64 id;
    const char *text;
    size_t n;
    if (!record_long(c, &id))
        return false;
    struct speculation *x = find_speculation(k, (u64)id, kind == REC_SPECULATE);
    if (kind == REC_SPECULATE) {
        if (!record_string(c, &text, &n, NULL))
            return false;
        if (x)
            strbuf_add(&x->text, text, n);
        return true;
    }
    if (x && kind == REC_COMMIT)
        strbuf_add(&k->out->buf, x->text.p, x->text.n);
    drop_speculation(k, (u64)id);
    return true;
}

/* ---- messages ---- */

/* What to do about an error, once for each kind of them. */
static void advise(struct sink *k, const char *text)
{
    static const struct {
        const char *begin, *hint;
    } advice[] = {
        {"MAXACTION exceeded", "-DMAXACTION=N allows a handler N statements, "
                               "-g --suppress-time-limits any number"},
        {"MAXNESTING exceeded", "-DMAXNESTING=N allows functions to call each other N deep"},
        {"Array overflow", "global NAME[N] makes an array larger, -DMAXMAPENTRIES=N all of them"},
    };
    for (unsigned i = 0; i < sizeof advice / sizeof *advice; i++)
        if (strncmp(text, advice[i].begin, strlen(advice[i].begin)) == 0 &&
            !(k->advised & 1u << i)) {
            k->advised |= 1u << i;
            diag_hint(&k->s->diag, "%s", advice[i].hint);
        }
}

static bool error_record(struct sink *k, const struct rec *rec)
{
    struct rec_error e;
    const struct bpf_image *m = k->img;
    if (rec->size < sizeof e)
        return false;
    memcpy(&e, rec, sizeof e);
    struct cursor c = {(const char *)rec + sizeof e, (const char *)rec + rec->size};
    const char *text = "unknown error";
    size_t n = strlen(text);
    if (e.msg == ERR_DYNAMIC) {
        if (!record_string(&c, &text, &n, NULL))
            return false;
    } else if (e.msg < m->messages.n) {
        text = m->messages.v[e.msg];
        n = strlen(text);
    }
    if (k->s->suppress_handler_errors)
        return true;
    /* Messages and output reach a terminal in the order of events. */
    output_flush(k->out);
    const char *pos = e.pos < m->positions.n ? m->positions.v[e.pos].text : "";
    const char *pp = e.probe < m->probes.n ? m->probes.v[e.probe].pp : "?";
    k->s->diag.raw = true;
    diag_error(&k->s->diag, "%.*s%s%s in probe %s", (int)n, text, *pos ? " " : "", pos, pp);
    k->s->diag.raw = false;
    k->errors_shown++;
    advise(k, text);
    return true;
}

/* As staprun does, a text is shown once, unless verbose; what comes when that many texts are
 * remembered is shown each time. */
static bool warned_before(struct sink *k, const char *text, size_t n)
{
    enum { REMEMBERED = 1024 };
    if (k->s->diag.verbose > 0)
        return false;
    struct strbuf key = {0};
    strbuf_add(&key, ":", 1);
    strbuf_add(&key, text, n);
    bool before = hash_get(&k->warned, key.p);
    if (!before && k->warned.n < REMEMBERED)
        hash_put(&k->warned, arena_strdup(k->s->arena, key.p), k);
    strbuf_free(&key);
    return before;
}

static bool warn_record(struct sink *k, struct cursor *c)
{
    const char *text;
    size_t n;
    if (!record_string(c, &text, &n, NULL))
        return false;
    /* A warning ends its line itself or we do. */
    if (n && text[n - 1] == '\n')
        n--;
    if (warned_before(k, text, n))
        return true;
    output_flush(k->out);
    k->s->diag.raw = true;
    diag_warning(&k->s->diag, NULL, "%.*s", (int)n, text);
    k->s->diag.raw = false;
    return true;
}

/* The shell runs it beside the session, which does not wait for it. */
static bool system_record(struct sink *k, struct cursor *c)
{
    const char *text;
    size_t n;
    if (!record_string(c, &text, &n, NULL))
        return false;
    output_flush(k->out);
    child_start_shell(arena_strndup(k->s->arena, text, n));
    return true;
}

static bool hist_record(struct sink *k, const struct rec *rec)
{
    if (rec->id >= k->img->hists.n)
        return false;
    const struct ir_hist *h = &k->img->hists.v[rec->id];
    size_t want = sizeof *rec + sizeof(struct abi_stat) + h->nbuckets * sizeof(u64);
    if (rec->size < want)
        return false;
    const char *buckets = (const char *)rec + sizeof *rec + sizeof(struct abi_stat);
    format_hist(&k->out->buf, h, (const u64 *)buckets, &k->hist);
    return true;
}

static bool stack_record(struct sink *k, struct cursor *c)
{
    s64 form, pid;
    const char *text;
    size_t n;
    if (!record_long(c, &form) || !record_long(c, &pid) || !record_string(c, &text, &n, NULL) ||
        !k->symbols)
        return false;
    symbols_print(k->symbols, &k->out->buf, text, n, (int)form, (pid_t)pid);
    return true;
}

static bool module_record(struct sink *k, struct cursor *c)
{
    s64 inode, pid, addr;
    if (!record_long(c, &inode) || !record_long(c, &pid) || !record_long(c, &addr))
        return false;
    modules_asked(k->modules, (u64)inode, (pid_t)pid, (u64)addr);
    return true;
}

/* ---- dispatch ---- */

static bool record(struct sink *k, const struct rec *rec)
{
    const char *args = (const char *)rec + sizeof *rec;
    size_t len = rec->size - sizeof *rec;
    struct cursor c = {args, args + len};
    switch (rec->kind) {
    case REC_PRINT:
        return rec->id < k->img->formats.n &&
               format_record(&k->out->buf, &k->img->formats.v[rec->id], args, len);
    case REC_VALUE:
    case REC_VALUE_MORE:
        if (k->reader && rec->kind == REC_VALUE)
            k->reader->n = 0;
        return !k->reader || (rec->id < k->img->formats.n &&
                              format_record(k->reader, &k->img->formats.v[rec->id], args, len));
    case REC_ERROR:
        return error_record(k, rec);
    case REC_WARN:
        return warn_record(k, &c);
    case REC_SYSTEM:
        return system_record(k, &c);
    case REC_SWITCH:
        output_flush(k->out);
        output_next(k->out);
        return true;
    case REC_EXIT:
        k->exit_seen = true;
        return true;
    case REC_HIST:
        return hist_record(k, rec);
    case REC_MODULE:
        return module_record(k, &c);
    case REC_STACK:
        return stack_record(k, &c);
    case REC_COMMIT:
    case REC_DISCARD:
    case REC_SPECULATE:
        return speculate(k, rec->kind, &c);
    default:
        return false;
    }
}

void sink_sample(void *sink, const void *sample, size_t len)
{
    struct sink *k = sink;
    const char *p = sample, *end = p + len;
    while (end - p >= (long)sizeof(struct rec)) {
        const struct rec *rec = (const struct rec *)p;
        if (rec->size < sizeof *rec || rec->size > (size_t)(end - p))
            break;
        size_t before = k->out->buf.n;
        if (!record(k, rec)) {
            k->malformed++;
            if (k->out->buf.n > before)
                k->out->buf.n = before;
        }
        p += (rec->size + 7) & ~7u;
    }
    if (p < end)
        k->malformed++;
    if (k->out->buf.n >= FLUSH_AT)
        output_flush(k->out);
}
