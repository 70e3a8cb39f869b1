/* report/lessons.c: symmetric-only, asymmetric-only, hybrid: the three steps that lead to TLS. AES-GCM is the real one; RSA is
   that of the textbooks, with numbers small enough to follow by hand (RFC 8017 says what real use adds). Everything is
   computed when it is printed. */
#include "report/lessons.h"

#include <string.h>

#include "base/bytes.h"
#include "explain/lesson.h"

enum { P = 61, Q = 53, N = P * Q, E = 17, D = 2753, TEXT_MOST = 80 };

static void symmetric(FILE *out);
static void asymmetric(FILE *out);
static void hybrid(FILE *out);

static const struct {
    const char *name, *title;
    void (*print)(FILE *out);
} lessons[] = {
    {"symmetric-only", "One key for all: who gives it to whom?", symmetric},
    {"asymmetric-only", "A public and a private key: safe in one direction", asymmetric},
    {"hybrid", "One to carry the key, the other to use it: the idea of TLS", hybrid},
};

const char *lesson_at(size_t i, const char **title)
{
    if (i >= sizeof lessons / sizeof *lessons)
        return NULL;
    *title = lessons[i].title;
    return lessons[i].name;
}

bool lesson_print(const char *name, FILE *out)
{
    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
        if (strcmp(lessons[i].name, name) != 0)
            continue;
        fprintf(out, "%s\n\n", lessons[i].title);
        lessons[i].print(out);
        return true;
    }
    return false;
}

static void hex(FILE *out, const char *label, const uint8_t *data, size_t len)
{
    fprintf(out, "  %-22s", label);
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", data[i]);
    fprintf(out, " (%zu bytes)\n", len);
}

/* Seals, prints, and opens again. */
static void send_text(FILE *out, const uint8_t key[LESSON_KEY], uint8_t number, const char *text)
{
    uint8_t sealed[TEXT_MOST + LESSON_TAG], nonce[LESSON_NONCE] = {0};
    size_t len = strlen(text);
    nonce[LESSON_NONCE - 1] = number;
    if (len > TEXT_MOST || !lesson_seal(key, nonce, bytes_of(text, len), sealed)) {
        fputs("  libcrypto can't do AES-128-GCM here\n", out);
        return;
    }
    fprintf(out, "  %-22s%s\n", "text", text);
    hex(out, "nonce", nonce, sizeof nonce);
    hex(out, "sealed, with tag", sealed, len + LESSON_TAG);
    if (lesson_open(key, nonce, sealed, len + LESSON_TAG))
        fprintf(out, "  %-22s%.*s\n", "opened", (int)len, (const char *)sealed);
}

static void symmetric(FILE *out)
{
    uint8_t key[LESSON_KEY], other[LESSON_KEY], sealed[TEXT_MOST + LESSON_TAG], nonce[LESSON_NONCE] = {0};
    const char *text = "transfer 100 to Bob";
    size_t len = strlen(text);
    for (uint8_t i = 0; i < LESSON_KEY; i++) {
        key[i] = (uint8_t)(0x10 + i);
        other[i] = (uint8_t)(0x20 + i);
    }
    fputs("Alice and the server share a key (AES-128-GCM, NIST SP 800-38D). What one seals the other opens, quickly.\n",
          out);
    hex(out, "the key", key, sizeof key);
    send_text(out, key, 1, "GET /balance");
    send_text(out, key, 2, text);
    nonce[LESSON_NONCE - 1] = 2;
    fputs("\nWith one bit altered on the way, or another key, it does not open:\n", out);
    if (lesson_seal(key, nonce, bytes_of(text, len), sealed)) {
        sealed[9] ^= 1;
        fprintf(out, "  %-22s%s\n", "one bit altered",
                lesson_open(key, nonce, sealed, len + LESSON_TAG) ? "opened" : "refused");
    }
    if (lesson_seal(key, nonce, bytes_of(text, len), sealed))
        fprintf(out, "  %-22s%s\n", "another key",
                lesson_open(other, nonce, sealed, len + LESSON_TAG) ? "opened" : "refused");
    fputs("\nWhat is missing. Every client of the server would have the same key, Mallory too:\n", out);
    if (lesson_seal(key, nonce, bytes_of(text, len), sealed) && lesson_open(key, nonce, sealed, len + LESSON_TAG))
        fprintf(out, "  %-22s%.*s\n", "Mallory reads", (int)len, (const char *)sealed);
    fputs(
        "With a key for each client it must first come to that client without anybody seeing it. That is the question\n"
        "TLS answers.\nNext: fede lab run asymmetric-only\n",
        out);
}

