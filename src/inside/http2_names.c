/* inside/http2_names.c: the numbers of HTTP/2 in words: frame types, flags, settings, error codes (IANA "HTTP/2 Parameters",
   2026; RFC 9113, 7838, 8336, 9218, 9220), and what a frame says in a line. */
#include "inside/parts.h"

const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct named {
    uint32_t number;
    const char *name;
};

static const char *find(const struct named *list, size_t n, uint32_t number)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].number == number)
            return list[i].name;
    return NULL;
}
#define FIND(list, number) find((list), sizeof (list) / sizeof *(list), (number))

// clang-format off
static const struct named frames[] = {
    {0, "DATA"}, {1, "HEADERS"}, {2, "PRIORITY"}, {3, "RST_STREAM"}, {4, "SETTINGS"}, {5, "PUSH_PROMISE"}, {6, "PING"},
    {7, "GOAWAY"}, {8, "WINDOW_UPDATE"}, {9, "CONTINUATION"}, {10, "ALTSVC"}, {12, "ORIGIN"}, {16, "PRIORITY_UPDATE"},
};
static const struct named settings[] = {
    {1, "HEADER_TABLE_SIZE"}, {2, "ENABLE_PUSH"}, {3, "MAX_CONCURRENT_STREAMS"}, {4, "INITIAL_WINDOW_SIZE"}, {5, "MAX_FRAME_SIZE"},
    {6, "MAX_HEADER_LIST_SIZE"}, {8, "ENABLE_CONNECT_PROTOCOL"}, {9, "NO_RFC7540_PRIORITIES"}, {16, "TLS_RENEG_PERMITTED"},
};
static const struct named errors[] = {
    {0, "NO_ERROR"}, {1, "PROTOCOL_ERROR"}, {2, "INTERNAL_ERROR"}, {3, "FLOW_CONTROL_ERROR"}, {4, "SETTINGS_TIMEOUT"},
    {5, "STREAM_CLOSED"}, {6, "FRAME_SIZE_ERROR"}, {7, "REFUSED_STREAM"}, {8, "CANCEL"}, {9, "COMPRESSION_ERROR"},
    {10, "CONNECT_ERROR"}, {11, "ENHANCE_YOUR_CALM"}, {12, "INADEQUATE_SECURITY"}, {13, "HTTP_1_1_REQUIRED"},
};
/* type << 8 | flag */
static const struct named flag_names[] = {
    {0x0001, "END_STREAM"}, {0x0008, "PADDED"}, {0x0101, "END_STREAM"}, {0x0104, "END_HEADERS"}, {0x0108, "PADDED"},
    {0x0120, "PRIORITY"}, {0x0401, "ACK"}, {0x0504, "END_HEADERS"}, {0x0508, "PADDED"}, {0x0601, "ACK"}, {0x0904, "END_HEADERS"},
};
// clang-format on

const char *http2_frame_name(uint8_t type)
{
    return FIND(frames, type);
}

const char *http2_error_name(uint32_t code)
{
    const char *name = FIND(errors, code);
    return name != NULL ? name : "unknown error";
}

const char *http2_setting_name(uint16_t id)
{
    return FIND(settings, id);
}

static void next(struct text *t)
{
    text_add(t, t->len > 0 ? "; " : "");
}

static void number(struct text *t, const char *name, uint32_t value)
{
    next(t);
    text_add(t, name);
    text_char(t, ' ');
    text_number(t, value);
}

static void describe_settings(bytes payload, struct text *t)
{
    for (; payload.len >= 6; payload = bytes_skip(payload, 6)) {
        uint16_t id = load16(payload.data);
        char other[32];
        struct text o = text_in(other, sizeof other);
        text_add(&o, "setting ");
        text_number(&o, id);
        const char *name = http2_setting_name(id);
        number(t, name != NULL ? name : (id & 0x0f0f) == 0x0a0a ? "GREASE" : other, load32(payload.data + 2));
    }
}

void http2_describe(uint8_t type, uint8_t flags, bytes p, struct text *t)
{
    for (unsigned bit = 1; bit <= 0x80; bit <<= 1) {
        const char *name = flags & bit ? FIND(flag_names, (uint32_t)type << 8 | bit) : NULL;
        if (name != NULL) {
            next(t);
            text_add(t, name);
        }
    }
    switch (type) {
    case 3: /* RST_STREAM */
        if (p.len >= 4) {
            next(t);
            text_add(t, http2_error_name(load32(p.data)));
        }
        break;
    case 4: /* SETTINGS */
        describe_settings(p, t);
        break;
    case 7: /* GOAWAY */
        if (p.len >= 8) {
            number(t, "last stream", load32(p.data) & 0x7fffffff);
            next(t);
            text_add(t, http2_error_name(load32(p.data + 4)));
        }
        if (p.len > 8) {
            next(t);
            text_escaped(t, bytes_first(bytes_skip(p, 8), 100));
        }
        break;
    case 2: /* PRIORITY */
        if (p.len >= 5) {
            number(t, "depends on stream", load32(p.data) & 0x7fffffff);
            number(t, "weight", p.data[4] + 1u);
        }
        break;
    case 5: /* PUSH_PROMISE */
        if (p.len >= 4 && !(flags & 8))
            number(t, "promises stream", load32(p.data) & 0x7fffffff);
        break;
    case 6: /* PING */
        next(t);
        text_hex(t, bytes_first(p, 8));
        break;
    case 8: /* WINDOW_UPDATE */
        if (p.len >= 4)
            number(t, "window grows by", load32(p.data) & 0x7fffffff);
        break;
    case 16: /* PRIORITY_UPDATE */
        if (p.len >= 4) {
            number(t, "for stream", load32(p.data) & 0x7fffffff);
            next(t);
            text_escaped(t, bytes_first(bytes_skip(p, 4), 60));
        }
        break;
    case 10: /* ALTSVC */
    case 12: /* ORIGIN */
        next(t);
        text_escaped(t, bytes_first(bytes_skip(p, p.len < 2 ? p.len : 2), 100));
        break;
    default:
        break;
    }
}
