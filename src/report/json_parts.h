/* The parts of a story in JSON that json.c puts together. */
#ifndef REPORT_JSON_PARTS_H
#define REPORT_JSON_PARTS_H

#include "report/report.h"

enum { JSON_ISO = 96 /* room for a time */ };

/* ---- json.c. us below 0: whole seconds. */
void json_iso(char out[static JSON_ISO], int64_t seconds, int us);

/* ---- json_events.c: each an entry of the story. */
void json_message(struct report *r, const fede_event *e, const char *protocol, const char *title,
                  const struct annotation *a);
void json_record(struct report *r, const fede_event *e);
void json_secret(struct report *r, const fede_event *e);

/* ---- json_result.c: into an object that is open. */
void json_choice(struct report *r, struct json_text *w);
void json_certificates(struct report *r, struct json_text *w); /* "certificates" */
void json_verification(struct json_text *w, const fede_verdict *v, bool client); /* client: on a client's chain */
void json_aims(struct report *r, struct json_text *w); /* "protected_against" */
void json_traffic(struct report *r, struct json_text *w, uint8_t from);
/* The engine opens a connection only with these in hand. */
void json_proofs(struct report *r, struct json_text *w);
void json_closing(struct json_text *w, unsigned ending); /* "ending" */

#endif
