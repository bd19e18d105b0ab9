// SPDX-License-Identifier: GPL-2.0-or-later
/* Times one run of a command: prints "MICROSECONDS PEAK_KB".
 *   timing COMMAND...        start to exit
 *   timing -l COMMAND...     start to its first line of output, while a child of
 *                            ours opens a file every millisecond; then SIGINT
 * The peak is that of the process and of those that it waited for. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static pid_t start_opener(void)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (;;) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            close(fd);
        usleep(1000);
    }
}

int main(int argc, char **argv)
{
    int line = argc > 1 && strcmp(argv[1], "-l") == 0;
    if (argc < 2 + line) {
        fprintf(stderr, "usage: timing [-l] COMMAND...\n");
        return 2;
    }
    int fds[2];
    pid_t opener = -1;
    if (line && ((opener = start_opener()) < 0 || pipe2(fds, O_CLOEXEC) != 0)) {
        perror("timing");
        return 2;
    }
    long long start = now_us(), end = 0;
    pid_t pid = fork();
    if (pid < 0) {
        perror("timing: fork");
        return 2;
    }
    if (pid == 0) {
        int out = line ? fds[1] : open("/dev/null", O_WRONLY);
        dup2(out, 1);
        execvp(argv[1 + line], argv + 1 + line);
        perror(argv[1 + line]);
        _exit(127);
    }
    if (line) {
        close(fds[1]);
        /* bpftrace says "Attaching N probes..." before: not what is waited for. */
        FILE *f = fdopen(fds[0], "r");
        char *text = NULL;
        size_t cap = 0;
        while (f && getline(&text, &cap, f) > 0) {
            if (!end && strstr(text, " open (")) {
                end = now_us();
                kill(pid, SIGINT);
            }
        }
        free(text);
        if (f)
            fclose(f);
    }
    int status;
    struct rusage ru;
    if (wait4(pid, &status, 0, &ru) != pid) {
        perror("timing: wait4");
        return 2;
    }
    if (!end && !line)
        end = now_us();
    if (opener > 0) {
        kill(opener, SIGKILL);
        waitpid(opener, NULL, 0);
    }
    if (!end || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "timing: %s failed (status %#x)\n", argv[1 + line], status);
        return 1;
    }
    printf("%lld %ld\n", end - start, ru.ru_maxrss);
    return 0;
}
