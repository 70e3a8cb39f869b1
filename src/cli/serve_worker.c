/* One worker: a thread with an event loop of its own, its connections, and their time limits.

   All workers wait on the same listening sockets and whoever is free accepts. (One socket per worker with SO_REUSEPORT
   would leave connections waiting behind a busy worker, lose those in the queue of a worker that stops, and hide that
   another process already has the port.) Connections stand in one list for each phase, in the order of their last
   movement, so that one timer finds all that are due without a timer for each. */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/serve.h"

enum {
    ACCEPT_AT_ONCE = 8,
    TICK_MS = 100,
    WARM_MS = 500,     /* quiet for this long: memory is given back */
    CLOSING_MS = 2000, /* most time for the peer's part of the close */
    TRIM_MS = 1000,
    TRIM_PEERS = 64 /* so many connections fewer: memory goes back to the system */
};

static void run(void *arg);
static void woken(uv_async_t *wake);
static void can_accept(uv_poll_t *handle, int status, int events);
static bool accept_one(struct worker *worker, int listener);
static void pause_accepting(struct worker *worker);
static void resume_accepting(struct worker *worker);
static void close_listeners(struct worker *worker);
static void tick(uv_timer_t *timer);
static void keep_ticking(struct worker *worker);
static void stop_peers(struct worker *worker);
static void end_when_empty(struct worker *worker);

bool worker_start(struct worker *worker, struct server *server)
{
    worker->server = server;
    worker->listeners = calloc(server->n_listeners, sizeof *worker->listeners);
    if (!worker->listeners || uv_loop_init(&worker->loop) != 0)
        return false;
    worker->loop.data = worker;
    uv_async_init(&worker->loop, &worker->wake, woken);
    uv_timer_init(&worker->loop, &worker->tick);
    worker->wake.data = worker->tick.data = worker;
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (uv_poll_init(&worker->loop, &worker->listeners[i], server->listeners[i]) != 0)
            return false;
        worker->listeners[i].data = worker;
    }
    resume_accepting(worker);
    return uv_thread_create(&worker->thread, run, worker) == 0;
}

void worker_join(struct worker *worker)
{
    uv_thread_join(&worker->thread);
    uv_loop_close(&worker->loop);
    free(worker->listeners);
}

static void run(void *arg)
{
    struct worker *worker = arg;
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    atomic_store(&worker->over, true);
    uv_async_send(&worker->server->worker_told);
}

static void woken(uv_async_t *wake)
{
    struct worker *worker = wake->data;
    if (!atomic_load(&worker->stop))
        return;
    if (worker->stopping) {
        stop_peers(worker);
        return;
    }
    /* Whoever stands in the queue has been told that it is connected. */
    for (size_t i = 0; i < worker->server->n_listeners; i++)
        while (!worker->paused && !worker->closed_listeners && accept_one(worker, worker->server->listeners[i]))
            ;
    worker->stopping = true;
    worker->stopped_ms = uv_now(&worker->loop);
    close_listeners(worker);
    stop_peers(worker);
    keep_ticking(worker);
    end_when_empty(worker);
}

/* ---- Accepting -------------------------------------------------------------------------------------------------- */

static void can_accept(uv_poll_t *handle, int status, int events)
{
    struct worker *worker = handle->data;
    size_t i = (size_t)(handle - worker->listeners);
    (void)events;
    if (status < 0)
        return;
    for (int n = 0; n < ACCEPT_AT_ONCE && !worker->paused && !worker->closed_listeners; n++)
        if (!accept_one(worker, worker->server->listeners[i]))
            return;
}

/* False: none is waiting, or none can be taken. */
static bool accept_one(struct worker *worker, int listener)
{
    struct server *server = worker->server;
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } address = {0};
    socklen_t len = sizeof address;
    unsigned most = (unsigned)server->settings.max_connections;
    if (atomic_fetch_add(&server->open, 1) >= most && most > 0) {
        atomic_fetch_sub(&server->open, 1);
        if (!atomic_exchange(&server->full_told, true))
            server_say(server, "As many connections as --max-connections allows are open: further ones wait.");
        pause_accepting(worker);
        return false;
    }
    int fd = accept4(listener, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC), why = errno, on = 1;
    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (server->settings.once)
            close_listeners(worker);
        peer_accept(worker, fd, &address.any);
        keep_ticking(worker);
        return true;
    }
    atomic_fetch_sub(&server->open, 1);
    if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM) {
        struct rlimit limit = {0};
        getrlimit(RLIMIT_NOFILE, &limit);
        if (!atomic_exchange(&server->descriptors_told, true)) {
            char line[300];
            struct text t = text_in(line, sizeof line);
            text_format(&t, "No connection can be accepted now (%s, %u are open): new ones wait until others end.",
                        strerror(why), atomic_load(&server->open));
            if (why == EMFILE)
                text_format(&t, " The limit is %llu open files; ulimit -n raises it.",
                            (unsigned long long)limit.rlim_cur);
            server_say(server, line);
        }
        pause_accepting(worker);
        return false;
    }
    return why == ECONNABORTED || why == EPROTO; /* that one has gone already; EAGAIN: another worker took it */
}

