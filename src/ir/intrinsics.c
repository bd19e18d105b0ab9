/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of intrinsics, and those about the running task, time and the
 * session. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debuginfo/btf.h"
#include "ir/build.h"
#include "ir/intrinsics.h"

enum {
    H_KTIME_GET_NS = 5,
    H_TRACE_PRINTK = 6,
    H_GET_PRANDOM_U32 = 7,
    H_GET_SMP_PROCESSOR_ID = 8,
    H_GET_CURRENT_PID_TGID = 14,
    H_GET_CURRENT_UID_GID = 15,
    H_GET_CURRENT_COMM = 16,
    H_GET_CURRENT_TASK = 35,
    H_GET_CURRENT_CGROUP_ID = 80,
    H_SEND_SIGNAL = 109,
    H_PROBE_READ_KERNEL_STR = 115,
    H_JIFFIES64 = 118,
    H_KTIME_GET_BOOT_NS = 125,
    H_GET_ATTACH_COOKIE = 174,
    COMM_SIZE = 16,
};

static ir_reg session_word(struct ir_builder *b, size_t off)
{
    return ir_load(b, ir_mem_at(IRM_GLOBAL, (int32_t)off), 8, true);
}

static ir_reg helper0(struct ir_builder *b, int helper)
{
    return ir_call(b, helper, 0, NULL);
}

static void emit_task_current(struct intrinsic_call *c)
{
    c->result.reg = helper0(c->b, H_GET_CURRENT_TASK);
}

/* Follows members of kernel structures from `base`: "task_struct" "real_parent",
 * then "task_struct" "tgid"; every step but the last is a pointer. */
struct member {
    const char *type, *path;
};

static bool field(struct intrinsic_call *c, const char *type, const char *member, uint32_t *off,
                  uint32_t *size)
{
    struct session *s = c->b->session;
    const char *why;
    struct kernel_btf *btf = session_btf(s, &why);
    if (!btf)
        diag_semantic(&s->diag, c->e->tok, "%s", why);
    else if (!kbtf_field(btf, type, member, off, size))
        diag_semantic(&s->diag, c->e->tok, "this kernel has no %s.%s", type, member);
    else
        return true;
    *off = 0;
    *size = 8;
    return false;
}

/* In an image for another machine the kernel that it finds says where a member is. */
static ir_reg read_live_member(struct intrinsic_call *c, ir_reg base, uint32_t fact, uint32_t off,
                               uint32_t size)
{
    struct ir_builder *b = c->b;
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "member"), 0);
    ir_reg addr = ir_bin_fact(b, B_ADD, base, fact, PART_OFFSET, off);
    ir_storei(b, tmp, 8, 0);
    ir_call(b, HELPER_PROBE_READ_KERNEL, 3,
            IR_ARGS(IR_A_MEM(tmp), IR_A_FACT(fact, PART_SIZE, size), IR_A_REG(addr)));
    ir_reg v = ir_bin_fact(b, B_SHL, ir_load(b, tmp, 8, false), fact, PART_LEFT, 64 - 8 * size);
    return ir_bin_fact(b, B_SHR, v, fact, PART_RIGHT, 64 - 8 * size);
}

static uint32_t member_fact(struct intrinsic_call *c, const char *type, const char *path,
                            const char *member, bool scalar)
{
    return fact_add(c->b->session,
                    (struct kernel_fact){.kind = FACT_MEMBER,
                                         .root = arena_printf(c->b->arena, "s %s", type),
                                         .path = path,
                                         .name = member,
                                         .scalar = scalar});
}

/* Ids in struct cred are structures with one number. */
static bool is_id(const struct member *m)
{
    return strcmp(m->type, "cred") == 0;
}

