# SPDX-License-Identifier: GPL-2.0-or-later
# Programs as distributions ship them: static marks of PostgreSQL, libstdc++ and Python,
# functions of the C library and of Perl.
. "$(dirname "$0")/lib.sh"

# ---- PostgreSQL: what psql asks a server on the loopback device ----
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
if [ ! -x "$bin/postgres" ] || ! id postgres >/dev/null 2>&1; then
    skip postgresql "postgresql is not installed"
else
    mkdir "$TMP/pg" && chown postgres "$TMP" "$TMP/pg"
    as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
    as "$bin/initdb" -D "$TMP/pg/db" -A trust >"$TMP/initdb" 2>&1
    as "$bin/pg_ctl" -D "$TMP/pg/db" -o "-c listen_addresses=127.0.0.1 -p 54329 -k $TMP/pg" -l "$TMP/pg/log" -w start >/dev/null 2>&1
    cat >"$TMP/psql.sh" <<S
for i in 1 2 3; do
    psql -q -h 127.0.0.1 -p 54329 -U postgres -At -c "select 40 + \$i" -c "select count(*) from pg_class where false" postgres
done
S
    run -c "sh $TMP/psql.sh" -e "
global begun, took, queries
probe process(\"$bin/postgres\").mark(\"query__start\") { begun[pid()] = gettimeofday_ns(); queries[user_string(\$arg1)]++ }
probe process(\"$bin/postgres\").mark(\"query__done\") {
    if (pid() in begun) { took <<< gettimeofday_ns() - begun[pid()]; println(\$\$name, \" \", user_string(\$arg1)) }
}
probe end { foreach (q+ in queries) println(q, \": \", queries[q]); println(@count(took), \" \", @min(took) > 1000) }"
    [ "$(grep -c '^query__done select ' "$TMP/out")" = 6 ] && grep -q '^query__done select 40 + 1$' "$TMP/out" &&
        grep -q '^select count(\*) from pg_class where false: 3$' "$TMP/out" && grep -q '^6 1$' "$TMP/out" &&
        pass postgresql || fail postgresql "$(tail -n 3 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
    as "$bin/pg_ctl" -D "$TMP/pg/db" -m immediate stop >/dev/null 2>&1
    chown root "$TMP"
fi

# ---- libstdc++ ----
cat >"$TMP/thrower.cc" <<'S'
#include <stdexcept>
#include <string>
namespace shop {
template <typename T> struct Box { T held; };
class Till {
    int total = 0;
  public:
    __attribute__((noinline)) int add(int n, const Box<int> &box) { total += n + box.held; return total; }
    __attribute__((noinline)) int fail(const char *why);
};
int Till::fail(const char *why) { throw std::runtime_error(why); }
}
int main()
{
    shop::Till till;
    shop::Box<int> box = {5};
    for (int i = 1; i <= 3; i++) {
        till.add(i, box);
        try { till.fail("empty"); } catch (std::exception &) { }
    }
    return till.add(0, box) != 26;
}
S
if ! g++ -g -O1 -o "$TMP/thrower" "$TMP/thrower.cc" 2>/dev/null; then
    skip cxx "g++ is not installed"
else
    run -c "$TMP/thrower" -e '
global n
probe process("libstdc++.so.6").mark("throw") { n["throw"]++ }
probe process("libstdc++.so.6").provider("libstdcxx").mark("catch") { n["catch"]++ }
probe end { println(n["throw"], " ", n["catch"]) }'
    if grep -q 'no match\|no mark' "$TMP/err"; then
        skip cxx-marks "this libstdc++ has no marks"
    else
        expect cxx-marks 0 "3 3"
    fi
    # Methods, this, references and templates.
    run -c "$TMP/thrower" -e "
probe process(\"$TMP/thrower\").function(\"add\") { println(\$n, \" \", \$this->total, \" \", \$box->held) }
probe process(\"$TMP/thrower\").function(\"shop::Till::fail\") { println(ppfunc(), \" \", user_string(\$why)) }
probe process(\"$TMP/thrower\").function(\"Till::add\").return { println(\$return) }"
    expect cxx-methods 0 "1 0 5
6
fail empty
2 6 5
13
fail empty
3 13 5
21
fail empty
0 21 5
26"
    run -l "process(\"$TMP/thrower\").function(\"*::fail\")"
    grep -q 'thrower").function("Till::fail@.*thrower.cc:11")' "$TMP/out" && pass cxx-qualified || fail cxx-qualified "$(cat "$TMP/out" "$TMP/err")"
fi

# ---- Perl and Python ----
run -c "perl -e 'for (1 .. 20) { push @a, sprintf(\"%d\", \$_) }'" -e '
global n
probe process("perl").function("Perl_pp_sprintf") { n++ }
probe end { println(n) }'
if grep -q 'no match' "$TMP/err"; then
    skip perl "perl has no symbols here"
else
    expect perl 0 20
fi
python=$(readlink -f /usr/bin/python3)
if "$STAP" -l "process(\"$python\").mark(\"gc__done\")" 2>/dev/null | grep -q gc__done; then
    run -c "$python -c 'import gc; gc.collect(); gc.collect()'" -e "
global n
probe process(\"$python\").mark(\"gc__start\") { n++ }
probe process(\"$python\").mark(\"gc__done\") { if (n) n += 1000 }
probe end { println(n / 1000 >= 2, \" \", n % 1000 >= 2) }"
    expect python 0 "1 1"
else
    skip python "this Python has no marks"
fi

# ---- the C library with its debug information ----
if ! "$STAP" -L 'process("libc.so.6").function("malloc")' 2>/dev/null | grep -q 'bytes'; then
    skip libc "libc6-dbg is not installed"
else
    cat >"$TMP/asks.c" <<'S'
#include <stdlib.h>
__attribute__((noinline)) void *small(int i) { return malloc(16 + i % 2); }
__attribute__((noinline)) void *large(void) { return malloc(100000); }
int main(void)
{
    void *keep[60];
    for (int i = 0; i < 50; i++) keep[i] = small(i);
    for (int i = 50; i < 55; i++) keep[i] = large();
    for (int i = 0; i < 55; i++) free(keep[i]);
    return 0;
}
S
    gcc -O1 -fno-optimize-sibling-calls -o "$TMP/asks" "$TMP/asks.c"
    run -c "$TMP/asks" -e '
global sizes
probe process("libc.so.6").function("malloc") {
    caller = usymname(ustack(1))
    if (pid() == target() && (caller == "small" || caller == "large")) sizes[$bytes, caller]++
}
probe end { foreach ([s, who] in sizes-) printf("%6d %s %d\n", s, who, sizes[s, who]) }'
    [ "$(sort "$TMP/out")" = "$(printf '    16 small 25\n    17 small 25\n100000 large 5\n')" ] &&
        pass libc || fail libc "$(head -n 4 "$TMP/out" | tr '\n' '|') $(first_line "$TMP/err")"
fi

# ---- the examples ----
cat >"$TMP/tree.c" <<'S'
__attribute__((noinline)) int leaf(int n) { return n * 2; }
__attribute__((noinline)) int twig(int n) { return leaf(n) + leaf(n + 1); }
__attribute__((noinline)) int other(int n) { return n + leaf(9); }
int main(void) { return twig(1) + other(0) != 24; }
S
gcc -g -O1 -fno-ipa-cp -o "$TMP/tree" "$TMP/tree.c"
run -c "$TMP/tree" examples/para-callgraph.stp "process(\"$TMP/tree\").function(\"[lto]*@*tree.c\")" "process(\"$TMP/tree\").function(\"twig\")"
sed -i 's/^.*): *//; s/^.*):\(-\|<\)/\1/' "$TMP/out"
[ "$(grep -v '^-> twig\|^<- twig' "$TMP/out")" = '-> leaf(n=0x1)
<- leaf return=0x2
-> leaf(n=0x2)
<- leaf return=0x4' ] && pass para-callgraph || fail para-callgraph "$(tr '\n' '|' <"$TMP/out") $(first_line "$TMP/err")"
run -c "$TMP/tree" examples/function-latency.stp "process(\"$TMP/tree\").function(\"leaf\")"
grep -q '^leaf: 3 calls, average [0-9]* us' "$TMP/out" && pass function-latency || fail function-latency "$(head -n 2 "$TMP/out") $(first_line "$TMP/err")"
[ -x "$TMP/asks" ] || skip malloc-by-stack "libc6-dbg is not installed"
if [ -x "$TMP/asks" ]; then
    run -c "$TMP/asks" examples/malloc-by-stack.stp 1
    grep -q '^500000 bytes in 5 calls, from 100000 to 100000$' "$TMP/out" && grep -q ': large+0x' "$TMP/out" && ! grep -q small "$TMP/out" &&
        pass malloc-by-stack || fail malloc-by-stack "$(head -n 3 "$TMP/out") $(first_line "$TMP/err")"
fi