static void pause_accepting(struct worker *worker)
{
    worker->paused = true;
    for (size_t i = 0; i < worker->server->n_listeners && !worker->closed_listeners; i++)
        uv_poll_stop(&worker->listeners[i]);
    keep_ticking(worker);
}

static void resume_accepting(struct worker *worker)
{
    worker->paused = false;
    for (size_t i = 0; i < worker->server->n_listeners && !worker->closed_listeners; i++)
        uv_poll_start(&worker->listeners[i], UV_READABLE, can_accept);
}

static void close_listeners(struct worker *worker)
{
    for (size_t i = 0; i < worker->server->n_listeners && !worker->closed_listeners; i++)
        uv_close((uv_handle_t *)&worker->listeners[i], NULL);
    worker->closed_listeners = true;
    atomic_store(&worker->deaf, true);
    uv_async_send(&worker->server->worker_told);
}

/* ---- Connections and their time ----------------------------------------------------------------------------------- */

void worker_list(struct worker *worker, struct peer *peer, enum phase phase)
{
    worker_unlist(worker, peer);
    struct peer_list *list = &worker->lists[phase];
    peer->phase = (uint8_t)phase;
    peer->before = list->last;
    peer->after = NULL;
    if (list->last)
        list->last->after = peer;
    else
        list->first = peer;
    list->last = peer;
}

void worker_unlist(struct worker *worker, struct peer *peer)
{
    struct peer_list *list = &worker->lists[peer->phase];
    if (list->first != peer && !peer->before)
        return; /* in none */
    if (peer->before)
        peer->before->after = peer->after;
    else
        list->first = peer->after;
    if (peer->after)
        peer->after->before = peer->before;
    else
        list->last = peer->before;
    peer->before = peer->after = NULL;
}

static void expire(struct worker *worker, enum phase phase, uint64_t limit, void (*act)(struct peer *peer))
{
    uint64_t now = uv_now(&worker->loop);
    for (struct peer *peer; (peer = worker->lists[phase].first) && now - peer->moved_ms >= limit;)
        act(peer);
}

static void tick(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    const struct settings *settings = &worker->server->settings;
    expire(worker, PHASE_CLOSING, CLOSING_MS, peer_time_up);
    expire(worker, PHASE_IDLE, settings->idle_ms, peer_time_up);
    expire(worker, PHASE_WARM, WARM_MS, peer_rest);
    for (struct peer *peer = worker->lists[PHASE_HANDSHAKE].first, *next; peer; peer = next) {
        next = peer->after;
        if (clock_ticks(NULL) - peer->began_us < settings->handshake_ms * UINT64_C(1000))
            break;
        peer_time_up(peer);
    }
    sessions_tick(worker);
    bool many = worker->given >= TRIM_PEERS && uv_now(&worker->loop) - worker->trimmed_ms >= TRIM_MS;
    if (many || (worker->given > 0 && worker->peers == 0)) {
        malloc_trim(0);
        worker->given = 0;
        worker->trimmed_ms = uv_now(&worker->loop);
    }
    if (worker->paused && !worker->stopping)
        resume_accepting(worker);
    if (worker->stopping)
        stop_peers(worker);
    if (worker->peers == 0 && !worker->paused) {
        uv_timer_stop(timer);
        worker->ticking = false;
    }
    end_when_empty(worker);
}

static void keep_ticking(struct worker *worker)
{
    if (worker->ticking || uv_is_closing((uv_handle_t *)&worker->tick))
        return;
    worker->ticking = true;
    uv_timer_start(&worker->tick, tick, TICK_MS, TICK_MS);
}

void worker_lost_peer(struct worker *worker)
{
    worker->peers--;
    worker->given++;
    atomic_fetch_sub(&worker->server->open, 1);
    if (worker->paused && !worker->stopping)
        resume_accepting(worker);
    if (worker->server->settings.once && worker->peers == 0)
        server_stop(worker->server);
    end_when_empty(worker);
}

/* ---- Stopping --------------------------------------------------------------------------------------------------- */

static void stop_peers(struct worker *worker)
{
    bool now = atomic_load(&worker->server->hurry) ||
               uv_now(&worker->loop) - worker->stopped_ms >= worker->server->settings.grace_ms;
    for (int phase = 0; phase < PHASES; phase++) {
        if (phase == PHASE_CLOSING)
            continue;
        for (struct peer *peer = worker->lists[phase].first, *next; peer; peer = next) {
            next = peer->after;
            peer_stop(peer, now);
        }
    }
}

static void end_when_empty(struct worker *worker)
{
    if (!worker->stopping || worker->peers > 0 || uv_is_closing((uv_handle_t *)&worker->wake))
        return;
    sessions_close(worker);
    uv_close((uv_handle_t *)&worker->wake, NULL);
    uv_close((uv_handle_t *)&worker->tick, NULL);
}
