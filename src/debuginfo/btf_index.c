/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/btf_index.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cache_dir.h"
#include "debuginfo/btf.h"

/* The file: this, the offsets, the slots, the copy. */
enum { ID_MAX = 64 };
struct file_header {
    char magic[8];
    uint8_t id[ID_MAX]; /* the kernel's build-id */
    struct btf_header btf;
    uint32_t size, raw, n, slots;
};
static const char magic[8] = "stapbtf1";

#define SUFFIX ".btf"
enum { KEPT_DAYS = 30 };

/* ---- which file ---- */

static bool kernel_build_id(uint8_t *id)
{
    _Alignas(Elf64_Nhdr) char text[4096];
    int fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
    if (fd >= 0)
        close(fd);
    for (size_t at = 0; n > 0 && at + sizeof(Elf64_Nhdr) <= (size_t)n;) {
        const Elf64_Nhdr *note = (const void *)(text + at);
        size_t name = at + sizeof *note, desc = name + ((note->n_namesz + 3ul) & ~3ul);
        at = desc + ((note->n_descsz + 3ul) & ~3ul);
        if (at > (size_t)n)
            break;
        if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 ||
            memcmp(text + name, "GNU", 4) != 0 || note->n_descsz < 8 || note->n_descsz > ID_MAX)
            continue;
        memcpy(id, text + desc, note->n_descsz);
        return true;
    }
    return false;
}

/* `dir` has room for the path, of which it is the beginning. */
static void append_name(char *dir, size_t n, const uint8_t *id)
{
    size_t k = strlen(dir), last = ID_MAX;
    while (last && !id[last - 1])
        last--;
    k += (size_t)snprintf(dir + k, n - k, "/");
    for (size_t i = 0; i < last; i++)
        k += (size_t)snprintf(dir + k, n - k, "%02x", id[i]);
    snprintf(dir + k, n - k, SUFFIX);
}

static bool describe(struct file_header *f, uint32_t size, const struct btf_header *h)
{
    *f = (struct file_header){.btf = *h, .size = size};
    memcpy(f->magic, magic, sizeof magic);
    return kernel_build_id(f->id);
}

/* ---- reading ---- */

static size_t file_size(const struct file_header *f)
{
    return sizeof *f + ((size_t)f->n + f->slots) * sizeof(uint32_t) + f->raw;
}

/* Only what nobody else can have written is believed. */
static bool is_ours(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool whole(const struct file_header *f, const struct file_header *want, size_t len)
{
    return memcmp(f, want, offsetof(struct file_header, raw)) == 0 && f->n && f->slots &&
           !(f->slots & (f->slots - 1)) && (!f->raw || f->raw == f->size) && file_size(f) == len;
}

bool btf_index_open(struct btf_index *x, uint32_t size, const struct btf_header *h)
{
    struct file_header want;
    struct stat st;
    char path[4096];
    if (!cache_dir(path, sizeof path - 2 * ID_MAX - 8) || !describe(&want, size, h))
        return false;
    append_name(path, sizeof path, want.id);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    const struct file_header *f = MAP_FAILED;
    size_t len = 0;
    if (fstat(fd, &st) == 0 && is_ours(&st) && (len = (size_t)st.st_size) > sizeof *f)
        f = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (f == MAP_FAILED)
        return false;
    if (!whole(f, &want, len)) {
        munmap((void *)(uintptr_t)f, len);
        return false;
    }
    x->offset = (const void *)(f + 1);
    x->n = f->n;
    x->slot = x->offset + f->n;
    x->slots = f->slots;
    x->raw = f->raw ? (const char *)(x->slot + f->slots) : NULL;
    return true;
}

static uint32_t hash_of(const char *name, uint32_t kind)
{
    uint32_t h = 2166136261u ^ kind * 0x9e3779b1u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h ^ h >> 15;
}

uint32_t btf_index_find(struct kernel_btf *b, const char *name, uint32_t kind)
{
    const struct btf_index *x = &b->index;
    uint32_t mask = x->slots - 1, at = hash_of(name, kind) & mask;
    for (uint32_t tries = 0; tries < x->slots && x->slot[at]; tries++, at = (at + 1) & mask) {
        const struct btf_type *t = kbtf_type(b, x->slot[at]);
        if (t && BTF_INFO_KIND(t->info) == kind && strcmp(kbtf_name(b, t->name_off), name) == 0)
            return x->slot[at];
    }
    return 0;
}

/* ---- making ---- */

/* Files of kernels that are gone stay behind.  One that is missed is made again. */
static void drop_old(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    struct stat st;
    time_t old = time(NULL) - KEPT_DAYS * 24 * 3600;
    while (d && (e = readdir(d))) {
        size_t n = strlen(e->d_name), k = strlen(SUFFIX);
        if (n > k && strcmp(e->d_name + n - k, SUFFIX) == 0 &&
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime < old)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
}

static bool write_all(int fd, const void *from, size_t n)
{
    const char *p = from;
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

/* What has no name nobody looks for. */
static void fill(struct kernel_btf *b, uint32_t *slot, uint32_t slots)
{
    for (uint32_t id = 1; id < b->n; id++) {
        const struct btf_type *t = kbtf_type(b, id);
        if (!t->name_off)
            continue;
        uint32_t at = hash_of(kbtf_name(b, t->name_off), BTF_INFO_KIND(t->info)) & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = id;
    }
}

bool btf_index_make(struct kernel_btf *b, uint32_t size, const struct btf_header *h,
                    const char *raw)
{
    struct file_header f;
    char dir[4096], path[4096], temp[4200];
    if (!cache_dir(dir, sizeof dir - 2 * ID_MAX - 8) || !describe(&f, size, h))
        return false;
    strcpy(path, dir);
    append_name(path, sizeof path, f.id);
    snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    int fd = mkstemp(temp);
    if (fd < 0)
        return false;
    kbtf_type(b, 1); /* counts the types */
    for (f.slots = 1024; f.slots < b->n * 3 / 2;)
        f.slots *= 2;
    uint32_t *slot = calloc(f.slots, sizeof *slot);
    f.n = b->n;
    f.raw = raw ? size : 0;
    if (slot)
        fill(b, slot, f.slots);
    bool ok = slot && write_all(fd, &f, sizeof f) && write_all(fd, b->offset, f.n * sizeof *slot) &&
              write_all(fd, slot, f.slots * sizeof *slot) && (!raw || write_all(fd, raw, size));
    ok = close(fd) == 0 && ok && rename(temp, path) == 0;
    if (ok)
        drop_old(dir);
    else
        unlink(temp);
    free(slot);
    return ok;
}
