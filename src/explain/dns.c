/* explain/dns.c: DNS messages read without trust: a compressed name goes back only, at most so many times; every length is held
   against the message; a record that is malformed ends the reading, what came before stays. Answers are kept up to a number,
   then the oldest goes. c-ares, which the tool resolves with, reads answers too, but in Debian 12 none but a few types. */
#include "explain/dns.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_DNAME = 39,
    DNS_SVCB = 64,
    DNS_HTTPS = 65
};
enum { HEADER = 12, JUMPS_MOST = 64, DATA_TEXT = 1200 };

struct reader {
    bytes all;
    size_t at;
    bool bad;
};

static void answer_free(struct dns_answer *a);
static struct dns_answer *read_answer(struct reader *r);
static bool read_record(struct reader *r, struct dns_record *record);
static void record_text(struct reader *r, uint16_t type, size_t len, struct dns_record *record, struct text *out);
static void service_text(struct reader *r, size_t end, struct dns_record *record, struct text *out);
static void read_name(struct reader *r, char out[DNS_NAME]);
static void keep(struct dns *d, struct dns_answer *a);

static uint8_t take8(struct reader *r)
{
    if (r->bad || r->at >= r->all.len) {
        r->bad = true;
        return 0;
    }
    return r->all.data[r->at++];
}

static uint16_t take16(struct reader *r)
{
    uint16_t high = take8(r);
    return (uint16_t)(high << 8 | take8(r));
}

static uint32_t take32(struct reader *r)
{
    uint32_t high = take16(r);
    return high << 16 | take16(r);
}

static bool same(const struct address *a, const struct address *b, bool port)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0 && (!port || a->port == b->port);
}

static char *copy_of(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = malloc(len);
    if (copy != NULL)
        bytes_copy(copy, text, len);
    return copy;
}

bool dns_hear(struct dns *d, const struct address *from, const struct address *to, bytes message, bool tcp,
              uint64_t at_us, uint64_t packet)
{
    struct reader r = {message, 0, false};
    if (message.len < HEADER || (load16(message.data + 2) >> 11 & 15) > 6 || load16(message.data + 4) > 16) {
        d->broken++;
        return false;
    }
    uint16_t id = load16(message.data), flags = load16(message.data + 2);
    if (!(flags & 0x8000)) {
        struct dns_asked *q = &d->asked[d->next_asked++ % DNS_ASKED_MOST];
        *q = (struct dns_asked){id, *from, at_us, packet};
        d->questions++;
        return true;
    }
    d->replies++;
    struct dns_answer *a = read_answer(&r);
    if (a == NULL) {
        d->broken++;
        return false;
    }
    a->id = id;
    a->flags = flags;
    a->rcode = flags & 15;
    a->tcp = tcp;
    a->at_us = at_us;
    a->packet = packet;
    a->client = *to;
    a->server = *from;
    for (size_t i = 0; i < DNS_ASKED_MOST; i++) {
        const struct dns_asked *q = &d->asked[i];
        if (q->packet != 0 && q->id == id && same(&q->client, to, true) && q->at_us <= at_us &&
            q->at_us >= a->asked_us) {
            a->asked_us = q->at_us;
            a->asked_packet = q->packet;
        }
    }
    keep(d, a);
    return true;
}

void dns_end(struct dns *d)
{
    for (size_t i = 0; i < d->n; i++)
        answer_free(d->answers[i]);
    free(d->answers);
    *d = (struct dns){0};
}

static void keep(struct dns *d, struct dns_answer *a)
{
    if (d->n == DNS_ANSWERS_MOST) {
        answer_free(d->answers[0]);
        bytes_move(d->answers, d->answers + 1, (d->n - 1) * sizeof *d->answers);
        d->n--;
        d->left_out++;
    }
    if (d->n == d->room) {
        size_t room = d->room == 0 ? 64 : 2 * d->room;
        struct dns_answer **larger = realloc(d->answers, room * sizeof *larger);
        if (larger == NULL) {
            answer_free(a);
            d->left_out++;
            return;
        }
        d->answers = larger;
        d->room = room;
    }
    d->answers[d->n++] = a;
}

