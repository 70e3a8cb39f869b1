/* Certificates: parsed as borrowed fields without allocation, chained, judged. RFC 5280, RFC 9525. */
#ifndef X509_X509_H
#define X509_X509_H

#include "base/arena.h"
#include "base/bytes.h"
#include "crypto/crypto.h"
#include "fede/verify.h"

/* Extensions that are known here; a set of 1u << X_… tells which a certificate has and which are critical. */
enum known_extension {
    X_BASIC, X_KEY_USAGE, X_EXT_KEY_USAGE, X_ALT_NAMES, X_SUBJECT_KEY_ID, X_AUTHORITY_KEY_ID, X_NAME_CONSTRAINTS, X_POLICIES,
    X_POLICY_MAPPINGS, X_POLICY_CONSTRAINTS, X_INHIBIT_ANY, X_CRL_POINTS, X_FRESHEST_CRL, X_AUTHORITY_INFO, X_SUBJECT_INFO,
    X_ISSUER_ALT, X_SCT, X_TLS_FEATURE, X_NO_CHECK, X_KNOWN
};

/* What RFC 5280 tells CAs not to issue but a reader can live with: a set, judged by the profile (profile.c). */
enum certificate_oddity {
    ODD_EARLY_GENERAL_TIME = 1,   /* GeneralizedTime for a date before 2050 */
    ODD_PATH_LEN_WITHOUT_CA = 2,  /* pathLenConstraint although cA is false */
    ODD_AKI_ISSUER = 4,           /* authorityCertIssuer in the authorityKeyIdentifier */
    ODD_AKI_SERIAL = 8,           /* authorityCertSerialNumber in it */
    ODD_NO_KEY_USAGE_BIT = 16     /* keyUsage without any bit */
};

/* Bits of key_usage: RFC 5280 4.2.1.3 counts from the left, here bit 0 is digitalSignature. */
enum {
    USAGE_DIGITAL_SIGNATURE = 1 << 0, USAGE_NON_REPUDIATION = 1 << 1, USAGE_KEY_ENCIPHERMENT = 1 << 2,
    USAGE_DATA_ENCIPHERMENT = 1 << 3, USAGE_KEY_AGREEMENT = 1 << 4, USAGE_CERT_SIGN = 1 << 5, USAGE_CRL_SIGN = 1 << 6,
    USAGE_ENCIPHER_ONLY = 1 << 7, USAGE_DECIPHER_ONLY = 1 << 8
};

/* One certificate; all slices borrow from its DER. */
struct certificate {
    bytes der, tbs;
    uint8_t version;                     /* 1, 2, 3 */
    bytes serial, issuer, subject;       /* serial: content of the INTEGER; names: DER of the whole Name */
    bytes tbs_algorithm, algorithm;      /* DER of the two AlgorithmIdentifiers: must be equal */
    uint16_t scheme;                     /* TLS scheme code point the signature fits; 0: not supported */
    int64_t not_before, not_after;       /* seconds since 1970 UTC */
    struct public_key key;
    const char *key_problem;             /* why key.kind is 0: static text */
    bool key_unusable;                   /* its value is no such key: said by x509_verify of the leaf, when asked */
    bytes issuer_unique_id, subject_unique_id;
    bytes signature;                     /* bits of the signature, whole bytes */
    bytes extensions;                    /* DER content of the SEQUENCE of Extension, or empty */
    bool self_issued;                    /* subject equals issuer */

    /* Known extensions; has_… tells absent from empty. */
    uint32_t present, critical;          /* sets of 1u << enum known_extension */
    uint32_t oddities;                   /* set of enum certificate_oddity */
    bool has_basic, is_ca; int path_len; /* -1: none */
    bool has_key_usage; uint16_t key_usage;  /* set of USAGE_… */
    bytes ext_key_usage;                 /* content of the SEQUENCE of OIDs; data NULL: absent */
    bytes alt_names;                     /* content of GeneralNames; data NULL: absent */
    bool alt_names_critical;
    bytes subject_key_id, authority_key_id; /* the key identifiers; data NULL: absent */
    bytes name_constraints, policies, policy_constraints, inhibit_any_policy, policy_mappings; /* whole extension values */
    bytes crl_points, authority_info, sct_list, tls_features;
    bytes unknown_critical;              /* OID (content) of the first critical extension not understood; data NULL: none */
};

/* False when der is not one certificate and nothing else: error has reason CERT_UNREADABLE, where and offset. */
bool certificate_read(bytes der, struct certificate *out, fede_error *error);

enum general_name { NAME_OTHER = 0, NAME_EMAIL = 1, NAME_DNS = 2, NAME_X400 = 3, NAME_DIRECTORY = 4, NAME_EDI = 5, NAME_URI = 6, NAME_IP = 7, NAME_RID = 8 };
/* Walks GeneralNames content: kind and content bytes. */
bool general_names_next(bytes *rest, enum general_name *kind, bytes *value);
/* A Name as text, RFC 4514 order reversed to most-significant-first as people write it: "C=NL, O=…, CN=…"; escaped. */
size_t name_text(bytes name, char *out, size_t size);
/* RFC 5280 7.1: case-insensitive, spaces folded, string types compared by value. */
bool name_equal(bytes a, bytes b);
/* Is b inside the subtree whose base is a: do all RDNs of a begin b? RFC 5280 4.2.1.10. */
bool name_within(bytes base, bytes name);
/* Equal names have equal hashes. */
uint32_t name_hash(bytes name);
/* Walks the attributes of a Name: type is the OID's content, tag and value the string. */
struct name_walk { bytes rdns, attributes; };
struct name_walk name_walk(bytes name);
bool name_next(struct name_walk *walk, bytes *type, uint8_t *tag, bytes *value);

