/* bogo/flags.c: the runner's flags, one row each. A flag that is not here ends the shim with 89 before anything is sent: the
   runner then counts the test as not implemented, never as passed. Every flag that is here is honoured or checked; a row
   marked as having no meaning says why. */
#include <stddef.h>

#include "shim.h"

enum kind {
    FLAG,
    NUMBER,
    TEXT,
    CODES,
    NO_MEANING,
    NO_MEANING_VALUE,
    BLOB,
    CREDENTIAL,
    CERT_FILE,
    KEY_FILE,
    SIGNING,
    STAPLE,
    ISSUER
};

struct row {
    const char *name;
    enum kind kind;
    size_t at;
};

#define AT(field) offsetof(struct options, field)

// clang-format off
static const struct row rows[] = {
    {"-port", NUMBER, AT(port)},
    {"-shim-id", NUMBER, AT(shim_id)},
    {"-ipv6", FLAG, AT(ipv6)},
    {"-is-handshaker-supported", FLAG, AT(is_handshaker_supported)},
    {"-server", FLAG, AT(server)},
    {"-async", FLAG, AT(async)},
    {"-resume-count", NUMBER, AT(resume_count)},

    {"-min-version", NUMBER, AT(min_version)},
    {"-max-version", NUMBER, AT(max_version)},
    {"-no-tls1", FLAG, AT(no_tls1)},
    {"-no-tls11", FLAG, AT(no_tls11)},
    {"-no-tls12", FLAG, AT(no_tls12)},
    {"-no-tls13", FLAG, AT(no_tls13)},
    {"-no-ticket", FLAG, AT(no_ticket)},
    {"-no-legacy-server-connect", FLAG, AT(no_legacy_server_connect)},
    {"-curves", CODES, AT(curves)},
    {"-verify-prefs", CODES, AT(verify_prefs)},
    {"-cipher", TEXT, AT(cipher)},
    {"-server-preference", NO_MEANING, 0}, /* the server's order always counts */
    {"-host-name", TEXT, AT(host_name)},
    {"-trust-cert", NO_MEANING_VALUE, 0}, /* the runner wants any chain to be accepted */
    {"-cert-file", CERT_FILE, 0},
    {"-key-file", KEY_FILE, 0},
    {"-signing-prefs", SIGNING, 0},
    {"-must-match-issuer", ISSUER, 0},
    {"-new-x509-credential", CREDENTIAL, 0},
    {"-advertise-alpn", TEXT, AT(advertise_alpn)},
    {"-select-alpn", TEXT, AT(select_alpn)},
    {"-decline-alpn", NO_MEANING, 0}, /* no list of its own: the same without a callback */
    {"-reject-alpn", FLAG, AT(reject_alpn)},
    {"-select-empty-alpn", FLAG, AT(select_empty_alpn)},
    {"-fallback-scsv", FLAG, AT(fallback_scsv)},
    {"-enable-early-data", NO_MEANING, 0}, /* TLS 1.2 has none: what is wanted is that nothing changes */
    {"-expect-accept-early-data", FLAG, AT(expect_accept_early_data)},
    {"-expect-ticket-supports-early-data", NO_MEANING, 0}, /* asked of tickets of TLS 1.3 alone */
    {"-expect-early-data-reason", TEXT, AT(expect_early_data_reason)},
    {"-max-send-fragment", NUMBER, AT(max_send_fragment)},
    {"-max-cert-list", NUMBER, AT(max_cert_list)},

    {"-use-early-callback", FLAG, AT(use_early_callback)},
    {"-fail-early-callback", FLAG, AT(fail_early_callback)},
    {"-fail-cert-callback", FLAG, AT(fail_cert_callback)},
    {"-verify-peer", FLAG, AT(verify_peer)},
    {"-require-any-client-certificate", FLAG, AT(require_any_client_certificate)},
    {"-use-client-ca-list", TEXT, AT(use_client_ca_list)},
    {"-use-old-client-cert-callback", FLAG, AT(use_old_client_cert_callback)},
    {"-verify-fail", FLAG, AT(verify_fail)},
    {"-reverify-on-resume", FLAG, AT(reverify_on_resume)},
    {"-use-custom-verify-callback", FLAG, AT(use_custom_verify_callback)},
    {"-enable-ocsp-stapling", FLAG, AT(enable_ocsp_stapling)},
    {"-ocsp-response", STAPLE, 0},
    {"-use-ocsp-callback", FLAG, AT(use_ocsp_callback)},
    {"-set-ocsp-in-callback", FLAG, AT(set_ocsp_in_callback)},
    {"-decline-ocsp-callback", FLAG, AT(decline_ocsp_callback)},
    {"-fail-ocsp-callback", FLAG, AT(fail_ocsp_callback)},

    {"-implicit-handshake", FLAG, AT(implicit_handshake)},
    {"-shim-writes-first", FLAG, AT(shim_writes_first)},
    {"-shim-shuts-down", FLAG, AT(shim_shuts_down)},
    {"-check-close-notify", FLAG, AT(check_close_notify)},
    {"-send-alert", FLAG, AT(send_alert)},
    {"-no-op-extra-handshake", FLAG, AT(no_op_extra_handshake)},
    {"-peek-then-read", FLAG, AT(peek_then_read)},
    {"-read-with-unfinished-write", FLAG, AT(read_with_unfinished_write)},
    {"-renegotiate-freely", FLAG, AT(renegotiate_freely)},
    {"-renegotiate-once", FLAG, AT(renegotiate_once)},
    {"-renegotiate-ignore", FLAG, AT(renegotiate_ignore)},
    {"-renegotiate-explicit", FLAG, AT(renegotiate_explicit)},
    {"-forbid-renegotiation-after-handshake", FLAG, AT(forbid_renegotiation_after_handshake)},
    {"-export-keying-material", NUMBER, AT(export_keying_material)},
    {"-export-label", TEXT, AT(export_label)},
    {"-export-context", TEXT, AT(export_context)},
    {"-use-export-context", FLAG, AT(use_export_context)},
    {"-use-exporter-between-reads", FLAG, AT(use_exporter_between_reads)},
    {"-use-ticket-callback", FLAG, AT(use_ticket_callback)},
    {"-use-ticket-aead-callback", FLAG, AT(use_ticket_callback)},
    {"-renew-ticket", FLAG, AT(renew_ticket)},
    {"-skip-ticket", FLAG, AT(no_ticket)},
    {"-read-size", NUMBER, AT(read_size)},
    {"-resumption-delay", NUMBER, AT(resumption_delay)},

    {"-expect-version", NUMBER, AT(expect_version)},
    {"-expect-cipher", NUMBER, AT(expect_cipher)},
    {"-expect-curve-id", NUMBER, AT(expect_curve_id)},
    {"-expect-peer-signature-algorithm", NUMBER, AT(expect_peer_signature_algorithm)},
    {"-expect-server-name", TEXT, AT(expect_server_name)},
    {"-expect-alpn", TEXT, AT(expect_alpn)},
    {"-expect-advertised-alpn", TEXT, AT(expect_advertised_alpn)},
    {"-expect-msg-callback", TEXT, AT(expect_msg_callback)},
    {"-expect-session-miss", FLAG, AT(expect_session_miss)},
    {"-expect-extended-master-secret", FLAG, AT(expect_extended_master_secret)},
    {"-expect-ticket-renewal", FLAG, AT(expect_ticket_renewal)},
    {"-expect-no-session", FLAG, AT(expect_no_session)},
    {"-expect-session-id", FLAG, AT(expect_session_id)},
    {"-expect-no-session-id", FLAG, AT(expect_no_session_id)},
    {"-expect-no-hrr", NO_MEANING, 0}, /* TLS 1.2 has none */
    {"-expect-ocsp-response", BLOB, AT(expect_ocsp_response)},
    {"-expect-certificate-types", BLOB, AT(expect_certificate_types)},
    {"-expect-client-ca-list", TEXT, AT(expect_client_ca_list)},
    {"-expect-peer-cert-file", TEXT, AT(expect_peer_cert_file)},
    {"-expect-peer-verify-pref", CODES, AT(expect_peer_verify_prefs)},
    {"-expect-verify-result", FLAG, AT(expect_verify_result)},
    {"-expect-selected-credential", NUMBER, AT(expect_selected_credential)},
    {"-expect-total-renegotiations", NUMBER, AT(expect_total_renegotiations)},
    {"-expect-secure-renegotiation", FLAG, AT(expect_secure_renegotiation)},
    {"-expect-no-secure-renegotiation", FLAG, AT(expect_no_secure_renegotiation)},
};
// clang-format on

