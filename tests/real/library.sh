# SPDX-License-Identifier: GPL-2.0-or-later
# Functions of the library that need real events: arguments and registers of a program, signals'
# actions, block devices, commands, the target's descendants; and the list of all of them.
. "$(dirname "$0")/lib.sh"

# Every function: as documented, tested, and taken by this kernel's verifier.
if said=$(tools/check-functions -s "$STAP"); then
    pass functions
else
    fail functions "$(printf %s "$said" | head -n 5 | tr '\n' '|')"
fi
allowed=
"$STAP" -g -e 'probe oneshot { if (target() == -1) set_user_char(1, 1) }' >/dev/null 2>"$TMP/err" ||
    allowed='set_user_.*'
tools/check-functions -c ${allowed:+-x "$allowed"} -s "$STAP" >"$TMP/all.stp"
absent=$(sed -n 's/^# left out: //p' "$TMP/all.stp" | tr '\n' ' ')
[ -z "$absent" ] || skip verified-modules "modules that are not loaded have the types for ${absent% }"
run -g -w -T 1 "$TMP/all.stp"
expect verified 0 ""

# Arguments and registers of a function.
cat >"$TMP/args.c" <<'END'
#include <stdio.h>
__attribute__((noinline)) long taken(int a, unsigned b, long c, unsigned long d, long long e, void *p,
                                     int g, long h)
{
    char text[64];
    snprintf(text, sizeof text, "%d %u %ld %lu %lld %p %d %ld", a, b, c, d, e, p, g, h);
    return text[0] == '-' ? -77 : 0;
}
int main(void)
{
    return taken(-5, 4000000000u, -6, 18446744073709551615ul, 1ll << 40, (void *)taken, -9, -10) == -77 ? 0 : 1;
}
END
if gcc -g -O1 -o "$TMP/args" "$TMP/args.c" 2>/dev/null; then
    run -c "$TMP/args" -e 'probe process("'"$TMP/args"'").function("taken") {
        printf("%d %d %d %d %d %d %d %d\n", int_arg(1), uint_arg(2), long_arg(3), ulong_arg(4), longlong_arg(5), addr() - pointer_arg(6) >= 0 && addr() - pointer_arg(6) <= 32, int_arg(7), long_arg(8))
        printf("%d %d %d %d %d\n", s32_arg(1), u32_arg(2), s64_arg(3), u64_arg(5), ulonglong_arg(5))
        n = pid() - pid() + 2
        printf("%d %d %d %d %d\n", uint_arg(n), register("edi"), u_register("edi"), u_register("dil"), register("rdx"))
        printf("%d %d %d\n", register("dh"), u_register("dh"), u_register("flags") == u_register("eflags"))
        try { println(int_arg(n + 90)) } catch (e) { println(e) }
        try { println(register("r99")) } catch (e) { println(e) }
        println(registers_valid(), user_mode(), probing_32bit_app(), uarch_bytes(), " ", probe_type(), " ", is_return())
    }
    probe process("'"$TMP/args"'").function("taken").return { println(returnval(), " ", returnstr(1), " ", register("rax"), " ", probe_type(), " ", is_return()) }'
    expect arguments 0 "-5 4000000000 -6 -1 1099511627776 1 -9 -10
-5 4000000000 -6 1099511627776 1099511627776
4000000000 -5 4294967291 251 -6
-1 255 1
cannot access arg(92)
Unknown register: r99
1108 uprobe 0
-77 -77 (EBADFD) -77 uretprobe 1"
    run -c "$TMP/args" -e 'probe process("'"$TMP/args"'").function("taken") { print_regs() }'
    if [ $rc = 0 ] && grep -q '^RDX: fffffffffffffffa RSI: [0-9a-f]*ee6b2800 RDI: [0-9a-f]*fffffffb$' "$TMP/out" &&
        grep -q '^CS:  0033 SS: 002b$' "$TMP/out" && [ "$(wc -l <"$TMP/out")" = 8 ]; then
        pass print-regs
    else
        fail print-regs "status $rc: $(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
    fi
else
    skip arguments "there is no gcc"
fi

