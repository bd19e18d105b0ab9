// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes system calls with known arguments and tells what a tracer is to show.
 *   exerciser ENTRIES RETURNS    writes NAME(ARGUMENTS) to the one file, NAME = RESULT to the
 *                                other, a line for each call between close(-77) and close(-78)
 * Nearly all of them fail, or change nothing: descriptors are -1, files do not exist. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* All that the calls point to, in memory that is there. */
static struct {
    char buf[256], text[256], path[64], long_text[256];
    struct timespec ts[2];
    struct timeval tv[2];
    struct itimerspec its;
    struct itimerval itv;
    struct iovec iov[3];
    struct pollfd pfd[3];
    struct epoll_event ev;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct rlimit rlim;
    struct sembuf sops[2];
    struct msghdr msg;
    struct sigevent sev;
    struct flock lock;
    struct sched_param param;
    stack_t stack;
    fd_set fds;
    unsigned long mask[2], how[3];
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } act;
    struct {
        unsigned version;
        int pid;
    } caphdr;
    unsigned capdata[6], attr[12];
    gid_t gids[4];
    long off;
    int number;
    char *argv[3], *envp[3];
} m;

static FILE *entries, *returns;
static char *line;
static unsigned row;
static long pid;

__attribute__((format(printf, 1, 2))) static void want(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&line, fmt, ap) < 0)
        exit(2);
    va_end(ap);
}

static void made(const char *name, long r)
{
    int err = errno;
    fprintf(entries, "%s(%s)\n", name, line);
    if (r == -1 && err)
        fprintf(returns, "%s = -%d (%s)\n", name, err, strerrorname_np(err));
    else
        fprintf(returns, "%s = %ld\n", name, r);
    free(line);
    row++;
}

/* The name and the arguments to be shown; the call. */
#define T(name, shown, ...)                                                                        \
    do {                                                                                           \
        want shown;                                                                                \
        errno = 0;                                                                                 \
        made(name, syscall(__VA_ARGS__));                                                          \
    } while (0)
#define NO "/nonexistent"
#define QNO "\"/nonexistent\""

static void prepare(void)
{
    memset(m.long_text, 'a', 200);
    strcpy(m.text, "one\ttwo\n");
    strcpy(m.path, "/nonexistent/path with \"quotes\"");
    m.ts[0] = (struct timespec){1, 500000000};
    m.ts[1] = (struct timespec){2, 7};
    m.tv[0] = (struct timeval){3, 250000};
    m.tv[1] = (struct timeval){4, 8};
    m.its = (struct itimerspec){{0, 1}, {5, 6}};
    m.itv = (struct itimerval){{0, 0}, {0, 0}};
    m.iov[0] = (struct iovec){m.text, 3};
    m.iov[1] = (struct iovec){m.long_text, 200};
    m.iov[2] = (struct iovec){m.text, 1};
    m.pfd[0] = (struct pollfd){-1, POLLIN, 0};
    m.pfd[1] = (struct pollfd){-2, POLLOUT | POLLPRI, 0};
    m.pfd[2] = (struct pollfd){-3, 0, 0};
    m.ev.events = EPOLLIN | EPOLLET;
    m.ev.data.u64 = 0x1234;
    m.in = (struct sockaddr_in){AF_INET, htons(80), {htonl(0x7f000001)}, {0}};
    m.in6.sin6_family = AF_INET6;
    m.in6.sin6_port = htons(443);
    m.in6.sin6_addr.s6_addr[15] = 1;
    m.un.sun_family = AF_UNIX;
    strcpy(m.un.sun_path, "/tmp/none");
    m.rlim = (struct rlimit){4096, RLIM_INFINITY};
    m.sops[0] = (struct sembuf){0, -1, IPC_NOWAIT};
    m.sops[1] = (struct sembuf){1, 2, SEM_UNDO | IPC_NOWAIT};
    m.msg = (struct msghdr){&m.in, sizeof m.in, m.iov, 1, NULL, 0, 0};
    m.sev.sigev_signo = SIGUSR1;
    m.lock = (struct flock){F_WRLCK, SEEK_SET, 10, 20, 0};
    m.param.sched_priority = 7;
    m.stack.ss_flags = SS_DISABLE;
    FD_SET(3, &m.fds);
    FD_SET(5, &m.fds);
    m.mask[0] = 1ul << (SIGINT - 1) | 1ul << (SIGTERM - 1);
    m.how[0] = O_WRONLY | O_CREAT;
    m.how[1] = 0644;
    m.act.handler = SIG_IGN;
    m.act.flags = SA_RESTART;
    m.act.mask = 1ul << (SIGHUP - 1);
    m.caphdr.version = _LINUX_CAPABILITY_VERSION_3;
    m.caphdr.pid = -1;
    m.capdata[0] = 1;
    m.gids[0] = 10;
    m.gids[1] = 20;
    m.off = 77;
    m.number = 1;
    m.argv[0] = m.text;
    m.argv[1] = m.path;
    m.envp[0] = m.text;
}

