/* report/lookup_more.c: versions, attacks, structs and OIDs by name, out of the tables attacks.def, versions.def, structs.def
   and those of the certificates. */
#include "report/lookup_more.h"

#include <stdlib.h>
#include <string.h>

#include "explain/oids.h"
#include "wire/messages.h"

struct attack {
    const char *name, *others, *year, *references, *what, *needs, *fede;
};
struct version {
    uint32_t number;
    const char *name, *year, *standard, *status, *remark;
};
struct definition {
    const char *name, *others, *section, *text;
};

#define ATTACK(...) {__VA_ARGS__},
static const struct attack attacks[] = {
#include "report/attacks.def"
};
static const struct {
    const char *name, *what, *needs, *fede;
} attacks_zh[] = {
#define ATTACK_ZH(...) {__VA_ARGS__},
#include "report/attacks_zh.def"
};
_Static_assert(sizeof attacks_zh / sizeof *attacks_zh == sizeof attacks / sizeof *attacks, "an attack has no Chinese");
#define VERSION(...) {__VA_ARGS__},
static const struct version versions[] = {
#include "report/versions.def"
};
#define STRUCT(...) {__VA_ARGS__},
static const struct definition structs[] = {
#include "report/structs.def"
};
enum {
    ATTACKS = sizeof attacks / sizeof *attacks,
    VERSIONS = sizeof versions / sizeof *versions,
    STRUCTS = sizeof structs / sizeof *structs
};
enum { COLUMN = 20 };

static bool among(const char *list, const char *word, bool whole);
static void tell_attack(const struct attack *a, const struct lookup_out *out, bool brief);
static void tell_version(const struct version *v, const struct lookup_out *out, bool brief);
static size_t tell_oids(const char *word, bool whole, const struct lookup_out *out);
static void pair(const struct lookup_out *out, const char *key, const char *value);
static void open_entry(const struct lookup_out *out, const char *kind, const char *name, const char *aside);
static void close_entry(const struct lookup_out *out);

size_t lookup_more(const char *word, bool whole, const struct lookup_out *out)
{
    bool all_attacks = whole && lookup_fits("attacks", word, true),
         all_versions = whole && lookup_fits("versions", word, true);
    char *end;
    unsigned long number = strtoul(word, &end, 0);
    bool numeric = strncmp(word, "0x", 2) == 0 && *end == '\0';
    size_t n = 0;
    for (size_t i = 0; i < VERSIONS; i++) {
        const struct version *v = &versions[i];
        char wire[16]; /* "3.3" */
        snprintf(wire, sizeof wire, "%u.%u", v->number >> 8, v->number & 0xff);
        bool hit = numeric ? v->number == number : lookup_fits(v->name, word, whole) || strcmp(wire, word) == 0;
        if (all_versions || hit)
            tell_version(v, out, all_versions);
        n += all_versions || hit;
    }
    for (size_t i = 0; i < ATTACKS && !numeric; i++) {
        const struct attack *a = &attacks[i];
        bool hit =
            lookup_fits(a->name, word, whole) || among(a->others, word, whole) || among(a->references, word, true);
        if (all_attacks || hit)
            tell_attack(a, out, all_attacks);
        n += all_attacks || hit;
    }
    return n + (numeric ? 0 : tell_oids(word, whole, out));
}

size_t lookup_struct(const char *word, const struct lookup_out *out)
{
    size_t n = 0;
    for (size_t i = 0; i < STRUCTS; i++) {
        const struct definition *s = &structs[i];
        if (!lookup_fits(s->name, word, true) && !among(s->others, word, true))
            continue;
        n++;
        open_entry(out, "struct", s->name, s->section);
        if (out->json != NULL) {
            char link[200];
            struct text t = text_in(link, sizeof link);
            lookup_link(s->section, &t);
            put_words(out->json, "section", s->section);
            put_words(out->json, "link", link);
            put_words(out->json, "definition", s->text);
        }
        char line[200];
        for (const char *at = s->text; out->page != NULL && *at != '\0';) {
            size_t len = strcspn(at, "\n");
            snprintf(line, sizeof line, "%.*s", (int)len, at);
            page_to(out->page, 2);
            page_value(out->page, PLAIN, line);
            page_line(out->page);
            at += len + (at[len] == '\n');
        }
        close_entry(out);
    }
    return n;
}

