# SPDX-License-Identifier: GPL-2.0-or-later
# Probes in a user program: the scripts of tests/conformance/user on target.c, built
# with and without optimisation.  Their outputs there are sorted.
. "$(dirname "$0")/lib.sh"

scripts=$TOP/tests/conformance/user
if ! echo '#include <sys/sdt.h>' | gcc -E - >/dev/null 2>&1; then
    skip target "the package systemtap-sdt-dev is not installed"
    exit 0
fi
cp "$scripts/target.c" "$TMP" && cd "$TMP" || exit 1
if ! gcc -g -O0 -o target0 target.c || ! gcc -g -O2 -o target2 target.c; then
    fail target "the program does not build"
    exit 0
fi
for script in "$scripts"/*.stp; do
    name=$(basename "$script" .stp)
    run -c "./target${name: -1}" "$script"
    grep -av '^total \|^depth \|^many -\?[0-9]* -\?[0-9]*$\|^twice [0-9]' "$TMP/out" | LC_ALL=C sort >"$TMP/sorted"
    if [ "$rc" != 0 ]; then
        fail "$name" "status $rc: $(first_line "$TMP/err")"
    elif LC_ALL=C sort "${script%.stp}.out" | cmp -s - "$TMP/sorted"; then
        pass "$name"
    else
        fail "$name" "$(LC_ALL=C sort "${script%.stp}.out" | diff - "$TMP/sorted" | sed -n 2,3p | cut -c1-150 | tr '\n' ' ')"
    fi
done

# Events come in the order in which they happened.
run -c ./target2 -e 'probe process("./target2").function("leaf") { println("leaf ", $a) }
probe process("./target2").function("leaf").return { println("= ", $return) }
probe process("./target2").mark("started"), process("./target2").mark("finished") { println($$name) }'
grep -v '^total \|^depth \|^many \|^twice ' "$TMP/out" >"$TMP/order"
[ "$(cat "$TMP/order")" = $'started\nleaf 0\n= 5\nleaf 1\n= 15\nleaf 2\n= 27\nfinished' ] && pass order || fail order "$(tr '\n' ' ' <"$TMP/order")"

# A return sees what its function was called with; so does a line behind which a parameter is gone.
for opt in 0 2; do
    run -c ./target$opt -e "probe process(\"./target$opt\").function(\"leaf\").return {
        printf(\"leaf %d %d %s = %d %d\n\", @entry(\$a), \$b, user_string(\$text), \$return, @defined(\$a) + @defined(\$nothing)) }
    probe process(\"./target$opt\").function(\"walk\").return { printf(\"walk %d %d\n\", \$depth, \$return) }"
    grep '^leaf \|^walk ' "$TMP/out" | tr '\n' ';' >"$TMP/entry"
    walks='walk 2 2;walk 1 2;walk 0 2;'
    [ $opt = 2 ] && walks=$(grep -o 'walk [0-9]* 2;' "$TMP/entry" | tr -d '\n') # the calls may have become a loop
    [ "$(cat "$TMP/entry")" = "leaf 0 0 alpha = 5 1;leaf 1 10 beta = 15 1;leaf 2 20 gamma = 27 1;$walks" ] &&
        [ -n "$walks" ] && pass entry-$opt || fail entry-$opt "$(cat "$TMP/entry")"
done
run -c ./target2 -e 'probe process("./target2").statement("loop@target.c:89") { printf("n=%d\n", $n) }'
grep -qx 'n=3' "$TMP/out" && pass entry-value || fail entry-value "$(tr '\n' ';' <"$TMP/out") $(first_line "$TMP/err")"

# A function only when a certain other one calls it: leaf() is called by loop(), not by main().
run -c ./target2 -e 'probe process("./target2").function("main").callees(2), process("./target2").function("loop").callee("leaf").return { println(pp()) }'
sed -n 's/^process("[^"]*").function("\([a-z]*\)@[^"]*")/\1/p' "$TMP/out" | sed 's/@target.c:[0-9]*//g; s/callee//g; s/[."()]//g' >"$TMP/callees"
[ "$(grep -c '^mainloopleaf$' "$TMP/callees")" = 3 ] && [ "$(grep -c '^mainmake_node$' "$TMP/callees")" = 2 ] &&
    [ "$(grep -c '^loopleafreturn$' "$TMP/callees")" = 3 ] && pass callees || fail callees "$(tr '\n' ' ' <"$TMP/callees") $(first_line "$TMP/err")"
run -e 'probe process("./target2").function("walk").callee("leaf") { }'
[ $rc = 1 ] && grep -q "'walk' calls no such function" "$TMP/err" && pass no-callee || fail no-callee "$(first_line "$TMP/err")"

# -L, by the sections of listing.txt that are there yet.
awk -v dir="$TMP" '/^## -L/ { n++; point = $0; sub(/^## -L ./, "", point); sub(/.$/, "", point); print point > (dir "/points"); next } n { print > (dir "/want" n) }' "$scripts/listing.txt"
n=0
while IFS= read -r point; do
    n=$((n + 1))
    run -L "$point"
    if LC_ALL=C sort "$TMP/want$n" 2>/dev/null | grep -v '^$' | cmp -s - <(LC_ALL=C sort "$TMP/out"); then
        pass "list-$n"
    else
        fail "list-$n" "$point: $(LC_ALL=C sort "$TMP/want$n" | grep -v '^$' | diff - <(LC_ALL=C sort "$TMP/out") | sed -n 2,3p | tr '\n' ' ')"
    fi
