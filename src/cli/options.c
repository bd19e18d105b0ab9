/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line.  Options of SystemTap that have no meaning for eBPF are
 * accepted with their arguments, so that existing wrappers work. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/plain.h"
#include "cli/cli.h"
#include "cli/values.h"
#include "cli/version.h"

enum {
    OPT_IGNORED = 256,
    OPT_VP,
    OPT_BPF,
    OPT_RUNTIME,
    OPT_DYNINST,
    OPT_COMPATIBLE,
    OPT_PRIVILEGE,
    OPT_UNPRIVILEGED,
    OPT_SKIP_BADVARS,
    OPT_SUPPRESS_ERRORS,
    OPT_SUPPRESS_LIMITS,
    OPT_COLOR,
    OPT_DUMP_BPF,
    OPT_DUMP_TYPES,
    OPT_DUMP_ALIASES,
    OPT_DUMP_FUNCTIONS,
    OPT_CLEAN_CACHE,
    OPT_REMOTE,
    OPT_WRITE_INDEX,
    OPT_NAMESPACES,
};

static const char short_options[] = "hVvtp:I:e:E:o:R:r:a:m:M:kgPc:x:D:bs:uqiwl:d:L:FS:B:WG:T:QA:";

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"vp", required_argument, NULL, OPT_VP},
    {"bpf", no_argument, NULL, OPT_BPF},
    {"runtime", required_argument, NULL, OPT_RUNTIME},
    {"dyninst", no_argument, NULL, OPT_DYNINST},
    {"compatible", required_argument, NULL, OPT_COMPATIBLE},
    {"privilege", required_argument, NULL, OPT_PRIVILEGE},
    {"unprivileged", no_argument, NULL, OPT_UNPRIVILEGED},
    {"skip-badvars", no_argument, NULL, OPT_SKIP_BADVARS},
    {"suppress-handler-errors", no_argument, NULL, OPT_SUPPRESS_ERRORS},
    {"suppress-time-limits", no_argument, NULL, OPT_SUPPRESS_LIMITS},
    {"color", optional_argument, NULL, OPT_COLOR},
    {"colour", optional_argument, NULL, OPT_COLOR},
    {"dump-bpf", no_argument, NULL, OPT_DUMP_BPF},
    {"dump-probe-types", no_argument, NULL, OPT_DUMP_TYPES},
    {"dump-probe-aliases", no_argument, NULL, OPT_DUMP_ALIASES},
    {"dump-functions", no_argument, NULL, OPT_DUMP_FUNCTIONS},
    {"clean-cache", no_argument, NULL, OPT_CLEAN_CACHE},
    {"remote", required_argument, NULL, OPT_REMOTE},
    {"write-tapset-index", required_argument, NULL, OPT_WRITE_INDEX},
    {"interactive", no_argument, NULL, 'i'},
    /* Without a meaning here. */
    {"all-modules", no_argument, NULL, OPT_IGNORED},
    {"benchmark-sdt-loops", required_argument, NULL, OPT_IGNORED},
    {"benchmark-sdt-threads", required_argument, NULL, OPT_IGNORED},
    {"build-as", required_argument, NULL, OPT_IGNORED},
    {"check-version", no_argument, NULL, OPT_IGNORED},
    {"disable-cache", no_argument, NULL, OPT_IGNORED},
    {"disable-hash", no_argument, NULL, OPT_IGNORED},
    {"download-debuginfo", optional_argument, NULL, OPT_IGNORED},
    {"kelf", no_argument, NULL, OPT_IGNORED},
    {"kmap", optional_argument, NULL, OPT_IGNORED},
    {"language-server", no_argument, NULL, OPT_IGNORED},
    {"ldd", no_argument, NULL, OPT_IGNORED},
    {"list-servers", optional_argument, NULL, OPT_IGNORED},
    {"modinfo", required_argument, NULL, OPT_IGNORED},
    {"monitor", optional_argument, NULL, OPT_IGNORED},
    {"no-global-var-display", no_argument, NULL, OPT_IGNORED},
    {"poison-cache", no_argument, NULL, OPT_IGNORED},
    {"pragma-compatible", required_argument, NULL, OPT_IGNORED},
    {"prologue-searching", optional_argument, NULL, OPT_IGNORED},
    {"remote-prefix", no_argument, NULL, OPT_IGNORED},
    {"rlimit-as", required_argument, NULL, OPT_IGNORED},
    {"rlimit-core", required_argument, NULL, OPT_IGNORED},
    {"rlimit-cpu", required_argument, NULL, OPT_IGNORED},
    {"rlimit-fsize", required_argument, NULL, OPT_IGNORED},
    {"rlimit-nproc", required_argument, NULL, OPT_IGNORED},
    {"rlimit-stack", required_argument, NULL, OPT_IGNORED},
    {"save-uprobes", no_argument, NULL, OPT_IGNORED},
    {"sign-module", optional_argument, NULL, OPT_IGNORED},
    {"suppress-compile-errors", no_argument, NULL, OPT_IGNORED},
    {"sysenv", required_argument, NULL, OPT_IGNORED},
    {"sysroot", required_argument, NULL, OPT_IGNORED},
    {"target-namespaces", required_argument, NULL, OPT_NAMESPACES},
    {"tmpdir", required_argument, NULL, OPT_IGNORED},
    {"trust-servers", optional_argument, NULL, OPT_IGNORED},
    {"use-http-server", required_argument, NULL, OPT_IGNORED},
    {"use-server", optional_argument, NULL, OPT_IGNORED},
    {"use-server-on-error", optional_argument, NULL, OPT_IGNORED},
    {"verbose-traceback", no_argument, NULL, OPT_IGNORED},
    {0},
};

