/* explain/derived.c: a connection's values and verdicts, made from the kept messages and what was revealed.

   SSL 3.0 (ssl3.c) to TLS 1.2: key exchange, master secret (RFC 5246 8.1, RFC 7627 4), key block (6.3), verify_data (7.4.9). Signatures are
   derived_signatures.c's, protected records derived_records.c's, TLS 1.3 is derived13.c's. What can't be checked says why. The
   transcript is put together here from the messages as they were on the wire: HelloRequest does not count,
   ChangeCipherSpec and alerts are no messages. */
#include "explain/derived_parts.h"

#include "explain/hello.h"
#include "explain/ssl3.h"
#include "keys/schedule12.h"

static void premaster(struct derived_job *j);
static void master(struct derived_job *j);
static void keys(struct derived_job *j);
static void finished(struct derived_job *j, uint8_t from);
static bytes transcript_hash(const struct derived_job *j, const struct kept_message *until, bool inclusive);
static void add_value(struct derived_job *j, struct derivation *v);

struct derived *derived_make(struct arena *arena, const struct dissection *d, bool verdicts)
{
    struct derived_job j = {
        .arena = arena, .d = d, .client = hello_of(d, FEDE_CLIENT), .server = hello_of(d, FEDE_SERVER)};
    j.out = arena_take(arena, sizeof *j.out);
    struct derived_verdict *list = arena_take(arena, VERDICTS_MOST * sizeof *list);
    if (j.out == NULL || list == NULL || !crypto_start())
        return NULL;
    j.out->verdicts = list;
    if (!j.client.read || !j.server.read)
        return j.out;
    j.suite = suite_parts(u16s_at(j.server.suites, 0));
    j.prf = suite_prf(&j.suite, d->version);
    j.is_12 = d->version >= SSL3_VERSION && d->version <= 0x0303 && !j.suite.tls13 && j.prf != 0;
    if (verdicts) {
        derived_signatures(&j);
    }
    if (j.is_12) {
        premaster(&j);
        derived_rsa(&j);
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

/* ---- secrets ---- */

static void premaster(struct derived_job *j)
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
static void master(struct derived_job *j)
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
            v = d->version == SSL3_VERSION ? derive_ssl3_master(j->arena, d->premaster, seed)
                                           : derive_master(j->arena, j->prf, d->premaster, false, seed);
        }
        if (v != NULL && d->version == SSL3_VERSION)
            v->command = NULL; /* fede derive has no SSL 3.0 */
        else if (v != NULL && d->extended == 1)
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

static void keys(struct derived_job *j)
{
    static const char *const options[] = {"--master ", "--client-random ", "--server-random ", NULL};
    if (j->out->master.len == 0)
        return;
    uint8_t randoms[64];
    const char *why;
    bytes_copy(randoms, j->server.random.data, 32);
    bytes_copy(randoms + 32, j->client.random.data, 32);
    const bool ssl3 = j->d->version == SSL3_VERSION;
    const uint16_t suite = u16s_at(j->server.suites, 0);
    struct derivation *v =
        ssl3 ? derive_ssl3_key_block(j->arena, suite, j->out->master, BYTES_OF(randoms))
             : derive_key_block(j->arena, suite, j->d->version, j->out->master, BYTES_OF(randoms), &why);
    if (v == NULL)
        return;
    v->told = j->d->key_block;
    j->out->keys = v->value;
    if (ssl3) {
        add_value(j, v);
        return;
    }
    char what[160];
    struct text t = text_in(what, sizeof what);
    text_add(&t, "key-block ");
    text_add(&t, j->d->version == 0x0301 ? "--tls 1.0 " : j->d->version == 0x0302 ? "--tls 1.1 " : "");
    text_add(&t, "--suite ");
    text_add(&t, j->suite.name);
    derived_command(j->arena, v, what, options, (bytes[]){j->out->master, j->client.random, j->server.random});
    add_value(j, v);
}

static void finished(struct derived_job *j, uint8_t from)
{
    static const char *const options[] = {"--master ", "--transcript-hash ", NULL};
    const struct dissection *d = j->d;
    bool client = from == FEDE_CLIENT;
    const struct kept_message *m = dissection_message(d, from, MSG_FINISHED, 0);
    if (m == NULL && !d->opened)
        return;
    struct derived_verdict *v =
        derived_judge(j->out, client ? "client_finished" : "server_finished",
                      client ? "Finished of the client" : "Finished of the server", "RFC 5246 7.4.9", from);
    if (v == NULL)
        return;
    if (!j->is_12) {
        derived_say(v, VERDICT_OPEN, derived_not_computed(j));
        return;
    }
    if (m == NULL || j->out->master.len == 0 || d->handshake_cut) {
        derived_say(v, VERDICT_OPEN,
                    m == NULL          ? "the message could not be read: it is encrypted"
                    : d->handshake_cut ? "not all messages of the handshake are known"
                                       : "the master secret is not known here");
        return;
    }
    const bool ssl3 = d->version == SSL3_VERSION;
    bytes hash = ssl3 ? derived_transcript(j, m, false) : transcript_hash(j, m, false), got = bytes_skip(m->bytes, 4);
    struct derivation *value = ssl3 ? derive_ssl3_verify_data(j->arena, j->out->master, from, hash)
                                    : derive_verify_data(j->arena, j->prf, j->out->master, client, hash);
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
    if (!ssl3)
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

/* ---- parts ---- */

const char *derived_not_computed(const struct derived_job *j)
{
    return j->d->version == 0x0303 ? "the hash of this suite is not computed here" : "this version is not computed here";
}

/* All messages before `until`, or up to it, one after the other. */
bytes derived_transcript(const struct derived_job *j, const struct kept_message *until, bool inclusive)
{
    const struct dissection *d = j->d;
    size_t len = 0, at = 0, end = (size_t)(until - d->handshake) + inclusive;
    for (size_t i = 0; i < end; i++)
        len += d->handshake[i].type != MSG_HELLO_REQUEST ? d->handshake[i].spoken.len : 0;
    uint8_t *all = arena_take(j->arena, len > 0 ? len : 1);
    if (all == NULL)
        return BYTES_NONE;
    for (size_t i = 0; i < end; i++) {
        if (d->handshake[i].type == MSG_HELLO_REQUEST)
            continue;
        bytes_copy(all + at, d->handshake[i].spoken.data, d->handshake[i].spoken.len);
        at += d->handshake[i].spoken.len;
    }
    return bytes_of(all, len);
}

static bytes transcript_hash(const struct derived_job *j, const struct kept_message *until, bool inclusive)
{
    uint8_t hash[HASH_MAX];
    struct crypto_hash h;
    const struct dissection *d = j->d;
    crypto_hash_start(&h, j->prf);
    for (size_t i = 0; i < (size_t)(until - d->handshake) + inclusive; i++)
        if (d->handshake[i].type != MSG_HELLO_REQUEST)
            crypto_hash_add(&h, d->handshake[i].spoken);
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

static void add_value(struct derived_job *j, struct derivation *v)
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
