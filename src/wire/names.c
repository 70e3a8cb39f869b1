/* IANA registries as data, and looking things up in them: TLS Parameters, TLS ExtensionType Values, HPKE, as of 2026, with
   numbers outside the registries that are met in practice. Cipher suites are in names_suites.c. A row's status: "recommended"
   is the registry's Y; "discouraged", "insecure" are judgements of RFC 9325 and later; "draft" has no RFC (yet);
   "reserved" has a number but no use (any more); "superseded" was replaced. */
#include "wire/names.h"

static const struct name_row *grease_row(uint32_t number);
static bool same_word(const char *a, const char *b);

const struct name_row *names_row(const struct names *names, uint32_t number)
{
    size_t low = 0, high = names->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (names->rows[middle].number == number)
            return &names->rows[middle];
        if (names->rows[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return names->grease && names_is_grease(number) ? grease_row(number) : NULL;
}

const char *names_find(const struct names *names, uint32_t number)
{
    const struct name_row *row = names_row(names, number);
    return row ? row->name : NULL;
}

bool names_number(const struct names *names, const char *name, uint32_t *number)
{
    for (size_t i = 0; i < names->n; i++)
        if (same_word(names->rows[i].name, name)) {
            *number = names->rows[i].number;
            return true;
        }
    return false;
}

bool names_is_grease(uint32_t number)
{
    return number <= 0xffff && (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

// clang-format off
#define GREASE(n) {0x##n##a##n##a, "GREASE", "RFC 8701 2", "reserved"}
static const struct name_row *grease_row(uint32_t number)
{
    static const struct name_row rows[16] = {
        GREASE(0), GREASE(1), GREASE(2), GREASE(3), GREASE(4), GREASE(5), GREASE(6), GREASE(7),
        GREASE(8), GREASE(9), GREASE(a), GREASE(b), GREASE(c), GREASE(d), GREASE(e), GREASE(f),
    };
    return &rows[number >> 12];
}
// clang-format on

/* Letters of ASCII only; the C library's functions would follow the locale. */
static bool same_word(const char *a, const char *b)
{
    for (;; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a, y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
        if (x != y)
            return false;
        if (!x)
            return true;
    }
}

// clang-format off
#define NAMES(variable, title, digits, grease) \
    const struct names variable##_names = {title, variable##_rows, sizeof variable##_rows / sizeof *variable##_rows, digits, grease}

static const struct name_row content_type_rows[] = {
    {20, "change_cipher_spec", "RFC 5246 7.1", ""},
    {21, "alert", "RFC 5246 7.2", ""},
    {22, "handshake", "RFC 5246 7.4", ""},
    {23, "application_data", "RFC 5246 10", ""},
    {24, "heartbeat", "RFC 6520 3", ""},
    {25, "tls12_cid", "RFC 9146 3", ""},
    {26, "ACK", "RFC 9147 7", ""},
    {27, "return_routability_check", "RFC 9853 3", ""},
};
NAMES(content_type, "record type", 0, false);

static const struct name_row version_rows[] = {
    {0x0002, "SSL 2.0", "RFC 6176", "insecure"},
    {0x0100, "DTLS 1.0 (OpenSSL before 0.9.8f)", "", "insecure"},
    {0x0101, "TLCP 1.1", "GB/T 38636", ""},
    {0x0300, "SSL 3.0", "RFC 6101", "insecure"},
    {0x0301, "TLS 1.0", "RFC 2246", "insecure"},
    {0x0302, "TLS 1.1", "RFC 4346", "insecure"},
    {0x0303, "TLS 1.2", "RFC 5246", ""},
    {0x0304, "TLS 1.3", "RFC 9846", "recommended"},
    {0x7f12, "TLS 1.3 (draft 18)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f13, "TLS 1.3 (draft 19)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f14, "TLS 1.3 (draft 20)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f15, "TLS 1.3 (draft 21)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f16, "TLS 1.3 (draft 22)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f17, "TLS 1.3 (draft 23)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f18, "TLS 1.3 (draft 24)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f19, "TLS 1.3 (draft 25)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f1a, "TLS 1.3 (draft 26)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f1b, "TLS 1.3 (draft 27)", "draft-ietf-tls-tls13", "superseded"},
    {0x7f1c, "TLS 1.3 (draft 28)", "draft-ietf-tls-tls13", "superseded"},
    {0xfefc, "DTLS 1.3", "RFC 9147", "recommended"},
    {0xfefd, "DTLS 1.2", "RFC 6347", ""},
    {0xfeff, "DTLS 1.0", "RFC 4347", "insecure"},
};
NAMES(version, "version", 4, true);

static const struct name_row handshake_rows[] = {
    {0, "hello_request", "RFC 5246 7.4.1.1", ""},
    {1, "client_hello", "RFC 5246 7.4.1.2", ""},
    {2, "server_hello", "RFC 5246 7.4.1.3", ""},
    {3, "hello_verify_request", "RFC 6347 4.2.1", ""},
    {4, "new_session_ticket", "RFC 5077 3.3", ""},
    {5, "end_of_early_data", "RFC 9846 4.5", ""},
    {6, "hello_retry_request", "RFC 9846 4.1.4", "reserved"},
    {8, "encrypted_extensions", "RFC 9846 4.3.1", ""},
    {9, "request_connection_id", "RFC 9147 9", ""},
    {10, "new_connection_id", "RFC 9147 9", ""},
    {11, "certificate", "RFC 5246 7.4.2", ""},
    {12, "server_key_exchange", "RFC 5246 7.4.3", ""},
    {13, "certificate_request", "RFC 5246 7.4.4", ""},
    {14, "server_hello_done", "RFC 5246 7.4.5", ""},
    {15, "certificate_verify", "RFC 5246 7.4.8", ""},
    {16, "client_key_exchange", "RFC 5246 7.4.7", ""},
    {17, "client_certificate_request", "RFC 9261 4", ""},
    {20, "finished", "RFC 5246 7.4.9", ""},
    {21, "client_certificate_url", "RFC 6066 5", ""},
    {22, "certificate_status", "RFC 6066 8", ""},
    {23, "supplemental_data", "RFC 4680 2", ""},
    {24, "key_update", "RFC 9846 4.6.3", ""},
    {25, "compressed_certificate", "RFC 8879 4", ""},
    {26, "ekt_key", "RFC 8870 5.2", ""},
    {67, "next_protocol", "draft-agl-tls-nextprotoneg", "superseded"},
    {203, "channel_id", "draft-balfanz-tls-channelid", "draft"},
    {254, "message_hash", "RFC 9846 4.4.1", "reserved"},
};
NAMES(handshake, "handshake message", 0, false);

static const struct name_row alert_rows[] = {
    {0, "close_notify", "RFC 5246 7.2.1", ""},
    {1, "end_of_early_data", "draft-ietf-tls-tls13", "reserved"},
    {10, "unexpected_message", "RFC 5246 7.2.2", ""},
    {20, "bad_record_mac", "RFC 5246 7.2.2", ""},
    {21, "decryption_failed", "RFC 5246 7.2.2", "reserved"},
    {22, "record_overflow", "RFC 5246 7.2.2", ""},
    {30, "decompression_failure", "RFC 5246 7.2.2", "reserved"},
    {40, "handshake_failure", "RFC 5246 7.2.2", ""},
    {41, "no_certificate", "RFC 6101 5.4.2", "reserved"},
    {42, "bad_certificate", "RFC 5246 7.2.2", ""},
    {43, "unsupported_certificate", "RFC 5246 7.2.2", ""},
    {44, "certificate_revoked", "RFC 5246 7.2.2", ""},
    {45, "certificate_expired", "RFC 5246 7.2.2", ""},
    {46, "certificate_unknown", "RFC 5246 7.2.2", ""},
    {47, "illegal_parameter", "RFC 5246 7.2.2", ""},
    {48, "unknown_ca", "RFC 5246 7.2.2", ""},
    {49, "access_denied", "RFC 5246 7.2.2", ""},
    {50, "decode_error", "RFC 5246 7.2.2", ""},
    {51, "decrypt_error", "RFC 5246 7.2.2", ""},
    {52, "too_many_cids_requested", "RFC 9147 9", ""},
    {60, "export_restriction", "RFC 5246 7.2.2", "reserved"},
    {70, "protocol_version", "RFC 5246 7.2.2", ""},
    {71, "insufficient_security", "RFC 5246 7.2.2", ""},
    {80, "internal_error", "RFC 5246 7.2.2", ""},
    {86, "inappropriate_fallback", "RFC 7507 3", ""},
    {90, "user_canceled", "RFC 5246 7.2.2", ""},
    {100, "no_renegotiation", "RFC 5246 7.2.2", ""},
    {109, "missing_extension", "RFC 9846 6.2", ""},
    {110, "unsupported_extension", "RFC 5246 7.2.2", ""},
    {111, "certificate_unobtainable", "RFC 6066 9", "reserved"},
    {112, "unrecognized_name", "RFC 6066 9", ""},
    {113, "bad_certificate_status_response", "RFC 6066 9", ""},
    {114, "bad_certificate_hash_value", "RFC 6066 9", "reserved"},
    {115, "unknown_psk_identity", "RFC 4279 6", ""},
    {116, "certificate_required", "RFC 9846 6.2", ""},
    {117, "general_error", "RFC 9846 6.2", ""},
    {120, "no_application_protocol", "RFC 7301 3.2", ""},
    {121, "ech_required", "RFC 9849 11.2", ""},
};
NAMES(alert, "alert", 0, false);

static const struct name_row alert_level_rows[] = {
    {1, "warning", "RFC 5246 7.2", ""},
    {2, "fatal", "RFC 5246 7.2", ""},
};
NAMES(alert_level, "alert level", 0, false);

static const struct name_row compression_rows[] = {
    {0, "NULL", "RFC 3749 2", ""},
    {1, "DEFLATE", "RFC 3749 2.1", "insecure"},
    {64, "LZS", "RFC 3943 2", "insecure"},
};
NAMES(compression, "compression method", 0, false);

static const struct name_row extension_rows[] = {
    {0, "server_name", "RFC 6066 3", "recommended"},
    {1, "max_fragment_length", "RFC 6066 4", ""},
    {2, "client_certificate_url", "RFC 6066 5", "recommended"},
    {3, "trusted_ca_keys", "RFC 6066 6", "recommended"},
    {4, "truncated_hmac", "RFC 6066 7", "discouraged"},
    {5, "status_request", "RFC 6066 8", "recommended"},
    {6, "user_mapping", "RFC 4681 2", "recommended"},
    {7, "client_authz", "RFC 5878 2", ""},
    {8, "server_authz", "RFC 5878 2", ""},
    {9, "cert_type", "RFC 6091 3.1", ""},
    {10, "supported_groups", "RFC 8422 5.1.1", "recommended"},
    {11, "ec_point_formats", "RFC 8422 5.1.2", "recommended"},
    {12, "srp", "RFC 5054 2.8", ""},
    {13, "signature_algorithms", "RFC 5246 7.4.1.4.1", "recommended"},
    {14, "use_srtp", "RFC 5764 4.1", "recommended"},
    {15, "heartbeat", "RFC 6520 2", ""},
    {16, "application_layer_protocol_negotiation", "RFC 7301 3.1", "recommended"},
    {17, "status_request_v2", "RFC 6961 2.2", "recommended"},
    {18, "signed_certificate_timestamp", "RFC 6962 3.3.1", ""},
    {19, "client_certificate_type", "RFC 7250 3", "recommended"},
    {20, "server_certificate_type", "RFC 7250 3", "recommended"},
    {21, "padding", "RFC 7685 3", "recommended"},
    {22, "encrypt_then_mac", "RFC 7366 2", "recommended"},
    {23, "extended_master_secret", "RFC 7627 5.1", "recommended"},
    {24, "token_binding", "RFC 8472 2", "recommended"},
    {25, "cached_info", "RFC 7924 3", "recommended"},
    {26, "tls_lts", "draft-gutmann-tls-lts", ""},
    {27, "compress_certificate", "RFC 8879 3", "recommended"},
    {28, "record_size_limit", "RFC 8449 4", "recommended"},
    {29, "pwd_protect", "RFC 8492 4.4.2", ""},
    {30, "pwd_clear", "RFC 8492 4.4.3", ""},
    {31, "password_salt", "RFC 8492 4.5", ""},
    {32, "ticket_pinning", "RFC 8672 3", ""},
    {33, "tls_cert_with_extern_psk", "RFC 8773 4", ""},
    {34, "delegated_credential", "RFC 9345 4.1.1", "recommended"},
    {35, "session_ticket", "RFC 5077 3.2", "recommended"},
    {36, "TLMSP", "ETSI TS 103 523-2", ""},
    {37, "TLMSP_proxying", "ETSI TS 103 523-2", ""},
    {38, "TLMSP_delegate", "ETSI TS 103 523-2", ""},
    {39, "supported_ekt_ciphers", "RFC 8870 5.2", "recommended"},
    {40, "key_share (draft 22 and before)", "draft-ietf-tls-tls13", "reserved"},
    {41, "pre_shared_key", "RFC 9846 4.2.11", "recommended"},
    {42, "early_data", "RFC 9846 4.2.10", "recommended"},
    {43, "supported_versions", "RFC 9846 4.2.1", "recommended"},
    {44, "cookie", "RFC 9846 4.2.2", "recommended"},
    {45, "psk_key_exchange_modes", "RFC 9846 4.2.9", "recommended"},
    {46, "ticket_early_data_info", "draft-ietf-tls-tls13", "reserved"},
    {47, "certificate_authorities", "RFC 9846 4.2.4", "recommended"},
    {48, "oid_filters", "RFC 9846 4.2.5", "recommended"},
    {49, "post_handshake_auth", "RFC 9846 4.2.6", "recommended"},
    {50, "signature_algorithms_cert", "RFC 9846 4.2.3", "recommended"},
    {51, "key_share", "RFC 9846 4.2.8", "recommended"},
    {52, "transparency_info", "RFC 9162 6.5", ""},
    {53, "connection_id (deprecated)", "RFC 9146 10", "reserved"},
    {54, "connection_id", "RFC 9146 3", ""},
    {55, "external_id_hash", "RFC 8844 4.1", "recommended"},
    {56, "external_session_id", "RFC 8844 4.2", "recommended"},
    {57, "quic_transport_parameters", "RFC 9001 8.2", "recommended"},
    {58, "ticket_request", "RFC 9149 3", "recommended"},
    {59, "dnssec_chain", "RFC 9102 2", ""},
    {60, "sequence_number_encryption_algorithms", "draft-pismenny-tls-dtls-plaintext-sequence-number", ""},
    {61, "rrc", "RFC 9853 3", ""},
    {62, "tls_flags", "draft-ietf-tls-tlsflags", "draft"},
    {13172, "next_protocol_negotiation", "draft-agl-tls-nextprotoneg", "superseded"},
    {17513, "application_settings_old", "draft-vvv-tls-alps", "superseded"},
    {17613, "application_settings", "draft-vvv-tls-alps", "draft"},
    {30031, "channel_id_old", "draft-balfanz-tls-channelid", "superseded"},
    {30032, "channel_id", "draft-balfanz-tls-channelid", "superseded"},
    {51764, "trust_anchors", "draft-ietf-tls-trust-anchor-ids", "draft"},
    {64768, "ech_outer_extensions", "RFC 9849 5.1", ""},
    {65037, "encrypted_client_hello", "RFC 9849 5", "recommended"},
    {65281, "renegotiation_info", "RFC 5746 3.2", "recommended"},
    {65445, "quic_transport_parameters (draft)", "draft-ietf-quic-tls", "superseded"},
    {65486, "encrypted_server_name", "draft-ietf-tls-esni-06", "superseded"},
};
NAMES(extension, "extension", 0, true);

static const struct name_row group_rows[] = {
    {1, "sect163k1", "RFC 4492 5.1.1", "discouraged"},
    {2, "sect163r1", "RFC 4492 5.1.1", "discouraged"},
    {3, "sect163r2", "RFC 4492 5.1.1", "discouraged"},
    {4, "sect193r1", "RFC 4492 5.1.1", "discouraged"},
    {5, "sect193r2", "RFC 4492 5.1.1", "discouraged"},
    {6, "sect233k1", "RFC 4492 5.1.1", "discouraged"},
    {7, "sect233r1", "RFC 4492 5.1.1", "discouraged"},
    {8, "sect239k1", "RFC 4492 5.1.1", "discouraged"},
    {9, "sect283k1", "RFC 4492 5.1.1", "discouraged"},
    {10, "sect283r1", "RFC 4492 5.1.1", "discouraged"},
    {11, "sect409k1", "RFC 4492 5.1.1", "discouraged"},
    {12, "sect409r1", "RFC 4492 5.1.1", "discouraged"},
    {13, "sect571k1", "RFC 4492 5.1.1", "discouraged"},
    {14, "sect571r1", "RFC 4492 5.1.1", "discouraged"},
    {15, "secp160k1", "RFC 4492 5.1.1", "discouraged"},
    {16, "secp160r1", "RFC 4492 5.1.1", "discouraged"},
    {17, "secp160r2", "RFC 4492 5.1.1", "discouraged"},
    {18, "secp192k1", "RFC 4492 5.1.1", "discouraged"},
    {19, "secp192r1", "RFC 4492 5.1.1", "discouraged"},
    {20, "secp224k1", "RFC 4492 5.1.1", "discouraged"},
    {21, "secp224r1", "RFC 4492 5.1.1", "discouraged"},
    {22, "secp256k1", "RFC 4492 5.1.1", "discouraged"},
    {23, "secp256r1", "RFC 8422 5.1.1", "recommended"},
    {24, "secp384r1", "RFC 8422 5.1.1", "recommended"},
    {25, "secp521r1", "RFC 8422 5.1.1", ""},
    {26, "brainpoolP256r1", "RFC 7027 2", ""},
    {27, "brainpoolP384r1", "RFC 7027 2", ""},
    {28, "brainpoolP512r1", "RFC 7027 2", ""},
    {29, "x25519", "RFC 8422 5.1.1", "recommended"},
    {30, "x448", "RFC 8422 5.1.1", "recommended"},
    {31, "brainpoolP256r1tls13", "RFC 8734 4", ""},
    {32, "brainpoolP384r1tls13", "RFC 8734 4", ""},
    {33, "brainpoolP512r1tls13", "RFC 8734 4", ""},
    {34, "GC256A", "RFC 9189 5.1.3", ""},
    {35, "GC256B", "RFC 9189 5.1.3", ""},
    {36, "GC256C", "RFC 9189 5.1.3", ""},
    {37, "GC256D", "RFC 9189 5.1.3", ""},
    {38, "GC512A", "RFC 9189 5.1.3", ""},
    {39, "GC512B", "RFC 9189 5.1.3", ""},
    {40, "GC512C", "RFC 9189 5.1.3", ""},
    {41, "curveSM2", "RFC 8998 2", ""},
    {256, "ffdhe2048", "RFC 7919 2", ""},
    {257, "ffdhe3072", "RFC 7919 2", ""},
    {258, "ffdhe4096", "RFC 7919 2", ""},
    {259, "ffdhe6144", "RFC 7919 2", ""},
    {260, "ffdhe8192", "RFC 7919 2", ""},
    {512, "MLKEM512", "draft-ietf-tls-mlkem", ""},
    {513, "MLKEM768", "draft-ietf-tls-mlkem", ""},
    {514, "MLKEM1024", "draft-ietf-tls-mlkem", ""},
    {4587, "SecP256r1MLKEM768", "draft-ietf-tls-ecdhe-mlkem", ""},
    {4588, "X25519MLKEM768", "draft-ietf-tls-ecdhe-mlkem", "recommended"},
    {4589, "SecP384r1MLKEM1024", "draft-ietf-tls-ecdhe-mlkem", ""},
    {4590, "curveSM2MLKEM768", "draft-yang-tls-hybrid-sm2-mlkem", ""},
    {16696, "CECPQ2", "", "superseded"},
    {25497, "X25519Kyber768Draft00", "draft-tls-westerbaan-xyber768d00", "superseded"},
    {25498, "SecP256r1Kyber768Draft00", "draft-kwiatkowski-tls-ecdhe-kyber", "superseded"},
    {65281, "arbitrary_explicit_prime_curves", "RFC 8422 5.1.1", "discouraged"},
    {65282, "arbitrary_explicit_char2_curves", "RFC 8422 5.1.1", "discouraged"},
};
NAMES(group, "named group", 4, true);

/* In TLS 1.2 the number is a pair, hash and signature (RFC 5246 7.4.1.4.1); the pairs that RFC 9846 left out are here under
   names of the same form. */
static const struct name_row scheme_rows[] = {
    {0x0101, "rsa_pkcs1_md5", "RFC 5246 7.4.1.4.1", "insecure"},
    {0x0102, "dsa_md5", "RFC 5246 7.4.1.4.1", "insecure"},
    {0x0103, "ecdsa_md5", "RFC 5246 7.4.1.4.1", "insecure"},
    {0x0201, "rsa_pkcs1_sha1", "RFC 9846 4.2.3", "insecure"},
    {0x0202, "dsa_sha1", "RFC 5246 7.4.1.4.1", "insecure"},
    {0x0203, "ecdsa_sha1", "RFC 9846 4.2.3", "insecure"},
    {0x0301, "rsa_pkcs1_sha224", "RFC 5246 7.4.1.4.1", "discouraged"},
    {0x0302, "dsa_sha224", "RFC 5246 7.4.1.4.1", "discouraged"},
    {0x0303, "ecdsa_sha224", "RFC 5246 7.4.1.4.1", "discouraged"},
    {0x0401, "rsa_pkcs1_sha256", "RFC 9846 4.2.3", "recommended"},
    {0x0402, "dsa_sha256", "RFC 5246 7.4.1.4.1", "discouraged"},
    {0x0403, "ecdsa_secp256r1_sha256", "RFC 9846 4.2.3", "recommended"},
    {0x0420, "rsa_pkcs1_sha256_legacy", "RFC 9963 2", ""},
    {0x0501, "rsa_pkcs1_sha384", "RFC 9846 4.2.3", "recommended"},
    {0x0502, "dsa_sha384", "RFC 5246 7.4.1.4.1", "discouraged"},
    {0x0503, "ecdsa_secp384r1_sha384", "RFC 9846 4.2.3", "recommended"},
    {0x0520, "rsa_pkcs1_sha384_legacy", "RFC 9963 2", ""},
    {0x0601, "rsa_pkcs1_sha512", "RFC 9846 4.2.3", "recommended"},
    {0x0602, "dsa_sha512", "RFC 5246 7.4.1.4.1", "discouraged"},
    {0x0603, "ecdsa_secp521r1_sha512", "RFC 9846 4.2.3", "recommended"},
    {0x0620, "rsa_pkcs1_sha512_legacy", "RFC 9963 2", ""},
    {0x0704, "eccsi_sha256", "draft-wang-tls-raw-public-key-with-ibc", ""},
    {0x0705, "iso_ibs1", "draft-wang-tls-raw-public-key-with-ibc", ""},
    {0x0706, "iso_ibs2", "draft-wang-tls-raw-public-key-with-ibc", ""},
    {0x0707, "iso_chinese_ibs", "draft-wang-tls-raw-public-key-with-ibc", ""},
    {0x0708, "sm2sig_sm3", "RFC 8998 2", ""},
    {0x0709, "gostr34102012_256a", "RFC 9367 5", ""},
    {0x070a, "gostr34102012_256b", "RFC 9367 5", ""},
    {0x070b, "gostr34102012_256c", "RFC 9367 5", ""},
    {0x070c, "gostr34102012_256d", "RFC 9367 5", ""},
    {0x070d, "gostr34102012_512a", "RFC 9367 5", ""},
    {0x070e, "gostr34102012_512b", "RFC 9367 5", ""},
    {0x070f, "gostr34102012_512c", "RFC 9367 5", ""},
    {0x0804, "rsa_pss_rsae_sha256", "RFC 9846 4.2.3", "recommended"},
    {0x0805, "rsa_pss_rsae_sha384", "RFC 9846 4.2.3", "recommended"},
    {0x0806, "rsa_pss_rsae_sha512", "RFC 9846 4.2.3", "recommended"},
    {0x0807, "ed25519", "RFC 9846 4.2.3", "recommended"},
    {0x0808, "ed448", "RFC 9846 4.2.3", "recommended"},
    {0x0809, "rsa_pss_pss_sha256", "RFC 9846 4.2.3", "recommended"},
    {0x080a, "rsa_pss_pss_sha384", "RFC 9846 4.2.3", "recommended"},
    {0x080b, "rsa_pss_pss_sha512", "RFC 9846 4.2.3", "recommended"},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256", "RFC 8734 4", ""},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384", "RFC 8734 4", ""},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512", "RFC 8734 4", ""},
    {0x0904, "mldsa44", "draft-ietf-tls-mldsa", ""},
    {0x0905, "mldsa65", "draft-ietf-tls-mldsa", ""},
    {0x0906, "mldsa87", "draft-ietf-tls-mldsa", ""},
    {0x0911, "slhdsa_sha2_128s", "draft-reddy-tls-slhdsa", ""},
    {0x0912, "slhdsa_sha2_128f", "draft-reddy-tls-slhdsa", ""},
    {0x0913, "slhdsa_sha2_192s", "draft-reddy-tls-slhdsa", ""},
    {0x0914, "slhdsa_sha2_192f", "draft-reddy-tls-slhdsa", ""},
    {0x0915, "slhdsa_sha2_256s", "draft-reddy-tls-slhdsa", ""},
    {0x0916, "slhdsa_sha2_256f", "draft-reddy-tls-slhdsa", ""},
    {0x0917, "slhdsa_shake_128s", "draft-reddy-tls-slhdsa", ""},
    {0x0918, "slhdsa_shake_128f", "draft-reddy-tls-slhdsa", ""},
    {0x0919, "slhdsa_shake_192s", "draft-reddy-tls-slhdsa", ""},
    {0x091a, "slhdsa_shake_192f", "draft-reddy-tls-slhdsa", ""},
    {0x091b, "slhdsa_shake_256s", "draft-reddy-tls-slhdsa", ""},
    {0x091c, "slhdsa_shake_256f", "draft-reddy-tls-slhdsa", ""},
    {0xeded, "gostr34102001_gostr3411 (experimental)", "draft-chudov-cryptopro-cptls", "superseded"},
    {0xeeee, "gostr34102012_256 (experimental)", "RFC 9189", "superseded"},
    {0xefef, "gostr34102012_512 (experimental)", "RFC 9189", "superseded"},
};
NAMES(scheme, "signature scheme", 4, true);

static const struct name_row hash_rows[] = {
    {0, "none", "RFC 5246 7.4.1.4.1", ""},
    {1, "md5", "RFC 5246 7.4.1.4.1", "insecure"},
    {2, "sha1", "RFC 5246 7.4.1.4.1", "insecure"},
    {3, "sha224", "RFC 5246 7.4.1.4.1", "discouraged"},
    {4, "sha256", "RFC 5246 7.4.1.4.1", "recommended"},
    {5, "sha384", "RFC 5246 7.4.1.4.1", "recommended"},
    {6, "sha512", "RFC 5246 7.4.1.4.1", "recommended"},
    {8, "Intrinsic", "RFC 8422 5.1.3", "recommended"},
};
NAMES(hash, "hash algorithm", 0, false);

static const struct name_row signature_rows[] = {
    {0, "anonymous", "RFC 5246 7.4.1.4.1", ""},
    {1, "rsa", "RFC 5246 7.4.1.4.1", "recommended"},
    {2, "dsa", "RFC 5246 7.4.1.4.1", "discouraged"},
    {3, "ecdsa", "RFC 5246 7.4.1.4.1", "recommended"},
    {7, "ed25519", "RFC 8422 5.1.3", "recommended"},
    {8, "ed448", "RFC 8422 5.1.3", "recommended"},
    {64, "gostr34102012_256", "RFC 9189 5.1", ""},
    {65, "gostr34102012_512", "RFC 9189 5.1", ""},
};
NAMES(signature, "signature algorithm", 0, false);

static const struct name_row point_format_rows[] = {
    {0, "uncompressed", "RFC 8422 5.1.2", "recommended"},
    {1, "ansiX962_compressed_prime", "RFC 8422 5.1.2", "discouraged"},
    {2, "ansiX962_compressed_char2", "RFC 8422 5.1.2", "discouraged"},
};
NAMES(point_format, "point format", 0, false);

static const struct name_row curve_type_rows[] = {
    {1, "explicit_prime", "RFC 4492 5.4", "discouraged"},
    {2, "explicit_char2", "RFC 4492 5.4", "discouraged"},
    {3, "named_curve", "RFC 8422 5.4", "recommended"},
};
NAMES(curve_type, "curve type", 0, false);

static const struct name_row name_type_rows[] = {
    {0, "host_name", "RFC 6066 3", ""},
};
NAMES(name_type, "name type", 0, false);

static const struct name_row status_type_rows[] = {
    {1, "ocsp", "RFC 6066 8", ""},
    {2, "ocsp_multi", "RFC 6961 2.2", "reserved"},
};
NAMES(status_type, "certificate status type", 0, false);

static const struct name_row certificate_type_rows[] = {
    {1, "rsa_sign", "RFC 5246 7.4.4", "recommended"},
    {2, "dss_sign", "RFC 5246 7.4.4", "discouraged"},
    {3, "rsa_fixed_dh", "RFC 5246 7.4.4", "discouraged"},
    {4, "dss_fixed_dh", "RFC 5246 7.4.4", "discouraged"},
    {5, "rsa_ephemeral_dh", "RFC 6101 5.6.4", "reserved"},
    {6, "dss_ephemeral_dh", "RFC 6101 5.6.4", "reserved"},
    {20, "fortezza_dms", "RFC 6101 5.6.4", "reserved"},
    {21, "gost_sign94", "draft-chudov-cryptopro-cptls", "superseded"},
    {22, "gost_sign01", "draft-chudov-cryptopro-cptls", "superseded"},
    {64, "ecdsa_sign", "RFC 8422 5.5", "recommended"},
    {65, "rsa_fixed_ecdh", "RFC 4492 5.5", "discouraged"},
    {66, "ecdsa_fixed_ecdh", "RFC 4492 5.5", "discouraged"},
    {67, "gost_sign256", "RFC 9189 4.3.1", ""},
    {68, "gost_sign512", "RFC 9189 4.3.1", ""},
};
NAMES(certificate_type, "client certificate type", 0, false);

/* GREASE has values of its own among the modes (RFC 8701 2). */
static const struct name_row psk_mode_rows[] = {
    {0x00, "psk_ke", "RFC 9846 4.2.9", "discouraged"},
    {0x01, "psk_dhe_ke", "RFC 9846 4.2.9", "recommended"},
    {0x0b, "GREASE", "RFC 8701 2", "reserved"},
    {0x2a, "GREASE", "RFC 8701 2", "reserved"},
    {0x49, "GREASE", "RFC 8701 2", "reserved"},
    {0x68, "GREASE", "RFC 8701 2", "reserved"},
    {0x87, "GREASE", "RFC 8701 2", "reserved"},
    {0xa6, "GREASE", "RFC 8701 2", "reserved"},
    {0xc5, "GREASE", "RFC 8701 2", "reserved"},
    {0xe4, "GREASE", "RFC 8701 2", "reserved"},
};
NAMES(psk_mode, "key exchange mode", 0, false);

static const struct name_row certificate_kind_rows[] = {
    {0, "X509", "RFC 6091 3.1", ""},
    {1, "OpenPGP", "RFC 6091 3.1", "removed"},
    {2, "RawPublicKey", "RFC 7250 7", ""},
    {3, "1609Dot2", "RFC 8902 3", ""},
};
NAMES(certificate_kind, "certificate type", 0, false);

static const struct name_row key_update_rows[] = {
    {0, "update_not_requested", "RFC 9846 4.6.3", ""},
    {1, "update_requested", "RFC 9846 4.6.3", ""},
};
NAMES(key_update, "key update request", 0, false);

static const struct name_row certificate_compression_rows[] = {
    {1, "zlib", "RFC 8879 7.3", ""},
    {2, "brotli", "RFC 8879 7.3", ""},
    {3, "zstd", "RFC 8879 7.3", ""},
};
NAMES(certificate_compression, "certificate compression", 0, true);

static const struct name_row hpke_kem_rows[] = {
    {0x0010, "DHKEM(P-256, HKDF-SHA256)", "RFC 9180 7.1", ""},
    {0x0011, "DHKEM(P-384, HKDF-SHA384)", "RFC 9180 7.1", ""},
    {0x0012, "DHKEM(P-521, HKDF-SHA512)", "RFC 9180 7.1", ""},
    {0x0013, "DHKEM(CP-256, HKDF-SHA256)", "RFC 9180 7.1", ""},
    {0x0014, "DHKEM(CP-384, HKDF-SHA384)", "RFC 9180 7.1", ""},
    {0x0015, "DHKEM(CP-521, HKDF-SHA512)", "RFC 9180 7.1", ""},
    {0x0016, "DHKEM(secp256k1, HKDF-SHA256)", "draft-wahby-cfrg-hpke-kem-secp256k1", ""},
    {0x0020, "DHKEM(X25519, HKDF-SHA256)", "RFC 9180 7.1", ""},
    {0x0021, "DHKEM(X448, HKDF-SHA512)", "RFC 9180 7.1", ""},
    {0x0030, "X25519Kyber768Draft00", "draft-westerbaan-cfrg-hpke-xyber768d00", "superseded"},
    {0x0040, "ML-KEM-512", "draft-ietf-hpke-pq", ""},
    {0x0041, "ML-KEM-768", "draft-ietf-hpke-pq", ""},
    {0x0042, "ML-KEM-1024", "draft-ietf-hpke-pq", ""},
    {0x0050, "MLKEM768-P256", "draft-ietf-hpke-pq", ""},
    {0x0051, "MLKEM1024-P384", "draft-ietf-hpke-pq", ""},
    {0x647a, "MLKEM768-X25519", "draft-ietf-hpke-pq", ""},
};
NAMES(hpke_kem, "HPKE KEM", 4, false);

static const struct name_row hpke_kdf_rows[] = {
    {1, "HKDF-SHA256", "RFC 9180 7.2", ""},
    {2, "HKDF-SHA384", "RFC 9180 7.2", ""},
    {3, "HKDF-SHA512", "RFC 9180 7.2", ""},
    {16, "SHAKE128", "draft-ietf-hpke-pq", ""},
    {17, "SHAKE256", "draft-ietf-hpke-pq", ""},
    {18, "TurboSHAKE128", "draft-ietf-hpke-pq", ""},
    {19, "TurboSHAKE256", "draft-ietf-hpke-pq", ""},
};
NAMES(hpke_kdf, "HPKE KDF", 4, false);

static const struct name_row hpke_aead_rows[] = {
    {1, "AES-128-GCM", "RFC 9180 7.3", ""},
    {2, "AES-256-GCM", "RFC 9180 7.3", ""},
    {3, "ChaCha20Poly1305", "RFC 9180 7.3", ""},
    {0xffff, "Export-only", "RFC 9180 7.3", ""},
};
NAMES(hpke_aead, "HPKE AEAD", 4, false);
