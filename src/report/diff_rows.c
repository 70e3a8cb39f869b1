/* report/diff_rows.c: the rows of a comparison, as data: where a story's JSON has each, and how it is said.

   Left out is what differs between any two connections and means nothing: randoms, session identifiers, keys, ports. GREASE
   (RFC 8701) is drawn anew each time and counts as one name. */
#include "report/diff_rows.h"

#include <string.h>

#include "explain/suite_parts.h"
#include "wire/names.h"

static const json_t *at(const json_t *story, const char *path);
static void say_name(const json_t *story, const struct diff_row *row, struct text *out);
static void say_value(const json_t *story, const struct diff_row *row, struct text *out);
static void say_span(const json_t *story, const struct diff_row *row, struct text *out);
static void say_field(const json_t *story, const struct diff_row *row, struct text *out);
static void say_message(const json_t *story, const struct diff_row *row, struct text *out);
static void say_resumed(const json_t *story, const struct diff_row *row, struct text *out);
static void say_encrypted(const json_t *story, const struct diff_row *row, struct text *out);
static void say_secrecy(const json_t *story, const struct diff_row *row, struct text *out);
static void say_premaster(const json_t *story, const struct diff_row *row, struct text *out);
static bool entry_registered(const json_t *story, const char *arg, size_t n, struct text *out);
static bool entry_certificate(const json_t *story, const char *arg, size_t n, struct text *out);
static bool entry_joined(const json_t *story, const char *arg, size_t n, struct text *out);
static bool entry_http(const json_t *story, const char *arg, size_t n, struct text *out);

// clang-format off
const struct diff_row diff_rows[] = {
    {"choice",     "content",              true,  say_encrypted, NULL},
    {"choice",     "server name",          true,  say_value,     "server_name"},
    {"choice",     "version",              true,  say_name,      "choice.version"},
    {"choice",     "cipher suite",         true,  say_name,      "choice.cipher_suite"},
    {"choice",     "group",                true,  say_name,      "choice.group"},
    {"choice",     "signature scheme",     true,  say_name,      "choice.signature_scheme"},
    {"choice",     "ALPN",                 true,  say_value,     "choice.alpn"},
    {"choice",     "client certificate",   true,  say_value,     "choice.client_certificate"},
    {"choice",     "extended master secret", true, say_value,    "choice.extended_master_secret"},
    {"resumption", "resumed",              true,  say_resumed,   NULL},
    {"resumption", "session ID offered",   true,  say_field,     "client_hello.session_id"},
    {"resumption", "session ID given",     true,  say_field,     "server_hello.session_id"},
    {"resumption", "ticket offered",       true,  say_field,     "client_hello.extensions.session_ticket.ticket"},
    {"resumption", "ticket given",         true,  say_message,   "NewSessionTicket"},
    {"resumption", "PSK offered",          true,  say_field,     "client_hello.extensions.pre_shared_key"},
    {"protection", "forward secrecy",      true,  say_secrecy,   NULL},
    {"protection", "premaster secret",     true,  say_premaster, NULL},
    {"protection", "against listening",    true,  say_value,     "protected_against.listening.text"},
    {"protection", "against impersonation", true, say_value,     "protected_against.impersonation.text"},
    {"course",     "established",          true,  say_value,     "established"},
    {"course",     "outcome",              true,  say_value,     "onlooker.outcome"},
    {"course",     "False Start",          true,  say_value,     "choice.false_start"},
    {"course",     "round trips",          true,  say_value,     "round_trips"},
    {"time",       "handshake",            false, say_span,      "handshake_us"},
    {"time",       "whole connection",     false, say_span,      "total_us"},
    {"bytes",      "from the client",      false, say_value,     "traffic.client.bytes"},
    {"bytes",      "from the server",      false, say_value,     "traffic.server.bytes"},
    {"bytes",      "data from the client", false, say_value,     "traffic.client.data_bytes"},
    {"bytes",      "data from the server", false, say_value,     "traffic.server.data_bytes"},
};

