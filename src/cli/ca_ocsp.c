/* fede ca ocsp FILE: what the CA says of one certificate today, as an OCSP response that a server staples (RFC 6960, RFC 6066 8). */
#include <stdlib.h>
#include <time.h>

#include "cli/ca.h"
#include "cli/options.h"
#include "cli/words.h"

enum { DAY = 86400, HOUR = 3600, DAYS = 7 };

static const fede_revoked *entry_of(const fede_revoked *entries, size_t n, fede_bytes serial)
{
    for (size_t i = 0; i < n; i++)
        if (entries[i].serial.len == serial.len && memcmp(entries[i].serial.data, serial.data, serial.len) == 0)
            return &entries[i];
    return NULL;
}

int ca_ocsp(const struct ca_options *o, const char *path, struct text *why)
{
    static struct ca_pair ca, other;
    static fede_revoked entries[REVOKED_MOST];
    static uint8_t serials[REVOKED_MOST][20], der[DER_MOST];
    char *above = NULL;
    size_t n = 0;
    fede_error error;
    int code = EXIT_INPUT;
    int64_t now = (int64_t)time(NULL), from = o->from != 0 ? o->from : now - HOUR;
    int64_t to = o->to != 0 ? o->to : from + (o->days > 0 ? o->days : DAYS) * DAY;
    if (ca_load(o->folder, &ca, &above, why) && ca_revoked(o->folder, entries, serials, REVOKED_MOST, &n, why) &&
        (other.len = ca_read_certificate(path, other.der, DER_MOST, why)) > 0) {
        fede_bytes serial = ca_serial(bytes_of(other.der, other.len));
        size_t len = fede_issue_response(bytes_of(ca.der, ca.len), ca.key, serial, entry_of(entries, n, serial), from,
                                         to, der, sizeof der, &error);
        if (len == 0) {
            char sentence[600];
            fede_error_text(&error, sentence, sizeof sentence);
            text_add(why, sentence);
        } else if (o->out == NULL) {
            code = fwrite(der, 1, len, stdout) == len ? EXIT_DONE : EXIT_INTERNAL;
        } else {
            bool rooted = o->out[0] == '/';
            code = ca_write_bytes(rooted ? "" : ".", o->out + rooted, "", bytes_of(der, len), false, why) ? EXIT_DONE
                                                                                                          : EXIT_INTERNAL;
        }
    }
    fede_key_free(ca.key);
    free(above);
    return code;
}
