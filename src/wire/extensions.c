/* Extensions: one row each, with its number, the messages it may stand in, whether it only answers, and the routine for
   its content. Misplaced ones and doubles are refused here, by the table alone; that an answer was asked for is checked by
   whoever knows the question (ext_reply_in).

   RFC 6066 (server_name, max_fragment_length, status_request), 7301 (ALPN), 8422 (groups, point formats), 5746
   (renegotiation_info), 7627 (extended_master_secret), 5077 (SessionTicket), 6962 (SCT), 7685 (padding), 7366
   (encrypt_then_mac), 8449 (record_size_limit), 8879 (compress_certificate), 9345 (delegated_credential), 8446 (the
   extensions of TLS 1.3), 9849 (encrypted_client_hello), 8701 (GREASE); drafts for NPN, channel_id, ALPS, trust_anchors. */
#include "base/error.h"
#include "wire/messages.h"
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

typedef void extension_codec(struct wire *w, enum ext_place place, struct extensions *e);
static extension_codec server_name, max_fragment_length, status_request, supported_groups, ec_point_formats,
    signature_algorithms, alpn, sct, padding, empty, compress_certificate, record_size_limit, delegated_credential,
    session_ticket, pre_shared_key, early_data, supported_versions, cookie, psk_modes, certificate_authorities,
    signature_algorithms_cert, key_share, npn, alps, alps_old, channel_id, trust_anchors, ech, renegotiation_info;

struct extension_row {
    uint16_t id;
    uint8_t places;  /* set of enum ext_place */
    uint8_t unasked; /* those of the places where it needs no request although it is a reply's message */
    const char *name;
    extension_codec *codec;
};

/* In a ServerHello of TLS 1.2 some servers send supported_groups, although it means nothing there; clients must bear it
   (RFC 8446 4.2.7). channel_id and NPN are gone from TLS 1.3, so they have no place in EncryptedExtensions. */
