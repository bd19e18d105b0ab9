# SPDX-License-Identifier: GPL-2.0-or-later
# For the scripts beside this file: each is run by tests/run-tests with RESULTS,
# STAP, BUILD, LABEL and GROUP set.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
LABEL=${LABEL-}real/$GROUP/
. tests/lib.sh
TOP=$PWD
CALLER=$BUILD/tests/real/caller
BPFCOUNT=$BUILD/tests/real/bpfcount
TMP=$(mktemp -d)
chmod 755 "$TMP"
trap 'rm -rf "$TMP"' EXIT
# A session that hangs is ended, and its test fails by the status 137.
LIMIT=30

# run NAME ARGUMENTS...: output in $TMP/out and $TMP/err, status in $rc.
run() {
    timeout -s KILL "$LIMIT" "$STAP" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
    rc=$?
}
first_line() { head -n 1 "$1" | cut -c1-200; }

# expect NAME STATUS STDOUT: what the last run gave; the text of STDOUT ends with
# a newline by itself unless it is empty.
expect() {
    local want=$3
    if [ "$rc" != "$2" ]; then
        fail "$1" "exit status $rc instead of $2: $(first_line "$TMP/err")"
    elif [ "$(cat "$TMP/out")" != "$want" ]; then
        fail "$1" "printed '$(head -c 200 "$TMP/out")' instead of '$(printf %s "$want" | head -c 200)'"
    else
        pass "$1"
    fi
}

# within NAME LOW HIGH VALUE
within() {
    if [[ ${4-} =~ ^-?[0-9]+$ ]] && [ "$4" -ge "$2" ] && [ "$4" -le "$3" ]; then
        pass "$1"
    else
        fail "$1" "'${4-}' is not in $2 … $3: $(first_line "$TMP/err")"
    fi
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@" 2>/dev/null; do
        [ $SECONDS -ge $until ] && return 1
        sleep 0.05
    done
}

bpf_objects() { "$BPFCOUNT" | sort; }

# gone NAME BEFORE DURING: of what stood in DURING and not in BEFORE nothing is
# left.  Other users of eBPF on the machine come and go: only ids that stay count.
gone() {
    local new
    new=$(comm -13 <(printf '%s\n' "$2") <(printf '%s\n' "$3"))
    nothing_left() { [ -z "$(comm -12 <(printf '%s\n' "$new") <(bpf_objects))" ]; }
    if [ -z "$new" ]; then
        fail "$1" "the session had nothing loaded while it ran"
    elif wait_for 5 nothing_left; then
        pass "$1"
    else
        fail "$1" "still there: $(comm -12 <(printf '%s\n' "$new") <(bpf_objects) | tr '\n' ' ')"
    fi
}

# some NAME OPTION PATTERN LEAST REGEX: at least that many lines, sorted, no line twice, all like that.
some() {
    run "$2" "$3"
    local n odd
    n=$(wc -l <"$TMP/out")
    odd=$(grep -vE -m 1 -- "$5" "$TMP/out")
    if [ $rc != 0 ] || [ "$n" -lt "$4" ]; then
        fail "$1" "status $rc, $n lines: $(first_line "$TMP/err")"
    elif [ -n "$odd" ]; then
        fail "$1" "lists '$odd'"
    elif [ "$(LC_ALL=C sort -u "$TMP/out" | cksum)" != "$(cksum <"$TMP/out")" ]; then
        fail "$1" "not sorted, or lines twice"
    else
        pass "$1"
    fi
}
