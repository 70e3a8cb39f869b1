/* token/token.c: from a PKCS#11 URI to an object on a token, by p11-kit: its configuration says which modules there are, and
   module-path in a URI names another.

   A PIN is tried at one token alone, because tokens lock themselves after a few wrong ones: a URI that fits several is refused.
   Whether a key belongs to a certificate can't be read on every token (public halves may be missing); it is found out by a
   signature. A token that wants its PIN for each signature is spared that. PKCS#11 2.40, RFC 7512. */
#include "token/inside.h"

#include <stdlib.h>

#include "base/memory.h"
#include "crypto/crypto.h"

enum { TOKENS_MOST = 64, OBJECTS_MOST = 64, ISSUERS_MOST = 8, CERTIFICATE_MOST = 1 << 16 };

static bool token_open(struct token *token, const char *uri, struct text *why);
static bool choose(struct token *token, struct text *why);
static bool token_login(struct token *token, const char *password, char pin[PIN_MOST], struct text *why);
static void token_close(struct token *token);
static size_t find(struct token *token, ck_object_class_t kind, const struct ck_attribute *more, size_t n_more, bool by_uri,
                   ck_object_handle_t *found, size_t most);
static bool find_key(struct token_key *key, const struct public_key *public, const char *pin, struct text *why);

struct token_key *token_key_open(const char *uri, const char *password, bytes certificate, struct text *why)
{
    struct certificate leaf;
    fede_error error = {0};
    char pin[PIN_MOST] = "";
    if (!certificate_read(certificate, &leaf, &error) || leaf.key.kind == 0) {
        text_add(why, "the certificate's key is of a kind that is not supported");
        return NULL;
    }
    struct token_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        text_add(why, "no memory is left");
        return NULL;
    }
    atomic_init(&key->holders, 1);
    pthread_mutex_init(&key->lock, NULL);
    key->kind = leaf.key.kind;
    bool good = token_open(&key->token, uri, why) && token_login(&key->token, password, pin, why) &&
                find_key(key, &leaf.key, pin, why);
    bytes_wipe(pin, sizeof pin);
    if (good)
        return key;
    token_key_free(key);
    return NULL;
}

struct token_key *token_key_hold(struct token_key *key)
{
    if (key != NULL)
        atomic_fetch_add(&key->holders, 1);
    return key;
}

void token_key_free(struct token_key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->holders, 1) > 1)
        return;
    for (size_t i = 0; i < key->n_idle; i++)
        key->token.module->C_CloseSession(key->idle[i]);
    token_close(&key->token);
    if (key->pin != NULL)
        bytes_wipe(key->pin, strlen(key->pin));
    free(key->pin);
    pthread_mutex_destroy(&key->lock);
    free(key);
}

/* ---- Tokens ------------------------------------------------------------------------------------------------------- */

static void label_of(struct text *out, const CK_TOKEN_INFO *info)
{
    text_escaped(out, bytes_of(info->label, p11_kit_space_strlen(info->label, sizeof info->label)));
}

void token_named(struct text *out, const struct token *token)
{
    text_add(out, "the token ");
    label_of(out, &token->info);
}

static bool refused(struct text *why, const struct token *token, const char *what, ck_rv_t rv)
{
    token_named(why, token);
    text_add(why, what);
    text_add(why, p11_kit_strerror(rv));
    return false;
}

static bool load(struct token *token, struct text *why)
{
    const char *path = p11_kit_uri_get_module_path(token->uri);
    p11_kit_be_quiet();
    if (path == NULL) {
        token->modules = p11_kit_modules_load_and_initialize(0);
        return token->modules != NULL || (text_add(why, "no PKCS#11 module can be loaded (p11-kit list-modules)"), false);
    }
    token->alone[0] = p11_kit_module_load(path, 0);
    ck_rv_t rv = token->alone[0] != NULL ? p11_kit_module_initialize(token->alone[0]) : CKR_OK;
    if (token->alone[0] != NULL && rv == CKR_OK) {
        token->modules = token->alone;
        return true;
    }
    const char *message = token->alone[0] != NULL ? p11_kit_strerror(rv) : p11_kit_message();
    text_add(why, "the module ");
    text_escaped(why, bytes_text(path));
    text_add(why, " can't be used: ");
    text_add(why, message != NULL ? message : "it is no PKCS#11 module");
    if (token->alone[0] != NULL)
        p11_kit_module_release(token->alone[0]);
    return false;
}

