/* explain/dissection.c: events to facts.

   The events are those of fede/trace.h. They come from the engine while a connection runs; a reader of captures makes the
   same ones. What is borrowed for the call and wanted later is copied into one arena with a ceiling, so that neither a long
   connection nor a hostile peer makes a story grow. */
#include "explain/dissection.h"

#include "explain/protection.h"
#include "explain/raw_key.h"
#include "explain/unpack.h"
#include "explain/ssl2.h"
#include "record/record.h"
#include "wire/names.h"

enum { KEPT_MOST = 1024 * 1024, CHECKS_MOST = 400, SECRET_MOST = 1024 };

static void hear_choice(struct dissection *d, const fede_event *e);
static void hear_message(struct dissection *d, const fede_event *e);
static void hear_ssl2(struct dissection *d, const fede_event *e);
static void hear_hello(struct dissection *d, bytes body);
static void hear_server_hello(struct dissection *d, bytes body);
static void hear_certificates(struct dissection *d, uint8_t from, bytes body, bool kept);
static bool certificate_content(bytes body, bool new, bytes *content);
static bool certificate_next(bytes *rest, bool new, bytes *der);
static void hear_record(struct dissection *d, const fede_event *e);
static void hear_ssl2_record(struct dissection *d, const fede_event *e);
static void hear_secret(struct dissection *d, const fede_event *e);
static void hear_traffic_secret(struct dissection *d, const fede_event *e);
static bytes keep_message(struct dissection *d, const fede_event *e);
static void keep_broken(struct dissection *d, const fede_event *e);
static void observe_ccs(struct dissection *d, uint8_t from);
static void observe_record(struct dissection *d, const fede_event *e);
static void count_flight(struct dissection *d, uint8_t from);
static void keep_verdict(struct dissection *d, const fede_verdict *verdict);
static const fede_error *keep_error(struct dissection *d, const fede_error *error);
static const char *keep_text(struct dissection *d, bytes raw);
static void *keep(struct dissection *d, size_t size);

void dissection_start(struct dissection *d)
{
    *d = (struct dissection){.extended = -1, .client_shown = -1};
    arena_start(&d->kept, &memory_standard, KEPT_MOST);
}

void dissection_end(struct dissection *d)
{
    arena_end(&d->kept);
}

void dissection_event(struct dissection *d, const fede_event *e)
{
    if (d->role == 0) {
        d->role = e->ours ? e->from : (uint8_t)(FEDE_CLIENT + FEDE_SERVER - e->from);
        d->begun_us = e->at_us;
    }
    d->last_us = e->at_us;
    switch (e->kind) {
    case FEDE_EVENT_STARTED:
        if (e->what == FEDE_CLIENT || e->what == FEDE_SERVER)
            d->role = (uint8_t)e->what;
        d->onlooker = e->what == 0;
        if (e->label != NULL && d->server_name == NULL)
            d->server_name = keep_text(d, bytes_text(e->label));
        break;
    case FEDE_EVENT_RECORD:
        hear_record(d, e);
        break;
    case FEDE_EVENT_MESSAGE:
        hear_message(d, e);
        break;
    case FEDE_EVENT_CCS:
        count_flight(d, e->from);
        observe_ccs(d, e->from);
        if (e->bytes.len > 0 && e->bytes.data[0] != 1) {
            d->observed.bad_ccs[e->from % 3] = true;
            d->observed.ccs[e->from % 3] = e->bytes.data[0];
        }
        if (e->from == FEDE_SERVER && !d->opened && d->version <= 0x0303 && d->onlooker && !d->protects[FEDE_CLIENT] &&
            dissection_message(d, FEDE_SERVER, MSG_SERVER_HELLO, 0) != NULL &&
            dissection_message(d, FEDE_SERVER, MSG_SERVER_HELLO_DONE, 0) == NULL && !d->handshake_cut)
            d->resumed = true; /* the server finishes first, RFC 5246 figure 2 */
        d->protects[e->from % 3] = true;
        break;
    case FEDE_EVENT_ALERT:
        if (e->from >= FEDE_CLIENT && e->from <= FEDE_SERVER && d->alerts[e->from - 1].from == 0) {
            d->alerts[e->from - 1].from = e->from;
            d->alerts[e->from - 1].level = (uint8_t)e->number;
            d->alerts[e->from - 1].description = (uint8_t)e->what;
            d->before_alert[e->from - 1].messages = (uint16_t)d->n_handshake;
            d->before_alert[e->from - 1].protects = e->epoch != 0;
        }
        if (e->what == FEDE_ALERT_CLOSE_NOTIFY)
            d->observed.closed[e->from % 3] = true;
        break;
    case FEDE_EVENT_STEP:
        d->false_start = d->false_start || (e->label != NULL && strcmp(e->label, "false start") == 0);
        break;
    case FEDE_EVENT_CHOICE:
        hear_choice(d, e);
        break;
    case FEDE_EVENT_SECRET:
        hear_secret(d, e);
        break;
    case FEDE_EVENT_KEYS:
        d->block_of[e->from % 3] = d->block_now;
        break;
    case FEDE_EVENT_VERDICT:
        if (e->verdict != NULL)
            keep_verdict(d, e->verdict);
        break;
    case FEDE_EVENT_OPENED:
        if (!d->opened) /* the first handshake's; a renegotiation has one too */
            d->opened_us = e->at_us;
        d->opened = true;
        break;
    case FEDE_EVENT_ENDED:
        d->ended = true;
        if (e->error != NULL && e->error->reason != FEDE_OK && d->error == NULL)
            d->error = keep_error(d, e->error);
        if (e->error != NULL && e->error->reason == FEDE_TRUNCATED)
            d->observed.truncated = true;
        break;
    default:
        break;
    }
}

