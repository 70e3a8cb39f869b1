/* From the settings and the files they name to configurations: at start, and again at each SIGHUP.

   A new set is made whole before it replaces the old one. Connections hold the set they began with, so a reload disturbs
   none of them; a set that can't be made leaves the old one in its place. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "cli/credential.h"
#include "cli/serve.h"

enum { FILE_MOST = 1 << 20 };

static fede_config *base_config(struct server *server, struct text *why);
static bool set_tickets(fede_config *config, const struct settings *settings, struct text *why);
static bool add_pair(fede_config *config, const struct pair *pair, struct token_key **key, struct text *why);
static bool add_beside(fede_config *config, const struct pair *pair, struct text *why);
static bool add_named(struct identity *identity, fede_config *base, const struct pair *pair, struct token_key **key,
                      struct text *why);

struct identity *identity_load(struct server *server, struct text *why)
{
    const struct settings *settings = &server->settings;
    struct identity *identity = calloc(1, sizeof *identity);
    fede_config *base = identity ? base_config(server, why) : NULL;
    bool ok = base != NULL;
    if (!identity) {
        text_add(why, "no memory is left");
        return NULL;
    }
    atomic_init(&identity->holders, 1);
    for (size_t i = 0; i < settings->n_pairs && ok; i++) {
        const struct pair *pair = &settings->pairs[i];
        if (pair->name) {
            ok = add_named(identity, base, pair, &identity->keys[i], why);
            continue;
        }
        if (!identity->standard && !(identity->standard = fede_config_derive(base))) {
            text_add(why, "no memory is left");
            ok = false;
        }
        ok = ok && add_pair(identity->standard, pair, &identity->keys[i], why);
    }
    fede_config_free(base);
    if (ok)
        return identity;
    identity_drop(identity);
    return NULL;
}

static bool failed(const fede_config *config, struct text *why)
{
    const fede_error *error = fede_config_error(config);
    char sentence[600], advice[300];
    if (!error) {
        text_add(why, "the configuration was refused without a reason");
        return false;
    }
    fede_error_text(error, sentence, sizeof sentence);
    fede_error_advice(error, advice, sizeof advice);
    text_format(why, "%s%s%s", sentence, advice[0] ? " " : "", advice);
    return false;
}

static bool set_alpn(fede_config *config, const struct settings *settings)
{
    static const char *const http[] = {"h2", "http/1.1"};
    if (settings->no_alpn || (settings->echo && settings->n_alpn == 0))
        return true;
    if (settings->n_alpn > 0)
        return fede_config_alpn(config, settings->alpn, settings->n_alpn);
    return fede_config_alpn(config, settings->http1 ? http + 1 : http, settings->http1 ? 1 : 2);
}

static fede_config *lasting_config(const struct settings *settings, struct text *why)
{
    fede_config *config = fede_config_new();
    fede_store *store = config && settings->session_cache > 0 ? fede_store_new((size_t)settings->session_cache) : NULL;
    if (!config || (settings->session_cache > 0 && !store)) {
        text_add(why, "no memory is left, or libcrypto can't start");
        fede_config_free(config);
        return NULL;
    }
    bool ok = fede_config_store(config, store) && (!settings->no_tickets || fede_config_tickets(config, 0)) &&
              (settings->ticket_lifetime == 0 || fede_config_tickets(config, (uint32_t)settings->ticket_lifetime));
    fede_store_free(store);
    if (ok)
        return config;
    failed(config, why);
    fede_config_free(config);
    return NULL;
}

/* --ticket-key, which may say something else each time. */
static bool set_tickets(fede_config *config, const struct settings *settings, struct text *why)
{
    size_t len = 0;
    char *keys = settings->ticket_key ? value_file(settings->ticket_key, FILE_MOST, &len, why) : NULL;
    if (!keys)
        return !settings->ticket_key;
    bool ok = fede_config_ticket_keys(config, bytes_of(keys, len));
    if (!ok)
        text_format(why,
                    "%s has %zu bytes; ticket keys are 32 random bytes each, one to four of them: "
                    "head -c 32 /dev/urandom > %s",
                    settings->ticket_key, len, settings->ticket_key);
    bytes_wipe(keys, len);
    free(keys);
    return ok;
}

