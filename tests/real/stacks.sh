# SPDX-License-Identifier: GPL-2.0-or-later
# Stacks of user programs that keep no frame pointers, and of the kernel; symbols as values.
. "$(dirname "$0")/lib.sh"

cp "$TOP/tests/real/stack_target.c" "$TMP" && cd "$TMP" || exit 1
if ! gcc -g -O2 -fomit-frame-pointer -fno-optimize-sibling-calls -o target stack_target.c; then
    fail target "the program does not build"
    exit 0
fi
# "leaf handler __restore_rt ..." : the names of a stack, libc's own between them as "libc".
names() {
    sed -n 's/^ *\(0x[0-9a-f]* : \)\?\([A-Za-z_][A-Za-z_0-9.]*\)+0x[0-9a-f/x]* \[\(.*\)\]$/\2 \3/p' |
        sed 's/^[^ ]* .*libc.*/libc/; s/ .*//' | uniq -c | sed 's/^ *1 //; s/^ *[0-9]* libc$/libc/; s/^ *\([0-9]*\) /\1x/' | tr '\n' ' '
}
whole='leaf handler libc compare libc sorted aligned main libc _start '

run -c ./target -DMAXSTRINGLEN=2048 -e 'probe process("./target").function("leaf") { if (!n++) println(sprint_ubacktrace()) } global n'
got=$(names <"$TMP/out")
[ "$got" = "$whole" ] && pass unwind-signal || fail unwind-signal "$got $(first_line "$TMP/err")"

run -c ./target -e 'probe process("./target").function("leaf") { if (!n++) print_ubacktrace() } global n'
got=$(names <"$TMP/out")
[ "$got" = "$whole" ] && pass unwind-printed || fail unwind-printed "$got $(first_line "$TMP/err")"

# Return probes put their own address on the stack: the true one is shown.
run -c ./target -DMAXSTRINGLEN=2048 -e 'probe process("./target").function("deep").return { if (!n++) println(sprint_ubacktrace()) } global n'
got=$(names <"$TMP/out")
[ "$got" = '5xdeep aligned main libc _start ' ] && pass unwind-return || fail unwind-return "$got $(first_line "$TMP/err")"

# The parts of a stack one by one.
run -c ./target -e 'probe process("./target").function("sorted") {
    printf("%s %s %d\n", usymname(ustack(1)), usymname(strtol(ucallers(3), 16)), uaddr() == ustack(0))
    printf("%d %d\n", umodname(uaddr()) =~ "/target$", usymdata(uaddr()) =~ "^sorted\\+0x0/0x[0-9a-f]+ \\[/.*/target\\]$")
    try { printf("%s ", usymname(16)); umodname(16) } catch (e) { println(e) }
}'
grep -v '^[0-9]*$' "$TMP/out" >"$TMP/parts"
[ "$(cat "$TMP/parts")" = $'aligned sorted 1\n1 1\n0x10 module cannot be found' ] && pass symbols || fail symbols "$(tr '\n' ';' <"$TMP/parts") $(first_line "$TMP/err")"

# By build-id and the address in the file, as addr2line wants it: of the program and of libraries.
run -c ./target -e 'probe process("./target").function("sorted") {
    printf("%s %x %s %d\n", umodbuildid(uaddr()), umodaddr(uaddr()), usymname(ustack(3)) =~ "libc" ? "libc" : "?", umodaddr(ustack(3)) < 0x400000)
    try { umodaddr(16) } catch (e) { println(e) }
    try { println(umodbuildid(16)) } catch (e) { println(e) } }'
