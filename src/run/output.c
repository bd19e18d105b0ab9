/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The script's output: standard output or the file of -o. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "run/private.h"

enum { CHUNK = 1 << 20 };

/* -o takes strftime's conversions. */
static const char *expand_name(struct arena *a, const char *name)
{
    if (!strchr(name, '%'))
        return name;
    char buf[4096];
    time_t now = time(NULL);
    struct tm tm;
    if (!localtime_r(&now, &tm) || strftime(buf, sizeof buf, name, &tm) == 0)
        return name;
    return arena_strdup(a, buf);
}

/* With a number the files of one session follow each other: NAME.0, NAME.1, … */
static bool open_file(struct output *o, bool numbered)
{
    o->path = expand_name(o->arena, o->name);
    if (numbered)
        o->path = arena_printf(o->arena, "%s.%u", o->path, o->number);
    o->fd = open(o->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    o->written = 0;
    return o->fd >= 0;
}

bool output_open(struct output *o, struct session *s)
{
    o->fd = STDOUT_FILENO;
    o->arena = s->arena;
    if (!s->output)
        return true;
    o->name = s->output;
    o->limit = s->output_size;
    o->keep = s->output_files;
    if (!open_file(o, o->limit > 0)) {
        diag_error(&s->diag, "cannot write to '%s' (-o): %s", o->path, strerror(errno));
        return false;
    }
    return true;
}

/* The files that were written, to remove the oldest: a name made of the time is not what it
 * would be made of now. */
static void forget_oldest(struct output *o)
{
    vec_push(o->arena, &o->paths, o->path);
    if (o->keep && o->paths.n >= o->keep)
        unlink(o->paths.v[o->paths.n - o->keep]);
}

void output_next(struct output *o)
{
    if (!o->name || o->error)
        return;
    if (close(o->fd) != 0)
        o->error = errno;
    forget_oldest(o);
    o->number++;
    if (!open_file(o, true) && !o->error)
        o->error = errno;
}

/* Of the next n bytes those that this file still takes: up to the end of the line at its limit. */
static size_t whole_lines(const struct output *o, const char *text, size_t n)
{
    uint64_t room = o->written < o->limit ? o->limit - o->written : 0;
    if (room >= n)
        return n;
    const char *end = memchr(text + room, '\n', n - room);
    return end ? (size_t)(end - text) + 1 : n;
}

bool output_flush(struct output *o)
{
    size_t done = 0;
    if (o->recorder) {
        recorder_put(o->recorder, o->buf.p, o->buf.n);
        o->buf.n = 0;
        return true;
    }
    while (done < o->buf.n && !o->error) {
        if (o->limit && o->written >= o->limit && (!done || o->buf.p[done - 1] == '\n'))
            output_next(o);
        size_t n = o->buf.n - done < CHUNK ? o->buf.n - done : CHUNK;
        if (o->limit)
            n = whole_lines(o, o->buf.p + done, n);
        ssize_t w = write(o->fd, o->buf.p + done, n);
        if (w >= 0) {
            done += (size_t)w;
            o->written += (uint64_t)w;
        } else if (errno == EAGAIN)
            usleep(1000); /* someone else made the terminal or pipe non-blocking */
        else if (errno != EINTR)
            o->error = errno;
        if (w < 0 && !o->error && o->interrupts && *o->interrupts > 1)
            o->error = EINTR;
    }
    o->buf.n = 0;
    return !o->error;
}

bool output_close(struct output *o)
{
    bool ok = output_flush(o);
    if (o->path && o->fd >= 0 && close(o->fd) != 0 && ok) {
        o->error = errno;
        ok = false;
    }
    strbuf_free(&o->buf);
    return ok;
}
