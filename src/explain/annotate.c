/* explain/annotate.c: runs the codec with a narrator that builds the tree of fields.

   A structure that begins with an extension's number takes the extension's registered name, so that paths read as
   client_hello.extensions.server_name. Certificates, OCSP responses and names inside messages get their DER fields as children. At an error
   the codec goes on behind the vector it stands in; the bytes between become a field "unread": nothing of a message is left out. */
#include "explain/annotate.h"

#include "base/error.h"
#include "explain/protection.h"
#include "explain/unpack.h"
#include "explain/ssl2.h"

struct builder {
    struct narrator narrator; /* first: the codec hands this back */
    struct arena *arena;
    struct faults *faults;
    bytes input;
    struct field *at; /* innermost open field */
    unsigned lost;    /* open fields for which there was no memory */
    bool cut;
    const char *word_of, *word; /* the last name with spaces, and without */
};

static struct builder builder_start(struct arena *arena, bytes input, const char *root, struct annotation *out);
static void unpack(struct arena *arena, bytes body, struct annotation *out);
static void builder_end(struct builder *b, struct wire *w, struct annotation *out);
static void narrate_field(struct narrator *n, const struct wire_field *field);
static void narrate_enter(struct narrator *n, const struct wire_field *field);
static void narrate_leave(struct narrator *n, size_t end);
static void narrate_fault(struct narrator *n, const struct wire_fault *fault);
static struct field *add(struct builder *b, const struct wire_field *field);
static const char *one_word(struct builder *b, const char *name);
static void name_extension(struct field *f);
static void add_bytes(struct builder *b, const char *name, size_t from, size_t to);
static void add_der(struct builder *b, struct field *parent);

static const struct {
    uint16_t type;
    const char *title, *path;
} messages[] = {
    {MSG_HELLO_REQUEST, "HelloRequest", "hello_request"},
    {MSG_CLIENT_HELLO, "ClientHello", "client_hello"},
    {MSG_SERVER_HELLO, "ServerHello", "server_hello"},
    {MSG_NEW_SESSION_TICKET, "NewSessionTicket", "new_session_ticket"},
    {MSG_END_OF_EARLY_DATA, "EndOfEarlyData", "end_of_early_data"},
    {MSG_ENCRYPTED_EXTENSIONS, "EncryptedExtensions", "encrypted_extensions"},
    {MSG_CERTIFICATE, "Certificate", "certificate"},
    {MSG_SERVER_KEY_EXCHANGE, "ServerKeyExchange", "server_key_exchange"},
    {MSG_CERTIFICATE_REQUEST, "CertificateRequest", "certificate_request"},
    {MSG_SERVER_HELLO_DONE, "ServerHelloDone", "server_hello_done"},
    {MSG_CERTIFICATE_VERIFY, "CertificateVerify", "certificate_verify"},
    {MSG_CLIENT_KEY_EXCHANGE, "ClientKeyExchange", "client_key_exchange"},
    {MSG_FINISHED, "Finished", "finished"},
    {MSG_CERTIFICATE_STATUS, "CertificateStatus", "certificate_status"},
    {MSG_KEY_UPDATE, "KeyUpdate", "key_update"},
    {MSG_COMPRESSED_CERTIFICATE, "CompressedCertificate", "compressed_certificate"},
    {MSG_NEXT_PROTOCOL, "NextProtocol", "next_protocol"},
};

enum { HANDSHAKE_HEADER_LEN = 4, RECORD_HEADER_LEN = 5 };

struct annotation annotate_message(struct arena *arena, bytes message, const struct message_context *context)
{
    struct annotation out = {0};
    uint8_t type = message.len > 0 ? message.data[0] : 0;
    uint32_t len = 0;
    struct builder b = builder_start(arena, message, message_path(type), &out);
    struct wire w = wire_narrating(message, &b.narrator);
    wire_header(&w, &type, &len);
    if (!w.bad && len != wire_left(&w))
        wire_fail(&w, "length", "the message has another length");
    if (!w.bad)
        wire_narrate(&w, type, context);
    if (out.root != NULL)
        add_der(&b, out.root);
    builder_end(&b, &w, &out);
    if (type == MSG_COMPRESSED_CERTIFICATE && out.faults.first == NULL)
        unpack(arena, bytes_skip(message, HANDSHAKE_HEADER_LEN), &out);
    return out;
}