static ir_reg read_members(struct intrinsic_call *c, ir_reg base, const struct member *m, size_t n)
{
    struct ir_builder *b = c->b;
    for (size_t i = 0; i < n; i++) {
        uint32_t off, size;
        if (!field(c, m[i].type, m[i].path, &off, &size))
            return ir_const(b, 0);
        if (b->session->portable) {
            uint32_t fact = member_fact(c, m[i].type, NULL, m[i].path, !is_id(&m[i]));
            if (is_id(&m[i])) {
                base = ir_bin_fact(b, B_ADD, base, fact, PART_OFFSET, off);
                fact = member_fact(c, m[i].type, m[i].path, "val", true);
                off = 0;
            }
            base = read_live_member(c, base, fact, off, size);
            continue;
        }
        struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, m[i].path), 0);
        ir_reg addr = off ? ir_bini(b, B_ADD, base, off) : base;
        ir_call(b, HELPER_PROBE_READ_KERNEL, 3,
                IR_ARGS(IR_A_MEM(tmp), IR_A_IMM(size), IR_A_REG(addr)));
        base = ir_load(b, tmp, (int)size, false);
    }
    return base;
}

/* The address of task_struct.comm. */
static ir_reg comm_of(struct intrinsic_call *c, ir_reg task)
{
    uint32_t off = 0, size = 0;
    field(c, "task_struct", "comm", &off, &size);
    if (!c->b->session->portable)
        return ir_bini(c->b, B_ADD, task, off);
    return ir_bin_fact(c->b, B_ADD, task, member_fact(c, "task_struct", NULL, "comm", false),
                       PART_OFFSET, off);
}

/* ---- the task ---- */

/* Older kernels give the helpers about the task to few types of programs. */
static bool few_helpers(const struct intrinsic_call *c)
{
    return c->probe->attach.prog == PROG_NETFILTER;
}

static ir_reg task_member(struct intrinsic_call *c, const char *name)
{
    struct member m = {"task_struct", name};
    return read_members(c, helper0(c->b, H_GET_CURRENT_TASK), &m, 1);
}

static ir_reg task_cred(struct intrinsic_call *c, const char *name)
{
    struct member m[] = {{"task_struct", "cred"}, {"cred", name}};
    return read_members(c, helper0(c->b, H_GET_CURRENT_TASK), m, 2);
}

static void emit_tid(struct intrinsic_call *c)
{
    c->result.reg = few_helpers(c)
                        ? task_member(c, "pid")
                        : ir_bini(c->b, B_AND, helper0(c->b, H_GET_CURRENT_PID_TGID), 0x7fffffff);
}

static void emit_pid(struct intrinsic_call *c)
{
    c->result.reg = few_helpers(c)
                        ? task_member(c, "tgid")
                        : ir_bini(c->b, B_SHR, helper0(c->b, H_GET_CURRENT_PID_TGID), 32);
}

static void emit_uid(struct intrinsic_call *c)
{
    if (few_helpers(c)) {
        c->result.reg = task_cred(c, "uid");
        return;
    }
    ir_reg v = ir_bini(c->b, B_SHL, helper0(c->b, H_GET_CURRENT_UID_GID), 32);
    c->result.reg = ir_bini(c->b, B_SHR, v, 32);
}

static void emit_gid(struct intrinsic_call *c)
{
    c->result.reg = few_helpers(c) ? task_cred(c, "gid")
                                   : ir_bini(c->b, B_SHR, helper0(c->b, H_GET_CURRENT_UID_GID), 32);
}

static void emit_execname(struct intrinsic_call *c)
{
    /* Some kernels write zeros behind the name, others leave what was there. */
    ir_emit(c->b, (struct ir_insn){.op = IR_ZERO, .mem = c->result.mem, .imm = COMM_SIZE});
    c->result.padded = true;
    if (few_helpers(c)) {
        ir_reg at = comm_of(c, helper0(c->b, H_GET_CURRENT_TASK));
        ir_call(c->b, H_PROBE_READ_KERNEL_STR, 3,
                IR_ARGS(IR_A_MEM(c->result.mem), IR_A_IMM(COMM_SIZE), IR_A_REG(at)));
        return;
    }
    ir_call(c->b, H_GET_CURRENT_COMM, 2, IR_ARGS(IR_A_MEM(c->result.mem), IR_A_IMM(COMM_SIZE)));
}

