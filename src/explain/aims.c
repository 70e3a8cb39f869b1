/* explain/aims.c: the verdict on a connection in the three aims of the protocol: against listening, impersonation and
   alteration (RFC 5246 1, F; RFC 3552 3). Each is told from recorded facts alone; what was not reached is not claimed. */
#include "base/error.h"
#include "explain/dissection.h"
#include "explain/ssl2.h"

static void in_ssl2(struct aim aims[3]);
static void against_listening(const struct dissection *d, struct aim *aim);
static void against_impersonation(const struct dissection *d, struct aim *aim);
static void server_side(const struct dissection *d, struct aim *aim, struct text *t);
static void against_alteration(const struct dissection *d, struct aim *aim);

void dissection_aims(const struct dissection *d, struct aim aims[3])
{
    aims[0].against = "listening";
    aims[1].against = "impersonation";
    aims[2].against = "alteration";
    if (d->version == SSL2_VERSION) {
        in_ssl2(aims);
        return;
    }
    against_listening(d, &aims[0]);
    against_impersonation(d, &aims[1]);
    against_alteration(d, &aims[2]);
}

/* What can be said without looking further. */
static void in_ssl2(struct aim aims[3])
{
    static const char *const texts[] = {"SSL 2.0: MD5, and ciphers that are broken or can be made so",
                                        "SSL 2.0: whoever is in the middle can choose the cipher, and break it",
                                        "SSL 2.0 does not protect the handshake against alteration"};
    for (size_t i = 0; i < 3; i++) {
        struct text t = text_in(aims[i].text, sizeof aims[i].text);
        text_add(&t, texts[i]);
        aims[i].state = AIM_MISSED;
    }
}

static void against_listening(const struct dissection *d, struct aim *aim)
{
    struct text t = text_in(aim->text, sizeof aim->text);
    aim->state = AIM_OPEN;
    if (!d->opened) {
        text_add(&t, "no keys in use: the handshake was not completed");
        return;
    }
    aim->state = AIM_REACHED;
    if (d->resumed) {
        text_add(&t,
                 "new keys from the master secret of an earlier connection (as safe as that secret and, with a ticket, "
                 "the key that sealed it), ");
        text_add(&t, suite_cipher(d->suite));
        return;
    }
    bool forward = d->context.kx == KX_ECDHE || d->context.kx == KX_DHE || d->version >= 0x0304;
    if (d->group != 0) {
        text_add(&t, group_title(d->group));
        text_add(&t, " key exchange");
    } else {
        text_add(&t, forward ? "ephemeral key exchange" : "key exchange with the server's fixed key");
    }
    text_add(&t, forward ? " (forward secrecy), " : " (no forward secrecy), ");
    text_add(&t, suite_cipher(d->suite));
}

static void against_impersonation(const struct dissection *d, struct aim *aim)
{
    struct text t = text_in(aim->text, sizeof aim->text);
    aim->state = AIM_OPEN;
    if (d->role == FEDE_SERVER) {
        server_side(d, aim, &t);
        return;
    }
    if (d->resumed) {
        bool proved = d->opened && d->resumed_verified;
        text_add(&t, "the server has the master secret of an earlier connection");
        if (!d->onlooker)
            text_add(&t, proved ? ", in which its certificate was verified"
                                : "; in that connection its certificate was not verified");
        aim->state = proved ? AIM_REACHED : d->opened && !d->onlooker ? AIM_MISSED : AIM_OPEN;
        return;
    }
    if (d->verdict == NULL) {
        bool hidden = d->onlooker && d->version >= 0x0304 && !d->finished[FEDE_SERVER];
        text_add(&t, d->n_certificates > 0 ? "the server's certificate was not judged"
                     : d->raw_key.len > 0  ? "the server showed a raw public key: nobody vouches for it"
                     : hidden              ? "the server's certificate is not visible without keys"
                                           : "the server showed no certificate");
        aim->state = d->opened && !d->onlooker ? AIM_MISSED : AIM_OPEN;
        return;
    }
    if (!d->verdict->accepted) {
        aim->state = AIM_MISSED;
        text_add(&t, "the server's certificate was not accepted (");
        reason_words(d->verdict->reason, &t);
        text_char(&t, ')');
        text_add(&t, d->opened ? "; the connection went on without proof of identity" : "");
        return;
    }
    aim->state = d->opened ? AIM_REACHED : AIM_OPEN;
    text_add(&t, "certificate for ");
    text_add(&t, d->verdict->name != NULL ? d->verdict->name : "any name");
    if (d->verdict->path_len > 0) {
        text_add(&t, " up to trust anchor ");
        certificate_title(d->verdict->path[d->verdict->path_len - 1], &t);
    }
    if (d->opened && d->scheme != 0) {
        text_add(&t, "; its key signed with ");
        text_add(&t, scheme_title(d->scheme));
    }
}

/* The stable name of a reason is its row's in lower case. */
void reason_words(unsigned reason, struct text *out)
{
    for (const char *c = reason_row((fede_reason)reason)->name; *c != '\0'; c++)
        text_char(out, (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c));
}

/* A server proves itself; whether the client believes it is not visible here, except by going on. */
static void server_side(const struct dissection *d, struct aim *aim, struct text *t)
{
    if (!d->opened) {
        text_add(t, "not decided: the handshake was not completed");
        return;
    }
    aim->state = AIM_REACHED;
    if (d->resumed) {
        text_add(t,
                 "client and server have the master secret of an earlier connection, which this server's key signed");
        return;
    }
    text_add(t, "this server signed the key exchange");
    if (d->scheme != 0) {
        text_add(t, " with ");
        text_add(t, scheme_title(d->scheme));
    }
    if (!d->client_certificate) {
        text_add(t, d->client_shown == 0 ? "; the client stayed anonymous: it showed no certificate"
                                         : "; the client stayed anonymous: no certificate was asked for");
    } else if (d->verdict != NULL && d->verdict->accepted && d->verdict->path_len > 0) {
        text_add(t, "; the client showed a certificate up to trust anchor ");
        certificate_title(d->verdict->path[d->verdict->path_len - 1], t);
        text_add(t, " and signed with ");
        text_add(t, scheme_title(d->client_scheme));
    } else if (d->verdict != NULL) {
        text_add(t, "; the client's certificate was not verified");
    }
}

static void against_alteration(const struct dissection *d, struct aim *aim)
{
    struct text t = text_in(aim->text, sizeof aim->text);
    aim->state = AIM_OPEN;
    if (!d->opened) {
        text_add(&t, "not decided: Finished was not checked on both sides");
        return;
    }
    if (d->onlooker && !(d->finished[FEDE_CLIENT] && d->finished[FEDE_SERVER])) {
        text_add(&t, "not visible without keys: neither Finished nor the records' tags could be checked");
        return;
    }
    aim->state = AIM_REACHED;
    text_add(&t, "every record has a tag; Finished covers all ");
    text_number(&t, d->messages);
    text_add(&t, " messages");
}
