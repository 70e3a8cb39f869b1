/* What a CA is asked for, under any bytes: requests for certificates (PKCS #10, 0), questions to a responder (1), a subject and names as
   text (2). What is issued is a certificate, or a response, that fede itself reads. Signatures of requests are real, so those
   of the corpus are good and altered ones are not; see there for what a request may say behind one. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fede/issue.h"
#include "fede/verify.h"
#include "fuzz/want.h"
#include "x509/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 20000, NAMES_MOST = 8, IN_2030 = 1893456000 };

static const fede_key *key(void)
{
    static fede_key *made;
    if (made == NULL)
        made = fede_key_make(FEDE_KEY_P256, 0);
    want(made != NULL);
    return made;
}

static fede_issue_request usual(void)
{
    return (fede_issue_request){.not_before = IN_2030 - 1000, .not_after = IN_2030 + 1000};
}

static void issue(const fede_issue_request *request)
{
    static uint8_t out[ROOM];
    struct certificate c;
    fede_error error = {0};
    char text[500];
    size_t len = fede_issue(request, out, sizeof out, &error);
    want((len > 0) == (error.reason == FEDE_OK));
    if (len == 0) {
        want(fede_error_text(&error, text, sizeof text) > 0);
        return;
    }
    want(certificate_read(bytes_of(out, len), &c, &error) && c.not_after == request->not_after);
    want(c.is_ca == request->ca);
}

/* A CA for those that need one. */
static bytes authority(void)
{
    static uint8_t out[2000];
    static size_t len;
    fede_error error = {0};
    fede_issue_request request = usual();
    request.subject = "CN=CA";
    request.key = key();
    request.ca = true;
    if (len == 0)
        len = fede_issue(&request, out, sizeof out, &error);
    want(len > 0);
    return bytes_of(out, len);
}

static void text(bytes in)
{
    char copy[1024];
    const char *parts[NAMES_MOST + 1] = {copy};
    size_t n = 1, len = in.len < sizeof copy - 1 ? in.len : sizeof copy - 1;
    bytes_copy(copy, in.data, len);
    copy[len] = '\0';
    for (char *c = strchr(copy, '\n'); c != NULL && n <= NAMES_MOST; c = strchr(c, '\n')) {
        *c++ = '\0';
        parts[n++] = c;
    }
    fede_issue_request request = usual();
    request.subject = parts[0];
    request.key = key();
    request.names = parts + 1;
    request.n_names = n - 1;
    issue(&request);
    request.ca = true;
    request.names = NULL;
    request.n_names = 0;
    request.permitted = request.excluded = request.policies = parts + 1;
    request.n_permitted = n > 1;
    request.n_excluded = n > 2;
    request.n_policies = n > 3;
    request.ocsp_url = request.crl_url = n > 4 ? parts[4] : NULL;
    issue(&request);
}

static fede_ocsp_status status(void *arg, fede_bytes serial, fede_revoked *revoked)
{
    (void)arg;
    if (serial.len > 0 && serial.data[0] & 1)
        *revoked = (fede_revoked){.serial = serial, .at = IN_2030 - 5, .reason = 1};
    return serial.len > 0 && serial.data[0] & 1 ? FEDE_OCSP_REVOKED : serial.len % 2 ? FEDE_OCSP_GOOD : FEDE_OCSP_UNKNOWN;
}

/* A question about the CA's own certificate, altered by the input: zeros leave it as it is. */
static bytes asked(bytes how)
{
    static uint8_t good[1000], room[1000];
    static size_t len;
    if (len == 0)
        len = fede_ocsp_request(authority(), authority(), bytes_text("0123456789abcdef"), good, sizeof good);
    want(len > 0);
    bytes_copy(room, good, len);
    for (size_t i = 0; i < how.len; i++)
        room[i % len] ^= how.data[i];
    return bytes_of(room, len);
}

static void question(bytes in)
{
    static uint8_t out[ROOM];
    fede_error error = {0};
    struct ocsp_response r;
    const char *problem = NULL;
    const fede_responder responder = {.issuer = authority(), .key = key(), .status = status, .this_update = IN_2030, .next_update = IN_2030 + 100};
    in = in.data[0] & 1 ? asked(bytes_skip(in, 1)) : bytes_skip(in, 1);
    size_t len = fede_issue_answer(&responder, in, out, sizeof out, &error);
    want((len > 0) == (error.reason == FEDE_OK));
    want(len == 0 || ocsp_read(bytes_of(out, len), &r, &problem) || problem != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 8192)
        return 0;
    bytes in = {data + 1, size - 1};
    if (data[0] % 3 == 0) {
        fede_issue_request request = usual();
        request.request = in;
        request.issuer = authority();
        request.issuer_key = key();
        issue(&request);
    } else if (data[0] % 3 == 1) {
        question(in);
    } else {
        text(in);
    }
    return 0;
}
