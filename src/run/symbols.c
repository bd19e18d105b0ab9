/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of the kernel by /proc/kallsyms, of processes by /proc/PID/maps and
 * the symbol tables of what is mapped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "debuginfo/dwarf.h"
#include "debuginfo/ksyms.h"
#include "run/private.h"

struct symbols {
    struct arena *arena;
    VEC(struct ksym) kernel;    /* in order of addresses */
    struct hash kernel_modules; /* their names, each once */
    bool kernel_read;
    struct strbuf text;          /* of the stack that is being printed */
    struct processes *processes; /* NULL: they are not watched */
    struct hash modules;         /* by path; a module that cannot be read: `none` */
    pid_t target;
};

static struct dw_module *const none = (void *)1;

/* ---- the kernel ---- */

static int by_address(const void *a, const void *b)
{
    u64 x = ((const struct ksym *)a)->addr, y = ((const struct ksym *)b)->addr;
    return x < y ? -1 : x > y;
}

static bool keep_function(const struct ksym *k, void *arg)
{
    struct symbols *y = arg;
    if (!k->addr || !strchr("tTwW", k->type)) /* the room before a function has a name too */
        return false;
    struct ksym copy = *k;
    copy.name = arena_strdup(y->arena, k->name);
    copy.module = "kernel";
    if (*k->module && !(copy.module = hash_get(&y->kernel_modules, k->module))) {
        copy.module = arena_strdup(y->arena, k->module);
        hash_put(&y->kernel_modules, copy.module, (void *)copy.module);
    }
    vec_push(y->arena, &y->kernel, copy);
    return false;
}

static void read_kernel(struct symbols *y)
{
    y->kernel_read = true;
    ksyms_each(keep_function, y);
    if (y->kernel.n)
        qsort(y->kernel.v, y->kernel.n, sizeof *y->kernel.v, by_address);
}

/* Farther behind the start of a function there is none: the next one is in another module. */
enum { FUNCTION_MAX = 1 << 24 };

static const struct ksym *kernel_symbol(struct symbols *y, u64 addr, u64 *size)
{
    if (!y->kernel_read)
        read_kernel(y);
    size_t lo = 0, hi = y->kernel.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (y->kernel.v[mid].addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo || addr - y->kernel.v[lo - 1].addr >= FUNCTION_MAX)
        return NULL;
    size_t next = lo;
    while (next < y->kernel.n && y->kernel.v[next].addr == y->kernel.v[lo - 1].addr)
        next++;
    *size = next < y->kernel.n ? y->kernel.v[next].addr - y->kernel.v[lo - 1].addr : 0;
    return &y->kernel.v[lo - 1];
}

