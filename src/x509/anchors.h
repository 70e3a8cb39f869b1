/* Inside of the trust store, for path building. */
#ifndef X509_ANCHORS_H
#define X509_ANCHORS_H

#include "x509/x509.h"

/* anchors_find with the hash of subject already known. */
const struct certificate *anchors_find_hashed(const struct anchors *a, bytes subject, uint32_t hash, size_t i);
/* The anchor that is this certificate, byte for byte; NULL: none. */
const struct certificate *anchors_same(const struct anchors *a, bytes der, bytes subject, uint32_t hash);

#endif
