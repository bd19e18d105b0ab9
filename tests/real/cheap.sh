# SPDX-License-Identifier: GPL-2.0-or-later
# Functions whose first instruction is single-stepped, where the probe stands further on: the handler
# sees registers, variables and stacks as they were at the first one, and every call once.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
if [ "$(uname -m)" != x86_64 ] || ! command -v gcc >/dev/null; then
    skip cheap "for x86_64, with gcc"
    exit 0
fi

# call_with() sets all registers of arguments and two words on the stack.
cat >starts.s <<'S'
    .text
    .macro function name
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    .endm
    .macro finish name
    .cfi_endproc
    .size \name, .-\name
    .endm
function other
    ret
finish other
function s_sub
    sub $24, %rsp
    .cfi_adjust_cfa_offset 24
    call other
    add $24, %rsp
    .cfi_adjust_cfa_offset -24
    ret
finish s_sub
function s_moved
    lea 7(%rdi), %rax
    add $5, %rdi
    mov %rsi, %rdx
    dec %rsi
    sub $0x108, %rsp
    .cfi_adjust_cfa_offset 0x108
    call other
    add $0x108, %rsp
    .cfi_adjust_cfa_offset -0x108
    ret
finish s_moved
function s_test
    test %rdi, %rdi
    je 1f
    jmp other
1:  ret
finish s_test
function s_lost
    xor %edi, %edi
    jmp other
finish s_lost
function s_loop
    mov $3, %eax
1:  call other
    dec %eax
    jne 1b
    ret
finish s_loop
function s_far
    mov $3, %eax
s_far_call:
    call other
    dec %eax
    jmp s_far_cold
finish s_far
function s_far_cold
    jne .Lback
    ret
    .skip 200, 0x90
.Lback: jmp s_far + 5
finish s_far_cold
function s_table
    mov $2, %eax
2:  call other
    dec %eax
    js 3f
    lea 2b(%rip), %rcx
    jmp *%rcx
3:  ret
finish s_table
    .set s_inside, s_named + 2
    .globl s_inside
    .type s_inside, @function
function s_named
    xor %eax, %eax
    call other
    ret
finish s_named
function call_with
    push %rbx
    .cfi_adjust_cfa_offset 8
    mov %rdi, %rbx
    pushq $8
    .cfi_adjust_cfa_offset 8
    pushq $7
    .cfi_adjust_cfa_offset 8
    mov $1, %edi
    mov $2, %esi
    mov $3, %edx
    mov $4, %ecx
    mov $5, %r8d
    mov $6, %r9d
    mov $99, %eax
    call *%rbx
    add $16, %rsp
    .cfi_adjust_cfa_offset -16
    pop %rbx
    .cfi_adjust_cfa_offset -8
    ret
finish call_with
    .section .note.GNU-stack, "", @progbits
S
cat >starts.c <<'C'
#define ALL(f) f(s_sub) f(s_moved) f(s_test) f(s_lost) f(s_loop) f(s_far) f(s_table) f(s_named)
#define DECLARE(name) void name(void);
#define CALL(name) call_with(name);
ALL(DECLARE) void s_inside(void);
void call_with(void (*f)(void));
long many(long a, long b, long c, long d, long e, long f, long g, long h);
int main(void)
{
    ALL(CALL)
    call_with(s_inside);
    return many(1, 2, 3, 4, 5, 6, 7, 8) != 8 * 8;
}
C
cat >many.c <<'C'
__attribute__((noipa)) static long rounds(void) { return 8; }
volatile long v;
long many(long a, long b, long c, long d, long e, long f, long g, long h) { volatile long room[3]; room[0] = 1; return rounds() * rounds() * room[0]; }
C
gcc -g -O1 -fcf-protection=none -o starts starts.s starts.c many.c 2>cc || { fail build "$(head -n 3 cc)"; exit 0; }
points() { for f in "$@"; do printf 'process("./starts").function("%s"), ' "$f"; done | sed 's/, $//'; }

