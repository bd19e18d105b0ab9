# SPDX-License-Identifier: GPL-2.0-or-later
# Large scripts load and give what they should.
. "$(dirname "$0")/lib.sh"

# Two thousand statements over scalars, strings and arrays; the same sums in awk.
{
    echo 'global g, h, s, a'
    echo 'probe oneshot {'
    for ((i = 0; i < 2000; i += 8)); do
        echo "g += $i; h = g * $((i % 7 + 1)) % 1000"
        echo "if (g > $i) h++"
        echo "a[$((i % 50))] = h; s = s . \"x\""
        echo "h -= a[$((i * 3 % 50))]; g ^= $i; a[$((i % 10))] += $i"
    done
    echo 'println(g, " ", h, " ", strlen(s)) }'
} >"$TMP/statements.stp"
g=0 h=0 n=0
declare -A a
for ((i = 0; i < 2000; i += 8)); do
    ((g += i, h = g * (i % 7 + 1) % 1000))
    ((g > i && (h += 1)))
    a[$((i % 50))]=$h
    ((n += 1, h -= ${a[$((i * 3 % 50))]-0}, g ^= i))
    a[$((i % 10))]=$((${a[$((i % 10))]-0} + i))
done
run -DMAXACTION_INTERRUPTIBLE=10000 "$TMP/statements.stp"
expect statements 0 "$g $h $n"

{
    echo 'global c, n'
    for ((i = 0; i < 300; i++)); do
        if ((i % 2)); then
            echo "probe timer.ms($((10 + i % 50))) { c[$i]++; n += $i }"
        else
            echo "probe kernel.trace(\"sched:sched_switch\") { c[$i]++; if (pid() == $i) n++ }"
        fi
    done
    echo 'probe timer.ms(500) { exit() } probe end { k = 0; foreach (x in c) k++; println(k); n = 0 }'
} >"$TMP/probes.stp"
run -DMAXACTION_INTERRUPTIBLE=10000 -w "$TMP/probes.stp"
[ "$rc" = 0 ] && [ "$(head -n 1 "$TMP/out")" = 300 ] && pass probes || fail probes "status $rc, $(first_line "$TMP/out") $(first_line "$TMP/err")"

nest() { # DEPTH BODY
    local loops='' i
    for ((i = 0; i < $1; i++)); do loops+="for (i$i = 0; i$i < 3; i$i++) "; done
    echo "global n probe oneshot { $loops { $2 } println(n) n = 0 }"
}
run -DMAXACTION_INTERRUPTIBLE=10000 -e "$(nest 5 'n += i0 * 81 + i1 * 27 + i2 * 9 + i3 * 3 + i4')"
expect loops 0 29403

text=execname\(\)
want=0
for ((i = 1; i <= 40; i++)); do
    text+=" . sprint($i)"
    ((want += ${#i}))
done
run -e "probe oneshot { println(strlen($text) - strlen(execname())) }"
expect concatenations 0 $want