/* Whose certificates clients may show; read again each time. */
static bool set_client_auth(fede_config *config, const struct settings *settings)
{
    if (settings->export_label && !fede_config_keep(config, FEDE_KEEP_EXPORTER | FEDE_KEEP_PEER))
        return false;
    if (settings->n_cas == 0)
        return true;
    for (size_t i = 0; i < settings->n_cas; i++)
        if (!fede_config_trust_file(config, settings->cas[i]))
            return false;
    return fede_config_client_certificate(config, settings->require_cert ? FEDE_CLIENT_CERTIFICATE_REQUIRED
                                                                         : FEDE_CLIENT_CERTIFICATE_OPTIONAL) &&
           fede_config_keep(config, FEDE_KEEP_PEER | (settings->export_label ? FEDE_KEEP_EXPORTER : 0u));
}

/* Everything but certificates. */
static fede_config *base_config(struct server *server, struct text *why)
{
    const struct settings *settings = &server->settings;
    const struct code_points *suites = &settings->suites, *groups = &settings->groups, *schemes = &settings->schemes;
    bool secrets = server->keylog.fd >= 0 || settings->story.show_secrets;
    bool traced =
        secrets || server->report.form != REPORT_TEXT || server->report.level >= 2 || settings->www || settings->report;
    bool asks = settings->reject >= 0;
    unsigned stored = settings->session_store ? FEDE_ASK_SESSION : 0;
    for (size_t i = 0; i < settings->n_pairs; i++)
        asks = asks || settings->pairs[i].name;
    if (!server->lasting && !(server->lasting = lasting_config(settings, why)))
        return NULL;
    fede_config *config = fede_config_derive(server->lasting);
    if (!config) {
        text_add(why, "no memory is left");
        return NULL;
    }
    if (!set_tickets(config, settings, why)) {
        fede_config_free(config);
        return NULL;
    }
    if (fede_config_clock(config, clock_wall, clock_ticks, NULL) && legacy_apply(&settings->legacy, config, "*") &&
        (suites->n == 0 || fede_config_suites(config, suites->ids, suites->n)) &&
        (groups->n == 0 || fede_config_groups(config, groups->ids, groups->n)) &&
        (schemes->n == 0 || fede_config_schemes(config, schemes->ids, schemes->n)) && set_alpn(config, settings) &&
        (!settings->no_ems || fede_config_extended_master_secret(config, FEDE_EMS_OFF)) &&
        (settings->max_fragment == 0 || fede_config_max_fragment(config, (size_t)settings->max_fragment)) &&
        fede_config_record_size_limit(config, (size_t)settings->record_limit) && fede_config_read_ahead(config, true) &&
        fede_config_handshake_limits(config, (size_t)settings->handshake_limit, UINT32_MAX) && /* the worker has an alarm */
        fede_config_half_close(config, true) &&
        set_client_auth(config, settings) && (!traced || fede_config_trace(config, peer_trace, server)) &&
        (!traced || fede_config_reveal_secrets(config)) && fede_config_ask(config, (asks ? FEDE_ASK_HELLO : 0u) | stored))
        return config;
    failed(config, why);
    fede_config_free(config);
    return NULL;
}

static bool add_pair(fede_config *config, const struct pair *pair, struct token_key **key, struct text *why)
{
    const struct credential_files files = {
        .cert = pair->cert, .key = pair->key, .chain = pair->chain, .pass = pair->pass};
    switch (credential_add(config, &files, key, why)) {
    case CREDENTIAL_ADDED:
        return add_beside(config, pair, why);
    case CREDENTIAL_REFUSED:
        token_shown(why, pair->cert);
        text_add(why, pair->key ? " with " : "");
        token_shown(why, pair->key ? pair->key : "");
        text_add(why, ": ");
        return failed(config, why);
    default:
        return false;
    }
}

/* For the certificate added last. */
static bool add_beside(fede_config *config, const struct pair *pair, struct text *why)
{
    size_t n = 0, len = 0, scts_len = 0;
    while (fede_config_certificate(config, n, 0).len > 0)
        n++;
    char *response = pair->staple ? value_file(pair->staple, FILE_MOST, &len, why) : NULL;
    char *scts = pair->scts ? value_file(pair->scts, FILE_MOST, &scts_len, why) : NULL;
    bool ok = (response || !pair->staple) && (scts || !pair->scts);
    if (response && (len == 0 || response[0] != 0x30)) { /* a SEQUENCE: whoever asks reads the rest */
        text_format(why, "%s is no OCSP response in DER; openssl ocsp -respout writes one", pair->staple);
        ok = false;
    }
    if (ok && ((response && !fede_config_staple(config, n - 1, bytes_of(response, len))) ||
               (scts && !fede_config_sct_list(config, n - 1, bytes_of(scts, scts_len)))))
        ok = failed(config, why);
    free(response);
    free(scts);
    return ok;
}