static void hear_choice(struct dissection *d, const fede_event *e)
{
    const char *label = e->label != NULL ? e->label : "";
    if (strcmp(label, "version") == 0) {
        d->version = e->what;
    } else if (strcmp(label, "cipher suite") == 0) {
        d->suite = e->what;
        d->context.kx = (uint8_t)suite_key_exchange(e->what);
    } else if (strcmp(label, "group") == 0) {
        d->group = e->what;
    } else if (strcmp(label, "signature scheme") == 0) {
        d->scheme = e->what;
    } else if (strcmp(label, "extended master secret") == 0) {
        d->extended = e->what != 0;
    } else if (strcmp(label, "application protocol") == 0 && e->bytes.len > 0) {
        d->alpn = keep_text(d, e->bytes);
    } else if (strcmp(label, "renegotiation") == 0) {
        d->renegotiations = e->what;
    } else if (strcmp(label, "client certificate") == 0) {
        d->client_shown = e->what != 0;
        if (e->what == 0 && e->bytes.len > 0)
            d->client_none = keep_text(d, e->bytes);
    } else if (strcmp(label, "client signature scheme") == 0) {
        d->client_scheme = e->what;
    } else if (strncmp(label, "ancestor by ", 12) == 0) {
        d->ancestor = (unsigned)e->number;
        d->ancestor_uses = e->what;
        d->by_ticket = strcmp(label + 12, "ticket") == 0;
        d->ancestor_certificate = e->bytes.len > 0 ? keep_text(d, e->bytes) : NULL;
    } else if (strcmp(label, "fast open") == 0) {
        d->fast_open = true;
    } else if (strcmp(label, "legacy") == 0) {
        d->legacy = (uint8_t)e->what;
        d->legacy_until = (int64_t)e->number;
        d->legacy_reason = keep_text(d, e->bytes);
    } else if (strcmp(label, "resumption") == 0) {
        d->resumed = e->what != 0;
        d->resumed_verified = d->resumed && e->number != 0;
        if (!d->resumed && e->bytes.len > 0)
            d->not_resumed = keep_text(d, e->bytes);
    }
}

