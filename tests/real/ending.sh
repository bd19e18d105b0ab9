# SPDX-License-Identifier: GPL-2.0-or-later
# However a session ends, its end probes run as they should and nothing stays attached.
. "$(dirname "$0")/lib.sh"

script='global n probe begin { println("begin") }
probe kernel.trace("sched:sched_switch") { n++ }
probe end { println("end ", n > 0) }'
started() { grep -q begin "$TMP/out"; }
# start ARGUMENTS...: a session in the background that has begun.
start() {
    before=$(bpf_objects)
    : >"$TMP/out"
    "$STAP" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null &
    stap=$!
    wait_for 10 started || { fail "$1" "did not start: $(first_line "$TMP/err")"; return 1; }
    sleep 0.3
    during=$(bpf_objects)
}
# No watchdog in the background: a subshell killed as it starts runs the trap above.
finish() {
    timeout 20 tail --pid=$stap -s 0.02 -f /dev/null || kill -KILL $stap 2>/dev/null
    wait $stap 2>/dev/null
    rc=$?
}
for sig in INT TERM HUP; do
    start -e "$script" || continue
    kill -$sig $stap
    finish
    expect "SIG$sig" 0 $'begin\nend 1'
    gone "SIG$sig-detached" "$before" "$during"
done
if start -e "$script"; then
    kill -KILL $stap
    finish
    gone SIGKILL-detached "$before" "$during"
fi
if start -T 1 -e "$script"; then
    finish
    expect timeout 0 $'begin\nend 1'
    gone timeout-detached "$before" "$during"
fi
# A second interrupt while the end probe is slow must not lose the session's objects.
if start -e "$script" && kill -INT $stap && kill -INT $stap 2>/dev/null; then
    finish
    gone two-interrupts "$before" "$during"
fi
# The child of -c ends the session; the session's end takes the child along.
if start -c 'sleep 60' -e "$script"; then
    child=$(pgrep -P $stap -x sleep)
    kill -INT $stap
    finish
    child_gone() { [ -z "$child" ] || ! kill -0 "$child" 2>/dev/null; }
    wait_for 5 child_gone && pass child || fail child "sleep is still running"
    child_gone || kill "$child"
fi

# A closed pipe.
before=$(bpf_objects)
timeout -s KILL 20 "$STAP" -e 'probe begin { println("line") } probe timer.ms(1) { println("line") }' 2>"$TMP/err" </dev/null | head -n 1 >"$TMP/out"
rc=${PIPESTATUS[0]}
[ "$rc" = 1 ] && pass closed-pipe || fail closed-pipe "exit status $rc: $(first_line "$TMP/err")"
grep -qi 'broken pipe\|closed' "$TMP/err" && pass closed-pipe-message || fail closed-pipe-message "said '$(first_line "$TMP/err")'"
# A full disk.
run -o /dev/full -e 'probe begin { println("line") } probe timer.ms(1) { println("line") }'
[ $rc = 1 ] && pass full-disk || fail full-disk "exit status $rc: $(first_line "$TMP/err")"
grep -qi 'no space left' "$TMP/err" && pass full-disk-message || fail full-disk-message "said '$(first_line "$TMP/err")'"
run -o /no/such/folder/file -e 'probe oneshot { println("line") }'
[ $rc = 1 ] && grep -q '/no/such/folder/file' "$TMP/err" && pass output-file || fail output-file "exit status $rc: $(first_line "$TMP/err")"
none_new() { [ -z "$(comm -13 <(printf '%s\n' "$before") <(bpf_objects))" ]; }
wait_for 5 none_new && pass output-detached || fail output-detached "left: $(comm -13 <(printf '%s\n' "$before") <(bpf_objects) | tr '\n' ' ')"
