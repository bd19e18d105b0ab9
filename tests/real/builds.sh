# SPDX-License-Identifier: GPL-2.0-or-later
# The same program in many builds: every value is what it is, whatever form the debug information has.
. "$(dirname "$0")/lib.sh"
cp "$TOP/tests/real/types.c" "$TMP" && cd "$TMP" || exit 1
if ! command -v gcc >/dev/null; then
    skip builds "gcc is not installed"
    exit 0
fi
cat >types.stp <<'S'
probe process(@1).function("f1") {
    println($n$$)
    printf("%d %d %d %d %d %d %d %d\n", $n->ui, $n->sa, $n->bf1, $n->bf2, $n->sbf, $n->big, $n->flag, $n->fn != 0)
    printf("%d %d %d %s\n", $n->arr[1][2], $n->col, $n->te, user_string($n->cv))
    printf("%c %d %d %d %d %d %s\n", $n->wc, $n->ws[1], $n->c16, $n->at, $n->uc1, $n->sc, user_string(&$n->fname))
    printf("%d %d %d %d\n", $p2->next->next->v, $c, $t, $fx->data[2])
    println($c$, " ", $fx$$, " ", $n->uc$, $n->arr$, $n->arr[1]$, $n->uc[0])
    println(@var("stat_var@types.c"), " ", user_string(@var("names@types.c")[1]), " ", @var("head@types.c")->v, " ", @var("glob2d@types.c")[1][2],
        " ", &@var("head@types.c")->next->arr[1] - &@var("head@types.c")->v)
    println(usymname($n->fn), " ", @cast($vp, "struct node")->sb, " ", @cast($vp, "node_t")->sa, " ", @cast($vp, "struct node", @1)->bf2)
    println($cvr[0], " ", $fp, " ", $$parms)
}
probe process(@1).function("f2") { printf("%d %d %d %d %d %d %d %d %d\n", $n, $vla[2], $c, $uc, $s, $us, $l, $ul, $i8); println($$parms$) }
probe process(@1).function("f3") { printf("%d %s\n", $w, user_string($argv[0])); println($ws$) }
S
cat >want <<'W'
{.v=1, .next=P, <union>={.ui=1094861636, .uc="DCBA"}, <class>={.sa=-5, .sb=6}, .col=-3, .te=2, .bf1=5, .bf2=17, .sbf=-3, .big=78187493530, .flag=1, .fn=P, .arr=[0, ...], .cv="cvstr", .wc=119, .ws=[97, ...], .c16=120, .c32=121, .at=9, .b=1, .uc1='\310', .sc='\234', .fname="flexy"}
1094861636 -5 5 17 -3 78187493530 1 1
77 -3 2 cvstr
w 98 120 9 200 -100 flexy
1 5 1 30
5 {.n=3, .data=[10, ...]} "DCBA"[0, ...][0, ...]68
42 one 1 6 60
callme 6 -5 17
1 0 n=P p2=P c=0x5 t=0x1 fp=0x0 ap=P vp=P cvr=P fx=P big=P
3 9 99 200 -1 65535 -2 -1 -8
n=3 vla=P c='c' uc='\310' s=-1 us=65535 l=-2 ul=18446744073709551615 b=1 i8='\370'
122 ./types
P
W
for c in "gcc -O0" "gcc -O1" "gcc -Og -gdwarf-2 -gstrict-dwarf" "gcc -O1 -gdwarf-3 -no-pie" "gcc -O1 -gdwarf-4 -gz" "gcc -O0 -static" \
    "gcc -O0 -fdebug-types-section" "gcc -O1 -fdebug-types-section -gdwarf-4" "gcc -O0 -gsplit-dwarf" "gcc -O1 -gsplit-dwarf -gdwarf-4" "gcc -O0 -flto" \
    "clang -O0" "clang -O0 -gdwarf-4 -gz" "clang -O0 -fdebug-types-section" "clang -O0 -gsplit-dwarf"; do
    command -v ${c%% *} >/dev/null || continue
    $c -w -g -o types types.c 2>cc || { fail "build: $c" "$(head -n 1 cc)"; continue; }
    run -c ./types types.stp ./types
    sed -i 's/0x[0-9a-f]\{6,\}/P/g' "$TMP/out"
    [ $rc = 0 ] && diff want "$TMP/out" >differs && pass "$c" || fail "$c" "$(sed -n 2,3p differs | tr '\n' ' ' | cut -c1-300) $(first_line "$TMP/err")"
