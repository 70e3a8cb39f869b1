/* cli/starttls.c: dialogues in the clear that end where TLS begins.

   Most protocols do it with lines of text: one row of the table each, a list of what to say and which answer means "go
   on". LDAP, PostgreSQL and XMPP have their own function. Every line is told to the report at -v. What a man in the middle could
   slip in before TLS is not kept: nothing is read ahead (RFC 3207 6). */
#include "cli/starttls.h"

#include <stdio.h>

#include "base/error.h"
#include "cli/output.h"

/* Say `send` (NULL: only listen), then read lines until one begins with `good`; a line that begins with `good` and then
   '-' goes on (RFC 5321 4.2.1). Any other line is refused, unless `skip` is the beginning of lines to pass over. */
struct step {
    const char *send, *good, *skip;
};

struct dialogue {
    const char *name, *port, *section;
    struct step steps[4];
    bool (*own)(struct channel *channel, struct report *report, const char *host, struct text *why);
};

static bool talk(struct channel *channel, struct report *report, const struct step *step, struct text *why);
static void tell(struct report *report, char direction, bytes line);
static bool ldap(struct channel *channel, struct report *report, const char *host, struct text *why);
static bool postgres(struct channel *channel, struct report *report, const char *host, struct text *why);
static bool xmpp(struct channel *channel, struct report *report, const char *host, struct text *why);

/* clang-format off */
static const struct dialogue dialogues[] = {
    {"smtp",     "25",   "RFC 3207",    {{NULL, "220", NULL}, {"EHLO fede.invalid\r\n", "250", NULL}, {"STARTTLS\r\n", "220", NULL}}, NULL},
    {"lmtp",     "24",   "RFC 2033",    {{NULL, "220", NULL}, {"LHLO fede.invalid\r\n", "250", NULL}, {"STARTTLS\r\n", "220", NULL}}, NULL},
    {"imap",     "143",  "RFC 9051 6.2.1", {{NULL, "* OK", NULL}, {"a STARTTLS\r\n", "a OK", "* "}}, NULL},
    {"pop3",     "110",  "RFC 2595 4",  {{NULL, "+OK", NULL}, {"STLS\r\n", "+OK", NULL}}, NULL},
    {"ftp",      "21",   "RFC 4217",    {{NULL, "220", NULL}, {"AUTH TLS\r\n", "234", NULL}}, NULL},
    {"nntp",     "119",  "RFC 4642",    {{NULL, "20", NULL}, {"STARTTLS\r\n", "382", NULL}}, NULL},
    {"sieve",    "4190", "RFC 5804",    {{NULL, "OK", "\""}, {"STARTTLS\r\n", "OK", NULL}}, NULL},
    {"ldap",     "389",  "RFC 4511 4.14", {{0}}, ldap},
    {"postgres", "5432", "PostgreSQL 55.2", {{0}}, postgres},
    {"xmpp",     "5222", "RFC 6120 5",  {{0}}, xmpp},
};
/* clang-format on */
enum {
    N_DIALOGUES = sizeof dialogues / sizeof *dialogues,
    STEPS = sizeof dialogues[0].steps / sizeof(struct step),
    LINES_MOST = 100
};

static const char doing[] = "the dialogue before TLS is not complete";

static const struct dialogue *find(const char *protocol)
{
    for (size_t i = 0; i < N_DIALOGUES; i++) {
        if (!strcmp(dialogues[i].name, protocol))
            return &dialogues[i];
    }
    return NULL;
}

const char *starttls_port(const char *protocol)
{
    const struct dialogue *dialogue = find(protocol);

    return dialogue ? dialogue->port : NULL;
}

void starttls_help(void)
{
    for (size_t i = 0; i < N_DIALOGUES; i++)
        printf("  %-9s %5s   %s\n", dialogues[i].name, dialogues[i].port, dialogues[i].section);
}