static void answer_free(struct dns_answer *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->n; i++) {
        free(a->records[i].name);
        free(a->records[i].text);
    }
    free(a->records);
    free(a->name);
    free(a);
}

/* ---- one message ---- */

static struct dns_answer *read_answer(struct reader *r)
{
    struct dns_answer *a = calloc(1, sizeof *a);
    char name[DNS_NAME];
    if (a == NULL)
        return NULL;
    unsigned questions = load16(r->all.data + 4), answers = load16(r->all.data + 6);
    r->at = HEADER;
    for (unsigned i = 0; i < questions; i++) {
        read_name(r, name);
        uint16_t type = take16(r);
        take16(r);
        if (i == 0 && !r->bad) {
            a->name = copy_of(name);
            a->type = type;
        }
    }
    if (a->name == NULL && questions == 0)
        a->name = copy_of("");
    if (r->bad || a->name == NULL) {
        answer_free(a);
        return NULL;
    }
    size_t room = answers < DNS_RECORDS_MOST ? answers : DNS_RECORDS_MOST;
    a->records = room > 0 ? calloc(room, sizeof *a->records) : NULL;
    a->cut = answers > room;
    while (a->records != NULL && a->n < room) {
        struct dns_record record = {0};
        if (!read_record(r, &record)) {
            a->cut = true;
            break;
        }
        a->records[a->n++] = record;
    }
    return a;
}

static bool read_record(struct reader *r, struct dns_record *record)
{
    char name[DNS_NAME], words[DATA_TEXT];
    struct text t = text_in(words, sizeof words);
    read_name(r, name);
    record->type = take16(r);
    take16(r); /* class */
    record->ttl = take32(r);
    size_t len = take16(r);
    if (r->bad || len > r->all.len - r->at)
        return false;
    size_t end = r->at + len;
    record_text(r, record->type, len, record, &t);
    if (r->bad || r->at > end) {
        t = text_in(words, sizeof words);
        text_add(&t, "malformed");
        record->address.family = 0;
    }
    r->bad = false;
    r->at = end;
    record->name = copy_of(name);
    record->text = copy_of(words);
    if (record->name != NULL && record->text != NULL)
        return true;
    free(record->name);
    free(record->text);
    return false;
}

static void address_of(struct reader *r, uint8_t family, struct dns_record *record, struct text *out)
{
    char words[INET6_ADDRSTRLEN] = "";
    size_t len = family == 4 ? 4 : 16;
    for (size_t i = 0; i < len; i++)
        record->address.ip[i] = take8(r);
    record->address.family = family;
    if (inet_ntop(family == 4 ? AF_INET : AF_INET6, record->address.ip, words, sizeof words) != NULL)
        text_add(out, words);
}

static void name_of(struct reader *r, struct text *out)
{
    char name[DNS_NAME];
    read_name(r, name);
    text_add(out, name[0] != '\0' ? name : ".");
}

static void numbers(struct reader *r, int n, struct text *out)
{
    for (int i = 0; i < n; i++) {
        text_number(out, take16(r));
        text_char(out, ' ');
    }
}

static void record_text(struct reader *r, uint16_t type, size_t len, struct dns_record *record, struct text *out)
{
    const size_t end = r->at + len;
    switch (type) {
    case DNS_A:
        address_of(r, 4, record, out);
        break;
    case DNS_AAAA:
        address_of(r, 6, record, out);
        break;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
    case DNS_DNAME:
        name_of(r, out);
        break;
    case DNS_SOA:
        name_of(r, out);
        text_char(out, ' ');
        name_of(r, out);
        break;
    case DNS_MX:
        numbers(r, 1, out);
        name_of(r, out);
        break;
    case DNS_SRV:
        numbers(r, 3, out);
        name_of(r, out);
        break;
    case DNS_SVCB:
    case DNS_HTTPS:
        service_text(r, end, record, out);
        break;
    case DNS_TXT:
        while (r->at < end && !r->bad) {
            size_t n = take8(r);
            bytes rest = bytes_of(r->all.data + r->at, end - r->at);
            text_add(out, out->len > 0 ? " \"" : "\"");
            text_escaped(out, bytes_first(rest, n));
            text_char(out, '"');
            r->at += n < rest.len ? n : rest.len;
        }
        break;
    default:
        text_hex(out, bytes_first(bytes_of(r->all.data + r->at, len), 64));
        text_add(out, len > 64 ? "..." : "");
        break;
    }
}

