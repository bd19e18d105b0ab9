/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/attach.h"

#include <errno.h>

#include "debuginfo/ksyms.h"
#include "probes/families.h"

bool attach_by_family(enum attach_kind kind)
{
    return kind == ATTACH_UPROBE || kind == ATTACH_URETPROBE || kind == ATTACH_KPROBE ||
           kind == ATTACH_KRETPROBE || kind == ATTACH_NETFILTER || kind == ATTACH_WATCH;
}

void attach_settle(struct attach_points *a)
{
    if (a->kind == ATTACH_UPROBE || a->kind == ATTACH_URETPROBE)
        process_settle(a);
}

static bool is_in_file(enum attach_kind kind, const struct attach_place *p)
{
    return p->path && (kind == ATTACH_UPROBE || kind == ATTACH_URETPROBE || kind == ATTACH_WATCH);
}

void attach_identify(struct session *s, enum attach_kind kind, struct attach_place *p)
{
    if (is_in_file(kind, p))
        process_identify(s, p);
}

bool attach_verify(struct session *s, enum attach_kind kind, struct attach_place *p,
                   const char **why)
{
    if (kind == ATTACH_WATCH && !p->path && p->symbol) {
        p->addr = ksyms_address(p->symbol, NULL, NULL);
        *why = arena_printf(s->arena, "this kernel tells no address of a variable '%s'", p->symbol);
        return p->addr != 0;
    }
    if (!is_in_file(kind, p))
        return true;
    if (p->pid < 0)
        p->pid = s->command ? 0 : s->target_pid;
    return process_verify(s, p, why);
}

int attach_points_to(struct session *s, const struct attach_points *a, int prog_fd, fd_vec *fds,
                     struct attach_outcome *outcome)
{
    switch (a->kind) {
    case ATTACH_UPROBE:
    case ATTACH_URETPROBE:
        return process_attach(s, a, prog_fd, fds, outcome);
    case ATTACH_KPROBE:
    case ATTACH_KRETPROBE:
        return kprobe_attach(s, a, prog_fd, fds, outcome);
    case ATTACH_WATCH:
        return watch_attach(s, a, prog_fd, fds, outcome);
    case ATTACH_NETFILTER:
        return netfilter_attach(s, a, prog_fd, fds);
    default:
        return -EINVAL;
    }
}
