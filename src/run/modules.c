/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs and libraries for handlers: their rules for unwinding and their symbols, as
 * tables in maps. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "debuginfo/build_id.h"
#include "debuginfo/unwind.h"
#include "probes/process.h"
#include "run/private.h"

enum { TABLE_WORDS_MAX = 64 << 20, VDSO_SIZE = 8192 };

extern char **environ;

struct symbol {
    u32 addr, size;
    const char *name;
    bool global;
};

struct line {
    u64 row;
    size_t order;
};

struct modules {
    struct session *s;
    struct arena *arena;
    struct bpf_running *bpf;
    bool names; /* handlers ask for symbols, not for stacks only */
    bool lines; /* … for lines of source files */
    int ask;    /* the probe that looks at our own mappings */
    u32 tables;
    struct hash done; /* paths */
    VEC(int) pinned;  /* files that stay open, so that their inodes stay what they are */
};

/* ---- the table of a module ---- */

struct building {
    struct arena *arena;
    VEC(struct symbol) symbols;
    VEC(struct line) lines;
    VEC(const char *) files;
    struct hash file_numbers;
    VEC(u64) words;
};

static void symbol(const char *name, uint64_t addr, uint64_t size, bool global, void *arg)
{
    struct building *b = arg;
    if (addr >> 32 || size >> 32)
        return;
    size_t n = strcspn(name, "@"); /* its version */
    struct symbol y = {(u32)addr, (u32)size, arena_strndup(b->arena, name, n), global};
    vec_push(b->arena, &b->symbols, y);
}

static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    if (x->global != y->global)
        return x->global - y->global; /* the last one is found */
    return strcmp(y->name, x->name);
}

static void line(uint64_t addr, const char *file, int line, void *arg)
{
    struct building *b = arg;
    size_t number = 0;
    if (addr >> 32)
        return;
    if (file && line > 0 && line < LINE_MAX_KEPT) {
        number = (size_t)hash_get(&b->file_numbers, file);
        if (!number && b->files.n + 1 < LINE_FILES_MAX) {
            const char *copy = arena_printf(b->arena, "%s", file);
            vec_push(b->arena, &b->files, copy);
            number = b->files.n;
            hash_put(&b->file_numbers, copy, (void *)number);
        }
    }
    struct line l = {LINE_ROW(addr, number ? line : 0, number), b->lines.n};
    vec_push(b->arena, &b->lines, l);
}

/* Of the rows of one address the last one is found; the end of a function before it is none. */
static int by_row(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if ((u32)x->row != (u32)y->row)
        return (u32)x->row < (u32)y->row ? -1 : 1;
    bool known_x = LINE_FILE(x->row), known_y = LINE_FILE(y->row);
    if (known_x != known_y)
        return known_x ? 1 : -1;
    return x->order < y->order ? -1 : 1;
}

static void put_text(struct building *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        u64 w = 0;
        memcpy(&w, text + i, n - i < 8 ? n - i : 8);
        vec_push(b->arena, &b->words, w);
    }
}

static u64 pack(const struct unwind_row *r)
{
    int64_t cfa = r->cfa / 8, saved = r->saved / 8;
    u64 kind = r->kind;
    if (r->saved == UNWIND_SAVED_AT_RBP)
        saved = UNWIND_AT_BP;
    else if (r->saved % 8 || saved <= UNWIND_AT_BP || saved > 2047)
        saved = 0;
    if (r->cfa % 8 || cfa < -(1 << 16) || cfa >= 1 << 16)
        kind = UNWIND_NONE;
    return r->addr | kind << 32 | (u64)(cfa & 0x1ffff) << 35 | (u64)(saved & 0xfff) << 52;
}

