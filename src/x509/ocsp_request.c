/* x509/ocsp_request.c: questions to a responder, read: RFC 6960 4.1. Signatures of those who ask are passed over: the answer is
   the same for everyone. */
#include "x509/ocsp.h"

bool ocsp_request_read(bytes der, struct ocsp_request *out)
{
    bytes whole, tbs, inner;
    int32_t version = 0;
    *out = (struct ocsp_request){.unknown_critical = false};
    if (!der_only(der, DER_SEQUENCE, &whole))
        return false;
    struct der w = der_in(whole);
    if (!der_read(&w, DER_SEQUENCE, &tbs) || (der_more(&w) && !der_read(&w, DER_CONTEXT_CONSTRUCTED(0), &inner)) ||
        !der_done(&w))
        return false;
    struct der d = der_in(tbs);
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(0))) {
        if (!der_read(&d, DER_CONTEXT_CONSTRUCTED(0), &inner))
            return false;
        struct der v = der_in(inner);
        if (!der_count(&v, &version) || !der_done(&v) || version != 0)
            return false;
    }
    if (der_at(&d, DER_CONTEXT_CONSTRUCTED(1)) && !der_read(&d, DER_CONTEXT_CONSTRUCTED(1), &inner))
        return false;
    if (!der_read(&d, DER_SEQUENCE, &out->questions) || out->questions.len == 0)
        return false;
    return !der_more(&d) || (der_read(&d, DER_CONTEXT_CONSTRUCTED(2), &inner) && der_done(&d) &&
                             ocsp_extensions(inner, &out->unknown_critical, &out->nonce, NULL));
}

bool ocsp_request_next(bytes *rest, struct ocsp_single *out, bytes *id, bool *malformed)
{
    bytes content, inner, ignored;
    struct der d = der_in(*rest);
    *out = (struct ocsp_single){.reason = -1};
    *malformed = false;
    if (!der_more(&d))
        return false;
    *malformed = true;
    if (!der_read(&d, DER_SEQUENCE, &content))
        return false;
    struct der q = der_in(content), again = q;
    if (!ocsp_id_read(&q, out) || !der_whole(&again, DER_SEQUENCE, id, NULL))
        return false;
    if (der_more(&q) && (!der_read(&q, DER_CONTEXT_CONSTRUCTED(0), &inner) || !der_done(&q) ||
                         !ocsp_extensions(inner, &out->unknown_critical, &ignored, NULL)))
        return false;
    *rest = (bytes){d.at, (size_t)(d.end - d.at)};
    *malformed = false;
    return true;
}
