/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process(…).begin, .end, .thread.begin, .thread.end, .syscall: the life of
 * processes and threads, by the scheduler's and the system calls' tracepoints.
 * Which program a task runs is a condition of the handler. */
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probes/arch.h"
#include "probes/families.h"
#include "probes/process.h"

enum { T_BEGIN, T_END, T_THREAD_BEGIN, T_THREAD_END, T_SYSCALL, T_SYSCALL_RETURN };
enum { OVERLAYFS = 0x794c7630 };

#define FAMILY(prefix)                                                                             \
    {prefix ".begin", T_BEGIN, "a process begins to run the program"},                             \
        {prefix ".end", T_END, "a process ends"},                                                  \
        {prefix ".thread.begin", T_THREAD_BEGIN, "a thread begins"},                               \
        {prefix ".thread.end", T_THREAD_END, "a thread ends"},                                     \
        {prefix ".syscall", T_SYSCALL, "any system call of the program"},                          \
    {                                                                                              \
        prefix ".syscall.return", T_SYSCALL_RETURN, "its return"                                   \
    }

static const struct probe_pattern patterns[] = {
    FAMILY("process(S)"),
    FAMILY("process(N)"),
    FAMILY("process"),
    {0},
};

static struct expr *both(struct session *s, const struct token *tok, enum op op, struct expr *a,
                         struct expr *b)
{
    return a && b ? expr_binary(s->arena, tok, op, a, b) : a ? a : b;
}

static struct expr *compare(struct session *s, const struct token *tok, enum op op,
                            const char *function, struct expr *with)
{
    return expr_binary(s->arena, tok, op, expr_call(s->arena, tok, function), with);
}

const char *process_condition(struct session *s, const struct expr *arg, const struct token *tok,
                              struct expr **out)
{
    *out = NULL;
    if (!arg) {
        if (s->command || s->target_pid || s->portable)
            *out = compare(s, tok, OP_EQ, "pid", expr_call(s->arena, tok, "target"));
        if (s->portable) /* whether there is a target is known when it is run */
            *out = both(s, tok, OP_OROR, *out,
                        compare(s, tok, OP_EQ, "target", expr_number(s->arena, tok, 0)));
        return NULL;
    }
    if (arg->kind == EX_NUMBER) {
        if (!s->portable &&
            access(arena_printf(s->arena, "/proc/%lld", (long long)arg->num), F_OK) != 0)
            return arena_printf(s->arena, "there is no process %lld", (long long)arg->num);
        *out = compare(s, tok, OP_EQ, "pid", expr_number(s->arena, tok, arg->num));
        return NULL;
    }
    process_paths paths = {0};
    const char *why = process_programs(s, arg->str, false, &paths);
    if (why)
        return why;
    vec_for (i, paths) {
        struct stat st;
        struct statfs fs;
        if (stat(paths.v[i], &st) != 0)
            continue;
        /* Overlays show other device numbers than their inodes have. */
        bool overlay = statfs(paths.v[i], &fs) == 0 && fs.f_type == OVERLAYFS;
        int64_t dev = overlay ? 0 : (int64_t)major(st.st_dev) << 20 | minor(st.st_dev);
        struct expr *is = expr_call(s->arena, tok, "__exe_is");
        if (s->portable) {
            uint32_t fact = fact_add(
                s, (struct kernel_fact){.kind = FACT_FILE, .name = paths.v[i], .root = "f"});
            vec_push(s->arena, &is->args, fact_number(s, tok, fact, PART_DEVICE, dev));
            vec_push(s->arena, &is->args,
                     fact_number(s, tok, fact, PART_INODE, (int64_t)st.st_ino));
            *out = both(s, tok, OP_OROR, *out, is);
            continue;
        }
        vec_push(s->arena, &is->args, expr_number(s->arena, tok, dev));
        vec_push(s->arena, &is->args, expr_number(s->arena, tok, (int64_t)st.st_ino));
        *out = both(s, tok, OP_OROR, *out, is);
    }
    return NULL;
}

