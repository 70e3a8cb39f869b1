/* tls/identity.c: what stays of a handshake when it is complete, if the configuration wants it: who the peer is, and what
   keys for other protocols are derived from. RFC 5705 (exporter), RFC 7627 5.4 (not without extended master secret), RFC
   9266 and RFC 5929 4 (channel bindings). tls-unique, the third binding, is not there: it says nothing reliable about
   resumed connections and TLS 1.3 has none (RFC 9266 3). */
#include <assert.h>

#include "tls/handshake.h"

/* One block; the lists as in a Certificate message, then the staple. */
struct kept {
    uint32_t chain_len, path_len, staple_len;
    bool exporter;
    uint8_t end_point_len, end_point[HASH_MAX];
    uint8_t master[MASTER_LEN], randoms[64];
    uint8_t lists[];
};
static_assert(sizeof(struct kept) <= 192, "fede/fede.h says how much is kept");

static size_t list_len(const bytes *certificates, size_t n);
static uint8_t *list_write(uint8_t *to, const bytes *certificates, size_t n);
static bytes nth_of(bytes list, size_t i);

/* ---- Kept when the handshake is complete. */

enum outcome identity_keep(struct handshake *hs)
{
    struct fede_conn *conn = hs->conn;
    uint8_t keeps = conn->config->keeps;
    conn->own = hs->credential;
    if (keeps == 0)
        return DONE;
    size_t n_path = keeps & FEDE_KEEP_PEER && hs->verdict.accepted ? hs->verdict.path_len : 0;
    size_t n_chain = keeps & FEDE_KEEP_PEER ? hs->n_chain : 0;
    size_t chain = list_len(hs->chain, n_chain), path = list_len(hs->verdict.path, n_path);
    bytes staple = keeps & FEDE_KEEP_PEER && handshake_is_client(hs) ? hs->staple : BYTES_NONE;
    struct kept *kept = memory_take(conn_memory(conn), sizeof *kept + chain + path + staple.len);
    if (kept == NULL)
        return handshake_fail(hs, FEDE_OUT_OF_MEMORY, NULL, 0, 0);
    identity_give(conn); /* of a handshake before a renegotiation */
    conn->kept = kept;
    kept->chain_len = (uint32_t)chain;
    kept->path_len = (uint32_t)path;
    kept->staple_len = (uint32_t)staple.len;
    uint8_t *end = list_write(list_write(kept->lists, hs->chain, n_chain), hs->verdict.path, n_path);
    bytes_copy(end, staple.data, staple.len);
    if (!(keeps & FEDE_KEEP_EXPORTER))
        return DONE;
    kept->exporter = conn->flags & CONN_EMS;
    bytes_copy(kept->master, hs->master, MASTER_LEN);
    bytes_copy(kept->randoms, hs->client_random, 32);
    bytes_copy(kept->randoms + 32, hs->server_random, 32);
    kept->end_point_len = (uint8_t)identity_end_point(hs, kept->end_point);
    return DONE;
}

void identity_give(struct fede_conn *conn)
{
    const struct kept *kept = conn->kept;
    if (kept != NULL)
        memory_give(conn_memory(conn), conn->kept,
                    sizeof *kept + kept->chain_len + kept->path_len + kept->staple_len);
    conn->kept = NULL;
}

/* Nothing is derived from a connection that ended badly. */
void identity_forget(struct fede_conn *conn)
{
    if (conn->kept == NULL)
        return;
    conn->kept->exporter = false;
    bytes_wipe(conn->kept->master, sizeof conn->kept->master);
}

static size_t list_len(const bytes *certificates, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += 3 + certificates[i].len;
    return len;
}

static uint8_t *list_write(uint8_t *to, const bytes *certificates, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        store24(to, (uint32_t)certificates[i].len);
        bytes_copy(to + 3, certificates[i].data, certificates[i].len);
        to += 3 + certificates[i].len;
    }
    return to;
}

/* The hash of the server's certificate by which that is signed. RFC 5929 4.1 replaces MD5 and SHA-1, which no chain accepted
   here has. */
size_t identity_end_point(const struct handshake *hs, uint8_t out[HASH_MAX])
{
    bool client = handshake_is_client(hs);
    const struct certificate *leaf = client ? hs->leaf : hs->credential != NULL ? &hs->credential->leaf : NULL;
    if (client && hs->facts & FACT_RESUMED) {
        bytes_copy(out, hs->session.end_point.data, hs->session.end_point.len);
        return hs->session.end_point.len;
    }
    const struct scheme *scheme = leaf != NULL ? scheme_by_id(leaf->scheme) : NULL;
    if (scheme == NULL || scheme->hash == 0)
        return 0;
    crypto_hash_once((enum hash)scheme->hash, leaf->der, out);
    return hash_len((enum hash)scheme->hash);
}

