/* A client on another TLS stack (OpenSSL's libssl) that asks a server in the quarantine what the padding oracles of the books ask,
   over TCP, and compares all that can be seen of the answers.

   probes CA PORT rsa|cbc|etm N

   rsa: N handshakes with static RSA in which the encrypted premaster secret is another PKCS#1 block, wrong in one of twelve ways
   or right but not the client's (Bleichenbacher, ROBOT). cbc, etm: N connections with an AES-CBC suite, without and with
   encrypt-then-MAC, in which one record is altered in one of six ways (Vaudenay, Lucky 13; POODLE: a block copied to the end).

   libssl writes to memory, so that its records can be altered on their way. Printed, a line each: an answer that was seen (records'
   types and lengths after the probe, alert, how TCP ended) with the number of probes it came to and the kinds of them; then
   "time KIND N MEDIAN T" for each kind, which are drawn at random: median of the microseconds to the first byte of the answer, and Welch's t of that kind
   against all others, of the samples below the 80th percentile of all. Ends with 0 when there was one answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWERS = 20, RSA_KINDS = 12, CBC_KINDS = 6, PREMASTER = 48, MODULUS = 256, MOST = 20000 };

struct answer {
    char text[160];
    unsigned count, kinds; /* kinds: bits */
};

struct sample {
    double us;
    unsigned kind;
};

static SSL_CTX *context;
static struct sockaddr_in address;
static struct answer answers[ANSWERS];
static struct sample samples[MOST];
static unsigned n_samples;
static char alert[60];
static double sent; /* when the probe's last byte was about to go */

