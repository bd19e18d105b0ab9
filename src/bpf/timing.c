/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -t: the table at the end. */
#include <stdlib.h>

#include "base/bpfcall.h"
#include "base/strbuf.h"
#include "bpf/running.h"

/* Of all CPUs; hits 0: it never ran. */
static struct abi_timing sum(const struct bpf_running *r, uint32_t handler, struct abi_timing *cpus)
{
    struct abi_timing all = {0};
    if (bpfcall_get(r->maps[r->img->timing_map], &handler, cpus) != 0)
        return all;
    for (uint32_t i = 0; i < r->ncpus; i++) {
        const struct abi_timing *t = &cpus[i];
        if (!t->hits)
            continue;
        all.min = !all.hits || t->min < all.min ? t->min : all.min;
        all.max = t->max > all.max ? t->max : all.max;
        all.hits += t->hits;
        all.sum += t->sum;
        all.squares += t->squares;
    }
    return all;
}

static double variance(const struct abi_timing *t)
{
    double n = (double)t->hits, mean = (double)t->sum / n;
    double squares = (double)t->squares / n;
    return squares > mean * mean ? squares - mean * mean : 0;
}

void bpf_report_timing(const struct bpf_running *r, struct strbuf *out, double cycles)
{
    struct abi_timing *cpus = calloc(r->ncpus, sizeof *cpus);
    if (!cpus || !r->img->timing_map)
        return;
    strbuf_puts(out, "----- probe hit report: \n");
    vec_for (i, r->img->probes) {
        const struct image_probe *p = &r->img->probes.v[i];
        struct abi_timing t = sum(r, (uint32_t)i, cpus);
        if (!t.hits)
            continue;
        strbuf_printf(out, "%s, (%s:%d:%d), hits: %llu, ", p->pp, p->tok ? p->tok->src->name : "",
                      p->tok ? p->tok->line : 0, p->tok ? p->tok->col : 0,
                      (unsigned long long)t.hits);
        strbuf_printf(out,
                      "cycles: %.0fmin/%.0favg/%.0fmax, variance: %.0f, from: %s, index: %zu\n",
                      (double)t.min * cycles, (double)t.sum * cycles / (double)t.hits,
                      (double)t.max * cycles, variance(&t) * cycles * cycles, p->derivation, i);
    }
    free(cpus);
}