static void emit_ppid(struct intrinsic_call *c)
{
    static const struct member m[] = {{"task_struct", "real_parent"}, {"task_struct", "tgid"}};
    c->result.reg = read_members(c, helper0(c->b, H_GET_CURRENT_TASK), m, 2);
}

static void emit_euid(struct intrinsic_call *c)
{
    static const struct member m[] = {{"task_struct", "cred"}, {"cred", "euid"}};
    c->result.reg = read_members(c, helper0(c->b, H_GET_CURRENT_TASK), m, 2);
}

static void emit_egid(struct intrinsic_call *c)
{
    static const struct member m[] = {{"task_struct", "cred"}, {"cred", "egid"}};
    c->result.reg = read_members(c, helper0(c->b, H_GET_CURRENT_TASK), m, 2);
}

static void emit_pexecname(struct intrinsic_call *c)
{
    static const struct member m[] = {{"task_struct", "real_parent"}};
    ir_reg parent = read_members(c, helper0(c->b, H_GET_CURRENT_TASK), m, 1);
    ir_call(c->b, H_PROBE_READ_KERNEL_STR, 3,
            IR_ARGS(IR_A_MEM(c->result.mem), IR_A_IMM(COMM_SIZE), IR_A_REG(comm_of(c, parent))));
}

static void emit_cpu(struct intrinsic_call *c)
{
    c->result.reg = helper0(c->b, H_GET_SMP_PROCESSOR_ID);
}

static void emit_cgroup_id(struct intrinsic_call *c)
{
    c->result.reg = helper0(c->b, H_GET_CURRENT_CGROUP_ID);
}

/* The namespace of stap itself, by the number that /proc shows. */
static void own_namespace(struct intrinsic_call *c, const char *path)
{
    struct session *s = c->b->session;
    struct stat st;
    if (s->namespaces_pid)
        path = arena_printf(c->b->arena, "/proc/%d/ns/%s", (int)s->namespaces_pid,
                            strrchr(path, '/') + 1);
    int64_t here = stat(path, &st) == 0 ? (int64_t)st.st_ino : 0;
    if (!s->portable) {
        c->result.reg = ir_const(c->b, here);
        return;
    }
    uint32_t fact = fact_add(s, (struct kernel_fact){.kind = FACT_FILE, .root = "f", .name = path});
    c->result.reg = ir_const_fact(c->b, fact, PART_INODE, here);
}

static void emit_own_pid_ns(struct intrinsic_call *c)
{
    own_namespace(c, "/proc/self/ns/pid");
}

static void emit_own_user_ns(struct intrinsic_call *c)
{
    own_namespace(c, "/proc/self/ns/user");
}

static void emit_stap_uid(struct intrinsic_call *c)
{
    c->result.reg = session_word(c->b, offsetof(struct abi_session, uid));
}

static void emit_raise_signal(struct intrinsic_call *c)
{
    ir_call(c->b, H_SEND_SIGNAL, 1, IR_ARGS(IR_A_REG(c->args[0].reg)));
}

/* ---- the probe ---- */

static const char *point_text(const struct probe *p)
{
    return p->pp;
}

static const char *point_function(const struct probe *p)
{
    return p->attach.name ? p->attach.name : "";
}

/* One program for many points has a table of their texts, and the cookie of the link says
 * which it is. */
void intrinsic_point_text(struct intrinsic_call *c, const char *(*text)(const struct probe *p),
                          uint32_t bound)
{
    const struct probe *p = c->probe;
    if (!p->also.n) {
        c->b->fn->slots.v[c->result.mem.id].frame = false;
        c->result = ir_literal(c->b, text(p));
        return;
    }
    struct ir_module *m = c->b->mod;
    uint32_t stride = (bound + 7) / 8 * 8, n = (uint32_t)p->also.n + 1;
    uint32_t table = build_rodata(m, n * stride);
    for (uint32_t i = 0; i < n; i++)
        snprintf((char *)m->rodata + table + i * stride, bound, "%s",
                 text(i ? p->also.v[i - 1] : p));
    ir_reg cookie = ir_call(c->b, H_GET_ATTACH_COOKIE, 1, IR_ARGS(IR_A_PROG));
    ir_lib(c->b, "rt_point_text", 5,
           IR_ARGS(IR_A_CTX, IR_A_OFF(c->result.mem), IR_A_IMM(table), IR_A_IMM(stride),
                   IR_A_REG(cookie)));
    c->result.bound = bound;
}

