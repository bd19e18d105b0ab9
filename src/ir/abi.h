/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What handlers (eBPF), the runtime library (bpf/lib, compiled by clang for
 * BPF) and the session in user space agree on.  Plain C without other headers. */
#pragma once

#include "base/regex_table.h"
#ifdef __bpf__
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
#endif

/* ---- the globals map: ARRAY, one value, BPF_F_MMAPABLE ----
 * struct abi_session first, then the script's scalar globals. */
enum abi_state {
    STATE_STARTING = 0, /* begin probes run */
    STATE_RUNNING = 1,  /* all other probes run */
    STATE_STOPPING = 2, /* after exit(): nothing runs */
    STATE_ERROR = 3,    /* after a fatal error: nothing runs, error probes will */
    STATE_ENDING = 4,   /* end or error probes run */
};
enum { OWN_FRAMES = 16 };
struct abi_session {
    u32 state;           /* enum abi_state */
    u32 maxerrors;       /* MAXERRORS; more errors than this set STATE_ERROR */
    u64 errors;          /* errors that left a handler */
    u64 skipped_context; /* probes skipped: no free context on this CPU */
    u64 skipped_lock;    /* … a lock was not had after MAXTRYLOCK tries */
    u64 skipped_nested;
    u64 lost_records; /* ring buffer was full: output records lost */
    u64 lost_bytes;
    u64 truncated;       /* strings cut at MAXSTRINGLEN where that loses data (internal buffers) */
    u64 internal;        /* bounds that should never fail did */
    s64 target;          /* target() */
    u64 boot_to_real_ns; /* CLOCK_REALTIME - CLOCK_BOOTTIME, kept fresh by user space */
    s64 tz_offset;       /* seconds west of UTC is negative: local = UTC + tz_offset */
    char tz_name[16];
    u64 rand_state;
    u64 speculation;
    u64 reader_waits;           /* user space sleeps: the next record must wake it */
    u64 ask_addr, ask_inode;    /* of the session itself: the inode mapped at an address */
    u64 own_frames[OWN_FRAMES]; /* return addresses between a tracepoint and its handler */
    u64 loads[3];               /* load averages in 2048ths, kept fresh by user space */
    u64 uid;                    /* of the one who runs the session */
    u64 reserved[2];
};

/* ---- what is mapped in processes, for their symbols and stacks ----
 * stap_modules: HASH from struct inode * (MODULE_VDSO: the vDSO; 0: an empty one) to struct
 * abi_module.
 * stap_tables: ARRAY_OF_MAPS; a table is an ARRAY of u64 words: first the rows for unwinding,
 * then the symbols (two words each), their names, the lines and their files. */
enum { MODULES_MAX = 4096, MODULE_SEGMENTS = 5, MODULE_VDSO = 1 };
struct abi_segment {
    u64 offset, size; /* of the file */
    u64 delta;        /* address in the file's own numbering - offset */
    u64 exec;
};
struct abi_module {
    u32 table; /* 0: user space has been asked, or knows nothing of it */
    u32 nrows;
    u32 syms_at, nsyms;
    u32 path_at, path_len; /* words and bytes */
    u32 id_at, id_len;     /* build-id in hexadecimal: the same */
    u32 lines_at, nlines;  /* 0 where no handler asks for lines */
    u32 files_at, nfiles;
    struct abi_segment segments[MODULE_SEGMENTS];
};
/* A row holds from its address up to the next one's: address in the low 32 bits, then how
 * to find the canonical frame address: kind, offset / 8, and where rbp is saved: offset from
 * it / 8, 0: it is not. */
enum unwind_kind {
    UNWIND_NONE,   /* no function, or the outermost one */
    UNWIND_RSP,    /* rsp + offset */
    UNWIND_RBP,    /* rbp + offset */
    UNWIND_PLT,    /* of the linkage table: offset / 8 is the last byte before a push */
    UNWIND_AT_RBP, /* what is stored at rbp + offset */
    UNWIND_AT_RSP,
    UNWIND_SIGNAL, /* the registers are in a signal frame */
};
#define UNWIND_KIND(row) ((u32)((row) >> 32) & 7)
#define UNWIND_CFA(row) ((s64)((row) << 12) >> 47)
#define UNWIND_SAVED(row) ((s64)(row) >> 52)
/* Saved at the address in rbp. */
#define UNWIND_AT_BP (-2048)
/* A symbol: address and size, then the word and the length of its name. */
#define SYMBOL_NAME_AT(word) ((u32)(word))
#define SYMBOL_NAME_LEN(word) ((u32)((word) >> 32))
enum symbol_form { SYMBOL_NAME, SYMBOL_DATA, SYMBOL_MODULE, SYMBOL_BUILD_ID };
/* A row of lines holds from its address up to the next one's: address in the low 32 bits, the
 * line, and the file's number from 1, 0: not known.  A file: the word and the length of its
 * name, as of a symbol. */
