# SPDX-License-Identifier: GPL-2.0-or-later
# VALUE->member without @cast: variables, elements, keys, functions and results take over the
# type of what is assigned to them.
. "$(dirname "$0")/lib.sh"
cp tests/real/autocast.c "$TMP"
cd "$TMP" || exit 1
for cc in gcc clang; do
    command -v $cc >/dev/null || { skip "$cc" "$cc is not installed"; continue; }
    $cc -g -O1 -no-pie -o prog autocast.c 2>cc || { fail $cc "$(first_line cc)"; continue; }

    # gives NAME HANDLER OUTPUT [MORE OF THE SCRIPT]
    gives() {
        run -c ./prog -e "probe process(\"./prog\").function(\"f\") { $2 } ${4-}"
        expect "$cc-$1" 0 "$3"
    }
    gives member 'p = $r; println(p->status, " ", p->parent->status)' "1 5"
    gives chain 'p = $r; q = p->parent; println(q->status)' 5
    gives list 'for (p = $r; p; p = p->parent) println(p->vals[1])' "6
2"
    gives text 'p = $r; println(p->name$, " ", p->in$)' '"kid" {.a=88}'
    gives whole 'p = $r; println((p)$)' "$(run -c ./prog -e 'probe process("./prog").function("f") { println($r$) }'; cat "$TMP/out")"
    gives address 'p = $r; println(&p->in - p, " ", &p->vals[2] - p)' "64 48"
    gives part 'p = &$r->in; println(p->a)' 88
    gives array 'p = $r->vals; println((p)[1])' 6
    gives index 'p = $r; println((p)[0]->status)' 1
    gives index-variable 'p = $r; i = 3; println(p->vals[i])' 8
    gives zero-first 'p = 0; if (pid()) p = $r; println(p->status)' 1
    gives choice 'p = $o ? $r : 0; println(p->status)' 1
    gives assignment 'println((p = $r)->status, " ", p)' "1 $(run -c ./prog -e 'probe process("./prog").function("f") { println($r) }'; cat "$TMP/out")"
    gives copy 'q = p = $r; println(q->status)' 1
    gives global 'g = $r' 1 'global g probe process("./prog").function("parent_of") { println(g->status) }'
    gives element 'g["x", 1] = $r' 1 \
        'global g probe process("./prog").function("parent_of") { println(g["x", 1]->status) }'
    gives foreach-value 'g[1] = $r; foreach (v = k in g) println(v->status)' 1 'global g'
    gives foreach-key 'g[$r, 1]++; foreach ([p, k] in g) println(p->status)' 1 'global g'
    gives parameter 'println(status_of($r))' 1 'function status_of(p) { return p->status }'
    gives result 'println(parent($r)->status)' 5 'function parent(p) { return p->parent }'
    gives through 'println(same($r)->status)' 1 'function same(p) { return p }'
    gives recursive 'println(top($r)->status)' 5 'function top(p) { return p->parent ? top(p->parent) : p }'
    gives cast-in-function 'println(as_rec($r + 0)->status)' 1 \
        'function as_rec(p) { return &@cast(p, "rec", "./prog") }'
    gives alias 'next' 1 'probe a = process("./prog").function("f") { p = $r } probe a { println(p->status) }'
    gives defined 'p = $r; println(@defined(p->status), @defined(p->none), @defined(none->x))' 100
    gives choose-defined 'p = $r; println(@choose_defined(p->none, p->status))' 1
    gives dead-branch 'p = $r; if (@defined(p->none)) println(p->none); else println(p->status)' 1
    # What is not known before all is resolved: the branch that is dropped is never looked at.
    gives late-defined 'println(later($r))' 1 '
function later(x) { p = hand(x); return @defined(p->none) ? p->none : @defined(p->status) && 1 ? p->status : $none }
function hand(x) { return hand2(x) } function hand2(x) { return &@cast(x, "rec", "./prog") }'
    gives return '' "1 1 5" 'probe process("./prog").function("parent_of").return {
        p = $r; q = @entry($r); s = $return; println(p->status, " ", q->status, " ", s->status) }'
    gives entry '' 1 'probe process("./prog").function("f").return { println(@entry($r)->status) }'
done

# Casts to what is no structure are what is at the address.
run -c ./prog -e 'probe process("./prog").function("f") {
    println(@cast($r, "int"), " ", @cast(&$r->vals, "long")[2], " ", @cast(&$r->name, "char")$)
    println(&@cast($r, "int") == $r, @cast($r, "rec*") == $r, &@cast($r, "rec")[1] - $r)
    p = &@cast($r, "rec"); println(p->status, " ", @cast(&p->parent, "long") == p->parent) }'
expect scalars 0 "1 7 'k'
1172
1 1"

# The kernel's: functions of the library, and tracepoints.
run -e 'probe oneshot { t = task_current()
    println(t->pid == tid(), task_current()->tgid == pid(), task_parent(t)->tgid == ppid(),
            pid2task(pid())->pid == pid(), @task(t)->pid == tid(), t->comm$ == sprintf("\"%s\"", execname()),
            @cast(&t->pid, "int", "kernel") == tid(), (&t->pid)[0] == tid()) }'
expect kernel 0 11111111
run -T 5 -e 'global last probe kernel.trace("sched_switch") { last[cpu()] = $next }
probe timer.ms(20) { foreach (t = c in last) { println(strlen(t->comm$) > 2, t->tgid >= 0); exit() } }'
within tracepoint 1 9 "$(grep -c '^11$' "$TMP/out")"

# refused NAME POSITION MESSAGE SCRIPT
refused() {
    run -p2 -e "$4"
    if [ $rc != 1 ] || ! grep -q -F "error: $3: operator '->' at <input>:1:$2" "$TMP/err"; then
        fail "$1" "status $rc, $(first_line "$TMP/err")"
    else
        pass "$1"
    fi
}
refused unknown 26 "unknown type in dereference" 'probe oneshot { println(x->a); x = 1 }'
refused two-types 56 "unknown type in dereference" \
    'probe process("./prog").function("f") { p = $r; print(p->status); p = $o }'
refused two-types-handed-on 94 "unknown type in dereference" \
    'global g, h probe process("./prog").function("f") { g = $r; h = g } probe oneshot { println(h->status) } probe process("./prog").function("f") { g = $o }'
refused no-member 56 "unable to find member 'none' for struct rec (alternatives: name, in, parent, vals, status)" \
    'probe process("./prog").function("f") { p = $r; print(p->none) }'
refused number 64 "invalid access '->x': the value is of type int, not a structure" \
    'probe process("./prog").function("f") { p = $r->status; print(p->x) }'
refused write 50 "write to target variable not permitted; need stap -g" \
    'probe process("./prog").function("f") { p = $r; p->status = 1 }'
run --skip-badvars -c ./prog -e 'probe process("./prog").function("f") { p = $r; println(p->none, p->status) }'
expect skip-badvars 0 01