/* The Certificate's offsets are its own: they begin behind where its header would be. */
static void unpack(struct arena *arena, bytes body, struct annotation *out)
{
    struct annotation *inside = arena_take(arena, sizeof *inside);
    struct certificate_message m = {0};
    bytes unpacked;
    out->not_inside = certificate_unpack(arena, body, &unpacked);
    if (inside == NULL || out->not_inside != NULL)
        return;
    *inside = (struct annotation){0};
    struct builder b = builder_start(arena, unpacked, "certificate", inside);
    struct wire w = wire_narrating(unpacked, &b.narrator);
    wire_certificate_13(&w, &m);
    if (inside->root != NULL)
        add_der(&b, inside->root);
    builder_end(&b, &w, inside);
    out->inside = inside;
}

struct annotation annotate_record(struct arena *arena, bytes record, struct record_protection protection)
{
    struct annotation out = {0};
    struct builder b = builder_start(arena, record, "record", &out);
    struct wire w = wire_narrating(record, &b.narrator);
    struct record_header header;
    wire_record_header(&w, &header);
    if (!w.bad) {
        const struct suite_parts s = suite_parts(protection.suite);
        struct record_parts parts;
        size_t end = record.len;
        if (protection.suite == 0) {
            if (end > RECORD_HEADER_LEN)
                add_bytes(&b, "fragment", RECORD_HEADER_LEN, end);
        } else if (!protection_parts(&s, protection.version, protection.mac_last, end, &parts)) {
            add_bytes(&b, "protected", RECORD_HEADER_LEN, end);
        } else {
            if (parts.nonce_len > 0)
                add_bytes(&b, s.cbc ? "iv" : "nonce_explicit", parts.nonce, parts.cipher);
            add_bytes(&b, s.algorithm == NULL && s.key_len == 0 ? "content_and_mac" : "ciphertext", parts.cipher,
                      parts.cipher + parts.cipher_len);
            if (parts.tag_len > 0)
                add_bytes(&b, s.cbc ? "mac" : "tag", parts.tag, end);
        }
        w.at = w.end;
    }
    builder_end(&b, &w, &out);
    return out;
}

static void form_alert(struct wire *w)
{
    struct alert_message alert = {0};
    wire_alert(w, &alert);
}

static void form_ccs(struct wire *w)
{
    uint8_t one = 0;
    wire_ccs(w, &one);
}

struct annotation annotate_form(struct arena *arena, bytes input, const char *root, void (*form)(struct wire *w))
{
    struct annotation out = {0};
    struct builder b = builder_start(arena, input, root, &out);
    struct wire w = wire_narrating(input, &b.narrator);
    form(&w);
    if (out.root != NULL)
        add_der(&b, out.root);
    builder_end(&b, &w, &out);
    return out;
}

struct annotation annotate_alert(struct arena *arena, bytes body)
{
    return annotate_form(arena, body, "alert", form_alert);
}

struct annotation annotate_ccs(struct arena *arena, bytes body)
{
    return annotate_form(arena, body, "change_cipher_spec", form_ccs);
}

struct annotation annotate_certificate(struct arena *arena, bytes der)
{
    struct annotation out = {0};
    out.root = field_new(arena, NULL, "certificate", FIELD_STRUCT);
    if (out.root == NULL) {
        out.cut = true;
        return out;
    }
    out.root->value = der;
    out.root->len = der.len;
    out.faults.arena = arena;
    annotate_der(&out.faults, out.root, der, 0, DER_CERTIFICATE);
    return out;
}

const char *message_title(uint16_t type)
{
    if ((type & MSG_SSL2) != 0)
        return ssl2_message_title((uint8_t)type);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].type == type)
            return messages[i].title;
    return "unknown message";
}

const char *message_path(uint16_t type)
{
    if ((type & MSG_SSL2) != 0)
        return ssl2_message_path((uint8_t)type);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].type == type)
            return messages[i].path;
    return "unknown_message";
}

static struct builder builder_start(struct arena *arena, bytes input, const char *root, struct annotation *out)
{
    out->faults.arena = arena;
    struct builder b = {.narrator = {narrate_field, narrate_enter, narrate_leave, narrate_fault},
                        .arena = arena,
                        .faults = &out->faults,
                        .input = input};
    out->root = b.at = field_new(arena, NULL, root, FIELD_STRUCT);
    if (b.at == NULL) {
        b.cut = out->cut = true;
        return b;
    }
    b.at->value = input;
    b.at->len = input.len;
    return b;
}

/* An error leaves fields open: they end where reading stopped. */
static void builder_end(struct builder *b, struct wire *w, struct annotation *out)
{
    bool done = wire_done(w), left_over = !w->bad && !w->flawed && !done;
    while (b->at != NULL && b->at != out->root)
        narrate_leave(&b->narrator, b->at->offset + b->at->len > w->at ? b->at->offset + b->at->len : w->at);
    if (out->root != NULL && !done) {
        const struct field *last = out->root->last;
        size_t read = last != NULL ? last->offset + last->len : 0;
        if (left_over)
            fault_add(b->faults, out->root, &(struct wire_fault){out->root->name, "has bytes left over at its end", w->at, FEDE_DECODE, 0},
                      NULL);
        b->at = out->root;
        if (read < b->input.len)
            add_bytes(b, "unread", read, b->input.len);
    }
    out->cut = b->cut || b->faults->cut;
}

