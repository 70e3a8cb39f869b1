/* What the files of inside/ share. */
#ifndef INSIDE_PARTS_H
#define INSIDE_PARTS_H

#include <stdlib.h>

#include "base/text.h"
#include "fede/trace.h"
#include "inside/inside.h"

struct http1;
struct http2;

struct way_in { /* one side's bytes before the form is known, and of a line */
    uint8_t held[1024];
    size_t len;
    bool cut; /* a line that is longer */
};

struct inside {
    struct inside_listener listener;
    uint8_t form; /* enum inside_form */
    bool expects2;
    struct way_in ways[3]; /* by FEDE_CLIENT, FEDE_SERVER */
    struct http1 *http1;
    struct http2 *http2;
    uint64_t exchanges;
    uint64_t decoded; /* of all messages: what may be unpacked on one connection is bounded too */
};

/* message.c */
struct inside_message *message_new(struct inside *x, uint8_t from, bool request, const struct inside_place *at);
/* Keeps a header; a method, target, status or reason of HTTP/2 too. */
void message_header(struct inside_message *m, bytes name, bytes value);
void message_headed(struct inside *x, struct inside_message *m);
void message_body(struct inside *x, struct inside_message *m, bytes data, const struct inside_place *at);
void message_over(struct inside *x, struct inside_message *m, bool complete,
                  const struct inside_place *at); /* frees m */
void inside_say(struct inside *x, uint8_t from, const char *text, const struct inside_place *at);
void inside_raw(struct inside *x, uint8_t from, bytes data, const struct inside_place *at);
bool header_is(bytes name, const char *text); /* in any case */

/* body.c: content codings. */
struct decoder;
const char *decoder_name(bytes coding); /* NULL: not one that can be undone here */
struct decoder *decoder_new(const char *name);
/* Unpacks data into calls of out. NULL, or why that is not possible from here on. */
const char *decoder_take(struct decoder *d, bytes data, bool (*out)(void *arg, bytes plain), void *arg);
bool decoder_done(const struct decoder *d); /* the packed data came to its end */
void decoder_free(struct decoder *d);

/* http1.c, http2.c */
struct http1 *http1_new(struct inside *x);
/* Returns the bytes that are not HTTP any more: behind an upgrade. */
bytes http1_data(struct http1 *h, uint8_t from, bytes data, const struct inside_place *at);
void http1_gap(struct http1 *h, uint8_t from, const struct inside_place *at);
void http1_over(struct http1 *h, uint8_t from, const struct inside_place *at);
void http1_free(struct http1 *h, const struct inside_place *at);
bool http1_begins(bytes data, uint8_t from, bool *undecided);

struct http2 *http2_new(struct inside *x);
void http2_data(struct http2 *h, uint8_t from, bytes data, const struct inside_place *at);
void http2_gap(struct http2 *h, uint8_t from, const struct inside_place *at);
void http2_free(struct http2 *h, const struct inside_place *at);
/* http2_names.c */
const char *http2_frame_name(uint8_t type); /* NULL: not registered */
const char *http2_error_name(uint32_t code);
const char *http2_setting_name(uint16_t id);
void http2_describe(uint8_t type, uint8_t flags, bytes payload, struct text *out);

extern const char http2_preface[];
enum { HTTP2_PREFACE = 24 };

#endif