static unsigned power(unsigned base, unsigned exponent)
{
    unsigned result = 1;
    for (base %= N; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = result * base % N;
        base = base * base % N;
    }
    return result;
}

static void asymmetric(FILE *out)
{
    const char *there = "Hi", *back = "OK";
    fprintf(out,
            "RSA as in textbooks: n = %d * %d = %d, public exponent e = %d, private exponent d = %d. Everybody knows n "
            "and e;\n"
            "d never leaves the server. Each byte m becomes m^e mod n. (Real keys have 617 digits, and padding: RFC "
            "8017.)\n",
            P, Q, N, E, D);
    fputs("\nTo the server, with the public key: only the server can undo it.\n", out);
    for (const char *m = there; *m != '\0'; m++) {
        unsigned c = power((unsigned)*m, E);
        fprintf(out, "  '%c' = %3d    %3d^%d mod %d = %4u    %4u^%d mod %d = %3u = '%c'\n", *m, *m, *m, E, N, c, c, D,
                N, power(c, D), (char)power(c, D));
    }
    fputs(
        "\nBack to the client, with the private key: everybody who has the public key can undo it. It hides nothing.\n",
        out);
    for (const char *m = back; *m != '\0'; m++) {
        unsigned c = power((unsigned)*m, D);
        fprintf(out, "  '%c' = %3d    %3d^%d mod %d = %4u    %4u^%d mod %d = %3u = '%c'   Mallory reads '%c'\n", *m, *m,
                *m, D, N, c, c, E, N, power(c, E), (char)power(c, E), (char)power(c, E));
    }
    fputs("\nBut nobody else could have made it: that is what a signature is in RSA with PKCS #1 v1.5, over a digest. "
          "(With PSS,\n"
          "ECDSA and EdDSA signing is no encryption with the private key: nothing is recovered, an equation holds or "
          "not.)\n"
          "And it is slow: thousands of times slower than AES.\nNext: fede lab run hybrid\n",
          out);
}

static void hybrid(FILE *out)
{
    uint8_t key[LESSON_KEY];
    fputs("The client invents a key for this conversation, and sends it with the server's public key:\n", out);
    for (unsigned i = 0; i < LESSON_KEY; i++)
        key[i] = (uint8_t)(0x42 + 11 * i);
    hex(out, "the key", key, sizeof key);
    fprintf(out, "  %-22s", "each byte ^ e mod n");
    for (unsigned i = 0; i < LESSON_KEY; i++)
        fprintf(out, "%u ", power(key[i], E));
    fputc('\n', out);
    uint8_t arrived[LESSON_KEY];
    for (unsigned i = 0; i < LESSON_KEY; i++)
        arrived[i] = (uint8_t)power(power(key[i], E), D);
    hex(out, "undone with d", arrived, sizeof arrived);
    fputs("\nFrom here on both use AES with it, in both directions:\n", out);
    send_text(out, arrived, 1, "GET /26-1");
    send_text(out, arrived, 2, "Trust begins.");
    fputs("\nThat is static RSA. Three things are still missing, and TLS has them:\n"
          "  - Whose public key is it? A CA signs it, with a name: the certificate. fede lab run mitm\n"
          "  - Was anything altered while agreeing? Finished covers every message. fede lab run tampered-cke\n"
          "  - Who gets the private key later reads all that was recorded. A fresh exchange for each connection, which "
          "the\n"
          "    certificate's key only signs, leaves nothing to be read: forward secrecy. fede lab run ecdhe\n"
          "Next: fede lab run rsa\n",
          out);
}
