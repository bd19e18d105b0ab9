/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pass 2: what scripts become, and what is said of wrong ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "sema/session.h"
#include "tests/check.h"

static char library[] = "/tmp/test-sema-XXXXXX";
static char *output; /* program or messages of the last script */

static void write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", library, name);
    FILE *f = fopen(path, "we");
    if (!f || fputs(text, f) < 0)
        abort();
    fclose(f);
}

static void setup(struct session *s, FILE *messages)
{
    memset(s, 0, sizeof *s);
    s->arena = arena_new();
    diag_init(&s->diag, messages);
    s->diag.color = DIAG_COLOR_NEVER;
    s->parse.arena = s->arena;
    s->parse.diag = &s->diag;
    s->parse.kernel_v = "6.1.0";
    s->parse.kernel_vr = "6.1.0-test";
    s->parse.arch = "x86_64";
    s->parse.runtime = "bpf";
    s->parse.systemtap_v = "5.6";
    s->parse.privilege = "stapdev";
    hash_init(&s->parse.macros, s->arena);
    s->tapset_dir = library;
    session_limits(s);
}

/* Elaborates `script`; true when it was accepted.  Bodies are printed too. */
static bool elaborate_with(const char *script, const char *global, const char *value)
{
    char *text = NULL;
    size_t n = 0;
    FILE *messages = open_memstream(&text, &n);
    struct session s;
    struct strbuf b = {0};
    unsigned errors;
    setup(&s, messages);
    if (global)
        vec_push(s.arena, &s.inits, (struct global_init){global, value});
    struct source *src = source_from_string(s.arena, "t", script, strlen(script));
    struct ast_file *f = parse_source(&s.parse, src, &errors);
    struct program *p = f ? sema_elaborate(&s, &f, 1) : NULL;
    bool ok = p && sema_check_loops(&s, p);
    if (ok)
        program_print_bodies(&b, p);
    diag_fini(&s.diag);
    fclose(messages);
    free(output);
    output = ok ? strdup(b.p ? b.p : "") : text;
    if (ok)
        free(text);
    strbuf_free(&b);
    arena_free(s.arena);
    return ok;
}

static bool elaborate(const char *script)
{
    return elaborate_with(script, NULL, NULL);
}

static bool has(const char *part)
{
    bool found = strstr(output, part) != NULL;
    if (!found)
        fprintf(stderr, "no \"%s\" in:\n%s\n", part, output);
    return found;
}

static bool lacks(const char *part)
{
    return strstr(output, part) == NULL;
}

static bool refused(const char *script, const char *message)
{
    return !elaborate(script) && has(message);
}

static void types(void)
{
    CHECK(elaborate("global a probe begin { a[1, \"x\"] = \"v\"; println(a[2, \"y\"]) }"));
    CHECK(has("a:string [long, string]"));
    CHECK(elaborate("function f(x) { return x . \"b\" } probe begin { println(f(\"a\")) }"));
    CHECK(has("f:string (x:string)"));
    CHECK(elaborate("global s probe begin { s[1] <<< 4; println(@max(s[1])) }"));
    CHECK(has("s:stats [long]"));
    CHECK(elaborate("global a probe begin { a[\"k\"] = 1; foreach (v = k in a) println(k, v) }"));
    CHECK(has("k:string") && has("v:long"));
    CHECK(elaborate("probe begin { try { println(1) } catch (m) { println(m) } }"));
    CHECK(has("m:string"));
    CHECK(refused("global s probe begin { s = 1; s = \"a\"; println(s) }",
                  "type mismatch (string): identifier 's' at t:1:31"));
    CHECK(has("first inferred here (long): identifier 's' at :1:24"));
    CHECK(refused("probe begin { printf(\"%d\", \"x\") }",
                  "expected long but found string: string 'x' at t:1:28"));
    CHECK(refused("probe begin { println(\"a\" == 1) }", "string 'a' at t:1:23"));
    CHECK(refused("global a probe begin { a[1] = 1; a[\"x\"] = 2; println(a[1]) }",
                  "index 0 type mismatch (string): string 'x' at t:1:36"));
    CHECK(refused("probe begin { x = \"a\"; x += 1; println(x) }",
                  "type mismatch (long): identifier 'x' at t:1:24"));
    /* The call comes first, then the body; what a call is used for comes last. */
    CHECK(refused("function f(x) { x = \"a\"; return x } probe begin { println(f(1)) }",
                  "identifier 'x' at t:1:17"));
    CHECK(refused("probe begin { printf(\"%s\", f()) } function f() { return 1 }",
                  "type mismatch (string): identifier 'f' at t:1:28"));
    CHECK(refused("function f(x) { if (x) return 1; return \"a\" } probe begin { println(f(1)) }",
                  "type mismatch (string): string 'a' at t:1:41"));
    CHECK(refused("probe begin { println(f()) } function f() { exit() }",
                  "unresolved type : identifier 'f' at t:1:23"));
    CHECK(refused("probe begin { printf(\"%d %s\", 1) }", "Wrong number of args"));
    CHECK(refused("probe begin { x <<< 1; println(@count(x)) }", "stat locals not supported"));
    CHECK(refused("global a, b probe begin { a <<< 1; b = a }", "invalid type stats"));
}

