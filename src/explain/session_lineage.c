/* explain/session_lineage.c: sessions made and sessions resumed, tied together.

   A session is known by its id or by the ticket from the end of its handshake on. When a later connection resumes it, that is
   told with the number of the first one, the certificate that was shown there, and how often the same name was used; and the
   first one's master secret is a candidate, when the key log has that one alone. */
#include "explain/session.h"

static void descend(struct session *s, enum lineage_kind kind, bytes name);
static bytes offered_identity(bytes list, size_t n);
static void look_inside(struct session *s, uint8_t from, bytes ticket, enum ticketed where);
static void learn_lifetime(struct lineage *l, uint32_t seconds);

/* What the ClientHello offers to resume, kept until it is known whether the server does. */
void session_offers(struct session *s, const struct client_hello *m)
{
    bytes ticket = m->extensions.session_ticket;
    s->offered_id_len = (uint8_t)m->session_id.len;
    bytes_copy(s->offered_id, m->session_id.data, m->session_id.len);
    s->offered_ticket = ticket.len > 0;
    if (ticket.len > 0) {
        crypto_hash_once(HASH_SHA256, ticket, s->ticket_mark);
        look_inside(s, FEDE_CLIENT, ticket, TICKET_OFFERED);
    }
}

/* TLS 1.2: the server answers as in an abbreviated handshake. */
void session_resumes12(struct session *s)
{
    if (s->offered_ticket)
        descend(s, LINEAGE_TICKET, BYTES_OF(s->ticket_mark));
    if (!s->inherited && s->offered_id_len > 0)
        descend(s, LINEAGE_SESSION_ID, bytes_of(s->offered_id, s->offered_id_len));
}

/* TLS 1.3: the n-th identity of the ClientHello, which is the last message spoken but one. */
void session_resumes13(struct session *s, size_t n)
{
    struct client_hello m = {0};
    struct wire w = wire_reader(session_spoken(s, MSG_CLIENT_HELLO, s->hello_at));
    wire_client_hello(&w, &m);
    if (wire_done(&w))
        descend(s, LINEAGE_PSK, offered_identity(m.extensions.pre_shared_key, n));
}

/* RFC 9846 4.2.11: identities with their length, each behind a length and before an age. */
static bytes offered_identity(bytes list, size_t n)
{
    enum { LENGTH = 2, AGE = 4 };
    bytes rest = list.len > LENGTH ? bytes_first(bytes_skip(list, LENGTH), load16(list.data)) : BYTES_NONE;
    for (;; n--) {
        size_t len = rest.len >= LENGTH ? load16(rest.data) : 0;
        if (rest.len < LENGTH + len + AGE || len == 0)
            return BYTES_NONE;
        if (n == 0)
            return bytes_of(rest.data + LENGTH, len);
        rest = bytes_skip(rest, LENGTH + len + AGE);
    }
}

static void descend(struct session *s, enum lineage_kind kind, bytes name)
{
    static const char *const labels[] = {
        [LINEAGE_SESSION_ID] = "session id", [LINEAGE_TICKET] = "ticket", [LINEAGE_PSK] = "pre-shared key"};
    struct ancestor *a = lineage_find(s->listener->lineage, kind, name);
    if (a == NULL || a->connection == s->number)
        return;
    a->uses++;
    s->ancestor = a->connection;
    s->inherited = a->has_master;
    bytes_copy(s->first_master, a->master, sizeof a->master);
    char line[400];
    struct text t = text_in(line, sizeof line);
    text_add(&t, "resumes connection ");
    text_number(&t, a->connection);
    text_add(&t, " by its ");
    text_add(&t, labels[kind]);
    if (a->certificate[0] != '\0') {
        text_add(&t, ", where the server showed ");
        text_add(&t, a->certificate);
    }
    if (a->uses > 1) {
        text_add(&t, "; it is used for the ");
        text_number(&t, a->uses);
        text_add(&t, a->uses == 2 ? "nd time" : a->uses == 3 ? "rd time" : "th time");
    }
    session_note(s, line);
    fede_event e = {.kind = FEDE_EVENT_CHOICE,
                    .label = kind == LINEAGE_SESSION_ID ? "ancestor by session id" : "ancestor by ticket",
                    .what = (uint16_t)(a->uses < UINT16_MAX ? a->uses : UINT16_MAX),
                    .number = a->connection,
                    .bytes = bytes_text(a->certificate)};
    session_tell(s, &e, FEDE_SERVER, false);
}

