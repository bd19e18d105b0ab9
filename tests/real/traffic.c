/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic whose amount is known, for the tests of the network.
 *   traffic tcp|udp   ADDRESS PORT N BYTES    receiver and sender, in two processes
 *   traffic serve     ADDRESS PORT N          accepts N connections, reads each to its end
 *   traffic send      ADDRESS PORT N BYTES    N connections of BYTES each
 *   traffic udpsend   ADDRESS PORT N BYTES    N packets */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in at;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listening(int type)
{
    int fd = socket(AF_INET, type, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) ||
        (type == SOCK_STREAM && listen(fd, 64)))
        die("listen");
    return fd;
}

static void serve(int fd, int n)
{
    static char buf[65536];
    while (n--) {
        int c = accept(fd, NULL, NULL);
        if (c < 0)
            die("accept");
        while (read(c, buf, sizeof buf) > 0)
            ;
        close(c);
    }
}

static void send_tcp(int n, size_t bytes)
{
    char *buf = calloc(1, bytes + 1);
    while (n--) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&at, sizeof at))
            die("connect");
        if (send(fd, buf, bytes, 0) != (ssize_t)bytes)
            die("send");
        close(fd);
    }
    free(buf);
}

static void send_udp(int n, size_t bytes)
{
    char *buf = calloc(1, bytes + 1);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    while (n--)
        if (sendto(fd, buf, bytes, 0, (struct sockaddr *)&at, sizeof at) != (ssize_t)bytes)
            die("sendto");
    close(fd);
    free(buf);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    int n = atoi(argv[4]), status = 0;
    size_t bytes = argc > 5 ? (size_t)atol(argv[5]) : 0;
    at.sin_family = AF_INET;
    at.sin_port = htons((uint16_t)atoi(argv[3]));
    if (inet_pton(AF_INET, argv[2], &at.sin_addr) != 1)
        return 2;
    if (strcmp(argv[1], "serve") == 0) {
        serve(listening(SOCK_STREAM), n);
    } else if (strcmp(argv[1], "send") == 0) {
        send_tcp(n, bytes);
    } else if (strcmp(argv[1], "udpsend") == 0) {
        send_udp(n, bytes);
    } else if (strcmp(argv[1], "tcp") == 0) {
        int fd = listening(SOCK_STREAM);
        if (fork() == 0) {
            close(fd);
            send_tcp(n, bytes);
            return 0;
        }
        serve(fd, n);
        wait(&status);
    } else if (strcmp(argv[1], "udp") == 0) {
        static char buf[65536];
        int fd = listening(SOCK_DGRAM);
        if (fork() == 0) {
            send_udp(n, bytes);
            return 0;
        }
        while (n--)
            if (recv(fd, buf, sizeof buf, 0) < 0)
                die("recv");
        wait(&status);
    } else {
        return 2;
    }
    return status != 0;
}
