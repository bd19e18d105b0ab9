/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/btf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bpfcall.h"

#define BTF_DIR "/sys/kernel/btf/"
#define VMLINUX_BTF BTF_DIR "vmlinux"

/* The kernel gives its own types in one call, which sysfs cuts in pages before Linux 6.17.
 * They are the first that it has. */
static bool copy_vmlinux(char *to, size_t len)
{
    char name[16] = "";
    struct bpf_btf_info info = {.btf = (uintptr_t)to,
                                .btf_size = (uint32_t)len,
                                .name = (uintptr_t)name,
                                .name_len = sizeof name};
    int fd = bpfcall_btf_by_id(1);
    bool ok = fd >= 0 && bpfcall_info(fd, &info, sizeof info) == 0 && info.kernel_btf &&
              strcmp(name, "vmlinux") == 0 && info.btf_size == len;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Into anonymous memory; NULL: it cannot be read. */
static char *read_file(int fd, size_t len, bool vmlinux)
{
    char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    size_t got = vmlinux && copy_vmlinux(p, len) ? len : 0;
    for (ssize_t n = 1; got < len && n > 0; got += n > 0 ? (size_t)n : 0)
        n = pread(fd, p + got, len - got, (off_t)got);
    if (got == len)
        return p;
    munmap(p, len);
    return NULL;
}

/* Its size; -1: it cannot be opened. */
static int open_file(const char *path, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_size <= 0)) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        *len = (size_t)st.st_size;
    return fd;
}

