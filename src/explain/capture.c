/* explain/capture.c: packets out of capture files.

   pcap (draft-ietf-opsawg-pcap): microseconds or nanoseconds, either byte order, and the form with longer packet headers.
   pcapng (draft-ietf-opsawg-pcapng): any number of sections and interfaces, each with its own byte order, link type and
   unit of time; enhanced, simple and obsolete packet blocks; comments; decryption secrets. Blocks not known are passed
   over by their length. A file that ends early or turns to nonsense gives all packets before that point, and then says
   what is wrong where. docs/decisions/0020-capture-reader.md says why this is no library. */
#include "explain/capture.h"

#include <stdlib.h>

enum {
    PACKET_MOST = 16 * 1024 * 1024, /* kept bytes of one packet; a length beyond is taken for damage */
    SECRETS_MOST = 32 * 1024 * 1024,
    INTERFACES_MOST = 65536,
    SECRETS_KEY_LOG = 0x544c534b,
    MAGIC_SECTION = 0x0a0d0d0a,
};
enum block {
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET_OLD,
    BLOCK_SIMPLE,
    BLOCK_NAMES,
    BLOCK_STATISTICS,
    BLOCK_ENHANCED,
    BLOCK_SECRETS = 10
};

struct capture_interface {
    uint16_t link;
    uint32_t snap;
    bool binary; /* units of time are a power of 2, else of 10 */
    uint8_t power;
    int64_t offset; /* seconds to be added */
};

static bool begin(struct capture *c);
static struct capture_item pcap_next(struct capture *c);
static struct capture_item pcapng_next(struct capture *c);
static bool section(struct capture *c, struct capture_item *item);
static bool block_of(struct capture *c, uint32_t type, bytes body, struct capture_item *item);
static bool packet_block(struct capture *c, uint32_t type, bytes body, struct capture_item *item);
static bool simple_block(struct capture *c, bytes body, struct capture_item *item);
static bool secrets_block(const struct capture *c, bytes body, struct capture_item *item);
static void interface_block(struct capture *c, bytes body);
static void statistics_block(struct capture *c, bytes body);
static bool option_next(const struct capture *c, bytes *rest, uint16_t *code, bytes *value);
static uint64_t time_of(const struct capture_interface *i, uint64_t units);
static struct capture_item over(struct capture *c, const char *problem, bool cut, uint64_t at);
static uint16_t number16(const struct capture *c, const uint8_t *p);
static uint32_t number32(const struct capture *c, const uint8_t *p);
static uint64_t number64(const struct capture *c, const uint8_t *p);

void capture_start(struct capture *c, struct input *input)
{
    *c = (struct capture){.input = input};
}

void capture_end(struct capture *c)
{
    free(c->interfaces);
    c->interfaces = NULL;
    c->n_interfaces = c->room_interfaces = 0;
}

struct capture_item capture_next(struct capture *c)
{
    if (c->problem != NULL || (!c->started && !begin(c)))
        return (struct capture_item){.what = CAPTURE_END};
    if (c->pending.len > 0) {
        struct capture_item comment = {
            .what = CAPTURE_COMMENT, .number = c->packets, .at_us = c->at_us, .data = c->pending};
        c->pending = BYTES_NONE;
        return comment;
    }
    return c->form == CAPTURE_PCAP ? pcap_next(c) : pcapng_next(c);
}

/* Which form, by the first four bytes. */
static bool begin(struct capture *c)
{
    // clang-format off
    static const struct { uint32_t magic; bool swapped, nano, wide; } forms[] = {
        {0xa1b2c3d4, false, false, false}, {0xd4c3b2a1, true, false, false},
        {0xa1b23c4d, false, true,  false}, {0x4d3cb2a1, true, true,  false},
        {0xa1b2cd34, false, false, true},  {0x34cdb2a1, true, false, true},
    };
    // clang-format on
    c->started = true;
    bytes head = input_peek(c->input, 24);
    if (head.len < 4) {
        over(c, head.len == 0 ? "it is empty" : "it is too short to be a capture", false, 0);
        return false;
    }
    uint32_t magic = load32(head.data);
    if (magic == MAGIC_SECTION) {
        c->form = CAPTURE_PCAPNG;
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].magic != magic)
            continue;
        c->form = CAPTURE_PCAP;
        c->swapped = forms[i].swapped;
        c->nano = forms[i].nano;
        c->wide = forms[i].wide;
        if (head.len < 24) {
            over(c, "it ends within the file header", true, head.len);
            return false;
        }
        c->link = (uint16_t)number32(c, head.data + 20); /* the upper bits tell of a check sum */
        input_skip(c->input, 24);
        return true;
    }
    over(c, "it is neither pcap nor pcapng", false, 0);
    return false;
}

