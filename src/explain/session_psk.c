/* explain/session_psk.c: pre-shared keys of TLS 1.3 (RFC 9846 4.2.11, 7.1), as far as they are known: given by the user, or derived
   from a connection in the same capture that gave the ticket.

   Each identity's binder is recomputed, which says whether the key is right. A key that is right opens early data; and when the
   server takes it without a Diffie-Hellman share (psk_ke), it opens everything, and the pre-shared keys of the tickets made
   there are known as well. With a share (psk_dhe_ke) the rest needs a key log. */
#include <stdlib.h>

#include "explain/session.h"
#include "keys/hkdf.h"

enum { KEPT = 4 /* identities */, LABELS = SECRET_SERVER_TRAFFIC + 1 };

struct psk_schedule {
    struct {
        uint8_t hash; /* enum hash; 0: this identity's key is not known */
        uint8_t early[HASH_MAX];
    } kept[KEPT];
    uint8_t hash; /* of the schedule that is known beyond early data; 0: none */
    uint8_t handshake[HASH_MAX], master[HASH_MAX];
    uint8_t resumption_len, resumption[HASH_MAX];
    uint8_t lens[LABELS], secrets[LABELS][HASH_MAX]; /* by enum secret_label; length 0: not known */
};

struct offered {
    bytes identity, binder;
    size_t number;
};

static void check_binder(struct session *s, const struct offered *o, bytes partial);
static bool fits(struct session *s, const struct offered *o, bytes partial, bytes psk);
static void early(enum hash hash, bytes psk, uint8_t out[HASH_MAX]);
static void secret_of(enum hash hash, const uint8_t *secret, const char *label, bytes messages, uint8_t out[HASH_MAX]);
static void traffic(struct session *s, enum secret_label label, const uint8_t *secret, const char *name);

/* ---- binders ---- */

static bool take_vector(bytes *rest, size_t prefix, bytes *out)
{
    const size_t len = rest->len < prefix ? 0 : prefix == 1 ? rest->data[0] : load16(rest->data);
    if (rest->len < prefix + len)
        return false;
    *out = bytes_of(rest->data + prefix, len);
    *rest = bytes_skip(*rest, prefix + len);
    return true;
}

void session_psk_offered(struct session *s, bytes hello)
{
    enum { HEADER = 4, AGE = 4 };
    struct client_hello m = {0};
    struct wire w = wire_reader(bytes_skip(hello, HEADER));
    bytes rest, identities, binders;
    session_psk_end(s);
    wire_client_hello(&w, &m);
    rest = m.extensions.pre_shared_key;
    if (!wire_done(&w) || rest.len == 0 || !take_vector(&rest, 2, &identities))
        return;
    const size_t until = (size_t)(rest.data - hello.data);
    if (!take_vector(&rest, 2, &binders))
        return;
    for (struct offered o = {0}; o.number < KEPT && take_vector(&identities, 2, &o.identity) && identities.len >= AGE &&
                                 take_vector(&binders, 1, &o.binder);
         o.number++) {
        identities = bytes_skip(identities, AGE);
        check_binder(s, &o, bytes_first(hello, until));
    }
    struct psk_schedule *p = s->psk;
    if (p != NULL && p->kept[0].hash != 0 && !s->retried) {
        const enum hash hash = (enum hash)p->kept[0].hash;
        secret_of(hash, p->kept[0].early, "c e traffic", hello, p->secrets[SECRET_CLIENT_EARLY]);
        p->lens[SECRET_CLIENT_EARLY] = (uint8_t)hash_len(hash);
    }
}

