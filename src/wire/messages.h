/* One struct per message. Slices borrow from the input when read; when written they borrow from whoever fills them in.
   Each struct has one routine wire_NAME(w, m) that reads, writes and narrates the body (the 4-byte header is wire_header). */
#ifndef WIRE_MESSAGES_H
#define WIRE_MESSAGES_H

#include "wire/wire.h"

enum content { CONTENT_CCS = 20, CONTENT_ALERT = 21, CONTENT_HANDSHAKE = 22, CONTENT_DATA = 23, CONTENT_HEARTBEAT = 24 };

/* Handshake message kinds. Below 256: the wire's number. Above: silent steps and forms the number does not tell apart. */
enum msg {
    MSG_HELLO_REQUEST = 0, MSG_CLIENT_HELLO = 1, MSG_SERVER_HELLO = 2, MSG_NEW_SESSION_TICKET = 4, MSG_END_OF_EARLY_DATA = 5,
    MSG_ENCRYPTED_EXTENSIONS = 8, MSG_CERTIFICATE = 11, MSG_SERVER_KEY_EXCHANGE = 12, MSG_CERTIFICATE_REQUEST = 13,
    MSG_SERVER_HELLO_DONE = 14, MSG_CERTIFICATE_VERIFY = 15, MSG_CLIENT_KEY_EXCHANGE = 16, MSG_FINISHED = 20,
    MSG_CERTIFICATE_STATUS = 22, MSG_KEY_UPDATE = 24, MSG_COMPRESSED_CERTIFICATE = 25, MSG_NEXT_PROTOCOL = 67,
    MSG_CCS = 256,            /* ChangeCipherSpec: a record type of its own, but a row of the table */
    ACT_CHOOSE,               /* server: version, suite, group, credential, ALPN from the ClientHello */
    ACT_VERIFY_PEER,          /* judge the peer's chain */
    ACT_SHARE,                /* server: make the key share */
    ACT_SELECT,               /* client: which certificate to show */
    ACT_SIGN,                 /* what the next message will hold */
    ACT_MASTER_SECRET,        /* premaster -> master secret -> key block */
    ACT_FALSE_START,          /* client: data may be written from here on, RFC 7918 */
    ACT_OPEN,                 /* handshake complete */
    MSG_KINDS
};

/* Extension code points known to the codec. */
enum {
    EXT_SERVER_NAME = 0, EXT_MAX_FRAGMENT_LENGTH = 1, EXT_STATUS_REQUEST = 5, EXT_SUPPORTED_GROUPS = 10,
    EXT_EC_POINT_FORMATS = 11, EXT_SIGNATURE_ALGORITHMS = 13, EXT_ALPN = 16, EXT_SCT = 18, EXT_PADDING = 21,
    EXT_ENCRYPT_THEN_MAC = 22, EXT_EXTENDED_MASTER_SECRET = 23, EXT_COMPRESS_CERTIFICATE = 27, EXT_RECORD_SIZE_LIMIT = 28,
    EXT_DELEGATED_CREDENTIAL = 34, EXT_SESSION_TICKET = 35, EXT_PRE_SHARED_KEY = 41, EXT_EARLY_DATA = 42,
    EXT_SUPPORTED_VERSIONS = 43, EXT_COOKIE = 44, EXT_PSK_MODES = 45, EXT_CERTIFICATE_AUTHORITIES = 47,
    EXT_POST_HANDSHAKE_AUTH = 49, EXT_SIGNATURE_ALGORITHMS_CERT = 50, EXT_KEY_SHARE = 51, EXT_NPN = 13172,
    EXT_APPLICATION_SETTINGS_OLD = 17513, EXT_APPLICATION_SETTINGS = 17613, EXT_CHANNEL_ID = 30032,
    EXT_TRUST_ANCHORS = 51764, EXT_ECH = 65037, EXT_RENEGOTIATION_INFO = 65281
};

/* Bit of an extension in `present`: its row number in wire/extensions.c. */
enum ext_bit {
    HAS_SERVER_NAME, HAS_MAX_FRAGMENT_LENGTH, HAS_STATUS_REQUEST, HAS_GROUPS, HAS_POINT_FORMATS, HAS_SCHEMES, HAS_ALPN, HAS_SCT,
    HAS_PADDING, HAS_ENCRYPT_THEN_MAC, HAS_EXTENDED_MASTER_SECRET, HAS_COMPRESS_CERTIFICATE, HAS_RECORD_SIZE_LIMIT,
    HAS_DELEGATED_CREDENTIAL, HAS_SESSION_TICKET, HAS_PRE_SHARED_KEY, HAS_EARLY_DATA, HAS_SUPPORTED_VERSIONS, HAS_COOKIE,
    HAS_PSK_MODES, HAS_CERTIFICATE_AUTHORITIES, HAS_POST_HANDSHAKE_AUTH, HAS_SCHEMES_CERT, HAS_KEY_SHARE, HAS_NPN,
    HAS_APPLICATION_SETTINGS_OLD, HAS_APPLICATION_SETTINGS, HAS_CHANNEL_ID, HAS_TRUST_ANCHORS, HAS_ECH,
    HAS_RENEGOTIATION_INFO, EXT_KNOWN
};

