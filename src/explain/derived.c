/* explain/derived.c: a connection's values and verdicts, made from the kept messages and what was revealed.

   TLS 1.0 to 1.2: key exchange, master secret (RFC 5246 8.1, RFC 7627 4), key block (6.3), verify_data (7.4.9), the signature
   of ServerKeyExchange (7.4.3) and of CertificateVerify (7.4.8), those of the certificates among each other (RFC 5280 6.1),
   the tags of records. What can't be checked says why. The transcript is put together here from the messages as they were on
   the wire: HelloRequest does not count, ChangeCipherSpec and alerts are no messages. */
#include "explain/derived_parts.h"

#include <time.h>

#include "crypto/offline.h"
#include "explain/hello.h"
#include "explain/protection.h"
#include "explain/staple.h"
#include "explain/suite_parts.h"
#include "keys/schedule12.h"
#include "x509/certificate.h"

struct job {
    struct arena *arena;
    const struct dissection *d;
    struct hello client, server;
    struct suite_parts suite;
    bool is_12;         /* up to TLS 1.2, with a PRF that is known */
    enum hash prf;
    struct derived *out;
};

static void certificates(struct job *j);
static void key_exchange(struct job *j);
static void premaster(struct job *j);
static void master(struct job *j);
static void keys(struct job *j);
static void certificate_verify(struct job *j);
static void finished(struct job *j, uint8_t from);
static void staple(struct job *j);
static void authenticated(const struct protection *p, bytes record, const struct record_parts *parts,
                          struct derived_record *out);
static bool protection_of(const struct dissection *d, bytes keys, uint8_t from, struct protection *p, bytes *iv);
static bool computed(bool unnamed, uint16_t scheme);
static void verify(struct derived_verdict *v, const struct public_key *key, uint16_t scheme, bytes input,
                   bytes signature, struct text *by);
static const char *not_this_version(const struct job *j);
static bytes transcript(const struct job *j, const struct kept_message *until, bool inclusive);
static bytes transcript_hash(const struct job *j, const struct kept_message *until, bool inclusive);
static void add_value(struct job *j, struct derivation *v);
static struct derived_verdict *judge(struct job *j, const char *name, const char *title, const char *section,
                                     uint8_t from);

struct derived *derived_make(struct arena *arena, const struct dissection *d, bool verdicts)
{
    struct job j = {.arena = arena, .d = d, .client = hello_of(d, FEDE_CLIENT), .server = hello_of(d, FEDE_SERVER)};
    j.out = arena_take(arena, sizeof *j.out);
    struct derived_verdict *list = arena_take(arena, VERDICTS_MOST * sizeof *list);
    if (j.out == NULL || list == NULL || !crypto_start())
        return NULL;
    j.out->verdicts = list;
    if (!j.client.read || !j.server.read)
        return j.out;
    j.suite = suite_parts(u16s_at(j.server.suites, 0));
    j.prf = suite_prf(&j.suite, d->version);
    j.is_12 = d->version >= 0x0301 && d->version <= 0x0303 && !j.suite.tls13 && j.prf != 0;
    if (verdicts) {
        certificates(&j);
        key_exchange(&j);
        if (d->version < 0x0304)
            certificate_verify(&j);
        staple(&j);
    }
    if (j.is_12) {
        premaster(&j);
        master(&j);
        keys(&j);
    }
    if (d->version >= 0x0304) {
        derived13(arena, d, &j.suite, verdicts, j.out);
    } else {
        finished(&j, FEDE_CLIENT);
        finished(&j, FEDE_SERVER);
    }
    if (!verdicts)
        j.out->n_verdicts = 0;
    return j.out;
}

const char *verdict_outcome_name(enum verdict_outcome outcome)
{
    static const char *const names[] = {"unknown", "verified", "failed", "not checkable"};
    return names[(size_t)outcome < sizeof names / sizeof *names ? outcome : 0];
}

/* ---- signatures ---- */

