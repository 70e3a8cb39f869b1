/* The public calls in any order, wise or not: each byte of the input is one, its operands are the bytes behind it. Up to four
   configurations, one connection of each side, the bytes between them in two queues, cryptography as in fake_crypto.c. Whatever is
   called when, nothing breaks, a connection that is over stays so, and what fede_needs says is true. */
#include "base/bytes.h"
#include "drive.h"

enum { SLOTS = 4, KEPT = 4096 };

static struct world {
    bytes in;
    fede_config *configs[SLOTS];
    fede_conn *conns[2]; /* client, server */
    struct queue ways[2]; /* to each */
    bool over[2];
    uint8_t kept[KEPT];
    size_t kept_len;
    fede_store *store;
} w;

static uint8_t next(void)
{
    uint8_t b = w.in.len > 0 ? w.in.data[0] : 0;
    w.in = bytes_skip(w.in, 1);
    return b;
}

static bytes some(void)
{
    bytes out = bytes_first(w.in, next());
    out = bytes_first(w.in, out.len);
    w.in = bytes_skip(w.in, out.len);
    return out;
}

static const char *word(void)
{
    static const char *const words[] = {"server.test", "other.test", "192.0.2.1", "", "*.test", "a..b", "xn--mnchen-3ya.test", "2001:db8::1",
                                        "default", "modern", "2026-11", "h2", "http/1.1", "EXPORTER-Channel-Binding", "EXPERIMENTAL x", "key expansion"};
    return words[next() % 16];
}

static bytes file(void)
{
    static const char *const names[] = {"root.pem", "p256.pem", "p256.key", "client.pem", "client.key", "good.ocsp", "root.crl", "p256.sct"};
    uint8_t n = next();
    return n < 8 ? pair_file(names[n]) : some();
}

static size_t codes(uint16_t *out)
{
    size_t n = next() % 5;
    for (size_t i = 0; i < n; i++) {
        uint8_t k = next();
        out[i] = k < 40 ? fede_suite_list(k) : k < 80 ? fede_group_list(k - 40u) : k < 120 ? fede_scheme_list(k - 80u) : fede_legacy_suite_list(k - 120u);
    }
    return n;
}

/* ---- Configurations. */

static void set_numbers(fede_config *c, uint8_t what)
{
    uint16_t list[8];
    uint8_t n = next();
    switch (what % 24) {
    case 0: fede_config_policy(c, word()); break;
    case 1: fede_config_versions(c, (uint16_t)(0x0300 + n % 6), (uint16_t)(0x0302 + n / 16 % 4)); break;
    case 2: fede_config_suites(c, list, codes(list)); break;
    case 3: fede_config_groups(c, list, codes(list)); break;
    case 4: fede_config_schemes(c, list, codes(list)); break;
    case 5: fede_config_sign_with(c, list, codes(list)); break;
    case 6: fede_config_false_start(c, n & 1); break;
    case 7: fede_config_fallback(c, n & 1); break;
    case 8: fede_config_renegotiation(c, (fede_renegotiation)(n % 5)); break;
    case 9: fede_config_status_request(c, n & 1); break;
    case 10: fede_config_scts(c, n & 1); break;
    case 11: fede_config_revocation(c, (fede_revocation)(n % 5)); break;
    case 12: fede_config_extended_master_secret(c, (fede_ems)(n % 4)); break;
    case 13: fede_config_unauthenticated_encryption(c); break;
    case 14: fede_config_limits(c, (size_t)n * 64, (size_t)next() * 1024); break;
    case 15: fede_config_handshake_limits(c, (size_t)n * 64, (uint32_t)next() * 10); break;
    case 16: fede_config_max_fragment(c, (size_t)n * 65); break;
    case 17: fede_config_record_size_limit(c, (size_t)n * 65); break;
    case 18: fede_config_max_fragment_length(c, (size_t)512 << n % 5); break;
    case 19: fede_config_read_ahead(c, n & 1); break;
    case 20: fede_config_half_close(c, n & 1); break;
    case 21: fede_config_ask(c, n & 31); break;
    case 22: fede_config_keep(c, n & 3); break;
    default: fede_config_tickets(c, (uint32_t)n * 2500); break;
    }
}