static bool token_open(struct token *token, const char *uri, struct text *why)
{
    int parsed = P11_KIT_URI_NO_MEMORY;
    if ((token->uri = p11_kit_uri_new()) != NULL)
        parsed = p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, token->uri);
    if (parsed != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(token->uri)) {
        token_shown(why, uri);
        text_add(why, " is no PKCS#11 URI that can be used (RFC 7512): ");
        text_add(why, parsed != P11_KIT_URI_OK ? p11_kit_uri_message(parsed) : "it has an unknown attribute");
    } else if (load(token, why) && choose(token, why)) {
        ck_rv_t rv = token->module->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session);
        if (rv == CKR_OK)
            return true;
        token->session = 0;
        refused(why, token, " gives no session: ", rv);
    }
    token_close(token);
    return false;
}

static void token_close(struct token *token)
{
    if (token->session != 0)
        token->module->C_CloseSession(token->session);
    if (token->modules == token->alone) {
        if (token->alone[0] != NULL) {
            p11_kit_module_finalize(token->alone[0]);
            p11_kit_module_release(token->alone[0]);
        }
    } else if (token->modules != NULL) {
        p11_kit_modules_finalize_and_release(token->modules);
    }
    const char *pin = token->uri != NULL ? p11_kit_uri_get_pin_value(token->uri) : NULL;
    if (pin != NULL)
        bytes_wipe((void *)(uintptr_t)pin, strlen(pin));
    p11_kit_uri_free(token->uri);
    *token = (struct token){.uri = NULL};
}

/* Does the URI name this slot and its token? */
static bool fits(const struct token *token, CK_FUNCTION_LIST *module, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_INFO about;
    CK_SLOT_INFO place;
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(token->uri);
    return module->C_GetInfo(&about) == CKR_OK && p11_kit_uri_match_module_info(token->uri, &about) &&
           module->C_GetSlotInfo(slot, &place) == CKR_OK && p11_kit_uri_match_slot_info(token->uri, &place) &&
           (wanted == (CK_SLOT_ID)-1 || wanted == slot) && p11_kit_uri_match_token_info(token->uri, info);
}

/* One token alone; those that keep nothing secret stand back. */
static bool choose(struct token *token, struct text *why)
{
    char known[600] = "", several[600] = "";
    struct text all = text_in(known, sizeof known), fit = text_in(several, sizeof several);
    size_t n = 0, closed = 0;
    for (size_t m = 0; token->modules[m] != NULL; m++) {
        CK_SLOT_ID slots[TOKENS_MOST];
        CK_TOKEN_INFO info;
        unsigned long n_slots = TOKENS_MOST;
        CK_FUNCTION_LIST *module = token->modules[m];
        if (module->C_GetSlotList(1, slots, &n_slots) != CKR_OK)
            continue;
        for (size_t i = 0; i < n_slots; i++) {
            if (module->C_GetTokenInfo(slots[i], &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED))
                continue;
            text_add(&all, all.len > 0 ? ", " : "");
            label_of(&all, &info);
            bool login = info.flags & CKF_LOGIN_REQUIRED;
            if (!fits(token, module, slots[i], &info) || (!login && closed > 0))
                continue;
            if (login && closed == 0)
                n = 0, fit = text_in(several, sizeof several);
            text_add(&fit, fit.len > 0 ? ", " : "");
            label_of(&fit, &info);
            closed += login;
            if (n++ == 0)
                token->module = module, token->slot = slots[i], token->info = info;
        }
    }
    if (n == 1)
        return true;
    text_add(why, n == 0        ? "no token fits the URI"
                  : "the URI fits several tokens: name one by token=LABEL or serial=NUMBER of ");
    text_add(why, n > 0         ? several
                  : all.len > 0 ? "; there are: "
                                : "; there is none (p11-kit list-modules shows which modules are loaded)");
    text_add(why, n == 0 ? known : "");
    return false;
}

/* ---- Login -------------------------------------------------------------------------------------------------------- */

