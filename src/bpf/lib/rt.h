/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the runtime library: BPF C, compiled by clang when the project is built.
 *
 * A *global* function rt_NAME(struct ctxmem *c, …) is verified once, alone: its
 * other parameters are numbers, strings among them are offsets in the context.
 * A *static* function is followed at each call and may take maps and pointers.
 * Only functions that a script uses are linked into its programs. */
#pragma once
#include "ir/abi.h"

#define GLOBAL __attribute__((noinline))
#define STATIC static __attribute__((noinline, used))
#define INLINE static inline __attribute__((always_inline))
#define NULL ((void *)0)

/* The kernel's BTF gives this the size of a whole context. */
struct ctxmem {
    struct abi_ctx ctx;
};

extern struct abi_session session;
extern const volatile struct abi_const consts;
extern char ring_map, ctx_map, modules_map, tables_map;

/* BPF helpers by number (include/uapi/linux/bpf.h). */
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value,
                                   u64 flags) = (void *)2;
static long (*bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
static u32 (*bpf_get_prandom_u32)(void) = (void *)7;
static u32 (*bpf_get_smp_processor_id)(void) = (void *)8;
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*bpf_get_current_comm)(void *buf, u32 size) = (void *)16;
static long (*bpf_probe_read_user)(void *dst, u32 size, const void *src) = (void *)112;
static long (*bpf_probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;
static long (*bpf_probe_read_user_str)(void *dst, u32 size, const void *src) = (void *)114;
static long (*bpf_probe_read_kernel_str)(void *dst, u32 size, const void *src) = (void *)115;
static long (*bpf_ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;
static void *(*bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
static u64 (*bpf_ringbuf_query)(void *ring, u64 flags) = (void *)134;
static long (*bpf_for_each_map_elem)(void *map, void *fn, void *ctx, u64 flags) = (void *)164;
static long (*bpf_loop)(u32 n, void *fn, void *ctx, u64 flags) = (void *)181;
static void *(*bpf_get_current_task_btf)(void) = (void *)158;
static long (*bpf_snprintf)(char *str, u32 size, const char *fmt, u64 *data, u32 len) = (void *)165;
static void *(*bpf_task_pt_regs)(void *task) = (void *)175;
static void *(*bpf_map_lookup_percpu_elem)(void *map, const void *key, u32 cpu) = (void *)195;

enum { RB_NO_WAKEUP = 1, RB_FORCE_WAKEUP = 2, RB_AVAIL_DATA = 0, RB_RING_SIZE = 1 };

/* Conversions of formats: the numbers of enum fmt_conv in lang/ast.h. */
enum {
    CONV_LITERAL,
    CONV_SIGNED,
    CONV_UNSIGNED,
    CONV_OCTAL,
    CONV_HEX,
    CONV_HEX_UPPER,
    CONV_POINTER,
    CONV_CHAR,
    CONV_STRING,
    CONV_BINARY,
};
enum { FLAG_ZERO = 1, FLAG_MINUS = 2, FLAG_PLUS = 4, FLAG_SPACE = 8, FLAG_ALT = 16 };
enum { NOT_GIVEN = 0xffff };

/* Keeps clang from deriving x anew, or from dropping a check of it that the
 * verifier needs to see on this very value. */
#define OPAQUE(x) asm volatile("" : "+r"(x))

/* char *p = the string at offset `off` of the context; leaves the function when
 * that is out of bounds.  One check at one place: old verifiers do not see that
 * a second, equal one has the same outcome. */
#define CTX_STR(p, c, off)                                                                         \
    if (!(c) || (off) > consts.str_limit)                                                          \
        return 0;                                                                                  \
    char *p = (char *)(c) + (off);                                                                 \
    OPAQUE(p)

/* Copies the NUL-terminated text at `src` (kernel memory) to dst, which holds
 * MAXSTRINGLEN bytes; the length with the NUL, at least 1. */
INLINE u64 copy_str(char *dst, const char *src)
{
    long n = bpf_probe_read_kernel_str(dst, consts.maxstringlen, src);
    return n < 1 ? 1 : (u64)n;
}

INLINE void count_up(u64 *n)
{
    __sync_fetch_and_add(n, 1);
}

/* The 16-bit word number `at` of the read-only data; 0 past its end. */
INLINE u64 rodata_word(u64 at)
{
    if (at >= consts.rodata_words)
        return 0;
    OPAQUE(at);
    if (at >= consts.rodata_words)
        return 0;
    return ((const volatile u16 *)&consts)[at];
}
