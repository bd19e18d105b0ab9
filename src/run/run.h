/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pass 5: the session in user space. */
#pragma once
#include "bpf/bpf.h"

/* Runs begin probes, attaches, prints what handlers print until exit(), a
 * signal, the end of -c's child, or the time-out; then end (or error) probes
 * and the report of errors and skipped probes.  Returns the exit status. */
int run_session(struct session *s, const struct bpf_image *img, struct bpf_running *r);

/* Formats one record's arguments by the conversions of `parts`.  `args` points
 * at the arguments (see ir/abi.h), `len` bytes.  Returns false when the record
 * is malformed.  Used for printing; the formatter in BPF passes the same tests. */
struct strbuf;
bool format_record(struct strbuf *out, const struct ir_format *f, const void *args, size_t len);
