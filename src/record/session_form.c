/* record/session_form.c: a session as it lies in a ticket, and where the keys of tickets come from. Both ends of fede use it: the
   engine, which makes tickets, and the reader of captures, who was given the roots of the keys. */
#include "record/session_form.h"

#include "keys/hkdf.h"

static void wire_seconds(struct wire *w, const char *name, int64_t *seconds);

void session_wire(struct wire *w, struct session *s)
{
    wire_u8(w, "role", &s->role, NULL);
    wire_u16(w, "version", &s->version, NULL);
    wire_u16(w, "cipher_suite", &s->suite, NULL);
    wire_u16(w, "group", &s->group, NULL);
    wire_u16(w, "scheme", &s->scheme, NULL);
    wire_u8(w, "flags", &s->flags, NULL);
    wire_fixed(w, "master_secret", s->master, SESSION_MASTER);
    wire_fixed(w, "policy", s->policy, SESSION_MARK);
    wire_fixed(w, "certificate", s->certificate, sizeof s->certificate);
    wire_seconds(w, "started", &s->started);
    wire_seconds(w, "issued", &s->issued);
    wire_u32(w, "lifetime", &s->lifetime, FIELD_NUMBER);
    wire_opaque8(w, "server_name", &s->server_name, 0, 255);
    if (w->bad || (s->role != SESSION_OF_CLIENT && !(s->flags & SESSION_GIVEN)))
        return;
    wire_seconds(w, "not_after", &s->not_after);
    wire_opaque16(w, "anchor", &s->anchor, 0, 65535);
    wire_fixed(w, "anchor_tail", s->anchor_tail, SESSION_TAIL);
    if (s->role == SESSION_OF_CLIENT) {
        wire_opaque8(w, "verified_name", &s->verified_name, 0, 255);
        wire_opaque16(w, "handle", &s->handle, 1, 65535);
        wire_opaque8(w, "end_point", &s->end_point, 0, HASH_MAX);
    } else {
        wire_opaque16(w, "client", &s->client, 1, 65535);
        wire_u16(w, "client_scheme", &s->client_scheme, NULL);
    }
}

static void wire_seconds(struct wire *w, const char *name, int64_t *seconds)
{
    uint32_t high = (uint32_t)((uint64_t)*seconds >> 32), low = (uint32_t)*seconds;
    wire_u32(w, name, &high, FIELD_NUMBER);
    wire_u32(w, name, &low, FIELD_NUMBER);
    if (!w->writing)
        *seconds = (int64_t)((uint64_t)high << 32 | low);
}

void ticket_key_of(const uint8_t root[TICKET_KEY], int64_t period, uint8_t name[TICKET_NAME], uint8_t key[TICKET_KEY])
{
    uint8_t made[TICKET_NAME + TICKET_KEY], info[24] = "fede ticket 1";
    store64(info + 16, (uint64_t)period);
    hkdf_expand(HASH_SHA256, bytes_of(root, TICKET_KEY), BYTES_OF(info), made, sizeof made);
    bytes_copy(name, made, TICKET_NAME);
    bytes_copy(key, made + TICKET_NAME, TICKET_KEY);
    bytes_wipe(made, sizeof made);
}
