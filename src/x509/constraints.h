/* Name constraints along a path. */
#ifndef X509_CONSTRAINTS_H
#define X509_CONSTRAINTS_H

#include "x509/rules.h"

/* How many comparisons of a name with a constraint are left before the path is given up. */
#define CONSTRAINT_BUDGET 250000

/* Is the extension of this certificate, if it has one, properly formed? */
bool constraints_valid(const struct certificate *c, const struct verify_request *request, struct finding *f,
                       struct text *words);
/* Does the name constraint of ca, if it has one, allow every name of c? */
bool constraints_allow(const struct certificate *ca, const struct certificate *c, unsigned *budget, struct finding *f,
                       struct text *words);

#endif
