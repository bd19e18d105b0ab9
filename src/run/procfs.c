/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of procfs probes: a file system in user space (FUSE), since files in /proc are made
 * by kernel modules only.  The session's own loop serves it, so that handlers run one after
 * the other.  libfuse3 is looked for only when a script has such probes.
 *
 * A helper process takes the file system away when the session is gone, also when it was
 * killed; what should be left after all (both were killed) goes when the next session starts. */
#define FUSE_USE_VERSION 31
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/private.h"

#if __has_include(<fuse3/fuse_lowlevel.h>)
#include <fuse3/fuse_lowlevel.h>

#define BASE "/run/stap" /* of the folders of all sessions */

/* The functions of libfuse3 that are used, by name. */
#define FUSE_FUNCTIONS(X)                                                                          \
    X(struct fuse_session *, fuse_session_new,                                                     \
      (struct fuse_args *, const struct fuse_lowlevel_ops *, size_t, void *))                      \
    X(int, fuse_session_mount, (struct fuse_session *, const char *))                              \
    X(int, fuse_session_fd, (struct fuse_session *))                                               \
    X(int, fuse_session_receive_buf, (struct fuse_session *, struct fuse_buf *))                   \
    X(void, fuse_session_process_buf, (struct fuse_session *, const struct fuse_buf *))            \
    X(int, fuse_session_exited, (struct fuse_session *))                                           \
    X(void, fuse_session_unmount, (struct fuse_session *))                                         \
    X(void, fuse_session_destroy, (struct fuse_session *))                                         \
    X(void *, fuse_req_userdata, (fuse_req_t))                                                     \
    X(int, fuse_reply_err, (fuse_req_t, int))                                                      \
    X(int, fuse_reply_entry, (fuse_req_t, const struct fuse_entry_param *))                        \
    X(int, fuse_reply_attr, (fuse_req_t, const struct stat *, double))                             \
    X(int, fuse_reply_open, (fuse_req_t, const struct fuse_file_info *))                           \
    X(int, fuse_reply_buf, (fuse_req_t, const char *, size_t))                                     \
    X(int, fuse_reply_write, (fuse_req_t, size_t))                                                 \
    X(size_t, fuse_add_direntry,                                                                   \
      (fuse_req_t, char *, size_t, const char *, const struct stat *, off_t))                      \
    X(void, fuse_opt_free_args, (struct fuse_args *))                                              \
    X(void, fuse_set_log_func, (fuse_log_func_t))

#define DECLARE(type, name, args) static type(*lib_##name) args;
FUSE_FUNCTIONS(DECLARE)

/* A folder or file; its inode is its index + 1, and the first one is the root. */
struct node {
    const char *name;
    size_t parent;
    mode_t mode;
    int read, write; /* probes; -1: none */
    uint64_t maxsize;
};

/* An open file. */
struct reading {
    struct strbuf text;
    bool have;
    struct reading *next, **at;
};

struct procfs {
    struct session *s;
    struct procfs_handlers on;
    VEC(struct node) nodes;
    struct fuse_session *fuse;
    struct fuse_buf request;
    struct reading *open;
    const char *folder;
    size_t most; /* bytes of a string */
    time_t started;
    int guard; /* its end tells the helper that the session is gone */
};

/* ---- what there is ---- */

static struct node *node_at(struct procfs *f, fuse_ino_t ino)
{
    return ino >= 1 && ino <= f->nodes.n ? &f->nodes.v[ino - 1] : NULL;
}

static struct stat attributes(const struct procfs *f, const struct node *n)
{
    struct stat st = {.st_ino = (ino_t)(n - f->nodes.v) + 1,
                      .st_mode = n->mode,
                      .st_nlink = S_ISDIR(n->mode) ? 2 : 1,
                      .st_blksize = 4096};
    st.st_atime = st.st_mtime = st.st_ctime = f->started;
    return st;
}

static size_t find(const struct procfs *f, size_t parent, const char *name, size_t len)
{
    for (size_t i = 1; i < f->nodes.n; i++)
        if (f->nodes.v[i].parent == parent && strlen(f->nodes.v[i].name) == len &&
            memcmp(f->nodes.v[i].name, name, len) == 0)
            return i;
    return 0;
}

