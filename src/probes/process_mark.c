/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of static marks: "N@OP", OP an operand in assembly, N its size in
 * bytes, negative when it is signed (sys/sdt.h). */
#include <stdlib.h>
#include <string.h>

#include "probes/process.h"

static const char *nth(const char *args, unsigned n)
{
    const char *p = args + strspn(args, " ");
    while (--n && *p) {
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    return p;
}

unsigned mark_arguments(const struct dw_mark *m)
{
    unsigned n = 0;
    for (const char *p = m->args + strspn(m->args, " "); *p; n++) {
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    return n;
}

static struct expr *sum(struct session *s, const struct token *tok, struct expr *a, struct expr *b)
{
    if (!a || !b)
        return a ? a : b;
    struct expr *e = expr_binary(s->arena, tok, OP_ADD, a, b);
    e->type = TY_LONG;
    return e;
}

/* "%rdi": the register, from *p on, which is moved behind it. */
static struct expr *register_at(struct session *s, const struct token *tok, const char **p,
                                int32_t *offset)
{
    unsigned size;
    if (**p != '%')
        return NULL;
    size_t n = strspn(*p + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (!arch_reg_named(*p + 1, n, offset, &size))
        return NULL;
    *p += n + 1;
    return process_register(s, tok, *offset);
}

/* DISP(%base,%index,scale), SYMBOL+DISP(%rip) */
static struct expr *memory(struct session *s, const struct user_point *u, const struct token *tok,
                           const char *p)
{
    struct expr *at = NULL;
    int32_t offset;
    uint64_t disp = 0, symbol = 0; /* addresses: they wrap */
    bool named = false;
    while (*p && *p != '(' && *p != ' ') {
        char *end;
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.$0123456789@");
        if ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+') {
            disp += (uint64_t)strtoll(p, &end, 0);
            if (end == p) { /* a sign before a name */
                p++;
                continue;
            }
            p = end;
        } else if (n) {
            if (!dw_symbol(u->module, arena_strndup(s->arena, p, n), &symbol))
                return NULL;
            named = true;
            p += n;
        } else {
            return NULL;
        }
    }
    if (*p == '(') {
        p++;
        struct expr *base = register_at(s, tok, &p, &offset);
        if (base && named && offset == arch_reg_ip)
            return process_address(s, u, tok, symbol + disp);
        at = base;
        if (*p == ',') {
            p++;
            struct expr *index = register_at(s, tok, &p, &offset);
            if (!index)
                return NULL;
            if (*p == ',') {
                struct expr *scale = expr_number(s->arena, tok, strtol(p + 1, (char **)&p, 10));
                index = expr_binary(s->arena, tok, OP_MUL, index, scale);
                index->type = TY_LONG;
            }
            at = sum(s, tok, at, index);
        }
        if (*p != ')')
            return NULL;
    }
    if (named)
        at = sum(s, tok, at, process_address(s, u, tok, symbol));
    return disp || !at ? sum(s, tok, at, expr_number(s->arena, tok, (int64_t)disp)) : at;
}

struct expr *mark_argument(struct session *s, const struct user_point *u, const struct token *tok,
                           unsigned n, const char **why)
{
    unsigned have = mark_arguments(u->mark);
    if (n < 1 || n > have) {
        *why = have ? arena_printf(s->arena, "this mark has the arguments $arg1 to $arg%u", have)
                    : "this mark has no arguments";
        return NULL;
    }
    const char *p = nth(u->mark->args, n), *at = p + strcspn(p, "@ ");
    long size = 8;
    if (*at == '@') {
        size = strtol(p, NULL, 10);
        p = at + 1;
    }
    bool sign = size < 0;
    unsigned long bytes = sign ? -(unsigned long)size : (unsigned long)size;
    const char *text = arena_strndup(s->arena, p, strcspn(p, " "));
    if (strncmp(p, "%xmm", 4) == 0 || strncmp(p, "%st", 3) == 0)
        *why = arena_printf(
            s->arena, "the argument '%s' of this mark is in a register that probes cannot see",
            text);
    else
        *why = arena_printf(s->arena, "the argument '%s' of this mark is not understood", text);
    struct expr *e;
    int32_t offset;
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
        return NULL;
    if (*p == '$')
        return expr_number(s->arena, tok, strtoll(p + 1, NULL, 0));
    if (*p == '%') {
        e = register_at(s, tok, &p, &offset);
        if (!e)
            return NULL;
        e->deref.size = (uint8_t)bytes;
        e->deref.is_signed = sign;
        /* pt_regs may be read in whole words only. */
        if (bytes < 8) {
            e->deref.size = 8;
            struct expr *shift = expr_number(s->arena, tok, 64 - (int64_t)bytes * 8);
            e = expr_binary(s->arena, tok, OP_SHL, e, shift);
            e->type = TY_LONG;
            e = expr_binary(s->arena, tok, sign ? OP_SHR : OP_SHRU, e, shift);
            e->type = TY_LONG;
        }
        return e;
    }
    struct expr *address = memory(s, u, tok, p);
    if (!address)
        return NULL;
    e = expr_new(s->arena, EX_DEREF, tok);
    e->type = TY_LONG;
    e->a = address;
    e->deref = (struct deref){.size = (uint8_t)bytes, .is_signed = sign, .user = true};
    return e;
}