static void files(void)
{
    T("open", (QNO ", O_RDONLY"), SYS_open, NO, O_RDONLY);
    T("open", ("\"/nonexistent/a\", O_WRONLY|O_CREAT|O_TRUNC, 0644"), SYS_open, NO "/a",
      O_WRONLY | O_CREAT | O_TRUNC, 0644);
    T("creat", ("\"/nonexistent/path with \\\"quotes\\\"\", 0600"), SYS_creat, m.path, 0600);
    T("openat", ("AT_FDCWD, " QNO ", O_RDWR|O_APPEND|O_CLOEXEC"), SYS_openat, AT_FDCWD, NO,
      O_RDWR | O_APPEND | O_CLOEXEC);
    T("openat", ("7777, \"x\", O_RDONLY|O_SYNC|O_DIRECTORY|O_NOFOLLOW"), SYS_openat, 7777, "x",
      O_RDONLY | O_SYNC | O_DIRECTORY | O_NOFOLLOW);
    T("openat", ("AT_FDCWD, NULL, O_RDONLY"), SYS_openat, AT_FDCWD, NULL, O_RDONLY);
    T("openat", ("AT_FDCWD, 0x10, O_RDONLY|O_PATH"), SYS_openat, AT_FDCWD, 0x10, O_PATH);
    T("openat2",
      ("AT_FDCWD, \"/nonexistent/a\", {flags=O_WRONLY|O_CREAT, mode=0644, resolve=0x0}, 24"),
      SYS_openat2, AT_FDCWD, NO "/a", m.how, 24);
    T("close", ("-5"), SYS_close, -5);
    T("close_range", ("4294967290, 4294967295, CLOSE_RANGE_CLOEXEC"), SYS_close_range, -6, -1, 4);
    T("read", ("-1, %p, 10", m.buf), SYS_read, -1, m.buf, 10);
    T("write", ("-1, \"one\\ttwo\\n\", 8"), SYS_write, -1, m.text, 8);
    T("write", ("-1, \"%.128s\"..., 200", m.long_text), SYS_write, -1, m.long_text, 200);
    T("write", ("-1, \"\\001\\377\\\"\\u00E9\\\\\", 6"), SYS_write, -1, "\001\377\"\303\251\\", 6);
    T("write", ("-1, \"a\\000b\\000\", 4"), SYS_write, -1, "a\0b", 4);
    T("write", ("-1, \"\", 0"), SYS_write, -1, m.text, 0);
    T("pread", ("-1, %p, 10, 100", m.buf), SYS_pread64, -1, m.buf, 10, 100);
    T("pwrite", ("-1, \"one\", 3, -9"), SYS_pwrite64, -1, m.text, 3, -9L);
    T("readv", ("-1, %p, 2", m.iov), SYS_readv, -1, m.iov, 2);
    T("writev", ("-1, [{\"one\", 3}], 1"), SYS_writev, -1, m.iov, 1);
    T("writev", ("-1, [{\"one\", 3}, {\"%.128s\"..., 200}, ...], 3", m.long_text), SYS_writev, -1,
      m.iov, 3);
    T("preadv", ("-1, %p, 2, 5", m.iov), SYS_preadv, -1, m.iov, 2, 5, 0);
    T("pwritev", ("-1, [{\"one\", 3}], 1, 5"), SYS_pwritev, -1, m.iov, 1, 5, 0);
    T("preadv2", ("-1, %p, 2, 5, RWF_NOWAIT", m.iov), SYS_preadv2, -1, m.iov, 2, 5, 0, 8);
    T("pwritev2", ("-1, [{\"one\", 3}], 1, 5, RWF_DSYNC|RWF_APPEND"), SYS_pwritev2, -1, m.iov, 1, 5,
      0, 18);
    T("lseek", ("-1, -10, SEEK_END"), SYS_lseek, -1, -10L, SEEK_END);
    T("access", (QNO ", R_OK|X_OK"), SYS_access, NO, R_OK | X_OK);
    T("access", ("\"/\", F_OK"), SYS_access, "/", F_OK);
    T("faccessat", ("AT_FDCWD, " QNO ", W_OK"), SYS_faccessat, AT_FDCWD, NO, W_OK);
    T("faccessat2", ("AT_FDCWD, " QNO ", W_OK, AT_EACCESS"), SYS_faccessat2, AT_FDCWD, NO, W_OK,
      AT_EACCESS);
    T("stat", (QNO ", %p", m.buf), SYS_stat, NO, m.buf);
    T("lstat", (QNO ", %p", m.buf), SYS_lstat, NO, m.buf);
    T("fstat", ("-1, %p", m.buf), SYS_fstat, -1, m.buf);
    T("fstatat", ("AT_FDCWD, " QNO ", %p, AT_SYMLINK_NOFOLLOW", m.buf), SYS_newfstatat, AT_FDCWD,
      NO, m.buf, AT_SYMLINK_NOFOLLOW);
    T("statx",
      ("AT_FDCWD, " QNO ", AT_STATX_DONT_SYNC|AT_NO_AUTOMOUNT, STATX_MODE|STATX_SIZE, %p", m.buf),
      SYS_statx, AT_FDCWD, NO, 0x4800, 0x202, m.buf);
    T("statfs", (QNO ", %p", m.buf), SYS_statfs, NO, m.buf);
    T("fstatfs", ("-1, %p", m.buf), SYS_fstatfs, -1, m.buf);
    T("ustat", ("4294967295, %p", m.buf), SYS_ustat, -1, m.buf);
    T("readlink", (QNO ", %p, 99", m.buf), SYS_readlink, NO, m.buf, 99);
    T("readlinkat", ("AT_FDCWD, " QNO ", %p, 99", m.buf), SYS_readlinkat, AT_FDCWD, NO, m.buf, 99);
    T("getdents", ("-1, %p, 64", m.buf), SYS_getdents, -1, m.buf, 64);
    T("getdents", ("-1, %p, 64", m.buf), SYS_getdents64, -1, m.buf, 64);
    T("getcwd", ("%p, 0", m.buf), SYS_getcwd, m.buf, 0);
    T("chdir", (QNO), SYS_chdir, NO);
    T("fchdir", ("-1"), SYS_fchdir, -1);
    T("chroot", (QNO), SYS_chroot, NO);
    T("pivot_root", (QNO ", \"/nonexistent/b\""), SYS_pivot_root, NO, NO "/b");
    T("mkdir", ("\"/nonexistent/a\", 0755"), SYS_mkdir, NO "/a", 0755);
    T("mkdirat", ("AT_FDCWD, \"/nonexistent/a\", 0700"), SYS_mkdirat, AT_FDCWD, NO "/a", 0700);
    T("rmdir", (QNO), SYS_rmdir, NO);
    T("mknod", ("\"/nonexistent/a\", S_IFCHR|0600, makedev(0x1, 0x3)"), SYS_mknod, NO "/a", 020600,
      0x103);
    T("mknodat", ("AT_FDCWD, \"/nonexistent/a\", S_IFIFO|0600, makedev(0x0, 0x0)"), SYS_mknodat,
      AT_FDCWD, NO "/a", 010600, 0);
    T("link", (QNO ", \"/nonexistent/b\""), SYS_link, NO, NO "/b");
    T("linkat", ("AT_FDCWD, " QNO ", -1, \"x\", AT_SYMLINK_FOLLOW"), SYS_linkat, AT_FDCWD, NO, -1,
      "x", AT_SYMLINK_FOLLOW);
    T("unlink", (QNO), SYS_unlink, NO);
    T("unlinkat", ("AT_FDCWD, " QNO ", AT_REMOVEDIR"), SYS_unlinkat, AT_FDCWD, NO, AT_REMOVEDIR);
    T("symlink", ("\"to\", \"/nonexistent/a\""), SYS_symlink, "to", NO "/a");
    T("symlinkat", ("\"to\", AT_FDCWD, \"/nonexistent/a\""), SYS_symlinkat, "to", AT_FDCWD,
      NO "/a");
    T("rename", (QNO ", \"/nonexistent/b\""), SYS_rename, NO, NO "/b");
    T("renameat", ("AT_FDCWD, " QNO ", -1, \"x\""), SYS_renameat, AT_FDCWD, NO, -1, "x");
    T("renameat2", ("AT_FDCWD, " QNO ", -1, \"x\", RENAME_NOREPLACE"), SYS_renameat2, AT_FDCWD, NO,
      -1, "x", 1);
    T("chmod", (QNO ", 04755"), SYS_chmod, NO, 04755);
    T("fchmod", ("-1, 0644"), SYS_fchmod, -1, 0644);
    T("fchmodat", ("AT_FDCWD, " QNO ", 0644"), SYS_fchmodat, AT_FDCWD, NO, 0644);
    T("chown", (QNO ", 1, -1"), SYS_chown, NO, 1, -1);
    T("fchown", ("-1, 1, 2"), SYS_fchown, -1, 1, 2);
    T("lchown", (QNO ", 0, 65534"), SYS_lchown, NO, 0, 65534);
    T("fchownat", ("AT_FDCWD, " QNO ", 1, 2, AT_SYMLINK_NOFOLLOW"), SYS_fchownat, AT_FDCWD, NO, 1,
      2, AT_SYMLINK_NOFOLLOW);
    T("truncate", (QNO ", 4294967297"), SYS_truncate, NO, 4294967297);
    T("ftruncate", ("-1, 10"), SYS_ftruncate, -1, 10);
    T("fallocate", ("-1, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 1, 2"), SYS_fallocate, -1, 3, 1,
      2);
    T("fadvise64", ("-1, 0, 0, POSIX_FADV_SEQUENTIAL"), SYS_fadvise64, -1, 0, 0, 2);
    T("readahead", ("-1, 5, 6"), SYS_readahead, -1, 5, 6);
    T("sync_file_range", ("-1, 5, 6, SYNC_FILE_RANGE_WRITE"), SYS_sync_file_range, -1, 5, 6, 2);
    T("syncfs", ("-1"), SYS_syncfs, -1);
    T("fsync", ("-1"), SYS_fsync, -1);
    T("fdatasync", ("-1"), SYS_fdatasync, -1);
    T("flock", ("-1, LOCK_EX|LOCK_NB"), SYS_flock, -1, 6);
    T("fcntl", ("-1, F_GETFD"), SYS_fcntl, -1, F_GETFD);
    T("fcntl", ("-1, F_SETFD, FD_CLOEXEC"), SYS_fcntl, -1, F_SETFD, FD_CLOEXEC);
    T("fcntl", ("-1, F_SETFL, O_RDONLY|O_NONBLOCK"), SYS_fcntl, -1, F_SETFL, O_NONBLOCK);
    T("fcntl", ("-1, F_DUPFD, 10"), SYS_fcntl, -1, F_DUPFD, 10);
    T("fcntl", ("-1, F_SETLK, {F_WRLCK, SEEK_SET, 10, 20}"), SYS_fcntl, -1, F_SETLK, &m.lock);
    T("fcntl", ("-1, F_ADD_SEALS, F_SEAL_SHRINK|F_SEAL_GROW"), SYS_fcntl, -1, 1033, 6);
    T("ioctl", ("-1, TCGETS, %p", m.buf), SYS_ioctl, -1, TCGETS, m.buf);
    T("ioctl", ("-1, FIONBIO, %p", m.buf), SYS_ioctl, -1, FIONBIO, m.buf);
    T("ioctl", ("-1, 0x12345678, 0x0"), SYS_ioctl, -1, 0x12345678, 0);
    T("dup", ("-1"), SYS_dup, -1);
    T("dup2", ("-1, 5"), SYS_dup2, -1, 5);
    T("dup3", ("-1, 5, O_CLOEXEC"), SYS_dup3, -1, 5, O_CLOEXEC);
    T("pipe", ("0x10"), SYS_pipe, 0x10);
    T("pipe2", ("0x10, O_NONBLOCK|O_CLOEXEC"), SYS_pipe2, 0x10, O_NONBLOCK | O_CLOEXEC);
    T("sendfile", ("-1, -2, [77], 10"), SYS_sendfile, -1, -2, &m.off, 10);
    T("copy_file_range", ("-1, [77], -2, NULL, 10, 0"), SYS_copy_file_range, -1, &m.off, -2, NULL,
      10, 0);
    T("splice", ("-1, NULL, -2, [77], 10, SPLICE_F_MOVE|SPLICE_F_MORE"), SYS_splice, -1, NULL, -2,
      &m.off, 10, 5);
    T("tee", ("-1, -2, 10, SPLICE_F_NONBLOCK"), SYS_tee, -1, -2, 10, 2);
    T("vmsplice", ("-1, [{\"one\", 3}], 1, SPLICE_F_GIFT"), SYS_vmsplice, -1, m.iov, 1, 8);
    T("utime", (QNO ", [1, 500000000]"), SYS_utime, NO, m.ts);
    T("utimes", (QNO ", [3.250000][4.000008]"), SYS_utimes, NO, m.tv);
    T("futimesat", ("AT_FDCWD, " QNO ", [3.250000][4.000008]"), SYS_futimesat, AT_FDCWD, NO, m.tv);
    T("utimensat", ("AT_FDCWD, " QNO ", [1.500000000][2.000000007], AT_SYMLINK_NOFOLLOW"),
      SYS_utimensat, AT_FDCWD, NO, m.ts, AT_SYMLINK_NOFOLLOW);
    T("name_to_handle_at", ("AT_FDCWD, " QNO ", %p, %p, AT_EMPTY_PATH", m.buf, (void *)&m.number),
      SYS_name_to_handle_at, AT_FDCWD, NO, m.buf, &m.number, AT_EMPTY_PATH);
    T("open_by_handle_at", ("-1, 0x10, O_RDWR"), SYS_open_by_handle_at, -1, 0x10, O_RDWR);
    T("lookup_dcookie", ("1, %p, 2", m.buf), SYS_lookup_dcookie, 1L, m.buf, 2L);
    T("mount", ("\"none\", " QNO ", \"nosuchfs\", MS_RDONLY|MS_NOSUID|MS_NODEV, \"one\\ttwo\\n\""),
      SYS_mount, "none", NO, "nosuchfs", 7, m.text);
    T("umount", (QNO ", MNT_DETACH|UMOUNT_NOFOLLOW"), SYS_umount2, NO, 10);
    T("swapon", (QNO ", SWAP_FLAG_PREFER|5"), SYS_swapon, NO, 0x8005);
    T("swapoff", (QNO), SYS_swapoff, NO);
    T("quotactl", ("QCMD(Q_GETINFO, GRPQUOTA), " QNO ", 3, %p", m.buf), SYS_quotactl, 0x80000501,
      NO, 3, m.buf);
    T("acct", (QNO), SYS_acct, NO);
    T("setxattr", (QNO ", \"user.x\", \"one\", 3, XATTR_CREATE"), SYS_setxattr, NO, "user.x",
      m.text, 3, 1);
    T("lsetxattr", (QNO ", \"user.x\", \"one\", 3, XATTR_REPLACE"), SYS_lsetxattr, NO, "user.x",
      m.text, 3, 2);
    T("fsetxattr", ("-1, \"user.x\", \"one\", 3, 0x0"), SYS_fsetxattr, -1, "user.x", m.text, 3, 0);
    T("getxattr", (QNO ", \"user.x\", %p, 9", m.buf), SYS_getxattr, NO, "user.x", m.buf, 9);
    T("lgetxattr", (QNO ", \"user.x\", %p, 9", m.buf), SYS_lgetxattr, NO, "user.x", m.buf, 9);
    T("fgetxattr", ("-1, \"user.x\", %p, 9", m.buf), SYS_fgetxattr, -1, "user.x", m.buf, 9);
    T("listxattr", (QNO ", %p, 9", m.buf), SYS_listxattr, NO, m.buf, 9);
    T("llistxattr", (QNO ", %p, 9", m.buf), SYS_llistxattr, NO, m.buf, 9);
    T("flistxattr", ("-1, %p, 9", m.buf), SYS_flistxattr, -1, m.buf, 9);
    T("removexattr", (QNO ", \"user.x\""), SYS_removexattr, NO, "user.x");
    T("lremovexattr", (QNO ", \"user.x\""), SYS_lremovexattr, NO, "user.x");
    T("fremovexattr", ("-1, \"user.x\""), SYS_fremovexattr, -1, "user.x");
    T("inotify_init1", ("0x1"), SYS_inotify_init1, 1);
    T("inotify_add_watch", ("-1, " QNO ", IN_MODIFY|IN_CREATE|IN_ONESHOT"), SYS_inotify_add_watch,
      -1, NO, 0x80000102);
    T("inotify_rm_watch", ("-1, 5"), SYS_inotify_rm_watch, -1, 5);
    T("fanotify_init", ("FAN_CLASS_CONTENT|FAN_CLOEXEC|0x80000000, O_RDWR"), SYS_fanotify_init,
      0x80000005, O_RDWR);
    T("fanotify_mark", ("-1, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, " QNO), SYS_fanotify_mark, -1, 1,
      0x20, AT_FDCWD, NO);
    T("uselib", (QNO), SYS_uselib, NO);
    T("memfd_create", ("\"name\", MFD_CLOEXEC|0x8000"), SYS_memfd_create, "name", 0x8001);
    T("memfd_secret", ("0x2"), SYS_memfd_secret, 2);
    T("sysfs", ("9, 1, 2"), SYS_sysfs, 9, 1L, 2L);
}