static void build(struct building *b, struct dw_module *m, bool with_names, bool with_lines,
                  const char *path, struct abi_module *out)
{
    const void *data;
    size_t size;
    uint64_t addr;
    unwind_row_vec rows = {0};
    if (dw_section(m, ".eh_frame", &data, &size, &addr))
        unwind_read(b->arena, data, size, addr, &rows);
    vec_for (i, rows)
        vec_push(b->arena, &b->words, pack(&rows.v[i]));
    out->nrows = (u32)rows.n;

    if (with_names)
        dw_each_symbol(m, symbol, b);
    if (b->symbols.n)
        qsort(b->symbols.v, b->symbols.n, sizeof *b->symbols.v, by_address);
    out->syms_at = (u32)b->words.n;
    out->nsyms = (u32)b->symbols.n;
    size_t names = b->words.n + 2 * b->symbols.n;
    vec_for (i, b->symbols) {
        const struct symbol *y = &b->symbols.v[i];
        size_t n = strlen(y->name);
        vec_push(b->arena, &b->words, y->addr | (u64)y->size << 32);
        vec_push(b->arena, &b->words, names | (u64)n << 32);
        names += (n + 7) / 8;
    }
    vec_for (i, b->symbols)
        put_text(b, b->symbols.v[i].name, strlen(b->symbols.v[i].name));
    out->path_at = (u32)b->words.n;
    out->path_len = (u32)strlen(path);
    put_text(b, path, out->path_len);

    uint8_t id[BUILD_ID_MAX];
    char hex[2 * BUILD_ID_MAX + 1];
    size_t n = dw_build_id(m, id, BUILD_ID_MAX);
    for (size_t i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", id[i]);
    out->id_at = (u32)b->words.n;
    out->id_len = (u32)n * 2;
    put_text(b, hex, out->id_len);

    if (with_lines) {
        hash_init(&b->file_numbers, b->arena);
        dw_each_line(m, line, b);
    }
    out->lines_at = (u32)b->words.n;
    if (b->lines.n)
        qsort(b->lines.v, b->lines.n, sizeof *b->lines.v, by_row);
    vec_for (i, b->lines)
        if (!i || b->lines.v[i].row >> 32 != b->lines.v[i - 1].row >> 32)
            vec_push(b->arena, &b->words, b->lines.v[i].row);
    out->nlines = (u32)b->words.n - out->lines_at;
    out->files_at = (u32)b->words.n;
    out->nfiles = (u32)b->files.n;
    size_t texts = b->words.n + b->files.n;
    vec_for (i, b->files) {
        size_t n = strlen(b->files.v[i]);
        vec_push(b->arena, &b->words, texts | (u64)n << 32);
        texts += (n + 7) / 8;
    }
    vec_for (i, b->files)
        put_text(b, b->files.v[i], strlen(b->files.v[i]));

    struct dw_segment seg;
    for (size_t i = 0; i < MODULE_SEGMENTS && dw_segment(m, i, &seg); i++)
        /* What is mapped begins at the start of a page. */
        out->segments[i] =
            (struct abi_segment){seg.offset & ~(u64)4095, seg.size + (seg.offset & 4095),
                                 seg.addr - seg.offset, seg.exec};
}

static bool store(struct modules *k, u64 inode, struct building *b, struct abi_module *m)
{
    size_t bytes = b->words.n * sizeof *b->words.v;
    if (b->words.n > TABLE_WORDS_MAX || k->tables + 1 >= MODULES_MAX)
        return false;
    m->table = k->tables + 1;
    int fd = bpf_new_table(k->bpf, m->table, (u32)b->words.n);
    if (fd < 0)
        return false;
    void *to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (to != MAP_FAILED) {
        memcpy(to, b->words.v, bytes);
        munmap(to, bytes);
        k->tables++;
    }
    close(fd);
    return to != MAP_FAILED && bpf_put_module(k->bpf, inode, m);
}

/* `shown`: its path as processes see it. */
static void add(struct modules *k, u64 inode, const char *path, const char *shown)
{
    const char *why;
    struct abi_module m = {0};
    struct building b = {.arena = arena_new()};
    struct dw_module *dw = dw_open(k->arena, path, &why);
    if (dw && b.arena) {
        build(&b, dw, k->names, k->lines, shown, &m);
        store(k, inode, &b, &m);
    }
    arena_free(b.arena);
}

/* ---- modules that are known before they are mapped ---- */

/* The inode as handlers see it: we map the file ourselves and ask. */
static u64 inode_of(struct modules *k, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    struct abi_session *head = bpf_session(k->bpf);
    void *at = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
    head->ask_inode = 0;
    if (at != MAP_FAILED) {
        head->ask_addr = (u64)(uintptr_t)at;
        bpf_run_probe(k->bpf, k->ask);
        munmap(at, 1);
    }
    vec_push(k->arena, &k->pinned, fd);
    return head->ask_inode;
}

static void add_path(struct modules *k, const char *path)
{
    if (!hash_put(&k->done, path, k))
        return;
    u64 inode = inode_of(k, path);
    if (inode)
        add(k, inode, path, path);
}

/* The libraries of a program, as its own loader lists them: "\tNAME => PATH (0x…)". */
static void add_libraries(struct modules *k, const char *path)
{
    const void *interp;
    size_t n;
    uint64_t addr;
    const char *why;
    struct dw_module *m = process_module(k->s, path, &why);
    if (!m || !dw_section(m, ".interp", &interp, &n, &addr) || !n)
        return;
    char *loader = arena_strndup(k->arena, interp, strnlen(interp, n));
    char *argv[] = {loader, "--list", arena_printf(k->arena, "%s", path), NULL};
    int out[2];
    if (access(loader, X_OK) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return;
    posix_spawn_file_actions_t acts;
    pid_t pid;
    posix_spawn_file_actions_init(&acts);
    posix_spawn_file_actions_adddup2(&acts, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&acts, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int err = posix_spawn(&pid, loader, &acts, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&acts);
    close(out[1]);
    FILE *f = err ? NULL : fdopen(out[0], "r");
    char line[4500];
    while (f && fgets(line, sizeof line, f)) {
        char *at = strchr(line, '/');
        if (!at)
            continue;
        at[strcspn(at, " \n")] = 0;
        /* As the kernel calls it, links followed. */
        char full[PATH_MAX];
        add_path(k, arena_printf(k->arena, "%s", realpath(at, full) ? full : at));
    }
    if (f)
        fclose(f);
    else
        close(out[0]);
    if (!err)
        waitpid(pid, NULL, 0);
}

int vdso_file(void)
{
    const void *image = (const void *)getauxval(AT_SYSINFO_EHDR);
    int fd = image ? memfd_create("vdso", MFD_CLOEXEC) : -1;
    if (fd >= 0 && write(fd, image, VDSO_SIZE) != VDSO_SIZE) {
        close(fd);
        return -1;
    }
    return fd;
}

static void add_vdso(struct modules *k)
{
    int fd = vdso_file();
    if (fd < 0)
        return;
    add(k, MODULE_VDSO, arena_printf(k->arena, "/proc/self/fd/%d", fd), "vdso");
    vec_push(k->arena, &k->pinned, fd);
}

struct modules *modules_open(struct session *s, const struct bpf_image *img,
                             struct bpf_running *bpf)
{
    if (bpf_modules_fd(bpf) < 0)
        return NULL;
    struct modules *k = arena_new_obj(s->arena, struct modules);
    *k = (struct modules){.s = s, .arena = s->arena, .bpf = bpf, .ask = -1};
    hash_init(&k->done, s->arena);
    bpf_put_module(bpf, 0, &(struct abi_module){0});
    vec_for (i, img->probes)
        if (img->probes.v[i].points.kind == ATTACH_ASK)
            k->ask = (int)i;
    k->names = img->uses & USE_USER_SYMBOLS;
    k->lines = img->uses & USE_USER_LINES;
    if (k->ask < 0)
        return k;
    VEC(const char *) paths = {0};
    vec_for (i, img->programs)
        vec_push(s->arena, &paths, img->programs.v[i]);
    process_paths target = {0};
    if (s->command || s->target_pid > 0)
        process_of_target(s, 0, &target);
    vec_for (i, target)
        vec_push(s->arena, &paths, target.v[i]);
    vec_for (i, paths) {
        add_path(k, paths.v[i]);
        add_libraries(k, paths.v[i]);
    }
    add_vdso(k);
    return k;
}

void modules_close(struct modules *k)
{
    for (size_t i = 0; k && i < k->pinned.n; i++)
        close(k->pinned.v[i]);
}

/* ---- modules that a handler came upon ---- */

void modules_asked(struct modules *k, u64 inode, pid_t pid, u64 addr)
{
    char line[4500];
    FILE *f = k ? fopen(arena_printf(k->arena, "/proc/%d/maps", (int)pid), "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        unsigned long long start, end;
        int at = 0;
        if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &at) < 2 || !at ||
            addr < start || addr >= end)
            continue;
        line[strcspn(line, "\n")] = 0;
        if (line[at] != '/')
            break;
        const char *path = arena_printf(k->arena, "%s", line + at);
        /* The very file, be it in another mount namespace or deleted. */
        const char *file =
            arena_printf(k->arena, "/proc/%d/map_files/%llx-%llx", (int)pid, start, end);
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            vec_push(k->arena, &k->pinned, fd);
            add(k, inode, arena_printf(k->arena, "/proc/self/fd/%d", fd), path);
        }
        break;
    }
    if (f)
        fclose(f);
}
