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
    sed -i 's/_vptr[.$]\([A-Z]\)/_vptr.\1/g; s/0x[0-9a-f]*/P/g' "$TMP/out"
    expect "virtual: $c" 0 '11 4 3 6 11 5 12
{{{._vptr.Top=P, .top=11}, ._vptr.Left=P, .left=4}, {{._vptr.Top=P, .top=11}, {.p1=2, .p2=3}, ._vptr.Right=P, .right=5}, .both=6}
{{...}, {...}, ._vptr.Right=P, .right=5}
11 1
12 6 7 2
13 8 13 11 13'
done
run -p2 -e 'probe process("./bases").function("holds") { println($h->held->tip) }'
grep -q "unable to find member 'tip' for .*Both.*alternatives: top" "$TMP/err" && pass virtual-names || fail virtual-names "$(first_line "$TMP/err")"
