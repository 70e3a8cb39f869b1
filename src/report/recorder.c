/* report/recorder.c: from captured packets to pcapng.

   A program writes its key log about when it sends the first record made with those keys, before or behind it, and through
   other buffers. So with a key log packets wait a moment; whatever the key log said by then is written in front of them. Only
   lines written since the start are taken: older ones belong to connections that are not in the capture. */
#include "report/recorder.h"

#include <stdlib.h>
#include <unistd.h>

#include "explain/dns.h"
#include "explain/key_lines.h"
#include "explain/pcapng.h"
#include "fede/fede.h"

enum { LOG_PIECE = 64 * 1024, SECRETS_MOST = 8 * 1024 * 1024 };

struct held {
    struct held *next;
    uint32_t interface, wire_len, len;
    uint64_t at, since_us;
    uint8_t data[];
};

struct recorder {
    struct recorder_options options;
    struct recorded counts;
    struct held *first, **last;
    struct layers layers;
    struct dns dns;
    size_t named;     /* DNS answers whose addresses have been written */
    off_t log_at;     /* of the key log: read so far */
    uint8_t *secrets; /* all lines so far: a new file needs them too */
    size_t n_secrets, room_secrets;
    size_t file; /* of the ring */
    uint64_t file_since_us, file_bytes;
    bool failed;
};

static void begin(struct recorder *r, FILE *out);
static void next_file(struct recorder *r, uint64_t now_us);
static void read_log(struct recorder *r);
static void add_secrets(struct recorder *r, bytes lines);
static void release(struct recorder *r, const struct held *h, uint64_t now_us);
static void write_names(struct recorder *r, const struct held *h);

/* For each output that is open. NOLINTBEGIN(bugprone-macro-parentheses): a variable's name stands in none */
#define EACH_OUTPUT(r, p)                                                                                              \
    for (struct pcapng p = {.file = (r)->options.live != NULL ? (r)->options.live : current(r)}; p.file != NULL;       \
         p.file = p.file == (r)->options.live ? current(r) : NULL)
/* NOLINTEND(bugprone-macro-parentheses) */

static FILE *current(const struct recorder *r)
{
    return r->options.n_files > 0 ? r->options.files[r->file] : NULL;
}

struct recorder *recorder_new(const struct recorder_options *options)
{
    struct recorder *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->options = *options;
    r->last = &r->first;
    layers_start(&r->layers);
    if (options->keylog >= 0)
        r->log_at = lseek(options->keylog, 0, SEEK_END);
    EACH_OUTPUT(r, p)
    begin(r, p.file);
    r->counts.files = options->n_files > 0;
    return r;
}

void recorder_packet(struct recorder *r, uint32_t interface, uint64_t at, bytes data, uint32_t wire_len,
                     uint64_t now_us)
{
    struct held *h = malloc(sizeof *h + data.len);
    if (h == NULL) {
        r->failed = true;
        return;
    }
    *h = (struct held){
        .interface = interface, .wire_len = wire_len, .len = (uint32_t)data.len, .at = at, .since_us = now_us};
    bytes_copy(h->data, data.data, data.len);
    *r->last = h;
    r->last = &h->next;
    r->counts.packets++;
}

bool recorder_tick(struct recorder *r, uint64_t now_us, bool all)
{
    bool ready = false;
    if (r->options.keylog >= 0)
        read_log(r);
    for (struct held *h;
         (h = r->first) != NULL && (all || now_us - h->since_us >= (uint64_t)r->options.hold_ms * 1000);) {
        release(r, h, now_us);
        r->first = h->next;
        r->last = r->first != NULL ? r->last : &r->first;
        free(h);
        ready = true;
    }
    EACH_OUTPUT(r, p)
    if (((ready || all) && fflush(p.file) != 0) || ferror(p.file))
        r->failed = true;
    return !r->failed;
}

void recorder_statistics(struct recorder *r, uint32_t interface, uint64_t at_us, uint64_t received, uint64_t dropped)
{
    uint64_t at = r->options.interfaces[interface].nano ? at_us * 1000 : at_us;
    EACH_OUTPUT(r, p)
    pcapng_statistics(&p, interface, at, received, dropped);
}

struct recorded recorder_counts(const struct recorder *r)
{
    return r->counts;
}

void recorder_free(struct recorder *r)
{
    if (r == NULL)
        return;
    for (struct held *h = r->first, *next; h != NULL; h = next) {
        next = h->next;
        free(h);
    }
    if (r->secrets != NULL)
        bytes_wipe(r->secrets, r->n_secrets);
    free(r->secrets);
    dns_end(&r->dns);
    layers_end(&r->layers);
    free(r);
}

