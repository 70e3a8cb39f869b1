/* Answers to HTTP requests, whatever the HTTP version. respond.c decides, serve_files.c finds files; respond1.c and
   respond2.c carry requests and answers over HTTP/1.1 and HTTP/2. */
#ifndef CLI_RESPOND_H
#define CLI_RESPOND_H

#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "cli/serve.h"

enum { TARGET_MOST = 2048, HEAD_MOST = 16384 };

struct request {
    char method[24], target[TARGET_MOST];
    char range[64], modified_since[40];
    size_t target_len, head_len; /* lengths seen, even where the text was cut */
    uint64_t body;               /* bytes of body received */
    unsigned hosts;              /* Host fields seen */
    bool expects_continue;
};

struct answer {
    int status;
    const char *type;      /* static */
    const char *allow;     /* static, or NULL */
    char *location;        /* owned, or NULL */
    char *memory;          /* the body: owned text, or … */
    int file;              /* … an open file from `first` on, or -1 */
    uint64_t first, whole; /* where the body starts in the file; the file's size */
    uint64_t length, at;   /* of the body; how much has been taken */
    time_t modified;       /* 0: not said */
    bool bodiless;         /* HEAD, 304: length is told, the body is not sent */
    bool ranges;           /* Accept-Ranges */
};

/* Fills out a zeroed answer. Always succeeds: a failure is an answer too. */
void respond(struct answer *answer, const struct request *request, struct peer *peer);
void answer_end(struct answer *answer);
/* The body's next bytes, at most room, into out; does not advance. -1: the file has shrunk or can't be read. */
ptrdiff_t answer_body(const struct answer *answer, uint8_t *out, size_t room);
/* All of the body that will be sent is out. */
bool answer_complete(const struct answer *answer);

/* An answer's header fields, names in lower case. Values live in the list. */
enum { FIELDS_MOST = 10 };
struct fields {
    size_t n;
    struct field_line {
        const char *name, *value;
    } list[FIELDS_MOST];
    char room[256];
    size_t used;
};
void answer_fields(const struct answer *answer, struct fields *fields);

/* An answer made of a short text page. */
void answer_message(struct answer *answer, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A header field of a request, name in any case. Returns false when the head has become too long. */
bool request_field(struct request *request, bytes name, bytes value);
/* The line for the story. */
void request_tell(const struct request *request, const struct answer *answer, struct peer *peer);
const char *status_words(int status);

/* Files: answers a GET or HEAD below the server's directory. path: what the client asked for, as in the request. */
void respond_file(struct answer *answer, const struct request *request, int root);
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7); out has room for 30. */
void http_date(char *out, time_t at);
/* -1 when it is not such a date. */
time_t http_date_read(const char *text);
/* Text escaped for HTML (also in attributes), and for the path of a URL. */
void put_html(FILE *out, const char *s);
void put_url(FILE *out, const char *s);
/* A page's beginning with its title, and its end. */
void put_page_start(FILE *out, const char *title);
void put_page_end(FILE *out);

#endif
