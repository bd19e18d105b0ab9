# SPDX-License-Identifier: GPL-2.0-or-later
# What stap says of a script: every message is in doc/errors.md, which shows what
# provokes it; warnings; colours.
. "$(dirname "$0")/lib.sh"

if ! command -v python3 >/dev/null; then
    skip entries "no python3 here"
else
    if tools/check-messages >"$TMP/out" 2>&1; then
        pass entries
    else
        fail entries "messages and doc/errors.md differ:"
        head -20 "$TMP/out"
    fi
    tests/run-examples --errors -j 3 doc/errors.md
fi

# says NAME LINE...: standard error of the last run, all of it.
says() {
    local name=$1
    shift
    printf '%s\n' "$@" >"$TMP/want"
    if diff "$TMP/want" "$TMP/err" >"$TMP/diff"; then
        pass "$name"
    else
        fail "$name" "standard error differs (<: expected)"
        head -20 "$TMP/diff"
    fi
}
# The same, without the names of files and the passes' line.
text_of() { sed -e '/^ /d' -e '/^$/d' -e 's/ at [^ ]*$//' "$TMP/err"; }

cd "$TMP" || exit 1
cat >"$TMP/w.stp" <<'END'
global used, unused, never_written
probe oneshot {
    count = 3
    cuont = 4
    7; 8
    if (never_written + coutn) used++
    println(used)
}
END
run w.stp
text_of >"$TMP/text"
expected="WARNING: never-assigned local variable 'coutn' (similar: count, cuont, used, never_written): identifier 'coutn'
WARNING: never-assigned global variable 'never_written' (similar: never_written, used): identifier 'never_written'
WARNING: Eliding assignment to 'count': operator '='
WARNING: Eliding assignment to 'cuont': operator '='
WARNING: Eliding side-effect-free expression : identifier 'count'
WARNING: Eliding unused variable 'unused': identifier 'unused'
Number of similar warning messages suppressed: 3.
Rerun with -v to see them."
if [ "$(cat "$TMP/text")" = "$expected" ] && [ $rc = 0 ] && [ "$(cat "$TMP/out")" = 0 ]; then
    pass warned-once
else
    fail warned-once "status $rc, said: $(cat "$TMP/text")"
fi
run -v w.stp
[ "$(grep -c 'WARNING: Eliding side-effect-free' "$TMP/err")" = 4 ] && pass warned-all ||
    fail warned-all "$(grep -c 'WARNING: Eliding side-effect-free' "$TMP/err") warnings with -v"
run -w w.stp
expect no-warnings 0 0
[ -s "$TMP/err" ] && fail no-warnings-said "$(first_line "$TMP/err")" || pass no-warnings-said
run -W w.stp
expect warnings-are-errors 1 ''
grep -q '^Pass 2: analysis failed' "$TMP/err" && pass warnings-are-errors-said ||
    fail warnings-are-errors-said "$(tail -n 1 "$TMP/err")"
run -w -W -e 'probe oneshot { println(x + 1) }'
expect no-warnings-are-no-errors 0 1
run -W -e 'probe oneshot { println("fine") }'
expect nothing-to-warn-of 0 fine

# An error: kind, text, token, position, line, caret, hint.
printf 'probe begin {\n\tprintln(pdi())\n}\n' >"$TMP/e.stp"
run e.stp
says error \
    "semantic error: unresolved function pdi (similar: pid, pn, pp, ppid, HZ): identifier 'pdi' at e.stp:2:10" \
    "        source: 	println(pdi())" \
    "                	        ^" \
    "   hint: stap --dump-functions lists the functions of the library" \
    "" \
    "Pass 2: analysis failed.  [man error::pass2]"

# Colours: always, never, on a terminal, by the environment.
esc=$(printf '\033')
colored() { grep -c "$esc\\[" "$TMP/err"; }
run --color=always e.stp
grep -qF "$esc[01;31m$esc[Ksemantic error:$esc[m$esc[K " "$TMP/err" && grep -qF "$esc[00;34m$esc[Ke.stp:2:10$esc[m$esc[K" "$TMP/err" &&
    grep -qF "println($esc[01m$esc[Kpdi$esc[m$esc[K())" "$TMP/err" && pass color-always || fail color-always "$(cat -v "$TMP/err")"
run e.stp
[ "$(colored)" = 0 ] && pass color-auto-file || fail color-auto-file "coloured in a file"
SYSTEMTAP_COLORS='error=04:nonsense=1:source=x' run --color=always e.stp
grep -qF "$esc[04m$esc[Ksemantic error:" "$TMP/err" && grep -qF "$esc[00;34m$esc[Ke.stp" "$TMP/err" && pass color-environment ||
    fail color-environment "$(cat -v "$TMP/err" | head -n 1)"
if command -v script >/dev/null; then
    # on_terminal NAME yes|no VARIABLE=VALUE... -- OPTION...
    on_terminal() {
        local name=$1 want=$2 env=()
        shift 2
        while [ "$1" != -- ]; do env+=("$1"); shift; done
        shift
        env TERM=xterm "${env[@]}" script -qec "'$STAP' $* e.stp" /dev/null >"$TMP/tty" 2>&1 </dev/null
        if grep -q "$esc\\[01;31m" "$TMP/tty"; then got=yes; else got=no; fi
        [ $got = "$want" ] && grep -q 'semantic error' "$TMP/tty" && pass "$name" ||
            fail "$name" "coloured: $got: $(first_line "$TMP/tty")"
    }
    on_terminal color-terminal yes --
    on_terminal color-never no -- --color=never
    on_terminal color-dumb no TERM=dumb --
    on_terminal color-no-color no NO_COLOR=1 --
    on_terminal color-none-wanted no SYSTEMTAP_COLORS= --
    # A narrow terminal: the text is whole, lines are the terminal's to break.
    script -qec "stty cols 20; '$STAP' e.stp" /dev/null >"$TMP/tty" 2>&1 </dev/null
    grep -q "identifier 'pdi' at .*e.stp:2:10" "$TMP/tty" && pass narrow-terminal ||
        fail narrow-terminal "$(first_line "$TMP/tty")"
else
    skip color-terminal "no script(1) here"
fi

# An error at run time: what to do about it stands below the first one only.
run -DMAXERRORS=3 -e 'global a[2] probe begin { for (i = 0; i < 2; i++) a[i] = i } probe timer.ms(5) { a[3] = 1 }'
if [ "$(grep -c '^ERROR: Array overflow' "$TMP/err")" = 4 ] && [ "$(grep -c '^   hint: global NAME\[N\]' "$TMP/err")" = 1 ]; then
    pass hint-once
else
    fail hint-once "$(grep -c '^ERROR' "$TMP/err") errors, $(grep -c hint "$TMP/err") hints"
fi
