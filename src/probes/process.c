/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process(…): functions, statements and marks of user programs and libraries,
 * as uprobes. */
#include "probes/process.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAMILY(prefix)                                                                             \
    {prefix ".function(S)", P_FUNCTION, "the start of a function, inlined instances too"},         \
        {prefix ".function(S).call", P_CALL, "the start of a function that is not inlined"},       \
        {prefix ".function(S).return", P_RETURN, "when a function returns"},                       \
        {prefix ".function(S).exported", P_EXPORTED, "the start of an exported function"},         \
        {prefix ".function(S).inline", P_INLINE, "the start of an inlined instance"},              \
        {prefix ".function(S).label(S)", P_LABEL, "a label in a function"},                        \
        {prefix ".function(S).callee(S)", P_CALLEE, "a function when that one calls it"},          \
        {prefix ".function(S).callee(S).call", P_CALLEE, "the same, not inlined"},                 \
        {prefix ".function(S).callee(S).return", P_CALLEE_RETURN, "when it returns to it"},        \
        {prefix ".function(S).callees", P_CALLEE, "all functions that it calls"},                  \
        {prefix ".function(S).callees(N)", P_CALLEE, "and what those call, N deep"},               \
        {prefix ".function(N)", P_FUNCTION, "the start of the function at an address"},            \
        {prefix ".function(N).call", P_CALL, "the same"},                                          \
        {prefix ".function(N).return", P_RETURN, "when that returns"},                             \
        {prefix ".statement(N)", P_STATEMENT, "the statement at an address of the file"},          \
        {prefix ".statement(N).nearest", P_NEAREST, "that or the one before"},                     \
        {prefix ".statement(N).absolute", P_ABSOLUTE, "any instruction"},                          \
        {prefix ".statement(S)", P_STATEMENT, "a line of a function: FUNCTION@FILE:LINE"},         \
        {prefix ".statement(S).nearest", P_NEAREST, "the line or the next one that has code"},     \
        {prefix ".plt", P_PLT, "every call of a function in another module"},                      \
        {prefix ".plt.return", P_PLT_RETURN, "when such a call returns"},                          \
        {prefix ".plt(S)", P_PLT, "a call of a function in another module"},                       \
        {prefix ".plt(S).return", P_PLT_RETURN, "when it returns"},                                \
        {prefix ".mark(S)", P_MARK, "a static mark of sys/sdt.h"},                                 \
    {                                                                                              \
        prefix ".provider(S).mark(S)", P_MARK, "a static mark of one provider"                     \
    }

static const struct probe_pattern patterns[] = {
    FAMILY("process(S)"),
    FAMILY("process(N)"),
    FAMILY("process"),
    FAMILY("process(S).library(S)"),
    FAMILY("process(N).library(S)"),
    FAMILY("process.library(S)"),
    {0},
};

/* ---- which program ---- */

static const char *argument(const struct probe_point *pp, const char *component)
{
    vec_for (i, pp->comps)
        if (strcmp(pp->comps.v[i].name, component) == 0 && pp->comps.v[i].arg)
            return pp->comps.v[i].arg->str;
    return NULL;
}

/* ---- which place in it ---- */

struct line_range {
    int first, last;
};

struct place {
    const char *function, *file;
    VEC(struct line_range) lines; /* none: any */
    bool every, relative;
};

static struct place parse_place(struct session *s, const char *text)
{
    struct place p = {0};
    const char *at = strchr(text, '@');
    p.function = at ? arena_strndup(s->arena, text, (size_t)(at - text)) : text;
    if (!at)
        return p;
    const char *colon = strpbrk(at + 1, ":+");
    p.file = colon ? arena_strndup(s->arena, at + 1, (size_t)(colon - at - 1)) : at + 1;
    if (!colon)
        return p;
    p.relative = *colon == '+';
    if (colon[1] == '*') {
        p.every = true;
        return p;
    }
    /* 12,20-25 */
    for (char *at = (char *)colon + 1, *end; at && *at; at = *end == ',' ? end + 1 : NULL) {
        struct line_range r;
        r.first = r.last = (int)strtol(at, &end, 10);
        if (*end == '-')
            r.last = (int)strtol(end + 1, &end, 10);
        vec_push(s->arena, &p.lines, r);
    }
    return p;
}