const struct diff_list diff_lists[] = {
    {"offers",       "versions",            entry_registered,  "offers.versions", true},
    {"offers",       "cipher suites",       entry_registered,  "offers.cipher_suites", true},
    {"offers",       "groups",              entry_registered,  "offers.groups", true},
    {"offers",       "signature schemes",   entry_registered,  "offers.signature_schemes", true},
    {"offers",       "ALPN",                entry_registered,  "offers.alpn", true},
    {"offers",       "compression methods", entry_registered,  "offers.compression_methods", true},
    {"offers",       "extensions",          entry_registered,  "offers.extensions", false},
    {"certificates", "certificates",        entry_certificate, "certificates", true, "certificates"},
    {"verdicts",     "checks",              entry_joined,      "checks name outcome", false},
    {"verdicts",     "findings",            entry_joined,      "findings finding from", false},
    {"verdicts",     "alerts",              entry_joined,      "alert_reasons from description", false},
    {"inside",       "HTTP",                entry_http,        "http", true},
};
// clang-format on
const size_t n_diff_rows = sizeof diff_rows / sizeof *diff_rows;
const size_t n_diff_lists = sizeof diff_lists / sizeof *diff_lists;

bool diff_message(const json_t *story, size_t n, struct text *out, uint64_t *length)
{
    const json_t *m = json_array_get(json_object_get(story, "messages"), n);
    const char *from = json_string_value(json_object_get(m, "from"));
    const char *name = json_string_value(json_object_get(m, "name"));
    if (from == NULL || name == NULL)
        return false;
    text_add(out, strcmp(from, "client") == 0 ? "→ " : "← ");
    text_add(out, name);
    text_add(out, json_is_true(json_object_get(m, "encrypted")) ? ", encrypted" : "");
    *length = (uint64_t)json_integer_value(json_object_get(m, "length"));
    return true;
}

/* "a.b.c" */
static const json_t *at(const json_t *story, const char *path)
{
    for (const char *end; story != NULL && *path != '\0'; path = *end == '.' ? end + 1 : end) {
        end = path + strcspn(path, ".");
        story = json_object_getn(story, path, (size_t)(end - path));
    }
    return story;
}

static void say_name(const json_t *story, const struct diff_row *row, struct text *out)
{
    text_add(out, json_string_value(json_object_get(at(story, row->arg), "name")));
}

static void say_value(const json_t *story, const struct diff_row *row, struct text *out)
{
    const json_t *v = at(story, row->arg);
    if (json_is_integer(v))
        text_number(out, json_integer_value(v));
    else
        text_add(out, json_is_boolean(v) ? json_is_true(v) ? "yes" : "no" : json_string_value(v));
}

static void say_span(const json_t *story, const struct diff_row *row, struct text *out)
{
    const json_t *v = at(story, row->arg);
    char words[40];
    snprintf(words, sizeof words, "%.1f ms", (double)json_integer_value(v) / 1000);
    text_add(out, v != NULL ? words : "");
}

static const json_t *field(const json_t *fields, const char *path)
{
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(fields) && found == NULL; i++) {
        const json_t *f = json_array_get(fields, i);
        const char *own = json_string_value(json_object_get(f, "path"));
        found = own != NULL && strcmp(own, path) == 0 ? f : field(json_object_get(f, "fields"), path);
    }
    return found;
}

/* How long it is in the first message that has it: its content means nothing to others. */
static void say_field(const json_t *story, const struct diff_row *row, struct text *out)
{
    const json_t *messages = json_object_get(story, "messages"), *f = NULL;
    for (size_t i = 0; i < json_array_size(messages) && f == NULL; i++)
        f = field(json_object_get(json_array_get(messages, i), "fields"), row->arg);
    const json_t *length = json_object_get(f, "length");
    bool prefixed = strstr(row->arg, "session_id") != NULL; /* its first byte is its length */
    int64_t n = json_integer_value(length) - prefixed;
    if (f == NULL || n <= 0)
        return;
    text_number(out, n);
    text_add(out, " bytes");
}

static void say_message(const json_t *story, const struct diff_row *row, struct text *out)
{
    const json_t *messages = json_object_get(story, "messages");
    int64_t n = 0;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(messages, i), "name"));
        n += name != NULL && strcmp(name, row->arg) == 0;
    }
    if (n > 1)
        text_number(out, n);
    text_add(out, n > 1 ? " times" : n == 1 ? "yes" : "");
}

/* Live stories say it in one place, those of captures in another. */
static bool is_resumed(const json_t *story)
{
    return json_is_true(at(story, "onlooker.resumed")) || json_is_true(at(story, "choice.resumed")) ||
           json_is_true(json_object_get(story, "resumed"));
}

static void say_resumed(const json_t *story, const struct diff_row *row, struct text *out)
{
    (void)row;
    text_add(out, is_resumed(story) ? "yes" : "no");
}

