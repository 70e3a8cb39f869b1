/* cli/cert_live.c: a server's certificates, fetched with the engine over a connection that trusts nobody, and what speaks for
   them: an OCSP response, timestamps of logs. All is taken from the messages, so that it is there even when the handshake
   fails later on. */
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/arrive.h"
#include "cli/cert.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/words.h"
#include "fede/stream.h"

enum { MSG_SERVER_HELLO = 2, MSG_CERTIFICATE = 11, MSG_CERTIFICATE_STATUS = 22, EXT_SCT = 18, STATUS_OCSP = 1 };

static fede_stream *open_stream(const struct url *url, fede_config *config, unsigned long limit_ms, fede_error *error,
                                char *detail, size_t size);
static void take(void *arg, const fede_event *event);
static int code_of(const fede_error *error);

int cert_fetch(const char *operand, unsigned long limit_ms, struct certs *certs, struct cert_live *live, char *name,
               size_t name_size, struct text *why)
{
    struct url url;
    char sentence[1200] = "";
    if (!url_parse(operand, &url, why))
        return EXIT_USAGE;
    fede_config *config = fede_config_new();
    if (config == NULL) {
        text_add(why, "no memory, or libcrypto can't start");
        return EXIT_INTERNAL;
    }
    fede_config_unauthenticated_encryption(config);
    live->certs = certs;
    fede_config_status_request(config, true);
    fede_config_scts(config, true);
    fede_config_trace(config, take, live);
    snprintf(name, name_size, "%s", url.host);
    fede_error unreached = {0};
    char way[1100] = "";
    fede_stream *stream = open_stream(&url, config, limit_ms, &unreached, way, sizeof way);
    const fede_error *error = unreached.reason != FEDE_OK ? &unreached : stream != NULL ? fede_stream_error(stream) : NULL;
    int code = error != NULL ? code_of(error) : stream == NULL ? EXIT_INTERNAL : EXIT_DONE;
    if (error != NULL)
        fede_error_text(error, sentence, sizeof sentence);
    text_add(why, code == EXIT_INTERNAL && error == NULL ? "no memory" : sentence);
    if (stream != NULL)
        fede_stream_close(stream);
    fede_config_free(config);
    if (certs_count(certs) > 0)
        return EXIT_DONE;
    if (code == EXIT_DONE)
        text_add(why, "the server sent no certificate");
    return code == EXIT_DONE ? EXIT_TLS : code;
}

/* NULL: *error says why, or there is no memory. The handshake is made as far as it goes. */
static fede_stream *open_stream(const struct url *url, fede_config *config, unsigned long limit_ms, fede_error *error,
                                char *detail, size_t size)
{
    struct text why = text_in(detail, size);
    uint64_t until = clock_ticks(NULL) + (uint64_t)limit_ms * 1000;
    int fd = -1;
    fede_reason reason = arrive(url, until, &fd, &why);
    if (reason != FEDE_OK) {
        error_set(error, reason, FEDE_ORIGIN_TRANSPORT, NULL, 0, reason == FEDE_TIME_LIMIT ? (int64_t)limit_ms : 0);
        error->detail = detail;
        return NULL;
    }
    fede_conn *conn = fede_client_new(config, url->host);
    if (conn == NULL)
        close(fd);
    fede_stream *stream = conn != NULL ? fede_stream_over(fd, conn) : NULL;
    uint64_t now = clock_ticks(NULL);
    if (stream != NULL) {
        fede_stream_limit(stream, now < until ? (unsigned)((until - now) / 1000 + 1) : 1);
        fede_stream_handshake(stream);
    }
    return stream;
}

/* Certificate, RFC 5246 7.4.2: each certificate behind its length of 3. */
static void take_chain(struct certs *certs, bytes rest)
{
    for (rest = bytes_skip(rest, 3); rest.len >= 3;) {
        size_t len = load24(rest.data);
        rest = bytes_skip(rest, 3);
        if (len == 0 || len > rest.len || !certs_add_der(certs, bytes_first(rest, len)))
            return;
        rest = bytes_skip(rest, len);
    }
}

static void take_scts(struct cert_live *live, bytes list)
{
    if (list.len > sizeof live->scts)
        return;
    bytes_copy(live->scts, list.data, list.len);
    live->scts_len = list.len;
}

/* ServerHello, RFC 5246 7.4.1.3: behind version, random, session id, suite and compression the extensions. */
static void take_hello(struct cert_live *live, bytes rest)
{
    rest = bytes_skip(rest, 34);
    rest = bytes_skip(rest, rest.len > 0 ? 1u + rest.data[0] + 5u : 0);
    while (rest.len >= 4) {
        size_t len = load16(rest.data + 2);
        if (load16(rest.data) == EXT_SCT)
            take_scts(live, bytes_first(bytes_skip(rest, 4), len));
        rest = bytes_skip(rest, 4 + len);
    }
}

/* Messages come whole, with their header of 4 bytes. */
static void take(void *arg, const fede_event *event)
{
    struct cert_live *live = arg;
    bytes body = bytes_skip(event->bytes, 4);
    if (event->kind != FEDE_EVENT_MESSAGE || event->ours)
        return;
    if (event->what == MSG_CERTIFICATE)
        take_chain(live->certs, body);
    else if (event->what == MSG_SERVER_HELLO)
        take_hello(live, body);
    else if (event->what == MSG_CERTIFICATE_STATUS && body.len > 4 && body.data[0] == STATUS_OCSP)
        live->staple = certs_other(live->certs, bytes_skip(body, 4), "OCSP RESPONSE");
}

static int code_of(const fede_error *error)
{
    switch (error->reason) {
    case FEDE_TIME_LIMIT:
        return EXIT_TIME;
    case FEDE_NAME_NOT_RESOLVED:
        return EXIT_NAME;
    case FEDE_NOT_CONNECTED:
        return EXIT_TCP;
    case FEDE_OUT_OF_MEMORY:
        return EXIT_INTERNAL;
    default:
        return EXIT_TLS;
    }
}
