/* Reference identifiers and how they match: RFC 9525 6, of which DNS and IP identifiers.

   Only subject alternative names count. A wildcard is the whole left-most label of a presented name, stands for exactly one
   label and needs at least two more behind it. Reference names are ASCII: internationalised names come as A-labels.
   Underscores are let through: they stand in real names although RFC 1123 has none. */
#include "x509/host.h"

#include <arpa/inet.h>

enum host_kind host_read(const char *name, struct host *out)
{
    *out = (struct host){.kind = HOST_BAD};
    size_t len = strlen(name);
    bool bracketed = len >= 2 && name[0] == '[' && name[len - 1] == ']';
    if (bracketed) {
        name++;
        len -= 2;
    }
    if (len > 0 && name[len - 1] == '.')
        len--;
    if (len == 0 || len >= sizeof out->text)
        return HOST_BAD;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        out->text[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    out->text[len] = '\0';
    if (inet_pton(AF_INET, out->text, out->ip) == 1)
        out->ip_len = 4;
    else if (inet_pton(AF_INET6, out->text, out->ip) == 1)
        out->ip_len = 16;
    if (bracketed && out->ip_len != 16)
        return HOST_BAD;
    if (out->ip_len != 0)
        return (enum host_kind)(out->kind = HOST_IP);
    if (dns_name_labels(bytes_text(out->text)) == 0)
        return HOST_BAD;
    return (enum host_kind)(out->kind = HOST_DNS);
}

enum host_kind mailbox_read(const char *address, struct host *out)
{
    bytes all = bytes_text(address), local, domain;
    *out = (struct host){.kind = HOST_BAD};
    if (all.len >= sizeof out->text || !mailbox_split(all, &local, &domain))
        return HOST_BAD;
    bytes_copy(out->text, all.data, all.len);
    return (enum host_kind)(out->kind = HOST_MAILBOX);
}

bool mailbox_split(bytes mailbox, bytes *local, bytes *domain)
{
    const uint8_t *at = mailbox.len > 0 ? memchr(mailbox.data, '@', mailbox.len) : NULL;
    if (at == NULL || at == mailbox.data)
        return false;
    *local = bytes_first(mailbox, (size_t)(at - mailbox.data));
    *domain = bytes_skip(mailbox, local->len + 1);
    return dns_name_labels(*domain) > 0;
}

static bool mailbox_matches(bytes presented, bytes wanted)
{
    bytes local, domain, wanted_local, wanted_domain;
    return mailbox_split(presented, &local, &domain) && mailbox_split(wanted, &wanted_local, &wanted_domain) &&
           bytes_equal(local, wanted_local) && dns_equal(domain, wanted_domain);
}

bool host_address_text(const struct host *host, char *out, size_t size)
{
    return host->kind == HOST_IP &&
           inet_ntop(host->ip_len == 4 ? AF_INET : AF_INET6, host->ip, out, (socklen_t)size) != NULL;
}

size_t dns_name_labels(bytes name)
{
    size_t labels = 1, start = 0;
    bool numeric = true;
    if (name.len == 0 || name.len > 253)
        return 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i == name.len || name.data[i] == '.') {
            if (i == start || i - start > 63 || name.data[start] == '-' || name.data[i - 1] == '-')
                return 0;
            if (i < name.len) {
                labels++;
                start = i + 1;
                numeric = true;
            }
            continue;
        }
        uint8_t c = name.data[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-' && c != '_')
            return 0;
        numeric = numeric && digit;
    }
    return numeric ? 0 : labels; /* a last label of digits is an address or nothing */
}

bool dns_equal(bytes a, bytes b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        uint8_t x = a.data[i], y = b.data[i];
        x = x >= 'A' && x <= 'Z' ? (uint8_t)(x + 32) : x;
        y = y >= 'A' && y <= 'Z' ? (uint8_t)(y + 32) : y;
        if (x != y)
            return false;
    }
    return true;
}

bool dns_wildcard(bytes name, bytes *base)
{
    if (name.len < 2 || name.data[0] != '*' || name.data[1] != '.')
        return false;
    *base = bytes_skip(name, 2);
    return true;
}

static bool dns_matches(bytes presented, bytes wanted, const struct suffixes *suffixes)
{
    bytes base;
    if (dns_wildcard(presented, &base)) {
        const uint8_t *dot = memchr(wanted.data, '.', wanted.len);
        return dot != NULL && dns_name_labels(base) >= 2 && (suffixes == NULL || !suffix_is_public(suffixes, base)) &&
               dns_equal(base, bytes_skip(wanted, (size_t)(dot - wanted.data) + 1));
    }
    return dns_equal(presented, wanted) && dns_name_labels(presented) > 0;
}

bool host_matches(const struct certificate *certificate, const struct host *host)
{
    return host_matches_below(certificate, host, NULL);
}

bool host_matches_below(const struct certificate *certificate, const struct host *host, const struct suffixes *suffixes)
{
    bytes rest = certificate->alt_names, value;
    enum general_name kind;
    bytes wanted = host->kind == HOST_IP ? bytes_of(host->ip, host->ip_len) : bytes_text(host->text);
    while (general_names_next(&rest, &kind, &value)) {
        if (host->kind == HOST_IP && kind == NAME_IP && bytes_equal(value, wanted))
            return true;
        if (host->kind == HOST_DNS && kind == NAME_DNS && dns_matches(value, wanted, suffixes))
            return true;
        if (host->kind == HOST_MAILBOX && kind == NAME_EMAIL && mailbox_matches(value, wanted))
            return true;
    }
    return false;
}