static void say_encrypted(const json_t *story, const struct diff_row *row, struct text *out)
{
    (void)row;
    bool tls = json_array_size(json_object_get(story, "messages")) > 0;
    text_add(out, !tls                                     ? "without TLS: every listener reads it"
                  : json_is_true(at(story, "established")) ? "encrypted"
                                                           : "none: the handshake was not completed");
}

static bool suite_of(const json_t *story, struct suite_parts *parts)
{
    const json_t *n = at(story, "choice.cipher_suite.number");
    *parts = suite_parts((uint16_t)json_integer_value(n));
    return n != NULL && parts->name != NULL;
}

static void say_secrecy(const json_t *story, const struct diff_row *row, struct text *out)
{
    struct suite_parts parts;
    (void)row;
    if (!suite_of(story, &parts))
        return;
    bool group = at(story, "choice.group") != NULL;
    if (parts.tls13)
        text_add(out, group ? "yes" : "no: a pre-shared key alone");
    else if (is_resumed(story))
        text_add(out, "as far as the session resumed has it, and the keys that seal tickets");
    else
        text_add(out, parts.forward_secrecy ? "yes" : "no");
}

/* What a listener who recorded everything would have to get hold of. */
static void say_premaster(const json_t *story, const struct diff_row *row, struct text *out)
{
    struct suite_parts parts;
    (void)row;
    if (!suite_of(story, &parts))
        return;
    if (!parts.tls13 && is_resumed(story))
        text_add(out, "none made: the master secret is that of the session resumed");
    else if (parts.tls13)
        text_add(out, at(story, "choice.group") != NULL ? "agreed on with keys made for this connection"
                                                        : "the pre-shared key");
    else if (parts.forward_secrecy)
        text_add(out, "agreed on with keys made for this connection; the server's key only signs");
    else if (parts.kx == KX_RSA)
        text_add(out, "encrypted to the server's RSA key: who gets that key later reads this recording");
    else
        text_add(out, parts.exchange);
}

/* ---- lists ---- */

static bool entry_registered(const json_t *story, const char *arg, size_t n, struct text *out)
{
    const json_t *e = json_array_get(at(story, arg), n);
    const json_t *number = json_object_get(e, "number");
    const char *name = json_string_value(json_object_get(e, "name"));
    if (e == NULL)
        return false;
    if (number != NULL && names_is_grease((uint32_t)json_integer_value(number)))
        name = "GREASE";
    text_add(out, name);
    if (name == NULL || name[0] == '\0')
        text_number(out, json_integer_value(number));
    return true;
}

static bool entry_certificate(const json_t *story, const char *arg, size_t n, struct text *out)
{
    static const char *const parts[] = {"subject", "key", "sha256"};
    const json_t *c = json_array_get(at(story, arg), n);
    for (size_t i = 0; c != NULL && i < sizeof parts / sizeof *parts; i++) {
        const char *word = json_string_value(json_object_get(c, parts[i]));
        char cut[17];
        snprintf(cut, sizeof cut, "%s", word != NULL ? word : "");
        text_add(out, i > 0 ? " · " : "");
        text_add(out, i == 2 ? cut : word);
    }
    return c != NULL;
}

/* "LIST KEY KEY": the values of both keys; a registered thing by its name. */
static bool entry_joined(const json_t *story, const char *arg, size_t n, struct text *out)
{
    size_t len = strcspn(arg, " ");
    const json_t *e = json_array_get(json_object_getn(story, arg, len), n);
    for (const char *key = arg + len; e != NULL && *key == ' '; key += len) {
        len = strcspn(++key, " ");
        const json_t *v = json_object_getn(e, key, len);
        v = json_is_object(v) ? json_object_get(v, "name") : v;
        text_add(out, out->len > 0 ? ", " : "");
        text_add(out, json_string_value(v));
    }
    return e != NULL;
}

static bool entry_http(const json_t *story, const char *arg, size_t n, struct text *out)
{
    static const char *const keys[] = {"method", "target", "status", "reason"};
    const json_t *e = json_array_get(json_object_get(story, arg), n);
    for (size_t i = 0; e != NULL && i < sizeof keys / sizeof *keys; i++) {
        const json_t *v = json_object_get(e, keys[i]);
        text_add(out, v != NULL && out->len > 0 ? " " : "");
        if (json_is_integer(v))
            text_number(out, json_integer_value(v));
        else
            text_add(out, json_string_value(v));
    }
    return e != NULL;
}
