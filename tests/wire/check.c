/* The checks of check.h: a narrator that keeps account of every byte, and the way there and back. */
#include "check.h"

#include <stdlib.h>

enum { DEPTH = 32 };

/* Counts how often each byte is claimed, and remembers the blocks that are open. */
struct account {
    struct narrator narrator; /* first: the callbacks get its address */
    bytes in;
    uint8_t *claimed;
    struct {
        size_t start, end;
    } open[DEPTH];
    size_t depth;
    const char *wrong;
    struct length_at *lengths;
    size_t n_lengths, max_lengths;
};

static void account_start(struct account *a, bytes in, uint8_t *claimed);
static const char *round_trip(const struct codec *codec, bytes in, union any_message *m);
static bool drops_something(const struct codec *codec, const union any_message *m);

#define CODEC(name, call)                                                                                              \
    static void run_##name(struct wire *w, union any_message *m)                                                       \
    {                                                                                                                  \
        call;                                                                                                          \
    }
CODEC(client_hello, wire_client_hello(w, &m->client_hello))
CODEC(server_hello, wire_server_hello(w, &m->server_hello))
CODEC(hello_request, wire_hello_request(w, m))
CODEC(server_hello_done, wire_server_hello_done(w, m))
CODEC(certificate, wire_certificate_12(w, &m->certificate))
CODEC(server_key_exchange, wire_server_key_exchange(w, &m->server_key_exchange))
CODEC(ecdhe_params, wire_exchange_params(w, &m->server_key_exchange))
CODEC(client_key_exchange, wire_client_key_exchange(w, &m->client_key_exchange))
CODEC(certificate_request, wire_certificate_request_12(w, &m->request))
CODEC(certificate_verify, wire_certificate_verify(w, &m->verify))
CODEC(certificate_status, wire_certificate_status(w, &m->status))
CODEC(new_session_ticket, wire_new_session_ticket_12(w, &m->ticket))
CODEC(finished, wire_finished(w, &m->finished))
CODEC(certificate_13, wire_certificate_13(w, &m->certificate))
CODEC(request_13, wire_certificate_request_13(w, &m->request_13))
CODEC(ticket_13, wire_new_session_ticket_13(w, &m->ticket_13))
CODEC(compressed, wire_compressed_certificate(w, &m->compressed))
CODEC(update, wire_key_update(w, &m->update))
CODEC(alert, wire_alert(w, &m->alert))
CODEC(ccs, wire_ccs(w, &m->ccs))
CODEC(record_header, wire_record_header(w, &m->record))
CODEC(header, wire_header(w, &m->header.type, &m->header.len))
CODEC(in_client_hello, wire_extensions(w, IN_CLIENT_HELLO, &m->extensions))
CODEC(in_server_hello, wire_extensions(w, IN_SERVER_HELLO, &m->extensions))
CODEC(in_encrypted, wire_extensions(w, IN_ENCRYPTED_EXTENSIONS, &m->extensions))
CODEC(in_certificate, wire_extensions(w, IN_CERTIFICATE, &m->extensions))
CODEC(in_request, wire_extensions(w, IN_CERTIFICATE_REQUEST, &m->extensions))
CODEC(in_ticket, wire_extensions(w, IN_NEW_SESSION_TICKET, &m->extensions))
CODEC(in_retry, wire_extensions(w, IN_HELLO_RETRY, &m->extensions))

