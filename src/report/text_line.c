/* report/text_line.c: the parts of a line of the timeline: its time, its sign, a note with an asterisk, the title in front. */
#include "report/report.h"

static void say_time(struct report *r, uint64_t at_us);

/* Once, in front of whatever is told first. */
void text_title(struct report *r)
{
    if (r->titled || r->options.number == 0 || r->options.title == NULL)
        return;
    r->titled = true;
    text_note(r, STRONG, r->options.title);
}

void text_note(struct report *r, enum style style, const char *text)
{
    /* Lines of HTTP, as curl marks them: ">" to the server, "<" from it. */
    bool http = (text[0] == '>' || text[0] == '<') && (text[1] == ' ' || text[1] == '\0');
    char mark[2] = {http ? text[0] : '*', '\0'};
    page_to(&r->page, AT_TAG);
    page_put(&r->page, http ? (text[0] == '>' ? CLIENT_SIDE : SERVER_SIDE) : FAINT, mark);
    page_to(&r->page, AT_TEXT);
    (http ? page_value_parts : page_parts)(&r->page, style, AT_TEXT, http ? text + 1 + (text[1] == ' ') : text, "; ");
    page_line(&r->page);
}

/* Signs end one cell before the text; in ASCII they take two cells and may touch the tag. */
void text_sign(struct report *r, enum style style, const char *sign)
{
    page_to(&r->page, AT_SIGN - page_cells(&r->page, sign));
    page_put(&r->page, style, sign);
}

void text_row(struct report *r, uint64_t at_us, bool timed)
{
    if (r->options.times) {
        int64_t seconds;
        unsigned us;
        report_wall(r, at_us, &seconds, &us);
        char stamp[40];
        snprintf(stamp, sizeof stamp, "%02d:%02d:%02d.%06u ", (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60),
                 (int)(seconds % 60), us);
        page_put(&r->page, FAINT, stamp);
    }
    if (timed)
        say_time(r, report_since(r, at_us));
    page_to(&r->page, AT_TAG);
}

static void say_time(struct report *r, uint64_t since)
{
    char number[40];
    if (since < 1000000)
        snprintf(number, sizeof number, "%llu.%03u", (unsigned long long)(since / 1000), (unsigned)(since % 1000));
    else if (since < 10000000)
        snprintf(number, sizeof number, "%llu", (unsigned long long)(since / 1000));
    else
        snprintf(number, sizeof number, "%llu.%01u s", (unsigned long long)(since / 1000000),
                 (unsigned)(since / 100000 % 10));
    page_right(&r->page, FAINT, AT_TIME, number);
}

void text_took(struct text *t, uint64_t us)
{
    text_number(t, (int64_t)(us / 1000));
    text_char(t, '.');
    text_char(t, (char)('0' + us / 100 % 10));
    text_char(t, (char)('0' + us / 10 % 10));
    text_add(t, " ms");
}