/* Tells how it comes out. The given key of that name alone can be said to be wrong: others may be meant for others. */
static void check_binder(struct session *s, const struct offered *o, bytes partial)
{
    const struct secrets *secrets = s->listener->secrets;
    const struct ancestor *a = lineage_find(s->listener->lineage, LINEAGE_PSK, o->identity);
    const char *from = NULL;
    bool meant = false;
    char line[400];
    struct text t = text_in(line, sizeof line);
    if (a != NULL && a->psk_len > 0) {
        meant = true;
        if (fits(s, o, partial, bytes_of(a->master, a->psk_len)))
            from = "the key of the ticket, from the connection that gave it";
    }
    for (size_t i = 0; i < secrets->n_psks && from == NULL; i++) {
        bytes psk = secrets_psk(secrets, i, o->identity);
        meant = meant || (psk.len > 0 && secrets->psks[i].identity_len > 0);
        if (psk.len > 0 && fits(s, o, partial, psk))
            from = "the pre-shared key given";
    }
    text_add(&t, "identity ");
    text_number(&t, (int64_t)o->number + 1);
    text_add(&t, " (");
    text_escaped(&t, bytes_first(o->identity, 32));
    text_add(&t, o->identity.len > 32 ? "…" : "");
    text_add(&t, "): ");
    if (from != NULL)
        text_add(&t, from);
    else
        text_add(&t, meant ? "it is not what the key that is known for this identity gives over the ClientHello"
                     : secrets->n_psks > 0 ? "no pre-shared key that was given fits"
                                           : "its pre-shared key is not known");
    session_tell_check(s, FEDE_CLIENT,
                       from != NULL ? CHECK_VERIFIED
                       : meant      ? CHECK_FAILED
                                    : CHECK_IMPOSSIBLE,
                       "PSK binder", line);
}

/* Hash by the binder's length (RFC 9846 4.2.11: a key belongs to one); external or of a ticket, for both are tried. */
static bool fits(struct session *s, const struct offered *o, bytes partial, bytes psk)
{
    static const char *const labels[] = {"ext binder", "res binder"};
    const enum hash hash = o->binder.len == hash_len(HASH_SHA256)   ? HASH_SHA256
                           : o->binder.len == hash_len(HASH_SHA384) ? HASH_SHA384
                                                                    : 0;
    uint8_t secret[HASH_MAX], key[HASH_MAX], over[HASH_MAX], binder[HASH_MAX];
    struct crypto_hash h;
    struct crypto_hmac keyed;
    bool good = false;
    if (hash == 0 || s->spoken_lost)
        return false;
    early(hash, psk, secret);
    crypto_hash_start(&h, hash);
    crypto_hash_add(&h, bytes_of(s->spoken, s->spoken_len)); /* behind a HelloRetryRequest */
    crypto_hash_add(&h, partial);
    crypto_hash_end(&h, over);
    for (size_t i = 0; i < 2 && !good; i++) {
        secret_of(hash, secret, labels[i], BYTES_NONE, key);
        hkdf_expand_label(hash, bytes_of(key, o->binder.len), "finished", BYTES_NONE, key, o->binder.len);
        crypto_hmac_key(&keyed, hash, bytes_of(key, o->binder.len));
        crypto_hmac_of(&keyed, bytes_of(over, o->binder.len), BYTES_NONE, BYTES_NONE, binder);
        good = bytes_equal(bytes_of(binder, o->binder.len), o->binder);
    }
    if (good && s->psk == NULL)
        s->psk = calloc(1, sizeof *s->psk);
    if (good && s->psk != NULL) {
        s->psk->kept[o->number].hash = (uint8_t)hash;
        bytes_copy(s->psk->kept[o->number].early, secret, sizeof secret);
    }
    bytes_wipe(&keyed, sizeof keyed);
    bytes_wipe(secret, sizeof secret);
    bytes_wipe(key, sizeof key);
    return good;
}

/* ---- the key schedule ---- */

/* HKDF-Extract is HMAC with the salt as its key; no salt is one of zeros. */
static void extract(enum hash hash, bytes salt, bytes in, uint8_t out[HASH_MAX])
{
    struct crypto_hmac keyed;
    crypto_hmac_key(&keyed, hash, salt);
    crypto_hmac_of(&keyed, in, BYTES_NONE, BYTES_NONE, out);
    bytes_wipe(&keyed, sizeof keyed);
}

static void early(enum hash hash, bytes psk, uint8_t out[HASH_MAX])
{
    static const uint8_t zeros[HASH_MAX];
    extract(hash, bytes_of(zeros, hash_len(hash)), psk, out);
}

