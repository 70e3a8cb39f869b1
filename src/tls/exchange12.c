/* tls/exchange12.c: the key exchange of TLS 1.2 by ephemeral elliptic curves, and what follows from it: premaster secret,
   master secret, key block, the two changes of keys. What is special to the quarantined exchanges is in legacy12.c. RFC 8422 5.4, 5.7, 5.10; RFC 5246 6.3, 8.1; RFC 7627 4. */
#include "base/text.h"
#include "tls/handshake.h"
#include "tls/inform.h"

static bool params_of(const struct handshake *hs, struct server_key_exchange *m);
static bool right_len(const struct group *group, bytes share);
static enum outcome make_share(struct handshake *hs);
static enum outcome agree(struct handshake *hs, bytes peer);
static enum outcome share_invalid(struct handshake *hs, bytes peer);
static void make_master_secret(struct handshake *hs);
static void tell_secrets(struct handshake *hs);

/* ---- The server's side. */

enum outcome act_share(struct handshake *hs)
{
    return make_share(hs);
}

/* Signs both randoms and the parameters. */
enum outcome sign_exchange(struct handshake *hs)
{
    enum { PARAMS_MAX = 3 * (2 + SECRET_MAX) }; /* a prime, a generator, a share */
    uint8_t input[64 + PARAMS_MAX];
    bytes_copy(input, hs->client_random, 32);
    bytes_copy(input + 32, hs->server_random, 32);
    struct server_key_exchange params;
    bool known = params_of(hs, &params);
    struct wire w = wire_writer(input + 64, PARAMS_MAX);
    wire_exchange_params(&w, &params);
    if (!known || !wire_done(&w))
        return handshake_fail_detail(hs, FEDE_CRYPTO_FAILED, NULL, 0, 0, "sign the key exchange");
    return sign_input(hs, hs->scheme, bytes_of(input, 64 + w.at));
}

enum written write_server_key_exchange(struct handshake *hs, size_t *room)
{
    struct server_key_exchange *m = &hs->msg.server_key_exchange;
    params_of(hs, m);
    m->is_signed = true;
    m->scheme = hs->scheme->id;
    m->signature = hs->signature;
    *room = 16 + m->p.len + m->g.len + hs->point_len + hs->signature.len;
    return WRITTEN;
}

static bool params_of(const struct handshake *hs, struct server_key_exchange *m)
{
    bytes share = bytes_of(hs->point, hs->point_len);
    *m = (struct server_key_exchange){.kx = exchange_of(hs->conn->suite)};
    if (m->kx == KX_DHE) {
        m->ys = share;
        return legacy_params(hs, m);
    }
    m->curve_type = 3;
    m->group = hs->group->id;
    m->point = share;
    return true;
}

enum outcome read_client_key_exchange(struct handshake *hs)
{
    const struct client_key_exchange *m = &hs->msg.client_key_exchange;
    if (m->kx == KX_RSA)
        return legacy_read_premaster(hs);
    return agree(hs, m->kx == KX_DHE ? m->yc : m->point);
}

/* ---- The client's side. */

