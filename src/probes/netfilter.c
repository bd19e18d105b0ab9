/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netfilter.hook("NF_INET_LOCAL_OUT").pf("NFPROTO_IPV4"): packets at the hooks of the
 * IP stack, by netfilter programs of eBPF (Linux 6.4). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/kernel_data.h"

static const struct probe_pattern patterns[] = {
    {"netfilter.hook(S).pf(S)", 0, "a packet at a hook of a protocol family"},
    {"netfilter.hook(S).pf(S).priority(S)", 0, "the same, before or after other users of the hook"},
    {"netfilter.pf(S).hook(S)", 0, "the same"},
    {"netfilter.pf(S).hook(S).priority(S)", 0, "the same"},
    {0},
};

/* attach_point.priv */
struct hook {
    uint32_t pf, number;
    int32_t priority;
};

struct constant {
    const char *name;
    int32_t value;
};

/* include/uapi/linux/netfilter*.h */
static const struct constant families[] = {
    {"NFPROTO_IPV4", 2}, {"PF_INET", 2},
    {"AF_INET", 2},      {"NFPROTO_IPV6", 10},
    {"PF_INET6", 10},    {"AF_INET6", 10},
    {"NFPROTO_ARP", 3},  {"NFPROTO_BRIDGE", 7},
    {"PF_BRIDGE", 7},    {0},
};
static const struct constant hooks[] = {
    {"NF_INET_PRE_ROUTING", 0}, {"NF_INET_LOCAL_IN", 1},     {"NF_INET_FORWARD", 2},
    {"NF_INET_LOCAL_OUT", 3},   {"NF_INET_POST_ROUTING", 4}, {"NF_IP_PRE_ROUTING", 0},
    {"NF_IP_LOCAL_IN", 1},      {"NF_IP_FORWARD", 2},        {"NF_IP_LOCAL_OUT", 3},
    {"NF_IP_POST_ROUTING", 4},  {"NF_IP6_PRE_ROUTING", 0},   {"NF_IP6_LOCAL_IN", 1},
    {"NF_IP6_FORWARD", 2},      {"NF_IP6_LOCAL_OUT", 3},     {"NF_IP6_POST_ROUTING", 4},
    {"NF_ARP_IN", 0},           {"NF_ARP_OUT", 1},           {"NF_ARP_FORWARD", 2},
    {"NF_BR_PRE_ROUTING", 0},   {"NF_BR_LOCAL_IN", 1},       {"NF_BR_FORWARD", 2},
    {"NF_BR_LOCAL_OUT", 3},     {"NF_BR_POST_ROUTING", 4},   {0},
};
/* Behind NF_IP_PRI_ and NF_IP6_PRI_.  The ends of the scale are the kernel's own. */
static const struct constant priorities[] = {
    {"FIRST", INT_MIN + 1},
    {"RAW_BEFORE_DEFRAG", -450},
    {"CONNTRACK_DEFRAG", -400},
    {"RAW", -300},
    {"SELINUX_FIRST", -225},
    {"CONNTRACK", -200},
    {"MANGLE", -150},
    {"NAT_DST", -100},
    {"FILTER", 0},
    {"SECURITY", 50},
    {"NAT_SRC", 100},
    {"SELINUX_LAST", 225},
    {"CONNTRACK_HELPER", 300},
    {"CONNTRACK_CONFIRM", INT_MAX - 1},
    {"LAST", INT_MAX - 1},
    {0},
};

static bool lookup(const struct constant *c, const char *name, int32_t *value)
{
    for (; c->name; c++)
        if (strcmp(c->name, name) == 0) {
            *value = c->value;
            return true;
        }
    return false;
}

static const char *unknown(struct session *s, const char *what, const char *name,
                           const struct constant *c)
{
    const char *names[32];
    size_t n = 0;
    for (; c->name && n < 32; c++)
        names[n++] = c->name;
    const char *near = similar_names(s->arena, name, names, n, 5);
    return arena_printf(s->arena, "unknown %s '%s'%s%s%s", what, name, *near ? " (similar: " : "",
                        near, *near ? ")" : "");
}

