# SPDX-License-Identifier: GPL-2.0-or-later
# Handlers are atomic towards the globals they use: several processes on all
# processors, and every total is exact or short by the skips that are reported.
. "$(dirname "$0")/lib.sh"

PROCESSES=6 CALLS=20000
cat >"$TMP/load" <<LOAD
#!/bin/sh
for i in $(seq $PROCESSES | tr '\n' ' '); do "$CALLER" -n $CALLS & done
wait
LOAD
chmod +x "$TMP/load"
total=$((PROCESSES * CALLS))
# skips FILE: how many probes the session says it skipped.
skips() {
    local n
    n=$(sed -n 's/^WARNING: Number of errors: 0, skipped probes: \([0-9]*\).*/\1/p' "$1")
    echo "${n:-0}"
}
# exact NAME WANT: what the last run printed and skipped, together.  A timer's
# handler may be among the skipped ones: then the last run skipped more.
exact() {
    local got skipped
    read -r got _ <"$TMP/out"
    skipped=$(skips "$TMP/err")
    if [ "$rc" = 0 ] && [ "$((got + skipped))" -ge "$2" ] && [ "$got" -le "$2" ]; then
        pass "$1"
    else
        fail "$1" "$got + $skipped skipped instead of $2, status $rc: $(first_line "$TMP/err")"
    fi
}
on='syscall.close { if (execname() == "caller" && fd == -5)'

run -DMAXSKIPPED=1000000 -c "$TMP/load" -e "global n probe $on n++ } probe end { println(n) n = 0 }"
exact increments $total

# Read, change and write two globals that must stay equal; a timer watches them.
run -DMAXSKIPPED=1000000 -c "$TMP/load" -e "global a, b, bad
probe $on { x = a; y = b; if (x != y) bad++; a = x + 1; b = y + 1 } }
probe timer.ms(1) { if (a != b) bad++ }
probe end { println(a, \" \", a == b, \" \", bad) }"
exact two-globals $total
[ "$(cut -d' ' -f2- "$TMP/out")" = "1 0" ] && pass two-globals-equal || fail two-globals-equal "equal, torn: $(cut -d' ' -f2- "$TMP/out")"

# Moving counts between array elements keeps their sum, whatever is deleted or walked.
run -DMAXSKIPPED=1000000 -c "$TMP/load" -e "global left, taken
probe $on { left[pid(), fd]++ } }
probe timer.ms(2) { foreach ([p, f] in left) taken += left[p, f]; delete left }
probe end { foreach ([p, f] in left) taken += left[p, f]; println(taken) }"
exact move-and-delete $total

# A statistic is read and emptied while others add to it.
run -DMAXSKIPPED=1000000 -c "$TMP/load" -e "global s, t, sum probe $on { s[pid()] <<< 3; t <<< 1 } }
probe timer.ms(2) { foreach (p in s) sum += @sum(s[p]); delete s; sum += @count(t); delete t }
probe end { foreach (p in s) sum += @sum(s[p]); println((sum + @count(t)) / 4) }"
exact statistics-emptied $total
run -DMAXSKIPPED=1000000 -c "$TMP/load" -e "global s, t probe $on { s[pid()] <<< 3; t <<< 1 } }
probe end { foreach (p in s) n += @sum(s[p]); println(n / 3, \" \", @count(t) == n / 3) }"
exact statistics $total
[ "$(cut -d' ' -f2 "$TMP/out")" = 1 ] && pass statistics-agree || fail statistics-agree "the scalar and the array differ"

# A string value and a counter that change together.
run -DMAXSKIPPED=1000000 -c "$TMP/load" -e "global text, n, bad
probe $on { if (strtol(text, 10) != n) bad++; n++; text = sprint(n) } }
probe end { println(n, \" \", bad) }"
exact string $total
[ "$(cut -d' ' -f2 "$TMP/out")" = 0 ] && pass string-whole || fail string-whole "torn: $(cat "$TMP/out")"