/* Each certificate by the next one, the last by itself or by the end of the path that verification found. */
static void certificates(struct job *j)
{
    enum { SHOWN = 10 };
    const struct dissection *d = j->d;
    for (size_t i = 0; i < d->n_certificates && i < SHOWN; i++) {
        struct certificate c, issuer;
        fede_error error = {0};
        struct derived_verdict *v =
            judge(j, "certificate_signature", "signature of a certificate", "RFC 5280 6.1.3", FEDE_SERVER);
        if (v == NULL)
            return;
        v->certificate = (int)i;
        struct text t = text_in(v->text, sizeof v->text);
        if (!certificate_read(d->certificates[i], &c, &error)) {
            derived_say(v, VERDICT_OPEN, "the certificate can't be read");
            continue;
        }
        bool found = false, itself = false;
        for (size_t k = 0; k < d->n_certificates && !found; k++) {
            size_t at = (i + 1 + k) % d->n_certificates; /* the next one first */
            found = certificate_read(d->certificates[at], &issuer, &error) && certificate_names_issuer(&c, &issuer);
            itself = found && at == i;
        }
        for (size_t k = 0; d->verdict != NULL && k < d->verdict->path_len && !found; k++)
            found = certificate_read(d->verdict->path[k], &issuer, &error) && certificate_names_issuer(&c, &issuer);
        const struct scheme *scheme = scheme_by_id(c.scheme);
        v->input = c.tbs;
        if (!found) {
            derived_say(v, VERDICT_OPEN, "the issuer's certificate was not sent and is not known here");
        } else if (scheme == NULL) {
            derived_say(v, VERDICT_OPEN, "its signature algorithm is not computed here");
        } else if (issuer.key.kind == 0) {
            derived_say(v, VERDICT_OPEN, "the issuer's kind of key is not known here");
        } else {
            v->outcome = crypto_verify(&issuer.key, scheme, c.tbs, c.signature) ? VERDICT_VERIFIED : VERDICT_FAILED;
            text_add(&t, scheme->name);
            text_add(&t, itself ? ", by its own key" : ", by the key of ");
            if (!itself)
                certificate_title(issuer.der, &t);
        }
    }
}

static void key_exchange(struct job *j)
{
    const struct kept_message *m = dissection_message(j->d, FEDE_SERVER, MSG_SERVER_KEY_EXCHANGE, 0);
    if (m == NULL)
        return;
    struct derived_verdict *v =
        judge(j, "server_key_exchange", "signature of ServerKeyExchange", "RFC 5246 7.4.3", FEDE_SERVER);
    if (v == NULL)
        return;
    struct server_key_exchange ske = {.kx = j->suite.kx, .unnamed = dissection_unnamed(j->d)};
    struct wire w = wire_reader(bytes_skip(m->bytes, 4));
    wire_server_key_exchange(&w, &ske);
    struct certificate leaf;
    fede_error error = {0};
    if (!j->is_12) {
        derived_say(v, VERDICT_OPEN, not_this_version(j));
    } else if (!wire_done(&w)) {
        derived_say(v, VERDICT_OPEN, "the message can't be read");
    } else if (!ske.is_signed) {
        derived_say(v, VERDICT_OPEN, "with this key exchange it is not signed");
    } else if (j->d->n_certificates == 0 || !certificate_read(j->d->certificates[0], &leaf, &error)) {
        derived_say(v, VERDICT_OPEN, "the server's certificate was not seen, or can't be read");
    } else if (!computed(ske.unnamed, ske.scheme) || leaf.key.kind == 0) {
        derived_say(v, VERDICT_OPEN,
            leaf.key.kind != 0 ? "its signature scheme is not computed here"
                               : "the certificate's kind of key is not known here");
    } else {
        uint8_t *in = arena_take(j->arena, 64 + ske.params.len);
        if (in == NULL) {
            derived_say(v, VERDICT_OPEN, "there was not enough memory");
            return;
        }
        bytes_copy(in, j->client.random.data, 32);
        bytes_copy(in + 32, j->server.random.data, 32);
        bytes_copy(in + 64, ske.params.data, ske.params.len);
        v->input = bytes_of(in, 64 + ske.params.len);
        struct text t = text_in(v->text, sizeof v->text);
        verify(v, &leaf.key, ske.unnamed ? 0 : ske.scheme, v->input, ske.signature, &t);
        text_add(&t, ", over both randoms and the parameters, by the key in the server's certificate");
    }
}

