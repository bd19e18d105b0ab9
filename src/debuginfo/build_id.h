/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build-ids in notes as the kernel shows them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUILD_ID_MAX = 64 };
#define KERNEL_NOTES "/sys/kernel/notes"

struct build_id {
    uint8_t id[BUILD_ID_MAX];
    size_t n;
};

/* False: the file cannot be read, or has none. */
bool build_id_read(const char *path, struct build_id *out);
