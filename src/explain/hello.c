/* explain/hello.c: ClientHello and ServerHello (RFC 5246 7.4.1.2, 7.4.1.3) without judging them. */
#include "explain/hello.h"

static bool take(bytes *rest, size_t n, bytes *out);
static bool take_vector(bytes *rest, size_t prefix, bytes *out);
static struct u16s list_of(bytes body, size_t prefix);

static const uint8_t nothing[1];

struct hello hello_of(const struct dissection *d, uint8_t from)
{
    for (size_t n = 0;; n++) {
        const struct kept_message *m =
            dissection_message(d, from, from == FEDE_CLIENT ? MSG_CLIENT_HELLO : MSG_SERVER_HELLO, n);
        if (m == NULL)
            return (struct hello){0};
        struct hello h = hello_read(m->bytes, from == FEDE_CLIENT);
        bool retry = from == FEDE_SERVER && h.read && memcmp(h.random.data, hello_retry_random, 32) == 0;
        if (!retry)
            return h;
    }
}

struct hello hello_read(bytes message, bool client)
{
    struct hello h = {0};
    bytes rest = bytes_skip(message, 4), part, suites;
    if (!take(&rest, 2, &part))
        return h;
    h.legacy_version = load16(part.data);
    if (!take(&rest, 32, &h.random) || !take_vector(&rest, 1, &h.session_id))
        return h;
    if (client ? !take_vector(&rest, 2, &suites) || !take_vector(&rest, 1, &h.compressions)
               : !take(&rest, 2, &suites) || !take(&rest, 1, &h.compressions))
        return h;
    h.suites = (struct u16s){suites.data, suites.len / 2};
    h.read = true;
    if (rest.len > 0 && !take_vector(&rest, 2, &h.extensions) && rest.len > 2)
        h.extensions = bytes_skip(rest, 2);
    bytes versions = hello_extension(&h, EXT_SUPPORTED_VERSIONS);
    h.versions = client ? list_of(versions, 1) : (struct u16s){versions.data, versions.len == 2 ? 1 : 0};
    h.groups = list_of(hello_extension(&h, EXT_SUPPORTED_GROUPS), 2);
    h.schemes = list_of(hello_extension(&h, EXT_SIGNATURE_ALGORITHMS), 2);
    part = hello_extension(&h, EXT_ALPN);
    if (part.len > 0)
        take_vector(&part, 2, &h.alpn);
    part = hello_extension(&h, EXT_SERVER_NAME);
    bytes list, type;
    if (part.len > 0 && take_vector(&part, 2, &list) && take(&list, 1, &type) && type.data[0] == 0)
        take_vector(&list, 2, &h.host_name);
    return h;
}

bytes hello_extension(const struct hello *h, uint16_t id)
{
    bytes rest = h->extensions, body;
    uint16_t number;
    while (extensions_next(&rest, &number, &body))
        if (number == id)
            return body.data != NULL ? body : bytes_of(nothing, 0);
    return BYTES_NONE;
}

static bool take(bytes *rest, size_t n, bytes *out)
{
    if (rest->len < n)
        return false;
    *out = bytes_first(*rest, n);
    *rest = bytes_skip(*rest, n);
    return true;
}

static bool take_vector(bytes *rest, size_t prefix, bytes *out)
{
    if (rest->len < prefix)
        return false;
    size_t len = prefix == 1 ? rest->data[0] : load16(rest->data);
    if (rest->len - prefix < len)
        return false;
    *out = bytes_of(rest->data + prefix, len);
    *rest = bytes_skip(*rest, prefix + len);
    return true;
}

static struct u16s list_of(bytes body, size_t prefix)
{
    bytes list = BYTES_NONE;
    if (body.len > 0)
        take_vector(&body, prefix, &list);
    return (struct u16s){list.data, list.len / 2};
}
