/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -p2: the resolved program as text. */
#include "lang/print.h"
#include "sema/session.h"

static const char *type_name(enum type t)
{
    static const char *const names[] = {"unknown", "long", "string", "stats"};
    return names[t];
}

static void print_variable(struct strbuf *out, const struct variable *v)
{
    strbuf_puts(out, v->name);
    if (v->wrap)
        strbuf_putc(out, '%');
    if (v->maxsize > 0)
        strbuf_printf(out, "[%lld]", (long long)v->maxsize);
    strbuf_printf(out, ":%s", type_name(v->type));
    if (v->arity > 0) {
        strbuf_puts(out, " [");
        for (int i = 0; i < v->arity; i++)
            strbuf_printf(out, "%s%s", i ? ", " : "", type_name(v->key_types[i]));
        strbuf_putc(out, ']');
    }
    if (v->init) {
        strbuf_puts(out, " = ");
        print_expr(out, v->init);
    }
    strbuf_putc(out, '\n');
}

static void print_locals(struct strbuf *out, const variable_vec *v)
{
    if (v->n)
        strbuf_puts(out, "  # locals\n");
    vec_for (i, *v) {
        strbuf_puts(out, "  ");
        print_variable(out, v->v[i]);
    }
}

static void print_all(struct strbuf *out, const struct program *p, bool bodies)
{
    if (p->globals.n)
        strbuf_puts(out, "# globals\n");
    vec_for (i, p->globals)
        print_variable(out, p->globals.v[i]);
    if (p->functions.n)
        strbuf_puts(out, "# functions\n");
    vec_for (i, p->functions) {
        const struct function *f = p->functions.v[i];
        strbuf_printf(out, "%s:%s (", f->name, type_name(f->type));
        vec_for (k, f->params)
            strbuf_printf(out, "%s%s:%s", k ? ", " : "", f->params.v[k]->name,
                          type_name(f->params.v[k]->type));
        strbuf_puts(out, ")\n");
        print_locals(out, &f->locals);
        if (bodies)
            print_stmt(out, f->body, 0);
    }
    if (p->probes.n)
        strbuf_puts(out, "# probes\n");
    vec_for (i, p->probes) {
        const struct probe *pr = p->probes.v[i];
        if (pr->attach.kind == ATTACH_ASK)
            continue;
        strbuf_printf(out, "%s", pr->pp);
        strbuf_printf(out, " /* <- %s */", pr->derivation ? pr->derivation : pr->script_pp);
        if (pr->condition) {
            strbuf_puts(out, " if (");
            print_expr(out, pr->condition);
            strbuf_putc(out, ')');
        }
        strbuf_putc(out, '\n');
        print_locals(out, &pr->locals);
        if (bodies)
            print_stmt(out, pr->body, 0);
    }
}

void program_print(struct strbuf *out, const struct program *p)
{
    print_all(out, p, false);
}

void program_print_bodies(struct strbuf *out, const struct program *p)
{
    print_all(out, p, true);
}
