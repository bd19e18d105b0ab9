// SPDX-License-Identifier: GPL-2.0-or-later
/* The index of the kernel's types: it finds what a scan of all types finds, and a file that is
 * damaged, or that others can write to, is not used. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cache_file.h"
#include "debuginfo/btf.h"
#include "tests/check.h"

static char path[4096];

static struct kernel_btf *open_btf(struct arena *a)
{
    const char *why;
    return kernel_btf_open(a, &why);
}

/* The file that the first start has made; its size. */
static off_t find_file(void)
{
    char dir[3000];
    struct stat st;
    DIR *d = cache_dir(dir, sizeof dir) ? opendir(dir) : NULL;
    for (struct dirent *e; d && (e = readdir(d));)
        if (strlen(e->d_name) > 4 && strcmp(e->d_name + strlen(e->d_name) - 4, ".btf") == 0)
            snprintf(path, sizeof path, "%s/%.255s", dir, e->d_name);
    if (d)
        closedir(d);
    return *path && stat(path, &st) == 0 ? st.st_size : 0;
}

struct compare {
    struct kernel_btf *indexed;
    struct hash seen;
    uint32_t kind;
    size_t n, wrong;
};

/* Of several types with a name the first one is found. */
static void compare_one(const char *name, uint32_t id, void *arg)
{
    struct compare *c = arg;
    if (!*name || !hash_put(&c->seen, name, c))
        return;
    c->n++;
    c->wrong += kbtf_find(c->indexed, name, c->kind) != id;
}

static void compare(struct arena *a, struct kernel_btf *scanned, struct kernel_btf *indexed)
{
    size_t n = 0;
    for (uint32_t kind = BTF_KIND_INT; kind <= BTF_KIND_ENUM64; kind++) {
        struct compare c = {.indexed = indexed, .kind = kind};
        hash_init(&c.seen, a);
        kbtf_each(scanned, "", kind, compare_one, &c);
        CHECK(c.wrong == 0);
        n += c.n;
    }
    CHECK(n > 10000);
    CHECK(kbtf_find(indexed, "there_is_no_such", BTF_KIND_FUNC) == 0);
    kbtf_type(scanned, 1);
    CHECK(scanned->n == indexed->n);
    size_t wrong = 0;
    for (uint32_t id = 1; id < scanned->n; id++)
        wrong += scanned->offset[id] != indexed->offset[id];
    CHECK(wrong == 0);
}

int main(void)
{
    struct arena *a = arena_new();
    char home[] = "/tmp/test_btf_index.XXXXXX", dir[4096];
    if (access("/sys/kernel/btf/vmlinux", R_OK) != 0 || !mkdtemp(home)) {
        printf("skipped: this kernel has no BTF\n");
        return check_report();
    }
    setenv("XDG_CACHE_HOME", home, 1);
    struct kernel_btf *first = open_btf(a);
    CHECK(first && !first->index.slots);
    off_t size = find_file();
    CHECK(size > 100000);
    struct kernel_btf *second = open_btf(a);
    CHECK(second && second->index.slots);
    if (first && second && second->index.slots)
        compare(a, first, second);

    CHECK(chmod(path, 0666) == 0 && !open_btf(a)->index.slots);
    CHECK(open_btf(a)->index.slots); /* made anew */
    CHECK(truncate(path, size - 4) == 0 && !open_btf(a)->index.slots);
    CHECK(find_file() == size && open_btf(a)->index.slots);
    /* Of another kernel. */
    FILE *f = fopen(path, "r+");
    CHECK(f && fseek(f, 8, SEEK_SET) == 0 && fputc(1, f) == 1 && fputc(2, f) == 2 &&
          fclose(f) == 0);
    CHECK(!open_btf(a)->index.slots);

    /* Nowhere to keep it: all goes on without. */
    cache_dir(dir, sizeof dir);
    setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
    struct kernel_btf *none = open_btf(a);
    CHECK(none && !none->index.slots && kbtf_find(none, "task_struct", BTF_KIND_STRUCT));
    unlink(path);
    rmdir(dir);
    rmdir(home);
    CHECK(access(home, F_OK) != 0);
    arena_free(a);
    return check_report();
}
