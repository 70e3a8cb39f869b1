/* bogo/answers.c: what an application answers when the engine asks: which certificate, is this chain good, with which
   configuration to go on. With -async each answer is late by one turn. */
#include "shim.h"

enum { ALERT_HANDSHAKE_FAILURE = 40 };

/* What is decided for this one connection, as a derived configuration. */
static void answer_with_choice(struct run *run)
{
    fede_config *config = fede_config_derive(run->config);
    if (config != NULL && setup_choice(run->options, config))
        fede_answer_config(run->conn, config);
    else
        fede_answer_refuse(run->conn, FEDE_ALERT_INTERNAL_ERROR);
    fede_config_free(config);
}

/* Some credentials only for clients that know their issuers. */
static void answer_by_issuer(struct run *run, fede_bytes hello)
{
    static struct options left;
    int status = 0;
    if (issuers_left(run, hello, &left) == 0) {
        fputs(":NO_MATCHING_ISSUER:\n", stderr);
        fede_answer_refuse(run->conn, ALERT_HANDSHAKE_FAILURE);
        return;
    }
    fede_config *config = setup_config(&left, NULL, run->store, run, &status);
    if (config != NULL)
        fede_answer_config(run->conn, config);
    else
        fede_answer_refuse(run->conn, FEDE_ALERT_INTERNAL_ERROR);
    fede_config_free(config);
}

static bool asks_for_issuers(const struct options *o)
{
    bool asks = false;
    for (size_t i = 0; i <= o->n_credentials; i++)
        asks |= o->credentials[i].must_match_issuer;
    return asks;
}

static void answer_hello(struct run *run)
{
    enum { STATUS_REQUEST = 5 };
    const struct options *o = run->options;
    fede_bytes hello = fede_ask(run->conn)->client_hello;
    bool staple = o->use_ocsp_callback && hello_extension(hello, STATUS_REQUEST).data != NULL;
    if (o->fail_early_callback) {
        fputs(":CONNECTION_REJECTED:\n", stderr);
        fede_answer_refuse(run->conn, ALERT_HANDSHAKE_FAILURE);
    } else if (o->fail_cert_callback) {
        fputs(":CERT_CB_ERROR:\n", stderr);
        fede_answer_refuse(run->conn, FEDE_ALERT_INTERNAL_ERROR);
    } else if (staple && o->fail_ocsp_callback) {
        fputs(":OCSP_CB_ERROR:\n", stderr);
        fede_answer_refuse(run->conn, FEDE_ALERT_INTERNAL_ERROR);
    } else if ((staple && o->set_ocsp_in_callback && !o->decline_ocsp_callback) || o->select_empty_alpn) {
        answer_with_choice(run);
    } else if (asks_for_issuers(o)) {
        answer_by_issuer(run, hello);
    } else {
        fede_answer_config(run->conn, NULL);
    }
}

static bool same_bytes(fede_bytes got, const struct blob *wanted)
{
    return got.len == wanted->len && (got.len == 0 || memcmp(got.data, wanted->data, got.len) == 0);
}

static void answer_verdict(struct run *run)
{
    const struct options *o = run->options;
    bool soft = !o->server && !o->verify_peer; /* a failure is noted, and the connection goes on */
    run->judged_chain = true;
    run->refused_chain = o->verify_fail;
    if (o->expect_ocsp_response.given && !same_bytes(fede_conn_staple(run->conn), &o->expect_ocsp_response)) {
        fputs("another OCSP response\n", stderr);
        fede_answer_refuse(run->conn, FEDE_ALERT_INTERNAL_ERROR);
    } else if ((!o->verify_fail || soft) && o->enable_ocsp_stapling && o->use_ocsp_callback && o->fail_ocsp_callback) {
        fputs(":OCSP_CB_ERROR:\n", stderr);
        fede_answer_refuse(run->conn, FEDE_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE);
    } else if (!o->verify_fail || soft)
        fede_answer_verdict(run->conn, true);
    else
        fede_answer_refuse(run->conn,
                           o->use_custom_verify_callback ? FEDE_ALERT_CERTIFICATE_UNKNOWN : ALERT_HANDSHAKE_FAILURE);
}

/* ---- A server asks for a certificate. */

static unsigned hex(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

size_t names_of_cas(const char *text, struct blob *names, size_t most)
{
    size_t n = 0;
    if (strcmp(text, "<EMPTY>") == 0 || strcmp(text, "<NULL>") == 0)
        return 0;
    for (; n < most && *text != '\0'; n++) {
        names[n].len = 0;
        for (; text[0] != '\0' && text[0] != ',' && names[n].len < MOST_BLOB; text += 2)
            names[n].data[names[n].len++] = (uint8_t)(hex(text[0]) << 4 | hex(text[1]));
        text += *text == ',';
    }
    return n;
}

static bool request_as_wanted(const struct run *run)
{
    static struct blob names[MOST_CAS];
    const struct options *o = run->options;
    const struct codes16 *schemes = &o->expect_peer_verify_prefs;
    size_t n = o->expect_client_ca_list != NULL ? names_of_cas(o->expect_client_ca_list, names, MOST_CAS) : 0;
    for (size_t i = 0; i < n; i++)
        if (!same_bytes(fede_requested_authority(run->conn, i), &names[i]))
            return false;
    if (o->expect_client_ca_list != NULL && fede_requested_authority(run->conn, n).len > 0)
        return false;
    for (size_t i = 0; schemes->n > 0 && i <= schemes->n; i++)
        if (fede_requested_scheme(run->conn, i) != (i < schemes->n ? schemes->ids[i] : 0))
            return false;
    return !o->expect_certificate_types.given ||
           same_bytes(fede_requested_types(run->conn), &o->expect_certificate_types);
}

/* Who has credentials for a server that asks insists on using one: RFC 5246 7.4.6 lets a client go on without. */
static void insist(struct run *run, const char *why_not)
{
    static const struct {
        const char *why, *name;
    } names[] = {
        {"it names other CAs", "NO_MATCHING_ISSUER"},
        {"no key is of the kinds that it wants", "UNKNOWN_CERTIFICATE_TYPE"},
        {"no key fits the schemes that it wants", "NO_COMMON_SIGNATURE_ALGORITHMS"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].why, why_not) == 0)
            fprintf(stderr, ":%s:\n", names[i].name);
    fede_answer_refuse(run->conn, ALERT_HANDSHAKE_FAILURE);
}

static void answer_selection(struct run *run, const fede_question *question)
{
    if (!request_as_wanted(run)) {
        fputs("another CertificateRequest\n", stderr);
        fede_answer_refuse(run->conn, FEDE_ALERT_INTERNAL_ERROR);
    } else if (run->options->fail_cert_callback) {
        fputs(":CERT_CB_ERROR:\n", stderr);
        fede_answer_refuse(run->conn, FEDE_ALERT_INTERNAL_ERROR);
    } else if (question->why_not != NULL && fede_config_certificate(run->config, 0, 0).len > 0) {
        insist(run, question->why_not);
    } else {
        fede_answer_credential(run->conn, question->credential);
    }
}

void answer(struct run *run)
{
    const fede_question *question = fede_ask(run->conn);
    if (question == NULL)
        return;
    run->asked = run->options->async && !run->asked;
    if (run->asked)
        return;
    if (question->kind == FEDE_ASK_HELLO)
        answer_hello(run);
    else if (question->kind == FEDE_ASK_VERDICT)
        answer_verdict(run);
    else if (question->kind == FEDE_ASK_SELECTION)
        answer_selection(run, question);
}
