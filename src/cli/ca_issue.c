/* cli/ca_issue.c: a new CA, a certificate by it, and certificates that are wrong in one point. What a flaw needs around the
   certificate (an intermediate with a limit, a CA that is none) is made on the way and thrown away with its key. */
#include <stdlib.h>
#include <time.h>

#include "cli/ca.h"
#include "cli/options.h"
#include "cli/words.h"

enum { DAY = 86400, HOUR = 3600 };

const char *const ca_flaws[FLAWS] = {
    [FLAW_EXPIRED] = "expired",
    [FLAW_FUTURE] = "future",
    [FLAW_WRONG_NAME] = "wrong-name",
    [FLAW_SELF_SIGNED] = "self-signed",
    [FLAW_NO_ISSUER] = "no-issuer",
    [FLAW_WEAK_KEY] = "weak-key",
    [FLAW_SHA1] = "sha1",
    [FLAW_WRONG_ORDER] = "wrong-order",
    [FLAW_REVOKED] = "revoked",
    [FLAW_NO_STAPLE] = "no-staple",
    [FLAW_NO_SAN] = "no-san",
    [FLAW_BAD_SIGNATURE] = "bad-signature",
    [FLAW_NOT_A_CA] = "not-a-ca",
    [FLAW_PATH_TOO_LONG] = "path-too-long",
    [FLAW_CONSTRAINT_BROKEN] = "constraint-broken",
};

/* The CAs of one run: the folder's own, and those made for a flaw. */
struct line {
    struct ca_pair pairs[3];
    size_t n;
    char *above; /* PEM of the intermediates over the folder's own */
};

static bool build_line(const struct ca_options *o, struct line *line, struct text *why);
static bool add_ca(struct line *line, const fede_issue_request *how, struct text *why);
static bool make(const struct ca_options *o, struct line *line, struct ca_pair *leaf, struct text *why);
static char *chain_text(const struct ca_options *o, const struct line *line, const struct ca_pair *leaf);
static bool after_issue(const struct ca_options *o, struct line *line, const struct ca_pair *leaf, const char *folder,
                        const char *name, struct text *why);
static void line_free(struct line *line);

static bool has(const struct ca_options *o, enum ca_flaw flaw)
{
    return (o->flaws >> flaw & 1) != 0;
}

static bool say_error(const fede_error *error, struct text *why)
{
    char sentence[700];
    fede_error_text(error, sentence, sizeof sentence);
    text_add(why, sentence);
    return false;
}

static bool certify(const fede_issue_request *q, struct ca_pair *pair, struct text *why)
{
    fede_error error;
    pair->len = fede_issue(q, pair->der, DER_MOST, &error);
    return pair->len > 0 || say_error(&error, why);
}

static void dates(const struct ca_options *o, fede_issue_request *q)
{
    int64_t now = (int64_t)time(NULL);
    q->not_before = o->from != 0 ? o->from : now - HOUR;
    q->not_after = o->to != 0 ? o->to : (o->from != 0 ? o->from : now) + (int64_t)o->days * DAY;
}

/* ---- init ---- */

