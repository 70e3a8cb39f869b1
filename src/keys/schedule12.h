/* TLS 1.2: PRF, master secret, key block, Finished. RFC 5246 5, 6.3, 7.4.9, 8.1; RFC 7627 4. */
#ifndef KEYS_SCHEDULE12_H
#define KEYS_SCHEDULE12_H

#include "crypto/crypto.h"

#define MASTER_LEN      48
#define VERIFY_DATA_LEN 12

/* PRF(secret, label, seed1 + seed2), RFC 5246 5; with HASH_MD5_SHA1 that of RFC 4346 5. */
void prf12(enum hash hash, bytes secret, const char *label, bytes seed1, bytes seed2, uint8_t *out, size_t len);

/* Classic: RFC 5246 8.1. Extended: session_hash instead of the randoms, RFC 7627 4. */
void master_classic(enum hash hash, bytes premaster, const uint8_t client_random[32], const uint8_t server_random[32],
                    uint8_t master[MASTER_LEN]);
void master_extended(enum hash hash, bytes premaster, bytes session_hash, uint8_t master[MASTER_LEN]);

/* The slices of the key block, RFC 5246 6.3. AEAD suites have no MAC keys; CBC has no IVs, as each record brings its own. */
struct key_block {
    uint8_t client_key[32], server_key[32];
    uint8_t client_iv[12], server_iv[12];
    uint8_t client_mac[48], server_mac[48];
    uint8_t key_len, iv_len, mac_len;
};
void key_block_make(const struct suite *suite, const uint8_t master[MASTER_LEN], const uint8_t client_random[32],
                    const uint8_t server_random[32], struct key_block *out);

void verify_data_make(enum hash hash, const uint8_t master[MASTER_LEN], bool client, bytes transcript_hash,
                      uint8_t out[VERIFY_DATA_LEN]);

#endif
