/* Key exchange messages of TLS 1.2: ServerKeyExchange and ClientKeyExchange in all their layouts (RFC 5246 7.4.3 and 7.4.7,
   RFC 8422 5.4 and 5.7, RFC 4279, RFC 5489), and ServerHelloDone. Which layout applies is not written in the message: it
   follows from the suite, so the caller sets `kx` first. */
#include "base/error.h"
#include "wire/messages.h"
#include "wire/names.h"

enum { CURVE_NAMED = 3 };

static void ecdhe_params(struct wire *w, struct server_key_exchange *m);
static void dh_params(struct wire *w, struct server_key_exchange *m);

/* What each key exchange has in its two messages. */
enum { HINT = 1, ECDH = 2, DH = 4, SIGNED = 8, RSA = 16, OPAQUE = 32 };
// clang-format off
static const uint8_t parts[] = {
    [KX_ECDHE]      = ECDH | SIGNED,
    [KX_DHE]        = DH | SIGNED,
    [KX_RSA]        = RSA,
    [KX_PSK]        = HINT,
    [KX_ECDHE_PSK]  = HINT | ECDH,
    [KX_UNKNOWN]    = OPAQUE,
    [KX_DHE_PSK]    = HINT | DH,
    [KX_RSA_PSK]    = HINT | RSA,
    [KX_DH_ANON]    = DH,
    [KX_ECDH_ANON]  = ECDH,
};
// clang-format on

static uint8_t parts_of(uint8_t kx)
{
    return kx < sizeof parts ? parts[kx] : 0;
}

void wire_server_key_exchange(struct wire *w, struct server_key_exchange *m)
{
    uint8_t has = parts_of(m->kx);
    if (has == 0 || has == RSA) {
        wire_fail(w, "ServerKeyExchange", "has no place in this key exchange");
        return;
    }
    if (has & HINT)
        wire_opaque16(w, "psk_identity_hint", &m->psk_hint, 0, 65535);
    size_t start = w->at;
    wire_exchange_params(w, m);
    if (has & OPAQUE)
        wire_rest(w, "params", &m->params);
    if (!w->writing && !w->bad) {
        m->params = bytes_of(w->at > start ? w->base + start : NULL, w->at - start);
        m->is_signed = has & SIGNED;
    }
    if (has & SIGNED) {
        struct wire_block block = wire_open(w, "signed_params", 0, 0, 0, FIELD_STRUCT);
        if (!m->unnamed)
            wire_u16(w, "algorithm", &m->scheme, &scheme_names);
        wire_opaque16(w, "signature", &m->signature, 0, 65535);
        wire_close(w, &block);
    }
}

void wire_exchange_params(struct wire *w, struct server_key_exchange *m)
{
    if (parts_of(m->kx) & ECDH)
        ecdhe_params(w, m);
    if (parts_of(m->kx) & DH)
        dh_params(w, m);
}

static void ecdhe_params(struct wire *w, struct server_key_exchange *m)
{
    struct wire_block block = wire_open(w, "params", 0, 0, 0, FIELD_STRUCT);
    wire_u8(w, "curve_type", &m->curve_type, &curve_type_names);
    /* Explicit curves are gone (RFC 8422 5.4): their layout is not followed. */
    if (!w->bad && m->curve_type != CURVE_NAMED)
        wire_fail_reason(w, "curve_type", FEDE_CURVE_TYPE, m->curve_type);
    wire_u16(w, "namedcurve", &m->group, &group_names);
    wire_opaque8(w, "public", &m->point, 1, 255);
    wire_close(w, &block);
}

static void dh_params(struct wire *w, struct server_key_exchange *m)
{
    struct wire_block block = wire_open(w, "params", 0, 0, 0, FIELD_STRUCT);
    wire_opaque16(w, "dh_p", &m->p, 1, 65535);
    wire_opaque16(w, "dh_g", &m->g, 1, 65535);
    wire_opaque16(w, "dh_Ys", &m->ys, 1, 65535);
    wire_close(w, &block);
}

void wire_client_key_exchange(struct wire *w, struct client_key_exchange *m)
{
    uint8_t has = parts_of(m->kx);
    if (has == 0)
        wire_fail(w, "ClientKeyExchange", "has no place in this key exchange");
    if (has & HINT)
        wire_opaque16(w, "psk_identity", &m->psk_identity, 0, 65535);
    if (has & ECDH)
        wire_opaque8(w, "ecdh_Yc", &m->point, 1, 255);
    if (has & DH)
        wire_opaque16(w, "dh_Yc", &m->yc, 1, 65535);
    if (has & RSA && m->unprefixed)
        wire_rest(w, "encrypted_pre_master_secret", &m->encrypted);
    else if (has & RSA)
        wire_opaque16(w, "encrypted_pre_master_secret", &m->encrypted, 0, 65535);
    if (has & OPAQUE)
        wire_rest(w, "exchange_keys", &m->encrypted);
}

/* Nothing inside; that nothing is left over is for wire_done to say. */
void wire_server_hello_done(struct wire *w, void *m)
{
    (void)w;
    (void)m;
}
