/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probe providers: one file per probe family, one line in provider_table. */
#pragma once
#include "base/diag.h"
#include "probes/attach.h"
#include "sema/program.h"

struct session;

/* One probe point pattern, in the notation of the manual: "timer.ms(N)",
 * "timer.ms(N).randomize(N)", "kernel.trace(S)"; (N) takes a number, (S) a
 * string, a bare name nothing. */
struct probe_pattern {
    const char *spec;
    int id;           /* meaning private to the provider */
    const char *help; /* one line for --dump-probe-types and manuals */
};

typedef VEC(struct probe *) probe_vec;

/* Where @entry() is evaluated.  The two expressions give one number for one call of the
 * function in one thread: the address of its frame. */
struct entry_point {
    struct probe *probe; /* not in the program yet */
    struct expr *frame;  /* as computed in that probe */
    struct expr *frame_here;
};

struct probe_provider {
    const char *name;
    const struct probe_pattern *patterns; /* ends with spec == NULL */

    /* Resolves a concrete probe point (no component wildcards; arguments may
     * hold patterns) that matched patterns[i]: appends one probe for each match
     * with attach, pp and provider filled in (body, locals and the rest are the
     * caller's).  Returns NULL on success with at least one probe, otherwise
     * the reason in words as after "semantic error: ": "no match (similar
     * tracepoints: …)".  A reason may be followed by a hint through *hint. */
    const char *(*resolve)(struct session *s, const struct probe_pattern *pat,
                           const struct probe_point *pp, probe_vec *out, const char **hint);

    /* Replaces $var / $$vars / @cast-less target expressions of a handler by
     * EX_CTX/EX_DEREF/… trees with types set.  `lvalue`: the expression is
     * assigned to.  Returns NULL when there is no such variable, with *why
     * filled: "unable to find …" in words, similar names included.  May be NULL:
     * the family has no context variables. */
    struct expr *(*target)(struct session *s, struct probe *p, const struct expr *e, bool lvalue,
                           const char **why);

    /* The probe that saves values for `p`: at the start of its function (`start`), or where
     * a probe at its entry sees the parameters.  False: p has no such place.  May be NULL. */
    bool (*entry)(struct session *s, const struct probe *p, const struct token *tok, bool start,
                  struct entry_point *out);
    /* Called for each probe when its handler is known, before equal ones are put together.  May
     * be NULL. */
    void (*choose)(struct session *s, struct probe *p);
    /* Called for each probe that is left when pass 2 is over: the last chance to choose
     * how it is attached, now that its handler is known.  May be NULL. */
    void (*settle)(struct session *s, struct probe *p);

    /* Fills in what attaching the probe takes, of what is in attach.priv.  NULL: nothing. */
    void (*place)(const struct probe *p, struct attach_place *out);
    /* Equal handlers may share a program that is attached to the points of all. */
    bool shares_programs;

    /* Calls fn with every probe point that matches `pp`, with a "name:type"
     * list of its variables for -L.  May be NULL. */
    void (*list)(struct session *s, const struct probe_pattern *pat, const struct probe_point *pp,
                 void (*fn)(const char *point, const char *vars, void *arg), void *arg);
};

/* @cast and @var in a function, which belongs to no probe: types of the kernel, or of the
 * program or library that the cast names, and variables of the kernel.  As provider->target. */
struct expr *function_target(struct session *s, const struct expr *e, bool lvalue,
                             const char **why);

/* The C types of expressions of pass 2 (expr.of), so that VALUE->member works without @cast. */
/* A pointer to a structure of the kernel, by name; the name is not looked up yet. */
const struct value_type *value_type_kernel(struct session *s, const char *name);
/* Whether a number of one can be looked at as one of the other. */
bool value_type_same(struct session *s, const struct value_type *a, const struct value_type *b);
/* As C writes it. */
const char *value_type_text(struct session *s, const struct value_type *t);
/* The components of `e`, an EX_CAST without a type, of a number e->a of type `t`; as
 * provider->target. */
struct expr *value_target(struct session *s, const struct value_type *t, const struct expr *e,
                          bool lvalue, const char **why);

/* Ends with NULL. */
extern const struct probe_provider *const provider_table[];
