/* explain/secrets_blocks.c: decryption secrets blocks put into captures and taken out.

   Blocks are copied as they are, whatever they hold, in the byte order of their section. The secrets stand behind the section
   header, before every packet, so that readers of one pass find them in time. The length of a section, where it is
   given, would be wrong afterwards and becomes "not known". */
#include "explain/secrets_blocks.h"

#include "explain/capture.h"
#include "explain/pcapng.h"

enum { MAGIC_SECTION = 0x0a0d0d0a, ORDER_BIG = 0x1a2b3c4d, ORDER_LITTLE = 0x4d3c2b1a, SECTION_LENGTH = 16 };
enum { PACKET_OLD = 2, PACKET_SIMPLE = 3, PACKET = 6, SECRETS = 10 };

struct copying {
    struct input *input;
    struct pcapng out;
    bytes lines;
    const char *application;
    bool strip;
    struct blocks_copied *copied;
};

static void copy_pcap(struct copying *c);
static void copy_blocks(struct copying *c);
static bool copy_block(struct copying *c, uint32_t total);
static void copy_section(struct copying *c, bytes block);
static void stop(struct copying *c, const char *problem);

bool secrets_blocks_copy(struct input *input, FILE *out, const char *application, bytes lines, bool strip,
                         struct blocks_copied *copied)
{
    struct copying c = {.input = input,
                        .out = {.file = out},
                        .lines = lines,
                        .application = application,
                        .strip = strip,
                        .copied = copied};
    *copied = (struct blocks_copied){0};
    bytes head = input_peek(input, 12);
    if (head.len < 12)
        return false;
    if (load32(head.data) == MAGIC_SECTION) {
        uint32_t order = load32(head.data + 8);
        if (order != ORDER_BIG && order != ORDER_LITTLE)
            return false;
        copy_blocks(&c);
        return true;
    }
    copied->pcap = true;
    copy_pcap(&c);
    return copied->packets > 0 || copied->problem == NULL;
}

static void copy_pcap(struct copying *c)
{
    enum { SNAP = 262144 };
    struct capture in;
    bool begun = false;
    capture_start(&in, c->input);
    for (struct capture_item item; (item = capture_next(&in)).what != CAPTURE_END || (!begun && in.problem == NULL);) {
        if (!begun) {
            pcapng_section(&c->out, c->application);
            if (c->lines.len > 0)
                pcapng_secrets(&c->out, c->lines);
            pcapng_interface(&c->out, in.link, SNAP, NULL, NULL, in.nano);
            begun = true;
        }
        if (item.what == CAPTURE_END)
            break;
        pcapng_packet(&c->out, 0, in.nano ? item.at_us * 1000 + item.below_us : item.at_us, item.data, item.wire_len);
        c->copied->packets++;
    }
    c->copied->problem = in.problem;
    c->copied->problem_at = in.problem_at;
    capture_end(&in);
}

static void copy_blocks(struct copying *c)
{
    for (;;) {
        bytes head = input_peek(c->input, 12);
        if (head.len == 0 && input_problem(c->input) == NULL)
            return;
        if (head.len < 12) {
            stop(c, "it ends within a block header");
            return;
        }
        if (load32(head.data) == MAGIC_SECTION)
            c->out.big = load32(head.data + 8) == ORDER_BIG;
        uint32_t total = load32(head.data + 4);
        if (!c->out.big)
            total = total >> 24 | (total >> 8 & 0xff00) | (total << 8 & 0xff0000) | total << 24;
        if (total < 12 || total % 4 != 0 || total > INPUT_PIECE_MOST) {
            stop(c, "a block has an impossible length");
            return;
        }
        if (!copy_block(c, total))
            return;
    }
}

static bool copy_block(struct copying *c, uint32_t total)
{
    bytes block = input_take(c->input, total);
    if (block.data == NULL) {
        stop(c, "it ends within a block");
        return false;
    }
    uint8_t low = block.data[c->out.big ? 3 : 0]; /* of the type; those that count are small */
    bool small = (c->out.big ? load24(block.data) : load24(block.data + 1)) == 0;
    if (load32(block.data) == MAGIC_SECTION && total >= 28) {
        copy_section(c, block);
        return true;
    }
    c->copied->packets += small && (low == PACKET || low == PACKET_OLD || low == PACKET_SIMPLE);
    c->copied->secrets += small && low == SECRETS;
    if (!small || low != SECRETS || !c->strip)
        fwrite(block.data, 1, block.len, c->out.file);
    return true;
}

static void copy_section(struct copying *c, bytes block)
{
    uint8_t unknown[8];
    memset(unknown, 0xff, sizeof unknown);
    fwrite(block.data, 1, SECTION_LENGTH, c->out.file);
    fwrite(unknown, 1, sizeof unknown, c->out.file);
    block = bytes_skip(block, SECTION_LENGTH + sizeof unknown);
    fwrite(block.data, 1, block.len, c->out.file);
    if (c->lines.len > 0)
        pcapng_secrets(&c->out, c->lines);
    c->lines = BYTES_NONE;
}

static void stop(struct copying *c, const char *problem)
{
    c->copied->problem = input_problem(c->input) != NULL ? input_problem(c->input) : problem;
    c->copied->problem_at = input_at(c->input);
}
