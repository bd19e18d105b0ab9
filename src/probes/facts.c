/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "debuginfo/btf.h"
#include "probes/arch.h"
#include "probes/families.h"
#include "probes/kprobe.h"
#include "probes/process.h"

enum { OVERLAYFS = 0x794c7630, PARTS_MAX = 64 };

static uint32_t kind_of(struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, id);
    return t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
}

/* ---- functions and their parameters ---- */

static const struct btf_type *prototype(struct session *s, struct kernel_btf *b, const char *name)
{
    const struct btf_type *t = kbtf_type(b, kbtf_find(b, name, BTF_KIND_FUNC));
    static const char iterator[] = "__traceiter_";
    if (!t && strncmp(name, iterator, sizeof iterator - 1) == 0) {
        /* The typedef is of a pointer to the same prototype, without names. */
        const char *alias = arena_printf(s->arena, "btf_trace_%s", name + sizeof iterator - 1);
        t = kbtf_type(b, kbtf_find(b, alias, BTF_KIND_TYPEDEF));
        t = t ? kbtf_type(b, t->type) : NULL;
    }
    t = t ? kbtf_type(b, t->type) : NULL;
    return t && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

/* A parameter by its name, or by its number where there are no names; -1: there is none. */
static int find_param(struct kernel_btf *b, const struct btf_type *proto, const char *name,
                      uint32_t first)
{
    const struct btf_param *p = (const void *)(proto + 1);
    uint32_t n = BTF_INFO_VLEN(proto->info);
    for (uint32_t i = first; i < n; i++)
        if (strcmp(kbtf_name(b, p[i].name_off), name) == 0)
            return (int)i;
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    return end != name && !*end && number + first < n ? (int)(number + first) : -1;
}

struct place {
    const struct btf_type *proto;
    int param; /* -1: the result */
    bool tracepoint;
};

/* root: "p FUNCTION NAME", "a FUNCTION NAME", "r FUNCTION". */
static bool find_place(struct session *s, struct kernel_btf *b, const char *root, struct place *out,
                       const char **why)
{
    const char *text = root + 2, *blank = strchr(text, ' ');
    const char *function = blank ? arena_strndup(s->arena, text, (size_t)(blank - text)) : text;
    out->tracepoint = *root == 'a';
    out->proto = prototype(s, b, function);
    out->param = -1;
    if (!out->proto) {
        *why = arena_printf(s->arena, "this kernel's BTF does not describe %s", function);
        return false;
    }
    if (*root == 'r')
        return true;
    out->param = blank ? find_param(b, out->proto, blank + 1, out->tracepoint) : -1;
    if (out->param < 0)
        *why = arena_printf(s->arena, "%s has no argument %s on this kernel", function,
                            blank ? blank + 1 : "");
    return out->param >= 0;
}

static uint32_t type_of_place(const struct place *p)
{
    const struct btf_param *params = (const void *)(p->proto + 1);
    return p->param < 0 ? p->proto->type : params[p->param].type;
}

static bool look_up_place(struct session *s, struct kernel_btf *b, const struct kernel_fact *f,
                          struct fact_value *out, const char **why)
{
    struct place p;
    bool on_stack = f->name && strcmp(f->name, "stack") == 0;
    if (!find_place(s, b, f->root, &p, why))
        return false;
    if (p.tracepoint) {
        out->part[PART_OFFSET] = (uint64_t)(p.param - 1) * 8;
        return true;
    }
    struct kprobe_place at = kprobe_place(b, p.proto, (uint32_t)p.param);
    if (at.in_register == on_stack || (at.in_register && at.words != 1)) {
        *why = arena_printf(s->arena, "the parameter '%s' is passed in another way on this kernel",
                            strchr(f->root + 2, ' ') + 1);
        return false;
    }
    out->part[PART_OFFSET] = on_stack ? 8 * (at.word + 1) : (uint64_t)arch_call_arg[at.word];
    return true;
}

/* ---- types ---- */

static uint32_t named_type(struct kernel_btf *b, const char *root)
{
    uint32_t id;
    switch (*root) {
    case 's':
        return kbtf_find(b, root + 2, BTF_KIND_STRUCT);
    case 'u':
        return kbtf_find(b, root + 2, BTF_KIND_UNION);
    case 't':
        return kbtf_find(b, root + 2, BTF_KIND_TYPEDEF);
    case 'i':
        return kbtf_find(b, root + 2, BTF_KIND_INT);
    case 'e':
        id = kbtf_find(b, root + 2, BTF_KIND_ENUM);
        return id ? id : kbtf_find(b, root + 2, BTF_KIND_ENUM64);
    default:
        return 0;
    }
}

static const char *shown(const char *root)
{
    return *root == 's' ? "struct " : *root == 'u' ? "union " : *root == 'e' ? "enum " : "";
}

/* What a pointer points to, what an array consists of; 0: neither. */
static uint32_t target_of(struct kernel_btf *b, uint32_t id)
{
    const struct btf_type *t = kbtf_type(b, kbtf_skip(b, id));
    if (!t)
        return 0;
    if (BTF_INFO_KIND(t->info) == BTF_KIND_PTR)
        return t->type;
    return BTF_INFO_KIND(t->info) == BTF_KIND_ARRAY ? ((const struct btf_array *)(t + 1))->type : 0;
}

static bool find_type(struct session *s, struct kernel_btf *b, const struct kernel_fact *f,
                      uint32_t *out, const char **why)
{
    const char *root = f->root;
    struct place p;
    if (strchr("par", *root)) {
        if (!find_place(s, b, root, &p, why))
            return false;
        *out = type_of_place(&p);
    } else {
        *out = named_type(b, root);
    }
    const char *missing = *out ? NULL : "";
    for (const char *at = f->path ? f->path : ""; *at && !missing;) {
        size_t n = strcspn(at, ".");
        const char *step = arena_strndup(s->arena, at, n);
        struct kbtf_member m;
        if (strcmp(step, "*") == 0)
            *out = target_of(b, *out);
        else
            *out = kbtf_member(b, *out, step, &m) ? m.type : 0;
        if (!*out)
            missing = step;
        at += n + (at[n] == '.');
    }
    if (missing)
        *why = arena_printf(s->arena, "this kernel has no %s%s%s%s", shown(root), root + 2,
                            *missing ? " with a member " : "", missing);
    return !missing;
}

static bool is_scalar(struct kernel_btf *b, uint32_t id)
{
    uint32_t kind = kind_of(b, kbtf_skip(b, id)), size = kbtf_size(b, id);
    return kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION && kind != BTF_KIND_ARRAY &&
           (size == 1 || size == 2 || size == 4 || size == 8);
}

/* How to get a number of `bits` out of `size` bytes, of which it has `shift` below. */
static void extraction(struct fact_value *v, uint32_t size, uint32_t shift, uint32_t bits)
{
    v->part[PART_SIZE] = size;
    v->part[PART_LEFT] = 64 - shift - bits;
    v->part[PART_RIGHT] = 64 - bits;
}

static bool look_up_type(struct session *s, struct kernel_btf *b, const struct kernel_fact *f,
                         struct fact_value *out, const char **why)
{
    uint32_t id;
    if (!find_type(s, b, f, &id, why))
        return false;
    uint32_t size = kbtf_size(b, id);
    if (f->scalar && !is_scalar(b, id)) {
        *why = arena_printf(s->arena, "%s is no number on this kernel", f->root + 2);
        return false;
    }
    out->sign = kbtf_signed(b, id);
    if (f->scalar)
        extraction(out, size, 0, size * 8);
    out->part[PART_SIZE] = size;
    return true;
}

static bool look_up_member(struct session *s, struct kernel_btf *b, const struct kernel_fact *f,
                           struct fact_value *out, const char **why)
{
    uint32_t id;
    struct kbtf_member m;
    if (!find_type(s, b, f, &id, why))
        return false;
    if (!kbtf_member(b, id, f->name, &m)) {
        *why = arena_printf(s->arena, "%s%s%s%s has no member '%s' on this kernel", shown(f->root),
                            f->root + 2, f->path && *f->path ? "." : "", f->path ? f->path : "",
                            f->name);
        return false;
    }
    if (f->scalar != is_scalar(b, m.type)) {
        *why = arena_printf(s->arena, "the member '%s' of %s%s is of another kind on this kernel",
                            f->name, shown(f->root), f->root + 2);
        return false;
    }
    out->part[PART_OFFSET] = m.bit_offset / 8;
    out->sign = kbtf_signed(b, m.type);
    uint32_t size = kbtf_size(b, m.type);
    if (f->scalar && m.bit_size) {
        /* The aligned word of the declared type holds it, or the next larger one. */
        uint32_t at = m.bit_offset / (size * 8) * size, shift = m.bit_offset - at * 8;
        out->part[PART_OFFSET] = at;
        extraction(out, shift + m.bit_size > size * 8 ? 8 : size, shift, m.bit_size);
    } else if (f->scalar) {
        extraction(out, size, 0, size * 8);
    }
    return true;
}

/* ---- files ---- */

static bool look_up_file(struct session *s, const struct kernel_fact *f, struct fact_value *out,
                         const char **why)
{
    struct stat st;
    struct statfs fs;
    const char *path = f->name;
    static const char own[] = "/proc/self/ns/";
    if (s->namespaces_pid && strncmp(path, own, sizeof own - 1) == 0)
        path =
            arena_printf(s->arena, "/proc/%d/ns/%s", (int)s->namespaces_pid, path + sizeof own - 1);
    if (stat(path, &st) != 0) {
        *why = arena_printf(s->arena, "%s is not here: %s", path, strerror(errno));
        return false;
    }
    /* Overlays show other device numbers than their inodes have. */
    bool overlay = statfs(path, &fs) == 0 && fs.f_type == OVERLAYFS;
    out->part[PART_DEVICE] = overlay ? 0 : (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
    out->part[PART_INODE] = st.st_ino;
    return true;
}

bool fact_look_up(struct session *s, const struct kernel_fact *f, struct fact_value *out,
                  const char **why)
{
    *out = (struct fact_value){.known = true};
    if (f->kind == FACT_FILE)
        return look_up_file(s, f, out, why);
    if (f->kind == FACT_BUILD)
        return process_is_same(s, f->name, f->path, why);
    struct kernel_btf *b = f->module ? session_module_btf(s, f->module, why) : session_btf(s, why);
    if (!b)
        return false;
    bool ok = f->kind == FACT_MEMBER ? look_up_member(s, b, f, out, why)
              : f->kind == FACT_TYPE ? look_up_type(s, b, f, out, why)
                                     : look_up_place(s, b, f, out, why);
    if (ok || !f->optional)
        return ok;
    *out = (struct fact_value){0};
    return true;
}
