/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mapped in a process, the symbols of that, and the process's stack by the rules
 * for unwinding that its modules carry (.eh_frame). */
#include "rt.h"

enum { TREE_DEPTH = 8, SEARCH_STEPS = 26, WORD = 8, NAME_WORDS = 512, VM_EXEC = 4 };
/* Nodes of a maple tree (include/linux/maple_tree.h): the kind is in bits 3 to 6 of a
 * pointer to one; limits follow the parent, entries follow the limits. */
enum { NODE_LEAF = 1, NODE_ARANGE = 3, LIMITS = 15, LIMITS_ARANGE = 9, NODE_MASK = 255 };

INLINE u64 kernel_word(u64 at)
{
    u64 v = 0;
    bpf_probe_read_kernel(&v, sizeof v, (const void *)at);
    return v;
}

INLINE u64 user_word(u64 at, long *failed)
{
    u64 v = 0;
    *failed = bpf_probe_read_user(&v, sizeof v, (const void *)at);
    return v;
}

struct descent {
    struct ctxmem *c;
    u64 addr, entry;
    u64 found;
};

/* One level down.  Read without a lock: nodes live until a grace period has passed. */
static long descend(u32 i, struct descent *d)
{
    u64 entry = d->entry;
    if (entry < 4096)
        return 1;
    if (!i && (entry & 3) != 2) {
        d->found = entry; /* a tree of one entry */
        return 1;
    }
    u64 kind = entry >> 3 & 15, node = entry & ~(u64)NODE_MASK;
    u64 n = kind == NODE_ARANGE ? LIMITS_ARANGE : LIMITS;
    u64 *limit = d->c->ctx.walk.node;
    if (bpf_probe_read_kernel(limit, LIMITS * WORD, (const void *)(node + WORD)))
        return 1;
    u64 at = 0, on = 1;
    /* Without branches, which the verifier would follow in all combinations: the top bit of
     * a difference is "less". */
    u64 addr = d->addr;
    for (u64 k = 0; k < LIMITS; k++) {
        u64 less = (limit[k] - addr) & -limit[k] & (k - n);
        less >>= 63;
        OPAQUE(less);
        on &= less;
        at += on;
    }
    d->entry = kernel_word(node + WORD + (n + at) * WORD);
    if (kind > NODE_LEAF)
        return 0;
    d->found = d->entry;
    return 1;
}

static void ask(u64 inode, u64 addr)
{
    struct {
        struct rec rec;
        u64 inode, pid, addr;
    } r = {{REC_MODULE, 0, sizeof r}, inode, bpf_get_current_pid_tgid() >> 32, addr};
    /* Asked once: from then on it is as module 0, of which nothing is known. */
    u64 zero = 0;
    struct abi_module *nothing = bpf_map_lookup_elem(&modules_map, &zero);
    if (nothing && !bpf_map_update_elem(&modules_map, &inode, nothing, 1))
        bpf_ringbuf_output(&ring_map, &r, sizeof r, RB_FORCE_WAKEUP);
}

/* Finds the mapping of an address and its file: walk.start, end, inode (0: no file). */
GLOBAL u64 rt_mapping(struct ctxmem *c, u64 addr)
{
    if (!c)
        return 0;
    struct abi_walk *w = &c->ctx.walk;
    struct descent d = {.c = c, .addr = addr};
    w->start = w->end = w->inode = 0;
    if (!w->mm)
        return 0;
    d.entry = kernel_word(w->mm + consts.offsets.mm_tree);
    bpf_loop(TREE_DEPTH, descend, &d, 0);
    u64 vma = d.found;
    if (vma < 4096)
        return 0;
    u64 start = kernel_word(vma + consts.offsets.vma_start);
    u64 end = kernel_word(vma + consts.offsets.vma_end);
    if (addr < start || addr >= end)
        return 0;
    u64 file = kernel_word(vma + consts.offsets.vma_file);
    w->start = start;
    w->end = end;
    w->delta = (kernel_word(vma + consts.offsets.vma_pgoff) << 12) - start;
    w->inode = file ? kernel_word(file + consts.offsets.file_inode)
               : consts.offsets.mm_vdso && start == kernel_word(w->mm + consts.offsets.mm_vdso)
                   ? MODULE_VDSO
                   : 0;
    if (w->inode == MODULE_VDSO)
        w->delta = -start;
    return kernel_word(vma + consts.offsets.vma_flags) & VM_EXEC ? 2 : 1;
}

