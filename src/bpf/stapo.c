/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing and reading images: one description of each structure serves both. */
#include "bpf/stapo.h"

#include <elf.h>
#include <string.h>
#include <zlib.h>

#include "base/names.h"
#include "bpf/image_check.h"

static const char magic[8] = {'S', 'T', 'A', 'P', 'O', '\r', '\n', 0x1a};

struct io {
    struct strbuf *out; /* NULL: reading */
    struct arena *arena;
    const char *at, *end;
    bool bad;
    struct bpf_image *img;
};

/* Bytes in the order that they have in memory: little-endian on every machine that this
 * runs on (the header names the machine). */
static void bytes(struct io *io, void *p, size_t n)
{
    if (io->out) {
        strbuf_add(io->out, p, n);
    } else if (io->bad || (size_t)(io->end - io->at) < n) {
        io->bad = true;
        memset(p, 0, n);
    } else {
        memcpy(p, io->at, n);
        io->at += n;
    }
}

static void u32_(struct io *io, uint32_t *v)
{
    bytes(io, v, sizeof *v);
}

static void u64_(struct io *io, uint64_t *v)
{
    bytes(io, v, sizeof *v);
}

static void i32_(struct io *io, int32_t *v)
{
    bytes(io, v, sizeof *v);
}

static void i64_(struct io *io, int64_t *v)
{
    bytes(io, v, sizeof *v);
}

static void flag(struct io *io, bool *v)
{
    uint8_t b = *v;
    bytes(io, &b, 1);
    io->bad |= b > 1;
    *v = b;
}

/* An enumeration, which ends before `count`. */
#define ENUM(io, field, count)                                                                     \
    do {                                                                                           \
        uint32_t e_ = (uint32_t)(field);                                                           \
        u32_(io, &e_);                                                                             \
        (io)->bad |= e_ >= (uint32_t)(count);                                                      \
        (field) = (typeof(field))((io)->bad ? 0 : e_);                                             \
    } while (0)

/* A count of elements of at least `least` bytes each. */
static uint32_t count(struct io *io, size_t n, size_t least)
{
    uint32_t c = (uint32_t)n;
    u32_(io, &c);
    if (!io->out && c > (size_t)(io->end - io->at) / least)
        io->bad = true;
    return io->bad ? 0 : c;
}

#define LIST(io, vec, least, one)                                                                  \
    do {                                                                                           \
        uint32_t n_ = count(io, (vec)->n, least);                                                  \
        if (!(io)->out) {                                                                          \
            (vec)->v = arena_alloc((io)->arena, (n_ + (size_t)1) * sizeof *(vec)->v);              \
            (vec)->n = (vec)->cap = n_;                                                            \
        }                                                                                          \
        for (uint32_t i_ = 0; i_ < n_ && !(io)->bad; i_++)                                         \
            one(io, &(vec)->v[i_]);                                                                \
    } while (0)

enum { NO_STRING = -1 };

static void text_n(struct io *io, const char **s, size_t *n)
{
    uint32_t len = *s ? (uint32_t)*n : (uint32_t)NO_STRING;
    u32_(io, &len);
    if (io->out) {
        if (*s)
            strbuf_add(io->out, *s, *n);
        return;
    }
    *s = NULL;
    *n = 0;
    if (len == (uint32_t)NO_STRING || io->bad)
        return;
    if (len > (size_t)(io->end - io->at)) {
        io->bad = true;
        return;
    }
    *s = arena_strndup(io->arena, io->at, len);
    *n = len;
    io->at += len;
}

/* NULL, or without a NUL in it. */
static void text(struct io *io, const char **s)
{
    size_t n = *s ? strlen(*s) : 0;
    text_n(io, s, &n);
    io->bad |= *s && strlen(*s) != n;
}

static void needed_text(struct io *io, const char **s)
{
    text(io, s);
    io->bad |= !*s;
    if (!*s)
        *s = "";
}

static void blob(struct io *io, void **p, uint32_t *size)
{
    *size = count(io, *size, 1);
    if (!io->out)
        *p = arena_alloc(io->arena, *size + (size_t)1);
    bytes(io, *p, *size);
}

