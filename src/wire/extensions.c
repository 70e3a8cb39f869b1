/* Extensions: one row each, with its number, the messages it may stand in, whether it only answers, and the routine for
   its content. Misplaced ones and doubles are refused here, by the table alone; that an answer was asked for is checked by
   whoever knows the question (ext_reply_in).

   RFC 6066 (server_name, max_fragment_length, status_request), 7301 (ALPN), 8422 (groups, point formats), 5746
   (renegotiation_info), 7627 (extended_master_secret), 5077 (SessionTicket), 6962 (SCT), 7685 (padding), 7366
   (encrypt_then_mac), 8449 (record_size_limit), 8879 (compress_certificate), 9345 (delegated_credential), 8446 (the
   extensions of TLS 1.3), 9849 (encrypted_client_hello), 8701 (GREASE); drafts for NPN, channel_id, ALPS, trust_anchors. */
#include "wire/extensions.h"

#include "base/error.h"
#include "wire/names.h"

enum {
    CH = IN_CLIENT_HELLO,
    SH = IN_SERVER_HELLO,
    EE = IN_ENCRYPTED_EXTENSIONS,
    CT = IN_CERTIFICATE,
    CR = IN_CERTIFICATE_REQUEST,
    NST = IN_NEW_SESSION_TICKET,
    HRR = IN_HELLO_RETRY
};

struct extension_row {
    uint16_t id;
    uint8_t places;  /* set of enum ext_place */
    uint8_t unasked; /* those of the places where it needs no request although it is a reply's message */
    const char *name;
    extension_codec *codec;
};

/* In a ServerHello of TLS 1.2 some servers send supported_groups, although it means nothing there; clients must bear it
   (RFC 9846 4.2.7). channel_id and NPN are gone from TLS 1.3, so they have no place in EncryptedExtensions. */
