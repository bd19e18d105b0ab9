# SPDX-License-Identifier: GPL-2.0-or-later
# examples/hello-world.stp, and the ways to hand a script over.
. "$(dirname "$0")/lib.sh"

run examples/hello-world.stp
expect example 0 "hello world"
hello='probe oneshot { println("hi") }'
run -e "$hello"
expect option-e 0 hi
printf '%s\n' "$hello" >"$TMP/hello.stp"
run "$TMP/hello.stp"
expect file 0 hi
timeout 20 "$STAP" - <"$TMP/hello.stp" >"$TMP/out" 2>"$TMP/err"
rc=$?
expect stdin 0 hi
run -o "$TMP/file" "$TMP/hello.stp"
expect option-o 0 ""
[ "$(cat "$TMP/file" 2>/dev/null)" = hi ] && pass option-o-file || fail option-o-file "holds '$(cat "$TMP/file" 2>/dev/null)'"
run -e "$hello" -E 'probe begin { println("ho"); }'
[ $rc = 0 ] && [ "$(sort "$TMP/out" | tr '\n' ' ')" = "hi ho " ] && pass option-E ||
    fail option-E "status $rc, printed $(cat "$TMP/out" | tr '\n' ' ')$(first_line "$TMP/err")"
run -T 1 -e 'probe begin { println("b") } probe end { println("e") }'
expect option-T 0 $'b\ne'
run -c 'true' -e 'probe begin { println("b") } probe end { println("e") }'
expect option-c 0 $'b\ne'
run -c "sh -c 'exit 3'" -e 'probe begin { printf("%d\n", target() > 1) }'
[ "$(cat "$TMP/out")" = 1 ] && pass target || fail target "printed $(cat "$TMP/out") $(first_line "$TMP/err")"
run -x 1 -e 'probe oneshot { println(target()) }'
expect option-x 0 1
for p in 1 2 3 4; do
    run -p$p -e "$hello"
    [ $rc = 0 ] && ! grep -qx hi "$TMP/out" && pass "option-p$p" ||
        fail "option-p$p" "status $rc: $(first_line "$TMP/err")"
done
run -v -e "$hello"
n=$(grep -cE '^Pass [1-5]: ' "$TMP/err")
[ "$rc $n" = "0 5" ] || [ "$rc $n" = "0 6" ] && pass option-v || fail option-v "status $rc, $n pass lines"
run --version
grep -qE 'version 5\.6' "$TMP/out" "$TMP/err" && pass version || fail version "$(first_line "$TMP/out")"
run --help
[ $rc = 0 ] && grep -q -- -e "$TMP/out" && pass help || fail help "status $rc"
# Options that mean nothing here are taken quietly.
run -R /nowhere -B CONFIG_X=y --ldd --all-modules -d /bin/sh -s 4 -k -e "$hello"
expect quiet-options 0 hi
[ -s "$TMP/err" ] && fail quiet-options-err "$(first_line "$TMP/err")" || pass quiet-options-err

# Installed, and from another folder.
if make --no-print-directory BUILD="$BUILD" install PREFIX="$TMP/prefix" >"$TMP/log" 2>&1; then
    (cd / && timeout 20 "$TMP/prefix/bin/stap" -e 'probe oneshot { println(strlen(execname()) > 0) }') >"$TMP/out" 2>"$TMP/err"
    rc=$?
    expect installed 0 1
else
    fail installed "make install: $(tail -n 1 "$TMP/log")"
fi
