/* One connection of fede serve: bytes go between the socket and the engine, plaintext between the engine and the talk.

   The socket is non-blocking; bytes are received straight into the engine's room and sent from its buffer. peer_go does
   whatever is possible now, a bounded amount of it, and says what to wait for. Back-pressure needs no counting: a talk
   is asked for more only when everything sealed so far has been sent, and new records are read only when the last one
   has been used up. So a connection never holds more than one record each way.

   The end: close_notify, then the sending side is shut, then whatever the peer still sends is thrown away for a moment,
   because closing at once would reset the connection and could destroy what the peer has not read yet. */
#define _GNU_SOURCE /* NI_MAXHOST */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/serve.h"

enum {
    TURNS = 48,          /* steps before other connections get their turn */
    DRAIN_MOST = 4 << 20 /* bytes thrown away at the end */
};

static bool peer_prepare(struct peer *peer, const struct sockaddr *address);
static unsigned needs_of(struct peer *peer);
static bool step(struct peer *peer, unsigned needs);
static void send_some(struct peer *peer);
static void receive_some(struct peer *peer);
static void decide(struct peer *peer);
static bool talk_step(struct peer *peer, unsigned needs);
static bool talk_open(struct peer *peer);
static void wait_for(struct peer *peer, unsigned needs, bool more);
static void ready(uv_poll_t *handle, int status, int events);
static void leave(struct peer *peer);
static void drain(uv_poll_t *handle, int status, int events);
static void peer_free(struct peer *peer);

void peer_accept(struct worker *worker, int fd, const struct sockaddr *address)
{
    struct peer *peer = calloc(1, sizeof *peer);
    worker->peers++;
    if (!peer || uv_poll_init(&worker->loop, &peer->poll, fd) != 0) {
        free(peer);
        close(fd);
        worker_lost_peer(worker);
        return;
    }
    peer->poll.data = peer;
    peer->worker = worker;
    peer->fd = fd;
    peer->began_us = clock_ticks(NULL);
    peer->moved_ms = uv_now(&worker->loop);
    peer->number = atomic_fetch_add(&worker->server->numbers, 1) + 1;
    worker_list(worker, peer, PHASE_HANDSHAKE);
    if (peer_prepare(peer, address))
        peer_go(peer);
    else
        peer_free(peer);
}

