/* Entries of revocation lists: RFC 5280 5.3.

   The first time every entry is read in full, for one that is malformed or has a critical extension which is not understood
   spoils the list for everyone. Later times compare serial numbers alone, as long as it is no indirect list: there the
   issuer an entry is for may be named many entries before it. A million entries take 30 ms the first time, then 5. */
#include "x509/crl_lookup.h"

#include "x509/der.h"

#define MAX_LOOKED_UP 32

static bool go_through(const struct crl *crl, struct crl_memory *memory, struct crl_found *out);
static bool entry_for(bytes *rest, bytes serial, struct crl_entry *out, bool *malformed);

const struct crl_found *crl_look_up(const struct crl *crl, struct crl_memory *memory, const struct certificate *c,
                                    struct arena *arena)
{
    for (const struct crl_found *found = memory->first; found != NULL; found = found->next)
        if (found->c == c)
            return found;
    struct crl_found *out = memory->n < MAX_LOOKED_UP ? arena_take(arena, sizeof *out) : NULL;
    if (out == NULL)
        return NULL;
    *out = (struct crl_found){.c = c, .next = memory->first};
    memory->first = out;
    memory->n++;
    out->understood = go_through(crl, memory, out);
    return out;
}

/* An entry that revokes outweighs one that takes it back. */
static bool go_through(const struct crl *crl, struct crl_memory *memory, struct crl_found *out)
{
    bytes rest = crl->revoked;
    struct crl_entry entry;
    bool malformed = false, own = name_equal(crl->issuer, out->c->issuer), plain = true;
    while (memory->gone_through ? entry_for(&rest, out->c->serial, &entry, &malformed)
                                : crl_entry_next(&rest, &entry, &malformed)) {
        if (entry.unknown_critical || (entry.issuer.data != NULL && !crl->indirect))
            return false;
        if (entry.issuer.data != NULL) {
            own = general_names_hold(entry.issuer, out->c->issuer); /* of this one and those after it */
            plain = false;
        }
        if (own && bytes_equal(entry.serial, out->c->serial) && (!out->listed || entry.reason != CRL_REMOVED)) {
            out->listed = true;
            out->reason = entry.reason;
            out->date = entry.date;
        }
    }
    memory->gone_through = plain && !malformed;
    return !malformed;
}

/* The next entry with this serial number; others are only passed over. */
static bool entry_for(bytes *rest, bytes serial, struct crl_entry *out, bool *malformed)
{
    struct der d = der_in(*rest);
    bytes content, number;
    while (der_more(&d)) {
        bytes here = {d.at, (size_t)(d.end - d.at)};
        if (!der_read(&d, DER_SEQUENCE, &content))
            return false;
        struct der e = der_in(content);
        if (der_read(&e, DER_INTEGER, &number) && bytes_equal(number, serial)) {
            *rest = here;
            return crl_entry_next(rest, out, malformed);
        }
    }
    return false;
}

bool general_names_hold(bytes names, bytes directory_name)
{
    enum general_name kind;
    bytes value;
    while (general_names_next(&names, &kind, &value))
        if (kind == NAME_DIRECTORY && name_equal(value, directory_name))
            return true;
    return false;
}
