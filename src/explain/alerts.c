/* explain/alerts.c: the reason behind an alert (RFC 5246 7.2), from what else the connection shows.

   One row for each alert, with a routine that looks for evidence. CERTAIN: the messages leave no other reason, or we sent it
   ourselves and know. LIKELY: something in them would make a careful peer send exactly this. NOT_VISIBLE: many things could
   be behind it and none shows; then the text says what the alert stands for and where to look. */
#include "explain/alerts.h"

#include "base/error.h"
#include "explain/annotate.h"
#include "explain/hello.h"
#include "explain/suite_parts.h"
#include "explain/ssl3.h"
#include "x509/x509.h"

struct job {
    const struct dissection *d;
    const struct derived *derived;
    int64_t at;
    struct hello client, server;
    uint8_t from;
    size_t messages; /* kept ones, when it came */
    bool protects;
    struct text *out;
};

enum { NO_CERTIFICATE = 41 /* reserved since TLS 1.0 */ };
typedef enum certainty look(struct job *j);
static look closed, handshake_failure, certificate_refused, unknown_ca, protocol_version, no_protocol,
    unrecognized_name, wrong_tag, wrong_proof, unexpected, malformed, too_long, fallback, no_renegotiation,
    certificate_missing, unasked_extension, missing_extension, staple;
static bool ours(struct job *j, const fede_error *error);
static enum certainty no_certificate(struct job *j);
static const struct kept_message *last_of(const struct job *j, uint8_t from);
static bool client_sent_no_certificate(const struct job *j);
static bool leaf_of(const struct job *j, struct certificate *leaf);

/* Plain: what is said when no evidence is found. */
static const struct {
    uint8_t description;
    look *look;
    const char *plain;
} rows[] = {
    {FEDE_ALERT_CLOSE_NOTIFY, closed, "The sender has nothing more to say and closes in order."},
    {FEDE_ALERT_UNEXPECTED_MESSAGE, unexpected, "A message came that had no place there, for the sender of the alert."},
    {FEDE_ALERT_BAD_RECORD_MAC, wrong_tag,
     "A record's tag did not fit: the keys of both sides differ, or the record was altered on the way."},
    {FEDE_ALERT_RECORD_OVERFLOW, too_long, "A record was longer than allowed."},
    {FEDE_ALERT_HANDSHAKE_FAILURE, handshake_failure,
     "The two sides found no parameters in common, or one insists on something. Which of them does not show: see the "
     "offers, "
     "and the log of the side that sent it."},
    {NO_CERTIFICATE, no_certificate, "The sender has no certificate: TLS sends an empty list instead."},
    {FEDE_ALERT_BAD_CERTIFICATE, certificate_refused,
     "The certificate was not accepted; the details are in the sender's log."},
    {FEDE_ALERT_UNSUPPORTED_CERTIFICATE, certificate_refused, "The sender can't use this kind of certificate."},
    {FEDE_ALERT_CERTIFICATE_REVOKED, NULL,
     "The certificate was revoked by its issuer. That shows in CRLs and OCSP responses, not in these messages."},
    {FEDE_ALERT_CERTIFICATE_EXPIRED, certificate_refused, "A certificate is out of date by the sender's clock."},
    {FEDE_ALERT_CERTIFICATE_UNKNOWN, certificate_refused,
     "The certificate was not accepted for some reason without an alert of its own."},
    {FEDE_ALERT_ILLEGAL_PARAMETER, NULL, "A value was out of range or did not agree with an earlier one."},
    {FEDE_ALERT_UNKNOWN_CA, unknown_ca,
     "The chain ends in no CA that the sender trusts. Which ones it trusts does not show."},
    {FEDE_ALERT_ACCESS_DENIED, NULL,
     "The certificate is good, but its owner may not come in: a decision of the sender."},
    {FEDE_ALERT_DECODE_ERROR, malformed, "The sender could not read a message."},
    {FEDE_ALERT_DECRYPT_ERROR, wrong_proof, "A signature or verify_data was wrong for the sender."},
    {FEDE_ALERT_PROTOCOL_VERSION, protocol_version, "No version in common."},
    {FEDE_ALERT_INSUFFICIENT_SECURITY, handshake_failure, "What was offered is too weak for the sender."},
    {FEDE_ALERT_INTERNAL_ERROR, NULL,
     "Something failed inside the sender; nothing on the wire is at fault. Its log may say what."},
    {FEDE_ALERT_INAPPROPRIATE_FALLBACK, fallback,
     "The server speaks a higher version than this second attempt offers."},
    {FEDE_ALERT_USER_CANCELED, NULL, "The handshake was given up for a reason outside the protocol."},
    {FEDE_ALERT_NO_RENEGOTIATION, no_renegotiation, "The sender does not renegotiate."},
    {FEDE_ALERT_MISSING_EXTENSION, missing_extension, "An extension that must be there is not."},
    {FEDE_ALERT_UNSUPPORTED_EXTENSION, unasked_extension, "An extension came that was not asked for."},
    {FEDE_ALERT_UNRECOGNIZED_NAME, unrecognized_name, "The server does not know the name asked for."},
    {FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, staple, "The stapled OCSP response was not accepted."},
    {FEDE_ALERT_CERTIFICATE_REQUIRED, certificate_missing, "The server wants a client certificate."},
    {FEDE_ALERT_NO_APPLICATION_PROTOCOL, no_protocol, "None of the protocols offered is spoken by the server."},
};

