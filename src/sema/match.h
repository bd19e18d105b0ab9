/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sema/: the tree of all probe point names, of providers and aliases
 * alike.  Library aliases are in it before their files are parsed. */
#pragma once
#include "sema/sema.h"

struct match_node;

/* What a name stands for: a provider's pattern, an alias, or an alias in a
 * library file (its other aliases come in when that is loaded). */
struct match_leaf {
    const struct probe_provider *provider;
    const struct probe_pattern *pattern;
    const struct alias_decl *alias;
    struct lib_file *file;
};

struct match_node {
    const char *name;
    char param;       /* 0 none, 'N' number, 'S' string */
    const char *path; /* "timer.ms(N)" */
    struct match_node *parent;
    VEC(struct match_node *) kids;
    struct hash by_name; /* name and parameter → kid */
    VEC(struct match_leaf) leaves;
};

/* A node that a point leads to.  `used` components led there; those behind
 * are the suffix of an alias. */
struct match {
    struct match_node *node;
    size_t used;
};

struct match_result {
    VEC(struct match) found;
    /* Where the search went deepest, for messages. */
    struct match_node *stuck;
    size_t stuck_at;
};

/* All nodes for `pp`, sorted by path, with the library files of their aliases
 * loaded. */
void match_point(struct sema *m, const struct probe_point *pp, struct match_result *out);
bool is_wildcard(const char *name);
