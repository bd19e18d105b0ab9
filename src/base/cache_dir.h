/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder for what may be made anew at any time: $XDG_CACHE_HOME/stap or ~/.cache/stap.  It
 * is made when it is not there. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* False: none can be written to, or this is a program that runs with more rights than the one
 * who started it has. */
bool cache_dir(char *out, size_t n);
