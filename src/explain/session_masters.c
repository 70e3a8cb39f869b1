/* explain/session_masters.c: every master secret that a key source has for a connection before TLS 1.3.

   Said in a key log as it is, or made from a premaster secret (RFC 5246 8.1, RFC 7627 4): one of a key log, one that a server's
   RSA key decrypts out of ClientKeyExchange (RFC 5246 7.4.7.1), or one made of a pre-shared key (RFC 4279 2, 4). Which of
   them is right is for a record to say. */
#include "crypto/offline.h"
#include "explain/session.h"
#include "explain/ssl3.h"
#include "keys/schedule12.h"

struct search {
    struct session *s;
    session_try_master *try;
    void *arg;
    bool done;
};

static void from_keylog(struct search *f, bytes encrypted);
static void from_rsa_keys(struct search *f, const struct client_key_exchange *m);
static void other_length(struct session *s, bytes block);
static void from_psks(struct search *f, const struct client_key_exchange *m);
static void mix_psk(struct search *f, bytes other, bytes psk, const char *source);
static void from_premaster(struct search *f, bytes premaster, const char *source);
static void offer(struct search *f, const struct session_master *m);

bool session_masters(struct session *s, session_try_master *try, void *arg)
{
    struct search f = {.s = s, .try = try, .arg = arg};
    struct client_key_exchange m = {.kx = s->suite_parts.kx, .unprefixed = s->version == SSL3_VERSION};
    if (!s->spoken_lost && s->exchange_end > s->exchange_at + 4) {
        struct wire w = wire_reader(bytes_of(s->spoken + s->exchange_at + 4, s->exchange_end - s->exchange_at - 4));
        wire_client_key_exchange(&w, &m);
        if (!wire_done(&w))
            m = (struct client_key_exchange){.kx = m.kx};
    }
    from_keylog(&f, m.encrypted);
    from_rsa_keys(&f, &m);
    from_psks(&f, &m);
    if (!f.done && (s->ticketed == TICKET_MADE || (s->ticketed == TICKET_OFFERED && s->resumed)))
        offer(&f, &(struct session_master){.master = s->ticket_master, .source = "the ticket, opened with its key"});
    if (!f.done && s->inherited)
        offer(&f, &(struct session_master){.master = s->first_master, .source = "the connection it resumes"});
    return f.done;
}

static void from_keylog(struct search *f, bytes encrypted)
{
    enum { RSA_NAME = 8 };
    const struct secrets *secrets = f->s->listener->secrets;
    bytes random = f->s->hello ? bytes_of(f->s->randoms, 32) : BYTES_NONE, secret;
    for (size_t i = 0; !f->done && (secret = secrets_find(secrets, SECRET_MASTER, random, i)).data != NULL; i++)
        if (secret.len == MASTER_LEN)
            offer(f, &(struct session_master){.master = secret.data, .source = "key log"});
    bytes id = bytes_of(f->s->made_id, f->s->made_id_len);
    for (size_t i = 0; !f->done && id.len > 0 && (secret = secrets_find(secrets, SECRET_MASTER_OF_ID, id, i)).data != NULL; i++)
        offer(f, &(struct session_master){.master = secret.data, .source = "key log, by session id"});
    for (size_t i = 0; !f->done && (secret = secrets_find(secrets, SECRET_PREMASTER, random, i)).data != NULL; i++)
        from_premaster(f, secret, "key log, premaster secret");
    bytes name = encrypted.len > RSA_NAME ? bytes_first(encrypted, RSA_NAME) : BYTES_NONE;
    for (size_t i = 0; name.len > 0 && !f->done; i++) {
        secret = secrets_find(secrets, SECRET_PREMASTER_RSA, name, i);
        if (secret.data == NULL)
            break;
        from_premaster(f, secret, "key log, premaster secret");
    }
}

