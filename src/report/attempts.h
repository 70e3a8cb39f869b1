/* Paths that were tried and not taken, as text and for JSON (fede_verdict.attempts). */
#ifndef REPORT_ATTEMPTS_H
#define REPORT_ATTEMPTS_H

#include "report/report.h"

/* Each with what was found wrong, or with all its checks. */
void text_attempts(struct report *r, const fede_verdict *verdict, const struct check_look *look, bool all);
#define ATTEMPTS_TITLE "other paths that were tried or could have been"
/* "CN=A, issued by CN=B": the certificate that was not put on a path; "CN=leaf < CN=mid < CN=root": a whole path. */
void attempt_title(const fede_attempt *attempt, struct text *out);

#endif
