/* tls/renegotiate.c: a second handshake inside a connection. A server never makes one, and a client only by the application's
   choice for this connection: then the new handshake is bound to the one before by its two Finished (RFC 5746 3.5), uses the
   extended master secret exactly as that did (RFC 7627), meets the same certificate, and is counted. Whoever is told no gets
   the warning of RFC 5246 7.4.1.1, or what the config says.

   The new handshake walks the same rows with fresh proofs, under the keys in use until its ChangeCipherSpec. From our ClientHello
   on nothing can be written; what the peer had under way is handed out until its ServerHello. Nothing is resumed, and no
   application protocol is negotiated again. HTTP/2 forbids all of it (RFC 9113 9.2.1). */
#include "tls/handshake.h"
#include "tls/inform.h"

enum { MOST_REFUSALS = 3 }; /* in all */

/* What is kept of the handshake before, by whoever allowed another. */
struct again {
    uint8_t most, done;
    uint8_t verify_data[2][VERIFY_DATA_LEN]; /* the client's, the server's */
    uint8_t leaf[HASH_MAX];                  /* SHA-256 of the server's certificate */
    struct host host;                        /* kind HOST_BAD: no name was to be proved */
};

static bool may_renegotiate(const struct fede_conn *conn);
static enum outcome start(struct fede_conn *conn);
static enum outcome refuse(struct fede_conn *conn);

/* ---- Settings. */

bool fede_config_renegotiation(fede_config *config, fede_renegotiation answer)
{
    if (!config_changeable(config))
        return false;
    if ((unsigned)answer > FEDE_RENEGOTIATION_WAIT)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, answer, 0,
                             "an answer to renegotiation that does not exist");
    config->renegotiation = (uint8_t)answer;
    return true;
}

