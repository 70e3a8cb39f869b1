/* The order of a TLS 1.2 handshake as one table: RFC 5246 7.3 (figures 1 and 2), with CertificateStatus (RFC 6066 8) and
   NewSessionTicket (RFC 5077 3.1). Both roles walk it from top to bottom; a row whose facts do not hold is passed over.

   HelloRequest is no row: it may come at any time and is not part of a handshake (RFC 5246 7.4.1.1). Alerts are records of
   their own. ChangeCipherSpec is a record of its own too, but its place in the order matters, so it is a row. Silent rows
   (ACT_…) say when something is done that sends nothing; they belong to the role in `from`. What is done in each row is in
   tls/handlers.c. */
#include "flow/flow.h"

enum { C = FLOW_CLIENT, S = FLOW_SERVER, BOTH = FLOW_BOTH };
enum {
    RESUMED = FACT_RESUMED,
    SERVER_AUTH = FACT_SERVER_AUTH,
    KEY_EXCHANGE = FACT_KEY_EXCHANGE,
    STAPLE = FACT_STAPLE,
    CLIENT_AUTH = FACT_CLIENT_AUTH,
    CLIENT_CERT = FACT_CLIENT_CERT,
    TICKET = FACT_TICKET,
    FALSE_START = FACT_FALSE_START
};

/* Who learns what: RESUMED, SERVER_AUTH, KEY_EXCHANGE, STAPLE and TICKET are settled by the server's choice and read off the
   ServerHello by the client; CLIENT_AUTH by the coming of a CertificateRequest; CLIENT_CERT by the client's Certificate,
   whose list may be empty (RFC 5246 7.4.6). In an abbreviated handshake the rows up to the master secret fall away, and the
   server finishes first (RFC 5246 figure 2): only the key block is made anew. */
// clang-format off
const struct flow_step flow_tls12[] = {
    {C,    MSG_CLIENT_HELLO},
    {S,    ACT_CHOOSE},
    {S,    MSG_SERVER_HELLO},
    {S,    MSG_CERTIFICATE,         .when = SERVER_AUTH,               .unless = RESUMED},
    {S,    MSG_CERTIFICATE_STATUS,  .when = SERVER_AUTH | STAPLE,      .unless = RESUMED, .optional = true},
    {S,    ACT_SHARE,               .when = KEY_EXCHANGE,              .unless = RESUMED},
    {S,    ACT_SIGN,                .when = KEY_EXCHANGE,              .unless = RESUMED},
    {S,    MSG_SERVER_KEY_EXCHANGE, .when = KEY_EXCHANGE,              .unless = RESUMED},
    {S,    MSG_CERTIFICATE_REQUEST, .when = SERVER_AUTH,               .unless = RESUMED, .optional = true, .learn = CLIENT_AUTH},
    {S,    MSG_SERVER_HELLO_DONE,                                      .unless = RESUMED},
    {C,    ACT_VERIFY_PEER,         .when = SERVER_AUTH,               .unless = RESUMED},
    {C,    ACT_SELECT,              .when = CLIENT_AUTH,               .unless = RESUMED},
    {C,    MSG_CERTIFICATE,         .when = CLIENT_AUTH,               .unless = RESUMED},
    {S,    ACT_VERIFY_PEER,         .when = CLIENT_AUTH | CLIENT_CERT, .unless = RESUMED},
    {C,    MSG_CLIENT_KEY_EXCHANGE,                                    .unless = RESUMED},
    {BOTH, ACT_MASTER_SECRET},
    {C,    ACT_SIGN,                .when = CLIENT_AUTH | CLIENT_CERT, .unless = RESUMED},
    {C,    MSG_CERTIFICATE_VERIFY,  .when = CLIENT_AUTH | CLIENT_CERT, .unless = RESUMED},
    {C,    MSG_CCS,                                                    .unless = RESUMED},
    {C,    MSG_FINISHED,                                               .unless = RESUMED},
    {C,    ACT_FALSE_START,         .when = FALSE_START,               .unless = RESUMED},
    {S,    MSG_NEW_SESSION_TICKET,  .when = TICKET},
    {S,    MSG_CCS},
    {S,    MSG_FINISHED},
    {C,    MSG_CCS,                 .when = RESUMED},
    {C,    MSG_FINISHED,            .when = RESUMED},
    {BOTH, ACT_OPEN},
};
// clang-format on
const size_t flow_tls12_len = sizeof flow_tls12 / sizeof *flow_tls12;