/* walk.module is that of an address of the process, and walk.delta as there; 0: not known. */
GLOBAL u64 rt_module(struct ctxmem *c, u64 addr)
{
    if (!c)
        return 0;
    struct abi_walk *w = &c->ctx.walk;
    if (addr >= w->start && addr < w->end)
        return w->module.table != 0;
    w->module.table = 0;
    u64 exec = rt_mapping(c, addr);
    u64 inode = w->inode;
    if (!exec || !inode)
        return 0;
    struct abi_module *m = bpf_map_lookup_elem(&modules_map, &inode);
    if (!m) {
        ask(inode, addr);
        return 0;
    }
    w->module = *m;
    if (!m->table)
        return 0;
    u64 off = addr + w->delta;
    for (u32 i = 0; i < MODULE_SEGMENTS; i++) {
        const struct abi_segment *s = &w->module.segments[i];
        if (s->size && (s->exec != 0) == (exec == 2) && off - s->offset < s->size) {
            w->delta += s->delta;
            return 1;
        }
    }
    w->module.table = 0;
    return 0;
}

/* The process that runs, whose mappings rt_module looks at. */
GLOBAL u64 rt_walk_current(struct ctxmem *c)
{
    if (!c)
        return 0;
    struct abi_walk *w = &c->ctx.walk;
    u64 task = (u64)bpf_get_current_task_btf();
    w->mm = kernel_word(task + consts.offsets.task_mm);
    w->start = w->end = 0;
    w->module.table = 0;
    return w->mm != 0;
}

/* For the session itself: the inode that it has mapped at session.ask_addr. */
GLOBAL u64 rt_ask_mapping(struct ctxmem *c)
{
    if (!c)
        return 0;
    session.ask_inode = 0;
    if (rt_walk_current(c) && rt_mapping(c, session.ask_addr))
        session.ask_inode = c->ctx.walk.inode;
    return 0;
}

/* ---- tables ---- */

struct search {
    void *table;
    u32 at, stride, lo, hi, key;
};

static long halve(u32 i, struct search *s)
{
    (void)i;
    if (s->lo >= s->hi)
        return 1;
    u32 mid = s->lo + (s->hi - s->lo) / 2, index = s->at + mid * s->stride;
    u64 *word = bpf_map_lookup_elem(s->table, &index);
    if (!word)
        return 1;
    if ((u32)*word <= s->key)
        s->lo = mid + 1;
    else
        s->hi = mid;
    return 0;
}

/* The last of n entries from word `at` on, each of `stride` words, whose address is not
 * behind `key`: its number + 1; 0: none. */
GLOBAL u64 rt_table_find(struct ctxmem *c, u64 at, u64 stride, u64 n, u64 key)
{
    if (!c)
        return 0;
    u32 number = c->ctx.walk.module.table;
    void *table = bpf_map_lookup_elem(&tables_map, &number);
    if (!table || key >> 32)
        return 0;
    struct search s = {table, (u32)at, (u32)stride, 0, (u32)n, (u32)key};
    bpf_loop(SEARCH_STEPS, halve, &s, 0);
    return s.lo;
}

GLOBAL u64 rt_table_word(struct ctxmem *c, u64 at)
{
    if (!c)
        return 0;
    u32 number = c->ctx.walk.module.table, index = (u32)at;
    void *table = bpf_map_lookup_elem(&tables_map, &number);
    u64 *word = table ? bpf_map_lookup_elem(table, &index) : NULL;
    return word ? *word : 0;
}

/* ---- stacks ---- */

struct unwinder {
    struct ctxmem *c;
    u64 *frames;
};

/* Registers of the caller by frame pointers; 1: there is no caller. */
static long by_frame_pointer(struct abi_walk *w)
{
    long failed, failed2;
    u64 ip = user_word(w->bp + WORD, &failed), bp = user_word(w->bp, &failed2);
    if (failed || failed2 || w->bp < w->sp || w->bp & 7)
        return 1;
    w->sp = w->bp + 2 * WORD;
    w->bp = bp;
    w->ip = ip;
    return 0;
}

static long by_rule(struct abi_walk *w, u64 row)
{
    u64 kind = UNWIND_KIND(row), cfa = (u64)UNWIND_CFA(row) * WORD;
    s64 saved = UNWIND_SAVED(row);
    long failed = 0, failed2 = 0;
    if (kind == UNWIND_NONE)
        return 1;
    if (kind == UNWIND_SIGNAL) {
        /* struct rt_sigframe behind its return address: ucontext_t, whose mcontext has
         * rbp, rsp and rip (arch/x86/include/uapi/asm/sigcontext.h). */
        u64 at = w->sp;
        w->bp = user_word(at + 120, &failed);
        w->sp = user_word(at + 160, &failed2);
        w->ip = user_word(at + 168, &failed);
        w->signal = 1;
        return failed || failed2;
    }
    if (kind == UNWIND_PLT)
        cfa = w->sp + WORD + ((w->ip & 15) >= cfa / WORD ? WORD : 0);
    else
        cfa += kind == UNWIND_RSP || kind == UNWIND_AT_RSP ? w->sp : w->bp;
    if (kind == UNWIND_AT_RBP || kind == UNWIND_AT_RSP)
        cfa = user_word(cfa, &failed);
    u64 ip = user_word(cfa - WORD, &failed2);
    if (failed || failed2 || cfa <= w->sp)
        return 1;
    if (saved) {
        w->bp = user_word(saved == UNWIND_AT_BP ? w->bp : cfa + (u64)saved * WORD, &failed);
        if (failed)
            return 1;
    }
    w->sp = cfa;
    w->ip = ip;
    return 0;
}

