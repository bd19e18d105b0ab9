/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images in files (NAME.stapo): what `stap -p4` writes and staprun runs.
 *
 * A file is a header of 40 bytes and a body, all numbers little-endian:
 *
 *   0  8 bytes  "STAPO\r\n" and a byte 0x1a: a file that was sent as text is recognised
 *   8  u32      version of the format, STAPO_VERSION: another one is refused
 *  12  u32      size of the header
 *  16  u32      machine, EM_ of elf.h
 *  20  u32      0
 *  24  u64      size of the body
 *  32  u32      CRC-32 of the body (as of zlib)
 *  36  u32      CRC-32 of the 36 bytes before
 *
 * The body is struct bpf_image, member by member in the order of stapo.c (one function for
 * both directions).  Numbers have their size in memory; bool is a byte; a string is a u32
 * length and its bytes, length 0xffffffff stands for NULL; a list is a u32 count and its
 * elements.  Nothing in it is an address or a position in the file.
 *
 * Nothing is believed of a file: a count is never larger than what is left could hold, and
 * what user space does with the image has been looked at when the reader returns it.  The
 * instructions are the kernel's verifier's business. */
#pragma once
#include "base/strbuf.h"
#include "bpf/image.h"

enum { STAPO_VERSION = 5, STAPO_HEADER = 40 };

/* The file's contents are appended. */
void stapo_write(struct strbuf *out, const struct bpf_image *img);
/* The image in the arena; NULL with *why, a sentence's rest behind the file's name: "is …". */
struct bpf_image *stapo_read(struct arena *a, const void *data, size_t size, const char **why);
/* The same of a body alone; for tests. */
struct bpf_image *stapo_read_body(struct arena *a, const void *data, size_t size, const char **why);
