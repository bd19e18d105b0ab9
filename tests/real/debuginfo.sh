# SPDX-License-Identifier: GPL-2.0-or-later
# Debug information that is not in the program itself.
. "$(dirname "$0")/lib.sh"
cp tests/real/variables.c "$TMP/v.c"
cd "$TMP" || exit 1
export XDG_CACHE_HOME=$TMP/cache
unset DEBUGINFOD_URLS
gcc -g -O2 -o whole v.c || { skip debuginfo "gcc is not installed"; exit 0; }

# shows NAME PROGRAM [VARIABLE]
shows() {
    run -c "$2" -e "probe process(\"$2\").function(\"bitty\") { println(\$b->mid, \" \", @var(\"bits@v.c\")->neg, \" \", @var(\"of_thread@v.c\")) }
probe process(\"$2\").function(\"pair_of\").return { println(\$return\$) }"
    expect "$1" 0 $'100 -3 12\n{.a=6, .b=7}'
}
shows whole ./whole

# By .gnu_debuglink, and by the build-id.
mkdir link link/.debug
objcopy --only-keep-debug whole link/.debug/it.debug
strip -o link/it whole
objcopy --remove-section=.note.gnu.build-id link/it
(cd link/.debug && objcopy --add-gnu-debuglink=it.debug ../it)
shows debuglink link/it
id=$(readelf -n whole | sed -n 's/.*Build ID: //p')
dir=/usr/lib/debug/.build-id/${id:0:2}
made=$([ -d "$dir" ] || echo yes)
if mkdir -p "$dir" 2>/dev/null && objcopy --only-keep-debug whole "$dir/${id:2}.debug"; then
    strip -o by-id whole
    shows build-id ./by-id
    rm -f "$dir/${id:2}.debug"
    [ "$made" = yes ] && rmdir "$dir"
fi

for z in zlib zlib-gnu; do
    gcc -g -O2 -gz=$z -o packed-$z v.c && shows compressed-$z ./packed-$z
done

# Units in files of their own.
for v in 4 5; do
    gcc -gdwarf-$v -O2 -gsplit-dwarf -c -o split$v.o v.c && gcc -o split$v split$v.o && shows split-$v ./split$v
done
run -l 'process("./split5").function("bitty")'
grep -q '"bitty@v.c:[0-9]*"' "$TMP/out" && pass split-file || fail split-file "$(cat "$TMP/out" "$TMP/err")"
mv split5.dwo elsewhere
run -p2 -e 'probe process("./split5").function("bitty") { println($b) }'
[ $rc = 1 ] && grep -q 'a part of it is in the file split5.dwo, which is not there' "$TMP/err" && pass split-missing || fail split-missing "$rc $(first_line "$TMP/err")"
: >split5.dwp
run -p2 -e 'probe process("./split5").function("*").call { println($$vars, $nothing) }'
grep -q 'in the file .*/split5.dwp, which is not understood; split5.dwo, from which it was made, is' "$TMP/err" && pass split-package || fail split-package "$rc $(first_line "$TMP/err")"
rm split5.dwp

if command -v dwz >/dev/null; then
    cp whole dwz1
    dwz dwz1 && shows dwz ./dwz1
    cp whole dwz2
    gcc -g -O1 -o dwz3 v.c
    dwz -m common.dwz dwz2 dwz3
    [ -e common.dwz ] && shows dwz-common ./dwz2
else
    skip dwz "dwz is not installed"
fi

# Only names, in a compressed part of a stripped program, as Fedora ships them.
if command -v xz >/dev/null; then
    nm -D whole --format=posix --defined-only | cut -d' ' -f1 | sort >dynamic
    nm whole --format=posix --defined-only | awk '$2 ~ /[Tt]/ { print $1 }' | sort | comm -13 dynamic - >keep
    objcopy --only-keep-debug whole mini.full
    objcopy -S --keep-symbols=keep mini.full mini
    xz -f mini
    strip -o minidebug whole
    objcopy --add-section .gnu_debugdata=mini.xz minidebug
    rm mini.full whole
    run -c ./minidebug -e 'probe process("./minidebug").function("bitty") { println(ppfunc(), " ", usymname(uaddr()), " ", usymname(ustack(1))) }'
    expect debugdata 0 'bitty bitty main'
    run -p2 -e 'probe process("./minidebug").function("bitty") { println($b) }'
    [ $rc = 1 ] && grep -q 'has no debug information' "$TMP/err" && pass debugdata-variable || fail debugdata-variable "$rc $(first_line "$TMP/err")"
else
    skip debugdata "xz is not installed"
fi

# What to install: the package that brought the program.
perl=$(readlink -f "$(command -v perl)")
package=$(dpkg -S "$perl" 2>/dev/null | cut -d: -f1)
if [ -n "$package" ] && ! "$STAP" -L "process(\"$perl\").function(\"Perl_pp_add\")" 2>/dev/null | grep -q '\$'; then
    run -p2 -e "probe process(\"$perl\").function(\"Perl_pp_add\") { println(\$x) }"
    grep -q "install the package $package-dbgsym" "$TMP/err" && pass package || fail package "$(first_line "$TMP/err")"
else
    skip package "perl is no package here, or has debug information"
fi

# A server of debug information.
if command -v debuginfod >/dev/null; then
    port=$((20000 + RANDOM % 20000))
    mkdir served
    gcc -g -O2 -o served/it v.c
    strip -o stripped served/it
    HOME=$TMP debuginfod -d :memory: -F -p $port -t 0 "$TMP/served" >server 2>&1 & server=$!
    export DEBUGINFOD_URLS=http://127.0.0.1:$port DEBUGINFOD_CACHE_PATH=$TMP/fetched
    wait_for 10 grep -q 'groomed' server
    script -qec "'$STAP' -p2 -e 'probe process(\"./stripped\").function(\"bitty\") { println(\$b->mid) }'" /dev/null >terminal 2>&1 </dev/null
    grep -q 'etching debug information of .*/stripped\|Asking for debug information' terminal && pass debuginfod-progress ||
        fail debuginfod-progress "$(head -c 300 terminal)"
    shows debuginfod ./stripped
    [ -n "$(ls fetched 2>/dev/null)" ] && pass debuginfod-kept || fail debuginfod-kept "nothing is in its cache"
    kill $server
    wait $server 2>/dev/null
else
    skip debuginfod "debuginfod is not installed"
fi

# From the second start on it is known where functions of a large file are; what is found is the
# same, also with a damaged index.
libc=$(ldd /bin/true | awk '/libc\.so/ { print $3 }')
all_of_libc() {
    for f in qsort malloc __libc_start_main checked_request2size no_such_function; do
        "$STAP" -L "process(\"$libc\").function(\"$f\")" 2>&1
    done
}
XDG_CACHE_HOME=/proc/none all_of_libc >without
if grep -q 'inline\|checked_request2size@.*\$' without; then
    XDG_CACHE_HOME=$TMP/large
    mkdir "$XDG_CACHE_HOME"
    all_of_libc >first
    index=$(ls large/stap/*.functions 2>/dev/null)
    all_of_libc >second
    [ -n "$index" ] && truncate -s -8 $index && all_of_libc >damaged
    if [ -n "$index" ] && cmp -s without first && cmp -s without second && cmp -s without damaged; then
        pass functions-index
    else
        fail functions-index "index '$index': $(diff without first; diff without second; diff without damaged | head -n 3)"
    fi
else
    skip functions-index "libc6-dbg is not installed"
fi
