/* The key log line (RFC 9850), both written and read. */
#ifndef KEYS_KEYLOG_H
#define KEYS_KEYLOG_H

#include "base/bytes.h"

/* Label, client random and secret as one line with newline; 0 when it does not fit. */
size_t keylog_write(char *out, size_t size, const char *label, bytes random, bytes secret);

enum keylog_kind { KEYLOG_EMPTY, KEYLOG_ENTRY, KEYLOG_FOREIGN };
struct keylog_entry {
    bytes label;           /* borrowed from the line */
    uint8_t random[64]; size_t random_len;  /* client random, or the first bytes of the encrypted premaster (RSA) */
    uint8_t secret[1024]; size_t secret_len; /* premaster secrets of DHE are as long as the prime */
};
/* Reads one line, with or without CR and LF; tolerates a BOM, upper case hex, spaces at the end. */
enum keylog_kind keylog_read(bytes line, struct keylog_entry *out);

#endif
