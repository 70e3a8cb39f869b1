/* Sessions by id in a Redis server, shared by all servers that name it: --session-store.

   Each worker has one connection to it, made when it is first needed and driven by the worker's event loop. A connection
   that waits for an answer has an errand; whoever goes first takes itself out of it. A session is stored before the server's
   Finished is sent, so that the client finds it wherever it comes next, and deleted again when the connection fails.
   Without an answer, because there is no Redis or it takes too long, a full handshake is made: nothing is lost but time. */
#include <hiredis/adapters/libuv.h>
#include <stdlib.h>

#include "cli/serve.h"

enum { WAIT_MS = 1000, AGAIN_MS = 1000, PORT = 6379 };
#define KEY "fede:session:"

struct errand {
    struct worker *worker;
    struct peer *peer; /* NULL: it has gone */
    struct errand *before, *after;
    uint64_t began_ms;
    bool finds;
};

struct sessions {
    redisAsyncContext *context; /* NULL: not connected */
    struct errand *first, *last;
    uint64_t tried_ms;
};

static bool connected(struct worker *worker);
static void lost(struct worker *worker, const char *why);
static struct errand *errand_new(struct peer *peer, bool finds);
static void answered(redisAsyncContext *context, void *reply, void *errand);

bool sessions_place(const char *text, struct text *why)
{
    char host[256];
    int port = 0;
    if (strncmp(text, "unix:", 5) == 0 && text[5] != '\0')
        return true;
    if (sessions_address(text, host, sizeof host, &port))
        return true;
    text_format(why, "it is not of the form redis://HOST, redis://HOST:PORT or unix:PATH");
    return false;
}

bool sessions_address(const char *text, char *host, size_t size, int *port)
{
    static const char scheme[] = "redis://";
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return false;
    text += sizeof scheme - 1;
    const char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":");
    if (!end || end == text)
        return false;
    size_t skip = *text == '[' ? 1 : 0, len = (size_t)(end - text) - skip;
    if (len == 0 || len >= size)
        return false;
    bytes_copy(host, text + skip, len);
    host[len] = '\0';
    end += skip;
    *port = PORT;
    if (*end == '\0')
        return true;
    char *rest;
    long n = strtol(end + 1, &rest, 10);
    *port = (int)n;
    return *end == ':' && *rest == '\0' && n > 0 && n < 65536;
}

void sessions_find(struct peer *peer, bytes id)
{
    struct errand *errand = connected(peer->worker) ? errand_new(peer, true) : NULL;
    if (!errand)
        fede_answer_session(peer->tls, BYTES_NONE);
    else if (redisAsyncCommand(peer->worker->sessions->context, answered, errand, "GET " KEY "%b", id.data, id.len) != REDIS_OK)
        answered(NULL, NULL, errand);
}

void sessions_keep(struct peer *peer)
{
    const struct settings *settings = &peer->worker->server->settings;
    bytes id = fede_conn_session_id(peer->tls), session = fede_conn_session(peer->tls);
    long lifetime = settings->ticket_lifetime > 0 ? settings->ticket_lifetime : FEDE_SESSION_LIFETIME;
    if (peer->kept || id.len == 0 || session.len == 0)
        return;
    peer->kept = true;
    struct errand *errand = connected(peer->worker) ? errand_new(peer, false) : NULL;
    if (errand && redisAsyncCommand(peer->worker->sessions->context, answered, errand, "SET " KEY "%b %b EX %ld", id.data, id.len,
                                    session.data, session.len, lifetime) != REDIS_OK)
        answered(NULL, NULL, errand);
}

void sessions_forget(struct peer *peer)
{
    bytes id = peer->tls ? fede_conn_session_id(peer->tls) : BYTES_NONE;
    if (peer->kept && id.len > 0 && connected(peer->worker))
        redisAsyncCommand(peer->worker->sessions->context, NULL, NULL, "DEL " KEY "%b", id.data, id.len);
    peer->kept = false;
}

void sessions_leave(struct peer *peer)
{
    if (peer->errand)
        peer->errand->peer = NULL;
    peer->errand = NULL;
}

