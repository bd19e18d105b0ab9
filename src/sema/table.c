/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a library table → script text of aliases, one alias at a time: a
 * script that uses one system call pays for one line. */
#include "sema/table.h"

#include <ctype.h>

#include "base/strbuf.h"

/* type NAME { statements } FORMAT [SHOWN] */
struct table_type {
    const char *body, *format, *shown;
};

struct table {
    struct hash types; /* name → struct table_type * */
    struct hash lines; /* alias base name → struct table_line *, chained */
    const char *wrong;
};

struct table_line {
    const char *text; /* behind the name, up to the end of the line */
    struct table_line *next;
};

/* ---- words ---- */

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

static size_t name_len(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
    return n;
}

/* What stands between { and the } that belongs to it; *end behind that. */
static const char *braced(struct arena *a, const char *p, const char **end)
{
    size_t depth = 0, n = 0;
    do {
        depth += p[n] == '{';
        depth -= p[n] == '}';
        n++;
    } while (depth && p[n]);
    *end = p + n;
    return depth ? NULL : arena_strndup(a, p + 1, n - 2);
}

static const char *name_at(struct arena *a, const char **p)
{
    size_t n = name_len(*p);
    const char *name = arena_strndup(a, *p, n);
    *p += n;
    return name;
}

/* ---- the file ---- */

/* Calls fn with each line that is neither empty nor a comment. */
static void each_line(struct arena *a, const char *text,
                      void (*fn)(struct arena *a, const char *line, void *arg), void *arg)
{
    for (const char *p = text, *next; *p; p = next) {
        size_t n = strcspn(p, "\n");
        next = p + n + (p[n] != 0);
        /* A line that begins with space goes on with the one before. */
        while (*next == ' ' || *next == '\t') {
            n = (size_t)(next - p) + strcspn(next, "\n");
            next = p + n + (p[n] != 0);
        }
        if (*p != '#' && *p != '\n') {
            char *line = arena_strndup(a, p, n);
            for (size_t i = 0; i < n; i++)
                if (line[i] == '\n')
                    line[i] = ' ';
            fn(a, line, arg);
        }
    }
}

static bool is_type(const char *line)
{
    return strncmp(line, "type ", 5) == 0;
}

struct naming {
    struct hash seen;
    void (*fn)(const char *name, void *arg);
    void *arg;
};

static void name_line(struct arena *a, const char *line, void *arg)
{
    struct naming *w = arg;
    const char *p = line, *name = name_at(a, &p);
    if (is_type(line) || !hash_put(&w->seen, name, w))
        return;
    w->fn(arena_printf(a, "syscall.%s", name), w->arg);
    w->fn(arena_printf(a, "syscall.%s.return", name), w->arg);
    w->fn(arena_printf(a, "nd_syscall.%s", name), w->arg);
    w->fn(arena_printf(a, "nd_syscall.%s.return", name), w->arg);
}

void table_names(struct arena *a, const char *text, void (*fn)(const char *name, void *arg),
                 void *arg)
{
    struct naming w = {.fn = fn, .arg = arg};
    hash_init(&w.seen, a);
    each_line(a, text, name_line, &w);
}

static void read_line(struct arena *a, const char *line, void *arg)
{
    struct table *t = arg;
    if (is_type(line)) {
        const char *p = skip_space(line + 5);
        const char *name = name_at(a, &p);
        struct table_type *ty = arena_new_obj(a, struct table_type);
        p = skip_space(p);
        ty->body = *p == '{' ? braced(a, p, &p) : NULL;
        p = skip_space(p);
        size_t n = strcspn(p, " ");
        ty->format = arena_strndup(a, p, n);
        ty->shown = arena_strdup(a, skip_space(p + n));
        if (!ty->body || !*ty->format || !*ty->shown)
            t->wrong = line;
        hash_put(&t->types, name, ty);
        return;
    }
    const char *p = line, *name = name_at(a, &p);
    struct table_line *l = arena_new_obj(a, struct table_line), *first = hash_get(&t->lines, name);
    l->text = p;
    for (; first && first->next; first = first->next)
        ;
    if (first)
        first->next = l;
    else
        hash_put(&t->lines, name, l);
}

