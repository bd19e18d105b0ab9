/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flight recorder (-F): the session goes on in the background.  With -o it writes to files;
 * without, it keeps the newest output in memory, and `stap -A NAME` reads it: through a socket
 * in RUN_DIR (or that of a user), whose name tells the recorder's process.
 *
 * A reader gets what is kept, then what comes; a byte from it ends the session. */
#include "run/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_DIR "/run/stap"

/* Users have a folder of their own. */
static const char *run_dir(void)
{
    static char own[sizeof((struct sockaddr_un *)0)->sun_path];
    const char *base = getuid() ? getenv("XDG_RUNTIME_DIR") : NULL;
    if (!base || *base != '/' || (size_t)snprintf(own, sizeof own, "%s/stap", base) >= sizeof own)
        return RUN_DIR;
    return own;
}

static bool address_of(const char *name, struct sockaddr_un *to)
{
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(to->sun_path, sizeof to->sun_path, "%s/%s", run_dir(), name);
    return *name && !strchr(name, '/') && n > 0 && (size_t)n < sizeof to->sun_path;
}

/* ---- going to the background ---- */

/* The parent stays until the session runs, and says what the session said until then. */
static int stay(pid_t child, int ready, const struct session *s)
{
    char ok = 0;
    int status = 0;
    ssize_t n;
    while ((n = read(ready, &ok, 1)) < 0 && errno == EINTR)
        ;
    if (n != 1) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    if (s->output)
        printf("%d\n", (int)child);
    else
        printf("The recorder runs.  To read it: \"stap -A stap_%d\".\n", (int)child);
    fflush(stdout);
    return 0;
}

int recorder_fork(struct session *s, int *ready)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        diag_error(&s->diag, "cannot go to the background (-F): %s", strerror(errno));
        return 1;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        diag_error(&s->diag, "cannot go to the background (-F): %s", strerror(errno));
        return 1;
    }
    if (child) {
        close(ends[1]);
        /* Not through exit(): what is open belongs to the child as well. */
        int rc = stay(child, ends[0], s);
        _exit(rc);
    }
    close(ends[0]);
    setsid();
    *ready = ends[1];
    return -1;
}

void recorder_running(struct session *s, int ready)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), err = -1;
    /* What is still to be said stands beside the output. */
    if (s->output) {
        char *name = NULL;
        if (asprintf(&name, "%s.err", s->output) > 0)
            err = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
        free(name);
    }
    fflush(stderr);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(err >= 0 ? err : null, STDERR_FILENO);
        close(null);
    }
    if (err >= 0)
        close(err);
    char ok = 1;
    if (write(ready, &ok, 1) != 1)
        err = -1;
    close(ready);
}

void recorder_over(const struct session *s)
{
    struct stat st;
    char *name = NULL;
    fflush(stderr);
    if (s->recorder && s->output && asprintf(&name, "%s.err", s->output) > 0 &&
        fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
        unlink(name);
    free(name);
}

/* ---- in memory ---- */

bool recorder_listen(struct recorder *r, struct session *s, size_t room)
{
    struct sockaddr_un at;
    char name[32];
    *r = (struct recorder){.listener = -1, .reader = -1, .room = room};
    snprintf(name, sizeof name, "stap_%d", (int)getpid());
    mkdir(run_dir(), 0700);
    r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (!address_of(name, &at) || r->listener < 0) {
        diag_error(&s->diag, "cannot make a socket for the recorder: %s", strerror(errno));
        return false;
    }
    unlink(at.sun_path);
    if (bind(r->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(r->listener, 4) != 0) {
        diag_error(&s->diag, "cannot make %s for the recorder: %s", at.sun_path, strerror(errno));
        return false;
    }
    return true;
}

/* The oldest lines make room. */
static void trim(struct recorder *r)
{
    if (r->kept.n <= r->room)
        return;
    size_t from = r->kept.n - r->room;
    const char *line = memchr(r->kept.p + from, '\n', r->kept.n - from);
    from = line ? (size_t)(line - r->kept.p) + 1 : from;
    r->dropped += from;
    memmove(r->kept.p, r->kept.p + from, r->kept.n - from);
    r->kept.n -= from;
}

static void leave(struct recorder *r)
{
    if (r->reader >= 0)
        close(r->reader);
    r->reader = -1;
}

/* To the reader as much as it takes; the rest is kept. */
static void hand_over(struct recorder *r)
{
    size_t done = 0;
    while (r->reader >= 0 && done < r->kept.n) {
        ssize_t n =
            send(r->reader, r->kept.p + done, r->kept.n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            leave(r);
    }
    memmove(r->kept.p, r->kept.p + done, r->kept.n - done);
    r->kept.n -= done;
}

void recorder_put(struct recorder *r, const char *text, size_t n)
{
    strbuf_add(&r->kept, text, n);
    hand_over(r);
    /* Not all at once: moving it costs as much as what is moved. */
    if (r->kept.n > r->room + r->room / 4)
        trim(r);
}

bool recorder_poll(struct recorder *r)
{
    if (r->listener < 0)
        return true;
    int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        leave(r);
        r->reader = fd;
        trim(r);
        if (r->dropped) {
            char note[80];
            int n =
                snprintf(note, sizeof note, "(%zu bytes before this were not kept)\n", r->dropped);
            if (send(fd, note, (size_t)n, MSG_NOSIGNAL) != n)
                leave(r);
            r->dropped = 0;
        }
    }
    char c;
    ssize_t n = r->reader >= 0 ? recv(r->reader, &c, 1, MSG_DONTWAIT) : -1;
    if (r->reader >= 0 && n == 0)
        leave(r);
    hand_over(r);
    return n != 1;
}

void recorder_close(struct recorder *r)
{
    struct sockaddr_un at;
    char name[32];
    if (r->listener < 0)
        return;
    /* The last words, for a reader that is there. */
    if (r->reader >= 0 && r->kept.n) {
        int flags = fcntl(r->reader, F_GETFL);
        fcntl(r->reader, F_SETFL, flags & ~O_NONBLOCK);
        struct timeval patience = {.tv_sec = 2};
        setsockopt(r->reader, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        size_t done = 0;
        ssize_t n = 1;
        while (done < r->kept.n && n > 0)
            if ((n = send(r->reader, r->kept.p + done, r->kept.n - done, MSG_NOSIGNAL)) > 0)
                done += (size_t)n;
    }
    leave(r);
    close(r->listener);
    r->listener = -1;
    snprintf(name, sizeof name, "stap_%d", (int)getpid());
    if (address_of(name, &at))
        unlink(at.sun_path);
    strbuf_free(&r->kept);
}

/* ---- the reader ---- */

static volatile sig_atomic_t ending;

static void on_signal(int sig)
{
    ending = sig;
}

int recorder_attach(const char *name)
{
    struct sockaddr_un at;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!address_of(name, &at) || fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        fprintf(stderr, "There is no recorder '%s' here: \"ls %s\" names those that run.\n", name,
                run_dir());
        if (fd >= 0)
            close(fd);
        return 1;
    }
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGQUIT, &sa, NULL);
    static char buf[1 << 16];
    int rc = 0;
    bool asked = false;
    for (;;) {
        /* An interrupt ends the session; SIGQUIT only this reader. */
        if (ending == SIGQUIT)
            break;
        if (ending && !asked && (asked = true) && send(fd, "q", 1, MSG_NOSIGNAL) != 1)
            break;
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || fwrite(buf, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout) != 0) {
            fprintf(stderr, "Reading from '%s' ended: %s\n", name, strerror(errno));
            rc = 1;
            break;
        }
    }
    close(fd);
    return rc;
}
