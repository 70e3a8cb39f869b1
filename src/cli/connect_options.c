/* cli/connect_options.c: the options of `fede connect`, and what each does to the settings.

   Options with curl's names mean what they mean in curl 7.88, those with s_client's names what they mean there. Options
   that belong to parts of TLS or HTTP that fede does not do yet have a refusal. -q is fede's "quiet", not curl's. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/connect.h"
#include "cli/starttls.h"
#include "cli/write_out.h"

/* clang-format off */
enum key {
    HEAD = 1, METHOD, FIELD, AGENT, REFERER, COOKIE, RANGE, USER, DATA, DATA_RAW, DATA_BINARY, UPLOAD, GET, FOLLOW, REDIRECTS, FAIL,
    HTTP1, HTTP2, COMPRESSED, OUTPUT, REMOTE_NAME, INCLUDE, WRITE_OUT, SILENT, SHOW_ERROR,
    MAX_TIME, CONNECT_TIMEOUT, IPV4, IPV6, RESOLVE, CONNECT_TO, UNIX_SOCKET, INTERFACE, PROXY, NO_PROXY, PROXY_USER, STARTTLS,
    INSECURE, CACERT, CAPATH, VERIFY_NAME, VERIFY_IP, AT_TIME, SHOW_CERTIFICATES, TLS12, TLS_MAX, CIPHERS, GROUPS, SCHEMES,
    ALPN, NO_ALPN, SERVER_NAME, NO_SERVER_NAME, NO_EMS, MAX_FRAGMENT, KEYLOG, SESSION_OUT, SESSION_IN, RECONNECT, NO_TICKET,
    STATUS, CERT_STATUS, OCSP, CRL_FILE, REVOCATION, FALSE_START, RENEGOTIATE, RECORD_LIMIT, FRAGMENT_LENGTH, SCT, CT_LOGS,
    REPORT, DIAGRAM, CERT, KEY, PASS, FILE_FORM, EXPORT, EXPORT_LEN,
    INTERACTIVE, LINGER, CRLF, REFUSED
};

#define LATER_TLS13 "this version of fede speaks TLS 1.2 only"
#define LATER_OLD "TLS 1.0 and 1.1 are not secure (RFC 8996) and fede does not speak them"
#define LATER_STORY "this version of fede does not write this form of the story; --json saves it"

