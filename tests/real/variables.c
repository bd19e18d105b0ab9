/* Variables in every kind of place that compilers have for them. */
struct pair {
    int a;
    long b;
};
struct small {
    short s;
    char c;
};
struct large {
    long v[5];
};
struct bits {
    unsigned one : 1;
    unsigned mid : 7;
    int neg : 5;
    unsigned long wide : 37;
    unsigned char tail : 3;
};
static __thread int of_thread = 7;
__thread long of_all_threads = 99;
static struct bits bits = {1, 100, -3, 0x123456789ul, 5};
volatile int sink;
#define APART __attribute__((noinline))
APART long by_value(struct pair p, struct small s)
{
    sink += p.a;
    return p.a + p.b + s.s + s.c;
}
APART int with_thread(int n)
{
    of_thread += n;
    of_all_threads += n;
    sink++;
    return of_thread;
}
APART int use(const int *p)
{
    sink += *p;
    return *p;
}
APART int bitty(struct bits *b)
{
    sink++;
    return b->neg;
}
APART struct pair pair_of(int n)
{
    sink++;
    struct pair p = {n, n + 1};
    return p;
}
APART struct large large_of(int n)
{
    sink++;
    struct large l = {{n, n + 1, n + 2, n + 3, n + 4}};
    return l;
}
static inline __attribute__((always_inline)) int both(const int *p, const struct pair *q)
{
    sink++;
    int r = *p + q->a;
    sink += r;
    return r;
}
APART int implicit(int x)
{
    int local = x * 3;
    struct pair pr = {x + 1, 77};
    int r = both(&local, &pr);
    sink += r;
    return r;
}
APART int many(int n)
{
    int v[4] = {n, n + 1, n + 2, n + 3};
    long m[2][3] = {{1, 2, 3}, {4, 5, n}};
    sink += use(&v[2]) + m[1][2];
    return v[3] + (int)m[0][0];
}
int main(int argc, char **argv)
{
    struct pair p = {3, 4};
    struct small s = {5, 'x'};
    by_value(p, s);
    with_thread(2);
    with_thread(3);
    bitty(&bits);
    implicit(argc + 4);
    many(argc);
    sink += pair_of(6).a + large_of(10).v[3];
    return argv == 0;
}