/* ---- sessions made ---- */

static struct ancestor self(const struct session *s)
{
    struct ancestor a = {.connection = s->ancestor != 0 ? s->ancestor : s->number};
    a.has_master = s->keyed && s->version < 0x0304;
    bytes_copy(a.master, s->master, sizeof a.master);
    bytes leaf;
    if (session_chain(s, FEDE_SERVER, &leaf, 1) == 1) {
        struct text t = text_in(a.certificate, sizeof a.certificate);
        certificate_title(leaf, &t);
    }
    return a;
}

void session_ticket(struct session *s, bytes body)
{
    struct wire w = wire_reader(body);
    if (s->version >= 0x0304) {
        struct new_session_ticket_13 m = {0};
        wire_new_session_ticket_13(&w, &m);
        struct ancestor a = self(s);
        uint8_t psk[HASH_MAX];
        if (wire_done(&w) && (a.psk_len = session_psk_of_ticket(s, m.nonce, psk)) <= sizeof a.master)
            bytes_copy(a.master, psk, a.psk_len);
        bytes_wipe(psk, sizeof psk);
        if (wire_done(&w))
            lineage_add(s->listener->lineage, LINEAGE_PSK, m.ticket, &a);
        bytes_wipe(&a, sizeof a);
        return;
    }
    struct new_session_ticket m = {0};
    wire_new_session_ticket_12(&w, &m);
    s->made_ticket = wire_done(&w) && m.ticket.len > 0;
    if (s->made_ticket) {
        learn_lifetime(s->listener->lineage, m.lifetime_hint);
        crypto_hash_once(HASH_SHA256, m.ticket, s->made_mark);
        look_inside(s, FEDE_SERVER, m.ticket, TICKET_MADE);
    }
}

/* The handshake is complete: now the names it gave out stand for something. */
void session_made(struct session *s)
{
    struct ancestor a = self(s);
    if (s->version < 0x0304 && s->made_ticket)
        lineage_add(s->listener->lineage, LINEAGE_TICKET, BYTES_OF(s->made_mark), &a);
    if (s->version < 0x0304 && !s->resumed && s->made_id_len > 0)
        lineage_add(s->listener->lineage, LINEAGE_SESSION_ID, bytes_of(s->made_id, s->made_id_len), &a);
    bytes_wipe(&a, sizeof a);
}

/* With the keys of tickets, what is in one: the master secret of the connection that resumes by it, and of the one that got it. */
static void look_inside(struct session *s, uint8_t from, bytes ticket, enum ticketed where)
{
    static const char name[] = "session ticket";
    enum { MILLION = 1000000 };
    const struct secrets *secrets = s->listener->secrets;
    const struct lineage *l = s->listener->lineage;
    char line[400];
    struct text t = text_in(line, sizeof line);
    if (secrets->n_ticket_roots == 0)
        return;
    text_add(&t, "opened with its key: ");
    bool open = ticket_open(secrets->ticket_roots, secrets->n_ticket_roots, l != NULL ? l->lifetimes : NULL,
                            l != NULL ? l->n_lifetimes : 0, (int64_t)(s->now_us / MILLION), ticket, s->ticket_master, &t);
    if (open)
        s->ticketed = (uint8_t)where;
    session_tell_check(s, from, open ? CHECK_VERIFIED : CHECK_IMPOSSIBLE, name,
                       open ? line : "no ticket key that was given sealed it, at least not in its periods at this time");
}

static void learn_lifetime(struct lineage *l, uint32_t seconds)
{
    for (size_t i = 0; l != NULL && i < l->n_lifetimes; i++)
        if (l->lifetimes[i] == seconds)
            return;
    if (l != NULL && l->n_lifetimes < LIFETIMES_KEPT)
        l->lifetimes[l->n_lifetimes++] = seconds;
}
