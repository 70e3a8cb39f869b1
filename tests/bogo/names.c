/* bogo/names.c: fede's reasons by the names that the runner compares. fede tells more failures apart than those names do
   in some places, fewer in others; where one reason stands for several names, the message or the field decides. One
   failure has one name: the first row that fits. */
#include "shim.h"

/* Handshake types; NONE: no message was being heard, as when ChangeCipherSpec was waited for. */
enum { ANY = 0xfffe, NONE = 0xffff, HELLO_REQUEST = 0, CLIENT_HELLO = 1, SERVER_HELLO = 2, SERVER_HELLO_DONE = 14 };

struct name {
    uint16_t reason;
    uint16_t message; /* ANY: whichever */
    const char *text; /* NULL: any; else the field, or how the detail begins */
    const char *name;
};

// clang-format off
static const struct name names[] = {
    {FEDE_CONFIG_BAD_VALUE,        ANY, "a protocol name must have", "INVALID_ALPN_PROTOCOL"},

    {FEDE_PLAIN_HTTP,              ANY, "an HTTP request to a proxy", "HTTPS_PROXY_REQUEST"},
    {FEDE_PLAIN_HTTP,              ANY, NULL, "HTTP_REQUEST"},
    {FEDE_NOT_TLS,                 ANY, NULL, "WRONG_VERSION_NUMBER"},
    {FEDE_RECORD_TYPE,             ANY, NULL, "UNEXPECTED_RECORD"},
    {FEDE_RECORD_VERSION,          ANY, NULL, "WRONG_VERSION_NUMBER"},
    {FEDE_RECORD_OVERFLOW,         ANY, NULL, "ENCRYPTED_LENGTH_TOO_LONG"},
    {FEDE_RECORD_EMPTY,            ANY, NULL, "UNEXPECTED_RECORD"},
    {FEDE_RECORD_TOO_MANY_EMPTY,   ANY, NULL, "TOO_MANY_EMPTY_FRAGMENTS"},
    {FEDE_RECORD_TOO_SHORT,        ANY, NULL, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"},
    {FEDE_RECORD_MAC,              ANY, NULL, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"},
    {FEDE_RECORD_UNEXPECTED,       ANY, NULL, "UNEXPECTED_RECORD"},
    {FEDE_RECORD_AFTER_HANDSHAKE,  ANY, NULL, "UNEXPECTED_RECORD"},

    {FEDE_DECODE,                  ANY, "application_layer_protocol_negotiation", "PARSE_TLSEXT"},
    {FEDE_DECODE,                  ANY, "certificate_authorities", "ERROR_PARSING_EXTENSION"},
    {FEDE_DECODE,                  ANY, "status_request", "ERROR_PARSING_EXTENSION"},
    {FEDE_DECODE,                  ANY, "server_name", "ERROR_PARSING_EXTENSION"},
    {FEDE_DECODE,                  CLIENT_HELLO, NULL, "CLIENTHELLO_PARSE_FAILED"},
    {FEDE_DECODE,                  ANY, NULL, "DECODE_ERROR"},
    {FEDE_DECODE_TRAILING,         CLIENT_HELLO, NULL, "CLIENTHELLO_PARSE_FAILED"},
    {FEDE_DECODE_TRAILING,         ANY, NULL, "DECODE_ERROR"},
    {FEDE_MESSAGE_TOO_LONG,        HELLO_REQUEST, NULL, "BAD_HELLO_REQUEST"},
    {FEDE_MESSAGE_TOO_LONG,        SERVER_HELLO_DONE, NULL, "DECODE_ERROR"},
    {FEDE_MESSAGE_TOO_LONG,        ANY, NULL, "EXCESSIVE_MESSAGE_SIZE"},
    {FEDE_MESSAGE_UNEXPECTED,      NONE, NULL, "UNEXPECTED_RECORD"}, /* Finished where ChangeCipherSpec was due */
    {FEDE_MESSAGE_UNEXPECTED,      ANY, NULL, "UNEXPECTED_MESSAGE"},
    {FEDE_MESSAGE_AFTER_HANDSHAKE, ANY, NULL, "BAD_HELLO_REQUEST"},
    {FEDE_CCS_UNEXPECTED,          ANY, NULL, "UNEXPECTED_RECORD"},
    {FEDE_CCS_BAD,                 ANY, NULL, "BAD_CHANGE_CIPHER_SPEC"},
    {FEDE_MESSAGE_EARLY,           ANY, NULL, "EXCESS_HANDSHAKE_DATA"},
    {FEDE_KEYS_MID_MESSAGE,        ANY, NULL, "UNEXPECTED_RECORD"},
    {FEDE_RENEGOTIATION_REFUSED,   ANY, NULL, "NO_RENEGOTIATION"},
    {FEDE_RENEGOTIATION_FORBIDDEN, ANY, NULL, "NO_RENEGOTIATION"},
    {FEDE_RENEGOTIATION_BINDING,   ANY, NULL, "RENEGOTIATION_MISMATCH"},
    {FEDE_RENEGOTIATION_EMS,       ANY, NULL, "RENEGOTIATION_EMS_MISMATCH"},
    {FEDE_RENEGOTIATION_CERTIFICATE, ANY, NULL, "SERVER_CERT_CHANGED"},

    {FEDE_ALERT_BAD,               ANY, NULL, "BAD_ALERT"},
    {FEDE_ALERT_LEVEL,             ANY, NULL, "UNKNOWN_ALERT_TYPE"},
    {FEDE_ALERT_TOO_MANY,          ANY, NULL, "TOO_MANY_WARNING_ALERTS"},

    {FEDE_VERSION_TOO_OLD,         ANY, NULL, "UNSUPPORTED_PROTOCOL"},
    {FEDE_VERSION_UNSUPPORTED,     ANY, NULL, "UNSUPPORTED_PROTOCOL"},
    {FEDE_VERSION_NO_COMMON,       ANY, NULL, "UNSUPPORTED_PROTOCOL"},
    {FEDE_FALLBACK,                ANY, NULL, "INAPPROPRIATE_FALLBACK"},
    {FEDE_DOWNGRADE_SENTINEL,      ANY, NULL, "TLS13_DOWNGRADE"},
    {FEDE_NO_COMMON_SUITE,         ANY, NULL, "NO_SHARED_CIPHER"},
    {FEDE_NO_COMMON_GROUP,         ANY, "supported_groups", "WRONG_CURVE"}, /* the curve of the certificate */
    {FEDE_NO_COMMON_GROUP,         ANY, NULL, "NO_SHARED_CIPHER"},
    {FEDE_NO_COMMON_SCHEME,        ANY, NULL, "NO_SHARED_CIPHER"},
    {FEDE_SUITE_NOT_OFFERED,       ANY, NULL, "WRONG_CIPHER_RETURNED"},
    {FEDE_SUITE_WRONG_VERSION,     ANY, NULL, "WRONG_CIPHER_RETURNED"},
    {FEDE_COMPRESSION,             ANY, NULL, "UNSUPPORTED_COMPRESSION_ALGORITHM"},
    {FEDE_NO_NULL_COMPRESSION,     ANY, NULL, "INVALID_COMPRESSION_LIST"},
    {FEDE_GROUP_NOT_OFFERED,       ANY, NULL, "WRONG_CURVE"},
    {FEDE_SHARE_INVALID,           ANY, NULL, "BAD_ECPOINT"},
    {FEDE_SCHEME_NOT_OFFERED,      ANY, NULL, "WRONG_SIGNATURE_TYPE"},
    {FEDE_SCHEME_WRONG_KEY,        ANY, "an RSA key for PSS alone", "UNSUPPORTED_ALGORITHM"},
    {FEDE_SCHEME_WRONG_KEY,        ANY, NULL, "WRONG_SIGNATURE_TYPE"},
    {FEDE_SUITE_WRONG_KEY,         ANY, "an RSA key for PSS alone", "UNSUPPORTED_ALGORITHM"},
    {FEDE_SUITE_WRONG_KEY,         ANY, NULL, "WRONG_CERTIFICATE_TYPE"},
    {FEDE_SIGNATURE_BAD,           ANY, NULL, "BAD_SIGNATURE"},
    {FEDE_FINISHED_BAD,            ANY, NULL, "DIGEST_CHECK_FAILED"},
    {FEDE_ALPN_NO_COMMON,          ANY, NULL, "NO_APPLICATION_PROTOCOL"},
    {FEDE_ALPN_NOT_OFFERED,        ANY, NULL, "INVALID_ALPN_PROTOCOL"},
    {FEDE_RENEGOTIATION_INFO,      ANY, NULL, "RENEGOTIATION_MISMATCH"},
    {FEDE_NO_SECURE_RENEGOTIATION, ANY, NULL, "UNSAFE_LEGACY_RENEGOTIATION_DISABLED"},
    {FEDE_POINT_FORMAT,            ANY, NULL, "ERROR_PARSING_EXTENSION"},
    {FEDE_RESUMED_EMS,             ANY, NULL, "RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION"},
    {FEDE_RESUMED_SUITE,           ANY, NULL, "OLD_SESSION_CIPHER_NOT_RETURNED"},
    {FEDE_EXTENSION_TWICE,         ANY, NULL, "DUPLICATE_EXTENSION"},
    {FEDE_EXTENSION_UNSOLICITED,   ANY, NULL, "UNEXPECTED_EXTENSION"},
    {FEDE_EXTENSION_MISPLACED,     ANY, NULL, "UNEXPECTED_EXTENSION"},

    {FEDE_CERT_NONE,               ANY, NULL, "DECODE_ERROR"},
    {FEDE_CLIENT_CERT_MISSING,     ANY, NULL, "PEER_DID_NOT_RETURN_A_CERTIFICATE"},
    {FEDE_CERT_UNREADABLE,         ANY, NULL, "CANNOT_PARSE_LEAF_CERT"},
    {FEDE_CERT_KEY_USAGE,          ANY, NULL, "KEY_USAGE_BIT_INCORRECT"},
    {FEDE_CERT_CURVE,              ANY, NULL, "BAD_ECC_CERT"},
    {FEDE_CERT_KEY_UNSUPPORTED,    ANY, NULL, "UNKNOWN_CERTIFICATE_TYPE"},
    {FEDE_CERT_REFUSED,            ANY, NULL, "CERTIFICATE_VERIFY_FAILED"},
};

/* Alerts of the peer, by number. */
static const struct { uint8_t alert; uint16_t message; const char *name; } alerts[] = {
    {40, SERVER_HELLO, "HANDSHAKE_FAILURE_ON_CLIENT_HELLO"},
    {22, ANY, "TLSV1_ALERT_RECORD_OVERFLOW"},
    {30, ANY, "SSLV3_ALERT_DECOMPRESSION_FAILURE"},
    {40, ANY, "SSLV3_ALERT_HANDSHAKE_FAILURE"},
    {47, ANY, "SSLV3_ALERT_ILLEGAL_PARAMETER"},
    {70, ANY, "TLSV1_ALERT_PROTOCOL_VERSION"},
};
// clang-format on

static bool fits(uint16_t message, const fede_error *error)
{
    return message == ANY || message == error->message;
}

static bool says(const char *text, const fede_error *error)
{
    if (text == NULL || (error->where != NULL && strcmp(text, error->where) == 0))
        return true;
    return error->detail != NULL && strncmp(text, error->detail, strlen(text)) == 0;
}

static const char *name_of(const fede_error *error)
{
    enum { PLAIN_MOST = 16384 };
    if (error->reason == FEDE_RECORD_OVERFLOW && error->wanted == PLAIN_MOST)
        return "DATA_LENGTH_TOO_LONG";
    if (error->reason == FEDE_RECORD_TYPE && error->got >= 0x80) /* a header of SSL 2.0 behind other records */
        return "WRONG_VERSION_NUMBER";
    for (size_t i = 0; error->reason == FEDE_PEER_ALERT && i < sizeof alerts / sizeof *alerts; i++)
        if (alerts[i].alert == error->alert && fits(alerts[i].message, error))
            return alerts[i].name;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct name *n = &names[i];
        if (n->reason == error->reason && fits(n->message, error) && says(n->text, error))
            return n->name;
    }
    return NULL;
}

void names_print(const fede_error *error)
{
    char text[1024];
    const char *name = name_of(error);
    fede_error_text(error, text, sizeof text);
    fprintf(stderr, "%s (%s, %s)\n", text, fede_reason_name(error->reason), error->where != NULL ? error->where : "-");
    if (name != NULL)
        fprintf(stderr, ":%s:\n", name);
}
