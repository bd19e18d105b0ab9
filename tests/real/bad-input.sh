# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input: one clear message, exit status 1, no crash, nothing printed.
. "$(dirname "$0")/lib.sh"

# refused NAME PATTERN: the last run said so on standard error and ended with 1.
refused() {
    if [ $rc != 1 ]; then
        fail "$1" "exit status $rc instead of 1: $(first_line "$TMP/err")"
    elif [ -s "$TMP/out" ]; then
        fail "$1" "printed '$(first_line "$TMP/out")'"
    elif ! grep -qiE -- "$2" "$TMP/err"; then
        fail "$1" "said '$(first_line "$TMP/err")', not $2"
    else
        pass "$1"
    fi
}
hello='probe oneshot { println("hi") }'

run /no/such/script.stp
refused missing-script '/no/such/script.stp.*no such file'
: >"$TMP/empty.stp"
run "$TMP/empty.stp"
refused empty "empty.stp' is empty"
printf '# only a comment\n' >"$TMP/comment.stp"
run "$TMP/comment.stp"
refused comment .
run -e ''
refused empty-e .
run
refused nothing 'script|usage|-e'
run "$TMP"
refused folder .
mkfifo "$TMP/fifo"
(timeout 5 printf 'probe oneshot { println("hi") }' >"$TMP/fifo" &)
run "$TMP/fifo"
expect fifo 0 hi
for i in 1 2 3 4 5; do
    head -c 4096 /dev/urandom >"$TMP/random.stp"
    run "$TMP/random.stp"
    refused "random-$i" 'parse error'