static const struct row *row_of(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* The runner shows nobody why: BOGO_SKIPS names a file that is told. */
int not_implemented(const char *what)
{
    const char *path = getenv("BOGO_SKIPS");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    fprintf(stderr, "not implemented: %s\n", what);
    if (file != NULL) {
        fprintf(file, "%s\n", what);
        fclose(file);
    }
    return EXIT_UNIMPLEMENTED;
}

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static bool read_base64(struct blob *to, const char *text)
{
    unsigned held = 0, bits = 0;
    *to = (struct blob){.given = true};
    for (; digit(*text) >= 0; text++) {
        held = held << 6 | (unsigned)digit(*text);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (to->len == sizeof to->data)
            return false;
        to->data[to->len++] = (uint8_t)(held >> bits);
    }
    return true;
}

static bool take(struct options *o, const struct row *row, const char *value)
{
    void *field = (char *)o + row->at;
    struct credential_options *credential = &o->credentials[o->n_credentials];
    struct codes16 *codes = row->kind == SIGNING ? &credential->signing : field;
    switch (row->kind) {
    case FLAG:
        *(bool *)field = true;
        return true;
    case NUMBER:
        *(int *)field = atoi(value);
        return true;
    case TEXT:
        *(const char **)field = value;
        return true;
    case CODES:
    case SIGNING:
        if (codes->n == MOST_CODES)
            return false;
        codes->ids[codes->n++] = (uint16_t)atoi(value);
        return true;
    case BLOB:
        return read_base64(field, value);
    case STAPLE:
        return read_base64(&credential->staple, value);
    case CREDENTIAL:
        return ++o->n_credentials < MOST_CREDENTIALS;
    case ISSUER:
        credential->must_match_issuer = true;
        return true;
    case CERT_FILE:
        credential->cert_file = value;
        return true;
    case KEY_FILE:
        credential->key_file = value;
        return true;
    default:
        return true;
    }
}

static const char *behind(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(name, prefix, n) == 0 && name[n] == '-' ? name + n : NULL;
}

bool flags_read(int argc, char **argv, struct options *initial, struct options *resumed, int *status)
{
    static struct options ignored;
    *initial = (struct options){.expect_selected_credential = -2};
    *resumed = *initial;
    for (int i = 1; i < argc; i++) {
        struct options *only = NULL;
        const char *name = argv[i], *rest;
        if ((rest = behind(name, "-on-shim")) != NULL)
            name = rest;
        else if ((rest = behind(name, "-on-handshaker")) != NULL)
            name = rest, only = &ignored;
        if ((rest = behind(name, "-on-initial")) != NULL)
            name = rest, only = initial;
        else if ((rest = behind(name, "-on-resume")) != NULL)
            name = rest, only = resumed;
        else if ((rest = behind(name, "-on-retry")) != NULL)
            name = rest, only = &ignored; /* after early data was refused: TLS 1.3 alone */
        const struct row *row = row_of(name);
        if (row == NULL) {
            *status = not_implemented(name);
            return false;
        }
        bool valued = row->kind != FLAG && row->kind != NO_MEANING && row->kind != CREDENTIAL && row->kind != ISSUER;
        if (valued && ++i == argc) {
            fprintf(stderr, "%s needs a value\n", name);
            *status = EXIT_FAILED;
            return false;
        }
        if (only != NULL ? !take(only, row, argv[i]) : !take(initial, row, argv[i]) || !take(resumed, row, argv[i])) {
            fprintf(stderr, "%s: too many, or too long\n", name);
            *status = EXIT_FAILED;
            return false;
        }
    }
    return true;
}
