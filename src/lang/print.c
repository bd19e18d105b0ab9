/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lang/print.h"

#include <ctype.h>
#include <string.h>

void print_quoted(struct strbuf *out, const char *s)
{
    strbuf_putc(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        switch (c) {
        case '"':
        case '\\':
            strbuf_printf(out, "\\%c", c);
            break;
        case '\n':
            strbuf_puts(out, "\\n");
            break;
        case '\t':
            strbuf_puts(out, "\\t");
            break;
        default:
            if (c < 32 || c == 127)
                strbuf_printf(out, "\\%03o", c);
            else
                strbuf_putc(out, (char)c);
        }
    }
    strbuf_putc(out, '"');
}

/* ---- expressions ---- */

static void list(struct strbuf *out, const expr_vec *v)
{
    vec_for (i, *v) {
        if (i)
            strbuf_puts(out, ", ");
        if (v->v[i])
            print_expr(out, v->v[i]);
        else
            strbuf_putc(out, '*');
    }
}

/* Before "in", where not every expression may stand without parentheses. */
static void keys(struct strbuf *out, const expr_vec *v)
{
    vec_for (i, *v) {
        const struct expr *e = v->v[i];
        bool wrap = e && (e->kind == EX_TERNARY || e->kind == EX_ASSIGN || e->kind == EX_BINARY ||
                          e->kind == EX_REGEX || e->kind == EX_IN);
        strbuf_puts(out, i ? ", " : "");
        strbuf_puts(out, wrap ? "(" : e ? "" : "*");
        if (e)
            print_expr(out, e);
        strbuf_puts(out, wrap ? ")" : "");
    }
}

static void steps(struct strbuf *out, const struct target *t)
{
    vec_for (i, t->steps) {
        const struct target_step *s = &t->steps.v[i];
        switch (s->kind) {
        case STEP_MEMBER:
            strbuf_printf(out, "->%s", s->name);
            break;
        case STEP_INDEX:
            strbuf_printf(out, "[%lld]", (long long)s->index);
            break;
        case STEP_INDEX_EXPR:
            strbuf_putc(out, '[');
            print_expr(out, s->expr);
            strbuf_putc(out, ']');
            break;
        case STEP_PRETTY:
            strbuf_puts(out, s->name);
            break;
        }
    }
}

static void print_target(struct strbuf *out, const struct expr *e)
{
    const struct target *t = e->target;
    if (t->address_of)
        strbuf_putc(out, '&');
    if (e->kind == EX_CAST && !t->type) {
        strbuf_putc(out, '(');
        print_expr(out, e->a);
        strbuf_putc(out, ')');
    } else if (e->kind == EX_CAST) {
        strbuf_puts(out, "@cast(");
        print_expr(out, e->a);
        strbuf_puts(out, ", ");
        print_quoted(out, t->type);
        if (t->module) {
            strbuf_puts(out, ", ");
            print_quoted(out, t->module);
        }
        strbuf_putc(out, ')');
    } else if (t->at_name) {
        strbuf_puts(out, "@var(");
        print_quoted(out, t->at_name);
        if (t->module) {
            strbuf_puts(out, ", ");
            print_quoted(out, t->module);
        }
        strbuf_putc(out, ')');
    } else {
        strbuf_puts(out, t->name);
    }
    steps(out, t);
}

