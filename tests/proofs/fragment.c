/* Handshake messages out of records: streams of up to three short messages, cut into records in every way there is. What comes out
   is what went in, as soon as it is whole, whatever the cuts; a message longer than its kind can be, or than the limit, is refused
   with its fourth byte; no memory stays. RFC 5246 6.2.1, 7.4. */
#include "base/memory.h"
#include "bounded.h"
#include "record/record.h"

enum { LIMIT = 5, MOST = 24 };

/* What kind of body may be how long: HelloRequest and ServerHelloDone are empty, a Finished has at most a hash's length. */
static size_t longest(uint8_t type)
{
    return type == 0 || type == 14 ? 0 : LIMIT;
}

static void one(bytes stream, unsigned cuts)
{
    struct memory_meter meter;
    memory_meter_start(&meter);
    struct fragments f = {0};
    fede_error error = {.reason = FEDE_OK};
    size_t told = 0, come = 0; /* bytes of the stream handed out; delivered */
    bool bad = false;
    while (come < stream.len && !bad) {
        size_t n = 1;
        while (come + n < stream.len && !(cuts >> (come + n - 1) & 1))
            n++;
        fragment_feed(&f, bytes_of(stream.data + come, n));
        come += n;
        for (;;) {
            bytes message;
            enum fragment_outcome o = fragment_next(&f, &meter.allocator, LIMIT, &message, &error);
            bool header = come - told >= 4;
            size_t len = header ? (size_t)stream.data[told + 1] << 16 | (size_t)stream.data[told + 2] << 8 | stream.data[told + 3] : 0;
            enum fragment_outcome want = !header ? FRAGMENT_MORE : len > longest(stream.data[told]) ? FRAGMENT_BAD
                                         : come - told >= 4 + len ? FRAGMENT_MESSAGE : FRAGMENT_MORE;
            check(o == want, "outcome", stream);
            if (o == FRAGMENT_MESSAGE && want == FRAGMENT_MESSAGE) {
                check(message.len == 4 + len && memcmp(message.data, stream.data + told, 4 + len) == 0, "message", stream);
                told += 4 + len;
                continue;
            }
            bad = o == FRAGMENT_BAD || want == FRAGMENT_BAD;
            check(bad == (error.reason == FEDE_MESSAGE_TOO_LONG), "a reason", stream);
            break;
        }
        check(bad || fragments_empty(&f) == (told == come), "what is left", stream);
    }
    check(meter.peak <= 256, "memory", stream);
    fragments_end(&f, &meter.allocator);
    check(meter.live == 0, "no memory stays", stream);
}

static void cut_everywhere(bytes stream)
{
    bytes at = at_the_edge(stream);
    for (unsigned cuts = 0; cuts < 1u << (at.len > 0 ? at.len - 1 : 0); cuts++)
        one(at, cuts);
}

/* Adds a message of each kind and length; the last may be cut short. */
static void add(uint8_t *stream, size_t at, unsigned messages, bool all)
{
    static const uint8_t types[] = {0, 11, 14, 20};
    cut_everywhere(bytes_of(stream, at));
    if (messages == 0)
        return;
    for (size_t t = 0; t < sizeof types; t++)
        for (uint8_t len = 0; len <= LIMIT + 1; len++) {
            if (at + 4 + len > (all ? 14u : 10u))
                continue;
            stream[at] = types[t];
            stream[at + 1] = stream[at + 2] = 0;
            stream[at + 3] = len;
            for (uint8_t i = 0; i < len; i++)
                stream[at + 4 + i] = (uint8_t)(0xc0 + i);
            add(stream, at + 4 + len, messages - 1, all);
        }
    for (size_t cut = 1; cut < 4; cut++) /* a header that is not whole; a length in its upper bytes */
        cut_everywhere(bytes_of(stream, at + cut));
    stream[at + 1] = 1;
    stream[at + 3] = 0;
    cut_everywhere(bytes_of(stream, at + 4));
}

void bounded_fragment(bool all)
{
    uint8_t stream[MOST] = {0};
    add(stream, 0, 3, all);
}
