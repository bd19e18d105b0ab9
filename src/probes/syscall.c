/* SPDX-License-Identifier: GPL-2.0-or-later */
/* __syscall.enter and .exit: what the library's syscall.* aliases stand on.
 * One system call by name at the sys_enter or sys_exit tracepoint; $arg1 … $arg6,
 * the arguments by the kernel's names, $syscall, $return, $compat (a 32-bit program calls).
 * "NAME/NAME32" names it differently for 64- and 32-bit programs; - is none. */
#include <stdio.h>
#include <stdlib.h>
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

static int32_t number_of(const struct arch_syscall *calls, const char *name, size_t n)
{
    for (const struct arch_syscall *c = calls; c->name; c++)
        if (strncmp(c->name, name, n) == 0 && !c->name[n])
            return c->nr;
    return CALL_NONE;
}

/* "NAME/NAME32", or one name for both. */
static void numbers_of(const char *name, struct attach_point *at)
{
    size_t n = strcspn(name, "/");
    const char *name32 = name[n] ? name + n + 1 : name;
    at->nr = number_of(arch_syscalls, name, n);
    at->nr32 = number_of(arch_syscalls32, name32, strlen(name32));
}

/* The kernel's function of the call is named for the 64-bit one if there is that. */
static const char *call_name(struct arena *a, const char *name)
{
    size_t n = strcspn(name, "/");
    if (n == 1 && *name == '-')
        return name + 2;
    return arena_strndup(a, name, n);
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    bool enter = pat->id == P_ENTER || pat->id == P_ENTER_ALL;
    const char *why;
    const char *name = pp->comps.n > 1 && pp->comps.v[1].arg ? pp->comps.v[1].arg->str : NULL;
    struct attach_point at = {.nr = -1, .nr32 = CALL_NONE};
    (void)hint;
    if (name)
        numbers_of(name, &at);
    /* The kernel has functions of calls that no program can make here: send and its like, which
     * are sendto.  They are valid, and never happen. */
    if (name && at.nr < 0 && at.nr32 < 0 && strcmp(name, "-/-") != 0)
        return arena_printf(s->arena, "this architecture has no system call %s", name);
    struct kernel_btf *b = session_btf(s, &why);
    if (!b)
        return why;
    struct probe *p =
        new_probe(s, enter ? ATTACH_SYSCALL_ENTER : ATTACH_SYSCALL_EXIT, PROG_TRACING);
    p->attach.nr = at.nr;
    p->attach.nr32 = at.nr32;
    p->attach.name =
        name ? arena_printf(s->arena, "%s%s", arch_syscall_function, call_name(s->arena, name))
             : "";
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
static struct expr *reg(struct session *s, const struct token *tok, int32_t off, uint8_t size)
{
    struct expr *e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = word(s, tok, 0);
    e->num = off;
    e->deref = (struct deref){.size = size, .is_signed = size == 8, .direct = true};
    return e;
}

static struct expr *from_32bit(struct session *s, const struct token *tok)
{
    return expr_binary(s->arena, tok, OP_EQ, reg(s, tok, arch_regs_mode, 2),
                       expr_number(s->arena, tok, arch_mode_32));
}

/* A 32-bit program has its arguments in other registers. */
static struct expr *argument(struct session *s, const struct probe *p, const struct token *tok,
                             int n)
{
    struct expr *arg64 = reg(s, tok, arch_syscall_arg[n], 8);
    struct expr *arg32 = reg(s, tok, arch_syscall32_arg[n], 4);
    if (p->attach.nr32 == CALL_NONE && p->attach.nr != -1)
        return arg64;
    if (p->attach.nr == CALL_NONE)
        return arg32;
    struct expr *e = expr_new(s->arena, EX_TERNARY, tok);
    e->type = TY_LONG;
    e->a = from_32bit(s, tok);
    e->a->type = TY_LONG;
    e->b = arg32;
    e->c = arg64;
    return e;
}

/* ---- the kernel's own names of the arguments ---- */

struct call_parameter {
    const char *name;
    unsigned size; /* bytes of it that count */
    bool is_signed;
};

/* "\tfield:unsigned int fd;\toffset:16;\tsize:8;\tsigned:0;" */
static bool parse_field(struct session *s, const char *line, struct call_parameter *out)
{
    const char *type = strstr(line, "field:"), *end = type ? strchr(type, ';') : NULL;
    const char *offset = end ? strstr(end, "offset:") : NULL;
    /* Before these are what all events have, and the number of the call. */
    if (!offset || strtol(offset + strlen("offset:"), NULL, 10) < 16)
        return false;
    type += strlen("field:");
    const char *name = end;
    while (name > type && name[-1] != ' ' && name[-1] != '*')
        name--;
    const char *text = arena_strndup(s->arena, type, (size_t)(name - type));
    bool pointer = strchr(text, '*') != NULL;
    /* Names of types that have four bytes; int, and what is made of it. */
    static const char *const words[] = {"int ",   "pid_t ", "uid_t ",   "gid_t ",  "key_t ",
                                        "qid_t ", "u32 ",   "__u32 ",   "__s32 ",  "clockid_t ",
                                        "mqd_t ", "rwf_t ", "timer_t ", "umode_t "};
    bool four = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        four |= strstr(text, words[i]) != NULL;
    out->name = arena_strndup(s->arena, name, (size_t)(end - name));
    out->size = pointer || !four ? 8 : strstr(text, "umode_t") ? 2 : 4;
    out->is_signed =
        pointer || (!strstr(text, "unsigned") && !strstr(text, "u32") && !strstr(text, "uid_t") &&
                    !strstr(text, "gid_t") && !strstr(text, "umode_t"));
    return true;
}

/* Of the call of p; 0: the kernel does not say. */
static size_t parameters(struct session *s, const struct probe *p, struct call_parameter out[6])
{
    size_t before = strlen(arch_syscall_function), count = 0;
    if (strlen(p->attach.name) <= before)
        return 0;
    const char *path =
        arena_printf(s->arena, "/sys/kernel/tracing/events/syscalls/sys_enter_%s/format",
                     p->attach.name + before);
    char line[256];
    FILE *f = fopen(path, "r");
    while (f && count < 6 && fgets(line, sizeof line, f))
        count += parse_field(s, line, &out[count]);
    if (f)
        fclose(f);
    return count;
}

static struct expr *parameter(struct session *s, const struct probe *p, const struct token *tok,
                              const struct call_parameter *c, int n)
{
    struct expr *e = argument(s, p, tok, n);
    unsigned bits = 64 - 8 * c->size;
    if (!bits)
        return e;
    if (!c->is_signed)
        return expr_binary(s->arena, tok, OP_BITAND, e,
                           expr_number(s->arena, tok, (int64_t)(~0ull >> bits)));
    e = expr_binary(s->arena, tok, OP_SHL, e, expr_number(s->arena, tok, bits));
    return expr_binary(s->arena, tok, OP_SHR, e, expr_number(s->arena, tok, bits));
}

/* $$parms and $$vars: all arguments by name. */
static struct expr *all_parameters(struct session *s, const struct probe *p,
                                   const struct token *tok)
{
    struct call_parameter c[6];
    size_t n = parameters(s, p, c);
    const char *format = "";
    expr_vec args = {0};
    for (size_t i = 0; i < n; i++) {
        format = arena_printf(s->arena, "%s%s%s=%%#x", format, i ? " " : "", c[i].name);
        vec_push(s->arena, &args, parameter(s, p, tok, &c[i], (int)i));
    }
    return kdata_sprintf(s, tok, format, &args);
}

/* The names, each with a comma behind. */
static const char *parameter_names(struct session *s, const struct probe *p)
{
    struct call_parameter c[6];
    const char *text = p->attach.kind == ATTACH_SYSCALL_EXIT ? "$return, " : "";
    size_t n = parameters(s, p, c);
    for (size_t i = 0; i < n; i++)
        text = arena_printf(s->arena, "%s$%s, ", text, c[i].name);
    return text;
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
        return argument(s, p, e->tok, name[4] - '1');
    if (strcmp(name, "$nr") == 0 || strcmp(name, "$syscall") == 0)
        return enter ? word(s, e->tok, 8) : reg(s, e->tok, arch_syscall_nr, 8);
    if (strcmp(name, "$return") == 0 && !enter)
        return word(s, e->tok, 8);
    if (strcmp(name, "$compat") == 0)
        return from_32bit(s, e->tok);
    if (strcmp(name, "$regs") == 0)
        return word(s, e->tok, 0);
    if (strcmp(name, "$$parms") == 0 || strcmp(name, "$$vars") == 0)
        return all_parameters(s, p, e->tok);
    struct call_parameter c[6];
    size_t n = parameters(s, p, c);
    for (size_t i = 0; i < n; i++)
        if (name[1] != '$' && strcmp(name + 1, c[i].name) == 0)
            return parameter(s, p, e->tok, &c[i], (int)i);
    *why = arena_printf(s->arena,
                        "unable to find system call variable '%s' (alternatives: %s$arg1 … $arg6, "
                        "$syscall, $compat, $$parms)",
                        name, parameter_names(s, p));
    return NULL;
}

const struct probe_provider syscall_provider = {
    .name = "__syscall",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
};