static struct table *read_table(struct arena *a, struct lib_file *f, const char **wrong)
{
    if (f->table)
        return f->table;
    struct source *src = source_read(a, f->path, f->path);
    if (!src)
        return NULL;
    struct table *t = arena_new_obj(a, struct table);
    hash_init(&t->types, a);
    hash_init(&t->lines, a);
    each_line(a, src->text, read_line, t);
    *wrong = t->wrong;
    return f->table = t;
}

/* ---- one line ---- */

struct call {
    struct arena *a;
    const struct table *t;
    const char *name;              /* of the alias */
    const char *shown_name;        /* what `name` will be */
    const char *enter64, *enter32; /* of the kernel; "-": none */
    const char *ret;               /* format of the value, for return_str */
    struct strbuf body;            /* statements that set the variables */
    struct strbuf format, args;    /* of argstr */
    const char *shown_if;          /* what follows is shown only then */
    size_t short_format, short_args;
    const char *argstr; /* instead of format and args */
};

/* `text` with @V, @S, @A and @B replaced. */
static void substitute(struct strbuf *out, const char *text, const char *var, const char *str,
                       int arg)
{
    for (const char *p = text; *p; p++) {
        if (*p != '@' || !p[1] || !strchr("VSAB", p[1])) {
            strbuf_putc(out, *p);
            continue;
        }
        p++;
        if (*p == 'A' || *p == 'B')
            strbuf_printf(out, "$arg%d", arg + (*p == 'B'));
        else
            strbuf_puts(out, *p == 'V' ? var : str);
    }
}

static void show(struct call *c, const char *format, const char *expr, const char *var,
                 const char *str, int arg)
{
    strbuf_printf(&c->format, "%s%s", c->format.n ? ", " : "", format);
    strbuf_puts(&c->args, ", ");
    substitute(&c->args, expr, var, str, arg);
}

/* NAME or {expression}, of the variable. */
static const char *expression(struct call *c, const char **p, const char *var)
{
    if (**p == '{')
        return braced(c->a, *p, p);
    size_t n = name_len(*p);
    const char *fn = name_at(c->a, p);
    return n ? arena_printf(c->a, "%s(%s)", fn, var) : NULL;
}

/* VAR:TYPE[=[STRING=]FUNCTION][>FUNCTION][?{condition}] */
static bool argument(struct call *c, const char **p, int arg)
{
    struct arena *a = c->a;
    bool hidden = **p == '!';
    *p += hidden;
    const char *var = name_at(a, p), *str = arena_printf(a, "%s_str", var);
    if (!*var || *(*p)++ != ':')
        return false;
    const struct table_type *ty = hash_get(&c->t->types, name_at(a, p));
    if (!ty)
        return false;
    const char *made = NULL, *format = ty->format, *shown = ty->shown;
    if (**p == '=') {
        ++*p;
        size_t n = name_len(*p);
        if (n && (*p)[n] == '=') {
            str = name_at(a, p);
            ++*p;
        } else if (n && strchr(" ?\t", (*p)[n]) && strstr(ty->body, "@S")) {
            /* A type that makes a string by itself: only its name. */
            str = name_at(a, p);
        }
        if (**p == '{' || name_len(*p)) {
            made = expression(c, p, var);
            if (!made)
                return false;
            format = "%s";
            shown = "@S";
        }
    }
    substitute(&c->body, ty->body, var, str, arg);
    strbuf_puts(&c->body, "\n");
    if (made)
        strbuf_printf(&c->body, "%s = %s\n", str, made);
    if (**p == '>') {
        ++*p;
        shown = expression(c, p, var);
        format = "%s";
        if (!shown)
            return false;
    }
    if (**p == '?') {
        ++*p;
        c->shown_if = **p == '{' ? braced(a, *p, p) : NULL;
        if (!c->shown_if)
            return false;
        c->short_format = c->format.n;
        c->short_args = c->args.n;
    }
    if (!hidden)
        show(c, format, shown, var, str, arg);
    return true;
}