/* The choices can be read from the messages too; an engine that tells them says the same. */
static void hear_message(struct dissection *d, const fede_event *e)
{
    if ((e->what & MSG_SSL2) != 0)
        hear_ssl2(d, e);
    if (e->bytes.len < 4 || (e->what & MSG_SSL2) != 0)
        return;
    bytes body = bytes_skip(e->bytes, 4), kept = BYTES_NONE;
    if (!d->opened) {
        d->messages++;
        count_flight(d, e->from);
        kept = keep_message(d, e);
        if (kept.data != NULL)
            body = bytes_skip(kept, 4);
    } else {
        keep_broken(d, e);
        if (e->what == MSG_CLIENT_HELLO || e->what == MSG_HELLO_REQUEST) {
            d->observed.renegotiated = true;
            d->block_now = BYTES_NONE;
        }
    }
    switch (e->what) {
    case MSG_CLIENT_HELLO:
        hear_hello(d, body);
        break;
    case MSG_SERVER_HELLO:
        hear_server_hello(d, body);
        break;
    case MSG_CERTIFICATE:
        hear_certificates(d, e->from, body, kept.data != NULL);
        break;
    case MSG_COMPRESSED_CERTIFICATE: {
        bytes unpacked;
        if (certificate_unpack(&d->kept, body, &unpacked) == NULL) {
            d->unpacked[e->from % 3] = unpacked;
            hear_certificates(d, e->from, unpacked, true);
        }
        break;
    }
    case MSG_FINISHED:
        d->finished[e->from % 3] = true;
        break;
    case MSG_SERVER_KEY_EXCHANGE: {
        struct wire w = wire_reader(body);
        struct server_key_exchange m = {.kx = d->context.kx, .unnamed = dissection_unnamed(d)};
        wire_server_key_exchange(&w, &m);
        if (wire_done(&w)) {
            d->group = m.group;
            d->scheme = m.is_signed ? m.scheme : 0;
        }
        break;
    }
    default:
        break;
    }
}

/* A ClientHello that offers SSL 3.0 or later is kept as what it stands for: whoever looks at offers finds them there. */
static void hear_ssl2(struct dissection *d, const fede_event *e)
{
    enum { MORE_ROOM = 64 };
    struct ssl2_server_hello answer;
    struct ssl2_master_key key;
    uint8_t *same;
    d->messages++;
    count_flight(d, e->from);
    switch (e->what & UINT8_MAX) {
    case SSL2_CLIENT_HELLO:
        if (d->ssl2_hello.len == 0)
            d->ssl2_hello = arena_copy(&d->kept, e->bytes);
        if (e->bytes.len < 3 || load16(e->bytes.data + 1) < 0x0300 || (same = keep(d, e->bytes.len + MORE_ROOM)) == NULL)
            break;
        fede_event stands_for = *e;
        stands_for.bytes = bytes_of(same, ssl2_hello_rewrite(e->bytes, same));
        stands_for.what = MSG_CLIENT_HELLO;
        if (stands_for.bytes.len > 0)
            keep_message(d, &stands_for);
        break;
    case SSL2_SERVER_HELLO:
        d->version = SSL2_VERSION;
        if (!ssl2_server_hello_read(e->bytes, &answer) || answer.certificate.len == 0 || d->certificates != NULL ||
            (d->certificates = keep(d, sizeof *d->certificates)) == NULL)
            break;
        d->certificates[0] = arena_copy(&d->kept, answer.certificate);
        d->n_certificates = d->certificates[0].data != NULL;
        break;
    case SSL2_CLIENT_MASTER_KEY:
        if (ssl2_master_key_read(e->bytes, &key))
            d->ssl2_cipher = key.cipher;
        break;
    case SSL2_ERROR:
        d->version = SSL2_VERSION;
        break;
    default:
        break;
    }
}

static void hear_hello(struct dissection *d, bytes body)
{
    struct wire w = wire_reader(body);
    struct client_hello m = {0};
    wire_client_hello(&w, &m);
    if (!wire_done(&w))
        return;
    if (m.extensions.host_name.len > 0) {
        d->named = true;
        if (d->server_name == NULL)
            d->server_name = keep_text(d, m.extensions.host_name);
    }
    bytes rest = m.extensions.alpn, protocol;
    char offer[300];
    struct text t = text_in(offer, sizeof offer);
    while (rest.len > 0 && alpn_next(&rest, &protocol)) {
        text_add(&t, t.len > 0 ? ", " : "");
        text_escaped(&t, protocol);
    }
    if (t.len > 0 && (d->alpn_offer = keep(d, strlen(offer) + 1)) != NULL)
        bytes_copy((char *)(uintptr_t)d->alpn_offer, offer, strlen(offer));
}