/* ---- Who is there. */

static bytes nth_of(bytes list, size_t i)
{
    bytes der;
    while (certificates_next(&list, &der))
        if (i-- == 0)
            return der;
    return BYTES_NONE;
}

fede_bytes fede_peer_certificate(const fede_conn *conn, size_t i)
{
    const struct handshake *hs = conn->handshake;
    if (hs != NULL)
        return i < hs->n_chain ? hs->chain[i] : BYTES_NONE;
    return conn->kept != NULL ? nth_of(bytes_of(conn->kept->lists, conn->kept->chain_len), i) : BYTES_NONE;
}

fede_bytes fede_verified_certificate(const fede_conn *conn, size_t i)
{
    const struct handshake *hs = conn->handshake;
    const struct kept *kept = conn->kept;
    if (hs != NULL)
        return hs->verdict.accepted && i < hs->verdict.path_len ? hs->verdict.path[i] : BYTES_NONE;
    return kept != NULL ? nth_of(bytes_of(kept->lists + kept->chain_len, kept->path_len), i) : BYTES_NONE;
}

fede_bytes fede_conn_staple(const fede_conn *conn)
{
    const struct handshake *hs = conn->handshake;
    const struct kept *kept = conn->kept;
    if (hs != NULL)
        return handshake_is_client(hs) ? hs->staple : BYTES_NONE;
    return kept != NULL ? bytes_of(kept->lists + kept->chain_len + kept->path_len, kept->staple_len) : BYTES_NONE;
}

fede_bytes fede_own_certificate(const fede_conn *conn, size_t i)
{
    const struct credential *own = conn->handshake != NULL ? conn->handshake->credential : conn->own;
    return own != NULL ? nth_of(bytes_of(own->list, own->list_len), i) : BYTES_NONE;
}

const fede_verdict *fede_peer_verdict(const fede_conn *conn)
{
    const struct handshake *hs = conn->handshake;
    return hs != NULL && hs->verdict_asked != ANSWER_NONE ? &hs->verdict : NULL;
}

/* ---- Keys for others. */

bool identity_exports(const struct fede_conn *conn)
{
    bool open = conn->flags & CONN_OPEN && conn->handshake == NULL && !(conn->ending & FEDE_ENDED_BADLY);
    return open && conn->kept != NULL && conn->kept->exporter;
}

/* What TLS itself derives by such labels must not be derived for anybody else: RFC 5705 4, RFC 7627 4. */
static bool label_reserved(const char *label)
{
    static const char *const reserved[] = {"client finished", "server finished", "master secret",
                                           "extended master secret", "key expansion"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(label, reserved[i]) == 0)
            return true;
    return false;
}

bool fede_export(const fede_conn *conn, const char *label, const fede_bytes *context, uint8_t *out, size_t len)
{
    enum { LABEL_MOST = 255, CONTEXT_MOST = 65535 };
    size_t label_len = label != NULL ? strlen(label) : 0, context_len = context != NULL ? context->len : 0;
    uint8_t seed[64 + 2];
    bool good = identity_exports(conn) && label != NULL && label_len <= LABEL_MOST && !label_reserved(label) &&
                context_len <= CONTEXT_MOST;
    if (!good) {
        bytes_wipe(out, len);
        return false;
    }
    bytes_copy(seed, conn->kept->randoms, 64);
    store16(seed + 64, (uint16_t)context_len); /* only with a context, RFC 5705 4 */
    prf12((enum hash)conn->suite->hash, BYTES_OF(conn->kept->master), label, bytes_of(seed, context != NULL ? 66 : 64),
          context != NULL ? *context : BYTES_NONE, out, len);
    return true;
}

size_t fede_channel_binding(const fede_conn *conn, fede_binding kind, uint8_t out[FEDE_BINDING_MOST])
{
    enum { EXPORTED = 32 };
    const bytes empty = BYTES_NONE;
    bool open = conn->flags & CONN_OPEN && !(conn->ending & FEDE_ENDED_BADLY) && conn->kept != NULL;
    if (kind == FEDE_BINDING_EXPORTER)
        return fede_export(conn, "EXPORTER-Channel-Binding", &empty, out, EXPORTED) ? EXPORTED : 0;
    if (kind != FEDE_BINDING_SERVER_END_POINT || !open)
        return 0;
    bytes_copy(out, conn->kept->end_point, conn->kept->end_point_len);
    return conn->kept->end_point_len;
}
