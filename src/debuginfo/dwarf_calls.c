/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels of functions, and the functions they call. */
#include <dwarf.h>
#include <fnmatch.h>
#include <string.h>

#include "debuginfo/dwarf_private.h"

typedef void visit_fn(struct dw_module *m, Dwarf_Die *die, void *arg);

/* The parts of a function; not of what is inlined into it. */
static void each_part(struct dw_module *m, Dwarf_Die *die, visit_fn *fn, void *arg, int depth)
{
    Dwarf_Die child;
    for (int ok = dwarf_child(die, &child); ok == 0 && depth < 64;
         ok = dwarf_siblingof(&child, &child)) {
        fn(m, &child, arg);
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block)
            each_part(m, &child, fn, arg, depth + 1);
    }
}

struct labels {
    const char *pattern;
    dw_label_vec *out;
};

static void label(struct dw_module *m, Dwarf_Die *die, void *arg)
{
    struct labels *l = arg;
    Dwarf_Addr pc;
    const char *name = dwarf_tag(die) == DW_TAG_label ? dwarf_diename(die) : NULL;
    if (!name || fnmatch(l->pattern, name, 0) != 0 || dwarf_lowpc(die, &pc) != 0)
        return;
    struct dw_label one = {.name = name, .pc = pc};
    dwarf_decl_line(die, &one.line);
    vec_push(m->arena, l->out, one);
}

void dw_labels(struct dw_module *m, const struct dw_function *f, const char *pattern,
               dw_label_vec *out)
{
    struct labels l = {pattern, out};
    if (!f->priv)
        return;
    Dwarf_Die die = *(const Dwarf_Die *)f->priv;
    each_part(m, &die, label, &l, 0);
}

struct calls {
    const char *pattern, *scope; /* the latter may be NULL: any */
    dw_function_vec *out;
    VEC(Dwarf_Die) called;
    bool exact;
};

static bool is_meant(struct dw_module *m, const struct calls *c, Dwarf_Die *die, const char *name)
{
    return fnmatch(c->pattern, name, 0) == 0 && (!c->scope || dw_in_scope(m, die, c->scope));
}

static void call(struct dw_module *m, Dwarf_Die *die, void *arg)
{
    struct calls *c = arg;
    Dwarf_Attribute a;
    Dwarf_Die callee;
    Dwarf_Addr pc;
    int tag = dwarf_tag(die);
    if (tag == DW_TAG_inlined_subroutine) {
        const char *name = dwarf_diename(die);
        /* Pieces of a function that the compiler has spread out are not taken for a call of it,
         * unless it is named. */
        if (name && is_meant(m, c, die, name) && (c->exact || dwarf_lowpc(die, &pc) == 0))
            dw_add_function(m, die, true, c->out);
        return;
    }
    if ((tag != DW_TAG_call_site && tag != DW_TAG_GNU_call_site) ||
        !(dwarf_attr(die, DW_AT_call_origin, &a) || dwarf_attr(die, DW_AT_abstract_origin, &a)) ||
        !dwarf_formref_die(&a, &callee))
        return;
    const char *name = dwarf_diename(&callee);
    if (!name || !is_meant(m, c, &callee, name))
        return;
    vec_for (i, c->called)
        if (c->called.v[i].addr == callee.addr)
            return;
    vec_push(m->arena, &c->called, callee);
}

/* The function is what a call names: it, what it was made of, or, when that is only declared
 * there, any that is seen outside of its unit. */
static bool is_called(Dwarf_Die *callee, const struct dw_function *f)
{
    Dwarf_Attribute a;
    Dwarf_Die die = *(const Dwarf_Die *)f->priv;
    if (dwarf_attr(callee, DW_AT_declaration, &a) && f->exported)
        return true;
    for (int i = 0; i < 8 && die.addr != callee->addr; i++)
        if (!(dwarf_attr(&die, DW_AT_abstract_origin, &a) ||
              dwarf_attr(&die, DW_AT_specification, &a)) ||
            !dwarf_formref_die(&a, &die))
            return false;
    return die.addr == callee->addr;
}

static void add_once(struct dw_module *m, dw_function_vec *out, const struct dw_function *f)
{
    vec_for (i, *out)
        if (out->v[i].entry == f->entry && !out->v[i].inlined)
            return;
    vec_push(m->arena, out, *f);
}

void dw_callees(struct dw_module *m, const struct dw_function *f, const char *pattern,
                dw_function_vec *out)
{
    struct calls c = {.out = out, .exact = !strpbrk(pattern, "*?[")};
    c.pattern = dw_split_scope(m, pattern, &c.scope);
    if (!f->priv)
        return;
    Dwarf_Die die = *(const Dwarf_Die *)f->priv;
    each_part(m, &die, call, &c, 0);
    vec_for (i, c.called) {
        dw_function_vec found = {0};
        size_t before = out->n;
        dw_functions(m, dwarf_diename(&c.called.v[i]), &found);
        for (int any = 0; any < 2 && out->n == before; any++)
            vec_for (k, found)
                if (!found.v[k].inlined && found.v[k].priv &&
                    (any || is_called(&c.called.v[i], &found.v[k])))
                    add_once(m, out, &found.v[k]);
    }
}

bool dw_covers(const struct dw_function *f, size_t i, uint64_t *start, uint64_t *end)
{
    Dwarf_Die die = *(const Dwarf_Die *)f->priv;
    Dwarf_Addr base, lo, hi;
    ptrdiff_t off = 0;
    do {
        off = dwarf_ranges(&die, off, &base, &lo, &hi);
        if (off <= 0)
            return false;
    } while (i--);
    *start = lo;
    *end = hi;
    return true;
}
