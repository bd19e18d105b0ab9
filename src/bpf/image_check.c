/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/image_check.h"

#include <stdio.h>
#include <string.h>

enum {
    INSNS_MAX = 1000000,
    ARGS_MAX = 5,
    CONTEXT_MAX = 64 << 20,
    GLOBALS_MAX = 1 << 30,
    WIDTH_LIMIT = 1 << 20,
    PSEUDO_CALL_KFUNC = 2,
    LDIMM64 = BPF_LD | BPF_IMM | BPF_DW,
};

static bool reloc_is_good(const struct bpf_image *img, const struct image_probe *p,
                          const struct reloc *r)
{
    const struct code *c = &p->code;
    if (r->insn >= c->insns.n)
        return false;
    switch (r->kind) {
    case RELOC_MAP:
    case RELOC_MAP_VALUE:
        return r->number < IR_MAP_FIRST + img->maps.n && r->insn + 1 < c->insns.n &&
               c->insns.v[r->insn].code == LDIMM64;
    case RELOC_FUNC:
        return true; /* done when it was linked */
    case RELOC_FACT:
        return r->number < img->facts.n && r->offset < PART_KINDS &&
               (c->insns.v[r->insn].code != LDIMM64 || r->insn + 1 < c->insns.n);
    default:
        return false;
    }
}

static bool code_is_good(const struct bpf_image *img, const struct image_probe *p)
{
    const struct code *c = &p->code;
    if (!c->insns.n || c->insns.n > INSNS_MAX || !c->subs.n)
        return false;
    vec_for (i, c->relocs)
        if (!reloc_is_good(img, p, &c->relocs.v[i]))
            return false;
    vec_for (i, c->subs) {
        const struct subprog *s = &c->subs.v[i];
        if (s->nargs > ARGS_MAX || s->start >= c->insns.n)
            return false;
    }
    vec_for (i, c->insns) {
        /* Functions of the kernel have numbers that only the running kernel knows. */
        const struct bpf_insn *in = &c->insns.v[i];
        if (in->code == (BPF_JMP | BPF_CALL) && in->src_reg == PSEUDO_CALL_KFUNC)
            return false;
        if (in->code == LDIMM64)
            i++;
    }
    return true;
}

static bool points_are_good(const struct image_probe *p)
{
    const struct attach_points *a = &p->points;
    enum attach_kind k = a->kind;
    bool user = k == ATTACH_UPROBE || k == ATTACH_URETPROBE;
    bool kernel = k == ATTACH_KPROBE || k == ATTACH_KRETPROBE;
    if (!a->n || (k == ATTACH_TRACEPOINT && !p->tracepoint))
        return false;
    if (k == ATTACH_TIMER && (p->interval_ns < 1000 || p->random_ns > INT64_MAX / 4))
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct attach_place *x = &a->places[i];
        if (k == ATTACH_PROCFS_READ || k == ATTACH_PROCFS_WRITE) {
            if (!x->path || x->maxsize > PROCFS_SIZE_MAX)
                return false;
        }
        if (k == ATTACH_WATCH && x->offset != 1 && x->offset != 2 && x->offset != 4 &&
            x->offset != 8)
            return false;
        if ((user && !x->path) || (kernel && !x->name) || x->pid < -1)
            return false;
    }
    return true;
}

static bool formats_are_good(const struct bpf_image *img)
{
    vec_for (i, img->formats)
        vec_for (k, img->formats.v[i].parts) {
            const struct fmt_part *p = &img->formats.v[i].parts.v[k];
            if (p->width < -1 || p->width > WIDTH_LIMIT || p->prec < -1 || p->prec > WIDTH_LIMIT ||
                (p->conv == FMT_USER_BUFFER && p->prec < 5))
                return false;
        }
    return true;
}

/* A root is a letter, a blank and what the letter says. */
static bool facts_are_good(const struct bpf_image *img)
{
    vec_for (i, img->facts) {
        const struct kernel_fact *f = &img->facts.v[i];
        bool named = strlen(f->root) > 2 && f->root[1] == ' ';
        bool place = named && strchr("par", f->root[0]);
        if (f->kind == FACT_FILE || f->kind == FACT_BUILD
                ? !f->name || (f->kind == FACT_BUILD && !f->path)
                : !named)
            return false;
        if (f->kind == FACT_MEMBER && !f->name)
            return false;
        /* Of these the code wants a function and a parameter. */
        if (f->kind == FACT_PLACE && (!place || f->root[0] == 'r' || !strchr(f->root + 2, ' ')))
            return false;
    }
    vec_for (i, img->needs)
        if (img->needs.v[i].fact < 1 || img->needs.v[i].fact > img->facts.n)
            return false;
    return true;
}

static bool hists_are_good(const struct bpf_image *img)
{
    vec_for (i, img->hists) {
        const struct ir_hist *h = &img->hists.v[i];
        if (h->linear ? h->nbuckets < 3 || h->nbuckets > HIST_LINEAR_MAX_BUCKETS + 3 || h->step < 1
                      : h->nbuckets != HIST_LOG_BUCKETS)
            return false;
    }
    return true;
}

static bool globals_are_good(const struct bpf_image *img)
{
    if (img->globals_size < sizeof(struct abi_session) || img->globals_size > GLOBALS_MAX)
        return false;
    vec_for (i, img->globals) {
        const struct ir_global *g = &img->globals.v[i];
        if (g->off < sizeof(struct abi_session) || g->off > img->globals_size ||
            g->size > img->globals_size - g->off || g->size < 1 ||
            (!g->is_string && g->size != sizeof(int64_t)))
            return false;
    }
    return true;
}

bool image_check(const struct bpf_image *img, const char **why)
{
    *why = "is damaged: it says what no stap writes";
    if (!globals_are_good(img) || !facts_are_good(img) || !formats_are_good(img) ||
        !hists_are_good(img))
        return false;
    if (img->rodata_size < sizeof(struct abi_const) || img->script_rodata_off > img->rodata_size ||
        img->context.size < sizeof(struct abi_ctx) || img->context.size > CONTEXT_MAX ||
        img->maxstringlen < 16 || img->maxstringlen > 32768)
        return false;
    if (img->timing_map) {
        uint32_t n = img->timing_map - IR_MAP_FIRST;
        if (n >= img->maps.n || img->maps.v[n].kind != IR_MAP_PERCPU_ARRAY ||
            img->maps.v[n].value_size != sizeof(struct abi_timing) || img->maps.v[n].key_size != 4)
            return false;
    }
    vec_for (i, img->probes)
        if (!points_are_good(&img->probes.v[i]) || !code_is_good(img, &img->probes.v[i]))
            return false;
    *why = NULL;
    return true;
}