static void set_others(fede_config *c, uint8_t what)
{
    static const uint8_t secret[2 * FEDE_TICKET_KEY] = {1};
    const char *const names[] = {"h2", word(), word()};
    fede_bytes text = {0};
    switch (what % 20) {
    case 0: fede_config_trust(c, file()); break;
    case 1: fede_config_credential(c, file(), file()); break;
    case 2: fede_config_credential_locked(c, file(), file(), word()); break;
    case 3: fede_config_credential_p12(c, file(), word()); break;
    case 4: fede_config_external_credential(c, file()); break;
    case 5: fede_config_staple(c, next() % 3, file()); break;
    case 6: fede_config_sct_list(c, next() % 3, file()); break;
    case 7: fede_config_crls(c, file()); break;
    case 8: fede_config_alpn(c, names, next() % 4); break;
    case 9: fede_config_sessions(c, next() & 1); break;
    case 10: fede_config_store(c, next() & 1 ? w.store : NULL); break;
    case 11: fede_config_ticket_keys(c, (fede_bytes){secret, (size_t)next() % 65}); break;
    case 12: fede_config_client_certificate(c, (fede_client_certificate)(next() % 4)); break;
    case 13:
        text = some();
        fede_config_client_authorities(c, &text, next() % 2);
        break;
    case 14: fede_config_any_issuer(c); break;
    case 15: fede_config_trace(c, no_trace, NULL); break;
    case 16: fede_config_reveal_secrets(c); break;
    case 17: fede_config_certificate(c, next() % 3, next() % 3); break;
    case 18:
        fede_config_legacy(c, &(fede_legacy){.what = next(), .peers = names, .n_peers = next() % 3, .reason = word(),
                                             .until = (int64_t)JUST_2030 + (int8_t)next()});
        break;
    default:
        if (fede_config_error(c) != NULL)
            say_error(fede_config_error(c));
    }
}

/* Made once: credentials cost more than all calls together. */
static fede_config *base(bool client, unsigned key)
{
    static const char *const keys[] = {"p256", "ed25519", "p384", "transport"};
    static fede_config *made[2][4];
    fede_config **config = &made[client][key % 4];
    if (*config == NULL)
        *config = client ? pair_client_config(NULL) : pair_server_config(NULL, keys[key % 4]);
    return fede_config_derive(*config);
}

static void configuration(uint8_t what)
{
    fede_config **slot = &w.configs[next() % SLOTS], *other = w.configs[next() % SLOTS];
    if (what % 8 == 0) {
        bool client = next() & 1;
        fede_config_free(*slot);
        *slot = base(client, client ? 0 : next());
    } else if (what % 8 == 1 && other != NULL) {
        fede_config *derived = fede_config_derive(other);
        fede_config_free(*slot);
        *slot = derived;
    } else if (what % 8 == 2) {
        fede_config_free(*slot);
        *slot = NULL;
    } else if (*slot != NULL && what & 1) {
        set_numbers(*slot, next());
    } else if (*slot != NULL) {
        set_others(*slot, next());
    }
}

/* ---- Connections. */

static void make(unsigned side)
{
    fede_config *config = w.configs[next() % SLOTS];
    if (config == NULL)
        return;
    fede_conn_free(w.conns[side]);
    w.over[side] = false;
    w.ways[side].at = w.ways[side].len = 0;
    w.conns[side] = side == 0 ? fede_client_new(config, word()) : fede_server_new(config);
}

static void send_some(unsigned side, size_t most)
{
    bytes out = fede_to_send(w.conns[side]);
    size_t n = out.len < most ? out.len : most;
    queue_add(&w.ways[1 - side], out.data, n);
    fede_sent(w.conns[side], (ptrdiff_t)n);
}

static void receive_some(unsigned side, size_t most)
{
    struct queue *way = &w.ways[side];
    fede_room room = fede_to_fill(w.conns[side]);
    size_t n = way->len - way->at;
    n = n < room.len ? n : room.len;
    n = n < most ? n : most;
    if (n == 0)
        return;
    memcpy(room.data, way->data + way->at, n);
    way->at += n;
    fede_received(w.conns[side], (ptrdiff_t)n);
}

static void pump(unsigned rounds)
{
    for (unsigned i = 0; i < 2 * rounds; i++)
        if (w.conns[i & 1] != NULL) {
            send_some(i & 1, SIZE_MAX);
            receive_some(i & 1, SIZE_MAX);
        }
}

static void answer(fede_conn *conn, uint8_t how)
{
    fede_config *config = w.configs[next() % SLOTS];
    switch (how % 8) {
    case 0: fede_answer_config(conn, NULL); break;
    case 1: fede_answer_config(conn, config); break;
    case 2: fede_answer_verdict(conn, next() & 1); break;
    case 3: fede_answer_refuse(conn, next()); break;
    case 4: fede_answer_session(conn, (fede_bytes){w.kept, w.kept_len}); break;
    case 5: fede_answer_credential(conn, next() % 3); break;
    case 6: fede_answer_credential(conn, FEDE_NO_CREDENTIAL); break;
    default: fede_answer_signature(conn, some()); break;
    }
}

