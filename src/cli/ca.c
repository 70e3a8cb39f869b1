/* fede ca ACTION: a small CA in a folder: init, issue, sign, revoke, crl, ocsp. Here are the options and the two actions that make no
   certificate. */
#include "cli/ca.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/words.h"

enum { DAYS = 90, DAYS_OF_CA = 3650, DAYS_MOST = 36500, DAY = 86400 };
enum key {
    FOLDER = 1,
    PARENT,
    KEY_KIND,
    SUBJECT,
    NAMES,
    DAYS_VALID,
    NOT_BEFORE,
    NOT_AFTER,
    SERIAL,
    PATH_LENGTH,
    PERMIT,
    EXCLUDE,
    PURPOSES,
    POLICY,
    MUST_STAPLE,
    KEY_ENCIPHERMENT,
    OCSP_URL,
    ISSUER_URL,
    CRL_URL,
    FLAW,
    OUTPUT,
    REASON,
    LISTEN,
    SIGNER,
    PASS
};

struct settings {
    struct story story;
    struct ca_options o;
    unsigned reason;
};

static bool ca_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int ca_run(int argc, char **argv);
static int revoke(const struct settings *s, const char *path, struct text *why);
static void show_issued(const struct settings *s);
static int list(const struct settings *s, struct text *why);

/* clang-format off */
static const struct option_row ca_options[] = {
    {"ca",           0, FOLDER,      "DIRECTORY", "Where",  "The folder of the CA; without this option the current one. init makes it."},
    {"output",      'o', OUTPUT,     "FILE",      NULL,     "issue: write FILE.pem and FILE.key instead of the first NAME's; crl, ocsp: write FILE."},
    {"parent",       0, PARENT,      "DIRECTORY", NULL,     "init: make an intermediate CA, issued by the CA in DIRECTORY."},
    {"key",          0, KEY_KIND,    "KIND",      "Content", "p256 (the default), p384, p521, ed25519, rsa (2048 bits) or rsa:BITS."},
    {"subject",      0, SUBJECT,     "NAME",      NULL,     "The subject, as in \"C=NL, O=Example, CN=Name\"."},
    {"name",         0, NAMES,       "NAME",      NULL,     "One more name for the certificate; repeatable."},
    {"days",         0, DAYS_VALID,  "N",         NULL,     "Valid for N days: without this option 90 for certificates, 3650 for CAs, 7 for OCSP responses."},
    {"not-before",   0, NOT_BEFORE,  "TIME",      NULL,     "Valid from TIME on; without it from an hour ago."},
    {"not-after",    0, NOT_AFTER,   "TIME",      NULL,     "Valid until TIME."},
    {"serial",       0, SERIAL,      "HEX",       NULL,     "The serial number, at most 20 bytes; random without this option."},
    {"path-length",  0, PATH_LENGTH, "N",         NULL,     "init: at most N CAs below this one."},
    {"permit",       0, PERMIT,      "NAME",      NULL,     "init: only DNS names in NAME, or addresses in ADDRESS/LENGTH; repeatable."},
    {"exclude",      0, EXCLUDE,     "NAME",      NULL,     "init: no DNS names in NAME, no addresses in ADDRESS/LENGTH; repeatable."},
    {"purpose",      0, PURPOSES,    "LIST",      NULL,     "server, client, ocsp, code, mail; separated by commas; server,client without this option."},
    {"policy",       0, POLICY,      "OID",       NULL,     "A certificate policy, as in 2.23.140.1.2.1; repeatable."},
    {"must-staple",  0, MUST_STAPLE, NULL,        NULL,     "Promise that an OCSP response comes with the certificate (RFC 7633)."},
    {"key-encipherment", 0, KEY_ENCIPHERMENT, NULL, NULL, "Others may encrypt to the key too (RSA): static RSA key exchange needs it."},
    {"ocsp-url",     0, OCSP_URL,    "URL",       NULL,     "Where an OCSP responder is."},
    {"issuer-url",   0, ISSUER_URL,  "URL",       NULL,     "Where the issuer's certificate can be fetched."},
    {"crl-url",      0, CRL_URL,     "URL",       NULL,     "Where the revocation list can be fetched."},
    {"flaw",         0, FLAW,        "FLAW",      NULL,     "issue: wrong on purpose: expired, future, wrong-name, self-signed, no-issuer, weak-key, sha1, wrong-order, revoked, no-staple, no-san, bad-signature, not-a-ca, path-too-long, constraint-broken; repeatable."},
    {"listen",       0, LISTEN,      "ADDRESS:PORT", NULL,  "ocsp: answer requests over HTTP there, GET and POST, until a signal comes; what was not issued here is unknown."},
    {"signer",       0, SIGNER,      "NAME",      NULL,     "ocsp --listen: sign answers with NAME.key; NAME.pem was issued by the CA with --purpose ocsp. Without it the CA signs."},
    {"pass",         0, PASS,        "SOURCE",    NULL,     "p12: the password of the file: env:NAME, file:FILE (its first line), or the password itself."},
    {"reason",       0, REASON,      "N",         NULL,     "revoke: reason code of RFC 5280 5.3.1: 1 key compromise, 4 superseded, 5 cessation …"},
};
/* clang-format on */

