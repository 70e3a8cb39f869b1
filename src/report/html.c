/* report/html.c: the story as one page (R80-R89 of the design).

   A page is the template made from page/ with the stories in it. Each story stands there twice: as JSON in a script element
   of type application/json, which the page's script shows, and written out inside noscript, for readers without script; the
   script takes the latter for printing. Browsers with script don't even parse what stands in noscript, so it costs its
   length only.

   What comes from the network passes html_put, which leaves no character that could end an element, begin one, or turn the
   direction of writing round. Names, values and numbers pass it alike: nothing has to be known about where they come from. */
#include "report/html.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "report/phrases.h"

static bool phrases_for_script(FILE *out, enum language language);
static bool plain_in_page(uint32_t c);
static bool plain_in_data(uint32_t c);

bool html_begin(FILE *out, const char *title, enum language language)
{
    fwrite(html_page_start, 1, html_page_start_len, out);
    fputs(language == CHINESE ? "zh-Hans" : "en", out);
    fwrite(html_page_top, 1, html_page_top_len, out);
    html_put(out, HTML_TEXT, title, strlen(title));
    fwrite(html_page_middle, 1, html_page_middle_len, out);
    return language == ENGLISH ? !ferror(out) : phrases_for_script(out, language);
}

/* The page's script has its words in English; what they are called in another language stands beside the stories. */
static bool phrases_for_script(FILE *out, enum language language)
{
    struct json_text words = {0};
    put_object(&words, NULL);
    phrases_json(&words, language);
    put_object_end(&words);
    fputs("<script type=\"application/json\" id=\"phrases\">", out);
    if (!words.failed)
        html_put(out, HTML_DATA, words.out, words.len);
    fputs("</script>\n", out);
    bool good = !words.failed && !ferror(out);
    json_text_free(&words);
    return good;
}

static bool data_element(FILE *out, const char *what, const json_t *v)
{
    char *data = json_dumps(v, JSON_COMPACT);
    if (data == NULL)
        return false;
    size_t len = strlen(data);
    fprintf(out, "<script type=\"application/json\" class=\"%s\">", what);
    html_put(out, HTML_DATA, data, len);
    fputs("</script>\n", out);
    bytes_wipe(data, len);
    free(data);
    return !ferror(out);
}

bool html_story(FILE *out, json_t *story, enum language language)
{
    json_t *said = json_object(), *shown = language == ENGLISH ? json_incref(story) : story_words(story, language, said);
    fputs("<noscript>\n", out);
    html_plain(out, shown, language);
    fputs("</noscript>\n", out);
    json_decref(shown);
    bool good = (language == ENGLISH || data_element(out, "said", said)) && data_element(out, "story", story);
    json_decref(said);
    return good;
}

bool html_end(FILE *out)
{
    fwrite(html_page_bottom, 1, html_page_bottom_len, out);
    return fflush(out) == 0 && !ferror(out);
}

void html_put(FILE *out, enum html_place place, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t done = 0, at = 0;
    while (at < len) {
        uint32_t c;
        size_t n = html_character(s + at, len - at, &c);
        if (place == HTML_TEXT ? plain_in_page(c) : plain_in_data(c)) {
            at += n;
            continue;
        }
        fwrite(s + done, 1, at - done, out);
        if (place == HTML_DATA)
            fprintf(out, "\\u%04x", (unsigned)c);
        else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            fprintf(out, "&#%u;", (unsigned)c);
        else if (c < 0x100)
            fprintf(out, "\\x%02x", (unsigned)c);
        else
            fprintf(out, "\\u%04x", (unsigned)c);
        at += n;
        done = at;
    }
    fwrite(s + done, 1, at - done, out);
}

/* Marks that turn the direction of writing could show a name in another order than it has. */
static bool turns_writing(uint32_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool plain_in_page(uint32_t c)
{
    if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
        return false;
    if ((c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfffd || c == 0xfeff)
        return false;
    return !turns_writing(c);
}

/* In JSON made by jansson these stand only inside strings, where \u can stand for them. */
static bool plain_in_data(uint32_t c)
{
    return c >= 0x20 && c != '<' && c != '>' && c != '&' && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c != 0x2028 &&
           c != 0x2029 && c != 0xfffd && c != 0xfeff && !turns_writing(c);
}

size_t html_character(const unsigned char *s, size_t len, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char b = s[0];
    size_t n = b < 0x80 ? 1 : b >= 0xf0 && b < 0xf8 ? 4 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xc0 && b < 0xe0 ? 2 : 0;
    uint32_t c = n == 1 ? b : n == 0 ? 0 : b & (0x7fu >> n);
    if (n > len)
        n = 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        *character = 0xfffd;
        return 1;
    }
    *character = c;
    return n;
}
