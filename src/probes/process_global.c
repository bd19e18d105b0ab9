/* SPDX-License-Identifier: GPL-2.0-or-later */
/* @var: variables with static storage of programs and libraries, also of others than the probe is
 * in. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/process.h"

static struct expr *binary(struct session *s, const struct token *tok, enum op op, struct expr *a,
                           struct expr *b)
{
    struct expr *e = expr_binary(s->arena, tok, op, a, b);
    e->type = TY_LONG;
    return e;
}

static struct expr *choice(struct session *s, const struct token *tok, struct expr *if_so,
                           struct expr *then)
{
    struct expr *e = expr_new(s->arena, EX_TERNARY, tok);
    e->type = TY_LONG;
    e->a = if_so;
    e->b = then;
    e->c = expr_number(s->arena, tok, 0);
    return e;
}

/* The kernel notes for each program where its code begins: at the lowest part that can be
 * executed (fs/binfmt_elf.c). */
static struct expr *base_of_program(struct session *s, const struct token *tok,
                                    const struct dw_module *m, const char **why)
{
    struct dw_segment seg;
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; dw_segment(m, i, &seg); i++)
        if (seg.exec && seg.addr < lowest)
            lowest = seg.addr;
    struct kernel_btf *b = session_btf(s, why);
    if (!b || lowest == UINT64_MAX)
        return NULL;
    struct kernel_value task = {.e = expr_call(s->arena, tok, "task_current"), .pointer = true};
    struct target steps = {0};
    const char *const members[] = {"mm", "start_code"};
    for (size_t i = 0; i < 2; i++) {
        struct target_step st = {.kind = STEP_MEMBER, .tok = tok, .name = members[i]};
        vec_push(s->arena, &steps.steps, st);
    }
    task.type = kbtf_find(b, "task_struct", BTF_KIND_STRUCT);
    if (task.type)
        task.from = klive_origin(s, b, task.type, NULL, "");
    struct expr *code = task.type ? kdata_steps(s, b, task, &steps, tok, why) : NULL, *is;
    if (!code || (*why = process_condition(s, expr_string(s->arena, tok, dw_path(m)), tok, &is)) ||
        !is)
        return NULL;
    return choice(s, tok, is,
                  binary(s, tok, OP_SUB, code, expr_number(s->arena, tok, (int64_t)lowest)));
}

/* Of a library it is known for a process that runs already: the one of -x. */
static struct expr *base_in_target(struct session *s, const struct token *tok,
                                   const struct dw_module *m, const char **why)
{
    char line[PATH_MAX + 200];
    unsigned long long start, end, offset;
    uint64_t addr;
    *why = arena_printf(s->arena,
                        "where the library %s is loaded is known in probes of itself only, or for "
                        "the process of -x",
                        dw_path(m));
    if (!s->target_pid || s->portable)
        return NULL;
    FILE *f = fopen(arena_printf(s->arena, "/proc/%d/maps", (int)s->target_pid), "re");
    struct expr *e = NULL;
    while (f && !e && fgets(line, sizeof line, f)) {
        char name[PATH_MAX] = "";
        if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %4095[^\n]", &start, &end, &offset, name) ==
                4 &&
            strcmp(name, dw_path(m)) == 0 && dw_address(m, offset, &addr))
            e = expr_number(s->arena, tok, (int64_t)(start - addr));
    }
    if (f)
        fclose(f);
    struct expr *is = binary(s, tok, OP_EQ, expr_call(s->arena, tok, "pid"),
                             expr_number(s->arena, tok, s->target_pid));
    return e ? choice(s, tok, is, e) : NULL;
}

/* The module that @var names, which may be the one of the probe. */
static bool elsewhere(struct session *s, const struct token *tok, const char *name,
                      struct user_point *at, const char **why)
{
    process_paths paths = {0};
    *why = process_programs(s, name, false, &paths);
    if (*why)
        return false;
    const struct dw_module *here = at->module;
    if (here && strcmp(dw_path(here), paths.v[0]) == 0)
        return true;
    at->module = process_module(s, paths.v[0], why);
    if (!at->module)
        return false;
    at->path = paths.v[0];
    process_need_same(s, at->path);
    if (!dw_is_fixed(at->module))
        at->base = dw_is_program(at->module) ? base_of_program(s, tok, at->module, why)
                                             : base_in_target(s, tok, at->module, why);
    if (at->base)
        *why = NULL;
    return at->base || dw_is_fixed(at->module);
}

struct expr *process_global(struct session *s, const struct user_point *u, const struct expr *e,
                            const char **why)
{
    const struct target *t = e->target;
    struct user_point at = *u;
    const char *sign = strchr(t->at_name, '@');
    const char *name = arena_strndup(s->arena, t->at_name,
                                     sign ? (size_t)(sign - t->at_name) : strlen(t->at_name));
    if (u->kernel || (t->module && strcmp(t->module, "kernel") == 0))
        return kdata_global(s, e, u->kernel ? u->kernel->name : NULL, false, why);
    if (t->module && *t->module && !elsewhere(s, e->tok, t->module, &at, why))
        return NULL;
    struct dw_place place = {0};
    struct kernel_value v;
    /* Without a file it is what $NAME would be, if there is such a variable here. */
    bool here = !sign && at.module == u->module && u->module && !u->mark;
    *why = NULL;
    bool found =
        here && !u->is_return && dw_variable(at.module, &at.function, at.pc, name, &place, why);
    if (!found && !*why)
        found = dw_global(at.module, here ? &at.function : NULL, name, sign ? sign + 1 : NULL,
                          &place, why);
    if (!found) {
        *why = *why ? arena_printf(s->arena, "variable '%s' cannot be read: %s", name, *why)
               : dw_has_dwarf(at.module)
                   ? arena_printf(s->arena, "unable to find global '%s' in %s", t->at_name,
                                  dw_path(at.module))
                   : arena_printf(s->arena, "%s has no debug information (%s)", dw_path(at.module),
                                  dw_advice(at.module));
        return NULL;
    }
    if (!process_value(s, &at, e->tok, &place, &v, why))
        return NULL;
    return kdata_steps(s, dw_types(at.module), v, t, e->tok, why);
}

struct expr *udata_global(struct session *s, const struct expr *e, bool lvalue, const char **why)
{
    const struct user_point nowhere = {0};
    if (lvalue) {
        *why = "a variable of a program is written in a probe of that program only";
        return NULL;
    }
    return process_global(s, &nowhere, e, why);
}