static const char *read_priority(struct session *s, const char *text, int32_t *value)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 0);
    if (end != text && !*end && !errno && n > INT_MIN && n < INT_MAX) {
        *value = (int32_t)n;
        return NULL;
    }
    const char *name = strncmp(text, "NF_IP_PRI_", 10) == 0    ? text + 10
                       : strncmp(text, "NF_IP6_PRI_", 11) == 0 ? text + 11
                                                               : text;
    return lookup(priorities, name, value) ? NULL : unknown(s, "priority", name, priorities);
}

static const char no_link[] = "this kernel cannot run eBPF at netfilter hooks: that takes Linux "
                              "6.4 with CONFIG_NETFILTER_BPF_LINK";

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    const char *why = NULL;
    struct kernel_btf *b = session_btf(s, &why);
    struct hook *h = arena_new_obj(s->arena, struct hook);
    int32_t n = 0;
    (void)pat;
    if (!b)
        return why;
    vec_for (i, pp->comps) {
        const char *name = pp->comps.v[i].name;
        const char *arg = pp->comps.v[i].arg ? pp->comps.v[i].arg->str : "";
        if (strcmp(name, "pf") == 0) {
            if (!lookup(families, arg, &n))
                return unknown(s, "protocol family", arg, families);
            h->pf = (uint32_t)n;
        } else if (strcmp(name, "hook") == 0) {
            if (!lookup(hooks, arg, &n))
                return unknown(s, "hook", arg, hooks);
            h->number = (uint32_t)n;
        } else if (strcmp(name, "priority") == 0 && (why = read_priority(s, arg, &h->priority))) {
            return why;
        }
    }
    if (h->pf == 3 || h->pf == 7)
        return "the kernel lets eBPF see packets at the hooks of IPv4 and IPv6 only, not at those "
               "of ARP and bridges";
    if (!kbtf_find(b, "bpf_nf_link", BTF_KIND_STRUCT)) {
        *hint =
            "kernel.trace(\"net_dev_queue\") and kernel.trace(\"netif_receive_skb\") see packets "
            "that are sent and received";
        return no_link;
    }
    struct kernel_fact link = {.kind = FACT_TYPE, .root = "s bpf_nf_link"};
    if (s->portable)
        fact_need(s, fact_add(s, link), no_link);
    struct probe *p = new_probe(s, ATTACH_NETFILTER, PROG_NETFILTER);
    p->attach.priv = h;
    p->attach.name = "";
    vec_push(s->arena, out, p);
    return NULL;
}

/* ---- variables ---- */

static struct kernel_value context(struct session *s, struct kernel_btf *b, const char *type,
                                   int32_t offset, const struct token *tok)
{
    struct expr *e = expr_new(s->arena, EX_CTX, tok);
    e->type = TY_LONG;
    e->num = offset;
    e->deref.size = 8;
    uint32_t id = kbtf_find(b, type, BTF_KIND_STRUCT);
    return (struct kernel_value){
        .e = e, .type = id, .pointer = true, .from = klive_origin(s, b, id, NULL, "")};
}

/* struct bpf_nf_ctx: the state, then the packet. */
static bool variable(struct session *s, struct kernel_btf *b, const char *name,
                     const struct token *tok, struct kernel_value *v)
{
    static const char *const members[][2] = {
        {"$hooknum", "hook"}, {"$in", "in"}, {"$out", "out"}, {"$okfn", "okfn"}, {"$pf", "pf"}};
    if (strcmp(name, "$skb") == 0) {
        *v = context(s, b, "sk_buff", 8, tok);
        return true;
    }
    *v = context(s, b, "nf_hook_state", 0, tok);
    if (strcmp(name, "$state") == 0)
        return true;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct kbtf_member m;
        if (strcmp(name, members[i][0]) != 0 || !kbtf_member(b, v->type, members[i][1], &m))
            continue;
        if (klive(s, b)) {
            *v = klive_member(s, b, tok, v, members[i][1], false);
            return true;
        }
        struct expr *at =
            expr_binary(s->arena, tok, OP_ADD, v->e, expr_number(s->arena, tok, m.bit_offset / 8));
        at->type = TY_LONG;
        *v = kdata_at(s, b, tok, at, m.type, false);
        return true;
    }
    return false;
}

