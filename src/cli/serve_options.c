/* The options of fede serve: one table, one function that takes them, one that judges them together. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/serve.h"

enum key {
    KEY_LISTEN = 1,
    KEY_UNIX,
    KEY_CERT,
    KEY_KEY,
    KEY_CHAIN,
    KEY_PASS,
    KEY_STAPLE,
    KEY_SCT,
    KEY_RECORD_LIMIT,
    KEY_SNI,
    KEY_CIPHERS,
    KEY_GROUPS,
    KEY_SIGALGS,
    KEY_TLS_MAX,
    KEY_NO_EMS,
    KEY_ALPN,
    KEY_NO_ALPN,
    KEY_HTTP1,
    KEY_ECHO,
    KEY_WWW,
    KEY_PLAIN,
    KEY_REJECT,
    KEY_ONCE,
    KEY_MAX_FRAGMENT,
    KEY_KEYLOG,
    KEY_REPORT,
    KEY_WORKERS,
    KEY_MAX_CONNECTIONS,
    KEY_HANDSHAKE_TIMEOUT,
    KEY_HANDSHAKE_LIMIT,
    KEY_IDLE_TIMEOUT,
    KEY_GRACE,
    KEY_NO_TICKETS,
    KEY_SESSION_CACHE,
    KEY_SESSION_STORE,
    KEY_TICKET_KEY,
    KEY_TICKET_LIFETIME,
    KEY_REQUEST_CERT,
    KEY_REQUIRE_CERT,
    KEY_CA,
    KEY_EXPORT,
    KEY_EXPORT_LEN,
    KEY_LATER
};

#define LATER "it belongs to a part of TLS that this release of fede serve does not have yet"

/* clang-format off */
static const struct option_row serve_options[] = {
    {"listen",            0,  KEY_LISTEN,            "ADDRESS:PORT", "Where", "Accept here; repeatable. Without it 127.0.0.1:8443 and [::1]:8443; port 0 takes a free one; :8443 means every address."},
    {"unix-socket",       0,  KEY_UNIX,              "PATH",           NULL,    "Accept on this local socket too."},
    {"workers",           0,  KEY_WORKERS,           "N",              NULL,    "Threads with an event loop each, 1 to 16; without it one for each processor."},
    {"max-connections",   0,  KEY_MAX_CONNECTIONS,   "N",              NULL,    "Let further connections wait while N are open."},
    {"once",              0,  KEY_ONCE,              NULL,             NULL,    "Take one connection and end; the exit code says how it went."},
    {"cert",              0,  KEY_CERT,              "FILE",           "Identity", "Certificate, with its chain (PEM, DER, PKCS#12, or pkcs11:… on a token); repeatable with --key, for instance one RSA and one ECDSA."},
    {"key",               0,  KEY_KEY,               "FILE",           NULL,    "Private key of the --cert before it, a file or pkcs11:… on a token; without it the key is looked for where the certificate is."},
    {"pass",              0,  KEY_PASS,              "SOURCE",         NULL,    "What opens the --cert or --sni before it, if it is encrypted, or its token's PIN: env:NAME, file:FILE (its first line), or the password itself."},
    {"chain",             0,  KEY_CHAIN,             "FILE",           NULL,    "Further certificates to send with the --cert before it."},
    {"sni",               0,  KEY_SNI,               "NAME:CERT:KEY",  NULL,    "Certificate and key for clients that ask for NAME (*.example.org is possible); repeatable."},
    {"request-cert",      0,  KEY_REQUEST_CERT,      NULL,             "Clients", "Ask for a client certificate; a client may do without, but one that comes must be good."},
    {"require-cert",      0,  KEY_REQUIRE_CERT,      NULL,             NULL,    "Ask for a client certificate and refuse clients without a good one."},
    {"ca",                0,  KEY_CA,                "FILE",           NULL,    "Accept client certificates that lead to the CAs in FILE, and name these to the client; repeatable. SIGHUP reads it again."},
    {"ciphers",           0,  KEY_CIPHERS,           "LIST",           "TLS",   "Cipher suites in order of preference, IANA or OpenSSL names; fede --help ciphers lists them."},
    {"groups",            0,  KEY_GROUPS,            "LIST",           NULL,    "Key exchange groups in order of preference."},
    {"curves",            0,  KEY_GROUPS,            "LIST",           NULL,    "The same as --groups."},
    {"sigalgs",           0,  KEY_SIGALGS,           "LIST",           NULL,    "Signature schemes in order of preference."},
    {"tls-max",           0,  KEY_TLS_MAX,           "VERSION",        NULL,    "Highest version; this release speaks 1.2."},
    {"staple",            0,  KEY_STAPLE,            "FILE",           NULL,    "The OCSP response (DER) that goes with the --cert or --sni before it, to clients that ask (RFC 6066 8). It ends after days: SIGHUP reads it again."},
    {"sct",               0,  KEY_SCT,               "FILE",           NULL,    "The timestamps of logs (a SignedCertificateTimestampList, RFC 6962 3.3) that go with the --cert or --sni before it, to clients that ask."},
    {"no-ems",            0,  KEY_NO_EMS,            NULL,             NULL,    "Do without the extended master secret (RFC 7627), to show the classic form."},
    LEGACY_ROWS,
    {"alpn",              0,  KEY_ALPN,              "LIST",           NULL,    "Application protocols in order of preference; without it h2,http/1.1."},
    {"no-alpn",           0,  KEY_NO_ALPN,           NULL,             NULL,    "Ignore the client's application protocols; HTTP/1.1 is spoken."},
    {"http1.1",           0,  KEY_HTTP1,             NULL,             NULL,    "HTTP/1.1 only."},
    {"max-fragment",      0,  KEY_MAX_FRAGMENT,      "BYTES",          NULL,    "Most bytes of content in one record, 64 to 16384."},
    {"record-size-limit", 0,  KEY_RECORD_LIMIT,      "BYTES",          NULL,    "Most bytes in one record to be received, told to clients that tell theirs (RFC 8449); without it 16384."},
    {"no-tickets",        0,  KEY_NO_TICKETS,        NULL,             NULL,    "Issue and take no session tickets (RFC 5077)."},
    {"ticket-lifetime",   0,  KEY_TICKET_LIFETIME,   "SECONDS",        NULL,    "How long a ticket lives, at most 604800; without it 7200. Ticket keys change after as long."},
    {"ticket-key",        0,  KEY_TICKET_KEY,        "FILE",           NULL,    "Make ticket keys from the secrets in FILE, 32 random bytes each, one to four: all servers with the same FILE take each other's tickets. The first seals; a new one is put in front. SIGHUP reads it again."},
    {"session-store",     0,  KEY_SESSION_STORE,     "PLACE",          NULL,    "Keep sessions by id in the Redis server redis://HOST[:PORT] or unix:PATH: all servers with the same one resume each other's. Whoever can read it can read the connections."},
    {"session-cache",     0,  KEY_SESSION_CACHE,     "[=N]",           NULL,    "Keep the last N sessions, 20000 without it, by session id, for clients that know no tickets."},
    {"handshake-timeout", 0,  KEY_HANDSHAKE_TIMEOUT, "SECONDS",        NULL,    "Most time for a handshake; without it 10."},
    {"handshake-limit",   0,  KEY_HANDSHAKE_LIMIT,   "BYTES",          NULL,    "Most bytes that a client may send in its handshake; without it 262144."},
    {"idle-timeout",      0,  KEY_IDLE_TIMEOUT,      "SECONDS",        NULL,    "End connections on which nothing moves for so long; without it 60."},
    {"grace",             0,  KEY_GRACE,             "SECONDS",        NULL,    "When stopping, most time for what is still open; without it 5."},
    {"reject",            0,  KEY_REJECT,            "ALERT",          NULL,    "Refuse every client with this alert, by name or number."},
    {"keylog",            0,  KEY_KEYLOG,            "FILE",           NULL,    "Append the keys of each connection, for Wireshark; SSLKEYLOGFILE does the same."},
    {"keymatexport",      0,  KEY_EXPORT,            "LABEL",          NULL,    "Print what is exported under LABEL (RFC 5705) from each connection, in hex: a secret of that connection."},
    {"keymatexportlen",   0,  KEY_EXPORT_LEN,        "BYTES",          NULL,    "So many bytes of it; without it 20."},
    {"report",            0,  KEY_REPORT,            "DIR",            NULL,    "Write the story of each connection as an HTML page into DIR: every byte with its meaning."},
    {"echo",              0,  KEY_ECHO,              NULL,             "What is served", "Send every byte back, without HTTP."},
    {"www",               0,  KEY_WWW,               NULL,             NULL,    "A page about the connection with the story of its handshake."},
    {"plain",             0,  KEY_PLAIN,             NULL,             NULL,    "Without TLS: plain HTTP, to compare."},
    {"kx",                0,  KEY_LATER,             "KINDS",          NULL,    NULL, LATER},
    {"renegotiate-after", 0,  KEY_LATER,             "N",              NULL,    NULL, LATER},
};
/* clang-format on */

