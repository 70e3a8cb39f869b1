/* fede derive WHAT: one value of TLS's key schedule, computed from values in hexadecimal, with every step on request.

   The story of a connection (-vvv --show-secrets, --json) prints such a command below each derived value. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/options.h"
#include "cli/output.h"
#include "report/derive.h"

enum key {
    SECRET = 1,
    SEED,
    PREMASTER,
    MASTER,
    SESSION_HASH,
    CLIENT_RANDOM,
    SERVER_RANDOM,
    TRANSCRIPT_HASH,
    PRIVATE,
    PEER,
    IV,
    EXPLICIT,
    CONTEXT,
    VALUES,
    HASH,
    LABEL,
    LENGTH,
    SUITE,
    SIDE,
    TLS,
    CURVE,
    SEQUENCE
};
enum { VALUE_MOST = 1024 * 1024, FILE_MOST = 4 * VALUE_MOST };

struct settings {
    struct story story;
    struct derive_request request;
    uint8_t *values[VALUES]; /* by key */
    size_t lens[VALUES];
};

static bool derive_take(void *settings, const struct option_row *row, const char *value, struct text *why);
static int derive_run(int argc, char **argv);
static bool value_hex(struct settings *settings, int key, const char *value, struct text *why);
static bool read_digits(struct settings *settings, int key, const char *text, struct text *why);
static fede_bytes *place_of(struct derive_request *request, int key);
static int finish(struct settings *settings, int code);

static const struct {
    const char *name;
    enum derive_what what;
} kinds[] = {
    {"prf", DERIVE_PRF},
    {"master", DERIVE_MASTER},
    {"key-block", DERIVE_KEY_BLOCK},
    {"verify-data", DERIVE_VERIFY_DATA},
    {"ecdh", DERIVE_ECDH},
    {"nonce", DERIVE_NONCE},
    {"hkdf-label", DERIVE_HKDF_LABEL},
};

/* clang-format off */
static const struct option_row options[] = {
    {"hash",            0, HASH,            "NAME",   "Values (HEX: hexadecimal digits, or @FILE with them; @- is standard input)",
                                                          "Hash of the PRF or of HKDF: sha256 (without this option), sha384, sha512."},
    {"secret",          0, SECRET,          "HEX",    NULL, "prf, hkdf-label: the secret."},
    {"label",           0, LABEL,           "TEXT",   NULL, "prf, hkdf-label: the label; that of hkdf-label without \"tls13 \"."},
    {"seed",            0, SEED,            "HEX",    NULL, "prf: the seed; given several times, the parts are put together."},
    {"context",         0, CONTEXT,         "HEX",    NULL, "hkdf-label: the context, often a hash; empty without this option."},
    {"length",          0, LENGTH,          "BYTES",  NULL, "prf, hkdf-label: how many bytes to make."},
    {"premaster",       0, PREMASTER,       "HEX",    NULL, "master: the premaster secret."},
    {"session-hash",    0, SESSION_HASH,    "HEX",    NULL, "master: hash of the messages up to ClientKeyExchange, for the extended master secret."},
    {"client-random",   0, CLIENT_RANDOM,   "HEX",    NULL, "master (classic), key-block: random of the ClientHello."},
    {"server-random",   0, SERVER_RANDOM,   "HEX",    NULL, "master (classic), key-block: random of the ServerHello."},
    {"master",          0, MASTER,          "HEX",    NULL, "key-block, verify-data: the master secret."},
    {"suite",           0, SUITE,           "NAME",   NULL, "key-block: the cipher suite, by name or number; says how the block is cut."},
    {"tls",             0, TLS,             "VERSION", NULL, "key-block: 1.0, 1.1 or 1.2 (without this option)."},
    {"side",            0, SIDE,            "SIDE",   NULL, "verify-data: whose Finished, client or server."},
    {"transcript-hash", 0, TRANSCRIPT_HASH, "HEX",    NULL, "verify-data: hash of all messages before that Finished."},
    {"curve",           0, CURVE,           "NAME",   NULL, "ecdh: x25519, p256, p384 or p521."},
    {"private",         0, PRIVATE,         "HEX",    NULL, "ecdh: one side's private key."},
    {"peer",            0, PEER,            "HEX",    NULL, "ecdh: the other side's public share, as in its message."},
    {"iv",              0, IV,              "HEX",    NULL, "nonce: the write IV, 4 bytes (AES-GCM of TLS 1.2) or 12."},
    {"explicit",        0, EXPLICIT,        "HEX",    NULL, "nonce: the 8 bytes in the record; without them the sequence number."},
    {"sequence",        0, SEQUENCE,        "N",      NULL, "nonce: the record's sequence number, from 0."},
};
/* clang-format on */

