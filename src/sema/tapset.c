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

#include "sema/sema.h"

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
    struct lib_name n = {kind, name, file};
    vec_push(a, &t->names, n);
    if (kind == 'f')
        hash_put(&t->functions, name, file);
    else if (kind == 'g')
        hash_put(&t->globals, name, file);
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

static void scan_file(struct session *s, struct tapset *t, struct lib_file *f)
{
    struct source *src = source_read(s->arena, f->path, f->path);
    if (!src)
        return;
    struct scan sc = {.arena = s->arena, .t = t, .file = f};
    lex_scan(s->arena, src, scan_token, &sc);
}

/* ---- folders ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths in `dir` that end in `suffix`, sorted. */
static size_t list_dir(struct arena *a, const char *dir, const char *suffix, const char ***out)
{
    VEC(const char *) names = {0};
    DIR *d = opendir(dir);
    if (d) {
        for (struct dirent *e; (e = readdir(d));) {
            size_t n = strlen(e->d_name), m = strlen(suffix);
            if (n > m && strcmp(e->d_name + n - m, suffix) == 0 && e->d_name[0] != '.')
                vec_push(a, &names, arena_printf(a, "%s/%s", dir, e->d_name));
        }
        closedir(d);
    }
    if (names.n)
        qsort(names.v, names.n, sizeof *names.v, by_name);
    *out = names.v;
    return names.n;
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

/* Lines "F size mtime name", then "f|g|a name" for what that file defines. */
static bool read_index(struct session *s, struct tapset *t, const char *dir)
{
    size_t len = 0;
    char *text = slurp(s->arena, arena_printf(s->arena, "%s/" INDEX_NAME, dir), &len);
    const char **paths;
    size_t npaths = list_dir(s->arena, dir, ".stp", &paths), seen = 0;
    if (!text)
        return false;
    VEC(struct lib_name) names = {0};
    VEC(struct lib_file *) files = {0};
    struct lib_file *file = NULL;
    for (char *line = text, *next; line < text + len; line = next) {
        next = strchr(line, '\n');
        if (!next)
            return false;
        *next++ = 0;
        if (line[0] == 'F') {
            long long size, mtime;
            int at = 0;
            struct stat st;
            if (sscanf(line, "F %lld %lld %n", &size, &mtime, &at) < 2 || !at)
                return false;
            file = arena_new_obj(s->arena, struct lib_file);
            file->path = arena_printf(s->arena, "%s/%s", dir, line + at);
            if (seen >= npaths || strcmp(paths[seen++], file->path) != 0 ||
                stat(file->path, &st) != 0 || st.st_size != size ||
                (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec != mtime)
                return false;
            vec_push(s->arena, &files, file);
        } else if (file && line[0] && line[1] == ' ') {
            struct lib_name n = {line[0], line + 2, file};
            vec_push(s->arena, &names, n);
        } else {
            return false;
        }
    }
    if (seen != npaths)
        return false;
    vec_for (i, files)
        vec_push(s->arena, &t->files, files.v[i]);
    vec_for (i, names)
        add_name(s->arena, t, names.v[i].kind, names.v[i].name, names.v[i].file);
    return true;
}

static void add_dir(struct session *s, struct tapset *t, const char *dir, bool indexed)
{
    const char **paths;
    if (!indexed || !read_index(s, t, dir)) {
        size_t n = list_dir(s->arena, dir, ".stp", &paths);
        for (size_t i = 0; i < n; i++) {
            struct lib_file *f = arena_new_obj(s->arena, struct lib_file);
            f->path = paths[i];
            vec_push(s->arena, &t->files, f);
            scan_file(s, t, f);
        }
    }
    size_t n = list_dir(s->arena, dir, ".stpm", &paths);
    for (size_t i = 0; i < n; i++)
        vec_push(s->arena, &t->macro_files, paths[i]);
}

/* A library folder and its subfolders for the architecture and kernel version. */
static void add_tree(struct session *s, struct tapset *t, const char *dir)
{
    add_dir(s, t, dir, true);
    const char *arch = s->parse.arch ? s->parse.arch : "";
    const char *v = s->parse.kernel_v ? s->parse.kernel_v : "";
    size_t major = strcspn(v, "."), minor = major;
    if (v[major])
        minor = major + 1 + strcspn(v + major + 1, ".");
    const char *const subs[] = {
        arch,
        arena_strndup(s->arena, v, minor),
        arena_printf(s->arena, "%.*s/%s", (int)minor, v, arch),
        s->parse.kernel_vr ? s->parse.kernel_vr : "",
    };
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++) {
        struct stat st;
        const char *sub = arena_printf(s->arena, "%s/%s", dir, subs[i]);
        if (*subs[i] && stat(sub, &st) == 0 && S_ISDIR(st.st_mode))
            add_dir(s, t, sub, false);
    }
}

struct tapset *tapset_open(struct session *s)
{
    if (s->tapset)
        return s->tapset;
    struct tapset *t = arena_new_obj(s->arena, struct tapset);
    hash_init(&t->functions, s->arena);
    hash_init(&t->globals, s->arena);
    if (s->tapset_dir)
        add_tree(s, t, s->tapset_dir);
    vec_for (i, s->include_dirs)
        add_tree(s, t, s->include_dirs.v[i]);
    s->tapset = t;
    return t;
}

bool tapset_load_macros(struct session *s)
{
    struct tapset *t = tapset_open(s);
    bool ok = true;
    vec_for (i, t->macro_files) {
        struct source *src = source_read(s->arena, t->macro_files.v[i], t->macro_files.v[i]);
        if (src) {
            src->tapset = true;
            ok = parse_macros(&s->parse, src) && ok;
        }
    }
    return ok;
}

bool tapset_write_index(struct session *s, const char *dir)
{
    struct tapset t = {0};
    hash_init(&t.functions, s->arena);
    hash_init(&t.globals, s->arena);
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
        fprintf(f, "F %lld %lld %s\n", (long long)st.st_size,
                (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
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
    const struct ast_file *file = parse_source(&m->s->parse, src, &errors);
    if (file)
        sema_register(m, file);
}

static bool load_kind(struct sema *m, char kind, const struct hash *index, const char *name)
{
    if (!hash_get(index, name))
        return false;
    vec_for (i, m->tapset->names) {
        struct lib_name *n = &m->tapset->names.v[i];
        if (n->kind == kind && strcmp(n->name, name) == 0)
            tapset_load_file(m, n->file);
    }
    return true;
}

bool tapset_load_function(struct sema *m, const char *name)
{
    return load_kind(m, 'f', &m->tapset->functions, name);
}

bool tapset_load_global(struct sema *m, const char *name)
{
    return load_kind(m, 'g', &m->tapset->globals, name);
}
