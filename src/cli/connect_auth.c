/* cli/connect_auth.c: the client's own certificates in `fede connect` (--cert, --key), and what is exported from the connection
   (--keymatexport). */
#include "cli/connect.h"

enum { EXPORTED = 20 };

static bool add_shown(struct client *client, const struct shown *shown, struct token_key **token);

/* One certificate is shown whatever CAs the server names, as s_client does: whoever gives one wants to see what the server
   says to it. Of several the one that fits is looked for. */
bool auth_prepare(struct client *client)
{
    const struct connect_settings *set = &client->set;

    for (size_t i = 0; i < set->n_shown; i++) {
        if (!add_shown(client, &set->shown[i], &client->tokens[i]))
            return false;
    }
    if (set->n_shown == 1 && !fede_config_any_issuer(client->config))
        return tls_refused(client);
    if (set->export_label && !fede_config_keep(client->config, FEDE_KEEP_EXPORTER))
        return tls_refused(client);
    return true;
}

static bool add_shown(struct client *client, const struct shown *shown, struct token_key **token)
{
    struct text why = text_in(client->detail, sizeof client->detail);
    const struct credential_files files = {.cert = shown->cert, .key = shown->key, .pass = shown->pass};

    switch (credential_add(client->config, &files, token, &why)) {
    case CREDENTIAL_ADDED:
        return true;
    case CREDENTIAL_REFUSED:
        return tls_refused(client);
    case CREDENTIAL_NO_TOKEN:
        return client_fail(client, FEDE_TOKEN_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
    default:
        return client_fail(client, FEDE_INPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
    }
}

void auth_finish(struct client *client)
{
    for (size_t i = 0; i < SHOWN_MOST; i++)
        token_key_free(client->tokens[i]);
}

void auth_export(struct client *client)
{
    const struct connect_settings *set = &client->set;
    size_t len = set->export_len ? (size_t)set->export_len : EXPORTED;
    uint8_t out[EXPORT_MOST];
    char line[2 * EXPORT_MOST + 400];
    struct text t = text_in(line, sizeof line);

    if (!set->export_label)
        return;
    text_add(&t, "Exported under ");
    text_escaped(&t, bytes_text(set->export_label));
    if (fede_export(client->trace.conn, set->export_label, NULL, out, len)) {
        text_add(&t, ": ");
        text_hex(&t, bytes_of(out, len));
    } else {
        text_add(&t, ": nothing: the label is reserved, or there is no extended master secret (RFC 7627 5.4)");
    }
    report_note(client->report, 1, line);
    bytes_wipe(out, sizeof out);
    bytes_wipe(line, sizeof line);
}
