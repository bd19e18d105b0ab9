/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats of the print family. */
#include <stdlib.h>
#include <string.h>

#include "lang/parse.h"

static const struct fmt_part plain = {.width = -1, .prec = -1};

static void literal(struct arena *a, fmt_vec *out, const char *s, size_t n)
{
    if (!n)
        return;
    if (out->n && vec_last(*out).conv == FMT_LITERAL) {
        struct fmt_part *p = &vec_last(*out);
        char *joined = arena_alloc(a, p->len + n + 1);
        memcpy(joined, p->text, p->len);
        memcpy(joined + p->len, s, n);
        p->text = joined;
        p->len += n;
        return;
    }
    struct fmt_part p = plain;
    p.conv = FMT_LITERAL;
    p.text = arena_strndup(a, s, n);
    p.len = n;
    vec_push(a, out, p);
}

static bool flag_of(char c, uint8_t *flags)
{
    switch (c) {
    case '0':
        *flags |= FMTF_ZERO;
        return true;
    case '-':
        *flags |= FMTF_MINUS;
        return true;
    case '+':
        *flags |= FMTF_PLUS;
        return true;
    case ' ':
        *flags |= FMTF_SPACE;
        return true;
    case '#':
        *flags |= FMTF_ALT;
        return true;
    default:
        return false;
    }
}

static bool number(const char **p, int *out)
{
    if (**p < '0' || **p > '9')
        return false;
    long n = 0;
    for (; **p >= '0' && **p <= '9'; ++*p)
        if (n < 100000)
            n = n * 10 + (**p - '0');
    *out = (int)(n > 8192 ? 8192 : n);
    return true;
}

static bool conversion(const char **p, enum fmt_conv *conv)
{
    static const struct {
        char c;
        enum fmt_conv conv;
    } table[] = {
        {'d', FMT_SIGNED}, {'i', FMT_SIGNED},    {'u', FMT_UNSIGNED}, {'o', FMT_OCTAL},
        {'x', FMT_HEX},    {'X', FMT_HEX_UPPER}, {'p', FMT_POINTER},  {'c', FMT_CHAR},
        {'s', FMT_STRING}, {'b', FMT_BINARY},    {'m', FMT_MEMORY_M}, {'M', FMT_MEMORY_HEX},
    };
    if (**p == 'l') /* numbers are long anyway */
        ++*p;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (**p == table[i].c) {
            ++*p;
            *conv = table[i].conv;
            return true;
        }
    return false;
}

const char *parse_format(struct arena *a, const char *fmt, fmt_vec *out)
{
    for (const char *p = fmt; *p;) {
        size_t n = strcspn(p, "%");
        literal(a, out, p, n);
        p += n;
        if (!*p)
            break;
        p++;
        if (*p == '%') {
            literal(a, out, "%", 1);
            p++;
            continue;
        }
        struct fmt_part part = plain;
        if (*p && flag_of(*p, &part.flags)) /* one of them only */
            p++;
        if (*p == '*') {
            part.width_arg = true;
            p++;
        } else {
            number(&p, &part.width);
        }
        if (*p == '.') {
            p++;
            if (*p == '*') {
                part.prec_arg = true;
                p++;
            } else if (!number(&p, &part.prec)) {
                part.prec = 0;
            }
        }
        if (!conversion(&p, &part.conv))
            return "invalid or missing conversion specifier";
        if (part.conv == FMT_STRING && p[-2] == '.') /* "%.s" is the whole string */
            part.prec = -1;
        vec_push(a, out, part);
    }
    return NULL;
}

void fmt_of_print(struct arena *a, const struct expr *e, fmt_vec *out)
{
    const struct print *p = e->print;
    if (p->format) {
        vec_for (i, p->parts) {
            if (p->parts.v[i].conv == FMT_LITERAL)
                literal(a, out, p->parts.v[i].text, p->parts.v[i].len);
            else
                vec_push(a, out, p->parts.v[i]);
        }
        return;
    }
    vec_for (i, e->args) {
        if (i && p->delimited && p->delimiter)
            literal(a, out, p->delimiter, strlen(p->delimiter));
        struct fmt_part part = plain;
        part.conv = e->args.v[i]->type == TY_STRING ? FMT_STRING : FMT_SIGNED;
        vec_push(a, out, part);
    }
    if (p->newline)
        literal(a, out, "\n", 1);
}
