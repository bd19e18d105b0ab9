/* SPDX-License-Identifier: GPL-2.0-or-later */
/* builds.sh: values of all kinds of types. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>
typedef struct node node_t;
typedef node_t *nodep;
typedef nodep nodepp;
enum color { RED, GREEN = 5, BLUE = -3 };
enum { ANON_A = 7 };
typedef enum { T1 = 1, T2 } tenum;
struct node {
    int v;
    struct node *next;
    union {
        int ui;
        char uc[4];
    };
    struct {
        short sa, sb;
    };
    enum color col;
    tenum te;
    unsigned bf1 : 3, bf2 : 5;
    signed sbf : 4;
    uint64_t big : 40;
    bool flag : 1;
    int (*fn)(int);
    int arr[2][3];
    const volatile char *cv;
    wchar_t wc;
    wchar_t ws[4];
    char16_t c16;
    char32_t c32;
    _Atomic int at;
    _Bool b;
    unsigned char uc1;
    signed char sc;
    char fname[];
};
struct flex {
    int n;
    int data[];
};
typedef int (*fnptr)(const char *, struct node *);
typedef int arr5[5];
int callme(int x)
{
    return x + 1;
}
__attribute__((used)) static int stat_var = 42;
__attribute__((used)) static const char *const names[] = {"zero", "one", "two"};
struct node *head;
int glob2d[2][3] = {{1, 2, 3}, {4, 5, 6}};
__attribute__((noinline)) int f1(node_t *n, nodepp p2, enum color c, tenum t, fnptr fp, arr5 *ap,
                                 void *vp, const volatile int *restrict cvr, struct flex *fx,
                                 unsigned __int128 *big)
{
    asm volatile("" ::: "memory");
    return n->v + p2->v + c + t + fx->n;
}
__attribute__((noinline)) int f2(int n, int vla[n], char c, unsigned char uc, short s,
                                 unsigned short us, long l, unsigned long ul, bool b, int8_t i8)
{
    int loc[n];
    for (int i = 0; i < n; i++)
        loc[i] = vla[i];
    asm volatile("" ::"r"(loc) : "memory");
    return loc[n - 1] + c;
}
__attribute__((noinline)) wchar_t f3(wchar_t w, wchar_t *ws, char16_t c16, char **argv,
                                     char (*ap)[4])
{
    asm volatile("" ::: "memory");
    return w;
}
int main(int argc, char **argv)
{
    char buf[sizeof(struct node) + 8];
    struct node *n = (void *)buf;
    memset(buf, 0, sizeof buf);
    n->v = 1;
    n->ui = 0x41424344;
    n->sa = -5;
    n->sb = 6;
    n->col = BLUE;
    n->te = T2;
    n->bf1 = 5;
    n->bf2 = 17;
    n->sbf = -3;
    n->big = 0x123456789aULL;
    n->flag = 1;
    n->fn = callme;
    n->arr[1][2] = 77;
    n->cv = "cvstr";
    n->wc = L'w';
    wmemcpy(n->ws, L"abc", 4);
    n->c16 = u'x';
    n->c32 = U'y';
    n->at = 9;
    n->b = 1;
    n->uc1 = 200;
    n->sc = -100;
    strcpy(n->fname, "flexy");
    n->next = n;
    struct {
        struct flex f;
        int d[3];
    } fx = {{3}, {10, 20, 30}};
    unsigned __int128 big = ((unsigned __int128)1 << 100);
    arr5 a5 = {1, 2, 3, 4, 5};
    int vla[3] = {7, 8, 9};
    head = n;
    char four[4] = "abc";
    return (f1(n, n, GREEN, T1, 0, &a5, n, &n->v, &fx.f, &big) +
            f2(3, vla, 'c', 200, -1, 65535, -2, -1UL, true, -8) +
            f3(L'z', n->ws, u'q', argv, &four)) == 0;
}
