/* What lies inside a connection: the bytes that both sides' applications sent, in the clear, become requests and answers of
   HTTP/1 (RFC 9112) and HTTP/2 (RFC 9113), lines of a text dialogue, or nothing but bytes. Told through callbacks; what is
   kept meanwhile is bounded whatever comes. Nothing here is escaped: whoever shows it does that. */
#ifndef INSIDE_INSIDE_H
#define INSIDE_INSIDE_H

#include "base/arena.h"

/* Where something came from: the record and packet that brought its last byte. Numbers from 1, 0: none or not known. */
struct inside_place {
    uint64_t at_us, record, packet;
};

struct inside_header {
    bytes name, value;
};

enum { HEADERS_MOST = 256, HEADERS_ROOM = 128 * 1024, BODY_OUT_MOST = 64 * 1024 * 1024 };

/* A request or an answer. */
struct inside_message {
    uint8_t from; /* FEDE_CLIENT, FEDE_SERVER */
    bool request, interim /* 1xx, others follow */, pushed;
    uint8_t major, minor; /* of HTTP */
    uint16_t status;
    uint32_t stream;               /* HTTP/2 */
    uint64_t exchange;             /* a request and its answers have the same number, from 1 */
    bytes method, target, reason;  /* HTTP/2: target is :path */
    struct inside_header *headers; /* in order, trailers behind them; HTTP/2: pseudo-headers too */
    size_t n_headers, n_head;      /* all; without the trailers */
    bool headers_cut;              /* there were more */
    bool headed, chunked, complete;
    uint64_t content;    /* bytes of content, transfer coding undone */
    uint64_t decoded;    /* the same with content coding undone */
    const char *coding;  /* "gzip", "deflate", "br": is undone; NULL: none */
    const char *problem; /* why the coding could not be undone, or what is wrong with the message; NULL: nothing */
    const char *becomes; /* "websocket", "tunnel" …: what the connection is from here on; NULL: HTTP */
    struct inside_place first, last;
    void *user; /* the listener's */
    /* Below: of inside/. */
    struct arena arena;
    struct decoder *decoder;
};

struct inside_frame {
    uint8_t from, type, flags;
    uint32_t stream, length;
    const char *name;   /* "HEADERS"; NULL: not a registered type */
    const char *detail; /* what it says, in words; "" where nothing is to be added */
    struct inside_place place;
};

struct inside_listener { /* any may be NULL */
    void (*head)(void *arg, struct inside_message *m);
    void (*body)(void *arg, struct inside_message *m, bytes data); /* content, codings undone */
    void (*message)(void *arg, struct inside_message *m);          /* its end, complete or not; freed behind it */
    void (*frame)(void *arg, const struct inside_frame *f);
    void (*line)(void *arg, uint8_t from, bytes line,
                 const struct inside_place *at); /* of a text dialogue, without its end */
    void (*raw)(void *arg, uint8_t from, bytes data, const struct inside_place *at); /* no protocol that is read here */
    void (*note)(void *arg, uint8_t from, const char *text, const struct inside_place *at);
    void *arg;
};

enum inside_form { INSIDE_UNKNOWN, INSIDE_HTTP1, INSIDE_HTTP2, INSIDE_LINES, INSIDE_BYTES };

struct inside;
struct inside *inside_new(const struct inside_listener *listener); /* NULL without memory */
void inside_expect(struct inside *x, const char *protocol);        /* chosen by ALPN: "h2" */
void inside_data(struct inside *x, uint8_t from, bytes data, const struct inside_place *at);
void inside_gap(struct inside *x, uint8_t from, const struct inside_place *at);
/* That side says nothing more. */
void inside_over(struct inside *x, uint8_t from, const struct inside_place *at);
/* The connection is over: what is open is told as it is. */
void inside_end(struct inside *x, const struct inside_place *at);
void inside_free(struct inside *x);
/* What begins like this; INSIDE_UNKNOWN: more of it is needed. */
enum inside_form inside_guess(bytes data, uint8_t from);
enum inside_form inside_form(const struct inside *x);

/* The value of the first header of that name (any case); data NULL: there is none. */
bytes inside_header(const struct inside_message *m, const char *name);

#endif
