/* What the benchmark and the libraries it measures have in common: bench.c is the driver, one stack_*.c per library
   supplies the functions below, each with a program of its own. Client and server are in one process and one thread,
   and talk through two queues in memory; a read or a write of a queue is one memcpy, for every library, in place of
   the copy that a system call would make. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_HOST "bench.example"

/* What is negotiated: TLS 1.2, ECDHE, a chain of root, intermediate and leaf of one key kind. */
struct scenario {
    const char *name;
    const char *key;   /* ec (P-256) or rsa (2048) */
    const char *group; /* x25519 or secp256r1 */
    int cipher;        /* 0 AES-128-GCM, 1 AES-256-GCM, 2 ChaCha20-Poly1305 */
};

struct side; /* one end of one connection */

extern const char *const stack_name;
const char *stack_version(void);
/* Prepares what all connections share. False: the library can't do this. */
bool stack_setup(const struct scenario *scenario);
/* Before the setup: all connections but the first resume it. False: not measured with this library. */
enum { RESUME_NOT, RESUME_TICKET, RESUME_ID };
bool stack_resume(int how);
struct side *stack_new(bool server);
/* 1: complete; 0: more bytes are needed; -1: failed. */
int stack_handshake(struct side *side);
/* Sends all of data as one record (up to 16 KB). */
bool stack_write(struct side *side, const uint8_t *data, size_t len);
/* Application data into out, or, when it can be had without copying, only its length. 0: none yet; -1: failed. */
ptrdiff_t stack_read(struct side *side, uint8_t *out, size_t size);
/* Gives back what a quiet connection does not need, where the library has such a call. */
void stack_rest(struct side *side);
/* Ends without a word to the other side. */
void stack_free(struct side *side);

/* ---- what bench.c gives ------------------------------------------------------------------------------------- */

/* The side's incoming and outgoing queue. take: how many bytes were there (0: none). */
size_t queue_take(bool server, void *out, size_t size);
void queue_put(bool server, const void *data, size_t len);
size_t queue_waiting(bool server);

/* "certs/KEYsuffix"; four results are alive at a time. */
const char *bench_path(const struct scenario *scenario, const char *suffix);
/* A file, with a NUL behind it; ends the program when it can't be read. */
uint8_t *bench_file(const char *path, size_t *len);
/* Prints why and returns -1. */
int bench_why(const char *what, const char *detail, long code);

#endif