static const struct option_row options[] = {
    {"head",            'I', HEAD,        NULL,        "Request", "Ask for the head only (HEAD) and print it."},
    {"request",         'X', METHOD,      "METHOD",    NULL, "Use METHOD instead of GET."},
    {"header",          'H', FIELD,       "FIELD",     NULL, "Send \"Name: value\"; \"Name:\" leaves a field out; @FILE reads one from each line."},
    {"data",            'd', DATA,        "DATA",      NULL, "Send DATA as a form (POST); @FILE reads it, without line ends; several are joined by &."},
    {"data-ascii",       0,  DATA,        "DATA",      NULL, "The same as --data."},
    {"data-raw",         0,  DATA_RAW,    "DATA",      NULL, "As --data, but a leading @ means nothing."},
    {"data-binary",      0,  DATA_BINARY, "DATA",      NULL, "As --data, but @FILE is sent as it is."},
    {"upload-file",     'T', UPLOAD,      "FILE",      NULL, "Send FILE (PUT); - is standard input."},
    {"get",             'G', GET,         NULL,        NULL, "Put the data of --data into the URL's query."},
    {"user-agent",      'A', AGENT,       "NAME",      NULL, "Send NAME as User-Agent."},
    {"referer",         'e', REFERER,     "URL",       NULL, "Send URL as Referer."},
    {"cookie",          'b', COOKIE,      "NAME=VALUE", NULL, "Send this Cookie."},
    {"range",           'r', RANGE,       "RANGE",     NULL, "Ask for a part: 0-99."},
    {"user",            'u', USER,        "USER:PASSWORD", NULL, "Authenticate with the Basic scheme (RFC 7617)."},
    {"location",        'L', FOLLOW,      NULL,        NULL, "Follow redirects."},
    {"max-redirs",       0,  REDIRECTS,   "NUMBER",    NULL, "Follow at most NUMBER redirects; without it 30."},
    {"fail",            'f', FAIL,        NULL,        NULL, "Exit with code 8, without content, when the status is 400 or higher."},
    {"http1.1",          0,  HTTP1,       NULL,        NULL, "Offer only HTTP/1.1."},
    {"http2",            0,  HTTP2,       NULL,        NULL, "Offer HTTP/2 and HTTP/1.1 (so it is without options)."},
    {"compressed",       0,  COMPRESSED,  NULL,        NULL, "Accepted for curl's sake: the answer is asked for as it is, not compressed."},

    {"output",          'o', OUTPUT,      "FILE",      "Data", "Write the content to FILE; - is standard output, even when it is binary."},
    {"remote-name",     'O', REMOTE_NAME, NULL,        NULL, "Write the content to a file named as the last part of the URL."},
    {"include",         'i', INCLUDE,     NULL,        NULL, "Print the answer's head before its content."},
    {"write-out",       'w', WRITE_OUT,   "FORMAT",    NULL, "Print FORMAT when all is done, with %{time_total} and the like; see fede --help times."},
    {"silent",          's', SILENT,      NULL,        NULL, "No story, no progress, no errors."},
    {"show-error",      'S', SHOW_ERROR,  NULL,        NULL, "With -s: errors all the same."},

    {"max-time",        'm', MAX_TIME,    "SECONDS",   "The way there", "Most time for everything."},
    {"connect-timeout",  0,  CONNECT_TIMEOUT, "SECONDS", NULL, "Most time until the TLS handshake is complete; without it 300."},
    {"ipv4",            '4', IPV4,        NULL,        NULL, "Use IPv4 addresses only."},
    {"ipv6",            '6', IPV6,        NULL,        NULL, "Use IPv6 addresses only."},
    {"resolve",          0,  RESOLVE,     "HOST:PORT:ADDRESS", NULL, "Take this ADDRESS for HOST:PORT; * stands for any host."},
    {"connect-to",       0,  CONNECT_TO,  "HOST1:PORT1:HOST2:PORT2", NULL, "Connect to HOST2:PORT2 where HOST1:PORT1 is meant; empty parts fit everything."},
    {"unix-socket",      0,  UNIX_SOCKET, "FILE",      NULL, "Connect through this socket in the file system."},
    {"interface",        0,  INTERFACE,   "NAME",      NULL, "Go out by this interface or own address."},
    {"proxy",           'x', PROXY,       "PROXY",   NULL, "Go through this HTTP proxy, [http://][USER:PASSWORD@]HOST[:PORT]; without it https_proxy and the like are used."},
    {"noproxy",          0,  NO_PROXY,    "HOST,HOST…", NULL, "No proxy for these hosts and their subdomains; * for all."},
    {"proxy-user",      'U', PROXY_USER,  "USER:PASSWORD", NULL, "Credentials for the proxy."},
    {"starttls",         0,  STARTTLS,    "PROTOCOL",  NULL, "Begin in the clear with PROTOCOL and start TLS there; see fede --help starttls."},

    {"insecure",        'k', INSECURE,    NULL,        "TLS", "Go on with whoever answers: unauthenticated encryption (RFC 7435). Anyone on the way can read and alter everything."},
    {"cacert",           0,  CACERT,      "FILE",      NULL, "Trust the certificates in FILE (PEM or DER) instead of the system's; repeatable."},
    {"capath",           0,  CAPATH,      "DIRECTORY", NULL, "Trust the certificates in DIRECTORY instead of the system's; repeatable."},
    {"verify-hostname",  0,  VERIFY_NAME, "NAME",      NULL, "The certificate must be for NAME instead of the URL's host."},
    {"verify-ip",        0,  VERIFY_IP,   "ADDRESS",   NULL, "The certificate must be for this IP address."},
    {"attime",           0,  AT_TIME,     "TIME",      NULL, "Judge certificates as of TIME: seconds since 1970 or 2026-05-01T12:00:00Z."},
    {"status",           0,  STATUS,      NULL,        NULL, "Ask the server for an OCSP response (stapling, RFC 6066 8) and judge the certificate by it; one that promises a response must come with it."},
    {"status-request",   0,  STATUS,      NULL,        NULL, "The same as --status."},
    {"cert-status",      0,  CERT_STATUS, NULL,        NULL, "As --status, and refuse a server without a good response (--revocation leaf)."},
    {"crl",              0,  CRL_FILE,    "FILE",      NULL, "Judge certificates by the revocation lists in FILE (PEM or DER); repeatable. With one, every certificate of the path must be covered."},
    {"crlfile",          0,  CRL_FILE,    "FILE",      NULL, "The same as --crl."},
    {"ocsp",             0,  OCSP,        NULL,        NULL, "Ask the responder that the server's certificate names, over HTTP, and judge by its answer; without a good one the certificate is refused, unless --revocation is soft. A response that the server sends (--status) spares that."},
    {"revocation",       0,  REVOCATION,  "HOW",       NULL, "What an unknown revocation status means: soft: nothing; leaf: the server's own certificate is refused; hard: any of the path is. Without it what was given must count."},
    {"sct",              0,  SCT,         NULL,        NULL, "Ask the server for timestamps of logs (Certificate Transparency, RFC 6962)."},
    {"ct-logs",          0,  CT_LOGS,     "FILE",      NULL, "Judge timestamps by the list of logs in FILE (log_list.json, version 3): each is told as verified, failed, or of an unknown log. They refuse nothing."},
    {"false-start",      0,  FALSE_START, NULL,        NULL, "Send the request before the server's Finished has come: a round trip less (RFC 7918)."},
    {"renegotiate",      0,  RENEGOTIATE, "[=NUMBER]", NULL, "When the server asks for it, negotiate anew, NUMBER times at most, once without it; else it gets the warning no_renegotiation."},
    {"showcerts",        0,  SHOW_CERTIFICATES, NULL,  NULL, "Print the server's certificates in PEM, in the story."},
    {"servername",       0,  SERVER_NAME, "NAME",      NULL, "Send NAME as server_name (SNI) instead of the URL's host."},
    {"noservername",     0,  NO_SERVER_NAME, NULL,     NULL, "Send no server_name (SNI)."},
    {"alpn",             0,  ALPN,        "NAME,NAME…", NULL, "Offer these application protocols instead of h2,http/1.1."},
    {"no-alpn",          0,  NO_ALPN,     NULL,        NULL, "Offer no application protocols."},
    {"tlsv1.2",          0,  TLS12,       NULL,        NULL, "TLS 1.2 or higher (so it is without options)."},
    {"tlsv1",           '1', TLS12,       NULL,        NULL, "TLS 1 or higher: in fede that is 1.2."},
    {"tls-max",          0,  TLS_MAX,     "VERSION",   NULL, "Highest version: 1.2, 1.3 or default."},
    {"ciphers",          0,  CIPHERS,     "LIST",      NULL, "Offer these cipher suites, best first; names by : or comma; see fede --help ciphers."},
    {"groups",           0,  GROUPS,      "LIST",      NULL, "Offer these groups for the key exchange."},
    {"curves",           0,  GROUPS,      "LIST",      NULL, "The same as --groups."},
    {"sigalgs",          0,  SCHEMES,     "LIST",      NULL, "Accept these signature schemes."},
    LEGACY_ROWS,
    {"no-ems",           0,  NO_EMS,      NULL,        NULL, "Do without the extended master secret (RFC 7627), to show the classic form."},
    {"max-fragment",     0,  MAX_FRAGMENT, "BYTES",    NULL, "Put at most BYTES, 64 to 16384, into one record."},
    {"record-size-limit", 0, RECORD_LIMIT, "BYTES",    NULL, "Ask the server for records of at most BYTES, 64 to 16384 (RFC 8449)."},
    {"max-fragment-length", 0, FRAGMENT_LENGTH, "BYTES", NULL, "Ask for records of at most 512, 1024, 2048 or 4096 BYTES both ways (RFC 6066 4)."},
    {"keylog",           0,  KEYLOG,      "FILE",      NULL, "Append the connection's secrets to FILE (SSLKEYLOGFILE format), for Wireshark and fede explain."},
    {"diagram",          0,  DIAGRAM,     NULL,        NULL, "Tell the story as a sequence diagram, when all is done: who says what when, round trips."},
    {"report",           0,  REPORT,      "FILE",      NULL, "Write the story as one HTML page to FILE: every byte with its meaning, for any browser, without network."},
    {"sess-out",         0,  SESSION_OUT, "FILE",      NULL, "Write the session to FILE, to be resumed later with --sess-in. It holds the master secret: the file is for your eyes only."},
    {"sess-in",          0,  SESSION_IN,  "FILE",      NULL, "Resume the session in FILE if it fits this server, name and policy; else there is a full handshake, and the story says why."},
    {"reconnect",        0,  RECONNECT,   "[=NUMBER]", NULL, "Connect NUMBER more times, 5 without it, each time resuming the session before; only the handshake, nothing is asked for."},
    {"no-ticket",        0,  NO_TICKET,   NULL,        NULL, "With these three: ask for no ticket (RFC 5077), use session ids only."},

    {"cert",            'E', CERT,        "FILE",      NULL, "Show this certificate, with its chain (PEM, DER, PKCS#12, or pkcs11:… on a token), when the server asks for one; repeatable with --key: then the first that fits what the server names."},
    {"key",              0,  KEY,         "FILE",      NULL, "Private key of the --cert before it, a file or pkcs11:… on a token; without it the key is looked for where the certificate is."},
    {"pass",             0,  PASS,        "SOURCE",    NULL, "What opens the --cert before it, if it is encrypted, or its token's PIN: env:NAME, file:FILE (its first line), or the password itself, as curl takes it."},
    {"cert-type",        0,  FILE_FORM,   "FORM",      NULL, "PEM, DER or P12; fede sees which it is."},
    {"key-type",         0,  FILE_FORM,   "FORM",      NULL, "The same."},
    {"keymatexport",     0,  EXPORT,      "LABEL",     NULL, "After the handshake print what is exported under LABEL (RFC 5705) in hex, in the story: a secret of this connection."},
    {"keymatexportlen",  0,  EXPORT_LEN,  "BYTES",     NULL, "So many bytes of it; without it 20."},

    {"interactive",      0,  INTERACTIVE, NULL,        "Raw connection (HOST:PORT)", "Keep the connection after the end of standard input for as long as the peer does."},
    {"linger",           0,  LINGER,      "SECONDS",   NULL, "After the end of standard input: close when the peer was silent for SECONDS; without it 2."},
    {"crlf",             0,  CRLF,        NULL,        NULL, "Send CR LF for each LF of standard input."},

    {"tlsv1.0",          0,  REFUSED,     NULL,        NULL, "", LATER_OLD},
    {"tlsv1.1",          0,  REFUSED,     NULL,        NULL, "", LATER_OLD},
    {"sslv2",           '2', REFUSED,     NULL,        NULL, "", "SSL 2.0 must not be used (RFC 6176) and fede does not speak it"},
    {"sslv3",           '3', REFUSED,     NULL,        NULL, "", "SSL 3.0 must not be used (RFC 7568) and fede does not speak it"},
    {"tlsv1.3",          0,  REFUSED,     NULL,        NULL, "", LATER_TLS13},
    {"tls13-ciphers",    0,  REFUSED,     "LIST",      NULL, "", LATER_TLS13},
    {"early-data",       0,  REFUSED,     "FILE",      NULL, "", LATER_TLS13},
    {"key-update",       0,  REFUSED,     NULL,        NULL, "", LATER_TLS13},
    {"pinnedpubkey",     0,  REFUSED,     "HASHES",    NULL, "", "this version of fede does not pin keys"},
    {"psk",              0,  REFUSED,     "KEY",       NULL, "", "this version of fede has no pre-shared keys"},
    {"psk-identity",     0,  REFUSED,     "NAME",      NULL, "", "this version of fede has no pre-shared keys"},
    {"fallback-scsv",    0,  REFUSED,     NULL,        NULL, "", LATER_TLS13},
    {"record-split",     0,  REFUSED,     "BYTES",     NULL, "", "--max-fragment says how long records may be"},
    {"capture",          0,  REFUSED,     "FILE",      NULL, "", LATER_STORY},
    {"trace",            0,  REFUSED,     "FILE",      NULL, "", "write -vvv --stderr FILE instead"},
    {"trace-ascii",      0,  REFUSED,     "FILE",      NULL, "", "write -vvv --stderr FILE instead"},
    {"http1.0",         '0', REFUSED,     NULL,        NULL, "", "fede asks with HTTP/1.1 or HTTP/2"},
    {"http3",            0,  REFUSED,     NULL,        NULL, "", "HTTP/3 runs over QUIC, which fede does not speak"},
    {"http2-prior-knowledge", 0, REFUSED, NULL,        NULL, "", "fede speaks HTTP/2 only where ALPN agreed on it"},
    {"form",            'F', REFUSED,     "FIELD",     NULL, "", "fede sends no multipart forms; --data-binary @FILE with a Content-Type sends a ready one"},
    {"data-urlencode",   0,  REFUSED,     "DATA",      NULL, "", "encode the data and give it with --data"},
    {"cookie-jar",      'c', REFUSED,     "FILE",      NULL, "", "fede keeps no cookies"},
    {"digest",           0,  REFUSED,     NULL,        NULL, "", "fede authenticates with the Basic scheme only"},
    {"negotiate",        0,  REFUSED,     NULL,        NULL, "", "fede authenticates with the Basic scheme only"},
    {"ntlm",             0,  REFUSED,     NULL,        NULL, "", "fede authenticates with the Basic scheme only"},
    {"config",          'K', REFUSED,     "FILE",      NULL, "", "fede reads no configuration file"},
    {"socks5",           0,  REFUSED,     "HOST",      NULL, "", "only HTTP proxies are supported"},
    {"socks5-hostname",  0,  REFUSED,     "HOST",      NULL, "", "only HTTP proxies are supported"},
    {"retry",            0,  REFUSED,     "NUMBER",    NULL, "", "fede tries once, so that every attempt is seen"},
};
/* clang-format on */

