/* tls/error_text.c: an error as sentences. The rows of reasons.def hold sentence and advice with slots; here the slots are
   filled with what was seen, and place, alert and section of the standard are set behind:

       The server's certificate ended on 2026-05-01 …. (certificate 0, notAfter; alert certificate_expired; RFC 5280 4.1.2.5)

   Whatever came from the peer is shown without control characters. */
#include <pthread.h>

#include "base/error.h"
#include "base/text.h"
#include "flow/flow.h"
#include "wire/names.h"

static void fill(struct text *t, const char *sentence, const fede_error *e);
static void slot(struct text *t, const char *name, size_t len, const fede_error *e);
static void value(struct text *t, int64_t v, const char *form, size_t len);
static void clean(struct text *t, const char *s);
static void add_place(struct text *t, const fede_error *e);
static const char *advice_on(unsigned alert);

size_t fede_error_text(const fede_error *error, char *out, size_t size)
{
    static const fede_error none = {
        .alert = FEDE_ALERT_NONE, .message = 0xffff, .certificate = 0xffff, .offset = UINT32_MAX};
    struct text t = text_in(out, size);
    error = error != NULL ? error : &none;
    fill(&t, reason_row(error->reason)->sentence, error);
    add_place(&t, error);
    return t.len;
}

size_t fede_error_advice(const fede_error *error, char *out, size_t size)
{
    struct text t = text_in(out, size);
    if (error == NULL)
        return 0;
    if (error->reason == FEDE_PEER_ALERT && error->detail == NULL)
        text_add(&t, advice_on((unsigned)error->got));
    else
        fill(&t, reason_row(error->reason)->advice, error);
    return t.len;
}

/* ---- Slots. */

static void fill(struct text *t, const char *sentence, const fede_error *e)
{
    for (const char *p = sentence; *p != '\0'; p++) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        if (end == NULL) {
            text_char(t, *p);
            continue;
        }
        bool first = p == sentence;
        size_t before = t->len;
        slot(t, p + 1, (size_t)(end - p - 1), e);
        if (first && t->len > before && before < t->size && t->out[before] >= 'a' && t->out[before] <= 'z' &&
            strncmp(p, "{cert}", 6) == 0)
            t->out[before] = (char)(t->out[before] - 32); /* the sentence begins with it */
        p = end;
    }
}

static bool is(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(name, word, len) == 0;
}

static void slot(struct text *t, const char *name, size_t len, const fede_error *e)
{
    const char *colon = memchr(name, ':', len);
    size_t head = colon != NULL ? (size_t)(colon - name) : len;
    if (is(name, head, "detail"))
        clean(t, e->detail != NULL && e->detail[0] != '\0' ? e->detail : "no details are known");
    else if (is(name, head, "cert") && (e->certificate == 0 || e->certificate == FEDE_CERTIFICATE_NONE))
        text_add(t, "the server's certificate");
    else if (is(name, head, "cert") && e->certificate == FEDE_CERTIFICATE_CLIENT)
        text_add(t, "the client's certificate");
    else if (is(name, head, "cert") && e->certificate == FEDE_CERTIFICATE_ANCHOR)
        text_add(t, "the trust anchor");
    else if (is(name, head, "cert")) {
        text_add(t, "certificate ");
        text_number(t, e->certificate);
        text_add(t, " of the chain");
    } else if (is(name, head, "got") || is(name, head, "wanted"))
        value(t, is(name, head, "got") ? e->got : e->wanted, colon != NULL ? colon + 1 : "",
              colon != NULL ? len - head - 1 : 0);
}

/* The registry's name with its number. */
static void registered(struct text *t, const struct names *names, int64_t v)
{
    const char *name = v >= 0 && v <= UINT32_MAX ? names_find(names, (uint32_t)v) : NULL;
    if (name != NULL) {
        text_add(t, name);
        text_add(t, " (");
    }
    if (names->digits > 0)
        text_hex_number(t, (uint64_t)v, names->digits);
    else
        text_number(t, v);
    if (name != NULL)
        text_add(t, ")");
}