// clang-format off
static const struct extension_row rows[EXT_KNOWN] = {
    [HAS_SERVER_NAME]           = {EXT_SERVER_NAME, CH | SH | EE, 0, "server_name", extension_server_name},
    [HAS_MAX_FRAGMENT_LENGTH]   = {EXT_MAX_FRAGMENT_LENGTH, CH | SH | EE, 0, "max_fragment_length", extension_max_fragment_length},
    [HAS_STATUS_REQUEST]        = {EXT_STATUS_REQUEST, CH | SH | CR | CT, 0, "status_request", extension_status_request},
    [HAS_GROUPS]                = {EXT_SUPPORTED_GROUPS, CH | SH | EE, 0, "supported_groups", extension_supported_groups},
    [HAS_POINT_FORMATS]         = {EXT_EC_POINT_FORMATS, CH | SH, 0, "ec_point_formats", extension_ec_point_formats},
    [HAS_SCHEMES]               = {EXT_SIGNATURE_ALGORITHMS, CH | CR, 0, "signature_algorithms", extension_signature_algorithms},
    [HAS_ALPN]                  = {EXT_ALPN, CH | SH | EE, 0, "application_layer_protocol_negotiation", extension_alpn},
    [HAS_SCT]                   = {EXT_SCT, CH | SH | CR | CT, 0, "signed_certificate_timestamp", extension_sct},
    [HAS_PADDING]               = {EXT_PADDING, CH, 0, "padding", extension_padding},
    [HAS_ENCRYPT_THEN_MAC]      = {EXT_ENCRYPT_THEN_MAC, CH | SH, 0, "encrypt_then_mac", extension_empty},
    [HAS_EXTENDED_MASTER_SECRET] = {EXT_EXTENDED_MASTER_SECRET, CH | SH, 0, "extended_master_secret", extension_empty},
    [HAS_COMPRESS_CERTIFICATE]  = {EXT_COMPRESS_CERTIFICATE, CH | CR, 0, "compress_certificate", extension_compress_certificate},
    [HAS_RECORD_SIZE_LIMIT]     = {EXT_RECORD_SIZE_LIMIT, CH | SH | EE, 0, "record_size_limit", extension_record_size_limit},
    [HAS_DELEGATED_CREDENTIAL]  = {EXT_DELEGATED_CREDENTIAL, CH | CR | CT, 0, "delegated_credential", extension_delegated_credential},
    [HAS_SESSION_TICKET]        = {EXT_SESSION_TICKET, CH | SH, 0, "session_ticket", extension_session_ticket},
    [HAS_PRE_SHARED_KEY]        = {EXT_PRE_SHARED_KEY, CH | SH, 0, "pre_shared_key", extension_pre_shared_key},
    [HAS_EARLY_DATA]            = {EXT_EARLY_DATA, CH | EE | NST, NST, "early_data", extension_early_data},
    [HAS_SUPPORTED_VERSIONS]    = {EXT_SUPPORTED_VERSIONS, CH | SH | HRR, 0, "supported_versions", extension_supported_versions},
    [HAS_COOKIE]                = {EXT_COOKIE, CH | HRR, HRR, "cookie", extension_cookie},
    [HAS_PSK_MODES]             = {EXT_PSK_MODES, CH, 0, "psk_key_exchange_modes", extension_psk_modes},
    [HAS_CERTIFICATE_AUTHORITIES] = {EXT_CERTIFICATE_AUTHORITIES, CH | CR, 0, "certificate_authorities", extension_certificate_authorities},
    [HAS_POST_HANDSHAKE_AUTH]   = {EXT_POST_HANDSHAKE_AUTH, CH, 0, "post_handshake_auth", extension_empty},
    [HAS_SCHEMES_CERT]          = {EXT_SIGNATURE_ALGORITHMS_CERT, CH | CR, 0, "signature_algorithms_cert", extension_signature_algorithms_cert},
    [HAS_KEY_SHARE]             = {EXT_KEY_SHARE, CH | SH | HRR, 0, "key_share", extension_key_share},
    [HAS_NPN]                   = {EXT_NPN, CH | SH, 0, "next_protocol_negotiation", extension_npn},
    [HAS_APPLICATION_SETTINGS_OLD] = {EXT_APPLICATION_SETTINGS_OLD, CH | EE, 0, "application_settings_old", extension_alps_old},
    [HAS_APPLICATION_SETTINGS]  = {EXT_APPLICATION_SETTINGS, CH | EE, 0, "application_settings", extension_alps},
    [HAS_CHANNEL_ID]            = {EXT_CHANNEL_ID, CH | SH, 0, "channel_id", extension_channel_id},
    [HAS_TRUST_ANCHORS]         = {EXT_TRUST_ANCHORS, CH | EE | CR | CT, 0, "trust_anchors", extension_trust_anchors},
    [HAS_ECH]                   = {EXT_ECH, CH | EE | HRR, 0, "encrypted_client_hello", extension_ech},
    [HAS_RENEGOTIATION_INFO]    = {EXT_RENEGOTIATION_INFO, CH | SH, 0, "renegotiation_info", extension_renegotiation_info},
};
// clang-format on

/* What a ServerHello of TLS 1.3 may have; all else belongs into EncryptedExtensions (RFC 9846 4.2). */
static const uint32_t in_server_hello_13 =
    1u << HAS_SUPPORTED_VERSIONS | 1u << HAS_KEY_SHARE | 1u << HAS_PRE_SHARED_KEY;

enum { FEW = 48 }; /* unknown extensions that are compared one with another; more are counted in a map */
struct unknown {
    uint16_t ids[FEW];
    size_t n;
};

static void read_block(struct wire *w, enum ext_place place, struct extensions *e);
static void read_short_block(struct wire *w, enum ext_place place, struct extensions *e);
static void note(struct wire *w, enum ext_place place, struct extensions *e, struct unknown *unknown, uint16_t id);
static const char *twice_where(const struct wire *w, uint16_t id);
static const char *name_of(const struct wire *w, uint16_t id);
static size_t place_of(const struct wire *w, const struct extensions *e, uint16_t id);
static bool any_twice(bytes all, uint16_t *twice);
static void check_whole(struct wire *w, enum ext_place place, const struct extensions *e);
static void write_block(struct wire *w, enum ext_place place, struct extensions *e);
static void extension(struct wire *w, enum ext_place place, struct extensions *e, uint16_t id, bytes raw);
static bool show(struct wire *w, enum ext_place place, uint16_t id);

