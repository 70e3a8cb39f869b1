/* What may come next in a handshake, for every row of the table and every set of facts, against the definition: a message may come
   when its row applies and every row between is silent, does not apply, or may be left out; a row of the other speaker ends it. */
#include "bounded.h"
#include "flow/flow.h"

/* Is row `to` within reach from row `at`? Asked for one row, forwards and without memory. */
static bool reachable(size_t at, size_t to, uint16_t facts)
{
    const struct flow_step *goal = &flow_tls12[to];
    if (to < at || goal->what >= ACT_CHOOSE || (goal->when & facts) != goal->when || (goal->unless & facts) != 0)
        return false;
    for (size_t i = at; i < to; i++) {
        const struct flow_step *between = &flow_tls12[i];
        bool applies = (between->when & facts) == between->when && (between->unless & facts) == 0;
        if (applies && between->what < ACT_CHOOSE && (!between->optional || between->from != goal->from))
            return false;
    }
    return true;
}

void bounded_flow(bool all)
{
    (void)all; /* there is no more than this */
    for (unsigned facts = 0; facts < 1u << 8; facts++)
        for (size_t at = 0; at <= flow_tls12_len; at++) {
            uint16_t kinds[32];
            size_t n = flow_expected(flow_tls12, flow_tls12_len, at, (uint16_t)facts, kinds, 32), k = 0;
            bool good = true;
            for (size_t to = at; to < flow_tls12_len; to++)
                if (reachable(at, to, (uint16_t)facts))
                    good = good && k < n && kinds[k++] == flow_tls12[to].what;
            const uint8_t place[] = {(uint8_t)facts, (uint8_t)at};
            check(good && k == n, "what may come next", BYTES_OF(place));
            for (size_t room = 0; room < n; room++) {
                uint16_t few[32] = {[0] = 0xbeef};
                memset(few, 0xee, sizeof few);
                check(flow_expected(flow_tls12, flow_tls12_len, at, (uint16_t)facts, few, room) == room && few[room] == 0xeeee,
                      "no more than there is room for", BYTES_OF(place));
            }
        }
}
