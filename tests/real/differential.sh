# SPDX-License-Identifier: GPL-2.0-or-later
# Random programs against an evaluator of their own: some of them, among these all that once went
# wrong (too many values on the stack of a handler).  tests/fuzz/differential runs more by hand.
. "$(dirname "$0")/lib.sh"
if ! command -v python3 >/dev/null; then
    skip programs "no python3 here"
    exit 0
fi
for range in 1:12 108:1 649:1; do
    if tests/fuzz/differential -s "${range%:*}" -n "${range#*:}" "$STAP" >"$TMP/out" 2>&1; then
        pass "programs-$range"
    else
        fail "programs-$range" "$(head -c 500 "$TMP/out")"
    fi
done
