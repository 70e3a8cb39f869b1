/* Trust anchors and lists of logs, as options name them. */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "base/text.h"
#include "fede/fede.h"

enum { TRUST_FILES_MOST = 64 };

struct trust_options {
    const char *files[TRUST_FILES_MOST], *folders[TRUST_FILES_MOST]; /* --cacert, --capath; none: the system's */
    size_t n_files, n_folders;
};

/* words: what is trusted, in words; may be NULL. False: why says which gives nothing. */
bool trust_load(fede_trust *trust, const struct trust_options *options, struct text *words, struct text *why);
/* NULL: why says what is wrong with it. */
fede_ct_logs *trust_logs(const char *path, struct text *why);

#endif
