# SPDX-License-Identifier: GPL-2.0-or-later
# The scripts of examples/ on events that are known; others have theirs in strace.sh,
# programs.sh and in the guest.
. "$(dirname "$0")/lib.sh"

example() { run "${@:2}" "examples/$1.stp"; }
# shows NAME PATTERN...: each is in the output of the last run, which ended well.
shows() {
    local name=$1 p
    shift
    [ $rc = 0 ] || { fail "$name" "exit status $rc: $(first_line "$TMP/err")"; return; }
    for p in "$@"; do
        grep -qE "$p" "$TMP/out" || { fail "$name" "no line has '$p' in: $(head -c 300 "$TMP/out" | tr '\n' '|')"; return; }
    done
    pass "$name"
}

head -c 30000 /dev/zero >"$TMP/data"
example iotime -c "dd if=$TMP/data of=$TMP/copy bs=10000 status=none"
shows "iotime: calls and bytes by file" "^dd +read +4 +[0-9]+ +30000  $TMP/data$" "^dd +write +3 +[0-9]+ +30000  $TMP/copy$"

cat >"$TMP/busy.sh" <<'END'
end=$((SECONDS + 3))
while [ $SECONDS -lt $end ]; do cat /dev/null; done
END
bash "$TMP/busy.sh" &
run -T 1.6 examples/top.stp 1 30
shows "top: a table of processes" '^PROCESS +PID +CPU%' '^bash +[0-9]+ +[0-9]+\.[0-9] +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+$'
wait

example run-queue -c "sh -c 'for i in 1 2 3 4 5; do sleep 0.01; done'"
shows "run-queue: waits of the command and of all" '^sh: waited [0-9]+ times, [0-9]+ us at most' '^value \|-+ count$' '^all tasks: waited [0-9]+ times'

sleep 20 &
victim=$!
run -T 1.5 -x $victim examples/signals.stp >"$TMP/out" &
session=$!
sleep 0.8
kill -USR2 $victim
wait $victim 2>/dev/null
wait $session
rc=0
shows "signals: who sends what to whom" "[0-9]+ UTC? ?.*bash\([0-9]+\) -> sleep\($victim\) SIGUSR2$" '^bash +sleep +SIGUSR2 +1$'

run -T 1.5 examples/disk-latency.stp >"$TMP/out" &
session=$!
sleep 0.7
dd if=/dev/zero of="$TMP/direct" bs=64k count=8 oflag=direct 2>"$TMP/dd" || sync
wait $session
rc=0
if [ ! -s "$TMP/out" ]; then
    skip disk-latency "writing to $TMP reached no disk"
else
    shows "disk-latency: histograms by disk" '^[a-z0-9]+ (read|write): [0-9]+ requests, [0-9]+ us on average$' '^value \|-+ count$'
fi

example processes -c "sh -c 'cat /dev/null; (exit 3); sleep 9 & kill -9 \$!; wait \$!; true'"
shows "processes: forks, programs, ends" ' sh +exec   sh -c ' ' sh +fork   [0-9]+$' ' cat +exec   cat /dev/null$' \
    ' sh +exit   3, [0-9]+ us old$' ' ended  by SIGKILL' ' sh +exit   0$'

example off-cpu -c "sleep 0.1"
shows "off-cpu: waits by both stacks" '^1[0-9]{5} us in 1 times' ' : .*nanosleep.*\[kernel\]$' '^  --$' ' : .*nanosleep.*libc'

cat >"$TMP/spin.c" <<'END'
static volatile long n;
__attribute__((noinline)) void inner(void) { for (long i = 0; i < 1000000; i++) n += i; n++; }
__attribute__((noinline)) void outer(void) { inner(); n++; }
int main(void) { for (int i = 0; i < 300; i++) outer(); return 0; }
END
if cc -O1 -o "$TMP/spin" "$TMP/spin.c"; then
    chmod 755 "$TMP/spin"
    example cpu-profile -c "$TMP/spin"
    shows "cpu-profile: folded stacks" '^spin;.*;main;outer;inner [0-9]+$'
    # What flame graph tools take: frames, a blank, a number.
    [ -z "$(grep -vE '^[^;]+(;[^;]+)* [0-9]+$' "$TMP/out")" ] && pass "cpu-profile: every line is folded" ||
        fail "cpu-profile: every line is folded" "$(grep -vE '^[^;]+(;[^;]+)* [0-9]+$' "$TMP/out" | head -1)"
fi
