# SPDX-License-Identifier: GPL-2.0-or-later
# Files that stap -p4 made on the host's kernel, run by staprun on the guest's.
#   elsewhere.sh make     on the host: makes them in $IMAGES
. "$(dirname "$0")/../real/lib.sh"
STAPRUN=$(dirname "$STAP")/staprun

# Members of all sorts, which have other places in another kernel: numbers with and without a sign,
# bit fields, strings, arrays, structures in structures, behind pointers, without a name.
MEMBERS='
function task:long() { return task_current() }
probe oneshot {
  t = task()
  println(@cast(t, "task_struct")->tgid == pid(), @cast(t, "task_struct")->pid == tid(), " ", kernel_string(&@cast(t, "task_struct")->comm), " ", @cast(t, "task_struct")->comm[0])
  println(@cast(t, "task_struct")->real_parent->tgid == ppid(), " ", @cast(t, "task_struct")->prio, " ", @cast(t, "task_struct")->static_prio)
  println(@cast(t, "task_struct")->in_execve, @cast(t, "task_struct")->sched_reset_on_fork, @cast(t, "task_struct")->no_cgroup_migration)
  println(@cast(t, "task_struct")->signal->nr_threads, " ", @cast(t, "task_struct")->signal->rlim[7]->rlim_cur >= 3, " ", @cast(t, "task_struct")->se->load->weight)
  println(@cast(t, "task_struct")->cred->uid->val, " ", @cast(t, "task_struct")->cred->jit_keyring, " ", @cast(t, "task_struct")->mm->map_count > 3, " ", @cast(t, "task_struct")->mm->page_table_lock->rlock->raw_lock->locked)
  println(@cast(t, "task_struct")->files->fdt->max_fds >= 64, " ", @cast(t, "task_struct")->nsproxy->uts_ns->name->sysname$)
  println(kernel_string(&@cast(t, "task_struct")->nsproxy->uts_ns->name->machine), " ", @cast(t, "task_struct")->thread->sp != 0)
  println(ppid() > 0, euid(), egid(), uid(), " ", pexecname() != "")
}'

TRACE='
probe kernel.trace("sched_process_fork") { if ($parent->tgid == target()) { printf("fork %d %d\n", $child->real_parent->tgid == target(), $child->tgid != $parent->tgid); exit() } }'

KERNEL='
probe kernel.function("vfs_read") { if (pid() == target() && kernel_string(@cast($file->f_path->dentry, "dentry")->d_name->name) == "hostname") printf("read %d %d\n", $count > 0, $file->f_mode & 1) }
probe kernel.function("vfs_read").return { if (pid() == target() && n++ == 0) printf("%d\n", $return > 0) }
global n
probe syscall.openat { if (pid() == target() && isinstr(argstr, "hostname")) printf("%s(%s)\n", name, argstr) }
probe process("/bin/cat").begin { if (pid() == target()) println("begin ", execname()) }'

USER='probe process("@").function("main") { printf("%s %d\n", ppfunc(), $argc) }'

script() {
    case $1 in
    members) echo "$MEMBERS" ;;
    trace) echo "$TRACE" ;;
    kernel) echo "$KERNEL" ;;
    user) echo "$USER" | sed "s,@,$CALLER," ;;
    missing) echo 'probe oneshot { println(@cast(1, "block_device")->__bd_flags->counter) }' ;;
    nowhere) echo 'probe kernel.trace("sched_prepare_exec") { println("exec") }' ;;
    argument) echo 'probe kernel.trace("sched_process_exit") { println($group_dead) }' ;;
    end) echo 'probe process("/bin/cat").end { println("end") }' ;;
    condition) echo 'probe oneshot { println(%( kernel_v >= "6.10" %? "new" %: "old" %)) }' ;;
    whole) echo 'probe oneshot { println(strlen(@cast(task_current(), "task_struct")->se$) > 0) }' ;;
    packet) echo 'probe netfilter.ip.local_in { println("packet") }' ;;
    jiffies) echo 'probe timer.jiffies(25) { if (n++ == 3) exit() } global n' ;;
    esac
}
ALL="members trace kernel user missing nowhere argument end condition whole packet jiffies"

if [ "${1-}" = make ]; then
    for x in $ALL; do
        "$STAP" -p4 -w -o "$IMAGES/$x.stapo" -e "$(script $x)" >/dev/null || echo "cannot make $x" >&2
    done
    exit 0
fi

here() {
    timeout -s KILL 60 "$STAPRUN" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
    rc=$?
}
refused() {
    [ -e "$IMAGES/$2.stapo" ] || { skip "$1" "the host's kernel has it not either"; return; }
    here "$IMAGES/$2.stapo"
    [ $rc = 1 ] && grep -qF -- "$3" "$TMP/err" && [ "$(wc -l <"$TMP/err")" = 1 ] && pass "$1" ||
        fail "$1" "status $rc: $(head -n 2 "$TMP/err")"
}

# The same as when it is made here.
here "$IMAGES/members.stapo"
sed 's/staprun/stap/g' "$TMP/out" >"$TMP/elsewhere"
cp "$TMP/err" "$TMP/elsewhere.err"
run -w -e "$MEMBERS"
[ -s "$TMP/out" ] && diff "$TMP/out" "$TMP/elsewhere" >"$TMP/diff" && pass members ||
    fail members "$(head -n 4 "$TMP/diff" | tr '\n' '|') $(first_line "$TMP/elsewhere.err") $(first_line "$TMP/err")"

here "$IMAGES/trace.stapo" -c "sh -c '/bin/true; /bin/true'"
grep -qx 'fork 1 1' "$TMP/out" && pass tracepoint || fail tracepoint "$(first_line "$TMP/out") $(first_line "$TMP/err")"
here "$IMAGES/kernel.stapo" -c 'cat /etc/hostname'
grep -qx 'read 1 1' "$TMP/out" && grep -qx 1 "$TMP/out" && grep -qx 'openat(AT_FDCWD, "/etc/hostname", O_RDONLY)' "$TMP/out" &&
    grep -qx 'begin cat' "$TMP/out" && pass functions || fail functions "$(head -n 5 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
here "$IMAGES/user.stapo" -c "$CALLER one two"
grep -qx 'main 3' "$TMP/out" && pass program || fail program "$(first_line "$TMP/out") $(first_line "$TMP/err")"
here "$IMAGES/whole.stapo"
[ "$(cat "$TMP/out")" = 1 ] && grep -q 'shown as 0 (such as' "$TMP/err" && pass whole || fail whole "$(cat "$TMP/out" "$TMP/err")"
here "$IMAGES/condition.stapo"
[ "$(cat "$TMP/out")" = new ] && grep -q 'WARNING: the script has conditions on the kernel (kernel_v at <input>:1:28), which were decided for Linux' "$TMP/err" &&
    pass condition || fail condition "$(cat "$TMP/out" "$TMP/err")"
here "$IMAGES/jiffies.stapo"
[ $rc = 0 ] && pass ticks || fail ticks "$(first_line "$TMP/err")"

# What is not there is told in one sentence.
refused member-missing missing "probe oneshot cannot run here: struct block_device has no member '__bd_flags' on this kernel"
refused tracepoint-missing nowhere 'cannot attach probe kernel.trace("sched:sched_prepare_exec")'
refused argument-missing argument 'sched_process_exit has no argument group_dead on this kernel'
refused end-of-program end "the end of a program's processes takes Linux 6.16 here"
refused netfilter packet 'this kernel cannot run eBPF at netfilter hooks'
