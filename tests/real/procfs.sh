# SPDX-License-Identifier: GPL-2.0-or-later
# procfs probes: files that handlers make up, and what is left of them afterwards.
. "$(dirname "$0")/lib.sh"

name=stap_test_$$
dir=/run/stap/$name
mounted() { grep -q " $dir " /proc/self/mounts; }
away() { ! mounted && ! [ -e "$dir" ]; }
# session SCRIPT [ARGUMENTS...]: one in the background, once its files are there.
session() {
    timeout -s KILL $LIMIT "$STAP" -m "$name" "${@:2}" -e "$1" >"$TMP/out" 2>"$TMP/err" </dev/null &
    wait_for 20 mounted
}
finished() { wait "$!" 2>/dev/null; rc=$?; }

if ! [ -r /dev/fuse ]; then
    skip procfs "there is no /dev/fuse here"
    exit 0
fi
if ! ldconfig -p | grep -q 'libfuse3\.so\.[34]'; then
    skip procfs "the library libfuse3 is not installed"
    exit 0
fi

# ---- reading and writing ----
session 'global n = 7, said
probe procfs("count").read { $value = sprintf("%d\n", n++) }
probe procfs("count").write { n = strtol($value, 10) }
probe procfs("deep/er/said").read { foreach (s in said) $value .= s }
probe procfs("say").umask(0007).write { said[$value] = 1 }
probe procfs.umask(0).read.maxsize(200000) { for (i = 0; i < 4000; i++) $value .= sprintf("%07d\n", i) }
probe procfs("cut").read.maxsize(5) { $value = "0123456789" }
probe procfs("looked").read { $value = "ab"; $value .= "cd"; $value = $value . sprintf("%d", strlen($value)) }
probe procfs("empty").read { if (n < 0) $value = "never" }
probe procfs("stop").write { println("stopped by ", $value); exit() }' -DMAXACTION=100000
[ "$(cat "$dir/count" "$dir/count" | tr '\n' ' ')" = "7 8 " ] &&
    pass "each read runs the handler" || fail "each read runs the handler" "$(first_line "$TMP/err")"
echo 100 >"$dir/count"
[ "$(cat "$dir/count")" = 100 ] && pass "what is written is the handler's value" ||
    fail "what is written is the handler's value" "then it was $(cat "$dir/count")"
printf one >"$dir/say"
printf two >"$dir/say"
[ "$(cat "$dir/deep/er/said")" = onetwo ] && pass "files in folders; what is appended" ||
    fail "files in folders; what is appended" "'$(cat "$dir/deep/er/said")'"
[ "$(cat "$dir/cut" "$dir/looked" "$dir/empty")" = 01234abcd4 ] &&
    pass "maxsize cuts; a handler sees what it assigned; nothing assigned is nothing" ||
    fail "maxsize cuts" "'$(cat "$dir/cut" "$dir/looked" "$dir/empty")'"
seq -f %07g 0 3999 >"$TMP/want"
for i in 1 2 3 4 5 6; do cat "$dir/command" >"$TMP/big.$i" & readers[i]=$!; done
wait "${readers[@]}"
good=0
for i in 1 2 3 4 5 6; do cmp -s "$TMP/want" "$TMP/big.$i" && good=$((good + 1)); done
within "readers at the same time each get all of a large file" 6 6 $good
modes=$(cd "$dir" && stat -c '%n %a' count cut say command deep | tr '\n' ' ')
[ "$modes" = "count 600 cut 400 say 220 command 444 deep 555 " ] && pass "permissions, with umask" ||
    fail "permissions, with umask" "$modes"
[ "$(cd "$dir" && find . | sort | tr '\n' ' ')" = \
    ". ./command ./count ./cut ./deep ./deep/er ./deep/er/said ./empty ./looked ./say ./stop " ] &&
    pass "folders list their files" || fail "folders list their files" "$(find "$dir" | tr '\n' ' ')"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    ! setpriv --reuid=65534 --clear-groups cat "$dir/count" >/dev/null 2>&1 &&
        setpriv --reuid=65534 --clear-groups head -n 1 "$dir/command" >/dev/null 2>&1 &&
        pass "other users read what they may" || fail "other users read what they may" ""
