/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of cli/. */
#pragma once
#include "sema/session.h"

enum action {
    ACT_RUN,
    ACT_HELP,
    ACT_VERSION,
    ACT_LIST,      /* -l */
    ACT_LIST_VARS, /* -L */
    ACT_DUMP_TYPES,
    ACT_DUMP_ALIASES,
    ACT_DUMP_FUNCTIONS,
    ACT_WRITE_INDEX, /* of a library folder, for make */
    ACT_ATTACH,      /* -A: to a recorder */
    ACT_NOTHING,     /* --clean-cache and the like */
};

/* The command line, besides what struct session takes. */
struct options {
    bool no_time_limits; /* --suppress-time-limits */
    enum action action;
    unsigned choices;             /* how many of -l, -L, -A, --dump-… */
    const char *script;           /* -e */
    const char *file;             /* FILE or "-" */
    const char *list;             /* -l, -L */
    VEC(const char *) additional; /* -E */
};

/* options.c: false after a message. */
bool options_parse(struct session *s, struct options *o, int argc, char **argv);
void options_help(const char *tapset_dir);
void options_version(void);

/* driver.c: runs the passes; the exit status. */
int drive(struct session *s, const struct options *o);

/* listing.c: -l, -L and the --dump- options; the exit status. */
int list_points(struct session *s, const char *pattern, bool variables);
int dump_types(struct session *s);
int dump_aliases(struct session *s);
/* The library's functions with their types: --dump-functions. */
int dump_functions(struct session *s);

/* facts.c: what is asked about this machine. */
void facts_kernel(struct session *s);
/* The library's folder; NULL when there is none. */
const char *facts_tapset_dir(struct arena *a);
/* NULL when this process may load programs, else what it lacks, in a sentence. */
const char *facts_privileges(void);

/* timing.c: "using …KB, in …ms" of the lines that -v prints. */
struct pass_clock {
    struct {
        long user_ms, sys_ms;
        double real_ms;
    } start;
};
void pass_begin(struct pass_clock *c);
/* The text after "using "; in the arena. */
const char *pass_usage(struct arena *a, const struct pass_clock *c);
const char *pass_times(struct arena *a, const struct pass_clock *c);
