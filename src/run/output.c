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

bool output_open(struct output *o, struct session *s)
{
    o->fd = STDOUT_FILENO;
    if (!s->output)
        return true;
    o->path = expand_name(s->arena, s->output);
    o->fd = open(o->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (o->fd < 0) {
        diag_error(&s->diag, "cannot write to '%s' (-o): %s", o->path, strerror(errno));
        return false;
    }
    return true;
}

bool output_flush(struct output *o)
{
    size_t done = 0;
    while (done < o->buf.n && !o->error) {
        size_t n = o->buf.n - done < CHUNK ? o->buf.n - done : CHUNK;
        ssize_t w = write(o->fd, o->buf.p + done, n);
        if (w >= 0)
            done += (size_t)w;
        else if (errno == EAGAIN)
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