/* RFC 9460 2.2: priority, target, parameters in ascending order. */
static void service_text(struct reader *r, size_t end, struct dns_record *record, struct text *out)
{
    static const char *const keys[] = {"mandatory", "alpn",     "no-default-alpn", "port", "ipv4hint",
                                       "ech",       "ipv6hint", "dohpath",         "ohttp"};
    enum { ALPN = 1, PORT = 3, HINT4 = 4, ECH = 5, HINT6 = 6 };
    numbers(r, 1, out);
    name_of(r, out);
    while (r->at < end && !r->bad) {
        uint16_t key = take16(r);
        size_t len = take16(r);
        if (r->bad || r->at > end || len > end - r->at) {
            r->bad = true;
            return;
        }
        bytes v = bytes_of(r->all.data + r->at, len);
        r->at += len;
        text_char(out, ' ');
        if (key < sizeof keys / sizeof *keys)
            text_add(out, keys[key]);
        else
            text_add(out, "key"), text_number(out, key);
        if (len > 0)
            text_char(out, '=');
        if (key == ALPN) {
            for (bool first = true; v.len > 0; first = false) {
                text_add(out, first ? "" : ",");
                text_escaped(out, bytes_first(bytes_skip(v, 1), v.data[0]));
                v = bytes_skip(v, v.len < v.data[0] + 1u ? v.len : v.data[0] + 1u);
            }
        } else if (key == PORT && len == 2) {
            text_number(out, load16(v.data));
        } else if (key == HINT4 || key == HINT6) {
            size_t size = key == HINT4 ? 4 : 16;
            char words[INET6_ADDRSTRLEN];
            for (bool first = true; v.len >= size; v = bytes_skip(v, size), first = false) {
                text_add(out, first ? "" : ",");
                if (inet_ntop(size == 4 ? AF_INET : AF_INET6, v.data, words, sizeof words) != NULL)
                    text_add(out, words);
            }
        } else if (key == ECH) {
            record->has_ech = true;
            text_char(out, '(');
            text_number(out, (int64_t)len);
            text_add(out, " bytes)");
        } else {
            text_hex(out, bytes_first(v, 32));
        }
    }
}

/* RFC 1035 4.1.4: pointers lead backwards; the name in whole is at most 255 bytes. */
static void read_name(struct reader *r, char out[DNS_NAME])
{
    struct text t = text_in(out, DNS_NAME);
    size_t at = r->at, behind = 0, total = 0;
    for (int jumps = 0; !r->bad;) {
        if (at >= r->all.len) {
            r->bad = true;
            break;
        }
        size_t len = r->all.data[at];
        if ((len & 0xc0) == 0xc0) {
            if (at + 2 > r->all.len || ++jumps > JUMPS_MOST) {
                r->bad = true;
                break;
            }
            size_t to = load16(r->all.data + at) & 0x3fffu;
            behind = behind == 0 ? at + 2 : behind;
            r->bad = to >= at;
            at = to;
            continue;
        }
        total += len + 1;
        if (len > 63 || total > 255 || at + 1 + len > r->all.len) {
            r->bad = true;
            break;
        }
        at++;
        if (len == 0)
            break;
        text_add(&t, t.len > 0 ? "." : "");
        for (size_t i = 0; i < len; i++) {
            uint8_t c = r->all.data[at + i];
            if (c == '.' || c == '\\') {
                text_char(&t, '\\');
                text_char(&t, (char)c);
            } else if (c > 0x20 && c < 0x7f) {
                text_char(&t, (char)c);
            } else {
                text_char(&t, '\\');
                text_char(&t, (char)('0' + c / 100));
                text_char(&t, (char)('0' + c / 10 % 10));
                text_char(&t, (char)('0' + c % 10));
            }
        }
        at += len;
    }
    r->at = behind != 0 ? behind : at;
}

/* ---- who led where ---- */

