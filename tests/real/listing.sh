# SPDX-License-Identifier: GPL-2.0-or-later
# -l, -L and --dump-…: every family, sorted, in the notation of scripts.
. "$(dirname "$0")/lib.sh"

# lists NAME OPTION PATTERN LINE...: exactly these lines.
lists() {
    local name=$1 option=$2 pattern=$3
    shift 3
    run "$option" "$pattern"
    expect "$name" 0 "$(printf '%s\n' "$@")"
}
# none NAME PATTERN: nothing matches, which the status says.
none() {
    run -l "$2"
    expect "$1" 1 ''
    [ -s "$TMP/err" ] && fail "$1-silent" "$(first_line "$TMP/err")" || pass "$1-silent"
}

for p in begin end error never oneshot 'begin(1)' 'timer.ms(100)' 'timer.profile' 'timer.s(1)' \
    'perf.sw.cpu_clock' 'perf.type(1).config(2)' 'netfilter.hook("NF_INET_LOCAL_IN").pf("NFPROTO_IPV4")' \
    'process("/bin/sh").begin' 'process.end' 'process(1).syscall'; do
    lists "itself-$p" -l "$p" "$p"
done
lists suffix -l 'timer.profile.freq.hz(100)' 'timer.profile.freq.hz(100)'
lists begin-wildcard -L 'begin*' begin
lists braces -l '{error,begin,end}' begin end error
lists comma -l 'end, begin' begin end
lists alias-braces -l 'scheduler.{cpu_on,cpu_off}' scheduler.cpu_off scheduler.cpu_on
lists mixed-braces -l '{kernel.trace("sched_switch"),scheduler.cpu_on}' 'kernel.trace("sched:sched_switch")' scheduler.cpu_on
lists process-wildcard -l 'process(1).*' 'process(1).begin' 'process(1).end' 'process(1).syscall'
run -l 'timer.**'
grep -qx timer.profile.tick "$TMP/out" && pass deep-timer-tick || fail deep-timer-tick "$(head -c 200 "$TMP/out")"
none no-such nosuch
none no-such-wildcard 'nosuch.*'
none no-such-syscall syscall.nosuchcall
none no-such-trace 'kernel.trace("nosuch*")'
none no-such-program 'process("/no/such/program").function("*")'

some syscalls -l 'syscall.*' 400 '^syscall\.[a-z0-9_]+$'
some syscalls-variables -L 'syscall.*' 400 '^syscall\.[a-z0-9_]+ (__nr:long )?name:string '
some syscalls-return -L 'syscall.*.return' 400 '^syscall\.[a-z0-9_]+\.return (__nr:long )?name:string .*retstr:string'
some tracepoints -l 'kernel.trace("*")' 1000 '^kernel\.trace\("[a-z0-9_:]+"\)$'
some tracepoints-variables -L 'kernel.trace("sched:*")' 15 '^kernel\.trace\("sched:[a-z_]+"\)( \$[a-z_0-9]+:[a-z_0-9 *]+)*$'
some alias-variables -L 'scheduler.*' 8 '^scheduler\.[a-z_]+ ([a-z_]+:(long|string) )+'
some netfilter -L 'netfilter.ip.*' 5 '^netfilter\.ip\.[a-z_]+ .*saddr:string daddr:string'
some netfilter-deep -l 'netfilter.**' 10 '^netfilter\.[a-z0-9_.]+$'
some two-levels -l 'tcpmib.**' 5 '^tcpmib\.'
some top -l '*' 5 '^[a-z_]+$'
some everything -l '*.*' 500 '^[a-zA-Z_0-9]+\.[a-zA-Z_0-9]+$'
some program -l 'process("/bin/sh").mark("*")?, process("/bin/sh").plt("*")' 5 '^process\("/[a-z/]*"\)\.plt\("'
# The variables of the point below an alias are its own, and those of @entry's probes no points.
run -L scheduler.cpu_off
grep -q '^scheduler.cpu_off name:string task_prev:long task_next:long idle:long .*\$prev:struct task_struct\*' "$TMP/out" &&
    pass alias-own-variables || fail alias-own-variables "$(first_line "$TMP/out")"
run -L 'vm.**'
grep -qv '^vm\.' "$TMP/out" && fail entry-probes "$(grep -m 1 -v '^vm\.' "$TMP/out")" || pass entry-probes
# What a pattern may not be.
run -l 'begin { println("hi") } probe end'
expect no-handler 1 ''
run -l ''
expect no-pattern 1 ''
# A ** in a script goes through components with parameters as well.
run -p2 -e 'probe timer.** { println("x") }'
grep -q 'timer.profile' "$TMP/out" && [ $rc = 0 ] && pass deep-script || fail deep-script "status $rc: $(first_line "$TMP/err")"

some dump-types --dump-probe-types -- 200 '^[a-z_]+(\((number|string)\))?(\.[a-z_]+(\((number|string)\))?)*$'
some dump-aliases --dump-probe-aliases -- 900 '^[a-zA-Z][a-zA-Z0-9_.()"]* \+?= [a-z_]'
grep -qx 'scheduler.cpu_off = kernel.trace("sched_switch")!, kernel.function("context_switch")' "$TMP/out" && pass dump-alias || fail dump-alias "$(grep -m 1 '^scheduler.cpu_off' "$TMP/out")"
some dump-functions --dump-functions -- 500 '^[a-zA-Z][a-zA-Z0-9_]*:(long|string|unknown) \(([a-zA-Z0-9_]+:(long|string|unknown)(, )?)*\)( /\* [a-z-]* \*/)*$'
grep -qx 'kernel_string:string (addr:long, err_msg:string)' "$TMP/out" && pass dump-function || fail dump-function "$(grep -m 1 '^kernel_string:' "$TMP/out")"
