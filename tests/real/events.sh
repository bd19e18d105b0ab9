# SPDX-License-Identifier: GPL-2.0-or-later
# Counts of kernel events against what a process is known to have done.
. "$(dirname "$0")/lib.sh"

# Ten children of a shell, of a program that nobody else runs.
cp /bin/true "$TMP/true"
{ for _ in 1 2 3 4 5 6 7 8 9 10; do echo "$TMP/true"; done; echo :; } >"$TMP/forks.sh"
run -c "sh $TMP/forks.sh" -e 'global n
probe kernel.trace("sched:sched_process_fork") { if ($parent->tgid == target()) n++ }
probe end { println(n) }'
expect fork 0 10
run -c "sh $TMP/forks.sh" -e 'global n
probe kernel.trace("sched_process_fork") { if (pid() == target()) n++ }
probe end { println(n) }'
expect fork-short-name 0 10
run -c "sh $TMP/forks.sh" -e 'global kids, ends
probe kernel.trace("sched:sched_process_fork") { if (pid() == target()) kids[$child->tgid] = 1 }
probe kernel.trace("sched:sched_process_exit") { if ([pid()] in kids) { ends++; delete kids[pid()] } }
probe end { n = 0; foreach (k in kids) n++; println(ends, " ", n) }'
expect exit 0 "10 0"
run -c "sh $TMP/forks.sh" -e 'global n
probe kernel.trace("sched:sched_process_exec") { if (execname() == "true") if (kernel_string($bprm->filename) == @1) n++ }
probe end { println(n) }' "$TMP/true"
expect exec 0 10
run -c "sh $TMP/forks.sh" -e 'global seen
probe kernel.trace("sched:sched_process_*") { seen[ppfunc()]++ }
probe end { println(seen["sched_process_fork"] >= 10 && seen["sched_process_exit"] >= 10 && seen["sched_process_exec"] >= 10) }'
expect wildcard 0 1

# System calls: exact counts of one process.
run -c "$CALLER -n 500" -e 'global c, r, k, inside
probe syscall.close { if (pid() == target()) { if (fd == -77) inside = 1; else if (fd == -78) inside = 0; else if (inside) c++ } }
probe syscall.read { if (pid() == target() && inside) r++ }
probe syscall.kill { if (pid() == target() && inside) k++ }
probe end { println(c, " ", r, " ", k) }'
expect syscalls 0 "500 500 500"
run -c "$CALLER -n 3" -e 'global inside
probe syscall.close, syscall.close.return, syscall.read.return { if (pid() != target()) next
 if (name == "close" && !@defined($retval)) { if (fd == -77) inside = 1; if (fd == -78) inside = 0 } }
probe syscall.close.return { if (pid() == target() && inside) println(name, " ", retstr) }'
if [ $rc = 0 ] && [ "$(sort -u "$TMP/out")" = "close -9 (EBADF)" ]; then
    pass retstr
else
    fail retstr "status $rc: $(sort "$TMP/out" | uniq -c | head -3) $(first_line "$TMP/err")"
fi
echo content >"$TMP/file"
run -c "$CALLER $TMP/file $TMP/none" -e 'probe syscall.openat { if (pid() == target() && isinstr(filename, "'"$TMP"'")) println(name, "(", argstr, ")") }
probe syscall.openat.return { if (pid() == target()) last = retstr; if (isinstr(last, "ENOENT")) println(name, " = ", last) }'
if [ $rc = 0 ] && grep -qxF "openat(AT_FDCWD, \"$TMP/file\", O_RDONLY)" "$TMP/out" &&
    grep -qxF "openat(AT_FDCWD, \"$TMP/none\", O_RDONLY)" "$TMP/out" &&
    [ "$(tail -n 1 "$TMP/out")" = "openat = -2 (ENOENT)" ]; then
    pass openat
else
    fail openat "status $rc: $(head -n 3 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
fi
run -c 'echo words' -e 'probe syscall.write { if (pid() == target() && fd == 1) println(argstr) }'
grep -qxF '1, "words\n", 6' "$TMP/out" && pass write || fail write "printed $(cat "$TMP/out")"
run -c "/bin/true one two" -e 'probe syscall.execve { if (pid() == target()) println(filename, "|", args) }
probe syscall.exit_group { if (pid() == target()) println("exit ", status) }'
grep -q '^"\?/bin/true"\?|.*one.*two' "$TMP/out" && grep -qx 'exit 0' "$TMP/out" && pass execve ||
    fail execve "printed $(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"

# Every tracepoint that the kernel has an event of is listed, with its arguments.
events=/sys/kernel/tracing/events
if mount_tracefs; [ -d $events ]; then
    "$STAP" -L 'kernel.trace("*:*")' >"$TMP/out" 2>"$TMP/err"
    (cd $events && ls -d */*/) | grep -vE '^(syscalls|ftrace)/' | sed 's|/$||; s|/|:|' | sort >"$TMP/want"
    sed -n 's/^kernel.trace("\([^"]*:[^"]*\)") \$.*/\1/p' "$TMP/out" | sort | comm -13 - "$TMP/want" >"$TMP/missing"
    [ -s "$TMP/want" ] && [ ! -s "$TMP/missing" ] && pass tracepoints ||
        fail tracepoints "$(wc -l <"$TMP/missing") not listed, $(head -n 3 "$TMP/missing" | tr '\n' ' ')"
else
    skip tracepoints "no tracefs"
fi
