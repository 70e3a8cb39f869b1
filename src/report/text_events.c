/* report/text_events.c: the events of a connection as lines of the timeline.

   Handshake messages have a line each at the default level; -v adds the fields that matter, -vv all of them and the records,
   -vvv every byte (text_fields.c). Where secrets are shown they have lines of their own. */
#include <time.h>

#include "explain/ssl2.h"
#include "report/phrases.h"
#include "report/report.h"

enum { DEFAULT = 1, FIELDS = 2, ALL = 3, EVERY_BYTE = 4 };

static void message(struct report *r, const fede_event *e);
static void message_row(struct report *r, const fede_event *e, const char *title, size_t len, struct text *facts);
static void closed_record(struct report *r, const fede_event *e);
static void record(struct report *r, const fede_event *e);
static void ccs(struct report *r, const fede_event *e);
static void alert(struct report *r, const fede_event *e);
static void secret(struct report *r, const fede_event *e);
static void resumption(struct report *r);
static void no_client_certificate(struct report *r);
static void quarantine(struct report *r);
static void opened(struct report *r, const fede_event *e);
static void step(struct report *r, const fede_event *e);
static void tag(struct report *r, const fede_event *e);

void text_story_event(struct report *r, const fede_event *e)
{
    if (r->options.level < DEFAULT || text_one_line(r))
        return;
    /* What we send is told as a message before it becomes a record: the message waits, so that the record comes first. */
    bool may_wait = e->kind == FEDE_EVENT_MESSAGE || e->kind == FEDE_EVENT_CCS || e->kind == FEDE_EVENT_ALERT;
    bool record_of_it = e->kind == FEDE_EVENT_RECORD && e->ours;
    if (!record_of_it && !(may_wait && e->ours))
        page_join(&r->page, &r->held);
    switch (e->kind) {
    case FEDE_EVENT_STARTED:
        text_title(r);
        break;
    case FEDE_EVENT_RECORD:
        if (r->options.level >= ALL)
            record(r, e);
        else
            closed_record(r, e);
        break;
    case FEDE_EVENT_MESSAGE:
        message(r, e);
        break;
    case FEDE_EVENT_CCS:
        ccs(r, e);
        break;
    case FEDE_EVENT_ALERT:
        alert(r, e);
        break;
    case FEDE_EVENT_CHOICE:
        if (r->options.level > 0 && e->label != NULL && strcmp(e->label, "resumption") == 0)
            resumption(r);
        if (r->options.level > 0 && e->label != NULL && strcmp(e->label, "client certificate") == 0 && e->what == 0)
            no_client_certificate(r);
        if (r->options.level > 0 && e->label != NULL && strcmp(e->label, "legacy") == 0)
            quarantine(r);
        break;
    case FEDE_EVENT_STEP:
        if (e->label != NULL && strcmp(e->label, "false start") == 0)
            text_note(r, PLAIN, "False Start: data is sent before the server's Finished has come");
        else if (r->options.level >= ALL)
            step(r, e);
        break;
    case FEDE_EVENT_SECRET:
        if (r->options.show_secrets)
            secret(r, e);
        break;
    case FEDE_EVENT_VERDICT:
        if (r->options.level >= FIELDS && r->d.verdict != NULL)
            text_trail(r, r->d.verdict);
        if (r->d.verdict != NULL && !r->d.verdict->accepted)
            text_card(r);
        break;
    case FEDE_EVENT_OPENED:
        opened(r, e);
        break;
    case FEDE_EVENT_ENDED:
        text_card(r);
        break;
    default:
        break;
    }
    if (may_wait && e->ours && r->options.level >= ALL) {
        page_join(&r->held, &r->page);
        return;
    }
    page_join(&r->page, &r->held);
    page_write(&r->page, r->options.out);
}

