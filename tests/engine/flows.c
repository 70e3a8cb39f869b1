/* engine/flows.c: see flows.h. The order of messages stands here as RFC 5246 7.3 (figures 1 and 2), RFC 6066 8 and RFC 5077 3.1
   have it, not as src/flow has it: a letter for each record. */
#include "flows.h"

#include "wire/messages.h"

/* H ClientHello or ServerHello, C Certificate, T CertificateStatus, K a key exchange, R CertificateRequest, D ServerHelloDone,
   V CertificateVerify, N NewSessionTicket, * ChangeCipherSpec, F Finished; a small letter: the client's. */
// clang-format off
const struct flow flows[] = {
    {.name = "ECDHE",                .key = "p256", .messages = "hHCKDk*f*F"},
    {.name = "ECDHE, stapled",       .key = "p256", .staple = true, .messages = "hHCTKDk*f*F"},
    {.name = "ECDHE, mutual",        .key = "p256", .mutual = true, .messages = "hHCKRDckv*f*F"},
    {.name = "ECDHE, no client certificate", .key = "rsa", .mutual = true, .empty = true, .messages = "hHCKRDck*f*F"},
    {.name = "ECDHE, stapled, mutual, ticket", .key = "p256", .staple = true, .mutual = true, .ticket = true,
     .messages = "hHCTKRDckv*fN*F"},
    {.name = "resumed",              .key = "p256", .ticket = true, .resumed = true, .messages = "hH*F*f"},
    {.name = "RSA",                  .key = "transport", .suite = 0x009c, .legacy = FEDE_LEGACY_RSA, .messages = "hHCDk*f*F"},
    {.name = "RSA, mutual",          .key = "transport", .suite = 0x009c, .legacy = FEDE_LEGACY_RSA, .mutual = true,
     .messages = "hHCRDckv*f*F"},
    {.name = "DHE",                  .key = "rsa", .suite = 0x009e, .legacy = FEDE_LEGACY_DHE, .messages = "hHCKDk*f*F"},
    {.name = "ECDHE, CBC",           .key = "p256", .suite = 0xc023, .legacy = FEDE_LEGACY_CBC, .messages = "hHCKDk*f*F"},
    {.name = "RSA, CBC",             .key = "transport", .suite = 0x002f, .legacy = FEDE_LEGACY_RSA | FEDE_LEGACY_CBC,
     .messages = "hHCDk*f*F"},
};
// clang-format on
const size_t n_flows = sizeof flows / sizeof *flows;

static bool allow(fede_config *config, const struct flow *flow)
{
    static const char *const everyone[] = {"*"};
    const fede_legacy legacy = {
        .what = flow->legacy, .reason = "a test", .until = (int64_t)JUST_2030 + 1000, .peers = everyone, .n_peers = 1};
    return flow->legacy == 0 || fede_config_legacy(config, &legacy);
}

bool flow_configs(const struct flow *flow, fede_config **client, fede_config **server)
{
    return flow_configs_with(flow, NULL, NULL, client, server);
}

bool flow_configs_with(const struct flow *flow, const fede_allocator *clients, const fede_allocator *servers, fede_config **client,
                       fede_config **server)
{
    fede_config *c = pair_client_config(clients), *s = pair_server_config(servers, flow->key);
    bool good = allow(c, flow) && allow(s, flow);
    if (good && flow->suite != 0)
        good = fede_config_suites(c, &flow->suite, 1) && fede_config_suites(s, &flow->suite, 1);
    if (good && flow->staple)
        good = fede_config_status_request(c, true) && fede_config_staple(s, 0, pair_file("good.ocsp"));
    if (good && flow->mutual)
        good = fede_config_trust(s, pair_file("root.pem")) &&
               fede_config_client_certificate(s, flow->empty ? FEDE_CLIENT_CERTIFICATE_OPTIONAL : FEDE_CLIENT_CERTIFICATE_REQUIRED) &&
               (flow->empty || fede_config_credential(c, pair_file("client.pem"), pair_file("client.key")));
    good = good && fede_config_sessions(c, flow->ticket) && (flow->ticket || fede_config_tickets(s, 0));
    if (good) {
        *client = c;
        *server = s;
        return true;
    }
    if (flow->legacy == 0) {
        fprintf(stderr, "%s: no configuration\n", flow->name);
        exit(2);
    }
    fede_config_free(c);
    fede_config_free(s);
    return false;
}

void flow_start(const struct flow *flow, struct pair *pair, fede_config *client, fede_config *server)
{
    if (!flow->resumed) {
        pair_start(pair, client, server, NULL);
        return;
    }
    struct pair first = {0};
    pair_start(&first, client, server, NULL);
    pair_pump(&first);
    fede_bytes session = fede_conn_session(first.client);
    pair_start(pair, client, server, NULL);
    if (!fede_conn_resume(pair->client, session)) {
        fprintf(stderr, "%s: no session\n", flow->name);
        exit(2);
    }
    pair_end(&first);
}

int flow_kind(const struct flow *flow, uint8_t from, size_t index)
{
    static const struct {
        char letter;
        int kinds[3];
    } letters[] = {
        {'H', {0, MSG_CLIENT_HELLO, MSG_SERVER_HELLO}},
        {'C', {0, MSG_CERTIFICATE, MSG_CERTIFICATE}},
        {'T', {0, MSG_CERTIFICATE_STATUS, MSG_CERTIFICATE_STATUS}},
        {'K', {0, MSG_CLIENT_KEY_EXCHANGE, MSG_SERVER_KEY_EXCHANGE}},
        {'R', {0, MSG_CERTIFICATE_REQUEST, MSG_CERTIFICATE_REQUEST}},
        {'D', {0, MSG_SERVER_HELLO_DONE, MSG_SERVER_HELLO_DONE}},
        {'V', {0, MSG_CERTIFICATE_VERIFY, MSG_CERTIFICATE_VERIFY}},
        {'N', {0, MSG_NEW_SESSION_TICKET, MSG_NEW_SESSION_TICKET}},
        {'F', {0, MSG_FINISHED, MSG_FINISHED}},
    };
    uint8_t speaker = FEDE_CLIENT;
    for (const char *m = flow->messages; *m != '\0'; m++) {
        bool ccs = *m == '*', small = *m >= 'a' && *m <= 'z';
        char letter = (char)(ccs ? m[1] : *m);
        speaker = (ccs ? letter >= 'a' : small) ? FEDE_CLIENT : FEDE_SERVER;
        if (speaker != from || index-- > 0)
            continue;
        if (ccs)
            return MSG_CCS;
        letter = (char)(small ? letter - 'a' + 'A' : letter);
        for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
            if (letters[i].letter == letter)
                return letters[i].kinds[from];
    }
    return -1;
}
