/* report/certificate.c: a certificate in one line, for whoever uses it rather than meets it. Its card and its tree are made in
   explain/. */
#include "base/text.h"
#include "explain/chain.h"
#include "explain/dissection.h"
#include "report/live.h"

void report_certificate_name(fede_bytes der, char *out, size_t size)
{
    struct text t = text_in(out, size);
    certificate_title(der, &t);
}

void report_certificate(fede_bytes der, int64_t at, char *out, size_t size)
{
    static const char *const wanted[] = {"certificate", "names", "valid", "key"};
    struct card_row rows[CARD_ROWS];
    struct text t = text_in(out, size);
    size_t n = certificate_card(der, at, rows);
    for (size_t w = 0; w < sizeof wanted / sizeof wanted[0]; w++)
        for (size_t i = 0; i < n; i++)
            if (strcmp(rows[i].label, wanted[w]) == 0) {
                text_add(&t, t.len > 0 ? "; " : "");
                text_add(&t, rows[i].label);
                text_char(&t, ' ');
                text_add(&t, rows[i].value);
            }
}

void write_pem(FILE *out, fede_bytes der)
{
    fputs("-----BEGIN CERTIFICATE-----\n", out);
    for (; der.len > 0; der = bytes_skip(der, der.len < 48 ? der.len : 48)) {
        char line[68];
        struct text t = text_in(line, sizeof line);
        base64_text(&t, bytes_first(der, 48));
        fprintf(out, "%s\n", line);
    }
    fputs("-----END CERTIFICATE-----\n", out);
}
