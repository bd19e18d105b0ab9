# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: every system call with known arguments, printed and as a value, on a verifier
# and with calls of another kernel than the host's.
. "$(dirname "$0")/../real/lib.sh"
LIMIT=90
EXERCISER=$BUILD/tests/real/exerciser

for how in printed value; do
    if [ $how = printed ]; then
        show='println(name, "(", argstr, ")")' end=
    else
        show='seen[shown++] = name . "(" . argstr . ")"'
        end='global shown, seen[2000] probe end { foreach (i+ in seen) println(seen[i]) }'
    fi
    run -e "global on
probe syscall.* {
    if (pid() != target()) next
    if (name == \"close\" && argstr == \"-77\") { on = 1; next }
    if (name == \"close\" && argstr == \"-78\") on = 0
    if (on) $show
}
$end" -c "$EXERCISER $TMP/entries $TMP/returns"
    different=$(diff "$TMP/entries" "$TMP/out" | grep '^[<>]' | head -n 2 | tr '\n' ' ')
    if [ "$rc" = 0 ] && [ -s "$TMP/entries" ] && [ -z "$different" ]; then
        pass syscalls-$how
    else
        fail syscalls-$how "status $rc: $different $(first_line "$TMP/err")"
    fi
done