static bool settings_take(void *where, const struct option_row *row, const char *value, struct text *why);

const struct command serve_command = {
    .name = "serve",
    .synopsis = "[DIR]",
    .summary = "Accept TLS connections, serve files or echo, and tell each connection's story.",
    .examples = "  fede serve --cert cert.pem --key key.pem .         the files of this directory\n"
                "  fede serve --cert cert.pem --key key.pem --www -v  a page on each connection\n"
                "  fede serve --cert cert.pem --key key.pem --echo --listen 127.0.0.1:0\n"
                "  fede serve --cert a.pem --key a.key --sni b.example:b.pem:b.key .\n",
    .notes =
        "Without DIR, --echo or --www it answers / with a page about the connection.\n"
        "SIGHUP reads the certificates and keys again; SIGTERM and Ctrl-C end it in order, a second one at once.\n",
    .options = serve_options,
    .n_options = sizeof serve_options / sizeof *serve_options,
    .take = settings_take,
    .run = serve_run,
};

static bool take_cert(struct settings *settings, enum key key, const char *value, struct text *why);
static bool take_beside(struct settings *settings, enum key key, const char *value, struct text *why);
static bool take_sni(struct settings *settings, const char *value, struct text *why);
static bool take_alpn(struct settings *settings, const char *value, struct text *why);
static bool take_alert(struct settings *settings, const char *value, struct text *why);
static bool take_list(struct code_points *list, const char *kind, bool (*look_up)(const char *, uint16_t *),
                      const char *value, struct text *why);

