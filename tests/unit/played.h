/* What the tests of offers, findings and derived values share: connections played into a dissection, recorded ones and ones
   made up message by message. */
#ifndef UNIT_PLAYED_H
#define UNIT_PLAYED_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "explain/dissection.h"
#include "x509/x509.h"

enum { ROOM = 40000 };

struct buffer {
    uint8_t data[ROOM];
    size_t len;
};

static inline void put(struct buffer *b, const void *data, size_t len)
{
    assert_true(b->len + len <= ROOM);
    bytes_copy(b->data + b->len, data, len);
    b->len += len;
}

static inline void put_number(struct buffer *b, uint32_t n, int len)
{
    for (int i = len - 1; i >= 0; i--) {
        uint8_t byte = (uint8_t)(n >> 8 * i);
        put(b, &byte, 1);
    }
}

static inline void put_hex(struct buffer *b, const char *hex)
{
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        char two[3] = {hex[0], hex[1], '\0'};
        put_number(b, (uint32_t)strtoul(two, NULL, 16), 1);
    }
}

/* Content with a length in front of it. */
static inline void put_vector(struct buffer *b, const struct buffer *content, int prefix)
{
    put_number(b, (uint32_t)content->len, prefix);
    put(b, content->data, content->len);
}

static inline void play_event(struct dissection *d, fede_event_kind kind, uint8_t from, bytes data)
{
    fede_event e = {
        .kind = (uint8_t)kind, .from = from, .ours = from == FEDE_CLIENT, .epoch = d->protects[from], .bytes = data};
    if (kind == FEDE_EVENT_MESSAGE)
        e.what = data.data[0];
    if (kind == FEDE_EVENT_ALERT) {
        e.number = data.data[0];
        e.what = data.data[1];
    }
    dissection_event(d, &e);
}

/* A message of that type with this body. */
static inline void play_message(struct dissection *d, uint8_t from, uint8_t type, const struct buffer *body)
{
    static struct buffer m;
    m.len = 0;
    put_number(&m, type, 1);
    put_vector(&m, body, 3);
    play_event(d, FEDE_EVENT_MESSAGE, from, bytes_of(m.data, m.len));
}

static inline void play_alert(struct dissection *d, uint8_t from, uint8_t level, uint8_t description)
{
    uint8_t alert[2] = {level, description};
    play_event(d, FEDE_EVENT_ALERT, from, BYTES_OF(alert));
}

static inline void play_secret(struct dissection *d, const char *label, bytes secret)
{
    fede_event e = {.kind = FEDE_EVENT_SECRET, .from = FEDE_CLIENT, .ours = true, .label = label, .bytes = secret};
    dissection_event(d, &e);
}

static inline void play_opened(struct dissection *d)
{
    fede_event e = {.kind = FEDE_EVENT_OPENED, .from = FEDE_CLIENT, .ours = true};
    dissection_event(d, &e);
}

/* The lines of a recording; change may alter a message before it is played. False: there is none of that name. */
static inline bool play_recording(struct dissection *d, const char *path,
                                  void (*change)(uint8_t *message, size_t len, void *arg), void *arg)
{
    static char line[2 * ROOM + 100];
    static struct buffer m;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL) {
        bool client = strncmp(line, "client ", 7) == 0;
        if (!client && strncmp(line, "server ", 7) != 0)
            continue;
        line[strcspn(line, "\r\n")] = '\0';
        const char *hex = strrchr(line, ' ') + 1;
        fede_event_kind kind = strstr(line, " ccs ") != NULL     ? FEDE_EVENT_CCS
                               : strstr(line, " alert ") != NULL ? FEDE_EVENT_ALERT
                                                                 : FEDE_EVENT_MESSAGE;
        m.len = 0;
        put_hex(&m, hex);
        if (change != NULL && kind == FEDE_EVENT_MESSAGE)
            change(m.data, m.len, arg);
        if (m.len > 0)
            play_event(d, kind, client ? FEDE_CLIENT : FEDE_SERVER, bytes_of(m.data, m.len));
    }
    fclose(file);
    return true;
}

/* All recordings, one after the other. */
static inline size_t each_recording(void (*use)(const char *path))
{
    static const char *const folders[] = {"tests/unit/recorded", "tests/wire/recorded"};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        DIR *folder = opendir(folders[i]);
        for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
            char path[600];
            snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
            if (strstr(path, ".txt") == NULL && strstr(path, ".hex") == NULL)
                continue;
            use(path);
            n++;
        }
        if (folder != NULL)
            closedir(folder);
    }
    return n;
}

/* DER of tests/unit/certificates/NAME.pem. */
static inline void put_certificate(struct buffer *b, const char *name)
{
    static char text[20000];
    char path[200];
    snprintf(path, sizeof path, "tests/unit/certificates/%s.pem", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    bytes pem = bytes_of(text, fread(text, 1, sizeof text, file)), der;
    fclose(file);
    struct arena arena;
    arena_start(&arena, &memory_standard, 100000);
    assert_true(pem_next(&pem, "CERTIFICATE", &arena, &der));
    put_number(b, (uint32_t)der.len, 3);
    put(b, der.data, der.len);
    arena_end(&arena);
}

#endif
