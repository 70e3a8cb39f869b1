/* tls/authenticate.c: who is there, and did both sides see the same handshake? Certificate, the judgement of the chain, the
   server's signature, Finished, and the step that opens the connection only when every proof is on record. RFC 5246 7.4.2,
   7.4.3, 7.4.6, 7.4.9; RFC 8422 5.1.1, 5.4. */
#include "crypto/offline.h"
#include "tls/handshake.h"
#include "tls/inform.h"

static enum outcome judge(struct handshake *hs);
static enum outcome decide(struct handshake *hs);
static enum outcome check_exchange(struct handshake *hs);
static enum outcome leaf_may(struct handshake *hs, uint16_t usage, const char *what);
static enum outcome curve_offered(struct handshake *hs);
static enum outcome wrong_key(struct handshake *hs, fede_reason reason, const char *where, uint8_t message,
                              uint16_t id);
static bool may_false_start(const struct handshake *hs);
static void make_verify_data(struct handshake *hs, bool client, uint8_t out[VERIFY_DATA_LEN]);

/* ---- Certificate. */

enum written write_certificate(struct handshake *hs, size_t *room)
{
    struct certificate_message *m = &hs->msg.certificate;
    const struct credential *credential = hs->credential; /* NULL: a client without one says so with an empty list */
    m->list = credential != NULL ? bytes_of(credential->list, credential->list_len) : BYTES_NONE;
    *room = 3 + m->list.len;
    return WRITTEN;
}

/* The chain is kept until it is judged. A client's may be empty: it has none that fits (RFC 5246 7.4.6). */
enum outcome read_certificate(struct handshake *hs)
{
    bytes rest = hs->msg.certificate.list, der;
    size_t n = 0;
    while (certificates_next(&rest, &der))
        n++;
    if (n == 0 && handshake_is_client(hs))
        return handshake_fail(hs, FEDE_CERT_NONE, "certificate_list", 0, 0);
    if (n == 0 && hs->conn->config->client_certificate == FEDE_CLIENT_CERTIFICATE_REQUIRED)
        return handshake_fail(hs, FEDE_CLIENT_CERT_MISSING, "certificate_list", 0, 0);
    if (n == 0) {
        hs->keeps_messages = false;
        inform_client_certificate(hs->conn, false, "the client has none that fits");
        return DONE;
    }
    if (!handshake_is_client(hs)) {
        hs->facts |= FACT_CLIENT_CERT;
        hs->conn->flags |= CONN_CERT_GIVEN;
        inform_client_certificate(hs->conn, true, NULL);
    }
    rest = arena_copy(&hs->arena, hs->msg.certificate.list);
    hs->chain = arena_take(&hs->arena, n * sizeof *hs->chain);
    if (rest.data == NULL || hs->chain == NULL)
        return handshake_no_memory(hs);
    while (hs->n_chain < n && certificates_next(&rest, &der))
        hs->chain[hs->n_chain++] = der;
    return renegotiation_same_server(hs);
}

/* ---- Is the peer who it should be? Three stages, so that the application can be asked between them. */

enum outcome act_verify_peer(struct handshake *hs)
{
    enum outcome o = DONE;
    if (hs->n_chain == 0)
        return handshake_fail(hs, FEDE_CERT_NONE, NULL, 0, 0);
    if (hs->verdict_asked == ANSWER_NONE)
        o = judge(hs);
    if (o == DONE)
        o = decide(hs);
    if (o == DONE && handshake_is_client(hs)) /* a client signs later: CertificateVerify */
        o = check_exchange(hs);
    if (o == DONE && handshake_is_client(hs) && may_false_start(hs))
        hs->facts |= FACT_FALSE_START;
    return o;
}