static void narrate_field(struct narrator *n, const struct wire_field *field)
{
    add((struct builder *)n, field);
}

static void narrate_enter(struct narrator *n, const struct wire_field *field)
{
    struct builder *b = (struct builder *)n;
    struct field *f = add(b, field);
    if (f != NULL)
        b->at = f;
    else
        b->lost++;
}

static void narrate_leave(struct narrator *n, size_t end)
{
    struct builder *b = (struct builder *)n;
    if (b->lost > 0) {
        b->lost--;
        return;
    }
    struct field *f = b->at;
    if (f == NULL || f->parent == NULL)
        return;
    /* An error may step back to the field's start. */
    if (f->last != NULL && end < f->last->offset + f->last->len)
        end = f->last->offset + f->last->len;
    if (end > b->input.len)
        end = b->input.len;
    f->len = end > f->offset ? end - f->offset : 0;
    size_t inside = f->offset + f->prefix < end ? f->offset + f->prefix : end;
    size_t read = f->last != NULL ? f->last->offset + f->last->len : inside;
    if (read < end) /* only behind an error */
        add_bytes(b, "unread", read, end);
    f->value = bytes_of(b->input.len > 0 ? b->input.data + inside : NULL, end - inside);
    name_extension(f);
    b->at = f->parent;
}

static void narrate_fault(struct narrator *n, const struct wire_fault *fault)
{
    struct builder *b = (struct builder *)n;
    fault_add(b->faults, b->at, fault, NULL);
}

static struct field *add(struct builder *b, const struct wire_field *field)
{
    if (b->at == NULL || b->lost > 0)
        return NULL;
    struct field *f = field_new(b->arena, b->at, one_word(b, field->name != NULL ? field->name : "item"), field->kind);
    if (f == NULL) {
        b->cut = true;
        return NULL;
    }
    f->names = field->names;
    f->number = field->number;
    f->value = field->value;
    f->offset = field->offset;
    f->len = field->len;
    f->prefix = field->prefix;
    return f;
}

/* Elements of lists are called by their registry's title, which may have spaces; names in paths have none. */
static const char *one_word(struct builder *b, const char *name)
{
    if (strchr(name, ' ') == NULL)
        return name;
    if (b->word_of == name)
        return b->word;
    size_t len = strlen(name);
    char *word = arena_take(b->arena, len + 1);
    if (word == NULL)
        return "item";
    for (size_t i = 0; i < len; i++)
        word[i] = name[i] == ' ' ? '_' : name[i];
    b->word_of = name;
    b->word = word;
    return word;
}

static void name_extension(struct field *f)
{
    const struct field *first = f->first;
    if (first == NULL || first->kind != FIELD_NUMBER || first->names != &extension_names || f->kind != FIELD_STRUCT)
        return;
    const char *name = names_find(&extension_names, (uint32_t)first->number);
    f->name = names_is_grease((uint32_t)first->number) ? "grease" : name != NULL ? f->name : "unknown_extension";
    f->names = &extension_names;
    f->number = first->number;
    f->numbered = true;
}

static void add_bytes(struct builder *b, const char *name, size_t from, size_t to)
{
    struct wire_field field = {.name = name,
                               .offset = from,
                               .len = to - from,
                               .kind = FIELD_BYTES,
                               .value = bytes_of(b->input.data + from, to - from)};
    add(b, &field);
}

/* What is DER inside a message, by the name of its field. */
static void add_der(struct builder *b, struct field *parent)
{
    static const struct {
        const char *name;
        enum der_kind kind;
    } places[] = {{"certificate", DER_CERTIFICATE}, {"cert_data", DER_CERTIFICATE}, {"subject_public_key_info", DER_CERTIFICATE},
                  {"response", DER_OCSP_RESPONSE},  {"ocsp_response", DER_OCSP_RESPONSE}, {"distinguished_name", DER_NAME}};
    for (struct field *f = parent->first; f != NULL; f = f->next) {
        if (f->kind != FIELD_BYTES || f->first != NULL) {
            add_der(b, f);
            continue;
        }
        for (size_t i = 0; i < sizeof places / sizeof *places && f->value.len > 0; i++)
            if (f->prefix > 0 && strcmp(f->name, places[i].name) == 0) /* else in a form that is not known */
                annotate_der(b->faults, f, f->value, f->offset + f->prefix, places[i].kind);
    }
}