static bool peer_prepare(struct peer *peer, const struct sockaddr *address)
{
    struct server *server = peer->worker->server;
    char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    socklen_t len = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    struct text name = text_in(peer->name, sizeof peer->name);
    if (address->sa_family == AF_UNIX)
        text_add(&name, "local socket");
    else if (getnameinfo(address, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        text_format(&name, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    peer_story_begin(peer);
    if (server->settings.plain)
        return (peer->plain = plain_new()) != NULL;
    peer->identity = identity_hold(server);
    fede_config *config = peer->identity->standard;
    peer->config = config ? config : peer->identity->named[0].config;
    peer->tls = fede_server_new(peer->config);
    if (peer->tls) {
        fede_conn_set_user(peer->tls, peer);
        host[strcspn(host, "%")] = '\0'; /* without the interface of a link-local address */
        fede_conn_peer_address(peer->tls, host);
    }
    return peer->tls != NULL;
}

/* ---- What happens ----------------------------------------------------------------------------------------------- */

void peer_go(struct peer *peer)
{
    uint64_t moved = peer->moved_ms;
    unsigned needs = 0;
    int turns = 0;
    for (; turns < TURNS && !peer->over; turns++) {
        needs = needs_of(peer);
        if ((needs & FEDE_OVER) || (!step(peer, needs) && !peer->over && needs_of(peer) == needs))
            break;
    }
    if (turns == TURNS && !peer->over)
        needs = needs_of(peer);
    if (peer->over || (needs & FEDE_OVER)) {
        leave(peer);
        return;
    }
    if (moved != peer->moved_ms && (peer->phase == PHASE_WARM || peer->phase == PHASE_IDLE))
        worker_list(peer->worker, peer, PHASE_WARM);
    if (!(needs & FEDE_SEND) && (peer_ending(peer) & FEDE_WE_CLOSED) && !peer->shut) {
        peer->shut = true;
        shutdown(peer->fd, SHUT_WR);
        peer->moved_ms = uv_now(&peer->worker->loop);
        worker_list(peer->worker, peer, PHASE_CLOSING);
    }
    wait_for(peer, needs, turns == TURNS);
}

/* One thing; false: nothing can be done now. */
static bool step(struct peer *peer, unsigned needs)
{
    if (peer->errand || peer->signing)
        return false;
    if (needs & FEDE_DECIDE) {
        decide(peer);
    } else if ((needs & FEDE_SEND) && !peer->blocked) {
        send_some(peer);
    } else if (talk_step(peer, needs)) {
        return true;
    } else if ((needs & FEDE_RECEIVE) && !(needs & FEDE_READ) && !peer->dry) {
        receive_some(peer);
    } else {
        return false;
    }
    return true;
}

static unsigned needs_of(struct peer *peer)
{
    return peer->tls ? fede_needs(peer->tls) : plain_needs(peer->plain);
}

unsigned peer_ending(const struct peer *peer)
{
    return peer->tls ? fede_ending(peer->tls) : plain_ending(peer->plain);
}

const fede_error *peer_error(const struct peer *peer)
{
    if (peer->failure.reason)
        return &peer->failure;
    return peer->tls ? fede_conn_error(peer->tls) : peer->plain ? plain_error(peer->plain) : NULL;
}

/* The engine is told that the transport failed; why, only the socket knew. */
static void transport_failed(struct peer *peer)
{
    const fede_error *error = peer_error(peer);
    if (!error || error->reason != FEDE_TRANSPORT_FAILED || !peer->problem || peer->failure.reason)
        return;
    bool reset = peer->problem == ECONNRESET || peer->problem == EPIPE;
    peer->failure = *error;
    peer->failure.reason = reset ? FEDE_TRANSPORT_RESET : FEDE_TRANSPORT_FAILED;
    peer->failure.detail = uv_strerror(uv_translate_sys_error(peer->problem));
}

/* A browser or curl that was told http:// instead of https:// reads this, not an alert. */
static bool answer_plain_http(struct peer *peer)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
                               "This port speaks TLS: use https:// in place of http://\n";
    const fede_error *error = peer_error(peer);
    if (!peer->tls || !error || error->reason != FEDE_PLAIN_HTTP)
        return false;
    if (send(peer->fd, text, sizeof text - 1, MSG_NOSIGNAL) < 0)
        peer->dry = true;
    peer->over = true;
    return true;
}

static void send_some(struct peer *peer)
{
    if (answer_plain_http(peer))
        return;
    if (peer->worker->server->settings.session_store && peer->tls && !peer->kind)
        sessions_keep(peer);
    if (peer->errand)
        return;
    bytes out = peer->tls ? fede_to_send(peer->tls) : plain_to_send(peer->plain);
    ssize_t n = send(peer->fd, out.data, out.len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
        return;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        peer->blocked = true;
        return;
    }
    if (n < 0)
        peer->problem = errno;
    peer->blocked = n >= 0 && (size_t)n < out.len;
    if (n > 0)
        peer->moved_ms = uv_now(&peer->worker->loop);
    if (peer->tls)
        fede_sent(peer->tls, n);
    else
        plain_sent(peer->plain, n);
    transport_failed(peer);
}

static void receive_some(struct peer *peer)
{
    fede_room room = peer->tls ? fede_to_fill(peer->tls) : plain_to_fill(peer->plain);
    if (room.len == 0)
        return;
    ssize_t n = recv(peer->fd, room.data, room.len, 0);
    if (n < 0 && errno == EINTR)
        return;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        peer->dry = true;
        return;
    }
    if (n <= 0 && peer->shut) { /* whoever closed need not wait for the answer (RFC 5246 7.2.1) */
        peer->over = true;
        return;
    }
    if (n < 0)
        peer->problem = errno;
    peer->dry = n >= 0 && (size_t)n < room.len; /* the poll tells when there is more, the end of stream too */
    if (n > 0)
        peer->moved_ms = uv_now(&peer->worker->loop);
    if (peer->tls)
        fede_received(peer->tls, n);
    else
        plain_received(peer->plain, n);
    transport_failed(peer);
}

/* --reject, and certificates by name. */
static void decide(struct peer *peer)
{
    const struct settings *settings = &peer->worker->server->settings;
    const fede_question *question = fede_ask(peer->tls);
    fede_config *config = NULL;
    bool answered;
    if (question && question->kind == FEDE_ASK_SESSION) {
        sessions_find(peer, question->session_id);
        return;
    }
    if (question && question->kind == FEDE_ASK_SIGNATURE) {
        sign_begin(peer, question);
        return;
    }
    if (settings->reject >= 0)
        answered = fede_answer_refuse(peer->tls, (uint8_t)settings->reject);
    else if ((config = identity_choose(peer->identity, question ? question->server_name : NULL)))
        answered = fede_answer_config(peer->tls, peer->config = config);
    else
        answered = fede_answer_refuse(peer->tls, FEDE_ALERT_UNRECOGNIZED_NAME);
    if (!answered && !peer_error(peer))
        peer->over = true;
}

static bool talk_step(struct peer *peer, unsigned needs)
{
    if (!peer->kind)
        return talk_open(peer);
    unsigned ending = peer_ending(peer);
    if (needs & FEDE_READ) {
        bytes in = peer->tls ? fede_plaintext(peer->tls) : plain_plaintext(peer->plain);
        size_t used = ending & FEDE_WE_CLOSED ? in.len : peer->kind->take(peer, in);
        peer->in += used;
        if (used > 0 && peer->tls)
            fede_consumed(peer->tls, used);
        else if (used > 0)
            plain_consumed(peer->plain, used);
        if (used > 0 || peer->over)
            return true;
    }
    if ((needs & FEDE_WRITE) && !(ending & FEDE_WE_CLOSED) && peer->kind->give(peer))
        return true;
    if ((ending & FEDE_PEER_CLOSED) && !(ending & FEDE_WE_CLOSED) && !(needs & (FEDE_READ | FEDE_SEND))) {
        peer_close(peer); /* it will ask for nothing more, and everything asked for has been given */
        return true;
    }
    return false;
}

/* The handshake is complete: choose what is spoken. */
static bool talk_open(struct peer *peer)
{
    struct server *server = peer->worker->server;
    fede_info info = {.established = true};
    if (peer->tls)
        fede_conn_info(peer->tls, &info);
    if (!info.established)
        return false;
    if (peer->identity)
        identity_drop(peer->identity);
    peer->identity = NULL;
    peer->opened_us = clock_ticks(NULL);
    peer_story_open(peer);
    peer->moved_ms = uv_now(&peer->worker->loop);
    atomic_fetch_add(&server->completed, 1);
    peer->kind = server->settings.echo                      ? &talk_echo
                 : bytes_equal(info.alpn, bytes_text("h2")) ? &talk_http2
                                                            : &talk_http1;
    if (!peer->kind->start(peer)) {
        peer->kind = NULL;
        peer->over = true;
        return true;
    }
    worker_list(peer->worker, peer, PHASE_WARM);
    if (peer->stopping)
        peer->kind->stop(peer);
    return true;
}

static void wait_for(struct peer *peer, unsigned needs, bool more)
{
    int events = 0;
    bool waits = peer->errand || peer->signing;
    if (!waits && ((needs & FEDE_SEND) || more))
        events |= UV_WRITABLE;
    if (!waits && (needs & FEDE_RECEIVE) && !(needs & FEDE_READ))
        events |= UV_READABLE;
    if (events == 0)
        events = UV_DISCONNECT;
    if (events == peer->events)
        return;
    peer->events = (uint8_t)events;
    if (uv_poll_start(&peer->poll, events, ready) != 0)
        leave(peer);
}

static void ready(uv_poll_t *handle, int status, int events)
{
    struct peer *peer = handle->data;
    if (events & (UV_READABLE | UV_DISCONNECT))
        peer->dry = false;
    if (events & UV_WRITABLE)
        peer->blocked = false;
    if (status < 0) {
        socklen_t len = sizeof peer->problem;
        getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &peer->problem, &len);
        peer->events = 0;
        if (peer->shut)
            peer->over = true;
        else if (peer->tls)
            fede_received(peer->tls, -1);
        else
            plain_received(peer->plain, -1);
        transport_failed(peer);
        if (!peer_error(peer))
            peer->over = true;
    } else if ((events & UV_DISCONNECT) && peer->events == UV_DISCONNECT) {
        peer->over = true; /* nothing can be said or heard any more */
    }
    peer_go(peer);
}