static void waiting(void)
{
    T("select", ("0, NULL, NULL, NULL, [0.000000]"), SYS_select, 0, 0L, 0L, 0L, &m.itv.it_value);
    T("select", ("6, [0x28], NULL, NULL, 0x10"), SYS_select, 6, &m.fds, 0L, 0L, 0x10);
    T("pselect6", ("6, [0x28], NULL, NULL, [1.500000000], 0x10"), SYS_pselect6, 6, &m.fds, 0L, 0L,
      m.ts, 0x10);
    T("poll", ("[{-1, POLLIN}, {-2, POLLPRI|POLLOUT}, {-3, 0x0}], 3, 0"), SYS_poll, m.pfd, 3, 0);
    T("ppoll", ("[{-1, POLLIN}], 1, [1.500000000], [SIGINT|SIGTERM], 9"), SYS_ppoll, m.pfd, 1, m.ts,
      m.mask, 9);
    T("epoll_create", ("-1"), SYS_epoll_create, -1);
    T("epoll_create1", ("EPOLL_CLOEXEC|0x1"), SYS_epoll_create1, 0x80001);
    T("epoll_ctl", ("-1, EPOLL_CTL_ADD, -2, {EPOLLIN|EPOLLET, 0x1234}"), SYS_epoll_ctl, -1, 1, -2,
      &m.ev);
    T("epoll_wait", ("-1, %p, 1, 10", (void *)&m.ev), SYS_epoll_wait, -1, &m.ev, 1, 10);
    T("epoll_pwait", ("-1, %p, 1, 10, [SIGINT|SIGTERM], 8", (void *)&m.ev), SYS_epoll_pwait, -1,
      &m.ev, 1, 10, m.mask, 8);
    T("eventfd2", ("1, 0x8"), SYS_eventfd2, 1, 8);
    T("signalfd", ("-1, %p, 3", (void *)m.mask), SYS_signalfd, -1, m.mask, 3);
    T("signalfd4", ("-2, [SIGINT|SIGTERM], 8, SFD_CLOEXEC"), SYS_signalfd4, -2, m.mask, 8, 0x80000);
    T("timerfd_create", ("CLOCK_MONOTONIC, 0x1"), SYS_timerfd_create, 1, 1);
    T("timerfd_settime", ("-1, TFD_TIMER_ABSTIME, [0.000000001,5.000000006], %p", (void *)&m.its),
      SYS_timerfd_settime, -1, 1, &m.its, &m.its);
    T("timerfd_gettime", ("-1, %p", m.buf), SYS_timerfd_gettime, -1, m.buf);
    T("userfaultfd", ("0x4"), SYS_userfaultfd, 4);
    T("io_setup", ("0, %p", m.buf), SYS_io_setup, 0, m.buf);
    T("io_destroy", ("0x5"), SYS_io_destroy, 5L);
    T("io_submit", ("0x5, 1, %p", m.buf), SYS_io_submit, 5L, 1L, m.buf);
    T("io_cancel", ("0x5, 0x10, %p", m.buf), SYS_io_cancel, 5L, 0x10, m.buf);
    T("io_getevents", ("0x5, 1, 2, %p, [1.500000000]", m.buf), SYS_io_getevents, 5L, 1L, 2L, m.buf,
      m.ts);
}

