/* issue/p12.c: certificate, chain and key in one file under a password: PKCS#12, RFC 7292 (fede/issue.h). */
#include "issue/issue.h"

#include "base/error.h"

size_t fede_issue_p12(fede_bytes chain, fede_bytes key_text, const char *password, const char *name, uint8_t *out, size_t size,
                      fede_error *error)
{
    struct arena arena;
    struct certificate leaf;
    fede_error unread = {0};
    bytes rest = chain, der;
    *error = (fede_error){.reason = FEDE_OK};
    struct crypto_key *key = crypto_start() ? crypto_key_read(key_text) : NULL;
    size_t len = 0;
    arena_start(&arena, &memory_standard, 1u << 20);
    bool read = pem_next(&rest, "CERTIFICATE", &arena, &der) && certificate_read(der, &leaf, &unread);
    if (key == NULL || !read) {
        error_set(error, FEDE_CONFIG_PEM, FEDE_ORIGIN_CALLER, NULL, 0, 0);
        error->detail = key == NULL ? "private key" : "certificate";
    } else if (!crypto_key_matches(key, leaf.key.spki)) {
        error_set(error, FEDE_CONFIG_KEY_MISMATCH, FEDE_ORIGIN_CALLER, NULL, 0, 0);
    } else if ((len = crypto_close_p12(key, chain, password, name, out, size)) == 0) {
        error_set(error, FEDE_CRYPTO_FAILED, FEDE_ORIGIN_INTERNAL, NULL, 0, 0);
        error->detail = "put a key into PKCS#12";
    }
    crypto_key_free(key);
    arena_end(&arena);
    return len;
}
