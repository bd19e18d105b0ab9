/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cache_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KEPT_DAYS = 30, DIR_MAX = 3072, PATH_SIZE = DIR_MAX + 256 };

bool cache_dir(char *out, size_t n)
{
    const char *base = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
    char parent[DIR_MAX - 8];
    if (base && *base == '/')
        snprintf(parent, sizeof parent, "%s", base);
    else if (home && *home == '/')
        snprintf(parent, sizeof parent, "%s/.cache", home);
    else
        return false;
    if ((size_t)snprintf(out, n, "%s/stap", parent) >= n)
        return false;
    if (access(out, W_OK) == 0)
        return true;
    mkdir(parent, 0700);
    return mkdir(out, 0700) == 0;
}

void cache_name(char *out, size_t n, const uint8_t *id, size_t id_len, const char *suffix)
{
    size_t k = 0;
    for (size_t i = 0; i < id_len && k + 2 < n; i++)
        k += (size_t)snprintf(out + k, n - k, "%02x", id[i]);
    snprintf(out + k, n - k, "%s", suffix);
}

static bool path_of(char *out, const char *name)
{
    char dir[DIR_MAX];
    return cache_dir(dir, sizeof dir) &&
           (size_t)snprintf(out, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE;
}

static bool is_ours(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

const void *cache_map(const char *name, size_t *len)
{
    char path[PATH_SIZE];
    struct stat st;
    int fd = path_of(path, name) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return NULL;
    const void *p = MAP_FAILED;
    if (fstat(fd, &st) == 0 && is_ours(&st) && st.st_size > 0) {
        *len = (size_t)st.st_size;
        p = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}

void cache_unmap(const void *p, size_t len)
{
    munmap((void *)(uintptr_t)p, len);
}

static void drop_old(const char *like)
{
    char dir[DIR_MAX];
    struct dirent *e;
    struct stat st;
    const char *suffix = strrchr(like, '.');
    DIR *d = suffix && cache_dir(dir, sizeof dir) ? opendir(dir) : NULL;
    time_t old = time(NULL) - KEPT_DAYS * 24 * 3600;
    while (d && (e = readdir(d))) {
        const char *dot = strrchr(e->d_name, '.');
        if (dot && strcmp(dot, suffix) == 0 &&
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

bool cache_keep(const char *name, const struct cache_part *parts, size_t n)
{
    char path[PATH_SIZE], temp[PATH_SIZE + 8];
    if (!path_of(path, name))
        return false;
    snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    int fd = mkstemp(temp);
    if (fd < 0)
        return false;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++)
        ok = write_all(fd, parts[i].p, parts[i].n);
    ok = close(fd) == 0 && ok && rename(temp, path) == 0;
    if (ok)
        drop_old(name);
    else
        unlink(temp);
    return ok;
}