void wire_extensions(struct wire *w, enum ext_place place, struct extensions *e)
{
    bool may_be_missing = place == IN_CLIENT_HELLO || place == IN_SERVER_HELLO;
    if (w->bad)
        return;
    if (w->writing) {
        if (may_be_missing && !e->block && !e->present && !e->has_first && !e->has_last)
            return;
    } else {
        e->block = !may_be_missing || wire_left(w) > 0;
        e->present = 0;
        e->unknown = 0;
        e->all = BYTES_NONE;
        if (!e->block)
            return;
    }
    struct wire_block block = wire_open(w, "extensions", 2, 0, 65535, FIELD_LIST);
    if (w->writing)
        write_block(w, place, e);
    else
        read_block(w, place, e);
    wire_close(w, &block);
    if (w->bad && w->flawed && block.prefix < 0 && wire_left(w) >= 2)
        read_short_block(w, place, e);
}

/* The length says more than there is: whoever hears on sees the extensions that are there. */
static void read_short_block(struct wire *w, enum ext_place place, struct extensions *e)
{
    uint16_t len = 0;
    w->bad = false;
    struct wire_block block = wire_open(w, "extensions", 0, 0, 0, FIELD_LIST);
    wire_u16(w, "length", &len, NULL);
    read_block(w, place, e);
    wire_close(w, &block);
}

static void read_block(struct wire *w, enum ext_place place, struct extensions *e)
{
    struct unknown unknown;
    unknown.n = 0;
    if (wire_more(w))
        e->all = bytes_of(w->base + w->at, wire_left(w));
    while (wire_more(w)) {
        uint16_t id = wire_left(w) < 2 ? 0 : load16(w->base + w->at);
        if (wire_left(w) >= 2)
            note(w, place, e, &unknown, id);
        extension(w, place, e, id, BYTES_NONE);
    }
    check_whole(w, place, e);
}

/* Is this extension a double, or out of place? Known ones are counted in `present`, the others in `unknown`. */
static void note(struct wire *w, enum ext_place place, struct extensions *e, struct unknown *unknown, uint16_t id)
{
    int bit = ext_bit_of(id);
    bool twice = false;
    if (bit >= 0) {
        twice = ext_has(e, (enum ext_bit)bit);
        e->present |= 1u << bit;
        if (!(rows[bit].places & place))
            wire_flaw_reason(w, w->at, rows[bit].name, FEDE_EXTENSION_MISPLACED, id);
    } else {
        for (size_t i = 0; i < unknown->n; i++)
            twice |= unknown->ids[i] == id;
        if (unknown->n < FEW)
            unknown->ids[unknown->n++] = id;
        e->unknown++;
    }
    if (twice)
        wire_flaw_reason(w, w->at, twice_where(w, id), FEDE_EXTENSION_TWICE, id);
}

static void check_whole(struct wire *w, enum ext_place place, const struct extensions *e)
{
    uint16_t twice;
    if (w->bad)
        return;
    if (e->unknown > FEW && any_twice(e->all, &twice))
        wire_flaw_reason(w, w->at, twice_where(w, twice), FEDE_EXTENSION_TWICE, twice);
    if (place == IN_SERVER_HELLO && ext_has(e, HAS_SUPPORTED_VERSIONS) && e->version >= 0x0304)
        for (unsigned bit = 0; bit < EXT_KNOWN; bit++)
            if (ext_has(e, (enum ext_bit)bit) && !(in_server_hello_13 >> bit & 1))
                wire_flaw_reason(w, place_of(w, e, rows[bit].id), rows[bit].name, FEDE_EXTENSION_MISPLACED, rows[bit].id);
}

/* Whoever hears on hears of the extension itself. */
static const char *twice_where(const struct wire *w, uint16_t id)
{
    bool finer = w->narrator && w->narrator->fault;
    return finer ? name_of(w, id) : "extensions";
}

