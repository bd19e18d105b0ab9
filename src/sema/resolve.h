/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to resolve.c and resolve_target.c: names of a handler or function become what they
 * stand for. */
#pragma once
#include "sema/sema.h"

/* Where an expression stands. */
struct scope {
    struct sema *m;
    struct probe *probe; /* NULL in functions that are not a copy for one */
    struct function *fn; /* NULL in probes */
    struct hash locals;
    variable_vec *vars; /* where new locals go */
    bool lvalue;        /* the expression is assigned to */
    bool hist_allowed;  /* the expression may be a histogram */
};

/* Resolves *ep, and replaces it where it stands for something else; arg: a struct scope. */
void resolve_expr(struct expr **ep, void *arg);
/* The variable that e names.  arity: number of keys; 0 a scalar; -1 whatever it is (delete,
 * foreach). */
void use_variable(struct scope *sc, struct expr *e, int arity);
/* Notes how the variable of e is used. */
void mark(struct expr *e, bool read, bool written);

/* resolve_target.c: $variables, @var, @cast and VALUE->…; @entry. */
void resolve_target(struct scope *sc, struct expr **ep);
void resolve_entry(struct scope *sc, struct expr **ep);

enum defined { NO, YES, NOT_KNOWN_YET };
/* Whether all target variables in e are there. */
enum defined all_defined(struct scope *sc, const struct expr *e);
/* Whether e has an @defined() that is not known yet: what depends on it is looked at when it
 * is. */
bool undecided(struct expr *e);
