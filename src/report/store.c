/* report/store.c: the trust anchors of a system, listed and searched. */
#include <ctype.h>
#include <stdlib.h>

#include "report/certs.h"

static bool holds(const char *subject, const char *word);
static void say_day(struct text *t, int64_t seconds);

long store_tell(const struct report_options *options, const fede_trust *trust, const char *source,
                const char *const *words, size_t n_words, int64_t at)
{
    bool json = options->form == REPORT_JSON || options->form == REPORT_JSON_LINES;
    json_t *list = json ? json_array() : NULL;
    struct report *r = json ? NULL : report_new(options);
    long n = 0;
    size_t all = 0, invalid = 0;
    if (json ? list == NULL : r == NULL)
        return -1;
    for (bytes der; (der = fede_trust_at(trust, all)).len > 0; all++) {
        struct summary s;
        certificate_summary(der, &s);
        bool wanted = true, valid = at >= s.not_before && at <= s.not_after;
        for (size_t i = 0; i < n_words; i++)
            wanted = wanted && holds(s.subject, words[i]);
        if (!wanted)
            continue;
        n++;
        invalid += !valid;
        char from[64], to[64], hash[80];
        struct text f = text_in(from, sizeof from), u = text_in(to, sizeof to), h = text_in(hash, sizeof hash);
        say_day(&f, s.not_before);
        say_day(&u, s.not_after);
        text_hex(&h, BYTES_OF(s.sha256));
        if (json) {
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "subject", s.subject, "not_before",
                                                  from, "not_after", to, "valid", valid, "key", s.key, "sha256", hash));
            continue;
        }
        struct page *p = &r->page;
        page_put(p, valid ? GOOD : BAD, valid ? "✓" : "✗");
        page_to(p, 2);
        page_put(p, FAINT, from);
        page_put(p, FAINT, " to ");
        page_put(p, valid ? PLAIN : BAD, to);
        page_to(p, 28);
        page_put(p, FAINT, s.key);
        page_to(p, 39);
        page_words(p, PLAIN, 39, s.subject);
        page_line(p);
        if (options->level > 1) {
            page_to(p, 39);
            page_put(p, FAINT, hash);
            page_line(p);
        }
    }
    if (json) {
        json_t *o = json_pack("{s:s, s:I, s:o}", "store", source, "anchors", (json_int_t)all, "certificates", list);
        bool written =
            o != NULL && json_dumpf(o, options->out, JSON_INDENT(2)) == 0 && fputc('\n', options->out) != EOF;
        json_decref(o);
        return written ? n : -1;
    }
    char line[500];
    snprintf(line, sizeof line, "%ld of %s; %zu of them not valid at this time", n, source, invalid);
    page_words(&r->page, STRONG, 0, line);
    page_line(&r->page);
    bool failed = r->page.failed;
    page_write(&r->page, options->out);
    report_free(r);
    return failed ? -1 : n;
}

/* In any case of ASCII letters. */
static bool holds(const char *subject, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = subject; *at != '\0'; at++) {
        size_t i = 0;
        while (i < len && at[i] != '\0' && tolower((unsigned char)at[i]) == tolower((unsigned char)word[i]))
            i++;
        if (i == len)
            return true;
    }
    return len == 0;
}

static void say_day(struct text *t, int64_t seconds)
{
    char whole[64];
    struct text w = text_in(whole, sizeof whole);
    text_time(&w, seconds);
    char *space = strchr(whole, ' ');
    if (space != NULL)
        *space = '\0';
    text_add(t, whole);
}
