/* tls/client_auth.c: client certificates, beyond what Certificate and its judgement have in common with the server's
   (authenticate.c). A server asks: CertificateRequest with kinds, schemes and the names of CAs. A client chooses the
   credential that fits, or lets the application choose, and signs all messages so far: CertificateVerify. RFC 5246 7.4.4,
   7.4.6, 7.4.8; RFC 8422 5.5 for the kinds of certificates.

   The signature's hash need not be the transcript's, and EdDSA wants the messages themselves: a side that may come to need
   them keeps them from the ClientHello on. */
#include "tls/handshake.h"
#include "tls/inform.h"

/* Clients refuse long messages here: OpenSSL takes 16,384 bytes. */
enum { AUTHORITIES_MOST = 16000, MESSAGES_ROOM = 4096 };
enum { TYPE_RSA_SIGN = 1, TYPE_ECDSA_SIGN = 64 };

static bool anchor_names(struct handshake *hs, bytes *names);
static size_t suggest(const struct handshake *hs, const char **why_not);
static bool kind_wanted(const struct handshake *hs, const struct credential *credential);
static const struct scheme *scheme_of(const struct handshake *hs, const struct credential *credential);
static bool issuer_named(const struct handshake *hs, const struct credential *credential);
static bool name_next_of(bytes *rest, bytes *name);
static void take_credential(struct handshake *hs, size_t n, const char *why_not);

/* ---- The messages so far. */

void messages_start(struct handshake *hs)
{
    const struct fede_config *config = hs->conn->config;
    bool may_sign = handshake_is_client(hs) && config->n_credentials > 0;
    bool may_verify = !handshake_is_client(hs) && config->client_certificate != FEDE_CLIENT_CERTIFICATE_NONE;
    hs->keeps_messages = (may_sign || may_verify) && !(hs->facts & FACT_RESUMED);
}

enum outcome messages_add(struct handshake *hs, bytes message)
{
    transcript_add(&hs->transcript, message);
    if (!hs->keeps_messages || !hs->transcript.started)
        return DONE;
    if (hs->messages_size - hs->messages_len < message.len) {
        size_t size = hs->messages_len + message.len + MESSAGES_ROOM;
        uint8_t *data = arena_take(&hs->arena, size);
        if (data == NULL)
            return handshake_no_memory(hs);
        bytes_copy(data, hs->messages, hs->messages_len);
        hs->messages = data;
        hs->messages_size = size;
    }
    bytes_copy(hs->messages + hs->messages_len, message.data, message.len);
    hs->messages_len += message.len;
    return DONE;
}

/* ---- The server asks. */

bool client_auth_can_judge(const struct fede_config *config)
{
    return config->client_certificate == FEDE_CLIENT_CERTIFICATE_NONE || config->questions & FEDE_ASK_VERDICT ||
           anchors_count(config->trust->anchors) > 0;
}

enum written write_certificate_request(struct handshake *hs, size_t *room)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    struct certificate_request *m = &hs->msg.certificate_request;
    if (config->client_certificate == FEDE_CLIENT_CERTIFICATE_NONE)
        return LEFT_OUT;
    if (!client_auth_can_judge(config)) { /* a config that came as an answer */
        handshake_fail(hs, FEDE_CONFIG_NO_TRUST, NULL, 0, 0);
        conn->error.alert = FEDE_ALERT_INTERNAL_ERROR;
        return NOT_WRITTEN;
    }
    uint8_t *types = arena_take(&hs->arena, 2);
    bytes names = bytes_of(config->authorities, config->authorities_len);
    if (types == NULL || (!config->authorities_given && !anchor_names(hs, &names))) {
        handshake_no_memory(hs);
        return NOT_WRITTEN;
    }
    struct codes permitted = schemes_permitted(conn, NULL);
    struct u16s schemes = {arena_copy(&hs->arena, bytes_of(permitted.data, 2 * (size_t)permitted.n)).data, permitted.n};
    if (schemes.data == NULL) {
        handshake_no_memory(hs);
        return NOT_WRITTEN;
    }
    bool rsa = false, ec = false;
    for (size_t i = 0; i < schemes.n; i++) {
        const struct scheme *scheme = scheme_any(u16s_at(schemes, i));
        rsa |= scheme->auth == AUTH_RSA;
        ec |= scheme->auth == AUTH_ECDSA;
    }
    size_t n = 0;
    if (ec)
        types[n++] = TYPE_ECDSA_SIGN;
    if (rsa)
        types[n++] = TYPE_RSA_SIGN;
    *m = (struct certificate_request){.types = bytes_of(types, n), .schemes = schemes, .authorities = names};
    conn->flags |= CONN_CERT_ASKED;
    *room = 8 + n + 2 * schemes.n + names.len;
    return WRITTEN;
}

