# SPDX-License-Identifier: GPL-2.0-or-later
# Kernel functions, on a kernel that has kprobes: counts and values against what
# the processes did.
. "$(dirname "$0")/../real/lib.sh"

run -c 'dd if=/dev/zero of=/dev/null bs=1 count=100 status=none' -e '
global n, sum, returned, null
probe kernel.function("vfs_read") { if (execname() == "dd" && $count == 1) n++ }
probe kernel.function("vfs_read").return { if (execname() == "dd" && $return == 1) returned++ }
probe kprobe.function("vfs_write") {
    if (execname() == "dd" && kernel_string($file->f_path->dentry->d_name->name) == "null") { null++; sum += $count }
}
probe end { println(n, " ", returned, " ", null, " ", sum); n = returned = null = sum = 0 }'
expect kprobe-counts 0 '100 100 100 100'

run -c 'dd if=/dev/zero of=/dev/null bs=3 count=1 status=none' -e '
probe kernel.function("vfs_read") { if (execname() == "dd" && $count == 3) println(ppfunc(), " ", $$parms =~ "^file=0x[0-9a-f]+ buf=0x[0-9a-f]+ count=0x3 pos=", " ", @defined($nothing)) }
probe kernel.function("vfs_read").return { if (execname() == "dd" && $return == 3) println($$return, " ", is_return()) }'
expect kprobe-variables 0 $'vfs_read 1 0\nreturn=0x3 1'

# What a function was called with, at its return.
run -c 'dd if=/dev/zero of=/dev/null bs=3 count=4 status=none' -e 'global n
probe kernel.function("vfs_read").return { if (execname() == "dd" && $count == 3 && @entry($file->f_mode) && $return == @entry($count)) n++ }
probe end { println(n); n = 0 }'
expect kprobe-entry 0 '4'

# Keys made of names of different lengths: one entry for each.
run -c 'sh -c "ls >/dev/null; cat /dev/null; date >/dev/null; ls >/dev/null"' -e '
global c probe kernel.function("vfs_read") { c[execname()] <<< 1 }
probe end { foreach (k+ in c) if (k == "ls" || k == "cat" || k == "date") printf("%s ", k); println("") }'
expect execname-keys 0 'cat date ls '

# One that the compiler gave another name, because it passes less to it than the source says.
run -c 'sleep 0.1' -e 'global n, on probe kernel.trace("sched_switch") { if ($next->pid == target()) on++ }
probe kernel.function("finish_task_switch") { if (pid() == target()) n[ppfunc()]++ }
probe end { println(on > 1 && n["finish_task_switch"] >= on - 1 && n["finish_task_switch"] <= on + 1); delete n }'
if grep -q ' finish_task_switch$' /proc/kallsyms; then skip renamed "this kernel has it as it is"; else expect renamed 0 1; fi

run -e 'probe kernel.function("vfs_raed") { }'
[ $rc = 1 ] && grep -q 'similar functions:.*vfs_read' "$TMP/err" && pass kprobe-similar || fail kprobe-similar "$(first_line "$TMP/err")"
run -e 'probe kernel.function("vfs_read") { println($cuont) }'
[ $rc = 1 ] && grep -q 'alternatives:.*\$count' "$TMP/err" && pass kprobe-variable || fail kprobe-variable "$(first_line "$TMP/err")"

# Hundreds of functions by a pattern; those the kernel does not let us probe are left out.
run -w -T 60 -c 'cat /etc/hostname' -e 'global n probe kernel.function("vfs_*") { n++ } probe end { println(n > 0 ? "hit" : "none"); n = 0 }'
grep -q '^hit' "$TMP/out" && pass kprobe-pattern || fail kprobe-pattern "status $rc: $(first_line "$TMP/err")"

# A function that the source has inline, but the compiler apart: the kernel lets nobody trace it.
if grep -q ' __do_sys_newuname$' /proc/kallsyms; then
    run -e 'probe kernel.function("__do_sys_newuname") { println(1) }'
    grep -q "lets nobody trace '__do_sys_newuname'" "$TMP/err" && pass untraced || fail untraced "status $rc: $(first_line "$TMP/err")"
    run -e 'probe kernel.function("__do_sys_newuname") ? { println(1) } probe begin { println("in place"); exit() }'
    expect untraced-optional 0 'in place'