static void emit_pp(struct intrinsic_call *c)
{
    intrinsic_point_text(c, point_text, c->b->session->pp_bound);
}

static void emit_ppfunc(struct intrinsic_call *c)
{
    intrinsic_point_text(c, point_function, c->b->session->probefunc_bound);
}

static void emit_is_return(struct intrinsic_call *c)
{
    c->result.reg = ir_const(c->b, c->probe->attach.kind == ATTACH_SYSCALL_EXIT ||
                                       c->probe->attach.kind == ATTACH_URETPROBE ||
                                       c->probe->attach.kind == ATTACH_KRETPROBE);
}

static void emit_target(struct intrinsic_call *c)
{
    c->result.reg = session_word(c->b, offsetof(struct abi_session, target));
}

static void emit_module_name(struct intrinsic_call *c)
{
    c->result = ir_literal(c->b, c->b->session->module_name);
}

/* ---- time ---- */

static ir_reg realtime(struct ir_builder *b)
{
    ir_reg boot = helper0(b, H_KTIME_GET_BOOT_NS);
    return ir_bin(b, B_ADD, boot, session_word(b, offsetof(struct abi_session, boot_to_real_ns)));
}

static void emit_ns(struct intrinsic_call *c)
{
    c->result.reg = realtime(c->b);
}

static void emit_us(struct intrinsic_call *c)
{
    c->result.reg = ir_bini(c->b, B_UDIV, realtime(c->b), 1000);
}

static void emit_ms(struct intrinsic_call *c)
{
    c->result.reg = ir_bini(c->b, B_UDIV, realtime(c->b), 1000000);
}

static void emit_s(struct intrinsic_call *c)
{
    c->result.reg = ir_bini(c->b, B_UDIV, realtime(c->b), 1000000000);
}

static void emit_monotonic_ns(struct intrinsic_call *c)
{
    c->result.reg = helper0(c->b, H_KTIME_GET_NS);
}

static void emit_jiffies(struct intrinsic_call *c)
{
    c->result.reg = helper0(c->b, H_JIFFIES64);
}

static void emit_hz(struct intrinsic_call *c)
{
    const struct parse_config *p = &c->b->session->parse;
    const char *v = p->kernel_config ? p->kernel_config(p->user, "CONFIG_HZ") : NULL;
    int64_t hz = 0;
    for (; v && *v >= '0' && *v <= '9'; v++)
        hz = hz * 10 + (*v - '0');
    c->result.reg = ir_const(c->b, hz ? hz : 250);
}

static void emit_tz_offset(struct intrinsic_call *c)
{
    c->result.reg = session_word(c->b, offsetof(struct abi_session, tz_offset));
}

static void emit_tz_name(struct intrinsic_call *c)
{
    struct ir_value name = {.is_string = true,
                            .mem = ir_mem_at(IRM_GLOBAL, offsetof(struct abi_session, tz_name)),
                            .bound = sizeof((struct abi_session *)0)->tz_name};
    c->result = name;
}

static void emit_random(struct intrinsic_call *c)
{
    c->result.reg = helper0(c->b, H_GET_PRANDOM_U32);
}

/* ---- the session ---- */

static void emit_exit(struct intrinsic_call *c)
{
    ir_lib(c->b, "rt_exit", 1, IR_ARGS(IR_A_IMM(0)));
}

static void emit_abort(struct intrinsic_call *c)
{
    ir_lib(c->b, "rt_exit", 1, IR_ARGS(IR_A_IMM(0)));
    ir_leave(c->b);
}

static void emit_error(struct intrinsic_call *c)
{
    ir_raise_format(c->b, c->e, "%s", 1, c->args);
}

static void emit_fail(struct intrinsic_call *c)
{
    ir_raise_of_function(c->b, c->args[0]);
}

