/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image: what pass 4 makes and pass 5 runs.  Plain data, nothing of it refers to what
 * earlier passes made; so it may as well come from a file. */
#pragma once
#include "bpf/code.h"
#include "probes/attach.h"

struct image_probe {
    const char *pp;         /* the final probe point */
    const char *script_pp;  /* as in the script */
    const char *derivation; /* how that one comes from this one */
    const struct token *tok;
    struct attach_points points;
    uint64_t interval_ns, random_ns; /* timers */
    uint32_t hz;                     /* … are so many ticks a second; 0: no ticks */
    const char *tracepoint;          /* … or the name of the system call */
    const char *module;              /* of the tracepoint; NULL: the kernel */
    uint32_t btf_id;                 /* attach_point.btf_id */
    int32_t nr, nr32;                /* attach_point */
    bool exit_after;
    bool waits; /* a sleepable program */
    struct code code;
};

/* What user space has to know of the functions that handlers use. */
enum image_use {
    USE_MODULES = 1,      /* handlers look at what is mapped in processes */
    USE_STACKS = 2,       /* print_stack() and its kin */
    USE_USER_SYMBOLS = 4, /* handlers ask for names of addresses in programs */
    USE_USER_LINES = 8,
};

/* Options of the session that belong to the script rather than to the one who runs it. */
struct image_settings {
    VEC(struct define) defines; /* -D */
    bool suppress_handler_errors;
    bool timing;         /* -t */
    uint64_t timeout_ns; /* -T; 0: none */
};

/* Where it was made. */
struct image_origin {
    const char *script;    /* file, or "<input>" */
    const char *release;   /* of the kernel */
    const char *name;      /* -m: of the folder of procfs probes; or NULL */
    const char *condition; /* one of %( kernel_v … %) that the script has, and where; or NULL */
};

struct bpf_image {
    struct arena *arena;
    bool from_file; /* numbers of BTF types are those of another kernel, perhaps */
    struct image_origin origin;
    struct image_settings settings;
    VEC(struct ir_global) globals;
    VEC(struct image_probe) probes;
    VEC(struct kernel_fact) facts;
    VEC(struct fact_need) needs;
    VEC(struct ir_map) maps; /* var is NULL */
    VEC(struct ir_format) formats;
    VEC(struct ir_pos) positions;
    VEC(const char *) messages;
    VEC(struct ir_hist) hists;
    VEC(const char *) programs; /* paths of programs and libraries that were looked into */
    unsigned uses;              /* enum image_use */
    uint32_t timing_map;        /* -t: its number; 0: none */
    uint32_t maxstringlen;
    struct {
        uint32_t size, out_size, regex_off; /* of a context: struct ctx_layout */
    } context;
    uint32_t globals_size;
    void *globals_init; /* globals_size bytes */
    uint32_t rodata_size;
    void *rodata; /* the read-only map; struct abi_const is filled in when it is loaded */
    uint32_t script_rodata_off;
};

/* make_image.c: hands over what generation made. */
struct bpf_image *image_make(struct generation *gen);
