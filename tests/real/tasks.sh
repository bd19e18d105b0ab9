# SPDX-License-Identifier: GPL-2.0-or-later
# Functions about tasks, their files and memory, against /proc and the shell.
. "$(dirname "$0")/lib.sh"

# A process that waits: what the handlers say of it is compared with /proc.
cd "$TMP" || exit 1
mkdir -p "$TMP/folder"
(
    cd "$TMP/folder" || exit 1
    ulimit -S -n 333
    ulimit -S -c 4
    exec 7<"$TMP" 9<&0
    FLAVOUR=sweet BITTER= exec nice -n 5 sleep 1000 </dev/null
) &
waiting() { [ "$(cat /proc/$child/comm)" = sleep ]; }
child=$!
trap 'kill $child 2>/dev/null; rm -rf "$TMP"' EXIT
wait_for 5 waiting
stat_field() { sed 's/.*) //' /proc/$child/stat | cut -d' ' -f$(($1 - 2)); }
status() { sed -n "s/^$1:[[:space:]]*//p" /proc/$child/status; }

# with_task NAME WANTED EXPRESSION: t is the waiting process's task.
with_task() {
    run -g -e 'probe oneshot { t = pid2task('"$child"'); println('"$3"') }'
    expect "$1" 0 "$2"
}
with_task pid2task "sleep 0" "task_execname(t), \" \", pid2task(1 << 22)"
with_task pid2execname "sleep" "pid2execname($child)"
with_task ids "$child $child $$" 'task_pid(t), " ", task_tid(t), " ", task_pid(task_parent(t))'
with_task nice "5 25" 'task_nice(t), " ", task_prio(t)'
with_task state "1" 'task_state(t) & 15'
with_task cpu "$(stat_field 39)" 'task_cpu(t)'
with_task users "$(id -u) $(id -g) $(id -u) $(id -g)" 'task_uid(t), " ", task_gid(t), " ", task_euid(t), " ", task_egid(t)'
with_task ns-users "$(id -u) $(id -g) $(id -u) $(id -g)" 'task_ns_uid(t), " ", task_ns_gid(t), " ", task_ns_euid(t), " ", task_ns_egid(t)'
with_task ns-ids "$child $child" 'task_ns_pid(t), " ", task_ns_tid(t)'
soft() { awk -v n="$1" 'index($0, n) == 1 { v = substr($0, 27, 20) + 0; print index($0, "unlimited") == 27 ? -1 : v }' /proc/$child/limits; }
with_task limits "333 4096 $(soft 'Max stack size') $(soft 'Max processes') $(soft 'Max address space') -1" \
    'task_rlimit_nofile(t), " ", task_rlimit_core(t), " ", task_rlimit_stack(t), " ", task_rlimit_nproc(t), " ", task_rlimit_as(t), " ", task_rlimit(t, "NOFILE")'
with_task more-limits "$(soft 'Max cpu time') $(soft 'Max file size') $(soft 'Max data size') $(soft 'Max resident set') $(soft 'Max locked memory') $(soft 'Max file locks') $(soft 'Max pending signals') $(soft 'Max msgqueue size') $(soft 'Max nice priority') $(soft 'Max realtime priority') $(soft 'Max realtime timeout')" \
    'task_rlimit_cpu(t), " ", task_rlimit_fsize(t), " ", task_rlimit_data(t), " ", task_rlimit_rss(t), " ", task_rlimit_memlock(t), " ", task_rlimit_locks(t), " ", task_rlimit_sigpending(t), " ", task_rlimit_msgqueue(t), " ", task_rlimit_nice(t), " ", task_rlimit_rtprio(t), " ", task_rlimit_rttime(t)'
with_task files "$(ls /proc/$child/fd | wc -l) $(status FDSize)" 'task_open_file_handles(t), " ", task_max_file_handles(t)'
with_task fd-path "$(readlink /proc/$child/fd/7) $(readlink /proc/$child/fd/0)" \
    'fullpath_struct_file(t, task_fd_lookup(t, 7)), " ", fullpath_struct_file(t, task_fd_lookup(t, 0))'
with_task cwd "$(readlink /proc/$child/cwd) folder" \
    'fullpath_struct_path(task_cwd_path(t)), " ", d_name(@cast(task_cwd_path(t), "path", "kernel")->dentry)'
with_task start-time "$(stat_field 22)" 'task_start_time('"$child"') / 10000000'
# /proc shows the sum that was counted by ticks, scaled to what ran: a few ticks apart.
with_task times "1 1" "task_utime($child) / 10000000 - $(stat_field 14) <= 10 && $(stat_field 14) - task_utime($child) / 10000000 <= 10, \" \", task_stime($child) / 10000000 - $(stat_field 15) <= 10 && $(stat_field 15) - task_stime($child) / 10000000 <= 10"
with_task times-tid "1" "task_utime_tid($child) == task_utime($child) && task_stime_tid($child) == task_stime($child) && isinstr(task_time_string_tid($child), \"usr: 0m0.0\")"
with_task blocked "0" 'is_sig_blocked(t, 15)'
with_task ancestry "1" "isinstr(task_ancestry(t, 0), \"=>sleep\") && isinstr(task_ancestry(t, 1), sprintf(\"=>sleep(%s)\", nsecs_to_string(task_start_time($child))))"
with_task pstrace " sleep($child) $(cat /proc/$$/comm)($$)" "substr(pstrace(t), 0, strlen(\" sleep($child) $(cat /proc/$$/comm)($$)\"))"
read -r size rss shr txt _ data _ </proc/$child/statm
with_task memory "$size $txt $data 1 1" \
    "proc_mem_size($child), \" \", proc_mem_txt($child), \" \", proc_mem_data($child), \" \", proc_mem_rss($child) >= $rss - 300 && proc_mem_rss($child) <= $rss + 300, \" \", proc_mem_shr($child) <= $shr + 300"
