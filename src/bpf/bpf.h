/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes 4 and 5 on the eBPF side: IR → loaded programs, maps, attach. */
#pragma once
#include "ir/ir.h"
#include "sema/session.h"

struct bpf_image;   /* all that pass 5 needs (bpf/image.h): pass 4 */
struct bpf_running; /* loaded programs and maps: pass 5 */

/* Code generation and linking for every prog of the module.  NULL after an
 * error message (a handler too large: which one, and what to split). */
struct bpf_image *bpf_generate(struct session *s, struct ir_module *mod);
/* --dump-bpf: disassembly of every program. */
struct strbuf;
void bpf_dump(struct strbuf *out, const struct bpf_image *img);

/* An image from a file: what it leaves open and is not in programs.  False after a message. */
bool bpf_settle(struct session *s, struct bpf_image *img);
/* Creates the maps and loads the programs.  NULL after an error message. */
struct bpf_running *bpf_load(struct session *s, const struct bpf_image *img);
/* Attaches every probe that has an attach function.  False after an error
 * message; what was attached is detached by bpf_unload. */
bool bpf_attach(struct bpf_running *r);
/* Detaches everything: no handler runs after it returns. */
void bpf_detach(struct bpf_running *r);
void bpf_unload(struct bpf_running *r);

/* The map of struct abi_module; -1: no handler looks at it. */
int bpf_modules_fd(const struct bpf_running *r);
/* A new table of `words` words as number `n`: its file descriptor, to be mapped, filled and
 * closed; -1: it cannot be made. */
int bpf_new_table(struct bpf_running *r, uint32_t n, uint32_t words);
/* Makes a module known by its inode. */
bool bpf_put_module(struct bpf_running *r, uint64_t inode, const struct abi_module *m);
/* The session header and the script's scalar globals, mapped shared. */
struct abi_session *bpf_session(struct bpf_running *r);
int bpf_ring_fd(const struct bpf_running *r);
uint32_t bpf_ring_size(const struct bpf_running *r);
/* A file descriptor: while it is open the kernel measures how long programs run.
 * -errno when it cannot. */
int bpf_measure(void);
/* -t: a line for each handler, how often it ran, and how long; `cycles`: in a nanosecond. */
void bpf_report_timing(const struct bpf_running *r, struct strbuf *out, double cycles);
/* Nanoseconds that the session's programs have run while that was measured, on
 * all CPUs together. */
uint64_t bpf_time_spent(const struct bpf_running *r);
/* Events at which the kernel left a handler out, because it was running on that CPU
 * already. */
uint64_t bpf_missed(const struct bpf_running *r);
/* Runs the handler of probe `id` now, in this thread (begin, end, timers).
 * 0 or -errno. */
int bpf_run_probe(struct bpf_running *r, int id);
/* The same with a text, at most 65,534 bytes, that the handler has as EX_CTX; the kernel
 * writes it back. */
int bpf_run_probe_with(struct bpf_running *r, int id, char *text);