const struct command connect_command = {
    .name = "connect",
    .synopsis = "URL | HOST[:PORT]",
    .summary = "Connect as a client, show the connection, and ask for a URL or pass bytes.",
    .examples = "  fede connect https://www.example.org/            a page, and the story\n"
                "  fede connect -vv --head https://localhost:8443/  every field of every message\n"
                "  fede connect -q https://www.example.org/ >page   only the data, and failures\n"
                "  fede connect --cacert ca.pem localhost:8443      raw: type what is to be sent\n"
                "  fede connect --starttls smtp mail.example.org    TLS after SMTP's STARTTLS\n"
                "  fede connect --json https://www.example.org/ >page 2>story.json\n",
    .notes = "The data goes to standard output, the story to standard error. Its last line is "
             "the exit code with its reason. The certificate is always verified, unless -k is "
             "given. Environment: SSLKEYLOGFILE, https_proxy, http_proxy, all_proxy, no_proxy, "
             "NO_COLOR, CLICOLOR_FORCE.\n",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .take = connect_take,
    .run = connect_run,
};

static bool take_request(struct connect_settings *set, const struct option_row *row, const char *value,
                         struct text *why);
static bool take_way(struct connect_settings *set, const struct option_row *row, const char *value, struct text *why);
static bool take_tls(struct connect_settings *set, const struct option_row *row, const char *value, struct text *why);
static bool add_data(struct connect_settings *set, int key, const char *value, struct text *why);
static bool add_text(const char **list, size_t *n, size_t most, const char *value, struct text *why);
static bool take_alpn(struct connect_settings *set, const char *value, struct text *why);
static bool take_revocation(struct connect_settings *set, const char *value, struct text *why);

