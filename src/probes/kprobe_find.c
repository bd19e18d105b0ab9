/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions of the kernel a probe point names. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "debuginfo/ksyms.h"
#include "probes/kprobe.h"

#define DIGITS "0123456789"

struct walk {
    struct session *s;
    struct kernel_btf *b;
    const char *pattern, *module, *prefix, *suffix;
    uint64_t number; /* the address, where one is given */
    uint64_t offset; /* "function+offset" */
    bool by_number, is_return, wild, statement, optional;
    bool multi;            /* the kernel links one program to many functions */
    struct hash *exported; /* NULL: all will do */
    struct hash prototypes;
    probe_vec *out;
    VEC(const char *) names;   /* for suggestions */
    VEC(const char *) modules; /* that match; NULL: the kernel */
    const char *example;       /* found, but not exported */
};

static const struct btf_type *as_prototype(struct kernel_btf *b, const struct btf_type *func)
{
    const struct btf_type *t = func ? kbtf_type(b, func->type) : NULL;
    return t && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

static const struct btf_type *prototype(struct kernel_btf *b, const char *name)
{
    return b ? as_prototype(b, kbtf_type(b, kbtf_find(b, name, BTF_KIND_FUNC))) : NULL;
}

/* The types of a module, or, if the kernel has none of it, its own. */
static struct kernel_btf *types_of(struct walk *w, const char *module)
{
    const char *why;
    struct kernel_btf *b = module && *module ? session_module_btf(w->s, module, &why) : NULL;
    return b ? b : w->b;
}

/* What stands before the name; a pattern of modules is the one that was found. */
static const char *prefix_of(struct walk *w, const char *module)
{
    return w->module
               ? arena_printf(w->s->arena, "%smodule(\"%s\").%s", w->prefix,
                              module ? module : w->module, w->statement ? "statement" : "function")
               : w->prefix;
}

static struct kernel_function *add(struct walk *w, const char *name, const char *module,
                                   const struct btf_type *proto)
{
    struct session *s = w->s;
    if (w->exported && !hash_get(w->exported, name)) {
        w->example = name;
        return NULL;
    }
    struct probe *p = new_probe(s, w->is_return ? ATTACH_KRETPROBE : ATTACH_KPROBE,
                                w->multi ? PROG_KPROBE_MULTI : PROG_KPROBE);
    struct kernel_function *f = arena_new_obj(s->arena, struct kernel_function);
    *f = (struct kernel_function){.name = name,
                                  .module = module,
                                  .btf = types_of(w, module),
                                  .proto = proto,
                                  .offset = w->offset,
                                  .is_return = w->is_return,
                                  .one_of_many = w->wild,
                                  .optional = w->optional};
    p->attach.priv = f;
    p->attach.name = name;
    p->attach.module = module;
    const char *at =
        w->offset ? arena_printf(s->arena, "+%#llx", (unsigned long long)w->offset) : "";
    p->pp = arena_printf(s->arena, "%s(\"%s%s\")%s", prefix_of(w, module), name, at, w->suffix);
    vec_push(s->arena, w->out, p);
    return f;
}

/* ---- by a pattern ---- */

static void note_prototype(const char *name, uint32_t id, void *arg)
{
    struct walk *w = arg;
    const struct btf_type *proto = as_prototype(w->b, kbtf_type(w->b, id));
    if (proto && fnmatch(w->pattern, name, 0) == 0)
        hash_put(&w->prototypes, name, (void *)proto);
}

static FILE *open_traceable(void)
{
    FILE *f = fopen("/sys/kernel/tracing/available_filter_functions", "re");
    return f ? f : fopen("/sys/kernel/debug/tracing/available_filter_functions", "re");
}

/* Those that BTF describes and the kernel does not list as traceable. */
static void tell_left_out(struct walk *w, const struct hash *seen)
{
    size_t n = 0;
    const char *example = NULL;
    for (size_t i = 0; i < w->prototypes.n; i++) {
        const char *name = w->prototypes.entries[i].key;
        if (hash_get(seen, name))
            continue;
        example = name;
        n++;
    }
    if (n)
        diag_warning(&w->s->diag, NULL,
                     "%zu functions that match '%s' are left out, such as '%s': they are inlined, "
                     "or the kernel lets nobody trace them",
                     n, w->pattern, example);
}

/* The functions that the kernel lets us probe, "NAME" or "NAME [MODULE]" in each line;
 * where it does not say, those that BTF describes. */
static void by_pattern(struct walk *w)
{
    struct session *s = w->s;
    struct hash seen;
    hash_init(&w->prototypes, s->arena);
    hash_init(&seen, s->arena);
    kbtf_each(w->b, "", BTF_KIND_FUNC, note_prototype, w);
    FILE *f = open_traceable();
    char line[512];
    if (!f) {
        w->multi = false;
        for (size_t i = 0; i < w->prototypes.n; i++)
            add(w, w->prototypes.entries[i].key, NULL, w->prototypes.entries[i].value);
        return;
    }
    while (fgets(line, sizeof line, f)) {
        size_t n = strcspn(line, " \t\n");
        if (line[n] && line[n] != '\n') /* a module's */
            continue;
        line[n] = 0;
        if (fnmatch(w->pattern, line, 0) != 0)
            continue;
        const char *name = arena_strndup(s->arena, line, n);
        if (hash_put(&seen, name, w))
            add(w, name, NULL, hash_get(&w->prototypes, name));
    }
    fclose(f);
    if (s->verbose)
        tell_left_out(w, &seen);
}

static bool consider_symbol(const struct ksym *k, void *arg)
{
    struct walk *w = arg;
    struct arena *a = w->s->arena;
    bool match = w->wild ? fnmatch(w->pattern, k->name, 0) == 0 : strcmp(w->pattern, k->name) == 0;
    if (!match && w->s->reasons_unheard && w->names.n)
        return false; /* its name would be for advice */
    if (!ksym_is_function(k))
        return false;
    if (w->module ? !*k->module || fnmatch(w->module, k->module, 0) != 0 : *k->module != 0)
        return false;
    const char *name = arena_strdup(a, k->name);
    vec_push(a, &w->names, name);
    if (match) {
        const char *module = *k->module ? arena_strdup(a, k->module) : NULL;
        add(w, name, module, prototype(types_of(w, module), name));
    }
    return false;
}

/* ---- exported functions ---- */

static bool note_export(const struct ksym *k, void *arg)
{
    struct walk *w = arg;
    static const char mark[] = "__ksymtab_";
    if (strncmp(k->name, mark, sizeof mark - 1) == 0)
        hash_put(w->exported, arena_strdup(w->s->arena, k->name + sizeof mark - 1), w);
    return false;
}

static const char *find_exports(struct walk *w)
{
    w->exported = arena_new_obj(w->s->arena, struct hash);
    hash_init(w->exported, w->s->arena);
    ksyms_each(note_export, w);
    return w->exported->n ? NULL
                          : "this kernel does not say which functions are exported (it needs "
                            "CONFIG_KALLSYMS_ALL, and root)";
}

/* ---- by an address ---- */

static const char *by_address(struct walk *w)
{
    struct session *s = w->s;
    struct ksym k;
    unsigned long long n = w->number;
    if (!ksyms_at(s->arena, w->number, &k))
        return arena_printf(s->arena, "no function of the kernel is at %#llx", n);
    bool in_module = *k.module != 0;
    if (w->module ? !in_module || fnmatch(w->module, k.module, 0) != 0 : false)
        return arena_printf(s->arena, "%#llx is in function '%s', not in module '%s'", n, k.name,
                            w->module);
    struct kernel_function *f =
        add(w, k.name, in_module ? k.module : NULL, prototype(types_of(w, k.module), k.name));
    if (!f)
        return NULL;
    /* A function is probed at its start, a statement where it was told. */
    f->addr = w->statement ? w->number : k.addr;
    f->offset = w->statement ? w->number - k.addr : 0;
    vec_last(*w->out)->pp = arena_printf(s->arena, "%s(%#llx)%s",
                                         prefix_of(w, in_module ? k.module : NULL), n, w->suffix);
    return NULL;
}

/* ---- what the point says ---- */

static void read_components(struct walk *w, const struct probe_point *pp)
{
    struct arena *a = w->s->arena;
    w->prefix = w->suffix = "";
    bool named = false;
    vec_for (i, pp->comps) {
        const char *name = pp->comps.v[i].name;
        const struct expr *arg = pp->comps.v[i].arg;
        if (named) {
            w->suffix = arena_printf(a, arg ? "%s.%s(%lld)" : "%s.%s", w->suffix, name,
                                     arg ? (long long)arg->num : 0ll);
            continue;
        }
        if (!w->module)
            w->prefix = arena_printf(a, "%s%s%s", w->prefix, i ? "." : "", name);
        if (strcmp(name, "module") == 0) {
            w->module = arg->str;
            w->prefix = i ? "kprobe." : "";
        }
        named = strcmp(name, "function") == 0 || strcmp(name, "statement") == 0;
        w->statement = strcmp(name, "statement") == 0;
        if (named && arg->kind == EX_NUMBER) {
            w->by_number = true;
            w->number = (uint64_t)arg->num;
        } else if (named) {
            w->pattern = arg->str;
        }
    }
}

/* ---- by debug information ---- */

static const char *until_at(struct walk *w)
{
    return arena_strndup(w->s->arena, w->pattern, strcspn(w->pattern, "@"));
}

static bool note_module(const struct ksym *k, void *arg)
{
    struct walk *w = arg;
    size_t n = w->modules.n;
    if (!*k->module || (n && strcmp(w->modules.v[n - 1], k->module) == 0) ||
        fnmatch(w->module, k->module, 0) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(w->modules.v[i], k->module) == 0)
            return false;
    vec_push(w->s->arena, &w->modules, arena_strdup(w->s->arena, k->module));
    return false;
}

static bool note_name(const struct ksym *k, void *arg)
{
    struct walk *w = arg;
    if (ksym_is_function(k) && (w->module != NULL) == (*k->module != 0))
        vec_push(w->s->arena, &w->names, arena_strdup(w->s->arena, k->name));
    return false;
}

static const char *similar(struct walk *w, const char *name)
{
    if (w->s->reasons_unheard || strpbrk(name, "*?["))
        return "";
    if (!w->names.n)
        ksyms_each(note_name, w);
    const char *near = similar_names(w->s->arena, name, w->names.v, w->names.n, 5);
    return *near ? arena_printf(w->s->arena, " (similar functions: %s)", near) : "";
}

/* Places that DWARF tells of.  What kallsyms and BTF know is not asked for here. */
static const char *by_dwarf(struct walk *w, enum process_point id, const struct probe_point *pp,
                            const char **hint)
{
    size_t before = w->out->n;
    const char *first = NULL, *why = NULL;
    if (w->module)
        ksyms_each(note_module, w);
    else
        vec_push(w->s->arena, &w->modules, NULL);
    if (!w->modules.n)
        return arena_printf(w->s->arena, "no match: module '%s' is not loaded", w->module);
    vec_for (i, w->modules) {
        struct kernel_image *k = kernel_image(w->s, w->modules.v[i], &why, hint);
        if (k) {
            *hint = NULL;
            why = process_in_kernel(w->s, id, pp, k, w->out);
            if (why)
                why = arena_printf(w->s->arena, "%s%s", why, similar(w, until_at(w)));
        }
        if (!first)
            first = why;
    }
    return w->out->n > before ? NULL : first;
}

/* The statement that an address is in. */
static const char *nearest(struct walk *w, const struct probe_point *pp, const char **hint)
{
    struct ksym k;
    const char *why;
    if (!ksyms_at(w->s->arena, w->number, &k))
        return arena_printf(w->s->arena, "no function of the kernel is at %#llx",
                            (unsigned long long)w->number);
    struct kernel_image *image = kernel_image(w->s, *k.module ? k.module : NULL, &why, hint);
    return image ? process_nearest_in_kernel(w->s, pp, image, k.name, w->number, w->out) : why;
}

static enum process_point point_of(const struct probe_pattern *pat, const struct probe_point *pp)
{
    return pat->id == KP_RETURN                            ? P_RETURN
           : pat->id == KP_EXPORTED                        ? P_EXPORTED
           : pat->id == KP_STATEMENT                       ? P_STATEMENT
           : strcmp(vec_last(pp->comps).name, "call") == 0 ? P_CALL
                                                           : P_FUNCTION;
}

/* Takes "+0x1a" off the name. */
static const char *split_offset(struct walk *w)
{
    const char *plus = strchr(w->pattern, '+');
    char *end;
    if (!plus)
        return NULL;
    errno = 0;
    w->offset = strtoull(plus + 1, &end, 0);
    if (end == plus + 1 || *end || errno)
        return arena_printf(w->s->arena, "'%s' is not a number of bytes behind a function's start",
                            plus + 1);
    w->pattern = arena_strndup(w->s->arena, w->pattern, (size_t)(plus - w->pattern));
    return NULL;
}

static bool kernel_has_multi(struct walk *w)
{
    /* Functions of modules are traced only while the module is there: by single probes. */
    return !w->s->portable && !w->module &&
           kbtf_find(w->b, "bpf_kprobe_multi_link", BTF_KIND_STRUCT) != 0;
}

/* "NAME.isra.0", "NAME.constprop.1": what the compiler made of a function whose parameters it has
 * changed; BTF does not describe these. */
static bool consider_changed(const struct ksym *k, void *arg)
{
    static const char *const changes[] = {".isra.", ".constprop."};
    struct walk *w = arg;
    size_t n = strlen(w->pattern);
    if (strncmp(k->name, w->pattern, n) != 0 || !ksym_is_function(k) ||
        strcmp(k->module, w->module ? w->module : "") != 0)
        return false;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        size_t len = strlen(changes[i]);
        const char *rest = k->name + n;
        if (strncmp(rest, changes[i], len) != 0 || !rest[len] ||
            rest[len + strspn(rest + len, DIGITS)])
            continue;
        struct arena *a = w->s->arena;
        struct kernel_function *f =
            add(w, w->pattern, *k->module ? arena_strdup(a, k->module) : NULL, NULL);
        if (!f)
            continue;
        f->name = arena_strdup(a, k->name);
        f->addr = w->s->portable ? 0 : k->addr; /* there may be several of that name */
    }
    return false;
}

