/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collecting and sorting the keys of an array for foreach, and reading
 * statistics over all CPUs.
 *
 * These are static functions: they take maps and pointers, and the verifier
 * follows them at each call.  What varies between calls comes from struct
 * abi_foreach in read-only data, whose contents the verifier knows; what
 * changes from round to round lives in the iteration buffer, whose contents it
 * does not know, so that one round stands for all. */
#include "rt.h"

enum { STAT_WORDS = sizeof(struct abi_stat) / 8 };

/* ---- statistics over CPUs ---- */

struct stat_walk {
    void *map;
    const void *key;
    struct abi_stat *dst;
    u64 words;
    const u64 *from;
};

/* Towards zero, as C does; eBPF has no signed division before Linux 6.6. */
static inline s64 divide(s64 a, u64 b)
{
    u64 q = (a < 0 ? -(u64)a : (u64)a) / b;
    return a < 0 ? -q : q;
}

static inline void merge_stat(struct abi_stat *to, const struct abi_stat *from)
{
    /* Minimum and maximum are stored flipped: zero is empty. */
    const s64 flip_min = 0x7fffffffffffffffLL, flip_max = ~flip_min;
    if ((from->min ^ flip_min) < (to->min ^ flip_min))
        to->min = from->min;
    if ((from->max ^ flip_max) > (to->max ^ flip_max))
        to->max = from->max;
    to->count += from->count;
    to->sum += from->sum;
    if (!from->mean && !from->squares)
        return;
    u64 n = from->count, mean = (u64)from->mean;
    to->mean += (s64)(n * mean);
    to->mean_squares += (s64)(n * mean * mean);
    if (n > 1)
        to->squares += (s64)((n - 1) * (u64)divide(from->squares, n - 1));
}

static long add_bucket(u32 i, struct stat_walk *w)
{
    u64 at = STAT_WORDS + (u64)i;
    if (at >= w->words)
        return 1;
    ((u64 *)w->dst)[at] += w->from[at];
    return 0;
}

static long add_cpu(u32 cpu, struct stat_walk *w)
{
    const struct abi_stat *from = bpf_map_lookup_percpu_elem(w->map, w->key, cpu);
    if (!from)
        return 0;
    merge_stat(w->dst, from);
    if (w->words > STAT_WORDS) {
        w->from = (const u64 *)from;
        bpf_loop((u32)(w->words - STAT_WORDS), add_bucket, w, 0);
    }
    return 0;
}

/* Adds up all CPUs' values of `key` into dst, `words` longs, cleared by the caller. */
STATIC u64 rt_stat_read(void *map, const void *key, struct abi_stat *dst, u64 words)
{
    struct stat_walk w = {.map = map, .key = key, .dst = dst, .words = words};
    bpf_loop(consts.ncpus, add_cpu, &w, 0);
    return 0;
}

/* ---- collecting ---- */

struct collect {
    void *map;
    struct abi_iter *it;
    const struct abi_foreach *d;
};

static inline s64 stat_by(const struct abi_stat *s, u32 sort)
{
    switch (sort) {
    case ABI_SORT_SUM:
        return s->sum;
    case ABI_SORT_MIN:
        return s->min ^ 0x7fffffffffffffffLL;
    case ABI_SORT_MAX:
        return s->max ^ (s64)0x8000000000000000ULL;
    case ABI_SORT_AVG: {
        u64 n = s->count ? s->count : 1;
        return s->sum < 0 ? -(s64)(-(u64)s->sum / n) : (s64)((u64)s->sum / n);
    }
    default:
        return (s64)s->count;
    }
}

struct seq_walk {
    void *map;
    const void *key;
    u64 off;
    u64 seq;
};

static long find_seq(u32 cpu, struct seq_walk *w)
{
    const char *v = bpf_map_lookup_percpu_elem(w->map, w->key, cpu);
    if (!v)
        return 0;
    u64 seq = *(const u64 *)(v + w->off);
    if (seq)
        w->seq = seq;
    return 0;
}

/* Equal statistics come in the order of a hash, as in the original, which seeds its own anew for
 * each session; here (splitmix64 of each word) it is the same every time. */
