# SPDX-License-Identifier: GPL-2.0-or-later
# Packets at netfilter hooks, against traffic whose amount is known.
. "$(dirname "$0")/lib.sh"
TRAFFIC=$BUILD/tests/real/traffic

drops=0
run -p2 -e 'probe netfilter.hook("NF_INET_LOCAL_OUT").pf("NFPROTO_IPV4") { println($hooknum) }'
if [ $rc != 0 ]; then
    skip netfilter "$(grep -m 1 'this kernel' "$TMP/err" | cut -c1-150)"
    exit 0
fi
run -c "$TRAFFIC udp 127.0.0.1 7010 25 40" -e '
global n
probe netfilter.ipv4.local_out { if (dport == 7010 && protocol == ipproto_udp && execname() == "traffic") n["out", saddr, daddr, outdev_name, length]++ }
probe netfilter.ipv4.local_in { if (dport == 7010) n["in", saddr, daddr, indev_name, length]++ }
probe end { foreach ([a, b, c, d, e] in n) printf("%s %s %s %s %d %d\n", a, b, c, d, e, n[a, b, c, d, e]); delete n }'
[ "$(sort "$TMP/out")" = $'in 127.0.0.1 127.0.0.1 lo 68 25\nout 127.0.0.1 127.0.0.1 lo 68 25' ] && pass netfilter-udp ||
    fail netfilter-udp "$(head -c 300 "$TMP/out") $(first_line "$TMP/err")"

# Three connections: what each side sets in the flags.
run -c "$TRAFFIC tcp 127.0.0.1 7011 3 10" -e '
global n
probe netfilter.hook("NF_INET_LOCAL_OUT").pf("NFPROTO_IPV4").priority("NF_IP_PRI_MANGLE") { if ($skb->len) n["hook", $hooknum]++ }
probe netfilter.ip.local_out {
    if (protocol != 6 || (dport != 7011 && sport != 7011)) next
    n["all", 3]++
    if (syn && !ack) n["syn", dport]++
    if (syn && ack) n["synack", sport]++
    if (fin) n["fin", 0]++
}
probe end { println(n["syn", 7011], " ", n["synack", 7011], " ", n["fin", 0], " ", n["hook", 3] >= n["all", 3]); delete n }'
expect netfilter-tcp 0 '3 3 6 1'

run -c "$TRAFFIC udp 127.0.0.1 7012 5 10" examples/who-sent.stp
grep -qE '^ +traffic +[0-9]+ +17 127\.0\.0\.1 +7012 +5 +190$' "$TMP/out" && pass who-sent ||
    fail who-sent "$(head -c 300 "$TMP/out") $(first_line "$TMP/err")"

# What is wrong is said.
run -p2 -e 'probe netfilter.hook("NF_INET_LOCAL_OOT").pf("NFPROTO_IPV4") { println($hooknum) }'
[ $rc = 1 ] && grep -q "unknown hook 'NF_INET_LOCAL_OOT' (similar: NF_INET_LOCAL_OUT" "$TMP/err" && pass netfilter-hook || fail netfilter-hook "$(cat "$TMP/err")"
run -p2 -e 'probe netfilter.arp.in { println(1) }'
[ $rc = 1 ] && grep -q 'not at those of ARP' "$TMP/err" && pass netfilter-arp || fail netfilter-arp "$(cat "$TMP/err")"
run -p2 -e 'probe netfilter.hook("NF_INET_LOCAL_OUT").pf("NFPROTO_IPV4") { println($okfun) }'
[ $rc = 1 ] && grep -q 'alternatives: .*\$okfn' "$TMP/err" && pass netfilter-variable || fail netfilter-variable "$(cat "$TMP/err")"

# With -g packets can be dropped: the sender hears of it. In a handler with a loop too.
for handler in 'n++; if (n == 5) { $verdict = nf_drop } ' 'for (i = 0; i < 5; i++) if (n == 4) $verdict = nf_drop; n++;' 'n++; if (n == 5) $verdict--; else { $verdict = 0; $verdict++ }'; do
    run -g -c "$TRAFFIC udpsend 127.0.0.1 7013 10 40" -e 'global n, seen
probe netfilter.ipv4.local_out { if (dport == 7013) { '"$handler"' println(n, " ", $verdict) } }
probe netfilter.ipv4.local_in { if (dport == 7013) seen++ } probe end { println("in ", seen) }'
    expect "netfilter-drop-$((++drops))" 1 $'1 1\n2 1\n3 1\n4 1\n5 0\nin 4'
done
run -g -c "$TRAFFIC udpsend 127.0.0.1 7013 1 40" -e 'probe netfilter.ipv4.local_out { if (dport == 7013) try { $verdict = nf_queue } catch (e) { println(e, " ", $verdict) } }'
expect netfilter-queue 0 'a packet is dropped (0) or accepted (1), 3 is neither 1'
run -p2 -e 'probe netfilter.ipv4.local_out { $verdict = nf_drop }'
[ $rc = 1 ] && grep -q 'need stap -g' "$TMP/err" && pass netfilter-guru || fail netfilter-guru "$rc $(first_line "$TMP/err")"
run -c "$TRAFFIC udpsend 127.0.0.1 7013 1 40" -e 'probe netfilter.ipv4.local_out { if (dport == 7013) { s = $skb; println($skb == s, s->len == $skb->len, " ", $$vars =~ "^hooknum=0x3 skb=0x") } }'
expect netfilter-pointers 0 '11 1'
