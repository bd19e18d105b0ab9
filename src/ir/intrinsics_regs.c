/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers where the probe hit, and the arguments and results in them; what the probe is. */
#include <stddef.h>
#include <string.h>

#include "ir/build.h"
#include "ir/intrinsics.h"
#include "probes/arch.h"

/* Where a handler finds the registers. */
enum where {
    NO_REGISTERS,
    OWN_CONTEXT, /* struct pt_regs is what the program is given */
    BY_POINTER,  /* … its first argument points to it: system calls */
};

static enum where registers_of(const struct probe *p)
{
    if (p->attach.kind == ATTACH_SYSCALL_ENTER || p->attach.kind == ATTACH_SYSCALL_EXIT)
        return BY_POINTER;
    /* A perf event's context begins with them. */
    bool own = p->attach.prog == PROG_KPROBE || p->attach.prog == PROG_KPROBE_MULTI ||
               p->attach.prog == PROG_UPROBE_MULTI || p->attach.prog == PROG_PERF_EVENT;
    return own ? OWN_CONTEXT : NO_REGISTERS;
}

static bool is_user(const struct probe *p)
{
    return p->attach.kind == ATTACH_UPROBE || p->attach.kind == ATTACH_URETPROBE;
}

/* The register at `off` in struct pt_regs. */
static ir_reg read_register(struct intrinsic_call *c, int32_t off)
{
    struct ir_builder *b = c->b;
    if (registers_of(c->probe) == OWN_CONTEXT)
        return build_register(b, off);
    ir_reg regs = ir_load(b, ir_mem_at(IRM_PROG, 0), 8, false);
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "register"), 0);
    ir_call(b, HELPER_PROBE_READ_KERNEL, 3,
            IR_ARGS(IR_A_MEM(tmp), IR_A_IMM(8), IR_A_REG(ir_bini(b, B_ADD, regs, off))));
    return ir_load(b, tmp, 8, false);
}

static ir_reg extend(struct ir_builder *b, ir_reg v, unsigned size, bool sign)
{
    if (size == 8)
        return v;
    v = ir_bini(b, B_SHL, v, 64 - 8 * size);
    return ir_bini(b, sign ? B_SAR : B_SHR, v, 64 - 8 * size);
}

/* Code behind an error would be dead: the value of the call is 0 then. */
static void raise_instead(struct intrinsic_call *c, const char *message)
{
    uint32_t never = ir_new_block(c->b, "no value");
    ir_raise(c->b, c->e, message);
    ir_at(c->b, never);
    c->result.reg = ir_const(c->b, 0);
}

/* ---- by name ---- */

static bool find_register(const char *name, int32_t *off, unsigned *size, unsigned *shift)
{
    static const struct {
        const char *name;
        int32_t off;
    } second_bytes[] = {{"ah", 80}, {"bh", 40}, {"ch", 88}, {"dh", 96}},
      more[] = {{"orig_rax", 120}, {"xcs", 136},      {"cs", 136},      {"eflags", 144},
                {"rflags", 144},   {"xflags", 144},   {"xss", 160},     {"ss", 160},
                {"xip", 128},      {"xsp", 152},      {"xax", 80},      {"xbx", 40},
                {"xcx", 88},       {"xdx", 96},       {"xsi", 104},     {"xdi", 112},
                {"xbp", 32},       {"orig_eax", 120}, {"orig_ax", 120}, {"flags", 144}};
    *shift = 0;
    for (size_t i = 0; i < sizeof second_bytes / sizeof *second_bytes; i++)
        if (strcmp(second_bytes[i].name, name) == 0) {
            *off = second_bytes[i].off;
            *size = 1;
            *shift = 8;
            return true;
        }
    *size = 8;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (strcmp(more[i].name, name) == 0) {
            *off = more[i].off;
            return true;
        }
    return arch_reg_named(name, strlen(name), off, size);
}

static void named_register(struct intrinsic_call *c, bool sign)
{
    const struct expr *name = c->e->args.v[0];
    int32_t off;
    unsigned size, shift;
    if (registers_of(c->probe) == NO_REGISTERS) {
        raise_instead(c, "cannot access CPU registers in this context");
    } else if (name->kind != EX_STRING) {
        build_unsupported(c->b, c->e->tok,
                          "the name of a register must be written out: register(\"rax\")");
        c->result.reg = ir_const(c->b, 0);
    } else if (!find_register(name->str, &off, &size, &shift)) {
        raise_instead(c, arena_printf(c->b->arena, "Unknown register: %s", name->str));
    } else {
        ir_reg v = read_register(c, off);
        c->result.reg =
            extend(c->b, shift ? ir_bini(c->b, B_SHR, v, (int32_t)shift) : v, size, sign);
    }
}

