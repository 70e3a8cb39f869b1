/* record/frame.c: where a record begins and ends, and whether it can be one: RFC 5246 6.2.

   Everything is judged as early as it can be: the type from the first byte, version and length from the header. The
   first bytes of a connection get a closer look, because what is not TLS is nearly always one of a few protocols in the
   clear; saying which one saves the user the search. */
#include "base/error.h"
#include "record/record.h"

static void say_what_it_is(bytes in, fede_error *error);
static bool starts_like(bytes in, const char *text);
static bool is_ssl2_hello(bytes in);
static bool header_is_good(const struct record_header *header, bool protect, uint16_t version, fede_error *error);

enum frame_outcome frame_next(bytes in, bool first, bool protect, uint16_t version, struct frame *out, size_t *need,
                              fede_error *error)
{
    *need = RECORD_HEADER;
    if (in.len == 0)
        return FRAME_MORE;
    if (in.data[0] < CONTENT_CCS || in.data[0] > CONTENT_DATA) {
        if (first && in.len < RECORD_HEADER)
            return FRAME_MORE; /* a word or two more, to say what it is */
        if (first)
            say_what_it_is(in, error);
        else
            error_set(error, FEDE_RECORD_TYPE, FEDE_ORIGIN_US, "record.type", in.data[0], 0);
        return FRAME_BAD;
    }
    if (in.len < RECORD_HEADER)
        return FRAME_MORE;
    if (first && in.data[1] != 3) {
        error_set(error, FEDE_NOT_TLS, FEDE_ORIGIN_US, "first bytes", load32(in.data), 0);
        return FRAME_BAD;
    }
    struct record_header header = {.type = in.data[0], .version = load16(in.data + 1), .len = load16(in.data + 3)};
    if (!header_is_good(&header, protect, version, error))
        return FRAME_BAD;
    *out = (struct frame){.header = header, .total = RECORD_HEADER + (size_t)header.len};
    *need = out->total;
    return in.len < out->total ? FRAME_MORE : FRAME_WHOLE;
}

static bool header_is_good(const struct record_header *header, bool protect, uint16_t version, fede_error *error)
{
    const int64_t most = protect ? RECORD_CIPHER_MAX : RECORD_PLAIN_MAX;
    if (version != 0 ? header->version != version : header->version >> 8 != 3)
        return error_set(error, FEDE_RECORD_VERSION, FEDE_ORIGIN_US, "record.version", header->version,
                         version != 0 ? version : 0x0303);
    if (header->len > most)
        return error_set(error, FEDE_RECORD_OVERFLOW, FEDE_ORIGIN_US, "record.length", header->len, most);
    if (header->len == 0 && !protect && header->type != CONTENT_DATA)
        return error_set(error, FEDE_RECORD_EMPTY, FEDE_ORIGIN_US, "record.length", header->type, 1);
    return true;
}

/* ---- What is not TLS. */

