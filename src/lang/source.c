/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "lang/parse.h"

struct source *source_from_string(struct arena *a, const char *name, const char *text, size_t len)
{
    struct source *s = arena_new_obj(a, struct source);
    s->name = arena_strdup(a, name);
    s->text = arena_strndup(a, text, len);
    s->len = len;
    return s;
}

struct source *source_read(struct arena *a, const char *path, const char *shown_name)
{
    int fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct strbuf text = {0};
    char buf[16384];
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        strbuf_add(&text, buf, (size_t)n);
    int err = errno;
    close(fd);
    struct source *s = NULL;
    if (n == 0)
        s = source_from_string(a, shown_name, text.p ? text.p : "", text.n);
    strbuf_free(&text);
    errno = err;
    return s;
}
