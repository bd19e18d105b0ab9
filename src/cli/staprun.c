/* SPDX-License-Identifier: GPL-2.0-or-later */
/* staprun: runs what `stap -p4` has written.  A program of its own because it may be given
 * capabilities that the one who runs it does not have: it reads nothing but the file, and has
 * no compiler, library or script in it. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/plain.h"
#include "bpf/stapo.h"
#include "cli/cli.h"
#include "cli/groups.h"
#include "cli/values.h"
#include "cli/version.h"
#include "debuginfo/dwarf.h"
#include "run/recorder.h"
#include "run/run.h"

enum { FILE_MAX = 256 << 20 };

static void help(FILE *to)
{
    fputs("Usage: staprun [OPTION]... FILE [VARIABLE=VALUE]...\n"
          "       staprun -A NAME\n"
          "\n"
          "FILE is what `stap -p4` has written.  A name without a slash that is not here is\n"
          "looked for in /lib/modules/RELEASE/systemtap.  VARIABLE is a global variable of\n"
          "the script.\n"
          "\n"
          "  -c CMD      run CMD when all probes are in place; the session ends with it\n"
          "  -x PID      what target() says\n"
          "  -N PID      pids as they are in the namespace of this process\n"
          "  -o FILE     write the output there (strftime's % conversions)\n"
          "  -S SIZE[,N] with -o: files FILE.0, FILE.1, … of SIZE MB each; the last N are kept\n"
          "  -D          with -o: go on in the background and print the process's number\n"
          "  -L          go on in the background and keep the newest output in memory\n"
          "  -A NAME     print what such a recorder keeps, and go on; an interrupt ends it\n"
          "  -b MB       the size of the output buffer; with -L what is kept, otherwise 16\n"
          "  -T MS       output waits at most that long\n"
          "  -v, -w      more messages; no warnings\n"
          "  -C WHEN     colour: auto, always, never\n"
          "  -h, -V      this text; the version\n"
          "\n"
          "Taken without effect: -u -R -d -M.\n",
          to);
}

static bool bad(const char *fmt, const char *what)
{
    plain_print(stderr, fmt, what);
    fputc('\n', stderr);
    return false;
}

struct request {
    const char *attach; /* -A */
    bool done;          /* -h, -V */
    const char *file;
    char **variables;
    int nvariables;
    bool daemon, detach;
};

static bool one(struct session *s, struct request *q, int c, const char *arg)
{
    long n;
    switch (c) {
    case 'h':
        help(stdout);
        q->done = true;
        return true;
    case 'V':
        printf("staprun (version %s, stap %s for eBPF)\n", SYSTEMTAP_VERSION, STAP_VERSION);
        q->done = true;
        return true;
    case 'v':
        s->verbose++;
        return true;
    case 'w':
        s->diag.suppress_warnings = true;
        return true;
    case 'c':
        s->command = arg;
        return true;
    case 'x':
        return value_pid(arg, &s->target_pid) ||
               bad("Invalid target process ID number: -x %s", arg);
    case 'N':
        return value_namespaces(arg, &s->namespaces_pid) ||
               bad("Invalid -N %s: the number of a process is needed.", arg);
    case 'o':
        s->output = arg;
        return true;
    case 'S':
        return value_sizes(arg, &s->output_size, &s->output_files) ||
               bad("Invalid -S %s: SIZE[,N] is needed, megabytes of a file and how many are kept.",
                   arg);
    case 'b':
        if (!value_number(arg, 1, 4095, &n))
            return bad("Invalid buffer size -b %s (1 to 4095 MB).", arg);
        s->buffer_mb = (uint32_t)n;
        return true;
    case 'T':
        if (!value_number(arg, 1, 1000000, &n))
            return bad("Invalid -T %s: milliseconds are needed.", arg);
        s->patience_ms = (int)n;
        return true;
    case 'A':
        q->attach = arg;
        return true;
    case 'D':
        q->daemon = s->recorder = true;
        return true;
    case 'L':
        q->detach = s->recorder = true;
        return true;
    case 'C':
        return value_color(arg, &s->diag.color) ||
               bad("Invalid argument '%s' of -C: always, auto or never is needed.", arg);
    case '?':
        return bad("%s", "Try 'staprun -h'.");
    default:
        return true;
    }
}

