/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said when a session ends: errors, skipped probes, lost output. */
#include "run/private.h"

static u64 skipped(const struct abi_session *h)
{
    return h->skipped_context + h->skipped_lock + h->skipped_nested;
}

void report_skipped(struct session *s, struct abi_session *h)
{
    if (s->suppress_handler_errors || skipped(h) <= (u64)s->maxskipped || h->state == STATE_ERROR)
        return;
    __atomic_store_n(&h->state, STATE_ERROR, __ATOMIC_RELEASE);
    diag_error(&s->diag, "Skipped too many probes, check MAXSKIPPED or try again with stap -t for "
                         "more details.");
}

static void count(struct session *s, u64 n, const char *what)
{
    if (n)
        diag_warning(&s->diag, NULL, "%s: %llu", what, (unsigned long long)n);
}

bool report_end(struct session *s, const struct abi_session *h, const struct sink *k)
{
    if (h->lost_records)
        diag_warning(&s->diag, NULL,
                     "%llu output records (%llu bytes) are lost: handlers printed faster than "
                     "they could be read",
                     (unsigned long long)h->lost_records, (unsigned long long)h->lost_bytes);
    if (h->errors || skipped(h))
        diag_warning(&s->diag, NULL, "Number of errors: %llu, skipped probes: %llu",
                     (unsigned long long)h->errors, (unsigned long long)skipped(h));
    count(s, h->skipped_context, "Skipped due to no free context");
    count(s, h->skipped_lock, "Skipped due to a lock that was not free");
    count(s, h->skipped_nested, "Skipped due to reentrancy");
    count(s, h->truncated, "Values cut at an internal limit");
    count(s, h->internal, "Internal checks that failed (please report)");
    count(s, k->malformed, "Malformed output records (please report)");
    return h->errors > 0 && !s->suppress_handler_errors;
}