static void message(struct report *r, const fede_event *e)
{
    if (!report_late(r))
        return;
    char words[800], title[64];
    struct text facts = text_in(words, sizeof words), t = text_in(title, sizeof title);
    dissection_facts(&r->d, e, &facts);
    text_add(&t, message_title(e->what));
    text_add(&t, " (");
    text_number(&t, e->what & UINT8_MAX);
    text_char(&t, ')');
    message_row(r, e, title, e->bytes.len, &facts);
    if (r->options.level < FIELDS)
        return;
    struct annotation a = report_message_fields(r, e);
    text_fields(r, &a);
    if (e->what == MSG_CLIENT_HELLO && e->ours && r->d.alpn_offer != NULL && r->options.level == FIELDS) {
        char line[400];
        snprintf(line, sizeof line, "ALPN: offers %s", r->d.alpn_offer);
        text_note(r, PLAIN, line);
    }
}

static void message_row(struct report *r, const fede_event *e, const char *title, size_t len, struct text *facts)
{
    struct page *p = &r->page;
    if (!r->headed) {
        r->headed = true;
        page_right(p, FAINT, AT_TIME, "ms");
        page_to(p, AT_TEXT);
        page_put(p, FAINT, "message");
        page_right(p, FAINT, AT_BYTES, "bytes");
        page_line(p);
    }
    text_row(r, e->at_us, true);
    tag(r, e);
    page_to(p, AT_TEXT);
    page_value(p, STRONG, title);
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", len);
    page_right(p, FAINT, AT_BYTES, digits);
    page_to(p, AT_FACTS);
    page_parts(p, PLAIN, AT_FACTS, facts->out, "; ");
    page_line(p);
}

static void ccs(struct report *r, const fede_event *e)
{
    char words[200];
    struct text facts = text_in(words, sizeof words);
    dissection_facts(&r->d, e, &facts);
    message_row(r, e, "ChangeCipherSpec", e->bytes.len, &facts);
    struct annotation a = annotate_ccs(&r->scratch, e->bytes);
    if (r->options.level >= ALL)
        text_fields(r, &a);
    else if (r->options.level >= FIELDS)
        text_faults(r, &a.faults);
}

static void alert(struct report *r, const fede_event *e)
{
    if (!report_late(r))
        return;
    char words[200];
    struct text facts = text_in(words, sizeof words);
    dissection_facts(&r->d, e, &facts);
    message_row(r, e, "Alert", e->bytes.len, &facts);
    if (r->options.level >= ALL) {
        struct annotation a = annotate_alert(&r->scratch, e->bytes);
        text_fields(r, &a);
    }
}

/* Records are lines of their own from -vv on; application data is told here only, by its length. */
static void record(struct report *r, const fede_event *e)
{
    struct page *p = &r->page;
    char words[300];
    struct text t = text_in(words, sizeof words);
    field_registered(&t, &content_type_names, e->what);
    if (e->bytes.len >= 5) {
        text_add(&t, "; ");
        field_registered(&t, &version_names, report_record_version(e));
    }
    if (e->epoch != 0) {
        text_add(&t, "; sequence number ");
        text_number(&t, (int64_t)e->number);
        text_add(&t, "; ");
        if (e->plain.data == NULL) {
            text_add(&t, "not decrypted");
        } else {
            text_number(&t, (int64_t)e->plain.len);
            text_add(&t, " bytes inside");
        }
    }
    text_row(r, e->at_us, r->held.len == 0); /* what waits has an earlier time */
    tag(r, e);
    page_to(p, AT_TEXT);
    page_put(p, FAINT, "record");
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", e->bytes.len);
    page_right(p, FAINT, AT_BYTES, digits);
    page_to(p, AT_FACTS);
    page_parts(p, FAINT, AT_FACTS, words, "; ");
    page_line(p);
    if (r->options.level < EVERY_BYTE)
        return;
    struct annotation a = report_record_fields(r, e, false);
    /* In the clear the content is shown field by field as the message it is. */
    if (e->epoch == 0 && a.root != NULL && a.root->last != NULL && strcmp(a.root->last->name, "fragment") == 0) {
        a.root->last->kind = FIELD_STRUCT;
        a.root->last->words = "the message that follows";
    }
    text_fields(r, &a);
    text_protection(r, e);
    if (e->what == CONTENT_DATA && e->plain.len > 0)
        text_dump(r, e->plain);
}

