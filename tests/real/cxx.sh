# SPDX-License-Identifier: GPL-2.0-or-later
# Programs in C++: members of base classes, virtual ones too.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
if ! command -v g++ >/dev/null; then
    skip cxx "g++ is not installed"
    exit 0
fi
cat >bases.cc <<'C'
struct Top { int top = 1; virtual ~Top() {} };
struct Plain { long p1 = 2, p2 = 3; };
struct Left : virtual Top { int left = 4; };
struct Right : virtual Top, Plain { int right = 5; };
struct Both : Left, Right { int both = 6; int f(int n); };
struct Deeper : virtual Both { short deep = 7; };
struct Holds { int before = 8; Both held; Both *ptr; Holds() : ptr(&held) {} };
#define APART __attribute__((noinline, noclone))
APART int Both::f(int n) { return n + top + left + right; }
APART int references(Both &b, Right &r, Top *t) { return b.f(1) + r.top + t->top; }
APART int deeper(Deeper *d) { return d->top + d->deep; }
APART int holds(Holds *h) { return h->held.top + h->before + h->ptr->top; }
Both global;
Deeper deep;
Holds holder;
int main()
{
    global.top = 11;
    deep.top = 12;
    holder.held.top = 13;
    return (references(global, global, &deep) + deeper(&deep) + holds(&holder)) == 0;
}
C
compilers=("g++ -O1" "g++ -O0" "g++ -O2 -gdwarf-3")
command -v clang++ >/dev/null && compilers+=("clang++ -O1" "clang++ -O0 -gdwarf-4")
for c in "${compilers[@]}"; do
    $c -g -o bases bases.cc 2>cc || { fail "build: $c" "$(head -n 1 cc)"; continue; }
    run -c ./bases -e 'probe process("./bases").function("references") {
    printf("%d %d %d %d %d %d %d\n", $b->top, $b->left, $b->p2, $b->both, $r->top, $r->right, $t->top)
    println($b$$)
    println($r$)
}
probe process("./bases").function("Both::f") { printf("%d %d\n", $this->top, $n) }
probe process("./bases").function("deeper") { printf("%d %d %d %d\n", $d->top, $d->both, $d->deep, $d->p1) }
probe process("./bases").function("holds") {
    printf("%d %d %d %d %d\n", $h->held->top, $h->before, $h->ptr->top, @var("global@bases.cc")->top, @cast($h, "Holds", "./bases")->held->top)
}'
    expect "virtual: $c" 0 '11 4 3 6 11 5 12
{.both=6, .left=4, .right=5, .top=11, .p1=2, .p2=3}
{.right=5, .top=11, .p1=2, .p2=3}
11 1
12 6 7 2
13 8 13 11 13'
done
run -p2 -e 'probe process("./bases").function("holds") { println($h->held->tip) }'
grep -q "unable to find member 'tip' for .*Both.*alternatives: top" "$TMP/err" && pass virtual-names || fail virtual-names "$(first_line "$TMP/err")"