bool fede_conn_allow_renegotiation(fede_conn *conn, unsigned most)
{
    if (conn->ending & FEDE_ENDED_BADLY)
        return false;
    if (conn->role != FEDE_CLIENT || most > UINT8_MAX || (most > 0 && conn->flags & CONN_STARTED))
        return conn_misuse(conn, "renegotiation is allowed to a client before it starts, at most 255 times");
    if (most > 0 && conn->again == NULL &&
        (conn->again = memory_take(conn_memory(conn), sizeof *conn->again)) == NULL) {
        conn_fail(conn, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
        conn_end_badly(conn);
        return false;
    }
    if (conn->again != NULL)
        conn->again->most = (uint8_t)most;
    return true;
}

void renegotiation_forget(struct fede_conn *conn)
{
    memory_give(conn_memory(conn), conn->again, sizeof *conn->again);
    conn->again = NULL;
}

unsigned renegotiation_count(const struct fede_conn *conn)
{
    return conn->again != NULL ? conn->again->done : 0;
}

/* ---- The peer asks: a HelloRequest to a client, a ClientHello to a server. */

enum outcome renegotiate(struct fede_conn *conn)
{
    if (!may_renegotiate(conn))
        return refuse(conn);
    if (conn->config->renegotiation != FEDE_RENEGOTIATION_WAIT)
        return start(conn);
    conn->flags |= CONN_WANTED;
    return DONE;
}

bool fede_conn_renegotiate(fede_conn *conn)
{
    if (!(conn->flags & CONN_WANTED) || conn->ending & FEDE_ENDED_BADLY)
        return false;
    conn->flags &= (uint16_t)~CONN_WANTED;
    if (start(conn) != DONE)
        conn_end_badly(conn);
    conn_drive(conn);
    return !(conn->ending & FEDE_ENDED_BADLY);
}

static bool may_renegotiate(const struct fede_conn *conn)
{
    bytes protocol = conn->alpn_len > 0 ? bytes_of(conn->config->alpn + conn->alpn_at, conn->alpn_len) : BYTES_NONE;
    return conn->again != NULL && conn->again->done < conn->again->most && conn->flags & CONN_BOUND &&
           (!suite_is_legacy(conn->suite) || conn->config->legacy & FEDE_LEGACY_RESUMED) &&
           !(conn->ending & FEDE_WE_CLOSED) && !bytes_equal(protocol, bytes_text("h2"));
}

static enum outcome start(struct fede_conn *conn)
{
    struct handshake *hs = handshake_new(conn);
    if (hs == NULL)
        return conn_fail(conn, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
    if (conn->again->host.kind != HOST_BAD) {
        hs->host = arena_take(&hs->arena, sizeof *hs->host);
        if (hs->host == NULL) {
            handshake_free(hs);
            return conn_fail(conn, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
        }
        *hs->host = conn->again->host;
    }
    conn->again->done++;
    conn->handshake = hs;
    conn->proofs = 0;
    conn->flags &= (uint16_t) ~(CONN_RESUMED | CONN_FALSE_START | CONN_CERT_ASKED | CONN_CERT_GIVEN);
    inform_choice(conn, "renegotiation", conn->again->done, BYTES_NONE);
    return DONE;
}

/* A warning, and the connection goes on. Whoever does not take no for an answer is cut off. */
static enum outcome refuse(struct fede_conn *conn)
{
    bool ends = conn->config->renegotiation == FEDE_RENEGOTIATION_END || conn->config->renegotiation == FEDE_RENEGOTIATION_WAIT;
    if (ends) {
        conn_fail(conn, FEDE_RENEGOTIATION_FORBIDDEN, NULL, 0, 0);
        return FAIL;
    }
    if (++conn->renegotiations > MOST_REFUSALS)
        return conn_fail(conn, FEDE_RENEGOTIATION_REFUSED, NULL, conn->renegotiations, MOST_REFUSALS);
    bool silent = conn->role == FEDE_CLIENT && conn->config->renegotiation == FEDE_RENEGOTIATION_IGNORE;
    if (conn->ending & FEDE_WE_CLOSED || silent)
        return DONE;
    return conn_alert(conn, false, FEDE_ALERT_NO_RENEGOTIATION) ? DONE : FAIL;
}

/* ---- In the new handshake. */

bool renegotiating(const struct handshake *hs)
{
    return hs->conn->flags & CONN_OPEN;
}

void renegotiation_offer(const struct handshake *hs, struct extensions *e)
{
    e->present |= 1u << HAS_RENEGOTIATION_INFO;
    if (renegotiating(hs))
        e->renegotiated_connection = BYTES_OF(hs->conn->again->verify_data[0]);
}

/* What the ServerHello says of it, and whether it uses the extended master secret, as before. */
enum outcome renegotiation_accept(struct handshake *hs, const struct server_hello *m)
{
    struct fede_conn *conn = hs->conn;
    const struct extensions *e = &m->extensions;
    const bool has = ext_has(e, HAS_RENEGOTIATION_INFO), ems = ext_has(e, HAS_EXTENDED_MASTER_SECRET);
    bytes seen = e->renegotiated_connection;
    if (!renegotiating(hs)) {
        if (has && seen.len > 0)
            return handshake_fail(hs, FEDE_RENEGOTIATION_INFO, "renegotiation_info", (int64_t)seen.len, 0);
        bool unbound = conn->flags & CONN_LEGACY && conn->config->legacy & FEDE_LEGACY_UNBOUND;
        if (!has && !unbound && conn->config->policy->need_secure_renegotiation[0])
            return handshake_fail(hs, FEDE_NO_SECURE_RENEGOTIATION, "renegotiation_info", 0, 0);
        conn->flags |= has ? CONN_BOUND : 0;
        return DONE;
    }
    const uint8_t(*kept)[VERIFY_DATA_LEN] = conn->again->verify_data;
    if (!has || !bytes_equal_secret(seen, bytes_of(kept[0], sizeof conn->again->verify_data)))
        return handshake_fail(hs, FEDE_RENEGOTIATION_BINDING, "renegotiation_info", (int64_t)seen.len,
                              sizeof conn->again->verify_data);
    if (ems != ((conn->flags & CONN_EMS) != 0))
        return handshake_fail(hs, FEDE_RENEGOTIATION_EMS, "extended_master_secret", ems, !ems);
    return DONE;
}

/* Another certificate would be another server, whatever its chain is worth. */
enum outcome renegotiation_same_server(struct handshake *hs)
{
    uint8_t leaf[HASH_MAX];
    if (!handshake_is_client(hs) || !renegotiating(hs))
        return DONE;
    crypto_hash_once(HASH_SHA256, hs->chain[0], leaf);
    if (memcmp(leaf, hs->conn->again->leaf, hash_len(HASH_SHA256)) != 0)
        return handshake_fail(hs, FEDE_RENEGOTIATION_CERTIFICATE, "certificate_list", 0, 0);
    return DONE;
}

/* Called with each Finished. */
void renegotiation_note(const struct handshake *hs, bool client, const uint8_t verify_data[VERIFY_DATA_LEN])
{
    if (hs->conn->again != NULL)
        bytes_copy(hs->conn->again->verify_data[client ? 0 : 1], verify_data, VERIFY_DATA_LEN);
}

/* Called when the handshake is complete, before it is forgotten. */
void renegotiation_keep(const struct handshake *hs)
{
    struct again *again = hs->conn->again;
    if (again == NULL)
        return;
    if (hs->n_chain > 0)
        crypto_hash_once(HASH_SHA256, hs->chain[0], again->leaf);
    else
        bytes_copy(again->leaf, hs->session.certificate, sizeof hs->session.certificate);
    if (hs->host != NULL)
        again->host = *hs->host;
}
