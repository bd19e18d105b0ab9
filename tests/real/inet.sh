# SPDX-License-Identifier: GPL-2.0-or-later
# Functions about sockets and packets on a connection over the loopback device.
. "$(dirname "$0")/lib.sh"

# Prints the port of the server and that of the client, each as "PORT CLIENT".
cat >"$TMP/talk.pl" <<'END'
use IO::Socket::INET;
my ($family) = @ARGV;
my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", Proto => "tcp") or die;
my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die;
my $s = $l->accept;
print $c "words\n"; $c->flush; <$s>;
open my $f, ">", "$ENV{PORTS}" or die;
print $f $l->sockport, " ", $c->sockport, "\n";
close $f; close $c; close $s;
END
export PORTS=$TMP/ports

talk() {
    run -c "perl $TMP/talk.pl" -e "$1"
    read -r server client <"$PORTS"
}
talk 'probe kernel.trace("inet_sock_set_state") {
    if (execname() != "perl" || !$newstate || $newstate > 2 || $oldstate == 3) next
    printf("%s %s:%d %s:%d\n", tcp_sockstate_str($newstate), inet_get_ip_source($sk), inet_get_local_port($sk), inet_get_ip_dest($sk), inet_get_dest_port($sk)) }'
expect connecting 0 "TCP_SYN_SENT 127.0.0.1:0 127.0.0.1:$server
TCP_ESTABLISHED 127.0.0.1:$client 127.0.0.1:$server"
# When a socket is taken down, all that is known of its connection still is.
talk '
probe kernel.trace("tcp_destroy_sock") {
    if (execname() != "perl" || !inet_get_dest_port($sk)) next
    printf("%d %d %s %s %d %d\n", tcpmib_local_port($sk), tcpmib_remote_port($sk), ip_ntop(htonl(tcpmib_local_addr($sk))), ip_ntop(htonl(tcpmib_remote_addr($sk))), tcpmib_get_state($sk) == tcp_ts_get_info_state($sk), tcp_get_info_rto($sk) >= 100000 && tcp_get_info_rto($sk) <= 3000000 && tcp_get_info_snd_cwnd($sk) >= 1 && tcp_ts_get_info_snd_ssthresh($sk) >= 2 && tcp_ts_get_info_rcv_mss($sk) > 0) }'
if [ $rc = 0 ] && sort "$TMP/out" | grep -qx "$client $server 127.0.0.1 127.0.0.1 1 1"; then
    pass sockets
else
    fail sockets "status $rc, ports $client $server: $(head -n 3 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
fi
# Packets: as they go out, and as TCP takes them.
talk 'probe kernel.trace("net_dev_queue") {
    if (execname() != "perl" || ipmib_get_proto($skb) != 6) next
    printf("%d %d %s %s %s\n", ipmib_tcp_local_port($skb, 1), ipmib_tcp_remote_port($skb, 1), ip_ntop(htonl(ipmib_local_addr($skb, 1))), ip_ntop(htonl(ipmib_remote_addr($skb, 1))), get_netdev_name(@cast($skb, "sk_buff", "kernel")->dev)) }'
if [ $rc = 0 ] && grep -qx "$client $server 127.0.0.1 127.0.0.1 lo" "$TMP/out" &&
    grep -qx "$server $client 127.0.0.1 127.0.0.1 lo" "$TMP/out"; then
    pass packets-out
else
    fail packets-out "status $rc, ports $client $server: $(head -n 3 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
fi
talk 'probe kernel.trace("tcp_probe") {
    if (execname() == "perl")
        printf("%d %d %d\n", ipmib_tcp_local_port($skb, 0), ipmib_tcp_remote_port($skb, 0), ipmib_get_proto($skb)) }'
if [ $rc = 0 ] && grep -qx "$server $client 6" "$TMP/out"; then
    pass packets-in
else
    fail packets-in "status $rc, ports $client $server: $(head -n 3 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
fi