const struct command derive_command = {
    .name = "derive",
    .synopsis = "prf | master | key-block | verify-data | ecdh | nonce | hkdf-label",
    .summary = "Compute a value of TLS's key schedule from given values, step by step with -v.",
    .examples = "  fede derive ecdh --curve x25519 --private @own.hex --peer @peer.hex\n"
                "  fede derive master --premaster @premaster.hex --session-hash 0c673c…     extended\n"
                "  fede derive key-block -v --suite ECDHE-RSA-AES128-GCM-SHA256 --master @master.hex \\\n"
                "      --client-random 71ac… --server-random 995c…\n"
                "  fede derive verify-data --side client --master @master.hex --transcript-hash 0c67…\n",
    .notes = "The value goes to standard output, in hexadecimal; with -v its inputs and steps, with --json all as an "
             "object.\n"
             "Other users of the machine can see values on the command line; @FILE keeps a secret from them.\n",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .take = derive_take,
    .run = derive_run,
};

static int derive_run(int argc, char **argv)
{
    struct settings settings = {0};
    char reason[400] = "";
    struct text why = text_in(reason, sizeof reason);
    struct report_options report;
    int n = 0;

    story_defaults(&settings.story);
    settings.story.file = "-";
    int code = options_parse(&derive_command, &settings, argc, argv, &n);
    if (code >= 0)
        return finish(&settings, code);
    for (size_t i = 0; n == 1 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(argv[1], kinds[i].name))
            settings.request.what = kinds[i].what;
    if (!settings.request.what)
        return finish(&settings,
                      usage_error(&derive_command, n == 1 ? "there is no value of this name to derive"
                                                          : "which value? One of prf, master, key-block, verify-data, "
                                                            "ecdh, nonce, hkdf-label"));
    for (int key = SECRET; key < VALUES; key++)
        if (settings.values[key])
            *place_of(&settings.request, key) = (fede_bytes){settings.values[key], settings.lens[key]};
    if (!story_start(&settings.story, &report, &why)) {
        fprintf(stderr, "fede derive: %s\nexit %d: %s\n", reason, EXIT_INTERNAL, exit_meaning(EXIT_INTERNAL));
        return finish(&settings, EXIT_INTERNAL);
    }
    enum derive_result result = report_derive(&settings.request, &report, reason, sizeof reason);
    story_end(&report);
    if (result == DERIVE_DONE)
        return finish(&settings, EXIT_DONE);
    if (result == DERIVE_USAGE)
        return finish(&settings, usage_error(&derive_command, reason));
    code = result == DERIVE_CONTRADICTION ? EXIT_CONTRADICTION : EXIT_INTERNAL;
    fprintf(stderr, "fede derive: %s\nexit %d: %s\n", reason, code, exit_meaning(code));
    return finish(&settings, code);
}