static enum outcome judge(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    struct certificate *leaf = arena_take(&hs->arena, sizeof *leaf);
    if (leaf == NULL)
        return handshake_no_memory(hs);
    struct verify_request request = {
        .chain = hs->chain,
        .n = hs->n_chain,
        .anchors = config->trust->anchors,
        .signatures = config->signatures,
        .attempts = config->trace != NULL,
        .purpose = handshake_is_client(hs) ? PURPOSE_SERVER : PURPOSE_CLIENT,
        .host = hs->host,
        .at = config_wall(config),
        .key_usage = handshake_is_client(hs) && conn->suite->kx == SUITE_RSA ? USAGE_KEY_ENCIPHERMENT : 0,
    };
    status_ask(hs, &request);
    bool leaf_read = false;
    x509_verify(&request, &hs->arena, &hs->verdict, leaf, &leaf_read, &hs->refusal);
    if (hs->refusal.reason == FEDE_OUT_OF_MEMORY || hs->refusal.reason == FEDE_HANDSHAKE_TOO_BIG)
        return handshake_no_memory(hs);
    hs->leaf = leaf_read ? leaf : NULL;
    hs->refusal.message = MSG_CERTIFICATE;
    if (!handshake_is_client(hs) && hs->refusal.certificate == 0)
        hs->refusal.certificate = FEDE_CERTIFICATE_CLIENT;
    hs->verdict_asked = ANSWER_YES;
    if (config->questions & FEDE_ASK_VERDICT) {
        hs->verdict_asked = ANSWER_OPEN;
        hs->question = (fede_question){
            .kind = FEDE_ASK_VERDICT, .server_name = conn->server_name, .verdict = &hs->verdict};
        if (handshake_is_client(hs)) /* else it is the own one */
            hs->question.staple = hs->staple;
    } else {
        inform_verdict(conn, &hs->verdict, &hs->refusal);
    }
    return DONE;
}

/* A server that owes a staple (RFC 7633) still owes it. */
bool fede_answer_staple(fede_conn *conn, fede_bytes response)
{
    const fede_question *question = fede_ask(conn);
    struct handshake *hs = conn->handshake;
    if (question == NULL || question->kind != FEDE_ASK_VERDICT || !handshake_is_client(hs))
        return conn_no_question(conn, "no verdict on a server waits for an answer");
    if (hs->refusal.reason == FEDE_CERT_STAPLE_MISSING)
        return true;
    hs->fetched = arena_copy(&hs->arena, response);
    hs->refusal = (fede_error){0};
    enum outcome o = hs->fetched.data == NULL && response.len > 0 ? handshake_no_memory(hs) : judge(hs);
    if (o == DONE)
        return true;
    conn_end_badly(conn);
    return false;
}

static enum outcome decide(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    bool asked = config->questions & FEDE_ASK_VERDICT;
    if (hs->verdict_asked == ANSWER_OPEN)
        return WAIT;
    if (asked)
        inform_verdict(conn, &hs->verdict, &hs->refusal);
    if (hs->verdict_asked == ANSWER_NO) {
        if (hs->refusal.reason == FEDE_OK)
            return handshake_fail(hs, FEDE_CERT_REFUSED, NULL, 0, 0);
    } else if (hs->verdict.accepted && (hs->host != NULL || !handshake_is_client(hs))) {
        conn->proofs |= PROOF_CHAIN;
        return DONE;
    } else if (asked || (config->unauthenticated && handshake_is_client(hs))) {
        conn->proofs |= PROOF_WAIVED;
        return DONE;
    }
    if (conn->error.reason == FEDE_OK)
        conn->error = hs->refusal;
    if (conn->error.reason == FEDE_OK)
        return handshake_fail_detail(hs, FEDE_INTERNAL, NULL, 0, 0, "a chain is refused without a reason");
    return FAIL;
}

/* The suite must fit the key of the server's leaf, and that key must have signed this exchange. */
static enum outcome check_exchange(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct certificate *leaf = hs->leaf;
    uint8_t kind = leaf != NULL ? leaf->key.kind : 0;
    bool rsa = kind == KEY_RSA || kind == KEY_RSA_PSS;
    if (kind != 0 && conn->suite->auth != AUTH_ANY && (conn->suite->auth == AUTH_RSA) != rsa)
        return wrong_key(hs, FEDE_SUITE_WRONG_KEY, "certificate_list", MSG_CERTIFICATE, conn->suite->id);
    size_t len = 64 + hs->params.len;
    uint8_t *input = arena_take(&hs->arena, len);
    if (input == NULL)
        return handshake_no_memory(hs);
    bytes_copy(input, hs->client_random, 32);
    bytes_copy(input + 32, hs->server_random, 32);
    bytes_copy(input + 64, hs->params.data, hs->params.len);
    return verify_signature(hs, hs->scheme, MSG_SERVER_KEY_EXCHANGE, bytes_of(input, len), hs->signature);
}