static void sockets(void)
{
    T("socket", ("AF_INET, SOCK_PACKET|0x80000000, IPPROTO_TCP"), SYS_socket, AF_INET, 0x8000000a,
      6);
    T("socketpair", ("AF_UNIX, SOCK_STREAM, 0, 0x10"), SYS_socketpair, AF_UNIX, SOCK_STREAM, 0,
      0x10);
    T("bind", ("-1, {AF_INET6, ::1, 443}, 28"), SYS_bind, -1, &m.in6, 28);
    T("connect", ("-1, {AF_INET, 127.0.0.1, 80}, 16"), SYS_connect, -1, &m.in, 16);
    T("connect", ("-1, {AF_UNIX, \"/tmp/none\"}, 110"), SYS_connect, -1, &m.un, 110);
    T("listen", ("-1, 5"), SYS_listen, -1, 5);
    T("accept", ("-1, %p, %p", m.buf, (void *)&m.number), SYS_accept, -1, m.buf, &m.number);
    T("accept4", ("-1, %p, %p, SOCK_CLOEXEC", m.buf, (void *)&m.number), SYS_accept4, -1, m.buf,
      &m.number, SOCK_CLOEXEC);
    T("getsockname", ("-1, %p, %p", m.buf, (void *)&m.number), SYS_getsockname, -1, m.buf,
      &m.number);
    T("getpeername", ("-1, %p, %p", m.buf, (void *)&m.number), SYS_getpeername, -1, m.buf,
      &m.number);
    T("sendto", ("-1, \"one\", 3, MSG_DONTWAIT|MSG_NOSIGNAL, {AF_INET, 127.0.0.1, 80}, 16"),
      SYS_sendto, -1, m.text, 3, MSG_DONTWAIT | MSG_NOSIGNAL, &m.in, 16);
    T("sendmsg", ("-1, {{AF_INET, 127.0.0.1, 80}, 16, [{\"one\", 3}], 1, 0x0, 0}, MSG_OOB"),
      SYS_sendmsg, -1, &m.msg, MSG_OOB);
    T("sendmmsg", ("-1, %p, 1, 0x0", (void *)&m.msg), SYS_sendmmsg, -1, &m.msg, 1, 0);
    T("recvfrom", ("-1, %p, 10, MSG_PEEK, %p, %p", m.buf, m.buf, (void *)&m.number), SYS_recvfrom,
      -1, m.buf, 10, MSG_PEEK, m.buf, &m.number);
    T("recvmsg", ("-1, %p, MSG_TRUNC", (void *)&m.msg), SYS_recvmsg, -1, &m.msg, MSG_TRUNC);
    T("recvmmsg", ("-1, %p, 1, MSG_WAITFORONE, [1.500000000]", (void *)&m.msg), SYS_recvmmsg, -1,
      &m.msg, 1, MSG_WAITFORONE, m.ts);
    T("shutdown", ("-1, SHUT_RDWR"), SYS_shutdown, -1, 2);
    T("getsockopt", ("-1, SOL_SOCKET, SO_ERROR, %p, %p", m.buf, (void *)&m.number), SYS_getsockopt,
      -1, SOL_SOCKET, SO_ERROR, m.buf, &m.number);
    T("setsockopt", ("-1, SOL_TCP, TCP_NODELAY, [1], 4"), SYS_setsockopt, -1, 6, 1, &m.number, 4);
    T("setsockopt", ("-1, SOL_IPV6, IPV6_V6ONLY, [1], 4"), SYS_setsockopt, -1, 41, 26, &m.number,
      4);
}

