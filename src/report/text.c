/* report/text.c: the story as text, told while it happens.

   One timeline: time in milliseconds, a tag (URL, DNS, TCP, OUT, IN), a sign, the text. Here is what lies around the
   handshake: phases, notes, checks, how it ended. Events of the connection are text_events.c's, the parts of a line
   text_line.c's, the verdict on certificate and connection text_verdict.c's. With a connection number and the default level,
   as a server has it, the whole story is one line at the end. */
#include "report/phrases.h"
#include "report/report.h"

enum { DEFAULT = 1, FIELDS = 2 };

void text_story_phase(struct report *r, const char *phase, bool ok, const char *text, uint64_t from_us, uint64_t to_us)
{
    page_join(&r->page, &r->held);
    if (r->options.level < DEFAULT || text_one_line(r))
        return;
    static const struct {
        const char *phase, *tag, *sign;
        enum style style;
    } rows[] = {
        {"url", "URL", "", PLAIN},
        {"dns", "DNS", "", PLAIN},
        {"tcp", "TCP", "", PLAIN},
        {"request", "OUT", "⇒", CLIENT_SIDE},
        {"response", "IN", "⇐", SERVER_SIDE},
        {"close", "END", "", PLAIN},
    };
    char other[5] = "";
    const char *named = other, *sign = "";
    enum style style = PLAIN;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].phase, phase) == 0) {
            named = rows[i].tag;
            sign = rows[i].sign;
            style = rows[i].style;
        }
    }
    if (named == other)
        for (size_t i = 0; i < 4 && phase[i] != '\0'; i++)
            other[i] = (char)(phase[i] >= 'a' && phase[i] <= 'z' ? phase[i] - 'a' + 'A' : phase[i]);
    if (r->d.role == FEDE_SERVER && style != PLAIN) { /* requests come in */
        bool request = style == CLIENT_SIDE;
        named = request ? "IN" : "OUT";
        sign = request ? "⇐" : "⇒";
    }
    if (style != PLAIN && !r->d.opened)
        sign = strcmp(named, "OUT") == 0 ? "→" : "←";
    text_row(r, to_us, true);
    page_put(&r->page, style, named);
    text_sign(r, ok ? style : BAD, ok ? sign : "✗");
    page_to(&r->page, AT_TEXT);
    page_parts(&r->page, ok ? PLAIN : BAD, AT_TEXT, text, "; ");
    if (to_us >= from_us + 20 && (strcmp(phase, "dns") == 0 || strcmp(phase, "tcp") == 0)) {
        char span[40];
        struct text t = text_in(span, sizeof span);
        text_char(&t, '(');
        text_took(&t, to_us - from_us);
        text_char(&t, ')');
        page_to(&r->page, r->page.column + 1);
        page_parts(&r->page, FAINT, AT_TEXT, span, "; ");
    }
    page_line(&r->page);
    page_write(&r->page, r->options.out);
}

void text_story_note(struct report *r, int level, const char *text)
{
    page_join(&r->page, &r->held);
    if (text_one_line(r) && level <= DEFAULT)
        return;
    text_note(r, PLAIN, text);
    page_write(&r->page, r->options.out);
}

void text_story_check(struct report *r, const char *name, int outcome, const char *text)
{
    static const struct {
        const char *sign, *word;
        enum style style;
    } outcomes[] = {
        {"", "", PLAIN}, {"✓", " verified: ", GOOD}, {"✗", " FAILED: ", BAD}, {"–", " not checkable: ", WARNING}};
    if (r->options.level < (outcome == 2 ? DEFAULT : FIELDS))
        return;
    char line[600];
    struct text t = text_in(line, sizeof line);
    phrase_text(r->page.language, name, &t);
    phrase_text(r->page.language, outcomes[outcome].word, &t);
    phrase_text(r->page.language, text, &t);
    page_to(&r->page, AT_TAG);
    text_sign(r, outcomes[outcome].style, outcomes[outcome].sign);
    page_to(&r->page, AT_TEXT);
    page_value_words(&r->page, outcomes[outcome].style, AT_TEXT, line);
    page_line(&r->page);
    page_write(&r->page, r->options.out);
}

void text_story_outcome(struct report *r, const char *outcome)
{
    if (r->options.level < DEFAULT)
        return;
    text_row(r, r->now_us, true);
    page_put(&r->page, PLAIN, "END");
    page_to(&r->page, AT_TEXT);
    page_words(&r->page, PLAIN, AT_TEXT, outcome);
    page_line(&r->page);
    page_write(&r->page, r->options.out);
}

void text_story_error(struct report *r, const fede_error *error)
{
    page_join(&r->page, &r->held);
    if (text_one_line(r))
        return;
    struct page *p = &r->page;
    char advice[600];
    fede_error_advice(error, advice, sizeof advice);
    bool quiet = r->options.level < DEFAULT;
    unsigned indent = quiet ? 6 : AT_TEXT;
    if (quiet) {
        page_put(p, BAD, "fede:");
    } else {
        text_row(r, r->now_us, true);
        page_put(p, BAD, "ERR");
        text_sign(r, BAD, "✗");
    }
    page_to(p, indent);
    page_words(p, BAD, indent, r->failure);
    page_line(p);
    if (advice[0] != '\0') {
        page_to(p, indent);
        page_words(p, PLAIN, indent, advice);
        page_line(p);
    }
    page_write(p, r->options.out);
}

void text_story_end(struct report *r, const fede_conn *conn, int exit_code, const char *why)
{
    page_join(&r->page, &r->held);
    (void)conn;
    if (text_one_line(r)) {
        if (r->options.level >= DEFAULT || exit_code != 0)
            text_connection_line(r, exit_code, why);
    } else {
        if (r->options.level >= DEFAULT && r->d.role != 0) {
            text_card(r);
            text_insight(r);
            text_box(r);
        }
        text_exit(r, exit_code, why);
    }
    page_write(&r->page, r->options.out);
}

/* The last line, where the story is that of the whole command. */
void text_exit(struct report *r, int exit_code, const char *why)
{
    char line[400];
    struct text t = text_in(line, sizeof line);
    if (r->options.number != 0 || exit_code == REPORT_GOES_ON || (r->options.level < DEFAULT && exit_code == 0))
        return;
    text_add(&t, "exit ");
    text_number(&t, exit_code);
    text_add(&t, ": ");
    text_add(&t, why != NULL && why[0] != '\0' ? why : exit_code == 0 ? "all done" : "failed");
    page_words(&r->page, exit_code == 0 ? FAINT : BAD, 2, line);
    page_line(&r->page);
}

/* At the default level a server's connections take a line each. */
bool text_one_line(const struct report *r)
{
    return r->options.number != 0 && r->options.level <= DEFAULT && !r->options.onlooker;
}