/* Subjects of the trust anchors; none when they do not fit: some alone would say that the others are not accepted. */
static bool anchor_names(struct handshake *hs, bytes *names)
{
    const struct anchors *anchors = hs->conn->config->trust->anchors;
    const struct certificate *anchor;
    size_t len = 0, at = 0;
    *names = BYTES_NONE;
    for (size_t i = 0; (anchor = anchors_at(anchors, i)) != NULL && len <= AUTHORITIES_MOST; i++)
        len += 2 + anchor->subject.len;
    if (len == 0 || len > AUTHORITIES_MOST)
        return true;
    uint8_t *list = arena_take(&hs->arena, len);
    if (list == NULL)
        return false;
    for (size_t i = 0; (anchor = anchors_at(anchors, i)) != NULL; i++) {
        store16(list + at, (uint16_t)anchor->subject.len);
        bytes_copy(list + at + 2, anchor->subject.data, anchor->subject.len);
        at += 2 + anchor->subject.len;
    }
    *names = bytes_of(list, len);
    return true;
}

/* ---- The client chooses. */

enum outcome read_certificate_request(struct handshake *hs)
{
    const struct certificate_request *m = &hs->msg.certificate_request;
    bytes schemes = arena_copy(&hs->arena, bytes_of(m->schemes.data, 2 * m->schemes.n));
    hs->requested_types = arena_copy(&hs->arena, m->types);
    hs->requested_authorities = arena_copy(&hs->arena, m->authorities);
    if (schemes.data == NULL || hs->requested_types.data == NULL ||
        (hs->requested_authorities.data == NULL && m->authorities.len > 0))
        return handshake_no_memory(hs);
    hs->requested_schemes = (struct u16s){schemes.data, m->schemes.n};
    hs->conn->flags |= CONN_CERT_ASKED;
    return DONE;
}

enum outcome act_select(struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    const char *why_not = NULL;
    size_t n = suggest(hs, &why_not);
    if (!(conn->config->questions & FEDE_ASK_SELECTION)) {
        take_credential(hs, n, why_not);
    } else if (hs->selection_asked == ANSWER_NONE) {
        hs->selection_asked = ANSWER_OPEN;
        hs->question = (fede_question){.kind = FEDE_ASK_SELECTION, .server_name = conn->server_name, .credential = n,
                                       .why_not = n == FEDE_NO_CREDENTIAL ? why_not : NULL};
    }
    return hs->selection_asked == ANSWER_OPEN ? WAIT : DONE;
}

bool fede_answer_credential(fede_conn *conn, size_t n)
{
    const fede_question *question = fede_ask(conn);
    struct handshake *hs = conn->handshake;
    if (question == NULL || question->kind != FEDE_ASK_SELECTION)
        return conn_no_question(conn, "no choice of a credential waits for an answer");
    if (n != FEDE_NO_CREDENTIAL &&
        (n >= conn->config->n_credentials || scheme_of(hs, conn->config->credentials[n]) == NULL))
        return false;
    take_credential(hs, n, "the application declines");
    hs->selection_asked = ANSWER_YES;
    conn_drive(conn);
    return !(conn->ending & FEDE_ENDED_BADLY);
}

static void take_credential(struct handshake *hs, size_t n, const char *why_not)
{
    struct fede_conn *conn = hs->conn;
    if (n == FEDE_NO_CREDENTIAL) {
        inform_client_certificate(conn, false, why_not);
        return;
    }
    hs->credential = conn->config->credentials[n];
    hs->client_scheme = scheme_of(hs, hs->credential);
    conn->client_scheme = hs->client_scheme->id;
    hs->facts |= FACT_CLIENT_CERT;
    conn->flags |= CONN_CERT_GIVEN;
    inform_client_certificate(conn, true, NULL);
    inform_choice(conn, "client signature scheme", conn->client_scheme, BYTES_NONE);
}