static void processes(void)
{
    want("SIGCHLD");
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    fprintf(entries, "clone(%s, 0x0, 0x0, 0x0)\n", line);
    fprintf(returns, "clone = %ld\n", child);
    free(line);
    T("wait4", ("%ld, 0x0, __WALL, 0x0", child), SYS_wait4, child, 0L, 0x40000000, 0L);
    want("%s", "");
    child = syscall(SYS_fork);
    if (child == 0)
        _exit(0);
    made("fork", child);
    T("waitid", ("P_PID, %ld, 0x0, WEXITED|WNOWAIT, 0x0", child), SYS_waitid, 1, child, 0L,
      0x1000004, 0L);
    T("wait4", ("%ld, %p, 0x0, 0x0", child, (void *)&m.number), SYS_wait4, child, &m.number, 0, 0L);
    m.number = 1;
    T("clone3", ("NULL, 5"), SYS_clone3, 0L, 5L);
    T("execve",
      ("\"/nonexistent\", [\"one\\ttwo\\n\", \"/nonexistent/path with \\\"quotes\\\"\"], "
       "[/* 1 var */]"),
      SYS_execve, NO, m.argv, m.envp);
    T("execveat",
      ("-1, \"x\", [\"one\\ttwo\\n\", \"/nonexistent/path with \\\"quotes\\\"\"], "
       "[/* 0 vars */], AT_SYMLINK_NOFOLLOW"),
      SYS_execveat, -1, "x", m.argv, m.envp + 1, AT_SYMLINK_NOFOLLOW);
    T("getpid", ("%s", ""), SYS_getpid);
    T("getppid", ("%s", ""), SYS_getppid);
    T("gettid", ("%s", ""), SYS_gettid);
    T("getpgid", ("0"), SYS_getpgid, 0);
    T("getpgrp", ("%s", ""), SYS_getpgrp);
    T("setpgid", ("-5, 7"), SYS_setpgid, -5, 7);
    T("getsid", ("0"), SYS_getsid, 0);
    T("getuid", ("%s", ""), SYS_getuid);
    T("geteuid", ("%s", ""), SYS_geteuid);
    T("getgid", ("%s", ""), SYS_getgid);
    T("getegid", ("%s", ""), SYS_getegid);
    T("setuid", ("-1"), SYS_setuid, -1);
    T("setgid", ("-1"), SYS_setgid, -1);
    T("setreuid", ("-1, -1"), SYS_setreuid, -1, -1);
    T("setregid", ("-1, -1"), SYS_setregid, -1, -1);
    T("setresuid", ("-1, -1, -1"), SYS_setresuid, -1, -1, -1);
    T("setresgid", ("-1, -1, -1"), SYS_setresgid, -1, -1, -1);
    T("getresuid", ("%p, %p, 0x10", m.buf, m.buf), SYS_getresuid, m.buf, m.buf, 0x10);
    T("getresgid", ("%p, %p, 0x10", m.buf, m.buf), SYS_getresgid, m.buf, m.buf, 0x10);
    T("getgroups", ("-1, %p", m.buf), SYS_getgroups, -1, m.buf);
    T("setgroups", ("70000, [10, 20, 0, ...]"), SYS_setgroups, 70000, m.gids);
    T("getpriority", ("PRIO_PGRP, 0"), SYS_getpriority, 1, 0);
    T("setpriority", ("PRIO_USER, 123456, 5"), SYS_setpriority, 2, 123456, 5);
    T("getrlimit", ("RLIMIT_NOFILE, 0x10"), SYS_getrlimit, RLIMIT_NOFILE, 0x10);
    T("setrlimit", ("99, [4*1024,RLIM_INFINITY]"), SYS_setrlimit, 99, &m.rlim);
    T("prlimit64", ("-5, RLIMIT_CORE, [4*1024,RLIM_INFINITY], 0x0"), SYS_prlimit64, -5, RLIMIT_CORE,
      &m.rlim, 0L);
    T("getrusage", ("RUSAGE_CHILDREN, 0x10"), SYS_getrusage, -1, 0x10);
    T("times", ("0x10"), SYS_times, 0x10);
    T("capget", ("{_LINUX_CAPABILITY_VERSION_3, -1}, %p", m.buf), SYS_capget, &m.caphdr, m.buf);
    T("capset", ("{_LINUX_CAPABILITY_VERSION_3, -1}, {0x1, 0x0, 0x0}"), SYS_capset, &m.caphdr,
      m.capdata);
    T("prctl", ("PR_GET_DUMPABLE, 0x1, 0x2, 0x3, 0x4"), SYS_prctl, 3, 1L, 2L, 3L, 4L);
    T("arch_prctl", ("ARCH_GET_FS, 0x10"), SYS_arch_prctl, 0x1003, 0x10);
    T("personality", ("0xffffffff"), SYS_personality, 0xffffffff);
    T("ptrace", ("PTRACE_PEEKUSER, -5, 0x10, 0x20"), SYS_ptrace, 3L, -5L, 0x10, 0x20);
    T("seccomp",
      ("SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC|SECCOMP_FILTER_FLAG_LOG, 0x10"),
      SYS_seccomp, 1, 3, 0x10);
    T("kcmp", ("-5, -6, KCMP_FILES, 1, 2"), SYS_kcmp, -5, -6, 2, 1L, 2L);
    T("unshare", ("CLONE_FS|0x1"), SYS_unshare, 0x201);
    T("setns", ("-1, CLONE_NEWNET"), SYS_setns, -1, 0x40000000);
    T("set_robust_list", ("0x10, 5"), SYS_set_robust_list, 0x10, 5L);
    T("get_robust_list", ("-5, %p, %p", m.buf, m.buf), SYS_get_robust_list, -5, m.buf, m.buf);
    T("restart_syscall", ("%s", ""), SYS_restart_syscall);
    T("getcpu", ("0x10, 0x0, 0x0"), SYS_getcpu, 0x10, 0L, 0L);
    T("iopl", ("9"), SYS_iopl, 9);
    T("ioperm", ("70000, 1, 1"), SYS_ioperm, 70000L, 1L, 1);
    T("modify_ldt", ("77, 0x10, 5"), SYS_modify_ldt, 77, 0x10, 5L);
    T("process_vm_readv", ("-5, %p, 1, 0x10, 2, 9", (void *)m.iov), SYS_process_vm_readv, -5, m.iov,
      1L, 0x10, 2L, 9L);
    T("process_vm_writev", ("-5, %p, 1, 0x10, 2, 9", (void *)m.iov), SYS_process_vm_writev, -5,
      m.iov, 1L, 0x10, 2L, 9L);
    T("pidfd_open", ("-5, PIDFD_NONBLOCK"), SYS_pidfd_open, -5, 0x800);
    T("pidfd_getfd", ("-1, 5, 0"), SYS_pidfd_getfd, -1, 5, 0);
    T("pidfd_send_signal", ("-1, SIGTERM, 0x0, 0"), SYS_pidfd_send_signal, -1, 15, 0L, 0);
    T("sched_yield", ("%s", ""), SYS_sched_yield);
    T("sched_get_priority_max", ("SCHED_FIFO"), SYS_sched_get_priority_max, 1);
    T("sched_get_priority_min", ("SCHED_RR"), SYS_sched_get_priority_min, 2);
    T("sched_getparam", ("-5, %p", m.buf), SYS_sched_getparam, -5, m.buf);
    T("sched_setparam", ("-5, [7]"), SYS_sched_setparam, -5, &m.param);
    T("sched_getscheduler", ("-5"), SYS_sched_getscheduler, -5);
    T("sched_setscheduler", ("-5, SCHED_BATCH|SCHED_RESET_ON_FORK, [7]"), SYS_sched_setscheduler,
      -5, 0x40000003, &m.param);
    T("sched_getattr", ("-5, %p, 48, 0", (void *)m.attr), SYS_sched_getattr, -5, m.attr, 48, 0);
    T("sched_setattr", ("-5, {0, SCHED_OTHER, 0x0, 0, 0, 0, 0, 0}, 0"), SYS_sched_setattr, -5,
      m.attr, 0);
    T("sched_getaffinity", ("-5, 8, %p", m.buf), SYS_sched_getaffinity, -5, 8, m.buf);
    T("sched_setaffinity", ("-5, 8, [0x4002]"), SYS_sched_setaffinity, -5, 8, m.mask);
    T("sched_rr_get_interval", ("-5, %p", m.buf), SYS_sched_rr_get_interval, -5, m.buf);
    T("ioprio_get", ("IOPRIO_WHO_PROCESS, -5"), SYS_ioprio_get, 1, -5);
    T("ioprio_set", ("IOPRIO_WHO_PGRP, -5, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)"), SYS_ioprio_set,
      2, -5, 0x4004);
    T("kill", ("%ld, 0", pid), SYS_kill, pid, 0);
    T("kill", ("-999999, SIGKILL"), SYS_kill, -999999, SIGKILL);
    T("tkill", ("-5, SIGSEGV"), SYS_tkill, -5, SIGSEGV);
    T("tgkill", ("-5, -6, SIGRT_2"), SYS_tgkill, -5, -6, 34);
    T("rt_sigaction", ("SIGUSR2, {SIG_IGN, SA_RESTART, 0x0, [SIGHUP]}, 0x0, 9"), SYS_rt_sigaction,
      SIGUSR2, &m.act, 0L, 9L);
    T("rt_sigprocmask", ("SIG_BLOCK, [SIGINT|SIGTERM], 0x0, 9"), SYS_rt_sigprocmask, 0, m.mask, 0L,
      9L);
    T("rt_sigpending", ("%p, 9", m.buf), SYS_rt_sigpending, m.buf, 9L);
    T("rt_sigsuspend", ("[SIGINT|SIGTERM], 9"), SYS_rt_sigsuspend, m.mask, 9L);
    T("rt_sigtimedwait", ("[SIGINT|SIGTERM], 0x0, [1.500000000], 9"), SYS_rt_sigtimedwait, m.mask,
      0L, m.ts, 9L);
    T("rt_sigqueueinfo", ("-5, SIGUSR1, 0x10"), SYS_rt_sigqueueinfo, -5, SIGUSR1, 0x10);
    T("rt_tgsigqueueinfo", ("-5, -6, SIGUSR1, 0x10"), SYS_rt_tgsigqueueinfo, -5, -6, SIGUSR1, 0x10);
    T("sigaltstack", ("{0x0, SS_DISABLE, 0}, 0x10"), SYS_sigaltstack, &m.stack, 0x10);
    T("alarm", ("0"), SYS_alarm, 0);
}

