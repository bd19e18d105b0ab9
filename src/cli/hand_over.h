/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to cli/: pass 5 by staprun. */
#pragma once
#include "bpf/image.h"
#include "sema/session.h"

/* The staprun beside this program, when it has capabilities; or NULL. */
const char *hand_over_to(struct arena *a);
/* Becomes that program; the exit status when it cannot. */
int hand_over(struct session *s, const struct bpf_image *img, const char *program);
