/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/needed.h"

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

bool elf_needed(const char *path, void (*fn)(const char *name, void *arg), void *arg)
{
    bool found = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    for (Elf_Scn *scn = NULL; elf && (scn = elf_nextscn(elf, scn));) {
        GElf_Shdr sh;
        if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_DYNAMIC || !sh.sh_entsize)
            continue;
        Elf_Data *data = elf_getdata(scn, NULL);
        found = data != NULL;
        for (size_t i = 0; data && i < sh.sh_size / sh.sh_entsize; i++) {
            GElf_Dyn dyn;
            const char *name = NULL;
            if (gelf_getdyn(data, (int)i, &dyn) && dyn.d_tag == DT_NEEDED)
                name = elf_strptr(elf, sh.sh_link, dyn.d_un.d_val);
            if (name)
                fn(name, arg);
        }
    }
    if (elf)
        elf_end(elf);
    close(fd);
    return found;
}