void settings_defaults(struct settings *settings)
{
    *settings = (struct settings){.reject = -1, .handshake_ms = 10000, .idle_ms = 60000, .grace_ms = 5000};
    story_defaults(&settings->story);
}

void settings_free(struct settings *settings)
{
    for (size_t i = 0; i < settings->n_pairs; i++)
        free(settings->pairs[i].name);
    free(settings->alpn_text);
}

static bool settings_take(void *where, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *settings = where;
    bool taken;
    if (row->key >= OPTION_HELP)
        return story_option(&settings->story, row, value, why);
    if (legacy_option(&settings->legacy, row, value, why, &taken))
        return taken;
    switch ((enum key)row->key) {
    case KEY_LISTEN:
        if (settings->n_listen == LISTEN_MOST) {
            text_format(why, "at most %d places to listen", LISTEN_MOST);
            return false;
        }
        settings->listen[settings->n_listen++] = value;
        return true;
    case KEY_UNIX:
        settings->unix_socket = value;
        return true;
    case KEY_CERT:
    case KEY_KEY:
    case KEY_CHAIN:
        return take_cert(settings, (enum key)row->key, value, why);
    case KEY_STAPLE:
    case KEY_PASS:
    case KEY_SCT:
        return take_beside(settings, (enum key)row->key, value, why);
    case KEY_SNI:
        return take_sni(settings, value, why);
    case KEY_CIPHERS:
        return take_list(&settings->suites, "cipher suite", fede_suite_by_name, value, why);
    case KEY_GROUPS:
        return take_list(&settings->groups, "group", fede_group_by_name, value, why);
    case KEY_SIGALGS:
        return take_list(&settings->schemes, "signature scheme", fede_scheme_by_name, value, why);
    case KEY_TLS_MAX:
        if (strcmp(value, "1.2") != 0 && strcmp(value, "default") != 0) {
            text_format(why, "\"%s\" is not possible: this release speaks 1.2", value);
            return false;
        }
        return true;
    case KEY_ALPN:
        return take_alpn(settings, value, why);
    case KEY_REJECT:
        return take_alert(settings, value, why);
    case KEY_MAX_FRAGMENT:
        return value_number(value, 64, RECORD_MOST, &settings->max_fragment, why);
    case KEY_RECORD_LIMIT:
        return value_number(value, 64, RECORD_MOST, &settings->record_limit, why);
    case KEY_WORKERS:
        return value_number(value, 1, WORKERS_MOST, &settings->workers, why);
    case KEY_MAX_CONNECTIONS:
        return value_number(value, 1, 1000000, &settings->max_connections, why);
    case KEY_HANDSHAKE_TIMEOUT:
        return value_seconds(value, &settings->handshake_ms, why);
    case KEY_HANDSHAKE_LIMIT:
        return value_number(value, 512, 16777215, &settings->handshake_limit, why);
    case KEY_IDLE_TIMEOUT:
        return value_seconds(value, &settings->idle_ms, why);
    case KEY_GRACE:
        return value_seconds(value, &settings->grace_ms, why);
    case KEY_NO_TICKETS:
        return settings->no_tickets = true;
    case KEY_SESSION_CACHE:
        settings->session_cache = 20000;
        return !value || value_number(value, 1, 10000000, &settings->session_cache, why);
    case KEY_SESSION_STORE:
        settings->session_store = value;
        return sessions_place(value, why);
    case KEY_TICKET_KEY:
        settings->ticket_key = value;
        return true;
    case KEY_TICKET_LIFETIME:
        return value_number(value, 1, 604800, &settings->ticket_lifetime, why);
    case KEY_REQUEST_CERT:
        return settings->request_cert = true;
    case KEY_REQUIRE_CERT:
        return settings->require_cert = true;
    case KEY_CA:
        if (settings->n_cas == CAS_MOST) {
            text_format(why, "it may be given %d times", CAS_MOST);
            return false;
        }
        settings->cas[settings->n_cas++] = value;
        return true;
    case KEY_EXPORT:
        settings->export_label = value;
        return true;
    case KEY_EXPORT_LEN:
        return value_number(value, 1, EXPORT_MOST, &settings->export_len, why);
    case KEY_KEYLOG:
        settings->keylog = value;
        return true;
    case KEY_REPORT:
        settings->report = value;
        return true;
    case KEY_NO_EMS:
        return settings->no_ems = true;
    case KEY_NO_ALPN:
        return settings->no_alpn = true;
    case KEY_HTTP1:
        return settings->http1 = true;
    case KEY_ECHO:
        return settings->echo = true;
    case KEY_WWW:
        return settings->www = true;
    case KEY_PLAIN:
        return settings->plain = true;
    case KEY_ONCE:
        return settings->once = true;
    case KEY_LATER:
        break;
    }
    text_add(why, "it can't be used");
    return false;
}

