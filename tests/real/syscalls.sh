# SPDX-License-Identifier: GPL-2.0-or-later
# Every system call with known arguments: what syscall.* shows of it.
. "$(dirname "$0")/lib.sh"

EXERCISER=$BUILD/tests/real/exerciser
marked='global on
probe syscall.* {
    if (pid() != target()) next
    if (name == "close" && argstr == "-77") { on = 1; next }
    if (name == "close" && argstr == "-78") on = 0
    if (on) println(name, "(", argstr, ")")
}'
returned='global on
probe syscall.*.return {
    if (pid() != target()) next
    if (name == "close" && argstr == "-77") { on = 1; next }
    if (name == "close" && argstr == "-78") on = 0
    if (on) println(name, " = ", retstr)
}'
# same NAME WANTED: the output of the last run, by lines.
same() {
    local first
    first=$(diff "$2" "$TMP/out" | sed -n 's/^[<>]/&/p' | head -n 2 | tr '\n' ' ')
    if [ "$rc" = 0 ] && [ -s "$2" ] && [ -z "$first" ]; then
        pass "$1"
    else
        fail "$1" "status $rc, $(wc -l <"$2") lines wanted, $(wc -l <"$TMP/out") shown: $first $(first_line "$TMP/err")"
    fi
}

run -e "$marked" -c "$EXERCISER $TMP/entries $TMP/returns"
same arguments "$TMP/entries"
cp "$TMP/out" "$TMP/shown"
run -e "$returned" -c "$EXERCISER $TMP/entries $TMP/returns"
same results "$TMP/returns"
run -e "${marked//syscall./nd_syscall.}" -c "$EXERCISER $TMP/entries $TMP/returns"
same nd_syscall "$TMP/entries"

# As values and not only printed: the same text from the formatter in the kernel.
run -e 'global on, seen[2000], shown
probe syscall.* {
    if (pid() != target()) next
    if (name == "close" && argstr == "-77") { on = 1; next }
    if (name == "close" && argstr == "-78") on = 0
    if (on) seen[shown++] = name . "(" . argstr . ")"
}
probe end { foreach (i+ in seen) println(seen[i]) }' -c "$EXERCISER $TMP/entries $TMP/returns"
same values "$TMP/entries"

# strace(1) shows the same, but for the calls named here: it shows what a call gave back, or
# leaves out what has no meaning.
if command -v strace >/dev/null && command -v python3 >/dev/null &&
    strace -o /dev/null true 2>/dev/null; then
    strace -s 128 -o "$TMP/strace" "$EXERCISER" "$TMP/entries" "$TMP/returns"
    python3 tests/real/strace_compare.py "$TMP/entries" "$TMP/strace" >"$TMP/compared"
    same=$(sed -n 's/ equal$//p' "$TMP/compared")
    within strace-same 250 400 "$same"
    known='readv|writev|preadv|preadv2|stat|lstat|fstatat|statx|statfs|ustat|mknodat|ioctl'
    known+='|name_to_handle_at|quotactl|select|pselect6|poll|ppoll|epoll_ctl|epoll_pwait'
    known+='|timerfd_create|io_submit|bind|accept|accept4|getsockname|getpeername|sendmmsg'
    known+='|recvfrom|recvmsg|getsockopt|clone|wait4|execve|execveat|setgroups|capset|prctl'
    known+='|ptrace|kcmp|restart_syscall|process_vm_readv|process_vm_writev|sched_setscheduler'
    known+='|sched_setaffinity|rt_sigaction|rt_sigprocmask|rt_sigsuspend|rt_sigtimedwait'
    known+='|clock_gettime|timer_create|remap_file_pages|membarrier|mq_notify|sethostname'
    known+='|setdomainname|syslog|reboot|keyctl'
    new=$(grep '^differs: ' "$TMP/compared" | grep -vE "^differs: ($known)\(" | head -n 1)
    [ -z "$new" ] && pass strace-differs || fail strace-differs "$new"
else
    skip strace "strace, python3 or the right to trace is missing"
fi

# 32-bit programs have other numbers, registers and structures.
if ! gcc -m32 -nostdlib -static -fno-pie -no-pie -O1 -o "$TMP/exerciser32" tests/real/exerciser32.c \
    2>"$TMP/cc"; then
    skip compat "no compiler for 32-bit programs: $(first_line "$TMP/cc")"
elif ! "$TMP/exerciser32"; then
    skip compat "this kernel does not run 32-bit programs"
else
    run -e "$marked" -c "$TMP/exerciser32"
    cat >"$TMP/want" <<'END'