void connect_defaults(struct connect_settings *set)
{
    *set =
        (struct connect_settings){.redirects_most = 30, .connect_ms = 300000, .at_time = INT64_MIN, .linger_ms = 2000};
    story_defaults(&set->story);
}

void connect_settings_free(struct connect_settings *set)
{
    free(set->body);
    set->body = NULL;
}

bool connect_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct connect_settings *set = settings;

    if (row->key >= OPTION_HELP)
        return story_option(&set->story, row, value, why);
    bool taken;
    if (legacy_option(&set->legacy, row, value, why, &taken))
        return taken;
    if (row->key <= SHOW_ERROR)
        return take_request(set, row, value, why);
    return row->key <= STARTTLS ? take_way(set, row, value, why) : take_tls(set, row, value, why);
}

static bool take_request(struct connect_settings *set, const struct option_row *row, const char *value,
                         struct text *why)
{
    const char *name;
    size_t len;

    set->wants_http |= row->key < OUTPUT || row->key == REMOTE_NAME || row->key == INCLUDE;
    switch (row->key) {
    case HEAD:
        return set->head = true;
    case METHOD:
        set->method = value;
        if (!*value ||
            value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")]) {
            text_format(why, "\"%s\" is no method (RFC 9110 5.6.2)", value);
            return false;
        }
        return true;
    case FIELD:
        if (strpbrk(value, "\r\n") || (value[0] != '@' && (!strpbrk(value, ":;") || value[0] == ':'))) {
            text_add(why, "a field is written \"Name: value\", without line ends");
            return false;
        }
        return add_text(set->fields, &set->n_fields, FIELDS_GIVEN_MOST, value, why);
    case AGENT:
        set->agent = value;
        return true;
    case REFERER:
        set->referer = value;
        return true;
    case COOKIE:
        set->cookie = value;
        if (!strchr(value, '=')) {
            text_add(why, "fede reads no cookie files; write NAME=VALUE");
            return false;
        }
        return true;
    case RANGE:
        set->range = value;
        return true;
    case USER:
        set->user = value;
        return true;
    case DATA:
    case DATA_RAW:
    case DATA_BINARY:
    case UPLOAD:
        return add_data(set, row->key, value, why);
    case GET:
        return set->get = true;
    case FOLLOW:
        return set->follow = true;
    case REDIRECTS:
        return value_number(value, 0, 1000, &set->redirects_most, why);
    case FAIL:
        return set->fail = true;
    case HTTP1:
        return set->http1 = true;
    case HTTP2:
        return set->http2 = true;
    case COMPRESSED:
        return set->compressed = true;
    case OUTPUT:
        set->output = value;
        return true;
    case REMOTE_NAME:
        return set->remote_name = true;
    case INCLUDE:
        return set->include = true;
    case WRITE_OUT:
        set->write_out = value;
        if (!write_out_check(value, &name, &len)) {
            text_format(why, "there is no variable %%{%.*s}; fede --help times lists them", (int)len, name);
            return false;
        }
        return true;
    case SILENT:
        return set->silent = true;
    case SHOW_ERROR:
        return set->show_error = true;
    }
    return false;
}

