/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the passes one after the other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mark.h"
#include "base/plain.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/hand_over.h"
#include "cli/image_file.h"
#include "debuginfo/ksyms.h"
#include "lang/print.h"
#include "run/run.h"
#include "sema/sema.h"

struct passes {
    struct session *s;
    const struct options *o;
    VEC(struct ast_file *) files;
    struct program *program;
    struct ir_module *mod;
    struct bpf_image *image;
    struct pass_clock clock;
    const char *helper; /* runs the image in our place; NULL: we do */
};

static bool tells(const struct passes *p, int pass)
{
    return p->s->verbose + p->s->pass_verbose[pass - 1] > 0;
}

/* What a pass made goes to standard output. */
static int print_text(struct strbuf *text)
{
    size_t n = fwrite(text->p, 1, text->n, stdout);
    bool ok = n == text->n && fflush(stdout) == 0;
    strbuf_free(text);
    if (!ok) {
        fprintf(stderr, "ERROR: cannot write to standard output: %s\n", strerror(errno));
        clearerr(stdout);
    }
    return ok ? 0 : 1;
}

static int failed(const struct passes *p, int pass, const char *what)
{
    diag_flush(&p->s->diag);
    fprintf(stderr, "Pass %d: %s failed.  [man error::pass%d]\n", pass, what, pass);
    diag_summary(&p->s->diag);
    return 1;
}

/* ---- pass 1 ---- */

static bool declares_nothing(const struct ast_file *f)
{
    return f->order.n == 0;
}

/* NULL after a message about a file that cannot be read. */
static struct source *main_source(const struct passes *p)
{
    struct arena *a = p->s->arena;
    const struct options *o = p->o;
    if (o->script)
        return source_from_string(a, "<input>", o->script, strlen(o->script));
    if (!o->file)
        return source_from_string(a, "<input>", "", 0);
    const char *name = strcmp(o->file, "-") == 0 ? "<input>" : o->file;
    struct source *src = source_read(a, o->file, name);
    if (!src && errno == ENOENT)
        plain_print(stderr, "Input file '%s' is missing: %s\n", name, strerror(errno));
    else if (!src)
        plain_print(stderr, "Input file '%s' cannot be read: %s\n", name, strerror(errno));
    return src;
}

static void note_command_args(const struct passes *p)
{
    struct session *s = p->s;
    /* The library's argv has all of them. */
    vec_for (i, p->files)
        if (memmem(p->files.v[i]->src->text, p->files.v[i]->src->len, "argv", 4))
            return;
    for (size_t i = 0; i < s->parse.nargs; i++)
        if (!s->parse.args_used[i])
            diag_warning(&s->diag, NULL, "unused command line option $%zu/@%zu", i + 1, i + 1);
}

static bool parse_one(struct passes *p, struct source *src, unsigned *errors)
{
    struct session *s = p->s;
    src->privileged = s->guru;
    /* Library macros and operators with a name begin with @. */
    if (memchr(src->text, '@', src->len) && !s->parse.macros.n && !tapset_load_macros(s))
        return false;
    struct ast_file *f = parse_source(&s->parse, src, errors);
    if (f)
        vec_push(s->arena, &p->files, f);
    return f;
}

/* 0, or -1 when the next pass follows. */
static int pass_1(struct passes *p)
{
    struct session *s = p->s;
    unsigned errors = 0;
    pass_begin(&p->clock);
    struct source *src = main_source(p);
    if (!src)
        return failed(p, 1, "parse");
    bool ok = true;
    if (p->o->script || p->o->file)
        ok = parse_one(p, src, &errors);
    vec_for (i, p->o->additional) {
        const char *text = p->o->additional.v[i];
        ok &= parse_one(p, source_from_string(s->arena, "<input>", text, strlen(text)), &errors);
    }
    diag_flush(&s->diag);
    MARK(pass1b__start, s);
    if (errors)
        fprintf(stderr, "%u parse error%s.\n", errors, errors == 1 ? "" : "s");
    else if (ok && p->files.n && declares_nothing(p->files.v[0])) {
        plain_print(stderr, "Input file '%s' is empty.\n", p->files.v[0]->src->name);
        ok = false;
    }
    if (!ok || errors)
        return failed(p, 1, "parse");
    note_command_args(p);
    if (tells(p, 1))
        fprintf(stderr, "Pass 1: parsed user script and %zu library scripts using %s\n",
                tapset_open(s)->files.n, pass_usage(s->arena, &p->clock));
    if (s->last_pass > 1)
        return -1;
    struct strbuf text = {0};
    vec_for (i, p->files)
        print_file(&text, p->files.v[i]);
    return print_text(&text);
}

/* ---- passes 2 to 4 ---- */

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static size_t count_embeds(const struct passes *p)
{
    size_t n = 0;
    vec_for (i, p->files)
        n += p->files.v[i]->embedded.n;
    return n;
}