size_t alert_reasons(const struct dissection *d, const struct derived *derived, int64_t at, struct alert_reason out[2])
{
    size_t n = 0;
    for (size_t side = 0; side < 2; side++) {
        if (d->alerts[side].from == 0)
            continue;
        struct alert_reason *a = &out[n++];
        *a = (struct alert_reason){.from = d->alerts[side].from,
                                   .level = d->alerts[side].level,
                                   .description = d->alerts[side].description,
                                   .certainty = NOT_VISIBLE};
        struct text t = text_in(a->text, sizeof a->text);
        struct job j = {.d = d,
                        .derived = derived,
                        .at = at,
                        .client = hello_of(d, FEDE_CLIENT),
                        .server = hello_of(d, FEDE_SERVER),
                        .from = a->from,
                        .messages = d->before_alert[side].messages,
                        .protects = d->before_alert[side].protects,
                        .out = &t};
        const char *plain = "Not a registered alert: only its sender knows what it means.";
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (rows[i].description != a->description)
                continue;
            plain = rows[i].plain;
            if (rows[i].look != NULL)
                a->certainty = (uint8_t)rows[i].look(&j);
        }
        const fede_error *error = d->error;
        if (a->description != FEDE_ALERT_CLOSE_NOTIFY && a->from == d->role && error != NULL &&
            error->origin == FEDE_ORIGIN_US && ours(&j, error))
            a->certainty = CERTAIN;
        if (a->certainty == 0)
            a->certainty = NOT_VISIBLE;
        if (t.len == 0)
            text_add(&t, plain);
    }
    return n;
}

const char *certainty_name(enum certainty certainty)
{
    static const char *const names[] = {"unknown", "certain", "likely", "not visible on the wire"};
    return names[(size_t)certainty < sizeof names / sizeof *names ? certainty : 0];
}

/* What we refused, we know: the reason's own sentence would repeat the error's, so only its name stands here. */
static bool ours(struct job *j, const fede_error *error)
{
    char before[500];
    bytes_copy(before, j->out->out, sizeof before);
    *j->out = text_in(j->out->out, j->out->size);
    text_add(j->out, "Sent by this side, which gives as its reason: ");
    for (const char *c = reason_row(error->reason)->name; *c != '\0'; c++)
        text_char(j->out, (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c));
    text_add(j->out, error->where != NULL ? " (" : "");
    text_add(j->out, error->where);
    text_add(j->out, error->where != NULL ? ")" : "");
    text_add(j->out, ". ");
    text_add(j->out, before);
    return true;
}

/* ---- the end, in order or not so ---- */

static enum certainty closed(struct job *j)
{
    struct certificate leaf;
    struct host host;
    char name[256] = "";
    const struct dissection *d = j->d;
    if (j->from == FEDE_CLIENT && d->traffic[FEDE_CLIENT].data_records == 0 && leaf_of(j, &leaf) &&
        j->client.host_name.len > 0 && j->client.host_name.len < sizeof name) {
        bytes_copy(name, j->client.host_name.data, j->client.host_name.len);
        if (host_read(name, &host) == HOST_DNS && !host_matches(&leaf, &host)) {
            text_add(j->out, "The client closes without having sent anything, and the certificate is not for ");
            text_escaped(j->out, j->client.host_name);
            text_add(j->out, ": it may have refused the name, for which there is no alert.");
            return LIKELY;
        }
    }
    return CERTAIN;
}

/* ---- no agreement ---- */