static inline u64 key_hash(const u64 *key, u32 words)
{
    u64 h = 0;
    for (u32 i = 0; i < words; i++) {
        h = (h ^ key[i]) + 0x9e3779b97f4a7c15;
        h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
        h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
        h ^= h >> 31;
    }
    return h;
}

static long collect_one(void *map, const void *key, char *value, struct collect *c)
{
    const struct abi_foreach *d = c->d;
    struct abi_iter *it = c->it;
    u64 n = it->n;
    (void)map;
    OPAQUE(n);
    if (n >= d->max)
        return 1;
    struct abi_iter_entry *e = (struct abi_iter_entry *)(it + 1) + n;
    char *keys = (char *)it + d->keys_off;
    char *own = keys + n * d->key_size;
    char *value_copy = keys + (u64)d->max * d->key_size + n * (d->by_words * 8);
    OPAQUE(e);
    OPAQUE(own);
    OPAQUE(value_copy);
    bpf_probe_read_kernel(own, d->key_size, key);
    e->index = n;
    e->by = 0;
    e->seq = n;
    if (d->percpu) {
        if (d->sort >= ABI_SORT_COUNT) {
            struct abi_stat s = {0};
            struct stat_walk w = {.map = c->map, .key = key, .dst = &s, .words = STAT_WORDS};
            bpf_loop(consts.ncpus, add_cpu, &w, 0);
            e->by = stat_by(&s, d->sort);
            e->seq = key_hash(key, d->key_size / 8);
        } else if (d->has_seq) {
            struct seq_walk w = {.map = c->map, .key = key, .off = d->seq_off};
            bpf_loop(consts.ncpus, find_seq, &w, 0);
            e->seq = w.seq;
        }
    } else if (d->has_seq) {
        e->seq = *(u64 *)(value + d->seq_off);
    }
    switch (d->sort) {
    case ABI_SORT_NONE:
        e->by = (s64)e->seq;
        break;
    case ABI_SORT_KEY_LONG:
        e->by = *(const s64 *)((const char *)key + d->by_off);
        break;
    case ABI_SORT_VALUE_LONG:
        e->by = *(s64 *)value;
        break;
    case ABI_SORT_VALUE_STRING:
        bpf_probe_read_kernel(value_copy, d->by_words * 8, value);
        break;
    }
    it->n = n + 1;
    return 0;
}

/* ---- sorting: merge sort from the bottom up, stable ---- */

/* Strings by words, most significant byte first: < 0, 0, > 0. */
static inline int compare_words(const char *a, const char *b, u32 words)
{
    for (u32 i = 0; i < words; i++) {
        u64 x = __builtin_bswap64(*(const u64 *)(a + i * 8));
        u64 y = __builtin_bswap64(*(const u64 *)(b + i * 8));
        if (x != y)
            return x < y ? -1 : 1;
        if (!(x & 0xff)) /* the NUL */
            return 0;
    }
    return 0;
}

/* Entry `i` of both runs, or NULL. */
INLINE struct abi_iter_entry *entry(struct abi_iter *it, const struct abi_foreach *d, u64 i)
{
    OPAQUE(i);
    if (i >= 2 * (u64)d->max)
        return NULL;
    struct abi_iter_entry *e = (struct abi_iter_entry *)(it + 1) + i;
    OPAQUE(e);
    return e;
}

/* Does entry b belong before entry a?  (a comes first when they are equal) */
static inline int before(struct abi_iter *it, const struct abi_foreach *d,
                         const struct abi_iter_entry *a, const struct abi_iter_entry *b)
{
    int order = 0;
    if (d->sort == ABI_SORT_KEY_STRING || d->sort == ABI_SORT_VALUE_STRING) {
        const char *at = (const char *)it + d->keys_off;
        u64 step = d->key_size;
        if (d->sort == ABI_SORT_VALUE_STRING) {
            at += (u64)d->max * d->key_size;
            step = d->by_words * 8;
        } else {
            at += d->by_off;
        }
        u64 i = a->index;
        OPAQUE(i);
        if (i >= d->max)
            return 0;
        const char *left = at + i * step;
        OPAQUE(left);
        i = b->index;
        OPAQUE(i);
        if (i >= d->max)
            return 0;
        const char *right = at + i * step;
        OPAQUE(right);
        order = compare_words(left, right, d->by_words);
    } else if (a->by != b->by) {
        order = a->by < b->by ? -1 : 1;
    }
    if (d->descending)
        order = -order;
    if (order)
        return order > 0;
    return a->seq > b->seq;
}

