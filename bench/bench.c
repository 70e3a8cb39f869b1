/* The driver: handshakes, records, memory and allocations of one library.

     bench_NAME handshake|ticket|id|records|rested|memory|allocations|ticket-allocations|id-allocations SCENARIO
                [SECONDS [RECORD]]

   CPU time of each side apart: the clock is read around each side's calls. A sample during which the thread was
   switched out is dropped; the figure is the median. A handshake costs making the connection, the handshake, and
   freeing it; ticket and id are handshakes that resume a session. With -DCOUNT malloc and its kin are counted, by side: that is for memory and allocations only. */
#define _GNU_SOURCE
#include "bench.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { CLIENT, SERVER, NOBODY };

static const struct scenario scenarios[] = {
    {"ecdsa", "ec", "x25519", 0},        {"ecdsa-p256", "ec", "secp256r1", 0}, {"rsa", "rsa", "x25519", 0},
    {"ecdsa-aes256", "ec", "x25519", 1}, {"ecdsa-chacha", "ec", "x25519", 2},
};

static int resumption(const char *what);
static void handshakes(const struct scenario *s, double seconds, const char *what);
static void records(const struct scenario *s, double seconds, size_t size, bool rested);
static void memory(const struct scenario *s);
static void allocations(const struct scenario *s, const char *what);
static void connect_pair(struct side *pair[2]);
static void transfer(struct side *pair[2], int from, size_t size);
static void free_side(struct side *side, int who);
static void free_pair(struct side *pair[2]);
static void enter(int who);
static void leave(void);
static uint64_t now(void);
static long switches(void);
static double median(uint64_t *samples, size_t n);
static void die(const char *what);

static uint64_t spent[3], entered;
static int inside = NOBODY;
static size_t calls[3], bytes_asked[3];
static long live[3];

int main(int argc, char **argv)
{
    const struct scenario *s = NULL;
    struct side *pair[2];
    double seconds = argc > 3 ? atof(argv[3]) : 0.3;
    for (size_t i = 0; argc > 2 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(scenarios[i].name, argv[2]) == 0)
            s = &scenarios[i];
    if (s == NULL) {
        fprintf(stderr, "usage: %s handshake|ticket|id|records|rested|memory|allocations SCENARIO [SECONDS [RECORD]]\n", argv[0]);
        return 2;
    }
    int how = resumption(argv[1]);
    if ((how != RESUME_NOT && !stack_resume(how)) || !stack_setup(s)) {
        printf("%s %s %s unsupported 1\n", stack_name, argv[1], s->name);
        return 0;
    }
    connect_pair(pair);
    transfer(pair, CLIENT, 100);
    transfer(pair, SERVER, 100);
    free_pair(pair);
    if (strcmp(argv[1], "handshake") == 0 || strcmp(argv[1], "ticket") == 0 || strcmp(argv[1], "id") == 0)
        handshakes(s, seconds, argv[1]);
    else if (strcmp(argv[1], "records") == 0 || strcmp(argv[1], "rested") == 0)
        records(s, seconds, argc > 4 ? (size_t)atoi(argv[4]) : 16384, strcmp(argv[1], "rested") == 0);
    else if (strcmp(argv[1], "memory") == 0)
        memory(s);
    else if (strstr(argv[1], "allocations") != NULL)
        allocations(s, argv[1]);
    else if (strcmp(argv[1], "version") == 0)
        printf("%s version %s\n", stack_name, stack_version());
    return 0;
}

static int resumption(const char *what)
{
    return strncmp(what, "ticket", 6) == 0 ? RESUME_TICKET : strncmp(what, "id", 2) == 0 ? RESUME_ID : RESUME_NOT;
}

/* Libraries that have none of their own. */
__attribute__((weak)) bool stack_resume(int how)
{
    (void)how;
    return false;
}

static void handshakes(const struct scenario *s, double seconds, const char *what)
{
    enum { MOST = 100000, LEAST = 20 };
    static uint64_t samples[2][MOST];
    struct side *pair[2];
    size_t n = 0;
    for (int i = 0; i < 20; i++) {
        connect_pair(pair);
        free_pair(pair);
    }
    uint64_t end = now() + (uint64_t)(seconds * 1e9);
    for (unsigned tries = 0; n < MOST && (n < LEAST || now() < end) && tries < 2 * MOST; tries++) {
        long before = switches();
        spent[CLIENT] = spent[SERVER] = 0;
        connect_pair(pair);
        free_pair(pair);
        if (switches() != before)
            continue;
        samples[CLIENT][n] = spent[CLIENT];
        samples[SERVER][n++] = spent[SERVER];
    }
    printf("%s %s %s client_us %.2f server_us %.2f n %zu\n", stack_name, what, s->name, median(samples[CLIENT], n),
           median(samples[SERVER], n), n);
}

