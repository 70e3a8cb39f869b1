/* libcrypto's judgement: "ok" or the name of its error; strict checks on, security level 2. */
#include "cases.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

static X509 *parse(const struct der *d)
{
    const unsigned char *p = d->data;
    X509 *x = d2i_X509(NULL, &p, d->len);
    if (x != NULL && p != d->data + d->len) {
        X509_free(x);
        x = NULL;
    }
    return x;
}

static const char *judge(const struct one_case *c)
{
    static char text[200];
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *rest = sk_X509_new_null();
    const char *verdict = "unreadable leaf";
    X509 *leaf = parse(&c->chain[0]), *x;
    for (unsigned i = 0; i < c->n_roots; i++)
        if ((x = parse(&c->roots[i])) != NULL) {
            X509_STORE_add_cert(store, x);
            X509_free(x);
        }
    for (unsigned i = 1; i < c->n_chain; i++)
        if ((x = parse(&c->chain[i])) != NULL)
            sk_X509_push(rest, x);
    if (leaf != NULL) {
        X509_STORE_CTX *run = X509_STORE_CTX_new();
        X509_STORE_CTX_init(run, store, leaf, rest);
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(run);
        X509_STORE_CTX_set_default(run, "ssl_server");
        X509_VERIFY_PARAM_set_time(param, (time_t)c->at);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
        X509_VERIFY_PARAM_set_auth_level(param, 2);
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (!X509_VERIFY_PARAM_set1_ip_asc(param, (const char *)c->name.data))
            X509_VERIFY_PARAM_set1_host(param, (const char *)c->name.data, 0);
        if (X509_verify_cert(run) == 1) {
            verdict = "ok";
        } else {
            snprintf(text, sizeof text, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(run)));
            verdict = text;
        }
        X509_STORE_CTX_free(run);
    }
    X509_free(leaf);
    sk_X509_pop_free(rest, X509_free);
    X509_STORE_free(store);
    ERR_clear_error();
    return verdict;
}

int main(void)
{
    static struct one_case c;
    while (read_case(stdin, &c))
        puts(judge(&c));
    return 0;
}
