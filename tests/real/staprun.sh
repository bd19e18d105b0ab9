# SPDX-License-Identifier: GPL-2.0-or-later
# stap -p4 writes a file, staprun runs it.
. "$(dirname "$0")/lib.sh"
cd "$TMP" || exit 1
STAPRUN=$(dirname "$STAP")/staprun

# staprun ARGUMENTS...: as run() of lib.sh.
staprun() {
    timeout -s KILL "$LIMIT" "$STAPRUN" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
    rc=$?
}
# told NAME TEXT: the last run failed with status 1 and a message that has the text.
told() {
    [ $rc = 1 ] && grep -qF -- "$2" "$TMP/err" && pass "$1" || fail "$1" "status $rc: $(first_line "$TMP/err")"
}

# It has no compiler in it.  With sanitizers nothing is left out.
symbols=$(nm "$STAPRUN")
case $symbols in
*__asan_init*) skip small "built with sanitizers" ;;
*" bpf_load"*) grep -qE ' (parse_source|sema_elaborate|bpf_generate)$' <<<"$symbols" && fail small "it has a compiler" || pass small ;;
*) fail small "its symbols cannot be read" ;;
esac

# The name of the file is printed: of -o, of -m, or one in the cache.
run -p4 -o file.stapo -e 'probe begin { println("begun") exit() } probe end { println("over") }'
expect name-given 0 file.stapo
staprun file.stapo
expect runs 0 'begun
over'
run -p4 -m module.ko -e 'probe oneshot { println("module") }'
expect name-module 0 module.stapo
staprun ./module.stapo
expect runs-module 0 module
XDG_CACHE_HOME=$TMP/cache run -p4 -e 'probe oneshot { println("cached") }'
[ $rc = 0 ] && [[ $(cat "$TMP/out") == $TMP/cache/stap/stap_*.stapo ]] && pass name-cache || fail name-cache "$(cat "$TMP/out" "$TMP/err")"
staprun "$(cat "$TMP/out")"
expect runs-cached 0 cached

# Everything comes with it: no library is needed. Variables are set, options stand on either side.
run -p4 -o globals.stapo -DMAXERRORS=1 -e 'global text = "first", number = 5, table
probe begin { table[execname()] = number printf("%s %d %s\n", text, table["staprun"], @1) }
probe timer.ms(10) { if (number++ > 9) exit() else println(1 / (number - 7)) }
probe end { println(number) }' argument
SYSTEMTAP_TAPSET=/nowhere staprun globals.stapo number=0x6 'text=two words'
[ $rc = 1 ] && [ "$(head -n 1 "$TMP/out")" = 'two words 6 argument' ] && grep -q "division by 0 near operator '/' at <input>:3:62 in probe timer.ms(10)" "$TMP/err" &&
    [ "$(tail -n 1 "$TMP/out")" = 11 ] && pass variables || fail variables "$(cat "$TMP/out" "$TMP/err")"
staprun globals.stapo numbr=1
told variable-unknown 'the script has no global variable numbr that can be set (similar: number'
staprun globals.stapo number=seven
told variable-number 'number=seven: the variable is a number'
staprun globals.stapo "text=$(printf 'x%.0s' $(seq 600))"
told variable-long 'longer than the 511 characters'
staprun globals.stapo table=1
told variable-array 'no global variable table that can be set'
staprun globals.stapo number
told variable-alone "'number': VARIABLE=VALUE is needed"

