/* cli/lab_identity.c: keys and certificates of the cases that `fede lab run` plays. They are the same in every run and on every
   machine, so that the same bytes come out: Ed25519 keys from fixed seeds and one RSA key that everybody knows. They are
   good for nothing else, and nothing here is used by `fede lab up`. */
#include "cli/lab_play.h"

#include <stdlib.h>

#include "cli/ca.h"
#include "cli/words.h"

enum { DAY = 86400, SEED = 32 };

/* Published with fede: no secret. */
static const char rsa_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDZNlpIwxzC9hpr\n"
    "chtj5kLtUOAgzAME1Jbh5jbz2zoYXb9dqzRNOch+pMqwo2ZEDzF5AFQCRruioVaw\n"
    "Pb659MyzZSjiAI0rpE0g1BC+xzCeVueMxLCW2SACVOZAUHeYkRu98OhAyUgnosIa\n"
    "LemVlnuXFeBefOQfx3HFH+Wgcez3FQ617vBW2Is7tmowNqldSZEISCEVvjkCH6ex\n"
    "90Uo7MKbaK4QMe7uda9XLq40GDaKKTumgC9uUzboJ5o5e/sqBbIbsWzeAhshrP5I\n"
    "pTzQOk5LnKXeSS8Esb9+KUoSTD0AHsHmS9VPUYV6KAXFzqYZ/7ZKiG7xg3q8R4gK\n"
    "oLQsRGj1AgMBAAECggEAAQEobZCMxBW4HWSXngCShn9FVhQoyb+Dm3OsL+ME6QLF\n"
    "T9/VkVYx0uzHV4XzQwp7R6xkdxE612pIbhlkVdRSaQb6p4GUpY3FjIq73BdW5niP\n"
    "lWiodL4i0Nfx1lIjnMlDrVRyooVmcnElKtKpCKJ7m6vZJTQN0wbMrs/Hs6mrN0ui\n"
    "XRe5Rsz0TNeakEqa5+bq9CJHT59YY+OZDMSJ0jKGF1enJtVFtpQiVIHaHXui5jCW\n"
    "IADnuMK2oY0g+G29hXjdRI9G0dnBmjBqmhO9QAmRbP6OPDBusd1yDXNL2pePPuTi\n"
    "UL5iNrtMfq3YcQ7IHmp3y7we+5jtVd6Tw/wSyAN0IQKBgQD/NeV5/EmpUKbUMkGX\n"
    "3AqoomAzLAdZh7AEtKZDp1WL0fStnSkP/Y/5R6Ub6Co7yo0R8UJRIAPADKClpl2Q\n"
    "At3ND4L0W73GM53Xc1N4zX6Lg9Kg1N+qRR5EDn5Gy/v0BE1jtARmlYP03VlEuF5l\n"
    "CxjLxFrz+2MEaL9D5+Rv1mB8FQKBgQDZ4l15ki45uQan431iKcMTtpXVXGJ3q2+e\n"
    "LQj+oeONVgW1kZOi4qrNqXZSmCiANamNXw/JDLGJE1YWhf1O44oYEoycTJE8IRMP\n"
    "DDcYB/R0PtSYXNIkav4MYcnd/j1G1z9ZBUYhjczPfMZ8t6iOUVhXzkElU4l3jdES\n"
    "4edUqZgRYQKBgQCOvmaLxECvIx0ssq9dcQXFLI0CEi5KNUqOVzxnusBuZBCmyrCc\n"
    "8QYGN7xxz3lP2ArvbjHZjj6KvIVeIZ9TXUcR2ws0Adwzb8tpJmgZuVZ+Uk0NCAPS\n"
    "CLbU+gZHMvDJm15t1dJgTmBwJR45AaZKfdpwnnMA5CqN3MieAqYSp6VvwQKBgGKN\n"
    "7dIruRULCGOwlupsEX09PZEA9NlEhnx5ynPDLnajznlOnAU1miTk3kyF3uv/We5E\n"
    "bZN3Vma2hF4zxVyFt9Ujrs6UI62bGE/aKqGIF57tPKSed79ZVgirwu/TLEx62ICf\n"
    "zhUnWtkPi4imWmvlh5xQA0+q9adKUqPD4yt8eviBAoGAC7lwvLm1D4c6Zh96w1uI\n"
    "bZ1Ole7UKvE5tFTyC0fisuMdX1yvLMUZgpnOqsb0fAc1lQbiPDPbhaXf5ZyGTUOE\n"
    "dkVubhyPFArycQ6ClAjxkFtwnNV//W03Mx340K7+VwgWndYUn/YZVwX/ji5qVth8\n"
    "5yN9SI6BEexlDIN8RuCXlJ0=\n"
    "-----END PRIVATE KEY-----\n";

