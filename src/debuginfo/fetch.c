/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug information that is not on this machine: progress while libdebuginfod fetches it, and
 * advice where to get it.  libdw uses that library by itself when DEBUGINFOD_URLS is set. */
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debuginfo/dwarf_private.h"

typedef int progress_fn(debuginfod_client *client, long done, long all);
typedef void set_progress_fn(debuginfod_client *client, progress_fn *fn);

static struct {
    const char *name; /* what is fetched */
    bool shown;
} fetching;

static int progress(debuginfod_client *client, long done, long all)
{
    (void)client;
    if (all > 0)
        fprintf(stderr, "\rFetching debug information of %s: %ld of %ld kB", fetching.name,
                done / 1024, all / 1024);
    else
        fprintf(stderr, "\rAsking for debug information of %s", fetching.name);
    fetching.shown = true;
    return 0;
}

void dw_fetch_begin(Dwfl *session, const char *name)
{
    const char *urls = getenv("DEBUGINFOD_URLS");
    if (!urls || !*urls || !isatty(STDERR_FILENO))
        return;
    /* The library is not needed to build, and may be missing. */
    void *lib = dlopen("libdebuginfod.so.1", RTLD_LAZY);
    set_progress_fn *set = lib ? (set_progress_fn *)dlsym(lib, "debuginfod_set_progressfn") : NULL;
    debuginfod_client *client = set ? dwfl_get_debuginfod_client(session) : NULL;
    fetching.name = name;
    if (client)
        set(client, progress);
}

void dw_fetch_end(void)
{
    if (fetching.shown)
        fputs("\r\033[K", stderr);
    fetching.shown = false;
}

/* ---- advice ---- */

static bool lists(const char *file, const char *path)
{
    FILE *f = fopen(file, "re");
    char line[4096];
    bool found = false;
    size_t n = strlen(path);
    while (f && !found && fgets(line, sizeof line, f))
        found = strncmp(line, path, n) == 0 && line[n] == '\n';
    if (f)
        fclose(f);
    return found;
}

/* The Debian package that a file came with; NULL: none. */
static const char *package_of(struct arena *a, const char *path)
{
    static const char dir[] = "/var/lib/dpkg/info", ending[] = ".list";
    DIR *d = opendir(dir);
    const char *found = NULL;
    /* /lib is the same as /usr/lib, and packages name either. */
    const char *other = strncmp(path, "/usr/", 5) == 0 ? path + 4 : arena_printf(a, "/usr%s", path);
    for (struct dirent *e; d && !found && (e = readdir(d));) {
        size_t n = strlen(e->d_name), k = sizeof ending - 1;
        if (n <= k || strcmp(e->d_name + n - k, ending) != 0)
            continue;
        const char *file = arena_printf(a, "%s/%s", dir, e->d_name);
        if (lists(file, path) || lists(file, other))
            found = arena_strndup(
                a, e->d_name, strcspn(e->d_name, ":") < n - k ? strcspn(e->d_name, ":") : n - k);
    }
    if (d)
        closedir(d);
    return found;
}

const char *dw_advice(struct dw_module *m)
{
    /* elfutils 0.188 reads no packages of units (.dwp), and gives no way to join one's parts to
     * the unit in the program that they belong to. */
    if (m->missing_dwo && access(arena_printf(m->arena, "%s.dwp", m->path), F_OK) == 0)
        return arena_printf(m->arena,
                            "a part of it is in the file %s.dwp, which is not understood; %s, from "
                            "which it was made, is",
                            m->path, m->missing_dwo);
    if (m->missing_dwo)
        return arena_printf(m->arena, "a part of it is in the file %s, which is not there",
                            m->missing_dwo);
    if (m->advice)
        return m->advice;
    const char *package = package_of(m->arena, m->path), *urls = getenv("DEBUGINFOD_URLS");
    m->advice = "build it with -g, or install its -dbgsym or -dbg package";
    if (package)
        m->advice = arena_printf(m->arena, "install the package %s-dbgsym or %s-dbg%s", package,
                                 package, urls && *urls ? "" : ", or set DEBUGINFOD_URLS");
    return m->advice;
}
