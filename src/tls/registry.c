/* tls/registry.c: the public names of code points: the registries' own, OpenSSL's for suites, NIST's for groups; and the
   library's version. */
#include <pthread.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "fede/fede.h"
#include "wire/names.h"

static bool same(const char *a, const char *b);

const char *fede_suite_name(uint16_t id)
{
    return names_find(&suite_names, id);
}

const char *fede_group_name(uint16_t id)
{
    return names_find(&group_names, id);
}

const char *fede_scheme_name(uint16_t id)
{
    return names_find(&scheme_names, id);
}

static bool by_registry(const struct names *names, const char *name, uint16_t *id)
{
    uint32_t number;
    if (!names_number(names, name, &number) || number > 0xffff)
        return false;
    *id = (uint16_t)number;
    return true;
}

bool fede_suite_by_name(const char *name, uint16_t *id)
{
    const struct suite *suite;
    for (size_t i = 0; (suite = suite_at(i)) != NULL; i++)
        if (same(suite->openssl_name, name) || same(suite->name, name)) {
            *id = suite->id;
            return true;
        }
    for (size_t i = 0; (suite = suite_legacy_at(i)) != NULL; i++)
        if (same(suite->openssl_name, name)) {
            *id = suite->id;
            return true;
        }
    return by_registry(&suite_names, name, id);
}

bool fede_group_by_name(const char *name, uint16_t *id)
{
    const struct group *group;
    for (size_t i = 0; (group = group_at(i)) != NULL; i++)
        if (same(group->other_name, name) || same(group->name, name)) {
            *id = group->id;
            return true;
        }
    return by_registry(&group_names, name, id);
}

bool fede_scheme_by_name(const char *name, uint16_t *id)
{
    return by_registry(&scheme_names, name, id);
}

uint16_t fede_suite_list(size_t n)
{
    const struct suite *suite = suite_at(n);
    return suite != NULL ? suite->id : 0;
}

uint16_t fede_group_list(size_t n)
{
    const struct group *group = group_at(n);
    return group != NULL ? group->id : 0;
}

uint16_t fede_legacy_suite_list(size_t n)
{
    const struct suite *suite = suite_legacy_at(n);
    return suite != NULL ? suite->id : 0;
}

uint16_t fede_legacy_group_list(size_t n)
{
    const struct group *group = group_legacy_at(n);
    return group != NULL ? group->id : 0;
}

uint16_t fede_scheme_list(size_t n)
{
    const struct scheme *scheme = scheme_at(n);
    return scheme != NULL ? scheme->id : 0;
}

static bool same(const char *a, const char *b)
{
    for (;; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a, y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
        if (x != y)
            return false;
        if (x == '\0')
            return true;
    }
}

static char version_text[160];

static void make_version(void)
{
    struct text t = text_in(version_text, sizeof version_text);
    text_add(&t, "fede " FEDE_VERSION ", ");
    text_add(&t, crypto_version());
}

const char *fede_library_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_version);
    return version_text;
}
