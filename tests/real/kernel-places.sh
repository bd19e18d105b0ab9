# SPDX-License-Identifier: GPL-2.0-or-later
# Places in the kernel that its debug information tells of, by a small file that stands in for
# it; variables of the kernel.
. "$(dirname "$0")/lib.sh"

build_id=$(python3 - <<'PY'
import struct
d = open("/sys/kernel/notes", "rb").read()
while d:
    name, desc, kind = struct.unpack_from("<III", d)
    at = 12 + (name + 3 & ~3)
    if kind == 3 and d[12:15] == b"GNU":
        print(d[at:at + desc].hex())
    d = d[at + (desc + 3 & ~3):]
PY
)
address() { awk -v n="$1" '$3 == n { print "0x" $1; exit }' /proc/kallsyms; }
# stand_in FOLDER BUILD_ID
stand_in() {
    mkdir -p "$1"
    (cd tests/real && cc -O2 -g -fno-toplevel-reorder -mcmodel=kernel -fno-pie -c \
        -o "$TMP/place.o" kernel_place.c) &&
        ld -o "$1/vmlinux" --build-id="0x$2" --section-start=".text=$(address vfs_read)" \
            --defsym="_stext=$(address _stext)" -e vfs_read "$TMP/place.o"
}
if ! stand_in "$TMP/debug" "$build_id" 2>"$TMP/cc.err" || [ -z "$build_id" ]; then
    fail stand-in "$(first_line "$TMP/cc.err")"
fi
export SYSTEMTAP_DEBUGINFO_PATH=$TMP/debug

# refused NAME PATTERN ARGUMENTS...: the error tells.
refused() {
    local name=$1 pattern=$2
    shift 2
    run "$@"
    [ $rc = 1 ] && grep -qE -- "$pattern" "$TMP/err" && pass "$name" ||
        fail "$name" "status $rc: $(grep -m 1 error: "$TMP/err" | tail -c 250)"
}

# What needs no events is told here the same as in the guest.
if [ "$GROUP" != guest-places ]; then
# lists NAME POINT LINE...: what -L gives.
lists() {
    local name=$1 want
    run -L "$2"
    shift 2
    want=$(printf '%s\n' "$@")
    expect "$name" 0 "$want"
}
parms='$file:struct file* $buf:char* $count:long unsigned int $pos:long long int*'
here='kernel.function("vfs_read@kernel_place.c'
lists function-of-file 'kernel.function("vfs_read@kernel_place.c")' "$here:12\") $parms"
lists function-of-line 'kernel.function("*@kernel_place.c:12")' "$here:12\") $parms"
lists statements 'kernel.statement("vfs_read@kernel_place.c:15-17")' \
    "kernel.statement(\"vfs_read@kernel_place.c:15\") $parms \$got:long int" \
    "kernel.statement(\"vfs_read@kernel_place.c:17\") $parms \$got:long int"
lists inlined 'kernel.function("clamped").inline' \
    'kernel.function("clamped@kernel_place.c:7").inline $wanted:long int'
lists inlined-everywhere 'kernel.function("clamped")' \
    'kernel.function("clamped@kernel_place.c:7") $wanted:long int'
lists label 'kernel.function("vfs_read").label("o*")' "$here:19\").label(\"out\") $parms"
lists callee 'kernel.function("vfs_read").callee("looked*")' \
    "$here:12\").callee(\"looked_at@kernel_place.c:23\") \$file:struct file* \$n:long int"
lists callees 'kernel.function("vfs_read").callees(2)' \
    "$here:12\").callee(\"looked_at@kernel_place.c:23\") \$file:struct file* \$n:long int"
lists returns 'kernel.function("vfs_read@kernel_place.c").return' \
    "$here:12\").return \$return:long int $parms"
lists nearest 'kernel.statement("vfs_read@kernel_place.c:16").nearest' \
    "kernel.statement(\"vfs_read@kernel_place.c:17\").nearest $parms \$got:long int"
run -L "kernel.statement($(printf '%#x' $(($(address vfs_read) + 1)))).nearest"
grep -qE 'kernel.statement\("vfs_read@kernel_place.c:1[2-4]"\).nearest \$file' "$TMP/out" && pass nearest-address ||
    fail nearest-address "$(first_line "$TMP/out")"

refused no-such-function "no match for 'vfs_raed@kernel_place.c'.*similar functions:.*vfs_read" \
    -p2 -e 'probe kernel.function("vfs_raed@kernel_place.c") { }'
refused no-such-local 'unable to find local .\$gto. in vfs_read \(alternatives:.*\$got' \
    -p2 -e 'probe kernel.statement("vfs_read@kernel_place.c:17") { println($gto) }'
stand_in "$TMP/other" "00112233445566778899aabbccddeeff00112233"
SYSTEMTAP_DEBUGINFO_PATH=$TMP/other refused other-build \
    'not installed: .*/other/vmlinux belongs to another build' \
    -p2 -e 'probe kernel.function("vfs_read@kernel_place.c") { }'
SYSTEMTAP_DEBUGINFO_PATH=$TMP/none refused not-installed "linux-image-$(uname -r)-dbg on Debian" \
    -p2 -e 'probe kernel.function("vfs_read").label("*") { }'
