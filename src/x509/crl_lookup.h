/* What a revocation list says about a certificate. */
#ifndef X509_CRL_LOOKUP_H
#define X509_CRL_LOOKUP_H

#include "x509/crl.h"

struct crl_found {
    const struct certificate *c;
    bool understood, listed; /* not understood: the list says nothing about anyone */
    int reason;              /* CRLReason */
    int64_t date;
    struct crl_found *next;
};
/* What was asked about one list; zero at the start. */
struct crl_memory {
    struct crl_found *first;
    unsigned n;
    bool gone_through; /* all its entries are readable, and each is for a certificate of the list's issuer */
};

/* Looks a certificate up, each once: lists may be long. NULL: no memory, or it was done for 32 others, which only a hostile
   chain wants. */
const struct crl_found *crl_look_up(const struct crl *crl, struct crl_memory *memory, const struct certificate *c,
                                    struct arena *arena);

/* Is one of the GeneralNames this directory name? */
bool general_names_hold(bytes names, bytes directory_name);

#endif
