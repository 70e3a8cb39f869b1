/* Key logs under any bytes, read whole and in pieces: both ways give the same secrets. */
#include <stdlib.h>

#include "explain/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secrets whole = {0}, read = {0};
    bytes all = bytes_of(data, size);
    struct input *input = input_memory(all);
    if (input == NULL)
        abort();
    secrets_lines(&whole, all);
    secrets_read(&read, input);
    /* A packed file is unpacked by the one and not by the other, and a line beyond 4096 bytes is none for the file. */
    bool plain = !input_packed(input);
    for (size_t at = 0, line = 0; at < size && plain; at++) {
        line = data[at] == '\n' ? 0 : line + 1;
        plain = line < 4000;
    }
    if (plain && (whole.lines != read.lines || whole.used != read.used || whole.foreign != read.foreign))
        abort();
    for (int label = SECRET_MASTER; label <= SECRET_PREMASTER_RSA; label++) {
        bytes random = bytes_first(all, 32), secret = secrets_find(&read, (enum secret_label)label, random, 0);
        if (secret.data != NULL && (secret.len == 0 || !secrets_any(&read, random)))
            abort();
    }
    input_free(input);
    secrets_end(&whole);
    secrets_end(&read);
    return 0;
}
