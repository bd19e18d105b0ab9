/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/values.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool value_number(const char *text, long low, long high, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return !errno && end != text && !*end && *out >= low && *out <= high;
}

bool value_pid(const char *text, pid_t *out)
{
    long n;
    if (!value_number(text, 1, INT32_MAX, &n))
        return false;
    *out = (pid_t)n;
    return true;
}

bool value_namespaces(const char *text, pid_t *out)
{
    char path[64];
    if (!value_pid(text, out))
        return false;
    snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)*out);
    return access(path, F_OK) == 0;
}

bool value_sizes(const char *text, uint64_t *size, unsigned *files)
{
    char *end;
    errno = 0;
    unsigned long mb = strtoul(text, &end, 10), n = 0;
    bool ok = end != text && isdigit((unsigned char)*text);
    if (ok && *end == ',') {
        const char *at = end + 1;
        n = strtoul(at, &end, 10);
        ok = isdigit((unsigned char)*at) && n > 0;
    }
    if (!ok || *end || errno || mb < 1 || mb > 1 << 20 || n > 100000)
        return false;
    *size = (uint64_t)mb << 20;
    *files = (unsigned)n;
    return true;
}

bool value_color(const char *text, enum diag_color *out)
{
    static const char *const names[] = {
        [DIAG_COLOR_AUTO] = "auto", [DIAG_COLOR_ALWAYS] = "always", [DIAG_COLOR_NEVER] = "never"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (enum diag_color)i;
            return true;
        }
    return false;
}
