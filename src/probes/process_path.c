/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files a process(…) means. */
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debuginfo/needed.h"
#include "probes/process.h"

static const char *search(struct session *s, const char *name, const char *dirs)
{
    for (const char *d = dirs; d && *d;) {
        size_t n = strcspn(d, ":");
        const char *path = arena_printf(s->arena, "%.*s/%s", (int)n, d, name);
        if (access(path, R_OK) == 0)
            return path;
        d += n + (d[n] == ':');
    }
    return NULL;
}

#define LIBRARY_DIRS                                                                               \
    "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/"  \
    "lib"

/* ---- libraries of a program ---- */

struct linked {
    struct session *s;
    const char *pattern;
    process_paths seen; /* names */
    process_paths todo; /* files whose own libraries are still to look at */
    process_paths *out;
};

static void link_to(const char *name, void *arg)
{
    struct linked *l = arg;
    char full[PATH_MAX];
    vec_for (i, l->seen)
        if (strcmp(l->seen.v[i], name) == 0)
            return;
    vec_push(l->s->arena, &l->seen, arena_strdup(l->s->arena, name));
    const char *path = strchr(name, '/') ? name : search(l->s, name, LIBRARY_DIRS);
    if (!path || !realpath(path, full))
        return;
    path = arena_strdup(l->s->arena, full);
    vec_push(l->s->arena, &l->todo, path);
    if (fnmatch(l->pattern, name, 0) == 0)
        vec_push(l->s->arena, l->out, path);
}

const char *process_libraries(struct session *s, const process_paths *programs, const char *pattern,
                              process_paths *out)
{
    struct linked l = {.s = s, .pattern = pattern, .out = out};
    vec_for (i, *programs)
        vec_push(s->arena, &l.todo, programs->v[i]);
    for (size_t i = 0; i < l.todo.n; i++)
        elf_needed(l.todo.v[i], link_to, &l);
    return out->n ? NULL
                  : arena_printf(s->arena, "the program is linked with no library '%s'", pattern);
}

/* ---- programs ---- */

/* What runs a script: the program in its first line, or the one that env finds.  NULL: it is
 * none. */
static const char *interpreter(struct session *s, const char *path)
{
    char line[256] = "", *rest = line + 2;
    FILE *f = fopen(path, "re");
    bool script = f && fgets(line, sizeof line, f) && line[0] == '#' && line[1] == '!';
    if (f)
        fclose(f);
    const char *program = script ? strtok_r(rest, " \t\n", &rest) : NULL;
    if (program && strcmp(program, "/usr/bin/env") != 0 && strcmp(program, "/bin/env") != 0)
        return arena_strdup(s->arena, program);
    do
        program = program ? strtok_r(rest, " \t\n", &rest) : NULL;
    while (program && (*program == '-' || strchr(program, '=')));
    return !program               ? NULL
           : strchr(program, '/') ? arena_strdup(s->arena, program)
                                  : search(s, program, getenv("PATH"));
}

enum { SCRIPTS = 4 }; /* that run one another */

/* The file that a path leads to, past so many scripts. */
static const char *program_of(struct session *s, const char *path, int scripts)
{
    char full[PATH_MAX];
    while (path && realpath(path, full)) {
        path = scripts-- > 0 ? interpreter(s, full) : NULL;
        if (!path)
            return arena_strdup(s->arena, full);
    }
    return NULL;
}

const char *process_programs(struct session *s, const char *name, bool library, process_paths *out)
{
    const char *path = name;
    if (process_is_build_id(name))
        return process_by_build_id(s, name, out);
    if (!strchr(name, '/')) {
        path = search(s, name, library ? LIBRARY_DIRS : getenv("PATH"));
        if (!path && !library)
            path = search(s, name, "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu");
        if (!path)
            return arena_printf(s->arena, "there is no program or library '%s' on the search path",
                                name);
    }
    glob_t g;
    int rc = glob(path, GLOB_NOMAGIC, NULL, &g);
    /* Scripts from systems that have their libraries in /lib* itself. */
    const char *file = strrchr(path, '/') + 1;
    const char *folder = arena_strndup(s->arena, path, (size_t)(file - path - 1));
    if (strchr(folder, '*') && (fnmatch("/lib*", folder, FNM_PATHNAME) == 0 ||
                                fnmatch("/usr/lib*", folder, FNM_PATHNAME) == 0)) {
        const char *here = arena_printf(s->arena, "/usr/lib/x86_64-linux-gnu/%s", file);
        int more = glob(here, rc == 0 ? GLOB_APPEND : 0, NULL, &g);
        rc = rc == 0 ? 0 : more;
    }
    if (rc != 0)
        return arena_printf(s->arena, "no file matches '%s'", name);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        /* Of a pattern's files those that are meant are programs themselves. */
        bool named = !strpbrk(name, "*?[");
        const char *program = program_of(s, g.gl_pathv[i], named ? SCRIPTS : 0);
        if (program)
            vec_push(s->arena, out, program);
    }
    globfree(&g);
    return out->n ? NULL : arena_printf(s->arena, "cannot open %s: no such file", name);
}

bool process_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

const char *process_of_target(struct session *s, pid_t pid, process_paths *out)
{
    if (!pid && s->command) {
        size_t n = strcspn(s->command, " \t");
        return process_programs(s, arena_strndup(s->arena, s->command, n), false, out);
    }
    if (!pid)
        pid = s->target_pid;
    if (!pid)
        return "process without a name is the program of -c or -x, and neither is given";
    char exe[PATH_MAX];
    ssize_t n = readlink(arena_printf(s->arena, "/proc/%d/exe", (int)pid), exe, sizeof exe);
    if (n < 0)
        return arena_printf(s->arena, "there is no process %d", (int)pid);
    const char *path = arena_strndup(s->arena, exe, (size_t)n);
    const char *const ways[] = {
        /* By way of /proc: also when it lives in another mount namespace. */
        arena_printf(s->arena, "/proc/%d/root%s", (int)pid, path),
        path, /* its root is elsewhere in this one */
        arena_printf(s->arena, "/proc/%d/exe", (int)pid),
    };
    size_t way = 0;
    while (way < 2 && !process_same_file(ways[way], ways[2]))
        way++;
    vec_push(s->arena, out, ways[way]);
    return NULL;
}

const char *process_mapping(struct session *s, pid_t pid, uint64_t addr, uint64_t *offset,
                            const char **why)
{
    char line[PATH_MAX + 200], path[PATH_MAX] = "";
    FILE *f = fopen(arena_printf(s->arena, "/proc/%d/maps", (int)pid), "re");
    *why = f ? arena_printf(s->arena, "process %d has no file mapped at the address %#llx",
                            (int)pid, (unsigned long long)addr)
             : arena_printf(s->arena, "there is no process %d", (int)pid);
    while (f && fgets(line, sizeof line, f)) {
        unsigned long long start, end, at;
        char name[PATH_MAX] = "";
        if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %4095[^\n]", &start, &end, &at, name) < 3 ||
            addr < start || addr >= end || *name != '/')
            continue;
        snprintf(path, sizeof path, "%s", name);
        *offset = addr - start + at;
    }
    if (f)
        fclose(f);
    const char *inside = arena_printf(s->arena, "/proc/%d/root%s", (int)pid, path);
    return !*path ? NULL : access(inside, R_OK) == 0 ? inside : arena_printf(s->arena, "%s", path);
}
