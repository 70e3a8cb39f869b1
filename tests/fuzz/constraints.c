/* Name constraints against names, both of any bytes: 16 bits of length and the extension's value, 16 and a Name, then GeneralNames.
   What is asked twice is answered the same; a name that is allowed stays so when it is asked about alone; an extension that is not
   properly formed never allows anything by luck alone, and the budget holds. */
#include "fuzz/want.h"
#include "x509/certificate.h"
#include "x509/constraints.h"

static bytes piece(bytes *in)
{
    if (in->len < 2)
        return BYTES_NONE;
    bytes out = bytes_first(bytes_skip(*in, 2), load16(in->data));
    *in = bytes_skip(*in, 2 + out.len);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t no_name[] = {0x30, 0};
    if (size < 8 || size > 20000)
        return 0;
    bytes in = {data + 1, size - 1};
    struct certificate ca = {.name_constraints = piece(&in), .subject = BYTES_OF(no_name)};
    bytes subject = piece(&in);
    struct certificate c = {.subject = name_read(subject) ? subject : BYTES_OF(no_name), .alt_names = general_names_valid(in) ? in : BYTES_NONE};
    if (data[0] & 8) { /* features that the CA promises (RFC 7633) are in the Name's place, the other's in that of the names */
        ca.tls_features = subject;
        c.tls_features = in;
    }
    struct verify_request request = {.profile = (enum profile)(data[0] % 3)};
    struct finding f = {0};
    char words[2][300] = {{0}};
    struct text first = text_in(words[0], sizeof words[0]), second = text_in(words[1], sizeof words[1]);
    bool valid = constraints_valid(&ca, &request, &f, &first);
    want(valid == (f.reason == 0));
    if (!valid) /* verification ends here */
        return 0;
    unsigned budget[2] = {CONSTRAINT_BUDGET, CONSTRAINT_BUDGET}, none = 0;
    first = text_in(words[0], sizeof words[0]);
    f = (struct finding){0};
    bool allowed = constraints_allow(&ca, &c, &budget[0], &f, &first);
    want(allowed == (f.reason == 0) && budget[0] <= CONSTRAINT_BUDGET);
    want(constraints_allow(&ca, &c, &budget[1], &f, &second) == allowed && budget[0] == budget[1] && strcmp(words[0], words[1]) == 0);
    for (bytes rest = c.alt_names, before = rest; rest.len > 0 && allowed; before = rest) {
        enum general_name kind;
        bytes value;
        if (!general_names_next(&rest, &kind, &value))
            break;
        struct certificate alone = {.subject = BYTES_OF(no_name), .alt_names = bytes_first(before, before.len - rest.len), .tls_features = c.tls_features};
        budget[1] = CONSTRAINT_BUDGET;
        want(constraints_allow(&ca, &alone, &budget[1], &f, NULL));
    }
    if (budget[0] < CONSTRAINT_BUDGET)
        want(!constraints_allow(&ca, &c, &none, &f, NULL) || !allowed);
    return 0;
}
