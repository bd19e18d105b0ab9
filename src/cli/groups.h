/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to cli/: what the one who runs staprun may run. */
#pragma once
#include <stdbool.h>

#include "bpf/image.h"

/* Files that members of stapusr alone may run: RELEASE is that of uname -r. */
#define IMAGES_DIR "/lib/modules/%s/systemtap"

/* `path` as it is shown, `fd` the open file.  NULL, or why not, a whole sentence. */
const char *groups_refuse(struct arena *a, const struct bpf_image *img, int fd, const char *path);
