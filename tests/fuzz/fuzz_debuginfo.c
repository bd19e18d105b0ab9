/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: what we read of programs ourselves.  The first byte says what the others are:
 * the header of a table of lines, an .eh_frame, a note of a static mark, a mark's arguments. */
#include <string.h>

#include "debuginfo/line_files.h"
#include "debuginfo/mark_note.h"
#include "debuginfo/unwind.h"
#include "probes/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of probes/process_data.c, which needs the rest of the compiler. */
struct expr *process_register(struct session *s, const struct token *tok, int32_t offset)
{
    return expr_number(s->arena, tok, offset);
}

struct expr *process_address(struct session *s, const struct user_point *u, const struct token *tok,
                             uint64_t addr)
{
    (void)u;
    return expr_number(s->arena, tok, (int64_t)addr);
}

static void arguments(struct arena *a, const char *text)
{
    static struct session s;
    static const struct token tok = {.text = "$arg1"};
    struct dw_mark mark = {.provider = "p", .name = "m", .args = text};
    const char *why = NULL;
    struct user_point u = {.mark = &mark, .module = dw_open(a, "/proc/self/exe", &why)};
    s.arena = a;
    unsigned n = mark_arguments(&mark);
    for (unsigned i = 0; i <= n + 1 && i < 20; i++)
        mark_argument(&s, &u, &tok, i, &why);
    dw_close_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct arena *a = arena_new();
    const uint8_t *p = data + 1;
    size_t n = size - 1;
    switch (*data % 4) {
    case 0: {
        struct line_files out = {0};
        struct bytes all = {p, n};
        line_files_read(a, all, n ? p[0] : 0, all, all, &out);
        for (size_t i = 0; i < out.names.n; i++)
            if (out.names.v[i].name && strlen(out.names.v[i].name) > n)
                __builtin_trap();
        break;
    }
    case 1: {
        unwind_row_vec rows = {0};
        unwind_read(a, p, n, 0x1000, &rows);
        for (size_t i = 1; i < rows.n; i++)
            if (rows.v[i].addr <= rows.v[i - 1].addr)
                __builtin_trap();
        break;
    }
    case 2: {
        struct dw_mark mark;
        mark_note_read(a, (const char *)p, n, 0x2000, &mark);
        break;
    }
    default:
        arguments(a, arena_strndup(a, (const char *)p, n));
    }
    arena_free(a);
    return 0;
}
