/* explain/secrets.c: key logs (RFC 9850) gathered before the first packet is looked at.

   Lines may come from any number of files and secrets blocks, in any order; the same line may come often. A line that is
   no entry is counted and passed over, and so is an entry whose label is not known here. */
#include "explain/secrets.h"

#include <stdlib.h>

#include "keys/keylog.h"

enum { SLOTS = 16384, LINE_MOST = 4096 };

// clang-format off
static const struct { uint8_t label; const char *name; } labels[] = {
    {SECRET_MASTER,           "CLIENT_RANDOM"},
    {SECRET_CLIENT_EARLY,     "CLIENT_EARLY_TRAFFIC_SECRET"},
    {SECRET_CLIENT_HANDSHAKE, "CLIENT_HANDSHAKE_TRAFFIC_SECRET"},
    {SECRET_SERVER_HANDSHAKE, "SERVER_HANDSHAKE_TRAFFIC_SECRET"},
    {SECRET_CLIENT_TRAFFIC,   "CLIENT_TRAFFIC_SECRET_0"},
    {SECRET_SERVER_TRAFFIC,   "SERVER_TRAFFIC_SECRET_0"},
    {SECRET_EXPORTER,         "EXPORTER_SECRET"},
    {SECRET_EARLY_EXPORTER,   "EARLY_EXPORTER_SECRET"},
    {SECRET_PREMASTER,        "PMS_CLIENT_RANDOM"},
    {SECRET_PREMASTER_RSA,    "RSA"},
};
// clang-format on
enum { LABELS = sizeof labels / sizeof labels[0] };

static void line_of(void *secrets, bytes line);
static void add(struct secrets *s, uint8_t label, const struct keylog_entry *entry);
static size_t slot_of(bytes random);
static int hex_digit(char c);
static bool by_session_id(bytes line, struct keylog_entry *out);
static size_t hex_after(bytes *line, const char *name, uint8_t *out, size_t most);

void secrets_read(struct secrets *s, struct input *input)
{
    secrets_each_line(input, line_of, s);
}

void secrets_each_line(struct input *input, void (*line)(void *arg, bytes line), void *arg)
{
    for (;;) {
        bytes ahead = input_peek(input, LINE_MOST);
        if (ahead.len == 0)
            return;
        const uint8_t *end = memchr(ahead.data, '\n', ahead.len);
        size_t n = end != NULL ? (size_t)(end - ahead.data) + 1 : ahead.len;
        line(arg, bytes_first(ahead, n));
        input_skip(input, n);
        /* The rest of a line too long for an entry is no line of its own. */
        while (end == NULL && ahead.len == LINE_MOST) {
            ahead = input_peek(input, LINE_MOST);
            end = memchr(ahead.data, '\n', ahead.len);
            input_skip(input, end != NULL ? (size_t)(end - ahead.data) + 1 : ahead.len);
        }
    }
}

void secrets_lines(struct secrets *s, bytes text)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t n = end != NULL ? (size_t)(end - text.data) + 1 : text.len;
        line_of(s, bytes_first(text, n));
        text = bytes_skip(text, n);
    }
}

void secrets_end(struct secrets *s)
{
    for (size_t i = 0; s->slots != NULL && i < SLOTS; i++) {
        for (struct secret *at = s->slots[i], *next; at != NULL; at = next) {
            next = at->next;
            bytes_wipe(at, sizeof *at + at->len);
            free(at);
        }
    }
    free(s->slots);
    for (size_t i = 0; i < s->n_rsa; i++)
        crypto_key_free(s->rsa[i]);
    if (s->psks != NULL)
        bytes_wipe(s->psks, PSKS_MOST * sizeof *s->psks);
    free(s->psks);
    bytes_wipe(s->ticket_roots, sizeof s->ticket_roots);
    *s = (struct secrets){0};
}

bytes secrets_find(const struct secrets *s, enum secret_label label, bytes random, size_t n)
{
    if (s->slots == NULL)
        return BYTES_NONE;
    for (const struct secret *at = s->slots[slot_of(random)]; at != NULL; at = at->next)
        if (at->label == label && bytes_equal(bytes_of(at->random, at->random_len), random) && n-- == 0)
            return bytes_of(at->bytes, at->len);
    return BYTES_NONE;
}

bool secrets_any(const struct secrets *s, bytes random)
{
    for (size_t i = 0; i < LABELS; i++)
        if (secrets_find(s, labels[i].label, random, 0).data != NULL)
            return true;
    return false;
}

bool secrets_rsa_key(struct secrets *s, bytes pem_or_der)
{
    struct crypto_key *key = s->n_rsa < RSA_KEYS_MOST && crypto_start() ? crypto_key_read(pem_or_der) : NULL;
    if (key == NULL || crypto_key_kind(key) != KEY_RSA) {
        crypto_key_free(key);
        return false;
    }
    s->rsa[s->n_rsa++] = key;
    return true;
}

bool secrets_ticket_keys(struct secrets *s, bytes keys)
{
    if (keys.len == 0 || keys.len % TICKET_ROOT != 0 || keys.len / TICKET_ROOT > TICKET_ROOTS_MOST - s->n_ticket_roots)
        return false;
    bytes_copy(s->ticket_roots[s->n_ticket_roots], keys.data, keys.len);
    s->n_ticket_roots += keys.len / TICKET_ROOT;
    return true;
}