/* ---- Host names. */
enum host_kind { HOST_BAD = 0, HOST_DNS, HOST_IP, HOST_MAILBOX };
struct host { uint8_t kind; char text[256]; uint8_t ip[16]; uint8_t ip_len; };
enum host_kind host_read(const char *name, struct host *out); /* strips one final dot; brackets of IPv6 allowed */
/* A mail address, for certificates of people (RFC 5280 4.2.1.6, 7.5): the domain in either case, the rest as it is. */
enum host_kind mailbox_read(const char *address, struct host *out);
/* RFC 9525: SAN only; wildcard is the whole left-most label, never for IP, never for fewer than two more labels. */
bool host_matches(const struct certificate *certificate, const struct host *host);

/* ---- The Public Suffix List, for those who want wildcards right below a public suffix not to count. */
struct suffixes;
struct suffixes *suffixes_read(const fede_allocator *from, bytes list); /* NULL: no memory */
void suffixes_free(struct suffixes *s);
bool suffix_is_public(const struct suffixes *s, bytes name);
/* host_matches where "*.co.uk" matches nothing; suffixes may be NULL. */
bool host_matches_below(const struct certificate *certificate, const struct host *host, const struct suffixes *suffixes);

/* ---- Trust anchors. Shared, immutable once in use, counted by the owner. */
struct anchors;
struct anchors *anchors_new(const fede_allocator *from);
void anchors_free(struct anchors *a);
/* Adds PEM or DER certificates (bytes copied); returns how many were added, 0 when none could be read. Parsed lazily where
   that saves time; broken or repeated ones are skipped. */
size_t anchors_add(struct anchors *a, bytes certificates);
size_t anchors_add_file(struct anchors *a, const char *path);
size_t anchors_add_directory(struct anchors *a, const char *path);
size_t anchors_add_system(struct anchors *a);      /* the distribution's bundle, SSL_CERT_FILE and SSL_CERT_DIR honoured */
size_t anchors_count(const struct anchors *a);
/* The n-th anchor of all; NULL at the end. */
const struct certificate *anchors_at(const struct anchors *a, size_t n);
/* The i-th anchor whose subject is that name; NULL at the end. */
const struct certificate *anchors_find(const struct anchors *a, bytes subject, size_t i);

/* ---- PEM. */
/* Next block with that label ("CERTIFICATE", NULL: any) out of *text; DER goes to arena memory. False at the end. */
bool pem_next(bytes *text, const char *label, struct arena *arena, bytes *der);
/* out: room for 3 bytes more than body.len / 4 * 3. */
bool base64_read(bytes body, uint8_t *out, size_t *len);

/* ---- Verification. */
enum purpose { PURPOSE_SERVER = 1, PURPOSE_CLIENT, PURPOSE_ANY };
/* Which rules a path must keep, beside those that every path must keep:
   PROFILE_TLS      RFC 5280 6 and what RFC 9325 and browsers ask of keys and algorithms; private CAs pass. The default.
   PROFILE_WEB      also what RFC 5280 4 and the CA/Browser Forum tell CAs to issue: key identifiers, criticality, names.
   PROFILE_RFC5280  path validation alone. */
enum profile { PROFILE_TLS = 0, PROFILE_WEB, PROFILE_RFC5280 };
struct verify_request {
    const bytes *chain; size_t n;         /* as sent: leaf first, the rest in any order */
    const struct anchors *anchors;
    enum purpose purpose;
    const struct host *host;              /* NULL: no name check */
    const struct suffixes *suffixes;      /* NULL: a wildcard needs no more than two labels behind it */
    int64_t at;
    uint16_t max_path;                    /* most certificates between leaf and anchor; 0: default (10) */
    uint16_t budget;                      /* most signature checks, in checks with P-256; 0: default (128) */
    enum profile profile;
    struct fede_signatures *signatures;   /* those verified before; NULL: each is verified */
    bool leaf_key;                        /* is the leaf's key a point on its curve? Asked here when nothing will be verified with it */
    bool direct;                          /* an anchor itself must have issued the leaf: max_path 0 */
    bool attempts;                        /* the verdict tells of other paths too */
    const bytes *crls; size_t n_crls;     /* DER; when there are any, unknown status is a failure */
    bytes staple;                         /* an OCSP response about the leaf; empty: none */
    bool staple_asked;                    /* the server was asked for it: a leaf that promises one must come with it */
    enum fede_revocation revocation;      /* what unknown status means */
    const struct fede_ct_logs *ct_logs;   /* NULL: timestamps are not looked at */
    bytes scts;                           /* a SignedCertificateTimestampList that came beside the leaf; empty: none */
    const bytes *policies; size_t n_policies; /* OID contents of the policies wanted; none: any policy (RFC 5280 6.1.1 c) */
    bool explicit_policy, inhibit_mapping, inhibit_any; /* RFC 5280 6.1.1 (e) to (g) */
    uint8_t nesting; bytes presumed;      /* 0, empty: for the signers of revocation lists, who are judged likewise */
    bool legacy_signatures;               /* DSA and SHA-1 too: PROFILE_RFC5280 alone (legacy.h) */
    uint16_t key_usage;                   /* USAGE_… the leaf must allow if it has keyUsage; 0: digitalSignature for TLS purposes */
};
/* True when accepted. Everything in *verdict and *error lives in the arena. leaf gets the parsed leaf (needed to check
   signatures made with it) whenever it could be read, also when the chain is refused (*leaf_read tells). */
bool x509_verify(const struct verify_request *request, struct arena *arena, fede_verdict *verdict, struct certificate *leaf, bool *leaf_read, fede_error *error);

#endif