int ca_init(const struct ca_options *o, struct text *why)
{
    static struct ca_pair parent, own;
    char *above = NULL, *cert = NULL, *chain = NULL;
    int code = EXIT_INPUT;
    own.key = fede_key_make(o->kind, o->bits);
    if (own.key == NULL) {
        text_add(why, "the key can't be made: RSA has 1024 to 8192 bits");
        return EXIT_USAGE;
    }
    fede_issue_request q = {.subject = o->subject != NULL ? o->subject : "O=fede, CN=fede test CA",
                            .key = own.key,
                            .ca = true,
                            .path_length = o->path_length,
                            .purposes = o->purposes,
                            .permitted = o->permitted,
                            .n_permitted = o->n_permitted,
                            .excluded = o->excluded,
                            .n_excluded = o->n_excluded,
                            .policies = o->policies,
                            .n_policies = o->n_policies,
                            .ocsp_url = o->ocsp_url,
                            .issuer_url = o->issuer_url,
                            .crl_url = o->crl_url,
                            .serial = bytes_of(o->serial, o->serial_len)};
    dates(o, &q);
    if (o->parent != NULL) {
        if (!ca_load(o->parent, &parent, &above, why))
            goto end;
        q.issuer = bytes_of(parent.der, parent.len);
        q.issuer_key = parent.key;
    }
    if (!certify(&q, &own, why))
        goto end;
    cert = ca_pem("CERTIFICATE", own.der, own.len);
    /* What servers have to send: this CA and those above it, but no root. */
    bool made = cert != NULL && (o->parent == NULL || (ca_join(&chain, cert) && ca_join(&chain, above)));
    code = EXIT_INTERNAL; /* from here on it is written */
    if (made && (o->parent == NULL || ca_note_issued(o->parent, bytes_of(own.der, own.len), why)) &&
        ca_write(o->folder, "ca.key", "", fede_key_pem(own.key), true, why) &&
        ca_write(o->folder, "ca.pem", "", cert, false, why) &&
        (chain == NULL || ca_write(o->folder, "chain.pem", "", chain, false, why)))
        code = EXIT_DONE;
end:
    fede_key_free(own.key);
    fede_key_free(parent.key);
    free(above);
    free(cert);
    free(chain);
    return code;
}

/* ---- issue ---- */

const char *ca_place(const struct ca_options *o, char file[CA_NAME])
{
    snprintf(file, CA_NAME, "%.250s", o->out != NULL ? o->out : o->names[0]);
    for (char *at = file; *at != '\0' && o->out == NULL; at++)
        *at = strchr("/*:@", *at) != NULL ? '_' : *at;
    return strchr(file, '/') == NULL ? o->folder : file[0] == '/' ? "" : ".";
}

int ca_issue(const struct ca_options *o, struct text *why)
{
    static struct line line;
    static struct ca_pair leaf;
    char file[CA_NAME];
    int code = EXIT_INPUT;
    const char *folder = ca_place(o, file), *name = file[0] == '/' ? file + 1 : file;
    char *chain = NULL;
    if (!build_line(o, &line, why) || !make(o, &line, &leaf, why))
        goto end;
    chain = chain_text(o, &line, &leaf);
    if (chain == NULL)
        text_add(why, "no memory");
    else if (ca_write(folder, name, ".key", fede_key_pem(leaf.key), true, why) &&
             ca_write(folder, name, ".pem", chain, false, why) &&
             ca_note_issued(o->folder, bytes_of(leaf.der, leaf.len), why) && after_issue(o, &line, &leaf, folder, name, why))
        code = EXIT_DONE;
    else
        code = EXIT_INTERNAL; /* not written */
end:
    fede_key_free(leaf.key);
    line_free(&line);
    free(chain);
    return code;
}

/* ---- sign ---- */

/* For a key that its owner keeps: to standard output, or FILE.pem. */
int ca_sign(const struct ca_options *o, const char *path, struct text *why)
{
    static struct line line;
    static struct ca_pair leaf;
    static uint8_t request[DER_MOST];
    size_t len = ca_read_request(path, request, sizeof request, why);
    int code = EXIT_INPUT;
    char *chain = NULL;
    if (len == 0)
        return EXIT_INPUT;
    line.n = 1;
    if (ca_load(o->folder, &line.pairs[0], &line.above, why)) {
        fede_issue_request q = {.request = bytes_of(request, len),
                                .subject = o->subject,
                                .names = o->names,
                                .n_names = o->n_names,
                                .issuer = bytes_of(line.pairs[0].der, line.pairs[0].len),
                                .issuer_key = line.pairs[0].key,
                                .serial = bytes_of(o->serial, o->serial_len),
                                .purposes = o->purposes,
                                .policies = o->policies,
                                .n_policies = o->n_policies,
                                .ocsp_url = o->ocsp_url,
                                .issuer_url = o->issuer_url,
                                .crl_url = o->crl_url,
                                .must_staple = o->must_staple,
                                .key_encipherment = o->key_encipherment};
        dates(o, &q);
        chain = certify(&q, &leaf, why) ? chain_text(o, &line, &leaf) : NULL;
    }
    if (chain != NULL) {
        bool rooted = o->out != NULL && o->out[0] == '/';
        if (!ca_note_issued(o->folder, bytes_of(leaf.der, leaf.len), why))
            code = EXIT_INPUT;
        else if (o->out == NULL)
            code = fputs(chain, stdout) >= 0 ? EXIT_DONE : EXIT_INTERNAL;
        else
            code = ca_write(rooted ? "" : ".", o->out + rooted, ".pem", chain, false, why) ? EXIT_DONE : EXIT_INTERNAL;
    }
    line_free(&line);
    free(chain);
    return code;
}

