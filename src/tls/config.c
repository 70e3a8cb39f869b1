/* tls/config.c: configurations: making, deriving, counting, and every setting but trust. A setting fails once a connection
   exists, so connections and threads share a config without a lock. The first failure stays in the config's error. */
#include "tls/config.h"

#include <errno.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "wire/messages.h"
#include "x509/sct.h"
#include "x509/remember.h"

enum { MESSAGE_LIMIT = 65536, HANDSHAKE_LIMIT = 131072, HANDSHAKE_BYTES = 262144, HANDSHAKE_MS = 60000, LEAST_FRAGMENT = 64, MOST_FRAGMENT = 16384 };
enum { MOST_ALPN = 65000 }; /* with everything else they must fit into one block of extensions, 65,535 bytes */

static bool refuse_source(fede_config *config, const char *path, int problem);
static void take_policy(fede_config *config, const struct policy *policy);
static void share_release(fede_config *config);
static void fill(struct codes *to, const uint16_t *ids);

/* ---- Making and counting. */

fede_config *fede_config_new(void)
{
    return fede_config_new_with(&memory_standard);
}

fede_config *fede_config_new_with(const fede_allocator *allocator)
{
    fede_config *config = crypto_start() ? memory_take(allocator, sizeof *config) : NULL;
    if (config == NULL)
        return NULL;
    config->allocator = *allocator;
    atomic_init(&config->refs, 1);
    atomic_init(&config->in_use, false);
    config->trust = trust_new(&config->allocator);
    config->tickets = tickets_new(&config->allocator, FEDE_SESSION_LIFETIME, BYTES_NONE);
    if (config->trust == NULL || config->tickets == NULL) {
        trust_free(config->trust);
        tickets_free(config->tickets);
        memory_give(allocator, config, sizeof *config);
        return NULL;
    }
    config->ticket_lifetime = FEDE_SESSION_LIFETIME;
    take_policy(config, policy_find("default"));
    config->message_limit = MESSAGE_LIMIT;
    config->handshake_limit = HANDSHAKE_LIMIT;
    config->handshake_bytes = HANDSHAKE_BYTES;
    config->handshake_ms = HANDSHAKE_MS;
    config->max_fragment = MOST_FRAGMENT;
    return config;
}

fede_config *fede_config_derive(const fede_config *base)
{
    fede_config *config = memory_take(&base->allocator, sizeof *config);
    if (config == NULL)
        return NULL;
    size_t plain = offsetof(struct fede_config, allocator); /* the counts in front belong to each alone */
    bytes_copy((uint8_t *)config + plain, (const uint8_t *)base + plain, sizeof *config - plain);
    atomic_init(&config->refs, 1);
    atomic_init(&config->in_use, false);
    if (!base->failed)
        config->error = (fede_error){0};
    else if (base->error.detail == base->detail)
        config->error.detail = config->detail;
    config->credentials = NULL;
    config->alpn = config->authorities = NULL;
    config->trust = trust_hold(base->trust);
    config->tickets = tickets_hold(base->tickets);
    config->signatures = signatures_hold(base->signatures);
    config->store = base->store != NULL ? store_hold(base->store) : NULL;
    shelf_hold(config->staples);
    shelf_hold(config->sct_lists);
    ct_logs_hold(config->ct_logs);
    shelf_hold(config->crls);
    shelf_hold(config->legacy_words);
    if (base->alpn_len > 0)
        config->alpn = memory_take(&config->allocator, base->alpn_len);
    if (base->authorities_len > 0)
        config->authorities = memory_take(&config->allocator, base->authorities_len);
    if (base->n_credentials > 0)
        config->credentials = memory_take(&config->allocator, base->n_credentials * sizeof(struct credential *));
    if ((base->alpn_len > 0 && config->alpn == NULL) || (base->n_credentials > 0 && config->credentials == NULL) ||
        (base->authorities_len > 0 && config->authorities == NULL)) {
        config->n_credentials = config->credentials != NULL ? config->n_credentials : 0;
        for (size_t i = 0; i < config->n_credentials; i++)
            config->credentials[i] = NULL;
        share_release(config);
        return NULL;
    }
    bytes_copy(config->alpn, base->alpn, base->alpn_len);
    bytes_copy(config->authorities, base->authorities, base->authorities_len);
    for (size_t i = 0; i < base->n_credentials; i++)
        config->credentials[i] = credential_hold(base->credentials[i]);
    return config;
}