static bool add(struct procfs *f, int probe, const struct attach_points *p)
{
    const struct attach_place *pt = &p->places[0];
    bool reads = p->kind == ATTACH_PROCFS_READ;
    size_t at = 0;
    for (const char *s = pt->path; *s;) {
        size_t len = strcspn(s, "/");
        bool last = !s[len];
        size_t next = find(f, at, s, len);
        if (!next) {
            struct node n = {.name = arena_strndup(f->s->arena, s, len),
                             .parent = at,
                             .mode = last ? S_IFREG : S_IFDIR | 0555,
                             .read = -1,
                             .write = -1};
            next = f->nodes.n;
            vec_push(f->s->arena, &f->nodes, n);
        }
        at = next;
        if (last != !S_ISDIR(f->nodes.v[at].mode)) {
            diag_error(&f->s->diag,
                       "a procfs probe has the path \"%s\", which another one has as %s", pt->path,
                       last ? "a folder" : "a file");
            return false;
        }
        s += len + !last;
    }
    struct node *n = &f->nodes.v[at];
    /* As documented: for its owner, and with a umask for all but those in it. */
    mode_t all = reads ? 0444 : 0222, owner = reads ? 0400 : 0200;
    n->mode |= pt->umask == PROCFS_UMASK ? owner : all & ~pt->umask;
    if (reads) {
        n->read = probe;
        n->maxsize = pt->maxsize;
    } else {
        n->write = probe;
    }
    return true;
}

/* ---- requests ---- */

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct procfs *f = lib_fuse_req_userdata(req);
    size_t i = find(f, parent - 1, name, strlen(name));
    if (!i) {
        lib_fuse_reply_err(req, ENOENT);
        return;
    }
    struct fuse_entry_param e = {
        .ino = i + 1, .attr = attributes(f, &f->nodes.v[i]), .attr_timeout = 1, .entry_timeout = 1};
    lib_fuse_reply_entry(req, &e);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)fi;
    struct procfs *f = lib_fuse_req_userdata(req);
    const struct node *n = node_at(f, ino);
    if (!n) {
        lib_fuse_reply_err(req, ENOENT);
        return;
    }
    struct stat st = attributes(f, n);
    lib_fuse_reply_attr(req, &st, 1);
}

/* `echo x >FILE` cuts the file to nothing first: there is nothing to cut. */
static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                       struct fuse_file_info *fi)
{
    (void)attr;
    if (to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
        lib_fuse_reply_err(req, EPERM);
    else
        on_getattr(req, ino, fi);
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                       struct fuse_file_info *fi)
{
    (void)fi;
    struct procfs *f = lib_fuse_req_userdata(req);
    const struct node *dir = node_at(f, ino);
    char *buf = malloc(size);
    if (!dir || !buf) {
        lib_fuse_reply_err(req, dir ? ENOMEM : ENOENT);
        free(buf);
        return;
    }
    size_t used = 0, at = ino - 1;
    /* Offsets: 1 and 2 are behind . and .., i + 2 is behind node i. */
    for (size_t i = (size_t)off; i < f->nodes.n + 1; i++) {
        const char *name = i == 0 ? "." : i == 1 ? ".." : f->nodes.v[i - 1].name;
        size_t node = i == 0 ? at : i == 1 ? dir->parent : i - 1;
        if (i > 1 && f->nodes.v[node].parent != at)
            continue;
        struct stat st = attributes(f, &f->nodes.v[node]);
        size_t n = lib_fuse_add_direntry(req, buf + used, size - used, name, &st, (off_t)i + 1);
        if (n > size - used)
            break;
        used += n;
    }
    lib_fuse_reply_buf(req, buf, used);
    free(buf);
}

static void end_reading(struct reading *r)
{
    *r->at = r->next;
    if (r->next)
        r->next->at = r->at;
    strbuf_free(&r->text);
    free(r);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    struct procfs *f = lib_fuse_req_userdata(req);
    struct reading *r = calloc(1, sizeof *r);
    if (!r) {
        lib_fuse_reply_err(req, ENOMEM);
        return;
    }
    fi->fh = (uint64_t)(uintptr_t)r;
    fi->direct_io = 1; /* its size is not known before it is read */
    r->next = f->open;
    r->at = &f->open;
    if (r->next)
        r->next->at = &r->next;
    f->open = r;
    if (lib_fuse_reply_open(req, fi) != 0)
        end_reading(r);
}

static void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    end_reading((struct reading *)(uintptr_t)fi->fh);
    lib_fuse_reply_err(req, 0);
}