void options_version(void)
{
    printf("Systemtap translator/driver (version %s, stap %s for eBPF)\n"
           "Speaks the language of SystemTap %s; compiles to eBPF.\n"
           "Free software under the GNU GPL, version 2 or later; no warranty.\n",
           SYSTEMTAP_VERSION, STAP_VERSION, SYSTEMTAP_VERSION);
}

void options_help(const char *tapset_dir)
{
    options_version();
    printf(
        "\n"
        "Usage: stap [options] FILE [arguments]   run the script in FILE\n"
        "   or: stap [options] - [arguments]      … from standard input\n"
        "   or: stap [options] -e SCRIPT [arguments]\n"
        "   or: stap [options] -l PROBE           list probe points (-L: and their variables)\n"
        "   or: stap [options] --dump-probe-types | --dump-probe-aliases | --dump-functions\n"
        "\n"
        "Script and session\n"
        "  -e SCRIPT   the script's text\n"
        "  -E SCRIPT   one more script beside the main one\n"
        "  -c CMD      run CMD when all probes are in place; the session ends with it\n"
        "  -x PID      what target() says\n"
        "  -o FILE     write the script's output there (strftime's %% conversions)\n"
        "  -s MB       the size of the output buffer (1 MB); of a recorder, what it keeps\n"
        "  -S SIZE[,N] with -o: files FILE.0, FILE.1, … of SIZE MB each; the last N are kept\n"
        "  -F          go on in the background; with -o it prints the process's number,\n"
        "              without, the newest output is kept in memory (-s MB, otherwise 16)\n"
        "  -A NAME     print what such a recorder keeps, and go on; an interrupt ends it\n"
        "  --target-namespaces=PID     ns_pid() and its kin: as in the namespaces of this process\n"
        "  -T SECONDS  end the session after that time\n"
        "  -G VAR=VAL  set a global variable of the script\n"
        "  -D NAME=VAL set a limit: MAXACTION, MAXSTRINGLEN, MAXMAPENTRIES, MAXERRORS …\n"
        "  -I DIR      one more folder of library scripts%s%s\n"
        "  -g          guru mode: what could harm the system is allowed\n"
        "  --skip-badvars              unknown context variables read as 0\n"
        "  --suppress-handler-errors   errors end their handler quietly\n"
        "  --         what follows belongs to the script\n"
        "\n"
        "Translator\n"
        "  -p NUM      stop after pass NUM: 1 parse, 2 elaborate, 3 translate, 4 generate, 5 run\n"
        "              (1 to 3 print what the pass made; 4 writes a file for staprun, by the name\n"
        "              of -o FILE or -m NAME, and prints that)\n"
        "  --dump-bpf  print the eBPF instructions\n"
        "  -u          keep code that has no effect\n"
        "  --runtime=bpf, --bpf        the only runtime\n"
        "  --compatible=VERSION        what systemtap_v says in %%( … %%)\n"
        "\n"
        "Messages\n"
        "  -v          more of them; --vp N…: by pass\n"
        "  -t          at the end, how often each handler ran, and how long\n"
        "  -w, -W      no warnings; warnings are errors\n"
        "  --color[=auto|always|never]\n"
        "  -h, --help; -V, --version\n"
        "\n"
        "Taken without effect: -a -b -B -d -k -M -P -q -r -R, --ldd,\n"
        "--all-modules, --use-server and others of SystemTap.\n",
        tapset_dir ? ", besides\n              " : "", tapset_dir ? tapset_dir : "");
}

