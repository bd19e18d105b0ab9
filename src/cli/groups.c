/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may run what, where staprun has more rights than the one who runs it (file
 * capabilities).  The groups are SystemTap's:
 *   stapusr and stapdev   any file
 *   stapusr and stapsys   any file but those that do what takes -g (guru mode)
 *   stapusr               files that the administrator has put into IMAGES_DIR
 * SystemTap has servers sign what the last two may run.  Here what a file does is seen in its
 * instructions: those of guru mode call one of few helpers of the kernel. */
#include "cli/groups.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool is_member(const char *name)
{
    const struct group *g = getgrnam(name);
    gid_t mine[NGROUPS_MAX];
    int n = getgroups(NGROUPS_MAX, mine);
    if (!g)
        return false;
    if (getgid() == g->gr_gid)
        return true;
    for (int i = 0; i < n; i++)
        if (mine[i] == g->gr_gid)
            return true;
    return false;
}

/* Helpers that change what they look at; NULL: another one. */
static const char *changes(int32_t helper)
{
    switch (helper) {
    case BPF_FUNC_probe_write_user:
        return "writes to the memory of programs";
    case BPF_FUNC_override_return:
        return "changes what functions of the kernel return";
    case BPF_FUNC_send_signal:
    case BPF_FUNC_send_signal_thread:
        return "sends signals";
    default:
        return NULL;
    }
}

static const char *guru_in(const struct bpf_image *img)
{
    vec_for (i, img->probes) {
        const struct code *c = &img->probes.v[i].code;
        vec_for (k, c->insns) {
            const struct bpf_insn *in = &c->insns.v[k];
            const char *what =
                in->code == (BPF_JMP | BPF_CALL) && !in->src_reg ? changes(in->imm) : NULL;
            if (what)
                return what;
            if (in->code == (BPF_LD | BPF_IMM | BPF_DW))
                k++;
        }
    }
    return NULL;
}

static bool others_write(const struct stat *st)
{
    return st->st_uid != 0 || (st->st_mode & S_IWOTH) || (st->st_gid != 0 && st->st_mode & S_IWGRP);
}

/* The file is the administrator's: in the folder, and nobody else can change either. */
static bool is_installed(struct arena *a, int fd, const char *dir)
{
    struct stat file, folder;
    char real[PATH_MAX], at[PATH_MAX];
    ssize_t n = readlink(arena_printf(a, "/proc/self/fd/%d", fd), at, sizeof at - 1);
    if (n < 0 || !realpath(dir, real) || stat(real, &folder) != 0 || fstat(fd, &file) != 0)
        return false;
    at[n] = 0;
    size_t k = strlen(real);
    return strncmp(at, real, k) == 0 && at[k] == '/' && !strchr(at + k + 1, '/') &&
           S_ISREG(file.st_mode) && !others_write(&file) && !others_write(&folder);
}

const char *groups_refuse(struct arena *a, const struct bpf_image *img, int fd, const char *path)
{
    struct utsname u;
    if (getuid() == 0)
        return NULL;
    if (!is_member("stapusr"))
        return "running scripts is for root and for members of the group stapusr (who are in "
               "stapdev, too, run any file)";
    if (is_member("stapdev"))
        return NULL;
    const char *dir = uname(&u) == 0 ? arena_printf(a, IMAGES_DIR, u.release) : "";
    if (is_installed(a, fd, dir))
        return NULL;
    if (!is_member("stapsys"))
        return arena_printf(a,
                            "%s is for members of the group stapdev: members of stapusr alone run "
                            "what the administrator has put into %s",
                            path, dir);
    const char *guru = guru_in(img);
    return guru ? arena_printf(a,
                               "%s %s, which is for members of the group stapdev: those of "
                               "stapsys run what needs no guru mode",
                               path, guru)
                : NULL;
}