/* The CA of the folder, and below it what a flaw needs. */
static bool build_line(const struct ca_options *o, struct line *line, struct text *why)
{
    static const char *const elsewhere[] = {"constraint.invalid"};
    fede_issue_request how = {.ca = true, .subject = "O=fede, CN=Intermediate made for one flaw"};
    if (!ca_load(o->folder, &line->pairs[0], &line->above, why))
        return false;
    line->n = 1;
    dates(o, &how);
    if (has(o, FLAW_NO_ISSUER) || has(o, FLAW_WRONG_ORDER))
        return add_ca(line, &how, why);
    if (has(o, FLAW_CONSTRAINT_BROKEN)) {
        how.permitted = elsewhere;
        how.n_permitted = 1;
        return add_ca(line, &how, why);
    }
    if (has(o, FLAW_NOT_A_CA)) {
        how.ca = false;
        return add_ca(line, &how, why);
    }
    if (has(o, FLAW_PATH_TOO_LONG)) {
        how.path_length = 1; /* no CA below it */
        if (!add_ca(line, &how, why))
            return false;
        how.path_length = 0;
        how.subject = "O=fede, CN=Intermediate below one that allows none";
        return add_ca(line, &how, why);
    }
    return true;
}

static bool add_ca(struct line *line, const fede_issue_request *how, struct text *why)
{
    struct ca_pair *below = &line->pairs[line->n], *above = &line->pairs[line->n - 1];
    fede_issue_request q = *how;
    below->key = fede_key_make(FEDE_KEY_P256, 0);
    if (below->key == NULL) {
        text_add(why, "no memory for a key");
        return false;
    }
    line->n++;
    q.key = below->key;
    q.issuer = bytes_of(above->der, above->len);
    q.issuer_key = above->key;
    return certify(&q, below, why);
}