done <"$TMP/points"

# Without debug information functions are still there, and a variable says what is missing.
strip -o stripped target2
run -c ./stripped -e 'global n probe process("./stripped").plt("strlen") { n++ } probe end { println("calls ", n) n = 0 }'
grep -q '^calls 3' "$TMP/out" && pass stripped-plt || fail stripped-plt "$(first_line "$TMP/err")"
gcc -O0 -o plain target.c
run -c ./plain -e 'global n probe process("./plain").function("leaf") { n++ } probe end { println("calls ", n) n = 0 }'
grep -q '^calls 3' "$TMP/out" && pass symbols-only || fail symbols-only "$(first_line "$TMP/err")"
run -e 'probe process("./plain").function("leaf") { println($a) }'
[ $rc = 1 ] && grep -q 'no debug information.*-dbgsym' "$TMP/err" && pass no-debuginfo || fail no-debuginfo "$(first_line "$TMP/err")"
run -e 'probe process("./target2").function("laef") { }'
[ $rc = 1 ] && grep -q 'similar functions: leaf' "$TMP/err" && pass similar || fail similar "$(cat "$TMP/err")"
run -e 'probe process("./nothing").function("f") { }'
[ $rc = 1 ] && grep -q "nothing" "$TMP/err" && pass missing || fail missing "$(first_line "$TMP/err")"

# A library, by all programs that use it.
run -c 'ls /' -e 'global n probe process("libc.so.6").function("malloc") { if (pid() == target()) n++ } probe end { println("mallocs ", n > 10) n = 0 }'
grep -q '^mallocs 1' "$TMP/out" && pass library || fail library "$(first_line "$TMP/err")"

# Damaged files: refused or read in part, never a crash or a hang.
bad=0
for ((i = 0; i < 60; i++)); do
    cp target2 damaged
    for ((k = 0; k < 8; k++)); do
        printf "\\x$(printf %x $((RANDOM % 256)))" | dd of=damaged bs=1 seek=$(((RANDOM * 32768 + RANDOM) % $(stat -c %s damaged))) conv=notrunc status=none
    done
    timeout -s KILL 5 "$STAP" -L 'process("./damaged").function("*")' >/dev/null 2>&1
    [ $? -le 1 ] || { bad=$((bad + 1)); cp damaged "/tmp/stap-damaged-$i"; }
done
[ $bad = 0 ] && pass damaged || fail damaged "$bad of 60 damaged copies made it crash or hang"

# The libraries of a program, by a pattern; calls of all functions, and their returns.
run -l 'process("/bin/ls").library("libc.so*").function("malloc")'
[ $rc = 0 ] && grep -q 'libc.so.6").function("malloc' "$TMP/out" && pass linked-library || fail linked-library "$(first_line "$TMP/err")"
run -p2 -e 'probe process("/bin/ls").library("libnone*").function("malloc") { println(1) }'
[ $rc = 1 ] && grep -q "linked with no library 'libnone\*'" "$TMP/err" && pass no-linked-library || fail no-linked-library "$(first_line "$TMP/err")"
run -c ./stripped -e 'global n, r probe process("./stripped").plt { n[$$name]++ } probe process("./stripped").plt.return { r[$$name]++ }
probe end { println(n["strlen"], r["strlen"]) delete n delete r }'
[ $rc = 0 ] && grep -q '^33' "$TMP/out" && pass plt-returns || fail plt-returns "$(first_line "$TMP/err")"

# Numbers with a point that are arguments of marks: their bits; those in vector registers cannot be
# seen.
cat >reals.c <<'C'
#define STAP_SDT_ARG_CONSTRAINT norx
#include <sys/sdt.h>
double d = 2.5;
__attribute__((noipa)) void go(double x, int n) { STAP_PROBE2(reals, vector, x, n); STAP_PROBE1(reals, memory, d); }
int main(void) { go(1.5, 7); return 0; }
C
gcc -g -O2 -o reals reals.c
run -c ./reals -e 'probe process("./reals").mark("vector") { println($$vars, " ", $arg2, " ", @defined($arg1)) }
probe process("./reals").mark("memory") { println(fp_to_string($arg1, 1)) }'
expect reals 0 '$arg1=? $arg2=0x7 7 0
2.5'
run -p2 -e 'probe process("./reals").mark("vector") { println($arg1) }'
[ $rc = 1 ] && grep -q "the argument '%xmm0' of this mark is in a register that probes cannot see" "$TMP/err" && pass vector-register || fail vector-register "$(first_line "$TMP/err")"
# What the debug information does not describe counts as exported, as it counts as inline.
run -l 'process("./target0").function("*").exported'
sed -i 's/.*function("\([^@"]*\).*/\1/' "$TMP/out" && sort -o "$TMP/out" "$TMP/out"
grep -qx frame_dummy "$TMP/out" && grep -qx leaf "$TMP/out" && ! grep -qx twice "$TMP/out" && pass exported || fail exported "$(tr '\n' ' ' <"$TMP/out")"