/* ---- For the worker ---------------------------------------------------------------------------------------------- */

void peer_time_up(struct peer *peer)
{
    bool open = peer->kind && peer->phase != PHASE_CLOSING && !(peer_ending(peer) & FEDE_WE_CLOSED);
    if (!open || peer->blocked || peer->kind->busy(peer)) {
        peer->late = peer->phase != PHASE_CLOSING;
        if (peer->late && !peer->kind)
            peer->failure = (fede_error){.reason = FEDE_TIME_LIMIT,
                                         .alert = FEDE_ALERT_NONE,
                                         .origin = FEDE_ORIGIN_TRANSPORT,
                                         .message = 0xffff,
                                         .certificate = FEDE_CERTIFICATE_NONE,
                                         .offset = UINT32_MAX,
                                         .detail = "the handshake was not complete (--handshake-timeout)",
                                         .wanted = (int64_t)peer->worker->server->settings.handshake_ms};
        peer_story_end(peer);
        peer_free(peer);
        return;
    }
    peer_close(peer);
    worker_list(peer->worker, peer, PHASE_CLOSING);
    peer->moved_ms = uv_now(&peer->worker->loop);
    peer_go(peer);
}

void peer_rest(struct peer *peer)
{
    if (peer->tls)
        fede_release_buffers(peer->tls);
    else
        plain_release_buffers(peer->plain);
    peer->worker->given++;
    worker_list(peer->worker, peer, PHASE_IDLE);
}

