/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kprobe costs several times what a call from the function itself does (fentry and
 * fexit: a trampoline that the kernel makes for its typed functions), and a return
 * probe loses returns when many tasks are inside.  So a probe of one function becomes
 * such a call where the handler looks at parameters and the result only, and this
 * kernel has shown that it can. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bpfcall.h"
#include "probes/arch.h"
#include "probes/handler_use.h"
#include "probes/kprobe.h"

/* Each function's trampoline takes a page and some time to make. */
enum { FENTRY_MAX = 64 };

static bool fits_register(struct kernel_btf *b, uint32_t type)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, type));
    if (!t)
        return false;
    switch (BTF_INFO_KIND(t->info)) {
    case BTF_KIND_PTR:
        return true;
    case BTF_KIND_INT:
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
        return t->size <= 8;
    default:
        return false;
    }
}

static bool simple_prototype(const struct kernel_function *f)
{
    const struct btf_param *p = (const void *)(f->proto + 1);
    uint32_t n = BTF_INFO_VLEN(f->proto->info);
    for (uint32_t i = 0; i < n; i++)
        if (!fits_register(f->btf, p[i].type))
            return false;
    return n <= 6 && (!kbtf_skip(f->btf, f->proto->type) || fits_register(f->btf, f->proto->type));
}

/* ---- what the handler looks at ---- */

struct use {
    bool registers; /* more than parameters and the result */
    bool paired;    /* the stack pointer tells which call it is */
    bool rewrite;
};

static int argument_of(const struct use *u, int64_t offset)
{
    for (int i = 0; i < 6; i++)
        if (arch_call_arg[i] == offset)
            return i;
    if (u->paired && offset == arch_reg_sp)
        return CTX_FRAME;
    return offset == arch_reg_return ? CTX_RESULT : -1;
}

static void look_intrinsic(const char *name, void *arg)
{
    static const char *const need[] = {
        "backtrace", "stack_word", "register",  "u_register", "pt_regs",         "arg_s32",
        "arg_u32",   "arg_64",     "returnval", "addr",       "registers_valid", "user_mode",
    };
    struct use *u = arg;
    for (size_t i = 0; i < sizeof need / sizeof *need; i++)
        u->registers |= strcmp(name, need[i]) == 0;
}

static void look_expr(struct expr **ep, void *arg)
{
    struct use *u = arg;
    struct expr *e = *ep;
    /* The stack pointer that the return will have. */
    if (u->rewrite && e->kind == EX_BINARY && e->op == OP_ADD && e->a->kind == EX_CTX &&
        e->a->num == arch_reg_sp)
        *ep = e = e->a;
    if (e->kind == EX_CTX && !e->deref.direct) {
        int n = argument_of(u, e->num);
        u->registers |= n == -1;
        if (u->rewrite) {
            e->num = n;
            e->deref.direct = true; /* trees may share it: once is enough */
        }
    }
}

static void look(struct session *s, struct probe *p, struct use *u)
{
    struct handler_walk w = {
        .expr = look_expr, .intrinsic = u->rewrite ? NULL : look_intrinsic, .arg = u};
    handler_walk(s->arena, p, &w);
}

/* ---- what the kernel can ---- */

/* Functions that kprobes reach can be called from where ftrace patches them (kernel/bpf/
 * trampoline.c).  To try it costs up to a quarter of a second on a slow machine. */
static bool ftrace_patches(struct kernel_btf *b)
{
    char enabled = 0;
    int fd = open("/proc/sys/kernel/ftrace_enabled", O_RDONLY | O_CLOEXEC);
    bool known = fd >= 0 && read(fd, &enabled, 1) == 1;
    if (fd >= 0)
        close(fd);
    return known && enabled == '1' && kbtf_find(b, "register_ftrace_direct", BTF_KIND_FUNC);
}

/* Loads an empty handler; where it is not sure what follows, attaches it and takes it away. */
static bool kernel_attaches(const struct kernel_function *f, uint32_t id)
{
    int prog = bpfcall_load_empty(BPF_PROG_TYPE_TRACING,
                                  f->is_return ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY, id);
    bool works = prog >= 0 && ftrace_patches(f->btf);
    if (prog >= 0 && !works) {
        int link = bpfcall_raw_tracepoint(NULL, prog);
        works = link >= 0;
        if (works)
            close(link);
    }
    if (prog >= 0)
        close(prog);
    return works;
}

/* The BTF id of the function, if this probe can be a call from it; otherwise 0. */
static uint32_t callable(struct session *s, struct probe *p)
{
    const struct kernel_function *f = p->attach.priv;
    if (p->also.n || f->module || f->addr || f->offset || !f->proto || f->one_of_many ||
        s->fentry_probes >= FENTRY_MAX || !simple_prototype(f))
        return 0;
    struct use u = {.paired = f->pair != NULL};
    look(s, p, &u);
    uint32_t id = u.registers ? 0 : kbtf_find(f->btf, f->name, BTF_KIND_FUNC);
    if (id && !kernel_attaches(f, id)) {
        /* Most often it is the kernel that has none; asking again and again takes time. */
        s->fentry_probes += FENTRY_MAX / 4;
        return 0;
    }
    return id;
}

static void become_call(struct session *s, struct probe *p, uint32_t id)
{
    const struct kernel_function *f = p->attach.priv;
    struct use u = {.paired = f->pair != NULL, .rewrite = true};
    look(s, p, &u);
    p->attach.prog = PROG_FENTRY;
    p->attach.btf_id = id;
    s->fentry_probes++;
}

void kprobe_settle(struct session *s, struct probe *p)
{
    struct kernel_function *f = p->attach.priv;
    struct probe *pair = f->pair;
    /* Which kernel it will be is not known. */
    if (f->settled || s->portable)
        return;
    f->settled = true;
    uint32_t id = callable(s, p);
    /* Both, or none: they must find what the other one saved. */
    if (pair) {
        ((struct kernel_function *)pair->attach.priv)->settled = true;
        id = id ? callable(s, pair) : 0;
    }
    if (!id)
        return;
    become_call(s, p, id);
    if (pair)
        become_call(s, pair, id);
}

void kprobe_settle_hook(struct session *s, struct probe *p)
{
    struct use u = {.rewrite = true};
    look(s, p, &u);
}
