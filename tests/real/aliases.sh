# SPDX-License-Identifier: GPL-2.0-or-later
# The library's aliases of tracepoints, against what processes are known to have done.
. "$(dirname "$0")/lib.sh"

# Every alias, with every variable, is understood on this kernel.
{
    echo 'probe never {}'
    sed -n 's/^probe \([a-z_]*\.[a-z_.]*\) =.*/probe \1 ? { }/p' tapset/{scheduler,kprocess,irq,vm,ioblock}.stp
} >"$TMP/all.stp"
run -p2 -u "$TMP/all.stp"
n=$(grep -c '<- [a-z_]*\.[a-z_.]* ' "$TMP/out")
[ $rc = 0 ] && [ "$n" -ge 40 ] && pass variables || fail variables "status $rc, $n points: $(first_line "$TMP/err")"

{ for _ in 1 2 3 4 5; do echo '/bin/true; /bin/false'; done; echo :; } >"$TMP/forks.sh"
run -c "sh $TMP/forks.sh" -e 'global forks, creates, execs, codes, exits, kids
probe scheduler.process_fork { if (parent_pid == target()) forks++ }
probe kprocess.create { if (pid() == target()) { creates++; kids[new_pid] = new_tid == new_pid } }
probe kprocess.exec { if ([pid()] in kids && isinstr(filename, "/bin/")) execs++ }
probe scheduler.process_exit { if ([pid] in kids) exits++ }
probe kprocess.exit { if ([pid()] in kids) codes += code }
probe end { println(forks, " ", creates, " ", execs, " ", exits, " ", codes) }'
expect processes 0 "10 10 10 10 1280"

# Five sleeps of 20 ms: off the processor for at least that long, and on it again.
run -c 'sh -c "for i in 1 2 3 4 5; do sleep 0.02; done"' -e 'global off, slept
probe scheduler.cpu_off { if (execname() == "sleep") off[tid()] = gettimeofday_us() }
probe scheduler.cpu_on { if (execname() == "sleep" && [tid()] in off) slept <<< gettimeofday_us() - off[tid()] }
probe end { n = 0; if (@count(slept)) n = @max(slept) >= 19000 && @sum(slept) >= 95000; println(n) }'
if grep -q 'no match' "$TMP/err"; then
    skip cpu-on "this kernel has neither the tracepoint sched_exit_tp nor probes at functions"
else
    expect cpu-on 0 1
fi
run -c 'sh -c "for i in 1 2 3 4 5; do sleep 0.02; done"' -e 'global n, w, out, pids
probe scheduler.ctxswitch { if (prev_task_name == "sleep" && prev_pid == pid() && prevtsk_state) { out++; pids[prev_tid] = 1 } }
probe scheduler.wakeup { if ([task_tid] in pids) w++ }
probe scheduler.wakeup_new { n++ }
probe end { println(out >= 5, " ", w >= 5, " ", n >= 5) }'
expect switches 0 "1 1 1"

cat >"$TMP/signals.sh" <<'S'
trap : USR1
kill -USR1 $$
kill -USR1 $$
kill -USR1 $$
:
S
run -c "sh $TMP/signals.sh" -e 'global sent, handled, asked
probe signal.send { if (sig_pid == target() && sig_name == "SIGUSR1" && pid_name == "sh" && shared && pid() == target()) sent++ }
probe signal.handle { if (pid() == target() && sig == 10 && sig_mode == "User Mode Signal") handled++ }
probe signal.syskill { if (pid() == target() && sig_name == "SIGUSR1" && pid_name == "sh" && sig_pid == target() && task == task_current()) asked++ }
probe end { println(sent, " ", handled, " ", asked) }'
expect signals 0 "3 3 3"

# A shell touches some hundred pages, and writes to a part of them.
run -c "sh -c :" -e 'global n, w
probe vm.pagefault { if (pid() == target() && address) { n++; w += write_access } }
probe end { println(n > 20, " ", w > 5 && w < n) }'
expect pagefault 0 "1 1"

run -c 'sh -c "ls -lR /usr/share/man /usr/share/doc >/dev/null"' -e 'global a, f, bad
probe vm.kmalloc, vm.kmem_cache_alloc { a++; if (bytes_alloc < bytes_req || ptr == 0 || caller_function == "") bad++ }
probe vm.kfree, vm.kmem_cache_free { f++ }
probe end { println(a > 10, " ", f > 10, " ", bad) }'
expect allocations 0 "1 1 0"

run -T 5 -e 'global s, t, w, wx
probe softirq.entry { s[vec_nr] = 1 } probe softirq.exit { if (s[vec_nr]) t++ }
probe workqueue.insert { w++ } probe workqueue.execute { if (work_func) wx++ }
probe timer.ms(100) { if (t > 3 && w > 3 && wx > 3) { println("all"); exit() } }'
expect deferred 0 all

# 16 blocks of 64 KiB written through to a disk, when there is one here.
file=$(mktemp -p "${BLOCK_TEST_DIR:-$PWD}" .blocktest.XXXXXX)
run -c "dd if=/dev/zero of=$file bs=64k count=16 oflag=direct status=none" -e 'global req, done
probe ioblock.request { if (pid() == target() && bio_rw_num(rw)) req[devname, sector] <<< size }
probe ioblock.end { done[devname, sector] <<< size }
probe end {
    foreach ([d, s] in req) { begun++; sizes += @sum(req[d, s]); if ([d, s] in done) ended++ }
    println(begun >= 16, " ", begun - ended, " ", sizes >= 1048576)
}'
rm -f "$file"
if [ ! -e /sys/dev/block/"$(stat -c %Hd:%Ld "$PWD")" ]; then
    skip block "no block device below $PWD"
else
    expect block 0 "1 0 1"
fi

# The names that users know: each is an alias, or doc/aliases.md says why not.
run --dump-probe-aliases
sed 's/ = .*//' "$TMP/out" | sort -u >"$TMP/have"
sed -n 's/^| \(`.*`\) |.*/\1/p' doc/aliases.md | grep -o '`[^`]*`' | tr -d '`' | sort -u >"$TMP/absent"
missing=$(sort -u tests/real/alias_names.txt | comm -23 - <(sort -u "$TMP/have" "$TMP/absent"))
[ -z "$missing" ] && pass names || fail names "neither there nor explained in doc/aliases.md: $(echo $missing | head -c 200)"
both=$(comm -12 "$TMP/have" "$TMP/absent")
[ -z "$both" ] && pass absent-names || fail absent-names "doc/aliases.md calls these missing: $both"

# All variables of system calls, with their types.
run -L 'syscall.*'
cp "$TMP/out" "$TMP/have"
if command -v python3 >/dev/null; then
    python3 - "$TMP/have" tests/real/call_variables.txt >"$TMP/out" 2>&1 <<'PY'
import sys
def read(path):
    return {w[0]: set(w[1:]) for w in (line.split() for line in open(path)) if w}
have, want = read(sys.argv[1]), read(sys.argv[2])
for call, variables in want.items():
    if call not in have:
        print(call, "is not there")
    elif call in have and variables - have[call]:
        print(call, *sorted(variables - have[call]))
PY
    [ ! -s "$TMP/out" ] && pass call-variables || fail call-variables "$(head -3 "$TMP/out" | tr '\n' ' ')"
fi
