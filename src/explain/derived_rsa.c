/* explain/derived_rsa.c: what a client encrypted to the server's RSA key, taken apart (RFC 5246 7.4.7.1, RFC 8017 7.2.2): 00 02, padding
   without zeros, 00, and the premaster secret, which begins with the version that the ClientHello offered. */
#include "explain/derived_parts.h"
#include "explain/ssl3.h"
#include "keys/schedule12.h"

uint16_t derived_rsa_version(const struct dissection *d)
{
    return d->rsa_block.len >= MASTER_LEN ? load16(d->rsa_block.data + d->rsa_block.len - MASTER_LEN) : 0;
}

void derived_rsa(struct derived_job *j)
{
    enum { TYPE = 2, SEPARATOR = 1, VERSION = 2 };
    const struct dissection *d = j->d;
    const struct kept_message *cke = dissection_message(d, FEDE_CLIENT, MSG_CLIENT_KEY_EXCHANGE, 0);
    struct client_key_exchange m = {.kx = j->suite.kx, .unprefixed = d->version == SSL3_VERSION};
    struct derivation *v = arena_take(j->arena, sizeof *v);
    const bytes block = d->rsa_block;
    if (cke == NULL || v == NULL || block.len < MASTER_LEN + TYPE + SEPARATOR)
        return;
    struct wire w = wire_reader(bytes_skip(cke->bytes, 4));
    wire_client_key_exchange(&w, &m);
    const bytes secret = bytes_skip(block, block.len - MASTER_LEN);
    const bool as_offered = load16(secret.data) == j->client.legacy_version, psk = j->suite.kx == KX_RSA_PSK;
    char *words = arena_take(j->arena, 120);
    if (words == NULL || (v->steps = arena_take(j->arena, 3 * sizeof *v->steps)) == NULL)
        return;
    struct text t = text_in(words, 120);
    text_add(&t, version_title(j->client.legacy_version));
    text_add(&t, as_offered ? ": so it stands in the secret" : ": but in the secret stands ");
    text_add(&t, as_offered ? "" : version_title(load16(secret.data)));
    v->name = psk ? "rsa_secret" : "premaster_secret";
    v->title = psk ? "secret encrypted with RSA" : "premaster secret";
    v->method = "RSA with the server's private key, PKCS #1 1.5: what stands behind the padding";
    v->section = psk ? "RFC 4279 4" : "RFC 5246 7.4.7.1";
    v->inputs[v->n_inputs++] =
        (struct derived_part){.name = "encrypted_pre_master_secret", .value = wire_done(&w) ? m.encrypted : BYTES_NONE};
    v->inputs[v->n_inputs++] = (struct derived_part){.name = "client_version of the ClientHello", .words = words};
    v->steps[v->n_steps++] = (struct derived_part){.name = "block type", .value = bytes_first(block, TYPE)};
    v->steps[v->n_steps++] =
        (struct derived_part){.name = "padding",
                              .value = bytes_of(block.data + TYPE, block.len - MASTER_LEN - SEPARATOR - TYPE),
                              .secret = true};
    v->steps[v->n_steps++] =
        (struct derived_part){.name = "end of the padding", .value = bytes_of(secret.data - SEPARATOR, SEPARATOR)};
    v->value = secret;
    v->told = psk ? BYTES_NONE : d->premaster;
    v->outputs[v->n_outputs++] = (struct derived_part){.name = "client_version", .value = bytes_first(secret, VERSION)};
    v->outputs[v->n_outputs++] =
        (struct derived_part){.name = "random", .value = bytes_skip(secret, VERSION), .secret = true};
    derived_add(j->out, v);
}
