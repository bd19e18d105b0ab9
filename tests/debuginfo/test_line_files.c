// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers of tables of lines: which files they name; damaged ones. */
#include "debuginfo/line_files.h"
#include "tests/check.h"

/* Headers without the rows that follow; main() fills in the length. */
static uint8_t version4[] = {
    0,   0,   0,   0,   4,   0,   0x34, 0, 0, 0,   1,   1,   1,   0xfb, 0x0e, 0x0d, 0,   1, 1,
    1,   1,   0,   0,   0,   1,   0,    0, 1, 'd', 'i', 'r', 0,   '/',  'a',  'b',  's', 0, 0,
    'm', 'a', 'i', 'n', '.', 'c', 0,    0, 0, 0,   'x', '.', 'h', 0,    2,    0,    0,   0,
};
static uint8_t version5[] = {
    0,    0,    0,    0, 5,    0,   8,   0,   0x28, 0, 0, 0, 1, 1, 1,
    0xfb, 0x0e, 0x0d, 0, 1,    1,   1,   1,   0,    0, 0, 1, 0, 0, 1, /* directories: text */
    1,    1,    0x08, 2, '/',  'w', 0,   'i', 0, /* files: text, number of the directory */
    2,    1,    0x08, 2, 0x0b, 1,   'm', '.', 'c',  0, 1,
};

static struct line_files read_of(struct arena *a, const uint8_t *p, size_t n)
{
    struct line_files f = {0};
    struct bytes all = {p, n}, none = {0};
    line_files_read(a, all, 0, none, none, &f);
    return f;
}

int main(void)
{
    struct arena *a = arena_new();
    version4[0] = sizeof version4 - 4;
    version5[0] = sizeof version5 - 4;
    struct line_files f = read_of(a, version4, sizeof version4);
    CHECK(f.names.n == 3 && f.dirs.n == 3);
    if (f.names.n == 3 && f.dirs.n == 3) {
        CHECK(!f.names.v[0].name);
        CHECK_STR(f.names.v[1].name, "main.c");
        CHECK(f.names.v[1].dir == 0);
        CHECK_STR(f.names.v[2].name, "x.h");
        CHECK_STR(f.dirs.v[f.names.v[2].dir], "/abs");
    }
    f = read_of(a, version5, sizeof version5);
    CHECK(f.names.n == 1 && f.dirs.n == 2);
    if (f.names.n == 1 && f.dirs.n == 2) {
        CHECK_STR(f.names.v[0].name, "m.c");
        CHECK_STR(f.dirs.v[f.names.v[0].dir], "i");
    }
    /* Cut off anywhere it names nothing. */
    for (size_t n = 0; n < sizeof version5; n++)
        CHECK(read_of(a, version5, n).names.n == 0);
    for (size_t n = 0; n < sizeof version4; n++)
        CHECK(read_of(a, version4, n).names.n == 0);
    arena_free(a);
    return check_report();
}
