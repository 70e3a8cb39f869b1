/* explain/derived13.c: values and verdicts of TLS 1.3 (RFC 9846 4.4, 7): from the traffic secrets of a key log to keys, IVs and
   verify_data, each step with its HKDF-Expand-Label; the signature of CertificateVerify of both sides.

   The secrets above the traffic secrets are in no key log and need the shared secret: they are not made up. */
#include "explain/derived_parts.h"
#include "keys/hkdf.h"

struct job {
    struct arena *arena;
    const struct dissection *d;
    const struct suite_parts *suite;
    enum hash hash;
    struct derived *out;
};

static void keys_of(struct job *j, enum traffic_secret which);
static struct derivation *expand(struct job *j, bytes secret, const char *label, size_t len, const char *const names[2]);
static void finished(struct job *j, uint8_t from);
static void certificate_verify(struct job *j, uint8_t from);
static bool transcript_hash(const struct job *j, const struct kept_message *until, uint8_t out[HASH_MAX]);

// clang-format off
static const struct { const char *key[2], *iv[2], *finished[2]; } names[TRAFFIC_SECRETS] = {
    [TOLD_CLIENT_EARLY]     = {{"client_early_key", "key of the early data"}, {"client_early_iv", "IV of the early data"}, {NULL, NULL}},
    [TOLD_CLIENT_HANDSHAKE] = {{"client_handshake_key", "client's handshake key"}, {"client_handshake_iv", "client's handshake IV"},
                               {"client_finished_key", "key of the client's Finished"}},
    [TOLD_SERVER_HANDSHAKE] = {{"server_handshake_key", "server's handshake key"}, {"server_handshake_iv", "server's handshake IV"},
                               {"server_finished_key", "key of the server's Finished"}},
    [TOLD_CLIENT_TRAFFIC]   = {{"client_application_key", "client's key for application data"}, {"client_application_iv", "client's IV for application data"}, {NULL, NULL}},
    [TOLD_SERVER_TRAFFIC]   = {{"server_application_key", "server's key for application data"}, {"server_application_iv", "server's IV for application data"}, {NULL, NULL}},
};
// clang-format on

void derived13(struct arena *arena, const struct dissection *d, const struct suite_parts *suite, bool verdicts,
               struct derived *out)
{
    struct job j = {.arena = arena, .d = d, .suite = suite, .hash = (enum hash)suite->hash, .out = out};
    if (j.hash == 0 || !suite->known)
        return;
    for (int which = 0; which < TRAFFIC_SECRETS; which++)
        keys_of(&j, (enum traffic_secret)which);
    if (verdicts) {
        certificate_verify(&j, FEDE_SERVER);
        certificate_verify(&j, FEDE_CLIENT);
    }
    finished(&j, FEDE_SERVER);
    finished(&j, FEDE_CLIENT);
}

static void keys_of(struct job *j, enum traffic_secret which)
{
    const bytes secret = j->d->told[which];
    if (secret.len != hash_len(j->hash))
        return;
    expand(j, secret, "key", j->suite->key_len, names[which].key);
    expand(j, secret, "iv", 12, names[which].iv);
}

static struct derivation *expand(struct job *j, bytes secret, const char *label, size_t len, const char *const called[2])
{
    static const char *const options[] = {"--secret ", NULL};
    const char *why;
    struct derivation *v = derive_hkdf_label(j->arena, j->hash, secret, label, BYTES_NONE, len, &why);
    if (v == NULL) {
        j->out->cut = true;
        return NULL;
    }
    char what[100], digits[24];
    struct text t = text_in(what, sizeof what), number = text_in(digits, sizeof digits);
    text_number(&number, (int64_t)len);
    text_add(&t, "hkdf-label --hash ");
    text_add(&t, hash_title(j->hash));
    text_add(&t, " --label ");
    text_add(&t, label);
    text_add(&t, " --length ");
    text_add(&t, digits);
    v->name = called[0];
    v->title = called[1];
    v->section = strcmp(label, "finished") == 0 ? "RFC 9846 4.4.4" : "RFC 9846 7.3";
    derived_command(j->arena, v, what, options, &secret);
    derived_add(j->out, v);
    return v;
}

