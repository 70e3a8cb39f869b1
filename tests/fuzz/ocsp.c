/* OCSP under arbitrary bytes: requests as a responder gets them (0), responses judged for a certificate (1), whose subject, serial
   number and issuer's name are what the input says. Digests and signatures as in fake_signatures.c. */
#include "fuzz/want.h"
#include "x509/ocsp.h"

static void request(bytes der)
{
    struct ocsp_request r;
    struct ocsp_single single;
    bytes id;
    bool malformed;
    if (!ocsp_request_read(der, &r))
        return;
    want(r.questions.len > 0 && r.nonce.len < der.len);
    for (bytes rest = r.questions, before = rest; ocsp_request_next(&rest, &single, &id, &malformed); before = rest)
        want(rest.len < before.len && id.len > single.serial.len);
}

/* The certificate: 4 bytes of serial number, then a name of 16. */
static void response(bytes in)
{
    static const uint8_t spki[] = {0x30, 0x0b, 0x30, 0x03, 0x06, 0x01, 0x2a, 0x03, 0x04, 0x00, 0x04, 0x05, 0x06};
    struct certificate c = {.serial = bytes_first(in, 4), .issuer = bytes_first(bytes_skip(in, 4), 16)};
    struct certificate issuer = {.subject = c.issuer, .key = {.kind = KEY_EC_P256, .spki = BYTES_OF(spki)}};
    struct ocsp_single single;
    const char *problem = NULL;
    enum ocsp_answer answer = ocsp_judge(bytes_skip(in, 20), &c, &issuer, 1893456000, &single, &problem);
    want((answer == 0) == (problem != NULL));
    if (answer != 0)
        want(single.this_update <= 1893456000 && single.next_update >= 1893456000 && bytes_equal(single.serial, c.serial));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 22)
        return 0;
    if (data[0] == 0)
        request((bytes){data + 1, size - 1});
    else
        response((bytes){data + 1, size - 1});
    return 0;
}
