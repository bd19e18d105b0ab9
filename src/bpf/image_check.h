/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to bpf/: whether what user space does with an image that came from a file stays
 * within it.  False with *why. */
#pragma once
#include "bpf/image.h"

bool image_check(const struct bpf_image *img, const char **why);
