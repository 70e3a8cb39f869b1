/* cli/lab_damage.c: what somebody on the way does to records: RFC 5246 F.1.1, F.1.4, F.2. Each function lets through what it
   does not touch. */
#include "cli/lab_play.h"

#include <string.h>

enum {
    CLIENT_HELLO = 1,
    SERVER_KEY_EXCHANGE = 12,
    CLIENT_KEY_EXCHANGE = 16,
    CCS = 20,
    HANDSHAKE = 22,
    DATA = 23,
    HEADER = 5
};

static uint8_t other(uint8_t side)
{
    return side == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
}

static void let_through(struct play *play, uint8_t from, const uint8_t *record, size_t len)
{
    play_put(play, other(from), record, len);
}

/* One bit of the server's public point, behind curve_type, named curve and length. */
void tap_params(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    uint8_t *body = from == FEDE_SERVER ? play_message(play, from, record, len, SERVER_KEY_EXCHANGE) : NULL;
    if (body != NULL)
        body[4 + 7] ^= 1;
    let_through(play, from, record, len);
}

/* One bit of the client's public point. */
void tap_cke(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    uint8_t *body = from == FEDE_CLIENT ? play_message(play, from, record, len, CLIENT_KEY_EXCHANGE) : NULL;
    if (body != NULL)
        body[1 + 7] ^= 1;
    let_through(play, from, record, len);
}

/* A ChangeCipherSpec for the client behind the server's first flight, before there are keys. */
void tap_ccs(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    static const uint8_t early[] = {CCS, 3, 3, 0, 1, 1};
    let_through(play, from, record, len);
    if (from == FEDE_SERVER && play->done++ == 0)
        play_put(play, FEDE_CLIENT, early, sizeof early);
}

/* Ciphertexts that the server can't have expected. What it answers must be the same for all. */
void tap_oracle(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    uint8_t *body = from == FEDE_CLIENT ? play_message(play, from, record, len, CLIENT_KEY_EXCHANGE) : NULL;
    if (body != NULL) {
        size_t n = (size_t)(body[0] << 8 | body[1]);
        if (play->variant == 0)
            body[2 + n - 1] ^= 1; /* decrypts to noise: no padding at all */
        else if (play->variant == 1)
            memset(body + 2, 0, n); /* decrypts to zero */
        else if (play->variant == 2)
            memset(body + 2, 0xff, n); /* not below the modulus */
        else
            memset(body + 2, 0, n - 1), body[2 + n - 1] = 1; /* decrypts to one */
    }
    let_through(play, from, record, len);
}

/* Strikes all suites of the hello but the last, by putting the last in their place. */
void tap_weaker(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    uint8_t *body = from == FEDE_CLIENT ? play_message(play, from, record, len, CLIENT_HELLO) : NULL;
    if (body != NULL) {
        uint8_t *suites = body + 35 + body[34];
        size_t n = (size_t)(suites[0] << 8 | suites[1]);
        for (size_t i = 0; i + 2 < n; i += 2)
            bytes_copy(suites + 2 + i, suites + n, 2);
    }
    let_through(play, from, record, len);
}

/* The hello of an old client: TLS 1.0. */
void tap_version(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    uint8_t *body = from == FEDE_CLIENT ? play_message(play, from, record, len, CLIENT_HELLO) : NULL;
    if (body != NULL)
        body[1] = 1;
    let_through(play, from, record, len);
}

/* The first ClientHello once more, in the middle of the connection. */
void tap_splice(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    if (from == FEDE_CLIENT && play->kept_len == 0 && len <= sizeof play->kept) {
        bytes_copy(play->kept, record, len);
        play->kept[2] = 3; /* what a record behind the handshake says */
        play->kept_len = len;
    }
    if (from == FEDE_CLIENT && record[0] == DATA && play->done++ == 0)
        play_put(play, FEDE_SERVER, play->kept, play->kept_len);
    let_through(play, from, record, len);
}

/* One bit of the answer. */
void tap_data(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    if (from == FEDE_SERVER && record[0] == DATA)
        record[HEADER + 12] ^= 1;
    let_through(play, from, record, len);
}

/* A ServerKeyExchange whose signature says to be longer than the message. */
void tap_cut(struct play *play, uint8_t from, uint8_t *record, size_t len)
{
    uint8_t *body = from == FEDE_SERVER ? play_message(play, from, record, len, SERVER_KEY_EXCHANGE) : NULL;
    if (body != NULL)
        body[4 + body[3] + 2] ^= 0x40;
    let_through(play, from, record, len);
}