/* The first credential whose key fits and whose chain leads to a CA that is named; else the first for which the issuer does
   not matter. */
static size_t suggest(const struct handshake *hs, const char **why_not)
{
    const struct fede_config *config = hs->conn->config;
    size_t any = FEDE_NO_CREDENTIAL;
    *why_not = config->n_credentials == 0 ? "none is configured" : "no key is of the kinds that it wants";
    for (size_t i = 0; i < config->n_credentials; i++) {
        const struct credential *credential = config->credentials[i];
        if (!kind_wanted(hs, credential))
            continue;
        if (scheme_of(hs, credential) == NULL) {
            *why_not = "no key fits the schemes that it wants";
            continue;
        }
        if (issuer_named(hs, credential))
            return i;
        *why_not = "it names other CAs";
        if (any == FEDE_NO_CREDENTIAL && credential->any_issuer)
            any = i;
    }
    return any;
}

static bool kind_wanted(const struct handshake *hs, const struct credential *credential)
{
    uint8_t type = credential->auth == AUTH_RSA ? TYPE_RSA_SIGN : TYPE_ECDSA_SIGN;
    return memchr(hs->requested_types.data, type, hs->requested_types.len) != NULL;
}

static const struct scheme *scheme_of(const struct handshake *hs, const struct credential *credential)
{
    if (!kind_wanted(hs, credential))
        return NULL;
    struct codes ours = schemes_permitted(hs->conn, credential);
    return credential_scheme(credential, codes_list(&ours), hs->requested_schemes, hs->conn->version);
}

static bool issuer_named(const struct handshake *hs, const struct credential *credential)
{
    bytes certificates = bytes_of(credential->list, credential->list_len), der, name;
    fede_error ignored = {0};
    struct certificate c;
    if (hs->requested_authorities.len == 0)
        return true;
    while (certificates_next(&certificates, &der)) {
        if (!certificate_read(der, &c, &ignored))
            continue;
        for (bytes rest = hs->requested_authorities; name_next_of(&rest, &name);)
            if (name_equal(name, c.issuer))
                return true;
    }
    return false;
}

static bool name_next_of(bytes *rest, bytes *name)
{
    if (rest->len < 2)
        return false;
    *name = bytes_of(rest->data + 2, load16(rest->data));
    *rest = bytes_skip(*rest, 2 + name->len);
    return true;
}

fede_bytes fede_requested_authority(const fede_conn *conn, size_t i)
{
    bytes rest = conn->handshake != NULL ? conn->handshake->requested_authorities : BYTES_NONE, name;
    while (name_next_of(&rest, &name))
        if (i-- == 0)
            return name;
    return BYTES_NONE;
}

uint16_t fede_requested_scheme(const fede_conn *conn, size_t i)
{
    const struct handshake *hs = conn->handshake;
    return hs != NULL && i < hs->requested_schemes.n ? u16s_at(hs->requested_schemes, i) : 0;
}

fede_bytes fede_requested_types(const fede_conn *conn)
{
    return conn->handshake != NULL ? conn->handshake->requested_types : BYTES_NONE;
}

/* ---- CertificateVerify. */

/* A silent step of the client's, before the message. */
enum outcome sign_messages(struct handshake *hs)
{
    return sign_input(hs, hs->client_scheme, bytes_of(hs->messages, hs->messages_len));
}

enum written write_certificate_verify(struct handshake *hs, size_t *room)
{
    hs->keeps_messages = false;
    hs->msg.certificate_verify =
        (struct certificate_verify){.scheme = hs->client_scheme->id, .signature = hs->signature};
    *room = 4 + hs->signature.len;
    return WRITTEN;
}

enum outcome read_certificate_verify(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct certificate_verify *m = &hs->msg.certificate_verify;
    hs->keeps_messages = false;
    struct codes permitted = schemes_permitted(conn, NULL);
    if (!u16s_has(codes_list(&permitted), m->scheme))
        return handshake_fail(hs, FEDE_SCHEME_NOT_OFFERED, "algorithm", m->scheme, 0);
    const struct scheme *scheme = scheme_any(m->scheme);
    conn->client_scheme = m->scheme;
    inform_choice(conn, "client signature scheme", m->scheme, BYTES_NONE);
    return verify_signature(hs, scheme, MSG_CERTIFICATE_VERIFY, bytes_of(hs->messages, hs->messages_len), m->signature);
}
