/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of images: what is written is read again, and no damage goes unnoticed or does harm. */
#include "bpf/stapo.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "tests/check.h"

static struct bpf_insn insns[] = {
    {.code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD},
    {0},
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0},
    {.code = BPF_JMP | BPF_EXIT},
};

static struct image_probe make_probe(struct arena *a)
{
    static const struct source src = {.name = "x.stp", .text = "# one\nprobe begin {}", .len = 20};
    struct token *tok = arena_new_obj(a, struct token);
    *tok = (struct token){.type = TOK_IDENT, .text = "begin", .src = &src, .line = 2, .col = 7};
    struct attach_place *place = arena_new_obj(a, struct attach_place);
    *place = (struct attach_place){.pp = "begin", .offset = 1ull << 40, .pid = 7};
    struct image_probe p = {.pp = "begin",
                            .script_pp = "begin",
                            .derivation = "begin",
                            .tok = tok,
                            .points = {.places = place, .n = 1},
                            .nr = -1,
                            .nr32 = CALL_NONE,
                            .waits = true};
    for (size_t i = 0; i < sizeof insns / sizeof *insns; i++)
        vec_push(a, &p.code.insns, insns[i]);
    vec_push(a, &p.code.relocs, (struct reloc){.kind = RELOC_MAP, .number = IR_MAP_FIRST});
    vec_push(a, &p.code.subs, (struct subprog){.name = "handler", .nargs = 1});
    return p;
}

static struct bpf_image *make_image(struct arena *a)
{
    struct bpf_image *img = arena_new_obj(a, struct bpf_image);
    const char *wrong;
    img->arena = a;
    img->origin = (struct image_origin){.script = "x.stp", .release = "6.1"};
    vec_push(a, &img->settings.defines, (struct define){"MAXACTION", "5"});
    vec_push(a, &img->maps, (struct ir_map){.name = "m", .key_size = 8, .value_size = 8});
    struct ir_format f = {0};
    CHECK(!parse_format(a, "a=%d\n", &f.parts));
    struct fmt_part names = {.conv = FMT_NAMES, .width = -1, .prec = -1};
    names.data = names_parse(a, "A=1 B=2", false, &wrong);
    vec_push(a, &f.parts, names);
    vec_push(a, &f.parts, (struct fmt_part){.conv = FMT_NESTED, .width = -1, .prec = -1});
    vec_push(a, &img->formats, f);
    vec_push(a, &img->positions, (struct ir_pos){"near x"});
    vec_push(a, &img->messages, "division by 0");
    vec_push(a, &img->hists, (struct ir_hist){.nbuckets = HIST_LOG_BUCKETS});
    vec_push(a, &img->programs, "/bin/true");
    img->maxstringlen = 512;
    img->context.size = 64 << 10;
    img->globals_size = sizeof(struct abi_session) + 16;
    img->globals_init = arena_alloc(a, img->globals_size);
    vec_push(a, &img->globals, (struct ir_global){"n", false, sizeof(struct abi_session), 8});
    img->rodata_size = sizeof(struct abi_const) + 64;
    img->rodata = arena_alloc(a, img->rodata_size);
    vec_push(a, &img->probes, make_probe(a));
    return img;
}

static void round_trip(void)
{
    struct arena *a = arena_new();
    struct strbuf one = {0}, two = {0};
    const char *why = "";
    stapo_write(&one, make_image(a));
    struct bpf_image *img = stapo_read(a, one.p, one.n, &why);
    CHECK(img != NULL);
    if (!img)
        return;
    stapo_write(&two, img);
    CHECK(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
    CHECK_STR(img->probes.v[0].tok->src->name, "x.stp");
    CHECK(img->probes.v[0].points.places[0].offset == 1ull << 40);
    CHECK(vec_last(img->formats.v[0].parts).data == img);
    strbuf_free(&one);
    strbuf_free(&two);
    arena_free(a);
}

/* The reason for one change of a good file. */
static const char *reason(struct arena *a, const struct strbuf *good, size_t at, char with)
{
    const char *why = "";
    char *copy = malloc(good->n);
    memcpy(copy, good->p, good->n);
    copy[at] ^= with;
    if (stapo_read(a, copy, good->n, &why))
        why = "it was taken";
    free(copy);
    return why;
}

static void damage_is_noticed(void)
{
    struct arena *a = arena_new();
    struct strbuf good = {0};
    const char *why;
    stapo_write(&good, make_image(a));
    for (size_t i = 0; i < good.n; i++)
        for (int bit = 0; bit < 8; bit += 3)
            if (strcmp(reason(a, &good, i, (char)(1 << bit)), "it was taken") == 0) {
                CHECK(!"a changed byte was not noticed");
                return;
            }
    CHECK_STR(reason(a, &good, 0, 1), "is no file that stap -p4 has written");
    CHECK_STR(reason(a, &good, 5, 7), "is damaged: its beginning is not whole");
    CHECK_STR(reason(a, &good, 9, 1), "is damaged: its header was changed");
    CHECK_STR(reason(a, &good, good.n - 1, 1),
              "is damaged: its checksum is not that of its contents");
    bool refused = true;
    for (size_t n = 0; n < good.n; n++) {
        /* In memory of its own: a byte read behind it is seen. */
        char *part = malloc(n + 1);
        memcpy(part, good.p, n);
        refused &= !stapo_read(a, part, n, &why);
        free(part);
    }
    CHECK(refused);
    CHECK(strncmp(why, "is cut off: ", 12) == 0);
    strbuf_free(&good);
    arena_free(a);
}

/* What gets past the checksum is read within bounds; what is accepted can be written. */
static void bodies_do_no_harm(void)
{
    struct arena *outer = arena_new();
    struct strbuf good = {0};
    stapo_write(&good, make_image(outer));
    size_t n = good.n - STAPO_HEADER;
    unsigned long seed = 1, accepted = 0;
    bool told = true;
    for (int round = 0; round < 20000; round++) {
        struct arena *a = arena_new();
        char *body = malloc(n);
        const char *why = NULL;
        memcpy(body, good.p + STAPO_HEADER, n);
        for (int k = 0; k <= round % 4; k++) {
            static const unsigned char odd[] = {0, 1, 0x7f, 0x80, 0xff};
            seed = seed * 6364136223846793005ul + 1442695040888963407ul;
            unsigned char with = (unsigned char)(seed >> 50);
            body[(seed >> 33) % n] = (char)(round & 1 ? odd[with % sizeof odd] : with);
        }
        struct bpf_image *img = stapo_read_body(a, body, n, &why);
        told &= img || why;
        if (img) {
            struct strbuf again = {0};
            stapo_write(&again, img);
            strbuf_free(&again);
            accepted++;
        }
        free(body);
        arena_free(a);
    }
    CHECK(told);
    CHECK(accepted > 100 && accepted < 19900);
    strbuf_free(&good);
    arena_free(outer);
}

int main(void)
{
    round_trip();
    damage_is_noticed();
    bodies_do_no_harm();
    return check_report();
}