else
    skip untraced "this kernel has inlined it"
fi
# Root may have more open files than it was given, for the probes too.
limited() (
    ulimit -n 100
    run -w -T 60 -c 'cat /etc/hostname' -e 'global n probe kernel.function("vfs_*") { n++ } probe end { println(n > 0 ? "hit" : "none"); n = 0 }'
    grep -q '^hit' "$TMP/out"
)
limited && pass open-files || fail open-files "$(first_line "$TMP/err")"
# What may be missing may be refused, too.
run -e 'probe kernel.function("get_kprobe") ? { println(1) } probe begin { println("in place"); exit() }'
expect kprobe-refused 0 'in place'

# One program serves many functions and knows which it is.
run -w -T 60 -c 'cat /etc/hostname' -e '
global c probe kernel.function("vfs_o*") { c[probefunc(), pp()]++ }
probe end { println(c["vfs_open", "kernel.function(\"vfs_open\")"] > 0, " ", ["vfs_read", "kernel.function(\"vfs_read\")"] in c); delete c }'
grep -qx '1 0' "$TMP/out" && pass kprobe-shared || fail kprobe-shared "status $rc: $(first_line "$TMP/out") $(first_line "$TMP/err")"

# Statements, addresses, exported functions.
addr=0x$(awk '$2 == "T" && $3 == "vfs_read" { print $1 }' /proc/kallsyms)
run -c "true </etc/hostname" -e "probe kprobe.statement($addr).absolute { println(pp(), \" \", probefunc()); exit() }"
[ "$(head -n 1 "$TMP/out")" != guest ] || sed -i 1d "$TMP/out"
grep -qx "kprobe.statement($addr).absolute vfs_read" "$TMP/out" && pass kprobe-absolute || fail kprobe-absolute "$(first_line "$TMP/out") $(first_line "$TMP/err")"
run -e 'probe kernel.statement("vfs_read+1") { println(1) }'
[ $rc = 1 ] && grep -q "no instruction of 'vfs_read' begins at +0x1" "$TMP/err" && pass kprobe-middle || fail kprobe-middle "status $rc: $(first_line "$TMP/err")"
run -l 'kernel.function("tcp_s*").exported'
grep -qx 'kernel.function("tcp_sendmsg").exported' "$TMP/out" && ! grep -q tcp_sacktag "$TMP/out" && pass kprobe-exported || fail kprobe-exported "$(first_line "$TMP/out")"
# Two more functions, to the count: files that are opened, and what TCP connections go through.
for k in 1 2 3 4 5 6 7; do : >"$TMP/counted-$k"; done
run -c "cat $TMP/counted-1 $TMP/counted-2 $TMP/counted-3 $TMP/counted-4 $TMP/counted-5 $TMP/counted-6 $TMP/counted-7 $TMP/counted-none" -e '
probe kernel.function("do_filp_open") { if (pid() == target() && isinstr(kernel_string($pathname->name), "/counted-")) n++ }
probe kernel.function("do_filp_open").return { if (pid() == target() && isinstr(kernel_string(@entry($pathname->name)), "/counted-")) r[$return > -4096 && $return < 0]++ }
global n, r probe end { println(n, " ", r[0], " ", r[1]) }'
[ "$(tail -n 1 "$TMP/out")" = "8 7 1" ] && pass count-opens || fail count-opens "$(first_line "$TMP/out") $(first_line "$TMP/err")"
run -c "$BUILD/tests/real/traffic tcp 127.0.0.1 7431 6 100" -e '
probe kernel.function("tcp_set_state") {
    if (ntohs(@cast($sk, "inet_sock")->sk->__sk_common->skc_dport) == 7431 || ntohs(@cast($sk, "inet_sock")->inet_sport) == 7431) n[$state]++ }
global n probe end { println("opened ", n[2], " established ", n[1], " listening ", n[10]) }'
grep -qx 'opened 6 established 12 listening 0' "$TMP/out" && pass count-states || fail count-states "$(tail -n 1 "$TMP/out") $(first_line "$TMP/err")"

# The library: every function loads here too; what needs kernel functions, and types of modules.
modprobe -a nfs nfsd sunrpc scsi_mod fuse 2>"$TMP/modprobe" || cat "$TMP/modprobe"
tools/check-functions -c -s "$STAP" >"$TMP/all.stp"
run -g -w -T 1 "$TMP/all.stp"
expect functions-verified 0 ""
if grep '^# left out' "$TMP/all.stp"; then
    skip functions-modules "the modules of these types are not there"
