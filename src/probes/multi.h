/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to probes/: one program at many points. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "probes/attach.h"

/* The error says that this place is not for probing, rather than that probing fails. */
bool multi_is_refusal(int err);

/* The i-th point is left out. */
void multi_refuse(const struct attach_points *p, size_t i, struct attach_outcome *o);

/* Links points by as few calls as it takes.  The kernel takes all that it is given or none. */
struct multi {
    struct session *s;
    const struct attach_points *p;
    fd_vec *fds;
    struct attach_outcome *outcome;
    /* Links points from … from + n - 1; a descriptor, or -errno. */
    int (*link)(struct multi *m, size_t from, size_t n);
    const size_t *order; /* of the points; NULL: as they are in p */
    void *arg;
    int last; /* the last error; 0: none */
    unsigned attempts;
};

void multi_attach(struct multi *m, size_t from, size_t n);
/* Attaching one by one takes an event of perf and a link, both open files, for each: why n are
 * too many, or NULL.  The limit of this process is raised to what it may be. */
const char *multi_too_many(struct session *s, size_t n, const char *because);
