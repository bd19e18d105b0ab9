# SPDX-License-Identifier: GPL-2.0-or-later
# The network and the block layer by the library's probes, against traffic whose amount is
# known; the examples of these.  On a kernel that has kprobes.
. "$(dirname "$0")/../real/lib.sh"
TRAFFIC=$BUILD/tests/real/traffic
LIMIT=60
# has NAME PATTERN...: every pattern stands in a line of the output.
has() {
    local name=$1 p
    shift
    for p; do
        grep -qE -- "$p" "$TMP/out" || {
            fail "$name" "no line like '$p': $(head -c 300 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
            return
        }
    done
    pass "$name"
}

# ---- TCP and UDP over loopback ----
run -c "$TRAFFIC tcp 127.0.0.1 7000 5 100" examples/tcp-accept.stp
[ "$(grep -cE '^ +0 +traffic +[0-9]+ +7000 +127\.0\.0\.1$' "$TMP/out")" = 5 ] &&
    pass tcp-accept || fail tcp-accept "$(head -c 300 "$TMP/out") $(first_line "$TMP/err")"

run -c "$TRAFFIC tcp 127.0.0.1 7001 4 300" -e '
global sent, got, calls, ends
probe tcp.sendmsg { if (execname() == "traffic") { sent += size; calls++; ends[saddr, daddr, dport, family]++ } }
probe tcp.recvmsg.return { if (execname() == "traffic" && size > 0) got += size }
probe end { println(sent, " ", got, " ", calls, " ", ends["127.0.0.1", "127.0.0.1", 7001, 2]); sent = got = calls = 0; delete ends }'
expect tcp-amounts 0 '1200 1200 4 4'

run -c "$TRAFFIC udp 127.0.0.1 7002 6 50" -e '
global sent, got
probe udp.sendmsg { if (execname() == "traffic") sent += size }
probe udp.recvmsg.return { if (execname() == "traffic" && size > 0) got += size }
probe end { println(sent, " ", got); sent = got = 0 }'
expect udp-amounts 0 '300 300'

run -c "$TRAFFIC tcp 127.0.0.1 7003 3 10" -e '
global n
probe socket.sendmsg.return { if (execname() == "traffic" && success) n["send", family, type] += size }
probe socket.create.return { if (execname() == "traffic" && err == 0) n["create", family, type]++ }
probe end { println(n["send", 2, 1], " ", n["create", 2, 1]); delete n }'
expect socket-probes 0 '30 4'

run -c "$TRAFFIC tcp 127.0.0.1 7004 3 10" -e '
global n
probe tcpmib.ActiveOpens { n["active"] += op }
probe tcpmib.PassiveOpens { n["passive"] += op }
probe tcpmib.CurrEstab { if (op > 0) n["established"]++; else n["left"]++ }
probe ipmib.InReceives { n["in"]++ }
probe ipmib.OutRequests { n["out"]++ }
probe tcp.ipv4.receive { if (syn && !ack && dport == 7004 && saddr == "127.0.0.1") n["syn"]++ }
probe end { println(n["active"], " ", n["passive"], " ", n["established"], " ", n["left"], " ", n["syn"], " ", n["in"] == n["out"]); delete n }'
expect tcp-counters 0 '3 3 6 6 3 1'

# Both ends of each connection are here: both are seen.
run -c "$TRAFFIC tcp 127.0.0.1 7005 2 10" examples/tcp-states.stp 127.0.0.1 7005
n=$(grep -c ' -> TCP_ESTABLISHED$' "$TMP/out")
[ "$n" = 4 ] && grep -q 'TCP_CLOSE *-> TCP_SYN_SENT' "$TMP/out" &&
    pass tcp-states || fail tcp-states "$n times established: $(head -c 300 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"

# ---- two network namespaces ----
if modprobe veth 2>/dev/null && ip netns add peer 2>"$TMP/err"; then
    ip link add v0 type veth peer name v1 netns peer
    ip addr add 10.9.8.1/24 dev v0 && ip link set v0 up
    ip -n peer addr add 10.9.8.2/24 dev v1 && ip -n peer link set v1 up && ip -n peer link set lo up
    sleep 1
    run -c "$TRAFFIC udpsend 10.9.8.2 9 20 72" -e '
    global n, b
    probe netdev.transmit { if (dev_name == "v0" && execname() == "traffic" && protocol == 8) { n["tx"]++; b["tx"] += length } }
    probe netdev.receive { if (dev_name == "v1" && protocol == 8) { n["rx"]++; b["rx"] += length } }
    probe end { println(n["tx"], " ", b["tx"], " ", n["rx"], " ", b["rx"]); delete n; delete b }'
    expect netdev-namespaces 0 '20 2280 20 2000'
    ip netns exec peer "$TRAFFIC" serve 10.9.8.2 7100 8 &
    server=$!
    wait_for 10 sh -c "ip netns exec peer cat /proc/net/tcp | grep -q ':1BBC '"
    run -c "$TRAFFIC send 10.9.8.2 7100 8 1000" examples/net-receive.stp
    has net-receive '^ *PID +UID DEVICE +PACKETS +BYTES PROGRAM$' ' v1 +[0-9]+ +[0-9]+ '
    wait $server
    ip netns del peer
else
    skip netdev-namespaces "no network namespaces here: $(first_line "$TMP/err")"
fi

# ---- files ----
run -c 'dd if=/dev/zero of=/dev/null bs=10 count=50 status=none' -e '
global n
probe vfs.read.return { if (execname() == "dd" && bytes_read == 10 && error == 0 && bytes_to_read == 10) n["r"]++ }
probe vfs.write { if (execname() == "dd" && bytes_to_write == 10 && pathname == "/dev/null") n["w"]++ }
probe end { println(n["r"], " ", n["w"]); delete n }'
expect vfs-counts 0 '50 50'
run -c 'dd if=/dev/zero of=/dev/null bs=10 count=50 status=none' examples/vfs-latency.stp
has vfs-latency '^vfs.read: [0-9]+ times, on average [0-9]+ ns$' '^vfs.write: [0-9]+ times' '^ *value'
run -c 'cat /etc/hostname' examples/call-tree.stp vfs_read rw_verify_area
has call-tree 'cat\([0-9]+\): -> vfs_read$' 'cat\([0-9]+\):  -> rw_verify_area$' 'cat\([0-9]+\):  <- rw_verify_area$' 'cat\([0-9]+\): <- vfs_read$'

# ---- block devices ----
if modprobe brd rd_nr=1 2>"$TMP/err"; then
    run -c 'dd if=/dev/zero of=/dev/ram0 bs=4096 count=12 oflag=direct status=none' -e '
    global n, next_sector
    probe ioblock.request { if (devname == "ram0" && rw && size == 4096) { n["request", sector == next_sector]++; next_sector += 8 } }
    probe ioblock.end { if (devname == "ram0" && error == 0 && rw) n["end", 1]++ }
    probe end { println(n["request", 1], " ", n["end", 1]); delete n; next_sector = 0 }'
    has ioblock-counts '^12 12$'
    run -c 'dd if=/dev/zero of=/dev/ram0 bs=4096 count=12 oflag=direct status=none' examples/block-io.stp
    has block-io '^ram0 +dd +W +12 +49152$' '^ram0: microseconds'
else
    skip ioblock-counts "no ram disk: $(first_line "$TMP/err")"
fi