/* curl's rules: -d @FILE without line ends and NULs, several joined by &. */
static bool add_data(struct connect_settings *set, int key, const char *value, struct text *why)
{
    bool file = key == UPLOAD || (key != DATA_RAW && value[0] == '@');
    size_t len = strlen(value), kept = 0;
    char *data = file ? value_file(value + (key != UPLOAD), (size_t)1 << 31, &len, why) : strdup(value);

    if (!data)
        return false;
    for (size_t i = 0; file && key == DATA && i < len; i++) {
        if (data[i] != '\r' && data[i] != '\n' && data[i])
            data[kept++] = data[i];
    }
    if (file && key == DATA)
        len = kept;
    bool joined = set->body && key != UPLOAD;
    char *all = realloc(set->body, set->body_len + len + 2);
    if (!all) {
        free(data);
        text_add(why, "no memory left");
        return false;
    }
    set->body = all;
    if (joined)
        all[set->body_len++] = '&';
    bytes_copy(all + set->body_len, data, len);
    set->body_len += len;
    all[set->body_len] = 0;
    free(data);
    set->upload |= key == UPLOAD;
    return true;
}

static bool take_way(struct connect_settings *set, const struct option_row *row, const char *value, struct text *why)
{
    switch (row->key) {
    case MAX_TIME:
        return value_seconds(value, &set->max_ms, why);
    case CONNECT_TIMEOUT:
        return value_seconds(value, &set->connect_ms, why);
    case IPV4:
        set->family = AF_INET;
        return true;
    case IPV6:
        set->family = AF_INET6;
        return true;
    case RESOLVE:
        return resolve_check_fixed(value, why) && add_text(set->fixed, &set->n_fixed, FIXED_MOST, value, why);
    case CONNECT_TO:
        return add_text(set->detours, &set->n_detours, FIXED_MOST, value, why);
    case UNIX_SOCKET:
        set->unix_socket = value;
        return true;
    case INTERFACE:
        set->interface = value;
        return true;
    case PROXY:
        set->proxy = value;
        return true;
    case NO_PROXY:
        set->no_proxy = value;
        return true;
    case PROXY_USER:
        set->proxy_user = value;
        return true;
    case STARTTLS:
        set->starttls = value;
        if (!starttls_port(value)) {
            text_format(why, "there is no protocol \"%s\"; fede --help starttls lists them", value);
            return false;
        }
        return true;
    }
    return false;
}