/* Several records are sent, then all are received: the time of one is a fraction of that. rested: a single record, each
   time after both sides were at rest. */
static void records(const struct scenario *s, double seconds, size_t size, bool rested)
{
    enum { MOST = 400000, LEAST = 20 };
    static uint64_t samples[2][MOST];
    static uint8_t data[16384], got[16384];
    size_t n = 0, each = rested ? 1 : size < 4096 ? 16 : 4;
    struct side *pair[2];
    connect_pair(pair);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    for (int warm = 1; warm >= 0; warm--) {
        uint64_t end = now() + (uint64_t)(seconds * (warm ? 0.2e9 : 1e9));
        n = 0;
        for (unsigned tries = 0; n < MOST && (n < LEAST || now() < end) && tries < 2 * MOST; tries++) {
            long before = switches();
            size_t want = each * size;
            for (int who = 0; rested && who < 2; who++)
                stack_rest(pair[who]);
            spent[CLIENT] = spent[SERVER] = 0;
            enter(CLIENT);
            for (size_t i = 0; i < each; i++)
                if (!stack_write(pair[CLIENT], data, size))
                    die("write");
            leave();
            enter(SERVER);
            while (want > 0) {
                ptrdiff_t r = stack_read(pair[SERVER], got, sizeof got);
                if (r <= 0 || (size_t)r > want)
                    die("read");
                want -= (size_t)r;
            }
            leave();
            if (switches() != before)
                continue;
            samples[CLIENT][n] = spent[CLIENT];
            samples[SERVER][n++] = spent[SERVER];
        }
    }
    printf("%s %s %s/%zu send_us %.4f receive_us %.4f n %zu\n", stack_name, rested ? "rested" : "records", s->name,
           size, median(samples[CLIENT], n) / (double)each, median(samples[SERVER], n) / (double)each, n);
    free_pair(pair);
}

/* Heap bytes of one idle connection on each side: right after the handshake, after 1 KB each way, and at rest. */
static void memory(const struct scenario *s)
{
    enum { N = 500 };
    static struct side *kept[N][2];
    static const char *const when[] = {"handshake", "data", "rest"};
    for (int stage = 0; stage < 3; stage++) {
        long before[2] = {live[CLIENT], live[SERVER]};
        for (int i = 0; i < N; i++) {
            connect_pair(kept[i]);
            if (stage > 0) {
                transfer(kept[i], CLIENT, 1024);
                transfer(kept[i], SERVER, 1024);
            }
            for (int who = 0; stage == 2 && who < 2; who++) {
                enter(who);
                stack_rest(kept[i][who]);
                leave();
            }
        }
        printf("%s memory %s after_%s_client %ld after_%s_server %ld\n", stack_name, s->name, when[stage],
               (live[CLIENT] - before[CLIENT]) / N, when[stage], (live[SERVER] - before[SERVER]) / N);
        for (int i = 0; i < N; i++)
            free_pair(kept[i]);
    }
}

static void allocations(const struct scenario *s, const char *what)
{
    enum { N = 50 };
    struct side *pair[2];
    for (int i = 0; i < 20; i++) {
        connect_pair(pair);
        free_pair(pair);
    }
    memset(calls, 0, sizeof calls);
    memset(bytes_asked, 0, sizeof bytes_asked);
    for (int i = 0; i < N; i++) {
        connect_pair(pair);
        free_pair(pair);
    }
    printf("%s %s %s client %.1f server %.1f client_bytes %.0f server_bytes %.0f\n", stack_name, what, s->name,
           (double)calls[CLIENT] / N, (double)calls[SERVER] / N, (double)bytes_asked[CLIENT] / N,
           (double)bytes_asked[SERVER] / N);
}

/* ---- one connection ----------------------------------------------------------------------------------------- */

static void connect_pair(struct side *pair[2])
{
    int done[2] = {0, 0};
    for (int who = 0; who < 2; who++) {
        enter(who);
        pair[who] = stack_new(who == SERVER);
        leave();
        if (pair[who] == NULL)
            die("new");
    }
    for (int rounds = 0; done[CLIENT] != 1 || done[SERVER] != 1; rounds++)
        for (int who = 0; who < 2; who++) {
            if (done[who] == 1)
                continue;
            enter(who);
            done[who] = stack_handshake(pair[who]);
            leave();
            if (done[who] < 0 || rounds > 50)
                die(who == SERVER ? "server's handshake" : "client's handshake");
        }
}