static bool make(const struct ca_options *o, struct line *line, struct ca_pair *leaf, struct text *why)
{
    static const char *const wrong[] = {"wrong-name.invalid"};
    const struct ca_pair *issuer = &line->pairs[line->n - 1];
    bool weak = has(o, FLAW_WEAK_KEY);
    char subject[300];
    int64_t now = (int64_t)time(NULL);
    leaf->key = fede_key_make(weak ? FEDE_KEY_RSA : o->kind, weak ? 1024 : o->bits);
    if (leaf->key == NULL) {
        text_add(why, "the key can't be made: RSA has 1024 to 8192 bits");
        return false;
    }
    /* A common name only where it is a host name, and has room for it: others would be taken for one. */
    const char *first = o->names[0];
    bool host = strpbrk(first, ":@/,\\") == NULL && strspn(first, "0123456789.") < strlen(first) && strlen(first) < 64;
    snprintf(subject, sizeof subject, host ? "O=fede, CN=%s" : "O=fede", first);
    fede_issue_request q = {.subject = o->subject != NULL ? o->subject : subject,
                            .names = has(o, FLAW_WRONG_NAME) ? wrong : o->names,
                            .n_names = has(o, FLAW_WRONG_NAME) ? 1 : o->n_names,
                            .key = leaf->key,
                            .serial = bytes_of(o->serial, o->serial_len),
                            .purposes = o->purposes,
                            .policies = o->policies,
                            .n_policies = o->n_policies,
                            .ocsp_url = o->ocsp_url,
                            .issuer_url = o->issuer_url,
                            .crl_url = o->crl_url,
                            .must_staple = o->must_staple || has(o, FLAW_NO_STAPLE),
                            .key_encipherment = o->key_encipherment};
    dates(o, &q);
    if (has(o, FLAW_EXPIRED)) {
        q.not_before = now - 30 * (int64_t)DAY;
        q.not_after = now - DAY;
    } else if (has(o, FLAW_FUTURE)) {
        q.not_before = now + 30 * (int64_t)DAY;
        q.not_after = now + 60 * (int64_t)DAY;
    }
    if (!has(o, FLAW_SELF_SIGNED)) {
        q.issuer = bytes_of(issuer->der, issuer->len);
        q.issuer_key = issuer->key;
    }
    q.flaws = (has(o, FLAW_SHA1) ? FEDE_FLAW_SHA1 : 0) | (has(o, FLAW_BAD_SIGNATURE) ? FEDE_FLAW_SIGNATURE : 0) |
              (has(o, FLAW_NO_SAN) ? FEDE_FLAW_NO_NAMES : 0);
    return certify(&q, leaf, why);
}

/* The certificate, then what stands between it and the root; the root only in a wrong order. */
static char *chain_text(const struct ca_options *o, const struct line *line, const struct ca_pair *leaf)
{
    char *text = NULL, *pem = ca_pem("CERTIFICATE", leaf->der, leaf->len);
    bool good = pem != NULL && ca_join(&text, pem);
    free(pem);
    if (has(o, FLAW_SELF_SIGNED))
        return text;
    for (size_t i = has(o, FLAW_NO_ISSUER) ? 1 : line->n; good && i-- > 1;) {
        if (has(o, FLAW_WRONG_ORDER) && (pem = ca_pem("CERTIFICATE", line->pairs[0].der, line->pairs[0].len)) != NULL) {
            good = ca_join(&text, pem);
            free(pem);
        }
        pem = ca_pem("CERTIFICATE", line->pairs[i].der, line->pairs[i].len);
        good = good && pem != NULL && ca_join(&text, pem);
        free(pem);
    }
    if (good && line->above != NULL)
        good = ca_join(&text, line->above);
    if (good)
        return text;
    free(text);
    return NULL;
}

/* Revoked: on the CA's list from now on, and that list beside the certificate. */
static bool after_issue(const struct ca_options *o, struct line *line, const struct ca_pair *leaf, const char *folder,
                        const char *name, struct text *why)
{
    static uint8_t der[DER_MOST];
    fede_error error;
    if (!has(o, FLAW_REVOKED))
        return true;
    int64_t now = (int64_t)time(NULL);
    fede_revoked entry = {.serial = ca_serial(bytes_of(leaf->der, leaf->len)), .at = now - HOUR, .reason = 1};
    size_t len = fede_issue_list(bytes_of(line->pairs[0].der, line->pairs[0].len), line->pairs[0].key, &entry, 1, 1,
                                 now - HOUR, now + 30 * (int64_t)DAY, der, sizeof der, &error);
    if (len == 0)
        return say_error(&error, why);
    char *pem = ca_pem("X509 CRL", der, len);
    bool written = pem != NULL && ca_revoke(o->folder, entry.serial, entry.at, entry.reason, why) &&
                   ca_write(folder, name, ".crl", pem, false, why);
    free(pem);
    return written;
}

static void line_free(struct line *line)
{
    for (size_t i = 0; i < line->n; i++)
        fede_key_free(line->pairs[i].key);
    free(line->above);
    *line = (struct line){.n = 0};
}
