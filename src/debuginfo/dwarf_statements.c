/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statements of functions.  A line is where its lowest address in the function is, whether a
 * row of the table calls that a statement or not: so does the original. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

/* The lines of a file that a unit has code of, in order. */
struct code_lines {
    int *v;
    size_t n;
};

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return x < y ? -1 : x > y;
}

static const struct code_lines *code_lines(struct dw_module *m, Dwarf_Die *cu, const char *file,
                                           Dwarf_Lines *lines, size_t n)
{
    const char *key = arena_printf(m->arena, "%p %s", cu->addr, file ? file : "");
    struct code_lines *have = hash_get(&m->code_lines, key);
    if (have)
        return have;
    have = arena_new_obj(m->arena, struct code_lines);
    have->v = arena_new_array(m->arena, int, n + 1);
    for (size_t i = 0; i < n; i++) {
        uint64_t pc;
        int line;
        bool end;
        Dwarf_Line *l = dw_row(lines, n, i, &pc, &line);
        const char *src = l && line ? dwarf_linesrc(l, NULL, NULL) : NULL;
        if (src && dwarf_lineendsequence(l, &end) == 0 && !end && (!file || strcmp(src, file) == 0))
            have->v[have->n++] = line;
    }
    qsort(have->v, have->n, sizeof *have->v, by_number);
    size_t k = 0;
    for (size_t i = 0; i < have->n; i++)
        if (!k || have->v[i] != have->v[k - 1])
            have->v[k++] = have->v[i];
    have->n = k;
    hash_put(&m->code_lines, key, have);
    return have;
}

static int by_line(const void *a, const void *b)
{
    const struct dw_line *x = a, *y = b;
    return x->line != y->line ? by_number(&x->line, &y->line) : x->pc < y->pc ? -1 : x->pc > y->pc;
}

/* Of the rows at the entry the last one counts. */
static int entry_line(Dwarf_Lines *lines, size_t n, uint64_t entry)
{
    uint64_t pc;
    int line = 0;
    size_t i = dw_first_row(lines, n, entry + 1);
    return i && dw_row(lines, n, i - 1, &pc, &line) ? line : 0;
}

/* From the line of the entry on, up to one that has code elsewhere only. */
static void mark_own(dw_line_vec *lines, const struct code_lines *all, int first)
{
    size_t i = 0, k = 0;
    while (k < lines->n && lines->v[k].line < first)
        k++;
    while (k < lines->n && i < all->n && all->v[i] < lines->v[k].line)
        i++;
    for (; k < lines->n && i < all->n && all->v[i] == lines->v[k].line; i++, k++)
        lines->v[k].own = true;
}

void dw_lines(struct dw_module *m, const struct dw_function *f, dw_line_vec *out)
{
    Dwarf_Die die, cu;
    Dwarf_Lines *lines;
    size_t n;
    if (!f->priv)
        return;
    die = *(const Dwarf_Die *)f->priv;
    if (!dwarf_diecu(&die, &cu, NULL, NULL) || dwarf_getsrclines(&cu, &lines, &n) != 0)
        return;
    const char *decl = dw_decl_file(m, &die);
    dw_line_vec rows = {0};
    uint64_t begin, end_of;
    for (size_t k = 0; dw_covers(f, k, &begin, &end_of); k++)
        for (size_t i = dw_first_row(lines, n, begin); i < n; i++) {
            struct dw_line one = {0};
            Dwarf_Line *l = dw_row(lines, n, i, &one.pc, &one.line);
            bool end;
            if (!l || one.pc >= end_of)
                break;
            const char *file = dwarf_linesrc(l, NULL, NULL);
            if (one.line && dwarf_lineendsequence(l, &end) == 0 && !end && file &&
                (!decl || strcmp(file, decl) == 0))
                vec_push(m->arena, &rows, one);
        }
    if (rows.n)
        qsort(rows.v, rows.n, sizeof *rows.v, by_line);
    size_t before = out->n;
    vec_for (i, rows)
        if (out->n == before || out->v[out->n - 1].line != rows.v[i].line)
            vec_push(m->arena, out, rows.v[i]);
    dw_line_vec mine = {.v = out->v + before, .n = out->n - before};
    if (mine.n)
        mark_own(&mine, code_lines(m, &cu, decl, lines, n), entry_line(lines, n, f->entry));
}