/* A return probe has put its own address where a function returns to. */
static void true_return(struct abi_walk *w)
{
    if (!w->replaced || w->ip != w->replaced)
        return;
    /* Those of functions that have returned meanwhile may still be in the list. */
    u64 slot = w->sp - WORD;
    for (int k = 0; k < 8; k++) {
        if (!w->returns || kernel_word(w->returns + consts.offsets.return_stack) >= slot)
            break;
        w->returns = kernel_word(w->returns + consts.offsets.return_next);
    }
    if (!w->returns)
        return;
    w->ip = kernel_word(w->returns + consts.offsets.return_address);
    w->returns = kernel_word(w->returns + consts.offsets.return_next);
}

static long unwind(u32 i, struct unwinder *u)
{
    struct abi_walk *w = &u->c->ctx.walk;
    /* The slot of the frames has as much room behind it as a string. */
    if (i >= consts.maxstringlen / WORD)
        return 1;
    u->frames[i] = w->ip;
    w->pos = i + 1;
    /* A call at the end of a function returns behind it. */
    u64 looked = i && !w->signal ? w->ip - 1 : w->ip;
    w->signal = 0;
    long end;
    if (rt_module(u->c, looked) && w->module.nrows) {
        u64 found = rt_table_find(u->c, 0, 1, w->module.nrows, looked + w->delta);
        end = by_rule(w, found ? rt_table_word(u->c, found - 1) : 0);
    } else {
        end = by_frame_pointer(w);
    }
    true_return(w);
    return end || w->ip < 4096;
}

/* Addresses of the stack of the process that runs, at `frames` in the context, at most
 * `max`; how many.  `returns`: it is about to go where the top of the stack says. */
GLOBAL u64 rt_user_stack(struct ctxmem *c, u64 frames, u64 max, u64 returns)
{
    CTX_STR(f, c, frames);
    struct unwinder u = {.c = c, .frames = (u64 *)f};
    struct abi_walk *w = &c->ctx.walk;
    if (!rt_walk_current(c))
        return 0;
    void *task = bpf_get_current_task_btf();
    u64 regs = (u64)bpf_task_pt_regs(task);
    w->ip = kernel_word(regs + consts.offsets.regs_ip);
    w->sp = kernel_word(regs + consts.offsets.regs_sp);
    w->bp = kernel_word(regs + consts.offsets.regs_bp);
    w->signal = w->returns = w->replaced = 0;
    if (returns) {
        long failed;
        w->ip = user_word(w->sp, &failed);
        w->sp += WORD;
    }
    u64 utask = kernel_word((u64)task + consts.offsets.task_utask);
    if (utask && consts.offsets.return_next) {
        w->returns = kernel_word(utask + consts.offsets.utask_returns);
        u64 xol = kernel_word(w->mm + consts.offsets.mm_xol);
        w->replaced = xol ? kernel_word(xol + consts.offsets.xol_vaddr) : 0;
    }
    w->pos = 0;
    bpf_loop((u32)max, unwind, &u, 0);
    return w->pos;
}

/* Where the process that runs is, or was when the kernel was entered. */
GLOBAL u64 rt_user_address(struct ctxmem *c)
{
    if (!c || !rt_walk_current(c))
        return 0;
    return kernel_word((u64)bpf_task_pt_regs(bpf_get_current_task_btf()) + consts.offsets.regs_ip);
}

/* ---- symbols as text ---- */

struct copying {
    struct ctxmem *c;
    char *dst;
    u64 at, left;
};

INLINE void put(struct ctxmem *c, char *dst, char ch)
{
    u64 at = c->ctx.walk.pos;
    OPAQUE(at);
    if (at + 1 >= consts.maxstringlen)
        return;
    OPAQUE(at);
    if (at >= consts.maxstringlen)
        return;
    dst[at] = ch;
    c->ctx.walk.pos = at + 1;
}

static long copy_word(u32 i, struct copying *k)
{
    u64 word = rt_table_word(k->c, k->at + i);
    for (u32 b = 0; b < WORD; b++) {
        if (!k->left)
            return 1;
        k->left--;
        put(k->c, k->dst, (char)(word >> b * 8));
    }
    return 0;
}

INLINE void put_name(struct ctxmem *c, char *dst, u64 at, u64 len)
{
    struct copying k = {c, dst, at, len};
    bpf_loop(NAME_WORDS, copy_word, &k, 0);
}