static void die(const char *what, unsigned number)
{
    fprintf(stderr, "probe %u: %s: %s\n", number, what, strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint8_t drawn(void)
{
    uint8_t b = 0;
    RAND_bytes(&b, 1);
    return b;
}

/* ---- The two kinds of probe. ------------------------------------------------------------------------------------- */

/* What is put into a sound block: one byte at from or up to span bytes behind it. Kind 0 stays well formed, though not what the
   client goes on with: that is what an attacker hopes to tell from the rest. 8: zeros; 9: a premaster secret one byte shorter or
   longer; 10: not below the modulus; 11: anything. */
enum { AT = MODULUS - PREMASTER, ZEROS = 8, OTHER_LENGTH, TOO_BIG, ANYTHING };
static const struct {
    uint8_t from, span, value;
} altered[ZEROS] = {{0, 1, 0}, {0, 1, 1},        {1, 1, 1},      {AT - 1, 1, 7},
                    {2, 8, 0}, {10, AT - 11, 0}, {AT + 1, 1, 2}, {AT + 1, 1, 0}};

static void make_block(uint8_t block[MODULUS], unsigned kind)
{
    for (size_t i = 0; i < MODULUS; i++)
        while ((block[i] = kind == ZEROS ? 0 : drawn()) == 0 && kind != ZEROS && kind != ANYTHING)
            ;
    block[0] = kind == ANYTHING ? block[0] & 0x7f : 0;
    if (kind >= ZEROS && kind != OTHER_LENGTH)
        return;
    block[1] = 2;
    block[AT - 1] = kind == OTHER_LENGTH ? 9 : 0;
    block[AT] = block[AT + 1] = 3;
    if (kind == OTHER_LENGTH)
        block[drawn() % 2 ? AT : AT - 2] = 0;
    else
        block[altered[kind].from + drawn() % altered[kind].span] = altered[kind].value;
}

/* The encrypted premaster secret becomes another one. */
static void bleichenbacher(SSL *ssl, uint8_t *encrypted, unsigned kind)
{
    uint8_t block[MODULUS];
    make_block(block, kind);
    if (kind == TOO_BIG) {
        memset(encrypted, 0xff, MODULUS);
        return;
    }
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    EVP_PKEY *key = X509_get_pubkey(certificate);
    EVP_PKEY_CTX *work = EVP_PKEY_CTX_new(key, NULL);
    size_t len = MODULUS;
    if (EVP_PKEY_encrypt_init(work) != 1 || EVP_PKEY_CTX_set_rsa_padding(work, RSA_NO_PADDING) != 1 ||
        EVP_PKEY_encrypt(work, encrypted, &len, block, sizeof block) != 1)
        RAND_bytes(encrypted, MODULUS); /* any number is not below the modulus now and then */
    EVP_PKEY_CTX_free(work);
    EVP_PKEY_free(key);
    X509_free(certificate);
}

/* A record of a few blocks; what comes out of the decryption has padding of every length, right and wrong. */
static size_t vaudenay(uint8_t *record, size_t len, unsigned kind)
{
    switch (kind) {
    case 0: /* the last byte of the padding */
        record[len - 16 - 1] ^= (uint8_t)(1 + drawn() % 255);
        break;
    case 1: /* one byte of the padding */
        record[len - 16 - 2 - drawn() % 4] ^= (uint8_t)(1 + drawn() % 255);
        break;
    case 2: /* POODLE: another block of the record at its end */
        memmove(record + len - 16, record + 5 + 16 * (1 + drawn() % 3), 16);
        break;
    case 3: /* fewer blocks */
        len -= 16 * (size_t)(1 + drawn() % 3);
        break;
    case 4: /* blocks of anything at the end */
        RAND_bytes(record + len - 32, 32);
        break;
    default: /* the MAC */
        record[len - 48 - 1 - drawn() % 16] ^= (uint8_t)(1 + drawn() % 255);
        break;
    }
    record[3] = (uint8_t)((len - 5) >> 8);
    record[4] = (uint8_t)(len - 5);
    return len;
}

/* ---- A connection. ----------------------------------------------------------------------------------------------- */

static void on_info(const SSL *ssl, int where, int what)
{
    (void)ssl;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
        snprintf(alert, sizeof alert, "%s %s", SSL_alert_type_string_long(what), SSL_alert_desc_string_long(what));
}

/* What libssl has written goes to the server, altered on the way when a CKE is among it; true when one was. */
static int send_out(SSL *ssl, int fd, int rsa, unsigned kind)
{
    uint8_t *data = NULL;
    int found = 0;
    long len = BIO_get_mem_data(SSL_get_wbio(ssl), &data);
    for (long at = 0; rsa && at + 11 + MODULUS <= len; at += 5 + data[at + 3] * 256 + data[at + 4])
        if (data[at] == 22 && data[at + 5] == 16) {
            bleichenbacher(ssl, data + at + 5 + 4 + 2, kind);
            found = 1;
        }
    sent = now();
    if (len > 0 && send(fd, data, (size_t)len, MSG_NOSIGNAL) != len)
        die("send", kind);
    (void)BIO_reset(SSL_get_wbio(ssl));
    return found;
}

/* Bytes that come are noted by record and given to libssl; the length, 0 at the end, -1 after a reset. */
static ssize_t take_in(SSL *ssl, int fd, unsigned number)
{
    uint8_t room[8192];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, 20000) != 1)
        die("no answer and no end", number);
    ssize_t n = recv(fd, room, sizeof room, 0);
    if (n > 0)
        BIO_write(SSL_get_rbio(ssl), room, (int)n);
    return n;
}

static int step(SSL *ssl, int open)
{
    uint8_t room[2048];
    int n = open ? SSL_read(ssl, room, sizeof room) : SSL_do_handshake(ssl);
    int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, n);
    ERR_clear_error();
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_NONE ? 0 : -1;
}

/* The handshake, to its end or, with rsa, to the probe. */
static void shake_hands(SSL *ssl, int fd, int rsa, unsigned kind, unsigned number)
{
    for (;;) {
        if (step(ssl, 0) != 0)
            die("handshake", number);
        if (send_out(ssl, fd, rsa, kind))
            return;
        if (SSL_is_init_finished(ssl))
            break;
        if (take_in(ssl, fd, number) <= 0)
            die("the server ended the handshake", number);
    }
    if (rsa)
        die("the handshake is complete without static RSA", number);
}

static void keep(const char *text, unsigned kind)
{
    for (struct answer *a = answers; a < answers + ANSWERS; a++)
        if (a->count == 0 || strcmp(a->text, text) == 0) {
            snprintf(a->text, sizeof a->text, "%s", text);
            a->count++;
            a->kinds |= 1u << kind;
            return;
        }
}

