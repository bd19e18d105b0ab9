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
