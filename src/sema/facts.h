/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about the machine that an image for a file leaves open (session.portable): where
 * members of the kernel's structures are, how long and whether signed; where a function's
 * parameters are; which file a program is.  Instructions refer to a fact and a part of it, and
 * staprun looks it up in the BTF of the kernel that it finds (probes/facts.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/source.h"

struct session;
struct expr;

enum fact_kind {
    FACT_MEMBER, /* `name`, of the structure at root and path */
    FACT_TYPE,   /* the type at root and path */
    FACT_PLACE,  /* where the parameter `root` is passed */
    FACT_FILE,   /* the file with the path `name` */
    FACT_BUILD,  /* the program or library `name` is the one whose identity is `path` */
    FACT_KINDS
};

/* Which number of a fact an instruction wants. */
enum fact_part {
    PART_OFFSET, /* of a member: in its structure; of a parameter: in the program's context */
    PART_SIZE,   /* bytes to be read, or of a type */
    PART_LEFT,   /* to the left by this, and to the right by that: the number in what was read */
    PART_RIGHT,  /* … with its sign or without */
    PART_DEVICE, /* of a file */
    PART_INODE,
    PART_KINDS
};

struct kernel_fact {
    enum fact_kind kind;
    /* A letter, and a name:
     *   s, u, t, i, e   struct, union, typedef, integer, enumeration in BTF
     *   p FUNCTION NAME a parameter of a kernel function; NAME may be a number
     *   a FUNCTION NAME an argument of a tracepoint, by the function that calls its handlers
     *   r FUNCTION      the result of a kernel function */
    const char *root;
    const char *module; /* whose BTF; NULL: the kernel's */
    const char *path;   /* from there on: members, and * for what is pointed to or an element */
    const char *name;
    bool scalar;   /* FACT_MEMBER: is a number here, and has to be one there */
    bool optional; /* where it is missing it reads as 0 */
};

/* 1 + its number; the same fact has one. */
uint32_t fact_add(struct session *s, struct kernel_fact f);
/* The image does not run where that is not there; `why`: a sentence. */
struct fact_need {
    uint32_t fact; /* 1 + its number */
    const char *why;
};
void fact_need(struct session *s, uint32_t fact, const char *why);
/* A number that is looked up when the image is loaded; `here`: on this machine. */
struct expr *fact_number(struct session *s, const struct token *tok, uint32_t fact,
                         enum fact_part part, int64_t here);