else
    pass functions-modules
fi
run -g -e 'probe oneshot { println(get_scsi_request(0x10000) == 0x10000 - &@cast(0, "request", "kernel")[1]) }'
expect scsi-request 0 1
# The client of a mount that nobody answers.
mkdir -p "$TMP/mnt"
run -c "timeout 5 mount -i -t nfs -o addr=127.0.0.1,vers=4.2,proto=tcp,clientaddr=127.0.0.1,soft,timeo=2,retrans=1 127.0.0.1:/ $TMP/mnt" -e '
probe module("sunrpc").function("rpc_run_task") {
    c = $task_setup_data->rpc_client
    println(prog_from_clnt(c), " ", vers_from_clnt(c), " ", prot_from_clnt(c), " ", get_prot_from_client(c),
            " ", port_from_clnt(c), " ", port_from_xprt($task_setup_data->rpc_client->cl_xprt), " ",
            get_ip_from_client(c), " ", tasks_from_clnt(c), " ", clones_from_clnt(c) < 2, " ", xid_from_clnt(c) != 0)
    exit()
}'
expect rpc-client 0 "100003 4 6 6 2049 2049 127.0.0.1 0 1 1"
# An NFS server: nobody answers its questions, so it is told all that it will ask.
tell() { printf '%s\n' "$2" | dd of="$1" bs=4096 status=none; }
modprobe -a nfsv4 2>"$TMP/modprobe" || cat "$TMP/modprobe"
mkdir -p "$TMP/served" "$TMP/nfs"
mount -t tmpfs tmpfs "$TMP/served" && mount -t nfsd nfsd /proc/fs/nfsd &&
    tell /proc/net/rpc/auth.unix.ip/channel "nfsd 127.0.0.1 2147483647 all" &&
    tell /proc/net/rpc/nfsd.export/channel "all $TMP/served 2147483647 9234 -2 -2 0" &&
    tell /proc/net/rpc/nfsd.fh/channel "all 1 \\x00000000 2147483647 $TMP/served" &&
    tell /proc/fs/nfsd/versions "-2 -3 +4" && tell /proc/fs/nfsd/nfsv4gracetime 10 && tell /proc/fs/nfsd/threads 2
# What the client does with a file, and what it asks the server for.
timeout 30 mount -i -t nfs -o addr=127.0.0.1,vers=4.2,proto=tcp,clientaddr=127.0.0.1 127.0.0.1:/ "$TMP/nfs"
cat >"$TMP/nfs.sh" <<'S'
cd "$1" && dd if=/dev/zero of=a bs=4096 count=3 conv=fsync status=none && mv a bc
echo 3 >/proc/sys/vm/drop_caches
dd if=bc of=/dev/null bs=12288 count=1 status=none
rm bc
S
LIMIT=60 run -c "sh $TMP/nfs.sh $TMP/nfs" -e '
probe nfs.fop.write_iter { println(name, " ", argstr, " ", file_name, " ", size, units, " ", i_size, " ", devname == kernel_string(s_id)) }
probe nfs.fop.read { println(name, " ", substr(pathname, strlen(pathname) - 7, 7), " ", argstr, " ", bytes_to_read) }
probe nfs.fop.read.return { println(name, " ", retstr, " ", size, units) }
probe nfs.aop.readahead { println(name, " ", argstr, " ", size, units, " ", rpages == rsize / 4096 && rsize > 4096) }
probe nfs.aop.write_begin { println(name, " ", offset, " ", to, " ", ino > 0 && argstr == sprint(ino)) }
probe nfs.proc.read_setup, nfs.proc.write_setup, nfs.proc.read_done, nfs.proc.write_done, nfs.proc.lookup, nfs.proc.remove {
    println(name, " ", version, " ", server_ip, " ", prot, " ", argstr) }
probe nfs.proc4.rename {
    i = $old_dentry->d_parent->d_inode
    println(name, " ", argstr, " ", old_filelen, " ", new_filelen, " ", old_fh == new_fh && old_fh == &@cast(NFS_I(i), "nfs_inode", "nfs")->fh,
            " ", @cast(NFS_PROTO(i), "nfs_rpc_ops", "nfs")->version, " ", client == @cast(NFS_SERVER(i), "nfs_server", "nfs")->client) }
