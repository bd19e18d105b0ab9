/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that -p4 writes. */
#include "cli/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cache_file.h"
#include "bpf/stapo.h"
#include "sema/session.h"

static const char *name_of(struct session *s, const struct strbuf *text)
{
    struct arena *a = s->arena;
    if (s->output)
        return s->output;
    if (s->image_name)
        return arena_printf(a, "%s.stapo", s->image_name);
    char dir[3072];
    return arena_printf(a, "%s/stap_%08lx_%zu.stapo", cache_dir(dir, sizeof dir) ? dir : ".",
                        crc32_z(0, (const unsigned char *)text->p, text->n), text->n);
}

/* A file beside it that takes its place when it is whole, unless what stands there is no
 * regular file. */
static bool write_file(struct arena *a, const char *path, const struct strbuf *text)
{
    struct stat st;
    bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
    const char *part = special ? path : arena_printf(a, "%s.%d.part", path, (int)getpid());
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return false;
    size_t done = 0;
    while (done < text->n) {
        ssize_t n = write(fd, text->p + done, text->n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    bool ok = done == text->n;
    int err = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        err = errno;
    }
    if (ok && !special && rename(part, path) != 0) {
        ok = false;
        err = errno;
    }
    if (!ok && !special)
        unlink(part);
    errno = err;
    return ok;
}

int image_file_write(struct session *s, const struct bpf_image *img)
{
    struct strbuf text = {0};
    stapo_write(&text, img);
    const char *path = name_of(s, &text);
    bool ok = write_file(s->arena, path, &text);
    strbuf_free(&text);
    if (!ok) {
        diag_error(&s->diag, "cannot write '%s': %s", path, strerror(errno));
        return 1;
    }
    if (printf("%s\n", path) < 0 || fflush(stdout) != 0) {
        diag_error(&s->diag, "cannot write to standard output: %s", strerror(errno));
        return 1;
    }
    return 0;
}
