/* A report's part about what lies inside and around the connection: HTTP and other application data, DNS, packets. */
#ifndef REPORT_INSIDE_H
#define REPORT_INSIDE_H

#include "explain/around.h"
#include "inside/inside.h"
#include "report/report.h"

/* ---- inside.c: application data as it comes ---- */
struct inside_story {
    struct report *report;
    struct inside *secured, *plain; /* what travels protected; what was said before, or without TLS */
    bool in_clear;                  /* it is the plain one that tells now */
    bool ended;
    unsigned told, frames, lines, notes; /* shown so far: each is bounded */
    uint64_t left_out;
};
/* After the form has told the event. */
void report_inside_event(struct report *r, const fede_event *e);
void report_inside_end(struct report *r);
void report_inside_free(struct report *r);
/* A value that is for the two ends only: not shown of one's own connections unless secrets are (R38). */
bool inside_hidden(const struct report *r, bytes name);
/* "GET /index.html", "200 OK"; what it is beside that: "HTTP/2; stream 1; example.com"; its content. Escaped. */
void inside_title(const struct inside_message *m, struct text *out);
void inside_facts(const struct inside_message *m, struct text *out);
void inside_content(const struct inside_message *m, struct text *out);

/* text_inside.c */
void text_inside_head(struct report *r, const struct inside_story *s, const struct inside_message *m);
void text_inside_message(struct report *r, const struct inside_story *s, const struct inside_message *m);
void text_inside_frame(struct report *r, const struct inside_frame *f);
void text_inside_line(struct report *r, const struct inside_story *s, uint8_t from, bytes line,
                      const struct inside_place *at);
void text_dns(struct report *r, const struct dns_answer *const list[], size_t n);
void text_packets(struct report *r, const struct stream *s, uint8_t client);

/* json_inside.c */
void json_inside_message(struct report *r, const struct inside_story *s, const struct inside_message *m);
void json_inside_body(struct report *r, struct inside_message *m, bytes data);
void json_inside_frame(struct report *r, const struct inside_frame *f);
void json_inside_line(struct report *r, const struct inside_story *s, uint8_t from, bytes line,
                      const struct inside_place *at);
void json_dns(struct report *r, const struct dns_answer *const list[], size_t n);
void json_packets(struct report *r, const struct stream *s, uint8_t client);

/* ---- for readers of captures ---- */

/* The packets that bring the next event: first to last. */
void report_place(struct report *r, uint64_t first_packet, uint64_t packet);
/* Bytes in the clear, before TLS or without it. */
void report_plain(struct report *r, uint8_t from, bytes data, uint64_t at_us, uint64_t packet);
/* The names that led to the server. */
void report_dns(struct report *r, const struct dns_answer *const list[], size_t n);
/* Before report_end: the connection's packets, with the client's side of the stream. */
void report_packets(struct report *r, const struct stream *s, uint8_t client);

/* ---- diagram.c: the sequence diagram (R66) ---- */
void diagram_event(struct report *r, const fede_event *e);
void diagram_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us);
void diagram_message(struct report *r, const struct inside_message *m, bool in_clear);
void diagram_line(struct report *r, uint8_t from, bytes line, const struct inside_place *at);
void diagram_dns(struct report *r, const struct dns_answer *a);
void diagram_packets(struct report *r, const struct stream *s, uint8_t client);
void diagram_end(struct report *r, int exit_code, const char *why);
void diagram_free(struct report *r);

#endif