const char *kprobe_find(struct session *s, const struct probe_pattern *pat,
                        const struct probe_point *pp, probe_vec *out, const char **hint)
{
    const char *why = NULL, *colon;
    struct walk w = {.s = s, .out = out, .is_return = pat->id == KP_RETURN};
    w.optional = pp->optional || pp->sufficient;
    size_t before = out->n;
    w.b = session_btf(s, &why);
    if (!w.b)
        return why;
    read_components(&w, pp);
    if (pat->id >= KP_DWARF)
        return by_dwarf(&w, (enum process_point)(pat->id - KP_DWARF), pp, hint);
    if (pat->id == KP_NEAREST_ADDRESS)
        return nearest(&w, pp, hint);
    if (pat->id == KP_EXPORTED && (why = find_exports(&w)))
        return why;
    if (w.by_number)
        return (why = by_address(&w)) ? why
               : out->n > before      ? NULL
                                      : "that function is not exported";
    if ((colon = strchr(w.pattern, '@')) && strcmp(colon, "@*") != 0)
        return by_dwarf(&w, point_of(pat, pp), pp, hint);
    if (colon)
        w.pattern = arena_strndup(s->arena, w.pattern, (size_t)(colon - w.pattern));
    if (pat->id == KP_STATEMENT && (why = split_offset(&w)))
        return why;
    w.wild = strpbrk(w.pattern, "*?[") != NULL;
    if (!w.module && !w.wild) {
        const struct btf_type *proto = prototype(w.b, w.pattern);
        if (proto) {
            add(&w, w.pattern, NULL, proto);
            return out->n > before ? NULL : "that function is not exported";
        }
    } else if (!w.module) {
        w.multi = !w.offset && kernel_has_multi(&w);
        by_pattern(&w);
        if (out->n > before)
            return NULL;
        w.multi = false;
    }
    ksyms_each(consider_symbol, &w);
    if (out->n > before)
        return NULL;
    if (w.example)
        return arena_printf(s->arena, "no match: '%s' is not exported", w.example);
    if (w.module && !w.names.n)
        return arena_printf(s->arena, "no match: module '%s' is not loaded", w.module);
    /* The compiler may have inlined it everywhere. */
    const char *no_hint;
    if (!w.wild && pat->id != KP_EXPORTED && !w.offset && kernel_image(s, NULL, &why, &no_hint) &&
        !by_dwarf(&w, point_of(pat, pp), pp, &no_hint))
        return NULL;
    /* Where a point may be left out, it is: its variables would not be known. */
    if (!w.wild && pat->id != KP_EXPORTED && !w.optional)
        ksyms_each(consider_changed, &w);
    return out->n > before ? NULL : arena_printf(s->arena, "no match%s", similar(&w, w.pattern));
}