static bool same_name(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    n -= n > 0 && a[n - 1] == '.';
    m -= m > 0 && b[m - 1] == '.';
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++) {
        char x = a[i], y = b[i];
        if ((x >= 'A' && x <= 'Z' ? x + 32 : x) != (y >= 'A' && y <= 'Z' ? y + 32 : y))
            return false;
    }
    return true;
}

static bool names_address(const struct dns_answer *a, const struct address *address)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->records[i].address.family != 0 && same(&a->records[i].address, address, false))
            return true;
    return false;
}

size_t dns_led_to(const struct dns *d, const struct address *address, const char *name, uint64_t at_us,
                  const struct dns_answer *list[], size_t most)
{
    size_t n = 0;
    const struct dns_answer *best = NULL;
    for (size_t i = d->n; i-- > 0;) {
        const struct dns_answer *a = d->answers[i];
        if (a->at_us > at_us || !names_address(a, address))
            continue;
        if (name != NULL && same_name(a->name, name)) {
            best = a;
            break;
        }
        best = best == NULL ? a : best;
    }
    if (best == NULL || most == 0)
        return 0;
    list[n++] = best;
    for (size_t i = d->n; i-- > 0 && n < most;) {
        const struct dns_answer *a = d->answers[i];
        bool service = a->type == DNS_HTTPS || a->type == DNS_SVCB;
        if (service && a->at_us <= at_us && same_name(a->name, best->name)) {
            list[n++] = a;
            break;
        }
    }
    return n;
}

/* ---- in words ---- */

void dns_type_name(uint16_t type, struct text *out)
{
    // clang-format off
    static const struct { uint16_t type; const char *name; } types[] = {
        {1, "A"}, {2, "NS"}, {5, "CNAME"}, {6, "SOA"}, {12, "PTR"}, {15, "MX"}, {16, "TXT"}, {28, "AAAA"}, {33, "SRV"},
        {35, "NAPTR"}, {39, "DNAME"}, {41, "OPT"}, {43, "DS"}, {46, "RRSIG"}, {47, "NSEC"}, {48, "DNSKEY"}, {50, "NSEC3"},
        {52, "TLSA"}, {64, "SVCB"}, {65, "HTTPS"}, {99, "SPF"}, {252, "AXFR"}, {255, "ANY"}, {257, "CAA"},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].type == type) {
            text_add(out, types[i].name);
            return;
        }
    }
    text_add(out, "TYPE");
    text_number(out, type);
}

void dns_rcode_name(uint8_t rcode, struct text *out)
{
    static const char *const names[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI"};
    if (rcode < sizeof names / sizeof *names) {
        text_add(out, names[rcode]);
    } else {
        text_add(out, "RCODE");
        text_number(out, rcode);
    }
}

void dns_flag_words(uint16_t flags, struct text *out)
{
    static const struct {
        uint16_t bit;
        const char *words;
    } bits[] = {{0x8000, "answer"},
                {0x0400, "authoritative"},
                {0x0200, "truncated"},
                {0x0100, "recursion desired"},
                {0x0080, "recursion available"},
                {0x0020, "authenticated by the resolver"},
                {0x0010, "checking disabled"}};
    for (size_t i = 0, n = 0; i < sizeof bits / sizeof *bits; i++) {
        if (!(flags & bits[i].bit))
            continue;
        text_add(out, n++ > 0 ? ", " : "");
        text_add(out, bits[i].words);
    }
}

void dns_chain(const struct dns_answer *a, struct text *out)
{
    bool ends = false;
    text_add(out, a->name);
    for (size_t i = 0; i < a->n; i++) {
        const struct dns_record *r = &a->records[i];
        if (r->type == DNS_CNAME || r->type == DNS_DNAME) {
            text_add(out, " → ");
            text_add(out, r->text);
        }
    }
    for (size_t i = 0; i < a->n; i++) {
        const struct dns_record *r = &a->records[i];
        if (r->type == DNS_CNAME || r->type == DNS_DNAME || (r->type != a->type && r->address.family == 0))
            continue;
        text_add(out, ends ? ", " : " → ");
        text_add(out, r->text);
        ends = true;
    }
    if (a->rcode != 0 || !ends) {
        text_add(out, " → ");
        dns_rcode_name(a->rcode, out);
        text_add(out, ends ? "" : " (no record of that type)");
    }
}
