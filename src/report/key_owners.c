/* report/key_owners.c: what a capture's connections are called in key logs.

   The names are taken while the capture is read, for a connection has one client random for each of its handshakes. */
#include "report/key_owners.h"

#include <stdlib.h>
#include <unistd.h>

#include "explain/ssl3.h"
#include "fede/trace.h"

enum { HEADER = 4, LENGTH = 2 /* in front of the encrypted premaster secret */ };

struct watch {
    struct key_owners *owners;
    size_t file;
    unsigned found;
};

static void begun(void *arg, struct session *s);
static void event(void *arg, struct session *s, const fede_event *e);
static void ended(void *arg, struct session *s);
static void ignore_check(void *arg, struct session *s, const struct session_check *c);
static void ignore_note(void *arg, struct session *s, uint64_t at_us, const char *text);
static struct key_owner *last_of(const struct key_owners *k, const struct session *s);
static struct key_owner *add(struct watch *w, struct session *s);

bool key_owners_read(struct key_owners *k, size_t file, int fd, struct secrets *secrets, const char **problem)
{
    struct watch w = {.owners = k, .file = file};
    const struct session_listener listener = {.begun = begun,
                                              .event = event,
                                              .check = ignore_check,
                                              .note = ignore_note,
                                              .ended = ended,
                                              .arg = &w,
                                              .secrets = secrets};
    struct input *input = lseek(fd, 0, SEEK_SET) == 0 ? input_file(fd) : NULL;
    struct analysis *a = calloc(1, sizeof *a);
    struct capture c;
    bool good = input != NULL && a != NULL && analysis_start(a, &listener);
    *problem = good ? NULL : "it can't be read more than once, or there is not enough memory";
    if (good) {
        capture_start(&c, input);
        analysis_file(a, &c, NULL, NULL);
        analysis_finish(a);
        k->packets += a->packets;
        k->failed = k->failed || a->failed;
        *problem = c.problem;
        good = c.form != CAPTURE_FOREIGN;
        capture_end(&c);
        analysis_end(a);
    }
    free(a);
    input_free(input);
    return good;
}

bool key_owner_fits(const struct key_owner *o, const struct key_line *l)
{
    bytes name = bytes_of(l->random, l->random_len);
    return bytes_equal(name, BYTES_OF(o->random)) || (o->encrypted && bytes_equal(name, BYTES_OF(o->rsa)));
}

void key_owners_end(struct key_owners *k)
{
    free(k->list);
    *k = (struct key_owners){0};
}

static void begun(void *arg, struct session *s)
{
    struct watch *w = arg;
    s->number = ++w->found;
    w->owners->connections++;
}

/* The names as far as they are known by now. */
static void event(void *arg, struct session *s, const fede_event *e)
{
    struct watch *w = arg;
    struct key_owners *k = w->owners;
    struct key_owner *o = last_of(k, s);
    (void)e;
    if (s->hello && (o == NULL || memcmp(o->random, s->randoms, sizeof o->random) != 0)) {
        o = add(w, s);
    }
    const size_t at = s->exchange_at + HEADER + (s->version == SSL3_VERSION ? 0 : LENGTH);
    if (o != NULL && !o->encrypted && !s->spoken_lost && s->exchange_end >= at + sizeof o->rsa) {
        bytes_copy(o->rsa, s->spoken + at, sizeof o->rsa);
        o->encrypted = true;
    }
}

static void ended(void *arg, struct session *s)
{
    struct watch *w = arg;
    struct key_owner *o = last_of(w->owners, s);
    for (o = o != NULL ? o : add(w, s); o != NULL; o = o->before > 0 ? &w->owners->list[o->before - 1] : NULL)
        o->keys = s->keys;
}

/* The session's user pointer is the place of its last row, from 1. */
static struct key_owner *last_of(const struct key_owners *k, const struct session *s)
{
    return s->user != NULL ? &k->list[(uintptr_t)s->user - 1] : NULL;
}

static struct key_owner *add(struct watch *w, struct session *s)
{
    struct key_owners *k = w->owners;
    if (k->n == k->room) {
        size_t room = k->room == 0 ? 64 : 2 * k->room;
        struct key_owner *larger = realloc(k->list, room * sizeof *larger);
        if (larger == NULL) {
            k->failed = true;
            return NULL;
        }
        k->list = larger;
        k->room = room;
    }
    struct key_owner *o = &k->list[k->n++];
    *o = (struct key_owner){.file = w->file, .number = s->number, .before = (uintptr_t)s->user};
    s->user = (void *)(uintptr_t)k->n;
    bytes_copy(o->random, s->randoms, sizeof o->random);
    struct text t = text_in(o->title, sizeof o->title);
    endpoint_text(&s->stream->sides[s->client].address, &t);
    text_add(&t, " → ");
    endpoint_text(&s->stream->sides[1 - s->client].address, &t);
    return o;
}

static void ignore_check(void *arg, struct session *s, const struct session_check *c)
{
    (void)arg;
    (void)s;
    (void)c;
}

static void ignore_note(void *arg, struct session *s, uint64_t at_us, const char *text)
{
    (void)arg;
    (void)s;
    (void)at_us;
    (void)text;
}