bool secrets_psk_line(struct secrets *s, const char *line)
{
    if (s->psks == NULL && (s->psks = calloc(PSKS_MOST, sizeof *s->psks)) == NULL)
        return false;
    const char *colon = strrchr(line, ':'), *hex = colon != NULL ? colon + 1 : line;
    struct psk psk = {0};
    const size_t identity = colon != NULL ? (size_t)(colon - line) : 0, digits = strlen(hex);
    if (s->n_psks == PSKS_MOST || identity > sizeof psk.identity || digits == 0 || digits % 2 != 0 ||
        digits / 2 > sizeof psk.bytes)
        return false;
    for (size_t i = 0; i < digits; i++) {
        const int nibble = hex_digit(hex[i]);
        if (nibble < 0)
            return false;
        psk.bytes[i / 2] = (uint8_t)(psk.bytes[i / 2] << 4 | nibble);
    }
    bytes_copy(psk.identity, (const uint8_t *)line, identity);
    psk.identity_len = (uint8_t)identity;
    psk.len = (uint8_t)(digits / 2);
    s->psks[s->n_psks++] = psk;
    bytes_wipe(&psk, sizeof psk);
    return true;
}

bytes secrets_psk(const struct secrets *s, size_t n, bytes identity)
{
    if (n >= s->n_psks)
        return BYTES_NONE;
    const struct psk *p = &s->psks[n];
    bool fits = p->identity_len == 0 || bytes_equal(bytes_of(p->identity, p->identity_len), identity);
    return fits ? bytes_of(p->bytes, p->len) : BYTES_NONE;
}

const char *secret_label_name(enum secret_label label)
{
    for (size_t i = 0; i < LABELS; i++)
        if (labels[i].label == label)
            return labels[i].name;
    return "secret";
}

static void line_of(void *secrets, bytes line)
{
    struct secrets *s = secrets;
    struct keylog_entry entry;
    enum keylog_kind kind = keylog_read(line, &entry);
    if (kind == KEYLOG_EMPTY)
        return;
    size_t i = 0;
    while (kind == KEYLOG_ENTRY && i < LABELS && !bytes_equal(entry.label, bytes_text(labels[i].name)))
        i++;
    size_t wanted = i < LABELS && labels[i].label == SECRET_PREMASTER_RSA ? 8 : 32;
    if (kind == KEYLOG_FOREIGN && by_session_id(line, &entry))
        add(s, SECRET_MASTER_OF_ID, &entry);
    else if (kind == KEYLOG_FOREIGN || i == LABELS || entry.random_len != wanted || entry.secret_len > sizeof entry.secret)
        s->foreign++;
    else
        add(s, labels[i].label, &entry);
    bytes_wipe(&entry, sizeof entry);
}

static void add(struct secrets *s, uint8_t label, const struct keylog_entry *entry)
{
    s->lines++;
    if (s->slots == NULL && (s->slots = calloc(SLOTS, sizeof *s->slots)) == NULL) {
        s->failed = true;
        return;
    }
    bytes random = bytes_of(entry->random, entry->random_len), secret = bytes_of(entry->secret, entry->secret_len);
    struct secret **at = &s->slots[slot_of(random)];
    for (; *at != NULL; at = &(*at)->next) {
        const struct secret *there = *at;
        if (there->label == label && bytes_equal(bytes_of(there->random, there->random_len), random) &&
            bytes_equal(bytes_of(there->bytes, there->len), secret)) {
            s->repeated++;
            return;
        }
    }
    struct secret *made = calloc(1, sizeof *made + secret.len);
    if (made == NULL) {
        s->failed = true;
        return;
    }
    made->label = label;
    made->random_len = (uint8_t)random.len;
    made->len = (uint16_t)secret.len;
    bytes_copy(made->random, random.data, random.len);
    bytes_copy(made->bytes, secret.data, secret.len);
    *at = made;
    s->used++;
}

/* Client randoms are random: a few of their bytes spread well. The first four may be a clock. */
static size_t slot_of(bytes random)
{
    return random.len < 8 ? 0 : load32(random.data + 4) % SLOTS;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* What `openssl s_client` prints of a session, on one line: older readers of captures took it so. */
static bool by_session_id(bytes line, struct keylog_entry *out)
{
    enum { MASTER = 48 };
    *out = (struct keylog_entry){0};
    const size_t id = hex_after(&line, "RSA Session-ID:", out->random, 32);
    const size_t master = id > 0 ? hex_after(&line, " Master-Key:", out->secret, MASTER) : 0;
    out->random_len = id;
    out->secret_len = master;
    return id >= 8 && master == MASTER;
}

/* The bytes behind a name; the line goes on behind them. 0: something else stands there. */
static size_t hex_after(bytes *line, const char *name, uint8_t *out, size_t most)
{
    const size_t len = strlen(name);
    size_t n = 0;
    if (line->len < len || memcmp(line->data, name, len) != 0)
        return 0;
    *line = bytes_skip(*line, len);
    for (; line->len >= 2 && n < most; n++, *line = bytes_skip(*line, 2)) {
        const int high = hex_digit((char)line->data[0]), low = hex_digit((char)line->data[1]);
        if (high < 0 || low < 0)
            break;
        out[n] = (uint8_t)(high << 4 | low);
    }
    return n;
}