open("/nonexistent", O_RDONLY|O_LARGEFILE)
openat(AT_FDCWD, "/nonexistent", O_RDWR)
write(-1, "one", 3)
writev(-1, [{"one", 3}], 1)
pread(-1, 0x10, 5, 4294967303)
mmap2(0x0, 0, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
nanosleep([1.000000500], 0xffffffff)
connect(-1, {AF_INET, 127.0.0.1, 80}, 16)
rt_sigprocmask(SIG_BLOCK, [SIGINT], 0x0, 9)
llseek(-1, 1, 2, 0x10, SEEK_CUR)
getuid()
truncate64("/nonexistent", 4294967301)
waitpid(-5, 0x0, WNOHANG)
futex(0x1, FUTEX_WAKE, 7)
END
    same compat "$TMP/want"
    # And a program of 64 bits is not taken for one.
    run -e 'probe syscall.compat_nanosleep, syscall.waitpid { if (pid() == target()) println("no") }' \
        -c "$EXERCISER $TMP/entries $TMP/returns"
    expect compat-64 0 ""
fi

# ---- listing, many probes ----
run -L 'syscall.*'
within list-count 400 500 "$(wc -l <"$TMP/out")"
line=$(grep '^syscall.openat ' "$TMP/out" | tr ' ' '\n' | sort | tr '\n' ' ')
want='__nr:long argstr:string dfd:long dfd_str:string filename:string filename_unquoted:string'
want+=' flags:long flags_str:string mode:long name:string syscall.openat '
[ "$line" = "$want" ] && pass list-variables || fail list-variables "$line"
[ -z "$(cut -d' ' -f1 "$TMP/out" | uniq -d)" ] && pass list-once || fail list-once "names twice"

# What handlers call their probe, and advice, is in the words of scripts.
run -c 'cat /dev/null' -e 'global seen
probe syscall.openat, syscall.openat.return, kprocess.exec_complete, nd_syscall.close {
  if (pid() == target() && !seen[pp()]++) println(pp(), " ", ppfunc(), " ", pn()) }'
sort "$TMP/out" >"$TMP/names"
mv "$TMP/names" "$TMP/out"
expect point-names 0 'syscall.close __x64_sys_close nd_syscall.close
syscall.execve.return __x64_sys_execve kprocess.exec_complete
syscall.openat __x64_sys_openat syscall.openat
syscall.openat.return __x64_sys_openat syscall.openat.return'
run -e 'private global priv_openat probe oneshot { println(priv_openatt, priv_openat++) }'
grep -q "never-assigned" "$TMP/err" && ! grep -q 'similar.*__' "$TMP/err" && pass advice-in-words || fail advice-in-words "$(first_line "$TMP/err")"

# The programs of all calls behind one dispatcher; the others do not disturb the counts.
run -e 'global c probe syscall.* { if (pid() == target()) c[name]++ }
probe end { println(c["epoll_ctl"], " ", c["splice"], " ", c["kill"], " ", c["openat2"]) }' \
    -c "$EXERCISER $TMP/entries $TMP/returns"
expect counts 0 '1 1 2 1'
run -e 'global c, d probe syscall.* { if (pid() == target()) c++ }
probe __syscall.enter { if (pid() == target()) d++ } probe end { println(d - c <= 2 && c > 300) }' \
    -c "$EXERCISER $TMP/entries $TMP/returns"
expect all-counted 0 1

# The arguments by the kernel's own names.
if [ -e /sys/kernel/tracing/events/syscalls/sys_enter_openat/format ]; then
    run -c "cat /dev/null" -e 'probe syscall.openat, nd_syscall.openat { if (pid() == target() && user_string2($filename, "") == "/dev/null")
        printf("%d %o %d|%s\n", $dfd, $flags, $mode, $$parms == sprintf("dfd=%#x filename=%#x flags=%#x mode=%#x", $dfd, $filename, $flags, $mode) ? "same" : $$vars) }
    probe syscall.openat.return { if (pid() == target() && user_string2($filename, "") == "/dev/null") println($return >= 0, " ", $dfd) }'
    expect kernel-names 0 '-100 0 0|same
-100 0 0|same
1 -100'
fi

# Calls that no program can make: their points are valid.
run -c true -e 'probe syscall.send { println(argstr, $arg1) }'
expect impossible 0 ''
run -c true -e 'probe syscall.send.return, syscall.gethostname, syscall.exit_group { if (pid() == target()) println(name, " ", argstr) }'
expect impossible-some 0 'exit_group 0'
