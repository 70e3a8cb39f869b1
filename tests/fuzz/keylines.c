/* Key logs kept line by line, and captures copied with secrets put in or taken out, under any bytes. The first byte: bit 0 clear, the
   rest is a key log, judged and written again: what was written is good, and the same once more. Bit 0 set: two bytes of length,
   a key log of that length, then a capture; what has been stripped has no secrets left, and a copy of the copy is the copy. */
#include <stdlib.h>
#include <string.h>

#include "explain/key_lines.h"
#include "explain/secrets_blocks.h"
#include "fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lines(struct key_lines *k, bytes text)
{
    struct input *input = input_memory(text);
    want(input != NULL);
    key_lines_read(k, 0, input);
    key_lines_judge(k);
    want(!k->failed);
    input_free(input);
}

/* What counts, in the canonical form. */
static bytes written(const struct key_lines *k)
{
    static char out[1 << 18];
    size_t at = 0;
    for (size_t i = 0; i < k->n; i++) {
        char words[200];
        struct text t = text_in(words, sizeof words);
        key_line_trouble(k, k->list[i], &t);
        want((t.len == 0) == (k->list[i]->trouble == LINE_GOOD));
        want(k->list[i]->before < i || (k->list[i]->trouble != LINE_REPEATED && k->list[i]->trouble != LINE_CONFLICT));
        if (key_line_counts(k->list[i]) && sizeof out - at >= KEY_LINE_MOST) {
            size_t len = key_line_write(k->list[i], out + at, KEY_LINE_MOST);
            want(len > 0);
            at += len;
        }
    }
    return bytes_of((const uint8_t *)out, at);
}

static void lines(bytes text)
{
    struct key_lines first = {0}, second = {0};
    read_lines(&first, text);
    bytes once = written(&first);
    uint8_t *copy = malloc(once.len + 1);
    want(copy != NULL);
    bytes_copy(copy, once.data, once.len);
    once.data = copy;
    read_lines(&second, once);
    bytes again = written(&second);
    for (size_t i = 0; i < second.n; i++)
        want(key_line_counts(second.list[i]));
    want(bytes_equal(once, again));
    free(copy);
    key_lines_end(&first);
    key_lines_end(&second);
}

static bool copied(bytes capture, bytes log, bool strip, char **out, size_t *n, struct blocks_copied *about)
{
    struct input *input = input_memory(capture);
    FILE *file = open_memstream(out, n);
    want(input != NULL && file != NULL);
    *about = (struct blocks_copied){0};
    bool good = secrets_blocks_copy(input, file, "fede", log, strip, about);
    want(fclose(file) == 0 && (good || *n == 0));
    input_free(input);
    return good;
}

static void blocks(bytes in)
{
    bytes log = bytes_first(bytes_skip(in, 2), load16(in.data)), capture = bytes_skip(in, 2 + log.len);
    char *out[3] = {NULL};
    size_t n[3] = {0};
    struct blocks_copied about;
    if (copied(capture, log, false, &out[0], &n[0], &about) && about.problem == NULL) {
        uint64_t packets = about.packets;
        want(copied(bytes_of((const uint8_t *)out[0], n[0]), BYTES_NONE, true, &out[1], &n[1], &about));
        want(about.problem == NULL && about.packets == packets && (log.len == 0 || about.secrets > 0));
        want(copied(bytes_of((const uint8_t *)out[1], n[1]), BYTES_NONE, true, &out[2], &n[2], &about));
        want(about.secrets == 0 && about.packets == packets && n[1] == n[2] && memcmp(out[1], out[2], n[1]) == 0);
    }
    for (size_t i = 0; i < 3; i++)
        free(out[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4 || size > 100000)
        return 0;
    bytes in = {data + 1, size - 1};
    if (data[0] & 1)
        blocks(in);
    else
        lines(in);
    return 0;
}