enum outcome read_server_key_exchange(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    const struct fede_config *config = conn->config;
    const struct server_key_exchange *m = &hs->msg.server_key_exchange;
    const bytes share = m->kx == KX_DHE ? m->ys : m->point;
    if (m->kx == KX_DHE) {
        enum outcome o = legacy_read_group(hs, m);
        if (o != DONE)
            return o;
    } else {
        hs->group = u16s_has(codes_list(&config->groups), m->group) ? group_by_id(m->group) : NULL;
        if (hs->group == NULL || group_is_legacy(hs->group))
            return handshake_fail(hs, FEDE_GROUP_NOT_OFFERED, "namedcurve", m->group, 0);
    }
    if (!right_len(hs->group, share))
        return share_invalid(hs, share);
    struct codes permitted = schemes_permitted(conn, NULL);
    if (!u16s_has(codes_list(&permitted), m->scheme))
        return handshake_fail(hs, FEDE_SCHEME_NOT_OFFERED, "algorithm", m->scheme, 0);
    hs->scheme = scheme_any(m->scheme);
    conn->group = hs->group->id;
    conn->scheme = m->scheme;
    hs->params = arena_copy(&hs->arena, m->params);
    hs->peer_point = arena_copy(&hs->arena, share);
    hs->signature = arena_copy(&hs->arena, m->signature);
    if (hs->params.data == NULL || hs->peer_point.data == NULL || (hs->signature.data == NULL && m->signature.len > 0))
        return handshake_no_memory(hs);
    if (conn->group != 0)
        inform_choice(conn, "group", conn->group, BYTES_NONE);
    inform_choice(conn, "signature scheme", conn->scheme, BYTES_NONE);
    return DONE;
}

enum written write_client_key_exchange(struct handshake *hs, size_t *room)
{
    const uint8_t kx = exchange_of(hs->conn->suite);
    if (kx == KX_RSA)
        return legacy_write_premaster(hs, room);
    if (make_share(hs) != DONE || agree(hs, hs->peer_point) != DONE)
        return NOT_WRITTEN;
    bytes share = bytes_of(hs->point, hs->point_len);
    hs->msg.client_key_exchange = kx == KX_DHE ? (struct client_key_exchange){.kx = kx, .yc = share}
                                               : (struct client_key_exchange){.kx = kx, .point = share};
    *room = 2 + hs->point_len;
    return WRITTEN;
}

/* ---- Both sides. */

static enum outcome make_share(struct handshake *hs)
{
    hs->point = arena_take(&hs->arena, hs->group->share_len);
    if (hs->point == NULL)
        return handshake_no_memory(hs);
    hs->share = crypto_share_new(hs->group, &hs->conn->config->random, hs->point, &hs->point_len);
    if (hs->share == NULL)
        return handshake_fail_detail(hs, FEDE_CRYPTO_FAILED, NULL, hs->group->id, 0,
                                     "make a key pair for the key exchange");
    if (inform_secrets(hs->conn)) {
        uint8_t private[SECRET_MAX];
        size_t len = crypto_share_private(hs->share, private, sizeof private);
        inform_secret(hs, "private key", bytes_of(private, len));
        bytes_wipe(private, sizeof private);
    }
    return DONE;
}

/* A number may come without its leading zeros, a point may not. */
static bool right_len(const struct group *group, bytes share)
{
    return group_is_legacy(group) ? share.len <= group->share_len : share.len == group->share_len;
}

bool premaster_room(struct handshake *hs, size_t n)
{
    hs->premaster = arena_take(&hs->arena, n);
    hs->premaster_room = hs->premaster != NULL ? n : 0;
    return hs->premaster != NULL || handshake_no_memory(hs) == DONE;
}

static enum outcome agree(struct handshake *hs, bytes peer)
{
    if (!premaster_room(hs, hs->group->secret_len))
        return FAIL;
    if (!right_len(hs->group, peer) || !crypto_share_finish(hs->share, peer, hs->premaster, &hs->premaster_len))
        return share_invalid(hs, peer);
    crypto_share_free(hs->share);
    hs->share = NULL;
    inform_secret(hs, "premaster secret", bytes_of(hs->premaster, hs->premaster_len));
    return DONE;
}

