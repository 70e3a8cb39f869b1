/* explain/ticket.c: what lies in a ticket that fede made. RFC 5077 4: version, suite, master secret, who the client was, when.

   The name in front of a ticket says which key sealed it. Each root has one key for each period; which periods were in use
   depends on how long tickets live, so the lifetimes that servers of the capture announced are tried, and a few usual ones. */
#include "explain/ticket.h"

#include "explain/dissection.h"
#include "record/session_form.h"

static bool find_key(const uint8_t root[TICKET_KEY], uint32_t lifetime, int64_t at, bytes ticket, uint8_t key[TICKET_KEY]);
static bool unseal(const uint8_t key[TICKET_KEY], bytes ticket, uint8_t *plain);
static void tell(const struct session *s, struct text *out);

bool ticket_open(const uint8_t (*roots)[TICKET_ROOT], size_t n, const uint32_t *lifetimes, size_t n_lifetimes, int64_t at,
                 bytes ticket, uint8_t master[TICKET_MASTER], struct text *words)
{
    static const uint32_t usual[] = {7200, 86400, 3600, 72000, 28800, 43200, 604800, 600, 300};
    const size_t n_usual = sizeof usual / sizeof *usual;
    uint8_t key[TICKET_KEY], plain[TICKET_PLAIN_MAX + TICKET_TAG];
    bool open = false;
    if (ticket.len < TICKET_OVERHEAD || ticket.len - TICKET_OVERHEAD > TICKET_PLAIN_MAX)
        return false;
    for (size_t i = 0; i < n && !open; i++)
        for (size_t k = 0; k < n_lifetimes + n_usual && !open; k++) {
            uint32_t lifetime = k < n_lifetimes ? lifetimes[k] : usual[k - n_lifetimes];
            open = lifetime > 0 && find_key(roots[i], lifetime, at, ticket, key) && unseal(key, ticket, plain);
        }
    if (open) {
        struct session s = {.master = master};
        struct wire w = wire_reader(bytes_of(plain, ticket.len - TICKET_OVERHEAD));
        session_wire(&w, &s);
        open = wire_done(&w);
        if (open)
            tell(&s, words);
        bytes_wipe(plain, sizeof plain);
        bytes_wipe(key, sizeof key);
    }
    return open;
}

/* A ticket is used for a lifetime after it was sealed, under the key of that period; another machine's clock may be ahead. */
static bool find_key(const uint8_t root[TICKET_KEY], uint32_t lifetime, int64_t at, bytes ticket, uint8_t key[TICKET_KEY])
{
    const int64_t now = at / lifetime;
    uint8_t name[TICKET_NAME];
    for (int64_t period = now + 1; period >= now - 2; period--) {
        ticket_key_of(root, period, name, key);
        if (memcmp(name, ticket.data, TICKET_NAME) == 0)
            return true;
    }
    return false;
}

static bool unseal(const uint8_t key[TICKET_KEY], bytes ticket, uint8_t *plain)
{
    bytes sealed = bytes_skip(ticket, TICKET_NAME + TICKET_NONCE);
    struct crypto_aead *aead = crypto_aead_new(AEAD_AES_256_GCM, bytes_of(key, TICKET_KEY));
    bytes_copy(plain, sealed.data, sealed.len);
    bool open = aead != NULL && crypto_open(aead, ticket.data + TICKET_NAME, bytes_first(ticket, TICKET_NAME), plain, sealed.len);
    crypto_aead_free(aead);
    return open;
}

static void tell(const struct session *s, struct text *out)
{
    text_add(out, version_title(s->version));
    text_add(out, ", ");
    text_add(out, suite_title(s->suite));
    text_add(out, ", no compression, ");
    text_add(out, s->flags & SESSION_EMS ? "extended master secret" : "master secret");
    text_add(out, " of 48 bytes; handshake of ");
    text_time(out, s->started);
    text_add(out, ", ticket of ");
    text_time(out, s->issued);
    text_add(out, ", good for ");
    text_number(out, s->lifetime);
    text_add(out, " s; client: ");
    if (s->flags & SESSION_GIVEN)
        certificate_title(s->client, out);
    else
        text_add(out, s->flags & SESSION_ASKED ? "asked, showed no certificate" : "not asked for a certificate");
    text_add(out, "; server_name ");
    text_add(out, s->server_name.len > 0 ? "" : "not given");
    text_escaped(out, s->server_name);
}
