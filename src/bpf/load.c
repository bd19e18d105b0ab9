/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps and programs in the kernel. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bpfcall.h"
#include "base/strbuf.h"
#include "bpf/relocate.h"
#include "bpf/running.h"

enum { RING_SIZE = 1 << 20, RING_LARGEST = 1 << 30 };

static void explain(struct session *s, int err, const char *what)
{
    if (err == EPERM || err == EACCES)
        diag_error(&s->diag,
                   "cannot %s: %s. Running a script needs root, or the capabilities CAP_BPF and "
                   "CAP_PERFMON%s",
                   what, strerror(err), geteuid() == 0 ? " (this kernel may be locked down)" : "");
    else
        diag_error(&s->diag, "cannot %s: %s", what, strerror(err));
}

/* ---- maps ---- */

static uint32_t page_round(uint32_t n)
{
    uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
    return (n + page - 1) / page * page;
}

static int create(struct bpf_running *r, enum bpf_map_type type, const char *name, uint32_t key,
                  uint32_t value, uint32_t entries, uint32_t flags)
{
    char shown[BPF_OBJ_NAME_LEN];
    size_t n = 0;
    for (const char *p = name; *p && n + 1 < sizeof shown; p++)
        shown[n++] = *p == '_' || *p == '.' || (*p >= '0' && *p <= '9') ||
                             (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
                         ? *p
                         : '_';
    shown[n] = 0;
    int fd = bpfcall_map(type, shown, key, value, entries, flags, 0);
    if (fd < 0) {
        int err = -fd;
        if (type == BPF_MAP_TYPE_RINGBUF && (err == E2BIG || err == ENOMEM || err == EINVAL))
            diag_error(&r->session->diag,
                       "not enough memory for an output buffer of %u MB: a smaller -s may do",
                       entries >> 20);
        else if (err == E2BIG || err == ENOMEM)
            diag_error(&r->session->diag,
                       "not enough memory for %s: %u entries of %u bytes; a size such as %s[1000] "
                       "or -DMAXMAPENTRIES=1000 makes it smaller",
                       name, entries, key + value, name);
        else
            explain(r->session, err, arena_printf(r->session->arena, "create the map %s", name));
    }
    return fd;
}

/* A power of two. */
static uint32_t ring_size(const struct session *s)
{
    uint32_t n = RING_SIZE;
    while (s->buffer_mb && n < RING_LARGEST && n >> 20 < s->buffer_mb)
        n *= 2;
    return n;
}

static bool create_fixed(struct bpf_running *r)
{
    const struct bpf_image *img = r->img;
    uint32_t rodata = img->rodata_size;
    r->globals_size = page_round(img->globals_size);
    r->ring_size = ring_size(r->session);
    r->maps[IR_MAP_FIXED_RING] =
        create(r, BPF_MAP_TYPE_RINGBUF, "stap_ring", 0, 0, r->ring_size, 0);
    if (r->maps[IR_MAP_FIXED_RING] < 0)
        return false;
    r->maps[IR_MAP_FIXED_GLOBALS] =
        create(r, BPF_MAP_TYPE_ARRAY, "stap_globals", 4, img->globals_size, 1, BPF_F_MMAPABLE);
    r->maps[IR_MAP_FIXED_RODATA] =
        create(r, BPF_MAP_TYPE_ARRAY, "stap_rodata", 4, rodata, 1, BPF_F_RDONLY_PROG);
    r->maps[IR_MAP_FIXED_CTX] =
        create(r, BPF_MAP_TYPE_ARRAY, "stap_context", 4, img->context.size, r->ncpus * CTX_POOL, 0);
    if (r->maps[IR_MAP_FIXED_GLOBALS] < 0 || r->maps[IR_MAP_FIXED_RODATA] < 0 ||
        r->maps[IR_MAP_FIXED_CTX] < 0)
        return false;

    r->globals = mmap(NULL, r->globals_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                      r->maps[IR_MAP_FIXED_GLOBALS], 0);
    if (r->globals == MAP_FAILED) {
        r->globals = NULL;
        explain(r->session, errno, "map the globals");
        return false;
    }
    memcpy((char *)r->globals + sizeof(struct abi_session),
           (const char *)img->globals_init + sizeof(struct abi_session),
           img->globals_size - sizeof(struct abi_session));

    char *ro = malloc(rodata);
    if (!ro)
        return false;
    memcpy(ro, img->rodata, rodata);
    struct abi_const k = {.maxstringlen = img->maxstringlen,
                          .ctx_size = img->context.size,
                          .out_size = img->context.out_size,
                          .str_limit = img->context.size - 2 * img->maxstringlen - STRING_SLACK,
                          .ncpus = r->ncpus,
                          .rodata_words = rodata / 2,
                          .script_rodata = img->script_rodata_off,
                          .regex = img->context.regex_off};
    if (img->uses & USE_MODULES)
        kernel_offsets(r->session, &k.offsets);
    memcpy(ro, &k, sizeof k);
    uint32_t zero = 0;
    int err = bpfcall_set(r->maps[IR_MAP_FIXED_RODATA], &zero, ro);
    free(ro);
    if (!err)
        err = bpfcall_freeze(r->maps[IR_MAP_FIXED_RODATA]);
    if (err)
        explain(r->session, -err, "fill the read-only data");
    return !err;
}

/* A table is filled through memory; each has a size of its own. */
enum { TABLE_FLAGS = BPF_F_INNER_MAP | BPF_F_MMAPABLE };

int bpf_new_table(struct bpf_running *r, uint32_t n, uint32_t words)
{
    int fd = bpfcall_map(BPF_MAP_TYPE_ARRAY, "stap_table", 4, 8, words, TABLE_FLAGS, 0);
    if (fd >= 0 && bpfcall_set(r->maps[IR_MAP_FIXED_TABLES], &n, &fd)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool bpf_put_module(struct bpf_running *r, uint64_t inode, const struct abi_module *m)
{
    return bpfcall_set(r->maps[IR_MAP_FIXED_MODULES], &inode, m) == 0;
}

static bool create_modules(struct bpf_running *r)
{
    r->maps[IR_MAP_FIXED_MODULES] =
        create(r, BPF_MAP_TYPE_HASH, "stap_modules", 8, sizeof(struct abi_module), MODULES_MAX, 0);
    int inner = create(r, BPF_MAP_TYPE_ARRAY, "stap_table", 4, 8, 1, TABLE_FLAGS);
    if (r->maps[IR_MAP_FIXED_MODULES] < 0 || inner < 0)
        return false;
    int fd = bpfcall_map(BPF_MAP_TYPE_ARRAY_OF_MAPS, "stap_tables", 4, 4, MODULES_MAX, 0, inner);
    close(inner);
    r->maps[IR_MAP_FIXED_TABLES] = fd;
    if (fd < 0)
        explain(r->session, -fd, "create the map of tables");
    return fd >= 0;
}

/* Each context knows its number: some buffers are one per context. */
static bool number_contexts(struct bpf_running *r)
{
    char *ctx = calloc(1, r->img->context.size);
    if (!ctx)
        return false;
    int err = 0;
    for (uint32_t i = 1; i < r->ncpus * CTX_POOL && !err; i++) {
        ((struct abi_ctx *)(void *)ctx)->index = i;
        err = bpfcall_set(r->maps[IR_MAP_FIXED_CTX], &i, ctx);
    }
    free(ctx);
    return !err;
}

static bool create_maps(struct bpf_running *r)
{
    const struct bpf_image *m = r->img;
    if (!create_fixed(r) || (m->uses & USE_MODULES && !create_modules(r)))
        return false;
    bool per_context = false;
    vec_for (i, m->maps) {
        static const enum bpf_map_type types[] = {
            [IR_MAP_HASH] = BPF_MAP_TYPE_HASH,
            [IR_MAP_LRU_HASH] = BPF_MAP_TYPE_LRU_HASH,
            [IR_MAP_PERCPU_HASH] = BPF_MAP_TYPE_PERCPU_HASH,
            [IR_MAP_ARRAY] = BPF_MAP_TYPE_ARRAY,
            [IR_MAP_PERCPU_ARRAY] = BPF_MAP_TYPE_PERCPU_ARRAY,
            [IR_MAP_PERF] = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
        };
        const struct ir_map *map = &m->maps.v[i];
        uint32_t n = map->max_entries;
        if (n == IR_PER_CPU)
            n = r->ncpus;
        if (n == IR_PER_CONTEXT) {
            n = r->ncpus * CTX_POOL;
            per_context = true;
        }
        if (map->levels)
            n *= map->levels;
        r->maps[IR_MAP_FIRST + i] =
            create(r, types[map->kind], map->name, map->key_size, map->value_size, n, 0);
        if (r->maps[IR_MAP_FIRST + i] < 0)
            return false;
    }
    return !per_context || number_contexts(r);
}

/* ---- programs ---- */

static void fill_maps(struct bpf_running *r, struct loaded *g)
{
    const struct code *c = &g->probe->code;
    vec_for (i, c->relocs) {
        const struct reloc *rel = &c->relocs.v[i];
        if (rel->kind != RELOC_MAP && rel->kind != RELOC_MAP_VALUE)
            continue;
        struct bpf_insn *in = &g->insns[rel->insn];
        in[0].imm = r->maps[rel->number];
        in[1].imm = rel->kind == RELOC_MAP_VALUE ? (int32_t)rel->offset : 0;
    }
}

/* A copy of the program that is filled in for this kernel, and what it comes with. */
static bool prepare(struct bpf_running *r, struct loaded *g, const struct fact_value *facts)
{
    const struct code *c = &g->probe->code;
    struct arena *a = r->session->arena;
    g->insns = arena_new_array(a, struct bpf_insn, c->insns.n);
    memcpy(g->insns, c->insns.v, c->insns.n * sizeof *g->insns);
    g->points = g->probe->points;
    attach_settle(&g->points);
    fill_maps(r, g);
    relocate_fill(g->probe, g->insns, facts);
    if (c->subs.n > 1)
        g->btf = btf_for_prog(a, c, r->img->context.size, &g->btf_len, &g->func_infos);
    g->btf_id = g->probe->btf_id;
    return !r->img->from_file || relocate_type(r->session, g->probe, &g->btf_id);
}

/* Log levels of the verifier: every step, or only a summary. */
enum { VERIFIER_STEPS = 1, VERIFIER_STATS = 4 };

/* enum bpf_attach_type, newer than this system's headers may be. */
enum { TRACE_KPROBE_MULTI = 42, NETFILTER = 45, TRACE_UPROBE_MULTI = 48 };
/* enum bpf_prog_type */
enum { PROG_TYPE_NETFILTER = 32 };

static int load_once(const struct loaded *g, char *log, size_t log_size, uint32_t level)
{
    const struct code *c = &g->probe->code;
    enum prog_kind kind = g->points.prog;
    static const enum bpf_prog_type types[] = {
        [PROG_SYSCALL] = BPF_PROG_TYPE_SYSCALL,
        [PROG_TRACING] = BPF_PROG_TYPE_TRACING,
        [PROG_RAW_TP] = BPF_PROG_TYPE_RAW_TRACEPOINT,
        [PROG_PERF_EVENT] = BPF_PROG_TYPE_PERF_EVENT,
        [PROG_KPROBE] = BPF_PROG_TYPE_KPROBE,
        [PROG_KPROBE_MULTI] = BPF_PROG_TYPE_KPROBE,
        [PROG_UPROBE_MULTI] = BPF_PROG_TYPE_KPROBE,
        [PROG_FENTRY] = BPF_PROG_TYPE_TRACING,
        [PROG_LSM] = BPF_PROG_TYPE_LSM,
        [PROG_NETFILTER] = (enum bpf_prog_type)PROG_TYPE_NETFILTER,
    };
    union bpf_attr o;
    memset(&o, 0, sizeof o);
    o.prog_type = types[kind];
    int btf_fd = -1;
    if (g->btf) {
        btf_fd = bpfcall_btf(g->btf, (uint32_t)g->btf_len);
        if (btf_fd < 0)
            return btf_fd;
        o.prog_btf_fd = (uint32_t)btf_fd;
        o.func_info = (uint64_t)(uintptr_t)g->func_infos;
        o.func_info_cnt = (uint32_t)c->subs.n;
        o.func_info_rec_size = sizeof *g->func_infos;
    }
    if (o.prog_type == BPF_PROG_TYPE_SYSCALL || g->probe->waits)
        o.prog_flags = BPF_F_SLEEPABLE;
    if (kind == PROG_FENTRY)
        o.expected_attach_type =
            g->points.kind == ATTACH_KRETPROBE ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY;
    if (kind == PROG_LSM)
        o.expected_attach_type = BPF_LSM_MAC;
    if (kind == PROG_FENTRY || kind == PROG_LSM)
        o.attach_btf_id = g->btf_id;
    if (kind == PROG_NETFILTER)
        o.expected_attach_type = NETFILTER;
    if (kind == PROG_KPROBE_MULTI)
        o.expected_attach_type = TRACE_KPROBE_MULTI;
    if (kind == PROG_UPROBE_MULTI)
        o.expected_attach_type = TRACE_UPROBE_MULTI;
    if (kind == PROG_TRACING) {
        o.expected_attach_type = BPF_TRACE_RAW_TP;
        o.attach_btf_id = g->btf_id;
    }
    if (log) {
        o.log_level = level;
        o.log_buf = (uint64_t)(uintptr_t)log;
        o.log_size = (uint32_t)log_size;
    }
    int fd = bpfcall_load(&o, "stap_probe", g->insns, c->insns.n);
    if (btf_fd >= 0)
        close(btf_fd);
    return fd;
}

static void refused(struct bpf_running *r, const struct loaded *g, int err)
{
    struct session *s = r->session;
    enum { LOG = 1 << 24 };
    if (err == EPERM) {
        explain(s, err, arena_printf(s->arena, "load the handler of probe %s", g->probe->pp));
        return;
    }
    char *log = calloc(1, LOG);
    if (!log)
        return;
    int fd = load_once(g, log, LOG, VERIFIER_STEPS);
    if (fd >= 0)
        close(fd);
    const char *helper = strstr(log, "cannot use helper ");
    if (helper) {
        helper += strlen("cannot use helper ");
        diag_semantic(
            &s->diag, g->probe->tok,
            "this kernel does not let the handler of probe %s call %.*s, which a function "
            "that it uses stands on",
            g->probe->pp, (int)strcspn(helper, "#\n"), helper);
    } else if (err == E2BIG || strstr(log, "too large") || strstr(log, "too complex") ||
               strstr(log, "Too large") || strstr(log, "invalid write to stack"))
        diag_semantic(&s->diag, g->probe->tok,
                      "the handler of probe %s is too large for this kernel: split it into several "
                      "probes, or move parts of it to functions",
                      g->probe->pp);
    else
        diag_error(&s->diag,
                   "the kernel's verifier refused the handler of probe %s: this is a bug in stap; "
                   "please report it with the output of stap --dump-bpf",
                   g->probe->pp);
    if (s->verbose > 0 || getenv("STAP_VERIFIER_LOG")) {
        size_t n = strlen(log);
        fprintf(s->diag.out, "%s\n", n > 20000 ? log + n - 20000 : log);
    }
    free(log);
}

/* Programs are verified one by one, and that is most of the time it takes to start:
 * two or more are loaded by as many threads as there are CPUs, at most LOADERS. */
enum { LOADERS = 8 };

struct loader {
    struct bpf_running *r;
    size_t next; /* atomic */
};

/* Everything a thread needs besides the kernel was made before: the arena is not shared. */
static void *load_some(void *arg)
{
    struct loader *l = arg;
    struct bpf_running *r = l->r;
    for (size_t i; (i = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED)) < r->img->probes.n;)
        r->progs[i].fd = load_once(&r->progs[i], NULL, 0, 0);
    return NULL;
}

static void tell_stats(struct bpf_running *r, const struct loaded *g)
{
    char stats[2000] = "";
    int fd = load_once(g, stats, sizeof stats, VERIFIER_STATS);
    if (fd < 0)
        return;
    fprintf(r->session->diag.out, "probe %s: %zu instructions, %s", g->probe->pp,
            g->probe->code.insns.n, stats);
    close(fd);
}

static bool load_progs(struct bpf_running *r)
{
    struct loader l = {.r = r};
    pthread_t threads[LOADERS];
    size_t n = r->img->probes.n < r->ncpus ? r->img->probes.n : r->ncpus, started = 0;
    const struct fact_value *facts = relocate_look_up(r->session, r->img);
    if (!facts)
        return false;
    vec_for (i, r->img->probes)
        if (!prepare(r, &r->progs[i], facts))
            return false;
    while (started + 1 < n && started < LOADERS &&
           pthread_create(&threads[started], NULL, load_some, &l) == 0)
        started++;
    load_some(&l);
    while (started)
        pthread_join(threads[--started], NULL);
    vec_for (i, r->img->probes) {
        const struct loaded *g = &r->progs[i];
        if (g->fd < 0) {
            refused(r, g, -g->fd);
            return false;
        }
        if (r->session->verbose > 2)
            tell_stats(r, g);
    }
    return true;
}

bool bpf_settle(struct session *s, struct bpf_image *img)
{
    relocate_timers(s, img);
    return relocate_places(s, img);
}

struct bpf_running *bpf_load(struct session *s, const struct bpf_image *img)
{
    struct bpf_running *r = arena_new_obj(s->arena, struct bpf_running);
    r->session = s;
    r->img = img;
    r->ncpus = possible_cpus();
    r->nmaps = IR_MAP_FIRST + img->maps.n;
    r->maps = arena_new_array(s->arena, int, r->nmaps);
    r->progs = arena_new_array(s->arena, struct loaded, img->probes.n + 1);
    for (size_t i = 0; i < r->nmaps; i++)
        r->maps[i] = -1;
    vec_for (i, img->probes)
        r->progs[i] = (struct loaded){.probe = &img->probes.v[i], .fd = -1};
    if (create_maps(r) && load_progs(r))
        return r;
    bpf_unload(r);
    return NULL;
}

void bpf_unload(struct bpf_running *r)
{
    bpf_detach(r);
    vec_for (i, r->img->probes)
        if (r->progs[i].fd >= 0)
            close(r->progs[i].fd);
    if (r->globals)
        munmap(r->globals, r->globals_size);
    r->globals = NULL;
    for (size_t i = 0; i < r->nmaps; i++)
        if (r->maps[i] >= 0)
            close(r->maps[i]);
}

struct abi_session *bpf_session(struct bpf_running *r)
{
    return r->globals;
}

int bpf_modules_fd(const struct bpf_running *r)
{
    return r->maps[IR_MAP_FIXED_MODULES];
}

int bpf_ring_fd(const struct bpf_running *r)
{
    return r->maps[IR_MAP_FIXED_RING];
}

uint32_t bpf_ring_size(const struct bpf_running *r)
{
    return r->ring_size;
}

int bpf_run_probe(struct bpf_running *r, int id)
{
    return bpfcall_run(r->progs[id].fd, NULL, 0);
}

int bpf_run_probe_with(struct bpf_running *r, int id, char *text)
{
    return bpfcall_run(r->progs[id].fd, text, (uint32_t)strlen(text) + 1);
}

/* ---- how long programs run ---- */

int bpf_measure(void)
{
    return bpfcall_measure();
}

static uint64_t run_time(int fd)
{
    struct bpf_prog_info info = {0};
    return fd >= 0 && bpfcall_info(fd, &info, sizeof info) == 0 ? info.run_time_ns : 0;
}

uint64_t bpf_missed(const struct bpf_running *r)
{
    uint64_t sum = 0;
    vec_for (i, r->img->probes) {
        struct bpf_prog_info info = {0};
        if (r->progs[i].fd >= 0 && bpfcall_info(r->progs[i].fd, &info, sizeof info) == 0)
            sum += info.recursion_misses;
    }
    return sum;
}

uint64_t bpf_time_spent(const struct bpf_running *r)
{
    uint64_t sum = 0;
    vec_for (i, r->img->probes)
        sum += run_time(r->progs[i].fd);
    /* Dispatchers; handlers they jump to are not measured by themselves. */
    vec_for (i, r->dispatchers)
        sum += run_time(r->dispatchers.v[i]);
    return sum;
}