static void format_part(struct strbuf *out, const struct fmt_part *p)
{
    static const char conv[] = {
        [FMT_SIGNED] = 'd',    [FMT_UNSIGNED] = 'u', [FMT_OCTAL] = 'o',      [FMT_HEX] = 'x',
        [FMT_HEX_UPPER] = 'X', [FMT_POINTER] = 'p',  [FMT_CHAR] = 'c',       [FMT_STRING] = 's',
        [FMT_BINARY] = 'b',    [FMT_MEMORY_M] = 'm', [FMT_MEMORY_HEX] = 'M',
    };
    if (p->conv == FMT_LITERAL) {
        for (size_t i = 0; i < p->len; i++)
            strbuf_printf(out, p->text[i] == '%' ? "%%%%" : "%c", p->text[i]);
        return;
    }
    strbuf_putc(out, '%');
    static const struct {
        uint8_t flag;
        char c;
    } flags[] = {
        {FMTF_ALT, '#'}, {FMTF_ZERO, '0'}, {FMTF_MINUS, '-'}, {FMTF_PLUS, '+'}, {FMTF_SPACE, ' '}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (p->flags & flags[i].flag)
            strbuf_putc(out, flags[i].c);
    if (p->width_arg)
        strbuf_putc(out, '*');
    else if (p->width >= 0)
        strbuf_printf(out, "%d", p->width);
    if (p->prec_arg)
        strbuf_puts(out, ".*");
    else if (p->prec >= 0)
        strbuf_printf(out, ".%d", p->prec);
    strbuf_putc(out, conv[p->conv]);
}

static void print_print(struct strbuf *out, const struct expr *e)
{
    const struct print *p = e->print;
    strbuf_printf(out, "%s(", p->name);
    if (p->format) {
        struct strbuf fmt = {0};
        strbuf_puts(&fmt, "");
        vec_for (i, p->parts)
            format_part(&fmt, &p->parts.v[i]);
        print_quoted(out, fmt.p);
        strbuf_free(&fmt);
    } else if (p->delimited) {
        print_quoted(out, p->delimiter);
    }
    if ((p->format || p->delimited) && e->args.n)
        strbuf_puts(out, ", ");
    list(out, &e->args);
    strbuf_putc(out, ')');
}

static void at_op(struct strbuf *out, const struct expr *e)
{
    static const char *const stats[] = {"@count", "@sum",      "@min",      "@max",
                                        "@avg",   "@variance", "@hist_log", "@hist_linear"};
    switch (e->kind) {
    case EX_STAT:
        strbuf_printf(out, "%s(", stats[e->stat]);
        print_expr(out, e->a);
        if (e->num)
            strbuf_printf(out, ", %lld", (long long)e->num);
        break;
    case EX_HIST:
        strbuf_printf(out, "%s(", stats[e->stat]);
        print_expr(out, e->a);
        if (e->stat == ST_HIST_LINEAR)
            strbuf_printf(out, ", %lld, %lld, %lld", (long long)e->hist_low,
                          (long long)e->hist_high, (long long)e->hist_step);
        break;
    case EX_KDEREF:
    case EX_UDEREF:
        strbuf_printf(out, "%s(%lld, ", e->kind == EX_KDEREF ? "@kderef" : "@uderef",
                      (long long)e->num);
        print_expr(out, e->a);
        break;
    case EX_KREGISTER:
    case EX_UREGISTER:
        strbuf_printf(out, "%s(%lld", e->kind == EX_KREGISTER ? "@kregister" : "@uregister",
                      (long long)e->num);
        break;
    case EX_CONST:
    case EX_PERF:
        strbuf_puts(out, e->kind == EX_CONST ? "@const(" : "@perf(");
        print_quoted(out, e->str);
        break;
    case EX_ENUMNAME:
        strbuf_puts(out, "@enumname(");
        print_quoted(out, e->str);
        strbuf_puts(out, ", ");
        print_expr(out, e->a);
        break;
    case EX_CHOOSE_DEFINED:
        strbuf_puts(out, "@choose_defined(");
        print_expr(out, e->a);
        strbuf_puts(out, ", ");
        print_expr(out, e->b);
        break;
    case EX_DEFINED:
    case EX_ENTRY:
    case EX_PROBEWRITE:
        strbuf_puts(out, e->kind == EX_DEFINED ? "@defined("
                         : e->kind == EX_ENTRY ? "@entry("
                                               : "@probewrite(");
        print_expr(out, e->a);
        break;
    default:
        break;
    }
    strbuf_putc(out, ')');
}

/* What is known only when the image is loaded. */
static void live(struct strbuf *out, const struct expr *e)
{
    if (e->fact)
        strbuf_printf(out, "@fact(%u, %u)", e->fact, e->part);
}

void print_expr(struct strbuf *out, const struct expr *e)
{
    switch (e->kind) {
    case EX_NUMBER:
        strbuf_printf(out, e->num < 0 ? "%#llx" : "%llu", (unsigned long long)e->num);
        break;
    case EX_STRING:
        print_quoted(out, e->str);
        break;
    case EX_EMBEDDED:
        strbuf_printf(out, "%%{%s%%}", e->str);
        break;
    case EX_SYMBOL:
        strbuf_puts(out, e->str);
        break;
    case EX_INDEX:
        print_expr(out, e->base);
        strbuf_putc(out, '[');
        list(out, &e->args);
        strbuf_putc(out, ']');
        break;
    case EX_CALL:
        strbuf_printf(out, "%s(", e->str);
        list(out, &e->args);
        strbuf_putc(out, ')');
        break;
    case EX_UNARY:
    case EX_PRE:
        strbuf_printf(out, "%s(", op_text(e->op));
        print_expr(out, e->a);
        strbuf_putc(out, ')');
        break;
    case EX_POST:
        strbuf_putc(out, '(');
        print_expr(out, e->a);
        strbuf_printf(out, ")%s", op_text(e->op));
        break;
    case EX_BINARY:
    case EX_ASSIGN:
        strbuf_putc(out, '(');
        print_expr(out, e->a);
        strbuf_printf(out, ") %s (", op_text(e->op));
        print_expr(out, e->b);
        strbuf_putc(out, ')');
        break;
    case EX_REGEX:
        strbuf_putc(out, '(');
        print_expr(out, e->a);
        strbuf_printf(out, ") %s ", op_text(e->op));
        print_quoted(out, e->str);
        break;
    case EX_IN:
        strbuf_putc(out, '[');
        keys(out, &e->args);
        strbuf_puts(out, "] in ");
        print_expr(out, e->base);
        break;
    case EX_TERNARY:
        strbuf_putc(out, '(');
        print_expr(out, e->a);
        strbuf_puts(out, ") ? (");
        print_expr(out, e->b);
        strbuf_puts(out, ") : (");
        print_expr(out, e->c);
        strbuf_putc(out, ')');
        break;
    case EX_TARGET:
    case EX_CAST:
        print_target(out, e);
        break;
    case EX_PRINT:
        print_print(out, e);
        break;
    case EX_ATOP:
        strbuf_printf(out, "%s(", e->str);
        list(out, &e->args);
        strbuf_putc(out, ')');
        break;
    case EX_CTX:
        strbuf_printf(out, "@context(%s%u, %lld)", e->deref.is_signed ? "signed " : "",
                      e->deref.size, (long long)e->num);
        live(out, e);
        break;
    case EX_DEREF:
        strbuf_printf(out, "%s(%s%u, (", e->deref.user ? "@uderef" : "@kderef",
                      e->deref.is_signed ? "signed " : "", e->deref.size);
        print_expr(out, e->a);
        strbuf_printf(out, ") + %lld)", (long long)e->num);
        live(out, e);
        break;
    case EX_DEREF_STR:
        strbuf_printf(out, "%s_string((", e->deref.user ? "user" : "kernel");
        print_expr(out, e->a);
        strbuf_printf(out, ") + %lld)", (long long)e->num);
        break;
    case EX_LIVE_CONST:
        strbuf_printf(out, "%lld", (long long)e->num);
        live(out, e);
        break;
    default:
        at_op(out, e);
    }
}

/* ---- statements ---- */

static void pad(struct strbuf *out, int indent)
{
    for (int i = 0; i < indent; i++)
        strbuf_puts(out, "  ");
}

static void print_foreach(struct strbuf *out, const struct stmt *s, int indent)
{
    const struct foreach *f = s->foreach;
    static const char *const stats[] = {"@count", "@sum", "@min", "@max", "@avg"};
    const char *mark = f->sort_dir > 0 ? "+" : "-";
    strbuf_puts(out, "foreach (");
    if (f->value) {
        print_expr(out, f->value);
        strbuf_puts(out, " = ");
    }
    strbuf_putc(out, '[');
    vec_for (i, f->keys) {
        if (i)
            strbuf_puts(out, ", ");
        print_expr(out, f->keys.v[i]);
        if (f->sort_dir && f->sort_column == (int)i + 1)
            strbuf_puts(out, mark);
    }
    strbuf_puts(out, "] in ");
    print_expr(out, f->base);
    if (f->slice.n) {
        strbuf_putc(out, '[');
        list(out, &f->slice);
        strbuf_putc(out, ']');
    }
    if (f->sort_stat_given)
        strbuf_printf(out, " %s", stats[f->sort_stat]);
    if (f->sort_dir && f->sort_column == 0)
        strbuf_puts(out, mark);
    if (f->limit) {
        strbuf_puts(out, " limit ");
        print_expr(out, f->limit);
    }
    strbuf_puts(out, ")\n");
    print_stmt(out, s->then, indent + 1);
}

/* The two branches of if and try are always printed as blocks, so that an else
 * cannot move to another if. */
static void print_branch(struct strbuf *out, const struct stmt *s, int indent)
{
    if (s->kind == SM_BLOCK) {
        print_stmt(out, s, indent);
        return;
    }
    pad(out, indent);
    strbuf_puts(out, "{\n");
    print_stmt(out, s, indent + 1);
    pad(out, indent);
    strbuf_puts(out, "}\n");
}

void print_stmt(struct strbuf *out, const struct stmt *s, int indent)
{
    pad(out, indent);
    switch (s->kind) {
    case SM_BLOCK:
        strbuf_puts(out, "{\n");
        vec_for (i, s->body)
            print_stmt(out, s->body.v[i], indent + 1);
        pad(out, indent);
        strbuf_puts(out, "}\n");
        break;
    case SM_EXPR:
        print_expr(out, s->e);
        strbuf_puts(out, ";\n");
        break;
    case SM_IF:
        strbuf_puts(out, "if (");
        print_expr(out, s->e);
        strbuf_puts(out, ")\n");
        print_branch(out, s->then, indent);
        if (s->els) {
            pad(out, indent);
            strbuf_puts(out, "else\n");
            print_branch(out, s->els, indent);
        }
        break;
    case SM_WHILE:
        strbuf_puts(out, "while (");
        print_expr(out, s->e);
        strbuf_puts(out, ")\n");
        print_branch(out, s->then, indent);
        break;
    case SM_FOR:
        strbuf_puts(out, "for (");
        if (s->init)
            print_expr(out, s->init);
        strbuf_puts(out, "; ");
        if (s->e)
            print_expr(out, s->e);
        strbuf_puts(out, "; ");
        if (s->step)
            print_expr(out, s->step);
        strbuf_puts(out, ")\n");
        print_branch(out, s->then, indent);
        break;
    case SM_FOREACH:
        print_foreach(out, s, indent);
        break;
    case SM_BREAK:
        strbuf_puts(out, "break;\n");
        break;
    case SM_CONTINUE:
        strbuf_puts(out, "continue;\n");
        break;
    case SM_NEXT:
        strbuf_puts(out, "next;\n");
        break;
    case SM_RETURN:
        strbuf_puts(out, "return");
        if (s->e) {
            strbuf_putc(out, ' ');
            print_expr(out, s->e);
        }
        strbuf_puts(out, ";\n");
        break;
    case SM_DELETE:
        strbuf_puts(out, "delete ");
        print_expr(out, s->e);
        strbuf_puts(out, ";\n");
        break;
    case SM_TRY:
        strbuf_puts(out, "try\n");
        print_branch(out, s->then, indent);
        pad(out, indent);
        strbuf_puts(out, "catch");
        if (s->catch_var)
            strbuf_printf(out, " (%s)", s->catch_var->str);
        strbuf_putc(out, '\n');
        print_branch(out, s->els, indent);
        break;
    case SM_EMPTY:
        strbuf_puts(out, ";\n");
        break;
    case SM_EMBEDDED:
        strbuf_printf(out, "%%{%s%%}\n", s->text);
        break;
    }
}

/* ---- declarations ---- */

void print_probe_point(struct strbuf *out, const struct probe_point *pp)
{
    vec_for (i, pp->comps) {
        const struct probe_component *c = &pp->comps.v[i];
        if (i)
            strbuf_putc(out, '.');
        strbuf_puts(out, c->name);
        if (!c->arg)
            continue;
        strbuf_putc(out, '(');
        if (c->arg->kind == EX_NUMBER)
            strbuf_printf(out, "%lld", (long long)c->arg->num);
        else
            print_quoted(out, c->arg->str);
        strbuf_putc(out, ')');
    }
    if (pp->sufficient)
        strbuf_putc(out, '!');
    else if (pp->optional)
        strbuf_putc(out, '?');
    if (pp->condition) {
        strbuf_puts(out, " if (");
        print_expr(out, pp->condition);
        strbuf_putc(out, ')');
    }
}

static void points(struct strbuf *out, const probe_point_vec *v)
{
    vec_for (i, *v) {
        if (i)
            strbuf_puts(out, ",\n  ");
        print_probe_point(out, v->v[i]);
    }
}

static const char *type_name(enum type t)
{
    return t == TY_STRING ? "string" : t == TY_LONG ? "long" : "unknown";
}

void print_function(struct strbuf *out, const struct function *f)
{
    strbuf_printf(out, "%sfunction %s", f->is_private ? "private " : "", f->name);
    if (f->type_declared || f->type != TY_UNKNOWN)
        strbuf_printf(out, ":%s", type_name(f->type));
    strbuf_puts(out, " (");
    vec_for (i, f->params) {
        const struct variable *v = f->params.v[i];
        strbuf_printf(out, "%s%s", i ? ", " : "", v->name);
        if (v->type != TY_UNKNOWN)
            strbuf_printf(out, ":%s", type_name(v->type));
    }
    strbuf_putc(out, ')');
    if (f->priority_given)
        strbuf_printf(out, ":%lld", (long long)f->priority);
    strbuf_putc(out, '\n');
    print_stmt(out, f->body, 0);
}

static void print_global(struct strbuf *out, const struct variable *v)
{
    strbuf_printf(out, "%sglobal %s%s", v->is_private ? "private " : "", v->name,
                  v->wrap ? "%" : "");
    if (v->maxsize)
        strbuf_printf(out, "[%lld]", (long long)v->maxsize);
    if (v->init) {
        strbuf_puts(out, " = ");
        print_expr(out, v->init);
    }
    strbuf_putc(out, '\n');
}

void print_file(struct strbuf *out, const struct ast_file *file)
{
    vec_for (i, file->order) {
        unsigned k = file->order.v[i].index;
        switch (file->order.v[i].kind) {
        case 'g':
            print_global(out, file->globals.v[k]);
            break;
        case 'f':
            print_function(out, file->functions.v[k]);
            break;
        case 'e':
            strbuf_printf(out, "%%{%s%%}\n", file->embedded.v[k]->text);
            break;
        case 'p':
            strbuf_puts(out, file->probes.v[k]->is_private ? "private probe " : "probe ");
            points(out, &file->probes.v[k]->points);
            strbuf_putc(out, '\n');
            print_stmt(out, file->probes.v[k]->body, 0);
            break;
        case 'a':
            strbuf_puts(out, file->aliases.v[k]->is_private ? "private probe " : "probe ");
            vec_for (n, file->aliases.v[k]->names) {
                probe_point_vec one = {.v = file->aliases.v[k]->names.v + n, .n = 1};
                points(out, &one);
                strbuf_puts(out, file->aliases.v[k]->epilogue ? " += " : " = ");
            }
            points(out, &file->aliases.v[k]->points);
            strbuf_putc(out, '\n');
            print_stmt(out, file->aliases.v[k]->body, 0);
            break;
        }
    }
}
