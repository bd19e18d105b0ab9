# SPDX-License-Identifier: GPL-2.0-or-later
# Lists of functions of the kernel and of modules, which are there whether they can be probed or not.
. "$(dirname "$0")/lib.sh"

# listed NAME OPTION PATTERN LEAST REGEX: at least so many lines, sorted, all like that.
listed() {
    run "$2" "$3"
    local n odd
    n=$(wc -l <"$TMP/out")
    odd=$(grep -vE -m 1 -- "$5" "$TMP/out")
    if [ $rc != 0 ] || [ "$n" -lt "$4" ]; then
        fail "$1" "status $rc, $n lines: $(first_line "$TMP/err")"
    elif [ -n "$odd" ]; then
        fail "$1" "lists '$odd'"
    elif ! LC_ALL=C sort -c "$TMP/out" 2>/dev/null; then
        fail "$1" "not sorted"
    else
        pass "$1"
    fi
}
listed function -L 'kernel.function("vfs_read")' 1 '^kernel\.function\("vfs_read[^"]*"\) .*\$file:struct file\* .*\$count:size_t'
listed function-return -L 'kernel.function("vfs_read").return' 1 '^kernel\.function\("vfs_read[^"]*"\)\.return \$return:'
listed functions -l 'kernel.function("vfs_*")' 40 '^kernel\.function\("vfs_[^"]*"\)$'
listed kprobe -l 'kprobe.function("vfs_read")' 1 '^kprobe\.function\("vfs_read"\)$'
listed alias -L 'vfs.read' 1 '^vfs\.read .*\$file:struct file\*'
listed aliases -l 'vfs.*' 5 '^vfs\.[a-z_]+$'
module=$(awk '$3 > 0 || NR == 1 { print $1; exit }' /proc/modules 2>/dev/null)
if [ -n "$module" ]; then
    listed module -l "module(\"$module\").function(\"*\")" 3 "^module\\(\"$module\"\\)\\.function\\(\"[^\"]*\"\\)\$"
else
    skip module "no module is loaded"
fi