static void transfer(struct side *pair[2], int from, size_t size)
{
    static uint8_t data[16384], got[16384];
    enter(from);
    if (!stack_write(pair[from], data, size))
        die("write");
    leave();
    enter(!from);
    for (size_t n = 0; n < size;) {
        ptrdiff_t r = stack_read(pair[!from], got, sizeof got);
        if (r <= 0)
            die("read");
        n += (size_t)r;
    }
    leave();
}

static void free_side(struct side *side, int who)
{
    enter(who);
    stack_free(side);
    leave();
}

static struct queue {
    uint8_t data[1u << 18];
    size_t at, end;
} queues[2]; /* 0: to the client, 1: to the server */

static void free_pair(struct side *pair[2])
{
    free_side(pair[CLIENT], CLIENT);
    free_side(pair[SERVER], SERVER);
    queues[0].at = queues[0].end = queues[1].at = queues[1].end = 0;
}

size_t queue_waiting(bool server)
{
    return queues[server].end - queues[server].at;
}

size_t queue_take(bool server, void *out, size_t size)
{
    struct queue *q = &queues[server];
    size_t n = q->end - q->at < size ? q->end - q->at : size;
    memcpy(out, q->data + q->at, n);
    q->at += n;
    if (q->at == q->end)
        q->at = q->end = 0;
    return n;
}

void queue_put(bool server, const void *data, size_t len)
{
    struct queue *q = &queues[!server];
    if (len > sizeof q->data - q->end)
        die("a queue is full");
    memcpy(q->data + q->end, data, len);
    q->end += len;
}

/* ---- time --------------------------------------------------------------------------------------------------- */

static void enter(int who)
{
    inside = who;
    entered = now();
}

static void leave(void)
{
    spent[inside] += now() - entered;
    inside = NOBODY;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long switches(void)
{
    struct rusage r;
    getrusage(RUSAGE_THREAD, &r);
    return r.ru_nivcsw + r.ru_nvcsw;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Microseconds. */
static double median(uint64_t *samples, size_t n)
{
    if (n == 0)
        die("no sample without interruption");
    qsort(samples, n, sizeof *samples, by_size);
    return (double)samples[n / 2] / 1000;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

const char *bench_path(const struct scenario *s, const char *suffix)
{
    static char paths[4][400];
    static unsigned n;
    const char *folder = getenv("BENCH_CERTS");
    char *path = paths[n++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s%s", folder != NULL ? folder : "certs", s->key, suffix);
    return path;
}

uint8_t *bench_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = calloc(1, 65536);
    if (f == NULL || data == NULL)
        die(path);
    *len = fread(data, 1, 65535, f);
    fclose(f);
    return data;
}

int bench_why(const char *what, const char *detail, long code)
{
    fprintf(stderr, "%s: %s: %s (%ld)\n", stack_name, what, detail, code);
    return -1;
}

static void die(const char *what)
{
    fprintf(stderr, "%s: failed: %s\n", stack_name, what);
    exit(1);
}

/* ---- counting ----------------------------------------------------------------------------------------------- */

#ifdef COUNT
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t), __libc_free(void *);

/* Memory belongs to the side that asked for it, whoever gives it back: a tag in front would change the layout, so frees
   are booked to the side inside at the time, which is the same one for objects of a connection. */
static void *took(void *p, size_t asked)
{
    calls[inside]++;
    bytes_asked[inside] += asked;
    if (p != NULL)
        live[inside] += (long)malloc_usable_size(p) + 8;
    return p;
}

static void gave(void *p)
{
    if (p != NULL)
        live[inside] -= (long)malloc_usable_size(p) + 8;
}

void *malloc(size_t n)
{
    return took(__libc_malloc(n), n);
}

void *calloc(size_t n, size_t size)
{
    return took(__libc_calloc(n, size), n * size);
}

void *realloc(void *p, size_t n)
{
    gave(p);
    return took(__libc_realloc(p, n), n);
}

void *memalign(size_t alignment, size_t n)
{
    return took(__libc_memalign(alignment, n), n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return took(__libc_memalign(alignment, n), n);
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
    *out = took(__libc_memalign(alignment, n), n);
    return *out != NULL ? 0 : 12;
}

void free(void *p)
{
    gave(p);
    __libc_free(p);
}
#endif