grep -v '^[0-9]*$' "$TMP/out" >"$TMP/parts"
[ "$(cat "$TMP/parts")" = "$(readelf -n target | sed -n 's/.*Build ID: //p') $(nm target | sed -n 's/^0*\([0-9a-f]*\) [tT] sorted$/\1/p') libc 1
no file is known at 0x10
the build-id at 0x10 is not known" ] && pass build-id || fail build-id "$(tr '\n' ';' <"$TMP/parts") $(first_line "$TMP/err")"

# Its separate file of debug information is gone, and so are its symbols: the rules for unwinding stay.
strip -o stripped target
run -c ./stripped -e 'probe process("./stripped").plt("qsort") { if (!n++) { for (i = 0; ustack(i); i++) ; println("frames ", i) } } global n'
grep -qE '^frames ([5-9]|1[0-9])$' "$TMP/out" && pass unwind-stripped || fail unwind-stripped "$(tr '\n' ';' <"$TMP/out") $(first_line "$TMP/err")"

# A profile by kernel and user stacks, printed by another handler in the way flame graphs are made of.
cat >spin.c <<'S'
#include <time.h>
static volatile unsigned n;
__attribute__((noinline)) void busy(void) { for (int i = 0; i < 100000; i++) n++; }
__attribute__((noinline)) int rounds(clock_t end) { int k = 0; while (clock() < end) { busy(); k++; } return k; }
int main(void) { return rounds(2 * CLOCKS_PER_SEC) == 0; }
S
gcc -O2 -fomit-frame-pointer -o spin spin.c
run -c ./spin -DMAXBACKTRACE=100 -DMAXSTRINGLEN=2048 -DMAXACTION=100000 -e 'global bts
probe timer.profile { if (pid() == target()) bts[backtrace(), ubacktrace()] <<< 1 }
probe end { foreach ([k, u] in bts- limit 20) { print_stack(k); print_ustack(u); println(@count(bts[k, u])) } delete bts }'
grep -q ' 0x[0-9a-f]* : busy+0x[0-9a-f]*/0x[0-9a-f]* \[.*/spin\]$' "$TMP/out" && pass profile || fail profile "$(head -n 5 "$TMP/out" | tr '\n' ';') $(first_line "$TMP/err")"
awk '/ : busy\+/ { b = 1 } b && / : main\+/ { m = 1 } /^[0-9]+$/ { if (b && m) n += $1; b = m = 0 } END { exit n > 100 ? 0 : 1 }' "$TMP/out" &&
    pass profile-callers || fail profile-callers "$(head -n 5 "$TMP/out" | tr '\n' ';')"

# Stacks of a program that ran before the session, is neither of -x nor -c, and has ended when
# another process's handler prints them.
cp spin spin-before
./spin-before & before=$!
run -DMAXSTRINGLEN=2048 -DMAXACTION=100000 -G "watched=$before" -e 'global bts, watched
probe timer.profile { if (pid() == watched) bts[ubacktrace()] <<< 1 }
probe process.end { if (pid() == watched) exit() }
probe end { foreach (u in bts- limit 20) print_ustack(u) }'
grep -q ' : busy+0x.*/spin-before\]$' "$TMP/out" && grep -q ' : main+0x.*/spin-before\]$' "$TMP/out" &&
    pass stack-of-others || fail stack-of-others "$(head -n 5 "$TMP/out" | tr '\n' ';') $(first_line "$TMP/err")"
wait "$before"

# Deep stacks below the vDSO, printed by another handler.
cat >clocks.c <<'S'
#include <time.h>
__attribute__((noinline)) long deep(int d)
{
    if (d)
        return deep(d - 1) + 1;
    struct timespec t;
    long s = 0;
    for (int i = 0; i < 1000; i++) {
        clock_gettime(CLOCK_MONOTONIC, &t);
        s += t.tv_nsec;
    }
    return s;
}
int main(void) { long s = 0; for (;;) s += deep(80); return s == 1; }
S
gcc -O1 -fno-optimize-sibling-calls -fomit-frame-pointer -o clocks clocks.c
./clocks & clocks=$!
run -x $clocks -DMAXBACKTRACE=200 -DMAXSTRINGLEN=2048 -e 'global b
probe timer.profile { if (pid() == target() && user_mode()) b[ubacktrace()] <<< 1 }
probe timer.ms(500) { foreach (u in b- limit 40) { print_ustack(u); println(@count(b[u])) } exit() }'
kill $clocks
wait $clocks 2>/dev/null
if grep -q clock_gettime "$TMP/out" && ! grep -q '^ 0x[0-9a-f]* : 0x\|vdso' "$TMP/out"; then
    skip vdso "the clock is not read in the vDSO here"
else
    awk '/^ 0x[0-9a-f]+ : __vdso_clock_gettime\+0x[0-9a-f]+\/0x[0-9a-f]+ \[vdso\]$/ { v = 1 } / : deep\+/ { deep++ } / : main\+/ { m = 1 }
        /^[0-9]+$/ { if (v && m && deep == 81) good += $1; v = m = deep = 0 } END { exit good > 5 ? 0 : 1 }' "$TMP/out" && ! grep -q '^ 0x[0-9a-f]* : 0x' "$TMP/out" &&
        pass vdso || fail vdso "$(head -n 3 "$TMP/out" | tr '\n' ';') $(first_line "$TMP/err")"
fi

# Symbols of the kernel.
run -c 'cat /dev/null' -e 'probe kernel.trace("sys_enter") { if (pid() == target() && !n++) {
    a = stack(0)
    printf("%d %d %s %s\n", symdata(a) =~ "^[a-zA-Z_.0-9]+\\+0x[0-9a-f]+/0x[0-9a-f]+ \\[[a-z_]+\\]$", symname(a) =~ "^[a-z_A-Z.0-9]+$", symname(16), modname(a))
    try { modname(16) } catch (e) { println(e) }
    k = 0; for (i = 0; stack(i); i++) k += symname(stack(i)) == "do_syscall_64"
    println(k) } } global n'