static void emit_register(struct intrinsic_call *c)
{
    named_register(c, true);
}

static void emit_u_register(struct intrinsic_call *c)
{
    named_register(c, false);
}

/* ---- arguments ---- */

/* Argument `n` of a function is a register, or from the seventh on the stack behind the return
 * address. */
static ir_reg numbered_argument(struct intrinsic_call *c, int64_t n)
{
    struct ir_builder *b = c->b;
    if (registers_of(c->probe) == BY_POINTER)
        return read_register(c, arch_syscall_arg[n - 1]);
    bool narrow = c->probe->attach.is_32;
    if (n <= 6 && !narrow)
        return read_register(c, arch_call_arg[n - 1]);
    ir_reg sp = read_register(c, arch_reg_sp);
    struct ir_mem tmp = ir_slot_mem(ir_new_slot(b, 8, "argument"), 0);
    int32_t size = narrow ? 4 : 8, words = (int32_t)(narrow ? n : n - 6);
    ir_call(b, is_user(c->probe) ? HELPER_PROBE_READ_USER : HELPER_PROBE_READ_KERNEL, 3,
            IR_ARGS(IR_A_MEM(tmp), IR_A_IMM(size), IR_A_REG(ir_bini(b, B_ADD, sp, size * words))));
    return ir_load(b, tmp, (uint8_t)size, false);
}

enum { MOST_ARGUMENTS = 12 };

static void argument(struct intrinsic_call *c, unsigned size, bool sign)
{
    struct ir_builder *b = c->b;
    enum where where = registers_of(c->probe);
    int64_t most = where == BY_POINTER ? 6 : MOST_ARGUMENTS;
    if (where == NO_REGISTERS) {
        raise_instead(c, "cannot access function args in this context");
        return;
    }
    const struct expr *n = c->e->args.v[0];
    if (n->kind == EX_NUMBER && n->num >= 1 && n->num <= most) {
        c->result.reg = extend(b, numbered_argument(c, n->num), size, sign);
        return;
    }
    ir_reg value = ir_new_reg(b);
    uint32_t end = ir_new_block(b, "argument");
    for (int64_t i = 1; i <= most; i++) {
        uint32_t this = ir_new_block(b, "this argument"), next = ir_new_block(b, "next argument");
        ir_bri(b, CC_EQ, c->args[0].reg, i, this, next);
        ir_at(b, this);
        ir_mov(b, value, numbered_argument(c, i));
        ir_jmp(b, end);
        ir_at(b, next);
    }
    ir_raise_format(b, c->e, "cannot access arg(%d)", 1, c->args);
    ir_at(b, end);
    c->result.reg = extend(b, value, size, sign);
}

static void emit_arg_s32(struct intrinsic_call *c)
{
    argument(c, 4, true);
}

static void emit_arg_u32(struct intrinsic_call *c)
{
    argument(c, 4, false);
}

static void emit_arg_64(struct intrinsic_call *c)
{
    argument(c, 8, true);
}

static void emit_returnval(struct intrinsic_call *c)
{
    if (c->probe->attach.kind == ATTACH_SYSCALL_EXIT)
        c->result.reg = ir_load(c->b, ir_mem_at(IRM_PROG, 8), 8, true);
    else if (registers_of(c->probe) != NO_REGISTERS)
        c->result.reg = read_register(c, arch_reg_return);
    else
        raise_instead(c, arena_printf(c->b->arena, "returnval() not defined in this context %s",
                                      c->probe->pp));
}

/* ---- the context ---- */

static void emit_registers_valid(struct intrinsic_call *c)
{
    c->result.reg = ir_const(c->b, registers_of(c->probe) != NO_REGISTERS);
}

static void emit_user_mode(struct intrinsic_call *c)
{
    if (c->probe->attach.prog == PROG_PERF_EVENT) {
        /* The privilege level that was interrupted, in the low bits of cs. */
        ir_reg level = ir_bini(c->b, B_AND, read_register(c, 136), 3);
        c->result.reg = ir_seti(c->b, CC_EQ, level, 3);
    } else {
        c->result.reg = ir_const(c->b, is_user(c->probe));
    }
}