// clang-format off
static const struct extension_row rows[EXT_KNOWN] = {
    [HAS_SERVER_NAME]           = {EXT_SERVER_NAME, CH | SH | EE, 0, "server_name", server_name},
    [HAS_MAX_FRAGMENT_LENGTH]   = {EXT_MAX_FRAGMENT_LENGTH, CH | SH | EE, 0, "max_fragment_length", max_fragment_length},
    [HAS_STATUS_REQUEST]        = {EXT_STATUS_REQUEST, CH | SH | CR | CT, 0, "status_request", status_request},
    [HAS_GROUPS]                = {EXT_SUPPORTED_GROUPS, CH | SH | EE, 0, "supported_groups", supported_groups},
    [HAS_POINT_FORMATS]         = {EXT_EC_POINT_FORMATS, CH | SH, 0, "ec_point_formats", ec_point_formats},
    [HAS_SCHEMES]               = {EXT_SIGNATURE_ALGORITHMS, CH | CR, 0, "signature_algorithms", signature_algorithms},
    [HAS_ALPN]                  = {EXT_ALPN, CH | SH | EE, 0, "application_layer_protocol_negotiation", alpn},
    [HAS_SCT]                   = {EXT_SCT, CH | SH | CR | CT, 0, "signed_certificate_timestamp", sct},
    [HAS_PADDING]               = {EXT_PADDING, CH, 0, "padding", padding},
    [HAS_ENCRYPT_THEN_MAC]      = {EXT_ENCRYPT_THEN_MAC, CH | SH, 0, "encrypt_then_mac", empty},
    [HAS_EXTENDED_MASTER_SECRET] = {EXT_EXTENDED_MASTER_SECRET, CH | SH, 0, "extended_master_secret", empty},
    [HAS_COMPRESS_CERTIFICATE]  = {EXT_COMPRESS_CERTIFICATE, CH | CR, 0, "compress_certificate", compress_certificate},
    [HAS_RECORD_SIZE_LIMIT]     = {EXT_RECORD_SIZE_LIMIT, CH | SH | EE, 0, "record_size_limit", record_size_limit},
    [HAS_DELEGATED_CREDENTIAL]  = {EXT_DELEGATED_CREDENTIAL, CH | CR | CT, 0, "delegated_credential", delegated_credential},
    [HAS_SESSION_TICKET]        = {EXT_SESSION_TICKET, CH | SH, 0, "session_ticket", session_ticket},
    [HAS_PRE_SHARED_KEY]        = {EXT_PRE_SHARED_KEY, CH | SH, 0, "pre_shared_key", pre_shared_key},
    [HAS_EARLY_DATA]            = {EXT_EARLY_DATA, CH | EE | NST, NST, "early_data", early_data},
    [HAS_SUPPORTED_VERSIONS]    = {EXT_SUPPORTED_VERSIONS, CH | SH | HRR, 0, "supported_versions", supported_versions},
    [HAS_COOKIE]                = {EXT_COOKIE, CH | HRR, HRR, "cookie", cookie},
    [HAS_PSK_MODES]             = {EXT_PSK_MODES, CH, 0, "psk_key_exchange_modes", psk_modes},
    [HAS_CERTIFICATE_AUTHORITIES] = {EXT_CERTIFICATE_AUTHORITIES, CH | CR, 0, "certificate_authorities", certificate_authorities},
    [HAS_POST_HANDSHAKE_AUTH]   = {EXT_POST_HANDSHAKE_AUTH, CH, 0, "post_handshake_auth", empty},
    [HAS_SCHEMES_CERT]          = {EXT_SIGNATURE_ALGORITHMS_CERT, CH | CR, 0, "signature_algorithms_cert", signature_algorithms_cert},
    [HAS_KEY_SHARE]             = {EXT_KEY_SHARE, CH | SH | HRR, 0, "key_share", key_share},
    [HAS_NPN]                   = {EXT_NPN, CH | SH, 0, "next_protocol_negotiation", npn},
    [HAS_APPLICATION_SETTINGS_OLD] = {EXT_APPLICATION_SETTINGS_OLD, CH | EE, 0, "application_settings_old", alps_old},
    [HAS_APPLICATION_SETTINGS]  = {EXT_APPLICATION_SETTINGS, CH | EE, 0, "application_settings", alps},
    [HAS_CHANNEL_ID]            = {EXT_CHANNEL_ID, CH | SH, 0, "channel_id", channel_id},
    [HAS_TRUST_ANCHORS]         = {EXT_TRUST_ANCHORS, CH | EE | CR | CT, 0, "trust_anchors", trust_anchors},
    [HAS_ECH]                   = {EXT_ECH, CH | EE | HRR, 0, "encrypted_client_hello", ech},
    [HAS_RENEGOTIATION_INFO]    = {EXT_RENEGOTIATION_INFO, CH | SH, 0, "renegotiation_info", renegotiation_info},
};
// clang-format on

/* What a ServerHello of TLS 1.3 may have; all else belongs into EncryptedExtensions (RFC 8446 4.2). */
static const uint32_t in_server_hello_13 =
    1u << HAS_SUPPORTED_VERSIONS | 1u << HAS_KEY_SHARE | 1u << HAS_PRE_SHARED_KEY;

enum { FEW = 48 }; /* unknown extensions that are compared one with another; more are counted in a map */
struct unknown {
    uint16_t ids[FEW];
    size_t n;
};

static void read_block(struct wire *w, enum ext_place place, struct extensions *e);
static void note(struct wire *w, enum ext_place place, struct extensions *e, struct unknown *unknown, uint16_t id);
static bool any_twice(bytes all, uint16_t *twice);
static void check_whole(struct wire *w, enum ext_place place, const struct extensions *e);
static void write_block(struct wire *w, enum ext_place place, struct extensions *e);
static void extension(struct wire *w, enum ext_place place, struct extensions *e, uint16_t id, bytes raw);

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
            wire_fail_reason(w, rows[bit].name, FEDE_EXTENSION_MISPLACED, id);
    } else {
        for (size_t i = 0; i < unknown->n; i++)
            twice |= unknown->ids[i] == id;
        if (unknown->n < FEW)
            unknown->ids[unknown->n++] = id;
        e->unknown++;
    }
    if (twice)
        wire_fail_reason(w, "extensions", FEDE_EXTENSION_TWICE, id);
}