done

# Programs of 32 bits, without the C library of those.
cat >narrow.c <<'C'
struct s { int a; char *t; long l; long long ll; struct s *next; void (*fn)(void); double d; };
struct p { int x, y; };
int counter = 9;
const char *names[] = {"a", "bee"};
#define APART __attribute__((noinline))
APART int many(int n, struct s *s, const char *str, unsigned long long big, char c) { __asm__ volatile("" ::"r"(str), "r"(n), "r"(s) : "memory"); return n + s->a + c + (int)big; }
APART unsigned long long wide(unsigned long long x) { __asm__ volatile("" ::: "memory"); return x + 1; }
APART struct p pair(int n) { __asm__ volatile("" ::: "memory"); struct p p = {n, n + 1}; return p; }
APART char *text(void) { __asm__ volatile("" ::: "memory"); return "returned"; }
APART short neg(short n) { __asm__ volatile("" ::: "memory"); return n; }
APART int rec(int n) { __asm__ volatile("" ::: "memory"); return n ? rec(n - 1) + n : counter; }
static void leave(int status) { __asm__ volatile("int $0x80" ::"a"(1), "b"(status)); }
void _start(void)
{
    static struct s s = {4, "text", -5, 0x123456789all, &s, 0, 1.5};
    int r = many(4, &s, "param", 0xabcdef0123ull, 'x');
    r += (int)wide(0x100000000ull) + pair(4).y + *text() + neg(-2) + rec(2);
    leave(r == 0);
}
C
cat >narrow.stp <<'S'
probe process("./narrow").function("many") {
    printf("%d %d %s %s %d %d %d\n", $n, $s->a, user_string($s->t), user_string($str), $s->l, $s->ll, $s->fn)
    println($s$$)
    println($s->next->next->a, " ", @var("counter@narrow.c"), " ", user_string(@var("names@narrow.c")[1]), " ", $s->d)
}
probe process("./narrow").function("many").return { println("many ", @entry($n), " ", $n) }
probe process("./narrow").function("wide").return { printf("wide %x\n", $return) }
probe process("./narrow").function("pair").return { println("pair ", $return$) }
probe process("./narrow").function("text").return { println("text ", user_string($return), $return$) }
probe process("./narrow").function("neg").return { println("neg ", $return) }
probe process("./narrow").function("rec").return { println("rec ", @entry($n), " ", $return) }
S
for c in "gcc -O0" "gcc -O1" "clang -O0" "clang -O1 -gdwarf-4"; do
    command -v ${c%% *} >/dev/null || continue
    if ! $c -w -m32 -g -fno-pic -ffreestanding -fcf-protection=none -nostdlib -static -o narrow narrow.c 2>cc || ! ./narrow; then
        skip "32: $c" "it makes no programs of 32 bits here"
        continue
    fi
    run -c ./narrow narrow.stp
    sed -i 's/0x[0-9a-f]\{7,8\}/P/g' "$TMP/out"
    expect "32: $c" 0 '4 4 text param -5 78187493530 0
{.a=4, .t="text", .l=-5, .ll=78187493530, .next=P, .fn=0x0, .d=?}
4 9 bee 4609434218613702656
many 4 4
wide 100000001
pair {.x=4, .y=5}
text returned"returned"
neg -2
rec 0 9
rec 1 10
rec 2 12'
    [[ $c == *-O1* ]] || continue # the stack pointer is as at the call
    run -c ./narrow -e 'probe process("./narrow").function("many") { printf("%d %d %x %c\n", int_arg(1), int_arg(2) == $s, uint_arg(4), int_arg(6)) }'
    expect "32, arguments: $c" 0 '4 1 cdef0123 x'
done