probe module("nfsd").function("nfsd_dispatch") { println(addr_from_rqst_str($rqstp) =~ "^127.0.0.1:[0-9]+$", " ", addr_from_rqst($rqstp) == htonl(0x7f000001)) }'
sort -u -o "$TMP/out" "$TMP/out"
expect nfs-values 0 '1 1
nfs.aop.readahead 3 3pages 1
nfs.aop.write_begin 0 4096 1
nfs.aop.write_begin 4096 8192 1
nfs.aop.write_begin 8192 12288 1
nfs.fop.read /nfs/bc 12288, 0, 0x0 12288
nfs.fop.read.return 12288 12288bytes
nfs.fop.write_iter 4096, 0 a 4096bytes 0 1
nfs.fop.write_iter 4096, 4096 a 4096bytes 4096 1
nfs.fop.write_iter 4096, 8192 a 4096bytes 8192 1
nfs.proc4.lookup 4 127.0.0.1 6 bc
nfs.proc4.read_done 4 127.0.0.1 6 12288
nfs.proc4.read_setup 4 127.0.0.1 6 12288,0
nfs.proc4.remove 4 127.0.0.1 6 bc
nfs.proc4.rename a,bc 1 2 1 4 1
nfs.proc4.write_done 4 127.0.0.1 6 12288
nfs.proc4.write_setup 4 127.0.0.1 6 12288,0,2'
umount "$TMP/nfs"
# What the server does for a client; its callback service ends with the last umount.
echo hello >"$TMP/served/hello"
cat >"$TMP/client.sh" <<S
timeout 20 mount -i -t nfs -o addr=127.0.0.1,vers=4.1,proto=tcp,clientaddr=127.0.0.1,soft 127.0.0.1:/ $TMP/nfs
cat $TMP/nfs/hello
mkdir $TMP/nfs/one
mv $TMP/nfs/one $TMP/nfs/another
rmdir $TMP/nfs/another
umount $TMP/nfs
S
run -c "sh $TMP/client.sh >/dev/null" -e 'global seen, bad
function note (s:string) { if (!seen[s]++) println(s) }
probe nfsd.lookup { if (!isinstr(client_ip, "127.0.0.1:")) bad++ if (filename == "hello") note("lookup " . fh . " " . argstr) }
probe nfsd.lookup.return { if (!isinstr(client_ip, "127.0.0.1:")) bad++ if (isinstr(retstr, "OK")) note("lookup " . retstr) }
probe nfsd.proc4.read { note(sprintf("read %s %s %d %d", argstr, units, size == count, fh && vec)) }
probe nfsd.proc4.create { note("create " . argstr) }
probe nfsd.create { note("create " . argstr) }
probe nfsd.proc4.rename { note(sprintf("rename %s %d", argstr, fh != tfh)) }
probe nfsd.rename { note(sprintf("rename %s %d %d", argstr, filelen, tfh == fh)) }
probe nfsd.proc4.remove { note("remove " . argstr) }
probe sunrpc.svc.process { if (sv_name != "nfsd" || sv_prog != 100003 || sv_nrthreads != 2 || rq_prot != 6) bad++ }
probe sunrpc.svc.destroy { note(sprintf("destroy %s %d %d", sv_name, sv_prog, netcnt)) }
probe sunrpc.clnt.shutdown_client { if (progname == "nfs" && (rpccnt < 1 || authflavor != 1 && authflavor != 390004)) bad++ }
probe sunrpc.clnt.create_client { if (prot != 6) bad++ }
probe end { println(bad) }'
expect nfs-server 0 'lookup 8: 00010001 00000000 00000000 00000000 00000000 00000000 name: hello
lookup nfsderr 0(NFS_OK)
read 4096,0 bytes 1 1
create one (type=NF4DIR)
create name: one type: 040000 (ISDIR)
rename one to another 1
rename one to another 3 1
remove another
destroy NFSv4 callback 1073741824 0
0'
tell /proc/fs/nfsd/threads 0
umount "$TMP/served" /proc/fs/nfsd
mkdir "$TMP/folder"
: >"$TMP/folder/file"
run -c "cat $TMP/folder/file" -e '
probe kernel.function("vfs_open") {
    nd = @cast(task_current(), "task_struct", "kernel")->nameidata
    if (pid() == target() && nd && isinstr(fullpath_struct_path(pointer_arg(1)), "folder/file"))
        println(d_path(nd), " ", fullpath_struct_nameidata(nd) == d_path(nd), " ", fullpath_struct_path(pointer_arg(1)))
}'
expect nameidata 0 "$TMP/folder/file/ 1 $TMP/folder/file"
run -c 'dd if=/dev/zero of=/dev/null bs=7 count=1 status=none' -e '
probe kernel.function("vfs_read") { if (execname() == "dd" && $count == 7) {
    println(ulong_arg(3), " ", pointer_arg(1) == $file, " ", register("rdx"), " ", addr() == u_register("rip") - 1, user_mode(), registers_valid(), " ", probemod())
    println(stack_used() + stack_unused() == stack_size() && stack_used() > 100 && stack_used() < 8000) } }