/* ---- values ---- */

static bool bad(const char *fmt, const char *what)
{
    plain_print(stderr, fmt, what);
    fputc('\n', stderr);
    return false;
}

/* NAME=VALUE, or NAME alone when `value_optional`. */
static bool name_value(struct arena *a, const char *text, bool value_optional, const char **name,
                       const char **value)
{
    size_t n = 0;
    while (isalnum((unsigned char)text[n]) || text[n] == '_')
        n++;
    if (n == 0 || isdigit((unsigned char)*text) || (text[n] && text[n] != '='))
        return false;
    if (!text[n] && !value_optional)
        return false;
    *name = arena_strndup(a, text, n);
    *value = text[n] ? text + n + 1 : "";
    return true;
}

static bool parse_vp(struct session *s, const char *text)
{
    for (size_t i = 0; text[i]; i++) {
        if (!isdigit((unsigned char)text[i]))
            return bad("Invalid --vp %s: a digit for each pass is needed.", text);
        if (i < 5)
            s->pass_verbose[i] += text[i] - '0';
    }
    return true;
}

static bool parse_pid(struct session *s, const char *text)
{
    if (!value_pid(text, &s->target_pid))
        return bad("Invalid target process ID number: -x %s", text);
    s->parse.target_pid = s->target_pid;
    return true;
}

static bool parse_timeout(struct session *s, const char *text)
{
    char *end;
    double t = strtod(text, &end);
    if (end == text || *end || !(t > 0) || t > 1e9)
        return bad("Invalid timeout interval: -T %s", text);
    s->timeout_s = t;
    return true;
}

static bool parse_runtime(const char *text)
{
    if (strcmp(text, "bpf") == 0)
        return true;
    return bad("The runtime '%s' is not part of this stap: it runs scripts as eBPF.", text);
}

static bool parse_color(struct session *s, const char *text)
{
    if (value_color(text ? text : "always", &s->diag.color))
        return true;
    return bad("Invalid argument '%s' of --color: always, auto or never is needed.", text);
}

static bool define(struct session *s, const char *text)
{
    struct define d;
    if (!name_value(s->arena, text, true, &d.name, &d.value))
        return bad("Invalid -D '%s': NAME or NAME=VALUE is needed.", text);
    vec_push(s->arena, &s->defines, d);
    return true;
}

static bool initialise(struct session *s, const char *text)
{
    struct global_init g;
    if (!name_value(s->arena, text, false, &g.name, &g.value))
        return bad("Invalid -G '%s': VARIABLE=VALUE is needed.", text);
    vec_push(s->arena, &s->inits, g);
    return true;
}

static bool parse_sizes(struct session *s, const char *arg)
{
    if (value_sizes(arg, &s->output_size, &s->output_files))
        return true;
    return bad("Invalid -S %s: SIZE[,N] is needed, megabytes of a file and how many are kept.",
               arg);
}