/* ---- positions in the script ---- */

/* A file that has nothing but one line. */
static const struct source *source_of_line(struct arena *a, const char *name, uint32_t line,
                                           const char *text)
{
    struct source *src = arena_new_obj(a, struct source);
    size_t n = strlen(text);
    char *all = arena_alloc(a, line + n + 1);
    memset(all, '\n', line - 1);
    memcpy(all + line - 1, text, n);
    src->name = name;
    src->text = all;
    src->len = line - 1 + n;
    return src;
}

static const char *line_of(struct arena *a, const struct token *t)
{
    const char *at = t->src->text, *end = at + t->src->len;
    for (uint32_t line = 1; line < t->line && at < end; line++) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        at = nl ? nl + 1 : end;
    }
    const char *nl = memchr(at, '\n', (size_t)(end - at));
    return arena_strndup(a, at, strnlen(at, (size_t)((nl ? nl : end) - at)));
}

enum { LINES_MAX = 1 << 20 };

static void position(struct io *io, const struct token **tok)
{
    bool given = *tok && (*tok)->src;
    flag(io, &given);
    if (!given) {
        *tok = NULL;
        return;
    }
    struct token t = io->out ? **tok : (struct token){0};
    const char *file = io->out ? t.src->name : NULL,
               *line = io->out ? line_of(io->arena, &t) : NULL;
    ENUM(io, t.type, TOK_KEYWORD + 1);
    needed_text(io, &t.text);
    u32_(io, &t.line);
    u32_(io, &t.col);
    needed_text(io, &file);
    needed_text(io, &line);
    if (io->out)
        return;
    io->bad |= t.line < 1 || t.line > LINES_MAX || t.col < 1;
    *tok = NULL;
    if (io->bad)
        return;
    t.src = source_of_line(io->arena, file, t.line, line);
    struct token *copy = arena_new_obj(io->arena, struct token);
    *copy = t;
    *tok = copy;
}

/* ---- probes ---- */

static void place(struct io *io, struct attach_place *p)
{
    needed_text(io, &p->pp);
    text(io, &p->name);
    text(io, &p->module);
    text(io, &p->path);
    text(io, &p->identity);
    text(io, &p->symbol);
    u32_(io, &p->shift);
    u64_(io, &p->addr);
    u64_(io, &p->offset);
    u64_(io, &p->semaphore);
    i32_(io, &p->pid);
    u32_(io, &p->doubt);
    flag(io, &p->is_return);
    flag(io, &p->one_of_many);
    u32_(io, &p->perf.type);
    u64_(io, &p->perf.config);
    u64_(io, &p->perf.period);
    flag(io, &p->perf.freq);
    u32_(io, &p->pf);
    u32_(io, &p->hook);
    i32_(io, &p->priority);
    u32_(io, &p->umask);
    u64_(io, &p->maxsize);
    flag(io, &p->of_target);
    flag(io, &p->by_char);
}

static void insn(struct io *io, struct bpf_insn *i)
{
    bytes(io, i, sizeof *i);
}

static void reloc(struct io *io, struct reloc *r)
{
    ENUM(io, r->kind, RELOC_KINDS);
    u32_(io, &r->insn);
    u32_(io, &r->number);
    u32_(io, &r->offset);
}

static void subprog(struct io *io, struct subprog *s)
{
    u32_(io, &s->start);
    needed_text(io, &s->name);
    flag(io, &s->global);
    flag(io, &s->takes_ctx);
    bytes(io, &s->nargs, 1);
}