/* The corpus of the fuzzer selects by position: add at the end. */
// clang-format off
const struct codec codecs[] = {
    {"ClientHello", MSG_CLIENT_HELLO, 0, IN_CLIENT_HELLO, run_client_hello},
    {"ServerHello", MSG_SERVER_HELLO, 0, IN_SERVER_HELLO, run_server_hello},
    {"HelloRequest", MSG_HELLO_REQUEST, 0, 0, run_hello_request},
    {"Certificate", MSG_CERTIFICATE, 0, 0, run_certificate},
    {"ServerKeyExchange (ECDHE)", MSG_SERVER_KEY_EXCHANGE, KX_ECDHE, 0, run_server_key_exchange},
    {"ServerKeyExchange (DHE)", MSG_SERVER_KEY_EXCHANGE, KX_DHE, 0, run_server_key_exchange},
    {"ServerKeyExchange (PSK)", MSG_SERVER_KEY_EXCHANGE, KX_PSK, 0, run_server_key_exchange},
    {"ServerKeyExchange (ECDHE_PSK)", MSG_SERVER_KEY_EXCHANGE, KX_ECDHE_PSK, 0, run_server_key_exchange},
    {"ServerKeyExchange (DHE_PSK)", MSG_SERVER_KEY_EXCHANGE, KX_DHE_PSK, 0, run_server_key_exchange},
    {"ServerKeyExchange (RSA_PSK)", MSG_SERVER_KEY_EXCHANGE, KX_RSA_PSK, 0, run_server_key_exchange},
    {"ServerKeyExchange (DH_anon)", MSG_SERVER_KEY_EXCHANGE, KX_DH_ANON, 0, run_server_key_exchange},
    {"ServerKeyExchange (ECDH_anon)", MSG_SERVER_KEY_EXCHANGE, KX_ECDH_ANON, 0, run_server_key_exchange},
    {"ServerKeyExchange (not known)", MSG_SERVER_KEY_EXCHANGE, KX_UNKNOWN, 0, run_server_key_exchange},
    {"CertificateRequest", MSG_CERTIFICATE_REQUEST, 0, 0, run_certificate_request},
    {"ServerHelloDone", MSG_SERVER_HELLO_DONE, 0, 0, run_server_hello_done},
    {"ClientKeyExchange (ECDHE)", MSG_CLIENT_KEY_EXCHANGE, KX_ECDHE, 0, run_client_key_exchange},
    {"ClientKeyExchange (DHE)", MSG_CLIENT_KEY_EXCHANGE, KX_DHE, 0, run_client_key_exchange},
    {"ClientKeyExchange (RSA)", MSG_CLIENT_KEY_EXCHANGE, KX_RSA, 0, run_client_key_exchange},
    {"ClientKeyExchange (PSK)", MSG_CLIENT_KEY_EXCHANGE, KX_PSK, 0, run_client_key_exchange},
    {"ClientKeyExchange (ECDHE_PSK)", MSG_CLIENT_KEY_EXCHANGE, KX_ECDHE_PSK, 0, run_client_key_exchange},
    {"ClientKeyExchange (DHE_PSK)", MSG_CLIENT_KEY_EXCHANGE, KX_DHE_PSK, 0, run_client_key_exchange},
    {"ClientKeyExchange (RSA_PSK)", MSG_CLIENT_KEY_EXCHANGE, KX_RSA_PSK, 0, run_client_key_exchange},
    {"ClientKeyExchange (DH_anon)", MSG_CLIENT_KEY_EXCHANGE, KX_DH_ANON, 0, run_client_key_exchange},
    {"ClientKeyExchange (ECDH_anon)", MSG_CLIENT_KEY_EXCHANGE, KX_ECDH_ANON, 0, run_client_key_exchange},
    {"ClientKeyExchange (not known)", MSG_CLIENT_KEY_EXCHANGE, KX_UNKNOWN, 0, run_client_key_exchange},
    {"CertificateVerify", MSG_CERTIFICATE_VERIFY, 0, 0, run_certificate_verify},
    {"CertificateStatus", MSG_CERTIFICATE_STATUS, 0, 0, run_certificate_status},
    {"NewSessionTicket", MSG_NEW_SESSION_TICKET, 0, 0, run_new_session_ticket},
    {"Finished", MSG_FINISHED, 0, 0, run_finished},
    {"Alert", UINT8_MAX, 0, 0, run_alert},
    {"ChangeCipherSpec", UINT8_MAX, 0, 0, run_ccs},
    {"record header", UINT8_MAX, 0, 0, run_record_header},
    {"handshake header", UINT8_MAX, 0, 0, run_header},
    {"ServerECDHParams", UINT8_MAX, KX_ECDHE, 0, run_ecdhe_params},
    {"extensions of a ClientHello", UINT8_MAX, 0, IN_CLIENT_HELLO, run_in_client_hello},
    {"extensions of a ServerHello", UINT8_MAX, 0, IN_SERVER_HELLO, run_in_server_hello},
    {"EncryptedExtensions", MSG_ENCRYPTED_EXTENSIONS, 0, IN_ENCRYPTED_EXTENSIONS, run_in_encrypted},
    {"extensions of a Certificate", UINT8_MAX, 0, IN_CERTIFICATE, run_in_certificate},
    {"extensions of a CertificateRequest", UINT8_MAX, 0, IN_CERTIFICATE_REQUEST, run_in_request},
    {"extensions of a NewSessionTicket", UINT8_MAX, 0, IN_NEW_SESSION_TICKET, run_in_ticket},
    {"extensions of a HelloRetryRequest", UINT8_MAX, 0, IN_HELLO_RETRY, run_in_retry},
    {"Certificate of TLS 1.3", UINT8_MAX, 0, IN_CERTIFICATE, run_certificate_13},
    {"CertificateRequest of TLS 1.3", UINT8_MAX, 0, IN_CERTIFICATE_REQUEST, run_request_13},
    {"NewSessionTicket of TLS 1.3", UINT8_MAX, 0, IN_NEW_SESSION_TICKET, run_ticket_13},
    {"CompressedCertificate", UINT8_MAX, 0, 0, run_compressed},
    {"KeyUpdate", UINT8_MAX, 0, 0, run_update},
};
// clang-format on
const size_t codecs_len = sizeof codecs / sizeof *codecs;

