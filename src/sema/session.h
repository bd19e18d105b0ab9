/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line asked for and what all passes share.  Owned by main;
 * the arena outlives every pass. */
#pragma once
#include <sys/types.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/hash.h"
#include "lang/parse.h"
#include "sema/facts.h"
#include "sema/program.h"

struct define {
    const char *name, *value;
};
struct global_init {
    const char *name, *value;
};

enum { MODULE_NAME_MAX = 128 }; /* with the NUL */

/* -l and -L: every point that a written one leads to goes to `point`, unless it is that of
 * an alias whose variables are wanted: these become probes of the program, one for each
 * alias. */
struct point_lister {
    bool variables; /* -L */
    void (*point)(const char *point, const char *vars, void *arg);
    void *arg;
};

/* What @perf("NAME") reads. */
struct perf_counter {
    const char *name;
    uint32_t type; /* of perf */
    uint64_t config;
    bool of_target; /* counts for the process of -c or -x */
    uint32_t map;   /* ir/: its number for IRA_MAP, 0: not made yet */
};

struct session {
    struct arena *arena;
    struct diag diag;
    struct parse_config parse;

    /* options */
    int verbose;         /* -v count, for all passes */
    int pass_verbose[5]; /* --vp */
    int last_pass;       /* -pN, default 5 */
    bool guru;           /* -g */
    bool suppress_handler_errors;
    bool skip_badvars;
    bool unoptimized; /* -u: keep unused code */
    bool dump_bpf;
    const struct point_lister *lister; /* or NULL */
    bool reasons_unheard;              /* of a point that is not there: no similar names */
    pid_t target_pid;                  /* -x, or the child of -c */
    pid_t own_pid;
    pid_t namespaces_pid;           /* --target-namespaces; 0: our own */
    const char *command;            /* -c */
    const char *output;             /* -o */
    uint64_t output_size;           /* -S: bytes of one file, 0: any number */
    unsigned output_files;          /* -S: that are kept, 0: all */
    bool recorder;                  /* -F: in the background */
    uint32_t buffer_mb;             /* -s: of output kept in memory */
    int patience_ms;                /* staprun -T: output waits at most that long; 0: as always */
    const char *module_name;        /* image_name, or one made of the process's number */
    bool timing;                    /* -t */
    bool portable;                  /* the image is for a file, perhaps for another machine */
    const char *image_name;         /* -m */
    double timeout_s;               /* -T, 0 = none */
    VEC(struct define) defines;     /* -D NAME=VALUE */
    VEC(struct global_init) inits;  /* -G */
    VEC(const char *) include_dirs; /* -I */
    const char *tapset_dir;         /* found beside the binary or installed */
    const char *script_name;

    /* limits, from -D or defaults; sema/limits.c */
    int64_t maxstringlen;                          /* 512, with the NUL */
    int64_t maxaction, maxaction_interruptible;    /* 1000, 10 × maxaction */
    int64_t maxmapentries;                         /* 2048 */
    int64_t maxnesting;                            /* 0: as deep as the script needs, and 11 */
    int64_t maxerrors;                             /* 0 */
    int64_t maxskipped;                            /* 100 */
    int64_t maxtrylock;                            /* 1000 */
    int64_t overload_threshold, overload_interval; /* cycles: 500,000,000 of 1,000,000,000 */
    bool overload_off;                             /* -DSTP_NO_OVERLOAD */
    int64_t mintimens;

    VEC(const struct probe *) procfs_probes; /* probes/procfs.c */
    VEC(struct perf_counter) perf_counters;  /* probes/perf.c */
    unsigned fentry_probes;                  /* probes/kprobe_fentry.c */
    uint32_t pp_bound, probefunc_bound;      /* ir/bounds.c: the longest, with the NUL */

    VEC(struct kernel_fact) facts; /* sema/facts.h */
    VEC(struct fact_need) fact_needs;
    struct hash fact_numbers;

    void *tapset;            /* sema/tapset.c: private index */
    void *kernel_btf;        /* debuginfo/btf.c: private, loaded on first use */
    struct hash *module_btf; /* by module, those that were opened */
    struct hash
        *modules; /* probes/process_data.c: by path, programs and libraries that were read */
    struct hash *jump_targets;  /* probes/process_cheap.c: by path */
    struct hash *kernel_images; /* probes/kernel_image.c: by module, "" is the kernel */
    /* Set by a provider that refuses a target variable for one of its components: which. */
    const struct token *why_at;
};

struct kernel_btf;
/* The kernel's types, opened on first use; NULL with *why set when there are none. */
struct kernel_btf *session_btf(struct session *s, const char **why);
/* The types of a loaded module, in which those of the kernel are found too. */
struct kernel_btf *session_module_btf(struct session *s, const char *module, const char **why);

/* Values of -D for the limits above; false and a message for a bad number. */
bool session_limits(struct session *s);

/* Pass 2.  `script` is the parsed user script (more than one file is allowed:
 * -E scripts).  NULL after reporting errors. */
struct program *sema_elaborate(struct session *s, struct ast_file *const *files, size_t nfiles);

/* Evaluating it has no effect and cannot fail; types and callees are known. */
bool pure_expr(const struct expr *e);
/* Probes whose handlers are equal become one with many points.  Before pass 3. */
void sema_merge(struct session *s, struct program *p);

/* What the original finds only in pass 3: break and continue outside loops. */
bool sema_check_loops(struct session *s, const struct program *p);
/* Reads the library macro files (.stpm): before a script that uses macros is parsed. */
bool tapset_load_macros(struct session *s);
/* Writes the index of a library folder that sema reads instead of the files. */
bool tapset_write_index(struct session *s, const char *dir);

/* -p2: the resolved program as text. */
struct strbuf;
void program_print(struct strbuf *out, const struct program *p);
/* The same with the bodies of functions and handlers (-v -p2). */
void program_print_bodies(struct strbuf *out, const struct program *p);