bool starttls_run(struct channel *channel, struct report *report, const char *protocol, const char *host,
                  fede_error *error, struct text *detail)
{
    const struct dialogue *dialogue = find(protocol);
    bool good = true;

    if (dialogue->own)
        good = dialogue->own(channel, report, host, detail);
    for (size_t i = 0; good && !dialogue->own && i < STEPS && dialogue->steps[i].good; i++)
        good = talk(channel, report, &dialogue->steps[i], detail);
    if (good)
        return true;
    if (channel_stopped(channel))
        *error = *channel_error(channel);
    else
        error_set(error, FEDE_STARTTLS_REFUSED, FEDE_ORIGIN_PEER, dialogue->section, 0, 0);
    return false;
}

static bool talk(struct channel *channel, struct report *report, const struct step *step, struct text *why)
{
    char line[1024];
    size_t good = strlen(step->good);

    if (step->send) {
        tell(report, '>', bytes_text(step->send));
        if (!channel_send(channel, bytes_text(step->send), doing)) {
            text_add(why, channel->detail);
            return false;
        }
    }
    for (int i = 0; i < LINES_MOST; i++) {
        if (!channel_line(channel, line, sizeof line, doing)) {
            text_add(why, channel->detail);
            return false;
        }
        tell(report, '<', bytes_text(line));
        bool passes = step->skip && !strncmp(line, step->skip, strlen(step->skip));
        if (passes && strncmp(line, step->good, good) != 0)
            continue;
        if (strncmp(line, step->good, good) != 0) {
            text_add(why, "it said \"");
            text_escaped(why, bytes_text(line));
            text_format(why, "\" where an answer beginning with \"%s\" was expected", step->good);
            return false;
        }
        if (line[good] != '-')
            return true;
    }
    text_add(why, "its answer does not end");
    return false;
}

/* At -v; without line ends. */
static void tell(struct report *report, char direction, bytes line)
{
    char shown[1100];
    struct text t = text_in(shown, sizeof shown);

    while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
        line.len--;
    text_char(&t, direction);
    text_char(&t, ' ');
    text_escaped(&t, line);
    report_note(report, 2, shown);
}

/* RFC 4511 4.14: an ExtendedRequest with the StartTLS OID; the answer's resultCode must be success. */
static bool ldap(struct channel *channel, struct report *report, const char *host, struct text *why)
{
    static const uint8_t request[] = {0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16, '1', '.',
                                      '3',  '.',  '6',  '.',  '1',  '.',  '4',  '.',  '1',  '.', '1',
                                      '4',  '6',  '6',  '.',  '2',  '0',  '0',  '3',  '7'};
    uint8_t answer[256], *p = answer + 2;

    (void)host;
    report_note(report, 2, "> LDAP ExtendedRequest StartTLS");
    if (!channel_send(channel, BYTES_OF(request), doing) || !channel_exactly(channel, answer, 2, doing)) {
        text_add(why, channel->detail);
        return false;
    }
    size_t len = answer[1];
    if (len > 0x80 && len <= 0x82) {
        uint8_t more[2] = {0, 0};
        if (!channel_exactly(channel, more, len - 0x80, doing))
            return false;
        len = len == 0x81 ? more[0] : load16(more);
    }
    if (answer[0] != 0x30 || len < 10 || len > sizeof answer - 2 || !channel_exactly(channel, p, len, doing)) {
        text_add(why, "its answer is not LDAP");
        return false;
    }
    /* messageID INTEGER, [APPLICATION 24] length, ENUMERATED resultCode */
    size_t at = 2u + p[1];
    bool shaped = p[0] == 0x02 && at + 2 < len && p[at] == 0x78;
    at += shaped && p[at + 1] > 0x80 ? 2u + (p[at + 1] & 0x7f) : 2u;
    if (!shaped || at + 2 >= len || p[at] != 0x0a || p[at + 1] != 1) {
        text_add(why, "its answer is not an ExtendedResponse");
        return false;
    }
    if (p[at + 2])
        text_format(why, "LDAP result code %u", p[at + 2]);
    return !p[at + 2];
}

