/* A server against a client that sends arbitrary bytes. The first byte chooses the configuration (drive.h). */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    pair_seed(1);
    if (fede_server_session.len == 0) {
        fede_config *by_id = fede_config_derive(config_of(32, true));
        fede_config_tickets(by_id, 0);
        fede_server_session = session_of(by_id, config_of(32, false), false);
        fede_config_free(by_id);
        pair_seed(1);
    }
    drive(fede_server_new(config_of(data[0], false)), data[0], data + 1, size - 1);
    return 0;
}
