/* A list of logs (JSON) and a list of timestamps under arbitrary bytes: 16 bits of length, that much JSON, then timestamps as they
   come beside a leaf. Signatures as in fake_signatures.c. */
#include "fede/verify.h"
#include "fuzz/want.h"
#include "x509/sct.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    bytes in = {data + 2, size - 2}, json = bytes_first(in, load16(data));
    struct fede_ct_logs *logs = ct_logs_read(&memory_standard, json);
    struct certificate leaf = {.tbs = bytes_first(in, 40), .der = bytes_first(in, 40)}, issuer = leaf;
    struct path path = {.at = {{.c = &leaf}, {.c = &issuer}}, .n = 2};
    struct verify_request request = {.at = 1893456000, .ct_logs = logs, .scts = bytes_skip(in, json.len)};
    struct sct_finding found[SCT_MOST];
    struct arena arena;
    want(logs != NULL);
    arena_start(&arena, &memory_standard, 1u << 18);
    for (int embedded = 0; embedded < 2; embedded++) {
        size_t n = sct_judge(&request, &path, &arena, found);
        want(n <= SCT_MOST);
        for (size_t i = 0; i < n; i++)
            want(found[i].outcome >= FEDE_PASSED && found[i].outcome <= FEDE_NOT_CHECKED &&
                 memchr(found[i].words, 0, sizeof found[i].words) != NULL);
        leaf.sct_list = request.scts; /* once more, as if they were in the certificate */
        request.scts = BYTES_NONE;
    }
    arena_end(&arena);
    fede_ct_logs_free(logs);
    return 0;
}
