/* cli/trust.c: --cacert and --capath, instead of them the system's store; --ct-logs. For commands that judge chains by
   themselves; a connection's configuration takes its own. */
#include "cli/trust.h"

#include <stdlib.h>

#include "cli/options.h"
#include "cli/words.h"

enum { LIST_MOST = 64 << 20 };

bool trust_load(fede_trust *trust, const struct trust_options *o, struct text *words, struct text *why)
{
    const size_t own = o->n_files + o->n_folders;
    size_t n = 0;
    for (size_t i = 0; i < own; i++) {
        bool file = i < o->n_files;
        const char *path = file ? o->files[i] : o->folders[i - o->n_files];
        if ((file ? fede_trust_file(trust, path) : fede_trust_directory(trust, path)) == 0) {
            text_format(why, "no usable certificate was found in %s", path);
            return false;
        }
    }
    if (own == 0)
        fede_trust_system(trust);
    while (fede_trust_at(trust, n).len > 0)
        n++;
    if (words != NULL)
        text_format(words, own > 0 ? "%zu certificate%s of %s%s" : "the system's %zu trust anchor%s%s%s", n, n == 1 ? "" : "s",
                    own > 0 ? (o->n_files > 0 ? o->files[0] : o->folders[0]) : "", own > 1 ? " and others" : "");
    return true;
}

fede_ct_logs *trust_logs(const char *path, struct text *why)
{
    size_t len;
    char *file = value_file(path, LIST_MOST, &len, why);
    if (file == NULL)
        return NULL;
    fede_ct_logs *logs = fede_ct_logs_read((fede_bytes){(uint8_t *)file, len});
    free(file);
    if (logs != NULL && fede_ct_logs_count(logs) > 0)
        return logs;
    text_format(why, "%s has no log with a key: it is no list of logs", path);
    fede_ct_logs_free(logs);
    return NULL;
}
