# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own debug information, where its package is installed: places that only it tells
# of, against what a process did.  tests/real/kernel-places.sh does without the package.
. "$(dirname "$0")/../real/lib.sh"
LIMIT=120
if [ ! -e "/usr/lib/debug/boot/vmlinux-$(uname -r)" ]; then
    skip all "the package linux-image-$(uname -r)-dbg is not installed (1.2 GB to fetch, 6 GB on disk)"
    exit 0
fi
# Reading it takes an emulated CPU a while: one session for all.
run -c 'dd if=/dev/zero of=/dev/null bs=5 count=4 status=none' -e '
global n
probe kernel.function("vfs_read@fs/read_write.c") { if (pid() == target() && $count == 5) n["function"]++ }
probe kernel.function("vfs_read@fs/read_write.c").return {
    if (pid() == target() && $count == 5 && $return == @entry($count)) n["return"]++ }
probe kernel.statement("vfs_read@fs/read_write.c:468") {
    if (pid() == target() && $count == 5 && $ret == 0 && $$locals == "ret=0x0") n["local"]++ }
probe kernel.function("add_rchar@include/linux/sched/xacct.h").inline {
    if (pid() == target() && $amt == 5 && $tsk == task_current()) n["inline"]++ }
probe kernel.function("vfs_read").callee("rw_verify_area") {
    if (pid() == target() && $count == 5 && $file->f_mode) n["callee"]++ }
probe end {
    println(n["function"], " ", n["return"], " ", n["local"], " ", n["inline"], " ", n["callee"])
    println(@var("jiffies@kernel/time/timer.c") > 0, " ", @var("init_task")->comm$)
    delete n
}'
expect places 0 $'4 4 4 4 4\n1 "swapper/0"'
run -c "cat /etc/hostname" -e '
global n
probe module("overlay").function("ovl_open@*:*") { if (pid() == target()) n["function"]++ }
probe module("overlay").statement("ovl_open@*:157") { if (pid() == target() && $dentry == $file->f_path->dentry && !$err) n["statement"]++ }
probe end { println(n["function"] > 0, " ", n["function"] == n["statement"]); delete n }'
sed -i '/^[^01]/d' "$TMP/out"
expect places-of-module 0 '1 1'
