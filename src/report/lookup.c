/* report/lookup.c: registered numbers by number or name, with what is known about them: standard, status, a sentence of the
   glossary, and for a cipher suite its parts (RFC 5246 A.5, C). */
#include <stdlib.h>

#include "explain/glossary.h"
#include "explain/suite_parts.h"
#include "report/derive.h"
#include "report/lookup_more.h"
#include "report/report.h"

enum { ROWS_MOST = 60, TERMS_MOST = 12, COLUMN = 20, FEW = 8 };

struct match {
    const struct names *names;
    const struct name_row *row;
};

static const struct {
    const struct names *names;
    const char *paths[3]; /* where the glossary has such things: before the name */
} registries[] = {
    {&suite_names, {NULL}},
    {&extension_names, {"extensions.", "client_hello.extensions."}},
    {&alert_names, {"alert.", "alert.description."}},
    {&group_names, {NULL}},
    {&scheme_names, {NULL}},
    {&version_names, {NULL}},
    {&handshake_names, {""}},
    {&content_type_names, {""}},
    {&compression_names, {NULL}},
    {&certificate_compression_names, {NULL}},
    {&point_format_names, {NULL}},
    {&psk_mode_names, {NULL}},
    {&certificate_type_names, {NULL}},
    {&status_type_names, {NULL}},
    {&key_update_names, {NULL}},
    {&certificate_kind_names, {NULL}},
};

static size_t search(const char *word, const char *registry, bool known, struct match matches[ROWS_MOST],
                     const struct glossary_row *terms[TERMS_MOST], size_t *n_terms, enum language language);
static size_t collect(const char *word, const char *registry, bool whole, struct match matches[ROWS_MOST]);
static bool is_title(const char *title, const char *word);
static bool is_rfc(const char *word);
static bool of_section(const char *section, const char *word);
static bool is_number(const char *word, uint32_t *number);
static void plain(const char *word, char out[200]);
static bool mentions(const char *sentence, const char *word);
static bool is_letter(char c);
static const char *sentence_of(const struct match *m, enum language language);
static void term(struct report *r, const struct lookup_out *out, const struct glossary_row *row,
                 enum language language);
static void text_match(struct report *r, const struct match *m, bool brief);
static void text_pair(struct report *r, const char *label, const char *value);
static void text_suite(struct report *r, uint16_t id);
static void json_match(struct json_text *w, const struct match *m, enum language language);

size_t report_lookup(const char *word, const char *registry, bool definition, const struct report_options *options)
{
    struct match matches[ROWS_MOST];
    const struct glossary_row *terms[TERMS_MOST];
    struct report_options plain_form = *options;
    struct json_text t = {0};
    plain_form.form = REPORT_TEXT; /* no story begins here */
    struct report *r = report_new(&plain_form);
    if (r == NULL)
        return 0;
    bool json = options->form == REPORT_JSON || options->form == REPORT_JSON_LINES;
    const struct lookup_out out = {.page = json ? NULL : &r->page, .json = json ? &t : NULL};
    put_list(&t, NULL);
    size_t more = definition ? lookup_struct(word, &out) : registry == NULL ? lookup_more(word, true, &out) : 0;
    size_t n_terms = 0, n = definition || (more > 0 && is_title(version_names.title, word))
                                ? 0
                                : search(word, registry, more > 0, matches, terms, &n_terms, options->language);
    for (size_t i = 0; i < n && json; i++)
        json_match(&t, &matches[i], options->language);
    for (size_t i = 0; i < n && !json; i++)
        text_match(r, &matches[i], n > FEW);
    for (size_t i = 0; i < n_terms; i++)
        term(r, &out, terms[i], options->language);
    if (more + n + n_terms == 0 && !definition && registry == NULL && strlen(word) > 2)
        more = lookup_more(word, false, &out);
    if (n == ROWS_MOST && !json)
        text_pair(r, "and more:", "write more of the name");
    put_list_end(&t);
    if (json && more + n + n_terms > 0)
        json_text_write(&t, options->out, options->form == REPORT_JSON ? JSON_DRAWN : JSON_LINE);
    if (!json)
        page_write(&r->page, options->out);
    json_text_free(&t);
    report_free(r);
    return more + n + n_terms;
}