const struct command ca_command = {
    .name = "ca",
    .synopsis = "init | issue NAME... | sign REQUEST | revoke FILE | crl | ocsp FILE | ocsp --listen ADDRESS:PORT | p12 NAME",
    .summary = "A small CA for tests: certificates for any name, and wrong ones on purpose.",
    .examples = "  fede ca init --ca lab                            a root: lab/ca.pem, lab/ca.key\n"
                "  fede ca issue --ca lab localhost 127.0.0.1 ::1   lab/localhost.pem, lab/localhost.key\n"
                "  fede ca issue --ca lab --flaw expired localhost -o lab/old\n"
                "  fede ca init --ca lab/mid --parent lab --path-length 0 --permit example.com\n"
                "  fede ca sign --ca lab request.csr > site.pem\n"
                "  fede ca revoke --ca lab lab/localhost.pem\n"
                "  fede ca crl --ca lab > lab.crl\n"
                "  fede ca ocsp --ca lab -o localhost.ocsp lab/localhost.pem   for serve --staple\n"
                "  fede ca ocsp --ca lab --listen 127.0.0.1:8080    a responder for clients that ask themselves\n"
                "  fede ca p12 --pass env:WORD lab/localhost        lab/localhost.p12, for browsers and Java\n",
    .notes = "Keys get mode 0600; nothing is written over; no store of the system is touched.\n"
             "issue -vv shows how the signature is made: what is signed, its digest, and that it verifies.\n",
    .options = ca_options,
    .n_options = sizeof ca_options / sizeof *ca_options,
    .take = ca_take,
    .run = ca_run,
};

static int ca_run(int argc, char **argv)
{
    static struct settings s;
    char reason[1000] = "";
    struct text why = text_in(reason, sizeof reason);
    int n = 0;
    story_defaults(&s.story);
    s.o.folder = ".";
    int code = options_parse(&ca_command, &s, argc, argv, &n);
    if (code >= 0)
        return code;
    const char *action = n > 0 ? argv[1] : "";
    bool init = !strcmp(action, "init"), issue = !strcmp(action, "issue"), crl = !strcmp(action, "crl");
    bool sign = !strcmp(action, "sign"), ocsp = !strcmp(action, "ocsp"), p12 = !strcmp(action, "p12");
    bool respond = ocsp && s.o.listen != NULL;
    if (!init && !issue && !crl && !sign && !ocsp && !p12 && strcmp(action, "revoke") != 0)
        return usage_error(&ca_command, "what is to be done? init, issue, sign, revoke, crl, ocsp or p12");
    if (init || crl || respond ? n > 1 : issue ? n < 2 : n != 2)
        return usage_error(&ca_command, issue         ? "for which name?"
                                        : init || crl ? "init and crl take no operands; the folder is given with --ca"
                                        : respond     ? "ocsp takes a certificate, or --listen"
                                        : p12         ? "which pair? NAME stands for NAME.pem and NAME.key"
                                        : sign        ? "which request?"
                                                      : ocsp ? "about which certificate?"
                                                      : "which certificate is revoked?");
    if (s.o.days == 0 && !ocsp)
        s.o.days = init ? DAYS_OF_CA : DAYS;
    /* Operands are names too; the first gives the file its name. */
    for (int i = n - 1; issue && i > 0; i--) {
        if (s.o.n_names == CA_MOST)
            return usage_error(&ca_command, "there are too many names");
        for (size_t k = s.o.n_names++; k > 0; k--)
            s.o.names[k] = s.o.names[k - 1];
        s.o.names[0] = argv[1 + i];
    }
    if (init && mkdir(s.o.folder, 0755) != 0 && errno != EEXIST) {
        text_format(&why, "%s can't be made: %s", s.o.folder, strerror(errno));
        code = EXIT_INTERNAL;
    } else {
        code = init    ? ca_init(&s.o, &why)
               : issue ? ca_issue(&s.o, &why)
               : crl   ? list(&s, &why)
               : sign  ? ca_sign(&s.o, argv[2], &why)
               : respond ? ca_respond(&s.o, &why)
               : p12   ? ca_p12(&s.o, argv[2], &why)
               : ocsp  ? ca_ocsp(&s.o, argv[2], &why)
                       : revoke(&s, argv[2], &why);
    }
    if (code == EXIT_DONE && issue && s.story.level >= 2)
        show_issued(&s);
    if (code != EXIT_DONE)
        fprintf(stderr, "exit %d: %s\n", code, reason[0] != '\0' ? reason : exit_meaning(code));
    return code;
}

