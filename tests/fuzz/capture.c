/* Capture files under any bytes: two bytes of length, a key log of that length, then the file. Everything that fede explain does
   with it but the printing: secrets, packets, streams, sessions, dissections, fields. Whatever comes, connections begin before
   they end, events come in between, and memory stays within bounds (-rss_limit_mb). */
#include <stdlib.h>

#include "explain/analysis.h"
#include "explain/annotate.h"
#include "explain/dissection.h"
#include "explain/ssl2.h"
#include "fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct dissection d;
    struct arena scratch;
};

static void begun(void *arg, struct session *s)
{
    struct seen *seen = calloc(1, sizeof *seen);
    (void)arg;
    want(s->user == NULL && seen != NULL);
    dissection_start(&seen->d);
    arena_start(&seen->scratch, &memory_standard, 16 * 1024 * 1024);
    s->user = seen;
}

static void event(void *arg, struct session *s, const fede_event *e)
{
    struct seen *seen = s->user;
    char words[800];
    (void)arg;
    want(seen != NULL);
    dissection_event(&seen->d, e);
    struct text t = text_in(words, sizeof words);
    if (e->kind == FEDE_EVENT_MESSAGE) {
        const bool old = (e->what & MSG_SSL2) != 0; /* without a header of four bytes */
        want(e->bytes.len >= (old ? 1 : 4));
        dissection_facts(&seen->d, e, &t);
        if (old)
            annotate_ssl2_message(&seen->scratch, e->bytes);
        else
            annotate_message(&seen->scratch, e->bytes, &seen->d.context);
    } else if (e->kind == FEDE_EVENT_RECORD && ssl2_is_record(e)) {
        want(e->bytes.len >= 2);
        annotate_ssl2_record(&seen->scratch, e->bytes, e->epoch != 0);
    } else if (e->kind == FEDE_EVENT_RECORD) {
        want(e->bytes.len >= RECORD_HEADER);
        annotate_record(&seen->scratch, e->bytes, (struct record_protection){e->epoch ? seen->d.suite : 0, seen->d.version, seen->d.mac_last});
    }
    arena_end(&seen->scratch);
}

static void check(void *arg, struct session *s, const struct session_check *c)
{
    (void)arg;
    want(s->user != NULL && c->outcome >= CHECK_VERIFIED && c->outcome <= CHECK_IMPOSSIBLE && c->name != NULL);
}

static void note(void *arg, struct session *s, uint64_t at_us, const char *text)
{
    (void)arg;
    (void)at_us;
    want(s->user != NULL && text[0] != '\0');
}

static void ended(void *arg, struct session *s)
{
    struct seen *seen = s->user;
    char words[200];
    struct text t = text_in(words, sizeof words);
    struct aim aims[3];
    (void)arg;
    want(seen != NULL);
    session_outcome(s, &t);
    want(t.len > 0);
    dissection_aims(&seen->d, aims);
    dissection_end(&seen->d);
    free(seen);
    s->user = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t keys = load16(data);
    bytes rest = bytes_of(data + 2, size - 2), log = bytes_first(rest, keys), file = bytes_skip(rest, log.len);
    struct secrets secrets = {0};
    struct analysis analysis;
    struct capture capture;
    const struct session_listener listener = {
        .begun = begun, .event = event, .check = check, .note = note, .ended = ended, .secrets = &secrets};
    secrets_lines(&secrets, log);
    struct input *input = input_memory(file);
    want(input != NULL);
    capture_start(&capture, input);
    analysis_secrets(&capture, &secrets);
    capture_end(&capture);
    input_free(input);
    input = input_memory(file);
    want(input != NULL && analysis_start(&analysis, &listener));
    capture_start(&capture, input);
    analysis_file(&analysis, &capture, NULL, NULL);
    capture_end(&capture);
    input_free(input);
    analysis_finish(&analysis);
    want(analysis.streams.held_bytes == 0);
    analysis_end(&analysis);
    secrets_end(&secrets);
    return 0;
}