[ "$(cat "$TMP/out")" = $'1 1 0x10 kernel\nCannot determine kernel module name\n1' ] && pass kernel-symbols || fail kernel-symbols "$(tr '\n' ';' <"$TMP/out") $(first_line "$TMP/err")"

# Lines of source files, and what is inlined.
cat >lines.c <<'S'
volatile int n;
static inline __attribute__((always_inline)) int inner(int a)
{
    n += a;
    return n * a;
}
static inline __attribute__((always_inline)) int middle(int a)
{
    return inner(a) +
           inner(a + 1);
}
__attribute__((noinline)) int outer(int a)
{
    return middle(a) + 3;
}
int main(void)
{
    n = 1;
    return outer(4) == 0;
}
S
gcc -O2 -g -fomit-frame-pointer -fcf-protection=none -o lines lines.c
run -c ./lines -e 'probe process("./lines").function("inner") {
    println(usymfileline(uaddr()), " ", usymfile(uaddr()), " ", usymline(uaddr()), " ", usymfileline(ustack(1)), " ", usymline(7))
    print_ubacktrace_fileline() }'
sed 's/^ 0x[0-9a-f]* : / /; s/+0x[^ ]*//; s/ \[.*\/lines\]$//; /libc/d; /_start/d' "$TMP/out" >shown
[ "$(cat shown)" = 'lines.c:4 lines.c 4 lines.c:19 0x7
 inner at lines.c:4 (inlined)
 middle at lines.c:9 (inlined)
 outer at lines.c:14
 main at lines.c:19
lines.c:4 lines.c 4 lines.c:19 0x7
 inner at lines.c:4 (inlined)
 middle at lines.c:10 (inlined)
 outer at lines.c:14
 main at lines.c:19' ] && pass lines || fail lines "$(tr '\n' ';' <shown) $(first_line "$TMP/err")"

# A call that does not return, as the last instruction of a function: where it would return to is
# behind that.
cat >last.c <<'C'
#include <stdlib.h>
__attribute__((noipa)) void here(int n) { asm volatile("" : : "r"(n)); }
__attribute__((noipa, noreturn)) void stop(int n) { here(n); exit(0); }
__attribute__((noipa, aligned(64))) void last(int n) { asm volatile("" : : "r"(n)); stop(n); }
__attribute__((noipa, aligned(64))) int main(int argc, char **argv) { last(argc); return 0; }
C
gcc -g -O2 -fno-omit-frame-pointer -o last last.c
size=$(nm -S last | awk '$4 == "last" { print $2 }' | sed 's/^0*//')
run -c ./last -e 'probe process("./last").function("here") { print_ubacktrace(); println(usymname(ustack(2)), " ", usymdata(ustack(2))) }'
sed -n 's/^ *0x[0-9a-f]* : //; s/ \[.*//; 3p; $p' "$TMP/out" >shown
[ "$(cat shown)" = "last+0x$size/0x$size
last last+0x$size/0x$size" ] && pass no-return || fail no-return "$(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