/* -m NAME; an ending that names the kind of file may be there. */
static bool parse_image_name(struct session *s, const char *arg)
{
    size_t n = strlen(arg);
    static const char *const endings[] = {".stapo", ".ko"};
    for (size_t i = 0; i < 2; i++) {
        size_t k = strlen(endings[i]);
        if (n > k && strcmp(arg + n - k, endings[i]) == 0)
            n -= k;
    }
    bool ok = n > 0 && n < 128;
    for (size_t i = 0; i < n; i++)
        ok &= isalnum((unsigned char)arg[i]) || arg[i] == '_' || (arg[i] == '-' && i);
    if (!ok)
        return bad("Invalid -m '%s': a name of letters, digits, _ and - is needed.", arg);
    s->image_name = arena_strndup(s->arena, arg, n);
    return true;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What is done instead of running a script: one thing. */
static void choose(struct options *o, enum action a)
{
    o->choices++;
    o->action = a;
}

static bool one(struct session *s, struct options *o, int c, const char *arg)
{
    long n;
    switch (c) {
    case 'h':
        o->action = ACT_HELP;
        return true;
    case 'V':
        o->action = ACT_VERSION;
        return true;
    case 'v':
        s->verbose++;
        return true;
    case 'p':
        if (!value_number(arg, 1, 5, &n))
            return bad("Invalid pass number -p %s (should be 1-5).", arg);
        s->last_pass = (int)n;
        return true;
    case 'I':
        vec_push(s->arena, &s->include_dirs, arg);
        return true;
    case 'e':
        if (o->script)
            return bad("%s", "Only one script can be given by -e: use -E for others.");
        o->script = arg;
        return true;
    case 'E':
        vec_push(s->arena, &o->additional, arg);
        return true;
    case 'o':
        s->output = arg;
        return true;
    case 'S':
        return parse_sizes(s, arg);
    case 's':
        if (!value_number(arg, 1, 4095, &n))
            return bad("Invalid buffer size -s %s (1 to 4095 MB).", arg);
        s->buffer_mb = (uint32_t)n;
        return true;
    case 'F':
        s->recorder = true;
        return true;
    case 't':
        s->timing = true;
        return true;
    case 'A':
        choose(o, ACT_ATTACH);
        o->list = arg;
        return true;
    case 'm':
        return parse_image_name(s, arg);
    case 'g':
        s->guru = s->parse.guru = true;
        return true;
    case 'c':
        s->command = arg;
        return true;
    case 'x':
        return parse_pid(s, arg);
    case 'D':
        return define(s, arg);
    case 'G':
        return initialise(s, arg);
    case 'T':
        return parse_timeout(s, arg);
    case 'u':
        s->unoptimized = true;
        return true;
    case 'w':
        s->diag.suppress_warnings = true;
        return true;
    case 'W':
        s->diag.warnings_are_errors = true;
        return true;
    case 'i':
        return bad("%s", "Building a script interactively (-i) is not part of this stap.");
    case 'l':
    case 'L':
        choose(o, c == 'l' ? ACT_LIST : ACT_LIST_VARS);
        o->list = arg;
        return true;
    case OPT_NAMESPACES:
        return value_namespaces(arg, &s->namespaces_pid) ||
               bad("Invalid --target-namespaces=%s: the number of a process is needed.", arg);
    case OPT_VP:
        return parse_vp(s, arg);
    case OPT_RUNTIME:
        return parse_runtime(arg);
    case OPT_DYNINST:
        return parse_runtime("dyninst");
    case OPT_REMOTE:
        return bad("Remote hosts (--remote=%s) are not part of this stap.", arg);
    case OPT_COMPATIBLE:
        if (strverscmp(arg, SYSTEMTAP_VERSION) > 0)
            return bad("ERROR: systemtap version " SYSTEMTAP_VERSION
                       " cannot be compatible with future version %s",
                       arg);
        s->parse.systemtap_v = arg;
        return true;
    case OPT_PRIVILEGE:
        if (strcmp(arg, "stapdev") && strcmp(arg, "stapsys") && strcmp(arg, "stapusr"))
            return bad("Invalid --privilege '%s': stapdev, stapsys or stapusr is needed.", arg);
        s->parse.privilege = arg;
        return true;
    case OPT_UNPRIVILEGED:
        s->parse.privilege = "stapusr";
        return true;
    case OPT_SKIP_BADVARS:
        s->skip_badvars = true;
        return true;
    case OPT_SUPPRESS_ERRORS:
        s->suppress_handler_errors = true;
        return true;
    case OPT_SUPPRESS_LIMITS:
        o->no_time_limits = true;
        return define(s, "MAXACTION=1000000000") && define(s, "MAXTRYLOCK=1000000");
    case OPT_COLOR:
        return parse_color(s, arg);
    case OPT_DUMP_BPF:
        s->dump_bpf = true;
        return true;
    case OPT_DUMP_TYPES:
        choose(o, ACT_DUMP_TYPES);
        return true;
    case OPT_DUMP_ALIASES:
        choose(o, ACT_DUMP_ALIASES);
        return true;
    case OPT_DUMP_FUNCTIONS:
        choose(o, ACT_DUMP_FUNCTIONS);
        return true;
    case OPT_CLEAN_CACHE:
        o->action = ACT_NOTHING;
        return true;
    case OPT_WRITE_INDEX:
        o->action = ACT_WRITE_INDEX;
        o->list = arg;
        return true;
    case '?':
        return bad("%s", "Try 'stap --help'.");
    default: /* without a meaning here */
        return true;
    }
}

/* What is left: the script's file, unless -e gave it, and the script's arguments. */
static bool rest(struct session *s, struct options *o, int argc, char **argv)
{
    int at = optind;
    if (o->choices > 1)
        return bad("%s", "Only one of -l, -L, -A and the --dump- options can be given.");
    if (o->choices && (o->script || o->additional.n))
        return bad("%s", "-l, -L, -A and the --dump- options take no script.");
    if (o->choices && at < argc)
        return bad("'%s' is too much: -l, -L, -A and the --dump- options take no script.",
                   argv[at]);
    if (o->action == ACT_RUN && !o->script && at < argc)
        o->file = argv[at++];
    if (o->action == ACT_RUN && !o->script && !o->file && !o->additional.n) {
        fputs("A script must be specified: a file, or its text with -e.\n"
              "Try 'stap --help'.\n",
              stderr);
        return false;
    }
    s->parse.args = (const char *const *)argv + at;
    s->parse.nargs = (size_t)(argc - at);
    s->parse.args_used = arena_new_array(s->arena, bool, s->parse.nargs + 1);
    return true;
}

bool options_parse(struct session *s, struct options *o, int argc, char **argv)
{
    int c;
    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1)
        if (!one(s, o, c, optarg))
            return false;
    vec_for (i, s->include_dirs)
        if (!is_folder(s->include_dirs.v[i]))
            diag_warning(&s->diag, NULL, "-I %s: there is no such folder", s->include_dirs.v[i]);
    s->module_name = s->image_name;
    if (!s->module_name)
        s->module_name = s->portable ? "stap" : arena_printf(s->arena, "stap_%d", (int)getpid());
    if (s->dump_bpf && s->last_pass == 0)
        s->last_pass = 4;
    if (s->last_pass == 0)
        s->last_pass = 5;
    s->portable = s->last_pass == 4 && !s->dump_bpf;
    if (s->portable && s->output && s->image_name)
        return bad("%s", "-o and -m both name the file of -p4: give one of them.");
    if (s->output_size && !s->output)
        return bad("%s", "-S needs a file: -o FILE.");
    if (o->no_time_limits && !s->guru)
        return bad("%s", "ERROR --suppress-time-limits requires guru mode (-g)");
    if (s->command && !s->command[strspn(s->command, " \t")])
        return bad("%s", "-c needs a command.");
    if (s->command && s->target_pid)
        return bad("%s", "-c and -x cannot be given together.");
    return rest(s, o, argc, argv);
}