static void value(struct text *t, int64_t v, const char *form, size_t len)
{
    static const struct {
        const char *form;
        const struct names *names;
    } registries[] = {
        {"suite", &suite_names},         {"group", &group_names}, {"scheme", &scheme_names},
        {"extension", &extension_names}, {"alert", &alert_names}, {"record", &content_type_names},
    };
    static const struct {
        int64_t version;
        const char *name;
    } versions[] = {{0x0200, "SSL 2.0"}, {0x0300, "SSL 3.0"}, {0x0301, "TLS 1.0"},
                    {0x0302, "TLS 1.1"}, {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"}};
    for (size_t i = 0; i < sizeof registries / sizeof registries[0]; i++)
        if (is(form, len, registries[i].form)) {
            registered(t, registries[i].names, v);
            return;
        }
    if (is(form, len, "message")) {
        const char *name = v >= 0 && v < MSG_KINDS ? flow_step_name((uint16_t)v) : NULL;
        if (name != NULL)
            text_add(t, name);
        else
            registered(t, &handshake_names, v);
    } else if (is(form, len, "version")) {
        for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
            if (versions[i].version == v) {
                text_add(t, versions[i].name);
                return;
            }
        text_add(t, "version ");
        text_hex_number(t, (uint64_t)v, 4);
    } else if (is(form, len, "time")) {
        text_time(t, v);
    } else if (len == 2 && form[0] == 'x') {
        text_hex_number(t, (uint64_t)v, form[1] - '0');
    } else {
        text_number(t, v);
    }
}

/* Details were escaped where they were made; this only makes sure. */
static void clean(struct text *t, const char *s)
{
    for (; *s != '\0'; s++) {
        uint8_t c = (uint8_t)*s;
        bool c1 = c == 0xc2 && (uint8_t)s[1] >= 0x80 && (uint8_t)s[1] < 0xa0;
        text_char(t, c < 0x20 || c == 0x7f || c1 ? '?' : *s);
        if (c1)
            s++;
    }
}

/* ---- What stands behind the sentence. */

static void part(struct text *t, bool *any, const char *joint, const char *s)
{
    text_add(t, *any ? joint : " (");
    text_add(t, s);
    *any = true;
}

static void add_place(struct text *t, const fede_error *e)
{
    const struct reason_row *row = reason_row(e->reason);
    bool any = false;
    if (e->certificate == FEDE_CERTIFICATE_ANCHOR) {
        part(t, &any, "", "trust anchor");
    } else if (e->certificate != FEDE_CERTIFICATE_NONE) {
        part(t, &any, "", "certificate ");
        text_number(t, e->certificate == FEDE_CERTIFICATE_CLIENT ? 0 : e->certificate);
    } else if (e->message != 0xffff) {
        const char *name = names_find(&handshake_names, e->message);
        const char *step = e->message < MSG_KINDS ? flow_step_name(e->message) : NULL;
        part(t, &any, "", step != NULL ? step : name != NULL ? name : "handshake message");
    }
    if (e->where != NULL && e->where[0] != '\0')
        part(t, &any, e->certificate == FEDE_CERTIFICATE_NONE && e->message != 0xffff ? "." : ", ", e->where);
    if (e->offset != UINT32_MAX) {
        part(t, &any, ", ", "byte ");
        text_number(t, e->offset);
    }
    if (e->alert != FEDE_ALERT_NONE && e->origin != FEDE_ORIGIN_PEER) {
        part(t, &any, "; ", "alert ");
        text_add(t, fede_alert_name(e->alert));
    }
    if (row->section[0] != '\0')
        part(t, &any, "; ", row->section);
    if (any)
        text_add(t, ")");
}

/* ---- Names. */

/* Lower-case copies of the rows' names, made once. */
enum { NAME_ROOM = 48 };
static char lower[FEDE_REASON_COUNT][NAME_ROOM];

static void make_lower(void)
{
    for (unsigned r = 0; r < FEDE_REASON_COUNT; r++) {
        const char *name = reason_row(r)->name;
        for (size_t i = 0; name[i] != '\0' && i + 1 < NAME_ROOM; i++)
            lower[r][i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    }
}

const char *fede_reason_name(unsigned reason)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_lower);
    return reason < FEDE_REASON_COUNT ? lower[reason] : "unknown";
}

const char *fede_reason_section(unsigned reason)
{
    return reason_row(reason)->section;
}

const char *fede_alert_name(unsigned alert)
{
    const char *name = names_find(&alert_names, alert);
    return name != NULL ? name : "unknown";
}

/* ---- The likeliest cause of an alert that the peer sent, and what to do. */

static const char *advice_on(unsigned alert)
{
    // clang-format off
    static const struct {
        uint8_t alert;
        const char *advice;
    } rows[] = {
        {FEDE_ALERT_UNEXPECTED_MESSAGE,  "The peer did not expect what it got. Often the port speaks another protocol, or something between changes the bytes; look at the peer's log."},
        {FEDE_ALERT_BAD_RECORD_MAC,      "A record arrived altered, or both sides hold different keys. Look for something on the way that changes bytes."},
        {FEDE_ALERT_RECORD_OVERFLOW,     "The peer takes smaller records only; set a smaller largest fragment."},
        {FEDE_ALERT_HANDSHAKE_FAILURE,   "The two sides have no common choice: version, cipher suite, group, signature scheme or kind of certificate. Compare what is offered with what the peer allows; it may also want a client certificate."},
        {FEDE_ALERT_BAD_CERTIFICATE,     "The peer does not accept the certificate it was given: it may be for another name, unreadable, or wrongly signed. Check its names and the chain that is sent."},
        {FEDE_ALERT_UNSUPPORTED_CERTIFICATE, "The peer can't use this kind of certificate. Use one with an RSA or ECDSA P-256 key."},
        {FEDE_ALERT_CERTIFICATE_REVOKED, "The peer says that the certificate was revoked. Get a new one."},
        {FEDE_ALERT_CERTIFICATE_EXPIRED, "The peer says that the certificate is not valid at this time. Renew it, and check the clocks of both machines."},
        {FEDE_ALERT_CERTIFICATE_UNKNOWN, "The peer refuses the certificate without saying why. Look at the peer's log."},
        {FEDE_ALERT_ILLEGAL_PARAMETER,   "The peer found a value that contradicts the standard or the rest of the handshake. This may be a defect of either side; report it with a capture."},
        {FEDE_ALERT_UNKNOWN_CA,          "The peer does not trust the certificate's issuer, or an intermediate certificate was not sent. Send the whole chain, or give the peer the issuer's certificate."},
        {FEDE_ALERT_ACCESS_DENIED,       "The peer understood, but does not let this side in. Ask its operator."},
        {FEDE_ALERT_DECODE_ERROR,        "The peer could not read a message. This may be a defect of either side; report it with a capture."},
        {FEDE_ALERT_DECRYPT_ERROR,       "A signature or Finished did not verify at the peer: a key does not belong to its certificate, or the handshake was altered on the way."},
        {FEDE_ALERT_PROTOCOL_VERSION,    "The peer does not speak TLS 1.2. It may allow only TLS 1.3, or only versions that are too old to be safe."},
        {FEDE_ALERT_INSUFFICIENT_SECURITY, "The peer wants stronger parameters than those offered. Allow stronger cipher suites or groups."},
        {FEDE_ALERT_INTERNAL_ERROR,      "Something failed inside the peer. Look at its log, or try again later."},
        {FEDE_ALERT_INAPPROPRIATE_FALLBACK, "The peer can do a higher version than was offered in this second attempt. Find out why the first attempt failed."},
        {FEDE_ALERT_USER_CANCELED,       "The peer's user or program gave up. Nothing is wrong with the protocol."},
        {FEDE_ALERT_NO_RENEGOTIATION,    "The peer does not renegotiate."},
        {FEDE_ALERT_MISSING_EXTENSION,   "The peer needs an extension that was not sent."},
        {FEDE_ALERT_UNSUPPORTED_EXTENSION, "The peer got an extension that it had not asked for."},
        {FEDE_ALERT_UNRECOGNIZED_NAME,   "The peer does not serve this name. Check the host name, or send another one as server name (--servername)."},
        {FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE, "The peer could not use the stapled certificate status."},
        {FEDE_ALERT_CERTIFICATE_REQUIRED, "The peer wants a client certificate."},
        {FEDE_ALERT_NO_APPLICATION_PROTOCOL, "The peer speaks none of the application protocols offered (ALPN). Offer another one, for instance http/1.1, or none."},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].alert == alert)
            return rows[i].advice;
    return "Look at the peer's log.";
}
