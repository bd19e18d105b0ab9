# SPDX-License-Identifier: GPL-2.0-or-later
# process.data and kernel.data: who reads and writes a variable.
. "$(dirname "$0")/lib.sh"

cc -O0 -g -pthread -o "$TMP/pie" tests/real/watched.c && cc -O0 -g -pthread -no-pie -o "$TMP/fixed" tests/real/watched.c ||
    { fail watch "the program does not build"; exit 0; }
chmod 755 "$TMP/pie" "$TMP/fixed"

# Processors without debug registers, and machines that keep them to themselves.
run -c "$TMP/fixed" -e 'probe process.data("counter").write { n++ } global n probe end { println(n) }'
if [ $rc != 0 ] && grep -q 'Operation not supported\|No such device\|No space left' "$TMP/err"; then
    skip watch "this machine gives no debug registers: $(first_line "$TMP/err")"
    exit 0
fi
expect "writes of a variable" 0 4

for p in pie fixed; do
    run -c "$TMP/$p" -e 'global value, n, reads
probe process.data("counter").write { printf("%d%s ", ++n, tid() == pid() ? "" : "t") }
probe process.data("wide").length(8).write { printf("w ") }
probe process.data("counter").rw { reads++ }
probe process.data("text").length(1).write { printf("%s ", user_mode() ? "user" : "kernel") }
probe end { println(reads) }'
    expect "$p: by the program, by a thread, by the kernel; reads" 0 "1 w 2 w 3 w 4t kernel 9"
done

# A process that runs already; the value is there when the handler runs.
mkfifo "$TMP/go"
"$TMP/pie" wait <"$TMP/go" &
pid=$!
exec 7>"$TMP/go"
wait_for 5 grep -q "$TMP/pie" "/proc/$pid/maps"
rm -f "$TMP/out"
timeout -s KILL $LIMIT "$STAP" -e "probe process($pid).data(\"counter\").write { println(ubacktrace() != \"\", \" \", usymname(uaddr())) if (++n == 4) exit() } global n
    global ready probe timer.ms(1) { if (!ready++) println(\"ready\") }" >"$TMP/out" 2>"$TMP/err" </dev/null &
session=$!
wait_for 10 grep -q ready "$TMP/out"
echo >&7
exec 7>&-
wait "$session"
rc=$?
expect "a running process" 0 "ready
1 main
1 main
1 main
1 other"
wait "$pid"

# An address, in every process that runs the program.
addr=0x$(nm "$TMP/fixed" | sed -n 's/^0*\([0-9a-f]*\) . counter$/\1/p')
rm -f "$TMP/out"
timeout -s KILL $LIMIT "$STAP" -e "probe process(\"$TMP/fixed\").data($addr).length(4).write { if (++n == 8) { println(n); exit() } } global n
    global ready probe timer.ms(1) { if (!ready++) println(\"ready\") }" >"$TMP/out" 2>"$TMP/err" </dev/null &
session=$!
wait_for 10 grep -q ready "$TMP/out"
"$TMP/fixed"
"$TMP/fixed"
wait "$session"
rc=$?
expect "every process of a program" 0 "ready
8"

# Five places are one too many.
run -c "$TMP/fixed" -e 'probe process.data("counter").write, process.data("wide").write, process.data("text").write, process.data("seen").write, process.data("counter").rw { println(1) }'
[ $rc = 1 ] && grep -q "no debug register left" "$TMP/err" && pass "a fifth place is refused" ||
    fail "a fifth place is refused" "status $rc: $(first_line "$TMP/err")"

refused() {
    run -p2 "${@:3}" -e "$2"
    [ $rc = 1 ] && grep -qF "$1" "$TMP/err" && pass "refused: $1" ||
        fail "refused: $1" "status $rc: $(first_line "$TMP/err")"
}
refused "has no symbol 'countre'" 'probe process.data("countre").write { }' -c "$TMP/pie"
refused "is mapped at another address in every process" "probe process(\"$TMP/pie\").data(\"counter\").write { }"
refused "length(N) is something else" 'probe process.data("counter").length(3).rw { }' -c "$TMP/pie"
refused "only where the address is a multiple" "probe process.data($(printf %#x $((addr + 1)))).length(4).rw { }" -c "$TMP/fixed"

# The kernel's own memory: what the scheduler notes of a process that runs.
(while :; do :; done) &
busy=$!
run -e "probe oneshot { printf(\"%#x\", &@cast(pid2task($busy), \"task_struct\")->se->sum_exec_runtime) }"
field=$(cat "$TMP/out")
run -T 1 -e "global n probe kernel.data($field).length(8).write { n++ } probe end { println(n > 3) }"
if [ $rc = 1 ] && grep -q 'does not let its own memory be watched' "$TMP/err"; then
    pass "kernel.data is refused in words"
else
    expect "writes of the kernel's memory" 0 1
fi
kill $busy
