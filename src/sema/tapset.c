/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library folder: which file defines which name.  A file is parsed only
 * when a script needs one of its names.  The names come from an index file that
 * the build writes, or, where it is missing or older than a file, from a scan of
 * the tokens. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sema/table.h"

#define INDEX_NAME ".index"

/* ---- scanning a file for the names it defines ---- */

struct scan {
    struct arena *arena;
    struct tapset *t;
    struct lib_file *file;
    unsigned depth; /* of braces and parentheses */
    enum { S_NONE, S_FUNCTION, S_GLOBAL, S_GLOBAL_REST, S_PROBE } state;
    const char *point; /* text of a probe point so far */
    bool joined;
};

static void add_name(struct arena *a, struct tapset *t, char kind, const char *name,
                     struct lib_file *file)
{
    struct lib_name n = {kind, name, file, NULL};
    vec_push(a, &t->names, n);
}

static bool scan_token(const struct token *tok, void *arg)
{
    struct scan *s = arg;
    const char *x = tok->text;
    if (tok->type == TOK_OP && strchr("{([", *x) && !x[1]) {
        if (*x == '{' && s->depth == 0)
            s->state = S_NONE;
        s->depth++;
        return true;
    }
    if (tok->type == TOK_OP && strchr("})]", *x) && !x[1]) {
        s->depth -= s->depth > 0;
        return true;
    }
    if (s->depth)
        return true;
    if (tok->type == TOK_KEYWORD && s->state != S_PROBE) {
        s->state = strcmp(x, "function") == 0 ? S_FUNCTION
                   : strcmp(x, "global") == 0 ? S_GLOBAL
                   : strcmp(x, "probe") == 0  ? S_PROBE
                                              : s->state;
        s->point = "";
        return true;
    }
    switch (s->state) {
    case S_FUNCTION:
        if (tok->type == TOK_IDENT)
            add_name(s->arena, s->t, 'f', x, s->file);
        s->state = S_NONE;
        break;
    case S_GLOBAL:
        if (tok->type == TOK_IDENT)
            add_name(s->arena, s->t, 'g', x, s->file);
        s->state = S_GLOBAL_REST;
        break;
    case S_GLOBAL_REST:
        if (tok->type == TOK_OP && strcmp(x, ",") == 0)
            s->state = S_GLOBAL;
        break;
    case S_PROBE:
        if (tok->type == TOK_OP && (strcmp(x, "=") == 0 || strcmp(x, "+=") == 0)) {
            add_name(s->arena, s->t, 'a', s->point, s->file);
            s->state = S_NONE;
        } else if (tok->type == TOK_OP && strcmp(x, ",") == 0) {
            s->point = "";
        } else if (tok->type == TOK_IDENT || tok->type == TOK_KEYWORD ||
                   (tok->type == TOK_OP && strcmp(x, ".") == 0)) {
            s->point = arena_printf(s->arena, "%s%s", s->point, x);
        }
        break;
    case S_NONE:
        break;
    }
    return true;
}

struct table_scan {
    struct arena *arena;
    struct tapset *t;
    struct lib_file *file;
};

static void add_table_name(const char *name, void *arg)
{
    struct table_scan *s = arg;
    add_name(s->arena, s->t, 'a', name, s->file);
}

static void scan_file(struct session *s, struct tapset *t, struct lib_file *f)
{
    struct source *src = source_read(s->arena, f->path, f->path);
    if (!src)
        return;
    if (f->is_table) {
        struct table_scan ts = {s->arena, t, f};
        table_names(s->arena, src->text, add_table_name, &ts);
        return;
    }
    struct scan sc = {.arena = s->arena, .t = t, .file = f};
    lex_scan(s->arena, src, scan_token, &sc);
}

/* ---- folders ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && name[0] != '.' && strcmp(name + n - m, suffix) == 0;
}

static struct lib_file *new_file(struct arena *a, const char *path)
{
    struct lib_file *f = arena_new_obj(a, struct lib_file);
    f->path = path;
    f->is_table = has_suffix(strrchr(path, '/') + 1, ".table");
    hash_init(&f->made, a);
    return f;
}

/* A library folder, read once. */
struct folder {
    const char *path;
    DIR *d;
    VEC(const char *) names; /* of library files, sorted */
};

