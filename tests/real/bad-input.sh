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