/* Where an extension stands: decides its form and whether it may be there at all. */
enum ext_place { IN_CLIENT_HELLO = 1, IN_SERVER_HELLO = 2, IN_ENCRYPTED_EXTENSIONS = 4, IN_CERTIFICATE = 8,
                 IN_CERTIFICATE_REQUEST = 16, IN_NEW_SESSION_TICKET = 32, IN_HELLO_RETRY = 64 };

/* GREASE or anything else to be written as it is. */
struct extra_extension { uint16_t id; bytes body; };

struct extensions {
    bool block;                  /* the extensions block itself is there (it may be left out in TLS 1.2) */
    uint32_t present;            /* set of 1u << HAS_… ; when writing: what to write, in table order, pre_shared_key last */
    uint16_t unknown;            /* how many extensions the codec does not know (reading) */
    bytes all;                   /* the block's content as read: walk it with extensions_next. When writing and not empty:
                                    gives the order, and the extensions the codec does not know */
    struct extra_extension first, last; /* writing: before and behind the others; id 0 with empty body: none */
    bool has_first, has_last;

    bytes host_name;             /* server_name: the one host_name; empty in a ServerHello */
    bool other_names;            /* reading: server_name also had names that are no host_name; they are not kept */
    uint8_t max_fragment_length;
    uint8_t status_type; bytes ocsp_responders, ocsp_extensions; /* status_request in a ClientHello */
    struct u16s groups;
    bytes point_formats;
    struct u16s schemes, schemes_cert;
    bytes alpn;                  /* content of the ProtocolNameList: walk it with alpn_next */
    bytes sct;
    uint16_t padding;
    struct u16s compress_certificate;
    uint16_t record_size_limit;
    bytes session_ticket;
    struct u16s versions; uint16_t version; /* supported_versions: list in ClientHello, one in ServerHello */
    bytes key_shares;            /* content of the list (ClientHello), or one entry (ServerHello) */
    bytes psk_modes, pre_shared_key, cookie, ech, application_settings, application_settings_old, channel_id, npn,
        certificate_authorities, delegated_credential, trust_anchors;
    uint32_t max_early_data_size; /* early_data in a TLS 1.3 NewSessionTicket */
    bytes certificate_status;     /* status_request in a TLS 1.3 Certificate: the OCSPResponse */
    bytes renegotiated_connection;
};

static inline bool ext_has(const struct extensions *e, enum ext_bit bit) { return e->present >> bit & 1; }

/* Walks the content of an extensions block: false at the end (or at a broken length). */
bool extensions_next(bytes *rest, uint16_t *id, bytes *body);
/* Walks a ProtocolNameList. */
bool alpn_next(bytes *rest, bytes *name);

struct client_hello {
    uint16_t legacy_version;
    uint8_t random[32];
    bytes session_id;
    struct u16s suites;
    bytes compressions;
    struct extensions extensions;
};
struct server_hello {
    uint16_t legacy_version;
    uint8_t random[32];
    bytes session_id;
    uint16_t suite;
    uint8_t compression;
    struct extensions extensions;
};
struct certificate_message {
    bytes context;       /* TLS 1.3 only */
    bytes list;          /* content of certificate_list; in TLS 1.2 walk with certificates_next */
};
bool certificates_next(bytes *rest, bytes *der);

/* ServerKeyExchange. The layout depends on the key exchange: set kx before reading or writing. */
enum key_exchange { KX_ECDHE = 1, KX_DHE, KX_RSA, KX_PSK, KX_ECDHE_PSK, KX_UNKNOWN,
                    KX_DHE_PSK, KX_RSA_PSK, KX_DH_ANON, KX_ECDH_ANON };