static const char *point_text(struct session *s, const struct probe_point *pp)
{
    const struct expr *arg = pp->comps.v[0].arg;
    const char *text = "process";
    if (arg && arg->kind == EX_NUMBER)
        text = arena_printf(s->arena, "process(%lld)", (long long)arg->num);
    else if (arg)
        text = arena_printf(s->arena, "process(\"%s\")", arg->str);
    for (size_t i = 1; i < pp->comps.n; i++)
        text = arena_printf(s->arena, "%s.%s", text, pp->comps.v[i].name);
    return text;
}

struct adding {
    struct session *s;
    struct kernel_btf *b;
    const struct probe_point *pp;
    const struct token *tok;
    probe_vec *out;
};

static void add(struct adding *a, struct probe *p, struct expr *more)
{
    struct expr *tasks;
    process_condition(a->s, a->pp->comps.v[0].arg, a->tok, &tasks);
    p->pp = point_text(a->s, a->pp);
    p->condition = both(a->s, a->tok, OP_ANDAND, more, tasks);
    vec_push(a->s->arena, a->out, p);
}

static struct probe *at_tracepoint(struct adding *a, const char *name)
{
    struct probe *p = new_probe(a->s, ATTACH_TRACEPOINT, PROG_RAW_TP);
    p->attach.name = name;
    return p;
}

static struct probe *at_syscall(struct adding *a, bool enter, int32_t nr)
{
    struct probe *p =
        new_probe(a->s, enter ? ATTACH_SYSCALL_ENTER : ATTACH_SYSCALL_EXIT, PROG_TRACING);
    p->attach.nr = nr;
    p->attach.nr32 = CALL_NONE;
    p->attach.name = "";
    p->attach.btf_id =
        kbtf_find(a->b, enter ? "btf_trace_sys_enter" : "btf_trace_sys_exit", BTF_KIND_TYPEDEF);
    return p;
}

static struct expr *word(struct session *s, const struct token *tok, int64_t off)
{
    struct expr *e = expr_new(s->arena, EX_CTX, tok);
    e->type = TY_LONG;
    e->num = off;
    e->deref.size = 8;
    return e;
}