static void certificate_verify(struct job *j)
{
    const struct kept_message *m = dissection_message(j->d, FEDE_CLIENT, MSG_CERTIFICATE_VERIFY, 0),
                              *list = dissection_message(j->d, FEDE_CLIENT, MSG_CERTIFICATE, 0);
    if (m == NULL)
        return;
    struct derived_verdict *v =
        judge(j, "certificate_verify", "signature of CertificateVerify", "RFC 5246 7.4.8", FEDE_CLIENT);
    if (v == NULL)
        return;
    struct certificate_verify cv = {.unnamed = dissection_unnamed(j->d)};
    struct certificate_message cm = {0};
    struct wire w = wire_reader(bytes_skip(m->bytes, 4)),
                of_list = wire_reader(bytes_skip(list != NULL ? list->bytes : BYTES_NONE, 4));
    struct certificate leaf;
    fede_error error = {0};
    bytes der = BYTES_NONE;
    wire_certificate_verify(&w, &cv);
    wire_certificate_12(&of_list, &cm);
    if (!j->is_12)
        derived_say(v, VERDICT_OPEN, not_this_version(j));
    else if (!wire_done(&w))
        derived_say(v, VERDICT_OPEN, "the message can't be read");
    else if (!wire_done(&of_list) || !certificates_next(&cm.list, &der) || !certificate_read(der, &leaf, &error))
        derived_say(v, VERDICT_OPEN, "the client's certificate was not seen, or can't be read");
    else if (!computed(cv.unnamed, cv.scheme) || leaf.key.kind == 0)
        derived_say(v, VERDICT_OPEN, "its signature scheme is not computed here");
    else if (j->d->handshake_cut)
        derived_say(v, VERDICT_OPEN, "not all messages of the handshake are known");
    else {
        v->input = transcript(j, m, false);
        struct text t = text_in(v->text, sizeof v->text);
        verify(v, &leaf.key, cv.unnamed ? 0 : cv.scheme, v->input, cv.signature, &t);
        text_add(&t, ", over all messages before it, by the key in the client's certificate");
    }
}

/* The issuer is among the certificates sent, or in the path that verification found. */
static void staple(struct job *j)
{
    enum { MOST = 64 };
    const struct dissection *d = j->d;
    const struct kept_message *m = dissection_message(d, FEDE_SERVER, MSG_CERTIFICATE_STATUS, 0);
    struct derived_verdict *v =
        m != NULL ? judge(j, "certificate_status", "signature of the stapled OCSP response", "RFC 6960 3.2", FEDE_SERVER) : NULL;
    bytes chain[MOST];
    size_t n = 0;
    if (v == NULL)
        return;
    for (size_t i = 0; i < d->n_certificates && n < MOST; i++)
        chain[n++] = d->certificates[i];
    for (size_t i = 1; d->verdict != NULL && i < d->verdict->path_len && n < MOST; i++)
        chain[n++] = d->verdict->path[i];
    struct certificate_status status = {0};
    struct wire w = wire_reader(bytes_skip(m->bytes, 4));
    struct text t = text_in(v->text, sizeof v->text);
    wire_certificate_status(&w, &status);
    if (!wire_done(&w)) {
        derived_say(v, VERDICT_OPEN, "the message can't be read");
        return;
    }
    v->input = status.response;
    int64_t at = d->verdict != NULL ? d->verdict->at : (int64_t)time(NULL); /* a live connection: this is about now */
    v->outcome = (uint8_t)staple_judge(status.response, chain, n, NULL, at, &t);
}

static bool with_sha1(uint16_t scheme)
{
    return scheme == 0x0201 || scheme == 0x0203;
}

static bool computed(bool unnamed, uint16_t scheme)
{
    return unnamed || with_sha1(scheme) || scheme_by_id(scheme) != NULL;
}

