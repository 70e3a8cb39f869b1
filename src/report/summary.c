/* report/summary.c: what happened, in plain sentences, and what somebody learns who listens on the way. Both are made from
   the finished story, so that they can say nothing else than the rest of it, and serve live connections and captures alike. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/html.h"

enum { SENTENCE = 900, SSL2 = 0x0002 };

static void add(json_t *list, const char *sentence)
{
    if (sentence[0] != '\0')
        json_array_append_new(list, json_string(sentence));
}

static const char *string_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static const char *name_of(const json_t *choice, const char *key)
{
    return string_of(json_object_get(choice, key), "name");
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void span(struct text *t, json_int_t us)
{
    char s[48];
    snprintf(s, sizeof s, us < 1000000 ? "%.1f milliseconds" : "%.2f seconds", (double)us / (us < 1000000 ? 1e3 : 1e6));
    text_add(t, s);
}

/* "1,234 bytes" */
static void grouped(struct text *t, json_int_t n, const char *one, const char *many)
{
    char digits[32], s[48];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, n < 0 ? 0 : n), at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            s[at++] = ',';
        s[at++] = digits[i];
    }
    s[at] = '\0';
    text_add(t, s);
    text_char(t, ' ');
    text_add(t, n == 1 ? one : many);
}

static void beginning(const json_t *story, struct text *t);
static void agreement(const json_t *story, struct text *t);
static void identity(const json_t *story, struct text *t);
static void data(const json_t *story, struct text *t);
static void ending(const json_t *story, struct text *t);

json_t *summary_sentences(const json_t *story)
{
    static void (*const parts[])(const json_t *, struct text *) = {beginning, agreement, identity, data, ending};
    json_t *list = json_array();
    char sentence[SENTENCE];
    for (size_t i = 0; list != NULL && i < sizeof parts / sizeof *parts; i++) {
        struct text t = text_in(sentence, sizeof sentence);
        parts[i](story, &t);
        add(list, sentence);
    }
    return list;
}

static void beginning(const json_t *story, struct text *t)
{
    const char *role = string_of(story, "role"), *title = string_of(story, "title"), *why;
    const json_t *error = json_object_get(story, "error");
    bool server = role != NULL && strcmp(role, "server") == 0, onlooker = role != NULL && strcmp(role, "onlooker") == 0;
    text_add(t, onlooker ? "A connection was recorded" : server ? "A client came" : "fede went");
    if (title != NULL) {
        text_add(t, onlooker ? ": " : server ? " from " : " to ");
        text_add(t, title);
    }
    const bool ssl2 = number_of(json_object_get(json_object_get(story, "choice"), "version"), "number") == SSL2;
    if (ssl2 && json_is_true(json_object_get(story, "established"))) {
        text_add(t, ". It is one of SSL 2.0: both sides went on under encryption, and have no proof that nobody took part.");
        return;
    }
    if (json_is_true(json_object_get(story, "established"))) {
        text_add(t, ". After ");
        grouped(t, number_of(story, "round_trips"), "round trip", "round trips");
        text_add(t, " and ");
        span(t, number_of(story, "handshake_us"));
        text_add(t, " both sides had the same keys, and each had proof that the other had them too.");
        return;
    }
    text_add(t, role != NULL ? ". The handshake did not succeed" : ". It did not come to TLS");
    why = string_of(error, "text");
    if (why != NULL)
        text_add(t, ": "), text_add(t, why);
    if (t->len == 0 || t->len >= t->size || t->out[t->len - 1] != '.')
        text_add(t, ".");
    why = string_of(error, "advice");
    if (why != NULL)
        text_add(t, " "), text_add(t, why);
}

static void agreement(const json_t *story, struct text *t)
{
    const json_t *choice = json_object_get(story, "choice");
    const char *version = name_of(choice, "version"), *suite = name_of(choice, "cipher_suite");
    const char *group = name_of(choice, "group"), *alpn = string_of(choice, "alpn");
    if (version == NULL || suite == NULL)
        return;
    text_add(t, "The server chose ");
    text_add(t, version);
    text_add(t, " with ");
    text_add(t, suite);
    if (group != NULL)
        text_add(t, "; the keys come from an exchange over "), text_add(t, group);
    if (alpn != NULL)
        text_add(t, "; inside they speak "), text_add(t, alpn);
    text_add(t, ".");
}

