/* report/story_path.c: where a path leads in one line of a story.

   The names of Wireshark are aliases, one row each: what they stand for here, and how tshark prints them, so that a script
   made for tshark goes on working. A name of Wireshark's has no value where tshark has none: for an empty session id, say. */
#include "report/story_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum look { AS_TOLD, DECIMAL, HEX_16 /* 0x1301 */, HEX_BYTES };

static const struct alias {
    const char *name;
    const char *paths[4];
    const char *event; /* only in these lines; NULL: in all */
    enum look look;
} aliases[] = {
    {"conn", {"connection"}, NULL, AS_TOLD},
    {"sni", {"client_hello.host_name"}, NULL, AS_TOLD},
    {"client_hello.sni", {"client_hello.host_name"}, NULL, AS_TOLD},
    {"alpn", {"client_hello.protocol_name", "server_hello.protocol_name", "encrypted_extensions.protocol_name"}, NULL, AS_TOLD},
    {"client_hello.alpn", {"client_hello.protocol_name"}, NULL, AS_TOLD},
    {"tls.record.content_type", {"content"}, "record", DECIMAL},
    {"tls.record.version", {"version"}, "record", HEX_16},
    {"tls.handshake.type", {"type"}, "message", DECIMAL},
    {"tls.handshake.version", {"client_hello.client_version", "server_hello.server_version"}, NULL, HEX_16},
    {"tls.handshake.random", {"client_hello.random", "server_hello.random"}, NULL, HEX_BYTES},
    {"tls.handshake.session_id", {"client_hello.session_id", "server_hello.session_id"}, NULL, HEX_BYTES},
    {"tls.handshake.ciphersuite", {"client_hello.cipher_suite", "server_hello.cipher_suite"}, NULL, HEX_16},
    {"tls.handshake.comp_method", {"client_hello.compression_method", "server_hello.compression_method"}, NULL, DECIMAL},
    {"tls.handshake.extension.type",
     {"*.extension_type"}, NULL, DECIMAL},
    {"tls.handshake.extensions_server_name", {"client_hello.host_name"}, NULL, AS_TOLD},
    {"tls.handshake.extensions_alpn_str",
     {"client_hello.protocol_name", "server_hello.protocol_name", "encrypted_extensions.protocol_name"}, NULL, AS_TOLD},
    {"tls.handshake.extensions_supported_group", {"client_hello.named_group"}, NULL, HEX_16},
    {"tls.handshake.extensions_key_share_group",
     {"client_hello.key_share.group", "server_hello.key_share.group"}, NULL, DECIMAL},
    {"tls.handshake.extensions.supported_version",
     {"client_hello.supported_versions.version", "server_hello.selected_version"}, NULL, HEX_16},
    {"tls.handshake.sig_hash_alg",
     {"client_hello.signature_scheme", "certificate_request.signature_scheme", "server_key_exchange.algorithm",
      "certificate_verify.algorithm"}, NULL, HEX_16},
    {"tls.alert_message.level", {"alert.level"}, NULL, DECIMAL},
    {"tls.alert_message.desc", {"alert.description"}, NULL, DECIMAL},
};

static const struct alias *alias_of(const char *path)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, path) == 0)
            return &aliases[i];
    return NULL;
}

static void add(struct story_values *out, const json_t *value)
{
    if (out->n < STORY_VALUES_MOST && !json_is_null(value))
        out->at[out->n++] = value;
}

/* Key after key; through a list into each of its entries. */
static void by_keys(const json_t *at, const char *path, struct story_values *out)
{
    if (json_is_array(at)) {
        for (size_t i = 0; i < json_array_size(at); i++)
            by_keys(json_array_get(at, i), path, out);
        return;
    }
    if (*path == '\0') {
        add(out, at);
        return;
    }
    size_t len = strcspn(path, ".");
    char key[100];
    if (!json_is_object(at) || len >= sizeof key)
        return;
    bytes_copy(key, path, len);
    key[len] = '\0';
    const json_t *next = json_object_get(at, key);
    if (next != NULL)
        by_keys(next, path + len + (path[len] == '.'), out);
}

/* The first steps are the same (or any, for *), the last steps are, and what is between them comes in this order. */
static bool is_path(const char *whole, const char *wanted)
{
    bool first = true;
    while (*wanted != '\0') {
        size_t len = strcspn(wanted, ".");
        for (;;) {
            size_t step = strcspn(whole, ".");
            bool same = (step == len && strncmp(whole, wanted, len) == 0) || (first && wanted[0] == '*');
            bool last = wanted[len] == '\0', at_end = whole[step] == '\0';
            if (same && (!last || at_end)) {
                whole += step + !at_end;
                break;
            }
            if (at_end || first)
                return false;
            whole += step + 1;
        }
        first = false;
        wanted += len + (wanted[len] == '.');
        if (*whole == '\0')
            return *wanted == '\0';
    }
    return *whole == '\0';
}

