/* fede/error.h: what went wrong, where, what was seen and wanted.

   One struct lives in each object that can fail (a config, a connection, a stream). The first failure sticks. There is
   no error queue and nothing thread-local. Every reason is one row of fede/reasons.def: its alert, its sentence, its
   advice and its RFC section stand there and nowhere else. */
#ifndef FEDE_ERROR_H
#define FEDE_ERROR_H

#include "fede/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Alert descriptions (RFC 5246 7.2, RFC 9846 6, IANA TLS Alerts). */
enum {
    FEDE_ALERT_CLOSE_NOTIFY = 0,
    FEDE_ALERT_UNEXPECTED_MESSAGE = 10,
    FEDE_ALERT_BAD_RECORD_MAC = 20,
    FEDE_ALERT_RECORD_OVERFLOW = 22,
    FEDE_ALERT_HANDSHAKE_FAILURE = 40,
    FEDE_ALERT_BAD_CERTIFICATE = 42,
    FEDE_ALERT_UNSUPPORTED_CERTIFICATE = 43,
    FEDE_ALERT_CERTIFICATE_REVOKED = 44,
    FEDE_ALERT_CERTIFICATE_EXPIRED = 45,
    FEDE_ALERT_CERTIFICATE_UNKNOWN = 46,
    FEDE_ALERT_ILLEGAL_PARAMETER = 47,
    FEDE_ALERT_UNKNOWN_CA = 48,
    FEDE_ALERT_ACCESS_DENIED = 49,
    FEDE_ALERT_DECODE_ERROR = 50,
    FEDE_ALERT_DECRYPT_ERROR = 51,
    FEDE_ALERT_PROTOCOL_VERSION = 70,
    FEDE_ALERT_INSUFFICIENT_SECURITY = 71,
    FEDE_ALERT_INTERNAL_ERROR = 80,
    FEDE_ALERT_INAPPROPRIATE_FALLBACK = 86,
    FEDE_ALERT_USER_CANCELED = 90,
    FEDE_ALERT_NO_RENEGOTIATION = 100,
    FEDE_ALERT_MISSING_EXTENSION = 109,
    FEDE_ALERT_UNSUPPORTED_EXTENSION = 110,
    FEDE_ALERT_UNRECOGNIZED_NAME = 112,
    FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE = 113,
    FEDE_ALERT_CERTIFICATE_REQUIRED = 116,
    FEDE_ALERT_NO_APPLICATION_PROTOCOL = 120,
    FEDE_ALERT_NONE = 255 /* this reason sends no alert */
};

/* Values of fede_error.certificate beside a position in the peer's list. */
enum {
    FEDE_CERTIFICATE_CLIENT = 0xfffd, /* the client's own, position 0 of its list */
    FEDE_CERTIFICATE_ANCHOR = 0xfffe, /* the trust anchor of the path */
    FEDE_CERTIFICATE_NONE = 0xffff
};

/* Who refused. */
enum {
    FEDE_ORIGIN_US = 1,    /* we refused what the peer sent */
    FEDE_ORIGIN_PEER,      /* the peer refused, with an alert */
    FEDE_ORIGIN_TRANSPORT, /* the bytes stopped: end of stream, reset, time limit */
    FEDE_ORIGIN_CALLER,    /* the application's own call or setting */
    FEDE_ORIGIN_INTERNAL   /* memory, libcrypto, or a contradiction inside fede */
};

typedef enum fede_reason {
    FEDE_OK = 0,
#define FEDE_REASON(name, alert, sentence, advice, section) FEDE_##name,
#include "fede/reasons.def"
#undef FEDE_REASON
    FEDE_REASON_COUNT
} fede_reason;

typedef struct fede_error {
    uint16_t reason;      /* enum fede_reason; 0: nothing is wrong */
    uint8_t alert;        /* sent or received; FEDE_ALERT_NONE: none */
    uint8_t origin;       /* FEDE_ORIGIN_… */
    uint16_t message;     /* handshake message type being handled, 0xffff: none */
    uint16_t certificate; /* position in the peer's list, 0 is the leaf; 0xffff: no certificate */
    uint32_t offset;      /* byte in the message or file, UINT32_MAX: does not apply */
    const char *where;    /* static text: "ServerHello.cipher_suite", "notAfter"; may be NULL */
    const char *detail;   /* what was seen, as text (names, a system error); NULL or owned by the object */
    int64_t got, wanted;  /* the two values that make the sentence exact; meaning depends on reason */
} fede_error;

/* fede_error_text writes the sentence of an error, with its values, place, alert and RFC section, into out as text with
   a final NUL, cut at size. Returns the length in bytes that the whole text has, without the NUL, as snprintf does.
   Never contains control characters, whatever the peer sent. error may be NULL: "Nothing is wrong." */
FEDE_API size_t fede_error_text(const fede_error *error, char *out, size_t size);

/* fede_error_advice writes what to do about it, one or two sentences; same conventions; may be empty. */
FEDE_API size_t fede_error_advice(const fede_error *error, char *out, size_t size);

/* fede_reason_name is the stable lower-case name of a reason ("cert_expired"); never NULL. */
FEDE_API const char *fede_reason_name(unsigned reason);

/* fede_reason_section is the standard's section behind a reason ("RFC 5280 4.1.2.5"); "" where there is none. */
FEDE_API const char *fede_reason_section(unsigned reason);

/* fede_alert_name is the registry's name of an alert ("certificate_expired"); "unknown" for others. */
FEDE_API const char *fede_alert_name(unsigned alert);

#ifdef __cplusplus
}
#endif
#endif