static enum certainty handshake_failure(struct job *j)
{
    if (j->from == FEDE_SERVER && client_sent_no_certificate(j)) {
        text_add(j->out, "The server asked for a client certificate, and the client had none.");
        return LIKELY;
    }
    if (j->from != FEDE_SERVER || j->server.read || !j->client.read)
        return NOT_VISIBLE;
    size_t real = 0, old = 0, with_rsa = 0, with_ecdsa = 0;
    for (size_t i = 0; i < j->client.suites.n; i++) {
        struct suite_parts p = suite_parts(u16s_at(j->client.suites, i));
        bool suite = p.known && !names_is_grease(u16s_at(j->client.suites, i));
        real += suite;
        old += suite && !p.tls13;
        with_rsa += suite && !p.tls13 && p.proof == PROOF_RSA;
        with_ecdsa += suite && !p.tls13 && p.proof == PROOF_ECDSA;
    }
    if (real == 0) {
        text_add(j->out, "The client offers no cipher suite that encrypts.");
        return CERTAIN;
    }
    if (old > 0 && (with_rsa == 0 || with_ecdsa == 0) && with_rsa + with_ecdsa > 0) {
        text_add(j->out, "The client's suites of TLS 1.2 all need ");
        text_add(j->out, with_rsa == 0 ? "an ECDSA" : "an RSA");
        text_add(j->out, " certificate; the server may not have one. No ServerHello came, so nothing more shows.");
        return LIKELY;
    }
    text_add(j->out, "The server found nothing it accepts among ");
    text_number(j->out, (int64_t)real);
    text_add(j->out, real == 1 ? " suite, " : " suites, ");
    text_number(j->out, (int64_t)j->client.groups.n);
    text_add(j->out, j->client.groups.n == 1 ? " group and " : " groups and ");
    text_number(j->out, (int64_t)j->client.schemes.n);
    text_add(j->out, j->client.schemes.n == 1 ? " signature scheme" : " signature schemes");
    text_add(j->out, j->client.host_name.len == 0 ? "; it may also want a server_name, which is missing" : "");
    text_add(j->out, ". Which of them it lacks does not show: its log may say.");
    return NOT_VISIBLE;
}

static enum certainty protocol_version(struct job *j)
{
    if (!j->client.read)
        return NOT_VISIBLE;
    uint16_t highest = 0;
    for (size_t i = 0; i < j->client.versions.n; i++)
        if (!names_is_grease(u16s_at(j->client.versions, i)) && u16s_at(j->client.versions, i) > highest)
            highest = u16s_at(j->client.versions, i);
    if (highest == 0)
        highest = j->client.legacy_version;
    if (j->from == FEDE_SERVER) {
        text_add(j->out, "The client offers at most ");
        text_add(j->out, version_title(highest));
        text_add(j->out, "; the server wants a version that is not among those offered.");
        return j->server.read ? LIKELY : CERTAIN;
    }
    if (!j->server.read)
        return NOT_VISIBLE;
    text_add(j->out, "The server chose ");
    text_add(j->out, version_title(j->d->version));
    text_add(j->out, ", which the client does not accept.");
    return LIKELY;
}

static enum certainty no_protocol(struct job *j)
{
    if (j->d->alpn_offer == NULL)
        return NOT_VISIBLE;
    text_add(j->out, "The client offers ");
    text_add(j->out, j->d->alpn_offer);
    text_add(j->out, "; the server speaks none of them.");
    return CERTAIN;
}

static enum certainty unrecognized_name(struct job *j)
{
    if (j->client.host_name.len == 0)
        return NOT_VISIBLE;
    text_add(j->out, "The client asks for ");
    text_escaped(j->out, j->client.host_name);
    text_add(j->out, ", a name that this server is not configured for.");
    return CERTAIN;
}

static enum certainty fallback(struct job *j)
{
    return u16s_has(j->client.suites, 0x5600) ? CERTAIN : NOT_VISIBLE;
}

static enum certainty no_renegotiation(struct job *j)
{
    return j->d->observed.renegotiated ? CERTAIN : NOT_VISIBLE;
}

/* ---- certificates ---- */

/* RFC 6101 5.6.6: what SSL 3.0 has in place of an empty Certificate. */
static enum certainty no_certificate(struct job *j)
{
    const bool asked = dissection_message(j->d, FEDE_SERVER, MSG_CERTIFICATE_REQUEST, 0) != NULL;
    if (!asked || j->d->version != SSL3_VERSION)
        return NOT_VISIBLE;
    text_add(j->out, "The server asks for a certificate, and the client has none: in SSL 3.0 it says so in this way.");
    return CERTAIN;
}

static enum certainty certificate_missing(struct job *j)
{
    if (!client_sent_no_certificate(j))
        return NOT_VISIBLE;
    text_add(j->out, "The client answered the request for a certificate with an empty list.");
    return CERTAIN;
}

