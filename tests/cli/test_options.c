/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */
#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/check.h"

static struct session s;
static struct options o;

/* Parses the words of `line`, which ends with NULL. */
static bool parse(char *first, ...)
{
    char *argv[64] = {"stap", first};
    int argc = first ? 2 : 1;
    va_list ap;
    va_start(ap, first);
    while (first && argc < 63 && (argv[argc] = va_arg(ap, char *)))
        argc++;
    va_end(ap);
    if (s.arena)
        arena_free(s.arena);
    memset(&s, 0, sizeof s);
    memset(&o, 0, sizeof o);
    s.arena = arena_new();
    optind = 0;
    /* argv of main outlives the session: so must this. */
    char **copy = arena_new_array(s.arena, char *, argc + 1);
    memcpy(copy, argv, sizeof *argv * (size_t)argc);
    return options_parse(&s, &o, argc, copy);
}

static void accepted(void)
{
    CHECK(parse("-v", "-vv", "--vp", "0102", "x.stp", "one", "two", NULL));
    CHECK(s.verbose == 3 && s.pass_verbose[1] == 1 && s.pass_verbose[3] == 2);
    CHECK_STR(o.file, "x.stp");
    CHECK(s.parse.nargs == 2 && strcmp(s.parse.args[1], "two") == 0);
    CHECK(s.last_pass == 5 && o.action == ACT_RUN);

    CHECK(parse("-e", "probe begin {}", "-E", "probe end {}", "--", "-x", "5", NULL));
    CHECK_STR(o.script, "probe begin {}");
    CHECK(!o.file && o.additional.n == 1 && s.parse.nargs == 2 && s.target_pid == 0);
    CHECK_STR(s.parse.args[0], "-x");

    CHECK(parse("-DMAXACTION=5", "-D", "PLAIN", "-G", "a=b=c", "-I", "/lib", "-p3", "-", NULL));
    CHECK(s.defines.n == 2 && s.inits.n == 1 && s.include_dirs.n == 1 && s.last_pass == 3);
    CHECK_STR(s.defines.v[0].name, "MAXACTION");
    CHECK_STR(s.defines.v[0].value, "5");
    CHECK_STR(s.defines.v[1].value, "");
    CHECK_STR(s.inits.v[0].value, "b=c");
    CHECK_STR(o.file, "-");

    CHECK(parse("-x", "12", "-T", "1.5", "-o", "out", "-gwu", "f", NULL));
    CHECK(s.target_pid == 12 && s.timeout_s == 1.5 && s.guru && s.parse.guru && s.unoptimized);
    CHECK(s.diag.suppress_warnings);
    CHECK(parse("-c", "ls -l", "--suppress-handler-errors", "--skip-badvars", "f", NULL));
    CHECK_STR(s.command, "ls -l");
    CHECK(s.suppress_handler_errors && s.skip_badvars);

    CHECK(parse("-R", "/r", "-B", "X=y", "-a", "arm64", "-b", "-d", "/bin/sh", "-k", "-s", "4",
                "-t", "-m", "name", "-q", "-o", "f", "-S", "1,2", "-F", "-r", "6.1", "--ldd",
                "--all-modules", "--check-version", "--prologue-searching=always", "--rlimit-cpu=5",
                "--sysroot=/x", "--sysenv=A=b", "--tmpdir=/tmp", "--download-debuginfo=yes",
                "--use-server=x", "--poison-cache", "--disable-cache", "--bpf", "--runtime=bpf",
                "--compatible=4.8", "--privilege=stapdev", "f.stp", NULL));
    CHECK_STR(o.file, "f.stp");
    CHECK_STR(s.parse.systemtap_v, "4.8");

    CHECK(parse("--help", NULL) && o.action == ACT_HELP);
    CHECK(parse("-V", NULL) && o.action == ACT_VERSION);
    CHECK(parse("-L", "syscall.*", NULL) && o.action == ACT_LIST_VARS);
    CHECK(parse("--dump-bpf", "f", NULL) && s.last_pass == 4);
}

static void refused(void)
{
    CHECK(!parse(NULL));
    CHECK(!parse("--no-such-option", "f", NULL));
    CHECK(!parse("-p0", "f", NULL));
    CHECK(!parse("-p9", "f", NULL));
    CHECK(!parse("-p", "1x", "f", NULL));
    CHECK(!parse("-x", "notanumber", "f", NULL));
    CHECK(!parse("-x", "-4", "f", NULL));
    CHECK(!parse("-x", "1", "-c", "ls", "f", NULL));
    CHECK(!parse("-T", "soon", "f", NULL));
    CHECK(!parse("-T", "0", "f", NULL));
    CHECK(!parse("-D", "-e", "f", NULL));
    CHECK(!parse("-D", "1A=5", "f", NULL));
    CHECK(!parse("-G", "x", "f", NULL));
    CHECK(!parse("-G", "=5", "f", NULL));
    CHECK(!parse("--vp", "1a", "f", NULL));
    CHECK(!parse("--runtime=kernel", "f", NULL));
    CHECK(!parse("--runtime=dyninst", "f", NULL));
    CHECK(!parse("--dyninst", "f", NULL));
    CHECK(!parse("--privilege=king", "f", NULL));
    CHECK(!parse("--color=red", "f", NULL));
    CHECK(!parse("-e", "a", "-e", "b", NULL));
    CHECK(!parse("-i", NULL));
}

int main(void)
{
    accepted();
    /* Messages of what is refused are not the test's. */
    fflush(stderr);
    int saved = dup(2), null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    refused();
    dup2(saved, 2);
    arena_free(s.arena);
    return check_report();
}
