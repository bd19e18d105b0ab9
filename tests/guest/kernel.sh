# SPDX-License-Identifier: GPL-2.0-or-later
# Kernel functions, on a kernel that has kprobes: counts and values against what
# the processes did.
. "$(dirname "$0")/../real/lib.sh"

run -c 'dd if=/dev/zero of=/dev/null bs=1 count=100 status=none' -e '
global n, sum, returned, null
probe kernel.function("vfs_read") { if (execname() == "dd" && $count == 1) n++ }
probe kernel.function("vfs_read").return { if (execname() == "dd" && $return == 1) returned++ }
probe kprobe.function("vfs_write") {
    if (execname() == "dd" && kernel_string($file->f_path->dentry->d_name->name) == "null") { null++; sum += $count }
}
probe end { println(n, " ", returned, " ", null, " ", sum); n = returned = null = sum = 0 }'
expect kprobe-counts 0 '100 100 100 100'

run -c 'dd if=/dev/zero of=/dev/null bs=3 count=1 status=none' -e '
probe kernel.function("vfs_read") { if (execname() == "dd" && $count == 3) println(ppfunc(), " ", $$parms =~ "^file=0x[0-9a-f]+ buf=0x[0-9a-f]+ count=0x3 pos=", " ", @defined($nothing)) }
probe kernel.function("vfs_read").return { if (execname() == "dd" && $return == 3) println($$return, " ", is_return()) }'
expect kprobe-variables 0 $'vfs_read 1 0\nreturn=0x3 1'

# What a function was called with, at its return.
run -c 'dd if=/dev/zero of=/dev/null bs=3 count=4 status=none' -e 'global n
probe kernel.function("vfs_read").return { if (execname() == "dd" && $count == 3 && @entry($file->f_mode) && $return == @entry($count)) n++ }
probe end { println(n); n = 0 }'
expect kprobe-entry 0 '4'

# Keys made of names of different lengths: one entry for each.
run -c 'sh -c "ls >/dev/null; cat /dev/null; date >/dev/null; ls >/dev/null"' -e '
global c probe kernel.function("vfs_read") { c[execname()] <<< 1 }
probe end { foreach (k+ in c) if (k == "ls" || k == "cat" || k == "date") printf("%s ", k); println("") }'
expect execname-keys 0 'cat date ls '

run -e 'probe kernel.function("vfs_raed") { }'
[ $rc = 1 ] && grep -q 'similar functions:.*vfs_read' "$TMP/err" && pass kprobe-similar || fail kprobe-similar "$(first_line "$TMP/err")"
run -e 'probe kernel.function("vfs_read") { println($cuont) }'
[ $rc = 1 ] && grep -q 'alternatives:.*\$count' "$TMP/err" && pass kprobe-variable || fail kprobe-variable "$(first_line "$TMP/err")"

# Hundreds of functions by a pattern; those the kernel does not let us probe are left out.
run -w -T 60 -c 'cat /etc/hostname' -e 'global n probe kernel.function("vfs_*") { n++ } probe end { println(n > 0 ? "hit" : "none"); n = 0 }'
grep -q '^hit' "$TMP/out" && pass kprobe-pattern || fail kprobe-pattern "status $rc: $(first_line "$TMP/err")"