/* The server's certificates by their dates and names; a client's certificate is not kept apart. */
static enum certainty certificate_refused(struct job *j)
{
    struct certificate leaf, c;
    fede_error error = {0};
    if (j->from == FEDE_SERVER) {
        if (client_sent_no_certificate(j)) {
            text_add(j->out, "The server asked for a client certificate, and the client had none.");
            return LIKELY;
        }
        return NOT_VISIBLE;
    }
    for (size_t i = 0; i < j->d->n_certificates; i++) {
        if (!certificate_read(j->d->certificates[i], &c, &error)) {
            text_add(j->out, "A certificate can't be read.");
            return LIKELY;
        }
        bool late = c.not_after<j->at, early = c.not_before> j->at;
        if (!late && !early)
            continue;
        text_add(j->out, "The certificate ");
        certificate_title(c.der, j->out);
        text_add(j->out, late ? " expired on " : " is valid only from ");
        text_time(j->out, late ? c.not_after : c.not_before);
        text_char(j->out, '.');
        bool exactly = late && j->d->alerts[FEDE_CLIENT - 1].description == FEDE_ALERT_CERTIFICATE_EXPIRED;
        return exactly ? CERTAIN : LIKELY;
    }
    struct host host;
    char name[256] = "";
    if (leaf_of(j, &leaf) && j->client.host_name.len > 0 && j->client.host_name.len < sizeof name) {
        bytes_copy(name, j->client.host_name.data, j->client.host_name.len);
        if (host_read(name, &host) == HOST_DNS && !host_matches(&leaf, &host)) {
            text_add(j->out, "The certificate is not for ");
            text_escaped(j->out, j->client.host_name);
            text_char(j->out, '.');
            return LIKELY;
        }
    }
    for (size_t i = 0; j->derived != NULL && i < j->derived->n_verdicts; i++)
        if (j->derived->verdicts[i].outcome == VERDICT_FAILED && j->derived->verdicts[i].certificate >= 0) {
            text_add(j->out, "A certificate's signature is wrong.");
            return LIKELY;
        }
    return NOT_VISIBLE;
}

static enum certainty unknown_ca(struct job *j)
{
    struct certificate leaf, last;
    fede_error error = {0};
    if (j->from == FEDE_SERVER || !leaf_of(j, &leaf))
        return NOT_VISIBLE;
    if (leaf.self_issued) {
        text_add(j->out,
                 "The server's certificate is signed with its own key: nobody trusts it without having been told to.");
        return LIKELY;
    }
    bytes top = j->d->certificates[j->d->n_certificates - 1];
    if (!certificate_read(top, &last, &error))
        return NOT_VISIBLE;
    text_add(j->out,
             j->d->n_certificates == 1
                 ? "The server sent its own certificate alone: either an intermediate is missing, or the issuer ("
                 : "The client does not trust the CA in which the chain ends (");
    char issuer[300];
    name_text(last.issuer, issuer, sizeof issuer);
    text_add(j->out, issuer);
    text_add(j->out, j->d->n_certificates == 1 ? ") is no CA that the client trusts." : ").");
    return LIKELY;
}

static enum certainty staple(struct job *j)
{
    return dissection_message(j->d, FEDE_SERVER, MSG_CERTIFICATE_STATUS, 0) != NULL ? CERTAIN : NOT_VISIBLE;
}

/* ---- proofs, tags, messages ---- */

static enum certainty wrong_proof(struct job *j)
{
    for (size_t i = 0; j->derived != NULL && i < j->derived->n_verdicts; i++) {
        const struct derived_verdict *v = &j->derived->verdicts[i];
        if (v->outcome != VERDICT_FAILED || v->from == j->from || v->certificate >= 0)
            continue;
        text_add(j->out, "Recomputed and found wrong: ");
        text_add(j->out, v->title);
        text_char(j->out, '.');
        return CERTAIN;
    }
    const struct kept_message *m = last_of(j, j->from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT);
    bool proof = m != NULL &&
                 (m->type == MSG_SERVER_KEY_EXCHANGE || m->type == MSG_CERTIFICATE_VERIFY || m->type == MSG_FINISHED ||
                  m->type == MSG_SERVER_HELLO_DONE || m->type == MSG_CLIENT_KEY_EXCHANGE);
    if (!proof)
        return NOT_VISIBLE;
    text_add(j->out, "The last message before it was ");
    text_add(j->out, message_title(m->type));
    text_add(j->out, ": its signature or verify_data, or one shortly before it, was wrong for the sender.");
    return LIKELY;
}