# A class hides members of its bases that have the same name.
# What functions return: in registers by the classes of its halves, or in memory.
cat >returned.cc <<'C'
#include <memory>
#include <string>
#include <utility>
struct Base { int b = 1; long same = 2; };
struct Derived : Base { double d = 3; int same = 4; };
struct Doubles { double a, b; };
struct LongDouble { long a; double b; };
struct DoubleInt { double a; int b; };
struct FloatInt { float f; int i; };
struct Longs { long a, b; };
struct Three { long a, b, c; };
struct Destroyed { int x; ~Destroyed() {} };
struct Copied { int x; Copied(int n) : x(n) {} Copied(const Copied &o) : x(o.x) {} };
struct Defaulted { int x; Defaulted(int n) : x(n) {} Defaulted(const Defaulted &) = default; ~Defaulted() = default; };
struct Packed { char c; long l; } __attribute__((packed));
union Union { double d; long l; };
#define APART __attribute__((noinline))
APART Doubles doubles(int n) { return {1.0 * n, 2}; }
APART LongDouble long_double(int n) { return {n, 2}; }
APART DoubleInt double_int(int n) { return {2, n}; }
APART FloatInt float_int(int n) { return {2, n}; }
APART Longs longs(int n) { return {n, n + 1}; }
APART Three three(int n) { return {n, n + 1, n + 2}; }
APART Destroyed destroyed(int n) { return Destroyed{n}; }
APART Copied copied(int n) { return Copied(n); }
APART Defaulted defaulted(int n) { return Defaulted(n); }
APART Packed packed(int n) { return {'p', n}; }
APART Union in_union(int n) { Union u; u.l = n; return u; }
APART std::pair<int, int> pair(int n) { return {n, n + 1}; }
APART Longs &reference(Longs &l) { return l; }
APART long hidden(Derived *d) { return d->same; }
int main()
{
    Derived d;
    Longs l = longs(5);
    return doubles(5).a + long_double(5).a + double_int(5).b + float_int(5).i + reference(l).a + three(5).c +
           destroyed(5).x + copied(5).x + defaulted(5).x + packed(5).l + in_union(5).l + pair(5).first + hidden(&d) == 0;
}
C
for c in "g++ -O0" "g++ -O0 -gdwarf-4" "clang++ -O0"; do
    command -v ${c% -O*} >/dev/null || continue
    $c -g -o returned returned.cc 2>cc || { fail "build: $c" "$(head -n 1 cc)"; continue; }
    for f in doubles long_double double_int float_int longs reference three destroyed copied defaulted packed in_union pair; do
        echo "probe process(\"./returned\").function(\"$f\").return { println(ppfunc(), \" \", \$return\$\$) }"
    done >returned.stp
    echo 'probe process("./returned").function("hidden") { println($d->same, " ", $d->b) }' >>returned.stp
    run -c ./returned returned.stp
    sort "$TMP/out" >sorted
    [ "$(cat sorted)" = "4 1
copied {.x=5}
defaulted {.x=5}
destroyed {.x=5}
double_int {.a=?, .b=5}
doubles {.a=?, .b=?}
float_int {.f=?, .i=5}
in_union {.d=?, .l=5}
long_double {.a=5, .b=?}
longs {.a=5, .b=6}
packed {.c='p', .l=5}
pair {.first=5, .second=6}
reference {.a=5, .b=6}
three {.a=5, .b=6, .c=7}" ] && pass "returned: $c" || fail "returned: $c" "$(tr '\n' '|' <sorted) $(first_line "$TMP/err")"
done

# Variables of namespaces and classes, by their own names or with those around them.
cat >globals.cc <<'C'
namespace outer { namespace inner { int deep = 77; } int deep = 78; }
namespace { int hidden = 5; }
struct Holder { static int member; };
int Holder::member = 99;
thread_local int per_thread = 8;
int main() { return outer::inner::deep + outer::deep + hidden + Holder::member + per_thread == 0; }
C
for c in "g++ -O0" "clang++ -O0"; do
    command -v ${c% -O*} >/dev/null || continue
    $c -g -o globals globals.cc 2>cc || { fail "build: $c" "$(head -n 1 cc)"; continue; }
    run -c ./globals -e 'probe process("./globals").function("main") { println(@var("outer::inner::deep"), " ", @var("inner::deep@globals.cc"), " ", @var("outer::deep"),
        " ", @var("hidden"), " ", @var("member"), " ", @var("Holder::member"), " ", @var("per_thread"), " ", @defined(@var("Other::member"))) }'
    expect "globals: $c" 0 '77 77 78 5 99 99 8 0'
done
run -L 'process("./returned").function("reference")'
grep -q '[$]return:struct Longs& \|[$]l:struct Longs&' "$TMP/out" && pass references-listed || fail references-listed "$(cat "$TMP/out")"

# Exceptions pass through functions whose returns are probed.
cat >thrown.cc <<'C'
#include <stdexcept>
#include <string>
volatile int sink;
#define APART __attribute__((noinline))
APART int leaf(int n) { sink += n; return n * 2; }
APART int thrower(int n) { leaf(n); if (n > 2) throw std::runtime_error("bad"); return n; }
APART int middle(int n, std::string s)
{
    std::string t = s + "x";
    int r = thrower(n) + t.size();
    return n == 1 ? r * 5 : r;
}
APART int table(int n)
{
    switch (n) {
    case 0: return leaf(1);
    case 1: return leaf(n) + 3;
    case 2: return 7;
    case 3: return leaf(8);
    case 4: return 11;
    default: return -1;
    }
}
int main()
{
    int r = 0;
    for (int i = 0; i < 4; i++) {
        try { r += middle(i, "abc"); } catch (std::exception &e) { r += 100; }
        r += table(i);
    }
    return r != 165;
}
C
for o in -O0 -O1 -O2; do
    g++ -g $o -fno-optimize-sibling-calls -o thrown thrown.cc || { fail "build thrown" "it does not build"; break; }
    run -c ./thrown -e 'probe process("./thrown").function("middle").return { printf("middle %d %d %s\n", @entry($n), $return, usymname(addr())) }