static inline u64 least(u64 a, u64 b)
{
    return a < b ? a : b;
}

/* One entry moved, or one pair of runs begun. */
static long merge_step(u32 round, struct collect *c)
{
    (void)round;
    struct abi_iter *it = c->it;
    const struct abi_foreach *d = c->d;
    u64 n = it->n, max = d->max;
    if (n > max)
        return 1;
    if (it->k >= it->hi) {
        u64 lo = it->hi;
        if (lo >= n) {
            it->width *= 2;
            it->from = !it->from;
            if (it->width >= n)
                return 1;
            lo = 0;
        }
        it->i = it->k = lo;
        it->j = it->mid = least(lo + it->width, n);
        it->hi = least(lo + 2 * it->width, n);
        return 0;
    }
    u64 i = it->i, j = it->j, k = it->k;
    u64 src = it->from ? max : 0, dst = it->from ? 0 : max;
    int take_right;
    if (i >= it->mid) {
        take_right = 1;
    } else if (j >= it->hi) {
        take_right = 0;
    } else {
        const struct abi_iter_entry *a = entry(it, d, src + i);
        if (!a)
            return 1;
        const struct abi_iter_entry *b = entry(it, d, src + j);
        if (!b)
            return 1;
        take_right = before(it, d, a, b);
    }
    const struct abi_iter_entry *from = entry(it, d, src + (take_right ? j : i));
    if (!from)
        return 1;
    struct abi_iter_entry *to = entry(it, d, dst + k);
    if (!to)
        return 1;
    *to = *from;
    if (take_right)
        it->j = j + 1;
    else
        it->i = i + 1;
    it->k = k + 1;
    return 0;
}

/* Brings the entries from it->first on into order; it->first is where they stand then. */
INLINE void merge_sort(struct collect *c)
{
    struct abi_iter *it = c->it;
    it->from = it->first != 0;
    it->width = 1;
    it->lo = it->i = it->k = 0;
    it->j = it->mid = 1;
    it->hi = 2;
    /* log2(n) passes of n moves and at most n / 2 starts each. */
    bpf_loop(1 << 20, merge_step, c, 0);
    it->first = it->from ? c->d->max : 0;
}

/* Fills the iteration buffer with the keys of `map` in order; how many. */
STATIC u64 rt_foreach(void *map, struct abi_iter *it, const struct abi_foreach *d)
{
    struct collect c = {.map = map, .it = it, .d = d};
    it->n = 0;
    it->first = 0;
    bpf_for_each_map_elem(map, collect_one, &c, 0);
    u64 n = it->n;
    if (n < 2 || (d->sort == ABI_SORT_NONE && !d->has_seq))
        return n;
    merge_sort(&c);
    return n;
}

/* ---- the order that a sorted loop leaves behind ----
 * The original sorts its list of elements in place.  With a limit of up to 30 it brings only
 * the first ones to the front: behind them stand those that were among the first for a while,
 * sorted too, then the others as they stood before. */

struct renumber {
    void *map;
    struct abi_iter *it;
    const struct abi_foreach *d;
    u64 top; /* 0: all are sorted */
};

/* Was this element among the first, when all before it in the old order had been looked at? */
static inline int was_top(struct abi_iter *it, u64 seq, u64 top)
{
    u64 m = it->nleast, x = seq, last = 0;
    if (m >= top) {
        u64 at = top - 1;
        OPAQUE(at);
        last = at < ITER_TOP_MAX ? it->least[at] : 0;
        if (seq > last)
            return 0;
    }
    for (u32 j = 0; j < ITER_TOP_MAX; j++) {
        if (j >= m)
            break;
        u64 have = it->least[j];
        if (x < have) {
            it->least[j] = x;
            x = have;
        }
    }
    OPAQUE(m);
    if (m < top && m < ITER_TOP_MAX) {
        it->least[m] = x;
        it->nleast = m + 1;
    }
    return 1;
}