bool lookup_has_struct(const char *name)
{
    for (size_t i = 0; i < STRUCTS; i++)
        if (lookup_fits(structs[i].name, name, true))
            return true;
    return false;
}

void lookup_link(const char *section, struct text *out)
{
    unsigned rfc;
    int n = 0;
    if (sscanf(section, "RFC %u%n", &rfc, &n) != 1)
        return;
    text_add(out, "https://www.rfc-editor.org/rfc/rfc");
    text_number(out, rfc);
    size_t len = section[n] == ' ' ? strspn(section + n + 1, "0123456789.ABCDEF") : 0;
    if (len == 0)
        return;
    bool appendix = section[n + 1] >= 'A' && section[n + 1] <= 'F';
    text_add(out, appendix ? "#appendix-" : "#section-");
    for (size_t i = 0; i < len; i++)
        text_char(out, section[(size_t)n + 1 + i]);
}

size_t lookup_more_names(const char **names, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < ATTACKS && n < most; i++)
        names[n++] = attacks[i].name;
    for (size_t i = 0; i < VERSIONS && n < most; i++)
        names[n++] = versions[i].name;
    for (size_t i = 0; i < STRUCTS && n < most; i++)
        names[n++] = structs[i].name;
    return n;
}

void lookup_judgement(const struct suite_parts *s, struct text *out)
{
    static const char stop[] = "; ";
    const size_t begin = out->len;
    // clang-format off
    const struct { bool holds; const char *words; } faults[] = {
        {s->proof == PROOF_NONE, "anonymous: whoever stands in between can be the server"},
        {strcmp(s->cipher, "none") == 0, "nothing is encrypted"},
        {s->export_grade, "export grade: broken in seconds (FREAK, Logjam)"},
        {strncmp(s->cipher, "RC4", 3) == 0, "RC4 is forbidden by RFC 7465"},
        {s->block == 8, "blocks of 64 bits repeat in long connections (SWEET32)"},
        {s->kx == KX_RSA, "no forward secrecy: who gets the server's key reads recordings, not to be offered by default (RFC 10015), oracles (ROBOT, Marvin)"},
        {!s->tls13 && (s->kx == KX_DHE || s->kx == KX_DHE_PSK), "finite-field DH: not to be offered by default (RFC 10015)"},
        {!s->tls13 && s->kx != KX_RSA && !s->forward_secrecy && s->proof != PROOF_NONE, "no forward secrecy"},
        {s->cbc, "CBC with the MAC inside leaks by timing unless done with care (Lucky 13); encrypt_then_mac helps (RFC 7366)"},
        {s->mac_len == 16 && s->mac_hash != 0 && !s->aead, "HMAC with MD5"},
        {s->aead && s->tag_len == 8, "the tag has 8 bytes: for constrained devices only"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (!faults[i].holds)
            continue;
        text_add(out, out->len > begin ? stop : "");
        text_add(out, faults[i].words);
    }
    if (out->len == begin)
        text_add(out, s->tls13 ? "nothing known against it"
                               : "nothing known against it; recommended for TLS 1.2 by RFC 9325 4.2");
}

/* ---- */

/* Names between commas or semicolons. */
static bool among(const char *list, const char *word, bool whole)
{
    char one[120];
    for (size_t len; *list != '\0'; list += len + strspn(list + len, ",; ")) {
        len = strcspn(list, ",;");
        snprintf(one, sizeof one, "%.*s", (int)len, list);
        if (lookup_fits(one, word, whole))
            return true;
    }
    return false;
}

static void open_entry(const struct lookup_out *out, const char *kind, const char *name, const char *aside)
{
    if (out->json != NULL) {
        put_object(out->json, NULL);
        put_words(out->json, kind, name);
        return;
    }
    page_value(out->page, STRONG, name);
    page_put(out->page, FAINT, aside[0] != '\0' ? "  " : "");
    page_put(out->page, FAINT, aside);
    page_line(out->page);
}

static void close_entry(const struct lookup_out *out)
{
    if (out->json != NULL)
        put_object_end(out->json);
}

static void pair(const struct lookup_out *out, const char *key, const char *value)
{
    if (value[0] == '\0')
        return;
    if (out->json != NULL) {
        put_words(out->json, key, value);
        return;
    }
    page_to(out->page, 2);
    page_put(out->page, FAINT, key);
    page_to(out->page, COLUMN);
    page_words(out->page, PLAIN, COLUMN, value);
    page_line(out->page);
}

static void tell_attack(const struct attack *a, const struct lookup_out *out, bool brief)
{
    open_entry(out, "attack", a->name, a->year);
    if (out->json != NULL)
        put_words(out->json, "year", a->year);
    if (!brief || out->json != NULL) {
        pair(out, out->json != NULL ? "other_names" : "also", a->others);
        pair(out, "references", a->references);
    }
    const size_t at = (size_t)(a - attacks);
    const bool chinese = out->page != NULL && out->page->language == CHINESE;
    pair(out, "what", chinese ? attacks_zh[at].what : a->what);
    if (!brief || out->json != NULL) {
        pair(out, "needs", chinese ? attacks_zh[at].needs : a->needs);
        pair(out, "fede", chinese ? attacks_zh[at].fede : a->fede);
    }
    close_entry(out);
}

static void tell_version(const struct version *v, const struct lookup_out *out, bool brief)
{
    char number[64];
    snprintf(number, sizeof number, "%u.%u, 0x%04x", v->number >> 8, v->number & 0xff, v->number);
    if (brief && out->page != NULL) {
        enum { AT_NUMBER = 10, AT_YEAR = 28, AT_STANDARD = 34 };
        page_put(out->page, STRONG, v->name);
        page_to(out->page, AT_NUMBER);
        page_put(out->page, PLAIN, number);
        page_to(out->page, AT_YEAR);
        page_put(out->page, PLAIN, v->year);
        page_to(out->page, AT_STANDARD);
        page_words(out->page, PLAIN, AT_STANDARD, v->standard);
        page_put(out->page, FAINT, "; ");
        page_words(out->page, FAINT, AT_STANDARD, v->status);
        page_line(out->page);
        page_to(out->page, AT_NUMBER);
        page_words(out->page, FAINT, AT_NUMBER, v->remark);
        page_line(out->page);
        return;
    }
    open_entry(out, "version", v->name, v->year);
    pair(out, out->json != NULL ? "number" : "on the wire", number);
    if (out->json != NULL)
        put_words(out->json, "year", v->year);
    pair(out, "standard", v->standard);
    pair(out, "status", v->status);
    pair(out, "remark", v->remark);
    close_entry(out);
}

static size_t tell_oids(const char *word, bool whole, const struct lookup_out *out)
{
    size_t found = 0;
    bytes oid;
    for (size_t i = 0; (oid = oid_at(i)).len > 0; i++) {
        char both[200];
        struct text t = text_in(both, sizeof both);
        oid_text(&t, oid); /* "commonName (2.5.4.3)" */
        const char *open = strrchr(both, '(');
        char dotted[120] = "";
        if (open != NULL)
            snprintf(dotted, sizeof dotted, "%.*s", (int)strcspn(open + 1, ")"), open + 1);
        if (strcmp(dotted, word) != 0 && !lookup_fits(oid_name(oid), word, whole))
            continue;
        char hex[120];
        struct text h = text_in(hex, sizeof hex);
        text_hex(&h, oid);
        open_entry(out, "oid", oid_name(oid), "object identifier");
        pair(out, out->json != NULL ? "dotted" : "number", dotted);
        pair(out, "der", hex);
        close_entry(out);
        found++;
    }
    return found;
}
