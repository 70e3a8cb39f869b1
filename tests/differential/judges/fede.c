/* fede's judgement: "ok", or the reason's name and, after a tab, the sentence. */
#include "cases.h"

#include <string.h>

#include "fede/verify.h"

int main(void)
{
    static struct one_case c;
    while (read_case(stdin, &c)) {
        fede_trust *trust = fede_trust_new();
        fede_bytes chain[MOST];
        for (unsigned i = 0; i < c.n_roots; i++)
            fede_trust_add(trust, (fede_bytes){c.roots[i].data, c.roots[i].len});
        for (unsigned i = 0; i < c.n_chain; i++)
            chain[i] = (fede_bytes){c.chain[i].data, c.chain[i].len};
        fede_verify_request request = {.chain = chain, .n_chain = c.n_chain, .trust = trust, .at = c.at,
                                       .name = (const char *)c.name.data};
        fede_verification *v = fede_verify_chain(&request);
        const fede_error *error = fede_verification_error(v);
        char text[400] = "";
        if (error != NULL)
            fede_error_text(error, text, sizeof text);
        text[strcspn(text, "\n")] = '\0';
        printf("%s\t%s\n", error == NULL ? "ok" : fede_reason_name(error->reason), text);
        fede_verification_free(v);
        fede_trust_free(trust);
    }
    return 0;
}