probe kernel.function("vfs_read").return { if (execname() == "dd" && returnval() == 7) println(returnstr(2), " ", probe_type()) }'
expect kernel-arguments 0 $'7 1 7 101 kernel\n1\n0x7 kretprobe'
run -g -c 'env -i /bin/echo -n abcdef' -e '
probe syscall.write { if (pid() == target() && fd == 1) {
    a = pointer_arg(2)
    set_user_char(a, 0x41); set_user_short(a + 1, 0x4342); set_user_string_n(a + 3, 1, "DX"); set_user_char(a + 4, 0x45)
    println(user_buffer_quoted(a, 6, 20))
    set_user_int(a, 0x34333231); set_user_pointer(a + 8, 0x4847464544434241); set_user_string_arg(a + 4, "56")
    println(user_string(a), user_string_n(a + 8, 8))
    set_user_long(a, 0x6867666564636261); set_user_string(a + 6, "wx"); set_user_string_arg(1, "no")
    try { set_user_long(1, 1) } catch (e) { println(e) }
} }'
[ "$(cat "$TMP/out")" = '"ABCDEf"
123456ABCDEFGH
user long copy fault at 0x1 [man error::fault]
abcdefwx' ] || [ "$(head -n 3 "$TMP/out" | tail -n 1)" = 'user long copy fault at 0x1 [man error::fault]' ] && grep -q 'unable to write no to 0x1' "$TMP/err" && pass set-user ||
    fail set-user "status $rc: $(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"

# Assignment through a variable that has taken over its type; and the result of a kernel function.
gcc -g -O1 -no-pie -o "$TMP/prog" tests/real/autocast.c && run -g -c "$TMP/prog" -e '
probe process.function("f") { p = $r; p->parent->vals[1] = 5 + p->in->a++; println(p->parent->vals[1], " ", p->in->a) }'
expect autocast-assign 0 "93 89"
run -c "true </etc/hostname" -e 'probe kernel.function("do_filp_open").return {
    f = $return; if (pid() == target() && f > -4096 && f < 0) next
    if (pid() == target() && isinstr(d = f->f_path->dentry->d_name->name$, "hostname")) println(d) }'
expect autocast-kernel 0 '"hostname"'

# The stack, at the entry and at the return; values as they are printed.
run -c "cat $TMP/counted-none" -e '
probe kernel.function("do_filp_open") { if (pid() == target() && isinstr(kernel_string($pathname->name), "counted-none")) {
    s = sprint_backtrace(); print_backtrace(); println(substr(s, 0, strlen("do_filp_open+0x0 [")), " ", symname(strtol(callers(0), 16)))
    println($pathname->uptr$ == "\"" . kernel_string($pathname->name) . "\"", " ", isinstr($pathname$, $pathname->uptr$))
    println(addr_to_node(addr()), addr_to_node($pathname)); try { addr_to_node($pathname->uptr) } catch (e) { println(substr(e, 0, 31)) } } }
probe kernel.function("do_filp_open").return { if (pid() == target() && $return == -2 && @entry(isinstr(kernel_string($pathname->name), "counted-none"))) {
    print_backtrace(); println(symname(strtol(callers(0), 16)) == symname(addr())) } }'
