// SPDX-License-Identifier: GPL-2.0-or-later
/* Library tables: lines → aliases; and the tables of names they use. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "sema/table.h"
#include "tests/check.h"

static struct arena *arena;

static const char *named(const char *table, bool flags, uint64_t v)
{
    const char *wrong = NULL;
    struct name_table *t = names_parse(arena, table, flags, &wrong);
    struct strbuf out = {0};
    if (!t)
        return arena_printf(arena, "wrong: %s", wrong);
    names_print(&out, t, v);
    const char *s = arena_strdup(arena, out.p);
    strbuf_free(&out);
    return s;
}

static void names(void)
{
    const char *open = "RD=0/3 WR=1/3 RDWR=2/3 CREAT=0x40 EXCL SYNC=0x101000 DSYNC=0x1000";
    CHECK_STR(named(open, true, 0), "RD");
    CHECK_STR(named(open, true, 1 | 0xc0), "WR|CREAT|EXCL");
    CHECK_STR(named(open, true, 0x101000), "RD|SYNC");
    CHECK_STR(named(open, true, 0x1000), "RD|DSYNC");
    CHECK_STR(named(open, true, 0x80000002), "RDWR|0x80000000");
    CHECK_STR(named("A=1 B", true, 0), "0x0");
    CHECK_STR(named("A=1 B", true, 8), "0x8");
    CHECK_STR(named("NONE=0 A=1", true, 0), "NONE");
    CHECK_STR(named("NONE=0 A=1", true, 1), "A");
    CHECK_STR(named("ZERO ONE FIVE=5 SIX", false, 6), "SIX");
    CHECK_STR(named("ZERO ONE FIVE=5 SIX", false, 0), "ZERO");
    CHECK_STR(named("ALL=-1", false, (uint64_t)-1), "ALL");
    CHECK_STR(named("ALL=-1", false, (uint64_t)-7), "-7");
    CHECK(strncmp(named("A=1 B=x C", true, 1), "wrong: B=x", 10) == 0);
    CHECK(strncmp(named("A=1 =2", true, 1), "wrong: =2", 9) == 0);
}

static const char *alias(const char *text, const char *name, const char **wrong)
{
    char path[] = "/tmp/stap-table-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    struct lib_file f = {.path = arena_strdup(arena, path)};
    const char *out = table_alias(arena, &f, name, wrong);
    unlink(path);
    return out;
}

#define TYPES                                                                                      \
    "type int {@V = @A} %d @V\n"                                                                   \
    "type str {@V = q(@A); @V_unquoted = u(@A)} %s @V\n"                                           \
    "type two {@V = @A + @B} %d @V\n"

static unsigned count;
static void one_name(const char *name, void *arg)
{
    count++;
    if (strcmp(name, arg) == 0)
        count += 100;
}

static void lines(void)
{
    const char *wrong, *s;
    s = alias(TYPES "# a call\nx fd:int path:str\n", "syscall.x", &wrong);
    CHECK(s && strstr(s, "probe syscall.x = __syscall.enter(\"x/x\")"));
    CHECK(s && strstr(s, "path_unquoted = u($arg2)"));
    CHECK(s && strstr(s, "argstr = sprintf(\"%d, %s\", fd, path)"));
    s = alias(TYPES "x 64=y 32=- name=z ret=2 fd:int\n", "syscall.x.return", &wrong);
    CHECK(s && strstr(s, "probe syscall.x.return = __syscall.exit(\"y/-\")"));
    CHECK(s && strstr(s, "name = \"z\"") && strstr(s, "return_str(2, $return)"));
    s = alias(TYPES "x f:int=_f g:int=g_name=_g !h:int k:int>_k\n", "syscall.x", &wrong);
    CHECK(s && strstr(s, "f_str = _f(f)") && strstr(s, "g_name = _g(g)"));
    CHECK(s && strstr(s, "sprintf(\"%s, %s, %s\", f_str, g_name, _k(k))"));
    s = alias(TYPES "x a:int - b:two +c={a + 1}\n", "syscall.x", &wrong);
    CHECK(s && strstr(s, "b = $arg3 + $arg4") && strstr(s, "c = a + 1"));
    s = alias(TYPES "x a:int b:int?{a & 1}\n", "syscall.x", &wrong);
    CHECK(s && strstr(s, "argstr = (a & 1) ? sprintf(\"%d, %d\", a, b)") &&
          strstr(s, ": sprintf(\"%d\", a)"));
    /* Two lines, two aliases of one name; a line goes on after a space. */
    s = alias(TYPES "x 64=a 32=-\nx 64=b 32=-\n   c:int\n", "syscall.x", &wrong);
    CHECK(s && strstr(s, "\"a/-\"") && strstr(s, "\"b/-\"") && strstr(s, "c = $arg1"));
    CHECK(strstr(alias(TYPES "x\n", "nd_syscall.x.return", &wrong),
                 "probe nd_syscall.x.return = syscall.x.return"));
    CHECK(!alias(TYPES "x a:nosuch\n", "syscall.x", &wrong) && wrong);
    CHECK(!alias(TYPES "x a\n", "syscall.x", &wrong) && wrong);
    CHECK(!alias(TYPES "x a:int?b\n", "syscall.x", &wrong) && wrong);
    CHECK(!alias(TYPES "x +a=1\n", "syscall.x", &wrong) && wrong);
    CHECK(!alias("type int {@V = @A\nx a:int\n", "syscall.x", &wrong) && wrong);
    table_names(arena, TYPES "# no\nx a:int\ny\nx b:int\n", one_name, "nd_syscall.y.return");
    CHECK(count == 108);
}

int main(void)
{
    arena = arena_new();
    names();
    lines();
    arena_free(arena);
    return check_report();
}
