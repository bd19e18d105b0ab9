/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/kernel_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/hash.h"
#include "debuginfo/build_id.h"
#include "debuginfo/ksyms.h"

struct search {
    struct session *s;
    const char *module, *release;
    struct build_id id;
    const char *other; /* a file of another build that was in the way */
    struct dw_module *found;
};

static bool consider(struct search *w, const char *path)
{
    const char *why;
    struct build_id have = {.n = 0};
    if (w->found || access(path, R_OK) != 0)
        return w->found;
    struct dw_module *m = dw_open(w->s->arena, path, &why);
    have.n = m ? dw_build_id(m, have.id, BUILD_ID_MAX) : 0;
    if (!m || !dw_has_dwarf(m))
        return false;
    if (have.n == w->id.n && memcmp(have.id, w->id.id, have.n) == 0)
        w->found = m;
    else
        w->other = path;
    return w->found;
}

/* Module names have '_' where names of files may have '-'. */
static bool names_module(const char *file, const char *module)
{
    const char *base = strrchr(file, '/');
    base = base ? base + 1 : file;
    size_t i = 0;
    for (; module[i]; i++)
        if (base[i] != module[i] && !(base[i] == '-' && module[i] == '_'))
            return false;
    return strncmp(base + i, ".ko", 3) == 0;
}

/* "kernel/fs/ext4/ext4.ko" */
static const char *module_file(struct search *w)
{
    char line[4096];
    const char *found = NULL;
    FILE *f = fopen(arena_printf(w->s->arena, "/lib/modules/%s/modules.dep", w->release), "re");
    while (f && !found && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = 0;
        if (names_module(line, w->module))
            found = arena_printf(w->s->arena, "%s", line);
    }
    if (f)
        fclose(f);
    return found;
}

static void search_folder(struct search *w, const char *dir)
{
    struct arena *a = w->s->arena;
    const char *id = "";
    for (size_t i = 1; i < w->id.n; i++)
        id = arena_printf(a, "%s%02x", id, w->id.id[i]);
    consider(w, arena_printf(a, "%s/.build-id/%02x/%s.debug", dir, w->id.id[0], id));
    if (w->module) {
        const char *file = w->found ? NULL : module_file(w);
        if (file) {
            consider(w, arena_printf(a, "%s/lib/modules/%s/%s", dir, w->release, file));
            consider(w, arena_printf(a, "%s/lib/modules/%s/%s.debug", dir, w->release, file));
        }
        return;
    }
    consider(w, arena_printf(a, "%s/boot/vmlinux-%s", dir, w->release));
    consider(w, arena_printf(a, "%s/lib/modules/%s/vmlinux", dir, w->release));
    consider(w, arena_printf(a, "%s/vmlinux-%s", dir, w->release));
    consider(w, arena_printf(a, "%s/vmlinux", dir));
}

/* The folders of SYSTEMTAP_DEBUGINFO_PATH, in which a '+' or '-' in front says something about
 * checksums, or the usual one; then where kernels are built and installed. */
static void search_all(struct search *w)
{
    const char *env = getenv("SYSTEMTAP_DEBUGINFO_PATH");
    for (const char *p = env && *env ? env : "/usr/lib/debug"; *p && !w->found;) {
        size_t n = strcspn(p, ":"), sign = *p == '+' || *p == '-';
        if (p[sign] == '/')
            search_folder(w, arena_strndup(w->s->arena, p + sign, n - sign));
        p += n + (p[n] == ':');
    }
    if (!w->found)
        search_folder(w, "");
    if (!w->found && !w->module)
        consider(w, arena_printf(w->s->arena, "/lib/modules/%s/build/vmlinux", w->release));
}

/* Where a symbol of the kernel's file is: the kernel is asked only when the file has none, for to
 * make its list takes long. */
static uint64_t in_memory(const struct kernel_image *k, const char *name)
{
    uint64_t there;
    return dw_symbol(k->m, name, &there) ? there + k->slide : ksyms_address(name, NULL, NULL);
}