size_t report_lookup_names(const char **names, size_t most)
{
    size_t n = lookup_more_names(names, most);
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++)
        for (size_t k = 0; k < registries[i].names->n && n < most; k++)
            names[n++] = registries[i].names->rows[k].name;
    return n;
}

static void term(struct report *r, const struct lookup_out *out, const struct glossary_row *row, enum language language)
{
    if (out->json != NULL) {
        put_object(out->json, NULL);
        put_words(out->json, "term", row->path);
        put_words(out->json, "sentence", glossary_sentence(row, language));
        put_object_end(out->json);
        return;
    }
    page_words(&r->page, STRONG, 2, row->path);
    page_line(&r->page);
    page_to(&r->page, 2);
    page_words(&r->page, PLAIN, 2, glossary_sentence(row, language));
    page_line(&r->page);
}

/* The whole name or the number; when nothing has it, a term of the glossary, then parts of names, then the glossary's
   sentences. known: something else has that name, so that parts are not asked for. */
static size_t search(const char *word, const char *registry, bool known, struct match matches[ROWS_MOST],
                     const struct glossary_row *terms[TERMS_MOST], size_t *n_terms, enum language language)
{
    size_t n = collect(word, registry, true, matches);
    uint32_t number;
    uint16_t id;
    bool all = registry == NULL;
    *n_terms = 0;
    if (n == 0 && all && fede_suite_by_name(word, &id)) /* OpenSSL's names */
        matches[n++] = (struct match){&suite_names, names_row(&suite_names, id)};
    if (n == 0 && all && fede_group_by_name(word, &id)) /* NIST's */
        matches[n++] = (struct match){&group_names, names_row(&group_names, id)};
    for (size_t i = 0; i < glossary_count() && n == 0 && all && *n_terms == 0; i++)
        if (lookup_fits(glossary_at(i)->path, word, true))
            terms[(*n_terms)++] = glossary_at(i);
    if (n + *n_terms == 0 && !known && strlen(word) > 1 && !is_number(word, &number))
        n = collect(word, registry, false, matches);
    for (size_t i = 0; i < glossary_count() && n == 0 && !known && all && *n_terms < TERMS_MOST; i++)
        if (mentions(glossary_at(i)->sentence, word) ||
            (language != ENGLISH && strstr(glossary_sentence(glossary_at(i), language), word) != NULL))
            terms[(*n_terms)++] = glossary_at(i);
    return n;
}

static size_t collect(const char *word, const char *registry, bool whole, struct match matches[ROWS_MOST])
{
    uint32_t number = 0;
    size_t n = 0;
    bool numeric = is_number(word, &number);
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
        const struct names *names = registries[i].names;
        if (registry != NULL && !lookup_fits(names->title, registry, false))
            continue;
        const struct name_row *row = numeric ? names_row(names, number) : NULL;
        bool listed = !numeric && is_title(names->title, word), in_rfc = is_rfc(word);
        if (row != NULL && n < ROWS_MOST)
            matches[n++] = (struct match){names, row};
        for (size_t k = 0; k < names->n && !numeric && n < ROWS_MOST; k++)
            if (listed ||
                (in_rfc ? of_section(names->rows[k].section, word) : lookup_fits(names->rows[k].name, word, whole)))
                matches[n++] = (struct match){names, &names->rows[k]};
    }
    return n;
}