/* What stands between a probe and the code that it interrupted. */
static bool is_ours(const char *name)
{
    static const char *const prefixes[] = {"bpf_prog_", "bpf_trace_run", "__bpf_trace_",
                                           "__traceiter_", "bpf_trampoline_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

struct symbols *symbols_open(struct arena *a, bool processes)
{
    struct symbols *y = arena_new_obj(a, struct symbols);
    y->arena = a;
    hash_init(&y->modules, a);
    hash_init(&y->kernel_modules, a);
    if (processes)
        y->processes = processes_open(a);
    return y;
}

void symbols_target(struct symbols *y, pid_t target)
{
    if (y)
        y->target = target;
}

void symbols_close(struct symbols *y)
{
    if (y) {
        processes_close(y->processes);
        strbuf_free(&y->text);
    }
}

bool symbols_poll(struct symbols *y)
{
    return y && y->processes && processes_poll(y->processes);
}

static struct dw_module *module_of(struct symbols *y, pid_t pid, const char *path)
{
    struct dw_module *m = hash_get(&y->modules, path);
    if (!m) {
        const char *why, *inside = arena_printf(y->arena, "/proc/%d/root%s", (int)pid, path);
        int vdso = strcmp(path, VDSO_NAME) == 0 ? vdso_file() : -1;
        if (vdso >= 0)
            inside = arena_printf(y->arena, "/proc/self/fd/%d", vdso);
        m = dw_open(y->arena, access(inside, R_OK) == 0 ? inside : path, &why);
        if (vdso >= 0)
            close(vdso);
        hash_put(&y->modules, path, m ? m : none);
    }
    return m == none ? NULL : m;
}

struct place {
    const char *symbol;
    u64 offset, size;
};

/* `back`: the address is where a call returns to, which may be behind the line of the call. */
static void print_lines(struct strbuf *out, struct dw_module *m, u64 addr, u64 in_file, bool back,
                        const struct place *place, const char *module)
{
    dw_inlined_vec inlined = {0};
    const char *file;
    int line;
    bool known = dw_line_at(m, in_file - back, &file, &line);
    if (known)
        dw_inlined_at(m, in_file - back, &inlined);
    vec_for (i, inlined) {
        strbuf_printf(out, " 0x%llx : %s", (unsigned long long)addr, inlined.v[i].name);
        if (known)
            strbuf_printf(out, " at %s:%d", file, line);
        strbuf_printf(out, " (inlined) [%s]\n", module);
        file = inlined.v[i].file;
        line = inlined.v[i].line;
        known = file && line;
    }
    strbuf_printf(out, " 0x%llx : %s+0x%llx/0x%llx", (unsigned long long)addr, place->symbol,
                  (unsigned long long)place->offset, (unsigned long long)place->size);
    if (known)
        strbuf_printf(out, " at %s:%d", file, line);
    strbuf_printf(out, " [%s]\n", module);
}

static void print_unknown(struct strbuf *out, u64 addr, bool brief)
{
    unsigned long long a = addr;
    if (brief)
        strbuf_printf(out, "0x%llx\n", a);
    else
        strbuf_printf(out, " 0x%llx : 0x%llx\n", a, a);
}

/* Stacks are collected in one process and often printed in another, or at the end: *pid becomes
 * the process that has something there. */
static void print_user(struct symbols *y, struct strbuf *out, u64 addr, int form, bool back,
                       pid_t *pid)
{
    bool brief = form & STACK_BRIEF;
    const struct mapping *at =
        y->processes ? processes_find(y->processes, pid, y->target, addr) : NULL;
    struct dw_module *m = at ? module_of(y, *pid, at->path) : NULL;
    const char *name;
    u64 in_file, offset = 0, size;
    if (!at) {
        print_unknown(out, addr, brief);
        return;
    }
    const char *shown = strcmp(at->path, VDSO_NAME) == 0 ? "vdso" : at->path;
    bool known = m && dw_address(m, addr - at->start + at->offset, &in_file);
    bool named = known && dw_symbol_at(m, in_file, &name, &offset, &size);
    if (known && back && !named) { /* the last instruction is a call that does not return */
        named = dw_symbol_at(m, in_file - 1, &name, &offset, &size);
        offset++;
    }
    if (named) {
        name = arena_strndup(y->arena, name, strcspn(name, "@")); /* no version */
        if (form & STACK_LINES)
            print_lines(out, m, addr, in_file, back, &(struct place){name, offset, size}, shown);
        else if (brief)
            strbuf_printf(out, "%s+0x%llx\n", name, (unsigned long long)offset);
        else
            strbuf_printf(out, " 0x%llx : %s+0x%llx/0x%llx [%s]\n", (unsigned long long)addr, name,
                          (unsigned long long)offset, (unsigned long long)size, shown);
        return;
    }
    if (brief) {
        print_unknown(out, addr, brief);
        return;
    }
    u64 base = at->start - at->offset;
    strbuf_printf(out, " 0x%llx [%s+0x%llx/0x%llx]\n", (unsigned long long)addr, shown,
                  (unsigned long long)(addr - base), (unsigned long long)(at->end - base));
}

static bool print_kernel(struct symbols *y, struct strbuf *out, u64 addr, bool brief, bool first)
{
    u64 size;
    const struct ksym *k = kernel_symbol(y, addr, &size);
    if (k && first && is_ours(k->name))
        return false;
    if (!k)
        print_unknown(out, addr, brief);
    else if (brief)
        strbuf_printf(out, "%s+0x%llx\n", k->name, (unsigned long long)(addr - k->addr));
    else
        strbuf_printf(out, " 0x%llx : %s+0x%llx/0x%llx [%s]\n", (unsigned long long)addr, k->name,
                      (unsigned long long)(addr - k->addr), (unsigned long long)size, k->module);
    return true;
}

void symbols_print(struct symbols *y, struct strbuf *out, const char *text, size_t n, int form,
                   pid_t pid)
{
    y->text.n = 0;
    strbuf_add(&y->text, text, strnlen(text, n));
    strbuf_putc(&y->text, ' '); /* something to end at */
    const char *at = y->text.p;
    symbols_poll(y);
    bool brief = form & STACK_BRIEF, first = true;
    for (char *end;; at = end) {
        u64 addr = strtoull(at, &end, 16);
        if (end == at)
            break;
        if (form & STACK_USER)
            print_user(y, out, addr, form, !first, &pid);
        else if (print_kernel(y, out, addr, brief, first))
            first = false;
        first &= !(form & STACK_USER);
    }
}
