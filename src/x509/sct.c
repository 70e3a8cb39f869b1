/* x509/sct.c: signed certificate timestamps: was the leaf shown to a log that is known here? RFC 6962 3.2, 3.3; the list of
   logs as browsers publish it (log_list.json, version 3): of it keys, descriptions and states count; a log's id is the hash of
   its key. Timestamps come in the certificate, in a TLS extension, and in the OCSP response about it.

   What a log says counts while it is qualified, usable or read-only, and what it said before it was retired; a log that is
   pending or rejected counts for nothing, one without a state like a usable one.

   One that does not verify is as good as none; it is told, and refuses nothing. How many a leaf needs is for whoever reads
   the trail. */
#include "x509/sct.h"

#include <stdatomic.h>

#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/ocsp.h"

enum {
    ID = 32,
    V1 = 0,
    CERTIFICATE_TIMESTAMP = 0,
    X509_ENTRY = 0,
    PRECERT_ENTRY = 1,
    SHA256_HASH = 4,
    SIGN_RSA = 1,
    SIGN_ECDSA = 3
};
enum { LIST_MOST = 16 << 20 };

enum log_state { LOG_UNSAID, LOG_PENDING, LOG_QUALIFIED, LOG_USABLE, LOG_READONLY, LOG_RETIRED, LOG_REJECTED, LOG_STATES };
static const char *const state_names[LOG_STATES] = {"", "pending", "qualified", "usable", "readonly", "retired", "rejected"};

struct ct_log {
    struct ct_log *next;
    uint8_t id[HASH_MAX];
    struct public_key key;
    char name[56];
    uint8_t state;  /* enum log_state */
    int64_t since;  /* of the state, seconds since 1970 */
};
struct fede_ct_logs {
    atomic_uint refs;
    fede_allocator allocator;
    struct arena arena;
    struct ct_log *first;
    size_t n;
};

/* One timestamp, RFC 6962 3.2. */
struct sct {
    bytes id, extensions, signature;
    uint8_t hash, sign;
    uint64_t at_ms;
};

/* ---- The list of logs ------------------------------------------------------------------------------------------- */

