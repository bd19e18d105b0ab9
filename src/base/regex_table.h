/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables that base/regex.c makes, for whatever runs them.  No other headers:
 * the runtime library, which is BPF C, includes this too.
 *
 * A table is an array of 16-bit words: struct abi_regex, then what its offsets
 * (in words, from the table's start) point to. */
#pragma once

enum { REGEX_REGISTERS = 256, REGEX_TAGS = 20, REGEX_NOW = 0xffff };

/* By-state lists `accept` and `at_end`: operations to run when the subject has
 * matched here (at_end: if it ends here); 0: it has not; without captures 1.
 * Operations: a count, then pairs: register, source (REGEX_NOW: the position).
 * They read one bank of registers and write the other. */
struct abi_regex {
    unsigned short len;     /* of all words */
    unsigned short classes; /* characters fall into so many classes */
    unsigned short trans;   /* offset: by state and class: next state (0: none), operations */
    unsigned short accept;  /* offset */
    unsigned short at_end;  /* offset */
    unsigned short start;   /* operations before the first character */
    unsigned short tags;    /* start and end of each group */
    unsigned short first;   /* state */
    unsigned short class_of[256];
};

/* What a match leaves behind, and its registers. */
struct abi_regex_area {
    unsigned short matched, groups;
    unsigned short pos[REGEX_TAGS]; /* of the last match, by tag; REGEX_NOW: none */
    unsigned short bank[2][REGEX_REGISTERS];
    /* and the subject: MAXSTRINGLEN bytes */
};