struct digits {
    struct ctxmem *c;
    char *dst;
    u64 value, some;
};

static long put_digit(u32 i, struct digits *h)
{
    u64 d = h->value >> 60;
    h->value <<= 4;
    h->some |= d;
    if (h->some || i == 15)
        put(h->c, h->dst, (char)(d < 10 ? '0' + d : 'a' + d - 10));
    return 0;
}

INLINE void put_hex(struct ctxmem *c, char *dst, u64 v)
{
    struct digits h = {c, dst, v, 0};
    put(c, dst, '0');
    put(c, dst, 'x');
    bpf_loop(16, put_digit, &h, 0);
}

static long put_decimal_digit(u32 i, struct digits *h)
{
    static const u32 tens[] = {100000, 10000, 1000, 100, 10, 1};
    u32 ten = i < 6 ? tens[i] : 1, d = (u32)h->value / ten;
    h->value -= d * ten;
    h->some |= d;
    if (h->some || i == 5)
        put(h->c, h->dst, (char)('0' + d % 10));
    return 0;
}

/* The file, the line or both (enum line_form) of an address of the process that runs. */
GLOBAL u64 rt_user_line(struct ctxmem *c, u64 dst, u64 addr, u64 form)
{
    CTX_STR(d, c, dst);
    struct abi_walk *w = &c->ctx.walk;
    u64 row = 0;
    w->pos = 0;
    if (rt_walk_current(c) && rt_module(c, addr) && w->module.nlines) {
        u64 number = rt_table_find(c, w->module.lines_at, 1, w->module.nlines, addr + w->delta);
        if (number)
            row = rt_table_word(c, w->module.lines_at + number - 1);
    }
    u32 file = LINE_FILE(row);
    if (!file || file > w->module.nfiles) {
        put_hex(c, d, addr);
    } else {
        u64 name = rt_table_word(c, w->module.files_at + file - 1);
        struct digits h = {c, d, LINE_NUMBER(row), 0};
        if (form & FORM_FILE)
            put_name(c, d, SYMBOL_NAME_AT(name), SYMBOL_NAME_LEN(name));
        if (form == (FORM_FILE | FORM_LINE))
            put(c, d, ':');
        if (form & FORM_LINE)
            bpf_loop(6, put_decimal_digit, &h, 0);
    }
    u64 end = w->pos;
    if (end < consts.maxstringlen)
        d[end] = 0;
    return 0;
}

/* The text of enum symbol_form for an address of the process that runs. */
GLOBAL u64 rt_user_symbol(struct ctxmem *c, u64 dst, u64 addr, u64 form)
{
    CTX_STR(d, c, dst);
    struct abi_walk *w = &c->ctx.walk;
    u64 number = 0, place = 0, name = 0, in_file = 0;
    w->pos = 0;
    if (rt_walk_current(c) && rt_module(c, addr)) {
        in_file = addr + w->delta;
        number = form >= SYMBOL_MODULE
                     ? 0
                     : rt_table_find(c, w->module.syms_at, 2, w->module.nsyms, in_file);
        if (number) {
            place = rt_table_word(c, w->module.syms_at + (number - 1) * 2);
            name = rt_table_word(c, w->module.syms_at + (number - 1) * 2 + 1);
            /* A call that does not return may be the last instruction of a function. */
            if (place >> 32 && in_file - (u32)place > place >> 32)
                number = 0;
        }
    }
    if (form >= SYMBOL_MODULE) {
        u64 at = form == SYMBOL_MODULE ? w->module.path_at : w->module.id_at;
        u64 len = form == SYMBOL_MODULE ? w->module.path_len : w->module.id_len;
        if (w->module.table)
            put_name(c, d, at, len);
    } else if (number) {
        put_name(c, d, SYMBOL_NAME_AT(name), SYMBOL_NAME_LEN(name));
    } else {
        put_hex(c, d, addr);
    }
    if (form == SYMBOL_DATA && number) {
        put(c, d, '+');
        put_hex(c, d, in_file - (u32)place);
        put(c, d, '/');
        put_hex(c, d, place >> 32);
    }
    if (form == SYMBOL_DATA && w->module.table) {
        put(c, d, ' ');
        put(c, d, '[');
        put_name(c, d, w->module.path_at, w->module.path_len);
        put(c, d, ']');
    }
    u64 end = w->pos;
    if (end < consts.maxstringlen)
        d[end] = 0;
    return 0;
}

/* Where an address of the process that runs is in its file, as the file itself counts; -1: in
 * none that is known. */
GLOBAL u64 rt_user_place(struct ctxmem *c, u64 addr)
{
    if (!c || !rt_walk_current(c) || !rt_module(c, addr))
        return (u64)-1;
    return addr + c->ctx.walk.delta;
}
