/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of pass 4: the program, the module and the instructions become the image. */
#include <string.h>

#include "base/hash.h"
#include "bpf/image.h"
#include "bpf/rtlib.h"
#include "probes/provider.h"

static void place(struct session *s, const struct probe *p, struct attach_place *out)
{
    out->pp = p->pp;
    out->name = p->attach.name;
    if (p->provider && p->provider->place)
        p->provider->place(p, out);
    if (s->portable)
        attach_identify(s, p->attach.kind, out);
}

static struct image_probe make_probe(struct session *s, const struct gen_prog *g)
{
    struct arena *a = s->arena;
    const struct probe *p = g->ir->probe;
    const struct attach_point *at = &p->attach;
    size_t n = p->also.n + 1;
    struct image_probe out = {
        .pp = p->pp,
        .script_pp = p->script_pp ? p->script_pp : p->pp,
        .derivation = p->derivation  ? p->derivation
                      : p->script_pp ? p->script_pp
                                     : p->pp,
        .tok = p->tok,
        .points = {.kind = at->kind,
                   .prog = at->prog,
                   .places = arena_new_array(a, struct attach_place, n),
                   .n = n},
        .interval_ns = at->interval_ns,
        .random_ns = at->random_ns,
        .hz = at->hz,
        .tracepoint = at->name,
        .module = at->module,
        .btf_id = at->btf_id,
        .nr = at->nr,
        .nr32 = at->nr32,
        .exit_after = at->exit_after,
        .waits = g->ir->waits,
        .code = g->code,
    };
    for (size_t i = 0; i < n; i++)
        place(s, i ? p->also.v[i - 1] : p, &out.points.places[i]);
    return out;
}

static unsigned uses(const struct ir_module *m)
{
    static const struct {
        const char *intrinsic;
        enum image_use use;
    } table[] = {{"print_stack", USE_STACKS},
                 {"user_symbol", USE_USER_SYMBOLS},
                 {"user_line", USE_USER_LINES}};
    unsigned u = m->uses_modules ? USE_MODULES : 0;
    vec_for (i, m->program->functions) {
        const char *name = m->program->functions.v[i]->intrinsic;
        for (size_t k = 0; name && k < sizeof table / sizeof *table; k++)
            u |= strcmp(name, table[k].intrinsic) == 0 ? table[k].use : 0u;
    }
    return u;
}

/* Formats inside formats are looked up in the image. */
static void make_formats(struct bpf_image *img, const struct ir_module *m)
{
    vec_for (i, m->formats) {
        struct ir_format f = m->formats.v[i];
        vec_for (k, f.parts)
            if (f.parts.v[k].conv == FMT_NESTED || f.parts.v[k].conv == FMT_USER_TEXT)
                f.parts.v[k].data = img;
        vec_push(img->arena, &img->formats, f);
    }
}

/* The facts that instructions or needs refer to: others were looked at and not used. */
static void make_facts(struct bpf_image *img, const struct session *s)
{
    uint32_t *number = arena_new_array(img->arena, uint32_t, s->facts.n + 1);
    vec_for (i, img->probes)
        vec_for (k, img->probes.v[i].code.relocs) {
            struct reloc *r = &img->probes.v[i].code.relocs.v[k];
            if (r->kind != RELOC_FACT)
                continue;
            if (!number[r->number]) {
                vec_push(img->arena, &img->facts, s->facts.v[r->number]);
                number[r->number] = (uint32_t)img->facts.n;
            }
            r->number = number[r->number] - 1;
        }
    vec_for (i, s->fact_needs) {
        vec_push(img->arena, &img->facts, s->facts.v[s->fact_needs.v[i].fact - 1]);
        vec_push(img->arena, &img->needs,
                 (struct fact_need){(uint32_t)img->facts.n, s->fact_needs.v[i].why});
    }
}

static void make_origin(struct bpf_image *img, const struct session *s)
{
    char at[256];
    const struct token *t = s->parse.kernel_condition;
    img->origin.script = s->script_name ? s->script_name : "<input>";
    img->origin.release = s->parse.kernel_vr ? s->parse.kernel_vr : "";
    img->origin.name = s->image_name;
    if (t)
        img->origin.condition =
            arena_printf(img->arena, "%s at %s", t->text, token_position(t, at, sizeof at));
    vec_for (i, s->defines)
        vec_push(img->arena, &img->settings.defines, s->defines.v[i]);
    img->settings.suppress_handler_errors = s->suppress_handler_errors;
    img->settings.timing = s->timing;
    img->settings.timeout_ns = (uint64_t)(s->timeout_s * 1e9);
}

struct bpf_image *image_make(struct generation *gen)
{
    const struct ir_module *m = gen->mod;
    struct arena *a = m->arena;
    struct bpf_image *img = arena_new_obj(a, struct bpf_image);
    img->arena = a;
    make_origin(img, gen->session);
    vec_for (i, gen->progs)
        vec_push(a, &img->probes, make_probe(gen->session, gen->progs.v[i]));
    make_facts(img, gen->session);
    vec_for (i, m->maps) {
        vec_push(a, &img->maps, m->maps.v[i]);
        vec_last(img->maps).var = NULL;
    }
    make_formats(img, m);
    vec_for (i, m->positions)
        vec_push(a, &img->positions, m->positions.v[i]);
    vec_for (i, m->messages)
        vec_push(a, &img->messages, m->messages.v[i]);
    vec_for (i, m->hists)
        vec_push(a, &img->hists, m->hists.v[i]);
    vec_for (i, m->globals)
        vec_push(a, &img->globals, m->globals.v[i]);
    const struct hash *programs = gen->session->modules;
    for (size_t i = 0; programs && i < programs->n; i++)
        vec_push(a, &img->programs, programs->entries[i].key);
    img->uses = uses(m);
    img->timing_map = m->timing_map;
    img->maxstringlen = m->maxstringlen;
    img->context.size = gen->layout.size;
    img->context.out_size = gen->layout.out_size;
    img->context.regex_off = gen->layout.regex_off;
    img->globals_size = m->globals_size;
    img->globals_init = m->globals_init;
    img->script_rodata_off = gen->script_rodata_off;
    img->rodata_size = gen->script_rodata_off + m->rodata_size + 8;
    char *ro = arena_alloc(a, img->rodata_size);
    memcpy(ro + gen->lib_rodata_off, rtlib_rodata, rtlib_rodata_size);
    if (m->rodata_size)
        memcpy(ro + gen->script_rodata_off, m->rodata, m->rodata_size);
    img->rodata = ro;
    return img;
}