/* A string of a JSON text, and where it stands. */
struct json_string {
    char text[1024];
    size_t len;
    int depth; /* open braces around it; what closed since the string before is in lowest */
    int lowest;
    bool is_key; /* a colon follows */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next one, its escapes left out but for the backslash. */
static bool next_string(bytes *text, struct json_string *s)
{
    size_t at = 0;
    s->len = 0;
    s->lowest = s->depth;
    for (; at < text->len && text->data[at] != '"'; at++) {
        s->depth += (text->data[at] == '{') - (text->data[at] == '}');
        s->lowest = s->depth < s->lowest ? s->depth : s->lowest;
    }
    for (at++; at < text->len && text->data[at] != '"'; at++) {
        at += text->data[at] == '\\' && at + 1 < text->len;
        if (s->len + 1 < sizeof s->text)
            s->text[s->len++] = (char)text->data[at];
    }
    if (at >= text->len)
        return false;
    s->text[s->len] = '\0';
    for (at++; at < text->len && is_space(text->data[at]);)
        at++;
    s->is_key = at < text->len && text->data[at] == ':';
    *text = bytes_skip(*text, at);
    return true;
}

/* A log as its object tells it, whatever the order of its members. */
struct log_read {
    int depth; /* of its key; 0: none has come yet */
    char key[1024], name[56];
    int name_depth;
    uint8_t state;
    int64_t since;
};

/* "2022-11-01T18:54:00Z": its digits are those of a GeneralizedTime. */
static int64_t moment(const char *text)
{
    uint8_t der[17] = {DER_GENERAL_TIME, 15}, tag;
    size_t n = 2;
    int64_t seconds = 0;
    for (; *text != '\0' && *text != '.' && n < 16; text++)
        if (*text >= '0' && *text <= '9')
            der[n++] = (uint8_t)*text;
    der[16] = 'Z';
    struct der d = der_in(BYTES_OF(der));
    return n == 16 && der_time(&d, &tag, &seconds) ? seconds : INT64_MIN;
}

static bool add_log(struct fede_ct_logs *logs, const struct log_read *read)
{
    bytes base64 = bytes_text(read->key);
    size_t len = base64.len / 4 * 3 + 3;
    uint8_t *spki = arena_take(&logs->arena, len);
    struct ct_log *log = arena_take(&logs->arena, sizeof *log);
    const char *problem = NULL;
    if (spki == NULL || log == NULL)
        return false;
    if (!base64_read(base64, spki, &len) || !public_key_read(bytes_of(spki, len), &log->key, &problem) ||
        log->key.kind == 0)
        return true; /* no key of a log */
    crypto_hash_once(HASH_SHA256, bytes_of(spki, len), log->id);
    struct text t = text_in(log->name, sizeof log->name);
    text_escaped(&t, bytes_text(read->name_depth == read->depth ? read->name : ""));
    log->state = read->state;
    log->since = read->since;
    log->next = logs->first;
    logs->first = log;
    logs->n++;
    return true;
}

/* A value, behind the member's name. */
static void take_value(struct log_read *log, const char *member, const struct json_string *s)
{
    struct text t;
    if (strcmp(member, "key") == 0) {
        log->depth = s->depth;
        t = text_in(log->key, sizeof log->key);
        text_add(&t, s->text);
    } else if (strcmp(member, "description") == 0) {
        log->name_depth = s->depth;
        t = text_in(log->name, sizeof log->name);
        text_add(&t, s->text);
    } else if (strcmp(member, "timestamp") == 0) {
        log->since = moment(s->text);
    }
}

struct fede_ct_logs *ct_logs_read(const fede_allocator *from, bytes json)
{
    struct fede_ct_logs *logs = memory_take(from, sizeof *logs);
    if (logs == NULL)
        return NULL;
    atomic_init(&logs->refs, 1);
    logs->allocator = *from;
    arena_start(&logs->arena, &logs->allocator, LIST_MOST);
    struct json_string s = {.depth = 0};
    struct log_read log = {.depth = 0};
    char member[16] = "";
    bool good = true;
    while (good && next_string(&json, &s)) {
        if (log.depth > 0 && s.lowest < log.depth) { /* its object has ended */
            good = add_log(logs, &log);
            log = (struct log_read){.depth = 0};
        }
        for (uint8_t state = LOG_PENDING; s.is_key && state < LOG_STATES; state++)
            if (strcmp(s.text, state_names[state]) == 0)
                log.state = state;
        if (!s.is_key)
            take_value(&log, member, &s);
        struct text t = text_in(member, sizeof member);
        text_add(&t, s.is_key ? s.text : "");
    }
    if (good && log.depth > 0)
        good = add_log(logs, &log);
    if (good)
        return logs;
    fede_ct_logs_free(logs);
    return NULL;
}

fede_ct_logs *fede_ct_logs_read(fede_bytes json)
{
    return crypto_start() ? ct_logs_read(&memory_standard, json) : NULL;
}

size_t fede_ct_logs_count(const fede_ct_logs *logs)
{
    return logs->n;
}

struct fede_ct_logs *ct_logs_hold(struct fede_ct_logs *logs)
{
    if (logs != NULL)
        atomic_fetch_add_explicit(&logs->refs, 1, memory_order_relaxed);
    return logs;
}

void fede_ct_logs_free(fede_ct_logs *logs)
{
    if (logs == NULL || atomic_fetch_sub_explicit(&logs->refs, 1, memory_order_acq_rel) != 1)
        return;
    fede_allocator from = logs->allocator;
    arena_end(&logs->arena);
    memory_give(&from, logs, sizeof *logs);
}

/* ---- What was signed -------------------------------------------------------------------------------------------- */

static size_t put_header(uint8_t *out, uint8_t tag, size_t len)
{
    uint8_t digits = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
    out[0] = tag;
    out[1] = digits == 0 ? (uint8_t)len : (uint8_t)(0x80 | digits);
    for (uint8_t i = 0; i < digits; i++)
        out[2 + i] = (uint8_t)(len >> (8 * (digits - 1 - i)));
    return 2 + (size_t)digits;
}

/* The TBSCertificate without the extension that holds the timestamps (RFC 6962 3.2); empty: it can't be made. */
static bytes precertificate(const struct certificate *leaf, struct arena *arena)
{
    static const uint8_t oid[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02};
    bytes content, whole, extension, id;
    uint8_t head[3][8];
    if (!der_only(leaf->tbs, DER_SEQUENCE, &content) || leaf->extensions.len == 0)
        return BYTES_NONE;
    struct der d = der_in(leaf->extensions);
    size_t kept = 0;
    uint8_t *out = arena_take(arena, leaf->tbs.len + 64);
    uint8_t *list = arena_take(arena, leaf->extensions.len);
    if (out == NULL || list == NULL)
        return BYTES_NONE;
    while (der_more(&d) && der_whole(&d, DER_SEQUENCE, &whole, &extension)) {
        struct der e = der_in(extension);
        if (der_oid(&e, &id) && bytes_equal(id, BYTES_OF(oid)))
            continue;
        bytes_copy(list + kept, whole.data, whole.len);
        kept += whole.len;
    }
    /* What stands before [3]: the wrapper's header and the SEQUENCE's lie between. */
    size_t front = 0;
    for (struct der f = der_in(content); der_more(&f) && !der_at(&f, DER_CONTEXT_CONSTRUCTED(3));) {
        uint8_t tag;
        bytes skipped;
        if (!der_next(&f, &tag, &skipped))
            return BYTES_NONE;
        front = (size_t)(f.at - content.data);
    }
    size_t inner = put_header(head[0], DER_SEQUENCE, kept);
    size_t wrapper = kept > 0 ? put_header(head[1], DER_CONTEXT_CONSTRUCTED(3), inner + kept) : 0;
    inner = kept > 0 ? inner : 0;
    size_t outer = put_header(head[2], DER_SEQUENCE, front + wrapper + inner + kept), at = 0;
    const bytes parts[] = {{head[2], outer}, {content.data, front}, {head[1], wrapper}, {head[0], inner}, {list, kept}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        bytes_copy(out + at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    return bytes_of(out, at);
}

/* RFC 6962 3.2: version, type, time, entry, extensions. entry is the leaf, or with issuer its precertificate. */
static bytes signed_data(const struct sct *s, bytes entry, const struct certificate *issuer, struct arena *arena)
{
    uint8_t *out = arena_take(arena, 64 + entry.len + s->extensions.len), hash[HASH_MAX];
    size_t at = 12;
    if (out == NULL)
        return BYTES_NONE;
    out[0] = V1;
    out[1] = CERTIFICATE_TIMESTAMP;
    store32(out + 2, (uint32_t)(s->at_ms >> 32));
    store32(out + 6, (uint32_t)s->at_ms);
    store16(out + 10, issuer != NULL ? PRECERT_ENTRY : X509_ENTRY);
    if (issuer != NULL) {
        crypto_hash_once(HASH_SHA256, issuer->key.spki, hash);
        bytes_copy(out + at, hash, ID);
        at += ID;
    }
    store24(out + at, (uint32_t)entry.len);
    bytes_copy(out + at + 3, entry.data, entry.len);
    at += 3 + entry.len;
    store16(out + at, (uint16_t)s->extensions.len);
    bytes_copy(out + at + 2, s->extensions.data, s->extensions.len);
    return bytes_of(out, at + 2 + s->extensions.len);
}

/* ---- Judging ---------------------------------------------------------------------------------------------------- */

/* Takes bytes that stand behind their 16-bit length. */
static bool take16(bytes *rest, bytes *out)
{
    if (rest->len < 2 || load16(rest->data) > rest->len - 2)
        return false;
    *out = bytes_of(rest->data + 2, load16(rest->data));
    *rest = bytes_skip(*rest, 2 + out->len);
    return true;
}

static bool sct_read(bytes in, struct sct *out)
{
    if (in.len < 1 + ID + 8 || in.data[0] != V1)
        return false;
    out->id = bytes_of(in.data + 1, ID);
    out->at_ms = (uint64_t)load32(in.data + 33) << 32 | load32(in.data + 37);
    in = bytes_skip(in, 1 + ID + 8);
    if (!take16(&in, &out->extensions) || in.len < 2)
        return false;
    out->hash = in.data[0];
    out->sign = in.data[1];
    in = bytes_skip(in, 2);
    return take16(&in, &out->signature) && in.len == 0;
}

static const struct ct_log *log_of(const struct fede_ct_logs *logs, bytes id)
{
    const struct ct_log *log = logs->first;
    while (log != NULL && !bytes_equal(bytes_of(log->id, ID), id))
        log = log->next;
    return log;
}

/* Why what the log said at that time counts for nothing; NULL: it counts. */
static const char *state_problem(const struct ct_log *log, int64_t at)
{
    return log->state == LOG_REJECTED                          ? ", a rejected log: "
           : log->state == LOG_PENDING                         ? ", a log not admitted yet: "
           : log->state == LOG_RETIRED && at >= log->since     ? ", a log retired before: "
                                                               : NULL;
}

static void judge(const struct verify_request *request, const char *from, bytes raw, bytes entry,
                  const struct certificate *issuer, struct arena *arena, struct sct_finding *out)
{
    struct sct s;
    struct text words = text_in(out->words, sizeof out->words);
    text_add(&words, from);
    out->outcome = FEDE_FAILED;
    if (!sct_read(raw, &s)) {
        text_add(&words, "not of version 1, or malformed");
        return;
    }
    const struct ct_log *log = log_of(request->ct_logs, s.id);
    if (log == NULL) {
        out->outcome = FEDE_NOT_CHECKED;
        text_add(&words, "unknown log ");
        for (size_t i = 0; i < 8; i++)
            text_hex_number(&words, s.id.data[i], 2);
        return;
    }
    text_add(&words, log->name);
    uint16_t scheme = s.hash != SHA256_HASH ? 0 : s.sign == SIGN_ECDSA ? 0x0403 : s.sign == SIGN_RSA ? 0x0401 : 0;
    bytes data = signed_data(&s, entry, issuer, arena);
    int64_t at = (int64_t)(s.at_ms / 1000);
    if (at > request->at) {
        text_add(&words, ", from the future: ");
    } else if (scheme == 0 || data.len == 0 || entry.len == 0 ||
               !crypto_verify(&log->key, scheme_by_id(scheme), data, s.signature)) {
        text_add(&words, ", its signature is wrong");
        return;
    } else {
        const char *problem = state_problem(log, at);
        out->outcome = problem == NULL ? FEDE_PASSED : FEDE_FAILED;
        text_add(&words, problem != NULL               ? problem
                         : log->state == LOG_RETIRED ? ", before it was retired: "
                                                     : ", ");
    }
    text_time(&words, at);
}

/* Those of one list, for the certificate as it is, or with issuer as it was shown to the log. */
static size_t judge_list(const struct verify_request *request, const char *from, bytes list, bytes entry,
                         const struct certificate *issuer, struct arena *arena, struct sct_finding *out, size_t n)
{
    bytes one;
    if (take16(&list, &one))
        for (list = one; n < SCT_MOST && take16(&list, &one); n++)
            judge(request, from, one, entry, issuer, arena, &out[n]);
    return n;
}

size_t sct_judge(const struct verify_request *request, const struct path *path, struct arena *arena,
                 struct sct_finding out[SCT_MOST])
{
    const struct certificate *leaf = path->at[0].c;
    bytes octets;
    if (request->ct_logs == NULL)
        return 0;
    size_t n = judge_list(request, "in the TLS extension: ", request->scts, leaf->der, NULL, arena, out, 0);
    if (path->n < 2)
        return n;
    bytes answered = ocsp_scts(request->staple, leaf, path->at[1].c);
    n = judge_list(request, "in the OCSP response: ", answered, leaf->der, NULL, arena, out, n);
    if (leaf->sct_list.data == NULL || !der_only(leaf->sct_list, DER_OCTET_STRING, &octets))
        return n;
    bytes shown = precertificate(leaf, arena);
    return judge_list(request, "in the certificate: ", octets, shown, path->at[1].c, arena, out, n);
}
