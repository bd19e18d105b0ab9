# SPDX-License-Identifier: GPL-2.0-or-later
# Timers fire as often as they should.
. "$(dirname "$0")/lib.sh"

run -e 'global n probe timer.ms(100) { n++ } probe timer.ms(1050) { println(n); exit() }'
within ms 5 10 "$(cat "$TMP/out")"
run -e 'global n probe timer.us(10000) { n++ } probe timer.sec(1) { println(n); exit() }'
within us 40 100 "$(cat "$TMP/out")"
run -e 'global n probe timer.ns(20000000) { n++ } probe timer.s(1) { println(n); exit() }'
within ns 20 50 "$(cat "$TMP/out")"
run -e 'global n probe timer.hz(20) { n++ } probe timer.s(1) { println(n); exit() }'
within hz 9 20 "$(cat "$TMP/out")"
run -e 'global n probe timer.jiffies(10) { n++ } probe timer.s(1) { println(n); exit() }'
within jiffies 8 101 "$(cat "$TMP/out")"
# 50 ms, a tenth either way or up to twice.
run -e 'global n probe timer.ms(50).randomize(20) { n++ } probe timer.ms(1010) { println(n); exit() }'
within randomize 12 34 "$(cat "$TMP/out")"
busy=
# Idle processors take few samples: keep each busy while it runs.
for cpu in $(seq 0 $(($(nproc) - 1))); do
    taskset -c "$cpu" sh -c 'while :; do :; done' &
    busy+=" $!"
done
run -e 'global a[256] probe timer.profile { a[cpu()]++ } probe timer.s(2) { n = 0; foreach (c in a) n++; println(n); exit() }'
kill $busy
wait $busy 2>/dev/null
within profile-cpus "$(nproc)" "$(nproc)" "$(cat "$TMP/out")"
run -e 'global t probe begin { t = gettimeofday_us() } probe timer.ms(300) { println(gettimeofday_us() - t); exit() }'
within interval 280000 3000000 "$(cat "$TMP/out")"
# Two timers of the same length and a begin probe: all run.
run -e 'global a, b probe begin { println("begin") } probe timer.ms(40) { a++ } probe timer.ms(40) { b++ } probe timer.ms(430) { d = a - b; println(d >= -1 && d <= 1 && a >= 5); exit() }'
expect two 0 $'begin\n1'
