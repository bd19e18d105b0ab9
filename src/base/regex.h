/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regular expressions (POSIX extended syntax) → tables (base/regex_table.h).
 *
 * The expression is searched for anywhere in the subject; the leftmost match
 * wins, alternatives and repetitions prefer as they are written (greedy).  With
 * captures the automaton carries, for each thread of the match, the positions of
 * its groups in registers, and every transition says which are copied (a tagged
 * DFA). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum { REGEX_GROUPS_MAX = 10 };

struct regex_table {
    uint16_t *words; /* struct abi_regex, then what its offsets point to */
    size_t n;
    unsigned ngroups; /* group 0 is the whole match */
};

/* The syntax alone: NULL, or what is wrong with the pattern, as " (at position N): …" or
 * ": …". */
const char *regex_check(struct arena *a, const char *pattern);
/* NULL on success, otherwise what is wrong with the pattern. */
const char *regex_compile(struct arena *a, const char *pattern, bool captures,
                          struct regex_table *out);