static void probe(struct io *io, struct image_probe *p)
{
    needed_text(io, &p->pp);
    needed_text(io, &p->script_pp);
    needed_text(io, &p->derivation);
    position(io, &p->tok);
    ENUM(io, p->points.kind, ATTACH_WATCH + 1);
    ENUM(io, p->points.prog, PROG_UPROBE_MULTI + 1);
    struct {
        struct attach_place *v;
        size_t n, cap;
    } places = {p->points.places, p->points.n, p->points.n};
    LIST(io, &places, 80, place);
    p->points.places = places.v;
    p->points.n = places.n;
    u64_(io, &p->interval_ns);
    u64_(io, &p->random_ns);
    u32_(io, &p->hz);
    text(io, &p->tracepoint);
    text(io, &p->module);
    u32_(io, &p->btf_id);
    i32_(io, &p->nr);
    i32_(io, &p->nr32);
    flag(io, &p->exit_after);
    flag(io, &p->waits);
    LIST(io, &p->code.insns, sizeof(struct bpf_insn), insn);
    LIST(io, &p->code.relocs, 16, reloc);
    LIST(io, &p->code.subs, 11, subprog);
    p->code.arena = io->arena;
}

/* ---- printing ---- */

static void name_entry(struct io *io, struct name_entry *e)
{
    u64_(io, &e->mask);
    u64_(io, &e->value);
    bytes(io, e->name, sizeof e->name);
    e->name[sizeof e->name - 1] = 0;
}

static const struct name_table *names(struct io *io, const struct name_table *t)
{
    struct name_table *copy = arena_new_obj(io->arena, struct name_table);
    if (io->out)
        *copy = *t;
    flag(io, &copy->flags);
    LIST(io, &copy->entries, sizeof(struct name_entry), name_entry);
    return copy;
}

static void part(struct io *io, struct fmt_part *p)
{
    ENUM(io, p->conv, FMT_USER_TEXT + 1);
    bytes(io, &p->flags, 1);
    flag(io, &p->width_arg);
    flag(io, &p->prec_arg);
    i32_(io, &p->width);
    i32_(io, &p->prec);
    if (p->conv == FMT_LITERAL) {
        text_n(io, &p->text, &p->len);
        io->bad |= !p->text;
    }
    const void *data = p->conv == FMT_NAMES ? names(io, p->data) : (const void *)io->img;
    if (!io->out)
        p->data = data;
}

static void format(struct io *io, struct ir_format *f)
{
    LIST(io, &f->parts, 15, part);
}

static void hist(struct io *io, struct ir_hist *h)
{
    flag(io, &h->linear);
    i64_(io, &h->low);
    i64_(io, &h->high);
    i64_(io, &h->step);
    u32_(io, &h->nbuckets);
}

/* ---- the rest ---- */

static void map(struct io *io, struct ir_map *m)
{
    ENUM(io, m->kind, IR_MAP_PERF + 1);
    needed_text(io, &m->name);
    u32_(io, &m->key_size);
    u32_(io, &m->value_size);
    u32_(io, &m->max_entries);
    u32_(io, &m->levels);
    u32_(io, &m->perf_type);
    u64_(io, &m->perf_config);
    flag(io, &m->of_target);
}

static void pos(struct io *io, struct ir_pos *p)
{
    needed_text(io, &p->text);
}

static void global(struct io *io, struct ir_global *g)
{
    needed_text(io, &g->name);
    flag(io, &g->is_string);
    u32_(io, &g->off);
    u32_(io, &g->size);
}

static void fact(struct io *io, struct kernel_fact *f)
{
    ENUM(io, f->kind, FACT_KINDS);
    needed_text(io, &f->root);
    text(io, &f->module);
    text(io, &f->path);
    text(io, &f->name);
    flag(io, &f->scalar);
    flag(io, &f->optional);
}

static void need(struct io *io, struct fact_need *n)
{
    u32_(io, &n->fact);
    needed_text(io, &n->why);
}

static void define(struct io *io, struct define *d)
{
    needed_text(io, &d->name);
    needed_text(io, &d->value);
}

