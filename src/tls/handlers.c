/* tls/handlers.c: what each row of a flow table means to the engine, in one table: which codec, which function fills the
   struct, which one judges it, which one carries out a silent step. The functions stand in the files named beside them. */
#include "tls/handshake.h"

static void client_hello(struct wire *w, union message *m)
{
    wire_client_hello(w, &m->client_hello);
}

static void server_hello(struct wire *w, union message *m)
{
    wire_server_hello(w, &m->server_hello);
}

static void certificate(struct wire *w, union message *m)
{
    wire_certificate_12(w, &m->certificate);
}

static void certificate_status(struct wire *w, union message *m)
{
    wire_certificate_status(w, &m->certificate_status);
}

static void server_key_exchange(struct wire *w, union message *m)
{
    wire_server_key_exchange(w, &m->server_key_exchange);
}

static void certificate_request(struct wire *w, union message *m)
{
    wire_certificate_request_12(w, &m->certificate_request);
}

static void server_hello_done(struct wire *w, union message *m)
{
    wire_server_hello_done(w, m);
}

static void new_session_ticket(struct wire *w, union message *m)
{
    wire_new_session_ticket_12(w, &m->new_session_ticket);
}

static void client_key_exchange(struct wire *w, union message *m)
{
    wire_client_key_exchange(w, &m->client_key_exchange);
}

static void certificate_verify(struct wire *w, union message *m)
{
    wire_certificate_verify(w, &m->certificate_verify);
}

static void finished(struct wire *w, union message *m)
{
    wire_finished(w, &m->finished);
}

enum { WIRE_KINDS = 32, ALL_KINDS = WIRE_KINDS + MSG_KINDS - 256 };
#define SILENT(what) [(what)-256 + WIRE_KINDS]

// clang-format off
static const struct handler handlers[ALL_KINDS] = {
    /*                          codec                 write                       read                       from file */
    [MSG_CLIENT_HELLO]        = {client_hello,        write_client_hello,         read_client_hello},        /* offer, choose */
    [MSG_SERVER_HELLO]        = {server_hello,        write_server_hello,         read_server_hello},        /* choose, accept */
    [MSG_CERTIFICATE]         = {certificate,         write_certificate,          read_certificate},         /* authenticate */
    [MSG_CERTIFICATE_STATUS]  = {certificate_status,  write_certificate_status,   read_certificate_status},  /* status */
    [MSG_SERVER_KEY_EXCHANGE] = {server_key_exchange, write_server_key_exchange,  read_server_key_exchange}, /* exchange12 */
    [MSG_CERTIFICATE_REQUEST] = {certificate_request, write_certificate_request,  read_certificate_request}, /* client_auth */
    [MSG_SERVER_HELLO_DONE]   = {server_hello_done,   write_server_hello_done,    read_server_hello_done},   /* accept */
    [MSG_CLIENT_KEY_EXCHANGE] = {client_key_exchange, write_client_key_exchange,  read_client_key_exchange}, /* exchange12 */
    [MSG_CERTIFICATE_VERIFY]  = {certificate_verify,  write_certificate_verify,   read_certificate_verify},  /* client_auth */
    [MSG_NEW_SESSION_TICKET]  = {new_session_ticket,  write_new_session_ticket,   read_new_session_ticket},  /* resume */
    [MSG_FINISHED]            = {finished,            write_finished,             read_finished},            /* authenticate */

    SILENT(ACT_CHOOSE)        = {.act = act_choose},        /* choose */
    SILENT(ACT_SHARE)         = {.act = act_share},         /* exchange12 */
    SILENT(ACT_SELECT)        = {.act = act_select},        /* client_auth */
    SILENT(ACT_SIGN)          = {.act = act_sign},          /* sign */
    SILENT(ACT_VERIFY_PEER)   = {.act = act_verify_peer},   /* authenticate */
    SILENT(ACT_MASTER_SECRET) = {.act = act_master_secret}, /* exchange12 */
    SILENT(ACT_FALSE_START)   = {.act = act_false_start},   /* authenticate */
    SILENT(ACT_OPEN)          = {.act = act_open},          /* authenticate */
};
// clang-format on

const struct handler *handler_of(uint16_t what)
{
    static const struct handler nothing = {0};
    size_t slot = what < WIRE_KINDS ? what : what < 256 ? ALL_KINDS : (size_t)what - 256 + WIRE_KINDS;
    return slot < ALL_KINDS ? &handlers[slot] : &nothing;
}