static void symbols(void)
{
    CHECK(
        refused("probe begin { println(twise(1)) }", "unresolved function twise (similar: twice"));
    CHECK(refused("probe begin { println(twice(1, 2)) }",
                  "arity mismatch found (function 'twice' takes 1 args)"));
    CHECK(refused("probe begin { a[1] = 2 }", "unresolved arity-1 global array a, missing"));
    CHECK(refused("global a probe begin { a[1] = 2; println(a) }", "inconsistent arity (1 vs 0)"));
    CHECK(has("arity 1 first inferred here"));
    CHECK(refused("global a[9] probe begin { a = 1 }", "inconsistent arity: identifier 'a'"));
    CHECK(refused("function f() { return 1 } probe begin { f() = 2 }",
                  "Expecting lvalue for assignment: operator '=' at t:1:45"));
    CHECK(refused("probe begin { println($foo) }", "unresolved target-symbol expression"));
    CHECK(refused("global g probe begin { g[1] = 1; println(g[*]) }",
                  "wildcard not allowed in array index"));
    CHECK(refused("probe begin { println(1) break }", "cannot 'break' outside loop: keyword"));
    CHECK(
        elaborate("probe begin { println(@defined($x) ? $x : 5) if (@defined($y)) println($y) }"));
    CHECK(has("println(5)") && lacks("$y"));
    CHECK(elaborate("probe begin { println(@choose_defined($x, 7)) }") && has("println(7)"));
    /* The script's own function hides the library's; another arity does not. */
    CHECK(elaborate("function twice(x) { return 9 } probe begin { println(twice(1)) }"));
    CHECK(has("return 9") && lacks("intrinsic"));
    CHECK(elaborate("function twice(x, y) { return 9 } probe begin { println(twice(1)) }"));
    CHECK(has("intrinsic twice"));
    CHECK(elaborate("function f(x) { if (x) next; return 1 } function f(x) { return 2 } "
                    "function f(x) { return 3 } probe begin { println(f(0)) }"));
    CHECK(has("return 2") && lacks("return 3"));
    /* A library function's locals are not the script's globals. */
    CHECK(elaborate("global i = 4 probe begin { i++; println(count_to(3), i) }"));
    CHECK(has("# locals\n  i:long"));
    CHECK(elaborate("probe begin { println(LIBRARY_ANSWER) }") && has("LIBRARY_ANSWER:long = 42"));
}

static void foreach_checks(void)
{
    CHECK(refused("global a probe begin { a[1] = 1; foreach (k in a) delete a[k] }",
                  "variable 'a' modified during 'foreach' iteration: identifier 'a'"));
    CHECK(refused("global a probe begin { a[1] = 1; foreach (k in a) f(k) } "
                  "function f(k) { a[k] = 2 }",
                  "function call modifies var 'a' during 'foreach' iteration"));
    CHECK(elaborate("global a, b probe begin { a[1] = 1; foreach (k in a) b[k] = 1 }"));
}

static void points(void)
{
    CHECK(elaborate("probe timer.{s(1),ms(1)} { println(pp()) }"));
    CHECK(has("timer.s(1)") && has("timer.ms(1)"));
    CHECK(refused("probe nosuch.point { }", "while resolving probe point: identifier 'nosuch'"));
    CHECK(refused("probe timer.foo(5) { }", "probe point mismatch (similar: "));
    CHECK(refused("probe timer.z* { }", "didn't find any wildcard matches"));
    CHECK(refused("probe lib.zzz* { }", "identifier 'zzz*' at :1:11"));
    CHECK(refused("probe timer { }", "probe point truncated"));
    CHECK(refused("probe begin.x { }", "invalid suffix for probe"));
    CHECK(refused("probe nosuch.x ? { println(1) }", "no probes found"));
    CHECK(elaborate("probe nosuch.x ?, begin { println(1) }"));
    CHECK(
        elaborate("probe a = begin { } probe a, end { println(@probewrite(x)) x = 1 println(x) }"));
    CHECK(has("begin /* <- a = begin <- a,end */") && has("println(1)"));
    CHECK(elaborate("probe begin !, end { println(1) }") && lacks("\nend /*"));
    /* Aliases: the inner prologue first, the outer epilogue before the inner one. */
    CHECK(elaborate("probe a = begin { println(1) } probe b = a { println(2) } "
                    "probe c += b { println(3) } probe c { println(0) }"));
    const char *one = strstr(output, "println(1)"), *two = strstr(output, "println(2)");
    const char *zero = strstr(output, "println(0)"), *three = strstr(output, "println(3)");
    CHECK(one && one < two && two < zero && zero < three);
    CHECK(elaborate("probe lib.one { println(name) }") && has("println(\"one\")"));
    CHECK(elaborate("probe lib.* { println(name) }") && has("\"one\"") && has("\"two\""));
    CHECK(elaborate("probe **.two { println(name) }") && has("\"two\"") && lacks("\"one\""));
    CHECK(elaborate("global on probe a = begin if (on) { } probe a if (on > 1) { on = 3 }"));
    CHECK(has(" && "));
    CHECK(refused("probe a = b { } probe b = a { } probe a { println(1) }",
                  "recursive loop in alias expansion"));
    /* 2^40 points: refused, and soon. */
    struct strbuf bomb = {0};
    strbuf_puts(&bomb, "probe a40 = begin { } ");
    for (int i = 0; i < 40; i++)
        strbuf_printf(&bomb, "probe a%d = a%d, a%d { } ", i, i + 1, i + 1);
    strbuf_puts(&bomb, "probe a0 { println(1) }");
    CHECK(refused(bomb.p, "too many probe points"));
    strbuf_free(&bomb);
}

