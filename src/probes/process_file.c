/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the program or library that an image was made for is the one that is here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hash.h"
#include "probes/process.h"

enum { ID_MAX = 64, CHUNK = 1 << 16 };

/* Of a file without a build-id. */
static const char *checksum(struct arena *a, const char *path)
{
    static unsigned char buf[CHUNK];
    unsigned long sum = 0, size = 0;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (n = read(fd, buf, sizeof buf)) > 0) {
        sum = crc32_z(sum, buf, (size_t)n);
        size += (unsigned long)n;
    }
    if (fd >= 0)
        close(fd);
    return fd >= 0 && n == 0 ? arena_printf(a, "checksum %08lx of %lu bytes", sum, size) : NULL;
}

/* NULL with *why: it cannot be read. */
static const char *look_at(struct session *s, const char *path, const char **why)
{
    uint8_t id[ID_MAX];
    if (access(path, R_OK) != 0) {
        *why = arena_printf(s->arena, "%s cannot be read here: %s", path, strerror(errno));
        return NULL;
    }
    struct dw_module *m = process_module(s, path, why);
    size_t n = m ? dw_build_id(m, id, sizeof id) : 0;
    if (!m)
        return NULL;
    if (!n)
        return checksum(s->arena, path);
    const char *text = "build-id ";
    for (size_t i = 0; i < n && i < sizeof id; i++)
        text = arena_printf(s->arena, "%s%02x", text, id[i]);
    return text;
}

/* Points are in the same file most often. */
static const char *identity(struct session *s, const char *path, const char **why)
{
    static const char *last_path, *last;
    if (!last || strcmp(last_path, path) != 0) {
        last = look_at(s, path, why);
        last_path = path;
    }
    return last;
}

void process_identify(struct session *s, struct attach_place *p)
{
    const char *why;
    p->identity = identity(s, p->path, &why);
}

void process_need_same(struct session *s, const char *path)
{
    const char *why, *is = s->portable && *path != '<' ? identity(s, path, &why) : NULL;
    if (!is)
        return;
    struct kernel_fact f = {.kind = FACT_BUILD, .root = "f", .name = path, .path = is};
    fact_need(s, fact_add(s, f),
              arena_printf(s->arena,
                           "%s is not the file here that it was where its variables and types were "
                           "looked up: stap -p4 has to be run with the file of this machine",
                           path));
}

bool process_is_same(struct session *s, const char *path, const char *is, const char **why)
{
    const char *here = identity(s, path, why);
    return here && strcmp(here, is) == 0;
}

/* The function is looked up in another build of the file. */
static bool find_again(struct session *s, struct attach_place *p, const char **why)
{
    struct dw_module *m = process_module(s, p->path, why);
    dw_function_vec found = {0};
    if (m)
        dw_functions(m, p->symbol, &found);
    vec_for (i, found)
        if (process_same_place(s, m, &found.v[i], p->shift, &p->offset))
            return true;
    *why =
        arena_printf(s->arena, "%s has no function '%s' here that can be probed as the file says",
                     p->path, p->symbol);
    return false;
}

bool process_verify(struct session *s, struct attach_place *p, const char **why)
{
    const char *here = identity(s, p->path, why);
    if (!here)
        return false;
    if (p->identity && strcmp(here, p->identity) == 0)
        return true;
    if (p->symbol)
        return find_again(s, p, why);
    *why = arena_printf(s->arena,
                        "%s is not the file here that it was where the places in it were found "
                        "(%s there, %s here): stap -p4 has to be run with the file of this machine",
                        p->path, p->identity ? p->identity : "unknown", here);
    return false;
}
