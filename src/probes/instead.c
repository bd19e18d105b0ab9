/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where functions of the kernel cannot be probed: which tracepoint or system call tells of the
 * same event. */
#include <fnmatch.h>
#include <string.h>

#include "probes/kprobe.h"

static const struct {
    const char *function; /* a pattern */
    const char *point;    /* "system:tracepoint", or a system call */
} table[] = {
    {"tcp_set_state", "sock:inet_sock_set_state"},
    {"inet_csk_accept", "sock:inet_sock_set_state"},
    {"tcp_retransmit_skb", "tcp:tcp_retransmit_skb"},
    {"__tcp_retransmit_skb", "tcp:tcp_retransmit_skb"},
    {"tcp_v[46]_send_reset", "tcp:tcp_send_reset"},
    {"tcp_reset", "tcp:tcp_receive_reset"},
    {"tcp_v[46]_destroy_sock", "tcp:tcp_destroy_sock"},
    {"tcp_rcv_space_adjust", "tcp:tcp_rcv_space_adjust"},
    {"tcp_rcv_established", "tcp:tcp_probe"},
    {"inet_sk_error_report", "sock:inet_sk_error_report"},
    {"__udp_queue_rcv_skb", "udp:udp_fail_queue_rcv_skb"},
    {"fib_table_lookup", "fib:fib_table_lookup"},
    {"kfree_skb*", "skb:kfree_skb"},
    {"sk_skb_reason_drop", "skb:kfree_skb"},
    {"consume_skb", "skb:consume_skb"},
    {"skb_copy_datagram_iter", "skb:skb_copy_datagram_iovec"},
    {"dev_queue_xmit", "net:net_dev_queue"},
    {"__dev_queue_xmit", "net:net_dev_queue"},
    {"dev_hard_start_xmit", "net:net_dev_start_xmit"},
    {"netif_receive_skb*", "net:netif_receive_skb"},
    {"__netif_receive_skb*", "net:netif_receive_skb"},
    {"netif_rx*", "net:netif_rx"},
    {"napi_gro_receive", "net:napi_gro_receive_entry"},
    {"__napi_poll", "napi:napi_poll"},
    {"schedule", "sched:sched_switch"},
    {"__schedule", "sched:sched_switch"},
    {"finish_task_switch", "sched:sched_switch"},
    {"try_to_wake_up", "sched:sched_wakeup"},
    {"wake_up_process", "sched:sched_wakeup"},
    {"wake_up_new_task", "sched:sched_wakeup_new"},
    {"set_task_cpu", "sched:sched_migrate_task"},
    {"do_exit", "sched:sched_process_exit"},
    {"kernel_clone", "sched:sched_process_fork"},
    {"copy_process", "sched:sched_process_fork"},
    {"begin_new_exec", "sched:sched_process_exec"},
    {"bprm_execve", "sched:sched_process_exec"},
    {"do_execveat_common", "sched:sched_process_exec"},
    {"do_wait", "sched:sched_process_wait"},
    {"kthread_stop", "sched:sched_kthread_stop"},
    {"__set_task_comm*", "task:task_rename"},
    {"send_signal*", "signal:signal_generate"},
    {"__send_signal*", "signal:signal_generate"},
    {"do_send_sig_info", "signal:signal_generate"},
    {"get_signal", "signal:signal_deliver"},
    {"exc_page_fault", "exceptions:page_fault_user"},
    {"do_user_addr_fault", "exceptions:page_fault_user"},
    {"handle_mm_fault", "exceptions:page_fault_user"},
    {"__handle_mm_fault", "exceptions:page_fault_user"},
    {"__kmalloc*", "kmem:kmalloc"},
    {"kfree", "kmem:kfree"},
    {"kmem_cache_alloc*", "kmem:kmem_cache_alloc"},
    {"kmem_cache_free", "kmem:kmem_cache_free"},
    {"__alloc_pages*", "kmem:mm_page_alloc"},
    {"__free_pages", "kmem:mm_page_free"},
    {"try_to_free_pages", "vmscan:mm_vmscan_direct_reclaim_begin"},
    {"balance_pgdat", "vmscan:mm_vmscan_kswapd_wake"},
    {"oom_kill_process", "oom:mark_victim"},
    {"filemap_add_folio", "filemap:mm_filemap_add_to_page_cache"},
    {"__filemap_remove_folio", "filemap:mm_filemap_delete_from_page_cache"},
    {"migrate_pages", "migrate:mm_migrate_pages"},
    {"submit_bio*", "block:block_bio_queue"},
    {"bio_endio", "block:block_bio_complete"},
    {"blk_mq_start_request", "block:block_rq_issue"},
    {"blk_update_request", "block:block_rq_complete"},
    {"blk_mq_end_request", "block:block_rq_complete"},
    {"bio_split", "block:block_split"},
    {"scsi_dispatch_cmd", "scsi:scsi_dispatch_cmd_start"},
    {"scsi_done", "scsi:scsi_dispatch_cmd_done"},
    {"writeback_sb_inodes", "writeback:writeback_single_inode"},
    {"__handle_irq_event_percpu", "irq:irq_handler_entry"},
    {"handle_irq_event*", "irq:irq_handler_entry"},
    {"__do_softirq", "irq:softirq_entry"},
    {"handle_softirqs", "irq:softirq_entry"},
    {"raise_softirq*", "irq:softirq_raise"},
    {"__hrtimer_run_queues", "timer:hrtimer_expire_entry"},
    {"hrtimer_start_range_ns", "timer:hrtimer_start"},
    {"call_timer_fn", "timer:timer_expire_entry"},
    {"mod_timer", "timer:timer_start"},
    {"add_timer", "timer:timer_start"},
    {"__queue_work", "workqueue:workqueue_queue_work"},
    {"queue_work_on", "workqueue:workqueue_queue_work"},
    {"process_one_work", "workqueue:workqueue_execute_start"},
    {"do_init_module", "module:module_load"},
    {"_printk", "printk:console"},
    {"vprintk*", "printk:console"},
    {"cpuidle_enter_state", "power:cpu_idle"},
    {"__mutex_lock*", "lock:contention_begin"},
    {"vfs_read", "read"},
    {"vfs_write", "write"},
    {"vfs_readv", "readv"},
    {"vfs_writev", "writev"},
    {"vfs_open", "openat"},
    {"do_filp_open", "openat"},
    {"do_sys_open*", "openat"},
    {"do_dentry_open", "openat"},
    {"filp_close", "close"},
    {"vfs_fsync*", "fsync"},
    {"vfs_unlink", "unlinkat"},
    {"vfs_rename", "renameat2"},
    {"vfs_mkdir", "mkdirat"},
    {"vfs_rmdir", "unlinkat"},
    {"vfs_link", "linkat"},
    {"vfs_symlink", "symlinkat"},
    {"vfs_fstat", "fstat"},
    {"vfs_statx", "fstatat"},
    {"vfs_getattr*", "fstatat"},
    {"vfs_statfs", "statfs"},
    {"vfs_truncate", "truncate"},
    {"vfs_fallocate", "fallocate"},
    {"vfs_ioctl", "ioctl"},
    {"iterate_dir", "getdents"},
    {"do_mmap", "mmap2"},
    {"do_munmap", "munmap"},
    {"do_mprotect_pkey", "mprotect"},
    {"do_brk_flags", "brk"},
    {"sock_sendmsg", "sendmsg"},
    {"sock_recvmsg", "recvmsg"},
    {"tcp_sendmsg", "sendto"},
    {"tcp_recvmsg", "recvfrom"},
    {"udp_sendmsg", "sendto"},
    {"udp_recvmsg", "recvfrom"},
    {"inet_stream_connect", "connect"},
    {"tcp_v[46]_connect", "connect"},
    {"do_accept", "accept4"},
    {"inet_listen", "listen"},
    {"inet_bind", "bind"},
    {"do_sys_poll", "poll"},
    {"core_sys_select", "select"},
    {"do_epoll_wait", "epoll_wait"},
    {"do_futex", "futex"},
    {"hrtimer_nanosleep", "nanosleep"},
    {"do_nanosleep", "nanosleep"},
    {"do_mount", "mount"},
    {"path_mount", "mount"},
};