static bool open_folder(struct arena *a, struct folder *f, const char *path)
{
    *f = (struct folder){.path = path, .d = opendir(path)};
    if (!f->d)
        return false;
    for (struct dirent *e; (e = readdir(f->d));)
        if (has_suffix(e->d_name, ".stp") || has_suffix(e->d_name, ".table") ||
            has_suffix(e->d_name, ".stpm"))
            vec_push(a, &f->names, arena_strdup(a, e->d_name));
    if (f->names.n)
        qsort(f->names.v, f->names.n, sizeof *f->names.v, by_name);
    return true;
}

static const char *path_in(struct arena *a, const struct folder *f, const char *name)
{
    return arena_printf(a, "%s/%s", f->path, name);
}

/* ---- the index file ---- */

static char *slurp(struct arena *a, const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return NULL;
    char *buf = NULL;
    if (fstat(fd, &st) == 0 && st.st_size >= 0) {
        buf = arena_alloc(a, (size_t)st.st_size + 1);
        ssize_t n = read(fd, buf, (size_t)st.st_size);
        if (n != st.st_size)
            buf = NULL;
        *len = (size_t)st.st_size;
    }
    close(fd);
    return buf;
}

static long long mtime_of(const struct stat *st)
{
    return (long long)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Whether the file an index line tells of is still as it was. */
static bool unchanged(int dirfd, const char *name, long long size, long long mtime)
{
    struct stat st;
    return fstatat(dirfd, name, &st, 0) == 0 && st.st_size == size && mtime_of(&st) == mtime;
}

static size_t count_scripts(const struct folder *f)
{
    size_t n = 0;
    vec_for (i, f->names)
        n += !has_suffix(f->names.v[i], ".stpm");
    return n;
}

/* Lines "F size mtime name", then "f|g|a name" for what that file defines.
 * False when the folder has changed since it was written. */
static bool parse_index(struct session *s, struct tapset *t, const struct folder *dir, char *text,
                        size_t len)
{
    struct lib_file *file = NULL;
    size_t nfiles = 0;
    for (char *line = text, *next; line < text + len; line = next) {
        next = strchr(line, '\n');
        if (!next)
            return false;
        *next++ = 0;
        if (line[0] == 'F') {
            char *end;
            long long size = strtoll(line + 1, &end, 10), mtime = strtoll(end, &end, 10);
            if (*end++ != ' ' || !unchanged(dirfd(dir->d), end, size, mtime))
                return false;
            file = new_file(s->arena, path_in(s->arena, dir, end));
            vec_push(s->arena, &t->files, file);
            nfiles++;
        } else if (file && line[0] && line[1] == ' ') {
            add_name(s->arena, t, line[0], line + 2, file);
        } else {
            return false;
        }
    }
    return nfiles == count_scripts(dir);
}

static bool read_index(struct session *s, struct tapset *t, const struct folder *dir)
{
    size_t len = 0, files = t->files.n, names = t->names.n;
    char *text = slurp(s->arena, path_in(s->arena, dir, INDEX_NAME), &len);
    bool ok = text && parse_index(s, t, dir, text, len);
    if (!ok) {
        t->files.n = files;
        t->names.n = names;
    }
    return ok;
}

/* The user's own script may lie in an -I folder: it is no library file. */
static bool is_script(const struct session *s, const char *path)
{
    struct stat a, b;
    return s->script_name && stat(s->script_name, &a) == 0 && stat(path, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void add_files(struct session *s, struct tapset *t, const struct folder *dir,
                      const char *suffix)
{
    vec_for (i, dir->names) {
        const char *path = path_in(s->arena, dir, dir->names.v[i]);
        if (!has_suffix(dir->names.v[i], suffix) || is_script(s, path))
            continue;
        struct lib_file *f = new_file(s->arena, path);
        vec_push(s->arena, &t->files, f);
        scan_file(s, t, f);
    }
}

static void add_dir(struct session *s, struct tapset *t, const char *path, bool indexed)
{
    struct folder dir;
    if (!open_folder(s->arena, &dir, path))
        return;
    if (!indexed || !read_index(s, t, &dir)) {
        add_files(s, t, &dir, ".stp");
        add_files(s, t, &dir, ".table");
    }
    vec_for (i, dir.names)
        if (has_suffix(dir.names.v[i], ".stpm"))
            vec_push(s->arena, &t->macro_files, path_in(s->arena, &dir, dir.names.v[i]));
    closedir(dir.d);
}

/* A library folder and its subfolders for the kernel's version and the
 * architecture, the most specific first: what is found first counts. */
static void add_tree(struct session *s, struct tapset *t, const char *dir)
{
    struct arena *a = s->arena;
    const char *arch = s->parse.arch ? s->parse.arch : "";
    const char *v = s->parse.kernel_v ? s->parse.kernel_v : "";
    const char *dot = strchr(v, '.');
    size_t minor = dot ? (size_t)(dot + 1 - v) + strcspn(dot + 1, ".-") : strlen(v);
    const char *const versions[] = {s->parse.kernel_vr ? s->parse.kernel_vr : "", v,
                                    arena_strndup(a, v, minor), ""};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        const char *base = dir;
        struct stat st;
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again |= strcmp(versions[k], versions[i]) == 0;
        if (again)
            continue;
        if (*versions[i])
            base = arena_printf(a, "%s/%s", dir, versions[i]);
        const char *sub = arena_printf(a, "%s/%s", base, arch);
        if (*arch && stat(sub, &st) == 0 && S_ISDIR(st.st_mode))
            add_dir(s, t, sub, true);
        if (stat(base, &st) == 0 && S_ISDIR(st.st_mode))
            add_dir(s, t, base, true);
    }
}

struct tapset *tapset_open(struct session *s)
{
    if (s->tapset)
        return s->tapset;
    struct tapset *t = arena_new_obj(s->arena, struct tapset);
    if (s->tapset_dir)
        add_tree(s, t, s->tapset_dir);
    if (!t->names.n)
        diag_warning(&s->diag, NULL,
                     "the library of functions and aliases is not found%s%s: set SYSTEMTAP_TAPSET "
                     "to the folder where it is installed",
                     s->tapset_dir ? " in " : "", s->tapset_dir ? s->tapset_dir : "");
    vec_for (i, s->include_dirs)
        add_tree(s, t, s->include_dirs.v[i]);
    s->tapset = t;
    return t;
}

bool tapset_load_macros(struct session *s)
{
    struct tapset *t = tapset_open(s);
    bool ok = true;
    if (t->macros_loaded)
        return true;
    t->macros_loaded = true;
    vec_for (i, t->macro_files) {
        struct source *src = source_read(s->arena, t->macro_files.v[i], t->macro_files.v[i]);
        if (src) {
            src->tapset = true;
            ok = parse_macros(&s->parse, src) && ok;
        }
    }
    return ok;
}

static bool write_one_index(struct session *s, const char *dir)
{
    struct tapset t = {0};
    add_dir(s, &t, dir, false);
    const char *path = arena_printf(s->arena, "%s/" INDEX_NAME, dir);
    FILE *f = fopen(path, "we");
    if (!f) {
        diag_error(&s->diag, "cannot write %s: %s", path, strerror(errno));
        return false;
    }
    vec_for (i, t.files) {
        struct stat st;
        const struct lib_file *file = t.files.v[i];
        if (stat(file->path, &st) != 0)
            continue;
        fprintf(f, "F %lld %lld %s\n", (long long)st.st_size, mtime_of(&st),
                strrchr(file->path, '/') + 1);
        vec_for (k, t.names)
            if (t.names.v[k].file == file)
                fprintf(f, "%c %s\n", t.names.v[k].kind, t.names.v[k].name);
    }
    bool ok = fclose(f) == 0;
    if (!ok)
        diag_error(&s->diag, "cannot write %s: %s", path, strerror(errno));
    return ok;
}

enum { FOLDER_DEPTH_MAX = 3 }; /* DIR/VERSION/ARCH */

static bool write_indexes(struct session *s, const char *dir, int depth)
{
    bool ok = write_one_index(s, dir);
    DIR *d = depth < FOLDER_DEPTH_MAX ? opendir(dir) : NULL;
    if (!d)
        return ok;
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        const char *sub = arena_printf(s->arena, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' && stat(sub, &st) == 0 && S_ISDIR(st.st_mode))
            ok = write_indexes(s, sub, depth + 1) && ok;
    }
    closedir(d);
    return ok;
}

bool tapset_write_index(struct session *s, const char *dir)
{
    return write_indexes(s, dir, 1);
}

/* ---- loading ---- */

void tapset_load_file(struct sema *m, struct lib_file *f)
{
    if (f->loaded)
        return;
    f->loaded = true;
    struct source *src = source_read(m->arena, f->path, f->path);
    unsigned errors;
    if (!src)
        return;
    src->tapset = src->privileged = true;
    if (m->tapset->macro_files.n && memchr(src->text, '@', src->len))
        tapset_load_macros(m->s);
    const struct ast_file *file = parse_source(&m->s->parse, src, &errors);
    if (file)
        sema_register(m, file);
}

/* The alias of a table as a file of its own. */
static const struct ast_file *made_file(struct session *s, struct lib_file *f, const char *name)
{
    const char *wrong, *text = table_alias(s->arena, f, name, &wrong);
    if (!text) {
        diag_error(&s->diag, "%s: this line of the table cannot be read: %s", f->path,
                   wrong ? wrong : name);
        return NULL;
    }
    const char *shown = arena_printf(s->arena, "%s(%s)", f->path, name);
    struct source *src = source_from_string(s->arena, shown, text, strlen(text));
    unsigned errors;
    src->tapset = src->privileged = true;
    return parse_source(&s->parse, src, &errors);
}

void tapset_load_alias(struct sema *m, struct lib_file *f, const char *name)
{
    if (!f->is_table) {
        tapset_load_file(m, f);
        return;
    }
    if (!hash_put(&f->made, name, f))
        return;
    const struct ast_file *file = made_file(m->s, f, name);
    if (file)
        sema_register(m, file);
}

void tapset_each_file(struct session *s, void (*fn)(const struct ast_file *f, void *arg), void *arg)
{
    const struct tapset *t = tapset_open(s);
    tapset_load_macros(s);
    vec_for (i, t->files) {
        struct source *src = t->files.v[i]->is_table
                                 ? NULL
                                 : source_read(s->arena, t->files.v[i]->path, t->files.v[i]->path);
        unsigned errors;
        if (!src)
            continue;
        src->tapset = src->privileged = true;
        const struct ast_file *f = parse_source(&s->parse, src, &errors);
        if (f)
            fn(f, arg);
    }
    vec_for (i, t->names) {
        const struct lib_name *n = &t->names.v[i];
        const struct ast_file *f =
            n->kind == 'a' && n->file->is_table ? made_file(s, n->file, n->name) : NULL;
        if (f)
            fn(f, arg);
    }
}

/* Names by kind, made when several have been looked up: small scripts do
 * without.  False: not made. */
enum { FEW_LOOKUPS = 10 };
static bool make_tables(struct tapset *t, struct arena *a)
{
    if (t->tables)
        return true;
    if (t->lookups++ < FEW_LOOKUPS)
        return false;
    t->tables = true;
    hash_init(&t->functions, a);
    hash_init(&t->globals, a);
    /* Backwards, so that a chain has the order of the files. */
    for (size_t i = t->names.n; i-- > 0;) {
        struct lib_name *n = &t->names.v[i];
        struct hash *h = n->kind == 'f' ? &t->functions : n->kind == 'g' ? &t->globals : NULL;
        if (!h)
            continue;
        n->next = hash_get(h, n->name);
        hash_put(h, n->name, n);
    }
    return true;
}

/* Loads every file that defines `name`, in the order of the search path; only
 * the first one when `one`. */
static bool load_kind(struct sema *m, char kind, const char *name, bool one)
{
    struct tapset *t = m->tapset;
    bool any = false;
    if (make_tables(t, m->arena)) {
        struct lib_name *n = hash_get(kind == 'f' ? &t->functions : &t->globals, name);
        for (; n && !(one && any); n = n->next, any = true)
            tapset_load_file(m, n->file);
        return any;
    }
    for (size_t i = 0; i < t->names.n && !(one && any); i++)
        if (t->names.v[i].kind == kind && strcmp(t->names.v[i].name, name) == 0) {
            tapset_load_file(m, t->names.v[i].file);
            any = true;
        }
    return any;
}

bool tapset_load_function(struct sema *m, const char *name)
{
    return load_kind(m, 'f', name, false);
}

bool tapset_load_global(struct sema *m, const char *name)
{
    return load_kind(m, 'g', name, true);
}
