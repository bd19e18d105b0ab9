/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of tables of lines: DWARF 2 to 4 (6.2.4 there), DWARF 5 (6.2.4). */
#include "debuginfo/line_files.h"

#include <dwarf.h>
#include <stdbool.h>
#include <string.h>

#include "debuginfo/reader.h"

enum { FILES_MAX = 1 << 16 }; /* of one unit: more is damage */

struct header {
    struct reader in;
    int offset_size; /* 8: 64-bit DWARF */
    struct bytes strings, line_strings;
};

static const char *text_in(struct header *r, const uint8_t *p, const uint8_t *end)
{
    if (!r->in.bad && p < end && memchr(p, 0, (size_t)(end - p)))
        return (const char *)p;
    r->in.bad = true;
    return "";
}

static const char *text(struct header *r)
{
    const char *s = text_in(r, r->in.p, r->in.end);
    if (!r->in.bad)
        r->in.p += strlen(s) + 1;
    return s;
}

static const char *text_of(struct header *r, struct bytes section, uint64_t at)
{
    const uint8_t *p = section.p;
    if (!p || at >= section.n) {
        r->in.bad = true;
        return "";
    }
    return text_in(r, p + at, p + section.n);
}

/* ---- DWARF 5: entries that say what they are made of ---- */

struct format {
    uint64_t content, form;
};

static void skip(struct header *r, uint64_t n)
{
    if (n > (uint64_t)(r->in.end - r->in.p))
        r->in.bad = true;
    else
        r->in.p += n;
}

/* A field: text or a number, by its form. */
static void field(struct header *r, uint64_t form, const char **s, uint64_t *n)
{
    switch (form) {
    case DW_FORM_string:
        *s = text(r);
        return;
    case DW_FORM_line_strp:
        *s = text_of(r, r->line_strings, read_fixed(&r->in, (unsigned)r->offset_size));
        return;
    case DW_FORM_strp:
        *s = text_of(r, r->strings, read_fixed(&r->in, (unsigned)r->offset_size));
        return;
    case DW_FORM_udata:
        *n = read_uleb(&r->in);
        return;
    case DW_FORM_data1:
        *n = read_fixed(&r->in, 1);
        return;
    case DW_FORM_data2:
        *n = read_fixed(&r->in, 2);
        return;
    case DW_FORM_data4:
        *n = read_fixed(&r->in, 4);
        return;
    case DW_FORM_data8:
        *n = read_fixed(&r->in, 8);
        return;
    case DW_FORM_data16:
        skip(r, 16);
        return;
    case DW_FORM_block:
        skip(r, read_uleb(&r->in));
        return;
    default:
        r->in.bad = true;
    }
}

/* A table: its format, then its entries. */
static void entries(struct header *r, struct arena *a, bool directories, struct line_files *out)
{
    struct format f[16];
    unsigned nf = (unsigned)read_fixed(&r->in, 1);
    if (nf > 16)
        r->in.bad = true;
    for (unsigned i = 0; i < nf && !r->in.bad; i++) {
        f[i].content = read_uleb(&r->in);
        f[i].form = read_uleb(&r->in);
    }
    uint64_t n = read_uleb(&r->in);
    if (n > FILES_MAX || (n && !nf))
        r->in.bad = true;
    for (uint64_t i = 0; i < n && !r->in.bad; i++) {
        const char *name = "";
        uint64_t dir = 0;
        for (unsigned k = 0; k < nf && !r->in.bad; k++) {
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

static void lists(struct header *r, struct arena *a, struct line_files *out)
{
    struct line_file none = {0};
    vec_push(a, &out->dirs, "");
    vec_push(a, &out->names, none);
    for (;;) {
        const char *dir = text(r);
        if (r->in.bad || !*dir || out->dirs.n > FILES_MAX)
            break;
        vec_push(a, &out->dirs, dir);
    }
    while (!r->in.bad && out->names.n < FILES_MAX) {
        struct line_file f = {.name = text(r)};
        if (r->in.bad || !*f.name)
            break;
        f.dir = read_uleb(&r->in);
        read_uleb(&r->in); /* time */
        read_uleb(&r->in); /* size */
        vec_push(a, &out->names, f);
    }
}

void line_files_read(struct arena *a, struct bytes lines, uint64_t offset, struct bytes strings,
                     struct bytes line_strings, struct line_files *out)
{
    if (offset > lines.n)
        return;
    struct header r = {.in.p = (const uint8_t *)lines.p + offset,
                       .in.end = (const uint8_t *)lines.p + lines.n,
                       .offset_size = 4,
                       .strings = strings,
                       .line_strings = line_strings};
    uint64_t size = read_fixed(&r.in, 4);
    if (size == 0xffffffff) {
        size = read_fixed(&r.in, 8);
        r.offset_size = 8;
    }
    if (r.in.bad || size > (uint64_t)(r.in.end - r.in.p))
        return;
    r.in.end = r.in.p + size;
    unsigned version = (unsigned)read_fixed(&r.in, 2);
    if (version < 2 || version > 5)
        return;
    if (version >= 5)
        skip(&r, 2); /* sizes of addresses and segments */
    read_fixed(&r.in, (unsigned)r.offset_size);
    skip(&r, version >= 4 ? 5 : 4);
    uint64_t opcodes = read_fixed(&r.in, 1);
    skip(&r, opcodes ? opcodes - 1 : 0);
    if (version >= 5) {
        entries(&r, a, true, out);
        entries(&r, a, false, out);
    } else {
        lists(&r, a, out);
    }
    if (r.in.bad)
        out->names.n = out->dirs.n = 0;
}
