/* A program that answers requests, as servers do. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
struct conf {
    char name[32];
    struct {
        int n;
        const char *s;
    } opt[4];
};
struct req {
    struct conf *conf;
    const char *uri;
    int status;
    struct req *parent;
    unsigned keep : 1, chunked : 1;
};
struct conf master = {"master", {{3, "three"}, {4, "four"}}};
static unsigned long served;
static __thread volatile int mine = 31;
#define APART __attribute__((noinline))
APART int look(const char *path, struct stat *at)
{
    served++;
    return at->st_size > (long)strlen(path);
}
APART int parse(struct req *r)
{
    char buf[200];
    snprintf(buf, sizeof buf, "%s %d", r->uri, r->status);
    return (int)strlen(buf);
}
APART int send_it(struct req *r)
{
    struct stat st;
    int k = mine;
    for (int i = 0; i < 20; i++)
        k += stat("/etc/passwd", &st);
    return k + parse(r) + look("/etc/passwd", &st);
}
APART int handle(struct req *r, int depth)
{
    return depth ? handle(r, depth - 1) + 1 : send_it(r);
}
int main(void)
{
    struct req up = {&master, "/", 200, 0, 1, 0};
    for (long i = 0;; i++) {
        struct req r = {&master, i & 1 ? "/index.html" : "/a", 200 + (int)(i % 4), &up, 1, i & 1};
        handle(&r, 70);
    }
}
