# SPDX-License-Identifier: GPL-2.0-or-later
# Variables of programs, wherever compilers put them: every version of DWARF, with and without
# optimisation.
. "$(dirname "$0")/lib.sh"
cp tests/real/variables.c "$TMP"
cd "$TMP" || exit 1
line_of() { grep -n -m 1 "$1" variables.c | cut -d: -f1; }
last=$(line_of 'return v\[3\]') first=$(line_of '^APART long by_value')

# what BINARY: what is the same for all of them.
what() {
    run -c "$1" -DMAXSTRINGLEN=400 -e "
probe process(\"$1\").function(\"by_value\").return { println(\$return) }
probe process(\"$1\").function(\"with_thread\") { println(\$n, \" \", @var(\"of_thread@variables.c\"), \" \", @var(\"of_all_threads\")) }
probe process(\"$1\").function(\"bitty\") {
    printf(\"%d %d %d %x %d %s\n\", \$b->one, \$b->mid, \$b->neg, \$b->wide, \$b->tail, \$b\$)
    println(@var(\"bits@variables.c\")->mid, \" \", @var(\"bits@variables.c\")\$)
}
probe process(\"$1\").function(\"implicit\") { println(\$x) }
probe process(\"$1\").function(\"pair_of\").return { println(\$return->a, \" \", \$return->b, \" \", \$return\$, \" \", @entry(\$n)) }
probe process(\"$1\").function(\"large_of\").return { println(\$return->v[0], \" \", \$return->v[4], \" \", \$return\$) }
"
}
bits='{.one=1, .mid=100, .neg=-3, .wide=4886718345, .tail=5}'
want="132
2 7 99
3 9 101
1 100 -3 123456789 5 $bits
100 $bits
5
6 7 {.a=6, .b=7} 6
10 14 {.v=[...]}"
for cc in gcc clang; do
    command -v $cc >/dev/null || { skip "$cc" "$cc is not installed"; continue; }
    for v in 2 3 4 5; do
        for opt in 0 2; do
            name=$cc-dwarf$v-O$opt
            if ! $cc -gdwarf-$v -O$opt -o "$name" variables.c 2>cc; then
                fail "$name" "$(first_line cc)"
                continue
            fi
            what "./$name"
            expect "$name" 0 "$want"
        done
    done
done

# A structure that is passed in registers, whole or in pieces.
for name in gcc-dwarf5-O0 clang-dwarf4-O0 clang-dwarf2-O2 clang-dwarf5-O2; do
    [ -x $name ] || continue
    run -c ./$name -e "probe process(\"./$name\").function(\"by_value\") { println(\$p->a, \" \", \$p->b, \" \", \$p\$) }"
    expect "pieces-$name" 0 '3 4 {.a=3, .b=4}'
done

# Arrays, in memory and in pieces.
for name in gcc-dwarf3-O0 gcc-dwarf5-O2 clang-dwarf5-O0; do
    [ -x $name ] || continue
    run -c ./$name -e "probe process(\"./$name\").statement(\"many@variables.c:$last\") { println(\$v[1], \" \", \$m[0][1]) }"
    expect "arrays-$name" 0 '2 2'
done

# Pointers to what is in no memory.
for name in gcc-dwarf3-O2 gcc-dwarf5-O2; do
    [ -x $name ] || continue
    run -c ./$name -e "probe process(\"./$name\").function(\"both\").inline { println(\$p[0], \" \", \$q->a, \" \", \$q->b, \" \", \$q\$, \" \", @defined(\$p)) }"
    expect "implicit-pointer-$name" 0 '15 6 77 {.a=6, .b=77} 0'
    run -e "probe process(\"./$name\").function(\"both\").inline { println(\$q) }"
    grep -q 'the pointer was optimised away; what it points to is known' "$TMP/err" && [ $rc = 1 ] &&
        pass "implicit-pointer-itself-$name" || fail "implicit-pointer-itself-$name" "$rc $(first_line "$TMP/err")"
done

# What the compiler has dropped is told from what there never was.
if [ -x clang-dwarf5-O2 ]; then
    run -e 'probe process("./clang-dwarf5-O2").function("both").inline { println($p) }'
    [ $rc = 1 ] && grep -q "variable '\$p' cannot be read here: it was optimised away" "$TMP/err" && pass dropped || fail dropped "$rc $(first_line "$TMP/err")"
    run -e 'probe process("./clang-dwarf5-O2").function("both").inline { println($none) }'
    [ $rc = 1 ] && grep -q "unable to find local '\$none'" "$TMP/err" && pass never-there || fail never-there "$rc $(first_line "$TMP/err")"
fi

# Threads' variables of a library, and of the C library; each thread has its own.
cat >tls.c <<'S'
__thread int mine = 11;
static __thread long hidden = 22;
__attribute__((noinline)) long touch(int n) { mine += n; hidden += n; return hidden; }
S
cat >threads.c <<'S'
#include <pthread.h>
long touch(int);
static void *run(void *p) { touch(100); return p; }
int main(void) { pthread_t t; touch(1); pthread_create(&t, 0, run, 0); pthread_join(t, 0); touch(2); return 0; }
S
for model in global-dynamic local-dynamic initial-exec; do
    gcc -g -O1 -fPIC -shared -ftls-model=$model -o libtls-$model.so tls.c
    gcc -g -O1 -o threads-$model threads.c ./libtls-$model.so -lpthread
    run -c ./threads-$model -e "probe process(\"./libtls-$model.so\").function(\"touch\") {
        if (\$n > 1) println(\$n, \" \", @var(\"mine@tls.c\"), \" \", @var(\"hidden@tls.c\")) }"
    # The storage of a library is made when a thread first uses it.
    if [ $model = initial-exec ]; then
        expect "thread-local-$model" 0 $'100 11 22\n2 12 23'
    else
        grep -qx '2 12 23' "$TMP/out" && pass "thread-local-$model" || fail "thread-local-$model" "$(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
    fi
done

# Line lists, the nearest line, addresses.
if [ -x gcc-dwarf5-O0 ]; then
    p='process("./gcc-dwarf5-O0")'
    at=$(nm gcc-dwarf5-O0 | sed -n 's/^0*\([0-9a-f]*\) T bitty$/\1/p')
    # How the path is shown is tested elsewhere.
    listed() { run -l "$1" && sed -i 's/^process("[^"]*")/P/' "$TMP/out"; }
    listed "$p.statement(\"many@variables.c:$((last - 1)),$last-$((last + 1))\")"
    expect lines-list 0 "$(printf "P.statement(\"many@variables.c:%d\")\n" $((last - 1)) $last $((last + 1)))"
    listed "$p.statement(\"*@variables.c:$((first - 1))\").nearest"
    expect nearest 0 "P.statement(\"by_value@variables.c:$((first - 1))\").nearest"
    listed "$p.statement(0x$at)"
    expect address 0 "P.statement(0x$at)"
    run -L "$p.function(0x$at)"
    grep -q '\.function(0x[0-9a-f]*) \$b:struct bits\*$' "$TMP/out" && pass address-function || fail address-function "$(cat "$TMP/out" "$TMP/err")"
    run -e "probe $p.statement($((0x$at + 1))) { }"
    [ $rc = 1 ] && grep -q 'no statement of .bitty. begins at the address' "$TMP/err" && pass address-inside || fail address-inside "$(first_line "$TMP/err")"
    run -c ./gcc-dwarf5-O0 -e "probe $p.statement($((0x$at + 4))).absolute { println(usymname(uaddr()), uaddr() - ustack(0)) }
probe $p.function(0x$at).return { println(\$return) }"
    expect address-hit 0 $'bitty0\n-3'
fi

# Of variables of one name in several files that of the probe's own, and the function's own first.
cat >one.c <<'C'
static int counter = 1;
static struct { int v; } st = {11};
int two(int), twice(int);
__attribute__((noinline)) int one(int n) { static int inner = 100; counter += n; inner++; return counter + st.v + inner; }
int main(void) { return one(1) + two(2) + one(3) == 0; }
C
cat >two.c <<'C'
static long counter = 1000;
static struct { long w, v; } st = {7, 22};
__attribute__((noinline)) int two(int n) { static long inner = 200; counter += n; inner += 2; return counter + st.v + inner; }
C
gcc -g -O0 -o both one.c two.c
run -c ./both -e 'probe process("./both").function("one") { println("one ", @var("counter"), " ", @var("counter@two.c"), " ", @var("inner"), " ", @var("n"), " ", @var("st")->v) }
probe process("./both").function("two") { println("two ", @var("counter"), " ", @var("counter@one.c"), " ", @var("inner"), " ", @var("n"), " ", @var("st")->w, " ", @var("st@one.c")->v) }
probe process("./both").function("two").return { println("returned ", @var("counter"), " ", @var("st")$) }'
expect same-names 0 'one 1 1000 100 1 11
two 1000 2 200 2 7 11
returned 1002 {.w=7, .v=22}
one 2 1002 101 3 11'

# Parameters on the stack, at the first instruction: the register that they are counted from is not
# set yet.
cat >stacked.c <<'C'
__attribute__((noinline)) int twice(int n) { asm volatile("" ::: "memory"); return 2 * n; }
__attribute__((noinline)) int stacked(int a, int b, int c, int d, int e, int f, int g, int (*h)(int), long i) {
    int k = a + b + c + d + e + f + g;
    k += twice(k);
    return k + h(k) + (int)i;
}
int main(void) { return stacked(1, 2, 3, 4, 5, 6, 7, twice, 9) == 0; }
C
for cc in gcc clang; do
    command -v $cc >/dev/null || continue
    for how in -O0 -O1 -O2 '-O2 -fno-omit-frame-pointer' '-Os -gdwarf-4'; do
        $cc -g $how -o stacked stacked.c || continue
        run -c ./stacked -e 'probe process("./stacked").function("stacked") { println($a, $g, " ", usymname($h), " ", $i) }
probe process("./stacked").function("stacked").return { println($a, $g, " ", usymname($h), " ", $i) }'
        expect "stacked: $cc $how" 0 $'17 twice 9\n17 twice 9'
    done
done
