/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image from a file on the kernel that it finds. */
#include "bpf/relocate.h"

#include <linux/btf.h>
#include <string.h>

#include "debuginfo/btf.h"

/* ---- facts ---- */

static bool needs_are_met(struct session *s, const struct bpf_image *img,
                          const struct fact_value *values, const char *const *missing)
{
    (void)values;
    vec_for (i, img->needs)
        if (missing[img->needs.v[i].fact - 1]) {
            diag_error(&s->diag, "%s", img->needs.v[i].why);
            return false;
        }
    return true;
}

/* Instructions of `p` that want what is not there; the reason, or NULL. */
static const char *missing_in(const struct image_probe *p, const char *const *missing)
{
    vec_for (k, p->code.relocs) {
        const struct reloc *r = &p->code.relocs.v[k];
        if (r->kind == RELOC_FACT && missing[r->number])
            return missing[r->number];
    }
    return NULL;
}

static void warn_of_optional(struct session *s, const struct bpf_image *img,
                             const struct fact_value *values)
{
    size_t n = 0;
    const struct kernel_fact *first = NULL;
    vec_for (i, img->facts)
        if (img->facts.v[i].optional && !values[i].known) {
            first = first ? first : &img->facts.v[i];
            n++;
        }
    if (n)
        diag_warning(&s->diag, NULL,
                     "%zu member%s of structures that are printed whole %s not there on this "
                     "kernel and shown as 0 (such as '%s' of %s)",
                     n, n == 1 ? "" : "s", n == 1 ? "is" : "are", first->name, first->root + 2);
}

const struct fact_value *relocate_look_up(struct session *s, const struct bpf_image *img)
{
    struct fact_value *values = arena_new_array(s->arena, struct fact_value, img->facts.n + 1);
    const char **missing = arena_new_array(s->arena, const char *, img->facts.n + 1);
    vec_for (i, img->facts) {
        const char *why = NULL;
        if (!fact_look_up(s, &img->facts.v[i], &values[i], &why))
            missing[i] = why ? why : "something is missing";
    }
    if (!needs_are_met(s, img, values, missing))
        return NULL;
    vec_for (i, img->probes) {
        const struct image_probe *p = &img->probes.v[i];
        const char *why = missing_in(p, missing);
        if (why) {
            diag_error(&s->diag, "probe %s cannot run here: %s", p->pp, why);
            return NULL;
        }
    }
    warn_of_optional(s, img, values);
    return values;
}

static void fill(struct bpf_insn *in, const struct fact_value *v, uint32_t part)
{
    uint64_t n = v->part[part];
    switch (BPF_CLASS(in->code)) {
    case BPF_LD:
        in[0].imm = (int32_t)n;
        in[1].imm = (int32_t)(n >> 32);
        break;
    case BPF_LDX:
        in->off = (int16_t)n;
        break;
    default:
        in->imm = (int32_t)n;
        if (part == PART_RIGHT)
            in->code =
                (uint8_t)(BPF_CLASS(in->code) | BPF_SRC(in->code) | (v->sign ? BPF_ARSH : BPF_RSH));
    }
}

void relocate_fill(const struct image_probe *p, struct bpf_insn *insns,
                   const struct fact_value *values)
{
    vec_for (i, p->code.relocs) {
        const struct reloc *r = &p->code.relocs.v[i];
        if (r->kind == RELOC_FACT)
            fill(&insns[r->insn], &values[r->number], r->offset);
    }
}

void relocate_timers(const struct session *s, struct bpf_image *img)
{
    uint64_t here = 0;
    vec_for (i, img->probes) {
        struct image_probe *p = &img->probes.v[i];
        if (p->hz && !here) /* it takes some time to read */
            here = (uint64_t)kernel_hz(s);
        if (!p->hz || p->hz == here)
            continue;
        double scale = (double)p->hz / (double)here;
        p->interval_ns = (uint64_t)((double)p->interval_ns * scale);
        p->random_ns = (uint64_t)((double)p->random_ns * scale);
        p->hz = (uint32_t)here;
    }
}

bool relocate_places(struct session *s, struct bpf_image *img)
{
    vec_for (i, img->probes) {
        struct attach_points *a = &img->probes.v[i].points;
        for (size_t k = 0; k < a->n; k++) {
            const char *why;
            if (attach_verify(s, a->kind, &a->places[k], &why))
                continue;
            diag_error(&s->diag, "probe %s cannot run here: %s", a->places[k].pp, why);
            return false;
        }
    }
    return true;
}

/* ---- numbers of types ---- */

bool relocate_type(struct session *s, const struct image_probe *p, uint32_t *id)
{
    const char *name = NULL, *why;
    enum attach_kind kind = p->points.kind;
    *id = p->btf_id;
    if (p->points.prog != PROG_TRACING)
        return true;
    if (kind == ATTACH_SYSCALL_ENTER || kind == ATTACH_SYSCALL_EXIT)
        name = kind == ATTACH_SYSCALL_ENTER ? "btf_trace_sys_enter" : "btf_trace_sys_exit";
    else if (kind == ATTACH_TRACEPOINT)
        name = arena_printf(s->arena, "btf_trace_%s", p->tracepoint);
    struct kernel_btf *b = session_btf(s, &why);
    *id = b && name ? kbtf_find(b, name, BTF_KIND_TYPEDEF) : 0;
    if (!b)
        diag_error(&s->diag, "probe %s cannot run here: %s", p->pp, why);
    else if (!*id)
        diag_error(&s->diag, "probe %s cannot run here: this kernel has no such tracepoint", p->pp);
    return *id != 0;
}
