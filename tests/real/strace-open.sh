# SPDX-License-Identifier: GPL-2.0-or-later
# examples/strace-open.stp while a known program opens known files.
. "$(dirname "$0")/lib.sh"

cp "$CALLER" "$TMP/opener"
files=(plain 'with space' 'qu"ote' $'new\nline' $'t\tab' 'back\slash' $'caf\303\251' "$(printf 'long%.0s' {1..40})")
# The same names as the script must show them.
shown=(plain 'with space' 'qu\"ote' 'new\nline' 't\tab' 'back\\slash' 'caf\u00E9' "$(printf 'long%.0s' {1..40})")
for f in "${files[@]}"; do : >"$TMP/$f"; done

"$STAP" examples/strace-open.stp >"$TMP/out" 2>"$TMP/err" </dev/null &
stap=$!
started=$SECONDS
seen() { cat "$TMP/plain"; grep -qF "\"$TMP/plain\"" "$TMP/out"; }
if ! wait_for 4 seen; then
    fail attach "no open was shown within 4 s: $(first_line "$TMP/err")"
    kill -KILL $stap 2>/dev/null
    exit 0
fi
pass attach

paths=()
for f in "${files[@]}"; do paths+=("$TMP/$f"); done
"$TMP/opener" "${paths[@]}" "$TMP/absent" / "$TMP/plain/below" &
opener=$!
wait $opener
wait $stap
rc=$?
[ $rc = 0 ] && pass status || fail status "exit status $rc"
within duration 3 6 $((SECONDS - started))

grep -aF "opener($opener) open (" "$TMP/out" >"$TMP/mine"
for i in "${!files[@]}"; do
    n=$(grep -acF "opener($opener) open (AT_FDCWD, \"$TMP/${shown[i]}\", O_RDONLY" "$TMP/mine")
    if [ "$n" = 1 ]; then
        pass "name $((i + 1))"
    else
        fail "name $((i + 1))" "$n lines for ${shown[i]}"
    fi
done
for p in "$TMP/absent" / "$TMP/plain/below"; do
    n=$(grep -acF "opener($opener) open (AT_FDCWD, \"$p\", O_RDONLY" "$TMP/mine")
    [ "$n" = 1 ] && pass "open of $(basename "$p")" || fail "open of $(basename "$p")" "$n lines"
done
# Every line is whole, also those of the other processes of the machine.
bad=$(grep -avc '^.*([0-9]*) open (.*)$' "$TMP/out")
[ "$bad" = 0 ] && pass shape || fail shape "$bad lines of another shape: $(grep -av '^.*([0-9]*) open (.*)$' "$TMP/out" | head -n 1)"
[ -s "$TMP/err" ] && fail stderr "$(first_line "$TMP/err")" || pass stderr

# In the order of events.
order=$(grep -ao "\"$TMP/[a-z]*" "$TMP/mine" | sed 's,.*/,,' | tr '\n' ' ')
want="plain with qu new t back caf $(printf 'long%.0s' {1..40}) absent plain "
[ "$order" = "$want" ] && pass order || fail order "'$order' instead of '$want'"