#define LINE_ROW(addr, line, file) ((u64)(addr) | (u64)(line) << 32 | (u64)(file) << 50)
#define LINE_NUMBER(row) ((u32)((row) >> 32) & (LINE_MAX_KEPT - 1))
#define LINE_FILE(row) ((u32)((row) >> 50))
enum { LINE_MAX_KEPT = 1 << 18, LINE_FILES_MAX = 1 << 14 };
enum line_form { FORM_FILE = 1, FORM_LINE = 2 };

/* Offsets of members in the running kernel's structures. */
struct abi_offsets {
    u32 task_mm, mm_tree, mm_vdso, mm_xol, xol_vaddr;
    u32 vma_start, vma_end, vma_flags, vma_pgoff, vma_file, file_inode;
    u32 task_utask, utask_returns, return_address, return_stack, return_next;
    u32 regs_ip, regs_sp, regs_bp;
};

/* Of a context: the process that is looked at, and what was found last. */
struct abi_walk {
    u64 mm;
    u64 start, end; /* of the mapping */
    u64 delta;      /* address + delta: in the file's own numbering */
    u64 inode;
    u64 ip, sp, bp;
    u64 signal;   /* ip is where a signal came, not a return address */
    u64 returns;  /* struct return_instance: addresses that return probes have replaced */
    u64 replaced; /* by this one */
    u64 pos;      /* in a string, or of frames */
    struct abi_module module;
    u64 node[16];
};

/* ---- -t: one for each handler and CPU, in nanoseconds ---- */
struct abi_timing {
    u64 hits, sum, min, max;
    u64 squares; /* their sum */
};

/* ---- the read-only data map: ARRAY, one value, frozen before loading, so the
 * verifier knows its contents.  struct abi_const first, then the read-only data
 * of the runtime library, then the script's string literals. ---- */
struct abi_const {
    u32 maxstringlen; /* MAXSTRINGLEN, with the NUL */
    u32 ctx_size;     /* size of one context (struct abi_ctx and all behind it) */
    u32 out_size;     /* capacity of the output buffer in a context */
    u32 str_limit;    /* ctx_size - maxstringlen: largest offset a string may have */
    u32 ncpus;
    u32 rodata_words;  /* of the whole of this map, in u16 */
    u32 script_rodata; /* offset of the script's part */
    struct abi_offsets offsets;
    u32 regex; /* offset in the context of struct abi_regex_area; 0: none */
};

/* ---- the context map: ARRAY of ncpus × CTX_POOL contexts ----
 * struct abi_ctx, then the output buffer (out_size bytes + OUT_SLACK), then, if
 * matched() or ngroups() is used, struct abi_regex_area, then the
 * frame area (handler's slots), then the stack area (frames of functions that
 * are called through the machine). Offsets of strings handed to the runtime
 * library are from the start of the context. */
enum { CTX_POOL = 4 };
enum { ERRMSG_SIZE = 256, TOKENIZE_SIZE = 0 };
struct abi_ctx {
    u64 busy;        /* 0 free, 1 taken (atomic exchange) */
    u64 out_len;     /* bytes used in the output buffer */
    u64 fp;          /* machine: frame of the running function, bytes into the stack area */
    u64 state;       /* machine: resume point */
    u64 nesting;     /* machine: depth of calls */
    s64 actions;     /* statements left before MAXACTION */
    s64 calls;       /* calls of recursive functions left */
    u64 err;         /* != 0: unwinding; 1 + message number, or ERR_DYNAMIC */
    u64 err_pos;     /* position number */
    s64 ret;         /* return value of a machine call */
    u64 next;        /* a function ended with `next` */
    u64 index;       /* number of this context: set when the map is made, never changed */
    u64 token_end;   /* tokenize(): where the next token is looked for */
    u64 verdict;     /* of a netfilter probe: 0 the packet is dropped, 1 it is not */
    u64 scratch[16]; /* for the runtime library and intrinsics, within one call */
    struct abi_walk walk;
    char errmsg[ERRMSG_SIZE]; /* ERR_DYNAMIC */
};
#define ERR_DYNAMIC 0xffffffffu
#define ERR_LEAVE 0xfffffffeu /* abort(): leaves the handler, cannot be caught */

/* ---- records in the ring buffer ----
 * One ring buffer sample holds one or more records of one handler, in order.
 * Every record starts with this header; size counts the header and is a
 * multiple of 8. */
