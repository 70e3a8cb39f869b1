/* The content of each extension, in the order of the table in extensions.c, which also says where each may stand. A routine
   is only called for those places; what it does there follows from `place`. Lists inside keep the bounds of their RFC. */
#include "base/error.h"
#include "wire/extensions.h"
#include "wire/names.h"

/* For extensions whose presence says it all. */
void extension_empty(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)w;
    (void)place;
    (void)e;
}

/* RFC 6066 3. Names of another type may stand in the list and begin with a length like host names; they are skipped. */
void extension_server_name(struct wire *w, enum ext_place place, struct extensions *e)
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
            size_t start = w->at;
            wire_text16(w, "host_name", &name, 1, 65535);
            if (!w->bad && name.len > 0 && memchr(name.data, 0, name.len))
                wire_flaw(w, start, "host_name", "has a zero byte in it");
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
void extension_max_fragment_length(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    size_t start = w->at;
    wire_u8(w, "max_fragment_length", &e->max_fragment_length, NULL);
    if (!w->bad && (e->max_fragment_length < 1 || e->max_fragment_length > 4))
        wire_flaw_reason(w, start, "max_fragment_length", FEDE_FIELD_VALUE, e->max_fragment_length);
}

static void responder_id(struct wire *w, struct wire_entry *entry)
{
    wire_opaque16(w, "responder_id", &entry->body, 1, 65535);
}

/* RFC 6066 8; in TLS 1.3 the staple itself stands with its certificate (RFC 9846 4.4.2.1). A request of a type other than
   ocsp is one field of bytes, kept in ocsp_responders. */
void extension_status_request(struct wire *w, enum ext_place place, struct extensions *e)
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

void extension_supported_groups(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16_list(w, "named_group_list", &e->groups, 2, 2, 65535, &group_names);
}

void extension_ec_point_formats(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u8_list(w, "ec_point_format_list", &e->point_formats, 1, 1, 255, &point_format_names);
}

void extension_signature_algorithms(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16_list(w, "supported_signature_algorithms", &e->schemes, 2, 2, 65534, &scheme_names);
}

static void protocol_name(struct wire *w, struct wire_entry *entry)
{
    wire_text8(w, "protocol_name", &entry->body, 1, 255);
}

/* RFC 7301 3.1: an answer has exactly one name. */
void extension_alpn(struct wire *w, enum ext_place place, struct extensions *e)
{
    bytes rest, first;
    size_t start = w->at;
    wire_list(w, "protocol_name_list", &e->alpn, 2, 2, 65535, protocol_name);
    rest = e->alpn;
    if (!w->bad && place != IN_CLIENT_HELLO && alpn_next(&rest, &first) && rest.len > 0)
        wire_flaw(w, start, "protocol_name_list", "has more than one name");
}

/* RFC 6962 3.2. */
static void sct_parts(struct wire *w)
{
    uint8_t version, log_id[32], timestamp[8];
    uint16_t algorithm;
    bytes extensions, signature;
    wire_u8(w, "sct_version", &version, NULL);
    wire_fixed(w, "log_id", log_id, sizeof log_id);
    wire_fixed(w, "timestamp", timestamp, sizeof timestamp);
    wire_opaque16(w, "sct_extensions", &extensions, 0, 65535);
    wire_u16(w, "algorithm", &algorithm, &scheme_names);
    wire_opaque16(w, "signature", &signature, 0, 65535);
}

/* Taken apart only for who listens, and only when it can be: the engine hands it on as it is. */
static void serialized_sct(struct wire *w, struct wire_entry *entry)
{
    enum { LENGTH = 2 };
    struct wire trial = *w;
    trial.narrator = NULL;
    wire_opaque16(&trial, "serialized_sct", &entry->body, 1, 65535);
    struct wire inside = wire_reader(entry->body);
    if (w->narrator && !trial.bad)
        sct_parts(&inside);
    bool first_version = !trial.bad && entry->body.data[0] == 0;
    bool readable = wire_done(&inside) || (w->narrator && w->narrator->fault && first_version);
    if (!w->narrator || trial.bad || !readable) {
        wire_opaque16(w, "serialized_sct", &entry->body, 1, 65535);
        return;
    }
    struct wire_block block = wire_open(w, "serialized_sct", LENGTH, 1, 65535, FIELD_STRUCT);
    sct_parts(w);
    wire_close(w, &block);
}

