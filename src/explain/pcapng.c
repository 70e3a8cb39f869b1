/* explain/pcapng.c: blocks of pcapng, written.

   Every block is its type, its length, its body padded to four bytes, and the length again; options are code, length, value
   padded. Lengths are known before the first byte is written, so nothing is gathered in memory. */
#include "explain/pcapng.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, NAMES = 4, STATISTICS = 5, PACKET = 6, SECRETS = 10 };
enum { ORDER = 0x1a2b3c4d, KEY_LOG = 0x544c534b };
enum {
    OPTION_APPLICATION = 4,
    OPTION_NAME = 2,
    OPTION_FILTER = 11,
    OPTION_UNIT = 9,
    OPTION_RECEIVED = 4,
    OPTION_DROPPED = 5
};
enum { NAME_4 = 1, NAME_6 = 2 };

static void put16(const struct pcapng *p, uint16_t n)
{
    uint8_t b[2] = {(uint8_t)(p->big ? n >> 8 : n), (uint8_t)(p->big ? n : n >> 8)};
    fwrite(b, 1, sizeof b, p->file);
}

static void put32(const struct pcapng *p, uint32_t n)
{
    put16(p, (uint16_t)(p->big ? n >> 16 : n));
    put16(p, (uint16_t)(p->big ? n : n >> 16));
}

static void put_padded(const struct pcapng *p, bytes b)
{
    static const uint8_t zeros[3];
    fwrite(b.data, 1, b.len, p->file);
    fwrite(zeros, 1, (4 - b.len % 4) % 4, p->file);
}

static uint32_t padded(size_t len)
{
    return (uint32_t)((len + 3) / 4 * 4);
}

static uint32_t option_room(bytes value)
{
    return value.len > 0 ? 4 + padded(value.len) : 0;
}

static void put_option(const struct pcapng *p, uint16_t code, bytes value)
{
    if (value.len == 0)
        return;
    put16(p, code);
    put16(p, (uint16_t)value.len);
    put_padded(p, value);
}

static uint32_t begin(const struct pcapng *p, uint32_t type, uint32_t body)
{
    put32(p, type);
    put32(p, 12 + body);
    return 12 + body;
}

void pcapng_section(const struct pcapng *p, const char *application)
{
    bytes name = bytes_text(application);
    uint32_t total = begin(p, SECTION, 16 + option_room(name) + 4);
    put32(p, ORDER);
    put16(p, 1);
    put16(p, 0);
    put32(p, UINT32_MAX); /* the section's length is not known */
    put32(p, UINT32_MAX);
    put_option(p, OPTION_APPLICATION, name);
    put32(p, 0);
    put32(p, total);
}

void pcapng_interface(const struct pcapng *p, uint16_t link, uint32_t snap, const char *name, const char *filter,
                      bool nano)
{
    enum { FILTER_TEXT = 0 /* what the filter option begins with when it is text */ };
    const uint8_t power = nano ? 9 : 6;
    bytes unit = bytes_of(&power, 1), label = bytes_text(name), text = bytes_text(filter);
    uint8_t expression[1024] = {FILTER_TEXT};
    size_t n = text.len < sizeof expression - 1 ? text.len : sizeof expression - 1;
    bytes_copy(expression + 1, text.data, n);
    bytes kept = bytes_of(expression, n > 0 ? n + 1 : 0);
    uint32_t total = begin(p, INTERFACE, 8 + option_room(unit) + option_room(label) + option_room(kept) + 4);
    put16(p, link);
    put16(p, 0);
    put32(p, snap);
    put_option(p, OPTION_NAME, label);
    put_option(p, OPTION_UNIT, unit);
    put_option(p, OPTION_FILTER, kept);
    put32(p, 0);
    put32(p, total);
}

void pcapng_packet(const struct pcapng *p, uint32_t interface, uint64_t at, bytes data, uint32_t wire_len)
{
    uint32_t total = begin(p, PACKET, 20 + padded(data.len));
    put32(p, interface);
    put32(p, (uint32_t)(at >> 32));
    put32(p, (uint32_t)at);
    put32(p, (uint32_t)data.len);
    put32(p, wire_len);
    put_padded(p, data);
    put32(p, total);
}

void pcapng_secrets(const struct pcapng *p, bytes lines)
{
    uint32_t total = begin(p, SECRETS, 8 + padded(lines.len));
    put32(p, KEY_LOG);
    put32(p, (uint32_t)lines.len);
    put_padded(p, lines);
    put32(p, total);
}

void pcapng_name(const struct pcapng *p, const struct address *address, const char *name)
{
    const size_t ip = address->family == 4 ? 4 : 16;
    uint8_t record[16 + 256] = {0};
    bytes text = bytes_first(bytes_text(name), 255);
    bytes_copy(record, address->ip, ip);
    bytes_copy(record + ip, text.data, text.len);
    bytes value = bytes_of(record, ip + text.len + 1);
    uint32_t total = begin(p, NAMES, 4 + padded(value.len) + 4 + 4);
    put16(p, address->family == 4 ? NAME_4 : NAME_6);
    put16(p, (uint16_t)value.len);
    put_padded(p, value);
    put32(p, 0); /* no more records */
    put32(p, 0); /* no options */
    put32(p, total);
}

void pcapng_statistics(const struct pcapng *p, uint32_t interface, uint64_t at_us, uint64_t received, uint64_t dropped)
{
    const uint64_t counts[] = {received, dropped};
    const uint16_t codes[] = {OPTION_RECEIVED, OPTION_DROPPED};
    uint32_t total = begin(p, STATISTICS, 12 + 2 * 12 + 4);
    put32(p, interface);
    put32(p, (uint32_t)(at_us >> 32));
    put32(p, (uint32_t)at_us);
    for (size_t i = 0; i < 2; i++) {
        put16(p, codes[i]);
        put16(p, 8);
        put32(p, (uint32_t)(p->big ? counts[i] >> 32 : counts[i]));
        put32(p, (uint32_t)(p->big ? counts[i] : counts[i] >> 32));
    }
    put32(p, 0);
    put32(p, total);
}