/* From the start of the file the handler runs; what follows is the rest of what it said. */
static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi)
{
    struct procfs *f = lib_fuse_req_userdata(req);
    struct reading *r = (struct reading *)(uintptr_t)fi->fh;
    const struct node *n = node_at(f, ino);
    if (!n || n->read < 0) {
        lib_fuse_reply_err(req, EINVAL);
        return;
    }
    if (off == 0 || !r->have) {
        r->text.n = 0;
        r->have = true;
        if (!f->on.read(f->on.arg, n->read, &r->text)) {
            r->have = false;
            lib_fuse_reply_err(req, EIO);
            return;
        }
        if (r->text.n > n->maxsize)
            r->text.n = n->maxsize;
    }
    size_t left = (uint64_t)off < r->text.n ? r->text.n - (size_t)off : 0;
    lib_fuse_reply_buf(req, left ? r->text.p + off : NULL, left < size ? left : size);
}

/* A handler gets as much as a string holds; the writer goes on with the rest. */
static void on_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
                     struct fuse_file_info *fi)
{
    (void)off, (void)fi;
    struct procfs *f = lib_fuse_req_userdata(req);
    const struct node *n = node_at(f, ino);
    if (!n || n->write < 0) {
        lib_fuse_reply_err(req, EINVAL);
        return;
    }
    size_t most = f->most, len = size < most ? size : most;
    char *text = strndup(buf, len);
    if (!text) {
        lib_fuse_reply_err(req, ENOMEM);
        return;
    }
    bool ok = f->on.write(f->on.arg, n->write, text);
    free(text);
    if (ok)
        lib_fuse_reply_write(req, len);
    else
        lib_fuse_reply_err(req, EIO);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .readdir = on_readdir,
    .open = on_open,
    .release = on_release,
    .read = on_read,
    .write = on_write,
};

/* ---- the folder ---- */

/* Of sessions that ended without taking theirs away: nobody answers there. */
static void remove_old(void)
{
    DIR *d = opendir(BASE);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        char path[sizeof BASE + 1 + sizeof e->d_name];
        struct stat st;
        snprintf(path, sizeof path, BASE "/%s", e->d_name);
        if (e->d_name[0] != '.' && stat(path, &st) != 0 && errno == ENOTCONN) {
            umount2(path, MNT_DETACH);
            rmdir(path);
        }
    }
    if (d)
        closedir(d);
}

/* Waits in a process of its own until the session has closed the pipe, by whatever end. */
static bool guard(struct procfs *f)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        setsid();
        /* What the session holds must not outlive it here. */
        if (dup2(ends[0], 0) != 0 || close_range(1, ~0u, 0) != 0)
            _exit(1);
        const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
        for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
            signal(ending[i], SIG_IGN);
        while (read(0, &c, 1) < 0 && errno == EINTR)
            ;
        umount2(f->folder, MNT_DETACH);
        rmdir(f->folder);
        _exit(0);
    }
    close(ends[0]);
    f->guard = ends[1];
    if (pid < 0)
        close(ends[1]);
    return pid > 0;
}

static char *log_text;

/* What libfuse has to say is the reason of an error. */
static void on_log(enum fuse_log_level level, const char *fmt, va_list ap)
{
    (void)level;
    free(log_text);
    if (vasprintf(&log_text, fmt, ap) < 0)
        log_text = NULL;
    else
        log_text[strcspn(log_text, "\n")] = 0;
}

