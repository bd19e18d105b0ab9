/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/multi.h"

#include <errno.h>
#include <sys/resource.h>

#include "sema/session.h"

/* Of one call that fails and has to be halved: the kernel may look through all its symbols
 * each time. */
enum { ATTEMPTS_MAX = 200, ENOTSUPP_OF_KERNEL = 524 };

bool multi_is_refusal(int err)
{
    return err == -EINVAL || err == -ENOENT || err == -ESRCH || err == -EADDRNOTAVAIL ||
           err == -EOPNOTSUPP || err == -ENOTSUPP_OF_KERNEL || err == -EILSEQ || err == -EBUSY;
}

void multi_refuse(const struct attach_points *p, size_t i, struct attach_outcome *o)
{
    o->refused++;
    o->example = p->places[i].name;
}

void multi_attach(struct multi *m, size_t from, size_t n)
{
    int fd = m->link(m, from, n);
    if (fd >= 0) {
        vec_push(m->s->arena, m->fds, fd);
        return;
    }
    m->last = fd;
    if (n == 1 || !multi_is_refusal(fd) || ++m->attempts > ATTEMPTS_MAX) {
        for (size_t i = from; i < from + n; i++)
            multi_refuse(m->p, m->order ? m->order[i] : i, m->outcome);
        return;
    }
    multi_attach(m, from, n / 2);
    multi_attach(m, from + n / 2, n - n / 2);
}

enum { ONE_BY_ONE_MAX = 10000 };

const char *multi_too_many(struct session *s, size_t n, const char *because)
{
    struct rlimit lim;
    if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
        return NULL;
    rlim_t want = 2 * n + 64;
    lim.rlim_cur = lim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &lim);
    /* Root may have more; one by one, more than this takes many minutes. */
    struct rlimit more = {want + lim.rlim_max, want + lim.rlim_max}; /* some are in use */
    if (n <= ONE_BY_ONE_MAX && want > lim.rlim_max && setrlimit(RLIMIT_NOFILE, &more) == 0)
        return NULL;
    if (lim.rlim_max == RLIM_INFINITY || want <= lim.rlim_max)
        return NULL;
    return arena_printf(s->arena,
                        "%zu functions are too many: this kernel attaches them one by one (it %s), "
                        "each takes two open files, and this process may have %llu (ulimit -n)",
                        n, because, (unsigned long long)lim.rlim_max);
}