/* -v, -vv: what was signed, its digest, by whom: as fede cert --verify tells it. That a flaw is noticed is no failure. */
static void show_issued(const struct settings *s)
{
    char name[CA_NAME], issued[4096], anchor[4096];
    const char *folder = ca_place(&s->o, name);
    snprintf(issued, sizeof issued, "%s/%s.pem", folder, name[0] == '/' ? name + 1 : name);
    snprintf(anchor, sizeof anchor, "%s/ca.pem", s->o.folder);
    char *words[] = {"cert", "--verify", s->story.level > 2 ? "-vv" : "-v", "--cacert", anchor, issued, NULL};
    cert_command.run(6, words);
}

static int revoke(const struct settings *s, const char *path, struct text *why)
{
    static struct ca_pair ca, other;
    char *above = NULL;
    bool loaded = ca_load(s->o.folder, &ca, &above, why);
    fede_key_free(ca.key);
    free(above);
    if (!loaded || (other.len = ca_read_certificate(path, other.der, DER_MOST, why)) == 0)
        return EXIT_INPUT;
    fede_bytes serial = ca_serial(bytes_of(other.der, other.len));
    if (serial.len == 0 || serial.len > 20) {
        text_format(why, "%s has a serial number that is too long", path);
        return EXIT_INPUT;
    }
    return ca_revoke(s->o.folder, serial, (int64_t)time(NULL), (int)s->reason, why) ? EXIT_DONE : EXIT_INPUT;
}

/* The number of a list grows with time: each is newer than those before. */
static int list(const struct settings *s, struct text *why)
{
    static struct ca_pair ca;
    static fede_revoked entries[REVOKED_MOST];
    static uint8_t serials[REVOKED_MOST][20], der[1 << 19];
    char *above = NULL, *pem = NULL;
    size_t n;
    int64_t now = (int64_t)time(NULL);
    int64_t from = s->o.from != 0 ? s->o.from : now - 60;
    fede_error error;
    int code = EXIT_INPUT;
    if (ca_load(s->o.folder, &ca, &above, why) && ca_revoked(s->o.folder, entries, serials, REVOKED_MOST, &n, why)) {
        size_t len = fede_issue_list(bytes_of(ca.der, ca.len), ca.key, entries, n, (uint64_t)now, from,
                                     s->o.to != 0 ? s->o.to : from + (int64_t)s->o.days * DAY, der, sizeof der, &error);
        pem = len > 0 ? ca_pem("X509 CRL", der, len) : NULL;
        if (len == 0) {
            char sentence[600];
            fede_error_text(&error, sentence, sizeof sentence);
            text_add(why, sentence);
        } else if (pem == NULL) {
            text_add(why, "no memory");
        } else if (s->o.out != NULL) {
            bool rooted = s->o.out[0] == '/';
            code = ca_write(rooted ? "" : ".", s->o.out + rooted, "", pem, false, why) ? EXIT_DONE : EXIT_INTERNAL;
        } else {
            code = fputs(pem, stdout) >= 0 ? EXIT_DONE : EXIT_INTERNAL;
        }
    }
    fede_key_free(ca.key);
    free(above);
    free(pem);
    return code;
}

/* ---- Options --------------------------------------------------------------------------------------------------- */

static bool add(const char **to, size_t *n, const char *value, struct text *why)
{
    if (*n == CA_MOST) {
        text_format(why, "at most %d can be given", CA_MOST);
        return false;
    }
    to[(*n)++] = value;
    return true;
}

