# SPDX-License-Identifier: GPL-2.0-or-later
# Output to files that follow each other, sessions in the background, and what handlers cost.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1

# Files of a megabyte, the last two are kept; no line is cut or lost between them.
run -o rotated -DMAXACTION=100000 -S 1,2 -e 'global i
probe timer.ms(1) { for (k = 0; k < 2000; k++) printf("line %08d %s\n", i++, "................................................") if (i >= 60000) exit() }'
ls rotated.* >names
[ "$(tr '\n' ' ' <names)" = "rotated.2 rotated.3 " ] && [ "$(cat rotated.2 rotated.3 | grep -cv '^line [0-9]\{8\} \.\{48\}$')" = 0 ] &&
    [ "$(cat rotated.2 rotated.3 | awk '{ if (n && $2 != n + 1) bad++; n = $2 + 0 } END { print n, bad + 0 }')" = "59999 0" ] &&
    pass rotated || fail rotated "$(tr '\n' ' ' <names) $(tail -n 1 rotated.3) $(first_line "$TMP/err")"
run -S 1 -e 'probe begin { }'
[ $rc = 1 ] && grep -q 'needs a file' "$TMP/err" && pass rotated-where || fail rotated-where "$(first_line "$TMP/err")"
for wrong in 0 1,0 x 1,x 1,2,3; do
    run -o rotated -S "$wrong" -e 'probe begin { }'
    [ $rc = 1 ] && grep -q "Invalid -S $wrong" "$TMP/err" || { fail "rotated-wrong" "$wrong: $(first_line "$TMP/err")"; break; }
done

# SIGUSR2 goes on with the next file; the name's time is the time of its start.
"$STAP" -o 'switched-%Y' -e 'probe begin { println("first") } probe timer.ms(20) { if (n++ < 5) println("tick") } global n probe end { println("last") }' 2>"$TMP/err" & pid=$!
year=$(date +%Y)
wait_for 5 grep -q tick "switched-$year"
sleep 0.3
kill -USR2 $pid
wait_for 5 test -e "switched-$year.1"
kill -TERM $pid
wait $pid
[ "$(head -n 1 "switched-$year")" = first ] && grep -q '^last' "switched-$year.1" && ! grep -q '^last' "switched-$year" &&
    pass switched || fail switched "$(ls switched* | tr '\n' ' ') $(first_line "$TMP/err")"

# In the background with a file: the process's number is printed.
run -F -o background -e 'probe timer.ms(20) { println("tick ", n++) } global n probe end { println("over") }'
pid=$(cat "$TMP/out")
[ $rc = 0 ] && kill -0 "$pid" 2>/dev/null && wait_for 5 grep -q 'tick 3' background && pass background || fail background "status $rc: $(first_line "$TMP/err")"
kill -TERM "$pid"
wait_for 5 test ! -e "/proc/$pid"
[ "$(tail -n 1 background)" = over ] && [ ! -e background.err ] && pass background-end || fail background-end "$(tail -n 1 background) $(cat background.err)"
# … and what it has to say stands beside it; what goes wrong before is said here.
run -F -o failing -e 'probe timer.ms(20) { println(1 / n) } global n'
pid=$(cat "$TMP/out")
wait_for 5 test ! -e "/proc/$pid"
grep -q 'division by 0' failing.err && pass background-error || fail background-error "$(cat failing.err)"
run -F -o refused -e 'probe process("/nothing").begin { }'
[ $rc = 1 ] && [ ! -s "$TMP/out" ] && [ ! -e refused ] && pass background-refused || fail background-refused "$rc $(cat "$TMP/out")"

# In memory: the newest lines are kept for who comes; an interrupt of the reader ends it.
run -F -s 1 -DMAXACTION=100000 -e 'probe timer.ms(1) { for (k = 0; k < 500; k++) printf("line %08d %s\n", i++, "................................................") } global i probe end { println("over") }'
name=$(sed -n 's/.*"stap -A \(stap_[0-9]*\)".*/\1/p' "$TMP/out")
wait_for 5 test -S "/run/stap/$name"
sleep 0.5
timeout -s INT -k 5 1 "$STAP" -A "$name" >memory 2>"$TMP/err"
grep -q '^([0-9]* bytes before this were not kept)$' memory && [ "$(sed -n '2,1000p' memory | grep -cv '^line [0-9]\{8\} \.\{48\}$')" = 0 ] &&
    [ "$(tail -n 1 memory)" = over ] && pass memory || fail memory "$(head -c 200 memory) $(tail -n 1 memory)"
wait_for 5 test ! -e "/run/stap/$name" && pass memory-end || fail memory-end "the socket is still there"
run -A "$name"
[ $rc = 1 ] && grep -q "no recorder '$name'" "$TMP/err" && pass memory-gone || fail memory-gone "$(first_line "$TMP/err")"

# How often handlers ran.
run -t -T 1 -e 'probe timer.ms(50) { if (n++ == 9) exit() } global n probe end { n = 0 }'
grep -q '^timer.ms(50), (<input>:1:7), hits: 10, cycles: [1-9][0-9]*min/[1-9][0-9]*avg/[1-9][0-9]*max, variance: [0-9]*, from: timer.ms(50), index: 0$' "$TMP/out" &&
    grep -q '^end, (.*), hits: 1, ' "$TMP/out" &&
    pass timing || fail timing "$(tr '\n' '|' <"$TMP/out")"
