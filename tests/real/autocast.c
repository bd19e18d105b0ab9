/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For autocast.sh: structures that point to each other. */
#include <stdlib.h>

struct rec {
    int status;
    struct rec *parent;
    char name[16];
    long vals[4];
    struct {
        int a;
    } in;
};
struct other {
    long x;
    int status;
};
#define APART __attribute__((noinline))

APART int f(struct rec *r, struct other *o)
{
    __asm__ volatile("" ::: "memory");
    return r->status + o->status;
}

APART struct rec *parent_of(int i, struct rec *r)
{
    __asm__ volatile("" ::"r"(i) : "memory");
    return r->parent;
}

int main(void)
{
    static struct rec p = {5, NULL, "par", {1, 2, 3, 4}, {77}},
                      r = {1, &p, "kid", {5, 6, 7, 8}, {88}};
    static struct other o = {9, 10};
    if (f(&r, &o) < 0)
        return 1;
    return parent_of(3, &r)->status != 5;
}
