/* What else is in the captures: connections of DTLS and QUIC, packets and connections without TLS by their kind, and what whoever captured wrote down. */
#ifndef REPORT_ONLOOKER_AROUND_H
#define REPORT_ONLOOKER_AROUND_H

#include "explain/analysis.h"
#include "report/json_write.h"
#include "report/page.h"

enum { COMMENTS_MOST = 200, COMMENT_LEN = 1000 };

struct comments {
    struct {
        uint64_t packet;
        char *text;
    } list[COMMENTS_MOST]; /* packet 0: on the file; text: escaped */
    size_t n;
};

void comments_add(struct comments *c, const struct capture_item *item);
void comments_clear(struct comments *c);

void around_text(const struct analysis *a, const struct comments *c, struct page *p);
/* "other_packets", "other_connections", "datagram_connections", "comments" */
void around_json(const struct analysis *a, const struct comments *c, struct json_text *w);

#endif