static void check_whole(struct wire *w, enum ext_place place, const struct extensions *e)
{
    uint16_t twice;
    if (w->bad)
        return;
    if (e->unknown > FEW && any_twice(e->all, &twice))
        wire_fail_reason(w, "extensions", FEDE_EXTENSION_TWICE, twice);
    if (place == IN_SERVER_HELLO && ext_has(e, HAS_SUPPORTED_VERSIONS) && e->version >= 0x0304)
        for (unsigned bit = 0; bit < EXT_KNOWN; bit++)
            if (ext_has(e, (enum ext_bit)bit) && !(in_server_hello_13 >> bit & 1))
                wire_fail_reason(w, rows[bit].name, FEDE_EXTENSION_MISPLACED, rows[bit].id);
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
    const char *name = bit >= 0 ? rows[bit].name : w->narrator ? names_find(&extension_names, id) : NULL;
    if (!name)
        name = "extension";
    w->in = name;
    struct wire_block whole = wire_open(w, name, 0, 0, 0, FIELD_STRUCT);
    wire_u16(w, "extension_type", &id, &extension_names);
    struct wire_block data = wire_open(w, "extension_data", 2, 0, 65535, FIELD_NUMBER);
    if (bit >= 0 && data.prefix > 0)
        rows[bit].codec(w, place, e);
    else if (data.prefix > 0)
        wire_rest(w, "extension_data", &raw);
    wire_close(w, &data);
    wire_close(w, &whole);
    w->in = NULL;
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

/* ---- contents, in the order of the table ---- */

/* For extensions whose presence says it all. */
static void empty(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)w;
    (void)place;
    (void)e;
}

/* RFC 6066 3. Names of another type may stand in the list and begin with a length like host names; they are skipped. */
static void server_name(struct wire *w, enum ext_place place, struct extensions *e)
{
    enum { HOST_NAME = 0 };
    if (place != IN_CLIENT_HELLO)
        return; /* an empty acknowledgement */
    struct wire_block list = wire_open(w, "server_name_list", 2, 1, 65535, FIELD_LIST);
    bool seen = false, writing = w->writing;
    while (writing ? !seen : wire_more(w)) {
        struct wire_block entry = wire_open(w, "server_name", 0, 0, 0, FIELD_STRUCT);
        uint8_t type = HOST_NAME;
        bytes name = e->host_name;
        wire_u8(w, "name_type", &type, &name_type_names);
        if (type == HOST_NAME && seen) {
            wire_fail(w, "server_name_list", "has two host names");
        } else if (type == HOST_NAME) {
            wire_text16(w, "host_name", &name, 1, 65535);
            if (!w->bad && memchr(name.data, 0, name.len))
                wire_fail(w, "host_name", "has a zero byte in it");
            if (!writing && !w->bad)
                e->host_name = name;
            seen = true;
        } else {
            wire_opaque16(w, "name", &name, 0, 65535);
            if (!w->bad)
                e->other_names = true;
        }
        wire_close(w, &entry);
    }
    wire_close(w, &list);
}

/* RFC 6066 4: 1 to 4 for 2^9 to 2^12. */
static void max_fragment_length(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u8(w, "max_fragment_length", &e->max_fragment_length, NULL);
    if (!w->bad && (e->max_fragment_length < 1 || e->max_fragment_length > 4))
        wire_fail_reason(w, "max_fragment_length", FEDE_FIELD_VALUE, e->max_fragment_length);
}

static void responder_id(struct wire *w, struct wire_entry *entry)
{
    wire_opaque16(w, "responder_id", &entry->body, 1, 65535);
}

/* RFC 6066 8; in TLS 1.3 the staple itself stands with its certificate (RFC 8446 4.4.2.1). A request of a type other than
   ocsp is one field of bytes, kept in ocsp_responders. */
