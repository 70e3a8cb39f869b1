/* Certificates under arbitrary bytes. The first byte chooses: 0 one certificate, 1 PEM, 3 one revocation list, 4 a public
   suffix list, 5 an OCSP response, 2 a chain to be verified, its second byte being options, then entries of a 16-bit length and DER each, of
   which the last certificate is the trust anchor; entries that are revocation lists are used as such.

   Signatures are judged as fake_signatures.c has it, so that the search for a path is reached without keys. */
#include "fuzz/want.h"
#include "x509/certificate.h"
#include "x509/crl.h"
#include "x509/der.h"
#include "x509/ocsp.h"

#define MAX_CHAIN 64

static void one(bytes der);
static void one_list(bytes der);
static void suffixes(bytes text);
static void response(bytes der);
static void chain(bytes in);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bytes rest = {data + 1, size - 1};
    if (data[0] == 0) {
        one(rest);
    } else if (data[0] == 1) {
        struct arena arena;
        bytes der;
        arena_start(&arena, &memory_standard, 1u << 20);
        while (pem_next(&rest, NULL, &arena, &der))
            one(der);
        arena_end(&arena);
    } else if (data[0] == 3) {
        one_list(rest);
    } else if (data[0] == 4) {
        suffixes(rest);
    } else if (data[0] == 5) {
        response(rest);
    } else {
        chain(rest);
    }
    return 0;
}

static void response(bytes der)
{
    struct ocsp_response r;
    struct ocsp_single single;
    const char *problem;
    bool malformed;
    if (!ocsp_read(der, &r, &problem)) {
        want(problem != NULL);
        return;
    }
    for (bytes rest = r.responses, before = rest; ocsp_next(&rest, &single, &malformed); before = rest)
        want(rest.len < before.len && single.answer != 0);
}

static void one(bytes der)
{
    struct certificate c;
    fede_error error = {0};
    char text[300];
    bytes value, issuer, subject, rest;
    enum general_name kind;
    struct host host;
    bool read = certificate_read(der, &c, &error), peeked = certificate_peek(der, &issuer, &subject);
    want(read == (error.reason == FEDE_OK));
    want(!read || peeked);
    if (!read)
        return;
    want(bytes_equal(issuer, c.issuer) && bytes_equal(subject, c.subject));
    want(name_equal(c.subject, c.subject) && name_within(c.issuer, c.issuer));
    want(!name_equal(c.subject, c.issuer) || name_hash(c.subject) == name_hash(c.issuer));
    want(name_text(c.subject, text, sizeof text) > 0);
    algorithm_text(c.algorithm, text, sizeof text);
    rest = c.alt_names;
    while (general_names_next(&rest, &kind, &value))
        want(value.len < der.len);
    want(host_read("www.example.com", &host) == HOST_DNS);
    host_matches(&c, &host);
    want(host_read("192.0.2.1", &host) == HOST_IP);
    host_matches(&c, &host);
}

static void one_list(bytes der)
{
    struct crl crl;
    struct crl_entry entry;
    bool malformed;
    fede_error error = {0};
    if (!crl_read(der, &crl, &error)) {
        want(error.reason == FEDE_CRL_UNREADABLE && error.detail != NULL);
        return;
    }
    bytes rest = crl.revoked;
    while (crl_entry_next(&rest, &entry, &malformed))
        want(entry.serial.len > 0 && rest.len < crl.revoked.len);
}

static void suffixes(bytes text)
{
    struct suffixes *s = suffixes_read(&memory_standard, text);
    want(s != NULL);
    suffix_is_public(s, bytes_first(text, 50));
    suffix_is_public(s, bytes_text("www.example.co.uk"));
    suffixes_free(s);
}

static void chain(bytes in)
{
    bytes all[MAX_CHAIN], lists[MAX_CHAIN];
    size_t n = 0, n_lists = 0;
    unsigned options = in.len > 0 ? in.data[0] : 0;
    in = bytes_skip(in, 1);
    while (in.len >= 2 && n < MAX_CHAIN && n_lists < MAX_CHAIN) {
        size_t len = load16(in.data);
        in = bytes_skip(in, 2);
        struct crl crl;
        fede_error ignored = {0};
        bool list = crl_read(bytes_first(in, len), &crl, &ignored);
        *(list ? &lists[n_lists++] : &all[n++]) = bytes_first(in, len);
        in = len < in.len ? bytes_skip(in, len) : BYTES_NONE;
    }
    if (n < 2)
        return;
    struct anchors *anchors = anchors_new(&memory_standard);
    struct arena arena;
    struct host host;
    struct certificate leaf;
    bool leaf_read;
    fede_verdict verdict;
    fede_error error = {0};
    anchors_add(anchors, all[n - 1]);
    arena_start(&arena, &memory_standard, 1u << 17);
    host_read("www.example.com", &host);
    struct verify_request request = {.chain = all,
                                     .n = n - 1,
                                     .anchors = anchors,
                                     .purpose = (enum purpose)(1 + options % 3),
                                     .host = options & 4 ? &host : NULL,
                                     .at = 1893456000,
                                     .profile = (enum profile)((options >> 3) % 3),
                                     .crls = lists,
                                     .n_crls = n_lists,
                                     .explicit_policy = (options & 128) != 0,
                                     .direct = (options & 64) != 0};
    bool accepted = x509_verify(&request, &arena, &verdict, &leaf, &leaf_read, &error);
    want(accepted == verdict.accepted && accepted == (error.reason == FEDE_OK) && error.reason == verdict.reason);
    want(error.reason != FEDE_INTERNAL);
    for (size_t i = 0; i < verdict.n_checks; i++) {
        const fede_check *check = &verdict.checks[i];
        want(check->certificate < verdict.path_len && (!accepted || check->outcome != FEDE_FAILED));
        want(memchr(check->detail, 0, sizeof check->detail) != NULL);
        for (const char *p = check->detail; *p; p++)
            want((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
    arena_end(&arena);
    anchors_free(anchors);
}
