/* Signatures that were verified before. */
#ifndef X509_REMEMBER_H
#define X509_REMEMBER_H

#include "base/memory.h"

typedef struct fede_signatures fede_signatures;

fede_signatures *signatures_hold(fede_signatures *s); /* one more holder; NULL is fine */
/* Was the signature of this certificate (its whole DER) verified with this key (SubjectPublicKeyInfo)? */
bool signatures_has(const fede_signatures *s, bytes certificate, bytes issuer_key);
void signatures_add(fede_signatures *s, bytes certificate, bytes issuer_key);

#endif