static int pass_2(struct passes *p)
{
    struct session *s = p->s;
    pass_begin(&p->clock);
    p->program = sema_elaborate(s, p->files.v, p->files.n);
    if (!p->program || (s->diag.warnings_are_errors && s->diag.errors))
        return failed(p, 2, "analysis");
    diag_summary(&s->diag);
    if (tells(p, 2)) {
        size_t np = p->program->probes.n, nf = p->program->functions.n;
        size_t ne = count_embeds(p), ng = p->program->globals.n;
        fprintf(stderr,
                "Pass 2: analyzed script: %zu probe%s, %zu function%s, %zu embed%s, %zu global%s "
                "using %s\n",
                np, plural(np), nf, plural(nf), ne, plural(ne), ng, plural(ng),
                pass_usage(s->arena, &p->clock));
    }
    if (s->last_pass > 2)
        return -1;
    struct strbuf text = {0};
    program_print(&text, p->program);
    return print_text(&text);
}

static int pass_3(struct passes *p)
{
    struct session *s = p->s;
    pass_begin(&p->clock);
    sema_merge(s, p->program);
    if (!sema_check_loops(s, p->program) || !(p->mod = ir_build(s, p->program)))
        return failed(p, 3, "translation");
    const char *wrong = ir_check(p->mod);
    if (wrong) {
        diag_error(&s->diag, "the translation is not well formed (please report): %s", wrong);
        return failed(p, 3, "translation");
    }
    if (tells(p, 3))
        fprintf(stderr, "Pass 3: translated to eBPF: %zu handler%s, %zu map%s using %s\n",
                p->mod->progs.n, plural(p->mod->progs.n), p->mod->maps.n, plural(p->mod->maps.n),
                pass_usage(s->arena, &p->clock));
    if (s->last_pass > 3)
        return -1;
    struct strbuf text = {0};
    ir_dump(&text, p->mod);
    return print_text(&text);
}

static int pass_4(struct passes *p)
{
    struct session *s = p->s;
    pass_begin(&p->clock);
    p->image = bpf_generate(s, p->mod);
    if (!p->image)
        return failed(p, 4, "compilation");
    if (tells(p, 4))
        fprintf(stderr, "Pass 4: generated eBPF instructions in %s\n",
                pass_times(s->arena, &p->clock));
    int rc = 0;
    if (s->dump_bpf) {
        struct strbuf text = {0};
        bpf_dump(&text, p->image);
        rc = print_text(&text);
    }
    if (s->portable && rc == 0)
        return image_file_write(s, p->image);
    if (p->helper && rc == 0)
        return hand_over(s, p->image, p->helper);
    return s->last_pass > 4 && rc == 0 ? -1 : rc;
}

/* ---- pass 5 ---- */

static int pass_5(struct passes *p)
{
    struct session *s = p->s;
    pass_begin(&p->clock);
    ksyms_forget();
    if (tells(p, 5))
        fprintf(stderr, "Pass 5: starting run.\n");
    struct bpf_running *r = bpf_load(s, p->image);
    if (!r)
        return failed(p, 5, "run");
    if (p->s->verbose + p->s->pass_verbose[4] > 1)
        fprintf(stderr, "Pass 5: loaded in %s\n", pass_times(s->arena, &p->clock));
    int rc = run_session(s, p->image, r);
    MARK(pass6__start, s);
    bpf_unload(r);
    MARK(pass6__end, s);
    if (tells(p, 5))
        fprintf(stderr, "Pass 5: run completed in %s\n", pass_times(s->arena, &p->clock));
    return rc;
}

int drive(struct session *s, const struct options *o)
{
    struct passes p = {.s = s, .o = o};
    MARK(pass0__start, s);
    MARK(pass0__end, s);
    MARK(pass1a__start, s);
    int rc = pass_1(&p);
    MARK(pass1__end, s);
    if (rc >= 0)
        return rc;
    const char *lacks = s->last_pass == 5 ? facts_privileges() : NULL;
    if (lacks && !(p.helper = hand_over_to(s->arena))) {
        diag_error(&s->diag, "%s", lacks);
        return 1;
    }
    if (p.helper) /* what this process cannot try is not tried */
        s->last_pass = 4;
    MARK(pass2__start, s);
    rc = pass_2(&p);
    MARK(pass2__end, s);
    if (rc >= 0)
        return rc;
    MARK(pass3__start, s);
    rc = pass_3(&p);
    MARK(pass3__end, s);
    if (rc >= 0)
        return rc;
    MARK(pass4__start, s);
    rc = pass_4(&p);
    MARK(pass4__end, s);
    if (rc >= 0)
        return rc;
    MARK(pass5__start, s);
    rc = pass_5(&p);
    MARK(pass5__end, s);
    return rc;
}
