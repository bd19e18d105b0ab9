/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring buffer's reader, and what records do. */
#include <sys/mman.h>
#include <unistd.h>

#include "run/private.h"
#include "tests/check.h"

/* ---- records ---- */

static char sample[4096];
static size_t used;

static struct rec *add(int kind, unsigned id, const void *body, size_t n)
{
    struct rec *r = (struct rec *)(sample + used);
    *r = (struct rec){(u16)kind, (u16)id, (u32)(sizeof *r + n)};
    memcpy(r + 1, body, n);
    used += sizeof *r + n;
    return r;
}

struct text_record {
    u64 id;
    struct rec_str head;
    char text[16];
};

static void add_text(int kind, u64 id, const char *text)
{
    struct text_record t = {.id = id, .head.cap = sizeof t.text};
    memcpy(t.text, text, strlen(text));
    if (kind == REC_WARN)
        add(kind, 0, &t.head, sizeof t - sizeof t.id);
    else
        add(kind, 0, &t, sizeof t);
}

static void send(struct sink *k, const char *out)
{
    sink_sample(k, sample, used);
    strbuf_putc(&k->out->buf, 0);
    CHECK_STR(k->out->buf.p, out);
    k->out->buf.n = 0;
    used = 0;
}

static void records(void)
{
    FILE *messages = tmpfile(), *output = tmpfile();
    struct session s = {.arena = arena_new()};
    diag_init(&s.diag, messages);
    struct image_probe p = {.pp = "begin"};
    struct bpf_image m = {0};
    vec_push(s.arena, &m.probes, p);
    struct ir_format f = {0};
    CHECK(!parse_format(s.arena, "n=%d\n", &f.parts));
    vec_push(s.arena, &m.formats, f);
    vec_push(s.arena, &m.messages, "division by 0");
    vec_push(s.arena, &m.positions, (struct ir_pos){"near operator '/' at x.stp:1:2"});
    struct output out = {.fd = fileno(output)};
    struct sink k;
    sink_init(&k, &s, &m, &out);

    s64 v = 5;
    add(REC_PRINT, 0, &v, sizeof v);
    v = -7;
    add(REC_PRINT, 0, &v, sizeof v);
    send(&k, "n=5\nn=-7\n");

    add_text(REC_SPECULATE, 1, "kept ");
    add_text(REC_SPECULATE, 2, "dropped ");
    add_text(REC_SPECULATE, 1, "too\n");
    send(&k, "");
    u64 id = 2;
    add(REC_DISCARD, 0, &id, sizeof id);
    id = 1;
    add(REC_COMMIT, 0, &id, sizeof id);
    send(&k, "kept too\n");
    add(REC_COMMIT, 0, &id, sizeof id);
    send(&k, "");
    CHECK(k.malformed == 0);

    u32 e[4] = {0};
    add(REC_ERROR, 0, e, sizeof e);
    struct {
        u32 e[4];
        struct rec_str head;
        char text[8];
    } dynamic = {.e = {0, 9, ERR_DYNAMIC}, .head.cap = 8, .text = "my own"};
    add(REC_ERROR, 0, &dynamic, sizeof dynamic);
    add_text(REC_WARN, 0, "careful\n");
    send(&k, "");
    CHECK(k.errors_shown == 2);
    char text[256] = {0};
    rewind(messages);
    CHECK(fread(text, 1, sizeof text - 1, messages) > 0);
    CHECK_STR(text, "ERROR: division by 0 near operator '/' at x.stp:1:2 in probe begin\n"
                    "ERROR: my own in probe begin\n"
                    "WARNING: careful\n");

    add(REC_EXIT, 0, &id, 0);
    send(&k, "");
    CHECK(k.exit_seen);

    /* Nothing of this may be read past its end. */
    add(REC_PRINT, 7, &v, sizeof v);
    add(REC_PRINT, 0, &v, 0);
    add(REC_HIST, 0, &v, sizeof v);
    add(99, 0, &v, sizeof v);
    add(REC_ERROR, 0, &v, sizeof v);
    add(REC_WARN, 0, &v, 0);
    add(REC_PRINT, 0, &v, sizeof v)->size = 4000;
    send(&k, "");
    CHECK(k.malformed == 7);

    add_text(REC_SPECULATE, 3, "left over");
    send(&k, "");
    sink_free(&k);
    strbuf_free(&out.buf);
    diag_fini(&s.diag);
    arena_free(s.arena);
    fclose(messages);
    fclose(output);
}

/* ---- the ring: a file with the same layout ---- */

static struct strbuf seen;

static void collect(void *arg, const void *p, size_t len)
{
    (void)arg;
    strbuf_add(&seen, p, len);
    strbuf_putc(&seen, ',');
}

static void put(char *data, u64 *producer, u32 flags, const char *text)
{
    u32 len = (u32)strlen(text);
    u32 head[2] = {len | flags, 0};
    memcpy(data + *producer, head, sizeof head);
    memcpy(data + *producer + sizeof head, text, len);
    *producer += (len + sizeof head + 7) & ~7ull;
}

static void ring(void)
{
    enum { SIZE = 4096, BUSY = 1u << 31, DISCARD = 1u << 30 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE), total = 2 * page + 2 * SIZE;
    int fd = memfd_create("ring", 0);
    CHECK(fd >= 0 && ftruncate(fd, (off_t)total) == 0);
    char *file = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    u64 *producer = (u64 *)(file + page);
    char *data = file + 2 * page;
    struct ring r;
    CHECK(ring_open(&r, fd, SIZE));
    CHECK(ring_drain(&r, collect, NULL) == 0);

    put(data, producer, 0, "one");
    put(data, producer, DISCARD, "gone");
    put(data, producer, 0, "twelve chars");
    u64 busy_at = *producer;
    put(data, producer, BUSY, "busy");
    put(data, producer, 0, "behind");
    CHECK(ring_drain(&r, collect, NULL) == busy_at);
    CHECK_STR(seen.p, "one,twelve chars,");
    CHECK(*r.consumer == busy_at);
    CHECK(ring_drain(&r, collect, NULL) == 0);
    u32 ready = 4;
    memcpy(data + busy_at, &ready, sizeof ready);
    CHECK(ring_drain(&r, collect, NULL) > 0);
    CHECK_STR(seen.p, "one,twelve chars,busy,behind,");
    CHECK(*r.consumer == *producer);
    strbuf_free(&seen);
    ring_close(&r);
    munmap(file, total);
    close(fd);
}

int main(void)
{
    records();
    ring();
    return check_report();
}