static void times_and_memory(void)
{
    T("time", ("0x10"), SYS_time, 0x10);
    T("gettimeofday", ("%p, 0x10", m.buf), SYS_gettimeofday, m.buf, 0x10);
    T("settimeofday", ("0x10, NULL"), SYS_settimeofday, 0x10, 0L);
    T("adjtimex", ("0x10"), SYS_adjtimex, 0x10);
    T("clock_adjtime", ("CLOCK_MONOTONIC, 0x10"), SYS_clock_adjtime, 1, 0x10);
    T("clock_gettime", ("CLOCK_BOOTTIME, %p", m.buf), SYS_clock_gettime, 7, m.buf);
    T("clock_settime", ("CLOCK_MONOTONIC, [1.500000000]"), SYS_clock_settime, 1, m.ts);
    T("clock_getres", ("CLOCK_TAI, 0x10"), SYS_clock_getres, 11, 0x10);
    T("clock_nanosleep", ("99, TIMER_ABSTIME, [1.500000000], 0x0"), SYS_clock_nanosleep, 99, 1,
      m.ts, 0L);
    T("nanosleep", ("[0.000000000], 0x10"), SYS_nanosleep, &m.itv, 0x10);
    T("getitimer", ("ITIMER_VIRTUAL, 0x10"), SYS_getitimer, 1, 0x10);
    T("setitimer", ("ITIMER_PROF, [0.000000,0.000000], 0x0"), SYS_setitimer, 2, &m.itv, 0L);
    T("timer_create", ("CLOCK_REALTIME, {0x0, SIGUSR1, SIGEV_SIGNAL}, 0x10"), SYS_timer_create, 0,
      &m.sev, 0x10);
    T("timer_settime", ("99, TIMER_ABSTIME, [0.000000001,5.000000006], 0x0"), SYS_timer_settime, 99,
      1, &m.its, 0L);
    T("timer_gettime", ("99, %p", m.buf), SYS_timer_gettime, 99, m.buf);
    T("timer_getoverrun", ("99"), SYS_timer_getoverrun, 99);
    T("timer_delete", ("99"), SYS_timer_delete, 99);
    T("mmap2", ("0x0, 0, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0"), SYS_mmap, 0L, 0L,
      3, 0x22, -1, 0L);
    T("mmap2", ("0x1000, 4096, PROT_NONE, MAP_SHARED|MAP_FIXED, -1, 0x2000"), SYS_mmap, 0x1000L,
      4096L, 0, 0x11, -1, 0x2000L);
    T("munmap", ("0x1, 4096"), SYS_munmap, 1L, 4096L);
    T("mprotect", ("0x1, 4096, PROT_READ|PROT_EXEC"), SYS_mprotect, 1L, 4096L, 5);
    T("pkey_mprotect", ("0x1, 4096, PROT_READ, 3"), SYS_pkey_mprotect, 1L, 4096L, 1, 3);
    T("pkey_alloc", ("1, PKEY_DISABLE_WRITE"), SYS_pkey_alloc, 1L, 2L);
    T("pkey_free", ("-1"), SYS_pkey_free, -1);
    T("mremap", ("0x1, 4096, 8192, MREMAP_MAYMOVE"), SYS_mremap, 1L, 4096L, 8192L, 1, 0L);
    T("mremap", ("0x1, 4096, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x5000"), SYS_mremap, 1L, 4096L,
      8192L, 3, 0x5000L);
    T("remap_file_pages", ("0x1, 4096, PROT_NONE, 5, MAP_NONBLOCK"), SYS_remap_file_pages, 1L,
      4096L, 0, 5L, 0x10000);
    T("madvise", ("0x1, 4096, MADV_HUGEPAGE"), SYS_madvise, 1L, 4096L, 14);
    T("mlock", ("0x10, 4096"), SYS_mlock, 0x10, 4096L);
    T("mlock2", ("0x10, 4096, MLOCK_ONFAULT"), SYS_mlock2, 0x10, 4096L, 1);
    T("munlock", ("0x10, 4096"), SYS_munlock, 0x10, 4096L);
    T("mlockall", ("MCL_FUTURE|0x20"), SYS_mlockall, 0x22);
    T("msync", ("0x1, 4096, MS_INVALIDATE|MS_SYNC"), SYS_msync, 1L, 4096L, 6);
    T("mincore", ("0x1, 4096, 0x10"), SYS_mincore, 1L, 4096L, 0x10);
    T("mbind", ("0x1, 4096, MPOL_BIND, 0x10, 5, MPOL_MF_STRICT|MPOL_MF_MOVE"), SYS_mbind, 1L, 4096L,
      2, 0x10, 5L, 3);
    T("set_mempolicy", ("99, 0x10, 5"), SYS_set_mempolicy, 99, 0x10, 5L);
    T("get_mempolicy", ("0x10, 0x10, 5, 0x1, MPOL_F_NODE|MPOL_F_ADDR"), SYS_get_mempolicy, 0x10,
      0x10, 5L, 1L, 3);
    T("migrate_pages", ("-5, 5, 0x10, 0x20"), SYS_migrate_pages, -5, 5L, 0x10, 0x20);
    T("move_pages", ("-5, 0, 0x0, 0x0, 0x0, MPOL_MF_MOVE"), SYS_move_pages, -5, 0L, 0L, 0L, 0L, 2);
    T("membarrier", ("MEMBARRIER_CMD_QUERY, 5"), SYS_membarrier, 0, 5, 0);
    T("futex", ("0x1, FUTEX_WAIT_PRIVATE, 5, [1.500000000]"), SYS_futex, 1L, 0x80, 5, m.ts, 0L, 0);
    T("futex", ("0x1, FUTEX_WAKE, 2147483647"), SYS_futex, 1L, 1, 0x7fffffff, 0L, 0L, 0);
    T("futex", ("0x1, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, 0x10, 0x3"), SYS_futex, 1L, 0x84, 1, 2L,
      0x10, 3);
}

