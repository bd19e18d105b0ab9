/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session in the background (-F), and its output in memory. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "sema/session.h"

/* Continues in a child process: there it returns -1, and *ready is for recorder_running().  The
 * parent says where the recorder is as soon as that is called, and exits.  Otherwise a status. */
int recorder_fork(struct session *s, int *ready);
/* The session runs: the terminal is left. */
void recorder_running(struct session *s, int ready);

/* The session is over: a file of messages without any goes. */
void recorder_over(const struct session *s);

struct recorder {
    int listener, reader; /* -1: none */
    struct strbuf kept;
    size_t room;    /* bytes that are kept */
    size_t dropped; /* … that were not, since a reader was here last */
};

/* False after a message. */
bool recorder_listen(struct recorder *r, struct session *s, size_t room);
void recorder_put(struct recorder *r, const char *text, size_t n);
/* Serves readers; false: one wants the session to end. */
bool recorder_poll(struct recorder *r);
/* Hands over what is left to a reader that is there; the socket goes. */
void recorder_close(struct recorder *r);

/* Prints what a recorder keeps and what it records from now on, until it ends. */
int recorder_attach(const char *name);
