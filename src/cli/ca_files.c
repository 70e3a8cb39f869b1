/* cli/ca_files.c: what a CA keeps in its folder, and writing files that are never written over. Keys are created with mode 0600
   before anything is in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ca.h"
#include "cli/options.h"
#include "cli/words.h"
#include "fede/verify.h"
#include "report/cert.h"

enum { FILE_MOST = 1 << 20, PATH_SIZE = 4096 };

static bool path_of(char out[PATH_SIZE], const char *folder, const char *name, const char *end, struct text *why)
{
    struct text t = text_in(out, PATH_SIZE);
    text_format(&t, "%s/%s%s", folder, name, end);
    if (t.len < PATH_SIZE)
        return true;
    text_format(why, "the path of %s%s is too long", name, end);
    return false;
}

bool ca_load(const char *folder, struct ca_pair *ca, char **above, struct text *why)
{
    char path[PATH_SIZE];
    size_t len;
    *above = NULL;
    if (!path_of(path, folder, "ca", "", why) || !ca_load_pair(path, ca, why) ||
        !path_of(path, folder, "chain.pem", "", why))
        return false;
    if (access(path, F_OK) == 0)
        *above = value_file(path, FILE_MOST, &len, why);
    return true;
}

bool ca_load_pair(const char *name, struct ca_pair *out, struct text *why)
{
    char path[PATH_SIZE];
    size_t len;
    struct text cert = text_in(path, sizeof path);
    text_format(&cert, "%s.pem", name);
    if (cert.len >= sizeof path || (out->len = ca_read_certificate(path, out->der, DER_MOST, why)) == 0)
        return false;
    struct text key = text_in(path, sizeof path);
    text_format(&key, "%s.key", name);
    char *text = value_file(path, FILE_MOST, &len, why);
    if (text == NULL)
        return false;
    out->key = fede_key_read((fede_bytes){(uint8_t *)text, len});
    bytes_wipe(text, len);
    free(text);
    if (out->key == NULL)
        text_format(why, "%s holds no private key that can be used", path);
    return out->key != NULL;
}

bool ca_write(const char *folder, const char *name, const char *end, const char *text, bool secret, struct text *why)
{
    return ca_write_bytes(folder, name, end, bytes_text(text), secret, why);
}

bool ca_write_bytes(const char *folder, const char *name, const char *end, fede_bytes data, bool secret, struct text *why)
{
    char path[PATH_SIZE];
    if (!path_of(path, folder, name, end, why))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
    if (fd < 0) {
        if (errno == EEXIST)
            text_format(why, "%s exists already and is not written over", path);
        else
            text_format(why, "%s can't be written: %s", path, strerror(errno));
        return false;
    }
    size_t done = 0;
    while (done < data.len) {
        ssize_t n = write(fd, data.data + done, data.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    bool written = done == data.len && fsync(fd) == 0;
    if (close(fd) != 0 || !written) {
        text_format(why, "%s can't be written: %s", path, strerror(errno));
        unlink(path);
        return false;
    }
    return true;
}

char *ca_pem(const char *label, const uint8_t *der, size_t len)
{
    size_t size = len * 2 + 2 * strlen(label) + 100;
    char *out = malloc(size);
    if (out == NULL)
        return NULL;
    struct text t = text_in(out, size);
    text_format(&t, "-----BEGIN %s-----\n", label);
    for (bytes rest = bytes_of(der, len); rest.len > 0; rest = bytes_skip(rest, rest.len < 48 ? rest.len : 48)) {
        text_base64(&t, bytes_first(rest, 48));
        text_char(&t, '\n');
    }
    text_format(&t, "-----END %s-----\n", label);
    return out;
}

bool ca_join(char **text, const char *more)
{
    size_t have = *text != NULL ? strlen(*text) : 0, len = more != NULL ? strlen(more) : 0;
    char *grown = realloc(*text, have + len + 1);
    if (grown == NULL)
        return false;
    bytes_copy(grown + have, more, len);
    grown[have + len] = '\0';
    *text = grown;
    return true;
}

size_t ca_read_request(const char *path, uint8_t *out, size_t size, struct text *why)
{
    static const char *const labels[] = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"};
    size_t len, n = 0;
    char *text = value_file(path, FILE_MOST, &len, why);
    struct certs *reader = certs_new();
    for (size_t i = 0; text != NULL && reader != NULL && n == 0 && i < 2; i++) {
        fede_bytes der = certs_other(reader, (fede_bytes){(uint8_t *)text, len}, labels[i]);
        if (der.len > 0 && der.len <= size) {
            bytes_copy(out, der.data, der.len);
            n = der.len;
        }
    }
    if (text != NULL && n == 0)
        text_format(why, "%s holds no certificate request that can be used", path);
    certs_free(reader);
    free(text);
    return n;
}

size_t ca_read_certificate(const char *path, uint8_t *out, size_t size, struct text *why)
{
    size_t len, n = 0;
    char *text = value_file(path, FILE_MOST, &len, why);
    if (text == NULL)
        return 0;
    /* A trust object reads PEM and DER alike. */
    fede_trust *reader = fede_trust_new();
    if (reader != NULL && fede_trust_add(reader, (fede_bytes){(uint8_t *)text, len}) > 0) {
        fede_bytes der = fede_trust_at(reader, 0);
        if (der.len <= size) {
            bytes_copy(out, der.data, der.len);
            n = der.len;
        }
    }
    fede_trust_free(reader);
    free(text);
    if (n == 0)
        text_format(why, "%s holds no certificate that can be used", path);
    return n;
}

