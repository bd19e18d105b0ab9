# SPDX-License-Identifier: GPL-2.0-or-later
# How values of programs are shown: floats, text, memory that cannot be read, what has no place.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
if ! command -v gcc >/dev/null; then
    skip values "gcc is not installed"
    exit 0
fi
cat >values.c <<'C'
#include <stdlib.h>
struct texts { char *s; char name[6], full[4]; unsigned char u[3]; char nl; char *bad; };
struct reals { double d; float f; long double ld; _Complex double c; __int128 wide; int i; };
struct pair { int a; char b[4]; };
volatile float gf = -1.5f;
#define APART __attribute__((noipa))
APART int texts(struct texts *p, char *str, struct texts *none) { return p->s == str || p == none; }
APART int reals(struct reals *p, double *q, float *g) { return p->d + *q + *g; }
APART int by_value(double x, float y, int n) { return x * y + n; }
APART int use(int *p, int n) { return p[0] + n; }
APART int places(int a, struct pair s, int *arr) { int t[4] = {a}; int late = use(t, a) * 3; return use(arr, late) + late + s.a; }
int main(void)
{
    struct texts t = {"a\nb\"q\t\x01\xff", "ab\ncd", {'x', 'y', 'z', 'w'}, "\x80z", '\n', (char *)8};
    struct reals r = {1.5, 2.5f, 3.5L, 1, 5, 7};
    struct pair p = {1, "two"};
    double q = 0.1;
    float f = 2.5f;
    int arr[2] = {1, 2};
    return texts(&t, "tab\there", NULL) + reals(&r, &q, &f) + by_value(1.5, 2.5f, 3) + places(4, p, arr) == 0;
}
C
for o in -O0 -O2; do
    gcc -g $o -o values values.c 2>cc || { fail "build$o" "$(head -n 1 cc)"; continue; }
    probe='probe process("./values").function'
    # Strings with escapes, no further than their arrays go; one that cannot be read is its address.
    run -c ./values -e "$probe(\"texts\") { println(\$p\$\$); s = \$p\$\$; println(s, strlen(s)); println(\$str\$, \$p->full\$) }"
    text='{.s="a\nb\"q\t\001\377", .name="ab\ncd", .full="xyzw", .u="\200z", .nl='"'\\n'"', .bad=0x8}'
    expect "text$o" 0 "$text