static void folding(void)
{
    CHECK(elaborate("probe begin { println(2 + 3 * 4, \"a\" . \"b\", 7 / 0) }"));
    CHECK(has("println(14, \"ab\", (7) / (0))"));
    CHECK(elaborate("probe begin { if (1 > 2) println(\"no\") else println(\"yes\") }"));
    CHECK(has("yes") && lacks("no"));
    CHECK(elaborate("global g probe begin { x = 5; y = g; 1 ? (g = 2) : (g = 3); println(g) }"));
    CHECK(lacks("x:long") && has("(g) = (2)"));
    /* A local written inside an expression that is read later stays. */
    CHECK(elaborate("global g = 1 probe begin { g ? (x = 1) : (x = 2); g++; println(x, g) }"));
    CHECK(has("(x) = (1)"));
    CHECK(refused("probe begin { x = 1 }", "no probes found"));
}

static void reports(void)
{
    CHECK(elaborate("global n, s, a, st, used probe begin { n++; s = \"x\"; a[1, \"k\"] = 2; "
                    "st <<< 3; used = 1; println(used) }"));
    CHECK(has("\nend /* <- end */"));
    CHECK(has("printf(\"n=%d\\n\", n)") && has("printf(\"s=\\\"%s\\\"\\n\", s)"));
    CHECK(has("a[%d,\\\"%s\\\"]=%d") && has("st @count=0x0") && lacks("used="));
    CHECK(elaborate("global c probe begin { for (i = 0; i < 3; c++) i++ }") && has("c=%d"));
    CHECK(elaborate("global c probe begin { if (c++) println(1) }") && lacks("c=%d"));
    CHECK(elaborate("private global p probe begin { p = 1 }") && has("p=%d"));
}

static void initial_values(void)
{
    const char *script = "global n = 1, s = \"a\" probe begin { println(n, s) }";
    CHECK(elaborate_with(script, "n", "0x10") && has("n:long = 16"));
    CHECK(elaborate_with(script, "s", "12") && has("s:string = \"12\""));
    CHECK(!elaborate_with(script, "nn", "1") && has("similar: n"));
}

static void library_index(void)
{
    struct session s;
    setup(&s, stderr);
    CHECK(tapset_write_index(&s, library));
    diag_fini(&s.diag);
    arena_free(s.arena);
    CHECK(elaborate("probe lib.two { println(twice(2), name) }") && has("\"two\""));
    /* A file newer than the index: the files count, not the index. */
    write_file("new.stp", "function fresh:long() { return 77 }\n");
    CHECK(elaborate("probe begin { println(fresh()) }") && has("return 77"));
}

int main(void)
{
    if (!mkdtemp(library))
        return 1;
    write_file("a.stp", "function twice:long(x:long) %{ /* pure */ intrinsic twice %}\n"
                        "function exit() %{ intrinsic exit %}\n"
                        "function pp:string() %{ /* pure */ intrinsic pp %}\n"
                        "global LIBRARY_ANSWER = 42\n"
                        "function count_to(n) { for (i = 0; i < n; i++) twice(i); return i }\n");
    write_file("b.stp", "probe lib.one = begin { name = \"one\" }\n"
                        "probe lib.two = end { name = \"two\" }\n");
    types();
    symbols();
    foreach_checks();
    points();
    folding();
    reports();
    initial_values();
    library_index();
    free(output);
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", library);
    CHECK(system(command) == 0);
    return check_report();
}