static bool take_key(struct ca_options *o, const char *value, struct text *why)
{
    static const char *const kinds[] = {"p256", "p384", "p521", "ed25519", "rsa"};
    long bits;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(value, kinds[i])) {
            o->kind = (fede_key_kind)i;
            o->bits = 0;
            return true;
        }
    }
    if (strncmp(value, "rsa:", 4) != 0) {
        text_format(why, "\"%s\" is not one of p256, p384, p521, ed25519, rsa, rsa:BITS", value);
        return false;
    }
    o->kind = FEDE_KEY_RSA;
    if (!value_number(value + 4, 1024, 8192, &bits, why))
        return false;
    o->bits = (unsigned)bits;
    return true;
}

static bool take_purposes(struct ca_options *o, const char *value, struct text *why)
{
    static const char *const names[] = {"server", "client", "ocsp", "code", "mail"};
    for (const char *p = value; *p != '\0';) {
        size_t len = strcspn(p, ","), i = 0;
        while (i < sizeof names / sizeof *names && (strlen(names[i]) != len || strncmp(names[i], p, len) != 0))
            i++;
        if (i == sizeof names / sizeof *names) {
            text_format(why, "\"%.*s\" is not one of server, client, ocsp, code, mail", (int)len, p);
            return false;
        }
        o->purposes |= 1u << i;
        p += len + (p[len] == ',');
    }
    return true;
}

static bool take_flaw(struct ca_options *o, const char *value, struct text *why)
{
    for (unsigned i = 0; i < FLAWS; i++) {
        if (!strcmp(value, ca_flaws[i])) {
            o->flaws |= 1u << i;
            return true;
        }
    }
    text_format(why, "there is no flaw \"%s\"; there are", value);
    for (unsigned i = 0; i < FLAWS; i++)
        text_format(why, "%s %s", i > 0 ? "," : "", ca_flaws[i]);
    return false;
}

static bool take_serial(struct ca_options *o, const char *value, struct text *why)
{
    size_t len = strlen(value);
    if (len == 0 || len % 2 != 0 || len > 2 * sizeof o->serial || strspn(value, "0123456789abcdefABCDEF") != len ||
        strchr("89abcdefABCDEF", value[0]) != NULL) {
        text_add(why, "1 to 20 bytes as hexadecimal digits in pairs, the first below 80");
        return false;
    }
    for (o->serial_len = 0; o->serial_len < len / 2; o->serial_len++) {
        const char pair[3] = {value[2 * o->serial_len], value[2 * o->serial_len + 1], '\0'};
        o->serial[o->serial_len] = (uint8_t)strtoul(pair, NULL, 16);
    }
    if (len > 2 && o->serial[0] == 0 && o->serial[1] < 0x80) {
        text_add(why, "a serial number has no needless zero in front");
        return false;
    }
    return true;
}

static bool ca_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;
    struct ca_options *o = &s->o;
    long number;

    switch (row->key) {
    case FOLDER:
        o->folder = value;
        return true;
    case PARENT:
        o->parent = value;
        return true;
    case OUTPUT:
        o->out = value;
        return true;
    case KEY_KIND:
        return take_key(o, value, why);
    case SUBJECT:
        o->subject = value;
        return true;
    case NAMES:
        return add(o->names, &o->n_names, value, why);
    case PERMIT:
        return add(o->permitted, &o->n_permitted, value, why);
    case EXCLUDE:
        return add(o->excluded, &o->n_excluded, value, why);
    case POLICY:
        return add(o->policies, &o->n_policies, value, why);
    case DAYS_VALID:
        return value_number(value, 1, DAYS_MOST, &o->days, why);
    case NOT_BEFORE:
        return value_time(value, &o->from, why);
    case NOT_AFTER:
        return value_time(value, &o->to, why);
    case SERIAL:
        return take_serial(o, value, why);
    case PATH_LENGTH:
        if (!value_number(value, 0, 30, &number, why))
            return false;
        o->path_length = (int)number + 1;
        return true;
    case PURPOSES:
        return take_purposes(o, value, why);
    case MUST_STAPLE:
        o->must_staple = true;
        return true;
    case KEY_ENCIPHERMENT:
        o->key_encipherment = true;
        return true;
    case OCSP_URL:
        o->ocsp_url = value;
        return true;
    case ISSUER_URL:
        o->issuer_url = value;
        return true;
    case CRL_URL:
        o->crl_url = value;
        return true;
    case FLAW:
        return take_flaw(o, value, why);
    case LISTEN:
        o->listen = value;
        return true;
    case SIGNER:
        o->signer = value;
        return true;
    case PASS:
        o->pass = value;
        return true;
    case REASON:
        if (!value_number(value, 0, 10, &number, why))
            return false;
        s->reason = (unsigned)number;
        return true;
    default:
        return story_option(&s->story, row, value, why);
    }
}
