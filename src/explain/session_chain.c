/* explain/session_chain.c: is the chain of certificates of a captured connection good, and is what came with it?

   Judged by the verifier that connections use (fede/verify.h), with the trust anchors and logs that whoever reads the capture
   gives, at the time of the packet unless another one is wanted. A stapled response needs no anchor: who issued the leaf, or
   was put in charge by the issuer, signed it or did not (RFC 6960 4.2.2.2). Being refused is no contradiction in the capture,
   so it makes no failed check of it. A client's chain is judged for its purpose, and told in one line. */
#include "explain/session.h"
#include "explain/staple.h"
#include "x509/x509.h"

enum { CHAIN_MOST = 32, MILLION = 1000000, LENGTH = 2 };

static void judge_staple(struct session *s, const bytes *chain, size_t n, bytes staple, int64_t at);
static void judge_timestamps(struct session *s, bytes leaf, bytes scts);
static void tell(struct session *s, uint8_t from, enum check_outcome outcome, const char *name, const char *text);
static bytes server_name(const struct session *s, char *out, size_t size);
static bytes extra_of(const struct session *s, uint8_t from, bytes *scts);

void session_judge(struct session *s, uint8_t from)
{
    static const char name[] = "certificate chain";
    const struct judging *by = s->listener->judging;
    const int64_t at = by != NULL && by->at != 0 ? by->at : (int64_t)(s->now_us / MILLION);
    bytes chain[CHAIN_MOST], scts = BYTES_NONE;
    size_t n = session_chain(s, from, chain, CHAIN_MOST);
    s->unjudged[from] = false;
    if (n == 0)
        return;
    bytes staple = extra_of(s, from, &scts);
    if (staple.len > 0)
        judge_staple(s, chain, n, staple, at);
    if (from == FEDE_SERVER && (by == NULL || by->logs == NULL))
        judge_timestamps(s, chain[0], scts);
    if (by == NULL || by->trust == NULL) {
        tell(s, from, CHECK_IMPOSSIBLE, name, "no trust anchors were given (--verify, --cacert, --capath)");
        return;
    }
    char host[300], text[400];
    bytes wanted = from == FEDE_SERVER ? server_name(s, host, sizeof host) : BYTES_NONE;
    fede_verify_request request = {
        .chain = chain,
        .n_chain = n,
        .trust = by->trust,
        .signatures = by->signatures,
        .name = wanted.len > 0 ? host : NULL,
        .at = at,
        .purpose = from == FEDE_SERVER ? FEDE_PURPOSE_SERVER : FEDE_PURPOSE_CLIENT,
        .revocation = FEDE_REVOCATION_SOFT,
        .key_usage = from == FEDE_SERVER && s->suite_parts.kx == KX_RSA ? USAGE_KEY_ENCIPHERMENT : 0,
        .staple = staple,
        .ct_logs = by->logs,
        .scts = scts,
    };
    fede_verification *v = fede_verify_chain(&request);
    if (v == NULL)
        return;
    const fede_verdict *verdict = fede_verification_verdict(v);
    fede_event e = {.kind = FEDE_EVENT_VERDICT, .verdict = verdict, .error = fede_verification_error(v)};
    if (from == FEDE_SERVER)
        session_tell(s, &e, from, s->version >= 0x0304);
    struct text t = text_in(text, sizeof text);
    certificate_title(chain[0], &t);
    if (verdict->accepted) {
        text_add(&t, " up to trust anchor ");
        certificate_title(verdict->path[verdict->path_len - 1], &t);
    } else {
        text_add(&t, ": ");
        reason_words(verdict->reason, &t);
    }
    text_add(&t, ", judged at ");
    text_time(&t, verdict->at);
    if (from == FEDE_SERVER && wanted.len == 0)
        text_add(&t, "; for which name is not known: the client did not say it");
    tell(s, from, verdict->accepted ? CHECK_VERIFIED : CHECK_FAILED, name, text);
    fede_verification_free(v);
}

static void judge_staple(struct session *s, const bytes *chain, size_t n, bytes staple, int64_t at)
{
    const struct judging *by = s->listener->judging;
    char text[400];
    struct text t = text_in(text, sizeof text);
    enum verdict_outcome outcome = staple_judge(staple, chain, n, by != NULL ? by->trust : NULL, at, &t);
    static const uint8_t same[] = {
        [VERDICT_VERIFIED] = CHECK_VERIFIED, [VERDICT_FAILED] = CHECK_FAILED, [VERDICT_OPEN] = CHECK_IMPOSSIBLE};
    tell(s, FEDE_SERVER, same[outcome], "stapled OCSP response", text);
}

/* Without the logs' keys timestamps stay what they claim to be. */
static void judge_timestamps(struct session *s, bytes leaf, bytes scts)
{
    struct certificate c;
    fede_error error = {0};
    if (scts.len > 0 || (certificate_read(leaf, &c, &error) && c.sct_list.data != NULL))
        tell(s, FEDE_SERVER, CHECK_IMPOSSIBLE, "certificate timestamps",
             "the keys of the logs were not given (--ct-logs)");
}

/* The host name of the ClientHello; empty: it has none. */
static bytes server_name(const struct session *s, char *out, size_t size)
{
    struct client_hello m = {0};
    struct wire w = wire_reader(session_spoken(s, MSG_CLIENT_HELLO, s->hello_at));
    wire_client_hello(&w, &m);
    bytes name = m.extensions.host_name;
    if (!wire_done(&w) || name.len == 0 || name.len >= size || memchr(name.data, '\0', name.len) != NULL)
        return BYTES_NONE;
    bytes_copy(out, name.data, name.len);
    out[name.len] = '\0';
    return bytes_of(out, name.len);
}

/* The response and the timestamps that came beside the leaf: in extensions of its entry (RFC 9846 4.4.2.1), before TLS 1.3 in
   CertificateStatus (RFC 6066 8) and in the ServerHello (RFC 6962 3.3.1). */
static bytes extra_of(const struct session *s, uint8_t from, bytes *scts)
{
    struct extensions e = {0};
    if (from != FEDE_SERVER)
        return BYTES_NONE;
    if (s->version >= 0x0304) {
        struct certificate_message m = {0};
        bytes der, block;
        struct wire w = wire_reader(session_certificates(s, from));
        wire_certificate_13(&w, &m);
        if (!wire_done(&w) || !certificates_13_next(&m.list, &der, &block))
            return BYTES_NONE;
        w = wire_reader(bytes_of(block.data - LENGTH, LENGTH + block.len)); /* with its length, which stands before it */
        wire_extensions(&w, IN_CERTIFICATE, &e);
        if (!wire_done(&w))
            return BYTES_NONE;
        *scts = e.sct;
        return e.certificate_status;
    }
    struct server_hello hello = {0};
    struct wire w = wire_reader(session_spoken(s, MSG_SERVER_HELLO, s->answer_at));
    wire_server_hello(&w, &hello);
    *scts = wire_done(&w) ? hello.extensions.sct : BYTES_NONE;
    struct certificate_status status = {0};
    w = wire_reader(session_spoken(s, MSG_CERTIFICATE_STATUS, s->status_at));
    wire_certificate_status(&w, &status);
    return wire_done(&w) ? status.response : BYTES_NONE;
}

static void tell(struct session *s, uint8_t from, enum check_outcome outcome, const char *name, const char *text)
{
    const uint64_t failed = s->failed_checks;
    session_tell_check(s, from, outcome, name, text);
    s->failed_checks = failed;
}
