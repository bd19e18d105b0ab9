# SPDX-License-Identifier: GPL-2.0-or-later
# Scripts in the ways of profiling toolkits, on a program that runs: stacks for flame graphs,
# @cast and @var in functions and timers, types of headers.
. "$(dirname "$0")/lib.sh"
cp tests/real/served.c "$TMP"
cd "$TMP" || exit 1
gcc -g -O2 -fno-optimize-sibling-calls -fomit-frame-pointer -o served served.c || { skip scripts "gcc is not installed"; exit 0; }
./served 2>/dev/null & server=$!
trap 'kill $server 2>/dev/null; rm -rf "$TMP"' EXIT

# Sampled in one handler, printed in another, from standard input.
timeout -s KILL 30 "$STAP" -x $server -DMAXBACKTRACE=200 -DMAXSTRINGLEN=2048 -DMAXACTION=100000 --skip-badvars - >"$TMP/out" 2>"$TMP/err" <<'S'
global bts, quit = 0
probe timer.profile {
    if (pid() == target() && !quit)
        bts[backtrace(), ubacktrace()] <<< 1
}
probe timer.ms(700) {
    quit = 1
    foreach ([k, u] in bts- limit 1024) {
        print_stack(k)
        print_ustack(u)
        println(@count(bts[k, u]))
    }
    exit()
}
S
rc=$?
# Whole stacks: main() below 70 calls of handle(), then how often.
shape=$(awk '/ : handle\+0x[0-9a-f]+\/0x[0-9a-f]+ \[.*\/served\]$/ { deep++ } / : main\+/ { whole = deep > 69 }
    /^[0-9]+$/ { all += $1; if (whole) good += $1; deep = whole = 0 } END { print (all > 20 && good > all * 0.9) ? "good" : good " of " all }' "$TMP/out")
[ "$rc $shape" = "0 good" ] && pass flame-graph || fail flame-graph "$rc $shape $(first_line "$TMP/err")"
grep -q '^ 0x[0-9a-f]* : [a-zA-Z_0-9.]*+0x[0-9a-f]*/0x[0-9a-f]* \[kernel\]$' "$TMP/out" && pass flame-graph-kernel || fail flame-graph-kernel "$(head -n 2 "$TMP/out")"

# Functions with casts, statistics by what they find.
run -x $server -e '
global begun, took
function uri:string(r) { return user_string(@cast(r, "struct req", "./served")->uri) }
function conf:string(r) {
    c = @cast(r, "struct req", "./served")->conf
    return user_string(&@cast(c, "conf", "./served")->name[0]) . "/" . user_string(@cast(c, "struct conf", "./served")->opt[1]->s)
}
probe process("./served").function("send_it") { begun[tid()] = gettimeofday_us() }
probe process("./served").function("send_it").return {
    if (!([tid()] in begun)) next
    took[uri(@entry($r)), conf(@entry($r))] <<< gettimeofday_us() - begun[tid()]
    delete begun[tid()]
    if (@count(took["/a", "master/four"]) > 9 && @count(took["/index.html", "master/four"]) > 9) exit()
}
probe end { foreach ([u+, c] in took) printf("%s %s %d\n", u, c, @count(took[u, c]) > 9); delete took }'
expect casts 0 $'/a master/four 1\n/index.html master/four 1'

# Variables of a program in a timer, and in a function that probes of other modules call.
run -x $server -e '
function total() { return @var("served@served.c", "./served") }
probe timer.profile {
    if (pid() == target()) {
        println(total() > 0, " ", user_string(@var("master@served.c", "./served")->name), " ", @var("master@served.c", "./served")->opt[0]->n, " ", @var("mine@served.c", "./served"))
        exit()
    }
}'
expect var-in-timer 0 '1 master 3 31'
run -x $server -e 'probe process("libc.so.6").function("snprintf") { if (pid() == target()) { println(@var("served@served.c", "./served") > 0, " ", @defined(@var("none@served.c", "./served"))); exit() } }'
expect var-in-library 0 '1 0'
run -e 'probe process("./served").function("parse") { println(@var("__libc_initial", "libc.so.6")) }'
[ $rc = 1 ] && grep -q 'where the library .*libc.so.6 is loaded is known in probes of itself only, or for the process of -x' "$TMP/err" ||
    grep -q 'has no debug information' "$TMP/err" && pass var-of-library || fail var-of-library "$rc $(first_line "$TMP/err")"
if "$STAP" -L 'process("libc.so.6").function("malloc")' 2>/dev/null | grep -q bytes; then
    run -x $server -e 'probe process("./served").function("parse") { println(@var("main_arena@malloc.c", "libc.so.6")->next == &@var("main_arena@malloc.c", "libc.so.6")); exit() }'
    expect var-of-library-of-target 0 1
fi

# Types of headers.
run -x $server -e 'probe process("./served").function("look") {
    println(@cast($at, "stat", "<sys/stat.h>")->st_mode == $at->st_mode, " ", @cast($at, "struct stat", "./nothing:<sys/time.h><sys/stat.h>")->st_size == $at->st_size)
    exit() }'
expect headers 0 '1 1'
run -p2 -e 'probe begin { println(@cast(0, "x", "<no/such.h>")->y) }'
[ $rc = 1 ] && grep -q "cc cannot compile '<no/such.h>'" "$TMP/err" && pass headers-none || fail headers-none "$rc $(first_line "$TMP/err")"
run -p2 -e 'probe begin { println(@cast(0, "x", "<a>;<b>")->y) }'
[ $rc = 1 ] && grep -q 'is no list of headers' "$TMP/err" && pass headers-wrong || fail headers-wrong "$rc $(first_line "$TMP/err")"

# What is not there becomes 0 when that is asked for.
run -x $server --skip-badvars -e 'probe process("./served").function("parse") { println($none, " ", $r->none, " ", @cast($r, "struct req")->none, " ", $r->keep); exit() }'
expect skip-badvars 0 '0 0 0 1'
[ "$(grep -c 'WARNING: Bad \$context variable being substituted with literal 0' "$TMP/err")" -ge 1 ] && pass skip-badvars-told || fail skip-badvars-told "$(first_line "$TMP/err")"
