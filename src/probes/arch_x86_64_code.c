/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions: how long they are, where they jump to, and what those at the start of a function
 * do to its registers.  (Intel's manual, volume 2, appendix A.) */
#include <string.h>

#include "probes/arch.h"

enum {
    MODRM = 1,
    IMM8 = 2,
    IMM32 = 4, /* 2 bytes behind the prefix 66 */
    BAD = 8,
    JUMP = 16, /* the operand is relative */
};
enum { REX_W = 8, REX_R = 4, REX_B = 1, OPERAND_16 = 0x66, RIP = 5, SIB = 4, RSP = 4 };

struct insn {
    unsigned length, rex, map, opcode, prefix; /* prefix: 66, f2 or f3, the last one; 0: none */
    bool modrm, vector, more_prefixes;         /* of segments, lock, the size of addresses */
    bool index_only;                           /* what memory is at: a number and an index */
    unsigned mod, reg, rm;                     /* reg and rm with the bit of REX */
    int64_t displacement, immediate;
};

static unsigned one_byte(unsigned op)
{
    if (op < 0x40) {
        static const uint8_t column[8] = {MODRM, MODRM, MODRM, MODRM, IMM8, IMM32, BAD, BAD};
        return column[op & 7];
    }
    switch (op) {
    case 0x60 ... 0x62:
    case 0x82:
    case 0x9a:
    case 0xce:
    case 0xd4 ... 0xd6:
    case 0xea:
        return BAD;
    case 0x68:
    case 0xa9:
        return IMM32;
    case 0xb8 ... 0xbf:
        return IMM32; /* with REX.W twice as long: decode() */
    case 0x69:
    case 0x81:
    case 0xc7:
        return MODRM | IMM32;
    case 0x6a:
    case 0xa8:
    case 0xb0 ... 0xb7:
    case 0xcd:
    case 0xe4 ... 0xe7:
        return IMM8;
    case 0x6b:
    case 0x80:
    case 0x83:
    case 0xc0:
    case 0xc1:
    case 0xc6:
        return MODRM | IMM8;
    case 0x70 ... 0x7f:
    case 0xe0 ... 0xe3:
    case 0xeb:
        return IMM8 | JUMP;
    case 0xe8:
    case 0xe9:
        return IMM32 | JUMP;
    case 0x63:
    case 0x84 ... 0x8f:
    case 0xd0 ... 0xd3:
    case 0xd8 ... 0xdf:
    case 0xf6:
    case 0xf7:
    case 0xfe:
    case 0xff:
        return MODRM;
    default:
        return 0;
    }
}

static unsigned two_bytes(unsigned op)
{
    switch (op) {
    case 0x04:
    case 0x0a:
    case 0x0c:
    case 0x24 ... 0x27:
    case 0x39:
    case 0x3b ... 0x3f:
    case 0xa6:
    case 0xa7:
        return BAD;
    case 0x05 ... 0x09:
    case 0x0b:
    case 0x0e:
    case 0x30 ... 0x37:
    case 0x77:
    case 0xa0 ... 0xa2:
    case 0xa8 ... 0xaa:
    case 0xc8 ... 0xcf:
        return 0;
    case 0x0f:
    case 0x70 ... 0x73:
    case 0xa4:
    case 0xac:
    case 0xba:
    case 0xc2:
    case 0xc4 ... 0xc6:
        return MODRM | IMM8;
    case 0x80 ... 0x8f:
        return IMM32 | JUMP;
    default:
        return MODRM;
    }
}

static int64_t read_signed(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    unsigned unused = 64 - 8 * n;
    return n ? (int64_t)(v << unused) >> unused : 0;
}

/* The map of opcodes and what else a prefix of a vector instruction says; its length. */
static unsigned vector_prefix(const uint8_t *code, size_t n, struct insn *in)
{
    enum { VEX2 = 0xc5, VEX3 = 0xc4, EVEX = 0x62 };
    if (n < 3 || in->rex)
        return 0;
    in->vector = true;
    in->map = *code == VEX2 ? 1 : *code == VEX3 ? code[1] & 31u : code[1] & 7u;
    return *code == VEX2 ? 2 : *code == VEX3 ? 3 : *code == EVEX ? 4 : 0;
}

/* False: what stands there is not known, or goes beyond the n bytes. */
static bool decode(const uint8_t *code, size_t n, struct insn *in)
{
    enum { LONGEST = 15 };
    size_t i = 0;
    *in = (struct insn){0};
    n = n < LONGEST ? n : LONGEST;
    for (; i < n; i++) {
        uint8_t b = code[i];
        if (b == OPERAND_16 || b == 0xf2 || b == 0xf3)
            in->prefix = b;
        else if (b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x64 || b == 0x65 ||
                 b == 0x67 || b == 0xf0)
            in->more_prefixes = true;
        else
            break;
    }
    if (i < n && (code[i] & 0xf0) == 0x40)
        in->rex = code[i++];
    if (i >= n)
        return false;
    unsigned what, wide = code[i] == 0xc4 || code[i] == 0xc5 || code[i] == 0x62
                              ? vector_prefix(code + i, n - i, in)
                              : 0;
    if (wide) {
        i += wide;
    } else if (code[i] == 0x0f && i + 1 < n) {
        in->map = 1;
        i++;
        if (code[i] == 0x38 || code[i] == 0x3a) {
            in->map = code[i] == 0x38 ? 2 : 3;
            i++;
        }
    }
    if (i >= n)
        return false;
    in->opcode = code[i++];
    what = in->map == 0   ? one_byte(in->opcode)
           : in->map == 1 ? two_bytes(in->opcode)
           : in->map == 3 ? MODRM | IMM8
                          : MODRM;
    if (in->vector && (what & JUMP || in->map == 0)) /* kmov and its kind, or not known */
        what = in->map == 1 ? MODRM : BAD;
    if (what & BAD)
        return false;
    unsigned disp = 0, imm = what & IMM8                                  ? 1
                             : !(what & IMM32)                            ? 0
                             : in->prefix == OPERAND_16 && !(what & JUMP) ? 2
                                                                          : 4;
    if (what & MODRM) {
        if (i >= n)
            return false;
        uint8_t m = code[i++];
        in->modrm = true;
        in->mod = m >> 6;
        in->reg = (m >> 3 & 7) | (in->rex & REX_R ? 8 : 0);
        in->rm = (m & 7) | (in->rex & REX_B ? 8 : 0);
        disp = in->mod == 1 ? 1 : in->mod == 2 || (in->mod == 0 && (m & 7) == RIP) ? 4 : 0;
        if (in->mod != 3 && (m & 7) == SIB) {
            if (i >= n)
                return false;
            if (in->mod == 0 && (code[i] & 7) == 5) {
                disp = 4;
                in->index_only = true;
            }
            i++;
        }
        /* test takes an operand, the others of its group do not. */
        if (!in->map && (in->opcode == 0xf6 || in->opcode == 0xf7) && (m >> 3 & 7) < 2)
            imm = in->opcode == 0xf6 ? 1 : in->prefix == OPERAND_16 ? 2 : 4;
    } else if (!in->map) {
        if (in->opcode >= 0xb8 && in->opcode <= 0xbf && in->rex & REX_W)
            imm = 8;
        else if (in->opcode >= 0xa0 && in->opcode <= 0xa3)
            imm = in->more_prefixes ? 4 : 8;
        else if (in->opcode == 0xc2 || in->opcode == 0xca)
            imm = 2;
        else if (in->opcode == 0xc8)
            imm = 3;
    }
    bool xop = !in->map && in->opcode == 0x8f && (in->reg & 7);
    if (i + disp + imm > n || xop)
        return false;
    in->displacement = read_signed(code + i, disp);
    in->immediate = read_signed(code + i + disp, imm);
    in->length = (unsigned)i + disp + imm;
    return true;
}

unsigned arch_insn(const uint8_t *code, size_t n, struct arch_jump *jump)
{
    struct insn in;
    *jump = (struct arch_jump){0};
    if (!decode(code, n, &in))
        return 0;
    unsigned what = in.vector     ? 0
                    : in.map == 0 ? one_byte(in.opcode)
                    : in.map == 1 ? two_bytes(in.opcode)
                                  : 0;
    jump->relative = what & JUMP;
    jump->to = jump->relative ? in.length + in.immediate : 0;
    jump->conditional = jump->relative && (in.map || in.opcode < 0xe4);
    if (in.map || in.vector)
        return in.length;
    unsigned group = in.reg & 7;
    bool notrack = code[0] == 0x3e;
    jump->anywhere = in.opcode == 0xff && group >= 2 && group <= 5;
    jump->call = in.opcode == 0xe8 || (in.opcode == 0xff && (group == 2 || group == 3));
    jump->table = jump->anywhere && (notrack || in.index_only);
    jump->returns = in.opcode == 0xc3 || in.opcode == 0xc2;
    jump->sums = (in.opcode == 0x01 || in.opcode == 0x03) && in.mod == 3 && in.rex & REX_W;
    return in.length;
}

size_t arch_far_jump(const uint8_t *code, size_t n, size_t from, size_t *to)
{
    enum { CALL = 0xe8, JMP = 0xe9, ESCAPE = 0x0f, JCC = 0x80 };
    for (size_t i = from; i + 6 < n; i++) {
        bool two = code[i] == ESCAPE && (code[i + 1] & 0xf0) == JCC;
        if (!two && (code[i] | 1) != JMP)
            continue;
        int32_t distance;
        memcpy(&distance, code + i + 1 + two, sizeof distance);
        *to = i + 5 + two + (size_t)(int64_t)distance;
        return i;
    }
    return n;
}

/* ---- what is passed at the start of a function ---- */

/* Offsets in struct pt_regs: rax rcx rdx rbx rsp rbp rsi rdi r8 … r15. */
static const int32_t register_offset[16] = {80, 88, 96, 40, 152, 32, 104, 112,
                                            72, 64, 56, 48, 24,  16, 8,   0};

/* What a register has now: that of `of` at the start, and `add` more. */
struct content {
    int of; /* < 0: something else */
    int64_t add;
};

static void lose(struct content *r)
{
    r->of = -1;
}

static void add_to(struct content *r, int64_t n)
{
    r->add += n;
}

/* Its operands are bytes: without REX the numbers 4 to 7 are second bytes of the first four. */
static bool on_bytes(const struct insn *in)
{
    unsigned op = in->opcode;
    if (in->map)
        return (op & 0xf0) == 0x90;
    return (op < 0x40 && !(op & 1)) || op == 0x80 || op == 0x88 || op == 0xc0 || op == 0xd0 ||
           op == 0xf6;
}

/* Its effect on the registers; false: it is not known, or it looks at memory or leaves. */
static bool effect(const struct insn *in, const uint8_t *code, struct content *r)
{
    bool whole = in->rex & REX_W, registers = in->modrm && in->mod == 3;
    unsigned op = in->opcode, group = in->reg & 7;
    unsigned mask = on_bytes(in) && !in->rex ? 3 : 15;
    struct content *rm = &r[in->rm & mask], *reg = &r[in->reg & mask];
    if (in->vector || in->map > 1)
        return false;
    if (in->map == 1) {
        bool scalar = in->prefix == 0xf2 || in->prefix == 0xf3;
        if (op == 0x1e && in->prefix == 0xf3 && in->modrm && code[in->length - 1] == 0xfa)
            return true; /* endbr64 */
        if (op == 0x1f)
            return true; /* nop */
        if (!registers || in->more_prefixes)
            return false;
        if ((op == 0xef && in->prefix == OPERAND_16) || ((op == 0x57 || op == 0x28) && !scalar))
            return true; /* pxor, xorps, movaps: handlers see no vector registers */
        if ((op & 0xf0) == 0x40 || op == 0xaf || op == 0xb6 || op == 0xb7 || op == 0xbe ||
            op == 0xbf) {
            lose(reg); /* cmov, imul, movzx, movsx */
            return true;
        }
        if ((op & 0xf0) == 0x90) {
            lose(rm); /* set */
            return true;
        }
        return false;
    }
    if (in->more_prefixes || in->prefix)
        return false;
    if (op < 0x40 && (op & 7) < 4) { /* add, or, adc, sbb, and, sub, xor, cmp */
        if (!registers)
            return false;
        if (op >> 3 != 7)
            lose(op & 2 ? reg : rm);
        return true;
    }
    switch (op) {
    case 0x3c: /* cmp, test with al, eax */
    case 0x3d:
    case 0xa8:
    case 0xa9:
        return true;
    case 0x80: /* the same eight with a number */
    case 0x81:
    case 0x83:
        if (registers && group != 7) {
            if (op != 0x80 && whole && (group == 0 || group == 5))
                add_to(rm, group ? -in->immediate : in->immediate);
            else
                lose(rm);
        }
        return registers;
    case 0x84: /* test */
    case 0x85:
        return registers;
    case 0x89:
        if (registers)
            *rm = whole ? *reg : (struct content){-1, 0};
        return registers;
    case 0x8b:
        if (registers)
            *reg = whole ? *rm : (struct content){-1, 0};
        return registers;
    case 0x63: /* movslq */
        if (registers)
            lose(reg);
        return registers;
    case 0x88:
    case 0xc0: /* shifts by a number, by 1 */
    case 0xc1:
    case 0xd0:
    case 0xd1:
        if (registers)
            lose(rm);
        return registers;
    case 0x8d: { /* lea */
        if (registers)
            return false;
        bool based = in->mod != 0 && (in->rm & 7) != SIB && whole;
        bool plain = in->mod == 0 && (in->rm & 7) != SIB && (in->rm & 7) != RIP && whole;
        struct content base = *rm;
        lose(reg);
        if (based || plain)
            *reg = (struct content){base.of, base.add + in->displacement};
        return true;
    }
    case 0x98: /* cltq */
        lose(&r[0]);
        return true;
    case 0x99: /* cqto */
        lose(&r[2]);
        return true;
    case 0xb8 ... 0xbf:
        lose(&r[(op & 7) | (in->rex & REX_B ? 8 : 0)]);
        return true;
    case 0xc7:
        if (registers)
            lose(rm);
        return registers;
    case 0xf6: /* test; not, neg */
    case 0xf7:
        if (!registers || group > 3)
            return false;
        if (group > 1)
            lose(rm);
        return true;
    case 0xff: /* inc, dec */
        if (!registers || group > 1)
            return false;
        if (whole)
            add_to(rm, group ? -1 : 1);
        else
            lose(rm);
        return true;
    default:
        return false;
    }
}

/* endbr64, then a push of a register that belongs to the caller: that can only be a prologue,
 * never the head of a loop. */
static bool is_prologue(const uint8_t *code, size_t n, unsigned passed)
{
    enum { ENDBR64 = 4, PUSH = 0x50, RBX = 3, RBP = 5, R12 = 4, REX_B_ONLY = 0x41 };
    const uint8_t *next = code + passed;
    if (passed != ENDBR64 || n < passed + 2)
        return false;
    return *next == PUSH + RBX || *next == PUSH + RBP ||
           (*next == REX_B_ONLY && next[1] >= PUSH + R12 && next[1] <= PUSH + 7);
}

bool arch_uprobe_run(const uint8_t *code, size_t n, struct arch_run *out)
{
    struct content now[16];
    struct insn in;
    const char *what;
    unsigned at = 0;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 16; i++)
        now[i] = (struct content){i, 0};
    while (!arch_uprobe_emulated(code + at, n - at, &what)) {
        if (!decode(code + at, n - at, &in) || !effect(&in, code + at, now))
            return false;
        at += in.length;
    }
    /* Jumps of 16 bits are refused. */
    if (!at || !decode(code + at, n - at, &in) || (in.prefix == OPERAND_16 && in.opcode != 0x90))
        return false;
    out->length = at;
    out->whole = at + in.length;
    out->prologue = is_prologue(code, n, at);
    for (unsigned i = 0; i < 16; i++) {
        struct moved_register m = {.reg = register_offset[i], .now = -1};
        for (unsigned k = 0; k < 16 && m.now < 0; k++) {
            unsigned from = (i + k) % 16; /* best where it was */
            if (now[from].of == (int)i && now[from].add > INT32_MIN && now[from].add <= INT32_MAX) {
                m.now = register_offset[from];
                m.add = -(int32_t)now[from].add;
            }
        }
        if (m.now != m.reg || m.add)
            out->moved.v[out->moved.n++] = m;
    }
    return true;
}