static void look(fede_conn *conn)
{
    fede_info info;
    uint8_t out[64];
    bytes context = some();
    fede_conn_info(conn, &info);
    want(info.alpn.len < 256 && (!info.established || info.suite != 0));
    for (size_t i = 0; i < 3; i++) {
        fede_peer_certificate(conn, i);
        fede_verified_certificate(conn, i);
        fede_own_certificate(conn, i);
        fede_requested_authority(conn, i);
        fede_requested_scheme(conn, i);
    }
    want(!fede_export(conn, word(), next() & 1 ? &context : NULL, out, next() % 65) || info.exporter);
    want(fede_channel_binding(conn, (fede_binding)(next() % 4), out) <= FEDE_BINDING_MOST);
    fede_peer_verdict(conn);
    fede_requested_types(conn);
    fede_conn_staple(conn);
    fede_conn_scts(conn);
    fede_client_hello(conn);
    fede_conn_session_id(conn);
    fede_conn_user(conn);
    say_error(fede_conn_error(conn));
}

static void before_start(fede_conn *conn, uint8_t what)
{
    switch (what % 6) {
    case 0: fede_conn_server_name(conn, next() & 1 ? word() : NULL); break;
    case 1: fede_conn_verify_name(conn, word()); break;
    case 2: fede_conn_allow_renegotiation(conn, next()); break;
    case 3: fede_conn_peer_address(conn, word()); break;
    case 4: fede_conn_resume(conn, (fede_bytes){w.kept, w.kept_len}); break;
    default: fede_conn_set_user(conn, &w); break;
    }
}

static void keep(fede_conn *conn)
{
    bytes session = fede_conn_session(conn);
    fede_session_facts facts;
    w.kept_len = session.len < KEPT ? session.len : KEPT;
    bytes_copy(w.kept, session.data, w.kept_len);
    want(session.len == 0 || session.len > KEPT || fede_session_about(session, &facts));
}

static void check(unsigned side)
{
    fede_conn *conn = w.conns[side];
    unsigned needs = fede_needs(conn);
    want(needs != 0 && (!(needs & FEDE_OVER) || needs == FEDE_OVER));
    want(!(needs & FEDE_SEND) || fede_to_send(conn).len > 0);
    want(!(needs & FEDE_READ) || fede_plaintext(conn).len > 0);
    want(!(needs & FEDE_DECIDE) || fede_ask(conn) != NULL);
    want(!w.over[side] || needs == FEDE_OVER);
    want(!(fede_ending(conn) & FEDE_ENDED_BADLY) || fede_conn_error(conn) != NULL);
    w.over[side] = needs == FEDE_OVER;
}

static void connection(uint8_t what)
{
    unsigned side = next() & 1;
    fede_conn *conn = w.conns[side];
    if (conn == NULL || what % 20 == 0) {
        make(side);
        return;
    }
    switch (what % 20) {
    case 1:
        fede_conn_free(conn);
        w.conns[side] = NULL;
        w.over[side] = false;
        return;
    case 2: send_some(side, next()); break;
    case 3: receive_some(side, next()); break;
    case 4: pump(1 + next() % 4); break;
    case 5: fede_consumed(conn, next()); break;
    case 6: {
        bytes text = some();
        want(fede_write(conn, text) <= text.len);
        break;
    }
    case 7: fede_close(conn); break;
    case 8: fede_abort(conn, next()); break;
    case 9: fede_release_buffers(conn); break;
    case 10: answer(conn, next()); break;
    case 11: look(conn); break;
    case 12: before_start(conn, next()); break;
    case 13: keep(conn); break;
    case 14: fede_conn_renegotiate(conn); break;
    case 15: fede_received(conn, 0); break;
    case 16: fede_received(conn, -1); break;
    case 17: fede_sent(conn, next() & 1 ? -1 : (ptrdiff_t)next() * 100); break;
    case 18: {
        bytes text = some();
        queue_add(&w.ways[side], text.data, text.len);
        break;
    }
    default: fede_consumed(conn, fede_plaintext(conn).len); break;
    }
    if (next() & 1)
        check(side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    pair_seed(1);
    w = (struct world){.in = {data, size}, .store = fede_store_new(4)};
    for (unsigned calls = 0; w.in.len > 0 && calls < 500; calls++) {
        uint8_t what = next();
        if (what & 128)
            configuration(what);
        else
            connection(what);
    }
    for (unsigned side = 0; side < 2; side++) {
        fede_conn_free(w.conns[side]);
        queue_end(&w.ways[side]);
    }
    for (size_t i = 0; i < SLOTS; i++)
        fede_config_free(w.configs[i]);
    fede_store_free(w.store);
    return 0;
}