struct fede_config *config_hold(struct fede_config *config)
{
    atomic_store_explicit(&config->in_use, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
    return config;
}

void fede_config_free(fede_config *config)
{
    if (config != NULL && atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) == 1)
        share_release(config);
}

static void share_release(fede_config *config)
{
    fede_allocator from = config->allocator;
    for (size_t i = 0; i < config->n_credentials; i++)
        credential_free(config->credentials[i]);
    memory_give(&from, config->credentials, config->n_credentials * sizeof(struct credential *));
    if (config->alpn != NULL)
        memory_give(&from, config->alpn, config->alpn_len);
    if (config->authorities != NULL)
        memory_give(&from, config->authorities, config->authorities_len);
    trust_free(config->trust);
    tickets_free(config->tickets);
    fede_store_free(config->store);
    fede_signatures_free(config->signatures);
    shelf_free(config->staples);
    shelf_free(config->sct_lists);
    fede_ct_logs_free(config->ct_logs);
    shelf_free(config->crls);
    shelf_free(config->legacy_words);
    memory_give(&from, config, sizeof *config);
}

const fede_error *fede_config_error(const fede_config *config)
{
    return config->error.reason != FEDE_OK ? &config->error : NULL;
}

bool config_refuse(fede_config *config, fede_reason reason, int64_t got, int64_t wanted, const char *detail)
{
    if (config->error.reason != FEDE_OK)
        return false; /* the first one stands */
    config->failed = reason != FEDE_CONFIG_IN_USE;
    uint8_t origin = reason == FEDE_OUT_OF_MEMORY ? FEDE_ORIGIN_INTERNAL : FEDE_ORIGIN_CALLER;
    error_set(&config->error, reason, origin, NULL, got, wanted);
    if (detail != NULL) {
        struct text t = text_in(config->detail, sizeof config->detail);
        text_escaped(&t, bytes_text(detail));
        config->error.detail = config->detail;
    }
    return false;
}

bool config_changeable(fede_config *config)
{
    if (atomic_load_explicit(&config->in_use, memory_order_relaxed))
        return config_refuse(config, FEDE_CONFIG_IN_USE, 0, 0, NULL);
    return true;
}

/* ---- What may be negotiated. */

static void fill(struct codes *to, const uint16_t *ids)
{
    to->n = 0;
    for (; *ids != 0; ids++)
        codes_add(to, *ids);
}

static void take_policy(fede_config *config, const struct policy *policy)
{
    config->policy = policy;
    config->legacy = 0;
    config->lowest = policy->lowest;
    config->highest = policy->highest;
    config->ems = policy->need_extended_master_secret ? FEDE_EMS_REQUIRED : FEDE_EMS_OFFERED;
    fill(&config->suites, policy->suites);
    config->suites_tied = 0;
    fill(&config->groups, policy->groups);
    fill(&config->schemes, policy->schemes);
}

bool fede_config_policy(fede_config *config, const char *name)
{
    if (!config_changeable(config))
        return false;
    const struct policy *policy = policy_find(name);
    if (policy == NULL)
        return config_refuse(config, FEDE_CONFIG_UNKNOWN_POLICY, 0, 0, name != NULL ? name : "NULL");
    take_policy(config, policy);
    return true;
}

bool fede_config_versions(fede_config *config, uint16_t lowest, uint16_t highest)
{
    if (!config_changeable(config))
        return false;
    if (lowest > highest)
        return config_refuse(config, FEDE_CONFIG_NO_VERSION, lowest, highest, NULL);
    if (lowest < config->policy->lowest)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, lowest, FEDE_TLS12,
                             "versions below TLS 1.2 are not implemented");
    if (highest > config->policy->highest)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, highest, FEDE_TLS12,
                             "versions above TLS 1.2 are not in this release");
    config->lowest = lowest;
    config->highest = highest;
    return true;
}

/* also: what the quarantine adds to the policy; NULL: nothing. */
struct kind_of_code {
    const char *what;
    const char *(*name_of)(uint16_t id);
    bool (*also)(const struct fede_config *config, uint16_t id);
    bool (*quarantined)(uint16_t id);
};

