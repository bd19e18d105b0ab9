/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user who may not load programs has staprun do it, if that was given capabilities: it knows
 * by the groups who may. */
#include "cli/hand_over.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bpf/stapo.h"

const char *hand_over_to(struct arena *a)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return NULL;
    exe[n] = 0;
    const char *path = arena_printf(a, "%srun", exe);
    bool able = access(path, X_OK) == 0 && getxattr(path, "security.capability", NULL, 0) > 0;
    return able ? path : NULL;
}

struct arguments {
    struct arena *arena;
    VEC(char *) list;
};

static void add(struct arguments *a, const char *option, const char *value)
{
    vec_push(a->arena, &a->list, arena_strdup(a->arena, option));
    if (value)
        vec_push(a->arena, &a->list, arena_strdup(a->arena, value));
}

static void add_number(struct arguments *a, const char *option, long n)
{
    if (n)
        add(a, option, arena_printf(a->arena, "%ld", n));
}

static void add_options(struct arguments *a, const struct session *s)
{
    static const char *const colors[] = {
        [DIAG_COLOR_AUTO] = "auto", [DIAG_COLOR_ALWAYS] = "always", [DIAG_COLOR_NEVER] = "never"};
    for (int i = 0; i < s->verbose; i++)
        add(a, "-v", NULL);
    if (s->diag.suppress_warnings)
        add(a, "-w", NULL);
    add(a, "-C", colors[s->diag.color]);
    if (s->command)
        add(a, "-c", s->command);
    else
        add_number(a, "-x", s->target_pid);
    add_number(a, "-N", s->namespaces_pid);
    add_number(a, "-b", s->buffer_mb);
    if (s->output)
        add(a, "-o", s->output);
    if (s->output_size)
        add(a, "-S",
            arena_printf(a->arena, s->output_files ? "%lu,%u" : "%lu",
                         (unsigned long)(s->output_size >> 20), s->output_files));
    if (s->recorder)
        add(a, s->output ? "-D" : "-L", NULL);
}

int hand_over(struct session *s, const struct bpf_image *img, const char *program)
{
    struct strbuf text = {0};
    struct arguments a = {.arena = s->arena};
    int fd = memfd_create("stap", 0);
    stapo_write(&text, img);
    bool ok = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n;
    strbuf_free(&text);
    add(&a, program, NULL);
    add_options(&a, s);
    add(&a, arena_printf(s->arena, "/proc/self/fd/%d", fd), NULL);
    vec_push(s->arena, &a.list, NULL);
    fflush(NULL);
    if (ok)
        execv(program, a.list.v);
    diag_error(&s->diag, "cannot have %s run the script: %s", program, strerror(errno));
    return 1;
}
