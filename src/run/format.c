/* SPDX-License-Identifier: GPL-2.0-or-later */
/* printf conversions of records.  The formatter in BPF passes the same vectors
 * (tests/run/format_vectors.h).  Where it differs from C's printf: `#` writes
 * its prefix before 0 too, and a precision does not cancel zero padding. */
#include <string.h>

#include "base/names.h"
#include "run/private.h"

enum { WIDTH_MAX = 8192, DIGITS_MAX = 24 };

static const char pairs[201] = "00010203040506070809101112131415161718192021222324"
                               "25262728293031323334353637383940414243444546474849"
                               "50515253545556575859606162636465666768697071727374"
                               "75767778798081828384858687888990919293949596979899";

/* Digits of `v`, written backwards from `end`; the first one. */
static char *decimal(char *end, u64 v)
{
    while (v >= 100) {
        unsigned r = (unsigned)(v % 100) * 2;
        v /= 100;
        *--end = pairs[r + 1];
        *--end = pairs[r];
    }
    if (v >= 10) {
        *--end = pairs[v * 2 + 1];
        *--end = pairs[v * 2];
    } else {
        *--end = (char)('0' + v);
    }
    return end;
}

static char *power_of_two(char *end, u64 v, unsigned bits, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
        *--end = digits[v & ((1u << bits) - 1)];
        v >>= bits;
    } while (v);
    return end;
}

static void fill(struct strbuf *out, char c, long n)
{
    if (n > 0) {
        memset(strbuf_room(out, (size_t)n), c, (size_t)n);
        out->n += (size_t)n;
    }
}

static void padded(struct strbuf *out, const char *s, size_t n, const struct fmt_part *p)
{
    long pad = p->width > 0 ? (long)p->width - (long)n : 0;
    if (!(p->flags & FMTF_MINUS))
        fill(out, ' ', pad);
    strbuf_add(out, s, n);
    if (p->flags & FMTF_MINUS)
        fill(out, ' ', pad);
}

static void number(struct strbuf *out, const struct fmt_part *p, s64 v)
{
    char digits[DIGITS_MAX], prefix[3];
    char *end = digits + DIGITS_MAX, *d;
    long nprefix = 0;
    bool alt = (p->flags & FMTF_ALT) || p->conv == FMT_POINTER;
    switch (p->conv) {
    case FMT_SIGNED:
        d = decimal(end, v < 0 ? 0 - (u64)v : (u64)v);
        if (v < 0)
            prefix[nprefix++] = '-';
        else if (p->flags & FMTF_PLUS)
            prefix[nprefix++] = '+';
        else if (p->flags & FMTF_SPACE)
            prefix[nprefix++] = ' ';
        break;
    case FMT_UNSIGNED:
        d = decimal(end, (u64)v);
        break;
    case FMT_OCTAL:
        d = power_of_two(end, (u64)v, 3, false);
        if (alt)
            prefix[nprefix++] = '0';
        break;
    default:
        d = power_of_two(end, (u64)v, 4, p->conv == FMT_HEX_UPPER);
        if (alt) {
            prefix[nprefix++] = '0';
            prefix[nprefix++] = p->conv == FMT_HEX_UPPER ? 'X' : 'x';
        }
    }
    long n = end - d;
    long zeros = p->prec > n ? p->prec - n : 0;
    long pad = p->width - (nprefix + zeros + n);
    if (pad < 0)
        pad = 0;
    if ((p->flags & FMTF_ZERO) && !(p->flags & FMTF_MINUS)) {
        zeros += pad;
        pad = 0;
    }
    if (!(p->flags & FMTF_MINUS))
        fill(out, ' ', pad);
    strbuf_add(out, prefix, (size_t)nprefix);
    fill(out, '0', zeros);
    strbuf_add(out, d, (size_t)n);
    if (p->flags & FMTF_MINUS)
        fill(out, ' ', pad);
}

/* %c; with `#`, what does not print is written as in a C string. */
static void character(struct strbuf *out, const struct fmt_part *p, s64 v)
{
    static const char from[] = "\a\b\f\n\r\t\v'\\", to[] = "abfnrtv'\\";
    unsigned char c = (unsigned char)v;
    char text[4] = {(char)c};
    size_t n = 1;
    const char *at = c ? strchr(from, c) : NULL;
    if ((p->flags & FMTF_ALT) && (at || c < 0x20 || c > 0x7e)) {
        text[0] = '\\';
        if (at) {
            text[1] = to[at - from];
            n = 2;
        } else {
            text[1] = (char)('0' + (c >> 6));
            text[2] = (char)('0' + (c >> 3 & 7));
            text[3] = (char)('0' + (c & 7));
            n = 4;
        }
    }
    padded(out, text, n, p);
}

static int binary_size(int n)
{
    return n == 1 || n == 2 || n == 4 || n == 8 ? n : -1;
}

