/* SPDX-License-Identifier: GPL-2.0-or-later */
/* begin, end, error, oneshot, never. */
#include "probes/kernel_data.h"

enum { P_BEGIN, P_END, P_ERROR, P_ONESHOT, P_NEVER };

static const struct probe_pattern patterns[] = {
    {"begin", P_BEGIN, "once, when the session starts"},
    {"begin(N)", P_BEGIN, "the same, in ascending order of N"},
    {"end", P_END, "once, when the session ends"},
    {"end(N)", P_END, "the same, in ascending order of N"},
    {"error", P_ERROR, "once, when the session ends after an error"},
    {"error(N)", P_ERROR, "the same, in ascending order of N"},
    {"oneshot", P_ONESHOT, "begin, and the session ends when the handler has run"},
    {"never", P_NEVER, "compiled and never run"},
    {0},
};

static const char *resolve(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint)
{
    static const enum attach_kind kinds[] = {
        [P_BEGIN] = ATTACH_BEGIN,   [P_END] = ATTACH_END,     [P_ERROR] = ATTACH_ERROR,
        [P_ONESHOT] = ATTACH_BEGIN, [P_NEVER] = ATTACH_NEVER,
    };
    (void)hint;
    struct probe *p = new_probe(s, kinds[pat->id], PROG_SYSCALL);
    if (pp->comps.v[0].arg)
        p->attach.sequence = pp->comps.v[0].arg->num;
    p->attach.exit_after = pat->id == P_ONESHOT;
    vec_push(s->arena, out, p);
    return NULL;
}

const struct probe_provider begin_provider = {
    .name = "begin",
    .patterns = patterns,
    .resolve = resolve,
    .target = kdata_only_cast,
};