bool settings_check(struct settings *settings, struct text *why)
{
    if ((settings->directory != NULL) + settings->echo + settings->www > 1)
        text_add(why, "a directory, --echo and --www exclude each other: give one of them");
    else if (settings->plain && (settings->n_pairs > 0 || settings->keylog || settings->reject >= 0))
        text_add(why, "--plain leaves TLS out: certificates, --keylog and --reject have no place there");
    else if (settings->report && settings->plain)
        text_add(why, "--plain leaves TLS out: --report has no story to tell");
    else if (settings->no_tickets && (settings->ticket_key || settings->ticket_lifetime > 0))
        text_add(why, "--no-tickets excludes --ticket-key and --ticket-lifetime");
    else if ((settings->request_cert || settings->require_cert) != (settings->n_cas > 0))
        text_add(why, settings->n_cas > 0 ? "--ca belongs to --request-cert or --require-cert"
                                          : "--request-cert and --require-cert need --ca FILE: the CAs whose clients are accepted");
    else if (settings->plain && settings->n_cas > 0)
        text_add(why, "--plain leaves TLS out: client certificates have no place there");
    else if (settings->no_alpn && (settings->n_alpn > 0 || settings->http1))
        text_add(why, "--no-alpn excludes --alpn and --http1.1");
    else if (settings->n_alpn > 0 && settings->http1)
        text_add(why, "--alpn and --http1.1 exclude each other");
    else
        legacy_check(&settings->legacy, why);
    return why->len == 0;
}