/* Derive-Secret: over the hash of those messages. */
static void secret_of(enum hash hash, const uint8_t *secret, const char *label, bytes messages, uint8_t out[HASH_MAX])
{
    uint8_t over[HASH_MAX];
    crypto_hash_once(hash, messages, over);
    hkdf_expand_label(hash, bytes_of(secret, hash_len(hash)), label, bytes_of(over, hash_len(hash)), out,
                      hash_len(hash));
}

/* The next secret of the schedule, with nothing mixed in. */
static void go_on(enum hash hash, const uint8_t *secret, uint8_t out[HASH_MAX])
{
    static const uint8_t zeros[HASH_MAX];
    uint8_t salt[HASH_MAX];
    secret_of(hash, secret, "derived", BYTES_NONE, salt);
    extract(hash, bytes_of(salt, hash_len(hash)), bytes_of(zeros, hash_len(hash)), out);
    bytes_wipe(salt, sizeof salt);
}

static void traffic(struct session *s, enum secret_label label, const uint8_t *secret, const char *name)
{
    struct psk_schedule *p = s->psk;
    secret_of((enum hash)p->hash, secret, name, bytes_of(s->spoken, s->spoken_len), p->secrets[label]);
    p->lens[label] = (uint8_t)hash_len((enum hash)p->hash);
}

void session_psk_answered(struct session *s, bytes hello)
{
    struct psk_schedule *p = s->psk;
    struct server_hello m = {0};
    struct wire w = wire_reader(hello);
    wire_server_hello(&w, &m);
    if (p == NULL || !s->answered || !wire_done(&w) || m.extensions.pre_shared_key.len != 2 || s->spoken_lost)
        return;
    const size_t chosen = load16(m.extensions.pre_shared_key.data);
    const bool alone = !ext_has(&m.extensions, HAS_KEY_SHARE);
    if (chosen >= KEPT || p->kept[chosen].hash != suite_prf(&s->suite_parts, s->version) || p->kept[chosen].hash == 0)
        return;
    if (!alone) {
        session_note(s, "the pre-shared key is known, but its keys are mixed with a Diffie-Hellman secret: only early "
                        "data opens by it");
        return;
    }
    p->hash = p->kept[chosen].hash;
    go_on((enum hash)p->hash, p->kept[chosen].early, p->handshake);
    go_on((enum hash)p->hash, p->handshake, p->master);
    traffic(s, SECRET_CLIENT_HANDSHAKE, p->handshake, "c hs traffic");
    traffic(s, SECRET_SERVER_HANDSHAKE, p->handshake, "s hs traffic");
}

void session_psk_finished(struct session *s, uint8_t from)
{
    struct psk_schedule *p = s->psk;
    if (p == NULL || p->hash == 0 || s->spoken_lost)
        return;
    if (from == FEDE_SERVER) {
        traffic(s, SECRET_CLIENT_TRAFFIC, p->master, "c ap traffic");
        traffic(s, SECRET_SERVER_TRAFFIC, p->master, "s ap traffic");
    } else {
        secret_of((enum hash)p->hash, p->master, "res master", bytes_of(s->spoken, s->spoken_len), p->resumption);
        p->resumption_len = (uint8_t)hash_len((enum hash)p->hash);
    }
}

bytes session_psk_secret(const struct session *s, enum secret_label label)
{
    const struct psk_schedule *p = s->psk;
    return p != NULL && (size_t)label < LABELS && p->lens[label] > 0 ? bytes_of(p->secrets[label], p->lens[label])
                                                                     : BYTES_NONE;
}

uint8_t session_psk_of_ticket(const struct session *s, bytes nonce, uint8_t out[HASH_MAX])
{
    const struct psk_schedule *p = s->psk;
    if (p == NULL || p->resumption_len == 0)
        return 0;
    hkdf_expand_label((enum hash)p->hash, bytes_of(p->resumption, p->resumption_len), "resumption", nonce, out,
                      p->resumption_len);
    return p->resumption_len;
}

void session_psk_end(struct session *s)
{
    if (s->psk != NULL)
        bytes_wipe(s->psk, sizeof *s->psk);
    free(s->psk);
    s->psk = NULL;
}