static void image(struct io *io, struct bpf_image *img)
{
    needed_text(io, &img->origin.script);
    needed_text(io, &img->origin.release);
    text(io, &img->origin.name);
    text(io, &img->origin.condition);
    LIST(io, &img->settings.defines, 8, define);
    flag(io, &img->settings.suppress_handler_errors);
    flag(io, &img->settings.timing);
    u64_(io, &img->settings.timeout_ns);
    LIST(io, &img->globals, 13, global);
    LIST(io, &img->facts, 22, fact);
    LIST(io, &img->needs, 8, need);
    LIST(io, &img->maps, 20, map);
    LIST(io, &img->formats, 4, format);
    LIST(io, &img->positions, 4, pos);
    LIST(io, &img->messages, 4, needed_text);
    LIST(io, &img->hists, 29, hist);
    LIST(io, &img->programs, 4, needed_text);
    u32_(io, &img->uses);
    u32_(io, &img->timing_map);
    u32_(io, &img->maxstringlen);
    u32_(io, &img->context.size);
    u32_(io, &img->context.out_size);
    u32_(io, &img->context.regex_off);
    u32_(io, &img->script_rodata_off);
    blob(io, &img->globals_init, &img->globals_size);
    blob(io, &img->rodata, &img->rodata_size);
    LIST(io, &img->probes, 60, probe);
}

/* ---- files ---- */

static void put32(char *to, uint32_t v)
{
    memcpy(to, &v, sizeof v);
}

static uint32_t get32(const char *from)
{
    uint32_t v;
    memcpy(&v, from, sizeof v);
    return v;
}

static uint32_t checksum(const void *p, size_t n)
{
    return (uint32_t)crc32_z(0, p, n);
}

void stapo_write(struct strbuf *out, const struct bpf_image *img)
{
    struct strbuf body = {0};
    struct io io = {.out = &body, .arena = img->arena};
    struct bpf_image copy = *img; /* it is only read */
    io.img = &copy;
    image(&io, &copy);
    char h[STAPO_HEADER] = {0};
    uint64_t size = body.n;
    memcpy(h, magic, sizeof magic);
    put32(h + 8, STAPO_VERSION);
    put32(h + 12, STAPO_HEADER);
    put32(h + 16, EM_X86_64);
    memcpy(h + 24, &size, sizeof size);
    put32(h + 32, checksum(body.p, body.n));
    put32(h + 36, checksum(h, 36));
    strbuf_add(out, h, sizeof h);
    strbuf_add(out, body.p, body.n);
    strbuf_free(&body);
}

struct bpf_image *stapo_read_body(struct arena *a, const void *data, size_t size, const char **why)
{
    struct bpf_image *img = arena_new_obj(a, struct bpf_image);
    struct io io = {.arena = a, .at = data, .end = (const char *)data + size, .img = img};
    img->arena = a;
    img->from_file = true;
    image(&io, img);
    if (io.bad || io.at != io.end) {
        *why = "is damaged: its contents do not fit together";
        return NULL;
    }
    return image_check(img, why) ? img : NULL;
}

struct bpf_image *stapo_read(struct arena *a, const void *data, size_t size, const char **why)
{
    const char *p = data;
    uint64_t body;
    if (size < STAPO_HEADER || memcmp(p, magic, sizeof magic) != 0) {
        bool ours = size >= 5 && memcmp(p, magic, 5) == 0;
        *why = ours ? "is damaged: its beginning is not whole"
                    : "is no file that stap -p4 has written";
        return NULL;
    }
    if (checksum(p, 36) != get32(p + 36)) {
        *why = "is damaged: its header was changed";
        return NULL;
    }
    memcpy(&body, p + 24, sizeof body);
    if (get32(p + 8) != STAPO_VERSION || get32(p + 12) != STAPO_HEADER)
        *why = arena_printf(a,
                            "is of version %u of the format, and this staprun reads version %d: "
                            "both must come from the same release of stap",
                            get32(p + 8), STAPO_VERSION);
    else if (get32(p + 16) != EM_X86_64)
        *why = "was made for another kind of processor";
    else if (size - STAPO_HEADER < body)
        *why = arena_printf(a, "is cut off: %zu bytes of %llu are there", size,
                            (unsigned long long)body + STAPO_HEADER);
    else if (size - STAPO_HEADER > body)
        *why = "is damaged: something stands behind its end";
    else if (checksum(p + STAPO_HEADER, (size_t)body) != get32(p + 32))
        *why = "is damaged: its checksum is not that of its contents";
    else
        return stapo_read_body(a, p + STAPO_HEADER, (size_t)body, why);
    return NULL;
}
