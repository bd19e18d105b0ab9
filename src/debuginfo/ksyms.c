/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debuginfo/ksyms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool ksyms_each(bool (*fn)(const struct ksym *k, void *arg), void *arg)
{
    FILE *f = fopen("/proc/kallsyms", "re");
    char line[1024];
    struct ksym k;
    if (!f)
        return false;
    while (fgets(line, sizeof line, f))
        if (parse_line(line, &k) && fn(&k, arg))
            break;
    fclose(f);
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