/* ---- pcap ---- */

static struct capture_item pcap_next(struct capture *c)
{
    const size_t header = c->wide ? 24 : 16;
    const uint64_t at = input_at(c->input);
    bytes head = input_peek(c->input, header);
    if (head.len == 0)
        return over(c, NULL, false, at);
    if (head.len < header)
        return over(c, "it ends within a packet header", true, at);
    uint32_t seconds = number32(c, head.data), fraction = number32(c, head.data + 4);
    uint32_t kept = number32(c, head.data + 8), wire_len = number32(c, head.data + 12);
    if (kept > PACKET_MOST)
        return over(c, "a packet header has a length beyond reason: the file is damaged from here on", false, at);
    input_skip(c->input, header);
    struct capture_item item = {.what = CAPTURE_PACKET, .link = c->link, .wire_len = wire_len, .number = ++c->packets};
    item.at_us = c->at_us = (uint64_t)seconds * 1000000 + (c->nano ? fraction / 1000 : fraction);
    item.below_us = c->nano ? (uint16_t)(fraction % 1000) : 0;
    item.data = input_take(c->input, kept);
    if (kept > 0 && item.data.data == NULL) {
        /* The part that is there may hold a whole record. */
        item.data = input_peek(c->input, kept);
        over(c, "it ends within a packet", true, at);
    }
    return item;
}

/* ---- pcapng ---- */

static struct capture_item pcapng_next(struct capture *c)
{
    struct capture_item item = {0};
    for (;;) {
        const uint64_t at = input_at(c->input);
        bytes head = input_peek(c->input, 12);
        if (head.len == 0)
            return over(c, NULL, false, at);
        if (head.len < 12)
            return over(c, "it ends within a block header", true, at);
        if (load32(head.data) == MAGIC_SECTION) {
            if (!section(c, &item))
                return (struct capture_item){.what = CAPTURE_END};
            if (item.what != CAPTURE_END)
                return item;
            continue;
        }
        uint32_t type = number32(c, head.data), total = number32(c, head.data + 4);
        if (total < 12 || total % 4 != 0)
            return over(c, "a block has an impossible length: the file is damaged from here on", false, at);
        bool packets = type == BLOCK_ENHANCED || type == BLOCK_SIMPLE || type == BLOCK_PACKET_OLD;
        bool wanted =
            packets ? !c->secrets_only : type == BLOCK_INTERFACE || type == BLOCK_SECRETS || type == BLOCK_STATISTICS;
        if (wanted && total > (packets ? (uint32_t)PACKET_MOST : (uint32_t)SECRETS_MOST)) {
            wanted = false;
            c->left_out++;
        }
        if (!wanted) {
            if (!input_skip(c->input, total))
                return over(c, "it ends within a block", true, at);
            continue;
        }
        bytes block = input_take(c->input, total);
        if (block.data == NULL) {
            block = input_peek(c->input, total); /* what is there of it */
            bool some = packets && block.len > 8 && block_of(c, type, bytes_skip(block, 8), &item);
            over(c, "it ends within a block", true, at);
            return some ? item : (struct capture_item){.what = CAPTURE_END};
        }
        if (number32(c, block.data + total - 4) != total)
            return over(c, "the two lengths of a block differ: the file is damaged from here on", false, at);
        if (block_of(c, type, bytes_of(block.data + 8, total - 12), &item))
            return item;
    }
}

