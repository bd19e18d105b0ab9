/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.lsm("file_open"): the hooks at which security modules are asked, where the kernel lets
 * eBPF be one.  The handler sees what the hook is asked with, and lets all pass. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bpfcall.h"
#include "probes/kprobe.h"

static const struct probe_pattern patterns[] = {
    {"kernel.lsm(S)", 0, "a hook that security modules are asked at"},
    {0},
};

/* Of the function that the kernel has for each hook. */
static const char prefix[] = "bpf_lsm_";

/* Attaches an empty handler and takes it away. */
static int try_hook(uint32_t id)
{
    int prog = bpfcall_load_empty(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, id);
    int link = prog >= 0 ? bpfcall_raw_tracepoint(NULL, prog) : prog;
    if (link >= 0)
        close(link);
    if (prog >= 0)
        close(prog);
    return link < 0 ? link : 0;
}

/* Without it in the list programs are attached, and never asked. */
static bool is_asked(void)
{
    char names[512] = "";
    FILE *f = fopen("/sys/kernel/security/lsm", "re");
    bool known = f && fgets(names, sizeof names, f);
    if (f)
        fclose(f);
    for (char *name = strtok(names, ",\n"); known && name; name = strtok(NULL, ",\n"))
        if (strcmp(name, "bpf") == 0)
            return true;
    return !known;
}

struct walk {
    struct session *s;
    struct kernel_btf *b;
    const char *pattern;
    probe_vec *out;
    VEC(const char *) names;
    bool only_list;
    int refused; /* an error */
};

static void add(struct walk *w, const char *name, uint32_t id)
{
    struct session *s = w->s;
    struct probe *p = new_probe(s, ATTACH_KPROBE, PROG_LSM);
    struct kernel_function *f = arena_new_obj(s->arena, struct kernel_function);
    *f = (struct kernel_function){.name = arena_printf(s->arena, "%s%s", prefix, name),
                                  .btf = w->b,
                                  .proto = kbtf_type(w->b, kbtf_type(w->b, id)->type)};
    p->attach.priv = f;
    p->attach.name = name;
    p->attach.btf_id = id;
    p->pp = arena_printf(s->arena, "kernel.lsm(\"%s\")", name);
    vec_push(s->arena, w->out, p);
}

static void consider(const char *function, uint32_t id, void *arg)
{
    struct walk *w = arg;
    const char *name = arena_printf(w->s->arena, "%s", function + strlen(prefix));
    vec_push(w->s->arena, &w->names, name);
    if (fnmatch(w->pattern, name, 0) != 0)
        return;
    int err = w->only_list ? 0 : try_hook(id);
    if (err)
        w->refused = err;
    else
        add(w, name, id);
}

static const char *find(struct walk *w, const struct probe_point *pp)
{
    const char *why = NULL;
    size_t before = w->out->n;
    w->b = session_btf(w->s, &why);
    w->pattern = vec_last(pp->comps).arg->str;
    if (!w->b)
        return why;
    kbtf_each(w->b, prefix, BTF_KIND_FUNC, consider, w);
    if (w->out->n > before)
        return NULL;
    if (!w->names.n)
        return "this kernel was built without CONFIG_BPF_LSM: its security hooks cannot be probed";
    if (w->refused)
        return arena_printf(w->s->arena, "this kernel does not let eBPF look at security hooks: %s",
                            strerror(-w->refused));
    const char *near = strpbrk(w->pattern, "*?[")
                           ? ""
                           : similar_names(w->s->arena, w->pattern, w->names.v, w->names.n, 5);
    return arena_printf(w->s->arena, "no security hook matches '%s'%s%s%s", w->pattern,
                        *near ? " (similar hooks: " : "", near, *near ? ")" : "");
}

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    struct walk w = {.s = s, .out = out, .only_list = s->last_pass < 5};
    (void)pat;
    if (s->portable)
        return "a file of -p4 may be run on another kernel, which may not have this security hook";
    const char *why = find(&w, pp);
    if (!why && !w.only_list && !is_asked())
        why = "'bpf' is not among the security modules that this kernel was started with (lsm= on "
              "its command line): its hooks are not asked";
    if (why && (w.refused || w.out->n))
        *hint = arena_printf(s->arena,
                             "kernel.function(\"security_%s\") is the place that asks them, on "
                             "kernels with kprobes",
                             w.pattern);
    return why;
}

static void list(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg)
{
    probe_vec found = {0};
    struct walk w = {.s = s, .out = &found, .only_list = true};
    (void)pat;
    if (find(&w, pp))
        return;
    vec_for (i, found)
        fn(found.v[i]->pp, kprobe_variables(s, found.v[i]), arg);
}

static void place(const struct probe *p, struct attach_place *out)
{
    out->name = p->attach.name;
}

const struct probe_provider lsm_provider = {
    .name = "lsm",
    .patterns = patterns,
    .resolve = resolve,
    .target = kprobe_target,
    .settle = kprobe_settle_hook,
    .place = place,
    .list = list,
};
