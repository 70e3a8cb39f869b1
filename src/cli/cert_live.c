/* cli/cert_live.c: a server's certificates, fetched with the engine over a connection that trusts nobody. What the server sent is
   taken from its Certificate message, so that it is there even when the handshake fails later on. */
#include <stdio.h>

#include "cli/cert.h"
#include "cli/options.h"
#include "cli/url.h"
#include "cli/words.h"
#include "fede/stream.h"

enum { MSG_CERTIFICATE = 11 };

static void take(void *arg, const fede_event *event);
static int code_of(const fede_error *error);

int cert_fetch(const char *operand, unsigned long limit_ms, struct certs *certs, char *name, size_t name_size,
               struct text *why)
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
    fede_config_trace(config, take, certs);
    snprintf(name, name_size, "%s", url.host);
    fede_stream *stream = fede_connect(url.host, url.port, config, (unsigned)limit_ms);
    const fede_error *error = stream != NULL ? fede_stream_error(stream) : NULL;
    int code = stream == NULL ? EXIT_INTERNAL : error != NULL ? code_of(error) : EXIT_DONE;
    if (error != NULL)
        fede_error_text(error, sentence, sizeof sentence);
    text_add(why, code == EXIT_INTERNAL && error == NULL ? "no memory" : sentence);
    fede_stream_close(stream);
    fede_config_free(config);
    if (certs_count(certs) > 0)
        return EXIT_DONE;
    if (code == EXIT_DONE)
        text_add(why, "the server sent no certificate");
    return code == EXIT_DONE ? EXIT_TLS : code;
}

/* Certificate, RFC 5246 7.4.2: header of 4 bytes, length of 3, then each certificate behind its length of 3. */
static void take(void *arg, const fede_event *event)
{
    bytes rest = event->bytes;
    if (event->kind != FEDE_EVENT_MESSAGE || event->what != MSG_CERTIFICATE || event->ours || rest.len < 7)
        return;
    for (rest = bytes_skip(rest, 7); rest.len >= 3;) {
        size_t len = load24(rest.data);
        rest = bytes_skip(rest, 3);
        if (len == 0 || len > rest.len || !certs_add_der(arg, bytes_first(rest, len)))
            return;
        rest = bytes_skip(rest, len);
    }
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
