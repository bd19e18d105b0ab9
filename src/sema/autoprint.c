/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Globals that the script fills and never reads are printed when the session
 * ends: an `end` probe is written for them, in the script language, once their
 * types are known, and parsed like any other. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "sema/sema.h"

static const char stats_format[] = " @count=%d @min=%d @max=%d @sum=%d @avg=%d\\n";

static void stats_args(struct strbuf *b, const char *x)
{
    strbuf_printf(b, ", @count(%s), @min(%s), @max(%s), @sum(%s), @avg(%s)", x, x, x, x, x);
}

static const char *conversion(enum type t)
{
    return t == TY_STRING ? "\\\"%s\\\"" : "%d";
}

static void report_scalar(struct strbuf *b, const struct variable *v)
{
    if (v->type == TY_STATS) {
        strbuf_printf(b, "  if (!@count(%s)) printf(\"%s @count=0x0\\n\")\n", v->unique, v->name);
        strbuf_printf(b, "  else printf(\"%s%s\"", v->name, stats_format);
        stats_args(b, v->unique);
        strbuf_puts(b, ")\n");
        return;
    }
    strbuf_printf(b, "  printf(\"%s=%s\\n\", %s)\n", v->name, conversion(v->type), v->unique);
}

static void report_array(struct strbuf *b, const struct variable *v, size_t n)
{
    struct strbuf keys = {0}, format = {0}, elem = {0};
    for (int k = 0; k < v->arity; k++) {
        strbuf_printf(&keys, "%s__k%zu_%d", k ? ", " : "", n, k);
        strbuf_printf(&format, "%s%s", k ? "," : "", conversion(v->key_types[k]));
    }
    if (v->type == TY_STATS) {
        strbuf_printf(&elem, "%s[%s]", v->unique, keys.p);
        strbuf_printf(b, "  foreach ([%s] in %s-) printf(\"%s[%s]%s\", %s", keys.p, v->unique,
                      v->name, format.p, stats_format, keys.p);
        stats_args(b, elem.p);
        strbuf_puts(b, ")\n");
        strbuf_free(&elem);
    } else {
        strbuf_printf(b, "  foreach (__v%zu = [%s] in %s-) printf(\"%s[%s]=%s\\n\", %s, __v%zu)\n",
                      n, keys.p, v->unique, v->name, format.p, conversion(v->type), keys.p, n);
    }
    strbuf_free(&keys);
    strbuf_free(&format);
}

static int by_order(const void *a, const void *b)
{
    const struct variable *x = *(struct variable *const *)a, *y = *(struct variable *const *)b;
    return x->order < y->order ? -1 : x->order > y->order;
}

struct probe_decl *autoprint_decl(struct sema *m)
{
    struct strbuf b = {0};
    size_t n = 0;
    /* Behind every end probe of the script, whatever its sequence number. */
    strbuf_puts(&b, "probe end(9223372036854775807) {\n");
    /* As they are first named in the probes, then in functions. */
    variable_vec globals = {0};
    vec_for (i, m->p->globals)
        vec_push(m->arena, &globals, m->p->globals.v[i]);
    if (globals.n)
        qsort(globals.v, globals.n, sizeof *globals.v, by_order);
    vec_for (i, globals) {
        const struct variable *v = globals.v[i];
        if (!v->written || v->read || v->tok->src->tapset || v->synthetic)
            continue;
        n++;
        if (v->arity > 0)
            report_array(&b, v, i);
        else
            report_scalar(&b, v);
    }
    strbuf_puts(&b, "}\n");
    struct ast_file *f = NULL;
    if (n) {
        struct source *src = source_from_string(m->arena, "<automatic printing>", b.p, b.n);
        unsigned errors;
        f = parse_source(&m->s->parse, src, &errors);
    }
    strbuf_free(&b);
    return f && f->probes.n ? f->probes.v[0] : NULL;
}