static bool legacy_suite(uint16_t id)
{
    const struct suite *suite = suite_by_id(id);
    return suite != NULL && suite_is_legacy(suite);
}

static bool legacy_group(uint16_t id)
{
    const struct group *group = group_by_id(id);
    return group != NULL && group_is_legacy(group);
}

static bool legacy_scheme(uint16_t id)
{
    const struct scheme *scheme = scheme_any(id);
    return scheme != NULL && scheme_is_legacy(scheme);
}

/* Takes ids into *to when each of them is among those the policy allows. */
static bool take_codes(fede_config *config, struct codes *to, const uint16_t *allowed, const uint16_t *ids, size_t n,
                       const struct kind_of_code *kind)
{
    struct codes taken = {.n = 0};
    if (!config_changeable(config))
        return false;
    for (size_t i = 0; ids != NULL && i < n; i++) {
        const uint16_t *a = allowed;
        while (*a != 0 && *a != ids[i])
            a++;
        if (*a == 0 && (kind->also == NULL || !kind->also(config, ids[i]))) {
            char detail[160];
            const char *name = kind->name_of(ids[i]);
            struct text t = text_in(detail, sizeof detail);
            text_add(&t, kind->what);
            text_add(&t, " ");
            if (name != NULL)
                text_add(&t, name);
            else
                text_hex_number(&t, ids[i], 4);
            bool quarantined = kind->quarantined != NULL && kind->quarantined(ids[i]);
            text_add(&t, quarantined ? " is quarantined: fede_config_legacy (--legacy) allows it to some, for a time"
                                     : " is not implemented, or the policy forbids it");
            return config_refuse(config, FEDE_CONFIG_BAD_VALUE, ids[i], 0, detail);
        }
        codes_add(&taken, ids[i]);
    }
    if (taken.n == 0)
        return config_refuse(config, FEDE_CONFIG_NOTHING_TO_OFFER, 0, 0, kind->what);
    *to = taken;
    return true;
}

bool fede_config_suites(fede_config *config, const uint16_t *ids, size_t n)
{
    static const struct kind_of_code kind = {"cipher suite", fede_suite_name, quarantine_suite, legacy_suite};
    if (!take_codes(config, &config->suites, config->policy->suites, ids, n, &kind))
        return false;
    config->suites_tied = 0;
    return true;
}

bool fede_config_suites_equal(fede_config *config, const uint8_t *groups, size_t n)
{
    if (!config_changeable(config))
        return false;
    if (n != config->suites.n)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)n, config->suites.n,
                             "there must be as many numbers as suites");
    config->suites_tied = 0;
    for (size_t i = 0; i + 1 < n; i++)
        config->suites_tied |= (uint32_t)(groups[i] == groups[i + 1]) << i;
    return true;
}

bool fede_config_groups(fede_config *config, const uint16_t *ids, size_t n)
{
    static const struct kind_of_code kind = {"group", fede_group_name, quarantine_group, legacy_group};
    return take_codes(config, &config->groups, config->policy->groups, ids, n, &kind);
}

bool config_take_schemes(fede_config *config, struct codes *to, const uint16_t *ids, size_t n)
{
    static const struct kind_of_code kind = {"signature scheme", fede_scheme_name, quarantine_scheme, legacy_scheme};
    return take_codes(config, to, config->policy->schemes, ids, n, &kind);
}

bool fede_config_schemes(fede_config *config, const uint16_t *ids, size_t n)
{
    return config_take_schemes(config, &config->schemes, ids, n);
}

bool fede_config_fallback(fede_config *config, bool on)
{
    if (!config_changeable(config))
        return false;
    config->fallback = on;
    return true;
}

bool fede_config_extended_master_secret(fede_config *config, fede_ems use)
{
    if (!config_changeable(config))
        return false;
    if (use != FEDE_EMS_OFFERED && use != FEDE_EMS_REQUIRED && use != FEDE_EMS_OFF)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, use, 0,
                             "a use of the extended master secret that does not exist");
    config->ems = use;
    return true;
}

