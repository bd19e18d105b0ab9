/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -c COMMAND: forked early, so that target() is known, and held until all
 * probes are attached. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include "run/private.h"

/* The executable that execvp would find; NULL with errno set. */
static const char *find_program(struct arena *a, const char *name)
{
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? name : NULL;
    const char *path = getenv("PATH");
    for (const char *p = path ? path : "/usr/bin:/bin"; *p; p += *p == ':') {
        size_t n = strcspn(p, ":");
        const char *full = arena_printf(a, "%.*s%s%s", (int)n, p, n ? "/" : "", name);
        if (access(full, X_OK) == 0)
            return full;
        p += n;
    }
    errno = ENOENT;
    return NULL;
}

/* The words of the command; what is more than words is for the shell. */
static char **split(struct arena *a, const char *command)
{
    char **argv;
    wordexp_t we;
    /* $$ is the command's number, not ours. */
    int rc =
        strstr(command, "$$") ? WRDE_BADCHAR : wordexp(command, &we, WRDE_NOCMD | WRDE_SHOWERR);
    if (rc == 0 && we.we_wordc > 0) {
        argv = arena_new_array(a, char *, we.we_wordc + 1);
        for (size_t i = 0; i < we.we_wordc; i++)
            argv[i] = arena_strdup(a, we.we_wordv[i]);
        wordfree(&we);
        return argv;
    }
    argv = arena_new_array(a, char *, 4);
    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = arena_strdup(a, command);
    return argv;
}

static void run_command(int gate, int fault, const char *program, char **argv, bool same_layout)
{
    char c = 0;
    ssize_t n = write(fault, &c, 1);
    while (n == 1 && (n = read(gate, &c, 1)) < 0 && errno == EINTR)
        n = 1;
    if (n != 1)
        _exit(127); /* the session ended before it began */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (same_layout)
        personality(ADDR_NO_RANDOMIZE);
    execv(program, argv);
    int err = errno;
    n = write(fault, &err, sizeof err);
    _exit(127 + (n < 0));
}

bool child_start(struct child *c, struct session *s, bool same_layout)
{
    int gate[2], fault[2];
    c->pidfd = c->gate = c->fault = -1;
    char **argv = split(s->arena, s->command);
    const char *program = find_program(s->arena, argv[0]);
    if (!program) {
        diag_error(&s->diag, "cannot run '%s' (-c): %s", argv[0], strerror(errno));
        return false;
    }
    if (pipe2(gate, O_CLOEXEC) != 0 || pipe2(fault, O_CLOEXEC) != 0) {
        diag_error(&s->diag, "cannot make a pipe: %s", strerror(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid < 0) {
        diag_error(&s->diag, "cannot start '%s' (-c): %s", s->command, strerror(errno));
        return false;
    }
    if (pid == 0) {
        close(gate[1]);
        close(fault[0]);
        run_command(gate[0], fault[1], program, argv, same_layout);
    }
    close(gate[0]);
    close(fault[1]);
    c->pid = pid;
    c->gate = gate[1];
    c->fault = fault[0];
    /* Probes that are attached from here on must not see it come out of fork. */
    char started;
    while (read(c->fault, &started, 1) < 0 && errno == EINTR)
        ;
    c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (c->pidfd < 0) {
        diag_error(&s->diag, "cannot watch the process of -c: %s", strerror(errno));
        return false;
    }
    return true;
}

bool child_release(struct child *c, struct session *s)
{
    int err = 0;
    if (write(c->gate, "x", 1) != 1)
        err = errno;
    ssize_t n;
    /* Ends without data when the command was executed: the pipe closes itself. */
    while (!err && (n = read(c->fault, &err, sizeof err)) < 0 && errno == EINTR)
        ;
    close(c->gate);
    close(c->fault);
    c->gate = c->fault = -1;
    if (err) {
        diag_error(&s->diag, "cannot run '%s' (-c): %s", s->command, strerror(err));
        return false;
    }
    return true;
}

bool child_reap(struct child *c)
{
    if (c->pid && !c->ended)
        c->ended = waitpid(c->pid, &c->status, WNOHANG) == c->pid;
    return c->ended;
}

void child_stop(struct child *c)
{
    if (!c->pid)
        return;
    if (c->gate >= 0)
        close(c->gate);
    if (c->fault >= 0)
        close(c->fault);
    if (!child_reap(c))
        kill(c->pid, SIGTERM);
    if (c->pidfd >= 0)
        close(c->pidfd);
}

bool child_report(const struct child *c, struct session *s)
{
    if (!c->pid || !c->ended || c->status == 0)
        return true;
    if (WIFSIGNALED(c->status))
        diag_warning(&s->diag, NULL, "Child process exited with signal %d (%s)",
                     WTERMSIG(c->status), strsignal(WTERMSIG(c->status)));
    else
        diag_warning(&s->diag, NULL, "Child process exited with status %d", WEXITSTATUS(c->status));
    return false;
}

void child_start_shell(const char *command)
{
    pid_t pid = fork();
    if (pid == 0) {
        /* Not a child of the session: nobody would collect it. */
        if (fork() != 0)
            _exit(0);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}