/* RFC 6962 3.3.1: empty as a question. */
void extension_sct(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_SERVER_HELLO || place == IN_CERTIFICATE)
        wire_list(w, "sct_list", &e->sct, 2, 1, 65535, serialized_sct);
}

/* RFC 7685 3: zeros only. */
void extension_padding(struct wire *w, enum ext_place place, struct extensions *e)
{
    static const uint8_t zeros[256];
    (void)place;
    if (w->writing) {
        for (size_t left = e->padding, part; left > 0 && !w->bad; left -= part) {
            part = left < sizeof zeros ? left : sizeof zeros;
            bytes some = bytes_of(zeros, part);
            wire_rest(w, "padding", &some);
        }
        return;
    }
    size_t start = w->at;
    bytes content = BYTES_NONE;
    wire_rest(w, "padding", &content);
    size_t zero = 0;
    while (zero < content.len && content.data[zero] == 0)
        zero++;
    if (zero < content.len)
        wire_flaw_reason(w, start + zero, "padding", FEDE_FIELD_VALUE, content.data[zero]);
    e->padding = (uint16_t)content.len;
}

void extension_compress_certificate(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u16_list(w, "algorithms", &e->compress_certificate, 1, 2, 254, &certificate_compression_names);
}

/* RFC 8449 4: at least 64. */
void extension_record_size_limit(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    size_t start = w->at;
    wire_u16(w, "record_size_limit", &e->record_size_limit, NULL);
    if (!w->bad && e->record_size_limit < 64)
        wire_flaw_reason(w, start, "record_size_limit", FEDE_FIELD_VALUE, e->record_size_limit);
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

void extension_delegated_credential(struct wire *w, enum ext_place place, struct extensions *e)
{
    wire_slice(w, &e->delegated_credential, place == IN_CERTIFICATE ? credential : credential_schemes);
}

/* RFC 5077 3.2: any bytes from a client, none from a server. */
void extension_session_ticket(struct wire *w, enum ext_place place, struct extensions *e)
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

/* RFC 9846 4.2.11: the last extension of a ClientHello, for its binders cover all that stands before them. In a hello that does
   not offer TLS 1.3 it means nothing, whatever is in it (RFC 5246 7.4.1.4). */
void extension_pre_shared_key(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO && (w->writing || !u16s_has(e->versions, 0x0304))) {
        wire_rest(w, "extension_data", &e->pre_shared_key);
        return;
    }
    size_t start = w->at;
    wire_slice(w, &e->pre_shared_key, place == IN_CLIENT_HELLO ? offered_psks : selected_identity);
    if (!w->writing && place == IN_CLIENT_HELLO && !w->bad && e->all.len > 0 &&
        w->base + w->at != e->all.data + e->all.len)
        wire_flaw_reason(w, start, "pre_shared_key", FEDE_EXTENSION_MISPLACED, EXT_PRE_SHARED_KEY);
}

void extension_early_data(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_NEW_SESSION_TICKET)
        wire_u32(w, "max_early_data_size", &e->max_early_data_size, FIELD_NUMBER);
}

void extension_supported_versions(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO)
        wire_u16_list(w, "versions", &e->versions, 1, 2, 254, &version_names);
    else
        wire_u16(w, "selected_version", &e->version, &version_names);
}

void extension_cookie(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_opaque16(w, "cookie", &e->cookie, 1, 65535);
}

void extension_psk_modes(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_u8_list(w, "ke_modes", &e->psk_modes, 1, 1, 255, &psk_mode_names);
}

static void authority(struct wire *w, struct wire_entry *entry)
{
    wire_opaque16(w, "distinguished_name", &entry->body, 1, 65535);
}

void extension_certificate_authorities(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_list(w, "authorities", &e->certificate_authorities, 2, 3, 65535, authority);
}