static void probe(unsigned number, int rsa)
{
    static const char text[] = "GET /secret HTTP/1.1\r\nCookie: to be found\r\n\r\n";
    const unsigned kind = drawn() % (rsa ? RSA_KINDS : CBC_KINDS);
    SSL *ssl = SSL_new(context);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect", number);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
    SSL_set_tlsext_host_name(ssl, "localhost");
    SSL_set_connect_state(ssl);
    SSL_set_info_callback(ssl, on_info);
    alert[0] = '\0';
    shake_hands(ssl, fd, rsa, kind, number);
    if (!rsa) {
        uint8_t *data, record[400];
        if (SSL_write(ssl, text, (int)strlen(text)) <= 0)
            die("write", number);
        size_t len = (size_t)BIO_get_mem_data(SSL_get_wbio(ssl), &data);
        memcpy(record, data, len);
        len = vaudenay(record, len, kind);
        (void)BIO_reset(SSL_get_wbio(ssl));
        sent = now();
        if (send(fd, record, len, MSG_NOSIGNAL) != (ssize_t)len)
            die("send", number);
    }
    double first = 0;
    char seen[160];
    ssize_t n, total = 0;
    while ((n = take_in(ssl, fd, number)) > 0) {
        if (first == 0)
            first = now();
        total += n;
        step(ssl, !rsa);
    }
    snprintf(seen, sizeof seen, "%zd bytes, %s, then %s", total, alert[0] ? alert : "no alert",
             n == 0 ? "the end of TCP" : "a reset");
    keep(seen, kind);
    if (n_samples < MOST)
        samples[n_samples++] = (struct sample){(first == 0 ? now() : first) - sent, kind};
    SSL_free(ssl);
    close(fd);
}

/* ---- What was seen. ---------------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    double x = ((const struct sample *)a)->us, y = ((const struct sample *)b)->us;
    return (x > y) - (x < y);
}

/* Of the sorted samples' first part: those of the kind against those that are not. */
static double welch(unsigned part, unsigned kind)
{
    double n[2] = {0}, sum[2] = {0}, square[2] = {0}, variance[2];
    for (unsigned i = 0; i < part; i++) {
        int c = samples[i].kind == kind;
        n[c]++, sum[c] += samples[i].us, square[c] += samples[i].us * samples[i].us;
    }
    for (int c = 0; c < 2; c++) {
        if (n[c] < 2)
            return 0;
        variance[c] = (square[c] - sum[c] * sum[c] / n[c]) / (n[c] - 1) / n[c];
    }
    return (sum[1] / n[1] - sum[0] / n[0]) / sqrt(variance[0] + variance[1]);
}

static void show_times(unsigned kinds)
{
    qsort(samples, n_samples, sizeof *samples, by_time);
    for (unsigned k = 0; k < kinds; k++) {
        unsigned n = 0, half = 0;
        double median = 0;
        for (unsigned i = 0; i < n_samples; i++)
            n += samples[i].kind == k;
        for (unsigned i = 0; i < n_samples; i++)
            if (samples[i].kind == k && ++half == (n + 1) / 2)
                median = samples[i].us;
        printf("time %u %u %.0f %.2f\n", k, n, median, welch(n_samples * 4 / 5, k));
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: probes CA PORT rsa|cbc|etm N\n");
        return 2;
    }
    const int rsa = strcmp(argv[3], "rsa") == 0;
    const unsigned n = (unsigned)atoi(argv[4]);
    address = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons((unsigned short)atoi(argv[2])),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | (strcmp(argv[3], "cbc") == 0 ? SSL_OP_NO_ENCRYPT_THEN_MAC : 0));
    if (SSL_CTX_load_verify_locations(context, argv[1], NULL) != 1 ||
        SSL_CTX_set_cipher_list(context, rsa ? "AES128-GCM-SHA256" : "AES128-SHA256") != 1)
        die("the client can't be set up", 0);
    for (unsigned i = 0; i < n; i++)
        probe(i, rsa);
    unsigned different = 0;
    for (; different < ANSWERS && answers[different].count > 0; different++)
        printf("answer %u kinds 0x%x: %s\n", answers[different].count, answers[different].kinds,
               answers[different].text);
    show_times(rsa ? RSA_KINDS : CBC_KINDS);
    SSL_CTX_free(context);
    return different != 1;
}
