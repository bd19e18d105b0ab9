# SPDX-License-Identifier: GPL-2.0-or-later
# perf.*: software events against what a process is known to have done; hardware
# events where there is no counter.
. "$(dirname "$0")/lib.sh"

# Each page fault of a process, by perf and by the kernel's tracepoints.
run -c 'ls /' -e 'global p, t
probe perf.sw.page_faults.sample(1).process { p++ }
probe kernel.trace("page_fault_user") { if (pid() == target()) t++ }
probe kernel.trace("page_fault_kernel") { if (pid() == target()) t++ }
probe end { println(p > 20, " ", p <= t) }'
[ "$(tail -n 1 "$TMP/out")" = "1 1" ] && pass faults || fail faults "$(tail -n 1 "$TMP/out") $(first_line "$TMP/err")"

# Of a program by its path, and of no other.
run -c "sh -c 'ls / >/dev/null; cat /dev/null; ls / >/dev/null'" -e 'global names
probe perf.sw.page_faults.process("/bin/ls").sample(1) { if (target() == ppid()) names[execname()] <<< 1 }
probe end { foreach (n in names) printf("%s %d\n", n, @count(names[n]) > 20) }'
expect program 0 "ls 1"

# Five times a task waits: at least as many switches.
run -c 'sh -c "for i in 1 2 3 4 5; do sleep 0.01; done"' -e 'global n
probe perf.sw.context_switches.sample(1) { if (execname() == "sleep") n++ }
probe end { println(n >= 5) }'
expect switches 0 1

# A loop that runs for half a second is seen about 100 times at 200 a second.
run -c 'timeout 0.5 sh -c "while :; do :; done"' -e 'global n
probe perf.sw.cpu_clock.hz(200) { if (execname() == "sh" && ppid() == target()) n++ }
probe end { println(n); n = 0 }'
within frequency 20 130 "$(cat "$TMP/out")"
run -c 'timeout 0.5 sh -c "while :; do :; done"' -e 'global n
probe timer.profile.freq.hz(200) { if (execname() == "sh" && ppid() == target()) n++ }
probe end { println(n); n = 0 }'
within profile-frequency 20 130 "$(cat "$TMP/out")"

run -e 'probe perf.hw.instructions.sample(100000) { exit() } probe timer.s(5) { exit() }'
if [ $rc = 0 ]; then
    pass hardware
elif [ $rc = 1 ] && grep -q 'this machine has no hardware counter for that event' "$TMP/err"; then
    pass hardware-refused
else
    fail hardware "status $rc: $(first_line "$TMP/err")"
fi
run -e 'probe perf.type(1).config(99) { exit() }'
[ $rc = 1 ] && grep -q 'no perf event of type 1 and number 0x63' "$TMP/err" && pass unknown || fail unknown "$(first_line "$TMP/err")"
run -e 'probe perf.sw.cpu_clock.hz(0) { exit() }'
[ $rc = 1 ] && grep -q 'must be greater than 0' "$TMP/err" && pass zero || fail zero "$(first_line "$TMP/err")"

# Counters that handlers read.
cat >"$TMP/spin.c" <<'END'
#include <stdlib.h>
#include <string.h>
static volatile long n;
__attribute__((noinline)) void spin(void) { for (long i = 0; i < 3000000; i++) n += i; n++; }
__attribute__((noinline)) void touch(void) { char *p = malloc(64 << 12); for (int i = 0; i < 64; i++) p[i << 12] = 1; n += p[4096]; }
int main(void) { for (int i = 0; i < 3; i++) { spin(); touch(); } return 0; }
END
cc -O1 -o "$TMP/spin" "$TMP/spin.c" && chmod 755 "$TMP/spin"
run -c "$TMP/spin" -e 'probe perf.sw.page_faults.process("'"$TMP"'/spin").counter("faults") {}
probe perf.sw.task_clock.process.counter("own") {}
probe perf.sw.cpu_clock.counter("all") {}
global f, o, a
probe process.function("spin"), process.function("touch") { f = @perf("faults"); o = @perf("own"); a = @perf("all") }
probe process.function("spin").return { printf("spin %d %d %d\n", @perf("faults") - f < 10, @perf("own") - o > 500000, @perf("all") - a > 0) }
probe process.function("touch").return { printf("touch %d\n", @perf("faults") - f >= 64) }'
expect "counters are read" 0 "spin 1 1 1
touch 1
spin 1 1 1
touch 1
spin 1 1 1
touch 1"
run -e 'probe perf.sw.page_faults.counter("a") {} probe oneshot { println(@perf("b")) }'
[ $rc = 1 ] && grep -q "there is no perf counter 'b'" "$TMP/err" && pass "a counter that nobody opened" ||
    fail "a counter that nobody opened" "$(first_line "$TMP/err")"