static void status_request(struct wire *w, enum ext_place place, struct extensions *e)
{
    enum { OCSP = 1 };
    if (place != IN_CLIENT_HELLO && place != IN_CERTIFICATE)
        return; /* empty */
    wire_u8(w, "status_type", &e->status_type, &status_type_names);
    if (place == IN_CERTIFICATE) {
        wire_opaque24(w, "response", &e->certificate_status, 1, 0xffffff);
    } else if (e->status_type == OCSP) {
        wire_list(w, "responder_id_list", &e->ocsp_responders, 2, 0, 65535, responder_id);
        wire_opaque16(w, "request_extensions", &e->ocsp_extensions, 0, 65535);
    } else {
        wire_rest(w, "request", &e->ocsp_responders);
    }
}

static void supported_groups(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16_list(w, "named_group_list", &e->groups, 2, 2, 65535, &group_names);
}

static void ec_point_formats(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u8_list(w, "ec_point_format_list", &e->point_formats, 1, 1, 255, &point_format_names);
}

static void signature_algorithms(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16_list(w, "supported_signature_algorithms", &e->schemes, 2, 2, 65534, &scheme_names);
}

static void protocol_name(struct wire *w, struct wire_entry *entry)
{
    wire_text8(w, "protocol_name", &entry->body, 1, 255);
}

/* RFC 7301 3.1: an answer has exactly one name. */
static void alpn(struct wire *w, enum ext_place place, struct extensions *e)
{
    bytes rest, first;
    wire_list(w, "protocol_name_list", &e->alpn, 2, 2, 65535, protocol_name);
    rest = e->alpn;
    if (!w->bad && place != IN_CLIENT_HELLO && alpn_next(&rest, &first) && rest.len > 0)
        wire_fail(w, "protocol_name_list", "has more than one name");
}

static void serialized_sct(struct wire *w, struct wire_entry *entry)
{
    wire_opaque16(w, "serialized_sct", &entry->body, 1, 65535);
}

/* RFC 6962 3.3.1: empty as a question. */
static void sct(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_SERVER_HELLO || place == IN_CERTIFICATE)
        wire_list(w, "sct_list", &e->sct, 2, 1, 65535, serialized_sct);
}

/* RFC 7685 3: zeros only. */
static void padding(struct wire *w, enum ext_place place, struct extensions *e)
{
    static const uint8_t zeros[256];
    (void)place;
    if (w->writing) {
        bytes none = BYTES_NONE;
        for (size_t left = e->padding, part; left > 0 && !w->bad; left -= part) {
            part = left < sizeof zeros ? left : sizeof zeros;
            bytes some = bytes_of(zeros, part);
            wire_rest(w, "padding", &some);
        }
        wire_rest(w, "padding", &none);
        return;
    }
    size_t start = w->at;
    bytes content = BYTES_NONE;
    wire_rest(w, "padding", &content);
    for (size_t i = 0; i < content.len; i++)
        if (content.data[i]) {
            w->at = start;
            wire_fail_reason(w, "padding", FEDE_FIELD_VALUE, content.data[i]);
        }
    e->padding = (uint16_t)content.len;
}

static void compress_certificate(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16_list(w, "algorithms", &e->compress_certificate, 1, 2, 254, &certificate_compression_names);
}

/* RFC 8449 4: at least 64. */
static void record_size_limit(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16(w, "record_size_limit", &e->record_size_limit, NULL);
    if (!w->bad && e->record_size_limit < 64)
        wire_fail_reason(w, "record_size_limit", FEDE_FIELD_VALUE, e->record_size_limit);
}

/* RFC 9345 4: the credential itself, with its leaf certificate. */
static void credential(struct wire *w, struct wire_entry *entry)
{
    struct wire_block block = wire_open(w, "cred", 0, 0, 0, FIELD_STRUCT);
    wire_u32(w, "valid_time", &entry->count, FIELD_NUMBER);
    wire_u16(w, "dc_cert_verify_algorithm", &entry->number, &scheme_names);
    wire_opaque24(w, "ASN1_subjectPublicKeyInfo", &entry->name, 1, 0xffffff);
    wire_close(w, &block);
    wire_u16(w, "algorithm", &entry->other, &scheme_names);
    wire_opaque16(w, "signature", &entry->body, 1, 65535);
}

