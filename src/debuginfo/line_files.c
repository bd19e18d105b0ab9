/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of tables of lines: DWARF 2 to 4 (6.2.4 there), DWARF 5 (6.2.4). */
#include "debuginfo/line_files.h"

#include <dwarf.h>
#include <stdbool.h>
#include <string.h>

enum { FILES_MAX = 1 << 16 }; /* of one unit: more is damage */

struct reader {
    const uint8_t *p, *end;
    bool bad;
    int offset_size; /* 8: 64-bit DWARF */
    struct bytes strings, line_strings;
};

static uint64_t fixed(struct reader *r, unsigned n)
{
    uint64_t v = 0;
    if (r->bad || (size_t)(r->end - r->p) < n || n > 8) {
        r->bad = true;
        return 0;
    }
    memcpy(&v, r->p, n);
    r->p += n;
    return v;
}

static uint64_t uleb(struct reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = (uint8_t)fixed(r, 1);
        if (r->bad || shift > 63) {
            r->bad = true;
            return 0;
        }
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
}

static const char *text_in(struct reader *r, const uint8_t *p, const uint8_t *end)
{
    if (!r->bad && p < end && memchr(p, 0, (size_t)(end - p)))
        return (const char *)p;
    r->bad = true;
    return "";
}

static const char *text(struct reader *r)
{
    const char *s = text_in(r, r->p, r->end);
    if (!r->bad)
        r->p += strlen(s) + 1;
    return s;
}

static const char *text_of(struct reader *r, struct bytes section, uint64_t at)
{
    const uint8_t *p = section.p;
    if (!p || at >= section.n) {
        r->bad = true;
        return "";
    }
    return text_in(r, p + at, p + section.n);
}

/* ---- DWARF 5: entries that say what they are made of ---- */

struct format {
    uint64_t content, form;
};

static void skip(struct reader *r, uint64_t n)
{
    if (n > (uint64_t)(r->end - r->p))
        r->bad = true;
    else
        r->p += n;
}

/* A field: text or a number, by its form. */
static void field(struct reader *r, uint64_t form, const char **s, uint64_t *n)
{
    switch (form) {
    case DW_FORM_string:
        *s = text(r);
        return;
    case DW_FORM_line_strp:
        *s = text_of(r, r->line_strings, fixed(r, (unsigned)r->offset_size));
        return;
    case DW_FORM_strp:
        *s = text_of(r, r->strings, fixed(r, (unsigned)r->offset_size));
        return;
    case DW_FORM_udata:
        *n = uleb(r);
        return;
    case DW_FORM_data1:
        *n = fixed(r, 1);
        return;
    case DW_FORM_data2:
        *n = fixed(r, 2);
        return;
    case DW_FORM_data4:
        *n = fixed(r, 4);
        return;
    case DW_FORM_data8:
        *n = fixed(r, 8);
        return;
    case DW_FORM_data16:
        skip(r, 16);
        return;
    case DW_FORM_block:
        skip(r, uleb(r));
        return;
    default:
        r->bad = true;
    }
}

/* A table: its format, then its entries. */
static void entries(struct reader *r, struct arena *a, bool directories, struct line_files *out)
{
    struct format f[16];
    unsigned nf = (unsigned)fixed(r, 1);
    if (nf > 16)
        r->bad = true;
    for (unsigned i = 0; i < nf && !r->bad; i++) {
        f[i].content = uleb(r);
        f[i].form = uleb(r);
    }
    uint64_t n = uleb(r);
    if (n > FILES_MAX || (n && !nf))
        r->bad = true;
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        const char *name = "";
        uint64_t dir = 0;
        for (unsigned k = 0; k < nf && !r->bad; k++) {
            const char *s = "";
            uint64_t v = 0;
            field(r, f[k].form, &s, &v);
            if (f[k].content == DW_LNCT_path)
                name = s;
            else if (f[k].content == DW_LNCT_directory_index)
                dir = v;
        }
        struct line_file file = {.name = name, .dir = dir};
        if (directories)
            vec_push(a, &out->dirs, name);
        else
            vec_push(a, &out->names, file);
    }
}

/* ---- before ---- */

static void lists(struct reader *r, struct arena *a, struct line_files *out)
{
    struct line_file none = {0};
    vec_push(a, &out->dirs, "");
    vec_push(a, &out->names, none);
    for (;;) {
        const char *dir = text(r);
        if (r->bad || !*dir || out->dirs.n > FILES_MAX)
            break;
        vec_push(a, &out->dirs, dir);
    }
    while (!r->bad && out->names.n < FILES_MAX) {
        struct line_file f = {.name = text(r)};
        if (r->bad || !*f.name)
            break;
        f.dir = uleb(r);
        uleb(r); /* time */
        uleb(r); /* size */
        vec_push(a, &out->names, f);
    }
}

void line_files_read(struct arena *a, struct bytes lines, uint64_t offset, struct bytes strings,
                     struct bytes line_strings, struct line_files *out)
{
    if (offset > lines.n)
        return;
    struct reader r = {.p = (const uint8_t *)lines.p + offset,
                       .end = (const uint8_t *)lines.p + lines.n,
                       .offset_size = 4,
                       .strings = strings,
                       .line_strings = line_strings};
    uint64_t size = fixed(&r, 4);
    if (size == 0xffffffff) {
        size = fixed(&r, 8);
        r.offset_size = 8;
    }
    if (r.bad || size > (uint64_t)(r.end - r.p))
        return;
    r.end = r.p + size;
    unsigned version = (unsigned)fixed(&r, 2);
    if (version < 2 || version > 5)
        return;
    if (version >= 5)
        skip(&r, 2); /* sizes of addresses and segments */
    fixed(&r, (unsigned)r.offset_size);
    skip(&r, version >= 4 ? 5 : 4);
    uint64_t opcodes = fixed(&r, 1);
    skip(&r, opcodes ? opcodes - 1 : 0);
    if (version >= 5) {
        entries(&r, a, true, out);
        entries(&r, a, false, out);
    } else {
        lists(&r, a, out);
    }
    if (r.bad)
        out->names.n = out->dirs.n = 0;
}
