/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to cli/: images as files on disk. */
#pragma once
#include <stdbool.h>

struct bpf_image;
struct session;

/* -p4: writes the image to the file of -o, or NAME.stapo (-m) here, or a file in the cache, and
 * prints its name.  The exit status. */
int image_file_write(struct session *s, const struct bpf_image *img);
