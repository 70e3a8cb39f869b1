/* Sessions under any bytes, as an application hands them in and as they lie in tickets. The first byte says what the rest is: bits
   0-1: 0 a session as it is, 1 one whose check is put right, 2 what a ticket holds, 3 a ticket; bit 2: offered by a client, else
   found by a server under an id. Then a client and a server try to resume by it. Whatever it is, the handshake comes to an end,
   and both think the same of it. Cryptography as in fake_crypto.c. */
#include "drive.h"
#include "tls/session.h"

enum { AS_IT_IS, CHECKED, INSIDE_TICKET, TICKET };
enum { CHECK = 8, ROOM = 70000 };

static fede_config *client_config, *by_id, *server_config;
static fede_bytes by_ticket_session, by_id_session;

static void start(void)
{
    if (client_config != NULL)
        return;
    client_config = config_of(32, true);
    server_config = config_of(32, false);
    by_id = fede_config_derive(client_config);
    fede_config_tickets(by_id, 0);
    by_ticket_session = session_of(client_config, server_config, true);
    by_id_session = session_of(by_id, server_config, true);
    fede_server_session = session_of(by_id, server_config, false);
}

/* What is read is written as it was. */
static void round_trip(bytes session)
{
    static uint8_t out[ROOM];
    uint8_t master[SESSION_MASTER];
    struct session s;
    fede_session_facts facts;
    bool good = session_read(session, &s, master);
    want(fede_session_about(session, &facts) == good);
    if (!good)
        return;
    size_t len = session_write(&s, out, sizeof out);
    want(len <= session_room(&s) && len == session.len && memcmp(out, session.data, len) == 0);
}

static bytes checked(bytes body)
{
    static uint8_t out[ROOM];
    uint8_t hash[HASH_MAX];
    if (body.len > ROOM - CHECK)
        return body;
    crypto_hash_once(HASH_SHA256, body, hash);
    bytes_copy(out, body.data, body.len);
    bytes_copy(out + body.len, hash, CHECK);
    return bytes_of(out, body.len + CHECK);
}

/* The client's good session with another ticket: one of the server's making that holds these bytes, or just these bytes. */
static bytes with_ticket(bytes text, bool inside)
{
    static uint8_t ticket[ROOM], out[ROOM];
    uint8_t master[SESSION_MASTER];
    struct session s;
    want(session_read(by_ticket_session, &s, master));
    size_t front = inside ? TICKET_NAME + TICKET_NONCE : 0;
    if (text.len == 0 || text.len > 60000)
        return BYTES_NONE;
    want(s.handle.len > TICKET_OVERHEAD);
    bytes_copy(ticket, s.handle.data, front);
    bytes_copy(ticket + front, text.data, text.len);
    memset(ticket + front + text.len, 0x55, TICKET_TAG);
    s.handle = bytes_of(ticket, front + text.len + (inside ? TICKET_TAG : 0));
    return bytes_of(out, session_write(&s, out, sizeof out));
}

static void resume(bytes clients, bytes servers, bool with_id)
{
    struct pair pair = {0};
    fede_info info[2];
    pair_seed(1);
    pair_start(&pair, with_id ? by_id : client_config, server_config, NULL);
    fede_conn *const sides[] = {pair.client, pair.server};
    if (clients.len > 0)
        fede_conn_resume(pair.client, clients);
    for (int i = 0; i < 8; i++) {
        want(pair_pump(&pair));
        for (int k = 0; k < 2; k++) {
            const fede_question *question = fede_ask(sides[k]);
            if (question == NULL)
                continue;
            if (question->kind == FEDE_ASK_HELLO)
                fede_answer_config(sides[k], NULL);
            else if (question->kind == FEDE_ASK_SESSION)
                fede_answer_session(sides[k], servers);
            else
                fede_answer_verdict(sides[k], true);
        }
    }
    for (int k = 0; k < 2; k++) {
        fede_conn_info(sides[k], &info[k]);
        say_error(fede_conn_error(sides[k]));
    }
    want(!info[0].established || !info[1].established || info[0].resumed == info[1].resumed);
    want(fede_conn_error(pair.client) != NULL || fede_conn_error(pair.server) != NULL || info[0].established);
    pair_end(&pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    start();
    bytes in = {data + 1, size - 1};
    unsigned kind = data[0] & 3;
    if (kind == INSIDE_TICKET || kind == TICKET) {
        bytes session = with_ticket(in, kind == INSIDE_TICKET);
        if (session.len > 0)
            resume(session, BYTES_NONE, false);
        return 0;
    }
    in = kind == CHECKED ? checked(in) : in;
    round_trip(in);
    if (data[0] & 4)
        resume(in, fede_server_session, true);
    else
        resume(by_id_session, in, true);
    return 0;
}
