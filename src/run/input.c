/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard input for input.char and input.line. */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "run/private.h"

void input_open(struct input *in, const struct bpf_image *img)
{
    *in = (struct input){.fd = -1, .most = img->maxstringlen - 1};
    vec_for (i, img->probes)
        if (img->probes.v[i].points.kind == ATTACH_INPUT) {
            in->fd = STDIN_FILENO;
            in->chars |= img->probes.v[i].points.places[0].by_char;
        }
    /* A terminal gives characters when they are typed, not when the line is complete. */
    struct termios t;
    if (in->fd >= 0 && in->chars && tcgetattr(in->fd, &in->before) == 0) {
        t = in->before;
        t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        in->changed = tcsetattr(in->fd, TCSANOW, &t) == 0;
    }
}

static void run_all(const struct bpf_image *img, bool chars, char *text,
                    bool (*fn)(void *arg, int probe, char *text), void *arg)
{
    vec_for (i, img->probes)
        if (img->probes.v[i].points.kind == ATTACH_INPUT &&
            (img->probes.v[i].points.places[0].by_char) == chars)
            if (!fn(arg, (int)i, text))
                return;
}

bool input_read(struct input *in, const struct bpf_image *img,
                bool (*fn)(void *arg, int probe, char *text), void *arg)
{
    char buf[4096];
    struct pollfd ready = {.fd = in->fd, .events = POLLIN};
    if (poll(&ready, 1, 0) <= 0)
        return true;
    ssize_t n = read(in->fd, buf, sizeof buf);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    for (ssize_t i = 0; i < n; i++) {
        char one[2] = {buf[i], 0};
        run_all(img, true, one, fn, arg);
        /* What is more than a string holds is left out. */
        if (in->line.n < in->most)
            strbuf_putc(&in->line, buf[i]);
        if (buf[i] == '\n') {
            run_all(img, false, in->line.p, fn, arg);
            in->line.n = 0;
        }
    }
    if (n > 0)
        return true;
    if (in->line.n)
        run_all(img, false, in->line.p, fn, arg);
    return false;
}

void input_close(struct input *in)
{
    if (in->changed)
        tcsetattr(in->fd, TCSANOW, &in->before);
    strbuf_free(&in->line);
    in->fd = -1;
}