/* RFC 9345 4.1.1: as a question, the schemes that a credential may be signed and may sign with. */
static void credential_schemes(struct wire *w, struct wire_entry *entry)
{
    struct u16s schemes = {entry->body.data, entry->body.len / 2};
    wire_u16_list(w, "supported_signature_algorithms", &schemes, 2, 2, 65534, &scheme_names);
    if (!w->writing)
        entry->body = bytes_of(schemes.data, 2 * schemes.n);
}

static void delegated_credential(struct wire *w, enum ext_place place, struct extensions *e)
{
    wire_slice(w, &e->delegated_credential, place == IN_CERTIFICATE ? credential : credential_schemes);
}

/* RFC 5077 3.2: any bytes from a client, none from a server. */
static void session_ticket(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO)
        wire_rest(w, "ticket", &e->session_ticket);
}

static void psk_identity(struct wire *w, struct wire_entry *entry)
{
    struct wire_block block = wire_open(w, "psk_identity", 0, 0, 0, FIELD_STRUCT);
    wire_opaque16(w, "identity", &entry->body, 1, 65535);
    wire_u32(w, "obfuscated_ticket_age", &entry->count, FIELD_NUMBER);
    wire_close(w, &block);
}

static void psk_binder(struct wire *w, struct wire_entry *entry)
{
    wire_opaque8(w, "psk_binder_entry", &entry->body, 32, 255);
}

static void offered_psks(struct wire *w, struct wire_entry *entry)
{
    wire_list(w, "identities", &entry->name, 2, 7, 65535, psk_identity);
    wire_list(w, "binders", &entry->body, 2, 33, 65535, psk_binder);
}

static void selected_identity(struct wire *w, struct wire_entry *entry)
{
    wire_u16(w, "selected_identity", &entry->number, NULL);
}

/* RFC 8446 4.2.11: the last extension of a ClientHello, for its binders cover all that stands before them. */
static void pre_shared_key(struct wire *w, enum ext_place place, struct extensions *e)
{
    wire_slice(w, &e->pre_shared_key, place == IN_CLIENT_HELLO ? offered_psks : selected_identity);
    if (!w->writing && place == IN_CLIENT_HELLO && !w->bad && e->all.len > 0 &&
        w->base + w->at != e->all.data + e->all.len)
        wire_fail_reason(w, "pre_shared_key", FEDE_EXTENSION_MISPLACED, EXT_PRE_SHARED_KEY);
}

static void early_data(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_NEW_SESSION_TICKET)
        wire_u32(w, "max_early_data_size", &e->max_early_data_size, FIELD_NUMBER);
}

static void supported_versions(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO)
        wire_u16_list(w, "versions", &e->versions, 1, 2, 254, &version_names);
    else
        wire_u16(w, "selected_version", &e->version, &version_names);
}

static void cookie(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_opaque16(w, "cookie", &e->cookie, 1, 65535);
}

static void psk_modes(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u8_list(w, "ke_modes", &e->psk_modes, 1, 1, 255, &psk_mode_names);
}

static void authority(struct wire *w, struct wire_entry *entry)
{
    wire_opaque16(w, "distinguished_name", &entry->body, 1, 65535);
}

static void certificate_authorities(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_list(w, "authorities", &e->certificate_authorities, 2, 3, 65535, authority);
}

static void signature_algorithms_cert(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16_list(w, "supported_signature_algorithms", &e->schemes_cert, 2, 2, 65534, &scheme_names);
}

static void key_share_entry(struct wire *w, struct wire_entry *entry)
{
    struct wire_block block = wire_open(w, "key_share_entry", 0, 0, 0, FIELD_STRUCT);
    wire_u16(w, "group", &entry->number, &group_names);
    wire_opaque16(w, "key_exchange", &entry->body, 1, 65535);
    wire_close(w, &block);
}

static void selected_group(struct wire *w, struct wire_entry *entry)
{
    wire_u16(w, "selected_group", &entry->number, &group_names);
}