done
# Text that is a script until it is cut off.
cut_script='global a[3] = 5
function f:string(x:long, y) { foreach ([k, v] in a limit 3) { try { s .= sprintf("%d", k->x) } catch (e) { next } } return s }
probe kernel.trace("sched_*").x?, timer.ms(4) { if (x[1,2] in a) while (1) break; println(@count(a)) }'
worst=
for ((n = 1; n < ${#cut_script}; n += 3)); do
    printf '%s' "${cut_script:0:n}" >"$TMP/cut.stp"
    run -p1 "$TMP/cut.stp"
    [ "$rc" -le 1 ] || worst="$worst $n:$rc"
done
[ -z "$worst" ] && pass truncated || fail truncated "status at length$worst"
head -c 200000 /dev/zero >"$TMP/zeros.stp"
run "$TMP/zeros.stp"
refused zeros .
{ printf 'probe begin { x = '; printf '(%.0s' {1..20000}; } >"$TMP/deep.stp"
run "$TMP/deep.stp"
refused deep-parentheses 'parse error|nested'
{ printf 'probe begin '; printf '{%.0s' {1..20000}; } >"$TMP/deep.stp"
run "$TMP/deep.stp"
refused deep-blocks 'parse error|nested'
{ printf 'probe begin { x = '; printf -- '-%.0s' {1..20001}; printf '1 }'; } >"$TMP/deep.stp"
run -p2 "$TMP/deep.stp"
[ "$rc" -le 1 ] && pass deep-unary || fail deep-unary "exit status $rc"
printf '@define a %%( @b %%) @define b %%( @a %%) probe begin { @a }' >"$TMP/macro.stp"
run "$TMP/macro.stp"
refused endless-macro 'macro'
printf 'probe begin { println("\xff\xfe") }' >"$TMP/bytes.stp"
run -p1 "$TMP/bytes.stp"
[ "$rc" -le 1 ] && pass not-utf8 || fail not-utf8 "exit status $rc"

run -e 'probe kernel.trace("no_such_tracepoint") { }'
refused tracepoint 'no match'
run -e 'probe kernel.trace("no_such_system:sched_switch") { }'
refused tracepoint-system 'no match'
run -e 'probe kernel.trace("sched:sched_switch") { println($nothing) }'
refused tracepoint-variable 'nothing'
run -e 'probe kernel.trace("sched:sched_switch") { println($prev->nothing) }'
refused tracepoint-member 'nothing'
run -e 'probe syscall.nosuchcall { }'
refused syscall 'nosuchcall|no match|mismatch'
run -e 'probe begin { nosuchfunction() }'
refused function 'nosuchfunction'
run -e 'probe begin { %{ int x; %} }'
refused embedded-code 'embedded|guru|-g'
run --no-such-option -e "$hello"
refused option 'no-such-option'
run -p9 -e "$hello"
refused pass-number 'pass|-p'
run -x notanumber -e "$hello"
refused pid 'notanumber|-x|pid'
run -D -e "$hello"
refused define .
run -DMAXSTRINGLEN=x -e "$hello"
refused define-number 'MAXSTRINGLEN'
run -G nosuchglobal=1 -e "$hello"
refused global 'nosuchglobal'
run -c /no/such/program -e "$hello"
if [ $rc != 0 ] && grep -q /no/such/program "$TMP/err"; then
    pass command
else
    fail command "exit status $rc: $(first_line "$TMP/err")"
fi

# Not root: one sentence.
mkdir "$TMP/bin"
make --no-print-directory BUILD="$BUILD" install PREFIX="$TMP/prefix" >/dev/null 2>&1
chmod -R a+rX "$TMP/prefix" 2>/dev/null
timeout -s KILL 20 setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$TMP/prefix/bin/stap" -e "$hello" >"$TMP/out" 2>"$TMP/err" </dev/null
rc=$?
refused not-root 'root|CAP_BPF|privilege'
[ "$(wc -l <"$TMP/err")" = 1 ] && pass not-root-sentence || fail not-root-sentence "$(wc -l <"$TMP/err") lines"
# Passes that load nothing need no root.
timeout -s KILL 20 setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$TMP/prefix/bin/stap" -p1 -e "$hello" >"$TMP/out" 2>"$TMP/err" </dev/null
rc=$?
[ $rc = 0 ] && pass not-root-p1 || fail not-root-p1 "exit status $rc: $(first_line "$TMP/err")"

# Without the kernel's type information, and without tracefs.
hidden() {
    timeout -s KILL 20 unshare -m sh -c 'mount -t tmpfs none "$1" || exit 99; shift; exec "$@"' sh "$@" \
        >"$TMP/out" 2>"$TMP/err" </dev/null
    rc=$?
}
trace='probe kernel.trace("sched:sched_switch") { println("hi"); exit() }'
hidden /sys/kernel/btf "$STAP" -e "$trace"
if [ $rc = 99 ]; then
    skip no-btf "mounting is not allowed here"
else
    refused no-btf 'BTF'
fi
hidden /sys/kernel/tracing "$STAP" -e "$trace"
if [ $rc = 99 ]; then
    skip no-tracefs "mounting is not allowed here"
elif [ $rc = 0 ]; then
    # Tracepoints are found without it: better still.
    grep -qx hi "$TMP/out" && pass no-tracefs || fail no-tracefs "printed nothing"
else
    refused no-tracefs 'tracefs'
fi

# Options that contradict each other, or lack what they need.
run -l begin -L end
refused two-lists 'only one of'
run -l begin -e "$hello"
refused list-and-script 'take no script'
run --dump-functions more
refused list-and-argument "'more' is too much"
run -A name -e "$hello"
refused attach-and-script 'take no script'
run -c true -x 1 -e "$hello"
refused command-and-pid '-c and -x'
run -c ' ' -e "$hello"
refused empty-command '-c needs'
run -l
refused list-of-nothing 'requires an argument'
run -e "$hello" -e "$hello"
refused two-scripts '-E'
run -S 1 -e "$hello"
refused sizes-without-file '-o FILE'
run -T soon -e "$hello"
refused timeout-word 'soon'
for option in '-T0' '-x0' '-s0' '-p0' '-S0' '-D=' '-G=1' '--color=red' '--vp=z' '--privilege=root' '--runtime=kernel'; do
    run "$option" -o "$TMP/unused" -e "$hello"
    refused "option$option" .
done
# What may be a mistake, and is no reason to stop.
warned() {
    [ $rc = 0 ] && [ "$(cat "$TMP/out")" = hi ] && grep -q "^WARNING: $2" "$TMP/err" && pass "$1" ||
        fail "$1" "status $rc: $(first_line "$TMP/err")"
}
run -I /no/such/folder -e "$hello"
warned no-folder '-I /no/such/folder: there is no such folder'
run -DMAXACTON=5 -e "$hello"
warned no-limit '-DMAXACTON: there is no such limit (similar: MAXACTION'
run -e "$hello" one
warned unused-argument 'unused command line option \$1'
run -w -I /no/such/folder -DMAXACTON=5 -e "$hello"
[ $rc = 0 ] && [ ! -s "$TMP/err" ] && pass warnings-off || fail warnings-off "$(first_line "$TMP/err")"
run -DNOT_A_LIMIT=5 -e "$hello"
[ $rc = 0 ] && [ ! -s "$TMP/err" ] && pass define-for-c-code || fail define-for-c-code "$(first_line "$TMP/err")"

# Output that cannot be written: a file, a full disk, a pipe that nobody reads.
full() {
    local name=$1
    shift
    timeout -s KILL 20 "$STAP" "$@" >/dev/full 2>"$TMP/err" </dev/null
    rc=$?
    : >"$TMP/out"
    refused "$name" 'cannot write to standard output: No space left'
}
full full-list -l 'syscall.*'
full full-functions --dump-functions
full full-help --help
full full-version -V
full full-p1 -p1 -e "$hello"
full full-p2 -p2 -e "$hello"
full full-script -e "$hello"
run -o /no/such/folder/out -e "$hello"
refused file-in-no-folder "/no/such/folder/out"
run -o "$TMP" -e "$hello"
refused file-is-folder 'Is a directory'
run -p4 -o /no/such/folder/out -e "$hello"
refused image-in-no-folder "/no/such/folder/out"
closed_pipe() {
    local name=$1
    shift
    { timeout -s KILL 20 "$STAP" "$@" 2>"$TMP/err" </dev/null; echo $? >"$TMP/status"; } | head -n 1 >/dev/null
    rc=$(cat "$TMP/status")
    # The end by SIGPIPE, or a message about it; never by itself.
    if [ "$rc" = 141 ] || [ "$rc" = 0 ] || { [ "$rc" = 1 ] && grep -qi 'broken pipe' "$TMP/err"; }; then
        pass "$name"
    else
        fail "$name" "status $rc: $(first_line "$TMP/err")"
    fi
}
closed_pipe pipe-list -L 'syscall.*'
closed_pipe pipe-script -T 10 -e 'probe timer.ms(1) { println(pp()) }'

# A terminal of 20 columns: messages are whole, and lists too.
if command -v script >/dev/null; then
    script -qec "stty cols 20 rows 5; '$STAP' --help | wc -l; '$STAP' -l syscall.openat; '$STAP' --color=never -e 'probe begin { x( }'" \
        /dev/null >"$TMP/tty" 2>&1 </dev/null
    grep -q '^[3-9][0-9]' "$TMP/tty" && grep -q '^syscall.openat' "$TMP/tty" && grep -q 'parse error: ' "$TMP/tty" &&
        grep -q 'source: probe begin { x( }' "$TMP/tty" && pass narrow-terminal || fail narrow-terminal "$(head -c 300 "$TMP/tty")"
else
    skip narrow-terminal "no script(1) here"
fi

# What a terminal would obey does not reach it; the caret stays in its place.
printf 'probe begin {\tx = "\033[31m\007é" + 5 \377 }\r\n' >"$TMP/controls.stp"
"$STAP" "$TMP/controls.stp" >"$TMP/out" 2>"$TMP/err" </dev/null
"$STAP" -e "$(printf 'probe process("/\033]0;x\007").begin { }')" >>"$TMP/out" 2>>"$TMP/err" </dev/null
"$STAP" "$(printf '/no/\033[31mfile')" >>"$TMP/out" 2>>"$TMP/err" </dev/null
"$STAP" "$(printf -- '-D\033[31m=3')" -e 'probe begin { }' >>"$TMP/out" 2>>"$TMP/err" </dev/null
if [ -s "$TMP/err" ] && ! LC_ALL=C grep -q '[[:cntrl:]]' <(tr -d '\t\n' <"$TMP/err") &&
    grep -q "$(printf '^     source: probe begin {\tx = "?\[31m?é" + 5 ? }$')" "$TMP/err" &&
    grep -q "$(printf '^%26s\t%18s^$' '' '')" "$TMP/err"; then
    pass control-characters
else
    fail control-characters "$(cat -A "$TMP/err" | head -c 600)"
fi

# Types that contain themselves.
if command -v gcc >/dev/null && command -v readelf >/dev/null; then
    cd "$TMP" || exit 1
    printf '%s\n' 'int f(int (*p)(int *)) { return p != 0; }' 'int main(void) { return f(0); }' >self.c
    gcc -g -gdwarf-4 -gno-strict-dwarf -O0 -o self self.c
    info=$((16#$(readelf -SW self | sed -n 's/.* \.debug_info  *PROGBITS *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')))
    # The offset of the n-th entry of a kind, and of its attribute: type_of KIND N.
    at() { readelf -wi self | awk -v kind="$1" -v n="$2" '/Abbrev Number/ { on = /'"$1"'/ && ++seen == n; gsub(/.*><|>:.*/, "", $1); die = $1 } on && /DW_AT_type/ { print die, $1; exit }' | tr -d '<>'; }
    point() { # COPY OFFSET TO: the type of what is at OFFSET is TO
        printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((0x$3 & 255)) $((0x$3 >> 8 & 255)) $((0x$3 >> 16 & 255)) 0)" |
            dd of="$1" bs=1 seek=$((info + 0x$2)) conv=notrunc status=none
    }
    read -r pointer of_pointer < <(at DW_TAG_pointer_type 2)
    read -r function of_function < <(at DW_TAG_subroutine_type 1)
    for case in "pointer $of_pointer $pointer" "result $of_function $function" "both $of_function $pointer"; do
        set -- $case
        cp self "self-$1" && point "self-$1" "$2" "$3"
        timeout 5 "$STAP" -L "process(\"./self-$1\").function(\"f\")" >"$TMP/out" 2>"$TMP/err"
        rc=$?
        [ $rc = 0 ] && grep -q '\$p:' "$TMP/out" && pass "type-of-itself-$1" || fail "type-of-itself-$1" "$rc $(first_line "$TMP/err")"
        timeout 5 "$STAP" -p2 -e "probe process(\"./self-$1\").function(\"f\") { println(\$p\$, \$\$parms\$\$) }" >"$TMP/out" 2>"$TMP/err"
        [ $? -le 1 ] && pass "value-of-itself-$1" || fail "value-of-itself-$1" "$rc $(first_line "$TMP/err")"
    done
fi
