/* Certificate policies along a path. */
#ifndef X509_POLICY_H
#define X509_POLICY_H

#include "x509/path.h"

/* Is the path valid for one of the policies wanted? False: *problem says why, *at which certificate; NULL: no memory. */
bool policies_kept(const struct path *path, const struct verify_request *request, struct arena *arena,
                   const char **problem, size_t *at);
/* Can policies make a difference to this path at all? */
bool policies_matter(const struct path *path, const struct verify_request *request);

#endif
