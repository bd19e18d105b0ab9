/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -D NAME=VALUE: the run-time's limits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "debuginfo/btf.h"
#include "sema/session.h"

struct kernel_btf *session_btf(struct session *s, const char **why)
{
    static const char unreadable[] = "the kernel's BTF could not be read";
    *why = unreadable;
    if (!s->kernel_btf)
        s->kernel_btf = kernel_btf_open(s->arena, why);
    return s->kernel_btf;
}

struct kernel_btf *session_module_btf(struct session *s, const char *module, const char **why)
{
    struct kernel_btf *base = session_btf(s, why), *b;
    if (!base)
        return NULL;
    if (!s->module_btf) {
        s->module_btf = arena_new_obj(s->arena, struct hash);
        hash_init(s->module_btf, s->arena);
    }
    b = hash_get(s->module_btf, module);
    if (!b && (b = module_btf_open(s->arena, base, module, why)))
        hash_put(s->module_btf, arena_strdup(s->arena, module), b);
    return b;
}

struct limit {
    const char *name;
    int64_t *value;
    int64_t low, high;
};

/* A limit whose name is misspelt would not be noticed.  Names that do not begin like one
 * are for C code of SystemTap's scripts. */
static void note_unknown(struct session *s, const char *name, const struct limit *limits, size_t n)
{
    static const char *const others[] = {"MAXTRACE", "MAXBACKTRACE", "MAXUPROBES"};
    const char *names[32];
    if (strncmp(name, "MAX", 3) != 0)
        return;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0)
            return;
    for (size_t i = 0; i < n; i++) {
        names[i] = limits[i].name;
        if (strcmp(name, names[i]) == 0)
            return;
    }
    diag_warning(&s->diag, NULL, "-D%s: there is no such limit (similar: %s)", name,
                 similar_names(s->arena, name, names, n, 3));
}

bool session_limits(struct session *s)
{
    s->maxstringlen = 512;
    s->maxaction = 1000;
    s->maxaction_interruptible = 0;
    s->maxmapentries = 2048;
    s->maxnesting = 0;
    s->maxerrors = 0;
    s->maxskipped = 100;
    s->maxtrylock = 1000;
    s->overload_threshold = 500000000;
    s->overload_interval = 1000000000;
    const struct limit limits[] = {
        {"MAXSTRINGLEN", &s->maxstringlen, 16, 32768},
        {"MAXACTION", &s->maxaction, 1, 1000000000},
        {"MAXACTION_INTERRUPTIBLE", &s->maxaction_interruptible, 1, 1000000000},
        {"MAXMAPENTRIES", &s->maxmapentries, 1, 10000000},
        {"MAXNESTING", &s->maxnesting, 1, 1000},
        {"MAXERRORS", &s->maxerrors, 0, INT32_MAX},
        {"MAXSKIPPED", &s->maxskipped, 0, INT32_MAX},
        {"MAXTRYLOCK", &s->maxtrylock, 1, 1000000},
        {"STP_OVERLOAD_THRESHOLD", &s->overload_threshold, 0, INT64_MAX},
        {"STP_OVERLOAD_INTERVAL", &s->overload_interval, 1, INT64_MAX},
    };
    vec_for (i, s->defines) {
        const struct define *d = &s->defines.v[i];
        note_unknown(s, d->name, limits, sizeof limits / sizeof *limits);
        s->overload_off |= strcmp(d->name, "STP_NO_OVERLOAD") == 0;
        for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
            const struct limit *l = &limits[k];
            if (strcmp(d->name, l->name) != 0)
                continue;
            char *end;
            errno = 0;
            long long v = strtoll(d->value, &end, 0);
            if (errno || *end || end == d->value || v < l->low || v > l->high) {
                diag_error(&s->diag, "-D%s=%s: a number from %lld to %lld is needed", d->name,
                           d->value, (long long)l->low, (long long)l->high);
                return false;
            }
            *l->value = v;
        }
    }
    if (!s->maxaction_interruptible)
        s->maxaction_interruptible = s->maxaction * 10;
    return true;
}