/* scheme 0: before TLS 1.2, when the kind of key says it all. */
static void verify(struct derived_verdict *v, const struct public_key *key, uint16_t scheme, bytes input,
                   bytes signature, struct text *by)
{
    bool old = scheme == 0 || with_sha1(scheme);
    bool good = old ? offline_verify(key, scheme, input, signature)
                    : crypto_verify(key, scheme_by_id(scheme), input, signature);
    v->outcome = good ? VERDICT_VERIFIED : VERDICT_FAILED;
    text_add(by, scheme != 0 ? scheme_title(scheme) : key->kind == KEY_RSA ? "RSA with MD5 and SHA-1" : "ECDSA with SHA-1");
}

void derived_signature(struct derived_verdict *v, bytes certificate, uint16_t scheme, bytes input, bytes signature,
                       const char *over)
{
    struct certificate c;
    fede_error error = {0};
    struct text t = text_in(v->text, sizeof v->text);
    if (!certificate_read(certificate, &c, &error) || c.key.kind == 0) {
        text_add(&t, "the certificate can't be read, or its kind of key is not known here");
        return;
    }
    if (!computed(scheme == 0, scheme)) {
        text_add(&t, "its signature scheme is not computed here");
        return;
    }
    verify(v, &c.key, scheme, input, signature, &t);
    text_add(&t, ", over ");
    text_add(&t, over);
    text_add(&t, ", by the key in the certificate");
}

/* ---- secrets ---- */

static void premaster(struct job *j)
{
    static const char *const options[] = {"--private ", "--peer ", NULL};
    const struct dissection *d = j->d;
    const struct kept_message *ske = dissection_message(d, FEDE_SERVER, MSG_SERVER_KEY_EXCHANGE, 0),
                              *cke = dissection_message(d, FEDE_CLIENT, MSG_CLIENT_KEY_EXCHANGE, 0);
    if (d->private_key.data == NULL || ske == NULL || cke == NULL || j->suite.kx != KX_ECDHE)
        return;
    struct server_key_exchange s = {.kx = j->suite.kx, .unnamed = dissection_unnamed(d)};
    struct client_key_exchange c = {.kx = j->suite.kx};
    struct wire of_s = wire_reader(bytes_skip(ske->bytes, 4)), of_c = wire_reader(bytes_skip(cke->bytes, 4));
    wire_server_key_exchange(&of_s, &s);
    wire_client_key_exchange(&of_c, &c);
    const char *why;
    bytes peer = d->role == FEDE_SERVER ? c.point : s.point;
    struct derivation *v = derive_ecdh(j->arena, s.group, d->private_key, peer, &why);
    if (v == NULL)
        return;
    v->told = d->premaster;
    char what[60];
    struct text t = text_in(what, sizeof what);
    text_add(&t, "ecdh --curve ");
    text_add(&t, group_title(s.group));
    derived_command(j->arena, v, what, options, (bytes[]){d->private_key, peer});
    add_value(j, v);
}