/* An Ed25519 key whose seed is one byte over and over: PKCS #8 (RFC 8410 7) is the seed behind sixteen fixed bytes. */
static char *ed25519_key(uint8_t seed)
{
    static const uint8_t head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                   0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    uint8_t der[sizeof head + SEED];
    bytes_copy(der, head, sizeof head);
    memset(der + sizeof head, seed, SEED);
    return ca_pem("PRIVATE KEY", der, sizeof der);
}

static fede_key *read_key(const char *pem)
{
    return pem != NULL ? fede_key_read(bytes_text(pem)) : NULL;
}

bool lab_identity_make(struct lab_identity *out, enum lab_who who)
{
    static const struct {
        const char *subject, *name;
        uint8_t issuer; /* its seed */
        const char *issuer_subject;
        int from, days; /* from the lab's day on */
        unsigned purposes;
        bool rsa, self;
    } rows[] = {
        [LAB_ED25519] = {"O=fede lab, CN=" LAB_NAME, LAB_NAME, 1, "O=fede lab, CN=Lab CA", -1, 90, FEDE_FOR_SERVER, false, false},
        [LAB_RSA] = {"O=fede lab, CN=" LAB_NAME, LAB_NAME, 1, "O=fede lab, CN=Lab CA", -1, 90, FEDE_FOR_SERVER, true, false},
        [LAB_FOREIGN] = {"O=fede lab, CN=" LAB_NAME, LAB_NAME, 66, "O=Mallory, CN=A CA that nobody trusts", -1, 90,
                         FEDE_FOR_SERVER, false, false},
        [LAB_EXPIRED] = {"O=fede lab, CN=" LAB_NAME, LAB_NAME, 1, "O=fede lab, CN=Lab CA", -91, 90, FEDE_FOR_SERVER, false, false},
        [LAB_FUTURE] = {"O=fede lab, CN=" LAB_NAME, LAB_NAME, 1, "O=fede lab, CN=Lab CA", 30, 90, FEDE_FOR_SERVER, false, false},
        [LAB_WRONG_NAME] = {"O=fede lab, CN=other.fede.test", "other.fede.test", 1, "O=fede lab, CN=Lab CA", -1, 90,
                            FEDE_FOR_SERVER, false, false},
        [LAB_SELF_SIGNED] = {"O=fede lab, CN=" LAB_NAME, LAB_NAME, 0, NULL, -1, 90, FEDE_FOR_SERVER, false, true},
        [LAB_CLIENT] = {"O=fede lab, CN=Alice", "alice@fede.test", 1, "O=fede lab, CN=Lab CA", -1, 90, FEDE_FOR_CLIENT, false, false},
    };
    static uint8_t ca[DER_MOST], der[DER_MOST];
    const uint8_t serial[] = {0x26, (uint8_t)(who + 1)};
    fede_error error;
    char *issuer_pem = rows[who].self ? NULL : ed25519_key(rows[who].issuer);
    fede_key *issuer_key = read_key(issuer_pem);
    out->key = rows[who].rsa ? strdup(rsa_key) : ed25519_key((uint8_t)(16 + who));
    fede_key *key = read_key(out->key);
    size_t ca_len = 0, len = 0;
    fede_issue_request q = {.subject = rows[who].issuer_subject, .key = issuer_key, .ca = true,
                            .not_before = LAB_DAY - 300 * (int64_t)DAY, .not_after = LAB_DAY + 300 * (int64_t)DAY,
                            .serial = bytes_of(serial, 1)};
    if (issuer_key != NULL)
        ca_len = fede_issue(&q, ca, sizeof ca, &error);
    q = (fede_issue_request){.subject = rows[who].subject, .names = &rows[who].name, .n_names = 1, .key = key,
                             .not_before = LAB_DAY + rows[who].from * (int64_t)DAY,
                             .not_after = LAB_DAY + (rows[who].from + rows[who].days) * (int64_t)DAY,
                             .issuer = bytes_of(ca, ca_len), .issuer_key = issuer_key, .serial = bytes_of(serial, 2),
                             .purposes = rows[who].purposes, .key_encipherment = rows[who].rsa};
    if (key != NULL && (ca_len > 0 || rows[who].self))
        len = fede_issue(&q, der, sizeof der, &error);
    out->chain = len > 0 ? ca_pem("CERTIFICATE", der, len) : NULL;
    out->anchor = ca_len > 0 ? ca_pem("CERTIFICATE", ca, ca_len) : NULL;
    fede_key_free(key);
    fede_key_free(issuer_key);
    free(issuer_pem);
    return out->chain != NULL && out->key != NULL;
}

void lab_identity_free(struct lab_identity *identity)
{
    free(identity->chain);
    free(identity->key);
    free(identity->anchor);
    *identity = (struct lab_identity){.chain = NULL};
}