# Signals of a shell with traps, against /proc.
mkfifo "$TMP/never"
bash -c 'trap "" USR1; trap : USR2; while :; do read -r _ <>"$1"; done' bash "$TMP/never" &
shell=$!
disown $shell
trap 'kill -9 $shell; rm -rf "$TMP"' EXIT
caught() { grep -q '^SigIgn:.*[2367abef]..$' /proc/$shell/status; }
wait_for 5 caught
blocked=$((0x$(sed -n 's/^SigBlk:\t//p' /proc/$shell/status)))
pte=$(sed -n 's/^VmPTE:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$shell/status)
run -e 'function act(t, n) { return &@cast(@cast(t, "task_struct", "kernel")->sighand, "sighand_struct", "kernel")->action[n - 1] }
probe oneshot { t = pid2task('$shell')
    println(sa_handler_str(get_sa_handler(act(t, 10))), " ", get_sa_handler(act(t, 12)) > 4096, " ", sa_handler_str(get_sa_handler(act(t, 15))), " ", isinstr(sa_flags_str(get_sa_flags(act(t, 12))), "RESTORER"), " ", sigset_mask_str(get_sigaction_mask(act(t, 12))))
    println(get_sigset(&@cast(t, "task_struct", "kernel")->blocked))
    mm = @cast(t, "task_struct", "kernel")->mm
    println(atomic_read(&@cast(mm, "mm_struct", "kernel")->mm_users), " ", atomic_long_read(&@cast(mm, "mm_struct", "kernel")->pgtables_bytes) / 1024)
    p = task_cwd_path(t)
    println(task_dentry_path(t, @cast(p, "path", "kernel")->dentry, @cast(p, "path", "kernel")->mnt)) }'
expect signals-and-counters 0 "ignored 1 default 1 
$blocked
1 $pte
$(readlink /proc/$shell/cwd)"

# Timers that have been set, and that have gone off.
run -T 5 -e 'global n, bad
probe kernel.trace("timer_start") { if (!timer_pending($timer)) bad++; if (n++ > 20) exit() }
probe kernel.trace("timer_expire_entry") { if (timer_pending($timer)) bad++ }
probe end { println(n > 0, bad) }'
expect timers 0 "10"

# Block devices, by what writing a file to disk brings.
run -c "dd if=/dev/zero of=$TMP/block bs=4096 count=1 conv=fsync status=none" -e '
probe kernel.trace("block_bio_queue") {
    d = @cast($bio, "bio", "kernel")->bi_bdev
    if (!n++) printf("%s %d %s %s %s\n", bdevname(d), bdev_partno(d), disk_name(@cast(d, "block_device", "kernel")->bd_disk, 0), bio_rw_str(bio_op($bio)), disk_name(@cast(d, "block_device", "kernel")->bd_disk, 3)) }
global n'
read -r dev part disk rw third <"$TMP/out"
if [ ! -s "$TMP/out" ] && [ $rc = 0 ]; then
    skip block "writing to $TMP did no block I/O"
elif [ -e "/sys/class/block/$dev" ] && [ -e "/sys/block/$disk" ] && [ "$part" = "$(cat "/sys/class/block/$dev/partition" 2>/dev/null || echo 0)" ] &&
    [ "$(printf %s "$third" | sed 's/p\?3$//')" = "$disk" ]; then
    pass block
else
    fail block "status $rc: $(cat "$TMP/out") $(first_line "$TMP/err")"
fi

# Commands.
run -e 'probe begin { println("before"); system("echo $((6 * 7)) >'"$TMP"'/said; echo beside") } probe timer.ms(300) { exit() }'
if [ $rc = 0 ] && [ "$(cat "$TMP/said")" = 42 ] && [ "$(cat "$TMP/out")" = "before
beside" ]; then
    pass system
else
    fail system "status $rc: $(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
fi
word=stap-$$-$RANDOM
run -e 'probe oneshot { ftrace("'$word'") }'
if grep -q "$word" /sys/kernel/tracing/trace; then pass ftrace; else fail ftrace "status $rc: $(first_line "$TMP/err")"; fi

# Output that goes on in another file.
run -o "$TMP/part" -e 'probe begin { println(1); switch_file(); println(2); exit() }'
[ "$(cat "$TMP/part") $(cat "$TMP/part.1")" = "1 2" ] && pass switch-file || fail switch-file "$(ls "$TMP")"

# Every system call by name alone.
run -c "cat /dev/null" -e 'global n, ok
probe syscall_any { if (pid() == target()) n[name]++ }
probe syscall_any.return { if (pid() == target() && name == "openat") ok += (retval >= 0 && syscall_nr == 257) }
probe end { println(n["execve"], " ", n["exit_group"], " ", n["openat"] >= ok && ok > 0) }'
expect syscall-any 0 "1 1 1"

# The target and what it starts, as they end.
{ echo 'sleep 0.01'; echo '(/bin/true; /bin/true)'; echo :; } >"$TMP/tree.sh"
/bin/sleep 0.3 &
run -c "sh $TMP/tree.sh" -e 'global n, others
probe kernel.trace("sched_process_exit") { if (tid() == pid()) { if (target_set_pid(pid())) n++; else others++ } }
probe kernel.trace("sched_process_exec") { if (execname() == "sleep" && target_set_pid(pid())) target_set_report() }
probe end { println(n, " ", target_set_pid(1), target_set_pid(0)) }'
if [ $rc = 0 ] && [ "$(head -n 1 "$TMP/out")" = "target set:" ] && [ "$(grep -c 'begat' "$TMP/out")" = 2 ] && grep -qx '[45] 00' "$TMP/out"; then
    pass target-set
else
    fail target-set "status $rc: $(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
fi

run -c true -e 'probe kernel.trace("sched_process_exec") { if (pid() == target()) println(pexecname(), " ", stp_pid() == ppid(), module_name() != "") }'
expect parent 0 "stap 11"
run -g -e 'probe oneshot { t = gettimeofday_us(); udelay(500); u = gettimeofday_us(); mdelay(20); v = gettimeofday_us(); println(u - t >= 500 && v - u >= 20000 && v - u < 2000000) }'
expect delays 0 "1"
run -g -c "sleep 10" -e 'probe kernel.trace("sched_process_exec") { if (pid() == target()) raise(15) }'
grep -q 'signal 15' "$TMP/err" && pass raise || fail raise "status $rc: $(first_line "$TMP/err")"
run -e 'probe oneshot { raise(15) }'
[ $rc = 1 ] && grep -q "requires guru mode" "$TMP/err" && pass guru || fail guru "status $rc: $(first_line "$TMP/err")"
run -e 'probe oneshot { qsq_start("disk"); qs_wait("disk"); qs_run("disk"); qs_done("disk"); qsq_print("disk"); println(str_quoted("a\"b"), str_token("x,y,z", ",", 1), rlimit_from_str("RLIMIT_AS"), current_cgroup_id() > 0) }'
if [ $rc = 0 ] && grep -q '^disk: [0-9]*\.[0-9]* ops/s, 0\.[0-9]* qlen, [0-9]* await, [0-9]* svctm, [0-9]*% wait, [0-9]*% util$' "$TMP/out" && grep -qx '"a\\"b"y91' "$TMP/out"; then
    pass queue-line
else
    fail queue-line "status $rc: $(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
fi

# The forms of a stack agree.
run -c "cat /dev/null" -e 'probe syscall.close { if (pid() == target() && fd >= 3 && !n++) {
    u = ubacktrace(); t = sprint_usyms(u)
    println(strlen(u) > 0, t == sprint_ustack(u), sprint_ubacktrace() =~ "^[^ ]+\\+0x[0-9a-f]+ \\[")
    print_usyms(u); println("--"); print_ubacktrace(); println("--"); print_ubacktrace_brief(); println("==") } }