fi

# The place is the kernel's own vfs_read().
if [ -e /sys/bus/event_source/devices/kprobe ]; then
    run -c 'dd if=/dev/zero of=/dev/null bs=5 count=7 status=none' -e '
    global calls, returns
    probe kernel.function("vfs_read@kernel_place.c") { if (pid() == target() && $count == 5) calls++ }
    probe kernel.function("vfs_read@kernel_place.c").return {
        if (pid() == target() && $count == 5 && $return == @entry($count)) returns++ }
    probe end { println(calls, " ", returns); calls = returns = 0 }'
    expect counts 0 '7 7'
else
    refused counts-without-kprobes 'CONFIG_KPROBES' -e 'probe kernel.function("vfs_read@kernel_place.c") { }'
fi

# ---- where there are no kprobes, or no security hooks ----
run -l 'kernel.function("vfs_rea*")'
grep -qx 'kernel.function("vfs_read")' "$TMP/out" && pass functions-listed || fail functions-listed "status $rc"
# instead NAME PROBE HINT
instead() {
    run -e "probe $2 { }"
    [ $rc = 1 ] && grep -q 'built without CONFIG_KPROBES' "$TMP/err" && grep -qF -- "hint: $3 tells of the same event" "$TMP/err" &&
        pass "$1" || fail "$1" "status $rc: $(grep -m 1 hint: "$TMP/err")"
}
if [ ! -e /sys/bus/event_source/devices/kprobe ]; then
    instead tracepoint-instead 'kernel.function("tcp_set_state")' 'kernel.trace("sock:inet_sock_set_state")'
    instead call-instead 'kernel.function("vfs_read").return' 'syscall.read.return'
    instead call-by-name-instead 'kernel.function("__x64_sys_openat")' 'syscall.openat'
    # Debug information would not help.
    instead place-instead 'kernel.statement("vfs_write@no_such_file.c:1")' 'syscall.write'
fi
# A function of other kernels, whose event this one tells of.
run -e 'probe kernel.function("kmem_cache_alloc_none") { }'
grep -q 'no match' "$TMP/err" && grep -qF 'hint: kernel.trace("kmem:kmem_cache_alloc") tells of the same event' "$TMP/err" &&
    pass other-kernels || fail other-kernels "$(grep -m 1 hint: "$TMP/err")"
run -L 'kernel.lsm("file_ope*")'
if [ -n "$(address bpf_lsm_file_open)" ]; then
    expect lsm-listed 0 'kernel.lsm("file_open") $file:struct file*'
    refused lsm-similar "no security hook matches 'file_opne' \(similar hooks: file_open" -p2 -e 'probe kernel.lsm("file_opne") { }'
fi
if grep -qw bpf /sys/kernel/security/lsm 2>/dev/null; then
    run -c 'cat /etc/hostname' -e '
    global n
    probe kernel.lsm("file_open") { if (pid() == target() && fullpath_struct_file(task_current(), $file) == "/etc/hostname") n++ }
    probe kernel.lsm("bprm_check_*") { if (pid() == target() && kernel_string($bprm->filename) =~ "/cat$") n += 10 }
    probe end { printf("hooks %d\n", n); n = 0 }'
    grep -qE '^hooks 1[1-9]' "$TMP/out" && pass lsm-hooks || fail lsm-hooks "$(tail -n 1 "$TMP/out") $(first_line "$TMP/err")"
else
    refused lsm-not-here 'security (hooks|modules)' -e 'probe kernel.lsm("file_open") { }'
fi

# ---- variables ----
if [ -z "$(address init_task)" ]; then
    refused variables-not-listed 'CONFIG_KALLSYMS_ALL' -p2 -e 'probe oneshot { println(@var("jiffies_64")) }'
    refused variables-of-cpus-not-listed 'CONFIG_KALLSYMS_ALL' -p2 -e 'probe oneshot { println(@var("runqueues")->cpu) }'
    exit 0
fi
run -e 'probe oneshot {
    a = @var("jiffies_64"); b = @var("jiffies_64", "kernel")
    println(a > 0 && b >= a, " ", @cast(&@var("init_task"), "task_struct", "kernel")->comm$)
    println(@var("nr_cpu_ids") >= 1)
}'
expect kernel-variables 0 $'1 "swapper/0"\n1'
run -e 'probe oneshot { println(@var("runqueues")->cpu == cpu()) }'
expect variable-of-each-cpu 0 1
run -e 'function f() { return @var("jiffies_64") } probe oneshot { println(f() > 0) }'
expect variable-in-function 0 1
run -c 'cat /etc/hostname' -e 'probe kernel.function("vfs_read@kernel_place.c") { if (pid() == target()) { println(@var("jiffies_64", "kernel") > 0); exit() } }'
grep -qx 1 "$TMP/out" && pass variable-at-place || fail variable-at-place "$(first_line "$TMP/err")"
refused no-such-variable "the kernel has no variable 'jifies' \(alternatives: jiffies" \
    -p2 -e 'probe oneshot { println(@var("jifies")) }'
refused untyped-variable '@cast\(&@var\("init_mm"\), "TYPE", "kernel"\)' \
    -p2 -e 'probe oneshot { println(@var("init_mm")->mm_count) }'
