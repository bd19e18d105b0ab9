/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: lexer, preprocessor and parser on any bytes.  What parses must
 * print, parse and print the same again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/parse.h"
#include "lang/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *quiet;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const args[] = {"5+5", "text"};
    bool used[2];
    if (!quiet)
        quiet = fopen("/dev/null", "w");
    struct diag d;
    diag_init(&d, quiet);
    struct arena *a = arena_new();
    struct parse_config cfg = {.arena = a,
                               .diag = &d,
                               .kernel_v = "6.1.0",
                               .kernel_vr = "6.1.0-test",
                               .arch = "x86_64",
                               .runtime = "bpf",
                               .systemtap_v = "5.6",
                               .privilege = "stapdev",
                               .guru = true,
                               .args = args,
                               .nargs = 2,
                               .args_used = used};
    hash_init(&cfg.macros, a);
    unsigned errors;
    struct source *src = source_from_string(a, "fuzz", (const char *)data, size);
    struct ast_file *f = parse_source(&cfg, src, &errors);
    if (f) {
        struct strbuf once = {0}, again = {0};
        strbuf_puts(&once, "");
        print_file(&once, f);
        struct ast_file *g =
            parse_source(&cfg, source_from_string(a, "printed", once.p, once.n), &errors);
        if (!g) {
            fprintf(stderr, "does not parse again:\n%s\n", once.p);
            abort();
        }
        strbuf_puts(&again, "");
        print_file(&again, g);
        if (strcmp(once.p, again.p) != 0) {
            fprintf(stderr, "prints differently:\n%s\n---\n%s\n", once.p, again.p);
            abort();
        }
        strbuf_free(&once);
        strbuf_free(&again);
    }
    arena_free(a);
    diag_fini(&d);
    return 0;
}