/* %b: the value's bytes as they are in memory, filled with NULs to the width. */
static void binary(struct strbuf *out, const struct fmt_part *p, s64 v)
{
    int size = binary_size(p->prec), width = p->width;
    if (size < 0)
        size = binary_size(width);
    if (size < 0)
        size = 8;
    if (!(p->flags & FMTF_MINUS))
        fill(out, 0, (long)width - size);
    strbuf_add(out, &v, (size_t)size); /* little-endian: the low bytes come first */
    if (p->flags & FMTF_MINUS)
        fill(out, 0, (long)width - size);
}

static void memory_hex(struct strbuf *out, const struct fmt_part *p, const char *s, size_t n)
{
    long pad = (long)p->width - (long)n * 2;
    if (!(p->flags & FMTF_MINUS))
        fill(out, ' ', pad);
    for (size_t i = 0; i < n; i++) {
        strbuf_putc(out, "0123456789abcdef"[(unsigned char)s[i] >> 4]);
        strbuf_putc(out, "0123456789abcdef"[s[i] & 15]);
    }
    if (p->flags & FMTF_MINUS)
        fill(out, ' ', pad);
}

bool record_long(struct cursor *c, s64 *v)
{
    if (c->end - c->p < 8)
        return false;
    memcpy(v, c->p, 8);
    c->p += 8;
    return true;
}

bool record_string(struct cursor *c, const char **s, size_t *n, size_t *cap)
{
    struct rec_str h;
    if (c->end - c->p < (long)sizeof h)
        return false;
    memcpy(&h, c->p, sizeof h);
    c->p += sizeof h;
    if ((size_t)(c->end - c->p) < h.cap)
        return false;
    *s = c->p;
    *n = strnlen(c->p, h.cap);
    if (cap)
        *cap = h.reserved && h.reserved <= h.cap ? h.reserved : h.cap;
    c->p += h.cap;
    return true;
}

/* `*`: what is negative counts as 0. */
static bool star(struct cursor *c, int *value)
{
    s64 v;
    if (!record_long(c, &v))
        return false;
    int n = (int)v; /* as an int argument in C */
    *value = n < 0 ? 0 : n > WIDTH_MAX ? WIDTH_MAX : n;
    return true;
}

static bool conversion(struct strbuf *out, struct fmt_part p, struct cursor *c)
{
    if (p.width_arg && !star(c, &p.width))
        return false;
    if (p.prec_arg && !star(c, &p.prec))
        return false;
    if (p.conv == FMT_STRING || p.conv == FMT_MEMORY_M || p.conv == FMT_MEMORY_HEX) {
        const char *s;
        size_t n, cap;
        if (!record_string(c, &s, &n, &cap))
            return false;
        if (p.conv != FMT_STRING) {
            n = p.prec > 0 ? (size_t)p.prec : 1;
            if (n > cap)
                n = cap;
        } else if (p.prec >= 0 && n > (size_t)p.prec) {
            n = (size_t)p.prec;
        }
        if (p.conv == FMT_MEMORY_HEX)
            memory_hex(out, &p, s, n);
        else
            padded(out, s, n, &p);
        if (p.conv == FMT_STRING && p.flags & FMTF_ZERO)
            strbuf_putc(out, 0); /* as the original does */
        return true;
    }
    s64 v;
    if (!record_long(c, &v))
        return false;
    if (p.conv == FMT_CHAR)
        character(out, &p, v);
    else if (p.conv == FMT_BINARY)
        binary(out, &p, v);
    else
        number(out, &p, v);
    return true;
}

