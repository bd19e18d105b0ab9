/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options that stap and staprun share.  Each is false when the text is none. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"

bool value_number(const char *text, long low, long high, long *out);
bool value_pid(const char *text, pid_t *out);
/* The same, of a process that is there. */
bool value_namespaces(const char *text, pid_t *out);
/* SIZE[,N]: megabytes of a file, and how many files are kept. */
bool value_sizes(const char *text, uint64_t *size, unsigned *files);
/* auto, always, never */
bool value_color(const char *text, enum diag_color *out);