/* "content-type", "cipher suites": the whole registry is meant; short names and those of other standards do too. */
static bool is_title(const char *title, const char *word)
{
    static const char *const others[][2] = {{"record type", "content type"},  {"cipher suite", "suite"},
                                            {"handshake message", "message"}, {"handshake message", "handshake type"},
                                            {"signature scheme", "scheme"},   {"named group", "group"},
                                            {"extension", "extension type"}};
    char plural[80];
    snprintf(plural, sizeof plural, "%ss", title);
    bool is = lookup_fits(title, word, true) || lookup_fits(plural, word, true);
    for (size_t i = 0; i < sizeof others / sizeof *others && !is; i++) {
        snprintf(plural, sizeof plural, "%ss", others[i][1]);
        is = strcmp(title, others[i][0]) == 0 &&
             (lookup_fits(others[i][1], word, true) || lookup_fits(plural, word, true));
    }
    return is;
}

static bool is_rfc(const char *word)
{
    return (strncmp(word, "RFC", 3) == 0 || strncmp(word, "rfc", 3) == 0) && word[3] != '\0';
}

/* "RFC 5246 7.4" is where "RFC 5246 7.4.1.2" lies, and so is "rfc5246". */
static bool of_section(const char *section, const char *word)
{
    char a[200], b[200];
    plain(section, a);
    plain(word, b);
    const char *at = strstr(a, b);
    return at != NULL && !(at[strlen(b)] >= '0' && at[strlen(b)] <= '9' && strchr(b, '.') != NULL);
}

/* 47, 0x2f, 0xC0,0x2B as the registry writes suites, or four hexadecimal digits. */
static bool is_number(const char *word, uint32_t *number)
{
    char *end;
    size_t len = strlen(word);
    if (len == 0 || word[0] == '-' || word[0] == '+' || word[0] == ' ')
        return false;
    unsigned long n = strtoul(word, &end, strncmp(word, "0x", 2) == 0 || strncmp(word, "0X", 2) == 0 ? 16 : 10);
    if (*end == ',' && len == strlen("0xC0,0x2B") && n <= 0xff)
        n = n << 8 | strtoul(end + 1, &end, 16);
    if (*end != '\0' && len == 4)
        n = strtoul(word, &end, 16);
    *number = (uint32_t)n;
    return *end == '\0' && n <= 0xffffffff;
}

/* Case does not count, nor do hyphens, underlines and blanks: ServerHello is server_hello. */
bool lookup_fits(const char *name, const char *word, bool whole)
{
    char a[200], b[200];
    plain(name, a);
    plain(word, b);
    return b[0] != '\0' && (whole ? strcmp(a, b) == 0 : strstr(a, b) != NULL);
}

static void plain(const char *word, char out[200])
{
    size_t n = 0;
    for (; *word != '\0' && n < 199; word++)
        if (*word != '-' && *word != '_' && *word != ' ')
            out[n++] = (char)(*word >= 'A' && *word <= 'Z' ? *word - 'A' + 'a' : *word);
    out[n] = '\0';
}

/* Is it a word of the sentence? */
static bool mentions(const char *sentence, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = sentence; len > 1 && *at != '\0'; at++) {
        bool begins = at == sentence || !is_letter(at[-1]);
        size_t i = 0;
        while (i < len && at[i] != '\0' && (at[i] == word[i] || (is_letter(at[i]) && (at[i] ^ 32) == word[i])))
            i++;
        if (begins && i == len && !is_letter(at[len]))
            return true;
    }
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static const char *sentence_of(const struct match *m, enum language language)
{
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
        for (size_t k = 0; registries[i].names == m->names && k < 3 && registries[i].paths[k] != NULL; k++) {
            char path[200];
            snprintf(path, sizeof path, "%s%s", registries[i].paths[k], m->row->name);
            for (size_t g = 0; g < glossary_count(); g++)
                if (strcmp(glossary_at(g)->path, path) == 0)
                    return glossary_sentence(glossary_at(g), language);
        }
    }
    /* What several of a kind share stands in the glossary under the kind's name. */
    const struct glossary_row *row = m->names == &extension_names ? glossary_find(m->row->name) : NULL;
    return row != NULL ? glossary_sentence(row, language) : NULL;
}

