/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of run/. */
#pragma once
#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <time.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "bpf/image.h"
#include "run/recorder.h"
#include "run/run.h"

/* ---- format.c: walking through a record's arguments ---- */
struct cursor {
    const char *p, *end;
};
bool record_long(struct cursor *c, s64 *v);
/* `n` bytes up to the NUL; `cap` (may be NULL): bytes of raw memory, for %m. */
bool record_string(struct cursor *c, const char **s, size_t *n, size_t *cap);

/* ---- hist.c ---- */
struct hist_style {
    int width;    /* HIST_WIDTH: characters of the longest bar */
    long elision; /* HIST_ELISION: < 0 shows every row */
};
/* Prints the buckets' table; nothing when all are empty. */
void format_hist(struct strbuf *out, const struct ir_hist *h, const u64 *buckets,
                 const struct hist_style *style);

/* ---- output.c: where the script's output goes ---- */
struct output {
    int fd;
    struct strbuf buf; /* formatted and not yet written */
    int error;         /* errno of the write that failed; nothing is written any more */
    const char *path;  /* NULL: standard output */
    const char *name; /* … as it was given; with -S and after a change of files it has a number */
    unsigned number;  /* of the file */
    uint64_t written; /* to this file */
    uint64_t limit;   /* … at most; 0: no limit */
    unsigned keep;    /* files; 0: all */
    VEC(const char *) paths; /* of the files before this one */
    struct arena *arena;
    struct recorder *recorder;               /* NULL: it goes to fd */
    const volatile sig_atomic_t *interrupts; /* 2: give up a write that blocks */
};
/* False after a message. */
bool output_open(struct output *o, struct session *s);
/* Goes on with the next file; without -o nothing changes. */
void output_next(struct output *o);
/* Writes everything; false when that has ever failed. */
bool output_flush(struct output *o);
/* False when the file could not be closed properly. */
bool output_close(struct output *o);

/* ---- modules.c: what handlers know of programs and libraries ---- */
struct modules;
/* NULL: no handler asks.  Lives in the session's arena until modules_close. */
/* What the kernel maps into every program (the vDSO), as the name of a mapping and as an open
 * file, -1 when that cannot be had. */
#define VDSO_NAME "[vdso]"
int vdso_file(void);
struct modules *modules_open(struct session *s, const struct bpf_image *img,
                             struct bpf_running *bpf);
void modules_close(struct modules *k);
/* A handler came upon a file that is not known yet. */
void modules_asked(struct modules *k, u64 inode, pid_t pid, u64 addr);

/* ---- ring.c: the reader of the ring buffer ---- */
struct ring {
    u64 mask; /* size - 1 */
    volatile u64 *consumer;
    const volatile u64 *producer;
    const char *data;
    void *map, *consumer_map;
    size_t map_size;
};
bool ring_open(struct ring *r, int fd, u64 size);
void ring_close(struct ring *r);
/* Hands every complete sample that is there now to `fn`; the bytes consumed. */
u64 ring_drain(struct ring *r, void (*fn)(void *arg, const void *sample, size_t len), void *arg);

/* ---- overload.c: handlers that take too much time ---- */
struct overload {
    u64 due; /* CLOCK_MONOTONIC: when to look next */
    int fd;  /* the kernel measures while it is open */
    u64 since, spent;
};
void overload_init(struct overload *o, const struct session *s);
u64 overload_due(const struct overload *o);
/* True after a message: the session has to end with an error. */
bool overload_check(struct overload *o, struct session *s, struct bpf_running *bpf);
void overload_close(struct overload *o);

/* ---- timers.c: timer probes ---- */
struct timer {
    int probe;
    u64 due; /* CLOCK_MONOTONIC */
    u64 interval, random;
};
struct timers {
    VEC(struct timer) list;
    int fd; /* timerfd that fires when the first one is due */
    u64 seed;
};
u64 monotonic_ns(void);
bool timers_open(struct timers *t, struct session *s, const struct bpf_image *img);
/* Calls fn for each timer that is due while it returns true. */
void timers_run(struct timers *t, bool (*fn)(void *arg, int probe), void *arg);
void timers_close(struct timers *t);

/* ---- child.c: the command of -c ---- */
struct child {
    pid_t pid; /* 0: none */
    int pidfd;
    int gate;  /* closing it lets the child execute its command */
    int fault; /* the child writes errno there when it cannot */
    bool ended;
    int status; /* of waitpid */
};
/* Forks; the child waits for child_release.  same_layout: its addresses are not random.  False
 * after a message. */
bool child_start(struct child *c, struct session *s, bool same_layout);
bool child_release(struct child *c, struct session *s);
/* True when it has ended. */
bool child_reap(struct child *c);
/* Ends it when it still runs. */
void child_stop(struct child *c);
/* Says how it ended; false when not by exit status 0. */
/* Has the shell run a command; does not wait for its end. */
void child_start_shell(const char *command);
bool child_report(const struct child *c, struct session *s);

