/* cli/ca_p12.c: fede ca p12 NAME: certificate, chain and key in one file under a password, as browsers, Java and Windows take it
   (PKCS#12, RFC 7292). */
#include <stdlib.h>

#include "cli/ca.h"
#include "cli/credential.h"
#include "cli/options.h"
#include "cli/words.h"

enum { FILE_MOST = 1 << 20, P12_MOST = 1 << 19, PATH_SIZE = 4096 };

static char *part(const char *name, const char *end, size_t *len, struct text *why)
{
    char path[PATH_SIZE];
    struct text t = text_in(path, sizeof path);
    text_format(&t, "%s%s", name, end);
    return value_file(path, FILE_MOST, len, why);
}

int ca_p12(const struct ca_options *o, const char *name, struct text *why)
{
    static uint8_t der[P12_MOST];
    size_t cert_len = 0, key_len = 0;
    int code = EXIT_INPUT;
    fede_error error;
    if (o->pass == NULL) {
        text_add(why, "the file needs a password: --pass env:NAME, --pass file:FILE or --pass WORD");
        return EXIT_USAGE;
    }
    char *password = password_read(o->pass, why);
    char *cert = password != NULL ? part(name, ".pem", &cert_len, why) : NULL;
    char *key = cert != NULL ? part(name, ".key", &key_len, why) : NULL;
    if (key != NULL) {
        const char *slash = strrchr(name, '/');
        size_t len = fede_issue_p12(bytes_of(cert, cert_len), bytes_of(key, key_len), password,
                                    slash != NULL ? slash + 1 : name, der, sizeof der, &error);
        const char *to = o->out != NULL ? o->out : name, *end = o->out != NULL ? "" : ".p12";
        bool rooted = to[0] == '/';
        if (len == 0) {
            char sentence[600];
            fede_error_text(&error, sentence, sizeof sentence);
            text_add(why, sentence);
        } else {
            bool written = ca_write_bytes(rooted ? "" : ".", to + rooted, end, bytes_of(der, len), true, why);
            code = written ? EXIT_DONE : EXIT_INTERNAL;
        }
        bytes_wipe(key, key_len);
    }
    password_free(password);
    free(cert);
    free(key);
    return code;
}
