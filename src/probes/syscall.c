/* SPDX-License-Identifier: GPL-2.0-or-later */
/* __syscall.enter and .exit: what the library's syscall.* aliases stand on.
 * One system call by name at the sys_enter or sys_exit tracepoint; $arg1 … $arg6,
 * $nr, $return. */
#include <string.h>

#include "probes/arch.h"
#include "probes/kernel_data.h"

enum { P_ENTER, P_EXIT, P_ENTER_ALL, P_EXIT_ALL };

static const struct probe_pattern patterns[] = {
    {"__syscall.enter(S)", P_ENTER, "when the system call begins"},
    {"__syscall.exit(S)", P_EXIT, "when it returns"},
    {"__syscall.enter", P_ENTER_ALL, "every system call"},
    {"__syscall.exit", P_EXIT_ALL, "every return"},
    {0},
};

static int32_t number_of(const char *name)
{
    for (const struct arch_syscall *c = arch_syscalls; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c->nr;
    return -1;
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    bool enter = pat->id == P_ENTER || pat->id == P_ENTER_ALL;
    const char *why;
    const char *name = pp->comps.n > 1 && pp->comps.v[1].arg ? pp->comps.v[1].arg->str : NULL;
    int32_t nr = name ? number_of(name) : -1;
    (void)hint;
    if (name && nr < 0)
        return arena_printf(s->arena, "this architecture has no system call %s", name);
    struct kernel_btf *b = session_btf(s, &why);
    if (!b)
        return why;
    struct probe *p =
        new_probe(s, enter ? ATTACH_SYSCALL_ENTER : ATTACH_SYSCALL_EXIT, PROG_TRACING);
    p->attach.nr = nr;
    p->attach.name = name ? name : "";
    p->attach.btf_id =
        kbtf_find(b, enter ? "btf_trace_sys_enter" : "btf_trace_sys_exit", BTF_KIND_TYPEDEF);
    if (!p->attach.btf_id)
        return "this kernel has no system call tracepoints (CONFIG_HAVE_SYSCALL_TRACEPOINTS)";
    vec_push(s->arena, out, p);
    return NULL;
}

static struct expr *word(struct session *s, const struct token *tok, int64_t off)
{
    struct expr *e = expr_new(s->arena, EX_CTX, tok);
    e->type = TY_LONG;
    e->num = off;
    e->deref.size = 8;
    return e;
}

/* A register of the caller, as saved when it entered the kernel. */
static struct expr *reg(struct session *s, const struct token *tok, int32_t off)
{
    struct expr *e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = word(s, tok, 0);
    e->num = off;
    e->deref = (struct deref){.size = 8, .is_signed = true, .direct = true};
    return e;
}

static struct expr *target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why)
{
    const char *name = e->target->name;
    if (e->kind == EX_CAST)
        return kdata_cast(s, e, lvalue, why);
    bool enter = p->attach.kind == ATTACH_SYSCALL_ENTER;
    if (!name || e->target->steps.n || e->target->address_of || e->target->at_name || lvalue) {
        *why = "system calls have numbers as arguments: no members, no addresses, no assignment";
        return NULL;
    }
    if (strncmp(name, "$arg", 4) == 0 && name[4] >= '1' && name[4] <= '6' && !name[5])
        return reg(s, e->tok, arch_syscall_arg[name[4] - '1']);
    if (strcmp(name, "$nr") == 0 || strcmp(name, "$syscall") == 0)
        return enter ? word(s, e->tok, 8) : reg(s, e->tok, arch_syscall_nr);
    if (strcmp(name, "$return") == 0 && !enter)
        return word(s, e->tok, 8);
    if (strcmp(name, "$regs") == 0)
        return word(s, e->tok, 0);
    *why = arena_printf(s->arena,
                        "unable to find system call variable '%s' (alternatives: $arg1 … "
                        "$arg6, $syscall%s)",
                        name, enter ? "" : ", $return");
    return NULL;
}

const struct probe_provider syscall_provider = {
    .name = "__syscall",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
};