/* The value of the i-th element; NULL: it is gone. */
static inline char *element(const struct renumber *w, u32 i, u64 *seq)
{
    struct abi_iter *it = w->it;
    const struct abi_foreach *d = w->d;
    const struct abi_iter_entry *e = entry(it, d, it->first + i);
    if (!e)
        return 0;
    u64 index = e->index;
    *seq = e->seq;
    OPAQUE(index);
    if (index >= d->max)
        return 0;
    const char *key = (const char *)it + d->keys_off + index * d->key_size;
    OPAQUE(key);
    return bpf_map_lookup_elem(w->map, key);
}

static long renumber_one(u32 i, struct renumber *w)
{
    u64 seq;
    char *value = element(w, i, &seq);
    if (value)
        *(u64 *)(value + w->d->seq_off) = w->it->k++;
    return 0;
}

static long renumber_one_of_top(u32 i, struct renumber *w)
{
    u64 seq;
    char *value = element(w, i, &seq);
    if (value)
        *(u64 *)(value + w->d->seq_off) =
            w->top && !was_top(w->it, seq, w->top) ? seq + w->it->n : w->it->k++;
    return 0;
}

/* Numbers the elements in the order that the loop begins with. */
STATIC u64 rt_renumber(void *map, struct abi_iter *it, const struct abi_foreach *d)
{
    struct renumber w = {.map = map, .it = it, .d = d};
    u64 n = it->n;
    it->k = 0;
    if (n >= 2 && n <= d->max)
        bpf_loop((u32)n, renumber_one, &w, 0);
    return 0;
}

/* The same for a loop with a limit, which takes the verifier several times as long; next: the
 * number for a new element. */
STATIC u64 rt_renumber_top(void *map, struct abi_iter *it, const struct abi_foreach *d, u64 *next)
{
    s64 limit = it->limit;
    u64 top = limit < 0 ? 1 : limit > ITER_TOP_MAX ? 0 : (u64)limit;
    struct renumber w = {.map = map, .it = it, .d = d, .top = top};
    u64 n = it->n;
    it->k = it->nleast = 0;
    if (n < 2 || n > d->max)
        return 0;
    bpf_loop((u32)n, renumber_one_of_top, &w, 0);
    if (top)
        __sync_fetch_and_add(next, n);
    return 0;
}

static long renew_one(u32 i, struct renumber *w)
{
    u64 seq;
    const char *value = element(w, i, &seq);
    struct abi_iter_entry *e = entry(w->it, w->d, w->it->first + i);
    if (!value || !e)
        return 0;
    e->seq = *(const u64 *)(value + w->d->seq_off);
    e->by = (s64)e->seq;
    return 0;
}

static long find_index(u32 i, struct renumber *w)
{
    const struct abi_iter_entry *e = entry(w->it, w->d, w->it->first + i);
    if (!e || e->index != w->top)
        return 0;
    w->it->k = i;
    return 1;
}

/* Another loop has changed the order of the elements while one over this buffer is under way:
 * brings them into that order.  Where the element is now whose key is the index-th. */
STATIC u64 rt_reorder(void *map, struct abi_iter *it, const struct abi_foreach *d, u64 index)
{
    struct renumber w = {.map = map, .it = it, .d = d, .top = index};
    struct collect c = {.map = map, .it = it, .d = d};
    u64 n = it->n;
    if (n < 2 || n > d->max)
        return 0;
    bpf_loop((u32)n, renew_one, &w, 0);
    merge_sort(&c);
    it->k = 0;
    bpf_loop((u32)n, find_index, &w, 0);
    return it->k;
}

/* ---- whole arrays ---- */

static long delete_one(void *map, const void *key, void *value, void *ctx)
{
    (void)value;
    (void)ctx;
    bpf_map_delete_elem(map, key);
    return 0;
}

/* Deletes every element. */
STATIC u64 rt_clear(void *map)
{
    u64 none = 0;
    bpf_for_each_map_elem(map, delete_one, &none, 0);
    return 0;
}

/* ---- wrapping arrays ---- */

struct oldest {
    char *key; /* of the oldest element so far */
    u64 seq_off, key_size;
};