static void hear_server_hello(struct dissection *d, bytes body)
{
    struct wire w = wire_reader(body);
    struct server_hello m = {0};
    wire_server_hello(&w, &m);
    if (!wire_done(&w))
        return;
    d->suite = m.suite;
    d->version = ext_has(&m.extensions, HAS_SUPPORTED_VERSIONS) ? m.extensions.version : m.legacy_version;
    if (d->version >= 0x0304 && m.extensions.key_shares.len >= 2)
        d->group = load16(m.extensions.key_shares.data);
    d->extended = ext_has(&m.extensions, HAS_EXTENDED_MASTER_SECRET) ? 1 : 0;
    d->mac_last = ext_has(&m.extensions, HAS_ENCRYPT_THEN_MAC) && suite_parts(m.suite).cbc;
    d->context = (struct message_context){.version = d->version, .kx = (uint8_t)suite_key_exchange(m.suite)};
    bytes rest = m.extensions.alpn, protocol;
    if (d->alpn == NULL && rest.len > 0 && alpn_next(&rest, &protocol))
        d->alpn = keep_text(d, protocol);
}

/* kept: the body is in our memory and may be borrowed from. */
static void hear_certificates(struct dissection *d, uint8_t from, bytes body, bool kept)
{
    bool new = d->version >= 0x0304;
    bytes content, raw;
    if (raw_key_of(body, new, &raw)) {
        d->client_certificate = d->client_certificate || from == FEDE_CLIENT;
        if (from == FEDE_SERVER && d->raw_key.len == 0)
            d->raw_key = kept ? raw : arena_copy(&d->kept, raw);
        return;
    }
    if (!certificate_content(body, new, &content))
        return;
    if (from == FEDE_CLIENT) {
        d->client_certificate = content.len > 0;
        return;
    }
    if (d->certificates != NULL)
        return;
    size_t n = 0;
    bytes rest = content, der;
    while (certificate_next(&rest, new, &der))
        n++;
    bytes *list = n > 0 ? keep(d, n * sizeof *list) : NULL;
    bytes copy = kept ? content : arena_copy(&d->kept, content);
    if (n == 0 || list == NULL || copy.data == NULL) {
        d->incomplete = d->incomplete || n > 0;
        return;
    }
    d->certificates = list;
    for (rest = copy; d->n_certificates < n && certificate_next(&rest, new, &der);)
        list[d->n_certificates++] = der;
}

static bool certificate_content(bytes body, bool new, bytes *content)
{
    struct certificate_message m = {0};
    struct wire w = wire_reader(body);
    (new ? wire_certificate_13 : wire_certificate_12)(&w, &m);
    *content = m.list;
    return wire_done(&w);
}

static bool certificate_next(bytes *rest, bool new, bytes *der)
{
    bytes extensions;
    return new ? certificates_13_next(rest, der, &extensions) : certificates_next(rest, der);
}

static void hear_record(struct dissection *d, const fede_event *e)
{
    struct traffic *t = &d->traffic[e->from % 3];
    t->records++;
    t->bytes += e->bytes.len;
    if (ssl2_is_record(e)) {
        hear_ssl2_record(d, e);
        return;
    }
    observe_record(d, e);
    if (e->epoch != 0 && d->version < 0x0302) {
        struct last_block *last = &d->block_last[e->from % 3];
        d->block_before[e->from % 3] = *last;
        struct record_parts parts;
        const struct suite_parts suite = suite_parts(d->suite);
        bool there = suite.cbc && protection_parts(&suite, d->version, d->mac_last, e->bytes.len, &parts) &&
                     parts.cipher_len >= suite.block && suite.block <= sizeof last->bytes;
        last->len = there ? suite.block : 0;
        bytes_copy(last->bytes, there ? e->bytes.data + parts.tag - last->len : NULL, last->len);
    }
    if (e->what == CONTENT_DATA) {
        t->data_records++;
        t->data_bytes += e->plain.len;
    }
}

