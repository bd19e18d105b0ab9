# SPDX-License-Identifier: GPL-2.0-or-later
# Functions that look at variables of the traced code: each probe that calls them has its own copy.
. "$(dirname "$0")/lib.sh"
gcc -g -O1 -no-pie -o "$TMP/prog" tests/real/autocast.c 2>"$TMP/cc" || { skip context "gcc is not installed"; exit 0; }
cd "$TMP" || exit 1

# gives NAME HANDLER OUTPUT FUNCTIONS [POINT]
gives() {
    run -c ./prog -e "probe process(\"./prog\").${5-function(\"f\")} { $2 } $4"
    expect "$1" 0 "$3"
}
gives variable 'println(w())' 1 'function w() { return $r->status }'
gives nested 'println(v(2))' 3 'function v(x) { return w() + x } function w() { return $r->status }'
gives recursive 'println(w(3))' 1 'function w(n) { return n ? w(n - 1) : $r->status }'
gives mutual 'println(a(1), " ", a(2))' "1 7" \
    'function a(n) { return n ? b(n - 1) : 7 } function b(n) { return n ? a(n - 1) : $r->status }'
gives loop 'println(w())' 9 'function w() { for (i = 0; i < 3; i++) s += $r->in->a == 88 ? 3 : 0; return s }'
gives overload 'println(w(), " ", w(5))' "1 5" 'function w:long() { return $r->status } function w:long(x) { return x }'
gives alias 'println(1)' "1
1" 'probe x = process("./prog").function("f") { s = w() } probe x { println(s) } private function w() { return $r->status }'
gives type 'println(w($r))' 1 'function w(x) { return @cast(x, "rec")->status }'
gives autocast 'println(w())' 5 'function w() { p = $r; q = p->parent; return q->status }'
gives return 'println(w(), " ", $return)' "1 11" 'function w() { return $r->status }' 'function("f").return'
gives entry 'println(w(), " ", w(), " ", @entry($o->x))' "10 10 9" \
    'function w() { return @entry($o->status) }' 'function("f").return'
gives result 'println(w())' 5 'function w() { return $return->status }' 'function("parent_of").return'
run -c ./prog -e 'function w() { return $$parms } function i() { return @defined($i) ? $i : -1 }
probe process("./prog").function("f"), process("./prog").function("parent_of") { println(ppfunc(), " ", sprintf("%.2s", w()), " ", i()) }'
expect two-probes 0 "f r= -1
parent_of i= 3"
run -c ./prog -e 'global n function w() { n[ppfunc(), @choose_defined($i, -1)]++ } probe process("./prog").function("*@autocast.c") { w() }
probe end { foreach ([f+, s] in n) println(f, " ", s, " ", n[f, s]) }'
expect wildcard 0 "f -1 1
main -1 1
parent_of 3 1"
run -T 5 -e 'function w() { return $next->pid >= 0 } function v(p) { return w() && p->pid >= 0 }
probe kernel.trace("sched_switch") { println(w(), v($prev), $next->pid >= 0); exit() }'
[ "$(head -n 1 "$TMP/out")" = 111 ] && pass tracepoint || fail tracepoint "$(first_line "$TMP/out") $(first_line "$TMP/err")"
run -c "sh -c 'exit 7'" -e 'function w() { return $arg1 } probe syscall.exit_group { if (pid() == target()) println(w()) }'
expect syscall 1 7

run -p2 -e 'function w() { return $r } probe process("./prog").function("f"), begin { println(w()) }'
[ $rc = 1 ] && grep -q "unresolved target-symbol expression: identifier '\$r' at <input>:1:23" "$TMP/err" &&
    pass refused || fail refused "status $rc, $(first_line "$TMP/err")"
run -p2 -e 'function w() { return $r } probe begin { println(1) }'
[ $rc = 0 ] && pass unused || fail unused "status $rc, $(first_line "$TMP/err")"
