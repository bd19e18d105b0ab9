# SPDX-License-Identifier: GPL-2.0-or-later
# The tutorial: each command prints what it shows; its translations show the same commands.
. "$(dirname "$0")/lib.sh"

if ! command -v python3 >/dev/null; then
    skip commands "no python3 here"
    exit 0
fi
tests/run-examples doc/tutorial.md
if tools/sync-tutorial -c >"$TMP/out" 2>&1; then
    pass translations
else
    fail translations "$(first_line "$TMP/out")"
fi
# Every message that it shows is in the list of messages, every page it names is there.
for page in $(grep -ohE 'man [a-z:0-9]+' doc/tutorial*.md | sed 's/man //' | sort -u); do
    case $page in
    function::*) [ -n "$("$STAP" --dump-functions | grep "^${page#function::}[: ]")" ] && pass "page-$page" || fail "page-$page" "no such function" ;;
    error::*) grep -q "^## Pass ${page#error::pass}" doc/errors.md && pass "page-$page" || fail "page-$page" "not made of doc/errors.md" ;;
    *) ls doc/man/"$page".* >/dev/null 2>&1 && pass "page-$page" || fail "page-$page" "not in doc/man" ;;
    esac
done
