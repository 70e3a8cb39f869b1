/* cli/request.c: an HTTP request from the command line's wishes, and what becomes of its answer.

   RFC 9110. Fields given with -H replace those made here, as in curl. The answer's content goes to the sink; its head goes to the
   sink too with -I and -i, and to the story at -v. Redirects are only recognised here; connect.c follows them. */
#include "cli/request.h"

#include <stdlib.h>
#include <strings.h>

#include "cli/starttls.h"

enum { HEAD_BYTES_MOST = 262144, FIELDS_MOST = 1000 };

static bool make_fields(struct exchange *x, bool same_origin);
static bool add_given(struct exchange *x, const char *line, bool same_origin);
static bool add_given_file(struct exchange *x, const char *path, bool same_origin);
static bool add_default(struct exchange *x, const char *name, const char *value);
static bool given(const struct exchange *x, const char *name);
static void make_target(struct exchange *x);
static void tell_lines(struct exchange *x, char direction, const struct field_list *fields);
static void tell_end(struct exchange *x);
static bool print_head(struct exchange *x);
static bool to_sink(struct exchange *x, bytes data);
static char *redirect_target(const struct exchange *x);

bool request_run(struct client *client, const struct url *url, const char *method, bool with_body, bool same_origin,
                 char **location)
{
    static struct exchange exchange;
    struct exchange *x = &exchange;

    *x = (struct exchange){.client = client, .url = url, .method = method, .announced = -1};
    *location = NULL;
    if (with_body)
        x->body = bytes_of(client->set.body, client->set.body_len);
    struct text t = text_in(x->authority, sizeof x->authority);
    url_authority(url, &t);
    make_target(x);
    bool good = make_fields(x, same_origin);
    if (!good && !client->code)
        client_fail(client, FEDE_OUT_OF_MEMORY, FEDE_ORIGIN_INTERNAL, 0, 0);
    bool two = !strcmp(client->facts.alpn, "h2");
    uint64_t began = clock_ticks(NULL);
    client->facts.before_request = began;
    client->facts.first_byte = 0;
    client->facts.status = 0;
    good = good && (two ? exchange2_run(x) : exchange1_run(x));
    tell_end(x);
    if (good && client->set.fail && x->status >= 400)
        good = client_fail(client, FEDE_HTTP_STATUS, FEDE_ORIGIN_PEER, x->status, 0);
    if (good)
        *location = redirect_target(x);
    fields_free(&x->fields);
    fields_free(&x->answered);
    return good;
}

/* ---- Asking ------------------------------------------------------------------------------------------------------- */

static void make_target(struct exchange *x)
{
    struct text t = text_in(x->target, sizeof x->target);

    /* RFC 9112 3.2.2: a proxy that is to pass on plain HTTP needs the whole URL. */
    if (!x->url->tls && x->client->proxy.used)
        url_text(x->url, &t);
    else
        text_add(&t, x->url->target);
}

static bool make_fields(struct exchange *x, bool same_origin)
{
    const struct connect_settings *set = &x->client->set;
    char value[1024];
    struct text t;
    bool good = true;

    for (size_t i = 0; good && i < set->n_fields; i++)
        good = set->fields[i][0] == '@' ? add_given_file(x, set->fields[i] + 1, same_origin)
                                        : add_given(x, set->fields[i], same_origin);
    good = good && add_default(x, "User-Agent", set->agent ? set->agent : "fede/" FEDE_VERSION);
    good = good && add_default(x, "Accept", "*/*");
    if (good && set->user && same_origin) {
        t = text_in(value, sizeof value);
        text_basic(&t, set->user);
        good = t.len < sizeof value && add_default(x, "Authorization", value);
        bytes_wipe(value, sizeof value);
    }
    if (good && !x->url->tls && x->client->proxy.credentials[0]) {
        t = text_in(value, sizeof value);
        text_basic(&t, x->client->proxy.credentials);
        good = t.len < sizeof value && add_default(x, "Proxy-Authorization", value);
        bytes_wipe(value, sizeof value);
    }
    if (good && set->referer)
        good = add_default(x, "Referer", set->referer);
    if (good && set->cookie && same_origin)
        good = add_default(x, "Cookie", set->cookie);
    if (good && set->range) {
        t = text_in(value, sizeof value);
        text_format(&t, "bytes=%.900s", set->range);
        good = add_default(x, "Range", value);
    }
    if (good && x->body.data) {
        t = text_in(value, sizeof value);
        text_number(&t, (int64_t)x->body.len);
        good = add_default(x, "Content-Length", value);
        if (good && !set->upload)
            good = add_default(x, "Content-Type", "application/x-www-form-urlencoded");
    }
    return good;
}

