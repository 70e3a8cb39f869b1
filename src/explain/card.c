/* explain/card.c: a certificate in a few lines, as people read it: who, by whom, for which names, until when, with which
   key. The full tree is in annotate_der.c. */
#include "explain/dissection.h"
#include "explain/oids.h"
#include "x509/x509.h"

static void say_names(struct text *t, const struct certificate *c);
static void say_general_name(struct text *t, enum general_name kind, bytes value);
static void say_validity(struct card_row *row, const struct certificate *c, int64_t at);
static void say_day(struct text *t, int64_t seconds);
static void say_key(struct text *t, const struct certificate *c);
static bytes algorithm_oid(bytes algorithm);
static struct text row_start(struct card_row *rows, size_t *n, const char *label);

size_t certificate_card(bytes der, int64_t at, struct card_row rows[CARD_ROWS])
{
    struct certificate c;
    fede_error error = {0};
    size_t n = 0;
    struct text t;
    if (!certificate_read(der, &c, &error)) {
        t = row_start(rows, &n, "certificate");
        text_add(&t, "can't be read");
        text_add(&t, error.where != NULL ? ": " : "");
        text_add(&t, error.where);
        rows[0].bad = true;
    } else {
        t = row_start(rows, &n, "subject");
        name_text(c.subject, rows[n - 1].value, sizeof rows[n - 1].value);
        t = row_start(rows, &n, "issuer");
        name_text(c.issuer, rows[n - 1].value, sizeof rows[n - 1].value);
        t.len = strlen(rows[n - 1].value);
        if (c.self_issued)
            text_add(&t, " (the same)");
        t = row_start(rows, &n, "names");
        say_names(&t, &c);
        row_start(rows, &n, "valid");
        say_validity(&rows[n - 1], &c, at);
        t = row_start(rows, &n, "key");
        say_key(&t, &c);
        text_add(&t, "; signed ");
        const char *algorithm = oid_name(algorithm_oid(c.algorithm));
        text_add(&t, algorithm != NULL ? algorithm : "with an unknown algorithm");
        t = row_start(rows, &n, "serial");
        text_hex(&t, c.serial);
    }
    t = row_start(rows, &n, "SHA-256");
    uint8_t hash[HASH_MAX];
    crypto_hash_once(HASH_SHA256, der, hash);
    text_hex(&t, bytes_of(hash, 32));
    return n;
}

void certificate_title(bytes der, struct text *out)
{
    struct certificate c;
    fede_error error = {0};
    if (!certificate_read(der, &c, &error)) {
        text_add(out, "unreadable");
        return;
    }
    char subject[700];
    name_text(c.subject, subject, sizeof subject);
    char *name = NULL;
    for (char *at = subject; (at = strstr(at, "CN=")) != NULL; at += 3)
        if (at == subject || at[-1] == ' ' || at[-1] == ',')
            name = at;
    bytes rest = c.alt_names, value;
    enum general_name kind;
    if (name != NULL) {
        char *end = strstr(name, ", ");
        if (end != NULL)
            *end = '\0';
        text_add(out, name);
    } else if (rest.len > 0 && general_names_next(&rest, &kind, &value)) {
        say_general_name(out, kind, value);
    } else {
        text_add(out, subject[0] != '\0' ? subject : "no subject");
    }
}

static struct text row_start(struct card_row *rows, size_t *n, const char *label)
{
    struct card_row *row = &rows[(*n)++];
    row->label = label;
    row->bad = false;
    return text_in(row->value, sizeof row->value);
}

static void say_names(struct text *t, const struct certificate *c)
{
    enum { SHOWN = 20 };
    bytes rest = c->alt_names, value;
    enum general_name kind;
    size_t n = 0;
    while (rest.len > 0 && general_names_next(&rest, &kind, &value)) {
        if (n++ >= SHOWN)
            continue;
        text_add(t, n > 1 ? ", " : "");
        say_general_name(t, kind, value);
    }
    if (n == 0)
        text_add(t, "none");
    if (n > SHOWN) {
        text_add(t, " and ");
        text_number(t, (int64_t)(n - SHOWN));
        text_add(t, " more");
    }
}