/* An engine tells the ClientHello as what it stands for: as it was it is here alone. */
static void hear_ssl2_record(struct dissection *d, const fede_event *e)
{
    struct ssl2_record r;
    if (e->from == FEDE_CLIENT && e->epoch == 0 && d->ssl2_hello.len == 0 && ssl2_record_read(e->bytes, &r))
        d->ssl2_hello = arena_copy(&d->kept, bytes_skip(e->bytes, r.header));
}

static void hear_secret(struct dissection *d, const fede_event *e)
{
    const struct {
        const char *label;
        bytes *place;
    } rows[] = {{"premaster secret", &d->premaster},
                {"CLIENT_RANDOM", &d->master},
                {"key block", &d->key_block},
                {"private key", &d->private_key},
                {"RSA block", &d->rsa_block}};
    if (e->label != NULL && strcmp(e->label, "key block") == 0 && e->bytes.len <= SECRET_MOST)
        d->block_now = arena_copy(&d->kept, e->bytes);
    for (size_t i = 0; e->label != NULL && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(e->label, rows[i].label) == 0 && rows[i].place->data == NULL && e->bytes.len <= SECRET_MOST)
            *rows[i].place = arena_copy(&d->kept, e->bytes);
    hear_traffic_secret(d, e);
}

/* By their labels in key logs (RFC 9850 2); a later one of the same direction takes the place of the one before. */
static void hear_traffic_secret(struct dissection *d, const fede_event *e)
{
    static const struct {
        const char *label;
        uint8_t from;
    } rows[TRAFFIC_SECRETS] = {
        [TOLD_CLIENT_EARLY] = {"CLIENT_EARLY_TRAFFIC_SECRET", FEDE_CLIENT},
        [TOLD_CLIENT_HANDSHAKE] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", FEDE_CLIENT},
        [TOLD_SERVER_HANDSHAKE] = {"SERVER_HANDSHAKE_TRAFFIC_SECRET", FEDE_SERVER},
        [TOLD_CLIENT_TRAFFIC] = {"CLIENT_TRAFFIC_SECRET_", FEDE_CLIENT},
        [TOLD_SERVER_TRAFFIC] = {"SERVER_TRAFFIC_SECRET_", FEDE_SERVER},
    };
    for (size_t i = 0; e->label != NULL && i < TRAFFIC_SECRETS; i++) {
        if (strncmp(e->label, rows[i].label, strlen(rows[i].label)) != 0 || e->bytes.len > HASH_MAX)
            continue;
        bytes copy = arena_copy(&d->kept, e->bytes);
        if (d->told[i].len == 0)
            d->told[i] = copy;
        d->traffic_secret[rows[i].from] = copy;
    }
}

static bytes keep_message(struct dissection *d, const fede_event *e)
{
    if (d->handshake == NULL)
        d->handshake = keep(d, MESSAGES_KEPT * sizeof *d->handshake);
    if (d->handshake == NULL || d->n_handshake == MESSAGES_KEPT) {
        d->handshake_cut = true;
        return BYTES_NONE;
    }
    struct kept_message *m = &d->handshake[d->n_handshake++];
    *m = (struct kept_message){.from = e->from, .type = (uint8_t)e->what, .bytes = arena_copy(&d->kept, e->bytes)};
    m->spoken = m->type == MSG_CLIENT_HELLO && d->ssl2_hello.len > 0 ? d->ssl2_hello : m->bytes;
    d->handshake_cut = d->handshake_cut || m->bytes.data == NULL;
    return m->bytes;
}

static void keep_broken(struct dissection *d, const fede_event *e)
{
    struct wire w = wire_reader(bytes_skip(e->bytes, 4));
    if (d->n_broken == BROKEN_KEPT)
        return;
    wire_narrate(&w, (uint8_t)e->what, &d->context);
    if (!wire_done(&w))
        d->broken[d->n_broken++] = (struct kept_message){e->from, (uint8_t)e->what, arena_copy(&d->kept, e->bytes)};
}

