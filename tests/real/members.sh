# SPDX-License-Identifier: GPL-2.0-or-later
# Members of the structures that tracepoints are given, in every tracepoint that has one of
# these: the verifier takes each handler, whether it loads them itself or calls a helper.
. "$(dirname "$0")/lib.sh"
LIMIT=100
"$STAP" -L 'kernel.trace("*")' 2>/dev/null | awk '
BEGIN {
    n = split("task_struct pid request __sector bio bi_opf sk_buff len inode i_ino file f_flags" \
        " mm_struct map_count super_block s_dev net_device ifindex rq nr_running cgroup level" \
        " hrtimer state timer_list expires pt_regs ip sock sk_protocol kmem_cache size dentry d_flags" \
        " vm_area_struct vm_start linux_binprm argc work_struct data->counter irqaction irq", w, " ")
    for (i = 1; i < n; i += 2) member[w[i]] = w[i + 1]
    print "global s"
}
{
    body = ""
    for (i = 2; i < NF; i++)
        if ($i ~ /^\$[a-z0-9_]+:struct$/ && $(i + 1) ~ /\*$/) {
            type = $(i + 1)
            sub(/\*.*/, "", type)
            arg = $i
            sub(/:.*/, "", arg)
            if (type in member) body = body " s += @choose_defined(" arg "->" member[type] ", 0);"
        }
    if (body != "") { print "probe " $1 " ? {" body " }"; probes++ }
}
END { print "probe timer.ms(100) { exit() }"; print probes > "/dev/stderr" }' >"$TMP/all.stp" 2>"$TMP/count"
within found 100 2000 "$(cat "$TMP/count")"
# An argument that is NULL in a live event is no failure of this test.
run -w --suppress-handler-errors "$TMP/all.stp"
[ $rc = 0 ] && pass loaded || fail loaded "$(first_line "$TMP/err")"

# What is loaded is right.
run -c 'sh -c "exit 3"' -e '
probe kernel.trace("sched_process_exit") { if (pid() == target()) println($p->pid == target(), " ", $p->exit_code >> 8, " ", $p->tgid == pid(), " ", $p->prio) }'
expect values 1 "1 3 1 120"