bool fede_config_alpn(fede_config *config, const char *const *names, size_t n)
{
    if (!config_changeable(config))
        return false;
    size_t len = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t name = names != NULL && names[i] != NULL ? strlen(names[i]) : 0;
        if (name < 1 || name > 255)
            return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)name, 255,
                                 "a protocol name must have 1 to 255 bytes");
        len += 1 + name;
    }
    if (len > MOST_ALPN)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)len, MOST_ALPN,
                             "the protocol names take more than 65,000 bytes");
    uint8_t *list = len > 0 ? memory_take(&config->allocator, len) : NULL;
    if (len > 0 && list == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    for (size_t i = 0; list != NULL && i < n; i++) {
        size_t name = strlen(names[i]);
        list[at] = (uint8_t)name;
        bytes_copy(list + at + 1, names[i], name);
        at += 1 + name;
    }
    memory_give(&config->allocator, config->alpn, config->alpn_len);
    config->alpn = list;
    config->alpn_len = len;
    return true;
}

/* ---- Whom we believe. */

bool fede_config_trust(fede_config *config, fede_bytes certificates)
{
    if (!config_changeable(config))
        return false;
    struct anchors *anchors = trust_own(config);
    if (anchors == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    return anchors_add(anchors, certificates) > 0 || config_refuse(config, FEDE_CONFIG_PEM, 0, 0, "certificate");
}

bool fede_config_trust_file(fede_config *config, const char *path)
{
    if (!config_changeable(config))
        return false;
    struct anchors *anchors = trust_own(config);
    if (anchors == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    if (path == NULL)
        return refuse_source(config, "NULL", EFAULT);
    return anchors_add_file(anchors, path) > 0 || refuse_source(config, path, errno);
}

bool fede_config_trust_directory(fede_config *config, const char *path)
{
    if (!config_changeable(config))
        return false;
    struct anchors *anchors = trust_own(config);
    if (anchors == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    if (path == NULL)
        return refuse_source(config, "NULL", EFAULT);
    return anchors_add_directory(anchors, path) > 0 || refuse_source(config, path, errno);
}

/* problem: errno, 0 when the source could be read but held nothing. */
static bool refuse_source(fede_config *config, const char *path, int problem)
{
    char detail[sizeof config->detail], words[64] = "";
    struct text t = text_in(detail, sizeof detail);
    size_t len = strlen(path), most = sizeof detail - sizeof words - 8;
    text_add(&t, len > most ? "…" : "");
    text_add(&t, path + (len > most ? len - most : 0));
    if (problem != 0 && strerror_r(problem, words, sizeof words) == 0) {
        text_add(&t, ": ");
        text_add(&t, words);
    }
    return config_refuse(config, FEDE_CONFIG_TRUST_SOURCE, problem, 0, detail);
}

bool fede_config_trust_system(fede_config *config)
{
    if (!config_changeable(config))
        return false;
    struct anchors *anchors = trust_own(config);
    if (anchors == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    return anchors_add_system(anchors) > 0 ||
           config_refuse(config, FEDE_CONFIG_TRUST_SOURCE, 0, 0, "the system's trust store");
}

bool fede_config_unauthenticated_encryption(fede_config *config)
{
    if (!config_changeable(config))
        return false;
    config->unauthenticated = true;
    return true;
}

/* ---- Sessions. */

bool fede_config_sessions(fede_config *config, bool keep)
{
    if (!config_changeable(config))
        return false;
    config->sessions = keep;
    return true;
}

bool fede_config_tickets(fede_config *config, uint32_t lifetime)
{
    enum { MOST = 7 * 24 * 3600 };
    if (!config_changeable(config))
        return false;
    if (lifetime > MOST)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, lifetime, MOST, "a ticket lives a week at most");
    if (lifetime > 0 && lifetime != config->ticket_lifetime) {
        struct tickets *own = tickets_with_lifetime(config->tickets, lifetime);
        if (own == NULL)
            return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
        tickets_free(config->tickets);
        config->tickets = own;
    }
    config->ticket_lifetime = lifetime;
    return true;
}

bool fede_config_ticket_keys(fede_config *config, fede_bytes keys)
{
    if (!config_changeable(config))
        return false;
    if (keys.len == 0 || keys.len % FEDE_TICKET_KEY != 0 || keys.len > (size_t)FEDE_TICKET_KEYS_MOST * FEDE_TICKET_KEY)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)keys.len, FEDE_TICKET_KEY,
                             "ticket keys are 32 bytes each, one to four of them");
    uint32_t lifetime = config->ticket_lifetime > 0 ? config->ticket_lifetime : FEDE_SESSION_LIFETIME;
    struct tickets *own = tickets_new(&config->allocator, lifetime, keys);
    if (own == NULL)
        return config_refuse(config, FEDE_OUT_OF_MEMORY, 0, 0, NULL);
    tickets_free(config->tickets);
    config->tickets = own;
    return true;
}

bool fede_config_store(fede_config *config, fede_store *store)
{
    if (!config_changeable(config))
        return false;
    fede_store *held = store != NULL ? store_hold(store) : NULL;
    fede_store_free(config->store);
    config->store = held;
    return true;
}

bool fede_config_signatures(fede_config *config, fede_signatures *signatures)
{
    if (!config_changeable(config))
        return false;
    signatures_hold(signatures);
    fede_signatures_free(config->signatures);
    config->signatures = signatures;
    return true;
}

/* ---- Trace, clock, randomness, limits. */

bool fede_config_trace(fede_config *config, fede_trace_fn *trace, void *arg)
{
    if (!config_changeable(config))
        return false;
    config->trace = trace;
    config->trace_arg = arg;
    return true;
}

bool fede_config_reveal_secrets(fede_config *config)
{
    if (!config_changeable(config))
        return false;
    config->reveal_secrets = true;
    return true;
}

bool fede_config_clock(fede_config *config, int64_t (*wall)(void *arg), uint64_t (*ticks)(void *arg), void *arg)
{
    if (!config_changeable(config))
        return false;
    config->wall = wall;
    config->ticks = ticks;
    config->clock_arg = arg;
    return true;
}

bool fede_config_random(fede_config *config, bool (*fill_with)(void *arg, uint8_t *out, size_t n), void *arg)
{
    if (!config_changeable(config))
        return false;
    config->random = (struct crypto_random){fill_with, arg};
    return true;
}

bool fede_config_limits(fede_config *config, size_t message, size_t handshake)
{
    enum { LEAST_MESSAGE = 512, LEAST_HANDSHAKE = 16384, MOST = 1 << 24 };
    if (!config_changeable(config))
        return false;
    if ((message != 0 && message < LEAST_MESSAGE) || message >= MOST)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)message, 0,
                             "the limit of a handshake message must lie between 512 and 16,777,215");
    if (handshake != 0 && handshake < LEAST_HANDSHAKE)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)handshake, 0,
                             "a handshake needs a limit of at least 16,384 bytes");
    config->message_limit = message != 0 ? message : config->message_limit;
    config->handshake_limit = handshake != 0 ? handshake : config->handshake_limit;
    return true;
}

