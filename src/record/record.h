/* Records: headers and limits (frame), protection of one direction (protect), handshake messages out of records
   (fragment). */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "base/arena.h"
#include "base/bytes.h"
#include "crypto/crypto.h"
#include "crypto/legacy.h"
#include "fede/error.h"
#include "wire/messages.h"

#define RECORD_HEADER 5
#define RECORD_PLAIN_MAX 16384
#define RECORD_CIPHER_MAX (16384 + 2048)   /* RFC 5246 6.2.3 */

struct frame { struct record_header header; size_t total; /* header and body */ };

enum frame_outcome { FRAME_MORE /* *need bytes in all are needed */, FRAME_WHOLE, FRAME_BAD };
/* Looks at the bytes received so far. first: nothing has come before (recognises HTTP, SSH, SMTP, SSL 2 … by
   content). protect: records are protected (limit 2^14 + 2048, else 2^14). version: negotiated, 0 when not yet (then
   any 0x03xx passes). */
enum frame_outcome frame_next(bytes in, bool first, bool protect, uint16_t version, struct frame *out, size_t *need,
                              fede_error *error);

/* A ClientHello in the format of SSL 2.0, from its length on: bytes in all; 0: it does not begin like one (5 bytes tell). */
size_t ssl2_hello_len(bytes in);
/* From its number on, rewritten as the ClientHello it stands for, with its header; out has room for body.len + 64. 0: malformed. */
size_t ssl2_hello_rewrite(bytes body, uint8_t *out);

/* One way of traffic. The AEAD object is a cache of key. */
struct direction {
    const struct suite *suite;   /* NULL: in the clear */
    uint8_t key[32], iv[12];
    uint64_t sequence;           /* of the next record */
    uint64_t blocks;             /* AES-GCM: blocks encrypted with this key */
    struct crypto_aead aead;     /* without a cipher while resting */
    struct crypto_cbc *cbc;      /* AES-CBC: its keys are in there alone, so it never rests */
};
void direction_set(struct direction *d, const struct suite *suite, const uint8_t *key, const uint8_t *iv);
/* The same for a suite of the quarantine with AES-CBC. False: no memory. */
bool direction_set_cbc(struct direction *d, const struct crypto_cbc_setup *setup);
void direction_rest(struct direction *d);  /* drops the AEAD object; it comes back by itself */
/* Instead of making an AEAD object of its own d gets the other's, which rests afterwards. For handshakes: one record goes
   each way, and no memory is taken for the second. Nothing happens when it has one, or the other's does not fit. */
void direction_take_over(struct direction *d, struct direction *other);
void direction_end(struct direction *d);   /* wipes */

/* Bytes a record of this direction has beyond its plaintext: header, explicit nonce, tag. With CBC the most there can be, as
   the padding depends on the length. */
size_t record_overhead(const struct direction *d);
/* Most AES blocks one key may encrypt: 2^24.5 full-size records (RFC 9325 4.4), 388 GB. ChaCha20-Poly1305 has no such
   limit. */
#define RECORD_BLOCKS_MAX 24296004000u
/* Seals plain (at most 2^14 bytes) as one record of that type into out (room: overhead + plain.len). plain may already
   stand in out at its place (record_plain_at). Returns the record's length, 0 on failure (error set). */
size_t record_seal(struct direction *d, enum content type, bytes plain, uint8_t *out, fede_error *error);
size_t record_plain_at(const struct direction *d);   /* offset of the plaintext inside a record */
/* Opens the record at `record` in place; *plain borrows from it. */
bool record_open(struct direction *d, uint8_t *record, const struct frame *frame, bytes *plain, fede_error *error);

/* Handshake bytes to whole messages. Borrows from the record where a message lies in it whole; copies (to the arena's
   memory) only when it spans records. */
struct fragments {
    uint8_t *held; uint32_t held_len, held_room; /* start of a message whose end has not come */
    bytes input;                               /* not yet looked at, borrowed from the current record */
};
enum fragment_outcome { FRAGMENT_MORE, FRAGMENT_MESSAGE, FRAGMENT_BAD };
void fragment_feed(struct fragments *f, bytes handshake_bytes); /* only when fragment_next said MORE */
/* *message: whole message with header, valid until the next call. limit: most bytes of a body. A message longer than
   its type can be is refused as soon as its header is here. */
enum fragment_outcome fragment_next(struct fragments *f, const fede_allocator *from, size_t limit, bytes *message,
                                    fede_error *error);
static inline bool fragments_empty(const struct fragments *f) { return f->held_len == 0 && f->input.len == 0; }
void fragments_end(struct fragments *f, const fede_allocator *from);

#endif