/* A section begins anew: byte order, interfaces. */
static bool section(struct capture *c, struct capture_item *item)
{
    const uint64_t at = input_at(c->input);
    bytes head = input_peek(c->input, 12);
    uint32_t order = load32(head.data + 8);
    *item = (struct capture_item){.what = CAPTURE_END};
    if (order != 0x1a2b3c4d && order != 0x4d3c2b1a) {
        over(c, "a section header has no byte order mark: the file is damaged from here on", false, at);
        return false;
    }
    c->swapped = order == 0x4d3c2b1a;
    c->n_interfaces = 0;
    uint32_t total = number32(c, head.data + 4);
    if (total < 28 || total % 4 != 0 || total > SECRETS_MOST) {
        over(c, "a section header has an impossible length: the file is damaged from here on", false, at);
        return false;
    }
    bytes block = input_take(c->input, total);
    if (block.data == NULL) {
        over(c, "it ends within a section header", true, at);
        return false;
    }
    if (number16(c, block.data + 12) != 1) {
        over(c, "it is pcapng of a version that is not known (1 is)", false, at);
        return false;
    }
    bytes rest = bytes_of(block.data + 24, total - 28), value;
    for (uint16_t code; option_next(c, &rest, &code, &value);) {
        if (code == 1 && value.len > 0 && !c->secrets_only) {
            *item = (struct capture_item){.what = CAPTURE_COMMENT, .at_us = c->at_us, .data = value};
            break;
        }
    }
    return true;
}

/* True when the block makes an item. */
static bool block_of(struct capture *c, uint32_t type, bytes body, struct capture_item *item)
{
    switch (type) {
    case BLOCK_ENHANCED:
    case BLOCK_PACKET_OLD:
        return packet_block(c, type, body, item);
    case BLOCK_SIMPLE:
        return simple_block(c, body, item);
    case BLOCK_SECRETS:
        return secrets_block(c, body, item);
    case BLOCK_INTERFACE:
        interface_block(c, body);
        return false;
    case BLOCK_STATISTICS:
        statistics_block(c, body);
        return false;
    default:
        return false;
    }
}

static bool packet_block(struct capture *c, uint32_t type, bytes body, struct capture_item *item)
{
    if (body.len < 20) {
        c->left_out++;
        return false;
    }
    const uint8_t *p = body.data;
    uint32_t interface = type == BLOCK_PACKET_OLD ? number16(c, p) : number32(c, p), kept = number32(c, p + 12);
    if (interface >= c->n_interfaces) {
        c->left_out++;
        return false;
    }
    c->packets++;
    c->at_us = time_of(&c->interfaces[interface], (uint64_t)number32(c, p + 4) << 32 | number32(c, p + 8));
    *item = (struct capture_item){.what = CAPTURE_PACKET,
                                  .link = c->interfaces[interface].link,
                                  .wire_len = number32(c, p + 16),
                                  .number = c->packets,
                                  .at_us = c->at_us,
                                  .data = bytes_first(bytes_skip(body, 20), kept)};
    bytes rest = bytes_skip(body, 20 + ((size_t)kept + 3) / 4 * 4), value;
    for (uint16_t code; option_next(c, &rest, &code, &value);)
        if (code == 1)
            c->pending = value;
    return true;
}

/* No time, no interface: it is the first one, and the time of the packet before. */
static bool simple_block(struct capture *c, bytes body, struct capture_item *item)
{
    if (body.len < 4 || c->n_interfaces == 0) {
        c->left_out++;
        return false;
    }
    uint32_t wire_len = number32(c, body.data), kept = wire_len;
    if (c->interfaces[0].snap != 0 && kept > c->interfaces[0].snap)
        kept = c->interfaces[0].snap;
    *item = (struct capture_item){.what = CAPTURE_PACKET,
                                  .link = c->interfaces[0].link,
                                  .wire_len = wire_len,
                                  .number = ++c->packets,
                                  .at_us = c->at_us,
                                  .data = bytes_first(bytes_skip(body, 4), kept)};
    return true;
}