static bool logged_in(struct token *token)
{
    struct ck_session_info info;
    return token->module->C_GetSessionInfo(token->session, &info) == CKR_OK &&
           (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

/* pin: what was used, for tokens that will ask again; empty when none was. */
static bool token_login(struct token *token, const char *password, char pin[PIN_MOST], struct text *why)
{
    const char *from = "the reader's own keypad";
    bool own = token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH;
    if (!(token->info.flags & CKF_LOGIN_REQUIRED) || logged_in(token))
        return true;
    if (token->info.flags & CKF_USER_PIN_LOCKED) {
        token_named(why, token);
        text_add(why, " is locked: too many wrong PINs were tried. Its security officer can unlock it");
        return false;
    }
    if (!own && !pin_read(token, password, pin, &from, why))
        return false;
    ck_rv_t rv = token->module->C_Login(token->session, CKU_USER, own ? NULL : (unsigned char *)pin, own ? 0 : strlen(pin));
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
        return true;
    if (rv != CKR_PIN_INCORRECT && rv != CKR_PIN_LEN_RANGE && rv != CKR_PIN_INVALID)
        return refused(why, token, " refuses the login: ", rv);
    token_named(why, token);
    text_add(why, " refuses the PIN from ");
    text_add(why, from);
    if (token->module->C_GetTokenInfo(token->slot, &token->info) == CKR_OK)
        text_add(why, token->info.flags & CKF_USER_PIN_LOCKED      ? "; it is locked now"
                      : token->info.flags & CKF_USER_PIN_FINAL_TRY ? "; one more wrong PIN locks it"
                                                                   : "");
    return false;
}

/* ---- Objects ------------------------------------------------------------------------------------------------------ */

/* Objects of a class with what the URI says (name, id) and with more. */
static size_t find(struct token *token, ck_object_class_t kind, const struct ck_attribute *more, size_t n_more, bool by_uri,
                   ck_object_handle_t *found, size_t most)
{
    struct ck_attribute template[8] = {{CKA_CLASS, &kind, sizeof kind}};
    size_t n = 1;
    unsigned long n_own = 0, got = 0;
    struct ck_attribute *own = by_uri ? p11_kit_uri_get_attributes(token->uri, &n_own) : NULL;
    for (unsigned long i = 0; i < n_own && n < 4; i++)
        if (own[i].type != CKA_CLASS)
            template[n++] = own[i];
    for (size_t i = 0; i < n_more; i++)
        template[n++] = more[i];
    if (token->module->C_FindObjectsInit(token->session, template, n) != CKR_OK)
        return 0;
    if (token->module->C_FindObjects(token->session, found, most, &got) != CKR_OK)
        got = 0;
    token->module->C_FindObjectsFinal(token->session);
    return got;
}

static bool flag_of(struct token *token, ck_object_handle_t object, ck_attribute_type_t type)
{
    unsigned char value = 0;
    struct ck_attribute attribute = {type, &value, sizeof value};
    return token->module->C_GetAttributeValue(token->session, object, &attribute, 1) == CKR_OK && value != 0;
}

static bool signs_for(struct token_key *key, const struct public_key *public, struct text *why)
{
    static const char text[] = "fede asks whether this key belongs to that certificate; this is no handshake of TLS.";
    uint8_t signature[SIGNATURE_MAX];
    uint16_t id = 0;
    bool all;
    if (token_schemes(key, &id, 1, &all) == 0) {
        token_named(why, &key->token);
        text_add(why, " has no mechanism by which such a key signs in TLS");
        return false;
    }
    size_t len = token_sign(key, id, bytes_text(text), signature, why);
    if (len == 0)
        return false;
    if (crypto_verify(public, scheme_by_id(id), bytes_text(text), bytes_of(signature, len)))
        return true;
    text_add(why, "the key on ");
    token_named(why, &key->token);
    text_add(why, " does not belong to the certificate");
    return false;
}

static bool names_certificate(const struct token *token)
{
    const struct ck_attribute *class = p11_kit_uri_get_attribute(token->uri, CKA_CLASS);
    ck_object_class_t is = CKO_CERTIFICATE;
    return class != NULL && bytes_equal(bytes_of(class->value, class->value_len), bytes_of(&is, sizeof is));
}

static bool find_key(struct token_key *key, const struct public_key *public, const char *pin, struct text *why)
{
    bool rsa = key->kind == KEY_RSA || key->kind == KEY_RSA_PSS;
    ck_key_type_t type = rsa ? CKK_RSA : key->kind == KEY_ED25519 || key->kind == KEY_ED448 ? CKK_EC_EDWARDS : CKK_EC;
    const struct ck_attribute kind = {CKA_KEY_TYPE, &type, sizeof type};
    ck_object_handle_t found[OBJECTS_MOST];
    size_t before = why->len, any = find(&key->token, CKO_PRIVATE_KEY, NULL, 0, true, found, OBJECTS_MOST);
    size_t n = find(&key->token, CKO_PRIVATE_KEY, &kind, 1, true, found, OBJECTS_MOST);
    if (any == 0 && names_certificate(&key->token)) /* the key's name may be another */
        n = any = find(&key->token, CKO_PRIVATE_KEY, &kind, 1, false, found, OBJECTS_MOST);
    ways_find(key);
    for (size_t i = 0; i < n; i++) {
        key->object = found[i];
        why->len = before;
        bool asks = flag_of(&key->token, found[i], CKA_ALWAYS_AUTHENTICATE);
        if (asks && pin[0] != '\0' && (key->pin = strdup(pin)) == NULL)
            return text_add(why, "no memory is left"), false;
        if (asks || signs_for(key, public, why))
            return true;
    }
    if (n == 0) {
        token_named(why, &key->token);
        text_add(why, any > 0 ? " has no such private key of the certificate's kind: it does not belong to the certificate"
                              : " has no private key that fits the URI (p11tool --login --list-privkeys shows them)");
    }
    return false;
}

/* ---- Certificates ------------------------------------------------------------------------------------------------- */

static size_t value_of(struct token *token, ck_object_handle_t object, uint8_t *out, size_t size)
{
    struct ck_attribute value = {CKA_VALUE, out, size};
    ck_rv_t rv = token->module->C_GetAttributeValue(token->session, object, &value, 1);
    return rv == CKR_OK && value.value_len <= size ? value.value_len : 0;
}

/* From the one read towards its root, by names; the root itself stays. */
static void tell_issuers(struct token *token, uint8_t *der, size_t len, void (*tell)(void *arg, bytes der), void *arg)
{
    struct certificate one;
    fede_error error = {0};
    ck_object_handle_t above;
    for (int i = 0; certificate_read(bytes_of(der, len), &one, &error) && !one.self_issued && i <= ISSUERS_MOST; i++) {
        if (i > 0)
            tell(arg, bytes_of(der, len));
        const struct ck_attribute subject = {CKA_SUBJECT, (void *)(uintptr_t)one.issuer.data, one.issuer.len};
        if (find(token, CKO_CERTIFICATE, &subject, 1, false, &above, 1) == 0 ||
            (len = value_of(token, above, der, CERTIFICATE_MOST)) == 0)
            return;
    }
}

bool token_certificates(const char *uri, const char *password, void (*tell)(void *arg, bytes der), void *arg,
                        struct text *why)
{
    struct token token = {.uri = NULL};
    ck_object_handle_t found[OBJECTS_MOST];
    char pin[PIN_MOST] = "";
    uint8_t *der = malloc(CERTIFICATE_MOST);
    size_t len = 0;
    if (der == NULL || !token_open(&token, uri, why)) {
        text_add(why, der == NULL ? "no memory is left" : "");
        free(der);
        return false;
    }
    size_t n = find(&token, CKO_CERTIFICATE, NULL, 0, true, found, OBJECTS_MOST);
    bool may = n > 0 || token_login(&token, password, pin, why); /* few tokens hide certificates */
    if (may && n == 0)
        n = find(&token, CKO_CERTIFICATE, NULL, 0, true, found, OBJECTS_MOST);
    bytes_wipe(pin, sizeof pin);
    if (n == 1 && (len = value_of(&token, found[0], der, CERTIFICATE_MOST)) > 0) {
        tell(arg, bytes_of(der, len));
        tell_issuers(&token, der, len, tell, arg);
    } else if (may) {
        token_named(why, &token);
        text_add(why, n == 0   ? " has no certificate that fits the URI (p11tool --list-all-certs shows them)"
                      : n == 1 ? " does not give its certificate"
                               : " has several certificates that fit the URI: name one by id= or object=");
    }
    token_close(&token);
    free(der);
    return len > 0;
}
