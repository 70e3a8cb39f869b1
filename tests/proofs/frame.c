/* Records' headers against RFC 5246 6.2: every type, versions around the good ones, lengths around the limits, each amount of bytes
   that may have come, before and after the version is agreed, in the clear and protected. */
#include "bounded.h"
#include "record/record.h"

static void one(bytes in, bool first, bool protect, uint16_t agreed, size_t whole)
{
    struct frame frame = {.total = 0};
    fede_error error = {.reason = FEDE_OK};
    size_t need = 0;
    enum frame_outcome got = frame_next(in, first, protect, agreed, &frame, &need, &error);
    bool type = in.len > 0 && in.data[0] >= 20 && in.data[0] <= 23;
    unsigned len = in.len >= 5 ? in.data[3] * 256u + in.data[4] : 0, limit = protect ? 16384 + 2048 : 16384;
    enum frame_outcome want;
    if (in.len == 0 || (in.len < 5 && (type || first)))
        want = FRAME_MORE;
    else if (!type || (agreed != 0 ? in.data[1] * 256u + in.data[2] != agreed : in.data[1] != 3) || len > limit ||
             (len == 0 && !protect && in.data[0] != 23))
        want = FRAME_BAD;
    else
        want = in.len < whole ? FRAME_MORE : FRAME_WHOLE;
    check(got == want, "frame", in);
    check((got == FRAME_BAD) == (error.reason != FEDE_OK), "a reason when it is bad, and only then", in);
    if (want == FRAME_MORE)
        check(need > in.len && need == (in.len < 5 ? 5 : whole), "how many bytes are needed", in);
    if (want == FRAME_WHOLE)
        check(frame.total == whole && frame.header.len == len && frame.header.type == in.data[0], "the frame", in);
}

void bounded_frame(bool all)
{
    static const uint8_t majors[] = {0, 2, 3, 4, 0x80, 0xff}, minors[] = {0, 1, 2, 3, 4, 0xff};
    static const uint32_t some[] = {0, 1, 2, 3, 255, 256, 16383, 16384, 16385, 18431, 18432, 18433, 65535};
    static const uint16_t versions[] = {0, 0x0300, 0x0303};
    static uint8_t room[5 + 65535 + 1];
    for (unsigned type = 0; type < 256; type++)
        for (size_t v = 0; v < sizeof majors * sizeof minors; v++)
            for (size_t l = 0; l < (all && type >= 19 && type <= 24 && v % 7 == 3 ? 65536 : sizeof some / sizeof *some); l++) {
                uint32_t len = all && type >= 19 && type <= 24 && v % 7 == 3 ? (uint32_t)l : some[l];
                const uint8_t header[5] = {(uint8_t)type, majors[v / 6], minors[v % 6], (uint8_t)(len >> 8), (uint8_t)len};
                bytes_copy(room, header, sizeof header);
                for (unsigned how = 0; how < 12; how++) {
                    bool first = how & 1, protect = how & 2;
                    uint16_t agreed = versions[how / 4];
                    for (size_t n = 0; n <= 5; n++)
                        one(at_the_edge(bytes_of(room, n)), first, protect, agreed, 5 + len);
                    if (len > 0 && (len < 300 || (all && len < 16500 && l % 64 == 0))) {
                        one(at_the_edge(bytes_of(room, 5 + len - 1)), first, protect, agreed, 5 + len);
                        one(at_the_edge(bytes_of(room, 5 + len)), first, protect, agreed, 5 + len);
                        one(at_the_edge(bytes_of(room, 5 + len + 1)), first, protect, agreed, 5 + len);
                    }
                }
            }
}