/* "Name: value", "Name;" with an empty value, "Name:" for leaving a default out: kept with value NULL. */
static bool add_given(struct exchange *x, const char *line, bool same_origin)
{
    size_t len = strcspn(line, ":;");
    const char *value = line[len] ? line + len + 1 : "";
    bytes name = bytes_of(line, len);

    value += strspn(value, " \t");
    if (!len || strcspn(line, " \t\"(),/<=>?@[\\]{}") < len) {
        struct text t = text_in(x->client->detail, sizeof x->client->detail);
        text_format(&t, "-H: \"%.*s\" is no field name (RFC 9110 5.1)", (int)len, line);
        return client_fail(x->client, FEDE_INPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
    }
    /* Another host is not told what was meant for the first. */
    bool secret =
        (len == 13 && !strncasecmp(line, "Authorization", 13)) || (len == 6 && !strncasecmp(line, "Cookie", 6));
    if (secret && !same_origin)
        return true;
    if (!fields_add(&x->fields, name, bytes_text(value)))
        return false;
    if (!*value && line[len] == ':') {
        struct field_line *last = &x->fields.list[x->fields.n - 1];
        free(last->value);
        last->value = NULL;
    }
    return true;
}

static bool add_given_file(struct exchange *x, const char *path, bool same_origin)
{
    struct text why = text_in(x->client->detail, sizeof x->client->detail);
    size_t len;
    char *all = value_file(path, 65536, &len, &why);
    bool good = true;

    if (!all)
        return client_fail(x->client, FEDE_INPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
    for (char *line = all; good && *line;) {
        size_t used = strcspn(line, "\r\n"), gap = strspn(line + used, "\r\n");
        line[used] = 0;
        good = !used || add_given(x, line, same_origin);
        line += used + gap;
    }
    free(all);
    return good;
}

static bool given(const struct exchange *x, const char *name)
{
    for (size_t i = 0; i < x->fields.n; i++) {
        if (!strcasecmp(x->fields.list[i].name, name))
            return true;
    }
    return false;
}

static bool add_default(struct exchange *x, const char *name, const char *value)
{
    return given(x, name) || fields_add(&x->fields, bytes_text(name), bytes_text(value));
}

void exchange_asked(struct exchange *x, uint64_t from_us, size_t head_len)
{
    struct client *client = x->client;
    char line[300];
    struct text t = text_in(line, sizeof line);

    text_format(&t, "%s %.100s%s with HTTP/%s, %zu bytes", x->method, x->target, strlen(x->target) > 100 ? "…" : "",
                x->version == 20 ? "2" : "1.1", head_len);
    if (x->body.len) {
        text_add(&t, " and ");
        text_bytes(&t, x->body.len);
        text_add(&t, " bytes of content");
    }
    if (!x->url->tls)
        text_add(&t, ", in the clear");
    client->facts.request_size = head_len;
    report_phase(client->report, "request", true, line, from_us, clock_ticks(NULL));
    snprintf(line, sizeof line, "> %s %.200s HTTP/%s", x->method, x->target, x->version == 20 ? "2" : "1.1");
    report_note(client->report, 2, line);
    snprintf(line, sizeof line, "> Host: %.280s", x->authority);
    if (!given(x, "Host"))
        report_note(client->report, 2, line);
    tell_lines(x, '>', &x->fields);
}

/* ---- The answer --------------------------------------------------------------------------------------------------- */

/* A 1xx: told, forgotten. */
void exchange_interim(struct exchange *x)
{
    char line[200];

    snprintf(line, sizeof line, "< HTTP/%s %d %s", x->version == 20 ? "2" : "1.1", x->status, x->words);
    report_note(x->client->report, 2, line);
    tell_lines(x, '<', &x->answered);
    fields_free(&x->answered);
    x->announced = -1;
}

bool exchange_head(struct exchange *x)
{
    struct client *client = x->client;
    struct facts *facts = &client->facts;
    const char *type = fields_find(&x->answered, "content-type");
    char line[200], shown[200];
    struct text t = text_in(shown, sizeof shown);

    x->head_done = true;
    facts->status = x->status;
    facts->http_version = x->version;
    snprintf(facts->content_type, sizeof facts->content_type, "%s", type ? type : "");
    facts->head_size = 17 + strlen(x->words) + x->answered.bytes + 4 * x->answered.n;
    text_escaped(&t, bytes_text(x->words));
    snprintf(line, sizeof line, "< HTTP/%s %d %.150s",
             x->version == 20   ? "2"
             : x->version == 10 ? "1.0"
                                : "1.1",
             x->status, shown);
    report_note(client->report, 2, line);
    tell_lines(x, '<', &x->answered);
    const char *location = fields_find(&x->answered, "location");
    bool follows = client->set.follow && location && x->status >= 300 && x->status < 400;
    x->discard = follows || (client->set.fail && x->status >= 400);
    client->sink.expected = x->announced;
    if ((client->set.head || client->set.include) && !(client->set.fail && x->status >= 400))
        return print_head(x);
    return true;
}

bool exchange_content(struct exchange *x, bytes content)
{
    x->content += content.len;
    x->client->facts.downloaded = x->content;
    return x->discard || to_sink(x, content);
}

/* As it came, but that HTTP/2 has no reason phrase. */
static bool print_head(struct exchange *x)
{
    char line[128];

    snprintf(line, sizeof line, "HTTP/%s %d %s\r\n",
             x->version == 20   ? "2"
             : x->version == 10 ? "1.0"
                                : "1.1",
             x->status, x->words);
    bool good = to_sink(x, bytes_text(line));
    for (size_t i = 0; good && i < x->answered.n; i++) {
        good = to_sink(x, bytes_text(x->answered.list[i].name)) && to_sink(x, bytes_text(": ")) &&
               to_sink(x, bytes_text(x->answered.list[i].value)) && to_sink(x, bytes_text("\r\n"));
    }
    return good && to_sink(x, bytes_text("\r\n"));
}

static bool to_sink(struct exchange *x, bytes data)
{
    struct client *client = x->client;
    struct text why = text_in(client->detail, sizeof client->detail);

    switch (sink_write(&client->sink, data, &why)) {
    case SINK_TAKEN:
        return true;
    case SINK_CLOSED:
        x->stop = x->complete = true; /* as far as anybody is interested */
        return false;
    case SINK_FAILED:
        x->stop = true;
        tell_end(x);
        return client_fail(client, FEDE_OUTPUT_FAILED, FEDE_ORIGIN_CALLER, 0, 0);
    }
    return false;
}

static void tell_lines(struct exchange *x, char direction, const struct field_list *fields)
{
    char line[1200];

    for (size_t i = 0; i < fields->n; i++) {
        const struct field_line *one = &fields->list[i];
        struct text t = text_in(line, sizeof line);
        bool secret = direction == '>' &&
                      (!strcasecmp(one->name, "authorization") || !strcasecmp(one->name, "proxy-authorization"));
        if (!one->value)
            continue;
        text_char(&t, direction);
        text_char(&t, ' ');
        text_escaped(&t, bytes_text(one->name));
        text_add(&t, ": ");
        if (secret && !x->client->set.story.show_secrets)
            text_add(&t, "(not shown; --show-secrets shows it)");
        else
            text_escaped(&t, bytes_text(one->value));
        report_note(x->client->report, 2, line);
    }
}

/* Before the failure, if there is one, so that the story says first what happened and then why it is wrong. */
static void tell_end(struct exchange *x)
{
    char line[300];
    struct text t = text_in(line, sizeof line);
    const char *type = fields_find(&x->answered, "content-type");

    if (!x->head_done || x->told)
        return;
    x->told = true;
    text_format(&t, "HTTP/%s %d", x->version == 20 ? "2" : x->version == 10 ? "1.0" : "1.1", x->status);
    if (x->words[0]) {
        text_char(&t, ' ');
        text_escaped(&t, bytes_text(x->words));
    }
    if (type) {
        text_add(&t, ", ");
        text_escaped(&t, bytes_first(bytes_text(type), 80));
    }
    text_add(&t, ", ");
    text_bytes(&t, x->content);
    text_add(&t, " bytes of content");
    if (!x->complete)
        text_add(&t, ", not the whole");
    report_phase(x->client->report, "response", x->complete, line, x->client->facts.first_byte, clock_ticks(NULL));
}

bool exchange_failed(struct exchange *x, fede_reason reason, const char *detail)
{
    struct text t = text_in(x->client->detail, sizeof x->client->detail);
    size_t len = strlen(detail);

    x->stop = true;
    text_add(&t, detail); /* what came from the server is escaped in it */
    if (len && t.len == len && detail[len - 1] == '.')
        x->client->detail[len - 1] = 0;
    tell_end(x);
    return client_fail(x->client, reason, FEDE_ORIGIN_PEER, 0, 0);
}

bool exchange_broken(struct exchange *x)
{
    const struct channel *channel = &x->client->channel;
    const fede_error *error = channel_error(channel);
    char detail[200];
    struct text t = text_in(detail, sizeof detail);

    /* When the peer closed in order, what could not be sent after that is not the news. */
    bool orderly = channel->stream && fede_ending(fede_stream_conn(channel->stream)) & FEDE_PEER_CLOSED;
    tell_end(x);
    if (error && !(orderly && error->reason != FEDE_TIME_LIMIT))
        return client_failed(x->client, error);
    if (!x->head_done) {
        text_add(&t, "the server closed the connection before its answer's head was complete");
    } else {
        text_bytes(&t, x->content);
        if (x->announced >= 0) {
            text_add(&t, " of ");
            text_bytes(&t, (uint64_t)x->announced);
        }
        text_add(&t, " bytes of content came");
    }
    return exchange_failed(x, FEDE_HTTP_INCOMPLETE, detail);
}

static char *redirect_target(const struct exchange *x)
{
    const char *location = fields_find(&x->answered, "location");
    bool redirect = x->status == 301 || x->status == 302 || x->status == 303 || x->status == 307 || x->status == 308;

    return x->client->set.follow && redirect && location ? strdup(location) : NULL;
}

/* ---- Fields ------------------------------------------------------------------------------------------------------- */

bool fields_add(struct field_list *fields, bytes name, bytes value)
{
    if (fields->n == FIELDS_MOST || fields->bytes + name.len + value.len > HEAD_BYTES_MOST)
        return false;
    if (fields->n == fields->room) {
        size_t room = fields->room ? 2 * fields->room : 16;
        struct field_line *more = realloc(fields->list, room * sizeof *more);
        if (!more)
            return false;
        fields->list = more;
        fields->room = room;
    }
    char *one = malloc(name.len + 1), *two = malloc(value.len + 1);
    if (!one || !two) {
        free(one);
        free(two);
        return false;
    }
    bytes_copy(one, name.data, name.len);
    bytes_copy(two, value.data, value.len);
    one[name.len] = two[value.len] = 0;
    fields->list[fields->n++] = (struct field_line){one, two};
    fields->bytes += name.len + value.len;
    return true;
}

const char *fields_find(const struct field_list *fields, const char *name)
{
    for (size_t i = 0; i < fields->n; i++) {
        if (!strcasecmp(fields->list[i].name, name))
            return fields->list[i].value;
    }
    return NULL;
}

void fields_free(struct field_list *fields)
{
    for (size_t i = 0; i < fields->n; i++) {
        free(fields->list[i].name);
        free(fields->list[i].value);
    }
    free(fields->list);
    *fields = (struct field_list){0};
}