static bool take_tls(struct connect_settings *set, const struct option_row *row, const char *value, struct text *why)
{
    uint8_t raw[16];

    switch (row->key) {
    case INSECURE:
        return set->insecure = true;
    case CACERT:
        return add_text(set->anchor_files, &set->n_anchor_files, FILES_MOST, value, why);
    case CAPATH:
        return add_text(set->anchor_directories, &set->n_anchor_directories, FILES_MOST, value, why);
    case VERIFY_NAME:
        set->verify_name = value;
        return true;
    case VERIFY_IP:
        set->verify_name = value;
        if (inet_pton(AF_INET, value, raw) != 1 && inet_pton(AF_INET6, value, raw) != 1) {
            text_format(why, "\"%s\" is no IP address", value);
            return false;
        }
        return true;
    case AT_TIME:
        return value_time(value, &set->at_time, why);
    case OCSP:
        return set->ocsp = true;
    case STATUS:
        return set->status = true;
    case CERT_STATUS:
        set->revocation = FEDE_REVOCATION_LEAF;
        return set->status = true;
    case CRL_FILE:
        return add_text(set->crl_files, &set->n_crl_files, FILES_MOST, value, why);
    case REVOCATION:
        return take_revocation(set, value, why);
    case FALSE_START:
        return set->false_start = true;
    case RENEGOTIATE:
        set->renegotiations = 1;
        return !value || value_number(value, 1, 255, &set->renegotiations, why);
    case SHOW_CERTIFICATES:
        return set->show_certificates = true;
    case TLS12:
        return true;
    case TLS_MAX:
        if (strcmp(value, "1.2") != 0 && strcmp(value, "1.3") != 0 && strcmp(value, "default") != 0) {
            text_format(why, "\"%s\" is not one of 1.2, 1.3, default; " LATER_OLD, value);
            return false;
        }
        return true;
    case CIPHERS:
        return value_code_points(value, "cipher suite", fede_suite_by_name, set->suites.ids, CODE_POINTS_MOST,
                                 &set->suites.n, why);
    case GROUPS:
        return value_code_points(value, "group", fede_group_by_name, set->groups.ids, CODE_POINTS_MOST, &set->groups.n,
                                 why);
    case SCHEMES:
        return value_code_points(value, "signature scheme", fede_scheme_by_name, set->schemes.ids, CODE_POINTS_MOST,
                                 &set->schemes.n, why);
    case ALPN:
        return take_alpn(set, value, why);
    case NO_ALPN:
        return set->no_alpn = true;
    case SERVER_NAME:
        set->server_name = value;
        return true;
    case NO_SERVER_NAME:
        return set->no_server_name = true;
    case NO_EMS:
        return set->no_ems = true;
    case MAX_FRAGMENT:
        return value_number(value, 64, 16384, &set->max_fragment, why);
    case SCT:
        return set->scts = true;
    case CT_LOGS:
        set->ct_logs = value;
        return true;
    case RECORD_LIMIT:
        return value_number(value, 64, 16384, &set->record_limit, why);
    case FRAGMENT_LENGTH:
        return value_number(value, 512, 4096, &set->fragment_length, why);
    case KEYLOG:
        set->keylog = value;
        return true;
    case DIAGRAM:
        set->diagram = true;
        return true;
    case REPORT:
        set->report = value;
        return true;
    case SESSION_OUT:
        set->session_out = value;
        return true;
    case SESSION_IN:
        set->session_in = value;
        return true;
    case RECONNECT:
        set->reconnects = 5;
        return !value || value_number(value, 1, 1000, &set->reconnects, why);
    case NO_TICKET:
        return set->no_ticket = true;
    case CERT:
        if (set->n_shown == SHOWN_MOST) {
            text_format(why, "it may be given %d times", SHOWN_MOST);
            return false;
        }
        set->shown[set->n_shown++] = (struct shown){.cert = value};
        return true;
    case KEY:
        if (!set->n_shown || set->shown[set->n_shown - 1].key) {
            text_add(why, "it belongs behind the --cert it is for, once for each");
            return false;
        }
        set->shown[set->n_shown - 1].key = value;
        return true;
    case PASS:
        if (!set->n_shown || set->shown[set->n_shown - 1].pass) {
            text_add(why, "it belongs behind the --cert it is for, once for each");
            return false;
        }
        set->shown[set->n_shown - 1].pass = value;
        return true;
    case FILE_FORM:
        if (strcmp(value, "PEM") && strcmp(value, "DER") && strcmp(value, "P12"))
            text_format(why, "\"%s\" is neither PEM nor DER nor P12", value);
        return !why->len;
    case EXPORT:
        set->export_label = value;
        return true;
    case EXPORT_LEN:
        return value_number(value, 1, EXPORT_MOST, &set->export_len, why);
    case INTERACTIVE:
        return set->interactive = true;
    case LINGER:
        if (!strcmp(value, "0")) {
            set->linger_ms = 0;
            return true;
        }
        return value_seconds(value, &set->linger_ms, why);
    case CRLF:
        return set->crlf = true;
    }
    return false;
}

