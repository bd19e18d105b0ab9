# SPDX-License-Identifier: GPL-2.0-or-later
# Assignment to variables of programs, with -g.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
cat >written.c <<'S'
#include <stdio.h>
struct q { int n; short s; unsigned char c; long l; struct q *next; unsigned f : 3; };
int global = 5;
static long slow[3] = {1, 2, 3};
__attribute__((noinline)) int step(int a, struct q *p) { int local = a; p->n += local; return p->n + global; }
int main(void)
{
    struct q z = {0}, q = {1, 2, 3, 4, &z, 2};
    global = 6;
    slow[1] = 9;
    int r = step(3, &q);
    printf("%d n=%d s=%d c=%d l=%ld z=%d g=%d slow=%ld f=%d\n", r, q.n, q.s, q.c, q.l, z.n, global, slow[1], q.f);
    return 0;
}
S
gcc -g -O0 -o written written.c || { skip written "gcc is not installed"; exit 0; }
p='process("./written").function("step")'
run -g -c ./written -e "probe $p {
    \$a = 10
    println(\$p->s = -3, \" \", \$p->c += 4, \" \", \$p->l++, \" \", ++\$p->next->n, \" \", @var(\"global\") = 100, \" \", @var(\"slow@written.c\")[1]--, \" \", \$p->n, \" \", \$a)
    @cast(\$p, \"struct q\")->n = 7
}"
if grep -q 'does not let the handler.*bpf_probe_write_user' "$TMP/err"; then
    skip values "this kernel does not let programs write to memory of processes"
else
    sort "$TMP/out" >"$TMP/sorted"
    [ "$(cat "$TMP/sorted")" = '-3 7 4 1 100 9 1 10
117 n=17 s=-3 c=7 l=5 z=1 g=100 slow=8 f=2' ] && pass values || fail values "$(tr '\n' '|' <"$TMP/sorted") $(first_line "$TMP/err")"
fi
# refused NAME OPTIONS SCRIPT MESSAGE
refused() {
    run $2 -p2 -e "$3"
    [ $rc = 1 ] && grep -q "$4" "$TMP/err" && pass "$1" || fail "$1" "$rc $(first_line "$TMP/err")"
}
refused without-g '' "probe $p { \$a = 10 }" 'write to target variable not permitted; need stap -g'
refused bit-field -g "probe $p { \$p->f = 1 }" 'only a number in memory can be written'
refused group -g "probe $p { \$\$vars = 1 }" 'this is no variable'
refused at-return -g "probe $p.return { \$a = 1 }" 'at a return nothing is written'

# Values and indexes with variables of the script.
run -g -p4 -e "global size = 7, n probe $p { i = 1; \$p->n = size; \$p->n += size; @var(\"slow@written.c\")[i] = n; @var(\"slow@written.c\")[i]++; \$p->s = i + n }"
[ $rc = 0 ] && pass script-variables || fail script-variables "status $rc: $(first_line "$TMP/err")"
