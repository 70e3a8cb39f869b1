/* Files that an application hands to a configuration, under any bytes, with libcrypto as it is. The first byte says what it is: trust
   anchors, a chain with a good key, a key with a good chain, an encrypted one, PKCS#12, revocation lists, a staple, timestamps,
   a list of logs. A setting that failed says why; one that did not makes connections that start. */
#include "../engine/pair.h"
#include "base/bytes.h"
#include "fuzz/want.h"

/* Counts of iterations of three bytes and more would only take time. */
static bool slow(bytes in)
{
    for (size_t i = 0; i + 5 < in.len; i++)
        if (in.data[i] == 2 && in.data[i + 1] >= 3 && in.data[i + 1] <= 8)
            return true;
    return false;
}

/* In PEM that does not show: blocks of encrypted keys are left alone. */
static bool has(bytes in, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= in.len; i++)
        if (memcmp(in.data + i, word, len) == 0)
            return true;
    return false;
}

static bool set(fede_config *c, uint8_t what, bytes in)
{
    switch (what % 10) {
    case 0: return fede_config_trust(c, in);
    case 1: return fede_config_credential(c, in, pair_file("p256.key"));
    case 2: return fede_config_credential(c, pair_file("p256.pem"), in);
    case 3: return fede_config_credential_locked(c, pair_file("p256.pem"), in, "word");
    case 4: return fede_config_credential_p12(c, in, what & 16 ? "word" : NULL);
    case 5: return fede_config_external_credential(c, in);
    case 6: return fede_config_crls(c, in);
    case 7: return fede_config_staple(c, 0, in);
    case 8: return fede_config_sct_list(c, 0, in);
    default: {
        fede_ct_logs *logs = fede_ct_logs_read(in);
        bool good = logs != NULL && fede_config_ct_logs(c, logs);
        fede_ct_logs_free(logs);
        return good || logs == NULL;
    }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[1000];
    if (size == 0 || size > 16384)
        return 0;
    bytes in = {data + 1, size - 1};
    if (slow(in) || has(in, "ENCRYPTED"))
        return 0;
    pair_seed(1);
    bool needs_one = data[0] % 10 >= 6 && data[0] % 10 <= 8;
    fede_config *config = needs_one ? pair_server_config(NULL, "p256") : fede_config_new();
    want(config != NULL && fede_config_error(config) == NULL);
    bool good = set(config, data[0], in);
    if (data[0] % 10 != 9)
        want(good == (fede_config_error(config) == NULL));
    if (fede_config_error(config) != NULL)
        want(fede_error_text(fede_config_error(config), text, sizeof text) > 0);
    for (size_t i = 0; fede_config_certificate(config, 0, i).len > 0; i++)
        want(i < 1000);
    fede_conn *conns[] = {fede_server_new(config), fede_client_new(config, "server.test")};
    for (int i = 0; i < 2; i++) {
        want(conns[i] != NULL);
        unsigned needs = fede_needs(conns[i]);
        want(good || fede_config_error(config) == NULL || needs == FEDE_OVER);
        fede_conn_free(conns[i]);
    }
    fede_config_free(config);
    return 0;
}
