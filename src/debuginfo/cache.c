/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug information as distributions ship it is compressed: a copy that is not is kept by
 * build-id under $XDG_CACHE_HOME/stap, so that the next session only maps it. */
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cache_file.h"
#include "debuginfo/dwarf_private.h"

enum { SMALL = 256 << 10, LARGE = 512 << 20 }; /* bytes compressed: no copies below, above */

static bool cached_path(Dwfl_Module *mod, char *out, size_t n)
{
    const unsigned char *id;
    GElf_Addr at;
    char dir[3072];
    int len = dwfl_module_build_id(mod, &id, &at);
    if (len < 8 || len > 64 || !cache_dir(dir, sizeof dir))
        return false;
    size_t k = (size_t)snprintf(out, n, "%s/", dir);
    for (int i = 0; i < len && k + 3 < n; i++)
        k += (size_t)snprintf(out + k, n - k, "%02x", id[i]);
    return (size_t)snprintf(out + k, n - k, ".debug") < n - k;
}

/* True when there was something to undo. */
static bool decompress(Elf *elf)
{
    Elf_Scn *scn = NULL;
    bool any = false;
    while ((scn = elf_nextscn(elf, scn))) {
        GElf_Shdr sh;
        if (!gelf_getshdr(scn, &sh) || !(sh.sh_flags & SHF_COMPRESSED))
            continue;
        if (elf_compress(scn, 0, 0) < 0)
            return false;
        any = true;
    }
    return any;
}

static bool copy(int from, int to, off_t size)
{
    char buf[1 << 16];
    for (off_t done = 0; done < size;) {
        ssize_t n = pread(from, buf, sizeof buf, done);
        if (n <= 0 || write(to, buf, (size_t)n) != n)
            return false;
        done += n;
    }
    return true;
}

/* Makes `path` from the file that `from` has open; nothing is left of a failure. */
static bool keep(int from, const char *path)
{
    struct stat st;
    char temp[4200];
    snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    if (fstat(from, &st) != 0 || st.st_size < SMALL || st.st_size > LARGE)
        return false;
    int to = mkstemp(temp);
    if (to < 0)
        return false;
    bool ok = copy(from, to, st.st_size);
    Elf *elf = ok ? elf_begin(to, ELF_C_RDWR, NULL) : NULL;
    ok = elf && decompress(elf) && elf_update(elf, ELF_C_WRITE) >= 0;
    if (elf)
        elf_end(elf);
    ok = close(to) == 0 && ok && rename(temp, path) == 0;
    if (!ok)
        unlink(temp);
    return ok;
}

int dw_find_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
                      const char *file, const char *link, GElf_Word crc, char **found)
{
    char path[4096];
    bool cacheable = cached_path(mod, path, sizeof path);
    int fd = cacheable ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        *found = strdup(path);
        return fd;
    }
    fd = dwfl_standard_find_debuginfo(mod, data, name, base, file, link, crc, found);
    if (fd >= 0 && cacheable && keep(fd, path)) {
        int kept = open(path, O_RDONLY | O_CLOEXEC);
        if (kept >= 0) {
            close(fd);
            free(*found);
            *found = strdup(path);
            return kept;
        }
    }
    return fd;
}