bool signature_matches(const struct public_key *key, const struct scheme *scheme, bytes input, bytes signature)
{
    return scheme_is_legacy(scheme) ? offline_verify(key, scheme->id, input, signature)
                                    : crypto_verify(key, scheme, input, signature);
}

enum outcome verify_signature(struct handshake *hs, const struct scheme *scheme, uint8_t message, bytes input,
                              bytes signature)
{
    struct fede_conn *conn = hs->conn;
    const struct certificate *leaf = hs->leaf;
    if (leaf == NULL) {
        if (conn->error.reason == FEDE_OK)
            conn->error = hs->refusal;
        return conn->error.reason == FEDE_OK ? handshake_fail(hs, FEDE_CERT_UNREADABLE, NULL, 0, 0) : FAIL;
    }
    uint8_t kind = leaf->key.kind;
    if (kind == 0) {
        handshake_fail_detail(hs, FEDE_CERT_KEY_UNSUPPORTED, NULL, 0, 0, leaf->key_problem);
        conn->error.certificate = handshake_is_client(hs) ? FEDE_CERTIFICATE_NONE : FEDE_CERTIFICATE_CLIENT;
        return FAIL;
    }
    if (conn->suite->kx == SUITE_RSA && message == MSG_SERVER_KEY_EXCHANGE) /* none: Finished shows that it could decrypt */
        return kind == KEY_RSA
                   ? leaf_may(hs, USAGE_KEY_ENCIPHERMENT, "encrypting the premaster secret (keyEncipherment)")
                   : wrong_key(hs, FEDE_SUITE_WRONG_KEY, "certificate_list", MSG_CERTIFICATE, conn->suite->id);
    enum outcome o = leaf_may(hs, USAGE_DIGITAL_SIGNATURE, "signing in the handshake (digitalSignature)");
    if (o == DONE && handshake_is_client(hs))
        o = curve_offered(hs);
    if (o != DONE)
        return o;
    uint8_t only = leaf->key.pss_hash; /* RFC 4055 1.2: a key for PSS may be bound to one hash */
    if (!scheme_fits_key(scheme, (enum key_kind)kind, conn->version) || (only != 0 && only != scheme->hash))
        return wrong_key(hs, FEDE_SCHEME_WRONG_KEY, "algorithm", message, scheme->id);
    if (!signature_matches(&leaf->key, scheme, input, signature)) {
        handshake_fail(hs, FEDE_SIGNATURE_BAD, "signature", message, 0);
        conn->error.message = message;
        return FAIL;
    }
    conn->proofs |= PROOF_SIGNATURE;
    return DONE;
}

/* Whoever takes any chain still takes no key that is not meant for this: RFC 5246 7.4.2. */
static enum outcome leaf_may(struct handshake *hs, uint16_t usage, const char *what)
{
    if (!hs->leaf->has_key_usage || hs->leaf->key_usage & usage)
        return DONE;
    handshake_fail_detail(hs, FEDE_CERT_KEY_USAGE, "keyUsage", 0, 0, what);
    hs->conn->error.certificate = handshake_is_client(hs) ? 0 : FEDE_CERTIFICATE_CLIENT;
    return FAIL;
}

/* RFC 8422 5.3: the client's groups bound the curve of the server's key. */
static enum outcome curve_offered(struct handshake *hs)
{
    uint16_t curve = curve_of_key(hs->leaf->key.kind);
    if (curve == 0 || u16s_has(codes_list(&hs->conn->config->groups), curve))
        return DONE;
    handshake_fail(hs, FEDE_CERT_CURVE, "subjectPublicKeyInfo", curve, 0);
    hs->conn->error.certificate = 0;
    return FAIL;
}