enum rec_kind {
    REC_PRINT = 1,  /* id = format number; arguments as below */
    REC_ERROR,      /* u32 probe, pos, msg, reserved; msg == ERR_DYNAMIC: + string argument */
    REC_WARN,       /* one string argument */
    REC_EXIT,       /* exit() was called: stop the session */
    REC_HIST,       /* id = histogram number; struct abi_hist */
    REC_COMMIT,     /* id 0: u64 speculation id: print what it holds */
    REC_DISCARD,    /* u64 speculation id */
    REC_SPECULATE,  /* u64 speculation id, string argument */
    REC_MODULE,     /* u64 inode, u64 pid, u64 address: a module that user space may add */
    REC_SYSTEM,     /* one string argument: a command for the shell */
    REC_SWITCH,     /* the next output file */
    REC_VALUE,      /* as REC_PRINT: all that the reader of a procfs file gets, so far */
    REC_VALUE_MORE, /* … and what comes behind it */
    REC_STACK,      /* u64 form (enum stack_form), u64 pid, string of addresses */
};
enum stack_form { STACK_USER = 1, STACK_BRIEF = 2, STACK_LINES = 4 };
struct rec {
    u16 kind;
    u16 id;
    u32 size;
};
/* Arguments: a long is 8 bytes.  A string is struct rec_str followed by `cap`
 * bytes (a multiple of 8), NUL-terminated unless it fills them. */
struct rec_str {
    u32 cap;
    u32 reserved;
};
struct rec_error {
    struct rec rec;
    u32 probe, pos, msg, reserved;
};

/* ---- locks of globals: 64-bit words in the globals map ----
 * The number of handlers that share it, plus LOCK_WRITER while one has it alone. */
#define LOCK_WRITER (1ll << 32)
enum abi_lock { LOCK_NONE, LOCK_SHARED, LOCK_EXCLUSIVE };

/* ---- foreach ----
 * An iteration buffer: header, two runs of `max` entries (merge sort goes back
 * and forth), then `max` keys, then, when sorting by string values, `max` of them. */
struct abi_iter_entry {
    s64 by;    /* long or statistic sorted by */
    u64 seq;   /* insertion number: breaks ties */
    u64 index; /* of the key */
};
enum { ITER_TOP_MAX = 30 };
struct abi_iter {
    u64 n;                                 /* keys collected */
    u64 first;                             /* entry where the sorted run starts: 0 or max */
    u64 from, width, lo, mid, hi, i, j, k; /* state of the merge */
    s64 limit;                             /* of the loop; for rt_renumber_top */
    u64 nleast, least[ITER_TOP_MAX];       /* its state: smallest insertion numbers so far */
};
enum abi_sort {
    ABI_SORT_NONE, /* insertion order */
    ABI_SORT_KEY_LONG,
    ABI_SORT_KEY_STRING,
    ABI_SORT_VALUE_LONG,
    ABI_SORT_VALUE_STRING,
    ABI_SORT_COUNT, /* statistics, over all CPUs */
    ABI_SORT_SUM,
    ABI_SORT_MIN,
    ABI_SORT_MAX,
    ABI_SORT_AVG,
};
/* In read-only data, so that the verifier knows every number. */
struct abi_foreach {
    u32 max; /* entries of the array */
    u32 key_size;
    u32 value_words; /* per-CPU value, insertion number included */
    u32 seq_off;     /* of the insertion number in the value */
    u32 has_seq, percpu;
    u32 keys_off; /* of the keys in the buffer */
    u32 sort;     /* enum abi_sort */
    u32 by_off;   /* of the column sorted by, in the key */
    u32 by_words; /* its length */
    u32 descending;
    u32 reserved;
};

/* ---- text_str() and its kin: the last argument of rt_text ---- */
enum { TEXT_QUOTED = 1, TEXT_BUFFER = 2, TEXT_LENGTH = 8 /* the length is behind these bits */ };
/* … of rt_utf, and what it returns */
enum { UTF_USER = 1, UTF_32 = 2 };
enum { UTF_DONE, UTF_FAULT, UTF_INVALID };

/* ---- statistics ----
 * The value of an aggregate, one per CPU.  Fields are present in this order;
 * which ones, the aggregate's description (struct ir_stat) says. */
enum { HIST_LOG_BUCKETS = 128, HIST_LINEAR_MAX_BUCKETS = 10240 };
struct abi_stat {
    u64 count;
    s64 sum;
    s64 min, max;
    /* Only for @variance(x, shift): the mean of the shifted values and the sum of squares
     * around it, as Welford's algorithm in integers leaves them.  What is put together of
     * several CPUs has here, over the CPUs, the sums of n·mean, of that sum and of n·mean². */
    s64 mean, squares, mean_squares;
    /* u64 buckets[] */
};
