/* token/uri.c: PKCS#11 URIs as texts (RFC 7512). */
#include <strings.h>

#include "token/token.h"

bool token_is_uri(const char *word)
{
    return strncasecmp(word, "pkcs11:", 7) == 0;
}

void token_shown(struct text *out, const char *word)
{
    static const char secret[] = "pin-value=";
    while (*word != '\0') {
        if (strncasecmp(word, secret, sizeof secret - 1) != 0) {
            text_char(out, *word++);
            continue;
        }
        text_add(out, "pin-value=…");
        word += sizeof secret - 1;
        word += strcspn(word, "&;");
    }
}