/* A client finds out when it writes its own share; the one at fault is in the server's message all the same. */
static enum outcome share_invalid(struct handshake *hs, bytes peer)
{
    char detail[80];
    struct text t = text_in(detail, sizeof detail);
    bool client = handshake_is_client(hs);
    bool field = group_is_legacy(hs->group);
    if (!right_len(hs->group, peer)) {
        text_number(&t, (int64_t)peer.len);
        text_add(&t, " bytes came, ");
        text_number(&t, hs->group->share_len);
        text_add(&t, " are needed");
    } else {
        text_add(&t, field ? "it does not lie between 2 and p - 2" : hs->group->share_len == 32 ? "the shared secret would be zero" : "it is no point of the curve");
    }
    handshake_fail_detail(hs, FEDE_SHARE_INVALID, client ? field ? "dh_Ys" : "public" : field ? "dh_Yc" : "ecdh_Yc", hs->group->id, (int64_t)peer.len,
                          detail);
    hs->conn->error.message = client ? MSG_SERVER_KEY_EXCHANGE : MSG_CLIENT_KEY_EXCHANGE;
    return FAIL;
}

enum outcome act_master_secret(struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    if (!(hs->facts & FACT_RESUMED)) /* else it is the session's */
        make_master_secret(hs);
    key_block_make(conn->suite, hs->master, hs->client_random, hs->server_random, &hs->keys);
    tell_secrets(hs);
    return DONE;
}

static void make_master_secret(struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    enum hash hash = (enum hash)conn->suite->hash;
    bytes premaster = bytes_of(hs->premaster, hs->premaster_len);
    if (conn->flags & CONN_EMS) {
        uint8_t session_hash[HASH_MAX];
        size_t len = transcript_so_far(&hs->transcript, session_hash);
        master_extended(hash, premaster, bytes_of(session_hash, len), hs->master);
    } else {
        master_classic(hash, premaster, hs->client_random, hs->server_random, hs->master);
    }
    bytes_wipe(hs->premaster, hs->premaster_room);
}

static void tell_secrets(struct handshake *hs)
{
    const struct fede_conn *conn = hs->conn;
    inform_secret(hs, "CLIENT_RANDOM", BYTES_OF(hs->master));
    if (inform_secrets(conn)) { /* in the order of RFC 5246 6.3 */
        const struct key_block *k = &hs->keys;
        uint8_t block[2 * sizeof k->client_mac + 2 * sizeof k->client_key + 2 * sizeof k->client_iv];
        const uint8_t *parts[] = {k->client_mac, k->server_mac, k->client_key,
                                  k->server_key, k->client_iv,  k->server_iv};
        const size_t lens[] = {k->mac_len, k->key_len, k->iv_len};
        size_t len = 0;
        for (int i = 0; i < 6; i++) {
            size_t n = lens[i / 2];
            bytes_copy(block + len, parts[i], n);
            len += n;
        }
        inform_secret(hs, "key block", bytes_of(block, len));
        bytes_wipe(block, sizeof block);
    }
}

/* Behind ChangeCipherSpec of that side: its records are protected from now on. */
enum outcome switch_keys(struct handshake *hs, uint8_t from)
{
    struct fede_conn *conn = hs->conn;
    struct key_block *k = &hs->keys;
    bool client = from == FEDE_CLIENT;
    uint8_t *key = client ? k->client_key : k->server_key, *iv = client ? k->client_iv : k->server_iv;
    uint8_t *mac = client ? k->client_mac : k->server_mac;
    struct direction *way = from == conn->role ? &conn->out : &conn->in;
    bool set = true;
    if (conn->suite->mac == 0) {
        direction_set(way, conn->suite, key, iv);
    } else {
        struct crypto_cbc_setup setup = {.suite = conn->suite,
                                         .key = bytes_of(key, k->key_len),
                                         .mac_key = bytes_of(mac, k->mac_len),
                                         .seals = way == &conn->out,
                                         .encrypt_then_mac = conn->flags & CONN_ETM,
                                         .version = conn->version,
                                         .source = &conn->config->random};
        set = direction_set_cbc(way, &setup);
    }
    bytes_wipe(key, sizeof k->client_key);
    bytes_wipe(iv, sizeof k->client_iv);
    bytes_wipe(mac, sizeof k->client_mac);
    if (!set)
        return handshake_fail(hs, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
    inform_keys(conn, from);
    return DONE;
}
