/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runtime library as the build embeds it (tools/embed_bpf.c). */
#pragma once
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

enum lib_reloc_kind {
    LIB_FUNC,    /* call or address of functions[index] */
    LIB_SESSION, /* struct abi_session + addend */
    LIB_CONSTS,  /* struct abi_const + addend */
    LIB_RODATA,  /* the library's read-only data + addend */
    LIB_RING,
    LIB_CTX,
    LIB_GLOBALS,
    LIB_MODULES,
    LIB_TABLES, /* maps */
};
struct lib_reloc {
    uint32_t insn; /* within the function */
    enum lib_reloc_kind kind;
    uint32_t index, addend;
    bool address; /* LIB_FUNC: ld_imm64 of a callback, not a call */
};
struct lib_function {
    const char *name;
    const struct bpf_insn *insns;
    uint32_t ninsns;
    const struct lib_reloc *relocs;
    uint32_t nrelocs;
    bool global;
    uint8_t nargs;
    bool takes_ctx; /* first parameter is struct ctxmem * */
};
extern const struct lib_function rtlib_functions[];
extern const uint32_t rtlib_nfunctions;
extern const unsigned char rtlib_rodata[];
extern const uint32_t rtlib_rodata_size;
