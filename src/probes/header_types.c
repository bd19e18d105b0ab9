/* SPDX-License-Identifier: GPL-2.0-or-later */
/* @cast(…, "<sys/time.h>"): the types of headers, from what the C compiler of this machine makes of
 * them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/process.h"

/* "<a.h><b.h>" as lines of C; false: it is something else. */
static bool includes(const char *headers, char *out, size_t n)
{
    size_t k = 0;
    for (const char *p = headers; *p;) {
        size_t len = strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "_-+./");
        if (*p != '<' || !len || p[1 + len] != '>')
            return false;
        k += (size_t)snprintf(out + k, n - k, "#include <%.*s>\n", (int)len, p + 1);
        if (k >= n)
            return false;
        p += len + 2;
    }
    return k > 0;
}

/* Runs cc on the text; its status, 127 where there is no compiler. */
static int compile(const char *text, const char *object)
{
    int in[2], status;
    if (pipe(in) != 0)
        return 127;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(in[0], 0);
        dup2(null, 1);
        dup2(null, 2);
        close(in[0]);
        close(in[1]);
        execlp("cc", "cc", "-x", "c", "-g", "-O0", "-fno-eliminate-unused-debug-types", "-c", "-o",
               object, "-", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    if (pid > 0 && write(in[1], text, strlen(text)) < 0)
        status = 1; /* the compiler says by its own status what it made of that */
    close(in[1]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

struct dw_module *header_module(struct session *s, const char *headers, const char **why)
{
    char text[4096], object[] = "/tmp/stap-types-XXXXXX.o";
    if (!includes(headers, text, sizeof text)) {
        *why =
            arena_printf(s->arena, "'%s' is no list of headers such as \"<sys/time.h>\"", headers);
        return NULL;
    }
    int fd = mkstemps(object, 2);
    if (fd < 0) {
        *why = arena_printf(s->arena, "cannot make a file in /tmp: %m");
        return NULL;
    }
    close(fd);
    int status = compile(text, object);
    struct dw_module *m = NULL;
    if (status == 0)
        m = dw_open(s->arena, arena_printf(s->arena, "%s", object), why);
    else if (status == 127)
        *why = arena_printf(s->arena, "the types of %s need a C compiler, and there is no cc here",
                            headers);
    else
        *why = arena_printf(s->arena, "cc cannot compile '%s'", headers);
    if (m && !dw_has_dwarf(m)) {
        *why = arena_printf(s->arena, "cc has left no debug information for %s", headers);
        m = NULL;
    }
    unlink(object); /* what is open stays */
    return m;
}