/* The file mapped; NULL where sysfs cannot do that. */
static char *map_file(int fd, size_t len)
{
    char *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Bytes of a type record; 0 for a kind we do not know. */
static size_t record_size(const struct btf_type *t)
{
    uint32_t vlen = BTF_INFO_VLEN(t->info);
    switch (BTF_INFO_KIND(t->info)) {
    case BTF_KIND_INT:
        return sizeof *t + 4;
    case BTF_KIND_ARRAY:
        return sizeof *t + sizeof(struct btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        return sizeof *t + vlen * sizeof(struct btf_member);
    case BTF_KIND_ENUM:
        return sizeof *t + vlen * sizeof(struct btf_enum);
    case BTF_KIND_ENUM64:
        return sizeof *t + vlen * sizeof(struct btf_enum64);
    case BTF_KIND_FUNC_PROTO:
        return sizeof *t + vlen * sizeof(struct btf_param);
    case BTF_KIND_VAR:
        return sizeof *t + sizeof(struct btf_var);
    case BTF_KIND_DATASEC:
        return sizeof *t + vlen * sizeof(struct btf_var_secinfo);
    case BTF_KIND_DECL_TAG:
        return sizeof *t + sizeof(struct btf_decl_tag);
    case BTF_KIND_PTR:
    case BTF_KIND_FWD:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_FUNC:
    case BTF_KIND_FLOAT:
    case BTF_KIND_TYPE_TAG:
        return sizeof *t;
    default:
        return 0;
    }
}

static struct kernel_btf *parse(struct arena *a, const char *file, size_t len)
{
    const struct btf_header *h = (const void *)file;
    if (len < sizeof *h || h->magic != BTF_MAGIC || h->hdr_len > len ||
        (uint64_t)h->hdr_len + h->type_off + h->type_len > len ||
        (uint64_t)h->hdr_len + h->str_off + h->str_len > len || !h->str_len)
        return NULL;
    struct kernel_btf *b = arena_new_obj(a, struct kernel_btf);
    b->types = file + h->hdr_len + h->type_off;
    b->types_len = h->type_len;
    b->strings = file + h->hdr_len + h->str_off;
    b->strings_len = h->str_len;
    b->arena = a;
    b->first = 1;
    return b;
}

struct kernel_btf *kernel_btf_open(struct arena *a, const char **why)
{
    size_t len = 0;
    int fd = open_file(VMLINUX_BTF, &len);
    struct btf_header h = {0};
    struct btf_index index = {0};
    bool readable = fd >= 0 && pread(fd, &h, sizeof h, 0) == (ssize_t)sizeof h && len < UINT32_MAX;
    char *mapped = readable ? map_file(fd, len) : NULL;
    bool indexed = readable && btf_index_open(&index, (uint32_t)len, &h);
    const char *file = mapped                 ? mapped
                       : indexed && index.raw ? index.raw
                       : readable             ? read_file(fd, len, true)
                                              : NULL;
    int err = errno;
    if (fd >= 0)
        close(fd);
    errno = err;
    if (!file) {
        *why = errno == ENOENT
                   ? "this kernel has no BTF (it was built without "
                     "CONFIG_DEBUG_INFO_BTF): types of kernel data are not known"
                   : arena_printf(a, "cannot read %s: %s", VMLINUX_BTF, strerror(errno));
        return NULL;
    }
    struct kernel_btf *b = parse(a, file, len);
    if (!b)
        *why = VMLINUX_BTF " is not in a form that is known";
    else if (indexed && index.n <= b->types_len / sizeof(struct btf_type) + 1) {
        b->index = index;
        b->offset = index.offset;
        b->n = index.n;
    } else if (!indexed) {
        btf_index_make(b, (uint32_t)len, &h, mapped ? NULL : file);
    }
    return b;
}

struct kernel_btf *module_btf_open(struct arena *a, struct kernel_btf *base, const char *module,
                                   const char **why)
{
    size_t len = 0;
    char *path = arena_printf(a, BTF_DIR "%s", module);
    for (char *p = path + strlen(BTF_DIR); *p; p++)
        if (*p == '-') /* as the kernel itself takes names */
            *p = '_';
    int fd = open_file(path, &len);
    const char *file = fd >= 0 ? map_file(fd, len) : NULL;
    if (fd >= 0 && !file)
        file = read_file(fd, len, false);
    if (fd >= 0)
        close(fd);
    struct kernel_btf *b = file ? parse(a, file, len) : NULL;
    if (!b) {
        *why = arena_printf(a, "the kernel has no types of module '%s' (%s" BTF_DIR "%s)", module,
                            file ? "unknown form of " : "there is no ", module);
        return NULL;
    }
    kbtf_type(base, 1); /* counts its types */
    b->base = base;
    b->module = arena_strdup(a, module);
    b->first = base->n;
    return b;
}

bool kbtf_signed(struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    uint32_t kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
    if (kind == BTF_KIND_INT)
        return BTF_INT_ENCODING(*(const uint32_t *)(t + 1)) & BTF_INT_SIGNED;
    return (kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64) && BTF_INFO_KFLAG(t->info);
}

struct kernel_btf *kbtf_new(struct arena *a)
{
    struct kernel_btf *b = arena_new_obj(a, struct kernel_btf);
    b->arena = a;
    b->made = true;
    vec_push(a, &b->made_types, NULL);
    vec_push(a, &b->made_later, NULL);
    vec_push(a, &b->made_names, "");
    return b;
}

uint32_t kbtf_add_name(struct kernel_btf *b, const char *name)
{
    if (!name || !*name)
        return 0;
    vec_push(b->arena, &b->made_names, name);
    return (uint32_t)b->made_names.n - 1;
}

uint32_t kbtf_reserve(struct kernel_btf *b)
{
    vec_push(b->arena, &b->made_types, NULL);
    vec_push(b->arena, &b->made_later, NULL);
    return (uint32_t)b->made_types.n - 1;
}

void kbtf_set(struct kernel_btf *b, uint32_t id, const struct btf_type *t)
{
    b->made_types.v[id] = t;
}

void kbtf_set_later(struct kernel_btf *b, uint32_t id, const struct btf_type *t, const void *from)
{
    b->made_types.v[id] = t;
    b->made_later.v[id] = from;
}

const struct btf_type *kbtf_peek(struct kernel_btf *b, uint32_t id)
{
    if (b->made)
        return id < b->made_types.n ? b->made_types.v[id] : NULL;
    return kbtf_type(b, id);
}

/* Calls fn for every type in order of ids until it returns true. */
static void walk(struct kernel_btf *b,
                 bool (*fn)(const struct btf_type *t, uint32_t id, uint32_t at, void *arg),
                 void *arg)
{
    uint32_t id = 1;
    if (b->made) {
        for (; id < b->made_types.n; id++)
            if (b->made_types.v[id] && fn(b->made_types.v[id], id, 0, arg))
                return;
        return;
    }
    id = b->first;
    for (uint32_t at = 0; at + sizeof(struct btf_type) <= b->types_len; id++) {
        const struct btf_type *t = (const void *)(b->types + at);
        size_t size = record_size(t);
        if (!size || at + size > b->types_len || fn(t, id, at, arg))
            return;
        at += (uint32_t)size;
    }
}

struct counting {
    struct kernel_btf *b;
    uint32_t *offset;
};

static bool note_offset(const struct btf_type *t, uint32_t id, uint32_t at, void *arg)
{
    struct counting *c = arg;
    (void)t;
    c->offset[id - c->b->first] = at;
    c->b->n = id + 1;
    return false;
}

const struct btf_type *kbtf_type(struct kernel_btf *b, uint32_t id)
{
    if (b->made && id < b->made_later.n && b->made_later.v[id]) {
        const void *from = b->made_later.v[id];
        b->made_later.v[id] = NULL;
        b->make(b->make_arg, id, from);
    }
    if (b->made)
        return id < b->made_types.n ? b->made_types.v[id] : NULL;
    if (b->base && id < b->first)
        return kbtf_type(b->base, id);
    if (!b->n) {
        /* Twelve bytes is the shortest record. */
        struct counting c = {b, arena_new_array(b->arena, uint32_t, b->types_len / 12 + 2)};
        b->offset = c.offset;
        walk(b, note_offset, &c);
    }
    uint32_t at = id && id < b->n ? b->offset[id - b->first] : UINT32_MAX;
    return at <= b->types_len - sizeof(struct btf_type) ? (const void *)(b->types + at) : NULL;
}

const char *kbtf_name(struct kernel_btf *b, uint32_t name_off)
{
    if (b->made)
        return name_off < b->made_names.n ? b->made_names.v[name_off] : "";
    uint32_t before = b->base ? b->base->strings_len : 0;
    if (name_off < before)
        return kbtf_name(b->base, name_off);
    return name_off - before < b->strings_len ? b->strings + (name_off - before) : "";
}

struct search {
    uint32_t name_off, kind, id;
};

struct named {
    struct kernel_btf *b;
    const char *name;
    uint32_t kind, id;
};

static bool is_named(const struct btf_type *t, uint32_t id, uint32_t at, void *arg)
{
    struct named *s = arg;
    (void)at;
    if (BTF_INFO_KIND(t->info) != s->kind || strcmp(kbtf_name(s->b, t->name_off), s->name) != 0)
        return false;
    s->id = id;
    return true;
}

static bool has_name(const struct btf_type *t, uint32_t id, uint32_t at, void *arg)
{
    struct search *s = arg;
    (void)at;
    if (t->name_off != s->name_off || BTF_INFO_KIND(t->info) != s->kind)
        return false;
    s->id = id;
    return true;
}

/* Each string is there once, a module's only if the kernel has no such. */
static bool find_name(struct kernel_btf *b, const char *name, uint32_t *name_off)
{
    if (b->base && find_name(b->base, name, name_off))
        return true;
    size_t n = strlen(name) + 1;
    const char *p = b->strings, *end = b->strings + b->strings_len;
    while ((p = memmem(p, (size_t)(end - p), name, n)) && p > b->strings && p[-1])
        p++;
    if (!p)
        return false;
    *name_off = (b->base ? b->base->strings_len : 0) + (uint32_t)(p - b->strings);
    return true;
}

const char *kbtf_int_name(const char *name)
{
    static const char *const spelled[][2] = {
        {"long", "long int"},
        {"unsigned long", "long unsigned int"},
        {"unsigned long int", "long unsigned int"},
        {"long long", "long long int"},
        {"unsigned long long", "long long unsigned int"},
        {"short", "short int"},
        {"unsigned short", "short unsigned int"},
        {"unsigned", "unsigned int"},
    };
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++)
        if (strcmp(name, spelled[i][0]) == 0)
            return spelled[i][1];
    return name;
}

uint32_t kbtf_find(struct kernel_btf *b, const char *name, uint32_t kind)
{
    if (b->made) {
        struct named m = {b, name, kind, 0};
        walk(b, is_named, &m);
        return m.id;
    }
    if (b->index.slots)
        return btf_index_find(b, name, kind);
    /* Hundreds of probes ask for the same tracepoint. */
    const char *key = arena_printf(b->arena, "%u %s", kind, name);
    if (!b->found.arena)
        hash_init(&b->found, b->arena);
    uintptr_t known = (uintptr_t)hash_get(&b->found, key);
    if (known)
        return (uint32_t)known;
    struct search s = {.kind = kind};
    if (!find_name(b, name, &s.name_off))
        return 0;
    walk(b, has_name, &s);
    if (!s.id && b->base && b->base->index.slots)
        s.id = btf_index_find(b->base, name, kind);
    else if (!s.id && b->base)
        walk(b->base, has_name, &s);
    if (s.id)
        hash_put(&b->found, key, (void *)(uintptr_t)s.id);
    return s.id;
}

struct each {
    struct kernel_btf *b;
    const char *prefix;
    size_t n;
    uint32_t kind;
    void (*fn)(const char *name, uint32_t id, void *arg);
    void *arg;
};

static bool each_type(const struct btf_type *t, uint32_t id, uint32_t at, void *arg)
{
    struct each *e = arg;
    (void)at;
    if (BTF_INFO_KIND(t->info) == e->kind) {
        const char *name = kbtf_name(e->b, t->name_off);
        if (strncmp(name, e->prefix, e->n) == 0)
            e->fn(name, id, e->arg);
    }
    return false;
}

void kbtf_each(struct kernel_btf *b, const char *prefix, uint32_t kind,
               void (*fn)(const char *name, uint32_t id, void *arg), void *arg)
{
    struct each e = {b, prefix, strlen(prefix), kind, fn, arg};
    walk(b, each_type, &e);
}

uint32_t kbtf_skip(struct kernel_btf *b, uint32_t id)
{
    for (int depth = 0; depth < 64; depth++) {
        const struct btf_type *t = kbtf_type(b, id);
        if (!t)
            return 0;
        switch (BTF_INFO_KIND(t->info)) {
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_CONST:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_TYPE_TAG:
            id = t->type;
            break;
        default:
            return id;
        }
    }
    return 0;
}

uint32_t kbtf_size(struct kernel_btf *b, uint32_t id)
{
    id = kbtf_skip(b, id);
    const struct btf_type *t = kbtf_type(b, id);
    if (!t)
        return 0;
    switch (BTF_INFO_KIND(t->info)) {
    case BTF_KIND_INT:
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
    case BTF_KIND_FLOAT:
        return t->size;
    case BTF_KIND_PTR:
        return b->pointer_size ? b->pointer_size : 8;
    case BTF_KIND_ARRAY: {
        const struct btf_array *arr = (const void *)(t + 1);
        return arr->nelems * kbtf_size(b, arr->type);
    }
    default:
        return 0;
    }
}

static bool is_struct(const struct btf_type *t)
{
    return t &&
           (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(t->info) == BTF_KIND_UNION);
}

static const struct kbtf_note *note_of(const struct kernel_btf *b, const struct btf_member *m)
{
    vec_for (i, b->made_notes)
        if (b->made_notes.v[i].member == m)
            return &b->made_notes.v[i];
    return NULL;
}

uint32_t kbtf_virtual_base(const struct kernel_btf *b, const struct btf_member *m)
{
    const struct kbtf_note *n = note_of(b, m);
    return n ? n->before : 0;
}

uint32_t kbtf_bit_offset(const struct kernel_btf *b, const struct btf_type *t,
                         const struct btf_member *m)
{
    uint32_t bit = BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
    const struct kbtf_note *n = b->made && bit == KBTF_FAR ? note_of(b, m) : NULL;
    return n ? n->bit_offset : bit;
}

/* What was found in a base or an anonymous member, as seen from what that is in. */
static bool from_outside(struct kbtf_member *out, uint32_t bit, uint32_t before)
{
    enum { HOPS = sizeof out->hops / sizeof *out->hops };
    if (!before) {
        *(out->nhops ? &out->hops[0].bit_offset : &out->bit_offset) += bit;
        return true;
    }
    if (out->nhops == HOPS)
        return false;
    memmove(out->hops + 1, out->hops, out->nhops++ * sizeof *out->hops);
    out->hops[0] = (struct kbtf_hop){.before = before};
    return true;
}

bool kbtf_member(struct kernel_btf *b, uint32_t id, const char *name, struct kbtf_member *out)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    if (!is_struct(t))
        return false;
    bool fields = BTF_INFO_KFLAG(t->info);
    const struct btf_member *m = (const void *)(t + 1);
    uint32_t n = BTF_INFO_VLEN(t->info);
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(kbtf_name(b, m[i].name_off), name) != 0)
            continue;
        out->type = m[i].type;
        out->nhops = 0;
        out->bit_offset = kbtf_bit_offset(b, t, &m[i]);
        out->bit_size = fields ? BTF_MEMBER_BITFIELD_SIZE(m[i].offset) : 0;
        return true;
    }
    /* A class hides what its bases have under the same name. */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bit = kbtf_bit_offset(b, t, &m[i]);
        if (!*kbtf_name(b, m[i].name_off) && kbtf_member(b, m[i].type, name, out) &&
            from_outside(out, bit, kbtf_virtual_base(b, &m[i])))
            return true;
    }
    return false;
}

bool kbtf_field(struct kernel_btf *b, const char *type, const char *member, uint32_t *offset,
                uint32_t *size)
{
    struct kbtf_member m;
    uint32_t id = kbtf_find(b, type, BTF_KIND_STRUCT);
    if (!id || !kbtf_member(b, id, member, &m))
        return false;
    *offset = m.bit_offset / 8;
    if (size)
        *size = kbtf_size(b, m.type);
    return true;
}