static bool take_cert(struct settings *settings, enum key key, const char *value, struct text *why)
{
    struct pair *last = settings->n_pairs > 0 ? &settings->pairs[settings->n_pairs - 1] : NULL;
    if (key == KEY_CERT) {
        if (settings->n_pairs == PAIRS_MOST) {
            text_format(why, "at most %d certificates", PAIRS_MOST);
            return false;
        }
        settings->pairs[settings->n_pairs++] = (struct pair){.cert = value};
        return true;
    }
    if (!last || last->name || (key == KEY_KEY ? last->key : last->chain)) {
        text_add(why, "it belongs behind the --cert it is for, once for each");
        return false;
    }
    if (key == KEY_KEY)
        last->key = value;
    else
        last->chain = value;
    return true;
}

/* What is delivered with the certificate given before. */
static bool take_beside(struct settings *settings, enum key key, const char *value, struct text *why)
{
    struct pair *last = settings->n_pairs > 0 ? &settings->pairs[settings->n_pairs - 1] : NULL;
    const char **place = !last            ? NULL
                         : key == KEY_SCT  ? &last->scts
                         : key == KEY_PASS ? &last->pass
                                           : &last->staple;
    if (!place || *place) {
        text_add(why, "it belongs behind the --cert or --sni it is for, once for each");
        return false;
    }
    *place = value;
    return true;
}

static bool take_sni(struct settings *settings, const char *value, struct text *why)
{
    char *name = strdup(value), *cert = name ? strchr(name, ':') : NULL, *key = cert ? strchr(cert + 1, ':') : NULL;
    if (!key || cert == name || key == cert + 1 || key[1] == '\0' || settings->n_pairs == PAIRS_MOST) {
        text_format(why,
                    settings->n_pairs == PAIRS_MOST ? "too many certificates: \"%s\""
                                                    : "\"%s\" is not NAME:CERTIFICATE-FILE:KEY-FILE",
                    value);
        free(name);
        return false;
    }
    *cert = *key = '\0';
    settings->pairs[settings->n_pairs++] = (struct pair){.name = name, .cert = cert + 1, .key = key + 1};
    return true;
}

static bool take_alpn(struct settings *settings, const char *value, struct text *why)
{
    free(settings->alpn_text);
    settings->alpn_text = strdup(value);
    settings->n_alpn = 0;
    for (char *rest = settings->alpn_text, *name; (name = strtok_r(rest, ", ", &rest));) {
        if (settings->n_alpn == ALPN_MOST || strlen(name) > 255) {
            text_format(why, "at most %d protocols of at most 255 bytes", ALPN_MOST);
            return false;
        }
        settings->alpn[settings->n_alpn++] = name;
    }
    if (settings->n_alpn == 0)
        text_add(why, "at least one protocol is needed, as h2,http/1.1");
    return settings->n_alpn > 0;
}

static bool take_alert(struct settings *settings, const char *value, struct text *why)
{
    char nobody[100];
    struct text unheard = text_in(nobody, sizeof nobody);
    long number = 0;
    for (unsigned alert = 1; alert < 255; alert++)
        if (strcmp(fede_alert_name(alert), value) == 0 && strcmp(value, "unknown") != 0) {
            settings->reject = (int)alert;
            return true;
        }
    if (value_number(value, 0, 254, &number, &unheard)) {
        settings->reject = (int)number;
        return true;
    }
    text_format(why, "\"%s\" is neither an alert's name, as handshake_failure, nor its number", value);
    return false;
}

static bool take_list(struct code_points *list, const char *kind, bool (*look_up)(const char *, uint16_t *),
                      const char *value, struct text *why)
{
    return value_code_points(value, kind, look_up, list->ids, CODES_MOST, &list->n, why);
}