const struct codec *codec_for(uint8_t type, uint8_t kx)
{
    for (size_t i = 0; i < codecs_len; i++)
        if (codecs[i].type == type && (!codecs[i].kx || codecs[i].kx == kx))
            return &codecs[i];
    return NULL;
}

void codec_run(const struct codec *codec, struct wire *w, union any_message *m)
{
    if (codec->type == MSG_SERVER_KEY_EXCHANGE || codec->run == run_ecdhe_params)
        m->server_key_exchange.kx = codec->kx;
    if (codec->type == MSG_CLIENT_KEY_EXCHANGE)
        m->client_key_exchange.kx = codec->kx;
    codec->run(w, m);
}

const char *codec_check(const struct codec *codec, bytes in, bool *accepted)
{
    union any_message m, narrated;
    memset(&m, 0, sizeof m);
    memset(&narrated, 0, sizeof narrated);
    struct wire w = wire_reader(in);
    codec_run(codec, &w, &m);
    *accepted = wire_done(&w);
    if (w.bad && (!w.bad_where || !w.bad_why || w.reason == 0 || w.bad_at > in.len))
        return "the refusal does not say what, where and why";
    if (w.at > in.len || w.end != in.len)
        return "the cursor ends outside";

    struct account a;
    uint8_t *claimed = calloc(in.len + 1, 1);
    if (!claimed)
        return "no memory";
    account_start(&a, in, claimed);
    struct wire n = wire_narrating(in, &a.narrator);
    codec_run(codec, &n, &narrated);
    const char *wrong = a.wrong;
    if (!wrong && (n.bad != w.bad || n.at != w.at || n.bad_at != w.bad_at || n.reason != w.reason))
        wrong = "narrating gives another result than reading";
    if (!wrong && a.depth)
        wrong = "a block was entered and not left";
    for (size_t i = 0; i < in.len && !wrong; i++)
        if (claimed[i] > 1)
            wrong = "a byte belongs to two fields";
        else if (*accepted && !claimed[i])
            wrong = "a byte belongs to no field";
    free(claimed);
    if (!wrong && *accepted)
        wrong = round_trip(codec, in, &m);
    return wrong;
}

size_t codec_lengths(const struct codec *codec, bytes in, struct length_at *lengths, size_t max)
{
    union any_message m;
    memset(&m, 0, sizeof m);
    struct account a;
    uint8_t *claimed = calloc(in.len + 1, 1);
    if (!claimed)
        return 0;
    account_start(&a, in, claimed);
    a.lengths = lengths;
    a.max_lengths = max;
    struct wire n = wire_narrating(in, &a.narrator);
    codec_run(codec, &n, &m);
    free(claimed);
    return a.n_lengths;
}