/* Suite or scheme against the kind of the leaf's key, which the sentence names. */
static enum outcome wrong_key(struct handshake *hs, fede_reason reason, const char *where, uint8_t message, uint16_t id)
{
    static const char *const kinds[] = {
        [KEY_RSA] = "an RSA key",         [KEY_RSA_PSS] = "an RSA key for PSS alone", [KEY_EC_P256] = "a key on P-256",
        [KEY_EC_P384] = "a key on P-384", [KEY_EC_P521] = "a key on P-521",           [KEY_ED25519] = "an Ed25519 key",
        [KEY_ED448] = "an Ed448 key",
    };
    uint8_t kind = hs->leaf->key.kind;
    const char *name = kind < sizeof kinds / sizeof kinds[0] && kinds[kind] != NULL ? kinds[kind] : "another key";
    handshake_fail_detail(hs, reason, where, id, kind, name);
    hs->conn->error.message = message;
    return FAIL;
}

/* ---- Finished. */

enum written write_finished(struct handshake *hs, size_t *room)
{
    make_verify_data(hs, handshake_is_client(hs), hs->verify_data);
    hs->msg.finished.verify_data = BYTES_OF(hs->verify_data);
    renegotiation_note(hs, handshake_is_client(hs), hs->verify_data);
    *room = VERIFY_DATA_LEN;
    return WRITTEN;
}

enum outcome read_finished(struct handshake *hs)
{
    uint8_t expected[VERIFY_DATA_LEN];
    bytes seen = hs->msg.finished.verify_data;
    make_verify_data(hs, !handshake_is_client(hs), expected);
    if (!bytes_equal_secret(seen, BYTES_OF(expected))) /* also when the length differs */
        return handshake_fail(hs, FEDE_FINISHED_BAD, "verify_data", 0, 0);
    renegotiation_note(hs, !handshake_is_client(hs), expected);
    hs->conn->proofs |= PROOF_FINISHED;
    if (handshake_is_client(hs) && hs->conn->suite->kx == SUITE_RSA)
        hs->conn->proofs |= PROOF_SIGNATURE; /* it decrypted the premaster secret, which takes the certificate's key */
    return DONE;
}

static void make_verify_data(struct handshake *hs, bool client, uint8_t out[VERIFY_DATA_LEN])
{
    uint8_t hash[HASH_MAX];
    size_t len = transcript_so_far(&hs->transcript, hash);
    verify_data_make((enum hash)hs->conn->suite->hash, hs->master, client, bytes_of(hash, len), out);
}

/* ---- False Start: the client writes as soon as its own Finished is out. Only under keys that nobody else can have, whatever
   was altered on the way: an ephemeral key exchange and an AEAD, both what this client's policy allows, and a server whose
   chain and signature are already judged. What the server sends is not read before its Finished. RFC 7918 3, 4. */

static bool may_false_start(const struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    return conn->config->false_start && !renegotiating(hs) && conn->proofs & (PROOF_CHAIN | PROOF_WAIVED) && conn->proofs & PROOF_SIGNATURE &&
           !suite_is_legacy(conn->suite);
}

enum outcome act_false_start(struct handshake *hs)
{
    hs->conn->flags |= CONN_FALSE_START;
    return DONE;
}

/* ---- Open. */

/* A server that asked for a certificate wants the same proofs of a client that showed one. */
static bool proofs_whole(const struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    bool client = handshake_is_client(hs), shown = client || conn->flags & CONN_CERT_GIVEN;
    uint8_t needed = PROOF_FINISHED | (shown ? PROOF_SIGNATURE : 0);
    bool chain = !shown || conn->proofs & (PROOF_CHAIN | PROOF_WAIVED);
    bool required = !client && conn->config->client_certificate == FEDE_CLIENT_CERTIFICATE_REQUIRED;
    return (conn->proofs & needed) == needed && chain && (shown || !required);
}

enum outcome act_open(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    if (!proofs_whole(hs) || conn->in.suite == NULL || conn->out.suite == NULL)
        return handshake_fail_detail(hs, FEDE_INTERNAL, NULL, conn->proofs, 0,
                                     "the handshake ends without all its proofs");
    if (handshake_early_bytes(hs) || identity_keep(hs) != DONE)
        return FAIL;
    conn->flags |= CONN_OPEN;
    renegotiation_keep(hs);
    resume_keep(hs);
    inform_opened(conn);
    if (fragments_empty(&conn->fragments))
        fragments_end(&conn->fragments, conn_memory(conn));
    conn->handshake = NULL;
    handshake_free(hs);
    return DONE;
}