/* What an onlooker can't open is not left out: its length and kind are all there is to tell. */
static void closed_record(struct report *r, const fede_event *e)
{
    bool closed = e->epoch != 0 && e->plain.data == NULL;
    if (!r->options.onlooker || !closed || r->options.level < DEFAULT)
        return;
    if ((e->what == CONTENT_DATA && (e->version < FEDE_TLS13 || r->d.opened)) || !report_late(r))
        return;
    char words[100];
    struct text t = text_in(words, sizeof words);
    text_add(&t, "encrypted, not readable without its key");
    message_row(r, e,
                e->what == CONTENT_ALERT ? "Alert"
                                         : phrase(r->page.language, e->what == CONTENT_HANDSHAKE ? "handshake message"
                                                                                                 : "protected record"),
                e->bytes.len, &t);
}

static void step(struct report *r, const fede_event *e)
{
    if (e->label == NULL)
        return;
    text_row(r, e->at_us, true);
    page_put(&r->page, FAINT, "*");
    page_to(&r->page, AT_TEXT);
    page_put(&r->page, FAINT, e->label);
    page_line(&r->page);
}

static void secret_value(struct report *r, const char *label, bytes value)
{
    struct page *p = &r->page;
    page_to(p, AT_TAG);
    page_put(p, SECRET, "KEY");
    page_to(p, AT_TEXT);
    page_put(p, SECRET, label);
    page_to(p, r->page.column + 1);
    char hex[2 * 512 + 64];
    struct text t = text_in(hex, sizeof hex);
    text_add(&t, "(");
    text_number(&t, (int64_t)value.len);
    text_add(&t, " bytes)");
    page_put(p, SECRET, hex);
    page_line(p);
    for (size_t at = 0; at < value.len; at += 16) {
        page_to(p, AT_TEXT + 2);
        page_hex(p, SECRET, bytes_first(bytes_skip(value, at), 16), " ");
        page_line(p);
    }
    bytes_wipe(hex, sizeof hex);
}

static void secret(struct report *r, const fede_event *e)
{
    const char *label = e->label != NULL ? e->label : "secret";
    if (strcmp(label, "key block") == 0) {
        struct key_slice slices[KEY_SLICES];
        size_t n = key_block_slices(r->d.suite, e->bytes, slices);
        for (size_t i = 0; i < n; i++)
            secret_value(r, slices[i].name, slices[i].value);
        if (n > 0)
            return;
    }
    secret_value(r, strcmp(label, "CLIENT_RANDOM") == 0 ? "master secret" : label, e->bytes);
}

static void proof(struct report *r, const char *text)
{
    page_to(&r->page, AT_TAG);
    page_put(&r->page, FAINT, "*");
    text_sign(r, GOOD, "✓");
    page_to(&r->page, AT_TEXT);
    page_words(&r->page, PLAIN, AT_TEXT, text);
    page_line(&r->page);
}

static void resumption(struct report *r)
{
    char line[400];
    struct text t = text_in(line, sizeof line);
    if (!r->d.resumed) {
        text_add(&t, "Session not resumed: ");
        text_add(&t, r->d.not_resumed != NULL ? r->d.not_resumed : "no reason is known");
    } else {
        text_add(&t, "Session resumed: no certificate, no key exchange");
    }
    text_note(r, PLAIN, line);
}

static void no_client_certificate(struct report *r)
{
    char line[400];
    struct text t = text_in(line, sizeof line);
    text_add(&t, "No client certificate is shown: ");
    text_add(&t, r->d.client_none != NULL ? r->d.client_none : "no reason is known");
    text_note(r, PLAIN, line);
}

