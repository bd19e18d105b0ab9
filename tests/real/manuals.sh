# SPDX-License-Identifier: GPL-2.0-or-later
# Manual pages, completion, make install and uninstall.
. "$(dirname "$0")/lib.sh"

MAN=$TMP/man
tools/make-manuals "$MAN" >"$TMP/out" 2>&1
[ $? = 0 ] && [ ! -s "$TMP/out" ] && pass made || fail made "$(first_line "$TMP/out")"
for page in stap.1 staprun.8 stapprobes.3stap stapfuncs.3stap stapvars.3stap stapex.3stap error::pass1.7stap \
    error::pass2.7stap error::pass3.7stap error::pass4.7stap error::pass5.7stap error::fault.7stap; do
    [ -s "$MAN/$page" ] && pass "page-$page" || fail "page-$page" "is not there"
done

if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning "$MAN"/* >"$TMP/lint" 2>&1
    [ -s "$TMP/lint" ] && fail mandoc "$(first_line "$TMP/lint")" || pass mandoc
else
    skip mandoc "no mandoc here"
fi
if command -v man >/dev/null && command -v groff >/dev/null; then
    # The generated ones are alike: a few of them, and all that are written by hand.
    for f in "$MAN"/stap* "$MAN"/error::pass2* "$MAN"/tapset::[n-t]c*.3stap "$MAN"/tapset::syscalls.3stap "$MAN"/function::sp*; do
        LC_ALL=C.UTF-8 man --warnings -l "$f" 2>&1 >/dev/null
    done >"$TMP/lint"
    [ -s "$TMP/lint" ] && fail groff "$(first_line "$TMP/lint")" || pass groff
else
    skip groff "no man or groff here"
fi

# missing NAME FILE...: names in $TMP/names that the page does not have.
missing() {
    local name=$1 word lost=
    shift
    sed 's/\\-/-/g; s/\\(dq/"/g; s/\\f[A-Z]//g' "$@" >"$TMP/page"
    while read -r word; do
        grep -qF -- "$word" "$TMP/page" || lost="$lost $word"
    done <"$TMP/names"
    [ -z "$lost" ] && pass "$name" || fail "$name" "does not have:$lost"
}
"$STAP" --help | grep -oE '^  (-[a-zA-Z]|--[a-z-]+)' | tr -d ' ' | grep -vx -- -- >"$TMP/names"
missing options "$MAN/stap.1"
"$BUILD/staprun" -h | grep -oE '^  -[a-zA-Z]' | tr -d ' ' >"$TMP/names"
missing staprun-options "$MAN/staprun.8"
"$STAP" --dump-probe-types | sed 's/\..*//; s/(.*//' | sort -u >"$TMP/names"
missing families "$MAN/stapprobes.3stap"
"$STAP" --dump-functions | sed 's/[: ].*//' | sort -u >"$TMP/names"
missing functions "$MAN/stapfuncs.3stap"
lost=
while read -r f; do
    sed -n '/^\.SH DESCRIPTION/,/^\.SH SEE/p' "$MAN/function::$f.3stap" 2>/dev/null | sed 1d | grep -q '^[A-Za-z0-9"\]' || lost="$lost $f"
done <"$TMP/names"
[ -z "$lost" ] && pass function-pages || fail function-pages "no page, or no doc comment in the library:$lost"
"$STAP" --dump-probe-aliases | grep -vE '^(nd_)?syscall\.' | sed 's/\..*//; s/ .*//' | sort -u >"$TMP/names"
missing alias-families "$MAN"/tapset::*
sed -n 's/.*\[man \([a-z:0-9]*\)\].*/\1/p; s/.*\[man error::pass%d\].*/error::pass5/p' src/*/*.c | sort -u >"$TMP/names"
lost=
while read -r p; do [ -e "$MAN/$p.7stap" ] || lost="$lost $p"; done <"$TMP/names"
[ -s "$TMP/names" ] && [ -z "$lost" ] && pass pages-that-messages-name || fail pages-that-messages-name "not there:$lost"

# make install, and what it left after make uninstall.
if make --no-print-directory BUILD="$BUILD" DESTDIR="$TMP/root" PREFIX=/usr install >"$TMP/out" 2>&1; then
    pass install
else
    fail install "$(tail -n 1 "$TMP/out")"
fi
for f in bin/stap bin/staprun share/man/man1/stap.1 share/man/man8/staprun.8 share/man/man3/tapset::tcp.3stap \
    share/man/man7/error::pass2.7stap share/bash-completion/completions/stap share/zsh/site-functions/_stap \
    share/stap/tapset/tcp.stp share/stap/tapset/.index share/stap/examples/hello-world.stp; do
    [ -e "$TMP/root/usr/$f" ] && pass "installed-$f" || fail "installed-$f" "is not there"
done
timeout 20 "$TMP/root/usr/bin/stap" "$TMP/root/usr/share/stap/examples/hello-world.stp" >"$TMP/out" 2>"$TMP/err" </dev/null
rc=$?
[ $rc = 0 ] && [ -s "$TMP/out" ] && pass installed-runs || fail installed-runs "status $rc: $(first_line "$TMP/err")"
if command -v man >/dev/null && [ "$(MANPATH=$TMP/root/usr/share/man man -w 3stap tapset::tcp 2>/dev/null)" != "" ]; then
    pass found-by-man
elif command -v man >/dev/null; then
    fail found-by-man "man -w does not find tapset::tcp"
else
    skip found-by-man "no man here"
fi
make --no-print-directory BUILD="$BUILD" DESTDIR="$TMP/root" PREFIX=/usr uninstall >"$TMP/out" 2>&1
left=$(find "$TMP/root" ! -type d | head -n 3)
[ -z "$left" ] && pass uninstall || fail uninstall "left $left"

# completed NAME WORD PREVIOUS EXPECTED...: what bash would offer.
mkdir "$TMP/bin" "$TMP/work"
ln -s "$STAP" "$TMP/bin/stap"
touch "$TMP/work/one.stp" "$TMP/work/one.txt" "$TMP/work/two.stapo"
completed() {
    local name=$1 word=$2 prev=$3 got
    shift 3
    got=$(cd "$TMP/work" && PATH=$TMP/bin:$PATH timeout 20 bash -c '
        source "$1"
        ${COMMAND:-_stap} stap "$2" "$3"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$TOP/completion/stap.bash" "$word" "$prev" 2>&1)
    [ "$got" = "$(printf '%s\n' "$@")" ] && pass "$name" || fail "$name" "offers '$(head -c 200 <<<"$got")'"
}
completed complete-option --dump-p stap --dump-probe-types --dump-probe-aliases
completed complete-pass '' -p 1 2 3 4 5
completed complete-script on stap one.stp
completed complete-color al --color always
completed complete-family schedul -l scheduler.
completed complete-alias scheduler.cpu_o -L scheduler.cpu_off scheduler.cpu_on
completed complete-kind kernel.trac -l 'kernel.trace("' 'kernel.tracepoint("'
completed complete-tracepoint 'kernel.trace("sched:sched_switc' -l 'kernel.trace("sched:sched_switch")'
completed complete-nothing nosuch. -l ''
COMMAND=_staprun completed complete-image tw staprun two.stapo
bash -c 'source completion/stap.bash; complete -p stap staprun' >"$TMP/out" 2>&1
grep -q 'complete -F _stap stap' "$TMP/out" && pass complete-registered || fail complete-registered "$(first_line "$TMP/out")"
if command -v zsh >/dev/null; then
    zsh -n completion/_stap 2>"$TMP/err" && pass zsh-syntax || fail zsh-syntax "$(first_line "$TMP/err")"
    got=$(PATH=$TMP/bin:$PATH timeout 20 zsh -fc "source completion/_stap; _stap_points scheduler.cpu_o | sort -u | tr '\n' ' '")
    [ "$got" = 'scheduler.cpu_off scheduler.cpu_on ' ] && pass zsh-points || fail zsh-points "offers '$got'"
    # The function as zsh loads it, with the parts of the completion system that it calls replaced.
    got=$(PATH=$TMP/bin:$PATH timeout 20 zsh -fc '
        fpath=(completion $fpath); autoload -U _stap; service=stap PREFIX=timer.pro
        _arguments() { print -rl -- $@ | grep -c POINT_OR_OPTION; _stap_complete_points }
        compadd() { print -rl -- $@[4,-1] }
        _stap' 2>&1 | tr '\n' ' ')
    case $got in
    *timer.profile*) pass zsh-function ;;
    *) fail zsh-function "offers '$got'" ;;
    esac
    # Every option of --help is offered.
    "$STAP" --help | grep -oE '^  (-[a-zA-Z]|--[a-z-]+)' | tr -d ' ' | grep -vx -- -- >"$TMP/names"
    missing zsh-options completion/_stap
else
    skip zsh "no zsh here"
fi
"$STAP" --help | grep -oE '^  (-[a-zA-Z]|--[a-z-]+)' | tr -d ' ' | grep -vx -- -- >"$TMP/names"
missing bash-options completion/stap.bash
"$STAP" -l 'syscall.*' >"$TMP/names"
missing syscalls "$MAN/tapset::syscalls.3stap"

# The scripts that the pages show are scripts.
sed -n "/^stap .*\\\\-e '/,/'\$/p" doc/man/stap.1 doc/man/stapex.3stap | sed 's/\\-/-/g; s/\\e/\\/g' |
    perl -0ne 'print "$1\0" while /-e \x27(.*?)\x27\n/sg' >"$TMP/scripts"
printf 'void work(void) { }\nint main(void) { work(); }\n' >"$TMP/program.c"
cc -g -o "$TMP/program" "$TMP/program.c"
n=0
while IFS= read -r -d '' script; do
    n=$((n + 1))
    (cd "$TMP" && timeout 60 "$STAP" -p2 -e "$script") >"$TMP/out" 2>"$TMP/err" </dev/null && pass "example-$n" ||
        fail "example-$n" "$script: $(first_line "$TMP/err")"
done <"$TMP/scripts"
[ $n -ge 6 ] && pass examples || fail examples "only $n found"