const struct kept_message *dissection_message(const struct dissection *d, uint8_t from, uint8_t type, size_t n)
{
    for (size_t i = 0; i < d->n_handshake; i++)
        if (d->handshake[i].from == from && d->handshake[i].type == type && d->handshake[i].bytes.data != NULL &&
            n-- == 0)
            return &d->handshake[i];
    return NULL;
}

void dissection_failed_check(struct dissection *d, const char *name, const char *text)
{
    if (d->n_failed == sizeof d->failed / sizeof *d->failed)
        return;
    d->failed[d->n_failed].name = keep_text(d, bytes_text(name));
    d->failed[d->n_failed].text = keep_text(d, bytes_text(text));
    d->n_failed += d->failed[d->n_failed].name != NULL && d->failed[d->n_failed].text != NULL;
}

/* The client's comes behind its ClientKeyExchange, or, in a resumption, behind the server's; the server's behind the
   client's, or, in a resumption, behind a ServerHello without Certificate (RFC 5246 7.3). In TLS 1.3 it means nothing. */
static void observe_ccs(struct dissection *d, uint8_t from)
{
    if (d->opened || d->version >= 0x0304)
        return;
    const struct kept_message *first = dissection_message(d, FEDE_CLIENT, MSG_CLIENT_HELLO, 0);
    bool full = dissection_message(d, FEDE_SERVER, MSG_CERTIFICATE, 0) != NULL ||
                dissection_message(d, FEDE_SERVER, MSG_SERVER_HELLO_DONE, 0) != NULL;
    bool answered = dissection_message(d, FEDE_SERVER, MSG_SERVER_HELLO, 0) != NULL;
    if (first == NULL || d->handshake_cut) /* the beginning was not seen */
        return;
    bool early = from == FEDE_CLIENT ? answered && dissection_message(d, from, MSG_CLIENT_KEY_EXCHANGE, 0) == NULL &&
                                           !d->protects[FEDE_SERVER]
                                     : !answered || (full && !d->protects[FEDE_CLIENT]);
    d->observed.early_ccs[from % 3] = d->observed.early_ccs[from % 3] || early;
}

static void observe_record(struct dissection *d, const fede_event *e)
{
    enum { HEADER = 5, PLAIN_MOST = 16384, PROTECTED_MOST = 16384 + 2048, HEARTBEAT_HEADER = 3 };
    struct observed *o = &d->observed;
    uint8_t from = e->from % 3;
    uint64_t number = d->traffic[from].records;
    if (e->bytes.len < HEADER)
        return;
    uint16_t version = load16(e->bytes.data + 1);
    size_t body = e->bytes.len - HEADER;
    if (o->first_version[from] == 0)
        o->first_version[from] = version;
    uint16_t wanted = d->version >= 0x0304 ? 0x0303 : d->version;
    bool hello = from == FEDE_CLIENT && number == 1;
    if (wanted != 0 && version != wanted && !hello && o->other_version[from] == 0)
        o->other_version[from] = number;
    if (o->over_limit[from] == 0 && (body > (e->epoch == 0 ? PLAIN_MOST : PROTECTED_MOST) || e->plain.len > PLAIN_MOST))
        o->over_limit[from] = number;
    const struct suite_parts suite = suite_parts(e->epoch != 0 ? d->suite : 0);
    bool empty = e->epoch == 0           ? body == 0
                 : e->plain.data != NULL ? e->plain.len == 0
                                         : suite.aead && body == (size_t)suite.explicit_len + suite.tag_len;
    if (empty && o->empty[from] == 0) {
        o->empty[from] = number;
        o->empty_type[from] = (uint8_t)e->what;
    }
    if (e->what == CONTENT_DATA && from == FEDE_CLIENT && d->protects[FEDE_CLIENT] && !d->protects[FEDE_SERVER] &&
        !d->opened && d->version < 0x0304)
        o->false_start = true;
    if (e->what == CONTENT_HEARTBEAT) {
        bytes content = e->plain.data != NULL ? e->plain : e->epoch == 0 ? bytes_skip(e->bytes, HEADER) : BYTES_NONE;
        if (o->heartbeats[from] == 0)
            o->heartbeats[from] = number;
        if (content.len >= HEARTBEAT_HEADER && load16(content.data + 1) > content.len - HEARTBEAT_HEADER &&
            o->over_read[from] == 0)
            o->over_read[from] = number;
    }
}