static void emit_warn(struct intrinsic_call *c)
{
    ir_text_record(c->b, REC_WARN, c->args[0]);
}

static void emit_system(struct intrinsic_call *c)
{
    ir_text_record(c->b, REC_SYSTEM, c->args[0]);
}

static void emit_switch_file(struct intrinsic_call *c)
{
    ir_text_record(c->b, REC_SWITCH, ir_literal(c->b, ""));
}

/* The load averages of 1, 5 and 15 minutes in 2048ths. */
static void emit_loadavg(struct intrinsic_call *c)
{
    struct ir_builder *b = c->b;
    struct ir_mem m = ir_mem_at(IRM_GLOBAL, offsetof(struct abi_session, loads));
    m.idx = ir_bini(b, B_SHL, ir_bini(b, B_AND, c->args[0].reg, 1), 3);
    m.idx_max = 8;
    ir_reg two = ir_load(b, m, 8, false), v = ir_new_reg(b);
    uint32_t last = ir_new_block(b, "15 minutes"), other = ir_new_block(b, "1 or 5"),
             end = ir_new_block(b, "load");
    ir_bri(b, CC_EQ, c->args[0].reg, 2, last, other);
    ir_at(b, last);
    ir_mov(b, v, session_word(b, offsetof(struct abi_session, loads) + 16));
    ir_jmp(b, end);
    ir_at(b, other);
    ir_mov(b, v, two);
    ir_jmp(b, end);
    ir_at(b, end);
    c->result.reg = v;
}

/* A line in the kernel's own trace. */
static void emit_trace_line(struct intrinsic_call *c)
{
    struct ir_value format = ir_literal(c->b, "%s");
    ir_call(c->b, H_TRACE_PRINTK, 3,
            IR_ARGS(IR_A_MEM(format.mem), IR_A_IMM(3), IR_A_MEM(c->args[0].mem)));
}

static void delay(struct intrinsic_call *c, int64_t unit)
{
    ir_reg ns = ir_bini(c->b, B_MUL, c->args[0].reg, unit);
    ir_lib(c->b, "rt_delay", 2, IR_ARGS(IR_A_CTX, IR_A_REG(ns)));
}

static void emit_delay_us(struct intrinsic_call *c)
{
    delay(c, 1000);
}

static void emit_delay_ms(struct intrinsic_call *c)
{
    delay(c, 1000000);
}

static void emit_stp_pid(struct intrinsic_call *c)
{
    c->result.reg = ir_const(c->b, getpid());
}

/* What becomes of the packet. */
static void emit_verdict(struct intrinsic_call *c)
{
    c->result.reg = ir_load(c->b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, verdict)), 8, true);
}

static void emit_set_verdict(struct intrinsic_call *c)
{
    ir_store(c->b, ir_mem_at(IRM_CTX, offsetof(struct abi_ctx, verdict)), 8, c->args[0].reg);
}

static void emit_maxstringlen(struct intrinsic_call *c)
{
    c->result.reg = ir_const(c->b, c->b->session->maxstringlen);
}

static void emit_next_speculation(struct intrinsic_call *c)
{
    ir_reg old = ir_new_reg(c->b);
    ir_emit(c->b, (struct ir_insn){
                      .op = IR_ATOMIC_ADD,
                      .dst = old,
                      .has_imm = true,
                      .imm = 1,
                      .size = 8,
                      .mem = ir_mem_at(IRM_GLOBAL, offsetof(struct abi_session, speculation))});
    c->result.reg = ir_bini(c->b, B_ADD, old, 1);
}

static void emit_speculate(struct intrinsic_call *c)
{
    ir_speculate(c->b, REC_SPECULATE, c->args[0].reg, &c->args[1]);
}

static void emit_commit(struct intrinsic_call *c)
{
    ir_speculate(c->b, REC_COMMIT, c->args[0].reg, NULL);
}

static void emit_discard(struct intrinsic_call *c)
{
    ir_speculate(c->b, REC_DISCARD, c->args[0].reg, NULL);
}