/* Without the premaster secret the master secret is taken as it was told: it is not needed for anything else (R35). */
static void master(struct job *j)
{
    static const char *const extended[] = {"--premaster ", "--session-hash ", NULL}, *const classic[] = {
                                                                                         "--premaster ",
                                                                                         "--client-random ",
                                                                                         "--server-random ", NULL};
    const struct dissection *d = j->d;
    const struct kept_message *cke = dissection_message(d, FEDE_CLIENT, MSG_CLIENT_KEY_EXCHANGE, 0);
    struct derivation *v = NULL;
    char what[60];
    struct text t = text_in(what, sizeof what);
    text_add(&t, "master --hash ");
    text_add(&t, hash_title(j->prf));
    if (d->premaster.data != NULL && cke != NULL && !(d->extended == 1 && d->handshake_cut)) {
        bytes seed;
        if (d->extended == 1) {
            seed = transcript_hash(j, cke, true);
            v = derive_master(j->arena, j->prf, d->premaster, true, seed);
        } else {
            uint8_t randoms[64];
            bytes_copy(randoms, j->client.random.data, 32);
            bytes_copy(randoms + 32, j->server.random.data, 32);
            seed = BYTES_OF(randoms);
            v = derive_master(j->arena, j->prf, d->premaster, false, seed);
        }
        if (v != NULL && d->extended == 1)
            derived_command(j->arena, v, what, extended, (bytes[]){d->premaster, seed});
        else if (v != NULL)
            derived_command(j->arena, v, what, classic, (bytes[]){d->premaster, j->client.random, j->server.random});
    } else if (d->master.len == MASTER_LEN && (v = arena_take(j->arena, sizeof *v)) != NULL) {
        v->name = "master_secret";
        v->title = "master secret";
        v->method = d->resumed ? "that of the session resumed" : "as the key log has it";
        v->section = d->resumed ? "RFC 5246 F.1.4" : "RFC 5246 8.1";
        v->inputs[v->n_inputs++] = (struct derived_part){
            .name = "premaster_secret",
            .words = d->resumed ? "was the earlier connection's" : "not known, not needed",
        };
        v->value = d->master;
        v->outputs[v->n_outputs++] = (struct derived_part){.name = "master_secret", .value = d->master, .secret = true};
    }
    if (v == NULL || v->value.len != MASTER_LEN)
        return;
    if (d->premaster.data != NULL)
        v->told = d->master;
    j->out->master = v->value;
    add_value(j, v);
}

static void keys(struct job *j)
{
    static const char *const options[] = {"--master ", "--client-random ", "--server-random ", NULL};
    if (j->out->master.len == 0)
        return;
    uint8_t randoms[64];
    const char *why;
    bytes_copy(randoms, j->server.random.data, 32);
    bytes_copy(randoms + 32, j->client.random.data, 32);
    struct derivation *v = derive_key_block(j->arena, u16s_at(j->server.suites, 0), j->d->version, j->out->master,
                                            BYTES_OF(randoms), &why);
    if (v == NULL)
        return;
    v->told = j->d->key_block;
    j->out->keys = v->value;
    char what[160];
    struct text t = text_in(what, sizeof what);
    text_add(&t, "key-block ");
    text_add(&t, j->d->version == 0x0301 ? "--tls 1.0 " : j->d->version == 0x0302 ? "--tls 1.1 " : "");
    text_add(&t, "--suite ");
    text_add(&t, j->suite.name);
    derived_command(j->arena, v, what, options, (bytes[]){j->out->master, j->client.random, j->server.random});
    add_value(j, v);
}

static void finished(struct job *j, uint8_t from)
{
    static const char *const options[] = {"--master ", "--transcript-hash ", NULL};
    const struct dissection *d = j->d;
    bool client = from == FEDE_CLIENT;
    const struct kept_message *m = dissection_message(d, from, MSG_FINISHED, 0);
    if (m == NULL && !d->opened)
        return;
    struct derived_verdict *v =
        judge(j, client ? "client_finished" : "server_finished",
              client ? "Finished of the client" : "Finished of the server", "RFC 5246 7.4.9", from);
    if (v == NULL)
        return;
    if (!j->is_12) {
        derived_say(v, VERDICT_OPEN, not_this_version(j));
        return;
    }
    if (m == NULL || j->out->master.len == 0 || d->handshake_cut) {
        derived_say(v, VERDICT_OPEN,
            m == NULL          ? "the message could not be read: it is encrypted"
            : d->handshake_cut ? "not all messages of the handshake are known"
                               : "the master secret is not known here");
        return;
    }
    bytes hash = transcript_hash(j, m, false), got = bytes_skip(m->bytes, 4);
    struct derivation *value = derive_verify_data(j->arena, j->prf, j->out->master, client, hash);
    if (value == NULL) {
        derived_say(v, VERDICT_OPEN, "there was not enough memory");
        return;
    }
    value->told = got;
    char what[80];
    struct text t = text_in(what, sizeof what);
    text_add(&t, "verify-data --hash ");
    text_add(&t, hash_title(j->prf));
    text_add(&t, client ? " --side client" : " --side server");
    derived_command(j->arena, value, what, options, (bytes[]){j->out->master, hash});
    add_value(j, value);
    v->input = hash;
    v->outcome = bytes_equal_secret(value->value, got) ? VERDICT_VERIFIED : VERDICT_FAILED;
    t = text_in(v->text, sizeof v->text);
    text_add(&t, "verify_data recomputed over the messages");
    for (size_t i = 0, n = 0; i < d->n_handshake && &d->handshake[i] != m; i++) {
        if (d->handshake[i].type == MSG_HELLO_REQUEST)
            continue;
        text_add(&t, n++ == 0 ? " " : ", ");
        text_add(&t, message_title(d->handshake[i].type));
    }
}