/* KEY=WORD in front of the arguments. */
static bool option(struct call *c, const char **p)
{
    static const char *const keys[] = {"64=", "32=", "name=", "ret="};
    const char **const to[] = {&c->enter64, &c->enter32, &c->shown_name, &c->ret};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t n = strlen(keys[i]);
        if (strncmp(*p, keys[i], n) == 0) {
            *p += n;
            n = strcspn(*p, " ");
            *to[i] = arena_strndup(c->a, *p, n);
            *p += n;
            return true;
        }
    }
    return false;
}

static bool parse_line(struct call *c, const char *p)
{
    int arg = 0;
    while (*(p = skip_space(p))) {
        if (option(c, &p))
            continue;
        if (*p == '-' && (p[1] == ' ' || !p[1])) {
            arg++;
            p++;
        } else if (*p == '+') {
            p++;
            const char *var = name_at(c->a, &p);
            const char *e = p[0] == '=' && p[1] == '{' ? braced(c->a, p + 1, &p) : NULL;
            if (!*var || !e)
                return false;
            strbuf_printf(&c->body, "%s = %s\n", var, e);
        } else if (strncmp(p, "argstr={", 8) == 0) {
            c->argstr = braced(c->a, p + 7, &p);
            if (!c->argstr)
                return false;
        } else if (!argument(c, &p, ++arg)) {
            return false;
        }
    }
    return true;
}

static void put_argstr(const struct call *c, struct strbuf *out)
{
    if (c->argstr)
        strbuf_printf(out, "argstr = %s\n", c->argstr);
    else if (!c->format.n)
        strbuf_puts(out, "argstr = \"\"\n");
    else if (c->shown_if)
        strbuf_printf(out, "argstr = (%s) ? sprintf(\"%s\"%s)\n : sprintf(\"%.*s\"%.*s)\n",
                      c->shown_if, c->format.p, c->args.p, (int)c->short_format, c->format.p,
                      (int)c->short_args, c->args.p ? c->args.p : "");
    else
        strbuf_printf(out, "argstr = sprintf(\"%s\"%s)\n", c->format.p, c->args.p);
}

static void put_alias(const struct call *c, struct strbuf *out, bool ret)
{
    strbuf_printf(out, "probe syscall.%s%s = __syscall.%s(\"%s/%s\")\n{\n", c->name,
                  ret ? ".return" : "", ret ? "exit" : "enter", c->enter64, c->enter32);
    strbuf_printf(out, "__nr = $syscall\nname = \"%s\"\n", c->shown_name);
    if (ret)
        strbuf_printf(out, "retval = $return\nretstr = return_str(%s, $return)\n", c->ret);
    if (c->body.p)
        strbuf_puts(out, c->body.p);
    put_argstr(c, out);
    strbuf_puts(out, "}\n");
}

/* "syscall.NAME.return" → NAME */
static const char *base_name(struct arena *a, const char *name, bool *ret)
{
    static const char suffix[] = ".return";
    const char *dot = strchr(name, '.');
    name = dot ? dot + 1 : name;
    size_t n = strlen(name), m = sizeof suffix - 1;
    *ret = n > m && strcmp(name + n - m, suffix) == 0;
    return arena_strndup(a, name, *ret ? n - m : n);
}

const char *table_alias(struct arena *a, struct lib_file *f, const char *name, const char **wrong)
{
    *wrong = NULL;
    bool ret;
    const char *base = base_name(a, name, &ret);
    if (strncmp(name, "nd_", 3) == 0)
        return arena_printf(a, "probe nd_syscall.%s%s = syscall.%s%s { }\n", base,
                            ret ? ".return" : "", base, ret ? ".return" : "");
    const struct table *t = read_table(a, f, wrong);
    struct strbuf out = {0};
    for (struct table_line *l = t && !*wrong ? hash_get(&t->lines, base) : NULL; l; l = l->next) {
        struct call c = {.a = a, .t = t, .name = base, .shown_name = base, .ret = "1"};
        c.enter64 = c.enter32 = base;
        if (parse_line(&c, l->text))
            put_alias(&c, &out, ret);
        else
            *wrong = arena_printf(a, "%s%s", base, l->text);
        strbuf_free(&c.body);
        strbuf_free(&c.format);
        strbuf_free(&c.args);
    }
    const char *text = out.p && !*wrong ? arena_strndup(a, out.p, out.n) : NULL;
    strbuf_free(&out);
    return text;
}
