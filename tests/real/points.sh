# SPDX-License-Identifier: GPL-2.0-or-later
# Many points of a program with one handler; points that are placed where they cost less.
. "$(dirname "$0")/lib.sh"
here=$PWD
FUNCTIONS=${FUNCTIONS:-300}
cd "$TMP" || exit 1
if ! command -v gcc >/dev/null; then
    skip points "gcc is not installed"
    exit 0
fi

# Functions of several kinds: with and without a push, and one that kernels refuse to probe.
{
    echo '#include <unistd.h>
#include <pthread.h>
volatile long sink;
__attribute__((noinline)) long deep(long n) { return n ? deep(n - 1) + sink : sink; }'
    for ((i = 0; i < FUNCTIONS; i++)); do
        echo "__attribute__((noinline)) long fn_$i(long a, long b) { long x = deep(a & 1); return x + a * $i + b; }"
    done
    echo 'static void *other(void *p) { fn_1(1, 1); fn_2(2, 2); return p; }
__attribute__((noinline, nocf_check)) void fn_locked(void) { __atomic_add_fetch(&sink, 1, 5); }
int main(int argc, char **argv)
{
    pthread_t t;'
    for ((i = 0; i < FUNCTIONS; i++)); do echo "    sink = fn_$i($i, argc);"; done
    echo '    fn_locked(); sink = fn_3(0, 0);
    if (argc > 1) { char c; write(1, "ready\n", 6); read(0, &c, 1); }
    pthread_create(&t, 0, other, 0); pthread_join(t, 0);
    return 0;
}'
} >many.c
for cet in full none; do
    gcc -O2 -g -fcf-protection=$cet -o many-$cet many.c -lpthread 2>cc || { fail "points-build" "$(cat cc)"; exit 0; }
done

for cet in full none; do
    run -c ./many-$cet -e "
