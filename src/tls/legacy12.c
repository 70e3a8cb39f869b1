/* tls/legacy12.c: the quarantined key exchanges of TLS 1.2: what differs from ECDHE. Static RSA: RFC 5246 7.4.7.1; the server
   goes on with random bytes when anything about the encrypted premaster secret is wrong, so that there is one path, and
   Finished fails. DHE: RFC 5246 7.4.3, 7.4.7.2, RFC 7919; groups are known ones of 2048 bits and more, keys are new each
   time. */
#include "crypto/legacy.h"
#include "tls/handshake.h"
#include "tls/inform.h"

enum { FIRST_FIELD = 0x0100, LAST_FIELD = 0x01ff }; /* code points of finite fields, RFC 7919 2 */

/* ---- DHE. */

/* A server may have a group that was not offered (RFC 7919 3 allows to go on); it must be a known one all the same. */
enum outcome legacy_read_group(struct handshake *hs, const struct server_key_exchange *m)
{
    const struct fede_config *config = hs->conn->config;
    hs->group = crypto_dh_find(m->p, m->g);
    if (hs->group == NULL)
        return handshake_fail(hs, FEDE_DH_GROUP_UNKNOWN, "dh_p", (int64_t)m->p.len * 8, 2048);
    if (hs->group->id != 0 && !u16s_has(codes_list(&config->groups), hs->group->id))
        return handshake_fail(hs, FEDE_GROUP_NOT_OFFERED, "dh_p", hs->group->id, 0);
    return DONE;
}

bool legacy_params(const struct handshake *hs, struct server_key_exchange *m)
{
    return crypto_dh_params(hs->group, &m->p, &m->g);
}

/* Ours that the client lists; the first if it lists no finite field at all (RFC 7919 4). */
const struct group *legacy_choose_group(const struct handshake *hs)
{
    struct u16s ours = codes_list(&hs->conn->config->groups), theirs = hs->offer.extensions.groups;
    bool listed = false;
    for (size_t i = 0; ext_has(&hs->offer.extensions, HAS_GROUPS) && i < theirs.n; i++)
        listed |= u16s_at(theirs, i) >= FIRST_FIELD && u16s_at(theirs, i) <= LAST_FIELD;
    for (size_t i = 0; i < ours.n; i++) {
        const struct group *group = group_by_id(u16s_at(ours, i));
        if (group_is_legacy(group) && (!listed || u16s_has(theirs, group->id)))
            return group;
    }
    return NULL;
}

/* ---- Static RSA. */

/* RFC 5280 4.2.1.3: a key may be for signatures alone; one that is elsewhere can't decrypt here. */
bool legacy_can_unwrap(const struct credential *credential)
{
    const struct certificate *leaf = &credential->leaf;
    return credential->kind == KEY_RSA && credential->key != NULL && (!leaf->has_key_usage || leaf->key_usage & USAGE_KEY_ENCIPHERMENT);
}

enum written legacy_write_premaster(struct handshake *hs, size_t *room)
{
    const struct public_key *key = &hs->leaf->key;
    uint8_t *encrypted = arena_take(&hs->arena, SIGNATURE_MAX);
    if (!premaster_room(hs, PREMASTER_LEN))
        return NOT_WRITTEN;
    if (encrypted == NULL) {
        handshake_no_memory(hs);
        return NOT_WRITTEN;
    }
    hs->premaster_len = PREMASTER_LEN;
    if (!crypto_rsa_wrap(key, hs->offer.legacy_version, &hs->conn->config->random, hs->premaster, encrypted)) {
        handshake_fail_detail(hs, FEDE_CRYPTO_FAILED, NULL, 0, 0, "encrypt the premaster secret");
        return NOT_WRITTEN;
    }
    inform_secret(hs, "premaster secret", bytes_of(hs->premaster, PREMASTER_LEN));
    hs->msg.client_key_exchange =
        (struct client_key_exchange){.kx = KX_RSA, .encrypted = bytes_of(encrypted, key->modulus.len)};
    *room = 2 + key->modulus.len;
    return WRITTEN;
}

enum outcome legacy_read_premaster(struct handshake *hs)
{
    bytes encrypted = hs->msg.client_key_exchange.encrypted;
    if (!premaster_room(hs, PREMASTER_LEN))
        return FAIL;
    hs->premaster_len = PREMASTER_LEN;
    if (!crypto_rsa_unwrap(hs->credential->key, encrypted, hs->offer.legacy_version, &hs->conn->config->random,
                           hs->premaster))
        return handshake_fail(hs, FEDE_NO_RANDOM, NULL, 0, 0);
    inform_secret(hs, "premaster secret", bytes_of(hs->premaster, PREMASTER_LEN));
    return DONE;
}
