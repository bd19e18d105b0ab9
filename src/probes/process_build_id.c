/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process("BUILD-ID"): the files of this build that processes run or -c will run, whatever they
 * are called and in whatever container. */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/hash.h"
#include "debuginfo/build_id.h"
#include "debuginfo/needed.h"
#include "probes/process.h"

enum { ID_MIN = 16 };

struct wanted {
    struct session *s;
    uint8_t id[BUILD_ID_MAX];
    size_t n;
    struct hash seen; /* "device inode" */
    process_paths *out;
};

bool process_is_build_id(const char *name)
{
    size_t n = strlen(name);
    return n >= 2 * ID_MIN && n <= 2 * BUILD_ID_MAX && n % 2 == 0 &&
           strspn(name, "0123456789abcdef") == n;
}

static void consider(struct wanted *w, const char *path)
{
    struct stat st;
    uint8_t id[BUILD_ID_MAX];
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    const char *key = arena_printf(w->s->arena, "%x:%x %llu", major(st.st_dev), minor(st.st_dev),
                                   (unsigned long long)st.st_ino);
    if (hash_put(&w->seen, key, w) && elf_build_id(path, id, BUILD_ID_MAX) == w->n &&
        memcmp(id, w->id, w->n) == 0)
        vec_push(w->s->arena, w->out, arena_strdup(w->s->arena, path));
}

/* What a process has mapped to execute. */
static void look_at_process(struct wanted *w, const char *pid)
{
    char line[PATH_MAX + 200], last[PATH_MAX] = "";
    FILE *f = fopen(arena_printf(w->s->arena, "/proc/%s/maps", pid), "re");
    while (f && fgets(line, sizeof line, f)) {
        unsigned long long start, end;
        char path[PATH_MAX], mode[8];
        if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %4095[^\n]", &start, &end, mode, path) != 4 ||
            *path != '/' || mode[2] != 'x' || strcmp(path, last) == 0)
            continue;
        snprintf(last, sizeof last, "%s", path);
        /* Its own file system first: in another container the same path is another file. */
        const char *inside = arena_printf(w->s->arena, "/proc/%s/root%s", pid, path);
        if (process_same_file(path, inside))
            consider(w, path);
        else if (access(inside, F_OK) == 0)
            consider(w, inside);
        else /* mounted where no path from here leads, or deleted */
            consider(w, arena_printf(w->s->arena, "/proc/%s/map_files/%llx-%llx", pid, start, end));
    }
    if (f)
        fclose(f);
}

const char *process_by_build_id(struct session *s, const char *name, process_paths *out)
{
    struct wanted w = {.s = s, .n = strlen(name) / 2, .out = out};
    hash_init(&w.seen, s->arena);
    for (size_t i = 0; i < w.n; i++) {
        char byte[3] = {name[2 * i], name[2 * i + 1], 0};
        w.id[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    process_paths target = {0}, libraries = {0};
    if (!process_of_target(s, 0, &target))
        process_libraries(s, &target, "*", &libraries);
    vec_for (i, target)
        consider(&w, target.v[i]);
    vec_for (i, libraries)
        consider(&w, libraries.v[i]);
    DIR *d = opendir("/proc");
    for (struct dirent *e; d && (e = readdir(d));)
        if (isdigit((unsigned char)*e->d_name))
            look_at_process(&w, e->d_name);
    if (d)
        closedir(d);
    return out->n ? NULL
                  : arena_printf(s->arena,
                                 "no process runs a file with the build-id %s, and the program of "
                                 "-c does not either",
                                 name);
}