fi
grep -qF "The files of the procfs probes are in $dir." "$TMP/err" && pass "the folder is named" ||
    fail "the folder is named" "$(first_line "$TMP/err")"
! touch "$dir/new" 2>/dev/null && ! cat "$dir/absent" 2>/dev/null && pass "no other files" ||
    fail "no other files" ""
printf me >"$dir/stop"
finished
expect "a handler of a file ends the session" 0 "stopped by me"
wait_for 5 away && pass "exit(): nothing is left" || fail "exit(): nothing is left" "$(ls "$dir")"

# A write that is longer than a string comes in parts.
session 'global total, parts
probe procfs("in").write { total += strlen($value); parts++ }
probe end { println(total, " ", parts) }' -DMAXSTRINGLEN=101
head -c 1000 /dev/zero | tr '\0' x >"$dir/in"
kill -INT $(pgrep -P $!) 2>/dev/null
finished
expect "a long write comes in parts" 0 "1000 10"

# ---- ends ----
session 'probe procfs("x").read { $value = "x" }'
kill -TERM $(pgrep -P $!)
finished
wait_for 5 away && pass "SIGTERM: nothing is left" || fail "SIGTERM: nothing is left" "$(ls "$dir")"
session 'probe procfs("x").read { $value = "x" }'
exec 8<"$dir/x" # somebody has a file open
kill -KILL $(pgrep -P $!)
finished
wait_for 10 away && pass "SIGKILL: nothing is left" || fail "SIGKILL: nothing is left" "$(ls "$dir")"
exec 8<&-
run -m "$name" -c "cat $dir/x" -e 'probe procfs("x").read { $value = "read by the command\n" }'
expect "the command of -c reads" 0 "read by the command"
wait_for 5 away && pass "the end of -c: nothing is left" || fail "the end of -c: nothing is left" "$(ls "$dir")"
session 'probe procfs("x").read { $value = sprint(1 / (pid() - pid())) }'
! cat "$dir/x" 2>/dev/null
grep -q Input/output < <(cat "$dir/x" 2>&1; true) || grep -q 'division by 0' "$TMP/err" &&
    pass "an error of the handler is the reader's" || fail "an error of the handler is the reader's" ""
finished
grep -q 'division by 0' "$TMP/err" && [ $rc = 1 ] && wait_for 5 away && pass "… and ends the session" ||
    fail "… and ends the session" "status $rc: $(first_line "$TMP/err")"
# Both are killed: the folder goes when the next session comes.
session 'probe procfs("x").read { $value = "x" }'
stap=$(pgrep -P $!)
kill -KILL $(pgrep -P "$stap") "$stap"
finished
mounted && pass "(a folder is left behind)" || fail "(a folder is left behind)" "it is gone"
run -m "other_$name" -T 0.1 -e 'probe procfs("x").read { $value = "x" }'
away && pass "the next session removes what was left" || fail "the next session removes what was left" ""
umount -l "$dir" 2>/dev/null && rmdir "$dir"

# ---- what is refused ----
refused() {
    run -p2 -e "$2"
    if [ $rc = 1 ] && grep -qF "$3" "$TMP/err"; then pass "$1"; else
        fail "$1" "status $rc: $(first_line "$TMP/err")"
    fi
}
refused "two readers of a file" 'probe procfs("a").read, procfs("a").read { $value = "" }' \
    'only one read probe can exist for procfs path "a"'