void peer_stop(struct peer *peer, bool now)
{
    enum { QUIET_MS = 400 };
    if (peer->phase == PHASE_CLOSING)
        return;
    if (now) {
        peer_story_end(peer);
        peer_free(peer);
        return;
    }
    bool first = !peer->stopping, asked = peer->requests > 0;
    peer->stopping = true;
    if (first && peer->kind)
        peer->kind->stop(peer);
    /* One that never asked for anything may be about to. */
    bool quiet = uv_now(&peer->worker->loop) - peer->moved_ms >= QUIET_MS;
    if (peer->kind && !peer->kind->busy(peer) && !(peer_ending(peer) & FEDE_WE_CLOSED) && (asked || quiet))
        peer_close(peer);
    peer_go(peer);
}

/* ---- For talks --------------------------------------------------------------------------------------------------- */

size_t peer_write(struct peer *peer, bytes data)
{
    size_t n = peer->tls ? fede_write(peer->tls, data) : plain_write(peer->plain, data);
    peer->out += n;
    return n;
}

void peer_close(struct peer *peer)
{
    if (peer->tls)
        fede_close(peer->tls);
    else
        plain_close(peer->plain);
}

void peer_break(struct peer *peer)
{
    peer->over = true;
}

static size_t echo_take(struct peer *peer, bytes in)
{
    return peer_write(peer, in);
}

static bool echo_start(struct peer *peer)
{
    peer->talk = NULL;
    return true;
}

static bool echo_give(struct peer *peer)
{
    (void)peer;
    return false;
}

/* Nobody knows whether more is coming: quiet for a while counts as done. */
static bool echo_busy(const struct peer *peer)
{
    return uv_now(&peer->worker->loop) - peer->moved_ms < 400;
}

static void echo_nothing(struct peer *peer)
{
    (void)peer;
}

const struct talk_kind talk_echo = {"echo", echo_start, echo_take, echo_give, echo_busy, echo_nothing, echo_nothing};

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static void talk_end(struct peer *peer)
{
    if (peer->kind)
        peer->kind->end(peer);
    else if (peer->kept)
        sessions_forget(peer);
    sessions_leave(peer);
    sign_leave(peer);
    peer->kind = NULL;
    if (peer->identity)
        identity_drop(peer->identity);
    peer->identity = NULL;
    fede_conn_free(peer->tls);
    plain_free(peer->plain);
    peer->tls = NULL;
    peer->plain = NULL;
    peer_story_free(peer);
}

/* The engine has nothing left to do. */
static void leave(struct peer *peer)
{
    unsigned ending = peer_ending(peer);
    const fede_error *error = peer_error(peer);
    bool gone = (ending & (FEDE_TRANSPORT_ENDED | FEDE_PEER_CLOSED)) ||
                (error && error->origin == FEDE_ORIGIN_TRANSPORT) || (peer->over && peer->kind);
    peer_story_end(peer);
    talk_end(peer);
    if (gone) {
        peer_free(peer);
        return;
    }
    shutdown(peer->fd, SHUT_WR);
    peer->moved_ms = uv_now(&peer->worker->loop);
    peer->in = 0;
    worker_list(peer->worker, peer, PHASE_CLOSING);
    if (uv_poll_start(&peer->poll, UV_READABLE, drain) != 0)
        peer_free(peer);
}

static void drain(uv_poll_t *handle, int status, int events)
{
    struct peer *peer = handle->data;
    ssize_t n = status < 0 ? -1 : recv(peer->fd, peer->worker->scratch, sizeof peer->worker->scratch, 0);
    (void)events;
    if (status >= 0 && n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    peer->in += n > 0 ? (uint64_t)n : 0;
    if (n <= 0 || peer->in > DRAIN_MOST)
        peer_free(peer);
}

static void freed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;
    struct worker *worker = peer->worker;
    free(peer);
    worker_lost_peer(worker);
}

static void peer_free(struct peer *peer)
{
    talk_end(peer);
    worker_unlist(peer->worker, peer);
    uv_close((uv_handle_t *)&peer->poll, freed);
    close(peer->fd);
    peer->fd = -1;
}