# What the handler sees is what the caller set, at the address of the function; the first three
# cannot be told from a probe on the first instruction.
sub=$(printf '0x%x' "$(nm starts | sed -n 's/^\([0-9a-f]*\) T s_sub$/0x\1/p')")
run -v -c ./starts -e "probe $(points s_sub s_test) {
    printf(\"%s %d%d%d%d%d%d%d%d %d %s+%d\n\", ppfunc(), long_arg(1), long_arg(2), long_arg(3), long_arg(4), long_arg(5), long_arg(6), long_arg(7), long_arg(8), register(\"rax\"), usymname(addr()), uaddr() - addr())
    println(usymname(ustack(0)), \" \", usymname(ustack(1)), \" \", usymname(ustack(2)), \" \", usymdata(ustack(0)) =~ \"[+]0x0/\", \" \", user_long(register(\"rsp\")) == ustack(1))
}"
want='s_sub 12345678 99 s_sub+0
s_sub call_with main 1 1
s_test 12345678 99 s_test+0
s_test call_with main 1 1'
[ "$(cat "$TMP/out")" = "$want" ] && pass same || fail same "$(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
grep -q Single "$TMP/err" && fail same-cheap "$(grep Single "$TMP/err")" || pass same-cheap

# Values that are in other registers now, or were added to; one that is lost is not looked at.
run -v -c ./starts -e "probe $(points s_moved) { printf(\"%d %d %d %d %d\n\", pointer_arg(1) , long_arg(2), user_long(register(\"rsp\")) == ustack(1), long_arg(4), long_arg(8)) }"
grep -q 'Single-stepped: .*s_moved' "$TMP/err" && [ "$(cat "$TMP/out")" = "1 2 1 4 8" ] && pass lost-register || fail lost-register "$(cat "$TMP/out") $(first_line "$TMP/err")"
run -v -c ./starts -e "probe $(points s_moved) { printf(\"%s+%d\n\", usymname(uaddr()), uaddr() - ustack(0)); println(usymname(ustack(1))) }"
! grep -q Single "$TMP/err" && [ "$(cat "$TMP/out")" = 's_moved+0
call_with' ] && pass moved-stack || fail moved-stack "$(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"

# Where something is lost, a count does not mind, and a handler that looks at it gets it.
run -v -c ./starts -e "probe $(points s_lost) { println(long_arg(1)) }"
grep -q Single "$TMP/err" && [ "$(cat "$TMP/out")" = 1 ] && pass lost-looked-at || fail lost-looked-at "$(cat "$TMP/out") $(first_line "$TMP/err")"
run -v -c ./starts -e "probe $(points s_lost s_moved) { println(ppfunc()) }"
! grep -q Single "$TMP/err" && [ "$(cat "$TMP/out")" = $'s_moved\ns_lost' ] && pass lost-counted || fail lost-counted "$(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
function_of='function which(n) { if (n) return which(n - 1); return long_arg(1) }'
run -c ./starts -e "$function_of probe $(points s_lost) { println(which(2)) }"
expect lost-in-function 0 1

# Where a jump, a table or a name leads behind the start, the probe stays there: one hit for each call.
run -v -c ./starts -e "global n probe $(points s_loop s_far s_table s_named) { n[ppfunc()]++ }
probe end { foreach (f in n) println(f, \" \", n[f]); delete n }"
sort "$TMP/out" >sorted
[ "$(cat sorted)" = 's_far 1
s_loop 1
s_named 1
s_table 1' ] && grep -q 'Single-stepped: .* and 3 more of 4 points' "$TMP/err" && pass entered || fail entered "$(tr '\n' '|' <sorted) $(grep Single "$TMP/err")"

# Variables by their place in the frame, values at the entry, results and the returning.
run -v -c ./starts -e 'probe process("./starts").function("many") { printf("%s %d\n", $$parms, $g + $h); println(usymname(ustack(1))) }
probe process("./starts").function("many").return { printf("%d %d %d %d\n", $return, @entry($g), $h, @entry(long_arg(8))) }'
[ "$(cat "$TMP/out")" = 'a=0x1 b=0x2 c=0x3 d=0x4 e=0x5 f=0x6 g=0x7 h=0x8 15
main
64 7 8 8' ] && pass variables || fail variables "$(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
objdump -d --no-show-raw-insn starts | sed -n '/<many>:/,/ret/p' | sed -n 2,3p >first
if grep -q 'sub .*,%rsp' first; then
    run -v -c ./starts -e 'probe process("./starts").function("s_sub").return, process("./starts").function("s_test").return { println(ppfunc()) }'
    grep -q 'Single-stepped: .*s_sub' "$TMP/err" && ! grep -q 'more of' "$TMP/err" && [ "$(cat "$TMP/out")" = $'s_sub\ns_test' ] &&
        pass returns || fail returns "$(tr '\n' '|' <"$TMP/out") $(grep Single "$TMP/err")"
else
    fail returns "the compiler begins otherwise: $(head -n 1 first)"
fi
