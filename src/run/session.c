/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a session: begin probes, attached probes, end probes. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "probes/arch.h"
#include "run/private.h"

/* How long output may lie in the ring buffer when no handler woke us: nearly
 * full, some output, none. */
enum { DRAIN_SOON_MS = 1, DRAIN_MS = 20, DRAIN_IDLE_MS = 500 };
enum { RECORD_MB = 16 }; /* kept by a recorder without -s */
enum { SEC_MS = 1000, NS_PER_MS = 1000000 };

struct run {
    struct session *s;
    const struct bpf_image *img;
    struct bpf_running *bpf;
    struct abi_session *head;
    struct output out;
    struct ring ring;
    u64 ring_size;
    struct sink sink;
    struct timers timers;
    struct child child;
    struct overload overload;
    struct procfs *procfs; /* NULL: no such probes */
    struct input input;
    int epoll;
    u64 deadline; /* -T; 0 = none */
    u64 clock_due;
    struct recorder recorder; /* -F without -o */
    int ready;                /* of the recorder's start; -1: none */
    bool failed;
};

/* ---- signals ---- */

static volatile sig_atomic_t interrupts, switches;
static int interrupt_fd = -1;

static void on_signal(int sig)
{
    (void)sig;
    int saved = errno;
    u64 one = 1;
    interrupts = interrupts + 1;
    if (write(interrupt_fd, &one, sizeof one) < 0)
        errno = saved;
    errno = saved;
}

/* Goes on with the next output file. */
static void on_switch(int sig)
{
    (void)sig;
    int saved = errno;
    u64 one = 1;
    switches = 1;
    if (write(interrupt_fd, &one, sizeof one) < 0)
        errno = saved;
    errno = saved;
}

