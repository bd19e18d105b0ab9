/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of images behind its checksum, and the writer of what it accepts. */
#include <stddef.h>
#include <stdint.h>

#include "bpf/stapo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    const char *why;
    /* A whole file may be a seed. */
    size_t from = size > STAPO_HEADER && data[0] == 'S' && data[1] == 'T' ? STAPO_HEADER : 0;
    struct bpf_image *img = stapo_read_body(a, data + from, size - from, &why);
    if (img) {
        struct strbuf out = {0};
        stapo_write(&out, img);
        strbuf_free(&out);
    }
    arena_free(a);
    return 0;
}
