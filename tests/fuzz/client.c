/* A client against a server that sends arbitrary bytes. The first byte chooses the configuration (drive.h). */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    pair_seed(1);
    drive(fede_client_new(config_of(data[0], true), "server.test"), data[0], data + 1, size - 1);
    return 0;
}