static bool load(struct session *s)
{
    void *lib = dlopen("libfuse3.so.3", RTLD_NOW);
    if (!lib)
        lib = dlopen("libfuse3.so.4", RTLD_NOW);
    if (!lib) {
        diag_error(&s->diag, "procfs probes need the library libfuse3, which is not installed "
                             "(on Debian: the package libfuse3-3)");
        return false;
    }
#define LOOK_UP(type, name, args)                                                                  \
    lib_##name = (type(*) args)dlsym(lib, #name);                                                  \
    if (!lib_##name) {                                                                             \
        diag_error(&s->diag, "procfs probes need another libfuse3: this one has no %s", #name);    \
        return false;                                                                              \
    }
    FUSE_FUNCTIONS(LOOK_UP)
    return true;
}

static bool mount_at(struct procfs *f)
{
    struct session *s = f->s;
    if (access("/dev/fuse", R_OK | W_OK) != 0) {
        diag_error(&s->diag, "procfs probes need /dev/fuse (a kernel with CONFIG_FUSE_FS): %s",
                   strerror(errno));
        return false;
    }
    remove_old();
    /* Whatever the umask: who may read what, the files say. */
    bool ok = mkdir(BASE, 0755) == 0 ? chmod(BASE, 0755) == 0 : errno == EEXIST;
    if (!ok || mkdir(f->folder, 0755) != 0) {
        diag_error(&s->diag, "cannot make the folder %s of the procfs probes: %s%s", f->folder,
                   strerror(errno),
                   errno == EEXIST ? " (another session has that name: choose one by -m)" : "");
        return false;
    }
    char *argv[] = {"stap", "-o", "allow_other,default_permissions,fsname=stap,subtype=stap", NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, argv);
    lib_fuse_set_log_func(on_log);
    f->fuse = lib_fuse_session_new(&args, &operations, sizeof operations, f);
    lib_fuse_opt_free_args(&args);
    if (!f->fuse || lib_fuse_session_mount(f->fuse, f->folder) != 0) {
        diag_error(&s->diag, "cannot mount the files of procfs probes on %s: %s", f->folder,
                   log_text ? log_text : "libfuse3 refuses");
        if (f->fuse)
            lib_fuse_session_destroy(f->fuse);
        rmdir(f->folder);
        return false;
    }
    if (!guard(f)) {
        diag_error(&s->diag, "cannot start the process that removes %s: %s", f->folder,
                   strerror(errno));
        procfs_close(f);
        return false;
    }
    return true;
}

static const char *folder_of(struct session *s, const struct bpf_image *img)
{
    const char *name = img->origin.name ? img->origin.name : s->module_name;
    if (!name)
        name = arena_printf(s->arena, "stap_%d", (int)getpid());
    /* It may come from a file. */
    if (*name &&
        !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")])
        return arena_printf(s->arena, BASE "/%s", name);
    diag_error(&s->diag, "'%s' cannot be the name of a folder of procfs probes", name);
    return NULL;
}

bool procfs_open(struct procfs **out, struct session *s, const struct bpf_image *img,
                 const struct procfs_handlers *on)
{
    struct procfs *f = NULL;
    *out = NULL;
    vec_for (i, img->probes) {
        const struct attach_points *pr = &img->probes.v[i].points;
        if (pr->kind != ATTACH_PROCFS_READ && pr->kind != ATTACH_PROCFS_WRITE)
            continue;
        if (!f) {
            struct node root = {.name = "", .mode = S_IFDIR | 0555, .read = -1, .write = -1};
            f = arena_new_obj(s->arena, struct procfs);
            *f = (struct procfs){.s = s, .on = *on, .guard = -1, .started = time(NULL)};
            f->most = img->maxstringlen - 1;
            f->folder = folder_of(s, img);
            if (!f->folder)
                return false;
            vec_push(s->arena, &f->nodes, root);
        }
        if (!add(f, (int)i, pr))
            return false;
    }
    if (!f)
        return true;
    if (!load(s) || !mount_at(f))
        return false;
    fprintf(stderr, "The files of the procfs probes are in %s.\n", f->folder);
    *out = f;
    return true;
}

int procfs_fd(const struct procfs *f)
{
    return f ? lib_fuse_session_fd(f->fuse) : -1;
}

void procfs_serve(struct procfs *f)
{
    int n = lib_fuse_session_receive_buf(f->fuse, &f->request);
    if (n > 0)
        lib_fuse_session_process_buf(f->fuse, &f->request);
}

void procfs_close(struct procfs *f)
{
    if (!f)
        return;
    /* Also when somebody still has something open there. */
    lib_fuse_session_unmount(f->fuse);
    lib_fuse_session_destroy(f->fuse);
    free(f->request.mem);
    while (f->open)
        end_reading(f->open);
    rmdir(f->folder);
    if (f->guard >= 0)
        close(f->guard);
    free(log_text);
    log_text = NULL;
}

#else

bool procfs_open(struct procfs **out, struct session *s, const struct bpf_image *img,
                 const struct procfs_handlers *on)
{
    (void)on;
    *out = NULL;
    vec_for (i, img->probes) {
        enum attach_kind kind = img->probes.v[i].points.kind;
        if (kind == ATTACH_PROCFS_READ || kind == ATTACH_PROCFS_WRITE) {
            diag_error(&s->diag, "this stap was built without the headers of libfuse3: procfs "
                                 "probes are not possible");
            return false;
        }
    }
    return true;
}

int procfs_fd(const struct procfs *f)
{
    (void)f;
    return -1;
}

void procfs_serve(struct procfs *f)
{
    (void)f;
}

void procfs_close(struct procfs *f)
{
    (void)f;
}
#endif
