// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists what eBPF objects the kernel holds, one "prog ID", "map ID" or "link ID"
 * a line, so that a test can see what a session left behind. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int list(const char *what, int cmd)
{
    union bpf_attr attr;
    unsigned id = 0;
    for (;;) {
        memset(&attr, 0, sizeof attr);
        attr.start_id = id;
        if (syscall(SYS_bpf, cmd, &attr, sizeof attr) != 0)
            break;
        id = attr.next_id;
        printf("%s %u\n", what, id);
    }
    if (errno == ENOENT)
        return 0;
    fprintf(stderr, "bpfcount: %ss: %s\n", what, strerror(errno));
    return 1;
}

int main(void)
{
    return list("prog", BPF_PROG_GET_NEXT_ID) | list("map", BPF_MAP_GET_NEXT_ID) |
           list("link", BPF_LINK_GET_NEXT_ID);
}