# -c: target() is the command's process, and its status is told.
run -p4 -o child.stapo -e 'probe syscall.write { if (pid() == target()) { printf("%s\n", text_str(user_string_n(buf_uaddr, 5))) } }'
staprun -c 'echo hello; exit 3' child.stapo
[ $rc = 1 ] && grep -qx hello "$TMP/out" && grep -q 'Child process exited with status 3' "$TMP/err" && pass command || fail command "$rc $(cat "$TMP/out" "$TMP/err")"
staprun child.stapo -x 4194304
told process-missing 'there is no process 4194304'
staprun -o output -x $$ file.stapo
[ $rc = 0 ] && [ "$(cat output)" = 'begun
over' ] && [ ! -s "$TMP/out" ] && pass output || fail output "$(cat "$TMP/err")"

# A program of the user, with its debug information read where the file was made.
run -p4 -o user.stapo -e "probe process(\"$CALLER\").function(\"*\") { if (n++ == 3) exit() printf(\"%s\n\", ppfunc()) } global n"
[ $rc = 0 ] && staprun user.stapo -c "$CALLER" && [ -s "$TMP/out" ] && pass user || fail user "$(cat "$TMP/out" "$TMP/err")"

# In the background.
run -p4 -o ticks.stapo -e 'probe timer.ms(20) { println("tick ", n++) } global n probe end { println("over") }'
staprun -D -o ticks ticks.stapo
pid=$(cat "$TMP/out")
[ $rc = 0 ] && kill -0 "$pid" && wait_for 5 grep -q 'tick 3' ticks && pass daemon || fail daemon "$(cat "$TMP/err")"
kill -TERM "$pid" && wait_for 5 test ! -e "/proc/$pid"
[ "$(tail -n 1 ticks)" = over ] && pass daemon-end || fail daemon-end "$(tail -n 1 ticks)"
staprun -L ticks.stapo
name=$(sed -n 's/.*"stap\(run\)\? -A \(stap_[0-9]*\)".*/\2/p' "$TMP/out")
wait_for 5 test -S "/run/stap/$name"
sleep 0.2
timeout -s INT -k 5 0.5 "$STAPRUN" -A "$name" >memory 2>"$TMP/err"
grep -q '^tick 3' memory && [ "$(tail -n 1 memory)" = over ] && pass memory || fail memory "$name: $(cat memory "$TMP/err")"

# What is no such file, and what cannot be read.
staprun /nowhere/x.stapo
told missing "cannot read '/nowhere/x.stapo': No such file"
staprun /bin/true
told foreign "'/bin/true' is no file that stap -p4 has written"
: >empty.stapo
staprun empty.stapo
told empty 'is no file that stap -p4 has written'
head -c 300 file.stapo >short.stapo
staprun short.stapo
told short 'is cut off: 300 bytes'
{ head -c 400 file.stapo; printf '\377\377'; tail -c +403 file.stapo; } >changed.stapo
staprun changed.stapo
told changed 'is damaged: its checksum'
sed 's/\r//' file.stapo >text.stapo
staprun text.stapo
told text 'is damaged'
staprun "$TMP"
told folder "cannot read '$TMP': Is a directory"
# Every byte in turn: one message, no crash.
python3 - "$STAPRUN" <<'END' >bytes 2>&1
import subprocess, sys
good = open('file.stapo', 'rb').read()
step = max(1, len(good) // 60)
for i in range(0, len(good), step):
    open('flip.stapo', 'wb').write(good[:i] + bytes([good[i] ^ 0x55]) + good[i + 1:])
    r = subprocess.run([sys.argv[1], 'flip.stapo'], capture_output=True, timeout=20)
    if r.returncode != 1 or r.stdout or r.stderr.count(b'\n') != 1:
        sys.exit(f'byte {i}: status {r.returncode}, {r.stderr[:200]}')
END
[ $? = 0 ] && pass flipped || fail flipped "$(tail -n 1 bytes)"

# Options that are wrong, or do not go together.
for wrong in '-c true -x 1' '-S 1' '-D' '-L -o x' '-b 0' '-x zero' '-C pink' '-T 0' '-Z'; do
    staprun $wrong file.stapo
    [ $rc = 1 ] && [ -s "$TMP/err" ] && [ ! -s "$TMP/out" ] || { fail options "$wrong: status $rc"; break; }
done
[ "$wrong" = -Z ] && pass options
staprun
told no-file 'The file that `stap -p4` has written is needed'
for wrong in '-o x -m y' '-m a/b' '-m .ko'; do
    run -p4 $wrong -e 'probe begin { }'
    [ $rc = 1 ] && [ ! -e y.stapo ] || { fail make-options "$wrong: status $rc"; break; }
done
[ "$wrong" = '-m .ko' ] && pass make-options

# A file that cannot be written leaves nothing behind.
run -p4 -o /dev/full -e 'probe oneshot { println(1) }'
told disk-full "cannot write '/dev/full': No space left"
run -p4 -o /nowhere/x.stapo -e 'probe oneshot { println(1) }'
told unwritable "cannot write '/nowhere/x.stapo': No such file"
mkdir small && mount -t tmpfs -o size=4k none small 2>/dev/null && {
    run -p4 -o small/x.stapo -e 'probe syscall.open* { println(argstr) }'
    [ $rc = 1 ] && grep -q 'No space left' "$TMP/err" && [ -z "$(ls small)" ] && pass disk-small || fail disk-small "$(ls small) $(cat "$TMP/err")"
    umount small
}

# A program that is another one on the machine that runs the file.
cat >first.c <<'END'
struct thing { char c; int count; } thing = {1, 7};
__attribute__((noinline)) int work(struct thing *t) { return t->count; }
int main(void) { return work(&thing) == 0; }
END
sed 's/char c;/char c; long more;/' first.c >second.c
if cc -g -O1 -Wl,--build-id -o first first.c 2>/dev/null && cc -g -O1 -Wl,--build-id -o second second.c && cc -O1 -Wl,--build-id -s -o stripped first.c; then
    cp first prog
    run -p4 -o program.stapo -e 'probe process("./prog").function("work") { println($t->count) }'
    run -p4 -o cast.stapo -e 'probe oneshot { println(@cast(0, "struct thing", "./prog") == 0) }'
    run -p4 -o type.stapo -e 'probe process("./prog").begin { if (pid() < 0) println(@cast(0, "struct thing", "'"$TMP"'/prog")->count) } probe timer.ms(50) { exit() }'
    staprun -c ./prog program.stapo
    expect program-same 0 7
    cp second prog
    staprun -c ./prog program.stapo
    told program-other "$TMP/prog is not the file here that it was where the places in it were found (build-id "
    staprun type.stapo
    told program-types "$TMP/prog is not the file here that it was where its variables and types were looked up"
    rm prog
    staprun program.stapo
    told program-missing "$TMP/prog cannot be read here: No such file"
    # Where nothing but a function's name was made use of, it is found again.
    cc -O1 -Wl,--build-id -o prog first.c && run -p4 -o symbol.stapo -e 'probe process("./prog").function("work") { println("work") }'
    cc -O1 -Wl,--build-id -DMORE -o prog -x c - <<END
int before(int a) { return a * 3 + 1; }
int (*keep)(int) = before;
$(cat first.c)
END
    staprun -c ./prog symbol.stapo
    expect program-found-again 0 work
    cp stripped prog
    staprun -c ./prog symbol.stapo
    told program-symbol-gone "$TMP/prog has no function 'work' here"
fi
