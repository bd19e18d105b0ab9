/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/btf.h>

#include "bpf/running.h"
#include "debuginfo/btf.h"

void kernel_offsets(struct session *s, struct abi_offsets *o)
{
    const char *why;
    struct kernel_btf *b = session_btf(s, &why);
    uint32_t tree = 0, context = 0, state = 0;
    if (!b)
        return;
    kbtf_field(b, "mm_struct", "mm_mt", &o->mm_tree, NULL);
    kbtf_field(b, "maple_tree", "ma_root", &tree, NULL);
    o->mm_tree += tree;
    uint32_t id = kbtf_find(b, "mm_struct", BTF_KIND_STRUCT);
    struct kbtf_member m, in;
    if (kbtf_member(b, id, "context", &m) && kbtf_member(b, kbtf_skip(b, m.type), "vdso", &in))
        context = m.bit_offset / 8 + in.bit_offset / 8;
    o->mm_vdso = context;
    if (kbtf_member(b, id, "uprobes_state", &m) &&
        kbtf_member(b, kbtf_skip(b, m.type), "xol_area", &in))
        state = m.bit_offset / 8 + in.bit_offset / 8;
    o->mm_xol = state;
    if (state && kbtf_field(b, "xol_area", "vaddr", &o->xol_vaddr, NULL) &&
        kbtf_field(b, "task_struct", "utask", &o->task_utask, NULL) &&
        kbtf_field(b, "uprobe_task", "return_instances", &o->utask_returns, NULL) &&
        kbtf_field(b, "return_instance", "stack", &o->return_stack, NULL) &&
        kbtf_field(b, "return_instance", "orig_ret_vaddr", &o->return_address, NULL))
        kbtf_field(b, "return_instance", "next", &o->return_next, NULL);
    kbtf_field(b, "task_struct", "mm", &o->task_mm, NULL);
    kbtf_field(b, "vm_area_struct", "vm_start", &o->vma_start, NULL);
    kbtf_field(b, "vm_area_struct", "vm_end", &o->vma_end, NULL);
    kbtf_field(b, "vm_area_struct", "vm_flags", &o->vma_flags, NULL);
    kbtf_field(b, "vm_area_struct", "vm_pgoff", &o->vma_pgoff, NULL);
    kbtf_field(b, "vm_area_struct", "vm_file", &o->vma_file, NULL);
    kbtf_field(b, "file", "f_inode", &o->file_inode, NULL);
    kbtf_field(b, "pt_regs", "ip", &o->regs_ip, NULL);
    kbtf_field(b, "pt_regs", "sp", &o->regs_sp, NULL);
    kbtf_field(b, "pt_regs", "bp", &o->regs_bp, NULL);
}
