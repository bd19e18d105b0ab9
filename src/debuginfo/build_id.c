/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/build_id.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

bool build_id_read(const char *path, struct build_id *out)
{
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text) : 0;
    if (fd >= 0)
        close(fd);
    size_t n = got > 0 ? (size_t)got : 0;
    Elf64_Nhdr h;
    for (size_t at = 0; at + sizeof h <= n;) {
        memcpy(&h, text + at, sizeof h);
        size_t name = at + sizeof h, desc = name + padded(h.n_namesz);
        at = desc + padded(h.n_descsz);
        if (desc > n || desc + h.n_descsz > n)
            return false;
        if (h.n_type != NT_GNU_BUILD_ID || h.n_namesz != 4 || memcmp(text + name, "GNU", 4) != 0 ||
            h.n_descsz > BUILD_ID_MAX)
            continue;
        memcpy(out->id, text + desc, h.n_descsz);
        out->n = h.n_descsz;
        return true;
    }
    return false;
}
