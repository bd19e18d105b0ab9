/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to ir/: records being written to the output buffer. */
#pragma once
#include "ir/build.h"

/* A record being written at a moving position of the output buffer. */
struct record {
    ir_reg start; /* position of its header */
    ir_reg pos;   /* position of the next byte = base + off */
    uint32_t off;
    uint32_t max; /* the largest `pos` can be */
    /* The call that makes room, whose size is set when the record is complete. */
    struct ir_func *room_fn;
    uint32_t room_block, room_insn;
};

/* A text whose end is reached on several ways: what each writes begins at `start`. */
struct text_return {
    struct record start;
    ir_reg pos;   /* behind it, at the end */
    uint32_t max; /* the largest that can be */
};
void text_return_begin(struct ir_builder *b, struct text_return *t, const struct record *r);
/* The text is e, or "" when that is NULL. */
void text_return(struct ir_builder *b, struct text_return *t, const struct expr *e);
/* build_call.c: the text that a function returns. */
void build_call_text(struct ir_builder *b, const struct expr *e, struct text_return *text);

struct ir_mem record_at(const struct record *r, int32_t off);
uint32_t record_string_room(uint32_t bound);
void rec_put_string(struct ir_builder *b, struct record *r, struct ir_value v);
void rec_put_long(struct ir_builder *b, struct record *r, ir_reg v);

/* build_print.c: number of a format. */
uint32_t build_format_number(struct ir_builder *b, const fmt_vec *parts);

void build_flatten(struct ir_builder *b, const struct expr *e, fmt_vec *parts, expr_vec *args);

/* build_text.c: texts that are written to the record as the parts they are made of, to
 * be put together in user space: the arms of ?:, what a small function returns, names
 * of flags, quoted strings of user memory. */
bool text_in_place(struct ir_builder *b, const struct expr *e);
/* Writes what FMT_NESTED stands for. */
void build_text(struct ir_builder *b, struct record *r, const struct expr *e);
