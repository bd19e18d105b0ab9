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

#define INSN(c, d, r, o, i)                                                                        \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        .code = (c), .dst_reg = (d), .src_reg = (r), .off = (o), .imm = (i)                        \
    }
#define STORE(size, at, value) INSN(BPF_ST | BPF_MEM | (size), 10, 0, at, value)
#define LOAD(to, at) INSN(BPF_LDX | BPF_MEM | BPF_DW, to, 10, at, 0)
#define SET(to, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define COPY(to, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)

/* The first bytes of a function, by a program that looks at it; false: nothing is known. */
static bool first_bytes(const char *name, uint8_t out[16])
{
    enum { NAME_MAX_ = 256, LOOKUP_NAME = 179, READ_KERNEL = 113, BYTES = -16, ADDRESS = -24 };
    struct bpf_insn p[NAME_MAX_ / 4 + 32];
    size_t n = 0, len = strlen(name) + 1, words = (len + 7) / 8 * 2;
    int16_t at = (int16_t)(ADDRESS - 4 * (int)words);
    if (len > NAME_MAX_)
        return false;
    p[n++] = COPY(6, 1);
    for (size_t i = 0; i < words; i++) {
        int32_t w = 0;
        if (i * 4 < len)
            memcpy(&w, name + i * 4, len - i * 4 < 4 ? len - i * 4 : 4);
        p[n++] = STORE(BPF_W, (int16_t)(at + 4 * (int)i), w);
    }
    for (int16_t i = ADDRESS; i < 0; i += 8)
        p[n++] = STORE(BPF_DW, i, 0);
    p[n++] = COPY(1, 10);
    p[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, at);
    p[n++] = SET(2, (int32_t)len);
    p[n++] = SET(3, 0);
    p[n++] = COPY(4, 10);
    p[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, ADDRESS);
    p[n++] = CALL(LOOKUP_NAME);
    p[n++] = COPY(1, 10);
    p[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, BYTES);
    p[n++] = SET(2, 16);
    p[n++] = LOAD(3, ADDRESS);
    p[n++] = CALL(READ_KERNEL);
    for (int16_t i = 0; i < 16; i += 8) {
        p[n++] = LOAD(1, (int16_t)(BYTES + i));
        p[n++] = INSN(BPF_STX | BPF_MEM | BPF_DW, 6, 1, i, 0);
    }
    p[n++] = SET(0, 0);
    p[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    union bpf_attr a;
    memset(&a, 0, sizeof a);
    a.prog_type = BPF_PROG_TYPE_SYSCALL;
    a.prog_flags = BPF_F_SLEEPABLE;
    int prog = bpfcall_load(&a, "stap_look", p, n);
    memset(out, 0, 16);
    bool known = prog >= 0 && bpfcall_run(prog, out, 16) >= 0 && out[0];
    if (prog >= 0)
        close(prog);
    return known;
}

/* Functions that are inline in the source, but not everywhere, have no place to be called from. */
static bool has_call_site(const char *name)
{
    uint8_t code[16];
    return !first_bytes(name, code) || arch_is_traced(code);
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
    if (id && !has_call_site(f->name))
        return 0;
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
