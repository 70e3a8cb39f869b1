/* The OCSP responder that a certificate names, asked about it. */
#ifndef CLI_RESPONDER_H
#define CLI_RESPONDER_H

#include "base/text.h"
#include "fede/verify.h"

enum { RESPONDER_ANSWER_MOST = 1 << 16 };

/* Asks about the leaf of the path that was found. Returns the length of the response; 0: none that can count. said: what was
   asked, and what came. */
size_t responder_ask(const fede_verdict *found, unsigned long limit_ms, uint8_t answer[RESPONDER_ANSWER_MOST],
                     struct text *said);

#endif
