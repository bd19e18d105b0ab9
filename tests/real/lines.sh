# SPDX-License-Identifier: GPL-2.0-or-later
# Lines that share an instruction, and functions of one name in several files.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
if ! command -v gcc >/dev/null; then
    skip lines "gcc is not installed"
    exit 0
fi
printf '%s\n' 'static int twin(int a) { asm volatile("" ::: "memory"); return a + 1; }' 'int call1(int x) { return twin(x) * 2; }' >m1.c
printf '%s\n' 'static int twin(int a, int b) { asm volatile("" ::: "memory"); return a + b; }' 'int call2(int x) { return twin(x, 3) * 2; }' >m2.c
cat >m3.c <<'C'
int call1(int), call2(int);
int real_fn(int a) { asm volatile("" ::: "memory"); return a * 3; }
int alias_fn(int a) __attribute__((alias("real_fn")));
static int chosen(int x) { asm volatile("" ::: "memory"); return x + 100; }
static void *choose(void) { return chosen; }
int ifn(int x) __attribute__((ifunc("choose")));
int main(int argc, char **argv)
{
    goto on;
on: argc++;
    return call1(1) + call2(2) + real_fn(3) + alias_fn(4) + ifn(6) + argc == 0;
}
C
gcc -g -O1 -fno-inline -fno-ipa-cp -o prog m1.c m2.c m3.c || { fail build "it does not build"; exit 0; }
shared=$(readelf --debug-dump=decodedline prog 2>/dev/null | awk '$1 == "m3.c" && ($2 == 9 || $2 == 10 || $2 == 11) { at[$3] = at[$3] " " $2 } END { for (a in at) if (at[a] ~ / 9.* 10/) print "yes" }')
[ -n "$shared" ] || skip shared "this compiler gives each line an instruction"
list() { "$STAP" -L "process(\"./prog\").$1" 2>&1 | sed 's/^process("[^"]*")\.//; s/ .*//' | tr '\n' ' '; }
# One by itself is where it is; of several together the first stands for all.
is() { local got; got=$(list "$2"); [ "$got" = "$3" ] && pass "$1" || fail "$1" "'$got' instead of '$3'"; }
if [ -n "$shared" ]; then
    is one 'statement("main@m3.c:10")' 'statement("main@m3.c:10") '
    is offset 'statement("main@m3.c+3")' 'statement("main@m3.c:10") '
    is nearest 'statement("main@m3.c:10").nearest' 'statement("main@m3.c:10").nearest '
    is range 'statement("main@m3.c:9-10")' 'statement("main@m3.c:9") '
    [[ $(list 'statement("main@m3.c:*")') != *":10"* ]] && pass all || fail all "$(list 'statement("main@m3.c:*")')"