static void text_match(struct report *r, const struct match *m, bool brief)
{
    struct page *p = &r->page;
    char name[200], section[120];
    struct text t = text_in(name, sizeof name);
    field_registered(&t, m->names, m->row->number);
    page_value_words(p, STRONG, 2, name);
    page_line(p);
    snprintf(section, sizeof section, "%s%s%s", m->row->section,
             m->row->section[0] != '\0' && m->row->status[0] != '\0' ? "; " : "", m->row->status);
    text_pair(r, m->names->title, section);
    if (brief)
        return;
    struct text link = text_in(section, sizeof section);
    lookup_link(m->row->section, &link);
    if (link.len > 0)
        text_pair(r, "standard", section);
    if (lookup_has_struct(m->row->name) && (m->names == &handshake_names || m->names == &extension_names))
        text_pair(r, "definition", "with --struct");
    if (m->names == &suite_names && !names_is_grease(m->row->number))
        text_suite(r, (uint16_t)m->row->number);
    const char *sentence = sentence_of(m, r->options.language);
    if (sentence != NULL) {
        page_to(p, 2);
        page_words(p, PLAIN, 2, sentence);
        page_line(p);
    }
}

static void text_pair(struct report *r, const char *label, const char *value)
{
    page_to(&r->page, 2);
    page_put(&r->page, FAINT, label);
    page_to(&r->page, COLUMN);
    page_words(&r->page, PLAIN, COLUMN, value);
    page_line(&r->page);
}

static void text_suite(struct report *r, uint16_t id)
{
    struct suite_parts s = suite_parts(id);
    const struct suite *own = suite_by_id(id);
    char cipher[120];
    if (!s.known)
        return;
    snprintf(cipher, sizeof cipher, s.key_bits > 0 ? "%s, %s, %u bits" : "%s, %s", s.cipher, s.mode, s.key_bits);
    text_pair(r, "key exchange", s.exchange);
    text_pair(r, "authentication", s.authentication);
    text_pair(r, "cipher", cipher);
    text_pair(r, "integrity", s.mac);
    text_pair(r, s.tls13 ? "HKDF hash" : "PRF hash", s.prf);
    text_pair(r, "forward secrecy", s.forward_secrecy ? "yes" : "no");
    char judgement[700];
    struct text j = text_in(judgement, sizeof judgement);
    lookup_judgement(&s, &j);
    text_pair(r, "judgement", judgement);
    text_pair(r, "versions", s.tls13 ? "TLS 1.3" : s.least == 0x0303 ? "TLS 1.2" : "up to TLS 1.2");
    if (own != NULL)
        text_pair(r, "OpenSSL's name", own->openssl_name);
}

static void json_match(struct json_text *w, const struct match *m, enum language language)
{
    put_registered_open(w, NULL, m->names, m->row->number);
    put_words(w, "registry", m->names->title);
    put_words(w, "section", m->row->section);
    put_words(w, "status", m->row->status);
    char words[700];
    struct text link = text_in(words, sizeof words);
    lookup_link(m->row->section, &link);
    put_words(w, "link", words);
    put_words(w, "registries_of", LOOKUP_STATE);
    const char *sentence = sentence_of(m, language);
    if (sentence != NULL)
        put_words(w, "sentence", sentence);
    struct suite_parts s = suite_parts((uint16_t)m->row->number);
    if (m->names == &suite_names && s.known) {
        put_object(w, "parts");
        put_words(w, "key_exchange", s.exchange);
        put_words(w, "authentication", s.authentication);
        put_words(w, "cipher", s.cipher);
        put_words(w, "mode", s.mode);
        put_number(w, "key_bits", s.key_bits);
        put_words(w, "integrity", s.mac);
        put_words(w, "hash", s.prf);
        put_flag(w, "forward_secrecy", s.forward_secrecy);
        struct text j = text_in(words, sizeof words);
        lookup_judgement(&s, &j);
        put_words(w, "judgement", words);
        put_object_end(w);
    }
    put_object_end(w);
}