const char *report_quarantined(const struct dissection *d, unsigned i)
{
    static const char *const parts[] = {"static RSA (no forward secrecy)", "DHE (finite field)",
                                        "CBC (a mode with a history of padding attacks)"};
    return i < sizeof parts / sizeof *parts && d->legacy >> i & 1 ? parts[i] : NULL;
}

void report_quarantine_day(const struct dissection *d, char out[16])
{
    time_t until = (time_t)d->legacy_until - 1;
    struct tm day;
    if (gmtime_r(&until, &day) == NULL || strftime(out, 16, "%Y-%m-%d", &day) == 0)
        out[0] = '\0';
}

/* What is used of it, until when, and the reason that was given. */
static void quarantine(struct report *r)
{
    char line[600], day[16];
    struct text t = text_in(line, sizeof line);
    text_add(&t, "Quarantined: ");
    const char *between = "";
    for (unsigned i = 0; i < QUARANTINE_PARTS; i++)
        if (report_quarantined(&r->d, i) != NULL) {
            text_add(&t, between);
            text_add(&t, report_quarantined(&r->d, i));
            between = ", ";
        }
    report_quarantine_day(&r->d, day);
    text_add(&t, "; allowed to ");
    text_add(&t, day);
    text_add(&t, ": ");
    text_add(&t, r->d.legacy_reason != NULL ? r->d.legacy_reason : "");
    text_note(r, PLAIN, line);
}

static void opened(struct report *r, const fede_event *e)
{
    (void)e;
    if (r->options.level >= FIELDS && !r->options.onlooker) {
        /* The engine opens a connection only with these proofs in hand. */
        if (r->d.role == FEDE_CLIENT && r->d.scheme != 0)
            proof(r, "signature of the key exchange verified, over both randoms and the parameters");
        if (r->d.role == FEDE_SERVER && r->d.client_scheme != 0)
            proof(r, "signature of the client verified, over all messages before CertificateVerify");
        proof(r, r->d.role == FEDE_CLIENT ? "Finished of the server verified: verify_data is what was computed here"
                                          : "Finished of the client verified: verify_data is what was computed here");
        /* The lines that users of curl -v look for. */
        char line[600];
        struct text t = text_in(line, sizeof line);
        text_add(&t, "SSL connection using ");
        text_add(&t, r->d.version == FEDE_TLS12   ? "TLSv1.2"
                     : r->d.version == FEDE_TLS13 ? "TLSv1.3"
                                                  : version_title(r->d.version));
        text_add(&t, " / ");
        text_add(&t, suite_title(r->d.suite));
        if (r->d.group != 0) {
            text_add(&t, " / ");
            text_add(&t, group_title(r->d.group));
        }
        if (r->d.scheme != 0) {
            text_add(&t, " / ");
            text_add(&t, scheme_title(r->d.scheme));
        }
        text_note(r, PLAIN, line);
        t = text_in(line, sizeof line);
        const char *who = r->d.role == FEDE_CLIENT ? "server" : "this server";
        if (r->d.alpn != NULL) {
            text_add(&t, "ALPN: ");
            text_add(&t, who);
            text_add(&t, " accepted ");
            text_add(&t, r->d.alpn);
        } else if (r->d.alpn_offer != NULL) {
            text_add(&t, "ALPN: ");
            text_add(&t, who);
            text_add(&t, " did not choose a protocol");
        }
        if (t.len > 0)
            text_note(r, PLAIN, line);
    }
    text_card(r);
    text_derived(r);
}

/* OUT or IN, and an arrow: single in the clear, double when protected. */
static void tag(struct report *r, const fede_event *e)
{
    enum style style = e->from == FEDE_CLIENT ? CLIENT_SIDE : SERVER_SIDE;
    bool protects = e->epoch != 0;
    bool right = r->options.onlooker ? e->from == FEDE_CLIENT : e->ours;
    page_put(&r->page, style, r->options.onlooker ? (right ? "CLI" : "SRV") : right ? "OUT" : "IN");
    text_sign(r, style, right ? (protects ? "⇒" : "→") : (protects ? "⇐" : "←"));
}