/* Without SA_RESTART: a write that blocks comes back and can give up. */
static bool catch_signals(bool in_background)
{
    struct sigaction sa = {.sa_handler = on_signal};
    interrupts = 0;
    interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (interrupt_fd < 0)
        return false;
    const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction old;
        /* nohup stays in force. */
        if (ending[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue;
        sigaction(ending[i], &sa, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    struct sigaction other = {.sa_handler = on_switch, .sa_flags = SA_RESTART};
    sigaction(SIGUSR2, &other, NULL);
    /* In the background there is no terminal that could be gone. */
    if (in_background)
        sigaction(SIGHUP, &other, NULL);
    return true;
}

/* ---- the session header ---- */

static s64 clock_difference(void)
{
    struct timespec real, boot;
    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return (s64)(real.tv_sec - boot.tv_sec) * 1000000000 + (real.tv_nsec - boot.tv_nsec);
}

/* The kernel counts load averages in 2048ths. */
enum { LOAD_SHIFT = 11 };

static void refresh_clock(struct run *r)
{
    u64 now = monotonic_ns();
    if (now < r->clock_due)
        return;
    r->clock_due = now + (u64)SEC_MS * NS_PER_MS;
    r->head->boot_to_real_ns = (u64)clock_difference();
    struct sysinfo info;
    for (int i = 0; i < 3 && sysinfo(&info) == 0; i++)
        r->head->loads[i] = info.loads[i] >> (SI_LOAD_SHIFT - LOAD_SHIFT);
}

static void fill_header(struct run *r)
{
    struct abi_session *h = r->head;
    const struct session *s = r->s;
    h->maxerrors = s->suppress_handler_errors ? UINT32_MAX : (u32)s->maxerrors;
    h->target = s->target_pid;
    h->uid = getuid();
    refresh_clock(r);
    time_t now = time(NULL);
    struct tm tm;
    if (localtime_r(&now, &tm)) {
        h->tz_offset = tm.tm_gmtoff;
        if (tm.tm_zone)
            strncpy(h->tz_name, tm.tm_zone, sizeof h->tz_name - 1);
    }
    u64 seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = monotonic_ns();
    h->rand_state = seed | 1;
}

static u32 state_of(const struct run *r)
{
    return __atomic_load_n(&r->head->state, __ATOMIC_ACQUIRE);
}

/* A handler may have set STOPPING or ERROR meanwhile: that stands. */
static void change_state(struct run *r, u32 from, u32 to)
{
    __atomic_compare_exchange_n(&r->head->state, &from, to, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_ACQUIRE);
}

static void stop(struct run *r)
{
    change_state(r, STATE_STARTING, STATE_STOPPING);
    change_state(r, STATE_RUNNING, STATE_STOPPING);
}

static bool stopped(const struct run *r)
{
    u32 st = state_of(r);
    return (st != STATE_STARTING && st != STATE_RUNNING) || r->out.error || interrupts;
}

/* ---- output ---- */

/* Bytes that were in the ring buffer. */
static u64 drain(struct run *r)
{
    u64 n = ring_drain(&r->ring, sink_sample, &r->sink);
    output_flush(&r->out);
    if (r->sink.exit_seen)
        stop(r);
    report_skipped(r->s, r->head);
    return n;
}

static void drain_all(struct run *r)
{
    while (drain(r) > 0)
        ;
}

/* ---- handlers that user space runs ---- */

/* False when the session is over. */
static bool run_probe(void *arg, int id)
{
    struct run *r = arg;
    int err = bpf_run_probe(r->bpf, id);
    if (err) {
        diag_error(&r->s->diag, "the handler of probe %s cannot be run: %s",
                   r->img->probes.v[id].pp, strerror(-err));
        r->failed = true;
        stop(r);
    }
    return !stopped(r);
}

/* Runs it with the text; false: it failed, or the session is over. */
static bool run_with(void *arg, int id, char *text)
{
    struct run *r = arg;
    u64 errors = r->head->errors;
    int err = bpf_run_probe_with(r->bpf, id, text);
    if (err) {
        diag_error(&r->s->diag, "the handler of probe %s cannot be run: %s",
                   r->img->probes.v[id].pp, strerror(-err));
        r->failed = true;
        stop(r);
    }
    drain(r);
    return !err && r->head->errors == errors;
}

static bool run_input(void *arg, int id, char *text)
{
    run_with(arg, id, text);
    return !stopped(arg);
}

static bool run_for_reader(void *arg, int id, struct strbuf *text)
{
    struct run *r = arg;
    /* What other handlers have said before is not for this reader. */
    drain_all(r);
    r->sink.reader = text;
    char nothing[1] = "";
    bool ok = run_with(arg, id, nothing);
    r->sink.reader = NULL;
    return ok;
}

/* begin, end or error probes, which the program holds in their order. */
static void run_all(struct run *r, enum attach_kind kind)
{
    const struct bpf_image *img = r->img;
    bool ending = kind != ATTACH_BEGIN, exit_after = false;
    vec_for (i, img->probes) {
        if (img->probes.v[i].points.kind != kind)
            continue;
        if (ending ? interrupts > 1 || state_of(r) != STATE_ENDING : stopped(r))
            return;
        run_probe(r, (int)i);
        drain(r);
        /* One error too many in an end probe: the others are left out. */
        if (kind == ATTACH_END && r->head->errors > r->head->maxerrors)
            change_state(r, STATE_ENDING, STATE_ERROR);
        exit_after |= img->probes.v[i].exit_after;
    }
    /* oneshot ends the session when all begin probes have had their turn. */
    if (exit_after)
        stop(r);
}

/* ---- waiting ---- */

static bool watch(struct run *r, int fd, u32 events)
{
    struct epoll_event ev = {.events = events, .data.fd = fd};
    return fd < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static bool watch_all(struct run *r)
{
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    /* Edge-triggered: what a handler did not wake us for must not either. */
    bool ok = r->epoll >= 0 && watch(r, bpf_ring_fd(r->bpf), EPOLLIN | EPOLLET) &&
              watch(r, r->timers.fd, EPOLLIN) && watch(r, interrupt_fd, EPOLLIN) &&
              watch(r, r->child.pid ? r->child.pidfd : -1, EPOLLIN) &&
              watch(r, procfs_fd(r->procfs), EPOLLIN);
    if (!ok)
        diag_error(&r->s->diag, "cannot wait for events: %s", strerror(errno));
    else if (!watch(r, r->input.fd, EPOLLIN))
        r->input.file = true;
    if (ok)
        watch(r, r->out.recorder ? r->out.recorder->listener : r->out.fd,
              r->out.recorder ? EPOLLIN | EPOLLET
                              : EPOLLET); /* a reader that goes away; files cannot be watched */
    return ok;
}

static int patience(const struct run *r, u64 drained)
{
    int ms = drained * 4 > r->ring_size ? DRAIN_SOON_MS : drained ? DRAIN_MS : DRAIN_IDLE_MS;
    u64 now = monotonic_ns(), due = overload_due(&r->overload);
    if (r->deadline && r->deadline < due)
        due = r->deadline;
    if (r->input.fd >= 0 && r->input.file)
        return 0;
    u64 left = due > now ? (due - now) / NS_PER_MS + 1 : 0;
    if (r->s->patience_ms && r->s->patience_ms < ms)
        ms = r->s->patience_ms;
    return left < (u64)ms ? (int)left : ms;
}

static void wait_for_end(struct run *r)
{
    u64 drained = drain(r);
    bool unread = symbols_poll(r->sink.symbols); /* of the processes that are there */
    overload_init(&r->overload, r->s);
    while (!stopped(r)) {
        struct epoll_event ev[8];
        if (!drained) {
            /* All is read: ask to be woken, and look once more for what came in between. */
            __atomic_store_n(&r->head->reader_waits, 1, __ATOMIC_SEQ_CST);
            drained = drain(r);
        }
        int n = epoll_wait(r->epoll, ev, 8, unread ? DRAIN_SOON_MS : patience(r, drained));
        for (int i = 0; i < n; i++) {
            if (ev[i].data.fd == r->timers.fd)
                timers_run(&r->timers, run_probe, r);
            else if (ev[i].data.fd == procfs_fd(r->procfs))
                procfs_serve(r->procfs);
            else if (r->child.pid && ev[i].data.fd == r->child.pidfd && child_reap(&r->child))
                stop(r);
            else if (ev[i].data.fd == r->out.fd && (ev[i].events & EPOLLERR) && !r->out.error)
                r->out.error = EPIPE;
        }
        if (r->input.fd >= 0 && !input_read(&r->input, r->img, run_input, r)) {
            epoll_ctl(r->epoll, EPOLL_CTL_DEL, r->input.fd, NULL);
            input_close(&r->input);
        }
        refresh_clock(r);
        unread = symbols_poll(r->sink.symbols);
        drained = drain(r);
        if (switches) {
            switches = 0;
            output_flush(&r->out);
            output_next(&r->out);
        }
        if (r->out.recorder && !recorder_poll(r->out.recorder))
            stop(r);
        if (overload_check(&r->overload, r->s, r->bpf))
            change_state(r, STATE_RUNNING, STATE_ERROR);
        if (r->deadline && monotonic_ns() >= r->deadline)
            stop(r);
    }
    overload_close(&r->overload);
    stop(r);
}

/* ---- the phases ---- */

/* Data of a position-independent program is watched from its start on: it has to lie where that
 * is known beforehand. */
static bool watches_command(const struct bpf_image *img)
{
    vec_for (i, img->probes) {
        const struct attach_points *p = &img->probes.v[i].points;
        if (p->kind == ATTACH_WATCH && p->places[0].of_target && p->places[0].path)
            return true;
    }
    return false;
}

static bool prepare(struct run *r)
{
    struct session *s = r->s;
    r->out.interrupts = &interrupts;
    if (!output_open(&r->out, s))
        return false;
    if (s->recorder && !s->output) {
        if (!recorder_listen(&r->recorder, s,
                             (size_t)(s->buffer_mb ? s->buffer_mb : RECORD_MB) << 20))
            return false;
        r->out.recorder = &r->recorder;
    }
    if (s->target_pid > 0 && !s->command && kill(s->target_pid, 0) != 0 && errno == ESRCH) {
        diag_error(&s->diag, "there is no process %d (-x)", (int)s->target_pid);
        return false;
    }
    if (!catch_signals(s->recorder && s->output)) {
        diag_error(&s->diag, "cannot catch signals: %s", strerror(errno));
        return false;
    }
    if (!ring_open(&r->ring, bpf_ring_fd(r->bpf), r->ring_size)) {
        diag_error(&s->diag, "cannot map the output buffer: %s", strerror(errno));
        return false;
    }
    if (s->command) {
        if (!child_start(&r->child, s, watches_command(r->img)))
            return false;
        s->target_pid = r->child.pid;
    }
    fill_header(r);
    symbols_target(r->sink.symbols, s->target_pid);
    r->sink.modules = modules_open(s, r->img, r->bpf);
    return true;
}

/* False when the session failed before it was running; what was attached is detached. */
static bool start(struct run *r)
{
    run_all(r, ATTACH_BEGIN);
    if (stopped(r)) {
        stop(r);
        return true;
    }
    const struct procfs_handlers files = {r, run_for_reader, run_with};
    if (!procfs_open(&r->procfs, r->s, r->img, &files))
        return false;
    input_open(&r->input, r->img);
    if (!bpf_attach(r->bpf) || !timers_open(&r->timers, r->s, r->img) || !watch_all(r))
        return false;
    if (r->s->timeout_s > 0)
        r->deadline = monotonic_ns() + (u64)(r->s->timeout_s * 1e9);
    change_state(r, STATE_STARTING, STATE_RUNNING);
    if (r->child.pid && !child_release(&r->child, r->s)) {
        r->failed = true;
        stop(r);
    }
    if (r->ready >= 0)
        recorder_running(r->s, r->ready);
    r->ready = -1;
    wait_for_end(r);
    return true;
}

static void finish(struct run *r)
{
    procfs_close(r->procfs);
    r->procfs = NULL;
    bpf_detach(r->bpf);
    drain_all(r);
    bool error = state_of(r) == STATE_ERROR;
    for (int i = 0; i < 2; i++) {
        __atomic_store_n(&r->head->state, STATE_ENDING, __ATOMIC_RELEASE);
        run_all(r, error ? ATTACH_ERROR : ATTACH_END);
        if (error || state_of(r) != STATE_ERROR)
            break;
        error = true; /* an end probe failed: the error probes follow */
    }
    r->failed |= error;
    drain_all(r);
}

static void report_output(struct run *r)
{
    if (output_close(&r->out))
        return;
    r->failed = true;
    const char *name = r->out.path ? r->out.path : "standard output";
    if (r->out.error == EINTR)
        diag_error(&r->s->diag, "output to %s is given up: interrupted twice", name);
    else
        diag_error(&r->s->diag, "cannot write to %s: %s", name, strerror(r->out.error));
}

int run_session(struct session *s, const struct bpf_image *img, struct bpf_running *bpf)
{
    struct run r = {.s = s,
                    .img = img,
                    .bpf = bpf,
                    .epoll = -1,
                    .timers.fd = -1,
                    .input.fd = -1,
                    .recorder.listener = -1,
                    .ready = -1};
    if (s->recorder) {
        int status = recorder_fork(s, &r.ready);
        if (status >= 0)
            return status;
    }
    u64 began = monotonic_ns(), cycles = arch_cycles();
    r.head = bpf_session(bpf);
    r.ring_size = bpf_ring_size(bpf);
    sink_init(&r.sink, s, img, &r.out);
    if (!prepare(&r)) {
        r.failed = true;
    } else {
        if (start(&r)) {
            finish(&r);
        } else {
            r.failed = true;
            bpf_detach(bpf);
            drain_all(&r);
        }
        if (!child_report(&r.child, s))
            r.failed = true;
        if (s->timing)
            bpf_report_timing(bpf, &r.out.buf,
                              (double)(arch_cycles() - cycles) / (double)(monotonic_ns() - began));
        report_output(&r);
        r.head->skipped_nested += bpf_missed(bpf);
        if (report_end(s, r.head, &r.sink))
            r.failed = true;
    }
    procfs_close(r.procfs);
    input_close(&r.input);
    recorder_close(&r.recorder);
    recorder_over(s);
    child_stop(&r.child);
    timers_close(&r.timers);
    ring_close(&r.ring);
    sink_free(&r.sink);
    strbuf_free(&r.out.buf);
    if (r.epoll >= 0)
        close(r.epoll);
    return r.failed ? 1 : 0;
}