/* ---- procfs.c: the files of procfs probes ---- */
struct procfs;
struct procfs_handlers {
    void *arg;
    /* Runs the handler; what it assigns to $value is in `text`.  False: it failed. */
    bool (*read)(void *arg, int probe, struct strbuf *text);
    bool (*write)(void *arg, int probe, char *text);
};
/* Mounts them and says where; *out is NULL when the program has none.  False after a message. */
bool procfs_open(struct procfs **out, struct session *s, const struct bpf_image *img,
                 const struct procfs_handlers *on);
/* Readable when procfs_serve has something to do; -1: there is none. */
int procfs_fd(const struct procfs *f);
void procfs_serve(struct procfs *f);
/* Nothing is left; `f` may be NULL. */
void procfs_close(struct procfs *f);

/* ---- input.c: standard input for input.char and input.line ---- */
struct input {
    int fd; /* -1: nobody listens, or all is read */
    bool chars;
    bool file;          /* which cannot be waited for */
    size_t most;        /* bytes of a line that are kept */
    struct strbuf line; /* so far */
    struct termios before;
    bool changed;
};
void input_open(struct input *in, const struct bpf_image *img);
/* Calls fn for what there is until it returns false; false at the end of the input. */
bool input_read(struct input *in, const struct bpf_image *img,
                bool (*fn)(void *arg, int probe, char *text), void *arg);
void input_close(struct input *in);

/* ---- records.c: what a record means ---- */
struct speculation {
    u64 id;
    struct strbuf text;
    struct speculation *next;
};
struct sink {
    struct session *s;
    const struct bpf_image *img;
    struct output *out;
    struct hist_style hist;
    struct speculation *speculations;
    bool exit_seen;
    struct strbuf *reader; /* of a procfs file: where $value goes; NULL: nobody reads */
    struct symbols *symbols;
    struct modules *modules; /* NULL until a stack is printed */
    u64 errors_shown;
    unsigned advised;   /* errors that a hint was given for, a bit each */
    struct hash warned; /* texts of warnings that were shown */
    u64 malformed;
};
void sink_init(struct sink *k, struct session *s, const struct bpf_image *img, struct output *out);
void sink_sample(void *sink, const void *sample, size_t len);
void sink_free(struct sink *k);

/* ---- mmaps.c: what processes map ---- */
struct mmaps_events {
    void (*mapped)(void *arg, pid_t pid, u64 addr, u64 len, u64 offset, const char *path);
    void (*forked)(void *arg, pid_t child, pid_t parent);
    void (*executed)(void *arg, pid_t pid);
    void (*ended)(void *arg, pid_t pid);
    void (*lost)(void *arg); /* some of it was not told */
};
struct mmaps;
/* From now on; NULL: not possible. */
struct mmaps *mmaps_open(const struct mmaps_events *on, void *arg);
/* Calls the functions for what happened since. */
void mmaps_drain(struct mmaps *m);
void mmaps_close(struct mmaps *m);

/* ---- processes.c: what is mapped where ---- */
struct mapping {
    u64 start, end, offset;
    const char *path;
};
struct processes;
/* Watches all processes from now on; `a` keeps the paths.  NULL: no memory. */
struct processes *processes_open(struct arena *a);
void processes_close(struct processes *ps);
/* Takes note of what happened; to be called now and then, and soon again when it says so. */
bool processes_poll(struct processes *ps);
/* What is at an address of the process *pid, otherwise of `target` (0: none), otherwise of any
 * that has code there: then *pid becomes that one.  NULL: nothing is known there.  Valid until
 * the next call. */
const struct mapping *processes_find(struct processes *ps, pid_t *pid, pid_t target, u64 addr);

/* ---- symbols.c: addresses → names ---- */
struct symbols;
/* `processes`: addresses of processes will be asked for, also of some that ended. */
struct symbols *symbols_open(struct arena *a, bool processes);
/* The process that -c or -x names. */
void symbols_target(struct symbols *y, pid_t target);
void symbols_close(struct symbols *y);
/* Takes note of what happened; to be called now and then, and soon again when it says so. */
bool symbols_poll(struct symbols *y);
/* One line for each address in `text` (hexadecimal, with blanks between). */
void symbols_print(struct symbols *y, struct strbuf *out, const char *text, size_t n, int form,
                   pid_t pid);

/* ---- report.c: what is said at the end ---- */
/* True when the session counts as failed. */
bool report_end(struct session *s, const struct abi_session *h, const struct sink *k);
/* Ends the session when more probes were skipped than MAXSKIPPED. */
void report_skipped(struct session *s, struct abi_session *h);