/* Several pairs may have one name: an RSA and an ECDSA certificate, say. */
static bool add_named(struct identity *identity, fede_config *base, const struct pair *pair, struct token_key **key,
                      struct text *why)
{
    size_t i = 0;
    while (i < identity->n && strcasecmp(identity->named[i].name, pair->name) != 0)
        i++;
    if (i == identity->n) {
        identity->named[i].name = pair->name;
        if (!(identity->named[i].config = fede_config_derive(base))) {
            text_add(why, "no memory is left");
            return false;
        }
        identity->n++;
    }
    return add_pair(identity->named[i].config, pair, key, why);
}

/* "*.example.org" stands for one label more. */
static bool name_fits(const char *pattern, const char *name)
{
    if (pattern[0] == '*' && pattern[1] == '.') {
        const char *dot = strchr(name, '.');
        return dot && dot != name && strcasecmp(pattern + 1, dot) == 0;
    }
    return strcasecmp(pattern, name) == 0;
}

fede_config *identity_choose(const struct identity *identity, const char *name)
{
    for (size_t i = 0; i < identity->n && name; i++)
        if (name_fits(identity->named[i].name, name))
            return identity->named[i].config;
    return identity->standard;
}

struct identity *identity_hold(struct server *server)
{
    uv_mutex_lock(&server->identity_lock);
    struct identity *identity = server->identity;
    atomic_fetch_add(&identity->holders, 1);
    uv_mutex_unlock(&server->identity_lock);
    return identity;
}

void identity_drop(struct identity *identity)
{
    if (!identity || atomic_fetch_sub(&identity->holders, 1) > 1)
        return;
    fede_config_free(identity->standard);
    for (size_t i = 0; i < identity->n; i++)
        fede_config_free(identity->named[i].config);
    for (size_t i = 0; i < PAIRS_MOST; i++)
        token_key_free(identity->keys[i]);
    free(identity);
}

void identity_replace(struct server *server, struct identity *identity)
{
    uv_mutex_lock(&server->identity_lock);
    struct identity *before = server->identity;
    server->identity = identity;
    uv_mutex_unlock(&server->identity_lock);
    identity_drop(before);
}

/* Credential numbers count within the config a pair went to. */
static fede_config *config_of(const struct settings *settings, const struct identity *identity, size_t pair,
                              size_t *number)
{
    const char *name = settings->pairs[pair].name;
    *number = 0;
    for (size_t i = 0; i < pair; i++) {
        const char *other = settings->pairs[i].name;
        *number += name && other ? strcasecmp(name, other) == 0 : !name && !other;
    }
    for (size_t i = 0; i < identity->n && name; i++)
        if (strcasecmp(identity->named[i].name, name) == 0)
            return identity->named[i].config;
    return identity->standard;
}

struct token_key *identity_key(const struct server *server, const struct identity *identity, const fede_config *config, size_t n)
{
    for (size_t i = 0; i < server->settings.n_pairs; i++) {
        size_t number = 0;
        if (config_of(&server->settings, identity, i, &number) == config && number == n)
            return identity->keys[i];
    }
    return NULL;
}

void identity_tell(struct server *server, const struct identity *identity)
{
    const struct settings *settings = &server->settings;
    char line[2400], card[1800];
    for (size_t i = 0; i < settings->n_pairs; i++) {
        size_t number = 0;
        const fede_config *config = config_of(settings, identity, i, &number);
        struct text t = text_in(line, sizeof line);
        report_certificate(fede_config_certificate(config, number, 0), clock_wall(NULL), card, sizeof card);
        text_add(&t, "  certificate  ");
        char cert[512];
        struct text shown = text_in(cert, sizeof cert);
        token_shown(&shown, settings->pairs[i].cert);
        text_escaped(&t, bytes_text(cert));
        text_add(&t, identity->keys[i] ? ", its key on a token" : "");
        if (settings->pairs[i].name) {
            text_add(&t, ", for clients that ask for ");
            text_escaped(&t, bytes_text(settings->pairs[i].name));
        }
        text_format(&t, ": %s", card);
        server_say(server, line);
    }
}
