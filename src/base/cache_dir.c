/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cache_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool cache_dir(char *out, size_t n)
{
    const char *base = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
    char parent[3000];
    if (base && *base == '/')
        snprintf(parent, sizeof parent, "%s", base);
    else if (home && *home == '/')
        snprintf(parent, sizeof parent, "%s/.cache", home);
    else
        return false;
    if ((size_t)snprintf(out, n, "%s/stap", parent) >= n)
        return false;
    if (access(out, W_OK) == 0)
        return true;
    mkdir(parent, 0700);
    return mkdir(out, 0700) == 0;
}
