/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about this machine and this installation. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "base/strbuf.h"
#include "cli/cli.h"

/* ---- the kernel's configuration, read when a script first asks ---- */

struct kernel_config {
    struct arena *arena;
    const char *release;
    bool loaded;
    struct hash values;
};

static void config_line(struct kernel_config *k, const char *line, size_t n)
{
    const char *eq = memchr(line, '=', n);
    if (n < 8 || memcmp(line, "CONFIG_", 7) != 0 || !eq)
        return;
    const char *value = eq + 1;
    size_t len = n - (size_t)(value - line);
    if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    hash_put(&k->values, arena_strndup(k->arena, line, (size_t)(eq - line)),
             arena_strndup(k->arena, value, len));
}

static void load_config(struct kernel_config *k)
{
    k->loaded = true;
    gzFile f = gzopen("/proc/config.gz", "r");
    if (!f) /* gzread takes plain text too */
        f = gzopen(arena_printf(k->arena, "/boot/config-%s", k->release), "r");
    if (!f)
        return;
    struct strbuf text = {0};
    int n;
    while ((n = gzread(f, strbuf_room(&text, 65536), 65536)) > 0)
        text.n += (size_t)n;
    gzclose(f);
    for (size_t at = 0; at < text.n;) {
        const char *nl = memchr(text.p + at, '\n', text.n - at);
        size_t len = nl ? (size_t)(nl - text.p) - at : text.n - at;
        config_line(k, text.p + at, len);
        at += len + 1;
    }
    strbuf_free(&text);
}

static const char *kernel_config(void *user, const char *name)
{
    struct kernel_config *k = user;
    if (!k->loaded)
        load_config(k);
    return hash_get(&k->values, name);
}

void facts_kernel(struct session *s)
{
    struct utsname u;
    if (uname(&u) != 0)
        memset(&u, 0, sizeof u);
    struct parse_config *c = &s->parse;
    c->kernel_vr = arena_strdup(s->arena, u.release);
    size_t n = strspn(u.release, "0123456789.");
    while (n && u.release[n - 1] == '.')
        n--;
    c->kernel_v = arena_strndup(s->arena, u.release, n);
    const char *m = u.machine;
    bool ix86 = m[0] == 'i' && isdigit((unsigned char)m[1]) && strcmp(m + 2, "86") == 0;
    c->arch = strcmp(m, "aarch64") == 0 ? "arm64" : ix86 ? "i386" : arena_strdup(s->arena, m);
    struct kernel_config *k = arena_new_obj(s->arena, struct kernel_config);
    k->arena = s->arena;
    k->release = c->kernel_vr;
    hash_init(&k->values, s->arena);
    c->kernel_config = kernel_config;
    c->user = k;
}

/* ---- the library ---- */

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *facts_tapset_dir(struct arena *a)
{
    const char *env = getenv("SYSTEMTAP_TAPSET");
    if (env && *env)
        return env;
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return NULL;
    exe[n] = 0;
    *strrchr(exe, '/') = 0;
    /* build/stap in the source tree, then PREFIX/bin/stap. */
    static const char *const places[] = {"../tapset", "../share/stap/tapset"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *dir = realpath(arena_printf(a, "%s/%s", exe, places[i]), NULL);
        if (!dir)
            continue;
        const char *copy = arena_strdup(a, dir);
        free((void *)dir);
        if (is_folder(copy))
            return copy;
    }
    return NULL;
}

/* ---- privileges ---- */

static bool has(const struct __user_cap_data_struct *data, unsigned cap)
{
    return data[cap / 32].effective & (1u << cap % 32);
}

const char *facts_privileges(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    if (syscall(SYS_capget, &head, data) != 0)
        return NULL; /* the kernel will say */
    if (has(data, CAP_SYS_ADMIN) || (has(data, CAP_BPF) && has(data, CAP_PERFMON)))
        return NULL;
    return "running a script takes root, or the capabilities CAP_BPF and CAP_PERFMON: try sudo";
}