bool fede_config_max_fragment(fede_config *config, size_t n)
{
    if (!config_changeable(config))
        return false;
    if (n < LEAST_FRAGMENT || n > MOST_FRAGMENT)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, (int64_t)n, 0,
                             "the largest fragment must lie between 64 and 16,384");
    config->max_fragment = (uint16_t)n;
    return true;
}

bool fede_config_read_ahead(fede_config *config, bool on)
{
    if (!config_changeable(config))
        return false;
    config->read_ahead = on;
    return true;
}

bool fede_config_false_start(fede_config *config, bool on)
{
    if (!config_changeable(config))
        return false;
    config->false_start = on;
    return true;
}

bool fede_config_half_close(fede_config *config, bool on)
{
    if (!config_changeable(config))
        return false;
    config->half_close = on;
    return true;
}

bool fede_config_ask(fede_config *config, unsigned questions)
{
    if (!config_changeable(config))
        return false;
    const unsigned known =
        FEDE_ASK_HELLO | FEDE_ASK_VERDICT | FEDE_ASK_SESSION | FEDE_ASK_SELECTION | FEDE_ASK_SIGNATURE;
    if (questions & ~known)
        return config_refuse(config, FEDE_CONFIG_BAD_VALUE, questions, 0, "there is no such question");
    config->questions = (uint8_t)questions;
    return true;
}

int64_t config_wall(const struct fede_config *config)
{
    return config->wall != NULL ? config->wall(config->clock_arg) : (int64_t)time(NULL);
}

uint64_t config_ticks(const struct fede_config *config)
{
    struct timespec now = {0};
    if (config->ticks != NULL)
        return config->ticks(config->clock_arg);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
