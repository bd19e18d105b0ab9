# SPDX-License-Identifier: GPL-2.0-or-later
# The limits of a session, and what it says when one is reached.
. "$(dirname "$0")/lib.sh"

# ended NAME STATUS PATTERN: the last run's status and a line on standard error.
ended() {
    if [ $rc != "$2" ]; then
        fail "$1" "exit status $rc instead of $2: $(first_line "$TMP/err")"
    elif ! grep -qE -- "$3" "$TMP/err"; then
        fail "$1" "said '$(first_line "$TMP/err")', not $3"
    else
        pass "$1"
    fi
}
busy='probe timer.ms(1) { for (i = 0; i < 400; i++) x++ }'
run -T 10 -DSTP_OVERLOAD_THRESHOLD=1000 -e "$busy"
ended overload 1 '^ERROR: probe overhead \([0-9]+ cycles\) exceeded threshold \(1000 cycles\) in last 1000000000 cycles'
run -T 1 -DSTP_OVERLOAD_THRESHOLD=1000 -DSTP_NO_OVERLOAD -e "$busy"
expect no-overload 0 ''
run -DMAXERRORS=2 -e 'global n probe timer.ms(1) { n++; println(1 / 0) } probe error { println("after ", n) }'
ended maxerrors 1 '^WARNING: Number of errors: 3, skipped probes: 0'
[ "$(cat "$TMP/out")" = "after 3" ] && pass maxerrors-count || fail maxerrors-count "$(first_line "$TMP/out")"
run --suppress-handler-errors -e 'global n probe timer.ms(1) { if (n++ == 9) exit(); println(1 / 0) }'
ended suppressed 0 'Number of errors: 10, skipped probes: 0'
run -DMAXACTION=5 -e 'probe timer.ms(1) { for (i = 0; i < 100; i++) x++ }'
ended maxaction 1 '^ERROR: MAXACTION exceeded near identifier'
run -DMAXACTION=5 -e 'probe begin { for (i = 0; i < 20; i++) x++; println(x); exit() }'
expect maxaction-interruptible 0 20
run -DMAXACTION=5 -DMAXACTION_INTERRUPTIBLE=6 -e 'probe begin { for (i = 0; i < 20; i++) x++ }'
ended maxaction-begin 1 '^ERROR: MAXACTION exceeded near identifier'
run -DMAXMAPENTRIES=5 -e 'global a probe begin { for (i = 0; i < 9; i++) a[i] = i }'
ended maxmapentries 1 '^ERROR: Array overflow, check MAXMAPENTRIES near identifier .a.'
run -DMAXNESTING=3 -e 'function f(n) { return n ? f(n - 1) : 7 } probe begin { println(f(1)); println(f(9)) }'
ended maxnesting 1 '^ERROR: MAXNESTING exceeded near identifier .f.'
run -DMAXSTRINGLEN=4096 -e 'probe oneshot { s = "x"; for (i = 0; i < 13; i++) s = s . s; println(strlen(s)) }'
expect maxstringlen 0 4095
run -DMAXACTION=none -e 'probe oneshot { }'
ended bad-number 1 'DMAXACTION=none: a number'
# A megabyte in one event: what the buffers cannot take is counted, the rest is whole.
run -DMAXACTION_INTERRUPTIBLE=1000000 -e 'probe oneshot { s = "0123456789abcdef"; s = s . s . s . s; for (i = 0; i < 16384; i++) println(s) }'
lines=$(grep -cx '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' "$TMP/out")
lost=$(sed -n 's/^WARNING: \([0-9]*\) output records.*/\1/p' "$TMP/err")
if [ "$lines" = "$(wc -l <"$TMP/out")" ] && [ "$rc" = 0 ] && [ $((lines + ${lost:-0})) -ge 4096 ]; then
    pass megabyte
else
    fail megabyte "$lines whole of $(wc -l <"$TMP/out") lines, lost '$lost', status $rc"
fi