/* A new task's first event of its own is its return from the call that made it. */
static void add_new_tasks(struct adding *a, bool threads)
{
    static const char *const calls[] = {"clone", "clone3", "fork", "vfork"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (const struct arch_syscall *c = arch_syscalls; c->name; c++) {
            if (strcmp(c->name, calls[i]) != 0 || (threads && i > 1))
                continue;
            struct expr *child = expr_binary(a->s->arena, a->tok, OP_EQ, word(a->s, a->tok, 8),
                                             expr_number(a->s->arena, a->tok, 0));
            struct expr *kind = compare(a->s, a->tok, threads ? OP_NE : OP_EQ, "pid",
                                        expr_call(a->s->arena, a->tok, "tid"));
            add(a, at_syscall(a, false, c->nr), both(a->s, a->tok, OP_ANDAND, child, kind));
        }
}

/* Since 6.16 the tracepoint comes while the task still has its memory, and so its program; it
 * says then whether the whole process ends. */
static bool exit_knows_program(struct kernel_btf *b)
{
    uint32_t id = kbtf_find(b, "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF);
    const struct btf_type *t = id ? kbtf_type(b, id) : NULL;
    t = t ? kbtf_type(b, t->type) : NULL;
    t = t ? kbtf_type(b, t->type) : NULL;
    return t && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC_PROTO && BTF_INFO_VLEN(t->info) > 2;
}

/* On kernels before that, the function that the tracepoint is in. */
static const char *add_exit(struct adding *a, enum op op)
{
    struct session *s = a->s;
    struct expr *leader = compare(s, a->tok, op, "pid", expr_call(s->arena, a->tok, "tid"));
    const struct expr *arg = a->pp->comps.v[0].arg;
    bool any_program = !arg || arg->kind == EX_NUMBER;
    if (!any_program && s->portable && exit_knows_program(a->b)) {
        struct kernel_fact f = {.kind = FACT_TYPE, .root = "a __traceiter_sched_process_exit 1"};
        fact_need(s, fact_add(s, f),
                  "the end of a program's processes takes Linux 6.16 here: make the file with "
                  "stap -p4 on a kernel like this one, or ask for process(PID).end");
    }
    if (any_program || exit_knows_program(a->b)) {
        add(a, at_tracepoint(a, "sched_process_exit"), leader);
        return NULL;
    }
    const struct probe_pattern *pat = kprobe_provider.patterns;
    while (pat->spec && strcmp(pat->spec, "kernel.function(S)") != 0)
        pat++;
    struct probe_component comps[] = {
        {.name = "kernel", .tok = a->tok},
        {.name = "function", .tok = a->tok, .arg = expr_string(s->arena, a->tok, "do_exit")},
    };
    struct probe_point pp = {.tok = a->tok};
    vec_push(s->arena, &pp.comps, comps[0]);
    vec_push(s->arena, &pp.comps, comps[1]);
    probe_vec found = {0};
    const char *hint, *why = kprobe_provider.resolve(s, pat, &pp, &found, &hint);
    if (why)
        return "the end of a program's processes needs Linux 6.16 or newer, or a kernel with "
               "kprobes (CONFIG_KPROBES); process(PID).end works";
    found.v[0]->provider = &kprobe_provider;
    add(a, found.v[0], leader);
    return NULL;
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    const char *why;
    struct expr *unused;
    struct adding a = {.s = s, .pp = pp, .tok = pp->comps.v[0].tok, .out = out};
    (void)hint;
    a.b = session_btf(s, &why);
    if (!a.b)
        return why;
    if ((why = process_condition(s, pp->comps.v[0].arg, a.tok, &unused)))
        return why;
    switch (pat->id) {
    case T_BEGIN:
        add(&a, at_tracepoint(&a, "sched_process_exec"), NULL);
        add_new_tasks(&a, false);
        break;
    case T_THREAD_BEGIN:
        add_new_tasks(&a, true);
        break;
    case T_END:
        return add_exit(&a, OP_EQ);
    case T_THREAD_END:
        return add_exit(&a, OP_NE);
    default:
        add(&a, at_syscall(&a, pat->id == T_SYSCALL, -1), NULL);
    }
    return NULL;
}

static struct expr *target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why)
{
    const char *name = e->target->name;
    bool enter = p->attach.kind == ATTACH_SYSCALL_ENTER, call = p->attach.nr == -1;
    if (e->kind == EX_CAST)
        return kdata_cast(s, e, lvalue, why);
    if (p->attach.kind == ATTACH_TRACEPOINT || !call || !name || lvalue || e->target->steps.n ||
        e->target->address_of)
        return NULL;
    bool arg = strncmp(name, "$arg", 4) == 0 && name[4] >= '1' && name[4] <= '6' && !name[5];
    if (arg || (strcmp(name, "$syscall") == 0 && !enter)) {
        struct expr *r = expr_new(s->arena, EX_DEREF, e->tok);
        r->type = TY_LONG;
        r->a = word(s, e->tok, 0);
        r->num = arg ? arch_syscall_arg[name[4] - '1'] : arch_syscall_nr;
        r->deref = (struct deref){.size = 8, .is_signed = true, .direct = true};
        return r;
    }
    if ((strcmp(name, "$syscall") == 0 && enter) || (strcmp(name, "$return") == 0 && !enter))
        return word(s, e->tok, 8);
    *why = arena_printf(s->arena, "unable to find '%s' (alternatives: $arg1 … $arg6, $syscall%s)",
                        name, enter ? "" : ", $return");
    return NULL;
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    struct expr *unused;
    if (process_condition(s, pp->comps.v[0].arg, pp->comps.v[0].tok, &unused))
        return;
    const char *vars = pat->id == T_SYSCALL ? "$syscall:long $arg1:long $arg2:long $arg3:long "
                                              "$arg4:long $arg5:long $arg6:long"
                       : pat->id == T_SYSCALL_RETURN ? "$syscall:long $return:long"
                                                     : "";
    fn(point_text(s, pp), vars, arg);
}

const struct probe_provider task_provider = {
    .name = "process.task",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
    .list = list,
};