static const struct intrinsic general[] = {
    {"tid", TY_LONG, 0, emit_tid, false},
    {"pid", TY_LONG, 0, emit_pid, false},
    {"ppid", TY_LONG, 0, emit_ppid, false},
    {"uid", TY_LONG, 0, emit_uid, false},
    {"gid", TY_LONG, 0, emit_gid, false},
    {"euid", TY_LONG, 0, emit_euid, false},
    {"egid", TY_LONG, 0, emit_egid, false},
    {"execname", TY_STRING, COMM_SIZE, emit_execname, false},
    {"pexecname", TY_STRING, COMM_SIZE, emit_pexecname, false},
    {"task_current", TY_LONG, 0, emit_task_current, false},
    {"cpu", TY_LONG, 0, emit_cpu, false},
    {"cgroup_id", TY_LONG, 0, emit_cgroup_id, false},
    {"own_pid_ns", TY_LONG, 0, emit_own_pid_ns, false},
    {"own_user_ns", TY_LONG, 0, emit_own_user_ns, false},
    {"stap_uid", TY_LONG, 0, emit_stap_uid, false},
    {"raise", TY_UNKNOWN, 0, emit_raise_signal, false},
    {"pp", TY_STRING, BOUND_PP, emit_pp, true},
    {"ppfunc", TY_STRING, BOUND_FUNCTION, emit_ppfunc, true},
    {"is_return", TY_LONG, 0, emit_is_return, false},
    {"target", TY_LONG, 0, emit_target, false},
    {"module_name", TY_STRING, MODULE_NAME_MAX, emit_module_name, false},
    {"gettimeofday_ns", TY_LONG, 0, emit_ns, false},
    {"gettimeofday_us", TY_LONG, 0, emit_us, false},
    {"gettimeofday_ms", TY_LONG, 0, emit_ms, false},
    {"gettimeofday_s", TY_LONG, 0, emit_s, false},
    {"monotonic_ns", TY_LONG, 0, emit_monotonic_ns, false},
    {"jiffies", TY_LONG, 0, emit_jiffies, false},
    {"hz", TY_LONG, 0, emit_hz, false},
    {"tz_offset", TY_LONG, 0, emit_tz_offset, false},
    {"tz_name", TY_STRING, 16, emit_tz_name, false},
    {"random", TY_LONG, 0, emit_random, false},
    {"exit", TY_UNKNOWN, 0, emit_exit, false},
    {"abort", TY_UNKNOWN, 0, emit_abort, false},
    {"error", TY_UNKNOWN, 0, emit_error, false},
    {"fail", TY_UNKNOWN, 0, emit_fail, false},
    {"warn", TY_UNKNOWN, 0, emit_warn, false},
    {"system", TY_UNKNOWN, 0, emit_system, false},
    {"switch_file", TY_UNKNOWN, 0, emit_switch_file, false},
    {"loadavg", TY_LONG, 0, emit_loadavg, false},
    {"trace_line", TY_UNKNOWN, 0, emit_trace_line, false},
    {"delay_us", TY_UNKNOWN, 0, emit_delay_us, false},
    {"delay_ms", TY_UNKNOWN, 0, emit_delay_ms, false},
    {"stp_pid", TY_LONG, 0, emit_stp_pid, false},
    {"verdict", TY_LONG, 0, emit_verdict, false},
    {"set_verdict", TY_UNKNOWN, 0, emit_set_verdict, false},
    {"maxstringlen", TY_LONG, 0, emit_maxstringlen, false},
    {"speculation", TY_LONG, 0, emit_next_speculation, false},
    {"speculate", TY_UNKNOWN, 0, emit_speculate, false},
    {"commit", TY_UNKNOWN, 0, emit_commit, false},
    {"discard", TY_UNKNOWN, 0, emit_discard, false},
    {0},
};

const struct intrinsic *intrinsic_find(const char *name)
{
    const struct intrinsic *const tables[] = {general,          intrinsics_float, intrinsics_memory,
                                              intrinsics_names, intrinsics_regs,  intrinsics_stack,
                                              intrinsics_string};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct intrinsic *i = tables[t]; i->name; i++)
            if (strcmp(i->name, name) == 0)
                return i;
    return NULL;
}