static bool file_is(const char *file, const char *pattern)
{
    if (!pattern || !*pattern)
        return true;
    if (!file)
        return false;
    size_t n = strlen(file), k = strlen(pattern);
    return fnmatch(pattern, file, 0) == 0 ||
           (n > k && file[n - k - 1] == '/' && strcmp(file + n - k, pattern) == 0);
}

/* ---- points ---- */

/* What .nearest takes when the line itself has no code. */
struct near {
    int line; /* 0: nothing yet */
    int wanted, distance;
};

struct walk {
    struct session *s;
    const struct probe_pattern *pat;
    const struct probe_point *pp;
    struct dw_module *m;
    const char *path;
    struct kernel_image *kernel; /* NULL: a program */
    pid_t pid;
    probe_vec *out;
    bool listing;
    struct near near;
};

/* A file as -l shows it: as it was named, unless that is a pattern. */
static const char *shown(const struct walk *w, const char *name)
{
    return w->listing && name && !strpbrk(name, "*?[") ? name : w->path;
}

static const char *prefix(struct walk *w)
{
    const char *name = argument(w->pp, "process"), *lib = argument(w->pp, "library");
    if (w->kernel)
        return w->kernel->name ? arena_printf(w->s->arena, "module(\"%s\")", w->kernel->name)
                               : "kernel";
    if (lib)
        return arena_printf(w->s->arena, "process(\"%s\").library(\"%s\")", name ? name : "",
                            shown(w, lib));
    return arena_printf(w->s->arena, "process(\"%s\")", shown(w, name));
}

enum { MANY = 5000, POINTS_MAX = 1 << 20 }; /* the latter is the kernel's limit for one link */