/* RFC 8446 4.2.8. */
static void key_share(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO)
        wire_list(w, "client_shares", &e->key_shares, 2, 0, 65535, key_share_entry);
    else
        wire_slice(w, &e->key_shares, place == IN_HELLO_RETRY ? selected_group : key_share_entry);
}

/* draft-agl-tls-nextprotoneg: empty as a question; the answer lists names without a length in front of all. */
static void npn(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_SERVER_HELLO)
        wire_list(w, "protocols", &e->npn, 0, 0, 0, protocol_name);
}

/* draft-vvv-tls-alps: names as a question, the settings themselves as an answer. Two numbers are in use. */
static void settings(struct wire *w, enum ext_place place, bytes *v)
{
    if (place == IN_CLIENT_HELLO)
        wire_list(w, "supported_protocols", v, 2, 2, 65535, protocol_name);
    else
        wire_rest(w, "settings", v);
}

static void alps(struct wire *w, enum ext_place place, struct extensions *e)
{
    settings(w, place, &e->application_settings);
}

static void alps_old(struct wire *w, enum ext_place place, struct extensions *e)
{
    settings(w, place, &e->application_settings_old);
}

/* draft-balfanz-tls-channelid: empty both ways; the key follows in a message of its own. */
static void channel_id(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_rest(w, "channel_id", &e->channel_id);
    if (!w->bad && e->channel_id.len > 0)
        wire_fail(w, "channel_id", "is not empty");
}

static void trust_anchor_id(struct wire *w, struct wire_entry *entry)
{
    wire_opaque8(w, "trust_anchor_id", &entry->body, 1, 255);
}

/* draft-ietf-tls-trust-anchor-ids: a list, but empty beside the certificate that was chosen by it. */
static void trust_anchors(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place != IN_CERTIFICATE)
        wire_list(w, "trust_anchor_id_list", &e->trust_anchors, 2, 0, 65535, trust_anchor_id);
}

static void ech_outer(struct wire *w, struct wire_entry *entry)
{
    enum { OUTER = 0, INNER = 1 };
    wire_u8(w, "type", &entry->type, NULL);
    if (entry->type == OUTER) {
        struct wire_block block = wire_open(w, "cipher_suite", 0, 0, 0, FIELD_STRUCT);
        wire_u16(w, "kdf_id", &entry->number, &hpke_kdf_names);
        wire_u16(w, "aead_id", &entry->other, &hpke_aead_names);
        wire_close(w, &block);
        uint8_t config_id = (uint8_t)entry->count;
        wire_u8(w, "config_id", &config_id, NULL);
        if (!w->writing)
            entry->count = config_id;
        wire_opaque16(w, "enc", &entry->name, 0, 65535);
        wire_opaque16(w, "payload", &entry->body, 1, 65535);
    } else if (entry->type != INNER) {
        wire_fail_reason(w, "type", FEDE_FIELD_VALUE, entry->type);
    }
}

static void ech_config(struct wire *w, struct wire_entry *entry)
{
    struct wire_block block = wire_open(w, "ech_config", 0, 0, 0, FIELD_STRUCT);
    wire_u16(w, "version", &entry->number, NULL);
    wire_opaque16(w, "contents", &entry->body, 0, 65535);
    wire_close(w, &block);
}

/* RFC 9849 5: an encrypted or inner hello; configurations to retry with; or eight bytes that confirm. */
static void ech(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO) {
        wire_slice(w, &e->ech, ech_outer);
    } else if (place == IN_ENCRYPTED_EXTENSIONS) {
        wire_list(w, "retry_configs", &e->ech, 2, 4, 65535, ech_config);
    } else {
        size_t start = w->at;
        wire_rest(w, "confirmation", &e->ech);
        if (!w->bad && e->ech.len != 8) {
            w->at = start;
            wire_fail(w, "confirmation", "is not eight bytes long");
        }
    }
}

/* RFC 5746 3.2. That it must be empty in a first handshake is the engine's check. */
static void renegotiation_info(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_opaque8(w, "renegotiated_connection", &e->renegotiated_connection, 0, 255);
}
