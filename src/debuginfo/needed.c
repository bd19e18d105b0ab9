/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/needed.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
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

size_t elf_build_id(const char *path, uint8_t *id, size_t max)
{
    size_t found = 0, phnum;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (!elf || elf_getphdrnum(elf, &phnum) != 0)
        phnum = 0;
    for (size_t i = 0; i < phnum && !found; i++) {
        GElf_Phdr ph;
        GElf_Nhdr note;
        size_t name, desc, at = 0;
        if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_NOTE)
            continue;
        Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, ph.p_filesz,
                                              ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
        while (data && !found && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
            const char *bytes = data->d_buf;
            if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof "GNU" ||
                memcmp(bytes + name, "GNU", sizeof "GNU") != 0 || note.n_descsz > max)
                continue;
            memcpy(id, bytes + desc, note.n_descsz);
            found = note.n_descsz;
        }
    }
    if (elf)
        elf_end(elf);
    close(fd);
    return found;
}