refused "a path that leads out" 'probe procfs("../a").read { $value = "" }' 'is no path of a file'
refused "assignment where somebody writes" 'probe procfs("a").write { $value = "" }' read-only
refused "another variable" 'probe procfs("a").read { $x = "" }' "unable to find procfs variable '\$x'"
refused "a number" 'probe procfs("a").read { $value = 1 }' 'type mismatch'
run -m a/b -e 'probe begin { exit() }'
[ $rc != 0 ] && pass "a name with a slash" || fail "a name with a slash" ""
if unshare -m true 2>/dev/null; then
    lib=$(ldconfig -p | sed -n 's/.*=> //p' | grep 'libfuse3\.so' | head -1)
    unshare -m sh -c "mount --bind /dev/null $lib
        '$STAP' -e 'probe oneshot { println(1) }' && '$STAP' -T 1 -e 'probe procfs.read { \$value = \"\" }'" \
        >"$TMP/out" 2>"$TMP/err"
    rc=$?
    [ $rc = 1 ] && [ "$(cat "$TMP/out")" = 1 ] && grep -q 'need the library libfuse3' "$TMP/err" &&
        pass "without libfuse3 only procfs probes are refused" ||
        fail "without libfuse3 only procfs probes are refused" "status $rc: $(first_line "$TMP/err")"
fi

# ---- metrics as JSON ----
session 'global reads, path_reads
probe begin {
    json_set_prefix("test")
    json_add_numeric_metric("reads", "how often", "count")
    json_add_array("files", "by name")
    json_add_array_numeric_metric("files", "opens", "opened so often", "count")
    path_reads["a"] = 1; path_reads["b\"c"] = 2
}
probe json_data {
    @json_output_data_start
    @json_output_numeric_value("reads", ++reads)
    foreach (p in path_reads+)
        @json_output_array_numeric_value("files", p, "opens", path_reads[p])
    @json_output_data_end
}'
python3 - "$dir" >"$TMP/json" 2>&1 <<'PY'
import json, sys
meta = json.load(open(sys.argv[1] + "/metadata.json"))
data = [json.load(open(sys.argv[1] + "/data.json")) for _ in range(2)]
print(meta["prefix"], [m["name"] for m in meta["metrics"]], data[0]["reads"], data[1]["reads"],
      data[1]["files"])
PY
[ "$(cat "$TMP/json")" = "test ['reads', 'files'] 1 2 [{'__id': 'a', 'opens': 1}, {'__id': 'b\"c', 'opens': 2}]" ] &&
    pass "metrics as JSON" || fail "metrics as JSON" "$(tail -n 1 "$TMP/json")"
kill -INT $(pgrep -P $!)
finished

# ---- … and for Prometheus ----
session 'global a, b, c
probe begin { a["x\"y"] = 1; b["k", 2] = 9; c["p", 2, 3] = 4 }
function twice(n) { return sprint(n * 2) }
probe prometheus {
    @prometheus_dump_array1(a, "one", "name")
    @prometheus_dump_array2(b, "two", "name", "n")
    @prometheus_dump_array3_map(c, "three", "x", "y", "z", sprint, sprint, twice, sprint)
    @prometheus_dump_array1_map_unquoted(a, "bare", "name", sprint, sprint)
}'
printf '%s\n' 'one{name="x\"y"} 1' 'two{name="k",n="2"} 9' 'three{x="p",y="4",z="3"} 4' 'bare{name=x"y} 1' >"$TMP/want"
cat "$dir/__prometheus" >"$TMP/metrics"
cmp -s "$TMP/want" "$TMP/metrics" && pass "metrics for Prometheus" ||
    fail "metrics for Prometheus" "$(tr '\n' '|' <"$TMP/metrics") $(first_line "$TMP/err")"
kill -INT $(pgrep -P $!)
finished

# ---- standard input ----
printf 'first\nsecond\nlast' | timeout -s KILL $LIMIT "$STAP" -T 2 -e 'global n
probe input.line { printf("[%s]", line) } probe input.char { n++ } probe end { println(n) }' >"$TMP/out" 2>"$TMP/err"
rc=$?
expect "lines and characters of standard input" 0 '[first
][second
][last]17'
printf 'x\n' >"$TMP/in"
timeout -s KILL $LIMIT "$STAP" -e 'probe input.line { print(line); exit() }' <"$TMP/in" >"$TMP/out" 2>"$TMP/err"
rc=$?
expect "standard input from a file" 0 x