/* What the client encrypted: 00 02, padding without zeros, 00, premaster secret (RFC 8017 7.2.2). */
static void from_rsa_keys(struct search *f, const struct client_key_exchange *m)
{
    const struct secrets *secrets = f->s->listener->secrets;
    for (size_t i = 0; i < secrets->n_rsa && !f->done; i++) {
        uint8_t block[SIGNATURE_MAX];
        bytes in = m->encrypted;
        if (in.len <= MASTER_LEN + 11 || in.len > sizeof block)
            return;
        const size_t at = in.len - MASTER_LEN;
        bool good = offline_rsa(secrets->rsa[i], in, block) && block[0] == 0 && block[1] == 2 && block[at - 1] == 0 && memchr(block + 2, 0, at - 3) == NULL;
        f->s->rsa_unfit = !good;
        if (!good && block[0] == 0 && block[1] == 2)
            other_length(f->s, bytes_of(block, in.len));
        if (good) {
            bytes premaster = bytes_of(block + at, MASTER_LEN);
            f->s->rsa_block = bytes_of(block, in.len);
            if (m->kx != KX_RSA_PSK)
                from_premaster(f, premaster, "the server's RSA key");
            for (size_t k = 0; m->kx == KX_RSA_PSK && k < secrets->n_psks; k++)
                mix_psk(f, premaster, secrets_psk(secrets, k, m->psk_identity), "RSA key and pre-shared key");
            f->s->rsa_block = BYTES_NONE;
        }
        bytes_wipe(block, sizeof block);
    }
}

/* 00 02 at the beginning comes by chance once in 65536 times: the key is likely the right one, and the client wrong. */
static void other_length(struct session *s, bytes block)
{
    char line[200];
    struct text t = text_in(line, sizeof line);
    const uint8_t *end = memchr(block.data + 2, 0, block.len - 2);
    if (s->key_noted)
        return;
    s->key_noted = true;
    text_add(&t, "the server's RSA key decrypts a PKCS #1 block, but ");
    if (end != NULL) {
        text_add(&t, "behind its padding stand ");
        text_number(&t, (int64_t)(block.data + block.len - end - 1));
        text_add(&t, " bytes and not 48");
    } else {
        text_add(&t, "its padding has no end");
    }
    text_add(&t, " (RFC 5246 7.4.7.1)");
    session_note(s, line);
}

static void from_psks(struct search *f, const struct client_key_exchange *m)
{
    static const uint8_t zeros[PSK_MOST];
    const struct secrets *secrets = f->s->listener->secrets;
    const bool mixed = m->kx == KX_ECDHE_PSK || m->kx == KX_DHE_PSK;
    for (size_t i = 0; mixed && !f->s->key_noted && i < secrets->n_psks; i++) {
        if (secrets_psk(secrets, i, m->psk_identity).len == 0)
            continue;
        f->s->key_noted = true;
        session_note(f->s, m->kx == KX_DHE_PSK ? "the pre-shared key given is mixed with a Diffie-Hellman secret (DHE_PSK): alone it opens nothing"
                                               : "the pre-shared key given is mixed with a Diffie-Hellman secret (ECDHE_PSK): alone it opens nothing");
    }
    for (size_t i = 0; m->kx == KX_PSK && i < secrets->n_psks && !f->done; i++) {
        bytes psk = secrets_psk(secrets, i, m->psk_identity);
        mix_psk(f, bytes_of(zeros, psk.len), psk, "pre-shared key");
    }
}

/* RFC 4279 2: both with their lengths. */
static void mix_psk(struct search *f, bytes other, bytes psk, const char *source)
{
    uint8_t premaster[4 + PSK_MOST + PSK_MOST];
    if (psk.len == 0 || other.len > PSK_MOST)
        return;
    store16(premaster, (uint16_t)other.len);
    bytes_copy(premaster + 2, other.data, other.len);
    store16(premaster + 2 + other.len, (uint16_t)psk.len);
    bytes_copy(premaster + 4 + other.len, psk.data, psk.len);
    from_premaster(f, bytes_of(premaster, 4 + other.len + psk.len), source);
    bytes_wipe(premaster, sizeof premaster);
}

static void from_premaster(struct search *f, bytes premaster, const char *source)
{
    const struct session *s = f->s;
    uint8_t master[MASTER_LEN], hash[HASH_MAX];
    enum hash prf = suite_prf(&s->suite_parts, s->version);
    if (f->done || prf == 0 || (s->extended && (s->spoken_lost || s->exchange_end == 0)))
        return;
    if (s->extended) {
        crypto_hash_once(prf, bytes_of(s->spoken, s->exchange_end), hash);
        master_extended(prf, premaster, bytes_of(hash, hash_len(prf)), master);
    } else if (s->version == SSL3_VERSION) {
        ssl3_expand(premaster, BYTES_OF(s->randoms), master, MASTER_LEN);
    } else {
        master_classic(prf, premaster, s->randoms, s->randoms + 32, master);
    }
    offer(f, &(struct session_master){
                 .master = master, .premaster = premaster, .rsa_block = s->rsa_block, .source = source});
    bytes_wipe(master, sizeof master);
}

static void offer(struct search *f, const struct session_master *m)
{
    f->done = f->done || f->try(f->s, m, f->arg);
}