/* Patterns may match very much: on a terminal one sees that something goes on. */
static void show_progress(const struct walk *w)
{
    if (w->out->n % MANY == 0 && w->out->n && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%zu probe points in %s\033[K\r", w->out->n, w->path);
}

static void hide_progress(const probe_vec *out)
{
    if (out->n >= MANY && isatty(STDERR_FILENO))
        fputs("\033[K", stderr);
}

/* At a return instruction, seen from behind it. */
static struct moved_registers returning = {.n = 1};

static void add_one(struct walk *w, struct user_point u, const char *rest)
{
    struct session *s = w->s;
    show_progress(w);
    if (!process_place(s, &u))
        return;
    if (u.semaphore && !dw_file_offset(w->m, u.semaphore, &u.semaphore))
        u.semaphore = 0;
    enum attach_kind kind = w->kernel ? (u.is_return ? ATTACH_KRETPROBE : ATTACH_KPROBE)
                                      : (u.is_return ? ATTACH_URETPROBE : ATTACH_UPROBE);
    struct probe *p = new_probe(s, kind, PROG_KPROBE);
    struct user_point *copy = arena_new_obj(s->arena, struct user_point);
    *copy = u;
    copy->path = w->path;
    copy->pid = w->pid;
    p->attach.priv = copy;
    p->attach.shift = u.is_return ? 0 : u.shift;
    returning.v[0] = (struct moved_register){arch_reg_sp, arch_reg_sp, ARCH_RETURN_SIZE};
    p->attach.moved = u.at_ret ? &returning : u.is_return ? NULL : u.moved;
    p->attach.at_ret = u.at_ret;
    p->attach.is_32 = !dw_is_64(w->m);
    p->attach.name = u.mark ? u.mark->name : u.function.name;
    if (w->kernel) {
        p->provider = &kernel_place_provider;
        p->attach.module = w->kernel->name;
    }
    p->pp = arena_printf(s->arena, "%s%s", prefix(w), rest);
    vec_push(s->arena, w->out, p);
}

static void add(struct walk *w, struct user_point u, const char *rest)
{
    return_vec returns = {0};
    u.module = w->m;
    u.kernel = w->kernel;
    if (!process_returns(w->s, &u, &returns)) {
        add_one(w, u, rest);
        return;
    }
    u.at_ret = true;
    vec_for (i, returns) {
        u.pc = returns.v[i];
        add_one(w, u, rest);
    }
}

static const char *where(struct session *s, const struct dw_function *f, int line)
{
    const char *name =
        f->scope && *f->scope ? arena_printf(s->arena, "%s::%s", f->scope, f->name) : f->name;
    return f->file ? arena_printf(s->arena, "%s@%s:%d", name, f->file, line ? line : f->line)
                   : name;
}

static bool in_lines(const struct place *p, const struct dw_function *f, int line)
{
    int base = p->relative ? f->line : 0;
    vec_for (i, p->lines)
        if (line >= base + p->lines.v[i].first && line <= base + p->lines.v[i].last)
            return true;
    return false;
}

/* A line tells apart functions of one name, and which of a pattern are meant; of a function that
 * is named and begins elsewhere it says nothing. */
static void forget_lines(struct place *p, const dw_function_vec *found)
{
    bool begins = p->relative || strpbrk(p->function, "*?[");
    for (size_t i = 0; i < found->n && !begins; i++)
        begins = file_is(found->v[i].file, p->file) && in_lines(p, &found->v[i], found->v[i].line);
    if (!begins)
        p->lines.n = 0;
}

static void add_function(struct walk *w, const struct place *p, const struct dw_function *f)
{
    static const char *const suffix[] = {
        [P_CALL] = ".call",     [P_RETURN] = ".return", [P_EXPORTED] = ".exported",
        [P_INLINE] = ".inline", [P_STATEMENT] = "",     [P_NEAREST] = ".nearest",
        [P_FUNCTION] = "",
    };
    int id = w->pat->id;
    if (!file_is(f->file, p->file) || (p->file && !f->file))
        return;
    /* Of what the debug information does not describe neither is known. */
    bool described = f->priv || !dw_has_dwarf(w->m);
    if ((f->inlined && (id == P_CALL || id == P_RETURN || id == P_EXPORTED)) ||
        (id == P_INLINE && f->priv && !f->inlined) ||
        (id == P_EXPORTED && !f->exported && described))
        return;
    if (p->lines.n && !p->relative && !in_lines(p, f, f->line))
        return;
    struct user_point u = {
        .function = *f, .pc = id == P_RETURN ? f->entry : f->body, .is_return = id == P_RETURN};
    add(w, u, arena_printf(w->s->arena, ".function(\"%s\")%s", where(w->s, f, 0), suffix[id]));
}

static void add_labels(struct walk *w, const struct dw_function *f)
{
    dw_label_vec labels = {0};
    dw_labels(w->m, f, argument(w->pp, "label"), &labels);
    vec_for (i, labels) {
        const struct dw_label *l = &labels.v[i];
        struct user_point u = {.function = *f, .pc = l->pc};
        add(w, u,
            arena_printf(w->s->arena, ".function(\"%s\").label(\"%s\")", where(w->s, f, l->line),
                         l->name));
    }
}

/* What f calls, `depth` levels deep.  `path`: its name and those of its callers. */
static void add_callees(struct walk *w, const struct dw_function *f, const char *path,
                        const char *pattern, int64_t depth)
{
    struct session *s = w->s;
    const char *last = vec_last(w->pp->comps).name;
    bool ret = w->pat->id == P_CALLEE_RETURN, call = strcmp(last, "call") == 0;
    dw_function_vec callees = {0};
    dw_callees(w->m, f, pattern, &callees);
    vec_for (i, callees) {
        const struct dw_function *c = &callees.v[i];
        if (c->inlined && (ret || call))
            continue;
        struct user_point u = {.function = *c, .pc = ret ? c->entry : c->body, .is_return = ret};
        const char *here = arena_printf(s->arena, "%s.callee(\"%s\")", path, where(s, c, 0));
        size_t before = w->out->n;
        if (strlen(here) > 2000)
            continue;
        add(w, u, arena_printf(s->arena, "%s%s", here, ret ? ".return" : call ? ".call" : ""));
        if (w->out->n > before && !c->inlined)
            vec_last(*w->out)->condition =
                process_called_by(s, vec_last(*w->out)->attach.priv, w->pp->tok, f);
        if (depth > 1)
            add_callees(w, c, here, pattern, depth - 1);
    }
}

static void add_calls_of(struct walk *w, const struct dw_function *f)
{
    const char *pattern = argument(w->pp, "callee");
    int64_t depth = 1;
    vec_for (i, w->pp->comps)
        if (strcmp(w->pp->comps.v[i].name, "callees") == 0 && w->pp->comps.v[i].arg)
            depth = w->pp->comps.v[i].arg->num;
    struct dw_function *copy = arena_new_obj(w->s->arena, struct dw_function);
    *copy = *f;
    add_callees(w, copy, arena_printf(w->s->arena, ".function(\"%s\")", where(w->s, f, 0)),
                pattern ? pattern : "*", depth > 16 ? 16 : depth);
}

/* A line where it begins. */
struct pick {
    struct dw_line at;
    size_t order;
};
typedef VEC(struct pick) pick_vec;

static int by_line(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;
    return x->at.line != y->at.line ? (x->at.line < y->at.line ? -1 : 1)
                                    : (x->at.pc > y->at.pc) - (x->at.pc < y->at.pc);
}

static int by_address(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;
    return x->at.pc != y->at.pc ? (x->at.pc < y->at.pc ? -1 : 1)
                                : (x->order > y->order) - (x->order < y->order);
}

/* Of lines that begin at one address the first stands for all: in a pattern for whole functions
 * the first function's first, otherwise the one with the lowest number.  In order of addresses. */
static void one_each(pick_vec *picks, bool every)
{
    if (!picks->n)
        return;
    if (!every)
        qsort(picks->v, picks->n, sizeof *picks->v, by_line);
    vec_for (i, *picks)
        picks->v[i].order = i;
    qsort(picks->v, picks->n, sizeof *picks->v, by_address);
    size_t n = 0;
    vec_for (i, *picks)
        if (!n || picks->v[i].at.pc != picks->v[n - 1].at.pc)
            picks->v[n++] = picks->v[i];
    picks->n = n;
}

/* How far a line is from the one that is asked for; of two that are equally far the later one is
 * nearer. */
static void consider(struct near *n, int line, int wanted)
{
    int distance = line > wanted ? line - wanted : wanted - line;
    if (!n->line || distance < n->distance || (distance == n->distance && line > n->line))
        *n = (struct near){.line = line, .wanted = wanted, .distance = distance};
}

/* Where the lines begin in those functions.  With `only` set that line, whatever is asked for. */
static void pick_lines(struct walk *w, const struct place *p, const dw_function_vec *found,
                       int only, struct near *near, pick_vec *picks)
{
    vec_for (i, *found) {
        const struct dw_function *f = &found->v[i];
        dw_line_vec lines = {0};
        if (!f->priv || !file_is(f->file, p->file) || (p->file && !f->file))
            continue;
        dw_lines(w->m, f, &lines);
        int wanted = (p->relative ? f->line : 0) + (p->lines.n ? p->lines.v[0].first : 0);
        vec_for (k, lines) {
            struct pick one = {.at = lines.v[k]};
            bool asked = (p->every && one.at.own) || in_lines(p, f, one.at.line);
            if (only ? one.at.line == only : asked)
                vec_push(w->s->arena, picks, one);
            else if (near)
                consider(near, one.at.line, wanted);
        }
    }
}

struct statement {
    const struct dw_function *function;
    size_t pick;
};
typedef VEC(struct statement) statement_vec;

static int by_pick(const void *a, const void *b, void *arg)
{
    const struct statement *x = a, *y = b;
    const struct pick *picks = arg, *p = &picks[x->pick], *q = &picks[y->pick];
    return p->order != q->order ? (p->order < q->order ? -1 : 1)
                                : (x->function > y->function) - (x->function < y->function);
}

/* A line that was inlined is one of the function it is in, too. */
static void statements_of(struct walk *w, const struct dw_function *f, const pick_vec *picks,
                          statement_vec *out)
{
    uint64_t begin, end;
    for (size_t i = 0; f->priv && dw_covers(f, i, &begin, &end); i++) {
        size_t lo = 0, hi = picks->n;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (picks->v[mid].at.pc < begin)
                lo = mid + 1;
            else
                hi = mid;
        }
        for (; lo < picks->n && picks->v[lo].at.pc < end; lo++) {
            struct statement one = {f, lo};
            vec_push(w->s->arena, out, one);
        }
    }
}

static void add_statements(struct walk *w, const struct place *p, const dw_function_vec *found)
{
    struct session *s = w->s;
    bool nearest = w->pat->id == P_NEAREST;
    const char *suffix = nearest ? ".nearest" : "";
    struct near near = {0};
    pick_vec picks = {0};
    statement_vec all = {0};
    pick_lines(w, p, found, 0, &near, &picks);
    bool other = !picks.n && near.line;
    if (other && nearest)
        pick_lines(w, p, found, near.line, NULL, &picks);
    one_each(&picks, p->every);
    vec_for (i, *found)
        if (file_is(found->v[i].file, p->file) && (!p->file || found->v[i].file))
            statements_of(w, &found->v[i], &picks, &all);
    if (all.n)
        qsort_r(all.v, all.n, sizeof *all.v, by_pick, picks.v);
    vec_for (i, all) {
        const struct dw_function *f = all.v[i].function;
        const struct dw_line *l = &picks.v[all.v[i].pick].at;
        struct user_point u = {.function = *f, .pc = l->pc};
        u.function.by_line = true;
        add(w, u,
            arena_printf(s->arena, ".statement(\"%s\")%s",
                         where(s, f, w->listing && other ? near.wanted : l->line), suffix));
    }
    w->near = near;
}

/* Functions by their names: where they begin. */
static void add_beginnings(struct walk *w, const struct place *p, const dw_function_vec *found)
{
    struct session *s = w->s;
    bool symbols = !strpbrk(p->function, "*?[") || !dw_has_dwarf(w->m);
    vec_for (i, *found) {
        const struct dw_function *f = &found->v[i];
        if (!file_is(f->file, p->file) || (p->file && !f->file) || (!f->priv && !symbols))
            continue;
        struct user_point u = {.function = *f, .pc = f->entry};
        add(w, u,
            arena_printf(s->arena, ".statement(\"%s\")%s", where(s, f, 0),
                         w->pat->id == P_NEAREST ? ".nearest" : ""));
    }
}

static const char *no_function(struct walk *w, const char *text, const struct place *p)
{
    dw_function_vec all = {0};
    if (w->kernel) /* kprobe_find.c knows similar ones */
        return arena_printf(w->s->arena, "no match for '%s' in %s", text, w->path);
    dw_functions(w->m, "*", &all);
    const char **names = arena_new_array(w->s->arena, const char *, all.n + 1);
    size_t n = 0;
    vec_for (i, all)
        names[n++] = all.v[i].name;
    dw_function_vec imported = {0};
    dw_plt(w->m, &imported);
    if (!n) /* stripped: what it calls is better than nothing */
        names = arena_new_array(w->s->arena, const char *, imported.n + 1);
    for (size_t i = 0; !all.n && i < imported.n; i++)
        names[n++] = imported.v[i].name;
    const char *near = similar_names(w->s->arena, p->function, names, n, 5);
    const char *hint = "";
    if (p->file && !dw_has_dwarf(w->m))
        hint = arena_printf(w->s->arena, "; files and lines need its debug information (%s)",
                            dw_advice(w->m));
    return arena_printf(w->s->arena, "no match for '%s' in %s%s%s%s%s", text, w->path,
                        *near ? " (similar functions: " : "", near, *near ? ")" : "", hint);
}

static const char *no_debug_information(struct walk *w)
{
    return dw_has_dwarf(w->m) ? ""
                              : arena_printf(w->s->arena, ": that needs its debug information (%s)",
                                             dw_advice(w->m));
}

/* A point by an address of the file. */
static const char *at_address(struct walk *w, uint64_t addr)
{
    struct session *s = w->s;
    struct dw_function f;
    bool begins;
    if (!dw_function_at(w->m, addr, false, &f, &begins))
        return arena_printf(s->arena, "no function of %s is at the address %#llx", w->path,
                            (unsigned long long)addr);
    struct user_point u = {.pc = addr};
    const char *of = "statement", *suffix = "";
    uint64_t shown;
    switch (w->pat->id) {
    case P_STATEMENT:
    case P_NEAREST:
        suffix = w->pat->id == P_NEAREST ? ".nearest" : "";
        while (!begins && w->pat->id == P_NEAREST && u.pc > f.entry)
            dw_function_at(w->m, --u.pc, false, &f, &begins);
        if (!begins)
            return arena_printf(s->arena,
                                "no statement of '%s' begins at the address %#llx (.nearest takes "
                                "the one that is before it, .absolute any instruction)",
                                f.name, (unsigned long long)addr);
        dw_function_at(w->m, u.pc, true, &f, &begins);
        shown = u.pc;
        break;
    case P_ABSOLUTE:
        suffix = ".absolute";
        shown = addr;
        break;
    default:
        of = "function";
        if (w->pat->id == P_FUNCTION)
            dw_function_at(w->m, addr, true, &f, &begins);
        u.is_return = w->pat->id == P_RETURN;
        suffix = u.is_return ? ".return" : w->pat->id == P_CALL ? ".call" : "";
        u.pc = u.is_return ? f.entry : f.body;
        shown = u.pc;
    }
    u.function = f;
    size_t before = w->out->n;
    add(w, u, arena_printf(s->arena, ".%s(0x%llx)%s", of, (unsigned long long)shown, suffix));
    return w->out->n > before ? NULL
                              : arena_printf(s->arena, "the address %#llx is not in the file %s",
                                             (unsigned long long)addr, w->path);
}

static const struct expr *number_of(const struct probe_point *pp)
{
    vec_for (i, pp->comps) {
        const struct probe_component *c = &pp->comps.v[i];
        if (c->arg && c->arg->kind == EX_NUMBER &&
            (strcmp(c->name, "function") == 0 || strcmp(c->name, "statement") == 0))
            return c->arg;
    }
    return NULL;
}

/* The kernel may refuse some of several. */
static void mark_many(probe_vec *out, size_t from)
{
    for (size_t i = from; i < out->n && out->n - from > 1; i++)
        ((struct user_point *)out->v[i]->attach.priv)->one_of_many = true;
}

static const char *functions(struct walk *w)
{
    if (number_of(w->pp))
        return at_address(w, (uint64_t)number_of(w->pp)->num);
    bool statement = w->pat->id == P_STATEMENT || w->pat->id == P_NEAREST;
    const char *text = argument(w->pp, statement ? "statement" : "function");
    struct place p = parse_place(w->s, text);
    dw_function_vec found = {0};
    size_t before = w->out->n;
    dw_functions(w->m, p.function, &found);
    if (statement && (p.lines.n || p.every))
        add_statements(w, &p, &found);
    else if (statement)
        add_beginnings(w, &p, &found);
    else
        forget_lines(&p, &found);
    for (size_t i = 0; i < found.n && !statement; i++)
        if (w->kernel && !found.v[i].priv)
            continue;
        else if (!file_is(found.v[i].file, p.file))
            continue;
        else if (w->pat->id == P_LABEL)
            add_labels(w, &found.v[i]);
        else if (w->pat->id == P_CALLEE || w->pat->id == P_CALLEE_RETURN)
            add_calls_of(w, &found.v[i]);
        else
            add_function(w, &p, &found.v[i]);
    if (w->out->n > before)
        return NULL;
    if (w->near.line)
        return arena_printf(w->s->arena,
                            "no code of '%s' begins at line %d; line %d is the nearest", p.function,
                            w->near.wanted, w->near.line);
    if (found.n && w->pat->id == P_LABEL)
        return arena_printf(w->s->arena, "'%s' has no label that matches '%s'%s", text,
                            argument(w->pp, "label"), no_debug_information(w));
    if (found.n && (w->pat->id == P_CALLEE || w->pat->id == P_CALLEE_RETURN))
        return arena_printf(w->s->arena, "'%s' calls no such function of %s%s", text, w->path,
                            no_debug_information(w));
    return no_function(w, text, &p);
}

static const char *marks(struct walk *w)
{
    struct session *s = w->s;
    const char *name = argument(w->pp, "mark"), *provider = argument(w->pp, "provider");
    dw_mark_vec all = {0};
    size_t before = w->out->n;
    dw_marks(w->m, &all);
    const char **names = arena_new_array(s->arena, const char *, all.n + 1);
    vec_for (i, all) {
        struct dw_mark *m = arena_new_obj(s->arena, struct dw_mark);
        *m = all.v[i];
        names[i] = m->name;
        if (fnmatch(name, m->name, 0) != 0 || (provider && fnmatch(provider, m->provider, 0) != 0))
            continue;
        struct user_point u = {.pc = m->pc, .semaphore = m->semaphore, .mark = m};
        add(w, u,
            provider
                ? arena_printf(s->arena, ".provider(\"%s\").mark(\"%s\")", m->provider, m->name)
                : arena_printf(s->arena, ".mark(\"%s\")", m->name));
    }
    if (w->out->n > before)
        return NULL;
    const char *near = similar_names(s->arena, name, names, all.n, 5);
    if (!all.n)
        return arena_printf(s->arena, "%s has no static marks", w->path);
    return arena_printf(s->arena, "no mark matches '%s' in %s%s%s%s", name, w->path,
                        *near ? " (similar marks: " : "", near, *near ? ")" : "");
}

static const char *plt(struct walk *w)
{
    struct session *s = w->s;
    const char *name = argument(w->pp, "plt");
    dw_function_vec all = {0};
    size_t before = w->out->n;
    dw_plt(w->m, &all);
    const char **names = arena_new_array(s->arena, const char *, all.n + 1);
    vec_for (i, all) {
        names[i] = all.v[i].name;
        if (name && fnmatch(name, names[i], 0) != 0)
            continue;
        bool ret = w->pat->id == P_PLT_RETURN;
        struct user_point u = {.function = all.v[i], .pc = all.v[i].entry, .is_return = ret};
        add(w, u, arena_printf(s->arena, ".plt(\"%s\")%s", names[i], ret ? ".return" : ""));
    }
    if (w->out->n > before)
        return NULL;
    const char *near = name ? similar_names(s->arena, name, names, all.n, 5) : "";
    return arena_printf(s->arena, "no call through the linkage table of %s%s%s%s%s%s", w->path,
                        name ? " matches " : "", name ? name : "",
                        *near ? " (similar functions: " : "", near, *near ? ")" : "");
}

/* An address of a process: that of the file that is mapped there. */
static const char *in_memory(struct session *s, const struct probe_pattern *pat,
                             const struct probe_point *pp, pid_t pid, probe_vec *out)
{
    const char *why;
    uint64_t addr = (uint64_t)number_of(pp)->num, offset, in_file;
    const char *path = process_mapping(s, pid, addr, &offset, &why);
    if (!path)
        return why;
    struct walk w = {.s = s, .pat = pat, .pp = pp, .path = path, .pid = pid, .out = out};
    w.m = process_module(s, path, &why);
    if (!w.m)
        return why;
    if (!dw_address(w.m, offset, &in_file))
        return arena_printf(s->arena, "nothing of %s is loaded at the address %#llx", path,
                            (unsigned long long)addr);
    return at_address(&w, in_file);
}

static const char *find(struct session *s, const struct probe_pattern *pat,
                        const struct probe_point *pp, bool listing, probe_vec *out)
{
    process_paths paths = {0};
    const struct expr *arg = pp->comps.v[0].arg;
    const char *lib = argument(pp, "library"), *why;
    pid_t pid = arg && arg->kind == EX_NUMBER ? (pid_t)arg->num : 0;
    if (lib && strpbrk(lib, "*?[") && !strchr(lib, '/')) {
        process_paths programs = {0};
        why = arg && arg->str && *arg->str ? process_programs(s, arg->str, false, &programs)
                                           : process_of_target(s, pid, &programs);
        if (!why)
            why = process_libraries(s, &programs, lib, &paths);
    } else if (lib)
        why = process_programs(s, lib, true, &paths);
    else if (arg && arg->str && *arg->str)
        why = process_programs(s, arg->str, false, &paths);
    else if (pid && pat->id == P_ABSOLUTE)
        return in_memory(s, pat, pp, pid, out);
    else
        why = process_of_target(s, pid, &paths);
    if (why)
        return why;
    const char *first = NULL;
    size_t before = out->n;
    vec_for (i, paths) {
        struct walk w = {.s = s,
                         .pat = pat,
                         .pp = pp,
                         .path = paths.v[i],
                         .pid = pid                            ? pid
                                : arg || s->command            ? 0
                                : s->portable && s->target_pid ? -1
                                                               : s->target_pid,
                         .out = out,
                         .listing = listing};
        w.m = process_module(s, w.path, &why);
        if (w.m)
            why = pat->id == P_MARK                             ? marks(&w)
                  : pat->id == P_PLT || pat->id == P_PLT_RETURN ? plt(&w)
                                                                : functions(&w);
        if (why && !first)
            first = why;
    }
    hide_progress(out);
    if (out->n > POINTS_MAX)
        return arena_printf(
            s->arena,
            "the pattern matches %zu places, and %d are the most: a longer pattern, "
            "or FUNCTION@FILE, matches fewer",
            out->n, POINTS_MAX);
    mark_many(out, before);
    return out->n ? NULL : first;
}

static struct walk kernel_walk(struct session *s, const struct probe_pattern *pat,
                               const struct probe_point *pp, struct kernel_image *kernel,
                               probe_vec *out)
{
    return (struct walk){.s = s,
                         .pat = pat,
                         .pp = pp,
                         .m = kernel->m,
                         .path = dw_path(kernel->m),
                         .kernel = kernel,
                         .out = out};
}

const char *process_in_kernel(struct session *s, enum process_point id,
                              const struct probe_point *pp, struct kernel_image *kernel,
                              probe_vec *out)
{
    const struct probe_pattern pat = {.id = id};
    struct walk w = kernel_walk(s, &pat, pp, kernel, out);
    size_t before = out->n;
    const char *why = functions(&w);
    mark_many(out, before);
    return why;
}

/* Not a line of what is inlined, as far as that is written before the function. */
static const struct dw_line *line_around(struct walk *w, const struct dw_function *f,
                                         const dw_line_vec *lines, uint64_t addr)
{
    const struct dw_line *best = NULL;
    vec_for (i, *lines) {
        const struct dw_line *l = &lines->v[i];
        if (l->line >= f->line && kernel_image_address(w->s, w->kernel, l->pc) <= addr &&
            (!best || l->pc > best->pc))
            best = l;
    }
    return best;
}

const char *process_nearest_in_kernel(struct session *s, const struct probe_point *pp,
                                      struct kernel_image *kernel, const char *function,
                                      uint64_t addr, probe_vec *out)
{
    const struct probe_pattern pat = {.id = P_NEAREST};
    struct walk w = kernel_walk(s, &pat, pp, kernel, out);
    dw_function_vec found = {0};
    dw_functions(w.m, function, &found);
    vec_for (i, found) {
        const struct dw_function *f = &found.v[i];
        uint64_t start = kernel_image_address(s, kernel, f->entry);
        dw_line_vec lines = {0};
        if (f->inlined || !f->priv || addr < start || addr - start >= f->end - f->entry)
            continue;
        dw_lines(w.m, f, &lines);
        const struct dw_line *l = line_around(&w, f, &lines, addr);
        struct user_point u = {.function = *f, .pc = l ? l->pc : f->entry};
        add(&w, u,
            arena_printf(s->arena, ".statement(\"%s\").nearest", where(s, f, l ? l->line : 0)));
        return NULL;
    }
    return arena_printf(s->arena, "%s does not tell the lines of '%s'", w.path, function);
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    (void)hint;
    return find(s, pat, pp, false, out);
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    probe_vec found = {0};
    if (find(s, pat, pp, true, &found))
        return;
    vec_for (i, found) {
        if (i && found.v[i]->attach.at_ret && strcmp(found.v[i]->pp, found.v[i - 1]->pp) == 0)
            continue;
        const char *vars = process_variables(s, found.v[i]->attach.priv);
        fn(found.v[i]->pp, *vars ? vars + 1 : "", arg);
    }
}

static void place_of(const struct probe *p, struct attach_place *out)
{
    const struct user_point *u = p->attach.priv;
    out->path = u->path;
    out->offset = u->offset;
    out->semaphore = u->semaphore;
    out->pid = u->pid;
    out->doubt = u->doubt;
    out->shift = u->shift;
    out->is_return = u->is_return && !u->at_ret;
    out->one_of_many = u->one_of_many;
    if (!u->mark && u->function.name && u->pc == u->function.entry && !dw_has_dwarf(u->module))
        out->symbol = u->function.name;
}

const struct probe_provider process_provider = {
    .name = "process",
    .patterns = patterns,
    .resolve = resolve,
    .target = process_target,
    .entry = process_entry,
    .choose = process_choose,
    .settle = process_report_stepped,
    .place = place_of,
    .shares_programs = true,
    .list = list,
};