static void identity(const json_t *story, struct text *t)
{
    const json_t *v = json_object_get(story, "verification"), *path = json_object_get(v, "path");
    const char *name = string_of(v, "name"), *role = string_of(story, "role");
    size_t n = json_array_size(path);
    if (v == NULL)
        return;
    text_add(t, role != NULL && strcmp(role, "server") == 0 ? "The client's certificate" : "The server's certificate");
    if (!json_is_true(json_object_get(v, "accepted"))) {
        text_add(t, " was not accepted");
        if (string_of(v, "reason") != NULL)
            text_add(t, " ("), text_add(t, string_of(v, "reason")), text_add(t, ")");
        text_add(t, json_is_true(json_object_get(story, "established"))
                        ? ", and the connection was used all the same: it may be with anyone."
                        : ", so nothing was sent.");
        return;
    }
    text_add(t, " was accepted");
    if (name != NULL)
        text_add(t, " for "), text_add(t, name);
    if (n > 1 && string_of(json_array_get(path, n - 1), "title") != NULL) {
        text_add(t, ": its path of ");
        grouped(t, (json_int_t)n, "certificate", "certificates");
        text_add(t, " ends at ");
        text_add(t, string_of(json_array_get(path, n - 1), "title"));
        text_add(t, ", which is trusted here");
    }
    text_add(t, ".");
}

static void data(const json_t *story, struct text *t)
{
    const json_t *both = json_object_get(story, "traffic");
    const json_t *client = json_object_get(both, "client"), *server = json_object_get(both, "server");
    if (!json_is_true(json_object_get(story, "established")))
        return;
    text_add(t, "Protected by these keys the client sent ");
    grouped(t, number_of(client, "data_bytes"), "byte", "bytes");
    text_add(t, " in ");
    grouped(t, number_of(client, "data_records"), "record", "records");
    text_add(t, " and the server ");
    grouped(t, number_of(server, "data_bytes"), "byte", "bytes");
    text_add(t, " in ");
    grouped(t, number_of(server, "data_records"), "record", "records");
    text_add(t, ".");
}

static void ending(const json_t *story, struct text *t)
{
    const json_t *e = json_object_get(story, "ending");
    bool peer = json_is_true(json_object_get(e, "peer_close_notify")),
         ours = json_is_true(json_object_get(e, "our_close_notify"));
    if (e == NULL || !json_is_true(json_object_get(story, "established")))
        return;
    if (json_is_true(json_object_get(e, "failed")))
        text_add(t, "It ended with an error.");
    else if (peer && ours)
        text_add(t, "Both sides ended it with close_notify, so nothing was cut off at its end.");
    else if (peer)
        text_add(t, "The peer ended it with close_notify.");
    else if (ours)
        text_add(t, "fede ended it with close_notify; the peer's own was not waited for or did not come.");
    else
        text_add(t, "It ended without close_notify: whether anything was cut off at its end can't be known from TLS.");
}

/* ---- the listener ---- */

json_t *summary_observer(const json_t *story)
{
    json_t *sees = json_array(), *misses = json_array(), *both = json_object();
    const json_t *list = json_object_get(story, "messages"), *traffic = json_object_get(story, "traffic");
    static const char *const sides[] = {"client", "server"};
    char sentence[SENTENCE];
    size_t hidden = 0, certificates = 0, n = json_array_size(list);
    if (sees == NULL || misses == NULL || both == NULL || n == 0) {
        json_decref(sees);
        json_decref(misses);
        json_decref(both);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *m = json_array_get(list, i);
        bool encrypted = json_is_true(json_object_get(m, "encrypted"));
        hidden += encrypted;
        certificates += !encrypted && string_of(m, "name") != NULL && strcmp(string_of(m, "name"), "Certificate") == 0;
    }
    add(sees, "who talks with whom: the addresses, and when");
    if (string_of(story, "server_name") != NULL) {
        struct text t = text_in(sentence, sizeof sentence);
        text_add(&t, "the name of the server the client wants, in ClientHello: ");
        text_add(&t, string_of(story, "server_name"));
        add(sees, sentence);
    }
    add(sees, "what the client offers and what the server chooses; both randoms and both public shares");
    if (certificates > 0)
        add(sees, "the certificates, which TLS 1.2 sends in the clear");
    for (size_t i = 0; i < 2; i++) {
        const json_t *side = json_object_get(traffic, sides[i]);
        struct text t = text_in(sentence, sizeof sentence);
        if (number_of(side, "data_records") == 0)
            continue;
        text_add(&t, "how much the ");
        text_add(&t, sides[i]);
        text_add(&t, " sent, to a few bytes, and when: ");
        grouped(&t, number_of(side, "data_records"), "record of data", "records of data");
        add(sees, sentence);
        t = text_in(sentence, sizeof sentence);
        text_add(&t, "what the ");
        text_add(&t, sides[i]);
        text_add(&t, " said: ");
        grouped(&t, number_of(side, "data_bytes"), "byte", "bytes");
        add(misses, sentence);
    }
    if (hidden > 0) {
        struct text t = text_in(sentence, sizeof sentence);
        text_add(&t, "the content of ");
        grouped(&t, (json_int_t)hidden, "message after the keys changed", "messages after the keys changed");
        text_add(&t, "; their types and lengths show");
        add(misses, sentence);
    }
    add(misses, "both private keys, the premaster secret, the master secret and every key made from it");
    json_object_set_new(both, "sees", sees);
    json_object_set_new(both, "misses", misses);
    return both;
}