global n, sum, other
probe process(\"./many-$cet\").function(\"fn_*\") { n[ppfunc()]++; if (tid() != pid()) other++ }
probe process(\"./many-$cet\").function(\"fn_*\").return { sum++ }
probe end {
    foreach (f in n) { functions++; if (n[f] != 1 && f != \"fn_1\" && f != \"fn_2\" && f != \"fn_3\") odd++ }
    println(functions, \" \", n[\"fn_1\"], n[\"fn_2\"], n[\"fn_3\"], \" \", odd, \" \", sum, \" \", other)
    delete n
}"
    expect "all-$cet" 0 "$FUNCTIONS 222 0 $((FUNCTIONS + 3)) 2"
    grep -q 'points of process.*left out (such as fn_locked)' "$TMP/err" &&
        pass "refused-$cet" || fail "refused-$cet" "$(first_line "$TMP/err")"

    run -c ./many-$cet -e "probe process(\"./many-$cet\").function(\"fn_locked\") { println(pp()) }"
    [ $rc = 1 ] && grep -q 'cannot attach probe .*fn_locked.*takes no probe at the instruction' "$TMP/err" &&
        pass "refused-alone-$cet" || fail "refused-alone-$cet" "$rc $(first_line "$TMP/err")"
    size=$(printf '0x%x' "$(nm -S --defined-only many-$cet | sed -n 's/^[0-9a-f]* \([0-9a-f]*\) T fn_7$/0x\1/p')")
    # The handler cannot tell where the kernel was asked to stop: addresses, stacks,
    # parameters and globals are those of the first instruction.
    run -c ./many-$cet -e "
probe process(\"./many-$cet\").function(\"fn_7\") {
    println(usymname(uaddr()), \" \", usymdata(uaddr()), \" \", addr() == uaddr(), \" \", \$a, \" \", \$b, \" \", @var(\"sink@many.c\"))
    println(usymdata(strtol(\"0x\" . substr(tokenize(ubacktrace(), \" \"), 2, 16), 16)))
    exit()
}
"
    sed -i 's/ \[[^]]*\]//' "$TMP/out"
    [ "$(cat "$TMP/out")" = "fn_7 fn_7+0x0/$size 1 7 1 153
fn_7+0x0/$size" ] && pass "address-$cet" || fail "address-$cet" "$(head -3 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
    run -c ./many-$cet -e "
global n
probe process(\"./many-$cet\").function(\"fn_9\").return { println(@entry(\$a), \" \", @entry(\$b), \" \", \$return, \" \", @var(\"sink@many.c\") > 0, \" \", @entry(usymdata(uaddr()))) }
"
    sed -i 's/ \[.*//' "$TMP/out"
    grep -q '^9 1 [0-9]* 1 fn_9+0x0' "$TMP/out" && pass "entry-$cet" || fail "entry-$cet" "$(head -3 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
done

# -v says where the program is single-stepped.
echo 'long stepped(long a) { return a * 3; } long pushed(long n) { return n ? pushed(n - 1) + stepped(n) : 0; }
int main(void) { return pushed(1) == 0; }' >step.c
gcc -O1 -fcf-protection=none -fno-inline -fno-ipa-ra -o step step.c
run -v -c ./step -e 'probe process("./step").function("stepped"), process("./step").function("main").return { n <<< 1 } global n'
grep -q '^Single-stepped: process("[^"]*/step").function("stepped"): the kernel does not emulate the instruction there (48 8d 04 7f, lea)$' "$TMP/err" &&
    pass stepped || fail stepped "$(grep Single "$TMP/err") $(objdump -d step | grep -A1 '<stepped>:' | tail -n 1)"

# Kernels that attach one by one need open files for each; newer ones need one.
(
    ulimit -n 100
    run -c ./many-none -e "global n probe process(\"./many-none\").function(\"fn_*\") { n++ } probe end { println(n >= $FUNCTIONS) }"
    if grep -q 'functions are too many: this kernel attaches them one by one (it is older than Linux 6.6)' "$TMP/err"; then
        [ $rc = 1 ] && [ "$(uname -r | cut -d. -f1,2)" = 6.1 ] && pass open-files || fail open-files "$rc $(first_line "$TMP/err")"
    else
        expect open-files 0 1
    fi
)

# Very many: one sees that something goes on, and what was shown is gone afterwards.
if [ "$FUNCTIONS" -ge 300 ]; then
    for ((i = 0; i < 5100; i++)); do echo "int f_$i(void) { return $i; }"; done >very.c
    echo 'int main(void) { return f_7() + f_8() != 15; }' >>very.c
    gcc -O0 -o very very.c
    script -qec "'$STAP' -c ./very -e 'global n probe process(\"./very\").function(\"f_*\") { n++ } probe end { println(n); n = 0 }'" /dev/null </dev/null >terminal 2>&1
    tr -d '\r' <terminal | grep -q '^5000 probe points in .*very.\[K.\[K2$' && pass very-many || fail very-many "$(head -c 200 terminal | cat -v)"
fi

# A process that runs already: all of its threads, and no other process.
mkfifo go
./many-full wait <go >ready & one=$!
exec 9>go
wait_for 5 grep -q ready ready
"$STAP" -x "$one" -e 'global n, t
probe process.function("fn_[12]") { n++; if (tid() != pid()) t++ }
global started probe timer.ms(1) { if (!started++) println("started") }
probe end { println(n, " ", t) }' >"$TMP/attached" 2>"$TMP/err" </dev/null 9>&- & two=$!
wait_for 10 grep -q started "$TMP/attached"
./many-full
echo >&9
wait_for 5 test ! -e "/proc/$one"
kill -TERM "$two" 2>/dev/null
wait "$two"
exec 9>&-
[ "$(cat "$TMP/attached")" = $'started\n2 2' ] && pass attached || fail attached "printed '$(cat "$TMP/attached")': $(first_line "$TMP/err")"
cd "$here" || exit 1