void sessions_tick(struct worker *worker)
{
    struct sessions *s = worker->sessions;
    if (s && s->first && uv_now(&worker->loop) - s->first->began_ms >= WAIT_MS)
        lost(worker, "it does not answer");
}

void sessions_close(struct worker *worker)
{
    struct sessions *s = worker->sessions;
    redisAsyncContext *context = s ? s->context : NULL;
    worker->sessions = NULL;
    if (context) {
        context->data = NULL;
        redisAsyncFree(context);
    }
    free(s);
}

/* ---- Errands ----------------------------------------------------------------------------------------------------- */

static struct errand *errand_new(struct peer *peer, bool finds)
{
    struct sessions *s = peer->worker->sessions;
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        return NULL;
    *errand = (struct errand){.worker = peer->worker, .peer = peer, .before = s->last, .began_ms = uv_now(&peer->worker->loop), .finds = finds};
    if (s->last)
        s->last->after = errand;
    else
        s->first = errand;
    s->last = errand;
    peer->errand = errand;
    return errand;
}

/* reply NULL: the connection to Redis has gone. */
static void answered(redisAsyncContext *context, void *reply, void *arg)
{
    struct errand *errand = arg;
    struct sessions *s = errand->worker->sessions;
    struct peer *peer = errand->peer;
    const redisReply *got = reply;
    bytes session = got && got->type == REDIS_REPLY_STRING ? bytes_of(got->str, got->len) : BYTES_NONE;
    if (s) {
        *(errand->before ? &errand->before->after : &s->first) = errand->after;
        *(errand->after ? &errand->after->before : &s->last) = errand->before;
    }
    bool finds = errand->finds;
    free(errand);
    if (!peer)
        return;
    peer->errand = NULL;
    if (finds)
        fede_answer_session(peer->tls, session);
    if (session.len > 0)
        bytes_wipe((void *)(uintptr_t)session.data, session.len);
    if (context)
        peer_go(peer); /* without, the caller is still in it */
}

/* ---- The connection ---------------------------------------------------------------------------------------------- */

static void on_connect(const redisAsyncContext *context, int status)
{
    if (status != REDIS_OK && context->data)
        lost(context->data, context->errstr);
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct worker *worker = context->data;
    if (worker && worker->sessions && worker->sessions->context == context) {
        worker->sessions->context = NULL;
        if (status != REDIS_OK)
            lost(worker, context->errstr);
    }
}

static bool connected(struct worker *worker)
{
    const char *place = worker->server->settings.session_store;
    struct sessions *s = worker->sessions;
    char host[256];
    int port;
    if (!s && !(s = worker->sessions = calloc(1, sizeof *s)))
        return false;
    if (s->context)
        return true;
    uint64_t now = uv_now(&worker->loop);
    if (s->tried_ms != 0 && now - s->tried_ms < AGAIN_MS)
        return false;
    s->tried_ms = now;
    s->context = strncmp(place, "unix:", 5) == 0 ? redisAsyncConnectUnix(place + 5)
                 : sessions_address(place, host, sizeof host, &port) ? redisAsyncConnect(host, port) : NULL;
    if (!s->context)
        return false;
    s->context->data = worker;
    if (s->context->err || redisLibuvAttach(s->context, &worker->loop) != REDIS_OK) {
        lost(worker, s->context->errstr);
        return false;
    }
    redisAsyncSetConnectCallback(s->context, on_connect);
    redisAsyncSetDisconnectCallback(s->context, on_disconnect);
    return true;
}

/* Said once per worker and second at most; every errand is answered with nothing. */
static void lost(struct worker *worker, const char *why)
{
    char line[400];
    struct text t = text_in(line, sizeof line);
    struct sessions *s = worker->sessions;
    redisAsyncContext *context = s->context;
    text_format(&t, "The session store %s can't be used: %s. Full handshakes are made meanwhile.", worker->server->settings.session_store, why);
    server_say(worker->server, line);
    s->context = NULL;
    s->tried_ms = uv_now(&worker->loop);
    if (context) {
        context->data = NULL;
        redisAsyncFree(context); /* tells each errand */
    }
}