static void emit_addr(struct intrinsic_call *c)
{
    if (registers_of(c->probe) == NO_REGISTERS) {
        c->result.reg = ir_const(c->b, 0);
        return;
    }
    if (c->probe->attach.prog == PROG_KPROBE_MULTI && c->probe->attach.kind == ATTACH_KPROBE) {
        c->result.reg = ir_call(c->b, HELPER_GET_FUNC_IP, 1, IR_ARGS(IR_A_PROG));
        return;
    }
    if (c->probe->attach.at_ret) {
        c->result.reg = build_return_address(c->b);
        return;
    }
    ir_reg ip = read_register(c, arch_reg_ip);
    /* The kernel shows the address behind the byte that the kprobe put there. */
    if (c->probe->attach.kind == ATTACH_KPROBE)
        ip = ir_bini(c->b, B_SUB, ip, 1);
    c->result.reg = ip;
}

static void emit_probe_type(struct intrinsic_call *c)
{
    static const char *const names[] = {
        [ATTACH_BEGIN] = "begin_end",
        [ATTACH_END] = "begin_end",
        [ATTACH_ERROR] = "begin_end",
        [ATTACH_TIMER] = "hrtimer",
        [ATTACH_PROCFS_READ] = "procfs",
        [ATTACH_PROCFS_WRITE] = "procfs",
        [ATTACH_INPUT] = "procfs",
        [ATTACH_PROFILE] = "profile_timer",
        [ATTACH_TRACEPOINT] = "kernel_tracepoint",
        [ATTACH_SYSCALL_ENTER] = "kernel_tracepoint",
        [ATTACH_SYSCALL_EXIT] = "kernel_tracepoint",
        [ATTACH_UPROBE] = "uprobe",
        [ATTACH_URETPROBE] = "uretprobe",
        [ATTACH_KPROBE] = "kprobe",
        [ATTACH_KRETPROBE] = "kretprobe",
    };
    size_t kind = c->probe->attach.kind;
    const char *name = kind < sizeof names / sizeof *names ? names[kind] : NULL;
    if (!name)
        name = c->probe->attach.prog == PROG_PERF_EVENT ? "perf_event" : "kernel_tracepoint";
    c->result = ir_literal(c->b, name);
}

/* The probe point as the script names it: the alias, if it is one. */
static const char *script_name(const struct probe *p)
{
    return p->alias_pp ? p->alias_pp : p->pp;
}

static void emit_pn(struct intrinsic_call *c)
{
    intrinsic_point_text(c, script_name, c->b->session->pp_bound);
}

/* The text in COMPONENT("…") of a probe point, or NULL. */
static const char *argument_of(struct ir_builder *b, const char *point, const char *component)
{
    const char *at = strstr(point, component);
    if (!at)
        return NULL;
    at += strlen(component);
    return arena_strndup(b->arena, at, strcspn(at, "\""));
}

static void emit_pnlabel(struct intrinsic_call *c)
{
    const char *label = argument_of(c->b, script_name(c->probe), "label(\"");
    c->result = ir_literal(c->b, label ? label : "");
}

static void emit_probemod(struct intrinsic_call *c)
{
    const char *module = argument_of(c->b, c->probe->pp, "module(\"");
    bool kernel =
        c->probe->attach.kind == ATTACH_KPROBE || c->probe->attach.kind == ATTACH_KRETPROBE;
    if (module || kernel)
        c->result = ir_literal(c->b, module ? module : "kernel");
    else
        ir_raise(c->b, c->e, "Cannot determine kernel module name");
    if (!module && !kernel) {
        ir_at(c->b, ir_new_block(c->b, "no module"));
        c->result = ir_literal(c->b, "");
    }
}

const struct intrinsic intrinsics_regs[] = {
    {"register", TY_LONG, 0, emit_register, false},
    {"u_register", TY_LONG, 0, emit_u_register, false},
    {"arg_s32", TY_LONG, 0, emit_arg_s32, false},
    {"arg_u32", TY_LONG, 0, emit_arg_u32, false},
    {"arg_64", TY_LONG, 0, emit_arg_64, false},
    {"returnval", TY_LONG, 0, emit_returnval, false},
    {"registers_valid", TY_LONG, 0, emit_registers_valid, false},
    {"user_mode", TY_LONG, 0, emit_user_mode, false},
    {"addr", TY_LONG, 0, emit_addr, false},
    {"probe_type", TY_STRING, 32, emit_probe_type, false},
    {"pn", TY_STRING, BOUND_PP, emit_pn, true},
    {"pnlabel", TY_STRING, 0, emit_pnlabel, false},
    {"probemod", TY_STRING, 0, emit_probemod, false},
    {0},
};
