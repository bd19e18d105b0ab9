/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to bpf/: what an image leaves open is filled in. */
#pragma once
#include "bpf/image.h"
#include "probes/facts.h"

/* The image's facts on this machine, by number; NULL after a message: something is missing. */
const struct fact_value *relocate_look_up(struct session *s, const struct bpf_image *img);
/* Puts them into a copy of a program's instructions. */
void relocate_fill(const struct image_probe *p, struct bpf_insn *insns,
                   const struct fact_value *values);
/* Timers of ticks, by this kernel's. */
void relocate_timers(const struct session *s, struct bpf_image *img);
/* Points in programs: false after a message about one that is another here. */
bool relocate_places(struct session *s, struct bpf_image *img);
/* The number that the type of a typed program has here; false after a message. */
bool relocate_type(struct session *s, const struct image_probe *p, uint32_t *id);