static void read_layout(struct session *s, struct kernel_image *k)
{
    uint64_t there, size = 0, at = 1;
    const void *data;
    size_t n = 0;
    if (k->name)
        return;
    if (dw_symbol(k->m, "_stext", &there))
        k->slide = ksyms_text_start() - there;
    k->init_start = in_memory(k, "__init_begin");
    k->init_end = in_memory(k, "__init_end");
    if (dw_section(k->m, ".data..percpu", &data, &n, &at) && at == 0)
        size = n;
    k->percpu_size = size;
    (void)s;
}

static const char *missing(struct search *w, const char **hint)
{
    struct arena *a = w->s->arena;
    *hint = arena_printf(a,
                         "the package is linux-image-%s-dbg on Debian, linux-image-%s-dbgsym on "
                         "Ubuntu, kernel-debuginfo on Fedora; functions by name, their parameters "
                         "and types need none",
                         w->release, w->release);
    const char *other = w->other ? arena_printf(a, ": %s belongs to another build", w->other) : "";
    if (w->module)
        return arena_printf(a, "the debug information of module '%s' (DWARF) is not installed%s",
                            w->module, other);
    return arena_printf(a, "the kernel's debug information (DWARF) is not installed%s", other);
}

struct kernel_image *kernel_image(struct session *s, const char *module, const char **why,
                                  const char **hint)
{
    struct utsname u;
    const char *key = module ? module : "";
    if (s->portable) {
        *hint = "without -p4 it can; functions by name, their parameters and types can anyway";
        *why = "a file of -p4 may be run on another kernel, so it cannot have what only this "
               "kernel's debug information tells";
        return NULL;
    }
    if (!s->kernel_images) {
        s->kernel_images = arena_new_obj(s->arena, struct hash);
        hash_init(s->kernel_images, s->arena);
    }
    struct kernel_image *k = hash_get(s->kernel_images, key);
    if (k && k->m)
        return k;
    uname(&u);
    struct search w = {
        .s = s, .module = module, .release = arena_printf(s->arena, "%s", u.release)};
    const char *notes =
        module ? arena_printf(s->arena, "/sys/module/%s/notes/.note.gnu.build-id", module)
               : KERNEL_NOTES;
    if (!k && build_id_read(notes, &w.id))
        search_all(&w);
    if (!k) {
        k = arena_new_obj(s->arena, struct kernel_image);
        k->name = module;
        k->m = w.found;
        hash_put(s->kernel_images, arena_printf(s->arena, "%s", key), k);
    }
    if (!k->m) {
        *why = missing(&w, hint);
        return NULL;
    }
    read_layout(s, k);
    return k;
}

/* ---- addresses ---- */

static uint64_t section_address(struct session *s, struct kernel_image *k, const char *name)
{
    vec_for (i, k->sections)
        if (strcmp(k->sections.v[i].name, name) == 0)
            return k->sections.v[i].addr;
    struct kernel_section sec = {.name = arena_printf(s->arena, "%s", name)};
    unsigned long long at;
    FILE *f = fopen(arena_printf(s->arena, "/sys/module/%s/sections/%s", k->name, name), "re");
    if (f && fscanf(f, "%llx", &at) == 1)
        sec.addr = at;
    if (f)
        fclose(f);
    vec_push(s->arena, &k->sections, sec);
    return sec.addr;
}

uint64_t kernel_image_address(struct session *s, struct kernel_image *k, uint64_t addr)
{
    const char *section;
    uint64_t offset;
    if (k->name) {
        if (!dw_section_at(k->m, addr, &section, &offset))
            return 0;
        uint64_t at = section_address(s, k, section);
        return at ? at + offset : 0;
    }
    if (kernel_image_percpu(k, addr))
        return addr;
    addr += k->slide;
    return addr >= k->init_start && addr < k->init_end ? 0 : addr;
}

bool kernel_image_percpu(const struct kernel_image *k, uint64_t addr)
{
    return addr < k->percpu_size;
}