static const char *name_of(const struct wire *w, uint16_t id)
{
    int bit = ext_bit_of(id);
    const char *name = bit >= 0 ? rows[bit].name : w->narrator ? names_find(&extension_names, id) : NULL;
    return name ? name : "extension";
}

static size_t place_of(const struct wire *w, const struct extensions *e, uint16_t id)
{
    enum { HEAD = 4 };
    bytes rest = e->all, body;
    uint16_t one;
    while (extensions_next(&rest, &one, &body))
        if (one == id)
            return (size_t)(body.data - w->base) - HEAD;
    return w->at;
}

/* A map of all numbers: 8 KB, and linear whatever is sent. Only for blocks with many unknown extensions. */
static bool any_twice(bytes all, uint16_t *twice)
{
    uint32_t seen[65536 / 32] = {0};
    bytes body;
    while (extensions_next(&all, twice, &body)) {
        uint32_t *word = &seen[*twice / 32], bit = 1u << *twice % 32;
        if (*word & bit)
            return true;
        *word |= bit;
    }
    return false;
}

static void write_block(struct wire *w, enum ext_place place, struct extensions *e)
{
    bytes rest = e->all, body;
    uint16_t id;
    uint32_t left = e->present;
    if (e->has_first)
        extension(w, place, e, e->first.id, e->first.body);
    while (extensions_next(&rest, &id, &body)) {
        int bit = ext_bit_of(id);
        if (bit < 0 || left >> bit & 1)
            extension(w, place, e, id, body);
        if (bit >= 0)
            left &= ~(1u << bit);
    }
    for (unsigned bit = 0; bit < EXT_KNOWN; bit++)
        if (left >> bit & 1 && bit != HAS_PRE_SHARED_KEY)
            extension(w, place, e, rows[bit].id, BYTES_NONE);
    if (e->has_last)
        extension(w, place, e, e->last.id, e->last.body);
    if (left >> HAS_PRE_SHARED_KEY & 1)
        extension(w, place, e, EXT_PRE_SHARED_KEY, BYTES_NONE);
}

/* One extension: number, length, content. `raw` is the content of one the table does not have, when writing. */
static void extension(struct wire *w, enum ext_place place, struct extensions *e, uint16_t id, bytes raw)
{
    int bit = ext_bit_of(id);
    const char *name = name_of(w, id);
    w->in = name;
    struct wire_block whole = wire_open(w, name, 0, 0, 0, FIELD_STRUCT);
    wire_u16(w, "extension_type", &id, &extension_names);
    struct wire_block data = wire_open(w, "extension_data", 2, 0, 65535, FIELD_NUMBER);
    if (bit >= 0 && data.prefix > 0)
        rows[bit].codec(w, place, e);
    else if (data.prefix > 0 && !show(w, place, id))
        wire_rest(w, "extension_data", &raw);
    wire_close(w, &data);
    wire_close(w, &whole);
    w->in = NULL;
}

/* For who listens, some extensions are taken apart that the engine passes over; when they can be, or listening would find
   faults where reading finds none. Who hears on wants those faults. */
static bool show(struct wire *w, enum ext_place place, uint16_t id)
{
    static const struct {
        uint16_t id;
        extension_shown *codec;
    } shown[] = {{15, extension_heartbeat}, {17, extension_status_request_v2}, {19, extension_certificate_type}, {20, extension_certificate_type}};
    for (size_t i = 0; w->narrator && !w->writing && i < sizeof shown / sizeof *shown; i++) {
        struct wire trial = wire_reader(bytes_of(w->base + w->at, wire_left(w)));
        if (shown[i].id != id || w->bad || !wire_more(w))
            continue;
        shown[i].codec(&trial, place);
        if (!wire_done(&trial) && !w->narrator->fault)
            return false;
        shown[i].codec(w, place);
        return true;
    }
    return false;
}

/* ---- looking things up ---- */

