# SPDX-License-Identifier: GPL-2.0-or-later
# Lists of functions of the kernel and of modules, which are there whether they can be probed or not.
. "$(dirname "$0")/lib.sh"

some function -L 'kernel.function("vfs_read")' 1 '^kernel\.function\("vfs_read[^"]*"\) .*\$file:struct file\* .*\$count:size_t'
some function-return -L 'kernel.function("vfs_read").return' 1 '^kernel\.function\("vfs_read[^"]*"\)\.return \$return:'
some functions -l 'kernel.function("vfs_*")' 40 '^kernel\.function\("vfs_[^"]*"\)$'
some kprobe -l 'kprobe.function("vfs_read")' 1 '^kprobe\.function\("vfs_read"\)$'
some alias -L 'vfs.read' 1 '^vfs\.read .*\$file:struct file\*'
some aliases -l 'vfs.*' 5 '^vfs\.[a-z_]+$'
module=$(awk '$3 > 0 || NR == 1 { print $1; exit }' /proc/modules 2>/dev/null)
if [ -n "$module" ]; then
    some module -l "module(\"$module\").function(\"*\")" 3 "^module\\(\"$module\"\\)\\.function\\(\"[^\"]*\"\\)\$"
else
    skip module "no module is loaded"
fi