/* ---- records ---- */

bool derived_record(const struct dissection *d, bytes keys, uint8_t from, bytes record, uint64_t sequence,
                    struct derived_record *out)
{
    struct protection p = {0};
    struct record_parts parts;
    const bool mac_last = d->mac_last;
    *out = (struct derived_record){.sequence = sequence, .outcome = VERDICT_OPEN};
    if (!protection_of(d, keys, from, &p, &out->iv))
        return false;
    p.mac_last = mac_last;
    p.sequence = sequence;
    /* A stream cipher's state is that of all records before: only the first can be opened by itself. */
    const bool stream = !p.suite.aead && !p.suite.cbc && p.suite.key_len > 0;
    if ((stream && sequence > 0) || !protection_parts(&p.suite, p.version, mac_last, record.len, &parts)) {
        protection_end(&p);
        return false;
    }
    out->explicit_nonce = bytes_of(record.data + parts.nonce, parts.nonce_len);
    out->tag = bytes_of(record.data + parts.tag, parts.tag_len);
    uint8_t *copy = memory_take(&memory_standard, record.len);
    if (copy == NULL) {
        out->why = "there was not enough memory";
    } else {
        out->outcome = protection_open(&p, record, copy, &parts) ? VERDICT_VERIFIED : VERDICT_FAILED;
        out->why = parts.why;
        out->mac_len = (uint8_t)parts.mac_len;
        bytes_copy(out->mac, copy + parts.mac, parts.mac_len);
        out->padding_len = parts.padding_len;
        bytes_wipe(copy, record.len);
    }
    memory_give(&memory_standard, copy, record.len);
    authenticated(&p, record, &parts, out);
    protection_end(&p);
    return true;
}

/* Nonce, and what is authenticated beside the content. */
static void authenticated(const struct protection *p, bytes record, const struct record_parts *parts,
                          struct derived_record *out)
{
    enum { HEADER = 5 };
    size_t len = parts->plain_len;
    if (p->suite.cbc && p->mac_last)
        len = parts->nonce_len + parts->cipher_len;
    if (p->version >= 0x0304) {
        bytes_copy(out->additional, record.data, HEADER);
        out->additional_len = HEADER;
    } else {
        store64(out->additional, out->sequence);
        bytes_copy(out->additional + 8, record.data, 3);
        store16(out->additional + 11, (uint16_t)len);
        out->additional_len = sizeof out->additional;
    }
    if (!p->suite.aead)
        return;
    out->nonce_len = sizeof out->nonce;
    protection_nonce(p, out->explicit_nonce, out->nonce);
}

/* The keys as they were when this record came. iv: as borrowed from d or keys. */
static bool protection_of(const struct dissection *d, bytes keys, uint8_t from, struct protection *p, bytes *iv)
{
    struct suite_parts suite = suite_parts(d->suite);
    bytes mac_key = BYTES_NONE, key = BYTES_NONE;
    if (protection_missing(&suite, d->version) != NULL)
        return false;
    if (d->version >= 0x0304)
        return d->traffic_secret[from % 3].len > 0 && protection_set13(p, &suite, d->traffic_secret[from % 3]);
    if (d->observed.renegotiated)
        keys = d->block_of[from % 3];
    if (keys.len == 0 || keys.len < protection_key_block(&suite, d->version, from == FEDE_CLIENT, keys, &mac_key, &key, iv))
        return false;
    if (suite.cbc && d->version < 0x0302 && d->block_before[from % 3].len > 0)
        *iv = bytes_of(d->block_before[from % 3].bytes, d->block_before[from % 3].len);
    return protection_set(p, &suite, d->version, mac_key, key, *iv);
}