static bool parse(struct session *s, struct request *q, int argc, char **argv)
{
    int c;
    while ((c = getopt(argc, argv, "+hVvwuRc:x:N:o:S:b:T:A:DLC:d:M:")) != -1)
        if (!one(s, q, c, optarg))
            return false;
    if (q->done || q->attach) {
        if (q->attach && optind < argc)
            return bad("-A reads from a recorder that runs: '%s' is too much.", argv[optind]);
        return true;
    }
    if (optind >= argc)
        return bad("%s", "The file that `stap -p4` has written is needed.\nTry 'staprun -h'.");
    q->file = argv[optind++];
    /* Options may stand behind the file, as the variables do. */
    q->variables = arena_new_array(s->arena, char *, argc + 1);
    while (optind < argc) {
        if (argv[optind][0] != '-' || !argv[optind][1]) {
            q->variables[q->nvariables++] = argv[optind++];
            continue;
        }
        if ((c = getopt(argc, argv, "+hVvwuRc:x:N:o:S:b:T:A:DLC:d:M:")) == -1)
            continue; /* -- */
        if (!one(s, q, c, optarg))
            return false;
    }
    if (s->command && s->target_pid)
        return bad("%s", "-c and -x cannot be given together.");
    if (s->output_size && !s->output)
        return bad("%s", "-S needs a file: -o FILE.");
    if (q->daemon && !s->output)
        return bad("%s", "-D needs a file: -o FILE; -L keeps the output in memory.");
    if (q->daemon && q->detach)
        return bad("%s", "-D and -L cannot be given together.");
    if (q->detach && s->output)
        return bad("%s", "-L keeps the output in memory: with -o FILE it is -D.");
    return true;
}

/* ---- the file ---- */