sed -i 's/0x[0-9a-f]\{9,\}/P/; s,/0x[0-9a-f]*,,; s/do_sys_openat2+0x[0-9a-f]*/do_sys_openat2/' "$TMP/out"
grep -v ' P : \(__\|do_sys_open \|do_syscall\|entry_\)' "$TMP/out" >"$TMP/lines"; mv "$TMP/lines" "$TMP/out"
expect stack-and-text 1 ' P : do_filp_open+0x0 [kernel]
 P : do_sys_openat2 [kernel]
do_filp_open+0x0 [ do_filp_open
1 1
00
invalid kernel virtual address 
Returning from:  P : do_filp_open+0x0 [kernel]
Returning to  :  P : do_sys_openat2 [kernel]
1'
# What is unmapped, without what mmap() clears; a port that a reset has taken back.
cat >"$TMP/reset.pl" <<'S'
use Socket;
socket(S, 2, 1, 0); bind(S, sockaddr_in(7433, INADDR_LOOPBACK)); listen(S, 5);
socket(C, 2, 1, 0); connect(C, sockaddr_in(7433, INADDR_LOOPBACK)); accept(A, S);
setsockopt(A, 1, 13, pack("ii", 1, 0)); close(A); select(undef, undef, undef, 0.2); recv(C, $b, 1, 0);
S
run -c "perl $TMP/reset.pl" -e 'global within, n
probe vm.mmap { if (pid() == target()) within = 1 } probe vm.mmap.return { if (pid() == target()) within = 0 }
probe vm.munmap { if (pid() == target()) n[within]++ }
probe tcp.recvmsg.return { if (pid() == target() && size < 0) println(size, " ", sport > 1024, " ", dport) }
probe end { println(n[0] > 0, " ", n[1]); delete n }'
expect unmapped-and-reset 0 $'-104 1 7433\n1 0'

# Functions that look at variables of the probe that calls them.
run -c 'dd if=/dev/zero of=/dev/null bs=7 count=1 status=none' -e '
function n() { return $count } function f() { p = $file; return p->f_pos >= 0 ? n() : -1 }
function m(x) { for (i = 0; i < 2; i++) x += n(); return x }
probe kernel.function("vfs_read") { if (pid() == target() && $count == 7) println(f(), " ", m(1)) }
probe kernel.function("vfs_read").return { if (pid() == target() && n() == 7) println(m(2), " ", @entry($count), " ", $return) }'
expect context 0 $'7 15\n16 7 7'

# What the kernel has for file systems that do nothing special.
mkdir -p "$TMP/ram"
if mount -t ramfs ramfs "$TMP/ram"; then
    run -c "dd if=/dev/zero of=$TMP/ram/f bs=1000 count=3 status=none" -e 'global n
probe generic.fop.write_iter.return { if (pid() == target()) n[pathname, bytes_written]++ }
probe end { println(n["'"$TMP"'/ram/f", 1000]) delete n }'
    expect generic-files 0 "3"
    umount "$TMP/ram"
fi
# A plain read of a file that has iterators only; what is written to a terminal; a queued signal.
echo 'some bytes' >"$TMP/some"
run -c "dd if=$TMP/some of=/dev/ttyS0 bs=11 count=1 status=none" -e 'global b
probe vfs.do_sync_read { if (pid() == target() && pathname == "'"$TMP"'/some") { b = buf; println(len, " ", pos, " ", units) } }
probe vfs.do_sync_read.return { if (pid() == target() && b) { println(bytes_to_read, " ", bytes_read, " ", size); b = 0 } }
probe tty.write { if (pid() == target()) println(file_name, " ", driver_name, " ", buffer) }'
expect plain-read 0 $'11 0 bytes\n11 11 11\nttyS0 "serial" "some bytes\\n"'
run -c 'timeout 0.2 sleep 5' -e 'probe signal.send_sig_queue { if (sig_pid == target()) println(sig_name, " ", pid_name) }'
expect queued-signal 1 "SIGALRM timeout"
run -u -w -T 0.1 -e 'probe generic.fop.*, generic.fop.*.return, generic.aop.*, generic.aop.*.return, vfs.__add_to_page_cache.return ?,
    vfs.remove_from_page_cache.return, vfs.do_mpage_readpage.return { if (name == "") println(ppfunc()) } probe begin { println("in place") }'
expect generic-points 0 "in place"