static bool add_text(const char **list, size_t *n, size_t most, const char *value, struct text *why)
{
    if (*n == most) {
        text_format(why, "it may be given %zu times", most);
        return false;
    }
    list[(*n)++] = value;
    return true;
}

static bool take_alpn(struct connect_settings *set, const char *value, struct text *why)
{
    if (strlen(value) >= sizeof set->alpn_text) {
        text_add(why, "the list is too long");
        return false;
    }
    bytes_copy(set->alpn_text, value, strlen(value) + 1);
    set->n_alpn = 0;
    for (char *p = set->alpn_text; *p && set->n_alpn < ALPN_NAMES_MOST;) {
        size_t len = strcspn(p, ",");
        char *next = p + len + (p[len] != 0);
        p[len] = 0;
        if (len)
            set->alpn[set->n_alpn++] = p;
        p = next;
    }
    if (!set->n_alpn)
        text_add(why, "at least one name is needed; --no-alpn offers none");
    return set->n_alpn != 0;
}

static bool take_revocation(struct connect_settings *set, const char *value, struct text *why)
{
    static const struct {
        const char *name;
        fede_revocation how;
    } ways[] = {{"soft", FEDE_REVOCATION_SOFT}, {"leaf", FEDE_REVOCATION_LEAF}, {"hard", FEDE_REVOCATION_HARD}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, value) == 0) {
            set->revocation = ways[i].how;
            return true;
        }
    text_format(why, "\"%s\" is not one of soft, leaf, hard", value);
    return false;
}

bool connect_check(struct connect_settings *set, struct text *why)
{
    if (set->silent && set->story.level < 2)
        set->story.level = 0;
    if (set->remote_name && set->output)
        text_add(why, "-o and -O can't be used together");
    else if (set->head && set->body && !set->get)
        text_add(why, "-I and -d can't be used together");
    else if (set->no_alpn && set->n_alpn)
        text_add(why, "--alpn and --no-alpn can't be used together");
    else if (set->no_server_name && set->server_name)
        text_add(why, "--servername and --noservername can't be used together");
    else if (set->http1 && set->http2)
        text_add(why, "--http1.1 and --http2 can't be used together");
    else if (set->no_ticket && !set->session_out && !set->session_in && !set->reconnects)
        text_add(why,
                 "--no-ticket belongs to --sess-out, --sess-in or --reconnect; without them no ticket is asked for");
    else if (!legacy_check(&set->legacy, why))
        return false;
    else if (set->unix_socket && set->proxy)
        text_add(why, "--unix-socket and --proxy can't be used together");
    return !why->len;
}