static void messages_and_system(void)
{
    T("msgget", ("0x1234, 0600"), SYS_msgget, 0x1234, 0600);
    T("msgsnd", ("-1, 0x10, 5, IPC_NOWAIT"), SYS_msgsnd, -1, 0x10, 5L, IPC_NOWAIT);
    T("msgrcv", ("-1, 0x10, 5, -3, MSG_NOERROR"), SYS_msgrcv, -1, 0x10, 5L, -3L, 010000);
    T("msgctl", ("-1, IPC_STAT, 0x10"), SYS_msgctl, -1, 2, 0x10);
    T("semget", ("IPC_PRIVATE, -1, IPC_CREAT|0666"), SYS_semget, 0, -1, 01666);
    T("semop", ("-1, [{0, -1, IPC_NOWAIT}], 1"), SYS_semop, -1, m.sops, 1);
    T("semtimedop", ("-1, [{0, -1, IPC_NOWAIT}, {1, 2, IPC_NOWAIT|SEM_UNDO}], 2, [1.500000000]"),
      SYS_semtimedop, -1, m.sops, 2, m.ts);
    T("semctl", ("-1, 3, SETVAL, 0x7"), SYS_semctl, -1, 3, 16, 7L);
    T("shmget", ("0x1234, 4096, 0600"), SYS_shmget, 0x1234, 4096L, 0600);
    T("shmat", ("-1, 0x0, SHM_RDONLY"), SYS_shmat, -1, 0L, 010000);
    T("shmdt", ("0x1"), SYS_shmdt, 1L);
    T("shmctl", ("-1, IPC_RMID, 0x0"), SYS_shmctl, -1, 0, 0L);
    T("mq_open", ("\"none\", O_RDONLY"), SYS_mq_open, "none", 0, 0, 0L);
    T("mq_unlink", ("\"none\""), SYS_mq_unlink, "none");
    T("mq_timedsend", ("-1, \"one\", 3, 4, [1.500000000]"), SYS_mq_timedsend, -1, m.text, 3L, 4,
      m.ts);
    T("mq_timedreceive", ("-1, %p, 3, 0x0, [1.500000000]", m.buf), SYS_mq_timedreceive, -1, m.buf,
      3L, 0L, m.ts);
    T("mq_notify", ("-1, {0x0, SIGUSR1, SIGEV_SIGNAL}"), SYS_mq_notify, -1, &m.sev);
    T("mq_getsetattr", ("-1, NULL, 0x10"), SYS_mq_getsetattr, -1, 0L, 0x10);
    T("uname", ("0x10"), SYS_uname, 0x10);
    T("sethostname", ("\"one\\ttwo\\n\", -1"), SYS_sethostname, m.text, -1);
    T("setdomainname", ("\"one\\ttwo\\n\", -1"), SYS_setdomainname, m.text, -1);
    T("sysinfo", ("0x10"), SYS_sysinfo, 0x10);
    T("syslog", ("SYSLOG_ACTION_SIZE_BUFFER, 0x0, 0"), SYS_syslog, 10, 0L, 0);
    T("getrandom", ("0x10, 5, GRND_NONBLOCK|GRND_RANDOM"), SYS_getrandom, 0x10, 5L, 3);
    T("reboot", ("1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0x0"), SYS_reboot, 1, 672274793,
      0x1234567, 0L);
    T("kexec_load", ("0x0, 99, 0x10, KEXEC_ARCH_X86_64|KEXEC_ON_CRASH"), SYS_kexec_load, 0L, 99L,
      0x10, 0x3e0001L);
    T("init_module", ("0x10, 0, \"one\\ttwo\\n\""), SYS_init_module, 0x10, 0L, m.text);
    T("finit_module", ("-1, \"one\\ttwo\\n\", MODULE_INIT_IGNORE_VERMAGIC"), SYS_finit_module, -1,
      m.text, 2);
    T("delete_module", ("\"nosuch\", O_NONBLOCK"), SYS_delete_module, "nosuch", O_NONBLOCK);
    T("add_key", ("\"nosuch\", \"x\", \"one\", 3, KEY_SPEC_PROCESS_KEYRING"), SYS_add_key, "nosuch",
      "x", m.text, 3L, -2);
    T("request_key", ("\"nosuch\", \"x\", NULL, 5"), SYS_request_key, "nosuch", "x", 0L, 5);
    T("keyctl", ("KEYCTL_DESCRIBE, 0x0, 0x2, 0x3, 0x4"), SYS_keyctl, 6, 0L, 2L, 3L, 4L);
    T("bpf", ("BPF_MAP_LOOKUP_ELEM, 0x10, 8"), SYS_bpf, 1, 0x10, 8);
    T("perf_event_open", ("0x10, -1, 5, -1, PERF_FLAG_FD_CLOEXEC"), SYS_perf_event_open, 0x10, -1,
      5, -1, 8L);
}

int main(int argc, char **argv)
{
    if (argc != 3 || !(entries = fopen(argv[1], "we")) || !(returns = fopen(argv[2], "we")))
        return 2;
    /* All pages are there, and the files are written at the end. */
    setvbuf(entries, malloc(1 << 18), _IOFBF, 1 << 18);
    setvbuf(returns, malloc(1 << 18), _IOFBF, 1 << 18);
    prepare();
    pid = getpid();
    signal(SIGUSR1, SIG_IGN);
    if (mlockall(MCL_CURRENT | MCL_FUTURE))
        return 3;
    syscall(SYS_close, -77);
    files();
    waiting();
    sockets();
    processes();
    times_and_memory();
    messages_and_system();
    syscall(SYS_close, -78);
    fclose(entries);
    fclose(returns);
    return 0;
}