$text${#text}
\"tab\\there\"\"xyzw\""
    # What cannot be read spoils one variable.
    run -c ./values -e "$probe(\"texts\") { println(\$none\$); s = \$none\$\$ . \"!\"; println(s, strlen(s)); println(\$\$parms\$ =~ \"^p=[{].*[}] str=\\\"tab.*\\\" none=ERROR\$\")
        printf(\"%6s|%s\\n\", \$none\$, \$none->s\$)
        try { println(\$none->s) } catch (m) { println(m) } }"
    expect "fault$o" 0 'ERROR
ERROR!6
1
 ERROR|ERROR
read fault [man error::fault] at 0x0'
    # Floats: by themselves the bits of 64, in structures nothing.
    run -c ./values -e "$probe(\"reals\") { println(\$p\$); println(fp_to_string(\$p->d, 2), \" \", fp_to_string(\$p->f, 2), \" \", fp_to_string(\$g[0], 2), \" \", fp_to_string(@var(\"gf@values.c\"), 1)); println(\$p->d, \" \", \$p->f) }"
    expect "floats$o" 0 '{.d=?, .f=?, .ld=?, .c=?, .wide=?, .i=7}
1.50 2.50 2.50 -1.5
4609434218613702656 4612811918334230528'
    for m in ld wide; do
        run -p2 -e "$probe(\"reals\") { println(\$p->$m) }"
        [ $rc = 1 ] && grep -q "^semantic error: cannot process >64-bit values: it is of type" "$TMP/err" && pass "wide$o-$m" || fail "wide$o-$m" "$(first_line "$TMP/err")"
    done
    run -g -p2 -e "$probe(\"reals\") { \$p->f = 1 }"
    [ $rc = 1 ] && grep -q "^semantic error: cannot assign yet to 32-bit float" "$TMP/err" && pass "assign$o" || fail "assign$o" "$(first_line "$TMP/err")"
done
# Names without a place, structures and arrays in lists of variables (of the -O2 program).
run -c ./values -e 'probe process("./values").function("places") { println($$vars); println($$locals$); println($$parms$$) }'
sed -i 's/0x[0-9a-f]\{6,\}/P/g; s/t=\[-\?[0-9]*, /t=[0, /' "$TMP/out"
expect places 0 'a=0x4 s={...} arr=P t=[...] late=?
t=[0, ...] late=?
a=4 s={.a=1, .b=?} arr=P'
run -c ./values -e 'probe process("./values").function("by_value") { println($$parms); println($n) }'
expect registers 0 'x=? y=? n=0x3
3'
run -p2 -e 'probe process("./values").function("by_value") { println($x) }'
grep -q "variable '\$x' cannot be read here: it is in a register that probes cannot see" "$TMP/err" && pass float-register || fail float-register "$(first_line "$TMP/err")"

# Members that are far behind the start of their structure.
cat >far.c <<'C'
struct far { char pad[3 << 20]; int x; struct { long deep; } in; unsigned low : 5, high : 7; } far = {.x = 42, .in = {77}, .low = 9, .high = 100};
__attribute__((noipa)) int look(struct far *f) { return f->x; }
int main(void) { return look(&far) == 0; }
C
gcc -g -O1 -o far far.c
run -c ./far -e 'probe process("./far").function("look") { println($f->x, " ", $f->in->deep, " ", $f->low, " ", $f->high, " ", $f$) }'
expect far 0 '42 77 9 100 {.pad=[...], .x=42, .in={...}, .low=9, .high=100}'

# How the parts of structures and arrays are laid out, and what types are called.
cat >parts.c <<'C'
typedef int fnt(int);
struct s { int a; };
struct parts {
    int a;
    union { int u1; float u2; struct { short s1, s2; }; };
    struct { int n1; } nest;
    int m[2][3];
    char names[2][4];
    const char *one[1], *none;
    fnt *fn;
    int tail[];
};
APART int look(struct parts *p, fnt *f, fnt **ff, int n) { int v[n]; v[0] = n; fnt *fns[2] = {f, f}; return use(v) + p->a + f(n) + (*ff)(n) + fns[1](n); }
APART int types(int (*va)(const char *, ...), void (*vv)(void), struct s *(*ss)(struct s), int (*arr)[4], int (*m)[2][3], fnt *f, const char *const *c, int (*(*ret)(int))(long), enum { A1 } (*un)(void)) { return va && vv && ss && arr && m && f && c && ret && un; }
static int twice(int n) { return 2 * n; }
static struct { struct parts p; int more[2]; } it = {{1, {0x20003}, {4}, {{5, 6}, {7}}, {"ab", "cd"}, {"text"}, 0, twice}, {8, 9}};
int main(void) { fnt *f = twice; return look(&it.p, f, &f, 3) + types(0, 0, 0, 0, 0, f, 0, 0, 0) == 0; }
C
sed -i '1i #define APART __attribute__((noipa))\nAPART static int use(int *p) { return p[0]; }' parts.c
gcc -w -g -O0 -o parts parts.c
run -c ./parts -e 'probe process("./parts").function("look") { println($p$); println($p$$); println($f$, $ff$) }
probe process("./parts").statement("look@parts.c+1") ? { }
probe process("./parts").function("use").call { if ($p[0] == 3) println(@var("it")$) }'
sed -i 's/0x[0-9a-f]\{6,\}/P/g' "$TMP/out"
expect parts 0 '{.a=1, <union>={...}, .nest={...}, .m=[...], .names=[...], .one=[...], .none=0x0, .fn=P, .tail=[...]}
{.a=1, <union>={.u1=131075, .u2=?, <class>={.s1=3, .s2=2}}, .nest={.n1=4}, .m=[5, ...], .names="ab", .one=["text", ...], .none=0x0, .fn=P, .tail=[8, ...]}
<function>:P<function>:P
{.p={...}, .more=[...]}'
run -L 'process("./parts").function("types")'
sed -i 's/^[^ ]* //' "$TMP/out"
expect type-names 0 '$va:int (*) (char const*, ...) $vv:void (*) (void) $ss:struct s* (*) (struct s) $arr:int[]* $m:int[]* $f:fnt* $c:char const* const* $ret:int (*) (long int) (*) (int) $un:enum {...} (*) (void)'
# What cannot be read shows how it would be laid out.
cat >lost.c <<'C'
struct two { int a; char b[4]; int c[2]; };
__attribute__((noipa)) int use(int n) { return n; }
__attribute__((noipa)) int lost(int n) { int r = use(n); struct two late = {r, "ab", {r, 2}}; int arr[3] = {r, 2, 3}; return use(late.a + late.c[0] + arr[0] + n); }
int main(void) { return lost(2) == 0; }
C
gcc -g -O2 -o lost lost.c
run -c ./lost -e 'probe process("./lost").function("lost") { println($$locals); println($$locals$); println($$locals$$) }'
expect lost 0 'r=? late={...} arr=[...]
r=? late={.a=?, .b=[...], .c=[...]} arr=[?, ...]
r=? late={.a=?, .b=?, .c=[?, ...]} arr=[?, ...]'
# What is told of in a way that is not understood is listed, and said why when it is asked for.
cat >bits.c <<'C'
struct bits { unsigned a : 1; signed b : 4; unsigned long d : 40; unsigned e : 5; };
__attribute__((noipa)) struct bits made(int n) { struct bits b = {1, -3, 0x123456789aUL, 7}; return b; }
int main(void) { return made(2).e == 0; }
C
gcc -g -O2 -o bits bits.c
if readelf --debug-dump=loc bits 2>/dev/null | grep -q DW_OP_bit_piece; then
    run -L 'process("./bits").function("made")'
    grep -q ' \$n:int \$b:struct bits$' "$TMP/out" && pass told || fail told "$(first_line "$TMP/out")"
    run -p2 -e 'probe process("./bits").function("made") { println($b$) }'
    [ $rc = 1 ] && grep -q "variable '\$b' cannot be read here: " "$TMP/err" && pass told-why || fail told-why "$(first_line "$TMP/err")"
else
    skip told "this compiler keeps no pieces of bits"
fi