probe process("./thrown").function("thrower").return { printf("thrower %d %d %s %s %d\n", $n, $return, substr(usymname(uaddr()), 0, 5), usymname(ustack(1)), ustack(0) == uaddr()) }
probe process("./thrown").function("table").return { printf("table %d %d\n", $n, $return) }
probe process("./thrown").function("leaf").return { n++ } global n
probe end { println("leaves ", n) }'
    grep -q 'Child process' "$TMP/err" && fail "exceptions-end$o" "$(first_line "$TMP/err")" || pass "exceptions-end$o"
    expect "exceptions$o" 0 'thrower 0 0 _Z6mi main 1
middle 0 4 main
table 0 2
thrower 1 1 _Z6mi main 1
middle 1 25 main
table 1 5
thrower 2 2 _Z6mi main 1
middle 2 6 main
table 2 7
table 3 16
leaves 7'
done
run -l 'process("./thrown").function("table").return'
[ "$(wc -l <"$TMP/out")" = 1 ] && pass returns-listed || fail returns-listed "$(cat "$TMP/out")"
cat >>thrown.cc <<'C'
APART int tail(int n) { leaf(n); return thrower(n); }
int tails() { return tail(1); }
C
g++ -g -O2 -o thrown thrown.cc
run -p4 -o "$TMP/image" -e 'probe process("./thrown").function("tail").return { n++ } global n'
grep -q '^WARNING: an exception that passes through tail ends the program' "$TMP/err" && pass exceptions-tail || fail exceptions-tail "$(first_line "$TMP/err")"

# Names with what is around them, also of callees; inline namespaces need not be written.
cat >scopes.cc <<'C'
#define APART __attribute__((noinline))
namespace outer { inline namespace v1 { APART int versioned(int v) { asm volatile("" ::: "memory"); return v; } }
namespace inner { APART int fn(int a) { asm volatile("" ::: "memory"); return a; } } }
namespace other { APART int fn(int a) { asm volatile("" ::: "memory"); return a + 1; } }
int main() { return outer::versioned(1) + outer::inner::fn(2) + other::fn(3) == 0; }
C
g++ -g -O1 -o scopes scopes.cc
run -c ./scopes -e 'probe process("./scopes").function("outer::versioned") { println("versioned ", $v) }
probe process("./scopes").function("main").callee("inner::fn") { println("inner ", $a) }
probe process("./scopes").function("main").callee("other::*") { println("other ", $a) }
probe process("./scopes").function("outer::v1::*").return { println("returned ", $return) }'
expect scopes 0 $'versioned 1\nreturned 1\ninner 2\nother 3'

# Names are shown with as much of their scopes as the pattern has; classes are no structures.
cat >named.cc <<'C'
namespace ns {
struct A { int x; virtual int get(int k) const; };
int A::get(int k) const { return x + k; }
class B : public A { public: int y; char16_t c = u'w'; int get(int k) const override; };
int B::get(int k) const { return y + k; }
template <typename T> T larger(T a, T b) { return a > b ? a : b; }
}
__attribute__((noinline)) int use(ns::B &b, const ns::A *a) { return b.get(1) + a->get(2); }
int main() { ns::B b; b.x = 3; b.y = 4; return use(b, &b) + ns::larger(1, 2) == 0; }
C
g++ -g -O0 -o named named.cc
named() {
    "$STAP" -L "process(\"./named\").$2" 2>&1 | sed 's/^process("[^"]*")\.//' | sort >"$TMP/out"
    rc=0
    expect "named-$1" 0 "$3"
}
named full 'function("ns::B::get")' 'function("ns::B::get@named.cc:5") $this:class B const* const $k:int'
named class 'function("*::get").call' 'function("A::get@named.cc:3").call $this:struct A const* const $k:int
function("B::get@named.cc:5").call $this:class B const* const $k:int'
named template 'function("ns::larger*")' 'function("ns::larger<int>@named.cc:6") $a:int $b:int'
named statement 'statement("A::get@named.cc:3")' 'statement("A::get@named.cc:3") $this:struct A const* const $k:int'
named plain 'function("use")' 'function("use@named.cc:8") $b:class B& $a:struct A const*'
run -c ./named -e 'probe process("./named").function("use") { println($a$, " ", $b$, " ", @cast($a, "class B", "./named")->y) }'
expect named-values 0 '{.x=3} {.y=4, .c='"'w'"', .x=3} 4'