/* Writing what was read gives the same bytes, and with a byte less of room it fails cleanly. */
static const char *round_trip(const struct codec *codec, bytes in, union any_message *m)
{
    if (drops_something(codec, m))
        return NULL;
    uint8_t *out = malloc(in.len + 1);
    if (!out)
        return "no memory";
    const char *wrong = NULL;
    union any_message before = *m;
    struct wire w = wire_writer(out, in.len);
    codec_run(codec, &w, m);
    if (!wire_done(&w))
        wrong = "what was read can't be written";
    else if (w.at != in.len || !bytes_equal(bytes_of(out, w.at), in))
        wrong = "writing gives other bytes than were read";
    else if (memcmp(&before, m, sizeof before) != 0)
        wrong = "writing changed the message";
    if (!wrong && in.len > 0) {
        w = wire_writer(out, in.len - 1);
        codec_run(codec, &w, m);
        if (wire_done(&w) || w.at > in.len - 1)
            wrong = "writing into too little room was not refused";
    }
    free(out);
    return wrong;
}

/* Names of other types in server_name are read over and not kept; nothing else is. */
static bool drops_something(const struct codec *codec, const union any_message *m)
{
    if (codec->type == MSG_CLIENT_HELLO)
        return m->client_hello.extensions.other_names;
    return codec->run == run_in_client_hello && m->extensions.other_names;
}

/* ---- the account ---- */

static void claim(struct account *a, size_t offset, size_t len)
{
    size_t start = a->depth ? a->open[a->depth - 1].start : 0, end = a->depth ? a->open[a->depth - 1].end : a->in.len;
    if (offset < start || offset > end || len > end - offset) {
        a->wrong = "a field lies outside its block";
        return;
    }
    for (size_t i = 0; i < len; i++)
        if (a->claimed[offset + i] < 2)
            a->claimed[offset + i]++;
}

static void note_length(struct account *a, size_t at, uint8_t size)
{
    if (a->n_lengths < a->max_lengths)
        a->lengths[a->n_lengths++] = (struct length_at){at, size};
}

static void on_field(struct narrator *n, const struct wire_field *f)
{
    struct account *a = (struct account *)(void *)n;
    claim(a, f->offset, f->len);
    if (a->wrong)
        return;
    if (!f->name || f->len == 0 || f->prefix + f->value.len != f->len)
        a->wrong = "a field has no name, no bytes, or a value of another length";
    else if (f->value.len && f->value.data != a->in.data + f->offset + f->prefix)
        a->wrong = "a field's value is not where the field is";
    if (f->kind == FIELD_NUMBER) {
        uint64_t number = 0;
        for (size_t i = 0; i < f->value.len; i++)
            number = number << 8 | f->value.data[i];
        if (number != f->number)
            a->wrong = "a field's number is not its bytes";
        if (strcmp(f->name, "length") == 0)
            note_length(a, f->offset, (uint8_t)f->len);
    }
    if (f->prefix)
        note_length(a, f->offset, f->prefix);
}

static void on_enter(struct narrator *n, const struct wire_field *f)
{
    struct account *a = (struct account *)(void *)n;
    claim(a, f->offset, f->prefix);
    if (a->wrong)
        return;
    if (a->depth == DEPTH || !f->name || (f->kind != FIELD_LIST && f->kind != FIELD_STRUCT)) {
        a->wrong = "a block is nested too deeply, has no name, or is no list or struct";
        return;
    }
    size_t outer = a->depth ? a->open[a->depth - 1].end : a->in.len;
    a->open[a->depth].start = f->offset;
    a->open[a->depth].end = f->len ? f->offset + f->len : outer;
    if (a->open[a->depth++].end > outer)
        a->wrong = "a block is longer than what encloses it";
    if (f->prefix)
        note_length(a, f->offset, f->prefix);
}

static void on_leave(struct narrator *n, size_t end)
{
    struct account *a = (struct account *)(void *)n;
    if (a->depth == 0) {
        a->wrong = "a block was left that had not been entered";
        return;
    }
    a->depth--;
    if (end < a->open[a->depth].start || end > a->open[a->depth].end)
        a->wrong = "a block ends outside itself";
}

static void account_start(struct account *a, bytes in, uint8_t *claimed)
{
    *a = (struct account){.narrator = {on_field, on_enter, on_leave}, .in = in, .claimed = claimed};
}
