# SPDX-License-Identifier: GPL-2.0-or-later
# examples/strace.stp and examples/syscalls-by-process.stp on programs whose calls are known.
. "$(dirname "$0")/lib.sh"

EXERCISER=$BUILD/tests/real/exerciser

# Each call with its arguments and its result, in order.
run examples/strace.stp -c "$EXERCISER $TMP/entries $TMP/returns"
sed -n '/^close(-77)/,/^close(-78)/p' "$TMP/out" | sed '1d;$d' >"$TMP/shown"
paste -d'\n' "$TMP/entries" "$TMP/returns" |
    awk 'NR % 2 { call = $0; next } { sub(/^[^=]* = /, ""); print call " = " $0 }' >"$TMP/want"
# The kernel has written to what these point to.
different=$(diff "$TMP/want" "$TMP/shown" | grep '^[<>]' | grep -vE '^. (select|pselect6|pipe)\(' | head -n 2)
if [ "$rc" = 0 ] && [ -s "$TMP/want" ] && [ -z "$different" ]; then
    pass strace
else
    fail strace "status $rc: $different $(first_line "$TMP/err")"
fi
[ "$(tail -n 1 "$TMP/out")" = "exit_group(0) = ?" ] && pass strace-exit ||
    fail strace-exit "last: $(tail -n 1 "$TMP/out")"
[ -s "$TMP/err" ] && fail strace-stderr "$(first_line "$TMP/err")" || pass strace-stderr

# A new program, with what it was given.
run examples/strace.stp -c "/bin/cat /etc/hostname"
grep -q '^execve("/bin/cat", \["/bin/cat", "/etc/hostname"\], \[/\* [0-9]* vars \*/\]) = 0$' "$TMP/out" &&
    pass strace-execve || fail strace-execve "$(grep -m 1 execve "$TMP/out")"
grep -q '^openat(AT_FDCWD, "/etc/hostname", O_RDONLY) = [0-9]*$' "$TMP/out" &&
    pass strace-openat || fail strace-openat "$(grep -m 1 hostname "$TMP/out")"

# Children, only when asked for; each line says whose it is.
children='sh -c "/bin/true; /bin/cat /etc/hostname; exit 3"'
run examples/strace.stp -c "$children"
grep -q '/etc/hostname", O_RDONLY' "$TMP/out" && fail strace-children "shown without -G follow=1" ||
    pass strace-children
run examples/strace.stp -G follow=1 -c "$children"
cat=$(sed -n 's/^\[\([0-9]*\)\] openat(AT_FDCWD, "\/etc\/hostname", O_RDONLY) = .*/\1/p' "$TMP/out")
if [ -n "$cat" ] && grep -q "^\[$cat\] execve(\"/bin/cat\"" "$TMP/out" &&
    grep -q "^\[$cat\] exit_group(0) = ?" "$TMP/out"; then
    pass strace-follow
else
    fail strace-follow "pid '$cat': $(grep -m 1 hostname "$TMP/out")"
fi

# A process that runs already.
cp "$CALLER" "$TMP/caller"
(while :; do "$TMP/caller" >/dev/null; read -r -t 0.1 <>/dev/zero; done) 2>/dev/null &
loop=$!
timeout -s KILL "$LIMIT" "$STAP" examples/strace.stp -x $loop -T 1 >"$TMP/out" 2>"$TMP/err" </dev/null
rc=$?
kill -KILL $loop 2>/dev/null
wait $loop 2>/dev/null
n=$(grep -cE '^(wait4|clone)\(.*\) = [0-9]+$' "$TMP/out")
[ "$rc" = 0 ] && within strace-x 2 100000 "$n" || fail strace-x "status $rc: $(first_line "$TMP/err")"

# ---- syscalls by process ----
run examples/syscalls-by-process.stp 20 -c "$CALLER -n 500"
line=$(grep "^caller " "$TMP/out" | tail -n 1)
read -r _ _ calls _ <<<"$line"
within by-process 1500 1700 "$calls"
for call in close read kill; do
    n=$(sed -n "s/.* $call \([0-9]*\) in .*/\1/p" <<<"$line")
    within "by-process-$call" 500 560 "$n"
done