/* Certificate, TBSCertificate, version [0], then the INTEGER: RFC 5280 4.1. The DER was read by the library before. */
fede_bytes ca_serial(fede_bytes der)
{
    size_t at = 0;
    for (int level = 0; level < 2; level++) {
        if (at + 2 > der.len || der.data[at] != 0x30)
            return BYTES_NONE;
        at += der.data[at + 1] < 0x80 ? 2 : 2 + (der.data[at + 1] & 0x7fu);
    }
    if (at + 2 <= der.len && der.data[at] == 0xa0)
        at += 2u + der.data[at + 1];
    if (at + 2 > der.len || der.data[at] != 0x02 || der.data[at + 1] > der.len - at - 2)
        return BYTES_NONE;
    return bytes_of(der.data + at + 2, der.data[at + 1]);
}

/* ---- revoked.txt: a line for each: serial number in hexadecimal, seconds since 1970, reason. */

static bool append(const char *folder, const char *name, const char *line, struct text *why)
{
    char path[PATH_SIZE];
    if (!path_of(path, folder, name, "", why))
        return false;
    FILE *f = fopen(path, "a");
    if (f == NULL) {
        text_format(why, "%s can't be written: %s", path, strerror(errno));
        return false;
    }
    bool failed = fputs(line, f) < 0;
    failed = fclose(f) != 0 || failed;
    if (failed)
        text_format(why, "%s can't be written: %s", path, strerror(errno));
    return !failed;
}

bool ca_revoke(const char *folder, fede_bytes serial, int64_t at, int reason, struct text *why)
{
    char line[100];
    struct text t = text_in(line, sizeof line);
    text_hex(&t, serial);
    text_format(&t, " %lld %d\n", (long long)at, reason);
    return append(folder, "revoked.txt", line, why);
}

/* ---- issued.txt: a line for each: serial number. */

bool ca_note_issued(const char *folder, fede_bytes der, struct text *why)
{
    char line[100];
    struct text t = text_in(line, sizeof line);
    text_hex(&t, ca_serial(der));
    text_add(&t, "\n");
    return append(folder, "issued.txt", line, why);
}

bool ca_issued(const char *folder, fede_bytes serial)
{
    char path[PATH_SIZE], wanted[100], reason[300];
    struct text why = text_in(reason, sizeof reason), t = text_in(wanted, sizeof wanted);
    size_t len;
    if (serial.len > 20 || !path_of(path, folder, "issued.txt", "", &why))
        return false;
    if (access(path, F_OK) != 0)
        return true; /* a folder from before there was such a list */
    text_hex(&t, serial);
    char *text = value_file(path, FILE_MOST, &len, &why), *rest = text;
    bool found = false;
    for (char *line; text != NULL && !found && (line = strsep(&rest, "\n")) != NULL;)
        found = strcmp(line, wanted) == 0;
    free(text);
    return found;
}

bool ca_revoked(const char *folder, fede_revoked *out, uint8_t (*serials)[20], size_t most, size_t *n, struct text *why)
{
    char path[PATH_SIZE], hex[64];
    size_t len;
    *n = 0;
    if (!path_of(path, folder, "revoked.txt", "", why))
        return false;
    if (access(path, F_OK) != 0)
        return true;
    char *text = value_file(path, FILE_MOST, &len, why);
    if (text == NULL)
        return false;
    bool good = true;
    for (char *line = text; *line != '\0' && good;) {
        long long at;
        int reason, used = 0;
        good = sscanf(line, "%42[0-9a-f] %lld %d%n", hex, &at, &reason, &used) == 3 && strlen(hex) % 2 == 0 &&
               strlen(hex) <= 40 && *n < most && line[used] == '\n';
        for (size_t i = 0; good && hex[2 * i] != '\0'; i++) {
            const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
            serials[*n][i] = (uint8_t)strtoul(pair, NULL, 16);
        }
        if (good) {
            out[*n] = (fede_revoked){.serial = bytes_of(serials[*n], strlen(hex) / 2), .at = at, .reason = reason};
            (*n)++;
            line += used + 1;
        }
    }
    if (!good)
        text_format(why, "%s has a line that is no serial number, time and reason, or more than %zu lines", path, most);
    free(text);
    return good;
}