static void say_general_name(struct text *t, enum general_name kind, bytes value)
{
    char name[300];
    switch (kind) {
    case NAME_DNS:
    case NAME_EMAIL:
    case NAME_URI:
        text_escaped(t, value);
        break;
    case NAME_IP:
        if (value.len == 4) {
            for (size_t i = 0; i < 4; i++) {
                text_add(t, i > 0 ? "." : "");
                text_number(t, value.data[i]);
            }
        } else if (value.len == 16) {
            /* The longest run of zero groups becomes "::" (RFC 5952 4.2). */
            size_t best = 8, best_len = 1;
            for (size_t i = 0; i < 8; i++) {
                size_t run = 0;
                while (i + run < 8 && load16(value.data + 2 * (i + run)) == 0)
                    run++;
                if (run > best_len) {
                    best = i;
                    best_len = run;
                }
            }
            for (size_t i = 0; i < 8; i++) {
                if (i == best) {
                    text_add(t, "::");
                    i += best_len - 1;
                    continue;
                }
                text_add(t, i > 0 && i != best + best_len ? ":" : "");
                struct text g = text_in(name, sizeof name);
                text_hex_number(&g, load16(value.data + 2 * i), 1);
                text_add(t, name + 2);
            }
        } else {
            text_hex(t, value);
        }
        break;
    case NAME_DIRECTORY:
        name_text(value, name, sizeof name);
        text_add(t, name);
        break;
    case NAME_RID:
        oid_text(t, value);
        break;
    default:
        text_add(t, "other name ");
        text_hex(t, bytes_first(value, 16));
    }
}

static void say_validity(struct card_row *row, const struct certificate *c, int64_t at)
{
    enum { DAY = 86400 };
    struct text t = text_in(row->value, sizeof row->value);
    say_day(&t, c->not_before);
    text_add(&t, " to ");
    say_day(&t, c->not_after);
    text_add(&t, "; ");
    int64_t left = c->not_after - at;
    if (at < c->not_before) {
        text_add(&t, "not yet valid");
    } else if (left < 0) {
        text_add(&t, "expired ");
        text_number(&t, -left / DAY);
        text_add(&t, -left / DAY == 1 ? " day ago" : " days ago");
    } else {
        text_number(&t, left / DAY);
        text_add(&t, left / DAY == 1 ? " day left" : " days left");
    }
    row->bad = at < c->not_before || left < 0;
}

static void say_day(struct text *t, int64_t seconds)
{
    char whole[64];
    struct text w = text_in(whole, sizeof whole);
    text_time(&w, seconds);
    char *space = strchr(whole, ' ');
    if (space != NULL && whole[0] >= '0' && whole[0] <= '9')
        *space = '\0';
    text_add(t, whole);
}

static void say_key(struct text *t, const struct certificate *c)
{
    static const char *const kinds[] = {
        [KEY_RSA] = "RSA",          [KEY_RSA_PSS] = "RSA-PSS", [KEY_EC_P256] = "EC P-256", [KEY_EC_P384] = "EC P-384",
        [KEY_EC_P521] = "EC P-521", [KEY_ED25519] = "Ed25519", [KEY_ED448] = "Ed448"};
    uint8_t kind = c->key.kind;
    if (kind == 0 || kind >= sizeof kinds / sizeof *kinds) {
        text_add(t, "unsupported kind");
        return;
    }
    text_add(t, kinds[kind]);
    if (kind == KEY_RSA || kind == KEY_RSA_PSS) {
        text_char(t, ' ');
        text_number(t, c->key.bits);
        text_add(t, " bits");
    }
}

/* AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER … }, all lengths below 128 up to the identifier. */
static bytes algorithm_oid(bytes a)
{
    if (a.len < 4 || a.data[0] != 0x30 || a.data[1] >= 0x80 || a.data[2] != 0x06 || a.data[3] > a.len - 4)
        return BYTES_NONE;
    return bytes_of(a.data + 4, a.data[3]);
}
