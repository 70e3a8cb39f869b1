/* Signed certificate timestamps (RFC 6962) of a leaf, judged by a list of logs. */
#ifndef X509_SCT_H
#define X509_SCT_H

#include "base/text.h"
#include "x509/path.h"

enum { SCT_MOST = 16 }; /* of one leaf, from everywhere; more are not looked at */

struct sct_finding {
    fede_outcome outcome; /* NOT_CHECKED: the log is not in the list */
    char words[128];
};
/* One finding for each timestamp in the leaf and in request->scts; returns how many. Nothing without a list of logs. */
size_t sct_judge(const struct verify_request *request, const struct path *path, struct arena *arena,
                 struct sct_finding out[SCT_MOST]);

/* Counted, so that configurations share one. */
struct fede_ct_logs *ct_logs_hold(struct fede_ct_logs *logs); /* NULL is fine */
struct fede_ct_logs *ct_logs_read(const fede_allocator *from, bytes json);

#endif