fi
is callees 'function("call*").callees' 'function("call1@m1.c:2").callee("twin@m1.c:1") function("call2@m2.c:2").callee("twin@m2.c:1") '
is alias-by-pattern 'function("alias_*")' 'function("alias_fn@m3.c:2") '
run -c ./prog -e 'probe process("./prog").function("alias*") { if ($a == 4) println($a) }'
expect alias-parameter 0 4
run -c ./prog -e 'probe process("./prog").function("call2").callees { println(ppfunc(), " ", $a, " ", $b) }
probe process("./prog").function("twin@m1.c") { println("m1 ", $$parms) }
probe process("./prog").function("alias_fn") { println("alias ", $a) }
probe process("./prog").function("ifn") { println("choice") }
probe process("./prog").function("chosen") { println("chosen ", $x) }
probe process("./prog").function("main").label("on") { println("label") }'
sort "$TMP/out" >sorted
[ "$(cat sorted)" = 'alias 3
alias 4
choice
chosen 6
label
m1 a=0x1
twin 2 3' ] && pass hits || fail hits "$(tr '\n' '|' <sorted) $(first_line "$TMP/err")"

# Lines of what is inlined: those of the function it is in, too, which has its own variables there.
cat >m4.c <<'C'
volatile int sink;
static inline __attribute__((always_inline)) int late(int c);
__attribute__((noinline)) int first(int n)
{
    int r = n + sink;
    r += late(n);
    return r;
}
static inline __attribute__((always_inline)) int late(int c)
{
    int v = c * 3;
    sink += v;
    return v + sink;
}
__attribute__((noinline)) int second(int n)
{
    int r = n + 1;
    r += late(r);
    return r;
}
int main(int argc, char **argv) { return first(5) + second(7) == 0; }
C
gcc -g -O0 -o lines m4.c
list() { "$STAP" -L "process(\"./lines\").$1" 2>&1 | sed 's/^process("[^"]*")\.[a-z]*(//; s/@m4.c//; s/")/"/' | tr '\n' ' '; }
all=$(for l in 11 12 13 4 5 6 7 8; do printf '"first:%d" $n:int $r:int ' $l; done)
is whole-function 'statement("first@m4.c:*")' "$all"
all=$(for l in 16 17 18 19 20; do printf '"second:%d" $n:int $r:int ' $l; done)
is own-lines 'statement("second@m4.c:*")' "$all"
both='"first:12" $n:int $r:int "late:12" $c:int $v:int "second:12" $n:int $r:int '
is inlined 'statement("*@m4.c:12")' "$both"
is inlined-by-name 'statement("second@m4.c:12")' '"second:12" $n:int $r:int '
is inlined-range 'statement("late@m4.c:12-20")' '"late:12" $c:int $v:int "late:13" $c:int $v:int '
is near 'statement("*@m4.c:14").nearest' "$(sed 's/" /".nearest /g; s/:12/:14/g' <<<"$both")"
is near-of-two 'statement("second@m4.c:14").nearest' '"second:14".nearest $n:int $r:int '
is no-such-line-of-function 'function("first@m4.c:99")' '"first:3" $n:int $r:int '
row=$(readelf --debug-dump=decodedline lines | awk '$1 == "m4.c" && $2 == 12 { print $3; exit }')
is address "statement($row)" "$row) \$c:int \$v:int "
run -p2 -e 'probe process("./lines").statement("first@m4.c:14") { }'
[ $rc = 1 ] && grep -q "no code of 'first' begins at line 14; line 13 is the nearest" "$TMP/err" && pass no-code || fail no-code "$(first_line "$TMP/err")"
run -c ./lines -e 'probe process("./lines").statement("first@m4.c:12") { println("first ", $n, " ", $r) }
probe process("./lines").statement("late@m4.c:12") { println("late ", $c, " ", $v, " ", ppfunc()) }
probe process("./lines").statement("second@m4.c:12") { println("second ", $n, " ", $r) }'
sort "$TMP/out" >sorted
[ "$(cat sorted)" = 'first 5 5
late 5 15 late
late 8 24 late
second 7 8' ] && pass inlined-values || fail inlined-values "$(tr '\n' '|' <sorted) $(first_line "$TMP/err")"

# A line is at its lowest address, with every optimisation; of several at one address the first.
cat >m5.c <<'C'
extern int sink;
int shuffle(int *p, int n, int *q)
{
    int t = 0;
    for (int i = 0; i < n; i++) {
        p[i] = q[0] + i;
        q[i] = p[0] * 3;
        t += p[i] - q[i];
    }
    if (t > sink)
        sink = t;
    else
        sink--;
    p[0] = 1;
    p[1] = 2;
    q[2] = t;
    return t;
}
C
for o in -O1 -O2 -Os; do
    gcc -g $o -c -o m5.o m5.c
    printf '%s\n' 'int sink; int shuffle(int *, int, int *); int main(void) { int a[9] = {1}, b[9] = {2}; return shuffle(a, 5, b) == 0; }' >m6.c
    gcc -g $o -o low m6.c m5.o
    readelf --debug-dump=decodedline low | awk '$1 == "m5.c" && $2 ~ /^[0-9]+$/ && $2 > 0 && $3 ~ /^0x/ { if (!($2 in at) || $3 < at[$2]) at[$2] = $3 }
        END { for (l = 2; l < 20; l++) if (l in at && !(at[l] in used)) { used[at[l]] = 1; print "process(\"./low\").statement(\"shuffle@m5.c:" l "\")" } }' | sort >want
    run -l 'process("./low").statement("shuffle@m5.c:2-19")'
    sort -o "$TMP/out" "$TMP/out"
    expect "lowest$o" 0 "$(cat want)"
done