static enum certainty wrong_tag(struct job *j)
{
    uint8_t other = j->from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    if (!j->d->protects[other])
        return NOT_VISIBLE;
    if (!j->d->opened) {
        text_add(
            j->out,
            "The first protected record could not be opened: the two sides have different keys, as after a different "
            "key share, transcript or master secret, or the record was altered.");
        return LIKELY;
    }
    text_add(j->out, "A record was altered on the way, came twice, or is missing: until then the keys fitted.");
    return LIKELY;
}

static enum certainty unexpected(struct job *j)
{
    uint8_t other = j->from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    if (j->d->observed.early_ccs[other]) {
        text_add(j->out, "ChangeCipherSpec came before its time.");
        return CERTAIN;
    }
    const struct kept_message *m = last_of(j, other);
    if (m == NULL)
        return NOT_VISIBLE;
    text_add(j->out, "The last message before it was ");
    text_add(j->out, message_title(m->type));
    text_add(j->out, ", which had no place there for the sender of the alert.");
    return LIKELY;
}

static enum certainty malformed(struct job *j)
{
    uint8_t other = j->from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    for (size_t i = 0; i < j->messages && i < j->d->n_handshake; i++) {
        const struct kept_message *m = &j->d->handshake[i];
        if (m->from != other || m->bytes.data == NULL)
            continue;
        struct arena scratch;
        arena_start(&scratch, &memory_standard, (size_t)4 * 1024 * 1024);
        struct annotation a = annotate_message(&scratch, m->bytes, &j->d->context);
        if (a.faults.first != NULL) {
            text_add(j->out, message_title(m->type));
            text_add(j->out, " can't be read to its end: ");
            text_add(j->out, a.faults.first->where);
            text_char(j->out, ' ');
            text_add(j->out, a.faults.first->why);
            text_char(j->out, '.');
        }
        arena_end(&scratch);
        if (j->out->len > 0)
            return CERTAIN;
    }
    return NOT_VISIBLE;
}

static enum certainty too_long(struct job *j)
{
    return j->d->observed.over_limit[j->from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT] != 0 ? CERTAIN : NOT_VISIBLE;
}

static enum certainty unasked_extension(struct job *j)
{
    bytes rest = j->server.extensions, body;
    uint16_t id;
    while (j->from == FEDE_CLIENT && extensions_next(&rest, &id, &body)) {
        bool by_suite = id == EXT_RENEGOTIATION_INFO && u16s_has(j->client.suites, 0x00ff);
        if (by_suite || hello_extension(&j->client, id).data != NULL)
            continue;
        text_add(j->out, "The ServerHello has ");
        field_registered(j->out, &extension_names, id);
        text_add(j->out, ", which the client did not send.");
        return CERTAIN;
    }
    return NOT_VISIBLE;
}

static enum certainty missing_extension(struct job *j)
{
    static const struct {
        uint16_t id;
        const char *name;
    } wanted[] = {{EXT_SIGNATURE_ALGORITHMS, "signature_algorithms"},
                  {EXT_SUPPORTED_GROUPS, "supported_groups"},
                  {EXT_KEY_SHARE, "key_share"},
                  {EXT_SERVER_NAME, "server_name"}};
    for (size_t i = 0; j->from == FEDE_SERVER && j->client.read && i < sizeof wanted / sizeof *wanted; i++) {
        if (hello_extension(&j->client, wanted[i].id).data != NULL)
            continue;
        text_add(j->out, "The ClientHello has no ");
        text_add(j->out, wanted[i].name);
        text_char(j->out, '.');
        return LIKELY;
    }
    return NOT_VISIBLE;
}

/* ---- parts ---- */

static const struct kept_message *last_of(const struct job *j, uint8_t from)
{
    for (size_t i = j->messages; i-- > 0;)
        if (i < j->d->n_handshake && j->d->handshake[i].from == from)
            return &j->d->handshake[i];
    return NULL;
}

static bool client_sent_no_certificate(const struct job *j)
{
    const struct kept_message *asked = dissection_message(j->d, FEDE_SERVER, MSG_CERTIFICATE_REQUEST, 0),
                              *list = dissection_message(j->d, FEDE_CLIENT, MSG_CERTIFICATE, 0);
    return asked != NULL && list != NULL && !j->d->client_certificate && j->d->version < 0x0304;
}

static bool leaf_of(const struct job *j, struct certificate *leaf)
{
    fede_error error = {0};
    return j->d->n_certificates > 0 && certificate_read(j->d->certificates[0], leaf, &error);
}
