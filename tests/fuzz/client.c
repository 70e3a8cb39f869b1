/* A client against a server that sends arbitrary bytes. The first byte chooses the configuration (drive.h). */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    static fede_bytes sessions[2]; /* by ticket, by id */
    if (data[0] & 32 && sessions[0].len == 0) {
        fede_config *server = fede_config_derive(config_of(32, false)), *by_id = fede_config_derive(config_of(32, true));
        sessions[0] = session_of(config_of(32, true), server, true);
        fede_config_tickets(by_id, 0);
        sessions[1] = session_of(by_id, server, true);
        fede_config_free(server);
        fede_config_free(by_id);
    }
    pair_seed(1);
    fede_conn *conn = fede_client_new(config_of(data[0], true), "server.test");
    if (!(data[0] & 4)) /* never over HTTP/2 */
        fede_conn_allow_renegotiation(conn, 2);
    if (data[0] & 32)
        want(fede_conn_resume(conn, sessions[data[0] & 1]));
    drive(conn, data[0], data + 1, size - 1);
    return 0;
}