/* The character of `n` bytes at s, in UTF-8; a byte as it is where no valid sequence begins. */
static uint32_t utf8_at(const unsigned char *s, size_t n, size_t *bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t k = (s[0] & 0xe0) == 0xc0   ? 2
               : (s[0] & 0xf0) == 0xe0 ? 3
               : (s[0] & 0xf8) == 0xf0 ? 4
                                       : 1;
    uint32_t code = k == 1 ? s[0] : s[0] & (0x7fu >> k);
    *bytes = 1;
    for (size_t i = 1; i < k; i++) {
        if (i >= n || (s[i] & 0xc0) != 0x80)
            return s[0];
        code = code << 6 | (s[i] & 0x3f);
    }
    if (k == 1 || code < least[k] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return s[0];
    *bytes = k;
    return code;
}

/* In quotes, with escapes, as string_quoted() does it in the kernel (bpf/lib/string.bpf.c):
 * `most` characters, of which the last four are kept for the quote and three dots. */
static void quoted(struct strbuf *out, const char *s, size_t n, size_t most)
{
    static const char from[] = "\a\b\f\n\r\t\v\"\\", to[] = "abfnrtv\"\\";
    size_t start = out->n, keep = 1, used = 1, bytes;
    strbuf_putc(out, '"');
    for (size_t i = 0; i < n; i += bytes) {
        uint32_t c = utf8_at((const unsigned char *)s + i, n - i, &bytes);
        const char *at = c && c < 128 ? strchr(from, (int)c) : NULL;
        size_t len = bytes > 1 ? (c > 0xffff ? 10 : 6) : at ? 2 : c >= 32 && c < 127 ? 1 : 4;
        if (used + len > most - 1) {
            out->n = start + keep;
            strbuf_puts(out, "\"...");
            return;
        }
        if (bytes > 1)
            strbuf_printf(out, c > 0xffff ? "\\U%08X" : "\\u%04X", c);
        else if (len == 1)
            strbuf_putc(out, (char)c);
        else if (len == 2)
            strbuf_add(out, (char[]){'\\', to[at - from]}, 2);
        else
            strbuf_printf(out, "\\%03o", c);
        used += len;
        if (used <= most - 4)
            keep = used;
    }
    strbuf_putc(out, '"');
}

static bool user_text(struct strbuf *out, const struct fmt_part *p, struct cursor *c)
{
    s64 addr;
    const char *s;
    size_t n, cap, most = ((const struct bpf_image *)p->data)->maxstringlen - 1;
    if (!record_long(c, &addr) || !record_string(c, &s, &n, &cap))
        return false;
    if (!addr)
        strbuf_puts(out, "NULL");
    else if (!cap)
        strbuf_printf(out, "0x%llx", (unsigned long long)addr);
    else
        quoted(out, s, n, most);
    return true;
}

static bool user_buffer(struct strbuf *out, const struct fmt_part *p, struct cursor *c)
{
    s64 addr, length;
    const char *s;
    size_t n, cap;
    if (!record_long(c, &addr) || !record_long(c, &length) || !record_string(c, &s, &n, &cap))
        return false;
    if (!cap)
        strbuf_printf(out, "0x%llx", (unsigned long long)addr);
    else
        quoted(out, s, (size_t)length < cap ? (size_t)length : cap, (size_t)p->prec);
    return true;
}

/* A format inside a format …; an image from a file may have one in itself. */
enum { NESTING_MAX = 64 };

static bool parts(struct strbuf *out, const fmt_vec *v, struct cursor *c, int depth);

/* What begins at `start` was a string in the script: it ends at a NUL or at `most` bytes. */
static void as_string(struct strbuf *out, size_t start, int most)
{
    size_t n = out->n - start, limit = most < 0 ? 0 : (size_t)most;
    if (n)
        n = strnlen(out->p + start, n < limit ? n : limit);
    out->n = start + n;
}

static bool nested(struct strbuf *out, const struct fmt_part *p, struct cursor *c, int depth)
{
    const struct bpf_image *m = p->data;
    s64 id;
    size_t start = out->n;
    if (depth >= NESTING_MAX || !record_long(c, &id) || (u64)id >= m->formats.n ||
        !parts(out, &m->formats.v[id].parts, c, depth + 1))
        return false;
    as_string(out, start, p->width);
    return true;
}

static bool names(struct strbuf *out, const struct fmt_part *p, struct cursor *c)
{
    s64 v;
    if (!record_long(c, &v))
        return false;
    names_print(out, p->data, (u64)v);
    return true;
}

static bool is_plain(const struct fmt_part *p)
{
    return p->width < 0 && p->prec < 0 && !p->flags && !p->width_arg && !p->prec_arg;
}

static bool parts(struct strbuf *out, const fmt_vec *v, struct cursor *c, int depth)
{
    size_t begun[STRINGS_MAX], nbegun = 0;
    vec_for (i, *v) {
        const struct fmt_part *p = &v->v[i];
        if (p->conv == FMT_LITERAL && p->flags) {
            if (p->flags == FMTF_BEGIN && nbegun < STRINGS_MAX)
                begun[nbegun++] = out->n;
            else if (p->flags == FMTF_END && nbegun)
                as_string(out, begun[--nbegun], p->width);
        } else if (p->conv == FMT_LITERAL) {
            strbuf_add(out, p->text, p->len);
        } else if (p->conv == FMT_SIGNED && is_plain(p)) {
            /* By far the most frequent. */
            s64 v;
            if (!record_long(c, &v))
                return false;
            char digits[DIGITS_MAX], *end = digits + DIGITS_MAX;
            char *d = decimal(end, v < 0 ? 0 - (u64)v : (u64)v);
            if (v < 0)
                *--d = '-';
            strbuf_add(out, d, (size_t)(end - d));
        } else if (p->conv >= FMT_NESTED) {
            if (!(p->conv == FMT_NESTED        ? nested(out, p, c, depth)
                  : p->conv == FMT_NAMES       ? names(out, p, c)
                  : p->conv == FMT_USER_BUFFER ? user_buffer(out, p, c)
                                               : user_text(out, p, c)))
                return false;
        } else if (!conversion(out, *p, c)) {
            return false;
        }
    }
    return true;
}

bool format_record(struct strbuf *out, const struct ir_format *f, const void *args, size_t len)
{
    struct cursor c = {args, (const char *)args + len};
    return parts(out, &f->parts, &c, 0);
}
