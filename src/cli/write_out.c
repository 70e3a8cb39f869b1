/* cli/write_out.c: the variables of --write-out, one row each, with the sentences of `fede --help times`. */
#include "cli/write_out.h"

#include <inttypes.h>
#include <string.h>

#include "cli/connect.h"

enum kind { MOMENT, TEXT, NUMBER, BIG };

struct variable {
    const char *name;
    enum kind kind;
    size_t at; /* offset in struct facts; for MOMENT the end point of the time */
    const char *help;
};

#define AT(member) offsetof(struct facts, member)

/* clang-format off */
static const struct variable variables[] = {
    {"time_namelookup",    MOMENT, AT(look_up),        "until the host's addresses were known"},
    {"time_connect",       MOMENT, AT(connected),      "until TCP was connected (to the proxy, if one is used)"},
    {"time_appconnect",    MOMENT, AT(secured),        "until the TLS handshake was complete: the server's Finished verified; 0 without TLS"},
    {"time_pretransfer",   MOMENT, AT(before_request), "until just before the first byte of the request"},
    {"time_starttransfer", MOMENT, AT(first_byte),     "until the first byte of the answer could be read"},
    {"time_total",         MOMENT, AT(end),            "until everything was over, the connection closed"},
    {"time_redirect",      MOMENT, AT(redirected),     "all visits before the last one, when redirects were followed"},
    {"num_rtt",            NUMBER, 0,                  "round trips until the first byte of the answer: 1 for TCP, those of the handshake, 1 for the request"},
    {"num_connects",       NUMBER, AT(connects),       "TCP connections made"},
    {"num_redirects",      NUMBER, AT(redirects),      "redirects followed"},
    {"http_code",          NUMBER, AT(status),         "status of the last answer, 000 when there is none"},
    {"response_code",      NUMBER, AT(status),         "the same"},
    {"http_version",       NUMBER, AT(http_version),   "1.0, 1.1 or 2; 0 when there is none"},
    {"content_type",       TEXT,   AT(content_type),   "the last answer's Content-Type"},
    {"size_download",      BIG,    AT(downloaded),     "bytes of content received"},
    {"size_upload",        BIG,    AT(uploaded),       "bytes of content sent"},
    {"size_request",       BIG,    AT(request_size),   "bytes of the request's head"},
    {"size_header",        BIG,    AT(head_size),      "bytes of the answer's head, as HTTP/1.1 text"},
    {"url_effective",      TEXT,   AT(url),            "the URL asked for last"},
    {"remote_ip",          TEXT,   AT(remote),         "the peer's address"},
    {"remote_port",        NUMBER, AT(remote_port),    "the peer's port"},
    {"local_ip",           TEXT,   AT(local),          "the own address"},
    {"local_port",         NUMBER, AT(local_port),     "the own port"},
    {"ssl_verify_result",  NUMBER, 0,                  "0: the certificate was verified; 1: it was not; 0 without TLS"},
    {"tls_verify_reason",  TEXT,   AT(reason),         "why the certificate was not accepted: the name of the reason; empty when it was"},
    {"tls_version",        TEXT,   AT(version),        "TLSv1.2"},
    {"tls_cipher",         TEXT,   AT(suite),          "the cipher suite"},
    {"tls_group",          TEXT,   AT(group),          "the group of the key exchange"},
    {"tls_scheme",         TEXT,   AT(scheme),         "the scheme of the server's signature"},
    {"tls_alpn",           TEXT,   AT(alpn),           "the application protocol agreed on"},
    {"exitcode",           NUMBER, 0,                  "the exit code"},
    {"errormsg",           TEXT,   0,                  "why it failed; empty when it did not"},
};
/* clang-format on */
enum { N_VARIABLES = sizeof variables / sizeof *variables };

static const struct variable *find(const char *name, size_t len);
static void print(FILE *out, const struct variable *variable, const struct client *client);

void write_out(FILE *out, const char *format, const struct client *client)
{
    for (const char *p = format; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            if (*p == 'n' || *p == 't' || *p == 'r')
                fputc(*p == 'n' ? '\n' : *p == 't' ? '\t' : '\r', out);
            else
                fprintf(out, "\\%c", *p);
        } else if (*p == '%' && p[1] == '%') {
            fputc(*p++, out);
        } else if (*p == '%' && p[1] == '{' && strchr(p, '}')) {
            size_t len = strcspn(p + 2, "}");
            const struct variable *variable = find(p + 2, len);
            if (variable)
                print(out, variable, client);
            p += 2 + len;
        } else {
            fputc(*p, out);
        }
    }
    fflush(out);
}

bool write_out_check(const char *format, const char **name, size_t *len)
{
    for (const char *p = format; (p = strchr(p, '%')) != NULL;) {
        if (p[1] == '{' && strchr(p, '}')) {
            *name = p + 2;
            *len = strcspn(p + 2, "}");
            if (!find(*name, *len))
                return false;
        }
        p += p[1] ? 2 : 1;
    }
    return true;
}

static const struct variable *find(const char *name, size_t len)
{
    for (size_t i = 0; i < N_VARIABLES; i++) {
        if (strlen(variables[i].name) == len && !strncmp(variables[i].name, name, len))
            return &variables[i];
    }
    return NULL;
}

static void print(FILE *out, const struct variable *variable, const struct client *client)
{
    const struct facts *facts = &client->facts;
    const char *at = (const char *)facts + variable->at, *name = variable->name;
    uint64_t moment;
    int number;

    if (!strcmp(name, "num_rtt")) {
        number = facts->tcp_round_trips + facts->tls_round_trips + (facts->first_byte != 0 && facts->status != 0);
        fprintf(out, "%d", number);
    } else if (!strcmp(name, "ssl_verify_result")) {
        fprintf(out, "%d", facts->tls && !facts->verified);
    } else if (!strcmp(name, "exitcode")) {
        fprintf(out, "%d", client->code);
    } else if (!strcmp(name, "errormsg")) {
        fputs(client->code ? client->why : "", out);
    } else if (!strcmp(name, "http_version")) {
        fputs(facts->http_version == 20   ? "2"
              : facts->http_version == 11 ? "1.1"
              : facts->http_version       ? "1.0"
                                          : "0",
              out);
    } else if (variable->kind == TEXT) {
        fputs(at, out);
    } else if (variable->kind == NUMBER) {
        bytes_copy(&number, at, sizeof number);
        fprintf(out, variable->at == AT(status) ? "%03d" : "%d", number);
    } else if (variable->kind == BIG) {
        bytes_copy(&moment, at, sizeof moment);
        fprintf(out, "%" PRIu64, moment);
    } else {
        uint64_t from = variable->at == AT(redirected) || variable->at == AT(end) ? facts->first_start : facts->start;
        bytes_copy(&moment, at, sizeof moment);
        moment = moment > from ? moment - from : 0;
        fprintf(out, "%" PRIu64 ".%06u", moment / 1000000, (unsigned)(moment % 1000000));
    }
}

void write_out_help(void)
{
    for (size_t i = 0; i < N_VARIABLES; i++)
        printf("  %-19s %s\n", variables[i].name, variables[i].help);
}