static void finished(struct job *j, uint8_t from)
{
    const bool client = from == FEDE_CLIENT;
    const struct kept_message *m = dissection_message(j->d, from, MSG_FINISHED, 0);
    const enum traffic_secret which = client ? TOLD_CLIENT_HANDSHAKE : TOLD_SERVER_HANDSHAKE;
    const bytes secret = j->d->told[which];
    struct derived_verdict *v =
        m == NULL && !j->d->opened ? NULL
                                   : derived_judge(j->out, client ? "client_finished" : "server_finished",
                                                   client ? "Finished of the client" : "Finished of the server",
                                                   "RFC 9846 4.4.4", from);
    uint8_t hash[HASH_MAX], verify_data[HASH_MAX];
    if (v == NULL)
        return;
    if (m == NULL || secret.len != hash_len(j->hash) || !transcript_hash(j, m, hash)) {
        derived_say(v, VERDICT_OPEN,
                    m == NULL         ? "the message could not be read: it is encrypted"
                    : secret.len == 0 ? "its handshake traffic secret is not known here"
                                      : "not all messages of the handshake are known");
        return;
    }
    const size_t len = hash_len(j->hash);
    struct derivation *key = expand(j, secret, "finished", len, names[which].finished),
                      *value = arena_take(j->arena, sizeof *value);
    if (key == NULL || value == NULL)
        return;
    struct crypto_hmac keyed;
    crypto_hmac_key(&keyed, j->hash, key->value);
    crypto_hmac_of(&keyed, bytes_of(hash, len), BYTES_NONE, BYTES_NONE, verify_data);
    bytes_wipe(&keyed, sizeof keyed);
    *value = (struct derivation){
        .name = client ? "client_verify_data" : "server_verify_data",
        .title = client ? "verify_data of the client" : "verify_data of the server",
        .method = "HMAC, with the key of Finished, of the hash of all messages before it",
        .section = "RFC 9846 4.4.4",
        .inputs = {{.name = "finished_key", .value = key->value, .secret = true},
                   {.name = "transcript_hash", .value = arena_copy(j->arena, bytes_of(hash, len))}},
        .n_inputs = 2,
        .value = arena_copy(j->arena, bytes_of(verify_data, len)),
        .told = bytes_skip(m->bytes, 4),
        .n_outputs = 1,
    };
    value->outputs[0] = (struct derived_part){.name = "verify_data", .value = value->value};
    derived_add(j->out, value);
    v->input = value->inputs[1].value;
    derived_say(v, bytes_equal_secret(value->value, value->told) ? VERDICT_VERIFIED : VERDICT_FAILED,
                "verify_data recomputed over all messages before it");
}

/* RFC 9846 4.4.3: 64 spaces, a context string, zero, the hash of all messages before. */
static void certificate_verify(struct job *j, uint8_t from)
{
    enum { SPACES = 64 };
    static const char *const contexts[] = {[FEDE_CLIENT] = "TLS 1.3, client CertificateVerify",
                                           [FEDE_SERVER] = "TLS 1.3, server CertificateVerify"};
    const struct kept_message *m = dissection_message(j->d, from, MSG_CERTIFICATE_VERIFY, 0),
                              *list = dissection_message(j->d, from, MSG_CERTIFICATE, 0);
    struct derived_verdict *v =
        m == NULL ? NULL
                  : derived_judge(j->out, "certificate_verify", "signature of CertificateVerify", "RFC 9846 4.4.3", from);
    if (v == NULL)
        return;
    struct certificate_verify cv = {0};
    struct certificate_message cm = {0};
    struct wire of_m = wire_reader(bytes_skip(m->bytes, 4)),
                of_list = wire_reader(list != NULL ? bytes_skip(list->bytes, 4) : j->d->unpacked[from]);
    bytes certificate = BYTES_NONE, extensions;
    uint8_t input[SPACES + 64 + HASH_MAX];
    wire_certificate_verify(&of_m, &cv);
    wire_certificate_13(&of_list, &cm);
    const size_t text = strlen(contexts[from]) + 1;
    memset(input, ' ', SPACES);
    bytes_copy(input + SPACES, contexts[from], text);
    if (!wire_done(&of_m) || !wire_done(&of_list) || !certificates_13_next(&cm.list, &certificate, &extensions)) {
        derived_say(v, VERDICT_OPEN, "the message can't be read, or its certificate was not seen");
    } else if (!transcript_hash(j, m, input + SPACES + text)) {
        derived_say(v, VERDICT_OPEN, "not all messages of the handshake are known");
    } else {
        v->input = arena_copy(j->arena, bytes_of(input, SPACES + text + hash_len(j->hash)));
        derived_signature(v, certificate, cv.scheme, v->input, cv.signature, "the transcript so far");
    }
}

/* Of all messages before `until`. Behind a HelloRetryRequest the first ClientHello counts as its hash (4.4.1); tickets and
   KeyUpdate do not count. */
static bool transcript_hash(const struct job *j, const struct kept_message *until, uint8_t out[HASH_MAX])
{
    const struct dissection *d = j->d;
    const struct kept_message *second = dissection_message(d, FEDE_SERVER, MSG_SERVER_HELLO, 1);
    struct crypto_hash h;
    if (d->handshake_cut)
        return false;
    crypto_hash_start(&h, j->hash);
    for (const struct kept_message *m = d->handshake; m < until; m++) {
        const uint8_t head[4] = {254, 0, 0, (uint8_t)hash_len(j->hash)};
        uint8_t first[HASH_MAX];
        if (m->type == MSG_NEW_SESSION_TICKET || m->type == MSG_KEY_UPDATE)
            continue;
        if (m == d->handshake && second != NULL) {
            crypto_hash_once(j->hash, m->bytes, first);
            crypto_hash_add(&h, BYTES_OF(head));
            crypto_hash_add(&h, bytes_of(first, hash_len(j->hash)));
        } else {
            crypto_hash_add(&h, m->bytes);
        }
    }
    crypto_hash_end(&h, out);
    return true;
}