// clang-format off
static const struct {
    const char *start;
    fede_reason reason;
    const char *what;
} foreign[] = {
    {"HTTP/",     FEDE_PLAIN_HTTP,  "an HTTP answer (\"HTTP/…\")"},
    {"GET ",      FEDE_PLAIN_HTTP,  "an HTTP request (\"GET …\")"},
    {"POST ",     FEDE_PLAIN_HTTP,  "an HTTP request (\"POST …\")"},
    {"HEAD ",     FEDE_PLAIN_HTTP,  "an HTTP request (\"HEAD …\")"},
    {"PUT ",      FEDE_PLAIN_HTTP,  "an HTTP request (\"PUT …\")"},
    {"DELETE",    FEDE_PLAIN_HTTP,  "an HTTP request (\"DELETE …\")"},
    {"OPTIO",     FEDE_PLAIN_HTTP,  "an HTTP request (\"OPTIONS …\")"},
    {"CONNE",     FEDE_PLAIN_HTTP,  "an HTTP request to a proxy (\"CONNECT …\")"},
    {"PATCH",     FEDE_PLAIN_HTTP,  "an HTTP request (\"PATCH …\")"},
    {"TRACE",     FEDE_PLAIN_HTTP,  "an HTTP request (\"TRACE …\")"},
    {"PRI *",     FEDE_PLAIN_HTTP,  "an HTTP/2 preface in the clear (\"PRI * HTTP/2.0\")"},
    {"<html",     FEDE_PLAIN_HTTP,  "an HTML page (\"<html\")"},
    {"<!DOC",     FEDE_PLAIN_HTTP,  "an HTML page (\"<!DOCTYPE\")"},
    {"SSH-",      FEDE_PLAIN_OTHER, "SSH (\"SSH-…\")"},
    {"220 ",      FEDE_PLAIN_OTHER, "the greeting of SMTP or FTP (\"220 …\")"},
    {"220-",      FEDE_PLAIN_OTHER, "the greeting of SMTP or FTP (\"220-…\")"},
    {"421 ",      FEDE_PLAIN_OTHER, "a refusal of SMTP or FTP (\"421 …\")"},
    {"554 ",      FEDE_PLAIN_OTHER, "a refusal of SMTP (\"554 …\")"},
    {"EHLO ",     FEDE_PLAIN_OTHER, "SMTP (\"EHLO …\")"},
    {"HELO ",     FEDE_PLAIN_OTHER, "SMTP (\"HELO …\")"},
    {"+OK",       FEDE_PLAIN_OTHER, "the greeting of POP3 (\"+OK …\")"},
    {"* OK",      FEDE_PLAIN_OTHER, "the greeting of IMAP (\"* OK …\")"},
    {"* PRE",     FEDE_PLAIN_OTHER, "the greeting of IMAP (\"* PREAUTH …\")"},
    {"* BYE",     FEDE_PLAIN_OTHER, "a refusal of IMAP (\"* BYE …\")"},
    {"200 ",      FEDE_PLAIN_OTHER, "the greeting of NNTP (\"200 …\")"},
    {"201 ",      FEDE_PLAIN_OTHER, "the greeting of NNTP (\"201 …\")"},
    {"<?xml",     FEDE_PLAIN_OTHER, "XMPP (\"<?xml…\")"},
    {"<stre",     FEDE_PLAIN_OTHER, "XMPP (\"<stream…\")"},
    {"RFB 0",     FEDE_PLAIN_OTHER, "VNC (\"RFB …\")"},
    {"-ERR",      FEDE_PLAIN_OTHER, "POP3 or Redis (\"-ERR …\")"},
    {"PROXY",     FEDE_PLAIN_OTHER, "the PROXY protocol (\"PROXY …\")"},
};
// clang-format on

static void say_what_it_is(bytes in, fede_error *error)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (!starts_like(in, foreign[i].start))
            continue;
        error_set(error, foreign[i].reason, FEDE_ORIGIN_US, "first bytes", load32(in.data), 0);
        if (error->detail == NULL)
            error->detail = foreign[i].what;
        return;
    }
    error_set(error, is_ssl2_hello(in) ? FEDE_SSL2_HELLO : FEDE_NOT_TLS, FEDE_ORIGIN_US, "first bytes", load32(in.data),
              0);
}

/* Letters in either case: HTTP/1.0 servers and mail servers vary. */
static bool starts_like(bytes in, const char *text)
{
    size_t n = strlen(text);
    if (n > in.len)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t got = in.data[i], want = (uint8_t)text[i];
        bool letter = (want | 0x20) >= 'a' && (want | 0x20) <= 'z';
        if (letter ? (got | 0x20) != (want | 0x20) : got != want)
            return false;
    }
    return true;
}

/* Two bytes of length with the top bit set, message type 1, version (RFC 5246 E.2). */
static bool is_ssl2_hello(bytes in)
{
    return in.len >= 5 && (in.data[0] & 0x80) != 0 && in.data[2] == 1 &&
           ((in.data[3] == 0 && in.data[4] == 2) || (in.data[3] == 3 && in.data[4] <= 4));
}
