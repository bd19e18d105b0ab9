/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAXACTION.  Statements are counted as they are built and taken off the handler's budget
 * together, where control flow divides or joins, as the original does: what a script has
 * done when the budget ends can be seen.  Handlers and functions without loops are not
 * counted inside: a call of such a function costs what all of its statements come to. */
#include "ir/build.h"

/* ---- what has no loops ---- */

struct tally {
    uint32_t n;
    bool endless;
};

static void tally_stmt(struct stmt **sp, void *arg);

static void tally_function(const struct function *f, struct tally *t)
{
    struct fn_info *fi = f->codegen;
    if (f->intrinsic || !f->body || !fi || fi->tallying)
        return;
    if (!fi->tallied) {
        struct tally own = {0};
        struct stmt *body = f->body;
        fi->tallying = true;
        tally_stmt(&body, &own);
        fi->tallying = false;
        fi->tallied = true;
        fi->actions = own.n;
        fi->endless = own.endless;
    }
    t->endless |= fi->endless;
    t->n = t->n > ACTIONS_MAX - fi->actions ? ACTIONS_MAX : t->n + fi->actions;
}

static void tally_expr(struct expr **ep, void *arg)
{
    if ((*ep)->kind == EX_CALL)
        vec_for (i, (*ep)->callees)
            tally_function((*ep)->callees.v[i], arg);
    expr_children(*ep, tally_expr, arg);
}

static void tally_stmt(struct stmt **sp, void *arg)
{
    struct tally *t = arg;
    struct stmt *s = *sp;
    switch (s->kind) {
    case SM_WHILE:
    case SM_FOR:
    case SM_FOREACH:
        t->endless = true;
        return;
    case SM_IF: {
        struct tally yes = {0}, no = {0};
        tally_expr(&s->e, t);
        tally_stmt(&s->then, &yes);
        if (s->els)
            tally_stmt(&s->els, &no);
        t->endless |= yes.endless || no.endless;
        t->n += 1 + (yes.n > no.n ? yes.n : no.n);
        break;
    }
    case SM_BLOCK:
    case SM_EMPTY:
    case SM_TRY:
        stmt_children(s, tally_expr, tally_stmt, t);
        break;
    default:
        t->n++;
        stmt_children(s, tally_expr, tally_stmt, t);
    }
    if (t->n > ACTIONS_MAX)
        t->n = ACTIONS_MAX;
}

bool build_finite(const struct stmt *s, uint32_t *n)
{
    struct tally t = {0};
    struct stmt *root = (struct stmt *)s;
    tally_stmt(&root, &t);
    *n = t.n;
    return !t.endless;
}

bool build_function_finite(const struct function *f)
{
    struct tally t = {0};
    tally_function(f, &t);
    return !t.endless;
}

/* ---- MAXNESTING ---- */

enum { RECURSION_ROOM = 11, NESTING_STEPS = 100000 };

struct descent {
    uint32_t deepest; /* call that was found below */
    uint32_t steps;
    bool cycle;     /* no function but recursive ones lead here */
    bool recursive; /* a call that is under way was met */
};

static uint32_t depth_of(struct function *f, struct descent *from);

static void descend_expr(struct expr **ep, void *arg)
{
    struct descent *d = arg;
    if ((*ep)->kind == EX_CALL)
        vec_for (i, (*ep)->callees) {
            uint32_t n = depth_of((*ep)->callees.v[i], d);
            if (n > d->deepest)
                d->deepest = n;
        }
    expr_children(*ep, descend_expr, arg);
}

static void descend_stmt(struct stmt **sp, void *arg)
{
    stmt_children(*sp, descend_expr, descend_stmt, arg);
}

static uint32_t depth_of(struct function *f, struct descent *from)
{
    struct fn_info *fi = f->codegen;
    if (f->intrinsic || !f->body || !fi)
        return 1;
    if (fi->walking) {
        from->recursive = true;
        return from->cycle;
    }
    if (fi->depth || from->steps > NESTING_STEPS)
        return fi->depth;
    struct descent d = {.cycle = from->cycle && f->recursive, .steps = from->steps + 1};
    fi->walking = true;
    descend_stmt(&f->body, &d);
    fi->walking = false;
    from->steps = d.steps;
    from->recursive |= d.recursive;
    if (!d.recursive)
        fi->depth = d.deepest + 1;
    return d.deepest + 1;
}

/* As the original has it: with recursion 11 more than the longest chain of calls, where the
 * call that closes a circle counts if the chain is nothing but circles. */
uint32_t build_nesting(const struct program *p)
{
    struct descent d = {.cycle = true};
    vec_for (i, p->probes) {
        if (p->probes.v[i]->condition)
            descend_expr(&p->probes.v[i]->condition, &d);
        descend_stmt(&p->probes.v[i]->body, &d);
    }
    return d.deepest + (d.recursive ? RECURSION_ROOM : 0);
}

/* ---- the budget ---- */

static struct ir_mem left_mem(void)
{
    return ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, actions));
}

void build_too_many(struct ir_builder *b, const struct token *tok)
{
    build_raise_final(b, tok, "MAXACTION exceeded");
}

void build_actions(struct ir_builder *b, uint32_t n, const struct token *tok, bool now)
{
    enum { MANY = 10 };
    struct build *bld = build_of(b);
    if (bld->uncounted)
        return;
    bld->pending += n;
    if (!bld->pending || (!now && bld->pending < MANY))
        return;
    n = bld->pending;
    bld->pending = 0;
    if (ir_terminated(b))
        return;
    bld->counts_actions = true;
    ir_reg r = ir_bini(b, B_SUB, ir_load(b, left_mem(), 8, true), n);
    ir_store(b, left_mem(), 8, r);
    uint32_t over = ir_new_block(b, "maxaction"), go = ir_new_block(b, "go");
    ir_bri(b, CC_SLE, r, 0, over, go);
    ir_at(b, over);
    build_too_many(b, tok);
    ir_at(b, go);
}

void build_actions_needed(struct ir_builder *b, const struct function *f)
{
    const struct fn_info *fi = f->codegen;
    struct build *bld = build_of(b);
    if (bld->uncounted || !fi->actions || (f->src && f->src->tapset))
        return;
    bld->counts_actions = true;
    uint32_t over = ir_new_block(b, "maxaction"), go = ir_new_block(b, "go");
    ir_bri(b, CC_SLT, ir_load(b, left_mem(), 8, true), fi->actions, over, go);
    ir_at(b, over);
    build_raise_tok(b, f->tok, "MAXACTION exceeded");
    ir_at(b, go);
}

const struct token *build_body_tok(const struct stmt *s, const struct token *empty)
{
    while (s && s->kind == SM_BLOCK) {
        const struct stmt *only = NULL;
        size_t n = 0;
        vec_for (i, s->body)
            if (s->body.v[i]->kind != SM_EMPTY) {
                only = s->body.v[i];
                n++;
            }
        if (n > 1)
            return s->tok ? s->tok : empty;
        s = only;
    }
    return s && s->kind != SM_EMPTY && s->tok ? s->tok : empty;
}