/* Calls that scripts know by another name than the kernel's functions have. */
static const char *const renamed[][2] = {
    {"mmap", "mmap2"},
    {"newfstatat", "fstatat"},
    {"newstat", "stat"},
    {"newfstat", "fstat"},
    {"epoll_create1", "epoll_create"},
    {"eventfd2", "eventfd"},
    {"getdents64", "getdents"},
    {"inotify_init1", "inotify_init"},
    {"pipe2", "pipe"},
    {"pread64", "pread"},
    {"pwrite64", "pwrite"},
    {"signalfd4", "signalfd"},
    {"newlstat", "lstat"},
    {"newuname", "uname"},
    {"sendfile64", "sendfile"},
};

/* "__x64_sys_read", "ksys_read": what a call is made of. */
static const char *system_call(const char *function)
{
    static const char *const prefixes[] = {"__x64_sys_", "__ia32_sys_", "__do_sys_",
                                           "__se_sys_",  "ksys_",       "__sys_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(function, prefixes[i], strlen(prefixes[i])) == 0) {
            const char *call = function + strlen(prefixes[i]);
            for (size_t k = 0; k < sizeof renamed / sizeof *renamed; k++)
                if (strcmp(call, renamed[k][0]) == 0)
                    call = renamed[k][1];
            /* Those of 32-bit programs and other machines are left out. */
            size_t n = strlen(call);
            bool old =
                n > 2 && (strcmp(call + n - 2, "32") == 0 || strcmp(call + n - 2, "16") == 0);
            return old || strncmp(call, "old", 3) == 0 || strncmp(call, "ia32", 4) == 0 ||
                           strncmp(call, "s390", 4) == 0
                       ? NULL
                       : call;
        }
    return NULL;
}

static bool is_there(struct session *s, const char *tracepoint)
{
    const char *why;
    struct kernel_btf *b = session_btf(s, &why);
    return b && kbtf_find(b, arena_printf(s->arena, "btf_trace_%s", tracepoint), BTF_KIND_TYPEDEF);
}

const char *kprobe_instead(struct session *s, const char *function)
{
    const char *call = system_call(function);
    if (call && !strpbrk(call, "*?["))
        return arena_printf(s->arena, "syscall.%s", call);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *colon = strchr(table[i].point, ':');
        if (fnmatch(table[i].function, function, 0) != 0 || (colon && !is_there(s, colon + 1)))
            continue;
        return arena_printf(s->arena, colon ? "kernel.trace(\"%s\")" : "syscall.%s",
                            table[i].point);
    }
    return NULL;
}