/* The smallest number so far is in front of the key, in memory whose contents the
 * verifier does not know. */
static long find_oldest(void *map, const void *key, char *value, struct oldest *o)
{
    u64 seq = *(u64 *)(value + o->seq_off);
    (void)map;
    if (seq >= *(u64 *)o->key)
        return 0;
    *(u64 *)o->key = seq;
    bpf_probe_read_kernel(o->key + 8, (u32)o->key_size, key);
    return 0;
}

/* Deletes the element with the smallest insertion number; `room` holds a number and a key. */
STATIC u64 rt_evict_oldest(void *map, char *room, u64 seq_off, u64 key_size)
{
    struct oldest o = {.key = room, .seq_off = seq_off, .key_size = key_size};
    *(u64 *)room = ~0ull;
    bpf_for_each_map_elem(map, find_oldest, &o, 0);
    if (*(u64 *)room != ~0ull)
        bpf_map_delete_elem(map, room + 8);
    return 0;
}

/* The same for statistics: the CPU that inserted the element has its number. */
struct oldest_stat {
    char *key;
    void *map;
    u64 seq_off, key_size;
};

static long find_oldest_stat(void *map, const void *key, char *value, struct oldest_stat *o)
{
    struct seq_walk w = {.map = o->map, .key = key, .off = o->seq_off};
    (void)map;
    (void)value;
    bpf_loop(consts.ncpus, find_seq, &w, 0);
    if (w.seq >= *(u64 *)o->key)
        return 0;
    *(u64 *)o->key = w.seq;
    bpf_probe_read_kernel(o->key + 8, (u32)o->key_size, key);
    return 0;
}

STATIC u64 rt_evict_oldest_stat(void *map, char *room, u64 seq_off, u64 key_size)
{
    struct oldest_stat o = {.key = room, .map = map, .seq_off = seq_off, .key_size = key_size};
    *(u64 *)room = ~0ull;
    bpf_for_each_map_elem(map, find_oldest_stat, &o, 0);
    if (*(u64 *)room != ~0ull)
        bpf_map_delete_elem(map, room + 8);
    return 0;
}

/* ---- statistics ---- */

/* @variance is what the original makes of it, to the last digit: Welford's algorithm in
 * integers on each CPU, then the total variance of the CPUs' groups.  The count is that with v. */
STATIC u64 rt_stat_deviation(struct abi_stat *s, s64 v, u64 shift)
{
    u64 n = s->count, x = (u64)v << (shift & 63), mean = (u64)s->mean;
    if (n < 2) {
        s->mean = (s64)x;
        s->squares = 0;
        return 0;
    }
    u64 delta = x - mean;
    mean += (u64)divide((s64)delta, n);
    s->mean = (s64)mean;
    s->squares += (s64)(delta * (x - mean));
    return 0;
}

/* Of what merge_stat() has put together. */
STATIC u64 rt_stat_variance(struct abi_stat *s, u64 shift)
{
    u64 n = s->count;
    if (n < 2)
        return 0;
    u64 mean = (u64)divide((s64)((u64)s->sum << (shift & 63)), n);
    u64 between = (u64)s->mean_squares - 2 * mean * (u64)s->mean + n * mean * mean;
    return (u64)(divide((s64)(between + (u64)s->squares), n - 1) >> (2 * shift & 63));
}

struct clear_walk {
    void *map;
    const void *key;
    u64 words;
    u64 *value;
};

static long clear_word(u32 i, struct clear_walk *w)
{
    u64 at = i;
    if (at >= w->words)
        return 1;
    w->value[at] = 0;
    return 0;
}

static long clear_cpu(u32 cpu, struct clear_walk *w)
{
    w->value = bpf_map_lookup_percpu_elem(w->map, w->key, cpu);
    if (w->value)
        bpf_loop((u32)w->words, clear_word, w, 0);
    return 0;
}

/* Empties a scalar statistic. */
STATIC u64 rt_stat_clear(void *map, const void *key, u64 words)
{
    struct clear_walk w = {.map = map, .key = key, .words = words};
    bpf_loop(consts.ncpus, clear_cpu, &w, 0);
    return 0;
}