static struct expr *target(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why)
{
    static const char *const names[] = {"$hooknum", "$skb", "$in",     "$out",
                                        "$okfn",    "$pf",  "$verdict"};
    const struct target *t = e->target;
    struct kernel_value v;
    if (e->kind == EX_CAST || !t->name || t->at_name)
        return kdata_only_cast(s, p, e, lvalue, why);
    struct kernel_btf *b = session_btf(s, why);
    if (!b)
        return NULL;
    *why = NULL;
    if (strcmp(t->name, "$verdict") == 0 && !t->steps.n && !t->address_of) {
        if (!lvalue || s->guru)
            return expr_call(s->arena, e->tok, "__verdict");
        *why = "write to target variable not permitted; need stap -g";
        return NULL;
    }
    if (lvalue) {
        *why = "write to memory of the kernel is not possible";
        return NULL;
    }
    if (strcmp(t->name, "$$vars") == 0 || strcmp(t->name, "$$parms") == 0) {
        const char *format = "";
        expr_vec args = {0};
        for (size_t i = 0; i < 4; i++) {
            format = arena_printf(s->arena, "%s%s%s=", format, i ? " " : "", names[i] + 1);
            variable(s, b, names[i], e->tok, &v);
            kdata_format(s, b, v, 0, &format, &args);
        }
        return kdata_sprintf(s, e->tok, format, &args);
    }
    bool known = variable(s, b, t->name, e->tok, &v);
    if (known && v.pointer && !t->steps.n) /* the pointer itself */
        return kdata_typed(s, b, v.e, &v);
    if (known)
        return kdata_steps(s, b, v, t, e->tok, why);
    const char *near = similar_names(s->arena, t->name, names, sizeof names / sizeof *names, 6);
    *why =
        arena_printf(s->arena, "unable to find netfilter variable '%s' (alternatives: %s%s$$vars)",
                     t->name, near, *near ? ", " : "");
    return NULL;
}

/* ---- attaching ---- */

/* union bpf_attr for BPF_LINK_CREATE, newer than this system's headers may be. */
struct link_create {
    uint32_t prog_fd, target_fd, attach_type, flags;
    uint32_t pf, hooknum;
    int32_t priority;
    uint32_t netfilter_flags;
};
enum { CMD_LINK_CREATE = 28, ATTACH_TYPE_NETFILTER = 45 };

int netfilter_attach(struct session *s, const struct attach_points *p, int prog_fd, fd_vec *fds)
{
    const struct attach_place *h = &p->places[0];
    struct link_create a = {.prog_fd = (uint32_t)prog_fd,
                            .attach_type = ATTACH_TYPE_NETFILTER,
                            .pf = h->pf,
                            .hooknum = h->hook,
                            .priority = h->priority};
    /* No two programs of one hook have the same priority: the next free one. */
    for (int tries = 0; tries < 100; tries++, a.priority++) {
        int fd = (int)syscall(SYS_bpf, CMD_LINK_CREATE, &a, sizeof a);
        if (fd >= 0) {
            vec_push(s->arena, fds, fd);
            return 0;
        }
        if (errno != EBUSY && errno != EEXIST)
            return -errno;
    }
    return -EBUSY;
}

static void place(const struct probe *p, struct attach_place *out)
{
    const struct hook *h = p->attach.priv;
    out->pf = h->pf;
    out->hook = h->number;
    out->priority = h->priority;
}

const struct probe_provider netfilter_provider = {
    .name = "netfilter",
    .patterns = patterns,
    .resolve = resolve,
    .target = target,
    .place = place,
};
