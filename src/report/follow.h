/* One connection's conversation, and nothing else (fede explain --follow). */
#ifndef REPORT_FOLLOW_H
#define REPORT_FOLLOW_H

#include "report/live.h"

enum follow_form { FOLLOW_AUTO, FOLLOW_HTTP, FOLLOW_HTTP2 /* frames too */, FOLLOW_RAW, FOLLOW_HEX };

struct follow;
struct follow *follow_new(const struct report_options *options, enum follow_form form); /* NULL without memory */
/* Application data of a side; protects: it was encrypted. data NULL: a gap. */
void follow_data(struct follow *f, uint8_t from, bool protects, fede_bytes data, uint64_t at_us, uint64_t record,
                 uint64_t packet);
void follow_end(struct follow *f, uint64_t at_us); /* tells what is open, frees */

#endif
