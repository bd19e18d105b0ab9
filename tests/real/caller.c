// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes a known sequence of system calls and nothing else after its first
 * marker, the close of descriptor -77; a last marker, the close of -78, ends it.
 *   caller FILE...     each FILE is opened read-only by openat and closed again
 *   caller -n N        N times close(-5), read(-6), kill(own pid, 0) */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    syscall(SYS_close, -77);
    if (argc == 3 && strcmp(argv[1], "-n") == 0) {
        long n = atol(argv[2]), self = getpid();
        char buf[8];
        for (long i = 0; i < n; i++) {
            syscall(SYS_close, -5);
            syscall(SYS_read, -6, buf, sizeof buf);
            syscall(SYS_kill, self, 0);
        }
    } else {
        for (int i = 1; i < argc; i++) {
            long fd = syscall(SYS_openat, AT_FDCWD, argv[i], O_RDONLY);
            if (fd >= 0)
                syscall(SYS_close, fd);
        }
    }
    syscall(SYS_close, -78);
    return 0;
}
