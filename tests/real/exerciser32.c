// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls of a 32-bit program, without a C library: gcc -m32 -nostdlib -static.
 * tests/real/syscalls.sh knows what they are to look like. */
static char text[64] = "/nonexistent", data[64] = "one";
static int timespec[2] = {1, 500}, iov[2], in[4] = {0x50000002, 0x0100007f, 0, 0};
static long long set = 2;

static int call(int n, int a, int b, int c, int d, int e, int f)
{
    int r;
    asm volatile("push %%ebp\n\tmov %7, %%ebp\n\tint $0x80\n\tpop %%ebp"
                 : "=a"(r)
                 : "0"(n), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "m"(f)
                 : "memory");
    return r;
}

__attribute__((force_align_arg_pointer)) void _start(void)
{
    iov[0] = (int)data;
    iov[1] = 3;
    call(6, -77, 0, 0, 0, 0, 0);              /* close */
    call(5, (int)text, 0x8000, 0, 0, 0, 0);   /* open */
    call(295, -100, (int)text, 2, 0, 0, 0);   /* openat */
    call(4, -1, (int)data, 3, 0, 0, 0);       /* write */
    call(146, -1, (int)iov, 1, 0, 0, 0);      /* writev */
    call(180, -1, 0x10, 5, 7, 1, 0);          /* pread64: offset in two halves */
    call(192, 0, 0, 3, 0x22, -1, 0);          /* mmap2 */
    call(162, (int)timespec, -1, 0, 0, 0, 0); /* nanosleep */
    call(362, -1, (int)in, 16, 0, 0, 0);      /* connect */
    call(175, 0, (int)&set, 0, 9, 0, 0);      /* rt_sigprocmask */
    call(140, -1, 1, 2, 0x10, 1, 0);          /* _llseek */
    call(24, 0, 0, 0, 0, 0, 0);               /* getuid of 16 bits: not probed */
    call(199, 0, 0, 0, 0, 0, 0);              /* getuid32 */
    call(193, (int)text, 5, 1, 0, 0, 0);      /* truncate64 */
    call(7, -5, 0, 1, 0, 0, 0);               /* waitpid */
    call(240, 0x1, 1, 7, 0, 0, 0);            /* futex */
    call(6, -78, 0, 0, 0, 0, 0);
    call(1, 0, 0, 0, 0, 0, 0);
}
