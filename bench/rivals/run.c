// SPDX-License-Identifier: GPL-2.0-or-later
/* run OBJECT PROGRAM: attaches one program of events.bpf.c, says "ready", and
 * stays until it is killed; records of `print` are printed to standard output. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct record {
    unsigned long long pid, id;
    char name[16];
};

static volatile sig_atomic_t over;

static void end(int sig)
{
    (void)sig;
    over = 1;
}

static int print(void *ctx, void *data, size_t size)
{
    const struct record *r = data;
    (void)ctx;
    (void)size;
    printf("%llu %s %llu\n", r->pid, r->name, r->id);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct bpf_object *o = bpf_object__open(argv[1]);
    if (!o)
        return 1;
    struct bpf_program *p;
    bpf_object__for_each_program(p, o)
        bpf_program__set_autoload(p, strcmp(bpf_program__name(p), argv[2]) == 0);
    if (bpf_object__load(o))
        return 1;
    p = bpf_object__find_program_by_name(o, argv[2]);
    if (!p || !bpf_program__attach(p))
        return 1;
    signal(SIGINT, end);
    signal(SIGTERM, end);
    fprintf(stderr, "ready\n");
    struct ring_buffer *ring =
        ring_buffer__new(bpf_object__find_map_fd_by_name(o, "ring"), print, NULL, NULL);
    while (!over)
        ring_buffer__poll(ring, 100);
    return 0;
}