static void by_fields(const json_t *fields, const char *path, struct story_values *out)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *f = json_array_get(fields, i);
        const char *own = json_string_value(json_object_get(f, "path"));
        if (own == NULL)
            continue;
        if (is_path(own, path))
            add(out, f);
        by_fields(json_object_get(f, "fields"), path, out);
    }
}

static void own_values(const json_t *line, const char *path, struct story_values *out)
{
    const json_t *fields = json_object_get(line, "fields");
    const char *own = json_string_value(json_object_get(json_array_get(fields, 0), "path"));
    size_t len = strlen(path);
    by_keys(line, path, out);
    if (own != NULL && strncmp(own, path, len) == 0 && own[len] == '.')
        add(out, line); /* the message as a whole */
    by_fields(fields, path, out);
}

static bool is_empty(const json_t *value)
{
    const char *hex = json_string_value(json_object_get(value, "bytes"));
    return hex != NULL && *hex == '\0';
}

void story_values(const json_t *line, const char *path, struct story_values *out)
{
    const struct alias *a = alias_of(path);
    out->n = 0;
    if (a == NULL) {
        own_values(line, path, out);
        return;
    }
    const char *event = json_string_value(json_object_get(line, "event"));
    if (a->event != NULL && (event == NULL || strcmp(event, a->event) != 0))
        return;
    for (size_t i = 0; i < sizeof a->paths / sizeof *a->paths && a->paths[i] != NULL; i++)
        own_values(line, a->paths[i], out);
    size_t n = 0;
    for (size_t i = 0; i < out->n; i++)
        if (a->look == AS_TOLD || !is_empty(out->at[i]))
            out->at[n++] = out->at[i];
    out->n = n;
}

bool story_path_common(const char *path)
{
    static const char *const common[] = {"conn", "connection", "event", "story", "at", "at_us", "from", "ours", "client", "server"};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcmp(common[i], path) == 0)
            return true;
    return false;
}

/* ---- values ---- */

bool story_value_number(const json_t *value, int64_t *number)
{
    const json_t *n = json_is_object(value) ? json_object_get(value, "number") : value;
    if (!json_is_integer(n) && !json_is_boolean(n))
        return false;
    *number = json_is_integer(n) ? json_integer_value(n) : json_is_true(n);
    return true;
}

/* A field's text, when it is a registered name, has its number behind it: "fatal (2)". */
static void without_number(const char *words, const json_t *field, struct text *out)
{
    const char *bracket = json_object_get(field, "registry") != NULL ? strrchr(words, '(') : NULL;
    size_t len = bracket != NULL && bracket > words && bracket[-1] == ' ' ? (size_t)(bracket - words - 1) : strlen(words);
    for (size_t i = 0; i < len; i++)
        text_char(out, words[i]);
}

bool story_value_text(const json_t *value, size_t n, struct text *out)
{
    if (!json_is_object(value)) {
        if (n > 0)
            return false;
        if (json_is_string(value))
            text_add(out, json_string_value(value));
        else if (json_is_boolean(value))
            text_add(out, json_is_true(value) ? "true" : "false");
        else if (json_is_integer(value))
            text_number(out, json_integer_value(value));
        return true;
    }
    const char *words = json_string_value(json_object_get(value, "text"));
    const char *name = json_string_value(json_object_get(value, "name"));
    const char *hex = json_string_value(json_object_get(value, "bytes"));
    bool field = json_object_get(value, "path") != NULL;
    if (n == 0)
        text_add(out, words != NULL ? words : field ? "" : name);
    else if (n == 1)
        without_number(words != NULL ? words : "", value, out);
    else if (n == 2)
        text_add(out, hex);
    return n < 3;
}

void story_value_words(const json_t *value, const char *path, struct text *out)
{
    const struct alias *a = alias_of(path);
    enum look look = a != NULL ? a->look : AS_TOLD;
    const char *hex = json_string_value(json_object_get(value, "bytes"));
    const char *kind = json_string_value(json_object_get(value, "kind")); /* a story that was altered may lack it */
    int64_t number;
    if (look == DECIMAL && story_value_number(value, &number))
        text_number(out, number);
    else if (look == HEX_16 && story_value_number(value, &number))
        text_hex_number(out, (uint64_t)number, 4);
    else if (hex != NULL && (look == HEX_BYTES || json_object_get(value, "registry") == NULL) &&
             kind != NULL && strcmp(kind, "bytes") == 0)
        text_add(out, hex);
    else
        story_value_text(value, 0, out);
}
