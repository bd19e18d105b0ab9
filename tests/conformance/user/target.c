/* The program that the user-space probes of this folder watch.  cc -g -O2 (or -O0) target.c -o
 * target */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sdt.h>

enum color { RED, GREEN = 5, BLUE };
struct point {
    int x, y;
};
union number {
    long whole;
    char bytes[8];
};
struct node {
    struct node *next;
    char name[16];
    struct point at;
    unsigned flags : 3;
    unsigned mode : 5;
    int delta : 6;
    enum color tint;
    union number n;
    const char *label;
    int scores[4];
    struct point corners[2];
    unsigned char small;
    short negative;
};

int counter = 40;
static long hidden = -7;
struct node *head;
static const char *const words[] = {"alpha", "beta", "gamma"};

static inline __attribute__((always_inline)) int twice(int v)
{
    int r = v * 2;
    return r + counter;
}

__attribute__((noinline)) int leaf(int a, long b, const char *text)
{
    counter++;
    hidden -= a;
    return a + (int)b + (int)strlen(text);
}

__attribute__((noinline)) struct node *make_node(const char *name, int x, int y)
{
    struct node *n = calloc(1, sizeof *n);
    strncpy(n->name, name, sizeof n->name - 1);
    n->at.x = x;
    n->at.y = y;
    n->flags = 5;
    n->mode = 17;
    n->delta = -3;
    n->tint = GREEN;
    n->n.whole = 0x4142;
    n->label = words[x % 3];
    for (int i = 0; i < 4; i++)
        n->scores[i] = i * x;
    n->corners[1].y = y + 1;
    n->small = 200;
    n->negative = -2;
    n->next = head;
    head = n;
    return n;
}

__attribute__((noinline)) int walk(struct node *n, int depth)
{
    if (!n)
        return depth;
    DTRACE_PROBE3(target, visit, n->name, depth, &n->at);
    return walk(n->next, depth + 1);
}

__attribute__((noinline)) int many(int a, int b, int c, int d, int e, int f, int g, int h)
{
    int sum = a + b + c + d + e + f + g + h;
    if (sum > 100)
        goto big;
    return sum;
big:
    return -sum;
}

__attribute__((noinline)) void loop(int n)
{
    int i, total = 0;
    for (i = 0; i < n; i++)
        total += leaf(i, 10L * i, words[i % 3]);
    printf("total %d\n", total);
}

int main(int argc, char **argv)
{
    DTRACE_PROBE(target, started);
    make_node("first", 3, 4);
    make_node("second", 7, 9);
    loop(3);
    printf("depth %d\n", walk(head, 0));
    printf("many %d %d\n", many(1, 2, 3, 4, 5, 6, 7, 8), many(11, 12, 13, 14, 15, 16, 17, 18));
    printf("twice %d\n", twice(argc + 1));
    DTRACE_PROBE1(target, finished, counter);
    return 0;
}