static bool derive_take(void *settings, const struct option_row *row, const char *value, struct text *why)
{
    struct settings *s = settings;
    struct derive_request *q = &s->request;
    long n;

    if (row->key >= OPTION_HELP)
        return story_option(&s->story, row, value, why);
    if (row->key < VALUES)
        return value_hex(s, row->key, value, why);
    switch (row->key) {
    case HASH:
        q->hash = value;
        return true;
    case LABEL:
        q->label = value;
        return true;
    case SUITE:
        q->suite = value;
        return true;
    case TLS:
        q->tls = value;
        return true;
    case SIDE:
        q->side = value;
        return true;
    case CURVE:
        q->curve = value;
        return true;
    case LENGTH:
        if (!value_number(value, 1, VALUE_MOST, &n, why))
            return false;
        q->length = (size_t)n;
        return true;
    case SEQUENCE:
        if (!value_number(value, 0, LONG_MAX, &n, why))
            return false;
        q->sequence = (uint64_t)n;
        return true;
    }
    return false;
}

/* Digits, or a file of them. */
static bool value_hex(struct settings *s, int key, const char *value, struct text *why)
{
    if (value[0] != '@')
        return read_digits(s, key, value, why);
    size_t len = 0;
    char *text = value_file(value + 1, FILE_MOST, &len, why);
    if (!text)
        return false;
    bool good = strlen(text) == len && read_digits(s, key, text, why);
    if (strlen(text) != len)
        text_format(why, "%s is no text", value + 1);
    bytes_wipe(text, len);
    free(text);
    return good;
}

/* Blanks, line ends and colons between bytes are fine. A seed may be given in parts. */
static bool read_digits(struct settings *s, int key, const char *text, struct text *why)
{
    size_t room = strlen(text) / 2 + 1, before = key == SEED ? s->lens[key] : 0, digits = 0;
    uint8_t *data = calloc(1, before + room);

    if (!data) {
        text_format(why, "no memory left");
        return false;
    }
    bytes_copy(data, s->values[key], before);
    for (const char *p = text; *p; p++) {
        int digit = *p >= '0' && *p <= '9'                 ? *p - '0'
                    : (*p | 32) >= 'a' && (*p | 32) <= 'f' ? (*p | 32) - 'a' + 10
                                                           : -1;
        if (digit < 0 && (*p == ':' || *p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') && digits % 2 == 0)
            continue;
        if (digit < 0) {
            text_format(why, "character %zu is no hexadecimal digit; a file needs @ in front of its name",
                        (size_t)(p - text) + 1);
            digits = 1;
            break;
        }
        data[before + digits / 2] = (uint8_t)(data[before + digits / 2] << 4 | digit);
        digits++;
    }
    if (digits % 2) {
        if (!why->len)
            text_format(why, "the number of hexadecimal digits is odd");
        bytes_wipe(data, before + room);
        free(data);
        return false;
    }
    bytes_wipe(s->values[key], s->lens[key]);
    free(s->values[key]);
    s->values[key] = data;
    s->lens[key] = before + digits / 2;
    return true;
}

static fede_bytes *place_of(struct derive_request *q, int key)
{
    fede_bytes *const places[VALUES] = {
        [SECRET] = &q->secret,
        [SEED] = &q->seed,
        [PREMASTER] = &q->premaster,
        [MASTER] = &q->master,
        [SESSION_HASH] = &q->session_hash,
        [CLIENT_RANDOM] = &q->client_random,
        [SERVER_RANDOM] = &q->server_random,
        [TRANSCRIPT_HASH] = &q->transcript_hash,
        [PRIVATE] = &q->private_key,
        [PEER] = &q->peer,
        [IV] = &q->iv,
        [EXPLICIT] = &q->explicit_nonce,
        [CONTEXT] = &q->context,
    };
    return places[key];
}

static int finish(struct settings *s, int code)
{
    for (int key = 0; key < VALUES; key++) {
        if (s->values[key])
            bytes_wipe(s->values[key], s->lens[key]);
        free(s->values[key]);
        s->values[key] = NULL;
    }
    return code;
}
