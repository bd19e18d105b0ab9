/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/ksyms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"

/* "ffffffff81000000 T name\t[module]" */
static bool parse_line(char *line, struct ksym *k)
{
    char *p;
    k->addr = strtoull(line, &p, 16);
    if (p == line || p[0] != ' ' || !p[1] || p[2] != ' ')
        return false;
    k->type = p[1];
    k->name = p + 3;
    k->module = "";
    p += 3 + strcspn(p + 3, "\t\n ");
    if (*p == '\t' && p[1] == '[') {
        k->module = p + 2;
        p[2 + strcspn(p + 2, "]\n")] = 0;
    }
    *p = 0;
    return true;
}

/* The table is read once for many questions: making its text is what takes the time.
 * Modules come and go, so after KEEP_S seconds it is read again. */
enum { KEEP_S = 2 };
static struct {
    char *text;
    struct ksym *v;
    size_t n;
    time_t at;
    int users; /* calls of ksyms_each that go on */
} table;

void ksyms_forget(void)
{
    free(table.text);
    free(table.v);
    table.text = NULL;
    table.v = NULL;
    table.n = 0;
}

static time_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "re");
    size_t have = 0, size = 8 << 20;
    char *text = f ? malloc(size) : NULL;
    for (size_t n; text && (n = fread(text + have, 1, size - have - 1, f)) > 0;) {
        have += n;
        if (have + 1 < size)
            continue;
        char *more = realloc(text, size *= 2);
        if (!more)
            free(text);
        text = more;
    }
    if (text)
        text[have] = 0;
    if (f)
        fclose(f);
    return text;
}

static bool read_table(void)
{
    size_t size = 0;
    table.text = read_all("/proc/kallsyms");
    for (char *line = table.text, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        end = end ? end : line + strlen(line) - 1;
        *end++ = 0;
        if (table.n == size) {
            size = size ? size * 2 : 1 << 17;
            struct ksym *more = realloc(table.v, size * sizeof *more);
            if (!more)
                break;
            table.v = more;
        }
        table.n += parse_line(line, &table.v[table.n]);
    }
    table.at = now_s();
    return table.text != NULL;
}

bool ksyms_each(bool (*fn)(const struct ksym *k, void *arg), void *arg)
{
    if (table.text && !table.users && now_s() - table.at > KEEP_S)
        ksyms_forget();
    if (!table.text && !read_table())
        return false;
    table.users++;
    for (size_t i = 0; i < table.n; i++)
        if (fn(&table.v[i], arg))
            break;
    table.users--;
    return true;
}

bool ksym_is_function(const struct ksym *k)
{
    return strchr("tTwW", k->type) && strncmp(k->name, "__pfx_", 6) != 0;
}

struct nearest {
    uint64_t addr;
    struct ksym best;
    char name[512], module[128];
};

static bool look_nearest(const struct ksym *k, void *arg)
{
    struct nearest *n = arg;
    if (k->addr <= n->addr && k->addr > n->best.addr && ksym_is_function(k)) {
        n->best = *k;
        snprintf(n->name, sizeof n->name, "%s", k->name);
        snprintf(n->module, sizeof n->module, "%s", k->module);
    }
    return false;
}

bool ksyms_at(struct arena *a, uint64_t addr, struct ksym *out)
{
    struct nearest n = {.addr = addr};
    if (!ksyms_each(look_nearest, &n) || !n.best.addr)
        return false;
    *out = n.best;
    out->name = arena_printf(a, "%s", n.name);
    out->module = arena_printf(a, "%s", n.module);
    return true;
}

struct wanted {
    const char *name, *module;
    uint64_t addr;
    char type;
};

static bool look_name(const struct ksym *k, void *arg)
{
    struct wanted *w = arg;
    if (strcmp(k->name, w->name) != 0 || strcmp(k->module, w->module) != 0)
        return false;
    w->addr = k->addr;
    w->type = k->type;
    return true;
}

uint64_t ksyms_address(const char *name, const char *module, char *type)
{
    struct wanted w = {.name = name, .module = module ? module : ""};
    ksyms_each(look_name, &w);
    if (type)
        *type = w.type;
    return w.addr;
}

uint64_t ksyms_text_start(void)
{
    char line[512];
    struct ksym k;
    uint64_t addr = 0;
    if (table.text)
        return ksyms_address("_stext", NULL, NULL);
    FILE *f = fopen("/proc/kallsyms", "re");
    while (f && !addr && fgets(line, sizeof line, f))
        if (parse_line(line, &k) && strcmp(k.name, "_stext") == 0)
            addr = k.addr;
    if (f)
        fclose(f);
    return addr;
}
