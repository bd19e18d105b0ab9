# SPDX-License-Identifier: GPL-2.0-or-later
# Where programs and libraries are: opened later, forked, replaced, of several versions, linked in
# every way, in another mount namespace.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
cat >prog.c <<'S'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
__attribute__((noinline)) int work(int n) { volatile int x = n; return x * 2; }
int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    if (!strcmp(how, "fork")) {
        if (!fork()) { work(2); _exit(0); }
        wait(0);
    }
    if (!strcmp(how, "exec")) { work(3); execl(argv[0], argv[0], "twice", NULL); }
    if (!strcmp(how, "twice")) work(4);
    if (!strcmp(how, "wait")) { char c; puts("ready"); fflush(stdout); if (read(0, &c, 1)) { } }
    work(1);
    return 0;
}
S
gcc -g -O1 -o pie prog.c || { skip places "gcc is not installed"; exit 0; }
gcc -g -O1 -no-pie -o fixed prog.c
gcc -g -O1 -static -o static prog.c
for kind in pie fixed static; do
    run -c "./$kind" -e "probe process(\"./$kind\").function(\"work\") { println(\$n, \" \", usymname(uaddr()), \" \", usymname(ustack(1))) }
probe process(\"./$kind\").function(\"work\").return { println(\$return) }"
    expect "kind-$kind" 0 $'1 work main\n2'
done
run -c './pie fork' -e 'probe process("./pie").function("work") { println($n, " ", pid() == target()) }'
expect forked 0 $'2 0\n1 1'
run -c './pie exec' -e 'probe process.function("work") { println($n) }
probe process.begin { println("begins") } probe process.end { println("ends") }'
expect replaced 0 $'begins\n3\nbegins\n4\n1\nends'
# On one processor the command has often not left fork when probes are attached: no begin.
begins=$(for ((i = 0; i < 8; i++)); do taskset -c 0 "$STAP" -c ./pie -e 'probe process.begin { println("begins") }' 2>&1; done | sort | uniq -c)
[[ $begins =~ ^\ *8\ begins$ ]] && pass begins-once || fail begins-once "$begins"

# A pattern for programs.
mkdir dir && cp pie dir/one && cp fixed dir/two && echo text >dir/three
run -c 'sh -c "dir/one; dir/two"' -e 'probe process("dir/t*").function("work"), process("dir/on?").function("work") { println(execname(), " ", $n) }'
expect wildcard 0 $'one 1\ntwo 1'

# A library that is opened by a process that runs, and two versions of it.
cat >lib.c <<'S'
__attribute__((noinline)) int serve(int n) { volatile int x = n; return x + VERSION; }
S
gcc -g -O1 -fPIC -shared -DVERSION=100 -o libserve.so.1 lib.c
gcc -g -O2 -fPIC -shared -DVERSION=200 -o libserve.so.2 lib.c
cat >opens.c <<'S'
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    char c;
    puts("ready");
    fflush(stdout);
    if (read(0, &c, 1) < 0) return 1;
    for (int i = 1; i <= 2; i++) {
        char name[40];
        snprintf(name, sizeof name, "./libserve.so.%d", i);
        int (*serve)(int) = (int (*)(int))dlsym(dlopen(name, RTLD_NOW | RTLD_LOCAL), "serve");
        serve(i);
    }
    return 0;
}
S
gcc -O1 -o opens opens.c
# with PROGRAM ARGUMENTS...: a process that waits; later() lets it go on.
with() {
    rm -f go ready && mkfifo go
    "$@" <go >ready 2>&1 &
    one=$!
    exec 9>go
    wait_for 5 grep -q ready ready
}
# later SCRIPT [OPTIONS...]: the script, with which the process goes on.
later() {
    local script=$1
    shift
    rm -f "$TMP/out"
    # Timers run once everything is attached.
    timeout -s KILL 20 "$STAP" "$@" -e "$script global started_
        probe timer.ms(1) { if (!started_++) println(\"started\") }" >"$TMP/out" 2>"$TMP/err" </dev/null 9>&- &
    local two=$!
    wait_for 10 grep -q started "$TMP/out" || true
    echo >&9
    exec 9>&-
    wait_for 5 test ! -e "/proc/$one"
    sleep 0.2
    kill -TERM $two 2>/dev/null
    wait $two
    rc=$?
    wait $one 2>/dev/null
    sed -i '/^started$/d' "$TMP/out"
}
with ./opens
later 'probe process("./libserve.so.*").function("serve").return { println(@entry($n), " ", $return, " ", umodname(@entry(uaddr())) =~ "libserve") }' -x $one
expect opened-later 0 $'1 101 1\n2 202 1'
with ./opens
later "probe process(\"./opens\").library(\"$TMP/libserve.so.2\").function(\"serve\") { println(\$n) }"
expect library 0 2

n=0
# By number; and numbers that are of no process.
with ./pie wait
later "probe process($one).function(\"work\") { println(\$n) } probe process($one).end { println(\"over\") }"
expect by-number 0 $'1\nover'
for script in 'probe process(4999999).function("work") { }' 'probe process(4999999).statement(0x1000).absolute { }'; do
    run -e "$script"
    [ $rc = 1 ] && grep -q 'there is no process 4999999' "$TMP/err" && pass "gone-$((++n))" || fail "gone-$((++n))" "$rc $(first_line "$TMP/err")"
done
run -x 4999999 -e 'probe process.function("work") { }'
[ $rc = 1 ] && grep -q '4999999' "$TMP/err" && pass gone-target || fail gone-target "$rc $(first_line "$TMP/err")"

# It ends, killed, while it is probed.
cat >busy.c <<'S'
__attribute__((noinline)) int work(int n) { volatile int x = n; return x * 2; }
int main(void) { for (int i = 0;; i++) work(i); }
S
gcc -g -O1 -o busy busy.c
./busy 2>/dev/null & busy=$!
disown $busy
(sleep 0.7; kill -KILL $busy) &
run -x $busy -e 'global n probe process.function("work") { n <<< $n } probe process.function("work").return { n <<< $return } probe process.end { exit() } probe end { println(@count(n) > 100) }'
expect killed 0 1

# By build-id: a file of any name, a library, and one that nobody runs.
cp pie renamed
id=$(readelf -n pie | sed -n 's/.*Build ID: //p')
run -c ./renamed -e "probe process(\"$id\").function(\"work\") { println(\$n) }"
expect build-id 0 1
cat renamed >another
chmod +x another
with ./another wait
later "probe process(\"$id\").function(\"work\").return { println(execname()) }"
expect build-id-running 0 another
# Its file was replaced or removed meanwhile.
cp another leaves
with ./leaves wait
rm leaves
later "probe process(\"$id\").function(\"work\") { println(execname(), \" \", usymname(uaddr())) }"
expect build-id-deleted 0 'leaves work'
libc=$(ldd pie | sed -n 's/.*libc.* => \([^ ]*\).*/\1/p')
run -c ./pie -e "probe process(\"$(readelf -n "$libc" | sed -n 's/.*Build ID: //p')\").function(\"exit\") { println(ppfunc()); exit() }"
expect build-id-library 0 exit
run -p2 -e 'probe process("0123456789abcdef0123456789abcdef01234567").function("work") { }'
[ $rc = 1 ] && grep -q 'no process runs a file with the build-id 0123456789abcdef0123456789abcdef01234567' "$TMP/err" && pass build-id-unknown || fail build-id-unknown "$rc $(first_line "$TMP/err")"

# Another mount namespace: the path inside leads to another file than here.
if unshare -m true 2>/dev/null; then
    mkdir -p inside root/bin
    cp static root/bin/hidden
    gcc -g -O1 -static -DOTHER -o other prog.c
    cp other dir/one
    with unshare -m sh -c "mount --bind '$TMP/root/bin' '$TMP/dir' && exec '$TMP/dir/hidden' wait"
    later 'probe process.function("work") { println($n, " ", usymname(uaddr()), " ", usymname(ustack(1))) }' -x $one
    expect namespace 0 '1 work main'
    with unshare -m sh -c "mount --bind '$TMP/root/bin' '$TMP/dir' && exec '$TMP/dir/hidden' wait"
    later "probe process($one).function(\"work\").return { println(\$return) }"
    expect namespace-number 0 2
    with chroot root /bin/hidden wait
    later "probe process.statement(\"work@*:*\") { if (!hits++) println(\$n, \" \", execname()) } global hits" -x $one
    expect chroot 0 '1 hidden'
    id=$(readelf -n static | sed -n 's/.*Build ID: //p')
    with unshare -m sh -c "mount --bind '$TMP/root/bin' '$TMP/dir' && exec '$TMP/dir/hidden' wait"
    later "probe process(\"$id\").function(\"work\") { println(\$n) }"
    expect namespace-build-id 0 1
else
    skip namespace "mount namespaces cannot be made here"
fi

# What the parts of a function are called.
cat >parts.c <<'S'
volatile int sink;
static int hidden(int n) { sink = n; return n; }
static inline __attribute__((always_inline)) int put_in(int n) { sink += n; return n + 1; }
__attribute__((noinline)) int shown(int n)
{
    if (put_in(n) > 2)
        goto out;
    sink++;
out:
    sink--;
    return hidden(n);
}
int main(void) { return shown(1) + shown(2) + put_in(7) == 0; }
S
gcc -g -O0 -o parts parts.c
run -c ./parts -e 'probe process("./parts").function("*@parts.c").inline { println("inline ", ppfunc(), " ", $n) }
probe process("./parts").function("*@parts.c").exported { println("exported ", ppfunc()) }
probe process("./parts").function("hid*@parts.c").call { println("call ", ppfunc(), " ", $n) }
probe process("./parts").function("shown").label("o*") { println("label ", $n) }'
expect parts 0 'exported main
exported shown
inline put_in 1
label 1
call hidden 1
exported shown
inline put_in 2
label 2
call hidden 2
inline put_in 7'

# A script stands for what runs it.
for first in '#!%s/pie' '#! /usr/bin/env -S A=b %s/pie x'; do
    printf "$first\n" "$PWD" >script
    chmod +x script
    run -c ./script -e 'probe process("./script").function("work") { println($n) } probe process.function("work") { println("target") }'
    sort -o "$TMP/out" "$TMP/out"
    expect "script: $first" 0 $'1\ntarget'
done