struct server_key_exchange {
    uint8_t kx;
    bool unnamed;                                      /* before TLS 1.2: no algorithm stands before the signature */
    uint8_t curve_type; uint16_t group; bytes point;   /* ECDHE */
    bytes p, g, ys;                                    /* DHE */
    bytes psk_hint;
    bytes params;                                      /* reading: the signed stretch of the body; writing: ignored */
    bool is_signed;                                    /* reading: follows from kx; writing: ignored */
    uint16_t scheme; bytes signature;
};
struct client_key_exchange {
    uint8_t kx;
    bool unprefixed;     /* SSL 3.0: RSA, without a length (RFC 6101 5.6.7.1) */
    bytes point;         /* ECDHE: 8-bit length */
    bytes yc;            /* DHE: 16-bit length */
    bytes encrypted;     /* RSA: 16-bit length */
    bytes psk_identity;
};
struct certificate_request {
    bool unnamed;        /* before TLS 1.2: without the algorithms */
    bytes types; struct u16s schemes; bytes authorities; /* content of the list of DER names, each with 16-bit length */
};
struct certificate_verify { bool unnamed; uint16_t scheme; bytes signature; };
struct certificate_status { uint8_t type; bytes response; };
struct certificate_request_13 { bytes context; struct extensions extensions; };
struct compressed_certificate { uint16_t algorithm; uint32_t uncompressed_len; bytes compressed; };
struct new_session_ticket { uint32_t lifetime_hint; bytes ticket; };
/* Walks the list of a TLS 1.3 Certificate; extensions: content of the entry's block. */
bool certificates_13_next(bytes *rest, bytes *der, bytes *extensions);
struct new_session_ticket_13 { uint32_t lifetime, age_add; bytes nonce, ticket; struct extensions extensions; };
struct key_update { uint8_t request; };
struct next_protocol { bytes selected, padding; };
struct finished { bytes verify_data; };   /* 12 bytes in TLS 1.2, the hash's length in TLS 1.3 */

void wire_header(struct wire *w, uint8_t *type, uint32_t *len);
void wire_client_hello(struct wire *w, struct client_hello *m);
void wire_server_hello(struct wire *w, struct server_hello *m);
void wire_hello_request(struct wire *w, void *m);
void wire_server_hello_done(struct wire *w, void *m);
void wire_certificate_12(struct wire *w, struct certificate_message *m);
void wire_server_key_exchange(struct wire *w, struct server_key_exchange *m);
/* Only the parameters of (EC)DHE: what is signed. */
void wire_exchange_params(struct wire *w, struct server_key_exchange *m);
void wire_client_key_exchange(struct wire *w, struct client_key_exchange *m);
void wire_certificate_request_12(struct wire *w, struct certificate_request *m);
void wire_certificate_verify(struct wire *w, struct certificate_verify *m);
void wire_certificate_status(struct wire *w, struct certificate_status *m);
void wire_new_session_ticket_12(struct wire *w, struct new_session_ticket *m);
void wire_finished(struct wire *w, struct finished *m);
void wire_certificate_13(struct wire *w, struct certificate_message *m);
void wire_certificate_request_13(struct wire *w, struct certificate_request_13 *m);
void wire_new_session_ticket_13(struct wire *w, struct new_session_ticket_13 *m);
void wire_key_update(struct wire *w, struct key_update *m);
void wire_compressed_certificate(struct wire *w, struct compressed_certificate *m);
void wire_next_protocol(struct wire *w, struct next_protocol *m);

/* Alert and ChangeCipherSpec, so that they are narrated too. */
struct alert_message { uint8_t level, description; };
void wire_alert(struct wire *w, struct alert_message *m);
void wire_ccs(struct wire *w, uint8_t *one);
/* Record header: 5 bytes. */
struct record_header { uint8_t type; uint16_t version, len; };
void wire_record_header(struct wire *w, struct record_header *m);

/* The random that makes a ServerHello a HelloRetryRequest (RFC 9846 4.1.3). */
extern const uint8_t hello_retry_random[32];

/* An extensions block with its length. In the hellos of TLS 1.2 it may be missing. */
void wire_extensions(struct wire *w, enum ext_place place, struct extensions *e);
/* Walks a ClientHello or ServerHello extension block's rules: used by the engine for replies. */
uint32_t ext_allowed_in(enum ext_place place); /* set of bits */
/* Of those, the ones that may only stand there as an answer: the ClientHello (for a server: its CertificateRequest) had
   them too. renegotiation_info counts, and may be asked for by its signalling suite as well (RFC 5746 3.3). */
uint32_t ext_reply_in(enum ext_place place);
uint16_t ext_id(enum ext_bit bit);
int ext_bit_of(uint16_t id);                   /* -1: unknown */

/* Narrates the body of any handshake message: what a dissector needs. kx and version as far as known (0: not). */
struct message_context { uint16_t version; uint8_t kx; };
void wire_narrate(struct wire *w, uint8_t type, const struct message_context *context);

#endif