bool extensions_next(bytes *rest, uint16_t *id, bytes *body)
{
    if (rest->len < 4 || load16(rest->data + 2) > rest->len - 4)
        return false;
    *id = load16(rest->data);
    *body = bytes_of(rest->data + 4, load16(rest->data + 2));
    *rest = bytes_skip(*rest, 4 + body->len);
    return true;
}

bool alpn_next(bytes *rest, bytes *name)
{
    if (rest->len < 1 || rest->data[0] > rest->len - 1)
        return false;
    *name = bytes_of(rest->data + 1, rest->data[0]);
    *rest = bytes_skip(*rest, 1 + name->len);
    return true;
}

uint32_t ext_allowed_in(enum ext_place place)
{
    uint32_t set = 0;
    for (unsigned bit = 0; bit < EXT_KNOWN; bit++)
        if (rows[bit].places & place)
            set |= 1u << bit;
    return set;
}

uint32_t ext_reply_in(enum ext_place place)
{
    uint32_t set = 0;
    if (place != IN_CLIENT_HELLO && place != IN_CERTIFICATE_REQUEST)
        for (unsigned bit = 0; bit < EXT_KNOWN; bit++)
            if (rows[bit].places & place && !(rows[bit].unasked & place))
                set |= 1u << bit;
    return set;
}

uint16_t ext_id(enum ext_bit bit)
{
    return rows[bit].id;
}

int ext_bit_of(uint16_t id)
{
    /* Numbers below 64 are looked up (0: not known, else bit + 1); the few above are compared. */
    // clang-format off
    static const uint8_t low[64] = {
        [EXT_SERVER_NAME] = HAS_SERVER_NAME + 1,                         [EXT_MAX_FRAGMENT_LENGTH] = HAS_MAX_FRAGMENT_LENGTH + 1,
        [EXT_STATUS_REQUEST] = HAS_STATUS_REQUEST + 1,                   [EXT_SUPPORTED_GROUPS] = HAS_GROUPS + 1,
        [EXT_EC_POINT_FORMATS] = HAS_POINT_FORMATS + 1,                  [EXT_SIGNATURE_ALGORITHMS] = HAS_SCHEMES + 1,
        [EXT_ALPN] = HAS_ALPN + 1,                                       [EXT_SCT] = HAS_SCT + 1,
        [EXT_PADDING] = HAS_PADDING + 1,                                 [EXT_ENCRYPT_THEN_MAC] = HAS_ENCRYPT_THEN_MAC + 1,
        [EXT_EXTENDED_MASTER_SECRET] = HAS_EXTENDED_MASTER_SECRET + 1,   [EXT_COMPRESS_CERTIFICATE] = HAS_COMPRESS_CERTIFICATE + 1,
        [EXT_RECORD_SIZE_LIMIT] = HAS_RECORD_SIZE_LIMIT + 1,             [EXT_DELEGATED_CREDENTIAL] = HAS_DELEGATED_CREDENTIAL + 1,
        [EXT_SESSION_TICKET] = HAS_SESSION_TICKET + 1,                   [EXT_PRE_SHARED_KEY] = HAS_PRE_SHARED_KEY + 1,
        [EXT_EARLY_DATA] = HAS_EARLY_DATA + 1,                           [EXT_SUPPORTED_VERSIONS] = HAS_SUPPORTED_VERSIONS + 1,
        [EXT_COOKIE] = HAS_COOKIE + 1,                                   [EXT_PSK_MODES] = HAS_PSK_MODES + 1,
        [EXT_CERTIFICATE_AUTHORITIES] = HAS_CERTIFICATE_AUTHORITIES + 1, [EXT_POST_HANDSHAKE_AUTH] = HAS_POST_HANDSHAKE_AUTH + 1,
        [EXT_SIGNATURE_ALGORITHMS_CERT] = HAS_SCHEMES_CERT + 1,          [EXT_KEY_SHARE] = HAS_KEY_SHARE + 1,
    };
    // clang-format on
    if (id < 64)
        return low[id] - 1;
    for (int bit = HAS_NPN; bit < EXT_KNOWN; bit++)
        if (rows[bit].id == id)
            return bit;
    return -1;
}