/* ---- parts ---- */

static const char *not_this_version(const struct job *j)
{
    return j->d->version == 0x0303 ? "the hash of this suite is not computed here"
                                   : "SSL 3.0 is not computed here";
}

/* All messages before `until`, or up to it, one after the other. */
static bytes transcript(const struct job *j, const struct kept_message *until, bool inclusive)
{
    const struct dissection *d = j->d;
    size_t len = 0, at = 0, end = (size_t)(until - d->handshake) + inclusive;
    for (size_t i = 0; i < end; i++)
        len += d->handshake[i].type != MSG_HELLO_REQUEST ? d->handshake[i].bytes.len : 0;
    uint8_t *all = arena_take(j->arena, len > 0 ? len : 1);
    if (all == NULL)
        return BYTES_NONE;
    for (size_t i = 0; i < end; i++) {
        if (d->handshake[i].type == MSG_HELLO_REQUEST)
            continue;
        bytes_copy(all + at, d->handshake[i].bytes.data, d->handshake[i].bytes.len);
        at += d->handshake[i].bytes.len;
    }
    return bytes_of(all, len);
}

static bytes transcript_hash(const struct job *j, const struct kept_message *until, bool inclusive)
{
    uint8_t hash[HASH_MAX];
    struct crypto_hash h;
    const struct dissection *d = j->d;
    crypto_hash_start(&h, j->prf);
    for (size_t i = 0; i < (size_t)(until - d->handshake) + inclusive; i++)
        if (d->handshake[i].type != MSG_HELLO_REQUEST)
            crypto_hash_add(&h, d->handshake[i].bytes);
    crypto_hash_end(&h, hash);
    return arena_copy(j->arena, bytes_of(hash, hash_len(j->prf)));
}

void derived_add(struct derived *out, struct derivation *v)
{
    if (out->n_values < DERIVATIONS_MOST)
        out->values[out->n_values++] = v;
    else
        out->cut = true;
}

static void add_value(struct job *j, struct derivation *v)
{
    derived_add(j->out, v);
}

struct derived_verdict *derived_judge(struct derived *out, const char *name, const char *title, const char *section,
                                      uint8_t from)
{
    if (out->n_verdicts == VERDICTS_MOST) {
        out->cut = true;
        return NULL;
    }
    struct derived_verdict *v = &out->verdicts[out->n_verdicts++];
    *v = (struct derived_verdict){
        .name = name, .title = title, .section = section, .from = from, .outcome = VERDICT_OPEN, .certificate = -1};
    return v;
}

static struct derived_verdict *judge(struct job *j, const char *name, const char *title, const char *section,
                                     uint8_t from)
{
    return derived_judge(j->out, name, title, section, from);
}

void derived_say(struct derived_verdict *v, enum verdict_outcome outcome, const char *text)
{
    struct text t = text_in(v->text, sizeof v->text);
    v->outcome = (uint8_t)outcome;
    text_add(&t, text);
}

void derived_command(struct arena *arena, struct derivation *v, const char *what, const char *const options[],
                     const bytes values[])
{
    size_t size = sizeof "fede derive " + strlen(what);
    for (size_t i = 0; options[i] != NULL; i++)
        size += 1 + strlen(options[i]) + 2 * values[i].len;
    char *out = arena_take(arena, size);
    if (out == NULL)
        return;
    struct text t = text_in(out, size);
    text_add(&t, "fede derive ");
    text_add(&t, what);
    for (size_t i = 0; options[i] != NULL; i++) {
        text_char(&t, ' ');
        text_add(&t, options[i]);
        text_hex(&t, values[i]);
    }
    v->command = out;
}