static bool secrets_block(const struct capture *c, bytes body, struct capture_item *item)
{
    if (body.len < 8 || number32(c, body.data) != SECRETS_KEY_LOG)
        return false;
    *item = (struct capture_item){.what = CAPTURE_SECRETS,
                                  .data = bytes_first(bytes_skip(body, 8), number32(c, body.data + 4))};
    return true;
}

static void interface_block(struct capture *c, bytes body)
{
    if (body.len < 8 || c->n_interfaces >= INTERFACES_MOST)
        return;
    if (c->n_interfaces == c->room_interfaces) {
        size_t room = c->room_interfaces == 0 ? 8 : 2 * c->room_interfaces;
        struct capture_interface *larger = realloc(c->interfaces, room * sizeof *larger);
        if (larger == NULL)
            return;
        c->interfaces = larger;
        c->room_interfaces = room;
    }
    struct capture_interface *i = &c->interfaces[c->n_interfaces++];
    *i = (struct capture_interface){.link = number16(c, body.data), .snap = number32(c, body.data + 4), .power = 6};
    bytes rest = bytes_skip(body, 8), value;
    for (uint16_t code; option_next(c, &rest, &code, &value);) {
        if (code == 9 && value.len >= 1) {
            i->binary = value.data[0] & 0x80;
            i->power = value.data[0] & 0x7f;
        } else if (code == 14 && value.len >= 8) {
            i->offset = (int64_t)number64(c, value.data);
        }
    }
}

/* Each block has the count so far; the last one holds. */
static void statistics_block(struct capture *c, bytes body)
{
    bytes rest = bytes_skip(body, 12), value;
    for (uint16_t code; option_next(c, &rest, &code, &value);)
        if (code == 5 && value.len >= 8)
            c->dropped = number64(c, value.data);
}

/* Options: code, length, value padded to four bytes; 0 ends them. */
static bool option_next(const struct capture *c, bytes *rest, uint16_t *code, bytes *value)
{
    if (rest->len < 4)
        return false;
    size_t len = number16(c, rest->data + 2);
    *code = number16(c, rest->data);
    if (*code == 0 || len > rest->len - 4)
        return false;
    *value = bytes_of(rest->data + 4, len);
    size_t padded = 4 + (len + 3) / 4 * 4;
    *rest = bytes_skip(*rest, padded < rest->len ? padded : rest->len);
    return true;
}

/* Units since 1970 to microseconds. Any power is legal; those finer than a nanosecond or coarser than a second exist too. */
static uint64_t time_of(const struct capture_interface *i, uint64_t units)
{
    uint64_t per_second = 1, us;
    if (i->binary && i->power < 64) {
        per_second = (uint64_t)1 << i->power;
    } else if (!i->binary && i->power < 20) {
        for (unsigned n = 0; n < i->power; n++)
            per_second *= 10;
    } else {
        return 0;
    }
    uint64_t seconds = units / per_second, rest = units % per_second;
    while (rest > UINT64_MAX / 1000000) {
        rest /= 2;
        per_second /= 2;
    }
    us = rest * 1000000 / per_second;
    return (seconds + (uint64_t)i->offset) * 1000000 + us;
}

/* ---- */

static struct capture_item over(struct capture *c, const char *problem, bool cut, uint64_t at)
{
    const char *below = input_problem(c->input);
    c->problem = below != NULL ? below : problem;
    c->cut = cut || below != NULL;
    c->problem_at = at;
    return (struct capture_item){.what = CAPTURE_END};
}

static uint16_t number16(const struct capture *c, const uint8_t *p)
{
    return (uint16_t)(c->swapped ? p[1] << 8 | p[0] : load16(p));
}

static uint32_t number32(const struct capture *c, const uint8_t *p)
{
    return c->swapped ? (uint32_t)number16(c, p + 2) << 16 | number16(c, p) : load32(p);
}

static uint64_t number64(const struct capture *c, const uint8_t *p)
{
    uint64_t first = number32(c, p), second = number32(c, p + 4);
    return c->swapped ? second << 32 | first : first << 32 | second;
}