with_task memory-pid "1" "proc_mem_size_pid($child) == $size && proc_mem_txt_pid($child) == $txt && proc_mem_data_pid($child) == $data && proc_mem_rss_pid($child) == proc_mem_rss($child) && proc_mem_shr_pid($child) == proc_mem_shr($child)"
with_task memory-string "1" "proc_mem_string($child) == sprintf(\"size: %s, rss: %s, shr: %s, txt: %s, data: %s\", pages_to_string($size), pages_to_string(proc_mem_rss($child)), pages_to_string(proc_mem_shr($child)), pages_to_string($txt), pages_to_string($data)) && proc_mem_string_pid($child) == proc_mem_string($child)"
with_task page-size "$(getconf PAGESIZE)" 'mem_page_size()'

# Of the current task, in a system call of a program that is known.
in_child() {
    run -c "env -i FLAVOUR=sweet EMPTY= $BUILD/tests/real/caller $TMP/none" \
        -e 'probe syscall.openat { if (pid() == target() && isinstr(filename, "'"$TMP/none"'")) { '"$3"' } }'
    expect "$1" 0 "$2"
}
in_child command-line "$BUILD/tests/real/caller $TMP/none|$TMP/none||$BUILD/tests/real/caller,$TMP/none" \
    'println(cmdline_str(), "|", cmdline_arg(1), "|", cmdline_arg(2), "|", cmdline_args(0, 5, ","))'
in_child environment "sweet||" 'println(env_var("FLAVOUR"), "|", env_var("EMPTY"), env_var("FLAV"), "|", env_var(""))'
in_child program "$(readlink -f "$BUILD/tests/real/caller")|caller" 'println(fullpath_struct_file(task_current(), current_exe_file()), "|", d_name(@cast(current_exe_file(), "file", "kernel")->f_path->dentry))'
in_child inode "1 1" 'i = @cast(current_exe_file(), "file", "kernel")->f_inode; println(inode_path(i) == fullpath_struct_file(task_current(), current_exe_file()), " ", isinstr("/" . inode_name(i) . "|", "/caller|"))'
# Where a part of the file system is mounted a second time.
if unshare -m true 2>/dev/null; then
    timeout -s KILL $LIMIT unshare -m sh -c 'mount --bind "$1/gen" "$1/gen" && shift && exec "$@"' sh "$BUILD" \
        "$STAP" -c "$BUILD/tests/real/caller $TMP/none" -e 'probe syscall.openat { if (pid() == target() && isinstr(filename, "'"$TMP/none"'"))
            println(inode_path(@cast(current_exe_file(), "file", "kernel")->f_inode)) }' >"$TMP/out" 2>"$TMP/err" </dev/null
    rc=$?
    expect inode-of-two-mounts 0 "$(readlink -f "$BUILD/tests/real/caller")"
else
    skip inode-of-two-mounts "no mount namespaces here"
fi
in_child real-mount "1" 'println(real_mount(@cast(current_exe_file(), "file", "kernel")->f_path->mnt) != 0 && real_mount(0) == 0)'
in_child current-ids "1" 'println(ns_pid() == pid() && ns_tid() == tid() && ns_ppid() == ppid() && ns_uid() == uid() && ns_gid() == gid() && ns_euid() == euid() && ns_egid() == egid())'
in_child current-groups "$(ps -o sid= -p $$ | tr -d ' ') 1" 'println(sid(), " ", pgrp() > 1 && ns_pgrp() == pgrp() && ns_sid() == sid())'
in_child myproc "1" 'println(is_myproc())'
in_child current-times "1" 'println(task_utime(tid()) - task_utime() < 1000000000 && task_stime(tid()) - task_stime() < 1000000000 && task_time_string() =~ "^usr: 0m0.[0-9]*s, sys: 0m0.[0-9]*s$" && task_time_string_tid(tid()) =~ "^usr: 0m0.[0-9]*s, sys: 0m0.[0-9]*s$")'
in_child current-memory "1" 'println(proc_mem_size() == proc_mem_size(pid()) && proc_mem_txt() > 0 && proc_mem_data() > 0 && proc_mem_rss() == proc_mem_rss(pid()) && proc_mem_shr() == proc_mem_shr(pid()) && isinstr(proc_mem_string(), "size: "))'
in_child no-file "cannot find file in task" 'try { println(task_fd_lookup(task_current(), 99)) } catch (e) { println(e) }'
in_child reverse-walk "1" 'd = @cast(current_exe_file(), "file", "kernel")->f_path->dentry; println(isinstr("/" . reverse_path_walk(d), "/caller"))'
in_child rcu "1" 't = task_current(); println(container_of_task_rcu(t + &@cast(0, "task_struct", "kernel")->rcu) == t && rcu_dereference(&@cast(t, "task_struct", "kernel")->cred) == @cast(t, "task_struct", "kernel")->cred)'

# A command line that is longer than a string and has more arguments than a handler statements.
run -c "true $(seq 3000 | tr '\n' ' ')" -e 'probe syscall.execve.return { if (pid() == target()) { s = cmdline_str(); println(strlen(s), " ", substr(s, 0, 16), " ", cmdline_arg(2)) } }'
expect long-command-line 0 "511 true 1 2 3 4 5 6 2"