static void begin(struct recorder *r, FILE *out)
{
    const struct pcapng p = {.file = out};
    pcapng_section(&p, "fede " FEDE_VERSION);
    for (size_t i = 0; i < r->options.n_interfaces; i++) {
        const struct recorder_interface *f = &r->options.interfaces[i];
        pcapng_interface(&p, f->link, f->snap, f->name, f->filter, f->nano);
    }
    if (r->n_secrets > 0)
        pcapng_secrets(&p, bytes_of(r->secrets, r->n_secrets));
}

/* The ring goes on, over what its next file held. */
static void next_file(struct recorder *r, uint64_t now_us)
{
    FILE *done = current(r);
    r->failed = r->failed || fflush(done) != 0;
    r->file = (r->file + 1) % r->options.n_files;
    FILE *next = current(r);
    r->failed = r->failed || fflush(next) != 0 || fseek(next, 0, SEEK_SET) != 0 || ftruncate(fileno(next), 0) != 0;
    r->file_since_us = now_us;
    r->file_bytes = 0;
    r->counts.files++;
    begin(r, next);
}

static void release(struct recorder *r, const struct held *h, uint64_t now_us)
{
    const struct recorder_options *o = &r->options;
    r->file_since_us = r->file_since_us == 0 ? now_us : r->file_since_us;
    bool full = (o->file_bytes > 0 && r->file_bytes >= o->file_bytes) ||
                (o->file_us > 0 && now_us - r->file_since_us >= o->file_us);
    if (o->n_files > 1 && full)
        next_file(r, now_us);
    EACH_OUTPUT(r, p)
    pcapng_packet(&p, h->interface, h->at, bytes_of(h->data, h->len), h->wire_len);
    r->file_bytes += 32 + (h->len + 3) / 4 * 4;
    r->counts.bytes += 32 + (h->len + 3) / 4 * 4;
    write_names(r, h);
}

/* DNS answers over UDP name addresses. */
static void write_names(struct recorder *r, const struct held *h)
{
    struct segment segment;
    const struct below *b = &r->layers.below;
    if (layers_segment(&r->layers, r->options.interfaces[h->interface].link, bytes_of(h->data, h->len), h->wire_len,
                       &segment) ||
        (b->kind != KIND_DNS && b->kind != KIND_MDNS && b->kind != KIND_LLMNR))
        return;
    dns_hear(&r->dns, &b->from, &b->to, b->udp, false, 0, r->counts.packets);
    for (; r->named < r->dns.n; r->named++) {
        const struct dns_answer *a = r->dns.answers[r->named];
        for (size_t i = 0; i < a->n; i++) {
            if (a->records[i].address.family == 0)
                continue;
            EACH_OUTPUT(r, p)
            pcapng_name(&p, &a->records[i].address, a->name);
            r->counts.names++;
        }
    }
}

/* What has come to the key log, whole lines only. */
static void read_log(struct recorder *r)
{
    static char piece[LOG_PIECE];
    ssize_t n = pread(r->options.keylog, piece, sizeof piece, r->log_at);
    while (n > 0 && piece[n - 1] != '\n')
        n--;
    if (n <= 0)
        return;
    r->log_at += n;
    struct key_lines lines = {0};
    struct input *input = input_memory(bytes_of(piece, (size_t)n));
    if (input != NULL)
        key_lines_read(&lines, 0, input);
    input_free(input);
    size_t len = 0;
    for (size_t i = 0; i < lines.n; i++) {
        char line[KEY_LINE_MOST];
        size_t some = key_line_counts(lines.list[i]) ? key_line_write(lines.list[i], line, sizeof line) : 0;
        if (some > 0 && len + some <= sizeof piece) { /* the canonical form is not longer than what was read */
            bytes_copy(piece + len, line, some);
            len += some;
            r->counts.secrets++;
        }
        bytes_wipe(line, sizeof line);
    }
    r->failed = r->failed || lines.failed;
    key_lines_end(&lines);
    add_secrets(r, bytes_of(piece, len));
    bytes_wipe(piece, sizeof piece);
}

static void add_secrets(struct recorder *r, bytes lines)
{
    if (lines.len == 0)
        return;
    EACH_OUTPUT(r, p)
    pcapng_secrets(&p, lines);
    if (r->options.n_files < 2 || r->n_secrets + lines.len > SECRETS_MOST)
        return;
    if (r->n_secrets + lines.len > r->room_secrets) {
        size_t room = 2 * (r->n_secrets + lines.len);
        uint8_t *larger = malloc(room);
        if (larger == NULL) {
            r->failed = true;
            return;
        }
        bytes_copy(larger, r->secrets, r->n_secrets);
        if (r->secrets != NULL)
            bytes_wipe(r->secrets, r->n_secrets);
        free(r->secrets);
        r->secrets = larger;
        r->room_secrets = room;
    }
    bytes_copy(r->secrets + r->n_secrets, lines.data, lines.len);
    r->n_secrets += lines.len;
}