/* SSLRequest: length 8, code 80877103; the answer is one byte. */
static bool postgres(struct channel *channel, struct report *report, const char *host, struct text *why)
{
    static const uint8_t request[] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
    uint8_t answer;

    (void)host;
    report_note(report, 2, "> PostgreSQL SSLRequest");
    if (!channel_send(channel, BYTES_OF(request), doing) || !channel_exactly(channel, &answer, 1, doing)) {
        text_add(why, channel->detail);
        return false;
    }
    tell(report, '<', bytes_of(&answer, 1));
    if (answer != 'S')
        text_format(why, "it answered 0x%02x where S was expected", answer);
    return answer == 'S';
}

/* Reads byte by byte until one of the two marks has come. */
static bool xmpp_until(struct channel *channel, struct report *report, const char *mark, const char *bad,
                       struct text *why)
{
    char all[4096];
    size_t len = 0;

    while (len + 1 < sizeof all) {
        if (!channel_exactly(channel, (uint8_t *)all + len, 1, doing)) {
            text_add(why, channel->detail);
            return false;
        }
        all[++len] = 0;
        if (all[len - 1] != '>')
            continue;
        if (strstr(all, mark)) {
            tell(report, '<', bytes_text(all));
            return true;
        }
        if (strstr(all, bad))
            break;
    }
    tell(report, '<', bytes_of(all, len));
    text_format(why, "no %s came", mark);
    return false;
}

static bool xmpp(struct channel *channel, struct report *report, const char *host, struct text *why)
{
    static const char ask[] = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    char open[512];

    snprintf(open, sizeof open,
             "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' to='%.256s' "
             "version='1.0'>",
             host);
    tell(report, '>', bytes_text(open));
    if (!channel_send(channel, bytes_text(open), doing) ||
        !xmpp_until(channel, report, "</stream:features>", "</stream:stream>", why))
        return false;
    tell(report, '>', bytes_text(ask));
    return channel_send(channel, bytes_text(ask), doing) && xmpp_until(channel, report, "<proceed", "<failure", why);
}

/* ---- HTTP CONNECT (RFC 9110 9.3.6) --------------------------------------------------------------------------------- */

bool proxy_run(struct channel *channel, struct report *report, const char *authority, const char *credentials,
               fede_error *error, struct text *detail)
{
    char request[1600], line[2048];
    struct text t = text_in(request, sizeof request);
    int status = 0;

    text_format(&t, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: fede/%s\r\n", authority, authority, FEDE_VERSION);
    snprintf(line, sizeof line, "> CONNECT %s HTTP/1.1", authority);
    report_note(report, 2, line);
    if (credentials) {
        text_add(&t, "Proxy-Authorization: ");
        text_basic(&t, credentials);
        text_add(&t, "\r\n");
    }
    text_add(&t, "\r\n");
    bool good = t.len < sizeof request && channel_send(channel, bytes_text(request), "the proxy takes nothing");
    for (int i = 0; good; i++) {
        good = i < LINES_MOST && channel_line(channel, line, sizeof line, "the proxy has not answered");
        if (!good || (!line[0] && i))
            break;
        tell(report, '<', bytes_text(line));
        if (i == 0 && (sscanf(line, "HTTP/1.%*1[01] %3d", &status) != 1 || status < 200 || status > 299)) {
            text_add(detail, "it said \"");
            text_escaped(detail, bytes_text(line));
            text_add(detail, "\"");
            good = false;
        }
    }
    bytes_wipe(request, sizeof request);
    if (good)
        return true;
    if (!detail->len)
        text_add(detail, channel->detail);
    if (channel_stopped(channel)) {
        *error = *channel_error(channel);
        return false;
    }
    return error_set(error, FEDE_PROXY_REFUSED, FEDE_ORIGIN_PEER, NULL, status, 200);
}

void text_basic(struct text *t, const char *credentials)
{
    text_add(t, "Basic ");
    text_base64(t, bytes_text(credentials));
}
