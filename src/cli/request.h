/* One HTTP request and its answer, whatever the HTTP version. request.c decides what is asked and what becomes of the answer;
   request1.c and request2.c carry it. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "cli/connect.h"

/* Header fields. Names and values are owned. */
struct field_list {
    struct field_line {
        char *name, *value;
    } *list;
    size_t n, room, bytes;
};
bool fields_add(struct field_list *fields, bytes name, bytes value);
const char *fields_find(const struct field_list *fields, const char *name);
void fields_free(struct field_list *fields);

struct exchange {
    struct client *client;
    const struct url *url;

    /* What is asked. */
    const char *method;
    char authority[300];
    char target[2 * TARGET_SIZE]; /* as in the request line: with a proxy and without TLS the whole URL */
    struct field_list fields;     /* Host not among them */
    bytes body;

    /* What is answered. */
    int status, version; /* 10, 11, 20 */
    char words[64];      /* the reason phrase of HTTP/1.1 */
    struct field_list answered;
    int64_t announced;   /* Content-Length, -1: not said */
    uint64_t content;    /* bytes of it received */
    bool head_done, complete, told; /* told: the report knows how the answer ended */
    bool stop;           /* nothing more is wanted: the reader went away, or something failed */
    bool discard;        /* the content is not wanted: a redirect, or --fail */
};

/* Carry the exchange over the client's channel until the answer is complete. false: failed, and reported. */
bool exchange1_run(struct exchange *exchange);
bool exchange2_run(struct exchange *exchange);

/* For the two: the answer's head is complete (not a 1xx); content; what goes to the story at -v. Each false: stop. */
bool exchange_head(struct exchange *exchange);
bool exchange_content(struct exchange *exchange, bytes content);
void exchange_asked(struct exchange *exchange, uint64_t from_us, size_t head_len);
void exchange_interim(struct exchange *exchange);
bool exchange_failed(struct exchange *exchange, fede_reason reason, const char *detail);
/* What is wrong with the channel, or the answer's being incomplete when nothing is. Always false. */
bool exchange_broken(struct exchange *exchange);

#endif
