/* The codec under any bytes: the first byte selects the routine, the rest is the message. What must hold is in
   tests/wire/check.h. */
#include <stdio.h>
#include <stdlib.h>

#include "wire/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const struct codec *codec = &codecs[data[0] % codecs_len];
    bool accepted;
    const char *wrong = codec_check(codec, bytes_of(size > 1 ? data + 1 : NULL, size - 1), &accepted);
    if (wrong) {
        fprintf(stderr, "%s: %s\n", codec->name, wrong);
        abort();
    }
    return 0;
}