/* A round trip ends when the server answers a flight of the client. They are counted up to the first application data: with False
   Start that does not wait for the server's Finished (RFC 7918). */
static void count_flight(struct dissection *d, uint8_t from)
{
    if (d->opened || d->false_start || d->observed.false_start || from == d->flight_of)
        return;
    if (from == FEDE_SERVER && d->client_spoke)
        d->round_trips++;
    d->client_spoke = d->client_spoke || from == FEDE_CLIENT;
    d->flight_of = from;
}

static const fede_check *keep_checks(struct dissection *d, const fede_check *from, size_t *n)
{
    *n = *n < CHECKS_MOST ? *n : CHECKS_MOST;
    fede_check *checks = *n > 0 ? keep(d, *n * sizeof *checks) : NULL;
    *n = checks != NULL ? *n : 0;
    bytes_copy(checks, from, *n * sizeof *checks);
    return checks;
}

static const fede_bytes *keep_path(struct dissection *d, const fede_bytes *from, uint8_t *n)
{
    fede_bytes *path = *n > 0 ? keep(d, *n * sizeof *path) : NULL;
    *n = path != NULL ? *n : 0;
    for (size_t i = 0; i < *n; i++) {
        path[i] = arena_copy(&d->kept, from[i]);
        d->incomplete = d->incomplete || path[i].data == NULL;
    }
    return path;
}

static void keep_verdict(struct dissection *d, const fede_verdict *from)
{
    fede_verdict *v = keep(d, sizeof *v);
    if (v == NULL)
        return;
    *v = *from;
    v->checks = keep_checks(d, from->checks, &v->n_checks);
    v->path = keep_path(d, from->path, &v->path_len);
    fede_attempt *attempts = v->n_attempts > 0 ? keep(d, v->n_attempts * sizeof *attempts) : NULL;
    v->n_attempts = attempts != NULL ? v->n_attempts : 0;
    v->attempts = attempts;
    for (size_t i = 0; i < v->n_attempts; i++) {
        attempts[i] = from->attempts[i];
        attempts[i].checks = keep_checks(d, from->attempts[i].checks, &attempts[i].n_checks);
        attempts[i].path = keep_path(d, from->attempts[i].path, &attempts[i].path_len);
    }
    v->name = from->name != NULL ? keep_text(d, bytes_text(from->name)) : NULL;
    d->verdict = v;
}

static const fede_error *keep_error(struct dissection *d, const fede_error *from)
{
    fede_error *copy = keep(d, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *from;
    if (from->detail != NULL) {
        char *detail = keep(d, strlen(from->detail) + 1);
        if (detail != NULL)
            bytes_copy(detail, from->detail, strlen(from->detail));
        copy->detail = detail;
    }
    return copy;
}

static const char *keep_text(struct dissection *d, bytes raw)
{
    char escaped[600];
    struct text t = text_in(escaped, sizeof escaped);
    text_escaped(&t, raw);
    size_t len = strlen(escaped);
    char *copy = keep(d, len + 1);
    if (copy != NULL)
        bytes_copy(copy, escaped, len);
    return copy;
}

static void *keep(struct dissection *d, size_t size)
{
    void *p = arena_take(&d->kept, size);
    d->incomplete = d->incomplete || p == NULL;
    return p;
}

/* ---- names ---- */

static const char *title(const struct names *names, uint16_t number)
{
    const char *name = names_find(names, number);
    return name != NULL ? name : "unknown";
}

const char *version_title(uint16_t version)
{
    return title(&version_names, version);
}

const char *group_title(uint16_t group)
{
    return title(&group_names, group);
}

const char *scheme_title(uint16_t scheme)
{
    return title(&scheme_names, scheme);
}

const char *suite_title(uint16_t suite)
{
    return title(&suite_names, suite);
}