static int open_file(struct arena *a, const char **path)
{
    int fd = open(*path, O_RDONLY | O_CLOEXEC), err = errno;
    struct utsname u;
    if (fd >= 0 || err != ENOENT || strchr(*path, '/') || uname(&u) != 0)
        return fd;
    const char *dir = arena_printf(a, IMAGES_DIR, u.release);
    const char *endings[] = {"", ".stapo"};
    for (int i = 0; i < 2 && fd < 0; i++) {
        const char *there = arena_printf(a, "%s/%s%s", dir, *path, endings[i]);
        fd = open(there, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            *path = there;
    }
    if (fd < 0)
        errno = err;
    return fd;
}

static bool read_all(int fd, struct strbuf *text)
{
    for (;;) {
        ssize_t n = read(fd, strbuf_room(text, 65536), 65536);
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text->n += (size_t)n;
        if (text->n > FILE_MAX) {
            errno = EFBIG;
            return false;
        }
    }
}

static struct bpf_image *open_image(struct session *s, const char *path)
{
    struct strbuf text = {0};
    struct bpf_image *img = NULL;
    const char *why;
    int fd = open_file(s->arena, &path);
    if (fd < 0 || !read_all(fd, &text))
        diag_error(&s->diag, "cannot read '%s': %s", path, strerror(errno));
    else if (!(img = stapo_read(s->arena, text.p, text.n, &why)))
        diag_error(&s->diag, "'%s' %s", path, why);
    else if ((why =
                  groups_refuse(s->arena, img, fd,
                                strncmp(path, "/proc/self/fd/", 14) ? path : img->origin.script))) {
        diag_error(&s->diag, "%s", why);
        img = NULL;
    }
    strbuf_free(&text);
    if (fd >= 0)
        close(fd);
    return img;
}

/* ---- VARIABLE=VALUE ---- */

static const char *globals_hint(struct arena *a, const struct bpf_image *img, const char *name)
{
    const char **names = arena_new_array(a, const char *, img->globals.n + 1);
    vec_for (i, img->globals)
        names[i] = img->globals.v[i].name;
    const char *near = similar_names(a, name, names, img->globals.n, 5);
    return *near ? arena_printf(a, " (similar: %s)", near) : "";
}

static bool set_global(struct session *s, struct bpf_image *img, const char *text)
{
    const char *eq = strchr(text, '=');
    if (!eq || eq == text) {
        diag_error(&s->diag, "'%s': VARIABLE=VALUE is needed behind the file", text);
        return false;
    }
    const char *name = arena_strndup(s->arena, text, (size_t)(eq - text)), *value = eq + 1;
    vec_for (i, img->globals) {
        const struct ir_global *g = &img->globals.v[i];
        char *at = (char *)img->globals_init + g->off, *end;
        if (strcmp(g->name, name) != 0)
            continue;
        if (g->is_string) {
            if (strlen(value) >= g->size) {
                diag_error(&s->diag, "%s=…: the value is longer than the %u characters of a string",
                           name, g->size - 1);
                return false;
            }
            snprintf(at, g->size, "%s", value);
            return true;
        }
        errno = 0;
        long long n = strtoll(value, &end, 0);
        if (errno || *end || end == value) {
            diag_error(&s->diag, "%s=%s: the variable is a number", name, value);
            return false;
        }
        memcpy(at, &n, sizeof n);
        return true;
    }
    diag_error(&s->diag, "the script has no global variable %s that can be set%s", name,
               globals_hint(s->arena, img, name));
    return false;
}

/* ---- the session ---- */

static void take_settings(struct session *s, const struct bpf_image *img)
{
    vec_for (i, img->settings.defines)
        vec_push(s->arena, &s->defines, img->settings.defines.v[i]);
    s->suppress_handler_errors = img->settings.suppress_handler_errors;
    s->timing = img->settings.timing;
    s->timeout_s = (double)img->settings.timeout_ns / 1e9;
    s->script_name = img->origin.script;
}

static int run(struct session *s, const struct request *q)
{
    struct bpf_image *img = open_image(s, q->file);
    if (!img)
        return 1;
    if (img->origin.condition && strcmp(img->origin.release, s->parse.kernel_vr) != 0)
        diag_warning(
            &s->diag, NULL,
            "the script has conditions on the kernel (%s), which were decided for Linux %s "
            "where '%s' was made, not for %s here",
            img->origin.condition, img->origin.release, q->file, s->parse.kernel_vr);
    take_settings(s, img);
    if (!session_limits(s))
        return 1;
    for (int i = 0; i < q->nvariables; i++)
        if (!set_global(s, img, q->variables[i]))
            return 1;
    const char *lacks = facts_privileges();
    if (lacks) {
        diag_error(&s->diag, "%s", lacks);
        return 1;
    }
    if (!bpf_settle(s, img))
        return 1;
    struct bpf_running *r = bpf_load(s, img);
    if (!r)
        return 1;
    int rc = run_session(s, img, r);
    bpf_unload(r);
    return rc;
}

int main(int argc, char **argv)
{
    struct session s = {.arena = arena_new(), .last_pass = 5};
    struct request q = {0};
    diag_init(&s.diag, stderr);
    s.parse.arena = s.arena;
    s.parse.diag = &s.diag;
    facts_kernel(&s);
    int rc = 1;
    if (parse(&s, &q, argc, argv)) {
        s.diag.verbose = s.verbose;
        rc = q.done ? 0 : q.attach ? recorder_attach(q.attach) : run(&s, &q);
    }
    diag_fini(&s.diag);
    dw_close_all();
    arena_free(s.arena);
    return rc;
}