void extension_signature_algorithms_cert(struct wire *w, enum ext_place place, struct extensions *e)
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

/* RFC 9846 4.2.8. */
void extension_key_share(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO)
        wire_list(w, "client_shares", &e->key_shares, 2, 0, 65535, key_share_entry);
    else
        wire_slice(w, &e->key_shares, place == IN_HELLO_RETRY ? selected_group : key_share_entry);
}

/* draft-agl-tls-nextprotoneg: empty as a question; the answer lists names without a length in front of all. */
void extension_npn(struct wire *w, enum ext_place place, struct extensions *e)
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

void extension_alps(struct wire *w, enum ext_place place, struct extensions *e)
{
    settings(w, place, &e->application_settings);
}

void extension_alps_old(struct wire *w, enum ext_place place, struct extensions *e)
{
    settings(w, place, &e->application_settings_old);
}

/* draft-balfanz-tls-channelid: empty both ways; the key follows in a message of its own. */
void extension_channel_id(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    size_t start = w->at;
    wire_rest(w, "channel_id", &e->channel_id);
    if (!w->bad && e->channel_id.len > 0)
        wire_flaw(w, start, "channel_id", "is not empty");
}

static void trust_anchor_id(struct wire *w, struct wire_entry *entry)
{
    wire_opaque8(w, "trust_anchor_id", &entry->body, 1, 255);
}

/* draft-ietf-tls-trust-anchor-ids: a list, but empty beside the certificate that was chosen by it. */
void extension_trust_anchors(struct wire *w, enum ext_place place, struct extensions *e)
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
void extension_ech(struct wire *w, enum ext_place place, struct extensions *e)
{
    if (place == IN_CLIENT_HELLO) {
        wire_slice(w, &e->ech, ech_outer);
    } else if (place == IN_ENCRYPTED_EXTENSIONS) {
        wire_list(w, "retry_configs", &e->ech, 2, 4, 65535, ech_config);
    } else {
        size_t start = w->at;
        wire_rest(w, "confirmation", &e->ech);
        if (!w->bad && e->ech.len != 8)
            wire_flaw(w, start, "confirmation", "is not eight bytes long");
    }
}

/* RFC 5746 3.2. That it must be empty in a first handshake is the engine's check. */
void extension_renegotiation_info(struct wire *w, enum ext_place place, struct extensions *e)
{
    (void)place;
    wire_opaque8(w, "renegotiated_connection", &e->renegotiated_connection, 0, 255);
}

/* ---- extensions that the engine does not use, for who listens ---- */

/* RFC 7250 3: a list in the ClientHello, one in the answer. */
void extension_certificate_type(struct wire *w, enum ext_place place)
{
    uint8_t one;
    bytes list;
    if (place == IN_CLIENT_HELLO)
        wire_u8_list(w, "certificate_types", &list, 1, 1, 255, &certificate_kind_names);
    else
        wire_u8(w, "certificate_type", &one, &certificate_kind_names);
}

/* RFC 6961 2.2. */
static void status_item(struct wire *w, struct wire_entry *entry)
{
    struct wire_block item = wire_open(w, "status_request_item", 0, 0, 0, FIELD_STRUCT);
    wire_u8(w, "status_type", &entry->type, &status_type_names);
    struct wire_block request = wire_open(w, "request", 2, 0, 65535, FIELD_STRUCT);
    wire_list(w, "responder_id_list", &entry->name, 2, 0, 65535, responder_id);
    wire_opaque16(w, "request_extensions", &entry->body, 0, 65535);
    wire_close(w, &request);
    wire_close(w, &item);
}

void extension_status_request_v2(struct wire *w, enum ext_place place)
{
    bytes list;
    if (place == IN_CLIENT_HELLO)
        wire_list(w, "certificate_status_req_list", &list, 2, 1, 65535, status_item);
}

/* RFC 6520 2. */
void extension_heartbeat(struct wire *w, enum ext_place place)
{
    uint8_t mode;
    (void)place;
    wire_u8(w, "mode", &mode, NULL);
}
