/* GnuTLS's judgement: "ok" or its sentence. */
#include "cases.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

static time_t now;

static time_t clock_of_the_case(time_t *out)
{
    if (out != NULL)
        *out = now;
    return now;
}

static unsigned import(const struct der *from, unsigned n, gnutls_x509_crt_t *out)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++) {
        gnutls_datum_t d = {from[i].data, from[i].len};
        gnutls_x509_crt_init(&out[kept]);
        if (gnutls_x509_crt_import(out[kept], &d, GNUTLS_X509_FMT_DER) == 0) {
            kept++;
        } else {
            gnutls_x509_crt_deinit(out[kept]);
            if (i == 0) /* the leaf, or the one anchor */
                break;
        }
    }
    return kept;
}

static const char *judge(const struct one_case *c)
{
    static char text[300];
    gnutls_x509_trust_list_t list;
    gnutls_x509_crt_t roots[MOST], chain[MOST];
    gnutls_datum_t words;
    unsigned status = 0, n_roots = import(c->roots, c->n_roots, roots), n = import(c->chain, c->n_chain, chain);
    if (n == 0) {
        for (unsigned i = 0; i < n_roots; i++)
            gnutls_x509_crt_deinit(roots[i]);
        return "unreadable leaf";
    }
    now = (time_t)c->at;
    gnutls_x509_trust_list_init(&list, 0);
    gnutls_x509_trust_list_add_cas(list, roots, n_roots, 0);
    gnutls_typed_vdata_st asked[] = {{.type = GNUTLS_DT_DNS_HOSTNAME, .data = c->name.data, .size = c->name.len},
                                     {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER}};
    int rc = gnutls_x509_trust_list_verify_crt2(list, chain, n, asked, 2, 0, &status, NULL);
    if (rc < 0) {
        snprintf(text, sizeof text, "%s", gnutls_strerror(rc));
    } else if (status == 0) {
        snprintf(text, sizeof text, "ok");
    } else {
        gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
        snprintf(text, sizeof text, "%s", words.data);
        gnutls_free(words.data);
    }
    gnutls_x509_trust_list_deinit(list, 0);
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit(chain[i]);
    for (unsigned i = 0; i < n_roots; i++)
        gnutls_x509_crt_deinit(roots[i]);
    return text;
}

int main(void)
{
    static struct one_case c;
    gnutls_global_set_time_function(clock_of_the_case);
    while (read_case(stdin, &c))
        puts(judge(&c));
    return 0;
}
