/* SPDX-License-Identifier: GPL-2.0-or-later */
/* @hist_log and @hist_linear as tables.
 *
 * Logarithmic buckets: number 64 counts zeros, 64 + n the positive values of n
 * bits, 64 - n the negative ones whose absolute value has n bits; a row is
 * labelled with the value in it that is nearest to zero.  Linear buckets: the
 * first counts what is below `low`, the last what is above `high`. */
#include <stdio.h>
#include <string.h>

#include "run/private.h"

enum { ZERO_BUCKET = 64, MARGIN = 2 };

struct rows {
    long first, last; /* buckets that are shown, before elision */
    u64 largest;
};

static s64 label_of(const struct ir_hist *h, long i)
{
    if (h->linear) {
        /* The open ends are named after the limit beside them. */
        long step = i == 0 ? 0 : i - 1;
        if (i == (long)h->nbuckets - 1)
            step--;
        return (s64)((u64)h->low + (u64)step * (u64)h->step);
    }
    if (i == ZERO_BUCKET)
        return 0;
    if (i > ZERO_BUCKET)
        return (s64)(1ull << (i - ZERO_BUCKET - 1));
    return (s64)(0 - (1ull << (ZERO_BUCKET - 1 - i)));
}

static bool is_open_end(const struct ir_hist *h, long i)
{
    return h->linear && (i == 0 || i == (long)h->nbuckets - 1);
}

static struct rows choose_rows(const struct ir_hist *h, const u64 *n)
{
    struct rows r = {-1, 0, 0};
    long count = (long)h->nbuckets;
    for (long i = 0; i < count; i++) {
        if (!n[i])
            continue;
        if (r.first < 0)
            r.first = i;
        r.last = i;
        if (n[i] > r.largest)
            r.largest = n[i];
    }
    if (r.first < 0)
        return r;
    /* Two empty rows on either side; but no negative values where there are none. */
    long floor = !h->linear && r.first >= ZERO_BUCKET ? ZERO_BUCKET : 0;
    r.first = r.first - MARGIN > floor ? r.first - MARGIN : floor;
    r.last = r.last + MARGIN < count - 1 ? r.last + MARGIN : count - 1;
    if (is_open_end(h, r.first) && !n[r.first])
        r.first++;
    if (is_open_end(h, r.last) && !n[r.last])
        r.last--;
    return r;
}

static int print_label(char *buf, size_t size, const struct ir_hist *h, long i)
{
    const char *mark = !is_open_end(h, i) ? "" : i == 0 ? "<" : ">";
    return snprintf(buf, size, "%s%lld", mark, (long long)label_of(h, i));
}

static int digits(s64 v)
{
    return snprintf(NULL, 0, "%lld", (long long)v);
}

/* Scripts' readers compare tables with SystemTap's to the byte: the column of a
 * linear histogram is as wide as `low` and the limit above the last row. */
static int label_width(const struct ir_hist *h, const struct rows *r)
{
    int a, b, least = (int)strlen("value");
    if (h->linear) {
        a = digits(h->low) + is_open_end(h, r->first);
        b = digits((s64)((u64)h->low + (u64)h->step * (u64)r->last)) + is_open_end(h, r->last);
    } else {
        a = digits(label_of(h, r->first));
        b = digits(label_of(h, r->last));
    }
    int w = a > b ? a : b;
    return w > least ? w : least;
}

/* A row is left out when it and its neighbours up to `elision` away are empty. */
static bool is_elided(const u64 *n, const struct rows *r, long i, long elision)
{
    long from = i - elision > r->first ? i - elision : r->first;
    long to = i + elision < r->last ? i + elision : r->last;
    for (long k = from; k <= to; k++)
        if (n[k])
            return false;
    return true;
}

void format_hist(struct strbuf *out, const struct ir_hist *h, const u64 *n,
                 const struct hist_style *style)
{
    struct rows r = choose_rows(h, n);
    if (r.first < 0)
        return;
    char label[32];
    int width = label_width(h, &r);
    int count_width = snprintf(label, sizeof label, "%llu", (unsigned long long)r.largest);
    u64 bar = (u64)style->width;
    u64 scale = r.largest <= bar ? 1 : r.largest / bar + (r.largest % bar != 0);

    strbuf_printf(out, "%*s |", width, "value");
    memset(strbuf_room(out, bar), '-', bar);
    out->n += bar;
    strbuf_puts(out, " count\n");
    bool eliding = false;
    for (long i = r.first; i <= r.last; i++) {
        if (style->elision >= 0 && is_elided(n, &r, i, style->elision)) {
            eliding = true;
            continue;
        }
        if (eliding)
            strbuf_printf(out, "%*s ~\n", width, "");
        eliding = false;
        print_label(label, sizeof label, h, i);
        strbuf_printf(out, "%*s |", width, label);
        u64 marks = n[i] / scale;
        memset(strbuf_room(out, marks), '@', marks);
        out->n += marks;
        strbuf_printf(out, "%*llu\n", (int)(bar - marks) + 1 + count_width,
                      (unsigned long long)n[i]);
    }
    strbuf_putc(out, '\n');
}