# Every handler by itself, also those of system calls; one whose condition does not hold has not run.
run -t -c true -e 'global on = 0 probe syscall.execve { if (pid() == target()) a++ } global a probe syscall.exit_group { if (pid() == target()) b++ } global b probe timer.ms(1) if (on) { println("never") } probe end { for (i = 0; i < 300; i++) c += i } global c'
python3 - "$TMP/out" <<'END' >"$TMP/why" 2>&1 && pass timing-each || fail timing-each "$(cat "$TMP/why")"
import re, sys
rows = {}
for line in open(sys.argv[1]):
    m = re.match(r'(\S+), \(.*\), hits: (\d+), cycles: (\d+)min/(\d+)avg/(\d+)max, variance: (\d+), from: (.*), index: \d+$', line)
    if m:
        rows[m[7].split(' ')[0]] = [int(x) for x in m.groups()[1:6]]
assert rows['syscall.execve'][0] >= 1 and rows['syscall.exit_group'][0] >= 1, rows
assert 'timer.ms(1)' not in rows, rows
for hits, low, mean, high, variance in rows.values():
    assert low <= mean + 1 and mean <= high + 1, rows
    assert hits > 1 or low == high, rows
assert rows['end'][2] > rows['syscall.execve'][1], rows
END

# In the background a hangup goes on with the next file, too.
run -F -o hung -e 'probe timer.ms(20) { println("tick ", n++) } global n probe end { println("over") }'
pid=$(cat "$TMP/out")
wait_for 5 grep -q 'tick 3' hung
kill -HUP "$pid"
wait_for 5 grep -q tick hung.1 && kill -0 "$pid" && pass hangup || fail hangup "$(ls hung* | tr '\n' ' ')"
kill -TERM "$pid"
wait_for 5 test ! -e "/proc/$pid"
[ "$(tail -qn 1 hung.1)" = over ] && [ "$(cat hung hung.1 | awk '/tick/ { if ($2 != n++) bad = 1 } END { print bad + 0 }')" = 0 ] &&
    pass hangup-end || fail hangup-end "$(tail -n 1 hung.1)"

# A handler that prints more than the buffer holds: -s makes it larger.
BURST='probe oneshot { for (i = 0; i < 100000; i++) printf("%08d %s\n", i, "................................................................") }'
run -DMAXACTION=10000000 -e "$BURST"
grep -q 'output records .* are lost' "$TMP/err" && pass buffer-full || fail buffer-full "$(first_line "$TMP/err")"
run -s 8 -DMAXACTION=10000000 -e "$BURST"
[ $rc = 0 ] && [ "$(wc -l <"$TMP/out")" = 100000 ] && [ ! -s "$TMP/err" ] && pass buffer-larger || fail buffer-larger "$(wc -l <"$TMP/out") $(first_line "$TMP/err")"
run -s 0 -e "$BURST"
[ $rc = 1 ] && grep -q 'Invalid buffer size' "$TMP/err" && pass buffer-wrong || fail buffer-wrong "$(first_line "$TMP/err")"

# The disk is full: the session ends, what was written stays, and it is told.
mkdir -p small && mount -t tmpfs -o size=64k none small 2>/dev/null && {
    run -o small/file -e 'probe timer.ms(1) { printf("%s\n", "................................................................................................................................") }'
    [ $rc = 1 ] && grep -q 'cannot write to small/file: No space left' "$TMP/err" && [ "$(wc -c <small/file)" = 65536 ] && pass disk-full || fail disk-full "$rc $(first_line "$TMP/err")"
    umount small
}

# Pids as they are in the namespaces of another process.
unshare -pf sh -c 'while :; do /bin/true; sleep 0.1; done' 2>/dev/null & outer=$!
inner=
wait_for 5 eval 'inner=$(cat /proc/$outer/task/$outer/children); [ -n "$inner" ]'
inner=${inner%% *}
NAMESPACE="probe kernel.trace(\"sched_process_fork\") { if (\$parent->tgid == $inner) { println(task_ns_pid(\$parent)) exit() } } probe timer.s(8) { exit() }"
run --target-namespaces=$inner -e "$NAMESPACE"
expect namespaces 0 1
run -p4 -o ns.stapo -e "$NAMESPACE"
timeout -s KILL $LIMIT "${STAP}run" -N $inner ns.stapo >"$TMP/out" 2>"$TMP/err"
rc=$?
expect namespaces-staprun 0 1
run -e "$NAMESPACE"
[ "$(cat "$TMP/out")" = "$inner" ] && pass namespaces-own || fail namespaces-own "$(cat "$TMP/out" "$TMP/err")"
kill -KILL $inner # the first of its namespace: nothing else ends it
wait $outer 2>/dev/null
run --target-namespaces=x -e 'probe oneshot { println(1) }'
[ $rc = 1 ] && grep -q 'Invalid --target-namespaces=x' "$TMP/err" && pass namespaces-wrong || fail namespaces-wrong "$(first_line "$TMP/err")"

# The words of a command are those of the shell; how it ended is told.
touch g1x g2x
words() {
    run -c "$2" -e 'probe end { println("end") }'
    expect "words-$1" "$3" "$4"
}
words quotes 'echo "a  b" c\ d' 0 'a  b c d
end'
words names 'echo g?x' 0 'g1x g2x
end'
LIST=first words pipe 'echo $LIST | tr a-z A-Z' 0 'FIRST
end'
words status "sh -c 'exit 7'" 1 end
grep -qx 'WARNING: Child process exited with status 7' "$TMP/err" && pass words-told || fail words-told "$(first_line "$TMP/err")"
words number 'kill -9 $$' 1 end
grep -q '^WARNING: Child process exited with signal 9 (Killed)' "$TMP/err" && pass words-signal || fail words-signal "$(first_line "$TMP/err")"