global n, k
probe kernel.trace("sched_process_exit") { if (pid() == target() && !k++) {
    b = backtrace(); t = sprint_syms(b)
    println(strlen(b) > 0, t == sprint_stack(b), sprint_backtrace() =~ "^[^ ]+\\+0x[0-9a-f]+ \\[", caller_addr() == stack(1), caller() == sprintf("%s 0x%x", symname(stack(1)), stack(1)), strpos(b, callers(2)) == 0)
    print(t); println("--"); print_syms(b) } }'
lines=$(sed '/^--$/,$d' "$TMP/out" | tail -n +2)
again=$(sed '1,/^--$/d' "$TMP/out" | sed '/^--$/,$d')
kernel=$(sed '1,/^==$/d' "$TMP/out")
if [ $rc = 0 ] && [ "$(head -n 1 "$TMP/out")" = 111 ] && [ -n "$lines" ] && [ "$lines" = "$again" ] &&
    [ "$(printf '%s\n' "$kernel" | head -n 1)" = 111111 ] &&
    [ "$(printf '%s\n' "$kernel" | sed '1d;/^--$/,$d')" = "$(printf '%s\n' "$kernel" | sed '1,/^--$/d')" ] &&
    printf '%s\n' "$kernel" | grep -q 'do_exit'; then
    pass stack-forms
else
    fail stack-forms "status $rc: $(head -c 400 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
fi

# The passes of stap itself.
if [ -e /usr/include/sys/sdt.h ]; then
    PATH=$(dirname "$STAP"):$PATH run -c "stap -p2 -e 'probe oneshot { println(1) }'" -e 'global n probe stap.pass2, stap.pass2.end { n[$$name] = session }
    probe end { println(n["pass2__start"] == n["pass2__end"] && n["pass2__end"] != 0) }'
    [ $rc = 0 ] && grep -qx 1 "$TMP/out" && pass stap-passes || fail stap-passes "$(first_line "$TMP/err")"
fi
run -e 'probe begin { println("second") exit() } probe init { println("first ", argc) }'
expect init 0 "first 0
second"
